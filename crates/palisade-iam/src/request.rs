//! A request: who asks for what, and all that is known about the circumstances.

use crate::context::{Context, Entry};
use crate::derive::{Credentials, Known, complete, derive, link};
use crate::grants::Grants;
use crate::policy::{Action, Policy, ResourceText};
use crate::principal::Principal;
use crate::truth::Truth;
use palisade_model::Diagnostic;
use palisade_services::Reference;
use std::sync::Arc;

/// A request, ready to be decided.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// For which action.
    pub action: Action,
    /// On which resource; `*` for an action that takes none.
    pub resource: ResourceText,
    /// The account that owns the resource, when it is known.
    pub resource_account: Option<Box<str>>,
    /// The action takes no resource: only statements about `*` are about it.
    pub takes_no_resource: bool,
    /// The condition keys.
    pub context: Context,
    /// What else is known.
    pub facts: Facts,
}

/// What is asked, before the condition keys that follow from it are derived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks.
    pub principal: Principal,
    /// For which action.
    pub action: Action,
    /// On which resource; `*` for an action that takes none.
    pub resource: Box<str>,
    /// The account that owns the resource; nothing: the one in its ARN, if any.
    pub resource_account: Option<Box<str>>,
    /// The action takes no resource.
    pub takes_no_resource: bool,
    /// The condition keys that are told; what is derived does not change them.
    pub context: Context,
    /// What the other condition keys are derived from.
    pub known: Known,
    /// What else is known.
    pub facts: Facts,
}

impl Request {
    /// Completes what was asked by all that follows from it.
    pub fn new(asked: Asked) -> Self {
        let Asked {
            mut principal,
            action,
            resource,
            resource_account,
            takes_no_resource,
            mut context,
            mut known,
            mut facts,
        } = asked;
        let resource = ResourceText::new(&resource);
        if facts.assumed_root && known.caller.credentials == Credentials::Usual {
            known.caller.credentials = Credentials::Temporary;
        }
        let in_arn = || Some(resource.field(4)).filter(|account| !account.is_empty()).map(Into::into);
        let resource_account = resource_account.or_else(in_arn);
        complete(&mut principal, &known.caller);
        facts.credentials = known.caller.credentials;
        facts.principal_in_management_account =
            facts.principal_in_management_account.or(known.principal_side.is_management);
        facts.resource_in_management_account =
            facts.resource_in_management_account.or(known.resource_side.is_management);
        let account = resource_account.as_deref();
        let access_point = facts.s3.access_point.as_ref();
        // "This key is present when the principal used AssumeRoot": such a principal is a root user.
        if facts.assumed_root {
            context.set_default("aws:AssumedRoot", Entry::value("true"));
        } else if !matches!(principal, Principal::Root { .. }) {
            context.set_default("aws:AssumedRoot", Entry::Absent);
        }
        derive(&mut context, &principal, &resource.text, account, action.service(), access_point, &known);
        link(&mut principal, &known.caller, &context);
        Self { principal, action, resource, resource_account, takes_no_resource, context, facts }
    }
}

/// Does an action that is asked about `*` take no resource, and is that not verified? One that the service reference does
/// not know is asked about any resource.
pub fn resource_need(action: &Action) -> (bool, bool) {
    let found = Reference::shipped().action(action.lowercase());
    match found.map(palisade_services::Action::takes_resources) {
        Some(Some(takes_some)) => (!takes_some, false),
        Some(None) => (false, true),
        None => (false, false),
    }
}

/// A word about an action that the service reference does not know, with the nearest one that it does.
pub fn unknown_action(action: &Action) -> Option<Diagnostic> {
    let service = Reference::shipped().service(action.service())?;
    if service.action(action.name()).is_some() {
        return None;
    }
    let diagnostic =
        Diagnostic::warning(format!("`{}` is no action of {} that is known", action.text, service.name));
    let nearest = service
        .actions
        .iter()
        .map(|known| (distance(action.name(), &known.name.to_ascii_lowercase()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 2 + action.name().len() / 6);
    Some(match nearest {
        Some((_, known)) => diagnostic.help(format!("`{}:{}` is the nearest", service.prefix, known.name)),
        None => diagnostic,
    })
}

/// How many letters differ between two names; a hundred for what is too long to be one.
fn distance(a: &str, b: &str) -> usize {
    if a.len().max(b.len()) > 100 {
        return 100;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.bytes().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (to, other) in b.bytes().enumerate() {
            let exchanged = before + usize::from(letter != other);
            before = row[to + 1];
            row[to + 1] = exchanged.min(before + 1).min(row[to] + 1);
        }
    }
    row[b.len()]
}

/// What is known of the circumstances beside the condition keys.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The account of the principal is the management account of its organisation: no SCP touches it.
    pub principal_in_management_account: Option<bool>,
    /// The account of the resource is the management account of its organisation: no RCP touches it.
    pub resource_in_management_account: Option<bool>,
    /// Do resource control policies act on the service? Nothing when that could not be verified.
    pub rcp_supported: Option<bool>,
    /// Whether the action takes a resource, the sources of the service reference differ on.
    pub resource_need_is_unverified: bool,
    /// What the request is signed with.
    pub credentials: Credentials,
    /// The canonical id of the principal's account, by which S3 names accounts.
    pub canonical_id: Option<Box<str>>,
    /// A KMS key that AWS manages.
    pub aws_managed_key: bool,
    /// A session of `sts:AssumeRoot`: its task policy is the session policy.
    pub assumed_root: bool,
    /// What S3 knows about the bucket and the object.
    pub s3: S3Facts,
    /// Permissions that are no policies.
    pub grants: Grants,
    /// What the request asks for beside the resource.
    pub parameters: Parameters,
}

/// What a request asks for and no condition key tells, for the grants that are about it.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// `s3:GetDataAccess`: the data, `s3://bucket/prefix*`.
    pub target: Option<Box<str>>,
    /// `s3:GetDataAccess`: `READ`, `WRITE` or `READWRITE`; `lakeformation:GetDataAccess`: `SELECT`, `INSERT` or `DELETE`.
    pub permission: Option<Box<str>>,
    /// `lakeformation:GetDataAccess`: the ARN of the table in the Data Catalog.
    pub table: Option<Box<str>>,
    /// `lakeformation:GetDataAccess`: the columns that are read.
    pub columns: Option<Vec<Box<str>>>,
    /// `eks:AccessKubernetesApi`: the namespace of the objects.
    pub namespace: Namespace,
    /// The LF-Tags of the database or table, those included that it has from its database; nothing when not told.
    pub lf_tags: Option<Vec<(Box<str>, Box<str>)>>,
}

/// The namespace of the Kubernetes objects that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Namespace {
    /// Nobody told.
    #[default]
    Untold,
    /// They are in none, like nodes.
    None,
    /// This one.
    Named(Box<str>),
}

/// One of the four switches of a public access block, over all levels at which it can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// Off at every level.
    #[default]
    Off,
    /// On at some level.
    On,
    /// Not known.
    Unknown,
}

/// What S3 knows about a bucket and the object that is asked for.
#[derive(Debug, Clone, Default)]
pub struct S3Facts {
    /// `RestrictPublicBuckets` of the account, the bucket or the access point.
    pub restrict_public_buckets: Switch,
    /// `IgnorePublicAcls`, likewise.
    pub ignore_public_acls: Switch,
    /// `BlockPublicAcls`, likewise.
    pub block_public_acls: Switch,
    /// `BlockPublicPolicy`, likewise.
    pub block_public_policy: Switch,
    /// Is the policy public that the request sets? No, when it sets none.
    pub sets_public_policy: Truth,
    /// Are ACLs in force: is the object ownership something else than `BucketOwnerEnforced`?
    pub acls_are_enabled: Truth,
    /// The account that owns the object, when it is not the bucket's.
    pub object_owner: Option<Box<str>>,
    /// Nobody told who owns the object: the bucket's owner, or who wrote it.
    pub object_owner_is_unknown: bool,
    /// The grants of the ACL of what is asked for.
    pub acl: Vec<AclGrant>,
    /// What is asked for may have an ACL that nobody told.
    pub acl_is_unknown: bool,
    /// The access point that the request went through.
    pub access_point: Option<AccessPoint>,
}

/// One grant of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclGrant {
    /// An account, a canonical id, `AllUsers` or `AuthenticatedUsers`.
    pub grantee: Box<str>,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: Box<str>,
}

/// An access point of S3.
#[derive(Debug, Clone)]
pub struct AccessPoint {
    /// Its ARN.
    pub arn: Box<str>,
    /// The ARN of what is asked for as the access point's policy names it.
    pub resource: ResourceText,
    /// The account that owns it.
    pub account: Box<str>,
    /// Its policy.
    pub policy: Option<Arc<Policy>>,
    /// The VPC from which alone it can be used.
    pub vpc: Option<Box<str>>,
}

/// One level of an organisation and the policies attached there.
#[derive(Debug, Clone)]
pub struct Level {
    /// The root, the unit or the account.
    pub at: Arc<str>,
    /// What is attached there.
    pub policies: Vec<Arc<Policy>>,
}

/// The policies that apply to a request.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Arc<Policy>>,
    /// Of the resource.
    pub resource: Option<Arc<Policy>>,
    /// Session policies: what they grant adds up. Without one, a role's session has all that the role has.
    pub session: Vec<Arc<Policy>>,
    /// Permissions boundaries: each must allow.
    pub boundaries: Vec<Arc<Policy>>,
    /// Service control policies, from the root down to the principal's account. Nothing outside of organisations.
    pub scps: Vec<Level>,
    /// Resource control policies, from the root down to the resource's account.
    pub rcps: Vec<Level>,
    /// Of the VPC endpoints that the request came through: each must allow.
    pub endpoints: Vec<Arc<Policy>>,
    /// Of the access point that the request went through; nothing: the one that the facts tell.
    pub access_point: Option<Arc<Policy>>,
}

impl Policies {
    /// The policy at a place.
    pub fn at(&self, place: crate::decide::Place) -> Option<&Arc<Policy>> {
        use crate::decide::Layer;
        match place.layer {
            Layer::ServiceControl => self.scps.get(place.level)?.policies.get(place.policy),
            Layer::ResourceControl => self.rcps.get(place.level)?.policies.get(place.policy),
            Layer::Resource => self.resource.as_ref(),
            Layer::Identity => self.identity.get(place.policy),
            Layer::Boundary => self.boundaries.get(place.level),
            Layer::Session => self.session.get(place.policy),
            Layer::Endpoint => self.endpoints.get(place.level),
            Layer::AccessPoint => self.access_point.as_ref(),
            Layer::PublicAccessBlock | Layer::Grant => None,
        }
    }

    /// The name of the level that a place is at, in an organisation.
    pub fn level(&self, place: crate::decide::Place) -> Option<&Arc<str>> {
        let levels = match place.layer {
            crate::decide::Layer::ServiceControl => &self.scps,
            crate::decide::Layer::ResourceControl => &self.rcps,
            _ => return None,
        };
        levels.get(place.level).map(|level| &level.at)
    }
}
