//! What a rule reads: a subject's attributes as a partly known value, built once and shared by all rules.

use crate::rego::partial::{Cause, Partial};
use palisade_model::{Attribute, Meaning, Node, Path, Resource, Segment, Shape, Unknown, Value, Why};
use regorus::Value as Rego;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a rule reads as `input`: the subject's attributes by name, and beside them `address`, `type`, `source`,
/// `account` and `region` where they are known, and the source's own document under `raw`.
///
/// An attribute that is absent because there is nothing is not in it; one whose absence means a default has that
/// default; one that is unknown is carried as such, with its reason.
#[derive(Debug, Clone)]
pub struct Input {
    pub(crate) root: Partial,
    pub(crate) unknowns: Vec<(Path, Unknown)>,
}

impl Input {
    /// The input for a resource (or for an account or organisation put into the form of one).
    ///
    /// `with_raw` adds the source's own document, for rules that read it.
    pub fn of(resource: &Resource, with_raw: bool) -> Self {
        let mut builder = Builder::default();
        let mut root: BTreeMap<Rego, Partial> = BTreeMap::new();
        for (name, attribute) in &resource.attributes {
            let path = vec![Segment::Name(name.clone())];
            let value = match attribute {
                Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => {
                    builder.whole(node, path)
                }
                Attribute::Unknown(unknown, _) => builder.unknown(unknown, path),
                Attribute::Absent(Meaning::Nothing, _) => continue,
            };
            root.insert(text(name), value);
        }
        let declared = &resource.declared;
        let said = |value: &dyn ToString| Partial::Known(Rego::from(value.to_string()));
        root.insert(text("address"), said(&declared.address));
        let kind = resource.kind.as_ref().map_or(declared.source_type.to_string(), ToString::to_string);
        root.insert(text("type"), said(&kind));
        root.insert(text("source"), said(&declared.source));
        if let Some(account) = &declared.account {
            root.entry(text("account")).or_insert_with(|| said(account));
        }
        if let Some(region) = &declared.region {
            root.entry(text("region")).or_insert_with(|| said(region));
        }
        if with_raw {
            root.insert(text("raw"), builder.whole(&declared.raw, vec![Segment::Name("raw".into())]));
        }
        Self { root: Partial::map(root, None), unknowns: builder.unknowns }
    }

    /// Is every part of it known?
    pub fn is_known(&self) -> bool {
        self.unknowns.is_empty()
    }

    /// The whole as JSON; empty where a part is unknown.
    #[doc(hidden)]
    pub fn to_json(&self) -> String {
        self.known().and_then(|value| value.to_json_str().ok()).unwrap_or_default()
    }

    /// The whole as regorus reads it, where every part is known.
    pub(crate) fn known(&self) -> Option<Rego> {
        self.root.known()
    }
}

fn text(name: &str) -> Rego {
    Rego::from(name)
}

#[derive(Default)]
struct Builder {
    unknowns: Vec<(Path, Unknown)>,
}

impl Builder {
    /// The value at the top of an attribute; most are known to the last part.
    fn whole(&mut self, node: &Node, path: Vec<Segment>) -> Partial {
        if node.has_unknown() { self.node(node, path) } else { Partial::Known(known(&node.value)) }
    }

    fn node(&mut self, node: &Node, path: Vec<Segment>) -> Partial {
        match &node.value {
            Value::Null => Partial::Known(Rego::Null),
            Value::Bool(bool) => Partial::Known(Rego::Bool(*bool)),
            Value::Number(number) => Partial::Known(rego_number(number)),
            Value::Text(text) => Partial::Known(Rego::String(text.clone())),
            Value::Unknown(unknown) => self.unknown(unknown, path),
            Value::List(list) => {
                let items = list
                    .items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.node(item, extended(&path, Segment::Index(index))))
                    .collect();
                let more = list.more.as_ref().map(|unknown| self.cause(unknown, path));
                Partial::list(items, more)
            }
            Value::Map(map) => {
                let entries = map
                    .entries
                    .iter()
                    .map(|(name, item)| {
                        (text(name), self.node(item, extended(&path, Segment::Name(name.clone()))))
                    })
                    .collect();
                let more = map.more.as_ref().map(|unknown| self.cause(unknown, path));
                Partial::map(entries, more)
            }
        }
    }

    fn unknown(&mut self, unknown: &Unknown, path: Vec<Segment>) -> Partial {
        Partial::Unknown(self.cause(unknown, path))
    }

    fn cause(&mut self, unknown: &Unknown, path: Vec<Segment>) -> Cause {
        let id = u32::try_from(self.unknowns.len()).unwrap_or(u32::MAX);
        self.unknowns.push((Path(path), unknown.clone()));
        let is_arn_of_one = is_arn_of_one(unknown);
        Cause {
            ids: Arc::from([id]),
            is_present: unknown.hint.is_present,
            shape: unknown.hint.shape,
            starts_with: unknown.hint.starts_with.clone().or_else(|| is_arn_of_one.then(|| "arn:".into())),
            ends_with: unknown.hint.ends_with.clone(),
            is_arn_of_one,
            shown: None,
        }
    }
}

/// Is it the ARN of one resource that the same source declares, or a text that begins with it?
fn is_arn_of_one(unknown: &Unknown) -> bool {
    let (Why::AfterApply(what), [one]) = (&unknown.why, unknown.hint.refers_to.as_slice()) else {
        return false;
    };
    let attribute = one.attribute.as_deref().unwrap_or_default();
    let is_arn = match unknown.hint.starts_with.as_deref() {
        // Terraform's attribute says it; a template's reader does, which knows where a `Ref` is one.
        None => attribute == "arn" && one.to_string().ends_with(&**what),
        Some(beginning) => beginning == "arn:" && (attribute == "Ref" || attribute.ends_with("Arn")),
    };
    unknown.hint.is_present && is_arn
}

/// A value of which every part is known.
fn known(value: &Value) -> Rego {
    match value {
        Value::Null | Value::Unknown(_) => Rego::Null,
        Value::Bool(bool) => Rego::Bool(*bool),
        Value::Number(number) => rego_number(number),
        Value::Text(text) => Rego::String(text.clone()),
        Value::List(list) => Rego::from(list.items.iter().map(|item| known(&item.value)).collect::<Vec<_>>()),
        Value::Map(map) => {
            let entries = map.entries.iter().map(|(name, node)| (text(name), known(&node.value)));
            Rego::from(entries.collect::<BTreeMap<_, _>>())
        }
    }
}

fn extended(path: &[Segment], segment: Segment) -> Vec<Segment> {
    let mut longer = Vec::with_capacity(path.len() + 1);
    longer.extend_from_slice(path);
    longer.push(segment);
    longer
}

fn rego_number(number: &serde_json::Number) -> Rego {
    if let Some(number) = number.as_i64() {
        Rego::from(number)
    } else if let Some(number) = number.as_u64() {
        Rego::from(number)
    } else {
        Rego::from_numeric_string(&number.to_string()).unwrap_or(Rego::Null)
    }
}

/// The shape of a fully known Rego value; sets have no counterpart in documents.
pub(crate) fn shape_of(value: &Rego) -> Option<Shape> {
    match value {
        Rego::Bool(_) => Some(Shape::Bool),
        Rego::Number(_) => Some(Shape::Number),
        Rego::String(_) => Some(Shape::Text),
        Rego::Array(_) => Some(Shape::List),
        Rego::Object(_) => Some(Shape::Map),
        Rego::Null | Rego::Set(_) | Rego::Undefined => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::{Hint, Reference};

    #[track_caller]
    fn check(attribute: &str, beginning: Option<&str>, expected: bool) {
        let reference = Reference { address: "topic".into(), attribute: Some(attribute.into()) };
        let hint = Hint {
            is_present: true,
            shape: Some(Shape::Text),
            refers_to: vec![reference],
            starts_with: beginning.map(Into::into),
            ends_with: None,
        };
        let unknown = Unknown { why: Why::AfterApply(format!("topic.{attribute}").into()), hint };
        assert_eq!(is_arn_of_one(&unknown), expected, "{attribute} {beginning:?}");
    }

    #[test]
    fn an_arn_of_one_is_an_attribute_that_says_so_or_one_that_its_reader_knows() {
        check("arn", None, true);
        check("id", None, false);
        check("Ref", Some("arn:"), true);
        check("TopicArn", Some("arn:"), true);
        check("Ref", None, false);
        check("Arn", None, false);
        check("Arn", Some("not-arn:"), false);
        check("Partition", Some("arn:"), false);
    }
}
