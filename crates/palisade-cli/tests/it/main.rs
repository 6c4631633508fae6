//! The `palisade` binary, run as its users run it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod bad_input;
mod content;
mod corpora;
mod detect;
mod endings;
mod fingerprints;
mod folder;
mod formats;
mod hostile_pages;
mod outside;
mod shell;
