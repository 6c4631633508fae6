//! Evaluates a program over an input of which parts may be unknown.
//!
//! Every solution of a body carries its doubt: the unknowns it depends on. A solution without doubt holds whatever
//! the unknown values are; a body without any solution has none whatever they are. So a fault found without doubt
//! is certain, a subject without even doubtful faults passes, and all else is unknown. What is computed from an
//! unknown value is unknown; what is only chosen by one is doubtful.

use super::builtins;
use super::partial::{Cause, Ids, Partial, PartialList, message_and_key, union};
use super::program::{Builtin, Clause, Expr, Form, Function, Operands, Program, Stmt};
use crate::{Failure, Input, Judgement, Open, STEP_BUDGET};
use palisade_model::{Path, Segment, Shape};
use regorus::Value;
use regorus::unstable::{ArithOp, BinOp, BoolOp, comparison, numbers, sets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most paths that one fault's evidence lists.
const EVIDENCE_MAX: usize = 24;
/// The deepest that rules may call each other.
const CALLS_MAX: usize = 64;

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
                    judgement.failures.push(Failure {
                        evidence: self.evidence(),
                        ..failure
                    });
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
                judgement.failures.push(Failure {
                    message,
                    key,
                    evidence,
                });
            }
            // Whatever it turns out to say, it says something: the fault is there.
            (None, None) if self.is_certainly_member(&value) => {
                let shown = value.shown();
                judgement.failures.push(Failure {
                    message: Some(shown.clone()),
                    key: shown,
                    evidence,
                });
            }
            (doubt, known) => {
                let own = value.ids();
                let ids = doubt.as_ref().map_or(own.clone(), |doubt| union(doubt, &own));
                let message = match known {
                    Some(known) => message_and_key(&known).0,
                    None => Some(value.shown()),
                };
                let because = ids
                    .iter()
                    .filter_map(|id| self.input.unknowns.get(*id as usize).cloned())
                    .collect();
                judgement.open.push(Open {
                    message,
                    because,
                    evidence,
                });
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
        if self.problem.is_some() {
            Flow::Stop
        } else {
            Flow::Go
        }
    }

    fn halt(&mut self, problem: &str) -> Flow {
        self.problem.get_or_insert_with(|| problem.to_owned());
        Flow::Stop
    }

    fn under(&mut self, ids: &Ids, then: Then<'_, 'a>) -> Flow {
        let joined = self
            .doubt
            .as_ref()
            .map_or_else(|| ids.clone(), |doubt| union(doubt, ids));
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
        let mut outcome = Outcome {
            certain: false,
            doubt: None,
        };
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
                outcome.doubt = Some(
                    outcome
                        .doubt
                        .as_ref()
                        .map_or_else(|| ids.clone(), |before| union(before, &ids)),
                );
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
            Stmt::SomeIn {
                key,
                value,
                collection,
            } => self.expression(collection, &mut |this, found| {
                this.members(&found, &mut |this, index, member| {
                    let mut value_then = |this: &mut Self| this.matches(value, member.clone(), &mut next);
                    match key {
                        Some(key) => this.matches(key, index, &mut value_then),
                        None => value_then(this),
                    }
                })
            }),
            Stmt::Every {
                key,
                value,
                domain,
                body,
            } => self.expression(domain, &mut |this, found| {
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
        let mut all = Outcome {
            certain: is_collection,
            doubt: None,
        };
        let mut all_reads = Vec::new();
        self.apart(|this, _| {
            this.members(domain, &mut |this, index, member| {
                let membership = this.doubt.take();
                let (mut outcome, mut reads) = (
                    Outcome {
                        certain: false,
                        doubt: None,
                    },
                    Vec::new(),
                );
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
                    (Some(ids), Outcome { doubt, .. }) => Some(
                        doubt
                            .as_ref()
                            .map_or_else(|| ids.clone(), |doubt| union(doubt, ids)),
                    ),
                };
                if let Some(ids) = open {
                    all.doubt = Some(
                        all.doubt
                            .as_ref()
                            .map_or_else(|| ids.clone(), |before| union(before, &ids)),
                    );
                }
                this.doubt = membership;
                Flow::Go
            });
        });
        (all, all_reads)
    }

    /// Each member of a collection with its index or key; those that may be in it, under doubt.
    fn members(&mut self, found: &Found, then: &mut dyn FnMut(&mut Self, Found, Found) -> Flow) -> Flow {
        let plain = |value: Partial| Found { value, way: None };
        match &found.value {
            Partial::Known(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let way = self.further(&found.way, || Segment::Index(index));
                    let index = plain(Partial::Known(Value::from(index)));
                    if then(
                        self,
                        index,
                        Found {
                            value: Partial::Known(item.clone()),
                            way,
                        },
                    ) == Flow::Stop
                    {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(Value::Object(entries)) => {
                for (key, value) in entries.iter_sorted() {
                    let way = self.further(&found.way, || segment(key));
                    let value = Found {
                        value: Partial::Known(value.clone()),
                        way,
                    };
                    if then(self, plain(Partial::Known(key.clone())), value) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(Value::Set(members)) => {
                for member in members.iter_sorted() {
                    let member = plain(Partial::Known(member.clone()));
                    if then(self, member.clone(), member) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(_) => Flow::Go,
            Partial::Unknown(cause) => self.perhaps(&cause.ids, &found.way, then),
            Partial::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    let way = self.further(&found.way, || Segment::Index(index));
                    // Where there may be more items, positions are not certain either.
                    let position = match &list.more {
                        None => Partial::Known(Value::from(index)),
                        Some(more) => Partial::Unknown(Cause::outcome(more.ids.clone(), Shape::Number)),
                    };
                    if then(
                        self,
                        plain(position),
                        Found {
                            value: item.clone(),
                            way,
                        },
                    ) == Flow::Stop
                    {
                        return Flow::Stop;
                    }
                }
                match &list.more {
                    Some(more) => self.perhaps(&more.ids, &found.way, then),
                    None => Flow::Go,
                }
            }
            Partial::Map(map) => {
                for (key, value) in &map.entries {
                    let way = self.further(&found.way, || segment(key));
                    let value = Found {
                        value: value.clone(),
                        way,
                    };
                    if then(self, plain(Partial::Known(key.clone())), value) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                match &map.more {
                    Some(more) => self.perhaps(&more.ids, &found.way, then),
                    None => Flow::Go,
                }
            }
            Partial::Set(set) => {
                for member in &set.0 {
                    let member = plain(Partial::Known(member.clone()));
                    if then(self, member.clone(), member) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                self.perhaps(&set.1.ids, &found.way, then)
            }
        }
    }

    /// A member that may exist, of which nothing is known.
    fn perhaps(
        &mut self,
        ids: &Ids,
        way: &Way,
        then: &mut dyn FnMut(&mut Self, Found, Found) -> Flow,
    ) -> Flow {
        let unknown = || Partial::Unknown(Cause::bare(ids.clone()));
        let (index, member) = (
            Found {
                value: unknown(),
                way: None,
            },
            Found {
                value: unknown(),
                way: way.clone(),
            },
        );
        self.under(ids, &mut |this| then(this, index.clone(), member.clone()))
    }

    fn is_bound(&self, pattern: &Expr) -> bool {
        match pattern {
            Expr::Slot(slot) => self.slot(*slot).is_some(),
            Expr::Array(items) => items.iter().all(|item| self.is_bound(item)),
            Expr::Object(fields) => fields.iter().all(|(_, value)| self.is_bound(value)),
            _ => true,
        }
    }

    /// Makes a pattern and a value the same, binding the pattern's free variables.
    fn matches(&mut self, pattern: &'a Expr, found: Found, then: Then<'_, 'a>) -> Flow {
        match pattern {
            Expr::Slot(slot) if self.slot(*slot).is_none() => self.bound(*slot, found, then),
            Expr::Array(patterns) if !self.is_bound(pattern) => match (&found.value, found.value.items()) {
                (Partial::Unknown(cause), _) => {
                    let unknown = Found {
                        value: Partial::Unknown(Cause::bare(cause.ids.clone())),
                        way: found.way.clone(),
                    };
                    let pairs = patterns
                        .iter()
                        .map(|pattern| (pattern, unknown.clone()))
                        .collect();
                    self.under(&cause.ids, &mut |this| this.match_all(&pairs, then))
                }
                (_, Some(list)) => self.match_items(patterns, &list, &found.way, then),
                _ => Flow::Go,
            },
            Expr::Object(fields) if !self.is_bound(pattern) => self.match_fields(fields, &found, then),
            _ => self.expression(pattern, &mut |this, other| {
                this.same(&other.value, &found.value, then)
            }),
        }
    }

    fn match_items(
        &mut self,
        patterns: &'a [Expr],
        list: &PartialList,
        way: &Way,
        then: Then<'_, 'a>,
    ) -> Flow {
        if list.items.len() > patterns.len() || (list.more.is_none() && list.items.len() < patterns.len()) {
            return Flow::Go;
        }
        let item = |this: &Self, index: usize| match (&list.more, list.items.get(index)) {
            (None, Some(item)) => Found {
                value: item.clone(),
                way: this.further(way, || Segment::Index(index)),
            },
            (more, _) => {
                let ids = more
                    .as_ref()
                    .map_or_else(|| Ids::from([]), |more| more.ids.clone());
                Found {
                    value: Partial::Unknown(Cause::bare(ids)),
                    way: way.clone(),
                }
            }
        };
        let pairs = patterns
            .iter()
            .enumerate()
            .map(|(index, pattern)| (pattern, item(self, index)))
            .collect();
        match &list.more {
            Some(more) => self.under(&more.ids, &mut |this| this.match_all(&pairs, then)),
            None => self.match_all(&pairs, then),
        }
    }

    fn match_fields(&mut self, fields: &'a [(Expr, Expr)], found: &Found, then: Then<'_, 'a>) -> Flow {
        let Some(((key, pattern), rest)) = fields.split_first() else {
            return then(self);
        };
        self.expression(key, &mut |this, key| {
            this.into_step(found, &key.value, &mut |this, value| {
                this.matches(pattern, value, &mut |this| this.match_fields(rest, found, then))
            })
        })
    }

    fn match_all(&mut self, pairs: &Vec<(&'a Expr, Found)>, then: Then<'_, 'a>) -> Flow {
        self.match_from(pairs, 0, then)
    }

    fn match_from(&mut self, pairs: &Vec<(&'a Expr, Found)>, from: usize, then: Then<'_, 'a>) -> Flow {
        match pairs.get(from) {
            None => then(self),
            Some((pattern, found)) => self.matches(pattern, found.clone(), &mut |this| {
                this.match_from(pairs, from + 1, then)
            }),
        }
    }

    fn same(&mut self, left: &Partial, right: &Partial, then: Then<'_, 'a>) -> Flow {
        match left.same(right) {
            Some(true) => then(self),
            Some(false) => Flow::Go,
            None => self.under(&union(&left.ids(), &right.ids()), then),
        }
    }

    // --- expressions ---

    fn further(&self, way: &Way, segment: impl FnOnce() -> Segment) -> Way {
        match way {
            Some(_) if self.traces => Some(Arc::new(Step {
                before: way.clone(),
                segment: segment(),
            })),
            _ => None,
        }
    }

    /// Gives each value the expression can have; none where it is undefined.
    fn expression(&mut self, expr: &'a Expr, then: Next<'_, 'a>) -> Flow {
        if self.step() == Flow::Stop {
            return Flow::Stop;
        }
        let plain = |value: Partial| Found { value, way: None };
        match expr {
            Expr::Constant(value) => then(self, plain(Partial::Known(value.clone()))),
            Expr::Slot(slot) => match self.slot(*slot).cloned() {
                Some(found) => then(self, found),
                None => self.halt("a variable of the rule is read before it has a value"),
            },
            Expr::Input => {
                let found = self.input_root();
                then(self, found)
            }
            Expr::Rule(rule) => {
                let memo = self.rule_value(*rule);
                self.memo_value(memo, then)
            }
            Expr::Array(items) => self.items(items, Vec::new(), &mut |this, values| {
                then(this, plain(Partial::list(values, None)))
            }),
            Expr::Set(items) => self.items(items, Vec::new(), &mut |this, values| {
                let mut members = BTreeSet::new();
                let mut more: Option<Ids> = None;
                for value in values {
                    match value {
                        Partial::Known(known) => {
                            members.insert(known);
                        }
                        other => {
                            more = Some(more.map_or_else(|| other.ids(), |ids| union(&ids, &other.ids())))
                        }
                    }
                }
                then(this, plain(Partial::set(members, more.map(Cause::bare))))
            }),
            Expr::Object(fields) => self.fields(fields, BTreeMap::new(), None, then),
            Expr::Ref(base, steps) => self.expression(base, &mut |this, found| this.walk(found, steps, then)),
            Expr::Compare(op, left, right) => self.expression(left, &mut |this, left| {
                this.expression(right, &mut |this, right| {
                    then(this, plain(compared(op, &left.value, &right.value)))
                })
            }),
            Expr::Arithmetic(op, operands) => self.operands(operands, &mut |this, left, right| {
                this.arithmetic(op, operands, &left, &right, then)
            }),
            Expr::SetOperation(op, operands) => self.operands(operands, &mut |this, left, right| {
                this.set_operation(op, operands, &left, &right, then)
            }),
            Expr::In(key, value, collection) => self.membership(key.as_deref(), value, collection, then),
            Expr::ArrayOf(term, body) => {
                let (found, reads) = self.collect(&[term], body);
                let (items, more) = found;
                let items = items.into_iter().filter_map(|mut values| values.pop()).collect();
                self.with_reads(reads, &mut |this| {
                    then(
                        this,
                        plain(Partial::list(Vec::clone(&items), more.clone().map(Cause::bare))),
                    )
                })
            }
            Expr::SetOf(term, body) => {
                let ((items, mut more), reads) = self.collect(&[term], body);
                let mut members = BTreeSet::new();
                for value in items.into_iter().filter_map(|mut values| values.pop()) {
                    match value {
                        Partial::Known(known) => {
                            members.insert(known);
                        }
                        other => {
                            more = Some(more.map_or_else(|| other.ids(), |ids| union(&ids, &other.ids())))
                        }
                    }
                }
                let set = Partial::set(members, more.map(Cause::bare));
                self.with_reads(reads, &mut |this| then(this, plain(set.clone())))
            }
            Expr::ObjectOf(pair, body) => {
                let ((items, mut more), reads) = self.collect(&[&pair.0, &pair.1], body);
                let mut entries = BTreeMap::new();
                for mut values in items {
                    let (value, key) = (values.pop(), values.pop());
                    match (key, value) {
                        (Some(Partial::Known(key)), Some(value)) => {
                            if entries
                                .insert(key, value.clone())
                                .is_some_and(|before| before != value)
                            {
                                return self.halt("an object of the rule gets two values for one key");
                            }
                        }
                        (Some(key), Some(_)) => {
                            more = Some(more.map_or_else(|| key.ids(), |ids| union(&ids, &key.ids())));
                        }
                        _ => {}
                    }
                }
                let object = Partial::map(entries, more.map(Cause::bare));
                self.with_reads(reads, &mut |this| then(this, plain(object.clone())))
            }
            Expr::Builtin(builtin) => self.items(&builtin.arguments, Vec::new(), &mut |this, arguments| {
                this.builtin(builtin, &arguments, then)
            }),
            Expr::Function(rule, arguments) => {
                self.found_items(arguments, Vec::new(), &mut |this, arguments| {
                    let memo = this.function_value(*rule, &arguments);
                    this.memo_value(memo, then)
                })
            }
        }
    }

    fn input_root(&mut self) -> Found {
        if self.traces && self.root.is_none() {
            self.root = Some(Arc::new(Step {
                before: None,
                segment: Segment::Index(0),
            }));
        }
        Found {
            value: self.input.root.clone(),
            way: self.root.clone(),
        }
    }

    fn memo_value(&mut self, memo: Memo, then: Next<'_, 'a>) -> Flow {
        let Some((value, doubt)) = memo.value else {
            return Flow::Go;
        };
        self.with_reads(memo.reads, &mut |this| {
            let found = Found {
                value: value.clone(),
                way: None,
            };
            match &doubt {
                None => then(this, found),
                Some(ids) => this.under(ids, &mut |this| then(this, found.clone())),
            }
        })
    }

    fn items(
        &mut self,
        exprs: &'a [Expr],
        values: Vec<Partial>,
        then: &mut dyn FnMut(&mut Self, Vec<Partial>) -> Flow,
    ) -> Flow {
        match exprs.split_first() {
            None => then(self, values),
            Some((first, rest)) => self.expression(first, &mut |this, found| {
                let mut values = values.clone();
                values.push(found.value);
                this.items(rest, values, then)
            }),
        }
    }

    fn found_items(
        &mut self,
        exprs: &'a [Expr],
        values: Vec<Found>,
        then: &mut dyn FnMut(&mut Self, Vec<Found>) -> Flow,
    ) -> Flow {
        match exprs.split_first() {
            None => then(self, values),
            Some((first, rest)) => self.expression(first, &mut |this, found| {
                let mut values = values.clone();
                values.push(found);
                this.found_items(rest, values, then)
            }),
        }
    }

    fn fields(
        &mut self,
        fields: &'a [(Expr, Expr)],
        entries: BTreeMap<Value, Partial>,
        more: Option<Ids>,
        then: Next<'_, 'a>,
    ) -> Flow {
        let Some(((key, value), rest)) = fields.split_first() else {
            return then(
                self,
                Found {
                    value: Partial::map(entries, more.map(Cause::bare)),
                    way: None,
                },
            );
        };
        self.expression(key, &mut |this, key| {
            this.expression(value, &mut |this, value| {
                let (mut entries, mut more) = (entries.clone(), more.clone());
                match &key.value {
                    Partial::Known(key) => {
                        entries.insert(key.clone(), value.value);
                    }
                    other => more = Some(more.map_or_else(|| other.ids(), |ids| union(&ids, &other.ids()))),
                }
                this.fields(rest, entries, more, then)
            })
        })
    }

    fn operands(
        &mut self,
        operands: &'a Operands,
        then: &mut dyn FnMut(&mut Self, Partial, Partial) -> Flow,
    ) -> Flow {
        self.expression(&operands.left, &mut |this, left| {
            this.expression(&operands.right, &mut |this, right| {
                then(this, left.value.clone(), right.value)
            })
        })
    }

    /// The ways that steps lead from a value; each one that ends is read.
    fn walk(&mut self, found: Found, steps: &'a [Expr], then: Next<'_, 'a>) -> Flow {
        let Some((first, rest)) = steps.split_first() else {
            return self.read(found, then);
        };
        match first {
            Expr::Slot(slot) if self.slot(*slot).is_none() => {
                let is_end = rest.is_empty();
                if is_end && matches!(found.value, Partial::Unknown(_)) {
                    self.log_read(&found.way);
                }
                self.members(&found, &mut |this, index, member| {
                    this.bound(*slot, index, &mut |this| this.walk(member.clone(), rest, then))
                })
            }
            step => self.expression(step, &mut |this, key| {
                this.into_step(&found, &key.value, &mut |this, value| {
                    this.walk(value, rest, then)
                })
            }),
        }
    }

    fn into_step(&mut self, found: &Found, key: &Partial, then: Next<'_, 'a>) -> Flow {
        let Partial::Known(key) = key else {
            let ids = union(&key.ids(), &found.value.ids());
            let unknown = Found {
                value: Partial::Unknown(Cause::bare(ids.clone())),
                way: found.way.clone(),
            };
            return self.under(&ids, &mut |this| then(this, unknown.clone()));
        };
        let way = self.further(&found.way, || segment(key));
        let unknown = |ids: &Ids| Found {
            value: Partial::Unknown(Cause::bare(ids.clone())),
            way: way.clone(),
        };
        let value = match &found.value {
            Partial::Known(value) => known_step(value, key).map(Partial::Known),
            Partial::Unknown(cause) => {
                let found = unknown(&cause.ids);
                return self.under(&cause.ids, &mut |this| then(this, found.clone()));
            }
            Partial::List(list) => {
                match (&list.more, index_of(key).and_then(|index| list.items.get(index))) {
                    (None, item) => item.cloned(),
                    (Some(more), item) => {
                        let ids = item.map_or_else(|| more.ids.clone(), |item| union(&more.ids, &item.ids()));
                        let found = unknown(&ids);
                        return self.under(&ids, &mut |this| then(this, found.clone()));
                    }
                }
            }
            Partial::Map(map) => match (map.entries.get(key), &map.more) {
                (Some(value), _) => Some(value.clone()),
                (None, None) => None,
                (None, Some(more)) => {
                    let found = unknown(&more.ids);
                    return self.under(&more.ids, &mut |this| then(this, found.clone()));
                }
            },
            Partial::Set(set) if set.0.contains(key) => Some(Partial::Known(key.clone())),
            Partial::Set(set) => {
                let found = Found {
                    value: Partial::Known(key.clone()),
                    way: way.clone(),
                };
                return self.under(&set.1.ids, &mut |this| then(this, found.clone()));
            }
        };
        match value {
            // What may be missing is only perhaps there; what is certainly set is there.
            Some(Partial::Unknown(cause)) if !cause.is_present => {
                let found = Found {
                    value: Partial::Unknown(cause.clone()),
                    way,
                };
                self.under(&cause.ids, &mut |this| then(this, found.clone()))
            }
            Some(value) => then(self, Found { value, way }),
            None => {
                self.log_read(&way);
                Flow::Go
            }
        }
    }

    /// Records that the end of a way was read.
    fn read(&mut self, found: Found, then: Next<'_, 'a>) -> Flow {
        self.log_read(&found.way);
        match self.traces.then(|| path(&found.way)).flatten() {
            Some(path) => {
                self.trail.push(path);
                let flow = then(self, found);
                self.trail.pop();
                flow
            }
            None => then(self, found),
        }
    }

    fn log_read(&mut self, way: &Way) {
        if let Some(log) = &mut self.log
            && log.len() < EVIDENCE_MAX * 4
            && let Some(path) = path(way)
        {
            log.push(path);
        }
    }

    fn membership(
        &mut self,
        key: Option<&'a Expr>,
        value: &'a Expr,
        collection: &'a Expr,
        then: Next<'_, 'a>,
    ) -> Flow {
        self.expression(value, &mut |this, value| {
            this.expression(collection, &mut |this, collection| match key {
                None => {
                    let contained = this.contained(None, &value.value, &collection);
                    then(
                        this,
                        Found {
                            value: contained,
                            way: None,
                        },
                    )
                }
                Some(key) => this.expression(key, &mut |this, key| {
                    let contained = this.contained(Some(&key.value), &value.value, &collection);
                    then(
                        this,
                        Found {
                            value: contained,
                            way: None,
                        },
                    )
                }),
            })
        })
    }

    fn contained(&mut self, key: Option<&Partial>, value: &Partial, collection: &Found) -> Partial {
        if let (None, Partial::Known(value), Partial::Known(Value::Set(set))) =
            (key, value, &collection.value)
        {
            return Partial::Known(Value::Bool(set.contains(value)));
        }
        let (outcome, _) = self.apart(|this, outcome| {
            this.members(collection, &mut |this, index, member| {
                let same_key = key.map_or(Some(true), |key| key.same(&index.value));
                let ids = || {
                    union(
                        &union(&member.value.ids(), &value.ids()),
                        &key.map_or_else(|| Ids::from([]), Partial::ids),
                    )
                };
                match (same_key, member.value.same(value)) {
                    (Some(false), _) | (_, Some(false)) => Flow::Go,
                    (Some(true), Some(true)) => this.note(outcome),
                    _ => this.under(&ids(), &mut |this| this.note(outcome)),
                }
            });
        });
        match outcome {
            Outcome { certain: true, .. } => Partial::Known(Value::Bool(true)),
            Outcome { doubt: Some(ids), .. } => Partial::Unknown(Cause::outcome(ids, Shape::Bool)),
            Outcome { .. } => Partial::Known(Value::Bool(false)),
        }
    }

    /// The terms of each certain solution, and what others depend on.
    fn collect(
        &mut self,
        terms: &[&'a Expr],
        body: &'a [Stmt],
    ) -> ((Vec<Vec<Partial>>, Option<Ids>), Vec<Path>) {
        let mut solutions = Vec::new();
        let mut led_to_one: Vec<Path> = Vec::new();
        let mark = self.log.as_ref().map(Vec::len);
        let (outcome, mut reads) = self.apart(|this, outcome| {
            this.body(body, &mut |this| {
                this.terms(terms, Vec::new(), &mut |this, values| {
                    let room = (EVIDENCE_MAX * 4).saturating_sub(led_to_one.len());
                    led_to_one.extend(this.trail.iter().take(room).cloned());
                    if this.doubt.is_none() {
                        solutions.push(values);
                    } else {
                        this.note(outcome);
                    }
                    Flow::Go
                })
            });
        });
        // What is in the collection shows where it came from; only an empty one is explained by what isn't in it.
        if !led_to_one.is_empty() {
            if let (Some(log), Some(mark)) = (&mut self.log, mark) {
                log.truncate(mark);
                log.extend(led_to_one.iter().cloned());
            }
            reads = led_to_one;
        }
        ((solutions, outcome.doubt), reads)
    }

    fn terms(
        &mut self,
        terms: &[&'a Expr],
        values: Vec<Partial>,
        then: &mut dyn FnMut(&mut Self, Vec<Partial>) -> Flow,
    ) -> Flow {
        match terms.split_first() {
            None => then(self, values),
            Some((first, rest)) => self.expression(first, &mut |this, found| {
                let mut values = values.clone();
                values.push(found.value);
                this.terms(rest, values, then)
            }),
        }
    }

    fn arithmetic(
        &mut self,
        op: &ArithOp,
        operands: &Operands,
        left: &Partial,
        right: &Partial,
        then: Next<'_, 'a>,
    ) -> Flow {
        let (span, left_syntax, right_syntax) = &operands.syntax;
        let (Partial::Known(left), Partial::Known(right)) = (left, right) else {
            return self.computed_from(&[left, right], None, then);
        };
        let result = match (op, left, right) {
            (ArithOp::Sub, Value::Set(_), Value::Set(_)) => {
                sets::difference(left_syntax, right_syntax, left.clone(), right.clone())
            }
            _ => numbers::arithmetic_operation(
                span,
                op,
                left_syntax,
                right_syntax,
                left.clone(),
                right.clone(),
                false,
            ),
        };
        self.result(result.ok(), then)
    }

    fn set_operation(
        &mut self,
        op: &BinOp,
        operands: &Operands,
        left: &Partial,
        right: &Partial,
        then: Next<'_, 'a>,
    ) -> Flow {
        let (_, left_syntax, right_syntax) = &operands.syntax;
        let (Partial::Known(left), Partial::Known(right)) = (left, right) else {
            return self.computed_from(&[left, right], None, then);
        };
        let result = match op {
            BinOp::Union => sets::union(left_syntax, right_syntax, left.clone(), right.clone()),
            BinOp::Intersection => sets::intersection(left_syntax, right_syntax, left.clone(), right.clone()),
        };
        self.result(result.ok(), then)
    }

    fn result(&mut self, result: Option<Value>, then: Next<'_, 'a>) -> Flow {
        match result {
            None | Some(Value::Undefined) => Flow::Go,
            Some(value) => then(
                self,
                Found {
                    value: Partial::Known(value),
                    way: None,
                },
            ),
        }
    }

    /// The result of a function on values of which some are unknown: unknown, and maybe undefined.
    fn computed_from(&mut self, arguments: &[&Partial], shown: Option<Arc<str>>, then: Next<'_, 'a>) -> Flow {
        let ids = arguments
            .iter()
            .fold(Ids::from([]), |ids, argument| union(&ids, &argument.ids()));
        let cause = Cause {
            shown,
            ..Cause::bare(ids.clone())
        };
        self.under(&ids, &mut |this| {
            then(
                this,
                Found {
                    value: Partial::Unknown(cause.clone()),
                    way: None,
                },
            )
        })
    }

    fn builtin(&mut self, builtin: &'a Builtin, arguments: &[Partial], then: Next<'_, 'a>) -> Flow {
        if &*builtin.name == "sprintf" {
            if let Some(Partial::Known(format)) = arguments.first()
                && let Some(problem) = builtins::format_problem(&super::partial::shown(format))
            {
                return self.halt(&problem);
            }
            if let Some(shown) = self.formatted(builtin, arguments) {
                let ids = arguments
                    .iter()
                    .fold(Ids::from([]), |ids, argument| union(&ids, &argument.ids()));
                let cause = Cause {
                    shown: Some(shown),
                    ..Cause::outcome(ids, Shape::Text)
                };
                return then(
                    self,
                    Found {
                        value: Partial::Unknown(cause),
                        way: None,
                    },
                );
            }
        }
        if let Some(value) = decided(&builtin.name, arguments) {
            return then(self, Found { value, way: None });
        }
        let function = match &builtin.function {
            Function::Regorus(function) => function.0,
            Function::Own(own) => {
                return (own.call)(arguments)
                    .map_or(Flow::Go, |value| then(self, Found { value, way: None }));
            }
        };
        let known: Option<Vec<Value>> = arguments.iter().map(Partial::known).collect();
        let Some(known) = known else {
            let arguments: Vec<&Partial> = arguments.iter().collect();
            return self.computed_from(&arguments, None, then);
        };
        let result = function(&builtin.span, &builtin.syntax, &known, false);
        self.result(result.ok(), then)
    }

    /// A message of which parts are unknown: certainly a text, when every verb takes any value.
    fn formatted(&self, builtin: &Builtin, arguments: &[Partial]) -> Option<Arc<str>> {
        let [Partial::Known(Value::String(format)), Partial::List(list)] = arguments else {
            return None;
        };
        let verbs: Vec<char> = format
            .replace("%%", "")
            .split('%')
            .skip(1)
            .filter_map(|rest| rest.chars().next())
            .collect();
        let fits =
            list.more.is_none() && verbs.len() == list.items.len() && verbs.iter().all(|verb| *verb == 'v');
        if !fits {
            return None;
        }
        let shown: Vec<Value> = list.items.iter().map(|item| Value::from(item.shown())).collect();
        let values = [Value::String(format.clone()), Value::from(shown)];
        let Function::Regorus((function, _)) = &builtin.function else {
            return None;
        };
        match function(&builtin.span, &builtin.syntax, &values, false) {
            Ok(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    // --- rules ---

    fn rule_value(&mut self, rule: usize) -> Memo {
        if let Some(memo) = self.memos.get(rule).and_then(Option::clone) {
            return memo;
        }
        let memo = self.defined(rule, &[]);
        if let Some(slot) = self.memos.get_mut(rule) {
            *slot = Some(memo.clone());
        }
        memo
    }

    fn function_value(&mut self, rule: usize, arguments: &[Found]) -> Memo {
        self.defined(rule, arguments)
    }

    fn defined(&mut self, rule: usize, arguments: &[Found]) -> Memo {
        self.calls += 1;
        if self.calls > CALLS_MAX {
            self.halt("the rules call each other too deeply, or without end");
            self.calls -= 1;
            return Memo {
                value: None,
                reads: Vec::new(),
            };
        }
        let mut solutions = Vec::new();
        let (_, mut reads) = self.apart(|this, _| solutions = this.solutions(rule, arguments));
        reads.truncate(EVIDENCE_MAX);
        self.calls -= 1;
        let rule = &self.program.rules[rule];
        let value = match rule.form {
            Form::Set => Some((set_of(solutions), None)),
            Form::Object => Some((self.object_of(solutions), None)),
            Form::Complete | Form::Function => self.complete(solutions, rule.default.as_ref()),
        };
        Memo { value, reads }
    }

    /// Every solution of every clause: its key, its value and its doubt.
    fn solutions(&mut self, rule: usize, arguments: &[Found]) -> Vec<Solution> {
        let mut all = Vec::new();
        for chain in &self.program.rules[rule].chains {
            for clause in chain {
                let before = all.len();
                self.in_frame(clause.slots, |this| this.clause(clause, arguments, &mut all));
                // An `else` counts only where nothing before it in its chain certainly held, and then only perhaps
                // where something before it perhaps held: `complete` sees the candidates in order and decides.
                if all[before..]
                    .iter()
                    .any(|solution: &Solution| solution.doubt.is_none())
                {
                    break;
                }
            }
        }
        all
    }

    fn clause(&mut self, clause: &'a Clause, arguments: &[Found], all: &mut Vec<Solution>) {
        if clause.arguments.len() != arguments.len() {
            return;
        }
        let pairs: Vec<(&'a Expr, Found)> = clause.arguments.iter().zip(arguments.iter().cloned()).collect();
        self.match_all(&pairs, &mut |this| {
            this.body(&clause.body, &mut |this| {
                let mut with_key = |this: &mut Self, key: Option<Partial>| {
                    let mut add = |this: &mut Self, value: Partial| {
                        let doubt = this.doubt.clone();
                        all.push(Solution {
                            key: key.clone(),
                            value,
                            doubt,
                        });
                        Flow::Go
                    };
                    match &clause.value {
                        None => add(this, Partial::Known(Value::Bool(true))),
                        Some(value) => this.expression(value, &mut |this, found| add(this, found.value)),
                    }
                };
                match &clause.key {
                    None => with_key(this, None),
                    Some(key) => this.expression(key, &mut |this, found| with_key(this, Some(found.value))),
                }
            })
        });
    }

    fn complete(
        &mut self,
        solutions: Vec<Solution>,
        default: Option<&Value>,
    ) -> Option<(Partial, Option<Ids>)> {
        let certain = solutions.iter().any(|solution| solution.doubt.is_none());
        let doubt = solutions
            .iter()
            .filter_map(|solution| solution.doubt.clone())
            .reduce(|all, ids| union(&all, &ids));
        let mut values: Vec<Partial> = Vec::new();
        let mut certain_values = 0;
        let mut falls_through = false;
        for solution in solutions {
            falls_through |= solution.doubt.is_some();
            certain_values += usize::from(solution.doubt.is_none() && !values.contains(&solution.value));
            if !values.contains(&solution.value) {
                values.push(solution.value);
            }
        }
        if certain_values > 1 && !falls_through {
            self.halt("a rule has two different values at once");
            return None;
        }
        if !certain && let Some(default) = default {
            let default = Partial::Known(default.clone());
            if values.is_empty() {
                return Some((default, None));
            }
            if !values.contains(&default) {
                values.push(default);
            }
            return Some((one_of(values, doubt), None));
        }
        match (values.len(), certain) {
            (0, _) => None,
            (_, true) => Some((one_of(values, doubt), None)),
            (_, false) => Some((one_of(values, doubt.clone()), doubt)),
        }
    }

    fn object_of(&mut self, solutions: Vec<Solution>) -> Partial {
        let mut entries = BTreeMap::new();
        let mut more: Option<Ids> = None;
        for solution in solutions {
            match (solution.key, solution.doubt) {
                (Some(Partial::Known(key)), None) => {
                    entries.insert(key, solution.value);
                }
                (key, doubt) => {
                    let ids = key.map_or_else(|| Ids::from([]), |key| key.ids());
                    let ids = doubt.map_or(ids.clone(), |doubt| union(&doubt, &ids));
                    more = Some(more.map_or_else(|| ids.clone(), |before| union(&before, &ids)));
                }
            }
        }
        Partial::map(entries, more.map(Cause::bare))
    }
}

/// What one solution of a rule's clause gives.
struct Solution {
    key: Option<Partial>,
    value: Partial,
    doubt: Option<Ids>,
}

fn set_of(solutions: Vec<Solution>) -> Partial {
    let mut members = BTreeSet::new();
    let mut more: Option<Ids> = None;
    for solution in solutions {
        match (solution.key, solution.doubt) {
            (Some(Partial::Known(member)), None) => {
                members.insert(member);
            }
            (member, doubt) => {
                let ids = member.map_or_else(|| Ids::from([]), |member| member.ids());
                let ids = doubt.map_or(ids.clone(), |doubt| union(&doubt, &ids));
                more = Some(more.map_or_else(|| ids.clone(), |before| union(&before, &ids)));
            }
        }
    }
    Partial::set(members, more.map(Cause::bare))
}

/// The value that is one of these; `doubt` decides which.
fn one_of(mut values: Vec<Partial>, doubt: Option<Ids>) -> Partial {
    if values.len() == 1 {
        return values.remove(0);
    }
    let shapes: Vec<Option<Shape>> = values.iter().map(Partial::shape).collect();
    let shape = shapes
        .first()
        .copied()
        .flatten()
        .filter(|first| shapes.iter().all(|shape| *shape == Some(*first)));
    let own = values
        .iter()
        .fold(Ids::from([]), |ids, value| union(&ids, &value.ids()));
    let ids = doubt.map_or(own.clone(), |doubt| union(&doubt, &own));
    Partial::Unknown(Cause {
        ids,
        is_present: shape.is_some(),
        shape,
        shown: None,
    })
}

/// What a function says whatever the unknown parts of its arguments are.
fn decided(name: &str, arguments: &[Partial]) -> Option<Partial> {
    let known = |value: Value| Some(Partial::Known(value));
    let is = |shape: Shape, argument: &Partial| argument.shape().map(|other| Value::Bool(other == shape));
    match (name, arguments) {
        (_, arguments)
            if arguments
                .iter()
                .all(|argument| matches!(argument, Partial::Known(_))) =>
        {
            None
        }
        ("count", [Partial::List(list)]) if list.more.is_none() => known(Value::from(list.items.len())),
        ("count", [Partial::Map(map)]) if map.more.is_none() => known(Value::from(map.entries.len())),
        ("is_string", [argument]) => is(Shape::Text, argument).and_then(known),
        ("is_number", [argument]) => is(Shape::Number, argument).and_then(known),
        ("is_boolean", [argument]) => is(Shape::Bool, argument).and_then(known),
        ("is_array", [argument]) => is(Shape::List, argument).and_then(known),
        ("is_object", [argument]) => is(Shape::Map, argument).and_then(known),
        ("is_null", [argument]) => argument
            .same(&Partial::Known(Value::Null))
            .map(Value::Bool)
            .and_then(known),
        ("object.get", [Partial::Map(map), Partial::Known(key), default])
            if !matches!(key, Value::Array(_)) =>
        {
            match (map.entries.get(key), &map.more) {
                (Some(Partial::Unknown(cause)), _) if !cause.is_present => None,
                (Some(value), _) => Some(value.clone()),
                (None, None) => Some(default.clone()),
                (None, Some(_)) => None,
            }
        }
        ("object.keys", [Partial::Map(map)]) if map.more.is_none() => {
            known(Value::from(map.entries.keys().cloned().collect::<BTreeSet<_>>()))
        }
        _ => None,
    }
}

fn compared(op: &BoolOp, left: &Partial, right: &Partial) -> Partial {
    if let (Partial::Known(left), Partial::Known(right)) = (left, right) {
        return Partial::Known(comparison::compare(op, left, right).unwrap_or(Value::Undefined));
    }
    let same = match op {
        BoolOp::Eq => left.same(right),
        BoolOp::Ne => left.same(right).map(|same| !same),
        BoolOp::Lt | BoolOp::Le | BoolOp::Ge | BoolOp::Gt => None,
    };
    match same {
        Some(same) => Partial::Known(Value::Bool(same)),
        None => Partial::Unknown(Cause::outcome(union(&left.ids(), &right.ids()), Shape::Bool)),
    }
}

fn known_step(value: &Value, key: &Value) -> Option<Value> {
    match value {
        Value::Object(entries) => entries.get(key).cloned(),
        Value::Array(items) => items.get(index_of(key)?).cloned(),
        Value::Set(members) => members.get(key).cloned(),
        _ => None,
    }
}

fn index_of(key: &Value) -> Option<usize> {
    key.as_u64().ok().and_then(|index| usize::try_from(index).ok())
}

fn segment(key: &Value) -> Segment {
    match (index_of(key), key) {
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
