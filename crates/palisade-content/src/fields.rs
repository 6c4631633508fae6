//! Reads the fields of a map, and says which one was meant where a name is wrong.

use crate::nearest;
use palisade_document::{Documents, Keys};
use palisade_model::{Diagnostic, Map, Node, PageId, Span, Value};
use std::sync::Arc;

/// A text and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub text: Arc<str>,
    pub span: Span,
}

/// The fields of a map. What nobody asks for is not a field.
pub(crate) struct Fields<'a> {
    /// What has these fields, with its article: `a check`.
    of: String,
    /// The place to name where there is none.
    whole: Span,
    map: Option<&'a Map>,
    keys: &'a Keys,
    asked: Vec<&'static str>,
    /// What is wrong with them.
    pub said: Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    /// The fields of the first document.
    pub fn of_document(of: String, whole: Span, documents: &'a Documents) -> Self {
        let mut fields = Self::of_node(of, whole, documents.documents.first(), &documents.keys);
        fields.said = documents.diagnostics.clone();
        if let Some(second) = documents.documents.get(1) {
            let span = fields.span_of(second);
            fields.error(&span, "there is a second document".to_owned(), None);
        }
        fields
    }

    /// The fields of a map within a document.
    pub fn of_node(of: String, whole: Span, node: Option<&'a Node>, keys: &'a Keys) -> Self {
        let map = match node.map(|node| &node.value) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        };
        let mut fields = Self { of, whole, map, keys, asked: Vec::new(), said: Vec::new() };
        if let (None, Some(node)) = (map, node)
            && !matches!(node.value, Value::Null | Value::Unknown(_))
        {
            let message = format!("{} has fields, and this is {}", fields.of, what(&node.value));
            let span = fields.span_of(node);
            fields.error(&span, message, Some("write it as `name: value`".to_owned()));
        }
        fields
    }

    /// The value of a field.
    pub fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.push(name);
        self.map.and_then(|map| map.entries.get(name)).filter(|node| node.value != Value::Null)
    }

    /// The text of a field that may be left out.
    pub fn word(&mut self, name: &'static str) -> Option<Word> {
        let node = self.take(name)?;
        self.as_word(name, node)
    }

    /// The text of a field that must be there and say something.
    pub fn needed(&mut self, name: &'static str, example: &str) -> Option<Word> {
        let Some(node) = self.take(name) else {
            self.missing(name, example);
            return None;
        };
        let word = self.as_word(name, node)?;
        if word.text.trim().is_empty() {
            self.missing(name, example);
            return None;
        }
        Some(word)
    }

    /// Says that a field is missing, unless it is there under a mistyped name that will be reported.
    pub fn missing(&mut self, name: &str, example: &str) {
        let written = self.map.iter().flat_map(|map| map.entries.keys());
        let near = nearest::nearest(name, written.map(|key| &**key).filter(|key| *key != name));
        if near.is_none() {
            let message = format!("{} needs a `{name}`", self.of);
            let span = self.whole.clone();
            self.error(&span, message, Some(format!("something like `{name}: {example}`")));
        }
    }

    /// The texts of a field that holds a list of them, or one.
    pub fn words(&mut self, name: &'static str) -> Vec<Word> {
        match self.take(name) {
            Some(node) => self.as_words(name, node),
            None => Vec::new(),
        }
    }

    /// The text of a value.
    pub fn as_word(&mut self, name: &str, node: &Node) -> Option<Word> {
        let span = self.span_of(node);
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string().into(),
            // What could not be read was reported by the reader.
            Value::Unknown(_) => return None,
            other => {
                self.error(&span, format!("`{name}` is a text, not {}", what(other)), None);
                return None;
            }
        };
        Some(Word { text, span })
    }

    /// The texts of a list, or of one text.
    pub fn as_words(&mut self, name: &str, node: &Node) -> Vec<Word> {
        match &node.value {
            Value::List(list) => {
                let words = list.items.iter().filter_map(|item| self.as_word(name, item));
                words.collect()
            }
            _ => self.as_word(name, node).into_iter().collect(),
        }
    }

    /// The place of a value.
    pub fn span_of(&self, node: &Node) -> Span {
        node.origin.span().unwrap_or(&self.whole).clone()
    }

    /// The place of the name before a value, or of the value.
    pub fn key_span(&self, node: &Node) -> Span {
        self.keys.of(node).unwrap_or_else(|| self.span_of(node))
    }

    /// Says that something is wrong at a place.
    pub fn error(&mut self, span: &Span, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::error(message).at(span.clone());
        diagnostic.help = help;
        self.said.push(diagnostic);
    }

    /// Reports the fields that nobody asked for, and gives all that was said.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        for (name, node) in self.map.iter().flat_map(|map| &map.entries) {
            if self.asked.contains(&&**name) {
                continue;
            }
            let help = match nearest::nearest(name, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its fields are {}", nearest::list(&self.asked)),
            };
            let message = format!("`{}` is not a field of {}", short(name), self.of);
            let mut diagnostic = Diagnostic::error(message).help(help);
            diagnostic.span = Some(self.key_span(node));
            self.said.push(diagnostic);
        }
        self.said
    }
}

/// A word that may be too long to show whole.
pub(crate) fn short(word: &str) -> String {
    match word.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

/// What a value is, in a sentence.
pub(crate) fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Unknown(_) => "unknown",
    }
}

/// The ids that words give.
pub(crate) fn ids(words: &[Word]) -> Vec<PageId> {
    words.iter().map(|word| PageId::new(&word.text)).collect()
}
