//! Reads CloudTrail records from files and streams into events.
//!
//! What is read: the objects that CloudTrail delivers (`{"Records": […]}`), lists of records, what `lookup-events`
//! answers (`{"Events": [{"CloudTrailEvent": "…"}]}`), a record a line, and records one after another over many lines;
//! each in UTF-8 or, behind its byte order mark, UTF-16, and also compressed with gzip. Lines are read one at a time,
//! so a stream may be of any length. What can't be read is a diagnostic and counts as refused, and the rest is read
//! all the same.
//!
//! [`read_records`] walks over the records without building them and shows what a few fields say; [`read_events`]
//! builds each one.
//!
//! Source: "CloudTrail log file examples", CloudTrail user guide.

mod read;
mod scan;
mod utf16;

pub use read::{Record, Summary, read_events, read_records};
pub use scan::Fields;

#[cfg(test)]
mod tests;
