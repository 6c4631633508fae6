//! Reads the YAML blocks of a kind page; what is wrong is said with line, column and the nearest right word.

use crate::coerce::coerce;
use crate::grammar::{Absent, AttributeRule, Chain, Collect, Is, Kind, Scope, SourcePath, When};
use crate::path::{self, Place};
use indexmap::IndexMap;
use palisade_document::{Keys, Text, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Level, Map, Node, Origin, Position, ResourceType, Source, Span, Value};
use std::sync::Arc;

const RULE_FIELDS: [&str; 10] =
    ["is", "about", "secret", "live", "cloudformation", "terraform", "or", "values", "absent", "each"];
const COLLECT_FIELDS: [&str; 13] = [
    "call",
    "in",
    "for",
    "with",
    "each",
    "only",
    "id",
    "keep",
    "into",
    "none-when",
    "region",
    "batch",
    "unchanged-while",
];
/// More than any service takes.
const BATCH_MAX: usize = 1_000;
const PLAIN_TYPES: [&str; 16] = [
    "bool",
    "number",
    "text",
    "name",
    "arn",
    "id",
    "base64",
    "json",
    "policy",
    "tags",
    "protocol",
    "first port",
    "last port",
    "management events",
    "record",
    "list of text",
];
const SOURCES: [(&str, Source); 3] =
    [("live", Source::Live), ("cloudformation", Source::Cloudformation), ("terraform", Source::Terraform)];
/// How deep `each` and `list of` may nest: far more than any API does.
const MAX_NESTING: usize = 16;

/// Reads a kind from the text of its page's `attributes` block and, where it has one, its `collect` block.
///
/// There is no kind only when the attributes can't be read at all; an attribute that is wrong is left out.
pub fn parse_kind(
    kind: ResourceType,
    title: impl Into<Arc<str>>,
    collection: Option<Arc<str>>,
    attributes: Text<'_>,
    collect: Option<Text<'_>>,
) -> (Option<Kind>, Vec<Diagnostic>) {
    let mut parser = Parser::default();
    let read = parser.read(attributes).and_then(|root| {
        let rules = parser.rules(&root, false, 0)?;
        Some((root, rules))
    });
    let calls = collect.map(|text| parser.collect(text)).unwrap_or_default();
    let Some((root, rules)) = read else {
        return (None, parser.diagnostics);
    };
    let (terraform, cloudformation) = own_types(&kind, &rules);
    parser.check_conditions(&rules, &terraform, &cloudformation);
    let kind = Kind {
        kind,
        title: title.into(),
        collection,
        attributes: rules,
        collect: calls,
        terraform,
        cloudformation,
        span: span_of(&root),
    };
    (Some(kind), parser.diagnostics)
}

/// The types that are of this kind: those that a path without a join begins with, and CloudFormation's own.
fn own_types(
    kind: &ResourceType,
    rules: &IndexMap<Arc<str>, AttributeRule>,
) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
    let types = |source| {
        let paths = rules.values().flat_map(move |rule| rule.paths(source));
        let own = paths.flat_map(|chain| &chain.0).filter(|path| path.join.is_none());
        own.flat_map(|path| path.types.iter().cloned())
    };
    let unique = |types: &mut dyn Iterator<Item = Arc<str>>| -> Vec<Arc<str>> {
        let mut seen: Vec<Arc<str>> = Vec::new();
        for name in types {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen
    };
    let itself: Arc<str> = kind.as_str().into();
    (
        unique(&mut types(Source::Terraform)),
        unique(&mut std::iter::once(itself).chain(types(Source::Cloudformation))),
    )
}

#[derive(Default)]
struct Parser {
    diagnostics: Vec<Diagnostic>,
    keys: Keys,
}

impl Parser {
    fn wrong(&mut self, at: &Node, message: impl Into<String>) -> &mut Diagnostic {
        self.wrong_at(span_of(at), message)
    }

    fn wrong_at(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let index = self.diagnostics.len();
        self.diagnostics.push(Diagnostic::error(message).at(span));
        &mut self.diagnostics[index]
    }

    /// Reads the one document of a block.
    fn read(&mut self, text: Text<'_>) -> Option<Node> {
        let read = read_yaml(text, &refuse_tags);
        let has_errors = read.diagnostics.iter().any(|found| found.level == Level::Error);
        self.diagnostics.extend(read.diagnostics);
        self.keys = read.keys;
        let mut documents = read.documents.into_iter();
        let Some(root) = documents.next() else {
            if !has_errors {
                let span = Span { file: text.file.clone(), start: text.start, end: text.start };
                self.wrong_at(span, "the block is empty");
            }
            return None;
        };
        if let Some(second) = documents.next() {
            self.wrong(&second, "one document is expected, not several");
        }
        Some(root)
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Map> {
        let Value::Map(map) = &node.value else {
            self.wrong(node, format!("{what} must be a map of names and values"));
            return None;
        };
        Some(map)
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.wrong(node, format!("`{what}` must be a text"));
        }
        text
    }

    /// Complains of the fields that are none of those expected.
    fn check_fields(&mut self, map: &Map, expected: &[&str], of: &str) {
        for (name, value) in &map.entries {
            if !expected.contains(&name.as_ref()) {
                let span = self.keys.of(value).unwrap_or_else(|| span_of(value));
                let help = remedy(name, expected.iter().copied());
                self.wrong_at(span, format!("`{name}` is not a field of {of}")).help = Some(help);
            }
        }
    }

    fn rules(
        &mut self,
        node: &Node,
        is_inside: bool,
        depth: usize,
    ) -> Option<IndexMap<Arc<str>, AttributeRule>> {
        let what = if is_inside { "`each`" } else { "the attributes" };
        if depth > MAX_NESTING {
            self.wrong(node, "records nest too deeply");
            return None;
        }
        let map = self.map(node, what)?;
        let mut rules = IndexMap::new();
        for (name, value) in &map.entries {
            self.check_name(name, value);
            if let Some(rule) = self.rule(name, value, is_inside, depth) {
                rules.insert(name.clone(), rule);
            }
        }
        Some(rules)
    }

    fn check_name(&mut self, name: &str, value: &Node) {
        let is_snake = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_snake {
            let span = self.keys.of(value).unwrap_or_else(|| span_of(value));
            self.wrong_at(span, format!("`{name}` is not a name for an attribute")).help =
                Some("lower-case words joined by `_` are expected".into());
        }
    }

    fn rule(&mut self, name: &str, node: &Node, is_inside: bool, depth: usize) -> Option<AttributeRule> {
        let map = self.map(node, &format!("`{name}`"))?;
        self.check_fields(map, &RULE_FIELDS, "an attribute");
        let Some(is) = map.entries.get("is") else {
            self.wrong(node, format!("`{name}` does not say what it is")).help =
                Some("add `is: text`, or another type".into());
            return None;
        };
        let is = self.is(is)?;
        let mut rule = AttributeRule {
            about: map.entries.get("about").and_then(|about| self.text(about, "about")).map(Arc::from),
            holds_secrets: self.holds_secrets(map),
            live: self.source(map, "live", Place::Plain),
            cloudformation: self.source(map, "cloudformation", place(is_inside, Place::Cloudformation)),
            terraform: self.source(map, "terraform", place(is_inside, Place::Terraform)),
            or: self.or(name, map, &is, is_inside),
            values: self.values(map),
            absent: Vec::new(),
            each: IndexMap::new(),
            span: span_of(node),
            is,
        };
        self.each(name, node, map, &mut rule, depth);
        self.check_chains(name, node, &rule);
        rule.absent = self.absent(name, node, map, &rule, is_inside);
        Some(rule)
    }

    fn holds_secrets(&mut self, map: &Map) -> bool {
        match map.entries.get("secret").map(|node| (&node.value, node)) {
            None => false,
            Some((Value::Bool(secret), _)) => *secret,
            Some((_, node)) => {
                self.wrong(node, "`secret` must be true or false");
                true
            }
        }
    }

    fn is(&mut self, node: &Node) -> Option<Is> {
        let text = self.text(node, "is")?;
        match parse_is(text, 0) {
            Ok(is) => Some(is),
            Err(message) => {
                let help = remedy(text, PLAIN_TYPES);
                self.wrong(node, message).help = Some(help);
                None
            }
        }
    }

    fn source(&mut self, rule: &Map, name: &str, place: Place) -> Vec<Chain> {
        let Some(node) = rule.entries.get(name) else {
            return Vec::new();
        };
        let alternatives = match &node.value {
            Value::List(list) => list.items.iter().collect(),
            _ => vec![node],
        };
        let mut chains = Vec::new();
        for node in alternatives {
            let Some(text) = self.text(node, name) else {
                continue;
            };
            match path::chain(text, place) {
                Ok(chain) => chains.push(chain),
                Err(message) => {
                    self.wrong(node, message);
                }
            }
        }
        chains
    }

    /// What makes a bool true as well, by source.
    fn or(&mut self, name: &str, rule: &Map, is: &Is, is_inside: bool) -> Vec<(Source, Chain)> {
        let Some(node) = rule.entries.get("or") else {
            return Vec::new();
        };
        let Some(map) = self.map(node, "`or`") else {
            return Vec::new();
        };
        if *is != Is::Bool || is_inside {
            self.wrong(node, format!("`{name}` has `or` but is no bool of the resource itself"));
        }
        self.check_fields(map, &SOURCES.map(|(word, _)| word), "`or`");
        let mut chains = Vec::new();
        for (word, source) in SOURCES {
            let place = match source {
                Source::Live => Place::Plain,
                Source::Cloudformation => Place::Cloudformation,
                Source::Terraform => Place::Terraform,
            };
            chains.extend(self.source(map, word, place).into_iter().map(|chain| (source, chain)));
        }
        chains
    }

    fn values(&mut self, rule: &Map) -> IndexMap<Arc<str>, Node> {
        let Some(node) = rule.entries.get("values") else {
            return IndexMap::new();
        };
        let Some(map) = self.map(node, "`values`") else {
            return IndexMap::new();
        };
        map.entries.clone()
    }

    fn each(&mut self, name: &str, node: &Node, map: &Map, rule: &mut AttributeRule, depth: usize) {
        match (map.entries.get("each"), *rule.is.item() == Is::Record) {
            (Some(each), true) => rule.each = self.rules(each, true, depth + 1).unwrap_or_default(),
            (None, true) => {
                self.wrong(node, format!("`{name}` is a record but doesn't say its fields")).help =
                    Some("add `each:` with a rule for each field".into());
            }
            (Some(each), false) => {
                self.wrong(each, format!("`{name}` has `each` but is no record")).help =
                    Some("say `is: list of record`".into());
            }
            (None, false) => {}
        }
    }

    fn check_chains(&mut self, name: &str, node: &Node, rule: &AttributeRule) {
        let takes_several = matches!(rule.is, Is::List(_) | Is::ManagementEvents);
        let has_several =
            SOURCES.iter().any(|(_, source)| rule.paths(*source).iter().any(|chain| chain.0.len() > 1));
        if has_several && !takes_several {
            self.wrong(node, format!("`{name}` joins several paths with `+` but is no list")).help =
                Some("give alternatives as a YAML list: the first that is there counts".into());
        }
    }

    fn absent(
        &mut self,
        name: &str,
        node: &Node,
        map: &Map,
        rule: &AttributeRule,
        is_inside: bool,
    ) -> Vec<(When, Absent)> {
        let Some(absent) = map.entries.get("absent") else {
            self.wrong(node, format!("`{name}` does not say what absence means")).help =
                Some("add `absent:` with `none`, `empty`, `unknown` or a default".into());
            return Vec::new();
        };
        match &absent.value {
            Value::Map(map) if !is_meaning(map) => self.conditions(map, rule, is_inside),
            _ => self
                .meaning(absent, &rule.is)
                .map(|meaning| vec![(When::Always, meaning)])
                .unwrap_or_default(),
        }
    }

    fn conditions(&mut self, map: &Map, rule: &AttributeRule, is_inside: bool) -> Vec<(When, Absent)> {
        let mut found = Vec::new();
        for (key, value) in &map.entries {
            let when = self.when(key, value, rule, is_inside);
            let meaning = self.meaning(value, &rule.is);
            found.extend(when.zip(meaning));
        }
        found
    }

    fn when(&mut self, key: &str, value: &Node, rule: &AttributeRule, is_inside: bool) -> Option<When> {
        if let Some((_, source)) = SOURCES.iter().find(|(word, _)| *word == key) {
            return Some(When::Source(*source));
        }
        if key == "outside" && !is_inside {
            return Some(When::Outside);
        }
        let span = self.keys.of(value).unwrap_or_else(|| span_of(value));
        let first = key.split('.').next().unwrap_or(key);
        let is_terraform = first.contains('_') && first.chars().all(|c| !c.is_ascii_uppercase());
        let looks_like_path = is_terraform || first.starts_with(|c: char| c.is_ascii_uppercase());
        if is_inside || !looks_like_path {
            let help = remedy(key, SOURCES.iter().map(|(word, _)| *word).chain(["outside"]));
            self.wrong_at(span, format!("`{key}` is neither a source nor a path")).help = Some(help);
            return None;
        }
        let (source, place) = if is_terraform {
            (Source::Terraform, Place::Terraform)
        } else {
            (Source::Cloudformation, Place::Cloudformation)
        };
        match path::condition(key, place) {
            Ok(mut path) => {
                path.join = join_of(&path.types, rule.paths(source)).cloned();
                Some(When::Present(source, path))
            }
            Err(message) => {
                self.wrong_at(span, message);
                None
            }
        }
    }

    fn meaning(&mut self, node: &Node, is: &Is) -> Option<Absent> {
        if let Value::Map(map) = &node.value {
            return match map.entries.first() {
                Some((key, reason)) if key.as_ref() == "unknown" => {
                    let reason = self.text(reason, "unknown")?;
                    Some(Absent::Unknown(Some(reason.into())))
                }
                Some((key, value)) if key.as_ref() == "value" => Some(Absent::Value(documented(value))),
                _ => {
                    self.wrong(node, "`{ unknown: … }` or `{ value: … }` is expected");
                    None
                }
            };
        }
        match node.text() {
            Some("none") => return Some(Absent::Nothing),
            Some("unknown") => return Some(Absent::Unknown(None)),
            Some("empty") => {
                return match is {
                    Is::List(_) => Some(Value::list(Vec::new())),
                    Is::Map(_) | Is::Tags => Some(Value::map([])),
                    _ => {
                        self.wrong(node, format!("a {is} can't be empty")).help =
                            Some("say `none`, or give a value".into());
                        None
                    }
                }
                .map(|value| Absent::Value(documented(&Node::new(value, node.origin.clone()))));
            }
            _ => {}
        }
        let value = coerce(is, node.clone());
        if let Value::Unknown(_) | Value::Null = &value.value {
            self.wrong(node, format!("this is not a {is}"));
            return None;
        }
        Some(Absent::Value(documented(&value)))
    }

    /// A path in a condition begins with a type of the kind's own, or with one that the attribute joins.
    fn check_conditions(
        &mut self,
        rules: &IndexMap<Arc<str>, AttributeRule>,
        terraform: &[Arc<str>],
        cloudformation: &[Arc<str>],
    ) {
        for rule in rules.values() {
            for (when, _) in &rule.absent {
                let When::Present(source, path) = when else {
                    continue;
                };
                let own = if *source == Source::Terraform { terraform } else { cloudformation };
                let unknown = path.types.iter().find(|name| !own.contains(name));
                if let (Some(name), None) = (unknown, &path.join) {
                    let help = remedy(name, own.iter().map(AsRef::as_ref));
                    self.wrong_at(
                        rule.span.clone(),
                        format!("`{name}` is no type of this kind, nor joined here"),
                    )
                    .help = Some(help);
                }
            }
        }
    }

    fn collect(&mut self, text: Text<'_>) -> Vec<Collect> {
        let Some(root) = self.read(text) else {
            return Vec::new();
        };
        let Value::List(list) = &root.value else {
            self.wrong(&root, "`collect` must be a list of calls");
            return Vec::new();
        };
        let mut calls: Vec<Collect> = Vec::new();
        for node in &list.items {
            let Some(call) = self.call(node) else {
                continue;
            };
            let is_first = calls.is_empty();
            match is_first {
                true => self.check_listing(node, &call),
                false => self.check_part(node, &call),
            }
            calls.push(call);
        }
        calls
    }

    fn check_listing(&mut self, node: &Node, call: &Collect) {
        if call.scope.is_some() && call.parent.is_some() {
            self.wrong(node, "`in` or `for` is expected, not both");
        }
        let has_place = call.scope.is_some() || call.parent.is_some();
        let is_singleton = call.into.is_some() && call.each.is_none() && call.parent.is_none();
        if !has_place || !is_singleton && (call.each.is_none() || call.id.is_empty()) {
            self.wrong(node, "the first call lists the resources, so it needs `in`, `each` and `id`");
        }
        if call.batch > 1 || call.region.is_some() && !is_singleton {
            self.wrong(node, "`batch` and `region` are for calls on each resource");
        }
    }

    fn check_part(&mut self, node: &Node, call: &Collect) {
        if call.into.is_none() {
            self.wrong(node, "a call on each resource needs `into`: the field that takes the answer");
        }
        if call.scope.is_some() || call.parent.is_some() {
            self.wrong(node, "`in` and `for` are for the first call, which lists the resources");
        }
        if call.batch > 1 && (call.each.is_none() || call.id.len() != 1) {
            self.wrong(
                node,
                "a call with `batch` needs `each`, the list in its answer, and the `id` of its items",
            );
        }
    }

    fn call(&mut self, node: &Node) -> Option<Collect> {
        let map = self.map(node, "a call")?;
        self.check_fields(map, &COLLECT_FIELDS, "a call");
        let Some(call) = map.entries.get("call") else {
            self.wrong(node, "`call` is missing");
            return None;
        };
        let text = self.text(call, "call")?;
        let Some((service, operation)) = text.split_once('.').filter(|(service, operation)| {
            !service.is_empty() && operation.starts_with(|c: char| c.is_ascii_uppercase())
        }) else {
            self.wrong(call, format!("`{text}` is not a call: `service.Operation` is expected"));
            return None;
        };
        Some(Collect {
            service: service.into(),
            operation: operation.into(),
            scope: map.entries.get("in").and_then(|scope| self.scope(scope)),
            with: map
                .entries
                .get("with")
                .and_then(|with| self.map(with, "`with`"))
                .map(|with| with.entries.clone())
                .unwrap_or_default(),
            each: map.entries.get("each").and_then(|each| self.chain(each)),
            only: map
                .entries
                .get("only")
                .and_then(|only| self.map(only, "`only`"))
                .map(|only| only.entries.clone())
                .unwrap_or_default(),
            id: self.words(map, "id"),
            keep: self.words(map, "keep"),
            into: map.entries.get("into").and_then(|into| self.text(into, "into")).map(Arc::from),
            none_when: self.words(map, "none-when"),
            parent: map.entries.get("for").and_then(|parent| self.parent(parent)),
            region: map.entries.get("region").and_then(|region| self.region(region)),
            batch: map.entries.get("batch").and_then(|batch| self.batch(batch)).unwrap_or(1),
            unchanged_while: self.words(map, "unchanged-while"),
        })
    }

    fn parent(&mut self, node: &Node) -> Option<ResourceType> {
        let text = self.text(node, "for")?;
        text.parse()
            .map_err(|error: palisade_model::ParseIdError| {
                self.wrong(node, error.to_string());
            })
            .ok()
    }

    fn region(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "region")?;
        match text.strip_prefix('$') {
            Some(field) if !field.is_empty() => Some(field.into()),
            _ => {
                self.wrong(node, "a field of the document is expected, as in `$BucketRegion`");
                None
            }
        }
    }

    fn batch(&mut self, node: &Node) -> Option<usize> {
        let size = match &node.value {
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        };
        let size = size.filter(|size| (2..=BATCH_MAX).contains(size));
        if size.is_none() {
            self.wrong(node, format!("a number from 2 to {BATCH_MAX} is expected"));
        }
        size
    }

    fn scope(&mut self, node: &Node) -> Option<Scope> {
        match self.text(node, "in")? {
            "every region" => Some(Scope::EveryRegion),
            "the account" => Some(Scope::Account),
            "the organisation" => Some(Scope::Organisation),
            other => {
                let help = remedy(other, ["every region", "the account", "the organisation"]);
                self.wrong(node, format!("`{other}` is no place to call")).help = Some(help);
                None
            }
        }
    }

    fn chain(&mut self, node: &Node) -> Option<Chain> {
        let text = self.text(node, "each")?;
        path::chain(text, Place::Plain)
            .map_err(|message| {
                self.wrong(node, message);
            })
            .ok()
    }

    fn words(&mut self, map: &Map, name: &str) -> Vec<Arc<str>> {
        let Some(node) = map.entries.get(name) else {
            return Vec::new();
        };
        let nodes = match &node.value {
            Value::List(list) => list.items.iter().collect(),
            _ => vec![node],
        };
        nodes.into_iter().filter_map(|node| self.text(node, name).map(Arc::from)).collect()
    }
}

fn place(is_inside: bool, outside: Place) -> Place {
    if is_inside { Place::Plain } else { outside }
}

/// The join by which one of these paths reaches a resource of these types.
fn join_of<'a>(types: &[Arc<str>], chains: &'a [Chain]) -> Option<&'a crate::grammar::Join> {
    let mut paths = chains.iter().flat_map(|chain| &chain.0);
    let joined = |path: &&SourcePath| path.join.is_some() && path.types == types;
    paths.find(joined).and_then(|path| path.join.as_ref())
}

/// `{ unknown: … }` and `{ value: … }` are meanings; other maps go from conditions to meanings.
fn is_meaning(map: &Map) -> bool {
    let mut keys = map.entries.keys();
    matches!((keys.next().map(AsRef::as_ref), keys.next()), (Some("unknown" | "value"), None))
}

fn parse_is(text: &str, depth: usize) -> Result<Is, String> {
    let wrong = || format!("`{text}` is not a type of value");
    if depth > MAX_NESTING {
        return Err(wrong());
    }
    let kind = |name: &str| name.parse::<ResourceType>().map_err(|error| error.to_string());
    let text = text.trim();
    if let Some(of) = text.strip_prefix("list of ") {
        return Ok(Is::List(Box::new(parse_is(of, depth + 1)?)));
    }
    if let Some(of) = text.strip_prefix("map of ") {
        return Ok(Is::Map(Box::new(parse_is(of, depth + 1)?)));
    }
    if let Some(of) = text.strip_prefix("arn of ") {
        return Ok(Is::Arn(Some(kind(of)?)));
    }
    if let Some(of) = text.strip_prefix("id of ") {
        return Ok(Is::Id(Some(kind(of)?)));
    }
    Ok(match text {
        "bool" => Is::Bool,
        "number" => Is::Number,
        "text" => Is::Text,
        "name" => Is::Name,
        "arn" => Is::Arn(None),
        "id" => Is::Id(None),
        "base64" => Is::Base64,
        "json" => Is::Json,
        "policy" => Is::Policy,
        "tags" => Is::Tags,
        "protocol" => Is::Protocol,
        "first port" => Is::FirstPort,
        "last port" => Is::LastPort,
        "management events" => Is::ManagementEvents,
        "record" => Is::Record,
        _ => return Err(wrong()),
    })
}

/// The nearest right word, or all of them.
fn remedy<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let distance = |candidate: &&str| strsim::damerau_levenshtein(word, candidate);
    let near = candidates
        .iter()
        .copied()
        .filter(|candidate| word.len() < 200 && distance(candidate) <= (candidate.len() / 3).clamp(1, 6))
        .min_by_key(distance);
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of `{}` is expected", candidates.join("`, `")),
    }
}

/// A default stands in no file: it is what AWS or Terraform documents.
fn documented(node: &Node) -> Node {
    let origin = Origin::Documented("the documented default".into());
    crate::json::with_origin(node, &origin)
}

pub(crate) fn span_of(node: &Node) -> Span {
    node.origin.span().cloned().unwrap_or_else(|| {
        let start = Position { line: 1, column: 1 };
        Span { file: "".into(), start, end: start }
    })
}
