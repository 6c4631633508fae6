//! What anybody in the world can do, and what other accounts can: by the policies of resources and by the trust in roles.

use crate::answer::{Group, Groups, Who, Witness};
use crate::ask::{Found, Side, ask};
use crate::index::Organisation;
use crate::outside::{Nobody, Outsider, candidates};
use crate::phrase::phrases;
use crate::who::{Wanted, spelled, target};
use palisade_iam::{
    Actions, Context, Effect, Policy, PolicyKind, PrincipalPattern, Rest, Statement, StatementRef,
};
use palisade_services::{AccessLevel, Reference, Service};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many different wide statements of one policy are asked about one by one.
const MAX_STATEMENTS: usize = 1_000;

/// Something that somebody outside can do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exposure {
    /// The resource or role.
    pub resource: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Who can.
    pub who: Who,
    /// What they can do, by access level.
    pub actions: BTreeMap<&'static str, Vec<String>>,
    /// The statement that lets them; nothing for an access control list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StatementRef>,
    /// What must hold; nothing when it holds anyway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// A request that the engine allows.
    pub witness: Witness,
}

/// What somebody outside can do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exposed {
    /// What they can do, by resource.
    pub can: Vec<Exposure>,
    /// What is not known.
    pub unknown: Vec<Group>,
    /// Whom policies name that nobody is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nobody: Vec<String>,
    /// How many resources with a policy were looked at, roles among them.
    pub looked_at: usize,
}

/// Who counts as outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Anybody in the world, with or without an AWS account of their own.
    World,
    /// Everybody whose account is not of the resource's organisation (of no organisation: not the resource's own).
    Accounts,
}

/// What can those outside do?
pub fn exposed(organisation: &Organisation, outside: Outside, steps: u64) -> Exposed {
    let identities = &organisation.identities;
    let mut found = Exposed { can: Vec::new(), unknown: Vec::new(), nobody: Vec::new(), looked_at: 0 };
    let (mut unknown, mut nobody) = (Groups::default(), BTreeSet::new());
    let mut all: Vec<(&str, Option<&str>, &Arc<Policy>)> =
        identities.resources().filter_map(|(arn, owner, policy)| Some((arn, owner, policy?))).collect();
    all.sort_by_key(|(arn, ..)| *arn);
    for (arn, owner, policy) in all {
        found.looked_at += 1;
        if let Some(why) = &policy.unread {
            unknown.add(format!("policies of resources were not read: {why}"), 1, [arn.to_owned()]);
            continue;
        }
        let mut look =
            Look { organisation, outside, steps, arn, owner, unknown: &mut unknown, nobody: &mut nobody };
        if look.is_concerned(policy) {
            found.can.extend(look.run(policy));
        }
    }
    for (arn, owner) in identities.with_acl() {
        let mut look =
            Look { organisation, outside, steps, arn, owner, unknown: &mut unknown, nobody: &mut nobody };
        found.can.extend(look.acl());
    }
    for account in identities.not_read() {
        unknown.add(
            "accounts of the organisation were not read, so what is open in them is not known",
            1,
            [account.to_string()],
        );
    }
    found.unknown = unknown.finish();
    found.nobody = nobody.into_iter().collect();
    found
}

struct Look<'l> {
    organisation: &'l Organisation,
    outside: Outside,
    steps: u64,
    arn: &'l str,
    owner: Option<&'l str>,
    unknown: &'l mut Groups,
    nobody: &'l mut BTreeSet<String>,
}

impl Look<'_> {
    /// May the policy let in anybody who counts as outside?
    fn is_concerned(&self, policy: &Policy) -> bool {
        policy.statements.iter().filter(|statement| statement.effect != Some(Effect::Deny)).any(|statement| {
            let Some(principals) = &statement.principals else { return statement.open.is_some() };
            principals.is_negated
                || principals.is_open
                || principals.patterns.iter().any(|(pattern, _)| match pattern {
                    PrincipalPattern::Everyone => true,
                    _ if self.outside == Outside::World => false,
                    PrincipalPattern::Account(account)
                    | PrincipalPattern::Role { account, .. }
                    | PrincipalPattern::Session { account, .. } => self.is_outside(account),
                    PrincipalPattern::User { arn } | PrincipalPattern::FederatedUser { arn } => {
                        self.is_outside(arn.split(':').nth(4).unwrap_or_default())
                    }
                    PrincipalPattern::UniqueId(_) | PrincipalPattern::Canonical(_) => true,
                    PrincipalPattern::Federated(_) => true,
                    PrincipalPattern::Service(_) | PrincipalPattern::Nobody => false,
                })
        })
    }

    /// Is the account outside, as seen from the resource?
    fn is_outside(&self, account: &str) -> bool {
        let identities = &self.organisation.identities;
        let (own, other) = (
            self.owner.and_then(|owner| identities.organisation_of(owner)),
            identities.organisation_of(account),
        );
        Some(account) != self.owner && (own.is_none() || own != other)
    }

    fn counts(&self, outsider: &Outsider) -> bool {
        match (&outsider.who, self.outside) {
            (Who::Anonymous | Who::AnyAccount, _) => true,
            (_, Outside::World) => false,
            (Who::Account(account), _) => self.is_outside(account),
            (Who::Outside(arn), _) => self.is_outside(arn.split(':').nth(4).unwrap_or_default()),
            (Who::Organisation(_), _) => true,
            // A directory or a cluster of one's own is no other account.
            (Who::Federated(name), _) => !self.is_of_estate(name),
            _ => false,
        }
    }

    /// Is the provider one of the organisation's own: its directory, its clusters?
    fn is_of_estate(&self, provider: &str) -> bool {
        provider.contains(":saml-provider/AWSSSO_")
            || provider.contains("oidc.eks.")
            || provider.contains(":oidc-provider/oidc.eks.")
    }

    fn run(&mut self, policy: &Arc<Policy>) -> Vec<Exposure> {
        let mut exposures: Vec<Exposure> = Vec::new();
        let mut seen: BTreeSet<(Outsider, String)> = BTreeSet::new();
        for statement in policy.statements.iter().take(MAX_STATEMENTS) {
            if statement.effect == Some(Effect::Deny) {
                continue;
            }
            for (action, resource) in requests(statement, policy.kind, self.arn) {
                let mut wanted = Wanted::new(action.as_str(), resource.as_str());
                wanted.resource_account = self.owner.map(str::to_owned);
                wanted.steps = self.steps;
                let Ok(target) = target(self.organisation, &wanted) else { continue };
                let (mut outsiders, names) = candidates(self.organisation, &target);
                for Nobody { text, open } in names {
                    match open {
                        Some(why) => {
                            self.unknown.add(why, 1, [format!("{text} in the policy of {}", self.arn)])
                        }
                        None => {
                            self.nobody.insert(format!("{text}, in the policy of {}", self.arn));
                        }
                    }
                }
                self.others(statement, &mut outsiders);
                for outsider in outsiders {
                    if self.counts(&outsider) && seen.insert((outsider.clone(), action.clone())) {
                        self.put(&outsider, &wanted, &mut exposures);
                    }
                }
            }
        }
        settled(exposures)
    }

    /// Those of accounts that are in the estate, and outside of the resource's organisation all the same.
    fn others(&self, statement: &Statement, outsiders: &mut BTreeSet<Outsider>) {
        let Some(principals) = statement.principals.as_ref().filter(|principals| !principals.is_negated)
        else {
            return;
        };
        let identities = &self.organisation.identities;
        for (pattern, written) in &principals.patterns {
            let (account, who) = match pattern {
                PrincipalPattern::Account(account) => {
                    (account.as_ref(), Who::Account(account.as_ref().into()))
                }
                PrincipalPattern::User { arn } => {
                    (arn.split(':').nth(4).unwrap_or_default(), Who::Outside(written.text.clone()))
                }
                PrincipalPattern::Role { account, .. } | PrincipalPattern::Session { account, .. } => {
                    (account.as_ref(), Who::Outside(written.text.clone()))
                }
                _ => continue,
            };
            if self.is_outside(account) && identities.looks_into(account) {
                let principal = match &who {
                    Who::Account(account) => format!("arn:aws:iam::{account}:user/somebody"),
                    other => other.name().to_owned(),
                };
                outsiders.insert(Outsider { who, principal, organisation: None });
            }
        }
    }

    fn acl(&mut self) -> Vec<Exposure> {
        let mut exposures = Vec::new();
        let requests = [
            ("s3:ListBucket", self.arn.to_owned()),
            ("s3:GetBucketAcl", self.arn.to_owned()),
            ("s3:PutBucketAcl", self.arn.to_owned()),
            ("s3:PutObject", format!("{}/*", self.arn)),
        ];
        for (action, resource) in requests {
            let mut wanted = Wanted::new(action, resource);
            wanted.steps = self.steps;
            for outsider in [Outsider::anonymous(), Outsider::stranger()] {
                self.put(&outsider, &wanted, &mut exposures);
            }
        }
        exposures.retain(|exposure: &Exposure| exposure.by.is_none());
        settled(exposures)
    }

    fn put(&mut self, outsider: &Outsider, wanted: &Wanted, exposures: &mut Vec<Exposure>) {
        let takes_token = matches!(outsider.who, Who::Federated(_));
        let is_exchange = matches!(
            wanted.action.to_ascii_lowercase().as_str(),
            "sts:assumerolewithsaml" | "sts:assumerolewithwebidentity"
        );
        if takes_token != is_exchange && wanted.action.to_ascii_lowercase().starts_with("sts:assumerole") {
            return;
        }
        let asked = outsider.asked(wanted.asked(&outsider.principal));
        match ask(&self.organisation.identities, asked, Side::Assumed, self.steps) {
            Err(_) | Ok(Found::Cannot(_)) => {}
            Ok(Found::Unknown(why)) => {
                self.unknown.add(why, 1, [format!("{} on {}", wanted.action, self.arn)])
            }
            Ok(found) => {
                let by = found.admitted_by();
                let Found::Can { met, .. } = found else { return };
                let actions = [(level(&wanted.action), vec![spelled(&wanted.action)])].into();
                exposures.push(Exposure {
                    resource: self.arn.to_owned(),
                    owner: self.owner.map(str::to_owned),
                    who: outsider.who.clone(),
                    actions,
                    by,
                    conditions: phrases(&met.formula),
                    witness: Witness::of(&met),
                });
            }
        }
    }
}

/// Those alike, once, with all their actions.
fn settled(exposures: Vec<Exposure>) -> Vec<Exposure> {
    let mut all: Vec<Exposure> = Vec::new();
    for exposure in exposures {
        let is_same = |other: &&mut Exposure| {
            other.who == exposure.who && other.by == exposure.by && other.conditions == exposure.conditions
        };
        match all.iter_mut().find(is_same) {
            None => all.push(exposure),
            Some(known) => {
                for (level, actions) in exposure.actions {
                    let list = known.actions.entry(level).or_default();
                    actions.into_iter().for_each(|action| {
                        if !list.contains(&action) {
                            list.push(action);
                        }
                    });
                }
            }
        }
    }
    // What anybody can without an account, whoever has one can too.
    let anonymous: Vec<Exposure> =
        all.iter().filter(|exposure| exposure.who == Who::Anonymous).cloned().collect();
    all.retain(|exposure| {
        let is_same =
            |other: &Exposure| other.actions == exposure.actions && other.conditions == exposure.conditions;
        exposure.who != Who::AnyAccount || !anonymous.iter().any(is_same)
    });
    all.sort_by(|a, b| a.who.cmp(&b.who));
    all
}

/// What an action does, in one word.
pub fn level(action: &str) -> &'static str {
    let known = Reference::shipped().action(action);
    match known.map(|known| known.level) {
        Some(AccessLevel::List) => "list",
        Some(AccessLevel::Read) => "read",
        Some(AccessLevel::Tagging) => "tag",
        Some(AccessLevel::Write) => "write",
        Some(AccessLevel::PermissionsManagement) => "permissions",
        None => "other",
    }
}

/// One request for each action that a statement of a resource's policy may be about, on what its patterns name.
pub(crate) fn requests(statement: &Statement, kind: PolicyKind, arn: &str) -> Vec<(String, String)> {
    if kind == PolicyKind::Trust {
        let all = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
        return all
            .into_iter()
            .filter(|action| names(&statement.actions, action))
            .map(|action| (action.to_owned(), arn.to_owned()))
            .collect();
    }
    let Some(service) = arn.split(':').nth(2).and_then(|name| Reference::shipped().service(name)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for action in &service.actions {
        let name = format!("{}:{}", service.prefix, action.name);
        if !names(&statement.actions, &name) {
            continue;
        }
        for resource in targets(service, action, arn) {
            found.push((name.clone(), resource));
        }
    }
    found
}

fn names(actions: &Actions, action: &str) -> bool {
    let context = Context::new(Rest::Absent);
    palisade_iam::Action::parse(action).is_some_and(|action| !actions.matches(&action, &context).is_no())
}

/// What an action can be asked for of a resource: itself, or what is in it.
fn targets(service: &Service, action: &palisade_services::Action, arn: &str) -> Vec<String> {
    let within = match service.prefix.as_str() {
        "s3" => Some(format!("{arn}/*")),
        "dynamodb" => Some(format!("{arn}/*")),
        _ => None,
    };
    let mut found = Vec::new();
    for taken in &action.resources {
        let of = &service.resource_types[taken.resource_type];
        for candidate in std::iter::once(arn.to_owned()).chain(within.clone()) {
            let example = candidate.replace('*', "x");
            // An object's form fits nothing but objects, and a bucket's none.
            if of.matches(&example) && !found.contains(&candidate) {
                found.push(candidate);
            }
        }
    }
    found
}
