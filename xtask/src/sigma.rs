//! Compares our Sigma engine with another one, rsigma-eval, which is built in a workspace of its own.

use crate::workspace::{Workspace, run as run_command};
use std::path::PathBuf;
use std::process::Command;

/// How many rules are made of a seed, unless told.
const RULES: &str = "30000";
const SEED: &str = "1";

/// Was the oracle built before? Then little of it is built again.
pub fn is_built(workspace: &Workspace) -> bool {
    program(workspace).is_file()
}

fn program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("oracles/debug/palisade-oracle-sigma")
}

/// Builds the oracle and lets it compare; a difference that is not explained fails.
pub fn run(workspace: &Workspace, rules: Option<&str>, seed: Option<&str>) -> Result<(), String> {
    for number in rules.iter().chain(&seed) {
        number.parse::<u64>().map_err(|_| format!("`{number}` is not a number"))?;
    }
    let target = workspace.target.join("oracles");
    let mut build = workspace.cargo(&["build", "--quiet", "--manifest-path", "oracles/sigma/Cargo.toml"]);
    run_command(build.env("CARGO_TARGET_DIR", &target))?;
    let mut compare = Command::new(program(workspace));
    compare.arg(&workspace.root).arg(rules.unwrap_or(RULES)).arg(seed.unwrap_or(SEED));
    run_command(&mut compare)
}
