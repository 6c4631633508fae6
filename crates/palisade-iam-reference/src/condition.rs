//! `Condition`: operators and keys all hold, values any (`operators`, `multivalue`).

use crate::case::{Case, Statement, list};
use crate::context::{Held, held};
use crate::element::{Part, Replaced, like, pattern, replaced};
use crate::tri::Tri;
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;

/// Whether a statement's conditions hold.
pub(crate) fn holds(case: &Case<'_>, statement: Statement<'_>) -> Tri {
    let operators = statement.json["Condition"].as_object().into_iter().flatten();
    Tri::all(operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| one(case, statement, operator, key, values))
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    None,
    Every,
    Some,
}

fn one(case: &Case<'_>, statement: Statement<'_>, operator: &str, key: &str, values: &Value) -> Tri {
    let (set, operator) = match operator.split_once(':') {
        Some((set, operator)) if set.eq_ignore_ascii_case("ForAllValues") => (Set::Every, operator),
        Some((set, operator)) if set.eq_ignore_ascii_case("ForAnyValue") => (Set::Some, operator),
        _ => (Set::None, operator),
    };
    let operator = operator.to_ascii_lowercase();
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(operator) => (operator, true),
        None => (operator.as_str(), false),
    };
    let held = held(case, key);
    let values: Vec<String> = list(values)
        .into_iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect();
    if operator == "null" {
        return match held {
            Held::Open => Tri::Open,
            Held::Absent => values.iter().any(|value| value == "true").into(),
            // A key with an empty list: is it there? No page says.
            Held::Values(held) if held.is_empty() => Tri::Open,
            Held::Values(_) => values.iter().any(|value| value == "false").into(),
        };
    }
    let Some((compare, negated)) = operator_of(operator) else {
        return Tri::Open;
    };
    let held = match held {
        Held::Open => return Tri::Open,
        Held::Absent => return absent(set, negated, if_exists),
        Held::Values(held) => held,
    };
    // One value of the request against all of the statement's: any of them, or with a negated operator none.
    let matches = |held: &String| {
        let any = Tri::any(values.iter().map(|value| compare(case, statement, value, held)));
        if negated { any.not() } else { any }
    };
    match set {
        // An empty text counts as an empty set of values, for which it is true (`multivalue`).
        Set::Every => Tri::all(held.iter().filter(|held| !held.is_empty()).map(matches)),
        Set::Some => Tri::any(held.iter().map(matches)),
        Set::None if held.len() == 1 => matches(&held[0]),
        // Such operators are not for several values; what they answer, no page says.
        Set::None => Tri::Open,
    }
}

/// What an operator answers when the request does not carry the key.
fn absent(set: Set, negated: bool, if_exists: bool) -> Tri {
    match (set, negated, if_exists) {
        (Set::None, _, true) => Tri::Yes,
        (Set::None, negated, false) => negated.into(),
        (Set::Every, false, _) | (Set::Every, true, true) => Tri::Yes,
        // The pages disagree: "true" (`multivalue`), no match (the table of `operators`).
        (Set::Every, true, false) => Tri::Open,
        (Set::Some, false, false) => Tri::No,
        // Not documented.
        (Set::Some, ..) => Tri::Open,
    }
}

type Compare = fn(&Case<'_>, Statement<'_>, &str, &str) -> Tri;

/// The comparison of an operator, and whether it is negated.
fn operator_of(operator: &str) -> Option<(Compare, bool)> {
    Some(match operator {
        "stringequals" => (string_equals, false),
        "stringnotequals" => (string_equals, true),
        "stringequalsignorecase" => (string_equals_ignore_case, false),
        "stringnotequalsignorecase" => (string_equals_ignore_case, true),
        "stringlike" => (string_like, false),
        "stringnotlike" => (string_like, true),
        // The two behave alike, wildcards included (`operators`).
        "arnequals" | "arnlike" => (arn_like, false),
        "arnnotequals" | "arnnotlike" => (arn_like, true),
        "numericequals" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held == value), false)
        }
        "numericnotequals" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held == value), true)
        }
        "numericlessthan" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held < value), false)
        }
        "numericlessthanequals" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held <= value), false)
        }
        "numericgreaterthan" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held > value), false)
        }
        "numericgreaterthanequals" => {
            (|_, _, value, held| ordered(number, value, held, |held, value| held >= value), false)
        }
        "dateequals" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held == value), false)
        }
        "datenotequals" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held == value), true)
        }
        "datelessthan" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held < value), false)
        }
        "datelessthanequals" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held <= value), false)
        }
        "dategreaterthan" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held > value), false)
        }
        "dategreaterthanequals" => {
            (|_, _, value, held| ordered(moment, value, held, |held, value| held >= value), false)
        }
        "bool" => (bool, false),
        "binaryequals" => {
            (|_, _, value, held| (value.trim_end_matches('=') == held.trim_end_matches('=')).into(), false)
        }
        "ipaddress" => (in_range, false),
        "notipaddress" => (in_range, true),
        _ => return None,
    })
}

/// The statement's value with its variables replaced; a variable without value matches nothing, so that a negated
/// operator holds (`variables`).
fn with_value(
    case: &Case<'_>,
    statement: Statement<'_>,
    value: &str,
    wildcards: bool,
    then: impl FnOnce(&[Part]) -> bool,
) -> Tri {
    match replaced(case, value, statement.variables, wildcards) {
        Replaced::Pattern(pattern) => then(&pattern).into(),
        Replaced::Nothing => Tri::No,
        Replaced::Open => Tri::Open,
    }
}

fn string_equals(case: &Case<'_>, statement: Statement<'_>, value: &str, held: &str) -> Tri {
    with_value(case, statement, value, false, |pattern| like(pattern, held))
}

fn string_equals_ignore_case(case: &Case<'_>, statement: Statement<'_>, value: &str, held: &str) -> Tri {
    let lower = |part: &Part| match part {
        Part::Just(letter) => Part::Just(letter.to_ascii_lowercase()),
        part => *part,
    };
    with_value(case, statement, value, false, |pattern| {
        let pattern: Vec<Part> = pattern.iter().map(lower).collect();
        like(&pattern, &held.to_ascii_lowercase())
    })
}

fn string_like(case: &Case<'_>, statement: Statement<'_>, value: &str, held: &str) -> Tri {
    with_value(case, statement, value, true, |pattern| like(pattern, held))
}

/// Each of the six fields of the ARN is compared by itself (`operators`).
fn arn_like(case: &Case<'_>, statement: Statement<'_>, value: &str, held: &str) -> Tri {
    let held: Vec<&str> = held.splitn(6, ':').collect();
    let values = split_arn(value);
    if held.len() < 6 || values.len() < 6 || held[0] != "arn" {
        return Tri::No;
    }
    Tri::all(
        (0..6).map(|field| {
            with_value(case, statement, &values[field], true, |pattern| like(pattern, held[field]))
        }),
    )
}

/// The six fields of an ARN's pattern; a colon inside of `${…}` parts nothing.
fn split_arn(value: &str) -> Vec<String> {
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

fn ordered<T: PartialOrd>(
    read: fn(&str) -> Option<T>,
    value: &str,
    held: &str,
    holds: fn(&T, &T) -> bool,
) -> Tri {
    match (read(held), read(value)) {
        (Some(held), Some(value)) => holds(&held, &value).into(),
        _ => Tri::No,
    }
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    plain.then(|| text.parse().ok()).flatten()
}

/// A W3C date (`2026-01-31`, `2026-01-31T10:00:00Z`) or seconds since 1970, as seconds since 1970.
fn moment(text: &str) -> Option<f64> {
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

/// `true` and `false`. Whether letter case matters, and whether variables are replaced, the pages do not agree on.
fn bool(_: &Case<'_>, statement: Statement<'_>, value: &str, held: &str) -> Tri {
    if value == held {
        Tri::Yes
    } else if value.eq_ignore_ascii_case(held) || (statement.variables && value.contains("${")) {
        Tri::Open
    } else {
        Tri::No
    }
}

/// An address or a range in CIDR form; a lone address is a range of one.
fn in_range(_: &Case<'_>, _: Statement<'_>, value: &str, held: &str) -> Tri {
    let range =
        |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    match (range(value), range(held)) {
        (Some(range), Some(held)) => range.contains(&held).into(),
        _ => Tri::No,
    }
}

/// Whether a value of a condition is fixed: it has no wildcards and no variables.
pub(crate) fn is_fixed(value: &str) -> bool {
    !value.contains("${") && !pattern(value).iter().any(|part| matches!(part, Part::Any | Part::One))
}
