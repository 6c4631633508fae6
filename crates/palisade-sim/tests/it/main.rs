//! What the simulator makes, held against Palisade's own readers.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod api;
mod collect;
mod detections;
#[path = "../../examples/drive/mod.rs"]
mod drive;
mod estate;
mod flaws;
mod trail;
