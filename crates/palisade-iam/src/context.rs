//! The context of a request: each condition key has values, is absent, or is not known.

use crate::name::Name;
use std::sync::Arc;

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The request carries the key with these values (none: an empty set).
    Values(Box<[Box<str>]>),
    /// The request does not carry the key.
    Absent,
    /// The request carries the key; with which values is not known.
    Present(Arc<str>),
    /// Nothing is known of the key, with the reason.
    Unknown(Arc<str>),
}

impl Entry {
    /// One value.
    pub fn value(value: impl Into<Box<str>>) -> Self {
        Self::Values(Box::new([value.into()]))
    }
    /// Several values.
    pub fn values<T: Into<Box<str>>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::Values(values.into_iter().map(Into::into).collect())
    }
}

/// What holds of the keys that nobody listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// The request does not carry them.
    Absent,
    /// Nothing is known of them, with the reason.
    Unknown(Arc<str>),
}

/// The condition keys of a request. Names ignore letter case (IAM user guide, "Condition elements").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    // Sorted by name.
    entries: Vec<(Name, Entry)>,
    rest: Entry,
    // Beginnings of names of which all that exist were listed.
    closed: Vec<Box<str>>,
}

impl Context {
    /// A context without entries.
    pub fn new(rest: Rest) -> Self {
        let rest = match rest {
            Rest::Absent => Entry::Absent,
            Rest::Unknown(why) => Entry::Unknown(why),
        };
        Self { entries: Vec::new(), rest, closed: Vec::new() }
    }

    /// Sets a key, whatever was known of it before.
    pub fn set(&mut self, key: &str, entry: Entry) {
        let key = Name::new(key);
        match self.entries.binary_search_by(|(name, _)| name.cmp(&key)) {
            Ok(at) => self.entries[at].1 = entry,
            Err(at) => self.entries.insert(at, (key, entry)),
        }
    }

    /// Sets a key of which nothing was said yet.
    pub fn set_default(&mut self, key: &str, entry: Entry) {
        if !self.has(key) {
            self.set(key, entry);
        }
    }

    /// Was anything said of this key?
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.as_str().eq_ignore_ascii_case(key))
    }

    /// What is known of a key.
    pub fn get(&self, key: &Name) -> &Entry {
        match self.entries.binary_search_by(|(name, _)| name.cmp(key)) {
            Ok(at) => &self.entries[at].1,
            Err(_) => self.unlisted(key.as_str()),
        }
    }

    fn unlisted(&self, key: &str) -> &Entry {
        let begins =
            |start: &str| key.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        if self.closed.iter().any(|start| begins(start)) { &Entry::Absent } else { &self.rest }
    }

    /// Says that all keys that begin so were listed: the others are absent. So it is with known tags.
    pub fn close(&mut self, start: &str) {
        self.closed.push(start.to_ascii_lowercase().into());
    }

    /// What is known of the key of this name. Slower than [`Self::get`], which takes a name that was made once.
    pub fn of(&self, key: &str) -> &Entry {
        let found = self.entries.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(key));
        found.map_or_else(|| self.unlisted(key), |(_, entry)| entry)
    }

    /// The one value of a key, when that is known.
    pub fn one(&self, key: &str) -> Option<&str> {
        match self.of(key) {
            Entry::Values(values) if values.len() == 1 => values.first().map(AsRef::as_ref),
            _ => None,
        }
    }

    /// What was said of the keys that begin so (in lowercase), by what follows.
    pub(crate) fn with_prefix(&self, prefix: &'static str) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .filter_map(move |(name, entry)| Some((name.as_str().strip_prefix(prefix)?, entry)))
    }

    /// What is known of a key of which nothing was said.
    pub(crate) fn unlisted_entry(&self, key: &str) -> &Entry {
        self.unlisted(key)
    }

    /// All that was said, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// What holds of the keys that nobody listed.
    pub fn rest(&self) -> &Entry {
        &self.rest
    }
}
