//! The estate: everything that is known of an organisation's cloud at one time.

use crate::{AccountId, Attribute, Node, Region, Resource, ResourceType, Unknown};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that is known of a cloud at one time, whatever it was read from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estate {
    /// The resources, in the order of their sources.
    pub resources: Vec<Resource>,
    /// The accounts that were looked into. Empty for configuration that names none.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The organisation, when it could be seen.
    pub organisation: Option<Organisation>,
}

/// One account, and how much of it was seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The name its owners gave it.
    pub name: Option<String>,
    /// The regions that were looked into.
    pub regions: Vec<Region>,
    /// What is known of the account itself, as its default encryption; by name.
    pub attributes: IndexMap<Arc<str>, Attribute>,
    /// How completely each kind was listed in all regions; a kind that is not here was not.
    pub listed: BTreeMap<ResourceType, Completeness>,
    /// How completely each kind was listed in a region alone.
    pub listed_in: BTreeMap<Region, BTreeMap<ResourceType, Completeness>>,
    /// Resources of other accounts that count here too, as an organisation's trail does.
    pub shared: BTreeMap<ResourceType, Vec<Node>>,
}

/// How completely something was listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// All there is.
    All,
    /// Some of it; the reason why not all.
    Some(Unknown),
}

/// An AWS organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id, as in `o-exampleorgid`.
    pub id: String,
    /// The management account.
    pub management: Option<AccountId>,
    /// What is known of the organisation itself, by name.
    pub attributes: IndexMap<Arc<str>, Attribute>,
    /// The root of its tree.
    pub root: OrganisationalUnit,
}

/// A node of an organisation's tree: its root or an organisational unit (OU).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OrganisationalUnit {
    /// Its id: `r-…` or `ou-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The units directly below.
    pub units: Vec<OrganisationalUnit>,
    /// The accounts directly in it.
    pub accounts: Vec<AccountId>,
}

impl OrganisationalUnit {
    /// The units from this one down to the one that holds `account`, this one first; none if it isn't below here.
    pub fn path_to(&self, account: AccountId) -> Option<Vec<&OrganisationalUnit>> {
        if self.accounts.contains(&account) {
            return Some(vec![self]);
        }
        self.units.iter().find_map(|unit| {
            let mut path = unit.path_to(account)?;
            path.insert(0, self);
            Some(path)
        })
    }
}

impl Estate {
    /// The resources of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a ResourceType) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.kind.as_ref() == Some(kind))
    }
}
