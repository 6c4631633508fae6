//! Reads what `terraform show -json` prints: plans, and states. States as they are stored: see [`crate::state`].
//!
//! Source: "JSON output format", Terraform's documentation of its internals.

use crate::Configuration;
use palisade_document::Text;
use palisade_model::{
    Address, Diagnostic, Existence, Hint, List, Map, Node, Origin, Position, RawResource, Reference, Region,
    Shape, Source, Span, Unknown, Value, Why,
};
use std::collections::HashMap;
use std::sync::Arc;

/// How far a reference is followed through variables and outputs of modules.
const FARTHEST: usize = 24;

/// Is this a plan or state as `terraform show -json` prints it, or a state as Terraform stores it?
pub fn is_plan(node: &Node) -> bool {
    (node.get("format_version").is_some() && root_module(node).is_some())
        || crate::state::version(node).is_some()
}

fn root_module(document: &Node) -> Option<&Node> {
    document.get("planned_values").or_else(|| document.get("values"))?.get("root_module")
}

/// Reads a plan: the resources as they will be, what is known after apply unknown, deleted ones left out.
/// Or a state, as it is shown or as it is stored: the resources as they were seen last.
pub fn read_plan(file: &Arc<str>, text: &str) -> Configuration {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = palisade_document::read_json(Text { file, text, start: Position { line: 1, column: 1 } });
    let mut configuration = Configuration { diagnostics: read.diagnostics, ..Configuration::default() };
    let Some(document) = read.documents.into_iter().next() else {
        return configuration;
    };
    match crate::state::version(&document) {
        Some(4) => {
            configuration.resources = crate::state::read(file, &document, &mut configuration.diagnostics);
            return configuration;
        }
        Some(version) => {
            let mut diagnostic =
                Diagnostic::error(format!("a state of version {version} is not read, only of version 4"))
                    .help("let Terraform print it: `terraform show -json > state.json`");
            diagnostic.span = document.origin.span().cloned();
            configuration.diagnostics.push(diagnostic);
            return configuration;
        }
        None => {}
    }
    let Some(root) = root_module(&document) else {
        let mut diagnostic = Diagnostic::error("this is neither a plan nor a state")
            .help("write one with `terraform plan -out plan && terraform show -json plan > plan.json`");
        diagnostic.span = document.origin.span().cloned();
        configuration.diagnostics.push(diagnostic);
        return configuration;
    };
    let mut reader = Reader {
        file,
        document: &document,
        unknown: unknown_parts(&document),
        resources: Vec::new(),
        diagnostics: Vec::new(),
    };
    let module = document.get("configuration").and_then(|configuration| configuration.get("root_module"));
    reader.module(root, "", &[Level { name: "", module }]);
    configuration.resources = reader.resources;
    configuration.diagnostics.append(&mut reader.diagnostics);
    configuration
}

/// For each address, what of it is known only after apply.
fn unknown_parts(document: &Node) -> HashMap<&str, &Node> {
    items(document.get("resource_changes"))
        .filter_map(|change| {
            let address = change.get("address")?.text()?;
            Some((address, change.get("change")?.get("after_unknown")?))
        })
        .collect()
}

pub(crate) fn items(list: Option<&Node>) -> impl Iterator<Item = &Node> {
    let items = match list.map(|list| &list.value) {
        Some(Value::List(list)) => list.items.as_slice(),
        _ => &[],
    };
    items.iter()
}

struct Reader<'a> {
    file: &'a Arc<str>,
    document: &'a Node,
    unknown: HashMap<&'a str, &'a Node>,
    resources: Vec<RawResource>,
    diagnostics: Vec<Diagnostic>,
}

/// A module on the way from the root: the segment of the address, and its configuration.
#[derive(Clone, Copy)]
struct Level<'a> {
    /// As in `module.a[0].`; empty for the root.
    name: &'a str,
    module: Option<&'a Node>,
}

impl<'a> Reader<'a> {
    fn module(&mut self, planned: &'a Node, prefix: &str, levels: &[Level<'a>]) {
        let module = levels.last().and_then(|level| level.module);
        let declared = declared(module);
        for resource in items(planned.get("resources")) {
            self.resource(resource, prefix, levels, &declared);
        }
        for child in items(planned.get("child_modules")) {
            let address = child.get("address").and_then(Node::text).unwrap_or_default();
            let name = address.strip_prefix(prefix).unwrap_or(address);
            let called = name.strip_prefix("module.").unwrap_or(name);
            let called = called.split(['[', '.']).next().unwrap_or_default();
            let module = module.and_then(|module| module.get("module_calls")?.get(called)?.get("module"));
            let mut inner = levels.to_vec();
            inner.push(Level { name, module });
            self.module(child, &format!("{address}."), &inner);
        }
    }

    fn resource(&mut self, resource: &'a Node, prefix: &str, levels: &[Level<'a>], declared: &Declared<'a>) {
        let text = |name: &str| resource.get(name).and_then(Node::text);
        if text("mode") == Some("data") {
            return;
        }
        let (Some(kind), Some(name)) = (text("type"), text("name")) else {
            let mut diagnostic = Diagnostic::error("a resource without `type` and `name`");
            diagnostic.span = resource.origin.span().cloned();
            return self.diagnostics.push(diagnostic);
        };
        let address = text("address").map_or_else(|| format!("{prefix}{kind}.{name}"), str::to_owned);
        let declared = declared.get(&(kind, name)).copied();
        let raw = match resource.get("values") {
            Some(values) => {
                let unknown = self.unknown.get(address.as_str()).copied();
                let merger = Merger { address: &address, levels };
                let expressions = declared.and_then(|declared| declared.get("expressions"));
                let mut raw =
                    merger.merge(Some(values), unknown, expressions, &mut Vec::new(), &values.origin);
                raw.origin = values.origin.clone();
                raw
            }
            None => {
                Node::unknown(Why::Unreadable("the resource has no values".into()), resource.origin.clone())
            }
        };
        let region = self.region(&raw, declared, kind);
        self.resources.push(RawResource {
            source: Source::Terraform,
            source_type: kind.into(),
            address: Address { root: self.file.clone(), name: address.into() },
            existence: Existence::Yes,
            raw,
            account: None,
            region,
            origin: first_character(&resource.origin),
        });
    }

    /// The region that the resource names itself, or its provider's.
    fn region(&self, raw: &Node, declared: Option<&Node>, kind: &str) -> Option<Region> {
        if let Some(region) = raw.get("region").and_then(Node::text) {
            return region.parse().ok();
        }
        let implied = kind.split('_').next().unwrap_or_default();
        let key =
            declared.and_then(|declared| declared.get("provider_config_key")?.text()).unwrap_or(implied);
        let providers = self.document.get("configuration")?.get("provider_config")?;
        let region = providers.get(key)?.get("expressions")?.get("region")?;
        if let Some(constant) = region.get("constant_value").and_then(Node::text) {
            return constant.parse().ok();
        }
        let variable = items(region.get("references")).find_map(Node::text)?.strip_prefix("var.")?;
        let value = self.document.get("variables")?.get(variable)?.get("value")?;
        value.text()?.parse().ok()
    }
}

/// The resource blocks of a module's configuration, by type and name.
type Declared<'a> = HashMap<(&'a str, &'a str), &'a Node>;

fn declared(module: Option<&Node>) -> Declared<'_> {
    items(module.and_then(|module| module.get("resources")))
        .filter_map(|resource| {
            let text = |name: &str| resource.get(name).and_then(Node::text);
            (text("mode") != Some("data")).then_some(((text("type")?, text("name")?), resource))
        })
        .collect()
}

/// Puts what is unknown into the values of one resource.
struct Merger<'a, 'l> {
    address: &'l str,
    levels: &'l [Level<'a>],
}

impl Merger<'_, '_> {
    fn merge(
        &self,
        planned: Option<&Node>,
        unknown: Option<&Node>,
        expression: Option<&Node>,
        path: &mut Vec<String>,
        around: &Origin,
    ) -> Node {
        let origin = planned.map_or(around, |planned| &planned.origin);
        let value = match (unknown.map(|unknown| &unknown.value), planned.map(|planned| &planned.value)) {
            (Some(Value::Bool(true)), _) => self.later(expression, path),
            (Some(Value::Map(parts)), Some(Value::Null) | None) => {
                self.map(&Map::default(), parts, expression, path, origin)
            }
            (Some(Value::Map(parts)), Some(Value::Map(map))) => {
                self.map(map, parts, expression, path, origin)
            }
            (Some(Value::List(parts)), Some(Value::Null) | None) => {
                self.list(&List::default(), parts, expression, path, origin)
            }
            (Some(Value::List(parts)), Some(Value::List(list))) => {
                self.list(list, parts, expression, path, origin)
            }
            (_, Some(value)) => value.clone(),
            (_, None) => Value::Null,
        };
        Node::new(value, origin.clone())
    }

    fn map(
        &self,
        map: &Map,
        parts: &Map,
        expression: Option<&Node>,
        path: &mut Vec<String>,
        origin: &Origin,
    ) -> Value {
        let mut merged = map.clone();
        for (name, part) in &parts.entries {
            if !has_true(part) {
                continue;
            }
            path.push(name.to_string());
            let inner = expression.and_then(|expression| expression.get(name));
            let node = self.merge(map.entries.get(name), Some(part), inner, path, origin);
            path.pop();
            merged.entries.insert(name.clone(), node);
        }
        Value::Map(merged)
    }

    fn list(
        &self,
        list: &List,
        parts: &List,
        expression: Option<&Node>,
        path: &mut Vec<String>,
        origin: &Origin,
    ) -> Value {
        let mut merged = list.clone();
        for (at, part) in parts.items.iter().enumerate() {
            if !has_true(part) {
                continue;
            }
            // Blocks have an expression each; the items of one argument share its expression.
            let inner = expression.map(|expression| match &expression.value {
                Value::List(expressions) => expressions.items.get(at).unwrap_or(expression),
                _ => expression,
            });
            let node = self.merge(list.items.get(at), Some(part), inner, path, origin);
            match merged.items.get_mut(at) {
                Some(place) => *place = node,
                None => merged.items.push(node),
            }
        }
        Value::List(merged)
    }

    /// Known after apply. Set for certain when the configuration sets it to another resource's attribute; an
    /// attribute that the provider computes may turn out to be empty.
    fn later(&self, expression: Option<&Node>, path: &[String]) -> Value {
        let name = path.last().map(String::as_str).unwrap_or_default();
        let full = format!("{}.{}", self.address, path.join("."));
        let refers_to: Vec<Reference> = expression
            .and_then(|expression| reference(expression, self.levels, FARTHEST))
            .into_iter()
            .collect();
        let is_own_id = path.len() == 1 && matches!(name, "id" | "arn");
        let refers_to_text = refers_to
            .iter()
            .any(|reference| reference.attribute.as_deref().is_some_and(crate::reference::is_text));
        Value::Unknown(Unknown {
            why: Why::AfterApply(full.into()),
            hint: Hint {
                is_present: is_own_id || !refers_to.is_empty(),
                shape: (is_own_id || refers_to_text).then_some(Shape::Text),
                refers_to,
                ..Hint::default()
            },
        })
    }
}

fn has_true(node: &Node) -> bool {
    match &node.value {
        Value::Bool(bool) => *bool,
        Value::List(list) => list.items.iter().any(has_true),
        Value::Map(map) => map.entries.values().any(has_true),
        _ => false,
    }
}

/// The one resource that an expression refers to, followed through variables and outputs of modules.
fn reference(expression: &Node, levels: &[Level<'_>], farthest: usize) -> Option<Reference> {
    if farthest == 0 {
        return None;
    }
    let mut only: Option<&str> = None;
    for name in items(expression.get("references")).filter_map(Node::text) {
        if ["each.", "count.", "path.", "terraform."].iter().any(|start| name.starts_with(start)) {
            continue;
        }
        match only {
            // The longest comes first, what it begins with after it.
            Some(longest) if longest.starts_with(name) => {}
            Some(_) => return None,
            None => only = Some(name),
        }
    }
    let (level, outer) = levels.split_last()?;
    let parts: Vec<&str> = split_address(only?);
    match parts.as_slice() {
        ["var", variable, ..] => {
            let caller = outer.last()?.module?;
            let called = level.name.strip_prefix("module.")?;
            let called = called.split(['[', '.']).next()?;
            let argument = caller.get("module_calls")?.get(called)?.get("expressions")?.get(variable)?;
            reference(argument, outer, farthest - 1)
        }
        ["module", call, output, ..] => {
            let (called, _) = call.split_once('[').unwrap_or((call, ""));
            let module = level.module?.get("module_calls")?.get(called)?.get("module")?;
            let value = module.get("outputs")?.get(output)?.get("expression")?;
            let name = format!("module.{call}");
            let mut inner = levels.to_vec();
            inner.push(Level { name: &name, module: Some(module) });
            reference(value, &inner, farthest - 1)
        }
        ["local" | "data" | "each" | "count" | "self" | "path" | "terraform", ..] => None,
        [kind, name, rest @ ..] => {
            let prefix: String = levels
                .iter()
                .filter(|level| !level.name.is_empty())
                .map(|level| format!("{}.", level.name.trim_end_matches('.')))
                .collect();
            Some(Reference {
                address: format!("{prefix}{kind}.{name}").into(),
                attribute: rest
                    .first()
                    .map(|attribute| attribute.split('[').next().unwrap_or_default().into()),
            })
        }
        _ => None,
    }
}

/// `a.b["c.d"].e` has three parts.
fn split_address(address: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, character) in address.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                parts.push(&address[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&address[start..]);
    parts
}

/// An object's place without its body.
pub(crate) fn first_character(origin: &Origin) -> Origin {
    match origin {
        Origin::File(span) => Origin::File(Span {
            end: Position { column: span.start.column.saturating_add(1), ..span.start },
            ..span.clone()
        }),
        other => other.clone(),
    }
}
