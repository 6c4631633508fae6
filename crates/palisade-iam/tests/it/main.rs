//! The integration tests of the engine: corpora, every row of the checklist, hostile input.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod allocations;
mod conformance;
mod explanations;
mod hostile;
mod iamspy;
mod rows;
mod who_can;
