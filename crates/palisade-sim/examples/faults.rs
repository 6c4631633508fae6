//! Makes calls of a collection go wrong, and holds the verdicts against those of a collection where nothing does:
//! `cargo run --release -p palisade-sim --example faults -- [--injections N] [--together N] [--seed N] [--threads N]`.
//!
//! Each injection is one call that a collection makes (an operation with its parameters, in an account and region) and
//! one way to go wrong, every time that the call is made. No verdict may pass that did not pass without it, and what
//! becomes unknown must be explained by the calls that went wrong.

#![expect(clippy::panic, clippy::unwrap_used, reason = "an example may stop")]

mod drive;

use palisade_assess::{Options as Judging, Within, assess, resolve};
use palisade_aws::Ask;
use palisade_collect::{Accounts, Collector, Event, Options as Collecting, Plan};
use palisade_content::{Library, load, shipped};
use palisade_model::{AccountId, Estate, Verdict};
use palisade_sim::api::{Api, Calls, Fault, Faults, How, Options, When};
use palisade_sim::{Organisation, Random, Size};
use palisade_snapshot::{Cell, Expect, Expected, Loaded, Manifest, Memory, Redactor, State, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How calls go wrong: those of the issue, and the others that a service or a network knows.
const WAYS: [How; 10] = [
    How::Denied,
    How::Throttled,
    How::Broken,
    How::TimedOut,
    How::Truncated,
    How::Html,
    How::Reset,
    How::Expired,
    How::NotEnabled,
    How::Circle,
];

struct Arguments {
    injections: usize,
    together: usize,
    seed: u64,
    threads: usize,
    accounts: usize,
    is_wordy: bool,
}

fn arguments() -> Arguments {
    let mut found =
        Arguments { injections: 10_000, together: 8, seed: 1, threads: 2, accounts: 10, is_wordy: false };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || {
            given
                .next()
                .and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("`{name}` needs a number"))
        };
        match name.as_str() {
            "--injections" => found.injections = value(),
            "--together" => found.together = value().max(1),
            "--seed" => found.seed = value() as u64,
            "--threads" => found.threads = value().max(1),
            "--accounts" => found.accounts = value(),
            "--wordy" => found.is_wordy = true,
            "--bench" => {}
            other => panic!(
                "`{other}` is no option: there are --injections, --together, --seed, --threads, --accounts"
            ),
        }
    }
    found
}

struct World {
    library: Library,
    expected: Expected,
    organisation: Organisation,
    plan: Plan,
}

/// What a check says of a subject, where it fails or is unknown.
type Verdicts = BTreeMap<(String, String), Said>;

#[derive(Debug, Clone)]
struct Said {
    verdict: Verdict,
    account: Option<AccountId>,
    region: Option<String>,
    kind: String,
    /// What keeps it open.
    causes: BTreeSet<String>,
}

struct Seen {
    verdicts: Verdicts,
    accounts: BTreeSet<AccountId>,
    ledger: Vec<Cell>,
    has_organisation_gap: bool,
    is_fatal: bool,
    injected: u64,
    asks: Vec<Ask>,
}

impl World {
    fn new(accounts: usize) -> Self {
        let (library, _) = load(&shipped());
        let of = |kind: &palisade_kinds::Kind| {
            let calls = kind.collect.iter().filter_map(|call| {
                let field = call.into.clone()?;
                Some(Expect { field, call: format!("{}:{}", call.service, call.operation).into() })
            });
            (kind.kind.clone(), calls.collect::<Vec<_>>())
        };
        let expected = library.kinds().iter().map(of).collect();
        let organisation = Organisation::new(Size { seed: 7, accounts });
        let plan = Plan::new(library.kinds(), None)
            .of_accounts(Accounts::Organisation { except: BTreeSet::new() })
            .in_regions(vec!["eu-west-1".parse().unwrap()]);
        Self { library, expected, organisation, plan }
    }

    fn run(&self, rules: Vec<Fault>, remembers: bool) -> Seen {
        let options = Options {
            regions: ["eu-west-1", "us-east-1"].map(|region| region.parse().unwrap()).to_vec(),
            faults: Faults { rules, permissions: None },
            ..Options::default()
        };
        let mut api = Api::new(self.organisation.clone(), self.library.kinds(), options);
        // The share of the quotas is of no interest here; that there are no throttles but the injected ones is.
        let how = Collecting {
            share: 0.5,
            observed: Some(Duration::ZERO),
            in_flight: 256,
            ..Collecting::default()
        };
        let mut collector = Collector::new(self.plan.clone(), how);
        let memory = Memory::new();
        let (mut store, _) = Store::open(Arc::new(memory.clone()), Redactor::keeping()).unwrap();
        let mut manifest = Manifest::default();
        store.begin(&manifest).unwrap();
        let mut open: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut asks = Vec::new();
        let mut known = BTreeSet::new();
        let mut has_organisation_gap = false;
        drive::drive(
            &mut api,
            &mut collector,
            |ask| {
                if remembers && known.insert(format!("{ask:?}")) {
                    asks.push(ask.clone());
                }
            },
            |_, event| {
                match event {
                    Event::Record(record) => {
                        let key = (record.account, record.region.clone(), record.kind.clone());
                        open.entry(key).or_default().push(record);
                    }
                    Event::CellDone(cell) => {
                        let key = (cell.key.account, cell.key.region.clone(), cell.key.kind.clone());
                        store.seal(&cell, open.remove(&key).unwrap_or_default()).unwrap();
                    }
                    Event::Organisation(organisation) => {
                        has_organisation_gap |= organisation.to_string().contains("nknown")
                            || organisation.to_string().contains("unread");
                        store.organisation(&organisation).unwrap();
                    }
                    _ => {}
                }
                true
            },
        );
        collector.fill(&mut manifest);
        store.finish(&manifest).unwrap();
        let loaded = palisade_snapshot::load(&memory, &self.expected).unwrap();
        let is_fatal = collector.fatal().is_some();
        let injected = api.usage().injected;
        let Loaded { resources, accounts, organisation, ledger, .. } = loaded;
        let accounts_seen = accounts.keys().copied().collect();
        let estate = Estate { resources: resolve(resources, self.library.kinds()), accounts, organisation };
        let judging = Judging { enabled: &|_| true, outside: &Within, progress: &|_, _| {} };
        let mut verdicts = Verdicts::new();
        for finding in assess(&estate, &self.library, &judging).findings {
            let causes = finding.evidence.iter().filter_map(|evidence| evidence.unknown.as_ref());
            let mut causes: BTreeSet<String> = causes.map(ToString::to_string).collect();
            causes.insert(finding.message.clone());
            let key = (finding.page.as_str().to_owned(), finding.subject.address.name.to_string());
            let said = Said {
                verdict: finding.verdict,
                account: finding.subject.account,
                region: finding.subject.region.as_ref().map(ToString::to_string),
                kind: finding.subject.kind.to_string(),
                causes,
            };
            verdicts
                .entry(key)
                .and_modify(|known: &mut Said| {
                    known.causes.extend(said.causes.iter().cloned());
                    known.verdict = known.verdict.min(said.verdict);
                })
                .or_insert(said);
        }
        Seen { verdicts, accounts: accounts_seen, ledger, has_organisation_gap, is_fatal, injected, asks }
    }
}

/// What is wrong with a run where these calls went wrong.
#[derive(Debug, Default)]
struct Wrong {
    passes: Vec<String>,
    /// Verdicts on accounts of which nobody could know, because the organisation could not be read; the ledger says so.
    unjudged: usize,
    unexplained: Vec<String>,
    unknown: usize,
}

fn compare(usual: &Seen, seen: &Seen, injected: &[Fault]) -> Wrong {
    let mut wrong = Wrong::default();
    if seen.is_fatal {
        // Nothing was read, and the command says so and stops.
        return wrong;
    }
    let show = |page: &str, name: &str| {
        let faults: Vec<String> = injected.iter().map(shown).collect();
        format!("{page} on {name} with {}", faults.join(", "))
    };
    for ((page, name), said) in &usual.verdicts {
        if seen.verdicts.contains_key(&(page.clone(), name.clone())) {
            continue;
        }
        // Its resources are not all listed, and the page says so for the account; or what names it could not be read, so
        // that the page speaks of it by another name.
        let is_told = seen.verdicts.iter().any(|(key, open)| {
            let is_its = open.account.is_none() || open.account == said.account;
            key.0 == *page
                && is_its
                && (open.verdict == Verdict::Unknown || !usual.verdicts.contains_key(key))
        });
        // Nobody told that there is such an account, and the ledger says why.
        let is_lost = said.account.is_some_and(|account| !seen.accounts.contains(&account));
        let says_so = seen.has_organisation_gap || seen.ledger.iter().any(|cell| cell.state != State::Read);
        match (is_told, is_lost && says_so) {
            (true, _) => {}
            (false, true) => wrong.unjudged += 1,
            (false, false) => wrong.passes.push(show(page, name)),
        }
    }
    // The calls as the ledger writes them, and what they stand for: without them, what hangs on them was not asked.
    let calls: BTreeSet<String> = injected
        .iter()
        .map(|fault| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("{}:{}", part(&fault.with.service), part(&fault.with.operation))
        })
        .collect();
    for ((page, name), said) in &seen.verdicts {
        let was_unknown = usual
            .verdicts
            .get(&(page.clone(), name.clone()))
            .is_some_and(|was| was.verdict == Verdict::Unknown);
        if said.verdict != Verdict::Unknown || was_unknown {
            continue;
        }
        wrong.unknown += 1;
        let is_explained =
            calls.iter().any(|call| said.causes.iter().any(|cause| cause.contains(call.as_str())));
        let by_entry = calls.contains("sts:AssumeRole") || calls.contains("ec2:DescribeRegions");
        if !is_explained && !by_entry {
            let at = (said.account, &said.region, &said.kind);
            wrong.unexplained.push(format!("{}: {:?} {at:?}", show(page, name), said.causes));
        }
    }
    wrong
}

fn shown(fault: &Fault) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let asked = fault.with.parameters.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{}.{}{asked}={}", part(&fault.with.service), part(&fault.with.operation), fault.how)
}

fn main() {
    let arguments = arguments();
    let world = World::new(arguments.accounts);
    let usual = world.run(Vec::new(), true);
    let count = |verdict: Verdict| usual.verdicts.values().filter(|said| said.verdict == verdict).count();
    let operations: BTreeSet<_> = usual.asks.iter().map(|ask| (&ask.service, &ask.operation)).collect();
    println!(
        "without faults: {} calls of {} operations, {} fail, {} unknown",
        usual.asks.len(),
        operations.len(),
        count(Verdict::Fails),
        count(Verdict::Unknown)
    );
    if arguments.is_wordy {
        let mut causes: BTreeMap<String, usize> = BTreeMap::new();
        for ((page, _), said) in usual.verdicts.iter().filter(|(_, said)| said.verdict == Verdict::Unknown) {
            let cause = said.causes.iter().next().cloned().unwrap_or_default();
            *causes.entry(format!("{page}: {cause}")).or_default() += 1;
        }
        causes.iter().for_each(|(cause, count)| eprintln!("  {count} × {cause}"));
    }
    // Every operation goes wrong in every way at least once; the rest is drawn.
    let mut random = Random::of(arguments.seed, "faults");
    let mut injections: Vec<(usize, How)> = Vec::new();
    for operation in &operations {
        let of: Vec<usize> = (0..usual.asks.len())
            .filter(|place| (&usual.asks[*place].service, &usual.asks[*place].operation) == *operation)
            .collect();
        injections.extend(WAYS.iter().map(|how| (*random.pick(&of), *how)));
    }
    while injections.len() < arguments.injections {
        injections.push((random.below(usual.asks.len()), *random.pick(&WAYS)));
    }
    for place in (1..injections.len()).rev() {
        injections.swap(place, random.below(place + 1));
    }
    injections.truncate(arguments.injections);
    let runs: Vec<Vec<Fault>> = injections
        .chunks(arguments.together)
        .map(|chunk| {
            let fault = |(place, how): &(usize, How)| Fault {
                with: Calls::just(&usual.asks[*place]),
                when: When::Always,
                how: *how,
            };
            chunk.iter().map(fault).collect()
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut all, mut injected, mut without) = (Wrong::default(), 0, 0);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(faults) = runs.get(place) else { return (all, injected, without) };
            let seen = world.run(faults.clone(), false);
            injected += seen.injected;
            without += usize::from(seen.injected == 0);
            let wrong = compare(&usual, &seen, faults);
            for line in wrong.passes.iter().take(3) {
                eprintln!("wrong pass: {line}");
            }
            for line in wrong.unexplained.iter().take(2) {
                eprintln!("unexplained: {}", line.chars().take(700).collect::<String>());
            }
            all.passes.extend(wrong.passes);
            all.unexplained.extend(wrong.unexplained);
            all.unknown += wrong.unknown;
            all.unjudged += wrong.unjudged;
            if place.is_multiple_of(100) && place > 0 {
                eprintln!("  … {place} of {} collections", runs.len());
            }
        }
    };
    let results: Vec<(Wrong, u64, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let passes: usize = results.iter().map(|(wrong, ..)| wrong.passes.len()).sum();
    let unexplained: usize = results.iter().map(|(wrong, ..)| wrong.unexplained.len()).sum();
    let unjudged: usize = results.iter().map(|(wrong, ..)| wrong.unjudged).sum();
    let unknown: usize = results.iter().map(|(wrong, ..)| wrong.unknown).sum();
    println!(
        "{} injections in {} collections ({} calls went wrong): {passes} wrong passes, {unknown} verdicts became unknown, {unexplained} of them unexplained",
        injections.len(),
        runs.len(),
        results.iter().map(|(_, injected, _)| injected).sum::<u64>(),
    );
    if unjudged > 0 {
        println!(
            "{unjudged} verdicts on accounts that the organisation could not be asked for were not given at all; the ledger names the call"
        );
    }
    if passes + unexplained > 0 {
        std::process::exit(1);
    }
}
