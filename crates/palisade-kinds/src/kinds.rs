//! The set of all kinds, found by their own name or by a source's.

use crate::grammar::Kind;
use indexmap::IndexMap;
use palisade_model::{Diagnostic, ResourceType, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// All kinds, in the order they were given.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    kinds: IndexMap<ResourceType, Kind>,
    terraform: HashMap<Arc<str>, ResourceType>,
    cloudformation: HashMap<Arc<str>, ResourceType>,
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
            for (types, of) in [
                (&kind.terraform, &mut all.terraform),
                (&kind.cloudformation, &mut all.cloudformation),
            ] {
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
            all.kinds.insert(kind.kind.clone(), kind);
        }
        (all, diagnostics)
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
    Diagnostic::error(message)
        .at(kind.span.clone())
        .help(format!("the first is at {}", first.span))
}
