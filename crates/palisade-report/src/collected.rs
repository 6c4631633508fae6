//! What was collected of live accounts, and what was not and why: the coverage ledger, as a report tells it.

use crate::sentences::{count, digits};
use palisade_model::{AccountId, Finding, Origin, Region, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What was collected of live accounts, and what was not. A cell is an account, a region and a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The organisation's id, where it was asked for and seen.
    pub organisation: Option<String>,
    /// How many accounts were to be read.
    pub accounts: u64,
    /// How many regions were to be read in at least one of them.
    pub regions: u64,
    /// How many resources were read.
    pub resources: u64,
    /// When the first call was made, in RFC 3339.
    pub started: String,
    /// When the last answer came; none while the snapshot is not whole.
    pub finished: Option<String>,
    /// How many calls were made.
    pub calls: u64,
    /// How many of them AWS told to slow down.
    pub throttled: u64,
    /// Did the organisation's policies change while it was read?
    pub policies_changed: bool,
    /// How many cells were read wholly, partly, not at all, or can't be there.
    pub cells: Cells,
    /// Why cells were not read.
    pub gaps: Vec<Unread>,
}

/// Cells, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cells {
    /// All there is was read.
    pub read: u64,
    /// Something of it was not.
    pub partly: u64,
    /// Nothing of it was.
    pub not_read: u64,
    /// The region is not enabled, or the service is not there.
    pub not_there: u64,
}

/// A reason why something was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The call, as `s3:GetBucketPolicy`.
    pub call: String,
    /// The word of the failure, as `denied`.
    pub failure: String,
    /// The service's code.
    pub code: String,
    /// The service's message, of the first time.
    pub message: String,
    /// The IAM action that was missing, where the call was denied.
    pub permission: Option<String>,
    /// In which accounts.
    pub accounts: BTreeSet<AccountId>,
    /// In which regions.
    pub regions: BTreeSet<Region>,
    /// Of how many cells.
    pub cells: u64,
    /// How many times.
    pub times: u64,
    /// Does it leave open which resources there are?
    pub hides_resources: bool,
    /// How many answers it leaves open.
    pub open: u64,
}

impl Collected {
    /// Counts the answers that each gap leaves open, and puts first what leaves most of them open.
    pub fn count_open(&mut self, findings: &[Finding]) {
        let mut open: BTreeMap<(&str, Option<AccountId>), u64> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Unknown) {
            let calls = finding.evidence.iter().filter(|evidence| evidence.unknown.is_some());
            let calls: BTreeSet<(&str, Option<AccountId>)> = calls
                .filter_map(|evidence| match &evidence.origin {
                    Origin::Call(call) => Some((call.operation.as_str(), call.account)),
                    _ => None,
                })
                .collect();
            for call in calls {
                *open.entry(call).or_default() += 1;
            }
        }
        for gap in &mut self.gaps {
            let of = |account: &AccountId| open.get(&(gap.call.as_str(), Some(*account))).copied();
            gap.open = gap.accounts.iter().filter_map(of).sum();
        }
        self.gaps.sort_by(|a, b| {
            let key = |gap: &Unread| (gap.open, gap.hides_resources, gap.times);
            key(b).cmp(&key(a)).then_with(|| (&a.call, &a.code).cmp(&(&b.call, &b.code)))
        });
    }

    /// Was something not read that could have been?
    pub fn is_incomplete(&self) -> bool {
        self.cells.partly + self.cells.not_read > 0 || self.finished.is_none()
    }

    /// What was read, and when: `6 accounts and 2 regions of the organisation o-acme, read 2026-11-22T05:10:00Z to …`.
    pub(crate) fn what(&self) -> String {
        let organisation = match &self.organisation {
            Some(id) => format!(" of the organisation {id}"),
            None => String::new(),
        };
        let accounts = count(self.accounts, "account");
        let regions = count(self.regions, "region");
        let times = match &self.finished {
            Some(finished) => format!("read {} to {finished}", self.started),
            None => format!("read from {} on and not to the end", self.started),
        };
        format!("{accounts} and {regions}{organisation}, {times}")
    }

    /// What was not read, in a sentence; none where all was.
    pub(crate) fn missing(&self) -> Option<String> {
        let unread = self.unread()?;
        let open: u64 = self.gaps.iter().map(|gap| gap.open).sum();
        Some(match open {
            0 => format!("{unread}; no answer rests on them."),
            open => format!("{unread}; {} open for it.", count(open, "answer")),
        })
    }

    /// The same, before any question was asked of it.
    pub(crate) fn unread(&self) -> Option<String> {
        if !self.is_incomplete() {
            return None;
        }
        let Cells { read, partly, not_read, .. } = self.cells;
        let all = read + partly + not_read;
        let mut parts = Vec::new();
        if not_read > 0 {
            parts.push(format!("{} not read", digits(not_read)));
        }
        if partly > 0 {
            parts.push(format!("{} read in part", digits(partly)));
        }
        if self.finished.is_none() {
            parts.push("the run did not come to its end".to_owned());
        }
        let cells = count(all, "combination");
        Some(format!(
            "Not all could be read: of {cells} of account, region and kind, {}",
            parts.join(" and ")
        ))
    }

    /// What missing permission would settle how many answers, the most first.
    pub(crate) fn permissions(&self) -> Vec<(&str, u64, usize)> {
        let mut permissions: BTreeMap<&str, (u64, BTreeSet<AccountId>)> = BTreeMap::new();
        for gap in &self.gaps {
            if let Some(permission) = &gap.permission {
                let of = permissions.entry(permission).or_default();
                of.0 += gap.open;
                of.1.extend(&gap.accounts);
            }
        }
        let mut permissions: Vec<_> = (permissions.into_iter())
            .map(|(permission, (open, accounts))| (permission, open, accounts.len()))
            .collect();
        permissions.sort_by_key(|(permission, open, _)| (std::cmp::Reverse(*open), *permission));
        permissions
    }
}

impl Unread {
    /// Why, and where, in words.
    pub(crate) fn words(&self) -> String {
        let accounts = match self.accounts.len() {
            1 => self.accounts.iter().next().map_or_else(String::new, ToString::to_string),
            several => count(several as u64, "account"),
        };
        let regions = match self.regions.len() {
            0 => String::new(),
            1 => self.regions.iter().next().map_or_else(String::new, |region| format!(" {region}")),
            several => format!(" and {}", count(several as u64, "region")),
        };
        let times = match self.times {
            1 => String::new(),
            times => format!(", {} times", digits(times)),
        };
        let hides = if self.hides_resources { "; which resources there are is not known" } else { "" };
        format!("{} ({}) in {accounts}{regions}{times}{hides}", self.failure, self.code)
    }
}
