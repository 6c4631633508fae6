//! The text that people read.

use crate::sample::{self, clean, report};
use crate::written;
use insta::assert_snapshot;
use palisade_report::{Explain, Report, TextOptions, text};
use unicode_width::UnicodeWidthStr;

fn set(report: &Report, options: &TextOptions) -> String {
    written(|to| text(report, options, &sample::source, to))
}

#[test]
fn the_whole_report_as_it_is_read() {
    assert_snapshot!(set(&report(), &TextOptions::default()));
}

#[test]
fn colour_marks_what_matters() {
    let options = TextOptions { color: true, ..TextOptions::default() };
    let colored = set(&report(), &options);
    let plain = without_colour(&colored);
    assert_eq!(plain, set(&report(), &TextOptions::default()), "colour changes nothing but colour");
    assert_snapshot!(colored.replace('\u{1b}', "␛"));
}

/// The text without the sequences that colour it.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

#[test]
fn everything_is_shown_and_explained_on_demand() {
    let options = TextOptions { explain: Explain::Whole, limit: None, ..TextOptions::default() };
    assert_snapshot!(set(&report(), &options));
}

#[test]
fn a_narrow_terminal_gets_short_lines_and_no_more_than_places() {
    let options =
        TextOptions { width: 56, explain: Explain::Nothing, limit: Some(1), ..TextOptions::default() };
    let narrow = set(&report(), &options);
    // A place is never cut, so that it can be copied.
    let long: Vec<&str> =
        narrow.lines().filter(|line| line.width() > 56 && !line.contains("cloudtrail:")).collect();
    assert_eq!(long, Vec::<&str>::new());
    assert_snapshot!(narrow);
}

#[test]
fn nothing_foreign_reaches_the_terminal_as_it_is() {
    let options = TextOptions { explain: Explain::Whole, limit: None, ..TextOptions::default() };
    let text = set(&report(), &options);
    let obeyed = |char: &char| char.is_control() && *char != '\n' || ('\u{202a}'..='\u{202e}').contains(char);
    assert_eq!(text.chars().find(obeyed), None);
}

#[test]
fn a_report_without_a_fault_is_honest_about_what_it_saw() {
    let mut covered_in_part = clean(24, 12);
    covered_in_part.coverage.without_kind = [("aws_eip".into(), 3)].into();
    covered_in_part.coverage.assessed = 9;
    let mut open = report();
    open.findings.retain(|finding| finding.verdict == palisade_model::Verdict::Unknown);
    open.diagnostics.clear();
    open.counts = clean(7, 0).counts;
    for finding in &open.findings {
        open.counts.add(finding.severity, finding.verdict);
    }
    let mut lost = clean(1, 1);
    lost.diagnostics = vec![palisade_model::Diagnostic::error("`infra/a.tf` is not UTF-8")];
    let cases = [clean(24, 12), covered_in_part, lost, clean(0, 12), clean(0, 0), open];
    let texts: Vec<String> = cases.iter().map(|report| set(report, &TextOptions::default())).collect();
    assert_snapshot!(texts.join("--------\n"));
}

#[test]
fn what_of_live_accounts_could_not_be_read_is_told_first_and_last() {
    assert_snapshot!(set(&sample::live(), &TextOptions::default()));
}

#[test]
fn the_order_of_the_findings_does_not_change_the_report() {
    let mut turned = report();
    turned.findings.reverse();
    assert_eq!(set(&turned, &TextOptions::default()), set(&report(), &TextOptions::default()));
}

#[test]
fn what_was_looked_at_is_said_in_words() {
    let cases: [(&[&str], &str); 6] = [
        (&["infra"], "from 1 file in infra."),
        (&["."], "from 1 file in this folder."),
        (&[".."], "from 1 file in the folder above."),
        (&["-"], "over 12 resources from standard input."),
        (&["a", "-"], "from 1 file in a, standard input."),
        (&["a", "b", "c", "d", "e"], "from 1 file in a, b, c and 2 more."),
    ];
    for (targets, expected) in cases {
        let mut report = clean(24, 12);
        report.targets = targets.iter().map(|target| (*target).to_owned()).collect();
        let text = set(&report, &TextOptions::default());
        assert!(text.lines().next().unwrap().ends_with(expected), "{text}");
    }
}

#[test]
fn what_may_be_secret_is_nowhere() {
    let whole = TextOptions { explain: Explain::Whole, limit: None, ..TextOptions::default() };
    let report = report();
    for written in [
        set(&report, &whole),
        written(|to| palisade_report::json(&report, to)),
        written(|to| palisade_report::ndjson(&report, to)),
        written(|to| palisade_report::sarif(&report, &palisade_report::SarifOptions::default(), to)),
    ] {
        assert!(written.contains("aws_lambda_function.f") && !written.contains("hunter2"), "{written}");
    }
}

#[test]
fn of_faults_as_severe_the_one_that_lets_strangers_in_is_read_first() {
    let text = set(&report(), &TextOptions::default());
    let position = |title: &str| text.find(&format!("high  {title}")).unwrap();
    assert!(position("Security group opens RDP") < position("Account has no trail"));
}

#[test]
fn one_place_with_several_names_is_told_once_and_counted_in_full() {
    let also = "also here: high aws/ec2/security-group-opens-rdp";
    let text = set(&report(), &TextOptions::default());
    assert!(text.contains(also) && !text.contains("on port 3389"), "{text}");
    assert!(text.contains("aws_security_group.desktop"), "the same page elsewhere stays: {text}");
    let mut missing = report();
    for finding in &mut missing.findings {
        finding.evidence.iter_mut().for_each(|evidence| evidence.value = None);
    }
    let text = set(&missing, &TextOptions::default());
    assert!(!text.contains("also here"), "what is missing at a place has a fix of its own: {text}");
    let none_shown = TextOptions { limit: Some(0), ..TextOptions::default() };
    assert!(!set(&report(), &none_shown).contains("also here"), "no place is left to tell it at");
    let mut missing = report();
    for finding in &mut missing.findings {
        finding.evidence.iter_mut().for_each(|evidence| evidence.value = None);
    }
    let text = set(&missing, &TextOptions::default());
    assert!(!text.contains("also here"), "what is missing at a place has a fix of its own: {text}");
    let none_shown = TextOptions { limit: Some(0), ..TextOptions::default() };
    assert!(!set(&report(), &none_shown).contains("also here"), "no place is left to tell it at");
    let mut unrelated = report();
    for finding in &mut unrelated.findings {
        finding.objectives.clear();
    }
    let text = set(&unrelated, &TextOptions::default());
    assert!(!text.contains("also here") && text.contains("on port 3389"), "{text}");
}
