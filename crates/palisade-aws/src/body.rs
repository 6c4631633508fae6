//! Parameters as JSON, XML, a form or CBOR. They were validated before.

use crate::models::{Reference, Service, Shape, Structure, To};
use crate::text::from_base64;
use crate::time::TimeFormat;
use crate::{cbor, number, validate, xml};
use serde_json::{Map, Value};

/// A scalar as text: in queries, forms, headers and XML.
pub(crate) fn scalar(of: &Reference, value: &Value, format: TimeFormat) -> String {
    match (of.to, value) {
        (To::Timestamp, value) => {
            let time = validate::time(value);
            time.map(|time| time.text(of.time.unwrap_or(format))).unwrap_or_default()
        }
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

/// As JSON with the names of the wire.
pub(crate) fn json(service: &Service, of: &Reference, value: &Value) -> Value {
    match service.shape(of) {
        Some(Shape::Structure(structure)) if structure.is_document => value.clone(),
        Some(Shape::Structure(structure)) => {
            let named = members(structure, value).map(|(member, name, value)| {
                (member.wire.as_deref().unwrap_or(name).to_owned(), json(service, member, value))
            });
            Value::Object(named.collect())
        }
        Some(Shape::List(item)) => items(value).map(|value| json(service, item, value)).collect(),
        Some(Shape::Map(_, item)) => {
            let named = entries(value).map(|(name, value)| (name.clone(), json(service, item, value)));
            Value::Object(named.collect::<Map<_, _>>())
        }
        None if of.to == To::Timestamp => json_time(of, value),
        None => value.clone(),
    }
}

fn json_time(of: &Reference, value: &Value) -> Value {
    let Some(time) = validate::time(value) else { return Value::Null };
    match of.time.unwrap_or(TimeFormat::Unix) {
        TimeFormat::Unix if time.micros == 0 => time.seconds.into(),
        TimeFormat::Unix => time.as_f64().into(),
        format => time.text(format).into(),
    }
}

/// As an element of XML.
pub(crate) fn xml(service: &Service, of: &Reference, value: &Value, name: &str, into: &mut String) {
    match service.shape(of) {
        Some(Shape::Structure(structure)) => {
            let mut attributes = namespace(of);
            let mut inside = String::new();
            for (member, own, value) in members(structure, value) {
                let wire = member.wire.as_deref().unwrap_or(own);
                if member.is_attribute {
                    attributes.push_str(&attribute(wire, &scalar(member, value, TimeFormat::Iso8601)));
                } else {
                    xml(service, member, value, wire, &mut inside);
                }
            }
            element(name, &attributes, &inside, into);
        }
        Some(Shape::List(item)) => {
            let mut inside = String::new();
            let own = if of.is_flattened { name } else { item.wire.as_deref().unwrap_or("member") };
            items(value).for_each(|value| xml(service, item, value, own, &mut inside));
            if of.is_flattened {
                into.push_str(&inside);
            } else {
                element(name, &namespace(of), &inside, into);
            }
        }
        Some(Shape::Map(key, item)) => {
            let mut inside = String::new();
            for (entry, value) in entries(value) {
                let mut pair = String::new();
                element(key.wire.as_deref().unwrap_or("key"), "", &xml::escape(entry), &mut pair);
                xml(service, item, value, item.wire.as_deref().unwrap_or("value"), &mut pair);
                element(if of.is_flattened { name } else { "entry" }, "", &pair, &mut inside);
            }
            if of.is_flattened {
                into.push_str(&inside);
            } else {
                element(name, &namespace(of), &inside, into);
            }
        }
        None => {
            let text = xml::escape(&scalar(of, value, TimeFormat::Iso8601));
            element(name, &namespace(of), &text, into);
        }
    }
}

fn element(name: &str, attributes: &str, inside: &str, into: &mut String) {
    for part in ["<", name, attributes, ">", inside, "</", name, ">"] {
        into.push_str(part);
    }
}

fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", xml::escape(value))
}

fn namespace(of: &Reference) -> String {
    let Some(uri) = &of.namespace else { return String::new() };
    match &of.namespace_prefix {
        Some(prefix) => attribute(&format!("xmlns:{prefix}"), uri),
        None => attribute("xmlns", uri),
    }
}

/// As the fields of a form.
pub(crate) struct Form<'a> {
    pub(crate) service: &'a Service,
    pub(crate) is_ec2: bool,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form<'_> {
    fn name<'n>(&self, of: &'n Reference, usual: &'n str) -> String {
        let wire = of.wire.as_deref();
        if !self.is_ec2 {
            return wire.unwrap_or(usual).to_owned();
        }
        if let Some(name) = &of.query_name {
            return name.clone();
        }
        let Some(wire) = wire else { return usual.to_owned() };
        let mut letters = wire.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }

    pub(crate) fn add(&mut self, of: &Reference, value: &Value, prefix: &str) {
        let service = self.service;
        match service.shape(of) {
            Some(Shape::Structure(structure)) => {
                for (member, own, value) in members(structure, value) {
                    let name = self.name(member, own);
                    let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                    self.add(member, value, &name);
                }
            }
            Some(Shape::List(item)) => self.add_list(of, item, value, prefix),
            Some(Shape::Map(key, item)) => {
                let prefix = if of.is_flattened { prefix.to_owned() } else { format!("{prefix}.entry") };
                let (name, inner) = (self.name(key, "key"), self.name(item, "value"));
                for (place, (entry, value)) in (1..).zip(entries(value)) {
                    self.fields.push((format!("{prefix}.{place}.{name}"), entry.clone()));
                    self.add(item, value, &format!("{prefix}.{place}.{inner}"));
                }
            }
            None => {
                let text = scalar(of, value, TimeFormat::Iso8601);
                self.fields.push((prefix.to_owned(), text));
            }
        }
    }

    fn add_list(&mut self, of: &Reference, item: &Reference, value: &Value, prefix: &str) {
        let base = if self.is_ec2 {
            prefix.to_owned()
        } else if items(value).next().is_none() {
            return self.fields.push((prefix.to_owned(), String::new()));
        } else if !of.is_flattened {
            format!("{prefix}.{}", item.wire.as_deref().unwrap_or("member"))
        } else {
            // The name of the items stands in place of the list's.
            match (&item.wire, prefix.rsplit_once('.')) {
                (Some(name), Some((before, _))) => format!("{before}.{name}"),
                (Some(name), None) => name.clone(),
                (None, _) => prefix.to_owned(),
            }
        };
        for (place, value) in (1..).zip(items(value)) {
            self.add(item, value, &format!("{base}.{place}"));
        }
    }
}

/// As CBOR.
pub(crate) fn cbor(service: &Service, of: &Reference, value: &Value, into: &mut Vec<u8>) {
    match service.shape(of) {
        Some(Shape::Structure(structure)) => {
            cbor::head(into, 5, members(structure, value).count() as u64);
            for (member, own, value) in members(structure, value) {
                cbor::text(into, member.wire.as_deref().unwrap_or(own));
                cbor(service, member, value, into);
            }
        }
        Some(Shape::List(item)) => {
            cbor::head(into, 4, items(value).count() as u64);
            items(value).for_each(|value| cbor(service, item, value, into));
        }
        Some(Shape::Map(_, item)) => {
            cbor::head(into, 5, entries(value).count() as u64);
            for (name, value) in entries(value) {
                cbor::text(into, name);
                cbor(service, item, value, into);
            }
        }
        None => cbor_scalar(of, value, into),
    }
}

fn cbor_scalar(of: &Reference, value: &Value, into: &mut Vec<u8>) {
    let text = value.as_str().unwrap_or_default();
    match of.to {
        To::String | To::Shape(_) => cbor::text(into, text),
        To::Integer | To::Long => cbor::integer(into, value.as_i64().unwrap_or_default()),
        To::Float => cbor::float(into, number(value).unwrap_or_default()),
        To::Double => cbor::double(into, number(value).unwrap_or_default()),
        To::Boolean => into.push(7 << 5 | if value == true { 21 } else { 20 }),
        To::Blob => {
            let bytes = from_base64(text).unwrap_or_default();
            cbor::head(into, 2, bytes.len() as u64);
            into.extend(bytes);
        }
        To::Timestamp => {
            // Tag 1: seconds since 1970.
            into.push(6 << 5 | 1);
            match validate::time(value) {
                Some(time) if time.micros > 0 => cbor::double(into, time.as_f64()),
                time => cbor::integer(into, time.map_or(0, |time| time.seconds)),
            }
        }
    }
}

/// The members that are given, with their names and values, in the order they are given.
fn members<'a>(
    structure: &'a Structure,
    value: &'a Value,
) -> impl Iterator<Item = (&'a Reference, &'a str, &'a Value)> {
    entries(value).filter_map(|(name, value)| {
        let member = structure.members.iter().find(|member| member.name == *name)?;
        Some((&member.of, member.name.as_str(), value))
    })
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
