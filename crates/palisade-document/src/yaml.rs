//! Reads YAML 1.2 from the parser's events, with a stack of its own instead of recursion.

use crate::gather::{Gather, MAX_ALIASED_NODES, MAX_DEPTH, too_deep, unreadable};
use crate::json::{is_json_number, parse_number};
use crate::{Documents, ReadTag, Text};
use indexmap::IndexMap;
use palisade_model::{Diagnostic, List, Map, Node, Origin, Position, Unknown, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// Which plain words are true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Booleans {
    /// `true` and `false`, as YAML 1.2 has it.
    #[default]
    TrueFalse,
    /// `yes`, `no`, `on` and `off` too, as in YAML 1.1, which CloudFormation reads.
    YesNo,
}

/// Reads the documents of a YAML text; see [`read_yaml_with`].
pub fn read_yaml(text: Text<'_>, tag: ReadTag<'_>) -> Documents {
    read_yaml_with(text, tag, Booleans::TrueFalse)
}

/// Reads the documents of a YAML text.
///
/// A plain scalar is a number only if writing the number gives the same characters again: `012345678901`,
/// `5.10`, `0x1F` and `1_000` stay the texts they may well be meant as. Merge keys (`<<`) are followed. Of an
/// entry given twice the last counts, as with most readers, and a diagnostic says so. After an error in one
/// document of several, the next one is read again.
pub fn read_yaml_with(text: Text<'_>, tag: ReadTag<'_>, booleans: Booleans) -> Documents {
    let mut reader = Reader {
        gather: Gather::new(text),
        start: text.start,
        tag,
        booleans,
        stack: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        has_too_many_aliases: false,
        last_scalar: None,
        skipped: None,
        cursor: Cursor::default(),
    };
    let mut rest = text.text;
    while let Err(error) = reader.read(rest) {
        let lines = error.marker().line();
        reader.cut_short(&error);
        let Some(next) = next_document(rest, lines) else {
            break;
        };
        let passed = rest[..next].matches('\n').count();
        reader.start = Position { line: reader.start.line.saturating_add(number(passed)), column: 1 };
        rest = &rest[next..];
    }
    reader.gather.done()
}

/// A [`ReadTag`] for YAML that has no tags of its own: every tag is refused.
pub fn refuse_tags(tag: &str, _node: Node) -> Result<Node, String> {
    Err(format!("the tag `!{tag}` has no meaning here"))
}

/// Where the first document begins that starts at the given line (counted from 1) or below, but not at the
/// text's own start: reading on must get further.
fn next_document(text: &str, line: usize) -> Option<usize> {
    let mut at = 0;
    for (index, content) in text.split_inclusive('\n').enumerate() {
        if index > 0
            && index + 1 >= line
            && content.starts_with("---")
            && content[3..].chars().next().is_none_or(char::is_whitespace)
        {
            return Some(at);
        }
        at += content.len();
    }
    None
}

/// The parser takes the blanks behind a closing quote for part of the scalar.
fn is_quoted(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(_, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, ..))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

struct Reader<'a> {
    gather: Gather<'a>,
    start: Position,
    tag: ReadTag<'a>,
    booleans: Booleans,
    stack: Vec<Open>,
    anchors: HashMap<usize, Option<Part>>,
    aliased: usize,
    has_too_many_aliases: bool,
    // Where the scalar ends that the event before this one gave.
    last_scalar: Option<Position>,
    skipped: Option<Skipped>,
    cursor: Cursor,
}

/// How far the text was followed, to look at it where the parser's places are not exact.
#[derive(Default)]
struct Cursor {
    characters: usize,
    byte: usize,
}

impl Cursor {
    /// How many blanks stand just before a place, which only ever moves forward.
    fn blanks_before(&mut self, text: &str, characters: usize) -> usize {
        let Some(ahead) = characters.checked_sub(self.characters) else {
            return 0;
        };
        let rest = &text[self.byte..];
        self.byte += rest.char_indices().nth(ahead).map_or(rest.len(), |(byte, _)| byte);
        self.characters = characters;
        let before = &text.as_bytes()[..self.byte];
        before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }
}

/// A finished node, how many nodes it is made of, and how many levels it has.
#[derive(Clone)]
struct Part {
    node: Node,
    nodes: usize,
    levels: usize,
}

/// A list or map whose end has not come yet.
struct Open {
    start: Position,
    end: Position,
    anchor: usize,
    tag: Option<Tag>,
    nodes: usize,
    levels: usize,
    holds: Holds,
}

enum Holds {
    List(Vec<Node>),
    Map {
        entries: IndexMap<Arc<str>, Node>,
        merged: Vec<Node>,
        name: Option<Name>,
        // Entries that could not be kept, as those with a list for a name.
        lost: Option<Unknown>,
    },
}

/// The name of an entry whose value has not come yet.
struct Name {
    text: Arc<str>,
    is_merge: bool,
    is_lost: bool,
    start: Position,
    end: Position,
}

/// A list or map that is passed over: how many are open within it.
struct Skipped {
    open: usize,
    start: Position,
    why: Unknown,
}

impl<'a> Reader<'a> {
    fn read(&mut self, text: &str) -> Result<(), ScanError> {
        let mut parser = Parser::new_from_str(text);
        self.cursor = Cursor::default();
        while let Some(event) = parser.next_event() {
            let (event, span) = event?;
            let (start, mut end) = (self.position(span.start), self.position(span.end));
            if is_quoted(&event) {
                let blanks = self.cursor.blanks_before(text, span.end.index());
                end.column = end.column.saturating_sub(number(blanks));
            }
            if self.skipped.is_some() {
                self.skip(&event, end);
            } else {
                self.event(event, start, end);
            }
        }
        Ok(())
    }

    fn position(&self, marker: Marker) -> Position {
        let column = number(marker.col()).saturating_add(1);
        let lines = number(marker.line()).saturating_sub(1);
        Position {
            line: self.start.line.saturating_add(lines),
            column: match lines {
                0 => column.saturating_add(self.start.column - 1),
                _ => column,
            },
        }
    }

    fn event(&mut self, event: Event<'_>, start: Position, end: Position) {
        self.last_scalar = matches!(event, Event::Scalar(..)).then_some(end);
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(std::borrow::Cow::into_owned);
                if self.expects_name() {
                    self.name(&text, style == ScalarStyle::Plain && text == "<<", start, end);
                    self.named_anchor(anchor, &text, start, end);
                } else {
                    let value = self.scalar(&text, style, tag.as_ref());
                    let part = Part { node: self.gather.node(value, start, end), nodes: 1, levels: 0 };
                    self.complete(part, anchor, tag.as_ref(), end);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, start, end),
            Event::SequenceStart(anchor, tag) => self.open(Holds::List(Vec::new()), anchor, tag, start, end),
            Event::MappingStart(anchor, tag) => {
                let map = Holds::Map { entries: IndexMap::new(), merged: Vec::new(), name: None, lost: None };
                self.open(map, anchor, tag, start, end);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.stack.pop() {
                    // Only a closing bracket has a length; a block ends with what stands last in it.
                    if end > start {
                        open.end = Position { column: start.column + 1, ..start };
                    }
                    self.close(open, None);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    fn expects_name(&self) -> bool {
        matches!(self.stack.last(), Some(Open { holds: Holds::Map { name: None, .. }, .. }))
    }

    fn name(&mut self, text: &str, is_merge: bool, start: Position, end: Position) {
        let text = self.gather.name(text);
        if let Some(Open { holds: Holds::Map { name, .. }, .. }) = self.stack.last_mut() {
            *name = Some(Name { text, is_merge, is_lost: false, start, end });
        }
    }

    fn named_anchor(&mut self, anchor: usize, text: &str, start: Position, end: Position) {
        if anchor > 0 {
            let node = self.gather.node(Value::text(text), start, end);
            self.remember(anchor, &Part { node, nodes: 1, levels: 0 });
        }
    }

    fn open(
        &mut self,
        holds: Holds,
        anchor: usize,
        tag: Option<std::borrow::Cow<'_, Tag>>,
        start: Position,
        end: Position,
    ) {
        if self.expects_name() {
            let message = "the name of an entry must be a text";
            self.report(message, "give the entry another name; it is not read", start, end);
            self.lost_name(message, start, end);
            self.pass_over(message.to_owned(), start);
        } else if self.stack.len() >= MAX_DEPTH {
            self.report(&too_deep(), "what is below is not read", start, end);
            self.pass_over(too_deep(), start);
        } else {
            self.stack.push(Open {
                start,
                end,
                anchor,
                tag: tag.map(std::borrow::Cow::into_owned),
                nodes: 1,
                levels: 1,
                holds,
            });
        }
    }

    fn lost_name(&mut self, message: &str, start: Position, end: Position) {
        self.name("", false, start, end);
        if let Some(Open { holds: Holds::Map { name: Some(name), lost, .. }, .. }) = self.stack.last_mut() {
            name.is_lost = true;
            *lost = Some(unreadable(message));
        }
    }

    fn pass_over(&mut self, message: String, start: Position) {
        self.skipped = Some(Skipped { open: 1, start, why: unreadable(message) });
    }

    fn skip(&mut self, event: &Event<'_>, end: Position) {
        let Some(skipped) = &mut self.skipped else { return };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => skipped.open += 1,
            Event::SequenceEnd | Event::MappingEnd => skipped.open -= 1,
            _ => {}
        }
        if skipped.open == 0 {
            self.end_skipping(end);
        }
    }

    fn end_skipping(&mut self, end: Position) {
        let Some(skipped) = self.skipped.take() else {
            return;
        };
        // The name of an entry was passed over, not its value.
        let is_name = matches!(
            self.stack.last(),
            Some(Open { holds: Holds::Map { name: Some(name), .. }, .. }) if name.is_lost && name.start == skipped.start
        );
        if !is_name {
            let node = self.gather.node(Value::Unknown(skipped.why), skipped.start, end);
            self.attach(Part { node, nodes: 1, levels: 0 }, end);
        }
    }

    fn alias(&mut self, anchor: usize, start: Position, end: Position) {
        let known = self.anchors.get(&anchor);
        if self.expects_name() {
            let text = known.and_then(Option::as_ref).and_then(|part| part.node.text());
            match text.map(str::to_owned) {
                Some(text) => self.name(&text, false, start, end),
                None => {
                    let message = "the name of an entry must be a text";
                    self.report(message, "write the name itself; the entry is not read", start, end);
                    self.lost_name(message, start, end);
                }
            }
            return;
        }
        let deepest = MAX_DEPTH - self.stack.len().min(MAX_DEPTH);
        let message = match known {
            Some(Some(part)) if part.levels > deepest => too_deep(),
            Some(Some(part)) if self.aliased + part.nodes <= MAX_ALIASED_NODES => {
                let mut part = part.clone();
                part.node.origin = Origin::File(self.gather.span(start, end));
                self.aliased += part.nodes;
                return self.attach(part, end);
            }
            Some(_) => {
                let message =
                    format!("the aliases of this text stand for more than {MAX_ALIASED_NODES} values");
                let is_first = !std::mem::replace(&mut self.has_too_many_aliases, true);
                if !is_first {
                    let node = self.gather.node(Value::Unknown(unreadable(message)), start, end);
                    return self.attach(Part { node, nodes: 1, levels: 0 }, end);
                }
                message
            }
            None => {
                "this alias stands within what it stands for, or its anchor in another document".to_owned()
            }
        };
        self.report(&message, "write the value here, without the alias", start, end);
        let node = self.gather.node(Value::Unknown(unreadable(message)), start, end);
        self.attach(Part { node, nodes: 1, levels: 0 }, end);
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" => Value::text(text),
                "null" => Value::Null,
                "int" | "float" if is_json_number(text) => {
                    parse_number(text).map_or(Value::text(text), Value::Number)
                }
                _ => plain(text, self.booleans),
            },
            Some(_) => Value::text(text),
            None if style == ScalarStyle::Plain => plain(text, self.booleans),
            None => Value::text(text),
        }
    }

    /// Ends a list or map, at its own end or where an error cut it short.
    fn close(&mut self, open: Open, cut: Option<&Unknown>) {
        let end = open.end;
        let value = match open.holds {
            Holds::List(items) => Value::List(List { items, more: cut.cloned() }),
            Holds::Map { entries, merged, lost, .. } => {
                let mut map = Map { entries, more: cut.cloned().or(lost) };
                for node in merged {
                    merge(&mut map, node);
                }
                Value::Map(map)
            }
        };
        let part =
            Part { node: self.gather.node(value, open.start, end), nodes: open.nodes, levels: open.levels };
        self.complete(part, open.anchor, open.tag.as_ref(), end);
    }

    fn complete(&mut self, mut part: Part, anchor: usize, tag: Option<&Tag>, end: Position) {
        if let Some(tag) = tag {
            part.node = self.tagged(tag, part.node);
        }
        if anchor > 0 {
            self.remember(anchor, &part);
        }
        self.attach(part, end);
    }

    fn tagged(&mut self, tag: &Tag, node: Node) -> Node {
        let is_core = tag.is_yaml_core_schema();
        let known = ["str", "int", "float", "bool", "null", "seq", "map"];
        if is_core && known.contains(&tag.suffix.as_str())
            || !is_core && matches!(tag.suffix.as_str(), "" | "!")
        {
            return node;
        }
        let name = match tag.handle.as_str() {
            "!" => tag.suffix.clone(),
            _ if is_core => format!("!{}", tag.suffix),
            "" => format!("<{}>", tag.suffix),
            handle => format!("{}{}", handle.strip_prefix('!').unwrap_or(handle), tag.suffix),
        };
        let origin = node.origin.clone();
        (self.tag)(&name, node).unwrap_or_else(|message| {
            let mut diagnostic = Diagnostic::error(message.as_str());
            diagnostic.span = origin.span().cloned();
            self.gather.report(diagnostic);
            Node::new(Value::Unknown(unreadable(message)), origin)
        })
    }

    /// Keeps what an anchor names. The copies count like those of aliases, or nested anchors could fill the memory.
    fn remember(&mut self, anchor: usize, part: &Part) {
        self.aliased += part.nodes;
        let fits = self.aliased <= MAX_ALIASED_NODES;
        self.anchors.insert(anchor, fits.then(|| part.clone()));
    }

    /// Puts a finished node where it belongs.
    fn attach(&mut self, part: Part, end: Position) {
        let Some(open) = self.stack.last_mut() else {
            return self.gather.document(part.node);
        };
        open.end = open.end.max(end);
        open.nodes += part.nodes;
        open.levels = open.levels.max(part.levels + 1);
        match &mut open.holds {
            Holds::List(items) => items.push(part.node),
            Holds::Map { entries, merged, name, .. } => {
                let Some(name) = name.take() else { return };
                if name.is_lost {
                    return;
                }
                self.gather.key((name.start, name.end), &part.node);
                if name.is_merge && can_merge(&part.node) {
                    merged.push(part.node);
                } else if let Some(first) = entries.insert(name.text.clone(), part.node) {
                    let span = self.gather.span(name.start, name.end);
                    self.gather.repeated(&name.text, &first, span);
                }
            }
        }
    }

    /// Closes everything that is open when an error ends the text.
    fn cut_short(&mut self, error: &ScanError) {
        let at = self.position(*error.marker());
        let (message, help) = explain(error.info());
        let why = unreadable(message.as_str());
        self.report(&message, help, at, at);
        if self.skipped.is_some() {
            self.end_skipping(at);
        }
        if self.last_scalar.is_some_and(|end| end.line >= at.line) {
            self.forget_last(&why);
        }
        while let Some(open) = self.stack.pop() {
            let has_name = matches!(&open.holds, Holds::Map { name: Some(_), .. });
            self.stack.push(open);
            if has_name {
                let node = self.gather.node(Value::Unknown(why.clone()), at, at);
                self.attach(Part { node, nodes: 1, levels: 0 }, at);
            }
            if let Some(open) = self.stack.pop() {
                self.close(open, Some(&why));
            }
        }
    }

    /// A scalar that an error follows on its own line may have been meant otherwise:
    /// of `a: b` and then `c: d`, indented too far, the parser takes `b c` for the value of `a`.
    fn forget_last(&mut self, why: &Unknown) {
        let last = match self.stack.last_mut().map(|open| &mut open.holds) {
            Some(Holds::List(items)) => items.last_mut(),
            Some(Holds::Map { entries, name: None, .. }) => entries.last_mut().map(|(_, node)| node),
            _ => None,
        };
        if let Some(last) = last {
            last.value = Value::Unknown(why.clone());
        }
    }

    fn report(&mut self, message: &str, help: &str, start: Position, end: Position) {
        let span = self.gather.span(start, end);
        self.gather.report(Diagnostic::error(message).at(span).help(help));
    }
}

/// The value of a plain scalar.
fn plain(text: &str, booleans: Booleans) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" if booleans == Booleans::YesNo => Value::Bool(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" if booleans == Booleans::YesNo => Value::Bool(false),
        _ if is_json_number(text) => match parse_number(text) {
            Some(number) if number.to_string() == text => Value::Number(number),
            _ => Value::text(text),
        },
        _ => Value::text(text),
    }
}

fn can_merge(node: &Node) -> bool {
    match &node.value {
        Value::Map(_) => true,
        Value::List(list) => list.items.iter().all(|item| matches!(item.value, Value::Map(_))),
        _ => false,
    }
}

/// Adds the entries that the map does not give itself; of several merged maps, the earlier wins.
fn merge(map: &mut Map, node: Node) {
    match node.value {
        Value::Map(from) => {
            map.more = map.more.take().or(from.more);
            for (name, node) in from.entries {
                map.entries.entry(name).or_insert(node);
            }
        }
        Value::List(list) => list.items.into_iter().for_each(|item| merge(map, item)),
        _ => {}
    }
}

/// The parser's message in our words, and what to do.
fn explain(info: &str) -> (String, &'static str) {
    const REST: &str = "what follows is not read";
    if info.contains("recursion limit") {
        return ("nested too deep to read on".to_owned(), REST);
    }
    if info.contains("unknown anchor") {
        return ("this alias has no anchor before it".to_owned(), REST);
    }
    let mut message = info.trim_end_matches('.').to_owned();
    if let Some(first) = message.get(..1) {
        let first = first.to_lowercase();
        message.replace_range(..1, &first);
    }
    let help = match info.contains("tab") {
        true => "indent with spaces; what follows is not read",
        false => REST,
    };
    (message, help)
}
