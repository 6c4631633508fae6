//! `palisade collect`: reads live accounts into a snapshot; one that was begun is gone on with.

use super::arguments::{CollectOptions, LiveOptions};
use crate::Ending;
use crate::content::library;
use crate::progress::Progress;
use crate::snapshot;
use anyhow::Context;
use palisade_assess::matches;
use palisade_aws::{Ask, CallFailure};
use palisade_client::{Access, Client, Flights, Hub, Runtime, Settings};
use palisade_collect::{Accounts, Collector, Event, Options, Plan, Step, UNKNOWN_ACCOUNT};
use palisade_content::Library;
use palisade_model::{AccountId, ResourceType};
use palisade_report::{Collected, TextOptions};
use palisade_snapshot::{CellKey, Files, Manifest, Record, Redactor, Store, records_of};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long it is waited for an answer before it is looked whether anything else is to be done.
const LOOK_UP: Duration = Duration::from_millis(500);
/// How often the manifest is written: a run that is killed loses count of the calls it made since.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// So many answers are noted in the journal at once.
const JOURNAL_LINES: usize = 32;

/// Runs `palisade collect`.
pub fn run(options: &CollectOptions, color: bool) -> anyhow::Result<Ending> {
    let (library, diagnostics) = library(&options.content)?;
    crate::content::says(&diagnostics, color);
    let wanted = wanted(&options.checks, &options.kinds, &library)?;
    let progress = Progress::new();
    let keep = Keep { since: options.since.as_deref(), secrets: options.keep_secrets };
    let collected = into(&options.out, &options.live, wanted.as_ref(), keep, &library, &progress)?;
    drop(progress);
    let mut out = crate::output::Stdout;
    say(&collected, &options.out, color, &mut out)?;
    Ok(if collected.is_incomplete() { Ending::Incomplete } else { Ending::Clean })
}

/// The kinds that are asked for; none for all.
///
/// # Errors
/// A check or kind that there is not.
pub fn wanted(
    checks: &[String],
    kinds: &[ResourceType],
    library: &Library,
) -> anyhow::Result<Option<BTreeSet<ResourceType>>> {
    if checks.is_empty() && kinds.is_empty() {
        return Ok(None);
    }
    for pattern in checks {
        let is_known = library.checks().any(|(page, _)| matches(pattern, page.id.as_str()));
        anyhow::ensure!(
            is_known,
            "no check is named `{pattern}`: `palisade content list --sort check` lists them"
        );
    }
    for kind in kinds {
        let is_known = library.kinds().get(kind).is_some();
        anyhow::ensure!(
            is_known,
            "no kind is named `{kind}`: `palisade content list --sort kind` lists them"
        );
    }
    let named =
        |page: &palisade_content::Page| checks.iter().any(|pattern| matches(pattern, page.id.as_str()));
    let checks = library.checks().filter(|(page, _)| named(page)).map(|(_, check)| check);
    Ok(Some(kinds_of(checks, library).into_iter().chain(kinds.iter().cloned()).collect()))
}

/// The kinds that checks read. A check on an account may read any collection that it names.
pub fn kinds_of<'a>(
    checks: impl Iterator<Item = &'a palisade_content::Check>,
    library: &Library,
) -> BTreeSet<ResourceType> {
    let mut kinds = BTreeSet::new();
    for check in checks {
        match check.looks_at.kind() {
            Some(kind) => {
                kinds.insert(kind.clone());
            }
            None => {
                let text = &check.rego.text;
                let named = library.kinds().iter().filter(|kind| {
                    kind.collection.as_ref().is_some_and(|name| text.contains(&format!("input.{name}")))
                });
                kinds.extend(named.map(|kind| kind.kind.clone()));
            }
        }
    }
    kinds
}

/// What is taken from an earlier snapshot, and what of secrets is kept.
#[derive(Clone, Copy, Default)]
pub struct Keep<'a> {
    /// The earlier snapshot.
    pub since: Option<&'a Path>,
    /// Are values that look like secrets kept as they are?
    pub secrets: bool,
}

/// Reads live accounts into a folder.
///
/// # Errors
/// There are no credentials that AWS knows, or the folder can't be written; what was read so far is kept.
pub fn into(
    folder: &Path,
    live: &LiveOptions,
    wanted: Option<&BTreeSet<ResourceType>>,
    keep: Keep<'_>,
    library: &Library,
    progress: &Progress,
) -> anyhow::Result<Collected> {
    // Without credentials nothing is left behind.
    let (runtime, client, caller) = connect(live)?;
    let files = snapshot::files(folder)?;
    let earlier = keep.since.map(earlier).transpose()?;
    let redactor = match (keep.secrets, &earlier) {
        (true, _) => Redactor::keeping(),
        (false, Some(earlier)) => Redactor::of_folder_like(files.as_ref(), earlier.as_ref())?,
        (false, None) => Redactor::of_folder(files.as_ref())?,
    };
    let (store, resumed) = Store::open(files, redactor)?;
    if resumed.is_finished() {
        anyhow::bail!(
            "`{}` holds a snapshot that is whole: give `--out` a folder that is not there yet",
            folder.display()
        );
    }
    let accounts = match (live.org, live.accounts.is_empty()) {
        (true, _) => Accounts::Organisation { except: BTreeSet::new() },
        (false, true) => Accounts::Caller,
        (false, false) => Accounts::These(live.accounts.clone()),
    };
    let plan = Plan::new(library.kinds(), wanted).of_accounts(accounts).in_regions(live.regions.clone());
    let options = Options {
        share: f64::from(live.rate) / 100.0,
        in_flight: usize::from(live.in_flight),
        region: client.region().parse().ok(),
        has_earlier: earlier.is_some(),
        ..Options::default()
    };
    let manifest = resumed.manifest.clone().unwrap_or_else(|| Manifest {
        palisade: env!("CARGO_PKG_VERSION").to_owned(),
        ..Manifest::default()
    });
    let begun = (manifest.calls, manifest.throttled);
    let finished: Vec<CellKey> = resumed.cells.into_keys().collect();
    let mut drive = Drive {
        collector: Collector::resume(plan, options, finished, resumed.entries),
        flights: runtime.flights(&client),
        store,
        earlier,
        manifest,
        begun,
        caller,
        began: Instant::now(),
        epoch: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        signing_in: HashMap::new(),
        calls: HashMap::new(),
        number: 0,
        held: HashMap::new(),
        journal: Vec::new(),
        noted: None,
    };
    let ended = drive.run(progress);
    // Whatever happened, what is known is kept.
    let kept = drive.flush();
    ended?;
    kept?;
    if let Some(failure) = drive.collector.fatal() {
        return Err(no_caller(failure));
    }
    drive.fill();
    let manifest = drive.manifest.clone();
    drive.store.finish(&manifest)?;
    let mut ledger = Vec::new();
    drive.store.each_cell(&mut |cell| ledger.push(cell))?;
    Ok(snapshot::collected(&manifest, &ledger))
}

fn earlier(folder: &Path) -> anyhow::Result<Arc<dyn Files>> {
    anyhow::ensure!(snapshot::is_one(folder), "`{}` is no folder of a snapshot", folder.display());
    snapshot::files(folder)
}

fn connect(live: &LiveOptions) -> anyhow::Result<(Runtime, Client, AccountId)> {
    let role = live.role.parse().context("`--role` is wrong")?;
    let access = Access {
        role: Some(role),
        external_id: live.external_id.clone(),
        through: live.hub.clone().map(|arn| Hub { arn, external_id: live.external_id.clone() }),
        ..Access::default()
    };
    let settings = Settings { profile: live.profile.clone(), access, ..Settings::default() };
    let runtime = Runtime::new()?;
    let client = runtime.block_on(Client::new(settings))?;
    let caller = runtime.block_on(client.whoami()).map_err(|failure| no_caller(&failure))?;
    Ok((runtime, client, caller.account))
}

fn no_caller(failure: &CallFailure) -> anyhow::Error {
    anyhow::anyhow!(
        "AWS does not know who is calling: {failure}\nhelp: `aws sts get-caller-identity` must work in this shell; \
         `--profile NAME` takes the credentials of a profile"
    )
}

struct Drive {
    collector: Collector,
    flights: Flights,
    store: Store,
    earlier: Option<Arc<dyn Files>>,
    manifest: Manifest,
    /// Calls that earlier runs made, and how many of those were throttled.
    begun: (u64, u64),
    caller: AccountId,
    began: Instant,
    epoch: Duration,
    signing_in: HashMap<u64, AccountId>,
    calls: HashMap<u64, palisade_collect::CallId>,
    number: u64,
    held: HashMap<CellKey, Vec<Record>>,
    journal: Vec<palisade_snapshot::JournalEntry>,
    /// When the manifest was written last.
    noted: Option<Instant>,
}

impl Drive {
    fn now(&self) -> Duration {
        self.epoch + self.began.elapsed()
    }

    fn run(&mut self, progress: &Progress) -> anyhow::Result<()> {
        loop {
            let now = self.now();
            match self.collector.next(now) {
                Step::Event(event) => self.keep(event)?,
                Step::Call(id, mut ask) => {
                    if ask.account.to_string() == UNKNOWN_ACCOUNT {
                        ask.account = self.caller;
                    }
                    let number = self.start(ask);
                    self.calls.insert(number, id);
                }
                Step::Refresh(account) => {
                    let region = self.manifest.regions.first().cloned();
                    let region = region.or_else(|| "us-east-1".parse().ok()).context("there is no region")?;
                    let number = self.start(Ask {
                        account,
                        region,
                        service: "sts".into(),
                        operation: "GetCallerIdentity".into(),
                        parameters: json!({}),
                    });
                    self.signing_in.insert(number, account);
                }
                Step::Recall(cell) => {
                    // What of it is damaged is asked again.
                    let earlier = self.earlier.as_ref();
                    let records = earlier.map_or_else(Vec::new, |files| records_of(files.as_ref(), &cell).0);
                    self.collector.recalled(now, &cell, records);
                }
                Step::Wait(until) => self.wait(until.saturating_sub(now).min(LOOK_UP), progress),
                Step::Blocked => self.wait(LOOK_UP, progress),
                Step::Done => return Ok(()),
            }
        }
    }

    fn start(&mut self, ask: Ask) -> u64 {
        self.number += 1;
        self.flights.start(self.number, ask);
        self.number
    }

    fn wait(&mut self, wait: Duration, progress: &Progress) {
        let answered = self.flights.next(wait);
        let now = self.now();
        if let Some((number, result)) = answered {
            if let Some(account) = self.signing_in.remove(&number) {
                self.collector.refreshed(now, account, result.map(|_| ()));
            } else if let Some(id) = self.calls.remove(&number) {
                // Secrets go before anything else sees them, so that a run that goes on sees what this one saw.
                let result = result.map(|mut answer| {
                    self.store.redactor().answer(&mut answer.value);
                    answer.value
                });
                self.collector.answered(now, id, result);
            }
        }
        progress.say(&told(&self.collector.progress(now)));
    }

    fn keep(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Record(record) => {
                let key = CellKey {
                    account: record.account,
                    region: record.region.clone(),
                    kind: record.kind.clone(),
                };
                self.held.entry(key).or_default().push(record);
            }
            Event::CellDone(cell) => {
                let records = self.held.remove(&cell.key).unwrap_or_default();
                self.store.seal(&cell, records)?;
                // What was noted of it before it was sealed is of no more use.
                let purpose = palisade_snapshot::For::Cell(cell.key.clone());
                self.journal.retain(|entry| entry.purpose != purpose);
            }
            Event::Organisation(organisation) => {
                self.store.organisation(&organisation)?;
                self.fill();
                self.store.begin(&self.manifest.clone())?;
            }
            Event::Journal(entry) => {
                self.journal.push(entry);
                if self.journal.len() >= JOURNAL_LINES {
                    self.flush()?;
                }
            }
            Event::Released(name) => {
                self.flush()?;
                self.store.release(&name)?;
            }
            Event::RegionsUnread(account, gap) => {
                self.manifest.regions_unread.insert(account, gap);
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let entries = std::mem::take(&mut self.journal);
        self.store.journal_append(&entries)?;
        if self.noted.is_none_or(|noted| noted.elapsed() > NOTE_EVERY) {
            self.noted = Some(Instant::now());
            self.fill();
            self.store.begin(&self.manifest.clone())?;
        }
        Ok(())
    }

    /// Says in the manifest what is known by now; the calls of earlier runs count too.
    fn fill(&mut self) {
        self.collector.fill(&mut self.manifest);
        self.manifest.calls += self.begun.0;
        self.manifest.throttled += self.begun.1;
    }
}

fn told(progress: &palisade_collect::Progress) -> String {
    let left = match progress.remaining {
        None => String::new(),
        Some(left) if left < Duration::from_secs(90) => format!(", about {} s left", left.as_secs().max(1)),
        Some(left) => format!(", about {} min left", left.as_secs().div_ceil(60)),
    };
    format!(
        "{} of {} accounts, {} resources, {} of about {} calls{left}",
        progress.accounts_done,
        progress.accounts,
        progress.records,
        progress.calls,
        progress.calls_expected.max(progress.calls)
    )
}

/// What was collected, in a few lines.
fn say(collected: &Collected, folder: &Path, color: bool, to: &mut dyn Write) -> anyhow::Result<()> {
    let options = TextOptions { color, width: crate::output::width(), limit: None, ..TextOptions::default() };
    palisade_report::collected(collected, &options, to)?;
    writeln!(
        to,
        "\nNext: `palisade scan {folder}`, `palisade iam who-can … --estate {folder}`.",
        folder = folder.display()
    )?;
    Ok(())
}
