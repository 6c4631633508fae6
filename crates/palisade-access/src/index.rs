//! The principals of an estate, put into classes that no policy tells apart, and found by the actions they may be allowed.

use palisade_iam::{
    Action, Actions, Condition, Context, Effect, Level, Policy, PrincipalPattern, ResourceText, Rest,
    Statement, Test,
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
    /// Its organisation, as far as one can tell.
    pub organisation: Option<u32>,
}

/// Which attributes of principals some policies look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    pub at_arn: bool,
    pub at_tags: bool,
    pub at_account: bool,
    pub at_organisation: bool,
}

impl Looks {
    pub fn or(self, other: Self) -> Self {
        Self {
            at_arn: self.at_arn || other.at_arn,
            at_tags: self.at_tags || other.at_tags,
            at_account: self.at_account || other.at_account,
            at_organisation: self.at_organisation || other.at_organisation,
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
        for (set, (policies, boundary)) in all.sets.iter().enumerate() {
            policies
                .iter()
                .chain(boundary)
                .for_each(|content| all.sets_of[*content as usize].push(as_u32(set)));
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
            said = format!(
                "{:?}",
                levels.iter().flat_map(|l| &l.policies).map(|p| &p.unread).collect::<Vec<_>>()
            );
        }
        let chain = *chains.entry(said).or_insert_with(|| {
            self.chains.push(levels);
            as_u32(self.chains.len() - 1)
        });
        let at = as_u32(self.accounts.len());
        let ids = self.identities.organisations();
        let organisation = self.identities.organisation_of(id);
        let organisation = ids.iter().position(|known| Some(*known) == organisation).map(as_u32);
        self.accounts.push(AccountOf { id: id.clone(), members: Vec::new(), chain, organisation });
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

    /// What the sets of policies say that matters for an action on a resource.
    pub(crate) fn relevance(&self, asked: &About) -> Relevance {
        let mut relevance = Relevance { looks: vec![Looks::default(); 2], ..Relevance::default() };
        let mut texts: HashMap<String, u32> = HashMap::new();
        let mut parts: Vec<(u32, Looks, bool)> = vec![(0, Looks::default(), false); self.contents.len()];
        let mut touched: HashSet<u32> = HashSet::new();
        let of_service = self.by_service.get(asked.action.service()).into_iter().flatten();
        for at in of_service.chain(&self.always) {
            let policy = &self.contents[*at as usize];
            let (text, may, looks) = relevant(policy, asked);
            if text.is_empty() {
                continue;
            }
            let next = as_u32(texts.len() + 1);
            let part = *texts.entry(text).or_insert(next);
            parts[*at as usize] = (part, looks, may);
            touched.extend(&self.sets_of[*at as usize]);
        }
        let mut classes: HashMap<(Vec<u32>, Option<u32>), u32> =
            [((Vec::new(), None), 0), ((Vec::new(), Some(0)), 1)].into();
        for set in touched {
            let (policies, boundary) = &self.sets[set as usize];
            let mut said: Vec<u32> =
                policies.iter().map(|at| parts[*at as usize].0).filter(|part| *part > 0).collect();
            said.sort_unstable();
            said.dedup();
            let limit = boundary.map(|at| parts[at as usize].0);
            let of_all = policies.iter().chain(boundary).map(|at| parts[*at as usize].1);
            let next = as_u32(relevance.looks.len());
            let class = *classes.entry((said, limit)).or_insert_with(|| {
                relevance.looks.push(Looks::default());
                next
            });
            let looks = &mut relevance.looks[class as usize];
            *looks = of_all.fold(*looks, Looks::or);
            relevance.classes.insert(set, class);
            if policies.iter().any(|at| parts[*at as usize].2) {
                relevance.may.insert(set);
            }
        }
        relevance
    }

    /// At what a chain of service control policies looks for an action.
    pub(crate) fn chain_looks(&self, chain: u32, asked: &About) -> Looks {
        let levels = self.chains.get(chain as usize).into_iter().flatten();
        let policies = levels.flat_map(|level| &level.policies);
        policies.map(|policy| looks(policy, asked)).fold(Looks::default(), Looks::or)
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
    policy.statements.iter().for_each(|statement| say(statement, &mut text));
    text
}

fn say(statement: &Statement, text: &mut String) {
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

/// The services of which a policy says something; nothing when it may be any.
fn services(policy: &Policy) -> Option<HashSet<Box<str>>> {
    if policy.unread.is_some() {
        return None;
    }
    let mut all = HashSet::new();
    for statement in &policy.statements {
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

/// What is asked about: an action, and a resource where one is known.
pub(crate) struct About {
    pub action: Action,
    resource: Option<ResourceText>,
    /// The beginning that all resources of a set have.
    begins: Option<String>,
    context: Context,
}

impl About {
    pub fn new(action: &Action, resource: &ResourceText, takes_no_resource: bool, is_set: bool) -> Self {
        let one = !takes_no_resource && !is_set;
        Self {
            action: action.clone(),
            resource: one.then(|| resource.clone()),
            begins: is_set.then(|| beginning(&resource.text).to_owned()),
            context: Context::new(Rest::Unknown("it is not told".into())),
        }
    }

    /// The action, on whatever resource.
    pub fn of_all(action: &Action) -> Self {
        let context = Context::new(Rest::Unknown("it is not told".into()));
        Self { action: action.clone(), resource: None, begins: None, context }
    }

    /// May the statement be about it?
    pub fn is_in(&self, statement: &Statement) -> bool {
        if statement.actions.matches(&self.action, &self.context).is_no() {
            return false;
        }
        match (&statement.resources, &self.resource, &self.begins) {
            (Some(resources), Some(resource), _) => !resources.matches(resource, &self.context).is_no(),
            (Some(resources), None, Some(begins)) if !resources.is_negated && resources.open.is_none() => {
                resources.patterns.iter().any(|(_, written)| {
                    let pattern = beginning(&written.text);
                    pattern.starts_with(begins.as_str()) || begins.starts_with(pattern)
                })
            }
            _ => true,
        }
    }
}

/// What comes before the first wildcard or variable.
fn beginning(text: &str) -> &str {
    text.split(['*', '?', '$']).next().unwrap_or_default()
}

/// What sets of policies say that matters.
#[derive(Default)]
pub(crate) struct Relevance {
    /// The class of each set; the others say nothing, and are of class 0, or of class 1 with a boundary.
    classes: HashMap<u32, u32>,
    /// The sets that may allow it.
    may: HashSet<u32>,
    looks: Vec<Looks>,
}

impl Relevance {
    pub fn may_allow(&self, set: u32) -> bool {
        self.may.contains(&set)
    }
    pub fn class(&self, organisation: &Organisation, set: u32) -> u32 {
        let is_bounded =
            || organisation.sets.get(set as usize).is_some_and(|(_, boundary)| boundary.is_some());
        self.classes.get(&set).copied().unwrap_or_else(|| u32::from(is_bounded()))
    }
    pub fn looks(&self, class: u32) -> Looks {
        self.looks.get(class as usize).copied().unwrap_or_default()
    }
}

/// What of a policy is about what is asked, whether that may allow it, and at what of principals it looks.
fn relevant(policy: &Policy, asked: &About) -> (String, bool, Looks) {
    if policy.unread.is_some() {
        return (said(policy), true, Looks::default());
    }
    let (mut text, mut may, mut all) = (String::new(), false, Looks::default());
    for statement in policy.statements.iter().filter(|statement| asked.is_in(statement)) {
        if text.is_empty() {
            text.push_str(if policy.has_variables { "variables" } else { "plain" });
            let _ = write!(text, " {:?} {}", policy.kind, policy.is_rejected);
        }
        may |= statement.effect != Some(Effect::Deny);
        all = all.or(statement_looks(policy, statement));
        say(statement, &mut text);
    }
    (text, may, all)
}

/// At what of its principals a policy looks for what is asked.
pub(crate) fn looks(policy: &Policy, asked: &About) -> Looks {
    let statements = policy.statements.iter().filter(|statement| asked.is_in(statement));
    statements.map(|statement| statement_looks(policy, statement)).fold(Looks::default(), Looks::or)
}

fn statement_looks(policy: &Policy, statement: &Statement) -> Looks {
    let has_variable = |text: &str| policy.has_variables && text.contains("${");
    let resources = statement.resources.iter().flat_map(|resources| &resources.patterns);
    let texts = resources.map(|(_, written)| written.text.as_ref());
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    if texts.chain(values.map(|value| value.text.as_ref())).any(has_variable) {
        return Looks { at_arn: true, at_tags: true, at_account: true, at_organisation: true };
    }
    statement.conditions.iter().map(condition_looks).fold(Looks::default(), Looks::or)
}

fn condition_looks(condition: &Condition) -> Looks {
    let key = condition.key.as_str();
    Looks {
        at_arn: matches!(key, "aws:principalarn" | "aws:userid" | "aws:username"),
        at_tags: key.starts_with("aws:principaltag/"),
        at_account: matches!(key, "aws:principalaccount" | "aws:principalorgpaths" | "aws:principalarn"),
        at_organisation: key == "aws:principalorgid",
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
                if id.starts_with("o-") && !id.contains(['*', '?']) && !found.contains(&Box::from(id)) {
                    found.push(id.into());
                }
            }
        }
    }
    found
}
