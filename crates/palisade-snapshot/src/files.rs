//! The files of a snapshot's folder: on disk, so that a process killed at any point leaves each file old or new.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes the content of a file into what it is given.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// The files of a snapshot's folder. Paths are below the folder, with `/` between their parts.
pub trait Files: Send + Sync {
    /// A file's content; none when there is no such file.
    ///
    /// # Errors
    /// The file is there and can't be read.
    fn open(&self, path: &str) -> io::Result<Option<Box<dyn Read + '_>>>;

    /// Replaces a file as a whole: afterwards it is what it was, or all that `fill` wrote.
    ///
    /// # Errors
    /// It could not be written; what was there before is as it was.
    fn write(&self, path: &str, fill: Fill<'_>) -> io::Result<()>;

    /// Adds to the end of a file. A process that is killed may leave part of it.
    ///
    /// # Errors
    /// It could not be written; part of it may have been.
    fn append(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file; it is no error when there is none.
    ///
    /// # Errors
    /// It is there and can't be removed.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// The names in a folder, in order, folders with `/` at their end; none when there is no such folder.
    ///
    /// # Errors
    /// The folder can't be read.
    fn names(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The path as the user would write it.
    fn shown(&self, path: &str) -> String;

    /// Keeps other processes from writing the folder for as long as this is alive.
    ///
    /// # Errors
    /// Another process writes it, or the file that says so can't be made.
    fn lock(&self) -> io::Result<()>;

    /// How the files are encrypted, in a word; none when they are not.
    fn encryption(&self) -> Option<Arc<str>> {
        None
    }
}

/// The text of a file, at most this long.
pub(crate) fn whole(files: &dyn Files, path: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(reader) = files.open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it is larger than {} MB", bytes_max >> 20)));
    }
    Ok(Some(bytes))
}

/// A folder on disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Files that are added to stay open.
    open: Mutex<HashMap<String, File>>,
    lock: Mutex<Option<File>>,
}

/// The file that is locked while a process writes the folder.
const LOCK: &str = "lock";

impl Disk {
    /// A folder, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: Mutex::default(), lock: Mutex::default() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn appended(&self) -> MutexGuard<'_, HashMap<String, File>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How files are made: nobody but their owner may read them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

impl Files for Disk {
    fn open(&self, path: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        match File::open(self.at(path)) {
            Ok(file) => Ok(Some(Box::new(BufReader::with_capacity(64 << 10, file)))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, path: &str, fill: Fill<'_>) -> io::Result<()> {
        let target = self.at(path);
        let temporary = self.at(&format!("{path}.part"));
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        self.appended().remove(path);
        let written = (|| {
            let file = private().write(true).truncate(true).open(&temporary)?;
            let mut writer = BufWriter::with_capacity(64 << 10, file);
            fill(&mut writer)?;
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_data()?;
            fs::rename(&temporary, &target)
        })();
        if written.is_err() {
            // It makes room on a full disk; that it can't be removed changes nothing.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn append(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.appended();
        if !open.contains_key(path) {
            let target = self.at(path);
            if let Some(folder) = target.parent() {
                make_folder(folder)?;
            }
            open.insert(path.to_owned(), private().append(true).open(target)?);
        }
        match open.get_mut(path) {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.appended().remove(path);
        match fs::remove_file(self.at(path)) {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.at(folder)) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            // A name that is no text is none of ours.
            let Ok(mut name) = entry.file_name().into_string() else { continue };
            if entry.file_type()?.is_dir() {
                name.push('/');
            }
            names.push(name);
        }
        names.sort();
        Ok(names)
    }

    fn shown(&self, path: &str) -> String {
        self.at(path).display().to_string().replace('\\', "/")
    }

    fn lock(&self) -> io::Result<()> {
        make_folder(&self.folder)?;
        let file = private().write(true).truncate(false).open(self.at(LOCK))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::new(ErrorKind::WouldBlock, "another process is writing it"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }
}
