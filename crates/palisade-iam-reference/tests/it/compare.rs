//! The engine beside the reference, case by case.

use palisade_iam::{Case, Outcome};
use palisade_iam_reference::{Decision, Tri, decide, generate};
use serde_json::Value;
use std::sync::Arc;

/// How the engine's answer to a case stands to the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The same.
    Same,
    /// The engine decides what the reference leaves open.
    Firmer,
    /// Another answer, or the engine leaves open what the reference decides.
    Differs,
}

/// Asks both.
pub fn compare(seed: u64) -> (Compared, Value, String) {
    let case = generate::case(seed);
    let file: Arc<str> = "generated".into();
    let engine = match Case::parse(&case.to_string(), &file, 1) {
        Ok(parsed) => parsed.answer().outcome,
        Err(problems) => {
            return (Compared::Differs, case, format!("the engine refuses the case: {problems:?}"));
        }
    };
    let (reference, denied) = match decide(&case) {
        Ok(answer) => (answer.decision, answer.denied),
        Err(problem) => {
            return (Compared::Differs, case, format!("the reference refuses the case: {problem}"));
        }
    };
    let same = matches!(
        (engine, reference),
        (Outcome::Allowed, Decision::Allowed)
            | (Outcome::ImplicitlyDenied, Decision::ImplicitlyDenied)
            | (Outcome::ExplicitlyDenied, Decision::ExplicitlyDenied)
            | (Outcome::Unknown, Decision::Unknown)
    );
    let compared = match reference {
        _ if same => Compared::Same,
        Decision::Unknown => Compared::Firmer,
        // It is denied either way; whether in so many words, the reference leaves open.
        Decision::ImplicitlyDenied if engine == Outcome::ExplicitlyDenied && denied == Tri::Open => {
            Compared::Firmer
        }
        _ => Compared::Differs,
    };
    (compared, case, format!("engine {engine:?}, reference {reference:?}"))
}
