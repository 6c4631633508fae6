//! Live accounts and snapshots of them: `palisade collect`, `palisade role`, `palisade diff`, and what `palisade scan --aws` reads.

pub mod arguments;
pub mod collect;
pub mod diff;
pub mod role;
