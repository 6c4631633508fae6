//! What is suppressed or known is told, and does not count.

use crate::sample::{accepted, clean};
use crate::written;
use palisade_model::{Finding, Severity, SuppressedBy, Verdict};
use palisade_report::{
    ComparedWith, Comparison, Report, SarifOptions, TextOptions, github, json, junit, ndjson, sarif, text,
};
use serde_json::Value;

fn report() -> Report {
    let mut in_source = accepted();
    in_source.suppression.by = SuppressedBy::Comment;
    in_source.suppression.reason = "odd \u{1b}[2J <reason>".into();
    in_source.finding.severity = Severity::High;
    let comparison = |with, name: &str, known, gone| Comparison { with, name: name.to_owned(), known, gone };
    Report {
        suppressed: vec![accepted(), in_source],
        comparisons: vec![
            comparison(ComparedWith::Baseline, "`b.json`", 1, 0),
            comparison(ComparedWith::Revision, "`main`", 1_200, 2),
        ],
        ..clean(3, 5)
    }
}

fn as_text(report: &Report, limit: Option<usize>) -> String {
    let options = TextOptions { limit, ..TextOptions::default() };
    written(|to| text(report, &options, &|_| None, to))
}

#[test]
fn the_text_says_how_many_and_with_all_which() {
    let said = as_text(&report(), Some(5));
    let begin = "\nNothing else fails; 3 pass.\n2 findings are suppressed. 1 finding is known from the baseline `b.json`. 1,200 \
                 findings are in\n`main` as well; 2 that were there are gone.\n";
    assert!(said.contains(begin), "{said}");
    assert!(!said.contains("scratch data"), "{said}");
    let said = as_text(&report(), None);
    let all = "\nSuppressed (2)\n  high aws/ec2/volume-not-encrypted\n    infra/main.tf:9:15  aws_ebs_volume.scratch\n";
    assert!(said.contains(all), "{said}");
    assert!(
        said.contains("    it holds nothing but scratch data (.palisade.toml:2:9, until 2027-01-31)\n"),
        "{said}"
    );
}

#[test]
fn a_report_of_which_all_is_left_out_does_not_say_that_nothing_was_checked() {
    let said = as_text(&Report { suppressed: vec![accepted()], ..clean(0, 1) }, None);
    assert!(said.contains("Nothing else fails; 0 pass."), "{said}");
}

#[test]
fn the_json_lists_them_apart_from_what_counts() {
    let document: Value = serde_json::from_str(&written(|to| json(&report(), to))).unwrap();
    assert_eq!((&document["findings"], &document["counts"]["fails"]), (&Value::Array(vec![]), &0.into()));
    let by = |at: usize| document["suppressed"][at]["suppression"]["by"].clone();
    assert_eq!((by(0), by(1)), ("comment".into(), "settings".into()), "the severest first");
    assert_eq!(written(|to| ndjson(&report(), to)), "");
}

#[test]
fn sarif_says_that_they_are_accepted() {
    let results = |suppressed| {
        let options = SarifOptions { suppressed, ..SarifOptions::default() };
        let log: Value = serde_json::from_str(&written(|to| sarif(&report(), &options, to))).unwrap();
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    let all = results(true);
    let kinds: Vec<&Value> = all.iter().map(|result| &result["suppressions"][0]["kind"]).collect();
    assert_eq!(kinds, ["inSource", "external"]);
    assert_eq!(all[1]["suppressions"][0]["status"], "accepted");
    assert_eq!(all[1]["suppressions"][0]["justification"], "it holds nothing but scratch data");
    assert_eq!(all[0]["suppressions"][0]["justification"], "odd ␛[2J <reason>");
    assert_eq!(results(false), Vec::<Value>::new());
}

#[test]
fn junit_skips_them() {
    let xml = written(|to| junit(&report(), to));
    let suite = "<testsuite name=\"aws/ec2/volume-not-encrypted\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"2\"";
    assert!(xml.contains(suite), "{xml}");
    let skipped = "<skipped message=\"suppressed: it holds nothing but scratch data (.palisade.toml:2:9)\">";
    assert!(xml.contains(skipped), "{xml}");
    assert!(xml.contains("suppressed: odd ␛[2J &lt;reason&gt; "), "{xml}");
}

#[test]
fn github_annotates_none_of_them_and_ends_with_their_number() {
    let said = written(|to| github(&report(), to));
    assert!(!said.contains("::"), "{said}");
    assert!(said.contains("2 findings are suppressed."), "{said}");
}

#[test]
fn lines_with_secrets_of_what_is_left_out_are_not_quoted() {
    let mut report = report();
    let place = report.suppressed[0].finding.origin.span().unwrap().clone();
    report.diagnostics = vec![palisade_model::Diagnostic::warning("odd").at(place.clone())];
    let source = |_: &str| Some("\n\n\n\n\n\n\n\n  password = \"hunter2\"\n".into());
    let said = |report: &Report| written(|to| text(report, &TextOptions::default(), &source, to));
    assert!(said(&report).contains("hunter2"));
    let with_secret = |finding: &mut Finding| finding.evidence[0].is_secret = true;
    with_secret(&mut report.suppressed[0].finding);
    assert!(!said(&report).contains("hunter2"));
    report.suppressed.clear();
    report.secrets = vec![place];
    assert!(!said(&report).contains("hunter2"));
    assert!(report.findings.iter().all(|finding| finding.verdict != Verdict::Fails));
}
