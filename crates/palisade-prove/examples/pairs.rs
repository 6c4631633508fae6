//! Decides containment for the ordered pairs of the policies of a folder, and says how long it took.
//!
//! `cargo run --release -p palisade-prove --example pairs -- FOLDER [--sample N]`: all pairs, or every so many that about N
//! are asked. Each policy is made ready once; two threads take row after row.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a tool for measuring may stop")]

use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_prove::{Answer, Attached, Options, no_new_access};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 2;

#[derive(Default)]
struct Counts {
    holds: usize,
    violated: usize,
    unknown: Vec<String>,
    unconfirmed: u64,
    times: Vec<u32>,
    slowest: Vec<(Duration, String)>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().expect("a folder of policies");
    let sample: Option<usize> = arguments
        .iter()
        .position(|argument| argument == "--sample")
        .map(|at| arguments[at + 1].parse().expect("a number of pairs"));
    let start = Instant::now();
    let policies = read(Path::new(folder));
    let all = policies.len() * policies.len();
    // A step that has no divisor in common with the number of policies meets each of them.
    let mut step = sample.map_or(1, |sample| (all / sample.max(1)).max(1));
    while step > 1 && common(step, policies.len()) > 1 {
        step += 1;
    }
    println!("{} policies made ready in {:.1} s", policies.len(), start.elapsed().as_secs_f64());
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let work = || work(&policies, &next, step);
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let elapsed = start.elapsed();
    tell(counts, elapsed);
}

fn common(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common(b, a % b) }
}

fn read(folder: &Path) -> Vec<(Arc<str>, Attached)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).ok()?;
        let document: Value = serde_json::from_str(&text).ok()?;
        let document = document.pointer("/PolicyVersion/Document").unwrap_or(&document).to_string();
        let name: Arc<str> = file.file_name()?.to_string_lossy().into();
        let policy = Policy::parse(&document, &name, PolicyKind::Identity, Strictness::Strict);
        Some((name, Attached::new(vec![Arc::new(policy)])))
    };
    files.iter().filter_map(read).collect()
}

/// Takes pairs in portions until there are none left.
fn work(policies: &[(Arc<str>, Attached)], next: &AtomicUsize, step: usize) -> Counts {
    const PORTION: usize = 256;
    let mut counts = Counts::default();
    let all = policies.len() * policies.len();
    loop {
        let first = next.fetch_add(PORTION, Ordering::Relaxed) * step;
        if first >= all {
            return counts;
        }
        for at in (first..all).step_by(step).take(PORTION) {
            let ((old_name, old), (new_name, new)) =
                (&policies[at / policies.len()], &policies[at % policies.len()]);
            let start = Instant::now();
            let report = no_new_access(old, new, &Options::default());
            let time = start.elapsed();
            counts.unconfirmed += report.unconfirmed;
            counts.times.push(u32::try_from(time.as_nanos() / 100).unwrap_or(u32::MAX));
            let name = || format!("{old_name} -> {new_name}");
            if report.unconfirmed > 0 {
                println!("not confirmed: {}: {:?}", name(), report.answer);
            }
            if time > Duration::from_millis(5) {
                counts.slowest.push((time, format!("{} ({} steps)", name(), report.steps)));
            }
            match report.answer {
                Answer::Holds => counts.holds += 1,
                Answer::Violated(_) => counts.violated += 1,
                Answer::Unknown(why) => counts.unknown.push(format!("{}: {}", name(), why.join("; "))),
            }
        }
    }
}

fn tell(counts: Vec<Counts>, elapsed: Duration) {
    let mut total = Counts::default();
    for counts in counts {
        total.holds += counts.holds;
        total.violated += counts.violated;
        total.unconfirmed += counts.unconfirmed;
        total.unknown.extend(counts.unknown);
        total.times.extend(counts.times);
        total.slowest.extend(counts.slowest);
    }
    total.times.sort_unstable();
    total.slowest.sort();
    let at = |part: f64| {
        let place = (total.times.len() as f64 * part) as usize;
        f64::from(total.times.get(place).or(total.times.last()).copied().unwrap_or(0)) / 10.0
    };
    for unknown in total.unknown.iter().take(20) {
        println!("unknown: {unknown}");
    }
    for (time, name) in total.slowest.iter().rev().take(10) {
        println!("slow: {:.1} ms {name}", time.as_secs_f64() * 1000.0);
    }
    println!(
        "{} pairs in {:.1} s on {THREADS} threads: {} hold, {} do not, {} unknown, {} not confirmed",
        total.times.len(),
        elapsed.as_secs_f64(),
        total.holds,
        total.violated,
        total.unknown.len(),
        total.unconfirmed
    );
    println!(
        "median {:.1} µs, 99th percentile {:.1} µs, most {:.1} µs; pairs that took more than 5 ms: {}",
        at(0.5),
        at(0.99),
        at(1.0),
        total.slowest.len()
    );
}
