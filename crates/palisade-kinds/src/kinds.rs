//! The set of all kinds, found by their own name or by a source's.

use crate::grammar::{AttributeRule, Kind, SourcePath};
use indexmap::IndexMap;
use palisade_model::{Diagnostic, Resource, ResourceType, Source};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// All kinds, in the order they were given.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    kinds: IndexMap<ResourceType, Kind>,
    terraform: HashMap<Arc<str>, ResourceType>,
    cloudformation: HashMap<Arc<str>, ResourceType>,
    /// The types that give attributes to resources of another.
    parts: HashSet<(Source, Arc<str>)>,
}

impl Kinds {
    /// Gathers kinds. Where two claim the same type, the first keeps it and a diagnostic says so.
    pub fn new(kinds: Vec<Kind>) -> (Self, Vec<Diagnostic>) {
        let mut all = Self::default();
        let mut diagnostics = Vec::new();
        for kind in kinds {
            if let Some(first) = all.kinds.get(&kind.kind) {
                let message = format!("`{}` is described twice", kind.kind);
                diagnostics.push(twice(message, &kind, first));
                continue;
            }
            for (types, of) in
                [(&kind.terraform, &mut all.terraform), (&kind.cloudformation, &mut all.cloudformation)]
            {
                for name in types {
                    match of.get(name).and_then(|owner| all.kinds.get(owner)) {
                        Some(first) => {
                            let message = format!("`{name}` is of this kind and of `{}`", first.kind);
                            diagnostics.push(twice(message, &kind, first));
                        }
                        None => {
                            of.insert(name.clone(), kind.kind.clone());
                        }
                    }
                }
            }
            kind.attributes.values().for_each(|rule| all.add_parts(rule));
            all.kinds.insert(kind.kind.clone(), kind);
        }
        (all, diagnostics)
    }

    fn add_parts(&mut self, rule: &AttributeRule) {
        // What a resource names says something of more than that resource.
        let is_part = |path: &&SourcePath| path.join.as_ref().is_some_and(|join| join.named_by.is_empty());
        for source in [Source::Terraform, Source::Cloudformation] {
            for path in rule.every_path(source).filter(is_part) {
                self.parts.extend(path.types.iter().map(|name| (source, name.clone())));
            }
        }
    }

    /// Does this resource stand in for one that is not declared, of which only parts are?
    pub fn stands_in(&self, resource: &Resource) -> bool {
        let declared = &resource.declared;
        let own = self.of_source_type(declared.source, &declared.source_type).map(|kind| &kind.kind);
        resource.kind.is_some()
            && resource.kind.as_ref() != own
            && self.is_part(declared.source, &declared.source_type)
    }

    /// Do resources that a source calls by this type say something of resources of a kind?
    pub fn is_part(&self, source: Source, name: &str) -> bool {
        self.parts.contains(&(source, name.into()))
    }

    /// The kind of this name.
    pub fn get(&self, kind: &ResourceType) -> Option<&Kind> {
        self.kinds.get(kind)
    }

    /// All kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// The kind of a resource that a source calls by this type.
    pub fn of_source_type(&self, source: Source, name: &str) -> Option<&Kind> {
        let kind = match source {
            Source::Terraform => self.terraform.get(name)?,
            Source::Cloudformation | Source::Live => self.cloudformation.get(name)?,
        };
        self.kinds.get(kind)
    }

    /// The kind whose resources an account check sees under this name, as `trails`.
    pub fn of_collection(&self, name: &str) -> Option<&Kind> {
        self.iter().find(|kind| kind.collection.as_deref() == Some(name))
    }
}

fn twice(message: String, kind: &Kind, first: &Kind) -> Diagnostic {
    Diagnostic::error(message).at(kind.span.clone()).help(format!("the first is at {}", first.span))
}
