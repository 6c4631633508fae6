//! The reference against a few documented answers; the whole of them it shares with the engine's conformance suite.

use crate::{Decision, decide};
use serde_json::{Value, json};

#[track_caller]
fn check(case: Value, expected: Decision) {
    assert_eq!(decide(&case).unwrap().decision, expected, "{case}");
}

fn asked(principal: &str, parts: Value) -> Value {
    let mut case = json!({"request": {
        "principal": principal, "action": "s3:GetObject", "resource": "arn:aws:s3:::films/a",
        "resourceAccount": "111122223333",
    }});
    for (key, value) in parts.as_object().unwrap() {
        case[key] = value.clone();
    }
    case
}

fn statement(effect: &str, more: Value) -> Value {
    let mut statement = json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*"});
    for (key, value) in more.as_object().unwrap() {
        statement[key] = value.clone();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

const USER: &str = "arn:aws:iam::111122223333:user/erin";
const STRANGER: &str = "arn:aws:iam::444455556666:user/sam";

#[test]
fn nothing_allows_by_itself() {
    check(asked(USER, json!({})), Decision::ImplicitlyDenied);
    check(asked(USER, json!({"identity": [statement("Allow", json!({}))]})), Decision::Allowed);
}

#[test]
fn a_deny_anywhere_wins() {
    let policies = json!([statement("Allow", json!({})), statement("Deny", json!({}))]);
    check(asked(USER, json!({"identity": policies})), Decision::ExplicitlyDenied);
}

#[test]
fn across_accounts_both_sides_allow() {
    let own = statement("Allow", json!({}));
    let theirs = statement("Allow", json!({"Principal": {"AWS": STRANGER}}));
    check(asked(STRANGER, json!({"identity": [own]})), Decision::ImplicitlyDenied);
    check(asked(STRANGER, json!({"resourcePolicy": theirs})), Decision::ImplicitlyDenied);
    check(asked(STRANGER, json!({"identity": [own], "resourcePolicy": theirs})), Decision::Allowed);
}

#[test]
fn what_is_not_known_is_said_to_be() {
    let condition = json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let mut case = asked(USER, json!({"identity": [statement("Allow", condition)]}));
    check(case.clone(), Decision::ImplicitlyDenied);
    case["request"]["unknown"] = json!(["aws:principalorgid"]);
    check(case, Decision::Unknown);
}
