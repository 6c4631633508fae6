//! Reads a whole Sigma rule as the community writes them: `.yml` with a title, a log source and a detection.

use crate::Rule;
use crate::compile::{compile, error, nearest, shape, warning};
use palisade_model::{Diagnostic, Level, Node, Severity, Value};
use std::sync::Arc;

/// A Sigma rule with what its author says of it.
#[derive(Debug, Clone)]
pub struct CommunityRule {
    /// What it detects.
    pub title: Arc<str>,
    /// Its UUID.
    pub id: Option<Arc<str>>,
    /// A name that other rules call it by.
    pub name: Option<Arc<str>>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// Who wrote it; the Detection Rule License asks that it be shown.
    pub author: Option<Arc<str>>,
    /// The license it is under.
    pub license: Option<Arc<str>>,
    /// How far it is trusted.
    pub status: Option<Status>,
    /// How much a match matters.
    pub level: Option<Severity>,
    /// The log it is meant for.
    pub log_source: LogSource,
    /// Its tags, as `attack.t1078.004`.
    pub tags: Vec<Arc<str>>,
    /// Where it came from.
    pub references: Vec<Arc<str>>,
    /// What harmless things also match.
    pub false_positives: Vec<Arc<str>>,
    /// The compiled detection.
    pub rule: Rule,
}

/// The log that a rule is meant for. All that is given must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSource {
    /// A kind of log, as `process_creation`.
    pub category: Option<Arc<str>>,
    /// The product that writes it, as `aws`.
    pub product: Option<Arc<str>>,
    /// The part of it, as `cloudtrail`.
    pub service: Option<Arc<str>>,
}

/// How far a rule is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Fit for production.
    Stable,
    /// Mostly stable.
    Test,
    /// May be noisy.
    Experimental,
    /// Replaced by another.
    Deprecated,
    /// Of no use in its current state.
    Unsupported,
}

impl CommunityRule {
    /// The techniques of MITRE ATT&CK that its tags name, as `T1078.004`.
    pub fn attack(&self) -> Vec<String> {
        let techniques = self.tags.iter().filter_map(|tag| {
            let id = tag.strip_prefix("attack.")?.to_uppercase();
            let digits = id.strip_prefix('T')?;
            digits.chars().all(|c| c.is_ascii_digit() || c == '.').then_some(id)
        });
        techniques.collect()
    }
}

/// Reads one document of a community rule file. Correlations and filters are refused by name.
pub fn parse_community_rule(document: &Node) -> (Option<CommunityRule>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let rule = read(document, &mut diagnostics);
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error);
    (rule.filter(|_| is_sound), diagnostics)
}

fn read(document: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<CommunityRule> {
    if !matches!(document.value, Value::Map(_)) {
        let message = format!("a Sigma rule is a map, not {}", shape(document));
        diagnostics.push(error(document, message, "begin with `title`, `logsource` and `detection`"));
        return None;
    }
    for (key, message, help) in [
        ("correlation", "a correlation over many events", "correlation rules are not supported yet"),
        (
            "filter",
            "a filter on other rules",
            "filters are not supported yet: put its selections into the rule",
        ),
        ("action", "`action` joins several documents, as old Sigma did", "write each rule whole"),
    ] {
        if let Some(node) = document.get(key) {
            diagnostics.push(error(node, format!("this is {message}"), help));
            return None;
        }
    }
    let title = text(document, "title", diagnostics);
    if title.is_none() {
        diagnostics.push(error(document, "the rule has no `title`", "say what it detects"));
    }
    let rule = match document.get("detection") {
        Some(detection) => {
            let (rule, found) = compile(detection);
            diagnostics.extend(found);
            rule
        }
        None => {
            diagnostics.push(error(
                document,
                "the rule has no `detection`",
                "add its selections and their condition",
            ));
            None
        }
    };
    Some(CommunityRule {
        id: text(document, "id", diagnostics),
        name: text(document, "name", diagnostics),
        description: text(document, "description", diagnostics),
        author: text(document, "author", diagnostics),
        license: text(document, "license", diagnostics),
        status: word(document, "status", &STATUSES, diagnostics),
        level: word(document, "level", &LEVELS, diagnostics),
        log_source: log_source(document, diagnostics),
        tags: texts(document, "tags", diagnostics),
        references: texts(document, "references", diagnostics),
        false_positives: texts(document, "falsepositives", diagnostics),
        title: title?,
        rule: rule?,
    })
}

const STATUSES: [(&str, Status); 5] = [
    ("stable", Status::Stable),
    ("test", Status::Test),
    ("experimental", Status::Experimental),
    ("deprecated", Status::Deprecated),
    ("unsupported", Status::Unsupported),
];

const LEVELS: [(&str, Severity); 5] = [
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

fn log_source(document: &Node, diagnostics: &mut Vec<Diagnostic>) -> LogSource {
    let Some(source) = document.get("logsource") else {
        diagnostics.push(error(
            document,
            "the rule has no `logsource`",
            "say which log it is meant for, as in `product: aws`",
        ));
        return LogSource::default();
    };
    let read = LogSource {
        category: text(source, "category", diagnostics),
        product: text(source, "product", diagnostics),
        service: text(source, "service", diagnostics),
    };
    if read == LogSource::default() {
        diagnostics.push(error(
            source,
            "the `logsource` names no log",
            "give `product`, `service` or `category`",
        ));
    }
    read
}

/// An optional text. Another shape of value is a warning: nothing that is matched is lost by it.
fn text(map: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    let node = map.get(key)?;
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Null => None,
        _ => {
            diagnostics.push(warning(
                node,
                format!("`{key}` is a text, not {}", shape(node)),
                "it is left out",
            ));
            None
        }
    }
}

/// An optional list of texts, or one text.
fn texts(map: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Arc<str>> {
    let Some(node) = map.get(key) else {
        return Vec::new();
    };
    let items = match &node.value {
        Value::List(list) => list.items.as_slice(),
        Value::Null => &[],
        _ => std::slice::from_ref(node),
    };
    let mut texts = Vec::new();
    for item in items {
        match &item.value {
            Value::Text(text) => texts.push(text.clone()),
            _ => diagnostics.push(warning(
                item,
                format!("`{key}` holds texts, not {}", shape(item)),
                "it is left out",
            )),
        }
    }
    texts
}

/// An optional word out of a few.
fn word<T: Copy>(map: &Node, key: &str, words: &[(&str, T)], diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    let written = text(map, key, diagnostics)?;
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&written));
    if found.is_none()
        && let Some(node) = map.get(key)
    {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = match nearest(&written, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", known.join(", ")),
        };
        diagnostics.push(warning(node, format!("`{written}` is not a {key}"), help));
    }
    found.map(|(_, value)| *value)
}
