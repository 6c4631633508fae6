//! Reads a rule's condition: `selection and not 1 of filter_*`.

use crate::rule::Condition;
use crate::text::{Pattern, Place, Symbol};

/// How deep brackets and `not` may be nested.
const DEEPEST: usize = 64;

/// A condition that cannot be read: what is wrong, at which character of it, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) at: usize,
    pub(crate) help: String,
}

type Read<T> = Result<T, Refused>;

/// A word or a bracket, and the character it begins at.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    at: usize,
}

/// Reads a condition over the selections of these names.
pub(crate) fn read(text: &str, names: &[&str]) -> Read<Condition> {
    let mut reader = Reader { tokens: tokens(text), next: 0, end: text.chars().count(), names };
    let condition = reader.or(0)?;
    match reader.peek() {
        None => Ok(condition),
        Some(token) => Err(reader.expected_operator(token)),
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    for (at, (byte, char)) in text.char_indices().enumerate() {
        let single = matches!(char, '(' | ')' | '|');
        if (single || char.is_whitespace())
            && let Some((start, from)) = word.take()
        {
            tokens.push(Token { text: &text[start..byte], at: from });
        }
        if single {
            tokens.push(Token { text: &text[byte..byte + 1], at });
        } else if !char.is_whitespace() {
            word.get_or_insert((byte, at));
        }
    }
    if let Some((start, at)) = word {
        tokens.push(Token { text: &text[start..], at });
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    end: usize,
    names: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.text == text);
        self.next += usize::from(is_next);
        is_next
    }

    fn or(&mut self, depth: usize) -> Read<Condition> {
        let mut any = vec![self.and(depth)?];
        while self.take("or") {
            any.push(self.and(depth)?);
        }
        Ok(one_or(any, Condition::Or))
    }

    fn and(&mut self, depth: usize) -> Read<Condition> {
        let mut all = vec![self.not(depth)?];
        while self.take("and") {
            all.push(self.not(depth)?);
        }
        Ok(one_or(all, Condition::And))
    }

    fn not(&mut self, depth: usize) -> Read<Condition> {
        if depth > DEEPEST {
            let at = self.peek().map_or(self.end, |token| token.at);
            let message = format!("the condition is nested deeper than {DEEPEST} levels");
            return Err(refused(message, at, "give the parts names of their own"));
        }
        match self.take("not") {
            true => Ok(Condition::Not(Box::new(self.not(depth + 1)?))),
            false => self.operand(depth),
        }
    }

    fn operand(&mut self, depth: usize) -> Read<Condition> {
        let Some(token) = self.peek() else {
            return Err(refused(
                "the condition ends where a selection should stand",
                self.end,
                "name a selection",
            ));
        };
        if token.text == "(" {
            self.next += 1;
            let inner = self.or(depth + 1)?;
            return match self.take(")") {
                true => Ok(inner),
                false => Err(match self.peek() {
                    Some(other) => self.expected_operator(other),
                    None => refused("`(` is never closed", token.at, "add the `)`"),
                }),
            };
        }
        if matches!(token.text, ")" | "|" | "and" | "or" | "of") {
            let message = format!("`{}` stands where a selection should", token.text);
            return Err(refused(message, token.at, self.known_names()));
        }
        self.next += 1;
        match self.take("of") {
            true => self.quantified(token),
            false => self.selection(token).map(Condition::Selection),
        }
    }

    fn selection(&self, token: Token<'a>) -> Read<usize> {
        let found = self.names.iter().position(|name| *name == token.text);
        found.ok_or_else(|| {
            let nearest = crate::compile::nearest(token.text, self.names.iter().copied());
            let help = match nearest {
                _ if token.text.contains('*') => format!("write `1 of {0}` or `all of {0}`", token.text),
                Some(near) => format!("did you mean `{near}`?"),
                None if is_operator(&token.text.to_lowercase()) => {
                    "operators are written in lower case".to_owned()
                }
                None => self.known_names(),
            };
            refused(format!("`{}` is not a selection of this rule", token.text), token.at, help)
        })
    }

    fn quantified(&mut self, quantifier: Token<'a>) -> Read<Condition> {
        let Some(pattern) = self.peek().filter(|token| !matches!(token.text, "(" | ")" | "|")) else {
            return Err(refused("`of` is followed by nothing", self.end, "write `them` or a name with `*`"));
        };
        self.next += 1;
        let of = self.matching(pattern.text);
        let count = of.len();
        if count == 0 {
            let message = format!("no selection is named like `{}`", pattern.text);
            return Err(refused(message, pattern.at, self.known_names()));
        }
        match quantifier.text {
            "all" => Ok(one_or(of, Condition::And)),
            "any" | "1" => Ok(one_or(of, Condition::Or)),
            number => match number.parse() {
                Ok(least) if (1..=count).contains(&least) => Ok(Condition::AtLeast(least, of)),
                Ok(0_usize) => Err(refused("`0 of` is always true", quantifier.at, "write `not 1 of`")),
                Ok(_) => {
                    let message = format!("`{number} of {}` can never be: there are {count}", pattern.text);
                    Err(refused(message, quantifier.at, "ask for fewer, or for `all of`"))
                }
                Err(_) => {
                    let message = format!("`{number} of` is not a quantifier");
                    Err(refused(message, quantifier.at, "write `1 of`, `any of`, `all of` or a number"))
                }
            },
        }
    }

    /// The selections that a pattern names. Names that begin with `_` are left out unless it asks for them.
    fn matching(&self, pattern: &str) -> Vec<Condition> {
        let symbols: Vec<Symbol> = match pattern {
            "them" => vec![Symbol::Many],
            _ => pattern.chars().map(|c| if c == '*' { Symbol::Many } else { Symbol::Char(c) }).collect(),
        };
        let compiled = Pattern::new(&symbols, Place::Whole, true);
        let asked = |name: &str| !name.starts_with('_') || pattern.starts_with('_');
        let of = self.names.iter().enumerate();
        of.filter(|(_, name)| asked(name) && compiled.matches(name))
            .map(|(index, _)| Condition::Selection(index))
            .collect()
    }

    fn expected_operator(&self, token: Token<'_>) -> Refused {
        if token.text == "|" {
            return refused(
                "`|` would count over many events, which Sigma now does with correlation rules",
                token.at,
                "correlation rules are not supported yet",
            );
        }
        let help = match is_operator(&token.text.to_lowercase()) {
            true => "operators are written in lower case",
            false => "put `and` or `or` between two selections",
        };
        refused(format!("`{}` stands where `and` or `or` should", token.text), token.at, help)
    }

    fn known_names(&self) -> String {
        match self.names {
            [] => "add a selection to the rule".to_owned(),
            names => {
                let named: Vec<_> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
                format!("the selections are {}", named.join(", "))
            }
        }
    }
}

fn is_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "of" | "all" | "any")
}

fn one_or(mut conditions: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => many(conditions),
    }
}

fn refused(message: impl Into<String>, at: usize, help: impl Into<String>) -> Refused {
    Refused { message: message.into(), at, help: help.into() }
}
