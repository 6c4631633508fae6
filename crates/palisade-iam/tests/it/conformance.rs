//! Runs the corpora of cases, where PALISADE_CORPORA says where they are; says loudly when it does not.

use palisade_iam::{Case, Outcome};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The folder of the IAM corpora, or nothing, said loudly.
pub fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("PALISADE_CORPORA").map(|folder| PathBuf::from(folder).join("iam"));
    if folder.is_none() {
        eprintln!("SKIPPED: PALISADE_CORPORA is not set, so the corpora of IAM cases were not run");
    }
    folder
}

/// The ids of the expectations that the AWS documentation contradicts.
fn overrides() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/OVERRIDES.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .map(Into::into)
        .collect()
}

fn word(outcome: Outcome) -> String {
    format!("{outcome:?}")
}

fn strip(json: &Json) -> Json {
    match json {
        Json::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "sources")
            .map(|(key, value)| (key.clone(), strip(value)))
            .collect(),
        Json::Array(items) => items.iter().map(strip).collect(),
        other => other.clone(),
    }
}

fn run(name: &str, lines: impl Iterator<Item = (u32, String)>) {
    let overrides = overrides();
    let (mut right, mut overridden, mut wrong) = (0, 0, Vec::new());
    for (number, line) in lines {
        let case = match Case::parse(&line, &name.into(), number) {
            Ok(case) => case,
            Err(diagnostics) => {
                wrong.push(format!("line {number}: {diagnostics:?}"));
                continue;
            }
        };
        let answer = case.answer();
        let expect = case.expect.clone().unwrap_or_default();
        let mut differences = Vec::new();
        if expect["decision"] != json!(word(answer.outcome)) {
            differences
                .push(format!("{} is {:?}, open {:?}", expect["decision"], answer.outcome, answer.open));
        }
        if let Some(blocked) = expect["blockedBy"].as_array() {
            let expected: BTreeSet<&str> = blocked.iter().filter_map(Json::as_str).collect();
            let found: BTreeSet<&str> = answer.blocked_by.iter().copied().collect();
            if expected != found {
                differences.push(format!("blocked by {expected:?} is {found:?}"));
            }
        }
        if case.is_discovery && answer.outcome == Outcome::Allowed {
            let expected = strip(&expect["conditions"]);
            let found = strip(&answer.conditions.clone().unwrap_or_default());
            if expected != found {
                differences.push(format!("conditions\n   {expected}\n   {found}"));
            }
        }
        if differences.is_empty() {
            right += 1;
        } else if overrides.contains(&case.id) {
            overridden += 1;
        } else {
            wrong.push(format!("{}: {}", case.id, differences.join("; ")));
        }
    }
    println!("{name}: {right} as expected, {overridden} overridden, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{name}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// The numbered lines of a file of the corpora.
pub fn lines(file: &str) -> Option<Vec<(u32, String)>> {
    let text = std::fs::read_to_string(corpora()?.join(file)).unwrap();
    Some(
        text.lines()
            .enumerate()
            .map(|(at, line)| (u32::try_from(at).unwrap() + 1, line.to_owned()))
            .collect(),
    )
}

#[test]
fn the_cases_are_answered_as_expected() {
    if let Some(lines) = lines("cases.jsonl") {
        run("cases.jsonl", lines.into_iter());
    }
}

#[test]
fn the_documented_cases_are_answered_as_documented() {
    if let Some(lines) = lines("documented-cases.jsonl") {
        run("documented-cases.jsonl", lines.into_iter());
    }
}

#[test]
fn the_documented_behaviour_is_found() {
    let Some(folder) = corpora() else { return };
    let text = std::fs::read_to_string(folder.join("documented-behaviour.json")).unwrap();
    let behaviours: Vec<Json> = serde_json::from_str(&text).unwrap();
    let cases = behaviours.iter().enumerate().map(|(at, behaviour)| {
        let sim = &behaviour["sim"];
        let policies = |name: &str| -> Json {
            sim[name]
                .as_array()
                .map(|list| list.iter().map(|one| one["policy"].clone()).collect())
                .unwrap_or_default()
        };
        let levels = |name: &str| -> Json {
            let level = |level: &Json| {
                let policies: Json = level["policies"]
                    .as_array()
                    .map(|list| list.iter().map(|one| one["policy"].clone()).collect())
                    .unwrap_or_default();
                json!({"at": level["orgIdentifier"], "policies": policies})
            };
            sim[name].as_array().map(|list| list.iter().map(level).collect()).unwrap_or_default()
        };
        // These policies were written for the language of today.
        let case = with_version(&json!({
            "id": format!("documented-behaviour/{at}"),
            "request": {
                "principal": sim["request"]["principal"],
                "action": sim["request"]["action"],
                "resource": sim["request"]["resource"]["resource"],
                "resourceAccount": sim["request"]["resource"]["accountId"],
                "context": sim["request"]["contextVariables"],
            },
            "identity": policies("identityPolicies"),
            "boundaries": policies("permissionBoundaryPolicies"),
            "session": sim["sessionPolicy"],
            "resourcePolicy": sim["resourcePolicy"],
            "scps": levels("serviceControlPolicies"),
            "rcps": levels("resourceControlPolicies"),
            "expect": {"decision": behaviour["expected"]},
        }));
        (u32::try_from(at).unwrap() + 1, case.to_string())
    });
    run("documented-behaviour.json", cases);
}

fn with_version(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut map: serde_json::Map<String, Json> =
                map.iter().map(|(key, value)| (key.clone(), with_version(value))).collect();
            if map.contains_key("Statement") && !map.contains_key("Version") {
                map.insert("Version".to_owned(), json!("2012-10-17"));
            }
            Json::Object(map)
        }
        Json::Array(items) => items.iter().map(with_version).collect(),
        other => other.clone(),
    }
}
