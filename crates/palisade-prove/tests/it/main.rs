//! Questions about policies, answered, attacked with random requests, and asked of AWS's own policies.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod attacked;
mod corpora;
mod questions;
mod random;
