//! One rule, compiled by both engines.

use crate::generate::whole;
use palisade_detect::{CommunityRule, parse_community_rule};
use palisade_document::{Text, read_yaml, refuse_tags};
use palisade_model::{Node, Value as Shape};
use rsigma_eval::{Engine, event::JsonEvent};
use rsigma_parser::parse_sigma_yaml;
use serde_json::{Value, json};
use std::fmt;

/// A rule as both engines take it.
pub struct Case<'a> {
    pub rule: &'a str,
    pub ours: Result<CommunityRule, String>,
    pub theirs: Theirs,
}

/// One field of a rule and what it asks, or some keywords.
pub struct Item {
    pub field: String,
    pub modifiers: Vec<String>,
    pub values: Vec<Value>,
    rule: String,
}

impl Item {
    fn new(key: &str, value: Value) -> Self {
        let mut parts = key.split('|').map(str::to_owned);
        let selection = match key {
            "" => value.clone(),
            key => json!({ key: value.clone() }),
        };
        Self {
            field: parts.next().unwrap_or_default(),
            modifiers: parts.collect(),
            rule: whole(&format!("s: {selection}\ncondition: s\n")),
            values: match value {
                Value::Array(values) => values,
                single => vec![single],
            },
        }
    }

    /// Does it have this modifier?
    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.iter().any(|one| one == modifier)
    }

    /// What both engines say when it is all that is asked.
    pub fn ask(&self, event: &Value) -> Option<(bool, bool)> {
        let case = Case::new(&self.rule);
        case.refusal().is_none().then(|| case.ask(event))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

/// The items of a rule's selections.
pub fn items(rule: &str) -> Vec<Item> {
    let file = "rule.yml".into();
    let read = read_yaml(Text::whole(&file, rule), &refuse_tags);
    let Some(Node { value: Shape::Map(detection), .. }) =
        read.documents.first().and_then(|rule| rule.get("detection"))
    else {
        return Vec::new();
    };
    let selections = detection.entries.iter().filter(|(name, _)| name.as_ref() != "condition");
    selections.flat_map(|(_, selection)| of_selection(selection)).collect()
}

fn of_selection(selection: &Node) -> Vec<Item> {
    match &selection.value {
        Shape::Map(map) => map.entries.iter().map(|(key, value)| Item::new(key, plain(value))).collect(),
        Shape::List(list) => {
            let (maps, keywords): (Vec<&Node>, Vec<&Node>) =
                list.items.iter().partition(|item| matches!(item.value, Shape::Map(_)));
            let keywords = (!keywords.is_empty())
                .then(|| Item::new("", Value::Array(keywords.into_iter().map(plain).collect())));
            maps.into_iter().flat_map(of_selection).chain(keywords).collect()
        }
        _ => vec![Item::new("", plain(selection))],
    }
}

fn plain(node: &Node) -> Value {
    match &node.value {
        Shape::Null | Shape::Map(_) | Shape::Unknown(_) => Value::Null,
        Shape::Bool(bool) => json!(bool),
        Shape::Number(number) => Value::Number(number.clone()),
        Shape::Text(text) => json!(text.as_ref()),
        Shape::List(list) => list.items.iter().map(plain).collect(),
    }
}

/// What the other engine makes of it.
pub enum Theirs {
    Takes(Box<Engine>),
    Refuses(String),
}

/// Where the two differ.
pub enum Difference {
    WeRefuse(String),
    TheyRefuse(String),
    Hit { event: Value, ours: bool },
}

impl<'a> Case<'a> {
    pub fn new(rule: &'a str) -> Self {
        Self { rule, ours: ours(rule), theirs: theirs(rule) }
    }

    /// Does just one of them refuse it?
    pub fn refusal(&self) -> Option<Difference> {
        match (&self.ours, &self.theirs) {
            (Ok(_), Theirs::Takes(_)) | (Err(_), Theirs::Refuses(_)) => None,
            (Err(reason), Theirs::Takes(_)) => Some(Difference::WeRefuse(reason.clone())),
            (Ok(_), Theirs::Refuses(reason)) => Some(Difference::TheyRefuse(reason.clone())),
        }
    }

    /// What both say of an event.
    pub fn ask(&self, event: &Value) -> (bool, bool) {
        let ours = self.ours.as_ref().is_ok_and(|community| community.rule.matches(event));
        let theirs = match &self.theirs {
            Theirs::Takes(engine) => !engine.evaluate(&JsonEvent::borrow(event)).is_empty(),
            Theirs::Refuses(_) => false,
        };
        (ours, theirs)
    }
}

fn ours(rule: &str) -> Result<CommunityRule, String> {
    let file = "rule.yml".into();
    let read = read_yaml(Text::whole(&file, rule), &refuse_tags);
    let mut said: Vec<String> = read.diagnostics.iter().map(ToString::to_string).collect();
    let document = read.documents.first().ok_or_else(|| "no document".to_owned())?;
    let (community, diagnostics) = parse_community_rule(document);
    said.extend(diagnostics.iter().map(ToString::to_string));
    community.ok_or_else(|| said.join("; "))
}

fn theirs(rule: &str) -> Theirs {
    let collection = match parse_sigma_yaml(rule) {
        Err(error) => return Theirs::Refuses(error.to_string()),
        Ok(collection) if !collection.errors.is_empty() || collection.rules.len() != 1 => {
            return Theirs::Refuses(format!("{:?}", collection.errors));
        }
        Ok(collection) => collection,
    };
    let mut engine = Engine::new();
    match engine.add_collection(&collection) {
        Ok(()) => Theirs::Takes(Box::new(engine)),
        Err(error) => Theirs::Refuses(error.to_string()),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WeRefuse(reason) => write!(f, "we refuse: {reason}"),
            Self::TheyRefuse(reason) => write!(f, "they refuse: {reason}"),
            Self::Hit { event, ours: true } => write!(f, "only ours matches {event}"),
            Self::Hit { event, ours: false } => write!(f, "only theirs matches {event}"),
        }
    }
}
