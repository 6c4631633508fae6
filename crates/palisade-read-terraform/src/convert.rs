//! Conversion between types: what `tostring` does, and what a variable's type does to the value it is given.

use crate::evaluate::{Environment, Failure, Outcome};
use crate::syntax::{Expression, ExpressionKind};
use crate::value::{Entries, Items, Kind, Value};
use indexmap::IndexMap;
use palisade_model::{Hint, Shape, Unknown};
use serde_json::Number;
use std::sync::Arc;

/// A type constraint.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    Any,
    Text,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(Vec<Member>),
    Tuple(Vec<Type>),
}

/// An attribute of an object type.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    name: Arc<str>,
    kind: Type,
    /// What holds when it is not given; none where it must be.
    default: Option<Value>,
}

impl Type {
    /// Reads a type constraint. What isn't one constrains nothing.
    pub fn of(expression: &Expression, environment: &mut Environment<'_>) -> Self {
        match &expression.kind {
            ExpressionKind::Name(name) | ExpressionKind::Text(name) => match &**name {
                "string" => Self::Text,
                "number" => Self::Number,
                "bool" => Self::Bool,
                // The forms before 0.12.
                "list" => Self::List(Box::new(Self::Any)),
                "map" => Self::Map(Box::new(Self::Any)),
                _ => Self::Any,
            },
            ExpressionKind::Call { name, arguments, .. } => Self::of_call(name, arguments, environment),
            _ => Self::Any,
        }
    }

    fn of_call(name: &str, arguments: &[Expression], environment: &mut Environment<'_>) -> Self {
        let Some(first) = arguments.first() else {
            return Self::Any;
        };
        match (name, &first.kind) {
            ("list", _) => Self::List(Box::new(Self::of(first, environment))),
            ("set", _) => Self::Set(Box::new(Self::of(first, environment))),
            ("map", _) => Self::Map(Box::new(Self::of(first, environment))),
            ("tuple", ExpressionKind::List(items)) => {
                Self::Tuple(items.iter().map(|item| Self::of(item, environment)).collect())
            }
            ("object", ExpressionKind::Object(members)) => Self::Object(
                members.iter().filter_map(|(name, kind)| Member::of(name, kind, environment)).collect(),
            ),
            _ => Self::Any,
        }
    }

    /// The shape that every value of this type has.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::Any => None,
            Self::Text => Some(Shape::Text),
            Self::Number => Some(Shape::Number),
            Self::Bool => Some(Shape::Bool),
            Self::List(_) | Self::Set(_) | Self::Tuple(_) => Some(Shape::List),
            Self::Map(_) | Self::Object(_) => Some(Shape::Map),
        }
    }
}

impl Member {
    fn of(name: &Expression, kind: &Expression, environment: &mut Environment<'_>) -> Option<Self> {
        let ExpressionKind::Text(name) = &name.kind else {
            return None;
        };
        let name = name.clone();
        if let ExpressionKind::Call { name: function, arguments, .. } = &kind.kind
            && &**function == "optional"
            && let Some(inner) = arguments.first()
        {
            let default = match arguments.get(1) {
                Some(default) => environment.value(default),
                None => Value::null(&kind.place.origin()),
            };
            let kind = Type::of(inner, environment);
            let default = Some(convert(&default, &kind).unwrap_or(default));
            return Some(Self { name, kind, default });
        }
        Some(Self { name, kind: Type::of(kind, environment), default: None })
    }
}

/// A value as this type.
pub(crate) fn convert(value: &Value, kind: &Type) -> Outcome {
    match (&value.kind, kind) {
        (Kind::Unknown(unknown), _) => Ok(Value::unknown(shaped(unknown, kind.shape()), &value.origin)),
        (_, Type::Any) | (Kind::Null, _) => Ok(value.clone()),
        (_, Type::Text) => to_text(value),
        (_, Type::Number) => to_number(value),
        (_, Type::Bool) => to_bool(value),
        (Kind::List(list), Type::List(inner)) => {
            let items = converted(&list.items, inner)?;
            Ok(Value::list_of(items, list.more.clone(), false, &value.origin))
        }
        (Kind::List(list), Type::Set(inner)) => {
            let items = converted(&list.items, inner)?;
            Ok(set(items, list.more.clone(), value))
        }
        (Kind::List(list), Type::Tuple(kinds)) if list.items.len() == kinds.len() => {
            let items: Result<Vec<_>, _> =
                list.items.iter().zip(kinds).map(|(item, kind)| convert(item, kind)).collect();
            Ok(Value::list_of(items?, list.more.clone(), false, &value.origin))
        }
        (Kind::Map(map), Type::Map(inner)) => {
            let entries: Result<IndexMap<_, _>, Failure> =
                map.entries.iter().map(|(name, entry)| Ok((name.clone(), convert(entry, inner)?))).collect();
            Ok(Value::map_of(entries?, map.more.clone(), &value.origin))
        }
        (Kind::Map(map), Type::Object(members)) => object(map, members, value),
        _ => Err(Failure),
    }
}

fn converted(items: &[Value], kind: &Type) -> Result<Vec<Value>, Failure> {
    items.iter().map(|item| convert(item, kind)).collect()
}

fn shaped(unknown: &Unknown, shape: Option<Shape>) -> Unknown {
    Unknown {
        why: unknown.why.clone(),
        hint: Hint { shape: shape.or(unknown.hint.shape), ..unknown.hint.clone() },
    }
}

fn object(map: &Entries, members: &[Member], value: &Value) -> Outcome {
    let mut entries = IndexMap::with_capacity(members.len());
    for member in members {
        let given = match (map.entries.get(&member.name), &map.more, &member.default) {
            (Some(given), _, Some(default)) if given.is_null() => default.clone(),
            (Some(given), ..) => convert(given, &member.kind)?,
            (None, Some(more), _) => {
                Value::unknown(shaped(&more.why.clone().into(), member.kind.shape()), &value.origin)
            }
            (None, None, Some(default)) => default.clone(),
            (None, None, None) => return Err(Failure),
        };
        entries.insert(member.name.clone(), given);
    }
    Ok(Value::map(entries, &value.origin))
}

/// A set: each value once, texts in order.
pub(crate) fn set(items: Vec<Value>, more: Option<Arc<Unknown>>, like: &Value) -> Value {
    let mut kept = distinct(items);
    if kept.iter().all(|item| matches!(item.kind, Kind::Text(_))) {
        kept.sort_by_cached_key(text_of);
    }
    Value::list_of(kept, more, true, &like.origin)
}

/// Each value once, in the order of its first mention. What is unknown is kept: nobody knows what it equals.
pub(crate) fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    items
        .into_iter()
        .filter(|item| item.has_unknown() || seen.insert(crate::json::encode(item, false)))
        .collect()
}

/// The text of a known primitive value.
pub(crate) fn text_of(value: &Value) -> Option<Arc<str>> {
    match &value.kind {
        Kind::Text(text) => Some(text.clone()),
        Kind::Bool(bool) => Some(if *bool { "true" } else { "false" }.into()),
        Kind::Number(number) => Some(number_text(number).into()),
        Kind::Encoded(encoded) if !value.has_unknown() => {
            Some(crate::json::encode(&encoded.value, encoded.indented).into())
        }
        _ => None,
    }
}

/// A number in digits, never with an exponent.
pub(crate) fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float}"),
        _ => number.to_string(),
    }
}

pub(crate) fn to_text(value: &Value) -> Outcome {
    match &value.kind {
        Kind::Null => Ok(value.clone()),
        // Its text can wait until somebody looks inside.
        Kind::Encoded(_) => Ok(value.clone()),
        Kind::Unknown(unknown) => Ok(Value::unknown(shaped(unknown, Some(Shape::Text)), &value.origin)),
        _ => text_of(value).map(|text| Value::text(text, &value.origin)).ok_or(Failure),
    }
}

pub(crate) fn to_number(value: &Value) -> Outcome {
    match &value.kind {
        Kind::Null | Kind::Number(_) => Ok(value.clone()),
        Kind::Unknown(unknown) => Ok(Value::unknown(shaped(unknown, Some(Shape::Number)), &value.origin)),
        Kind::Text(text) => {
            let number = number_in(text).ok_or(Failure)?;
            Ok(Value::number(number, &value.origin))
        }
        _ => Err(Failure),
    }
}

fn number_in(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    is_number.then(|| text.parse::<f64>().ok()).flatten().and_then(crate::value::number)
}

pub(crate) fn to_bool(value: &Value) -> Outcome {
    match &value.kind {
        Kind::Null | Kind::Bool(_) => Ok(value.clone()),
        Kind::Unknown(unknown) => Ok(Value::unknown(shaped(unknown, Some(Shape::Bool)), &value.origin)),
        Kind::Text(text) => match &**text {
            "true" | "1" => Ok(Value::bool(true, &value.origin)),
            "false" | "0" => Ok(Value::bool(false, &value.origin)),
            _ => Err(Failure),
        },
        _ => Err(Failure),
    }
}

/// The items of a list, when it is one.
pub(crate) fn items_of(value: &Value) -> Option<&Arc<Items>> {
    match &value.kind {
        Kind::List(list) => Some(list),
        _ => None,
    }
}
