//! Hostile input: large, deep, repeated, look-alike. Each gives a diagnostic or an answer, and soon.

use crate::conformance::corpora;
use palisade_iam::{Case, Outcome, Policy, PolicyKind, Strictness};

fn read(text: &str) -> Policy {
    Policy::parse(text, &"p.json".into(), PolicyKind::Identity, Strictness::Strict)
}

fn answer(statements: &str) -> Outcome {
    let line = format!(
        r#"{{"request": {{"principal": "arn:aws:iam::111122223333:user/erin", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::reports/{}", "resourceAccount": "111122223333"}},
        "identity": [{{"Version": "2012-10-17", "Statement": [{statements}]}}]}}"#,
        "a".repeat(1_000)
    );
    Case::parse(&line, &"case".into(), 1).unwrap().answer().outcome
}

#[test]
fn a_policy_of_ten_megabytes_is_read_and_refused() {
    let resources: Vec<String> =
        (0..200_000).map(|n| format!("\"arn:aws:s3:::bucket-with-a-long-name-{n:010}/*\"")).collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":[{}]}}]}}"#,
        resources.join(",")
    );
    assert!(text.len() > 10_000_000);
    let policy = read(&text);
    assert!(policy.is_rejected);
    assert!(policy.diagnostics[0].message.contains("AWS stores none above"), "{}", policy.diagnostics[0]);
}

#[test]
fn a_hundred_thousand_statements_are_read_and_decided() {
    let statements: Vec<String> =
        (0..100_000).map(|n| format!(r#"{{"Effect":"Allow","Action":"svc{n}:*","Resource":"*"}}"#)).collect();
    assert_eq!(answer(&statements.join(",")), Outcome::ImplicitlyDenied);
}

#[test]
fn patterns_of_stars_are_decided_at_once() {
    let pattern = "a*".repeat(400);
    let deny = format!(r#"{{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::reports/{pattern}b"}}"#);
    let allow = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::reports/{pattern}"}}"#);
    assert_eq!(answer(&format!("{deny},{allow}")), Outcome::Allowed);
    let ones = format!(
        r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::reports/{}b"}}"#,
        "*a?".repeat(300)
    );
    assert_eq!(answer(&ones), Outcome::ImplicitlyDenied);
}

#[test]
fn wildcards_in_every_field_of_an_arn_are_read() {
    let field =
        |resource: &str| answer(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#));
    assert_eq!(field("arn:*:*:*:*:*"), Outcome::Allowed);
    assert_eq!(field("arn:?ws:s3:*::*"), Outcome::Allowed);
    assert_eq!(field("*:*:*:*:*:*"), Outcome::Allowed);
    assert_eq!(field("arn:aws:s3:?::*"), Outcome::ImplicitlyDenied);
    let service = read(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s*:::b"}]}"#,
    );
    assert!(service.is_rejected);
}

#[test]
fn look_alikes_are_not_what_they_look_like() {
    for action in ["s３:GetObject", "s3\u{FF1A}GetObject", "s3:Get\u{200B}Object", "ѕ3:GetObject"] {
        assert_eq!(
            answer(&format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#)),
            Outcome::ImplicitlyDenied,
            "{action}"
        );
    }
}

#[test]
fn keys_given_twice_are_refused_and_denials_of_a_refused_policy_still_deny() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    assert!(read(text).is_rejected);
    let line = |statements: &str| {
        let policy = read(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#));
        let case = Case::parse(
            r#"{"request": {"principal": "arn:aws:iam::111122223333:user/erin", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resourceAccount": "111122223333"}}"#,
            &"case".into(),
            1,
        );
        let question = case.unwrap().question;
        let mut policies = question.policies().clone();
        policies.identity.push(policy.into());
        palisade_iam::decide(question.request(), &policies).outcome
    };
    let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    assert_eq!(line(allow), Outcome::Allowed);
    assert_eq!(
        line(&format!(r#"{allow},{{"Effect":"Allow","Action":"*","Resource":"*","Foo":1}}"#)),
        Outcome::ImplicitlyDenied
    );
    let odd = r#"{"Effect":"Deny","Action":"*","Resource":"*","Foo":1}"#;
    assert_eq!(line(&format!("{allow},{odd}")), Outcome::ExplicitlyDenied);
    // What a denial with an operator that nobody knows denies is not known, so nothing is allowed for certain.
    let unknown = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringIs":{"a:b":"c"}}}"#;
    assert_eq!(line(unknown), Outcome::ImplicitlyDenied);
}

#[test]
fn what_is_no_case_is_a_diagnostic() {
    for line in [
        "",
        "[]",
        "{}",
        "{\"request\": 1}",
        "{\"request\": {\"principal\": \"x\"}}",
        "{\"request\": {\"principal\": \"anonymous\", \"action\": \"all\"}}",
        "{",
        "null",
    ] {
        assert!(Case::parse(line, &"case".into(), 1).is_err(), "{line}");
    }
}

#[test]
fn the_policies_that_aws_manages_are_read_without_complaint() {
    let Some(folder) = corpora().map(|folder| folder.join("managed-policies")) else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let policy = read(&json["PolicyVersion"]["Document"].to_string());
        count += 1;
        if !policy.diagnostics.is_empty() {
            wrong.push(format!("{}: {}", path.display(), policy.diagnostics[0]));
        }
    }
    println!("{count} managed policies, {} with complaints", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
