//! Under which conditions does an answer hold? The rules of `decide`, evaluated with formulas instead of truth.

use crate::condition::{Condition, Operator};
use crate::decide::{
    At, By, Layer, Logic, Open, Outcome, Place, about_resource, combine, evaluate, is_any_session, settle,
};
use crate::policy::{Effect, ResourceText};
use crate::request::{Policies, Request};
use crate::rules::rule;
use crate::truth::Truth;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A condition on what is not known.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// It holds, whatever is unknown.
    True,
    /// It can't hold.
    False,
    /// It holds if this one thing is so.
    Leaf(Arc<Leaf>),
    /// It holds if all of these do.
    And(Arc<[Formula]>),
    /// It holds if one of these does.
    Or(Arc<[Formula]>),
}

/// One thing that is not known.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// What it is.
    pub what: What,
    /// Must it be otherwise?
    pub is_inverted: bool,
    /// The statement that asks for it.
    pub source: Option<Source>,
    /// Why it is not known.
    pub open: Open,
}

/// What a leaf asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A condition of a statement.
    Condition {
        /// The operator.
        operator: Arc<str>,
        /// The key.
        key: Arc<str>,
        /// The values.
        values: Vec<Arc<str>>,
    },
    /// The session has this name.
    SessionName(Arc<str>),
    /// Some other fact.
    Fact,
}

/// The statement that asks for something.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Where it is.
    pub by: By,
    /// Whether it allows or denies.
    pub effect: Option<Effect>,
    /// Its level of the organisation.
    pub at: Option<Arc<str>>,
}

impl Formula {
    fn leaf(leaf: Leaf) -> Self {
        Self::Leaf(Arc::new(leaf))
    }

    fn join(a: Self, b: Self, is_and: bool) -> Self {
        let (neutral, absorbing) = if is_and { (Self::True, Self::False) } else { (Self::False, Self::True) };
        if a == absorbing || b == absorbing {
            return absorbing;
        }
        if a == neutral {
            return b;
        }
        if b == neutral || a == b {
            return a;
        }
        let parts = |formula: Self| -> Vec<Self> {
            match (formula, is_and) {
                (Self::And(parts), true) | (Self::Or(parts), false) => parts.to_vec(),
                (other, _) => vec![other],
            }
        };
        let mut all = parts(a);
        for part in parts(b) {
            if !all.contains(&part) {
                all.push(part);
            }
        }
        if is_and { Self::And(all.into()) } else { Self::Or(all.into()) }
    }

    fn inverse(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Leaf(leaf) => Self::leaf(Leaf { is_inverted: !leaf.is_inverted, ..leaf.as_ref().clone() }),
            Self::And(parts) => {
                parts.iter().cloned().map(Self::inverse).fold(Self::False, |a, b| Self::join(a, b, false))
            }
            Self::Or(parts) => {
                parts.iter().cloned().map(Self::inverse).fold(Self::True, |a, b| Self::join(a, b, true))
            }
        }
    }

    /// What is open in it, each thing once.
    pub fn open(&self) -> BTreeSet<Open> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![self];
        while let Some(formula) = waiting.pop() {
            match formula {
                Self::True | Self::False => {}
                Self::Leaf(leaf) => {
                    found.insert(leaf.open.clone());
                }
                Self::And(parts) | Self::Or(parts) => waiting.extend(parts.iter()),
            }
        }
        found
    }

    /// The tree of conditions as CASES.md describes it; nothing when it holds anyway.
    pub fn to_json(&self) -> Option<Json> {
        match self {
            Self::True | Self::False => None,
            Self::Leaf(leaf) => Some(leaf.to_json()),
            Self::And(parts) | Self::Or(parts) => {
                let operator = if matches!(self, Self::And(_)) { "and" } else { "or" };
                let conditions: Vec<Json> = parts.iter().filter_map(Self::to_json).collect();
                Some(json!({"conditionType": "group", "operator": operator, "conditions": conditions}))
            }
        }
    }
}

impl Leaf {
    fn to_json(&self) -> Json {
        let mut object = match &self.what {
            What::Condition { operator, key, values } => {
                let opposite = if self.is_inverted { Operator::opposite(operator) } else { None };
                let flipped = self.is_inverted && opposite.is_none();
                let values: Vec<Arc<str>> = values.iter().map(|value| flip(value, flipped)).collect();
                let operator = opposite.unwrap_or_else(|| operator.to_string());
                json!({"conditionType": "condition", "op": operator, "key": key, "values": values})
            }
            What::SessionName(name) => json!({"conditionType": "sessionName", "sessionName": [name]}),
            What::Fact => json!({"conditionType": "fact", "fact": self.open.fact, "why": self.open.why}),
        };
        if let Some(source) = &self.source {
            object["sources"] = json!([source.to_json()]);
        }
        if self.is_inverted {
            object["inverted"] = Json::Bool(true);
        }
        object
    }
}

/// `Bool` and `Null` have no opposite operator: the value says the opposite.
fn flip(value: &Arc<str>, flipped: bool) -> Arc<str> {
    match (flipped, value.as_ref()) {
        (true, "true") => "false".into(),
        (true, "false") => "true".into(),
        _ => value.clone(),
    }
}

impl Source {
    fn to_json(&self) -> Json {
        let Place { layer, level, policy } = self.by.place;
        let (kind, identifier) = match layer {
            Layer::Resource => ("resource", "ResourcePolicy".to_owned()),
            Layer::Session => ("session", "SessionPolicy".to_owned()),
            Layer::Boundary => ("permissionBoundary", level.to_string()),
            Layer::Endpoint => ("endpoint", level.to_string()),
            layer => (layer.word(), policy.to_string()),
        };
        let effect = match self.effect {
            Some(Effect::Deny) => "Deny",
            _ => "Allow",
        };
        let mut object = json!({
            "effect": effect, "policyIdentifier": identifier, "policyType": kind, "statementIndex": self.by.statement + 1
        });
        if let Some(at) = &self.at {
            object["orgIdentifier"] = json!(at);
        }
        object
    }
}

/// The logic of formulas.
struct Symbolic<'a> {
    policies: &'a Policies,
    session_names_are_open: bool,
}

impl Symbolic<'_> {
    fn source(&self, at: &At<'_>) -> Source {
        let levels = match at.place.layer {
            Layer::ServiceControl => Some(&self.policies.scps),
            Layer::ResourceControl => Some(&self.policies.rcps),
            _ => None,
        };
        let level = levels.and_then(|levels| levels.get(at.place.level));
        Source {
            by: By { place: at.place, statement: at.statement.index },
            effect: at.statement.effect,
            at: level.map(|level| level.at.clone()),
        }
    }

    fn condition(&self, at: &At<'_>, condition: &Condition, request: &Request) -> Formula {
        match condition.holds(&request.context) {
            Truth::Yes => Formula::True,
            Truth::No => Formula::False,
            Truth::Unknown => Formula::leaf(Leaf {
                what: What::Condition {
                    operator: condition.operator_text.clone(),
                    key: condition.key_text.clone(),
                    values: condition.values.iter().map(|value| value.text.clone()).collect(),
                },
                is_inverted: false,
                source: Some(self.source(at)),
                open: Open {
                    key: Some(condition.key_text.clone()),
                    fact: None,
                    why: condition.why_open(&request.context),
                },
            }),
        }
    }

    fn fact(&self, truth: Truth, at: &At<'_>, open: impl FnOnce() -> Open) -> Formula {
        match truth {
            Truth::Yes => Formula::True,
            Truth::No => Formula::False,
            Truth::Unknown => Formula::leaf(Leaf {
                what: What::Fact,
                is_inverted: false,
                source: Some(self.source(at)),
                open: open(),
            }),
        }
    }
}

impl Logic for Symbolic<'_> {
    type V = Formula;
    fn known(&self, truth: bool) -> Formula {
        if truth { Formula::True } else { Formula::False }
    }
    fn open(&mut self, why: &dyn Fn() -> Open) -> Formula {
        Formula::leaf(Leaf { what: What::Fact, is_inverted: false, source: None, open: why() })
    }
    fn and(&self, a: Formula, b: Formula) -> Formula {
        Formula::join(a, b, true)
    }
    fn or(&self, a: Formula, b: Formula) -> Formula {
        Formula::join(a, b, false)
    }
    fn not(&self, a: Formula) -> Formula {
        a.inverse()
    }
    fn is_no(&self, a: &Formula) -> bool {
        *a == Formula::False
    }
    fn is_yes(&self, a: &Formula) -> bool {
        *a == Formula::True
    }

    fn applies(&mut self, at: &At<'_>, request: &Request, resource: &ResourceText) -> Formula {
        let statement = at.statement;
        let actions = statement.actions.matches(&request.action, &request.context);
        let mut all = self.fact(actions, at, || {
            let why = statement.actions.open.clone();
            Open::fact("Action", why.unwrap_or_else(|| "not known".into()))
        });
        if all == Formula::False {
            return all;
        }
        let about = about_resource(statement, request, resource);
        let about = self.fact(about, at, || {
            let why = statement.resources.as_ref().and_then(|resources| resources.open.clone());
            let key = statement.resources.as_ref().and_then(|resources| {
                let (pattern, _) = resources.patterns.iter().find(|(pattern, _)| pattern.has_variables())?;
                pattern.unknown_variable(&request.context)
            });
            let why = why.unwrap_or_else(|| "a policy variable in it has a value that is not known".into());
            Open { key: key.map(Into::into), fact: Some("Resource".into()), why }
        });
        all = self.and(all, about);
        for condition in &statement.conditions {
            if all == Formula::False {
                return all;
            }
            all = self.and(all, self.condition(at, condition, request));
        }
        match &statement.open {
            Some(why) => {
                let open = self.fact(Truth::Unknown, at, || Open::fact("statement", why.clone()));
                self.and(all, open)
            }
            None => all,
        }
    }

    fn session_name(&mut self, at: &At<'_>, request: &Request, name: &str) -> Formula {
        if !self.session_names_are_open && !is_any_session(&request.principal) {
            return Formula::False;
        }
        Formula::leaf(Leaf {
            what: What::SessionName(name.into()),
            is_inverted: false,
            source: Some(self.source(at)),
            open: Open::fact("session name", "the name of the session is not told"),
        })
    }

    fn note(&mut self, _at: &At<'_>, _effect: Effect, _value: &Formula) {}
}

/// The formulas of a request: is it allowed, and is it explicitly denied?
fn formulas(request: &Request, policies: &Policies, session_names_are_open: bool) -> (Formula, Formula) {
    let mut logic = Symbolic { policies, session_names_are_open };
    let mut verdicts = evaluate(&mut logic, request, policies);
    settle(&logic, request, &mut verdicts);
    let allowed = combine(&mut logic, request, &verdicts);
    let denied =
        verdicts.denies.into_iter().fold(Formula::False, |all, deny| Formula::join(all, deny, false));
    (allowed, denied)
}

/// What decides a request whose decision is unknown.
pub fn open(request: &Request, policies: &Policies) -> Vec<Open> {
    let (allowed, denied) = formulas(request, policies, false);
    Formula::join(allowed, denied.inverse(), true).open().into_iter().collect()
}

/// Can the request be allowed, and under which conditions? What the context leaves open may be anything.
pub fn discover(request: &Request, policies: &Policies) -> (Outcome, Formula) {
    let at_once = rule(request).map(|(outcome, _)| outcome);
    if at_once == Some(Outcome::Allowed) {
        return (Outcome::Allowed, Formula::True);
    }
    let (allowed, denied) = formulas(request, policies, true);
    if denied == Formula::True {
        return (Outcome::ExplicitlyDenied, Formula::False);
    }
    if at_once.is_some() || allowed == Formula::False {
        return (Outcome::ImplicitlyDenied, Formula::False);
    }
    let formula = Formula::join(allowed, denied.inverse(), true);
    match formula {
        Formula::False => (Outcome::ExplicitlyDenied, Formula::False),
        formula => (Outcome::Allowed, formula),
    }
}
