//! `palisade demo`: assesses a simulated organisation, configuration and trail together, so that the first minute shows
//! what Palisade says.

mod join;

use crate::Ending;
use crate::arguments::{DemoOptions, Format};
use crate::content::library;
use crate::narrow::Narrowed;
use crate::output;
use crate::progress::Progress;
use crate::scan::{Forms, Selection, judged, summary, write};
use anyhow::Context;
use palisade_assess::{DetectOptions, GatherOptions, detect, gather_files, resolve};
use palisade_content::Library;
use palisade_model::{Hit, Severity, Verdict};
use palisade_report::{Counts, Report, SarifOptions};
use palisade_sim::{Campaign, Deliver, Moment, Organisation, Size, Span, Trail, truth};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What grows when nothing else is asked for.
const SEED: u64 = 7;
const ACCOUNTS: usize = 16;
/// The events of an account in a day.
const EVENTS: u64 = 1_250;
/// The day that the demo shows, a Monday, and what is planted in it.
const DATE: (i64, i64, i64) = (2026, 3, 2);
const CAMPAIGNS: [Campaign; 4] = [
    Campaign::StrangersWorkflow,
    Campaign::MachineCredentials,
    Campaign::StolenSession,
    Campaign::BucketOpened,
];

/// Runs `palisade demo`.
pub fn run(options: &DemoOptions, color: bool) -> anyhow::Result<Ending> {
    match &options.write {
        Some(folder) => write_out(folder, options),
        None => show(options, color),
    }
}

fn span(seed: u64, days: u32, events: u64, campaigns: &[Campaign]) -> Span {
    let (year, month, day) = DATE;
    Span { seed, start: Moment::of_date(year, month, day), days, events, campaigns: campaigns.to_vec() }
}

fn show(options: &DemoOptions, color: bool) -> anyhow::Result<Ending> {
    let (library, _) = library(&[])?;
    let organisation = Organisation::new(Size { seed: SEED, accounts: ACCOUNTS });
    let files: Vec<(Arc<str>, Arc<str>)> = (organisation.terraform().into_iter())
        .map(|(path, text)| (path.as_str().into(), text.as_str().into()))
        .collect();
    let gathered = gather_files(&files, &GatherOptions::default());
    let resources = resolve(gathered.resources.clone(), library.kinds());
    let span = span(SEED, 1, EVENTS * ACCOUNTS as u64, &CAMPAIGNS);
    let records: Vec<String> = Trail::new(&organisation, span).map(|occurrence| occurrence.record).collect();
    let hits = seen(&records, &library)?;
    let targets = vec![format!(
        "the Terraform of {}, a simulated streaming company, and {} detections over {} events of a day of its {} accounts",
        organisation.name,
        library.detections().count(),
        thousands(records.len() as u64),
        organisation.accounts.len()
    )];
    let narrow = |_: &mut _, _: &_| Ok(Narrowed::default());
    let (mut report, _) =
        judged(gathered.into(), targets, &library, &Selection::all(), &Progress::new(), narrow)?;
    let account = |id| organisation.account(id).map(|account| account.name.clone());
    let mut attacks = join::attacks(hits, &records, &library, &account);
    let raised = join::join(&mut report.findings, &mut attacks, &resources, &records);
    report.counts = recounted(report.counts, &raised);
    take(&mut report, attacks, &library);
    let forms = Forms {
        all: options.all,
        sarif: SarifOptions::default(),
        color: color && options.output.output.is_none(),
        read: &|file| files.iter().find(|(path, _)| **path == *file).map(|(_, text)| text.clone()),
    };
    write(&report, &options.output, &forms)?;
    if options.output.format == Format::Text && options.output.output.is_none() {
        let next = "\nNext: `palisade demo --write streaming` writes all of this out, with the truth about what was planted, for\n\
                    `palisade scan` and `palisade detect`. On your own: `palisade scan FOLDER`, `palisade detect TRAIL`.\n";
        output::write(None, |out| out.write_all(next.as_bytes()))?;
    }
    // It shows; it gates nothing.
    Ok(Ending::Clean)
}

/// What the detections find in these records.
fn seen(records: &[String], library: &Library) -> anyhow::Result<Vec<Hit>> {
    // The detections read files, as they do for everybody.
    let file = Temporary::new(records)?;
    let options = DetectOptions { enabled: &|_| true, progress: &|_, _| {}, gated: true, threads: 1 };
    let mut hits = Vec::new();
    detect(std::slice::from_ref(&file.0), library, &options, &mut |hit| hits.push(hit));
    Ok(hits)
}

/// A file that goes when it is done with.
struct Temporary(PathBuf);

impl Temporary {
    fn new(lines: &[String]) -> anyhow::Result<Self> {
        let file = Self(std::env::temp_dir().join(format!("palisade-demo-{}.ndjson", std::process::id())));
        let failed = || format!("failed to write `{}`", file.0.display());
        let mut out = BufWriter::new(std::fs::File::create_new(&file.0).with_context(failed)?);
        for line in lines {
            writeln!(out, "{line}").with_context(failed)?;
        }
        out.flush().with_context(failed)?;
        Ok(file)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left in a folder for temporary files is no reason to fail.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Puts what was seen into the report.
fn take(report: &mut Report, attacks: Vec<join::Attack>, library: &Library) {
    for (page, _) in library.detections() {
        if attacks.iter().any(|attack| attack.finding.page == page.id) {
            report.pages.push(summary(page, library));
        }
    }
    for attack in attacks {
        report.counts.add(attack.finding.severity, Verdict::Fails);
        report.findings.push(attack.finding);
    }
}

/// The counts once what fails was raised from one severity to another.
fn recounted(counts: Counts, raised: &[(Severity, Severity)]) -> Counts {
    let mut recounted = Counts::default();
    for severity in Severity::ALL {
        let tally = counts.of(severity);
        let from = raised.iter().filter(|(from, _)| *from == severity).count() as u64;
        let to = raised.iter().filter(|(_, to)| *to == severity).count() as u64;
        let fails = (tally.fails + to).saturating_sub(from);
        for (verdict, times) in
            [(Verdict::Fails, fails), (Verdict::Unknown, tally.unknown), (Verdict::Passes, tally.passes)]
        {
            (0..times).for_each(|_| recounted.add(severity, verdict));
        }
    }
    recounted
}

/// A number with a comma at every third digit.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn write_out(folder: &Path, options: &DemoOptions) -> anyhow::Result<Ending> {
    anyhow::ensure!(!folder.exists(), "`{}` is there already: name a folder that is not", folder.display());
    let (library, _) = library(&[])?;
    let (seed, accounts) =
        (options.seed.unwrap_or(SEED), options.accounts.map_or(ACCOUNTS, |count| count as usize));
    let days = options.days.unwrap_or(1);
    let events = options.events.unwrap_or(EVENTS * accounts as u64 * u64::from(days));
    let organisation = Organisation::new(Size { seed, accounts });
    let is_small = options.accounts.is_none() && options.days.is_none() && options.seed.is_none();
    let campaigns: &[Campaign] = if is_small { &CAMPAIGNS } else { &Campaign::ALL };
    let files = organisation.terraform();
    for (path, text) in &files {
        put(&folder.join("terraform").join(path), text.as_bytes())?;
    }
    let estate = serde_json::to_vec(&organisation.estate(library.kinds()))?;
    put(&folder.join("estate.json"), &estate)?;
    let directory = serde_json::to_vec(&organisation.identity_center())?;
    put(&folder.join("identity-center.json"), &directory)?;
    let trail = Trail::new(&organisation, span(seed, days, events, campaigns));
    let planted = truth(&organisation.flaws, trail.attacks());
    put(&folder.join("truth.jsonl"), planted.as_bytes())?;
    let trails = folder.join("trail");
    let progress = Progress::new();
    let mut objects = 0_usize;
    let delivered = Deliver::new(&organisation, |path: &str, bytes: &[u8]| {
        objects += 1;
        progress.say(&format!("writing {path}"));
        put(&trails.join(path), bytes).map_err(|error| std::io::Error::other(format!("{error:#}")))
    })
    .all(trail)?;
    drop(progress);
    let shown = folder.display();
    let said = format!(
        "{shown}/terraform    {} files for {} accounts\n\
         {shown}/trail        {} events of {} in {} objects, as CloudTrail delivers them\n\
         {shown}/estate.json  the same accounts, as their API would list them\n\
         {shown}/truth.jsonl  what was planted: attacks, flaws, and twins that must not be flagged\n\n\
         Next: palisade scan {shown}/terraform\n      palisade detect {shown}/trail\n",
        files.len(),
        organisation.accounts.len(),
        thousands(delivered),
        if days == 1 { "a day".to_owned() } else { format!("{days} days") },
        objects,
    );
    output::write(None, |out| out.write_all(said.as_bytes()))?;
    Ok(Ending::Clean)
}

fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("failed to write `{}`", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(failed)?;
    }
    std::fs::write(path, bytes).with_context(failed)
}
