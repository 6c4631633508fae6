//! Narrows a scan to what is to be acted upon: not what somebody accepted, and only what is new.

use crate::arguments::ScanOptions;
use crate::config::Config;
use crate::git::Revision;
use crate::output;
use crate::outside::Process;
use crate::progress::Progress;
use crate::scan::Selection;
use anyhow::Context;
use palisade_assess::{
    Assessment, Baseline, Declarations, GatherOptions, Options, SuppressOptions, assess, gather, resolve,
    suppress,
};
use palisade_content::Library;
use palisade_model::{Day, Diagnostic, Estate, Finding, Span, Suppressed};
use palisade_report::{ComparedWith, Comparison};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest baseline that is read, in bytes.
const BASELINE_BYTES_MAX: u64 = 64 << 20;

/// What a scan is narrowed by.
pub struct Narrowing<'a> {
    options: &'a ScanOptions,
    config: &'a Config,
    library: &'a Library,
    today: Day,
    known: Vec<(ComparedWith, String, Baseline)>,
    /// What is to be said of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// What was taken out.
#[derive(Default)]
pub struct Narrowed {
    pub suppressed: Vec<Suppressed>,
    pub comparisons: Vec<Comparison>,
    /// Places of what may be secret that nothing names any more.
    pub secrets: Vec<Span>,
}

impl<'a> Narrowing<'a> {
    /// Reads what there is to compare with.
    ///
    /// # Errors
    /// What is wrong with the baseline or the revision.
    pub fn new(
        options: &'a ScanOptions,
        config: &'a Config,
        library: &'a Library,
        selection: &Selection,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        config.check_suppressions(library)?;
        let today = options.today.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            Day::of_unix_seconds(now.map_or(0, |time| time.as_secs()))
        });
        let mut narrowing =
            Self { options, config, library, today, known: Vec::new(), diagnostics: Vec::new() };
        if let Some(file) = &options.baseline {
            let name = format!("`{}`", file.display());
            narrowing.known.push((ComparedWith::Baseline, name, read_baseline(file)?));
        }
        if let Some(name) = &options.diff {
            progress.say(&format!("reading the revision {name}"));
            let also: Vec<PathBuf> = options.variable_files.iter().chain(&config.file).cloned().collect();
            let revision = Revision::read(name, &options.targets, &also)?;
            let found = narrowing.found_in(&revision, selection, progress)?;
            narrowing.known.push((ComparedWith::Revision, format!("`{name}`"), found));
        }
        Ok(narrowing)
    }

    /// What counted in a revision: judged by the checks of today, suppressed by its own notes and settings.
    fn found_in(
        &mut self,
        revision: &Revision,
        selection: &Selection,
        progress: &Progress,
    ) -> anyhow::Result<Baseline> {
        for target in revision.missing_targets() {
            let said =
                format!("`{}` is not in `{}`: all of it counts as new", target.display(), revision.name);
            self.diagnostics.push(Diagnostic::warning(said));
        }
        for missing in &revision.missing {
            let said = format!("{missing} is not compared: all of it counts as new");
            self.diagnostics.push(Diagnostic::warning(said));
        }
        let mut variable_files = Vec::new();
        for file in &self.options.variable_files {
            variable_files.extend(revision.file(file)?);
        }
        let variables = self.options.variables.iter().cloned().collect();
        let gather_options = GatherOptions { variables, variable_files };
        let say = |place: &str| progress.say(&format!("reading {}", revision.shown(place)));
        let gathered = gather(&revision.targets(), &gather_options, &say);
        let declarations = Declarations::of(&gathered);
        let resources = resolve(gathered.resources, self.library.kinds());
        let estate = Estate { resources, ..Estate::default() };
        let say = |page: &_, of| progress.say(&format!("judging {page}, one of {of} checks"));
        let options = Options { enabled: &|page| selection.holds(page), outside: &Process, progress: &say };
        let mut assessment = assess(&estate, self.library, &options);
        let config = self.config_of(revision);
        let shown = |path: &str| revision.shown(path);
        let _ = self.suppressed(&mut assessment, &declarations, &config, &shown);
        for finding in &mut assessment.findings {
            finding.subject.address.root = revision.shown(&finding.subject.address.root).into();
        }
        Ok(Baseline::of(&assessment.findings, shown))
    }

    /// The settings that a revision has; none where they can't be read any more, or are none of its files.
    fn config_of(&self, revision: &Revision) -> Config {
        let file = self.config.file.as_deref().and_then(|file| revision.file(file).ok().flatten());
        let read = file.and_then(|file| crate::config::load(Some(&file)).ok());
        // Its paths mean the same as those of today's.
        let mut read = read.unwrap_or_default();
        read.folder.clone_from(&self.config.folder);
        read
    }

    fn suppressed(
        &self,
        assessment: &mut Assessment,
        declarations: &Declarations,
        config: &Config,
        shown: &dyn Fn(&str) -> String,
    ) -> Vec<Suppressed> {
        let here = std::env::current_dir().unwrap_or_default();
        let targets: Vec<PathBuf> =
            self.options.targets.iter().map(|target| plain(&here.join(target))).collect();
        let options = SuppressOptions {
            accepted: &config.accepted,
            today: self.today,
            sources: &output::quotable,
            path_of: &|file| path_of(&here, config.folder.as_deref(), &shown(file)),
            may_be_seen: &|pattern| may_be_seen(pattern, &here, config.folder.as_deref(), &targets),
        };
        suppress(assessment, declarations, self.library, &options)
    }

    /// Takes out what is suppressed and what is known. Before that, what counts is written down if that is asked for.
    pub fn narrow(
        &self,
        assessment: &mut Assessment,
        declarations: &Declarations,
    ) -> anyhow::Result<Narrowed> {
        let suppressed = self.suppressed(assessment, declarations, self.config, &str::to_owned);
        if let Some(file) = &self.options.write_baseline {
            write_baseline(file, &assessment.findings)?;
        }
        let also: Vec<&Finding> = suppressed.iter().map(|one| &one.finding).collect();
        let mut is_out = vec![false; assessment.findings.len()];
        let mut comparisons = Vec::new();
        for (with, name, baseline) in &self.known {
            let compared = baseline.compare(&assessment.findings, &also, &assessment.checks);
            let mut known = 0;
            for (is_out, is_known) in is_out.iter_mut().zip(compared.is_known) {
                known += u64::from(is_known && !*is_out);
                *is_out |= is_known;
            }
            comparisons.push(Comparison { with: *with, name: name.clone(), known, gone: compared.gone });
        }
        let known = assessment.set_aside(|position| is_out[position]);
        let evidence =
            known.iter().flat_map(|finding| &finding.evidence).filter(|evidence| evidence.is_secret);
        let secrets = evidence.filter_map(|evidence| evidence.origin.span().cloned()).collect();
        Ok(Narrowed { suppressed, comparisons, secrets })
    }
}

/// A path as the settings would write it: from their folder, or whole where it is not below that.
fn path_of(here: &Path, folder: Option<&Path>, file: &str) -> String {
    let whole = plain(&here.join(file));
    let below = folder.and_then(|folder| whole.strip_prefix(folder).ok());
    below.unwrap_or(&whole).to_string_lossy().replace('\\', "/")
}

/// May a file that a pattern of the settings names be among what is scanned?
fn may_be_seen(pattern: &str, here: &Path, folder: Option<&Path>, targets: &[PathBuf]) -> bool {
    let fixed = match pattern.split_once('*') {
        Some((fixed, _)) => fixed.rsplit_once('/').map_or("", |(folder, _)| folder),
        None => pattern,
    };
    let place = plain(&folder.unwrap_or(here).join(fixed));
    targets.iter().any(|target| target.starts_with(&place) || place.starts_with(target))
}

/// A path without `.` and `..`.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn read_baseline(file: &Path) -> anyhow::Result<Baseline> {
    let failed = || format!("failed to read the baseline `{}`", file.display());
    let length = std::fs::metadata(file).with_context(failed)?.len();
    anyhow::ensure!(length <= BASELINE_BYTES_MAX, "the baseline `{}` has more than 64 MB", file.display());
    let bytes = std::fs::read(file).with_context(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        anyhow::anyhow!(
            "the baseline `{}` is not UTF-8: name a file that `--write-baseline` wrote",
            file.display()
        )
    })?;
    let name: Arc<str> = file.display().to_string().into();
    Baseline::read(&name, &text).map_err(|wrong| anyhow::anyhow!("{wrong}"))
}

fn write_baseline(file: &Path, findings: &[Finding]) -> anyhow::Result<()> {
    let baseline = Baseline::of(findings, str::to_owned);
    output::write(Some(file), |out| out.write_all(baseline.to_json().as_bytes()))?;
    let found = if baseline.len() == 1 { "finding" } else { "findings" };
    eprintln!("{} {found} written to `{}`", baseline.len(), file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_from_the_folder_of_the_settings() {
        for (here, file, expected) in [
            ("/r", "infra/main.tf", "infra/main.tf"),
            ("/r/infra", "main.tf", "infra/main.tf"),
            ("/r/infra", "../other/./main.tf", "other/main.tf"),
            ("/r", "/r/main.tf", "main.tf"),
            ("/r", "../x/main.tf", "/x/main.tf"),
        ] {
            assert_eq!(path_of(Path::new(here), Some(Path::new("/r")), file), expected, "{here} {file}");
        }
    }

    #[test]
    fn a_pattern_may_be_seen_where_it_can_lead_to_what_is_scanned() {
        for (pattern, target, expected) in [
            ("infra", "/r/infra", true),
            ("infra/a.tf", "/r/infra", true),
            ("infra/*", "/r/infra/deep", true),
            ("*.tf", "/r/infra", true),
            ("other/*", "/r/infra", false),
            ("infra-old/*", "/r/infra", false),
            ("infra*", "/r/infra", true),
        ] {
            let seen = may_be_seen(pattern, Path::new("/"), Some(Path::new("/r")), &[target.into()]);
            assert_eq!(seen, expected, "{pattern} {target}");
        }
    }
}
