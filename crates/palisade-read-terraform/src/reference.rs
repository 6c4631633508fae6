//! What names mean: variables, locals, resources, data sources and modules, each with the steps that follow.

use crate::evaluate::{Environment, Failure, Outcome, leading_attributes, not_evaluated};
use crate::module::Resource;
use crate::policy_document;
use crate::scope::{Children, Instance, Instances, Key, Scope, Sort};
use crate::syntax::{Body, Expression, Step};
use crate::value::{Kind, Value, unknown};
use indexmap::IndexMap;
use palisade_model::{Origin, Reference, Shape, Unknown, Why};
use std::rc::Rc;
use std::sync::Arc;

/// The value of a name and the steps after it.
pub(crate) fn resolve(
    environment: &mut Environment<'_>,
    name: &Arc<str>,
    steps: &[Step],
    expression: &Expression,
) -> Outcome {
    let Some((Step::Attribute(first), rest)) = steps.split_first() else {
        return Ok(not_evaluated(expression));
    };
    let world = environment.world;
    let scope = environment.scope.clone();
    let found = match &**name {
        "var" => world.variable(&scope, first),
        "local" => world.local(&scope, first),
        "each" | "count" => Some(instance(environment, name, first, expression)),
        "path" | "terraform" => Some(Ok(surroundings(&scope, name, first, expression))),
        "self" => None,
        "module" => return module(environment, first, rest, expression),
        "data" => {
            return match rest.split_first() {
                Some((Step::Attribute(name), rest)) => {
                    resource(environment, (true, first, name), rest, expression)
                }
                _ => Ok(not_evaluated(expression)),
            };
        }
        _ => return resource(environment, (false, name, first), rest, expression),
    };
    match found {
        Some(value) => environment.steps(value?, rest),
        None => Ok(not_evaluated(expression)),
    }
}

/// `path.…` and `terraform.…`. Terraform runs in the root's directory; in which workspace, nobody has said.
fn surroundings(scope: &Scope, name: &str, part: &str, expression: &Expression) -> Value {
    let origin = &expression.place.origin();
    match (name, part) {
        ("path", "module") => Value::text(scope.path.clone(), origin),
        ("path", "root" | "cwd") => Value::text(".", origin),
        ("terraform", "workspace") => {
            let why = Why::DecidedElsewhere("the workspace".into());
            Value::unknown(Unknown::reference(why, Some(Shape::Text), Vec::new()), origin)
        }
        _ => crate::evaluate::not_evaluated(expression),
    }
}

fn instance(environment: &Environment<'_>, name: &str, part: &str, expression: &Expression) -> Outcome {
    let origin = expression.place.origin();
    match (&environment.instance, name, part) {
        (Instance::Counted(index), "count", "index") => Ok(Value::number(*index, &origin)),
        (Instance::Each(key, _), "each", "key") => Ok(key.clone()),
        (Instance::Each(_, value), "each", "value") => Ok(value.clone()),
        (Instance::Open(cause), ..) => {
            let shape = match part {
                "key" => Some(Shape::Text),
                "index" => Some(Shape::Number),
                _ => None,
            };
            Ok(Value::unknown(unknown(cause.why.clone(), shape.is_some(), shape), &origin))
        }
        _ => Ok(not_evaluated(expression)),
    }
}

/// `module.name…`: the outputs of a call.
fn module(
    environment: &mut Environment<'_>,
    name: &Arc<str>,
    steps: &[Step],
    expression: &Expression,
) -> Outcome {
    let world = environment.world;
    let scope = environment.scope.clone();
    let Some(at) = scope.module.find_call(name) else {
        return Ok(not_evaluated(expression));
    };
    let children = world.children(&scope, at);
    let scopes = match &*children {
        Children::Absent => return Ok(not_evaluated(expression)),
        Children::Scopes(scopes) => scopes,
    };
    let output =
        |environment: &mut Environment<'_>, child: &Rc<Scope>, steps: &[Step]| match steps.split_first() {
            Some((Step::Attribute(output), rest)) => match world.output(child, output) {
                Some(value) => environment.steps(value?, rest),
                None => Ok(not_evaluated(expression)),
            },
            Some(_) => Ok(not_evaluated(expression)),
            None => Ok(outputs(environment, child, expression)),
        };
    let keyed: Vec<(Key, Rc<Scope>)> =
        scopes.iter().filter_map(|(key, child)| Some((key.clone()?, child.clone()))).collect();
    match (scopes.as_slice(), steps.first()) {
        ([(None, child)], Some(Step::Splat | Step::Index(_) | Step::AttributeSplat) | None)
            if child.is_never_called(&scope) =>
        {
            never(environment, &scope.module.calls[at].body, steps, expression)
        }
        ([(None, child)], Some(Step::Attribute(_)) | None) => output(environment, child, steps),
        // How often the module is called isn't known.
        ([(None, _)], _) => Ok(not_evaluated(expression)),
        _ => select(environment, &keyed, steps, expression, output),
    }
}

/// All outputs of a call.
fn outputs(environment: &Environment<'_>, child: &Rc<Scope>, expression: &Expression) -> Value {
    let mut names: Vec<&Arc<str>> = child.module.outputs.keys().collect();
    names.sort();
    let entries = names
        .into_iter()
        .filter_map(|name| {
            let value = environment.world.output(child, name)?;
            Some((name.clone(), value.unwrap_or_else(|Failure| not_evaluated(expression))))
        })
        .collect();
    Value::map(entries, &expression.place.origin())
}

/// Of several instances, the ones that the steps mean; all of them when there are no steps.
fn select<T>(
    environment: &mut Environment<'_>,
    keyed: &[(Key, T)],
    steps: &[Step],
    expression: &Expression,
    mut each: impl FnMut(&mut Environment<'_>, &T, &[Step]) -> Outcome,
) -> Outcome {
    let origin = expression.place.origin();
    match steps.split_first() {
        Some((Step::Index(index), rest)) => {
            let index = environment.evaluate(index)?;
            if index.has_unknown() {
                return Ok(not_evaluated(expression));
            }
            let key = Key::of(&index).ok_or(Failure)?;
            let found = keyed.iter().find(|(known, _)| *known == key).ok_or(Failure)?;
            each(environment, &found.1, rest)
        }
        Some((Step::Splat, rest)) => {
            let items: Result<Vec<_>, _> =
                keyed.iter().map(|(_, instance)| each(environment, instance, rest)).collect();
            Ok(Value::list(items?, &origin))
        }
        Some((Step::AttributeSplat, rest)) => {
            let (attributes, rest) = rest.split_at(leading_attributes(rest));
            let items: Result<Vec<_>, _> =
                keyed.iter().map(|(_, instance)| each(environment, instance, attributes)).collect();
            environment.steps(Value::list(items?, &origin), rest)
        }
        None => all(environment, keyed, &origin, each),
        Some((Step::Attribute(_), _)) => Ok(not_evaluated(expression)),
    }
}

/// All instances: a list with `count`, a map with `for_each`.
fn all<T>(
    environment: &mut Environment<'_>,
    keyed: &[(Key, T)],
    origin: &Origin,
    mut each: impl FnMut(&mut Environment<'_>, &T, &[Step]) -> Outcome,
) -> Outcome {
    let mut items = Vec::new();
    let mut entries = IndexMap::new();
    for (key, instance) in keyed {
        let value = each(environment, instance, &[])?;
        match key {
            Key::Index(_) => items.push(value),
            Key::Name(name) => {
                entries.insert(name.clone(), value);
            }
        }
    }
    Ok(if entries.is_empty() { Value::list(items, origin) } else { Value::map(entries, origin) })
}

/// A resource or data source that an expression mentions.
struct Mention<'a> {
    is_data: bool,
    kind: &'a Arc<str>,
    name: &'a Arc<str>,
    expression: &'a Expression,
}

impl Mention<'_> {
    fn address(&self, scope: &Scope, key: Option<&Key>) -> Arc<str> {
        let key = key.map(ToString::to_string).unwrap_or_default();
        format!("{}{}.{}{key}", scope.prefix, self.kind, self.name).into()
    }

    /// What the provider will know once it is applied.
    fn later(&self, scope: &Scope, key: Option<&Key>, steps: &[Step]) -> Value {
        let attribute = steps.iter().find_map(|step| match step {
            Step::Attribute(name) => Some(name),
            _ => None,
        });
        let is_list = steps.iter().any(|step| matches!(step, Step::Splat | Step::AttributeSplat));
        let shape = match attribute {
            _ if is_list => Some(Shape::List),
            Some(name) if steps.len() <= 2 && is_text(name) => Some(Shape::Text),
            None => Some(Shape::Map),
            Some(_) => None,
        };
        let why = Why::AfterApply(self.expression.place.quoted());
        let refers_to = if self.is_data {
            Vec::new()
        } else {
            vec![Reference { address: self.address(scope, key), attribute: attribute.cloned() }]
        };
        Value::unknown(Unknown::reference(why, shape, refers_to), &self.expression.place.origin())
    }
}

/// Attributes of these names are texts in every resource that has them.
pub(crate) fn is_text(name: &str) -> bool {
    matches!(name, "id" | "arn" | "name" | "key_id" | "account_id" | "partition" | "url" | "json")
        || name.ends_with("_arn")
        || name.ends_with("_id")
}

fn resource(
    environment: &mut Environment<'_>,
    (is_data, kind, name): (bool, &Arc<str>, &Arc<str>),
    steps: &[Step],
    expression: &Expression,
) -> Outcome {
    let mention = Mention { is_data, kind, name, expression };
    let scope = environment.scope.clone();
    let Some(at) = scope.module.find(is_data, kind, name) else {
        // Nothing of this name is declared: a typing error, or a block in a file that was not read.
        return Ok(if is_data || kind.contains('_') {
            mention.later(&scope, None, steps)
        } else {
            not_evaluated(expression)
        });
    };
    let declared = &scope.module.resources[at];
    let instances = environment.world.resource_instances(&scope, at, declared);
    match &*instances {
        Instances::One => argument(environment, &mention, declared, (None, &Instance::Only), steps),
        Instances::None(_) => match &declared.body {
            Ok(body) => never(environment, body, steps, expression),
            Err(_) => Ok(not_evaluated(expression)),
        },
        Instances::Open(..) | Instances::Many(_) => {
            let value = mention.later(&scope, None, steps);
            environment.doubt_unknown(&value);
            Ok(value)
        }
        Instances::Keyed(keyed) => {
            let index_is_unknown = match steps.first() {
                Some(Step::Index(index)) => environment.evaluate(index)?.has_unknown(),
                Some(Step::Splat | Step::AttributeSplat) | None => false,
                // As Terraform before 0.12 had it.
                Some(Step::Attribute(_)) => true,
            };
            if index_is_unknown {
                let value = mention.later(&scope, None, steps);
                environment.doubt_unknown(&value);
                return Ok(value);
            }
            let numbered: Vec<(Key, (Key, Instance))> =
                keyed.iter().map(|(key, instance)| (key.clone(), (key.clone(), instance.clone()))).collect();
            select(environment, &numbered, steps, expression, |environment, instance, rest| {
                argument(environment, &mention, declared, (Some(&instance.0), &instance.1), rest)
            })
        }
    }
}

/// Something of which there are no instances.
fn never(environment: &mut Environment<'_>, body: &Body, steps: &[Step], expression: &Expression) -> Outcome {
    let origin = expression.place.origin();
    let empty = Value::list(Vec::new(), &origin);
    match steps.split_first() {
        None if body.attribute("count").is_some() => Ok(empty),
        None => Ok(Value::map(IndexMap::new(), &origin)),
        Some((Step::Splat, _)) => Ok(empty),
        Some((Step::AttributeSplat, rest)) => environment.steps(empty, &rest[leading_attributes(rest)..]),
        Some((Step::Index(_), _)) => Err(Failure),
        _ => Ok(not_evaluated(expression)),
    }
}

/// An attribute of one instance: what its configuration sets, or what is known only later.
fn argument(
    environment: &mut Environment<'_>,
    mention: &Mention<'_>,
    declared: &Resource,
    (key, instance): (Option<&Key>, &Instance),
    steps: &[Step],
) -> Outcome {
    let scope = environment.scope.clone();
    let later = || mention.later(&scope, key, steps);
    let (name, rest) = match (steps.split_first(), key) {
        (Some((Step::Attribute(name), rest)), _) => (name, rest),
        // `aws_x.y[*].id` of a resource without count or for_each is a list of one.
        (Some((Step::Splat, rest)), None) => {
            let only = argument(environment, mention, declared, (key, instance), rest)?;
            return Ok(Value::list(vec![only], &mention.expression.place.origin()));
        }
        (Some((Step::AttributeSplat, rest)), None) => {
            let (attributes, rest) = rest.split_at(leading_attributes(rest));
            let only = argument(environment, mention, declared, (key, instance), attributes)?;
            let list = Value::list(vec![only], &mention.expression.place.origin());
            return environment.steps(list, rest);
        }
        // The whole of it.
        (None, _) => return Ok(later()),
        _ => {
            let value = later();
            environment.doubt_unknown(&value);
            return Ok(value);
        }
    };
    let Some(set) = configured(environment, mention, declared, (key, instance), name) else {
        let value = later();
        if !rest.is_empty() {
            environment.doubt_unknown(&value);
        }
        return Ok(value);
    };
    // A part of it that isn't written is one that the provider fills in, if there is such a part.
    let value = set.and_then(|value| environment.steps(value, rest)).unwrap_or_else(|Failure| {
        let value = later();
        environment.doubt_unknown(&value);
        value
    });
    match &value.kind {
        Kind::Null => Ok(later()),
        Kind::Unknown(open) if !mention.is_data => {
            let mut open = open.as_ref().clone();
            let reference =
                Reference { address: mention.address(&scope, key), attribute: Some(name.clone()) };
            if !open.hint.refers_to.contains(&reference) {
                open.hint.refers_to.insert(0, reference);
            }
            Ok(Value::unknown(open, &value.origin))
        }
        _ => Ok(value),
    }
}

/// The function that a data source computes an attribute with, and the data source's arguments to it.
fn same_function(kind: &str, attribute: &str) -> Option<(&'static str, &'static [&'static str])> {
    match (kind, attribute) {
        ("local_file", "content") => Some(("file", &["filename"])),
        ("local_file", "content_base64") => Some(("filebase64", &["filename"])),
        ("template_file", "rendered") => Some(("templatestring", &["template", "vars"])),
        _ => None,
    }
}

/// What a resource's own configuration says about an attribute; none when it says nothing.
fn configured(
    environment: &Environment<'_>,
    mention: &Mention<'_>,
    declared: &Resource,
    (key, instance): (Option<&Key>, &Instance),
    name: &Arc<str>,
) -> Option<Outcome> {
    let world = environment.world;
    let scope = &environment.scope;
    let Ok(body) = &declared.body else {
        return None;
    };
    let data = if mention.is_data { "data." } else { "" };
    let full: Arc<str> = format!("{data}{}.{name}", mention.address(scope, key)).into();
    let inside = || Environment::new(world, scope, instance.clone());
    if mention.is_data
        && &*declared.kind == "aws_iam_policy_document"
        && matches!(&**name, "json" | "minified_json")
    {
        let indented = &**name == "json";
        return Some(world.once(scope, Sort::Argument, &full, || {
            Ok(policy_document::render(&mut inside(), body, &declared.header.origin(), indented))
        }));
    }
    if let Some(expression) = body.attribute(name) {
        return Some(world.once(scope, Sort::Argument, &full, || inside().evaluate(expression)));
    }
    if mention.is_data
        && let Some((function, arguments)) = same_function(&declared.kind, name)
    {
        let origin = declared.header.origin();
        return Some(world.once(scope, Sort::Argument, &full, || {
            let mut inside = inside();
            let values: Result<Vec<Value>, Failure> = arguments
                .iter()
                .map(|argument| match body.attribute(argument) {
                    Some(expression) => inside.evaluate(expression),
                    None => Ok(Value::map(IndexMap::new(), &origin)),
                })
                .collect();
            crate::functions::of_values(&mut inside, function, &values?, &origin)
        }));
    }
    let has_blocks = body.blocks.iter().any(|block| {
        block.kind == *name || (&*block.kind == "dynamic" && block.labels.first() == Some(name))
    });
    has_blocks.then(|| {
        world.once(scope, Sort::Argument, &full, || {
            let whole = inside().body(body, &declared.header.origin());
            crate::evaluate::attribute(&whole, name)
        })
    })
}
