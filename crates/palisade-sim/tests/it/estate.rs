//! The organisation's estate and its Terraform say the same.

use palisade_assess::{GatherOptions, gather_files, resolve};
use palisade_content::{Library, load, shipped};
use palisade_model::{Attribute, Meaning, Node, Resource};
use palisade_sim::{Organisation, Size};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn library() -> Library {
    load(&shipped()).0
}

fn from_terraform(organisation: &Organisation, library: &Library) -> Vec<Resource> {
    let files: Vec<(Arc<str>, Arc<str>)> = (organisation.terraform().into_iter())
        .map(|(path, text)| (path.as_str().into(), text.as_str().into()))
        .collect();
    let gathered = gather_files(&files, &GatherOptions::default());
    assert_eq!(gathered.diagnostics, []);
    resolve(gathered.resources, library.kinds())
}

/// What the API never says and a configuration does.
const OF_ONE_SOURCE: [&str; 3] = ["acl", "bypass_policy_lockout_safety_check", "deletion_window_in_days"];

/// The value that is known or follows from absence; none where it can't be told.
fn told(attribute: &Attribute) -> Option<Json> {
    match attribute {
        Attribute::Known(node) => known(node),
        Attribute::Absent(Meaning::Default(node), _) => known(node),
        Attribute::Absent(Meaning::Nothing, _) => Some(Json::Null),
        Attribute::Unknown(..) => None,
    }
}

fn known(node: &Node) -> Option<Json> {
    (!node.has_unknown()).then(|| node.value.to_json())
}

/// Terraform makes a rule of each range, the API gives all ranges of a port in one.
fn by_range(rules: &Json) -> BTreeSet<String> {
    let rules = rules.as_array().into_iter().flatten();
    let of = |rule: &Json| {
        let ranges = rule["cidrs"].as_array().cloned().unwrap_or_default();
        let ports =
            format!("{} {}-{} {}", rule["protocol"], rule["from_port"], rule["to_port"], rule["description"]);
        ranges.into_iter().map(move |range| format!("{ports} {range}")).collect::<Vec<_>>()
    };
    rules.flat_map(of).collect()
}

#[test]
fn the_terraform_of_sixteen_accounts_says_what_their_estate_says() {
    let library = library();
    let organisation = Organisation::new(Size { seed: 3, accounts: 16 });
    let estate = organisation.estate(library.kinds());
    let key = |resource: &Resource, name: &str| {
        (resource.declared.account, resource.kind.clone().map(|kind| kind.to_string()), name.to_owned())
    };
    let name = |resource: &Resource| -> Option<String> {
        let attribute = resource.attributes.get("name").or(resource.attributes.get("aliases"))?;
        match told(attribute)? {
            Json::String(name) => Some(name),
            Json::Array(names) => names.first()?.as_str().map(str::to_owned),
            _ => None,
        }
    };
    let mut live: BTreeMap<_, Vec<&Resource>> = BTreeMap::new();
    for resource in &estate.resources {
        if let Some(name) = name(resource) {
            live.entry(key(resource, &name)).or_default().push(resource);
        }
    }
    let (mut compared, mut matched, mut nameless) = (0, 0, BTreeMap::<String, u32>::new());
    let (mut differ, mut missing): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for declared in from_terraform(&organisation, &library) {
        let Some(kind) = declared.kind.clone().filter(|_| !library.kinds().stands_in(&declared)) else {
            continue;
        };
        let Some(name) = name(&declared) else {
            *nameless.entry(kind.to_string()).or_default() += 1;
            continue;
        };
        let key = key(&declared, &name);
        // Several roles have an inline policy of the same name: one of them is like it.
        let candidates = live.get(&key).cloned().unwrap_or_default();
        let differences = candidates.iter().map(|other| {
            let mut differences = Vec::new();
            let mut equal = 0;
            let attributes = declared.attributes.iter();
            for (attribute, value) in attributes.filter(|(name, _)| !OF_ONE_SOURCE.contains(&name.as_ref())) {
                let (Some(ours), Some(theirs)) =
                    (told(value), other.attributes.get(attribute).and_then(told))
                else {
                    continue;
                };
                let is_same = match attribute.as_ref() {
                    "ingress" => by_range(&ours) == by_range(&theirs),
                    _ => ours == theirs,
                };
                match is_same {
                    true => equal += 1,
                    false => differences
                        .push(format!("{} {attribute}: {ours} and not {theirs}", declared.address())),
                }
            }
            (differences, equal)
        });
        match differences.min_by_key(|(differences, _)| differences.len()) {
            None => missing.push(format!("{} {kind} {name}", declared.address())),
            Some((differences, equal)) => {
                differ.extend(differences);
                compared += equal;
                matched += 1;
            }
        }
    }
    assert_eq!((missing, differ), (Vec::<String>::new(), Vec::new()));
    assert!(matched > 90 && compared > 900, "{matched} resources, {compared} attributes");
    // Disks and machines have no name of their own.
    let only: Vec<&str> = nameless.keys().map(String::as_str).collect();
    assert!(
        only.iter().all(|kind| ["AWS::EC2::Volume", "AWS::EC2::Instance"].contains(kind)),
        "{nameless:?}"
    );
}
