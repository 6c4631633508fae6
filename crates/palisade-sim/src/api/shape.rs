//! Answers in exactly the shape that the models say: what is cut away, what is filled in, and what would be wrong.

use palisade_aws::{Operation, Reference, Service, Shape, Structure, To};
use serde_json::{Map, Value, json};

/// Deeper than any answer; the models refer to themselves here and there.
const DEPTH_MAX: usize = 24;

/// Fills in what the operation's answer must have.
pub(crate) fn whole(service: &Service, operation: &Operation, answer: Value) -> Value {
    match &operation.output {
        Some(output) => conform(service, output, answer, 0),
        None => Value::Object(Map::new()),
    }
}

/// The value with only what its shape has, and with all that its shape requires.
pub(crate) fn conform(service: &Service, of: &Reference, value: Value, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return value;
    }
    match (service.shape(of), value) {
        (Some(Shape::Structure(structure)), value) if structure.is_document => value,
        (Some(Shape::Structure(structure)), Value::Object(mut entries)) => {
            let mut kept = Map::new();
            for member in &structure.members {
                if let Some(value) = entries.shift_remove(&member.name).filter(|value| !value.is_null()) {
                    kept.insert(member.name.clone(), conform(service, &member.of, value, depth + 1));
                } else if member.required {
                    kept.insert(member.name.clone(), least(service, &member.of, depth + 1));
                }
            }
            Value::Object(kept)
        }
        (Some(Shape::List(item)), Value::Array(items)) => {
            items.into_iter().map(|value| conform(service, item, value, depth + 1)).collect()
        }
        (Some(Shape::Map(_, item)), Value::Object(entries)) => {
            let entries = entries.into_iter();
            Value::Object(
                entries.map(|(name, value)| (name, conform(service, item, value, depth + 1))).collect(),
            )
        }
        // A policy is answered percent-encoded, which a client undoes.
        (None, Value::String(text)) if of.is_policy => {
            serde_json::from_str(&text).ok().filter(Value::is_object).unwrap_or(Value::String(text))
        }
        (_, value) => value,
    }
}

/// The least value that the shape allows.
pub(crate) fn least(service: &Service, of: &Reference, depth: usize) -> Value {
    match (service.shape(of), of.to) {
        (Some(Shape::Structure(structure)), _) if depth <= DEPTH_MAX && !structure.is_document => {
            let required = structure.members.iter().filter(|member| member.required);
            Value::Object(
                required.map(|member| (member.name.clone(), least(service, &member.of, depth + 1))).collect(),
            )
        }
        (Some(Shape::List(_)), _) => json!([]),
        (Some(_), _) => json!({}),
        (None, To::Boolean) => json!(false),
        (None, To::Integer | To::Long | To::Float | To::Double) => json!(0),
        (None, To::Timestamp) => json!("2026-01-01T00:00:00+00:00"),
        (None, _) => json!(""),
    }
}

/// What of an answer is not as the model says.
pub fn problems(service: &Service, operation: &Operation, answer: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    match &operation.output {
        Some(output) => look(service, output, answer, "", 0, &mut problems),
        None if answer.as_object().is_some_and(Map::is_empty) => {}
        None => problems.push("the operation answers nothing".to_owned()),
    }
    problems
}

fn look(
    service: &Service,
    of: &Reference,
    value: &Value,
    at: &str,
    depth: usize,
    problems: &mut Vec<String>,
) {
    let mut wrong = |what: &str| problems.push(format!("`{at}` is not {what}: {value}"));
    match (service.shape(of), value) {
        _ if depth > DEPTH_MAX => wrong("so deep"),
        (Some(Shape::Structure(structure)), _) if structure.is_document => {}
        (Some(Shape::Structure(structure)), Value::Object(entries)) => {
            for (name, value) in entries {
                match structure.members.iter().find(|member| member.name == *name) {
                    Some(member) => {
                        look(service, &member.of, value, &format!("{at}.{name}"), depth + 1, problems);
                    }
                    None => problems.push(format!("`{at}.{name}` is no member")),
                }
            }
            problems.extend(missing(structure, entries).map(|name| format!("`{at}.{name}` is missing")));
        }
        (Some(Shape::List(item)), Value::Array(items)) => {
            for (place, value) in items.iter().enumerate() {
                look(service, item, value, &format!("{at}[{place}]"), depth + 1, problems);
            }
        }
        (Some(Shape::Map(_, item)), Value::Object(entries)) => {
            for (name, value) in entries {
                look(service, item, value, &format!("{at}.{name}"), depth + 1, problems);
            }
        }
        (Some(Shape::Structure(_)), _) => wrong("a structure"),
        (Some(Shape::List(_)), _) => wrong("a list"),
        (Some(Shape::Map(..)), _) => wrong("a map"),
        (None, Value::Object(_)) if of.is_policy => {}
        (None, value) => {
            let is_right = match of.to {
                To::Boolean => value.is_boolean(),
                To::Integer | To::Long => value.is_i64(),
                To::Float | To::Double => value.is_number(),
                To::Timestamp => value.as_str().is_some_and(|text| text.ends_with("+00:00")),
                _ => value.is_string(),
            };
            if !is_right {
                wrong(&format!("{:?}", of.to));
            }
        }
    }
}

fn missing<'a>(structure: &'a Structure, entries: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    let required = structure.members.iter().filter(|member| member.required);
    required.map(|member| member.name.as_str()).filter(|name| !entries.contains_key(*name))
}
