//! A cell of the ledger while it is being read: what came, and what did not and why.

use crate::calls::{Entering, Failed};
use crate::permission;
use palisade_aws::FailureKind;
use palisade_snapshot::{Cell, CellKey, Gap, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cell while it is being read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) key: CellKey,
    pub(crate) records: u64,
    pub(crate) calls: u64,
    /// How many listings began to be read, and how many never did.
    pub(crate) came: u32,
    failed: u32,
    disabled: u32,
    /// By call, failure and code; in this order, whatever order they came in.
    gaps: BTreeMap<Reason, Missing>,
}

/// The call, the failure and its code.
type Reason = (Arc<str>, &'static str, Arc<str>);

/// What is missing, and whether it leaves anything open.
#[derive(Debug, Clone)]
struct Missing {
    gap: Gap,
    is_open: bool,
}

impl Reading {
    pub(crate) fn new(key: CellKey) -> Self {
        Self { key, records: 0, calls: 0, came: 0, failed: 0, disabled: 0, gaps: BTreeMap::new() }
    }

    /// A listing brought nothing at all.
    pub(crate) fn not_listed(&mut self, asked: Asked<'_>, failed: &Failed) {
        self.failed += 1;
        self.disabled += u32::from(failed.kind == FailureKind::Disabled);
        self.gap(asked, failed, true);
    }

    /// The service is not there.
    pub(crate) fn nowhere(&mut self) {
        self.failed += 1;
        self.disabled += 1;
    }

    /// Something was not read.
    pub(crate) fn gap(&mut self, asked: Asked<'_>, failed: &Failed, hides_resources: bool) {
        let gap = gap(asked, failed, hides_resources);
        self.add(gap, failed, true);
    }

    /// Something was deleted while it was read: there is nothing more to know of it.
    pub(crate) fn gone(&mut self, asked: Asked<'_>, failed: &Failed) {
        let message = format!("deleted while it was read: {}", failed.message);
        let gap = Gap { message: message.into(), ..gap(asked, failed, false) };
        self.add(gap, failed, false);
    }

    fn add(&mut self, gap: Gap, failed: &Failed, leaves_open: bool) {
        let key = (gap.call.clone(), failed.kind.word(), gap.code.clone());
        match self.gaps.get_mut(&key) {
            Some(Missing { gap: known, is_open }) => {
                known.times += 1;
                known.hides_resources |= gap.hides_resources;
                *is_open |= leaves_open;
                // The order in which answers come must not show.
                if gap.message < known.message {
                    known.message = gap.message;
                }
            }
            None => {
                self.gaps.insert(key, Missing { gap, is_open: leaves_open });
            }
        }
    }

    /// Was anything not read?
    pub(crate) fn has_gaps(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// What the ledger says of it in the end.
    pub(crate) fn done(self) -> Cell {
        let state = if self.came == 0 && self.failed > 0 {
            if self.disabled == self.failed { State::NotThere } else { State::NotRead }
        } else if self.gaps.values().any(|missing| missing.is_open) {
            State::Partly
        } else {
            State::Read
        };
        Cell {
            key: self.key,
            state,
            records: self.records,
            calls: self.calls,
            gaps: self.gaps.into_values().map(|missing| missing.gap).collect(),
        }
    }
}

/// The call that something was asked by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
}

/// What could not be read, once.
pub(crate) fn gap(asked: Asked<'_>, failed: &Failed, hides_resources: bool) -> Gap {
    let (call, permission): (Arc<str>, Option<Arc<str>>) = match failed.instead.as_deref() {
        Some(Entering { call, role }) => {
            let role = role.as_deref().map(|role| format!("{call} on {}", in_any_account(role)));
            (call.clone(), Some(role.map_or_else(|| call.clone(), Into::into)))
        }
        None => {
            let actions = permission::actions(asked.service, asked.operation);
            (format!("{}:{}", asked.service, asked.operation).into(), Some(actions.join(" + ").into()))
        }
    };
    Gap {
        call,
        failure: failed.kind.word().into(),
        code: failed.code.clone(),
        message: failed.message.clone(),
        times: 1,
        permission: permission.filter(|_| failed.kind == FailureKind::Denied),
        hides_resources,
    }
}

/// The role in whatever account: one permission lets into all that have a role of this name.
fn in_any_account(role: &str) -> String {
    let fields: Vec<&str> = role.split(':').collect();
    match fields[..] {
        ["arn", partition, "iam", _, _, name] => format!("arn:{partition}:iam::*:{name}"),
        _ => role.to_owned(),
    }
}
