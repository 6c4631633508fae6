//! Feeds hostile input to the parsers of foreign text: libFuzzer, on the stable compiler.
//!
//! The pass that counts coverage is part of every rustc; only its short name (`-Zsanitizer`) is nightly's.

use crate::workspace::{Workspace, files_below, line, output, run as run_command};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions --cfg fuzzing";

/// What no input may make a parser exceed; a seed or a find that does is kept under fuzz/artifacts.
const LIMITS: [&str; 3] = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=65536"];

/// Runs one target, or all in turn, each for so many seconds. All are run, even where one finds something.
pub fn run(workspace: &Workspace, target: &str, seconds: &str) -> Result<(), String> {
    let seconds: u32 = seconds.parse().map_err(|_| format!("`{seconds}` is not a number of seconds"))?;
    let targets = targets(workspace);
    let wanted: Vec<&String> = targets.iter().filter(|name| target == "all" || target == *name).collect();
    if wanted.is_empty() {
        return Err(format!("`{target}` is not a target: all, {}", targets.join(", ")));
    }
    let host = build(workspace, &wanted)?;
    let found: Vec<String> =
        wanted.iter().filter_map(|name| fuzz(workspace, &host, name, seconds).err()).collect();
    if found.is_empty() {
        println!("fuzz: {} ran {seconds} s each and nothing broke", wanted.len());
        return Ok(());
    }
    Err(found.join("\n"))
}

/// The names of the targets: the files in fuzz/targets.
fn targets(workspace: &Workspace) -> Vec<String> {
    let files = files_below(&workspace.root.join("fuzz/targets"), &[]);
    files.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// Builds the targets and says for which machine. Naming the machine keeps build scripts and macros uninstrumented.
fn build(workspace: &Workspace, targets: &[&String]) -> Result<String, String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let mut command =
        workspace.cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    command.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", target_folder(workspace));
    for target in targets {
        command.args(["--bin", target]);
    }
    run_command(&mut command)?;
    Ok(host)
}

fn target_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fuzz")
}

fn fuzz(workspace: &Workspace, host: &str, target: &str, seconds: u32) -> Result<(), String> {
    let folder = workspace.root.join("fuzz");
    let (corpus, artifacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    println!("\n=== {target}");
    let mut command = Command::new(target_folder(workspace).join(host).join("release").join(target));
    command
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .args(["-verbosity=0", "-print_final_stats=1"]);
    // What is new goes into the first folder, so the committed seeds stay as they are.
    command
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&corpus)
        .arg(folder.join("seeds").join(target));
    let broken = format!("{target}: broken by what is now in {}", workspace.shown(&artifacts));
    if run_quietly(&mut command)? { Ok(()) } else { Err(broken) }
}

/// How the lines begin that are long and for nobody: new functions' addresses, the dictionary it recommends at its end.
const NOISE: [&[u8]; 3] = [b"\"", b"######", b"\tNEW_FUNC"];

/// Runs a fuzzer and shows what it says, without the noise.
fn run_quietly(command: &mut Command) -> Result<bool, String> {
    command.stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", line(command)))?;
    let said = child.stderr.take().map(BufReader::new);
    for line in said.into_iter().flat_map(|said| said.split(b'\n')).map_while(Result::ok) {
        if !NOISE.iter().any(|beginning| line.starts_with(beginning)) {
            eprintln!("{}", String::from_utf8_lossy(&line));
        }
    }
    child.wait().map(|status| status.success()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_built_and_has_seeds() {
        let workspace = Workspace::read().unwrap();
        let manifest = workspace.text("fuzz/Cargo.toml").unwrap();
        let targets = targets(&workspace);
        assert!(!targets.is_empty());
        for target in targets {
            assert!(
                manifest.contains(&format!("path = \"targets/{target}.rs\"")),
                "{target} is not in fuzz/Cargo.toml"
            );
            let seeds = files_below(&workspace.root.join("fuzz/seeds").join(&target), &[]);
            assert!(!seeds.is_empty(), "{target} has no seeds");
        }
    }
}
