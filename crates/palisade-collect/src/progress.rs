//! How far a collection is, and how long it may still take, as far as that can honestly be said.

use crate::plan::{Place, Plan};
use std::time::Duration;

/// How far a collection is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Accounts that are done, closed ones among them.
    pub accounts_done: u64,
    /// All accounts; 0 while they are not known.
    pub accounts: u64,
    /// Cells that are done.
    pub cells: u64,
    /// Resources that were read.
    pub records: u64,
    /// Calls that were answered, attempts counted one by one.
    pub calls: u64,
    /// How many calls there will have been, if what is left is like what was read.
    pub calls_expected: u64,
    /// How many calls were sent by this process.
    pub sent: u64,
    /// How many of them were throttled.
    pub throttled: u64,
    /// For how long it has been running.
    pub elapsed: Duration,
    /// How long it will still take at the pace so far; none while too little is known to say.
    pub remaining: Option<Duration>,
}

/// What is counted on the way.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) accounts: u64,
    pub(crate) accounts_done: u64,
    /// Those that nothing is asked of, because they are closed to us or were read before.
    pub(crate) closed: u64,
    pub(crate) cells: u64,
    pub(crate) records: u64,
    pub(crate) answered: u64,
    /// Accounts whose regions are known, and how many those are together.
    entered: u64,
    regions: u64,
    listings: Vec<Counted>,
}

#[derive(Debug, Clone, Default)]
struct Counted {
    is_regional: bool,
    is_once: bool,
    finished: u64,
    skipped: u64,
    calls: u64,
}

impl Tally {
    pub(crate) fn new(plan: &Plan) -> Self {
        let listings = plan.listings.iter().map(|listing| Counted {
            is_regional: listing.place == Place::EveryRegion,
            is_once: !matches!(listing.place, Place::EveryRegion | Place::Account),
            ..Counted::default()
        });
        Self {
            accounts: 0,
            accounts_done: 0,
            closed: 0,
            cells: 0,
            records: 0,
            answered: 0,
            entered: 0,
            regions: 0,
            listings: listings.collect(),
        }
    }

    pub(crate) fn regions(&mut self, count: usize) {
        self.entered += 1;
        self.regions += count as u64;
    }

    pub(crate) fn finished(&mut self, listing: usize, calls: u64) {
        if let Some(counted) = self.listings.get_mut(listing) {
            counted.finished += 1;
            counted.calls += calls;
        }
    }

    pub(crate) fn skipped(&mut self, listing: usize) {
        if let Some(counted) = self.listings.get_mut(listing) {
            counted.skipped += 1;
        }
    }

    pub(crate) fn progress(&self, elapsed: Duration, (sent, throttled): (u64, u64)) -> Progress {
        let accounts = self.accounts.saturating_sub(self.closed) as f64;
        let per_account = match self.entered {
            0 => 17.0,
            entered => self.regions as f64 / entered as f64,
        };
        let left = self.listings.iter().filter(|counted| !counted.is_once).map(|counted| {
            let places = if counted.is_regional { accounts * per_account } else { accounts };
            let left = (places - (counted.finished + counted.skipped) as f64).max(0.0);
            let each = match counted.finished {
                0 => 1.0,
                finished => counted.calls as f64 / finished as f64,
            };
            left * each
        });
        let left = left.sum::<f64>();
        let expected = self.answered + left.round() as u64;
        // A twentieth of the work says how fast the rest goes; before that, a number would be a guess.
        let is_telling = expected > 0 && self.answered as f64 >= 0.05 * expected as f64 && !elapsed.is_zero();
        let pace = self.answered as f64 / elapsed.as_secs_f64().max(0.001);
        let remaining = (is_telling && self.accounts > 0)
            .then(|| Duration::try_from_secs_f64(left / pace.max(0.001)).ok())
            .flatten();
        Progress {
            accounts_done: self.accounts_done,
            accounts: self.accounts,
            cells: self.cells,
            records: self.records,
            calls: self.answered,
            calls_expected: expected,
            sent,
            throttled,
            elapsed,
            remaining,
        }
    }
}
