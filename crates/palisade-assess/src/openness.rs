//! Asks the authorisation engine which statements of a policy let outsiders in.
//!
//! An outsider is somebody whom no value of the policy names: nobody who is signed in, any principal of an account that
//! appears nowhere, a service that acts for such an account, any repository on GitHub. What outsiders can't choose (their
//! account, organisation, endpoint) is fixed to values of their own; what they can choose (the address within the
//! internet, what a request says of itself) takes each value that some condition tells apart. A statement is open when
//! the engine allows one such request, with the denials of the whole policy counted; closed when it allows none.

mod outsider;
mod rewrite;
mod value;

use outsider::{REQUESTS_MAX, Search};
use palisade_check::{Fact, Picked};
use palisade_iam::{Policy, PolicyKind, Strictness, Truth, is_public};
use palisade_model::{List, Map, Node, Path, Segment, Unknown, Value, Why};
use rewrite::{Effect, Rewriting, Statement};
use std::cell::Cell;
use std::sync::Arc;

/// What rules can ask of policies, beside Rego's own functions.
pub const FACTS: &[Fact] = &[
    Fact { name: "iam.open_statements", arity: 2, pick: open_statements },
    Fact { name: "iam.open_permissions", arity: 2, pick: open_permissions },
];

/// How many statements of a policy are looked at, each with all that deny; above, nothing is said for certain.
const STATEMENTS_MAX: usize = 2_000;

/// Who is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Everybody on the internet, or everybody with an account.
    Everyone,
    /// A service that acts for anybody's account.
    AnyAccount,
    /// Any repository on GitHub.
    AnyRepository,
}

/// What is asked of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub to: To,
    /// The prefix of the service's actions.
    pub service: Arc<str>,
    /// Is public access overruled by a block?
    pub is_restricted: Truth,
}

impl Question {
    fn of(about: &Node) -> Option<Self> {
        let to = match about.get("to")?.text()? {
            "everyone" => To::Everyone,
            "any account" => To::AnyAccount,
            "any repository" => To::AnyRepository,
            _ => return None,
        };
        let is_restricted = match about.get("is_overruled").map(|node| &node.value) {
            None | Some(Value::Bool(false) | Value::Null) => Truth::No,
            Some(Value::Bool(true)) => Truth::Yes,
            Some(_) => Truth::Unknown,
        };
        Some(Self { to, service: about.get("service")?.text()?.into(), is_restricted })
    }
}

/// `iam.open_statements(policy, {"to": "everyone", "service": "s3", "is_overruled": …})`.
fn open_statements(arguments: &[Node]) -> Vec<Picked> {
    let [policy, about] = arguments else { return Vec::new() };
    let whole = || vec![Picked { at: Path(Vec::new()), open: Some(Vec::new()) }];
    let Some(question) = Question::of(about) else { return whole() };
    let map = match &policy.value {
        Value::Map(map) => map,
        Value::Unknown(_) => return whole(),
        _ => return Vec::new(),
    };
    let at = vec![Segment::Name("Statement".into())];
    let (items, more) = match map.entries.get("Statement").map(|node| &node.value) {
        Some(Value::List(list)) => (list.items.as_slice(), list.more.is_some() || map.more.is_some()),
        Some(Value::Unknown(_)) => (&[][..], true),
        _ => (&[][..], map.more.is_some()),
    };
    let version = map.entries.get("Version");
    let mut picked = among(&question, items, version, more, &at);
    if more {
        picked.push(Picked { at: Path(at.clone()), open: Some(vec![Path(at)]) });
    }
    picked
}

/// `iam.open_permissions(permissions, {"to": …, "service": "lambda"})`: permissions as Lambda keeps them.
fn open_permissions(arguments: &[Node]) -> Vec<Picked> {
    let [permissions, about] = arguments else { return Vec::new() };
    let whole = || vec![Picked { at: Path(Vec::new()), open: Some(Vec::new()) }];
    let Some(question) = Question::of(about) else { return whole() };
    let list = match &permissions.value {
        Value::List(list) => list,
        Value::Unknown(_) => return whole(),
        _ => return Vec::new(),
    };
    let statements: Vec<Node> = list.items.iter().map(permission).collect();
    let version = Node::new(Value::text("2012-10-17"), permissions.origin.clone());
    // Permissions only allow: others that are not known take nothing away.
    let mut picked = among(&question, &statements, Some(&version), false, &[]);
    for one in &mut picked {
        if let Some(open) = &mut one.open {
            *open = vec![one.at.clone()];
        }
    }
    if list.more.is_some() {
        picked.extend(whole());
    }
    picked
}

/// A permission of Lambda's as the statement that it becomes.
fn permission(permission: &Node) -> Node {
    let origin = &permission.origin;
    let node = |value: Value| Node::new(value, origin.clone());
    let list = |item: &Node| node(Value::list(vec![item.clone()]));
    let one = |name: &str, value: Node| node(Value::map([(Arc::from(name), value)]));
    let Value::Map(map) = &permission.value else { return permission.clone() };
    let principal = match map.entries.get("principal") {
        Some(name) if name.text().is_some_and(|name| name.contains(".amazon")) => one("Service", list(name)),
        Some(name) if name.text().is_some() => one("AWS", list(name)),
        Some(name) => name.clone(),
        None => node(Value::Unknown(Why::NotEvaluated("principal".into()).into())),
    };
    let mut conditions: Vec<(Arc<str>, Node)> = Vec::new();
    for (attribute, operator, key) in [
        ("source_arn", "ArnLike", "aws:sourcearn"),
        ("source_account", "StringEquals", "aws:sourceaccount"),
        ("principal_org_id", "StringEquals", "aws:principalorgid"),
        ("url_auth_type", "StringEqualsIgnoreCase", "lambda:functionurlauthtype"),
        ("invoked_via_function_url", "Bool", "lambda:invokedviafunctionurl"),
    ] {
        let Some(value) = map.entries.get(attribute) else { continue };
        let value = match &value.value {
            Value::Null | Value::Bool(false) => continue,
            Value::Bool(true) => node(Value::text("true")),
            _ => value.clone(),
        };
        let value = list(&value);
        match conditions.iter_mut().find(|(name, _)| **name == *operator) {
            Some((_, Node { value: Value::Map(map), .. })) => {
                map.entries.insert(key.into(), value);
            }
            _ => conditions.push((operator.into(), one(key, value))),
        }
    }
    let action = match map.entries.get("action") {
        Some(action) => list(action),
        None => list(&node(Value::text("lambda:invokefunction"))),
    };
    node(Value::map([
        (Arc::from("Effect"), node(Value::text("Allow"))),
        (Arc::from("Principal"), principal),
        (Arc::from("Action"), action),
        (Arc::from("Resource"), list(&node(Value::text("*")))),
        (Arc::from("Condition"), node(Value::map(conditions))),
    ]))
}

/// Those of some statements by which outsiders get in. With `more`, other statements may deny.
fn among(
    question: &Question,
    items: &[Node],
    version: Option<&Node>,
    more: bool,
    at: &[Segment],
) -> Vec<Picked> {
    let rewriting = Rewriting::new(question, items);
    let statements: Vec<Statement> = items.iter().map(|item| rewriting.statement(item)).collect();
    let is_candidate = |statement: &&Statement| statement.may_let_in;
    let place = |index: usize| Path([at, &[Segment::Index(index)]].concat());
    let open_at = |indices: &[usize]| Some(indices.iter().map(|index| place(*index)).collect());
    let denies = statements.iter().filter(|one| one.effect != Effect::Allow).count();
    let candidates = statements.iter().filter(is_candidate).count();
    let is_too_much = candidates.saturating_mul(1 + denies) > STATEMENTS_MAX;
    if is_too_much {
        return vec![Picked { at: Path(at.to_vec()), open: Some(vec![Path(at.to_vec())]) }];
    }
    let policy = PolicyText { version, statements: &statements, left: Cell::new(REQUESTS_MAX) };
    let public = if question.is_restricted.is_no() { Truth::No } else { policy.is_public() };
    let mut picked = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        if !statement.may_let_in {
            continue;
        }
        let (verdict, doubtful) = policy.lets_in(index, question, public);
        match verdict {
            Truth::No => {}
            Truth::Yes if !more => picked.push(Picked { at: place(index), open: None }),
            Truth::Yes => {
                picked.push(Picked { at: place(index), open: Some(vec![Path(at.to_vec())]) });
            }
            Truth::Unknown => picked.push(Picked { at: place(index), open: open_at(&doubtful) }),
        }
    }
    picked
}

struct PolicyText<'a> {
    version: Option<&'a Node>,
    statements: &'a [Statement],
    /// How many requests may still be tried.
    left: Cell<usize>,
}

impl PolicyText<'_> {
    /// The policy of some statements, compiled. What AWS would not store today is evaluated as it once was.
    fn compiled(&self, nodes: Vec<Node>) -> Policy {
        let origin = self.statements.first().map(|first| first.node.origin.clone());
        let origin = origin.unwrap_or(palisade_model::Origin::Documented("".into()));
        let node = |value: Value| Node::new(value, origin.clone());
        let mut entries: Vec<(Arc<str>, Node)> = Vec::new();
        entries.extend(self.version.map(|version| (Arc::from("Version"), version.clone())));
        entries.push(("Statement".into(), node(Value::List(List { items: nodes, more: None }))));
        let document = node(Value::Map(Map { entries: entries.into_iter().collect(), more: None }));
        let mut policy = Policy::from_node(&document, "policy", PolicyKind::Resource, Strictness::Forgiving);
        policy.is_rejected = false;
        policy
    }

    /// Is it public as S3 means it? One public statement is enough.
    fn is_public(&self) -> Truth {
        let certain = self.statements.iter().filter(|one| one.effect == Effect::Allow && !one.is_doubtful);
        let mut certain = is_public(&self.compiled(certain.map(|one| one.node.clone()).collect()));
        if self.statements.iter().any(|one| one.is_doubtful && one.effect != Effect::Deny) {
            certain = certain.or(Truth::Unknown);
        }
        certain
    }

    /// Does a statement let outsiders in, and which statements have to be known to tell?
    fn lets_in(&self, index: usize, question: &Question, public: Truth) -> (Truth, Vec<usize>) {
        let own = &self.statements[index];
        let is_overruled = match question.is_restricted {
            Truth::No => Truth::No,
            switch => switch.and(public.or(is_public(&self.compiled(vec![own.node.clone()])))),
        };
        if is_overruled.is_yes() {
            return (Truth::No, Vec::new());
        }
        let others = |is_wanted: &dyn Fn(&Statement) -> bool| {
            let others = self.statements.iter().enumerate();
            let others =
                others.filter(|(at, one)| *at != index && one.effect != Effect::Allow && is_wanted(one));
            others.map(|(at, one)| (at, one.denying.clone())).collect::<Vec<_>>()
        };
        let ask = |denying: &[(usize, Node)]| {
            let denying = denying.iter().map(|(_, node)| node.clone());
            let nodes = std::iter::once(own.node.clone()).chain(denying).collect();
            Search::new(question, own, self.compiled(nodes)).run(&self.left)
        };
        let all = others(&|_| true);
        let doubtful: Vec<usize> = all
            .iter()
            .map(|(at, _)| *at)
            .chain([index])
            .filter(|at| self.statements[*at].is_doubtful || self.statements[*at].node.has_unknown())
            .collect();
        let at_least = ask(&all);
        let has_doubtful = self.statements.iter().any(|one| one.effect != Effect::Allow && one.is_doubtful);
        let verdict = match at_least {
            Truth::Yes => Truth::Yes,
            // Those that may not deny after all are left out.
            least if has_doubtful => least.or(ask(&others(&|one| !one.is_doubtful)).and(Truth::Unknown)),
            least => least,
        };
        let is_capped = own.is_doubtful || is_overruled == Truth::Unknown;
        (if is_capped { verdict.and(Truth::Unknown) } else { verdict }, doubtful)
    }
}

/// A value of which nothing is known.
pub(crate) fn nothing_known() -> Unknown {
    Why::NotEvaluated("it".into()).into()
}

#[cfg(test)]
mod tests;
