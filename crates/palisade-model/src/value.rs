//! Values as the sources gave them, unknown parts included, each with its origin.

use crate::Origin;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written or read.
    pub origin: Origin,
}

/// A value of a document. Any part of it may be [`Unknown`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Written, and empty.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, kept as it was written where that is possible.
    Number(serde_json::Number),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(List),
    /// Names and their values, in the order of the source.
    Map(Map),
    /// Something stands here; what it is could not be read.
    Unknown(Unknown),
}

/// A list, and what else may be in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct List {
    /// What is certainly in it.
    pub items: Vec<Node>,
    /// Set when there may be more items than these, with the reason.
    pub more: Option<Unknown>,
}

/// A map, and what else may be in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Map {
    /// What is certainly in it.
    pub entries: IndexMap<Arc<str>, Node>,
    /// Set when there may be more entries than these, with the reason.
    pub more: Option<Unknown>,
}

/// A value that could not be read: why, and what is known of it all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Why it could not be read.
    pub why: Why,
    /// What is known of it all the same.
    #[serde(default)]
    pub hint: Hint,
}

/// Why a value is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A variable or parameter that was given no value. The name as the source writes it: `var.size`.
    NoValue(Arc<str>),
    /// It exists only once something else was created: `aws_kms_key.k.arn`.
    AfterApply(Arc<str>),
    /// An expression this version can't evaluate, as it is written.
    NotEvaluated(Arc<str>),
    /// The API refused; the call, as in `ec2:DescribeVolumes`.
    Denied(Arc<str>),
    /// Something outside of this source decides, as the account's default encryption does for a volume.
    DecidedElsewhere(Arc<str>),
    /// The place could not be read: the message says what is wrong with it.
    Unreadable(Arc<str>),
    /// The source lists some of what exists, and this may be among the rest.
    NotListed(Arc<str>),
    /// Resources whose owner isn't known may belong to this one.
    MayBelong(Arc<str>),
    /// Only parts of the thing are declared in the source: what the rest of it is like is said elsewhere.
    NotDeclared(Arc<str>),
}

/// What is known of an unknown value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hint {
    /// Certainly set, and not null.
    pub is_present: bool,
    /// Its shape, when that is certain.
    pub shape: Option<Shape>,
    /// What it refers to, when it is a reference.
    pub refers_to: Vec<Reference>,
    /// How the text begins, where a literal beginning is followed by something unknown.
    #[serde(default)]
    pub starts_with: Option<Arc<str>>,
    /// How the text ends, where a literal end follows something unknown.
    #[serde(default)]
    pub ends_with: Option<Arc<str>>,
}

/// The shape of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

/// A mention of another resource: its address in the same root, and the attribute that is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The address, as in `module.keys.aws_kms_key.k`, or a template's logical id.
    pub address: Arc<str>,
    /// The attribute, as in `arn`.
    pub attribute: Option<Arc<str>>,
}

impl Node {
    /// A value at a place.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }
    /// An unknown value at a place, of which nothing is known.
    pub fn unknown(why: Why, origin: Origin) -> Self {
        Self { value: Value::Unknown(why.into()), origin }
    }
    /// The entry of this name, when this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(map) => map.entries.get(name),
            _ => None,
        }
    }
    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
    /// Does any part of it count as unknown?
    pub fn has_unknown(&self) -> bool {
        match &self.value {
            Value::Unknown(_) => true,
            Value::List(list) => list.more.is_some() || list.items.iter().any(Node::has_unknown),
            Value::Map(map) => map.more.is_some() || map.entries.values().any(Node::has_unknown),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
        }
    }
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }
    /// A list of which nothing is missing.
    pub fn list(items: Vec<Node>) -> Self {
        Self::List(List { items, more: None })
    }
    /// A map of which nothing is missing.
    pub fn map(entries: impl IntoIterator<Item = (Arc<str>, Node)>) -> Self {
        Self::Map(Map { entries: entries.into_iter().collect(), more: None })
    }
    /// The shape, unless it is null or unknown without a shape.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::Null => None,
            Self::Bool(_) => Some(Shape::Bool),
            Self::Number(_) => Some(Shape::Number),
            Self::Text(_) => Some(Shape::Text),
            Self::List(_) => Some(Shape::List),
            Self::Map(_) => Some(Shape::Map),
            Self::Unknown(unknown) => unknown.hint.shape,
        }
    }
    /// The plain JSON of it; unknown parts become null, so this is for showing, never for deciding.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null | Self::Unknown(_) => Json::Null,
            Self::Bool(bool) => Json::Bool(*bool),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(list) => list.items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(map) => Json::Object(
                map.entries.iter().map(|(name, node)| (name.to_string(), node.value.to_json())).collect(),
            ),
        }
    }
}

impl Unknown {
    /// A value that is certainly set: what it refers to is known, its value comes later.
    pub fn reference(why: Why, shape: Option<Shape>, refers_to: Vec<Reference>) -> Self {
        Self { why, hint: Hint { is_present: true, shape, refers_to, ..Hint::default() } }
    }
}

impl From<Why> for Unknown {
    fn from(why: Why) -> Self {
        Self { why, hint: Hint::default() }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(name) => write!(f, "`{name}` has no value"),
            Self::AfterApply(what) => write!(f, "`{what}` is known only after apply"),
            Self::NotEvaluated(what) => write!(f, "`{what}` is not evaluated"),
            Self::Denied(call) => write!(f, "`{call}` was denied"),
            Self::DecidedElsewhere(what) => write!(f, "{what} decides"),
            Self::Unreadable(what) => write!(f, "it could not be read: {what}"),
            Self::NotListed(what) => write!(f, "{what} lists only some of what exists"),
            Self::MayBelong(what) => write!(f, "`{what}` may belong here"),
            Self::NotDeclared(what) => write!(f, "{what} itself is not declared here"),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        self.attribute.iter().try_for_each(|attribute| write!(f, ".{attribute}"))
    }
}
