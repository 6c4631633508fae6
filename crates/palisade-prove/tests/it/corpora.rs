//! Containment of AWS's own managed policies, where a collection of them is at hand (`PALISADE_CORPORA`).

use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_prove::{Answer, Attached, Options, no_new_access};
use std::path::Path;
use std::sync::Arc;

#[test]
fn pairs_of_managed_policies_are_decided() {
    let Some(corpora) = std::env::var_os("PALISADE_CORPORA") else { return };
    let Ok(folder) = std::fs::read_dir(Path::new(&corpora).join("iam/managed-policies")) else { return };
    let mut files: Vec<_> = folder.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    let policies: Vec<Attached> = files
        .iter()
        .step_by(40)
        .filter_map(|file| {
            let text = std::fs::read_to_string(file).ok()?;
            let document: serde_json::Value = serde_json::from_str(&text).ok()?;
            let document = document.pointer("/PolicyVersion/Document").unwrap_or(&document).to_string();
            let name: Arc<str> = file.file_name()?.to_string_lossy().into();
            let policy = Policy::parse(&document, &name, PolicyKind::Identity, Strictness::Strict);
            Some(Attached::new(vec![policy.into()]))
        })
        .collect();
    let mut counts = [0; 3];
    for old in &policies {
        for new in &policies {
            let report = no_new_access(old, new, &Options::default());
            assert_eq!(report.unconfirmed, 0, "{:?}", report.answer);
            let is_same = std::ptr::eq(old, new);
            match report.answer {
                Answer::Holds => counts[0] += 1,
                Answer::Violated(witness) => {
                    assert!(!is_same, "{witness:?}");
                    counts[1] += 1;
                }
                Answer::Unknown(why) => {
                    println!("{why:?}");
                    counts[2] += 1;
                }
            }
        }
    }
    println!("holds, violated, unknown: {counts:?}");
    assert!(counts[2] * 1_000 <= counts.iter().sum::<usize>(), "{counts:?}");
}
