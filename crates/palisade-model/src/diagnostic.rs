//! What is wrong with an input: place, message and remedy, like a compiler's.

use crate::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something wrong with an input. The rest of the work goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whether part of the input was lost by it.
    pub level: Level,
    /// What is wrong: lowercase, no full stop, the input's own words in backticks.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Whether something was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All was read; something about it is odd.
    Warning,
    /// Part of the input could not be read.
    Error,
}

impl Diagnostic {
    /// Part of the input could not be read.
    pub fn error(message: impl Into<String>) -> Self {
        Self { level: Level::Error, message: message.into(), span: None, help: None }
    }
    /// All was read; something about it is odd.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(message) }
    }
    /// Says where.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }
    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = &self.span {
            write!(f, "{span}: ")?;
        }
        write!(f, "{}", self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}
