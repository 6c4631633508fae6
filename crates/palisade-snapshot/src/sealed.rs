//! Encrypts the files of a folder with a key (XChaCha20-Poly1305), frame by frame, so that they are still written as a stream.
//!
//! A file that is written as a whole is frames of up to 64 KB of which the last says so; what is added later is a frame for
//! each addition. A frame is its sort, the length of what follows, a nonce and the sealed bytes; the path, the sort and the
//! place of the frame are authenticated with it, so that frames can't be swapped, left out or cut off unnoticed.

use crate::age::{self, Identity, Recipient};
use crate::error::SnapshotError;
use crate::files::{Files, Fill, whole};
use crate::redact::{hex, new_key};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A folder of which the files are encrypted. The manifest is not: it says that they are, and when the snapshot was taken.
pub struct Sealed<F> {
    inner: F,
    cipher: XChaCha20Poly1305,
    name: Arc<str>,
    /// Files of which the last addition failed, so that they may end within a frame.
    torn: Mutex<HashSet<String>>,
}

const FRAME_BYTES_MAX: usize = 64 << 10;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// What is added at once: answers of calls, of which each is bounded.
const ADDED_BYTES_MAX: usize = 1 << 30;
const SUFFIX: &str = ".sealed";
/// The file of the key, wrapped for age recipients.
pub(crate) const WRAPPED: &str = "key.age";

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Part = 1,
    Last = 2,
    Added = 3,
}

/// Files that stay as they are.
fn is_plain(path: &str) -> bool {
    path == crate::store::MANIFEST || path == WRAPPED
}

fn derived(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut out = [0; 32];
    // A key of any length will do, so this can't fail.
    if let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) {
        mac.update(purpose.as_bytes());
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    out
}

impl<F: Files> Sealed<F> {
    /// A folder of which the files are encrypted with this key.
    pub fn new(inner: F, key: &[u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&derived(key, "palisade: the files of a snapshot").into());
        let name =
            format!("xchacha20-poly1305 {}", &hex(&derived(key, "palisade: the name of the key"))[..12]);
        Self { inner, cipher, name: name.into(), torn: Mutex::default() }
    }

    /// A folder of which the files are encrypted with a key that lies in it, wrapped for age recipients. A folder that has
    /// none yet gets one for these recipients; one that has is opened with the identities, also to go on writing.
    ///
    /// # Errors
    /// No identity opens the key, or it can't be read or written.
    pub fn with_age(
        inner: F,
        recipients: &[Recipient],
        identities: &[Identity],
    ) -> Result<Self, SnapshotError> {
        let path = inner.shown(WRAPPED);
        let read = whole(&inner, WRAPPED, age::FILE_BYTES_MAX);
        if let Some(bytes) = read.map_err(|source| SnapshotError::Read { path: path.clone(), source })? {
            let key = age::unwrap(&bytes, identities);
            let key = key.map_err(|why| SnapshotError::Key(format!("`{path}` holds the key: {why}")))?;
            return Ok(Self::new(inner, &key));
        }
        if recipients.is_empty() {
            return Err(SnapshotError::Key(format!(
                "`{path}` is missing, and no age recipient is given to make it for"
            )));
        }
        let failed = |source| SnapshotError::Write { path: path.clone(), source };
        let key = new_key().map_err(failed)?;
        let bytes = age::wrap(&key, recipients).map_err(failed)?;
        inner.write(WRAPPED, &mut |to| to.write_all(&bytes)).map_err(failed)?;
        Ok(Self::new(inner, &key))
    }

    fn physical(path: &str) -> String {
        if is_plain(path) { path.to_owned() } else { format!("{path}{SUFFIX}") }
    }

    fn frame(&self, path: &str, sort: Sort, place: u64, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
        let aad = associated(path, sort, place);
        let payload = Payload { msg: bytes, aad: &aad };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| io::Error::other("it could not be encrypted"))?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(sealed.len() + NONCE_BYTES + 5);
        frame.push(sort as u8);
        frame.extend(length.to_be_bytes());
        frame.extend(nonce);
        frame.extend(sealed);
        Ok(frame)
    }

    /// Writes a file anew with what can be read of it.
    fn mend(&self, path: &str) -> io::Result<()> {
        let mut bytes = Vec::new();
        if let Some(mut reader) = self.open(path)? {
            reader.read_to_end(&mut bytes)?;
        }
        // What was cut off is no line.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.write(path, &mut |to| to.write_all(&bytes[..end]))
    }
}

fn associated(path: &str, sort: Sort, place: u64) -> Vec<u8> {
    let mut bytes = path.as_bytes().to_vec();
    bytes.push(0);
    bytes.push(sort as u8);
    bytes.extend(place.to_be_bytes());
    bytes
}

impl<F: Files> Files for Sealed<F> {
    fn open(&self, path: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        let Some(inner) = self.inner.open(&Self::physical(path))? else { return Ok(None) };
        if is_plain(path) {
            return Ok(Some(inner));
        }
        let path = path.to_owned();
        let (plain, at, place) = (Vec::new(), 0, 0);
        Ok(Some(Box::new(Opened { sealed: self, inner, path, plain, at, place, state: State::Start })))
    }

    fn write(&self, path: &str, fill: Fill<'_>) -> io::Result<()> {
        if is_plain(path) {
            return self.inner.write(path, fill);
        }
        let written = self.inner.write(&Self::physical(path), &mut |to| {
            let mut sealing = Sealing { sealed: self, to, path, held: Vec::new(), place: 0 };
            fill(&mut sealing)?;
            let last = std::mem::take(&mut sealing.held);
            let frame = self.frame(path, Sort::Last, sealing.place, &last)?;
            sealing.to.write_all(&frame)
        });
        if written.is_ok() {
            self.torn.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
        written
    }

    fn append(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        if self.torn.lock().unwrap_or_else(PoisonError::into_inner).contains(path) {
            self.mend(path)?;
        }
        let frame = self.frame(path, Sort::Added, 0, bytes)?;
        let added = self.inner.append(&Self::physical(path), &frame);
        if added.is_err() {
            self.torn.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        }
        added
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.inner.remove(&Self::physical(path))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let names = self.inner.names(folder)?.into_iter();
        Ok(names.map(|name| name.strip_suffix(SUFFIX).map(str::to_owned).unwrap_or(name)).collect())
    }

    fn shown(&self, path: &str) -> String {
        self.inner.shown(&Self::physical(path))
    }

    fn lock(&self) -> io::Result<()> {
        self.inner.lock()
    }

    fn encryption(&self) -> Option<Arc<str>> {
        Some(self.name.clone())
    }
}

/// Encrypts what is written, frame by frame.
struct Sealing<'a, F> {
    sealed: &'a Sealed<F>,
    to: &'a mut dyn Write,
    path: &'a str,
    held: Vec<u8>,
    place: u64,
}

impl<F: Files> Write for Sealing<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(FRAME_BYTES_MAX - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        if self.held.len() == FRAME_BYTES_MAX {
            let frame = self.sealed.frame(self.path, Sort::Part, self.place, &self.held)?;
            self.to.write_all(&frame)?;
            self.held.clear();
            self.place += 1;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was read yet.
    Start,
    /// Within what was written as a whole.
    Within,
    /// All that was written as a whole was read: additions may follow.
    After,
    End,
}

/// Decrypts what is read, frame by frame.
struct Opened<'a, F> {
    sealed: &'a Sealed<F>,
    inner: Box<dyn Read + 'a>,
    path: String,
    plain: Vec<u8>,
    at: usize,
    place: u64,
    state: State,
}

/// Reads to the end of `bytes`, or as far as there is something.
fn fill(inner: &mut dyn Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match inner.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(some) => read += some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

impl<F: Files> Opened<'_, F> {
    /// The next frame's bytes into `plain`.
    fn next(&mut self) -> io::Result<()> {
        self.plain.clear();
        self.at = 0;
        let mut head = [0; 5 + NONCE_BYTES];
        let read = fill(self.inner.as_mut(), &mut head)?;
        if read == 0 {
            return self.ended(State::End);
        }
        let [sort, length @ ..] = [head[0], head[1], head[2], head[3], head[4]];
        let length = u32::from_be_bytes(length) as usize;
        let sort = match (sort, self.state) {
            _ if read < head.len() => return self.cut_off(sort == Sort::Added as u8),
            (1, State::Start | State::Within) => Sort::Part,
            (2, State::Start | State::Within) => Sort::Last,
            (3, State::Start | State::After) => Sort::Added,
            _ => return Err(wrong("its frames are not in order")),
        };
        let longest = if sort == Sort::Added { ADDED_BYTES_MAX } else { FRAME_BYTES_MAX + TAG_BYTES };
        if length > longest {
            return Err(wrong("a frame is longer than any of ours"));
        }
        let mut bytes = Vec::new();
        self.inner.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return self.cut_off(sort == Sort::Added);
        }
        let place = if sort == Sort::Added { 0 } else { self.place };
        let aad = associated(&self.path, sort, place);
        let payload = Payload { msg: &bytes, aad: &aad };
        let plain = self.sealed.cipher.decrypt(XNonce::from_slice(&head[5..]), payload);
        self.plain = plain.map_err(|_| wrong("it was encrypted with another key, or changed"))?;
        self.place += 1;
        self.state = if sort == Sort::Part { State::Within } else { State::After };
        Ok(())
    }

    fn ended(&mut self, state: State) -> io::Result<()> {
        if self.state == State::Within {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut off"));
        }
        self.state = state;
        Ok(())
    }

    /// An addition that was cut off is as a line that was: it begins, and has no end.
    fn cut_off(&mut self, is_addition: bool) -> io::Result<()> {
        if !is_addition {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut off"));
        }
        self.state = State::End;
        self.plain = b"?".to_vec();
        Ok(())
    }
}

fn wrong(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl<F: Files> Read for Opened<'_, F> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.state == State::End || to.is_empty() {
                return Ok(0);
            }
            self.next()?;
        }
        let taken = to.len().min(self.plain.len() - self.at);
        to[..taken].copy_from_slice(&self.plain[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}
