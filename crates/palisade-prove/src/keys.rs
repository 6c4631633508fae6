//! What one condition key can be, so that some conditions on it hold and others do not.

use crate::compile::{Condition, Sort, Values};
use crate::points::points;
use crate::word::{self, Found, Letter, Pattern, Set, letters, text};
use palisade_iam::{Context, Entry, Quantifier, Rest, Truth};
use palisade_services::{Presence, Reference, ValueType, global_key};

/// What a request says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Absent,
    Values(Vec<Vec<Letter>>),
}

/// What a search settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled<T> {
    Found(T),
    Nothing,
    OutOfSteps,
    /// There may be one; what keeps it from being found.
    Unsure(String),
}

/// Which requests are looked for: those that surely do, or those of which it can't be excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Surely,
    Perhaps,
}

impl Bound {
    pub fn is_met(self, truth: Truth, wanted: bool) -> bool {
        match (self, wanted) {
            (Self::Surely, true) => truth.is_yes(),
            (Self::Surely, false) => truth.is_no(),
            (Self::Perhaps, true) => !truth.is_no(),
            (Self::Perhaps, false) => !truth.is_yes(),
        }
    }

    /// Are the patterns that surely match the ones to take, for a word that must match or must not?
    pub fn takes_lower(self, must_match: bool) -> bool {
        (self == Self::Surely) == must_match
    }
}

/// What AWS documents of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Domain {
    pub of: Option<ValueType>,
    /// Nothing when the reference does not list the key.
    pub many: Option<bool>,
    pub is_always_there: bool,
}

impl Domain {
    pub fn of(key: &str) -> Self {
        if let Some(global) = global_key(key) {
            let is_always_there = global.presence == Presence::Always;
            return Self { of: Some(global.of), many: Some(global.many), is_always_there };
        }
        let listed = key
            .split_once(':')
            .and_then(|(prefix, _)| Reference::shipped().service(prefix))
            .and_then(|service| service.key(key));
        match listed {
            // Of the keys of services, the sources know an ARN from a text less well.
            Some(key) => Self {
                of: Some(if key.of == ValueType::Arn { ValueType::Text } else { key.of }),
                many: Some(key.many),
                is_always_there: false,
            },
            None => Self { of: None, many: None, is_always_there: false },
        }
    }

    fn words(self) -> Option<Set> {
        match self.of {
            Some(ValueType::Bool) => Some(vec![Pattern::exact("true"), Pattern::exact("false")]),
            Some(ValueType::Arn) => Some(vec![Pattern::arn()]),
            _ => None,
        }
    }

    fn may_be_many(self, literals: &[Literal<'_>]) -> bool {
        self.many.unwrap_or_else(|| literals.iter().any(|literal| literal.condition.quantifier.is_some()))
    }
}

/// A condition, and whether it must hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Literal<'a> {
    pub condition: &'a Condition,
    pub wanted: bool,
}

/// Does the condition hold for what the request says of its key?
pub(crate) fn truth(condition: &Condition, state: &State, values: &Values) -> Truth {
    let entry = |state: &State| match state {
        State::Absent => Entry::Absent,
        State::Values(words) => {
            Entry::values(words.iter().map(|word| text(word).unwrap_or_else(|| "\u{e002}".to_owned())))
        }
    };
    let by_engine = |state: &State| {
        let mut context = Context::new(Rest::Absent);
        context.set(&condition.key, entry(state));
        condition.inner.holds(&context)
    };
    match (&condition.sort, state) {
        (Sort::Open, _) => Truth::Unknown,
        (Sort::Words(tests), State::Values(words)) => {
            let each = |word: &Vec<Letter>| {
                let is_match = values.matches(tests, word);
                if condition.is_negated { !is_match } else { is_match }
            };
            match (condition.quantifier, words.as_slice()) {
                (None, [word]) => each(word),
                (None, _) => Truth::Unknown,
                (Some(Quantifier::ForAllValues), [word]) if word.is_empty() => Truth::Yes,
                (Some(Quantifier::ForAllValues), words) => words.iter().map(each).min().unwrap_or(Truth::Yes),
                (Some(Quantifier::ForAnyValue), words) => words.iter().map(each).max().unwrap_or(Truth::No),
            }
        }
        _ => by_engine(state),
    }
}

/// One value that meets all these conditions, each as if it were asked of the one value.
fn one_value(
    domain: Domain,
    literals: &[Literal<'_>],
    values: &Values,
    bound: Bound,
    steps: &mut u64,
) -> Settled<Vec<Letter>> {
    let is_ordered = |literal: &&Literal<'_>| matches!(literal.condition.sort, Sort::Ordered);
    let is_word = |literal: &&Literal<'_>| matches!(literal.condition.sort, Sort::Words(_));
    let (ordered, words): (Vec<_>, Vec<_>) = (
        literals.iter().filter(is_ordered).copied().collect(),
        literals.iter().filter(is_word).copied().collect(),
    );
    // Where nothing is asked of the value, it is still one of its sort.
    let usual = match domain.of {
        Some(ValueType::Date | ValueType::Number) => Some("1800000000"),
        Some(ValueType::Address) => Some("203.0.113.9"),
        _ => None,
    };
    if let (true, true, Some(usual)) = (ordered.is_empty(), words.is_empty(), usual) {
        return Settled::Found(letters(usual));
    }
    if ordered.is_empty() {
        return one_word(domain, &words, values, bound, steps);
    }
    let conditions: Vec<&palisade_iam::Condition> = ordered.iter().map(|l| &l.condition.inner).collect();
    let (mut candidates, mut is_complete) = points(&conditions, domain.of);
    if !words.is_empty() {
        is_complete = false;
        for literal in &words {
            let written = literal.condition.inner.values.iter().map(|value| value.text.to_string());
            candidates.extend(written);
        }
    }
    *steps = steps.saturating_sub((candidates.len() * literals.len()) as u64);
    let is_it = |word: &Vec<Letter>| {
        let state = State::Values(vec![word.clone()]);
        ordered.iter().chain(&words).all(|l| bound.is_met(truth(l.condition, &state, values), l.wanted))
    };
    match candidates.iter().map(|text| letters(text)).find(is_it) {
        Some(word) => Settled::Found(word),
        None if is_complete => Settled::Nothing,
        None => Settled::Unsure(format!(
            "`{}` is compared in ways that can't be decided together",
            ordered.first().map_or("a key", |literal| literal.condition.inner.key_text.as_ref())
        )),
    }
}

fn one_word(
    domain: Domain,
    literals: &[Literal<'_>],
    values: &Values,
    bound: Bound,
    steps: &mut u64,
) -> Settled<Vec<Letter>> {
    let (mut within, mut without): (Vec<Set>, Vec<Set>) = (Vec::new(), Vec::new());
    for literal in literals {
        let Sort::Words(tests) = &literal.condition.sort else { continue };
        let must_match = literal.wanted != literal.condition.is_negated;
        let set = values.bound(tests, bound.takes_lower(must_match));
        if must_match {
            within.push(set)
        } else {
            without.push(set)
        }
        // For a set operator an empty text is no value.
        if literal.condition.quantifier.is_some() {
            without.push(vec![Pattern::exact("")]);
        }
    }
    let always: Vec<Set> = domain.words().into_iter().collect();
    if within.is_empty() && always.is_empty() {
        within.push(vec![Pattern::any()]);
    }
    let (within, without): (Vec<&Set>, Vec<&Set>) = (within.iter().collect(), without.iter().collect());
    find_word(&within, &always, &without, |_| true, steps)
}

/// Finds a word. Where variables are letters, two patterns with one of them say less than they do with its value: so
/// none is only certain when one of the patterns alone leaves none.
pub(crate) fn find_word(
    within: &[&Set],
    always: &[Set],
    without: &[&Set],
    allowed: fn(Letter) -> bool,
    steps: &mut u64,
) -> Settled<Vec<Letter>> {
    let mut attempts: Vec<Vec<&Set>> = Vec::new();
    if within.len() > 1 && within.iter().any(|set| word::has_variables(set)) {
        attempts.extend(within.iter().map(|set| vec![*set]));
    } else {
        attempts.push(within.to_vec());
    }
    let always: Vec<&Set> = always.iter().collect();
    let mut last = Settled::Nothing;
    for attempt in attempts {
        match word::find(&attempt, &always, without, allowed, steps) {
            Found::Word(word) => last = Settled::Found(word),
            Found::Nothing => return Settled::Nothing,
            Found::OutOfSteps => return Settled::OutOfSteps,
        }
    }
    last
}

/// What the key can be so that all is as wanted.
pub(crate) fn settle(
    domain: Domain,
    literals: &[Literal<'_>],
    fixed: Option<&State>,
    values: &Values,
    bound: Bound,
    steps: &mut u64,
) -> Settled<State> {
    let is_it =
        |state: &State| literals.iter().all(|l| bound.is_met(truth(l.condition, state, values), l.wanted));
    if let Some(state) = fixed {
        return if is_it(state) { Settled::Found(state.clone()) } else { Settled::Nothing };
    }
    let may_be_many = domain.may_be_many(literals);
    if !domain.is_always_there && is_it(&State::Absent) {
        return Settled::Found(State::Absent);
    }
    // With set operators an empty text is as good as none, and it is not among the words that are searched.
    let has_quantifier = literals.iter().any(|literal| literal.condition.quantifier.is_some());
    if has_quantifier && is_it(&State::Values(vec![Vec::new()])) {
        return Settled::Found(State::Values(vec![Vec::new()]));
    }
    let presence_is_open = literals.iter().any(|l| matches!(l.condition.sort, Sort::Presence | Sort::Open));
    let some = State::Values(vec![letters("x")]);
    let presence_is_met = !presence_is_open
        || literals
            .iter()
            .filter(|l| matches!(l.condition.sort, Sort::Presence | Sort::Open))
            .all(|l| bound.is_met(truth(l.condition, &some, values), l.wanted));
    let mut open = None;
    if presence_is_met {
        match one_value(domain, literals, values, bound, steps) {
            Settled::Found(word) => return Settled::Found(State::Values(vec![word])),
            Settled::OutOfSteps => return Settled::OutOfSteps,
            Settled::Unsure(why) => open = Some(why),
            Settled::Nothing => {}
        }
    }
    if may_be_many {
        if is_it(&State::Values(Vec::new())) {
            return Settled::Found(State::Values(Vec::new()));
        }
        if presence_is_met {
            match several(domain, literals, values, bound, steps) {
                Settled::Nothing => {}
                Settled::Unsure(why) => open = Some(why),
                found => return found,
            }
        }
    }
    open.map_or(Settled::Nothing, Settled::Unsure)
}

/// Several values: one for each condition that asks for some value, all of them as the others ask of every value.
fn several(
    domain: Domain,
    literals: &[Literal<'_>],
    values: &Values,
    bound: Bound,
    steps: &mut u64,
) -> Settled<State> {
    let (mut every, mut some) = (Vec::new(), Vec::new());
    for literal in literals.iter().filter(|l| !matches!(l.condition.sort, Sort::Presence | Sort::Open)) {
        match (literal.condition.quantifier, literal.wanted) {
            // An operator for one value on several: AWS does not document it.
            (None, _) if bound == Bound::Surely => return Settled::Nothing,
            (None, _) => {}
            (Some(Quantifier::ForAllValues), true) | (Some(Quantifier::ForAnyValue), false) => {
                every.push(*literal)
            }
            (Some(Quantifier::ForAllValues), false) | (Some(Quantifier::ForAnyValue), true) => {
                some.push(*literal)
            }
        }
        let is_symbolic = matches!(values, Values::Symbols(..));
        if is_symbolic
            && literal.condition.quantifier.is_some()
            && literal.condition.variables().next().is_some()
        {
            return Settled::Unsure("a policy variable is compared with a set of values".to_owned());
        }
    }
    let mut words: Vec<Vec<Letter>> = Vec::new();
    let wanted: Vec<Vec<Literal<'_>>> = if some.is_empty() {
        vec![every.clone()]
    } else {
        some.iter().map(|one| every.iter().copied().chain([*one]).collect()).collect()
    };
    let empty = State::Values(vec![Vec::new(), Vec::new()]);
    let meets = |l: &Literal<'_>, state: &State| bound.is_met(truth(l.condition, state, values), l.wanted);
    for literals in wanted {
        match one_value(domain, &literals, values, bound, steps) {
            Settled::Found(word) if words.contains(&word) => {}
            Settled::Found(word) => words.push(word),
            // Beside other values an empty text is a value like them.
            Settled::Nothing if literals.iter().all(|l| meets(l, &empty)) => words.push(Vec::new()),
            Settled::Nothing => return Settled::Nothing,
            Settled::OutOfSteps => return Settled::OutOfSteps,
            Settled::Unsure(why) => return Settled::Unsure(why),
        }
    }
    if words.iter().all(Vec::is_empty) {
        return Settled::Unsure("an empty text would have to stand beside another value".to_owned());
    }
    Settled::Found(State::Values(words))
}
