//! What there is to be answered: the planted resources, the many plain ones, and what was changed since.

use super::bulk::{self, Field};
use super::change::{Edit, Edits};
use super::dress::dress;
use crate::live::Plain;
use crate::organisation::{Account, Organisation};
use crate::thing::Thing;
use palisade_model::{AccountId, Region};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A resource: its ARN, and its document with the answers of all calls about it.
pub(crate) type Known = (String, Value);

/// More lists of planted resources are not kept at hand.
const KEPT_MAX: usize = 400;

/// An account and a region; none for what is in no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The place of the account in the organisation.
    pub(crate) account: usize,
    /// The place of the region among those that are enabled.
    pub(crate) region: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) organisation: Organisation,
    pub(crate) regions: Vec<Region>,
    pub(crate) bulk: usize,
    pub(crate) edits: Edits,
    accounts: HashMap<AccountId, usize>,
    kept: HashMap<(usize, String), Arc<Vec<Known>>>,
    bare: HashMap<(usize, usize), Arc<Account>>,
}

impl World {
    pub(crate) fn new(organisation: Organisation, regions: Vec<Region>, bulk: usize) -> Self {
        let accounts =
            organisation.accounts.iter().enumerate().map(|(place, account)| (account.id, place)).collect();
        Self {
            organisation,
            regions,
            bulk,
            edits: Edits::default(),
            accounts,
            kept: HashMap::new(),
            bare: HashMap::new(),
        }
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<usize> {
        self.accounts.get(&id).copied()
    }

    pub(crate) fn region(&self, region: &Region) -> Option<usize> {
        self.regions.iter().position(|known| known == region)
    }

    /// The resources that the organisation plants there.
    pub(crate) fn planted(&mut self, place: Place, kind: &str) -> Arc<Vec<Known>> {
        let account = &self.organisation.accounts[place.account];
        if place.region.is_some_and(|region| self.regions[region] != account.region) {
            return Arc::default();
        }
        if let Some(kept) = self.kept.get(&(place.account, kind.to_owned())) {
            return kept.clone();
        }
        let mut all: Vec<Plain> = crate::live::plain(account, &|known| known == kind);
        match kind {
            "AWS::IAM::Role" => all.extend(crate::undeclared::roles(&self.organisation, account)),
            "AWS::Organizations::Policy" if place.account == 0 => {
                all.extend(crate::control::plain(&self.organisation));
            }
            _ => {}
        }
        let dressed = all.into_iter().map(|(kind, arn, mut document)| {
            dress(kind, account, &arn, &mut document);
            (arn, document)
        });
        let all = Arc::new(dressed.collect::<Vec<_>>());
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        self.kept.insert((place.account, kind.to_owned()), all.clone());
        all
    }

    fn bare(&mut self, account: usize, region: usize) -> Arc<Account> {
        if self.bare.len() >= KEPT_MAX {
            self.bare.clear();
        }
        let (accounts, regions) = (&self.organisation.accounts, &self.regions);
        let made = || Arc::new(bulk::bare(&accounts[account], &regions[region]));
        self.bare.entry((account, region)).or_insert_with(made).clone()
    }

    fn plain_count(&self, kind: &str, place: Place) -> usize {
        if self.organisation.accounts[place.account].purpose == crate::Purpose::Suspended {
            return 0;
        }
        bulk::count(self.bulk, self.regions.len(), kind)
    }

    fn plain(&mut self, place: Place, kind: &str, index: usize) -> Option<Known> {
        let region = place.region.unwrap_or_else(|| index % self.regions.len().max(1));
        let account = self.bare(place.account, region);
        let field = Field { organisation: &self.organisation, account: &account };
        let (arn, mut document) = field.resource(kind, index)?;
        dress(kind, &account, &arn, &mut document);
        Some((arn, document))
    }

    /// How many resources of a kind there are, as far as places in a list go.
    pub(crate) fn count(&mut self, place: Place, kind: &str, now: Duration) -> usize {
        let planted = self.planted(place, kind).len();
        planted + self.plain_count(kind, place) + self.edits.made(place, kind, now).count()
    }

    /// The resources at these places of the list; what was deleted leaves a gap.
    pub(crate) fn range(
        &mut self,
        place: Place,
        kind: &str,
        (first, end): (usize, usize),
        now: Duration,
    ) -> Vec<Known> {
        let planted = self.planted(place, kind);
        let plain = self.plain_count(kind, place);
        let mut all = Vec::with_capacity(end.saturating_sub(first));
        for index in first..end {
            let known = match planted.get(index) {
                Some(known) => Some(known.clone()),
                None if index - planted.len() < plain => self.plain(place, kind, index - planted.len()),
                None => self.edits.made(place, kind, now).nth(index - planted.len() - plain).cloned(),
            };
            all.extend(known.and_then(|known| self.edits.apply(known, now)));
        }
        all
    }

    /// The resource whose fields have these values.
    pub(crate) fn find(
        &mut self,
        place: Place,
        kind: &str,
        fields: &[(String, Value)],
        now: Duration,
    ) -> Option<Known> {
        let has = |document: &Value| fields.iter().all(|(path, value)| same(at(document, path), value));
        let found = self.planted(place, kind).iter().find(|(_, document)| has(document)).cloned();
        let found = found.or_else(|| {
            let index = fields.iter().find_map(|(_, value)| bulk::index(value.as_str()?))?;
            let is_there = index < self.plain_count(kind, place);
            let known = if is_there { self.plain(place, kind, index) } else { None };
            known.filter(|(_, document)| has(document))
        });
        let found =
            found.or_else(|| self.edits.made(place, kind, now).find(|(_, document)| has(document)).cloned());
        found.and_then(|known| self.edits.apply(known, now))
    }

    /// Where the resource of this ARN is, and the resource.
    pub(crate) fn edit(&mut self, arn: &str, edit: Edit, at: Duration, lag: Duration) {
        self.edits.add(arn, edit, at, lag);
    }

    /// The ARNs of the account's own policies that are attached to a role.
    pub(crate) fn own_policies<'a>(account: &'a Account, role: &'a str) -> impl Iterator<Item = String> + 'a {
        account.things.iter().filter_map(move |declared| match &declared.thing {
            Thing::Policy(policy) if policy.role == role => {
                Some(declared.thing.arn(account.id, account.region.as_str()))
            }
            _ => None,
        })
    }
}

/// What stands at `Name.Name`.
fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(document, |document, name| &document[name])
}

/// A number may be asked for as text.
fn same(told: &Value, asked: &Value) -> bool {
    told == asked
        || matches!((told, asked), (Value::Number(told), Value::String(asked)) if told.to_string() == *asked)
}
