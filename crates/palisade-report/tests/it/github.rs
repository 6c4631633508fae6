//! The workflow commands that become GitHub's annotations.

use crate::sample::{clean, report};
use crate::written;
use insta::assert_snapshot;
use palisade_model::{Origin, Span};
use palisade_report::{Report, github};

fn commands(report: &Report) -> String {
    written(|to| github(report, to))
}

#[test]
fn the_whole_output() {
    assert_snapshot!(commands(&report()));
}

#[test]
fn a_clean_scan_annotates_nothing_and_says_so() {
    let said = commands(&clean(3, 2));
    assert!(said.starts_with("Nothing fails") && said.lines().count() == 1, "{said}");
}

#[test]
fn each_finding_and_diagnostic_is_one_line_and_none_starts_a_command_of_its_own() {
    let mut report = report();
    report.findings[0].message = "a\n::stop-commands::x\r::error::y".into();
    report.findings[0].subject.address.name = "x\n::add-mask::y".into();
    report.findings[0].origin = Origin::File(Span::new("a,b\n::error ::c%.tf", (1, 1), (1, 2)));
    let said = commands(&report);
    // One says that the input is incomplete; the last line is for people.
    let expected = report.findings.len() + report.diagnostics.len() + 1;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), expected + 1);
    for line in &lines[..expected] {
        let known = ["::error ", "::warning ", "::notice "];
        assert!(known.iter().any(|command| line.starts_with(command)), "{line}");
    }
    assert!(!lines[expected].starts_with("::"));
    assert!(said.contains("file=a%2Cb␊%3A%3Aerror %3A%3Ac%25.tf,"), "{said}");
}

#[test]
fn what_is_not_in_a_file_has_no_file_and_names_its_place() {
    let mut report = report();
    report.findings.truncate(1);
    report.diagnostics.clear();
    report.findings[0].origin = Origin::File(Span::new("-", (2, 3), (2, 4)));
    let said = commands(&report);
    assert!(!said.contains("file=") && said.contains("Place: standard input:2:3"), "{said}");
}

#[test]
fn secrets_are_not_written() {
    assert!(!commands(&report()).contains("hunter2"));
}
