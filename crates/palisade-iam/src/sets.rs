//! Requests about a set of resources: `arn:aws:s3:::bucket/*` asks whether the action is allowed on some of them.
//!
//! The set is cut into classes that no policy tells apart, and one resource of each class is decided.

use crate::decide::{self, Decision, Open, Outcome};
use crate::formula::{self, Formula};
use crate::pattern::{Glob, Reading, Token, pattern_fields};
use crate::policy::{ResourcePattern, ResourceText};
use crate::request::{Policies, Request};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::OnceLock;

/// How many states are looked at in search of one resource of each class.
const MAX_STATES: usize = 20_000;
/// How many classes are decided at most.
const MAX_CLASSES: usize = 256;

/// Does the request ask about more than one resource?
pub fn is_set(request: &Request) -> bool {
    !request.takes_no_resource && request.resource.text.contains(['*', '?'])
}

/// A request and the policies that apply to it, compiled: deciding it allocates nothing, but for the first decision about a set
/// of resources, which looks for those that stand for it.
#[derive(Debug, Clone)]
pub struct Question {
    request: Request,
    policies: Policies,
    // Looked for when the answer about the text itself is not enough.
    members: OnceLock<Members>,
}

/// The resources that stand for the set that was asked for.
#[derive(Debug, Clone)]
enum Members {
    /// The request is about one resource.
    One,
    /// One resource of each class.
    Many(Vec<Request>),
    /// There are too many classes to look at.
    TooMany,
}

impl Question {
    /// Compiles a question.
    pub fn new(request: Request, mut policies: Policies) -> Self {
        if policies.access_point.is_none() {
            policies.access_point =
                request.facts.s3.access_point.as_ref().and_then(|point| point.policy.clone());
        }
        let members = OnceLock::new();
        if !is_set(&request) {
            let _ = members.set(Members::One);
        }
        Self { request, policies, members }
    }

    fn members(&self) -> &Members {
        self.members.get_or_init(|| match members(&self.request, &self.policies) {
            Some(members) => {
                Members::Many(members.into_iter().map(|member| about(&self.request, member)).collect())
            }
            None => Members::TooMany,
        })
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The policies.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The requests that stand for the set of resources, one alone for a request about one; nothing when there are too
    /// many to look at.
    pub fn requests(&self) -> Option<Vec<&Request>> {
        match self.members() {
            Members::One => Some(vec![&self.request]),
            Members::Many(members) => Some(std::iter::once(&self.request).chain(members).collect()),
            Members::TooMany => None,
        }
    }

    /// The request about the one resource that the answer rests on.
    pub fn deciding_request(&self) -> &Request {
        let outcome = self.decide().outcome;
        if decide::decide(&self.request, &self.policies).outcome == outcome {
            return &self.request;
        }
        match self.members() {
            Members::Many(members) => {
                let is_it = |request: &&Request| decide::decide(request, &self.policies).outcome == outcome;
                members.iter().find(is_it).unwrap_or(&self.request)
            }
            Members::One | Members::TooMany => &self.request,
        }
    }

    /// Decides it. A request about a set is allowed if it is for some resource of the set.
    pub fn decide(&self) -> Decision {
        // The text itself is one of the set: what holds for it with no pattern in between is quickly known.
        let first = decide::decide(&self.request, &self.policies);
        if first.outcome == Outcome::Allowed || first.rule.is_some() {
            return first;
        }
        match self.members() {
            Members::One => first,
            Members::TooMany => Decision { outcome: Outcome::Unknown, by: None, ..first },
            Members::Many(members) => {
                let mut best = first;
                for member in members {
                    let decision = decide::decide(member, &self.policies);
                    if rank_of(&decision) > rank_of(&best) {
                        best = decision;
                    }
                }
                best
            }
        }
    }

    /// What decides when the decision is unknown.
    pub fn open(&self) -> Vec<Open> {
        let mut found = formula::open(&self.request, &self.policies);
        match self.members() {
            Members::One => {}
            Members::TooMany => {
                let why = "the patterns of the policies cut this set into too many parts";
                found.push(Open::fact("resource", why));
            }
            Members::Many(members) => {
                for open in members.iter().flat_map(|member| formula::open(member, &self.policies)) {
                    if !found.contains(&open) {
                        found.push(open);
                    }
                }
            }
        }
        found
    }

    /// Can it be allowed, and under which conditions? What the context leaves open may be anything.
    pub fn discover(&self) -> (Outcome, Formula) {
        let first = formula::discover(&self.request, &self.policies);
        let Members::Many(members) = self.members() else { return first };
        let mut best = first;
        for member in members {
            if best.0 == Outcome::Allowed {
                break;
            }
            let found = formula::discover(member, &self.policies);
            if rank(found.0) > rank(best.0) {
                best = found;
            }
        }
        best
    }
}

/// Can a request about one resource be allowed, and under which conditions?
pub fn discover(request: &Request, policies: &Policies) -> (Outcome, Formula) {
    formula::discover(request, policies)
}

/// Decides a request. One about a set is allowed if it is for some resource of the set.
pub fn decide(request: &Request, policies: &Policies) -> Decision {
    if is_set(request) {
        return Question::new(request.clone(), policies.clone()).decide();
    }
    decide::decide(request, policies)
}

fn about(request: &Request, member: String) -> Request {
    Request { resource: ResourceText::new(&member), ..request.clone() }
}

/// Which of two answers is the one for the set.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::ExplicitlyDenied => 0,
        Outcome::ImplicitlyDenied => 1,
        Outcome::Unknown => 2,
        Outcome::Allowed => 3,
    }
}

/// That of two denials which says more about the set: one is explicit for it where only a denial stands in the way.
fn rank_of(decision: &Decision) -> (u8, u8) {
    match decision.outcome {
        Outcome::ExplicitlyDenied if decision.is_allowed_but_for_denial => (1, 1),
        outcome => (rank(outcome), 0),
    }
}

/// A step of a pattern over whole ARNs, where a star of one of the first five fields stays within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Letter(char),
    One { within_field: bool },
    Star { within_field: bool },
}

type Steps = Vec<Step>;

fn steps_of_fields(fields: &[Vec<Token>]) -> Steps {
    let mut steps = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            steps.push(Step::Letter(':'));
        }
        let within_field = at < 5 && fields.len() > 1;
        steps.extend(field.iter().map(|token| match token {
            Token::Letter(letter) => Step::Letter(*letter),
            Token::One => Step::One { within_field },
            Token::Star => Step::Star { within_field },
        }));
    }
    steps
}

fn all_patterns(policies: &Policies) -> impl Iterator<Item = &ResourcePattern> {
    let levels = policies.scps.iter().chain(&policies.rcps).flat_map(|level| &level.policies);
    let own = policies.identity.iter().chain(&policies.resource).chain(&policies.session);
    let all = levels.chain(own).chain(&policies.boundaries).chain(&policies.endpoints);
    all.flat_map(|policy| policy.statements.iter())
        .filter_map(|statement| statement.resources.as_ref())
        .flat_map(|resources| resources.patterns.iter().map(|(pattern, _)| pattern))
}

/// One resource of each class that the patterns cut the set into; nothing when there are too many to look at.
fn members(request: &Request, policies: &Policies) -> Option<Vec<String>> {
    let reading = Reading { wildcards: true, variables: false, ignores_case: false };
    let own: Vec<Vec<Token>> = pattern_fields(&request.resource.text, false)
        .into_iter()
        .map(|field| Glob::parse(field, reading).0.tokens(&request.context).unwrap_or_default())
        .collect();
    let mut patterns = vec![steps_of_fields(&own)];
    for pattern in all_patterns(policies) {
        let fields: Vec<&Glob> = match pattern {
            ResourcePattern::Any => continue,
            ResourcePattern::Other(glob) => vec![glob],
            ResourcePattern::Arn { fields, .. } => fields.iter().collect(),
        };
        let Some(tokens) =
            fields.into_iter().map(|glob| glob.tokens(&request.context)).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let steps = steps_of_fields(&tokens);
        if !patterns.contains(&steps) {
            patterns.push(steps);
        }
    }
    // Where no policy names resources, no two of them differ.
    if patterns.len() == 1 { Some(Vec::new()) } else { search(&patterns) }
}

/// The places in each pattern that the text so far leads to.
type State = Vec<Vec<u32>>;

/// Breadth first: the shortest text of the first pattern for each set of the others that match it.
fn search(patterns: &[Steps]) -> Option<Vec<String>> {
    let mut alphabet: Vec<char> = Vec::new();
    for step in patterns.iter().flatten() {
        if let Step::Letter(letter) = step
            && !alphabet.contains(letter)
        {
            alphabet.push(*letter);
        }
    }
    // One letter that no pattern names stands for all others.
    alphabet.extend(
        ['~', 'x', '\u{e000}']
            .into_iter()
            .find(|letter| !patterns.iter().flatten().any(|s| *s == Step::Letter(*letter))),
    );
    let start: State = patterns.iter().map(|steps| closure(steps, vec![0])).collect();
    let mut seen: HashSet<State> = HashSet::from([start.clone()]);
    let mut waiting: VecDeque<(State, String)> = VecDeque::from([(start, String::new())]);
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    while let Some((state, text)) = waiting.pop_front() {
        let accepts = |at: usize| state[at].last().is_some_and(|end| *end as usize == patterns[at].len());
        if accepts(0) {
            found.entry((0..patterns.len()).map(accepts).collect()).or_insert_with(|| text.clone());
            if found.len() > MAX_CLASSES {
                return None;
            }
        }
        for letter in &alphabet {
            let next: State =
                patterns.iter().zip(&state).map(|(steps, places)| advance(steps, places, *letter)).collect();
            if next[0].is_empty() || !seen.insert(next.clone()) {
                continue;
            }
            if seen.len() > MAX_STATES {
                return None;
            }
            let mut longer = text.clone();
            longer.push(*letter);
            waiting.push_back((next, longer));
        }
    }
    Some(found.into_values().collect())
}

/// All places that can be reached by letting stars match nothing, sorted.
fn closure(steps: &[Step], mut places: Vec<u32>) -> Vec<u32> {
    let mut at = 0;
    while at < places.len() {
        let place = places[at];
        if matches!(steps.get(place as usize), Some(Step::Star { .. })) && !places.contains(&(place + 1)) {
            places.push(place + 1);
        }
        at += 1;
    }
    places.sort_unstable();
    places
}

fn advance(steps: &[Step], places: &[u32], letter: char) -> Vec<u32> {
    let mut next = Vec::new();
    let mut add = |place: u32| {
        if !next.contains(&place) {
            next.push(place);
        }
    };
    for place in places {
        match steps.get(*place as usize) {
            Some(Step::Letter(expected)) if *expected == letter => add(place + 1),
            Some(Step::One { within_field }) if !(*within_field && letter == ':') => add(place + 1),
            Some(Step::Star { within_field }) if !(*within_field && letter == ':') => add(*place),
            _ => {}
        }
    }
    closure(steps, next)
}
