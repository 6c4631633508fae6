//! Answers to questions over an organisation: who can, who cannot, and what is not known.

use palisade_iam::{By, Entry, Open, Policies, StatementRef};
use palisade_prove::Met;
use serde::Serialize;
use std::sync::Arc;

/// Somebody, or everybody of a sort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase", tag = "sort", content = "name")]
pub enum Who {
    /// A user of the estate.
    User(Arc<str>),
    /// A role of the estate.
    Role(Arc<str>),
    /// The root user of an account.
    Root(Arc<str>),
    /// Anybody, without credentials.
    Anonymous,
    /// Whoever has any AWS account.
    AnyAccount,
    /// Whomever an organisation's accounts let.
    Organisation(Arc<str>),
    /// Whomever an account lets that the estate does not look into.
    Account(Arc<str>),
    /// A principal of an account that the estate does not look into, if that account lets it.
    Outside(Arc<str>),
    /// A service of AWS.
    Service(Arc<str>),
    /// Somebody with a token of an identity provider.
    Federated(Arc<str>),
}

impl Who {
    /// What it is called: an ARN, an account, a name.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name)
            | Self::Role(name)
            | Self::Root(name)
            | Self::Organisation(name)
            | Self::Account(name)
            | Self::Outside(name)
            | Self::Service(name)
            | Self::Federated(name) => name,
            Self::Anonymous => "anonymous",
            Self::AnyAccount => "any account",
        }
    }

    /// The account it belongs to.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::User(arn) | Self::Role(arn) | Self::Outside(arn) => arn.split(':').nth(4),
            Self::Root(account) | Self::Account(account) => Some(account),
            _ => None,
        }
    }
}

/// A request that the engine allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// Who asks.
    pub principal: String,
    /// For what.
    pub action: String,
    /// On which resource.
    pub resource: String,
    /// The condition keys that were chosen; nothing for one that the request must not carry.
    pub context: std::collections::BTreeMap<String, Option<Vec<String>>>,
}

impl Witness {
    pub(crate) fn of(met: &Met) -> Self {
        let request = &met.request;
        Self {
            principal: request.principal.arn().unwrap_or_else(|| "anonymous".to_owned()),
            action: request.action.text.to_string(),
            resource: request.resource.text.to_string(),
            context: met.chosen.iter().cloned().collect(),
        }
    }
}

/// Some who can, all let through in the same way.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Who.
    pub who: Vec<Who>,
    /// The roles that they assume, one after the other; nothing when they ask themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Who>,
    /// The statement that lets them through; for a chain, the one that lets them into its first role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StatementRef>,
    /// What must hold; nothing when it holds anyway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// A request that shows it, of the first of them; for a chain, the assumption of its first role.
    pub witness: Witness,
}

/// Why something is not known, and of whom.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Why.
    pub why: String,
    /// How many.
    pub count: usize,
    /// Some of them, in order.
    pub such_as: Vec<String>,
}

/// Who can do something to a resource.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoCan {
    /// What was asked about.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Who can.
    pub can: Vec<Grant>,
    /// Of whom it was decided that they cannot, by reason.
    pub cannot: Vec<Group>,
    /// What is not known.
    pub unknown: Vec<Group>,
    /// Whom policies name that nobody is: `deleted` and the like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nobody: Vec<String>,
    /// How many principals of the estate were asked about: users, roles and root users.
    pub asked: usize,
    /// How many requests were put to the engine.
    pub decided: usize,
}

impl WhoCan {
    /// How many can themselves, and how many only through roles that they assume.
    pub fn count(&self) -> (usize, usize) {
        let of = |is_direct: bool| {
            let grants = self.can.iter().filter(|grant| grant.through.is_empty() == is_direct);
            grants.map(|grant| grant.who.len()).sum()
        };
        (of(true), of(false))
    }
}

/// A statement, for people and programs.
pub(crate) fn reference(by: By, policies: &Policies) -> StatementRef {
    let policy = policies.at(by.place);
    let statement = policy.and_then(|policy| policy.statements.get(by.statement));
    StatementRef {
        layer: by.place.layer,
        level: policies.level(by.place).cloned(),
        policy: policy.map_or_else(|| by.place.layer.noun().into(), |policy| policy.name.clone()),
        statement: by.statement + 1,
        sid: statement.and_then(|statement| statement.sid.clone()),
        at: statement.and_then(|statement| statement.span.as_ref()).map(ToString::to_string),
    }
}

/// Collects groups by reason.
#[derive(Debug, Default)]
pub(crate) struct Groups(std::collections::BTreeMap<String, (usize, Vec<String>)>);

/// How many of a group are named.
const NAMED: usize = 5;

impl Groups {
    pub fn add(&mut self, why: impl Into<String>, count: usize, such_as: impl IntoIterator<Item = String>) {
        let (known, names) = self.0.entry(why.into()).or_default();
        *known += count;
        for name in such_as {
            if names.len() < NAMED && !names.contains(&name) {
                names.push(name);
            }
        }
    }

    /// The largest first.
    pub fn finish(self) -> Vec<Group> {
        let mut all: Vec<Group> =
            self.0.into_iter().map(|(why, (count, such_as))| Group { why, count, such_as }).collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.why.cmp(&b.why)));
        all
    }
}

/// Why something is open, in words.
pub(crate) fn words(open: &[Open]) -> String {
    let mut all: Vec<String> = Vec::new();
    for open in open {
        let text = match (&open.key, &open.fact) {
            (Some(key), _) => format!("`{key}`: {}", open.why),
            (None, Some(fact)) => format!("{fact}: {}", open.why),
            (None, None) => open.why.to_string(),
        };
        if !all.contains(&text) {
            all.push(text);
        }
    }
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let all = all.join("; ");
    if more > 0 { format!("{all}; and {more} more") } else { all }
}

/// What of a request was assumed and not told.
pub(crate) fn usual(context: &mut Vec<(String, Entry)>) {
    // Whoever asks can always ask with TLS, and every tool of AWS does.
    if !context.iter().any(|(key, _)| key.eq_ignore_ascii_case("aws:SecureTransport")) {
        context.push(("aws:SecureTransport".to_owned(), Entry::value("true")));
    }
}
