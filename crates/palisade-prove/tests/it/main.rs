//! Questions about policies, answered, attacked with random requests, and asked of AWS's own policies.

mod attacked;
mod corpora;
mod questions;
