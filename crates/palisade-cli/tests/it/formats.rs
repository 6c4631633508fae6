//! The forms of a report of one small scan.

use crate::folder::{FAILS, Folder, PASSES, UNKNOWN};
use insta::assert_snapshot;
use serde_json::Value;
use std::io::Write;
use std::process::Command;

const UNCOVERED: (&str, &str) = ("vault.tf", "resource \"aws_glacier_vault\" \"old\" {}\n");
const ONE_CHECK: &str = "--check aws/ec2/volume-not-encrypted";

fn folder() -> Folder {
    Folder::new(&[FAILS, UNKNOWN, PASSES, UNCOVERED])
}

fn scan(format: &str) -> String {
    let output = folder().run(&format!("scan . {ONE_CHECK} --format {format}"));
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(output.stderr, "");
    output.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_text_of_a_small_scan() {
    assert_snapshot!(scan("text"));
}

#[test]
fn json_is_one_document() {
    let report: Value = serde_json::from_str(&scan("json")).unwrap();
    assert_eq!(report["schema"], "palisade/report/v1");
    assert_eq!(report["targets"], serde_json::json!(["."]));
    for (verdict, count) in [("fails", 1), ("unknown", 1), ("passes", 1)] {
        assert_eq!(report["counts"][verdict], count, "{verdict}");
        assert_eq!(report["counts"]["by_severity"]["medium"][verdict], count, "{verdict}");
    }
    let findings = report["findings"].as_array().unwrap();
    let seen: Vec<(&str, &str)> = findings
        .iter()
        .map(|finding| {
            (finding["verdict"].as_str().unwrap(), finding["resource"]["address"].as_str().unwrap())
        })
        .collect();
    assert_eq!(seen, [("fails", "aws_ebs_volume.open"), ("unknown", "aws_ebs_volume.maybe")]);
    for finding in findings {
        let fingerprint = finding["fingerprint"].as_str().unwrap();
        assert!(
            fingerprint.len() == 32 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{fingerprint}"
        );
    }
    assert_eq!(findings[0]["location"]["file"], "fails.tf");
    assert_eq!(findings[1]["evidence"][0]["unknown"]["reason"], "no-value");
    assert_eq!(report["coverage"]["resources"], 4);
    assert_eq!(report["coverage"]["assessed"], 3);
    assert_eq!(report["coverage"]["without_kind"]["aws_glacier_vault"], 1);
}

#[test]
fn ndjson_is_a_finding_a_line_as_in_the_document() {
    let document: Value = serde_json::from_str(&scan("json")).unwrap();
    let lines: Vec<Value> = scan("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(lines), document["findings"]);
}

#[test]
fn sarif_has_what_can_not_be_told_as_open() {
    let log: Value = serde_json::from_str(&scan("sarif")).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let seen: Vec<(&Value, &Value)> =
        results.iter().map(|result| (&result["kind"], &result["level"])).collect();
    assert_eq!(seen, [(&"fail".into(), &"warning".into()), (&"open".into(), &"none".into())]);
    let without = folder().run("scan . --format sarif --sarif-without-unknown").json();
    assert_eq!(without["runs"][0]["results"].as_array().unwrap().len(), 1);
    let limited = folder().run("scan . --format sarif --sarif-limit 1").json();
    assert_eq!(limited["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn junit_has_a_failure_and_what_can_not_be_told_as_skipped() {
    let report = scan("junit");
    assert!(
        report.contains("<testsuites name=\"Palisade\" tests=\"3\" failures=\"1\" errors=\"0\""),
        "{report}"
    );
    assert!(report.contains("file=\"fails.tf\" line=\"2\""), "{report}");
    assert!(report.contains("<skipped message=\"cannot tell: `var.e` has no value\">"), "{report}");
}

#[test]
fn github_is_told_what_fails_and_what_can_not_be_told() {
    let said = scan("github");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("::warning file=fails.tf,line=2,endLine=2,col="), "{said}");
    assert!(lines[1].starts_with("::notice file=unknown.tf,line=3,"), "{said}");
    assert!(lines[1].contains("::aws_ebs_volume.maybe: cannot tell: `var.e` has no value%0A"), "{said}");
    assert!(lines[2].starts_with("1 fails (1 medium), 1 unknown, 1 passes."), "{said}");
}

#[test]
fn ocsf_is_an_event_a_line_as_of_the_time_that_is_given() {
    let events: Vec<Value> = scan("ocsf").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<(&Value, &Value)> =
        events.iter().map(|event| (&event["compliance"]["status"], &event["resources"][0]["name"])).collect();
    let expected = [("Fail", "aws_ebs_volume.open"), ("Unknown", "aws_ebs_volume.maybe")]
        .map(|(a, b)| (a.into(), b.into()));
    assert_eq!(seen, expected.each_ref().map(|(a, b): &(Value, Value)| (a, b)));
    assert_eq!(events[0]["time"], 1_767_323_045_000_i64);
    assert_eq!(events[0]["unmapped"]["location"]["file"], "fails.tf");
}

#[test]
fn html_is_a_page_with_the_lines_of_the_sources() {
    let folder = folder();
    folder.run(&format!("scan . {ONE_CHECK} --format html --output report.html")).ends(1, &[]);
    let page = folder.read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("<h1>1 fails, <span>1 unknown,</span> <span>1 passes</span></h1>"), "{page}");
    assert!(page.contains("encrypted = <mark>false</mark>"), "{page}");
}

#[test]
fn each_form_is_the_same_on_every_run() {
    for format in ["text", "json", "ndjson", "sarif", "junit", "github", "ocsf", "html"] {
        assert_eq!(scan(format), scan(format));
    }
}

const VALIDATE: &str = "
import json, sys
from jsonschema import validators
schema = json.load(open(sys.argv[1]))
kind = validators.validator_for(schema)
check = kind(schema, format_checker=kind.FORMAT_CHECKER)
for error in check.iter_errors(json.load(open(sys.argv[2]))):
    print(error.json_path + ': ' + error.message)
";

#[test]
fn the_sarif_of_real_scans_is_valid() {
    let variables = ["PALISADE_PYTHON", "PALISADE_SARIF_SCHEMA"].map(|name| std::env::var(name).ok());
    let [Some(python), Some(schema)] = variables else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: SARIF of scans against its schema; PALISADE_PYTHON and PALISADE_SARIF_SCHEMA are not set"
        );
        return;
    };
    let folder = folder();
    folder.write("broken.tf", b"\0");
    for arguments in ["scan .", "demo"] {
        folder.run(&format!("{arguments} --format sarif --output log.sarif"));
        let validated = Command::new(&python)
            .args(["-c", VALIDATE, &schema])
            .arg(folder.path("log.sarif"))
            .output()
            .unwrap();
        assert!(validated.status.success(), "{validated:?}");
        assert_eq!(String::from_utf8_lossy(&validated.stdout), "", "{arguments}");
    }
}
