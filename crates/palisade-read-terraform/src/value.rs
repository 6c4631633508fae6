//! Values while they are evaluated: shared, bounded in size, and still knowing that a text is encoded JSON.

use crate::types::Type;
use indexmap::IndexMap;
use palisade_model::{Hint, List, Map, Node, Origin, Shape, Unknown, Why};
use serde_json::Number;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization as _;

/// No value has more parts than this. Larger ones (lists that double a hundred times) become unknown.
const LARGEST: usize = 200_000;
/// No value is nested deeper than this.
const DEEPEST: usize = 150;
/// No text is longer than this many bytes.
const LONGEST: usize = 4 << 20;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub kind: Kind,
    pub origin: Origin,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    List(Arc<Items>),
    Map(Arc<Entries>),
    /// A text that is the JSON of a list or map. It stays structured, so that the parts that are known
    /// keep their places and the unknown ones don't hide them.
    Encoded(Arc<Encoded>),
    Unknown(Arc<Unknown>),
}

/// A list, a tuple or a set.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub items: Vec<Value>,
    /// Set when there may be more items than these; then their order says nothing either.
    pub more: Option<Arc<Unknown>>,
    pub sequence: Sequence,
    measure: Measure,
}

/// What sort of list it is.
#[derive(Debug, Clone, Default)]
pub(crate) enum Sequence {
    /// As it is written: each item has a type of its own.
    #[default]
    Tuple,
    /// All items are of this type.
    List(Arc<Type>),
    /// Each item once, in the order of sets, all of this type.
    Set(Arc<Type>),
}

impl Items {
    /// Is it a set?
    pub fn is_set(&self) -> bool {
        matches!(self.sequence, Sequence::Set(_))
    }
}

/// A map or an object.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub entries: IndexMap<Arc<str>, Value>,
    /// Set when there may be more entries than these.
    pub more: Option<Arc<Unknown>>,
    /// The type of all entries of a map; none for an object, whose entries have a type each.
    pub of: Option<Arc<Type>>,
    measure: Measure,
}

/// A list or map that stands for its JSON text.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub value: Value,
    /// Written over several lines, as policy documents are.
    pub indented: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    size: usize,
    depth: usize,
    has_unknown: bool,
}

impl Measure {
    fn of<'a>(parts: impl Iterator<Item = &'a Value>, more: bool) -> Self {
        let start = Self { size: 1, depth: 0, has_unknown: more };
        let inside = parts.map(Value::measure).fold(start, |sum, part| Self {
            size: sum.size.saturating_add(part.size),
            depth: sum.depth.max(part.depth),
            has_unknown: sum.has_unknown || part.has_unknown,
        });
        Self { depth: inside.depth + 1, ..inside }
    }
    fn is_too_large(self) -> bool {
        self.size > LARGEST || self.depth > DEEPEST
    }
}

impl Value {
    pub fn new(kind: Kind, origin: &Origin) -> Self {
        Self { kind, origin: origin.clone() }
    }
    pub fn null(origin: &Origin) -> Self {
        Self::new(Kind::Null, origin)
    }
    pub fn bool(bool: bool, origin: &Origin) -> Self {
        Self::new(Kind::Bool(bool), origin)
    }
    pub fn number(number: impl Into<Number>, origin: &Origin) -> Self {
        Self::new(Kind::Number(number.into()), origin)
    }
    pub fn text(text: impl Into<Arc<str>>, origin: &Origin) -> Self {
        let text = composed(text.into());
        if text.len() > LONGEST {
            return Self::too_large(origin, Shape::Text);
        }
        Self::new(Kind::Text(text), origin)
    }
    pub fn unknown(unknown: Unknown, origin: &Origin) -> Self {
        Self::new(Kind::Unknown(Arc::new(unknown)), origin)
    }
    /// Nothing but the reason is known of it.
    pub fn unknown_because(why: Why, origin: &Origin) -> Self {
        Self::unknown(why.into(), origin)
    }
    /// Certainly set, and of this shape; the value is unknown for the reason `cause` gives.
    pub fn unknown_like(cause: &Unknown, shape: Option<Shape>, origin: &Origin) -> Self {
        Self::unknown(Unknown::reference(cause.why.clone(), shape, Vec::new()), origin)
    }
    fn too_large(origin: &Origin, shape: Shape) -> Self {
        let why = Why::NotEvaluated("a very large value".into());
        Self::unknown(Unknown::reference(why, Some(shape), Vec::new()), origin)
    }
    pub fn list(items: Vec<Value>, origin: &Origin) -> Self {
        Self::list_of(items, None, Sequence::Tuple, origin)
    }
    pub fn list_of(
        items: Vec<Value>,
        more: Option<Arc<Unknown>>,
        sequence: Sequence,
        origin: &Origin,
    ) -> Self {
        let measure = Measure::of(items.iter(), more.is_some());
        if measure.is_too_large() {
            return Self::too_large(origin, Shape::List);
        }
        let items = Items { items, more, sequence, measure };
        Self::new(Kind::List(Arc::new(items)), origin)
    }
    pub fn map(entries: IndexMap<Arc<str>, Value>, origin: &Origin) -> Self {
        Self::map_of(entries, None, origin)
    }
    pub fn map_of(entries: IndexMap<Arc<str>, Value>, more: Option<Arc<Unknown>>, origin: &Origin) -> Self {
        Self::entries_of(entries, more, None, origin)
    }
    /// A map whose entries are of one type; an object without that.
    pub fn entries_of(
        entries: IndexMap<Arc<str>, Value>,
        more: Option<Arc<Unknown>>,
        of: Option<Arc<Type>>,
        origin: &Origin,
    ) -> Self {
        let measure = Measure::of(entries.values(), more.is_some());
        if measure.is_too_large() {
            return Self::too_large(origin, Shape::Map);
        }
        let entries = Entries { entries, more, of, measure };
        Self::new(Kind::Map(Arc::new(entries)), origin)
    }
    /// The JSON of a value: text where that is all there is to it, and structure where it has some.
    pub fn encoded(value: Value, indented: bool, origin: &Origin) -> Self {
        match value.kind {
            Kind::List(_) | Kind::Map(_) => {
                Self::new(Kind::Encoded(Arc::new(Encoded { value, indented })), origin)
            }
            Kind::Unknown(unknown) => Self::unknown_like(&unknown, Some(Shape::Text), origin),
            _ => Self::text(crate::json::encode(&value, false), origin),
        }
    }

    fn measure(&self) -> Measure {
        match &self.kind {
            Kind::List(list) => list.measure,
            Kind::Map(map) => map.measure,
            Kind::Encoded(encoded) => encoded.value.measure(),
            Kind::Unknown(_) => Measure { size: 1, depth: 0, has_unknown: true },
            Kind::Text(text) => Measure { size: 1 + text.len() / 256, ..Measure::default() },
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => Measure { size: 1, ..Measure::default() },
        }
    }

    /// How many parts it has, long texts counting as several.
    pub fn size(&self) -> usize {
        self.measure().size
    }
    /// Is any part of it unknown?
    pub fn has_unknown(&self) -> bool {
        self.measure().has_unknown
    }
    /// The first unknown part: the reason why what is computed from it is unknown.
    pub fn first_unknown(&self) -> Option<&Arc<Unknown>> {
        if !self.has_unknown() {
            return None;
        }
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown),
            Kind::List(list) => list.items.iter().find_map(Value::first_unknown).or(list.more.as_ref()),
            Kind::Map(map) => map.entries.values().find_map(Value::first_unknown).or(map.more.as_ref()),
            Kind::Encoded(encoded) => encoded.value.first_unknown(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => None,
        }
    }
    /// Why the order of a set's items, and how many there are, is not certain: an unknown one may be the same as
    /// another, and stand anywhere.
    pub fn open_order(&self) -> Option<&Arc<Unknown>> {
        match &self.kind {
            Kind::List(list) if list.is_set() && list.items.len() > 1 => self.first_unknown(),
            _ => None,
        }
    }
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }
    /// Certainly set, and not null.
    pub fn is_present(&self) -> bool {
        match &self.kind {
            Kind::Null => false,
            Kind::Unknown(unknown) => unknown.hint.is_present,
            _ => true,
        }
    }
    /// Its shape, when that is certain.
    pub fn shape(&self) -> Option<Shape> {
        match &self.kind {
            Kind::Null => None,
            Kind::Bool(_) => Some(Shape::Bool),
            Kind::Number(_) => Some(Shape::Number),
            Kind::Text(_) | Kind::Encoded(_) => Some(Shape::Text),
            Kind::List(_) => Some(Shape::List),
            Kind::Map(_) => Some(Shape::Map),
            Kind::Unknown(unknown) => unknown.hint.shape,
        }
    }
    /// The same value at another place.
    pub fn at(mut self, origin: &Origin) -> Self {
        self.origin = origin.clone();
        self
    }
    /// As a node of the model. Encoded JSON stays structured there: decoders take either form.
    pub fn into_node(self) -> Node {
        let value = match self.kind {
            Kind::Null => palisade_model::Value::Null,
            Kind::Bool(bool) => palisade_model::Value::Bool(bool),
            Kind::Number(number) => palisade_model::Value::Number(number),
            Kind::Text(text) => palisade_model::Value::Text(text),
            Kind::List(list) => palisade_model::Value::List(List {
                items: list.items.iter().cloned().map(Value::into_node).collect(),
                more: list.more.as_deref().cloned(),
            }),
            Kind::Map(map) => palisade_model::Value::Map(Map {
                entries: map
                    .entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone().into_node()))
                    .collect(),
                more: map.more.as_deref().cloned(),
            }),
            Kind::Encoded(encoded) => {
                return Node { origin: self.origin, ..encoded.value.clone().into_node() };
            }
            Kind::Unknown(unknown) => palisade_model::Value::Unknown(unknown.as_ref().clone()),
        };
        Node::new(value, self.origin)
    }
}

/// A text in the form that Terraform keeps texts in: letters composed with their accents.
fn composed(text: Arc<str>) -> Arc<str> {
    if text.is_ascii() || unicode_normalization::is_nfc(&text) {
        return text;
    }
    text.nfc().collect::<String>().into()
}

/// Unknown for one reason, with what is known of it all the same.
pub(crate) fn unknown(why: Why, is_present: bool, shape: Option<Shape>) -> Unknown {
    Unknown { why, hint: Hint { is_present, shape, ..Hint::default() } }
}

/// Are two known values the same? None when an unknown part leaves it open.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => open_or_different(left, right),
        (Kind::Null, Kind::Null) => Some(true),
        (Kind::Bool(left), Kind::Bool(right)) => Some(left == right),
        (Kind::Number(left), Kind::Number(right)) => Some(same_number(left, right)),
        (Kind::Text(left), Kind::Text(right)) => Some(left == right),
        (Kind::List(left), Kind::List(right)) => equal_lists(left, right),
        (Kind::Map(left), Kind::Map(right)) => equal_maps(left, right),
        (Kind::Encoded(_), Kind::Encoded(_) | Kind::Text(_)) | (Kind::Text(_), Kind::Encoded(_)) => {
            let text = |value: &Value| crate::convert::text_of(value);
            Some(text(left)? == text(right)?)
        }
        _ => Some(false),
    }
}

/// With an unknown side, only null against something present is decided.
fn open_or_different(left: &Value, right: &Value) -> Option<bool> {
    let differ = (left.is_null() && right.is_present()) || (right.is_null() && left.is_present());
    differ.then_some(false)
}

fn equal_lists(left: &Items, right: &Items) -> Option<bool> {
    let is_same = match (&left.sequence, &right.sequence) {
        (Sequence::Tuple, Sequence::Tuple) => true,
        (Sequence::List(left), Sequence::List(right)) | (Sequence::Set(left), Sequence::Set(right)) => {
            left.may_be(right)
        }
        _ => false,
    };
    if !is_same {
        return Some(false);
    }
    if left.more.is_some() || right.more.is_some() {
        return None;
    }
    if left.is_set() && (left.measure.has_unknown || right.measure.has_unknown) {
        return None;
    }
    if left.items.len() != right.items.len() {
        return Some(false);
    }
    all_equal(left.items.iter().zip(&right.items))
}

fn equal_maps(left: &Entries, right: &Entries) -> Option<bool> {
    let is_same = match (&left.of, &right.of) {
        (None, None) => true,
        (Some(left), Some(right)) => left.may_be(right),
        _ => false,
    };
    if !is_same {
        return Some(false);
    }
    if left.more.is_some() || right.more.is_some() {
        return None;
    }
    if left.entries.len() != right.entries.len()
        || left.entries.keys().any(|name| !right.entries.contains_key(name))
    {
        return Some(false);
    }
    all_equal(left.entries.iter().filter_map(|(name, value)| Some((value, right.entries.get(name)?))))
}

fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut open = false;
    for (left, right) in pairs {
        match equal(left, right) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => open = true,
        }
    }
    (!open).then_some(true)
}

fn same_number(left: &Number, right: &Number) -> bool {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

/// A number as Terraform would hold it: whole where it is whole.
pub(crate) fn number(float: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if float.fract() == 0.0 && float.abs() <= EXACT {
        return Some((float as i64).into());
    }
    Number::from_f64(float)
}
