//! Values of which parts may be unknown, and what can be said of them all the same.

use crate::Failure;
use crate::input::shape_of;
use palisade_model::Shape;
use regorus::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The unknowns something depends on, by their number in the input, in order.
pub type Ids = Arc<[u32]>;

/// Why a value is unknown, and what is known of it all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    pub ids: Ids,
    /// Certainly there, and not null.
    pub is_present: bool,
    pub shape: Option<Shape>,
    /// How the text begins.
    pub starts_with: Option<Arc<str>>,
    /// How the text ends.
    pub ends_with: Option<Arc<str>>,
    /// It is the ARN of one resource that the same source declares.
    pub is_arn_of_one: bool,
    /// How to show it in a message, where part of it is known.
    pub shown: Option<Arc<str>>,
}

/// A value of which parts may be unknown. Invariant: what is fully known is `Known`.
#[derive(Debug, Clone, PartialEq)]
pub enum Partial {
    Known(Value),
    Unknown(Cause),
    List(Arc<PartialList>),
    Map(Arc<PartialMap>),
    /// A set with these members, and maybe others.
    Set(Arc<(BTreeSet<Value>, Cause)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct PartialList {
    pub items: Vec<Partial>,
    pub more: Option<Cause>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PartialMap {
    pub entries: BTreeMap<Value, Partial>,
    pub more: Option<Cause>,
}

impl Cause {
    /// A cause that says no more than what it depends on.
    pub fn bare(ids: Ids) -> Self {
        Self {
            ids,
            is_present: false,
            shape: None,
            starts_with: None,
            ends_with: None,
            is_arn_of_one: false,
            shown: None,
        }
    }
    /// The outcome of an operation on unknown values: there, and of this shape.
    pub fn outcome(ids: Ids, shape: Shape) -> Self {
        Self { is_present: true, shape: Some(shape), ..Self::bare(ids) }
    }
    /// Certainly neither false nor missing.
    pub fn is_truthy(&self) -> bool {
        self.is_present && self.shape.is_some_and(|shape| shape != Shape::Bool)
    }
}

/// Both lists of unknowns as one.
pub fn union(left: &Ids, right: &Ids) -> Ids {
    if left == right || right.is_empty() {
        return left.clone();
    }
    let all: BTreeSet<u32> = left.iter().chain(right.iter()).copied().collect();
    all.into_iter().collect()
}

impl Partial {
    /// A list; known when all of it is.
    pub fn list(items: Vec<Partial>, more: Option<Cause>) -> Self {
        if more.is_none() && items.iter().all(|item| matches!(item, Self::Known(_))) {
            let known: Vec<Value> = items.into_iter().filter_map(|item| item.known()).collect();
            return Self::Known(Value::from(known));
        }
        Self::List(Arc::new(PartialList { items, more }))
    }

    /// A map; known when all of it is.
    pub fn map(entries: BTreeMap<Value, Partial>, more: Option<Cause>) -> Self {
        if more.is_none() && entries.values().all(|item| matches!(item, Self::Known(_))) {
            let known: BTreeMap<Value, Value> =
                entries.into_iter().filter_map(|(key, item)| Some((key, item.known()?))).collect();
            return Self::Known(Value::from(known));
        }
        Self::Map(Arc::new(PartialMap { entries, more }))
    }

    /// A set of which these members are certain; known when nothing else may be in it.
    pub fn set(members: BTreeSet<Value>, more: Option<Cause>) -> Self {
        match more {
            None => Self::Known(Value::from(members)),
            Some(more) => Self::Set(Arc::new((members, more))),
        }
    }

    /// The value, where all of it is known.
    pub fn known(&self) -> Option<Value> {
        match self {
            Self::Known(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// The unknowns that any part of it depends on.
    pub fn ids(&self) -> Ids {
        let mut all = BTreeSet::new();
        self.collect_ids(&mut all);
        all.into_iter().collect()
    }

    fn collect_ids(&self, all: &mut BTreeSet<u32>) {
        let mut add = |cause: &Cause| all.extend(cause.ids.iter().copied());
        match self {
            Self::Known(_) => {}
            Self::Unknown(cause) => add(cause),
            Self::Set(set) => add(&set.1),
            Self::List(list) => {
                list.more.iter().for_each(&mut add);
                list.items.iter().for_each(|item| item.collect_ids(all));
            }
            Self::Map(map) => {
                map.more.iter().for_each(&mut add);
                map.entries.values().for_each(|item| item.collect_ids(all));
            }
        }
    }

    /// The shape, where it is certain that there is a value of one.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::Known(value) => shape_of(value),
            Self::Unknown(cause) if cause.is_present => cause.shape,
            Self::List(_) => Some(Shape::List),
            Self::Map(_) => Some(Shape::Map),
            Self::Unknown(_) | Self::Set(_) => None,
        }
    }

    /// Certainly something other than null?
    fn is_not_null(&self) -> bool {
        match self {
            Self::Known(value) => *value != Value::Null,
            Self::Unknown(cause) => cause.is_present,
            Self::List(_) | Self::Map(_) | Self::Set(_) => true,
        }
    }

    /// How the text certainly begins.
    pub fn beginning(&self) -> Option<&str> {
        match self {
            Self::Known(Value::String(text)) => Some(text),
            Self::Unknown(cause) => cause.starts_with.as_deref(),
            _ => None,
        }
    }

    /// How the text certainly ends.
    pub fn end(&self) -> Option<&str> {
        match self {
            Self::Known(Value::String(text)) => Some(text),
            Self::Unknown(cause) => cause.ends_with.as_deref(),
            _ => None,
        }
    }

    /// Does this, unknown, end as the other certainly does not?
    fn cannot_end_as(&self, other: &Self) -> bool {
        let Self::Unknown(Cause { ends_with: Some(end), .. }) = self else { return false };
        match other {
            Self::Known(Value::String(text)) => !text.ends_with(&**end),
            Self::Known(_) => true,
            other => other.end().is_some_and(|other| !end.ends_with(other) && !other.ends_with(&**end)),
        }
    }

    /// Does this, unknown, begin as the other certainly does not?
    fn cannot_be(&self, other: &Self) -> bool {
        let Self::Unknown(Cause { starts_with: Some(beginning), .. }) = self else { return false };
        match other {
            Self::Known(Value::String(text)) => !text.starts_with(&**beginning),
            Self::Known(_) => true,
            other => other
                .beginning()
                .is_some_and(|other| !beginning.starts_with(other) && !other.starts_with(&**beginning)),
        }
    }

    /// Are the two the same? None: it depends on what is unknown.
    pub fn same(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Known(left), Self::Known(right)) => Some(left == right),
            (Self::Unknown(_), _) | (_, Self::Unknown(_)) => {
                let null = |side: &Self| matches!(side, Self::Known(Value::Null));
                let differ = (null(self) && other.is_not_null()) || (null(other) && self.is_not_null());
                let shapes = self.shape().zip(other.shape());
                let begins_otherwise = self.cannot_be(other) || other.cannot_be(self);
                let other_shape = shapes.is_some_and(|(left, right)| left != right);
                let ends_otherwise = self.cannot_end_as(other) || other.cannot_end_as(self);
                (differ || begins_otherwise || ends_otherwise || other_shape).then_some(false)
            }
            _ => match (self.items(), other.items()) {
                (Some(left), Some(right)) => same_items(&left, &right),
                (None, None) => match (self.entries(), other.entries()) {
                    (Some(left), Some(right)) => same_entries(&left, &right),
                    (None, None) => self.same_set(other),
                    _ => Some(false),
                },
                _ => Some(false),
            },
        }
    }

    fn same_set(&self, other: &Self) -> Option<bool> {
        let as_set = |side: &Self| match side {
            Self::Set(set) => Some((set.0.clone(), true)),
            Self::Known(Value::Set(set)) => Some((set.iter().cloned().collect(), false)),
            _ => None,
        };
        match (as_set(self), as_set(other)) {
            (Some((left, left_open)), Some((right, right_open))) => {
                let impossible =
                    (!left_open && !right.is_subset(&left)) || (!right_open && !left.is_subset(&right));
                impossible.then_some(false)
            }
            _ => Some(false),
        }
    }

    /// The items and what else there may be, where this is a list.
    pub fn items(&self) -> Option<PartialList> {
        match self {
            Self::Known(Value::Array(items)) => {
                Some(PartialList { items: items.iter().cloned().map(Self::Known).collect(), more: None })
            }
            Self::List(list) => Some((**list).clone()),
            _ => None,
        }
    }

    /// The entries and what else there may be, where this is a map.
    pub fn entries(&self) -> Option<PartialMap> {
        match self {
            Self::Known(Value::Object(entries)) => Some(PartialMap {
                entries: entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::Known(value.clone())))
                    .collect(),
                more: None,
            }),
            Self::Map(map) => Some((**map).clone()),
            _ => None,
        }
    }

    /// The text a message shows for it.
    pub fn shown(&self) -> String {
        match self {
            Self::Known(value) => shown(value),
            Self::Unknown(Cause { shown: Some(shown), .. }) => shown.to_string(),
            _ => "(unknown)".to_owned(),
        }
    }
}

fn same_items(left: &PartialList, right: &PartialList) -> Option<bool> {
    let open = left.more.is_some() || right.more.is_some();
    let too_long = |shorter: &PartialList, longer: &PartialList| {
        shorter.more.is_none() && longer.items.len() > shorter.items.len()
    };
    if too_long(left, right) || too_long(right, left) {
        return Some(false);
    }
    // With more items in between, positions say nothing.
    if open {
        return None;
    }
    all_same(left.items.iter().zip(&right.items).map(|(left, right)| left.same(right)))
}

fn same_entries(left: &PartialMap, right: &PartialMap) -> Option<bool> {
    let lacks = |holder: &PartialMap, other: &PartialMap| {
        holder.more.is_none() && other.entries.keys().any(|key| !holder.entries.contains_key(key))
    };
    if lacks(left, right) || lacks(right, left) {
        return Some(false);
    }
    let pairs = left.entries.iter().filter_map(|(key, value)| Some(value.same(right.entries.get(key)?)));
    let same = all_same(pairs);
    if same == Some(true) && (left.more.is_some() || right.more.is_some()) { None } else { same }
}

fn all_same(pairs: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut same = Some(true);
    for pair in pairs {
        match pair {
            Some(false) => return Some(false),
            None => same = None,
            Some(true) => {}
        }
    }
    same
}

/// A value as a message shows it: a text as it is, anything else as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// A fault's message and key from what a rule contributed: a text, or an object with `message` (or `msg`) and `key`.
pub fn message_and_key(value: &Value) -> (Option<String>, String) {
    let Value::Object(object) = value else {
        let text = if *value == Value::Bool(true) { None } else { Some(shown(value)) };
        return (text.clone(), text.unwrap_or_default());
    };
    let field = |name: &str| object.get(&Value::from(name)).map(shown);
    let message = field("message").or_else(|| field("msg")).unwrap_or_else(|| shown(value));
    let key = field("key").unwrap_or_else(|| message.clone());
    (Some(message), key)
}

/// The faults that a fully known result lists.
pub fn messages(value: &Value) -> Vec<Failure> {
    let failure = |value: &Value| {
        let (message, key) = message_and_key(value);
        Failure { message, key, evidence: Vec::new() }
    };
    match value {
        Value::Set(members) => members.iter_sorted().map(failure).collect(),
        Value::Array(items) => items.iter().map(failure).collect(),
        Value::Object(entries) if entries.is_empty() => Vec::new(),
        Value::Undefined | Value::Null | Value::Bool(false) => Vec::new(),
        other => vec![failure(other)],
    }
}
