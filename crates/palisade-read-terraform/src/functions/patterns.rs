//! Regular expressions as Go reads them, and the patterns of `fileset`.

use super::{Given, Outcome, text_in};
use crate::evaluate::Failure;
use crate::types::Type;
use crate::value::{Sequence, Value};
use indexmap::IndexMap;
use palisade_model::Origin;
use regex::{Captures, Regex, RegexBuilder};
use std::sync::Arc;

/// The largest program that a pattern may become, in bytes.
const PROGRAM_BYTES_MAX: usize = 1 << 20;
/// No function finds more matches than this.
const MATCHES_MAX: usize = 20_000;

/// A pattern that Rust's engine understands as Go's would. None when it is wrong, or not understood.
fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&as_go_reads_it(pattern)?).size_limit(PROGRAM_BYTES_MAX).nest_limit(50).build().ok()
}

/// `\d`, `\w`, `\s` and `\b` know ASCII only in Go; and in its brackets `[`, `&&`, `--` and `~~` are plain.
fn as_go_reads_it(pattern: &str) -> Option<String> {
    let mut result = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    let mut in_class = false;
    let mut class_starts = false;
    while let Some(character) = rest.next() {
        let was_start = std::mem::replace(&mut class_starts, false);
        match character {
            '\\' => {
                let escaped = rest.next()?;
                if escaped == 'Q' && !in_class {
                    let left: String = rest.by_ref().collect();
                    let (plain, after) = left.split_once("\\E").unwrap_or((&left, ""));
                    result.push_str(&regex::escape(plain));
                    return as_go_reads_it(after).map(|after| result + &after);
                }
                match (escaped, in_class) {
                    ('d', true) => result.push_str("0-9"),
                    ('w', true) => result.push_str("0-9A-Za-z_"),
                    ('s', true) => result.push_str("\\t\\n\\f\\r "),
                    ('D' | 'W' | 'S', true) | ('C' | 'Q', _) => return None,
                    ('E', false) => {}
                    ('d', false) => result.push_str("[0-9]"),
                    ('w', false) => result.push_str("[0-9A-Za-z_]"),
                    ('s', false) => result.push_str("[\\t\\n\\f\\r ]"),
                    ('D', false) => result.push_str("[^0-9]"),
                    ('W', false) => result.push_str("[^0-9A-Za-z_]"),
                    ('S', false) => result.push_str("[^\\t\\n\\f\\r ]"),
                    ('b', false) => result.push_str("(?-u:\\b)"),
                    _ => result.extend(['\\', escaped]),
                }
            }
            '[' if in_class && rest.peek() == Some(&':') => result.push('['),
            '[' if in_class => result.push_str("\\["),
            '[' => {
                in_class = true;
                class_starts = true;
                result.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    result.push('^');
                }
            }
            ']' if in_class && was_start => result.push_str("\\]"),
            // The end of `[:alpha:]` is not the end of the brackets around it.
            ']' if in_class => {
                in_class =
                    result.ends_with(':') && result.rfind("[:").is_some_and(|at| at + 2 < result.len());
                result.push(']');
            }
            '&' | '~' if in_class => result.extend(['\\', character]),
            '-' if in_class && rest.peek() == Some(&'-') => result.push_str("\\-"),
            _ => result.push(character),
        }
    }
    Some(result)
}

/// What one match comes to: its text, or that of its groups, by name where they have names.
fn found(regex: &Regex, captures: &Captures<'_>, origin: &Origin) -> Outcome {
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    let part = |at: usize| match captures.get(at) {
        Some(part) => Value::text(part.as_str(), origin),
        None => Value::null(origin),
    };
    if names.is_empty() {
        return Ok(part(0));
    }
    if names.iter().all(Option::is_none) {
        return Ok(Value::list((1..=names.len()).map(part).collect(), origin));
    }
    let mut entries: IndexMap<Arc<str>, Value> = IndexMap::new();
    for (at, name) in names.into_iter().enumerate() {
        entries.insert(name.ok_or(Failure)?.into(), part(at + 1));
    }
    Ok(Value::map(entries, origin))
}

pub(super) fn regex(given: &Given<'_>) -> Outcome {
    let (pattern, text) = (text_in(given, 0)?, text_in(given, 1)?);
    let regex = compiled(&pattern).ok_or(Failure)?;
    found(&regex, &regex.captures(&text).ok_or(Failure)?, given.origin)
}

pub(super) fn regexall(given: &Given<'_>) -> Outcome {
    let (pattern, text) = (text_in(given, 0)?, text_in(given, 1)?);
    let regex = compiled(&pattern).ok_or(Failure)?;
    // Terraform wants either all groups to have names or none.
    let unnamed = regex.capture_names().skip(1).filter(Option::is_none).count();
    if unnamed != 0 && unnamed != regex.captures_len() - 1 {
        return Err(Failure);
    }
    let matches = regex.captures_iter(&text).take(MATCHES_MAX);
    let matches: Result<Vec<_>, _> = matches.map(|captures| found(&regex, &captures, given.origin)).collect();
    let matches = matches?;
    if matches.len() == MATCHES_MAX {
        return Err(Failure);
    }
    let of = matches.first().map_or(Type::Any, Type::of_value);
    Ok(Value::list_of(matches, None, Sequence::List(Arc::new(of)), given.origin))
}

/// What `replace` makes of a pattern between slashes.
pub(super) fn replaced(text: &str, pattern: &str, with: &str) -> Result<String, Failure> {
    let regex = compiled(pattern).ok_or(Failure)?;
    let count = regex.find_iter(text).take(MATCHES_MAX).count();
    if count == MATCHES_MAX || count.saturating_mul(with.len()) > 4 << 20 {
        return Err(Failure);
    }
    Ok(regex.replace_all(text, with).into_owned())
}

/// A pattern of `fileset`, for paths with `/`.
pub(super) fn glob(pattern: &str) -> Option<Regex> {
    let mut result = String::from("^");
    let mut rest = pattern.chars().peekable();
    let mut alternatives = 0_usize;
    while let Some(character) = rest.next() {
        match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                let is_part = result == "^" || result.ends_with('/') || result.ends_with(")*");
                match (is_part, rest.next_if_eq(&'/').is_some()) {
                    (true, true) => result.push_str("(?:[^/]+/)*"),
                    (true, false) if rest.peek().is_none() => result.push_str(".*"),
                    (_, true) => result.push_str("[^/]*/"),
                    (_, false) => result.push_str("[^/]*"),
                }
            }
            '*' => result.push_str("[^/]*"),
            '?' => result.push_str("[^/]"),
            '[' => {
                result.push('[');
                if rest.next_if(|next| matches!(next, '!' | '^')).is_some() {
                    result.push('^');
                }
                loop {
                    match rest.next()? {
                        ']' => break,
                        '-' => result.push('-'),
                        '\\' => result.push_str(&regex::escape(&rest.next()?.to_string())),
                        other => result.push_str(&regex::escape(&other.to_string())),
                    }
                }
                result.push(']');
            }
            '{' => {
                alternatives += 1;
                result.push_str("(?:");
            }
            '}' if alternatives > 0 => {
                alternatives -= 1;
                result.push(')');
            }
            ',' if alternatives > 0 => result.push('|'),
            '\\' => result.push_str(&regex::escape(&rest.next()?.to_string())),
            other => result.push_str(&regex::escape(&other.to_string())),
        }
    }
    result.push('$');
    RegexBuilder::new(&result)
        .dot_matches_new_line(true)
        .size_limit(PROGRAM_BYTES_MAX)
        .nest_limit(50)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(glob(pattern).expect("pattern").is_match(path), expected, "{pattern} {path}");
    }

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        check("*.tf", "a.tf", true);
        check("*.tf", "a/b.tf", false);
        check("**", "a/b.tf", true);
        check("**/*.tf", "a/b/c.tf", true);
        check("**/*.tf", "c.tf", true);
        check("a/**/c", "a/c", true);
        check("a/**/c", "ab/c", false);
        check("a/**/c", "a/x/y/c", true);
        check("?.{tf,json}", "a.json", true);
        check("?.{tf,json}", "ab.json", false);
        check("[a-c]x", "bx", true);
        check("[!a-c]x", "bx", false);
        check("a.b", "axb", false);
        check("\\*", "*", true);
    }

    #[test]
    fn brackets_are_read_as_go_reads_them() {
        for (pattern, text, expected) in [
            ("^[[]$", "[", true),
            ("^[]a]+$", "]a", true),
            ("^[\\w.-]+$", "a_0.-", true),
            ("^\\w$", "é", false),
            ("^[[:alpha:]_]+$", "ab_", true),
            ("^[a&&b]+$", "a&b", true),
            ("^[^\\s]$", "x", true),
        ] {
            let regex = compiled(pattern).expect(pattern);
            assert_eq!(regex.is_match(text), expected, "{pattern} {text}");
        }
    }
}
