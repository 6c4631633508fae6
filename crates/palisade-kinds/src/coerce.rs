//! Takes a source's value for what the attribute is: `"true"` for a bool, a list of `Key` and `Value` for tags.

use crate::grammar::Is;
use crate::{events, json, policy};
use indexmap::IndexMap;
use palisade_model::{Hint, List, Map, Node, Origin, Shape, Unknown, Value, Why};
use serde_json::Number;
use std::sync::Arc;

/// The value as the type has it; unknown, with what is wrong, where it can't be taken for one.
///
/// A record is not taken apart here: its fields have rules of their own.
pub(crate) fn coerce(is: &Is, node: Node) -> Node {
    if let Value::Unknown(unknown) = node.value {
        return Node::new(Value::Unknown(taken_for(is, unknown)), node.origin);
    }
    if node.value == Value::Null {
        return node;
    }
    let origin = node.origin.clone();
    match value(is, node) {
        Ok(value) => Node::new(value, origin),
        Err(wrong) => Node::unknown(Why::Unreadable(wrong.into()), origin),
    }
}

/// An unknown value of this type: its shape will be the type's, whatever a parameter said of it (`String` for what
/// becomes a bool), and an empty text would name nothing, so only what refers to something, begins with something or
/// is CloudFormation's own is certainly there.
fn taken_for(is: &Is, unknown: Unknown) -> Unknown {
    let shape = match is {
        Is::Bool => Some(Shape::Bool),
        Is::Number | Is::FirstPort | Is::LastPort => Some(Shape::Number),
        Is::Name | Is::Text | Is::Arn(_) | Is::Id(_) | Is::Base64 | Is::Protocol | Is::ManagementEvents => {
            Some(Shape::Text)
        }
        Is::Policy | Is::Tags | Is::Record | Is::Map(_) => Some(Shape::Map),
        Is::List(_) => Some(Shape::List),
        Is::Json => None,
    };
    let may_be_empty = matches!(is, Is::Name | Is::Arn(_) | Is::Id(_) | Is::Policy);
    let is_some_text = unknown.hint.starts_with.as_ref().is_some_and(|start| !start.is_empty())
        || match &unknown.why {
            Why::AfterApply(_) => true,
            Why::NoValue(name) => name.starts_with("AWS::"),
            _ => false,
        };
    // What is decoded or cut does not begin as it was written.
    let starts_with = match is {
        Is::Text | Is::Arn(_) | Is::Id(_) => unknown.hint.starts_with.clone(),
        _ => None,
    };
    let ends_with =
        unknown.hint.ends_with.clone().filter(|_| matches!(is, Is::Text | Is::Arn(_) | Is::Id(_)));
    let hint = Hint {
        starts_with,
        ends_with,
        is_present: unknown.hint.is_present && (is_some_text || !may_be_empty),
        shape,
        ..unknown.hint
    };
    Unknown { why: unknown.why, hint }
}

fn value(is: &Is, node: Node) -> Result<Value, String> {
    match is {
        Is::Bool => bool(&node.value),
        Is::Number | Is::FirstPort | Is::LastPort => number(&node.value),
        Is::Name => text(&node.value).map(|text| Value::Text(name(text))),
        Is::Text | Is::Arn(_) | Is::Id(_) => text(&node.value).map(Value::Text),
        Is::Base64 => text(&node.value).map(|text| Value::Text(base64_decoded(&text).unwrap_or(text))),
        Is::Protocol => text(&node.value).map(|text| Value::Text(protocol(&text))),
        Is::Json => Ok(structured(node)?.value),
        Is::Policy => policy::normal_form(structured(node)?),
        Is::Tags => tags(node),
        Is::ManagementEvents => match &node.value {
            Value::Text(word) if matches!(word.as_ref(), "all" | "read" | "write" | "none") => Ok(node.value),
            _ => events::management_events(&node),
        },
        Is::Record => match node.value {
            Value::Map(_) => Ok(node.value),
            other => Err(mismatch(&other, "a record")),
        },
        Is::List(item) => Ok(Value::List(list(item, node))),
        Is::Map(item) => map(item, node.value),
    }
}

fn bool(value: &Value) -> Result<Value, String> {
    match value {
        Value::Bool(bool) => Ok(Value::Bool(*bool)),
        // Terraform takes the digits too, as texts.
        Value::Text(text) if text.eq_ignore_ascii_case("true") || **text == *"1" => Ok(Value::Bool(true)),
        Value::Text(text) if text.eq_ignore_ascii_case("false") || **text == *"0" => Ok(Value::Bool(false)),
        other => Err(mismatch(other, "true or false")),
    }
}

fn number(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(number) => Ok(Value::Number(number.clone())),
        Value::Text(text) => match text.trim().parse::<Number>() {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(mismatch(value, "a number")),
        },
        other => Err(mismatch(other, "a number")),
    }
}

pub(crate) fn text(value: &Value) -> Result<Arc<str>, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(bool) => Ok(if *bool { "true" } else { "false" }.into()),
        other => Err(mismatch(other, "a text")),
    }
}

/// The name at the end of an ARN or URL.
fn name(text: Arc<str>) -> Arc<str> {
    if text.starts_with("arn:") || text.starts_with("https://") {
        text.rsplit(['/', ':']).next().unwrap_or_default().into()
    } else {
        text
    }
}

/// Names and numbers of the protocols that rules know by both.
fn protocol(text: &str) -> Arc<str> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "all" => "-1".into(),
        "6" => "tcp".into(),
        "17" => "udp".into(),
        "1" => "icmp".into(),
        "58" => "icmpv6".into(),
        _ => text.into(),
    }
}

/// A text is read as JSON; a list or map already is what it would say.
fn structured(node: Node) -> Result<Node, String> {
    match &node.value {
        Value::Text(text) => json::read(text, &node.origin),
        _ => Ok(node),
    }
}

fn list(item: &Is, node: Node) -> List {
    match node.value {
        Value::List(list) => List {
            items: list
                .items
                .into_iter()
                .filter(|node| node.value != Value::Null)
                .map(|node| coerce(item, node))
                .collect(),
            more: list.more,
        },
        value => List { items: vec![coerce(item, Node::new(value, node.origin))], more: None },
    }
}

fn map(item: &Is, value: Value) -> Result<Value, String> {
    let Value::Map(map) = value else {
        return Err(mismatch(&value, "a map"));
    };
    let entries = map.entries.into_iter();
    Ok(Value::Map(Map {
        entries: entries
            .filter(|(_, node)| node.value != Value::Null)
            .map(|(name, node)| (name, coerce(item, node)))
            .collect(),
        more: map.more,
    }))
}

fn tags(node: Node) -> Result<Value, String> {
    match node.value {
        Value::Map(tags) => map(&Is::Text, Value::Map(tags)),
        Value::List(list) => Ok(Value::Map(listed_tags(list))),
        other => Err(mismatch(&other, "tags")),
    }
}

fn listed_tags(list: List) -> Map {
    let mut entries: IndexMap<Arc<str>, Node> = IndexMap::new();
    let mut more = list.more;
    for tag in list.items {
        let part = |names: [&str; 3]| names.iter().find_map(|name| tag.get(name)).cloned();
        let key = part(["Key", "key", "TagKey"]);
        let value = part(["Value", "value", "TagValue"])
            .unwrap_or_else(|| Node::new(Value::text(""), tag.origin.clone()));
        match key.map(|key| key.value) {
            Some(Value::Text(key)) => {
                entries.insert(key, coerce(&Is::Text, value));
            }
            Some(Value::Unknown(unknown)) => more = more.or(Some(unknown)),
            _ => more = more.or(Some(why_no_tag(&tag.value))),
        }
    }
    Map { entries, more }
}

fn why_no_tag(value: &Value) -> Unknown {
    match value {
        Value::Unknown(unknown) => unknown.clone(),
        _ => Why::Unreadable("a tag has no `Key` that is a text".into()).into(),
    }
}

/// The text behind Base64, where it is that and text again.
fn base64_decoded(text: &str) -> Option<Arc<str>> {
    let text: String = text.split_ascii_whitespace().collect();
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for digit in digits.bytes() {
        let digit = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6) | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    let decoded = String::from_utf8(bytes).ok()?;
    // Plain words are Base64 by accident; what they would decode to is no text anybody writes.
    let is_plausible = decoded.chars().all(|c| !c.is_control() || c.is_whitespace());
    is_plausible.then(|| decoded.into())
}

fn mismatch(value: &Value, expected: &str) -> String {
    let found = match value {
        Value::Text(text) if text.chars().count() <= 40 => format!("`{text}`"),
        Value::Text(_) => "a text".into(),
        Value::Number(number) => format!("`{number}`"),
        Value::Bool(bool) => format!("`{bool}`"),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a map".into(),
        Value::Null | Value::Unknown(_) => "nothing".into(),
    };
    format!("{found} stands where {expected} is expected")
}

/// Replaces a source's word by what the page says it stands for.
pub(crate) fn translated(values: &IndexMap<Arc<str>, Node>, node: Node) -> Node {
    if values.is_empty() {
        return node;
    }
    if let Value::List(list) = node.value {
        let items = list.items.into_iter().map(|item| translated(values, item)).collect();
        let list = List { items, more: list.more };
        return Node::new(Value::List(list), node.origin);
    }
    let word = text(&node.value).ok();
    match word.and_then(|word| values.get(&word).or_else(|| values.get("*"))) {
        Some(meant) => Node::new(meant.value.clone(), node.origin),
        None => node,
    }
}

/// The ports of a rule whose protocol knows none: all of them.
pub(crate) fn all_ports(is: &Is, protocol: &Node) -> Option<Node> {
    let port = match is {
        Is::FirstPort => 0,
        Is::LastPort => 65_535,
        _ => return None,
    };
    match &protocol.value {
        Value::Text(text) if matches!(text.as_ref(), "tcp" | "udp" | "icmp" | "icmpv6") => None,
        Value::Text(_) => Some(Node::new(Value::Number(port.into()), protocol.origin.clone())),
        Value::Unknown(unknown) => Some(unknown_port(unknown, &protocol.origin)),
        _ => None,
    }
}

// The unknown protocol may be one that ignores the ports that were written.
fn unknown_port(protocol: &Unknown, origin: &Origin) -> Node {
    Node::unknown(protocol.why.clone(), origin.clone())
}
