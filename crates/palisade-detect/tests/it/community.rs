//! Community rules and recorded trails, when `PALISADE_CORPORA` says where they are.

use crate::pages::pages;
use palisade_detect::{CommunityRule, Rule, parse_community_rule};
use palisade_document::{Text, read_yaml, refuse_tags};
use palisade_model::Level;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};
use walkdir::WalkDir;

fn corpus(folder: &str) -> Option<PathBuf> {
    let Some(root) = env::var_os("PALISADE_CORPORA") else {
        let notice = format!("SKIPPED: set PALISADE_CORPORA to run against {folder}\n");
        // Not `eprintln!`, which the test harness would swallow.
        std::io::stderr().write_all(notice.as_bytes()).unwrap();
        return None;
    };
    let path = PathBuf::from(root).join(folder);
    assert!(path.exists(), "{} is not there", path.display());
    Some(path)
}

/// The rules that compile, and what was said of any.
fn rules(folder: &Path) -> (Vec<CommunityRule>, Vec<String>) {
    let (mut rules, mut said) = (Vec::new(), Vec::new());
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    for file in files.filter(|file| file.path().extension().is_some_and(|extension| extension == "yml")) {
        let name: Arc<str> = file.path().to_string_lossy().into();
        let text = fs::read_to_string(file.path()).unwrap();
        let read = read_yaml(Text::whole(&name, &text), &refuse_tags);
        said.extend(read.diagnostics.iter().map(ToString::to_string));
        for document in &read.documents {
            let (rule, diagnostics) = parse_community_rule(document);
            assert_eq!(
                rule.is_none(),
                diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error),
                "{name}"
            );
            said.extend(diagnostics.iter().map(ToString::to_string));
            rules.extend(rule);
        }
    }
    (rules, said)
}

#[test]
fn every_cloud_rule_of_the_community_compiles() {
    let Some(folder) = corpus("detect/sigma/rules") else {
        return;
    };
    let (rules, said) = rules(&folder);
    eprintln!("{} rules compile; said: {said:#?}", rules.len());
    let unexpected: Vec<&String> = said.iter().filter(|said| !said.contains("does not use `")).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert!(rules.len() >= 294, "{}", rules.len());
    let deletions: usize = rules.iter().map(|rule| rule.rule.deletions().len()).sum();
    assert!(deletions > rules.len());
}

#[test]
fn rules_find_attacks_in_recorded_trails() {
    let Some(community) = corpus("detect/sigma/rules/cloud/aws") else {
        return;
    };
    let Some(trails) = corpus("detect/attacks") else {
        return;
    };
    let (rules, _) = rules(&community);
    let of_community = rules.iter().map(|rule| (rule.title.to_string(), &rule.rule));
    let pages = pages();
    let of_pages =
        pages.iter().map(|(path, page)| (path.file_stem().unwrap().to_string_lossy().into(), &page.rule));
    let all: Vec<(String, &Rule)> = of_community.chain(of_pages).collect();
    for trail in ["stratus_detonation.ndjson", "invictus_stratus_2023.ndjson"] {
        let text = fs::read_to_string(trails.join(trail)).unwrap();
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        eprintln!("{trail}: {} events", events.len());
        let mut hits = 0;
        for (name, rule) in &all {
            let found = events.iter().filter(|event| rule.matches(event)).count();
            if found > 0 {
                eprintln!("{found:6} {name}");
            }
            hits += found;
        }
        assert!(hits > 0);
    }
}
