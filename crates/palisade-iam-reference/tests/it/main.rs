//! The reference against cases whose answers are documented, where a folder of them is given.

mod compare;
mod differential;
mod suite;

use palisade_iam_reference::{Decision, decide};
use serde_json::Value;

/// `PALISADE_CORPORA/iam/documented-cases.jsonl`: every answer is a sentence of AWS's documentation.
#[test]
fn documented_cases() {
    let Some(corpora) = std::env::var_os("PALISADE_CORPORA") else {
        eprintln!("SKIPPED: PALISADE_CORPORA names no folder, so the documented cases are not compared with");
        return;
    };
    let file = std::path::Path::new(&corpora).join("iam/documented-cases.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Ok(answer) = decide(&case) else { continue };
        // Where AWS's pages leave something open, the reference says so.
        let right = format!("{:?}", answer.decision) == case["expect"]["decision"]
            || answer.decision == Decision::Unknown;
        if !right {
            wrong.push(format!(
                "{}: {:?}, expected {}",
                case["id"], answer.decision, case["expect"]["decision"]
            ));
        }
        if answer.decision == Decision::Unknown {
            eprintln!("open: {} {}", case["id"], case["name"]);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
