//! Any bytes as the Rego of somebody's page, which then judges a resource of which something is unknown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_check::{Input, RuleText, compile};
use palisade_model::{Attribute, Hint, List, Node, Origin, Position, Resource, Unknown, Value, Why};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let start = Position { line: 1, column: 1 };
    let rule = RuleText { file: &"a.rego".into(), text, start, entrypoint: "fail" };
    if let Ok(policy) = compile(&rule) {
        policy.judge(&Input::of(&resource(), policy.reads_raw()));
    }
});

/// Its `policy` is unknown, its `list` may be longer, its `size` and `name` are known.
fn resource() -> Resource {
    let origin = Origin::Documented("a fuzz target".into());
    let unknown = || Unknown { why: Why::AfterApply("aws_kms_key.k.arn".into()), hint: Hint::default() };
    let known = |value| Attribute::Known(Node::new(value, origin.clone()));
    let list = List { items: vec![Node::new(Value::text("a"), origin.clone())], more: Some(unknown()) };
    let attributes = [
        ("policy", Attribute::Unknown(unknown(), origin.clone())),
        ("list", known(Value::List(list))),
        ("size", known(Value::Number(4.into()))),
        ("name", known(Value::text("a-b"))),
    ];
    let mut resource = palisade_fuzz::resolved(vec![palisade_fuzz::terraform("aws_thing", [])]).remove(0);
    resource.attributes = attributes.into_iter().map(|(name, attribute)| (name.into(), attribute)).collect();
    resource
}
