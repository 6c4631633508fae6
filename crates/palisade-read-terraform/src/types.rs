//! Types as Terraform has them: of values, and which one several values have in common.
//!
//! This follows the conversion rules of go-cty, the library that Terraform's values come from: tuples and objects, as
//! they are written, become lists and maps where they meet one, and texts take in the other primitive types.

use crate::syntax::Step;
use crate::value::{Kind, Sequence, Value};
use palisade_model::Shape;
use std::sync::Arc;

pub(crate) use crate::convert::{Member, Type};

impl Type {
    /// The type of a value.
    pub fn of_value(value: &Value) -> Self {
        match &value.kind {
            Kind::Null => Self::Null,
            Kind::Bool(_) => Self::Bool,
            Kind::Number(_) => Self::Number,
            Kind::Text(_) | Kind::Encoded(_) => Self::Text,
            Kind::Unknown(unknown) => match unknown.hint.shape {
                Some(Shape::Text) => Self::Text,
                Some(Shape::Number) => Self::Number,
                Some(Shape::Bool) => Self::Bool,
                _ => Self::Any,
            },
            Kind::List(list) => match &list.sequence {
                Sequence::Tuple if list.more.is_some() => Self::Any,
                Sequence::Tuple => Self::Tuple(list.items.iter().map(Self::of_value).collect()),
                Sequence::List(of) => Self::List(of.clone()),
                Sequence::Set(of) => Self::Set(of.clone()),
            },
            Kind::Map(map) => match &map.of {
                Some(of) => Self::Map(of.clone()),
                None if map.more.is_some() => Self::Any,
                None => Self::Object(
                    map.entries
                        .iter()
                        .map(|(name, value)| Member {
                            name: name.clone(),
                            kind: Self::of_value(value),
                            default: None,
                        })
                        .collect(),
                ),
            },
        }
    }

    /// The type of what these steps lead to from a value of this type.
    pub fn after(&self, steps: &[Step]) -> Self {
        let Some((step, rest)) = steps.split_first() else {
            return self.clone();
        };
        match (step, self) {
            (Step::Attribute(name), Self::Object(members)) => {
                member_of(members, name).map_or(Self::Any, |member| member.kind.after(rest))
            }
            (Step::Attribute(_) | Step::Index(_), Self::Map(of)) => of.after(rest),
            (Step::Index(_), Self::List(of)) => of.after(rest),
            _ => Self::Any,
        }
    }

    /// Is it the same type?
    pub fn is(&self, other: &Self) -> bool {
        self.compare(other, false)
    }

    /// Is it the same type, as far as both are known?
    pub fn may_be(&self, other: &Self) -> bool {
        self.compare(other, true)
    }

    fn compare(&self, other: &Self, lenient: bool) -> bool {
        match (self, other) {
            (Self::Any | Self::Null, _) | (_, Self::Any | Self::Null) if lenient => true,
            (Self::Any, Self::Any)
            | (Self::Null, Self::Null)
            | (Self::Text, Self::Text)
            | (Self::Number, Self::Number)
            | (Self::Bool, Self::Bool) => true,
            (Self::List(one), Self::List(two))
            | (Self::Set(one), Self::Set(two))
            | (Self::Map(one), Self::Map(two)) => one.compare(two, lenient),
            (Self::Tuple(one), Self::Tuple(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.compare(two, lenient))
            }
            (Self::Object(one), Self::Object(two)) => {
                one.len() == two.len()
                    && one.iter().all(|member| {
                        member_of(two, &member.name)
                            .is_some_and(|other| member.kind.compare(&other.kind, lenient))
                    })
            }
            _ => false,
        }
    }

    fn is_primitive(&self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Bool)
    }

    /// Does it leave something open?
    pub fn is_open(&self) -> bool {
        match self {
            Self::Any | Self::Null => true,
            Self::Text | Self::Number | Self::Bool => false,
            Self::List(of) | Self::Set(of) | Self::Map(of) => of.is_open(),
            Self::Tuple(of) => of.iter().any(Self::is_open),
            Self::Object(members) => members.iter().any(|member| member.kind.is_open()),
        }
    }
}

fn member_of<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| &*member.name == name)
}

/// Can every value of a type perhaps be converted to another?
pub(crate) fn is_convertible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (_, Type::Any | Type::Null) | (Type::Any | Type::Null, _) => true,
        (from, to) if from.is_primitive() && to.is_primitive() => {
            from.is(to) || matches!(from, Type::Text) || matches!(to, Type::Text)
        }
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => is_convertible(from, to),
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| is_convertible(from, to))
        }
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            from.iter().all(|from| is_convertible(from, to))
                && (!matches!(**to, Type::Any) || unify(from).is_some())
        }
        (Type::Object(from), Type::Object(to)) => to.iter().all(|to| match member_of(from, &to.name) {
            Some(from) => is_convertible(&from.kind, &to.kind),
            None => to.default.is_some(),
        }),
        (Type::Object(from), Type::Map(to)) => {
            let kinds: Vec<Type> = from.iter().map(|member| member.kind.clone()).collect();
            kinds.iter().all(|from| is_convertible(from, to))
                && (!matches!(**to, Type::Any) || unify(&kinds).is_some())
        }
        (Type::Map(from), Type::Object(to)) => to.iter().all(|to| is_convertible(from, &to.kind)),
        _ => false,
    }
}

/// The type that values of all these types can be converted to; none when there is no such type.
pub(crate) fn unify(types: &[Type]) -> Option<Type> {
    // The null that is written so is of any type, which everything can be.
    let has_null = types.iter().any(|kind| matches!(kind, Type::Null));
    let has = |test: fn(&Type) -> bool| types.iter().any(test);
    let clash = has(|kind| matches!(kind, Type::Object(_))) && has(|kind| matches!(kind, Type::Tuple(_)));
    unify_known(types).or_else(|| (has_null && !clash).then_some(Type::Any))
}

fn unify_known(types: &[Type]) -> Option<Type> {
    let types: Vec<&Type> = types.iter().filter(|kind| !matches!(kind, Type::Null)).collect();
    let Some(first) = types.first() else {
        return Some(Type::Any);
    };
    if types.iter().all(|kind| kind.is(first)) {
        return Some((*first).clone());
    }
    let count = |test: fn(&Type) -> bool| types.iter().filter(|kind| test(kind)).count();
    let all = types.len();
    let any = count(|kind| matches!(kind, Type::Any));
    let maps = count(|kind| matches!(kind, Type::Map(_)));
    let lists = count(|kind| matches!(kind, Type::List(_)));
    let sets = count(|kind| matches!(kind, Type::Set(_)));
    let objects = count(|kind| matches!(kind, Type::Object(_)));
    let tuples = count(|kind| matches!(kind, Type::Tuple(_)));
    let collections = maps.max(lists).max(sets).max(objects).max(tuples);
    if collections > 0 && collections + any == all {
        if any > 0 {
            return Some(Type::Any);
        }
        return match first {
            Type::Map(_) => inner(&types).map(|of| Type::Map(Arc::new(of))),
            Type::List(_) => inner(&types).map(|of| Type::List(Arc::new(of))),
            Type::Set(_) => inner(&types).map(|of| Type::Set(Arc::new(of))),
            Type::Object(_) => unify_objects(&types),
            _ => unify_tuples(&types),
        };
    }
    if maps > 0 && maps + objects + any == all {
        let unified = objects_as_map(&types)
            .and_then(|of| replaced(&types, of, |kind| matches!(kind, Type::Object(_))));
        if let Some(unified @ Type::Map(_)) = unified {
            return Some(unified);
        }
    } else if lists > 0 && lists + tuples + any == all {
        let unified =
            tuples_as_list(&types).and_then(|of| replaced(&types, of, |kind| matches!(kind, Type::Tuple(_))));
        if let Some(unified @ Type::List(_)) = unified {
            return Some(unified);
        }
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    preferred(&types)
}

/// Of the types themselves the one that all others convert to.
fn preferred(types: &[&Type]) -> Option<Type> {
    let mut rest = types.to_vec();
    while !rest.is_empty() {
        let at =
            (0..rest.len()).find(|at| rest.iter().all(|other| !is_preferred(other, rest[*at]))).unwrap_or(0);
        let wanted = rest.remove(at);
        if types.iter().all(|kind| is_convertible(kind, wanted)) {
            return Some(wanted.clone());
        }
    }
    None
}

/// Is the first type the better one for values of both?
fn is_preferred(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Any, _) => false,
        (_, Type::Any) => true,
        (Type::Text, Type::Number | Type::Bool) => true,
        (Type::List(one), Type::List(other))
        | (Type::Set(one), Type::Set(other))
        | (Type::Map(one), Type::Map(other)) => is_preferred(one, other),
        (Type::List(_), Type::Tuple(_)) | (Type::Map(_), Type::Object(_)) => true,
        (Type::Tuple(_) | Type::List(_), Type::Set(_)) => true,
        _ => false,
    }
}

fn inner(types: &[&Type]) -> Option<Type> {
    let inner: Vec<Type> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::List(of) | Type::Set(of) | Type::Map(of) => Some(of.as_ref().clone()),
            _ => None,
        })
        .collect();
    unify(&inner)
}

/// The types with one of them in place of those that a test picks, unified.
fn replaced(types: &[&Type], by: Type, test: fn(&Type) -> bool) -> Option<Type> {
    let types: Vec<Type> =
        types.iter().map(|kind| if test(kind) { by.clone() } else { (*kind).clone() }).collect();
    unify(&types)
}

fn unify_objects(types: &[&Type]) -> Option<Type> {
    let members: Vec<&[Member]> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Object(members) => Some(members.as_slice()),
            _ => None,
        })
        .collect();
    let (first, rest) = members.split_first()?;
    let same_names = rest.iter().all(|other| {
        other.len() == first.len() && first.iter().all(|member| member_of(other, &member.name).is_some())
    });
    if !same_names {
        return objects_as_map(types);
    }
    let mut unified = Vec::with_capacity(first.len());
    for member in *first {
        let across: Vec<Type> = members
            .iter()
            .filter_map(|members| Some(member_of(members, &member.name)?.kind.clone()))
            .collect();
        unified.push(Member { name: member.name.clone(), kind: unify(&across)?, default: None });
    }
    Some(Type::Object(unified))
}

fn objects_as_map(types: &[&Type]) -> Option<Type> {
    let all: Vec<Type> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Object(members) => Some(members),
            _ => None,
        })
        .flatten()
        .map(|member| member.kind.clone())
        .collect();
    if all.is_empty() { None } else { Some(Type::Map(Arc::new(unify(&all)?))) }
}

fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&[Type]> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Tuple(of) => Some(of.as_slice()),
            _ => None,
        })
        .collect();
    let (first, rest) = tuples.split_first()?;
    if rest.iter().any(|other| other.len() != first.len()) {
        return tuples_as_list(types);
    }
    let mut unified = Vec::with_capacity(first.len());
    for at in 0..first.len() {
        let across: Vec<Type> = tuples.iter().filter_map(|tuple| tuple.get(at).cloned()).collect();
        unified.push(unify(&across)?);
    }
    Some(Type::Tuple(unified))
}

fn tuples_as_list(types: &[&Type]) -> Option<Type> {
    let all: Vec<Type> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Tuple(of) => Some(of),
            _ => None,
        })
        .flatten()
        .cloned()
        .collect();
    if all.is_empty() { None } else { Some(Type::List(Arc::new(unify(&all)?))) }
}
