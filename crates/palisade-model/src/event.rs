//! Events: what happened, as a cloud's log recorded it.

use crate::{AccountId, Origin, Region};

/// Something that happened, as a log recorded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The record itself, with the log's own names.
    pub record: serde_json::Value,
    /// The account it happened in, where the record says it.
    pub account: Option<AccountId>,
    /// The region it happened in, where the record says it.
    pub region: Option<Region>,
    /// When it happened, as the record says it (RFC 3339 in CloudTrail).
    pub time: Option<String>,
    /// The file and line, or the call, that gave it.
    pub origin: Origin,
}

/// What a quick look at a record, without building it, tells of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glimpse<'a> {
    /// The field is not there, or null, or holds nothing that a text could equal.
    Nothing,
    /// It is this text.
    Text(&'a str),
    /// Only the built record tells.
    Unclear,
}
