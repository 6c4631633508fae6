//! The text of one file, and the line and column of every place in it.

use palisade_model::{Diagnostic, Origin, Position, Span};
use std::sync::Arc;

/// How many characters of an expression are quoted when it could not be evaluated.
const QUOTED: usize = 60;
/// After how many bytes the number of characters so far is noted, so that a column costs the same on any line.
const STRIDE: usize = 256;

/// A text and where it stands.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as the user would write it.
    pub file: Arc<str>,
    /// The text: without a byte order mark, lines ending in `\n` alone.
    pub text: String,
    line_starts: Vec<u32>,
    characters: Vec<u32>,
    stands_at: Option<Origin>,
}

/// A stretch of a [`Source`].
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub source: Arc<Source>,
    pub start: u32,
    pub end: u32,
}

impl Source {
    /// A text of a file of its own.
    pub fn new(file: &Arc<str>, text: String) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| offset(at + 1))).collect();
        let mut characters = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut seen = 0;
        for chunk in text.as_bytes().chunks(STRIDE) {
            characters.push(seen);
            seen += starts_of_characters(chunk);
        }
        characters.push(seen);
        Self { file: file.clone(), text, line_starts, characters, stands_at: None }
    }

    /// A text inside of a value, as a template in a JSON string is: all of it has that value's place.
    pub fn within(origin: &Origin, text: String) -> Self {
        let file = origin.span().map_or_else(|| "".into(), |span| span.file.clone());
        Self { stands_at: Some(origin.clone()), ..Self::new(&file, text) }
    }

    /// Reads a file's bytes as text; what is wrong with them is said, and what can be read is read.
    pub fn decode(file: &Arc<str>, bytes: &[u8]) -> (Option<Self>, Vec<Diagnostic>) {
        let whole = Span::new(file.clone(), (1, 1), (1, 1));
        if let Some(text) = from_utf16(bytes) {
            let diagnostic = Diagnostic::error("this is UTF-16, which Terraform does not read")
                .at(whole)
                .help("save the file as UTF-8; what is in it is read all the same");
            return (Some(Self::new(file, text.replace("\r\n", "\n"))), vec![diagnostic]);
        }
        if bytes.iter().take(8_000).any(|byte| *byte == 0) {
            let diagnostic = Diagnostic::error(format!("`{file}` is a binary file"))
                .at(whole)
                .help("a file with this name is read as Terraform; rename or exclude it");
            return (None, vec![diagnostic]);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if u32::try_from(bytes.len()).is_err() {
            return (None, vec![Diagnostic::error(format!("`{file}` is too large")).at(whole)]);
        }
        let mut diagnostics = Vec::new();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(error) => {
                let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).replace("\r\n", "\n");
                let source = Self::new(file, before);
                let at = source.span(source.text.len(), source.text.len());
                diagnostics.push(
                    Diagnostic::error("this is not UTF-8")
                        .at(at)
                        .help("save the file as UTF-8; until then this character reads as `\u{fffd}`"),
                );
                String::from_utf8_lossy(bytes).replace("\r\n", "\n")
            }
        };
        (Some(Self::new(file, text)), diagnostics)
    }

    /// The line and column of a byte.
    fn position(&self, at: usize) -> Position {
        let at = at.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start as usize <= at);
        let start = self.line_starts[line.saturating_sub(1)] as usize;
        Position {
            line: offset(line.max(1)),
            column: self.characters_before(at) - self.characters_before(start) + 1,
        }
    }

    fn characters_before(&self, at: usize) -> u32 {
        let stride = at / STRIDE;
        self.characters[stride] + starts_of_characters(&self.text.as_bytes()[stride * STRIDE..at])
    }

    /// The stretch between two bytes.
    pub fn span(&self, start: usize, end: usize) -> Span {
        match &self.stands_at {
            Some(Origin::File(span)) => span.clone(),
            _ => Span {
                file: self.file.clone(),
                start: self.position(start),
                end: self.position(end.max(start)),
            },
        }
    }
}

impl Place {
    /// A stretch of a text.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let length = source.text.len();
        Self {
            source: source.clone(),
            start: offset(start.min(length)),
            end: offset(end.clamp(start.min(length), length)),
        }
    }
    /// As a span.
    pub fn span(&self) -> Span {
        self.source.span(self.start as usize, self.end as usize)
    }
    /// As an origin.
    pub fn origin(&self) -> Origin {
        Origin::File(self.span())
    }
    /// What is written there, on one line and shortened.
    pub fn quoted(&self) -> Arc<str> {
        let text = self.source.text.get(self.start as usize..self.end as usize).unwrap_or_default();
        shortened(text)
    }
}

/// The text, when a mark at its start says that it is UTF-16.
fn from_utf16(bytes: &[u8]) -> Option<String> {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    if u32::try_from(bytes.len()).is_err() {
        return None;
    }
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some(units(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some(units(rest, u16::from_be_bytes)),
        _ => None,
    }
}

/// A text on one line, at most 60 characters of it.
pub(crate) fn shortened(text: &str) -> Arc<str> {
    let mut line = String::new();
    for word in text.split_ascii_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(QUOTED + 1));
        if line.chars().count() > QUOTED {
            let kept: String = line.chars().take(QUOTED - 1).collect();
            return format!("{kept}…").into();
        }
    }
    line.into()
}

fn starts_of_characters(bytes: &[u8]) -> u32 {
    offset(bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count())
}

/// Texts are shorter than 4 GB, which `decode` makes sure of.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, needle: &str, line: u32, column: u32) {
        let (source, _) = Source::decode(&"a.tf".into(), text.as_bytes());
        let source = Arc::new(source.expect("text"));
        let at = source.text.find(needle).expect("needle");
        let span = Place::new(&source, at, at + needle.len()).span();
        assert_eq!((span.start.line, span.start.column), (line, column), "{text:?}");
    }

    #[test]
    fn columns_count_characters_and_lines_end_either_way() {
        check("x", "x", 1, 1);
        check("a\nbb x", "x", 2, 4);
        check("a\r\nbb\r\nx", "x", 3, 1);
        check("\u{feff}x", "x", 1, 1);
        check("äöü x", "x", 1, 5);
        check(&format!("{}x", "ä".repeat(1000)), "x", 1, 1001);
        check(&format!("{}\n{}x", "ä".repeat(300), "ö".repeat(700)), "x", 2, 701);
    }

    #[test]
    fn bytes_that_are_not_text_are_named_with_their_line() {
        let (source, diagnostics) = Source::decode(&"a.tf".into(), b"a\nb\xffc");
        assert_eq!(source.expect("lossy").text, "a\nb\u{fffd}c");
        assert!(diagnostics[0].to_string().starts_with("a.tf:2:2: this is not UTF-8"));
        let (source, diagnostics) = Source::decode(&"a.tf".into(), b"\x7fELF\0");
        assert!(source.is_none() && diagnostics[0].message.contains("binary"));
    }

    #[test]
    fn a_quote_is_one_short_line() {
        assert_eq!(&*shortened("a\n   b"), "a b");
        assert_eq!(shortened(&"x".repeat(100)).chars().count(), 60);
        assert_eq!(shortened(&"word ".repeat(100)).chars().count(), 60);
    }
}
