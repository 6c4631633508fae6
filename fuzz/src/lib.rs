//! What several targets need: the kinds that ship, and a resource to try things on.

use palisade_content::{Library, load, shipped};
use palisade_kinds::resolve;
use palisade_model::{Address, Existence, Node, Origin, RawResource, Resource, Source, Value};
use std::sync::{Arc, LazyLock};

/// The pages that ship, read once.
static LIBRARY: LazyLock<Library> = LazyLock::new(|| load(&shipped()).0);

/// The pages that ship.
pub fn library() -> &'static Library {
    &LIBRARY
}

/// Names the attributes of what a reader found, as a scan does.
pub fn resolved(resources: Vec<RawResource>) -> Vec<Resource> {
    resolve(resources, LIBRARY.kinds())
}

/// A Terraform resource with these arguments.
pub fn terraform(
    source_type: &str,
    arguments: impl IntoIterator<Item = (&'static str, Value)>,
) -> RawResource {
    let origin = Origin::Documented("a fuzz target".into());
    let argument = |(name, value): (&'static str, Value)| (Arc::from(name), Node::new(value, origin.clone()));
    RawResource {
        source: Source::Terraform,
        source_type: source_type.into(),
        address: Address { root: ".".into(), name: format!("{source_type}.a").into() },
        existence: Existence::Yes,
        raw: Node::new(Value::map(arguments.into_iter().map(argument)), origin.clone()),
        account: None,
        region: None,
        origin: origin.clone(),
    }
}
