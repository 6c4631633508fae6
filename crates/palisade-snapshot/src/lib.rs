//! What was read of a cloud at one time, on disk: records, the coverage ledger and the manifest.
//!
//! A snapshot says of each cell (an account, a region, a kind) what was read, what was not and why; nothing that could
//! not be read is silently absent. docs/reference/snapshot.md describes the files. [`Store`] writes a snapshot so that a
//! run killed at any point is gone on with; [`load`] makes raw resources of one, and says how completely each kind was
//! listed.

mod age;
mod classify;
mod compare;
mod config;
mod diff;
mod document;
mod error;
mod files;
mod journal;
mod ledger;
mod lines;
mod load;
mod manifest;
mod memory;
mod purge;
mod record;
mod redact;
mod sealed;
mod store;
mod who;

pub use age::{Identity, Recipient};
pub use compare::Difference;
pub use config::{ConfigRead, is_config, read_config};
pub use diff::{Change, Changes, NotCompared, Side, What, diff};
pub use document::Expect;
pub use error::SnapshotError;
pub use files::{Disk, Files, Fill};
pub use journal::{Answer, For, JournalEntry};
pub use ledger::{Cell, CellKey, Gap, State};
pub use load::{Expected, Loaded, load, read, records_of};
pub use manifest::{FORMAT, Manifest, Secrets};
pub use memory::Memory;
pub use purge::{Purged, purge};
pub use record::{Asked, Part, Record};
pub use redact::{Redactor, hex, new_key, parse_key};
pub use sealed::Sealed;
pub use store::{Resumed, Store, packed, parameters_hash};
pub use who::{Doer, who};

#[cfg(test)]
mod tests;
