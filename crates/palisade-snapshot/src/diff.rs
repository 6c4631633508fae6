//! What changed between two snapshots; what can't be compared, because one of them did not read it, is said as such.

use crate::compare::{Difference, Keys, differences, fields};
use crate::error::SnapshotError;
use crate::files::Files;
use crate::load::{Faults, completeness, name, records_of};
use crate::store::{LEDGER, MANIFEST, Words, each_line, manifest};
use crate::{Cell, CellKey, Manifest, Part, Record};
use palisade_model::{Completeness, Diagnostic};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What changed between two snapshots.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Changes {
    /// Resources that came, went or are other than before, cell by cell.
    pub changes: Vec<Change>,
    /// What can't be compared, because one of the snapshots did not read it.
    pub not_compared: Vec<NotCompared>,
    /// How many resources are the same in both.
    pub same: u64,
    /// What is wrong with the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// A resource that came, went or is other than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its cell.
    #[serde(flatten)]
    pub cell: CellKey,
    /// What tells it from others of its cell.
    pub id: Arc<str>,
    /// What it is called: its ARN, or its id with its place.
    pub name: Arc<str>,
    /// What became of it.
    pub what: What,
    /// When the older snapshot saw it, or looked for it.
    pub after: Arc<str>,
    /// When the newer one did.
    pub before: Arc<str>,
    /// Who did it, as far as events tell; see [`who`](crate::who).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<crate::Doer>,
}

/// What became of a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is other than before.
    Changed(Vec<Difference>),
}

/// Something that can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// Its cell.
    #[serde(flatten)]
    pub cell: CellKey,
    /// The resource; none where it is the whole cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Arc<str>>,
    /// The field of its document; none where it is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Arc<str>>,
    /// Which of the snapshots did not read it.
    pub side: Side,
    /// Why.
    pub reason: Arc<str>,
}

/// One of the two snapshots, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The older one.
    Old,
    /// The newer one.
    New,
    /// Both.
    Both,
}

/// One of the two snapshots.
struct Half<'a> {
    files: &'a dyn Files,
    manifest: Manifest,
    cells: BTreeMap<CellKey, Cell>,
}

impl<'a> Half<'a> {
    fn open(files: &'a dyn Files, diagnostics: &mut Vec<Diagnostic>) -> Result<Self, SnapshotError> {
        let Some(manifest) = manifest(files)? else {
            return Err(SnapshotError::NoSnapshot { path: files.shown(MANIFEST) });
        };
        let (mut cells, mut words) = (BTreeMap::new(), Words::default());
        let read = each_line(files, LEDGER, &mut |line| {
            let Ok(mut cell) = serde_json::from_slice::<Cell>(line) else { return false };
            words.intern(&mut cell.key);
            cells.insert(cell.key.clone(), cell);
            true
        });
        let path = files.shown(LEDGER);
        if !read.map_err(|source| SnapshotError::Read { path: path.clone(), source })? {
            let message = format!("`{path}` has lines that can't be read: their cells are not compared");
            diagnostics.push(Diagnostic::error(message));
        }
        if manifest.finished.is_none() {
            let message = format!("`{}`: the snapshot is not finished", files.shown(MANIFEST));
            diagnostics.push(Diagnostic::warning(message).help("what it has not read yet is not compared"));
        }
        Ok(Self { files, manifest, cells })
    }

    /// The records of a cell by their id, and why it may have others; those that share an id are taken in order.
    fn cell(&self, key: &CellKey, diagnostics: &mut Vec<Diagnostic>) -> Read {
        let Some(cell) = self.cells.get(key) else {
            return Err("the snapshot does not have this cell".into());
        };
        let (records, mut said) = records_of(self.files, key);
        let mut faults = Faults::new();
        if !said.is_empty() || records.len() as u64 != cell.records {
            let why = palisade_model::Why::Unreadable("its file in the snapshot is damaged".into());
            faults.insert(key.clone(), why.into());
        }
        diagnostics.append(&mut said);
        let gap = match completeness(cell, &faults) {
            Completeness::All => None,
            Completeness::Some(unknown) => Some(unknown.to_string().into()),
        };
        let mut by_id: BTreeMap<(Arc<str>, usize), Record> = BTreeMap::new();
        for record in records {
            let mut times = 0;
            while by_id.contains_key(&(record.id.clone(), times)) {
                times += 1;
            }
            by_id.insert((record.id.clone(), times), record);
        }
        Ok((by_id, gap))
    }

    /// When the cell was looked at: the time of one of its records, or that of the snapshot.
    fn time(&self, is_end: bool) -> Arc<str> {
        match (&self.manifest.finished, is_end) {
            (Some(finished), true) => finished.as_str().into(),
            _ => self.manifest.started.as_str().into(),
        }
    }
}

type Read = Result<(BTreeMap<(Arc<str>, usize), Record>, Option<Arc<str>>), Arc<str>>;

/// What changed from one snapshot to a later one. Holds the resources of one cell of each in memory, and all changes.
///
/// # Errors
/// One of them has no manifest, or its ledger can't be read.
pub fn diff(old: &dyn Files, new: &dyn Files) -> Result<Changes, SnapshotError> {
    let mut changes = Changes::default();
    let old = Half::open(old, &mut changes.diagnostics)?;
    let new = Half::open(new, &mut changes.diagnostics)?;
    let keys: BTreeSet<&CellKey> = old.cells.keys().chain(new.cells.keys()).collect();
    for key in keys {
        // Cells without a single resource on both sides need no file to be opened.
        let is_empty = |half: &Half<'_>| {
            half.cells.get(key).is_some_and(|cell| cell.records == 0 && cell.gaps.is_empty())
        };
        if is_empty(&old) && is_empty(&new) {
            continue;
        }
        let before = old.cell(key, &mut changes.diagnostics);
        let after = new.cell(key, &mut changes.diagnostics);
        compare_cell(key, (&old, before), (&new, after), &mut changes);
    }
    Ok(changes)
}

fn compare_cell(
    key: &CellKey,
    (old, before): (&Half<'_>, Read),
    (new, after): (&Half<'_>, Read),
    changes: &mut Changes,
) {
    let whole = |side: Side, reason: &Arc<str>| NotCompared {
        cell: key.clone(),
        id: None,
        field: None,
        side,
        reason: reason.clone(),
    };
    let ((mut before, old_gap), (after, new_gap)) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(reason), Ok(_)) => return changes.not_compared.push(whole(Side::Old, &reason)),
        (Ok(_), Err(reason)) => return changes.not_compared.push(whole(Side::New, &reason)),
        (Err(reason), Err(_)) => return changes.not_compared.push(whole(Side::Both, &reason)),
    };
    match (&old_gap, &new_gap) {
        (Some(reason), Some(_)) => changes.not_compared.push(whole(Side::Both, reason)),
        (Some(reason), None) => changes.not_compared.push(whole(Side::Old, reason)),
        (None, Some(reason)) => changes.not_compared.push(whole(Side::New, reason)),
        (None, None) => {}
    }
    let keys = match (&old.manifest.key, &new.manifest.key) {
        (Some(one), Some(other)) if one == other => Keys::Same,
        (Some(_), Some(_)) => Keys::Different,
        _ => Keys::NotBoth,
    };
    for (id, record) in after {
        let Some(earlier) = before.remove(&id) else {
            // Where not all were listed, it may have been there before.
            if old_gap.is_none() {
                let (after, before) = (old.time(false), record.listed.time.clone());
                changes.changes.push(change(&record, What::Added, after, before));
            }
            continue;
        };
        let found = compare(&earlier, &record, keys, &mut changes.not_compared);
        if found.is_empty() {
            changes.same += 1;
        } else {
            let (after, before) = (earlier.listed.time.clone(), last_time(&record));
            changes.changes.push(change(&record, What::Changed(found), after, before));
        }
    }
    if new_gap.is_none() {
        for record in before.into_values() {
            let (after, before) = (record.listed.time.clone(), new.time(true));
            changes.changes.push(change(&record, What::Removed, after, before));
        }
    }
}

fn change(record: &Record, what: What, after: Arc<str>, before: Arc<str>) -> Change {
    let region = record.region.clone();
    let cell = CellKey { account: record.account, region, kind: record.kind.clone() };
    Change { cell, id: record.id.clone(), name: name(record), what, after, before, by: Vec::new() }
}

/// When the last answer about a resource came.
fn last_time(record: &Record) -> Arc<str> {
    let parts = record.parts.values().map(|part| match part {
        Part::Read(asked) | Part::None(asked) | Part::Unread { asked, .. } => &asked.time,
    });
    parts.chain([&record.listed.time]).max().cloned().unwrap_or_default()
}

/// The differences of two records of one resource. Fields that one side did not read are not compared.
fn compare(old: &Record, new: &Record, keys: Keys, not_compared: &mut Vec<NotCompared>) -> Vec<Difference> {
    let region = new.region.clone();
    let cell = CellKey { account: new.account, region, kind: new.kind.clone() };
    let mut not = |field: &str, side: Side, reason: Arc<str>| {
        let (id, field) = (Some(new.id.clone()), Some(field.into()));
        not_compared.push(NotCompared { cell: cell.clone(), id, field, side, reason });
    };
    let mut found = Vec::new();
    for field in fields(&old.document, &new.document, old.parts.keys().chain(new.parts.keys())) {
        let (before, after) = (unread(old, new, &field), unread(new, old, &field));
        match (before, after) {
            (Some(reason), Some(_)) => not(&field, Side::Both, reason),
            (Some(reason), None) => not(&field, Side::Old, reason),
            (None, Some(reason)) => not(&field, Side::New, reason),
            (None, None) => {
                let value = |record: &Record| match record.parts.get(field.as_ref()) {
                    Some(Part::None(_)) => None,
                    _ => record.document.get(field.as_ref()).cloned(),
                };
                let (differs, is_open) = differences(&field, value(old), value(new), keys);
                found.extend(differs);
                if is_open {
                    not(
                        &field,
                        Side::Both,
                        "its secrets were hashed with different keys, or not in both".into(),
                    );
                }
            }
        }
    }
    found
}

/// Why a record does not say what a field is; `other` tells whether a call was made for it elsewhere.
fn unread(record: &Record, other: &Record, field: &str) -> Option<Arc<str>> {
    match record.parts.get(field) {
        Some(Part::Unread { asked, failure, code, .. }) => {
            Some(crate::document::unread(&asked.call, failure, code).to_string().into())
        }
        Some(_) => None,
        None if record.document.get(field).is_some() => None,
        None => match other.parts.get(field)? {
            Part::Read(asked) | Part::None(asked) | Part::Unread { asked, .. } => {
                Some(format!("`{}` was not asked", asked.call).into())
            }
        },
    }
}
