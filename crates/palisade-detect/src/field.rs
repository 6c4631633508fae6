//! Finds the values of a field in an event.

use serde_json::Value;

/// The values of a field, in the order of the event: `a.b` is the entry `b` of `a`, a key spelt `a.b` goes first,
/// and a list on the way stands for each of its elements. No value means that the field is absent.
pub fn find<'a>(event: &'a Value, field: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    any(event, field, |value| {
        found.push(value);
        false
    });
    found
}

/// Is there a value of the field that `holds`? Looks no further than the first. Nesting costs no stack.
pub(crate) fn any<'a>(event: &'a Value, field: &str, mut holds: impl FnMut(&'a Value) -> bool) -> bool {
    let mut later = Vec::new();
    let mut now = Some((event, field));
    while let Some((value, rest)) = now.take().or_else(|| later.pop()) {
        match value {
            Value::Object(entries) => {
                if let Some(value) = entries.get(rest) {
                    if holds(value) {
                        return true;
                    }
                    continue;
                }
                let mut ways = rest
                    .match_indices('.')
                    .filter_map(|(dot, _)| Some((entries.get(&rest[..dot])?, &rest[dot + 1..])));
                now = ways.next();
                later.extend(ways);
            }
            Value::Array(items) => later.extend(items.iter().rev().map(|item| (item, rest))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

/// Is the field there, whatever its value?
pub(crate) fn is_present(event: &Value, field: &str) -> bool {
    any(event, field, |_| true)
}

/// Does it hold of the value, or of an element when it is a list?
pub(crate) fn any_element(value: &Value, mut holds: impl FnMut(&Value) -> bool) -> bool {
    if !value.is_array() {
        return holds(value);
    }
    let mut later = vec![value];
    while let Some(value) = later.pop() {
        match value {
            Value::Array(items) => later.extend(items),
            element if holds(element) => return true,
            _ => {}
        }
    }
    false
}

/// Does it hold of any single value of the event, at any depth?
pub(crate) fn anywhere(event: &Value, mut holds: impl FnMut(&Value) -> bool) -> bool {
    let mut later = vec![event];
    while let Some(value) = later.pop() {
        match value {
            Value::Array(items) => later.extend(items),
            Value::Object(entries) => later.extend(entries.values()),
            single if holds(single) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(event: Value, field: &str, expected: Value) {
        let found: Vec<Value> = find(&event, field).into_iter().cloned().collect();
        assert_eq!(Value::Array(found), expected, "{field} of {event}");
    }

    #[test]
    fn paths_lead_through_maps_lists_and_dotted_keys() {
        check(json!({"a": {"b": 1}}), "a.b", json!([1]));
        check(json!({"a.b": 2, "a": {"b": 1}}), "a.b", json!([2]));
        check(json!({"a": {"b.c": 1}}), "a.b.c", json!([1]));
        check(json!({"a.b": {"c": 1}}), "a.b.c", json!([1]));
        check(json!({"a": {"x": 0}, "a.b": {"c": 1}}), "a.b.c", json!([1]));
        check(json!({"a": [{"b": 1}, {}, {"b": [2, 3]}, 4, [{"b": 5}]]}), "a.b", json!([1, [2, 3], 5]));
        check(json!([{"a": 1}, {"a": 2}]), "a", json!([1, 2]));
        check(json!({"a": null}), "a", json!([null]));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        check(json!({"a": {"b": 1}}), "a.c", json!([]));
        check(json!({"a": {"b": 1}}), "A.b", json!([]));
        check(json!({"a": "b"}), "a.b", json!([]));
        check(json!({"a": []}), "a.b", json!([]));
        check(json!(7), "a", json!([]));
        check(json!({"a": {"b": 1}}), "", json!([]));
        check(json!({"a": {"b": 1}}), "a..b", json!([]));
        check(json!({"a": {"b": 1}}), ".", json!([]));
    }
}
