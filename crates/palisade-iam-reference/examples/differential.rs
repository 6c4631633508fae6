//! Compares the engine with the reference on generated cases: `differential COUNT [FIRST [SHOWN]]`.
//!
//! So many are shown of those that only the engine decides, and as many times ten of those that differ.

#[path = "../tests/it/compare.rs"]
mod compare;

use compare::{Compared, compare};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap_or(0));
    let count = arguments.next().unwrap_or(100_000);
    let first = arguments.next().unwrap_or(0);
    let most = arguments.next().unwrap_or(10);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let counts: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let shown: Mutex<[u64; 2]> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (counts, shown) = (&counts, &shown);
            scope.spawn(move || {
                let mut own: BTreeMap<String, u64> = BTreeMap::new();
                for seed in (first..first + count).filter(|seed| seed % threads == thread) {
                    let (compared, case, said) = compare(seed);
                    *own.entry(format!("{compared:?}")).or_default() += 1;
                    let asked: u64 = own.values().sum();
                    if asked.is_multiple_of(500_000) {
                        eprintln!("thread {thread}: {asked} asked, {own:?}");
                    }
                    let (sort, most) = match compared {
                        Compared::Same => continue,
                        Compared::Firmer => (0, most),
                        Compared::Differs => (1, most * 10),
                    };
                    if let Ok(mut shown) = shown.lock()
                        && shown[sort] < most
                    {
                        shown[sort] += 1;
                        println!("{compared:?}, seed {seed}: {said}\n{case}\n");
                    }
                }
                if let Ok(mut counts) = counts.lock() {
                    for (compared, seen) in own {
                        *counts.entry(compared).or_default() += seen;
                    }
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap_or_default();
    let of = |compared: Compared| counts.get(&format!("{compared:?}")).copied().unwrap_or(0);
    println!(
        "{count} cases: {} the same, {} that only the engine decides, {} different",
        of(Compared::Same),
        of(Compared::Firmer),
        of(Compared::Differs)
    );
    if of(Compared::Differs) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
