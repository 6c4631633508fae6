//! Compiles a rule's `detection` map.

use crate::condition;
use crate::encode;
use crate::modifier::{self, Modifiers, Operator, Transform};
use crate::number::{Comparison, Number};
use crate::rule::{Branch, Condition, Item, Rule, Selection, Test, Wanted};
use crate::text::{self, Pattern, Place, Symbol};
use ipnet::IpNet;
use palisade_model::{Diagnostic, Level, Node, Value};
use regex::RegexBuilder;
use std::net::IpAddr;
use std::sync::Arc;

/// How many names a field's path may have; each is tried with and without those that follow.
const DEEPEST_FIELD: usize = 64;

/// Compiles a Sigma `detection` map: its selections by name, and their `condition`. The rule is there unless
/// something is wrong with it; warnings come beside it.
pub fn compile(detection: &Node) -> (Option<Rule>, Vec<Diagnostic>) {
    let mut compiler = Compiler::default();
    let rule = compiler.rule(detection);
    let is_sound = compiler.diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error);
    (rule.filter(|_| is_sound), compiler.diagnostics)
}

/// The one of the words that a mistyped word most likely means.
pub(crate) fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = words.map(|known| (strsim::osa_distance(word, known), known));
    let close = near.filter(|(distance, known)| *distance <= 2 && *distance < known.chars().count());
    close.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// An error at a node.
pub(crate) fn error(node: &Node, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    at(Diagnostic::error(message), node).help(help)
}

/// A warning at a node.
pub(crate) fn warning(node: &Node, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    at(Diagnostic::warning(message), node).help(help)
}

fn at(diagnostic: Diagnostic, node: &Node) -> Diagnostic {
    match node.origin.span() {
        Some(span) => diagnostic.at(span.clone()),
        None => diagnostic,
    }
}

/// What a node is, for saying that it should be something else.
pub(crate) fn shape(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Unknown(_) => "something that could not be read",
    }
}

#[derive(Default)]
struct Compiler {
    diagnostics: Vec<Diagnostic>,
}

impl Compiler {
    fn error(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(error(node, message, help));
    }

    fn warning(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(warning(node, message, help));
    }

    fn rule(&mut self, detection: &Node) -> Option<Rule> {
        let Value::Map(map) = &detection.value else {
            let message = format!("a detection is a map of selections, not {}", shape(detection));
            self.error(detection, message, "give selections by name, and a `condition`");
            return None;
        };
        let mut selections = Vec::new();
        let mut names = Vec::new();
        for (name, node) in &map.entries {
            match name.as_ref() {
                "condition" => {}
                "timeframe" => self.error(
                    node,
                    "`timeframe` looks at many events, which Sigma now does with correlation rules",
                    "correlation rules are not supported yet",
                ),
                _ => {
                    names.push((name.as_ref(), node));
                    selections.push(self.selection(name, node));
                }
            }
        }
        let condition = match map.entries.get("condition") {
            Some(node) => self.condition(node, &names),
            None => {
                self.error(detection, "the rule has no `condition`", "say how the selections go together");
                None
            }
        };
        Some(Rule { selections: selections.into_iter().collect::<Option<_>>()?, condition: condition? })
    }

    fn condition(&mut self, node: &Node, selections: &[(&str, &Node)]) -> Option<Condition> {
        let conditions: Vec<&Node> = match &node.value {
            Value::List(list) => list.items.iter().collect(),
            _ => vec![node],
        };
        if conditions.is_empty() {
            self.error(node, "the condition is an empty list", "say how the selections go together");
        }
        let read: Vec<Option<Condition>> =
            conditions.iter().map(|one| self.one_condition(one, selections)).collect();
        let mut any = read.into_iter().collect::<Option<Vec<_>>>()?;
        let condition = match any.len() {
            0 => return None,
            1 => any.remove(0),
            _ => Condition::Or(any),
        };
        for (index, (name, node)) in selections.iter().enumerate() {
            if !name.starts_with('_') && !mentions(&condition, index) {
                self.warning(node, format!("the condition does not use `{name}`"), "use it, or take it out");
            }
        }
        Some(condition)
    }

    fn one_condition(&mut self, node: &Node, selections: &[(&str, &Node)]) -> Option<Condition> {
        let Value::Text(text) = &node.value else {
            let message = format!("a condition is a text, not {}", shape(node));
            self.error(node, message, "write it as in `selection and not filter`");
            return None;
        };
        let names: Vec<&str> = selections.iter().map(|(name, _)| *name).collect();
        match condition::read(text, &names) {
            Ok(condition) => Some(condition),
            Err(refused) => {
                let message = match text.contains(' ') {
                    true => format!("{}, at character {} of the condition", refused.message, refused.at + 1),
                    false => refused.message,
                };
                self.error(node, message, refused.help);
                None
            }
        }
    }

    fn selection(&mut self, name: &Arc<str>, node: &Node) -> Option<Selection> {
        let branches = match &node.value {
            Value::Map(_) => vec![self.map(node)],
            Value::List(list) if list.more.is_none() && !list.items.is_empty() => {
                let (maps, keywords): (Vec<&Node>, Vec<&Node>) =
                    list.items.iter().partition(|item| matches!(item.value, Value::Map(_)));
                let mut branches: Vec<_> = maps.into_iter().map(|map| self.map(map)).collect();
                if !keywords.is_empty() {
                    branches.push(self.keywords(&keywords));
                }
                branches
            }
            Value::Text(_) | Value::Number(_) => vec![self.keywords(&[node])],
            _ => {
                let empty = matches!(&node.value, Value::List(list) if list.more.is_none());
                let found = if empty { "an empty list" } else { shape(node) };
                let message = format!("the selection `{name}` is {found}");
                self.error(node, message, "give it fields and their values, or a list of keywords");
                return None;
            }
        };
        Some(Selection { name: name.clone(), branches: branches.into_iter().collect::<Option<_>>()? })
    }

    fn map(&mut self, node: &Node) -> Option<Branch> {
        let Value::Map(map) = &node.value else { return None };
        if map.entries.is_empty() || map.more.is_some() {
            self.error(node, "a selection without fields", "give it fields and their values");
            return None;
        }
        let items: Vec<Option<Item>> = map.entries.iter().map(|(key, value)| self.item(key, value)).collect();
        Some(Branch { items: items.into_iter().collect::<Option<_>>()? })
    }

    fn keywords(&mut self, nodes: &[&Node]) -> Option<Branch> {
        let modifiers = modifier::read(&["contains"]).ok()?;
        let values = self.values(&"".into(), nodes, &modifiers)?;
        let item = Item { written: "keywords".into(), field: None, values, all: false, not_equal: false };
        Some(Branch { items: vec![item] })
    }

    fn item(&mut self, key: &Arc<str>, node: &Node) -> Option<Item> {
        let mut parts = key.split('|');
        let name = parts.next().unwrap_or_default();
        let names: Vec<&str> = parts.collect();
        let mut modifiers = match modifier::read(&names) {
            Ok(modifiers) => modifiers,
            Err(refused) => {
                self.error(node, format!("{}, in `{key}`", refused.message), refused.help);
                return None;
            }
        };
        if name.is_empty() && !self.fits_keywords(key, node, &mut modifiers)
            || !self.is_plain_field(name, node)
        {
            return None;
        }
        let nodes: Vec<&Node> = match &node.value {
            Value::List(list) if list.more.is_none() => list.items.iter().collect(),
            _ => vec![node],
        };
        if nodes.is_empty() {
            self.error(
                node,
                format!("`{key}` has no value and would never match"),
                "give it one, or take it out",
            );
            return None;
        }
        if modifiers.all && nodes.len() == 1 {
            self.error(node, format!("`{key}` has one value, of which `all` says nothing"), "take `all` out");
            return None;
        }
        if modifiers.operator == Operator::Exists && nodes.len() > 1 {
            self.error(node, format!("`{key}` has several values"), "say `true` or `false`");
            return None;
        }
        if nodes.len() > 1
            && let Some(null) = nodes.iter().find(|node| node.value == Value::Null)
        {
            self.warning(
                null,
                format!("`null` in a list of values of `{key}`, which the specification forbids"),
                "give `null` a selection of its own, for other tools' sake",
            );
        }
        Some(Item {
            written: key.clone(),
            field: (!name.is_empty()).then(|| name.into()),
            values: self.values(key, &nodes, &modifiers)?,
            all: modifiers.all,
            not_equal: modifiers.not_equal,
        })
    }

    /// Keywords are looked for in every value, so they take fewer modifiers.
    fn fits_keywords(&mut self, key: &str, node: &Node, modifiers: &mut Modifiers) -> bool {
        let fits = match modifiers.operator {
            Operator::Text(_) | Operator::Regex(_) | Operator::Network => !modifiers.not_equal,
            _ => false,
        };
        if !fits {
            self.error(
                node,
                format!("`{key}` asks something of a field and names none"),
                "write the field before the `|`",
            );
        }
        if modifiers.operator == Operator::Text(Place::Whole) {
            modifiers.operator = Operator::Text(Place::Anywhere);
        }
        fits
    }

    /// Sigma 3 will let `name[any]` choose among a list's elements; taken for a name it would never match.
    fn is_plain_field(&mut self, name: &str, node: &Node) -> bool {
        if name.matches('.').count() >= DEEPEST_FIELD {
            self.error(
                node,
                format!("a field nested deeper than {DEEPEST_FIELD} levels"),
                "no log nests so deep",
            );
            return false;
        }
        let selects = name.split('.').any(|part| {
            let index = part.strip_suffix(']').and_then(|part| part.split_once('['));
            index.is_some_and(|(_, index)| {
                matches!(index, "any" | "all" | "none") || index.parse::<i64>().is_ok()
            })
        });
        if selects {
            let message = format!("`{name}` chooses among a list's elements, as Sigma 3 will");
            self.error(node, message, "name the list alone: any of its elements may match");
        }
        !selects
    }

    fn values(&mut self, key: &Arc<str>, nodes: &[&Node], modifiers: &Modifiers) -> Option<Vec<Wanted>> {
        let values: Vec<Option<Wanted>> = nodes
            .iter()
            .map(|node| match test(node, modifiers, key.is_empty() || key.starts_with('|')) {
                Ok(test) => {
                    Some(Wanted { written: written(node).into(), span: node.origin.span().cloned(), test })
                }
                Err((message, help)) => {
                    let place = if key.is_empty() { String::new() } else { format!(", in `{key}`") };
                    self.error(node, format!("{message}{place}"), help);
                    None
                }
            })
            .collect();
        values.into_iter().collect()
    }
}

fn mentions(condition: &Condition, index: usize) -> bool {
    match condition {
        Condition::Selection(selection) => *selection == index,
        Condition::Not(inner) => mentions(inner, index),
        Condition::And(of) | Condition::Or(of) | Condition::AtLeast(_, of) => {
            of.iter().any(|one| mentions(one, index))
        }
    }
}

fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Null => "null".to_owned(),
        Value::List(_) | Value::Map(_) | Value::Unknown(_) => shape(node).to_owned(),
    }
}

/// What is wrong with a value, and what to do about it.
type Refused = (String, String);

type Tested = Result<Test, Refused>;

fn refuse<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Refused> {
    Err((message.into(), help.into()))
}

/// What a value asks for under its modifiers.
fn test(node: &Node, modifiers: &Modifiers, is_keyword: bool) -> Tested {
    if matches!(node.value, Value::List(_) | Value::Map(_) | Value::Unknown(_)) {
        return refuse(
            format!("a value is a text, a number, true, false or null, not {}", shape(node)),
            "write nested fields with dots, as in `userIdentity.type`",
        );
    }
    let text = written(node);
    match modifiers.operator {
        Operator::Exists => match &node.value {
            Value::Bool(expected) => Ok(Test::Exists(*expected)),
            Value::Text(text) if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes") => {
                Ok(Test::Exists(true))
            }
            Value::Text(text) if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("no") => {
                Ok(Test::Exists(false))
            }
            _ => refuse(format!("`exists` is true or false, not `{text}`"), "say `true` or `false`"),
        },
        Operator::Text(Place::Whole) if modifiers.transforms.is_empty() => match &node.value {
            Value::Null => Ok(Test::Null),
            Value::Bool(expected) => Ok(Test::Bool(*expected)),
            Value::Number(number) => number_test(Number::of(number), &text, Comparison::Equal),
            _ => text_test(node, &text, Place::Whole, modifiers),
        },
        _ if node.value == Value::Null && is_keyword => {
            refuse("`null` is not a keyword", "name the field that is null")
        }
        _ if node.value == Value::Null => refuse("`null` is compared by itself", "take the modifiers out"),
        Operator::Text(place) => text_test(node, &text, place, modifiers),
        Operator::Regex(flags) => {
            let built = RegexBuilder::new(&text)
                .case_insensitive(flags.ignores_case)
                .multi_line(flags.many_lines)
                .dot_matches_new_line(flags.dot_takes_newline)
                .build();
            built.map(Test::Regex).or_else(|error| {
                refuse(
                    regex_message(&text, &error),
                    "look-around and back-references are not part of Sigma's expressions",
                )
            })
        }
        Operator::Network => match network(&text) {
            Some(network) => Ok(Test::Network(network)),
            None => {
                refuse(format!("`{text}` is not a network"), "write it as in `10.0.0.0/8` or `2001:db8::/32`")
            }
        },
        Operator::Number(comparison) => number_test(Number::read(&text), &text, comparison),
        Operator::Time(part, comparison) => match Number::read(&text) {
            Some(number) => Ok(Test::Time(part, comparison, number)),
            None => refuse(format!("`{text}` is not a number"), "a part of a time is compared with a number"),
        },
        Operator::Field(place) => match text::plain(&text::read(&text)) {
            Some(other) => Ok(Test::Field { other: other.into(), place, cased: modifiers.cased }),
            None => refuse(format!("`{text}` is not the name of a field"), "wildcards have no place in it"),
        },
    }
}

fn number_test(number: Option<Number>, text: &str, comparison: Comparison) -> Tested {
    match number {
        Some(number) => Ok(Test::Number(comparison, number)),
        None => refuse(format!("`{text}` is not a number"), "numbers are compared with numbers"),
    }
}

/// The last line of the regex crate's message is what is wrong; the others draw the place.
fn regex_message(text: &str, error: &regex::Error) -> String {
    let shown = error.to_string();
    let reason = shown.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    let start: String = text.chars().take(60).collect();
    format!("`{start}` is not a regular expression we read: {}", reason.to_lowercase())
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn text_test(node: &Node, text: &str, place: Place, modifiers: &Modifiers) -> Tested {
    let symbols = match &node.value {
        Value::Text(_) => text::read(text),
        _ => text::literal(text),
    };
    let (variants, place) = transform(symbols, place, &modifiers.transforms)?;
    let pattern = |symbols: &Vec<Symbol>| Pattern::new(symbols, place, modifiers.cased);
    Ok(Test::Text(variants.iter().map(pattern).collect()))
}

/// The texts to look for, any of which will do, and where.
type Transformed = (Vec<Vec<Symbol>>, Place);

/// A value on its way through the encodings.
enum Content {
    Symbols(Vec<Symbol>),
    Bytes(Vec<u8>),
}

fn transform(symbols: Vec<Symbol>, place: Place, transforms: &[Transform]) -> Result<Transformed, Refused> {
    let mut content = Content::Symbols(symbols);
    for (index, transform) in transforms.iter().enumerate() {
        content = match (transform, content) {
            (Transform::Windash, Content::Symbols(symbols)) => Content::Symbols(text::any_dash(symbols)),
            (Transform::Windash, Content::Bytes(_)) => {
                return refuse("`windash` follows an encoding", "put it before, or take it out");
            }
            (Transform::Utf16Le, content) => Content::Bytes(encode::utf16_le(&without_wildcards(content)?)),
            (Transform::Utf16Be, content) => Content::Bytes(encode::utf16_be(&without_wildcards(content)?)),
            (Transform::Utf16, content) => {
                Content::Bytes(encode::utf16_with_mark(&without_wildcards(content)?))
            }
            (Transform::Base64, content) => {
                Content::Symbols(text::literal(&encode::base64(&bytes(content)?)))
            }
            (Transform::Base64Offset, content) => {
                if index + 1 < transforms.len() {
                    return refuse("`base64offset` is not the last encoding", "put it last");
                }
                let parts = encode::base64_at_any_offset(&bytes(content)?);
                if parts.len() < 3 {
                    return refuse("the value is too short to be seen in Base64", "give a longer one");
                }
                return Ok((parts.iter().map(|part| text::literal(part)).collect(), Place::Anywhere));
            }
        };
    }
    match content {
        Content::Symbols(symbols) => Ok((vec![symbols], place)),
        Content::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok((vec![text::literal(&text)], place)),
            Err(_) => refuse("the value in UTF-16 is not a text", "let `base64` or `base64offset` follow"),
        },
    }
}

fn without_wildcards(content: Content) -> Result<String, Refused> {
    match content {
        Content::Symbols(symbols) => match text::plain(&symbols) {
            Some(text) => Ok(text),
            None => refuse(
                "a value with wildcards, or `windash`, cannot be encoded",
                r"write `\*` and `\?` for the characters themselves",
            ),
        },
        Content::Bytes(_) => refuse("the value is encoded in UTF-16 twice", "keep one of the encodings"),
    }
}

fn bytes(content: Content) -> Result<Vec<u8>, Refused> {
    match content {
        Content::Bytes(bytes) => Ok(bytes),
        symbols => without_wildcards(symbols).map(String::into_bytes),
    }
}
