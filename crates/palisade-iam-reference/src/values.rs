//! Reads the texts of numbers, dates, addresses and ARNs. No rules.

use ipnet::IpNet;
use std::net::IpAddr;

/// The six fields of an ARN's pattern; a colon inside of `${…}` parts nothing.
pub(crate) fn split_arn(value: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut inside = false;
    for letter in value.chars() {
        inside = (inside || fields.last().is_some_and(|field| field.ends_with('$') && letter == '{'))
            && letter != '}';
        if letter == ':' && !inside && fields.len() < 6 {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.push(letter);
        }
    }
    fields
}

/// A decimal number.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    plain.then(|| text.parse().ok()).flatten()
}

/// A W3C date (`2026-01-31`, `2026-01-31T10:00:00Z`) or seconds since 1970, as seconds since 1970.
pub(crate) fn moment(text: &str) -> Option<f64> {
    if let Some(seconds) = number(text)
        && (text.len() != 4 || text.contains('.'))
    {
        return Some(seconds);
    }
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let fields: Option<Vec<i64>> = date.split('-').map(|field| field.parse().ok()).collect();
    let fields = fields?;
    let (year, month, day) =
        (*fields.first()?, fields.get(1).copied().unwrap_or(1), fields.get(2).copied().unwrap_or(1));
    let mut seconds = days(year, month, day) as f64 * 86_400.0;
    if let Some(time) = time {
        let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
            (clock, 0)
        } else {
            let sign = time.rfind(['+', '-'])?;
            let (hours, minutes) = time[sign + 1..].split_once(':')?;
            let offset = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            (&time[..sign], if time[sign..].starts_with('-') { -offset } else { offset })
        };
        let fields: Option<Vec<f64>> = clock.split(':').map(|field| field.parse().ok()).collect();
        let fields = fields?;
        seconds += fields.first()? * 3600.0
            + fields.get(1).copied().unwrap_or(0.0) * 60.0
            + fields.get(2).copied().unwrap_or(0.0);
        seconds -= offset as f64;
    }
    Some(seconds)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counted year by year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let of_years: i64 = if year >= 1970 {
        (1970..year).map(|year| 365 + i64::from(leap(year))).sum()
    } else {
        -(year..1970).map(|year| 365 + i64::from(leap(year))).sum::<i64>()
    };
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    of_years + lengths.iter().take((month - 1).clamp(0, 11) as usize).sum::<i64>() + day - 1
}

/// An address or a range in CIDR form; a lone address is a range of one.
pub(crate) fn range(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
