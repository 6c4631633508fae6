//! What the readers make of texts, good and bad.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod json;
mod yaml;

use palisade_document::Documents;
use palisade_model::{Node, Value};
use std::fmt::Write;

/// The documents and then the diagnostics, a line each. `?` is unknown, `…` means that there may be more.
fn show(read: &Documents) -> String {
    let mut shown: Vec<String> = read.documents.iter().map(node).collect();
    shown.extend(read.diagnostics.iter().map(ToString::to_string));
    shown.join("\n")
}

fn node(node: &Node) -> String {
    let mut shown = String::new();
    match &node.value {
        Value::Null => shown.push_str("null"),
        Value::Bool(bool) => write!(shown, "{bool}").unwrap(),
        Value::Number(number) => write!(shown, "{number}").unwrap(),
        Value::Text(text) => write!(shown, "{text:?}").unwrap(),
        Value::Unknown(_) => shown.push('?'),
        Value::List(list) => {
            let mut items: Vec<String> = list.items.iter().map(self::node).collect();
            items.extend(list.more.iter().map(|_| "…".to_owned()));
            write!(shown, "[{}]", items.join(" ")).unwrap();
        }
        Value::Map(map) => {
            let entry = |(name, value): (_, &Node)| format!("{name}: {}", self::node(value));
            let mut entries: Vec<String> = map.entries.iter().map(entry).collect();
            entries.extend(map.more.iter().map(|_| "…".to_owned()));
            write!(shown, "{{{}}}", entries.join(", ")).unwrap();
        }
    }
    shown
}

/// Every value with its place, as `1:4-1:7 "abc"`, outermost first.
fn places(of: &Node) -> Vec<String> {
    let span = of.origin.span().unwrap();
    let mut shown = vec![format!("{:?}-{:?} {}", span.start, span.end, node(of))];
    match &of.value {
        Value::List(list) => shown.extend(list.items.iter().flat_map(places)),
        Value::Map(map) => shown.extend(map.entries.values().flat_map(places)),
        _ => {}
    }
    shown
}
