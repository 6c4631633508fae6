//! How a collection goes about its work: its pace, its patience, its memory.

use palisade_model::Region;
use std::time::Duration;

/// How a collection goes about its work.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The share of each documented quota that is used at most; the rest is production's.
    pub share: f64,
    /// How many calls may be in flight at once.
    pub in_flight: usize,
    /// How often a call is tried before it counts as failed.
    pub attempts: u32,
    /// How many listings are open at once; more use the quotas of more accounts side by side, and more memory.
    pub open_listings: usize,
    /// How many bytes may be held, in resources of cells that are not done and in calls that wait, before no further page
    /// is asked for.
    pub held_bytes: usize,
    /// How many resources of one listing are asked about at once.
    pub window: usize,
    /// How many pages one listing may have; more are taken for a loop.
    pub pages: usize,
    /// The seed of the chance in waits.
    pub seed: u64,
    /// The region of calls that are made once for an account; otherwise the partition's usual one.
    pub region: Option<Region>,
    /// Is there an earlier snapshot, of which [`Step::Recall`](crate::Step::Recall) may be asked? What the APIs say has not
    /// changed since is then taken from there.
    pub has_earlier: bool,
    /// The time that answers bear, where that is not when they came: a simulator's, so that two runs give the same bytes.
    pub observed: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            share: 0.2,
            in_flight: 64,
            attempts: 8,
            open_listings: 20_000,
            held_bytes: 128 * 1_024 * 1_024,
            window: 16,
            pages: 100_000,
            seed: 0,
            region: None,
            has_earlier: false,
            observed: None,
        }
    }
}
