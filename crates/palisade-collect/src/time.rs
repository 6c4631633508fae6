//! Times as the collector writes them: RFC 3339 in UTC, of what has passed since 1970.

use std::time::Duration;

const DAY: u64 = 86_400;

/// `2026-11-22T05:18:18Z`.
pub(crate) fn rfc3339(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3_600, seconds % 3_600 / 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The civil date of a day since 1970, by the eras of 400 years that the Gregorian calendar repeats in.
fn date(day: u64) -> (u64, u64, u64) {
    // Years begin with March here, so that the leap day is a year's last.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_civil() {
        let check = |seconds, expected: &str| assert_eq!(rfc3339(Duration::from_secs(seconds)), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_077_926_399, "2004-02-27T23:59:59Z");
        check(1_795_324_698, "2026-11-22T05:18:18Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }
}
