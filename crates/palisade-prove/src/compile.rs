//! Policies made ready for questions about sets of requests.

use crate::actions::{Actions, Classes};
use crate::word::{Letter, Pattern, Step, VARIABLES};
use palisade_iam::{
    Context, Effect, Family, Glob, Policy, PolicyKind, Principals, Quantifier, ResourcePattern, Rest, Sign,
    Test, Truth, Variable,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Policies that are attached together, ready for questions.
#[derive(Debug, Clone)]
pub struct Attached {
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) statements: Arc<[Statement]>,
    pub(crate) classes: Arc<Classes>,
    /// The statement that is left out, as if it were not there.
    pub(crate) left_out: Option<usize>,
    /// The level of each policy, where they are service control policies of an organisation.
    pub(crate) levels: Option<Arc<[usize]>>,
    /// What keeps any answer from being known.
    pub(crate) open: Vec<String>,
    // The policy and its statement of each statement here.
    pub(crate) places: Arc<[(usize, usize)]>,
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub effect: Effect,
    pub principals: Option<Principals>,
    pub actions: Actions,
    /// Nothing: it is about all resources.
    pub resources: Option<Resources>,
    /// Is it about actions that take no resource?
    pub names_everything: bool,
    pub conditions: Vec<Condition>,
    /// Statements with the same are about the same resources under the same conditions.
    shape: Arc<str>,
}

#[derive(Debug, Clone)]
pub(crate) struct Resources {
    pub is_negated: bool,
    pub tests: Vec<WordTest>,
}

/// A test of a word: what surely matches, and what perhaps does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WordTest {
    pub surely: Option<Raw>,
    pub perhaps: Option<Raw>,
}

/// A pattern with its variables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raw {
    pub steps: Vec<RawStep>,
    pub ignores_case: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RawStep {
    Step(Step),
    /// A variable, and whether its value must stay within a field of an ARN.
    Variable(Arc<Variable>, bool),
}

#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub key: Arc<str>,
    pub inner: palisade_iam::Condition,
    pub sort: Sort,
    pub quantifier: Option<Quantifier>,
    pub is_negated: bool,
    /// The same text is the same condition.
    pub identity: Arc<str>,
}

/// How the values of a condition are compared.
#[derive(Debug, Clone)]
pub(crate) enum Sort {
    /// As words.
    Words(Vec<WordTest>),
    /// As numbers, dates, addresses, bytes: by the engine, on values around those of the policies.
    Ordered,
    /// Not at all: `Null`.
    Presence,
    /// Not known.
    Open,
}

impl Raw {
    /// Does it match, its variables being any texts?
    fn may_match(&self, word: &[Letter]) -> bool {
        let any = Step::Star { within: false };
        let step = |step: &RawStep| if let RawStep::Step(step) = step { *step } else { any };
        let steps = self.steps.iter().map(step).collect();
        Pattern { steps, ignores_case: self.ignores_case }.matches(word)
    }
}

fn raw(glob: &Glob, within: bool) -> Vec<RawStep> {
    let step = |sign: Sign| match sign {
        Sign::Letter(letter) => RawStep::Step(Step::Letter(letter as Letter)),
        Sign::One => RawStep::Step(Step::One { within }),
        Sign::Star => RawStep::Step(Step::Star { within }),
        Sign::Variable(variable) => RawStep::Variable(Arc::new(variable), within),
    };
    glob.signs().into_iter().map(step).collect()
}

fn raw_of_fields(fields: &[Glob]) -> Raw {
    let mut steps = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            steps.push(RawStep::Step(Step::Letter(':' as Letter)));
        }
        steps.extend(raw(field, at < 5));
    }
    Raw { steps, ignores_case: fields.iter().any(Glob::ignores_case) }
}

fn fixed(pattern: Pattern) -> Raw {
    let ignores_case = pattern.ignores_case;
    Raw { steps: pattern.steps.into_iter().map(RawStep::Step).collect(), ignores_case }
}

impl WordTest {
    fn exact(raw: Raw) -> Self {
        Self { surely: Some(raw.clone()), perhaps: Some(raw) }
    }

    fn of_glob(glob: &Glob) -> Self {
        Self::exact(Raw { steps: raw(glob, false), ignores_case: glob.ignores_case() })
    }

    fn of_resource(pattern: &ResourcePattern) -> Self {
        match pattern {
            ResourcePattern::Any => Self::exact(fixed(Pattern::any())),
            ResourcePattern::Other(glob) => Self::of_glob(glob),
            ResourcePattern::Arn { is_void: true, .. } => Self { surely: None, perhaps: None },
            ResourcePattern::Arn { fields, is_unclear, .. } => {
                let raw = raw_of_fields(fields);
                Self { surely: (!is_unclear).then(|| raw.clone()), perhaps: Some(raw) }
            }
        }
    }

    fn of_value(test: &Test, family: Family) -> Self {
        let nothing = Self { surely: None, perhaps: None };
        match test {
            Test::Text(glob) if family == Family::Arn && glob.is_any() => Self::exact(fixed(Pattern::arn())),
            // The value must be an ARN too, which the pattern does not say.
            Test::Text(glob) if family == Family::Arn => Self { surely: None, ..Self::of_glob(glob) },
            Test::Text(glob) => Self::of_glob(glob),
            Test::Arn(fields) => Self::of_arn(fields),
            Test::Bool(text) => Self {
                surely: Some(fixed(Pattern::exact(text))),
                perhaps: Some(fixed(Pattern { ignores_case: true, ..Pattern::exact(text) })),
            },
            Test::Undocumented(_) => Self { surely: None, perhaps: Some(fixed(Pattern::any())) },
            _ => nothing,
        }
    }

    /// What is compared with it must begin with `arn`, whatever the first field allows.
    fn of_arn(fields: &[Glob]) -> Self {
        let Some((first, rest)) = fields.split_first() else { return Self { surely: None, perhaps: None } };
        let begins = first.matches("arn", &Context::new(Rest::Unknown("a variable".into())));
        let fields: Vec<Glob> = [Glob::exact("arn")].into_iter().chain(rest.iter().cloned()).collect();
        let raw = raw_of_fields(&fields);
        Self { surely: begins.is_yes().then(|| raw.clone()), perhaps: (!begins.is_no()).then_some(raw) }
    }

    pub fn variables(&self) -> impl Iterator<Item = &Arc<Variable>> {
        self.perhaps.iter().flat_map(|raw| &raw.steps).filter_map(|step| match step {
            RawStep::Variable(variable, _) => Some(variable),
            RawStep::Step(_) => None,
        })
    }
}

impl Condition {
    pub(crate) fn new(inner: &palisade_iam::Condition, has_variables: bool) -> Self {
        let sort = match inner.operator {
            _ if inner.open.is_some() => Sort::Open,
            None => Sort::Open,
            Some(operator) => match operator.family {
                Family::Null => Sort::Presence,
                Family::Numeric(_) | Family::Date(_) | Family::Address | Family::Binary => Sort::Ordered,
                family => {
                    Sort::Words(inner.values.iter().map(|v| WordTest::of_value(&v.test, family)).collect())
                }
            },
        };
        let values: BTreeSet<&str> = inner.values.iter().map(|value| value.text.as_ref()).collect();
        Self {
            key: inner.key.as_str().into(),
            inner: inner.clone(),
            sort,
            quantifier: inner.operator.and_then(|operator| operator.quantifier),
            is_negated: inner.operator.is_some_and(|operator| operator.is_negated),
            identity: format!("{} {} {has_variables} {values:?}", inner.operator_text, inner.key.as_str())
                .into(),
        }
    }

    pub fn variables(&self) -> impl Iterator<Item = &Arc<Variable>> {
        let tests: &[WordTest] = match &self.sort {
            Sort::Words(tests) => tests,
            _ => &[],
        };
        tests.iter().flat_map(WordTest::variables)
    }
}

impl Statement {
    fn new(statement: &palisade_iam::Statement, effect: Effect, has_variables: bool) -> Self {
        let resources = statement.resources.as_ref().and_then(|resources| {
            let is_all = !resources.is_negated
                && resources.patterns.iter().any(|(pattern, _)| matches!(pattern, ResourcePattern::Any));
            (!is_all).then(|| Resources {
                is_negated: resources.is_negated,
                tests: resources.patterns.iter().map(|(pattern, _)| WordTest::of_resource(pattern)).collect(),
            })
        });
        let names_everything =
            statement.resources.as_ref().is_none_or(|resources| resources.names_everything());
        let conditions: Vec<Condition> =
            statement.conditions.iter().map(|c| Condition::new(c, has_variables)).collect();
        let identities: BTreeSet<&str> =
            conditions.iter().map(|condition| condition.identity.as_ref()).collect();
        let written: Option<(bool, BTreeSet<&str>)> =
            statement.resources.as_ref().filter(|_| resources.is_some()).map(|r| {
                (r.is_negated, r.patterns.iter().map(|(_, written)| written.text.as_ref()).collect())
            });
        let shape = format!("{has_variables} {names_everything} {written:?} {identities:?}").into();
        Self {
            effect,
            principals: statement.principals.clone(),
            actions: Actions::new(&statement.actions),
            names_everything,
            resources,
            conditions,
            shape,
        }
    }

    /// Does it hold for the same requests as another (of the same actions, unless they are compared too)?
    pub fn is_same(&self, other: &Self, with_actions: bool) -> bool {
        self.shape == other.shape && (!with_actions || self.actions == other.actions)
    }

    /// Does it hold for every request about its actions?
    pub fn is_trivial(&self) -> bool {
        self.resources.is_none() && self.conditions.is_empty()
    }

    pub fn variables(&self) -> impl Iterator<Item = &Arc<Variable>> {
        let of_resources = self.resources.iter().flat_map(|r| &r.tests).flat_map(WordTest::variables);
        of_resources.chain(self.conditions.iter().flat_map(Condition::variables))
    }
}

impl Attached {
    /// Makes policies ready that are attached together: what one of them allows is allowed, unless one denies it.
    pub fn new(policies: Vec<Arc<Policy>>) -> Self {
        let (mut statements, mut places, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for (at, policy) in policies.iter().enumerate() {
            if let Some(why) = &policy.unread {
                open.push(format!("the policy `{}` was not read: {why}", policy.name));
            }
            for (number, statement) in policy.statements.iter().enumerate() {
                open.extend(openness(statement).map(|why| {
                    format!("statement {} of `{}` is not wholly known: {why}", number + 1, policy.name)
                }));
                let Some(effect) = statement.effect else { continue };
                // What AWS would not store grants nothing; its denials are taken at their word.
                if policy.is_rejected && effect == Effect::Allow {
                    continue;
                }
                statements.push(Statement::new(statement, effect, policy.has_variables));
                places.push((at, number));
            }
        }
        let (classes, is_whole) = Classes::new(&statements);
        if !is_whole {
            open.push(format!("the actions of {} statements are too many to tell apart", statements.len()));
        }
        let (statements, places) = (statements.into(), places.into());
        Self { policies, statements, classes: Arc::new(classes), left_out: None, levels: None, open, places }
    }

    /// The statements, with their places.
    pub(crate) fn present(&self) -> impl Iterator<Item = (usize, &Statement)> {
        self.statements.iter().enumerate().filter(|(at, _)| Some(*at) != self.left_out)
    }

    /// The same without one of the statements, by its place among all.
    pub(crate) fn without(&self, statement: usize) -> Self {
        let (at, number) = self.places[statement];
        let mut copy = self.clone();
        // Without an effect it is there and says nothing, and the others keep their places.
        let mut policy = self.policies[at].as_ref().clone();
        if let Some(statement) = policy.statements.get_mut(number) {
            statement.effect = None;
        }
        copy.policies[at] = Arc::new(policy);
        copy.left_out = Some(statement);
        copy
    }

    /// Do its policies name principals?
    pub fn names_principals(&self) -> bool {
        self.policies.iter().any(|policy| matches!(policy.kind, PolicyKind::Resource | PolicyKind::Trust))
    }
}

fn openness(statement: &palisade_iam::Statement) -> Option<Arc<str>> {
    let of_resources = statement.resources.as_ref().and_then(|resources| resources.open.clone());
    let of_conditions = statement.conditions.iter().find_map(|condition| condition.open.clone());
    statement.open.clone().or(statement.actions.open.clone()).or(of_resources).or(of_conditions)
}

/// What variables stand for.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Each is a letter of its own. Those of the keys here are surely there.
    Symbols(Vec<(Arc<str>, Option<Box<str>>)>, BTreeSet<Arc<str>>),
    /// The texts of keys; nothing for an absent one.
    Texts(HashMap<Arc<str>, Option<String>>),
}

impl Values {
    /// The letter of a variable as it is compared with or without letter case.
    fn letter(
        table: &[(Arc<str>, Option<Box<str>>)],
        variable: &Variable,
        ignores_case: bool,
    ) -> Option<Letter> {
        let is_it = |(key, default): &(Arc<str>, Option<Box<str>>)| {
            key.as_ref() == variable.key.as_str() && *default == variable.default
        };
        let at = Letter::try_from(table.iter().position(is_it)?).ok()?;
        Some(VARIABLES + 2 * at + Letter::from(ignores_case))
    }

    /// The pattern with its variables resolved; nothing when it matches nothing.
    pub fn resolve(&self, raw: &Raw, is_lower_bound: bool) -> Option<Pattern> {
        let mut steps = Vec::with_capacity(raw.steps.len());
        for step in &raw.steps {
            match (step, self) {
                (RawStep::Step(step), _) => steps.push(*step),
                (RawStep::Variable(variable, within), Self::Symbols(table, present)) => {
                    let is_there = variable.default.is_some() || present.contains(variable.key.as_str());
                    // A value with a colon in it is never one field of an ARN.
                    if is_lower_bound && (!is_there || *within) {
                        return None;
                    }
                    steps.push(Step::Letter(Self::letter(table, variable, raw.ignores_case)?));
                }
                (RawStep::Variable(variable, within), Self::Texts(texts)) => {
                    let text = match texts.get(variable.key.as_str()) {
                        Some(Some(text)) => text.as_str(),
                        _ => variable.default.as_deref()?,
                    };
                    if *within && text.contains(':') {
                        return None;
                    }
                    steps.extend(text.chars().map(|c| Step::Letter(c as Letter)));
                }
            }
        }
        Some(Pattern { steps, ignores_case: raw.ignores_case })
    }

    /// The patterns that surely match, or those that perhaps do.
    pub fn bound(&self, tests: &[WordTest], is_lower_bound: bool) -> Vec<Pattern> {
        let of = |test: &WordTest| {
            let raw = if is_lower_bound { &test.surely } else { &test.perhaps };
            raw.as_ref().and_then(|raw| self.resolve(raw, is_lower_bound))
        };
        tests.iter().filter_map(of).collect()
    }

    /// Does a word match one of the tests?
    pub fn matches(&self, tests: &[WordTest], word: &[Letter]) -> Truth {
        if self.bound(tests, true).iter().any(|pattern| pattern.matches(word)) {
            return Truth::Yes;
        }
        if matches!(self, Self::Symbols(..)) {
            // What a variable stands for may be any text.
            let is_open = word.iter().any(|letter| *letter >= VARIABLES)
                || tests.iter().filter_map(|test| test.perhaps.as_ref()).any(|raw| raw.may_match(word));
            return if is_open { Truth::Unknown } else { Truth::No };
        }
        if self.bound(tests, false).iter().any(|pattern| pattern.matches(word)) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }
}
