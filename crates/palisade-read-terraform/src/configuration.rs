//! From files to resources: reads a root, follows its modules, and writes down every resource block.

use crate::convert::text_of;
use crate::evaluate::{Environment, spelled};
use crate::module::{Module, Resource, file_name, variables};
use crate::scope::{Children, Given, Instance, Instances, Scope, World, both, provider_name};
use crate::source::Source;
use crate::value::{Kind, Value};
use crate::{Configuration, File, ModuleSource, Options};
use palisade_model::{
    AccountId, Address, Diagnostic, Existence, Map, Node, Origin, RawResource, Region, Shape, Source as Sort,
    Unknown, Why,
};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Beyond this many resources of one root, blocks are no longer expanded into their instances.
const MOST_RESOURCES: usize = 20_000;

/// Reads one root.
pub(crate) fn read(
    root: &Arc<str>,
    files: &[File],
    options: &Options,
    modules: &dyn ModuleSource,
) -> Configuration {
    let world = World::new(modules, root);
    let mut diagnostics = Vec::new();
    let module = Module::read(files, &mut diagnostics);
    let given = given(files, options, &mut diagnostics);
    for diagnostic in diagnostics {
        world.report(diagnostic);
    }
    let scope = world.root(module, given);
    let mut writer = Writer { world: &world, root, resources: Vec::new(), calls: BTreeMap::new() };
    writer.scope(&scope);
    let Writer { resources, calls, .. } = writer;
    drop(scope);
    let (diagnostics, modules_used) = world.finish();
    Configuration { resources, diagnostics, modules_used, calls }
}

/// The root variables' values from outside: what comes later counts.
fn given(files: &[File], options: &Options, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<Arc<str>, Given> {
    let mut found: BTreeMap<Arc<str>, Given> = BTreeMap::new();
    let mut add = |source: Source, diagnostics: &mut Vec<Diagnostic>| {
        let is_json = source.file.ends_with(".json");
        for (name, value) in variables(source, is_json, diagnostics) {
            found.insert(name, Given::Expression(value));
        }
    };
    let mut automatic: Vec<(bool, &str, &File)> = files
        .iter()
        .filter_map(|file| {
            let name = file_name(&file.path);
            let is_first = matches!(name, "terraform.tfvars" | "terraform.tfvars.json");
            let is_automatic = name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json");
            (is_first || is_automatic).then_some((!is_first, name, file))
        })
        .collect();
    automatic.sort_by(|left, right| (left.0, left.1).cmp(&(right.0, right.1)));
    for (_, _, file) in automatic {
        let (source, mut wrong) = Source::decode(&file.path, &file.bytes);
        diagnostics.append(&mut wrong);
        if let Some(source) = source {
            add(source, diagnostics);
        }
    }
    for (path, text) in &options.variable_files {
        let (source, mut wrong) = Source::decode(path, text.as_bytes());
        diagnostics.append(&mut wrong);
        if let Some(source) = source {
            add(source, diagnostics);
        }
    }
    for (name, text) in &options.variables {
        found.insert(name.as_str().into(), Given::Text(text.clone()));
    }
    found
}

struct Writer<'a, 'w> {
    world: &'w World<'w>,
    root: &'a Arc<str>,
    resources: Vec<RawResource>,
    calls: BTreeMap<Arc<str>, Origin>,
}

impl Writer<'_, '_> {
    /// Writes down the resources of a module and of those it calls.
    fn scope(&mut self, scope: &Rc<Scope>) {
        for (at, resource) in scope.module.resources.iter().enumerate() {
            if !resource.is_data {
                self.instances(scope, at, resource);
            }
        }
        for (at, call) in scope.module.calls.iter().enumerate() {
            if let Children::Scopes(children) = &*self.world.children(scope, at) {
                for (_, child) in children {
                    self.calls.insert(child.prefix.as_str().into(), call.header.origin());
                    self.scope(child);
                }
            }
        }
    }

    fn instances(&mut self, scope: &Rc<Scope>, at: usize, resource: &Resource) {
        let instances = self.world.resource_instances(scope, at, resource);
        let unexpanded = || Instance::Open(Arc::new(Why::NotEvaluated("count or for_each".into()).into()));
        match &*instances {
            Instances::One => self.write(scope, resource, "", Instance::Only, Existence::Yes),
            Instances::None(origin) => {
                self.write(scope, resource, "", unexpanded(), Existence::No(origin.clone()));
            }
            Instances::Open(unknown, origin) => {
                let existence = Existence::Unknown(unknown.as_ref().clone(), origin.clone());
                self.write(scope, resource, "", Instance::Open(unknown.clone()), existence);
            }
            Instances::Many(unknown) => {
                self.write(scope, resource, "", Instance::Open(unknown.clone()), Existence::Yes);
            }
            Instances::Keyed(keyed) if self.resources.len() + keyed.len() > MOST_RESOURCES => {
                self.write(scope, resource, "", unexpanded(), Existence::Yes);
            }
            Instances::Keyed(keyed) => {
                for (key, instance) in keyed {
                    self.write(scope, resource, &key.to_string(), instance.clone(), Existence::Yes);
                }
            }
        }
    }

    fn write(
        &mut self,
        scope: &Rc<Scope>,
        resource: &Resource,
        key: &str,
        instance: Instance,
        existence: Existence,
    ) {
        let origin = resource.header.origin();
        let mut environment = Environment::new(self.world, scope, instance);
        let raw = match &resource.body {
            Ok(body) => {
                let value = environment.body(body, &origin);
                self.world.charge(value.size());
                value.into_node()
            }
            Err(message) => Node::unknown(Why::Unreadable(message.clone()), origin.clone()),
        };
        let defaults = self.provider_setting(scope, resource, "default_tags.tags");
        let raw = match defaults {
            Some(defaults) => with_default_tags(raw, defaults.into_node()),
            None => raw,
        };
        let name = format!("{}{}.{}{key}", scope.prefix, resource.kind, resource.name);
        self.resources.push(RawResource {
            source: Sort::Terraform,
            source_type: resource.kind.clone(),
            address: Address { root: self.root.clone(), name: name.into() },
            existence: both(&scope.existence, existence),
            region: self.region(&mut environment, resource),
            account: self.account(scope, resource),
            raw,
            origin,
        });
    }

    /// The region a resource names itself, or its provider's.
    fn region(&self, environment: &mut Environment<'_>, resource: &Resource) -> Option<Region> {
        let own = resource
            .body
            .as_ref()
            .ok()
            .and_then(|body| body.attribute("region"))
            .map(|region| environment.value(region))
            .filter(|region| !region.is_null());
        let region = match own {
            Some(own) => own,
            None => self.provider_setting(&environment.scope, resource, "region")?,
        };
        text_of(&region)?.parse().ok()
    }

    /// The account, where its provider allows a single one.
    fn account(&self, scope: &Rc<Scope>, resource: &Resource) -> Option<AccountId> {
        let allowed = self.provider_setting(scope, resource, "allowed_account_ids")?;
        match &allowed.kind {
            Kind::List(list) => match (list.items.as_slice(), &list.more) {
                ([only], None) => text_of(only)?.parse().ok(),
                _ => None,
            },
            _ => None,
        }
    }

    fn provider_setting(&self, scope: &Rc<Scope>, resource: &Resource, setting: &str) -> Option<Value> {
        let spelled = resource
            .body
            .as_ref()
            .ok()
            .and_then(|body| body.attribute("provider"))
            .map(|provider| spelled(provider));
        let implied = resource.kind.split('_').next().unwrap_or_default();
        let (name, alias) = provider_name(spelled.as_deref().unwrap_or(implied));
        self.world.provider_setting(scope, name, alias, setting)
    }
}

/// The document with `tags_all`: the provider's default tags, and the resource's own over them.
fn with_default_tags(mut raw: Node, defaults: Node) -> Node {
    let palisade_model::Value::Map(body) = &mut raw.value else { return raw };
    let origin = defaults.origin.clone();
    let (mut all, own) = (tags(Some(defaults)), tags(body.entries.get("tags").cloned()));
    if let Some(more) = &own.more {
        // What may be set once more is there, but with which value?
        for node in all.entries.values_mut() {
            let unknown = Unknown::reference(more.why.clone(), Some(Shape::Text), Vec::new());
            node.value = palisade_model::Value::Unknown(unknown);
        }
    }
    all.entries.extend(own.entries);
    all.more = own.more.or(all.more);
    let all = Node::new(palisade_model::Value::Map(all), origin);
    body.entries.entry("tags_all".into()).or_insert(all);
    raw
}

fn tags(node: Option<Node>) -> Map {
    match node.map(|node| node.value) {
        Some(palisade_model::Value::Map(map)) => map,
        Some(palisade_model::Value::Unknown(unknown)) => Map { more: Some(unknown), ..Map::default() },
        _ => Map::default(),
    }
}
