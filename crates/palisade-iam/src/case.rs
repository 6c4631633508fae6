//! Reads cases, the format of CASES.md, and answers them.

use crate::context::{Context, Entry, Rest};
use crate::decide::{By, Decision, Layer, Open, Outcome};
use crate::derive::{Caller, Credentials, Known, Side, Source, Target, Via, complete, link};
use crate::formula::Formula;
use crate::grants::{
    Columns, EksAccessEntry, Grant, GrantKind, Grants, KmsGrant, LakeFormationGrant, LakeResource,
    OtherGrant, Receiver, S3AccessGrant,
};
use crate::parse::Strictness;
use crate::policy::{Action, Policy, PolicyKind, ResourceText};
use crate::principal::{Principal, PrincipalPattern};
use crate::request::{
    AccessPoint, AclGrant, Asked, Facts, Level, Namespace, Parameters, Policies, Request, S3Facts, Switch,
    resource_need, unknown_action,
};
use crate::s3::is_public;
use crate::sets::Question;
use crate::truth::Truth;
use palisade_document::{Text, read_json};
use palisade_model::{Diagnostic, Node, Position, Value};
use palisade_services::Reference;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A case: a request, the policies that apply to it, and the answer that is expected.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// Every key that is not known is open, and the conditions are asked for.
    pub is_discovery: bool,
    /// The request and its policies.
    pub question: Question,
    /// The answer that is expected, as it was written.
    pub expect: Option<Json>,
    /// What is wrong with its policies.
    pub diagnostics: Vec<Diagnostic>,
}

/// The answer to a case.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The case.
    pub id: String,
    /// What AWS would answer.
    pub outcome: Outcome,
    /// The layers that stand in the way.
    pub blocked_by: Vec<&'static str>,
    /// The decision, in `Strict`.
    pub decision: Option<Decision>,
    /// What decides when the answer is unknown.
    pub open: Vec<Open>,
    /// When it holds, in `Discovery`.
    pub conditions: Option<Json>,
}

impl Case {
    /// Reads the case of one line.
    pub fn parse(line: &str, file: &Arc<str>, number: u32) -> Result<Self, Vec<Diagnostic>> {
        let text = Text { file, text: line, start: Position { line: number, column: 1 } };
        let mut documents = read_json(text);
        if !documents.diagnostics.is_empty() {
            return Err(documents.diagnostics);
        }
        let Some(node) = documents.documents.pop() else {
            return Err(vec![Diagnostic::error(format!("line {number} holds no case"))]);
        };
        Self::from_node(&node, number).map_err(|diagnostic| vec![diagnostic])
    }

    /// Reads a case from a node that a document reader gave.
    pub fn from_node(node: &Node, number: u32) -> Result<Self, Diagnostic> {
        let is_discovery = text(node, "mode") == Some("Discovery");
        let request = given(node, "request").ok_or_else(|| wrong(node, "the case has no `request`"))?;
        let (request, mut diagnostics) = read_request(node, request, is_discovery)?;
        let policies = read_policies(node, &request, &mut diagnostics);
        Ok(Self {
            id: text(node, "id").map_or_else(|| number.to_string(), str::to_owned),
            is_discovery,
            question: Question::new(request, policies),
            expect: given(node, "expect").map(|node| node.value.to_json()),
            diagnostics,
        })
    }

    /// Answers it.
    pub fn answer(&self) -> Answer {
        let question = &self.question;
        let decision = question.decide();
        if self.is_discovery {
            let (outcome, formula) = question.discover();
            return Answer {
                id: self.id.clone(),
                outcome,
                blocked_by: if outcome == Outcome::Allowed { Vec::new() } else { words(decision) },
                decision: Some(decision).filter(|decision| decision.outcome == outcome),
                open: Vec::new(),
                conditions: Formula::to_json(&formula),
            };
        }
        let open = if decision.outcome == Outcome::Unknown { question.open() } else { Vec::new() };
        Answer {
            id: self.id.clone(),
            outcome: decision.outcome,
            blocked_by: words(decision),
            decision: Some(decision),
            open,
            conditions: None,
        }
    }
}

fn words(decision: Decision) -> Vec<&'static str> {
    decision.blocked_by.iter().map(Layer::word).collect()
}

impl Answer {
    /// The line that `palisade iam decide --cases` writes.
    pub fn to_json(&self, policies: &Policies) -> Json {
        let mut line = json!({"id": self.id, "decision": self.outcome, "blockedBy": self.blocked_by});
        if let Some(by) = self.decision.and_then(|decision| decision.by) {
            line["by"] = by_json(by, policies);
        } else if let Some(rule) = self.decision.and_then(|decision| decision.rule) {
            line["by"] = json!({"rule": rule});
        }
        if self.outcome == Outcome::Unknown {
            line["open"] = json!(self.open);
        }
        if let Some(conditions) = &self.conditions {
            line["conditions"] = conditions.clone();
        }
        line
    }
}

/// A deciding statement as JSON.
pub fn by_json(by: By, policies: &Policies) -> Json {
    let mut object = json!({"layer": by.place.layer, "statement": by.statement + 1});
    if let Some(policy) = policies.at(by.place) {
        object["policy"] = json!(policy.name);
        if let Some(statement) = policy.statements.get(by.statement) {
            if let Some(sid) = &statement.sid {
                object["sid"] = json!(sid);
            }
            if let Some(span) = &statement.span {
                object["at"] = json!(span.to_string());
            }
        }
    }
    if let Some(level) = policies.level(by.place) {
        object["level"] = json!(level);
    }
    object
}

fn wrong(node: &Node, message: impl Into<String>) -> Diagnostic {
    let diagnostic = Diagnostic::error(message);
    match node.origin.span() {
        Some(span) => diagnostic.at(span.clone()),
        None => diagnostic,
    }
}

/// An entry that is there and not null.
fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.get(name).filter(|node| !matches!(node.value, Value::Null))
}

fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    given(node, name).and_then(Node::text)
}

fn boxed(node: &Node, name: &str) -> Option<Box<str>> {
    text(node, name).map(Into::into)
}

fn flag(node: &Node, name: &str) -> Option<bool> {
    match given(node, name)?.value {
        Value::Bool(bool) => Some(bool),
        _ => None,
    }
}

fn list<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    match given(node, name).map(|node| &node.value) {
        Some(Value::List(list)) => &list.items,
        _ => &[],
    }
}

fn texts(node: &Node, name: &str) -> Vec<Box<str>> {
    list(node, name).iter().filter_map(Node::text).map(Into::into).collect()
}

fn pairs(node: Option<&Node>) -> Vec<(Box<str>, Box<str>)> {
    match node.map(|node| &node.value) {
        Some(Value::Map(map)) => map
            .entries
            .iter()
            .filter_map(|(key, value)| Some((key.as_ref().into(), value.text()?.into())))
            .collect(),
        _ => Vec::new(),
    }
}

/// `{"unknown": "why"}`.
fn unknown(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Map(map) if map.entries.len() == 1 => text(node, "unknown"),
        _ => None,
    }
}

fn read_request(
    case: &Node,
    node: &Node,
    is_discovery: bool,
) -> Result<(Request, Vec<Diagnostic>), Diagnostic> {
    let needed =
        |name: &str| text(node, name).ok_or_else(|| wrong(node, format!("the request has no `{name}`")));
    let principal_text = needed("principal")?;
    let mut principal = Principal::parse(principal_text).ok_or_else(|| {
        wrong(node, format!("`{principal_text}` is no principal"))
            .help("an ARN, a service or `anonymous` is expected")
    })?;
    let action_text = needed("action")?;
    let action = Action::parse(action_text).ok_or_else(|| {
        wrong(node, format!("`{action_text}` is no action")).help("`service:Action` is expected")
    })?;
    let resource = ResourceText::new(text(node, "resource").unwrap_or("*"));
    let account = boxed(node, "resourceAccount").or_else(|| {
        let account = resource.field(4);
        (!account.is_empty()).then(|| account.into())
    });
    let mut diagnostics = Vec::new();
    let mut facts = read_facts(case, &action, &resource, account.as_deref(), &mut diagnostics);
    let known = read_known(case, node);
    facts.parameters = read_parameters(case, node);
    facts.canonical_id = given(node, "caller").and_then(|caller| boxed(caller, "canonicalId"));
    facts.assumed_root = given(node, "caller").and_then(|caller| flag(caller, "assumedRoot")) == Some(true);
    if let Some(policy) = given(node, "sets").and_then(|sets| given(sets, "policy")) {
        let policy = read_policy(policy, PolicyKind::Resource, "policy that is set", &mut diagnostics);
        facts.s3.sets_public_policy = is_public(&policy);
    }
    diagnostics.extend(unknown_action(&action).map(|diagnostic| match node.origin.span() {
        Some(span) => diagnostic.at(span.clone()),
        None => diagnostic,
    }));
    let takes_no_resource = match flag(node, "wildcardOnlyAction") {
        Some(is_told) => is_told,
        None if resource.text.as_ref() == "*" => {
            let (takes_none, is_unverified) = resource_need(&action);
            facts.resource_need_is_unverified = is_unverified;
            takes_none
        }
        None => false,
    };
    let context = if is_discovery { discovery_context(case, node) } else { strict_context(node) };
    if !is_discovery {
        let resource = resource.text;
        let asked = Asked {
            principal,
            action,
            resource,
            resource_account: account,
            takes_no_resource,
            context,
            known,
            facts,
        };
        return Ok((Request::new(asked), diagnostics));
    }
    facts.principal_in_management_account = known.principal_side.is_management;
    facts.resource_in_management_account = known.resource_side.is_management;
    facts.credentials = known.caller.credentials;
    complete(&mut principal, &known.caller);
    link(&mut principal, &known.caller, &context);
    let request =
        Request { principal, action, resource, resource_account: account, takes_no_resource, context, facts };
    Ok((request, diagnostics))
}

fn entry(node: &Node) -> Entry {
    match &node.value {
        Value::Null => Entry::Absent,
        Value::Text(text) => Entry::value(text.as_ref()),
        Value::Bool(bool) => Entry::value(bool.to_string()),
        Value::Number(number) => Entry::value(number.to_string()),
        Value::List(list) => Entry::values(list.items.iter().filter_map(Node::text)),
        Value::Map(_) => Entry::Unknown(unknown(node).unwrap_or("not told").into()),
        Value::Unknown(why) => Entry::Unknown(why.to_string().into()),
    }
}

fn strict_context(request: &Node) -> Context {
    let mut context = Context::new(Rest::Absent);
    for (key, entry) in context_entries(request) {
        if context.has(&key) && *context.of(&key) != entry {
            context.set(&key, Entry::Present("it is given twice, in different letter case".into()));
        } else {
            context.set(&key, entry);
        }
    }
    for key in texts(request, "unknown") {
        context.set(&key, Entry::Unknown("not told".into()));
    }
    context
}

fn context_entries(request: &Node) -> Vec<(String, Entry)> {
    match request.get("context").map(|node| &node.value) {
        Some(Value::Map(map)) => {
            map.entries.iter().map(|(key, node)| (key.to_string(), entry(node))).collect()
        }
        _ => Vec::new(),
    }
}

fn discovery_context(case: &Node, request: &Node) -> Context {
    let mut context = Context::new(Rest::Unknown("it is not told".into()));
    let entries = context_entries(request);
    for known in list(case, "knowledge") {
        let Some(key) = text(known, "keyName") else { continue };
        let given =
            entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, entry)| entry.clone());
        let is_known = |name: &str| flag(known, name) == Some(true);
        match (is_known("valueIsKnown"), is_known("presenceIsKnown"), given) {
            (true, _, Some(entry)) => context.set(key, entry),
            (true, true, None) | (false, true, None) => context.set(key, Entry::Absent),
            (false, true, Some(_)) => context.set(key, Entry::Present("its value is not told".into())),
            _ => {}
        }
    }
    context
}

fn read_known(case: &Node, request: &Node) -> Known {
    let side = |name: &str| {
        let node = given(case, "organisation").and_then(|node| given(node, name));
        node.map_or_else(Side::default, |node| Side {
            id: boxed(node, "id"),
            path: boxed(node, "path"),
            is_management: flag(node, "management"),
        })
    };
    let target = given(case, "resource");
    Known {
        caller: given(request, "caller").map_or_else(Caller::default, read_caller),
        via: given(request, "via").map_or_else(Via::default, read_via),
        principal_side: side("principal"),
        resource_side: side("resource"),
        target: Target {
            tags: target.and_then(|node| given(node, "tags")).map(|node| pairs(Some(node))),
            bucket_abac: target.and_then(|node| flag(node, "bucketAbac")) == Some(true),
        },
    }
}

fn read_caller(node: &Node) -> Caller {
    let mfa = given(node, "mfa");
    let age = mfa.and_then(|mfa| given(mfa, "ageSeconds")).and_then(|node| match &node.value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    });
    Caller {
        role_arn: boxed(node, "role"),
        user_arn: boxed(node, "user"),
        id: boxed(node, "id"),
        tags: given(node, "tags").map(|node| pairs(Some(node))),
        credentials: match text(node, "credentials") {
            Some("long-term") => Credentials::LongTerm,
            Some("temporary") => Credentials::Temporary,
            Some("console") => Credentials::Console,
            _ => Credentials::Usual,
        },
        mfa: mfa.and_then(|mfa| flag(mfa, "present")),
        mfa_age_seconds: age,
        issued: boxed(node, "issued"),
        source_identity: boxed(node, "sourceIdentity"),
        instance: given(node, "instance")
            .map(|node| [boxed(node, "arn"), boxed(node, "vpc"), boxed(node, "privateIp")]),
        is_service_linked: flag(node, "serviceLinked"),
    }
}

fn read_via(node: &Node) -> Via {
    Via {
        services: texts(node, "services"),
        endpoint: boxed(node, "endpoint"),
        vpc: boxed(node, "vpc"),
        private_ip: boxed(node, "privateIp"),
        secure_transport: flag(node, "secureTransport"),
        region: boxed(node, "region"),
        source: given(node, "source").map_or_else(Source::default, |node| Source {
            arn: boxed(node, "arn"),
            account: boxed(node, "account"),
            org_id: boxed(node, "orgId"),
            org_path: boxed(node, "orgPath"),
        }),
    }
}

fn read_facts(
    case: &Node,
    action: &Action,
    resource: &ResourceText,
    account: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Facts {
    let rcp_supported = match given(case, "service").and_then(|node| given(node, "rcpSupported")) {
        Some(node) => match node.value {
            Value::Bool(bool) => Some(bool),
            _ => None,
        },
        None => Reference::shipped().reached_by_rcps(action.service()),
    };
    let mut facts = Facts { rcp_supported, ..Facts::default() };
    if let Some(node) = given(case, "resource") {
        facts.aws_managed_key = flag(node, "awsManagedKey") == Some(true);
        facts.s3 = read_s3(node, resource, account, diagnostics);
    }
    facts.grants = read_grants(case);
    facts
}

fn read_s3(
    node: &Node,
    resource: &ResourceText,
    account: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> S3Facts {
    let block = given(node, "publicAccessBlock");
    let switch = |name: &str| {
        let Some(block) = block else { return Switch::Off };
        if unknown(block).is_some() {
            return Switch::Unknown;
        }
        let levels = ["account", "bucket", "accessPoint"].into_iter().filter_map(|level| given(block, level));
        let states = levels.map(|level| match (unknown(level), given(level, name)) {
            (Some(_), _) => Switch::Unknown,
            (None, Some(flag)) => match &flag.value {
                Value::Bool(true) => Switch::On,
                Value::Map(_) | Value::Unknown(_) => Switch::Unknown,
                _ => Switch::Off,
            },
            (None, None) => Switch::Off,
        });
        states.fold(Switch::Off, |all, one| match (all, one) {
            (Switch::On, _) | (_, Switch::On) => Switch::On,
            (Switch::Unknown, _) | (_, Switch::Unknown) => Switch::Unknown,
            _ => Switch::Off,
        })
    };
    let is_unknown = |name: &str| given(node, name).is_some_and(|node| unknown(node).is_some());
    let acl = list(node, "acl").iter().filter_map(|grant| {
        Some(AclGrant { grantee: boxed(grant, "grantee")?, permission: boxed(grant, "permission")? })
    });
    let access_point = given(node, "accessPoint").and_then(|node| {
        let arn = boxed(node, "arn")?;
        let object = resource.field(5).split_once('/').map_or("", |(_, key)| key);
        let named = if object.is_empty() { arn.to_string() } else { format!("{arn}/object/{object}") };
        Some(AccessPoint {
            resource: ResourceText::new(&named),
            account: boxed(node, "account").or(account.map(Into::into)).unwrap_or_default(),
            policy: given(node, "policy")
                .map(|node| read_policy(node, PolicyKind::Resource, "access point policy", diagnostics)),
            vpc: boxed(node, "vpc"),
            arn,
        })
    });
    S3Facts {
        restrict_public_buckets: switch("restrictPublicBuckets"),
        ignore_public_acls: switch("ignorePublicAcls"),
        block_public_acls: switch("blockPublicAcls"),
        block_public_policy: switch("blockPublicPolicy"),
        sets_public_policy: Truth::No,
        acls_are_enabled: match given(node, "objectOwnership") {
            Some(ownership) if unknown(ownership).is_some() => Truth::Unknown,
            ownership => {
                matches!(ownership.and_then(Node::text), Some("BucketOwnerPreferred" | "ObjectWriter")).into()
            }
        },
        object_owner: boxed(node, "objectOwner"),
        object_owner_is_unknown: is_unknown("objectOwner"),
        acl: acl.collect(),
        acl_is_unknown: is_unknown("acl"),
        access_point,
    }
}

fn read_grants(case: &Node) -> Grants {
    let mut grants = Grants::default();
    for node in list(case, "grants") {
        let Some(kind) = text(node, "kind").and_then(GrantKind::parse) else { continue };
        if let Some(why) = text(node, "unknown") {
            grants.untold.push((kind, why.into()));
            continue;
        }
        let lower =
            |texts: Vec<Box<str>>| texts.into_iter().map(|text| text.to_ascii_lowercase().into()).collect();
        grants.known.push(match kind {
            GrantKind::Kms => Grant::Kms(KmsGrant {
                grantee: text(node, "grantee").map(PrincipalPattern::grantee).unwrap_or_default(),
                operations: lower(texts(node, "operations")),
                retiring: text(node, "retiring").map(PrincipalPattern::grantee),
                context_equals: pairs(given(node, "encryptionContextEquals")),
                context_subset: pairs(given(node, "encryptionContextSubset")),
            }),
            GrantKind::LakeFormation => Grant::LakeFormation(read_lake_formation(node)),
            GrantKind::S3AccessGrants => Grant::S3Access(S3AccessGrant {
                to: receiver(node, "grantee"),
                scope: boxed(node, "prefix").unwrap_or_default(),
                permission: boxed(node, "permission").unwrap_or_default(),
            }),
            GrantKind::EksAccessEntry => Grant::Eks(EksAccessEntry {
                to: receiver(node, "principal"),
                cluster: boxed(node, "cluster"),
                policy: boxed(node, "policy"),
                namespaces: given(node, "scope")
                    .filter(|scope| given(scope, "namespaces").is_some())
                    .map(|scope| texts(scope, "namespaces")),
            }),
            kind => {
                let mut to: Vec<Box<str>> = [texts(node, "principals"), texts(node, "accounts")].concat();
                to.extend(
                    ["grantee", "principal", "role", "serviceAccount"]
                        .iter()
                        .filter_map(|name| boxed(node, name)),
                );
                let (by, resource) = match kind {
                    GrantKind::PodIdentity => (Some("pods.eks.amazonaws.com"), boxed(node, "role")),
                    GrantKind::RolesAnywhere => (Some("rolesanywhere.amazonaws.com"), boxed(node, "role")),
                    _ => (None, boxed(node, "resource")),
                };
                if let Some(service) = by {
                    to = vec![service.into()];
                }
                Grant::Other(
                    kind,
                    OtherGrant {
                        to: to.into_iter().map(Receiver::from).collect(),
                        actions: lower(texts(node, "actions")),
                        resource,
                    },
                )
            }
        });
    }
    grants
}

fn receiver(node: &Node, name: &str) -> Receiver {
    Receiver::from(boxed(node, name).unwrap_or_default())
}

fn read_lake_formation(node: &Node) -> LakeFormationGrant {
    if flag(node, "administrator") == Some(true) {
        return LakeFormationGrant {
            to: receiver(node, "grantee"),
            permissions: vec!["DESCRIBE".into(), "CREATE_DATABASE".into()],
            on: LakeResource::Administered,
        };
    }
    LakeFormationGrant {
        to: receiver(node, "grantee"),
        permissions: texts(node, "permissions"),
        on: given(node, "resource").map_or(LakeResource::Asked, read_lake_resource),
    }
}

fn read_lake_resource(node: &Node) -> LakeResource {
    let listed = |name: &str| given(node, name).map(|_| texts(node, name));
    if let Some(arn) = node.text() {
        return LakeResource::Arn(arn.into());
    }
    if let Some(Value::Map(tags)) = given(node, "lfTags").map(|node| &node.value) {
        let values = |node: &Node| match &node.value {
            Value::List(list) => list.items.iter().filter_map(Node::text).map(Into::into).collect(),
            _ => node.text().map(Into::into).into_iter().collect(),
        };
        return LakeResource::Tagged {
            is_of_tables: text(node, "type") != Some("DATABASE"),
            expression: tags.entries.iter().map(|(key, node)| (key.as_ref().into(), values(node))).collect(),
        };
    }
    match (boxed(node, "database"), boxed(node, "table")) {
        _ if given(node, "filter").is_some() => LakeResource::Part,
        (Some(database), Some(table)) => LakeResource::Table {
            database,
            table,
            columns: listed("columns").map(Columns::Only).or(listed("excludedColumns").map(Columns::AllBut)),
        },
        (Some(database), None) => LakeResource::Database(database),
        _ if flag(node, "catalog") == Some(true) => LakeResource::Catalog,
        _ => LakeResource::Part,
    }
}

fn read_parameters(case: &Node, request: &Node) -> Parameters {
    let lf_tags =
        given(case, "resource").and_then(|node| given(node, "lfTags")).map(|node| pairs(Some(node)));
    let Some(node) = given(request, "parameters") else {
        return Parameters { lf_tags, ..Parameters::default() };
    };
    Parameters {
        target: boxed(node, "target"),
        permission: boxed(node, "permission"),
        table: boxed(node, "table"),
        columns: given(node, "columns").map(|_| texts(node, "columns")),
        namespace: match node.get("namespace").map(|node| &node.value) {
            Some(Value::Null) => Namespace::None,
            Some(Value::Text(name)) => Namespace::Named(name.as_ref().into()),
            _ => Namespace::Untold,
        },
        lf_tags,
    }
}

fn read_policy(node: &Node, kind: PolicyKind, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Arc<Policy> {
    let (name, document) = match (text(node, "name"), given(node, "policy")) {
        (given, Some(document)) => (given.unwrap_or(name), document),
        _ => (name, node),
    };
    if let Some(why) = unknown(document) {
        return Arc::new(Policy::unread(kind, name, why));
    }
    let policy = Policy::from_node(document, name, kind, Strictness::Forgiving);
    diagnostics.extend(policy.diagnostics.iter().cloned());
    Arc::new(policy)
}

fn read_policies(case: &Node, request: &Request, diagnostics: &mut Vec<Diagnostic>) -> Policies {
    let mut many = |nodes: &[Node], kind: PolicyKind, name: &str| -> Vec<Arc<Policy>> {
        let numbered =
            |at: usize| if nodes.len() == 1 { name.to_owned() } else { format!("{name} {}", at + 1) };
        nodes
            .iter()
            .enumerate()
            .map(|(at, node)| read_policy(node, kind, &numbered(at), diagnostics))
            .collect()
    };
    let mut identity = many(list(case, "identity"), PolicyKind::Identity, "identity policy");
    if let Some(Value::Map(groups)) = given(case, "groups").map(|node| &node.value) {
        for (group, node) in &groups.entries {
            if let Value::List(policies) = &node.value {
                identity.extend(many(
                    &policies.items,
                    PolicyKind::Identity,
                    &format!("policy of the group {group}"),
                ));
            }
        }
    }
    let is_role = request.resource.field(2) == "iam" && request.resource.field(5).starts_with("role/");
    let of_resource =
        if is_role && request.action.service() == "sts" { PolicyKind::Trust } else { PolicyKind::Resource };
    let resource = given(case, "resourcePolicy")
        .map(|node| many(std::slice::from_ref(node), of_resource, of_resource.noun()));
    let session = match given(case, "session") {
        Some(Node { value: Value::List(sessions), .. }) => {
            many(&sessions.items, PolicyKind::Session, "session policy")
        }
        Some(node) => many(std::slice::from_ref(node), PolicyKind::Session, "session policy"),
        None => Vec::new(),
    };
    let mut levels = |name: &str, kind: PolicyKind, noun: &str| -> Vec<Level> {
        let read = list(case, name).iter().map(|level| Level {
            at: text(level, "at").unwrap_or("?").into(),
            policies: many(list(level, "policies"), kind, noun),
        });
        read.collect()
    };
    let scps = levels("scps", PolicyKind::ServiceControl, "SCP");
    let rcps = levels("rcps", PolicyKind::ResourceControl, "RCP");
    Policies {
        identity,
        resource: resource.and_then(|policies| policies.into_iter().next()),
        session,
        boundaries: many(list(case, "boundaries"), PolicyKind::Boundary, "permissions boundary"),
        scps,
        rcps,
        endpoints: many(list(case, "endpoints"), PolicyKind::Endpoint, "VPC endpoint policy"),
        access_point: request.facts.s3.access_point.as_ref().and_then(|point| point.policy.clone()),
    }
}
