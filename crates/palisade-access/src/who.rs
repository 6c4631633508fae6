//! Who can do something to a resource: everybody whom all layers let, themselves or through roles that they assume.

use crate::answer::{Grant, Group, Groups, Who, WhoCan, Witness};
use crate::ask::{Found, Side, ask};
use crate::index::{About, Looks, Organisation, Relevance, as_u32, looks};
use crate::outside::outsiders;
use crate::phrase::phrases;
use palisade_iam::{Action, Effect, Entry, Policy, PrincipalPattern, ResourceText, Statement};
use palisade_identity::Asked;
use palisade_services::Reference;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many roles chains are followed back from.
const MAX_ROLES: usize = 10_000;

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
    pub owner: Option<String>,
    pub policy: Option<Arc<Policy>>,
    pub about: About,
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
    class: u32,
    chain: u32,
    is_own: bool,
    sort: Sort,
    account: Option<u32>,
    organisation: Option<u32>,
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
    let people = organisation.identities.people();
    let is_open = |role: &str| {
        palisade_identity::People::permission_set(role).is_some() && people.holders(role).is_none()
    };
    let open: Vec<String> = can
        .iter()
        .flat_map(|grant| &grant.who)
        .filter(|who| matches!(who, Who::Role(_)) && is_open(who.name()))
        .map(|who| who.name().to_owned())
        .collect();
    if !open.is_empty() && wanted.chains {
        let why = "whom Identity Center lets use the roles of its permission sets, the estate does not tell";
        direct.unknown.add(why, open.len(), open);
    }
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
        about: About::new(&request.action, &request.resource, request.takes_no_resource, is_set),
        takes_no_resource: request.takes_no_resource,
        action: request.action,
        resource: request.resource,
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
    let statements = policy.statements.iter().filter(|statement| statement.effect != Some(Effect::Deny));
    statements.filter(|statement| target.about.is_in(statement))
}

/// Principals that policies name one by one.
fn mentioned(organisation: &Organisation, target: &Target) -> (HashSet<u32>, HashSet<Box<str>>, Looks) {
    let (mut principals, mut accounts, mut all) = (HashSet::new(), HashSet::new(), Looks::default());
    for policy in target.policy.iter().chain(&target.rcps) {
        all = all.or(looks(policy, &target.about));
        for (pattern, _) in
            policy.statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|p| &p.patterns)
        {
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
pub(crate) fn direct(
    organisation: &Organisation,
    wanted: &Wanted,
    target: &Target,
) -> Result<Direct, String> {
    let relevance = organisation.relevance(&target.about);
    others(organisation, wanted, target, &relevance, &HashSet::new())
}

/// Those who can themselves, but for those who are known already.
fn others(
    organisation: &Organisation,
    wanted: &Wanted,
    target: &Target,
    relevance: &Relevance,
    known: &HashSet<Who>,
) -> Result<Direct, String> {
    let mut direct = Direct::default();
    let admits = admits(organisation, target);
    let mut members = members(organisation, target, &admits, relevance, &mut direct);
    if !known.is_empty() {
        members.retain(|member| !known.contains(&who(organisation, *member)));
    }
    classes(organisation, wanted, target, relevance, members, &mut direct)?;
    if !target.takes_no_resource {
        outsiders(organisation, wanted, target, &mut direct)?;
        unread(organisation, wanted, target, &admits, &mut direct)?;
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
    relevance: &Relevance,
    direct: &mut Direct,
) -> Vec<Member> {
    let mut members = Vec::new();
    let all = 0..organisation.accounts.len();
    let of_account = |id: &str| organisation.by_account.get(id).map(|place| *place as usize);
    // Whose it is, is not known, so it may be anybody's.
    let own: BTreeSet<usize> = match &target.owner {
        Some(owner) => of_account(owner).into_iter().collect(),
        None => all.clone().collect(),
    };
    let admitted: BTreeSet<usize> = match admits.everyone {
        true => all.collect(),
        false => admits.accounts.iter().filter_map(|id| of_account(id)).collect(),
    };
    direct.asked = match (&target.owner, target.takes_no_resource) {
        (Some(_), true) => own.iter().map(|place| organisation.accounts[*place].members.len() + 1).sum(),
        _ => organisation.len() + organisation.accounts.len(),
    };
    let may_allow = |at: u32| relevance.may_allow(organisation.set_of[at as usize]);
    let mut such_as = Vec::new();
    for place in own.union(&admitted) {
        let is_own = own.contains(place);
        if target.takes_no_resource && !is_own {
            continue;
        }
        members.push(Member::Root(as_u32(*place)));
        for at in organisation.accounts[*place].members.iter().copied() {
            if may_allow(at) || (is_own && (admits.all_of_own || admits.named.contains(&at))) {
                members.push(Member::Principal(at));
            } else if such_as.len() < 5 {
                such_as.push(organisation.principal(at).arn.to_string());
            }
        }
    }
    for at in admits.named.iter().copied().filter(|at| may_allow(*at)) {
        let place = organisation.account_of[at as usize] as usize;
        if !own.contains(&place) && !admitted.contains(&place) {
            members.push(Member::Principal(at));
        }
    }
    let silent = direct.asked.saturating_sub(members.len());
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
    relevance: &Relevance,
    members: Vec<Member>,
    direct: &mut Direct,
) -> Result<(), String> {
    let (principals, accounts, shared) = mentioned(organisation, target);
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
            *of_chains.entry(chain).or_insert_with(|| organisation.chain_looks(chain, &target.about));
        let is_own = target.owner.as_deref() == Some(account.id.as_ref());
        let (class, sort, itself, tags) = match member {
            Member::Root(_) => (u32::MAX, Sort::Root, None, None),
            Member::Principal(at) => {
                let identity = organisation.principal(at);
                let sort = match identity.is_user {
                    true => Sort::User,
                    false if identity.arn.contains(":role/aws-service-role/") => Sort::Linked,
                    false => Sort::Role,
                };
                let class = relevance.class(organisation, organisation.set_of[at as usize]);
                (class, sort, Some(at), Some(identity))
            }
        };
        let looks = shared.or(of_chain).or(relevance.looks(class));
        let is_apart = looks.at_account
            || looks.at_arn
            || target.owner.is_none()
            || target.takes_no_resource
            || accounts.contains(account.id.as_ref());
        let key = Key {
            class,
            chain,
            is_own,
            sort,
            account: is_apart.then_some(place),
            organisation: account.organisation.filter(|_| looks.at_organisation),
            itself: itself.filter(|at| looks.at_arn || principals.contains(at)),
            tags: tags.filter(|_| looks.at_tags).and_then(|identity| identity.tags.clone()),
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
    let found =
        ask(&organisation.identities, wanted.asked(&principal_text(&first)), Side::Told, wanted.steps)?;
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
fn unread(
    organisation: &Organisation,
    wanted: &Wanted,
    target: &Target,
    admits: &Admits,
    direct: &mut Direct,
) -> Result<(), String> {
    let owner = target.owner.as_deref();
    let Some(owner) = owner else {
        direct.unknown.add(
            "the estate does not hold this resource, and does not tell whose it is",
            1,
            [target.resource.text.to_string()],
        );
        return Ok(());
    };
    not_read(organisation, Some(owner), direct);
    if admits.everyone {
        let identities = &organisation.identities;
        for account in organisation.accounts.iter().filter(|account| *account.id != *owner) {
            if let Some(why) = identities.why_not_listed(&account.id) {
                direct.unknown.add(
                    format!("not all principals of an account are known: {why}"),
                    1,
                    [account.id.to_string()],
                );
            }
        }
        let of_owner = identities.organisation_of(owner);
        let missing = identities.not_read().into_iter().map(|account| account.to_string());
        let missing =
            missing.filter(|account| account != owner && identities.organisation_of(account) == of_owner);
        let mut may = Vec::new();
        for account in missing {
            // Somebody there whom their account lets do everything.
            let somebody = format!("arn:aws:iam::{account}:role/somebody");
            let found = ask(identities, wanted.asked(&somebody), Side::Assumed, wanted.steps)?;
            direct.decided += 1;
            if !matches!(found, Found::Cannot(_)) {
                may.push(account);
            }
        }
        if !may.is_empty() {
            let why = "accounts of the organisation were not read, and the resource's policy may let their principals in";
            direct.unknown.add(why, may.len(), may);
        }
    }
    Ok(())
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
    // What principals may assume is looked for once, for all roles.
    let assumption = Action::parse("sts:AssumeRole").map(|action| About::of_all(&action));
    let relevance = assumption.map(|about| organisation.relevance(&about)).unwrap_or_default();
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
        let Some(role) = step.through.first() else { continue };
        if !trusts_principals(organisation, role.name()) {
            continue;
        }
        left = left.saturating_sub(1);
        {
            let mut assume = Wanted::new("sts:AssumeRole", role.name());
            assume.steps = wanted.steps;
            assume.chains = false;
            let target = target(organisation, &assume)?;
            let mut into = others(organisation, &assume, &target, &relevance, &seen)?;
            direct.decided += into.decided;
            for group in std::mem::take(&mut into.unknown).finish() {
                let Group { why, count, such_as } = group;
                direct.unknown.add(format!("who may assume a role that can: {why}"), count, such_as);
            }
            direct.nobody.extend(into.nobody);
            for grant in into.grants {
                let new: Vec<Who> =
                    grant.who.iter().filter(|who| seen.insert((*who).clone())).cloned().collect();
                let new: Vec<Who> = new.into_iter().filter(|who| !step.through.contains(who)).collect();
                if new.is_empty() {
                    continue;
                }
                for who in new.iter().filter(|who| matches!(who, Who::Role(_))) {
                    let through = std::iter::once(who.clone()).chain(step.through.iter().cloned()).collect();
                    waiting.push_back(Step { through });
                }
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

/// Does the trust policy of a role speak of anybody but services and identity providers?
fn trusts_principals(organisation: &Organisation, role: &str) -> bool {
    let Some((_, _, Some(policy))) = organisation.identities.resource(role) else { return true };
    policy.unread.is_some()
        || policy.statements.iter().filter(|statement| statement.effect != Some(Effect::Deny)).any(
            |statement| {
                statement.principals.as_ref().is_none_or(|principals| {
                    let is_other = |pattern: &PrincipalPattern| {
                        !matches!(pattern, PrincipalPattern::Service(_) | PrincipalPattern::Federated(_))
                    };
                    principals.is_negated
                        || principals.is_open
                        || principals.patterns.iter().any(|(pattern, _)| is_other(pattern))
                })
            },
        )
}

/// The services and identity providers that let others use a role, and how.
///
/// # Errors
/// It is no role.
pub fn ways_in(organisation: &Organisation, role: &str) -> Result<Vec<Grant>, String> {
    let mut found = Vec::new();
    for action in ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"] {
        let wanted = Wanted::new(action, role);
        let target = target(organisation, &wanted)?;
        let mut direct = Direct::default();
        outsiders(organisation, &wanted, &target, &mut direct)?;
        let is_way =
            |grant: &Grant| grant.who.iter().all(|who| matches!(who, Who::Service(_) | Who::Federated(_)));
        found.extend(direct.grants.into_iter().filter(is_way));
    }
    Ok(found)
}

/// What an action is called as AWS spells it.
pub(crate) fn spelled(action: &str) -> String {
    match (Reference::shipped().action(action), action.split_once(':')) {
        (Some(known), Some((service, _))) => format!("{}:{}", service.to_ascii_lowercase(), known.name),
        _ => action.to_owned(),
    }
}
