//! What a snapshot is: its format, its time and what it set out to read.

use crate::Gap;
use palisade_model::{AccountId, Region, ResourceType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the files' format.
pub const FORMAT: u32 = 1;

/// What a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a map")]
pub struct Manifest {
    /// The version of the format, [`FORMAT`].
    pub format: u32,
    /// The version of Palisade that wrote it.
    pub palisade: String,
    /// The organisation's id, where the whole organisation was asked for and seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// When the first call was made, in RFC 3339.
    pub started: String,
    /// When the last answer came; none for a snapshot that is not whole yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// The accounts that were to be read.
    pub accounts: Vec<AccountId>,
    /// The regions that were to be read; empty: each account's enabled ones.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// The kinds that were to be read.
    pub kinds: Vec<ResourceType>,
    /// How many calls were made, attempts counted one by one.
    pub calls: u64,
    /// How many of them were answered with a demand to slow down.
    pub throttled: u64,
    /// Did the organisation's policies change between the beginning and the end?
    #[serde(default)]
    pub policies_changed: bool,
    /// The accounts of which it could not be read which regions are enabled, and why: other regions may hold resources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regions_unread: BTreeMap<AccountId, Gap>,
    /// How secret-looking values are kept.
    #[serde(default)]
    pub secrets: Secrets,
    /// Names the key that secrets are hashed with, without telling it: hashes of two snapshots with one name compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// How the files are encrypted; not at all where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Arc<str>>,
}

/// How a snapshot keeps values that look like secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secrets {
    /// As a keyed hash, a classification and a length.
    #[default]
    Hashed,
    /// As they are.
    Kept,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            format: FORMAT,
            palisade: env!("CARGO_PKG_VERSION").to_owned(),
            organisation: None,
            started: String::new(),
            finished: None,
            accounts: Vec::new(),
            regions: Vec::new(),
            kinds: Vec::new(),
            calls: 0,
            throttled: 0,
            policies_changed: false,
            regions_unread: BTreeMap::new(),
            secrets: Secrets::default(),
            key: None,
            encryption: None,
        }
    }
}
