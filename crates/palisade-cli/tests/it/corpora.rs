//! No resource of a whole repository is dropped: counted against others' readers, where `PALISADE_CORPORA` says where
//! the repositories are and `PALISADE_NODE_MODULES` where `@cdktf/hcl2json` is installed.

use crate::folder::Folder;
use palisade_assess::{GatherOptions, Gathered, gather};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints `file type.name` of each resource block of the files below a folder.
const LIST: &str = r#"
const { parse } = require(process.argv[1] + "/@cdktf/hcl2json");
const fs = require("fs"), path = require("path");
const below = folder => fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
  const at = path.join(folder, entry.name);
  return entry.isDirectory() ? below(at) : at.endsWith(".tf") ? [at] : [];
});
(async () => {
  for (const file of below(process.argv[2])) {
    const { resource = {} } = await parse(file, fs.readFileSync(file, "utf8"));
    for (const [type, named] of Object.entries(resource))
      for (const [name, blocks] of Object.entries(named))
        for (const _ of blocks) console.log(file + " " + type + "." + name);
  }
})();
"#;

fn corpus(name: &str) -> Option<PathBuf> {
    let corpora = said_where("PALISADE_CORPORA", name)?;
    let path = Path::new(&corpora).join("iac").join(name);
    assert!(path.is_dir(), "there is no `{}`", path.display());
    Some(path)
}

fn said_where(variable: &str, name: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: that no resource of {name} is dropped; {variable} is not set"
        );
    }
    value
}

fn gathered(path: &Path) -> Gathered {
    gather(&[path.to_path_buf()], &GatherOptions::default(), &|_| {})
}

/// The resources declared in files of these endings: `file type.name`, each instance under its block.
fn declared(gathered: &Gathered, ending: &str) -> BTreeSet<String> {
    let lines = gathered.resources.iter().filter_map(|resource| {
        let file = &resource.origin.span()?.file;
        let name = resource.address.name.split('[').next()?;
        // A module's path stands before it.
        let name: Vec<&str> = name.rsplitn(3, '.').take(2).collect();
        let name: Vec<&str> = name.into_iter().rev().collect();
        file.ends_with(ending).then(|| format!("{file} {}", name.join(".")))
    });
    lines.collect()
}

#[track_caller]
fn terraform_is_kept(name: &str) {
    let (Some(corpus), Some(modules)) = (corpus(name), said_where("PALISADE_NODE_MODULES", name)) else {
        return;
    };
    let listed = Command::new("node").args(["-e", LIST, &modules]).arg(&corpus).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let expected: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert!(!expected.is_empty());
    let gathered = gathered(&corpus);
    let found = declared(&gathered, ".tf");
    let (missing, added): (Vec<_>, Vec<_>) =
        (expected.difference(&found).collect(), found.difference(&expected).collect());
    assert!(missing.is_empty() && added.is_empty(), "missing {missing:#?}, added {added:#?}");
    the_report_counts_as_many(&corpus, gathered.resources.len());
}

#[track_caller]
fn the_report_counts_as_many(corpus: &Path, count: usize) {
    let report = Folder::new(&[]).run(&format!("scan {} --format json", corpus.display())).json();
    assert_eq!(report["coverage"]["resources"], count);
}

#[test]
fn no_resource_of_terragoat_is_dropped() {
    terraform_is_kept("terragoat");
}

#[test]
fn no_resource_of_control_tower_aft_is_dropped() {
    terraform_is_kept("control-tower-aft");
}

/// The resources of a template in YAML, by its indentation alone.
fn by_indentation(text: &str) -> usize {
    let section = text
        .lines()
        .skip_while(|line| line.trim_end() != "Resources:")
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let keys: Vec<&str> =
        section.filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = keys.iter().map(|line| indent(line)).min();
    keys.iter().filter(|line| Some(indent(line)) == least).count()
}

#[test]
fn no_resource_of_cfngoat_is_dropped() {
    let Some(corpus) = corpus("cfngoat") else { return };
    let gathered = gathered(&corpus);
    let (mut files, mut expected) = (0, 0);
    for entry in walkdir::WalkDir::new(&corpus) {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let count = by_indentation(&std::fs::read_to_string(entry.path()).unwrap());
            files += usize::from(count > 0);
            expected += count;
        }
    }
    assert!(files > 0 && expected > 0, "{files} {expected}");
    assert_eq!(gathered.resources.len(), expected);
    the_report_counts_as_many(&corpus, expected);
}
