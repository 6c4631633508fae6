//! A snapshot's folder in memory, for tests: it can be killed before any step of any write, and be opened again.

use crate::files::{Files, Fill};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A snapshot's folder in memory. Clones are the same folder.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    /// How many steps are left until nothing can be written any more.
    left: Option<u64>,
    steps: u64,
    is_locked: bool,
}

impl Inner {
    /// One step of writing; an error once the process counts as killed.
    fn step(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            if *left == 0 {
                return Err(io::Error::other("killed"));
            }
            *left -= 1;
        }
        self.steps += 1;
        Ok(())
    }
}

impl Memory {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    fn get(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on so many steps of writing succeed, and then none.
    pub fn kill_after(&self, steps: u64) {
        self.get().left = Some(steps);
    }

    /// A new process: writing works again, and nobody holds the lock.
    pub fn restart(&self) {
        let mut inner = self.get();
        inner.left = None;
        inner.is_locked = false;
    }

    /// How many steps of writing there were.
    pub fn steps(&self) -> u64 {
        self.get().steps
    }

    /// All files and what is in them.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.get().files.clone()
    }

    /// Puts a file there, whatever is in it.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.get().files.insert(path.to_owned(), bytes.into());
    }
}

impl Files for Memory {
    fn open(&self, path: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        let bytes = self.get().files.get(path).cloned();
        Ok(bytes.map(|bytes| Box::new(io::Cursor::new(bytes)) as Box<dyn Read>))
    }

    fn write(&self, path: &str, fill: Fill<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes as &mut dyn Write)?;
        let mut inner = self.get();
        let temporary = format!("{path}.part");
        inner.step()?;
        inner.files.insert(temporary.clone(), bytes[..bytes.len() / 2].to_vec());
        inner.step()?;
        inner.files.remove(&temporary);
        inner.files.insert(path.to_owned(), bytes);
        Ok(())
    }

    fn append(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.get();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for part in [first, second] {
            inner.step()?;
            inner.files.entry(path.to_owned()).or_default().extend_from_slice(part);
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut inner = self.get();
        inner.step()?;
        inner.files.remove(path);
        Ok(())
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inner = self.get();
        let names: BTreeSet<String> = (inner.files.keys())
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        Ok(names.into_iter().collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }

    fn lock(&self) -> io::Result<()> {
        let mut inner = self.get();
        if inner.is_locked {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is writing it"));
        }
        inner.is_locked = true;
        Ok(())
    }
}
