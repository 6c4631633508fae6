//! Expressions: each value one can have, under the doubt it stands in.

use super::*;

/// What a body within an expression gives.
pub(super) struct Collected {
    /// The terms of each certain solution.
    solutions: Vec<Vec<Partial>>,
    /// What other solutions depend on.
    more: Option<Ids>,
    reads: Vec<Path>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn further(&self, way: &Way, segment: impl FnOnce() -> Segment) -> Way {
        match way {
            Some(_) if self.traces => Some(Arc::new(Step { before: way.clone(), segment: segment() })),
            _ => None,
        }
    }

    /// Gives each value the expression can have; none where it is undefined.
    pub(super) fn expression(&mut self, expr: &'a Expr, then: Next<'_, 'a>) -> Flow {
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
            Expr::Array(items) => self
                .items(items, Vec::new(), &mut |this, values| then(this, plain(Partial::list(values, None)))),
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
            Expr::Ref(base, steps) => match self.followed(base, steps) {
                Some(Some(value)) => then(self, plain(value)),
                Some(None) => Flow::Go,
                None => self.expression(base, &mut |this, found| this.walk(found, steps, then)),
            },
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
                let Collected { solutions, more, reads } = self.collect(&[term], body);
                let items = solutions.into_iter().filter_map(|mut values| values.pop()).collect();
                self.with_reads(reads, &mut |this| {
                    then(this, plain(Partial::list(Vec::clone(&items), more.clone().map(Cause::bare))))
                })
            }
            Expr::SetOf(term, body) => {
                let Collected { solutions: items, mut more, reads } = self.collect(&[term], body);
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
                let Collected { solutions: items, mut more, reads } = self.collect(&[&pair.0, &pair.1], body);
                let mut entries = BTreeMap::new();
                for mut values in items {
                    let (value, key) = (values.pop(), values.pop());
                    match (key, value) {
                        (Some(Partial::Known(key)), Some(value)) => {
                            let before = entries.insert(key, value.clone());
                            if before.is_some_and(|before| before != value) {
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
            Expr::Builtin(builtin) if let Function::Fact(fact) = builtin.function => {
                self.found_items(&builtin.arguments, Vec::new(), &mut |this, arguments| {
                    let (list, reads) = this.picked_list(fact, &arguments);
                    this.with_reads(reads, &mut |this| then(this, plain(list.clone())))
                })
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

    pub(super) fn input_root(&mut self) -> Found {
        if self.traces && self.root.is_none() {
            self.root = Some(Arc::new(Step { before: None, segment: Segment::Index(0) }));
        }
        Found { value: self.input.root.clone(), way: self.root.clone() }
    }

    pub(super) fn memo_value(&mut self, memo: Memo, then: Next<'_, 'a>) -> Flow {
        let Some((value, doubt)) = memo.value else {
            return Flow::Go;
        };
        self.with_reads(memo.reads, &mut |this| {
            let found = Found { value: value.clone(), way: None };
            match &doubt {
                None => then(this, found),
                Some(ids) => this.under(ids, &mut |this| then(this, found.clone())),
            }
        })
    }

    pub(super) fn items(
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

    pub(super) fn found_items(
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

    pub(super) fn fields(
        &mut self,
        fields: &'a [(Expr, Expr)],
        entries: BTreeMap<Value, Partial>,
        more: Option<Ids>,
        then: Next<'_, 'a>,
    ) -> Flow {
        let Some(((key, value), rest)) = fields.split_first() else {
            return then(self, Found { value: Partial::map(entries, more.map(Cause::bare)), way: None });
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

    pub(super) fn operands(
        &mut self,
        operands: &'a Operands,
        then: &mut dyn FnMut(&mut Self, Partial, Partial) -> Flow,
    ) -> Flow {
        self.expression(&operands.left, &mut |this, left| {
            this.expression(&operands.right, &mut |this, right| then(this, left.value.clone(), right.value))
        })
    }

    /// The ways that steps lead from a value; each one that ends is read.
    /// The quick way to where a reference leads, or to nothing: when every step is certain and no trail is kept.
    /// None: it has to be walked.
    fn followed(&self, base: &Expr, steps: &[Expr]) -> Option<Option<Partial>> {
        let mut at = match base {
            _ if self.traces => return None,
            Expr::Input => &self.input.root,
            Expr::Slot(slot) => &self.slot(*slot)?.value,
            _ => return None,
        };
        let mut steps = steps.iter().map(|step| match step {
            Expr::Constant(key) => Some(key),
            Expr::Slot(slot) => match &self.slot(*slot)?.value {
                Partial::Known(key) => Some(key),
                _ => None,
            },
            _ => None,
        });
        loop {
            match at {
                Partial::Known(value) => {
                    let mut at = value;
                    for key in steps {
                        match known_step(at, key?) {
                            Some(next) => at = next,
                            None => return Some(None),
                        }
                    }
                    return Some(Some(Partial::Known(at.clone())));
                }
                Partial::Map(map) => {
                    let Some(key) = steps.next() else { return Some(Some(at.clone())) };
                    at = match map.entries.get(key?) {
                        Some(next) => next,
                        None if map.more.is_none() => return Some(None),
                        None => return None,
                    };
                }
                _ => return None,
            }
        }
    }

    pub(super) fn walk(&mut self, found: Found, steps: &'a [Expr], then: Next<'_, 'a>) -> Flow {
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
                this.enter(&found, &key.value, &mut |this, value| this.walk(value, rest, then))
            }),
        }
    }

    pub(super) fn enter(&mut self, found: &Found, key: &Partial, then: Next<'_, 'a>) -> Flow {
        let Partial::Known(key) = key else {
            let ids = union(&key.ids(), &found.value.ids());
            let unknown = Found { value: Partial::Unknown(Cause::bare(ids.clone())), way: found.way.clone() };
            return self.under(&ids, &mut |this| then(this, unknown.clone()));
        };
        let way = self.further(&found.way, || segment(key));
        let unknown =
            |ids: &Ids| Found { value: Partial::Unknown(Cause::bare(ids.clone())), way: way.clone() };
        let value = match &found.value {
            Partial::Known(value) => known_step(value, key).cloned().map(Partial::Known),
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
                let found = Found { value: Partial::Known(key.clone()), way: way.clone() };
                return self.under(&set.1.ids, &mut |this| then(this, found.clone()));
            }
        };
        match value {
            // What may be missing is only perhaps there; what is certainly set is there.
            Some(Partial::Unknown(cause)) if !cause.is_present => {
                let found = Found { value: Partial::Unknown(cause.clone()), way };
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
    pub(super) fn read(&mut self, found: Found, then: Next<'_, 'a>) -> Flow {
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

    pub(super) fn log_read(&mut self, way: &Way) {
        if let Some(log) = &mut self.log
            && log.len() < EVIDENCE_MAX * 4
            && let Some(path) = path(way)
        {
            log.push(path);
        }
    }

    pub(super) fn membership(
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
                    then(this, Found { value: contained, way: None })
                }
                Some(key) => this.expression(key, &mut |this, key| {
                    let contained = this.contained(Some(&key.value), &value.value, &collection);
                    then(this, Found { value: contained, way: None })
                }),
            })
        })
    }

    pub(super) fn contained(
        &mut self,
        key: Option<&Partial>,
        value: &Partial,
        collection: &Found,
    ) -> Partial {
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
    pub(super) fn collect(&mut self, terms: &[&'a Expr], body: &'a [Stmt]) -> Collected {
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
        Collected { solutions, more: outcome.doubt, reads }
    }

    pub(super) fn terms(
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

    pub(super) fn arithmetic(
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

    pub(super) fn set_operation(
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

    pub(super) fn result(&mut self, result: Option<Value>, then: Next<'_, 'a>) -> Flow {
        match result {
            None | Some(Value::Undefined) => Flow::Go,
            Some(value) => then(self, Found { value: Partial::Known(value), way: None }),
        }
    }

    /// The result of a function on values of which some are unknown: unknown, and maybe undefined.
    pub(super) fn computed_from(
        &mut self,
        arguments: &[&Partial],
        shown: Option<Arc<str>>,
        then: Next<'_, 'a>,
    ) -> Flow {
        let ids = arguments.iter().fold(Ids::from([]), |ids, argument| union(&ids, &argument.ids()));
        let cause = Cause { shown, ..Cause::bare(ids.clone()) };
        self.under(&ids, &mut |this| then(this, Found { value: Partial::Unknown(cause.clone()), way: None }))
    }

    pub(super) fn builtin(
        &mut self,
        builtin: &'a Builtin,
        arguments: &[Partial],
        then: Next<'_, 'a>,
    ) -> Flow {
        if &*builtin.name == "sprintf" {
            if let Some(Partial::Known(format)) = arguments.first()
                && let Some(problem) = builtins::format_problem(&super::super::partial::shown(format))
            {
                return self.halt(&problem);
            }
            if let Some(shown) = self.formatted(builtin, arguments) {
                let ids = arguments.iter().fold(Ids::from([]), |ids, argument| union(&ids, &argument.ids()));
                let cause = Cause { shown: Some(shown), ..Cause::outcome(ids, Shape::Text) };
                return then(self, Found { value: Partial::Unknown(cause), way: None });
            }
        }
        if let Some(value) = decided(&builtin.name, arguments) {
            return then(self, Found { value, way: None });
        }
        let function = match &builtin.function {
            Function::Regorus(function) => function.0,
            Function::Fact(_) => return Flow::Go,
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
    pub(super) fn formatted(&self, builtin: &Builtin, arguments: &[Partial]) -> Option<Arc<str>> {
        let [Partial::Known(Value::String(format)), Partial::List(list)] = arguments else {
            return None;
        };
        let verbs: Vec<char> =
            format.replace("%%", "").split('%').skip(1).filter_map(|rest| rest.chars().next()).collect();
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
}

/// What a function says whatever the unknown parts of its arguments are.
fn decided(name: &str, arguments: &[Partial]) -> Option<Partial> {
    let known = |value: Value| Some(Partial::Known(value));
    let is = |shape: Shape, argument: &Partial| argument.shape().map(|other| Value::Bool(other == shape));
    match (name, arguments) {
        (_, arguments) if arguments.iter().all(|argument| matches!(argument, Partial::Known(_))) => None,
        ("count", [Partial::List(list)]) if list.more.is_none() => known(Value::from(list.items.len())),
        ("count", [Partial::Map(map)]) if map.more.is_none() => known(Value::from(map.entries.len())),
        ("startswith", [argument, Partial::Known(Value::String(start))]) => {
            let beginning = argument.beginning()?;
            let decided = beginning.starts_with(&**start) || !start.starts_with(beginning);
            decided.then(|| Partial::Known(Value::Bool(beginning.starts_with(&**start))))
        }
        ("endswith", [argument, Partial::Known(Value::String(end))]) => {
            let ending = argument.end()?;
            let decided = ending.ends_with(&**end) || !end.ends_with(ending);
            decided.then(|| Partial::Known(Value::Bool(ending.ends_with(&**end))))
        }
        ("is_string", [argument]) => is(Shape::Text, argument).and_then(known),
        ("is_number", [argument]) => is(Shape::Number, argument).and_then(known),
        ("is_boolean", [argument]) => is(Shape::Bool, argument).and_then(known),
        ("is_array", [argument]) => is(Shape::List, argument).and_then(known),
        ("is_object", [argument]) => is(Shape::Map, argument).and_then(known),
        ("is_null", [argument]) => {
            argument.same(&Partial::Known(Value::Null)).map(Value::Bool).and_then(known)
        }
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

fn known_step<'v>(value: &'v Value, key: &Value) -> Option<&'v Value> {
    match value {
        Value::Object(entries) => entries.get(key),
        Value::Array(items) => items.get(index_of(key)?),
        Value::Set(members) => members.get(key),
        _ => None,
    }
}

pub(super) fn index_of(key: &Value) -> Option<usize> {
    key.as_u64().ok().and_then(|index| usize::try_from(index).ok())
}
