//! Prepares statements for the engine: what is not known and cannot matter is filled in, the rest stays unknown.
//!
//! A value that is not known and that names somebody, whoever it is, names no outsider; an ARN of the resource itself
//! is that of the resource. Everything else that is not known stays so, and the engine says what depends on it.

use super::value::names_somebody;
use super::{Question, To, nothing_known};
use palisade_model::{List, Map, Node, Unknown, Value, Why};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The account that the resource is in, where no ARN says it.
pub(crate) const OWNER: &str = "606162636465";
/// Somebody who is named, where it is not known who.
const NAMED: &str = "arn:aws:iam::515253545556:role/zz-named";
/// GitHub's provider of tokens, where it is not known in which account.
const GITHUB: &str = "arn:aws:iam::606162636465:oidc-provider/token.actions.githubusercontent.com";
const GITHUB_KEYS: &str = "token.actions.githubusercontent.com:";

/// What a statement does, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
    Either,
}

/// A statement, prepared.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// As it allows, or as it denies where it certainly does.
    pub node: Node,
    /// As it denies at the most.
    pub denying: Node,
    pub effect: Effect,
    /// It is not known whom it is about, or whether it allows.
    pub is_doubtful: bool,
    /// An outsider of the sort that is asked about may be meant.
    pub may_let_in: bool,
    /// The services it names.
    pub services: Vec<Arc<str>>,
    /// The provider of tokens it names.
    pub provider: Option<Arc<str>>,
}

/// Whom a statement names, as far as that is known.
#[derive(Default)]
struct Whom {
    everyone: bool,
    is_open: bool,
    services: Vec<Arc<str>>,
    federated: Vec<Arc<str>>,
}

pub(crate) struct Rewriting<'a> {
    question: &'a Question,
    /// What the resource is called, and what references lead to it.
    own: Arc<str>,
    references: BTreeSet<Arc<str>>,
}

/// The keys that say who somebody is, or whom they act for. Outsiders can't have the value that names another.
pub(crate) const WHO: [&str; 24] = [
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "ec2:sourceinstancearn",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "lambda:functionurlauthtype",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "sns:endpoint",
];

/// The claims of GitHub's tokens that say whose repository it is.
pub(crate) const REPOSITORY: [&str; 6] =
    ["job_workflow_ref", "repository", "repository_id", "repository_owner", "repository_owner_id", "sub"];

/// Does the key say who somebody is?
pub(crate) fn says_who(key: &str) -> bool {
    WHO.contains(&key) || key.strip_prefix(GITHUB_KEYS).is_some_and(|claim| REPOSITORY.contains(&claim))
}

fn text(text: impl Into<Arc<str>>, like: &Node) -> Node {
    Node::new(Value::text(text), like.origin.clone())
}

fn list(items: Vec<Node>, like: &Node) -> Node {
    Node::new(Value::list(items), like.origin.clone())
}

fn one(name: &str, value: &str, like: &Node) -> Node {
    Node::new(Value::map([(name.into(), list(vec![text(value, like)], like))]), like.origin.clone())
}

/// The items of a value that is a list or one item; nothing where it may be a list of anything.
fn items(node: &Node) -> Option<(&[Node], bool)> {
    match &node.value {
        Value::List(List { items, more }) => Some((items, more.is_some())),
        Value::Unknown(unknown) if unknown.hint.shape != Some(palisade_model::Shape::Text) => None,
        _ => Some((std::slice::from_ref(node), false)),
    }
}

impl<'a> Rewriting<'a> {
    pub fn new(question: &'a Question, statements: &[Node]) -> Self {
        let resources =
            statements.iter().filter_map(|statement| statement.get("Resource")).collect::<Vec<_>>();
        let texts = || resources.iter().filter_map(|node| items(node)).flat_map(|(items, _)| items);
        let start = format!("arn:aws:{}:", question.service);
        let literal = texts().filter_map(Node::text).find_map(|text| {
            let name = if &*question.service == "s3" { text.split('/').next().unwrap_or(text) } else { text };
            (name.starts_with(&start) && !name.contains(['*', '?', '$'])).then_some(name)
        });
        let own = literal.map_or_else(
            || match &*question.service {
                "s3" => "arn:aws:s3:::zz-own".to_owned(),
                "sts" => format!("arn:aws:iam::{OWNER}:role/zz-own"),
                service => format!("arn:aws:{service}:eu-west-1:{OWNER}:zz-own"),
            },
            str::to_owned,
        );
        let allowing =
            statements.iter().filter(|one| one.get("Effect").and_then(Node::text) == Some("Allow"));
        let references = allowing
            .filter_map(|statement| items(statement.get("Resource")?))
            .flat_map(|(items, _)| items)
            .filter_map(|item| match &item.value {
                Value::Unknown(unknown) => whose_arn(unknown),
                _ => None,
            })
            .collect();
        Self { question, own: own.into(), references }
    }

    /// What the resource is called.
    pub fn statement(&self, node: &Node) -> Statement {
        let Value::Map(map) = &node.value else {
            let unknown = matches!(node.value, Value::Unknown(_));
            return self.not_known(node, unknown);
        };
        let effect = match map.entries.get("Effect") {
            Some(effect) => match effect.text() {
                Some("Allow") => Effect::Allow,
                Some("Deny") => Effect::Deny,
                Some(_) => return self.not_known(node, false),
                None => Effect::Either,
            },
            None if map.more.is_some() => Effect::Either,
            None => return self.not_known(node, false),
        };
        let mut whom = Whom::default();
        let mut entries = map.entries.clone();
        let principal = map.entries.get("Principal").map(|given| ("Principal", given));
        let principal =
            principal.or_else(|| map.entries.get("NotPrincipal").map(|given| ("NotPrincipal", given)));
        match principal {
            Some((name, given)) => {
                let rewritten = self.principal(given, &mut whom);
                entries.insert(name.into(), rewritten);
                whom.everyone |= name == "NotPrincipal";
            }
            None => whom.is_open = map.more.is_some(),
        }
        for name in ["Resource", "NotResource"] {
            if let Some(given) = map.entries.get(name) {
                entries.insert(name.into(), self.resources(given, effect == Effect::Allow));
            }
        }
        if let Some(given) = map.entries.get("Condition") {
            entries.insert("Condition".into(), condition(given));
        }
        let provider = self.provider(&whom, map);
        let is_doubtful = whom.is_open && !(self.question.to == To::AnyRepository && provider.is_some())
            || effect == Effect::Either;
        let may_let_in = match self.question.to {
            To::Everyone => whom.everyone || whom.is_open,
            To::AnyAccount => !whom.services.is_empty() || whom.is_open,
            To::AnyRepository => provider.is_some() || whom.is_open,
        };
        let of = |entries| Node::new(Value::Map(Map { entries, more: None }), node.origin.clone());
        let (mut allowing, mut denying) = (entries.clone(), entries);
        if whom.is_open || (self.question.to == To::AnyRepository && whom.federated.is_empty()) {
            let meant = match self.question.to {
                To::Everyone => one("AWS", "*", node),
                To::AnyAccount => one("Service", "zz.amazonaws.com", node),
                To::AnyRepository => one("Federated", provider.as_deref().unwrap_or(GITHUB), node),
            };
            let named = |entries: &mut indexmap::IndexMap<Arc<str>, Node>, meant: Node| {
                entries.shift_remove("NotPrincipal");
                entries.insert("Principal".into(), meant);
            };
            if may_let_in {
                named(&mut allowing, meant);
            }
            if whom.is_open {
                named(&mut denying, one("AWS", "*", node));
            }
        }
        let certain = if effect == Effect::Deny { "Deny" } else { "Allow" };
        allowing.insert("Effect".into(), text(certain, node));
        denying.insert("Effect".into(), text("Deny", node));
        Statement {
            node: of(if effect == Effect::Deny { denying.clone() } else { allowing }),
            denying: of(denying),
            effect,
            is_doubtful: is_doubtful || map.more.is_some(),
            may_let_in: effect != Effect::Deny && may_let_in,
            services: whom.services,
            provider: Some(provider.unwrap_or_else(|| GITHUB.into())),
        }
    }

    /// A statement of which nothing is known, or that is none.
    fn not_known(&self, node: &Node, is_unknown: bool) -> Statement {
        let everything = |effect: &str| {
            let star = || list(vec![text("*", node)], node);
            Node::new(
                Value::map([
                    ("Effect".into(), text(effect, node)),
                    ("Principal".into(), one("AWS", "*", node)),
                    ("Action".into(), star()),
                    ("Resource".into(), star()),
                ]),
                node.origin.clone(),
            )
        };
        Statement {
            node: everything("Allow"),
            denying: everything("Deny"),
            effect: if is_unknown { Effect::Either } else { Effect::Allow },
            is_doubtful: true,
            may_let_in: is_unknown,
            services: Vec::new(),
            provider: None,
        }
    }

    fn principal(&self, given: &Node, whom: &mut Whom) -> Node {
        let Value::Map(map) = &given.value else {
            whom.everyone |= given.text() == Some("*");
            whom.is_open |= given.text().is_none();
            return given.clone();
        };
        whom.is_open |= map.more.is_some();
        let mut entries = indexmap::IndexMap::new();
        for (sort, names) in &map.entries {
            let Some((given, more)) = items(names) else {
                whom.is_open |= self.matters(sort);
                continue;
            };
            whom.is_open |= more && self.matters(sort);
            let mut kept = Vec::new();
            for item in given {
                match &item.value {
                    Value::Unknown(unknown) if &**sort == "AWS" && is_somebody(unknown) => {
                        kept.push(text(NAMED, item));
                    }
                    Value::Unknown(unknown) if &**sort == "Federated" && is_other_provider(unknown) => {}
                    Value::Unknown(_) => whom.is_open |= self.matters(sort),
                    _ => kept.push(item.clone()),
                }
            }
            let texts = || kept.iter().filter_map(Node::text);
            match &**sort {
                "AWS" => whom.everyone |= texts().any(|name| name == "*"),
                "Service" => whom.services.extend(texts().map(Arc::from)),
                "Federated" => whom.federated.extend(texts().map(Arc::from)),
                _ => {}
            }
            if !kept.is_empty() {
                entries.insert(sort.clone(), list(kept, names));
            }
        }
        Node::new(Value::Map(Map { entries, more: None }), given.origin.clone())
    }

    /// May an outsider be among the principals of this sort?
    fn matters(&self, sort: &str) -> bool {
        match self.question.to {
            To::Everyone => sort == "AWS",
            To::AnyAccount => sort == "Service",
            To::AnyRepository => sort == "Federated",
        }
    }

    /// GitHub's provider, where the statement is about its tokens: by the principal, or by what it asks of them.
    fn provider(&self, whom: &Whom, statement: &Map) -> Option<Arc<str>> {
        let named = whom.federated.iter();
        let github =
            named.clone().find(|name| name.ends_with(":oidc-provider/token.actions.githubusercontent.com"));
        if let Some(github) = github {
            return Some(github.clone());
        }
        let Value::Map(operators) = &statement.entries.get("Condition")?.value else { return None };
        let keys = operators.entries.values().filter_map(|keys| match &keys.value {
            Value::Map(keys) => Some(keys.entries.keys()),
            _ => None,
        });
        let asks = keys.flatten().any(|key| key.starts_with(GITHUB_KEYS));
        (asks && whom.federated.is_empty()).then(|| GITHUB.into())
    }

    fn resources(&self, given: &Node, is_allow: bool) -> Node {
        let Some((given_items, more)) = items(given) else { return given.clone() };
        let known = given_items.iter().map(|item| match &item.value {
            Value::Unknown(unknown) => {
                self.own_resource(unknown, is_allow).map_or_else(|| item.clone(), |own| text(own, item))
            }
            _ => item.clone(),
        });
        let more = more.then(nothing_known);
        Node::new(Value::List(List { items: known.collect(), more }), given.origin.clone())
    }

    /// The ARN of the resource itself, or of what is in it, where the text can only be that.
    ///
    /// S3 takes no bucket policy that is about another bucket. Elsewhere a denial has to refer to the same thing.
    fn own_resource(&self, unknown: &Unknown, is_allow: bool) -> Option<String> {
        let hint = &unknown.hint;
        let is_arn = hint.starts_with.as_deref().is_some_and(|start| start.starts_with("arn:"));
        let whose = whose_arn(unknown);
        if whose.is_none() && !is_arn {
            return None;
        }
        if &*self.question.service == "s3" {
            let end = hint.ends_with.as_deref().unwrap_or_default();
            return match end.find('/') {
                Some(at) => Some(format!("{}{}", self.own, &end[at..])),
                None if is_arn_of_one(unknown) => Some(self.own.to_string()),
                None => None,
            };
        }
        let is_same = whose.is_some_and(|whose| self.references.contains(&whose));
        (is_arn_of_one(unknown) && (is_allow || is_same)).then(|| self.own.to_string())
    }
}

/// The address of the thing whose ARN the text is, or begins with.
fn whose_arn(unknown: &Unknown) -> Option<Arc<str>> {
    let is_arn = |attribute: &str| attribute.to_ascii_lowercase().ends_with("arn") || attribute == "Ref";
    if let [one] = unknown.hint.refers_to.as_slice() {
        return is_arn(one.attribute.as_deref()?).then(|| one.address.clone());
    }
    let begins_with_it = matches!(unknown.hint.starts_with.as_deref(), None | Some("" | "arn:"));
    let Why::AfterApply(what) = &unknown.why else { return None };
    let (address, attribute) = what.rsplit_once('.')?;
    (unknown.hint.is_present && begins_with_it && is_arn(attribute)).then(|| address.into())
}

/// Is the text just the ARN of one thing that the same source declares?
fn is_arn_of_one(unknown: &Unknown) -> bool {
    let (Why::AfterApply(what), [one]) = (&unknown.why, unknown.hint.refers_to.as_slice()) else {
        return false;
    };
    let attribute = one.attribute.as_deref().unwrap_or_default();
    let is_arn = attribute == "arn" || attribute == "Ref" || attribute.ends_with("Arn");
    unknown.hint.is_present && is_arn && (one.to_string().ends_with(&**what) || attribute != "arn")
}

/// Is a principal that is not known somebody, and not everyone?
fn is_somebody(unknown: &Unknown) -> bool {
    let hint = &unknown.hint;
    let is_more_than_a_star =
        |part: &Option<Arc<str>>| part.as_deref().is_some_and(|part| !matches!(part, "" | "*"));
    let is_identity = |attribute: &str| {
        matches!(
            attribute,
            "arn" | "Arn" | "account_id" | "unique_id" | "user_id" | "iam_arn" | "id" | "Ref" | "AccountId"
        )
    };
    let refers = !hint.refers_to.is_empty()
        && hint.refers_to.iter().all(|one| one.attribute.as_deref().is_some_and(is_identity));
    is_more_than_a_star(&hint.starts_with)
        || is_more_than_a_star(&hint.ends_with)
        || (hint.is_present && refers && matches!(unknown.why, Why::AfterApply(_)))
}

/// Is a provider that is not known certainly another than GitHub's?
fn is_other_provider(unknown: &Unknown) -> bool {
    let github = "/token.actions.githubusercontent.com";
    unknown.hint.ends_with.as_deref().is_some_and(|end| !github.ends_with(end) && !end.ends_with(github))
}

fn condition(given: &Node) -> Node {
    let Value::Map(operators) = &given.value else { return given.clone() };
    let operators = Map {
        entries: operators
            .entries
            .iter()
            .map(|(name, keys)| (name.clone(), of_operator(name, keys)))
            .collect(),
        more: operators.more.clone(),
    };
    Node::new(Value::Map(operators), given.origin.clone())
}

fn of_operator(operator: &str, given: &Node) -> Node {
    let Value::Map(keys) = &given.value else { return given.clone() };
    let base = operator.rsplit(':').next().unwrap_or_default().trim_end_matches("IfExists");
    let compares = matches!(
        base,
        "StringEquals" | "StringNotEquals" | "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase"
    );
    let entries = keys.entries.iter().map(|(key, values)| {
        let is_who = says_who(key) && key.as_ref() != "lambda:functionurlauthtype";
        (key.clone(), if is_who { of_key(key, values, compares) } else { values.clone() })
    });
    let keys = Map { entries: entries.collect(), more: keys.more.clone() };
    Node::new(Value::Map(keys), given.origin.clone())
}

/// The values of a key that says who somebody is. Where wildcards are none, each names somebody, known or not.
fn of_key(key: &str, values: &Node, compares: bool) -> Node {
    let Some((given, more)) = items(values) else {
        return if compares { list(vec![text(NAMED, values)], values) } else { values.clone() };
    };
    let known = given.iter().map(|item| match &item.value {
        Value::Unknown(unknown) if compares || is_one_of_ours(key, unknown) => text(NAMED, item),
        _ => item.clone(),
    });
    let mut all: Vec<Node> = known.collect();
    if more && compares {
        all.push(text(NAMED, values));
    }
    let more = (more && !compares).then(nothing_known);
    Node::new(Value::List(List { items: all, more }), values.origin.clone())
}

/// Does a pattern that is not known to its end hold something of ours: an account, a bucket, a declared resource?
fn is_one_of_ours(key: &str, unknown: &Unknown) -> bool {
    let hint = &unknown.hint;
    let start = hint.starts_with.as_deref().unwrap_or_default();
    let by_start = !start.is_empty() && names_somebody(key, &format!("{start}*"));
    // A text that begins as an ARN, or with one, and goes on to say which of ours.
    let is_of_ours = start.starts_with("arn:") && !hint.refers_to.is_empty();
    by_start || is_arn_of_one(unknown) || (hint.is_present && (is_of_ours || whose_arn(unknown).is_some()))
}
