//! `palisade diff`: what changed between two snapshots, who did it, and which verdicts moved.

use super::arguments::DiffOptions;
use crate::Ending;
use crate::arguments::ListFormat;
use crate::content::library;
use crate::iam::replay::files;
use crate::output;
use crate::progress::Progress;
use crate::scan::{Selection, judged};
use crate::snapshot;
use anyhow::Context;
use palisade_content::Library;
use palisade_model::{Event, Finding, Fingerprint, Level, Severity, Verdict};
use palisade_read_logs::read_events;
use palisade_report::neutral;
use palisade_snapshot::{Change, Changes, Difference, What, diff, who};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many changed fields of a resource are shown.
const FIELDS_SHOWN: usize = 6;
/// So many characters of a value are shown.
const VALUE_SHOWN: usize = 60;
/// So many resources, and verdicts, are shown.
const SHOWN: usize = 40;
/// So many events are kept of a trail; more tell nothing certain.
const EVENTS_MAX: usize = 5_000_000;

/// A verdict that is other than before.
#[derive(Debug, Serialize)]
struct Moved {
    page: String,
    title: String,
    severity: Severity,
    subject: String,
    message: String,
    before: Verdict,
    after: Verdict,
}

/// All that there is to say.
#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    #[serde(flatten)]
    changes: &'a Changes,
    verdicts: &'a [Moved],
}

/// Runs `palisade diff`.
pub fn run(options: &DiffOptions, color: bool) -> anyhow::Result<Ending> {
    for path in [&options.old, &options.new] {
        anyhow::ensure!(snapshot::is_one(path), "`{}` is no folder of a snapshot", path.display());
    }
    let (library, diagnostics) = library(&options.content)?;
    crate::content::says(&diagnostics, color);
    let progress = Progress::new();
    progress.say("comparing the snapshots");
    let mut changes = diff(snapshot::files(&options.old)?.as_ref(), snapshot::files(&options.new)?.as_ref())?;
    let mut lost = 0;
    if !options.trail.is_empty() {
        progress.say("reading the trail");
        let events = events(&options.trail, &mut lost, color)?;
        who(&mut changes, &events);
    }
    let before = findings(&options.old, &library, &progress)?;
    let after = findings(&options.new, &library, &progress)?;
    drop(progress);
    let moved = moved(before, after);
    match options.format {
        ListFormat::Json => {
            let answer = Answer { schema: "palisade/diff/v1", changes: &changes, verdicts: &moved };
            let text = serde_json::to_string_pretty(&answer)? + "\n";
            output::write(None, |out| out.write_all(text.as_bytes()))?;
        }
        ListFormat::Text => {
            output::write(None, |out| text(&changes, &moved, !options.trail.is_empty(), out))?
        }
    }
    crate::content::says(&changes.diagnostics, color);
    let is_damaged = changes.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let worse = moved.iter().any(|one| one.after == Verdict::Fails);
    Ok(match (worse, is_damaged || lost > 0 || !changes.not_compared.is_empty()) {
        (true, _) => Ending::Found,
        (false, true) => Ending::Incomplete,
        (false, false) => Ending::Clean,
    })
}

/// The events of a trail. What of it can't be read is said, and counted in `lost`.
fn events(paths: &[PathBuf], lost: &mut u64, color: bool) -> anyhow::Result<Vec<Event>> {
    let mut diagnostics = Vec::new();
    let mut events = Vec::new();
    let mut is_cut = false;
    for path in files(paths, &mut diagnostics)? {
        let file: Arc<str> = path.display().to_string().replace('\\', "/").into();
        let opened = std::fs::File::open(&path).with_context(|| format!("failed to open `{file}`"))?;
        let summary = read_events(&file, opened, &mut |event| {
            is_cut |= events.len() >= EVENTS_MAX;
            if !is_cut {
                events.push(event);
            }
        });
        *lost += summary.refused;
        diagnostics.extend(summary.diagnostics);
    }
    crate::content::says(&diagnostics, color);
    anyhow::ensure!(
        !is_cut,
        "the trail has more than {EVENTS_MAX} events: give the part of it between the snapshots"
    );
    Ok(events)
}

fn findings(folder: &Path, library: &Library, progress: &Progress) -> anyhow::Result<Vec<Finding>> {
    let loaded = snapshot::read(folder, library, progress).context("a snapshot can't be read")?;
    let input = snapshot::with(loaded, palisade_assess::Gathered::default());
    let narrow = |_: &mut _, _: &_| Ok(crate::narrow::Narrowed::default());
    let (report, _) = judged(input, Vec::new(), library, &Selection::all(), progress, narrow)?;
    Ok(report.findings)
}

/// The verdicts that are other than before, what fails now first.
fn moved(before: Vec<Finding>, after: Vec<Finding>) -> Vec<Moved> {
    let by = |findings: Vec<Finding>| -> BTreeMap<Fingerprint, Finding> {
        findings.into_iter().map(|finding| (finding.fingerprint, finding)).collect()
    };
    let (mut before, after) = (by(before), by(after));
    let mut moved = Vec::new();
    let one = |finding: &Finding, before, after| Moved {
        page: finding.page.as_str().to_owned(),
        title: finding.title.to_string(),
        severity: finding.severity,
        subject: finding
            .subject
            .arn
            .as_ref()
            .map_or_else(|| finding.subject.address.to_string(), ToString::to_string),
        message: finding.message.clone(),
        before,
        after,
    };
    for (fingerprint, finding) in after {
        let was = before.remove(&fingerprint).map_or(Verdict::Passes, |finding| finding.verdict);
        if was != finding.verdict {
            moved.push(one(&finding, was, finding.verdict));
        }
    }
    moved.extend(before.into_values().map(|finding| one(&finding, finding.verdict, Verdict::Passes)));
    let rank = |one: &Moved| match one.after {
        Verdict::Fails => 0,
        Verdict::Unknown => 1,
        Verdict::Passes => 2,
    };
    moved.sort_by(|a, b| {
        (rank(a).cmp(&rank(b)))
            .then_with(|| b.severity.cmp(&a.severity))
            .then_with(|| (&a.page, &a.subject).cmp(&(&b.page, &b.subject)))
    });
    moved
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn text(changes: &Changes, moved: &[Moved], has_trail: bool, out: &mut dyn Write) -> io::Result<()> {
    let of = |wanted: fn(&What) -> bool| changes.changes.iter().filter(|change| wanted(&change.what)).count();
    let (added, removed) = (of(|what| matches!(what, What::Added)), of(|what| matches!(what, What::Removed)));
    let changed = changes.changes.len() - added - removed;
    let now = |verdict| moved.iter().filter(|one| one.after == verdict).count();
    writeln!(
        out,
        "{added} came, {removed} went, {changed} changed, {} are the same; {} now, {} no longer.",
        changes.same,
        match now(Verdict::Fails) {
            1 => "1 fails".to_owned(),
            fails => format!("{fails} fail"),
        },
        moved.iter().filter(|one| one.before == Verdict::Fails && one.after != Verdict::Fails).count(),
    )?;
    if !moved.is_empty() {
        writeln!(out, "\nVerdicts that moved")?;
    }
    for one in moved.iter().take(SHOWN) {
        writeln!(out, "  {} → {}  {} {}", one.before, one.after, one.severity, one.page)?;
        writeln!(out, "    {}", neutral(&one.subject))?;
        if one.after != Verdict::Passes {
            writeln!(out, "    {}", neutral(&one.message))?;
        }
    }
    more(moved.len(), out)?;
    if !changes.changes.is_empty() {
        writeln!(out, "\nResources")?;
    }
    for change in changes.changes.iter().take(SHOWN) {
        resource(change, has_trail, out)?;
    }
    more(changes.changes.len(), out)?;
    if !changes.not_compared.is_empty() {
        writeln!(
            out,
            "\nNot compared, because one side was not read: {}",
            counted(changes.not_compared.len(), "place")
        )?;
        for one in changes.not_compared.iter().take(FIELDS_SHOWN) {
            let field = one.field.as_ref().map_or_else(String::new, |field| format!(" {field}"));
            let id = one.id.as_ref().map_or_else(String::new, |id| format!(" {id}"));
            writeln!(out, "  {}{}{}: {}", one.cell, neutral(&id), neutral(&field), neutral(&one.reason))?;
        }
    }
    Ok(())
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more (--format json lists them all)"),
    }
}

/// A field as it was and is, shortened.
fn shown(field: &Difference) -> String {
    let value = |value: &Option<serde_json::Value>| match value {
        None => "nothing".to_owned(),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(VALUE_SHOWN) {
                Some((at, _)) => format!("{}…", &text[..at]),
                None => text,
            }
        }
    };
    format!("{}: {} → {}", field.path, value(&field.old), value(&field.new))
}

fn resource(change: &Change, has_trail: bool, out: &mut dyn Write) -> io::Result<()> {
    let (sign, fields) = match &change.what {
        What::Added => ("+", &[][..]),
        What::Removed => ("-", &[][..]),
        What::Changed(fields) => ("~", fields.as_slice()),
    };
    writeln!(out, "  {sign} {} {}", change.cell.kind, neutral(&change.name))?;
    for field in fields.iter().take(FIELDS_SHOWN) {
        writeln!(out, "      {}", neutral(&shown(field)))?;
    }
    if fields.len() > FIELDS_SHOWN {
        writeln!(out, "      and {} more", fields.len() - FIELDS_SHOWN)?;
    }
    for doer in &change.by {
        writeln!(out, "      {} by {} at {}", doer.call, neutral(&doer.principal), doer.time)?;
    }
    if has_trail && change.by.is_empty() {
        writeln!(out, "      nobody in the trail between {} and {}", change.after, change.before)?;
    }
    Ok(())
}
