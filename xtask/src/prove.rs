//! Compares the prover with another solver, cvc5, on pairs of policies.

use crate::tools::python_package;
use crate::workspace::{Workspace, on_path, run as run_command};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// From the Python package index.
const CVC5: &str = "cvc5==1.4.2";
/// How many milliseconds cvc5 has for one problem: where many are asked about, and where few are.
const LIMITS: [&str; 2] = ["5000", "1000"];
/// How many pairs are compared, unless told.
const PAIRS: &str = "10000";
/// As many as fit into everything that CI runs.
const SAMPLE: &str = "200";
/// From so many pairs on it pays to build with optimisation.
const MANY: u64 = 1_000;

const USAGE: &str = "usage: cargo xtask oracle prove [--pairs N] [--seed N] [--managed FOLDER]";

/// Writes the pairs as problems, puts them to cvc5 and fails on an answer that differs.
///
/// The pairs are made of a seed, or are those of a folder of policies, such as AWS's own.
pub fn run(workspace: &Workspace, options: &[&str]) -> Result<(), String> {
    let (mut pairs, mut passed) = (PAIRS, Vec::new());
    for option in options.chunks(2) {
        match option {
            ["--pairs", number] => pairs = number,
            ["--seed", _] | ["--managed", _] => passed.extend_from_slice(option),
            _ => return Err(USAGE.to_owned()),
        }
    }
    compare(workspace, &solver(workspace)?, pairs, &passed)
}

/// Compares a few pairs that are made of a seed.
pub fn sample(workspace: &Workspace, solver: &PathBuf) -> Result<(), String> {
    compare(workspace, solver, SAMPLE, &[])
}

/// Where cvc5 is, fetched when it is not there yet; or why it can't be had.
pub fn solver(workspace: &Workspace) -> Result<PathBuf, String> {
    python_package(&workspace.target.join("tools/cvc5"), CVC5)
}

fn compare(workspace: &Workspace, solver: &PathBuf, pairs: &str, options: &[&str]) -> Result<(), String> {
    let number: u64 = pairs.parse().map_err(|_| format!("`{pairs}` is not a number of pairs"))?;
    let python = on_path("python3").ok_or("`python3` is not on the PATH")?;
    let (profile, limit): (&[&str], &str) =
        if number >= MANY { (&["--release"], LIMITS[0]) } else { (&[], LIMITS[1]) };
    let example = ["run", "--quiet", "--package", "palisade-prove", "--example", "smtlib"];
    let mut write = workspace.cargo(&[&example, profile, &["--", "--pairs", pairs]].concat());
    let mut writing = write
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the problems could not be written: {error}"))?;
    let problems = writing.stdout.take().ok_or("the problems could not be read")?;
    let mut answer = Command::new(python);
    answer.arg(workspace.root.join("oracles/prove/answers.py")).arg(limit);
    let compared = run_command(answer.env("PYTHONPATH", solver).stdin(problems));
    let written = writing.wait().map_err(|error| format!("the problems could not be written: {error}"))?;
    compared?;
    if written.success() { Ok(()) } else { Err(format!("writing the problems failed: {written}")) }
}
