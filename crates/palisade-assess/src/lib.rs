//! An estate and content become findings: the library that others embed.
//!
//! [`gather`] reads what lies on disk, [`assess`](fn@assess) judges it, [`run_examples`] and [`mutate`] hold the pages to what they
//! claim. What a page that does not ship with Palisade says is worked out by [`Outside`], in a process with limits.

mod assess;
mod baseline;
mod comments;
mod detect;
mod estate_text;
mod examples;
mod gather;
mod judge;
mod live_text;
mod openness;
mod outline;
mod pattern;
mod subjects;
mod suppress;

pub use assess::{Assessment, Options, assess};
pub use baseline::{Baseline, Compared};
pub use detect::{DetectOptions, Detected, detect};
pub use estate_text::read_estate;
pub use examples::{ExampleOutcome, Survivor, mutate, run_examples};
pub use gather::{GatherOptions, Gathered, gather, gather_files};
pub use judge::{MutantJudgements, Outside, Request, Response, Within, answer};
pub use openness::FACTS;
pub use palisade_kinds::resolve;
pub use pattern::matches;
pub use suppress::{Accepted, Declarations, SuppressOptions, suppress};
