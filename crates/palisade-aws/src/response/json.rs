//! Answers in JSON, and in CBOR after it was read.

use super::{Read, Reader, inner, too_deep, unknown_member};
use crate::models::{Location, Reference, Shape, Structure, To};
use crate::number_value;
use crate::text::{base64, from_base64};
use crate::time::Time;
use serde_json::{Map, Value};

impl Reader<'_> {
    pub(super) fn json(&self, of: &Reference, value: &Value, name: &str, depth: usize) -> Read<Value> {
        too_deep(name, depth)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        match self.service.shape(of) {
            Some(Shape::Structure(structure)) if structure.is_document => Ok(value.clone()),
            Some(Shape::Structure(structure)) => self.json_structure(structure, value, name, depth),
            Some(Shape::List(item)) => {
                let items = value.as_array().ok_or_else(|| format!("`{name}` is no list"))?;
                let items = items.iter().map(|value| self.json(item, value, name, depth + 1));
                items.collect::<Read<Vec<_>>>().map(Value::from)
            }
            Some(Shape::Map(_, item)) => {
                let entries = value.as_object().ok_or_else(|| format!("`{name}` is no map"))?;
                let entries = entries.iter().map(|(key, value)| {
                    Ok((key.clone(), self.json(item, value, &inner(name, key), depth + 1)?))
                });
                entries.collect::<Read<Map<_, _>>>().map(Value::Object)
            }
            None => self.json_scalar(of, value, name),
        }
    }

    pub(super) fn json_structure(
        &self,
        structure: &Structure,
        value: &Value,
        name: &str,
        depth: usize,
    ) -> Read<Value> {
        too_deep(name, depth)?;
        let given = value.as_object().ok_or_else(|| format!("`{name}` is no structure"))?;
        if structure.is_union {
            let set = given.iter().filter(|(name, value)| *name != "__type" && !value.is_null());
            let set: Vec<&String> = set.map(|(name, _)| name).collect();
            let [tag] = set[..] else { return Err(format!("`{name}` has not just one member")) };
            if !structure.members.iter().any(|member| member.wire() == tag) {
                return Ok(unknown_member(tag));
            }
        }
        let mut parsed = Map::new();
        for member in &structure.members {
            if depth == 0 && member.of.location != Location::Body {
                continue;
            }
            if let Some(value) = given.get(member.wire()).filter(|value| !value.is_null()) {
                let value = self.json(&member.of, value, &inner(name, &member.name), depth + 1)?;
                parsed.insert(member.name.clone(), value);
            }
        }
        Ok(Value::Object(parsed))
    }

    fn json_scalar(&self, of: &Reference, value: &Value, name: &str) -> Read<Value> {
        let wrong = |what: &str| format!("`{name}` is no {what}");
        match (of.to, value) {
            (To::Timestamp, Value::Number(number)) => {
                let time = number.as_f64().and_then(Time::of_seconds).ok_or_else(|| wrong("time"))?;
                Ok(time.answer().into())
            }
            (To::Blob, Value::String(text)) => {
                from_base64(text).map(|bytes| base64(&bytes).into()).ok_or_else(|| wrong("base64"))
            }
            (To::Timestamp | To::Integer | To::Long | To::Boolean, Value::String(text)) => {
                self.text(of, text, name)
            }
            (To::Float | To::Double, Value::String(text)) => {
                text.parse().map(number_value).map_err(|_| wrong("number"))
            }
            (To::Float | To::Double, Value::Number(number)) => {
                Ok(number.as_f64().map_or_else(|| value.clone(), number_value))
            }
            (To::Integer | To::Long, Value::Number(_)) | (To::String, Value::String(_)) => Ok(value.clone()),
            (To::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (to, _) => Err(wrong(match to {
                To::String => "text",
                To::Boolean => "true or false",
                To::Timestamp => "time",
                To::Blob => "base64",
                _ => "number",
            })),
        }
    }
}
