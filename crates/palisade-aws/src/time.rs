//! Times as AWS writes them: ISO 8601, seconds since 1970, and the dates of HTTP.

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2026-11-17T19:13:00Z`.
    Iso8601,
    /// Seconds since 1970.
    Unix,
    /// `Tue, 17 Nov 2026 19:13:00 GMT`.
    Rfc822,
}

impl TimeFormat {
    /// By the first letter of its name in the models.
    pub(crate) fn named(letter: &str) -> Option<Self> {
        Some(match letter {
            "i" => Self::Iso8601,
            "u" => Self::Unix,
            "r" => Self::Rfc822,
            _ => return None,
        })
    }
}

/// A moment, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) seconds: i64,
    pub(crate) micros: u32,
}

/// From 0001-01-01 to 9999-12-31: what a civil date of four digits can say.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Time {
    /// Seconds since 1970, rounded to the microsecond.
    pub(crate) fn of_seconds(seconds: f64) -> Option<Self> {
        let whole = seconds.floor();
        if !whole.is_finite() || whole.abs() > 1e12 {
            return None;
        }
        let micros = ((seconds - whole) * 1e6).round_ties_even();
        let (whole, micros) = (whole as i64, micros as i64);
        let time =
            Self { seconds: whole + micros / 1_000_000, micros: u32::try_from(micros % 1_000_000).ok()? };
        SECONDS.contains(&time.seconds).then_some(time)
    }

    /// Any of the forms, also a number as text. Without a zone it is UTC.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let time = number(text).or_else(|| iso(text)).or_else(|| rfc822(text))?;
        SECONDS.contains(&time.seconds).then_some(time)
    }

    /// In one of the forms.
    pub(crate) fn text(self, format: TimeFormat) -> String {
        match format {
            TimeFormat::Iso8601 => self.iso("Z"),
            TimeFormat::Unix if self.micros == 0 => self.seconds.to_string(),
            TimeFormat::Unix => self.as_f64().to_string(),
            TimeFormat::Rfc822 => self.rfc822(),
        }
    }

    /// As answers have it: `2026-11-17T19:13:00+00:00`, as the AWS CLI prints it.
    pub(crate) fn answer(self) -> String {
        self.iso("+00:00")
    }

    pub(crate) fn as_f64(self) -> f64 {
        let micros = (self.seconds * 1_000_000 + i64::from(self.micros)) as f64;
        micros / 1e6
    }

    fn iso(self, zone: &str) -> String {
        let (year, month, day) = civil(self.seconds.div_euclid(86_400));
        let (hour, minute, second) = clock(self.seconds);
        let micros = if self.micros == 0 { String::new() } else { format!(".{:06}", self.micros) };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{micros}{zone}")
    }

    fn rfc822(self) -> String {
        let days = self.seconds.div_euclid(86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = clock(self.seconds);
        let name = |names: &[&'static str], place: i64| {
            usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
        };
        let (weekday, month) = (name(&DAYS, days.rem_euclid(7)), name(&MONTHS, month - 1));
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

fn clock(seconds: i64) -> (i64, i64, i64) {
    let of_day = seconds.rem_euclid(86_400);
    (of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// The civil date of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The number of days since 1970 of a civil date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let length = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn number(text: &str) -> Option<Time> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    // A date without separators is a number, too; none of the services writes one alone.
    Time::of_seconds(if plain { text.parse().ok()? } else { return None })
}

fn iso(text: &str) -> Option<Time> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let is = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    let (year, rest, month, day) = if is(4, b'-') && is(7, b'-') {
        (digits(0, 4)?, 10, digits(5, 7)?, digits(8, 10)?)
    } else {
        (digits(0, 4)?, 8, digits(4, 6)?, digits(6, 8)?)
    };
    let midnight = days(year, month, day)? * 86_400;
    let Some(separator) = text.as_bytes().get(rest) else {
        return Some(Time { seconds: midnight, micros: 0 });
    };
    if !b"Tt ".contains(separator) {
        return None;
    }
    of_clock(midnight, text.get(rest + 1..)?)
}

/// `19:13:00.5Z`, `191300Z`, `19:13:00+01:00`, and a zone by name in dates of HTTP.
fn of_clock(midnight: i64, text: &str) -> Option<Time> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == ':' || letter == '.'));
    let (clock, zone) = text.split_at(end.unwrap_or(text.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let clock: String = clock.chars().filter(|letter| *letter != ':').collect();
    if ![4, 6].contains(&clock.len()) {
        return None;
    }
    let two = |at: usize| clock.get(at..at + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    let (hour, minute, second) = (two(0)?, two(2)?, two(4)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let seconds = midnight + hour * 3_600 + minute * 60 + second - offset(zone.trim())?;
    Some(Time { seconds, micros: micros.parse().ok()? })
}

fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return ["Z", "z", "GMT", "UTC"].contains(&zone).then_some(0),
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let two = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    Some(sign * (two(0)? * 3_600 + two(2)? * 60))
}

/// `Tue, 17 Nov 2026 19:13:00 GMT`.
fn rfc822(text: &str) -> Option<Time> {
    let date = text.split_once(", ").map_or(text, |(_, date)| date);
    let mut words = date.splitn(4, ' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: i64 = words.next()?.parse().ok().filter(|year| (1..=9_999).contains(year))?;
    of_clock(days(year, month, day)? * 86_400, words.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Time::parse(text).map_or("none".to_owned(), Time::answer), expected, "{text}");
    }

    #[test]
    fn every_form_is_read() {
        check("2026-11-17T19:13:00Z", "2026-11-17T19:13:00+00:00");
        check("2026-11-17T19:13:00.5Z", "2026-11-17T19:13:00.500000+00:00");
        check("2026-11-17T19:13:00+01:30", "2026-11-17T17:43:00+00:00");
        check("2026-11-17 19:13:00", "2026-11-17T19:13:00+00:00");
        check("20261117T191300Z", "2026-11-17T19:13:00+00:00");
        check("2024-02-29", "2024-02-29T00:00:00+00:00");
        check("Tue, 17 Nov 2026 19:13:00 GMT", "2026-11-17T19:13:00+00:00");
        check("0", "1970-01-01T00:00:00+00:00");
        check("1.25", "1970-01-01T00:00:01.250000+00:00");
        check("-1", "1969-12-31T23:59:59+00:00");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-02-29",
            "2026-11-17T25:00:00Z",
            "1e300",
            "9999999999999",
            "2026-11-17T19:13:00é",
        ] {
            check(text, "none");
        }
    }

    #[test]
    fn dates_of_http_have_their_day() {
        let written = |text: &str| Time::parse(text).map(|time| time.text(TimeFormat::Rfc822));
        assert_eq!(written("1970-01-01").as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(written("2026-11-17T19:13:00Z").as_deref(), Some("Tue, 17 Nov 2026 19:13:00 GMT"));
    }
}
