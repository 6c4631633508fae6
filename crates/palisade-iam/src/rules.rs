//! What decides beside all statements: what AWS keeps for itself, and what some credentials can never call.

use crate::context::Entry;
use crate::decide::{Layer, Outcome};
use crate::derive::Credentials;
use crate::principal::Principal;
use crate::request::Request;
use crate::s3;
use serde::Serialize;

/// Something that decides without being a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `sts:GetCallerIdentity` needs no permission, and none can take it away.
    CallerIdentityIsAlwaysTold,
    /// `sts:GetSessionToken` needs no permission.
    SessionTokenNeedsNoPermission,
    /// The policies that AWS manages can't be changed by customers.
    AwsManagedPolicy,
    /// The roles below `/aws-reserved/` can't be changed by customers.
    ReservedRole,
    /// The aliases `alias/aws/…` are AWS's.
    AwsManagedAlias,
    /// A session of `sts:GetFederationToken` calls neither IAM (but in the console) nor STS.
    FederatedSessionCallsNeitherIamNorSts,
    /// A session of `sts:GetSessionToken` calls IAM only with MFA, and of STS only `AssumeRole`.
    SessionTokenIsLimited,
    /// A role's session asks STS for no tokens.
    RoleSessionGetsNoToken,
    /// The root user can't assume roles.
    RootAssumesNoRole,
    /// The access point can be used from its VPC only.
    OutsideOfTheAccessPointsVpc,
    /// `BlockPublicAcls` is on, and the request sets an ACL for everyone.
    PublicAclIsBlocked,
    /// `BlockPublicPolicy` is on, and the request sets a policy for everyone.
    PublicPolicyIsBlocked,
}

impl Rule {
    /// The layer that it speaks for, when it is one of the layers.
    pub(crate) fn layer(self) -> Option<Layer> {
        match self {
            Self::PublicAclIsBlocked | Self::PublicPolicyIsBlocked => Some(Layer::PublicAccessBlock),
            Self::OutsideOfTheAccessPointsVpc => Some(Layer::AccessPoint),
            _ => None,
        }
    }
}

/// What else than statements decides at once.
pub(crate) fn rule(request: &Request) -> Option<(Outcome, Rule)> {
    let (service, name) = (request.action.service(), request.action.name());
    let resource = request.resource.field(5);
    match service {
        "sts" if name == "getcalleridentity" => Some((Outcome::Allowed, Rule::CallerIdentityIsAlwaysTold)),
        "sts"
            if name == "getsessiontoken"
                && request.facts.credentials != Credentials::Temporary
                && matches!(request.principal, Principal::User(_) | Principal::Root { .. }) =>
        {
            Some((Outcome::Allowed, Rule::SessionTokenNeedsNoPermission))
        }
        "sts"
            if matches!(name, "getfederationtoken" | "getsessiontoken")
                && matches!(request.principal, Principal::RoleSession(_)) =>
        {
            Some((Outcome::ImplicitlyDenied, Rule::RoleSessionGetsNoToken))
        }
        "sts" | "iam" if is_limited_session(request) => {
            let rule = match request.principal {
                Principal::FederatedUser(_) => Rule::FederatedSessionCallsNeitherIamNorSts,
                _ => Rule::SessionTokenIsLimited,
            };
            Some((Outcome::ImplicitlyDenied, rule))
        }
        "sts" if name == "assumerole" && matches!(request.principal, Principal::Root { .. }) => {
            Some((Outcome::ImplicitlyDenied, Rule::RootAssumesNoRole))
        }
        "iam" if request.resource.field(4) == "aws" && resource.starts_with("policy/") => {
            WRITES_OF_POLICIES.contains(&name).then_some((Outcome::ImplicitlyDenied, Rule::AwsManagedPolicy))
        }
        "iam" if resource.starts_with("role/aws-reserved/") => {
            WRITES_OF_ROLES.contains(&name).then_some((Outcome::ImplicitlyDenied, Rule::ReservedRole))
        }
        "kms" if resource.starts_with("alias/aws/") => {
            matches!(name, "createalias" | "deletealias" | "updatealias")
                .then_some((Outcome::ImplicitlyDenied, Rule::AwsManagedAlias))
        }
        "s3" if s3::sets_blocked(request).is_yes() => {
            let rule = match name {
                "putbucketpolicy" | "putaccesspointpolicy" => Rule::PublicPolicyIsBlocked,
                _ => Rule::PublicAclIsBlocked,
            };
            Some((Outcome::ImplicitlyDenied, rule))
        }
        "s3" => {
            let access_point = request.facts.s3.access_point.as_ref()?;
            let vpc = access_point.vpc.as_deref()?;
            (request.context.one("aws:sourcevpc") != Some(vpc))
                .then_some((Outcome::ImplicitlyDenied, Rule::OutsideOfTheAccessPointsVpc))
        }
        _ => None,
    }
}

/// Is it a session that may not call IAM or STS, whatever is allowed?
///
/// Sources: STS API reference, "GetFederationToken" and "GetSessionToken", "Permissions"; IAM user guide, "Compare AWS
/// STS credentials".
fn is_limited_session(request: &Request) -> bool {
    let is_iam = request.action.service() == "iam";
    match (&request.principal, request.facts.credentials) {
        (Principal::FederatedUser(_), Credentials::Console) => !is_iam,
        (Principal::FederatedUser(_), _) => true,
        (Principal::User(_), Credentials::Temporary) if is_iam => {
            *request.context.of("aws:MultiFactorAuthPresent") == Entry::Absent
                || request.context.one("aws:MultiFactorAuthPresent") == Some("false")
        }
        (Principal::User(_), Credentials::Temporary) => request.action.name() != "assumerole",
        _ => false,
    }
}

const WRITES_OF_POLICIES: [&str; 7] = [
    "createpolicy",
    "createpolicyversion",
    "deletepolicy",
    "deletepolicyversion",
    "setdefaultpolicyversion",
    "tagpolicy",
    "untagpolicy",
];

const WRITES_OF_ROLES: [&str; 16] = [
    "attachrolepolicy",
    "createrole",
    "createservicelinkedrole",
    "deleterole",
    "deleterolepermissionsboundary",
    "deleterolepolicy",
    "deleteservicelinkedrole",
    "detachrolepolicy",
    "passrole",
    "putrolepermissionsboundary",
    "putrolepolicy",
    "tagrole",
    "untagrole",
    "updateassumerolepolicy",
    "updaterole",
    "updateroledescription",
];
