//! The suite of cases in `conformance/iam`, asked of the reference and of the engine.

use palisade_iam::Case;
use palisade_iam_reference::{Decision, decide};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A case of the suite, and where it stands.
struct Line {
    place: String,
    text: String,
    case: Value,
}

#[test]
fn every_case_is_answered_as_it_expects() {
    let lines = lines().unwrap();
    let wrong: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            let faults = [by_reference(line), by_engine(line)];
            faults.map(|fault| fault.map(|fault| format!("{} {}: {fault}", line.place, line.case["id"])))
        })
        .flatten()
        .collect();
    assert!(!lines.is_empty());
    println!("{} cases, {} answers are wrong", lines.len(), wrong.len());
    assert!(wrong.is_empty(), "{} answers are wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_says_what_it_stands_on() {
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in lines().unwrap() {
        let word = |key: &str| line.case[key].as_str().unwrap_or_default();
        let mut fault = |fault: &str| wrong.push(format!("{} {}: {fault}", line.place, line.case["id"]));
        if !ids.insert(word("id").to_owned()) {
            fault("another case has this id");
        }
        if !word("source").starts_with("https://docs.aws.amazon.com/")
            && !word("source").starts_with("https://aws.amazon.com/")
        {
            fault("`source` is no page of AWS");
        }
        for key in ["id", "name", "row", "text"] {
            if word(key).is_empty() {
                fault(&format!("`{key}` is missing"));
            }
        }
        if line.case["expect"]["decision"].as_str().is_none() {
            fault("`expect.decision` is missing");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All cases of all files, file by file.
fn lines() -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/iam");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (at, text) in std::fs::read_to_string(&file)?.lines().enumerate() {
            let place = format!("{name}:{}", at + 1);
            let case = serde_json::from_str(text).map_err(|error| format!("{place}: {error}"))?;
            lines.push(Line { place, text: text.to_owned(), case });
        }
    }
    Ok(lines)
}

/// What the reference says otherwise. It reads `Strict` questions about one resource; the engine alone answers others.
fn by_reference(line: &Line) -> Option<String> {
    let request = &line.case["request"];
    let is_set = request["wildcardOnlyAction"] != true
        && request["resource"].as_str().is_some_and(|resource| resource.contains(['*', '?']));
    if line.case["mode"] == "Discovery" || is_set {
        return None;
    }
    let expected = &line.case["expect"]["decision"];
    match decide(&line.case) {
        Ok(answer) if *expected == json!(format!("{:?}", answer.decision)) => None,
        Ok(answer) if answer.decision == Decision::Unknown && has_grants_it_leaves_open(&line.case) => None,
        Ok(answer) => Some(format!("expected {expected}, the reference says {:?}", answer.decision)),
        Err(problem) => Some(format!("the reference does not read it: {problem}")),
    }
}

/// Of some grants that are no policies the reference knows no rules, and of those of KMS only the plain ones.
fn has_grants_it_leaves_open(case: &Value) -> bool {
    let known = ["lake-formation", "s3-access-grants", "eks-access-entry"];
    let grants = case["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
    grants.iter().any(|grant| !known.iter().any(|kind| grant["kind"] == *kind))
}

/// What the engine says otherwise: another decision, or other layers that stand in the way.
fn by_engine(line: &Line) -> Option<String> {
    let case = match Case::parse(&line.text, &line.place.as_str().into(), 1) {
        Ok(case) => case,
        Err(problems) => return Some(format!("the engine does not read it: {problems:?}")),
    };
    let answer = case.answer();
    let expect = &line.case["expect"];
    if expect["decision"] != json!(format!("{:?}", answer.outcome)) {
        return Some(format!(
            "expected {}, the engine says {:?}, blocked by {:?}, open {:?}",
            expect["decision"], answer.outcome, answer.blocked_by, answer.open
        ));
    }
    let layers = expect["blockedBy"].as_array()?;
    let expected: BTreeSet<&str> = layers.iter().filter_map(Value::as_str).collect();
    let found: BTreeSet<&str> = answer.blocked_by.iter().copied().collect();
    (expected != found).then(|| format!("expected to be blocked by {expected:?}, the engine says {found:?}"))
}
