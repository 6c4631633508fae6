//! The codecs of the service's side and those of the client's, held against each other.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod codecs;
mod served;
mod shapes;
