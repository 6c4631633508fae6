//! The AWS authorisation rules a second time: slow, obvious, laid out in the order of the AWS documentation, each rule
//! with its page. Only tests use it, to be compared with `palisade-iam`, of which it shares no code.
//!
//! It reads a case as `palisade-iam/CASES.md` describes it, in `Strict` mode, for one resource (not a set of them), and
//! answers from the JSON as it stands: nothing is compiled, cached or shared between questions.
//!
//! Pages are named in short: `logic` stands for `IAM/latest/UserGuide/reference_policies_evaluation-logic…`, and so on;
//! [`PAGES`] spells them out. The rules are in `decide` (the order of evaluation), `principal`, `element`, `condition` and
//! `context` (what statements say), `s3` and `kms` (services with rules of their own) and `grants` (permissions that are
//! no policies). `tables` are the tables of the pages. `case` reads a case, `values` the texts of numbers, dates and
//! addresses: they hold no rules.

mod case;
mod condition;
mod context;
mod decide;
mod element;
pub mod generate;
mod grants;
mod kms;
mod pages;
mod principal;
mod s3;
mod tables;
mod tri;
mod values;

#[cfg(test)]
mod tests;

pub use decide::decide;
pub use pages::PAGES;
pub use tri::Tri;

/// The answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What AWS answers.
    pub decision: Decision,
    /// Whether some policy denies it in so many words.
    pub denied: Tri,
}

/// What AWS answers to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes through.
    Allowed,
    /// Nothing that has to allow it does.
    ImplicitlyDenied,
    /// A policy denies it.
    ExplicitlyDenied,
    /// It depends on what was not told, or on what AWS's pages do not say.
    Unknown,
}
