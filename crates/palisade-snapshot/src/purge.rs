//! Removes snapshots that are older than they should be, and nothing that is not a snapshot.

use crate::files::{Disk, Files};
use crate::redact::KEY;
use crate::sealed::WRAPPED;
use crate::store::{JOURNAL, LEDGER, MANIFEST, ORGANISATION};
use crate::{FORMAT, Manifest};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What became of the folders that were looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Snapshots that were removed, or would be.
    pub removed: Vec<PathBuf>,
    /// Snapshots that stay, and why.
    pub kept: Vec<(PathBuf, String)>,
}

/// Removes the snapshots directly in a folder that were finished longer ago than that. With `is_trial` nothing is removed.
///
/// Only files that a snapshot has are removed, and only where there is a manifest of ours. What else lies there stays.
///
/// # Errors
/// The folder can't be read.
pub fn purge(parent: &Path, older_than: Duration, now: &str, is_trial: bool) -> io::Result<Purged> {
    let now = seconds(now).ok_or_else(|| io::Error::other(format!("`{now}` is no time in RFC 3339")))?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        // Not through links: what they lead to lies elsewhere.
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    let mut purged = Purged::default();
    for folder in folders {
        let Some(manifest) = manifest(&folder) else { continue };
        let taken = manifest.finished.as_deref().unwrap_or(&manifest.started);
        match seconds(taken) {
            None => purged.kept.push((folder, format!("`{taken}` is no time"))),
            Some(taken)
                if now.saturating_sub(taken) <= older_than.as_secs().try_into().unwrap_or(i64::MAX) =>
            {
                purged.kept.push((folder, "it is not that old".to_owned()));
            }
            Some(_) if is_trial => purged.removed.push(folder),
            Some(_) => match remove(&folder) {
                Ok(()) => purged.removed.push(folder),
                Err(error) => purged.kept.push((folder, error.to_string())),
            },
        }
    }
    Ok(purged)
}

fn manifest(folder: &Path) -> Option<Manifest> {
    let path = folder.join(MANIFEST);
    let about = fs::symlink_metadata(&path).ok()?;
    if !about.is_file() || about.len() > crate::store::MANIFEST_BYTES_MAX {
        return None;
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (manifest.format >= 1 && manifest.format <= FORMAT).then_some(manifest)
}

/// Removes a snapshot, its manifest last: one that is killed on the way is found again.
fn remove(folder: &Path) -> io::Result<()> {
    let disk = Disk::new(folder);
    disk.lock()?;
    let mut foreign = 0;
    let records = folder.join("records");
    if fs::symlink_metadata(&records).is_ok_and(|about| about.is_dir()) {
        foreign += remove_records(&records, 0)?;
    }
    for name in disk.names("")? {
        let base = name.strip_suffix(".sealed").or_else(|| name.strip_suffix(".part")).unwrap_or(&name);
        match base {
            LEDGER | JOURNAL | ORGANISATION | KEY | WRAPPED => fs::remove_file(folder.join(&name))?,
            MANIFEST | "lock" | "records/" => {}
            _ => foreign += 1,
        }
    }
    for name in ["manifest.json.part", "lock", MANIFEST] {
        disk.remove(name)?;
    }
    if foreign > 0 {
        return Err(io::Error::other(format!(
            "the snapshot is removed, and {foreign} files that are none of its stay"
        )));
    }
    fs::remove_dir(folder)
}

/// Removes the files of records and the folders that are empty then; how many others there are.
fn remove_records(folder: &Path, level: usize) -> io::Result<usize> {
    let mut foreign = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_dir = entry.file_type()?.is_dir();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let base = name.strip_suffix(".part").unwrap_or(&name);
        let base = base.strip_suffix(".sealed").unwrap_or(base);
        if is_dir && level < 2 {
            foreign += remove_records(&entry.path(), level + 1)?;
        } else if !is_dir && level == 2 && base.ends_with(".ndjson.gz") {
            fs::remove_file(entry.path())?;
        } else {
            foreign += 1;
        }
    }
    if foreign == 0 {
        fs::remove_dir(folder)?;
    }
    Ok(foreign)
}

/// Seconds since 1970 of a time in RFC 3339.
pub(crate) fn seconds(time: &str) -> Option<i64> {
    let bytes = time.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = time.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, of: &[u8]| bytes.get(at).is_some_and(|byte| of.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = time.get(19..)?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|character: char| character.is_ascii_digit()),
        None => rest,
    };
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let part =
                |at: usize| -> Option<i64> { std::str::from_utf8(rest.get(at..at + 2)?).ok()?.parse().ok() };
            let minutes = part(0)? * 60 + part(3)?;
            if *sign == b'-' { -minutes * 60 } else { minutes * 60 }
        }
        _ => return None,
    };
    // Days since 1970, counting years from March.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second - offset)
}
