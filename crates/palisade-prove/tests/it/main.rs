//! Questions about policies, answered, attacked with random requests, and asked of AWS's own policies.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod algebra;
mod attacked;
mod corpora;
mod hostile;
mod questions;
mod random;
