//! The algebra of permissions of another project's tests, where they are at hand (`PALISADE_CORPORA`): each is a question
//! whether one set of requests is another.

use palisade_iam::{Operator, Policy, PolicyKind, Strictness};
use palisade_prove::{Answer, Attached, Options, equivalent, no_new_access};
use serde_json::{Map, Value, json};
use std::path::Path;

const NOT_RESOURCE: &str =
    "reference_policies_elements_notresource: it matches every resource except those specified";
const IF_EXISTS: &str =
    "reference_policies_elements_condition_operators: if the key is not present, IfExists is true";
const ALL_VALUES: &str =
    "reference_policies_condition-single-vs-multi-valued-context-keys: ForAllValues is true for an empty set";
const NO_PAGE: &str = "of negated set operators and of ForAnyValue with IfExists on an absent key no page tells, or two disagree";
const NEGATED: &str = "reference_policies_condition-logic-multiple-context-keys-or-values: of a negated operator no value may match";
const NO_SET: &str = "whether one permission can say it is no question about requests";

/// The cases, by file and place, that we answer otherwise, and the AWS page that says why.
const DIFFERENT: [(&str, usize, &str); 16] = [
    ("permissionIncludesTests", 12, NOT_RESOURCE),
    ("intersectionTests", 9, NOT_RESOURCE),
    ("permissionUnionTests", 2, NO_SET),
    ("permissionUnionTests", 4, NO_SET),
    ("permissionUnionTests", 5, NO_SET),
    ("subtractTests", 22, IF_EXISTS),
    ("subtractTests", 23, IF_EXISTS),
    ("subtractTests", 34, NOT_RESOURCE),
    ("invertConditionsTests", 2, NO_PAGE),
    ("invertConditionsTests", 3, ALL_VALUES),
    ("invertConditionsTests", 4, NO_PAGE),
    ("invertConditionsTests", 5, IF_EXISTS),
    ("intersectConditionsTests", 8, NEGATED),
    // It is about the conditions alone, whatever the resources of the denial.
    ("applyDenyConditionsToAllowTests", 4, NO_SET),
    ("applyDenyConditionsToAllowTests", 6, ALL_VALUES),
    ("applyDenyConditionsToAllowTests", 7, IF_EXISTS),
];

/// One statement of a permission: effect, action, resources, conditions.
fn statement(permission: &Value, effect: &str) -> Value {
    let mut made = json!({"Effect": effect, "Action": permission["action"]});
    for (name, element) in [("resource", "Resource"), ("notResource", "NotResource")] {
        if let Some(list) = permission.get(name) {
            made[element] = list.clone();
        }
    }
    if let Some(conditions) =
        permission.get("conditions").filter(|c| c.as_object().is_some_and(|c| !c.is_empty()))
    {
        made["Condition"] = spelled(conditions);
    }
    made
}

fn everything(effect: &str, conditions: &Value) -> Value {
    statement(&json!({"action": "*", "resource": ["*"], "conditions": conditions}), effect)
}

/// Conditions with their operators as AWS spells them.
fn spelled(conditions: &Value) -> Value {
    let quantifiers = ["", "ForAllValues:", "ForAnyValue:"];
    let names = Operator::names().flat_map(|name| ["", "IfExists"].map(|suffix| format!("{name}{suffix}")));
    let names: Vec<String> = names.flat_map(|name| quantifiers.map(|q| format!("{q}{name}"))).collect();
    let mut made = Map::new();
    for (operator, keys) in conditions.as_object().unwrap() {
        let name = names.iter().find(|name| name.eq_ignore_ascii_case(operator)).unwrap_or(operator);
        made.insert(name.clone(), keys.clone());
    }
    Value::Object(made)
}

fn attached(statements: &[Value]) -> Attached {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let mut policy = Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Forgiving);
    policy.is_rejected = false;
    Attached::new(vec![policy.into()])
}

fn is_within(new: &[Value], old: &[Value]) -> Answer {
    no_new_access(&attached(old), &attached(new), &Options::default()).answer
}

fn is_same(one: &[Value], other: &[Value]) -> Answer {
    equivalent(&attached(one), &attached(other), &Options::default()).answer
}

/// Is what both allow just this? What one allows beyond it, the other must not.
fn is_intersection(one: Value, other: Value, of_other: Value, expected: Option<[Value; 2]>) -> Answer {
    let all = everything("Allow", &json!({}));
    let mut rest = vec![one.clone()];
    if let Some([allowed, denied]) = expected {
        for side in [&one, &other] {
            match is_within(std::slice::from_ref(&allowed), std::slice::from_ref(side)) {
                Answer::Holds => {}
                answer => return answer,
            }
        }
        rest.push(denied);
    }
    is_within(&rest, &[all, of_other])
}

fn list(permissions: &Value) -> Vec<Value> {
    let one = |permission: &Value| statement(permission, permission["effect"].as_str().unwrap());
    permissions.as_array().unwrap().iter().map(one).collect()
}

/// What the test says, and what we answer; nothing for what is not about sets of requests.
fn answer(file: &str, case: &Value) -> Option<(bool, Answer)> {
    let allow = |name: &str| statement(&case[name], "Allow");
    let deny = |name: &str| statement(&case[name], "Deny");
    Some(match file {
        "permissionIncludesTests" => {
            (case["included"] == true, is_within(&[allow("otherPermission")], &[allow("permission")]))
        }
        "intersectionTests" => {
            let expected = match &case["intersection"] {
                Value::Object(_) => Some([allow("intersection"), deny("intersection")]),
                _ => None,
            };
            let other = (allow("otherPermission"), deny("otherPermission"));
            (true, is_intersection(allow("permission"), other.0, other.1, expected))
        }
        "permissionUnionTests" => match &case["merged"] {
            Value::Object(_) => (true, is_same(&[allow("first"), allow("second")], &[allow("merged")])),
            // Whether one permission can say it is no question about requests.
            _ => return None,
        },
        "subtractTests" | "applyDenyConditionsToAllowTests" => {
            (true, is_same(&[allow("allow"), deny("deny")], &list(&case["expected"])))
        }
        "invertConditionsTests" => {
            let all = everything("Allow", &json!({}));
            let inverted: Vec<Value> = match &case["expected"] {
                Value::Array(list) => list.iter().map(|one| everything("Allow", one)).collect(),
                one => vec![everything("Allow", one)],
            };
            (true, is_same(&[all, everything("Deny", &case["initial"])], &inverted))
        }
        "intersectConditionsTests" => {
            let [one, other] = ["initialA", "initialB"].map(|name| &case[name]);
            let expected = (!case["expected"].is_null())
                .then(|| ["Allow", "Deny"].map(|effect| everything(effect, &case["expected"])));
            let (allows, denies) = (everything("Allow", other), everything("Deny", other));
            (true, is_intersection(everything("Allow", one), allows, denies, expected))
        }
        _ => return None,
    })
}

#[test]
fn the_algebra_of_permissions_is_answered() {
    let Some(corpora) = std::env::var_os("PALISADE_CORPORA") else {
        println!("SKIPPED the algebra of permissions (no PALISADE_CORPORA)");
        return;
    };
    let folder = Path::new(&corpora).join("iam/who-can");
    let (mut agree, mut differ) = (0, Vec::new());
    for file in [
        "permissionIncludesTests",
        "intersectionTests",
        "permissionUnionTests",
        "subtractTests",
        "invertConditionsTests",
        "intersectConditionsTests",
        "applyDenyConditionsToAllowTests",
    ] {
        let Ok(text) = std::fs::read_to_string(folder.join(file).with_extension("json")) else {
            println!("SKIPPED {file} (it is not there)");
            return;
        };
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        for (number, case) in cases.iter().enumerate() {
            let found = answer(file, case);
            if matches!(found, Some((true, Answer::Holds)) | Some((false, Answer::Violated(_)))) {
                agree += 1;
            } else {
                println!("{file} {number}: {}: {found:?}", case["name"]);
                differ.push((file, number));
            }
        }
    }
    let known: Vec<(&str, usize)> = DIFFERENT.iter().map(|(file, number, _)| (*file, *number)).collect();
    println!("{agree} agree, {} differ", differ.len());
    assert_eq!(differ, known);
}
