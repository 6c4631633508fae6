//! `palisade iam replay`: how far the policies of an estate explain what a trail recorded.

use super::arguments::{AnswerFormat, ReplayOptions};
use super::ask;
use super::explain::capitalised;
use crate::Ending;
use crate::content::says;
use crate::output;
use crate::progress::Progress;
use palisade_identity::{Agreement, Identities, Replay, Tally};
use palisade_model::{Diagnostic, Level};
use palisade_read_logs::read_events;
use palisade_report::neutral;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many disagreements and reasons the text shows, unless all are asked for.
const SHOWN: usize = 10;

/// Runs `palisade iam replay`.
pub fn run(options: &ReplayOptions, color: bool) -> anyhow::Result<Ending> {
    let mut diagnostics = Vec::new();
    let estate = ask::estate(&options.estate, &mut diagnostics)?;
    let identities = Identities::new(&estate);
    diagnostics.extend(identities.refused());
    let files = files(&options.trail, &mut diagnostics)?;
    let progress = Progress::new();
    let mut replay = Replay::new(&identities);
    let mut refused = 0;
    for path in &files {
        let file: Arc<str> = path.display().to_string().replace('\\', "/").into();
        progress.say(&format!("reading {file}"));
        let mut each = |event: palisade_model::Event| replay.event(&event.record, event.origin.span());
        let summary = if path == Path::new("-") {
            read_events(&file, io::stdin().lock(), &mut each)
        } else {
            match std::fs::File::open(path) {
                Ok(opened) => read_events(&file, opened, &mut each),
                Err(error) => {
                    diagnostics.push(Diagnostic::error(format!("`{file}` could not be opened: {error}")));
                    continue;
                }
            }
        };
        refused += summary.refused;
        diagnostics.extend(summary.diagnostics);
    }
    drop(progress);
    let agreement = replay.finish();
    says(&diagnostics, color);
    if agreement.events == 0 {
        eprintln!(
            "error: there is no CloudTrail record in what was named: files and folders of JSON, JSON lines or gzip are read"
        );
        return Ok(Ending::Wrong);
    }
    output::write(None, |out| match options.format {
        AnswerFormat::Text => text(&agreement, refused, options, out),
        AnswerFormat::Json => json(&agreement, refused, out),
    })?;
    let lost = refused > 0 || diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    Ok(match (agreement.disagree, lost) {
        (0, false) => Ending::Clean,
        (0, true) => Ending::Incomplete,
        _ => Ending::Found,
    })
}

/// The files below what was named, in the order of their names: a session is made before it is used.
pub(crate) fn files(targets: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for target in targets {
        if target == Path::new("-") || target.is_file() {
            files.push(target.clone());
            continue;
        }
        anyhow::ensure!(target.exists(), "there is no `{}`: check the path", target.display());
        for entry in walkdir::WalkDir::new(target).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    diagnostics.push(Diagnostic::error(format!("a folder could not be read: {error}")))
                }
            }
        }
    }
    Ok(files)
}

fn json(agreement: &Agreement, refused: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut report =
        serde_json::json!({ "schema": "palisade/replay/v1", "refused": refused, "rate": agreement.rate() });
    if let (Some(report), Ok(serde_json::Value::Object(fields))) =
        (report.as_object_mut(), serde_json::to_value(agreement))
    {
        report.extend(fields);
    }
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn text(agreement: &Agreement, refused: u64, options: &ReplayOptions, out: &mut dyn Write) -> io::Result<()> {
    let Agreement { events, agree, disagree, unknown, failed, not_iam, unmapped, .. } = *agreement;
    let plural = if events == 1 { "" } else { "s" };
    writeln!(
        out,
        "Replayed {events} event{plural} against {}.",
        neutral(&options.estate.display().to_string())
    )?;
    if refused > 0 {
        writeln!(out, "{refused} more could not be read.")?;
    }
    match agreement.rate() {
        // So that one in a million still shows.
        Some(rate) => writeln!(
            out,
            "The policies say what AWS did in {}% of the {} that can be compared.",
            percent(rate, disagree),
            agree + disagree
        )?,
        None => writeln!(out, "None of them can be compared.")?,
    }
    writeln!(out)?;
    for (count, what) in [
        (agree, "agree"),
        (disagree, "disagree"),
        (unknown, "are not known: neither the trail nor the estate shows what decides"),
        (failed, "failed for another reason than a denial"),
        (not_iam, "were not IAM's to decide"),
        (unmapped, "are of actions that are not known"),
    ] {
        if count > 0 || what == "agree" || what == "disagree" {
            writeln!(out, "{count:>9}  {what}")?;
        }
    }
    if agreement.agree_for_another_reason > 0 {
        let count = agreement.agree_for_another_reason;
        writeln!(
            out,
            "\n{count} of those that agree are denied by another policy here than the one AWS names."
        )?;
    }
    disagreements(agreement, options.all, out)?;
    tallies("What is not known, by how often it decided", &agreement.unknown_because, options.all, out)?;
    tallies("What failed", &agreement.failed_with, options.all, out)?;
    tallies("Why it was not IAM's", &agreement.not_iam_because, options.all, out)?;
    tallies("Actions that are not known", &agreement.unmapped_actions, options.all, out)
}

fn percent(rate: f64, disagree: u64) -> String {
    let shown = format!("{:.2}", rate * 100.0);
    match (shown.as_str(), disagree) {
        ("100.00", 0) => "100".to_owned(),
        ("100.00", _) => "more than 99.99".to_owned(),
        _ => shown,
    }
}

fn disagreements(agreement: &Agreement, all: bool, out: &mut dyn Write) -> io::Result<()> {
    if agreement.disagreements.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nDisagreements")?;
    let shown = if all { usize::MAX } else { SHOWN };
    for it in agreement.disagreements.iter().take(shown) {
        writeln!(out, "{:>9}  {} by {}", it.events, neutral(&it.action), neutral(&it.principal))?;
        writeln!(out, "           AWS: {}. Here: {}.", neutral(&it.recorded), said(it.decided))?;
        writeln!(out, "           {}", neutral(&capitalised(&it.why)))?;
        let id = it.event_id.as_deref().unwrap_or("no id");
        writeln!(
            out,
            "           First on {}: event {}, {}",
            neutral(&it.resource),
            neutral(id),
            neutral(&it.at)
        )?;
        if let Some(change) = it.changes.first() {
            writeln!(out, "           They would agree after this: {}", neutral(change))?;
        }
    }
    more(agreement.disagreements.len(), shown, out)
}

fn said(outcome: palisade_iam::Outcome) -> &'static str {
    match outcome {
        palisade_iam::Outcome::Allowed => "allowed",
        palisade_iam::Outcome::ImplicitlyDenied => "denied, because nothing allows it",
        palisade_iam::Outcome::ExplicitlyDenied => "denied, by a statement",
        palisade_iam::Outcome::Unknown => "not known",
    }
}

fn tallies(title: &str, tallies: &[Tally], all: bool, out: &mut dyn Write) -> io::Result<()> {
    if tallies.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let shown = if all { usize::MAX } else { SHOWN };
    for tally in tallies.iter().take(shown) {
        writeln!(out, "{:>9}  {}", tally.events, neutral(&tally.what))?;
    }
    more(tallies.len(), shown, out)
}

fn more(count: usize, shown: usize, out: &mut dyn Write) -> io::Result<()> {
    match count.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "           and {more} more (--all shows them)"),
    }
}
