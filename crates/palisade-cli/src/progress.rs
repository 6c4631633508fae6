//! Says on standard error what is going on, once it takes longer than a second.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Progress of one run.
pub struct Progress {
    begun: Instant,
    said: Cell<Option<Instant>>,
    is_terminal: bool,
}

impl Progress {
    /// Begins now.
    pub fn new() -> Self {
        Self { begun: Instant::now(), said: Cell::new(None), is_terminal: std::io::stderr().is_terminal() }
    }

    /// Says what is going on: on a terminal in one line that changes, elsewhere a line every ten seconds.
    pub fn say(&self, what: &str) {
        let pause = if self.is_terminal { Duration::from_millis(100) } else { Duration::from_secs(10) };
        let due = self.said.get().map_or(self.begun + Duration::from_secs(1), |said| said + pause);
        if Instant::now() < due {
            return;
        }
        self.said.set(Some(Instant::now()));
        let what: String = palisade_report::neutral(what).chars().take(100).collect();
        let mut err = std::io::stderr().lock();
        // Progress that can't be shown is no reason to stop.
        let _ = if self.is_terminal { write!(err, "\r\x1b[2K{what}") } else { writeln!(err, "{what}") };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_terminal && self.said.get().is_some() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
