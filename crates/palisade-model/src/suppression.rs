//! Why a finding does not count: somebody looked at it, and accepted it for a reason.

use crate::{Finding, Span};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Who accepted a finding, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Where such things are written: in the settings or beside what they are about.
    pub by: SuppressedBy,
    /// Why it is accepted, in the words of whoever accepted it.
    pub reason: Arc<str>,
    /// The place of the suppression itself.
    pub place: Span,
    /// The last day on which it holds; none for no end.
    pub until: Option<Day>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Where it is followed up.
    pub ticket: Option<Arc<str>>,
}

/// Where a suppression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressedBy {
    /// In the settings, apart from what it is about.
    Settings,
    /// In a comment, or other note, beside what it is about.
    Comment,
}

/// A finding that does not count, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suppressed {
    /// What would count.
    pub finding: Finding,
    /// Why it does not.
    pub suppression: Suppression,
}

/// A day of the calendar: `2027-01-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

const SECONDS_OF_DAY: u64 = 86_400;

impl Day {
    /// The day, if there is such a one.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        (day >= 1 && day <= days).then_some(Self { year, month, day })
    }

    /// The day, in UTC, that is so many seconds after 1970 began. Days after the year 9999 are its last.
    pub fn of_unix_seconds(seconds: u64) -> Self {
        const LAST: Day = Day { year: 9999, month: 12, day: 31 };
        // Eras of 400 years, which begin with March of their first year so that a leap day is a year's last.
        let days = (seconds / SECONDS_OF_DAY).min(4_000_000) + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let found = u16::try_from(year).ok().zip(u8::try_from(month).ok()).zip(u8::try_from(day).ok());
        found.and_then(|((year, month), day)| Self::new(year, month, day)).unwrap_or(LAST).min(LAST)
    }
}

impl FromStr for Day {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a day: `2027-01-31` is one");
        let bytes = text.as_bytes();
        let is_form = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_form {
            return Err(wrong());
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| wrong());
        let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
        let day = Self::new(year, month.try_into().unwrap_or(0), day.try_into().unwrap_or(0));
        day.ok_or_else(|| format!("`{text}` is not in the calendar"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for (text, is_day) in [
            ("2027-01-31", true),
            ("2028-02-29", true),
            ("2027-02-29", false),
            ("2100-02-29", false),
            ("2000-02-29", true),
            ("2027-13-01", false),
            ("2027-00-10", false),
            ("2027-1-31", false),
            ("2027-01-31T00:00:00Z", false),
            ("２０２７-01", false),
            ("", false),
        ] {
            let day = text.parse::<Day>();
            assert_eq!(day.is_ok(), is_day, "{text}");
            assert!(day.is_err() || day.map(|day| day.to_string()) == Ok(text.to_owned()));
        }
    }

    #[test]
    fn seconds_have_their_day() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Day::of_unix_seconds(seconds).to_string(), expected, "{seconds}");
        }
    }
}
