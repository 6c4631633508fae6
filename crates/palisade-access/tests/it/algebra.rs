//! The corpus's cases about single permissions: the prover must find what they expect.

use crate::conformance::corpus;
use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_prove::{Answer, Attached, Options, equivalent, no_new_access};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The names of operators as policies write them; the corpus has some in lower case.
fn spelled(conditions: &Value) -> Value {
    let mut all = Map::new();
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        let (quantifier, base) =
            operator.split_once(':').map_or(("", operator.as_str()), |(q, base)| (q, base));
        let (base, suffix) = match base.to_ascii_lowercase().strip_suffix("ifexists") {
            Some(base) => (base.to_owned(), "IfExists"),
            None => (base.to_ascii_lowercase(), ""),
        };
        let base = palisade_iam::Operator::names().find(|name| name.to_ascii_lowercase() == base).unwrap();
        let quantifier = match quantifier.to_ascii_lowercase().as_str() {
            "" => "",
            "foranyvalue" => "ForAnyValue:",
            _ => "ForAllValues:",
        };
        all.insert(format!("{quantifier}{base}{suffix}"), keys.clone());
    }
    Value::Object(all)
}

fn statement(permission: &Value) -> Value {
    let mut statement = json!({"Effect": permission["effect"], "Action": permission["action"]});
    match &permission["notResource"] {
        Value::Null => statement["Resource"] = permission["resource"].clone(),
        not => statement["NotResource"] = not.clone(),
    }
    if permission["conditions"].is_object() {
        statement["Condition"] = spelled(&permission["conditions"]);
    }
    statement
}

fn attached(statements: Vec<Value>) -> Attached {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&text, &"case".into(), PolicyKind::Identity, Strictness::Strict);
    Attached::new(vec![Arc::new(policy)])
}

/// Denials of all that a permission is not about.
fn outside(permission: &Value) -> Vec<Value> {
    let mut all = vec![json!({"Effect": "Deny", "NotAction": permission["action"], "Resource": "*"})];
    match &permission["notResource"] {
        Value::Null => {
            all.push(json!({"Effect": "Deny", "Action": "*", "NotResource": permission["resource"]}))
        }
        not => all.push(json!({"Effect": "Deny", "Action": "*", "Resource": not})),
    }
    all.extend(unmet(&permission["conditions"]));
    all
}

/// Denials of all that does not meet some conditions.
fn unmet(conditions: &Value) -> Vec<Value> {
    let deny =
        |condition: Value| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
    let mut all = Vec::new();
    for (operator, keys) in spelled(conditions).as_object().unwrap() {
        for (key, values) in keys.as_object().unwrap() {
            let absent = json!({"Null": {key: "true"}});
            let (base, if_exists) = match operator.strip_suffix("IfExists") {
                Some(base) => (base, true),
                None => (operator.as_str(), false),
            };
            let flipped = || if values[0] == "true" { "false" } else { "true" };
            match (base, palisade_iam::Operator::opposite(base)) {
                ("Null", _) => all.push(deny(json!({"Null": {key: flipped()}}))),
                ("Bool", _) => {
                    all.push(deny(json!({"Bool": {key: flipped()}})));
                    all.extend((!if_exists).then(|| deny(absent)));
                }
                (_, Some(opposite)) if if_exists => {
                    all.push(deny(json!({opposite: {key: values}, "Null": {key: "false"}})));
                }
                (base, Some(opposite)) => {
                    all.push(deny(json!({opposite: {key: values}})));
                    let is_met_without = base.contains("Not") || base.starts_with("ForAllValues");
                    all.extend((!is_met_without).then(|| deny(absent)));
                }
                (_, None) => panic!("{operator} has no opposite"),
            }
        }
    }
    all
}

/// Cases that differ, and what AWS's documentation says against them.
const OVERRIDES: &[(&str, &str)] = &[
    ("both notresource permissions", NOT_RESOURCE),
    ("intersection of resource list and notResource exclusion", NOT_RESOURCE),
    ("Allow.NotResource & Deny.NotResource - Deny pattern is superset of allow pattern", NOT_RESOURCE),
    (
        "Allow.Resource & Deny.NotResource with Conditions - Wildcard allow, multiple deny conditions",
        IF_EXISTS,
    ),
    (
        "Allow.Resource & Deny.NotResource with Conditions - Different NotResource, multiple conditions",
        IF_EXISTS,
    ),
    ("Apply deny with StringEqualsIfExists condition preserves IfExists", IF_EXISTS),
    ("invert IpAddressIfExists", IF_EXISTS),
    (
        "Deny without conditions returns allow unchanged",
        "\"an explicit deny in any policy overrides any allows\" (Policy evaluation logic)",
    ),
    ("Apply deny with ForAllValues:StringEquals condition", SETS),
    ("invert ForAllValues:StringEqualsIfExists", SETS),
    ("invert ForAnyValue:StringEquals", SETS),
    ("invert ForAnyValue:StringLikeIfExists", SETS),
    (
        "intersect NotIpAddress with same key - common CIDRs",
        "of two exclusions both hold: \"NotIpAddress: all IP addresses except the specified\" (Condition operators)",
    ),
];

/// IAM user guide, "AWS JSON policy elements: NotResource".
const NOT_RESOURCE: &str = "\"NotResource matches every resource except those specified\", so what only one of the two spares stays apart";
/// IAM user guide, "AWS JSON policy elements: Condition operators", "…IfExists".
const IF_EXISTS: &str = "\"if the key is not present, evaluate the condition element as true\", so the opposite of IfExists requires the key";
/// IAM user guide, "Multivalued context keys" and "Condition operators".
const SETS: &str = "ForAllValues is true for no value and for an empty one; its negated form on a missing key two pages tell in two ways";

#[derive(Default)]
struct Tally {
    asked: usize,
    contradicted: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn hold(&mut self, name: &str, answer: &Answer, expected: bool) {
        self.asked += 1;
        let is_it = match answer {
            Answer::Holds => expected,
            Answer::Violated(_) => !expected,
            Answer::Unknown(_) => false,
        };
        match OVERRIDES.iter().any(|(of, _)| *of == name) {
            true => self.contradicted += usize::from(!is_it),
            false if !is_it => self.wrong.push(format!("{name}: {expected} is expected: {answer:?}")),
            false => {}
        }
    }
}

fn cases(folder: &std::path::Path, name: &str) -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn the_algebra_of_permissions_is_as_the_corpus_expects() {
    let Some(folder) = corpus() else { return };
    let options = Options::default();
    let mut tally = Tally::default();
    let list =
        |value: &Value| -> Vec<Value> { value.as_array().into_iter().flatten().map(statement).collect() };
    for case in cases(&folder, "permissionIncludesTests.json") {
        let (wide, narrow) = (
            attached(vec![statement(&case["permission"])]),
            attached(vec![statement(&case["otherPermission"])]),
        );
        let answer = no_new_access(&wide, &narrow, &options).answer;
        tally.hold(case["name"].as_str().unwrap(), &answer, case["included"] == true);
    }
    for case in cases(&folder, "permissionUnionTests.json") {
        let both = attached(vec![statement(&case["first"]), statement(&case["second"])]);
        let merged =
            if case["merged"].is_array() { list(&case["merged"]) } else { vec![statement(&case["merged"])] };
        // What can't be one statement stays two.
        let merged = if case["merged"].is_null() || case["merged"] == false {
            list(&json!([case["first"], case["second"]]))
        } else {
            merged
        };
        tally.hold(
            case["name"].as_str().unwrap(),
            &equivalent(&both, &attached(merged), &options).answer,
            true,
        );
    }
    for case in cases(&folder, "intersectionTests.json") {
        let name = case["name"].as_str().unwrap();
        let mut both = vec![statement(&case["permission"])];
        both.extend(outside(&case["otherPermission"]));
        let expected = match &case["intersection"] {
            Value::Null => Vec::new(),
            Value::Array(_) => list(&case["intersection"]),
            one => vec![statement(one)],
        };
        tally.hold(name, &equivalent(&attached(both), &attached(expected), &options).answer, true);
    }
    for name in ["subtractTests.json", "applyDenyConditionsToAllowTests.json"] {
        for case in cases(&folder, name) {
            let both = attached(vec![statement(&case["allow"]), statement(&case["deny"])]);
            let expected = attached(list(&case["expected"]));
            tally.hold(case["name"].as_str().unwrap(), &equivalent(&both, &expected, &options).answer, true);
        }
    }
    let on = |effect: &str, conditions: &Value| {
        statement(
            &json!({"effect": effect, "action": "s3:GetObject", "resource": ["*"], "conditions": conditions}),
        )
    };
    let always = on("Allow", &Value::Null);
    for case in cases(&folder, "intersectConditionsTests.json") {
        // The opposite of a set operator is not one statement: that it is within both is what can be asked.
        if case["initialB"].to_string().contains("ForAllValues") {
            let expected = attached(vec![on("Allow", &case["expected"])]);
            for side in ["initialA", "initialB"] {
                let side = attached(vec![on("Allow", &case[side])]);
                let answer = no_new_access(&side, &expected, &options).answer;
                tally.hold(case["name"].as_str().unwrap(), &answer, true);
            }
            continue;
        }
        let mut both = vec![on("Allow", &case["initialA"])];
        both.extend(unmet(&case["initialB"]));
        let expected = match &case["expected"] {
            Value::Null => Vec::new(),
            one => vec![on("Allow", one)],
        };
        let answer = equivalent(&attached(both), &attached(expected), &options).answer;
        tally.hold(case["name"].as_str().unwrap(), &answer, true);
    }
    for case in cases(&folder, "invertConditionsTests.json") {
        let both = attached(vec![always.clone(), on("Deny", &case["initial"])]);
        let expected = match &case["expected"] {
            Value::Array(several) => several.iter().map(|of| on("Allow", of)).collect(),
            one => vec![on("Allow", one)],
        };
        tally.hold(
            case["name"].as_str().unwrap(),
            &equivalent(&both, &attached(expected), &options).answer,
            true,
        );
    }
    eprintln!(
        "permission algebra: {} questions, {} as expected, {} that AWS's documentation contradicts",
        tally.asked,
        tally.asked - tally.contradicted - tally.wrong.len(),
        tally.contradicted
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
}
