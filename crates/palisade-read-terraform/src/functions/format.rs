//! `format` and `formatlist`: the verbs of Terraform's own formatting, which is near to Go's.

use super::{Given, Outcome, TEXT, argument, text_in, texts};
use crate::convert::{items_of, number_text, text_of, to_bool, to_number, to_text};
use crate::evaluate::Failure;
use crate::value::{Kind, Value, unknown};
use palisade_model::Why;
use serde_json::Number;

/// No result is longer than this many bytes.
const LONGEST: usize = 4 << 20;

pub(super) fn format(given: &Given<'_>) -> Outcome {
    let pattern = text_in(given, 0)?;
    let mut result = String::new();
    let (mut next, mut most) = (1, 0);
    let mut rest = &*pattern;
    while let Some(at) = rest.find('%') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            result.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = Verb::read(rest).ok_or(Failure)?;
        rest = after;
        let at = verb.index.unwrap_or(next);
        next = at + 1;
        most = most.max(at);
        match verb.write(argument(given, at)?)? {
            Some(text) => result.push_str(&text),
            None => {
                let why = Why::NotEvaluated("a number with more digits than are kept".into());
                return Ok(Value::unknown(unknown(why, true, TEXT), given.origin));
            }
        }
        if result.len() > LONGEST {
            return Err(Failure);
        }
    }
    if most + 1 < given.arguments.len() {
        return Err(Failure);
    }
    result.push_str(rest);
    Ok(Value::text(result, given.origin))
}

pub(super) fn formatlist(given: &Given<'_>) -> Outcome {
    if given.arguments.len() < 2 {
        return format(given).map(|text| texts(vec![text], given));
    }
    let lengths: Vec<usize> = given.arguments[1..]
        .iter()
        .filter_map(|argument| items_of(argument).map(|list| list.items.len()))
        .collect();
    let count = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|length| *length != count) {
        return Err(Failure);
    }
    if given.arguments.iter().any(Value::is_null) {
        let why = Why::NotEvaluated("formatlist of null".into());
        return Ok(Value::unknown(unknown(why, true, super::LIST), given.origin));
    }
    let pattern = argument(given, 0)?;
    let mut results = Vec::new();
    for at in 0..count {
        let mut arguments = vec![pattern.clone()];
        for argument in &given.arguments[1..] {
            let item = match items_of(argument) {
                Some(list) => list.items.get(at).ok_or(Failure)?,
                None => argument,
            };
            arguments.push(item.clone());
        }
        results.push(format(&Given { arguments: &arguments, origin: given.origin })?);
    }
    Ok(texts(results, given))
}

/// One `%…` of a format.
struct Verb {
    left: bool,
    zeros: bool,
    plus: bool,
    blank: bool,
    other: bool,
    width: usize,
    precision: Option<usize>,
    /// The argument that `[2]` means.
    index: Option<usize>,
    letter: char,
}

impl Verb {
    fn read(text: &str) -> Option<(Self, &str)> {
        let flags = text.len() - text.trim_start_matches(['-', '0', '+', ' ', '#']).len();
        let (flags, rest) = text.split_at(flags);
        let digits = |rest: &str| rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (width, rest) = rest.split_at(digits(rest));
        let (precision, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (precision, rest) = rest.split_at(digits(rest));
                (Some(precision), rest)
            }
            None => (None, rest),
        };
        let (index, rest) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (index, rest) = rest.split_once(']')?;
                (Some(index.parse().ok().filter(|index| *index > 0)?), rest)
            }
            None => (None, rest),
        };
        let letter = rest.chars().next()?;
        let size = |text: &str| {
            if text.is_empty() { Some(0) } else { text.parse().ok() }
        };
        let verb = Self {
            left: flags.contains('-'),
            zeros: flags.contains('0'),
            plus: flags.contains('+'),
            blank: flags.contains(' '),
            other: flags.contains('#'),
            width: size(width).filter(|width| *width <= 1024)?,
            precision: match precision {
                Some(precision) => Some(size(precision).filter(|precision| *precision <= 512)?),
                None => None,
            },
            index,
            letter,
        };
        Some((verb, &rest[letter.len_utf8()..]))
    }

    /// The argument as this verb writes it; none where it takes more digits than are kept.
    fn write(&self, argument: &Value) -> Result<Option<String>, Failure> {
        match self.letter {
            'v' => Ok(self.value(argument)),
            's' | 'q' => {
                let Some(text) = text_of(&to_text(argument)?) else {
                    return if argument.is_null() { Err(Failure) } else { Ok(None) };
                };
                let text: String = match self.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text.to_string(),
                };
                let text = if self.letter == 'q' {
                    serde_json::to_string(&text).map_err(|_| Failure)?
                } else {
                    text
                };
                Ok(Some(self.padded(text, self.zeros)))
            }
            't' => match to_bool(argument)?.kind {
                Kind::Bool(bool) => Ok(Some(bool.to_string())),
                _ => Err(Failure),
            },
            'd' | 'b' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G' => match to_number(argument)?.kind {
                Kind::Number(number) => self.number(&number).ok_or(Failure).map(Some),
                _ => Err(Failure),
            },
            _ => Err(Failure),
        }
    }

    /// Whatever it is: numbers as `%g`, lists and maps as JSON.
    fn value(&self, argument: &Value) -> Option<String> {
        let text = match &argument.kind {
            Kind::Number(number) if !self.other => {
                return Self { letter: 'g', ..*self }.number(number);
            }
            Kind::Text(text) if !self.other => match self.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text.to_string(),
            },
            Kind::Text(_) | Kind::List(_) | Kind::Map(_) | Kind::Null => crate::json::encode(argument, false),
            Kind::Bool(bool) => return Some(bool.to_string()),
            _ => text_of(argument)?.to_string(),
        };
        Some(self.padded(text, self.zeros))
    }

    fn number(&self, number: &Number) -> Option<String> {
        let float = number.as_f64()?;
        let digits = match self.letter {
            'd' | 'b' | 'o' | 'x' | 'X' => self.whole(number)?,
            'f' => {
                let precision = self.precision.unwrap_or(6);
                if precision > 15 && number.is_f64() {
                    return None;
                }
                format!("{:.precision$}", float.abs())
            }
            'e' | 'E' => exponential(&format!("{:.*e}", self.precision.unwrap_or(6), float.abs())),
            _ => general(number, self.precision)?,
        };
        let digits = if matches!(self.letter, 'E' | 'G' | 'X') { digits.to_uppercase() } else { digits };
        let sign = match (float < 0.0, self.plus, self.blank) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let start = match (self.letter, self.other) {
            ('b', true) => "0b",
            ('o', true) => "0",
            ('x', true) => "0x",
            ('X', true) => "0X",
            _ => "",
        };
        let length = sign.len() + start.len() + digits.len();
        let zeros = if self.zeros && !self.left { self.width.saturating_sub(length) } else { 0 };
        Some(self.padded(format!("{sign}{start}{}{digits}", "0".repeat(zeros)), false))
    }

    /// The digits of a whole number.
    fn whole(&self, number: &Number) -> Option<String> {
        let digits = match number.as_i128() {
            Some(whole) => {
                let whole = whole.unsigned_abs();
                match self.letter {
                    'b' => format!("{whole:b}"),
                    'o' => format!("{whole:o}"),
                    'x' => format!("{whole:x}"),
                    'X' => format!("{whole:X}"),
                    _ => whole.to_string(),
                }
            }
            None if self.letter == 'd' && number.as_f64()?.fract() == 0.0 => {
                number_text(number).trim_start_matches('-').to_owned()
            }
            None => return None,
        };
        let missing = self.precision.unwrap_or(0).saturating_sub(digits.len());
        Some(format!("{}{digits}", "0".repeat(missing)))
    }

    fn padded(&self, mut text: String, zeros: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        match (self.left, zeros) {
            (true, true) => text.extend(std::iter::repeat_n('0', missing)),
            (true, false) => text.extend(std::iter::repeat_n(' ', missing)),
            (false, true) => text.insert_str(0, &"0".repeat(missing)),
            (false, false) => text.insert_str(0, &" ".repeat(missing)),
        }
        text
    }
}

/// `1.5e3` as Go has it: `1.5e+03`.
fn exponential(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// As few digits as there are, with an exponent where the number is large or small.
fn general(number: &Number, precision: Option<usize>) -> Option<String> {
    let text = number_text(number);
    let text = text.trim_start_matches('-');
    let float = number.as_f64()?.abs();
    if float == 0.0 {
        return Some("0".to_owned());
    }
    let exponential_text = match precision {
        Some(precision) => format!("{:.*e}", precision.max(1) - 1, float),
        None => {
            // From the digits as they are: a float has fewer.
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let point = text.find('.').unwrap_or(text.len());
            let first = digits.find(|digit| digit != '0')?;
            let exponent = i64::try_from(point).ok()? - i64::try_from(first).ok()? - 1;
            let significant = digits[first..].trim_end_matches('0');
            let (head, tail) = significant.split_at(1.min(significant.len()));
            let tail = if tail.is_empty() { String::new() } else { format!(".{tail}") };
            format!("{head}{tail}e{exponent}")
        }
    };
    let (digits, exponent) = exponential_text.split_once('e')?;
    let exponent: i64 = exponent.parse().ok()?;
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let count = digits.chars().filter(char::is_ascii_digit).count();
    let most = match precision {
        Some(precision) => i64::try_from(precision.max(1)).ok()?,
        None => 6,
    };
    if exponent < -4 || exponent >= most {
        return Some(exponential(&format!("{digits}e{exponent}")));
    }
    match precision {
        Some(_) => {
            let decimals = usize::try_from((i64::try_from(count).ok()? - 1 - exponent).max(0)).ok()?;
            Some(format!("{float:.decimals$}"))
        }
        None => Some(text.to_owned()),
    }
}
