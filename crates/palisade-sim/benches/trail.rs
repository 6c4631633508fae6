//! How fast a week of a hundred accounts is simulated, a million events, on one core.

use palisade_sim::{Campaign, Deliver, Moment, Organisation, Size, Span, Trail, write_ndjson};
use std::io::{self, Write};
use std::time::Instant;

/// Counts what is written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let organisation = Organisation::new(Size { seed: 1, accounts: 100 });
    let span = Span {
        seed: 1,
        start: Moment::of_date(2026, 3, 2),
        days: 7,
        events: 1_000_000,
        campaigns: Campaign::ALL.to_vec(),
    };
    let begin = Instant::now();
    let mut counted = Counted(0);
    let events = write_ndjson(Trail::new(&organisation, span.clone()), &mut counted)?;
    report("as lines", events, counted.0, begin);
    let begin = Instant::now();
    let mut bytes = 0;
    let put = |_: &str, object: &[u8]| {
        bytes += object.len() as u64;
        Ok(())
    };
    let events = Deliver::new(&organisation, put).all(Trail::new(&organisation, span))?;
    report("as gzip objects", events, bytes, begin);
    Ok(())
}

fn report(what: &str, events: u64, bytes: u64, begin: Instant) {
    let seconds = begin.elapsed().as_secs_f64();
    let (rate, size) = (events as f64 / seconds, bytes as f64 / 1e6);
    println!("  sim, {what:<16} {events:>9} events {seconds:>6.2} s {rate:>9.0} events/s {size:>7.0} MB");
}
