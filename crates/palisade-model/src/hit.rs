//! Hits: what a detection found in an event.

use crate::{AccountId, PageId, Region, Severity};
use serde::Serialize;
use std::sync::Arc;

/// Something that a detection found in an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The detection's page.
    pub rule_id: PageId,
    /// Its title: what should not happen, in a sentence.
    pub rule_title: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, in the detection's words.
    pub message: String,
    /// The event's place among all that were read, from 0.
    pub event_index: u64,
    /// The event's own id, where the log gives one.
    pub event_id: Option<String>,
    /// When it happened, as the log says it.
    pub time: Option<String>,
    /// The account it happened in.
    pub account: Option<AccountId>,
    /// The region it happened in.
    pub region: Option<Region>,
    /// The service that was asked, as the log names it: `signin.amazonaws.com`.
    pub service: Option<String>,
    /// What it was asked to do: `ConsoleLogin`.
    pub operation: Option<String>,
    /// Who did it: the principal's ARN, or what else the log names it by.
    pub principal: Option<String>,
    /// The address it came from, as the log says it.
    pub source: Option<String>,
    /// The file it stands in; `-` is standard input.
    pub file: String,
    /// Its line there.
    pub line: u32,
}
