//! Which statements of service control policies could go, over all levels of an organisation.
//!
//! An allowance counts at its own level only: every level must allow a request. A denial counts wherever it stands.

use super::{Difference, NEED_NO_PERMISSION, Slot, ways};
use crate::actions::Universe;
use crate::answer::{Answer, Options, Report};
use crate::asker::{Asker, of_policies};
use crate::compile::{Attached, Statement};
use crate::questions::Redundant;
use crate::replay::everything;
use palisade_iam::{Action, Effect, Level, Policy};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many choices of one allowance of each other level are tried for one class of actions.
const MAX_CHOICES: usize = 256;

/// The statements of service control policies each of which changes nothing, the others staying as they are; and the
/// work it took. The levels are those from the root of the organisation down to an account.
pub fn redundant_levels(levels: &[Level], options: &Options) -> (Vec<Redundant>, Report) {
    let numbered =
        levels.iter().enumerate().flat_map(|(at, level)| level.policies.iter().map(move |p| (at, p)));
    let (of_policy, policies): (Vec<usize>, Vec<_>) =
        numbered.map(|(at, policy)| (at, policy.clone())).unzip();
    let mut all = Attached::new(policies);
    all.levels = Some(of_policy.iter().copied().collect());
    let mut found = Vec::new();
    let mut total = Report::new(options).finish();
    let mut left = options.steps;
    let Some(asker) = of_policies(&[]).0.into_iter().next() else { return (found, total) };
    for at in 0..all.statements.len() {
        left = left.saturating_sub(all.statements.len() as u64 / 4);
        let report =
            changes(&all, &of_policy, levels.len(), at, &asker, &Options { steps: left, ..*options });
        left = left.saturating_sub(report.steps);
        total.steps += report.steps;
        total.replays += report.replays;
        total.unconfirmed += report.unconfirmed;
        let open = match report.answer {
            Answer::Violated(_) => continue,
            Answer::Holds => None,
            Answer::Unknown(reasons) => Some(reasons.join("; ")),
        };
        found.push(Redundant::of(&all, at, open));
    }
    (found, total)
}

/// Do the levels allow nothing that the one denying statement of a policy describes? A request that shows otherwise is
/// one that every level allows; without levels, every request is.
pub fn levels_keep_out(levels: &[Level], described: &Arc<Policy>, options: &Options) -> Report {
    let numbered =
        levels.iter().enumerate().flat_map(|(at, level)| level.policies.iter().map(move |p| (at, p)));
    let (mut of_policy, mut policies): (Vec<usize>, Vec<_>) =
        numbered.map(|(at, policy)| (at, policy.clone())).unzip();
    if levels.is_empty() {
        policies.push(everything());
        of_policy.push(0);
    }
    policies.push(described.clone());
    of_policy.push(levels.len().saturating_sub(1));
    let place = policies.len() - 1;
    let mut all = Attached::new(policies);
    all.levels = Some(of_policy.iter().copied().collect());
    let at = all.places.iter().position(|(policy, _)| *policy == place);
    let Some((asker, at)) = of_policies(&[]).0.into_iter().next().zip(at) else {
        let mut report = Report::new(options);
        report.unsure("what is asked about can't be described".to_owned());
        return report.finish();
    };
    changes(&all, &of_policy, levels.len().max(1), at, &asker, options)
}

/// Is nothing else allowed without the statement?
fn changes(
    all: &Attached,
    of_policy: &[usize],
    levels: usize,
    at: usize,
    asker: &Asker,
    options: &Options,
) -> Report {
    let mut report = Report::new(options);
    for why in &all.open {
        report.unsure(why.clone());
    }
    if report.is_open() || report.steps_left == 0 {
        report.unsure("the steps were used up by the statements before".to_owned());
        return report.finish();
    }
    let without = all.without(at);
    let (new, old) = match all.statements[at].effect {
        Effect::Allow => (all, &without),
        Effect::Deny => (&without, all),
    };
    let difference = Difference { new, old, asker, report, done: HashSet::new(), lists: HashMap::new() };
    let mut over = OverLevels { all, of_policy, levels, at, difference, seen: HashSet::new() };
    over.run(options);
    let mut report = over.difference.report;
    if report.steps_left == 0 {
        report.out_of_steps();
    }
    report.finish()
}

struct OverLevels<'a> {
    all: &'a Attached,
    of_policy: &'a [usize],
    levels: usize,
    at: usize,
    difference: Difference<'a>,
    // The statements about an action and whether it takes a resource.
    seen: HashSet<(Vec<usize>, bool, bool)>,
}

impl<'a> OverLevels<'a> {
    fn run(&mut self, options: &Options) {
        let universe = Universe::shipped();
        let all = self.all;
        let is_always = all.classes.always.contains(&self.at);
        let mut classes: HashSet<(u16, Option<bool>)> = HashSet::new();
        for at in 0..universe.names.len() {
            let (class, takes) = (all.classes.of[at], universe.takes_resource[at]);
            let of_class = &all.classes.statements[usize::from(class)];
            let is_needless = NEED_NO_PERMISSION.contains(&universe.names[at].as_ref());
            if is_needless || !(is_always || of_class.contains(&self.at)) || !classes.insert((class, takes)) {
                continue;
            }
            let about: Vec<usize> = of_class.iter().chain(&all.classes.always).copied().collect();
            for takes_resource in ways(takes) {
                self.ask(&about, Slot { action: Some(&universe.spelled[at]), takes_resource });
                if self.difference.report.is_settled() {
                    return;
                }
            }
        }
        let named: BTreeSet<&str> = all
            .statements
            .iter()
            .flat_map(|statement| statement.actions.named())
            .filter(|name| universe.find(name).is_none() && Action::parse(name).is_some())
            .collect();
        let unlisted = options.unlisted_actions.then_some(None);
        for action in named.into_iter().map(Some).chain(unlisted) {
            if !self.difference.takes(all.statements.len()) {
                return;
            }
            let is_about = |statement: &Statement| match action {
                Some(name) => statement.actions.contains(name),
                None => statement.actions.has_wildcards(),
            };
            let about: Vec<usize> =
                (0..all.statements.len()).filter(|at| is_about(&all.statements[*at])).collect();
            for takes_resource in [true, false] {
                self.ask(&about, Slot { action, takes_resource });
                if self.difference.report.is_settled() {
                    return;
                }
            }
        }
    }

    /// Is there a request about this action that the statement decides? All levels must allow it, this one by the
    /// statement alone when it allows; and nothing else deny it.
    fn ask(&mut self, about: &[usize], slot: Slot<'_>) {
        let is_searched = slot.action.is_none();
        let is_new = self.seen.insert((about.to_vec(), slot.takes_resource, is_searched));
        if !about.contains(&self.at) || !is_new || !self.difference.takes(about.len()) {
            return;
        }
        let all = self.all;
        let level = |at: usize| self.of_policy[all.places[at].0];
        let own = &all.statements[self.at];
        let (mut sparing, mut allows) = (Vec::new(), vec![Vec::new(); self.levels]);
        for at in about.iter().copied().filter(|at| *at != self.at) {
            match all.statements[at].effect {
                Effect::Deny => sparing.push(&all.statements[at]),
                Effect::Allow if own.effect == Effect::Allow && level(at) == level(self.at) => {
                    sparing.push(&all.statements[at]);
                }
                Effect::Allow => allows[level(at)].push(&all.statements[at]),
            }
        }
        if own.effect == Effect::Allow {
            allows[level(self.at)] = vec![own];
        }
        // A level that allows everything asks for nothing.
        let is_all = |statement: &&Statement| {
            !is_searched && statement.is_trivial() && (slot.takes_resource || statement.names_everything)
        };
        let mut choices: Vec<Vec<&'a Statement>> = vec![vec![own]];
        for list in allows.iter().filter(|list| !list.iter().any(is_all)) {
            let next = choices.iter().flat_map(|chosen| {
                list.iter().map(|allow| {
                    let is_there = chosen.iter().any(|other| std::ptr::eq(*other, *allow));
                    let more = (!is_there).then_some(*allow);
                    chosen.iter().copied().chain(more).collect()
                })
            });
            choices = next.take(MAX_CHOICES + 1).collect();
        }
        if choices.len() > MAX_CHOICES {
            let why = "the levels allow in too many ways to try one of each with the others";
            return self.difference.report.unsure(why.to_owned());
        }
        for applying in choices {
            self.difference.solve(applying, &sparing, slot);
            if self.difference.report.is_settled() {
                return;
            }
        }
    }
}

impl Redundant {
    /// A statement, by its place among all.
    pub(crate) fn of(attached: &Attached, at: usize, open: Option<String>) -> Self {
        let (policy, number) = attached.places[at];
        let policy = &attached.policies[policy];
        let statement = &policy.statements[number];
        Self {
            policy: policy.name.to_string(),
            statement: number + 1,
            sid: statement.sid.as_ref().map(ToString::to_string),
            at: statement.span.as_ref().map(ToString::to_string),
            open,
        }
    }
}

/// The policies of each level, as the engine takes them.
pub(crate) fn levels_of(attached: &Attached) -> Option<Vec<Level>> {
    let of_policy = attached.levels.as_ref()?;
    let count = of_policy.iter().max().map_or(0, |last| last + 1);
    let mut levels: Vec<Level> = (0..count)
        .map(|number| Level { at: Arc::from(format!("level {}", number + 1)), policies: Vec::new() })
        .collect();
    for (policy, level) in attached.policies.iter().zip(of_policy.iter()) {
        levels[*level].policies.push(policy.clone());
    }
    Some(levels)
}
