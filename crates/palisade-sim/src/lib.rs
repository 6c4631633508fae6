//! The organisation of a streaming company, from a seed: its estate, its Terraform, weeks of its CloudTrail with what
//! people, pipelines and services do in it, planted flaws and attacks, the truth about them, and its APIs.
//!
//! Everything follows from the seed: no clock, no files, no randomness of the machine.

pub mod api;
mod build;
mod clock;
mod company;
mod control;
mod directory;
mod live;
mod organisation;
mod plant;
mod random;
mod terraform;
pub mod thing;
mod trail;
mod truth;
mod undeclared;

pub use clock::{DAY, HOUR, Moment};
pub use organisation::{
    Account, ControlPolicy, ControlPolicyKind, Flaw, Group, Organisation, PermissionSet, Person, Purpose,
    Size, Unit,
};
pub use random::Random;
pub use trail::{Attack, Campaign, Deliver, Occurrence, Span, Trail, write_ndjson};
pub use truth::truth;
