//! The engine against plain regorus: on known inputs the two agree to the letter; on inputs with unknown parts every
//! way of filling them in agrees with the verdict.

use super::*;

fn oracle(rule: &RuleText<'_>, input: &Input) -> Result<Vec<crate::Failure>, String> {
    let judgement = fallback(rule)?.judge(input);
    judgement.problem.map_or(Ok(judgement.failures), Err)
}

use palisade_model::{
    Address, Attribute, Existence, Hint, List, Map, Node, Origin, Path, RawResource, Resource, Segment,
    Shape, Source, Unknown, Value, Verdict, Why,
};
use serde_json::{Value as Json, json};

fn origin() -> Origin {
    Origin::Documented("a test".into())
}

/// JSON as a node: `"?"` may be anything or nothing, `"?text"` is some text, `"?more"` in a list is maybe more items.
fn node(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => Value::Number(number.clone()),
        Json::String(text) => match text.as_str() {
            "?" => Value::Unknown(Why::NoValue("var.x".into()).into()),
            "?text" => Value::Unknown(Unknown {
                why: Why::AfterApply("aws_kms_key.k.arn".into()),
                hint: Hint {
                    is_present: true,
                    shape: Some(Shape::Text),
                    refers_to: vec![],
                    starts_with: None,
                    ends_with: None,
                },
            }),
            text => Value::text(text),
        },
        Json::Array(items) => Value::List(List {
            items: items.iter().filter(|item| *item != "?more").map(node).collect(),
            more: items
                .iter()
                .any(|item| item == "?more")
                .then(|| Why::NotListed("a template".into()).into()),
        }),
        Json::Object(entries) => Value::Map(Map {
            entries: entries.iter().map(|(key, value)| (key.as_str().into(), node(value))).collect(),
            more: None,
        }),
    };
    Node::new(value, origin())
}

pub(super) fn resource(json: &Json) -> Resource {
    let Json::Object(entries) = json else { panic!("an object is expected") };
    let attributes = entries.iter().map(|(name, value)| {
        let node = node(value);
        let attribute = match node.value {
            Value::Unknown(unknown) => Attribute::Unknown(unknown, origin()),
            _ => Attribute::Known(node),
        };
        (name.as_str().into(), attribute)
    });
    Resource {
        kind: Some("AWS::EC2::Volume".parse().unwrap()),
        arn: None,
        attributes: attributes.collect(),
        declared: RawResource {
            source: Source::Terraform,
            source_type: "aws_ebs_volume".into(),
            address: Address { root: "".into(), name: "aws_ebs_volume.v".into() },
            existence: Existence::Yes,
            raw: Node::new(Value::map([]), origin()),
            account: None,
            region: None,
            origin: origin(),
        },
    }
}

/// `test.large(list)`: the numbers above ten.
const FACTS: &[crate::Fact] = &[crate::Fact { name: "test.large", arity: 1, pick: large }];

fn large(arguments: &[Node]) -> Vec<crate::Picked> {
    let all = || crate::Picked { at: Path(Vec::new()), open: Some(Vec::new()) };
    let list = match &arguments[0].value {
        Value::List(list) => list,
        Value::Unknown(_) => return vec![all()],
        _ => return Vec::new(),
    };
    let picked = list.items.iter().enumerate().filter_map(|(index, item)| {
        let at = Path(vec![Segment::Index(index)]);
        match &item.value {
            Value::Number(number) => (number.as_i64()? > 10).then_some(crate::Picked { at, open: None }),
            Value::Unknown(_) => Some(crate::Picked { at: at.clone(), open: Some(vec![at]) }),
            _ => None,
        }
    });
    picked.chain(list.more.as_ref().map(|_| all())).collect()
}

#[test]
fn what_another_engine_picks_is_evidence_and_leaves_open_what_it_leaves_open() {
    let some = "fail contains \"m\" if some _ in test.large(input.xs)";
    check(some, json!({"xs": [1, 20]}), "m [xs[1]]");
    check(some, json!({"xs": [1, 2]}), "passes");
    check(some, json!({"xs": ["?", 1]}), "unknown [xs[0]: `var.x` has no value]");
    check(some, json!({"xs": ["?", 11]}), "m [xs[1]]");
    check(some, json!({"xs": "?"}), "unknown [xs: `var.x` has no value]");
    let value = "fail contains sprintf(\"%v\", [x]) if some i, x in test.large(input.xs)";
    check(value, json!({"xs": [1, 20]}), "20 [xs[1]]");
    let count = "fail contains \"m\" if count(test.large(input.xs)) > 1";
    check(count, json!({"xs": [1, 20, 30]}), "m [xs[1], xs[2]]");
    check("fail contains \"m\" if not 20 in test.large(input.xs)", json!({"xs": [20]}), "passes");
}

pub(super) fn with_rule<T>(rego: &str, work: impl FnOnce(&RuleText<'_>) -> T) -> T {
    let file: Arc<str> = "page.md".into();
    let text = format!("package check\n\n{rego}\n");
    work(&RuleText {
        file: &file,
        text: &text,
        start: Position { line: 1, column: 1 },
        entrypoint: "fail",
        facts: FACTS,
    })
}

fn policy(rego: &str) -> Policy {
    with_rule(rego, |rule| compile(rule).unwrap_or_else(|problems| panic!("{rego}\n{problems:#?}")))
}

fn judged(rego: &str, input: &Json) -> Judgement {
    policy(rego).judge(&Input::of(&resource(input), false))
}

/// Every way of filling in the unknown parts with values from `pool`.
pub(super) fn fillings(json: &Json, pool: &[Json]) -> Vec<Option<Json>> {
    let product = |parts: Vec<Vec<Option<Json>>>| {
        parts.into_iter().fold(vec![vec![]], |rows: Vec<Vec<Option<Json>>>, choices| {
            rows.iter()
                .flat_map(|row| choices.iter().map(|choice| [row.clone(), vec![choice.clone()]].concat()))
                .collect()
        })
    };
    match json {
        Json::String(text) if text == "?" => {
            pool.iter().cloned().map(Some).chain([None, Some(Json::Null)]).collect()
        }
        Json::String(text) if text == "?text" => {
            pool.iter().filter(|value| value.is_string()).cloned().map(Some).collect()
        }
        Json::Array(items) => {
            let more = items.iter().any(|item| item == "?more");
            let filled = |item| fillings(item, pool).into_iter().filter(Option::is_some).collect();
            let known: Vec<_> = items.iter().filter(|item| *item != "?more").map(filled).collect();
            let mut rows: Vec<Json> =
                product(known).into_iter().map(|row| row.into_iter().flatten().collect()).collect();
            if more {
                let longer = rows.iter().flat_map(|row| {
                    pool.iter().flat_map(move |value| {
                        let items = row.as_array().unwrap().clone();
                        let front = Json::Array([vec![value.clone()], items.clone()].concat());
                        [front, Json::Array([items, vec![value.clone()]].concat())]
                    })
                });
                rows = rows.iter().cloned().chain(longer).collect();
            }
            rows.into_iter().map(Some).collect()
        }
        Json::Object(entries) => {
            let rows = product(entries.values().map(|value| fillings(value, pool)).collect());
            let object = |row: Vec<Option<Json>>| {
                let pairs = entries.keys().cloned().zip(row).filter_map(|(key, value)| Some((key, value?)));
                Some(Json::Object(pairs.collect()))
            };
            rows.into_iter().map(object).collect()
        }
        other => vec![Some(other.clone())],
    }
}

/// Attributes, each with the values it is tried with.
type Tried = Vec<(&'static str, Vec<Json>)>;

/// The rules that both engines run, each with the values its attributes are tried with.
fn rules() -> Vec<(&'static str, Tried)> {
    let flags = || vec![json!(true), json!(false)];
    let some_or_more = |one: Json, other: Json| {
        vec![
            json!([]),
            json!([one]),
            json!([one, other]),
            json!(["?more"]),
            json!([one, "?more"]),
            json!(["?", other]),
        ]
    };
    let port = |port: u64, cidr: &str| json!({"port": port, "cidr": cidr});
    let ports = || {
        let (open, closed) = (port(22, "0.0.0.0/0"), port(443, "10.0.0.0/8"));
        let half = json!({"port": "?", "cidr": "0.0.0.0/0"});
        let named = json!({"port": 22, "cidr": "?text"});
        vec![
            json!([]),
            json!([open]),
            json!([closed]),
            json!([closed, open]),
            json!([half]),
            json!([named, closed]),
            json!([closed, "?more"]),
            json!("?"),
        ]
    };
    vec![
        ("fail contains \"m\" if input.a == false", vec![("a", flags())]),
        ("fail contains \"m\" if not input.a", vec![("a", flags())]),
        ("fail contains \"m\" if { not input.a; input.b }", vec![("a", flags()), ("b", flags())]),
        (
            "fail contains \"m\" if { input.a; not input.b.c }",
            vec![("a", flags()), ("b", vec![json!({}), json!({"c": true}), json!({"c": "?"})])],
        ),
        (
            "fail contains \"m\" if not key\nkey := input.a if input.a != \"\"",
            vec![("a", vec![json!(""), json!("a"), json!("?text")])],
        ),
        (
            "fail contains \"m\" if input.a != null",
            vec![("a", vec![json!("a"), json!("?text"), json!(null)])],
        ),
        (
            "default open := false\nopen if input.a == 1\nfail contains \"m\" if open",
            vec![("a", vec![json!(1), json!(2)])],
        ),
        (
            "default open := true\nopen := false if input.a == 1\nfail contains \"m\" if { open; input.b }",
            vec![("a", vec![json!(1), json!(2)]), ("b", flags())],
        ),
        (
            "kind := \"x\" if input.a == 1 else := \"y\" if input.b else := \"z\"\nfail contains kind if kind != \"z\"",
            vec![("a", vec![json!(1)]), ("b", flags())],
        ),
        (
            "fail contains sprintf(\"port %d\", [rule.port]) if { some rule in input.rules; rule.cidr == \"0.0.0.0/0\" }",
            vec![("rules", ports())],
        ),
        (
            "fail contains sprintf(\"port %v from %v\", [rule.port, rule.cidr]) if { some rule in input.rules; rule.port == 22 }",
            vec![("rules", ports())],
        ),
        (
            "fail contains \"m\" if { some i; input.rules[i].port == 22; input.rules[i].cidr == \"0.0.0.0/0\" }",
            vec![("rules", ports())],
        ),
        (
            "fail contains \"m\" if { some i, rule in input.rules; rule.port == 443; i > 0 }",
            vec![("rules", ports())],
        ),
        ("fail contains \"m\" if every rule in input.rules { rule.port != 22 }", vec![("rules", ports())]),
        (
            "fail contains \"m\" if every rule in input.rules { is_closed(rule) }\nis_closed(rule) if rule.cidr != \"0.0.0.0/0\"\nis_closed(rule) if rule.port == 443",
            vec![("rules", ports())],
        ),
        (
            "fail contains \"m\" if count(input.list) > 1",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if count([x | some x in input.list; x != \"a\"]) == 0",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "open contains x if { some x in input.list; x == \"a\" }\nfail contains \"m\" if count(open) == 0",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if { wanted := {\"a\", \"b\"}; missing := wanted - {x | some x in input.list}; count(missing) > 0 }",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains x if { some x in {y | some y in input.list} | {\"c\"} ; x != \"a\" }",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        ("fail contains \"m\" if \"a\" in input.list", vec![("list", some_or_more(json!("a"), json!("b")))]),
        (
            "fail contains \"m\" if not \"a\" in input.list",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if input.list == [\"a\"]",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if { [x, y] := input.list; x != y }",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if input.list[0] == \"a\"",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if input.list[_] == \"b\"",
            vec![("list", some_or_more(json!("a"), json!("b")))],
        ),
        (
            "fail contains \"m\" if { input.a == input.b }",
            vec![("a", vec![json!("a"), json!("?text")]), ("b", vec![json!("a"), json!("b"), json!(1)])],
        ),
        (
            "fail contains \"m\" if { x := input.a; y := object.get(input, \"b\", \"none\"); x != y }",
            vec![("a", vec![json!("a"), json!("none")]), ("b", vec![json!("a"), json!("?text")])],
        ),
        (
            "fail contains \"m\" if { startswith(input.a, \"a\"); not endswith(input.a, \"b\") }",
            vec![("a", vec![json!("a"), json!("ab"), json!("?text"), json!(1)])],
        ),
        ("fail contains \"m\" if input.a + 1 > 2", vec![("a", vec![json!(1), json!(2), json!("a")])]),
        (
            "fail contains \"m\" if { o := {k: v | some k, v in input.map}; o.a == 1 }",
            vec![("map", vec![json!({}), json!({"a": 1}), json!({"a": "?"}), json!({"b": 1}), json!("?")])],
        ),
        (
            "named[k] := v if some k, v in input.map\nfail contains \"m\" if named.a == 1",
            vec![("map", vec![json!({}), json!({"a": 1}), json!({"a": "?"}), json!("?")])],
        ),
        (
            "fail contains \"m\" if is_string(input.a)",
            vec![("a", vec![json!("a"), json!(1), json!("?text")])],
        ),
        (
            "fail contains {\"message\": m, \"key\": k} if { some k, m in input.map; m == 1 }",
            vec![("map", vec![json!({}), json!({"a": 1, "b": 1}), json!({"a": "?"})])],
        ),
        ("fail := input.a", vec![("a", vec![json!("a"), json!(false), json!("?text")])]),
        ("fail if { input.a; input.b }", vec![("a", flags()), ("b", flags())]),
        (
            "f(x) := 1 if x == \"a\"\nf(x) := 2 if x != \"a\"\nfail contains \"m\" if f(input.a) == 2",
            vec![("a", vec![json!("a"), json!("b"), json!("?text")])],
        ),
        (
            "f([x, y]) := x if y\nfail contains \"m\" if f([input.a, input.b]) == \"a\"",
            vec![("a", vec![json!("a"), json!("b")]), ("b", flags())],
        ),
        (
            "fail contains \"m\" if { message == \"a\" }\nmessage := lower(input.a)",
            vec![("a", vec![json!("A"), json!("b"), json!("?text")])],
        ),
        (
            "fail contains \"m\" if { input.a in {\"a\", \"b\"} }",
            vec![("a", vec![json!("a"), json!("c"), json!("?text")])],
        ),
        ("fail contains \"m\" if { y := x; x := input.a; y == 1 }", vec![("a", vec![json!(1), json!(2)])]),
        (
            "fail contains \"m\" if { {\"port\": p} = {\"port\": input.a}; p == 1 }",
            vec![("a", vec![json!(1), json!(2)])],
        ),
        (
            "fail contains \"m\" if net.covers_internet(input.list)",
            vec![("list", some_or_more(json!("0.0.0.0/0"), json!("b")))],
        ),
        (
            "all := [x | some i in input.rules; i.port == 22; x := i.cidr]\nfail contains \"m\" if net.covers_internet(all)",
            vec![("rules", ports())],
        ),
        (
            "f(rules) := [x | some i in rules; x := [i.cidr | i.port == 22][_]]\nfail contains \"m\" if \"0.0.0.0/0\" in f(input.rules)",
            vec![("rules", ports())],
        ),
        ("fail contains \"m\" if not input.raw.x\nhelper := 1", vec![("a", vec![json!(1)])]),
    ]
}

fn inputs(attributes: &[(&str, Vec<Json>)]) -> Vec<Json> {
    let mut rows: Vec<serde_json::Map<String, Json>> = vec![serde_json::Map::new()];
    for (name, values) in attributes {
        let choices: Vec<Option<Json>> =
            values.iter().cloned().map(Some).chain([None, Some(json!("?"))]).collect();
        rows = rows
            .iter()
            .flat_map(|row| {
                choices.iter().map(|choice| {
                    let mut row = row.clone();
                    if let Some(value) = choice {
                        row.insert((*name).to_owned(), value.clone());
                    }
                    row
                })
            })
            .collect();
    }
    rows.into_iter().map(Json::Object).collect()
}

fn pool() -> Vec<Json> {
    vec![
        json!(true),
        json!(false),
        json!(1),
        json!(22),
        json!("a"),
        json!("b"),
        json!(""),
        json!("0.0.0.0/0"),
        json!([]),
        json!(["a"]),
        json!({"a": 1}),
        json!({"c": true}),
        json!({"port": 22, "cidr": "0.0.0.0/0"}),
    ]
}

pub(super) fn keys(failures: &[crate::Failure]) -> Vec<&str> {
    let mut keys: Vec<&str> = failures.iter().map(|failure| failure.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[test]
fn verdicts_hold_for_every_way_of_filling_in_what_is_unknown() {
    let (mut cases, mut open, mut could_be_told) = (0, 0, Vec::new());
    for (rego, attributes) in rules() {
        let policy = policy(rego);
        assert!(policy.program.is_ok(), "not followed: {rego}");
        for input in inputs(&attributes) {
            let judgement = policy.judge(&Input::of(&resource(&input), false));
            assert_eq!(judgement.problem, None, "{rego}\n{input}");
            let answers: Vec<Vec<String>> = fillings(&input, &pool())
                .into_iter()
                .flatten()
                .filter_map(|filled| {
                    let filled = Input::of(&resource(&filled), false);
                    // Where regorus gives up with an error there is no answer to compare with.
                    let answer = with_rule(rego, |rule| oracle(rule, &filled)).ok()?;
                    Some(keys(&answer).into_iter().map(str::to_owned).collect())
                })
                .collect();
            cases += answers.len();
            let context = format!("{rego}\n{input}\n{judgement:#?}");
            match judgement.verdict() {
                Verdict::Fails => {
                    assert!(answers.iter().all(|answer| !answer.is_empty()), "a wrong fail: {context}");
                }
                Verdict::Passes => {
                    assert!(answers.iter().all(Vec::is_empty), "a wrong pass: {context}");
                }
                Verdict::Unknown => {
                    open += 1;
                    let agreed =
                        answers.iter().all(Vec::is_empty) || answers.iter().all(|answer| !answer.is_empty());
                    if agreed {
                        could_be_told.push(format!("{rego} {input}"));
                    }
                }
            }
            // What is said without doubt is said under every filling, to the letter.
            for key in keys(&judgement.failures).into_iter().filter(|key| !key.contains("(unknown)")) {
                assert!(
                    answers.iter().all(|answer| answer.iter().any(|other| other == key)),
                    "{key}: {context}"
                );
            }
        }
    }
    assert!(cases > 4_000, "{cases}");
    // The engine may say unknown where one could know better; it should be rare.
    assert!(
        could_be_told.len() * 5 < open,
        "{} of {open}:\n{}",
        could_be_told.len(),
        could_be_told.join("\n")
    );
}

#[test]
fn on_known_inputs_the_engine_and_plain_regorus_agree() {
    for (rego, attributes) in rules() {
        for input in inputs(&attributes) {
            for filled in fillings(&input, &pool()[..6]).into_iter().flatten() {
                let ours = judged(rego, &filled);
                let theirs = with_rule(rego, |rule| oracle(rule, &Input::of(&resource(&filled), false)));
                let Ok(theirs) = theirs else { continue };
                assert_eq!(keys(&ours.failures), keys(&theirs), "{rego}\n{filled}");
                assert!(ours.open.is_empty(), "{rego}\n{filled}\n{ours:#?}");
            }
        }
    }
}

#[track_caller]
fn check(rego: &str, input: Json, expected: &str) {
    let judgement = judged(rego, &input);
    let said: Vec<String> = match judgement.verdict() {
        Verdict::Passes => vec!["passes".into()],
        Verdict::Fails => judgement
            .failures
            .iter()
            .map(|failure| {
                let evidence: Vec<String> = failure.evidence.iter().map(ToString::to_string).collect();
                format!("{} [{}]", failure.message.clone().unwrap_or_default(), evidence.join(", "))
            })
            .collect(),
        Verdict::Unknown => judgement
            .open
            .iter()
            .map(|open| {
                let because: Vec<String> =
                    open.because.iter().map(|(path, unknown)| format!("{path}: {unknown}")).collect();
                format!("unknown [{}]", because.join(", "))
            })
            .chain(judgement.problem)
            .collect(),
    };
    assert_eq!(said.join("; "), expected);
}

#[test]
fn a_fault_names_what_was_read_to_find_it() {
    check("fail contains \"m\" if input.a == false", json!({"a": false, "b": 1}), "m [a]");
    check(
        "fail contains \"m\" if { some rule in input.rules; is_open(rule) }\nis_open(rule) if { rule.cidr == \"0\"; rule.port == 22 }",
        json!({"rules": [{"cidr": "1", "port": 22}, {"cidr": "0", "port": 22}]}),
        "m [rules[1].cidr, rules[1].port]",
    );
    check("fail contains \"m\" if { input.b; not input.key }", json!({"b": true}), "m [b, key]");
    check(
        "fail contains \"m\" if every trail in input.trails { not trail.on }",
        json!({"trails": [{"on": false}]}),
        "m [trails[0].on]",
    );
    for rego in [
        "fail contains \"m\" if count([rule | some rule in input.rules; rule.port == 22; rule.open]) > 0",
        "fail contains \"m\" if count(open) > 0\nopen := [rule | some rule in input.rules; rule.port == 22; rule.open]",
    ] {
        check(
            rego,
            json!({"rules": [{"port": 80, "open": true}, {"port": 22, "open": true}]}),
            "m [rules[1].port, rules[1].open]",
        );
    }
}

#[test]
fn an_open_answer_names_what_it_depends_on() {
    check(
        "fail contains \"m\" if { input.a; input.b }",
        json!({"a": "?", "b": true}),
        "unknown [a: `var.x` has no value]",
    );
    check("fail contains \"m\" if { input.a; input.b }", json!({"a": "?", "b": false}), "passes");
    check("fail contains \"m\" if not input.key", json!({"key": "?text"}), "passes");
    check(
        "fail contains \"m\" if every trail in input.trails { not trail.on }",
        json!({"trails": [{"on": false}, "?more"]}),
        "unknown [trails: a template lists only some of what exists]",
    );
    check(
        "fail contains \"m\" if every trail in input.trails { not trail.on }",
        json!({"trails": [{"on": true}, "?more"]}),
        "passes",
    );
    check(
        "fail contains sprintf(\"%v is open\", [rule.name]) if { some rule in input.rules; rule.open }",
        json!({"rules": [{"name": "?text", "open": true}]}),
        "(unknown) is open [rules[0].open, rules[0].name]",
    );
}

#[test]
fn what_this_engine_does_not_follow_is_left_to_regorus_where_all_is_known() {
    let rego = "fail contains \"m\" if seven.is.there\nseven.is.there if input.a.b == 7";
    check(rego, json!({"a": {"b": 7}}), "m []");
    check(rego, json!({"a": {"b": 8}}), "passes");
    let problem = "the rule uses a rule whose name is a path, which can't be judged while parts of the resource are unknown";
    check(rego, json!({"a": "?"}), problem);
}

#[test]
fn a_rule_without_end_is_given_up_after_a_number_of_steps() {
    let many: Vec<Json> = (0..200).map(|number| json!(number)).collect();
    check(
        "fail contains \"m\" if { some a in input.l; some b in input.l; some c in input.l; some d in input.l; a + b + c + d < 0 }",
        json!({"l": many}),
        "the rule takes too many steps on this resource",
    );
}

#[track_caller]
fn refused(rego: &str, expected: &str) {
    let problems = with_rule(rego, |rule| compile(rule).map(|_| ()));
    let said: Vec<String> = problems.unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(said.join("; "), expected);
}

#[test]
fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    refused("fail contains \"m\" if input.a ==", "page.md:4:1: expecting expression");
    refused(
        "fial contains \"m\" if input.a",
        "page.md:1:1: the rule `fail` is missing (say the fault with `fail contains \"what is wrong\" if …`)",
    );
    refused("fail contains \"m\" if strats(input.a, \"a\")", "page.md:3:22: there is no function `strats`");
    refused(
        "fail contains \"m\" if startwith(input.a, \"a\")",
        "page.md:3:22: there is no function `startwith` (did you mean `startswith`?)",
    );
    refused("fail contains \"m\" if x == 1", "page.md:3:22: nothing gives `x` a value");
    refused("fail contains x if input.a", "page.md:3:15: nothing gives `x` a value");
    refused("fail contains \"m\" if lower(input.a, 1)", "page.md:3:27: `lower` takes 1 arguments, not 2");
    refused(
        "fail contains \"m\" if http.send({})",
        "page.md:3:22: `http.send` is not allowed in a rule: rules reach no network",
    );
}

#[test]
fn a_wildcard_within_not_is_refused_as_unclear() {
    refused(
        "fail contains \"m\" if not input.a[_]",
        "page.md:3:22: `_` within `not` is unclear: for all of them, or for one? (give what is not to be a rule of its own, or use `every`)",
    );
    check("fail contains \"m\" if not any\nany if input.a[_]", json!({"a": [false]}), "m [a[0]]");
}

#[test]
fn a_pattern_that_cannot_be_used_is_refused_where_it_stands() {
    refused("fail contains \"m\" if regex.match(`[a-`, input.a)", "page.md:3:35: this pattern can't be used");
    refused(
        "fail contains \"m\" if regex.match(`(a{1000}){1000}`, input.a)",
        "page.md:3:35: this pattern can't be used",
    );
    check("fail contains \"m\" if regex.match(`^a+$`, input.a)", json!({"a": "aa"}), "m [a]");
}

#[test]
fn a_rule_says_what_it_reads_of_the_input() {
    let policy =
        policy("fail contains \"m\" if { input.size > 1; not input[\"key\"]; x := input.tags.owner; x }");
    let reads: Vec<String> =
        policy.reads().map(|(name, span)| format!("{name} {}", span.start.column)).collect();
    assert_eq!(reads, ["key 44", "size 24", "tags 63"]);
}

#[test]
fn hostile_rules_are_refused_before_they_can_do_harm() {
    refused(
        &format!("fail contains \"m\" if {}1{}", "[".repeat(22), "]".repeat(22)),
        "page.md:3:32: brackets are nested more than 10 deep (name the inner parts: give them a rule or a variable of their own)",
    );
    refused(
        "fail contains \"m\" if count(numbers.range(1, 3e8)) > 1",
        "page.md:3:28: `numbers.range` is not allowed in a rule: its result can be of any size",
    );
    refused(
        "fail contains sprintf(\"%2000000000d\", [1])",
        "page.md:3:24: the width in this format has more than three digits",
    );
    check(
        "fail contains sprintf(concat(\"\", [\"%2000\", \"000000d\"]), [1])",
        json!({}),
        "the width in this format has more than three digits",
    );
    refused(
        "fail contains \"m\" if object.subset([1,2], [])",
        "page.md:3:22: `object.subset` is not allowed in a rule: it aborts on some arguments; compare the parts instead",
    );
    check(
        "fail contains \"m\" if f(1)\nf(x) if f(x)",
        json!({}),
        "the rules call each other too deeply, or without end",
    );
}

#[test]
fn each_condition_and_each_clause_can_be_left_out() {
    let left_out = with_rule(
        "fail contains \"m\" if { x := input.a; x > 1; not input.b }\nfail contains \"n\" if every y in input.c { y == 1 }",
        |rule| {
            mutants(rule)
                .unwrap()
                .into_iter()
                .map(|mutant| format!("{}: {}", mutant.span.start.line, mutant.left_out))
                .collect::<Vec<_>>()
        },
    );
    assert_eq!(
        left_out,
        [
            "3: x > 1",
            "3: not input.b",
            "3: fail contains \"m\" if { x := input.a; x > 1; not input.b }",
            "4: y == 1",
            "4: every y in input.c { y == 1 }",
            "4: fail contains \"n\" if every y in input.c { y == 1 }",
        ]
    );
}

#[test]
fn paths_are_written_as_people_write_them() {
    let path = Path(vec![Segment::Name("rules".into()), Segment::Index(2), Segment::Name("port".into())]);
    assert_eq!(path.to_string(), "rules[2].port");
}
