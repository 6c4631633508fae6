//! Questions over estates.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod algebra;
mod brute;
mod conformance;
mod questions;
mod world;
