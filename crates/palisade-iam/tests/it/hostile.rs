//! Hostile input: large, deep, repeated, look-alike. Each gives a diagnostic or an answer, and soon.

use crate::conformance::corpora;
use palisade_iam::{Case, Level, Outcome, Policy, PolicyKind, Question, Strictness};
use std::sync::Arc;

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

/// The outcome for a user in the account of the bucket, or in another, whose policy of some layer is this text.
fn with_text(kind: PolicyKind, text: &str, principal: &str) -> Outcome {
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let identity = if kind == PolicyKind::Identity { "[]".to_owned() } else { format!("[{allow}]") };
    let line = format!(
        r#"{{"request": {{"principal": "{principal}", "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/k",
        "resourceAccount": "111122223333"}}, "identity": {identity}}}"#
    );
    let question = Case::parse(&line, &"case".into(), 1).unwrap().question;
    let mut policies = question.policies().clone();
    let policy = Arc::new(Policy::parse(text, &"p.json".into(), kind, Strictness::Strict));
    assert!(policy.is_rejected && !policy.diagnostics.is_empty(), "{text}");
    let level = Level { at: "root".into(), policies: vec![policy.clone()] };
    match kind {
        PolicyKind::Identity => policies.identity.push(policy),
        PolicyKind::Resource | PolicyKind::Trust => policies.resource = Some(policy),
        PolicyKind::Boundary => policies.boundaries.push(policy),
        PolicyKind::Session => policies.session.push(policy),
        PolicyKind::Endpoint => policies.endpoints.push(policy),
        PolicyKind::ServiceControl => policies.scps.push(level),
        PolicyKind::ResourceControl => policies.rcps.push(level),
    }
    Question::new(question.request().clone(), policies).decide().outcome
}

const ERIN: &str = "arn:aws:iam::111122223333:user/erin";
const SAM: &str = "arn:aws:iam::444455556666:user/sam";

// A text that ends early is one that AWS refuses: it allows nothing, and what it denies is not known.
#[test]
fn a_policy_that_is_cut_off_grants_nothing_in_any_layer() {
    for cut in [
        "",
        "{",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Eff"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*""#,
    ] {
        let check = |kind: PolicyKind, principal: &str, expected: Outcome| {
            assert_eq!(with_text(kind, cut, principal), expected, "{kind:?} {cut}");
        };
        for kind in [
            PolicyKind::Identity,
            PolicyKind::Boundary,
            PolicyKind::Session,
            PolicyKind::Endpoint,
            PolicyKind::ServiceControl,
        ] {
            check(kind, ERIN, Outcome::ImplicitlyDenied);
        }
        // Within the account the identity policy allows it, and whether these deny it nobody can tell.
        check(PolicyKind::Resource, ERIN, Outcome::Unknown);
        check(PolicyKind::ResourceControl, ERIN, Outcome::Unknown);
        check(PolicyKind::Resource, SAM, Outcome::ImplicitlyDenied);
    }
}

#[test]
fn what_a_policy_denies_before_it_is_cut_off_is_denied() {
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"},{"Eff"#;
    for kind in [PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Session, PolicyKind::ServiceControl]
    {
        assert_eq!(with_text(kind, text, ERIN), Outcome::ExplicitlyDenied, "{kind:?}");
    }
}

// Nothing of it is missing, so what it denies is known too: nothing.
#[test]
fn a_policy_that_aws_refuses_and_that_can_be_read_grants_nothing_and_hides_nothing() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Extra":1}]}"#;
    assert_eq!(with_text(PolicyKind::Identity, text, ERIN), Outcome::ImplicitlyDenied);
    assert_eq!(with_text(PolicyKind::Boundary, text, ERIN), Outcome::ImplicitlyDenied);
    assert_eq!(with_text(PolicyKind::Resource, text, ERIN), Outcome::Allowed);
    assert_eq!(with_text(PolicyKind::Resource, text, SAM), Outcome::ImplicitlyDenied);
}

/// The outcome for a user of an account where a bucket policy's `Principal` or `NotPrincipal` holds a value that is not
/// known beside another user.
fn with_open_principal(effect: &str, element: &str, principal: &str, is_open: bool) -> Outcome {
    use palisade_model::{Node, Origin, Span, Value, Why};
    let origin = || Origin::File(Span::new(Arc::<str>::from("p.tf"), (1, 1), (1, 1)));
    let text = |text: &str| Node::new(Value::text(text), origin());
    let map = |entries: Vec<(&str, Node)>| {
        Node::new(Value::map(entries.into_iter().map(|(key, node)| (key.into(), node))), origin())
    };
    let unknown = || Node::unknown(Why::NotEvaluated("aws_iam_user.other".into()), origin());
    let mut named = vec![text("arn:aws:iam::444455556666:user/oleg")];
    named.extend(is_open.then(unknown));
    let named = map(vec![("AWS", Node::new(Value::list(named), origin()))]);
    let action = || ("Action", text("s3:*"));
    let statement = map(vec![("Effect", text(effect)), (element, named), action(), ("Resource", text("*"))]);
    let all =
        map(vec![("Effect", text("Allow")), ("Principal", text("*")), action(), ("Resource", text("*"))]);
    let statements = if effect == "Deny" { vec![all, statement] } else { vec![statement] };
    let statements = Node::new(Value::list(statements), origin());
    let document = map(vec![("Version", text("2012-10-17")), ("Statement", statements)]);
    let line = format!(
        r#"{{"request": {{"principal": "{principal}", "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/k",
        "resourceAccount": "111122223333"}},
        "identity": [{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*"}}]}}]}}"#
    );
    let question = Case::parse(&line, &"case".into(), 1).unwrap().question;
    let mut policies = question.policies().clone();
    let policy = Policy::from_node(&document, "p.tf", PolicyKind::Resource, Strictness::Strict);
    assert!(!policy.is_rejected, "{:?}", policy.diagnostics);
    policies.resource = Some(Arc::new(policy));
    Question::new(question.request().clone(), policies).decide().outcome
}

#[test]
fn anybody_may_be_named_in_the_part_of_a_principal_that_is_not_known() {
    let check = |effect: &str, element: &str, is_open: bool, expected: Outcome| {
        let outcome = with_open_principal(effect, element, SAM, is_open);
        assert_eq!(outcome, expected, "{effect} {element} {is_open}");
    };
    check("Allow", "Principal", false, Outcome::ImplicitlyDenied);
    check("Allow", "Principal", true, Outcome::Unknown);
    check("Deny", "Principal", false, Outcome::Allowed);
    check("Deny", "Principal", true, Outcome::Unknown);
    check("Deny", "NotPrincipal", false, Outcome::ExplicitlyDenied);
    check("Deny", "NotPrincipal", true, Outcome::Unknown);
    // Within the account a statement that perhaps allows changes nothing where the identity's own policy does.
    assert_eq!(with_open_principal("Allow", "Principal", ERIN, true), Outcome::Allowed);
}
