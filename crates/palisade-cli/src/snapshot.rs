//! Snapshots as what is to be judged: their resources, accounts and coverage ledger.

use crate::progress::Progress;
use crate::scan::Input;
use anyhow::Context;
use flate2::read::MultiGzDecoder;
use palisade_assess::Gathered;
use palisade_content::Library;
use palisade_model::Region;
use palisade_report::{Cells, Collected, Unread};
use palisade_snapshot::{
    Cell, ConfigRead, Disk, Expect, Expected, Files, Gap, Loaded, Manifest, Sealed, State, is_config, load,
    parse_key, read_config,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// The environment variable that names the file with the key of encrypted snapshots.
pub const KEY_FILE: &str = "PALISADE_SNAPSHOT_KEY_FILE";

/// The files of a snapshot's folder, encrypted where there is a key and, of one that is there, where it says so.
///
/// # Errors
/// The file of the key can't be read or holds none, or there is none and the snapshot is encrypted.
pub fn files(folder: &Path) -> anyhow::Result<Arc<dyn Files>> {
    let manifest = std::fs::read(folder.join("manifest.json")).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let is_encrypted =
        manifest.as_ref().map(|manifest| manifest.get("encryption").is_some_and(Value::is_string));
    let disk = Disk::new(folder);
    let Some(path) = std::env::var_os(KEY_FILE).filter(|path| !path.is_empty()) else {
        anyhow::ensure!(
            is_encrypted != Some(true),
            "the snapshot `{}` is encrypted: `{KEY_FILE}` must name the file with its key",
            folder.display()
        );
        return Ok(Arc::new(disk));
    };
    if is_encrypted == Some(false) {
        return Ok(Arc::new(disk));
    }
    let path = Path::new(&path);
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read `{}`, which `{KEY_FILE}` names", path.display()))?;
    let key = parse_key(&text).with_context(|| {
        format!(
            "`{}` holds no key: 64 hexadecimal digits are one, as `openssl rand -hex 32` prints",
            path.display()
        )
    })?;
    Ok(Arc::new(Sealed::new(disk, &key)))
}

/// What a snapshot holds.
///
/// # Errors
/// There is no manifest, or it is of a later version.
pub fn read(folder: &Path, library: &Library, progress: &Progress) -> anyhow::Result<Loaded> {
    progress.say(&format!("reading {}", folder.display()));
    Ok(load(files(folder)?.as_ref(), &expected(library))?)
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

/// The largest file of AWS Config that is read, unpacked.
const CONFIG_BYTES_MAX: u64 = 1 << 30;

/// What AWS Config delivered to a file, where it is one of those; packed or not.
pub fn config(path: &Path) -> Option<ConfigRead> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if !name.ends_with(".json") && !name.ends_with(".json.gz") {
        return None;
    }
    let file = std::fs::File::open(path).ok()?;
    let mut text = String::new();
    let read = match name.ends_with(".gz") {
        true => MultiGzDecoder::new(file).take(CONFIG_BYTES_MAX).read_to_string(&mut text),
        false => file.take(CONFIG_BYTES_MAX).read_to_string(&mut text),
    };
    // What is no text of theirs is for the other readers to say.
    let is_likely = read.is_ok() && (text.contains("\"configurationItems\"") || text.contains("\"Results\""));
    if !is_likely || !is_config(&serde_json::from_str(&text).ok()?) {
        return None;
    }
    Some(read_config(&path.display().to_string().replace('\\', "/").into(), &text))
}

/// What AWS Config said, beside what else was read. What two of its files say of one account is put together.
pub fn and_config(mut input: Input, read: Vec<ConfigRead>) -> Input {
    for read in read {
        input.gathered.resources.extend(read.resources);
        input.gathered.diagnostics.extend(read.diagnostics);
        input.gathered.recognised = true;
        input.gathered.files += 1;
        for (id, account) in read.accounts {
            let known = input.accounts.entry(id).or_insert_with(|| account.clone());
            let new = account.regions.into_iter().filter(|region| !known.regions.contains(region));
            let new: Vec<Region> = new.collect();
            known.regions.extend(new);
        }
    }
    input
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
