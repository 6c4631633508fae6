//! Decides requests, following "Policy evaluation logic" in the IAM user guide.
//!
//! The rules are written once, over any logic: with three-valued truth they give the decision, with
//! formulas (see `formula`) they give the conditions under which it holds.

use crate::grants;
use crate::policy::{Effect, Policy, Principals, ResourceText, Statement};
use crate::principal::{Named, Principal, PrincipalPattern, RoleSession};
use crate::request::{Level, Policies, Request};
use crate::rules::{Rule, rule};
use crate::s3;
use crate::truth::Truth;
use serde::Serialize;
use std::sync::Arc;

/// What AWS would answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Outcome {
    /// The request is allowed.
    Allowed,
    /// Nothing allows it, or one of the layers that must allow it does not.
    ImplicitlyDenied,
    /// A statement denies it.
    ExplicitlyDenied,
    /// What is not known decides.
    Unknown,
}

/// A layer of the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Layer {
    /// Service control policies.
    #[serde(rename = "scp")]
    ServiceControl,
    /// Resource control policies.
    #[serde(rename = "rcp")]
    ResourceControl,
    /// The policy of the resource.
    #[serde(rename = "resource")]
    Resource,
    /// The policies of the identity.
    #[serde(rename = "identity")]
    Identity,
    /// The VPC endpoint.
    #[serde(rename = "vpce")]
    Endpoint,
    /// The permissions boundary.
    #[serde(rename = "pb")]
    Boundary,
    /// The session policy.
    #[serde(rename = "session")]
    Session,
    /// S3's public access block.
    #[serde(rename = "s3-bpa")]
    PublicAccessBlock,
    /// The access point.
    #[serde(rename = "access-point")]
    AccessPoint,
    /// A grant that is no policy.
    #[serde(rename = "grant")]
    Grant,
}

impl Layer {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::ServiceControl,
        Self::ResourceControl,
        Self::Resource,
        Self::Identity,
        Self::Endpoint,
        Self::Boundary,
        Self::Session,
        Self::PublicAccessBlock,
        Self::AccessPoint,
        Self::Grant,
    ];

    /// The word of `blockedBy`.
    pub fn word(self) -> &'static str {
        match self {
            Self::ServiceControl => "scp",
            Self::ResourceControl => "rcp",
            Self::Resource => "resource",
            Self::Identity => "identity",
            Self::Endpoint => "vpce",
            Self::Boundary => "pb",
            Self::Session => "session",
            Self::PublicAccessBlock => "s3-bpa",
            Self::AccessPoint => "access-point",
            Self::Grant => "grant",
        }
    }

    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::ServiceControl => "the service control policies",
            Self::ResourceControl => "the resource control policies",
            Self::Resource => "the resource policy",
            Self::Identity => "the identity policies",
            Self::Endpoint => "the VPC endpoint policy",
            Self::Boundary => "the permissions boundary",
            Self::Session => "the session policy",
            Self::PublicAccessBlock => "the S3 public access block",
            Self::AccessPoint => "the access point",
            Self::Grant => "grants",
        }
    }
}

/// A set of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers(u16);

impl Layers {
    /// Is the layer in the set?
    pub fn contains(self, layer: Layer) -> bool {
        self.0 & 1 << layer as u16 != 0
    }
    /// Its layers, in their order.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.contains(*layer))
    }
    fn insert(&mut self, layer: Layer) {
        self.0 |= 1 << layer as u16;
    }
}

/// The place of a policy among those of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The layer.
    pub layer: Layer,
    /// The level of the organisation, from the root; 0 elsewhere.
    pub level: usize,
    /// The policy, among those of the layer or level.
    pub policy: usize,
}

/// A statement that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct By {
    /// Where its policy is.
    pub place: Place,
    /// The statement's place in the policy, from 0.
    pub statement: usize,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What AWS would answer.
    pub outcome: Outcome,
    /// The layers that stand in the way.
    pub blocked_by: Layers,
    /// The statement that denies, or the one that grants.
    pub by: Option<By>,
    /// The rule that decides beside all statements.
    pub rule: Option<Rule>,
    /// All layers would allow it, were it not for a denial.
    pub(crate) is_allowed_but_for_denial: bool,
}

/// Why something is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Open {
    /// The condition key, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// The fact, when it is no condition key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<Arc<str>>,
    /// Why it is not known.
    pub why: Arc<str>,
}

impl Open {
    /// A fact that is not known.
    pub fn fact(fact: impl Into<Arc<str>>, why: impl Into<Arc<str>>) -> Self {
        Self { key: None, fact: Some(fact.into()), why: why.into() }
    }
}

/// A logic in which the rules are evaluated.
pub(crate) trait Logic {
    type V: Clone;
    fn known(&self, truth: bool) -> Self::V;
    /// Not known; the reason is made only where it is wanted.
    fn open(&mut self, why: &dyn Fn() -> Open) -> Self::V;
    fn and(&self, a: Self::V, b: Self::V) -> Self::V;
    fn or(&self, a: Self::V, b: Self::V) -> Self::V;
    fn not(&self, a: Self::V) -> Self::V;
    fn is_no(&self, a: &Self::V) -> bool;
    fn is_yes(&self, a: &Self::V) -> bool;
    /// Does the statement apply, as far as action, resource and conditions say?
    fn applies(&mut self, at: &At<'_>, request: &Request, resource: &ResourceText) -> Self::V;
    /// Would the session be called this?
    fn session_name(&mut self, at: &At<'_>, request: &Request, name: &str) -> Self::V;
    /// A statement was found to apply, or perhaps to apply.
    fn note(&mut self, at: &At<'_>, effect: Effect, value: &Self::V);
}

/// A statement and where it is.
pub(crate) struct At<'a> {
    pub(crate) place: Place,
    pub(crate) policy: &'a Policy,
    pub(crate) statement: &'a Statement,
}

/// What the layers say, before they are put together.
pub(crate) struct Verdicts<V> {
    pub(crate) denies: [V; 10],
    pub(crate) scp: V,
    pub(crate) endpoint: V,
    pub(crate) boundary: V,
    pub(crate) session: V,
    pub(crate) identity: V,
    pub(crate) named: [V; 6],
    pub(crate) restricted: V,
    pub(crate) acl: V,
    pub(crate) grant: V,
    pub(crate) grant_added: V,
    pub(crate) access_point: V,
}

/// Does the request's resource match, and can the statement be about an action without resource?
pub(crate) fn about_resource(statement: &Statement, request: &Request, resource: &ResourceText) -> Truth {
    match &statement.resources {
        None => Truth::Yes,
        Some(resources) if request.facts.resource_need_is_unverified => {
            // Whether the action takes resources, the sources differ on: only `*` is about it for certain.
            match (resources.names_everything(), request.takes_no_resource) {
                (true, _) => Truth::Yes,
                (false, true) => Truth::Unknown,
                (false, false) => resources.matches(resource, &request.context).and(Truth::Unknown),
            }
        }
        Some(resources) if request.takes_no_resource => match (&resources.open, resources.names_everything())
        {
            (_, true) => Truth::Yes,
            (Some(_), false) => Truth::Unknown,
            (None, false) => Truth::No,
        },
        Some(resources) => {
            let is_about = resources.matches(resource, &request.context);
            match &request.facts.s3.access_point {
                Some(access_point) if statement.principals.is_none() && !is_about.is_yes() => {
                    let through = resources.matches(&access_point.resource, &request.context);
                    // What names the access point denies what goes through it. Whether it allows it too where it says
                    // nothing of the bucket, no page says.
                    let through = match statement.effect {
                        Some(Effect::Deny) if !resources.is_negated => through,
                        _ => through.and(Truth::Unknown),
                    };
                    is_about.or(through)
                }
                _ => is_about,
            }
        }
    }
}

/// Evaluates all the layers.
pub(crate) fn evaluate<L: Logic>(logic: &mut L, request: &Request, policies: &Policies) -> Verdicts<L::V> {
    let none = logic.known(false);
    let mut denies: [L::V; 10] = std::array::from_fn(|_| none.clone());
    let scp = service_control(logic, request, policies, &mut denies);
    resource_control(logic, request, policies, &mut denies);
    let named = resource_policy(logic, request, policies, &mut denies);
    let (identity, deny) = scan(logic, Layer::Identity, 0, &policies.identity, request);
    denies[Layer::Identity as usize] = deny;
    let session = session(logic, request, policies, &mut denies);
    let boundary = boundary(logic, request, policies, &mut denies);
    let endpoint = endpoint(logic, request, policies, &mut denies);
    let access_point = access_point(logic, request, policies, &mut denies);
    let restricted = truth(logic, s3::is_restricted(request, policies), &|| {
        Open::fact("S3 public access block", "it is not known whether it restricts this bucket")
    });
    let acl =
        truth(logic, s3::acl_allows(request), &|| Open::fact("S3 ACL", "it is not known whom it lets in"));
    let (to_itself, added) = grants::grants(request);
    let grant = truth(logic, to_itself, &|| grants::open(request));
    let grant_added = truth(logic, added, &|| grants::open(request));
    Verdicts {
        denies,
        scp,
        endpoint,
        boundary,
        session,
        identity,
        named,
        restricted,
        acl,
        grant,
        grant_added,
        access_point,
    }
}

fn truth<L: Logic>(logic: &mut L, truth: Truth, why: &dyn Fn() -> Open) -> L::V {
    match truth {
        Truth::Yes => logic.known(true),
        Truth::No => logic.known(false),
        Truth::Unknown => logic.open(why),
    }
}

/// All the statements of some policies that name no principals: what they allow and deny.
fn scan<L: Logic>(
    logic: &mut L,
    layer: Layer,
    level: usize,
    policies: &[Arc<Policy>],
    request: &Request,
) -> (L::V, L::V) {
    let (mut allow, mut deny) = (logic.known(false), logic.known(false));
    for (index, policy) in policies.iter().enumerate() {
        let place = Place { layer, level, policy: index };
        for statement in policy.about(&request.action) {
            let at = At { place, policy, statement };
            let value = logic.applies(&at, request, &request.resource);
            (allow, deny) = note(logic, &at, value, (allow, deny));
        }
        if policy.unread.is_some() {
            let open = logic.open(&|| unread(policy));
            (allow, deny) = (logic.or(allow, open.clone()), logic.or(deny, open));
        }
    }
    (allow, deny)
}

/// Adds what a statement says to what is allowed and denied.
fn note<L: Logic>(logic: &mut L, at: &At<'_>, value: L::V, (allow, deny): (L::V, L::V)) -> (L::V, L::V) {
    if logic.is_no(&value) {
        return (allow, deny);
    }
    match at.statement.effect {
        Some(Effect::Allow) if at.policy.is_rejected && at.statement.open.is_none() => (allow, deny),
        Some(Effect::Allow) => {
            logic.note(at, Effect::Allow, &value);
            (logic.or(allow, value), deny)
        }
        Some(Effect::Deny) => {
            logic.note(at, Effect::Deny, &value);
            (allow, logic.or(deny, value))
        }
        // The effect could not be read: with an error it is neither, else it may be either.
        None if at.statement.open.is_none() => (allow, deny),
        None => (logic.or(allow, value.clone()), logic.or(deny, value)),
    }
}

fn unread(policy: &Policy) -> Open {
    let why = policy.unread.clone().unwrap_or_else(|| "not read".into());
    Open::fact(format!("the {} `{}`", policy.kind.noun(), policy.name), why)
}

/// The statements of a policy that names principals, by how they name the one who asks.
fn scan_named<L: Logic>(
    logic: &mut L,
    place: Place,
    policy: &Policy,
    request: &Request,
    resource: &ResourceText,
    has_boundary: bool,
) -> ([L::V; 6], L::V) {
    let none = logic.known(false);
    let mut named: [L::V; 6] = std::array::from_fn(|_| none.clone());
    let mut deny = none.clone();
    for statement in policy.about(&request.action) {
        let at = At { place, policy, statement };
        let ways = ways_named(logic, &at, request, has_boundary);
        if ways.iter().all(|way| way.as_ref().is_none_or(|way| logic.is_no(way))) {
            continue;
        }
        let applies = logic.applies(&at, request, resource);
        if logic.is_no(&applies) {
            continue;
        }
        for (index, way) in ways.into_iter().enumerate() {
            let Some(way) = way else { continue };
            let value = logic.and(way, applies.clone());
            let allow = named[index].clone();
            (named[index], deny) = note(logic, &at, value, (allow, deny));
        }
    }
    if policy.unread.is_some() {
        let open = logic.open(&|| unread(policy));
        named = named.map(|allow| logic.or(allow, open.clone()));
        deny = logic.or(deny, open);
    }
    (named, deny)
}

type Ways<V> = [Option<V>; 6];

/// In which ways does the statement name the one who asks?
pub(crate) fn ways_named<L: Logic>(
    logic: &mut L,
    at: &At<'_>,
    request: &Request,
    has_boundary: bool,
) -> Ways<L::V> {
    let mut ways: Ways<L::V> = std::array::from_fn(|_| None);
    let Some(principals) = &at.statement.principals else {
        ways[Named::Itself as usize] = Some(logic.known(true));
        return ways;
    };
    if principals.is_negated {
        let is_deny = at.statement.effect != Some(Effect::Allow);
        let applies = spares_not(principals, &request.principal, is_deny, has_boundary);
        let value = truth(logic, applies, &|| {
            Open::fact(
                "NotPrincipal",
                "AWS documents it only when account, role and session are listed together",
            )
        });
        ways[Named::Everyone as usize] = Some(value);
        return ways;
    }
    for (pattern, _) in &principals.patterns {
        let (named, value) = match pattern.names(&request.principal) {
            Some((named, Truth::Yes)) => (named, logic.known(true)),
            Some((_, Truth::No)) => continue,
            Some((named, Truth::Unknown)) => (
                named,
                logic.open(&|| Open::fact("canonical user", "whose canonical id this is, is not known")),
            ),
            None => match pattern.session_of(&request.principal) {
                Some(name) => (Named::Itself, logic.session_name(at, request, name)),
                None => continue,
            },
        };
        let way = &mut ways[at.statement.refine(named) as usize];
        *way = Some(match way.take() {
            Some(other) => logic.or(other, value),
            None => value,
        });
    }
    if principals.is_open {
        // Whoever asks may be named in what is not known, as themselves or by their account.
        for named in [Named::Account, Named::Itself] {
            let open =
                logic.open(&|| Open::fact("Principal", "part of whom the statement names is not known"));
            let way = &mut ways[named as usize];
            *way = Some(match way.take() {
                Some(other) => logic.or(other, open),
                None => open,
            });
        }
    }
    ways
}

/// Does a statement with `NotPrincipal` apply to this principal?
///
/// Sources: "AWS JSON policy elements: NotPrincipal": account, role and session must all be listed to be spared for
/// certain, and whoever has a permissions boundary is never spared.
fn spares_not(principals: &Principals, principal: &Principal, is_deny: bool, has_boundary: bool) -> Truth {
    let patterns = || principals.patterns.iter().map(|(pattern, _)| pattern);
    if patterns().any(|pattern| *pattern == PrincipalPattern::Everyone) {
        return Truth::No;
    }
    if is_deny && has_boundary && principal.has_identity() {
        return Truth::Yes;
    }
    let listed = |wanted: Named| {
        patterns().any(|pattern| pattern.names(principal).is_some_and(|(named, _)| named == wanted))
    };
    let (itself, account) = (listed(Named::Itself), listed(Named::Account));
    let role = listed(Named::Role) || listed(Named::UserOfSession);
    let is_listed = itself || account || role;
    if !is_listed {
        // A session of this role is listed, and which session asks nobody told.
        let is_perhaps = is_any_session(principal) && patterns().any(|p| p.session_of(principal).is_some());
        return if is_perhaps { Truth::Unknown } else { Truth::Yes };
    }
    if !is_deny {
        return if itself || role { Truth::No } else { Truth::Unknown };
    }
    let is_spared = match principal {
        Principal::User(_) => itself && account,
        Principal::RoleSession(_) | Principal::FederatedUser(_) => itself && role && account,
        Principal::Root { .. }
        | Principal::Service(_)
        | Principal::Federated { .. }
        | Principal::Anonymous => itself,
    };
    if is_spared { Truth::No } else { Truth::Unknown }
}

/// Do SCPs act on the one who asks?
///
/// Source: Organizations user guide, "Service control policies", "Tasks and entities not restricted by SCPs".
fn is_bound_by_scps(request: &Request) -> Truth {
    let is_identity = match &request.principal {
        Principal::User(_) | Principal::FederatedUser(_) | Principal::Root { .. } => Truth::Yes,
        Principal::RoleSession(role) => is_unlinked(role),
        Principal::Service(_) | Principal::Federated { .. } | Principal::Anonymous => Truth::No,
    };
    // "Register for the Enterprise support plan", "Mechanical Turk": SCPs leave them alone, and the page does not
    // say which actions that are.
    let task = if matches!(request.action.service(), "mechanicalturk" | "supportplans") {
        Truth::Unknown
    } else {
        Truth::Yes
    };
    match request.facts.principal_in_management_account {
        Some(true) => Truth::No,
        _ => is_identity.and(task),
    }
}

/// Is it no service-linked role?
fn is_unlinked(role: &RoleSession) -> Truth {
    role.is_service_linked.map_or(Truth::Unknown, |is_linked| (!is_linked).into())
}

fn service_control<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    if policies.scps.is_empty() {
        return logic.known(true);
    }
    let bound = is_bound_by_scps(request);
    if bound.is_no() {
        return logic.known(true);
    }
    let bound = truth(logic, bound, &|| {
        Open::fact(
            "service control policies",
            "whether they act on this role (is it linked to a service?) and task is not known",
        )
    });
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (level, Level { policies, .. }) in policies.scps.iter().enumerate() {
        let (allow, deny) = scan(logic, Layer::ServiceControl, level, policies, request);
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::ServiceControl as usize] = logic.and(bound.clone(), any_deny);
    let unbound = logic.not(bound);
    logic.or(unbound, all)
}

/// Do RCPs act on the request?
///
/// Sources: Organizations user guide, "Resource control policies", "Resources and entities not restricted by RCPs";
/// KMS developer guide, "Resource control policies in AWS KMS".
pub(crate) fn is_bound_by_rcps(request: &Request) -> Truth {
    if request.facts.resource_in_management_account == Some(true)
        || request.facts.aws_managed_key
        || is_retirement(request)
    {
        return Truth::No;
    }
    let caller = match &request.principal {
        Principal::RoleSession(role) => is_unlinked(role),
        Principal::Service(_) if is_role_assumption(request) => {
            (!request.resource.field(5).starts_with("role/aws-service-role/")).into()
        }
        _ => Truth::Yes,
    };
    let service = match request.facts.rcp_supported {
        Some(is_supported) => is_supported.into(),
        None => Truth::Unknown,
    };
    caller.and(service)
}

fn resource_control<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) {
    if policies.rcps.is_empty() {
        return;
    }
    let bound = is_bound_by_rcps(request);
    if bound.is_no() {
        return;
    }
    let bound = truth(logic, bound, &|| {
        Open::fact("resource control policies", "whether they act on this service and caller is not known")
    });
    let mut any_deny = logic.known(false);
    for (level, Level { policies, .. }) in policies.rcps.iter().enumerate() {
        for (index, policy) in policies.iter().enumerate() {
            let place = Place { layer: Layer::ResourceControl, level, policy: index };
            // What an RCP allows does not matter: RCPFullAWSAccess, which can't be detached, allows all.
            let (_, deny) = scan_named(logic, place, policy, request, &request.resource, false);
            any_deny = logic.or(any_deny, deny);
        }
    }
    denies[Layer::ResourceControl as usize] = logic.and(bound, any_deny);
}

fn resource_policy<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> [L::V; 6] {
    let none = logic.known(false);
    let Some(policy) = &policies.resource else {
        return std::array::from_fn(|_| none.clone());
    };
    let place = Place { layer: Layer::Resource, level: 0, policy: 0 };
    let has_boundary = !policies.boundaries.is_empty();
    let (named, deny) = scan_named(logic, place, policy, request, &request.resource, has_boundary);
    if !s3::is_lockout_exempt(request) && !is_retirement(request) {
        denies[Layer::Resource as usize] = deny;
    }
    // Who retires a grant, the grant says: the key policy has no effect on it.
    if is_retirement(request) || administers_foreign_key(request) {
        return std::array::from_fn(|_| none.clone());
    }
    match s3::object_of_somebody_else(request) {
        Truth::No => named,
        // The owner of a bucket can't let others at objects that it does not own.
        Truth::Yes => std::array::from_fn(|_| none.clone()),
        Truth::Unknown => named.map(|allow| {
            let open = logic.open(&|| Open::fact("object owner", "who owns the object is not known"));
            logic.and(allow, open)
        }),
    }
}

fn session<L: Logic>(logic: &mut L, request: &Request, policies: &Policies, denies: &mut [L::V; 10]) -> L::V {
    // "If you do not pass a policy, the resulting federated user session has no permissions."
    let is_federated_user = matches!(request.principal, Principal::FederatedUser(_));
    if policies.session.is_empty() {
        return logic.known(!is_federated_user);
    }
    let (allow, deny) = scan(logic, Layer::Session, 0, &policies.session, request);
    denies[Layer::Session as usize] = deny;
    allow
}

fn boundary<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (index, policy) in policies.boundaries.iter().enumerate() {
        let (allow, deny) = scan(logic, Layer::Boundary, index, std::slice::from_ref(policy), request);
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::Boundary as usize] = any_deny;
    all
}

fn endpoint<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (index, policy) in policies.endpoints.iter().enumerate() {
        let place = Place { layer: Layer::Endpoint, level: index, policy: 0 };
        let (named, deny) = scan_named(logic, place, policy, request, &request.resource, false);
        // On gateway endpoints an account stands for its root user only; for others no page says it.
        let is_gateway = matches!(request.action.service(), "s3" | "dynamodb");
        let mut allow = logic.known(false);
        for (way, value) in Named::ALL.into_iter().zip(named) {
            let value = match way {
                Named::Account if logic.is_no(&value) => value,
                Named::Account if is_gateway => logic.known(false),
                Named::Account => {
                    let open = logic.open(&|| {
                        Open::fact(
                            "VPC endpoint policy",
                            "whom an account stands for in it is not documented",
                        )
                    });
                    logic.and(value, open)
                }
                _ => value,
            };
            allow = logic.or(allow, value);
        }
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::Endpoint as usize] = any_deny;
    all
}

/// What the policy of the access point says, as one more resource that must permit the request.
fn access_point<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    let Some(access_point) = &request.facts.s3.access_point else {
        return logic.known(true);
    };
    let own = request.principal.account() == Some(access_point.account.as_ref());
    let Some(policy) = policies.access_point.as_ref().or(access_point.policy.as_ref()) else {
        return logic.known(own);
    };
    let place = Place { layer: Layer::AccessPoint, level: 0, policy: 0 };
    let has_boundary = !policies.boundaries.is_empty();
    let (named, deny) = scan_named(logic, place, policy, request, &access_point.resource, has_boundary);
    denies[Layer::AccessPoint as usize] = deny;
    named.into_iter().fold(logic.known(own), |any, value| logic.or(any, value))
}

/// Is the request an assumption of a role, or what belongs to one?
pub(crate) fn is_role_assumption(request: &Request) -> bool {
    request.action.service() == "sts"
        && matches!(
            request.action.name(),
            "assumerole"
                | "assumerolewithsaml"
                | "assumerolewithwebidentity"
                | "tagsession"
                | "setsourceidentity"
                | "setcontext"
        )
}

/// Does the request retire a grant of a key? "The grant determines who can retire it."
fn is_retirement(request: &Request) -> bool {
    request.action.lowercase() == "kms:retiregrant"
}

/// Is it the administration of another account's key? A key policy that permits it has no effect.
///
/// Source: KMS developer guide, "Allowing users in other accounts to use a KMS key".
fn administers_foreign_key(request: &Request) -> bool {
    let account = request.principal.account();
    request.action.service() == "kms"
        && request.resource.field(5).starts_with("key/")
        && account.is_some()
        && account != resource_account(request)
        && !FOR_OTHER_ACCOUNTS.contains(&request.action.name())
}

/// The operations on a key that other accounts can be given.
const FOR_OTHER_ACCOUNTS: [&str; 21] = [
    "creategrant",
    "decrypt",
    "derivesharedsecret",
    "describekey",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "generatemac",
    "getkeyrotationstatus",
    "getpublickey",
    "listgrants",
    "reencrypt",
    "reencryptfrom",
    "reencryptto",
    "retiregrant",
    "revokegrant",
    "sign",
    "verify",
    "verifymac",
];

/// Must the resource's policy allow even within its account?
///
/// Sources: KMS developer guide, "Key policies"; STS API reference, "AssumeRole".
pub(crate) fn policy_is_mandatory(request: &Request) -> bool {
    let is_key = request.action.service() == "kms"
        && !is_retirement(request)
        && (request.resource.field(5).starts_with("key/")
            || (!request.resource.is_arn() && !WITHOUT_KEY.contains(&request.action.name())));
    is_key || is_role_assumption(request)
}

/// The actions of KMS that are about no key. Source: KMS developer guide, "Permissions reference".
const WITHOUT_KEY: [&str; 10] = [
    "connectcustomkeystore",
    "createcustomkeystore",
    "createkey",
    "deletecustomkeystore",
    "describecustomkeystores",
    "disconnectcustomkeystore",
    "generaterandom",
    "listaliases",
    "listkeys",
    "updatecustomkeystore",
];

/// Who owns the resource, as far as the request or the ARN tell.
fn resource_account(request: &Request) -> Option<&str> {
    request
        .resource_account
        .as_deref()
        .or_else(|| Some(request.resource.field(4)).filter(|account| !account.is_empty()))
}

/// Puts the layers together: is the request allowed, explicit denials aside?
pub(crate) fn combine<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let within = combine_resource(logic, request, verdicts);
    let all = logic.and(verdicts.scp.clone(), within);
    let all = logic.and(all, verdicts.access_point.clone());
    let all = logic.and(all, verdicts.endpoint.clone());
    let also = truth(logic, grants::also_needed(request), &|| grants::open(request));
    let all = logic.and(all, also);
    let blocked = truth(logic, s3::sets_blocked(request), &|| {
        Open::fact("S3 public access block", "it is not known whether it refuses what the request sets")
    });
    let unblocked = logic.not(blocked);
    logic.and(all, unblocked)
}

fn combine_resource<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let by_anything = |logic: &mut L, except: &[Named]| {
        let mut any = logic.known(false);
        for way in Named::ALL.into_iter().filter(|way| !except.contains(way)) {
            any = logic.or(any, verdicts.named[way as usize].clone());
        }
        let unrestricted = logic.not(verdicts.restricted.clone());
        let any = logic.and(any, unrestricted);
        let any = logic.or(any, verdicts.acl.clone());
        let any = logic.or(any, verdicts.grant_added.clone());
        logic.or(any, verdicts.grant.clone())
    };
    let Some(account) = request.principal.account() else {
        if matches!(request.principal, Principal::Federated { .. }) {
            let itself = verdicts.named[Named::Itself as usize].clone();
            let everyone = verdicts.named[Named::Everyone as usize].clone();
            if logic.is_no(&everyone) {
                return itself;
            }
            let open = logic.open(&|| {
                Open::fact("trust in `*`", "whether `*` trusts identity providers is not documented")
            });
            let everyone = logic.and(everyone, open);
            return logic.or(itself, everyone);
        }
        return by_anything(logic, &[]);
    };
    match resource_account(request) {
        Some(owner) if owner == account || owner == "aws" => same_account(logic, request, verdicts),
        Some(_) => across_accounts(logic, verdicts, by_anything),
        None => {
            let same = same_account(logic, request, verdicts);
            let across = across_accounts(logic, verdicts, by_anything);
            if (logic.is_yes(&same) && logic.is_yes(&across)) || (logic.is_no(&same) && logic.is_no(&across))
            {
                return same;
            }
            let is_own = logic.open(&|| Open::fact("resource account", "who owns the resource is not known"));
            let is_other = logic.not(is_own.clone());
            let (same, across) = (logic.and(is_own, same), logic.and(is_other, across));
            logic.or(same, across)
        }
    }
}

/// Both sides must allow.
fn across_accounts<L: Logic>(
    logic: &mut L,
    verdicts: &Verdicts<L::V>,
    by_anything: impl Fn(&mut L, &[Named]) -> L::V,
) -> L::V {
    let resource = by_anything(logic, &[]);
    let principal = principal_side(logic, verdicts);
    logic.and(resource, principal)
}

fn principal_side<L: Logic>(logic: &mut L, verdicts: &Verdicts<L::V>) -> L::V {
    let identity = verdicts.identity.clone();
    let bounded = logic.and(identity, verdicts.boundary.clone());
    logic.and(bounded, verdicts.session.clone())
}

/// The table of how the resource policy names the one who asks.
///
/// Source: "How AWS enforcement code logic evaluates requests to allow or deny access", IAM user guide.
fn same_account<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let named = |way: Named| verdicts.named[way as usize].clone();
    // Named as itself, or as everybody: neither boundary nor session limit that.
    let everyone = everyone_in_session(logic, request, verdicts);
    let direct = logic.or(named(Named::Itself), named(Named::EveryoneByArn));
    let direct = logic.or(direct, everyone);
    let granted = granted(logic, verdicts);
    let direct = logic.or(direct, granted);
    // Named as role or user of the session: that adds to the identity's own permissions.
    let added = logic.or(named(Named::Role), named(Named::UserOfSession));
    let identity = if policy_is_mandatory(request) {
        logic.and(named(Named::Account), verdicts.identity.clone())
    } else {
        verdicts.identity.clone()
    };
    let identity = if is_retirement(request) && !logic.is_no(&identity) {
        // The permission "alone does not allow principals to retire a grant", but the account that made it can.
        let open = logic.open(&|| {
            Open::fact("grant", "whether this account made it, so that it may retire it, is not known")
        });
        logic.and(identity, open)
    } else {
        identity
    };
    let inner = logic.or(added, identity);
    let inner = logic.and(inner, verdicts.boundary.clone());
    let inner = logic.and(inner, verdicts.session.clone());
    if request.facts.assumed_root {
        // A session of `sts:AssumeRoot` can do what its task policy says and nothing else.
        let either = logic.or(direct, inner);
        return logic.and(either, verdicts.session.clone());
    }
    logic.or(direct, inner)
}

/// Whether a boundary or session policy that is silent limits what a grant gives, no page says.
fn granted<L: Logic>(logic: &mut L, verdicts: &Verdicts<L::V>) -> L::V {
    let grant = logic.or(verdicts.grant.clone(), verdicts.grant_added.clone());
    let limits = logic.and(verdicts.boundary.clone(), verdicts.session.clone());
    if logic.is_no(&grant) || logic.is_yes(&limits) {
        return grant;
    }
    let open = logic.open(&|| {
        Open::fact("grant", "whether a boundary or session policy that is silent limits it is not documented")
    });
    let within = logic.or(limits, open);
    logic.and(grant, within)
}

/// Whether a session policy limits what a resource policy gives to everybody, no page says.
fn everyone_in_session<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let everyone = verdicts.named[Named::Everyone as usize].clone();
    if logic.is_no(&everyone) || logic.is_yes(&verdicts.session) || !request.principal.has_identity() {
        return everyone;
    }
    let open = logic.open(&|| {
        Open::fact(
            "session policy",
            "whether it limits what a resource policy gives to `*` is not documented",
        )
    });
    let within = logic.or(verdicts.session.clone(), open);
    logic.and(everyone, within)
}

/// Is this a role of which nobody told which of its sessions asks?
pub(crate) fn is_any_session(principal: &Principal) -> bool {
    matches!(principal, Principal::RoleSession(role) if role.session.is_none())
}

/// The logic of three-valued truth: it decides, and remembers which statement did.
#[derive(Default)]
pub(crate) struct Concrete {
    pub(crate) denied_by: Option<By>,
    /// The first statement of each layer that allows.
    pub(crate) allowed_by: [Option<By>; 10],
}

impl Logic for Concrete {
    type V = Truth;
    fn known(&self, truth: bool) -> Truth {
        truth.into()
    }
    fn open(&mut self, _why: &dyn Fn() -> Open) -> Truth {
        Truth::Unknown
    }
    fn and(&self, a: Truth, b: Truth) -> Truth {
        a.and(b)
    }
    fn or(&self, a: Truth, b: Truth) -> Truth {
        a.or(b)
    }
    fn not(&self, a: Truth) -> Truth {
        !a
    }
    fn is_no(&self, a: &Truth) -> bool {
        a.is_no()
    }
    fn is_yes(&self, a: &Truth) -> bool {
        a.is_yes()
    }

    fn applies(&mut self, at: &At<'_>, request: &Request, resource: &ResourceText) -> Truth {
        let statement = at.statement;
        let mut all = statement.actions.matches(&request.action, &request.context);
        if all.is_no() {
            return all;
        }
        all = all.and(about_resource(statement, request, resource));
        if all.is_no() {
            return all;
        }
        for condition in &statement.conditions {
            all = all.and(condition.holds(&request.context));
            if all.is_no() {
                return all;
            }
        }
        if statement.open.is_some() { all.and(Truth::Unknown) } else { all }
    }

    fn session_name(&mut self, _at: &At<'_>, request: &Request, _name: &str) -> Truth {
        if is_any_session(&request.principal) { Truth::Unknown } else { Truth::No }
    }

    fn note(&mut self, at: &At<'_>, effect: Effect, value: &Truth) {
        if !value.is_yes() {
            return;
        }
        let by = By { place: at.place, statement: at.statement.index };
        let slot = match effect {
            Effect::Deny => &mut self.denied_by,
            Effect::Allow => &mut self.allowed_by[at.place.layer as usize],
        };
        if slot.is_none() {
            *slot = Some(by);
        }
    }
}

/// "By default, the root user has full access"; no identity policy or boundary can be attached to it.
pub(crate) fn settle<L: Logic>(logic: &L, request: &Request, verdicts: &mut Verdicts<L::V>) {
    if matches!(request.principal, Principal::Root { .. }) {
        verdicts.identity = logic.known(true);
        verdicts.boundary = logic.known(true);
    }
}

/// Decides a request about one resource. What is not known leaves the decision open only where it matters.
pub fn decide(request: &Request, policies: &Policies) -> Decision {
    if let Some((outcome, rule)) = rule(request)
        && outcome == Outcome::Allowed
    {
        let blocked_by = Layers::default();
        return Decision {
            outcome,
            blocked_by,
            by: None,
            rule: Some(rule),
            is_allowed_but_for_denial: false,
        };
    }
    let mut logic = Concrete::default();
    let mut verdicts = evaluate(&mut logic, request, policies);
    settle(&logic, request, &mut verdicts);
    let allowed = combine(&mut logic, request, &verdicts);
    let denied = verdicts.denies.iter().copied().max().unwrap_or(Truth::No);
    let rule = rule(request);
    let (outcome, rule) = match (denied, allowed, rule) {
        (Truth::Yes, ..) => (Outcome::ExplicitlyDenied, None),
        (_, _, Some((outcome, rule))) => (outcome, Some(rule)),
        (_, Truth::No, None) => (Outcome::ImplicitlyDenied, None),
        (Truth::No, Truth::Yes, None) => (Outcome::Allowed, None),
        _ => (Outcome::Unknown, None),
    };
    let by = match outcome {
        Outcome::ExplicitlyDenied => logic.denied_by,
        Outcome::Allowed => {
            let by = |layer: Layer| logic.allowed_by[layer as usize];
            let alone = by(Layer::Resource).filter(|_| grants_alone(request, &verdicts));
            alone.or(by(Layer::Identity)).or(by(Layer::Resource))
        }
        Outcome::ImplicitlyDenied | Outcome::Unknown => None,
    };
    let mut blocked_by =
        if outcome == Outcome::Allowed { Layers::default() } else { blocked_by(request, &verdicts) };
    if let Some(layer) = rule.and_then(Rule::layer) {
        blocked_by.insert(layer);
    }
    Decision { outcome, blocked_by, by, rule, is_allowed_but_for_denial: denied.is_yes() && allowed.is_yes() }
}

/// Does the resource policy grant without the identity's help?
fn grants_alone(request: &Request, verdicts: &Verdicts<Truth>) -> bool {
    let ways =
        Named::ALL.into_iter().filter(|way| *way != Named::Account || request.principal.account().is_none());
    ways.into_iter().any(|way| verdicts.named[way as usize].is_yes())
}

/// The layers that stand in the way: those that deny, and those that must allow and don't.
fn blocked_by(request: &Request, verdicts: &Verdicts<Truth>) -> Layers {
    let mut layers = Layers::default();
    for layer in Layer::ALL {
        if verdicts.denies[layer as usize].is_yes() {
            layers.insert(layer);
        }
    }
    if !verdicts.scp.is_yes() {
        layers.insert(Layer::ServiceControl);
    }
    if !verdicts.endpoint.is_yes() {
        layers.insert(Layer::Endpoint);
    }
    if !verdicts.access_point.is_yes() {
        layers.insert(Layer::AccessPoint);
    }
    if !s3::sets_blocked(request).is_no() {
        layers.insert(Layer::PublicAccessBlock);
    }
    let named = |way: Named| verdicts.named[way as usize];
    let any_named = Named::ALL.into_iter().map(named).max().unwrap_or(Truth::No);
    let by_other_means = verdicts.acl.or(verdicts.grant).or(verdicts.grant_added);
    let account = request.principal.account();
    let is_own = account.is_some()
        && (resource_account(request) == account || resource_account(request) == Some("aws"));
    if !is_own {
        if verdicts.restricted.is_yes() && !any_named.is_no() {
            layers.insert(Layer::PublicAccessBlock);
        }
        if any_named.or(by_other_means).is_no() {
            layers.insert(Layer::Resource);
        }
    }
    if account.is_none() {
        return layers;
    }
    let direct =
        named(Named::Itself).or(named(Named::EveryoneByArn)).or(named(Named::Everyone)).or(verdicts.grant);
    if is_own && direct.is_yes() {
        return layers;
    }
    let by_name = named(Named::Role).or(named(Named::UserOfSession)).or(verdicts.grant_added);
    let added = if is_own { by_name } else { Truth::No };
    let is_mandatory = is_own && policy_is_mandatory(request);
    if is_mandatory && added.is_no() && named(Named::Account).is_no() {
        layers.insert(Layer::Resource);
    }
    if verdicts.identity.or(added).is_no() {
        layers.insert(Layer::Identity);
    }
    if verdicts.boundary.is_no() {
        layers.insert(Layer::Boundary);
    }
    if verdicts.session.is_no() {
        layers.insert(Layer::Session);
    }
    layers
}
