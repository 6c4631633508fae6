//! The workspace as cargo describes it, and ways to run commands in it.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The checkout: where it stands, where it builds to, what it is made of.
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

/// A crate of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
    pub has_bench: bool,
}

/// A crate that a crate lists, ours or another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub for_tests_only: bool,
}

impl Workspace {
    /// Asks cargo about the checkout that this run belongs to.
    pub fn read() -> Result<Self, String> {
        let manifest = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => Path::new(&folder).join("../Cargo.toml"),
            None => PathBuf::from("Cargo.toml"),
        };
        let metadata = metadata(&["--no-deps", "--manifest-path", &manifest.display().to_string()])?;
        Ok(Self {
            root: path(&metadata["workspace_root"]),
            target: path(&metadata["target_directory"]),
            packages: items(&metadata["packages"]).iter().map(package).collect(),
        })
    }

    /// A path below the checkout as it is told to people: relative, with `/`.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.display().to_string()
    }

    /// The text of a file of the checkout.
    pub fn text(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.root.join(path)).map_err(|error| format!("{path}: {error}"))
    }

    /// A cargo command at the checkout's root.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Builds the `palisade` binary and says where it is.
    ///
    /// The whole workspace is asked for, so that crates are built with the features the tests have, once.
    pub fn palisade(&self, profile: Profile) -> Result<PathBuf, String> {
        let (arguments, folder): (&[&str], _) = match profile {
            Profile::Tests => (&["build", "--quiet", "--workspace", "--bins", "--tests"], "debug"),
            Profile::Debug => (&["build", "--quiet", "--package", "palisade-cli"], "debug"),
            Profile::Release => (&["build", "--quiet", "--release", "--package", "palisade-cli"], "release"),
        };
        run(&mut self.cargo(arguments))?;
        Ok(self.target.join(folder).join("palisade"))
    }
}

/// How to build the binary.
#[derive(Clone, Copy)]
pub enum Profile {
    /// Beside the tests that are built anyway.
    Tests,
    /// Alone, quickly.
    Debug,
    /// As users run it.
    Release,
}

/// What cargo knows of a package or a workspace.
pub fn metadata(arguments: &[&str]) -> Result<Value, String> {
    let text = output(cargo().args(["metadata", "--format-version", "1"]).args(arguments))?;
    serde_json::from_str(&text).map_err(|error| format!("`cargo metadata` is not JSON: {error}"))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command whose output goes where ours does; a failure names the command.
pub fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{}: {error}", line(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` failed: {status}", line(command)))
}

/// What a command prints; a failure comes with what it said on standard error.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{}: {error}", line(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed: {}\n{}", line(command), output.status, said.trim_end()))
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<_> =
        std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// Where a program is on the PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The files below a folder in the order of their names, leaving out folders by name.
pub fn files_below(folder: &Path, left_out: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let wanted = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        !path.is_symlink() && !left_out.contains(&name)
    };
    let below = |path: PathBuf| {
        if path.is_dir() { files_below(&path, left_out) } else { vec![path] }
    };
    paths.into_iter().filter(wanted).flat_map(below).collect()
}

fn package(package: &Value) -> Package {
    let manifest = path(&package["manifest_path"]);
    let is_bench = |target: &Value| items(&target["kind"]).iter().any(|kind| kind == "bench");
    Package {
        name: word(&package["name"]),
        folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
        dependencies: items(&package["dependencies"]).iter().map(dependency).collect(),
        has_bench: items(&package["targets"]).iter().any(is_bench),
    }
}

fn dependency(dependency: &Value) -> Dependency {
    Dependency { name: word(&dependency["name"]), for_tests_only: dependency["kind"] == "dev" }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn path(value: &Value) -> PathBuf {
    PathBuf::from(word(value))
}
