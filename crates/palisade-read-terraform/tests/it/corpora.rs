//! Whole repositories, where `PALISADE_CORPORA` says they are.

use palisade_model::Level;
use palisade_read_terraform::{File, Options, read_configuration};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn roots(corpus: &Path) -> BTreeMap<String, Vec<File>> {
    let mut roots: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(corpus).sort_by_file_name() {
        let entry = entry.expect("readable");
        let path = entry.path().to_string_lossy().into_owned();
        if entry.file_type().is_file() && [".tf", ".tf.json", ".tfvars"].iter().any(|end| path.ends_with(end))
        {
            let directory = entry.path().parent().expect("folder").to_string_lossy().into_owned();
            roots.entry(directory).or_default().push(File {
                path: path.as_str().into(),
                bytes: std::fs::read(entry.path()).expect("readable"),
            });
        }
    }
    roots
}

fn check(corpus: &str) {
    let Ok(corpora) = std::env::var("PALISADE_CORPORA") else {
        eprintln!("SKIPPED: PALISADE_CORPORA is not set, so {corpus} is not read");
        return;
    };
    let roots = roots(&Path::new(&corpora).join("iac").join(corpus));
    assert!(!roots.is_empty(), "nothing in {corpora}/iac/{corpus}");
    let header = Regex::new(r#"(?m)^\s*resource\s+"([^"]+)"\s+"([^"]+)""#).expect("regex");
    let modules = |directory: &str| roots.get(directory).cloned();
    let (mut count, mut unknown) = (0, 0);
    for (root, files) in &roots {
        let read = read_configuration(&root.as_str().into(), files, &Options::default(), &modules);
        let errors: Vec<String> = read
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.level == Level::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{root}: {errors:#?}");
        let found: BTreeSet<String> = read
            .resources
            .iter()
            .map(|resource| resource.address.name.split('[').next().unwrap_or_default().to_owned())
            .collect();
        for file in files.iter().filter(|file| file.path.ends_with(".tf")) {
            let text = String::from_utf8_lossy(&file.bytes);
            for header in header.captures_iter(&text) {
                let address = format!("{}.{}", &header[1], &header[2]);
                assert!(found.contains(&address), "{address} of {} is missing", file.path);
                count += 1;
            }
        }
        unknown += read.resources.iter().filter(|resource| resource.raw.has_unknown()).count();
    }
    eprintln!("{corpus}: {count} resource blocks in {} folders, {unknown} with an unknown part", roots.len());
}

#[test]
fn no_resource_of_terragoat_is_dropped() {
    check("terragoat");
}

#[test]
fn no_resource_of_control_tower_aft_is_dropped() {
    check("control-tower-aft");
}
