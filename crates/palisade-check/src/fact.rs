//! Functions whose answers other engines give: this engine asks them, and knows none of them.

use crate::rego::partial::{Cause, Ids, Partial, union};
use palisade_model::{Hint, List, Map, Node, Origin, Path, Segment, Unknown, Value, Why};
use regorus::Value as Rego;
use std::sync::Arc;

/// A function that picks members of what its first argument holds, as the statements by which a policy is open.
///
/// Rego sees the list of the members that are picked for certain; those of which it is not known whether they are
/// picked leave the rule open. What is picked counts as read, so that evidence is the member and not the whole.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// What rules call it by.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: u8,
    /// Picks the members, given the arguments with all that is not known about them.
    pub pick: fn(&[Node]) -> Vec<Picked>,
}

/// A member that a fact picks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// Where it is below the first argument; the argument itself where no member can be told.
    pub at: Path,
    /// What has to be known to tell whether it is picked, below the first argument; nothing where that is certain.
    /// An empty list means everything that is not known in the arguments.
    pub open: Option<Vec<Path>>,
}

/// An argument as other engines read it.
pub(crate) fn node(value: &Partial, unknowns: &[(Path, Unknown)]) -> Node {
    let origin = || Origin::Documented(Arc::from(""));
    let value = match value {
        Partial::Known(value) => known(value),
        Partial::Unknown(cause) => Value::Unknown(unknown(cause, unknowns)),
        Partial::Set(set) => Value::Unknown(unknown(&set.1, unknowns)),
        Partial::List(list) => Value::List(List {
            items: list.items.iter().map(|item| node(item, unknowns)).collect(),
            more: list.more.as_ref().map(|cause| unknown(cause, unknowns)),
        }),
        Partial::Map(map) => Value::Map(Map {
            entries: map
                .entries
                .iter()
                .filter_map(|(key, value)| Some((name(key)?, node(value, unknowns))))
                .collect(),
            more: map.more.as_ref().map(|cause| unknown(cause, unknowns)),
        }),
    };
    Node::new(value, origin())
}

fn name(key: &Rego) -> Option<Arc<str>> {
    match key {
        Rego::String(name) => Some(name.clone()),
        _ => None,
    }
}

fn known(value: &Rego) -> Value {
    let node = |value: &Rego| Node::new(known(value), Origin::Documented(Arc::from("")));
    match value {
        Rego::Bool(bool) => Value::Bool(*bool),
        Rego::String(text) => Value::Text(text.clone()),
        Rego::Array(items) => Value::list(items.iter().map(node).collect()),
        Rego::Set(items) => Value::list(items.iter_sorted().map(node).collect()),
        Rego::Object(entries) => {
            Value::map(entries.iter_sorted().filter_map(|(key, value)| Some((name(key)?, node(value)))))
        }
        Rego::Number(_) => value
            .to_json_str()
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .map_or(Value::Null, Value::Number),
        Rego::Null | Rego::Undefined => Value::Null,
    }
}

/// Why a part is not known. What it refers to is said only of a value that is just as the source has it.
fn unknown(cause: &Cause, unknowns: &[(Path, Unknown)]) -> Unknown {
    let of = |id: &u32| unknowns.get(*id as usize).map(|(_, unknown)| unknown);
    let hint = Hint {
        is_present: cause.is_present,
        shape: cause.shape,
        refers_to: Vec::new(),
        starts_with: cause.starts_with.clone(),
        ends_with: cause.ends_with.clone(),
    };
    match (cause.ids.first().and_then(of), cause.ids.len()) {
        (Some(unknown), 1) => {
            let is_as_it_was = hint.is_present == unknown.hint.is_present
                && hint.shape == unknown.hint.shape
                && hint.ends_with == unknown.hint.ends_with
                && (hint.starts_with == unknown.hint.starts_with || cause.is_arn_of_one);
            let refers_to = if is_as_it_was { unknown.hint.refers_to.clone() } else { Vec::new() };
            Unknown { why: unknown.why.clone(), hint: Hint { refers_to, ..hint } }
        }
        _ => Unknown { why: Why::NotEvaluated(Arc::from("a value of the rule")), hint },
    }
}

/// The part of a value at a path, where one can be told.
pub(crate) fn part(value: &Partial, path: &[Segment]) -> Option<Partial> {
    let Some((first, rest)) = path.split_first() else { return Some(value.clone()) };
    let next = match first {
        Segment::Index(index) => value.items()?.items.get(*index)?.clone(),
        Segment::Name(name) => value.entries()?.entries.get(&Rego::String(name.clone()))?.clone(),
    };
    part(&next, rest)
}

/// What an answer depends on.
pub(crate) fn depends_on(arguments: &[&Partial], open: &[Path]) -> Ids {
    let none = Ids::from([]);
    let of_parts = arguments.first().map_or(none.clone(), |first| {
        let parts = open.iter().filter_map(|path| part(first, &path.0));
        parts.fold(none.clone(), |all, part| union(&all, &part.ids()))
    });
    if !of_parts.is_empty() {
        return of_parts;
    }
    arguments.iter().fold(none, |all, argument| union(&all, &argument.ids()))
}
