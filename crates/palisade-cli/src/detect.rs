//! `palisade detect`: runs the detections over logs, and says who did what, where and when.

use crate::Ending;
use crate::arguments::{DetectFormat, DetectOptions as Asked, FailOn};
use crate::config;
use crate::content::{library, says};
use crate::demo::thousands;
use crate::output;
use crate::progress::Progress;
use crate::scan::matches;
use palisade_assess::{DetectOptions, Detected, detect};
use palisade_content::{Detection, Library, Page, Sort};
use palisade_model::{Hit, Level, PageId, Severity};
use palisade_report::{DetectionSummary, Detections, neutral};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How many events of a detection the text shows, unless all are asked for.
const SHOWN: usize = 5;
/// How many principals of a detection are told apart while counting.
const PRINCIPALS_MAX: usize = 10_000;

/// Runs `palisade detect`.
pub fn run(options: &Asked, color: bool) -> anyhow::Result<Ending> {
    if let Some(gone) = options.targets.iter().find(|target| !is_there(target)) {
        anyhow::bail!("there is no `{}`: check the path", gone.display());
    }
    let config = config::load(None)?;
    let folders: Vec<_> = config.content.folders.iter().chain(&options.content).cloned().collect();
    let (library, content_said) = library(&folders)?;
    check_names(options, &library)?;
    let fail_on = options.fail_on.unwrap_or(FailOn::From(Severity::Low));
    let mut found = Found { options, groups: BTreeMap::new(), hits: Vec::new(), is_met: false, fail_on };
    let mut detected = Detected::default();
    output::write(options.output.as_deref(), |out| {
        let mut failed = Ok(());
        let progress = Progress::new();
        let judging = DetectOptions {
            enabled: &|page| is_enabled(options, page),
            progress: &|file, events| progress.say(&format!("reading {file}, {events} events so far")),
            gated: !options.no_gate,
            threads: options.threads.unwrap_or(0),
        };
        detected = detect(&options.targets, &library, &judging, &mut |hit| {
            if failed.is_ok() {
                failed = found.add(hit, out);
            }
        });
        drop(progress);
        failed?;
        match options.format {
            DetectFormat::Ndjson => Ok(()),
            DetectFormat::Json => found.json(&detected, out),
            DetectFormat::Text => found.text(&detected, &library, out),
            DetectFormat::Ocsf => {
                let report = found.report(&detected, &library);
                palisade_report::ocsf_detections(&report, output::ocsf(), out)
            }
            DetectFormat::Html => {
                let report = found.report(&detected, &library);
                palisade_report::html_detections(&report, output::html(options.all), out)
            }
        }
    })?;
    detected.diagnostics.extend(content_said);
    says(&detected.diagnostics, color);
    if detected.events == 0 {
        if detected.diagnostics.is_empty() {
            eprintln!(
                "error: there is no CloudTrail record in what was named: files and folders of JSON, JSON lines or gzip are read"
            );
        }
        return Ok(Ending::Wrong);
    }
    let lost = detected.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    Ok(match (found.is_met, lost) {
        (true, _) => Ending::Found,
        (false, true) => Ending::Incomplete,
        (false, false) => Ending::Clean,
    })
}

fn is_there(target: &std::path::Path) -> bool {
    target == std::path::Path::new("-") || target.exists()
}

fn is_enabled(options: &Asked, page: &Page) -> bool {
    let id = page.id.as_str();
    (options.rules.is_empty() || options.rules.iter().any(|pattern| matches(pattern, id)))
        && !options.skipped.iter().any(|pattern| matches(pattern, id))
}

fn check_names(options: &Asked, library: &Library) -> anyhow::Result<()> {
    for pattern in options.rules.iter().chain(&options.skipped) {
        if !library.detections().any(|(page, _)| matches(pattern, page.id.as_str())) {
            let ids = library.detections().map(|(page, _)| page.id.as_str());
            let nearest = ids.min_by_key(|id| strsim::levenshtein(id, pattern)).unwrap_or_default();
            anyhow::bail!("no detection is named `{pattern}`: did you mean `{nearest}`?");
        }
    }
    Ok(())
}

/// What was found so far.
struct Found<'a> {
    options: &'a Asked,
    groups: BTreeMap<(std::cmp::Reverse<Severity>, PageId), Group>,
    /// Kept for the forms that are written at the end.
    hits: Vec<Hit>,
    is_met: bool,
    fail_on: FailOn,
}

/// The hits of one detection.
#[derive(Default)]
struct Group {
    count: u64,
    first: Vec<Hit>,
    times: Option<(String, String)>,
    principals: BTreeMap<String, u64>,
}

impl Found<'_> {
    fn add(&mut self, hit: Hit, out: &mut dyn Write) -> io::Result<()> {
        self.is_met |= self.fail_on.is_met_by(hit.severity);
        match self.options.format {
            DetectFormat::Ndjson => {
                serde_json::to_writer(&mut *out, &hit)?;
                return writeln!(out);
            }
            DetectFormat::Json | DetectFormat::Ocsf | DetectFormat::Html => self.hits.push(hit),
            DetectFormat::Text => {
                let group =
                    self.groups.entry((std::cmp::Reverse(hit.severity), hit.rule_id.clone())).or_default();
                group.add(hit, self.options.all);
            }
        }
        Ok(())
    }

    fn json(&self, detected: &Detected, out: &mut dyn Write) -> io::Result<()> {
        let report = serde_json::json!({
            "schema": "palisade/detections/v1",
            "tool": { "name": "palisade", "version": env!("CARGO_PKG_VERSION") },
            "events": detected.events,
            "refused": detected.refused,
            "files": detected.files,
            "files_refused": detected.files_refused,
            "detections": detected.detections,
            "hits": self.hits,
            "diagnostics": detected.diagnostics,
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)
    }

    /// What was found, for the forms that `palisade-report` writes.
    fn report(&mut self, detected: &Detected, library: &Library) -> Detections {
        Detections {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            targets: self.options.targets.iter().map(|target| target.display().to_string()).collect(),
            events: detected.events,
            files: detected.files,
            refused: detected.refused + detected.files_refused,
            hits: std::mem::take(&mut self.hits),
            diagnostics: detected.diagnostics.clone(),
            pages: (library.detections())
                .filter(|(page, _)| is_enabled(self.options, page))
                .map(|(page, detection)| summary(page, detection))
                .collect(),
        }
    }

    fn text(&self, detected: &Detected, library: &Library, out: &mut dyn Write) -> io::Result<()> {
        let plural = |count: u64, word: &str| {
            format!("{} {word}{}", thousands(count), if count == 1 { "" } else { "s" })
        };
        writeln!(
            out,
            "Palisade {} ran {} over {} from {}.",
            env!("CARGO_PKG_VERSION"),
            plural(detected.detections as u64, "detection"),
            plural(detected.events, "event"),
            plural(detected.files, "file"),
        )?;
        match (detected.refused, detected.files_refused) {
            (0, 0) => {}
            (0, files) => writeln!(out, "{} could not be opened.", plural(files, "file"))?,
            (pieces, 0) => writeln!(out, "{} could not be read.", plural(pieces, "piece"))?,
            (pieces, files) => {
                let (pieces, files) = (plural(pieces, "piece"), plural(files, "file"));
                writeln!(out, "{pieces} could not be read, and {files} could not be opened.")?;
            }
        }
        let hits: u64 = self.groups.values().map(|group| group.count).sum();
        match self.groups.len() as u64 {
            0 => writeln!(out, "None of them fires.")?,
            firing => writeln!(out, "{} fire, on {}.", plural(firing, "detection"), plural(hits, "event"))?,
        }
        for ((severity, id), group) in &self.groups {
            if let Some(page) = library.page(Sort::Detection, id) {
                group.text(severity.0, page, out)?;
            }
        }
        Ok(())
    }
}

fn summary(page: &Page, detection: &Detection) -> DetectionSummary {
    let triage = page.sections.iter().find(|section| &*section.heading == "Triage");
    DetectionSummary {
        id: page.id.clone(),
        title: page.title.clone(),
        severity: detection.severity,
        why: page.why.clone(),
        triage: triage.map_or_else(Default::default, |section| section.text.clone()),
        attack: detection.attack.clone(),
    }
}

impl Group {
    fn add(&mut self, hit: Hit, all: bool) {
        self.count += 1;
        if let Some(time) = &hit.time {
            let (first, last) = self.times.get_or_insert_with(|| (time.clone(), time.clone()));
            if time < first {
                first.clone_from(time);
            }
            if time > last {
                last.clone_from(time);
            }
        }
        let principal = hit.principal.clone().unwrap_or_else(|| "somebody the log does not name".to_owned());
        if self.principals.len() < PRINCIPALS_MAX || self.principals.contains_key(&principal) {
            *self.principals.entry(principal).or_default() += 1;
        }
        if all || self.first.len() < SHOWN {
            self.first.push(hit);
        }
    }

    fn text(&self, severity: Severity, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{severity}  {} · {}", neutral(&page.title), page.id)?;
        for line in page.why.split("\n\n").next().unwrap_or_default().lines() {
            writeln!(out, "  {}", neutral(line.trim()))?;
        }
        let times = self.times.as_ref().map_or_else(String::new, |(first, last)| match first == last {
            true => format!(", at {}", neutral(first)),
            false => format!(", from {} to {}", neutral(first), neutral(last)),
        });
        writeln!(out, "\n  {} event{}{times}", self.count, if self.count == 1 { "" } else { "s" })?;
        let mut principals: Vec<_> = self.principals.iter().collect();
        principals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (principal, count) in principals.iter().take(3) {
            writeln!(out, "    {count:>6} × {}", neutral(principal))?;
        }
        if principals.len() > 3 {
            writeln!(out, "           and {} more principals", principals.len() - 3)?;
        }
        for hit in &self.first {
            let time = hit.time.as_deref().unwrap_or("no time");
            writeln!(
                out,
                "  {}  {}  ({}:{})",
                neutral(time),
                neutral(&hit.message),
                neutral(&hit.file),
                hit.line
            )?;
        }
        let more = self.count - self.first.len() as u64;
        if more > 0 {
            writeln!(out, "  and {more} more (--all shows them)")?;
        }
        writeln!(out, "  What to do: palisade content show {} --sort detection", page.id)
    }
}
