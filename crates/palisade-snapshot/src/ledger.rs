//! The coverage ledger: of each account, region and kind, what was read, what was not, and why.

use palisade_model::{AccountId, Region, ResourceType};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Which cell of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// The account.
    pub account: AccountId,
    /// The region; none for a kind that is listed once for the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The kind.
    pub kind: ResourceType,
}

impl CellKey {
    /// The file of the cell's records, below the snapshot's folder: `records/111122223333/eu-west-1/AWS-S3-Bucket.ndjson.gz`.
    pub fn path(&self) -> String {
        let region = self.region.as_ref().map_or("global", Region::as_str);
        format!("records/{}/{region}/{}.ndjson.gz", self.account, self.kind.as_str().replace("::", "-"))
    }
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let region = self.region.as_ref().map_or("global", Region::as_str);
        write!(f, "{} {region} {}", self.account, self.kind)
    }
}

/// What was read of one account, region and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a map")]
pub struct Cell {
    /// Which.
    #[serde(flatten)]
    pub key: CellKey,
    /// How much was read.
    pub state: State,
    /// How many resources.
    pub records: u64,
    /// How many calls were answered for it, pages and attempts counted one by one.
    pub calls: u64,
    /// What could not be read, each reason once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// How much of a cell was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All there is.
    Read,
    /// All resources are listed, but some calls about them, or some pages, brought nothing.
    Partly,
    /// It is not even known which resources there are.
    NotRead,
    /// The region is not enabled, or the service is not there: there can be no resource.
    NotThere,
}

/// One reason why something was not read, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The call, as `s3:GetBucketPolicy`.
    pub call: Arc<str>,
    /// The word of the failure, as `denied`.
    pub failure: Arc<str>,
    /// The service's code.
    pub code: Arc<str>,
    /// The service's message, shortened; the first one's.
    pub message: Arc<str>,
    /// How many times.
    pub times: u64,
    /// The IAM action that was missing, where the call was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Arc<str>>,
    /// Does it leave open which resources there are (and not only what some of them are like)?
    #[serde(default)]
    pub hides_resources: bool,
}
