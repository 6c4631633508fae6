//! From regorus's syntax tree to a [`Program`]: names resolved, literals put in an order that binds before it reads.

use super::builtins;
use super::program::{Builtin, Clause, Expr, Form, Function, NotFollowed, Operands, Program, Rule, Stmt};
use super::{RuleText, span_at};
use palisade_model::{Diagnostic, Span as Place};
use regorus::Value;
use regorus::unstable::{
    AssignOp, Expr as Syntax, Literal, LiteralStmt, Module, Query, Ref, Rule as RuleSyntax, RuleAssign,
    RuleBody, RuleHead, Span,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

mod names;
mod uses;

use names::Names;

/// Why a module has no program.
#[derive(Debug)]
pub enum Refusal {
    /// Something is wrong with it.
    Wrong(Vec<Diagnostic>),
    /// It is fine, and this engine does not follow it.
    NotFollowed(NotFollowed),
}

type Lowered<T> = Result<T, Refusal>;

fn not_followed<T>(what: &str) -> Lowered<T> {
    Err(Refusal::NotFollowed(NotFollowed(what.to_owned())))
}

/// What can be left out of a module, in the order that [`lower`] counts: conditions, and whole clauses.
pub fn deletable(module: &Ref<Module>, rule: &RuleText<'_>) -> Vec<(Place, String)> {
    let mut lowering = Lowering::new(module, rule, None);
    // What can't be lowered has been refused before; here only the count matters.
    let _ = lowering.program(module);
    lowering.seen
}

/// The program of a module; with `without`, one deletable part of it is left out.
pub fn lower(module: &Ref<Module>, rule: &RuleText<'_>, without: Option<usize>) -> Lowered<Program> {
    Lowering::new(module, rule, without).program(module)
}

struct Lowering<'a> {
    rule: &'a RuleText<'a>,
    package: Vec<String>,
    names: BTreeMap<Arc<str>, usize>,
    imports: HashMap<String, Vec<String>>,
    without: Option<usize>,
    seen: Vec<(Place, String)>,
    /// The parts of the input that are read by name, with the place of the first time.
    reads: BTreeMap<String, Place>,
    /// The scopes from the clause's down to the innermost.
    scopes: Vec<Scope>,
    slots: usize,
}

#[derive(Default)]
struct Scope {
    names: HashMap<String, usize>,
    /// Declared with `:=` here: only the assignment binds these.
    assigned: HashSet<usize>,
}

impl<'a> Lowering<'a> {
    fn new(module: &Ref<Module>, rule: &'a RuleText<'a>, without: Option<usize>) -> Self {
        let mut names = BTreeMap::new();
        for syntax in &module.policy {
            if let Some(name) = rule_name(syntax) {
                let next = names.len();
                names.entry(Arc::from(name)).or_insert(next);
            }
        }
        let package = path_of(&module.package.refr).unwrap_or_default();
        let mut imports = HashMap::new();
        for import in &module.imports {
            if let Some(path) = path_of(&import.refr) {
                let alias = import.r#as.as_ref().map(|name| name.text().to_owned());
                let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
                imports.insert(name, path);
            }
        }
        Self {
            rule,
            package,
            names,
            imports,
            without,
            seen: Vec::new(),
            reads: BTreeMap::new(),
            scopes: Vec::new(),
            slots: 0,
        }
    }

    fn program(&mut self, module: &Ref<Module>) -> Lowered<Program> {
        if module.policy.iter().any(|syntax| rule_name(syntax).is_none()) {
            return not_followed("a rule whose name is a path");
        }
        let mut rules: Vec<Rule> = Vec::new();
        for _ in 0..self.names.len() {
            rules.push(Rule { form: Form::Complete, chains: Vec::new(), default: None });
        }
        let mut formed: BTreeMap<usize, Form> = BTreeMap::new();
        for syntax in &module.policy {
            let Some(name) = rule_name(syntax) else { continue };
            let index = self.names[name.as_str()];
            match &**syntax {
                RuleSyntax::Default { value, args, .. } => {
                    if !args.is_empty() {
                        return not_followed("a default for a function");
                    }
                    match self.expression(value)? {
                        Expr::Constant(value) => rules[index].default = Some(value),
                        _ => return not_followed("a default that is not a constant"),
                    }
                }
                RuleSyntax::Spec { span, head, bodies } => {
                    let form = form_of(head);
                    if formed.insert(index, form).is_some_and(|other| other != form) {
                        return Err(self.wrong(span, format!("`{name}` is defined in two different forms")));
                    }
                    rules[index].form = form;
                    let chains = self.chains(span, head, bodies)?;
                    rules[index].chains.extend(chains);
                }
            }
        }
        let Some(&entry) = self.names.get(self.rule.entrypoint) else {
            let message = format!("the rule `{}` is missing", self.rule.entrypoint);
            let help =
                format!("say the fault with `{} contains \"what is wrong\" if …`", self.rule.entrypoint);
            let place = span_at(self.rule, self.rule.start.line, self.rule.start.column, 1);
            return Err(Refusal::Wrong(vec![Diagnostic::error(message).at(place).help(help)]));
        };
        if rules[entry].form == Form::Function {
            return not_followed("a function as its entry");
        }
        Ok(Program { rules, entry, reads: std::mem::take(&mut self.reads) })
    }

    fn wrong(&self, span: &Span, message: String) -> Refusal {
        Refusal::Wrong(vec![Diagnostic::error(message).at(self.place(span))])
    }

    fn place(&self, span: &Span) -> Place {
        let column = super::column_of(self.rule, span.line, span.col);
        let length = span.text().lines().next().map_or(1, |line| line.chars().count().max(1));
        span_at(self.rule, span.line, column, u32::try_from(length).unwrap_or(1))
    }

    /// Counts something that can be left out; true when this is the one to leave out.
    fn leaves_out(&mut self, span: &Span) -> bool {
        let text = span.text().split_whitespace().collect::<Vec<_>>().join(" ");
        self.seen.push((self.place(span), text));
        self.without == Some(self.seen.len() - 1)
    }

    fn chains(&mut self, span: &Span, head: &RuleHead, bodies: &[RuleBody]) -> Lowered<Vec<Vec<Clause>>> {
        if bodies.is_empty() {
            return Ok(vec![vec![self.clause(head, None, None)?]]);
        }
        let mut chains: Vec<Vec<Clause>> = Vec::new();
        for body in bodies {
            // Both are counted whether or not they are left out, so that the count never shifts.
            let clause = self.clause(head, body.assign.as_ref(), Some(&body.query));
            let left_out = self.leaves_out(if bodies.len() == 1 { span } else { &body.span });
            let clause = clause?;
            match chains.last_mut() {
                Some(chain) if body.is_else && !left_out => chain.push(clause),
                _ if left_out => {}
                _ => chains.push(vec![clause]),
            }
        }
        Ok(chains)
    }

    fn clause(
        &mut self,
        head: &RuleHead,
        else_value: Option<&RuleAssign>,
        body: Option<&Ref<Query>>,
    ) -> Lowered<Clause> {
        self.scopes = vec![Scope::default()];
        self.slots = 0;
        let (arguments, key, assign) = match head {
            RuleHead::Func { args, assign, .. } => (args.as_slice(), None, assign.as_ref()),
            RuleHead::Set { key, .. } => (&[][..], key.as_ref(), None),
            RuleHead::Compr { refr, assign, .. } => match &**refr {
                Syntax::RefBrack { index, .. } => (&[][..], Some(index), assign.as_ref()),
                _ => (&[][..], None, assign.as_ref()),
            },
        };
        let value = else_value.or(assign).map(|assign| &assign.value);
        let mut names = Names::default();
        arguments.iter().for_each(|argument| names.pattern(argument));
        let argument_names = std::mem::take(&mut names.seen);
        self.declare(&argument_names);
        let mut outer = Names::default();
        body.iter().for_each(|query| outer.query(query));
        key.iter().for_each(|key| outer.expression(key));
        value.iter().for_each(|value| outer.expression(value));
        self.open(outer);
        let arguments =
            arguments.iter().map(|argument| self.expression(argument)).collect::<Lowered<Vec<_>>>()?;
        let bound_by_arguments: BTreeSet<usize> = self.slots_named(&argument_names);
        // Variables from here on belong to bodies within the head.
        let mark = self.slots;
        let key_expr = key.map(|key| self.expression(key)).transpose()?;
        let value_expr = value.map(|value| self.expression(value)).transpose()?;
        let mut bound = bound_by_arguments;
        let body = match body {
            Some(query) => self.ordered(query, &mut bound)?,
            None => Vec::new(),
        };
        for (expr, syntax) in [(&key_expr, key), (&value_expr, value)] {
            if let (Some(expr), Some(syntax)) = (expr, syntax) {
                let uses = self.uses(expr, mark);
                if let Some(slot) = uses.needs.difference(&bound).next() {
                    return Err(self.unbound(*slot, syntax.span()));
                }
            }
        }
        Ok(Clause { arguments, key: key_expr, value: value_expr, body, slots: self.slots })
    }

    fn unbound(&self, slot: usize, span: &Span) -> Refusal {
        let name = self.scopes.iter().flat_map(|scope| &scope.names).find(|(_, other)| **other == slot);
        let name = name.map_or("_", |(name, _)| name.as_str());
        self.wrong(span, format!("nothing gives `{name}` a value"))
    }

    fn slots_named(&self, names: &[String]) -> BTreeSet<usize> {
        names.iter().filter_map(|name| self.slot(name)).collect()
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name).copied())
    }

    fn new_slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// Gives each name a variable of its own in the innermost scope.
    fn declare(&mut self, names: &[String]) {
        for name in names {
            let known = self.scopes.last().is_some_and(|scope| scope.names.contains_key(name));
            if !known {
                let slot = self.new_slot();
                if let Some(scope) = self.scopes.last_mut() {
                    scope.names.insert(name.clone(), slot);
                }
            }
        }
    }

    /// Enters the names of a body into the innermost scope: what it declares, and what nothing else means.
    fn open(&mut self, names: Names) {
        self.declare(&names.declared);
        let free: Vec<String> = names
            .seen
            .into_iter()
            .filter(|name| self.slot(name).is_none() && !self.is_global(name))
            .collect();
        self.declare(&free);
        let assigned = self.slots_named(&names.assigned);
        if let Some(scope) = self.scopes.last_mut() {
            scope.assigned.extend(assigned);
        }
    }

    fn is_global(&self, name: &str) -> bool {
        matches!(name, "input" | "data" | "_")
            || self.names.contains_key(name)
            || self.imports.contains_key(name)
    }

    /// A body within a body: its own scope, and the variables of the outer ones.
    fn nested<T>(
        &mut self,
        names: Names,
        work: impl FnOnce(&mut Self, BTreeSet<usize>) -> Lowered<T>,
    ) -> Lowered<T> {
        let outer: BTreeSet<usize> = (0..self.slots).collect();
        self.scopes.push(Scope::default());
        self.open(names);
        let done = work(self, outer);
        self.scopes.pop();
        done
    }

    fn ordered(&mut self, query: &Query, bound: &mut BTreeSet<usize>) -> Lowered<Vec<Stmt>> {
        let mut waiting = Vec::new();
        for stmt in &query.stmts {
            let mark = self.slots;
            let lowered = self.statement(stmt);
            let is_condition = !matches!(stmt.literal, Literal::SomeVars { .. });
            let left_out = is_condition && self.leaves_out(&stmt.span);
            if let (Some(lowered), false) = (lowered?, left_out) {
                let uses = self.statement_uses(&lowered, mark);
                waiting.push((lowered, uses, stmt));
            }
        }
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let Some(next) = waiting.iter().position(|(_, uses, _)| uses.is_ready(bound)) else {
                let (_, uses, stmt) = &waiting[0];
                let missing = uses.needs.difference(bound).next().copied();
                return Err(self.unbound(missing.unwrap_or(usize::MAX), &stmt.span));
            };
            let (stmt, uses, _) = waiting.remove(next);
            bound.extend(uses.binds_left);
            bound.extend(uses.binds_right);
            bound.extend(uses.binds_on_the_way);
            ordered.push(stmt);
        }
        Ok(ordered)
    }

    fn statement(&mut self, stmt: &LiteralStmt) -> Lowered<Option<Stmt>> {
        if let Some(with) = stmt.with_mods.first() {
            let message = "`with` is not supported: a rule judges the resource as it is".to_owned();
            return Err(self.wrong(&with.span, message));
        }
        Ok(Some(match &stmt.literal {
            Literal::SomeVars { .. } => return Ok(None),
            Literal::SomeIn { key, value, collection, .. } => Stmt::SomeIn {
                key: key.as_ref().map(|key| self.expression(key)).transpose()?,
                value: self.expression(value)?,
                collection: self.expression(collection)?,
            },
            Literal::Expr { expr, .. } => match &**expr {
                Syntax::AssignExpr { lhs, rhs, .. } => {
                    Stmt::Unify(self.expression(lhs)?, self.expression(rhs)?)
                }
                _ => Stmt::Test(self.expression(expr)?),
            },
            Literal::NotExpr { expr, span } => {
                let mark = self.slots;
                let test = Stmt::Test(self.expression(expr)?);
                let uses = self.statement_uses(&test, mark);
                if uses.binds().any(|slot| slot >= mark) {
                    // OPA calls this unsafe; others read it as "not for some one".
                    let message = "`_` within `not` is unclear: for all of them, or for one?";
                    let help = "give what is not to be a rule of its own, or use `every`";
                    let diagnostic = Diagnostic::error(message).at(self.place(span)).help(help);
                    return Err(Refusal::Wrong(vec![diagnostic]));
                }
                Stmt::Not(vec![test])
            }
            Literal::Every { key, value, domain, query, .. } => {
                let domain = self.expression(domain)?;
                let mut names = Names::default();
                let declared = key.iter().chain([value]).map(|span| span.text().to_owned());
                names.declared.extend(declared);
                names.query(query);
                self.nested(names, |this, outer| {
                    let slot_of = |this: &mut Self, span: &Span| this.slot(span.text()).unwrap_or_default();
                    let key = key.as_ref().map(|key| slot_of(this, key));
                    let value = slot_of(this, value);
                    let mut bound = outer;
                    bound.extend(key);
                    bound.insert(value);
                    Ok(Stmt::Every { key, value, domain, body: this.ordered(query, &mut bound)? })
                })?
            }
        }))
    }

    fn boxed(&mut self, syntax: &Ref<Syntax>) -> Lowered<Box<Expr>> {
        self.expression(syntax).map(Box::new)
    }

    fn all(&mut self, syntax: &[Ref<Syntax>]) -> Lowered<Vec<Expr>> {
        syntax.iter().map(|item| self.expression(item)).collect()
    }

    fn expression(&mut self, syntax: &Ref<Syntax>) -> Lowered<Expr> {
        Ok(match &**syntax {
            Syntax::String { value, .. }
            | Syntax::RawString { value, .. }
            | Syntax::Number { value, .. }
            | Syntax::Bool { value, .. }
            | Syntax::Null { value, .. } => Expr::Constant(value.clone()),
            Syntax::Var { span, .. } => self.variable(span)?,
            Syntax::Array { items, .. } => constant_or(self.all(items)?, Value::from, Expr::Array),
            Syntax::Set { items, .. } => constant_or(
                self.all(items)?,
                |items| Value::from(items.into_iter().collect::<BTreeSet<_>>()),
                Expr::Set,
            ),
            Syntax::Object { fields, .. } => constant_or_object(
                fields
                    .iter()
                    .map(|(_, key, value)| Ok((self.expression(key)?, self.expression(value)?)))
                    .collect::<Lowered<_>>()?,
            ),
            Syntax::ArrayCompr { term, query, .. } => {
                let (term, body) = self.comprehension(&[term], query)?;
                Expr::ArrayOf(Box::new(only(term)), body)
            }
            Syntax::SetCompr { term, query, .. } => {
                let (term, body) = self.comprehension(&[term], query)?;
                Expr::SetOf(Box::new(only(term)), body)
            }
            Syntax::ObjectCompr { key, value, query, .. } => {
                let (mut terms, body) = self.comprehension(&[key, value], query)?;
                let value = terms.pop().unwrap_or(Expr::Constant(Value::Null));
                Expr::ObjectOf(Box::new((only(terms), value)), body)
            }
            Syntax::Call { span, fcn, params, .. } => self.call(span, fcn, params)?,
            Syntax::UnaryExpr { span, expr, .. } => match self.expression(expr)? {
                Expr::Constant(Value::Number(number)) => {
                    Expr::Constant(number.neg().map_or(Value::Undefined, Value::from))
                }
                _ => return not_followed(&format!("`{}`", span.text())),
            },
            Syntax::RefDot { .. } | Syntax::RefBrack { .. } => self.reference(syntax)?,
            Syntax::BinExpr { span, op, lhs, rhs, .. } => {
                Expr::SetOperation(op.clone(), self.operands(span, lhs, rhs)?)
            }
            Syntax::ArithExpr { span, op, lhs, rhs, .. } => {
                Expr::Arithmetic(op.clone(), self.operands(span, lhs, rhs)?)
            }
            Syntax::BoolExpr { op, lhs, rhs, .. } => {
                Expr::Compare(op.clone(), self.boxed(lhs)?, self.boxed(rhs)?)
            }
            Syntax::AssignExpr { span, op, .. } => {
                let sign = if *op == AssignOp::Eq { "=" } else { ":=" };
                return Err(self.wrong(span, format!("`{sign}` stands on its own: it has no value")));
            }
            Syntax::Membership { key, value, collection, .. } => Expr::In(
                key.as_ref().map(|key| self.boxed(key)).transpose()?,
                self.boxed(value)?,
                self.boxed(collection)?,
            ),
        })
    }

    fn operands(&mut self, span: &Span, left: &Ref<Syntax>, right: &Ref<Syntax>) -> Lowered<Box<Operands>> {
        Ok(Box::new(Operands {
            left: self.expression(left)?,
            right: self.expression(right)?,
            syntax: (span.clone(), left.clone(), right.clone()),
        }))
    }

    fn comprehension(
        &mut self,
        terms: &[&Ref<Syntax>],
        query: &Ref<Query>,
    ) -> Lowered<(Vec<Expr>, Vec<Stmt>)> {
        let mut names = Names::default();
        names.query(query);
        terms.iter().for_each(|term| names.expression(term));
        self.nested(names, |this, mut bound| {
            let body = this.ordered(query, &mut bound)?;
            let mark = this.slots;
            let lowered = terms.iter().map(|term| this.expression(term)).collect::<Lowered<Vec<_>>>()?;
            for (expr, term) in lowered.iter().zip(terms) {
                let uses = this.uses(expr, mark);
                if let Some(slot) = uses.needs.difference(&bound).next() {
                    return Err(this.unbound(*slot, term.span()));
                }
            }
            Ok((lowered, body))
        })
    }

    fn variable(&mut self, span: &Span) -> Lowered<Expr> {
        let name = span.text();
        if name == "_" {
            return Ok(Expr::Slot(self.new_slot()));
        }
        if let Some(slot) = self.slot(name) {
            return Ok(Expr::Slot(slot));
        }
        if name == "input" {
            return Ok(Expr::Input);
        }
        if let Some(rule) = self.names.get(name) {
            return Ok(Expr::Rule(*rule));
        }
        match self.imports.get(name).cloned() {
            Some(path) => self.path(span, &path),
            None if name == "data" => not_followed("`data` as a whole"),
            None => Err(self.wrong(span, format!("nothing is named `{name}`"))),
        }
    }

    /// What a path of plain names means: part of the input, or one of the module's own rules.
    fn path(&mut self, span: &Span, path: &[String]) -> Lowered<Expr> {
        let constant = |name: &String| Expr::Constant(Value::from(name.as_str()));
        if path.first().is_some_and(|first| first == "input") {
            return Ok(Expr::Ref(Box::new(Expr::Input), path[1..].iter().map(constant).collect()));
        }
        let own = path.first().is_some_and(|first| first == "data") && path[1..].starts_with(&self.package);
        match path.get(1 + self.package.len()) {
            Some(name) if own => match self.names.get(name.as_str()) {
                Some(rule) => {
                    let rest: Vec<Expr> = path[2 + self.package.len()..].iter().map(constant).collect();
                    let rule = Expr::Rule(*rule);
                    Ok(if rest.is_empty() { rule } else { Expr::Ref(Box::new(rule), rest) })
                }
                None => Err(self.wrong(span, format!("nothing is named `{}`", path.join(".")))),
            },
            _ => not_followed(&format!("`{}`", path.join("."))),
        }
    }

    fn reference(&mut self, syntax: &Ref<Syntax>) -> Lowered<Expr> {
        let mut steps = Vec::new();
        let mut at = syntax.clone();
        let base = loop {
            let next = match &*at {
                Syntax::RefDot { refr, field, .. } => {
                    steps.push(Expr::Constant(field.1.clone()));
                    refr.clone()
                }
                Syntax::RefBrack { refr, index, .. } => {
                    steps.push(self.expression(index)?);
                    refr.clone()
                }
                Syntax::Var { span, .. } if span.text() == "data" && self.slot("data").is_none() => {
                    let Some(path) = path_of(syntax) else {
                        return not_followed("a computed path below `data`");
                    };
                    return self.path(&span.clone(), &path);
                }
                _ => break self.expression(&at)?,
            };
            at = next;
        };
        steps.reverse();
        if let (Expr::Input, Some(Expr::Constant(Value::String(name)))) = (&base, steps.first()) {
            let place = self.place(&start_of(syntax));
            self.reads.entry(name.to_string()).or_insert(place);
        }
        Ok(match base {
            Expr::Ref(base, mut first) => {
                first.extend(steps);
                Expr::Ref(base, first)
            }
            base => Expr::Ref(Box::new(base), steps),
        })
    }

    fn call(&mut self, span: &Span, function: &Ref<Syntax>, params: &[Ref<Syntax>]) -> Lowered<Expr> {
        let Some(path) = path_of(function) else {
            return not_followed("a computed function");
        };
        let name = path.join(".");
        let own = match path.as_slice() {
            [name] => self.names.get(name.as_str()).copied(),
            _ if path[0] == "data"
                && path[1..].starts_with(&self.package)
                && path.len() == 2 + self.package.len() =>
            {
                self.names.get(path[path.len() - 1].as_str()).copied()
            }
            _ => None,
        };
        if let Some(rule) = own {
            return Ok(Expr::Function(rule, self.all(params)?));
        }
        match builtins::lookup(&name, self.rule.facts) {
            builtins::Lookup::Allowed(function) => {
                self.builtin(span, name, (Function::Regorus(function), function.1), params)
            }
            builtins::Lookup::Own(own) => self.builtin(span, name, (Function::Own(own), own.arity), params),
            builtins::Lookup::Fact(fact) => {
                self.builtin(span, name, (Function::Fact(fact), fact.arity), params)
            }
            builtins::Lookup::Refused(why) => {
                Err(self.wrong(&start_of(function), format!("`{name}` is not allowed in a rule: {why}")))
            }
            builtins::Lookup::Missing(nearest) => {
                let diagnostic = Diagnostic::error(format!("there is no function `{name}`"))
                    .at(self.place(&start_of(function)));
                let diagnostic = match nearest {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                    None => diagnostic,
                };
                Err(Refusal::Wrong(vec![diagnostic]))
            }
        }
    }

    fn builtin(
        &mut self,
        span: &Span,
        name: String,
        (function, arity): (Function, u8),
        params: &[Ref<Syntax>],
    ) -> Lowered<Expr> {
        if let Some(expected) = builtins::other_arity(arity, params.len()) {
            return Err(
                self.wrong(span, format!("`{name}` takes {expected} arguments, not {}", params.len()))
            );
        }
        if name == "sprintf"
            && let Some(Syntax::String { value, span, .. }) = params.first().map(|first| &**first)
            && let Some(problem) = builtins::format_problem(&super::partial::shown(value))
        {
            return Err(self.wrong(span, problem));
        }
        // A pattern that can't be used would leave the rule undefined, and so pass in silence.
        if let (
            true,
            Function::Regorus(function),
            Some(Syntax::String { value, .. } | Syntax::RawString { value, .. }),
        ) = (name.starts_with("regex."), &function, params.first().map(|first| &**first))
        {
            let is_usable = builtins::is_usable_pattern(value, *function, span, params);
            if !is_usable {
                return Err(self.wrong(params[0].span(), "this pattern can't be used".to_owned()));
            }
        }
        Ok(Expr::Builtin(Box::new(Builtin {
            name: name.into(),
            function,
            span: span.clone(),
            syntax: params.to_vec(),
            arguments: self.all(params)?,
        })))
    }

    fn is_assigned(&self, slot: usize) -> bool {
        self.scopes.iter().any(|scope| scope.assigned.contains(&slot))
    }
}

/// The span of a path from its first name on; regorus's own begins at the last dot.
fn start_of(syntax: &Syntax) -> Span {
    match syntax {
        Syntax::RefDot { refr, .. } | Syntax::RefBrack { refr, .. } => {
            let (start, end) = (start_of(refr), syntax.span().end);
            Span { end, ..start }
        }
        other => other.span().clone(),
    }
}

fn only(mut terms: Vec<Expr>) -> Expr {
    terms.pop().unwrap_or(Expr::Constant(Value::Null))
}

fn constant_or(
    items: Vec<Expr>,
    constant: fn(Vec<Value>) -> Value,
    otherwise: fn(Vec<Expr>) -> Expr,
) -> Expr {
    if items.iter().all(|item| matches!(item, Expr::Constant(_))) {
        let values = items.into_iter().filter_map(|item| match item {
            Expr::Constant(value) => Some(value),
            _ => None,
        });
        return Expr::Constant(constant(values.collect()));
    }
    otherwise(items)
}

fn constant_or_object(fields: Vec<(Expr, Expr)>) -> Expr {
    let constant = |(key, value): &(Expr, Expr)| match (key, value) {
        (Expr::Constant(key), Expr::Constant(value)) => Some((key.clone(), value.clone())),
        _ => None,
    };
    match fields.iter().map(constant).collect::<Option<BTreeMap<Value, Value>>>() {
        // What is written twice for one key is left to evaluation, which says so where the two differ.
        Some(object) if object.len() == fields.len() => Expr::Constant(Value::from(object)),
        _ => Expr::Object(fields),
    }
}

fn rule_name(rule: &RuleSyntax) -> Option<String> {
    let refr = match rule {
        RuleSyntax::Default { refr, .. } => refr,
        RuleSyntax::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
        },
    };
    match &**refr {
        Syntax::Var { span, .. } => Some(span.text().to_owned()),
        Syntax::RefBrack { refr, .. } => match &**refr {
            Syntax::Var { span, .. } => Some(span.text().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn form_of(head: &RuleHead) -> Form {
    match head {
        RuleHead::Func { .. } => Form::Function,
        RuleHead::Set { .. } => Form::Set,
        RuleHead::Compr { refr, .. } if matches!(&**refr, Syntax::RefBrack { .. }) => Form::Object,
        RuleHead::Compr { .. } => Form::Complete,
    }
}

/// The plain names of a path, where every step is one.
fn path_of(syntax: &Syntax) -> Option<Vec<String>> {
    match syntax {
        Syntax::Var { span, .. } => Some(vec![span.text().to_owned()]),
        Syntax::RefDot { refr, field, .. } => {
            let mut path = path_of(refr)?;
            path.push(field.0.text().to_owned());
            Some(path)
        }
        Syntax::RefBrack { refr, index, .. } => match &**index {
            Syntax::String { value: Value::String(name), .. } => {
                let mut path = path_of(refr)?;
                path.push(name.to_string());
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}
