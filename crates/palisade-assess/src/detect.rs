//! Runs the detections of a library over logs.

use palisade_content::{Detection, Library, Page};
use palisade_detect::{compile, find, say};
use palisade_model::{AccountId, Diagnostic, Event, Origin, PageId, Region, Severity, Span};
use palisade_read_logs::read_events;
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// The endings of files in a folder that are taken for logs.
const ENDINGS: [&str; 5] = ["json", "jsonl", "ndjson", "log", "gz"];

/// What to run, and where.
pub struct DetectOptions<'a> {
    /// Which detections are enabled.
    pub enabled: &'a dyn Fn(&Page) -> bool,
    /// Told each file as it begins, with the number of events before it.
    pub progress: &'a dyn Fn(&str, u64),
}

/// Something that a detection found in an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The detection's page.
    pub rule_id: PageId,
    /// Its title: what should not happen, in a sentence.
    pub rule_title: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, in the detection's words.
    pub message: String,
    /// The event's place among all that were read, from 0.
    pub event_index: u64,
    /// The event's own id, where the log gives one.
    pub event_id: Option<String>,
    /// When it happened, as the log says it.
    pub time: Option<String>,
    /// The account it happened in.
    pub account: Option<AccountId>,
    /// The region it happened in.
    pub region: Option<Region>,
    /// Who did it: the principal's ARN, or what else the log names it by.
    pub principal: Option<String>,
    /// The address it came from, as the log says it.
    pub source: Option<String>,
    /// The file it stands in; `-` is standard input.
    pub file: String,
    /// Its line there.
    pub line: u32,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Detected {
    /// How many events were read.
    pub events: u64,
    /// How many files they were read from.
    pub files: u64,
    /// How many detections ran.
    pub detections: usize,
    /// What was wrong with files, lines and rules.
    pub diagnostics: Vec<Diagnostic>,
}

/// Runs the enabled detections over the logs in files and folders (`-` is standard input), and gives each hit as it is
/// found. Links within folders are not followed.
pub fn detect(
    targets: &[PathBuf],
    library: &Library,
    options: &DetectOptions<'_>,
    each: &mut dyn FnMut(Hit),
) -> Detected {
    let mut detected = Detected::default();
    let mut rules = Vec::new();
    for (page, detection) in library.detections().filter(|(page, _)| (options.enabled)(page)) {
        let (rule, said) = compile(&detection.rule);
        detected.diagnostics.extend(said);
        rules.extend(rule.map(|rule| (page, detection, rule)));
    }
    detected.detections = rules.len();
    for target in targets {
        for path in logs(target, &mut detected.diagnostics) {
            let file: Arc<str> = shown(&path).into();
            (options.progress)(&file, detected.events);
            let begin = detected.events;
            let mut index = begin;
            let mut take = |event: Event| {
                for (page, detection, rule) in &rules {
                    if rule.matches(&event.record) {
                        each(hit(page, detection, &event, index));
                    }
                }
                index += 1;
            };
            let read = if path == Path::new("-") {
                read_events(&file, std::io::stdin().lock(), &mut take)
            } else {
                match File::open(&path) {
                    Ok(opened) => read_events(&file, opened, &mut take),
                    Err(error) => {
                        let said = Diagnostic::error(format!("it could not be opened: {error}"));
                        detected.diagnostics.push(at(said, &path).help("check the path and its permissions"));
                        continue;
                    }
                }
            };
            detected.files += u64::from(read.events > 0);
            detected.events += read.events;
            detected.diagnostics.extend(read.diagnostics);
        }
    }
    detected
}

fn at(diagnostic: Diagnostic, path: &Path) -> Diagnostic {
    diagnostic.at(Span::new(shown(path), (1, 1), (1, 2)))
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

/// The logs that a target means: itself, or those in the folder, in the order of their names.
fn logs(target: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
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
                diagnostics.push(
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
        std::fs::write(folder.join("trail.ndjson"), &lines).unwrap();
        let mut hits = Vec::new();
        let options = DetectOptions { enabled: &|_| true, progress: &|_, _| {} };
        let detected = detect(std::slice::from_ref(&folder), &library, &options, &mut |hit| hits.push(hit));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(detected.diagnostics, []);
        assert_eq!(detected.events, lines.lines().count() as u64);
        for (page, index, says) in expected {
            let found = hits.iter().find(|hit| hit.rule_id == page && hit.event_index == index);
            assert_eq!(found.map(|hit| hit.message.clone()), Some(says), "{page} {index}");
        }
    }
}
