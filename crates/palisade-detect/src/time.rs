//! The parts of a time that a rule can ask for: minute, hour, day, week, month and year, in UTC.

use serde_json::Value;

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// The week of the year as ISO 8601 counts it, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

const DAY: i64 = 86_400;

/// Numbers above it count milliseconds: as seconds they would lie some 30,000 years ahead.
const MILLISECONDS_FROM: u64 = 1_000_000_000_000;

impl Part {
    /// This part of the time in a field's value: RFC 3339, or a number of seconds or milliseconds since 1970.
    pub(crate) fn of(self, value: &Value) -> Option<i64> {
        let seconds = match value {
            Value::String(text) => read(text)?,
            Value::Number(number) => match number.as_i64() {
                Some(count) => in_seconds(count),
                #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
                None => in_seconds(number.as_f64()? as i64),
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(self.at(seconds))
    }

    fn at(self, seconds: i64) -> i64 {
        let days = seconds.div_euclid(DAY);
        let (year, month, day) = date(days);
        match self {
            Self::Minute => seconds.rem_euclid(3_600) / 60,
            Self::Hour => seconds.rem_euclid(DAY) / 3_600,
            Self::Day => day,
            Self::Month => month,
            Self::Year => year,
            Self::Week => {
                // A week belongs to the year that its Thursday lies in; 1970 began on one.
                let thursday = days - (days + 3).rem_euclid(7) + 3;
                let (year, ..) = date(thursday);
                (thursday - days_before(year, 1, 1)) / 7 + 1
            }
        }
    }
}

fn in_seconds(count: i64) -> i64 {
    match count.unsigned_abs() > MILLISECONDS_FROM {
        true => count.div_euclid(1_000),
        false => count,
    }
}

/// The seconds since 1970 of a time as in `2026-03-01T09:30:00.5+01:00`; without an offset it is UTC.
fn read(text: &str) -> Option<i64> {
    let (clock, rest) = text.split_at_checked(19)?;
    let bytes = clock.as_bytes();
    let stands = |at: usize, allowed: &[u8]| allowed.contains(&bytes[at]);
    if !(stands(4, b"-") && stands(7, b"-") && stands(10, b"Tt ") && stands(13, b":") && stands(16, b":")) {
        return None;
    }
    let year = digits(&clock[0..4])?;
    let month = digits(&clock[5..7]).filter(|month| (1..=12).contains(month))?;
    let day = digits(&clock[8..10]).filter(|day| (1..=31).contains(day))?;
    let hour = digits(&clock[11..13]).filter(|hour| *hour < 24)?;
    let minute = digits(&clock[14..16]).filter(|minute| *minute < 60)?;
    let second = digits(&clock[17..19]).filter(|second| *second <= 60)?;
    let days = days_before(year, month, day);
    if date(days) != (year, month, day) {
        return None;
    }
    let local = days * DAY + hour * 3_600 + minute * 60 + second.min(59);
    Some(local - offset(after_fraction(rest)?)?)
}

fn after_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (after.len() < fraction.len()).then_some(after)
}

fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let hours = digits(hours).filter(|hours| *hours < 24)?;
    let minutes = digits(minutes).filter(|minutes| *minutes < 60)?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The date of a day counted from 1970, by Howard Hinnant's `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The days from 1970 to a date, by Howard Hinnant's `days_from_civil`.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: &Value, expected: [i64; 6]) {
        let parts = [Part::Year, Part::Month, Part::Day, Part::Week, Part::Hour, Part::Minute];
        assert_eq!(parts.map(|part| part.of(value).unwrap_or(-1)), expected, "{value}");
    }

    #[test]
    fn times_are_read_in_utc() {
        check(&json!("2024-02-29T23:59:01Z"), [2024, 2, 29, 9, 23, 59]);
        check(&json!("2024-03-01T00:30:00.123+01:00"), [2024, 2, 29, 9, 23, 30]);
        check(&json!("2024-12-30 05:06:07"), [2024, 12, 30, 1, 5, 6]);
        check(&json!("2021-01-03T00:00:00z"), [2021, 1, 3, 53, 0, 0]);
        check(&json!(0), [1970, 1, 1, 1, 0, 0]);
        check(&json!(-1), [1969, 12, 31, 1, 23, 59]);
        check(&json!(1_709_251_141), [2024, 2, 29, 9, 23, 59]);
        check(&json!(1_709_251_141_000_i64), [2024, 2, 29, 9, 23, 59]);
        check(&json!(1_709_251_141.9), [2024, 2, 29, 9, 23, 59]);
    }

    #[test]
    fn what_is_not_a_time_has_no_parts() {
        for value in [
            json!("2024-02-30T00:00:00Z"),
            json!("2024-02-29"),
            json!("2024-02-29T24:00:00Z"),
            json!("2024-02-29T00:00:00.Z"),
            json!("2024-02-29T00:00:00+1:00"),
            json!("2024-02-29T00:00:00é"),
            json!("yesterday, at about ten"),
            json!("ééééééééééééééééééééé"),
            json!(null),
            json!(true),
            json!({}),
        ] {
            check(&value, [-1; 6]);
        }
        for extreme in [json!(i64::MAX), json!(i64::MIN), json!(1e300)] {
            assert!(Part::Minute.of(&extreme).is_some());
        }
    }
}
