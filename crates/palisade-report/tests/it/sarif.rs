//! The SARIF that code scanning reads.

use crate::sample::{clean, documented, report};
use crate::written;
use insta::assert_snapshot;
use palisade_report::{Report, SarifOptions, sarif};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

fn log(report: &Report, options: SarifOptions) -> String {
    written(|to| sarif(report, &options, to))
}

fn run(report: &Report, options: SarifOptions) -> Value {
    let mut log: Value = serde_json::from_str(&log(report, options)).unwrap();
    log["runs"][0].take()
}

fn results(run: &Value) -> &Vec<Value> {
    run["results"].as_array().unwrap()
}

#[test]
fn the_whole_log() {
    assert_snapshot!(log(&report(), SarifOptions::default()));
}

#[test]
fn every_result_names_its_rule_and_a_place() {
    let run = run(&report(), SarifOptions::default());
    assert_eq!(results(&run).len(), report().findings.len());
    for result in results(&run) {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        assert_eq!(result["partialFingerprints"]["palisade/v1"].as_str().unwrap().len(), 32);
        let is_fail = result["kind"] == "fail";
        assert!(is_fail || result["kind"] == "open" && result["level"] == "none", "{result}");
    }
}

#[test]
fn a_page_that_only_a_finding_names_is_a_rule_too() {
    let mut report = report();
    report.pages.clear();
    let run = run(&report, SarifOptions::default());
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 6);
}

#[test]
fn unknowns_can_be_left_out_and_a_limit_keeps_the_severest_and_says_so() {
    let fails = run(&report(), SarifOptions { unknowns: false, ..SarifOptions::default() });
    assert!(results(&fails).iter().all(|result| result["kind"] == "fail"));
    let two = run(&report(), SarifOptions { limit: Some(2), ..SarifOptions::default() });
    let severities: Vec<&Value> =
        results(&two).iter().map(|result| &result["properties"]["severity"]).collect();
    assert_eq!(severities, ["critical", "high"]);
    let notes = two["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let last = notes.last().unwrap()["message"]["text"].as_str().unwrap();
    assert_eq!(last, "22 results of least severity were left out");
}

#[test]
fn a_run_that_lost_input_is_not_successful() {
    let successful = |report: &Report| {
        run(report, SarifOptions::default())["invocations"][0]["executionSuccessful"].clone()
    };
    assert_eq!(successful(&report()), false);
    assert_eq!(successful(&clean(1, 1)), true);
}

const VALIDATE: &str = "
import json, sys
from jsonschema import validators
schema = json.load(open(sys.argv[1]))
kind = validators.validator_for(schema)
check = kind(schema, format_checker=kind.FORMAT_CHECKER)
for error in check.iter_errors(json.load(sys.stdin)):
    print(error.json_path + ': ' + error.message)
";

/// Set by `cargo xtask test`: the schema that a package provides, and a Python that has `jsonschema`.
#[test]
fn the_log_is_valid() {
    let variables = ["PALISADE_PYTHON", "PALISADE_SARIF_SCHEMA"].map(|name| std::env::var(name).ok());
    let [Some(python), Some(schema)] = variables else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: SARIF against its schema; PALISADE_PYTHON and PALISADE_SARIF_SCHEMA are not set"
        );
        return;
    };
    for report in [report(), documented(), clean(1, 1), Report::default()] {
        let log = log(&report, SarifOptions::default());
        assert_eq!(errors(&python, &schema, &log), "");
    }
    let broken = log(&report(), SarifOptions::default()).replace("\"startLine\": 8", "\"startLine\": 0");
    assert_ne!(errors(&python, &schema, &broken), "", "the validation itself notices");
}

fn errors(python: &str, schema: &str, log: &str) -> String {
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE, schema])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    validator.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator did not run");
    String::from_utf8(output.stdout).unwrap()
}
