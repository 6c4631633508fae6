//! Values of a shape, by chance that a seed gives.

use palisade_aws::{Location, Reference, Service, Shape, Structure, To};
use palisade_sim::Random;
use serde_json::{Map, Value, json};

/// Deeper than this only what must be there is made.
const DEPTH: usize = 5;

pub struct Maker<'a> {
    pub service: &'a Service,
    pub random: Random,
    /// Are requests made? Answers have other habits.
    pub is_request: bool,
}

const TEXTS: [&str; 8] = [
    "plain",
    "two words",
    "a/b:c",
    "<&>\"'",
    "naïve – 日本",
    "100 % + more?",
    "a=b;c,d",
    "arn:aws:iam::123456789012:role/x",
];

impl Maker<'_> {
    pub fn value(&mut self, of: &Reference, depth: usize) -> Option<Value> {
        if of.is_json {
            return Some(json!({ "a": [1, "b"] }));
        }
        match self.service.shape(of) {
            Some(Shape::Structure(structure)) if structure.is_document => {
                Some(json!({ "any": ["thing", 1, null] }))
            }
            Some(Shape::Structure(structure)) => self.structure(structure, depth),
            Some(Shape::List(item)) => {
                let least = of.min.unwrap_or(1.0).max(1.0) as usize;
                let count = least + self.random.below(2);
                let items: Vec<Value> = (0..count).filter_map(|_| self.value(item, depth + 1)).collect();
                (items.len() >= least).then_some(Value::Array(items))
            }
            Some(Shape::Map(_, item)) => {
                let count = 1 + self.random.below(2);
                let names = ["first", "second-name"];
                let mut all = Map::new();
                for name in names.iter().take(count) {
                    all.insert((*name).to_owned(), self.value(item, depth + 1)?);
                }
                Some(Value::Object(all))
            }
            None => Some(self.scalar(of)),
        }
    }

    fn structure(&mut self, structure: &Structure, depth: usize) -> Option<Value> {
        if depth > DEPTH * 3 || structure.is_event_stream {
            return None;
        }
        if structure.is_union {
            let fits = structure
                .members
                .iter()
                .filter(|member| depth < DEPTH || self.service.shape(&member.of).is_none());
            let fits: Vec<_> = fits.collect();
            for _ in 0..fits.len() {
                let member = fits[self.random.below(fits.len())];
                if let Some(value) = self.value(&member.of, depth + 1) {
                    return Some(json!({ member.name.as_str(): value }));
                }
            }
            return None;
        }
        let mut all = Map::new();
        for member in &structure.members {
            let is_whim = depth < DEPTH && self.random.chance(60);
            let is_status = member.of.location == Location::Status;
            if !(member.required || is_whim || is_status) {
                continue;
            }
            let is_payload = structure.payload.as_deref() == Some(member.name.as_str());
            match self.value(&member.of, depth + 1) {
                Some(value) => {
                    let value = self.placed(member.of.location, is_payload, &member.of, value);
                    all.insert(member.name.clone(), value);
                }
                None if member.required => return None,
                None => {}
            }
        }
        // Something that is empty can't be told from something that is not there in most protocols.
        if all.is_empty() && depth > 0 {
            let first = structure.members.iter().find(|member| self.service.shape(&member.of).is_none())?;
            all.insert(first.name.clone(), self.scalar(&first.of));
        }
        Some(Value::Object(all))
    }

    /// Headers take plain text only, and a status is one.
    fn placed(&mut self, location: Location, is_payload: bool, of: &Reference, value: Value) -> Value {
        let plain = |value: Value| match value {
            Value::String(text) => {
                let kept: String = text
                    .chars()
                    .filter(|letter| letter.is_ascii_alphanumeric() || "-/+=".contains(*letter))
                    .collect();
                json!(kept)
            }
            other => other,
        };
        match (location, value) {
            (Location::Status, _) => json!(200),
            (Location::Header | Location::Headers, Value::String(text)) if of.to != To::Timestamp => {
                plain(json!(text))
            }
            (Location::Header, Value::Array(items)) => items
                .into_iter()
                .map(|item| match item.as_str() {
                    Some(text) if text.contains("+00:00") => item,
                    _ => plain(item),
                })
                .collect(),
            (Location::Headers, Value::Object(entries)) => {
                Value::Object(entries.into_iter().map(|(name, value)| (name, plain(value))).collect())
            }
            (_, Value::String(text)) if is_payload && of.to == To::String => json!(text),
            (_, other) => other,
        }
    }

    fn scalar(&mut self, of: &Reference) -> Value {
        if of.is_host_label {
            return json!("123456789012");
        }
        match of.to {
            To::Boolean => json!(self.random.chance(50)),
            To::Integer | To::Long => {
                json!(self.random.between(of.min.unwrap_or(0.0).max(0.0) as i64, 100_000))
            }
            To::Float | To::Double => {
                json!(self.random.between(of.min.unwrap_or(0.0).max(0.0) as i64, 1_000) as f64 + 0.5)
            }
            To::Timestamp => {
                let day = self.random.between(1, 28);
                json!(format!("2026-{:02}-{day:02}T12:34:56+00:00", self.random.between(1, 12)))
            }
            To::Blob => {
                let bytes: Vec<u8> = (0..self.random.below(20) + 1 + of.min.unwrap_or(0.0) as usize)
                    .map(|_| self.random.below(256) as u8)
                    .collect();
                json!(palisade_sim_server::codec::text::to_base64(&bytes))
            }
            _ if of.is_policy && !self.is_request => {
                json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow" }] })
            }
            _ => {
                let mut text = (*self.random.pick(&TEXTS)).to_owned();
                if of.is_last_part {
                    text = "last".to_owned();
                }
                while (text.chars().count() as f64) < of.min.unwrap_or(0.0) {
                    text.push('x');
                }
                json!(text)
            }
        }
    }
}
