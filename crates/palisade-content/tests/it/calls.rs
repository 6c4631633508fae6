//! The calls of the shipped kinds, and what they read of the answers, are as the models of the services have them.

use palisade_aws::{Operation, Reference, Service, Shape, Structure, To, models};
use palisade_content::{load, shipped};
use palisade_kinds::Kinds;
use palisade_kinds::grammar::{AttributeRule, Chain, Collect, Is, Kind, SourcePath, Step};
use palisade_model::{Node, ResourceType, Source, Value};
use palisade_services::AccessLevel;

/// What the collector knows wherever it makes a call.
const SURROUNDINGS: [&str; 3] = ["AccountId", "Region", "Partition"];
const READS: [&str; 8] = ["List", "Describe", "Get", "BatchGet", "BatchDescribe", "Search", "Lookup", "Head"];

#[test]
fn every_call_and_every_live_path_is_as_the_models_have_it() {
    let (library, _) = load(&shipped());
    let mut found = Vec::new();
    for kind in library.kinds().iter() {
        let mut lint =
            Lint { kind, kinds: library.kinds(), document: Document::default(), found: Vec::new() };
        lint.kind();
        found.extend(lint.found.iter().map(|what| format!("{}: {what}", kind.kind)));
    }
    assert_eq!(found.join("\n"), "");
}

/// What stands at a place of an answer.
#[derive(Clone, Copy)]
enum Type {
    /// What the model says.
    Of(&'static Service, &'static Reference),
    /// Anything: JSON in a text, or what no model tells.
    Any,
}

/// What a resource's document has.
#[derive(Default)]
struct Document {
    items: Vec<Type>,
    fields: Vec<(String, Type)>,
}

struct Lint<'k> {
    kind: &'k Kind,
    kinds: &'k Kinds,
    document: Document,
    found: Vec<String>,
}

impl Lint<'_> {
    fn say(&mut self, what: impl Into<String>) {
        self.found.push(what.into());
    }

    fn kind(&mut self) {
        let has_live = self.kind.attributes.values().any(|rule| !rule.live.is_empty());
        if self.kind.collect.is_empty() && has_live {
            self.say("has paths under `live` and no call that collects it");
            return;
        }
        for (position, call) in self.kind.collect.iter().enumerate() {
            self.call(call, position == 0);
        }
        let document = std::mem::take(&mut self.document);
        for (name, rule) in &self.kind.attributes {
            let at = |path: &SourcePath| document.follow(path);
            self.rule(name, rule, &at);
        }
    }

    fn call(&mut self, call: &Collect, is_listing: bool) {
        let name = format!("{}.{}", call.service, call.operation);
        let Some(service) = models().service(&call.service) else {
            return self.say(format!("`{name}`: there is no service of this name"));
        };
        let Some(operation) = service.operations.get(&*call.operation) else {
            return self.say(format!("`{name}`: the service has no such operation"));
        };
        self.check_reads(&name, service, operation);
        self.check_errors(&name, call, service, operation);
        // What the first call is made for is not listed yet: its parameters are of the other kind.
        let listed = match (is_listing, &call.parent) {
            (true, Some(parent)) => self.parent(parent),
            _ => std::mem::take(&mut self.document),
        };
        self.check_parameters(&name, call, service, operation, &listed);
        match is_listing {
            true => self.document = self.listed(&name, call, service, operation, listed),
            false => self.document = listed,
        }
        if call.batch > 1 {
            self.check_batch(&name, call, service, operation);
        }
        let fields = call.region.iter().chain(&call.unchanged_while).chain(call.only.keys());
        for wrong in fields.filter_map(|field| self.document.field(field).err()).collect::<Vec<_>>() {
            self.say(format!("`{name}`: {wrong}"));
        }
        if let Some(into) = &call.into {
            let is_member = self.document.items.iter().any(|item| enter(*item, into).is_ok());
            if is_member {
                self.say(format!("`{name}`: `into: {into}` hides a field of that name"));
            }
            let answer = operation.output.as_ref().map_or(Type::Any, |output| Type::Of(service, output));
            self.document.fields.push((into.to_string(), answer));
        }
    }

    /// The document of another kind, as it is listed.
    fn parent(&mut self, parent: &ResourceType) -> Document {
        let Some((kind, call)) = self.kinds.get(parent).and_then(|kind| Some((kind, kind.collect.first()?)))
        else {
            self.say(format!("`for: {parent}`: no call lists that kind"));
            return Document::default();
        };
        let mut lint = Lint { kind, kinds: self.kinds, document: Document::default(), found: Vec::new() };
        lint.call(call, true);
        lint.document
    }

    /// The document's own fields, from the call that lists.
    fn listed(
        &mut self,
        name: &str,
        call: &Collect,
        service: &'static Service,
        operation: &'static Operation,
        parent: Document,
    ) -> Document {
        let mut document = Document::default();
        let (Some(each), Some(output)) = (&call.each, &operation.output) else {
            return document;
        };
        for path in &each.0 {
            match walk(Type::Of(service, output), &path.steps) {
                Ok(at) => document.items.push(item_of(at)),
                Err(wrong) => self.say(format!("`{name}`: `each`: {wrong}")),
            }
        }
        let is_text = |item: &Type| matches!(item, Type::Of(_, of) if of.to == To::String);
        if document.items.iter().any(is_text) {
            let of_texts = document.items.drain(..).next().unwrap_or(Type::Any);
            document.fields.extend(call.id.iter().take(1).map(|id| (id.to_string(), of_texts)));
        }
        for kept in &call.keep {
            let of = match call.parent.is_some() {
                true => parent.field(kept),
                false => Ok(Type::Any),
            };
            match of {
                Ok(of) => document.fields.push((kept.to_string(), of)),
                Err(wrong) => self.say(format!("`{name}`: `keep`: {wrong}")),
            }
        }
        for wrong in call.id.iter().filter_map(|field| document.field(field).err()) {
            self.say(format!("`{name}`: `id`: {wrong}"));
        }
        document
    }

    /// A batch names, for each item of its answer, to which of those it was asked about it belongs.
    fn check_batch(
        &mut self,
        name: &str,
        call: &Collect,
        service: &'static Service,
        operation: &'static Operation,
    ) {
        let (Some(each), Some(output)) = (&call.each, &operation.output) else {
            return self.say(format!("`{name}`: `batch` without `each`"));
        };
        for path in &each.0 {
            let item = walk(Type::Of(service, output), &path.steps).map(item_of);
            let of_id = |item| call.id.first().map(|id| enter(item, id)).transpose();
            if let Err(wrong) = item.and_then(of_id) {
                self.say(format!("`{name}`: {wrong}"));
            }
        }
        let is_list_of_one = |value: &Node| match &value.value {
            Value::List(list) => {
                matches!(&list.items[..], [one] if one.text().is_some_and(|text| text.starts_with('$')))
            }
            _ => false,
        };
        if call.with.values().filter(|value| is_list_of_one(value)).count() != 1 {
            self.say(format!("`{name}`: a batch takes one list of one `$Name`"));
        }
    }

    fn check_reads(&mut self, name: &str, service: &Service, operation: &Operation) {
        let level = palisade_services::Reference::shipped()
            .service(&service.signing_name)
            .and_then(|of| of.actions.iter().find(|action| action.name == operation.name))
            .map(|action| action.level);
        match level {
            Some(AccessLevel::Read | AccessLevel::List) => {}
            Some(level) => self.say(format!("`{name}` does not only read: {level:?}")),
            None if READS.iter().any(|verb| operation.name.starts_with(verb)) => {}
            None => self.say(format!("`{name}` does not look as if it only read")),
        }
    }

    fn check_errors(&mut self, name: &str, call: &Collect, service: &Service, operation: &Operation) {
        let codes: Vec<&str> = service.errors(operation).map(|error| error.code.as_str()).collect();
        // S3's model and EC2's name few of their errors.
        let is_told = !codes.is_empty() && !matches!(&*service.name, "s3" | "s3control" | "ec2");
        for code in &call.none_when {
            if is_told && !codes.contains(&code.as_ref()) {
                self.say(format!("`{name}`: `{code}` is none of its errors: {}", codes.join(", ")));
            }
        }
    }

    fn check_parameters(
        &mut self,
        name: &str,
        call: &Collect,
        service: &'static Service,
        operation: &'static Operation,
        listed: &Document,
    ) {
        let input = operation.input.as_ref().and_then(|input| service.structure(input));
        let Some(input) = input else {
            if !call.with.is_empty() {
                self.say(format!("`{name}` takes no parameters"));
            }
            return;
        };
        for (parameter, value) in &call.with {
            match member(input, parameter) {
                Ok(of) => self.parameter(&format!("`{name}`: `{parameter}`"), service, of, value, listed),
                Err(wrong) => self.say(format!("`{name}`: {wrong}")),
            }
        }
        for member in input.members.iter().filter(|member| member.required && !member.of.is_token) {
            if !call.with.contains_key(member.name.as_str()) {
                self.say(format!("`{name}`: `{}` is missing", member.name));
            }
        }
    }

    fn parameter(
        &mut self,
        at: &str,
        service: &'static Service,
        of: &'static Reference,
        value: &Node,
        listed: &Document,
    ) {
        match (service.shape(of), &value.value) {
            (_, Value::Text(text)) if text.starts_with('$') => {
                let field = text.trim_start_matches('$');
                if SURROUNDINGS.contains(&field) {
                    return;
                }
                match listed.field(field) {
                    Ok(given) if is_fit_for(given, service, of) => {}
                    Ok(_) => self.say(format!("{at}: `{text}` is not what it takes")),
                    Err(wrong) => self.say(format!("{at}: {wrong}")),
                }
            }
            (Some(Shape::List(item)), Value::List(list)) => {
                for value in &list.items {
                    self.parameter(at, service, item, value, listed);
                }
            }
            (Some(Shape::Structure(structure)), Value::Map(map)) => {
                for (name, value) in &map.entries {
                    match member(structure, name) {
                        Ok(of) => self.parameter(&format!("{at}.`{name}`"), service, of, value, listed),
                        Err(wrong) => self.say(format!("{at}: {wrong}")),
                    }
                }
            }
            (None, value) if is_scalar_fit(value, of.to) => {}
            _ => self.say(format!("{at}: this is not what it takes")),
        }
    }

    fn rule(
        &mut self,
        name: &str,
        rule: &AttributeRule,
        at: &dyn Fn(&SourcePath) -> Vec<Result<Type, String>>,
    ) {
        let mut records = Vec::new();
        let or = rule.or.iter().filter(|(source, _)| *source == Source::Live).map(|(_, chain)| chain);
        for path in rule.live.iter().chain(or).flat_map(|Chain(paths)| paths) {
            let (right, wrong): (Vec<_>, Vec<_>) = at(path).into_iter().partition(Result::is_ok);
            if right.is_empty() {
                let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
                self.say(format!("`{name}`: `{path}`: {}", wrong.join("; ")));
                continue;
            }
            for at in right.into_iter().flatten() {
                let is_fit = path.asks_presence || !rule.values.is_empty() || is_attribute(&rule.is, at);
                if !is_fit {
                    self.say(format!("`{name}`: `{path}` leads to no {}", rule.is));
                }
                records.push(item_of(at));
            }
        }
        for (field, rule) in &rule.each {
            let at = |path: &SourcePath| records.iter().map(|record| walk(*record, &path.steps)).collect();
            self.rule(&format!("{name}.{field}"), rule, &at);
        }
    }
}

impl Document {
    /// What a path leads to, in each sort of item.
    fn follow(&self, path: &SourcePath) -> Vec<Result<Type, String>> {
        let Some((first, rest)) = path.steps.split_first() else {
            return vec![Err("the path is empty".into())];
        };
        let added = self.fields.iter().find(|(name, _)| **name == *first.name);
        match added {
            Some((_, of)) => vec![select(*of, first).and_then(|of| walk(of, rest))],
            None if self.items.is_empty() => vec![Err(format!("the document has no `{}`", first.name))],
            None => self.items.iter().map(|item| walk(*item, &path.steps)).collect(),
        }
    }

    /// A field that a parameter or `id` names, with dots between its steps.
    fn field(&self, name: &str) -> Result<Type, String> {
        let step = |name: &str| Step { name: name.into(), each: false, key: None };
        let path = SourcePath { steps: name.split('.').map(step).collect(), ..SourcePath::default() };
        let mut all = self.follow(&path);
        match all.iter().position(Result::is_ok) {
            Some(right) => all.swap_remove(right),
            None => all.swap_remove(0),
        }
    }
}

fn walk(mut at: Type, steps: &[Step]) -> Result<Type, String> {
    for step in steps {
        at = enter(at, &step.name)?;
        at = select(at, step)?;
    }
    Ok(at)
}

/// The entry of this name.
fn enter(at: Type, name: &str) -> Result<Type, String> {
    let Type::Of(service, of) = at else {
        return Ok(Type::Any);
    };
    match (service.shape(of), of.to) {
        (Some(Shape::Structure(structure)), _) if structure.is_document => Ok(Type::Any),
        (Some(Shape::Structure(structure)), _) => member(structure, name).map(|of| Type::Of(service, of)),
        (Some(Shape::List(item)), _) => enter(Type::Of(service, item), name),
        (Some(Shape::Map(_, value)), _) => Ok(Type::Of(service, value)),
        (None, To::String | To::Blob) => Ok(Type::Any),
        (None, _) => Err(format!("nothing is below a number, so no `{name}`")),
    }
}

/// What the brackets of a step take.
fn select(at: Type, step: &Step) -> Result<Type, String> {
    let Type::Of(service, of) = at else {
        return Ok(Type::Any);
    };
    match (service.shape(of), step.each, &step.key) {
        (_, false, None) => Ok(at),
        (Some(Shape::List(item)), true, None) => Ok(Type::Of(service, item)),
        (Some(Shape::List(item)), _, Some(key)) => {
            let item = Type::Of(service, item);
            if let Some((name, _)) = key.split_once('=') {
                return enter(item, name).map(|_| item);
            }
            enter(item, "Key").and_then(|_| enter(item, "Value"))
        }
        (None, ..) if of.to == To::String => Ok(Type::Any),
        _ => Err(format!("`{}` is no list", step.name)),
    }
}

/// What a list has; what is none is one.
fn item_of(at: Type) -> Type {
    match at {
        Type::Of(service, of) => match service.shape(of) {
            Some(Shape::List(item)) => Type::Of(service, item),
            _ => at,
        },
        Type::Any => Type::Any,
    }
}

fn member(structure: &'static Structure, name: &str) -> Result<&'static Reference, String> {
    match structure.members.iter().find(|member| member.name == name) {
        Some(member) => Ok(&member.of),
        None => {
            let names: Vec<&str> = structure.members.iter().map(|member| member.name.as_str()).collect();
            Err(format!("there is no `{name}` beside {}", names.join(", ")))
        }
    }
}

/// Can the parameter be what this field is?
fn is_fit_for(given: Type, service: &Service, of: &Reference) -> bool {
    let Type::Of(from, given) = given else {
        return true;
    };
    match (from.shape(given), service.shape(of)) {
        (None, None) => given.to == of.to || is_number(given.to) && is_number(of.to),
        (Some(Shape::List(_)), Some(Shape::List(_))) => true,
        _ => false,
    }
}

fn is_scalar_fit(value: &Value, to: To) -> bool {
    match value {
        Value::Text(_) => matches!(to, To::String | To::Timestamp | To::Blob),
        Value::Bool(_) => to == To::Boolean,
        Value::Number(_) => is_number(to),
        _ => false,
    }
}

fn is_number(to: To) -> bool {
    matches!(to, To::Integer | To::Long | To::Float | To::Double)
}

/// Can the attribute be what stands there?
fn is_attribute(is: &Is, at: Type) -> bool {
    let Type::Of(service, of) = at else {
        return true;
    };
    let shape = service.shape(of);
    match is {
        Is::List(item) => match shape {
            Some(Shape::List(of)) => is_attribute(item, Type::Of(service, of)),
            _ => is_attribute(item, at),
        },
        Is::Bool => matches!(of.to, To::Boolean | To::String),
        Is::Number | Is::FirstPort | Is::LastPort => is_number(of.to) || of.to == To::String,
        Is::Tags => match shape {
            Some(Shape::Map(..)) => true,
            Some(Shape::List(item)) => {
                ["Key", "key", "TagKey"].iter().any(|key| enter(Type::Of(service, item), key).is_ok())
            }
            _ => false,
        },
        Is::Record => matches!(shape, Some(Shape::Structure(_))),
        Is::Map(_) => matches!(shape, Some(Shape::Map(..) | Shape::Structure(_))),
        Is::Policy | Is::Json | Is::ManagementEvents => true,
        _ => shape.is_none(),
    }
}
