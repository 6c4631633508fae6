//! Reads files of invariants.

use super::scope::Scope;
use palisade_access::{By, Invariant, names_an_action};
use palisade_document::{Keys, Text, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Level, Map, Node, Span, Value};
use palisade_services::Reference;
use std::sync::Arc;

/// One invariant as it is written.
pub struct Statement {
    pub invariant: Invariant,
    pub scope: Scope,
    /// The regions are those of the command line.
    pub regions_are_given: bool,
    at: Option<Span>,
}

impl Statement {
    /// That something is wrong with it.
    pub fn wrong(&self, message: &str) -> Diagnostic {
        placed(Diagnostic::error(message), self.at.clone())
    }
}

const KEYS: &str =
    "`actions`, `in`, `except`, `outside-regions`, `except-services`, `resources`, `by`, `where`";

struct Reader<'a> {
    keys: &'a Keys,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// The invariants of a file; what is wrong with it is told.
pub fn statements(file: &Arc<str>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Statement> {
    let read = read_yaml(Text::whole(file, text), &refuse_tags);
    let is_broken = read.diagnostics.iter().any(|d| d.level == Level::Error);
    diagnostics.extend(read.diagnostics);
    if is_broken {
        return Vec::new();
    }
    let mut reader = Reader { keys: &read.keys, diagnostics };
    let mut found = Vec::new();
    for document in &read.documents {
        match &document.value {
            Value::List(list) => found.extend(list.items.iter().filter_map(|item| reader.statement(item))),
            _ => reader.wrong(document, "a list of invariants is expected"),
        }
    }
    if found.is_empty() && !reader.diagnostics.iter().any(|d| d.level == Level::Error) {
        reader.diagnostics.push(Diagnostic::error(format!("`{file}` holds no invariant")));
    }
    found
}

fn placed(diagnostic: Diagnostic, at: Option<Span>) -> Diagnostic {
    match at {
        Some(at) => diagnostic.at(at),
        None => diagnostic,
    }
}

impl Reader<'_> {
    fn wrong(&mut self, node: &Node, message: &str) {
        self.diagnostics.push(placed(Diagnostic::error(message), node.origin.span().cloned()));
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Map> {
        match &node.value {
            Value::Map(map) => Some(map),
            _ => {
                self.wrong(node, &format!("{what} is expected"));
                None
            }
        }
    }

    fn statement(&mut self, node: &Node) -> Option<Statement> {
        let map = self.map(node, "an invariant with `name` and `never`")?;
        for (key, value) in &map.entries {
            if !matches!(key.as_ref(), "name" | "never") {
                self.unknown(key, value, "`name` and `never`");
            }
        }
        let name = match map.entries.get("name").map(|name| (name, name.text())) {
            Some((_, Some(name))) => name.to_owned(),
            Some((node, None)) => {
                self.wrong(node, "a name is expected");
                return None;
            }
            None => {
                self.wrong(node, "the invariant has no `name`");
                return None;
            }
        };
        let Some(never) = map.entries.get("never") else {
            self.wrong(node, &format!("`{name}` does not say what must `never` be"));
            return None;
        };
        let mut statement = Statement {
            invariant: Invariant { name: name.clone(), ..Invariant::default() },
            scope: Vec::new(),
            regions_are_given: false,
            at: node.origin.span().cloned(),
        };
        for (key, value) in &self.map(never, "a map of what must never be")?.entries {
            self.entry(key, value, &mut statement);
        }
        self.whole(never, &mut statement);
        Some(statement)
    }

    fn unknown(&mut self, key: &str, value: &Node, expected: &str) {
        let at = self.keys.of(value).or_else(|| value.origin.span().cloned());
        let wrong = Diagnostic::error(format!("`{key}` has no meaning here"));
        self.diagnostics.push(placed(wrong.help(format!("{expected} are expected")), at));
    }

    fn entry(&mut self, key: &str, value: &Node, statement: &mut Statement) {
        let invariant = &mut statement.invariant;
        match key {
            "actions" => {
                for (action, node) in self.texts(value) {
                    if !names_an_action(&action) {
                        self.wrong(node, &format!("`{action}` names no action that is known"));
                    }
                    invariant.actions.push(action);
                }
            }
            "except-services" => {
                for (service, node) in self.texts(value) {
                    if Reference::shipped().service(&service).is_none() {
                        self.wrong(node, &format!("`{service}` is no service that is known"));
                    }
                    invariant.except_services.push(service);
                }
            }
            "in" => {
                for (word, node) in self.texts(value) {
                    // An account without quotes loses its first zeros.
                    let is_number = matches!(node.value, Value::Number(_));
                    let word = if is_number { format!("{word:0>12}") } else { word };
                    statement.scope.push((word, node.origin.span().cloned()));
                }
            }
            "except" => {
                for (arn, node) in self.texts(value) {
                    if !arn.starts_with("arn:") || arn.splitn(6, ':').count() < 6 {
                        self.wrong(node, &format!("`{arn}` is no ARN of a principal"));
                    }
                    invariant.except.push(arn);
                }
            }
            "resources" => {
                for (arn, node) in self.texts(value) {
                    if arn != "*" && (!arn.starts_with("arn:") || arn.splitn(6, ':').count() < 6) {
                        self.wrong(node, &format!("`{arn}` is no ARN"));
                    }
                    invariant.resources.push(arn);
                }
            }
            "outside-regions" if value.text() == Some("given") => statement.regions_are_given = true,
            "outside-regions" => {
                invariant.outside_regions = self.texts(value).into_iter().map(|(text, _)| text).collect();
            }
            "by" => match value.text() {
                Some("outside-organisation") => invariant.by = By::Outside,
                Some("member-accounts") => invariant.by = By::Inside,
                _ => self.wrong(value, "`member-accounts` or `outside-organisation` is expected"),
            },
            "where" => {
                let Some(map) = self.map(value, "a map of condition keys and their values") else { return };
                for (key, value) in &map.entries {
                    let values = self.texts(value).into_iter().map(|(text, _)| text).collect();
                    invariant.conditions.push((key.to_string(), values));
                }
            }
            _ => self.unknown(key, value, KEYS),
        }
    }

    /// What must hold of all of it.
    fn whole(&mut self, never: &Node, statement: &mut Statement) {
        let invariant = &statement.invariant;
        if invariant.actions.is_empty() {
            self.wrong(never, "`actions` are not told");
        }
        if !invariant.except_services.is_empty() && invariant.actions != ["*"] {
            self.wrong(never, "`except-services` goes with the actions `[\"*\"]` only");
        }
        if !invariant.except.is_empty() && invariant.by == By::Outside {
            self.wrong(never, "`except` goes with principals of the organisation only");
        }
        if statement.scope.is_empty() {
            statement.scope = vec![("all".to_owned(), None)];
        }
    }

    /// One text, or several.
    fn texts<'n>(&mut self, node: &'n Node) -> Vec<(String, &'n Node)> {
        let items = match &node.value {
            Value::List(list) if list.items.is_empty() => {
                self.wrong(node, "the list is empty");
                return Vec::new();
            }
            Value::List(list) => list.items.iter().collect(),
            _ => vec![node],
        };
        let mut found = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => found.push((text.to_string(), item)),
                Value::Number(number) => found.push((number.to_string(), item)),
                Value::Bool(is_true) => found.push((is_true.to_string(), item)),
                _ => self.wrong(item, "a text is expected"),
            }
        }
        found
    }
}
