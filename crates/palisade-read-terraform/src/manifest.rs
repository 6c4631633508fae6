//! `.terraform/modules/modules.json`: where `terraform init` put the modules it downloaded.

use crate::scope::joined;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// Where the list lies, seen from the root.
pub(crate) const PATH: &str = ".terraform/modules/modules.json";

/// The downloaded modules, by the path of the calls that lead to them: `vpc`, `a.b`.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    modules: HashMap<String, Downloaded>,
}

#[derive(Debug)]
struct Downloaded {
    source: String,
    directory: String,
}

impl Manifest {
    /// Reads the list; one that can't be read lists nothing.
    pub fn read(bytes: &[u8]) -> Self {
        let json: Json = serde_json::from_slice(bytes).unwrap_or_default();
        let entries = json.get("Modules").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |entry: &Json, name: &str| entry.get(name).and_then(Json::as_str).map(str::to_owned);
        let modules = entries
            .iter()
            .filter_map(|entry| {
                let downloaded =
                    Downloaded { source: text(entry, "Source")?, directory: text(entry, "Dir")? };
                Some((text(entry, "Key")?, downloaded))
            })
            .collect();
        Self { modules }
    }

    /// The directory, seen from the root, of the module that a call names, when it is this source that was downloaded.
    pub fn directory(&self, calls: &str, source: &str) -> Option<Arc<str>> {
        let downloaded = self.modules.get(calls).filter(|module| is_same(&module.source, source))?;
        let directory = downloaded.directory.replace('\\', "/");
        Some(joined(".", &directory)).filter(|_| !directory.starts_with('/'))
    }
}

/// Terraform writes `hashicorp/consul/aws` as `registry.terraform.io/hashicorp/consul/aws`, and `github.com/a/b`
/// as `git::https://github.com/a/b.git`.
fn is_same(downloaded: &str, written: &str) -> bool {
    let (downloaded, one) = place_and_query(downloaded);
    let (written, other) = place_and_query(written);
    let is_end =
        downloaded.strip_suffix(&written).is_some_and(|start| start.is_empty() || start.ends_with('/'));
    one == other && is_end
}

/// Where a module comes from without the way to get there, and what is asked for there: `ref=v1`.
fn place_and_query(source: &str) -> (String, String) {
    let (place, query) = source.split_once('?').unwrap_or((source, ""));
    let place = place.rsplit_once("::").map_or(place, |(_, place)| place);
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let place = place.strip_prefix("git@").unwrap_or(place).replace(':', "/");
    // What follows `//` is a folder of what is downloaded.
    let (place, folder) = place.split_once("//").unwrap_or((&place, ""));
    let place = place.trim_end_matches('/');
    let place = place.strip_suffix(".git").unwrap_or(place);
    (format!("{place}//{folder}"), query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_the_same_in_their_long_and_short_forms() {
        for (downloaded, written, expected) in [
            ("registry.terraform.io/a/vpc/aws", "a/vpc/aws", true),
            ("registry.terraform.io/a/vpc/aws", "b/vpc/aws", false),
            ("registry.terraform.io/a/vpc/aws", "c/aws", false),
            ("registry.terraform.io/a/iam/aws//modules/role", "a/iam/aws//modules/role", true),
            ("registry.terraform.io/a/iam/aws//modules/role", "a/iam/aws", false),
            ("git::https://github.com/a/b.git", "github.com/a/b", true),
            ("git::ssh://git@github.com/a/b.git?ref=v1", "git@github.com:a/b.git?ref=v1", true),
            ("git::https://example.com/b.git?ref=v1", "git::https://example.com/b.git?ref=v2", false),
            ("git::https://example.com/b.git//x?ref=v1", "git::https://example.com/b.git//x?ref=v1", true),
        ] {
            assert_eq!(is_same(downloaded, written), expected, "{downloaded} {written}");
        }
    }

    #[test]
    fn a_module_lies_below_the_root() {
        let list = br#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a.b","Source":"x/y/z","Dir":".terraform/modules/a.b"},{"Key":"c","Source":"x/y/z","Dir":"/etc"}]}"#;
        let manifest = Manifest::read(list);
        assert_eq!(manifest.directory("a.b", "x/y/z").as_deref(), Some(".terraform/modules/a.b"));
        assert_eq!(manifest.directory("c", "x/y/z"), None);
        assert_eq!(manifest.directory("d", "x/y/z"), None);
        assert!(Manifest::read(b"no json").modules.is_empty());
    }
}
