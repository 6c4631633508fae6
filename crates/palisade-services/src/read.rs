//! The carried file: an index of services in plain text, an empty line, and a deflated block for each service.
//!
//! `cargo xtask services` writes it. A block holds lines of fields between tabs: `n` the name, `k` a condition key
//! with its type, `t` a resource type with the form of its ARN and its keys, `a` an action with its level, resource
//! types, keys and the actions it needs beside. Keys and types are told by their place. `?` after a level or before
//! the resource types tells that the sources differ, `!` that only one knows the action.

use crate::{
    AccessLevel, Action, ActionResource, Key, Packed, Reference, ResourceType, Service, Sources, ValueType,
};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::OnceLock;

/// Reads the index; the services stay packed.
pub(crate) fn index(bytes: &'static [u8]) -> Reference {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    let mut blocks = bytes.get(end + 2..).unwrap_or_default();
    let mut reference = Reference { date: String::new(), sources: Vec::new(), services: BTreeMap::new() };
    for line in text.lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some("date"), Some(date), ..) => date.clone_into(&mut reference.date),
            (Some("source"), Some(source), ..) => reference.sources.push(source.to_owned()),
            (Some("service"), Some(prefix), Some(length), rcps) => {
                let length = length.parse().unwrap_or(0).min(blocks.len());
                let (block, rest) = blocks.split_at(length);
                blocks = rest;
                let packed =
                    Packed { bytes: block, reached_by_rcps: rcps == Some("rcp"), read: OnceLock::new() };
                reference.services.insert(prefix.to_owned(), packed);
            }
            _ => {}
        }
    }
    reference
}

/// Unpacks a service.
pub(crate) fn service(prefix: String, reached_by_rcps: bool, bytes: &[u8]) -> Service {
    let mut text = String::new();
    // The block is our own and a test reads every one; a broken one would give a service without facts.
    let _ = flate2::read::DeflateDecoder::new(bytes).read_to_string(&mut text);
    let mut service = Service { prefix, reached_by_rcps, ..Service::default() };
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["n", name] => name.clone_into(&mut service.name),
            ["k", name, of] => service.keys.push(key(name, of)),
            ["t", name, arn, keys] => service.resource_types.push(ResourceType {
                name: name.to_owned(),
                arn: arn.to_owned(),
                keys: places(keys, ','),
            }),
            ["a", name, level, resources, keys, dependent] => {
                service.actions.push(action(name, level, resources, keys, dependent));
            }
            _ => {}
        }
    }
    service
}

fn key(name: &str, of: &str) -> Key {
    let (many, of) = match of.strip_prefix("ArrayOf") {
        Some(of) => (true, of),
        None => (false, of),
    };
    let of = match of {
        "ARN" => ValueType::Arn,
        "Bool" => ValueType::Bool,
        "Numeric" => ValueType::Number,
        "Date" => ValueType::Date,
        "IPAddress" => ValueType::Address,
        "Binary" => ValueType::Bytes,
        _ => ValueType::Text,
    };
    Key { name: name.to_owned(), of, many }
}

fn action(name: &str, level: &str, resources: &str, keys: &str, dependent: &str) -> Action {
    let (resource_sources, resources) = sources(resources);
    let (level_sources, letter) = sources(level);
    Action {
        name: name.to_owned(),
        level: match letter {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "T" => AccessLevel::Tagging,
            "P" => AccessLevel::PermissionsManagement,
            _ => AccessLevel::Write,
        },
        level_sources,
        resources: resources.split(',').filter(|resource| !resource.is_empty()).map(resource).collect(),
        resource_sources,
        keys: places(keys, ','),
        dependent_actions: dependent.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
    }
}

fn sources(field: &str) -> (Sources, &str) {
    if let Some(field) = field.strip_prefix('?') {
        (Sources::Differ, field)
    } else if let Some(field) = field.strip_prefix('!') {
        (Sources::Single, field)
    } else {
        (Sources::Agreed, field)
    }
}

fn resource(text: &str) -> ActionResource {
    let (head, keys) = text.split_once(':').unwrap_or((text, ""));
    let place = head.trim_end_matches('*');
    ActionResource {
        resource_type: place.parse().unwrap_or(usize::MAX),
        required: place.len() < head.len(),
        keys: places(keys, '.'),
    }
}

fn places(text: &str, between: char) -> Vec<usize> {
    text.split(between).filter_map(|place| place.parse().ok()).collect()
}
