//! `Condition`: operators and keys all hold, values any (`operators`, `multivalue`).

use crate::case::{Case, Statement, list, written};
use crate::context::{Held, held};
use crate::element::{Part, Replaced, like, replaced};
use crate::tables::{Compare, OPERATORS};
use crate::tri::Tri;
use crate::values::{moment, number, range, split_arn};
use serde_json::Value;
use std::cmp::Ordering;

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
    let values: Vec<String> = list(values).into_iter().map(written).collect();
    if operator == "null" {
        return match held {
            Held::Open => Tri::Open,
            Held::Absent => values.iter().any(|value| value == "true").into(),
            // A key with an empty list: is it there? No page says.
            Held::Values(held) if held.is_empty() => Tri::Open,
            Held::Values(_) => values.iter().any(|value| value == "false").into(),
        };
    }
    let found = OPERATORS.iter().find(|(plain, negated, _)| *plain == operator || *negated == operator);
    let Some((plain, _, by)) = found else { return Tri::Open };
    let negated = *plain != operator;
    let held = match held {
        Held::Open => return Tri::Open,
        Held::Absent => return absent(set, negated, if_exists),
        Held::Values(held) => held,
    };
    // One value of the request against all of the statement's: any of them, or with a negated operator none.
    let matches = |held: &String| {
        let any = Tri::any(values.iter().map(|value| compare(case, statement, by, value, held)));
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

fn compare(case: &Case<'_>, statement: Statement<'_>, by: &Compare, value: &str, held: &str) -> Tri {
    // What a text that is no number, date or address is compared with, does not match.
    let ordered = |held: Option<f64>, value: Option<f64>, wanted: &[Ordering]| {
        let order = held.zip(value).and_then(|(held, value)| held.partial_cmp(&value));
        order.is_some_and(|order| wanted.contains(&order)).into()
    };
    match by {
        Compare::Exactly => with_value(case, statement, value, false, |pattern| like(pattern, held)),
        Compare::IgnoringCase => {
            let (value, held) = (value, held.to_ascii_lowercase());
            with_value(case, statement, value, false, |pattern| like(&lowercase(pattern), &held))
        }
        Compare::Like => with_value(case, statement, value, true, |pattern| like(pattern, held)),
        Compare::Arn => arn_like(case, statement, value, held),
        Compare::Number(wanted) => ordered(number(held), number(value), wanted),
        Compare::Moment(wanted) => ordered(moment(held), moment(value), wanted),
        // Whether letter case matters, and whether variables are replaced, the pages do not agree on.
        Compare::Bool if value == held => Tri::Yes,
        Compare::Bool => {
            let perhaps = value.eq_ignore_ascii_case(held) || (statement.variables && value.contains("${"));
            if perhaps { Tri::Open } else { Tri::No }
        }
        Compare::Binary => (value.trim_end_matches('=') == held.trim_end_matches('=')).into(),
        Compare::Range => {
            range(value).zip(range(held)).is_some_and(|(range, held)| range.contains(&held)).into()
        }
    }
}

fn lowercase(pattern: &[Part]) -> Vec<Part> {
    let lower = |part: &Part| match part {
        Part::Just(letter) => Part::Just(letter.to_ascii_lowercase()),
        part => *part,
    };
    pattern.iter().map(lower).collect()
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
