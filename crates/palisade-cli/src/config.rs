//! Settings from the nearest `.palisade.toml`: the one in this folder, or in the first folder above that has one.

use crate::arguments::FailOn;
use crate::narrow::plain;
use anyhow::Context;
use palisade_assess::{Accepted, matches};
use palisade_content::Library;
use palisade_model::{Day, Fingerprint, Severity, Span, SuppressedBy, Suppression};
use serde::Deserialize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// What the file is called.
const NAME: &str = ".palisade.toml";

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
    #[serde(default)]
    suppress: Vec<Spanned<Suppress>>,
    /// What is suppressed, and why.
    #[serde(skip)]
    pub accepted: Vec<Accepted>,
    /// Where the file is, and the folder that its paths begin at.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

/// A finding that is accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Suppress {
    /// The check: an id, `*` stands for anything.
    check: Spanned<String>,
    /// The resource's address or ARN, `*` stands for anything.
    resource: Option<Spanned<String>>,
    /// The file, or a folder above it, `*` stands for anything.
    path: Option<Spanned<String>>,
    /// The very finding.
    fingerprint: Option<Spanned<String>>,
    /// Why it is accepted.
    reason: Spanned<String>,
    /// The last day on which it is.
    expires: Option<Spanned<toml::Value>>,
    /// Who answers for it.
    owner: Option<String>,
    /// Where it is followed up.
    ticket: Option<String>,
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
    let (path, shown) = match named {
        Some(path) => (path.to_path_buf(), path.display().to_string()),
        None => match nearest()? {
            Some(found) => found,
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
    let here = std::env::current_dir().unwrap_or_default();
    config.folder = Some(plain(&here.join(folder)));
    config.accepted = (config.suppress.iter())
        .map(|suppress| accepted(suppress, &shown.replace('\\', "/"), &text))
        .collect::<anyhow::Result<_>>()?;
    config.file = Some(path);
    Ok(config)
}

impl Config {
    /// Does each suppression name a check that is there?
    ///
    /// # Errors
    /// The name that is none, with its line and the nearest that is.
    pub fn check_suppressions(&self, library: &Library) -> anyhow::Result<()> {
        for accepted in &self.accepted {
            let name = &accepted.check;
            if !library.checks().any(|(page, _)| matches(name, page.id.as_str())) {
                let ids = library.checks().map(|(page, _)| page.id.as_str());
                let nearest = ids.min_by_key(|id| strsim::levenshtein(id, name)).unwrap_or_default();
                let place = &accepted.suppression.place;
                anyhow::bail!("{place}: no check is named `{name}`: did you mean `{nearest}`?");
            }
        }
        Ok(())
    }
}

fn accepted(suppress: &Spanned<Suppress>, file: &str, text: &str) -> anyhow::Result<Accepted> {
    let place = |range: Range<usize>| span(file, text, range);
    let wrong = |range, message: String| Err(anyhow::anyhow!("{}: {message}", place(range)));
    let it = suppress.get_ref();
    if it.reason.get_ref().trim().is_empty() {
        return wrong(it.reason.span(), "`reason` is empty: say why it is accepted".to_owned());
    }
    for pattern in [&it.resource, &it.path].into_iter().flatten() {
        if pattern.get_ref().trim().is_empty() {
            return wrong(pattern.span(), "the pattern is empty: leave it out, or name something".to_owned());
        }
    }
    let until = match &it.expires {
        None => None,
        Some(day) => match day
            .get_ref()
            .as_str()
            .map_or_else(|| day.get_ref().to_string(), str::to_owned)
            .parse::<Day>()
        {
            Ok(day) => Some(day),
            Err(error) => return wrong(day.span(), error),
        },
    };
    let fingerprint = match &it.fingerprint {
        None => None,
        Some(text) => match text.get_ref().parse::<Fingerprint>() {
            Ok(fingerprint) => Some(fingerprint),
            Err(error) => return wrong(text.span(), error),
        },
    };
    let text_of = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.get_ref().clone());
    Ok(Accepted {
        check: it.check.get_ref().clone(),
        resource: text_of(&it.resource),
        path: text_of(&it.path),
        fingerprint,
        suppression: Suppression {
            by: SuppressedBy::Settings,
            reason: it.reason.get_ref().trim().into(),
            place: place(it.check.span()),
            until,
            owner: it.owner.as_deref().map(Into::into),
            ticket: it.ticket.as_deref().map(Into::into),
        },
    })
}

/// The place of some bytes of the file.
fn span(file: &str, text: &str, range: Range<usize>) -> Span {
    let position = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    };
    Span::new(file, position(range.start), position(range.end))
}

/// The nearest settings: where they are, and what they are called from here.
fn nearest() -> anyhow::Result<Option<(PathBuf, String)>> {
    let here = std::env::current_dir().context("this folder can't be found")?;
    let files = here.ancestors().enumerate();
    let mut files = files.map(|(up, folder)| (folder.join(NAME), format!("{}{NAME}", "../".repeat(up))));
    Ok(files.find(|(path, _)| path.is_file()))
}
