//! Takes a page apart: front matter, sections and fenced blocks, each with its place.

use crate::Block;
use palisade_model::{Diagnostic, Position, Span};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;
use std::sync::Arc;

/// How many lists and quotes may stand in one another.
const DEEPEST_NESTING: usize = 100;

/// The parts of a page.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The text between the first two lines of `---`, and where it begins.
    pub front: Option<(Arc<str>, Position)>,
    /// The prose before the first heading.
    pub preamble: Arc<str>,
    /// What stands below each heading of level two.
    pub parts: Vec<Part>,
    /// Headings of other levels.
    pub other_headings: Vec<(Arc<str>, Span)>,
    /// Was the end of the page swallowed by a fence that is never closed?
    pub is_cut: bool,
}

/// A heading of level two and what stands below it.
#[derive(Debug)]
pub(crate) struct Part {
    /// The heading without its `#`.
    pub heading: Arc<str>,
    /// Where the heading stands.
    pub span: Span,
    /// What stands below it, in Markdown.
    pub text: Arc<str>,
    /// The fenced blocks at the margin.
    pub blocks: Vec<Block>,
    /// The fenced blocks inside of lists and quotes, which a machine does not read.
    pub nested_blocks: Vec<Block>,
}

/// A text and the places of its lines.
struct Places<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    lines: Vec<usize>,
}

/// The text with line ends of one sort and no byte order mark, so that columns are those of an editor.
pub(crate) fn normalised(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Takes a normalised page apart.
pub(crate) fn read(file: &Arc<str>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Layout> {
    let places = Places::new(file, text);
    let mut layout = Layout::default();
    let body = match front_matter(text) {
        FrontMatter::None => {
            diagnostics.push(
                Diagnostic::error("the page does not begin with front matter")
                    .at(places.span(0..0))
                    .help("begin with a line `---`, then fields like `title: …`, then a line `---`"),
            );
            return None;
        }
        FrontMatter::Open => {
            diagnostics.push(
                Diagnostic::error("the front matter that begins here is never closed")
                    .at(places.span(0..3))
                    .help("close it with a line `---`"),
            );
            return None;
        }
        FrontMatter::Closed(inner, body) => {
            layout.front = Some((text[inner.clone()].into(), places.position(inner.start)));
            body
        }
    };
    if let Some(place) = too_nested(text) {
        diagnostics.push(too_deep(places.span(place..place)));
        return None;
    }
    Pages { places: &places, body, layout, diagnostics }.read()
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(format!("lists and quotes are nested more than {DEEPEST_NESTING} deep"))
        .at(span)
        .help("the page is not read")
}

struct Pages<'a, 'd> {
    places: &'a Places<'a>,
    body: usize,
    layout: Layout,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Pages<'_, '_> {
    fn read(mut self) -> Option<Layout> {
        let source = &self.places.text[self.body..];
        let mut depth = 0usize;
        let mut block: Option<OpenBlock> = None;
        let mut heading_ends = self.body;
        for (event, range) in Parser::new_ext(source, Options::empty()).into_offset_iter() {
            let range = range.start + self.body..range.end + self.body;
            match event {
                Event::Start(tag) => {
                    match tag {
                        Tag::Heading { level, .. } if depth == 0 => {
                            if level == HeadingLevel::H2 {
                                self.end_part(heading_ends, range.start);
                                heading_ends = range.end;
                            }
                            self.heading(level, range);
                        }
                        Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                            block = Some(self.open(&info, range, depth > 0));
                        }
                        _ => {}
                    }
                    depth += 1;
                    if depth > DEEPEST_NESTING * 2 {
                        self.diagnostics.push(too_deep(self.places.span(0..0)));
                        return None;
                    }
                }
                Event::End(tag) => {
                    depth = depth.saturating_sub(1);
                    if tag == TagEnd::CodeBlock
                        && let Some(block) = block.take()
                    {
                        self.close(block);
                    }
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.starts.get_or_insert(range.start);
                        block.text.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        self.end_part(heading_ends, self.places.text.len());
        Some(self.layout)
    }

    fn end_part(&mut self, from: usize, to: usize) {
        let text: Arc<str> = self.places.text[from..to.max(from)].trim().into();
        match self.layout.parts.last_mut() {
            Some(part) => part.text = text,
            None => self.layout.preamble = text,
        }
    }

    fn heading(&mut self, level: HeadingLevel, range: Range<usize>) {
        let written = &self.places.text[range.clone()];
        let words = heading_words(written);
        let starts = range.start + written.find(words).unwrap_or(0);
        let span = self.places.span(starts..starts + words.len());
        if level == HeadingLevel::H2 {
            self.layout.parts.push(Part {
                heading: words.into(),
                span,
                text: "".into(),
                blocks: Vec::new(),
                nested_blocks: Vec::new(),
            });
        } else {
            self.layout.other_headings.push((words.into(), span));
        }
    }

    fn open(&mut self, info: &str, range: Range<usize>, is_nested: bool) -> OpenBlock {
        let written = &self.places.text[range.clone()];
        let first_line = written.lines().next().unwrap_or_default();
        let fence = range.start..range.start + first_line.len();
        if !is_closed(written) || holds_a_fence(written) {
            self.layout.is_cut = true;
            self.diagnostics.push(
                Diagnostic::error("the block that begins here is never closed")
                    .at(self.places.span(fence.clone()))
                    .help("close it with a fence of the same length; what follows is not read"),
            );
        }
        OpenBlock {
            language: info.split_whitespace().next().unwrap_or_default().to_lowercase(),
            after_fence: (fence.end + 1).min(self.places.text.len()),
            fence,
            text: String::new(),
            starts: None,
            is_nested,
        }
    }

    fn close(&mut self, open: OpenBlock) {
        let block = Block {
            language: open.language.into(),
            text: open.text.into(),
            start: self.places.position(open.starts.unwrap_or(open.after_fence)),
            fence: self.places.span(open.fence),
        };
        if let Some(part) = self.layout.parts.last_mut() {
            if open.is_nested {
                part.nested_blocks.push(block);
            } else {
                part.blocks.push(block);
            }
        }
    }
}

struct OpenBlock {
    language: String,
    fence: Range<usize>,
    after_fence: usize,
    text: String,
    starts: Option<usize>,
    is_nested: bool,
}

/// The words of a heading as they are written, without `#` or the line below that makes them a heading.
fn heading_words(written: &str) -> &str {
    let line = written.trim();
    if let Some(words) = line.strip_prefix('#') {
        let words = words.trim_start_matches('#').trim();
        let open = words.trim_end_matches('#');
        if open.is_empty() || open.ends_with([' ', '\t']) {
            return open.trim_end();
        }
        return words;
    }
    line.lines().next().unwrap_or_default().trim_end()
}

/// Does the fenced block end with a fence like the one it begins with?
fn is_closed(written: &str) -> bool {
    let mut lines = written.trim_end().lines();
    let opening = lines.next().unwrap_or_default().trim_start();
    let Some(mark) = opening.chars().next() else {
        return false;
    };
    let length = opening.chars().take_while(|char| *char == mark).count();
    lines.next_back().is_some_and(|last| {
        // In a quote or a list the closing fence has their marks before it.
        let last = last.trim_start_matches([' ', '\t', '>']);
        last.chars().all(|char| char == mark) && last.chars().count() >= length
    })
}

/// Does it hold the opening of another block? Then its own end is missing, and the other's was taken for it.
fn holds_a_fence(written: &str) -> bool {
    let mut lines = written.lines();
    let opening = lines.next().unwrap_or_default().trim_start();
    let fence: String = opening.chars().take_while(|char| matches!(char, '`' | '~')).collect();
    lines.any(|line| {
        let info = line.trim().strip_prefix(&fence);
        info.is_some_and(|info| info.starts_with(|char: char| char.is_ascii_lowercase()))
    })
}

enum FrontMatter {
    None,
    Open,
    /// The range of the text between the lines of `---`, and where the rest begins.
    Closed(Range<usize>, usize),
}

fn front_matter(text: &str) -> FrontMatter {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else {
        return FrontMatter::None;
    };
    let mut place = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return FrontMatter::Closed(first.len()..place, place + line.len());
        }
        place += line.len();
    }
    FrontMatter::Open
}

/// The start of the first line that opens more lists and quotes at once than anybody means.
fn too_nested(text: &str) -> Option<usize> {
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        if opened_by(line) > DEEPEST_NESTING {
            return Some(place);
        }
        place += line.len();
    }
    None
}

fn opened_by(line: &str) -> usize {
    let is_marker = |byte: &u8| matches!(byte, b'>' | b'-' | b'+' | b'*' | b'.' | b')');
    let prefix = line
        .bytes()
        .take_while(|byte| is_marker(byte) || byte.is_ascii_digit() || matches!(byte, b' ' | b'\t'));
    // A line of dashes is a rule, and dashes without spaces open nothing.
    let mut before = b' ';
    let mut opened = 0;
    for byte in prefix {
        let opens = byte == b'>' || (matches!(byte, b' ' | b'\t') && is_marker(&before) && before != b'>');
        opened += usize::from(opens);
        before = byte;
    }
    opened
}

impl<'a> Places<'a> {
    fn new(file: &'a Arc<str>, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(place, _)| place + 1)).collect();
        Self { file, text, lines }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let before = &self.text[self.lines[line - 1]..offset];
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: count(line), column: count(before.chars().count() + 1) }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file.clone(), start: self.position(range.start), end: self.position(range.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> (Option<Layout>, Vec<String>) {
        let mut diagnostics = Vec::new();
        let layout = read(&"p.md".into(), &normalised(text), &mut diagnostics);
        (layout, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_block_knows_where_its_text_begins() {
        let check = |text: &str, expected: &str| {
            let (layout, _) = layout(text);
            let blocks: Vec<String> = layout
                .iter()
                .flat_map(|layout| &layout.parts)
                .flat_map(|part| &part.blocks)
                .map(|block| format!("{:?} {} {:?}", block.start, block.language, block.text))
                .collect();
            assert_eq!(blocks.join(" | "), expected);
        };
        check("---\n---\n## A\n\n```rego\na\nb\n```\n", r#"6:1 rego "a\nb\n""#);
        check("\u{feff}---\r\n---\r\n## A\r\n\r\n```Rego x\r\na\r\nb\r\n```\r\n", r#"6:1 rego "a\nb\n""#);
        check("---\n---\n## A\n\n  ```x\n  a\n  ```\n", r#"6:3 x "a\n""#);
        check("---\n---\n## A\n```x\n```\n~~~~y\n```\n~~~~\n", r#"5:1 x "" | 7:1 y "```\n""#);
    }

    #[test]
    fn headings_are_kept_as_they_are_written() {
        let check = |heading: &str, expected: &str| {
            let (layout, _) = layout(&format!("---\n---\n{heading}\n"));
            let layout = layout.expect("a page");
            let part = &layout.parts[0];
            assert_eq!(format!("{} @{:?}", part.heading, part.span.start), expected);
        };
        check("## Fails: `a` is *false*", "Fails: `a` is *false* @3:4");
        check("  ##   Fix   ##  ", "Fix @3:8");
        check("## C#", "C# @3:4");
        check("##", " @3:1");
        check("Fix\n---", "Fix @3:1");
    }

    #[test]
    fn deep_nesting_is_refused_in_whatever_way_it_is_written() {
        let page = |body: &str| layout(&format!("---\n---\n{body}\n")).1.join("; ");
        for body in [
            ">".repeat(10_000),
            "> ".repeat(10_000),
            "- ".repeat(10_000),
            "1. ".repeat(10_000),
            (0..600).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect(),
        ] {
            let said = page(&body);
            assert!(said.contains("nested more than 100 deep"), "{said} for {:.20}", body);
        }
        for body in ["- a\n  - b\n    > c", "-----------------", "[".repeat(10_000).as_str()] {
            assert_eq!(page(body), "");
        }
    }
}
