//! Answers in XML.

use super::{Read, Reader, inner, unknown_member};
use crate::models::{Location, Member, Reference, Shape, Structure};
use crate::xml::Node;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Reader<'_> {
    /// What the elements of one name say; there is one at least. The reader of XML has bounded their depth.
    pub(super) fn markup(&self, of: &Reference, nodes: &[&Node], name: &str) -> Read<Value> {
        let Some(first) = nodes.first() else { return Ok(Value::Null) };
        match self.service.shape(of) {
            Some(Shape::Structure(structure)) => self.markup_structure(structure, first, name),
            Some(Shape::List(item)) => {
                let items = elements(of, nodes).into_iter().map(|node| self.markup(item, &[node], name));
                items.collect::<Read<Vec<_>>>().map(Value::from)
            }
            Some(Shape::Map(key, item)) => {
                let mut parsed = Map::new();
                for node in elements(of, nodes) {
                    let key_name = key.wire.as_deref().unwrap_or("key");
                    let key = node
                        .text_of(key_name)
                        .ok_or_else(|| format!("`{name}` has an entry without a key"))?;
                    let value = node.child(item.wire.as_deref().unwrap_or("value"));
                    let value = value.ok_or_else(|| format!("`{name}` has an entry without a value"))?;
                    parsed.insert(key.to_owned(), self.markup(item, &[value], &inner(name, key))?);
                }
                Ok(Value::Object(parsed))
            }
            None => self.text(of, &first.text, name),
        }
    }

    pub(super) fn markup_structure(&self, structure: &Structure, node: &Node, name: &str) -> Read<Value> {
        let mut named: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for child in &node.children {
            named.entry(&child.name).or_default().push(child);
        }
        if structure.is_union {
            let [tag] = named.keys().copied().collect::<Vec<_>>()[..] else {
                return Err(format!("`{name}` has not just one member"));
            };
            if !structure.members.iter().any(|member| member.wire() == tag) {
                return Ok(unknown_member(tag));
            }
        }
        let mut parsed = Map::new();
        for member in &structure.members {
            if [Location::Header, Location::Headers, Location::Status].contains(&member.of.location) {
                continue;
            }
            let full = inner(name, &member.name);
            if let Some(nodes) = named.get(self.key(member)) {
                parsed.insert(member.name.clone(), self.markup(&member.of, nodes, &full)?);
            } else if member.of.is_attribute {
                let local = member.wire().rsplit_once(':').map_or(member.wire(), |(_, local)| local);
                if let Some((_, value)) = node.attributes.iter().find(|(name, _)| name == local) {
                    parsed.insert(member.name.clone(), self.text(&member.of, value, &full)?);
                }
            }
        }
        Ok(Value::Object(parsed))
    }

    /// The element's name. Of a flattened list it is that of the items.
    fn key<'m>(&'m self, member: &'m Member) -> &'m str {
        match self.service.shape(&member.of) {
            Some(Shape::List(item)) if member.of.is_flattened => {
                item.wire.as_deref().unwrap_or(member.wire())
            }
            _ => member.wire(),
        }
    }
}

/// The items of a list or entries of a map.
fn elements<'a>(of: &Reference, nodes: &[&'a Node]) -> Vec<&'a Node> {
    match nodes {
        [one] if !of.is_flattened => one.children.iter().collect(),
        many => many.to_vec(),
    }
}
