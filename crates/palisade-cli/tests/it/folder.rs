//! A folder of files of its own, and the program run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A volume that is not encrypted: a fault of medium severity.
pub const FAILS: (&str, &str) =
    ("fails.tf", "resource \"aws_ebs_volume\" \"open\" {\n  encrypted = false\n}\n");
/// A volume of which it can't be told.
pub const UNKNOWN: (&str, &str) =
    ("unknown.tf", "variable \"e\" {}\nresource \"aws_ebs_volume\" \"maybe\" {\n  encrypted = var.e\n}\n");
/// A volume that is encrypted.
pub const PASSES: (&str, &str) =
    ("passes.tf", "resource \"aws_ebs_volume\" \"closed\" {\n  encrypted = true\n}\n");
/// A file of which nothing can be read.
pub const BROKEN: (&str, &str) = ("broken.tf", "\0\u{1}\u{2}");

/// The most memory that bad input may take, in KB: of the program, and of each process that it starts.
#[cfg(unix)]
const MEMORY_KB_MAX: u32 = 1_000_000;

/// A folder that is gone after the test.
pub struct Folder(PathBuf);

/// What came of a run.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("it-{}-{number}", std::process::id());
        let folder = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        // So that no settings above it are found.
        folder.write(".palisade.toml", "");
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs the program in this folder, with arguments that hold no blanks.
    pub fn run(&self, arguments: &str) -> Output {
        self.run_in("", arguments)
    }

    pub fn run_in(&self, below: &str, arguments: &str) -> Output {
        output(self.command(below, arguments), "")
    }

    /// Scans by the one check that the volumes above are about, so that no other page matters.
    pub fn scan(&self, arguments: &str) -> Output {
        self.scan_in("", arguments)
    }

    pub fn scan_in(&self, below: &str, arguments: &str) -> Output {
        self.run_in(below, &format!("scan --check aws/ec2/volume-not-encrypted {arguments}"))
    }

    pub fn run_with_input(&self, arguments: &str, input: impl AsRef<[u8]>) -> Output {
        output(self.command("", arguments), input)
    }

    pub fn command(&self, below: &str, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
        command.args(arguments.split_whitespace());
        self.settle(&mut command, below);
        command
    }

    /// Runs the program with less memory than bad input may take.
    pub fn run_limited(&self, arguments: &str) -> Output {
        output(self.limited(arguments), "")
    }

    #[cfg(unix)]
    fn limited(&self, arguments: &str) -> Command {
        let mut command = Command::new("sh");
        let script = format!("ulimit -v {MEMORY_KB_MAX} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_palisade")]);
        command.args(arguments.split_whitespace());
        self.settle(&mut command, "");
        command
    }

    #[cfg(not(unix))]
    fn limited(&self, arguments: &str) -> Command {
        self.command("", arguments)
    }

    fn settle(&self, command: &mut Command, below: &str) {
        command.current_dir(self.path(below)).env("COLUMNS", "100").env_remove("NO_COLOR");
        command.env("SOURCE_DATE_EPOCH", "1767323045");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays lies in the build's own folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Output {
    /// Both streams.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    #[track_caller]
    pub fn ends(self, code: i32, says: &[&str]) -> Self {
        let said = self.said();
        assert_eq!(self.code, Some(code), "{said}");
        for words in says {
            assert!(said.contains(words), "“{words}” is not in\n{said}");
        }
        self
    }
}

pub fn output(mut command: Command, input: impl AsRef<[u8]>) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    // One that reads none of it is told so by its own output.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Scans a folder of these files by the one check that the volumes above are about.
pub fn scan(arguments: &str, files: &[(&str, &str)]) -> Output {
    Folder::new(files).scan(arguments)
}

/// Runs the program in a folder of these files.
pub fn run(arguments: &str, files: &[(&str, &str)]) -> Output {
    Folder::new(files).run(arguments)
}
