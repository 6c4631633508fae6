//! Who can do something to a resource: everybody whom all layers let, themselves or through roles that they assume.

use crate::answer::{Grant, Group, Groups, Who, WhoCan, Witness};
use crate::ask::{Found, Side, ask};
use crate::index::{Looks, Organisation, as_u32, is_about, looks};
use crate::outside::outsiders;
use crate::phrase::phrases;
use palisade_iam::{
    Action, Context, Effect, Entry, Policy, PrincipalPattern, ResourceText, Rest, Statement,
};
use palisade_identity::Asked;
use palisade_services::Reference;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many roles chains are followed back from.
const MAX_ROLES: usize = 1_000;

/// A question who can do something.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// `service:Action`.
    pub action: String,
    /// An ARN, with wildcards where any of several will do; `*` for an action without resource.
    pub resource: String,
    /// Who owns it, where neither the ARN nor the estate tells; for an action without resource, the account it is done in.
    pub resource_account: Option<String>,
    /// Condition keys that are told.
    pub context: Vec<(String, Entry)>,
    /// Are roles followed back to those who may assume them?
    pub chains: bool,
    /// After so many steps the conditions of one class are not known.
    pub steps: u64,
}

impl Wanted {
    /// A question with nothing told.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            resource_account: None,
            context: Vec::new(),
            chains: true,
            steps: 20_000,
        }
    }

    pub(crate) fn asked(&self, principal: &str) -> Asked {
        let mut asked = Asked::new(principal, self.action.as_str(), self.resource.as_str());
        asked.resource_account.clone_from(&self.resource_account);
        asked.context.clone_from(&self.context);
        asked
    }
}

/// What all requests of a question have in common.
pub(crate) struct Target {
    pub action: Action,
    pub resource: ResourceText,
    pub takes_no_resource: bool,
    pub is_set: bool,
    pub owner: Option<String>,
    pub policy: Option<Arc<Policy>>,
    rcps: Vec<Arc<Policy>>,
}

/// Those who can, as one call finds them.
#[derive(Default)]
pub(crate) struct Direct {
    /// By class: who, the statement, the conditions, a request.
    pub grants: Vec<Grant>,
    pub cannot: Groups,
    pub unknown: Groups,
    pub nobody: BTreeSet<String>,
    pub asked: usize,
    pub decided: usize,
}

/// What tells principals apart.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    set: u32,
    chain: u32,
    is_own: bool,
    sort: Sort,
    account: Option<u32>,
    itself: Option<u32>,
    tags: Option<Vec<(Box<str>, Box<str>)>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sort {
    User,
    Role,
    Linked,
    Root,
}

/// Somebody of the estate: a user, a role, or the root user of an account.
#[derive(Clone, Copy)]
enum Member {
    Principal(u32),
    Root(u32),
}

/// Who can do this?
///
/// # Errors
/// What was asked is no request.
pub fn who_can(organisation: &Organisation, wanted: &Wanted) -> Result<WhoCan, String> {
    let target = target(organisation, wanted)?;
    let mut direct = direct(organisation, wanted, &target)?;
    let mut can = std::mem::take(&mut direct.grants);
    if wanted.chains {
        can.extend(chains(organisation, wanted, &can, &mut direct)?);
    }
    can.sort_by(|a, b| {
        let rank = |grant: &Grant| (grant.through.len(), !is_outsider(&grant.who[0]), grant.conditions.len());
        rank(a).cmp(&rank(b)).then_with(|| a.who.cmp(&b.who))
    });
    Ok(WhoCan {
        action: wanted.action.clone(),
        resource: wanted.resource.clone(),
        owner: target.owner,
        can,
        cannot: direct.cannot.finish(),
        unknown: direct.unknown.finish(),
        nobody: direct.nobody.into_iter().collect(),
        asked: direct.asked,
        decided: direct.decided,
    })
}

pub(crate) fn is_outsider(who: &Who) -> bool {
    !matches!(who, Who::User(_) | Who::Role(_) | Who::Root(_))
}

pub(crate) fn target(organisation: &Organisation, wanted: &Wanted) -> Result<Target, String> {
    let identities = &organisation.identities;
    // Any caller tells what the request is about; nobody is anonymous for all of them.
    let (request, policies) = identities.question(&wanted.asked("anonymous"))?;
    let is_set = palisade_iam::is_set(&request);
    let owner = request.resource_account.as_deref().map(str::to_owned);
    Ok(Target {
        takes_no_resource: request.takes_no_resource,
        action: request.action,
        resource: request.resource,
        is_set,
        owner: owner.or_else(|| wanted.resource_account.clone()),
        policy: policies.resource,
        rcps: policies.rcps.into_iter().flat_map(|level| level.policies).collect(),
    })
}

/// Whom a resource's policy may let in, of those that the estate tells of.
struct Admits {
    /// Principals of any account, if their own allows it.
    everyone: bool,
    accounts: HashSet<Box<str>>,
    named: BTreeSet<u32>,
    /// Everybody of the owner's account, whatever their own policies say.
    all_of_own: bool,
}

fn admits(organisation: &Organisation, target: &Target) -> Admits {
    let mut admits =
        Admits { everyone: false, accounts: HashSet::new(), named: BTreeSet::new(), all_of_own: false };
    let Some(policy) = &target.policy else { return admits };
    if policy.unread.is_some() {
        return Admits { everyone: true, all_of_own: true, ..admits };
    }
    for statement in allowing(policy, target) {
        let Some(principals) = &statement.principals else { continue };
        if principals.is_negated || principals.is_open {
            (admits.everyone, admits.all_of_own) = (true, true);
        }
        for (pattern, _) in &principals.patterns {
            match pattern {
                PrincipalPattern::Everyone | PrincipalPattern::Canonical(_) => {
                    (admits.everyone, admits.all_of_own) = (true, true);
                }
                PrincipalPattern::Account(account) => {
                    admits.accounts.insert(account.clone());
                }
                other => admits.named.extend(organisation.named(other)),
            }
        }
    }
    admits
}

/// The statements of a policy that may allow what is asked for.
pub(crate) fn allowing<'p>(policy: &'p Policy, target: &Target) -> impl Iterator<Item = &'p Statement> {
    let resource = (!target.is_set && !target.takes_no_resource).then(|| target.resource.clone());
    let action = target.action.clone();
    let context = Context::new(Rest::Unknown("it is not told".into()));
    policy
        .statements
        .iter()
        .filter(move |statement| statement.effect != Some(Effect::Deny))
        .filter(move |statement| is_about(statement, &action, resource.as_ref(), &context))
}

/// Principals that policies name one by one.
fn mentioned(organisation: &Organisation, target: &Target) -> (HashSet<u32>, HashSet<Box<str>>, Looks) {
    let (mut principals, mut accounts, mut all) = (HashSet::new(), HashSet::new(), Looks::default());
    for policy in target.policy.iter().chain(&target.rcps) {
        all = all.or(looks(policy, &target.action));
        for (pattern, _) in policy.statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|p| &p.patterns) {
            match pattern {
                PrincipalPattern::Account(account) => {
                    accounts.insert(account.clone());
                }
                other => principals.extend(organisation.named(other)),
            }
        }
    }
    (principals, accounts, all)
}

/// Those who can themselves.
pub(crate) fn direct(organisation: &Organisation, wanted: &Wanted, target: &Target) -> Result<Direct, String> {
    let mut direct = Direct::default();
    let resource = (!target.is_set && !target.takes_no_resource).then_some(&target.resource);
    let allowed = organisation.may_allow(&target.action, resource);
    let admits = admits(organisation, target);
    let members = members(organisation, target, &admits, &allowed, &mut direct);
    classes(organisation, wanted, target, members, &mut direct)?;
    if !target.takes_no_resource {
        outsiders(organisation, wanted, target, &mut direct)?;
        unread(organisation, target, &admits, &mut direct);
    }
    if target.takes_no_resource && wanted.resource_account.is_none() {
        not_read(organisation, None, &mut direct);
    }
    Ok(direct)
}

/// The principals that are worth asking about; the others are counted.
fn members(
    organisation: &Organisation,
    target: &Target,
    admits: &Admits,
    allowed: &HashSet<u32>,
    direct: &mut Direct,
) -> Vec<Member> {
    let mut members = Vec::new();
    let mut silent = 0;
    let mut such_as = Vec::new();
    for (place, account) in organisation.accounts.iter().enumerate() {
        let is_own = match &target.owner {
            Some(owner) => *account.id == **owner,
            // Whose it is, is not known, so it may be anybody's.
            None => true,
        };
        if target.takes_no_resource && !is_own {
            continue;
        }
        let is_admitted = admits.everyone || admits.accounts.contains(account.id.as_ref());
        direct.asked += account.members.len() + 1;
        if is_own || is_admitted {
            members.push(Member::Root(as_u32(place)));
        } else {
            silent += 1;
        }
        for at in &account.members {
            let is_allowed = allowed.contains(&organisation.set_of[*at as usize]);
            let is_named = admits.named.contains(at);
            let is_candidate = match is_own {
                true => is_allowed || is_named || admits.all_of_own,
                false => is_allowed && (is_admitted || is_named),
            };
            if is_candidate {
                members.push(Member::Principal(*at));
            } else {
                silent += 1;
                if such_as.len() < 5 && is_own {
                    such_as.push(organisation.principal(*at).arn.to_string());
                }
            }
        }
    }
    if silent > 0 {
        direct.cannot.add("neither their own policies nor the resource's let them", silent, such_as);
    }
    members
}

/// Puts candidates into classes, and asks for one of each.
fn classes(
    organisation: &Organisation,
    wanted: &Wanted,
    target: &Target,
    members: Vec<Member>,
    direct: &mut Direct,
) -> Result<(), String> {
    let (principals, accounts, shared) = mentioned(organisation, target);
    let mut of_sets: HashMap<u32, Looks> = HashMap::new();
    let mut of_chains: HashMap<u32, Looks> = HashMap::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut found: Vec<Vec<Member>> = Vec::new();
    for member in members {
        let place = match member {
            Member::Principal(at) => organisation.account_of[at as usize],
            Member::Root(place) => place,
        };
        let account = &organisation.accounts[place as usize];
        let chain = account.chain;
        let of_chain =
            *of_chains.entry(chain).or_insert_with(|| organisation.chain_looks(chain, &target.action));
        let is_own = target.owner.as_deref() == Some(account.id.as_ref());
        let mut looks = shared.or(of_chain);
        let key = match member {
            Member::Root(_) => Key {
                set: u32::MAX,
                chain,
                is_own,
                sort: Sort::Root,
                account: Some(place),
                itself: None,
                tags: None,
            },
            Member::Principal(at) => {
                let set = organisation.set_of[at as usize];
                looks = looks.or(*of_sets
                    .entry(set)
                    .or_insert_with(|| organisation.set_looks(set, &target.action)));
                let identity = organisation.principal(at);
                let is_apart = looks.at_account
                    || target.owner.is_none()
                    || target.takes_no_resource
                    || accounts.contains(account.id.as_ref());
                Key {
                    set,
                    chain,
                    is_own,
                    sort: match identity.is_user {
                        true => Sort::User,
                        false if identity.arn.contains(":role/aws-service-role/") => Sort::Linked,
                        false => Sort::Role,
                    },
                    account: is_apart.then_some(place),
                    itself: (looks.at_arn || principals.contains(&at)).then_some(at),
                    tags: if looks.at_tags { identity.tags.clone() } else { None },
                }
            }
        };
        let class = *places.entry(key).or_insert_with(|| {
            found.push(Vec::new());
            found.len() - 1
        });
        found[class].push(member);
    }
    for class in found {
        settle(organisation, wanted, &class, direct)?;
    }
    Ok(())
}

fn who(organisation: &Organisation, member: Member) -> Who {
    match member {
        Member::Root(place) => Who::Root(organisation.accounts[place as usize].id.clone()),
        Member::Principal(at) => {
            let identity = organisation.principal(at);
            if identity.is_user { Who::User(identity.arn.clone()) } else { Who::Role(identity.arn.clone()) }
        }
    }
}

fn principal_text(who: &Who) -> String {
    match who {
        Who::Root(account) => format!("arn:aws:iam::{account}:root"),
        other => other.name().to_owned(),
    }
}

fn settle(
    organisation: &Organisation,
    wanted: &Wanted,
    class: &[Member],
    direct: &mut Direct,
) -> Result<(), String> {
    let Some(first) = class.first() else { return Ok(()) };
    let first = who(organisation, *first);
    let found = ask(&organisation.identities, wanted.asked(&principal_text(&first)), Side::Told, wanted.steps)?;
    direct.decided += 1;
    let names = || class.iter().take(5).map(|member| principal_text(&who(organisation, *member)));
    match &found {
        Found::Cannot(why) => direct.cannot.add(why.clone(), class.len(), names()),
        Found::Unknown(why) => direct.unknown.add(why.clone(), class.len(), names()),
        Found::Can { met, .. } => {
            let mut all: Vec<Who> = class.iter().map(|member| who(organisation, *member)).collect();
            // The witness is of the first.
            all[1..].sort();
            direct.grants.push(Grant {
                who: all,
                through: Vec::new(),
                by: found.reference(),
                conditions: phrases(&met.formula),
                witness: Witness::of(met),
            });
        }
    }
    Ok(())
}

/// What the estate lacks that could let more principals through.
fn unread(organisation: &Organisation, target: &Target, admits: &Admits, direct: &mut Direct) {
    let owner = target.owner.as_deref();
    let Some(owner) = owner else {
        direct.unknown.add(
            "the estate does not hold this resource, and does not tell whose it is",
            1,
            [target.resource.text.to_string()],
        );
        return;
    };
    not_read(organisation, Some(owner), direct);
    if admits.everyone {
        let identities = &organisation.identities;
        for account in organisation.accounts.iter().filter(|account| *account.id != *owner) {
            if let Some(why) = identities.why_not_listed(&account.id) {
                direct.unknown.add(format!("not all principals of an account are known: {why}"), 1, [account
                    .id
                    .to_string()]);
            }
        }
        let of_owner = identities.organisation_of(owner);
        let missing: Vec<String> = identities.not_read().iter().map(ToString::to_string).collect();
        let missing: Vec<String> = missing
            .into_iter()
            .filter(|account| account != owner && identities.organisation_of(account) == of_owner)
            .collect();
        if !missing.is_empty() {
            let why = "accounts of the organisation were not read, and the resource's policy may let their principals in";
            direct.unknown.add(why, missing.len(), missing);
        }
    }
}

fn not_read(organisation: &Organisation, owner: Option<&str>, direct: &mut Direct) {
    let identities = &organisation.identities;
    let accounts: Vec<String> = match owner {
        Some(owner) => vec![owner.to_owned()],
        None => {
            let missing = identities.not_read().into_iter().map(|account| account.to_string());
            organisation.accounts.iter().map(|account| account.id.to_string()).chain(missing).collect()
        }
    };
    for account in accounts {
        if let Some(why) = identities.why_not_listed(&account) {
            direct.unknown.add(format!("not all principals of an account are known: {why}"), 1, [account]);
        }
    }
}

/// A way back from a role: who assumes it, and what is assumed after that.
struct Step {
    /// The roles from here to what was asked for.
    through: Vec<Who>,
}

/// Those who can only through roles that they assume, by the shortest chain of each.
fn chains(
    organisation: &Organisation,
    wanted: &Wanted,
    grants: &[Grant],
    direct: &mut Direct,
) -> Result<Vec<Grant>, String> {
    let mut seen: HashSet<Who> = grants.iter().flat_map(|grant| &grant.who).cloned().collect();
    let mut waiting: std::collections::VecDeque<Step> = std::collections::VecDeque::new();
    let roles: BTreeSet<&Who> =
        grants.iter().flat_map(|grant| &grant.who).filter(|who| matches!(who, Who::Role(_))).collect();
    waiting.extend(roles.into_iter().map(|role| Step { through: vec![role.clone()] }));
    let mut found: Vec<Grant> = Vec::new();
    let mut left = MAX_ROLES;
    while let Some(step) = waiting.pop_front() {
        if left == 0 {
            let names = step.through.first().map(|who| who.name().to_owned());
            direct.unknown.add(
                format!("chains were followed back from {MAX_ROLES} roles and not from the others"),
                waiting.len() + 1,
                names,
            );
            break;
        }
        left -= 1;
        let Some(role) = step.through.first() else { continue };
        for (action, is_by_token) in ways_in(organisation, role.name()) {
            let mut assume = Wanted::new(action, role.name());
            assume.steps = wanted.steps;
            assume.chains = false;
            let target = target(organisation, &assume)?;
            let mut into = if is_by_token {
                let mut into = Direct::default();
                outsiders(organisation, &assume, &target, &mut into)?;
                into
            } else {
                self::direct(organisation, &assume, &target)?
            };
            direct.decided += into.decided;
            for group in std::mem::take(&mut into.unknown).finish() {
                let Group { why, count, such_as } = group;
                direct.unknown.add(format!("who may assume a role that can: {why}"), count, such_as);
            }
            direct.nobody.extend(into.nobody);
            for grant in into.grants {
                let new: Vec<Who> = grant.who.iter().filter(|who| seen.insert((*who).clone())).cloned().collect();
                let new: Vec<Who> = new.into_iter().filter(|who| !step.through.contains(who)).collect();
                if new.is_empty() {
                    continue;
                }
                for who in new.iter().filter(|who| matches!(who, Who::Role(_))) {
                    let through = std::iter::once(who.clone()).chain(step.through.iter().cloned()).collect();
                    waiting.push_back(Step { through });
                }
                // Services and providers lead to each role by themselves.
                new.iter().filter(|who| matches!(who, Who::Service(_) | Who::Federated(_))).for_each(|who| {
                    seen.remove(who);
                });
                let witness = if grant.who.first() == new.first() {
                    grant.witness
                } else {
                    let found = ask(
                        &organisation.identities,
                        assume.asked(&principal_text(&new[0])),
                        Side::Told,
                        wanted.steps,
                    )?;
                    match found {
                        Found::Can { met, .. } => Witness::of(&met),
                        _ => grant.witness,
                    }
                };
                found.push(Grant { who: new, through: step.through.clone(), witness, ..grant });
            }
        }
    }
    Ok(found)
}

/// The actions by which a role is assumed, as far as its trust policy speaks of them, and whether that takes a token.
fn ways_in(organisation: &Organisation, role: &str) -> Vec<(&'static str, bool)> {
    let policy = organisation.identities.resource(role).and_then(|(_, _, policy)| policy);
    let Some(policy) = policy else { return vec![("sts:AssumeRole", false)] };
    let mut ways = vec![("sts:AssumeRole", false)];
    let federated: Vec<&str> = policy
        .statements
        .iter()
        .filter_map(|statement| statement.principals.as_ref())
        .flat_map(|principals| &principals.patterns)
        .filter_map(|(pattern, _)| match pattern {
            PrincipalPattern::Federated(name) => Some(name.as_ref()),
            _ => None,
        })
        .collect();
    if federated.iter().any(|name| name.contains(":saml-provider/")) {
        ways.push(("sts:AssumeRoleWithSAML", true));
    }
    if federated.iter().any(|name| !name.contains(":saml-provider/")) {
        ways.push(("sts:AssumeRoleWithWebIdentity", true));
    }
    ways
}

/// What an action is called as AWS spells it.
pub(crate) fn spelled(action: &str) -> String {
    match (Reference::shipped().action(action), action.split_once(':')) {
        (Some(known), Some((service, _))) => format!("{}:{}", service.to_ascii_lowercase(), known.name),
        _ => action.to_owned(),
    }
}

