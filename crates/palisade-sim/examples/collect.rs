//! Collects a simulated organisation in virtual time, and prints what it took:
//! `cargo run --release -p palisade-sim --example collect -- [--accounts N[,N…]] [--bulk N] [--rate PERCENT]`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "an example may stop")]

mod drive;

use palisade_collect::{Accounts, Collector, Event, Options as How, Plan};
use palisade_content::{load, shipped};
use palisade_sim::api::{Api, Options, Usage};
use palisade_sim::{Organisation, Size};
use palisade_snapshot::State;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

struct Arguments {
    accounts: Vec<usize>,
    bulk: usize,
    rate: f64,
    in_flight: usize,
    open: usize,
    held: usize,
    is_wordy: bool,
}

fn arguments() -> Arguments {
    let mut found = Arguments {
        accounts: vec![10, 100, 1_000],
        bulk: 294,
        rate: 20.0,
        in_flight: 1_000,
        open: 0,
        held: 0,
        is_wordy: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().unwrap_or_else(|| panic!("`{name}` needs a value"));
        match name.as_str() {
            "--accounts" => found.accounts = value().split(',').map(|count| count.parse().unwrap()).collect(),
            "--bulk" => found.bulk = value().parse().unwrap(),
            "--rate" => found.rate = value().parse().unwrap(),
            "--in-flight" => found.in_flight = value().parse().unwrap(),
            "--open-listings" => found.open = value().parse().unwrap(),
            "--held-megabytes" => found.held = value().parse().unwrap(),
            "--wordy" => found.is_wordy = true,
            // What `cargo bench` adds.
            "--bench" => {}
            other => {
                panic!(
                    "`{other}` is no option: there are --accounts, --bulk, --rate, --in-flight, --open-listings, --held-megabytes, --wordy"
                )
            }
        }
    }
    found
}

fn main() {
    let arguments = arguments();
    println!(
        "accounts  resources      calls  throttled  unread cells  virtual time  share used  wall time  peak memory"
    );
    for accounts in &arguments.accounts {
        let (line, usage) = collect(*accounts, &arguments);
        println!("{line}");
        if arguments.is_wordy {
            detail(&usage);
        }
    }
}

fn collect(accounts: usize, arguments: &Arguments) -> (String, Usage) {
    let wall = Instant::now();
    let (library, _) = load(&shipped());
    let organisation = Organisation::new(Size { seed: 7, accounts });
    let accounts = organisation.accounts.len();
    let mut api =
        Api::new(organisation, library.kinds(), Options { bulk: arguments.bulk, ..Options::default() });
    let plan =
        Plan::new(library.kinds(), None).of_accounts(Accounts::Organisation { except: Default::default() });
    // With fewer calls in flight than this, the network's delays would be the limit and not the quotas.
    let mut how = How { share: arguments.rate / 100.0, in_flight: arguments.in_flight, ..How::default() };
    if arguments.held > 0 {
        how.held_bytes = arguments.held * 1_000_000;
    }
    if arguments.open > 0 {
        how.open_listings = arguments.open;
    }
    drop(library);
    if arguments.is_wordy {
        eprintln!("before the first call: {} MB", resident());
    }
    let mut collector = Collector::new(plan, how);
    let mut records = 0_u64;
    let mut bytes = 0_u64;
    let mut states: BTreeMap<State, u64> = BTreeMap::new();
    let mut gaps: BTreeMap<String, u64> = BTreeMap::new();
    let mut told = Instant::now();
    let took = drive::drive(
        &mut api,
        &mut collector,
        |_| {},
        |now, event| {
            match event {
                Event::Record(record) => {
                    records += 1;
                    // As a snapshot would write it.
                    if records.is_multiple_of(64) {
                        bytes += serde_json::to_vec(&record).map_or(0, |line| line.len() as u64) * 64;
                    }
                }
                Event::CellDone(cell) => {
                    *states.entry(cell.state).or_default() += 1;
                    for gap in cell.gaps {
                        *gaps.entry(format!("{} {} {}", gap.call, gap.failure, gap.code)).or_default() += 1;
                    }
                }
                _ => {}
            }
            if told.elapsed() > Duration::from_secs(20) {
                told = Instant::now();
                eprintln!(
                    "  … {records} resources, {} of virtual time, {}",
                    shown(now),
                    format_args!("{} MB now, {} at most", resident(), memory())
                );
            }
            true
        },
    );
    let usage = api.usage();
    let unread = states.get(&State::NotRead).copied().unwrap_or_default()
        + states.get(&State::Partly).copied().unwrap_or_default();
    let share = usage.share(Duration::from_secs(20)).map_or("-".to_owned(), |share| {
        format!("{:.0} % of {:.0} %", share / (arguments.rate / 100.0) * 100.0, arguments.rate)
    });
    let line = format!(
        "{accounts:>8}  {records:>9}  {:>9}  {:>9}  {unread:>12}  {:>12}  {share:>10}  {:>9}  {:>11}",
        usage.calls,
        format!("{} ({:.2} %)", usage.throttled, usage.throttled as f64 * 100.0 / usage.calls.max(1) as f64),
        shown(took),
        shown(wall.elapsed()),
        memory(),
    );
    if arguments.is_wordy {
        eprintln!("{} MB as NDJSON; cells {states:?}", bytes / 1_000_000);
        gaps.iter().take(20).for_each(|(gap, count)| eprintln!("  {count} × {gap}"));
        eprintln!("refused: {:?}", usage.refused);
        if let Some(fatal) = collector.fatal() {
            eprintln!("fatal: {fatal}");
        }
        let held = resident();
        drop(collector);
        let without = resident();
        drop(api);
        eprintln!(
            "held at the end: {held} MB, without the collector {without} MB, without the APIs {} MB",
            resident()
        );
    }
    (line, usage)
}

/// The quotas that were used most.
fn detail(usage: &Usage) {
    let mut all: Vec<_> = usage.buckets.iter().collect();
    all.sort_by_key(|(_, bucket)| std::cmp::Reverse(bucket.calls));
    for (name, bucket) in all.into_iter().take(40) {
        let share = bucket.share().map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
        println!(
            "  {name:<44} {:>9} calls in {:>6} buckets of {:>5}/s{}, {} throttled, longest {}, share {share}, most {:.1} %",
            bucket.calls,
            bucket.buckets,
            bucket.quota.rate,
            if bucket.quota.is_documented { "" } else { " (guess)" },
            bucket.throttled,
            shown(bucket.longest),
            bucket.share_max * 100.0,
        );
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// The most memory that this process held so far.
fn memory() -> String {
    format!("{} MB", status("VmHWM:"))
}

/// The memory that it holds now.
fn resident() -> u64 {
    status("VmRSS:")
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes: Option<u64> = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or_default() / 1_024
}
