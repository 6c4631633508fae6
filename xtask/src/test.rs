//! Runs everything that must hold, whatever fails on the way, and says at the end what did.

use crate::tools::{self, Tools};
use crate::workspace::{Profile, Workspace, run as run_command};
use crate::{generate, moto, prove, sigma, tidy};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

type Step = fn(&Workspace, &mut Report) -> Result<(), String>;

/// The steps in the order of how soon they tell.
const STEPS: [(&str, Step); 8] = [
    ("format", |workspace, _| {
        run_command(&mut workspace.cargo(&["fmt", "--all", "--check", "--", "--files-with-diff"]))
    }),
    ("tidy", |workspace, _| tidy::run(workspace)),
    ("lints", |workspace, _| {
        run_command(&mut workspace.cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("tests", tests),
    ("generated", |workspace, _| generate::check_beside_tests(workspace)),
    ("mutants", |workspace, _| {
        run_command(Command::new(workspace.palisade(Profile::Tests)?).args(["content", "mutate"]))
    }),
    ("oracle", |workspace, report| match sigma::is_built(workspace) {
        true => sigma::run(workspace, Some("5000"), None),
        // It takes some minutes to build, cold, and changes nothing that ships.
        false => {
            println!("SKIPPED comparing with rsigma-eval (build it once with `cargo xtask oracle sigma`)");
            report.skipped += 1;
            Ok(())
        }
    }),
    ("prover", |workspace, report| match prove::solver(workspace) {
        Ok(solver) => prove::sample(workspace, &solver),
        Err(reason) => {
            println!("SKIPPED comparing the prover with cvc5 (it can't be had: {reason})");
            report.skipped += 1;
            Ok(())
        }
    }),
];

/// What was run and how it went.
#[derive(Default)]
struct Report {
    passed: u64,
    failed: u64,
    skipped: u64,
    failures: Vec<String>,
}

/// Runs the named steps, or all of them.
pub fn run(workspace: &Workspace, wanted: &[&str]) -> Result<(), String> {
    let unknown = wanted.iter().find(|name| !STEPS.iter().any(|(step, _)| step == *name));
    if let Some(name) = unknown {
        let names: Vec<&str> = STEPS.iter().map(|(step, _)| *step).collect();
        return Err(format!("`{name}` is not a step: {}", names.join(", ")));
    }
    let mut report = Report::default();
    for (name, step) in STEPS.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)) {
        println!("\n=== {name}");
        let done = step(workspace, &mut report);
        report.count_step(name, done);
    }
    report.close()
}

impl Report {
    fn count_step(&mut self, name: &str, done: Result<(), String>) {
        match done {
            Ok(()) => self.passed += 1,
            Err(message) => {
                eprintln!("{message}");
                self.failed += 1;
                let first = message.lines().next().unwrap_or_default();
                self.failures.push(format!("{name}: {first}"));
            }
        }
    }

    /// Reads a line of a test binary's report: one test, or the counts of all of the binary's.
    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failures.push(format!("test {name}"));
        }
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in counts.split(['.', ';']) {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.skipped += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    fn close(self) -> Result<(), String> {
        println!();
        for failure in &self.failures {
            println!("FAILED {failure}");
        }
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        println!("{} passed, {} failed{skipped}", self.passed, self.failed);
        if self.failed == 0 { Ok(()) } else { Err("not all is well".to_owned()) }
    }
}

fn tests(workspace: &Workspace, report: &mut Report) -> Result<(), String> {
    let mut tools = tools::fetch(workspace);
    let moto = moto::for_tests(workspace, &mut tools);
    let Tools { environment, missing } = tools;
    for what in &missing {
        println!("SKIPPED {what}");
        report.skipped += 1;
    }
    let mut command = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.envs(environment).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cargo test: {error}"))?;
    let output = child.stdout.take().map(BufReader::new);
    for line in output.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        println!("{line}");
        report.read(&line);
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    drop(moto);
    if status.success() { Ok(()) } else { Err(format!("`cargo test` failed: {status}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, counts: (u64, u64, u64), failures: &[&str]) {
        let mut report = Report::default();
        lines.lines().for_each(|line| report.read(line));
        assert_eq!((report.passed, report.failed, report.skipped), counts, "{lines}");
        assert_eq!(report.failures, failures, "{lines}");
    }

    #[test]
    fn the_reports_of_all_binaries_are_added_up() {
        let ok =
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        check(ok, (3, 0, 0), &[]);
        check(&format!("{ok}\n{ok}"), (6, 0, 0), &[]);
        check("test a::b ... ok\ntest result: ok. 0 passed; 0 failed; 2 ignored;", (0, 0, 2), &[]);
        check(
            "test a::b ... FAILED\ntest result: FAILED. 1 passed; 1 failed; 0 ignored;",
            (1, 1, 0),
            &["test a::b"],
        );
        check("running 3 tests\n", (0, 0, 0), &[]);
    }

    #[test]
    fn a_failure_makes_the_whole_fail() {
        let mut report = Report::default();
        report.count_step("tidy", Ok(()));
        assert_eq!((report.passed, report.failed), (1, 0));
        report.count_step("lints", Err("`cargo clippy` failed\nmore".to_owned()));
        assert_eq!(
            (report.passed, report.failed, report.failures.clone()),
            (1, 1, vec!["lints: `cargo clippy` failed".to_owned()])
        );
        assert!(report.close().is_err());
    }
}
