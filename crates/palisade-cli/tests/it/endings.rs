//! Exit codes, and what a run says when it can't begin: scripts depend on both.

use crate::folder::{BROKEN, FAILS, Folder, PASSES, UNKNOWN, output, run};
use std::process::Stdio;

#[track_caller]
fn check(arguments: &str, files: &[(&str, &str)], code: i32, says: &[&str]) {
    run(arguments, files).ends(code, says);
}

#[test]
fn what_is_found_decides() {
    check("scan .", &[PASSES], 0, &["1 pass"]);
    check("scan .", &[FAILS], 1, &["fails.tf:2:15"]);
    check("scan .", &[UNKNOWN], 3, &["`var.e` has no value"]);
    check("scan . --allow-unknown", &[UNKNOWN], 0, &["`var.e` has no value"]);
    check("scan . --var e=true", &[UNKNOWN], 0, &[]);
    check("scan . --var e=false", &[UNKNOWN], 1, &[]);
    check("scan . --var-file it.tfvars", &[UNKNOWN, ("it.tfvars", "e = false\n")], 1, &[]);
}

#[test]
fn a_threshold_decides_for_faults_and_for_open_answers() {
    for (level, code) in
        [("informational", 1), ("low", 1), ("medium", 1), ("high", 0), ("critical", 0), ("never", 0)]
    {
        check(&format!("scan . --fail-on {level}"), &[FAILS], code, &["fails.tf:2:15"]);
        let open = if code == 1 { 3 } else { 0 };
        check(&format!("scan . --fail-on {level}"), &[UNKNOWN], open, &[]);
    }
    check("scan . --at-least high", &[FAILS, UNKNOWN], 0, &[]);
}

#[test]
fn lost_input_makes_a_scan_incomplete() {
    let says = ["binary file", "broken.tf:1:1", "this report is incomplete"];
    check("scan .", &[PASSES, BROKEN], 3, &says);
    check("scan . --allow-unknown", &[PASSES, BROKEN], 3, &says);
    check("scan . --fail-on never", &[FAILS, BROKEN], 3, &says);
}

#[test]
fn where_several_hold_wrong_arguments_come_first_and_faults_before_gaps() {
    check("scan .", &[FAILS, UNKNOWN, BROKEN], 1, &[]);
    check("scan .", &[FAILS, UNKNOWN], 1, &[]);
    check("scan . nowhere", &[FAILS, UNKNOWN], 2, &["there is no file or folder `nowhere`"]);
    check("scan . --output no/such/place", &[FAILS], 2, &["`no/such/place` could not be written"]);
}

#[test]
fn wrong_arguments_say_what_to_do() {
    for (arguments, says) in [
        ("scan", "<PATH>"),
        ("scna .", "'scan'"),
        ("scan . --formt json", "'--format'"),
        ("scan . --format yaml", "possible values: text, json, ndjson, sarif"),
        ("scan . --fail-on bad", "critical"),
        ("scan . --var novalue", "NAME=VALUE"),
        ("scan nowhere", "there is no file or folder `nowhere`"),
        ("scan . --var-file no.tfvars", "there is no file or folder `no.tfvars`"),
        ("scan . --content nowhere", "there is no folder of pages `nowhere`"),
        ("scan . --config no.toml", "`no.toml`"),
        ("scan . --check aws/ec2/volume-not-encrypte", "did you mean `aws/ec2/volume-not-encrypted`?"),
        ("scan . --skip aws/ec2/volum-not-encrypted", "did you mean `aws/ec2/volume-not-encrypted`?"),
        ("man scna", "there is no verb `scna`"),
    ] {
        check(arguments, &[FAILS], 2, &[says]);
    }
}

#[test]
fn input_of_which_nothing_is_read_is_wrong() {
    check("scan .", &[], 2, &["there is nothing in `.` that Palisade reads"]);
    check("scan .", &[("notes.txt", "x"), ("k8s.yaml", "kind: Pod\n")], 2, &["there is nothing in `.`"]);
    check("scan .", &[BROKEN], 2, &["broken.tf:1:1", "binary file"]);
    check("scan notes.txt", &[("notes.txt", "hello")], 2, &["notes.txt:1:1"]);
    check(
        "scan plan.out",
        &[("plan.out", "PK\u{3}\u{4}\0\0")],
        2,
        &["terraform show -json PLAN > plan.json"],
    );
}

#[test]
fn checks_are_chosen_by_id_or_pattern() {
    check("scan . --check aws/ec2/*", &[FAILS], 1, &[]);
    check("scan . --check aws/s3/*", &[FAILS], 0, &["Not covered by any check: 1 resource"]);
    check("scan . --skip aws/ec2/volume-*", &[FAILS], 0, &[]);
    check("scan . --skip *", &[FAILS], 0, &[]);
}

#[test]
fn settings_are_found_upwards() {
    let folder = Folder::new(&[("a/b/fails.tf", FAILS.1), ("a/b/unknown.tf", UNKNOWN.1)]);
    for (settings, code) in [
        ("", 1),
        ("[scan]\nfail-on = 'high'\n", 0),
        ("[scan]\nfail-on = 'never'\n", 0),
        ("[scan]\nallow-unknown = true\n", 1),
        ("[checks]\nonly = ['aws/s3/*']\n", 0),
        ("[checks]\nskip = ['aws/ec2/volume-not-encrypted']\n", 0),
        ("[checks]\nat-least = 'high'\n", 0),
        ("[scan]\nfail-on = 'high'\n[checks]\nonly = ['aws/ec2/*']\n", 0),
    ] {
        folder.write(".palisade.toml", settings);
        assert_eq!(folder.run_in("a/b", "scan .").code, Some(code), "{settings}");
    }
    folder.write(".palisade.toml", "[scan]\nfail-on = 'never'\n");
    folder.run_in("a/b", "scan . --fail-on low").ends(1, &[]);
    folder.write("a/.palisade.toml", "[scan]\nfail-on = 'low'\n");
    folder.run_in("a/b", "scan .").ends(1, &[]);
    folder.write("other.toml", "[scan]\nfail-on = 'never'\n");
    folder.run_in("a/b", "scan . --config ../../other.toml").ends(0, &[]);
}

#[test]
fn folders_of_pages_are_found_from_the_settings_own_place() {
    let folder =
        Folder::new(&[("deep/fails.tf", FAILS.1), (".palisade.toml", "[content]\nfolders = ['pages']\n")]);
    folder.run("content new check acme/v --looks-at AWS::EC2::Volume --in pages").ends(0, &[]);
    folder.run_in("deep", "scan . --check acme/v").ends(1, &["acme/v"]);
}

#[test]
fn wrong_settings_are_an_error_with_their_line() {
    for (settings, says) in [
        ("\n[scan]\nfail-no = 'low'\n", "line 3"),
        ("[scan]\nfail-on = 'lwo'\n", "line 2"),
        ("[scam]\n", "unknown field `scam`"),
        ("[scan\n", "line 1"),
        ("[checks]\nonly = ['aws/nothing']\n", "no check is named `aws/nothing`"),
        ("[content]\nfolders = ['nowhere']\n", "nowhere"),
    ] {
        check("scan .", &[FAILS, (".palisade.toml", settings)], 2, &[says]);
    }
}

#[test]
fn standard_input_is_told_apart_by_what_it_holds() {
    let plan = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [
        {"address": "aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "values": {"encrypted": false}}
    ]}}}"#;
    let template =
        r#"{"Resources": {"V": {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": false}}}}"#;
    let yaml = "---\n# a template\nResources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: false}\n";
    let folder = Folder::new(&[]);
    for (input, says) in [
        (plan, "aws_ebs_volume.v"),
        (template, "standard input:1:78"),
        (yaml, "standard input:6:29"),
        (FAILS.1, "aws_ebs_volume.open"),
    ] {
        for mark in ["", "\u{feff}"] {
            let output = folder.run_with_input("scan - --all", format!("{mark}{input}"));
            output.ends(1, &["EBS volume is not encrypted", says]);
        }
    }
    folder.run_with_input("scan -", "\n").ends(2, &["standard input is empty"]);
    folder.run_with_input("scan -", "{").ends(2, &["error"]);
    folder.run_with_input("scan -", "<html>").ends(2, &["error"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new(&[FAILS]);
    for (arguments, code) in [
        ("scan .", 1),
        ("scan . --format json", 1),
        ("scan . --format sarif", 1),
        ("content list", 0),
        ("content show aws/ec2/volume-not-encrypted", 0),
        ("completions bash", 0),
        ("man", 0),
        ("--help", 0),
    ] {
        let mut command = folder.command("", arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments}");
        assert_eq!(output.status.code(), Some(code), "{arguments}");
    }
}

#[test]
fn color_is_for_terminals_unless_asked_for() {
    let folder = Folder::new(&[FAILS, BROKEN]);
    for (arguments, no_color, is_colored) in [
        ("scan .", false, false),
        ("scan . --color always", false, true),
        ("--color always scan .", true, true),
        ("scan . --color never", false, false),
        ("scan . --color always --format json", false, false),
    ] {
        let mut command = folder.command("", arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        assert_eq!(output(command, "").said().contains('\u{1b}'), is_colored, "{arguments}");
    }
}

#[test]
fn a_report_goes_to_a_file_alone() {
    let folder = Folder::new(&[FAILS]);
    let output = folder.run("scan . --format json --output report.json --color always").ends(1, &[]);
    assert_eq!(output.stdout, "");
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    assert_eq!(report["counts"]["fails"], 1);
}

#[test]
fn the_demo_shows_and_gates_nothing() {
    let folder = Folder::new(&[]);
    let shown = folder.run("demo").ends(0, &["Next: `palisade demo --write streaming`", "at 02:14"]);
    assert_eq!(shown.stdout, folder.run("demo").stdout);
    folder.run("demo --write streaming").ends(0, &["Next: palisade scan streaming/terraform"]);
    folder.run("demo --write streaming").ends(2, &["`streaming` is there already"]);
    folder.run("demo --accounts 20").ends(2, &["--write"]);
    folder.run("demo --write small --accounts 9").ends(2, &["9 is not in 10..=1000"]);
}

#[test]
fn what_the_demo_writes_out_is_scanned_and_detected_in_with_the_same_answers() {
    let folder = Folder::new(&[]);
    folder.run("demo --write streaming").ends(0, &[]);
    let bundled = folder.run("demo --format json").ends(0, &[]).json();
    let scanned = folder.run("scan streaming/terraform --format json").ends(1, &[]).json();
    let detected = folder.run("detect streaming/trail --format json").ends(1, &[]).json();
    let pages = |report: &serde_json::Value, list: &str, field: &str| -> std::collections::BTreeSet<String> {
        let found = report[list].as_array().unwrap().iter();
        found.map(|finding| finding[field].as_str().unwrap().to_owned()).collect()
    };
    let mut both = pages(&scanned, "findings", "page");
    both.extend(pages(&detected, "hits", "rule_id"));
    assert_eq!(pages(&bundled, "findings", "page"), both);
    let truth = folder.read("streaming/truth.jsonl");
    for what in ["attack", "flaw", "twin"] {
        assert!(truth.contains(&format!("{{\"is\":\"{what}\"")), "{what}");
    }
}

#[test]
fn the_demo_finds_what_was_planted() {
    let report = run("demo --format json", &[]).json();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut found: Vec<String> = findings
        .map(|finding| {
            let parts = [&finding["verdict"], &finding["page"], &finding["resource"]["address"]];
            parts.map(|part| part.as_str().unwrap()).join(" ")
        })
        .collect();
    found.sort();
    let expected: Vec<&str> = include_str!("../demo.expected").lines().collect();
    assert_eq!(found, expected);
    assert_eq!(report["diagnostics"], serde_json::json!([]));
}
