//! Turns findings into text, JSON, SARIF, JUnit XML and GitHub annotations.
//!
//! [`Report`] is what a scan has to say. [`text`] tells it to the engineer on call, [`json`] and [`ndjson`] to scripts,
//! [`sarif`] to code scanning, [`junit`] to test reports, [`github`] to a workflow's run. Each writes as it goes, so that a million findings need no memory of their own, and none
//! opens a file: the lines that [`text`] quotes come from the [`Sources`] it is given.

mod alike;
mod causes;
mod faults;
mod github;
mod json;
mod junit;
mod machine;
mod neutral;
mod pipeline;
mod prose;
mod quote;
mod report;
mod sarif;
mod sentences;
mod text;

pub use github::github;
pub use json::{json, ndjson};
pub use junit::junit;
pub use neutral::neutral;
pub use report::{Counts, Coverage, PageSummary, Report, Tally};
pub use sarif::{SarifOptions, sarif};
pub use text::{Explain, TextOptions, diagnostics, text};

/// Gives the text of a file by the path that spans name it by; none where it can't be had any more.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<std::sync::Arc<str>>;
