//! Compares the authorisation engine with its reference on generated questions, and fails on a difference.

use crate::workspace::{Workspace, run as run_command};

/// Asks both so many questions, optimised: a hundred thousand take seconds, ten million a quarter of an hour.
pub fn run(workspace: &Workspace, count: &str) -> Result<(), String> {
    let _: u64 = count.parse().map_err(|_| format!("`{count}` is not a number of questions"))?;
    let example =
        ["run", "--release", "--package", "palisade-iam-reference", "--example", "differential", "--"];
    run_command(workspace.cargo(&example).arg(count))
}
