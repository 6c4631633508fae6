//! Numbers that take more than an operator.

use super::{Given, Outcome, argument, float_in, text_in, whole_in};
use crate::evaluate::Failure;
use crate::value::{Kind, Value, number};

fn of_float(float: f64, given: &Given<'_>) -> Outcome {
    let number = number(float).filter(|_| float.is_finite()).ok_or(Failure)?;
    Ok(Value::number(number, given.origin))
}

pub(super) fn log(given: &Given<'_>) -> Outcome {
    of_float(float_in(given, 0)?.ln() / float_in(given, 1)?.ln(), given)
}

pub(super) fn pow(given: &Given<'_>) -> Outcome {
    let (base, exponent) = (float_in(given, 0)?, float_in(given, 1)?);
    // By squaring, as Go has it: the last digits are the same then.
    if exponent.fract() == 0.0 && exponent.abs() <= 1024.0 {
        let (mut power, mut square, mut left) = (1.0, base, exponent.abs() as u32);
        while left > 0 {
            if left & 1 == 1 {
                power *= square;
            }
            square *= square;
            left >>= 1;
        }
        return of_float(if exponent < 0.0 { 1.0 / power } else { power }, given);
    }
    of_float(base.powf(exponent), given)
}

pub(super) fn signum(given: &Given<'_>) -> Outcome {
    Ok(Value::number(whole_in(given, 0)?.signum(), given.origin))
}

/// In bases above 36, as in Go, capital letters come after the small ones.
pub(super) fn parseint(given: &Given<'_>) -> Outcome {
    // A number is refused, where other functions take its text.
    let (Kind::Text(_) | Kind::Encoded(_)) = argument(given, 0)?.kind else {
        return Err(Failure);
    };
    let text = text_in(given, 0)?;
    let base = i128::from(whole_in(given, 1)?);
    if !(2..=62).contains(&base) {
        return Err(Failure);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let mut value: i128 = 0;
    for digit in digits.bytes() {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' if base <= 36 => digit - b'A' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return Err(Failure),
        };
        let digit = i128::from(digit);
        if digit >= base {
            return Err(Failure);
        }
        value = value.checked_mul(base).and_then(|value| value.checked_add(digit)).ok_or(Failure)?;
    }
    let value = if text.starts_with('-') { -value } else { value };
    if digits.is_empty() {
        return Err(Failure);
    }
    match i64::try_from(value) {
        Ok(whole) => Ok(Value::number(whole, given.origin)),
        Err(_) => of_float(value as f64, given),
    }
}
