//! Names what readers found: raw resources become resources with the attributes of their kind.

use crate::belong::{StandIn, World};
use crate::coerce::{all_ports, coerce, translated};
use crate::grammar::{Absent, AttributeRule, Chain, Is, Kind, When};
use crate::json;
use crate::kinds::Kinds;
use crate::read::{Found, Start, body, follow, is_certainly_there, may_be_there};
use indexmap::IndexMap;
use palisade_model::{
    Arn, Attribute, Hint, List, Meaning, Node, Origin, RawResource, Resource, Shape, Source, Unknown, Value,
    Why,
};
use std::sync::Arc;

/// The resources, in their order, with the attributes of their kinds.
///
/// A resource that is part of another, as a bucket's public access block is in Terraform, gives its attributes to
/// that one and stays a resource itself. One that no kind describes keeps its document and has no attributes.
///
/// After them come the resources that stand in for owners that are not declared, each with the document and the address
/// of a part: [`Kinds::stands_in`] tells them.
pub fn resolve(raw: Vec<RawResource>, kinds: &Kinds) -> Vec<Resource> {
    let (attributes, outside): (Vec<_>, Vec<_>) = {
        let world = World::new(&raw, kinds);
        let named = (0..raw.len()).map(|index| named(&world, index)).collect();
        let outside = world.stand_ins.iter().map(|stand_in| standing_in(&world, stand_in));
        (named, outside.collect())
    };
    raw.into_iter()
        .zip(attributes)
        .map(|(declared, named)| {
            let (kind, attributes) = named.unzip();
            let attributes: IndexMap<Arc<str>, Attribute> = attributes.unwrap_or_default();
            Resource { arn: arn(&declared, &attributes), kind, declared, attributes }
        })
        .chain(outside)
        .collect()
}

/// What the parts say of an owner that is not declared.
fn standing_in(world: &World<'_>, stand_in: &StandIn<'_>) -> Resource {
    let declared = &world.raw[stand_in.at];
    let start = Start::StandIn(world, stand_in);
    let rules = stand_in.kind.attributes.iter();
    let attributes = rules
        .map(|(name, rule)| (name.clone(), attribute(name, rule, declared.source, start, &declared.origin)));
    Resource {
        kind: Some(stand_in.kind.kind.clone()),
        // The owner's own, which would take the place of the part's address.
        arn: None,
        attributes: attributes.collect(),
        declared: declared.clone(),
    }
}

/// The rest of an owner of which only parts are declared.
fn not_declared(kind: &Kind) -> Unknown {
    let title = &kind.title;
    let mut letters = title.chars();
    let is_acronym = letters.clone().nth(1).is_none_or(|second| !second.is_lowercase());
    let what = match letters.next() {
        Some(first) if !is_acronym => format!("the {}{}", first.to_lowercase(), letters.as_str()),
        _ => format!("the {title}"),
    };
    Why::NotDeclared(what.into()).into()
}

type Named = (palisade_model::ResourceType, IndexMap<Arc<str>, Attribute>);

fn named(world: &World<'_>, index: usize) -> Option<Named> {
    let kind: &Kind = world.kinds[index]?;
    let raw = &world.raw[index];
    let unreadable = match &body(raw).value {
        Value::Unknown(unknown) => Some(unknown),
        _ => None,
    };
    let rules = kind.attributes.iter();
    let attributes = rules.map(|(name, rule)| {
        let attribute = match unreadable {
            Some(unknown) => Attribute::Unknown(unknown.why.clone().into(), body(raw).origin.clone()),
            None => attribute(name, rule, raw.source, Start::Resource(world, index), &raw.origin),
        };
        (name.clone(), attribute)
    });
    Some((kind.kind.clone(), attributes.collect()))
}

/// The ARN, where the source gives it.
fn arn(declared: &RawResource, attributes: &IndexMap<Arc<str>, Attribute>) -> Option<Arn> {
    let given = match attributes.get("arn") {
        Some(Attribute::Known(node)) => node.text(),
        _ => None,
    };
    let address = (declared.source == Source::Live).then_some(declared.address.name.as_ref());
    given.and_then(|text| text.parse().ok()).or_else(|| address?.parse().ok())
}

/// What is known of one attribute: the first alternative that is there, or what absence means.
fn attribute(
    name: &str,
    rule: &AttributeRule,
    source: Source,
    start: Start<'_>,
    declared: &Origin,
) -> Attribute {
    let alternatives = rule.paths(source).iter();
    let mut answers = alternatives.filter_map(|chain| match rule.is {
        Is::List(_) | Is::ManagementEvents => several(rule, source, start, chain, declared),
        _ => single(name, rule, source, start, chain),
    });
    let own = answers.next().unwrap_or_else(|| absence(rule, source, start, declared));
    either(rule, source, start, own)
}

/// What makes a bool true whatever it is itself.
fn either(rule: &AttributeRule, source: Source, start: Start<'_>, own: Attribute) -> Attribute {
    let is_true = |node: &Node| node.value == Value::Bool(true);
    if let Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) = &own
        && is_true(node)
    {
        return own;
    }
    let mut open = None;
    for (_, chain) in rule.or.iter().filter(|(of, _)| *of == source) {
        let found = gathered(rule, start, chain);
        for node in found.items {
            let node = finished(rule, source, node);
            match node.value {
                Value::Bool(true) => return Attribute::Known(node),
                Value::Unknown(unknown) => open = open.or(Some((unknown, node.origin))),
                _ => {}
            }
        }
        open = open.or(found.more);
    }
    match (own, open) {
        (Attribute::Unknown(unknown, origin), _) | (_, Some((unknown, origin))) => {
            Attribute::Unknown(unknown, origin)
        }
        (own, None) => own,
    }
}

/// The one value a chain leads to; none when nothing is there.
fn single(
    name: &str,
    rule: &AttributeRule,
    source: Source,
    start: Start<'_>,
    chain: &Chain,
) -> Option<Attribute> {
    let found = gathered(rule, start, chain);
    if let Some((unknown, origin)) = found.more {
        return Some(Attribute::Unknown(unknown, origin));
    }
    let mut values = found
        .items
        .into_iter()
        .filter(|node| !is_unset(&rule.is, node))
        .map(|node| finished(rule, source, node));
    let first = values.next()?;
    for other in values {
        if first.has_unknown() || other.has_unknown() || first.value.to_json() != other.value.to_json() {
            let why = Why::Unreadable(format!("`{name}` is given several times, differently").into());
            return Some(Attribute::Unknown(why.into(), other.origin));
        }
    }
    Some(known(first))
}

/// All values a chain leads to, as a list; none when nothing is there.
fn several(
    rule: &AttributeRule,
    source: Source,
    start: Start<'_>,
    chain: &Chain,
    declared: &Origin,
) -> Option<Attribute> {
    let mut found = gathered(rule, start, chain);
    if let Start::StandIn(_, stand_in) = start
        && (found.is_given || !found.items.is_empty())
    {
        found.more.get_or_insert_with(|| (not_declared(stand_in.kind), declared.clone()));
    }
    let is_one_path = matches!(chain.0.as_slice(), [path] if path.join.is_none());
    if is_one_path && let Some((unknown, origin)) = wholly_unknown(&found) {
        return Some(Attribute::Unknown(unknown, origin));
    }
    if found.items.is_empty() && found.more.is_none() && !found.is_given {
        return None;
    }
    let origin = found.items.first().map(|node| &node.origin);
    let origin = origin.or(found.more.as_ref().map(|(_, origin)| origin)).unwrap_or(declared);
    let origin = origin.clone();
    let mut list =
        List { items: Vec::with_capacity(found.items.len()), more: found.more.map(|(unknown, _)| unknown) };
    for node in found.items {
        flatten(rule, source, node, &mut list);
    }
    let node = Node::new(Value::List(list), origin);
    Some(known(match rule.is {
        Is::ManagementEvents => coerce(&rule.is, node),
        _ => node,
    }))
}

/// The whole list is unknown: what is known of it all the same stays.
fn wholly_unknown(found: &Found) -> Option<(Unknown, Origin)> {
    match (found.items.as_slice(), &found.more) {
        ([], Some(more)) => Some(more.clone()),
        ([one], None) => match &one.value {
            Value::Unknown(unknown) if !is_one_item(&unknown.hint) => {
                Some((unknown.clone(), one.origin.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn gathered(rule: &AttributeRule, start: Start<'_>, chain: &Chain) -> Found {
    let mut found = Found::default();
    for path in chain.0.iter().filter(|path| start.sees(path)) {
        found.append(follow(start, path, &rule.is));
    }
    found
}

/// Puts a value, or the items of a list, into the list. Where records are wanted, a text is read as JSON.
fn flatten(rule: &AttributeRule, source: Source, node: Node, list: &mut List) {
    let node = match &node.value {
        Value::Text(text) if *rule.is.item() == Is::Record && text.trim_start().starts_with(['{', '[']) => {
            let why = |message: String| Why::Unreadable(message.into());
            json::read(text, &node.origin)
                .unwrap_or_else(|message| Node::unknown(why(message), node.origin.clone()))
        }
        _ => node,
    };
    match node.value {
        Value::List(inner) => {
            for item in inner.items {
                add(rule, source, item, list);
            }
            list.more = list.more.take().or(inner.more);
        }
        value => add(rule, source, Node::new(value, node.origin), list),
    }
}

fn add(rule: &AttributeRule, source: Source, node: Node, list: &mut List) {
    match &node.value {
        Value::Null => {}
        // One value or a list, or nothing at all: the item it may be is not counted.
        Value::Unknown(Unknown { why, hint }) if !is_one_item(hint) => {
            list.more.get_or_insert_with(|| why.clone().into());
        }
        _ if is_unset(&rule.is, &node) => {}
        _ => list.items.push(finished(rule, source, node)),
    }
}

fn is_one_item(hint: &Hint) -> bool {
    hint.shape != Some(Shape::List) && (hint.is_present || hint.shape.is_some())
}

/// An empty text where something is named means that nothing is named.
fn is_unset(is: &Is, node: &Node) -> bool {
    let names = matches!(is.item(), Is::Arn(_) | Is::Id(_) | Is::Name | Is::Policy);
    node.value == Value::Null || names && matches!(&node.value, Value::Text(text) if text.is_empty())
}

/// The value in its final form.
fn finished(rule: &AttributeRule, source: Source, node: Node) -> Node {
    let node = translated(&rule.values, node);
    match rule.is.item() {
        Is::Record => record(rule, source, node),
        Is::ManagementEvents => node,
        item => coerce(item, node),
    }
}

/// The fields of a record, each by its own rule.
fn record(rule: &AttributeRule, source: Source, node: Node) -> Node {
    let node = match node.value {
        // A block is a list of one.
        Value::List(List { mut items, more: None }) if items.len() == 1 => items.remove(0),
        value => Node::new(value, node.origin),
    };
    let node = coerce(&Is::Record, node);
    if !matches!(node.value, Value::Map(_)) {
        return node;
    }
    let mut entries: IndexMap<Arc<str>, Node> = IndexMap::with_capacity(rule.each.len());
    for (name, field) in &rule.each {
        let value = match attribute(name, field, source, Start::Record(&node), &node.origin) {
            Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => node,
            Attribute::Absent(Meaning::Nothing, _) => continue,
            Attribute::Unknown(unknown, origin) => Node::new(Value::Unknown(unknown), origin),
        };
        entries.insert(name.clone(), value);
    }
    settle_ports(rule, &mut entries);
    Node::new(Value::map(entries), node.origin)
}

/// The ports of a protocol that knows none are all ports.
fn settle_ports(rule: &AttributeRule, entries: &mut IndexMap<Arc<str>, Node>) {
    let protocol = rule.each.iter().find(|(_, field)| field.is == Is::Protocol);
    let Some(protocol) = protocol.and_then(|(name, _)| entries.get(name)).cloned() else {
        return;
    };
    for (name, field) in &rule.each {
        if let Some(port) = all_ports(&field.is, &protocol) {
            entries.insert(name.clone(), port);
        }
    }
}

fn known(node: Node) -> Attribute {
    match node.value {
        Value::Unknown(unknown) => Attribute::Unknown(unknown, node.origin),
        _ => Attribute::Known(node),
    }
}

/// What it means that nothing is there.
fn absence(rule: &AttributeRule, source: Source, start: Start<'_>, declared: &Origin) -> Attribute {
    let outside = match start {
        Start::StandIn(_, stand_in) => Some(stand_in.kind),
        Start::Resource(..) | Start::Record(_) => None,
    };
    for (when, meaning) in &rule.absent {
        let origin = match when {
            When::Outside if outside.is_some() => declared.clone(),
            When::Outside => continue,
            When::Always | When::Source(_) if outside.is_some() => continue,
            When::Present(_, path) if !start.sees(path) => continue,
            When::Always if rule.paths(source).is_empty() => continue,
            When::Always => declared.clone(),
            When::Source(of) if *of == source => declared.clone(),
            When::Present(of, path) if *of == source => {
                let found = follow(start, path, &Is::Json);
                match there(found) {
                    There::Yes(origin) => origin,
                    There::No => continue,
                    There::Unknown(unknown, origin) => return Attribute::Unknown(unknown, origin),
                }
            }
            When::Source(_) | When::Present(..) => continue,
        };
        return meant(meaning, source, origin);
    }
    if let Some(kind) = outside {
        return Attribute::Unknown(not_declared(kind), declared.clone());
    }
    let what = if rule.paths(source).is_empty() {
        format!("something that {} can't say", saying(source))
    } else {
        elsewhere(source)
    };
    Attribute::Unknown(Why::DecidedElsewhere(what.into()).into(), declared.clone())
}

fn meant(meaning: &Absent, source: Source, origin: Origin) -> Attribute {
    match meaning {
        Absent::Nothing => Attribute::Absent(Meaning::Nothing, origin),
        Absent::Value(node) => Attribute::Absent(Meaning::Default(node.clone()), origin),
        Absent::Unknown(reason) => {
            let what = reason.clone().unwrap_or_else(|| elsewhere(source).into());
            Attribute::Unknown(Why::DecidedElsewhere(what).into(), origin)
        }
    }
}

enum There {
    Yes(Origin),
    No,
    Unknown(Unknown, Origin),
}

/// Is something there? A value that is unknown may turn out to be null.
fn there(found: Found) -> There {
    if let Some(node) = found.items.iter().find(|node| is_certainly_there(node)) {
        return There::Yes(node.origin.clone());
    }
    let open = found.items.iter().find_map(may_be_there);
    match open.or(found.more) {
        Some((unknown, origin)) => There::Unknown(unknown, origin),
        None => There::No,
    }
}

fn elsewhere(source: Source) -> String {
    format!("something outside of {}", saying(source))
}

fn saying(source: Source) -> &'static str {
    match source {
        Source::Live => "the API's answer",
        Source::Cloudformation => "a CloudFormation template",
        Source::Terraform => "a Terraform configuration",
    }
}
