//! Reads YAML and JSON into nodes that know their line and column.
//!
//! Foreign text is hostile: size, nesting, aliases and item counts are bounded, a repeated key is a
//! diagnostic, and nothing here panics. What could not be read is [`palisade_model::Unknown`] in its
//! place, and a map or list that an error cut short says that there may be more in it.

mod bytes;
mod gather;
mod json;
mod yaml;

pub use bytes::decode;
pub use gather::{Keys, MAX_ALIASED_NODES, MAX_DEPTH, MAX_DIAGNOSTICS};
pub use json::read_json;
pub use yaml::{Booleans, read_yaml, read_yaml_with, refuse_tags};

use palisade_model::{Diagnostic, Node, Position};
use std::sync::Arc;

/// A text to read and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The file it is part of, as the user would write it.
    pub file: &'a Arc<str>,
    /// The text itself.
    pub text: &'a str,
    /// Where its first character stands in that file: 1:1 but for a block inside a page.
    pub start: Position,
}

/// What was read. With an error in it, a document holds what came before the error where that is possible.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// The documents, in order: one for JSON, one or more for YAML, none for an empty text.
    pub documents: Vec<Node>,
    /// What was wrong, each with its place.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the names of the maps' entries stand.
    pub keys: Keys,
}

/// Says what a YAML tag makes of the value it stands before: `!Ref Name` calls it with `Ref` and `Name`.
/// An error is the message of a diagnostic at the tag.
///
/// Tags of the core schema (`!!str`, `!!int`, …) never come here; `!!binary` comes as `!binary`. A scalar
/// behind a tag is always a text, as it was written.
pub type ReadTag<'a> = &'a dyn Fn(&str, Node) -> Result<Node, String>;

impl<'a> Text<'a> {
    /// A whole file.
    pub fn whole(file: &'a Arc<str>, text: &'a str) -> Self {
        Self { file, text, start: Position { line: 1, column: 1 } }
    }
}
