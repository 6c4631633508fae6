//! Compares the reader of Terraform with Terraform itself: on calls of its functions and on modules, both generated.
//!
//! The tests of `palisade-read-terraform` do the same with a few of each; here it is said how many, and from which seed.

use crate::tools::terraform;
use crate::workspace::{Workspace, run as run_command};

const USAGE: &str = "usage: cargo xtask oracle terraform [--seed N] [--functions N] [--modules N]\n\n  N calls of each function, and N modules";

/// Runs both comparisons and prints their figures.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), String> {
    let program = terraform()?;
    let (mut seed, mut functions, mut modules) = (1, 100, 2_000);
    for pair in arguments.chunks(2) {
        let &[name, number] = pair else { return Err(USAGE.to_owned()) };
        let wanted = match name {
            "--seed" => &mut seed,
            "--functions" => &mut functions,
            "--modules" => &mut modules,
            _ => return Err(USAGE.to_owned()),
        };
        *wanted = number.parse::<u64>().map_err(|_| format!("`{number}` is not a number\n\n{USAGE}"))?;
    }
    println!("seed {seed}, {functions} calls of each function, {modules} modules; this takes some minutes");
    let mut command = workspace.cargo(&[
        "test",
        "--quiet",
        "--package",
        "palisade-read-terraform",
        "--test",
        "it",
        "--",
        "generated::",
        "--nocapture",
    ]);
    command
        .env("PALISADE_TERRAFORM", program)
        .env("PALISADE_ORACLE_SEED", seed.to_string())
        .env("PALISADE_ORACLE_FUNCTIONS", functions.to_string())
        .env("PALISADE_ORACLE_MODULES", modules.to_string())
        .env("RUST_BACKTRACE", "0");
    run_command(&mut command)
}
