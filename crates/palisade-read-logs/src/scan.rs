//! Walks over JSON without building it: whether it is well-formed, where it ends, and what a few fields say.
//!
//! What is accepted here is what `serde_json` makes values of, so that a record nobody builds is judged as one that
//! somebody does.

use palisade_model::Glimpse;

/// How deep a record may be nested: as deep as `serde_json` builds.
const DEEPEST: usize = 127;
/// Numbers with more digits may be too large for a float, which only reading them tells.
const LONG_NUMBER: usize = 300;

/// The fields of a record that are looked at while walking over it, by their paths: `userIdentity.type`.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    root: Branch,
    slots: usize,
    branches: usize,
}

/// A name on the way to a field.
#[derive(Debug, Clone, Default)]
struct Branch {
    /// Its place among all branches.
    index: usize,
    /// The place of the field that ends here, among the fields.
    slot: Option<usize>,
    below: Vec<(Box<str>, Branch)>,
}

impl Fields {
    /// The fields of these paths; what is seen of them comes in their order.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fields = Self { branches: 1, ..Self::default() };
        for path in paths {
            let mut branch = &mut fields.root;
            for name in path.split('.') {
                let at = branch.below.iter().position(|(known, _)| known.as_ref() == name);
                let at = at.unwrap_or_else(|| {
                    let index = fields.branches;
                    fields.branches += 1;
                    branch.below.push((name.into(), Branch { index, ..Branch::default() }));
                    branch.below.len() - 1
                });
                branch = &mut branch.below[at].1;
            }
            branch.slot = Some(fields.slots);
            fields.slots += 1;
        }
        fields
    }
}

impl Branch {
    fn below(&self, name: &[u8]) -> Option<&Branch> {
        self.below.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, branch)| branch)
    }
}

/// Why a walk stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text ends too early.
    Ends,
    /// Something else stands where this should.
    Wrong { at: usize, expected: &'static str },
}

type Walked<T> = Result<T, Fault>;

/// A string in the text: where it begins and ends, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) has_escapes: bool,
}

/// What was walked over: its place, and how deep it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) from: usize,
    pub(crate) to: usize,
    depth: usize,
}

impl Walk {
    pub(crate) fn new(from: usize, to: usize, depth: usize) -> Self {
        Self { from, to, depth }
    }

    /// Is it nested deeper than is built?
    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth > DEEPEST
    }
}

/// A place in a JSON text.
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    pub(crate) at: usize,
    /// The brackets that are open in what is skipped.
    open: Vec<u8>,
    /// Which branches were met in this record.
    met: Vec<bool>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at, open: Vec::new(), met: Vec::new() }
    }

    /// The next byte that is no space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Walked<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Fault::Ends),
            }
        }
    }

    pub(crate) fn wrong<T>(&self, expected: &'static str) -> Walked<T> {
        Err(Fault::Wrong { at: self.at, expected })
    }

    /// Takes the byte when it comes next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Walked<bool> {
        let is_next = self.peek()? == byte;
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// A name and the `:` behind it.
    #[inline]
    pub(crate) fn name(&mut self) -> Walked<Quoted> {
        if self.peek()? != b'"' {
            return self.wrong("a name in quotes");
        }
        let name = self.string()?;
        match self.take(b':')? {
            true => Ok(name),
            false => self.wrong("`:`"),
        }
    }

    /// What the name says, when it is one of these.
    pub(crate) fn is_one_of(&self, name: Quoted, words: &[&'static str]) -> Option<&'static str> {
        let written = &self.text[name.from..name.to];
        if !name.has_escapes {
            return words.iter().copied().find(|word| word.as_bytes() == written);
        }
        let plain: String = serde_json::from_slice(&self.text[name.from - 1..=name.to]).ok()?;
        words.iter().copied().find(|word| *word == plain)
    }

    /// Walks over a value.
    pub(crate) fn skip(&mut self) -> Walked<Walk> {
        self.peek()?;
        let from = self.at;
        let mut depth = 0;
        self.open.clear();
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    self.at += 1;
                    depth = depth.max(self.open.len() + 1);
                    if !self.take(b'}')? {
                        self.open.push(b'}');
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    depth = depth.max(self.open.len() + 1);
                    if !self.take(b']')? {
                        self.open.push(b']');
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => return self.wrong("a value"),
            }
            loop {
                let Some(&end) = self.open.last() else {
                    return Ok(Walk { from, to: self.at, depth });
                };
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if end == b'}' {
                            self.name()?;
                        }
                        break;
                    }
                    byte if byte == end => {
                        self.at += 1;
                        self.open.pop();
                    }
                    _ => return self.wrong(if end == b'}' { "`,` or `}`" } else { "`,` or `]`" }),
                }
            }
        }
    }

    /// Walks over an object and looks at the fields.
    pub(crate) fn record(&mut self, fields: &Fields, seen: &mut Vec<Glimpse<'a>>) -> Walked<Walk> {
        self.begin(fields, seen);
        let from = self.at;
        let depth = self.object(&fields.root, seen)?;
        Ok(Walk { from, to: self.at, depth })
    }

    /// Forgets what was seen of the record before.
    pub(crate) fn begin(&mut self, fields: &Fields, seen: &mut Vec<Glimpse<'a>>) {
        seen.clear();
        seen.resize(fields.slots, Glimpse::Nothing);
        self.met.clear();
        self.met.resize(fields.branches, false);
    }

    /// An object; gives how deep it is.
    fn object(&mut self, branch: &Branch, seen: &mut [Glimpse<'a>]) -> Walked<usize> {
        let mut depth = 1;
        self.at += 1;
        if self.take(b'}')? {
            return Ok(depth);
        }
        loop {
            let name = self.name()?;
            depth = depth.max(1 + self.member(name, branch, seen)?);
            if !self.goes_on(b'}')? {
                return Ok(depth);
            }
        }
    }

    /// Is there a `,`, or the end?
    pub(crate) fn goes_on(&mut self, end: u8) -> Walked<bool> {
        match self.peek()? {
            b',' => self.at += 1,
            byte if byte == end => {
                self.at += 1;
                return Ok(false);
            }
            _ => return self.wrong(if end == b'}' { "`,` or `}`" } else { "`,` or `]`" }),
        }
        Ok(true)
    }

    /// The value behind a name; gives how deep it is. What could be found by another way than by these very names, each
    /// once, is unclear: a name with escapes or dots, one that comes twice, a list on the way.
    fn member(&mut self, name: Quoted, branch: &Branch, seen: &mut [Glimpse<'a>]) -> Walked<usize> {
        let text = self.text;
        let written = &text[name.from..name.to];
        if name.has_escapes || written.contains(&b'.') {
            blur(branch, seen);
        }
        let Some(below) = branch.below(written) else {
            return Ok(self.skip()?.depth);
        };
        if std::mem::replace(&mut self.met[below.index], true) {
            blur(below, seen);
        }
        match self.peek()? {
            b'{' if below.slot.is_none() => self.object(below, seen),
            b'"' => {
                let value = self.string()?;
                if let Some(slot) = below.slot.map(|slot| &mut seen[slot])
                    && *slot == Glimpse::Nothing
                {
                    let plain = &text[value.from..value.to];
                    *slot = match std::str::from_utf8(plain) {
                        Ok(plain) if plain.is_ascii() && !value.has_escapes => Glimpse::Text(plain),
                        _ => Glimpse::Unclear,
                    };
                }
                Ok(0)
            }
            b'n' => Ok(self.skip()?.depth),
            _ => {
                blur(below, seen);
                Ok(self.skip()?.depth)
            }
        }
    }

    /// As [`Self::member`], of the record itself.
    pub(crate) fn member_of_record(
        &mut self,
        name: Quoted,
        fields: &Fields,
        seen: &mut [Glimpse<'a>],
    ) -> Walked<usize> {
        self.member(name, &fields.root, seen)
    }

    /// A string, of which the quote comes next.
    #[inline]
    fn string(&mut self) -> Walked<Quoted> {
        let from = self.at + 1;
        let mut has_escapes = false;
        self.at = from;
        loop {
            while let Some(eight) = self.text[self.at..].first_chunk::<8>() {
                let special = special(u64::from_le_bytes(*eight));
                if special != 0 {
                    self.at += (special.trailing_zeros() / 8) as usize;
                    break;
                }
                self.at += 8;
            }
            match self.text.get(self.at) {
                None => return Err(Fault::Ends),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Quoted { from, to: self.at - 1, has_escapes });
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                Some(0..0x20) => return self.wrong("the end of a text"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Walked<()> {
        match self.text.get(self.at + 1) {
            None => Err(Fault::Ends),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match self.unit(self.at)? {
                0xd800..0xdc00 => match (self.text.get(self.at + 6), self.text.get(self.at + 7)) {
                    (Some(b'\\'), Some(b'u')) => match self.unit(self.at + 6)? {
                        0xdc00..0xe000 => {
                            self.at += 12;
                            Ok(())
                        }
                        _ => self.wrong("both halves of a character"),
                    },
                    (None, _) | (Some(b'\\'), None) => Err(Fault::Ends),
                    _ => self.wrong("both halves of a character"),
                },
                0xdc00..0xe000 => self.wrong("both halves of a character"),
                _ => {
                    self.at += 6;
                    Ok(())
                }
            },
            Some(_) => self.wrong("an escape that JSON has"),
        }
    }

    /// The number in `\u1234`.
    fn unit(&self, at: usize) -> Walked<u32> {
        let mut unit = 0;
        for digit in at + 2..at + 6 {
            let digit = char::from(*self.text.get(digit).ok_or(Fault::Ends)?).to_digit(16);
            let Some(digit) = digit else { return self.wrong("four hexadecimal digits") };
            unit = unit << 4 | digit;
        }
        Ok(unit)
    }

    fn digits(&mut self) -> Walked<()> {
        let from = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        match (self.at > from, self.text.get(self.at)) {
            (true, _) => Ok(()),
            (false, None) => Err(Fault::Ends),
            (false, Some(_)) => self.wrong("a digit"),
        }
    }

    fn number(&mut self) -> Walked<()> {
        let from = self.at;
        self.at += usize::from(self.text[from] == b'-');
        let first = self.at;
        self.digits()?;
        if self.text[first] == b'0' && self.at > first + 1 {
            self.at = first + 1;
            return self.wrong("no digit behind a leading 0");
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.text.get(self.at), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        let is_read = || serde_json::from_slice::<serde_json::Number>(&self.text[from..self.at]).is_ok();
        if (has_exponent || self.at - from > LONG_NUMBER) && !is_read() {
            self.at = from;
            return self.wrong("a number that is not so large");
        }
        Ok(())
    }

    fn word(&mut self, word: &'static [u8]) -> Walked<()> {
        let rest = &self.text[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        match word.starts_with(rest) {
            true => Err(Fault::Ends),
            false => self.wrong("a value"),
        }
    }
}

/// Marks what cannot be told at a glance.
fn blur(branch: &Branch, seen: &mut [Glimpse<'_>]) {
    if let Some(slot) = branch.slot {
        seen[slot] = Glimpse::Unclear;
    }
    branch.below.iter().for_each(|(_, below)| blur(below, seen));
}

/// The high bit of each byte that is a quote, a backslash or a control character. The lowest such bit is exact; above
/// it there may be more than there should.
#[inline]
fn special(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is_control = eight.wrapping_sub(ONES * 0x20) & !eight;
    (is_zero(eight ^ (ONES * u64::from(b'"'))) | is_zero(eight ^ (ONES * u64::from(b'\\'))) | is_control)
        & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Is it accepted just when `serde_json` makes a value of it?
    fn check(text: &str) {
        let mut scanner = Scanner::new(text.as_bytes(), 0);
        let walked = scanner.skip();
        let whole = walked.is_ok_and(|walk| {
            !walk.is_too_deep() && text.as_bytes()[walk.to..].iter().all(u8::is_ascii_whitespace)
        });
        assert_eq!(whole, serde_json::from_str::<Value>(text).is_ok(), "{text}: {walked:?}");
    }

    #[test]
    fn what_is_walked_over_is_what_would_be_built() {
        for text in [
            "",
            "  ",
            "1",
            "-",
            "-1",
            "01",
            "-0",
            "0.5",
            "0.",
            ".5",
            "1e5",
            "1e",
            "1e+",
            "1E-2",
            "1e999",
            "-1e999",
            "1e-999",
            "true",
            "tru",
            "trux",
            "nul",
            "null",
            "false",
            "\"a",
            "\"a\"",
            "\"a\\",
            "\"a\\n\"",
            "\"a\\x\"",
            "\"\\u00e9\"",
            "\"\\u00g9\"",
            "\"\\ud834\\udd1e\"",
            "\"\\ud834\"",
            "\"\\ud834\\n\"",
            "\"\\udd1e\"",
            "\"\\ud834\\ud834\"",
            "\"a\nb\"",
            "\"a\tb\"",
            "\"\u{7f}\"",
            "\"é€𝄞\"",
            "\"12345678\"",
            "\"1234567\\\"\"",
            "\"1234567\u{1}\"",
            "{}",
            "{ }",
            "{\"a\":1}",
            "{\"a\" : 1 , \"b\":[ ]}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\"}",
            "{a:1}",
            "[1,2]",
            "[1,]",
            "[,]",
            "[1 2]",
            "[1}",
            "{\"a\":1]",
            "[[]",
            "[]]",
            "1 2",
            "\u{b}1",
            "[\"\\/\"]",
            "{\"a\":{\"b\":[{\"c\":null}]}}",
        ] {
            check(text);
        }
        check(&"1".repeat(309));
        check(&"1".repeat(310));
        check(&format!("0.{}", "1".repeat(400)));
        for depth in [126, 127, 128, 129, 10_000] {
            check(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
            check(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
        }
    }

    #[test]
    fn every_broken_text_is_noticed_where_serde_json_notices_it() {
        let text =
            r#"{"a": [1.5e3, -0, true, "x\n\u00e9", {"b": null}], "c": {"d": "12345678", "e": false}} "#;
        for at in 0..text.len() {
            check(&text[..at]);
            for byte in
                ["\"", "\\", "{", "}", "[", "]", ",", ":", "0", "e", "-", "n", " ", "\n", "\u{1}", "é"]
            {
                if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                    check(&format!("{}{byte}{}", &text[..at], &text[at + 1..]));
                    check(&format!("{}{byte}{}", &text[..at], &text[at..]));
                }
            }
        }
    }

    #[track_caller]
    fn seen(record: &str, expected: [Glimpse<'_>; 3]) {
        let fields = Fields::new(["a", "b.c", "b.d"]);
        let mut seen = Vec::new();
        Scanner::new(record.as_bytes(), 0).record(&fields, &mut seen).unwrap();
        assert_eq!(seen, expected, "{record}");
    }

    #[test]
    fn a_field_is_seen_only_when_it_is_clear_what_it_says() {
        use Glimpse::{Nothing, Text, Unclear};
        seen("{}", [Nothing, Nothing, Nothing]);
        seen(r#"{"a": "x", "b": {"c": "y"}, "z": {"a": "n"}}"#, [Text("x"), Text("y"), Nothing]);
        seen(r#"{"a": null, "b": "x"}"#, [Nothing, Nothing, Nothing]);
        seen(r#"{"a": 1, "b": [{"c": "y"}]}"#, [Unclear, Unclear, Unclear]);
        seen(r#"{"a": "é", "b": {"c": "\u0041", "d": ["x"]}}"#, [Unclear, Unclear, Unclear]);
        seen(r#"{"a": "x", "a": "y"}"#, [Unclear, Nothing, Nothing]);
        seen(r#"{"b": {"c": "x"}, "b": {"d": "y"}}"#, [Nothing, Unclear, Unclear]);
        seen(r#"{"b.c": "x", "b": {"c": "y"}, "a": "z"}"#, [Unclear, Unclear, Unclear]);
        seen(r#"{"a": "x", "\u0061": "y"}"#, [Unclear, Unclear, Unclear]);
        seen(r#"{"b": {"c.d": "x", "c": "y"}, "a": "z"}"#, [Text("z"), Unclear, Unclear]);
        seen(r#"{"a": {"x": 1}, "b": true}"#, [Unclear, Unclear, Unclear]);
    }
}
