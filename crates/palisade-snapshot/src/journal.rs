//! The journal: the answered calls of cells that are not finished yet, so that a run that was killed need not repeat them.

use crate::CellKey;
use palisade_model::{AccountId, Region};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// What a call was made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum For {
    /// A cell; the entry is dropped once the cell is sealed.
    Cell(CellKey),
    /// A name for what several cells share; the entry is dropped when that is released.
    Shared(Arc<str>),
}

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(key) => write!(f, "{key}"),
            Self::Shared(name) => f.write_str(name),
        }
    }
}

/// A call that was answered, for good or ill, and will not be made again for what it was made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// What it was made for.
    #[serde(rename = "for")]
    pub purpose: For,
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked; none where the service has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The service, as botocore names it.
    pub service: Arc<str>,
    /// The operation.
    pub operation: Arc<str>,
    /// A hash of its parameters, the page's token among them; see [`parameters_hash`](crate::parameters_hash).
    pub parameters: Arc<str>,
    /// When it was answered, in RFC 3339.
    pub time: Arc<str>,
    /// How many times it was sent.
    pub attempts: u32,
    /// What came.
    pub answer: Answer,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The output, as JSON with botocore's names.
    Output(Value),
    /// It failed for good.
    Failure {
        /// The word of the failure, as `denied`.
        failure: Arc<str>,
        /// The service's code.
        code: Arc<str>,
        /// The service's message, shortened.
        message: Arc<str>,
        /// The HTTP status; 0 when there was no answer.
        #[serde(default)]
        status: u16,
    },
}
