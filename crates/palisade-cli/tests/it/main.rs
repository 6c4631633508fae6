//! The `palisade` binary, run as its users run it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod attacks;
mod bad_input;
mod baseline;
mod content;
mod corpora;
mod detect;
mod detect_bad_input;
mod diff;
mod endings;
mod fingerprints;
mod folder;
mod formats;
mod guides;
mod hostile_pages;
mod iam;
mod iam_check;
mod iam_who;
mod live;
mod outside;
mod prove;
mod readme;
mod shell;
mod suppress;
