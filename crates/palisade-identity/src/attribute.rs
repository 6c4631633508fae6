//! Reads attributes of resources: texts, lists, tags and policies, with what is not known of them.

use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_model::{Attribute, Meaning, Node, Origin, Resource, Value};
use std::sync::Arc;

/// What an attribute holds: a value, nothing, or something that could not be read, for this reason.
pub(crate) enum Held<'r> {
    Value(&'r Node),
    Nothing,
    Unknown(String),
}

/// What an attribute of a resource holds.
pub(crate) fn held<'r>(resource: &'r Resource, name: &str) -> Held<'r> {
    match resource.attributes.get(name) {
        None | Some(Attribute::Absent(Meaning::Nothing, _)) => Held::Nothing,
        Some(Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _)) => match &node.value {
            Value::Unknown(why) => Held::Unknown(why.to_string()),
            Value::Null => Held::Nothing,
            _ => Held::Value(node),
        },
        Some(Attribute::Unknown(why, _)) => Held::Unknown(why.to_string()),
    }
}

/// The text of an attribute.
pub(crate) fn text<'r>(resource: &'r Resource, name: &str) -> Option<&'r str> {
    match held(resource, name) {
        Held::Value(node) => node.text(),
        Held::Nothing | Held::Unknown(_) => None,
    }
}

/// The texts of an attribute that is a list, and why there may be more.
pub(crate) fn texts(resource: &Resource, name: &str) -> (Vec<Box<str>>, Option<String>) {
    let (nodes, open) = items(resource, name);
    let mut open = open;
    let mut texts = Vec::new();
    for node in nodes {
        match (&node.value, node.text()) {
            (_, Some(text)) => texts.push(text.into()),
            (Value::Unknown(why), None) => open = open.or(Some(why.to_string())),
            _ => {}
        }
    }
    (texts, open)
}

/// The items of an attribute that is a list, and why there may be more.
pub(crate) fn items<'r>(resource: &'r Resource, name: &str) -> (&'r [Node], Option<String>) {
    match held(resource, name) {
        Held::Nothing => (&[], None),
        Held::Unknown(why) => (&[], Some(why)),
        Held::Value(node) => match &node.value {
            Value::List(list) => (&list.items, list.more.as_ref().map(ToString::to_string)),
            _ => (&[], Some("it is no list".to_owned())),
        },
    }
}

/// Tags; nothing when not all of them are known.
pub(crate) fn tags(resource: &Resource) -> Option<Vec<(Box<str>, Box<str>)>> {
    resource.kind.as_ref()?;
    match held(resource, "tags") {
        Held::Nothing => Some(Vec::new()),
        Held::Unknown(_) => None,
        Held::Value(node) => match &node.value {
            Value::Map(map) if map.more.is_none() => map
                .entries
                .iter()
                .map(|(key, value)| Some((key.as_ref().into(), value.text()?.into())))
                .collect(),
            _ => None,
        },
    }
}

/// A switch; nothing when it is not known.
pub(crate) fn flag(resource: &Resource, name: &str) -> Option<bool> {
    match held(resource, name) {
        Held::Value(Node { value: Value::Bool(is_so), .. }) => Some(*is_so),
        Held::Nothing => Some(false),
        Held::Value(_) | Held::Unknown(_) => None,
    }
}

/// A policy of a resource, compiled; nothing where there is none.
pub(crate) fn policy(resource: &Resource, name: &str, kind: PolicyKind, called: &str) -> Option<Arc<Policy>> {
    match held(resource, name) {
        Held::Nothing => None,
        // What is not read is called by its resource, because its sort is told with it.
        Held::Unknown(why) => {
            let of = called.split_once(" of ").map_or(called, |(_, of)| of);
            Some(Arc::new(Policy::unread(kind, of, why)))
        }
        Held::Value(node) => Some(compile(node, resource, kind, called)),
    }
}

/// Compiles a document of a resource, as it was written where that can still be told.
///
/// The attributes of kinds have one form, with actions in lower case; people read what they wrote themselves.
pub(crate) fn compile(node: &Node, resource: &Resource, kind: PolicyKind, called: &str) -> Arc<Policy> {
    let is_written = matches!(node.origin, Origin::File(_));
    if let Some(written) = is_written.then(|| written(&resource.declared.raw, &node.origin)).flatten() {
        return Arc::new(Policy::from_node(written, called, kind, Strictness::Strict));
    }
    let mut spelled = node.clone();
    spell(&mut spelled);
    Arc::new(Policy::from_node(&spelled, called, kind, Strictness::Strict))
}

/// Gives the actions of a document the letter case that AWS gives them.
fn spell(document: &mut Node) {
    let reference = palisade_services::Reference::shipped();
    let entries = |node: &mut Node, name: &str, change: &mut dyn FnMut(&mut Node)| {
        let Value::Map(map) = &mut node.value else { return };
        if let Some(Value::List(list)) = map.entries.get_mut(name).map(|node| &mut node.value) {
            list.items.iter_mut().for_each(change);
        }
    };
    entries(document, "Statement", &mut |statement| {
        for name in ["Action", "NotAction"] {
            entries(statement, name, &mut |node| {
                let Some(text) = node.text() else { return };
                if let (Some(action), Some((service, _))) = (reference.action(text), text.split_once(':')) {
                    node.value = Value::Text(format!("{service}:{}", action.name).into());
                }
            });
        }
    });
}

fn written<'n>(node: &'n Node, origin: &Origin) -> Option<&'n Node> {
    match &node.value {
        Value::Map(map) if node.origin == *origin && map.entries.contains_key("Statement") => Some(node),
        Value::Map(map) => map.entries.values().find_map(|inner| written(inner, origin)),
        Value::List(list) => list.items.iter().find_map(|inner| written(inner, origin)),
        _ => None,
    }
}

/// A policy that a document without a kind holds: an object, or JSON in a text.
pub(crate) fn raw_policy(node: &Node, kind: PolicyKind, called: &str) -> Option<Arc<Policy>> {
    match (&node.value, node.text()) {
        (Value::Null, _) => None,
        (_, Some("")) => None,
        (_, Some(text)) => {
            let file: Arc<str> = node.origin.span().map_or_else(|| called.into(), |span| span.file.clone());
            let start =
                node.origin.span().map_or(palisade_model::Position { line: 1, column: 1 }, |span| span.start);
            let documents =
                palisade_document::read_json(palisade_document::Text { file: &file, text, start });
            let read = documents.documents.first().filter(|_| documents.diagnostics.is_empty());
            Some(Arc::new(match read {
                Some(node) => Policy::from_node(node, called, kind, Strictness::Strict),
                None => Policy::unread(kind, called, "it is no JSON document"),
            }))
        }
        _ => Some(Arc::new(Policy::from_node(node, called, kind, Strictness::Strict))),
    }
}
