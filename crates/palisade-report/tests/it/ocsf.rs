//! The events for what reads the Open Cybersecurity Schema Framework.

use crate::sample::{accepted, clean, detections, documented, report};
use crate::written;
use insta::assert_snapshot;
use palisade_report::{Detections, OcsfOptions, Report, ocsf, ocsf_detections};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const OPTIONS: OcsfOptions = OcsfOptions { time: 1_767_323_045_000 };

fn findings(report: &Report) -> String {
    written(|to| ocsf(report, OPTIONS, to))
}

fn hits(report: &Detections) -> String {
    written(|to| ocsf_detections(report, OPTIONS, to))
}

fn events(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn shown(lines: &str) -> String {
    events(lines).iter().map(|event| serde_json::to_string_pretty(event).unwrap() + "\n").collect()
}

#[test]
fn the_compliance_findings_of_a_scan() {
    assert_snapshot!(shown(&findings(&documented())));
}

#[test]
fn the_detection_findings_of_a_trail() {
    let few = Detections { hits: detections().hits[..2].to_vec(), ..detections() };
    assert_snapshot!(shown(&hits(&few)));
}

#[test]
fn each_finding_is_one_event_and_unknown_is_neither_fail_nor_pass() {
    let events = events(&findings(&report()));
    assert_eq!(events.len(), report().findings.len());
    for event in &events {
        let status = &event["compliance"]["status_id"];
        let expected = if event["status_code"] == "fails" { 3 } else { 0 };
        assert_eq!(*status, expected, "{event}");
        assert_eq!(event["finding_info"]["uid"].as_str().unwrap().len(), 32);
    }
    assert_eq!(findings(&clean(3, 3)), "", "what passes is counted in other forms, and is no finding");
}

#[test]
fn what_is_suppressed_says_so_and_why() {
    let events = events(&findings(&Report { suppressed: vec![accepted()], ..clean(3, 3) }));
    assert_eq!((&events[0]["status_id"], &events[0]["status"]), (&3.into(), &"Suppressed".into()));
    assert_eq!(events[0]["comment"], "it holds nothing but scratch data");
    assert_eq!(events[0]["compliance"]["status"], "Fail", "the verdict is what it was");
}

#[test]
fn what_may_be_secret_is_not_written() {
    assert!(!findings(&report()).contains("hunter2"));
}

#[test]
fn only_the_time_differs_between_runs() {
    let later = written(|to| ocsf(&report(), OcsfOptions { time: 1 }, to));
    assert_eq!(
        later.replace(":1,", ":1767323045000,"),
        findings(&report()).replace(":1,", ":1767323045000,")
    );
}

/// Every version that has what is written, from the one that the events name.
const VALIDATE: &str = "
import json, sys
from jsonschema import validators
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
events = [json.loads(line) for line in sys.stdin]
for version in ['1.5.0', '1.6.0', '1.7.0', '1.8.0']:
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    checks = {}
    for event in events:
        kind = event['class_uid']
        if kind not in checks:
            schema = schemas.get_class_schema(schemas.lookup_class_name_from_uid(kind), event['metadata']['profiles'])
            checks[kind] = validators.validator_for(schema)(schema)
        for error in checks[kind].iter_errors(event):
            print(version, error.json_path, error.message)
";

/// Set by `cargo xtask test`: a Python that has `jsonschema` and a package with the framework's schemas.
#[test]
fn the_events_are_valid() {
    let Ok(python) = std::env::var("PALISADE_PYTHON") else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: OCSF against its schemas; PALISADE_PYTHON is not set"
        );
        return;
    };
    let accepted = Report { suppressed: vec![accepted()], ..report() };
    for report in [report(), documented(), accepted] {
        assert_eq!(errors(&python, &findings(&report)), "");
    }
    assert_eq!(errors(&python, &hits(&detections())), "");
    let broken = findings(&report()).replace("\"severity_id\":5", "\"severity_id\":7");
    assert_ne!(errors(&python, &broken), "", "the validation itself notices");
    let broken = hits(&detections()).replace("\"is_alert\":true", "\"is_alarm\":true");
    assert_ne!(errors(&python, &broken), "", "an attribute that is not in the schema is noticed");
}

fn errors(python: &str, events: &str) -> String {
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    validator.stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator did not run");
    String::from_utf8(output.stdout).unwrap()
}
