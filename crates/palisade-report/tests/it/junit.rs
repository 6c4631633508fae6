//! The JUnit XML that test reports read.

use crate::sample::{clean, documented, report};
use crate::written;
use insta::assert_snapshot;
use palisade_model::Finding;
use palisade_report::{Report, junit};
use std::io::Write;
use std::process::{Command, Stdio};

fn xml(report: &Report) -> String {
    written(|to| junit(report, to))
}

#[test]
fn the_whole_report() {
    assert_snapshot!(xml(&report()));
}

#[test]
fn every_report_is_well_formed_and_counts_what_it_holds() {
    for report in [report(), documented(), clean(1, 1), Report::default()] {
        let xml = xml(&report);
        let tags = tags(&xml);
        let count = |name: &str| tags.iter().filter(|tag| tag.starts_with(name)).count();
        let suites: Vec<&&str> = tags.iter().filter(|tag| tag.starts_with("testsuite ")).collect();
        for (attribute, element) in
            [("tests", "testcase "), ("failures", "failure "), ("errors", "error "), ("skipped", "skipped ")]
        {
            let sum: usize = suites.iter().map(|tag| number(tag, attribute)).sum();
            assert_eq!(sum, count(element), "{attribute}");
        }
        let all = tags.iter().find(|tag| tag.starts_with("testsuites ")).unwrap();
        assert_eq!(number(all, "tests"), count("testcase "));
        assert_eq!(number(all, "failures"), count("failure "));
        assert_eq!(number(all, "errors"), count("error "));
    }
}

#[test]
fn a_report_without_a_finding_has_a_test_for_the_scan_and_one_for_each_check() {
    let report = clean(3, 2);
    let xml = xml(&report);
    assert_eq!(xml.matches("name=\"finds nothing\"").count(), report.pages.len());
    assert_eq!(xml.matches("name=\"all of the input could be read\"").count(), 1);
    assert_eq!(xml.matches("<error").count() + xml.matches("<failure").count(), 0);
}

#[test]
fn no_two_test_cases_of_a_suite_have_one_name() {
    let mut report = report();
    let first = report.findings[0].clone();
    let mut elsewhere: Finding = first.clone();
    elsewhere.subject.address.root = "staging".into();
    report.findings.extend([first, elsewhere]);
    let xml = xml(&report);
    let mut names: Vec<String> = tags(&xml)
        .into_iter()
        .filter(|tag| tag.starts_with("testcase "))
        .map(|tag| format!("{} {}", value(tag, "classname"), value(tag, "name")))
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(xml.contains(" (in staging)\"") && xml.contains(" (in infra) (2)\""), "{xml}");
}

#[test]
fn secrets_and_what_a_terminal_obeys_are_not_written() {
    let xml = xml(&report());
    assert!(!xml.contains("hunter2"));
    assert!(xml.chars().all(|char| char == '\n' || !char.is_control() && char != '\u{202e}'));
}

/// What stands between `<` and `>`, with each element closed in turn.
fn tags(xml: &str) -> Vec<&str> {
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut tags = Vec::new();
    let mut open = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>') && entities_are_known(piece), "{piece}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

fn entities_are_known(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;"];
    text.split('&').skip(1).all(|rest| known.iter().any(|name| rest.starts_with(name)))
}

fn value<'a>(tag: &'a str, attribute: &str) -> &'a str {
    let start = format!(" {attribute}=\"");
    tag.split_once(&start).unwrap().1.split_once('"').unwrap().0
}

fn number(tag: &str, attribute: &str) -> usize {
    value(tag, attribute).parse().unwrap()
}

/// Reads as the consumers do, and holds the document against the elements and attributes that they know.
const VALIDATE: &str = "
import sys
import xml.etree.ElementTree as tree
KNOWN = {
    'testsuites': ({'name', 'tests', 'failures', 'errors', 'time'}, ['testsuite']),
    'testsuite': ({'name', 'tests', 'failures', 'errors', 'skipped', 'time'}, ['properties', 'testcase']),
    'properties': (set(), ['property']),
    'property': ({'name', 'value'}, []),
    'testcase': ({'classname', 'name', 'file', 'line', 'time'}, ['error', 'failure', 'skipped', 'system-out']),
    'error': ({'type', 'message'}, []),
    'failure': ({'type', 'message'}, []),
    'skipped': ({'message'}, []),
    'system-out': (set(), []),
}
def check(element):
    attributes, children = KNOWN[element.tag]
    if set(element.attrib) - attributes:
        print(element.tag, 'has', set(element.attrib) - attributes)
    places = [children.index(child.tag) for child in element]
    if places != sorted(places):
        print(element.tag, 'has its children in another order')
    for child in element:
        check(child)
root = tree.fromstring(sys.stdin.buffer.read())
check(root)
for suite in root:
    cases = suite.findall('testcase')
    counts = [len(cases)] + [len(suite.findall('testcase/' + name)) for name in ['failure', 'error', 'skipped']]
    if counts != [int(suite.get(name)) for name in ['tests', 'failures', 'errors', 'skipped']]:
        print(suite.get('name'), 'counts wrong')
";

/// Set by `cargo xtask test`.
#[test]
fn another_reader_of_xml_reads_it() {
    let Ok(python) = std::env::var("PALISADE_PYTHON") else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: JUnit by another reader of XML; PALISADE_PYTHON is not set"
        );
        return;
    };
    for report in [report(), documented(), clean(1, 1), Report::default()] {
        assert_eq!(errors(&python, &xml(&report)), "");
    }
    let broken = xml(&report()).replacen("failures=\"1\"", "failures=\"2\"", 1);
    assert_ne!(errors(&python, &broken), "", "the validation itself notices");
}

fn errors(python: &str, xml: &str) -> String {
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    validator.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator did not run");
    String::from_utf8(output.stdout).unwrap()
}
