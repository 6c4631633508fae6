//! Wildcard patterns and policy variables, matched without backtracking over the stars.
//!
//! A pattern is cut at its stars. The first part must stand at the start, the last at the end, and those
//! between are found leftmost one after another: what one star has passed is never looked at again.

use crate::context::{Context, Entry};
use crate::name::Name;
use crate::truth::Truth;

/// A policy variable: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The condition key, in lowercase.
    pub key: Name,
    /// What stands in when the request has no such key.
    pub default: Option<Box<str>>,
}

/// What a variable stands for in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// This text, every character of it literal.
    Text(&'a str),
    /// The request has no such key and the variable no default: the pattern matches nothing.
    Nothing,
    /// It is not known.
    Unknown,
}

impl Variable {
    /// What the variable stands for.
    ///
    /// Keys with several values can't be variables (IAM user guide, "Single-valued vs. multivalued context
    /// keys"); what AWS makes of one is not documented.
    pub fn resolve<'a>(&'a self, context: &'a Context) -> Resolved<'a> {
        match context.get(&self.key) {
            Entry::Values(values) => match values.as_ref() {
                [value] => Resolved::Text(value),
                _ => Resolved::Unknown,
            },
            Entry::Absent => match &self.default {
                Some(default) => Resolved::Text(default),
                None => Resolved::Nothing,
            },
            Entry::Present(_) | Entry::Unknown(_) => Resolved::Unknown,
        }
    }
}

/// What stands between two stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Text(Box<str>),
    /// Any one character.
    One,
    /// The value of a variable.
    Variable(Variable),
}

/// How a text of a policy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable: the policy's version is 2012-10-17.
    pub variables: bool,
    /// Letter case (of ASCII letters) does not matter.
    pub ignores_case: bool,
}

/// A pattern, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    shape: Shape,
    ignores_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Any,
    Exact(Box<str>),
    Prefix(Box<str>),
    // The parts between the stars: always one more than there are stars.
    Parts { parts: Box<[Box<[Piece]>]>, has_variables: bool },
}

/// A text that is no well-formed pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A `${` without its `}`, or with something else than a key within.
    Variable,
}

impl Glob {
    /// Reads a pattern. A malformed variable is kept as plain text, and said.
    pub fn parse(text: &str, reading: Reading) -> (Self, Option<Malformed>) {
        let mut builder = Builder::default();
        let mut rest = text;
        let mut malformed = None;
        while let Some(first) = rest.chars().next() {
            if reading.variables && rest.starts_with("${") {
                if let Some((variable, length)) = read_variable(rest) {
                    builder.variable(variable);
                    rest = &rest[length..];
                    continue;
                }
                malformed = Some(Malformed::Variable);
            }
            match first {
                '*' if reading.wildcards => builder.star(),
                '?' if reading.wildcards => builder.one(),
                _ => builder.text.push(first),
            }
            rest = &rest[first.len_utf8()..];
        }
        (Self { shape: builder.finish(), ignores_case: reading.ignores_case }, malformed)
    }

    /// A pattern that matches these characters and no others.
    pub fn exact(text: &str) -> Self {
        Self { shape: Shape::Exact(text.into()), ignores_case: false }
    }

    /// Does it match everything?
    pub fn is_any(&self) -> bool {
        matches!(self.shape, Shape::Any)
    }

    /// The text, when it has neither wildcard nor variable.
    pub fn as_exact(&self) -> Option<&str> {
        match &self.shape {
            Shape::Exact(text) => Some(text),
            _ => None,
        }
    }

    /// Does it hold a variable?
    pub fn has_variables(&self) -> bool {
        matches!(&self.shape, Shape::Parts { has_variables: true, .. })
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let parts: &[Box<[Piece]>] = match &self.shape {
            Shape::Parts { parts, .. } => parts,
            _ => &[],
        };
        parts.iter().flat_map(|part| part.iter()).filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// Does the whole text match?
    pub fn matches(&self, text: &str, context: &Context) -> Truth {
        match &self.shape {
            Shape::Any => Truth::Yes,
            Shape::Exact(exact) if self.ignores_case => exact.eq_ignore_ascii_case(text).into(),
            Shape::Exact(exact) => (exact.as_ref() == text).into(),
            Shape::Prefix(prefix) if !self.ignores_case => text.starts_with(prefix.as_ref()).into(),
            Shape::Prefix(prefix) => strip_text(text, prefix, true).is_some().into(),
            Shape::Parts { parts, has_variables } => {
                if *has_variables {
                    return self.matches_with_variables(parts, text, context);
                }
                let matcher = Matcher { context, ignores_case: self.ignores_case, unknown_is_star: false };
                matcher.whole(parts.iter().map(AsRef::as_ref), text).into()
            }
        }
    }

    fn matches_with_variables(&self, parts: &[Box<[Piece]>], text: &str, context: &Context) -> Truth {
        let mut is_open = false;
        for variable in self.variables() {
            match variable.resolve(context) {
                Resolved::Nothing => return Truth::No,
                Resolved::Unknown => is_open = true,
                Resolved::Text(_) => {}
            }
        }
        if !is_open {
            let matcher = Matcher { context, ignores_case: self.ignores_case, unknown_is_star: false };
            return matcher.whole(parts.iter().map(AsRef::as_ref), text).into();
        }
        // The unknown could be anything, so it is a star: what no star lets match, no value does.
        let is_unknown = |piece: &Piece| matches!(piece, Piece::Variable(variable) if variable.resolve(context) == Resolved::Unknown);
        let segments = parts.iter().flat_map(|part| part.split(is_unknown));
        let matcher = Matcher { context, ignores_case: self.ignores_case, unknown_is_star: true };
        if matcher.whole(segments, text) { Truth::Unknown } else { Truth::No }
    }

    /// Does letter case (of ASCII letters) not matter?
    pub fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    /// The pattern sign by sign, for asking about sets of texts.
    pub fn signs(&self) -> Vec<Sign> {
        let letters = |text: &str| text.chars().map(Sign::Letter).collect::<Vec<_>>();
        match &self.shape {
            Shape::Any => vec![Sign::Star],
            Shape::Exact(text) => letters(text),
            Shape::Prefix(text) => letters(text).into_iter().chain([Sign::Star]).collect(),
            Shape::Parts { parts, .. } => {
                let mut signs = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        signs.push(Sign::Star);
                    }
                    for piece in part {
                        match piece {
                            Piece::Text(text) => signs.extend(letters(text)),
                            Piece::One => signs.push(Sign::One),
                            Piece::Variable(variable) => signs.push(Sign::Variable(variable.clone())),
                        }
                    }
                }
                signs
            }
        }
    }

    /// The pattern as tokens, variables resolved; nothing when a variable is not known or has no value.
    pub(crate) fn tokens(&self, context: &Context) -> Option<Vec<Token>> {
        let letters = |text: &str| text.chars().map(Token::Letter).collect::<Vec<_>>();
        Some(match &self.shape {
            Shape::Any => vec![Token::Star],
            Shape::Exact(text) => letters(text),
            Shape::Prefix(text) => letters(text).into_iter().chain([Token::Star]).collect(),
            Shape::Parts { parts, .. } => {
                let mut tokens = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        tokens.push(Token::Star);
                    }
                    for piece in part {
                        match piece {
                            Piece::Text(text) => tokens.extend(letters(text)),
                            Piece::One => tokens.push(Token::One),
                            Piece::Variable(variable) => match variable.resolve(context) {
                                Resolved::Text(text) => tokens.extend(letters(text)),
                                Resolved::Nothing | Resolved::Unknown => return None,
                            },
                        }
                    }
                }
                tokens
            }
        })
    }
}

/// One sign of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// This character.
    Letter(char),
    /// Any one character.
    One,
    /// Any characters, or none.
    Star,
    /// The value of a variable.
    Variable(Variable),
}

/// One step of a pattern, for asking about sets of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Letter(char),
    One,
    Star,
}

struct Matcher<'a> {
    context: &'a Context,
    ignores_case: bool,
    unknown_is_star: bool,
}

impl Matcher<'_> {
    /// Are these segments, with stars in between, all of the text?
    fn whole<'p>(&self, mut segments: impl DoubleEndedIterator<Item = &'p [Piece]>, text: &str) -> bool {
        let Some(first) = segments.next() else {
            return text.is_empty();
        };
        let Some(after_first) = self.at_start(first, text) else {
            return false;
        };
        let Some(last) = segments.next_back() else {
            return after_first.is_empty();
        };
        let Some(mut between) = self.at_end(last, after_first) else {
            return false;
        };
        for segment in segments {
            match self.leftmost(segment, between) {
                Some(after) => between = after,
                None => return false,
            }
        }
        true
    }

    fn value<'v>(&'v self, variable: &'v Variable) -> Option<&'v str> {
        match variable.resolve(self.context) {
            Resolved::Text(text) => Some(text),
            Resolved::Nothing | Resolved::Unknown => {
                debug_assert!(self.unknown_is_star, "variables without a value never get here");
                None
            }
        }
    }

    /// What follows when the part stands at the start.
    fn at_start<'t>(&self, part: &[Piece], mut text: &'t str) -> Option<&'t str> {
        for piece in part {
            text = match piece {
                Piece::Text(expected) => strip_text(text, expected, self.ignores_case)?,
                Piece::One => {
                    let first = text.chars().next()?;
                    &text[first.len_utf8()..]
                }
                Piece::Variable(variable) => strip_text(text, self.value(variable)?, self.ignores_case)?,
            };
        }
        Some(text)
    }

    /// What stands before when the part stands at the end.
    fn at_end<'t>(&self, part: &[Piece], mut text: &'t str) -> Option<&'t str> {
        for piece in part.iter().rev() {
            text = match piece {
                Piece::Text(expected) => strip_text_end(text, expected, self.ignores_case)?,
                Piece::One => {
                    let last = text.chars().next_back()?;
                    &text[..text.len() - last.len_utf8()]
                }
                Piece::Variable(variable) => strip_text_end(text, self.value(variable)?, self.ignores_case)?,
            };
        }
        Some(text)
    }

    /// What follows the leftmost place where the part stands.
    fn leftmost<'t>(&self, part: &[Piece], text: &'t str) -> Option<&'t str> {
        match part {
            [] => Some(text),
            [Piece::Text(expected)] if !self.ignores_case => {
                text.find(expected.as_ref()).map(|at| &text[at + expected.len()..])
            }
            _ if text.is_ascii() => self.leftmost_ascii(part, text),
            _ => {
                let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                ends.into_iter().find_map(|at| self.at_start(part, &text[at..]))
            }
        }
    }
}

/// How many places are looked at together.
const AT_ONCE: usize = 64;

impl Matcher<'_> {
    /// The same in a text where each character is a byte: 64 places at once, so that `?` and letter case cost little.
    fn leftmost_ascii<'t>(&self, part: &[Piece], text: &'t str) -> Option<&'t str> {
        let mut length = 0;
        for piece in part {
            length += self.literal(piece)?.map_or(1, str::len);
        }
        let last = text.len().checked_sub(length)?;
        for start in (0..=last).step_by(AT_ONCE) {
            let width = AT_ONCE.min(last - start + 1);
            let standing = self.standing(part, text.as_bytes(), start, width)?;
            if standing != 0 {
                return Some(&text[start + standing.trailing_zeros() as usize + length..]);
            }
        }
        None
    }

    /// At which of the places from `start` on the part stands, a bit for each.
    fn standing(&self, part: &[Piece], text: &[u8], start: usize, width: usize) -> Option<u64> {
        let mut standing = u64::MAX >> (AT_ONCE - width);
        let mut at = start;
        for piece in part {
            let Some(literal) = self.literal(piece)? else {
                at += 1;
                continue;
            };
            for expected in literal.bytes() {
                let mut equal = 0;
                for (place, byte) in text[at..at + width].iter().enumerate() {
                    let is_equal =
                        *byte == expected || (self.ignores_case && byte.eq_ignore_ascii_case(&expected));
                    equal |= u64::from(is_equal) << place;
                }
                standing &= equal;
                if standing == 0 {
                    return Some(0);
                }
                at += 1;
            }
        }
        Some(standing)
    }

    /// The text that the piece stands for, none for a `?`; nothing at all for a variable without value.
    fn literal<'v>(&'v self, piece: &'v Piece) -> Option<Option<&'v str>> {
        match piece {
            Piece::Text(text) => Some(Some(text)),
            Piece::One => Some(None),
            Piece::Variable(variable) => self.value(variable).map(Some),
        }
    }
}

fn strip_text<'t>(text: &'t str, expected: &str, ignores_case: bool) -> Option<&'t str> {
    if !ignores_case {
        return text.strip_prefix(expected);
    }
    let start = text.get(..expected.len())?;
    start.eq_ignore_ascii_case(expected).then(|| &text[expected.len()..])
}

fn strip_text_end<'t>(text: &'t str, expected: &str, ignores_case: bool) -> Option<&'t str> {
    if !ignores_case {
        return text.strip_suffix(expected);
    }
    let at = text.len().checked_sub(expected.len())?;
    let end = text.get(at..)?;
    end.eq_ignore_ascii_case(expected).then(|| &text[..at])
}

#[derive(Default)]
struct Builder {
    parts: Vec<Box<[Piece]>>,
    part: Vec<Piece>,
    text: String,
    has_variables: bool,
    has_ones: bool,
}

impl Builder {
    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.part.push(Piece::Text(std::mem::take(&mut self.text).into()));
        }
    }
    fn star(&mut self) {
        self.end_text();
        let part = std::mem::take(&mut self.part);
        // Stars that follow each other are one.
        if self.parts.is_empty() || !part.is_empty() {
            self.parts.push(part.into());
        }
    }
    fn one(&mut self) {
        self.end_text();
        self.has_ones = true;
        self.part.push(Piece::One);
    }
    fn variable(&mut self, variable: Element) {
        match variable {
            Element::Literal(character) => self.text.push(character),
            Element::Variable(variable) => {
                self.end_text();
                self.has_variables = true;
                self.part.push(Piece::Variable(variable));
            }
        }
    }
    fn finish(mut self) -> Shape {
        self.end_text();
        let last = std::mem::take(&mut self.part);
        self.parts.push(last.into());
        let is_plain = !self.has_variables && !self.has_ones;
        let text_of = |part: &[Piece]| match part {
            [] => Some(Box::from("")),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        };
        if is_plain {
            match self.parts.as_slice() {
                [only] => {
                    if let Some(text) = text_of(only) {
                        return Shape::Exact(text);
                    }
                }
                [first, last] if last.is_empty() => {
                    if first.is_empty() {
                        return Shape::Any;
                    }
                    if let Some(text) = text_of(first) {
                        return Shape::Prefix(text);
                    }
                }
                _ => {}
            }
        }
        Shape::Parts { parts: self.parts.into(), has_variables: self.has_variables }
    }
}

enum Element {
    Literal(char),
    Variable(Variable),
}

/// Reads what begins with `${`; gives it and its length.
fn read_variable(text: &str) -> Option<(Element, usize)> {
    let inside = text.strip_prefix("${")?;
    let literal = ['*', '?', '$']
        .into_iter()
        .find(|character| inside.strip_prefix(*character).is_some_and(|rest| rest.starts_with('}')));
    if let Some(character) = literal {
        return Some((Element::Literal(character), 4));
    }
    let (key, default, length) = match inside.find([',', '}'])? {
        end if inside[end..].starts_with('}') => (&inside[..end], None, end + 1),
        comma => {
            let after = inside[comma + 1..].trim_start();
            let start = inside.len() - after.len();
            let quoted = after.strip_prefix('\'')?;
            let quote = quoted.find('\'')?;
            let closing = quoted[quote + 1..].trim_start().strip_prefix('}')?;
            debug_assert!(start < inside.len());
            (&inside[..comma], Some(&quoted[..quote]), inside.len() - closing.len())
        }
    };
    let key = key.trim();
    let is_key = !key.is_empty() && !key.contains(['$', '{', '\'', '"']);
    let variable = Variable { key: Name::new(key), default: default.map(Into::into) };
    is_key.then_some((Element::Variable(variable), length + 2))
}

/// The six fields of an ARN, the last with all its colons.
pub fn arn_fields(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let fields = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (fields[0] == "arn").then_some(fields)
}

/// Cuts a pattern at its first five colons, but not at those within `${…}`.
pub(crate) fn pattern_fields(text: &str, variables: bool) -> Vec<&str> {
    let mut fields = Vec::with_capacity(6);
    let (mut start, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() && fields.len() < 5 {
        if variables && text[at..].starts_with("${") {
            at = text[at..].find('}').map_or(bytes.len(), |end| at + end + 1);
            continue;
        }
        if bytes[at] == b':' {
            fields.push(&text[start..at]);
            start = at + 1;
        }
        at += 1;
        while at < bytes.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    fields.push(&text[start.min(text.len())..]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Rest;

    fn check(pattern: &str, text: &str, expected: Truth) {
        let mut context = Context::new(Rest::Absent);
        context.set("aws:username", Entry::value("erin"));
        context.set("aws:star", Entry::value("*"));
        context.set("aws:open", Entry::Unknown("not told".into()));
        let reading = Reading { wildcards: true, variables: true, ignores_case: false };
        let (glob, _) = Glob::parse(pattern, reading);
        assert_eq!(glob.matches(text, &context), expected, "`{pattern}` on `{text}`");
    }

    #[test]
    fn stars_and_question_marks_match_as_globs_do() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "anything"),
            ("a*", "a"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a*b*c", "a-b-c-c"),
            ("*b*", "abc"),
            ("a?c", "aüc"),
            ("*.txt", "x.txt.txt"),
            ("a**c", "abbc"),
            ("?", "x"),
            ("*a?", "aab"),
            ("*b?d*", "aaabcde"),
            ("*?b?*", "abc"),
            ("*ü?d*", "aüxd-"),
        ] {
            check(pattern, text, Truth::Yes);
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a*c", "ab"),
            ("a?c", "ac"),
            ("a*ba", "aba-b"),
            ("ab*ba", "aba"),
            ("?", ""),
            ("*b*c", "cb"),
            ("*b?d*", "abd"),
            ("*?b?*", "bc"),
        ] {
            check(pattern, text, Truth::No);
        }
    }

    #[test]
    fn a_star_for_every_character_does_not_blow_up() {
        let pattern = format!("{}b", "a*".repeat(20_000));
        check(&pattern, &"a".repeat(100_000), Truth::No);
        check(&pattern, &format!("{}b", "a".repeat(100_000)), Truth::Yes);
        let ones = format!("*{}b*", "a?".repeat(2_000));
        check(&ones, &"a".repeat(20_000), Truth::No);
        check(&ones, &format!("{}bc", "a".repeat(20_000)), Truth::Yes);
    }

    #[test]
    fn variables_are_literal_once_replaced() {
        check("home/${aws:username}/*", "home/erin/x", Truth::Yes);
        check("home/${aws:UserName}/*", "home/alice/x", Truth::No);
        check("${aws:star}", "*", Truth::Yes);
        check("${aws:star}", "x", Truth::No);
        check("a${*}b", "a*b", Truth::Yes);
        check("a${*}b", "axb", Truth::No);
        check("${?}${$}", "?$", Truth::Yes);
        check("${aws:none, 'all'}", "all", Truth::Yes);
        check("${aws:none}", "", Truth::No);
        check("${aws:username, 'all'}", "all", Truth::No);
    }

    #[test]
    fn an_unknown_variable_leaves_open_only_what_it_could_change() {
        check("home/${aws:open}/*", "home/x/y", Truth::Unknown);
        check("home/${aws:open}/*", "other/x/y", Truth::No);
        check("*${aws:open}*", "", Truth::Unknown);
    }

    #[test]
    fn what_only_looks_like_a_variable_is_text() {
        check("${", "${", Truth::Yes);
        check("${aws:username", "${aws:username", Truth::Yes);
        check("${}", "${}", Truth::Yes);
        check("${a, b}", "${a, b}", Truth::Yes);
    }

    #[test]
    fn fields_are_cut_outside_of_variables() {
        assert_eq!(
            pattern_fields("arn:aws:s3:::b/${aws:username}:x", true),
            ["arn", "aws", "s3", "", "", "b/${aws:username}:x"]
        );
        assert_eq!(
            pattern_fields("arn:aws:iam::${aws:a}:x", true),
            ["arn", "aws", "iam", "", "${aws:a}", "x"]
        );
        assert_eq!(pattern_fields("*", true), ["*"]);
    }
}
