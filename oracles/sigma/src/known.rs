//! The differences that are as they should be, each with its reason.
//!
//! What the Sigma specification says of them, and where, stands in the documentation of `palisade-detect`.

use crate::case::{Difference, Item};
use palisade_detect::find;
use serde_json::Value;

/// What one of the two refuses, by what it says, and why.
const REFUSED: [(&str, &str); 8] = [
    (
        "at most one operator may be set per field; got |",
        "a part of a time is compared with `lt`, `lte`, `gt`, `gte` (taken here only)",
    ),
    (
        "the value is too short to be seen in Base64",
        "a text without a character of its own in Base64 would match anything (refused here only)",
    ),
    (
        "no selection is named like",
        "a pattern that names no selection would be always true or never (refused here only)",
    ),
    ("can never be: there are", "more selections are asked for than there are (refused here only)"),
    ("needs placeholders, which are not supported", "`expand` needs placeholders (refused here only)"),
    (
        "`exists` goes with no other modifier",
        "`exists` with `neq` or `all` says nothing clear (refused here only)",
    ),
    ("of which `all` says nothing", "`all` of one value (refused here only)"),
    ("`null` is compared by itself", "`null` under a modifier (refused here only)"),
];

/// Why a difference is as it should be; none when it is not known. A hit is explained by an item of the rule that
/// differs by itself.
pub fn explain(rule: &str, difference: &Difference, items: &[Item]) -> Option<&'static str> {
    match difference {
        Difference::WeRefuse(said) | Difference::TheyRefuse(said) => {
            REFUSED.iter().find(|(part, _)| said.contains(part)).map(|(_, reason)| *reason)
        }
        Difference::Hit { event, .. } => {
            items.iter().find_map(|item| of_item(item, event)).or_else(|| of_condition(rule))
        }
    }
}

fn of_condition(rule: &str) -> Option<&'static str> {
    let condition = rule.lines().find_map(|line| line.trim_start().strip_prefix("condition: "))?;
    let asks_for_all = condition.replace(')', " ").split(' ').any(|word| word == "*");
    (asks_for_all && rule.contains("_hidden"))
        .then_some("`1 of *` leaves out names that begin with `_`, as `1 of them` does")
}

fn of_item(item: &Item, event: &Value) -> Option<&'static str> {
    let (ours, theirs) = item.ask(event)?;
    if ours == theirs {
        return None;
    }
    // Under `neq` it is the other engine that finds less.
    let finds = ours != item.has("neq");
    let has_wildcard = item.values.iter().filter_map(Value::as_str).any(|text| text.contains(['*', '?']));
    if item.field.is_empty() {
        return of_keywords(item, finds, has_wildcard);
    }
    let values = singles(event, &item.field);
    let is_map = values.iter().any(|value| value.is_object());
    let is_plain = values.iter().any(|value| value.is_boolean() || value.is_number());
    let looks_inside =
        item.modifiers.iter().any(|one| ["contains", "re", "base64offset"].contains(&one.as_str()));
    let matches_all = has_wildcard || item.values.iter().any(|value| value == "");
    let places = ["startswith", "endswith", "contains"];
    let is_placed = item.modifiers.iter().any(|one| places.contains(&one.as_str()));
    let is_null = values.is_empty() || values.iter().any(|value| value.is_null());
    Some(match () {
        () if item.has("exists") && is_null => "`exists`: a field that is there and null exists",
        () if item.has("fieldref") => of_field_reference(item, event, finds)?,
        () if finds && is_map && (looks_inside || matches_all) => "a map is its JSON to `contains` and `re`",
        () if finds && item.has("base64offset") => {
            "`base64offset` finds a text wherever it stands in what is encoded"
        }
        () if finds && has_null_among(&values) && item.values.contains(&Value::Null) => {
            "`null` is found among the elements of a list"
        }
        () if finds && is_null && item.values.contains(&Value::Null) && item.values.len() > 1 => {
            "`null` in a list of values matches as it does alone"
        }
        () if !finds && item.modifiers.is_empty() && item.values.iter().any(is_true_or_false) => {
            "`yes`, `no`, `1` and `0` are not truth values"
        }
        () if is_placed && has_wildcard => "wildcards in a value of `contains`, `startswith` or `endswith`",
        () if finds && is_plain && has_wildcard => "wildcards match the words of numbers and truth values",
        () if finds && item.has("windash") => "`windash` takes the dashes for each other wherever they stand",
        () => return None,
    })
}

fn of_keywords(item: &Item, finds: bool, has_wildcard: bool) -> Option<&'static str> {
    Some(match () {
        () if finds && item.has("all") => "`|all`: each keyword may stand in another value",
        () if has_wildcard => "a keyword with wildcards is looked for anywhere in a value",
        () if finds => "keywords are looked for in numbers and truth values as well",
        () => return None,
    })
}

fn of_field_reference(item: &Item, event: &Value, finds: bool) -> Option<&'static str> {
    let others = item.values.iter().filter_map(Value::as_str).flat_map(|field| find(event, field));
    let has_list = find(event, &item.field).into_iter().chain(others).any(Value::is_array);
    let begin = item.field.split('.').next().unwrap_or_default();
    match (has_list || event.get(begin).is_some_and(Value::is_array), finds) {
        (true, true) => Some("`fieldref`: any element of a list is compared with any of the other"),
        (true, false) => Some("`fieldref`: lists are compared by their elements, not as a whole"),
        _ => None,
    }
}

fn singles<'a>(event: &'a Value, field: &str) -> Vec<&'a Value> {
    let mut singles = Vec::new();
    for value in find(event, field) {
        match value {
            Value::Array(items) => singles.extend(items),
            single => singles.push(single),
        }
    }
    singles
}

fn has_null_among(values: &[&Value]) -> bool {
    values.iter().any(|value| value.is_null())
}

fn is_true_or_false(value: &Value) -> bool {
    value.is_boolean() || value.as_str().is_some_and(|text| matches!(text, "true" | "false"))
}
