//! YAML as Terraform writes and reads it.

use super::{Given, Outcome, TEXT, argument, text_in};
use crate::convert::{number_text, text_of};
use crate::evaluate::Failure;
use crate::value::{Kind, Value, unknown};
use palisade_document::{Booleans, Text, read_yaml_with};
use palisade_model::{Diagnostic, Level, Node, Origin, Value as Plain, Why};
use std::sync::Arc;

/// Lines are broken where they get longer than this.
const LINE_WIDTH: usize = 80;

pub(super) fn yamldecode(given: &Given<'_>) -> Outcome {
    let text = text_in(given, 0)?;
    if text.contains("!!int") {
        let why = Why::NotEvaluated("yamldecode of a tag".into());
        return Ok(Value::unknown_because(why, given.origin));
    }
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
    decoded(document, &text, given.origin)
}

fn decoded(node: &Node, written: &str, origin: &Origin) -> Outcome {
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
        Plain::Text(text) if is_plain(node, written, text) => return plain(text, origin),
        Plain::Text(text) => Value::text(text.clone(), origin),
        Plain::List(list) if list.more.is_none() => {
            let items: Result<Vec<_>, _> =
                list.items.iter().map(|item| decoded(item, written, origin)).collect();
            Value::list(items?, origin)
        }
        Plain::Map(map) if map.more.is_none() => {
            let mut entries = indexmap::IndexMap::with_capacity(map.entries.len());
            for (name, entry) in &map.entries {
                // Terraform reads this name as a truth value.
                if matches!(&**name, "y" | "Y" | "n" | "N") {
                    return Err(Failure);
                }
                entries.insert(name.clone(), decoded(entry, written, origin)?);
            }
            Value::map(entries, origin)
        }
        Plain::List(_) | Plain::Map(_) | Plain::Unknown(_) => return Err(Failure),
    })
}

/// Was it written without quotes, and as nothing but itself?
fn is_plain(node: &Node, written: &str, text: &str) -> bool {
    let Some(start) = node.origin.span().map(|span| span.start) else {
        return false;
    };
    let line = start.line.checked_sub(1).and_then(|line| written.lines().nth(line as usize));
    let rest =
        line.map(|line| line.chars().skip(start.column.saturating_sub(1) as usize).collect::<String>());
    rest.is_some_and(|rest| rest.starts_with(text))
}

/// What a text without quotes is to Terraform: a number, a truth value, a date, or a text after all.
fn plain(text: &str, origin: &Origin) -> Outcome {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str, radix: u32| !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
    let in_radix = |digits: &str, radix: u32| {
        i64::from_str_radix(digits, radix).map(|number| Value::number(number, origin)).map_err(|_| Failure)
    };
    if let Some(hex) = text.strip_prefix("0x").filter(|hex| digits(hex, 16)) {
        return in_radix(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o").filter(|octal| digits(octal, 8)) {
        return in_radix(octal, 8);
    }
    if is_decimal(unsigned) {
        return crate::convert::to_number(&Value::text(text.trim_start_matches('+'), origin));
    }
    match text {
        "y" | "Y" => return Ok(Value::bool(true, origin)),
        "n" | "N" => return Ok(Value::bool(false, origin)),
        _ => {}
    }
    if matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return Err(Failure);
    }
    let is_date = text.len() >= 8
        && text.get(..4).is_some_and(|year| digits(year, 10))
        && text.as_bytes().get(4) == Some(&b'-')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TtZz ".contains(&byte));
    if is_date {
        if let [year, month, day] = text.split('-').collect::<Vec<&str>>().as_slice()
            && digits(month, 10)
            && digits(day, 10)
            && month.len() <= 2
            && day.len() <= 2
        {
            return Ok(Value::text(format!("{year}-{month:0>2}-{day:0>2}T00:00:00Z"), origin));
        }
        match (text.len(), text.as_bytes().get(10), text.ends_with('Z')) {
            (20, Some(b'T'), true) => return Ok(Value::text(text, origin)),
            (19, Some(b' '), false) => {
                return Ok(Value::text(format!("{}Z", text.replace(' ', "T")), origin));
            }
            _ => {}
        }
        let why = Why::NotEvaluated(format!("yamldecode of {text}").into());
        return Ok(Value::unknown_because(why, origin));
    }
    Ok(Value::text(text, origin))
}

fn is_decimal(text: &str) -> bool {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    all(whole)
        && all(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all(exponent))
}

pub(super) fn yamlencode(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    let mut text = String::new();
    if write(value, 0, Stands::First, &mut text).is_err() {
        // Terraform refuses nothing; here some layouts are not computed.
        let why = Why::NotEvaluated("the layout of a text in YAML".into());
        return Ok(Value::unknown(unknown(why, true, TEXT), given.origin));
    }
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
            let has_controls = text.chars().any(|letter| is_special(letter) && letter != '\n');
            if text.contains('\n') && !has_controls {
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
            other if u32::from(other) > 0xffff => result.push_str(&format!("\\U{:08X}", u32::from(other))),
            other if other.is_control() => result.push_str(&format!("\\x{:02X}", u32::from(other))),
            _ if is_special(character) => return Err(Failure),
            _ => result.push(character),
        }
    }
    result.push('"');
    Ok(result)
}
