//! The values of parameters, the template's own and CloudFormation's.

use crate::evaluate::{present, scalar_text};
use palisade_model::{Node, Shape, Value, Why};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The value of a parameter: the given one, else its default, else unknown but certainly there.
pub(crate) fn value(name: &str, declared: &Node, given: Option<&str>) -> Value {
    let source_type = declared.get("Type").and_then(Node::text).unwrap_or("String");
    let default = declared.get("Default").map(|node| &node.value);
    let stored = source_type.strip_prefix("AWS::SSM::Parameter::Value<");
    let shape = shape(stored.unwrap_or(source_type));
    // Whether given or by default, it is the name of a stored parameter, not its value.
    if stored.is_some() {
        return present(Why::NoValue(format!("Parameter {name}").into()), Some(shape));
    }
    let text = match (given, default) {
        (Some(given), _) => Some(given.into()),
        (None, Some(Value::Null)) => Some("".into()),
        (None, Some(default)) => scalar_text(default),
        (None, None) => None,
    };
    match text {
        Some(text) => typed(&text, shape, default),
        None => present(Why::NoValue(format!("Parameter {name}").into()), Some(shape)),
    }
}

/// How many items its value has at most, as a list.
pub(crate) fn items(declared: &Node, given: Option<&str>) -> usize {
    let text = given.or_else(|| declared.get("Default").and_then(Node::text));
    text.map_or(0, |text| 1 + text.matches(',').count())
}

fn shape(source_type: &str) -> Shape {
    match source_type {
        "Number" => Shape::Number,
        "CommaDelimitedList" | "CommaDelimitedList>" => Shape::List,
        _ if source_type.starts_with("List<") => Shape::List,
        _ => Shape::Text,
    }
}

fn typed(text: &str, shape: Shape, default: Option<&Value>) -> Value {
    match shape {
        Shape::List => Value::list(text.split(',').map(|item| unplaced(Value::text(item.trim()))).collect()),
        Shape::Number => match (default, text.parse::<i64>()) {
            (_, Ok(number)) if number.to_string() == text => Value::Number(number.into()),
            (Some(Value::Number(number)), _) if number.to_string() == text => Value::Number(number.clone()),
            _ => Value::text(text),
        },
        _ => Value::text(text),
    }
}

/// A value whose place the caller sets.
fn unplaced(value: Value) -> Node {
    Node::new(value, palisade_model::Origin::Documented("a parameter".into()))
}

/// The value of one of CloudFormation's own parameters, when this is one.
pub(crate) fn pseudo(name: &str, given: &BTreeMap<String, String>) -> Option<Value> {
    let region = given.get("AWS::Region").map(String::as_str);
    let follows = match name {
        "AWS::Partition" => region.map(partition),
        "AWS::URLSuffix" => region.map(|region| match partition(region) {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }),
        "AWS::AccountId" | "AWS::NotificationARNs" | "AWS::Region" | "AWS::StackId" | "AWS::StackName" => {
            None
        }
        _ => return None,
    };
    let shape = match name {
        "AWS::NotificationARNs" => Shape::List,
        _ => Shape::Text,
    };
    let known = given.get(name).map(String::as_str).or(follows);
    Some(match known {
        Some(text) => typed(text, shape, None),
        None => present(Why::NoValue(Arc::from(name)), Some(shape)),
    })
}

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
