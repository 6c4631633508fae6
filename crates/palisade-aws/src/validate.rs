//! Whether parameters are what an operation takes; each problem names the member.

use crate::models::{Reference, Service, Shape, Structure, To};
use crate::text::from_base64;
use crate::time::Time;
use crate::{NESTING_MAX, number};
use serde_json::{Map, Value};
use std::fmt;

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterProblem {
    /// The member, as `Filters[0].Name`; empty for the parameters as a whole.
    pub member: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ParameterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.member.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "`{}` {}", self.member, self.message)
        }
    }
}

/// All that is wrong with the parameters.
pub(crate) fn problems(
    service: &Service,
    input: Option<&Reference>,
    params: &Value,
) -> Vec<ParameterProblem> {
    let mut checker = Checker { service, problems: Vec::new() };
    match input {
        Some(input) => checker.check(input, params, "", 0),
        None if params.as_object().is_some_and(Map::is_empty) || params.is_null() => {}
        None => checker.tell("", "the operation takes no parameters"),
    }
    checker.problems
}

struct Checker<'a> {
    service: &'a Service,
    problems: Vec<ParameterProblem>,
}

impl Checker<'_> {
    fn tell(&mut self, member: &str, message: impl Into<String>) {
        self.problems.push(ParameterProblem { member: member.to_owned(), message: message.into() });
    }

    fn check(&mut self, of: &Reference, value: &Value, member: &str, depth: usize) {
        if depth > NESTING_MAX {
            return self.tell(member, format!("nests deeper than {NESTING_MAX} levels"));
        }
        if of.is_json {
            return;
        }
        match self.service.shape(of) {
            Some(Shape::Structure(structure)) if structure.is_document => {
                self.check_depth(value, member, depth);
            }
            Some(Shape::Structure(structure)) => self.check_structure(structure, value, member, depth),
            Some(Shape::List(item)) => match value.as_array() {
                Some(items) => {
                    self.check_least(of, items.len(), member, "item");
                    for (place, value) in items.iter().enumerate() {
                        self.check(item, value, &format!("{member}[{place}]"), depth + 1);
                    }
                }
                None => self.wrong_type(member, value, "a list"),
            },
            Some(Shape::Map(_, item)) => match value.as_object() {
                Some(members) => {
                    self.check_least(of, members.len(), member, "entry");
                    for (name, value) in members {
                        self.check(item, value, &inner(member, name), depth + 1);
                    }
                }
                None => self.wrong_type(member, value, "a map"),
            },
            None => self.check_scalar(of, value, member),
        }
    }

    /// A document is any JSON; only its depth counts.
    fn check_depth(&mut self, value: &Value, member: &str, depth: usize) {
        if depth > NESTING_MAX {
            return self.tell(member, format!("nests deeper than {NESTING_MAX} levels"));
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.check_depth(item, member, depth + 1)),
            Value::Object(items) => items.values().for_each(|item| self.check_depth(item, member, depth + 1)),
            _ => {}
        }
    }

    fn check_structure(&mut self, structure: &Structure, value: &Value, member: &str, depth: usize) {
        let Some(given) = value.as_object() else {
            return self.wrong_type(member, value, "a structure");
        };
        if structure.is_union && given.len() != 1 {
            let names: Vec<&str> = structure.members.iter().map(|member| member.name.as_str()).collect();
            self.tell(member, format!("takes just one of `{}`", names.join("`, `")));
        }
        for known in structure.members.iter().filter(|known| known.required) {
            if !given.contains_key(&known.name) {
                self.tell(&inner(member, &known.name), "is required");
            }
        }
        for (name, value) in given {
            let inner = inner(member, name);
            match structure.members.iter().find(|known| known.name == *name) {
                Some(known) => self.check(&known.of, value, &inner, depth + 1),
                None => {
                    let near = structure.members.iter().find(|known| known.name.eq_ignore_ascii_case(name));
                    let help =
                        near.map_or_else(String::new, |near| format!("; did you mean `{}`?", near.name));
                    self.tell(&inner, format!("is not a parameter{help}"));
                }
            }
        }
    }

    fn check_scalar(&mut self, of: &Reference, value: &Value, member: &str) {
        match of.to {
            To::String => match value.as_str() {
                Some(text) => self.check_least(of, text.chars().count(), member, "character"),
                None => self.wrong_type(member, value, "text"),
            },
            To::Integer | To::Long => match value.as_i64() {
                Some(number) => self.check_bound(of, number as f64, member),
                None => self.wrong_type(member, value, "a whole number"),
            },
            To::Float | To::Double => match number(value) {
                Some(number) => self.check_bound(of, number, member),
                None => self.wrong_type(member, value, "a number"),
            },
            To::Boolean if !value.is_boolean() => self.wrong_type(member, value, "true or false"),
            To::Timestamp if time(value).is_none() => {
                self.wrong_type(
                    member,
                    value,
                    "a time such as `2026-01-31T12:00:00Z`, or seconds since 1970",
                );
            }
            To::Blob if value.as_str().and_then(from_base64).is_none() => {
                self.wrong_type(member, value, "bytes in base64");
            }
            To::Boolean | To::Timestamp | To::Blob | To::Shape(_) => {}
        }
        if of.is_host_label && !value.as_str().is_some_and(is_host_label) {
            self.tell(member, "becomes part of the host: letters, digits, hyphens and periods only");
        }
    }

    fn check_least(&mut self, of: &Reference, length: usize, member: &str, what: &str) {
        if of.min.is_some_and(|min| (length as f64) < min) {
            let min = of.min.unwrap_or_default();
            let many = if min == 1.0 { "" } else { "s" };
            self.tell(member, format!("is too short; it takes at least {min} {what}{many}"));
        }
    }

    fn check_bound(&mut self, of: &Reference, number: f64, member: &str) {
        if let Some(min) = of.min.filter(|min| number < *min) {
            self.tell(member, format!("is too small; it is at least {min}"));
        }
    }

    fn wrong_type(&mut self, member: &str, value: &Value, expected: &str) {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.tell(member, format!("takes {expected}, not {found}"));
    }
}

fn inner(member: &str, name: &str) -> String {
    if member.is_empty() { name.to_owned() } else { format!("{member}.{name}") }
}

fn is_host_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !text.is_empty() && text.bytes().all(fits)
}

/// A time of a parameter: text in any form, or seconds since 1970.
pub(crate) fn time(value: &Value) -> Option<Time> {
    match value {
        Value::String(text) => Time::parse(text),
        Value::Number(number) => Time::of_seconds(number.as_f64()?),
        _ => None,
    }
}
