//! Writes out the loops of a map (`Fn::ForEach`), as the transform `AWS::LanguageExtensions` does.

use crate::evaluate::{Evaluator, NODE, scalar_text};
use palisade_model::{List, Map, Node, Origin, Value};
use std::sync::Arc;

/// A map with its loops written out, and what could not be, with its place.
pub(crate) struct Expanded {
    pub(crate) map: Map,
    pub(crate) unlisted: Vec<(Arc<str>, Origin)>,
}

impl Evaluator<'_> {
    /// Writes out the loops among a map's entries; loops further down are met when their map is evaluated.
    pub(crate) fn expand_loops(&mut self, map: &Map) -> Expanded {
        let mut expanded =
            Expanded { map: Map { more: map.more.clone(), ..Map::default() }, unlisted: Vec::new() };
        self.expand_into(map, &mut expanded);
        expanded
    }

    fn expand_into(&mut self, map: &Map, expanded: &mut Expanded) {
        for (name, node) in &map.entries {
            if &**name == "Fn::Transform" {
                expanded.unlisted.push((name.clone(), node.origin.clone()));
            } else if !name.starts_with("Fn::ForEach::") {
                expanded.map.entries.insert(name.clone(), node.clone());
            } else if self.expand_loop(node, expanded).is_none() {
                expanded.unlisted.push((name.clone(), node.origin.clone()));
            }
        }
    }

    /// None when the loop is written wrong, goes over something unknown, or makes too much.
    fn expand_loop(&mut self, node: &Node, expanded: &mut Expanded) -> Option<()> {
        let Value::List(List { items, more: None }) = &node.value else {
            return None;
        };
        let [identifier, collection, body] = items.as_slice() else {
            return None;
        };
        let (identifier, Value::Map(body)) = (identifier.text()?, &body.value) else {
            return None;
        };
        let Value::List(List { items, more: None }) = self.evaluate(collection)?.value else {
            return None;
        };
        let values: Option<Vec<_>> = items.iter().map(|item| scalar_text(&item.value)).collect();
        for value in values? {
            let substitution = Substitution { identifier, value: &value };
            let map = substitution.map(body, &mut self.budget)?;
            self.expand_into(&map, expanded);
        }
        Some(())
    }
}

struct Substitution<'a> {
    identifier: &'a str,
    value: &'a str,
}

impl Substitution<'_> {
    fn map(&self, map: &Map, budget: &mut usize) -> Option<Map> {
        let mut entries = indexmap::IndexMap::with_capacity(map.entries.len());
        for (name, node) in &map.entries {
            entries.insert(self.text(name, budget)?, self.node(node, budget)?);
        }
        Some(Map { entries, more: map.more.clone() })
    }

    fn node(&self, node: &Node, budget: &mut usize) -> Option<Node> {
        // Each is kept twice: as it is written out, and evaluated.
        *budget = budget.checked_sub(2 * NODE)?;
        let value = match &node.value {
            Value::Text(text) => Value::Text(self.text(text, budget)?),
            Value::List(list) => {
                let items: Option<Vec<Node>> =
                    list.items.iter().map(|item| self.node(item, budget)).collect();
                Value::List(List { items: items?, more: list.more.clone() })
            }
            Value::Map(map) => match map.entries.first() {
                Some((name, argument)) if &**name == "Ref" && argument.text() == Some(self.identifier) => {
                    Value::text(self.value)
                }
                _ => Value::Map(self.map(map, budget)?),
            },
            other => other.clone(),
        };
        Some(Node::new(value, node.origin.clone()))
    }

    /// `${Name}` becomes the value, `&{Name}` its letters and digits.
    fn text(&self, text: &Arc<str>, budget: &mut usize) -> Option<Arc<str>> {
        let times = text.matches('{').count();
        if times == 0 {
            return Some(text.clone());
        }
        *budget = budget.checked_sub(text.len() + times.checked_mul(self.value.len())?)?;
        let letters: String = self.value.chars().filter(char::is_ascii_alphanumeric).collect();
        let text = text.replace(&format!("${{{}}}", self.identifier), self.value);
        let text = text.replace(&format!("&{{{}}}", self.identifier), &letters);
        Some(text.into())
    }
}
