//! The engine and the reference give one answer to generated cases.

use crate::compare::{Compared, compare};

/// `cargo xtask differential` asks ten million.
const CASES: u64 = 100_000;

#[test]
fn the_engine_and_the_reference_agree_on_generated_cases() {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let differing: Vec<String> = std::thread::scope(|scope| {
        let asked = |thread| {
            let seeds = (0..CASES).filter(move |seed| seed % threads == thread);
            move || {
                let differing = seeds.filter_map(|seed| {
                    let (compared, case, said) = compare(seed);
                    (compared == Compared::Differs).then(|| format!("seed {seed}: {said}\n{case}"))
                });
                differing.collect::<Vec<_>>()
            }
        };
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(asked(thread))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let first = differing.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(differing.is_empty(), "{} of {CASES} differ\n{first}", differing.len());
}
