//! Numbers of rules and events, compared exactly where both are whole.

use serde_json::Value;
use std::cmp::Ordering;

/// A number: whole, or with a fraction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    /// A whole number.
    Whole(i128),
    /// A finite number that isn't.
    Fraction(f64),
}

/// The number as text. One that is whole has no fraction: the log's `42.0` is the rule's `42`.
pub(crate) fn text(number: &serde_json::Number) -> String {
    /// Up to here a float tells each whole number from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less, or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater, or equal.
    AtLeast,
}

impl Number {
    /// The number that the text spells, if it does.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // Rust reads `inf` and `nan` as numbers too.
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return None;
        }
        match text.parse() {
            Ok(whole) => Some(Self::Whole(whole)),
            Err(_) => text.parse().ok().filter(|f: &f64| f.is_finite()).map(Self::Fraction),
        }
    }

    /// The number that JSON keeps.
    pub(crate) fn of(number: &serde_json::Number) -> Option<Self> {
        number
            .as_i128()
            .map(Self::Whole)
            .or_else(|| number.as_f64().filter(|f| f.is_finite()).map(Self::Fraction))
    }

    /// The number in a field's value: a number, or a text that spells one.
    pub(crate) fn in_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::of(number),
            Value::String(text) => Self::read(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Does this number stand to the other as asked?
    pub(crate) fn is(self, comparison: Comparison, other: Number) -> bool {
        let Some(order) = self.order(other) else {
            return false;
        };
        match comparison {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::AtLeast => order != Ordering::Less,
        }
    }

    fn order(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "compared with a fraction, which is no more exact"
            )]
            Self::Whole(whole) => whole as f64,
            Self::Fraction(fraction) => fraction,
        }
    }
}
