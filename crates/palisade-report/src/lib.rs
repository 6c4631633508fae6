//! Turns findings into text, JSON, SARIF, JUnit XML, GitHub annotations, OCSF and HTML.
//!
//! [`Report`] is what a scan has to say, [`Detections`] what was found in logs. [`text`] tells it to the engineer on call,
//! [`json`] and [`ndjson`] to scripts, [`sarif`] to code scanning, [`junit`] to test reports, [`github`] to a workflow's run,
//! [`ocsf`] to security lakes, [`html`] to a browser. Each writes as it goes, so that a million findings need no memory of
//! their own, and none opens a file: the lines that are quoted come from the [`Sources`] it is given.

mod alike;
mod causes;
mod collected;
mod detections;
mod faults;
mod github;
mod html;
mod json;
mod junit;
mod machine;
mod neutral;
mod ocsf;
mod pipeline;
mod prose;
mod quote;
mod report;
mod sarif;
mod sentences;
mod text;

pub use collected::{Cells, Collected, Unread};
pub use detections::{DetectionSummary, Detections};
pub use github::github;
pub use html::{HtmlOptions, html, html_detections};
pub use json::{json, ndjson};
pub use junit::junit;
pub use neutral::neutral;
pub use ocsf::{OcsfOptions, ocsf, ocsf_detections};
pub use report::{ComparedWith, Comparison, Counts, Coverage, PageSummary, Report, Tally};
pub use sarif::{SarifOptions, sarif};
pub use text::{Explain, TextOptions, collected, diagnostics, text};

/// Gives the text of a file by the path that spans name it by; none where it can't be had any more.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<std::sync::Arc<str>>;
