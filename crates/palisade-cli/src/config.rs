//! Settings from the nearest `.palisade.toml`: the one in this folder, or in the first folder above that has one.

use crate::arguments::FailOn;
use anyhow::Context;
use palisade_model::Severity;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a `.palisade.toml` may say. Paths in it are relative to its folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    #[serde(default)]
    pub scan: Scan,
    #[serde(default)]
    pub checks: Checks,
    #[serde(default)]
    pub content: Content,
}

/// How a scan ends.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scan {
    /// The mildest severity that makes a scan fail, or `never`.
    #[serde(default, deserialize_with = "fail_on")]
    pub fail_on: Option<FailOn>,
    /// Is an open answer no reason to fail?
    #[serde(default)]
    pub allow_unknown: bool,
}

/// Which checks run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Checks {
    /// Only these: ids, with `*` for anything. Empty: all.
    #[serde(default)]
    pub only: Vec<String>,
    /// Not these.
    #[serde(default)]
    pub skip: Vec<String>,
    /// None milder than this.
    #[serde(default)]
    pub at_least: Option<Severity>,
}

/// Where pages come from, beside those that ship.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Content {
    /// Folders of pages.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
}

fn fail_on<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<FailOn>, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// The settings of a file, or of the nearest `.palisade.toml` above this folder; none where there is no such file.
///
/// # Errors
/// What is wrong with the file, with its line.
pub fn load(named: Option<&Path>) -> anyhow::Result<Config> {
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => match nearest()? {
            Some(path) => path,
            None => return Ok(Config::default()),
        },
    };
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let mut config: Config =
        toml::from_str(&text).map_err(|error| anyhow::anyhow!("`{}` is wrong:\n{error}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for content in &mut config.content.folders {
        *content = folder.join(&content);
    }
    Ok(config)
}

fn nearest() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("this folder can't be found")?;
    Ok(here.ancestors().map(|folder| folder.join(".palisade.toml")).find(|path| path.is_file()))
}
