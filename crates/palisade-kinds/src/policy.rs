//! The normal form of an IAM policy: lists everywhere, so that a rule reads it in one way.

use crate::coerce;
use indexmap::IndexMap;
use palisade_model::{Hint, List, Map, Node, Shape, Unknown, Value};
use std::sync::Arc;

/// A policy document in its normal form, described in the kind grammar. What is unknown in it stays where it is.
pub(crate) fn normal_form(document: Node) -> Result<Value, String> {
    let Value::Map(map) = document.value else {
        return Err("it is not a policy: a map with `Statement` is expected".into());
    };
    // CloudFormation's policies of event buses are single statements.
    if map.entries.contains_key("Effect") && !map.entries.contains_key("Statement") {
        let only = statement(Node::new(Value::Map(map), document.origin.clone()));
        return Ok(Value::map([("Statement".into(), Node::new(Value::list(vec![only]), document.origin))]));
    }
    Ok(Value::Map(rewritten(map, |name, node| match name {
        "Statement" => list_of(node, statement),
        _ => node,
    })))
}

fn statement(node: Node) -> Node {
    let Value::Map(map) = node.value else {
        return node;
    };
    let map = rewritten(map, |name, node| match name {
        "Action" | "NotAction" => list_of(node, lower_case),
        "Resource" | "NotResource" => list_of(node, as_text),
        "Principal" | "NotPrincipal" => principal(node),
        "Condition" => condition(node),
        _ => node,
    });
    Node::new(Value::Map(map), node.origin)
}

fn principal(node: Node) -> Node {
    let origin = node.origin.clone();
    let value = match node.value {
        Value::Map(map) => {
            let mut map = rewritten(map, |_, node| list_of(node, as_text));
            // Terraform writes everyone beside others so.
            if let Some(everyone) = map.entries.shift_remove("*") {
                let all = match map.entries.shift_remove("AWS") {
                    Some(named) => joined(everyone, named),
                    None => everyone,
                };
                map.entries.insert("AWS".into(), all);
            }
            Value::Map(map)
        }
        Value::List(_)
        | Value::Text(_)
        | Value::Unknown(Unknown { hint: Hint { shape: Some(Shape::Text), .. }, .. }) => {
            let everyone = list_of(node, as_text);
            Value::map([("AWS".into(), everyone)])
        }
        other => other,
    };
    Node::new(value, origin)
}

/// Two lists as one; what isn't known to be a list leaves it open.
fn joined(one: Node, other: Node) -> Node {
    let mut all = List { items: Vec::new(), more: None };
    for node in [&one, &other] {
        match &node.value {
            Value::List(list) => {
                all.items.extend(list.items.iter().cloned());
                all.more = all.more.or_else(|| list.more.clone());
            }
            Value::Unknown(unknown) => all.more = all.more.or_else(|| Some(unknown.clone())),
            _ => all.items.push(node.clone()),
        }
    }
    Node::new(Value::List(all), one.origin)
}

fn condition(node: Node) -> Node {
    let Value::Map(operators) = node.value else {
        return node;
    };
    let operators = rewritten(operators, |_, node| {
        let Value::Map(keys) = node.value else {
            return node;
        };
        let lower = |(key, node): (Arc<str>, Node)| (lowered(&key), list_of(node, as_text));
        let keys = Map { entries: keys.entries.into_iter().map(lower).collect(), more: keys.more };
        Node::new(Value::Map(keys), node.origin)
    });
    Node::new(Value::Map(operators), node.origin)
}

/// One where a list is meant is a list of one. An unknown that may be either stays as it is.
fn list_of(node: Node, item: impl Fn(Node) -> Node) -> Node {
    let origin = node.origin.clone();
    let list = match node.value {
        Value::List(list) => List { items: list.items.into_iter().map(item).collect(), more: list.more },
        Value::Unknown(ref unknown) if unknown.hint.shape != Some(Shape::Text) => return node,
        _ => List { items: vec![item(node)], more: None },
    };
    Node::new(Value::List(list), origin)
}

fn rewritten(map: Map, mut rewrite: impl FnMut(&str, Node) -> Node) -> Map {
    let mut entries = IndexMap::with_capacity(map.entries.len());
    for (name, node) in map.entries {
        // Terraform writes what isn't set as null.
        if node.value != Value::Null {
            let node = rewrite(&name, node);
            entries.insert(name, node);
        }
    }
    Map { entries, more: map.more }
}

fn as_text(node: Node) -> Node {
    match coerce::text(&node.value) {
        Ok(text) => Node::new(Value::Text(text), node.origin),
        Err(_) => node,
    }
}

fn lower_case(node: Node) -> Node {
    match &node.value {
        Value::Text(text) => Node::new(Value::Text(lowered(text)), node.origin),
        Value::Unknown(unknown) => {
            let starts_with = unknown.hint.starts_with.as_ref().map(lowered);
            let ends_with = unknown.hint.ends_with.as_ref().map(lowered);
            let hint = Hint { starts_with, ends_with, ..unknown.hint.clone() };
            Node::new(Value::Unknown(Unknown { why: unknown.why.clone(), hint }), node.origin)
        }
        _ => node,
    }
}

fn lowered(text: &Arc<str>) -> Arc<str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.clone()
    }
}
