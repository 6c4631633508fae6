//! A rule's program: regorus's syntax tree with names resolved, literals in an order that binds before it reads.

use super::own::Own;
use crate::Fact;
use palisade_model::Span as Place;
use regorus::Value;
use regorus::unstable::{ArithOp, BinOp, BoolOp, BuiltinFcn, Expr as Syntax, Ref, Span};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What this engine leaves to plain regorus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFollowed(pub String);

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule uses {}", self.0)
    }
}

/// All the rules of a module, and which of them lists the faults.
pub struct Program {
    pub rules: Vec<Rule>,
    pub entry: usize,
    /// The parts of the input that are read by name, with the place of the first time.
    pub reads: BTreeMap<String, Place>,
}

/// All the clauses of one name.
pub struct Rule {
    pub form: Form,
    /// Each chain is a clause and its `else` clauses; chains are independent of each other.
    pub chains: Vec<Vec<Clause>>,
    pub default: Option<Value>,
}

/// What a rule's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value.
    Complete,
    /// A set of what each solution contributes.
    Set,
    /// An object of what each solution contributes.
    Object,
    /// One value for given arguments.
    Function,
}

/// One way to a value.
pub struct Clause {
    /// Patterns of the arguments.
    pub arguments: Vec<Expr>,
    /// The member or key it contributes.
    pub key: Option<Expr>,
    /// The value it gives; `true` where none is written.
    pub value: Option<Expr>,
    pub body: Vec<Stmt>,
    /// How many variables it has.
    pub slots: usize,
}

/// A literal of a body.
pub enum Stmt {
    /// Holds when the expression is defined and not false.
    Test(Expr),
    /// Makes both sides the same, binding what is unbound on one of them.
    Unify(Expr, Expr),
    /// Holds when the body has no solution.
    Not(Vec<Stmt>),
    /// One solution for each member.
    SomeIn { key: Option<Expr>, value: Expr, collection: Expr },
    /// Holds when the body has a solution for each member.
    Every { key: Option<usize>, value: usize, domain: Expr, body: Vec<Stmt> },
}

/// An expression.
pub enum Expr {
    Constant(Value),
    Slot(usize),
    Input,
    Rule(usize),
    Array(Vec<Expr>),
    Set(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// A way into a value; a step that is an unbound variable takes every way.
    Ref(Box<Expr>, Vec<Expr>),
    Compare(BoolOp, Box<Expr>, Box<Expr>),
    Arithmetic(ArithOp, Box<Operands>),
    SetOperation(BinOp, Box<Operands>),
    In(Option<Box<Expr>>, Box<Expr>, Box<Expr>),
    ArrayOf(Box<Expr>, Vec<Stmt>),
    SetOf(Box<Expr>, Vec<Stmt>),
    ObjectOf(Box<(Expr, Expr)>, Vec<Stmt>),
    Builtin(Box<Builtin>),
    Function(usize, Vec<Expr>),
}

/// Two operands, and their syntax for regorus's own messages.
pub struct Operands {
    pub left: Expr,
    pub right: Expr,
    pub syntax: (Span, Ref<Syntax>, Ref<Syntax>),
}

/// A call of a built-in function.
pub struct Builtin {
    pub name: Arc<str>,
    pub function: Function,
    pub span: Span,
    pub syntax: Vec<Ref<Syntax>>,
    pub arguments: Vec<Expr>,
}

/// Whose function it is.
pub enum Function {
    Regorus(BuiltinFcn),
    Own(&'static Own),
    /// Another engine's.
    Fact(&'static Fact),
}
