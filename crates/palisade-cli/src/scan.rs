//! `palisade scan`: reads, judges, reports, and ends as scripts expect.

use crate::Ending;
use crate::arguments::{FailOn, Format, OutputOptions, ScanOptions};
use crate::config::{self, Config};
use crate::content::{library, says};
use crate::live::collect;
use crate::narrow::{Narrowed, Narrowing};
use crate::output;
use crate::outside::Process;
use crate::progress::Progress;
use crate::snapshot;
use palisade_assess::{Assessment, Declarations, GatherOptions, Gathered, Options, assess, gather, resolve};

pub use palisade_assess::matches;
use palisade_content::{Body, Library, Page};
use palisade_model::{Account, AccountId, Estate, Level, Organisation, Severity, Verdict};
use palisade_report::{Collected, Coverage, PageSummary, Report, SarifOptions, TextOptions};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs `palisade scan`.
pub fn run(options: &ScanOptions, color: bool) -> anyhow::Result<Ending> {
    let config = config::load(options.config.as_deref())?;
    let folders: Vec<_> = config.content.folders.iter().chain(&options.content).cloned().collect();
    let (library, diagnostics) = library(&folders)?;
    let selection = Selection::new(options, &config, &library)?;
    for path in options.targets.iter().chain(&options.variable_files) {
        let is_there = path.as_os_str() == "-" || path.exists();
        anyhow::ensure!(is_there, "there is no file or folder `{}`", path.display());
    }
    let progress = Progress::new();
    let narrowing = Narrowing::new(options, &config, &library, &selection, &progress)?;
    let gather_options = GatherOptions {
        variables: options.variables.iter().cloned().collect(),
        variable_files: options.variable_files.clone(),
    };
    let live = live(options, &library, &selection, &progress)?;
    let (snapshot, files) = snapshot::among(&options.targets)?;
    let (mut files, mut delivered) = (files, Vec::new());
    files.retain(|path| match snapshot::config(path) {
        Some(read) => {
            delivered.push(read);
            false
        }
        None => true,
    });
    let snapshot = live.as_ref().map(Live::folder).or(snapshot);
    let gathered = gather(&files, &gather_options, &|place| progress.say(&format!("reading {place}")));
    let targets: Vec<String> = options.targets.iter().map(|target| target.display().to_string()).collect();
    if gathered.files == 0 && snapshot.is_none() && delivered.is_empty() {
        drop(progress);
        return Ok(nothing_read(&gathered, &targets, color));
    }
    let input = match snapshot {
        Some(folder) => snapshot::with(snapshot::read(folder, &library, &progress)?, gathered),
        None => gathered.into(),
    };
    let input = snapshot::and_config(input, delivered);
    let narrow = |assessment: &mut _, declarations: &_| narrowing.narrow(assessment, declarations);
    let (mut report, assessment) = judged(input, targets, &library, &selection, &progress, narrow)?;
    drop(progress);
    report.diagnostics.extend(diagnostics);
    report.diagnostics.extend(narrowing.diagnostics.iter().cloned());
    let forms = Forms {
        all: options.all,
        sarif: SarifOptions {
            unknowns: !options.sarif_without_unknown,
            suppressed: !options.sarif_without_suppressed,
            limit: options.sarif_limit,
        },
        color: color && options.output.output.is_none(),
        read: &output::quotable,
    };
    write(&report, &options.output, &forms)?;
    let fail_on = options.fail_on.or(config.scan.fail_on).unwrap_or(FailOn::From(Severity::Low));
    let allow_unknown = options.allow_unknown || config.scan.allow_unknown;
    // What was written down is known from now on.
    let verdicts = if options.write_baseline.is_some() { &[][..] } else { &assessment.verdicts };
    Ok(ending(&report, verdicts, fail_on, allow_unknown))
}

/// A snapshot that this scan took.
struct Live {
    folder: PathBuf,
    /// Does it go when the scan is done?
    is_temporary: bool,
}

impl Live {
    fn folder(&self) -> &PathBuf {
        &self.folder
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.is_temporary {
            // What is left in a folder for temporary files is no reason to fail.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Reads live accounts, where that is asked for.
fn live(
    options: &ScanOptions,
    library: &Library,
    selection: &Selection,
    progress: &Progress,
) -> anyhow::Result<Option<Live>> {
    let given = &options.aws.live;
    if !options.aws.aws {
        let is_given =
            given.org || given.profile.is_some() || !given.accounts.is_empty() || !given.regions.is_empty();
        anyhow::ensure!(
            !is_given,
            "`--org`, `--account`, `--region` and `--profile` are about live accounts: add `--aws`"
        );
        return Ok(None);
    }
    let is_temporary = options.aws.snapshot.is_none();
    let folder = options
        .aws
        .snapshot
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("palisade-scan-{}", std::process::id())));
    let live = Live { folder, is_temporary };
    let checks = library.checks().filter(|(page, _)| selection.holds(page)).map(|(_, check)| check);
    let kinds = collect::kinds_of(checks, library);
    collect::into(
        &live.folder,
        &options.aws.live,
        Some(&kinds),
        collect::Keep::default(),
        library,
        progress,
    )?;
    Ok(Some(live))
}

/// Which checks run.
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
    at_least: Severity,
}

impl Selection {
    /// All of them.
    pub fn all() -> Self {
        Self { only: Vec::new(), skip: Vec::new(), at_least: Severity::Informational }
    }

    fn new(options: &ScanOptions, config: &Config, library: &Library) -> anyhow::Result<Self> {
        let only = if options.checks.is_empty() { &config.checks.only } else { &options.checks };
        let selection = Self {
            only: only.clone(),
            skip: config.checks.skip.iter().chain(&options.skipped).cloned().collect(),
            at_least: options.at_least.or(config.checks.at_least).unwrap_or(Severity::Informational),
        };
        for pattern in selection.only.iter().chain(&selection.skip) {
            if !library.checks().any(|(page, _)| matches(pattern, page.id.as_str())) {
                let ids = library.checks().map(|(page, _)| page.id.as_str());
                let nearest = ids.min_by_key(|id| strsim::levenshtein(id, pattern)).unwrap_or_default();
                anyhow::bail!("no check is named `{pattern}`: did you mean `{nearest}`?");
            }
        }
        Ok(selection)
    }

    /// Does a check run?
    pub fn holds(&self, page: &Page) -> bool {
        let named = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, page.id.as_str()));
        (self.only.is_empty() || named(&self.only))
            && !named(&self.skip)
            && page.severity().is_none_or(|severity| severity >= self.at_least)
    }
}

/// What is to be judged: resources, and what is known of the accounts they are in.
#[derive(Default)]
pub struct Input {
    pub gathered: Gathered,
    pub accounts: BTreeMap<AccountId, Account>,
    pub organisation: Option<Organisation>,
    /// What was collected of live accounts, and what was not.
    pub collected: Option<Collected>,
}

impl From<Gathered> for Input {
    fn from(gathered: Gathered) -> Self {
        Self { gathered, ..Self::default() }
    }
}

/// Judges what was gathered, narrows it, and puts it into the form of a report.
pub fn judged(
    input: Input,
    targets: Vec<String>,
    library: &Library,
    selection: &Selection,
    progress: &Progress,
    narrow: impl FnOnce(&mut Assessment, &Declarations) -> anyhow::Result<Narrowed>,
) -> anyhow::Result<(Report, Assessment)> {
    let Input { gathered, accounts, organisation, mut collected } = input;
    let declarations = Declarations::of(&gathered);
    let mut resources = BTreeMap::new();
    for resource in &gathered.resources {
        *resources.entry(resource.source).or_default() += 1;
    }
    let resolved = resolve(gathered.resources, library.kinds());
    let estate = Estate { resources: resolved, accounts, organisation };
    let mut assessment = assess(
        &estate,
        library,
        &Options {
            enabled: &|page| selection.holds(page),
            outside: &Process,
            progress: &|page, of| progress.say(&format!("judging {page}, one of {of} checks")),
        },
    );
    let narrowed = narrow(&mut assessment, &declarations)?;
    if let Some(collected) = &mut collected {
        collected.count_open(&assessment.findings);
    }
    let mut report = Report {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        targets,
        findings: std::mem::take(&mut assessment.findings),
        coverage: Coverage {
            resources,
            assessed: assessment.assessed,
            files: gathered.files,
            without_kind: std::mem::take(&mut assessment.without_kind),
            without_check: std::mem::take(&mut assessment.without_check),
            collected,
        },
        diagnostics: gathered.diagnostics,
        suppressed: narrowed.suppressed,
        comparisons: narrowed.comparisons,
        secrets: narrowed.secrets,
        ..Report::default()
    };
    for (severity, verdict) in &assessment.verdicts {
        report.counts.add(*severity, *verdict);
    }
    report.diagnostics.append(&mut assessment.diagnostics);
    report.pages = library
        .checks()
        .filter(|(page, _)| assessment.checks.contains(&page.id))
        .map(|(page, _)| summary(page, library))
        .collect();
    Ok((report, assessment))
}

/// What a report needs to know of a page.
pub fn summary(page: &Page, library: &Library) -> PageSummary {
    let severity = match &page.body {
        Body::Check(check) => check.severity,
        Body::Detection(detection) => detection.severity,
        _ => Severity::Informational,
    };
    PageSummary {
        id: page.id.clone(),
        is_detection: matches!(page.body, Body::Detection(_)),
        title: page.title.clone(),
        severity,
        why: page.why.clone(),
        fix: page.fix.clone(),
        objectives: page.objectives().to_vec(),
        controls: library.controls_of(page),
        url: None,
    }
}

/// How the forms of a report are written.
pub struct Forms<'a> {
    /// Every place, not only the first few.
    pub all: bool,
    pub sarif: SarifOptions,
    pub color: bool,
    /// The text of a file that a finding points into.
    pub read: &'a dyn Fn(&str) -> Option<Arc<str>>,
}

/// Writes a report in the form that was asked for.
pub fn write(report: &Report, options: &OutputOptions, forms: &Forms<'_>) -> anyhow::Result<()> {
    let text = TextOptions {
        color: forms.color,
        width: output::width(),
        limit: if forms.all { None } else { TextOptions::default().limit },
        ..TextOptions::default()
    };
    output::write(options.output.as_deref(), |out| match options.format {
        Format::Text => palisade_report::text(report, &text, &sources(forms.read), out),
        Format::Json => palisade_report::json(report, out),
        Format::Ndjson => palisade_report::ndjson(report, out),
        Format::Sarif => palisade_report::sarif(report, &forms.sarif, out),
        Format::Junit => palisade_report::junit(report, out),
        Format::Github => palisade_report::github(report, out),
        Format::Ocsf => palisade_report::ocsf(report, output::ocsf(), out),
        Format::Html => palisade_report::html(report, output::html(forms.all), &sources(forms.read), out),
    })
}

/// The texts of files, each read at most once.
fn sources<'a>(read: &'a dyn Fn(&str) -> Option<Arc<str>>) -> impl Fn(&str) -> Option<Arc<str>> + 'a {
    let cache = std::cell::RefCell::new(BTreeMap::<String, Option<Arc<str>>>::new());
    move |file| cache.borrow_mut().entry(file.to_owned()).or_insert_with(|| read(file)).clone()
}

fn nothing_read(gathered: &Gathered, targets: &[String], color: bool) -> Ending {
    says(&gathered.diagnostics, color);
    if gathered.diagnostics.is_empty() {
        eprintln!(
            "error: there is nothing in `{}` that Palisade reads: Terraform (`.tf`, `.tf.json`, `terraform show -json` \
             output) or CloudFormation (YAML, JSON)",
            targets.join("`, `")
        );
    }
    Ending::Wrong
}

/// How a scan ends; where several hold, what is found comes before what is open.
fn ending(report: &Report, verdicts: &[(Severity, Verdict)], fail_on: FailOn, allow_unknown: bool) -> Ending {
    let any =
        |verdict| verdicts.iter().any(|(severity, other)| *other == verdict && fail_on.is_met_by(*severity));
    // A kind that could not be listed has its own open answers; what else was not read leaves none of them open.
    let lost = report.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    if any(Verdict::Fails) {
        Ending::Found
    } else if lost || (!allow_unknown && any(Verdict::Unknown)) {
        Ending::Incomplete
    } else {
        Ending::Clean
    }
}
