//! Evaluates expressions. What can't be known is unknown with its first cause, and says what is certain of it.

use crate::convert::{convert, text_of, to_bool, to_number, to_text};
use crate::functions;
use crate::rendered::Rendered;
use crate::scope::{Instance, Scope, World};
use crate::syntax::{Body, Expression, ExpressionKind, For, Part, Step};
use crate::types::{Type, unify};
use crate::value::{Kind, Sequence, Value, equal, number, unknown};
use hcl_edit::expr::{BinaryOperator, UnaryOperator};
use indexmap::IndexMap;
use palisade_model::{Origin, Reference, Shape, Unknown, Why};
use serde_json::Number;
use std::rc::Rc;
use std::sync::Arc;

/// An expression that Terraform itself would refuse for the values at hand: what `try` and `can` catch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure;

/// What an expression comes to.
pub(crate) type Outcome = Result<Value, Failure>;

/// What the names in an expression mean.
#[derive(Clone)]
pub(crate) struct Environment<'w> {
    pub world: &'w World<'w>,
    pub scope: Rc<Scope>,
    /// What `each` and `count` mean.
    pub instance: Instance,
    /// What `for`, `dynamic` and a template's caller name, innermost last.
    pub bindings: Vec<(Arc<str>, Value)>,
    /// Which other names there are.
    pub names: Names,
    /// The first unknown for which Terraform may yet refuse what was evaluated here: `try` and `can` ask.
    pub doubt: Option<Arc<Unknown>>,
}

/// The names that mean something, beside those that loops give.
#[derive(Clone)]
pub(crate) enum Names {
    /// Those of the module.
    Module,
    /// None, as in a template of its own; if there may be more names than are known, with the reason.
    None(Option<Arc<Unknown>>),
}

impl<'w> Environment<'w> {
    pub fn new(world: &'w World<'w>, scope: &Rc<Scope>, instance: Instance) -> Self {
        Self {
            world,
            scope: scope.clone(),
            instance,
            bindings: Vec::new(),
            names: Names::Module,
            doubt: None,
        }
    }

    /// Terraform may refuse what comes of this unknown.
    pub fn doubt(&mut self, cause: &Arc<Unknown>) {
        self.doubt.get_or_insert_with(|| cause.clone());
    }

    /// Terraform may refuse what comes of this value if any of it is unknown.
    pub fn doubt_unknown(&mut self, value: &Value) {
        if let Some(cause) = value.first_unknown() {
            self.doubt(cause);
        }
    }

    /// Terraform may refuse to compute with this value, unless it is certainly set and of such a shape.
    fn doubt_unless(&mut self, value: &Value, is_expected: impl Fn(Shape) -> bool) {
        if !(value.is_present() && value.shape().is_some_and(is_expected)) {
            self.doubt_unknown(value);
        }
    }

    /// What an expression comes to; unknown where Terraform would refuse it.
    pub fn value(&mut self, expression: &Expression) -> Value {
        self.evaluate(expression).unwrap_or_else(|Failure| not_evaluated(expression))
    }

    /// What an expression comes to.
    pub fn evaluate(&mut self, expression: &Expression) -> Outcome {
        if !self.world.enter() {
            let value = not_evaluated(expression);
            self.doubt_unknown(&value);
            return Ok(value);
        }
        let outcome = self.evaluate_inside(expression);
        self.world.leave();
        outcome.map(|value| made_of_data(value, expression))
    }

    fn evaluate_inside(&mut self, expression: &Expression) -> Outcome {
        match &expression.kind {
            ExpressionKind::Null => Ok(Value::null(&expression.place.origin())),
            ExpressionKind::Bool(bool) => Ok(Value::bool(*bool, &expression.place.origin())),
            ExpressionKind::Number(number) => Ok(Value::number(number.clone(), &expression.place.origin())),
            ExpressionKind::Text(text) => Ok(Value::text(text.clone(), &expression.place.origin())),
            ExpressionKind::Template(parts) => self.template(parts, expression),
            ExpressionKind::List(items) => self.list(items, expression),
            ExpressionKind::Object(entries) => self.object(entries, expression),
            ExpressionKind::Name(name) => self.traversal(name, &[], expression),
            ExpressionKind::Traversal(start, steps) => match &start.kind {
                ExpressionKind::Name(name) => self.traversal(name, steps, expression),
                _ => {
                    let start = self.evaluate(start)?;
                    self.steps(start, steps)
                }
            },
            ExpressionKind::Call { name, arguments, expands_last } => {
                functions::call(self, name, arguments, *expands_last, expression)
            }
            ExpressionKind::Conditional(parts) => self.conditional(parts, expression),
            ExpressionKind::Unary(operator, inner) => {
                let inner = self.evaluate(inner)?;
                let wanted = if *operator == UnaryOperator::Not { Shape::Bool } else { Shape::Number };
                self.doubt_unless(&inner, |shape| shape == wanted);
                unary(*operator, &inner, &expression.place.origin())
            }
            ExpressionKind::Binary(operator, sides) => {
                let left = self.evaluate(&sides[0])?;
                let right = self.evaluate(&sides[1])?;
                for side in [&left, &right] {
                    self.doubt_operand(*operator, side);
                }
                binary(*operator, &left, &right, &expression.place.origin())
            }
            ExpressionKind::For(each) => self.for_each(each, expression),
            ExpressionKind::Unreadable(message) => {
                let why = Why::Unreadable(message.clone());
                let value = Value::unknown_because(why, &expression.place.origin());
                self.doubt_unknown(&value);
                Ok(value)
            }
        }
    }

    /// Terraform may refuse to compute with this operand.
    fn doubt_operand(&mut self, operator: BinaryOperator, side: &Value) {
        use BinaryOperator::{And, Div, Eq, Mod, NotEq, Or};
        match operator {
            Eq | NotEq => {}
            And | Or => self.doubt_unless(side, |shape| shape == Shape::Bool),
            // It may be zero.
            Div | Mod => self.doubt_unknown(side),
            _ => self.doubt_unless(side, |shape| shape == Shape::Number),
        }
    }

    fn list(&mut self, items: &[Expression], expression: &Expression) -> Outcome {
        let items: Result<Vec<_>, _> = items.iter().map(|item| self.evaluate(item)).collect();
        Ok(Value::list(items?, &expression.place.origin()))
    }

    fn object(&mut self, members: &[(Expression, Expression)], expression: &Expression) -> Outcome {
        let mut entries = IndexMap::with_capacity(members.len());
        let mut more = None;
        for (name, value) in members {
            let name = self.evaluate(name)?;
            let value = self.evaluate(value)?;
            match (name.first_unknown(), text_of(&name)) {
                (Some(unknown), _) => {
                    self.doubt_unless(&name, is_primitive);
                    more = Some(unknown.clone());
                }
                (None, Some(name)) => {
                    entries.insert(name, value);
                }
                (None, None) => return Err(Failure),
            }
        }
        Ok(Value::map_of(entries, more, &expression.place.origin()))
    }

    fn traversal(&mut self, name: &Arc<str>, steps: &[Step], expression: &Expression) -> Outcome {
        let bound = self.bindings.iter().rev().find(|(bound, _)| bound == name);
        if let Some((_, value)) = bound {
            let value = value.clone();
            return Ok(self.steps(value, steps)?.at(&expression.place.origin()));
        }
        if let Names::None(more) = &self.names {
            let more = more.clone().ok_or(Failure)?;
            self.doubt(&more);
            return Ok(Value::unknown_because(more.why.clone(), &expression.place.origin()));
        }
        let value = crate::reference::resolve(self, name, steps, expression)?;
        if matches!(&value.kind, Kind::Unknown(cause) if matches!(cause.why, Why::NotEvaluated(_))) {
            self.doubt_unknown(&value);
        }
        Ok(value.at(&expression.place.origin()))
    }

    /// Steps into a value.
    pub fn steps(&mut self, start: Value, steps: &[Step]) -> Outcome {
        let mut value = start;
        for (at, step) in steps.iter().enumerate() {
            let rest = &steps[at + 1..];
            match step {
                Step::Attribute(name) => {
                    self.doubt_step(&value, Some(name));
                    value = attribute(&value, name)?;
                }
                Step::Index(index) => {
                    let index = self.evaluate(index)?;
                    self.doubt_unknown(&index);
                    self.doubt_step(&value, text_of(&index).as_deref());
                    value = element(&value, &index)?;
                }
                Step::Splat => return self.splat(value, rest),
                Step::AttributeSplat => {
                    let (attributes, rest) = rest.split_at(leading_attributes(rest));
                    let list = self.splat(value, attributes)?;
                    return self.steps(list, rest);
                }
            }
        }
        Ok(value)
    }

    /// Terraform may refuse the step from this value to what has this name or index there.
    fn doubt_step(&mut self, value: &Value, name: Option<&str>) {
        match &value.kind {
            // An attribute that a provider fills in.
            Kind::Unknown(whole) if matches!(whole.hint.refers_to.as_slice(), [only] if only.attribute.is_none()) =>
                {}
            Kind::Unknown(whole) => self.doubt(whole),
            Kind::List(list) => {
                if let Some(more) = &list.more {
                    self.doubt(more);
                }
            }
            Kind::Map(map) => {
                if let Some(more) = &map.more
                    && name.is_none_or(|name| !map.entries.contains_key(name))
                {
                    self.doubt(more);
                }
            }
            _ => {}
        }
    }

    fn splat(&mut self, value: Value, rest: &[Step]) -> Outcome {
        let origin = value.origin.clone();
        match &value.kind {
            Kind::Null => Ok(Value::list(Vec::new(), &origin)),
            Kind::Unknown(unknown) => {
                if !rest.is_empty() {
                    self.doubt(unknown);
                }
                Ok(Value::unknown_like(unknown, Some(Shape::List), &origin))
            }
            Kind::List(list) => {
                if let Some(more) = list.more.as_ref().filter(|_| !rest.is_empty()) {
                    self.doubt(more);
                }
                let items: Result<Vec<_>, _> =
                    list.items.iter().map(|item| self.steps(item.clone(), rest)).collect();
                let items = items?;
                // What a list is made of stays of one type.
                let sequence = match (&list.sequence, items.first()) {
                    (Sequence::Tuple, _) => Sequence::Tuple,
                    (_, Some(first)) => Sequence::List(Arc::new(Type::of_value(first))),
                    (Sequence::List(of) | Sequence::Set(of), None) => {
                        Sequence::List(Arc::new(of.after(rest)))
                    }
                };
                let more = list.more.as_ref().or_else(|| value.open_order()).cloned();
                Ok(Value::list_of(items, more, sequence, &origin))
            }
            _ => Ok(Value::list(vec![self.steps(value, rest)?], &origin)),
        }
    }

    fn conditional(&mut self, parts: &[Expression; 3], expression: &Expression) -> Outcome {
        let condition = self.evaluate(&parts[0])?;
        self.doubt_unless(&condition, |shape| shape == Shape::Bool);
        let condition = to_bool(&condition)?;
        let sides = [self.evaluate(&parts[1]), self.evaluate(&parts[2])];
        if let [Ok(left), Ok(right)] = &sides {
            // Their types may not agree.
            for cause in [left, right].into_iter().filter_map(of_open_type) {
                self.doubt(cause);
            }
        }
        let [left, right] = of_one_type(sides, self.world)?;
        match &condition.kind {
            Kind::Bool(true) => left,
            Kind::Bool(false) => right,
            Kind::Unknown(cause) => Ok(either(left, right, cause, &expression.place.origin())),
            _ => Err(Failure),
        }
    }

    fn for_each(&mut self, each: &For, expression: &Expression) -> Outcome {
        let origin = expression.place.origin();
        let collection = self.evaluate(&each.collection)?;
        if let Some(more) = not_all(&collection) {
            self.doubt(more);
        }
        let is_list = each.result_key.is_none();
        let (pairs, more) = match &collection.kind {
            Kind::Unknown(unknown) => {
                let shape = if is_list { Shape::List } else { Shape::Map };
                return Ok(Value::unknown_like(unknown, Some(shape), &origin));
            }
            Kind::List(list) => {
                let order = if is_list { collection.open_order() } else { None };
                (pairs_of(&collection), list.more.as_ref().or(order).cloned())
            }
            Kind::Map(map) => (pairs_of(&collection), map.more.clone()),
            _ => return Err(Failure),
        };
        let mut result = Collected { more, ..Collected::default() };
        for (key, value) in pairs.unwrap_or_default() {
            let outer = self.bindings.len();
            self.bind(each.key.as_ref(), &each.value, key, value);
            let outcome = self.for_item(each, &mut result);
            self.bindings.truncate(outer);
            outcome?;
        }
        Ok(result.value(each, &origin))
    }

    /// Gives a loop's names their values.
    fn bind(&mut self, key_name: Option<&Arc<str>>, value_name: &Arc<str>, key: Value, value: Value) {
        if let Some(name) = key_name {
            self.bindings.push((name.clone(), key));
        }
        self.bindings.push((value_name.clone(), value));
    }

    fn for_item(&mut self, each: &For, result: &mut Collected) -> Result<(), Failure> {
        if let Some(condition) = &each.condition {
            let condition = to_bool(&self.evaluate(condition)?)?;
            match &condition.kind {
                Kind::Bool(true) => {}
                Kind::Bool(false) => return Ok(()),
                Kind::Unknown(unknown) => {
                    // Nobody has looked at what it would come to.
                    self.doubt(unknown);
                    result.more = Some(unknown.clone());
                    return Ok(());
                }
                _ => return Err(Failure),
            }
        }
        let Some(key) = &each.result_key else {
            let value = self.evaluate(&each.result)?;
            result.items.push(value);
            return Ok(());
        };
        let key = self.evaluate(key)?;
        let value = self.evaluate(&each.result)?;
        if let Some(unknown) = key.first_unknown() {
            // It may be null, or the same as another.
            self.doubt(unknown);
            result.more = Some(unknown.clone());
            return Ok(());
        }
        let key = text_of(&key).ok_or(Failure)?;
        let values = result.entries.entry(key).or_default();
        if !values.is_empty() && !each.groups {
            return Err(Failure);
        }
        values.push(value);
        Ok(())
    }

    /// A template of its own with the names that it is given.
    pub fn rendered(&mut self, parts: &[Part], given: &Value, origin: &Origin) -> Outcome {
        // Terraform allows no template inside of another.
        if matches!(self.names, Names::None(_)) {
            return Err(Failure);
        }
        let (bindings, more) = match &given.kind {
            Kind::Map(map) => {
                let bindings = map.entries.iter().map(|(name, value)| (name.clone(), value.clone()));
                (bindings.collect(), map.more.clone())
            }
            Kind::Unknown(cause) => (Vec::new(), Some(cause.clone())),
            _ => return Err(Failure),
        };
        let mut inside =
            Self { instance: Instance::Only, bindings, names: Names::None(more), ..self.clone() };
        let outcome = inside.joined(parts, origin);
        self.doubt = inside.doubt;
        outcome
    }

    fn template(&mut self, parts: &[Part], expression: &Expression) -> Outcome {
        self.joined(parts, &expression.place.origin())
    }

    fn joined(&mut self, parts: &[Part], origin: &Origin) -> Outcome {
        if let [Part::Value(only)] = parts {
            return self.evaluate(only);
        }
        let mut rendered = Rendered::default();
        self.render(parts, &mut rendered)?;
        let value = rendered.value(origin);
        self.world.charge(value.size());
        Ok(value)
    }

    fn render(&mut self, parts: &[Part], into: &mut Rendered) -> Result<(), Failure> {
        for part in parts {
            match part {
                Part::Literal(text) => into.push(text),
                Part::Value(expression) => {
                    let value = self.evaluate(expression)?;
                    let value = if matches!(value.kind, Kind::Number(_)) { to_text(&value)? } else { value };
                    self.world.charge(value.size());
                    match (value.first_unknown(), text_of(&value)) {
                        (Some(_), _) => {
                            self.doubt_unless(&value, is_primitive);
                            into.open(value);
                        }
                        (None, Some(text)) => into.push(&text),
                        (None, None) => return Err(Failure),
                    }
                }
                Part::If { condition, then, otherwise } => {
                    let condition = to_bool(&self.evaluate(condition)?)?;
                    match &condition.kind {
                        Kind::Bool(true) => self.render(then, into)?,
                        Kind::Bool(false) => self.render(otherwise, into)?,
                        Kind::Unknown(_) => {
                            self.doubt_unknown(&condition);
                            into.open(condition);
                        }
                        _ => return Err(Failure),
                    }
                }
                Part::For { key, value, collection, parts } => {
                    self.render_each(key.as_ref(), value, collection, parts, into)?
                }
            }
            if into.text.len() > 4 << 20 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn render_each(
        &mut self,
        key_name: Option<&Arc<str>>,
        value_name: &Arc<str>,
        collection: &Expression,
        parts: &[Part],
        into: &mut Rendered,
    ) -> Result<(), Failure> {
        let collection = self.evaluate(collection)?;
        if let Some(more) = not_all(&collection) {
            self.doubt(more);
        }
        if collection.open_order().is_some() {
            // What is unknown may come first.
            self.doubt_unknown(&collection);
            into.open(collection);
            return Ok(());
        }
        let Some(pairs) = pairs_of(&collection) else {
            if collection.has_unknown() {
                into.open(collection);
                return Ok(());
            }
            return Err(Failure);
        };
        for (key, value) in pairs {
            let outer = self.bindings.len();
            self.bind(key_name, value_name, key, value);
            let outcome = self.render(parts, into);
            self.bindings.truncate(outer);
            outcome?;
        }
        let more = match &collection.kind {
            Kind::List(list) => list.more.clone(),
            Kind::Map(map) => map.more.clone(),
            _ => None,
        };
        if let Some(more) = more {
            into.open(Value::unknown(more.as_ref().clone(), &collection.origin));
        }
        Ok(())
    }

    /// The arguments and blocks of a body as a map: blocks are lists of maps, however many there are.
    pub fn body(&mut self, body: &Body, origin: &Origin) -> Value {
        if !self.world.enter() {
            return Value::unknown_because(Why::NotEvaluated("a block".into()), origin);
        }
        let value = self.body_inside(body, origin);
        self.world.leave();
        value
    }

    fn body_inside(&mut self, body: &Body, origin: &Origin) -> Value {
        let mut entries: IndexMap<Arc<str>, Value> = body
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), self.argument(&attribute.name, &attribute.value)))
            .collect();
        let mut blocks: IndexMap<Arc<str>, Blocks> = IndexMap::new();
        for block in &body.blocks {
            let origin = block.header.origin();
            if &*block.kind == "dynamic"
                && let Some(label) = block.labels.first()
            {
                let list = blocks.entry(label.clone()).or_insert_with(|| Blocks::new(&origin));
                self.dynamic(label, &block.body, &origin, list);
                continue;
            }
            let mut value = self.nested(&block.kind, &block.body, &origin);
            for label in block.labels.iter().rev() {
                value = Value::map(IndexMap::from([(label.clone(), value)]), &origin);
            }
            let list = blocks.entry(block.kind.clone()).or_insert_with(|| Blocks::new(&origin));
            list.items.push(value);
        }
        for (name, list) in blocks {
            entries.insert(name, Value::list_of(list.items, list.more, Sequence::Tuple, &list.origin));
        }
        Value::map(entries, origin)
    }

    fn nested(&mut self, kind: &str, body: &Body, origin: &Origin) -> Value {
        if kind != "lifecycle" {
            return self.body(body, origin);
        }
        // What stands in these lists names attributes and resources; it has no value.
        let entries = body
            .attributes
            .iter()
            .map(|attribute| {
                let value = match &*attribute.name {
                    "ignore_changes" | "replace_triggered_by" => names_in(&attribute.value),
                    name => self.argument(name, &attribute.value),
                };
                (attribute.name.clone(), value)
            })
            .collect();
        Value::map(entries, origin)
    }

    fn argument(&mut self, name: &str, expression: &Expression) -> Value {
        match name {
            "provider" | "depends_on" | "providers" => names_in(expression),
            _ => self.value(expression),
        }
    }

    /// What a `dynamic` block stands for, as far as its collection is known.
    fn dynamic(&mut self, label: &Arc<str>, body: &Body, origin: &Origin, into: &mut Blocks) {
        let content = body.blocks_of("content").next();
        let collection = body.attribute("for_each").map(|each| self.value(each));
        let (Some(content), Some(collection)) = (content, collection) else {
            into.more = Some(Arc::new(Why::NotEvaluated(format!("dynamic \"{label}\"").into()).into()));
            return;
        };
        let iterator = match body.attribute("iterator").map(|name| &name.kind) {
            Some(ExpressionKind::Name(name) | ExpressionKind::Text(name)) => name,
            _ => label,
        };
        match &collection.kind {
            Kind::List(list) if list.more.is_some() => into.more.clone_from(&list.more),
            Kind::Map(map) if map.more.is_some() => into.more.clone_from(&map.more),
            Kind::List(_) | Kind::Map(_) => {}
            Kind::Unknown(unknown) => into.more = Some(unknown.clone()),
            _ => {
                into.more = Some(Arc::new(Why::NotEvaluated(format!("dynamic \"{label}\"").into()).into()));
            }
        }
        for (key, value) in pairs_of(&collection).unwrap_or_default() {
            let each = IndexMap::from([("key".into(), key), ("value".into(), value)]);
            self.bindings.push((iterator.clone(), Value::map(each, &collection.origin)));
            let block = self.body(&content.body, origin);
            self.bindings.pop();
            into.items.push(block);
        }
    }
}

/// The blocks of one kind while they are gathered.
struct Blocks {
    items: Vec<Value>,
    more: Option<Arc<Unknown>>,
    origin: Origin,
}

impl Blocks {
    fn new(origin: &Origin) -> Self {
        Self { items: Vec::new(), more: None, origin: origin.clone() }
    }
}

/// What a `for` expression has gathered.
#[derive(Default)]
struct Collected {
    items: Vec<Value>,
    entries: IndexMap<Arc<str>, Vec<Value>>,
    more: Option<Arc<Unknown>>,
}

impl Collected {
    fn value(self, each: &For, origin: &Origin) -> Value {
        if each.result_key.is_none() {
            return Value::list_of(self.items, self.more, Sequence::Tuple, origin);
        }
        let entries = self
            .entries
            .into_iter()
            .filter_map(|(name, mut values)| {
                let value = if each.groups {
                    Value::list_of(values, self.more.clone(), Sequence::Tuple, origin)
                } else {
                    values.pop()?
                };
                Some((name, value))
            })
            .collect();
        Value::map_of(entries, self.more, origin)
    }
}

/// What is computed from a data source is not that data source's value: a bucket named after the account's id is
/// not one that was looked up. So its reason quotes all of the expression.
fn made_of_data(value: Value, expression: &Expression) -> Value {
    let is_made = match &expression.kind {
        ExpressionKind::Template(parts) => parts.len() > 1,
        ExpressionKind::Call { .. }
        | ExpressionKind::Conditional(_)
        | ExpressionKind::Unary(..)
        | ExpressionKind::Binary(..) => true,
        _ => false,
    };
    match &value.kind {
        Kind::Unknown(unknown)
            if is_made && matches!(&unknown.why, Why::AfterApply(what) if what.starts_with("data.")) =>
        {
            let quoted = expression.place.quoted();
            let quoted = if quoted.starts_with("data.") { format!("({quoted})").into() } else { quoted };
            let open = Unknown { why: Why::AfterApply(quoted), hint: unknown.hint.clone() };
            Value::unknown(open, &value.origin)
        }
        _ => value,
    }
}

/// A text, a number or a boolean, which all have a text.
pub(crate) fn is_primitive(shape: Shape) -> bool {
    matches!(shape, Shape::Text | Shape::Number | Shape::Bool)
}

/// Why nobody knows all that is in a collection.
fn not_all(collection: &Value) -> Option<&Arc<Unknown>> {
    match &collection.kind {
        Kind::Unknown(cause) => Some(cause),
        Kind::List(list) => list.more.as_ref(),
        Kind::Map(map) => map.more.as_ref(),
        _ => None,
    }
}

/// The first unknown part whose type is not certain.
fn of_open_type(value: &Value) -> Option<&Arc<Unknown>> {
    if !value.has_unknown() {
        return None;
    }
    match &value.kind {
        Kind::Unknown(cause) => (!cause.hint.shape.is_some_and(is_primitive)).then_some(cause),
        Kind::List(list) => list.more.as_ref().or_else(|| list.items.iter().find_map(of_open_type)),
        Kind::Map(map) => map.more.as_ref().or_else(|| map.entries.values().find_map(of_open_type)),
        _ => None,
    }
}

/// An expression whose value this reader does not find out.
pub(crate) fn not_evaluated(expression: &Expression) -> Value {
    Value::unknown_because(Why::NotEvaluated(expression.place.quoted()), &expression.place.origin())
}

/// How many steps an attribute splat takes with it.
pub(crate) fn leading_attributes(steps: &[Step]) -> usize {
    steps.iter().take_while(|step| matches!(step, Step::Attribute(_))).count()
}

/// The keys and values that a loop over this goes through: maps in the order of their names. None for what
/// has no items, or isn't known.
pub(crate) fn pairs_of(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match &collection.kind {
        Kind::List(list) => Some(
            list.items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    let key = if list.is_set() {
                        item.clone()
                    } else if let Some(more) = &list.more {
                        Value::unknown_like(more, Some(Shape::Number), &item.origin)
                    } else {
                        Value::number(at, &item.origin)
                    };
                    (key, item.clone())
                })
                .collect(),
        ),
        Kind::Map(map) => {
            let mut pairs: Vec<_> = map.entries.iter().collect();
            pairs.sort_by(|left, right| left.0.cmp(right.0));
            Some(
                pairs
                    .into_iter()
                    .map(|(name, value)| (Value::text(name.clone(), &value.origin), value.clone()))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// `value.name`.
pub(crate) fn attribute(value: &Value, name: &str) -> Outcome {
    match &value.kind {
        Kind::Map(map) => match (map.entries.get(name), &map.more) {
            (Some(entry), _) => Ok(entry.clone()),
            (None, Some(more)) => Ok(Value::unknown_because(more.why.clone(), &value.origin)),
            (None, None) => Err(Failure),
        },
        Kind::Unknown(unknown) => Ok(attribute_of(unknown, name, &value.origin)),
        _ => Err(Failure),
    }
}

/// An attribute of an unknown value; of a whole resource it is a reference to that attribute.
fn attribute_of(whole: &Unknown, name: &str, origin: &Origin) -> Value {
    match (&whole.why, whole.hint.refers_to.as_slice()) {
        (Why::AfterApply(text), [only]) if only.attribute.is_none() => {
            let reference = Reference { address: only.address.clone(), attribute: Some(name.into()) };
            let shape = crate::reference::is_text(name).then_some(Shape::Text);
            let why = Why::AfterApply(crate::source::shortened(&format!("{text}.{name}")));
            Value::unknown(Unknown::reference(why, shape, vec![reference]), origin)
        }
        _ => part_of(whole, origin),
    }
}

/// `value[index]`.
pub(crate) fn element(value: &Value, index: &Value) -> Outcome {
    match (&value.kind, &index.kind) {
        (Kind::Unknown(unknown), _) => Ok(part_of(unknown, &value.origin)),
        (Kind::List(list), _) if list.is_set() => Err(Failure),
        (Kind::List(_) | Kind::Map(_), Kind::Unknown(unknown)) => {
            Ok(Value::unknown_because(unknown.why.clone(), &value.origin))
        }
        (Kind::Map(_), _) => attribute(value, &text_of(index).ok_or(Failure)?),
        (Kind::List(list), _) => {
            let index = to_number(index)?;
            let Kind::Number(index) = &index.kind else {
                return Err(Failure);
            };
            if let Some(more) = &list.more {
                return Ok(Value::unknown_because(more.why.clone(), &value.origin));
            }
            let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
            index.and_then(|index| list.items.get(index)).cloned().ok_or(Failure)
        }
        _ => Err(Failure),
    }
}

fn part_of(whole: &Unknown, origin: &Origin) -> Value {
    Value::unknown_because(whole.why.clone(), origin)
}

/// The two sides of a conditional as the type that they have in common: Terraform refuses those that have none.
fn of_one_type(sides: [Outcome; 2], world: &World<'_>) -> Result<[Outcome; 2], Failure> {
    let [Ok(left), Ok(right)] = &sides else {
        return Ok(sides);
    };
    if left.is_null() || right.is_null() {
        return Ok(sides);
    }
    if let (Some(one), Some(two)) = (left.shape(), right.shape())
        && one == two
        && !matches!(one, Shape::List | Shape::Map)
    {
        return Ok(sides);
    }
    world.charge((left.size() + right.size()) / 16);
    let common = unify(&[Type::of_value(left), Type::of_value(right)]).ok_or(Failure)?;
    Ok([convert(left, &common), convert(right, &common)])
}

/// One of two values: what they have in common is certain.
fn either(left: Outcome, right: Outcome, cause: &Unknown, origin: &Origin) -> Value {
    let (Ok(left), Ok(right)) = (left, right) else {
        return Value::unknown_because(cause.why.clone(), origin);
    };
    if equal(&left, &right) == Some(true) {
        return left;
    }
    if let Some(parts) = either_parts(&left, &right, cause, origin) {
        return parts;
    }
    let shape = if left.shape() == right.shape() { left.shape() } else { None };
    let mut hint = unknown(cause.why.clone(), left.is_present() && right.is_present(), shape);
    if let (Kind::Unknown(left), Kind::Unknown(right)) = (&left.kind, &right.kind)
        && left.hint.refers_to == right.hint.refers_to
    {
        hint.hint.refers_to.clone_from(&left.hint.refers_to);
    }
    Value::unknown(hint, origin)
}

/// Of two lists of one length, or two maps with the same names, which parts there are is certain, whichever it is.
fn either_parts(left: &Value, right: &Value, cause: &Unknown, origin: &Origin) -> Option<Value> {
    let one_of = |left: &Value, right: &Value| either(Ok(left.clone()), Ok(right.clone()), cause, origin);
    match (&left.kind, &right.kind) {
        (Kind::List(left), Kind::List(right)) => {
            let sequence = match (&left.sequence, &right.sequence) {
                (Sequence::Tuple, Sequence::Tuple) => Sequence::Tuple,
                (Sequence::List(of), Sequence::List(other)) if of.is(other) => Sequence::List(of.clone()),
                (Sequence::Set(of), Sequence::Set(other)) if of.is(other) && left.items.len() == 1 => {
                    Sequence::Set(of.clone())
                }
                _ => return None,
            };
            let is_whole = left.more.is_none() && right.more.is_none();
            if !is_whole || left.items.len() != right.items.len() {
                return None;
            }
            let items = left.items.iter().zip(&right.items).map(|(left, right)| one_of(left, right));
            Some(Value::list_of(items.collect(), None, sequence, origin))
        }
        (Kind::Map(left), Kind::Map(right)) => {
            let of = match (&left.of, &right.of) {
                (None, None) => None,
                (Some(of), Some(other)) if of.is(other) => Some(of.clone()),
                _ => return None,
            };
            let is_whole = left.more.is_none() && right.more.is_none();
            if !is_whole || left.entries.len() != right.entries.len() {
                return None;
            }
            let both = left.entries.iter().map(|(name, left)| Some((name, left, right.entries.get(name)?)));
            let both: Vec<_> = both.collect::<Option<_>>()?;
            let entries =
                both.into_iter().map(|(name, left, right)| (name.clone(), one_of(left, right))).collect();
            Some(Value::entries_of(entries, None, of, origin))
        }
        _ => None,
    }
}

fn unary(operator: UnaryOperator, value: &Value, origin: &Origin) -> Outcome {
    match operator {
        UnaryOperator::Not => {
            let value = to_bool(value)?;
            match &value.kind {
                Kind::Bool(bool) => Ok(Value::bool(!bool, origin)),
                Kind::Unknown(unknown) => Ok(Value::unknown_like(unknown, Some(Shape::Bool), origin)),
                _ => Err(Failure),
            }
        }
        UnaryOperator::Neg => binary(BinaryOperator::Mul, &Value::number(-1, origin), value, origin),
    }
}

fn binary(operator: BinaryOperator, left: &Value, right: &Value, origin: &Origin) -> Outcome {
    match operator {
        BinaryOperator::Eq | BinaryOperator::NotEq => {
            let wanted = operator == BinaryOperator::Eq;
            Ok(equal(left, right).map_or_else(
                || open(left, right, Shape::Bool, origin),
                |same| Value::bool(same == wanted, origin),
            ))
        }
        BinaryOperator::And | BinaryOperator::Or => {
            logic(operator == BinaryOperator::And, left, right, origin)
        }
        _ => arithmetic(operator, left, right, origin),
    }
}

/// `&&` is decided by a false side and `||` by a true one, whatever the other side is.
fn logic(and: bool, left: &Value, right: &Value, origin: &Origin) -> Outcome {
    let (left, right) = (to_bool(left)?, to_bool(right)?);
    if left.is_null() || right.is_null() {
        return Err(Failure);
    }
    let decides = |value: &Value| matches!(value.kind, Kind::Bool(bool) if bool != and);
    if decides(&left) || decides(&right) {
        return Ok(Value::bool(!and, origin));
    }
    match (&left.kind, &right.kind) {
        (Kind::Bool(_), Kind::Bool(_)) => Ok(Value::bool(and, origin)),
        _ => Ok(open(&left, &right, Shape::Bool, origin)),
    }
}

fn open(left: &Value, right: &Value, shape: Shape, origin: &Origin) -> Value {
    match left.first_unknown().or_else(|| right.first_unknown()) {
        Some(cause) => Value::unknown_like(cause, Some(shape), origin),
        None => Value::null(origin),
    }
}

fn arithmetic(operator: BinaryOperator, left: &Value, right: &Value, origin: &Origin) -> Outcome {
    let compares = matches!(
        operator,
        BinaryOperator::Less | BinaryOperator::LessEq | BinaryOperator::Greater | BinaryOperator::GreaterEq
    );
    let (left, right) = (to_number(left)?, to_number(right)?);
    let (Kind::Number(one), Kind::Number(two)) = (&left.kind, &right.kind) else {
        if left.is_null() || right.is_null() {
            return Err(Failure);
        }
        let shape = if compares { Shape::Bool } else { Shape::Number };
        return Ok(open(&left, &right, shape, origin));
    };
    if compares {
        let ordering = order(one, two).ok_or(Failure)?;
        return Ok(Value::bool(
            match operator {
                BinaryOperator::Less => ordering.is_lt(),
                BinaryOperator::LessEq => ordering.is_le(),
                BinaryOperator::Greater => ordering.is_gt(),
                _ => ordering.is_ge(),
            },
            origin,
        ));
    }
    computed(operator, one, two).map(|number| Value::number(number, origin)).ok_or(Failure)
}

pub(crate) fn order(one: &Number, two: &Number) -> Option<std::cmp::Ordering> {
    match (one.as_i128(), two.as_i128()) {
        (Some(one), Some(two)) => Some(one.cmp(&two)),
        _ => one.as_f64()?.partial_cmp(&two.as_f64()?),
    }
}

fn computed(operator: BinaryOperator, one: &Number, two: &Number) -> Option<Number> {
    if let (Some(one), Some(two)) = (one.as_i64(), two.as_i64()) {
        let whole = match operator {
            BinaryOperator::Plus => one.checked_add(two),
            BinaryOperator::Minus => one.checked_sub(two),
            BinaryOperator::Mul if one != 0 && two != 0 => one.checked_mul(two),
            BinaryOperator::Div if one != 0 => {
                one.checked_rem(two).filter(|rest| *rest == 0).and(one.checked_div(two))
            }
            BinaryOperator::Mod => one.checked_rem(two),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(whole.into());
        }
    }
    let (one, two) = (one.as_f64()?, two.as_f64()?);
    if two == 0.0 && matches!(operator, BinaryOperator::Div | BinaryOperator::Mod) {
        return None;
    }
    number(match operator {
        BinaryOperator::Plus => to_fifteen_digits(one + two),
        BinaryOperator::Minus => to_fifteen_digits(one - two),
        BinaryOperator::Mul | BinaryOperator::Div if one == 0.0 || two == 0.0 => {
            // Terraform's zero has a sign.
            let is_negative = one.is_sign_negative() != two.is_sign_negative();
            return if is_negative { Number::from_f64(-0.0) } else { Some(0.into()) };
        }
        BinaryOperator::Mul => to_fifteen_digits(one * two),
        BinaryOperator::Div => one / two,
        BinaryOperator::Mod => one % two,
        _ => return None,
    })
}

/// Terraform computes with 512 bits, where 0.1 + 0.2 is 0.3; so it is here.
fn to_fifteen_digits(float: f64) -> f64 {
    format!("{float:.14e}").parse().unwrap_or(float)
}

/// `left + right`.
pub(crate) fn plus(left: &Value, right: &Value, origin: &Origin) -> Outcome {
    arithmetic(BinaryOperator::Plus, left, right, origin)
}

/// Are two values the same? The reason when an unknown part leaves it open.
pub(crate) fn equal_or_unknown(left: &Value, right: &Value) -> Result<bool, Arc<Unknown>> {
    match (equal(left, right), left.first_unknown().or_else(|| right.first_unknown())) {
        (Some(same), _) => Ok(same),
        (None, Some(cause)) => Err(cause.clone()),
        (None, None) => Ok(false),
    }
}

/// What an expression spells, where its names are meant and not their values: `aws.west`, `[tags, "name"]`.
fn names_in(expression: &Expression) -> Value {
    let origin = expression.place.origin();
    match &expression.kind {
        ExpressionKind::List(items) => Value::list(items.iter().map(names_in).collect(), &origin),
        ExpressionKind::Object(entries) => Value::map(
            entries.iter().map(|(name, value)| (spelled(name), names_in(value))).collect(),
            &origin,
        ),
        _ => Value::text(spelled(expression), &origin),
    }
}

/// The words of a name as they are written.
pub(crate) fn spelled(expression: &Expression) -> Arc<str> {
    match &expression.kind {
        ExpressionKind::Name(text) | ExpressionKind::Text(text) => text.clone(),
        _ => expression.place.quoted(),
    }
}
