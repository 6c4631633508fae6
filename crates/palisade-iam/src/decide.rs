//! Decides requests, following "Policy evaluation logic" in the IAM user guide.
//!
//! The rules are written once, over any logic: with three-valued truth they give the decision, with
//! formulas (see `formula`) they give the conditions under which it holds. Each layer has a file of its own.

mod blocked;
mod combine;
mod concrete;
mod limits;
mod naming;
mod organisation;
mod resource;
mod statements;

pub(crate) use combine::{combine, settle};
pub(crate) use concrete::Concrete;
pub(crate) use naming::{is_any_session, ways_named};
pub(crate) use resource::{is_role_assumption, policy_is_mandatory};
pub(crate) use statements::about_resource;

use crate::grants;
use crate::policy::{Effect, Policy, ResourceText, Statement};
use crate::request::{Policies, Request};
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
#[derive(Clone)]
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

/// Evaluates all the layers.
pub(crate) fn evaluate<L: Logic>(logic: &mut L, request: &Request, policies: &Policies) -> Verdicts<L::V> {
    let none = logic.known(false);
    let mut denies: [L::V; 10] = std::array::from_fn(|_| none.clone());
    let scp = organisation::service_control(logic, request, policies, &mut denies);
    organisation::resource_control(logic, request, policies, &mut denies);
    let named = resource::resource_policy(logic, request, policies, &mut denies);
    let (identity, deny) = statements::scan(logic, Layer::Identity, 0, &policies.identity, request);
    denies[Layer::Identity as usize] = deny;
    let session = limits::session(logic, request, policies, &mut denies);
    let boundary = limits::boundary(logic, request, policies, &mut denies);
    let endpoint = limits::endpoint(logic, request, policies, &mut denies);
    let access_point = resource::access_point(logic, request, policies, &mut denies);
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
            let alone = by(Layer::Resource).filter(|_| blocked::grants_alone(request, &verdicts));
            alone.or(by(Layer::Identity)).or(by(Layer::Resource))
        }
        Outcome::ImplicitlyDenied | Outcome::Unknown => None,
    };
    let mut blocked_by =
        if outcome == Outcome::Allowed { Layers::default() } else { blocked::blocked_by(request, &verdicts) };
    if let Some(layer) = rule.and_then(Rule::layer) {
        blocked_by.insert(layer);
    }
    Decision { outcome, blocked_by, by, rule, is_allowed_but_for_denial: denied.is_yes() && allowed.is_yes() }
}
