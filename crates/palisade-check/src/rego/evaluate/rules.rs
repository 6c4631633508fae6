//! Rules: their values, from the solutions of their clauses.

use super::*;

impl<'a> Evaluation<'a> {
    pub(super) fn rule_value(&mut self, rule: usize) -> Memo {
        if let Some(memo) = self.memos.get(rule).and_then(Option::clone) {
            return memo;
        }
        let memo = self.defined(rule, &[]);
        if let Some(slot) = self.memos.get_mut(rule) {
            *slot = Some(memo.clone());
        }
        memo
    }

    pub(super) fn function_value(&mut self, rule: usize, arguments: &[Found]) -> Memo {
        self.defined(rule, arguments)
    }

    pub(super) fn defined(&mut self, rule: usize, arguments: &[Found]) -> Memo {
        self.calls += 1;
        if self.calls > CALLS_MAX {
            self.halt("the rules call each other too deeply, or without end");
            self.calls -= 1;
            return Memo { value: None, reads: Vec::new() };
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
                if all[before..].iter().any(|solution: &Solution| solution.doubt.is_none()) {
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
                        all.push(Solution { key: key.clone(), value, doubt });
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
    let shape =
        shapes.first().copied().flatten().filter(|first| shapes.iter().all(|shape| *shape == Some(*first)));
    let own = values.iter().fold(Ids::from([]), |ids, value| union(&ids, &value.ids()));
    let ids = doubt.map_or(own.clone(), |doubt| union(&doubt, &own));
    Partial::Unknown(Cause { is_present: shape.is_some(), shape, ..Cause::bare(ids) })
}
