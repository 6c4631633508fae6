//! Snapshots as what is to be judged: their resources, accounts and coverage ledger.

use crate::progress::Progress;
use crate::scan::Input;
use palisade_assess::Gathered;
use palisade_content::Library;
use palisade_model::Region;
use palisade_report::{Cells, Collected, Unread};
use palisade_snapshot::{Cell, Disk, Expect, Expected, Gap, Loaded, Manifest, State, load};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The largest manifest that is looked into to tell a snapshot from a folder of configuration.
const MANIFEST_BYTES_MAX: u64 = 256 << 20;

/// Is this the folder of a snapshot?
pub fn is_one(path: &Path) -> bool {
    let manifest = path.join("manifest.json");
    let is_small = std::fs::metadata(&manifest).is_ok_and(|about| about.len() <= MANIFEST_BYTES_MAX);
    let value = is_small.then(|| std::fs::read(&manifest).ok()).flatten();
    let value = value.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    value.is_some_and(|value| value.get("format").is_some() && value.get("palisade").is_some())
}

/// Of each kind, the fields of its documents that take the answers of calls.
pub fn expected(library: &Library) -> Expected {
    let of = |kind: &palisade_kinds::Kind| {
        let calls = kind.collect.iter().filter_map(|call| {
            let field = call.into.clone()?;
            Some(Expect { field, call: format!("{}:{}", call.service, call.operation).into() })
        });
        (kind.kind.clone(), calls.collect::<Vec<_>>())
    };
    library.kinds().iter().map(of).collect()
}

/// What a snapshot holds.
///
/// # Errors
/// There is no manifest, or it is of a later version.
pub fn read(folder: &Path, library: &Library, progress: &Progress) -> anyhow::Result<Loaded> {
    progress.say(&format!("reading {}", folder.display()));
    Ok(load(&Disk::new(folder), &expected(library))?)
}

/// Splits snapshots from what else is to be scanned.
///
/// # Errors
/// There are several: each is read at its own time, so their answers don't fit together.
pub fn among(targets: &[PathBuf]) -> anyhow::Result<(Option<&PathBuf>, Vec<PathBuf>)> {
    let (snapshots, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        targets.iter().partition(|target| is_one(target));
    anyhow::ensure!(
        snapshots.len() <= 1,
        "`{}` and `{}` are snapshots of different times: scan one, and `palisade diff` two",
        snapshots.first().map_or_else(String::new, |path| path.display().to_string()),
        snapshots.get(1).map_or_else(String::new, |path| path.display().to_string()),
    );
    Ok((snapshots.first().copied(), others.into_iter().cloned().collect()))
}

/// A snapshot beside what else was read.
pub fn with(loaded: Loaded, mut gathered: Gathered) -> Input {
    let collected = collected(&loaded.manifest, &loaded.ledger);
    gathered.resources.extend(loaded.resources);
    gathered.diagnostics.extend(loaded.diagnostics);
    gathered.recognised = true;
    Input {
        gathered,
        accounts: loaded.accounts,
        organisation: loaded.organisation,
        collected: Some(collected),
    }
}

/// The coverage ledger, as a report tells it.
pub fn collected(manifest: &Manifest, ledger: &[Cell]) -> Collected {
    let mut cells = Cells::default();
    let mut regions: BTreeSet<&Region> = BTreeSet::new();
    let mut gaps: BTreeMap<(&str, &str, &str), Unread> = BTreeMap::new();
    for cell in ledger {
        *match cell.state {
            State::Read => &mut cells.read,
            State::Partly => &mut cells.partly,
            State::NotRead => &mut cells.not_read,
            State::NotThere => &mut cells.not_there,
        } += 1;
        if cell.state != State::NotThere {
            regions.extend(&cell.key.region);
        }
        for gap in &cell.gaps {
            let of = gaps.entry((&gap.call, &gap.failure, &gap.code)).or_insert_with(|| unread(gap));
            of.accounts.insert(cell.key.account);
            of.regions.extend(cell.key.region.clone());
            of.cells += 1;
            of.times += gap.times;
            of.hides_resources |= gap.hides_resources;
        }
    }
    for (account, gap) in &manifest.regions_unread {
        let of = gaps.entry((&gap.call, &gap.failure, &gap.code)).or_insert_with(|| unread(gap));
        of.accounts.insert(*account);
        of.times += gap.times;
        of.hides_resources = true;
    }
    Collected {
        organisation: manifest.organisation.clone(),
        accounts: manifest.accounts.len() as u64,
        regions: regions.len() as u64,
        resources: ledger.iter().map(|cell| cell.records).sum(),
        started: manifest.started.clone(),
        finished: manifest.finished.clone(),
        calls: manifest.calls,
        throttled: manifest.throttled,
        policies_changed: manifest.policies_changed,
        cells,
        gaps: gaps.into_values().collect(),
    }
}

fn unread(gap: &Gap) -> Unread {
    Unread {
        call: gap.call.to_string(),
        failure: gap.failure.to_string(),
        code: gap.code.to_string(),
        message: gap.message.to_string(),
        permission: gap.permission.as_ref().map(ToString::to_string),
        accounts: BTreeSet::new(),
        regions: BTreeSet::new(),
        cells: 0,
        times: 0,
        hides_resources: false,
        open: 0,
    }
}
