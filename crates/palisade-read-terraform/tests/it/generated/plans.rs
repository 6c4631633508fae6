//! Generated modules, each resource and its input beside what `terraform plan` says.

use super::modules::{Root, root};
use super::{contradiction, difference, seed, setting, terraform};
use crate::{at, files, read_with};
use palisade_model::Existence;
use palisade_read_terraform::{Configuration, Options};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;

/// What came of all modules.
#[derive(Default)]
struct Counts {
    /// The number of the next module.
    next: u64,
    /// How many are being compared at the moment.
    begun: u64,
    modules: u64,
    same: u64,
    refused: u64,
    resources: usize,
    known_sooner: u64,
    differences: Vec<String>,
}

/// What one module comes to.
#[derive(Default)]
struct Compared {
    resources: usize,
    /// How many values are known here that Terraform knows only after apply.
    known_sooner: u64,
    differences: Vec<String>,
}

#[test]
fn generated_modules_come_to_what_terraform_plans() {
    if terraform().is_none() {
        eprintln!("SKIPPED: no `terraform` on PATH to compare with");
        return;
    }
    let wanted = setting("PALISADE_ORACLE_MODULES", 24);
    let counts = Mutex::new(Counts { next: setting("PALISADE_ORACLE_FIRST", 0), ..Counts::default() });
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| work(wanted, &counts));
        }
    });
    let mut counts = counts.into_inner().expect("counted");
    println!(
        "terraform plan: {} modules compared, {} the same, {} different; {} resources counted in both; {} values known sooner (compared with what is there once applied); {} more modules that terraform refuses",
        counts.modules,
        counts.same,
        counts.modules - counts.same,
        counts.resources,
        counts.known_sooner,
        counts.refused,
    );
    counts.differences.sort_by_key(String::len);
    let most = if shows_all() { usize::MAX } else { 8 };
    let shown: Vec<&String> = counts.differences.iter().take(most).collect();
    assert!(
        shown.is_empty(),
        "with the seed {}:\n{}",
        seed(),
        shown.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n\n")
    );
}

/// Shows each module that differs, and why Terraform refuses one, when the environment asks for it.
fn shows_all() -> bool {
    std::env::var_os("PALISADE_ORACLE_SHOW").is_some()
}

fn work(wanted: u64, counts: &Mutex<Counts>) {
    while let Some(number) = begin(wanted, counts) {
        let root = root(seed().wrapping_mul(1_000_003).wrapping_add(number));
        let compared = compared(&root, number);
        let Ok(mut counts) = counts.lock() else { return };
        counts.begun -= 1;
        let Some(Compared { resources, known_sooner, differences }) = compared else {
            counts.refused += 1;
            continue;
        };
        counts.modules += 1;
        counts.resources += resources;
        counts.known_sooner += known_sooner;
        if differences.is_empty() {
            counts.same += 1;
            continue;
        }
        if shows_all() {
            println!("{}", root.text);
        }
        counts.differences.push(format!("module {number}: {}", differences.join("\n  ")));
    }
}

/// The next module, none when there are enough. No more are begun than are wanted, so that which ones are compared
/// does not hang on which thread is first.
fn begin(wanted: u64, counts: &Mutex<Counts>) -> Option<u64> {
    loop {
        let mut counts = counts.lock().ok()?;
        if counts.modules >= wanted || counts.refused > 2 * wanted + 20 {
            return None;
        }
        if counts.modules + counts.begun < wanted {
            counts.begun += 1;
            counts.next += 1;
            return Some(counts.next - 1);
        }
        drop(counts);
        std::thread::yield_now();
    }
}

/// A resource of the plan: its input, and what of it is unknown.
type Planned<'a> = BTreeMap<&'a str, (&'a Json, &'a Json)>;

/// Compares one module with its plan, and what is known here before Terraform knows it with what it has once applied.
/// None when Terraform refuses the module.
fn compared(root: &Root, number: u64) -> Option<Compared> {
    let directory = std::env::temp_dir().join(format!("palisade-module-{}-{number}", std::process::id()));
    let compared = plan(root, &directory).map(|plan| {
        let options = Options { variables: root.variables.iter().cloned().collect(), ..Options::default() };
        let ours = read_with(&root.text, &options);
        let mut compared = compare(root, &ours, &plan);
        if compared.known_sooner > 0 {
            compared.differences.extend(contradictions(&ours, &directory));
        }
        compared
    });
    std::fs::remove_dir_all(&directory).ok();
    compared
}

/// Where what is known here is not what is there once the plan is applied.
fn contradictions(ours: &Configuration, directory: &Path) -> Vec<String> {
    let Some(state) = applied(directory) else { return vec!["terraform did not apply it".to_owned()] };
    let mut inputs = BTreeMap::new();
    inputs_of(&state["values"]["root_module"], &mut inputs);
    ours.resources
        .iter()
        .filter_map(|resource| {
            let address = &*resource.address.name;
            contradiction(address, at(resource, "input")?, inputs.get(address).copied()?)
        })
        .collect()
}

/// The address and input of each resource of a module in a state, and of those in it.
fn inputs_of<'a>(module: &'a Json, into: &mut BTreeMap<&'a str, &'a Json>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        into.insert(resource["address"].as_str().unwrap_or_default(), &resource["values"]["input"]);
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        inputs_of(child, into);
    }
}

fn compare(root: &Root, ours: &Configuration, plan: &Json) -> Compared {
    const NULL: &Json = &Json::Null;
    let mut planned: Planned = BTreeMap::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let address = change["address"].as_str().unwrap_or_default();
        let input = change["change"]["after"].get("input").unwrap_or(NULL);
        let unknown = change["change"]["after_unknown"].get("input").unwrap_or(NULL);
        planned.insert(address, (input, unknown));
    }
    let mut known_sooner = 0;
    let mut differences: Vec<String> = ours.diagnostics.iter().map(ToString::to_string).collect();
    let mut counted = 0;
    for resource in ours.resources.iter().filter(|resource| !matches!(resource.existence, Existence::No(_))) {
        let address = &*resource.address.name;
        let Some((input, unknown)) = planned.remove(address) else {
            differences.push(format!("{address}: palisade has it, terraform does not"));
            continue;
        };
        counted += 1;
        match at(resource, "input") {
            Some(node) => differences.extend(difference(address, node, input, unknown, &mut known_sooner)),
            None => differences.push(format!("{address}: no input")),
        }
    }
    differences
        .extend(planned.keys().map(|address| format!("{address}: terraform has it, palisade does not")));
    for difference in &mut differences {
        if let Some(line) = written(root, difference) {
            *difference = format!("{difference}\n    {line}");
        }
    }
    Compared { resources: counted, known_sooner, differences }
}

/// The lines of the resource that a difference is about.
fn written(root: &Root, difference: &str) -> Option<String> {
    let name = difference.split("terraform_data.").nth(1)?;
    let name: String = name.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    let start = root.text.find(&format!("resource \"terraform_data\" \"{name}\" "))?;
    let rest = &root.text[start..];
    let block = &rest[..rest.find("\n}\n").unwrap_or(rest.len())];
    Some(block.replace('\n', "\n    "))
}

/// What Terraform plans; none when it refuses the module.
fn plan(root: &Root, directory: &Path) -> Option<Json> {
    for file in files(&root.text) {
        let path = directory.join(&*file.path);
        std::fs::create_dir_all(path.parent()?).ok()?;
        std::fs::write(path, file.bytes).ok()?;
    }
    // What `terraform init` would write.
    let mut entries = vec![serde_json::json!({ "Key": "", "Source": "", "Dir": "." })];
    for (call, source, directory) in &root.calls {
        entries.push(serde_json::json!({ "Key": call, "Source": source, "Dir": directory }));
    }
    std::fs::create_dir_all(directory.join(".terraform/modules")).ok()?;
    let manifest = serde_json::json!({ "Modules": entries }).to_string();
    std::fs::write(directory.join(".terraform/modules/modules.json"), manifest).ok()?;
    let mut command = terraform()?;
    command.args(["plan", "-no-color", "-input=false", "-lock=false", "-refresh=false", "-out", "plan"]);
    for (name, value) in &root.variables {
        command.arg("-var").arg(format!("{name}={value}"));
    }
    let output = command.current_dir(directory).stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        if shows_all() {
            let said = String::from_utf8_lossy(&output.stderr);
            println!("refused: {}", said.replace('\n', "\n  "));
        }
        return None;
    }
    shown(directory, &["plan"])
}

/// What is there once the plan is applied, which needs nothing but the directory.
fn applied(directory: &Path) -> Option<Json> {
    let mut command = terraform()?;
    command.args(["apply", "-no-color", "-input=false", "-lock=false", "plan"]);
    let output = command.current_dir(directory).stdin(Stdio::null()).output().ok()?;
    if output.status.success() { shown(directory, &[]) } else { None }
}

fn shown(directory: &Path, what: &[&str]) -> Option<Json> {
    let shown = terraform()?.args(["show", "-json"]).args(what).current_dir(directory).output().ok()?;
    serde_json::from_slice(&shown.stdout).ok()
}
