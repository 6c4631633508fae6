//! Every example of every shipped detection is judged as its heading says, and each condition is needed.

use palisade_detect::{Rule, compile, placeholders, say};
use palisade_document::{Text, read_yaml, refuse_tags};
use palisade_model::Position;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// A page's rule with what it is tested by.
pub struct Page {
    pub rule: Rule,
    says: String,
    examples: Vec<Example>,
}

struct Example {
    heading: String,
    event: Value,
}

impl Example {
    /// Is it judged as its heading says?
    fn holds(&self, rule: &Rule) -> bool {
        rule.matches(&self.event) == self.heading.starts_with("Fires: ")
    }
}

/// The shipped detections.
pub fn pages() -> Vec<(PathBuf, Page)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/detections");
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let pages = files.filter(|file| file.file_type().is_file());
    pages.map(|file| (file.path().to_owned(), read(&fs::read_to_string(file.path()).unwrap()))).collect()
}

/// Splits a page at its headings and fences; `palisade-content` does it thoroughly.
fn read(page: &str) -> Page {
    let (mut heading, mut fence, mut rule, mut examples, mut says) =
        (String::new(), None, None, Vec::new(), String::new());
    let file: Arc<str> = "page.md".into();
    for (number, line) in (1..).zip(page.lines()) {
        match (&mut fence, line) {
            (None, _) => {
                match (line.strip_prefix("## "), line.strip_prefix("```"), line.strip_prefix("says: ")) {
                    (Some(text), ..) => heading = text.to_owned(),
                    (_, Some(language), _) => fence = Some((language.to_owned(), number + 1, String::new())),
                    (.., Some(text)) => says = text.trim_matches('"').to_owned(),
                    _ => {}
                }
            }
            (Some((language, start, text)), "```") => {
                if language == "sigma" {
                    let start = Position { line: *start, column: 1 };
                    let read = read_yaml(Text { file: &file, text, start }, &refuse_tags);
                    assert_eq!(read.diagnostics, []);
                    let (compiled, said) = compile(&read.documents[0]);
                    assert_eq!(said, []);
                    rule = compiled;
                } else if language == "json" {
                    let event =
                        serde_json::from_str(text).unwrap_or_else(|error| panic!("{heading}: {error}"));
                    examples.push(Example { heading: heading.clone(), event });
                }
                fence = None;
            }
            (Some((_, _, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Page { rule: rule.unwrap(), says, examples }
}

#[test]
fn every_example_is_judged_as_its_heading_says() {
    for (path, page) in pages() {
        for example in &page.examples {
            assert!(example.holds(&page.rule), "{}: {}", path.display(), example.heading);
        }
        for verdict in ["Fires: ", "Stays quiet: "] {
            let has = page.examples.iter().any(|example| example.heading.starts_with(verdict));
            assert!(has, "{} has no `{verdict}`", path.display());
        }
    }
}

#[test]
fn the_heading_of_what_fires_is_the_message() {
    for (path, page) in pages() {
        assert!(!placeholders(&page.says).unwrap().is_empty());
        for example in &page.examples {
            if let Some(message) = example.heading.strip_prefix("Fires: ") {
                assert_eq!(say(&page.says, &example.event), message, "{}", path.display());
            }
        }
    }
}

#[test]
fn no_condition_of_a_page_can_be_taken_out_unnoticed() {
    let mut mutants = 0;
    for (path, page) in pages() {
        for (index, deletion) in page.rule.deletions().into_iter().enumerate() {
            let mutant = page.rule.without(index).unwrap();
            let is_noticed = page.examples.iter().any(|example| !example.holds(&mutant));
            assert!(is_noticed, "{}: nothing notices that {} is gone", path.display(), deletion.what);
            mutants += 1;
        }
    }
    assert!(mutants > 20, "{mutants}");
}
