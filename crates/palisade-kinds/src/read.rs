//! Follows paths into the documents of a source.

use crate::belong::{StandIn, World, has_certain_values, has_values};
use crate::grammar::{Is, Join, SourcePath, Step};
use crate::json;
use palisade_model::{
    Existence, List, Map, Node, Origin, RawResource, Reference, Shape, Source, Unknown, Value, Why,
};
use std::sync::LazyLock;

/// What a path led to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The values that are there.
    pub items: Vec<Node>,
    /// Set when there may be more, with the reason and its place.
    pub more: Option<(Unknown, Origin)>,
    /// Was something written, even if it is empty?
    pub is_given: bool,
}

impl Found {
    fn open(&mut self, unknown: Unknown, origin: &Origin) {
        self.more.get_or_insert((unknown, origin.clone()));
    }

    fn give(&mut self, node: Node) {
        self.is_given = true;
        self.items.push(node);
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.items.extend(other.items);
        self.more = self.more.take().or(other.more);
        self.is_given |= other.is_given;
    }
}

/// A resource's own document: of CloudFormation, what stands below `Properties`.
pub(crate) fn body(raw: &RawResource) -> &Node {
    static NOTHING: LazyLock<Node> = LazyLock::new(|| {
        let origin = Origin::Documented("a resource without properties".into());
        Node::new(Value::Null, origin)
    });
    let Value::Map(Map { entries, more }) = &raw.raw.value else {
        return &raw.raw;
    };
    let is_whole = raw.source == Source::Cloudformation && (more.is_some() || entries.contains_key("Type"));
    match (is_whole, entries.get("Properties")) {
        (true, Some(properties)) => properties,
        // Cut short by an error: the properties may have stood there.
        (true, None) if more.is_some() => &raw.raw,
        (true, None) => &NOTHING,
        (false, _) => &raw.raw,
    }
}

/// Follows the steps from a node. Nothing is found where null stands.
pub(crate) fn walk(node: &Node, steps: &[Step], found: &mut Found) {
    let Some((step, rest)) = steps.split_first() else {
        if node.value != Value::Null {
            found.give(node.clone());
        }
        return;
    };
    match &node.value {
        Value::Null => {}
        Value::Unknown(unknown) => found.open(part_of(unknown), &node.origin),
        Value::Map(map) => match map.entries.get(&step.name).filter(|entry| entry.value != Value::Null) {
            Some(entry) => enter(entry, step, rest, found),
            None if step.name.as_ref() == "tags_all" => {
                let tags = Step { name: "tags".into(), ..step.clone() };
                let steps: Vec<Step> = std::iter::once(tags).chain(rest.iter().cloned()).collect();
                walk(node, &steps, found);
            }
            None => {
                if let Some(more) = &map.more {
                    found.open(part_of(more), &node.origin);
                }
            }
        },
        Value::List(List { items, more }) => match (items.as_slice(), more) {
            ([], None) => {}
            ([one], None) => walk(one, steps, found),
            (_, Some(more)) => found.open(part_of(more), &node.origin),
            _ => {
                let message = format!("several stand where one with `{}` is expected", step.name);
                found.open(Why::Unreadable(message.into()).into(), &node.origin);
            }
        },
        // A word that can't be JSON has no parts.
        Value::Text(text) if !text.trim_start().starts_with(['{', '[', '%']) => {}
        Value::Text(text) => match json::read(text, &node.origin) {
            Ok(read) => walk(&read, steps, found),
            Err(message) => found.open(Why::Unreadable(message.into()).into(), &node.origin),
        },
        Value::Bool(_) | Value::Number(_) => {
            let message = format!("a map with `{}` is expected", step.name);
            found.open(Why::Unreadable(message.into()).into(), &node.origin);
        }
    }
}

/// Goes on from what a step led to: with each of its items where the step says so.
fn enter(entry: &Node, step: &Step, rest: &[Step], found: &mut Found) {
    if let Some(key) = &step.key {
        return match key.split_once('=') {
            Some((field, word)) => enter_those(entry, field, word, rest, found),
            None => enter_keyed(entry, key, rest, found),
        };
    }
    match (&entry.value, step.each) {
        (Value::List(list), true) => {
            found.is_given = true;
            for item in &list.items {
                walk(item, rest, found);
            }
            if let Some(more) = &list.more {
                found.open(more.clone(), &entry.origin);
            }
        }
        (Value::Unknown(unknown), true) => found.open(unknown.clone(), &entry.origin),
        _ => walk(entry, rest, found),
    }
}

/// Goes on with each item whose field is this word, as EKS keeps the logs that are on and those that are off.
fn enter_those(entry: &Node, field: &str, word: &str, rest: &[Step], found: &mut Found) {
    let list = match &entry.value {
        Value::List(list) => list,
        Value::Unknown(unknown) => return found.open(part_of(unknown), &entry.origin),
        _ => return,
    };
    found.is_given = true;
    for item in &list.items {
        let is_it = match &item.get(field).unwrap_or(item).value {
            Value::Unknown(unknown) => {
                found.open(part_of(unknown), &item.origin);
                false
            }
            Value::Bool(value) => word == if *value { "true" } else { "false" },
            Value::Text(text) => text.as_ref() == word,
            Value::Number(number) => number.to_string() == word,
            _ => false,
        };
        if is_it {
            walk(item, rest, found);
        }
    }
    if let Some(more) = &list.more {
        found.open(part_of(more), &entry.origin);
    }
}

/// Goes on with the value of the item that has this key, as load balancers keep their attributes.
fn enter_keyed(entry: &Node, key: &str, rest: &[Step], found: &mut Found) {
    let list = match &entry.value {
        Value::List(list) => list,
        Value::Unknown(unknown) => return found.open(part_of(unknown), &entry.origin),
        _ => return,
    };
    let is_it = |item: &&Node| item.get("Key").and_then(Node::text) == Some(key);
    if let Some(value) = list.items.iter().find(is_it).and_then(|item| item.get("Value")) {
        return walk(value, rest, found);
    }
    // One of which the key, or everything, is not known may be it.
    let open = list.items.iter().find_map(|item| match &item.get("Key").unwrap_or(item).value {
        Value::Unknown(unknown) => Some(unknown),
        _ => None,
    });
    if let Some(unknown) = open.or(list.more.as_ref()) {
        found.open(part_of(unknown), &entry.origin);
    }
}

/// A part of something unknown: why it is unknown is known, but not even whether it is there.
fn part_of(unknown: &Unknown) -> Unknown {
    unknown.why.clone().into()
}

/// Where a path begins: at a resource of the world, or inside a record.
#[derive(Clone, Copy)]
pub(crate) enum Start<'f> {
    /// At the resource of this index.
    Resource(&'f World<'f>, usize),
    /// At what stands in for a resource that is not declared.
    StandIn(&'f World<'f>, &'f StandIn<'f>),
    /// At a record.
    Record(&'f Node),
}

impl Start<'_> {
    /// Is anything of this path in the source at all? Of what stands in, only its parts are.
    pub(crate) fn sees(&self, path: &SourcePath) -> bool {
        match self {
            Self::Resource(..) | Self::Record(_) => true,
            Self::StandIn(..) => path.join.as_ref().is_some_and(|join| join.named_by.is_empty()),
        }
    }
}

/// Everything a path leads to, by way of joins too.
pub(crate) fn follow(start: Start<'_>, path: &SourcePath, is: &Is) -> Found {
    let mut found = Found::default();
    match (start, &path.join) {
        (Start::Record(node), _) => walk(node, &path.steps, &mut found),
        (Start::Resource(world, owner), None) => {
            let raw = &world.raw[owner];
            if path.types.is_empty() || path.types.contains(&raw.source_type) {
                walk(body(raw), &path.steps, &mut found);
            }
        }
        (Start::StandIn(_, _), None) => {}
        (Start::Resource(world, owner), Some(join)) if join.is_anywhere => {
            anywhere(world, &world.raw[owner], path, &mut found);
        }
        (Start::StandIn(world, stand_in), Some(join)) if join.is_anywhere => {
            anywhere(world, &world.raw[stand_in.at], path, &mut found);
        }
        (Start::Resource(world, owner), Some(join)) if !join.named_by.is_empty() => {
            named_by(world, owner, path, join, &mut found);
        }
        (Start::StandIn(world, stand_in), Some(join)) => {
            let parts = stand_in.parts.iter().filter(|(_, of)| *of == join);
            for (index, _) in parts {
                let raw = &world.raw[*index];
                if !path.types.contains(&raw.source_type) {
                    continue;
                }
                match &raw.existence {
                    Existence::No(_) => {}
                    // Where it doesn't exist, nothing stands in its place.
                    _ if *index == stand_in.at && has_certain_values(raw, join) => {
                        from_joined(raw, path, is, &mut found);
                    }
                    Existence::Unknown(unknown, origin) => found.open(part_of(unknown), origin),
                    Existence::Yes if !has_certain_values(raw, join) => may_belong(raw, &mut found),
                    Existence::Yes => from_joined(raw, path, is, &mut found),
                }
            }
            if found.items.is_empty() && found.more.is_none() {
                return found;
            }
        }
        (Start::Resource(world, owner), Some(join)) => {
            let belonging = world.belonging(owner, path, join);
            for &index in belonging.certain {
                let raw = &world.raw[index];
                match &raw.existence {
                    Existence::No(_) => {}
                    Existence::Unknown(unknown, origin) => found.open(part_of(unknown), origin),
                    Existence::Yes if !has_certain_values(raw, join) => may_belong(raw, &mut found),
                    Existence::Yes => from_joined(raw, path, is, &mut found),
                }
            }
            if let Some(index) = belonging.may {
                may_belong(&world.raw[index], &mut found);
            }
        }
    }
    if path.asks_presence {
        return presence(found, start);
    }
    found
}

/// What is set for the whole root, as for an account.
fn anywhere(world: &World<'_>, here: &RawResource, path: &SourcePath, found: &mut Found) {
    for raw in world.of_types(here.source, &path.types, &here.address.root) {
        let argument = |of: &RawResource, name: &str| body(of).get(name).map(|node| node.value.clone());
        let is_same = argument(raw, "provider") == argument(here, "provider")
            && argument(raw, "account_id").is_none_or(|account| account == Value::Null);
        match &raw.existence {
            Existence::No(_) => {}
            Existence::Yes if is_same => walk(body(raw), &path.steps, found),
            _ if says_no(raw, path) => {}
            Existence::Unknown(unknown, origin) => found.open(part_of(unknown), origin),
            Existence::Yes => may_belong(raw, found),
        }
    }
}

/// Would it make no difference, because nothing or `false` stands there?
fn says_no(raw: &RawResource, path: &SourcePath) -> bool {
    let mut there = Found::default();
    walk(body(raw), &path.steps, &mut there);
    there.more.is_none() && there.items.iter().all(|node| node.value == Value::Bool(false))
}

/// The resource that this one names.
fn named_by(world: &World<'_>, owner: usize, path: &SourcePath, join: &Join, found: &mut Found) {
    let raw = &world.raw[owner];
    for argument in &join.named_by {
        let mut names = Found::default();
        walk(body(raw), argument, &mut names);
        let is_given = !names.items.is_empty() || names.more.is_some();
        for node in &names.items {
            let Value::Unknown(unknown) = &node.value else { continue };
            let references = match (raw.source, unknown.hint.refers_to.as_slice(), &unknown.why) {
                (Source::Terraform, references, _) => references,
                (_, [_], Why::AfterApply(_)) => unknown.hint.refers_to.as_slice(),
                _ => &[],
            };
            for reference in references {
                let (named, is_certain) = world.named(&raw.address.root, &reference.address);
                for other in named.into_iter().map(|index| &world.raw[index]) {
                    if !path.types.contains(&other.source_type) || !has_values(other, join) {
                        continue;
                    }
                    match &other.existence {
                        Existence::No(_) => {}
                        Existence::Unknown(unknown, origin) => found.open(part_of(unknown), origin),
                        Existence::Yes if is_certain => walk(body(other), &path.steps, found),
                        Existence::Yes => may_belong(other, found),
                    }
                }
            }
        }
        if is_given {
            return;
        }
    }
}

fn may_belong(raw: &RawResource, found: &mut Found) {
    let why = Why::MayBelong(raw.address.name.clone());
    found.open(why.into(), &raw.origin);
}

fn from_joined(raw: &RawResource, path: &SourcePath, is: &Is, found: &mut Found) {
    if path.steps.is_empty() && is.item().is_textual() {
        // What names the resource is known only once it was made.
        let reference = Reference { address: raw.address.name.clone(), attribute: None };
        let why = Why::AfterApply(raw.address.name.clone());
        let unknown = Unknown::reference(why, Some(Shape::Text), vec![reference]);
        found.give(Node::new(Value::Unknown(unknown), raw.origin.clone()));
        return;
    }
    walk(body(raw), &path.steps, found);
}

/// Is it certain that something is there? An empty text or list is nothing, and what is not known yet may turn out to be
/// one.
pub(crate) fn is_certainly_there(node: &Node) -> bool {
    match &node.value {
        Value::Unknown(unknown) => {
            let may_be_empty = matches!(unknown.hint.shape, None | Some(Shape::Text))
                && unknown.hint.starts_with.is_none()
                && !matches!(unknown.why, Why::AfterApply(_));
            unknown.hint.is_present && !may_be_empty
        }
        Value::Text(text) => !text.is_empty(),
        Value::List(list) => !list.items.is_empty(),
        Value::Null => false,
        _ => true,
    }
}

/// What is not certainly there may be all the same: why that is not known.
pub(crate) fn may_be_there(node: &Node) -> Option<(Unknown, Origin)> {
    let unknown = match &node.value {
        Value::Unknown(unknown) => unknown,
        Value::List(List { more: Some(more), .. }) => more,
        _ => return None,
    };
    Some((part_of(unknown), node.origin.clone()))
}

/// True or false for whether something is there.
fn presence(found: Found, start: Start<'_>) -> Found {
    let origin = match start {
        Start::Resource(world, owner) => &world.raw[owner].origin,
        Start::StandIn(world, stand_in) => &world.raw[stand_in.at].origin,
        Start::Record(node) => &node.origin,
    };
    let mut answer = Found::default();
    let open = found.items.iter().find_map(may_be_there);
    match (found.items.iter().find(|node| is_certainly_there(node)), open.or(found.more)) {
        (Some(there), _) => answer.give(Node::new(Value::Bool(true), there.origin.clone())),
        (None, Some((unknown, origin))) => answer.open(unknown, &origin),
        (None, None) => answer.give(Node::new(Value::Bool(false), origin.clone())),
    }
    answer
}
