//! Is there a request that some policies allow and others do not?

pub(crate) mod levels;

use crate::actions::Universe;
use crate::answer::{Answer, Options, Report, Witness};
use crate::asker::Asker;
use crate::compile::{Attached, Condition, Resources, Sort, Statement, Values};
use crate::keys::{Bound, Domain, Settled, State, truth};
use crate::replay::{Replayed, replay};
use crate::search::{Model, Problem, search};
use crate::word::{Pattern, letters, text};
use palisade_iam::{Action, Effect};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many ways of giving values to the variables are tried.
const MAX_ASSIGNMENTS: usize = 200;
/// How many actions that are listed are passed over in search of one that is not.
const MAX_OTHER_ACTIONS: usize = 64;
/// How many texts are tried for one variable.
const MAX_TEXTS: usize = 8;

/// Nobody has to be allowed these, or nobody can be.
const NEED_NO_PERMISSION: [&str; 2] = ["sts:getcalleridentity", "sts:getsessiontoken"];

/// The request that is asked about, but for what is searched.
#[derive(Clone, Copy)]
struct Slot<'a> {
    /// Nothing: it is looked for.
    action: Option<&'a str>,
    takes_resource: bool,
}

/// An allowing statement of the new policies, a denying one of the old, whether the action takes a resource and is
/// searched, and the number of the list of
/// statements that must not apply.
type Done = (usize, Option<usize>, bool, bool, usize);

struct Difference<'a> {
    new: &'a Attached,
    old: &'a Attached,
    asker: &'a Asker,
    report: Report,
    // What was found to hold nothing.
    done: HashSet<Done>,
    // Lists of statements, each with a number.
    lists: HashMap<Vec<usize>, usize>,
}

/// Looks for a request of one of the askers that `new` allows and `old` does not.
pub(crate) fn beyond(new: &Attached, old: &Attached, askers: &[Asker], options: &Options) -> Report {
    let mut report = Report::new(options);
    for why in new.open.iter().chain(&old.open) {
        report.unsure(why.clone());
    }
    if report.is_open() {
        return report;
    }
    for asker in askers {
        let mut difference =
            Difference { new, old, asker, report, done: HashSet::new(), lists: HashMap::new() };
        difference.run(options);
        report = difference.report;
        if report.is_settled() {
            break;
        }
    }
    // What was not looked at any more may hold a request.
    if report.steps_left == 0 {
        report.out_of_steps();
    }
    report
}

/// The statements about an action: those of the new policies that allow, that deny, and of the old ones.
#[derive(Default)]
struct About {
    new_allows: Vec<usize>,
    new_denies: Vec<usize>,
    old_allows: Vec<usize>,
    old_denies: Vec<usize>,
}

impl<'a> Difference<'a> {
    fn run(&mut self, options: &Options) {
        let universe = Universe::shipped();
        let all: Vec<usize>;
        let left_out = self.new.left_out;
        let has_allow = |list: &[usize]| {
            list.iter().any(|at| Some(*at) != left_out && self.new.statements[*at].effect == Effect::Allow)
        };
        let actions = if has_allow(&self.new.classes.always) {
            all = (0..universe.names.len()).collect();
            &all
        } else {
            &self.new.classes.touched
        };
        let allowing: Vec<bool> = self.new.classes.statements.iter().map(|list| has_allow(list)).collect();
        let always = has_allow(&self.new.classes.always);
        let mut seen: HashSet<(u16, u16, Option<bool>)> = HashSet::new();
        for at in actions {
            let (mine, theirs) = (self.new.classes.of[*at], self.old.classes.of[*at]);
            let name = universe.names[*at].as_ref();
            let is_about = always || allowing[usize::from(mine)];
            if !is_about || NEED_NO_PERMISSION.contains(&name) {
                continue;
            }
            let takes = universe.takes_resource[*at];
            if !seen.insert((mine, theirs, takes)) {
                continue;
            }
            let lists = [&self.new.classes, &self.old.classes];
            let length = lists[0].statements[usize::from(mine)].len() + lists[0].always.len();
            let others = lists[1].statements[usize::from(theirs)].len() + lists[1].always.len();
            if !self.takes(length + others) {
                return;
            }
            let about = self.about(
                self.new.classes.statements[usize::from(mine)].iter().chain(&self.new.classes.always),
                self.old.classes.statements[usize::from(theirs)].iter().chain(&self.old.classes.always),
            );
            for takes_resource in ways(takes) {
                self.ask(&about, Slot { action: Some(&universe.spelled[*at]), takes_resource });
                if self.report.is_settled() {
                    return;
                }
            }
        }
        self.named(universe);
        if options.unlisted_actions && !self.report.is_settled() {
            self.unlisted();
        }
    }

    fn is_for_asker(&self, statement: &Statement) -> bool {
        self.asker.is_named(statement)
    }

    fn about<'i>(&self, new: impl Iterator<Item = &'i usize>, old: impl Iterator<Item = &'i usize>) -> About {
        let mut about = About::default();
        let (new, old) = (
            new.filter(|at| Some(**at) != self.new.left_out),
            old.filter(|at| Some(**at) != self.old.left_out),
        );
        for at in new.filter(|at| self.is_for_asker(&self.new.statements[**at])) {
            match self.new.statements[*at].effect {
                Effect::Allow => about.new_allows.push(*at),
                Effect::Deny => about.new_denies.push(*at),
            }
        }
        for at in old.filter(|at| self.is_for_asker(&self.old.statements[**at])) {
            match self.old.statements[*at].effect {
                Effect::Allow => about.old_allows.push(*at),
                Effect::Deny => about.old_denies.push(*at),
            }
        }
        about
    }

    /// The actions that the policies name and the reference does not list.
    fn named(&mut self, universe: &Universe) {
        let (new, old) = (self.new, self.old);
        let statements = || new.statements.iter().chain(old.statements.iter());
        let names: BTreeSet<&str> = statements()
            .flat_map(|statement| statement.actions.named())
            .filter(|name| universe.find(name).is_none() && Action::parse(name).is_some())
            .collect();
        for name in names {
            if !self.takes(new.statements.len() + old.statements.len()) {
                return;
            }
            let of = |attached: &Attached| {
                (0..attached.statements.len())
                    .filter(|at| attached.statements[*at].actions.contains(name))
                    .collect::<Vec<_>>()
            };
            let about = self.about(of(new).iter(), of(old).iter());
            for takes_resource in [true, false] {
                self.ask(&about, Slot { action: Some(name), takes_resource });
                if self.report.is_settled() {
                    return;
                }
            }
        }
    }

    /// Takes the steps that it costs to look at so many statements. Are there any left?
    fn takes(&mut self, statements: usize) -> bool {
        self.report.steps_left = self.report.steps_left.saturating_sub(statements as u64 / 16);
        self.report.steps_left > 0
    }

    /// The number of a list of statements.
    fn number(&mut self, list: Vec<usize>) -> usize {
        let next = self.lists.len();
        *self.lists.entry(list).or_insert(next)
    }

    /// The actions that wildcards reach and nothing lists: those that AWS may add.
    fn unlisted(&mut self) {
        let of = |attached: &Attached| {
            (0..attached.statements.len())
                .filter(|at| attached.statements[*at].actions.has_wildcards())
                .collect::<Vec<_>>()
        };
        let about = self.about(of(self.new).iter(), of(self.old).iter());
        for takes_resource in [true, false] {
            self.ask(&about, Slot { action: None, takes_resource });
            if self.report.is_settled() {
                return;
            }
        }
    }

    fn ask(&mut self, about: &About, slot: Slot<'_>) {
        let (new, old) = (self.new, self.old);
        let refs = |attached: &'a Attached, list: &[usize]| -> Vec<&'a Statement> {
            list.iter().map(|at| &attached.statements[*at]).collect()
        };
        let new_denies = refs(new, &about.new_denies);
        let mut sparing = new_denies.clone();
        sparing.extend(refs(old, &about.old_allows));
        let offset = new.statements.len();
        let is_searched = slot.action.is_none();
        let with_allows =
            about.new_denies.iter().copied().chain(about.old_allows.iter().map(|at| at + offset));
        let with_allows = self.number(with_allows.collect());
        let denies_alone = self.number(about.new_denies.clone());
        let cost = sparing.len() + new_denies.len() * about.old_denies.len();
        // What the new policies deny as well is no difference.
        let is_kept = |deny: &Statement| new_denies.iter().any(|other| other.is_same(deny, is_searched));
        let lost: Vec<usize> =
            about.old_denies.iter().copied().filter(|at| !is_kept(&old.statements[*at])).collect();
        if !self.takes(cost) {
            return;
        }
        for at in &about.new_allows {
            let allow = &new.statements[*at];
            if self.done.insert((*at, None, slot.takes_resource, is_searched, with_allows)) {
                self.solve(vec![allow], &sparing, slot);
                if self.report.is_settled() {
                    return;
                }
            }
            for denied in &lost {
                let deny = &old.statements[*denied];
                if !self.done.insert((*at, Some(*denied), slot.takes_resource, is_searched, denies_alone)) {
                    continue;
                }
                self.solve(vec![allow, deny], &new_denies, slot);
                if self.report.is_settled() {
                    return;
                }
            }
        }
    }

    /// Is there a request to which these apply and those do not?
    fn solve(&mut self, applying: Vec<&Statement>, sparing: &[&Statement], slot: Slot<'_>) {
        if !self.takes(sparing.len()) {
            return;
        }
        let is_searched = slot.action.is_none();
        let covers = |other: &&&Statement| {
            (!is_searched && other.is_trivial() && (slot.takes_resource || other.names_everything))
                || applying.iter().any(|statement| other.is_same(statement, is_searched))
        };
        if sparing.iter().any(|other| covers(&other)) {
            return;
        }
        let variables = variables(applying.iter().chain(sparing).copied());
        // What is surely there depends on which of several resources it is: each for itself.
        let parts = match applying.first().and_then(|first| first.resources.as_ref()) {
            Some(resources)
                if !variables.is_empty() && resources.tests.len() > 1 && !resources.is_negated =>
            {
                let of = |test: &crate::compile::WordTest| {
                    let mut part = applying[0].clone();
                    part.resources = Some(Resources { is_negated: false, tests: vec![test.clone()] });
                    part
                };
                resources.tests.iter().map(of).collect()
            }
            _ => vec![applying[0].clone()],
        };
        for part in &parts {
            let mut applying = applying.clone();
            applying[0] = part;
            self.solve_part(&applying, sparing, slot, &variables);
            if self.report.is_settled() {
                return;
            }
        }
    }

    fn solve_part(
        &mut self,
        applying: &[&Statement],
        sparing: &[&Statement],
        slot: Slot<'_>,
        variables: &[(Arc<str>, Option<Box<str>>)],
    ) {
        let present = present(applying);
        let mut problem = Problem {
            applying: applying.to_vec(),
            sparing: sparing.to_vec(),
            takes_resource: slot.takes_resource,
            looks_for_action: slot.action.is_none(),
            other_actions: Vec::new(),
            values: Values::Symbols(variables.to_vec(), present),
            bound: Bound::Perhaps,
            fixed: self.asker.fixed.clone(),
        };
        let possible = match self.search(&mut problem) {
            Settled::Nothing => return,
            Settled::OutOfSteps => return self.report.out_of_steps(),
            Settled::Unsure(why) => return self.report.unsure(why),
            Settled::Found(model) => model,
        };
        if let Replayed::Shows(_) = self.shows(&possible, slot) {
            return;
        }
        problem.bound = Bound::Surely;
        let mut why = None;
        for texts in self.assignments(applying, sparing, variables) {
            problem.fixed = self.asker.fixed.clone();
            for (key, text) in &texts {
                let state = text.as_ref().map_or(State::Absent, |text| State::Values(vec![letters(text)]));
                problem.fixed.insert(key.clone(), state);
            }
            let told: Vec<Arc<str>> = texts.keys().cloned().collect();
            problem.values = Values::Texts(texts);
            let found = match self.search(&mut problem) {
                Settled::Found(mut model) => {
                    for key in told {
                        model.keys.extend(problem.fixed.get(&key).map(|state| (key.clone(), state.clone())));
                    }
                    Settled::Found(model)
                }
                other => other,
            };
            match found {
                Settled::Found(model) => {
                    let found =
                        format!("a request about `{}` was found", text(&model.resource).unwrap_or_default());
                    match self.shows(&model, slot) {
                        Replayed::Shows(_) => return,
                        Replayed::Ruled => {
                            why = Some(format!("{found}, which AWS decides whatever a policy says"))
                        }
                        Replayed::Not => {
                            self.report.unconfirmed += 1;
                            why = Some(format!("{found}, which the engine does not confirm"));
                        }
                    }
                }
                Settled::OutOfSteps => return self.report.out_of_steps(),
                Settled::Unsure(open) => why = Some(open),
                Settled::Nothing => {}
            }
        }
        let about = slot.action.unwrap_or("actions that the reference does not list");
        let undecided = if variables.is_empty() {
            format!("about {about}: what AWS does not document decides")
        } else {
            let names: BTreeSet<&str> = variables.iter().map(|(key, _)| key.as_ref()).collect();
            let names: Vec<String> = names.into_iter().map(|name| format!("`${{{name}}}`")).collect();
            format!("about {about}: the values of {} would have to be told apart further", names.join(", "))
        };
        self.report.unsure(why.unwrap_or(undecided));
    }

    /// Searches; where the action is looked for, again until it is one that nothing lists or names.
    fn search(&mut self, problem: &mut Problem<'_>) -> Settled<Model> {
        let universe = Universe::shipped();
        for _ in 0..MAX_OTHER_ACTIONS {
            let found = search(problem, &mut self.report.steps_left);
            let Settled::Found(model) = &found else { return found };
            if !problem.looks_for_action {
                return found;
            }
            let Some(name) = text(&model.action) else { return found };
            let statements = || self.new.statements.iter().chain(self.old.statements.iter());
            let is_named =
                || statements().any(|statement| statement.actions.named().any(|named| named == name));
            if universe.find(&name).is_none() && !is_named() {
                return found;
            }
            problem.other_actions.push(Pattern::exact(&name));
        }
        Settled::Unsure("which actions AWS may add could not be told from those there are".to_owned())
    }

    /// Replays a request; one that the engine confirms is the answer.
    fn shows(&mut self, model: &Model, slot: Slot<'_>) -> Replayed {
        let universe = Universe::shipped();
        let Some(name) = slot.action.map(str::to_owned).or_else(|| text(&model.action)) else {
            return Replayed::Not;
        };
        let place = universe.find(&name.to_ascii_lowercase());
        // An action that was searched must be none of those that are listed: they differ in what they take.
        if slot.action.is_none() && place.is_some() {
            return Replayed::Not;
        }
        let Some(keys) = model
            .keys
            .iter()
            .map(|(key, state)| match state {
                State::Absent => Some((key.to_string(), None)),
                State::Values(words) => {
                    let texts = words.iter().map(|word| text(word)).collect::<Option<Vec<_>>>()?;
                    Some((key.to_string(), Some(texts)))
                }
            })
            .collect::<Option<Vec<_>>>()
        else {
            return Replayed::Not;
        };
        let Some(resource) = text(&model.resource) else { return Replayed::Not };
        let witness = Witness {
            principal: self.asker.text.clone(),
            action: place.map_or(name, |at| universe.spelled[at].to_string()),
            is_listed: place.is_some(),
            takes_resource: slot.takes_resource,
            resource: if slot.takes_resource { resource } else { "*".to_owned() },
            context: keys,
            allowed_by: None,
        };
        self.report.replays += 1;
        let replayed = replay(&witness, self.asker, self.new, self.old);
        if let Replayed::Shows(confirmed) = &replayed {
            self.report.answer = Answer::Violated(confirmed.clone());
        }
        replayed
    }

    /// Ways of giving values to the variables: texts that the conditions compare them with, others, and none.
    fn assignments(
        &self,
        applying: &[&Statement],
        sparing: &[&Statement],
        variables: &[(Arc<str>, Option<Box<str>>)],
    ) -> Vec<HashMap<Arc<str>, Option<String>>> {
        let keys: BTreeSet<Arc<str>> = variables.iter().map(|(key, _)| key.clone()).collect();
        let mut found = vec![HashMap::new()];
        let usuals = keys.iter().enumerate().map(|(at, key)| (key.clone(), Some(usual(key, at)))).collect();
        let usuals = Values::Texts(usuals);
        for (number, key) in keys.iter().enumerate() {
            let mut texts: Vec<Option<String>> = Vec::new();
            match self.asker.fixed.get(key) {
                Some(State::Absent) => texts.push(None),
                Some(State::Values(words)) => texts.push(words.first().and_then(|word| text(word))),
                None => {
                    texts.push(Some(usual(key, number)));
                    // What another variable stands for, and what is made of it.
                    for condition in
                        applying.iter().chain(sparing).flat_map(|statement| &statement.conditions)
                    {
                        texts.extend(same(condition, key, &keys, &usuals).into_iter().map(Some));
                    }
                    for statement in applying.iter().chain(sparing) {
                        for condition in &statement.conditions {
                            let is_compared = condition.variables().any(|v| v.key.as_str() == key.as_ref());
                            if condition.key != *key && !is_compared {
                                continue;
                            }
                            let plain = condition.inner.values.iter().map(|value| value.text.as_ref());
                            // A wildcard in a request would ask about many resources at once.
                            texts.extend(
                                plain.filter(|t| !t.contains("${")).map(|t| Some(t.replace(['*', '?'], "x"))),
                            );
                        }
                    }
                    for (_, default) in variables.iter().filter(|(other, _)| other == key) {
                        texts.extend(default.as_ref().map(|default| Some(default.to_string())));
                    }
                    if !Domain::of(key).is_always_there {
                        texts.insert(1, None);
                    }
                }
            }
            let mut distinct: Vec<Option<String>> = Vec::new();
            for text in texts {
                if !distinct.contains(&text) && distinct.len() < MAX_TEXTS {
                    distinct.push(text);
                }
            }
            let mut next = Vec::new();
            for text in &distinct {
                for known in &found {
                    let mut longer: HashMap<Arc<str>, Option<String>> = known.clone();
                    longer.insert(key.clone(), text.clone());
                    next.push(longer);
                }
            }
            next.truncate(MAX_ASSIGNMENTS);
            found = next;
        }
        found
    }
}

fn ways(takes_resource: Option<bool>) -> Vec<bool> {
    takes_resource.map_or_else(|| vec![true, false], |takes| vec![takes])
}

fn variables<'a>(statements: impl Iterator<Item = &'a Statement>) -> Vec<(Arc<str>, Option<Box<str>>)> {
    let mut found: Vec<(Arc<str>, Option<Box<str>>)> = Vec::new();
    for variable in statements.flat_map(Statement::variables) {
        let entry = (Arc::from(variable.key.as_str()), variable.default.clone());
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// The keys that a request must carry for the statements to apply.
fn present(applying: &[&Statement]) -> BTreeSet<Arc<str>> {
    let mut found = BTreeSet::new();
    let nothing = Values::Texts(HashMap::new());
    for statement in applying {
        for condition in &statement.conditions {
            if matches!(condition.sort, Sort::Open) || !truth(condition, &State::Absent, &nothing).is_no() {
                continue;
            }
            found.insert(condition.key.clone());
            // The one value is compared with one text only, so that one has a value too.
            let is_one = condition.quantifier.is_none() && Domain::of(&condition.key).many == Some(false);
            if let (Sort::Words(tests), true, false) = (&condition.sort, is_one, condition.is_negated)
                && let [test] = tests.as_slice()
            {
                let variables = test.variables().filter(|variable| variable.default.is_none());
                found.extend(variables.map(|variable| Arc::from(variable.key.as_str())));
            }
        }
        let Some(Resources { is_negated: false, tests }) = &statement.resources else { continue };
        let [test] = tests.as_slice() else { continue };
        found.extend(test.variables().filter(|v| v.default.is_none()).map(|v| Arc::from(v.key.as_str())));
    }
    for statement in applying {
        for variable in statement.variables().filter(|v| Domain::of(v.key.as_str()).is_always_there) {
            found.insert(Arc::from(variable.key.as_str()));
        }
    }
    found
}

/// Texts with which a condition says that a variable is the same as another: of its key those that it compares it with,
/// and the usual one of the key with which it compares the variable.
fn same(condition: &Condition, key: &Arc<str>, keys: &BTreeSet<Arc<str>>, usuals: &Values) -> Vec<String> {
    let mut found = Vec::new();
    let Sort::Words(tests) = &condition.sort else { return found };
    if condition.key == *key {
        let with_variables = tests.iter().filter(|test| test.variables().next().is_some());
        let resolved = with_variables.filter_map(|test| usuals.resolve(test.perhaps.as_ref()?, false));
        found.extend(resolved.filter_map(|pattern| text(&pattern.sample())));
    } else if condition.variables().any(|variable| variable.key.as_str() == key.as_ref()) {
        let at = keys.iter().position(|other| *other == condition.key).unwrap_or(keys.len());
        found.push(usual(&condition.key, at));
    }
    found
}

/// A text that the key may have and that nobody else has.
fn usual(key: &str, number: usize) -> String {
    use palisade_services::ValueType::{Address, Arn, Bool, Date, Number};
    match Domain::of(key).of {
        Some(Bool) => "true".to_owned(),
        Some(Address) => "203.0.113.9".to_owned(),
        Some(Date | Number) => "1800000000".to_owned(),
        Some(Arn) => format!("arn:aws:iam::111122223333:role/w{number}"),
        _ => format!("w{number}v"),
    }
}

/// What is fixed for the one who asks.
pub(crate) type Fixed = BTreeMap<Arc<str>, State>;
