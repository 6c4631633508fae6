//! Reads a state as Terraform stores it: `terraform.tfstate`, version 4.
//!
//! What stands in a state is what was there when Terraform looked last: everything in it is known.

use crate::plan::{first_character, items};
use crate::scope::Key;
use palisade_model::{Address, Diagnostic, Existence, Node, RawResource, Region, Source, Value, Why};
use std::sync::Arc;

/// The version of the format, when this is a state.
pub(crate) fn version(document: &Node) -> Option<u64> {
    document.get("lineage").or_else(|| document.get("terraform_version"))?;
    document.get("resources").or_else(|| document.get("modules"))?;
    match &document.get("version")?.value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// The resources of a state.
pub(crate) fn read(file: &Arc<str>, document: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<RawResource> {
    let mut resources = Vec::new();
    for resource in items(document.get("resources")) {
        let text = |name: &str| resource.get(name).and_then(Node::text);
        if text("mode") == Some("data") {
            continue;
        }
        let (Some(kind), Some(name)) = (text("type"), text("name")) else {
            let mut diagnostic = Diagnostic::error("a resource without `type` and `name`");
            diagnostic.span = resource.origin.span().cloned();
            diagnostics.push(diagnostic);
            continue;
        };
        let module = text("module").map(|module| format!("{module}.")).unwrap_or_default();
        for instance in items(resource.get("instances")) {
            let address = format!("{module}{kind}.{name}{}", key(instance));
            let raw = instance.get("attributes").cloned().unwrap_or_else(|| {
                let why = Why::Unreadable("the instance has no attributes".into());
                Node::unknown(why, instance.origin.clone())
            });
            resources.push(RawResource {
                source: Source::Terraform,
                source_type: kind.into(),
                address: Address { root: file.clone(), name: address.into() },
                existence: Existence::Yes,
                region: region(&raw),
                account: None,
                raw,
                origin: first_character(&instance.origin),
            });
        }
    }
    resources
}

/// What stands behind the name in the instance's address. One that is waiting to be deleted is still there.
fn key(instance: &Node) -> String {
    let key = match instance.get("index_key").map(|key| &key.value) {
        Some(Value::Number(index)) => format!("[{index}]"),
        Some(Value::Text(name)) => Key::Name(name.clone()).to_string(),
        _ => String::new(),
    };
    match instance.get("deposed").and_then(Node::text) {
        Some(deposed) => format!("{key} (deposed {deposed})"),
        None => key,
    }
}

/// The region that the attributes name, or the one in the resource's ARN.
fn region(raw: &Node) -> Option<Region> {
    if let Some(region) = raw.get("region").and_then(Node::text) {
        return region.parse().ok();
    }
    let arn = raw.get("arn").and_then(Node::text).filter(|arn| arn.starts_with("arn:"))?;
    arn.split(':').nth(3)?.parse().ok()
}
