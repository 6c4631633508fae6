//! What a guide shows is what happens.

use crate::folder::{Folder, output};
use std::process::Command;

const GATE: &str = include_str!("../../../../docs/guides/gate-a-repository.md");

/// Runs the commands of a guide, one block after the other in one folder, and looks for what it shows of their output.
fn follow(guide: &str) {
    let folder = Folder::new(&[]);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_palisade"));
    let paths = [program.parent().unwrap().to_path_buf()];
    let known = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(paths.into_iter().chain(std::env::split_paths(&known))).unwrap();
    let mut script = String::new();
    let mut said = None;
    for block in guide.split("\n```").collect::<Vec<_>>().chunks(2).filter_map(|pair| pair.get(1)) {
        let (language, text) = block.split_once('\n').unwrap();
        match (language, said.take()) {
            ("sh", _) => {
                let mut command = Command::new("sh");
                command.args(["-ec", &format!("{script}\necho BEGIN\n{text}")]).current_dir(folder.path(""));
                command.env("PATH", &path).env("COLUMNS", "100").env_remove("NO_COLOR");
                command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
                for name in
                    ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"]
                {
                    command.env(name, "somebody");
                }
                let output = output(command, "");
                assert_eq!(output.code, Some(0), "{text}\n{}", output.said());
                let now = output.stdout.rsplit("BEGIN\n").next().unwrap_or_default().to_owned();
                said = Some(format!("{now}{}", output.stderr));
                let folders = text.lines().filter(|line| line.starts_with("cd "));
                folders.for_each(|line| script += &format!("{line}\n"));
            }
            ("text", Some(said)) => {
                for line in text.lines().filter(|line| *line != "…") {
                    assert!(said.contains(line.trim()), "“{line}” is not in\n{said}");
                }
            }
            _ => {}
        }
    }
}

#[cfg(unix)]
#[test]
fn gate_a_repository() {
    follow(GATE);
}
