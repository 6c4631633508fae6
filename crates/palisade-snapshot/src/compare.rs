//! Compares two documents of one resource, value by value, where the order of a list means nothing unless it is known to.

use crate::redact::MARKER;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A value that is other than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where it stands: `Tags[team].Value`; of lists without names, `Rules[]`.
    pub path: String,
    /// What it was; none where there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is; none where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// The keys that the secrets of two snapshots were hashed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// One key.
    Same,
    /// Two keys.
    Different,
    /// Not in both were they hashed.
    NotBoth,
}

/// Lists of which the order says something: what runs first, which rule counts.
const ORDERED: [&str; 12] = [
    "command",
    "entryPoint",
    "EntryPoint",
    "Command",
    "Args",
    "Arguments",
    "CacheBehaviors",
    "stages",
    "actions",
    "Layers",
    "Steps",
    "healthCheck",
];

/// Fields that change with use and not because somebody changed something.
const USE: [&str; 24] = [
    "PasswordLastUsed",
    "RoleLastUsed",
    "LastUsedDate",
    "LastAccessedDate",
    "LastAccessedTime",
    "lastUsedTime",
    "LastAuthenticatedTime",
    "storedBytes",
    "StoredBytes",
    "SizeInBytes",
    "TableSizeBytes",
    "ItemCount",
    "IndexSizeBytes",
    "LatestRestorableTime",
    "EarliestRestorableTime",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "LatestDeliveryTime",
    "LatestNotificationTime",
    "LatestDigestDeliveryTime",
    "LatestDeliveryAttemptTime",
    "AttachmentCount",
    "ResponseMetadata",
];

/// What tells the items of a list apart, the first that all of them have.
const NAMES: [&str; 22] = [
    "Key",
    "key",
    "TagKey",
    "Sid",
    "Id",
    "id",
    "Arn",
    "arn",
    "Name",
    "name",
    "GroupId",
    "VolumeId",
    "DeviceName",
    "PolicyName",
    "PolicyArn",
    "AliasName",
    "RuleName",
    "ParameterKey",
    "OutputKey",
    "SubnetId",
    "TargetId",
    "UserName",
];

/// The fields that either document has, or that a call was made for.
pub(crate) fn fields<'a>(
    old: &Value,
    new: &Value,
    parts: impl Iterator<Item = &'a Arc<str>>,
) -> BTreeSet<Arc<str>> {
    let of = |document: &Value| -> Vec<Arc<str>> {
        document
            .as_object()
            .map(|entries| entries.keys().map(|name| name.as_str().into()).collect())
            .unwrap_or_default()
    };
    of(old)
        .into_iter()
        .chain(of(new))
        .chain(parts.cloned())
        .filter(|name| !USE.contains(&name.as_ref()))
        .collect()
}

/// The differences of a field, and whether secrets in it could not be compared.
pub(crate) fn differences(
    field: &str,
    old: Option<Value>,
    new: Option<Value>,
    keys: Keys,
) -> (Vec<Difference>, bool) {
    let mut comparer = Comparer { found: Vec::new(), is_open: false, keys };
    comparer.entry(field.to_owned(), field, old.as_ref(), new.as_ref());
    (comparer.found, comparer.is_open)
}

struct Comparer {
    found: Vec<Difference>,
    is_open: bool,
    keys: Keys,
}

impl Comparer {
    fn entry(&mut self, path: String, name: &str, old: Option<&Value>, new: Option<&Value>) {
        if USE.contains(&name) {
            return;
        }
        // The APIs write null for what is not there, or leave it away.
        let given = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
        match (given(old), given(new)) {
            (None, None) => {}
            (Some(old), Some(new)) => self.value(path, name, &old, &new),
            (old, new) => self.found.push(Difference { path, old, new }),
        }
    }

    fn value(&mut self, path: String, name: &str, old: &Value, new: &Value) {
        if old == new {
            return;
        }
        match (old, new) {
            (old, new) if is_secret(old) || is_secret(new) => match same_secret(old, new, self.keys) {
                Some(true) => {}
                Some(false) => self.push(path, old, new),
                None => self.is_open = true,
            },
            (Value::Object(old), Value::Object(new)) => self.objects(&path, old, new),
            (Value::Array(old), Value::Array(new)) => self.lists(&path, name, old, new),
            (Value::String(before), Value::String(after)) => match (document(before), document(after)) {
                (Some(before), Some(after)) => self.value(path, name, &before, &after),
                _ => self.push(path, old, new),
            },
            _ => self.push(path, old, new),
        }
    }

    fn push(&mut self, path: String, old: &Value, new: &Value) {
        self.found.push(Difference { path, old: Some(old.clone()), new: Some(new.clone()) });
    }

    fn objects(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        for (name, value) in old {
            self.entry(format!("{path}.{name}"), name, Some(value), new.get(name));
        }
        for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            self.entry(format!("{path}.{name}"), name, None, Some(value));
        }
    }

    fn lists(&mut self, path: &str, name: &str, old: &[Value], new: &[Value]) {
        if ORDERED.contains(&name) {
            for at in 0..old.len().max(new.len()) {
                self.entry(format!("{path}[{at}]"), "", old.get(at), new.get(at));
            }
            return;
        }
        if let Some(key) = key_of(old, new) {
            let named = |item: &Value| item.get(key).map(shown).unwrap_or_default();
            for item in old {
                let name = named(item);
                let other = new.iter().find(|other| named(other) == name);
                self.entry(format!("{path}[{name}]"), "", Some(item), other);
            }
            for item in new.iter().filter(|item| !old.iter().any(|other| named(other) == named(item))) {
                self.entry(format!("{path}[{}]", named(item)), "", None, Some(item));
            }
            return;
        }
        // Of items without names, those that are on both sides are set aside, each once.
        let mut rest: Vec<(String, &Value)> = new.iter().map(|item| (canonical(item), item)).collect();
        let mut gone = Vec::new();
        for item in old {
            let text = canonical(item);
            match rest.iter().position(|(other, _)| *other == text) {
                Some(at) => drop(rest.swap_remove(at)),
                None => gone.push(item),
            }
        }
        rest.sort_by(|one, other| one.0.cmp(&other.0));
        if let ([old], [(_, new)]) = (gone.as_slice(), rest.as_slice()) {
            return self.value(format!("{path}[]"), "", old, new);
        }
        for item in gone {
            self.entry(format!("{path}[]"), "", Some(item), None);
        }
        for (_, item) in rest {
            self.entry(format!("{path}[]"), "", None, Some(item));
        }
    }
}

/// The name by which all items of both lists are told apart.
fn key_of(old: &[Value], new: &[Value]) -> Option<&'static str> {
    NAMES.iter().copied().find(|key| {
        [old, new].iter().all(|list| {
            let names: BTreeSet<String> = list.iter().filter_map(|item| item.get(key).map(shown)).collect();
            names.len() == list.len()
        })
    })
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text that is the same for values that are the same but for order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().map(canonical).collect();
            items.sort();
            format!("[{}]", items.join(","))
        }
        Value::Object(entries) => {
            let mut entries: Vec<String> = (entries.iter())
                .filter(|(name, _)| !USE.contains(&name.as_str()))
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}

/// The document that a text is, as policies are.
fn document(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn is_secret(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| entries.len() == 1 && entries.contains_key(MARKER))
}

/// Are two secrets the same? None where that can't be told from their hashes.
fn same_secret(old: &Value, new: &Value, keys: Keys) -> Option<bool> {
    if !(is_secret(old) && is_secret(new)) {
        // Where both hash secrets, what is not hashed is none. Otherwise one may be the other as it is.
        return (keys != Keys::NotBoth).then_some(false);
    }
    let about = |value: &Value| {
        let marker = value.get(MARKER)?;
        let parts = marker.get("parts")?.as_array()?.iter();
        let parts: Vec<_> =
            parts.map(|part| (part.get("class").cloned(), part.get("length").cloned())).collect();
        Some((marker.get("around").cloned(), parts))
    };
    if about(old) != about(new) {
        return Some(false);
    }
    (keys == Keys::Same).then(|| old == new)
}
