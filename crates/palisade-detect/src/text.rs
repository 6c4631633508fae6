//! Texts of a rule: wildcards, escapes, and comparison without regard to case.

/// One character of a text as a rule writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// This very character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any number of characters.
    Many,
    /// Any of the characters that Windows takes for a dash.
    Dash,
}

/// Where in a value the text must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is all of the value.
    Whole,
    /// At its beginning.
    Start,
    /// At its end.
    End,
    /// Anywhere in it.
    Anywhere,
}

/// The characters that the `windash` modifier takes for each other.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Reads a text with its wildcards. A backslash escapes `*`, `?` and itself, and is plain before anything else.
pub(crate) fn read(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        symbols.push(match char {
            '*' => Symbol::Many,
            '?' => Symbol::One,
            '\\' => Symbol::Char(rest.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\')),
            plain => Symbol::Char(plain),
        });
    }
    symbols
}

/// The symbols of a text without wildcards.
pub(crate) fn literal(text: &str) -> Vec<Symbol> {
    text.chars().map(Symbol::Char).collect()
}

/// The text, when it has no wildcards.
pub(crate) fn plain(symbols: &[Symbol]) -> Option<String> {
    symbols
        .iter()
        .map(|symbol| match symbol {
            Symbol::Char(char) => Some(*char),
            Symbol::One | Symbol::Many | Symbol::Dash => None,
        })
        .collect()
}

/// Lets each dash stand for all of them.
pub(crate) fn any_dash(symbols: Vec<Symbol>) -> Vec<Symbol> {
    let widen = |symbol| match symbol {
        Symbol::Char(char) if DASHES.contains(&char) => Symbol::Dash,
        other => other,
    };
    symbols.into_iter().map(widen).collect()
}

/// The character without its case, always one character so that `?` counts the same on both sides.
fn fold(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_lowercase();
    }
    let mut lower = char.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some('ς'), None) => 'σ',
        (Some(one), None) => one,
        _ => char,
    }
}

/// Are the two the same but for case?
pub(crate) fn same_but_for_case(a: &str, b: &str) -> bool {
    a.chars().map(fold).eq(b.chars().map(fold))
}

/// A text to look for in values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Stands at the beginning.
    head: Vec<Symbol>,
    /// Follow in this order, anything between them.
    middle: Vec<Vec<Symbol>>,
    /// Stands at the end. Without one, the head is all of the value.
    tail: Option<Vec<Symbol>>,
    /// The least number of characters that match.
    least: usize,
    cased: bool,
}

impl Pattern {
    /// The pattern of these symbols at that place of a value.
    pub(crate) fn new(symbols: &[Symbol], place: Place, cased: bool) -> Self {
        let mut all = Vec::with_capacity(symbols.len() + 2);
        if matches!(place, Place::End | Place::Anywhere) {
            all.push(Symbol::Many);
        }
        all.extend(symbols.iter().map(|symbol| match symbol {
            Symbol::Char(char) if !cased => Symbol::Char(fold(*char)),
            other => *other,
        }));
        if matches!(place, Place::Start | Place::Anywhere) {
            all.push(Symbol::Many);
        }
        let mut parts = all.split(|symbol| *symbol == Symbol::Many).map(<[Symbol]>::to_vec);
        let head = parts.next().unwrap_or_default();
        let mut middle: Vec<_> = parts.collect();
        let tail = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self {
            least: all.iter().filter(|symbol| **symbol != Symbol::Many).count(),
            head,
            middle,
            tail,
            cased,
        }
    }

    /// Is it looked for anywhere, and not at the beginning or the end?
    pub(crate) fn may_stand_anywhere(&self) -> bool {
        self.head.is_empty() && self.tail.as_ref().is_some_and(Vec::is_empty)
    }

    /// Does the text match?
    pub(crate) fn matches(&self, text: &str) -> bool {
        // A character takes one to four bytes.
        if text.len() < self.least || (self.tail.is_none() && text.len() > self.least * 4) {
            return false;
        }
        if text.is_ascii() {
            let bytes = text.as_bytes();
            return match self.cased {
                true => self.matches_at(bytes.len(), |i| char::from(bytes[i])),
                false => self.matches_at(bytes.len(), |i| char::from(bytes[i].to_ascii_lowercase())),
            };
        }
        let chars: Vec<char> = match self.cased {
            true => text.chars().collect(),
            false => text.chars().map(fold).collect(),
        };
        self.matches_at(chars.len(), |i| chars[i])
    }

    fn matches_at(&self, length: usize, char_at: impl Fn(usize) -> char) -> bool {
        let stands = |part: &[Symbol], at: usize| {
            part.iter().enumerate().all(|(i, symbol)| match symbol {
                Symbol::Char(char) => *char == char_at(at + i),
                Symbol::Dash => DASHES.contains(&char_at(at + i)),
                Symbol::One | Symbol::Many => true,
            })
        };
        let Some(tail) = &self.tail else {
            return length == self.head.len() && stands(&self.head, 0);
        };
        if length < self.least || !stands(&self.head, 0) || !stands(tail, length - tail.len()) {
            return false;
        }
        // The leftmost place of each part leaves the most room for the rest.
        let end = length - tail.len();
        let mut at = self.head.len();
        self.middle.iter().all(|part| {
            let last = end.checked_sub(part.len());
            match last.and_then(|last| (at..=last).find(|at| stands(part, *at))) {
                Some(found) => {
                    at = found + part.len();
                    true
                }
                None => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, place: Place, text: &str) -> bool {
        Pattern::new(&read(pattern), place, false).matches(text)
    }

    #[test]
    fn escapes_are_those_of_the_specification() {
        for (written, means) in [
            (r"a\b", r"a\b"),
            (r"a\\b", r"a\b"),
            (r"\*", "*"),
            (r"\?", "?"),
            (r"\\\*", r"\*"),
            (r"\\\", r"\\"),
            (r"\\\\", r"\\"),
            (r"end\", r"end\"),
        ] {
            assert_eq!(plain(&read(written)).as_deref(), Some(means), "{written}");
        }
        assert_eq!(read(r"\\*"), [Symbol::Char('\\'), Symbol::Many]);
    }

    #[test]
    fn wildcards_match_as_they_should() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "A"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a*c", "a\nc"),
            ("*b*", "abc"),
            ("a?c", "abc"),
            ("*a*b*a*", "xaxbxax"),
            ("a*b*b", "abbb"),
            ("??", "äß"),
            ("straße*", "STRAßE 1"),
            ("*ΣΑΣ", "ΜΕΣΑς ΣΑΣ"),
            ("**", "x"),
        ] {
            assert!(check(pattern, Place::Whole, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a?c", "ac"),
            ("a*c", "abcd"),
            ("a*a", "a"),
            ("*ab*ab*", "xabx"),
            ("??", "a"),
            ("?", "äß"),
            ("a*b*b", "ab"),
        ] {
            assert!(!check(pattern, Place::Whole, text), "{pattern} {text}");
        }
    }

    #[test]
    fn places_are_where_they_say() {
        assert!(check("ab", Place::Start, "ABc") && !check("ab", Place::Start, "cab"));
        assert!(check("ab", Place::End, "cAB") && !check("ab", Place::End, "abc"));
        assert!(check("ab", Place::Anywhere, "cABc") && !check("ab", Place::Anywhere, "a b"));
        assert!(check("a?c", Place::Anywhere, "xxabcxx") && check("a*c", Place::Start, "a--c--"));
    }

    #[test]
    fn greedy_search_agrees_with_trying_everything() {
        fn slow(pattern: &[Symbol], text: &[char]) -> bool {
            match (pattern, text) {
                ([], []) => true,
                ([Symbol::Many, rest @ ..], _) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
                ([Symbol::One, rest @ ..], [_, text @ ..]) => slow(rest, text),
                ([Symbol::Char(a), rest @ ..], [b, text @ ..]) => a == b && slow(rest, text),
                _ => false,
            }
        }
        let words = |letters: &[char], longest: usize| {
            let mut all = vec![String::new()];
            let mut from = 0;
            for _ in 0..longest {
                let to = all.len();
                for i in from..to {
                    all.extend(
                        letters.iter().map(|letter| format!("{}{letter}", all[i])).collect::<Vec<_>>(),
                    );
                }
                from = to;
            }
            all
        };
        let texts = words(&['a', 'b'], 5);
        for pattern in words(&['a', 'b', '*', '?'], 5) {
            let symbols = read(&pattern);
            let compiled = Pattern::new(&symbols, Place::Whole, false);
            for text in &texts {
                let chars: Vec<char> = text.chars().collect();
                assert_eq!(compiled.matches(text), slow(&symbols, &chars), "{pattern} {text}");
            }
        }
    }
}
