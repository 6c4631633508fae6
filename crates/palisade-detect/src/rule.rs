//! A compiled rule, and what it means for an event to match it.

use crate::field;
use crate::number::{self, Comparison, Number};
use crate::text::{Pattern, Place, same_but_for_case};
use crate::time::Part;
use ipnet::IpNet;
use palisade_model::Span;
use regex::Regex;
use serde_json::Value;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// A Sigma rule over single events, ready to be asked.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) selections: Vec<Selection>,
    pub(crate) condition: Condition,
}

/// A named part of a rule. An event is in it when one of its branches matches.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) name: Arc<str>,
    pub(crate) branches: Vec<Branch>,
}

/// One map of a selection, or its keywords. It matches when all its items do.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) items: Vec<Item>,
}

/// What is asked of one field, or of every value of the event.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The field and its modifiers as they are written, for saying which item is meant.
    pub(crate) written: Arc<str>,
    /// The field; none for keywords.
    pub(crate) field: Option<Arc<str>>,
    pub(crate) values: Vec<Wanted>,
    /// Every value must match, not just one.
    pub(crate) all: bool,
    /// The field is there and no value matches.
    pub(crate) not_equal: bool,
}

/// One value of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The value as it is written, and where.
    pub(crate) written: Arc<str>,
    pub(crate) span: Option<Span>,
    pub(crate) test: Test,
}

/// What a value of the event must be.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// A text that matches one of these.
    Text(Vec<Pattern>),
    /// A text in which this is found.
    Regex(Regex),
    /// An address in this network.
    Network(IpNet),
    /// A number that stands to this one so.
    Number(Comparison, Number),
    /// A time of which this part stands to the number so.
    Time(Part, Comparison, Number),
    /// This truth value.
    Bool(bool),
    /// Null, or no such field.
    Null,
    /// A field that is there, or isn't.
    Exists(bool),
    /// What the other field has.
    Field { other: Arc<str>, place: Place, cased: bool },
}

/// How the selections go together. Selections are given by their index.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Selection(usize),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    /// At least so many of these.
    AtLeast(usize, Vec<Condition>),
}

impl Rule {
    /// Does the event match the rule?
    pub fn matches(&self, event: &Value) -> bool {
        self.condition.holds(&|selection| self.selections[selection].matches(event))
    }

    /// The names of the selections that the event is in, whatever the condition makes of them: why a rule
    /// matched, or did not.
    pub fn selections_of<'a>(&'a self, event: &Value) -> Vec<&'a str> {
        let matching = self.selections.iter().filter(|selection| selection.matches(event));
        matching.map(|selection| selection.name.as_ref()).collect()
    }

    /// The names of the rule's selections, in the order of the page.
    pub fn selections(&self) -> impl Iterator<Item = &str> {
        self.selections.iter().map(|selection| selection.name.as_ref())
    }

    /// The fields that the rule reads, each once, in the order of the page.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        for item in self.selections.iter().flat_map(Selection::items) {
            let others = item.values.iter().filter_map(|value| match &value.test {
                Test::Field { other, .. } => Some(other.as_ref()),
                _ => None,
            });
            for field in item.field.as_deref().into_iter().chain(others) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }

    /// Does the rule look for keywords, which may stand in any field?
    pub fn reads_every_field(&self) -> bool {
        self.selections.iter().flat_map(Selection::items).any(|item| item.field.is_none())
    }
}

impl Condition {
    fn holds(&self, is_in: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Selection(selection) => is_in(*selection),
            Self::Not(inner) => !inner.holds(is_in),
            Self::And(all) => all.iter().all(|one| one.holds(is_in)),
            Self::Or(any) => any.iter().any(|one| one.holds(is_in)),
            Self::AtLeast(least, of) => {
                of.iter().filter(|one| one.holds(is_in)).take(*least).count() == *least
            }
        }
    }
}

impl Selection {
    fn matches(&self, event: &Value) -> bool {
        self.branches.iter().any(|branch| branch.items.iter().all(|item| item.matches(event)))
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.branches.iter().flat_map(|branch| &branch.items)
    }
}

impl Item {
    fn matches(&self, event: &Value) -> bool {
        let one = |wanted: &Wanted| match &self.field {
            Some(field) => wanted.test.holds_of_field(event, field),
            None => field::anywhere(event, |value| wanted.test.holds(value, event)),
        };
        let matches = match self.all {
            true => self.values.iter().all(one),
            false => self.values.iter().any(one),
        };
        match (&self.field, self.not_equal) {
            (Some(field), true) => !matches && field::is_present(event, field),
            _ => matches,
        }
    }
}

impl Test {
    fn holds_of_field(&self, event: &Value, field: &str) -> bool {
        let found =
            || field::any(event, field, |value| field::any_element(value, |one| self.holds(one, event)));
        match self {
            Self::Exists(expected) => field::is_present(event, field) == *expected,
            Self::Null => found() || !field::is_present(event, field),
            _ => found(),
        }
    }

    /// Does it hold of a single value?
    fn holds(&self, value: &Value, event: &Value) -> bool {
        match self {
            Self::Text(patterns) => match value {
                Value::Object(_) => {
                    let mut inside =
                        patterns.iter().filter(|pattern| pattern.may_stand_anywhere()).peekable();
                    inside.peek().is_some()
                        && json_of(value).is_some_and(|text| inside.any(|pattern| pattern.matches(&text)))
                }
                _ => text_of(value).is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(&text))),
            },
            Self::Regex(regex) => match value {
                Value::Object(_) => json_of(value).is_some_and(|text| regex.is_match(&text)),
                _ => text_of(value).is_some_and(|text| regex.is_match(&text)),
            },
            Self::Network(network) => value.as_str().is_some_and(|text| lies_in(network, text)),
            Self::Number(comparison, number) => {
                Number::in_value(value).is_some_and(|found| found.is(*comparison, *number))
            }
            Self::Time(part, comparison, number) => {
                part.of(value).is_some_and(|found| Number::Whole(found.into()).is(*comparison, *number))
            }
            Self::Bool(expected) => match value {
                Value::Bool(found) => found == expected,
                Value::String(text) => text.eq_ignore_ascii_case(if *expected { "true" } else { "false" }),
                _ => false,
            },
            Self::Null => value.is_null(),
            Self::Exists(expected) => *expected,
            Self::Field { other, place, cased } => field::any(event, other, |value_of_other| {
                field::any_element(value_of_other, |other| stands_in(value, other, *place, *cased))
            }),
        }
    }
}

/// A single value as text.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number::text(number))),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The JSON of a map, for rules that look into all of `requestParameters`; none when it is too deep to write.
fn json_of(map: &Value) -> Option<String> {
    (!is_deep(map)).then(|| map.to_string())
}

/// Is it nested deeper than a JSON reader lets through? Writing it would then take too much stack.
fn is_deep(value: &Value) -> bool {
    const DEEPEST: usize = 128;
    let mut later = vec![(value, 1)];
    while let Some((value, depth)) = later.pop() {
        if depth > DEEPEST {
            return true;
        }
        match value {
            Value::Array(items) => later.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(entries) => later.extend(entries.values().map(|entry| (entry, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

fn lies_in(network: &IpNet, text: &str) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|address| network.contains(&address) || network.contains(&address.to_canonical()))
}

fn stands_in(value: &Value, other: &Value, place: Place, cased: bool) -> bool {
    if let (Place::Whole, Value::Number(a), Value::Number(b)) = (place, value, other) {
        return matches!((Number::of(a), Number::of(b)), (Some(a), Some(b)) if a.is(Comparison::Equal, b));
    }
    match (text_of(value), text_of(other)) {
        (Some(value), Some(other)) if place == Place::Whole && !cased => same_but_for_case(&value, &other),
        (Some(value), Some(other)) => {
            Pattern::new(&crate::text::literal(&other), place, cased).matches(&value)
        }
        _ => place == Place::Whole && value.is_null() && other.is_null(),
    }
}
