//! Policies made to take long: the answer comes within the budget, and is unknown where that did not suffice.

use crate::questions::{allow, deny};
use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_prove::{Answer, Attached, Options, no_new_access, redundant};

fn attached(statements: &[String]) -> Attached {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
    let mut policy = Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Forgiving);
    // AWS would not store such lengths; what was read is taken at its word.
    policy.is_rejected = false;
    Attached::new(vec![policy.into()])
}

/// Compares and holds the answer to its budget; it is never that it holds when that is not so.
fn check(old: &[String], new: &[String], steps: u64, expected: &[&str]) {
    let report = no_new_access(&attached(old), &attached(new), &Options { steps, ..Options::default() });
    let word = match report.answer {
        Answer::Holds => "holds",
        Answer::Violated(_) => "violated",
        Answer::Unknown(_) => "unknown",
    };
    assert!(report.steps <= steps && report.unconfirmed == 0, "{} steps", report.steps);
    assert!(expected.contains(&word), "{word}: {:?}", report.answer);
}

fn many(count: usize, of: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(of).collect()
}

fn read(resource: &str) -> String {
    allow(&format!(r#""Action": "s3:GetObject", "Resource": "{resource}""#))
}

#[test]
fn thousands_of_wildcards_in_one_pattern() {
    let stars = |letter: char| read(&format!("arn:aws:s3:::b/{}", format!("*{letter}?").repeat(2_000)));
    check(&[stars('a')], &[stars('b')], 200_000, &["violated", "unknown"]);
    check(&[stars('a')], &[stars('a')], 200_000, &["holds"]);
}

#[test]
fn thousands_of_patterns_with_wildcards() {
    let list = |letter: char| {
        let list = many(1_500, |n| format!(r#""arn:aws:s3:::*{letter}*{n}*""#));
        allow(&format!(r#""Action": "s3:GetObject", "Resource": [{}]"#, list.join(",")))
    };
    check(&[list('a')], &[list('b')], 200_000, &["violated", "unknown"]);
    check(&[list('a')], &[list('a')], 200_000, &["holds"]);
}

#[test]
fn tens_of_thousands_of_statements() {
    let buckets = many(20_000, |n| read(&format!("arn:aws:s3:::b{n}/*")));
    check(&buckets, &[read("arn:aws:s3:::b7/x")], 1_000_000, &["holds", "unknown"]);
    check(&[read("arn:aws:s3:::b7/*")], &buckets, 1_000_000, &["violated"]);
    check(&buckets, &buckets, 1_000_000, &["unknown"]);
    let (list, report) = redundant(&attached(&buckets), &Options { steps: 100_000, ..Options::default() });
    assert!(report.steps <= 100_000 + 1 && list.iter().all(|one| one.open.is_some()), "{}", report.steps);
}

#[test]
fn denials_by_the_thousand() {
    let all = || allow(r#""Action": "s3:*", "Resource": "*""#);
    let denials = |letter: char| {
        let denial = |n| deny(&format!(r#""Action": "s3:*", "Resource": "arn:aws:s3:::*{letter}{n}*""#));
        [vec![all()], many(1_000, denial)].concat()
    };
    check(&denials('a'), &denials('b'), 300_000, &["violated", "unknown"]);
    check(&denials('a'), &denials('a'), 300_000, &["holds", "unknown"]);
}

#[test]
fn actions_in_thousands_of_ways() {
    let odd = many(3_000, |n| allow(&format!(r#""Action": "*:*{n}*a*", "Resource": "*""#)));
    check(&odd, &[read("*")], 1_000_000, &["unknown"]);
}

#[test]
fn conditions_that_have_to_be_told_apart_one_by_one() {
    let tags = |n: usize| {
        let condition = format!(
            r#""StringLike": {{"aws:RequestTag/t{n}": "*a*{n}*"}}, "StringNotLike": {{"aws:RequestTag/u{n}": "*b*"}}"#
        );
        deny(&format!(r#""Action": "*", "Resource": "*", "Condition": {{{condition}}}"#))
    };
    let all = || allow(r#""Action": "*", "Resource": "*""#);
    let shut = [vec![all()], many(400, tags)].concat();
    check(&shut, &[all()], 200_000, &["violated"]);
    check(&[read("*")], &shut, 200_000, &["violated", "unknown"]);
}
