//! The chores of the repository: `cargo xtask test | tidy | generate | bench | fuzz`.

mod bench;
mod differential;
mod fuzz;
mod generate;
mod models;
mod moto;
mod oracle;
mod prove;
mod services;
mod sigma;
mod terraform;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask CHORE

  test [STEP…]                 everything CI runs: format, tidy, lints, tests, generated, mutants
  tools                        fetches what some tests compare with, and prints the variables that name it
  moto                         starts moto, which pretends to be AWS, and prints the variable that names it
  tidy                         what no compiler checks: edges between crates, purity, invariants, small rules
  generate [--check]           writes what is derived: GLOSSARY.md and docs/reference
  bench [--build]              times and memory, each beside a limit or a peer of the same run
  services                     writes anew what AWS services are to IAM, from two public packages
  models                       writes anew what AWS's operations look like, from botocore's models
  oracle sigma [RULES [SEED]]  asks others the same as our engines: rsigma-eval on rules made of a seed
  oracle prove [--pairs N] [--seed N] [--managed FOLDER]
                               asks cvc5 what the prover answers about pairs of policies, generated or of a folder
  oracle terraform [--seed N] [--functions N] [--modules N]
                               generated calls and modules through Terraform itself, and how many come out the same
  differential [N]             asks the authorisation engine and the reference N (10,000,000) generated questions
  fuzz TARGET|all [--seconds N]
                               feeds hostile input to one parser, or to each in turn (60 seconds unless told)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = Workspace::read().and_then(|workspace| match arguments.split_first() {
        Some((&"test", steps)) => test::run(&workspace, steps),
        Some((&"tools", [])) => tools::print(&workspace),
        Some((&"moto", [])) => moto::run(&workspace),
        Some((&"tidy", [])) => tidy::run(&workspace),
        Some((&"generate", [])) => generate::write(&workspace),
        Some((&"generate", ["--check"])) => generate::check(&workspace),
        Some((&"bench", [])) => bench::run(&workspace, false),
        Some((&"bench", ["--build"])) => bench::run(&workspace, true),
        Some((&"services", [])) => services::write(&workspace),
        Some((&"models", [])) => models::write(&workspace),
        Some((&"oracle", ["terraform", options @ ..])) => terraform::run(&workspace, options),
        Some((&"oracle", ["prove", options @ ..])) => prove::run(&workspace, options),
        Some((&"oracle", [subject, arguments @ ..])) => oracle::run(&workspace, subject, arguments),
        Some((&"differential", [])) => differential::run(&workspace, "10000000"),
        Some((&"differential", [count])) => differential::run(&workspace, count),
        Some((&"fuzz", [target])) => fuzz::run(&workspace, target, "60"),
        Some((&"fuzz", [target, "--seconds", seconds])) => fuzz::run(&workspace, target, seconds),
        _ => Err(USAGE.to_owned()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
