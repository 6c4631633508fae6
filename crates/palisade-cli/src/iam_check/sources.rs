//! The policies that a question is about: one in a file of its own, or all that Terraform and CloudFormation declare.

use crate::content::{library, says};
use anyhow::Context as _;
use palisade_assess::{GatherOptions, gather, resolve};
use palisade_content::Library;
use palisade_iam::{Effect, Policy, PolicyKind, Strictness};
use palisade_model::{
    Attribute, Diagnostic, Existence, Level, Map, Meaning, Node, Origin, Resource, Span, Value, Why,
};
use palisade_prove::Attached;
use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No policy that is read here may be larger, in bytes.
const MAX_BYTES: u64 = 1 << 26;
/// What only templates, plans and states have.
const OF_SOURCES: [&str; 5] =
    ["Resources", "AWSTemplateFormatVersion", "planned_values", "resource_changes", "terraform_version"];

/// The name of the statement that stands beside those that only deny.
const ALL_ELSE: &str = "AllElse";

/// What was given to ask about.
pub enum Given {
    /// A policy.
    Document(Arc<Policy>),
    /// Sources that declare policies.
    Sources(Declared),
}

/// The policies that sources declare.
pub struct Declared {
    /// Each with its address.
    pub policies: Vec<Found>,
    /// Could part of the sources not be read?
    pub is_partial: bool,
}

/// A policy of a resource.
pub struct Found {
    /// What it is called on both sides of a comparison: its attribute and the address of its resource.
    pub name: String,
    /// Where its resource is declared.
    pub at: Option<Span>,
    /// The policy, with what limits it made complete.
    pub policy: Arc<Policy>,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// Why it is not known whether its resource exists.
    pub is_uncertain: Option<String>,
    /// As it was written, where it could be read.
    document: Option<Node>,
}

/// Two policies without those statements of which not all is known, and which say the same on both sides or do not help.
pub struct Known {
    /// The old policy.
    pub old: Attached,
    /// The new one.
    pub new: Attached,
    /// All that each does not deny: where a statement is left out that allows, the denials must be the same.
    pub undenied: [Attached; 2],
}

impl Found {
    /// The policy, ready for questions.
    pub fn attached(&self) -> Attached {
        Attached::new(vec![self.policy.clone()])
    }

    /// What can be compared of an old and a new policy when not all of both is known.
    ///
    /// A statement that is the same on both sides changes nothing, whatever its values will be. What the old policy may
    /// allow beside, and the new one deny, only makes it easier.
    pub fn known(&self, new: &Self) -> Option<Known> {
        let [mine, theirs] = [statements(self.document.as_ref()?)?, statements(new.document.as_ref()?)?];
        let (open_old, old): (Vec<&Node>, Vec<&Node>) = mine.into_iter().partition(|node| node.has_unknown());
        let (open_new, new_known): (Vec<&Node>, Vec<&Node>) =
            theirs.into_iter().partition(|node| node.has_unknown());
        let effect = |node: &Node| node.get("Effect").and_then(Node::text).map(str::to_owned);
        let is_in = |node: &Node, others: &[&Node]| others.iter().any(|other| is_same(node, other));
        let covers = |node: &Node| match effect(node).as_deref() {
            Some("Allow") => is_in(node, &open_old),
            Some("Deny") => true,
            _ => false,
        };
        let spares = |node: &Node| match effect(node).as_deref() {
            Some("Allow") => true,
            Some("Deny") => is_in(node, &open_new),
            _ => false,
        };
        if !open_new.iter().all(|node| covers(node)) || !open_old.iter().all(|node| spares(node)) {
            return None;
        }
        let denies = |list: &[&Node]| -> Vec<Node> {
            let denies = list.iter().filter(|node| effect(node).as_deref() == Some("Deny"));
            denies.map(|node| (*node).clone()).collect()
        };
        let whole = |list: &[&Node]| list.iter().map(|node| (*node).clone()).collect::<Vec<Node>>();
        Some(Known {
            old: self.of(whole(&old), false),
            new: new.of(whole(&new_known), false),
            undenied: [self.of(denies(&old), true), new.of(denies(&new_known), true)],
        })
    }

    /// The same policy with these statements, and with one that allows all.
    fn of(&self, mut statements: Vec<Node>, allows_all: bool) -> Attached {
        let Some(document) = &self.document else { return Attached::new(vec![self.policy.clone()]) };
        if allows_all {
            statements.push(everything(&document.origin, self.policy.kind != PolicyKind::Identity));
        }
        let mut document = document.clone();
        if let Value::Map(map) = &mut document.value
            && let Some(node) = map.entries.get_mut("Statement")
        {
            node.value = Value::list(statements);
        }
        let policy = Policy::from_node(&document, self.name.as_str(), self.policy.kind, Strictness::Strict);
        Attached::new(vec![Arc::new(policy)])
    }

    /// Is it one that grants nothing?
    pub fn is_guardrail(&self) -> bool {
        matches!(self.kind, PolicyKind::ServiceControl | PolicyKind::ResourceControl)
    }

    /// Does it allow nothing itself?
    pub fn only_denies(&self) -> bool {
        let made = |sid: &Option<Arc<str>>| sid.as_deref() == Some(ALL_ELSE);
        self.policy.unread.is_none()
            && self.policy.statements.iter().all(|s| s.effect == Some(Effect::Deny) || made(&s.sid))
    }

    /// Is it one that only limits, or does it deny? Then others may allow more without it.
    pub fn limits(&self) -> bool {
        self.is_guardrail()
            || self.policy.statements.iter().any(|statement| statement.effect == Some(Effect::Deny))
    }
}

/// Reads what was given, each by itself; `kind` is what a policy in a file of its own is attached to.
///
/// With nothing said, such policies are those of resources when one of them names principals.
///
/// # Errors
/// What could not be read, or is no policy that AWS would store.
pub fn read_all(paths: &[PathBuf], kind: Option<PolicyKind>, color: bool) -> anyhow::Result<Vec<Given>> {
    let mut texts: Vec<Option<(Arc<str>, String)>> = Vec::new();
    for path in paths {
        texts.push(if is_source(path)? {
            None
        } else {
            Some(read(path)?).filter(|(_, text)| !declares(text))
        });
    }
    let names =
        |(_, text): &(Arc<str>, String)| text.contains("\"Principal\"") || text.contains("\"NotPrincipal\"");
    let usual = match texts.iter().flatten().any(names) {
        true => PolicyKind::Resource,
        false => PolicyKind::Identity,
    };
    let kind = kind.unwrap_or(usual);
    let mut given = Vec::new();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (path, text) in paths.iter().zip(&texts) {
        given.push(match text {
            Some((file, text)) => {
                let policy = Policy::parse(text, file, kind, Strictness::Strict);
                diagnostics.extend(policy.diagnostics.iter().cloned());
                Given::Document(Arc::new(policy))
            }
            None => Given::Sources(declared(path, color)?),
        });
    }
    says(&diagnostics, color);
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    anyhow::ensure!(!is_wrong, "AWS would not store these policies, so nothing was asked");
    Ok(given)
}

/// Can the path hold nothing but sources?
fn is_source(path: &Path) -> anyhow::Result<bool> {
    if path == Path::new("-") {
        return Ok(false);
    }
    anyhow::ensure!(path.exists(), "there is no file or folder `{}`", path.display());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let endings = [".tf", ".tofu", ".tf.json", ".tofu.json", ".yaml", ".yml", ".template", ".tfstate"];
    Ok(path.is_dir() || endings.iter().any(|ending| name.ends_with(ending)))
}

/// Is the text a template or a plan and no policy?
fn declares(text: &str) -> bool {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else { return false };
    !object.contains_key("Statement") && OF_SOURCES.iter().any(|name| object.contains_key(*name))
}

/// The text of a file and how it is shown; `-` is standard input.
///
/// # Errors
/// It could not be read, or is too large.
pub fn read(path: &Path) -> anyhow::Result<(Arc<str>, String)> {
    let shown: Arc<str> = path.display().to_string().replace('\\', "/").into();
    let failed = || format!("`{shown}` could not be read");
    let mut bytes = Vec::new();
    match path == Path::new("-") {
        true => io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?,
        false => {
            let file = std::fs::File::open(path).with_context(failed)?;
            file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?
        }
    };
    anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "`{shown}` is larger than {} MiB", MAX_BYTES >> 20);
    let text = String::from_utf8(bytes).with_context(failed)?;
    Ok((shown, text))
}

fn declared(path: &Path, color: bool) -> anyhow::Result<Declared> {
    let (library, _) = library(&[])?;
    let gathered = gather(&[path.to_path_buf()], &GatherOptions::default(), &|_| {});
    says(&gathered.diagnostics, color);
    anyhow::ensure!(
        gathered.files > 0,
        "there is neither a policy nor Terraform nor CloudFormation in `{}`",
        path.display()
    );
    let is_partial = gathered.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let within = path.display().to_string().replace('\\', "/");
    let resources = resolve(gathered.resources, library.kinds());
    let mut finding = Finding {
        library: &library,
        within: within.trim_end_matches('/'),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    // What is written into its owner is often a resource of its own too, and then called by its own address.
    for is_nested in [false, true] {
        for resource in &resources {
            finding.resource(resource, is_nested);
        }
    }
    let mut policies = finding.found;
    policies.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Declared { policies, is_partial })
}

struct Finding<'l> {
    library: &'l Library,
    /// What the roots of addresses begin with.
    within: &'l str,
    /// The documents that were found.
    seen: HashSet<Span>,
    found: Vec<Found>,
}

impl Finding<'_> {
    fn resource(&mut self, resource: &Resource, is_nested: bool) {
        let is_uncertain = match &resource.declared.existence {
            Existence::Yes => None,
            Existence::No(_) => return,
            Existence::Unknown(why, _) => Some(format!("whether it exists: {why}")),
        };
        let Some(kind) = resource.kind.as_ref().and_then(|kind| self.library.kinds().get(kind)) else {
            return;
        };
        for (name, rule) in &kind.attributes {
            let is_list = !matches!(rule.is, palisade_kinds::Is::Policy);
            if is_list != is_nested {
                continue;
            }
            let unread = |why: String| vec![(name.to_string(), Err(why))];
            let documents = match resource.attributes.get(name) {
                Some(Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _)) => {
                    let mut documents = Vec::new();
                    documents_in(rule, &rule.is, node, name, &mut documents);
                    documents
                }
                Some(Attribute::Unknown(why, _)) if !is_list => unread(why.to_string()),
                _ => continue,
            };
            for (part, document) in documents {
                self.document(resource, &part, document, is_uncertain.clone());
            }
        }
    }

    fn document(
        &mut self,
        resource: &Resource,
        part: &str,
        document: Result<&Node, String>,
        is_uncertain: Option<String>,
    ) {
        let Some(kind) = kind_of(resource, part) else { return };
        if let Ok(Node { origin: Origin::File(span), .. }) = document
            && !self.seen.insert(span.clone())
        {
            return;
        }
        let address = resource.address();
        let root = address.root.strip_prefix(self.within).unwrap_or(&address.root);
        let name = match root.trim_start_matches('/') {
            "" | "." => format!("{part} of {}", address.name),
            root => format!("{part} of {} in {root}", address.name),
        };
        if document.is_err() && self.library.kinds().stands_in(resource) {
            return;
        }
        // The attributes of kinds have one form; people read what they wrote themselves.
        let written =
            |node: &Node| completed(written(&resource.declared.raw, &node.origin).unwrap_or(node), kind);
        let document: Result<Node, String> = document.map(written);
        let policy = match &document {
            Err(why) => Policy::unread(proved_as(kind), name.as_str(), why.as_str()),
            Ok(node) => Policy::from_node(node, name.as_str(), proved_as(kind), Strictness::Strict),
        };
        let at = match &resource.declared.origin {
            Origin::File(span) => Some(span.clone()),
            _ => None,
        };
        self.found.push(Found {
            name,
            at,
            policy: Arc::new(policy),
            kind,
            is_uncertain,
            document: document.ok(),
        });
    }
}

/// The documents in an attribute, by the way to each.
fn documents_in<'n>(
    rule: &palisade_kinds::AttributeRule,
    is: &palisade_kinds::Is,
    node: &'n Node,
    path: &str,
    found: &mut Vec<(String, Result<&'n Node, String>)>,
) {
    use palisade_kinds::Is;
    match (is, &node.value) {
        (Is::Policy, Value::Null) => {}
        (Is::Policy, Value::Unknown(why)) => found.push((path.to_owned(), Err(why.to_string()))),
        (Is::Policy, _) => found.push((path.to_owned(), Ok(node))),
        (Is::Record, Value::Map(_)) => {
            for (name, inner) in &rule.each {
                if let Some(node) = node.get(name) {
                    documents_in(inner, &inner.is, node, &format!("{path}.{name}"), found);
                }
            }
        }
        (Is::List(inner), Value::List(list)) => {
            for (number, item) in list.items.iter().enumerate() {
                let called = item.get("name").and_then(Node::text).map_or(number.to_string(), str::to_owned);
                documents_in(rule, inner, item, &format!("{path}[{called}]"), found);
            }
        }
        _ => {}
    }
}

/// What the policy of a resource is attached to; nothing for what is no policy of permissions.
fn kind_of(resource: &Resource, part: &str) -> Option<PolicyKind> {
    let kind = resource.kind.as_ref()?.to_string();
    Some(match kind.as_str() {
        "AWS::IAM::Role" if part == "trust_policy" => PolicyKind::Trust,
        "AWS::Organizations::Policy" => {
            let Some(Attribute::Known(node)) = resource.attributes.get("type") else {
                return Some(PolicyKind::ServiceControl);
            };
            match node.text()? {
                "SERVICE_CONTROL_POLICY" => PolicyKind::ServiceControl,
                "RESOURCE_CONTROL_POLICY" => PolicyKind::ResourceControl,
                _ => return None,
            }
        }
        "AWS::EC2::VPCEndpoint" => PolicyKind::Endpoint,
        kind if kind.starts_with("AWS::IAM::") || kind.starts_with("AWS::SSO::") => PolicyKind::Identity,
        _ => PolicyKind::Resource,
    })
}

/// As what the prover takes it.
fn proved_as(kind: PolicyKind) -> PolicyKind {
    match kind {
        PolicyKind::ServiceControl => PolicyKind::Identity,
        PolicyKind::ResourceControl | PolicyKind::Endpoint => PolicyKind::Resource,
        kind => kind,
    }
}

/// A policy that only denies stands beside one that allows all, which AWS attaches: the two are asked about.
fn completed(document: &Node, kind: PolicyKind) -> Node {
    let mut document = document.clone();
    let limits = matches!(kind, PolicyKind::ServiceControl | PolicyKind::ResourceControl);
    let origin = document.origin.clone();
    let Value::Map(map) = &mut document.value else { return document };
    let Some(statements) = map.entries.get_mut("Statement") else { return document };
    if !matches!(statements.value, Value::List(_)) {
        let one = statements.clone();
        statements.value = Value::list(vec![one]);
    }
    let Value::List(list) = &mut statements.value else { return document };
    let denies = |node: &Node| node.get("Effect").and_then(Node::text) == Some("Deny");
    if limits && list.items.iter().all(denies) {
        list.items.push(everything(&origin, kind == PolicyKind::ResourceControl));
    }
    document
}

/// A statement that allows all.
fn everything(origin: &Origin, names_principals: bool) -> Node {
    let mut map = Map::default();
    let elements =
        [("Sid", ALL_ELSE), ("Effect", "Allow"), ("Action", "*"), ("Resource", "*"), ("Principal", "*")];
    for (name, text) in elements.into_iter().take(if names_principals { 5 } else { 4 }) {
        map.entries.insert(name.into(), Node::new(Value::text(text), origin.clone()));
    }
    Node::new(Value::Map(map), origin.clone())
}

/// The statements of a document; nothing where there may be more than these.
fn statements(document: &Node) -> Option<Vec<&Node>> {
    let Value::Map(map) = &document.value else { return None };
    let statements = map.entries.get("Statement").filter(|_| map.more.is_none())?;
    match &statements.value {
        Value::List(list) if list.more.is_none() => Some(list.items.iter().collect()),
        Value::Map(_) => Some(vec![statements]),
        _ => None,
    }
}

/// Do both say the same, wherever they stand? What is known only later is the same when it is the same attribute of the
/// same resource, or the same variable.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(a), Value::List(b)) => {
            let is_whole = a.more.is_none() && b.more.is_none() && a.items.len() == b.items.len();
            is_whole && a.items.iter().zip(&b.items).all(|(a, b)| is_same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let is_whole = a.more.is_none() && b.more.is_none() && a.entries.len() == b.entries.len();
            let is_there = |(name, a): (&Arc<str>, &Node)| b.entries.get(name).is_some_and(|b| is_same(a, b));
            is_whole && a.entries.iter().all(is_there)
        }
        (Value::Unknown(a), Value::Unknown(b)) => {
            a == b && matches!(a.why, Why::AfterApply(_) | Why::NoValue(_))
        }
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => false,
        (a, b) => a == b,
    }
}

fn written<'n>(node: &'n Node, origin: &Origin) -> Option<&'n Node> {
    if !matches!(origin, Origin::File(_)) {
        return None;
    }
    match &node.value {
        Value::Map(map) if node.origin == *origin && map.entries.contains_key("Statement") => Some(node),
        Value::Map(map) => map.entries.values().find_map(|inner| written(inner, origin)),
        Value::List(list) => list.items.iter().find_map(|inner| written(inner, origin)),
        _ => None,
    }
}
