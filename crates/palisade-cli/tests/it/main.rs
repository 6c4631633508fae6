//! The `palisade` binary, run as its users run it.

mod bad_input;
mod content;
mod corpora;
mod endings;
mod fingerprints;
mod folder;
mod formats;
mod hostile_pages;
mod shell;
