//! Snapshots judged by the shipped checks: what was hashed on the way gives no other verdict than the secret itself.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod verdicts;
