//! Makes nodes of a record's document: each value with the call that gave it, what was not read unknown with its cause.

use crate::redact;
use crate::{Asked, Part, Record};
use palisade_model::{Call, List, Map, Node, Origin, Unknown, Value as ModelValue, Why};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A field of a kind's documents that takes the answer of a call, and the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The field, as `PublicAccessBlock`.
    pub field: Arc<str>,
    /// The call, as `s3:GetPublicAccessBlock`.
    pub call: Arc<str>,
}

/// Names that were met before, so that a million documents share them.
#[derive(Default)]
pub(crate) struct Names {
    names: HashMap<Box<str>, Arc<str>>,
}

/// So many names are shared at most: those of the APIs are fewer, and the keys of maps are anybody's.
const NAMES_MAX: usize = 20_000;

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let shared: Arc<str> = name.into();
        if self.names.len() < NAMES_MAX && name.len() <= 64 {
            self.names.insert(name.into(), shared.clone());
        }
        shared
    }
}

/// Why something is unknown that a call did not bring.
pub(crate) fn unread(call: &str, failure: &str, code: &str) -> Unknown {
    let why = match failure {
        "denied" => Why::Denied(call.into()),
        _ if code.is_empty() || code == failure => {
            Why::Unreadable(format!("`{call}` failed: {failure}").into())
        }
        _ => Why::Unreadable(format!("`{call}` failed: {failure} (`{code}`)").into()),
    };
    why.into()
}

/// Where what a call gave comes from.
pub(crate) fn origin(record: &Record, asked: &Asked) -> Origin {
    Origin::Call(Arc::new(Call {
        operation: asked.call.to_string(),
        account: Some(record.account),
        region: record.region.clone(),
        time: (!asked.time.is_empty()).then(|| asked.time.to_string()),
    }))
}

/// The document of a record. What `expected` names and the record says nothing of was never asked for, and is unknown.
pub(crate) fn document(record: &mut Record, expected: &[Expect], names: &mut Names) -> Node {
    let listed = origin(record, &record.listed);
    let mut map = Map::default();
    let Value::Object(entries) = std::mem::take(&mut record.document) else {
        let why = Why::Unreadable("the record's document is no map".into());
        return Node::unknown(why, listed);
    };
    for (name, value) in entries {
        let (origin, is_there) = match record.parts.get(name.as_str()) {
            Some(Part::Read(asked)) => (origin(record, asked), true),
            Some(Part::None(_) | Part::Unread { .. }) => (listed.clone(), false),
            None => (listed.clone(), true),
        };
        if is_there {
            map.entries.insert(names.get(&name), node(value, &origin, names));
        }
    }
    for (field, part) in &record.parts {
        match part {
            Part::None(_) => {}
            // The answer was lost on the way to the file: that is not the same as none.
            Part::Read(asked) if !map.entries.contains_key(field) => {
                let why = Why::Unreadable(format!("the answer of `{}` is missing", asked.call).into());
                map.entries.insert(field.clone(), Node::unknown(why, origin(record, asked)));
            }
            Part::Read(_) => {}
            Part::Unread { asked, failure, code, .. } => {
                let value = ModelValue::Unknown(unread(&asked.call, failure, code));
                map.entries.insert(field.clone(), Node::new(value, origin(record, asked)));
            }
        }
    }
    for Expect { field, call } in expected {
        if !map.entries.contains_key(field) && !record.parts.contains_key(field) {
            let why = Why::Unreadable(format!("`{call}` was not asked when the snapshot was taken").into());
            map.entries.insert(field.clone(), Node::unknown(why, listed.clone()));
        }
    }
    Node::new(ModelValue::Map(map), listed)
}

/// A value as a node. Its nesting was bounded when it was read.
pub(crate) fn node(value: Value, origin: &Origin, names: &mut Names) -> Node {
    let value = match value {
        Value::Null => ModelValue::Null,
        Value::Bool(value) => ModelValue::Bool(value),
        Value::Number(number) => ModelValue::Number(number),
        Value::String(text) => ModelValue::Text(text.into()),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| node(item, origin, names)).collect();
            ModelValue::List(List { items, more: None })
        }
        Value::Object(entries) => match redact::read(&entries) {
            Some(secret) => secret,
            None => {
                let entries = entries.into_iter();
                let entries = entries.map(|(name, value)| (names.get(&name), node(value, origin, names)));
                ModelValue::Map(Map { entries: entries.collect(), more: None })
            }
        },
    };
    Node { value, origin: origin.clone() }
}
