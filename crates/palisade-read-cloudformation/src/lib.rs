//! Reads CloudFormation templates into resources.
//!
//! Parameters, mappings, conditions and functions are evaluated as far as the template and the given values
//! go; what depends on more is [`palisade_model::Unknown`] with its reason. No resource is dropped: one with
//! a body that can't be read is kept, and a diagnostic says what is wrong with it.

mod cidr;
mod condition;
mod evaluate;
mod function;
mod globals;
mod loops;
mod parameter;
mod tag;
mod text;

use evaluate::Evaluator;
use palisade_document::{Documents, Keys, Text, read_json};
use palisade_model::{
    Address, Diagnostic, Existence, Level, Map, Node, Origin, RawResource, Source, Value, Why,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type that a resource gets whose own could not be read.
pub const NO_TYPE: &str = "unknown";

/// What a template declares.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// The resources, in the order of the text, those included whose condition is false.
    ///
    /// `raw` is the resource's whole body (`Type`, `Properties`, `DependsOn`, …) with its functions evaluated.
    pub resources: Vec<RawResource>,
    /// What was wrong, each with its place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Does this look like a template? It has a format version, or a resource with a type like `AWS::S3::Bucket`.
pub fn is_template(node: &Node) -> bool {
    let has_type =
        |resource: &Node| resource.get("Type").and_then(Node::text).is_some_and(|name| name.contains("::"));
    let has_resources = || match node.get("Resources").map(|resources| &resources.value) {
        Some(Value::Map(resources)) => {
            let mut entries = resources.entries.iter();
            entries.any(|(name, resource)| name.starts_with("Fn::ForEach::") || has_type(resource))
        }
        _ => false,
    };
    node.get("AWSTemplateFormatVersion").is_some() || has_resources()
}

/// Reads a template, YAML or JSON; none when the text is something else.
///
/// `parameters` are the values to take instead of the parameters' defaults. Pseudo parameters can be given
/// too: with `AWS::Region` and `AWS::AccountId` the resources know where they are.
pub fn read_template(file: &Arc<str>, text: &str, parameters: &BTreeMap<String, String>) -> Option<Template> {
    read_template_text(Text::whole(file, text), parameters)
}

/// Reads a template that is part of a file, as an example in a page is; see [`read_template`].
pub fn read_template_text(text: Text<'_>, parameters: &BTreeMap<String, String>) -> Option<Template> {
    if !["Resources", "AWSTemplateFormatVersion"].iter().any(|word| text.text.contains(word)) {
        return None;
    }
    let read = read_documents(text);
    let mut template = Template::default();
    let mut is_any = false;
    for document in read.documents.iter().filter(|document| is_template(document)) {
        is_any = true;
        read_document(document, &read.keys, text.file, parameters, &mut template);
    }
    let is_meant = || text.text.contains("AWSTemplateFormatVersion") || text.text.contains("AWS::");
    if !is_any && (read.diagnostics.is_empty() || !is_meant()) {
        return None;
    }
    template.diagnostics.splice(0..0, read.diagnostics);
    Some(template)
}

/// JSON begins with a brace; but so may YAML, so that JSON with an error in it gets a second chance.
fn read_documents(text: Text<'_>) -> Documents {
    let is_json = text.file.to_ascii_lowercase().ends_with(".json");
    if is_json || text.text.trim_start().starts_with('{') {
        let read = read_json(text);
        if is_json || !read.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
            return read;
        }
        let yaml = tag::read(text);
        return if yaml.diagnostics.is_empty() { yaml } else { read };
    }
    tag::read(text)
}

fn read_document(
    document: &Node,
    keys: &Keys,
    file: &Arc<str>,
    parameters: &BTreeMap<String, String>,
    template: &mut Template,
) {
    let mut evaluator = Evaluator::new(document, parameters);
    match document.get("Resources") {
        Some(Node { value: Value::Map(resources), .. }) => {
            let resources = evaluator.expand_loops(resources);
            for (what, origin) in &resources.unlisted {
                let diagnostic = Diagnostic::error(format!("the resources of `{what}` could not be listed"));
                evaluator.report(diagnostic.help("scan the processed template to see them"), Some(origin));
            }
            evaluator.declare(resources.map.entries.keys());
            let globals = globals::Globals::of(document);
            for (name, body) in &resources.map.entries {
                let body = globals.applied(body);
                let resource = read_resource(&mut evaluator, file, name, &body, keys);
                template.resources.push(resource);
            }
        }
        Some(other) if matches!(other.value, Value::Unknown(_)) => {}
        Some(other) => evaluator.report(
            Diagnostic::error("`Resources` is not a map").help("give each resource a name of its own"),
            Some(&other.origin),
        ),
        None if matches!(&document.value, Value::Map(map) if map.more.is_some()) => {}
        None => evaluator.report(
            Diagnostic::warning("this template has no `Resources`")
                .help("a template needs at least one resource"),
            Some(&document.origin),
        ),
    }
    template.diagnostics.append(&mut evaluator.diagnostics());
}

fn read_resource(
    evaluator: &mut Evaluator<'_>,
    file: &Arc<str>,
    name: &Arc<str>,
    body: &Node,
    keys: &Keys,
) -> RawResource {
    let origin = keys.of(body).map_or_else(|| body.origin.clone(), Origin::File);
    let Value::Map(entries) = &body.value else {
        evaluator.report(
            Diagnostic::error(format!("the resource `{name}` is not a map"))
                .help("give it a `Type` and `Properties`"),
            Some(&origin),
        );
        return raw_resource(evaluator, file, name, NO_TYPE, Existence::Yes, nothing_known(body), origin);
    };
    let source_type = entries.entries.get("Type").and_then(Node::text);
    if source_type.is_none() && entries.more.is_none() {
        evaluator.report(
            Diagnostic::error(format!("the resource `{name}` has no `Type`"))
                .help("say what it is, as in `Type: AWS::S3::Bucket`"),
            Some(&origin),
        );
    }
    let existence = existence(evaluator, entries, &origin);
    let raw = evaluator.evaluate_body(entries, &body.origin);
    let source_type = source_type.unwrap_or(NO_TYPE);
    raw_resource(evaluator, file, name, source_type, existence, raw, origin)
}

fn raw_resource(
    evaluator: &Evaluator<'_>,
    file: &Arc<str>,
    name: &Arc<str>,
    source_type: &str,
    existence: Existence,
    raw: Node,
    origin: Origin,
) -> RawResource {
    RawResource {
        source: Source::Cloudformation,
        source_type: source_type.into(),
        address: Address { root: file.clone(), name: name.clone() },
        existence,
        raw,
        account: evaluator.given("AWS::AccountId").and_then(|id| id.parse().ok()),
        region: evaluator.given("AWS::Region").and_then(|name| name.parse().ok()),
        origin,
    }
}

/// A map that may have anything in it, for a resource whose body can't be read.
fn nothing_known(body: &Node) -> Node {
    let more = match &body.value {
        Value::Unknown(unknown) => unknown.clone(),
        _ => Why::Unreadable("the resource is not a map".into()).into(),
    };
    let map = Map { more: Some(more), ..Map::default() };
    Node::new(Value::Map(map), body.origin.clone())
}

fn existence(evaluator: &mut Evaluator<'_>, body: &Map, origin: &Origin) -> Existence {
    let Some(node) = body.entries.get("Condition") else {
        return match &body.more {
            Some(more) => Existence::Unknown(more.clone(), origin.clone()),
            None => Existence::Yes,
        };
    };
    match evaluator.condition(node) {
        condition::Truth::Yes => Existence::Yes,
        condition::Truth::No => Existence::No(node.origin.clone()),
        condition::Truth::Unknown(unknown) => Existence::Unknown(unknown, node.origin.clone()),
    }
}
