//! Runs a check's Rego over a subject and says *fails*, *passes* or *unknown*.
//!
//! A verdict of *fails* or *passes* holds for every value the unknown parts of the input could take. The engine
//! evaluates Rego itself, three-valued, over regorus's syntax tree, values and built-in functions: a value that
//! is not known is carried along, and whatever is concluded from it stays open. No rule author can forget it.
//! Plain regorus is the oracle in tests (every way of filling in the unknowns of small inputs must agree), and
//! evaluates the few constructs this engine does not follow (`with`, …) where nothing is unknown.
//!
//! The engine is pure: no files, network, clock, randomness. Its budget counts steps, not seconds.

mod fact;
mod input;
mod rego;

pub use fact::{Fact, Picked};
pub use input::Input;
pub use rego::{Mutant, Policy, RuleText, compile, mutants};
#[doc(hidden)]
pub use rego::{PlainRegorus, plain_regorus};

use palisade_model::{Path, Unknown, Verdict};
use serde::{Deserialize, Serialize};

/// How many steps of evaluation one judgement may take before it is given up as unknown.
pub const STEP_BUDGET: u64 = 2_000_000;

/// What a rule says of one subject.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// The faults that are there whatever the unknown values are.
    pub failures: Vec<Failure>,
    /// The faults that may be there: it depends on what is unknown.
    pub open: Vec<Open>,
    /// Why the rule could not be evaluated to its end, if it couldn't.
    pub problem: Option<String>,
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the rule says; none where it only says that it fails.
    pub message: Option<String>,
    /// Tells this fault from others of the same rule on the same subject.
    pub key: String,
    /// What the rule read to come to it, in the order it was read.
    pub evidence: Vec<Path>,
}

/// A fault that may be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What the rule would say, where that is known.
    pub message: Option<String>,
    /// What it depends on.
    pub because: Vec<(Path, Unknown)>,
    /// What the rule read to come so far.
    pub evidence: Vec<Path>,
}

impl Judgement {
    /// The verdict it amounts to.
    pub fn verdict(&self) -> Verdict {
        if !self.failures.is_empty() {
            Verdict::Fails
        } else if !self.open.is_empty() || self.problem.is_some() {
            Verdict::Unknown
        } else {
            Verdict::Passes
        }
    }
}
