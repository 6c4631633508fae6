//! CloudFormation's functions, following "Intrinsic function reference" in its user guide.

use crate::condition::Truth;
use crate::evaluate::{
    Evaluator, NODE, is_present, is_same, not_evaluated, present, resolved_later, scalar_text, size,
    unknown_of,
};
use crate::{cidr, text};
use palisade_model::{Diagnostic, Hint, Map, Node, Origin, Reference, Shape, Unknown, Value, Why};
use std::borrow::Cow;

impl Evaluator<'_> {
    /// What a call gives; none when it gives `AWS::NoValue`.
    pub(crate) fn call(&mut self, function: &str, argument: &Node, origin: &Origin) -> Option<Node> {
        let value = match function {
            "Ref" => match argument.text() {
                Some(name) => self.reference(name, origin)?,
                None => self.wrong(function, "a name is expected", origin),
            },
            "Fn::If" => return self.choose(argument, origin),
            "Fn::GetAtt" => self.get_att(argument, origin),
            "Fn::Sub" => self.sub(argument, origin),
            "Fn::Join" => self.join(argument, origin),
            "Fn::Split" => self.split(argument, origin),
            "Fn::Select" => self.select(argument, origin),
            "Fn::FindInMap" => {
                return self
                    .find_in_map(argument, origin)
                    .map(|found| found.unwrap_or_else(|value| placed(value, origin)));
            }
            "Fn::Base64" => self.base64(argument, origin),
            "Fn::ImportValue" => self.import_value(argument),
            "Fn::GetAZs" => present(Why::DecidedElsewhere("the region".into()), Some(Shape::List)),
            "Fn::Cidr" => self.cidr(argument, origin),
            "Fn::Length" => self.length(argument),
            "Fn::ToJsonString" => self.json_string(argument, origin),
            "Fn::And" | "Fn::Equals" | "Fn::Not" | "Fn::Or" => {
                let condition = Value::map([(function.into(), argument.clone())]);
                match self.condition(&Node::new(condition, origin.clone())) {
                    Truth::Yes => Value::Bool(true),
                    Truth::No => Value::Bool(false),
                    Truth::Unknown(unknown) => Value::Unknown(unknown),
                }
            }
            "Fn::Transform" => {
                let name = argument.get("Name").and_then(Node::text).unwrap_or_default();
                not_evaluated(format!("Fn::Transform {name}").trim_end())
            }
            _ => not_evaluated(function),
        };
        Some(placed(value, origin))
    }

    /// An argument's value; null stands for none.
    fn argument(&mut self, node: &Node) -> Value {
        self.evaluate(node).map_or(Value::Null, |node| node.value)
    }

    /// Reports a call that is written wrong.
    fn wrong(&mut self, function: &str, message: &str, origin: &Origin) -> Value {
        let message = format!("`{function}`: {message}");
        let diagnostic = Diagnostic::error(message.as_str()).help("its value counts as unknown");
        self.report(diagnostic, Some(origin));
        Value::Unknown(Why::Unreadable(message.into()).into())
    }

    /// The value of a branch that is certain stands where the branch does.
    fn choose(&mut self, argument: &Node, origin: &Origin) -> Option<Node> {
        let Some([condition, one, other]) = items(argument) else {
            let wrong = self.wrong("Fn::If", "a condition and two values are expected", origin);
            return Some(placed(wrong, origin));
        };
        match self.condition(condition) {
            Truth::Yes => self.evaluate(one),
            Truth::No => self.evaluate(other),
            Truth::Unknown(unknown) => {
                let (one, other) = (self.evaluate(one), self.evaluate(other));
                either(&unknown, one, other, origin)
            }
        }
    }

    fn get_att(&mut self, argument: &Node, origin: &Origin) -> Value {
        let parts = match &argument.value {
            Value::Text(text) => {
                text.split_once('.').map(|(name, rest)| (name.to_owned(), Some(rest.to_owned())))
            }
            _ => match items(argument) {
                Some([name, rest @ ..]) if !rest.is_empty() => {
                    let name = name.text().map(str::to_owned);
                    let rest: Option<Vec<String>> = rest.iter().map(|part| self.text_of(part)).collect();
                    name.map(|name| (name, rest.map(|rest| rest.join("."))))
                }
                _ => None,
            },
        };
        match parts {
            Some((name, Some(attribute))) => self.resource(&name, Some(&attribute), origin),
            Some((name, None)) => {
                let reference = Reference { address: name.as_str().into(), attribute: None };
                Value::Unknown(Unknown::reference(Why::AfterApply(name.into()), None, vec![reference]))
            }
            None => self.wrong("Fn::GetAtt", "a resource and an attribute are expected", origin),
        }
    }

    /// The text that a part of a call comes to, when it is known.
    fn text_of(&mut self, node: &Node) -> Option<String> {
        self.evaluate(node).and_then(|node| scalar_text(&node.value).map(Cow::into_owned))
    }

    fn sub(&mut self, argument: &Node, origin: &Origin) -> Value {
        let (template, variables) = match (&argument.value, items(argument)) {
            (Value::Text(template), _) => (template.clone(), None),
            (_, Some([template, variables])) if template.text().is_some() => {
                (template.text().unwrap_or_default().into(), Some(variables))
            }
            (_, Some([template])) if template.text().is_some() => {
                (template.text().unwrap_or_default().into(), None)
            }
            _ => {
                return self.wrong("Fn::Sub", "a text is expected, and after it at most a map", origin);
            }
        };
        let mut parts = Vec::new();
        for part in text::sub_parts(&template) {
            let value = match part {
                text::Part::Literal(literal) => Some(Value::text(literal)),
                text::Part::Variable(name) => match variables.and_then(|variables| variables.get(name)) {
                    Some(node) => self.evaluate(node).map(|node| node.value),
                    None => match name.split_once('.') {
                        Some((resource, attribute)) => Some(self.resource(resource, Some(attribute), origin)),
                        None => self.reference(name, origin),
                    },
                },
            };
            parts.extend(value);
        }
        self.concatenated("Fn::Sub", &parts, "", origin)
    }

    /// Texts in a row; unknown as a whole when one of them is.
    fn concatenated(&mut self, function: &str, parts: &[Value], delimiter: &str, origin: &Origin) -> Value {
        if let Some(mut unknown) = unknown_of(parts.iter(), Some(Shape::Text)) {
            unknown.hint.starts_with = known_beginning(parts, delimiter);
            unknown.hint.ends_with = known_end(parts, delimiter);
            return Value::Unknown(unknown);
        }
        let texts: Option<Vec<Cow<'_, str>>> = parts.iter().map(scalar_text).collect();
        match texts {
            Some(texts) => {
                let length = texts.iter().map(|text| text.len() + delimiter.len()).sum();
                let join = || {
                    let text = texts.join(delimiter);
                    resolved_later(&text).unwrap_or_else(|| Value::text(text))
                };
                self.afford(length, join, origin)
            }
            None => self.wrong(function, "only texts can be put together", origin),
        }
    }

    fn join(&mut self, argument: &Node, origin: &Origin) -> Value {
        let Some([delimiter, list]) = items(argument) else {
            return self.wrong("Fn::Join", "a delimiter and a list are expected", origin);
        };
        let delimiter = self.evaluate(delimiter).map(|node| node.value);
        let delimiter = delimiter.unwrap_or_else(|| Value::text(""));
        let list = self.evaluate(list).map(|node| node.value);
        let is_one_text = matches!(&list, Some(Value::List(list)) if list.more.is_none());
        let is_known = !matches!(delimiter, Value::Unknown(_)) && is_one_text;
        match unknown_of(list.iter().chain([&delimiter]), Some(Shape::Text)) {
            Some(unknown) if !is_known => return Value::Unknown(unknown),
            _ => {}
        }
        match (scalar_text(&delimiter), list) {
            (Some(delimiter), Some(Value::List(list))) => {
                let parts: Vec<Value> = list.items.into_iter().map(|item| item.value).collect();
                self.concatenated("Fn::Join", &parts, &delimiter, origin)
            }
            _ => self.wrong("Fn::Join", "a delimiter and a list are expected", origin),
        }
    }

    fn split(&mut self, argument: &Node, origin: &Origin) -> Value {
        let Some([delimiter, text]) = items(argument) else {
            return self.wrong("Fn::Split", "a delimiter and a text are expected", origin);
        };
        let values = [delimiter, text].map(|node| self.evaluate(node).map(|node| node.value));
        if let Some(unknown) = unknown_of(values.iter().flatten(), Some(Shape::List)) {
            return Value::Unknown(unknown);
        }
        match values.each_ref().map(|value| value.as_ref().and_then(scalar_text)) {
            [Some(delimiter), Some(text)] if !delimiter.is_empty() => {
                let part = |part: &str| Node::new(Value::text(part), origin.clone());
                let parts = text.matches(&*delimiter).count() + 1;
                let split = || Value::list(text.split(&*delimiter).map(part).collect());
                self.afford(text.len() + parts * NODE, split, origin)
            }
            _ => self.wrong("Fn::Split", "a delimiter and a text are expected", origin),
        }
    }

    fn select(&mut self, argument: &Node, origin: &Origin) -> Value {
        let Some([index, list]) = items(argument) else {
            return self.wrong("Fn::Select", "an index and a list are expected", origin);
        };
        let index = self.argument(index);
        let list = self.argument(list);
        match (&index, &list) {
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => {
                let unknown = unknown_of([&index, &list].into_iter(), None);
                unknown.map_or_else(|| not_evaluated("Fn::Select"), Value::Unknown)
            }
            // Where something may be missing or added, no place in the list is certain.
            (_, Value::List(list)) if list.more.is_some() => {
                let more = list
                    .more
                    .clone()
                    .map(|more| Unknown { hint: Hint { is_present: true, ..Hint::default() }, ..more });
                more.map_or_else(|| not_evaluated("Fn::Select"), Value::Unknown)
            }
            (index, Value::List(list)) => {
                let index = scalar_text(index).and_then(|index| index.trim().parse::<usize>().ok());
                match index.and_then(|index| list.items.get(index)) {
                    Some(item) => item.value.clone(),
                    None => self.wrong("Fn::Select", "the list has no such item", origin),
                }
            }
            _ => self.wrong("Fn::Select", "an index and a list are expected", origin),
        }
    }

    /// What a mapping holds stands where the mapping does; what isn't known, where the call does.
    fn find_in_map(&mut self, argument: &Node, origin: &Origin) -> Option<Result<Node, Value>> {
        let Some([map, first, second, rest @ ..]) = items(argument) else {
            let message = "a mapping and two keys are expected";
            return Some(Err(self.wrong("Fn::FindInMap", message, origin)));
        };
        let keys = [map, first, second].map(|node| self.argument(node));
        if let Some(unknown) = unknown_of(keys.iter(), None) {
            return Some(Err(Value::Unknown(unknown)));
        }
        let [Some(map), Some(first), Some(second)] = keys.each_ref().map(scalar_text) else {
            return Some(Err(self.wrong("Fn::FindInMap", "the keys must be texts", origin)));
        };
        let mapping = self.mappings.and_then(|mappings| mappings.entries.get(&*map));
        let inner = mapping.and_then(|mapping| mapping.get(&first));
        if let Some(found) = inner.and_then(|inner| inner.get(&second)) {
            let is_small = matches!(found.value, Value::Text(_) | Value::Bool(_) | Value::Number(_));
            if is_small {
                return Some(Ok(found.clone()));
            }
            let cost = size(&found.value) * NODE;
            let value = self.afford(cost, || found.value.clone(), origin);
            return Some(Ok(Node::new(value, found.origin.clone())));
        }
        if let Some(default) = rest.first().and_then(|options| options.get("DefaultValue")) {
            return self.evaluate(default).map(Ok);
        }
        let may_hold_more = |node: &Node| match &node.value {
            Value::Map(map) => map.more.is_some() || map.entries.keys().any(|name| name.starts_with("Fn::")),
            _ => false,
        };
        Some(Err(if mapping.is_some_and(may_hold_more) || inner.is_some_and(may_hold_more) {
            present(Why::NotEvaluated("Fn::FindInMap".into()), None)
        } else {
            let message = match mapping {
                Some(_) => format!("the mapping `{map}` has no `{first}` with `{second}`"),
                None => format!("there is no mapping `{map}`"),
            };
            self.wrong("Fn::FindInMap", &message, origin)
        }))
    }

    fn base64(&mut self, argument: &Node, origin: &Origin) -> Value {
        let value = self.argument(argument);
        match (scalar_text(&value), unknown_of([&value].into_iter(), Some(Shape::Text))) {
            (Some(text), _) => {
                self.afford(text.len() * 2, || Value::text(text::base64(text.as_bytes())), origin)
            }
            (None, Some(unknown)) => Value::Unknown(unknown),
            (None, None) => self.wrong("Fn::Base64", "a text is expected", origin),
        }
    }

    fn import_value(&mut self, argument: &Node) -> Value {
        let what = match self.text_of(argument) {
            Some(name) => format!("the export `{name}` of another stack"),
            None => "the export of another stack".to_owned(),
        };
        present(Why::DecidedElsewhere(what.into()), Some(Shape::Text))
    }

    fn cidr(&mut self, argument: &Node, origin: &Origin) -> Value {
        let arguments = items(argument).unwrap_or_default();
        let values: Vec<Value> = arguments.iter().map(|node| self.argument(node)).collect();
        if let Some(unknown) = unknown_of(values.iter(), Some(Shape::List)) {
            return Value::Unknown(unknown);
        }
        let texts: Vec<Cow<'_, str>> = values.iter().filter_map(scalar_text).collect();
        let blocks = match texts.as_slice() {
            [block, count, bits] => cidr::split(block, count, bits),
            _ => return present(Why::NotEvaluated("Fn::Cidr".into()), Some(Shape::List)),
        };
        match blocks {
            Some(blocks) => {
                let item = |block| Node::new(Value::text(block), origin.clone());
                Value::list(blocks.into_iter().map(item).collect())
            }
            None => self.wrong("Fn::Cidr", "the block can't be split like this", origin),
        }
    }

    fn length(&mut self, argument: &Node) -> Value {
        let value = self.argument(argument);
        match &value {
            Value::List(list) if list.more.is_none() => Value::Number(list.items.len().into()),
            _ => match unknown_of([&value].into_iter(), Some(Shape::Number)) {
                Some(unknown) => Value::Unknown(unknown),
                None => present(Why::NotEvaluated("Fn::Length".into()), Some(Shape::Number)),
            },
        }
    }

    fn json_string(&mut self, argument: &Node, origin: &Origin) -> Value {
        let value = self.argument(argument);
        match unknown_of([&value].into_iter(), Some(Shape::Text)) {
            Some(unknown) => Value::Unknown(unknown),
            None => {
                let text = value.to_json().to_string();
                self.afford(text.len(), || Value::text(text), origin)
            }
        }
    }
}

fn items(node: &Node) -> Option<&[Node]> {
    match &node.value {
        Value::List(list) if list.more.is_none() => Some(&list.items),
        _ => None,
    }
}

/// One of two values, and it isn't known which: what both have in common is kept.
fn either(why: &Unknown, one: Option<Node>, other: Option<Node>, origin: &Origin) -> Option<Node> {
    let (one, other) = match (one, other) {
        (None, None) => return None,
        (Some(one), Some(other)) if is_same(&one.value, &other.value) => return Some(one),
        (one, other) => (one, other),
    };
    let value = match (one.map(|node| node.value), other.map(|node| node.value)) {
        (Some(Value::Map(one)), Some(Value::Map(other))) => Value::Map(either_map(why, one, other, origin)),
        (one, other) => Value::Unknown(either_unknown(why, [&one, &other])),
    };
    Some(Node::new(value, origin.clone()))
}

/// A map with the entries of both; those that only one has may be missing.
fn either_map(why: &Unknown, one: Map, mut other: Map, origin: &Origin) -> Map {
    let mut both = Map { more: one.more.or(other.more), ..Map::default() };
    for (name, node) in one.entries {
        let value = either(why, Some(node), other.entries.shift_remove(&name), origin);
        both.entries.extend(value.map(|value| (name, value)));
    }
    for (name, node) in other.entries {
        let value = either(why, None, Some(node), origin);
        both.entries.extend(value.map(|value| (name, value)));
    }
    both
}

/// How a text begins that is put together from these parts, as far as is known of the first that is not.
fn known_beginning(parts: &[Value], delimiter: &str) -> Option<std::sync::Arc<str>> {
    let known = parts.iter().map_while(scalar_text);
    let mut beginning: String = known.flat_map(|part| [part.into_owned(), delimiter.to_owned()]).collect();
    if let Some(Value::Unknown(Unknown { hint: Hint { starts_with: Some(next), .. }, .. })) =
        parts.iter().find(|part| scalar_text(part).is_none())
    {
        beginning.push_str(next);
    }
    (!beginning.is_empty()).then(|| beginning.into())
}

/// How a text ends that is put together from these parts, as far as is known of the last that is not.
fn known_end(parts: &[Value], delimiter: &str) -> Option<std::sync::Arc<str>> {
    let known: Vec<_> = parts.iter().rev().map_while(scalar_text).collect();
    let mut end: String =
        known.iter().rev().flat_map(|part| [delimiter.to_owned(), part.clone().into_owned()]).collect();
    if let Some(Value::Unknown(Unknown { hint: Hint { ends_with: Some(last), .. }, .. })) =
        parts.iter().rev().find(|part| scalar_text(part).is_none())
    {
        end.insert_str(0, last);
    }
    (!end.is_empty()).then(|| end.into())
}

fn either_unknown(why: &Unknown, values: [&Option<Value>; 2]) -> Unknown {
    let shapes = values.map(|value| value.as_ref().and_then(Value::shape));
    let references = unknown_of(values.into_iter().flatten(), None);
    Unknown {
        why: why.why.clone(),
        hint: Hint {
            is_present: values.iter().all(|value| value.as_ref().is_some_and(is_present)),
            shape: shapes[0].filter(|_| shapes[0] == shapes[1]),
            refers_to: references.map_or_else(Vec::new, |references| references.hint.refers_to),
            ..Hint::default()
        },
    }
}

/// A value where the call stands: that is the place to look for whoever reads it.
fn placed(mut value: Value, origin: &Origin) -> Node {
    if let Value::List(list) = &mut value {
        let unplaced = list.items.iter_mut().filter(|item| item.origin.span().is_none());
        unplaced.for_each(|item| item.origin = origin.clone());
    }
    Node::new(value, origin.clone())
}
