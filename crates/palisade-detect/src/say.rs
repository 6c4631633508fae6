//! Fills a detection's sentence with the values of an event.

use crate::field::find;
use serde_json::Value;

/// How many characters of one value a sentence shows.
const LONGEST: usize = 200;

/// How many values of one field a sentence shows.
const MOST: usize = 3;

/// A stretch of a template: text, or the name of a field.
enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// Fills the `{field.path}` placeholders of a template with the event's values; `{{` and `}}` are braces.
/// A field that the event does not have is `unknown`. What [`placeholders`] refuses stays as it is written.
///
/// The values were written by whoever is watched, so characters that would steer a terminal become spaces, and
/// long values are cut.
pub fn say(template: &str, event: &Value) -> String {
    let Ok(pieces) = pieces(template) else {
        return template.to_owned();
    };
    let said = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Field(field) => show(&find(event, field)),
    });
    said.collect()
}

/// The fields that a template names, or what is wrong with it.
pub fn placeholders(template: &str) -> Result<Vec<&str>, String> {
    let fields = pieces(template)?.into_iter().filter_map(|piece| match piece {
        Piece::Field(field) => Some(field),
        Piece::Text(_) => None,
    });
    Ok(fields.collect())
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        pieces.push(Piece::Text(before));
        if from.starts_with("{{") || from.starts_with("}}") {
            pieces.push(Piece::Text(&from[..1]));
            rest = &from[2..];
            continue;
        }
        if from.starts_with('}') {
            return Err("`}` closes nothing; `}}` is a brace".to_owned());
        }
        let Some((field, after)) = from[1..].split_once('}') else {
            return Err("`{` is never closed; `{{` is a brace".to_owned());
        };
        if field.is_empty() || field.contains(|c: char| c.is_whitespace() || c == '{') {
            return Err(format!("`{{{field}}}` does not name a field"));
        }
        pieces.push(Piece::Field(field));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn show(values: &[&Value]) -> String {
    let single = values.iter().flat_map(|value| match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![*other],
    });
    let known: Vec<&Value> = single.filter(|value| !value.is_null()).collect();
    if known.is_empty() {
        return "unknown".to_owned();
    }
    let shown: Vec<String> = known.iter().take(MOST).map(|value| one(value)).collect();
    match known.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn one(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Object(_) => "{…}".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        Value::Null => "unknown".to_owned(),
    };
    let mut shown: String = text.chars().take(LONGEST).map(|c| if steers(c) { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and those that reorder or hide what follows.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, event: Value, expected: &str) {
        assert_eq!(say(template, &event), expected);
    }

    #[test]
    fn placeholders_become_values() {
        check("{a.b} by {c}", json!({"a": {"b": "x"}, "c": 7}), "x by 7");
        check("{{a}} {a}", json!({"a": true}), "{a} true");
        check("{a}", json!({}), "unknown");
        check("{a}", json!({"a": null}), "unknown");
        check("{a.b}", json!({"a": [{"b": 1}, {"b": [2, 3]}, {"b": 4}]}), "1, 2, 3 and 1 more");
        check("{a}", json!({"a": {"b": 1}}), "{…}");
        check("no field", json!({}), "no field");
    }

    #[test]
    fn a_value_cannot_steer_the_terminal() {
        check("{a}", json!({"a": "x\u{1b}[31my\nz\u{202e}"}), "x [31my z ");
        check("{a}", json!({"a": "é".repeat(300)}), &format!("{}…", "é".repeat(200)));
    }

    #[test]
    fn malformed_templates_are_refused() {
        assert_eq!(placeholders("{a.b} and {c}"), Ok(vec!["a.b", "c"]));
        for template in ["{", "}", "{a", "a}", "{}", "{a b}", "{a{b}"] {
            assert!(placeholders(template).is_err(), "{template}");
            check(template, json!({}), template);
        }
    }
}
