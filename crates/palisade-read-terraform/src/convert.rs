//! Conversion between types: what `tostring` does, and what a variable's type does to the value it is given.

use crate::evaluate::{Environment, Failure, Outcome};
use crate::syntax::{Expression, ExpressionKind};
use crate::types::unify;
use crate::value::{Entries, Items, Kind, Sequence, Value};
use indexmap::IndexMap;
use palisade_model::{Hint, Shape, Unknown, Why};
use serde_json::Number;
use std::sync::Arc;

/// A type, of a value or as a constraint.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    /// Whichever; as the type of items, one that all of them have.
    Any,
    /// That of a null of which no more is known.
    Null,
    Text,
    Number,
    Bool,
    List(Arc<Type>),
    Set(Arc<Type>),
    Map(Arc<Type>),
    Object(Vec<Member>),
    Tuple(Vec<Type>),
}

/// An attribute of an object type.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: Arc<str>,
    pub kind: Type,
    /// What holds when it is not given; none where it must be.
    pub default: Option<Value>,
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
                "list" => Self::List(Arc::new(Self::Any)),
                "map" => Self::Map(Arc::new(Self::Any)),
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
            ("list", _) => Self::List(Arc::new(Self::of(first, environment))),
            ("set", _) => Self::Set(Arc::new(Self::of(first, environment))),
            ("map", _) => Self::Map(Arc::new(Self::of(first, environment))),
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
            Self::Any | Self::Null => None,
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
        (Kind::Unknown(unknown), _) => {
            let fits = match (unknown.hint.shape, kind.shape()) {
                (Some(Shape::List), Some(wanted)) => wanted == Shape::List,
                (Some(Shape::Map), Some(wanted)) => wanted == Shape::Map,
                (Some(_), Some(wanted)) => !matches!(wanted, Shape::List | Shape::Map),
                _ => true,
            };
            if !fits {
                return Err(Failure);
            }
            Ok(Value::unknown(shaped(unknown, kind.shape()), &value.origin))
        }
        (_, Type::Any | Type::Null) | (Kind::Null, _) => Ok(value.clone()),
        (_, Type::Text) => to_text(value),
        (_, Type::Number) => to_number(value),
        (_, Type::Bool) => to_bool(value),
        (Kind::List(list), Type::List(inner)) => {
            if let Sequence::List(of) = &list.sequence
                && (matches!(**inner, Type::Any) || of.is(inner))
            {
                return Ok(value.clone());
            }
            let (items, of) = items_as(list, inner)?;
            let more = list.more.as_ref().or_else(|| value.open_order()).cloned();
            Ok(Value::list_of(items, more, Sequence::List(of), &value.origin))
        }
        (Kind::List(list), Type::Set(inner)) => {
            if let Sequence::Set(of) = &list.sequence
                && (matches!(**inner, Type::Any) || of.is(inner))
            {
                return Ok(value.clone());
            }
            let (items, of) = items_as(list, inner)?;
            Ok(set(items, list.more.clone(), of, value))
        }
        (Kind::List(list), Type::Tuple(kinds))
            if list.items.len() == kinds.len() && matches!(list.sequence, Sequence::Tuple) =>
        {
            let items: Result<Vec<_>, _> =
                list.items.iter().zip(kinds).map(|(item, kind)| convert(item, kind)).collect();
            Ok(Value::list_of(items?, list.more.clone(), Sequence::Tuple, &value.origin))
        }
        (Kind::Map(map), Type::Map(inner)) => {
            if let Some(of) = &map.of
                && (matches!(**inner, Type::Any) || of.is(inner))
            {
                return Ok(value.clone());
            }
            let own = map.of.as_deref();
            let (values, of) = alike(map.entries.values().cloned().collect(), own, inner, true)?;
            let entries = map.entries.keys().cloned().zip(values).collect();
            Ok(Value::entries_of(entries, map.more.clone(), Some(of), &value.origin))
        }
        (Kind::Map(map), Type::Object(members)) => object(map, members, value),
        _ => Err(Failure),
    }
}

fn items_as(list: &Items, kind: &Arc<Type>) -> Result<(Vec<Value>, Arc<Type>), Failure> {
    let own = match &list.sequence {
        Sequence::Tuple => None,
        Sequence::List(of) | Sequence::Set(of) => Some(&**of),
    };
    alike(list.items.clone(), own, kind, false)
}

/// Values as one type, and that type: where it is left open, the one that all of them have in common. A list and a map,
/// where the values have names, differ in what may stand beside a null.
fn alike(
    values: Vec<Value>,
    own: Option<&Type>,
    kind: &Arc<Type>,
    is_of_names: bool,
) -> Result<(Vec<Value>, Arc<Type>), Failure> {
    let each = |values: &[Value], kind: &Type| -> Result<Vec<Value>, Failure> {
        values.iter().map(|value| convert(value, kind)).collect()
    };
    let values = if matches!(**kind, Type::Any) { values } else { each(&values, kind)? };
    if !kind.is_open() {
        return Ok((values, without_defaults(kind)));
    }
    if values.is_empty() {
        return Ok((values, Arc::new(own.cloned().unwrap_or(Type::Any))));
    }
    let kinds: Vec<Type> = values.iter().map(Type::of_value).collect();
    let common = unify(&kinds).ok_or(Failure)?;
    // A null that is written so has no type, and nothing else may stand beside it whose type is as it is written.
    let has = |test: fn(&Type) -> bool| kinds.iter().any(test);
    let is_mixed = match &common {
        Type::Any => {
            !has(|kind| matches!(kind, Type::Any)) && !kinds.windows(2).all(|pair| pair[0].is(&pair[1]))
        }
        Type::Tuple(_) | Type::Object(_) if is_of_names => {
            kinds.iter().any(|kind| !matches!(kind, Type::Null) && !kind.is(&common))
        }
        Type::Tuple(_) | Type::Object(_) => true,
        Type::List(_) | Type::Set(_) | Type::Map(_) => own.is_none() && !is_of_names,
        _ => false,
    };
    if is_mixed && has(|kind| matches!(kind, Type::Null)) {
        return Err(Failure);
    }
    let values = each(&values, &common)?;
    Ok((values, Arc::new(common)))
}

/// The type that values of a constraint have.
fn without_defaults(kind: &Arc<Type>) -> Arc<Type> {
    fn has_defaults(kind: &Type) -> bool {
        match kind {
            Type::List(of) | Type::Set(of) | Type::Map(of) => has_defaults(of),
            Type::Tuple(of) => of.iter().any(has_defaults),
            Type::Object(members) => {
                members.iter().any(|member| member.default.is_some() || has_defaults(&member.kind))
            }
            _ => false,
        }
    }
    fn stripped(kind: &Type) -> Type {
        let inner = |of: &Type| Arc::new(stripped(of));
        match kind {
            Type::List(of) => Type::List(inner(of)),
            Type::Set(of) => Type::Set(inner(of)),
            Type::Map(of) => Type::Map(inner(of)),
            Type::Tuple(of) => Type::Tuple(of.iter().map(stripped).collect()),
            Type::Object(members) => Type::Object(
                members
                    .iter()
                    .map(|member| Member {
                        name: member.name.clone(),
                        kind: stripped(&member.kind),
                        default: None,
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }
    if has_defaults(kind) { Arc::new(stripped(kind)) } else { kind.clone() }
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

/// A set: each value once, in the order that Terraform goes through them.
pub(crate) fn set(items: Vec<Value>, more: Option<Arc<Unknown>>, of: Arc<Type>, like: &Value) -> Value {
    let mut kept = distinct(items);
    match *of {
        Type::Number => kept.sort_by(|one, two| match (&one.kind, &two.kind) {
            (Kind::Number(one), Kind::Number(two)) => {
                crate::evaluate::order(one, two).unwrap_or(std::cmp::Ordering::Equal)
            }
            _ => last(one).cmp(&last(two)),
        }),
        Type::Text | Type::Bool => {
            kept.sort_by_cached_key(|item| (last(item), text_of(item)));
        }
        _ => kept.sort_by_cached_key(|item| {
            let mut bytes = String::new();
            set_order(item, &mut bytes);
            (last(item), bytes)
        }),
    }
    Value::list_of(kept, more, Sequence::Set(of), &like.origin)
}

/// Nulls and what is unknown come last.
fn last(value: &Value) -> u8 {
    match &value.kind {
        Kind::Unknown(_) => 1,
        Kind::Null => 2,
        _ => 0,
    }
}

/// What the items of a set are ordered by when they are not primitive.
fn set_order(value: &Value, into: &mut String) {
    match &value.kind {
        Kind::Unknown(_) => into.push('?'),
        Kind::Null => into.push('~'),
        Kind::Bool(bool) => into.push(if *bool { 'T' } else { 'F' }),
        Kind::Number(number) => into.push_str(&number_text(number)),
        Kind::Text(_) | Kind::Encoded(_) => {
            into.push_str(&format!("{:?}", text_of(value).unwrap_or_default()));
        }
        Kind::List(list) => {
            let (open, close) =
                if matches!(list.sequence, Sequence::Tuple) { ('<', '>') } else { ('[', ']') };
            into.push(open);
            for item in &list.items {
                set_order(item, into);
                into.push(';');
            }
            into.push(close);
        }
        Kind::Map(map) => {
            let mut entries: Vec<_> = map.entries.iter().collect();
            entries.sort_by(|one, two| one.0.cmp(two.0));
            into.push(if map.of.is_some() { '{' } else { '<' });
            for (name, value) in entries {
                if map.of.is_some() {
                    into.push_str(&format!("{name:?}:"));
                }
                set_order(value, into);
                into.push(';');
            }
            into.push(if map.of.is_some() { '}' } else { '>' });
        }
    }
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
        Kind::Number(number) if has_lost_digits(number) => {
            let why = Why::NotEvaluated("a number with more digits than are kept".into());
            Ok(Value::unknown(Unknown::reference(why, Some(Shape::Text), Vec::new()), &value.origin))
        }
        _ => text_of(value).map(|text| Value::text(text, &value.origin)).ok_or(Failure),
    }
}

/// Terraform writes 154 digits of a third. Numbers are kept as floats here, so what has as many digits as one holds
/// may have more.
fn has_lost_digits(number: &Number) -> bool {
    let text = number_text(number);
    let digits = text.trim_start_matches(['-', '0', '.']);
    let digits = if text.contains('.') { digits } else { digits.trim_end_matches('0') };
    number.is_f64() && digits.bytes().filter(u8::is_ascii_digit).count() > 15
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
