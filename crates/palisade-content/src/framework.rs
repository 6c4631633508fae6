//! Frameworks: somebody's list of controls, and the objectives that answer each.

use crate::fields::{Fields, Word};
use crate::load::{Mention, Wanted};
use palisade_model::{PageId, Span, Value};
use std::sync::Arc;

/// Somebody's list of controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    /// The name a control is cited with, as in `CIS AWS 5.0`.
    pub short: Arc<str>,
    /// The controls, in its own order.
    pub controls: Vec<Control>,
}

/// A control: its id, and what answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The framework's own id of it.
    pub id: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// What answers it; nothing where Palisade has no answer yet.
    pub covers: Vec<Covers>,
}

/// What answers a control.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Covers {
    /// All that stands for an outcome.
    Objective(PageId),
    /// One check.
    Check(PageId),
    /// One detection.
    Detection(PageId),
}

/// Reads the fields of a framework.
pub(crate) fn read(
    fields: &mut Fields<'_>,
    title: Option<&Arc<str>>,
    mentions: &mut Vec<Mention>,
) -> Option<Framework> {
    let short = fields.word("short").map(|word| word.text);
    let controls = match fields.take("controls") {
        Some(node) => match &node.value {
            Value::Map(map) => map,
            _ => {
                let span = fields.span_of(node);
                let help = "write `id: [objective, …]` below it, one line for each".to_owned();
                fields.error(&span, "`controls` is not a map of ids".to_owned(), Some(help));
                return None;
            }
        },
        None => {
            fields.missing("controls", "{ CC6.1: [data-at-rest-is-encrypted] }");
            return None;
        }
    };
    let mut read = Vec::new();
    for (id, node) in &controls.entries {
        let words = match node.value {
            Value::Null => Vec::new(),
            _ => fields.as_words(id, node),
        };
        read.push(Control {
            id: id.clone(),
            span: fields.key_span(node),
            covers: words.iter().map(|word| covers(word, mentions)).collect(),
        });
    }
    Some(Framework { short: short.or(title.cloned())?, controls: read })
}

/// A plain name is an objective; `checks/…` and `detections/…` name a page.
fn covers(word: &Word, mentions: &mut Vec<Mention>) -> Covers {
    let (wanted, covers) = if let Some(id) = word.text.strip_prefix("checks/") {
        (Wanted::Check, Covers::Check(PageId::new(id)))
    } else if let Some(id) = word.text.strip_prefix("detections/") {
        (Wanted::Detection, Covers::Detection(PageId::new(id)))
    } else {
        (Wanted::Objective, Covers::Objective(PageId::new(&word.text)))
    };
    mentions.push(Mention::new(wanted, word));
    covers
}

impl Covers {
    pub(crate) fn is(&self, named: &str) -> bool {
        match self {
            Self::Objective(id) => id.as_str() == named,
            Self::Check(id) => named.strip_prefix("checks/") == Some(id.as_str()),
            Self::Detection(id) => named.strip_prefix("detections/") == Some(id.as_str()),
        }
    }
}
