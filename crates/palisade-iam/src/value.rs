//! Numbers, dates, addresses and binary values of conditions, compared without allocating.

use ipnet::IpNet;
use std::cmp::Ordering;
use std::net::IpAddr;

/// A decimal number as policies and requests write it: an integer or a decimal, with an optional sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal<'a> {
    is_negative: bool,
    // Digits before and after the point, without what adds nothing.
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads a number; nothing for what is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { is_negative: is_negative && !is_zero, whole, fraction })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            a.whole
                .len()
                .cmp(&b.whole.len())
                .then_with(|| a.whole.cmp(b.whole))
                .then_with(|| a.fraction.cmp(b.fraction))
        };
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

/// A moment, in nanoseconds since 1970: the W3C forms of ISO 8601, or seconds since 1970.
///
/// Source: "IAM JSON policy elements: Condition operators", date condition operators.
pub fn parse_date(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    // Four digits are a year; any other number counts seconds.
    if is_digits(text) && text.len() != 4 {
        return text.parse::<i64>().ok().map(|seconds| i128::from(seconds) * SECOND);
    }
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let number = |part: &str, width: usize| {
        (is_digits(part) && part.len() == width).then(|| part.parse::<i64>().ok()).flatten()
    };
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let date = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=length).contains(&date) {
        return None;
    }
    let days = i128::from(days_since_1970(year, month, date));
    let nanoseconds = match time {
        None => 0,
        Some(time) if day.len() == 10 => parse_time(time)?,
        Some(_) => return None,
    };
    Some(days * 86_400 * SECOND + nanoseconds)
}

/// `hh:mm[:ss[.s…]]` and `Z` or `±hh:mm`, as nanoseconds from midnight UTC.
fn parse_time(text: &str) -> Option<i128> {
    let zone = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at(zone);
    let two = |part: &str, below: i128| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i128>().ok())
            .flatten()
            .filter(|value| *value < below)
    };
    let offset = match zone {
        "Z" => 0,
        zone => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let minutes = two(hours, 24)? * 60 + two(minutes, 60)?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (two(parts.next()?, 24)?, two(parts.next()?, 60)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            (two(whole, 61)?, parse_fraction(fraction)?)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Some(((hours * 60 + minutes - offset) * 60 + seconds) * 1_000_000_000 + fraction)
}

fn parse_fraction(digits: &str) -> Option<i128> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut nanoseconds = 0;
    for place in 0..9 {
        let digit = digits.as_bytes().get(place).map_or(0, |byte| i128::from(byte - b'0'));
        nanoseconds = nanoseconds * 10 + digit;
    }
    Some(nanoseconds)
}

/// Howard Hinnant's "days from civil".
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A range of addresses; a bare address is the range that holds only itself.
pub fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// What base64 text stands for; nothing for what is no base64.
pub fn parse_binary(text: &str) -> Option<Vec<u8>> {
    decode(text).collect()
}

/// Does base64 text stand for these bytes?
pub fn is_binary(text: &str, bytes: &[u8]) -> bool {
    decode(text).eq(bytes.iter().copied().map(Some))
}

fn decode(text: &str) -> impl Iterator<Item = Option<u8>> {
    let (mut buffer, mut bits) = (0_u32, 0);
    text.trim_end_matches('=').bytes().filter_map(move |byte| {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Some(None),
        };
        buffer = (buffer << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits < 8 {
            return None;
        }
        bits -= 8;
        Some(Some((buffer >> bits & 0xff) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        let check = |a: &str, b: &str, expected: Ordering| {
            assert_eq!(
                Decimal::parse(a).map(|a| a.cmp(&Decimal::parse(b).unwrap())),
                Some(expected),
                "{a} {b}"
            );
        };
        check("10", "9", Ordering::Greater);
        check("-10", "9", Ordering::Less);
        check("-10", "-9", Ordering::Less);
        check("1.50", "1.5", Ordering::Equal);
        check("0300.2", "300.5", Ordering::Less);
        check("-0", "0", Ordering::Equal);
        check("99999999999999999999999", "100000000000000000000000", Ordering::Less);
        for text in ["", "-", "ten", "1e3", "1.2.3", "1,5", "."] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn dates_have_many_forms_of_the_same_moment() {
        let moment = parse_date("2026-01-01T00:00:00Z");
        assert!(moment.is_some());
        for same in [
            "1767225600",
            "2026-01-01",
            "2026-01",
            "2026",
            "2026-01-01T01:00+01:00",
            "2026-01-01T00:00:00.000Z",
        ] {
            assert_eq!(parse_date(same), moment, "{same}");
        }
        for text in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-02-29",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00",
            "26-01-01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_and_base64_are_read() {
        assert!(parse_network("203.0.113.5").is_some_and(|network| network.prefix_len() == 32));
        assert!(parse_network("2001:DB8::/32").is_some() && parse_network("203.0.113.0/33").is_none());
        assert_eq!(parse_binary("QmluYXJ5").as_deref(), Some(b"Binary".as_slice()));
        assert_eq!(parse_binary("?"), None);
    }
}
