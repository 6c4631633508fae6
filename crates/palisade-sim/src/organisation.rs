//! The organisation: units, accounts, people, policies, and what stands in each account.

use crate::company::GUESTS_VENDOR;
use crate::thing::{Declared, Tags, Thing};
use palisade_model::{AccountId, Estate, OrganisationalUnit, Region, ResourceType, Source};
use std::collections::BTreeMap;

/// How large an organisation is made, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The same seed gives the same organisation.
    pub seed: u64,
    /// How many accounts there are: from [`Size::ACCOUNTS_MIN`] to [`Size::ACCOUNTS_MAX`].
    pub accounts: usize,
}

impl Size {
    /// The smallest organisation that has one account of each sort.
    pub const ACCOUNTS_MIN: usize = 10;
    /// The largest organisation.
    pub const ACCOUNTS_MAX: usize = 1_000;
}

/// An organisation with all that is declared in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// The seed it grew from.
    pub seed: u64,
    /// Its id, `o-…`.
    pub id: String,
    /// The company's name.
    pub name: String,
    /// The domain of its mail addresses.
    pub domain: String,
    /// The id of its Identity Center directory, `d-…`.
    pub directory: String,
    /// The root of its tree.
    pub root: Unit,
    /// The accounts; the management account is the first.
    pub accounts: Vec<Account>,
    /// The organisation's policies, by id.
    pub policies: BTreeMap<String, ControlPolicy>,
    /// The people, who sign in through Identity Center.
    pub people: Vec<Person>,
    /// The groups of Identity Center and what they are assigned.
    pub groups: Vec<Group>,
    /// The permission sets of Identity Center.
    pub permission_sets: Vec<PermissionSet>,
    /// What was planted: flaws, and clean twins of them.
    pub flaws: Vec<Flaw>,
}

/// The root or a unit of the tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unit {
    /// Its id: `r-…` or `ou-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The units directly below.
    pub units: Vec<Unit>,
    /// The accounts directly in it.
    pub accounts: Vec<AccountId>,
    /// The ids of the policies attached to it.
    pub policies: Vec<String>,
}

/// The sort of a policy of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlPolicyKind {
    /// A service control policy (SCP): what principals may do at most.
    Service,
    /// A resource control policy (RCP): what may be done to resources at most.
    Resource,
}

/// A policy of an organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPolicy {
    /// SCP or RCP.
    pub kind: ControlPolicyKind,
    /// Its name.
    pub name: String,
    /// Its document, as JSON.
    pub document: String,
}

/// What an account is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It manages the organisation.
    Management,
    /// It keeps the logs.
    LogArchive,
    /// The security team looks from here.
    Audit,
    /// It holds the networks.
    Network,
    /// It holds what everybody uses to deploy.
    Shared,
    /// An application runs in it, for customers.
    Production,
    /// An application is tried in it.
    NonProduction,
    /// People try things in it.
    Sandbox,
    /// It is closed.
    Suspended,
}

/// An account and what is declared in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, which is the name of its folder of Terraform too.
    pub name: String,
    /// What it is there for.
    pub purpose: Purpose,
    /// The application that runs in it, or what else it is called by.
    pub application: String,
    /// `prod`, `nonprod` or `core`.
    pub stage: &'static str,
    /// The team that it belongs to.
    pub team: String,
    /// The region that its Terraform is for.
    pub region: Region,
    /// The addresses its machines are seen from.
    pub gateways: Vec<String>,
    /// What is declared in it.
    pub things: Vec<Declared>,
}

/// Somebody who works there.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The name they sign in by: a mail address.
    pub user_name: String,
    /// Their id in the directory.
    pub id: String,
    /// Their team.
    pub team: String,
    /// The hours that their clock is ahead of UTC.
    pub time_zone: i64,
    /// The address they work from at home.
    pub home: String,
    /// The address of their office.
    pub office: String,
}

/// A group of the directory, and what it is assigned.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The user names of those in it.
    pub members: Vec<String>,
    /// The permission sets it has, each with the accounts it has them in.
    pub assignments: Vec<(String, Vec<AccountId>)>,
}

/// A permission set of Identity Center.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionSet {
    /// Its name.
    pub name: String,
    /// The ARNs of its managed policies.
    pub managed: Vec<String>,
    /// Its inline policy, as JSON.
    pub inline: Option<String>,
}

/// Something planted in the configuration: a flaw, or a clean twin that looks like one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flaw {
    /// Its id: the same for the same seed.
    pub id: String,
    /// What is wrong, or for a twin what is right, in neutral words.
    pub statement: &'static str,
    /// Is it really a flaw? A twin must not be flagged.
    pub is_flaw: bool,
    /// CloudFormation's name of the type.
    pub kind: &'static str,
    /// The account it is in.
    pub account: AccountId,
    /// The ARN.
    pub arn: String,
    /// The folder of Terraform that declares it.
    pub root: String,
    /// Its address within that folder.
    pub address: String,
}

impl Organisation {
    /// The organisation of a streaming company. The number of accounts is brought within its limits.
    pub fn new(size: Size) -> Self {
        crate::build::organisation(size)
    }

    /// What is known of it, as if every account had been listed completely.
    pub fn estate(&self, kinds: &palisade_kinds::Kinds) -> Estate {
        let undeclared = crate::control::policies(self).into_iter().chain(crate::undeclared::documents(self));
        let raw = self.accounts.iter().flat_map(crate::live::documents).chain(undeclared).collect();
        let accounts = self.accounts.iter().map(|account| (account.id, account.seen(kinds)));
        Estate {
            resources: palisade_kinds::resolve(raw, kinds),
            accounts: accounts.collect(),
            organisation: Some(palisade_model::Organisation {
                id: self.id.clone(),
                management: self.accounts.first().map(|account| account.id),
                attributes: Default::default(),
                root: self.root.model(),
            }),
        }
    }

    /// Its Terraform: paths below one folder, and their texts.
    pub fn terraform(&self) -> BTreeMap<String, String> {
        crate::terraform::files(self)
    }

    /// The account whose Terraform stands at a path.
    pub fn account_at(&self, path: &str) -> Option<&Account> {
        let name = path.strip_prefix("accounts/")?.split('/').next()?;
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The account of this id.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The role that Identity Center keeps in an account for a permission set: its name and its unique id.
    pub fn reserved_role(&self, account: AccountId, permission_set: &str) -> (String, String) {
        crate::trail::reserved_role(self.seed, &account.to_string(), permission_set)
    }

    /// The account of a company that watches the machines, and the name of the role it assumes in each account.
    pub fn vendor(&self) -> (&'static str, &'static str) {
        GUESTS_VENDOR
    }
}

impl Unit {
    fn model(&self) -> OrganisationalUnit {
        OrganisationalUnit {
            id: self.id.clone(),
            name: self.name.clone(),
            units: self.units.iter().map(Self::model).collect(),
            accounts: self.accounts.clone(),
        }
    }
}

impl Account {
    /// The tags that every resource of the account carries.
    pub fn tags(&self) -> Tags {
        let tags = [("application", self.application.as_str()), ("owner", &self.team), ("stage", self.stage)];
        tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// What the names of its resources begin with.
    pub fn prefix(&self) -> String {
        format!("vh-{}", self.name)
    }

    /// Its things of one sort.
    pub fn of<'a, T: 'a>(
        &'a self,
        sort: impl Fn(&'a Thing) -> Option<&'a T> + 'a,
    ) -> impl Iterator<Item = &'a T> {
        self.things.iter().filter_map(move |declared| sort(&declared.thing))
    }

    /// The role of this name.
    pub fn iam_role(&self, name: &str) -> Option<&crate::thing::Role> {
        self.of(|thing| if let Thing::Role(role) = thing { Some(role) } else { None })
            .find(|role| role.name == name)
    }

    fn seen(&self, kinds: &palisade_kinds::Kinds) -> palisade_model::Account {
        let listed: BTreeMap<ResourceType, _> =
            (kinds.iter()).map(|kind| (kind.kind.clone(), palisade_model::Completeness::All)).collect();
        palisade_model::Account {
            name: Some(self.name.clone()),
            regions: vec![self.region.clone()],
            listed_in: [(self.region.clone(), listed.clone())].into(),
            listed,
            ..Default::default()
        }
    }
}

/// A raw resource of an account, as the API would give it.
pub(crate) fn address(arn: &str) -> palisade_model::Address {
    palisade_model::Address { root: "".into(), name: arn.into() }
}

/// The sort of source that the simulated API is.
pub(crate) const SOURCE: Source = Source::Live;
