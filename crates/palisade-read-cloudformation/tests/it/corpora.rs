//! Real templates, when there are any on this machine: no resource of them is dropped.

use palisade_document::decode;
use palisade_read_cloudformation::read_template;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files(below: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(below) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_link = path.is_symlink();
        if path.is_dir() && !is_link {
            files(&path, into);
        } else if path
            .extension()
            .is_some_and(|end| ["yaml", "yml", "json", "template"].iter().any(|known| end == *known))
        {
            into.push(path);
        }
    }
}

/// Counts a YAML template's resources by its lines alone: names indented once below `Resources:`.
fn names_by_lines(text: &str) -> Vec<&str> {
    let lines = text.lines().skip_while(|line| line.trim_end() != "Resources:").skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#', '\r']));
    let lines: Vec<&str> =
        lines.filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(least) = lines.first().map(|line| indent(line)) else {
        return Vec::new();
    };
    let names = lines.into_iter().filter(|line| indent(line) == least);
    names
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(name, _)| name.trim_matches(['"', '\'']))
        .collect()
}

#[test]
fn no_resource_of_real_templates_is_dropped() {
    let Some(root) = std::env::var_os("PALISADE_CORPORA") else {
        eprintln!("SKIPPED: set PALISADE_CORPORA to a folder of real templates to count their resources");
        return;
    };
    let mut paths = Vec::new();
    files(Path::new(&root), &mut paths);
    let (mut templates, mut resources) = (0, 0);
    for path in paths {
        let file = path.to_string_lossy().as_ref().into();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(text) = decode(&file, &bytes) else { continue };
        let Some(template) = read_template(&file, text, &BTreeMap::new()) else {
            continue;
        };
        templates += 1;
        resources += template.resources.len();
        for diagnostic in &template.diagnostics {
            eprintln!("{diagnostic}");
        }
        let is_yaml = !text.trim_start().starts_with('{');
        if is_yaml && text.lines().any(|line| line.trim_end() == "Resources:") {
            let names: Vec<&str> =
                template.resources.iter().map(|resource| &*resource.address.name).collect();
            assert_eq!(names, names_by_lines(text), "{file}");
        }
    }
    eprintln!("{templates} templates with {resources} resources");
    assert!(templates > 0, "no template below {}", root.to_string_lossy());
}
