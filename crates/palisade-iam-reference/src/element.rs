//! `Action`, `Resource` and their opposites.

use crate::case::{Case, Statement, texts};
use crate::context::{Held, held};
use crate::tri::Tri;

/// A pattern after its variables were replaced: what they held matches only itself.
pub(crate) type Pattern = Vec<Part>;

/// A character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Just(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// A pattern in which `*` and `?` stand for others.
pub(crate) fn pattern(text: &str) -> Pattern {
    let part = |letter| match letter {
        '*' => Part::Any,
        '?' => Part::One,
        letter => Part::Just(letter),
    };
    text.chars().map(part).collect()
}

/// A pattern in which nothing stands for others.
pub(crate) fn exactly(text: &str) -> Pattern {
    text.chars().map(Part::Just).collect()
}

/// Whether a text is one of those a pattern stands for: a row of the table for each character of the text.
pub(crate) fn like(pattern: &[Part], text: &str) -> bool {
    let mut row = vec![false; pattern.len() + 1];
    row[0] = true;
    for place in 0..pattern.len() {
        row[place + 1] = row[place] && pattern[place] == Part::Any;
    }
    for letter in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (place, part) in pattern.iter().enumerate() {
            next[place + 1] = match part {
                Part::Just(wanted) => row[place] && *wanted == letter,
                Part::One => row[place],
                Part::Any => row[place + 1] || next[place],
            };
        }
        row = next;
    }
    row[pattern.len()]
}

/// Whether a statement is about the action that is asked (`action`): letter case does not matter.
pub(crate) fn action(case: &Case<'_>, statement: Statement<'_>) -> bool {
    let asked = case.action().to_ascii_lowercase();
    let any = |element: &str| {
        let patterns = texts(&statement.json[element]);
        patterns.iter().any(|written| like(&pattern(&written.to_ascii_lowercase()), &asked))
    };
    if statement.json.get("NotAction").is_some() { !any("NotAction") } else { any("Action") }
}

/// Whether a statement is about the resource that is asked (`resource`).
///
/// A statement without the element is a trust policy's or an identity's: it is about the resource it hangs on.
pub(crate) fn resource(case: &Case<'_>, statement: Statement<'_>) -> Tri {
    let any = |element: &str| {
        Tri::any(texts(&statement.json[element]).iter().map(|written| one_resource(case, statement, written)))
    };
    if statement.json.get("NotResource").is_some() {
        any("NotResource").not()
    } else if statement.json.get("Resource").is_some() {
        any("Resource")
    } else {
        Tri::Yes
    }
}

fn one_resource(case: &Case<'_>, statement: Statement<'_>, written: &str) -> Tri {
    // An action that takes no resource is asked of `*`, and only what says `*` is about it.
    if case.is_wildcard_only() {
        return like(&pattern(written), "*").into();
    }
    if written == "*" {
        return Tri::Yes;
    }
    let written: Vec<&str> = written.splitn(6, ':').collect();
    let asked: Vec<&str> = case.resource().splitn(6, ':').collect();
    // What a pattern with fewer fields stands for, no page says.
    if written.len() < 6 || asked.len() < 6 {
        return if like(&pattern(&written.join(":")), case.resource()) { Tri::Open } else { Tri::No };
    }
    // The service field takes no wildcard, and variables stand only after the fifth colon.
    let fields = (0..5).all(|field| match field {
        2 => written[2] == asked[2],
        _ => like(&pattern(written[field]), asked[field]),
    });
    if !fields {
        return Tri::No;
    }
    match replaced(case, written[5], statement.variables, true) {
        Replaced::Pattern(pattern) => like(&pattern, asked[5]).into(),
        Replaced::Nothing => Tri::No,
        Replaced::Open => Tri::Open,
    }
}

/// A text with its variables replaced.
pub(crate) enum Replaced {
    Pattern(Pattern),
    /// A variable has no value: it matches nothing.
    Nothing,
    Open,
}

/// Replaces `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}` (`variables`).
pub(crate) fn replaced(case: &Case<'_>, written: &str, variables: bool, wildcards: bool) -> Replaced {
    let plain = |text: &str| if wildcards { pattern(text) } else { exactly(text) };
    if !variables {
        return Replaced::Pattern(plain(written));
    }
    let mut parts = Vec::new();
    let mut open = false;
    let mut rest = written;
    while let Some(start) = rest.find("${") {
        parts.extend(plain(&rest[..start]));
        let Some(end) = rest[start..].find('}') else {
            break;
        };
        let inside = &rest[start + 2..start + end];
        rest = &rest[start + end + 1..];
        if matches!(inside, "*" | "?" | "$") {
            parts.extend(exactly(inside));
            continue;
        }
        let (key, default) = match inside.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (inside.trim(), None),
        };
        match (held(case, key), default) {
            (Held::Values(values), _) if values.len() == 1 => parts.extend(exactly(&values[0])),
            // A key with several values is no variable.
            (Held::Values(_) | Held::Open, _) => open = true,
            (Held::Absent, Some(default)) => parts.extend(exactly(default)),
            (Held::Absent, None) => return Replaced::Nothing,
        }
    }
    parts.extend(plain(rest));
    if open { Replaced::Open } else { Replaced::Pattern(parts) }
}
