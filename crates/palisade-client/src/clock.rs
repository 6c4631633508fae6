//! The time as AWS has it: this machine's, corrected by what answers say.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// AWS refuses signatures that are further from its own time; a little less, because answers take their time.
const SKEW_MAX: i64 = 4 * 60;

/// This machine's clock and how far it is off.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds that AWS is ahead.
    ahead: AtomicI64,
}

impl Clock {
    /// The time as AWS has it.
    pub(crate) fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let now = SystemTime::now();
        let there = if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        there.unwrap_or(now)
    }

    /// Takes over the time of an answer, where it is far from ours. Says whether it was.
    pub(crate) fn correct(&self, date: &str) -> bool {
        let Some(there) = parse(date) else { return false };
        let seconds = |time: SystemTime| {
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        };
        if (there - seconds(self.now())).abs() < SKEW_MAX {
            return false;
        }
        self.ahead.store(there - seconds(SystemTime::now()), Ordering::Relaxed);
        true
    }

    /// Seconds that AWS is ahead of this machine, as far as it mattered.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }
}

/// `Tue, 17 Nov 2026 19:13:00 GMT` as seconds since 1970.
pub(crate) fn parse(date: &str) -> Option<i64> {
    let form = aws_smithy_types::date_time::Format::HttpDate;
    Some(aws_smithy_types::DateTime::from_str(date, form).ok()?.secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(date: &str) -> (bool, i64) {
        let clock = Clock::default();
        let corrected = clock.correct(date);
        (corrected, clock.ahead())
    }

    #[test]
    fn a_clock_far_off_is_corrected() {
        let (corrected, ahead_by) = ahead("Tue, 17 Nov 2099 19:13:00 GMT");
        assert!(corrected && ahead_by > 3_600);
        let (corrected, ahead_by) = ahead("Tue, 17 Nov 2015 19:13:00 GMT");
        assert!(corrected && ahead_by < -3_600);
    }

    #[test]
    fn what_is_no_date_corrects_nothing() {
        for date in ["", "soon", "Tue, 99 Nov 2099 19:13:00 GMT"] {
            assert_eq!(ahead(date), (false, 0), "{date}");
        }
    }
}
