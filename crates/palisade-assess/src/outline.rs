//! What stands where in a text: its comments, and the blocks, arguments and entries they may be about.

use palisade_document::{Booleans, Documents, Text, read_yaml_with};
use palisade_model::{Level, Node, Position, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a comment of ours has in it.
pub(crate) const NAME: &str = "palisade:";
/// Of one text no more comments are looked into, but for one more that tells that there are.
pub(crate) const COMMENTS_MAX: usize = 1_000;

/// A text's blocks, arguments and entries, outer ones first, and its comments.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    items: Vec<Item>,
    /// The comments with our name in them.
    pub comments: Vec<Comment>,
    /// The lines that hold nothing but a comment: first and last, in order.
    own_lines: Vec<(u32, u32)>,
}

/// A block, an argument, an entry, or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    first: u32,
    last: u32,
}

/// A comment with our name in it.
#[derive(Debug)]
pub(crate) struct Comment {
    /// What it says, without the marks that make it a comment.
    pub text: String,
    pub start: Position,
    pub end: Position,
    /// Does nothing stand before it on its line?
    is_own_line: bool,
    /// The block it stands at the beginning of.
    begins: Option<usize>,
}

impl Outline {
    /// The first and last line of what a comment is about: the block it stands at the beginning of, what begins or ends on its
    /// line, or what begins on the next.
    pub fn about(&self, comment: &Comment) -> Option<(u32, u32)> {
        let lines = |item: &Item| (item.first, item.last);
        if !comment.is_own_line {
            let ends_here = || self.items.iter().find(|item| item.last == comment.start.line);
            return self.beginning_at(comment.start.line).or_else(ends_here).map(lines);
        }
        if let Some(block) = comment.begins {
            return self.items.get(block).map(lines);
        }
        let mut line = comment.end.line;
        let same = self.beginning_at(line).filter(|item| item.first == comment.end.line);
        if let Some(item) = same {
            return Some(lines(item));
        }
        let mut next = self.own_lines.partition_point(|(first, _)| *first <= line);
        while let Some((_, last)) = self.own_lines.get(next).filter(|(first, _)| *first == line + 1) {
            line = *last;
            next += 1;
        }
        self.beginning_at(line + 1).map(lines)
    }

    /// The outermost that begins on a line.
    fn beginning_at(&self, line: u32) -> Option<&Item> {
        let at = self.items.partition_point(|item| item.first < line);
        self.items.get(at).filter(|item| item.first == line)
    }
}

/// The outline of a text in Terraform's own language.
pub(crate) fn of_hcl(text: &str) -> Outline {
    let mut lexer = Lexer {
        text: text.as_bytes(),
        at: 0,
        line: 1,
        last_token: 0,
        templates: 0,
        inside: vec![Inside::Level(Bracket::base())],
        outline: Outline::default(),
    };
    while lexer.at < lexer.text.len() {
        match lexer.inside.last() {
            Some(Inside::Quotes) => lexer.quoted(),
            Some(Inside::Heredoc(delimiter)) => {
                let delimiter = delimiter.clone();
                lexer.heredoc(delimiter);
            }
            _ => lexer.code(text),
        }
    }
    while let Some(inside) = lexer.inside.pop() {
        if let Inside::Level(Bracket { current: Some(item), .. }) = inside {
            lexer.outline.items[item].last = lexer.last_token;
        }
    }
    lexer.outline
}

enum Inside {
    Level(Bracket),
    Template,
    Quotes,
    Heredoc(Range<usize>),
}

/// A pair of brackets, or the top level, and the item in it that has begun.
struct Bracket {
    closes: u8,
    /// The item that the brackets are part of.
    holder: Option<usize>,
    current: Option<usize>,
    has_items: bool,
}

impl Bracket {
    fn base() -> Self {
        Self { closes: 0, holder: None, current: None, has_items: false }
    }

    fn holds_items(&self) -> bool {
        self.closes != b')'
    }
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    /// The line of the last character that is neither blank nor comment.
    last_token: u32,
    /// How many templates are open. In them nothing is an item, and no comment is one of ours.
    templates: usize,
    inside: Vec<Inside>,
    outline: Outline,
}

impl Lexer<'_> {
    fn starts_with(&self, what: &[u8]) -> bool {
        self.text[self.at..].starts_with(what)
    }

    fn go(&mut self, to: usize) {
        let to = to.min(self.text.len());
        let lines = self.text[self.at..to].iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = to;
    }

    fn token(&mut self, length: usize) {
        self.last_token = self.line;
        self.go(self.at + length);
    }

    fn find(&self, what: &[u8], from: usize) -> Option<usize> {
        let rest = self.text.get(from..)?;
        rest.windows(what.len()).position(|window| window == what).map(|found| from + found)
    }

    fn code(&mut self, text: &str) {
        let byte = self.text[self.at];
        if byte == b'#' || self.starts_with(b"//") {
            let end = self.find(b"\n", self.at).unwrap_or(self.text.len());
            return self.comment(text, end);
        }
        if self.starts_with(b"/*") {
            let end = self.find(b"*/", self.at + 2).map_or(self.text.len(), |end| end + 2);
            return self.comment(text, end);
        }
        match byte {
            b'\n' => {
                if matches!(self.inside.last(), Some(Inside::Level(level)) if level.closes != b']') {
                    self.end_item();
                }
                self.go(self.at + 1);
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b',' => {
                self.end_item();
                self.token(1);
            }
            b'}' | b']' | b')' => self.close(byte),
            _ => self.open_or_pass(byte),
        }
    }

    fn open_or_pass(&mut self, byte: u8) {
        self.begin_item();
        match byte {
            b'"' => self.inside.push(Inside::Quotes),
            b'{' => self.open(b'}'),
            b'[' => self.open(b']'),
            b'(' => self.open(b')'),
            b'<' => {
                if let Some((delimiter, body)) = heredoc_start(self.text, self.at) {
                    self.inside.push(Inside::Heredoc(delimiter));
                    return self.token(body - self.at);
                }
            }
            _ => {}
        }
        self.token(1);
    }

    fn begin_item(&mut self) {
        let number = self.outline.items.len();
        if let Some(Inside::Level(level)) = self.inside.last_mut()
            && self.templates == 0
            && level.holds_items()
            && level.current.is_none()
        {
            level.current = Some(number);
            level.has_items = true;
            self.outline.items.push(Item { first: self.line, last: self.line });
        }
    }

    fn end_item(&mut self) {
        if let Some(Inside::Level(level)) = self.inside.last_mut()
            && let Some(item) = level.current.take()
        {
            self.outline.items[item].last = self.last_token;
        }
    }

    fn open(&mut self, closes: u8) {
        let holder = match self.inside.last() {
            Some(Inside::Level(level)) => level.current,
            _ => None,
        };
        self.inside.push(Inside::Level(Bracket { closes, holder, ..Bracket::base() }));
    }

    fn close(&mut self, byte: u8) {
        match self.inside.last() {
            Some(Inside::Template) if byte == b'}' => {
                self.inside.pop();
                self.templates -= 1;
            }
            Some(Inside::Level(level)) if level.closes != 0 && (level.closes == byte || byte == b'}') => {
                self.end_item();
                self.inside.pop();
            }
            _ => {}
        }
        self.token(1);
    }

    fn quoted(&mut self) {
        match self.text[self.at] {
            b'\\' if !self.starts_with(b"\\\n") => self.token(2),
            // A string ends on its line; one that doesn't is broken, and shall not swallow the rest.
            b'\n' => drop(self.inside.pop()),
            b'"' => {
                self.inside.pop();
                self.token(1);
            }
            _ => self.template_text(),
        }
    }

    fn heredoc(&mut self, delimiter: Range<usize>) {
        let is_line_start = self.at == 0 || self.text[self.at - 1] == b'\n';
        if is_line_start && let Some(end) = heredoc_end(self.text, self.at, &self.text[delimiter]) {
            self.inside.pop();
            return self.token(end - self.at);
        }
        self.template_text();
    }

    fn template_text(&mut self) {
        if self.starts_with(b"$${") || self.starts_with(b"%%{") {
            self.token(3);
        } else if self.starts_with(b"${") || self.starts_with(b"%{") {
            self.inside.push(Inside::Template);
            self.templates += 1;
            self.token(2);
        } else {
            self.token(1);
        }
    }

    fn comment(&mut self, text: &str, end: usize) {
        let (start, first, is_own_line) = (self.at, self.line, self.last_token < self.line);
        self.go(end);
        let Some(Inside::Level(level)) = self.inside.last() else { return };
        if self.templates > 0 {
            return;
        }
        if is_own_line {
            self.outline.own_lines.push((first, self.line));
        }
        let Some(said) = text.get(start..end).filter(|said| said.contains(NAME)) else { return };
        if self.outline.comments.len() > COMMENTS_MAX {
            return;
        }
        let position = |at: usize, line| Position { line, column: column(text, at) };
        self.outline.comments.push(Comment {
            text: unmarked(said),
            start: position(start, first),
            end: position(end, self.line),
            is_own_line,
            begins: level.holder.filter(|_| !level.has_items),
        });
    }
}

/// The column of a byte, in characters from 1.
fn column(text: &str, at: usize) -> u32 {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    u32::try_from(text[start..at].chars().count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// What a comment says, on one line.
fn unmarked(comment: &str) -> String {
    let inner = match comment.strip_prefix("/*") {
        Some(inner) => inner.strip_suffix("*/").unwrap_or(inner),
        None => comment.trim_start_matches(['#', '/']),
    };
    let lines: Vec<&str> = inner.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
    lines.join(" ").trim().to_owned()
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

/// A YAML text as nodes, its tags passed over.
pub(crate) fn read_yaml_plainly(file: &Arc<str>, text: &str) -> Documents {
    read_yaml_with(Text::whole(file, text), &|_, node| Ok(node), Booleans::TrueFalse)
}

/// The outline of a YAML text. Below the first error nothing is taken for a comment.
pub(crate) fn of_yaml(text: &str, read: &Documents) -> Outline {
    let mut tree = Tree { read, items: Vec::new(), scalars: Vec::new(), resources: HashMap::new() };
    for document in &read.documents {
        tree.node(document, 0, false);
    }
    let Tree { mut items, mut scalars, resources, .. } = tree;
    items.sort_by_key(|item| (item.first, std::cmp::Reverse(item.last)));
    items.dedup();
    scalars.sort_unstable();
    let errors = read.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    let readable = errors.filter_map(|error| error.span.as_ref()).map(|span| span.start.line).min();
    let mut outline = Outline { items, ..Outline::default() };
    for (number, line) in (1..readable.unwrap_or(u32::MAX)).zip(text.lines()) {
        yaml_comment(number, line, &scalars, &mut outline);
    }
    // A comment between the name of a resource and the first of its entries is about the resource.
    let mut comments = std::mem::take(&mut outline.comments);
    for comment in comments.iter_mut().filter(|comment| comment.is_own_line) {
        let mut line = comment.start.line - 1;
        while let Ok(own) = outline.own_lines.binary_search(&(line, line)) {
            line = outline.own_lines[own].0 - 1;
        }
        let resource = resources.get(&line);
        comment.begins = resource.and_then(|last| {
            outline.items.iter().position(|item| *item == Item { first: line, last: *last })
        });
    }
    outline.comments = comments;
    outline
}

/// Takes what is written in a tree of nodes.
struct Tree<'a> {
    read: &'a Documents,
    items: Vec<Item>,
    scalars: Vec<(Position, Position)>,
    /// The resources of templates, by the line of their names, with their last lines.
    resources: HashMap<u32, u32>,
}

impl Tree<'_> {
    /// Notes a node and what is in it, and gives its last line. The reader bounds the nesting.
    fn node(&mut self, node: &Node, depth: usize, is_resources: bool) -> u32 {
        let Some(span) = node.origin.span() else { return 0 };
        let within = |inner: &Node| inner.origin.span().is_some_and(|inner| inner.start >= span.start);
        let mut last = span.start.line;
        match &node.value {
            Value::List(list) => {
                for item in list.items.iter().filter(|item| within(item)) {
                    let first = item.origin.span().map_or(last, |span| span.start.line);
                    last = last.max(self.item(first, item, depth, false));
                }
            }
            Value::Map(map) => {
                for (name, value) in &map.entries {
                    let Some(key) = self.read.keys.of(value).filter(|key| key.start >= span.start) else {
                        continue;
                    };
                    self.scalars.push((key.start, key.end));
                    let is_resources_next = depth == 0 && &**name == "Resources";
                    let end = self.item(key.start.line, value, depth, is_resources_next);
                    if is_resources {
                        self.resources.insert(key.start.line, end);
                    }
                    last = last.max(end);
                }
            }
            _ => {
                self.scalars.push((span.start, span.end));
                let is_next_line = span.end.column == 1 && span.end.line > span.start.line;
                return span.end.line - u32::from(is_next_line);
            }
        }
        // A closing bracket may stand on a line of its own.
        if span.end.column > 1 { last.max(span.end.line) } else { last }
    }

    fn item(&mut self, first: u32, value: &Node, depth: usize, is_resources: bool) -> u32 {
        let last = self.node(value, depth + 1, is_resources).max(first);
        self.items.push(Item { first, last });
        last
    }
}

fn yaml_comment(number: u32, line: &str, scalars: &[(Position, Position)], outline: &mut Outline) {
    let mut before = None;
    for (column, (at, char)) in (1..).zip(line.char_indices()) {
        let is_mark = char == '#' && before.is_none_or(|before| matches!(before, ' ' | '\t'));
        before = Some(char);
        if !is_mark {
            continue;
        }
        let start = Position { line: number, column };
        let scalar = scalars.partition_point(|(start_of, _)| *start_of <= start).checked_sub(1);
        if scalar.is_some_and(|scalar| scalars[scalar].1 > start) {
            continue;
        }
        let is_own_line = line[..at].trim().is_empty();
        if is_own_line {
            outline.own_lines.push((number, number));
        }
        let said = &line[at..];
        if said.contains(NAME) && outline.comments.len() <= COMMENTS_MAX {
            let length = u32::try_from(said.trim_end().chars().count()).unwrap_or(u32::MAX);
            let end = Position { line: number, column: column.saturating_add(length) };
            outline.comments.push(Comment { text: unmarked(said), start, end, is_own_line, begins: None });
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each comment is about: its words, and the lines from and to.
    fn said(outline: &Outline) -> Vec<String> {
        let lines = |comment: &Comment| match outline.about(comment) {
            Some((first, last)) => format!("{first}-{last}"),
            None => "nothing".to_owned(),
        };
        outline.comments.iter().map(|comment| format!("{} {}", comment.text, lines(comment))).collect()
    }

    #[track_caller]
    fn hcl(text: &str, expected: &[&str]) {
        let text = text.replace('@', NAME);
        let expected: Vec<String> = expected.iter().map(|line| line.replace('@', NAME)).collect();
        assert_eq!(said(&of_hcl(&text)), expected, "{text}");
    }

    #[track_caller]
    fn yaml(text: &str, expected: &[&str]) {
        let text = text.replace('@', NAME);
        let expected: Vec<String> = expected.iter().map(|line| line.replace('@', NAME)).collect();
        let read = read_yaml_plainly(&"t.yaml".into(), &text);
        assert_eq!(said(&of_yaml(&text, &read)), expected, "{text}");
    }

    #[test]
    fn a_comment_above_a_block_is_about_the_block() {
        hcl("# @a\nr \"x\" \"y\" {\n  a = 1\n}\n", &["@a 2-4"]);
        hcl("// @a\n# why\n/* more\n */\nr {\n}\n", &["@a 5-6"]);
        hcl("/* @a */ r {\n}\n", &["@a 1-2"]);
        hcl("# @a\n\nr {\n}\n", &["@a nothing"]);
        hcl("r {\n}\n# @a\n", &["@a nothing"]);
    }

    #[test]
    fn a_comment_at_the_beginning_of_a_block_or_on_its_first_or_last_line_is_about_it() {
        hcl("r {\n\n  # @a\n  b = 1\n}\n", &["@a 1-5"]);
        hcl("r { # @a\n  b = 1\n}\n", &["@a 1-3"]);
        hcl("r {\n  b = 1\n} # @a\n", &["@a 1-3"]);
        hcl("r {\n  i {\n    # @a\n    b = 1\n  }\n}\n", &["@a 2-5"]);
        hcl("r {\n  # @a\n}\n", &["@a 1-3"]);
    }

    #[test]
    fn a_comment_at_an_argument_is_about_the_argument() {
        hcl("r {\n  a = 1\n  b = 2 # @a\n}\n", &["@a 3-3"]);
        hcl("r {\n  a = 1\n  # @a\n  b = [\n    1,\n  ]\n}\n", &["@a 4-6"]);
        hcl("r {\n  a = [\n    1, # @a\n    2,\n  ]\n}\n", &["@a 3-3"]);
        hcl("r {\n  a = f(1,\n    2) # @a\n}\n", &["@a 2-3"]);
        hcl("r {\n  a = 1\n  # @a\n  i {\n    b = 1\n  }\n}\n", &["@a 4-6"]);
    }

    #[test]
    fn what_only_looks_like_a_comment_is_none() {
        hcl("r {\n  a = \"# @a\"\n  b = \"// @a\"\n}\n", &[]);
        hcl("r {\n  a = <<E\n# @a\n  E\n  b = <<-E\n  # @b\n  E\n}\n# @c\ns = 1", &["@c 10-10"]);
        hcl("r {\n  a = \"${f(\"# @a\")}\"\n  b = \"${ /* @a */ 1}\"\n}\n", &[]);
        hcl("a = <<E\n${1 # @a\n}\nE\n", &[]);
    }

    #[test]
    fn broken_text_is_read_to_its_end() {
        hcl("r {\n  a = \"oh\n}\n# @a\ns {}", &["@a 5-5"]);
        hcl("r {{{\n}}}}}}\n# @a\ns {}", &["@a 4-4"]);
        hcl("/* @a", &["@a nothing"]);
        hcl(&"r {\n".repeat(100_000), &[]);
        hcl(&"[".repeat(100_000), &[]);
    }

    #[test]
    fn yaml_comments_are_about_entries() {
        let head = "Resources:\n";
        yaml(&format!("{head}  # @a\n  B:\n    Type: X\n"), &["@a 3-4"]);
        yaml(&format!("{head}  B:\n    # @a\n    Type: X\n  C:\n    Type: Y\n"), &["@a 2-4"]);
        yaml(&format!("{head}  B:  # @a\n    Type: X\n"), &["@a 2-3"]);
        yaml(&format!("{head}  B:\n    Type: X\n  # @a\n  C:\n    Type: Y\n"), &["@a 5-6"]);
        yaml(&format!("{head}  B:\n    P:\n      # @a\n      E: false\n      F: 1\n"), &["@a 5-5"]);
        yaml(&format!("{head}  B:\n    P:\n      E: false # @a\n"), &["@a 4-4"]);
        yaml(
            &format!("{head}  B:\n    P:\n      - 1\n      # @a\n      - E: 2\n        F: 3\n"),
            &["@a 6-7"],
        );
        yaml(&format!("{head}  # @a\n\n  B:\n    Type: X\n"), &["@a nothing"]);
    }

    #[test]
    fn yaml_texts_hold_no_comments() {
        yaml("a: |\n  # @a\n  b\nc: '# @a'\nd: \"x\n  # @a\"\ne: x#@a\n", &[]);
        yaml("a: >-\n  x\n\n  # @a\nb: 1 # @b\n", &["@b 5-5"]);
        yaml("? \"# @a\"\n: 1\n\"x # @a\": 2\n", &[]);
        yaml("a: !Sub |\n  # @a\n  b\n", &[]);
    }

    #[test]
    fn below_an_error_of_yaml_nothing_is_a_comment() {
        yaml("a: 1 # @a\nb: [1\nc: \"# @b\n", &["@a 1-1"]);
    }
}
