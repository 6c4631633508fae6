//! Collects a cloud as pure steps: which call next, what an answer means, what could not be read.
//!
//! A [`Collector`] has no clock, no files, no network and no threads. Whoever drives it asks what to do ([`Step`]), does
//! that, and says what came of it:
//!
//! ```text
//! let mut collector = Collector::new(plan, Options::default());
//! loop {
//!     match collector.next(now()) {
//!         Step::Event(event) => keep(event),
//!         Step::Call(id, ask) => start(id, ask),           // and later: collector.answered(now(), id, result)
//!         Step::Refresh(account) => sign_in(account),      // and later: collector.refreshed(now(), account, result)
//!         Step::Wait(until) => wait_for_an_answer_or(until),
//!         Step::Blocked => wait_for_an_answer(),
//!         Step::Done => break,
//!     }
//! }
//! ```
//!
//! What is collected is said by the `collect` blocks of the kinds ([`Plan`]). Everything that could not be read stands in
//! the cells of the ledger, with the call, the reason and the permission that was missing.

mod arn;
mod calls;
mod cell;
mod collector;
mod document;
mod options;
mod organisation;
mod permission;
mod plan;
mod progress;
mod regions;
mod role;
mod run;
mod time;

pub use calls::CallId;
pub use collector::{Collector, Event, Step, UNKNOWN_ACCOUNT};
pub use options::Options;
pub use permission::actions;
pub use plan::{Accounts, Plan};
pub use progress::Progress;
pub use role::{Permissions, Role, permissions};

#[cfg(test)]
mod tests;
