//! Finds the blocks of a text without parsing them, so that a broken one doesn't take the others with it.
//!
//! The parser gives up a whole file at its first error. Here the text is cut at its top level: strings,
//! templates, heredocs, comments and brackets are followed with a stack of their own, so nesting costs nothing.

use std::ops::Range;

/// A block or attribute at the top level of a text, or what stands where one should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub range: Range<usize>,
    /// The most items between two braces of it.
    pub widest: usize,
}

/// What a block's first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub kind: String,
    pub labels: Vec<String>,
    /// Just after the last label.
    pub end: usize,
}

enum Inside {
    /// Between brackets; how many items were seen.
    Bracket { closes: u8, items: usize, is_object_loop: bool },
    /// Between `${` or `%{` and its `}`.
    Template,
    /// Between quotes.
    Quotes,
    /// In a text that is a template from end to end.
    WholeTemplate,
    /// In a heredoc that ends with this word.
    Heredoc { delimiter: Range<usize> },
}

/// The top level of a text, piece by piece.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut scanner = Scanner::new(text, Vec::new(), None);
    scanner.run();
    scanner.pieces
}

/// The ends of lines directly inside of `{ for … }`, with the comments before them: they mean nothing there, but
/// the parser takes them for the end of an expression.
pub(crate) fn breaks_in_object_loops(text: &str) -> Vec<Range<usize>> {
    let mut scanner = Scanner::new(text, Vec::new(), None);
    scanner.run();
    scanner.breaks
}

/// The most items between two braces of a template.
pub(crate) fn widest_in_template(text: &str) -> usize {
    let mut scanner = Scanner::new(text, vec![Inside::WholeTemplate], Some(0));
    scanner.run();
    scanner.pieces.iter().map(|piece| piece.widest).max().unwrap_or(0)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    inside: Vec<Inside>,
    begun: Option<usize>,
    widest: usize,
    pieces: Vec<Piece>,
    /// The ends of lines, and comments before them, directly inside of `{ for … }`.
    breaks: Vec<Range<usize>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, inside: Vec<Inside>, begun: Option<usize>) -> Self {
        let text = text.as_bytes();
        Self { text, at: 0, inside, begun, widest: 0, pieces: Vec::new(), breaks: Vec::new() }
    }

    fn run(&mut self) {
        while self.at < self.text.len() {
            match self.inside.last() {
                Some(Inside::Quotes) => self.quoted(),
                Some(Inside::WholeTemplate) => self.template_text(),
                Some(Inside::Heredoc { delimiter }) => {
                    let delimiter = delimiter.clone();
                    self.heredoc(delimiter);
                }
                Some(Inside::Bracket { .. } | Inside::Template) | None => self.code(),
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.pieces.push(Piece { range: begun..self.at, widest: std::mem::take(&mut self.widest) });
        }
    }

    fn starts_with(&self, what: &[u8]) -> bool {
        self.text[self.at..].starts_with(what)
    }

    fn skip_to(&mut self, what: &[u8]) {
        let rest = &self.text[self.at..];
        let found = rest.windows(what.len()).position(|window| window == what);
        self.at = found.map_or(self.text.len(), |found| self.at + found);
    }

    fn code(&mut self) {
        let byte = self.text[self.at];
        if byte == b'#' || self.starts_with(b"//") {
            let start = self.at;
            self.skip_to(b"\n");
            if self.is_in_object_loop() {
                self.breaks.push(start..self.at);
            }
            return;
        }
        if self.starts_with(b"/*") {
            let start = self.at;
            self.at += 2;
            self.skip_to(b"*/");
            if self.at == self.text.len() {
                // A comment without an end is wrong, and may hide blocks.
                self.begun.get_or_insert(start);
            }
            self.at = (self.at + 2).min(self.text.len());
            return;
        }
        if self.begun.is_none() && !byte.is_ascii_whitespace() {
            self.begun = Some(self.at);
        }
        match byte {
            b'\n' if self.inside.is_empty() => self.finish(),
            b'\n' if self.is_in_object_loop() => self.breaks.push(self.at..self.at + 1),
            b'\n' | b',' => self.item(),
            b'"' => self.inside.push(Inside::Quotes),
            b'{' => self.open(b'}'),
            b'[' => self.open(b']'),
            b'(' => self.open(b')'),
            b'}' if matches!(self.inside.last(), Some(Inside::Template)) => {
                self.inside.pop();
            }
            b'}' | b']' | b')' => self.close(byte),
            b'<' => {
                if let Some((delimiter, body)) = heredoc_start(self.text, self.at) {
                    self.inside.push(Inside::Heredoc { delimiter });
                    self.at = body;
                    return;
                }
            }
            _ => {}
        }
        self.at += 1;
    }

    fn open(&mut self, closes: u8) {
        let is_object_loop = closes == b'}' && self.is_loop_next();
        self.inside.push(Inside::Bracket { closes, items: 0, is_object_loop });
    }

    /// Does `for` follow?
    fn is_loop_next(&self) -> bool {
        let rest = &self.text[self.at + 1..];
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = rest[blank..].strip_prefix(b"for");
        word.is_some_and(|rest| rest.first().is_some_and(|next| next.is_ascii_whitespace() || *next == b'#'))
    }

    fn is_in_object_loop(&self) -> bool {
        matches!(self.inside.last(), Some(Inside::Bracket { is_object_loop: true, .. }))
    }

    fn close(&mut self, byte: u8) {
        if let Some(Inside::Bracket { closes, .. }) = self.inside.last()
            && (*closes == byte || byte == b'}')
        {
            self.inside.pop();
        }
    }

    fn item(&mut self) {
        if let Some(Inside::Bracket { closes: b'}', items, .. }) = self.inside.last_mut() {
            *items += 1;
            self.widest = self.widest.max(*items);
        }
    }

    fn quoted(&mut self) {
        match self.text[self.at] {
            b'\\' if !self.starts_with(b"\\\n") => self.at = (self.at + 2).min(self.text.len()),
            b'\\' => self.at += 1,
            // A string ends on its line; one that doesn't is broken, and shall not swallow the rest.
            b'"' | b'\n' => {
                self.inside.pop();
                self.at += usize::from(self.text[self.at] == b'"');
            }
            _ => self.template_text(),
        }
    }

    fn heredoc(&mut self, delimiter: Range<usize>) {
        let at_line_start = self.at == 0 || self.text[self.at - 1] == b'\n';
        if at_line_start && let Some(end) = heredoc_end(self.text, self.at, &self.text[delimiter]) {
            self.inside.pop();
            self.at = end;
            return;
        }
        self.template_text();
    }

    fn template_text(&mut self) {
        if self.starts_with(b"$${") || self.starts_with(b"%%{") {
            self.at += 3;
        } else if self.starts_with(b"${") || self.starts_with(b"%{") {
            self.inside.push(Inside::Template);
            self.at += 2;
        } else {
            self.at += 1;
        }
    }
}

/// The delimiter of the heredoc that begins here, and where its text begins.
fn heredoc_start(text: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let rest = text[at..].strip_prefix(b"<<")?;
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let length = rest.iter().position(|byte| !is_word(*byte))?;
    let start = text.len() - rest.len();
    (length > 0 && rest[length] == b'\n').then_some((start..start + length, start + length + 1))
}

fn heredoc_end(text: &[u8], at: usize, delimiter: &[u8]) -> Option<usize> {
    let blank = text[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = text[at + blank..].strip_prefix(delimiter)?;
    rest.first().is_none_or(|byte| !is_word(*byte)).then_some(text.len() - rest.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte >= 0x80
}

/// The header of the block that begins here, when one does.
pub(crate) fn header_at(text: &str, start: usize) -> Option<Header> {
    let bytes = text.as_bytes();
    let word = |at: usize| at + bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
    let blank = |at: usize| at + bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let mut end = word(start);
    if end == start {
        return None;
    }
    let kind = text.get(start..end)?.to_owned();
    let mut labels = Vec::new();
    loop {
        let at = blank(end);
        match bytes.get(at) {
            Some(b'"') => {
                let length = bytes[at + 1..].iter().position(|byte| matches!(byte, b'"' | b'\n'))?;
                if bytes[at + 1 + length] == b'\n' {
                    return None;
                }
                labels.push(text.get(at + 1..at + 1 + length)?.to_owned());
                end = at + length + 2;
            }
            Some(byte) if is_word(*byte) => {
                end = word(at);
                labels.push(text.get(at..end)?.to_owned());
            }
            Some(b'{') => return Some(Header { kind, labels, end }),
            // A `resource "type" "name"` whose brace is missing or on another line is still one.
            _ if kind == "resource" && labels.len() == 2 => return Some(Header { kind, labels, end }),
            _ => return None,
        }
    }
}

/// Where the header of the block that begins here ends; the end of the line when it isn't one.
pub(crate) fn header_end(text: &str, start: usize) -> usize {
    header_at(text, start)
        .map_or_else(|| start + text[start..].find('\n').unwrap_or(text.len() - start), |header| header.end)
}

/// Where lines of a broken piece look like the beginning of another block.
pub(crate) fn likely_headers(text: &str, range: Range<usize>) -> Vec<usize> {
    const AT_LINE_START: [&str; 7] =
        ["data", "variable", "module", "output", "locals", "provider", "terraform"];
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(end) = text[at..range.end].find('\n') {
        at += end + 1;
        let line = &text[at..range.end];
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let Some(header) = header_at(text, at + indent) else {
            continue;
        };
        let is_resource = header.kind == "resource" && header.labels.len() == 2;
        if is_resource || (indent == 0 && AT_LINE_START.contains(&header.kind.as_str())) {
            found.push(at + indent);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = pieces(text).into_iter().map(|piece| text[piece.range].trim_end()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn blocks_end_where_their_brace_closes() {
        check("a {\n}\nb = 1\n", &["a {\n}", "b = 1"]);
        check("a {\n b {\n }\n}\n\n# no\n/* c {\n*/\nd {}", &["a {\n b {\n }\n}", "d {}"]);
        check("a = [\n1,\n2\n]\nb {}", &["a = [\n1,\n2\n]", "b {}"]);
    }

    #[test]
    fn braces_in_texts_comments_and_heredocs_do_not_count() {
        check("a {\nx = \"}\"\n}\nb {}", &["a {\nx = \"}\"\n}", "b {}"]);
        check("a {\nx = \"${f(\"}\")}\"\n}\nb {}", &["a {\nx = \"${f(\"}\")}\"\n}", "b {}"]);
        check("a {\n# }\n// }\n}\nb {}", &["a {\n# }\n// }\n}", "b {}"]);
        check("a {\nx = <<-E\n}\n  E\n}\nb {}", &["a {\nx = <<-E\n}\n  E\n}", "b {}"]);
        check("a {\nx = \"$${\"\n}\nb {}", &["a {\nx = \"$${\"\n}", "b {}"]);
        check("a {\nx = <<E\n${f({\n})}\nE\n}\nb {}", &["a {\nx = <<E\n${f({\n})}\nE\n}", "b {}"]);
    }

    #[test]
    fn an_open_comment_is_a_piece_of_its_own() {
        check("a {\n}\n/* b {\n}", &["a {\n}", "/* b {\n}"]);
        check("/*/ a {}\n", &["/*/ a {}"]);
    }

    #[test]
    fn an_open_string_ends_with_its_line() {
        check("a {\nx = \"oh\n}\nb {}", &["a {\nx = \"oh\n}", "b {}"]);
    }

    #[test]
    fn nesting_of_any_depth_is_followed() {
        let deep = format!("a = {}{}\nb {{}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(pieces(&deep).len(), 2);
    }

    #[test]
    fn a_header_is_read_with_and_without_quotes() {
        let header = |text| header_at(text, 0).map(|header| (header.labels.join(" "), header.end));
        assert_eq!(header("resource \"t\" \"n\" {"), Some(("t n".into(), 16)));
        assert_eq!(header("resource t n {"), Some(("t n".into(), 12)));
        assert_eq!(header("resource \"t\" \"n\"\n{"), Some(("t n".into(), 16)));
        assert_eq!(header("locals {"), Some((String::new(), 6)));
        assert_eq!(header("a = 1"), None);
        assert_eq!(header("\"a\" {"), None);
    }

    #[test]
    fn blocks_swallowed_by_a_missing_brace_are_found_again() {
        let text = "resource \"a\" \"b\" {\n x = 1\n\nresource \"c\" \"d\" {\n}\nlocals {\n}\n";
        let starts: Vec<&str> =
            likely_headers(text, 0..text.len()).into_iter().map(|at| &text[at..at + 6]).collect();
        assert_eq!(starts, ["resour", "locals"]);
    }
}
