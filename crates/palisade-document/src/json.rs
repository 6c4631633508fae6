//! Reads JSON in one pass over the text, strictly: what JSON doesn't allow is reported, and read on where
//! its meaning is plain (comments, commas too many or too few).

use crate::gather::{Gather, MAX_DEPTH, too_deep, unreadable};
use crate::{Documents, Text};
use palisade_model::{Diagnostic, Hint, List, Map, Node, Position, Shape, Unknown, Value};
use std::borrow::Cow;

/// How deep the places of names are kept: large documents have millions of names below.
const MAX_KEY_DEPTH: usize = 4;

/// Reads the one JSON value of a text.
///
/// Numbers beyond those that 64 bits can hold are unknown. Of an entry given twice the last counts, as with
/// most readers, and a diagnostic says so.
pub fn read_json(text: Text<'_>) -> Documents {
    let mut reader = Reader::new(text);
    reader.skip_blank();
    if reader.peek().is_some() {
        let document = reader.value(1);
        reader.gather.document(document);
        reader.skip_blank();
        if reader.stopped.is_none() && reader.peek().is_some() {
            reader.stop("there is more text after the end of the JSON value");
        }
    }
    reader.gather.done()
}

struct Reader<'a> {
    gather: Gather<'a>,
    text: &'a str,
    at: usize,
    // Where `counted` bytes of the text lead to: counting on from here keeps all the columns linear in total.
    counted: usize,
    position: Position,
    // Why nothing more can be read.
    stopped: Option<Unknown>,
}

impl<'a> Reader<'a> {
    fn new(text: Text<'a>) -> Self {
        Self {
            gather: Gather::new(text),
            text: text.text,
            at: 0,
            counted: 0,
            position: text.start,
            stopped: None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The place of the next character. Only ever asked going forward.
    fn here(&mut self) -> Position {
        for byte in &self.text.as_bytes()[self.counted..self.at] {
            if *byte == b'\n' {
                self.position.line = self.position.line.saturating_add(1);
                self.position.column = 1;
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        self.counted = self.at;
        self.position
    }

    fn report(&mut self, message: impl Into<String>, help: &str) {
        let here = self.here();
        let span = self.gather.span(here, here);
        self.gather.report(Diagnostic::error(message).at(span).help(help));
    }

    fn stop(&mut self, message: impl Into<String>) {
        if self.stopped.is_none() {
            let message = message.into();
            self.stopped = Some(unreadable(message.as_str()));
            self.report(message, "what follows is not read");
        }
    }

    fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') => match self.comment() {
                    Some(length) => {
                        self.report("JSON has no comments", "remove it; what follows is read all the same");
                        self.at += length;
                    }
                    None => return,
                },
                _ => return,
            }
        }
    }

    fn comment(&self) -> Option<usize> {
        let rest = &self.text[self.at..];
        if rest.starts_with("//") {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        let inside = rest.strip_prefix("/*")?;
        inside.find("*/").map(|end| end + 4)
    }

    fn value(&mut self, depth: usize) -> Node {
        let start = self.here();
        let value = match self.peek() {
            Some(b'{' | b'[') if depth > MAX_DEPTH => self.skip_nested(),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => match self.string() {
                Some(text) => Value::Text(text.as_ref().into()),
                None => self.nothing(),
            },
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        };
        let end = self.here();
        self.gather.node(value, start, end)
    }

    /// What stands where nothing could be read.
    fn nothing(&self) -> Value {
        let why = self.stopped.clone();
        Value::Unknown(why.unwrap_or_else(|| unreadable("a value is missing")))
    }

    fn map(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut map = Map::default();
        loop {
            self.skip_blank();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b'"') => {
                    let start = self.here();
                    let Some(text) = self.string() else { break };
                    let name = self.gather.name(&text);
                    let end = self.here();
                    self.skip_blank();
                    let node = self.entry(depth);
                    if depth <= MAX_KEY_DEPTH {
                        self.gather.key((start, end), &node);
                    }
                    if let Some(first) = map.entries.insert(name.clone(), node) {
                        let span = self.gather.span(start, end);
                        self.gather.repeated(&name, &first, span);
                    }
                }
                None => self.stop("the text ends within a map"),
                Some(_) => self.stop("a name in double quotes is expected here"),
            }
            if self.stopped.is_none() {
                self.comma(b'}');
            }
            if self.stopped.is_some() {
                break;
            }
        }
        map.more = self.stopped.clone();
        map.entries.shrink_to_fit();
        Value::Map(map)
    }

    /// The colon and the value behind a name.
    fn entry(&mut self, depth: usize) -> Node {
        if self.peek() == Some(b':') {
            self.at += 1;
            self.skip_blank();
        } else {
            self.stop("a colon is expected here");
        }
        if self.stopped.is_none() {
            return self.value(depth + 1);
        }
        let here = self.here();
        self.gather.node(self.nothing(), here, here)
    }

    fn list(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut list = List::default();
        loop {
            self.skip_blank();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                None => self.stop("the text ends within a list"),
                Some(_) => {
                    let item = self.value(depth + 1);
                    list.items.push(item);
                }
            }
            if self.stopped.is_none() {
                self.comma(b']');
            }
            if self.stopped.is_some() {
                break;
            }
        }
        list.more = self.stopped.clone();
        list.items.shrink_to_fit();
        Value::List(list)
    }

    /// Goes past the comma between two entries, or stays before the closing bracket.
    fn comma(&mut self, close: u8) {
        self.skip_blank();
        match self.peek() {
            Some(b',') => {
                let comma = self.here();
                self.at += 1;
                self.skip_blank();
                if self.peek() == Some(close) {
                    let span = self.gather.span(comma, comma);
                    self.gather.report(
                        Diagnostic::error("a comma before a closing bracket").at(span).help("remove it"),
                    );
                }
            }
            Some(next) if next == close => {}
            None => {}
            Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                self.report("a comma is missing before this", "put one between the entries");
            }
            Some(_) => self.stop("a comma or a closing bracket is expected here"),
        }
    }

    /// Goes past a list or map that is nested too deep.
    fn skip_nested(&mut self) -> Value {
        self.report(too_deep(), "what is below is not read");
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    if self.string().is_none() {
                        break;
                    }
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        if open > 0 {
            self.stop("the text ends within a list or map");
        }
        Value::Unknown(unreadable(too_deep()))
    }

    /// A text in double quotes; none, and nothing more is read, when it doesn't end.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut is_plain = true;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    end += 2;
                }
                Some(_) => end += 1,
                None => {
                    self.stop("this text has no closing quote");
                    self.at = bytes.len();
                    return None;
                }
            }
        }
        let inside = &self.text[start..end];
        let text = if is_plain { Cow::Borrowed(inside) } else { Cow::Owned(self.unescape(inside)) };
        self.at = end + 1;
        Some(text)
    }

    fn unescape(&mut self, inside: &str) -> String {
        let mut text = String::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(backslash) = rest.find('\\') {
            text.push_str(&rest[..backslash]);
            let (character, after) = escaped(&rest[backslash + 1..]);
            if character.is_none() {
                self.report("an escape in this text is not one of JSON's", "write `\\\\` for a backslash");
            }
            text.push(character.unwrap_or('\\'));
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn number(&mut self) -> Value {
        let length = self.text.as_bytes()[self.at..]
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let written = &self.text[self.at..self.at + length];
        let value = if !is_json_number(written) {
            let message = format!("`{written}` is not a number");
            self.report(message.as_str(), "put it in double quotes");
            Value::Unknown(unreadable(message))
        } else if let Some(number) = parse_number(written) {
            Value::Number(number)
        } else {
            let message = format!("`{written}` is too large a number");
            self.report(message.as_str(), "put it in double quotes");
            Value::Unknown(Unknown {
                hint: Hint { is_present: true, shape: Some(Shape::Number), ..Hint::default() },
                ..unreadable(message)
            })
        };
        self.at += length;
        value
    }

    fn word(&mut self) -> Value {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "" => {
                let found = rest.chars().next().map_or("the end".to_owned(), |c| format!("`{c}`"));
                self.stop(format!("a value is expected here, not {found}"));
                self.nothing()
            }
            word => {
                let message = format!("`{word}` is not a value of JSON");
                self.report(message.as_str(), "put it in double quotes");
                Value::Unknown(unreadable(message))
            }
        };
        self.at += length;
        value
    }
}

/// The character that an escape stands for, and the text after it.
fn escaped(after: &str) -> (Option<char>, &str) {
    let mut characters = after.chars();
    let character = match characters.next() {
        Some('n') => Some('\n'),
        Some('t') => Some('\t'),
        Some('r') => Some('\r'),
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some(same @ ('"' | '\\' | '/')) => Some(same),
        Some('u') => match code_unit(characters.as_str()) {
            None => None,
            Some((unit, rest)) => return surrogates(unit, rest),
        },
        _ => None,
    };
    match character {
        Some(character) => (Some(character), characters.as_str()),
        None => (None, after),
    }
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = all_digits.then(|| u16::from_str_radix(digits, 16).ok()).flatten()?;
    Some((unit, rest))
}

/// Puts two halves of a character together; a half alone becomes the replacement character.
fn surrogates(unit: u16, rest: &str) -> (Option<char>, &str) {
    let second = rest.strip_prefix("\\u").and_then(code_unit);
    if let Some((second, after)) = second
        && let Some(Ok(character)) = char::decode_utf16([unit, second]).next()
        && character.len_utf16() == 2
    {
        return (Some(character), after);
    }
    let alone = char::from_u32(u32::from(unit));
    (Some(alone.unwrap_or(char::REPLACEMENT_CHARACTER)), rest)
}

/// Does JSON's grammar allow this as a number?
pub(crate) fn is_json_number(written: &str) -> bool {
    let unsigned = written.strip_prefix('-').unwrap_or(written);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(|exponent| are_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// The number, when 64 bits can hold it; fractions and very large integers as near as a float comes.
pub(crate) fn parse_number(written: &str) -> Option<serde_json::Number> {
    if let Ok(number) = written.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = written.parse::<u64>() {
        return Some(number.into());
    }
    serde_json::Number::from_f64(written.parse().ok()?)
}
