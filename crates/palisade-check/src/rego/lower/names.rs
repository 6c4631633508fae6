//! The names that a body mentions, and which of them it declares.

use super::*;

/// The names that a body mentions, without those of bodies within it.
#[derive(Default)]
pub(super) struct Names {
    /// All of them, in order.
    pub(super) seen: Vec<String>,
    /// Declared by `some` or `:=`.
    pub(super) declared: Vec<String>,
    /// Declared by `:=`.
    pub(super) assigned: Vec<String>,
}

impl Names {
    pub(super) fn query(&mut self, query: &Query) {
        for stmt in &query.stmts {
            match &stmt.literal {
                Literal::SomeVars { vars, .. } => {
                    self.declared.extend(vars.iter().map(|span| span.text().to_owned()))
                }
                Literal::SomeIn { key, value, collection, .. } => {
                    let mut patterns = Self::default();
                    key.iter().chain([value]).for_each(|pattern| patterns.pattern(pattern));
                    self.declared.extend(patterns.seen);
                    self.expression(collection);
                }
                Literal::Expr { expr, .. } => match &**expr {
                    Syntax::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                        let mut patterns = Self::default();
                        patterns.pattern(lhs);
                        self.assigned.extend(patterns.seen.iter().cloned());
                        self.declared.extend(patterns.seen);
                        self.expression(rhs);
                    }
                    _ => self.expression(expr),
                },
                Literal::NotExpr { expr, .. } => self.expression(expr),
                Literal::Every { domain, .. } => self.expression(domain),
            }
        }
    }

    /// The variables of a pattern: bare, or within arrays and as values of objects.
    pub(super) fn pattern(&mut self, syntax: &Syntax) {
        match syntax {
            Syntax::Var { span, .. } if span.text() != "_" => self.seen.push(span.text().to_owned()),
            Syntax::Array { items, .. } => items.iter().for_each(|item| self.pattern(item)),
            Syntax::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| self.pattern(value)),
            _ => {}
        }
    }

    pub(super) fn expression(&mut self, syntax: &Syntax) {
        match syntax {
            Syntax::Var { span, .. } => self.seen.push(span.text().to_owned()),
            Syntax::Array { items, .. } | Syntax::Set { items, .. } => {
                items.iter().for_each(|item| self.expression(item))
            }
            Syntax::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            Syntax::Call { params, .. } => params.iter().for_each(|param| self.expression(param)),
            Syntax::UnaryExpr { expr, .. } => self.expression(expr),
            Syntax::RefDot { refr, .. } => self.expression(refr),
            Syntax::RefBrack { refr, index, .. } => {
                self.expression(refr);
                self.expression(index);
            }
            Syntax::BinExpr { lhs, rhs, .. }
            | Syntax::BoolExpr { lhs, rhs, .. }
            | Syntax::ArithExpr { lhs, rhs, .. }
            | Syntax::AssignExpr { lhs, rhs, .. } => {
                self.expression(lhs);
                self.expression(rhs);
            }
            Syntax::Membership { key, value, collection, .. } => {
                key.iter().for_each(|key| self.expression(key));
                self.expression(value);
                self.expression(collection);
            }
            // Their bodies are scopes of their own.
            Syntax::ArrayCompr { .. } | Syntax::SetCompr { .. } | Syntax::ObjectCompr { .. } => {}
            Syntax::String { .. }
            | Syntax::RawString { .. }
            | Syntax::Number { .. }
            | Syntax::Bool { .. }
            | Syntax::Null { .. } => {}
        }
    }
}
