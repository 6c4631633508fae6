//! The simulated organisation behind HTTP: the six protocols of AWS, decoded and encoded from the same models.
//!
//! For tests and benchmarks: nothing that ships links it. [`codec`] is the reverse of what `palisade-aws` does, written
//! without it, so that each holds the other; [`Server`] answers on a socket. Signatures are not verified, but their form
//! is looked at, and they say which account, region and service is meant.

pub mod codec;
mod http;
mod route;
mod server;

pub use http::Request;
pub use route::{Asked, Caller, Problem, caller, decode};
pub use server::{Reply, Server, answer};
