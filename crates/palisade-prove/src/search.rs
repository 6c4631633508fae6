//! The search for a request to which some statements apply and others do not.
//!
//! A request is assembled for the statements that must apply. Then the first statement that still applies and must
//! not is taken, and one after another its parts are made not to hold: its resources, its actions, each condition.
//! Only the part of the request that is concerned is searched again, and a part that can't be so ends the branch.

use crate::actions::{Universe, all_actions, is_action_letter};
use crate::compile::{Condition, Resources, Statement, Values};
use crate::keys::{Bound, Domain, Literal, Settled, State, find_word, settle, truth};
use crate::word::{Letter, Pattern, Set, Step, letters, text};
use palisade_iam::Truth;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many statements may wait for a part of theirs to be made not to hold.
const MAX_DEPTH: usize = 1_500;

const STAR: Letter = '*' as Letter;
const QUESTION_MARK: Letter = '?' as Letter;

/// What is looked for.
pub(crate) struct Problem<'a> {
    /// Must apply.
    pub applying: Vec<&'a Statement>,
    /// Must not.
    pub sparing: Vec<&'a Statement>,
    /// Does the action take a resource?
    pub takes_resource: bool,
    /// Is the action looked for too, among those that the reference does not list?
    pub looks_for_action: bool,
    /// Actions that are asked about by themselves, and so are not looked for.
    pub other_actions: Set,
    pub values: Values,
    pub bound: Bound,
    /// Keys that are so.
    pub fixed: BTreeMap<Arc<str>, State>,
}

/// A request, as far as it matters.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub action: Vec<Letter>,
    pub resource: Vec<Letter>,
    pub keys: BTreeMap<Arc<str>, State>,
}

#[derive(Clone)]
struct Branch<'a> {
    actions: Vec<(&'a Statement, bool)>,
    resources: Vec<(&'a Resources, bool)>,
    literals: BTreeMap<Arc<str>, Vec<Literal<'a>>>,
    model: Model,
}

/// One part of a statement.
#[derive(Clone, Copy)]
enum Part<'a> {
    Action(&'a Statement),
    Resource(&'a Resources),
    Condition(&'a Condition),
}

impl Part<'_> {
    /// What it costs to look whether it holds, in steps.
    fn weight(&self) -> u64 {
        let tests = match self {
            Self::Action(statement) => statement.actions.patterns.len(),
            Self::Resource(resources) => resources.tests.len(),
            Self::Condition(condition) => condition.inner.values.len(),
        };
        1 + tests as u64 / 4
    }
}

struct Search<'p, 'a> {
    problem: &'p Problem<'a>,
    domains: BTreeMap<Arc<str>, Domain>,
    arns: Set,
    steps: &'p mut u64,
}

/// Looks for a request.
pub(crate) fn search(problem: &Problem<'_>, steps: &mut u64) -> Settled<Model> {
    let mut domains = BTreeMap::new();
    let all = || problem.applying.iter().chain(&problem.sparing);
    for condition in all().flat_map(|statement| &statement.conditions) {
        domains.entry(condition.key.clone()).or_insert_with(|| {
            let mut domain = Domain::of(&condition.key);
            // What must apply says that the key is there.
            if let Values::Symbols(_, present) = &problem.values {
                domain.is_always_there |= present.contains(&condition.key);
            }
            domain
        });
    }
    let mut search = Search { problem, domains, arns: vec![Pattern::arn()], steps };
    search.start()
}

impl<'a> Search<'_, 'a> {
    fn start(&mut self) -> Settled<Model> {
        let problem = self.problem;
        *self.steps = self.steps.saturating_sub(problem.sparing.len() as u64 / 16);
        if !problem.takes_resource && problem.applying.iter().any(|statement| !statement.names_everything) {
            return Settled::Nothing;
        }
        let model = Model { action: Vec::new(), resource: letters("*"), keys: BTreeMap::new() };
        let mut branch =
            Branch { actions: Vec::new(), resources: Vec::new(), literals: BTreeMap::new(), model };
        for statement in &problem.applying {
            if problem.looks_for_action {
                branch.actions.push((statement, true));
            }
            branch.resources.extend(statement.resources.as_ref().map(|resources| (resources, true)));
            for condition in &statement.conditions {
                let list = branch.literals.entry(condition.key.clone()).or_default();
                list.push(Literal { condition, wanted: true });
            }
        }
        let mut waiting: Vec<Vec<Part<'a>>> = Vec::new();
        for statement in &problem.sparing {
            if !problem.takes_resource && !statement.names_everything {
                continue;
            }
            let parts = self.parts(statement);
            match parts.as_slice() {
                [] => return Settled::Nothing,
                [only] => add(&mut branch, *only),
                _ => waiting.push(parts),
            }
        }
        for key in self.domains.keys() {
            branch.literals.entry(key.clone()).or_default();
        }
        let mut open = None;
        let mut dimensions: Vec<Dimension> = branch.literals.keys().cloned().map(Dimension::Key).collect();
        dimensions.insert(0, Dimension::Resource);
        dimensions.insert(0, Dimension::Action);
        for dimension in &dimensions {
            match self.settle(&mut branch, dimension) {
                Settled::Found(()) => {}
                Settled::Unsure(why) => open = Some(why),
                Settled::Nothing => return Settled::Nothing,
                Settled::OutOfSteps => return Settled::OutOfSteps,
            }
        }
        if let Some(why) = open {
            return Settled::Unsure(why);
        }
        self.spare(branch, &waiting, 0)
    }

    /// The parts of a statement that can be made not to hold.
    fn parts(&self, statement: &'a Statement) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        if self.problem.looks_for_action && !statement.actions.is_all() {
            parts.push(Part::Action(statement));
        }
        if self.problem.takes_resource {
            parts.extend(statement.resources.as_ref().map(Part::Resource));
        }
        for condition in &statement.conditions {
            // The same condition holds where it must hold, whatever is not known of it.
            let holds = self
                .problem
                .applying
                .iter()
                .flat_map(|applying| &applying.conditions)
                .any(|other| other.identity == condition.identity);
            if !holds {
                parts.push(Part::Condition(condition));
            }
        }
        parts
    }

    fn spare(&mut self, branch: Branch<'a>, waiting: &[Vec<Part<'a>>], depth: usize) -> Settled<Model> {
        if depth > MAX_DEPTH || *self.steps == 0 {
            return Settled::OutOfSteps;
        }
        let mut worst: Option<&Vec<Part<'a>>> = None;
        for parts in waiting {
            *self.steps = self.steps.saturating_sub(parts.iter().map(|part| part.weight()).sum::<u64>());
            let is_spared =
                parts.iter().any(|part| self.problem.bound.is_met(self.truth(&branch.model, *part), false));
            if !is_spared && worst.is_none_or(|worst| parts.len() < worst.len()) {
                worst = Some(parts);
            }
        }
        let Some(parts) = worst else { return Settled::Found(branch.model) };
        let mut open = None;
        for part in parts {
            let mut child = branch.clone();
            add(&mut child, *part);
            match self.settle(&mut child, &dimension(*part)) {
                Settled::Nothing => continue,
                Settled::OutOfSteps => return Settled::OutOfSteps,
                Settled::Unsure(why) => {
                    open = Some(why);
                    continue;
                }
                Settled::Found(()) => {}
            }
            match self.spare(child, waiting, depth + 1) {
                Settled::Nothing => {}
                Settled::Unsure(why) => open = Some(why),
                settled => return settled,
            }
        }
        open.map_or(Settled::Nothing, Settled::Unsure)
    }

    fn truth(&self, model: &Model, part: Part<'a>) -> Truth {
        match part {
            Part::Action(statement) => {
                let actions = &statement.actions;
                (actions.patterns.iter().any(|pattern| pattern.matches(&model.action)) != actions.is_negated)
                    .into()
            }
            Part::Resource(resources) => {
                let is_match = self.problem.values.matches(&resources.tests, &model.resource);
                if resources.is_negated { !is_match } else { is_match }
            }
            Part::Condition(condition) => match model.keys.get(&condition.key) {
                Some(state) => truth(condition, state, &self.problem.values),
                None => Truth::Unknown,
            },
        }
    }

    /// A resource without wildcards in its name: with them a request would ask about many.
    fn resource(&mut self, within: &[&Set], without: &[&Set]) -> Settled<Vec<Letter>> {
        let arns = std::slice::from_ref(&self.arns);
        let is_plain = |letter| letter != STAR && letter != QUESTION_MARK;
        let found = find_word(within, arns, without, is_plain, self.steps);
        let names_one = |set: &&&Set| {
            let is_it = |step: &Step| matches!(step, Step::Letter(letter) if !is_plain(*letter));
            set.iter().any(|pattern| pattern.steps.iter().any(is_it))
        };
        if found != Settled::Nothing || !within.iter().any(|set| names_one(&set)) {
            return found;
        }
        match find_word(within, arns, without, |_| true, self.steps) {
            Settled::Found(_) => {
                Settled::Unsure("only resources with a `*` or `?` in their names are left".to_owned())
            }
            other => other,
        }
    }

    /// Searches one part of the request again.
    fn settle(&mut self, branch: &mut Branch<'a>, dimension: &Dimension) -> Settled<()> {
        *self.steps = self.steps.saturating_sub(1);
        if *self.steps == 0 {
            return Settled::OutOfSteps;
        }
        let problem = self.problem;
        match dimension {
            Dimension::Action if !problem.looks_for_action => Settled::Found(()),
            Dimension::Action => {
                let (mut within, mut without): (Vec<&Set>, Vec<&Set>) =
                    (Vec::new(), vec![&problem.other_actions]);
                for (statement, wanted) in &branch.actions {
                    // What is named in full is asked about by itself.
                    let set = &statement.actions.wild;
                    if *wanted != statement.actions.is_negated { within.push(set) } else { without.push(set) }
                }
                let found = find_word(&within, &[all_actions()], &without, is_action_letter, self.steps);
                let found = match found {
                    Settled::Found(word) => Settled::Found(unlisted(word, &within, &without)),
                    other => other,
                };
                keep(found, &mut branch.model.action)
            }
            Dimension::Resource if !problem.takes_resource => Settled::Found(()),
            Dimension::Resource => {
                let (mut within, mut without): (Vec<Set>, Vec<Set>) = (Vec::new(), Vec::new());
                for (resources, wanted) in &branch.resources {
                    let must_match = *wanted != resources.is_negated;
                    let set = problem.values.bound(&resources.tests, problem.bound.takes_lower(must_match));
                    if must_match { within.push(set) } else { without.push(set) }
                }
                let (within, without): (Vec<&Set>, Vec<&Set>) =
                    (within.iter().collect(), without.iter().collect());
                keep(self.resource(&within, &without), &mut branch.model.resource)
            }
            Dimension::Key(key) => {
                let Some(domain) = self.domains.get(key) else { return Settled::Found(()) };
                let literals = branch.literals.get(key).map_or(&[][..], Vec::as_slice);
                let fixed = problem.fixed.get(key);
                match settle(*domain, literals, fixed, &problem.values, problem.bound, self.steps) {
                    Settled::Found(state) => {
                        branch.model.keys.insert(key.clone(), state);
                        Settled::Found(())
                    }
                    Settled::Nothing => Settled::Nothing,
                    Settled::OutOfSteps => Settled::OutOfSteps,
                    Settled::Unsure(why) => Settled::Unsure(why),
                }
            }
        }
    }
}

/// The same word, or one near it that the reference does not list.
fn unlisted(word: Vec<Letter>, within: &[&Set], without: &[&Set]) -> Vec<Letter> {
    let universe = Universe::shipped();
    let is_listed = |word: &[Letter]| text(word).is_none_or(|text| universe.find(&text).is_some());
    if !is_listed(&word) {
        return word;
    }
    let is_in = |set: &Set, word: &[Letter]| set.iter().any(|pattern| pattern.matches(word));
    let near = (0..=word.len()).rev().map(|at| [&word[..at], &letters("xq"), &word[at..]].concat());
    let mut near = near.filter(|word| !is_listed(word) && is_in(&all_actions(), word));
    let found = near.find(|word| {
        within.iter().all(|set| is_in(set, word)) && !without.iter().any(|set| is_in(set, word))
    });
    found.unwrap_or(word)
}

fn keep(found: Settled<Vec<Letter>>, word: &mut Vec<Letter>) -> Settled<()> {
    match found {
        Settled::Found(found) => {
            *word = found;
            Settled::Found(())
        }
        Settled::Nothing => Settled::Nothing,
        Settled::OutOfSteps => Settled::OutOfSteps,
        Settled::Unsure(why) => Settled::Unsure(why),
    }
}

/// A part of a request.
enum Dimension {
    Action,
    Resource,
    Key(Arc<str>),
}

fn dimension(part: Part<'_>) -> Dimension {
    match part {
        Part::Action(_) => Dimension::Action,
        Part::Resource(_) => Dimension::Resource,
        Part::Condition(condition) => Dimension::Key(condition.key.clone()),
    }
}

fn add<'a>(branch: &mut Branch<'a>, part: Part<'a>) {
    match part {
        Part::Action(statement) => branch.actions.push((statement, false)),
        Part::Resource(resources) => branch.resources.push((resources, false)),
        Part::Condition(condition) => {
            let list = branch.literals.entry(condition.key.clone()).or_default();
            list.push(Literal { condition, wanted: false });
        }
    }
}
