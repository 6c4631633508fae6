//! Over all layers at once: is there a context in which a request that leaves some of it open is allowed?
//!
//! `palisade-iam` puts the layers together into one formula over what is open. A way through the formula is looked for,
//! each condition key is given what its conditions ask for, and the engine confirms the request that comes out.

use crate::compile::{Condition, Values};
use crate::keys::{Bound, Domain, Literal, Settled, State, settle};
use crate::word::text;
use palisade_iam::{
    Context, Entry, Formula, Leaf, Open, Outcome, Policies, Principal, Question, Request, Rest, What, decide,
    discover,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many alternatives may be open at once.
const MAX_DEPTH: usize = 1_000;

/// Can a request be allowed?
#[derive(Debug, Clone)]
pub enum Satisfied {
    /// Yes: so.
    Met(Box<Met>),
    /// In no way, whatever is open.
    Never,
    /// No way was found, and that there is none could not be shown, for these reasons.
    Unknown(Vec<Open>),
}

/// A way in which a request is allowed.
#[derive(Debug, Clone)]
pub struct Met {
    /// The request, about one resource and with its context: the engine allows it.
    pub request: Request,
    /// The condition keys that were chosen, with their values; nothing for one that the request must not carry.
    pub chosen: Vec<(String, Option<Vec<String>>)>,
    /// The name of the session, where it matters.
    pub session: Option<String>,
    /// What must hold of what is open; `True` when nothing must.
    pub formula: Formula,
}

/// Looks for a context in which the request is allowed, by no more than so many steps.
pub fn satisfy(question: &Question, steps: u64) -> Satisfied {
    let policies = question.policies();
    let met = |request: &Request| {
        let met = Met { request: request.clone(), chosen: Vec::new(), session: None, formula: Formula::True };
        Satisfied::Met(Box::new(met))
    };
    // Quickly, without a look at which resources the policies tell apart.
    if question.decide().outcome == Outcome::Allowed {
        return met(question.deciding_request());
    }
    let Some(requests) = question.requests() else {
        let why = "the patterns of the policies cut this set into too many parts";
        return Satisfied::Unknown(vec![Open::fact("resource", why)]);
    };
    let mut open = BTreeSet::new();
    let mut left = steps;
    let mut conditional = None;
    for request in requests {
        if decide(request, policies).outcome == Outcome::Allowed {
            let met =
                Met { request: request.clone(), chosen: Vec::new(), session: None, formula: Formula::True };
            return Satisfied::Met(Box::new(met));
        }
        if conditional.is_some() {
            continue;
        }
        let (outcome, formula) = discover(request, policies);
        if outcome != Outcome::Allowed {
            continue;
        }
        let mut search = Search {
            request,
            policies,
            values: texts(&request.context),
            compiled: HashMap::new(),
            steps: &mut left,
            open: &mut open,
            formula: &formula,
        };
        conditional = search.go(vec![&formula], Branch::default(), 0);
    }
    match conditional {
        Some(met) => Satisfied::Met(Box::new(met)),
        None if left == 0 => Satisfied::Unknown(vec![Open::fact(
            "the conditions",
            format!("no way through them was found within {steps} steps"),
        )]),
        None if open.is_empty() => Satisfied::Never,
        None => Satisfied::Unknown(open.into_iter().collect()),
    }
}

/// What variables stand for: the values that are known.
fn texts(context: &Context) -> Values {
    let mut texts = HashMap::new();
    for (key, entry) in context.entries() {
        match entry {
            Entry::Absent => {
                texts.insert(key.into(), None);
            }
            Entry::Values(values) if values.len() == 1 => {
                texts.insert(key.into(), values.first().map(ToString::to_string));
            }
            _ => {}
        }
    }
    Values::Texts(texts)
}

/// What was taken on the way through a formula.
#[derive(Clone, Default)]
struct Branch {
    literals: BTreeMap<Arc<str>, Vec<(Arc<Condition>, bool)>>,
    /// Names that the session has and has not.
    session: (Option<Arc<str>>, Vec<Arc<str>>),
    facts: Vec<Open>,
}

/// A condition by what it says: operator, key, values, and whether it may hold variables.
type Said = (Arc<str>, Arc<str>, Vec<Arc<str>>, bool);

struct Search<'s> {
    request: &'s Request,
    policies: &'s Policies,
    values: Values,
    compiled: HashMap<Said, Option<Arc<Condition>>>,
    steps: &'s mut u64,
    open: &'s mut BTreeSet<Open>,
    formula: &'s Formula,
}

impl<'s> Search<'s> {
    fn go(&mut self, mut todo: Vec<&'s Formula>, mut branch: Branch, depth: usize) -> Option<Met> {
        loop {
            // Each alternative copies what is still to do.
            *self.steps = self.steps.saturating_sub(1 + todo.len() as u64 / 8);
            if *self.steps == 0 || depth > MAX_DEPTH {
                *self.steps = 0;
                return None;
            }
            // Alternatives last, the fewest first: what is certain rules most of them out.
            let at = (0..todo.len()).min_by_key(|at| match todo[*at] {
                Formula::Or(parts) => parts.len(),
                _ => 0,
            });
            let Some(at) = at else { return self.finish(&branch) };
            match todo.swap_remove(at) {
                Formula::True => {}
                Formula::False => return None,
                Formula::And(parts) => todo.extend(parts.iter()),
                Formula::Leaf(leaf) => {
                    if !self.take(leaf, &mut branch) {
                        return None;
                    }
                }
                Formula::Or(parts) => {
                    for part in parts.iter() {
                        let mut todo = todo.clone();
                        todo.push(part);
                        let found = self.go(todo, branch.clone(), depth + 1);
                        if found.is_some() {
                            return found;
                        }
                    }
                    return None;
                }
            }
        }
    }

    /// Adds a leaf; is there still a way?
    fn take(&mut self, leaf: &Leaf, branch: &mut Branch) -> bool {
        match &leaf.what {
            What::SessionName(name) if leaf.is_inverted => branch.session.1.push(name.clone()),
            What::SessionName(name) => {
                if branch.session.0.as_ref().is_some_and(|other| other != name) {
                    return false;
                }
                branch.session.0 = Some(name.clone());
            }
            What::Fact => branch.facts.push(leaf.open.clone()),
            What::Condition { .. } => match self.condition(leaf) {
                None => branch.facts.push(leaf.open.clone()),
                Some(condition) => {
                    let key = condition.key.clone();
                    branch.literals.entry(key.clone()).or_default().push((condition, !leaf.is_inverted));
                    return !matches!(self.settle(&key, branch, Bound::Perhaps), Settled::Nothing);
                }
            },
        }
        let (is, is_not) = &branch.session;
        !is.as_ref().is_some_and(|name| is_not.contains(name))
    }

    /// The condition of a leaf, where its key can be chosen.
    fn condition(&mut self, leaf: &Leaf) -> Option<Arc<Condition>> {
        let What::Condition { operator, key, values } = &leaf.what else { return None };
        if !matches!(self.request.context.of(key), Entry::Unknown(_) | Entry::Present(_)) {
            return None;
        }
        let by = leaf.source.as_ref()?.by;
        let policy = self.policies.at(by.place)?;
        let said = (operator.clone(), key.clone(), values.clone(), policy.has_variables);
        if let Some(known) = self.compiled.get(&said) {
            return known.clone();
        }
        let is_it = |condition: &&palisade_iam::Condition| {
            condition.operator_text == *operator
                && condition.key_text == *key
                && condition.values.len() == values.len()
                && condition.values.iter().zip(values).all(|(value, text)| value.text == *text)
        };
        let found = policy.statements.get(by.statement)?.conditions.iter().find(is_it)?;
        let compiled = Condition::new(found, policy.has_variables);
        let is_known = |key: &str| match &self.values {
            Values::Texts(texts) => texts.contains_key(key),
            Values::Symbols(..) => false,
        };
        let is_open = found.open.is_some()
            || found.operator.is_none()
            || compiled.variables().any(|variable| !is_known(variable.key.as_str()));
        let compiled = (!is_open).then(|| Arc::new(compiled));
        self.compiled.insert(said, compiled.clone());
        compiled
    }

    fn settle(&mut self, key: &Arc<str>, branch: &Branch, bound: Bound) -> Settled<State> {
        let mut domain = Domain::of(key);
        domain.is_always_there |= matches!(self.request.context.of(key), Entry::Present(_));
        let literals: Vec<Literal<'_>> = branch
            .literals
            .get(key)
            .into_iter()
            .flatten()
            .map(|(condition, wanted)| Literal { condition, wanted: *wanted })
            .collect();
        let fixed = if key.as_ref() == "aws:userid" { self.user_id(branch) } else { None };
        settle(domain, &literals, fixed.as_ref(), &self.values, bound, self.steps)
    }

    /// The id of a session whose name is chosen.
    fn user_id(&self, branch: &Branch) -> Option<State> {
        let Principal::RoleSession(role) = &self.request.principal else { return None };
        let text = format!("{}:{}", role.id.as_ref()?, branch.session.0.as_ref()?);
        Some(State::Values(vec![crate::word::letters(&text)]))
    }

    /// The request at the end of a way, if the engine allows it.
    fn finish(&mut self, branch: &Branch) -> Option<Met> {
        if !branch.facts.is_empty() {
            self.open.extend(branch.facts.iter().cloned());
            return None;
        }
        let mut chosen = Vec::new();
        for key in branch.literals.keys() {
            match self.settle(key, branch, Bound::Surely) {
                Settled::Found(State::Absent) => chosen.push((key.to_string(), None)),
                Settled::Found(State::Values(words)) => {
                    let values: Option<Vec<String>> = words.iter().map(|word| text(word)).collect();
                    let Some(values) = values else { return self.unsure(key, "no text was found for it") };
                    chosen.push((key.to_string(), Some(values)));
                }
                Settled::Unsure(why) => return self.unsure(key, &why),
                Settled::OutOfSteps => return None,
                Settled::Nothing => return self.unsure(key, "what AWS does not document decides"),
            }
        }
        let request = self.witness(branch, &chosen);
        if decide(&request, self.policies).outcome != Outcome::Allowed {
            let names: Vec<&str> = chosen.iter().map(|(key, _)| key.as_str()).collect();
            return self.unsure(&names.join(", "), "a request was found that the engine does not confirm");
        }
        let session = branch.session.0.as_ref().map(ToString::to_string);
        Some(Met { request, chosen, session, formula: self.formula.clone() })
    }

    fn unsure(&mut self, key: &str, why: &str) -> Option<Met> {
        self.open.insert(Open { key: Some(key.into()), fact: None, why: why.into() });
        None
    }

    fn witness(&self, branch: &Branch, chosen: &[(String, Option<Vec<String>>)]) -> Request {
        let mut request = self.request.clone();
        let mut context = Context::new(Rest::Absent);
        for (key, entry) in request.context.entries() {
            if !matches!(entry, Entry::Unknown(_)) {
                context.set(key, entry.clone());
            }
        }
        for (key, values) in chosen {
            let entry = values
                .as_ref()
                .map_or(Entry::Absent, |values| Entry::values(values.iter().map(String::as_str)));
            context.set(key, entry);
        }
        request.context = context;
        if let Principal::RoleSession(role) = &mut request.principal
            && role.session.is_none()
        {
            let (is, is_not) = &branch.session;
            let other = || {
                (0..=is_not.len())
                    .map(|at| format!("session{at}"))
                    .find(|n| is_not.iter().all(|o| **o != **n))
            };
            if is.is_some() || !is_not.is_empty() {
                role.session = is.as_ref().map(ToString::to_string).or_else(other).map(Into::into);
            }
        }
        request
    }
}
