//! Resources as their API describes them, written down by hand: examples of pages in the language `live`.
//!
//! ```yaml
//! AWS::EC2::Snapshot:                   # a kind, and the document that its calls bring together
//!   SnapshotId: snap-0f5a1c
//!   Encrypted: false
//!   Permissions: !denied ec2:DescribeSnapshotAttribute
//! ```

use crate::estate_text::denied;
use palisade_document::{Text, read_yaml};
use palisade_model::{Address, Diagnostic, Existence, Node, RawResource, Source, Value};
use std::sync::Arc;

/// The resources that a text describes: of each type one, or a list.
pub(crate) fn read_live(text: Text<'_>) -> (Vec<RawResource>, Vec<Diagnostic>) {
    let read = read_yaml(text, &denied);
    let mut diagnostics = read.diagnostics;
    let mut resources = Vec::new();
    for document in &read.documents {
        let Value::Map(types) = &document.value else {
            diagnostics.push(wrong(document, "a map of types is expected"));
            continue;
        };
        for (name, node) in &types.entries {
            let several = match &node.value {
                Value::List(list) => list.items.iter().collect(),
                _ => vec![node],
            };
            for (index, node) in several.into_iter().enumerate() {
                match &node.value {
                    Value::Map(_) => resources.push(resource(name, index, node)),
                    _ => diagnostics.push(wrong(node, "a resource is a map, as its API gives it")),
                }
            }
        }
    }
    (resources, diagnostics)
}

fn resource(kind: &Arc<str>, index: usize, node: &Node) -> RawResource {
    RawResource {
        source: Source::Live,
        source_type: kind.clone(),
        address: Address { root: "".into(), name: format!("{kind} {}", index + 1).into() },
        existence: Existence::Yes,
        raw: node.clone(),
        account: None,
        region: None,
        origin: node.origin.clone(),
    }
}

fn wrong(node: &Node, message: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(message).help("as in `AWS::EC2::Volume: { VolumeId: vol-1 }`");
    match node.origin.span() {
        Some(span) => diagnostic.at(span.clone()),
        None => diagnostic,
    }
}
