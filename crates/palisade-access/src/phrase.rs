//! Conditions in words: what must hold so that somebody can.

use palisade_iam::{Formula, Leaf, Operator, What};

/// How many alternatives are told.
const SHOWN: usize = 4;

/// What must hold, each part a phrase; nothing when it holds anyway.
pub fn phrases(formula: &Formula) -> Vec<String> {
    match formula {
        Formula::True => Vec::new(),
        Formula::False => vec!["never".to_owned()],
        Formula::And(parts) => {
            let mut all: Vec<String> = Vec::new();
            for part in parts.iter().flat_map(phrases) {
                if !all.contains(&part) {
                    all.push(part);
                }
            }
            all
        }
        Formula::Or(parts) => {
            let mut all: Vec<String> = Vec::new();
            for part in parts.iter() {
                let part = phrases(part).join(" and ");
                if !all.contains(&part) {
                    all.push(part);
                }
            }
            let more = all.len().saturating_sub(SHOWN);
            all.truncate(SHOWN);
            if more > 0 {
                all.push(format!("{more} other ways"));
            }
            vec![all.join(", or ")]
        }
        Formula::Leaf(leaf) => vec![phrase(leaf)],
    }
}

fn phrase(leaf: &Leaf) -> String {
    match &leaf.what {
        What::SessionName(name) if leaf.is_inverted => format!("the session is not called {name}"),
        What::SessionName(name) => format!("the session is called {name}"),
        What::Fact => {
            let fact = leaf.open.fact.as_deref().or(leaf.open.key.as_deref()).unwrap_or("what is not known");
            if leaf.is_inverted { format!("{fact} does not forbid it") } else { format!("{fact} allows it") }
        }
        What::Condition { operator, key, values } => {
            let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
            condition(operator, key, &values, leaf.is_inverted)
        }
    }
}

/// A condition of a statement in words.
pub fn said(of: &palisade_iam::Condition) -> String {
    let values: Vec<&str> = of.values.iter().map(|value| value.text.as_ref()).collect();
    condition(&of.operator_text, &of.key_text, &values, false)
}

fn condition(operator: &str, key: &str, values: &[&str], is_inverted: bool) -> String {
    let opposite = if is_inverted { Operator::opposite(operator) } else { None };
    let is_flipped = is_inverted && opposite.is_none();
    let operator = opposite.unwrap_or_else(|| operator.to_owned());
    let (quantifier, rest) = match operator.split_once(':') {
        Some((quantifier, rest)) => (Some(quantifier), rest),
        None => (None, operator.as_str()),
    };
    let (base, or_absent) = match rest.strip_suffix("IfExists") {
        // The opposite of "…, or absent" is "there, and not …".
        Some(base) if is_inverted => (base, " and is there"),
        Some(base) => (base, " or is absent"),
        None => (rest, ""),
    };
    let subject = match quantifier {
        Some("ForAllValues") => format!("every {key}"),
        Some("ForAnyValue") => format!("some {key}"),
        _ => key.to_owned(),
    };
    let listed = listed(values);
    let is_true = values.first().is_some_and(|value| value.eq_ignore_ascii_case("true")) != is_flipped;
    let not = if is_flipped { "not " } else { "" };
    let says = match base {
        "Null" => return format!("{subject} {}", if is_true { "is absent" } else { "is there" }),
        "Bool" => format!("is {not}{listed}"),
        "NumericLessThan" | "DateLessThan" => format!("is before {listed}"),
        "NumericLessThanEquals" | "DateLessThanEquals" => format!("is at most {listed}"),
        "NumericGreaterThan" | "DateGreaterThan" => format!("is after {listed}"),
        "NumericGreaterThanEquals" | "DateGreaterThanEquals" => format!("is at least {listed}"),
        "IpAddress" => format!("is in {listed}"),
        "NotIpAddress" => format!("is not in {listed}"),
        "StringLike" | "ArnLike" if values.iter().any(|v| v.contains(['*', '?'])) => {
            format!("is like {listed}")
        }
        "StringNotLike" | "ArnNotLike" if values.iter().any(|v| v.contains(['*', '?'])) => {
            format!("is not like {listed}")
        }
        base if base.contains("Not") != is_flipped => format!("is not {listed}"),
        _ => format!("is {listed}"),
    };
    format!("{subject} {says}{or_absent}")
}

fn listed(values: &[&str]) -> String {
    let more = values.len().saturating_sub(SHOWN);
    let shown = &values[..values.len() - more];
    match (shown, more) {
        ([], _) => "nothing".to_owned(),
        ([one], 0) => (*one).to_owned(),
        ([first @ .., last], 0) => format!("{} or {last}", first.join(", ")),
        (shown, more) => format!("{} or {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operator: &str, values: &[&str], is_inverted: bool, expected: &str) {
        assert_eq!(condition(operator, "k:k", values, is_inverted), expected, "{operator}");
    }

    #[test]
    fn conditions_are_told_in_words_and_their_opposites_too() {
        check("StringEquals", &["a"], false, "k:k is a");
        check("StringEquals", &["a", "b"], true, "k:k is not a or b");
        check("StringLike", &["a*"], false, "k:k is like a*");
        check("ArnNotLike", &["arn:a*"], true, "k:k is like arn:a*");
        check("IpAddress", &["10.0.0.0/8"], false, "k:k is in 10.0.0.0/8");
        check("IpAddress", &["10.0.0.0/8"], true, "k:k is not in 10.0.0.0/8");
        check("Bool", &["true"], true, "k:k is not true");
        check("Bool", &["false"], false, "k:k is false");
        check("BoolIfExists", &["true"], false, "k:k is true or is absent");
        check("BoolIfExists", &["false"], true, "k:k is not false and is there");
        check("Null", &["true"], true, "k:k is there");
        check("Null", &["false"], true, "k:k is absent");
        check("ForAnyValue:StringEquals", &["a"], true, "every k:k is not a");
        check("NumericLessThan", &["3"], true, "k:k is at least 3");
        check("DateLessThan", &["2026-01-01"], false, "k:k is before 2026-01-01");
    }
}
