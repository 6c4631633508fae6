//! The control policies of an organisation, for each account, and what requests tell of where accounts stand.

use crate::attribute::{Held, compile, held, text, texts};
use palisade_iam::{Level, Policy, PolicyKind, Side};
use palisade_model::{AccountId, Attribute, Completeness, Estate, Organisation};
use std::collections::HashMap;
use std::sync::Arc;

/// What the estate tells of the organisation.
pub(crate) struct Government {
    organisation: Option<Organisation>,
    /// Policies by what they are attached to: SCPs, RCPs.
    attached: HashMap<Box<str>, [Vec<Arc<Policy>>; 2]>,
    /// Are there policies of these sorts at all? Without one the organisation does not use the sort.
    used: [bool; 2],
    /// Why policies may be missing.
    open: Option<Arc<str>>,
    /// Accounts that are in no organisation.
    alone: Vec<AccountId>,
    /// The names of accounts.
    names: HashMap<AccountId, String>,
}

impl Government {
    pub(crate) fn of(estate: &Estate) -> Self {
        let is_alone = |account: &palisade_model::Account| {
            matches!(account.attributes.get("organisation"), Some(Attribute::Absent(..)))
        };
        let mut government = Self {
            organisation: estate.organisation.clone(),
            attached: HashMap::new(),
            used: [false; 2],
            open: None,
            alone: estate
                .accounts
                .iter()
                .filter(|(_, account)| is_alone(account))
                .map(|(id, _)| *id)
                .collect(),
            names: estate
                .accounts
                .iter()
                .filter_map(|(id, account)| Some((*id, account.name.clone()?)))
                .collect(),
        };
        let kind = "AWS::Organizations::Policy".parse().ok();
        for resource in
            estate.resources.iter().filter(|resource| resource.kind.is_some() && resource.kind == kind)
        {
            government.add(resource);
        }
        let management = estate.organisation.as_ref().and_then(|organisation| organisation.management);
        let listed = management.and_then(|id| estate.accounts.get(&id)).zip(kind.as_ref());
        government.open = match listed.and_then(|(account, kind)| account.listed.get(kind)) {
            Some(Completeness::All) => None,
            Some(Completeness::Some(why)) => {
                Some(format!("the policies of the organisation were not all listed: {why}").into())
            }
            None => Some("the policies of the organisation were not listed".into()),
        };
        government
    }

    fn add(&mut self, resource: &palisade_model::Resource) {
        let (sort, kind) = match text(resource, "type") {
            Some("SERVICE_CONTROL_POLICY") => (0, PolicyKind::ServiceControl),
            Some("RESOURCE_CONTROL_POLICY") => (1, PolicyKind::ResourceControl),
            _ => return,
        };
        let name = text(resource, "name").unwrap_or(&resource.declared.address.name);
        let called = format!("the {} `{name}`", if sort == 0 { "SCP" } else { "RCP" });
        let policy = match held(resource, "document") {
            Held::Value(node) => compile(node, resource, kind, &called),
            Held::Unknown(why) => Arc::new(Policy::unread(kind, called, why)),
            Held::Nothing => Arc::new(Policy::unread(kind, called, "its document was not read")),
        };
        self.used[sort] = true;
        for target in texts(resource, "targets").0 {
            self.attached.entry(target).or_default()[sort].push(policy.clone());
        }
    }

    /// The levels above an account and their policies of a sort: 0 for SCPs, 1 for RCPs.
    fn levels(&self, account: &str, sort: usize) -> Vec<Level> {
        let id: Option<AccountId> = account.parse().ok();
        if id.is_some_and(|id| self.alone.contains(&id)) {
            return Vec::new();
        }
        let kind = [PolicyKind::ServiceControl, PolicyKind::ResourceControl][sort];
        let unread = |at: &str, why: &str| {
            vec![Level {
                at: at.into(),
                policies: vec![Arc::new(Policy::unread(kind, format!("the {}s", kind.noun()), why))],
            }]
        };
        let Some(organisation) = &self.organisation else {
            return unread(
                "the organisation",
                "the estate does not tell of the organisation of its accounts",
            );
        };
        let Some(path) = id.and_then(|id| organisation.root.path_to(id)) else {
            return unread("its organisation", &format!("account {account} is outside of this organisation"));
        };
        if let Some(why) = &self.open {
            return unread("the organisation", why);
        }
        if !self.used[sort] {
            return Vec::new();
        }
        let at = |id: &str| self.attached.get(id).map_or_else(Vec::new, |attached| attached[sort].clone());
        let units = path.iter().enumerate().map(|(place, unit)| Level {
            at: if place == 0 { "the root".into() } else { format!("the unit {}", unit.name).into() },
            policies: at(&unit.id),
        });
        let name = id.and_then(|id| self.names.get(&id));
        let named =
            name.map_or_else(|| format!("account {account}"), |name| format!("account {account} ({name})"));
        let own = Level { at: named.into(), policies: at(account) };
        // RCPFullAWSAccess is attached everywhere and can't be detached, so levels without one more say nothing.
        let levels = units.chain([own]);
        if sort == 1 { levels.filter(|level| !level.policies.is_empty()).collect() } else { levels.collect() }
    }

    pub(crate) fn scps(&self, account: &str) -> Vec<Level> {
        self.levels(account, 0)
    }

    pub(crate) fn rcps(&self, account: &str) -> Vec<Level> {
        self.levels(account, 1)
    }

    /// Where an account stands.
    pub(crate) fn side(&self, account: Option<&str>) -> Side {
        let id: Option<AccountId> = account.and_then(|account| account.parse().ok());
        let (Some(id), Some(organisation)) = (id, &self.organisation) else {
            return Side {
                is_management: id.filter(|id| self.alone.contains(id)).map(|_| false),
                ..Side::default()
            };
        };
        let Some(units) = organisation.root.path_to(id) else { return Side::default() };
        let path: String = units.iter().map(|unit| format!("{}/", unit.id)).collect();
        Side {
            id: Some(organisation.id.as_str().into()),
            path: Some(format!("{}/{path}", organisation.id).into()),
            is_management: organisation.management.map(|management| management == id),
        }
    }

    /// Is the account in no organisation, for certain?
    pub(crate) fn is_alone(&self, account: Option<&str>) -> bool {
        account.and_then(|account| account.parse().ok()).is_some_and(|id| self.alone.contains(&id))
    }

    /// Is the account in the organisation?
    pub(crate) fn holds(&self, account: &str) -> bool {
        let id: Option<AccountId> = account.parse().ok();
        let path =
            id.zip(self.organisation.as_ref()).and_then(|(id, organisation)| organisation.root.path_to(id));
        path.is_some()
    }
}
