//! Writes a snapshot so that a run killed at any point is gone on with: sealed cells stay, answered calls are in the journal.

use crate::error::SnapshotError;
use crate::files::{Files, whole};
use crate::journal::{For, JournalEntry};
use crate::lines::{Line, Lines};
use crate::load::records_of;
use crate::redact::Redactor;
use crate::{Cell, CellKey, FORMAT, Manifest, Record, Secrets, State};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use palisade_model::{AccountId, Diagnostic, Region, ResourceType};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

/// What the snapshot is, and what it set out to read.
pub(crate) const MANIFEST: &str = "manifest.json";
/// What was read of each cell.
pub(crate) const LEDGER: &str = "ledger.ndjson";
/// The answered calls of cells that are not finished.
pub(crate) const JOURNAL: &str = "journal.ndjson";
/// The organisation.
pub(crate) const ORGANISATION: &str = "organisation.json";
/// The largest manifest: a million accounts fit.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 256 << 20;
/// So much of the journal may be of no use before it is written anew.
const DEAD_BYTES_MAX: u64 = 8 << 20;
/// So much of the ledger is sorted in memory at once.
const SORTED_BYTES_MAX: usize = 32 << 20;

/// A snapshot that is being written. No other process can write the same folder.
pub struct Store {
    files: Arc<dyn Files>,
    redactor: Redactor,
    /// The bytes of the journal's entries that are still of use, by what they are for.
    live: HashMap<For, u64>,
    dead_bytes: u64,
    /// Did the last addition to a file fail, so that it may end within a line?
    is_torn: HashSet<&'static str>,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct Resumed {
    /// The manifest, where a run got as far as that.
    pub manifest: Option<Manifest>,
    /// The cells that are finished.
    pub cells: HashMap<CellKey, State>,
    /// The answered calls of those that are not, in the order they were answered.
    pub entries: Vec<JournalEntry>,
}

impl Resumed {
    /// Is the snapshot whole, so that nothing is left to do?
    pub fn is_finished(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| manifest.finished.is_some())
    }
}

/// A name for the parameters of a call, whatever the order of their names.
pub fn parameters_hash(parameters: &Value) -> Arc<str> {
    let mut hash = Sha256::new();
    feed(parameters, &mut hash);
    let digest = hash.finalize();
    let mut text = String::with_capacity(32);
    digest.iter().take(16).for_each(|byte| {
        let _ = write!(text, "{byte:02x}");
    });
    text.into()
}

fn feed(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(entries) => {
            let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
            hash.update(b"{");
            for (name, value) in sorted {
                hash.update(Value::from(name.as_str()).to_string().as_bytes());
                hash.update(b":");
                feed(value, hash);
                hash.update(b",");
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                feed(item, hash);
                hash.update(b",");
            }
            hash.update(b"]");
        }
        other => hash.update(other.to_string().as_bytes()),
    }
}

impl Store {
    /// Opens a folder to write a snapshot into it, or to go on with one that was begun.
    ///
    /// # Errors
    /// Another process writes it, or what is there can't be read.
    pub fn open(files: Arc<dyn Files>, redactor: Redactor) -> Result<(Self, Resumed), SnapshotError> {
        files.lock().map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => SnapshotError::Locked { path: files.shown("lock") },
            _ => SnapshotError::Write { path: files.shown("lock"), source },
        })?;
        let mut store =
            Self { files, redactor, live: HashMap::new(), dead_bytes: 0, is_torn: HashSet::new() };
        let mut resumed = Resumed { manifest: manifest(store.files.as_ref())?, ..Resumed::default() };
        store.resume_ledger(&mut resumed)?;
        store.resume_journal(&mut resumed)?;
        Ok((store, resumed))
    }

    /// What replaces secrets in answers, before they go anywhere else.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn failed(&self, path: &str) -> impl Fn(io::Error) -> SnapshotError {
        let path = self.files.shown(path);
        move |source| SnapshotError::Write { path: path.clone(), source }
    }

    fn unread(&self, path: &str) -> impl Fn(io::Error) -> SnapshotError {
        let path = self.files.shown(path);
        move |source| SnapshotError::Read { path: path.clone(), source }
    }

    fn resume_ledger(&mut self, resumed: &mut Resumed) -> Result<(), SnapshotError> {
        let mut words = Words::default();
        let is_whole = each_line(self.files.as_ref(), LEDGER, &mut |line| {
            let Ok(mut cell) = serde_json::from_slice::<Cell>(line) else { return false };
            words.intern(&mut cell.key);
            resumed.cells.insert(cell.key, cell.state);
            true
        })
        .map_err(self.unread(LEDGER))?;
        if !is_whole {
            self.rewrite(LEDGER, &mut |line| serde_json::from_slice::<Cell>(line).is_ok())?;
        }
        Ok(())
    }

    fn resume_journal(&mut self, resumed: &mut Resumed) -> Result<(), SnapshotError> {
        let mut live = HashMap::new();
        let (cells, entries) = (&resumed.cells, &mut resumed.entries);
        let mut has_dead = false;
        let is_whole = each_line(self.files.as_ref(), JOURNAL, &mut |line| {
            match serde_json::from_slice::<JournalLine>(line) {
                Ok(JournalLine::Released { released: name }) => {
                    let purpose = For::Shared(name);
                    live.remove(&purpose);
                    entries.retain(|entry| entry.purpose != purpose);
                    has_dead = true;
                }
                Ok(JournalLine::Entry(entry)) => {
                    let is_live = !matches!(&entry.purpose, For::Cell(key) if cells.contains_key(key));
                    has_dead |= !is_live;
                    if is_live {
                        *live.entry(entry.purpose.clone()).or_insert(0) += line.len() as u64 + 1;
                        entries.push(*entry);
                    }
                }
                Err(_) => return false,
            }
            true
        })
        .map_err(self.unread(JOURNAL))?;
        self.live = live;
        if !is_whole || has_dead {
            self.compact()?;
        }
        Ok(())
    }

    /// Says what the snapshot sets out to read, or what changed about that.
    ///
    /// # Errors
    /// The manifest could not be written.
    pub fn begin(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        self.write_manifest(&Manifest { finished: None, ..manifest.clone() })
    }

    fn write_manifest(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let secrets = if self.redactor.keeps_secrets() { Secrets::Kept } else { Secrets::Hashed };
        let encryption = self.files.encryption();
        let manifest = Manifest { secrets, key: self.redactor.key_name(), encryption, ..manifest.clone() };
        let mut text = serde_json::to_string_pretty(&manifest)
            .map_err(io::Error::other)
            .map_err(self.failed(MANIFEST))?;
        text.push('\n');
        self.files.write(MANIFEST, &mut |to| to.write_all(text.as_bytes())).map_err(self.failed(MANIFEST))
    }

    /// Notes answered calls, so that they need not be made again if this run is killed.
    ///
    /// # Errors
    /// The journal could not be written.
    pub fn journal_append(&mut self, entries: &[JournalEntry]) -> Result<(), SnapshotError> {
        let mut bytes = Vec::new();
        for entry in entries {
            let before = bytes.len();
            let mut entry = entry.clone();
            self.redactor.entry(&mut entry);
            line(&entry, &mut bytes).map_err(self.failed(JOURNAL))?;
            *self.live.entry(entry.purpose).or_insert(0) += (bytes.len() - before) as u64;
        }
        self.add(JOURNAL, bytes)
    }

    /// Writes a cell's resources and what was read of it. From now on it is finished; its journal is of no more use.
    ///
    /// # Errors
    /// Its file or the ledger could not be written; then the cell is not finished.
    pub fn seal(&mut self, cell: &Cell, records: Vec<Record>) -> Result<(), SnapshotError> {
        self.write_records(&cell.key, records)?;
        let mut bytes = Vec::new();
        line(cell, &mut bytes).map_err(self.failed(LEDGER))?;
        self.add(LEDGER, bytes)?;
        self.drop_entries(&For::Cell(cell.key.clone()))
    }

    fn write_records(&mut self, key: &CellKey, mut records: Vec<Record>) -> Result<(), SnapshotError> {
        let path = key.path();
        if records.is_empty() {
            // An earlier run may have been killed just before it noted the cell.
            return self.files.remove(&path).map_err(self.failed(&path));
        }
        records.iter_mut().for_each(|record| self.redactor.record(record));
        records.sort_by(|one, other| one.id.cmp(&other.id));
        let written = self.files.write(&path, &mut |to| {
            let mut writer = packing(to);
            let mut bytes = Vec::new();
            for record in &records {
                bytes.clear();
                line(record, &mut bytes)?;
                writer.write_all(&bytes)?;
            }
            writer.finish().map(|_| ())
        });
        written.map_err(self.failed(&path))
    }

    /// The resources of a cell that was sealed, as they are kept, and what is wrong with its file.
    pub fn records(&self, key: &CellKey) -> (Vec<Record>, Vec<Diagnostic>) {
        records_of(self.files.as_ref(), key)
    }

    /// What several cells shared is of no more use.
    ///
    /// # Errors
    /// The journal could not be written.
    pub fn release(&mut self, shared: &str) -> Result<(), SnapshotError> {
        let purpose = For::Shared(shared.into());
        if !self.live.contains_key(&purpose) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        line(&JournalLine::Released { released: shared.into() }, &mut bytes).map_err(self.failed(JOURNAL))?;
        self.add(JOURNAL, bytes)?;
        self.drop_entries(&purpose)
    }

    fn drop_entries(&mut self, purpose: &For) -> Result<(), SnapshotError> {
        self.dead_bytes += self.live.remove(purpose).unwrap_or(0);
        let live_bytes: u64 = if self.dead_bytes > DEAD_BYTES_MAX { self.live.values().sum() } else { 0 };
        if self.dead_bytes > DEAD_BYTES_MAX && self.dead_bytes > live_bytes { self.compact() } else { Ok(()) }
    }

    /// Writes the journal anew, with what is still of use.
    fn compact(&mut self) -> Result<(), SnapshotError> {
        self.dead_bytes = 0;
        if self.live.is_empty() {
            self.is_torn.remove(JOURNAL);
            return self.files.remove(JOURNAL).map_err(self.failed(JOURNAL));
        }
        let live = std::mem::take(&mut self.live);
        let written = self.rewrite(JOURNAL, &mut |line| match serde_json::from_slice(line) {
            Ok(JournalLine::Entry(entry)) => live.contains_key(&entry.purpose),
            Ok(JournalLine::Released { .. }) | Err(_) => false,
        });
        self.live = live;
        written
    }

    /// Writes a file of lines anew, with those of them that are to stay.
    fn rewrite(
        &mut self,
        path: &'static str,
        stays: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), SnapshotError> {
        let files = self.files.clone();
        let written = files.write(path, &mut |to| {
            let mut failed = Ok(());
            each_line(files.as_ref(), path, &mut |line| {
                if failed.is_ok() && stays(line) {
                    failed = to.write_all(line).and_then(|()| to.write_all(b"\n"));
                }
                true
            })?;
            failed
        });
        self.is_torn.remove(path);
        written.map_err(self.failed(path))
    }

    /// Adds lines to a file.
    fn add(&mut self, path: &'static str, mut bytes: Vec<u8>) -> Result<(), SnapshotError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.is_torn.contains(path) {
            bytes.insert(0, b'\n');
        }
        let added = self.files.append(path, &bytes);
        if added.is_err() {
            self.is_torn.insert(path);
        } else {
            self.is_torn.remove(path);
        }
        added.map_err(self.failed(path))
    }

    /// Writes what is known of the organisation, in the layout of an estate's `organisation.json`.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn organisation(&mut self, organisation: &Value) -> Result<(), SnapshotError> {
        let mut text = serde_json::to_string_pretty(organisation)
            .map_err(io::Error::other)
            .map_err(self.failed(ORGANISATION))?;
        text.push('\n');
        let written = self.files.write(ORGANISATION, &mut |to| to.write_all(text.as_bytes()));
        written.map_err(self.failed(ORGANISATION))
    }

    /// The cell of every line of the ledger, in the order of the file; a cell that was sealed twice comes twice.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn each_cell(&self, each: &mut dyn FnMut(Cell)) -> Result<(), SnapshotError> {
        each_line(self.files.as_ref(), LEDGER, &mut |line| {
            serde_json::from_slice(line).map(&mut *each).is_ok()
        })
        .map(|_| ())
        .map_err(self.unread(LEDGER))
    }

    /// Says that all is read: sorts the ledger, removes the journal and writes the manifest, in this order.
    ///
    /// # Errors
    /// One of them could not be written; then the snapshot is not finished, and nothing is lost.
    pub fn finish(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        self.sort_ledger()?;
        self.files.remove(JOURNAL).map_err(self.failed(JOURNAL))?;
        self.live.clear();
        self.dead_bytes = 0;
        self.write_manifest(manifest)
    }

    /// Sorts the ledger by account, a share of the accounts at a time so that a large one needs little memory.
    fn sort_ledger(&mut self) -> Result<(), SnapshotError> {
        let mut sizes: BTreeMap<AccountId, usize> = BTreeMap::new();
        each_line(self.files.as_ref(), LEDGER, &mut |line| {
            if let Ok(Of { account }) = serde_json::from_slice(line) {
                *sizes.entry(account).or_default() += line.len();
            }
            true
        })
        .map_err(self.unread(LEDGER))?;
        let mut shares: Vec<(HashSet<AccountId>, usize)> = vec![Default::default()];
        for (account, bytes) in sizes {
            if shares.last().is_some_and(|(_, held)| *held > 0 && *held + bytes > SORTED_BYTES_MAX) {
                shares.push(Default::default());
            }
            if let Some((share, held)) = shares.last_mut() {
                share.insert(account);
                *held += bytes;
            }
        }
        let files = self.files.clone();
        let written = files.write(LEDGER, &mut |to| {
            for (share, _) in &shares {
                let mut cells: BTreeMap<CellKey, Box<[u8]>> = BTreeMap::new();
                each_line(files.as_ref(), LEDGER, &mut |line| {
                    let of = serde_json::from_slice(line);
                    if of.is_ok_and(|Of { account }| share.contains(&account))
                        && let Ok(cell) = serde_json::from_slice::<Cell>(line)
                    {
                        cells.insert(cell.key, line.into());
                    }
                    true
                })?;
                for line in cells.values() {
                    to.write_all(line)?;
                    to.write_all(b"\n")?;
                }
            }
            Ok(())
        });
        written.map_err(self.failed(LEDGER))
    }
}

/// Whose a line of the ledger is.
#[derive(serde::Deserialize)]
struct Of {
    account: AccountId,
}

/// A line of the journal.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum JournalLine {
    Entry(Box<JournalEntry>),
    Released { released: Arc<str> },
}

/// The manifest; none when there is none.
pub(crate) fn manifest(files: &dyn Files) -> Result<Option<Manifest>, SnapshotError> {
    let path = || files.shown(MANIFEST);
    let read = whole(files, MANIFEST, MANIFEST_BYTES_MAX);
    let Some(bytes) = read.map_err(|source| SnapshotError::Read { path: path(), source })? else {
        return Ok(None);
    };
    let wrong = |message: String| SnapshotError::Manifest { path: path(), message };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let format = value.get("format").and_then(Value::as_u64);
    let format = format.ok_or_else(|| wrong("it says no `format`".to_owned()))?;
    if format > u64::from(FORMAT) {
        return Err(SnapshotError::Format { path: path(), format, known: FORMAT });
    }
    let manifest: Manifest = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    let message = match (&manifest.encryption, files.encryption()) {
        (None, None) => return Ok(Some(manifest)),
        (Some(is), Some(given)) if *is == given => return Ok(Some(manifest)),
        (Some(is), Some(_)) => format!("`{}`: the snapshot is encrypted with another key ({is})", path()),
        (Some(is), None) => format!("`{}`: the snapshot is encrypted ({is}): give its key", path()),
        (None, Some(_)) => format!("`{}`: the snapshot is not encrypted: leave the key away", path()),
    };
    Err(SnapshotError::Key(message))
}

/// Packs what is written. Without a time and a name: the same records are the same bytes.
fn packing<W: Write>(to: W) -> GzEncoder<W> {
    GzBuilder::new().mtime(0).write(to, Compression::fast())
}

/// Bytes, packed as the files of records are.
pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = packing(Vec::new());
    // Memory takes all that is written to it.
    let _ = writer.write_all(bytes);
    writer.finish().unwrap_or_default()
}

fn line<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *bytes, value)?;
    bytes.push(b'\n');
    Ok(())
}

/// Goes through the lines of a file; false where one of them was not understood or the last one was cut off.
pub(crate) fn each_line(
    files: &dyn Files,
    path: &str,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> io::Result<bool> {
    let Some(reader) = files.open(path)? else { return Ok(true) };
    let mut lines = Lines::new(reader);
    let mut is_whole = true;
    while let Some(line) = lines.next()? {
        is_whole &= match line {
            Line::Whole(line) => each(line),
            Line::Torn | Line::TooLong => false,
        };
    }
    Ok(is_whole)
}

/// Regions and kinds that were met before, so that a million cells share their names.
#[derive(Default)]
pub(crate) struct Words {
    regions: HashSet<Region>,
    kinds: HashSet<ResourceType>,
}

impl Words {
    pub fn intern(&mut self, key: &mut CellKey) {
        if let Some(region) = &mut key.region {
            match self.regions.get(region) {
                Some(known) => *region = known.clone(),
                None => {
                    self.regions.insert(region.clone());
                }
            }
        }
        match self.kinds.get(&key.kind) {
            Some(known) => key.kind = known.clone(),
            None => {
                self.kinds.insert(key.kind.clone());
            }
        }
    }
}
