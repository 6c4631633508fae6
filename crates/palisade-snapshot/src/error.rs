//! Why a snapshot can't be written or read at all.

use std::io;
use thiserror::Error;

/// Why a snapshot can't be written or read at all. What is wrong with parts of it is a diagnostic.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Another process writes it.
    #[error("`{path}` is being written by another process: wait for it, or give another folder")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// A file could not be written.
    #[error(
        "failed to write `{path}`: what was sealed before is kept, and the same command goes on from there"
    )]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("failed to read `{path}`")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is no manifest.
    #[error("`{path}` is missing: this is no snapshot")]
    NoSnapshot {
        /// Where the manifest would be.
        path: String,
    },
    /// The manifest says nothing that can be understood.
    #[error("`{path}` is no manifest of a snapshot: {message}")]
    Manifest {
        /// The manifest.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// It was written by a later version.
    #[error("`{path}` has format {format}, and this version reads up to {known}: a newer palisade reads it")]
    Format {
        /// The manifest.
        path: String,
        /// Its format.
        format: u64,
        /// The last format that is known.
        known: u32,
    },
    /// The key that is needed was not given, or it is another one.
    #[error("{0}")]
    Key(String),
}
