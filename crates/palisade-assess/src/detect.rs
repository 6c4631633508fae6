//! Runs the detections of a library over logs.

use palisade_content::{Detection, Library, Page};
use palisade_detect::{Gate, Rule, compile, find, say};
use palisade_model::{Diagnostic, Event, Hit, Origin, Span};
use palisade_read_logs::{Fields, Summary, read_records};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use walkdir::WalkDir;

/// The endings of files in a folder that are taken for logs.
const ENDINGS: [&str; 5] = ["json", "jsonl", "ndjson", "log", "gz"];

/// The fields that tell most cheaply which detections an event cannot be of.
const GATE: [&str; 4] = ["eventName", "eventSource", "userIdentity.type", "errorCode"];

/// How many hits of one file, and how many files, wait for those before them.
const WAITING_HITS: usize = 1_024;
const WAITING_FILES: usize = 64;

/// What to run, and where.
pub struct DetectOptions<'a> {
    /// Which detections are enabled.
    pub enabled: &'a dyn Fn(&Page) -> bool,
    /// Told each file as it begins, with the number of events before it.
    pub progress: &'a dyn Fn(&str, u64),
    /// Skip the events that no detection can match without building them. The hits are the same.
    pub gated: bool,
    /// How many files are read at a time; 0 is as many as the machine has cores.
    pub threads: usize,
}

/// What came of it. Every piece of the logs is an event that was judged, or was refused with a diagnostic.
#[derive(Debug, Clone, Default)]
pub struct Detected {
    /// How many events were judged.
    pub events: u64,
    /// How many pieces could not be read: records, lines, or the rest of a file where nothing more can be told apart.
    pub refused: u64,
    /// How many files the events were read from.
    pub files: u64,
    /// How many files and folders could not be opened.
    pub files_refused: u64,
    /// How many detections ran.
    pub detections: usize,
    /// What was wrong with files, lines and rules.
    pub diagnostics: Vec<Diagnostic>,
}

/// Runs the enabled detections over the logs in files and folders (`-` is standard input), and gives each hit as it is
/// found, in the order of the files. Links within folders are not followed.
pub fn detect(
    targets: &[PathBuf],
    library: &Library,
    options: &DetectOptions<'_>,
    each: &mut dyn FnMut(Hit),
) -> Detected {
    let mut detected = Detected::default();
    let mut running = Vec::new();
    for (page, detection) in library.detections().filter(|(page, _)| (options.enabled)(page)) {
        let (rule, said) = compile(&detection.rule);
        detected.diagnostics.extend(said);
        running.extend(rule.map(|rule| Running { page, detection, rule }));
    }
    detected.detections = running.len();
    let mut paths = Vec::new();
    for target in targets {
        paths.extend(logs(target, &mut detected));
    }
    let fields: &[&str] = if options.gated { &GATE } else { &[] };
    let judge = Judge { running: &running, gate: Gate::new(running.iter().map(|one| &one.rule), fields) };
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, Into::into),
        threads => threads,
    };
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (begin, begun) = sync_channel(WAITING_FILES);
        for _ in 0..threads.min(paths.len()) {
            let (judge, begin, paths, next) = (judge.clone(), begin.clone(), &paths, &next);
            scope.spawn(move || judge.files(paths, next, &begin));
        }
        drop(begin);
        let mut waiting = BTreeMap::new();
        for (place, path) in paths.iter().enumerate() {
            while !waiting.contains_key(&place) {
                // Whoever took the file says so before anything else.
                let Ok((taken, said)) = begun.recv() else { return };
                waiting.insert(taken, said);
            }
            (options.progress)(&shown(path), detected.events);
            detected.take(waiting.remove(&place).into_iter().flatten(), each);
        }
    });
    detected
}

/// A detection that runs.
struct Running<'a> {
    page: &'a Page,
    detection: &'a Detection,
    rule: Rule,
}

/// What is said of a file while it is judged.
enum Said {
    /// A hit; its event's place is that in the file.
    Hit(Box<Hit>),
    Read(Summary),
    NotOpened(Diagnostic),
}

/// Judges files, one after another.
#[derive(Clone)]
struct Judge<'a> {
    running: &'a [Running<'a>],
    gate: Gate,
}

impl Judge<'_> {
    /// Judges the files that nobody else took yet. It ends early when nobody listens any more.
    fn files(mut self, paths: &[PathBuf], next: &AtomicUsize, begin: &SyncSender<(usize, Receiver<Said>)>) {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(place) else { return };
            let (say, said) = sync_channel(WAITING_HITS);
            if begin.send((place, said)).is_err() {
                return;
            }
            let file: Arc<str> = shown(path).into();
            let read = if path == Path::new("-") {
                Said::Read(self.file(&file, std::io::stdin().lock(), &say))
            } else {
                match File::open(path) {
                    Ok(opened) => Said::Read(self.file(&file, opened, &say)),
                    Err(error) => Said::NotOpened(
                        at(Diagnostic::error(format!("it could not be opened: {error}")), path)
                            .help("check the path and its permissions"),
                    ),
                }
            };
            if say.send(read).is_err() {
                return;
            }
        }
    }

    fn file(&mut self, file: &Arc<str>, input: impl Read, say: &SyncSender<Said>) -> Summary {
        let (running, gate) = (self.running, &mut self.gate);
        let fields = Fields::new(gate.fields());
        let mut index = 0;
        read_records(file, input, &fields, &mut |record| {
            let candidates = gate.candidates(record.seen);
            if !candidates.is_empty() {
                let event = record.event()?;
                let matching = candidates
                    .iter()
                    .map(|rule| &running[rule])
                    .filter(|one| one.rule.matches(&event.record));
                for one in matching {
                    // Nobody listens once the whole was given up; then no hit is missed.
                    let _ = say.send(Said::Hit(Box::new(hit(one.page, one.detection, &event, index))));
                }
            }
            index += 1;
            Ok(())
        })
    }
}

impl Detected {
    /// Takes what is said of one file.
    fn take(&mut self, said: impl Iterator<Item = Said>, each: &mut dyn FnMut(Hit)) {
        let before = self.events;
        for said in said {
            match said {
                Said::Hit(hit) => each(Hit { event_index: before + hit.event_index, ..*hit }),
                Said::Read(read) => {
                    self.files += u64::from(read.events > 0);
                    self.events += read.events;
                    self.refused += read.refused;
                    self.diagnostics.extend(read.diagnostics);
                }
                Said::NotOpened(diagnostic) => {
                    self.files_refused += 1;
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }
}

fn at(diagnostic: Diagnostic, path: &Path) -> Diagnostic {
    diagnostic.at(Span::new(shown(path), (1, 1), (1, 2)))
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

/// The logs that a target means: itself, or those in the folder, in the order of their names.
fn logs(target: &Path, detected: &mut Detected) -> Vec<PathBuf> {
    if !target.is_dir() {
        return vec![target.to_path_buf()];
    }
    let mut paths = Vec::new();
    for entry in WalkDir::new(target).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let ending = entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                if ENDINGS.contains(&ending) {
                    paths.push(entry.into_path());
                }
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(target).to_path_buf();
                detected.files_refused += 1;
                detected.diagnostics.push(
                    at(Diagnostic::error("it could not be opened"), &path).help("check its permissions"),
                );
            }
        }
    }
    paths
}

fn hit(page: &Page, detection: &Detection, event: &Event, index: u64) -> Hit {
    let text = |field: &str| {
        find(&event.record, field).first().and_then(|value| Value::as_str(value)).map(str::to_owned)
    };
    let principal =
        ["userIdentity.arn", "userIdentity.principalId", "userIdentity.invokedBy", "userIdentity.type"];
    let (file, line) = match &event.origin {
        Origin::File(span) => (span.file.to_string(), span.start.line),
        other => (other.to_string(), 0),
    };
    Hit {
        rule_id: page.id.clone(),
        rule_title: page.title.clone(),
        severity: detection.severity,
        message: say(&detection.says, &event.record),
        event_index: index,
        event_id: text("eventID"),
        time: event.time.clone(),
        account: event.account,
        region: event.region.clone(),
        service: text("eventSource"),
        operation: text("eventName"),
        principal: principal.into_iter().find_map(text),
        source: text("sourceIPAddress"),
        file,
        line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_content::{load, shipped};

    #[test]
    fn each_firing_example_of_a_shipped_detection_is_a_hit_of_it() {
        let (library, _) = load(&shipped());
        let folder = std::env::temp_dir().join(format!("palisade-detect-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (mut lines, mut expected) = (String::new(), Vec::new());
        for page in library.of_sort(palisade_content::Sort::Detection) {
            for example in &page.examples {
                for block in &example.blocks {
                    let event: Value = serde_json::from_str(&block.text).unwrap();
                    if let palisade_content::Expected::Fires(says) = &example.expected {
                        let index = lines.lines().count() as u64;
                        expected.push((page.id.clone(), index, says.to_string()));
                    }
                    lines += &format!("{event}\n");
                }
            }
        }
        // Two lines a file, so that files wait for each other.
        for (place, two) in lines.lines().collect::<Vec<_>>().chunks(2).enumerate() {
            std::fs::write(folder.join(format!("{place:03}.ndjson")), two.join("\n")).unwrap();
        }
        let run = |gated, threads| {
            let mut hits = Vec::new();
            let options = DetectOptions { enabled: &|_| true, progress: &|_, _| {}, gated, threads };
            let detected =
                detect(std::slice::from_ref(&folder), &library, &options, &mut |hit| hits.push(hit));
            assert_eq!(detected.diagnostics, []);
            assert_eq!(detected.events, lines.lines().count() as u64);
            hits
        };
        let hits = run(false, 1);
        for (gated, threads) in [(true, 1), (false, 3), (true, 3), (true, 0)] {
            assert_eq!(run(gated, threads), hits, "gated {gated}, {threads} threads");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        for (page, index, says) in expected {
            let found = hits.iter().find(|hit| hit.rule_id == page && hit.event_index == index);
            assert_eq!(found.map(|hit| hit.message.clone()), Some(says), "{page} {index}");
        }
    }

    /// Numbers that follow from a seed: SplitMix64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) % limit as u64) as usize
        }

        fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.below(of.len())]
        }

        fn some(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> String) -> String {
            let count = 1 + self.below(most);
            (0..count).map(|_| one(self)).collect::<Vec<_>>().join(", ")
        }
    }

    const ITEMS: [&str; 24] = [
        "eventName: Get",
        "eventName: [Get, Put]",
        "eventName: 'G*'",
        "eventName|contains: et",
        "eventName|startswith: [p, g]",
        "eventName|contains|all: [g, t]",
        "eventName|neq: Get",
        "eventName: null",
        "eventName: 42",
        "eventName: '42'",
        "eventName: true",
        "eventName: \"\"",
        "eventName|re: ^G",
        "eventName|exists: false",
        "eventName|fieldref: errorCode",
        "eventName|cased: Get",
        "eventName: ké",
        "eventSource: s3",
        "eventSource|endswith: '3'",
        "errorCode: Denied",
        "userIdentity.type: Root",
        "userIdentity.type: [Root, 'I*']",
        "userIdentity.type|contains: Root",
        "userIdentity|contains: Root",
    ];
    const CONDITIONS: [&str; 9] = [
        "a",
        "not a",
        "a and b",
        "a or b",
        "a and not b",
        "not (a and b)",
        "(a or b) and c",
        "2 of them",
        "all of them",
    ];
    const VALUES: [&str; 18] = [
        "\"Get\"",
        "\"get\"",
        "\"Put\"",
        "\"G\\u0065t\"",
        "\"42\"",
        "42",
        "42.0",
        "true",
        "null",
        "\"\"",
        "\"s3\"",
        "\"Root\"",
        "\"\u{212a}é\"",
        "[\"Get\", \"Root\"]",
        "{\"type\": \"Root\"}",
        "{\"type\": [\"Root\"]}",
        "[{\"type\": \"Root\"}]",
        "{\"x\": 1, \"type\" : \"IAM\"}",
    ];
    const NAMES: [&str; 9] = [
        "eventName",
        "eventName",
        "eventSource",
        "errorCode",
        "userIdentity",
        "userIdentity.type",
        "event\\u004eame",
        "other",
        "userIdentity",
    ];

    #[test]
    fn the_gate_stops_no_event_that_a_rule_matches() {
        let mut random = Random(1);
        let (mut matching, mut stopped) = (0, 0);
        for _ in 0..300 {
            let rules: Vec<Rule> = (0..5)
                .map(|_| {
                    let selection = |random: &mut Random| match random.below(8) {
                        0 => "[Get, Root]".to_owned(),
                        1 => format!("[{}]", random.some(2, |random| format!("{{{}}}", random.one(&ITEMS)))),
                        _ => format!("{{{}}}", random.one(&ITEMS)),
                    };
                    let (a, b, c) = (selection(&mut random), selection(&mut random), selection(&mut random));
                    let condition = random.one(&CONDITIONS);
                    let text = format!("a: {a}\nb: {b}\nc: {c}\ncondition: {condition}\n");
                    let file = "rule.yml".into();
                    let read = palisade_document::read_yaml(
                        palisade_document::Text::whole(&file, &text),
                        &palisade_document::refuse_tags,
                    );
                    let (rule, said) = compile(&read.documents[0]);
                    rule.unwrap_or_else(|| panic!("{text} {said:?}"))
                })
                .collect();
            let events: Vec<String> = (0..30)
                .map(|_| {
                    let entry =
                        |random: &mut Random| format!("\"{}\": {}", random.one(&NAMES), random.one(&VALUES));
                    format!("{{{}}}", random.some(4, entry))
                })
                .collect();
            let mut gate = Gate::new(&rules, &GATE);
            let fields = Fields::new(gate.fields());
            let mut place = 0;
            let text = events.join("\n");
            let read = read_records(&"trail".into(), text.as_bytes(), &fields, &mut |record| {
                let candidates: Vec<usize> = gate.candidates(record.seen).iter().collect();
                let event = record.event()?;
                for (index, rule) in rules.iter().enumerate() {
                    let passes = candidates.contains(&index);
                    let matches = rule.matches(&event.record);
                    assert!(passes || !matches, "{rule:?} {}", events[place]);
                    matching += usize::from(matches);
                    stopped += usize::from(!passes);
                }
                place += 1;
                Ok(())
            });
            assert_eq!((read.events, read.refused), (30, 0), "{text}");
        }
        assert!(matching > 5_000 && stopped > 5_000, "{matching} {stopped}");
    }
}
