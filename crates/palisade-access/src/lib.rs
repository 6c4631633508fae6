//! Questions over a whole organisation: who can do something to a resource, what somebody can do, what the world can do.
//!
//! Principals are put into classes that no policy tells apart, and `palisade-iam` decides for one of each. Where a
//! request leaves open what decides, `palisade-prove` looks for a context in which it is allowed, and the engine
//! confirms it. What the estate lacks is told with its reason, and never taken for a no.

mod answer;
mod ask;
mod can;
mod exposure;
mod guardrail;
mod index;
mod invariant;
mod outside;
mod phrase;
mod who;

pub use answer::{Grant, Group, Who, WhoCan, Witness};
pub use ask::{Found, Side, ask, question};
pub use can::{ByService, Can, Permission, Reach, can};
pub use exposure::{Exposed, Exposure, Outside, exposed, level};
pub use guardrail::{Breach, Chain, Standing, Verdict, guardrail, names_an_action};
pub use index::Organisation;
pub use invariant::{By, Invariant, Wrong};
pub use phrase::phrases;
pub use who::{Wanted, ways_in, who_can};
