//! Quotes a line of a source, with a line under the words that are meant.

use crate::Sources;
use crate::neutral::neutral;
use palisade_model::Span;
use std::collections::HashMap;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Beyond this column a line is data rather than text, and finding the place again and again would take long.
const LAST_QUOTED_COLUMN: usize = 100_000;

/// A line as it can be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quote {
    /// The line without its indentation, neutral, cut to the width.
    pub line: String,
    /// How far from its beginning the words begin that are meant, in columns of the terminal.
    pub offset: usize,
    /// How wide those words are; at least 1.
    pub width: usize,
}

/// The files that were quoted, each with the beginnings of its lines.
pub(crate) struct Quotes<'a> {
    sources: Sources<'a>,
    files: HashMap<Arc<str>, Option<File>>,
    /// The lines, from one to another, that are not to be quoted.
    secret: HashMap<Arc<str>, Vec<(u32, u32)>>,
}

struct File {
    text: Arc<str>,
    starts: Vec<usize>,
}

impl<'a> Quotes<'a> {
    /// `secrets` are the places of what may be secret: no line of them is quoted, whoever asks.
    pub fn new<'b>(sources: Sources<'a>, secrets: impl IntoIterator<Item = &'b Span>) -> Self {
        let mut secret: HashMap<Arc<str>, Vec<(u32, u32)>> = HashMap::new();
        for span in secrets {
            let lines = secret.entry(span.file.clone()).or_default();
            lines.push((span.start.line, span.end.line.max(span.start.line)));
        }
        Self { sources, files: HashMap::new(), secret }
    }

    fn is_secret(&self, file: &str, line: u32) -> bool {
        let spans = self.secret.get(file).map_or(&[][..], Vec::as_slice);
        spans.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }

    /// The line where the span begins; none where the file or the line can't be had.
    pub fn quote(&mut self, span: &Span, width: usize) -> Option<Quote> {
        if self.is_secret(&span.file, span.start.line) {
            return None;
        }
        let sources = self.sources;
        let file =
            (self.files.entry(span.file.clone())).or_insert_with(|| sources(&span.file).map(File::new));
        let line = file.as_ref()?.line(span.start.line)?;
        let end = (span.end.line == span.start.line).then_some(span.end.column as usize);
        quote(line, span.start.column as usize, end, width)
    }
}

impl File {
    fn new(text: Arc<str>) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(after_breaks).collect();
        Self { text, starts }
    }

    fn line(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = (self.starts.get(index + 1)).map_or(self.text.len(), |next| next - 1);
        self.text.get(start..end).map(str::trim_end)
    }
}

/// Quotes a line: the words from one column to before another (or to the line's end), both counted in characters from 1.
/// A line wider than `width` is cut around the words.
fn quote(line: &str, from: usize, to: Option<usize>, width: usize) -> Option<Quote> {
    if line.is_empty() || from == 0 || from > LAST_QUOTED_COLUMN {
        return None;
    }
    let first = from - 1;
    let width = width.max(20);
    let indentation = line.chars().take_while(|char| char.is_whitespace()).count().min(first);
    let before: usize = line.chars().skip(indentation).take(first - indentation).map(columns).sum();
    // A long way to the words is left out, but for some of what stands just before them.
    let (start, is_cut) =
        if before <= width / 2 { (indentation, false) } else { (first - (width / 4).min(first), true) };

    let mut quoted = Quote { line: if is_cut { "…".into() } else { String::new() }, offset: 0, width: 0 };
    let mut used = quoted.line.width();
    quoted.offset = used;
    for (index, char) in (start..).zip(line.chars().skip(start)) {
        let shown = show(char);
        if used + shown.width() >= width {
            quoted.line.push('…');
            break;
        }
        quoted.line.push_str(&shown);
        used += shown.width();
        if index < first {
            quoted.offset = used;
        } else if to.is_none_or(|to| index + 1 < to) {
            quoted.width = used - quoted.offset;
        }
    }
    quoted.width = quoted.width.max(1);
    Some(quoted)
}

fn columns(char: char) -> usize {
    if char.is_ascii_graphic() { 1 } else { show(char).width() }
}

fn show(char: char) -> String {
    match char {
        '\t' => "    ".to_owned(),
        _ => neutral(char.encode_utf8(&mut [0; 4])).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::Position;

    fn check(line: &str, columns: (usize, usize), width: usize, expected: &str) {
        let quote = quote(line, columns.0, Some(columns.1), width).unwrap();
        let under = format!("{:offset$}{}", "", "^".repeat(quote.width), offset = quote.offset);
        assert_eq!(format!("{}\n{under}", quote.line), expected, "{line}");
        assert!(quote.line.width() <= width && under.width() <= width + 1);
    }

    #[test]
    fn the_words_that_are_meant_are_underlined() {
        check("a = false", (5, 10), 40, "a = false\n    ^^^^^");
        check("    a = false", (9, 14), 40, "a = false\n    ^^^^^");
        check("\t\ta\t= 1", (6, 7), 40, "a    = 1\n      ^");
        check("名 = \"東京\"", (5, 9), 40, "名 = \"東京\"\n     ^^^^^^");
        check("a", (5, 5), 40, "a\n ^");
        check("  a", (1, 2), 40, "  a\n^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_words() {
        let long = format!("{}here{}", "x".repeat(500), "y".repeat(500));
        check(&long, (501, 505), 24, "…xxxxxxhereyyyyyyyyyyyy…\n       ^^^^");
        check(&"z".repeat(90), (1, 91), 24, &format!("{}…\n{}", "z".repeat(23), "^".repeat(23)));
    }

    #[test]
    fn a_hostile_line_is_neutral() {
        check("n = \"\u{1b}[2J\"", (5, 11), 40, "n = \"␛[2J\"\n    ^^^^^^");
        check("n = \"\u{202e}x\"", (7, 8), 40, "n = \"\\u{202e}x\"\n             ^");
    }

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let sources = |_: &str| Some(Arc::from("\u{feff}a = 1\r\nb = 2\n\nc"));
        let mut quotes = Quotes::new(&sources, []);
        let mut line = |line| quotes.quote(&Span::new("f", (line, 1), (line, 2)), 80).map(|quote| quote.line);
        assert_eq!(line(1).as_deref(), Some("a = 1"));
        assert_eq!(line(2).as_deref(), Some("b = 2"));
        assert_eq!(line(3), None);
        assert_eq!(line(4).as_deref(), Some("c"));
        assert_eq!(line(5), None);
        assert_eq!(line(0), None);
    }

    #[test]
    fn no_line_of_what_may_be_secret_is_quoted() {
        let sources = |_: &str| Some(Arc::from("a\nb = <<E\nsecret\nE\nc"));
        let secret = Span::new("f", (2, 5), (4, 2));
        let mut quotes = Quotes::new(&sources, [&secret]);
        let quoted: Vec<bool> =
            (1..=5).map(|line| quotes.quote(&Span::new("f", (line, 1), (line, 2)), 80).is_some()).collect();
        assert_eq!(quoted, [true, false, false, false, true]);
        assert!(quotes.quote(&Span::new("g", (3, 1), (3, 2)), 80).is_some());
    }

    #[test]
    fn a_span_over_several_lines_is_underlined_to_the_end_of_its_first() {
        let sources = |_: &str| Some(Arc::from("resource \"a\" \"b\" {\n}\n"));
        let span = Span { end: Position { line: 2, column: 2 }, ..Span::new("f", (1, 1), (1, 1)) };
        let quote = Quotes::new(&sources, []).quote(&span, 80).unwrap();
        assert_eq!((quote.offset, quote.width), (0, 18));
    }
}
