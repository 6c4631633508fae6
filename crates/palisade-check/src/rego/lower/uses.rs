//! What a literal needs bound before it, and what it binds: so that a body can be put in order.

use super::*;

/// What a literal needs bound before it, and what it binds.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) needs: BTreeSet<usize>,
    pub(super) binds_left: BTreeSet<usize>,
    pub(super) binds_right: BTreeSet<usize>,
    /// Bound by the steps of a path, whichever side it stands on.
    pub(super) binds_on_the_way: BTreeSet<usize>,
    /// One side's variables have to be bound already, whichever it is.
    pub(super) needs_one_side: bool,
}

impl Uses {
    pub(super) fn merge(&mut self, other: Self) {
        self.needs.extend(other.needs);
        self.binds_left.extend(other.binds_left);
        self.binds_right.extend(other.binds_right);
        self.binds_on_the_way.extend(other.binds_on_the_way);
    }

    pub(super) fn binds(&self) -> impl Iterator<Item = usize> {
        let own = [&self.binds_left, &self.binds_right, &self.binds_on_the_way];
        own.into_iter().flatten().copied()
    }

    pub(super) fn all(self) -> impl Iterator<Item = usize> {
        self.needs.into_iter().chain(self.binds_left).chain(self.binds_right).chain(self.binds_on_the_way)
    }

    pub(super) fn is_ready(&self, bound: &BTreeSet<usize>) -> bool {
        let one_side = self.binds_left.is_subset(bound) || self.binds_right.is_subset(bound);
        self.needs.iter().all(|slot| bound.contains(slot) || self.binds().any(|own| own == *slot))
            && (!self.needs_one_side || one_side)
    }
}

impl Lowering<'_> {
    pub(super) fn statement_uses(&self, stmt: &Stmt, mark: usize) -> Uses {
        let mut uses = Uses::default();
        match stmt {
            Stmt::Test(expr) => {
                uses = self.uses(expr, mark);
            }
            Stmt::Unify(left, right) => {
                let (left, right) = (self.pattern_uses(left, mark), self.pattern_uses(right, mark));
                uses.needs = &left.needs | &right.needs;
                uses.binds_on_the_way = &left.binds_on_the_way | &right.binds_on_the_way;
                uses.binds_left = left.binds_left;
                uses.binds_right = right.binds_left;
                uses.needs_one_side = true;
            }
            Stmt::Not(body) => {
                for stmt in body {
                    let inner = self.statement_uses(stmt, mark);
                    uses.needs.extend(inner.all());
                }
            }
            Stmt::SomeIn { key, value, collection } => {
                uses = self.uses(collection, mark);
                for pattern in key.iter().chain([value]) {
                    let pattern = self.pattern_uses(pattern, mark);
                    uses.needs.extend(pattern.needs);
                    uses.binds_left.extend(pattern.binds_left);
                    uses.binds_on_the_way.extend(pattern.binds_on_the_way);
                }
            }
            Stmt::Every { domain, body, .. } => {
                uses = self.uses(domain, mark);
                for stmt in body {
                    let inner = self.statement_uses(stmt, mark);
                    let all = inner.all();
                    uses.needs.extend(all.filter(|slot| *slot < mark));
                }
            }
        }
        uses
    }

    /// As [`Self::uses`], where variables that stand as a pattern are bound.
    pub(super) fn pattern_uses(&self, expr: &Expr, mark: usize) -> Uses {
        let mut uses = Uses::default();
        match expr {
            Expr::Slot(slot) => {
                uses.binds_left.insert(*slot);
            }
            Expr::Array(items) => items.iter().for_each(|item| uses.merge(self.pattern_uses(item, mark))),
            Expr::Object(fields) => {
                for (key, value) in fields {
                    uses.merge(self.uses(key, mark));
                    uses.merge(self.pattern_uses(value, mark));
                }
            }
            other => {
                let mut uses = self.uses(other, mark);
                uses.binds_on_the_way.append(&mut uses.binds_left);
                return uses;
            }
        }
        uses
    }

    /// What an expression needs bound, and what it binds. `mark` parts the outer variables from nested ones.
    pub(super) fn uses(&self, expr: &Expr, mark: usize) -> Uses {
        let mut uses = Uses::default();
        let mut add = |expr: &Expr| uses.merge(self.uses(expr, mark));
        match expr {
            Expr::Constant(_) | Expr::Input | Expr::Rule(_) => {}
            Expr::Slot(slot) => {
                uses.needs.insert(*slot);
            }
            Expr::Array(items) | Expr::Set(items) | Expr::Function(_, items) => items.iter().for_each(add),
            Expr::Object(fields) => fields.iter().for_each(|(key, value)| {
                add(key);
                add(value);
            }),
            Expr::Ref(base, steps) => {
                add(base);
                for step in steps {
                    match step {
                        Expr::Slot(slot) if !self.is_assigned(*slot) => {
                            uses.binds_left.insert(*slot);
                        }
                        step => uses.merge(self.uses(step, mark)),
                    }
                }
            }
            Expr::Compare(_, left, right) => {
                add(left);
                add(right);
            }
            Expr::Arithmetic(_, operands) | Expr::SetOperation(_, operands) => {
                add(&operands.left);
                add(&operands.right);
            }
            Expr::In(key, value, collection) => {
                key.iter().for_each(|key| add(key));
                add(value);
                add(collection);
            }
            Expr::Builtin(builtin) => builtin.arguments.iter().for_each(add),
            Expr::ArrayOf(term, body) | Expr::SetOf(term, body) => {
                self.nested_uses(&[term], body, mark, &mut uses)
            }
            Expr::ObjectOf(pair, body) => self.nested_uses(&[&pair.0, &pair.1], body, mark, &mut uses),
        }
        uses
    }

    pub(super) fn nested_uses(&self, terms: &[&Expr], body: &[Stmt], mark: usize, uses: &mut Uses) {
        let inner = terms.iter().map(|term| self.uses(term, mark));
        for inner in inner.chain(body.iter().map(|stmt| self.statement_uses(stmt, mark))) {
            let all = inner.all();
            uses.needs.extend(all.filter(|slot| *slot < mark));
        }
    }
}
