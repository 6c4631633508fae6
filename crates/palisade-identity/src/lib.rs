//! The identities of an estate: from what was read of accounts and their organisation to the questions that the IAM
//! engine answers, and the comparison of its answers with what a trail recorded.
//!
//! [`Identities`] holds the policies of an [`Estate`](palisade_model::Estate), compiled. [`Identities::question`] puts
//! those together that apply to one request. What the estate does not hold (a resource whose policy was not read, an
//! account outside) is unknown with its reason, never silently absent. [`Replay`] asks about every event of a trail.

mod asked;
mod attribute;
mod call;
mod event;
mod identities;
mod organisation;
mod people;
mod recorded;
mod replay;
mod resource;
mod settle;

pub use asked::Asked;
pub use call::{Mapped, calls};
pub use event::{Event, NotAsked, read_event};
pub use identities::{Gather, Identities, Identity, Owned};
pub use people::{Holder, People, Use};
pub use recorded::{Because, Recorded};
pub use replay::{Agreement, Disagreement, Replay, Tally};

#[cfg(test)]
mod tests;
