//! Evaluates a program over an input of which parts may be unknown.
//!
//! Every solution of a body carries its doubt: the unknowns it depends on. A solution without doubt holds whatever
//! the unknown values are; a body without any solution has none whatever they are. So a fault found without doubt
//! is certain, a subject without even doubtful faults passes, and all else is unknown. What is computed from an
//! unknown value is unknown; what is only chosen by one is doubtful.

use super::builtins;
use super::partial::{Cause, Ids, Partial, PartialList, message_and_key, union};
use super::program::{Builtin, Clause, Expr, Form, Function, Operands, Program, Stmt};
use crate::{Fact, Failure, Input, Judgement, Open, STEP_BUDGET, fact};
use palisade_model::{Path, Segment, Shape};
use regorus::Value;
use regorus::unstable::{ArithOp, BinOp, BoolOp, comparison, numbers, sets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most paths that one fault's evidence lists.
const EVIDENCE_MAX: usize = 24;
/// The deepest that rules may call each other.
const CALLS_MAX: usize = 64;

mod expression;
mod facts;
mod members;
mod rules;

/// What a program says of an input.
pub fn judge(program: &Program, input: &Input) -> Judgement {
    let quick = Evaluation::new(program, input, false).entry();
    if quick.failures.is_empty() && quick.open.is_empty() {
        return quick;
    }
    // What passes needs no evidence, and most subjects pass: only the others are gone through again with a trail.
    Evaluation::new(program, input, true).entry()
}

/// Whether the search for solutions goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}

/// The way that led to a value, kept only while evidence is gathered.
type Way = Option<Arc<Step>>;

struct Step {
    before: Way,
    segment: Segment,
}

/// A value and the way that led to it.
#[derive(Clone)]
struct Found {
    value: Partial,
    way: Way,
}

/// How a body within a body came out.
struct Outcome {
    /// It has a solution whatever the unknowns are.
    certain: bool,
    /// It has a solution that depends on these.
    doubt: Option<Ids>,
}

/// A rule's value, computed once.
#[derive(Clone)]
struct Memo {
    value: Option<(Partial, Option<Ids>)>,
    reads: Vec<Path>,
}

struct Evaluation<'a> {
    program: &'a Program,
    input: &'a Input,
    frame: usize,
    slots: Vec<Option<Found>>,
    doubt: Option<Ids>,
    steps: u64,
    problem: Option<String>,
    memos: Vec<Option<Memo>>,
    calls: usize,
    traces: bool,
    /// What the current solution read.
    trail: Vec<Path>,
    /// What bodies within bodies read, whether or not they came to a solution.
    log: Option<Vec<Path>>,
    root: Way,
}

type Next<'n, 'a> = &'n mut dyn FnMut(&mut Evaluation<'a>, Found) -> Flow;
type Then<'n, 'a> = &'n mut dyn FnMut(&mut Evaluation<'a>) -> Flow;

impl<'a> Evaluation<'a> {
    fn new(program: &'a Program, input: &'a Input, traces: bool) -> Self {
        Self {
            program,
            input,
            frame: 0,
            slots: Vec::new(),
            doubt: None,
            steps: 0,
            problem: None,
            memos: vec![None; program.rules.len()],
            calls: 0,
            traces,
            trail: Vec::new(),
            log: None,
            root: None,
        }
    }

    fn entry(mut self) -> Judgement {
        let rule = &self.program.rules[self.program.entry];
        let mut judgement = Judgement::default();
        if matches!(rule.form, Form::Complete | Form::Object | Form::Function) {
            let memo = self.rule_value(self.program.entry);
            self.add_complete(memo, &mut judgement);
        } else {
            for chain in &rule.chains {
                for clause in chain {
                    self.in_frame(clause.slots, |this| {
                        this.body(&clause.body, &mut |this| {
                            let Some(key) = &clause.key else { return Flow::Go };
                            this.expression(key, &mut |this, found| {
                                this.add(found.value, &mut judgement);
                                Flow::Go
                            })
                        });
                    });
                }
            }
        }
        judgement
            .failures
            .sort_by(|left, right| (&left.key, &left.message).cmp(&(&right.key, &right.message)));
        judgement
            .failures
            .dedup_by(|later, earlier| later.key == earlier.key && later.message == earlier.message);
        judgement
            .open
            .dedup_by(|later, earlier| later.message == earlier.message && later.because == earlier.because);
        judgement.problem = self.problem;
        judgement
    }

    fn add_complete(&mut self, memo: Memo, judgement: &mut Judgement) {
        self.trail = memo.reads;
        let Some((value, doubt)) = memo.value else { return };
        self.doubt = doubt;
        match &value {
            Partial::Known(Value::Bool(false) | Value::Null) => {}
            Partial::Known(known) if self.doubt.is_none() => {
                for failure in super::partial::messages(known) {
                    judgement.failures.push(Failure { evidence: self.evidence(), ..failure });
                }
            }
            _ => self.add(value, judgement),
        }
    }

    /// Adds what one solution of the entry says.
    fn add(&mut self, value: Partial, judgement: &mut Judgement) {
        let evidence = self.evidence();
        let known = value.known();
        match (&self.doubt, known) {
            (None, Some(known)) => {
                let (message, key) = message_and_key(&known);
                judgement.failures.push(Failure { message, key, evidence });
            }
            // Whatever it turns out to say, it says something: the fault is there.
            (None, None) if self.is_certainly_member(&value) => {
                let shown = value.shown();
                judgement.failures.push(Failure { message: Some(shown.clone()), key: shown, evidence });
            }
            (doubt, known) => {
                let own = value.ids();
                let ids = doubt.as_ref().map_or(own.clone(), |doubt| union(doubt, &own));
                let message = match known {
                    Some(known) => message_and_key(&known).0,
                    None => Some(value.shown()),
                };
                let because =
                    ids.iter().filter_map(|id| self.input.unknowns.get(*id as usize).cloned()).collect();
                judgement.open.push(Open { message, because, evidence });
            }
        }
    }

    fn is_certainly_member(&self, value: &Partial) -> bool {
        match value {
            Partial::Unknown(cause) => cause.is_present,
            Partial::Known(_) | Partial::List(_) | Partial::Map(_) | Partial::Set(_) => true,
        }
    }

    fn evidence(&self) -> Vec<Path> {
        let mut evidence: Vec<Path> = Vec::new();
        for path in &self.trail {
            // Going through a list reads the list; the part that was looked at says it better.
            let is_said = |other: &Path| other.0.starts_with(&path.0);
            if evidence.len() < EVIDENCE_MAX && !evidence.iter().any(is_said) {
                evidence.retain(|other| !path.0.starts_with(&other.0));
                evidence.push(path.clone());
            }
        }
        evidence
    }

    // --- steps, doubt and variables ---

    fn step(&mut self) -> Flow {
        self.steps += 1;
        if self.steps > STEP_BUDGET {
            self.halt("the rule takes too many steps on this resource");
        }
        if self.problem.is_some() { Flow::Stop } else { Flow::Go }
    }

    fn halt(&mut self, problem: &str) -> Flow {
        self.problem.get_or_insert_with(|| problem.to_owned());
        Flow::Stop
    }

    fn under(&mut self, ids: &Ids, then: Then<'_, 'a>) -> Flow {
        let joined = self.doubt.as_ref().map_or_else(|| ids.clone(), |doubt| union(doubt, ids));
        let before = self.doubt.replace(joined);
        let flow = then(self);
        self.doubt = before;
        flow
    }

    fn in_frame<T>(&mut self, slots: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let (frame, length) = (self.frame, self.slots.len());
        self.frame = length;
        self.slots.resize_with(length + slots, || None);
        let done = work(self);
        self.slots.truncate(length);
        self.frame = frame;
        done
    }

    fn slot(&self, slot: usize) -> Option<&Found> {
        self.slots.get(self.frame + slot).and_then(Option::as_ref)
    }

    fn bound(&mut self, slot: usize, found: Found, then: Then<'_, 'a>) -> Flow {
        let place = self.frame + slot;
        let before = self.slots.get_mut(place).and_then(|slot| slot.replace(found));
        let flow = then(self);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = before;
        }
        flow
    }

    /// A body within a body, on its own: how it comes out given the variables as they are.
    fn apart(&mut self, work: impl FnOnce(&mut Self, &mut Outcome)) -> (Outcome, Vec<Path>) {
        let doubt = self.doubt.take();
        let trail = std::mem::take(&mut self.trail);
        let log = self.traces.then(Vec::new);
        let log = std::mem::replace(&mut self.log, log);
        let mut outcome = Outcome { certain: false, doubt: None };
        work(self, &mut outcome);
        self.doubt = doubt;
        self.trail = trail;
        let reads = std::mem::replace(&mut self.log, log).unwrap_or_default();
        if let Some(outer) = &mut self.log {
            outer.extend(reads.iter().cloned());
        }
        (outcome, reads)
    }

    fn note(&mut self, outcome: &mut Outcome) -> Flow {
        match self.doubt.clone() {
            None => {
                outcome.certain = true;
                Flow::Stop
            }
            Some(ids) => {
                outcome.doubt =
                    Some(outcome.doubt.as_ref().map_or_else(|| ids.clone(), |before| union(before, &ids)));
                Flow::Go
            }
        }
    }

    fn with_reads(&mut self, reads: Vec<Path>, then: Then<'_, 'a>) -> Flow {
        let length = self.trail.len();
        self.trail.extend(reads);
        let flow = then(self);
        self.trail.truncate(length);
        flow
    }

    // --- bodies ---

    fn body(&mut self, stmts: &'a [Stmt], then: Then<'_, 'a>) -> Flow {
        let Some((first, rest)) = stmts.split_first() else {
            return then(self);
        };
        if self.step() == Flow::Stop {
            return Flow::Stop;
        }
        let mut next = |this: &mut Self| this.body(rest, then);
        match first {
            Stmt::Test(expr) => self.expression(expr, &mut |this, found| match &found.value {
                Partial::Known(Value::Bool(false) | Value::Undefined) => Flow::Go,
                Partial::Unknown(cause) if !cause.is_truthy() => this.under(&cause.ids.clone(), &mut next),
                _ => next(this),
            }),
            Stmt::Unify(left, right) => {
                if self.is_bound(right) {
                    self.expression(right, &mut |this, found| this.matches(left, found, &mut next))
                } else {
                    self.expression(left, &mut |this, found| this.matches(right, found, &mut next))
                }
            }
            Stmt::Not(body) => {
                let (outcome, reads) = self.solves(body);
                match outcome {
                    Outcome { certain: true, .. } => Flow::Go,
                    Outcome { doubt: Some(ids), .. } => {
                        self.under(&ids, &mut |this| this.with_reads(reads.clone(), &mut next))
                    }
                    Outcome { .. } => self.with_reads(reads, &mut next),
                }
            }
            Stmt::SomeIn { key, value, collection: Expr::Builtin(builtin) }
                if let Function::Fact(fact) = builtin.function =>
            {
                self.found_items(&builtin.arguments, Vec::new(), &mut |this, arguments| {
                    this.each_picked(fact, &arguments, &mut |this, index, member| {
                        let mut value_then = |this: &mut Self| this.matches(value, member.clone(), &mut next);
                        match key {
                            Some(key) => this.matches(key, index, &mut value_then),
                            None => value_then(this),
                        }
                    })
                })
            }
            Stmt::SomeIn { key, value, collection } => self.expression(collection, &mut |this, found| {
                this.members(&found, &mut |this, index, member| {
                    let mut value_then = |this: &mut Self| this.matches(value, member.clone(), &mut next);
                    match key {
                        Some(key) => this.matches(key, index, &mut value_then),
                        None => value_then(this),
                    }
                })
            }),
            Stmt::Every { key, value, domain, body } => self.expression(domain, &mut |this, found| {
                let (outcome, reads) = this.every(*key, *value, &found, body);
                match outcome {
                    Outcome { certain: false, .. } => Flow::Go,
                    Outcome { doubt: Some(ids), .. } => {
                        this.under(&ids, &mut |this| this.with_reads(reads.clone(), &mut next))
                    }
                    Outcome { .. } => this.with_reads(reads, &mut next),
                }
            }),
        }
    }

    fn solves(&mut self, body: &'a [Stmt]) -> (Outcome, Vec<Path>) {
        self.apart(|this, outcome| {
            this.body(body, &mut |this| this.note(outcome));
        })
    }

    /// `certain: false` when some member certainly has no solution; `doubt` when that depends on something.
    fn every(
        &mut self,
        key: Option<usize>,
        value: usize,
        domain: &Found,
        body: &'a [Stmt],
    ) -> (Outcome, Vec<Path>) {
        let is_collection = !matches!(
            domain.value,
            Partial::Known(
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined
            )
        );
        let mut all = Outcome { certain: is_collection, doubt: None };
        let mut all_reads = Vec::new();
        self.apart(|this, _| {
            this.members(domain, &mut |this, index, member| {
                let membership = this.doubt.take();
                let (mut outcome, mut reads) = (Outcome { certain: false, doubt: None }, Vec::new());
                let mut inner = |this: &mut Self| {
                    this.bound(value, member.clone(), &mut |this| {
                        (outcome, reads) = this.solves(body);
                        Flow::Go
                    })
                };
                match key {
                    Some(key) => this.bound(key, index, &mut inner),
                    None => inner(this),
                };
                all_reads.append(&mut reads);
                let open = match (&membership, &outcome) {
                    (_, Outcome { certain: true, .. }) => None,
                    (None, Outcome { doubt: None, .. }) => {
                        all.certain = false;
                        return Flow::Stop;
                    }
                    (None, Outcome { doubt, .. }) => doubt.clone(),
                    (Some(ids), Outcome { doubt, .. }) => {
                        Some(doubt.as_ref().map_or_else(|| ids.clone(), |doubt| union(doubt, ids)))
                    }
                };
                if let Some(ids) = open {
                    all.doubt =
                        Some(all.doubt.as_ref().map_or_else(|| ids.clone(), |before| union(before, &ids)));
                }
                this.doubt = membership;
                Flow::Go
            });
        });
        (all, all_reads)
    }
}

fn segment(key: &Value) -> Segment {
    match (expression::index_of(key), key) {
        (Some(index), Value::Number(_)) => Segment::Index(index),
        (_, Value::String(name)) => Segment::Name(name.clone()),
        (_, other) => Segment::Name(super::partial::shown(other).into()),
    }
}

/// The path of a way below the input; none for the input itself.
fn path(way: &Way) -> Option<Path> {
    let mut segments = Vec::new();
    let mut at = way.as_ref()?;
    while let Some(before) = &at.before {
        segments.push(at.segment.clone());
        at = before;
    }
    segments.reverse();
    (!segments.is_empty()).then_some(Path(segments))
}
