//! Checks what no compiler does: the edges between crates, the engines' purity, the invariants' tests, small rules.

mod edges;
mod invariants;
mod purity;
mod rules;
mod rust;

use crate::workspace::{Package, Workspace, files_below};
use std::path::Path;

/// Folders that hold nothing of ours: what is built, fetched or found by fuzzing.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "corpus", "artifacts", "__pycache__"];

/// Fails with all that is untidy.
pub fn run(workspace: &Workspace) -> Result<(), String> {
    let problems = problems(workspace)?;
    if problems.is_empty() {
        println!("tidy: {} crates and their documents are as ARCHITECTURE.md says", workspace.packages.len());
        return Ok(());
    }
    Err(format!("{}\ntidy: {} to mend", problems.join("\n"), problems.len()))
}

fn problems(workspace: &Workspace) -> Result<Vec<String>, String> {
    let architecture = workspace.text("ARCHITECTURE.md")?;
    let mut problems = edges::problems(&architecture, &workspace.packages);
    problems.extend(purity::problems_of_dependencies(&workspace.packages));
    problems.extend(invariants::problems(&architecture, &|name| tests_of(workspace, name)));
    for path in files_below(&workspace.root, &NOT_OURS) {
        // What is not text, as a test's broken input is, has no rules.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let shown = workspace.shown(&path);
        problems.extend(rules::problems(&shown, &text));
        if path.extension().is_some_and(|end| end == "rs") {
            problems.extend(purity::problems_of_offline_source(&shown, &text));
        }
        if is_engine_source(workspace, &path) {
            problems.extend(purity::problems_of_source(&shown, &text));
        }
    }
    Ok(problems)
}

/// All Rust of a crate, named as code names it (`palisade_model`); none where there is no such crate.
fn tests_of(workspace: &Workspace, name: &str) -> Option<String> {
    let package = workspace.packages.iter().find(|package| package.name.replace('-', "_") == name)?;
    let files = files_below(&package.folder, &NOT_OURS);
    let rust = files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    Some(rust.flat_map(std::fs::read_to_string).collect())
}

fn is_engine_source(workspace: &Workspace, path: &Path) -> bool {
    let engine = workspace
        .packages
        .iter()
        .find(|package| purity::is_engine(&package.name) && path.starts_with(package.folder.join("src")));
    engine.is_some_and(|package| {
        path.extension().is_some_and(|end| end == "rs") && !is_for_tests(package, path)
    })
}

/// Whether a file of the crate is a module that only tests have.
fn is_for_tests(package: &Package, path: &Path) -> bool {
    let sources = files_below(&package.folder.join("src"), &NOT_OURS);
    sources.iter().flat_map(std::fs::read_to_string).any(|text| {
        let code = rust::code(&text);
        rust::test_modules(&code).iter().any(|name| path.file_stem().is_some_and(|stem| stem == *name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let workspace = Workspace::read().unwrap();
        assert_eq!(problems(&workspace).unwrap(), Vec::<String>::new());
    }
}
