//! Renders `aws_iam_policy_document` as the provider does, keeping every part's place.
//!
//! Source: the AWS provider's documentation of the data source.

use crate::convert::text_of;
use crate::evaluate::Environment;
use crate::syntax::Body;
use crate::value::{Entries, Items, Kind, Sequence, Value};
use indexmap::IndexMap;
use palisade_model::{Origin, Shape, Unknown, Why};
use std::sync::Arc;

type Map = IndexMap<Arc<str>, Value>;

/// The document as encoded JSON.
pub(crate) fn render(
    environment: &mut Environment<'_>,
    body: &Body,
    origin: &Origin,
    indented: bool,
) -> Value {
    let arguments = environment.body(body, origin);
    let Kind::Map(map) = &arguments.kind else {
        return arguments;
    };
    let get = |name: &str| map.entries.get(name).filter(|value| !value.is_null());
    let mut statements = Statements::default();
    let mut id = None;
    for source in documents(get("source_policy_documents")).chain(get("source_json").map(Source::of)) {
        statements.merge(source, &mut id, Statements::append);
    }
    statements.append_all(get("statement").map(statements_of));
    for source in documents(get("override_policy_documents")).chain(get("override_json").map(Source::of)) {
        statements.may_lose(source.open());
        statements.merge(source, &mut id, Statements::replace);
    }
    let mut document = Map::new();
    let version = get("version").cloned();
    document.insert("Version".into(), version.unwrap_or_else(|| Value::text("2012-10-17", origin)));
    if let Some(id) = get("policy_id").cloned().or(id) {
        document.insert("Id".into(), id);
    }
    let statements = Value::list_of(statements.items, statements.more, Sequence::Tuple, origin);
    document.insert("Statement".into(), statements);
    Value::encoded(Value::map(document, origin), indented, origin)
}

/// A document that is merged into this one.
enum Source {
    Document(Value),
    Open(Arc<Unknown>),
}

impl Source {
    fn of(value: &Value) -> Self {
        let decoded = match &value.kind {
            Kind::Encoded(encoded) => Some(encoded.value.clone()),
            Kind::Text(text) if text.trim().is_empty() => Some(Value::map(Map::new(), &value.origin)),
            Kind::Text(text) => crate::json::decode(text, &value.origin),
            Kind::Null => Some(Value::map(Map::new(), &value.origin)),
            _ => None,
        };
        match (decoded, value.first_unknown()) {
            (Some(document), _) => Self::Document(document),
            (None, Some(unknown)) => Self::Open(unknown.clone()),
            (None, None) => {
                Self::Open(Arc::new(Why::Unreadable("a source policy that is not JSON".into()).into()))
            }
        }
    }

    /// Why it isn't known which statements it has, or which `Sid` one of them has.
    fn open(&self) -> Option<Arc<Unknown>> {
        let document = match self {
            Self::Document(document) => document,
            Self::Open(unknown) => return Some(unknown.clone()),
        };
        match &document.kind {
            Kind::Map(map) => open(map.entries.get("Statement")?),
            _ => document.first_unknown().cloned(),
        }
    }
}

fn open(statements: &Value) -> Option<Arc<Unknown>> {
    match &statements.kind {
        Kind::List(list) => list.more.clone().or_else(|| list.items.iter().find_map(open)),
        Kind::Map(map) => map.entries.get("Sid")?.first_unknown().cloned(),
        Kind::Unknown(unknown) => Some(unknown.clone()),
        _ => None,
    }
}

fn documents(list: Option<&Value>) -> impl Iterator<Item = Source> {
    let sources: Vec<Source> = match list.map(|list| &list.kind) {
        Some(Kind::List(items)) => {
            items.items.iter().map(Source::of).chain(items.more.clone().map(Source::Open)).collect()
        }
        Some(Kind::Unknown(unknown)) => vec![Source::Open(unknown.clone())],
        _ => Vec::new(),
    };
    sources.into_iter()
}

/// The statements so far.
#[derive(Default)]
struct Statements {
    items: Vec<Value>,
    more: Option<Arc<Unknown>>,
}

impl Statements {
    fn append(&mut self, statement: Value) {
        self.items.push(statement);
    }

    /// A statement with a `Sid` takes the place of the one that has it.
    fn replace(&mut self, statement: Value) {
        let sid = sid_of(&statement);
        let same = self.items.iter().position(|item| sid.is_some() && sid_of(item) == sid);
        match same {
            Some(at) => self.items[at] = statement,
            None => self.items.push(statement),
        }
    }

    /// What has a `Sid` may be replaced by a statement that isn't known.
    fn may_lose(&mut self, open: Option<Arc<Unknown>>) {
        let Some(unknown) = open else { return };
        let has_sid = |item: &&mut Value| matches!(&item.kind, Kind::Map(map) if has_sid(map));
        for item in self.items.iter_mut().filter(has_sid) {
            *item = Value::unknown_like(&unknown, Some(Shape::Map), &item.origin);
        }
    }

    fn append_all(&mut self, list: Option<Value>) {
        self.may_lose(list.as_ref().and_then(open));
        match list.map(|list| list.kind) {
            Some(Kind::List(items)) => {
                // A statement of its own replaces one of the same `Sid` from a source document.
                for item in &items.items {
                    self.replace(item.clone());
                }
                self.more = self.more.take().or(items.more.clone());
            }
            Some(Kind::Unknown(unknown)) => self.more = Some(unknown),
            _ => {}
        }
    }

    fn merge(&mut self, source: Source, id: &mut Option<Value>, add: impl Fn(&mut Self, Value)) {
        let document = match source {
            Source::Document(document) => document,
            Source::Open(unknown) => return self.more = Some(unknown),
        };
        let Kind::Map(map) = &document.kind else {
            return;
        };
        if let Some(given) = map.entries.get("Id") {
            *id = Some(given.clone());
        }
        match map.entries.get("Statement").map(|statement| (&statement.kind, statement)) {
            Some((Kind::List(list), _)) => {
                for item in &list.items {
                    add(self, item.clone());
                }
                if list.more.is_some() {
                    self.more.clone_from(&list.more);
                }
            }
            Some((Kind::Unknown(unknown), _)) => self.more = Some(unknown.clone()),
            Some((Kind::Map(_), statement)) => add(self, statement.clone()),
            _ => {}
        }
    }
}

fn has_sid(map: &Entries) -> bool {
    let sid = map.entries.get("Sid").filter(|sid| !sid.is_null());
    sid.is_some_and(|sid| text_of(sid).is_none_or(|sid| !sid.is_empty()))
}

fn sid_of(statement: &Value) -> Option<Arc<str>> {
    match &statement.kind {
        Kind::Map(map) => map.entries.get("Sid").and_then(text_of).filter(|sid| !sid.is_empty()),
        _ => None,
    }
}

fn statements_of(list: &Value) -> Value {
    map_items(list, statement)
}

fn map_items(list: &Value, each: impl Fn(&Value) -> Value) -> Value {
    match &list.kind {
        Kind::List(items) => Value::list_of(
            items.items.iter().map(each).collect(),
            items.more.clone(),
            Sequence::Tuple,
            &list.origin,
        ),
        _ => list.clone(),
    }
}

fn statement(block: &Value) -> Value {
    let Kind::Map(map) = &block.kind else {
        return block.clone();
    };
    let get = |name: &str| map.entries.get(name).filter(|value| !value.is_null());
    let mut statement = Map::new();
    if let Some(sid) = get("sid").filter(|sid| text_of(sid).is_none_or(|sid| !sid.is_empty())) {
        statement.insert("Sid".into(), sid.clone());
    }
    let effect = get("effect").cloned();
    statement.insert("Effect".into(), effect.unwrap_or_else(|| Value::text("Allow", &block.origin)));
    for (name, key) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        if let Some(value) = get(name).and_then(|list| one_or_many(list, true)) {
            statement.insert(key.into(), value);
        }
    }
    for (name, key) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(value) = get(name).map(principals) {
            statement.insert(key.into(), value);
        }
    }
    if let Some(conditions) = get("condition").map(conditions) {
        statement.insert("Condition".into(), conditions);
    }
    Value::map(statement, &block.origin)
}

/// A list as the provider writes it: nothing when it is empty, the item alone when there is one, and sets in
/// descending order, as they are sorted there. `&{` stands for the `${` of IAM's own variables.
fn one_or_many(value: &Value, is_set: bool) -> Option<Value> {
    let list = match &value.kind {
        Kind::List(list) => list,
        _ => return Some(value.clone()),
    };
    let mut items: Vec<Value> = list.items.iter().map(with_iam_variables).collect();
    match (items.len(), &list.more) {
        (0, None) => None,
        (1, None) => items.pop(),
        _ => {
            if is_set {
                items = crate::convert::distinct(items);
            }
            if is_set && !value.has_unknown() {
                items.sort_by_cached_key(text_of);
                items.reverse();
            }
            Some(if items.len() == 1 && list.more.is_none() {
                items.remove(0)
            } else {
                Value::list_of(items, list.more.clone(), Sequence::Tuple, &value.origin)
            })
        }
    }
}

fn with_iam_variables(value: &Value) -> Value {
    match &value.kind {
        Kind::Text(text) if text.contains("&{") => Value::text(text.replace("&{", "${"), &value.origin),
        _ => value.clone(),
    }
}

/// The principals by their type; everyone is `"*"`.
fn principals(list: &Value) -> Value {
    let Kind::List(blocks) = &list.kind else {
        return list.clone();
    };
    let mut by_type: IndexMap<Arc<str>, Vec<Value>> = IndexMap::new();
    let mut more: Option<Arc<Unknown>> = blocks.more.clone();
    for block in &blocks.items {
        let (kind, identifiers) = (entry(block, "type"), entry(block, "identifiers"));
        let (Some(kind), Some(identifiers)) = (kind.as_ref().and_then(text_of), identifiers) else {
            more = more.or_else(|| block.first_unknown().cloned());
            continue;
        };
        by_type.entry(kind).or_default().push(identifiers);
    }
    let entries: Map = by_type
        .into_iter()
        .filter_map(|(kind, lists)| Some((kind, one_or_many(&joined(lists, list), true)?)))
        .collect();
    if let (1, Some(everyone), None) = (entries.len(), entries.get("*"), &more)
        && text_of(everyone).as_deref() == Some("*")
    {
        return everyone.clone();
    }
    Value::map_of(entries, more, &list.origin)
}

/// Tests, and for each its keys with their values.
fn conditions(list: &Value) -> Value {
    let Kind::List(blocks) = &list.kind else {
        return list.clone();
    };
    let mut tests: IndexMap<Arc<str>, IndexMap<Arc<str>, Vec<Value>>> = IndexMap::new();
    let mut more: Option<Arc<Unknown>> = blocks.more.clone();
    for block in &blocks.items {
        let text = |name: &str| entry(block, name).as_ref().and_then(text_of);
        let (Some(test), Some(variable), Some(values)) =
            (text("test"), text("variable"), entry(block, "values"))
        else {
            more = more.or_else(|| block.first_unknown().cloned());
            continue;
        };
        tests.entry(test).or_default().entry(variable).or_default().push(values);
    }
    let entries = tests
        .into_iter()
        .map(|(test, variables)| {
            let variables = variables
                .into_iter()
                .filter_map(|(variable, lists)| Some((variable, one_or_many(&joined(lists, list), false)?)))
                .collect();
            (test, Value::map(variables, &list.origin))
        })
        .collect();
    Value::map_of(entries, more, &list.origin)
}

fn entry(block: &Value, name: &str) -> Option<Value> {
    match &block.kind {
        Kind::Map(map) => map.entries.get(name).filter(|value| !value.is_null()).cloned(),
        _ => None,
    }
}

/// Several lists as one.
fn joined(mut lists: Vec<Value>, around: &Value) -> Value {
    if lists.len() == 1 {
        return lists.remove(0);
    }
    let mut items = Vec::new();
    let mut more = None;
    for list in &lists {
        match &list.kind {
            Kind::List(list) => {
                let Items { items: inner, more: rest, .. } = list.as_ref();
                items.extend(inner.iter().cloned());
                more = more.or_else(|| rest.clone());
            }
            Kind::Unknown(unknown) => more = Some(unknown.clone()),
            _ => items.push(list.clone()),
        }
    }
    Value::list_of(items, more, Sequence::Tuple, &around.origin)
}
