//! Small helpers over nodes: entries, lists, and documents put together from parts.

use palisade_model::{List, Map, Node, Origin, Value};
use std::sync::Arc;

/// An entry that is there and not null.
pub fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.get(name).filter(|node| !matches!(node.value, Value::Null))
}

/// The text of an entry.
pub fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    given(node, name).and_then(Node::text)
}

/// The items of an entry that is a list.
pub fn list<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    match given(node, name).map(|node| &node.value) {
        Some(Value::List(list)) => &list.items,
        _ => &[],
    }
}

/// A text at a place.
pub fn said(text: &str, origin: &Origin) -> Node {
    Node::new(Value::Text(text.into()), origin.clone())
}

/// A list at a place.
pub fn listed(items: Vec<Node>, origin: &Origin) -> Node {
    Node::new(Value::List(List { items, more: None }), origin.clone())
}

/// A map at a place.
pub fn mapped(entries: Vec<(Arc<str>, Node)>, origin: &Origin) -> Node {
    Node::new(Value::Map(Map { entries: entries.into_iter().collect(), more: None }), origin.clone())
}

/// Puts a value into a map, at a path of names with `.` between them.
pub fn put(document: &mut Node, path: &str, value: Node) {
    let origin = document.origin.clone();
    let Value::Map(map) = &mut document.value else { return };
    match path.split_once('.') {
        None => {
            map.entries.insert(path.into(), value);
        }
        Some((first, rest)) => {
            let inner = map.entries.entry(first.into()).or_insert_with(|| mapped(Vec::new(), &origin));
            put(inner, rest, value);
        }
    }
}

/// What `%7B` and the like stand for, as the API itself (and not its command line) writes policies.
pub fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}
