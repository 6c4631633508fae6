//! The JSON that scripts read.

use crate::sample::{documented, report};
use crate::written;
use insta::assert_snapshot;
use palisade_report::{json, ndjson};
use serde_json::Value;

const REFERENCE: &str = include_str!("../../../../docs/reference/report-json.md");

#[test]
fn the_whole_document() {
    assert_snapshot!(written(|to| json(&report(), to)));
}

#[test]
fn the_reference_shows_what_is_written() {
    let example = REFERENCE.split_once("```json\n").unwrap().1.split_once("```").unwrap().0;
    assert_eq!(example, written(|to| json(&documented(), to)));
}

#[test]
fn the_reference_explains_every_field() {
    let document: Value = serde_json::from_str(&written(|to| json(&documented(), to))).unwrap();
    let mut fields = Vec::new();
    collect_fields(&document, &mut fields);
    let explained = REFERENCE.split_once("## Fields").unwrap().1;
    fields.retain(|field| !explained.contains(&format!("`{field}`")));
    assert_eq!(fields, Vec::<String>::new());
}

/// The names of all fields but those of maps from foreign names.
fn collect_fields(value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                fields.push(name.clone());
                if !["without_kind", "without_check"].contains(&name.as_str()) {
                    collect_fields(value, fields);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_fields(item, fields)),
        _ => {}
    }
}

#[test]
fn a_line_holds_the_same_finding_as_the_document() {
    let document: Value = serde_json::from_str(&written(|to| json(&report(), to))).unwrap();
    let lines = written(|to| ndjson(&report(), to));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["findings"], Value::Array(lines));
}

#[test]
fn hostile_names_are_kept_exactly_and_safe_to_print() {
    let text = written(|to| json(&report(), to));
    assert!(text.chars().all(|char| char == '\n' || !char.is_control() && char != '\u{202e}'));
    let document: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&Value> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["resource"]["address"])
        .collect();
    assert!(names.contains(&&Value::from("aws_sqs_queue.q[\"\u{1b}[31m\u{202e}](http://evil)\n\"]")));
}
