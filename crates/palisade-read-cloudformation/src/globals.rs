//! Gives serverless resources what the template's `Globals` section says for all of their kind.

use crate::evaluate::call;
use palisade_model::{List, Map, Node, Value};
use std::borrow::Cow;

/// The `Globals` of a template for `AWS::Serverless`.
pub(crate) struct Globals<'a>(Option<&'a Node>);

impl<'a> Globals<'a> {
    pub(crate) fn of(document: &'a Node) -> Self {
        Self(document.get("Globals"))
    }

    /// The resource with the properties that it takes over.
    pub(crate) fn applied<'b>(&self, body: &'b Node) -> Cow<'b, Node> {
        let source_type = body.get("Type").and_then(Node::text);
        let kind = source_type.and_then(|name| name.strip_prefix("AWS::Serverless::"));
        let global = self.0.zip(kind).and_then(|(globals, kind)| globals.get(kind));
        let (Some(global), Value::Map(map)) = (global, &body.value) else {
            return Cow::Borrowed(body);
        };
        let mut map = map.clone();
        let merged = match map.entries.get("Properties") {
            Some(own) => merge(global, own),
            None => global.clone(),
        };
        map.entries.insert("Properties".into(), merged);
        Cow::Owned(Node::new(Value::Map(map), body.origin.clone()))
    }
}

/// Maps are joined entry by entry, lists one after the other; of anything else the resource's own counts.
fn merge(global: &Node, own: &Node) -> Node {
    let value = match (&global.value, &own.value) {
        (Value::Map(global), Value::Map(own)) if call(global).is_none() && call(own).is_none() => {
            let mut entries = global.entries.clone();
            for (name, node) in &own.entries {
                let merged = entries.get(name).map_or_else(|| node.clone(), |global| merge(global, node));
                entries.insert(name.clone(), merged);
            }
            Value::Map(Map { entries, more: own.more.clone().or_else(|| global.more.clone()) })
        }
        (Value::List(global), Value::List(own)) => Value::List(List {
            items: global.items.iter().chain(&own.items).cloned().collect(),
            more: own.more.clone().or_else(|| global.more.clone()),
        }),
        _ => return own.clone(),
    };
    Node::new(value, own.origin.clone())
}
