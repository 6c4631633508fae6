//! Reads the JSON that sources keep in texts, as policies are.

use palisade_document::{Text, read_json};
use palisade_model::{Level, List, Map, Node, Origin, Value};
use std::sync::Arc;

/// Reads a text as JSON. Everything in it stands where the text stands.
///
/// IAM's API gives policies percent-encoded, API Gateway's with each quote escaped; that is undone first.
pub(crate) fn read(text: &str, origin: &Origin) -> Result<Node, String> {
    let decoded = match text {
        _ if text.starts_with('%') => percent_decoded(text),
        _ if text.starts_with(r#"{\""#) => unescaped(text),
        _ => None,
    };
    let file: Arc<str> = "".into();
    let read = read_json(Text::whole(&file, decoded.as_deref().unwrap_or(text)));
    let error = read.diagnostics.into_iter().find(|found| found.level == Level::Error);
    match (error, read.documents.into_iter().next()) {
        (Some(error), _) => Err(format!("it is not JSON: {}", error.message)),
        (None, Some(node)) => Ok(with_origin(&node, origin)),
        (None, None) => Err("it is not JSON: it is empty".into()),
    }
}

/// The same value, with every part of it at one place.
pub(crate) fn with_origin(node: &Node, origin: &Origin) -> Node {
    let value = match &node.value {
        Value::List(list) => Value::List(List {
            items: list.items.iter().map(|item| with_origin(item, origin)).collect(),
            more: list.more.clone(),
        }),
        Value::Map(map) => Value::Map(Map {
            entries: map
                .entries
                .iter()
                .map(|(name, node)| (name.clone(), with_origin(node, origin)))
                .collect(),
            more: map.more.clone(),
        }),
        other => other.clone(),
    };
    Node::new(value, origin.clone())
}

/// The text that a JSON text without its quotes stands for.
fn unescaped(text: &str) -> Option<String> {
    let file: Arc<str> = "".into();
    let quoted = format!("\"{text}\"");
    let read = read_json(Text::whole(&file, &quoted));
    read.documents.first()?.text().map(str::to_owned)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}
