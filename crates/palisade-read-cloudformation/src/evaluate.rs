//! Evaluates the values of a template: what a function gives, or why that isn't known.

use crate::condition::Truth;
use crate::loops::Expanded;
use crate::parameter;
use indexmap::IndexMap;
use palisade_document::MAX_DIAGNOSTICS;
use palisade_model::{Diagnostic, Hint, List, Map, Node, Origin, Reference, Shape, Unknown, Value, Why};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// About how many bytes a template's values may take together, beyond those of its own text.
const BUDGET: usize = 100_000_000;

/// About how many bytes a node takes.
pub(crate) const NODE: usize = 400;

/// A template's parameters, mappings and conditions, and what was found out about them.
pub(crate) struct Evaluator<'a> {
    pub(crate) given: &'a BTreeMap<String, String>,
    pub(crate) parameters: Option<&'a Map>,
    pub(crate) mappings: Option<&'a Map>,
    pub(crate) conditions: Map,
    pub(crate) truths: HashMap<Arc<str>, Truth>,
    pub(crate) being_decided: Vec<Arc<str>>,
    // What may still be made of parameters, mappings and loops: small templates can ask for huge values.
    pub(crate) budget: usize,
    resources: HashMap<Arc<str>, Option<Arc<str>>>,
    // A transform, or the part after an error, may declare names that are not seen.
    has_unseen_names: bool,
    is_too_large: bool,
    undeclared: HashSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(document: &'a Node, given: &'a BTreeMap<String, String>) -> Self {
        let section = |name: &str| match document.get(name).map(|node| &node.value) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        };
        let is_cut_short = matches!(&document.value, Value::Map(map) if map.more.is_some());
        let mut evaluator = Self {
            given,
            parameters: section("Parameters"),
            mappings: section("Mappings"),
            conditions: Map::default(),
            truths: HashMap::new(),
            being_decided: Vec::new(),
            budget: BUDGET,
            resources: HashMap::new(),
            has_unseen_names: is_cut_short || document.get("Transform").is_some(),
            is_too_large: false,
            undeclared: HashSet::new(),
            diagnostics: Vec::new(),
        };
        evaluator.report_transforms(document.get("Transform"));
        if let Some(conditions) = section("Conditions") {
            let expanded = evaluator.expand_loops(conditions);
            let unlisted = expanded.unlisted.into_iter().next();
            evaluator.conditions = expanded.map;
            evaluator.conditions.more = evaluator.conditions.more.take().or(unlisted.map(not_listed));
        }
        if let Some(resources) = section("Resources") {
            let is_made = resources.entries.keys().any(|name| is_written_out(name));
            evaluator.has_unseen_names |= resources.more.is_some() || is_made;
            for (name, body) in &resources.entries {
                let source_type = body.get("Type").and_then(Node::text).map(Arc::from);
                evaluator.resources.insert(name.clone(), source_type);
            }
        }
        evaluator
    }

    /// Macros may change anything; that they were not run is worth knowing.
    fn report_transforms(&mut self, transform: Option<&Node>) {
        let Some(transform) = transform else { return };
        let nodes = match &transform.value {
            Value::List(list) => list.items.iter().collect(),
            _ => vec![transform],
        };
        for node in nodes {
            let name = node.text().or_else(|| node.get("Name").and_then(Node::text));
            let name = name.unwrap_or("Transform");
            if !matches!(name, "AWS::Serverless-2016-10-31" | "AWS::LanguageExtensions") {
                let warning = Diagnostic::warning(format!("the transform `{name}` is not run"));
                let help = "what it adds or changes is not seen; read the processed template to see it";
                self.report(warning.help(help), Some(&node.origin));
            }
        }
    }

    /// Makes the names of resources known that loops made.
    pub(crate) fn declare<'n>(&mut self, names: impl Iterator<Item = &'n Arc<str>>) {
        for name in names {
            self.resources.entry(name.clone()).or_default();
        }
    }

    /// A value that was given from outside.
    pub(crate) fn given(&self, name: &str) -> Option<&'a str> {
        self.given.get(name).map(String::as_str)
    }

    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic, at: Option<&Origin>) {
        diagnostic.span = at.and_then(Origin::span).cloned();
        if self.diagnostics.len() < MAX_DIAGNOSTICS && !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Makes a value of about so many bytes, unless the template asks for too much in total.
    pub(crate) fn afford(&mut self, cost: usize, value: impl FnOnce() -> Value, origin: &Origin) -> Value {
        const MESSAGE: &str = "the values of this template are too large together";
        if let Some(left) = self.budget.checked_sub(cost) {
            self.budget = left;
            return value();
        }
        if !std::mem::replace(&mut self.is_too_large, true) {
            self.report(Diagnostic::error(MESSAGE).help("from here on they count as unknown"), Some(origin));
        }
        Value::Unknown(Why::Unreadable(MESSAGE.into()).into())
    }

    pub(crate) fn diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// A resource's body: `Condition` is a name there, everything else a value.
    pub(crate) fn evaluate_body(&mut self, body: &Map, origin: &Origin) -> Node {
        let mut map = Map { entries: IndexMap::with_capacity(body.entries.len()), more: body.more.clone() };
        for (name, node) in &body.entries {
            let is_a_name = matches!(&**name, "Type" | "Condition" | "DependsOn");
            let value = if is_a_name { Some(node.clone()) } else { self.evaluate(node) };
            map.entries.extend(value.map(|value| (name.clone(), value)));
        }
        Node::new(Value::Map(map), origin.clone())
    }

    /// What a value comes to; none when that is `AWS::NoValue`, which removes it.
    pub(crate) fn evaluate(&mut self, node: &Node) -> Option<Node> {
        let value = match &node.value {
            Value::Text(text) => resolved_later(text).unwrap_or_else(|| node.value.clone()),
            Value::List(list) => self.list(list),
            Value::Map(map) => match call(map) {
                Some((function, argument)) => return self.call(function, argument, &node.origin),
                None => self.map(map),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => node.value.clone(),
        };
        Some(Node::new(value, node.origin.clone()))
    }

    /// A list holds what is certainly in it; what may be missing from it stands for more.
    fn list(&mut self, list: &List) -> Value {
        let mut evaluated = List { items: Vec::with_capacity(list.items.len()), more: list.more.clone() };
        for item in &list.items {
            let Some(item) = self.evaluate(item) else { continue };
            match item.value {
                Value::Unknown(unknown) if !unknown.hint.is_present => {
                    evaluated.more.get_or_insert(unknown);
                }
                _ => evaluated.items.push(item),
            }
        }
        Value::List(evaluated)
    }

    fn map(&mut self, map: &Map) -> Value {
        // A macro may change everything around it; an include only adds to it.
        if let Some(transform) = map.entries.get("Fn::Transform")
            && transform.get("Name").and_then(Node::text) != Some("AWS::Include")
        {
            return not_evaluated("Fn::Transform");
        }
        if !map.entries.keys().any(|name| is_written_out(name)) {
            return self.entries(map);
        }
        let Expanded { mut map, unlisted } = self.expand_loops(map);
        map.more = map.more.or(unlisted.into_iter().next().map(not_listed));
        self.entries(&map)
    }

    fn entries(&mut self, map: &Map) -> Value {
        let mut evaluated =
            Map { entries: IndexMap::with_capacity(map.entries.len()), more: map.more.clone() };
        for (name, node) in &map.entries {
            let value = self.evaluate(node);
            evaluated.entries.extend(value.map(|value| (name.clone(), value)));
        }
        Value::Map(evaluated)
    }

    /// What a name means: a parameter's value, or a resource that comes later.
    pub(crate) fn reference(&mut self, name: &str, origin: &Origin) -> Option<Value> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some(value) = parameter::pseudo(name, self.given) {
            return Some(value);
        }
        if let Some(declared) = self.parameters.and_then(|parameters| parameters.entries.get(name)) {
            let given = self.given(name);
            let cost = parameter::items(declared, given) * NODE;
            return Some(self.afford(cost, || parameter::value(name, declared, given), origin));
        }
        Some(self.resource(name, None, origin))
    }

    /// A name that nothing has. Said once for each name: preprocessors bring whole sets of their own.
    fn undeclared(&mut self, name: &str, origin: &Origin) -> Value {
        let message = format!("`{name}` is neither a parameter nor a resource of this template");
        if self.undeclared.insert(name.to_owned()) {
            let parameters = self.parameters.into_iter().flat_map(|parameters| parameters.entries.keys());
            let known = self.resources.keys().chain(parameters);
            let distances = known.map(|known| (strsim::osa_distance(known, name), known));
            let nearest = distances.filter(|(distance, _)| *distance <= name.len() / 3).min();
            let help = match nearest {
                Some((_, nearest)) => format!("did you mean `{nearest}`?"),
                None => "declare it; its value counts as unknown".to_owned(),
            };
            self.report(Diagnostic::warning(message.as_str()).help(help), Some(origin));
        }
        Value::Unknown(Why::Unreadable(message.into()).into())
    }

    /// A resource's `Ref` or attribute: it is certainly there, its value comes later.
    pub(crate) fn resource(&mut self, name: &str, attribute: Option<&str>, origin: &Origin) -> Value {
        let what = attribute.map_or_else(|| name.to_owned(), |attribute| format!("{name}.{attribute}"));
        let source_type = self.resources.get(name);
        if source_type.is_none() && !self.has_unseen_names {
            return self.undeclared(name, origin);
        }
        let is_custom = source_type.is_some_and(|name| {
            name.as_deref().is_none_or(|name| {
                name.starts_with("Custom::")
                    || name == "AWS::CloudFormation::CustomResource"
                    || name.ends_with("::MODULE")
            })
        });
        let shape = match attribute {
            None => Some(Shape::Text),
            Some(attribute) if !is_custom && is_text_attribute(attribute) => Some(Shape::Text),
            Some(_) => None,
        };
        let reference =
            Reference { address: name.into(), attribute: Some(attribute.unwrap_or("Ref").into()) };
        let mut unknown = Unknown::reference(Why::AfterApply(what.into()), shape, vec![reference]);
        let is_arn = match attribute {
            None => source_type.is_some_and(|name| name.as_deref().is_some_and(is_referred_to_by_arn)),
            Some(attribute) => shape.is_some() && attribute.ends_with("Arn") && !attribute.contains('.'),
        };
        unknown.hint.starts_with = is_arn.then(|| "arn:".into());
        Value::Unknown(unknown)
    }
}

/// The function and its argument, when a map is a call: it has one entry, named like a function.
pub(crate) fn call(map: &Map) -> Option<(&str, &Node)> {
    let (name, argument) = map.entries.first()?;
    let is_function = &**name == "Ref" || name.starts_with("Fn::") && !name.starts_with("Fn::ForEach");
    (is_function && map.entries.len() == 1).then_some((&**name, argument))
}

/// Does this entry stand for others, which a loop or a transform makes?
fn is_written_out(name: &str) -> bool {
    name == "Fn::Transform" || name.starts_with("Fn::ForEach::")
}

/// A loop or include that was not written out.
fn not_listed((what, _): (Arc<str>, Origin)) -> Unknown {
    Why::NotEvaluated(what).into()
}

/// Attributes that are single texts whatever the type; others may be lists.
fn is_text_attribute(attribute: &str) -> bool {
    let endings = ["Arn", "ARN", "Id", "ID", "Name", "Url", "URL", "Address"];
    attribute.starts_with("Outputs.") || endings.iter().any(|ending| attribute.ends_with(ending))
}

/// Is a `Ref` of this type the ARN?
fn is_referred_to_by_arn(source_type: &str) -> bool {
    matches!(
        source_type,
        "AWS::CertificateManager::Certificate"
            | "AWS::ECS::Service"
            | "AWS::ECS::TaskDefinition"
            | "AWS::ElasticLoadBalancingV2::Listener"
            | "AWS::ElasticLoadBalancingV2::LoadBalancer"
            | "AWS::ElasticLoadBalancingV2::TargetGroup"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::OIDCProvider"
            | "AWS::IAM::SAMLProvider"
            | "AWS::Lambda::Alias"
            | "AWS::Lambda::Version"
            | "AWS::SNS::Topic"
            | "AWS::SecretsManager::Secret"
            | "AWS::StepFunctions::StateMachine"
    )
}

/// `{{resolve:ssm:…}}` is looked up when the stack is made.
pub(crate) fn resolved_later(text: &str) -> Option<Value> {
    let start = text.find("{{resolve:")?;
    let length = text[start..].find("}}")?;
    let what = &text[start..start + length + 2];
    Some(Value::Unknown(Unknown::reference(
        Why::DecidedElsewhere(format!("`{what}`").into()),
        Some(Shape::Text),
        Vec::new(),
    )))
}

/// An unknown value that is certainly there.
pub(crate) fn present(why: Why, shape: Option<Shape>) -> Value {
    Value::Unknown(Unknown::reference(why, shape, Vec::new()))
}

/// A call that isn't evaluated.
pub(crate) fn not_evaluated(function: &str) -> Value {
    Value::Unknown(Why::NotEvaluated(function.into()).into())
}

/// The text of a scalar, as CloudFormation puts it into other texts.
pub(crate) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Bool(bool) => Some(bool.to_string().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Text(text) => Some((**text).into()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Unknown(_) => None,
    }
}

/// How many nodes a value is made of.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.items.iter().map(|item| size(&item.value)).sum::<usize>(),
        Value::Map(map) => 1 + map.entries.values().map(|node| size(&node.value)).sum::<usize>(),
        _ => 1,
    }
}

/// Is it certainly set?
pub(crate) fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Unknown(unknown) => unknown.hint.is_present,
        _ => true,
    }
}

/// Everything unknown in these values as one unknown of the given shape: the first reason, all references.
pub(crate) fn unknown_of<'n>(
    values: impl Iterator<Item = &'n Value>,
    shape: Option<Shape>,
) -> Option<Unknown> {
    let mut all = Vec::new();
    values.for_each(|value| unknowns(value, &mut all));
    let why = all.first()?.why.clone();
    let mut seen = HashSet::new();
    let refers_to = all.iter().flat_map(|unknown| &unknown.hint.refers_to);
    Some(Unknown {
        why,
        hint: Hint {
            is_present: true,
            shape,
            refers_to: refers_to.filter(|reference| seen.insert(*reference)).cloned().collect(),
            ..Hint::default()
        },
    })
}

fn unknowns<'n>(value: &'n Value, into: &mut Vec<&'n Unknown>) {
    match value {
        Value::Unknown(unknown) => into.push(unknown),
        Value::List(list) => {
            list.items.iter().for_each(|item| unknowns(&item.value, into));
            into.extend(&list.more);
        }
        Value::Map(map) => {
            map.entries.values().for_each(|node| unknowns(&node.value, into));
            into.extend(&map.more);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// The same value, wherever it stands?
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.more == other.more
                && one.items.len() == other.items.len()
                && one.items.iter().zip(&other.items).all(|(a, b)| is_same(&a.value, &b.value))
        }
        (Value::Map(one), Value::Map(other)) => {
            let has = |(name, node): (_, &Node)| {
                other.entries.get::<Arc<str>>(name).is_some_and(|found| is_same(&node.value, &found.value))
            };
            one.more == other.more && one.entries.len() == other.entries.len() && one.entries.iter().all(has)
        }
        (Value::Unknown(one), Value::Unknown(other)) => {
            !matches!(one.why, Why::NotEvaluated(_)) && one == other
        }
        (one, other) => one == other,
    }
}
