//! Asks another Sigma engine, rsigma-eval, the same as ours: `cargo xtask oracle sigma`.
//!
//! Rules are asked of events: made of a seed, the shipped detections over their pages' examples, and, with
//! `PALISADE_CORPORA`, the community's cloud rules over real trails. Every difference must be one of those that
//! [`known`] explains, or the run fails.

mod case;
mod generate;
mod known;

use case::{Case, Difference, Theirs};
use generate::Random;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const RULES: u64 = 20_000;
const SHOWN: usize = 20;

/// What was compared, and how it came out.
#[derive(Default)]
struct Tally {
    rules: u64,
    events: u64,
    hits: u64,
    both_refuse: u64,
    known: BTreeMap<&'static str, u64>,
    differences: Vec<String>,
}

impl Tally {
    fn add(&mut self, rule: &str, events: &[Value]) {
        self.rules += 1;
        let case = Case::new(rule);
        if case.ours.is_err() && matches!(case.theirs, Theirs::Refuses(_)) {
            self.both_refuse += 1;
            return;
        }
        if let Some(difference) = case.refusal() {
            return self.count(&case, difference);
        }
        for event in events {
            self.events += 1;
            let (ours, theirs) = case.ask(event);
            self.hits += u64::from(ours);
            if ours != theirs {
                self.count(&case, Difference::Hit { event: event.clone(), ours });
            }
        }
    }

    fn count(&mut self, case: &Case<'_>, difference: Difference) {
        match known::explain(case.rule, &difference, &case::items(case.rule)) {
            Some(reason) => *self.known.entry(reason).or_default() += 1,
            None => self.differences.push(format!("{difference}\n{}", case.rule)),
        }
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: {} rules, {} pairs of rule and event, {} hits, {} rules refused by both, {} differences explained, {} not",
            self.rules,
            self.events,
            self.hits,
            self.both_refuse,
            self.known.values().sum::<u64>(),
            self.differences.len()
        );
        for (reason, count) in &self.known {
            println!("  {count:>7} × {reason}");
        }
        for difference in self.differences.iter().take(SHOWN) {
            println!("--- DIFFERENT\n{difference}");
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().unwrap_or_else(|| "../..".to_owned()));
    let number =
        |text: Option<String>, otherwise| text.and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let rules = number(arguments.next(), RULES);
    let seed = number(arguments.next(), 1);
    let mut all_agree = true;
    let mut run = |what: &str, fill: &mut dyn FnMut(&mut Tally)| {
        let mut tally = Tally::default();
        fill(&mut tally);
        tally.print(what);
        all_agree &= tally.differences.is_empty() && tally.rules > 0;
    };
    run(&format!("made of seed {seed}"), &mut |tally| {
        let mut random = Random(seed);
        for _ in 0..rules {
            let rule = generate::rule(&mut random);
            let events: Vec<Value> = (0..12).map(|_| generate::event(&mut random)).collect();
            tally.add(&rule, &events);
        }
    });
    run("shipped detections over all pages' examples", &mut |tally| shipped(&root, tally));
    match std::env::var_os("PALISADE_CORPORA").map(PathBuf::from) {
        Some(corpora) => run("community rules over real trails", &mut |tally| community(&corpora, tally)),
        None => println!("SKIPPED community rules over real trails: PALISADE_CORPORA is not set"),
    }
    if all_agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shipped(root: &Path, tally: &mut Tally) {
    let pages: Vec<String> = files(&root.join("content/detections"), "md").iter().filter_map(read).collect();
    let events: Vec<Value> = pages
        .iter()
        .flat_map(|page| fenced(page, "json"))
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect();
    for rule in pages.iter().flat_map(|page| fenced(page, "sigma")) {
        tally.add(&generate::whole(&rule), &events);
    }
}

fn community(corpora: &Path, tally: &mut Tally) {
    let mut events: Vec<Value> = Vec::new();
    for file in files(&corpora.join("detect/attacks"), "ndjson") {
        let text = read(&file).unwrap_or_default();
        events.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
    }
    let labelled = read(&corpora.join("detect/labelled-events.jsonl")).unwrap_or_default();
    let labelled = labelled.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.extend(labelled.map(|mut labelled| labelled["log"].take()).filter(Value::is_object));
    for rule in files(&corpora.join("detect/sigma/rules"), "yml").iter().filter_map(read) {
        tally.add(&rule, &events);
    }
}

/// The blocks of a page in a language.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = page.split(&begin).skip(1);
    blocks.filter_map(|block| block.split_once("\n```").map(|(text, _)| format!("{text}\n"))).collect()
}

fn read(path: &PathBuf) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found
}
