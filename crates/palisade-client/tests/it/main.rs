//! The integration tests of the client: against a server that misbehaves, against moto, and signatures against botocore.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test takes for granted")]

mod environment;
mod fake;
mod misbehaving;
mod moto;
mod signature;
