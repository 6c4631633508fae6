//! The pages that ship are without fault.

use palisade_content::{Sort, load, shipped};

#[test]
fn the_shipped_pages_load_without_a_word() {
    let (library, diagnostics) = load(&shipped());
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said.join("\n"), "");
    let files = shipped();
    let pages = files.iter().filter(|file| !file.id_path.ends_with("README.md"));
    assert_eq!(library.pages().count(), pages.count());
}

#[test]
fn every_shipped_page_is_found_by_its_path() {
    let (library, _) = load(&shipped());
    for file in shipped() {
        let is_there = library.pages().any(|page| page.id_path() == *file.id_path);
        assert!(is_there || file.id_path.ends_with("README.md"), "{}", file.id_path);
    }
}

#[test]
fn a_control_is_found_from_the_objective_that_answers_it() {
    let (library, _) = load(&shipped());
    let mut objectives = library.of_sort(Sort::Objective);
    let encrypted = objectives.find(|page| page.id.as_str() == "data-at-rest-is-encrypted");
    let controls = encrypted.map(|page| library.controls_of(page)).unwrap_or_default();
    assert!(controls.contains(&"SOC 2 CC6.1".to_owned()), "{controls:?}");
}

#[test]
fn every_objective_is_used_by_a_framework() {
    let (library, _) = load(&shipped());
    for objective in library.of_sort(Sort::Objective) {
        assert!(!library.controls_of(objective).is_empty(), "{}", objective.id);
    }
}
