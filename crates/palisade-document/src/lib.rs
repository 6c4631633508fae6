//! Reads YAML and JSON into nodes that know their line and column.
//!
//! Foreign text is hostile: size, nesting, aliases and item counts are bounded, a repeated key is a
//! diagnostic, and nothing here panics.

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
}

/// Says what a YAML tag makes of the value it stands before: `!Ref Name` calls it with `Ref` and `Name`.
/// An error is the message of a diagnostic at the tag.
pub type ReadTag<'a> = &'a dyn Fn(&str, Node) -> Result<Node, String>;
