//! The shipped checks over the simulated Terraform: they find what was planted, and nothing else.

use palisade_assess::{GatherOptions, Options, Within, assess, gather_files, resolve};
use palisade_content::{load, shipped};
use palisade_model::{Estate, Verdict};
use palisade_sim::{Organisation, Size};
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn every_planted_flaw_is_found_and_neither_twins_nor_anything_else() {
    let (library, _) = load(&shipped());
    let organisation = Organisation::new(Size { seed: 7, accounts: 16 });
    let files: Vec<(Arc<str>, Arc<str>)> = (organisation.terraform().into_iter())
        .map(|(path, text)| (path.as_str().into(), text.as_str().into()))
        .collect();
    let gathered = gather_files(&files, &GatherOptions::default());
    let resources = resolve(gathered.resources, library.kinds());
    let estate = Estate { resources, ..Estate::default() };
    let options = Options { enabled: &|_| true, outside: &Within, progress: &|_, _| {} };
    let found: BTreeSet<(String, String)> = (assess(&estate, &library, &options).findings.iter())
        .filter(|finding| finding.verdict == Verdict::Fails)
        .map(|finding| {
            // What a role may do is a resource of its own.
            let name = finding.subject.address.name.replace("aws_iam_role_policy.", "aws_iam_role.");
            (finding.subject.address.root.to_string(), name)
        })
        .collect();
    let is = |flaw: &palisade_sim::Flaw, (root, name): &(String, String)| {
        *root == flaw.root && (*name == flaw.address || name.starts_with(&format!("{}_", flaw.address)))
    };
    let of = |wanted| organisation.flaws.iter().filter(move |flaw| flaw.is_flaw == wanted);
    let missed: Vec<&str> =
        of(true).filter(|flaw| !found.iter().any(|one| is(flaw, one))).map(|flaw| flaw.id.as_str()).collect();
    let flagged: Vec<&str> =
        of(false).filter(|flaw| found.iter().any(|one| is(flaw, one))).map(|flaw| flaw.id.as_str()).collect();
    let others: Vec<_> = found.iter().filter(|one| !of(true).any(|flaw| is(flaw, one))).collect();
    assert_eq!((missed, flagged, others), (Vec::new(), Vec::new(), Vec::new()));
    assert!(of(true).count() >= 15 && of(false).count() >= 20);
}

#[test]
fn the_estate_has_the_same_flaws_as_the_terraform() {
    let (library, _) = load(&shipped());
    let organisation = Organisation::new(Size { seed: 7, accounts: 16 });
    let estate = organisation.estate(library.kinds());
    let options = Options { enabled: &|_| true, outside: &Within, progress: &|_, _| {} };
    let found: BTreeSet<String> = (assess(&estate, &library, &options).findings.iter())
        .filter(|finding| finding.verdict == Verdict::Fails)
        .map(|finding| finding.subject.address.name.to_string())
        .collect();
    let is_found = |flaw: &palisade_sim::Flaw| {
        found.contains(&flaw.arn) || found.iter().any(|arn| arn.starts_with(&format!("{}/", flaw.arn)))
    };
    let of = |wanted| organisation.flaws.iter().filter(move |flaw| flaw.is_flaw == wanted);
    let missed: Vec<&str> = of(true).filter(|flaw| !is_found(flaw)).map(|flaw| flaw.id.as_str()).collect();
    let flagged: Vec<&str> = of(false).filter(|flaw| is_found(flaw)).map(|flaw| flaw.id.as_str()).collect();
    assert_eq!((missed, flagged), (Vec::new(), Vec::new()));
}
