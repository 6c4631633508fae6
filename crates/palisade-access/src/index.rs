//! The principals of an estate, put into classes that no policy tells apart, and found by the actions they may be allowed.

use palisade_iam::{
    Action, Actions, Condition, Context, Effect, Level, Policy, PrincipalPattern, ResourceText, Rest, Statement, Test,
    Truth,
};
use palisade_identity::{Identities, Identity};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

/// The identities of estates, ready to be asked about all of them at once.
pub struct Organisation {
    pub(crate) identities: Identities,
    /// Policies that say the same, once.
    contents: Vec<Arc<Policy>>,
    /// Contents that may allow something of a service.
    by_service: HashMap<Box<str>, Vec<u32>>,
    /// Contents that may allow something of any.
    always: Vec<u32>,
    /// Sets of contents: policies, and the boundary.
    sets: Vec<(Vec<u32>, Option<u32>)>,
    /// Sets by the contents in them.
    sets_of: Vec<Vec<u32>>,
    /// The set of each principal.
    pub(crate) set_of: Vec<u32>,
    /// The account of each principal, as a place in `accounts`.
    pub(crate) account_of: Vec<u32>,
    pub(crate) accounts: Vec<AccountOf>,
    pub(crate) by_account: HashMap<Arc<str>, u32>,
    /// Chains of service control policies that say the same for all accounts below.
    pub(crate) chains: Vec<Vec<Level>>,
    /// Principals by their unique ids.
    by_id: HashMap<Box<str>, u32>,
}

/// An account with principals, or one that was looked into.
pub(crate) struct AccountOf {
    pub id: Arc<str>,
    pub members: Vec<u32>,
    /// Its chain of service control policies.
    pub chain: u32,
}

/// Which attributes of principals some policies look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    pub at_arn: bool,
    pub at_tags: bool,
    pub at_account: bool,
}

impl Looks {
    pub fn or(self, other: Self) -> Self {
        Self {
            at_arn: self.at_arn || other.at_arn,
            at_tags: self.at_tags || other.at_tags,
            at_account: self.at_account || other.at_account,
        }
    }
}

impl Organisation {
    /// Indexes the identities of estates.
    pub fn new(identities: Identities) -> Self {
        let mut all = Self {
            contents: Vec::new(),
            by_service: HashMap::new(),
            always: Vec::new(),
            sets: Vec::new(),
            sets_of: Vec::new(),
            set_of: Vec::new(),
            account_of: Vec::new(),
            accounts: Vec::new(),
            by_account: HashMap::new(),
            chains: Vec::new(),
            by_id: HashMap::new(),
            identities,
        };
        let mut chains = HashMap::new();
        let looked_into: Vec<Arc<str>> =
            all.identities.accounts().map(|account| account.to_string().into()).collect();
        for account in looked_into {
            all.account(&account, &mut chains);
        }
        let mut known = Known::default();
        for at in 0..all.identities.list().len() {
            let identity = all.identities.list()[at].clone();
            let place = u32::try_from(at).unwrap_or(u32::MAX);
            let mut policies: Vec<u32> =
                identity.policies.iter().map(|policy| all.content(policy, &mut known)).collect();
            policies.sort_unstable();
            policies.dedup();
            let boundary = identity.boundary.as_ref().map(|policy| all.content(policy, &mut known));
            let set = *known.sets.entry((policies, boundary)).or_insert_with_key(|key| {
                all.sets.push(key.clone());
                as_u32(all.sets.len() - 1)
            });
            all.set_of.push(set);
            let account = all.account(&identity.account, &mut chains);
            all.account_of.push(account);
            all.accounts[account as usize].members.push(place);
            if let Some(id) = &identity.id {
                all.by_id.insert(id.clone(), place);
            }
        }
        all.sets_of = vec![Vec::new(); all.contents.len()];
        for (set, (policies, _)) in all.sets.iter().enumerate() {
            policies.iter().for_each(|content| all.sets_of[*content as usize].push(as_u32(set)));
        }
        for (at, policy) in all.contents.iter().enumerate() {
            match services(policy) {
                None => all.always.push(as_u32(at)),
                Some(services) => {
                    for service in services {
                        all.by_service.entry(service).or_default().push(as_u32(at));
                    }
                }
            }
        }
        all
    }

    /// The identities that were indexed.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    fn account(&mut self, id: &Arc<str>, chains: &mut HashMap<String, u32>) -> u32 {
        if let Some(at) = self.by_account.get(id) {
            return *at;
        }
        let levels = self.identities.scps(id);
        let mut said = String::new();
        for level in &levels {
            for policy in &level.policies {
                let _ = write!(said, "{:p} {:?},", Arc::as_ptr(policy), policy.unread);
            }
            said.push(';');
        }
        // One that was made for this account alone says the same as another with the same words.
        if levels.iter().flat_map(|level| &level.policies).any(|policy| policy.unread.is_some()) {
            said = format!("{:?}", levels.iter().flat_map(|l| &l.policies).map(|p| &p.unread).collect::<Vec<_>>());
        }
        let chain = *chains.entry(said).or_insert_with(|| {
            self.chains.push(levels);
            as_u32(self.chains.len() - 1)
        });
        let at = as_u32(self.accounts.len());
        self.accounts.push(AccountOf { id: id.clone(), members: Vec::new(), chain });
        self.by_account.insert(id.clone(), at);
        at
    }

    /// The place of what a policy says.
    fn content(&mut self, policy: &Arc<Policy>, known: &mut Known) -> u32 {
        let pointer = Arc::as_ptr(policy) as usize;
        if let Some(at) = known.pointers.get(&pointer) {
            return *at;
        }
        let contents = &mut self.contents;
        let at = *known.texts.entry(said(policy)).or_insert_with(|| {
            contents.push(policy.clone());
            as_u32(contents.len() - 1)
        });
        known.pointers.insert(pointer, at);
        at
    }

    /// The sets of policies some of which may allow the action on the resource.
    pub(crate) fn may_allow(&self, action: &Action, resource: Option<&ResourceText>) -> HashSet<u32> {
        let context = Context::new(Rest::Unknown("it is not told".into()));
        let of_service = self.by_service.get(action.service()).into_iter().flatten();
        let mut sets = HashSet::new();
        for content in of_service.chain(&self.always) {
            let policy = &self.contents[*content as usize];
            if policy_may(policy, action, resource, &context) {
                sets.extend(self.sets_of[*content as usize].iter().copied());
            }
        }
        sets
    }

    /// At what the policies of a set look for an action.
    pub(crate) fn set_looks(&self, set: u32, action: &Action) -> Looks {
        let Some((policies, boundary)) = self.sets.get(set as usize) else { return Looks::default() };
        let contents = policies.iter().chain(boundary);
        contents.map(|at| looks(&self.contents[*at as usize], action)).fold(Looks::default(), Looks::or)
    }

    /// At what a chain of service control policies looks for an action.
    pub(crate) fn chain_looks(&self, chain: u32, action: &Action) -> Looks {
        let levels = self.chains.get(chain as usize).into_iter().flatten();
        let policies = levels.flat_map(|level| &level.policies);
        policies.map(|policy| looks(policy, action)).fold(Looks::default(), Looks::or)
    }

    /// The principal of a unique id.
    pub(crate) fn by_id(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// The principal that a policy names, where the estate holds it.
    pub(crate) fn named(&self, pattern: &PrincipalPattern) -> Option<u32> {
        let place = |arn: &str| self.identities.place(arn).map(as_u32);
        match pattern {
            PrincipalPattern::User { arn } => place(arn),
            PrincipalPattern::Role { arn, .. } => place(arn),
            PrincipalPattern::Session { account, role, .. } => {
                self.identities.role(account, role).and_then(place)
            }
            PrincipalPattern::UniqueId(id) => self.by_id(id),
            _ => None,
        }
    }

    /// A principal by its place.
    pub(crate) fn principal(&self, at: u32) -> &Identity {
        &self.identities.list()[at as usize]
    }

    /// How many principals there are.
    pub fn len(&self) -> usize {
        self.set_of.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.set_of.is_empty()
    }

    /// How many policies say something of their own, and how many different sets of them principals have.
    pub fn classes(&self) -> (usize, usize) {
        (self.contents.len(), self.sets.len())
    }
}

/// What is known while the index is made.
#[derive(Default)]
struct Known {
    pointers: HashMap<usize, u32>,
    texts: HashMap<String, u32>,
    sets: HashMap<(Vec<u32>, Option<u32>), u32>,
}

pub(crate) fn as_u32(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What a policy says, without its name and places.
fn said(policy: &Policy) -> String {
    let mut text = String::new();
    let _ = write!(text, "{:?} {} {} ", policy.kind, policy.has_variables, policy.is_rejected);
    if let Some(why) = &policy.unread {
        let _ = write!(text, "unread {} {why}", policy.name);
    }
    for statement in &policy.statements {
        let _ = write!(text, "\n{:?} {:?} ", statement.effect, statement.open);
        let _ = write!(text, "A{} {:?}", statement.actions.is_negated, statement.actions.open);
        statement.actions.written.iter().for_each(|word| text.extend([" ", &word.text]));
        if let Some(resources) = &statement.resources {
            let _ = write!(text, "\nR{} {:?}", resources.is_negated, resources.open);
            resources.patterns.iter().for_each(|(_, word)| text.extend(["\u{1}", &word.text]));
        }
        for condition in &statement.conditions {
            let _ = write!(text, "\nC{} {} {:?}", condition.operator_text, condition.key_text, condition.open);
            condition.values.iter().for_each(|value| text.extend(["\u{1}", &value.text]));
        }
    }
    text
}

/// The services of which a policy may allow something; nothing when it may be any.
fn services(policy: &Policy) -> Option<HashSet<Box<str>>> {
    if policy.unread.is_some() {
        return None;
    }
    let mut all = HashSet::new();
    for statement in policy.statements.iter().filter(|statement| statement.effect != Some(Effect::Deny)) {
        let Actions { is_negated, written, open, .. } = &statement.actions;
        if *is_negated || open.is_some() || statement.open.is_some() {
            return None;
        }
        for word in written {
            match word.text.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => {
                    all.insert(service.to_ascii_lowercase().into());
                }
                _ => return None,
            }
        }
    }
    Some(all)
}

/// May the statement be about the action and the resource?
pub(crate) fn is_about(
    statement: &Statement,
    action: &Action,
    resource: Option<&ResourceText>,
    context: &Context,
) -> bool {
    let acts = statement.actions.matches(action, context);
    let matches = || match (&statement.resources, resource) {
        (Some(resources), Some(resource)) => resources.matches(resource, context),
        _ => Truth::Yes,
    };
    !acts.is_no() && !matches().is_no()
}

fn policy_may(policy: &Policy, action: &Action, resource: Option<&ResourceText>, context: &Context) -> bool {
    policy.unread.is_some()
        || policy
            .statements
            .iter()
            .any(|statement| statement.effect != Some(Effect::Deny) && is_about(statement, action, resource, context))
}

/// At what of its principals a policy looks for an action.
pub(crate) fn looks(policy: &Policy, action: &Action) -> Looks {
    let context = Context::new(Rest::Absent);
    let mut all = Looks::default();
    for statement in &policy.statements {
        if statement.actions.matches(action, &context).is_no() {
            continue;
        }
        let has_variable = |text: &str| policy.has_variables && text.contains("${");
        let resources = statement.resources.iter().flat_map(|resources| &resources.patterns);
        let texts = resources.map(|(_, written)| written.text.as_ref());
        let values = statement.conditions.iter().flat_map(|condition| &condition.values);
        if texts.chain(values.map(|value| value.text.as_ref())).any(has_variable) {
            return Looks { at_arn: true, at_tags: true, at_account: true };
        }
        all = statement.conditions.iter().map(condition_looks).fold(all, Looks::or);
    }
    all
}

fn condition_looks(condition: &Condition) -> Looks {
    let key = condition.key.as_str();
    Looks {
        at_arn: matches!(key, "aws:principalarn" | "aws:userid" | "aws:username"),
        at_tags: key.starts_with("aws:principaltag/"),
        at_account: matches!(
            key,
            "aws:principalaccount" | "aws:principalorgpaths" | "aws:principalorgid" | "aws:principalarn"
        ),
    }
}

/// The accounts that conditions of a statement name: outside of an estate, nothing else tells of them.
pub(crate) fn accounts_in(statement: &Statement) -> BTreeMap<Box<str>, Option<Box<str>>> {
    let mut found = BTreeMap::new();
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    for condition in statement.conditions.iter().filter(|condition| condition.requires_value()) {
        for value in &condition.values {
            match (condition.key.as_str(), &value.test) {
                ("aws:principalaccount", _) if is_account(&value.text) => {
                    found.entry(value.text.as_ref().into()).or_insert(None);
                }
                ("aws:principalarn", Test::Arn(_) | Test::Text(_)) => {
                    let account = value.text.split(':').nth(4).unwrap_or_default();
                    if is_account(account) {
                        found.insert(account.into(), Some(value.text.as_ref().into()));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The organisations that conditions of a statement name.
pub(crate) fn organisations_in(statement: &Statement) -> Vec<Box<str>> {
    let mut found = Vec::new();
    for condition in statement.conditions.iter().filter(|condition| condition.requires_value()) {
        if matches!(condition.key.as_str(), "aws:principalorgid" | "aws:principalorgpaths") {
            for value in &condition.values {
                let id = value.text.split('/').next().unwrap_or_default();
                if id.starts_with("o-") && !id.contains(['*', '?']) && !found.iter().any(|known: &Box<str>| **known == *id) {
                    found.push(id.into());
                }
            }
        }
    }
    found
}
