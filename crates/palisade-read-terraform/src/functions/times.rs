//! Points in time, written as RFC 3339 has them.

use super::{Given, Outcome, text_in};
use crate::evaluate::Failure;
use crate::value::Value;

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A point in time, and how far the clock that shows it is ahead of UTC.
#[derive(Debug, Clone, Copy)]
struct Time {
    nanoseconds: i128,
    offset_minutes: i64,
}

/// What a clock and a calendar show.
struct Shown {
    year: i64,
    month: usize,
    day: i64,
    weekday: usize,
    seconds_of_day: i64,
}

impl Time {
    fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut fraction: i128 = 0;
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let nine: String = after[..digits].chars().chain("000000000".chars()).take(9).collect();
            fraction = nine.parse().ok().filter(|_| digits > 0)?;
            rest = &after[digits..];
        }
        let offset_minutes = match rest.as_bytes() {
            [b'Z'] => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let at = text.len() - 5;
                let minutes = number(at, at + 2)? * 60 + number(at + 3, at + 5)?;
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        let days = days_before(year, month) + day - 1;
        let seconds = ((days * 24 + hour) * 60 + minute - offset_minutes) * 60 + second;
        Some(Self { nanoseconds: i128::from(seconds) * 1_000_000_000 + fraction, offset_minutes })
    }

    fn shown(self) -> Option<Shown> {
        let seconds = i64::try_from(self.nanoseconds.div_euclid(1_000_000_000)).ok()?;
        let seconds = seconds.checked_add(self.offset_minutes * 60)?;
        let days = seconds.div_euclid(86_400);
        let weekday = usize::try_from((days + 4).rem_euclid(7)).ok()?;
        // Only years of four digits can be written.
        let mut year = 1969 + days.div_euclid(if days < 0 { 365 } else { 366 });
        while days_before(year + 1, 1) <= days {
            year += 1;
            if year > 99_999 {
                return None;
            }
        }
        let month = (1..=12).rev().find(|month| days_before(year, *month) <= days)?;
        let day = days - days_before(year, month) + 1;
        let seconds_of_day = seconds.rem_euclid(86_400);
        (0..=99_999).contains(&year).then_some(Shown {
            year,
            month: usize::try_from(month).ok()?,
            day,
            weekday,
            seconds_of_day,
        })
    }

    /// With its offset: `Z`, or `+01:30`, or without the colon.
    fn offset(self, utc: &str, colon: &str) -> String {
        if self.offset_minutes == 0 && !utc.is_empty() {
            return utc.to_owned();
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.abs();
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the first of January 1970 to the first of this month.
fn days_before(year: i64, month: i64) -> i64 {
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    before * 365 + leaps - 719_162 + months
}

fn time_in(given: &Given<'_>, at: usize) -> Result<Time, Failure> {
    Time::parse(&text_in(given, at)?).ok_or(Failure)
}

/// A duration as Go writes it: `1h30m`, `-1.5s`.
fn duration(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits == "0" {
        return Some(0);
    }
    let mut rest = digits;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (count, after) = rest.split_at(length);
        let unit = after.len() - after.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.').len();
        let (unit, after) = after.split_at(unit);
        let size = match unit {
            "h" => 3_600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" | "μs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        total += count.parse::<f64>().ok()? * size;
        rest = after;
    }
    let total = if text.starts_with('-') { -total } else { total };
    // As long as a duration of Go can be.
    (!digits.is_empty() && total.abs() < 9.2e18).then_some(total as i128)
}

pub(super) fn timeadd(given: &Given<'_>) -> Outcome {
    let time = time_in(given, 0)?;
    let added = duration(&text_in(given, 1)?).ok_or(Failure)?;
    let time = Time { nanoseconds: time.nanoseconds + added, ..time };
    let text = formatted("YYYY-MM-DD'T'hh:mm:ssZ", time).ok_or(Failure)?;
    Ok(Value::text(text, given.origin))
}

pub(super) fn timecmp(given: &Given<'_>) -> Outcome {
    let order = time_in(given, 0)?.nanoseconds.cmp(&time_in(given, 1)?.nanoseconds);
    Ok(Value::number(order as i8, given.origin))
}

pub(super) fn formatdate(given: &Given<'_>) -> Outcome {
    let text = formatted(&text_in(given, 0)?, time_in(given, 1)?).ok_or(Failure)?;
    Ok(Value::text(text, given.origin))
}

fn formatted(pattern: &str, time: Time) -> Option<String> {
    let mut result = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (quoted, after) = quoted(&rest[1..])?;
            result.push_str(&quoted);
            rest = after;
            continue;
        }
        let length = rest.len() - rest.trim_start_matches(first).len();
        let (verb, after) = rest.split_at(length);
        if first.is_ascii_alphabetic() {
            result.push_str(&shown(verb, time)?);
        } else {
            result.push_str(verb);
        }
        rest = after;
    }
    Some(result)
}

/// A text in quotes, of which two stand for one.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut result = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('\'')?;
        result.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                result.push('\'');
                rest = after;
            }
            None => return Some((result, rest)),
        }
    }
}

fn shown(verb: &str, time: Time) -> Option<String> {
    let at = time.shown()?;
    let weekday = WEEKDAYS.get(at.weekday)?;
    let month = MONTHS.get(at.month.checked_sub(1)?)?;
    let (hour, minute, second) =
        (at.seconds_of_day / 3600, at.seconds_of_day / 60 % 60, at.seconds_of_day % 60);
    let hour_of_twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    Some(match verb {
        "YYYY" => format!("{:04}", at.year),
        "YY" => format!("{:02}", at.year % 100),
        "MMMM" => (*month).to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", at.month),
        "M" => at.month.to_string(),
        "DD" => format!("{:02}", at.day),
        "D" => at.day.to_string(),
        "EEEE" => (*weekday).to_owned(),
        "EEE" => weekday[..3].to_owned(),
        "hh" => format!("{hour:02}"),
        "h" => hour.to_string(),
        "HH" => format!("{hour_of_twelve:02}"),
        "H" => hour_of_twelve.to_string(),
        "AA" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{minute:02}"),
        "m" => minute.to_string(),
        "ss" => format!("{second:02}"),
        "s" => second.to_string(),
        "ZZZZZ" => time.offset("", ":"),
        "ZZZZ" => time.offset("", ""),
        "ZZZ" => time.offset("UTC", ""),
        "Z" => time.offset("Z", ":"),
        _ => return None,
    })
}
