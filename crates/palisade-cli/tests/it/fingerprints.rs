//! A finding is recognised again after the text around it has changed.

use crate::folder::Folder;
use std::collections::BTreeSet;

const VOLUME: &str = "resource \"aws_ebs_volume\" \"data\" {\n  encrypted = false\n}\n";
const GROUP: &str = "\
resource \"aws_security_group\" \"web\" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = \"tcp\"
    cidr_blocks = [\"0.0.0.0/0\"]
  }
  ingress {
    from_port   = 3389
    to_port     = 3389
    protocol    = \"tcp\"
    cidr_blocks = [\"0.0.0.0/0\"]
  }
}
";

/// What is found, each by its page, address and fingerprint.
fn found(files: &[(&str, &str)]) -> BTreeSet<(String, String, String)> {
    let report = Folder::new(files).run("scan . --format json").json();
    let findings = report["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let found: BTreeSet<_> = findings
        .iter()
        .map(|finding| {
            (text(&finding["page"]), text(&finding["resource"]["address"]), text(&finding["fingerprint"]))
        })
        .collect();
    let prints: BTreeSet<&String> = found.iter().map(|(_, _, print)| print).collect();
    assert_eq!(prints.len(), findings.len(), "each finding has a fingerprint of its own");
    found
}

fn both() -> String {
    format!("{VOLUME}{GROUP}")
}

#[track_caller]
fn keeps(files: &[(&str, &str)]) {
    assert_eq!(found(files), found(&[("main.tf", &both())]));
}

#[test]
fn reformatting_keeps_them() {
    keeps(&[("main.tf", &both().replace('\n', "\r\n"))]);
    keeps(&[("main.tf", &both().replace("  ", "\t").replace(" = ", "="))]);
    keeps(&[("main.tf", &both().replace("[\"0.0.0.0/0\"]", "[\n \"0.0.0.0/0\",\n ]"))]);
}

#[test]
fn moving_lines_keeps_them() {
    keeps(&[("main.tf", &format!("# what follows moves\n\n\n{}", both()))]);
}

#[test]
fn reordering_resources_and_blocks_keeps_them() {
    keeps(&[("main.tf", &format!("{GROUP}{VOLUME}"))]);
    let swapped = both().replace("22", "X").replace("3389", "22").replace('X', "3389");
    assert_ne!(swapped, both());
    keeps(&[("main.tf", &swapped)]);
}

#[test]
fn renaming_and_splitting_files_keeps_them() {
    keeps(&[("other.tf", &both())]);
    keeps(&[("a.tf", GROUP), ("b.tf", VOLUME)]);
}

#[test]
fn moving_the_whole_folder_keeps_them() {
    keeps(&[("deep/below/main.tf", &both())]);
}

#[test]
fn two_roots_of_one_address_have_two() {
    let one = found(&[("one/main.tf", VOLUME)]);
    let two = found(&[("one/main.tf", VOLUME), ("two/main.tf", VOLUME)]);
    assert_eq!(two.len(), 2);
    assert!(one.is_subset(&two));
}

#[test]
fn another_name_is_another_finding() {
    let other = VOLUME.replace("data", "other");
    let (one, other) = (found(&[("main.tf", VOLUME)]), found(&[("main.tf", &other)]));
    assert!(one.is_disjoint(&other));
}

#[test]
fn what_fails_and_what_can_not_be_told_are_two_findings() {
    let open = format!("variable \"e\" {{}}\n{}", VOLUME.replace("false", "var.e"));
    let (one, other) = (found(&[("main.tf", VOLUME)]), found(&[("main.tf", &open)]));
    assert!(one.is_disjoint(&other));
}
