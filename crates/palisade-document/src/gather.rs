//! What both readers share: limits, places, diagnostics that can't grow without bound, and shared names.

use crate::{Documents, Text};
use palisade_model::{Diagnostic, Node, Origin, Position, Span, Unknown, Value, Why};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many lists and maps may stand within each other; what is deeper is unknown.
pub const MAX_DEPTH: usize = 128;
/// How many nodes the aliases of one text may stand for together.
pub const MAX_ALIASED_NODES: usize = 1_000_000;
/// How many diagnostics one text may give; the last says that there are more.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Where the names of the maps' entries stand. A name is looked up by the value it leads to.
///
/// Of JSON, only the names of the four outermost levels are here.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    file: Option<Arc<str>>,
    places: HashMap<Position, (Position, Position)>,
}

impl Keys {
    /// The place of the name before this value, when it is the value of a map's entry.
    pub fn of(&self, value: &Node) -> Option<Span> {
        let (start, end) = *self.places.get(&value.origin.span()?.start)?;
        Some(Span { file: self.file.clone()?, start, end })
    }
}

/// Collects what a reader finds.
pub(crate) struct Gather<'a> {
    text: Text<'a>,
    names: HashSet<Arc<str>>,
    found: Documents,
}

impl<'a> Gather<'a> {
    pub(crate) fn new(text: Text<'a>) -> Self {
        let mut found = Documents::default();
        found.keys.file = Some(text.file.clone());
        Self { text, names: HashSet::new(), found }
    }

    /// A name that stands many times is kept once.
    pub(crate) fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    pub(crate) fn span(&self, start: Position, end: Position) -> Span {
        Span { file: self.text.file.clone(), start, end: end.max(start) }
    }

    pub(crate) fn node(&self, value: Value, start: Position, end: Position) -> Node {
        Node::new(value, Origin::File(self.span(start, end)))
    }

    pub(crate) fn key(&mut self, key: (Position, Position), value: &Node) {
        if let Some(span) = value.origin.span() {
            self.found.keys.places.insert(span.start, key);
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        let diagnostics = &mut self.found.diagnostics;
        if diagnostics.len() + 1 < MAX_DIAGNOSTICS {
            diagnostics.push(diagnostic);
        } else if diagnostics.len() < MAX_DIAGNOSTICS {
            diagnostics.push(Diagnostic::error("there is more wrong with this text than is shown"));
        }
    }

    /// Reports that an entry was given a second time; `first` is the value it had before.
    pub(crate) fn repeated(&mut self, name: &str, first: &Node, at: Span) {
        let place = self.found.keys.of(first).or_else(|| first.origin.span().cloned());
        let place =
            place.map_or(String::new(), |span| format!(" at {}:{}", span.start.line, span.start.column));
        self.report(
            Diagnostic::error(format!("`{name}` is given twice; the first{place} is not read"))
                .at(at)
                .help("keep one of them"),
        );
    }

    pub(crate) fn document(&mut self, document: Node) {
        self.found.documents.push(document);
    }

    pub(crate) fn done(self) -> Documents {
        self.found
    }
}

/// A part that could not be read.
pub(crate) fn unreadable(message: impl Into<Arc<str>>) -> Unknown {
    Why::Unreadable(message.into()).into()
}

/// What stands in place of what is nested too deep.
pub(crate) fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}
