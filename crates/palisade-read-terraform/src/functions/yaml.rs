//! YAML as Terraform writes and reads it.

use super::{Given, Outcome, argument, text_in};
use crate::convert::{number_text, text_of};
use crate::evaluate::Failure;
use crate::value::{Kind, Value};
use palisade_document::{Booleans, Text, read_yaml_with};
use palisade_model::{Diagnostic, Level, Node, Origin, Value as Plain, Why};
use std::sync::Arc;

/// Lines are broken where they get longer than this.
const LINE_WIDTH: usize = 80;

pub(super) fn yamldecode(given: &Given<'_>) -> Outcome {
    let text = text_in(given, 0)?;
    let file: Arc<str> = "".into();
    // Terraform leaves what `!!binary` marks as it is, and refuses tags of its own.
    let tag = |name: &str, node: Node| {
        if name.trim_start_matches('!') == "binary" { Ok(node) } else { Err(String::new()) }
    };
    let read = read_yaml_with(Text::whole(&file, &text), &tag, Booleans::YesNo);
    let [document] = read.documents.as_slice() else {
        return Err(Failure);
    };
    // Of a name given twice the last counts, here and there.
    let is_wrong = |diagnostic: &Diagnostic| {
        diagnostic.level == Level::Error && !diagnostic.message.contains("is given twice")
    };
    if read.diagnostics.iter().any(is_wrong) {
        return Err(Failure);
    }
    decoded(document, given.origin)
}

fn decoded(node: &Node, origin: &Origin) -> Outcome {
    Ok(match &node.value {
        Plain::Null => Value::null(origin),
        Plain::Bool(bool) => Value::bool(*bool, origin),
        Plain::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            match float {
                Some(float) => Value::number(crate::value::number(float).ok_or(Failure)?, origin),
                None => Value::number(number.clone(), origin),
            }
        }
        Plain::Text(text) if is_ambiguous(text) => {
            let why = Why::NotEvaluated(format!("yamldecode of {text}").into());
            Value::unknown_because(why, origin)
        }
        Plain::Text(text) => Value::text(text.clone(), origin),
        Plain::List(list) if list.more.is_none() => {
            let items: Result<Vec<_>, _> = list.items.iter().map(|item| decoded(item, origin)).collect();
            Value::list(items?, origin)
        }
        Plain::Map(map) if map.more.is_none() => {
            let mut entries = indexmap::IndexMap::with_capacity(map.entries.len());
            for (name, entry) in &map.entries {
                // Terraform reads this name as a truth value.
                if matches!(&**name, "y" | "Y" | "n" | "N") {
                    return Err(Failure);
                }
                entries.insert(name.clone(), decoded(entry, origin)?);
            }
            Value::map(entries, origin)
        }
        Plain::List(_) | Plain::Map(_) | Plain::Unknown(_) => return Err(Failure),
    })
}

/// Whether these stood between quotes, where Terraform takes them for texts, can't be told any more: without
/// quotes they are numbers in another notation, dates or truth values to it.
fn is_ambiguous(text: &str) -> bool {
    if matches!(text, "y" | "Y" | "n" | "N") {
        return true;
    }
    let digits = text.trim_start_matches(['-', '+', '.']);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || b"xoXOTtZz_.+-: ".contains(&byte))
        // A number in its usual notation would have been read as one, so this stood between quotes.
        && !is_plain_number(text)
        && !digits.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_digit())
}

fn is_plain_number(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
        || text.parse::<u64>().is_ok_and(|number| number.to_string() == text)
}

pub(super) fn yamlencode(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    let mut text = String::new();
    write(value, 0, Stands::First, &mut text)?;
    if matches!(value.kind, Kind::Null | Kind::Bool(_) | Kind::Number(_)) {
        text.push_str("...\n");
    }
    Ok(Value::text(text, given.origin))
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Stands {
    First,
    AfterName,
    AfterDash,
}

fn write(value: &Value, indent: usize, stands: Stands, into: &mut String) -> Result<(), Failure> {
    let blank = |into: &mut String| {
        if stands != Stands::First {
            into.push(' ');
        }
    };
    match &value.kind {
        Kind::List(list) if !list.items.is_empty() => {
            let start = starts_block(stands, into);
            // A list stands no further in than the name it belongs to.
            let indent = if stands == Stands::AfterName { indent.saturating_sub(2) } else { indent };
            for (at, item) in list.items.iter().enumerate() {
                if at > 0 || start {
                    into.extend(std::iter::repeat_n(' ', indent));
                }
                into.push('-');
                write(item, indent + 2, Stands::AfterDash, into)?;
            }
        }
        Kind::Map(map) if !map.entries.is_empty() => {
            let start = starts_block(stands, into);
            let mut entries: Vec<_> = map.entries.iter().collect();
            entries.sort_by(|left, right| left.0.cmp(right.0));
            for (at, (name, entry)) in entries.into_iter().enumerate() {
                if at > 0 || start {
                    into.extend(std::iter::repeat_n(' ', indent));
                }
                // Very long names are written in another way.
                if name.len() > LINE_WIDTH || name.contains('\n') {
                    return Err(Failure);
                }
                into.push_str(&in_quotes(name)?);
                into.push(':');
                write(entry, indent + 2, Stands::AfterName, into)?;
            }
        }
        Kind::List(_) => {
            blank(into);
            into.push_str("[]\n");
        }
        Kind::Map(_) => {
            blank(into);
            into.push_str("{}\n");
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {
            blank(into);
            match &value.kind {
                Kind::Number(number) => into.push_str(&number_text(number)),
                Kind::Bool(bool) => into.push_str(if *bool { "true" } else { "false" }),
                _ => into.push_str("null"),
            }
            into.push('\n');
        }
        Kind::Text(_) | Kind::Encoded(_) => {
            blank(into);
            let text = text_of(value).ok_or(Failure)?;
            if text.contains('\n') {
                let indent = if stands == Stands::First { 2 } else { indent };
                write_lines(&text, indent, into)?;
            } else {
                let quoted = in_quotes(&text)?;
                // Longer lines are broken at a blank.
                let line_starts = into.rfind('\n').map_or(0, |at| at + 1);
                let column = into[line_starts..].chars().count();
                if column + quoted.chars().count() > LINE_WIDTH && text.contains(' ') {
                    return Err(Failure);
                }
                into.push_str(&quoted);
                into.push('\n');
            }
        }
        Kind::Unknown(_) => return Err(Failure),
    }
    Ok(())
}

/// Does a list or map begin on a new line?
fn starts_block(stands: Stands, into: &mut String) -> bool {
    match stands {
        Stands::First => true,
        Stands::AfterName => {
            into.push('\n');
            true
        }
        Stands::AfterDash => {
            into.push(' ');
            false
        }
    }
}

/// Several lines. Those that the format would write in another way are left alone.
fn write_lines(text: &str, indent: usize, into: &mut String) -> Result<(), Failure> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_unusual = |line: &str| line.ends_with([' ', '\t']) || line.chars().any(is_special);
    if body.is_empty()
        || body.starts_with([' ', '\n'])
        || body.ends_with('\n')
        || body.lines().any(is_unusual)
    {
        return Err(Failure);
    }
    into.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
    for line in body.split('\n') {
        if !line.is_empty() {
            into.extend(std::iter::repeat_n(' ', indent));
        }
        into.push_str(line);
        into.push('\n');
    }
    Ok(())
}

fn is_special(character: char) -> bool {
    character.is_control() || matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{a0}')
}

fn in_quotes(text: &str) -> Result<String, Failure> {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for character in text.chars() {
        match character {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\0' => result.push_str("\\0"),
            '\u{7}' => result.push_str("\\a"),
            '\u{8}' => result.push_str("\\b"),
            '\t' => result.push_str("\\t"),
            '\n' => result.push_str("\\n"),
            '\u{b}' => result.push_str("\\v"),
            '\u{c}' => result.push_str("\\f"),
            '\r' => result.push_str("\\r"),
            '\u{1b}' => result.push_str("\\e"),
            '\u{85}' => result.push_str("\\N"),
            '\u{a0}' => result.push_str("\\_"),
            '\u{2028}' => result.push_str("\\L"),
            '\u{2029}' => result.push_str("\\P"),
            _ if is_special(character) => return Err(Failure),
            _ => result.push(character),
        }
    }
    result.push('"');
    Ok(result)
}
