//! Sends calls to AWS: credentials and signing from the official crates, HTTP. The only crate that opens sockets.
//!
//! [`Client::attempt`] makes one attempt at one page of one call and says what came of it; when to try again is for
//! who asks. [`Client::call`] tries again by itself and reads all pages, for single calls. Which account signs is the
//! call's own: the caller's, or one that is entered through a role, as [`Access`] says.
//!
//! A caller without an async runtime of its own takes [`Runtime`], and [`Flights`] for many calls at once.

mod answer;
mod client;
mod clock;
mod identity;
mod runtime;
mod sessions;
mod settings;
mod sign;
mod transport;

pub use answer::Answer;
pub use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
pub use client::Client;
pub use identity::{Access, AccessError, Hub, Identity, Role};
pub use runtime::{Flights, Runtime};
pub use settings::{SetUpError, Settings};
pub use sign::{Signer, signed};
