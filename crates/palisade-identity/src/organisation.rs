//! The control policies of organisations, for each account, and what requests tell of where accounts stand.

use crate::attribute::{Held, compile, held, text, texts};
use palisade_iam::{Level, Policy, PolicyKind, Side};
use palisade_model::{AccountId, Attribute, Completeness, Estate, OrganisationalUnit};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// No tree is deeper: AWS allows five levels below the root.
const MAX_LEVELS: usize = 64;

/// What estates tell of their organisations.
#[derive(Default)]
pub(crate) struct Government {
    organisations: Vec<Organised>,
    /// Accounts that are in no organisation.
    alone: HashSet<AccountId>,
    /// The names of accounts.
    names: HashMap<AccountId, String>,
    /// Where accounts stand, once all is told.
    places: HashMap<AccountId, Standing>,
}

/// One organisation.
struct Organised {
    id: String,
    management: Option<AccountId>,
    root: OrganisationalUnit,
    /// Policies by what they are attached to: SCPs, RCPs.
    attached: HashMap<Box<str>, [Vec<Arc<Policy>>; 2]>,
    /// Policies of which it is not known what else they are attached to, and why not: SCPs, RCPs.
    loose: [Vec<Loose>; 2],
    /// Are there policies of these sorts at all? Without one the organisation does not use the sort.
    used: [bool; 2],
    /// Why policies may be missing.
    open: Option<Arc<str>>,
}

/// A policy that may be attached to more than is known.
struct Loose {
    targets: Vec<Box<str>>,
    /// What stands for it where it may be attached.
    unread: Arc<Policy>,
}

/// Where an account stands.
struct Standing {
    organisation: usize,
    /// `o-…/r-…/ou-…/`.
    path: Box<str>,
    levels: [Vec<Level>; 2],
}

const KINDS: [PolicyKind; 2] = [PolicyKind::ServiceControl, PolicyKind::ResourceControl];

impl Government {
    /// Adds what an estate tells.
    pub(crate) fn add(&mut self, estate: &Estate) {
        for (id, account) in &estate.accounts {
            if matches!(account.attributes.get("organisation"), Some(Attribute::Absent(..))) {
                self.alone.insert(*id);
            }
            if let Some(name) = &account.name {
                self.names.insert(*id, name.clone());
            }
        }
        let kind = "AWS::Organizations::Policy".parse().ok();
        if let Some(told) = &estate.organisation {
            let at = self.organisations.iter().position(|known| known.id == told.id).unwrap_or_else(|| {
                self.organisations.push(Organised {
                    id: told.id.clone(),
                    management: told.management,
                    root: told.root.clone(),
                    attached: HashMap::new(),
                    loose: Default::default(),
                    used: [false; 2],
                    open: Some("the policies of the organisation were not listed".into()),
                });
                self.organisations.len() - 1
            });
            let policies =
                estate.resources.iter().filter(|policy| policy.kind.is_some() && policy.kind == kind);
            policies.for_each(|policy| self.organisations[at].add(policy));
        }
        for organisation in &mut self.organisations {
            let listed = organisation.management.and_then(|id| estate.accounts.get(&id)).zip(kind.as_ref());
            match listed.and_then(|(account, kind)| account.listed.get(kind)) {
                Some(Completeness::All) => organisation.open = None,
                Some(Completeness::Some(why)) => {
                    organisation.open =
                        Some(format!("the policies of the organisation were not all listed: {why}").into());
                }
                None => {}
            }
        }
    }

    /// Works out where each account stands.
    pub(crate) fn finish(&mut self) {
        let mut places = HashMap::new();
        for (at, organisation) in self.organisations.iter().enumerate() {
            let mut waiting =
                vec![(vec![&organisation.root], format!("{}/{}/", organisation.id, organisation.root.id))];
            while let Some((units, path)) = waiting.pop() {
                let Some(unit) = units.last() else { continue };
                for account in &unit.accounts {
                    let levels = [0, 1].map(|sort| self.chain(organisation, &units, *account, sort));
                    let standing = Standing { organisation: at, path: path.as_str().into(), levels };
                    places.entry(*account).or_insert(standing);
                }
                if units.len() < MAX_LEVELS {
                    waiting.extend(unit.units.iter().map(|below| {
                        let units = units.iter().copied().chain([below]).collect();
                        (units, format!("{path}{}/", below.id))
                    }));
                }
            }
        }
        self.places = places;
    }

    /// The levels above an account of an organisation and their policies of a sort: 0 for SCPs, 1 for RCPs.
    fn chain(
        &self,
        organisation: &Organised,
        units: &[&OrganisationalUnit],
        account: AccountId,
        sort: usize,
    ) -> Vec<Level> {
        if let Some(why) = &organisation.open {
            return unread(sort, "the organisation", why);
        }
        if !organisation.used[sort] {
            return Vec::new();
        }
        let at = |id: &str| {
            let attached = organisation.attached.get(id).map_or(&[][..], |attached| &attached[sort]);
            let loose = organisation.loose[sort].iter();
            let may_be = loose.filter(|loose| loose.targets.iter().all(|target| target.as_ref() != id));
            attached.iter().chain(may_be.map(|loose| &loose.unread)).cloned().collect::<Vec<_>>()
        };
        let units = units.iter().enumerate().map(|(place, unit)| Level {
            at: if place == 0 { "the root".into() } else { format!("the unit {}", unit.name).into() },
            policies: at(&unit.id),
        });
        let named = match self.names.get(&account) {
            Some(name) => format!("account {account} ({name})"),
            None => format!("account {account}"),
        };
        let own = Level { at: named.into(), policies: at(&account.to_string()) };
        // RCPFullAWSAccess is attached everywhere and can't be detached, so levels without one more say nothing.
        let levels = units.chain([own]);
        if sort == 1 { levels.filter(|level| !level.policies.is_empty()).collect() } else { levels.collect() }
    }

    fn levels(&self, account: &str, sort: usize) -> Vec<Level> {
        let id: Option<AccountId> = account.parse().ok();
        if id.is_some_and(|id| self.alone.contains(&id)) {
            return Vec::new();
        }
        if self.organisations.is_empty() {
            return unread(
                sort,
                "the organisation",
                "the estate does not tell of the organisation of its accounts",
            );
        }
        match id.and_then(|id| self.places.get(&id)) {
            Some(standing) => standing.levels[sort].clone(),
            None => unread(
                sort,
                "its organisation",
                &format!("account {account} is outside of this organisation"),
            ),
        }
    }

    pub(crate) fn scps(&self, account: &str) -> Vec<Level> {
        self.levels(account, 0)
    }

    pub(crate) fn rcps(&self, account: &str) -> Vec<Level> {
        self.levels(account, 1)
    }

    fn standing(&self, account: Option<&str>) -> Option<&Standing> {
        let id: AccountId = account?.parse().ok()?;
        self.places.get(&id)
    }

    /// Where an account stands.
    pub(crate) fn side(&self, account: Option<&str>) -> Side {
        match self.standing(account) {
            Some(standing) => {
                let organisation = &self.organisations[standing.organisation];
                let is_it = |management: AccountId| account == Some(management.to_string().as_str());
                Side {
                    id: Some(organisation.id.as_str().into()),
                    path: Some(standing.path.clone()),
                    is_management: organisation.management.map(is_it),
                }
            }
            None => Side { is_management: self.is_alone(account).then_some(false), ..Side::default() },
        }
    }

    /// Is the account in no organisation, for certain?
    pub(crate) fn is_alone(&self, account: Option<&str>) -> bool {
        account.and_then(|account| account.parse().ok()).is_some_and(|id| self.alone.contains(&id))
    }

    /// Is the account in an organisation?
    pub(crate) fn holds(&self, account: &str) -> bool {
        self.standing(Some(account)).is_some()
    }

    /// The id of the organisation of an account.
    pub(crate) fn organisation_of(&self, account: &str) -> Option<&str> {
        self.standing(Some(account)).map(|standing| self.organisations[standing.organisation].id.as_str())
    }

    /// The ids of the organisations.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.organisations.iter().map(|organisation| organisation.id.as_str())
    }

    /// The accounts of the organisations, in order.
    pub(crate) fn members(&self) -> BTreeSet<AccountId> {
        self.places.keys().copied().collect()
    }

    /// The name of an account.
    pub(crate) fn name(&self, account: &str) -> Option<&str> {
        let id: AccountId = account.parse().ok()?;
        self.names.get(&id).map(String::as_str)
    }
}

fn unread(sort: usize, at: &str, why: &str) -> Vec<Level> {
    let kind = KINDS[sort];
    let policy = Policy::unread(kind, format!("the {}s", kind.noun()), why);
    vec![Level { at: at.into(), policies: vec![Arc::new(policy)] }]
}

impl Organised {
    fn add(&mut self, resource: &palisade_model::Resource) {
        let name = text(resource, "name").unwrap_or(&resource.declared.address.name);
        let called = |sort: usize| format!("the {} `{name}`", if sort == 0 { "SCP" } else { "RCP" });
        let sort = match held(resource, "type") {
            Held::Value(node) if node.text() == Some("SERVICE_CONTROL_POLICY") => 0,
            Held::Value(node) if node.text() == Some("RESOURCE_CONTROL_POLICY") => 1,
            Held::Value(_) | Held::Nothing => return,
            Held::Unknown(why) => {
                let why = format!("its type is not known: {why}");
                [0, 1]
                    .into_iter()
                    .for_each(|sort| self.may_be_anywhere(sort, called(sort), &why, Vec::new()));
                return;
            }
        };
        let kind = KINDS[sort];
        let policy = match held(resource, "document") {
            Held::Value(node) => compile(node, resource, kind, &called(sort)),
            Held::Unknown(why) => Arc::new(Policy::unread(kind, called(sort), why)),
            Held::Nothing => Arc::new(Policy::unread(kind, called(sort), "its document was not read")),
        };
        self.used[sort] = true;
        let (targets, open) = texts(resource, "targets");
        for target in &targets {
            self.attached.entry(target.clone()).or_default()[sort].push(policy.clone());
        }
        if let Some(why) = open {
            let why = format!("what it is attached to is not wholly known: {why}");
            self.may_be_anywhere(sort, called(sort), &why, targets);
        }
    }

    /// A policy may be attached to more than these.
    fn may_be_anywhere(&mut self, sort: usize, called: String, why: &str, targets: Vec<Box<str>>) {
        self.used[sort] = true;
        let unread = Arc::new(Policy::unread(KINDS[sort], called, why));
        self.loose[sort].push(Loose { targets, unread });
    }
}
