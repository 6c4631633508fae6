//! Where a fact comes from.

use crate::{AccountId, Region};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Where a fact comes from: a place in a file, or a call to a cloud's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A place in a file.
    File(Span),
    /// An API call.
    Call(Arc<Call>),
    /// Nobody wrote it: it follows from what is documented, as a default does.
    Documented(Arc<str>),
}

/// A stretch of a file, from its first character to just after its last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The path as the user would write it, with `/` between its parts; `-` is standard input.
    pub file: Arc<str>,
    /// Its first character.
    pub start: Position,
    /// Just after its last character.
    pub end: Position,
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// A call to a cloud's API, and when its answer was true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// `service:Operation`, as in `ec2:DescribeVolumes`.
    pub operation: String,
    /// The account that was asked.
    pub account: Option<AccountId>,
    /// The region that was asked.
    pub region: Option<Region>,
    /// When, in RFC 3339.
    pub time: Option<String>,
}

impl Span {
    /// A span within one line.
    pub fn new(file: impl Into<Arc<str>>, start: (u32, u32), end: (u32, u32)) -> Self {
        let position = |(line, column)| Position { line, column };
        Self { file: file.into(), start: position(start), end: position(end) }
    }
}

impl Origin {
    /// The place in a file, when it is one.
    pub fn span(&self) -> Option<&Span> {
        match self {
            Self::File(span) => Some(span),
            Self::Call(_) | Self::Documented(_) => None,
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.start.line, self.start.column)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(span) => write!(f, "{span}"),
            Self::Call(call) => {
                write!(f, "{}", call.operation)?;
                if let Some(account) = call.account {
                    write!(f, " in {account}")?;
                }
                if let Some(region) = &call.region {
                    write!(f, " {region}")?;
                }
                if let Some(time) = &call.time {
                    write!(f, " at {time}")?;
                }
                Ok(())
            }
            Self::Documented(what) => f.write_str(what),
        }
    }
}
