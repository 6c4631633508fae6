//! A resource as the APIs described it: one line of a snapshot.

use indexmap::IndexMap;
use palisade_model::{AccountId, Region, ResourceType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A call that was made, and when its answer was true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `service:Operation`, as in `ec2:DescribeVolumes`.
    pub call: Arc<str>,
    /// When, in RFC 3339.
    pub time: Arc<str>,
}

/// A resource as the APIs described it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "a map")]
pub struct Record {
    /// CloudFormation's name of its type.
    pub kind: ResourceType,
    /// Its account.
    pub account: AccountId,
    /// Its region; none for what is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// What tells it from others of its cell: the values of its kind's `id`, joined with `/`.
    pub id: Arc<str>,
    /// Its ARN, where the answers say it or it follows from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arc<str>>,
    /// The item of the listing call's answer, with the answers of the other calls in the fields that the kind names.
    pub document: Value,
    /// The call that listed it.
    pub listed: Asked,
    /// What the other calls brought, by the field of the document that takes the answer.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parts: IndexMap<Arc<str>, Part>,
}

/// What a call about one resource brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Part {
    /// The document's field holds the answer.
    Read(Asked),
    /// The service says that there is none.
    None(Asked),
    /// It could not be read: what it would say is unknown.
    Unread {
        /// The call.
        #[serde(flatten)]
        asked: Asked,
        /// The word of the failure, as `denied` or `throttled`.
        failure: Arc<str>,
        /// The service's code.
        code: Arc<str>,
        /// The service's message, shortened.
        message: Arc<str>,
    },
}
