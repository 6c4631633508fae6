//! What templates come to.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod bad;
mod corpora;
mod function;
mod template;

use palisade_model::{Existence, Node, RawResource, Value};
use palisade_read_cloudformation::{Template, read_template};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Reads a YAML template, with parameters given as `Name=value`.
fn read(text: &str, parameters: &[&str]) -> Template {
    let pairs = parameters.iter().map(|pair| pair.split_once('=').unwrap());
    let parameters: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.into(), value.into())).collect();
    read_template(&"f".into(), text, &parameters).unwrap()
}

/// The resources and then the diagnostics, a line each.
fn show(template: &Template) -> String {
    let mut lines: Vec<String> = template.resources.iter().map(resource).collect();
    lines.extend(template.diagnostics.iter().map(ToString::to_string));
    lines.join("\n")
}

fn resource(resource: &RawResource) -> String {
    let existence = match &resource.existence {
        Existence::Yes => String::new(),
        Existence::No(_) => " (no)".to_owned(),
        Existence::Unknown(unknown, _) => format!(" (if {unknown})"),
    };
    format!("{} {}{existence}", resource.address.name, resource.source_type)
}

/// A value in one line. `?` is unknown, with its reason; `!` after it says that it is certainly there, and what
/// it refers to follows in brackets. `…` means that there may be more.
fn node(of: &Node) -> String {
    let mut shown = String::new();
    match &of.value {
        Value::Null => shown.push_str("null"),
        Value::Bool(bool) => write!(shown, "{bool}").unwrap(),
        Value::Number(number) => write!(shown, "{number}").unwrap(),
        Value::Text(text) => write!(shown, "{text:?}").unwrap(),
        Value::Unknown(unknown) => {
            let hint = &unknown.hint;
            let certain = if hint.is_present { "!" } else { "" };
            let shape = hint.shape.map_or(String::new(), |shape| format!(" {shape:?}"));
            let refers_to: Vec<String> = hint.refers_to.iter().map(ToString::to_string).collect();
            let beginning = hint.starts_with.as_ref().map_or(String::new(), |text| format!(" {text}…"));
            write!(shown, "?{certain}{shape}{beginning}({unknown}){refers_to:?}").unwrap();
        }
        Value::List(list) => {
            let mut items: Vec<String> = list.items.iter().map(node).collect();
            items.extend(list.more.iter().map(|more| format!("…({more})")));
            write!(shown, "[{}]", items.join(" ")).unwrap();
        }
        Value::Map(map) => {
            let entry = |(name, value): (_, &Node)| format!("{name}: {}", node(value));
            let mut entries: Vec<String> = map.entries.iter().map(entry).collect();
            entries.extend(map.more.iter().map(|more| format!("…({more})")));
            write!(shown, "{{{}}}", entries.join(", ")).unwrap();
        }
    }
    shown
}
