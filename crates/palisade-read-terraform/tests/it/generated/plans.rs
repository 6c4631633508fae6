//! Generated modules, each resource and its input beside what `terraform plan` says.

use super::modules::{Root, root};
use super::{difference, seed, setting, terraform};
use crate::{at, files, read_with};
use palisade_model::Existence;
use palisade_read_terraform::Options;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came of all modules.
#[derive(Default)]
struct Counts {
    modules: u64,
    same: u64,
    refused: u64,
    resources: usize,
    differences: Vec<String>,
}

#[test]
fn generated_modules_come_to_what_terraform_plans() {
    if terraform().is_none() {
        eprintln!("SKIPPED: no `terraform` on PATH to compare with");
        return;
    }
    let wanted = setting("PALISADE_ORACLE_MODULES", 60);
    let (next, counts) = (AtomicU64::new(setting("PALISADE_ORACLE_FIRST", 0)), Mutex::new(Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| work(wanted, &next, &counts));
        }
    });
    let mut counts = counts.into_inner().expect("counted");
    println!(
        "terraform plan: {} modules compared, {} the same, {} different; {} resources counted in both; {} values known sooner; {} more modules that terraform refuses",
        counts.modules,
        counts.same,
        counts.modules - counts.same,
        counts.resources,
        super::KNOWN_SOONER.load(Ordering::Relaxed),
        counts.refused,
    );
    counts.differences.sort_by_key(String::len);
    let shown: Vec<&String> = counts.differences.iter().take(8).collect();
    assert!(
        shown.is_empty(),
        "with the seed {}:\n{}",
        seed(),
        shown.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n\n")
    );
}

fn work(wanted: u64, next: &AtomicU64, counts: &Mutex<Counts>) {
    loop {
        if counts.lock().is_ok_and(|counts| counts.modules >= wanted || counts.refused > 2 * wanted + 20) {
            return;
        }
        let number = next.fetch_add(1, Ordering::Relaxed);
        let root = root(seed().wrapping_mul(1_000_003).wrapping_add(number));
        let planned = plan(&root, number);
        let Ok(mut counts) = counts.lock() else { return };
        match planned {
            None => counts.refused += 1,
            Some(plan) if counts.modules < wanted => {
                counts.modules += 1;
                let (resources, differences) = compare(&root, &plan);
                counts.resources += resources;
                if differences.is_empty() {
                    counts.same += 1;
                } else {
                    if std::env::var_os("PALISADE_ORACLE_SHOW").is_some() {
                        println!("{}", root.text);
                    }
                    counts.differences.push(format!("module {number}: {}", differences.join("\n  ")));
                }
            }
            Some(_) => {}
        }
    }
}

/// A resource of the plan: its input, and what of it is unknown.
type Planned<'a> = BTreeMap<&'a str, (&'a Json, &'a Json)>;

fn compare(root: &Root, plan: &Json) -> (usize, Vec<String>) {
    const NULL: &Json = &Json::Null;
    let mut planned: Planned = BTreeMap::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let address = change["address"].as_str().unwrap_or_default();
        let input = change["change"]["after"].get("input").unwrap_or(NULL);
        let unknown = change["change"]["after_unknown"].get("input").unwrap_or(NULL);
        planned.insert(address, (input, unknown));
    }
    let options = Options { variables: root.variables.iter().cloned().collect(), ..Options::default() };
    let ours = read_with(&root.text, &options);
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
            Some(node) => differences.extend(difference(address, node, input, unknown)),
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
    (counted, differences)
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
fn plan(root: &Root, number: u64) -> Option<Json> {
    let directory = std::env::temp_dir().join(format!("palisade-module-{}-{number}", std::process::id()));
    let plan = planned_in(root, &directory);
    std::fs::remove_dir_all(&directory).ok();
    plan
}

fn planned_in(root: &Root, directory: &Path) -> Option<Json> {
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
        if std::env::var_os("PALISADE_ORACLE_SHOW").is_some() {
            let said = String::from_utf8_lossy(&output.stderr);
            println!("refused: {}", said.replace('\n', "\n  "));
        }
        return None;
    }
    let shown = terraform()?.args(["show", "-json", "plan"]).current_dir(directory).output().ok()?;
    serde_json::from_slice(&shown.stdout).ok()
}
