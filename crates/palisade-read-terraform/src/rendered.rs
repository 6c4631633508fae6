//! What a template comes to when parts of it are unknown: a text, or the JSON that it writes with those parts open.

use crate::value::{Kind, Sequence, Value};
use indexmap::IndexMap;
use palisade_model::{Origin, Shape, Unknown};
use std::sync::Arc;

/// A template's text, with a mark wherever something in it is unknown.
#[derive(Default)]
pub(crate) struct Rendered {
    pub text: String,
    open: Vec<Value>,
    in_quotes: bool,
    escaped: bool,
    is_marked: bool,
}

/// Around the number of an unknown part. Private-use characters, which no configuration has a reason to contain.
const MARK: (char, char) = ('\u{f8f0}', '\u{f8f1}');

impl Rendered {
    pub fn push(&mut self, text: &str) {
        for character in text.chars() {
            self.is_marked |= character == MARK.0 || character == MARK.1;
            match character {
                _ if self.escaped => self.escaped = false,
                '\\' => self.escaped = self.in_quotes,
                '"' => self.in_quotes = !self.in_quotes,
                _ => {}
            }
        }
        self.text.push_str(text);
    }

    pub fn open(&mut self, value: Value) {
        let quote = if self.in_quotes { "" } else { "\"" };
        let bare = if self.in_quotes { "" } else { "!" };
        let mark = format!("{quote}{}{bare}{}{}{quote}", MARK.0, self.open.len(), MARK.1);
        self.text.push_str(&mark);
        self.open.push(value);
    }

    pub fn value(self, origin: &Origin) -> Value {
        let Some(cause) = self.open.first().and_then(|open| open.first_unknown().cloned()) else {
            return Value::text(self.text, origin);
        };
        if !self.is_marked
            && self.text.trim_start().starts_with(['{', '['])
            && let Some(structure) = self.structure(origin)
        {
            return Value::encoded(self.unmarked(&structure), false, origin);
        }
        let mut unknown = Unknown::reference(cause.why.clone(), Some(Shape::Text), Vec::new());
        unknown.hint.starts_with = self.beginning();
        unknown.hint.ends_with = self.end();
        Value::unknown(unknown, origin)
    }

    /// How the text begins, as far as the first unknown part, where no quote makes that unclear.
    fn beginning(&self) -> Option<Arc<str>> {
        let before = self.text.split(MARK.0).next().filter(|_| !self.is_marked)?;
        // The mark brings a quote of its own.
        let before = before.strip_suffix('"').unwrap_or(before);
        (!before.is_empty() && !before.contains('"')).then(|| before.into())
    }

    /// How the text ends, from the last unknown part on, where no quote makes that unclear.
    fn end(&self) -> Option<Arc<str>> {
        let after = self.text.rsplit(MARK.1).next().filter(|_| !self.is_marked)?;
        // The mark brings a quote of its own.
        let after = after.strip_prefix('"').unwrap_or(after);
        (!after.is_empty() && !after.contains('"')).then(|| after.into())
    }

    /// The JSON that the text is, the marks in it texts or names.
    fn structure(&self, origin: &Origin) -> Option<Value> {
        crate::json::decode(&self.text, origin)
            .or_else(|| crate::json::decode(&with_commas(&self.text)?, origin))
    }

    /// JSON that was written as a template, its unknown parts back in their places. A part inside of quotes is
    /// taken to stay inside of them: a value that closes the quotes around it would break the document.
    fn unmarked(&self, value: &Value) -> Value {
        match &value.kind {
            Kind::Text(text) => match self.part(text) {
                Some(Marked::Quoted(part)) => Value::unknown(
                    Unknown {
                        why: part.why.clone(),
                        hint: palisade_model::Hint {
                            is_present: true,
                            shape: Some(Shape::Text),
                            refers_to: part.hint.refers_to.clone(),
                            starts_with: text
                                .split(MARK.0)
                                .next()
                                .filter(|start| !start.is_empty())
                                .map(Arc::from),
                            ends_with: text
                                .rsplit(MARK.1)
                                .next()
                                .filter(|end| !end.is_empty())
                                .map(Arc::from),
                        },
                    },
                    &value.origin,
                ),
                Some(Marked::Bare(part)) => Value::unknown_because(part.why.clone(), &value.origin),
                Some(Marked::Structured(part)) => part.at(&value.origin),
                None => value.clone(),
            },
            Kind::List(list) => {
                let mut items = Vec::with_capacity(list.items.len());
                let mut more = None;
                for item in &list.items {
                    match &item.kind {
                        // It may stand for no item or for several.
                        Kind::Text(text) if let Some(Marked::Bare(part)) = self.part(text) => {
                            more = Some(Arc::new(part.why.clone().into()));
                        }
                        _ => items.push(self.unmarked(item)),
                    }
                }
                Value::list_of(items, more, Sequence::Tuple, &value.origin)
            }
            Kind::Map(map) => {
                let mut entries = IndexMap::with_capacity(map.entries.len());
                let mut more = None;
                for (name, entry) in &map.entries {
                    match self.part(name) {
                        Some(Marked::Quoted(part) | Marked::Bare(part)) => {
                            more = Some(Arc::new(part.why.clone().into()));
                        }
                        Some(Marked::Structured(_)) | None => {
                            entries.insert(name.clone(), self.unmarked(entry));
                        }
                    }
                }
                Value::map_of(entries, more, &value.origin)
            }
            _ => value.clone(),
        }
    }

    fn part(&self, text: &str) -> Option<Marked> {
        let start = text.find(MARK.0)?;
        let after = &text[start + MARK.0.len_utf8()..];
        let end = after.find(MARK.1)?;
        let number = &after[..end];
        let is_all = start == 0 && after.len() == end + MARK.1.len_utf8();
        let part = self.open.get(number.trim_start_matches('!').parse::<usize>().ok()?)?;
        let unknown = part.first_unknown()?;
        Some(match (number.starts_with('!'), &part.kind) {
            (true, Kind::Encoded(encoded)) => Marked::Structured(encoded.value.clone()),
            (true, _) => Marked::Bare(unknown.clone()),
            (false, Kind::Unknown(unknown)) if is_all => Marked::Quoted(unknown.clone()),
            (false, _) => Marked::Quoted(Arc::new(unknown.why.clone().into())),
        })
    }
}

/// What a mark in a JSON template stands for.
enum Marked {
    Quoted(Arc<Unknown>),
    Bare(Arc<Unknown>),
    Structured(Value),
}

/// JSON in which marks stand where items, entries and the commas between them would: each mark becomes an item or
/// an entry of its own. None when it isn't JSON even so.
fn with_commas(text: &str) -> Option<String> {
    let mut writer = CommaWriter { result: String::with_capacity(text.len() + 64), open: Vec::new() };
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = token(rest)?;
        rest = after.trim_start();
        writer.write(token, rest.starts_with(':'))?;
    }
    writer.open.is_empty().then_some(writer.result)
}

/// A bracket, comma, colon, text or word, and what comes after it.
fn token(text: &str) -> Option<(&str, &str)> {
    let length = match text.as_bytes().first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => {
            let mut escaped = false;
            let end = text.bytes().skip(1).position(|byte| {
                let is_end = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                is_end
            })?;
            end + 2
        }
        _ => text.find(|next: char| next.is_whitespace() || "{}[],:\"".contains(next)).unwrap_or(text.len()),
    };
    Some(text.split_at(length))
}

/// Writes JSON again, its commas where they belong.
struct CommaWriter {
    result: String,
    open: Vec<Container>,
}

/// A list or map while it is written.
struct Container {
    closes: char,
    is_empty: bool,
    /// Was there a comma since the last item?
    has_comma: bool,
    /// Was there a mark since the last item, or is it one? Then the comma may be in what it stands for.
    has_mark: bool,
    /// A name was written, and its value is still to come.
    is_named: bool,
}

impl CommaWriter {
    fn write(&mut self, token: &str, is_name: bool) -> Option<()> {
        match token {
            "{" | "[" => {
                if !self.open.is_empty() {
                    self.item(false)?;
                }
                let closes = if token == "{" { '}' } else { ']' };
                let empty =
                    Container { closes, is_empty: true, has_comma: false, has_mark: false, is_named: false };
                self.open.push(empty);
                self.result.push_str(token);
            }
            "}" | "]" => {
                let closed = self.open.pop()?;
                let is_cut_short = closed.is_named || closed.has_comma && !closed.has_mark;
                if is_cut_short || !token.starts_with(closed.closes) {
                    return None;
                }
                self.result.push_str(token);
            }
            "," => {
                let inside = self.open.last_mut()?;
                if inside.is_named || (inside.is_empty || inside.has_comma) && !inside.has_mark {
                    return None;
                }
                inside.has_comma = true;
            }
            ":" => self.result.push(':'),
            _ => self.value(token, is_name)?,
        }
        Some(())
    }

    fn value(&mut self, token: &str, is_name: bool) -> Option<()> {
        let is_mark = token.starts_with(['"']) && token[1..].starts_with(MARK.0) && token.contains('!');
        let inside = self.open.last()?;
        if inside.closes == ']' || inside.is_named {
            self.item(is_mark)?;
            self.result.push_str(token);
            return Some(());
        }
        if !is_name && !is_mark || !token.starts_with('"') {
            return None;
        }
        self.item(is_mark && !is_name)?;
        self.result.push_str(token);
        if is_name {
            self.open.last_mut()?.is_named = true;
        } else {
            self.result.push_str(":null");
        }
        Some(())
    }

    /// Before an item, an entry or the value of one.
    fn item(&mut self, is_mark: bool) -> Option<()> {
        let inside = self.open.last_mut()?;
        if inside.is_named {
            inside.is_named = false;
            inside.has_mark = is_mark;
            return Some(());
        }
        if !inside.is_empty {
            if !(inside.has_comma || inside.has_mark || is_mark) {
                return None;
            }
            self.result.push(',');
        }
        inside.is_empty = false;
        inside.has_comma = false;
        inside.has_mark = is_mark;
        Some(())
    }
}
