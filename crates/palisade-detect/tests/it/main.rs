//! Rules as they are out there: the shipped pages with their examples, and the community's.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its input fails")]

mod community;
mod pages;
