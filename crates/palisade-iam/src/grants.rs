//! Sources of permission that are no policies: each is known, or the services it touches are left open.

mod eks;
mod kms;
mod lake_formation;
mod receiver;
mod s3_access;

pub use eks::EksAccessEntry;
pub use kms::KmsGrant;
pub use lake_formation::{Columns, LakeFormationGrant, LakeResource};
pub use receiver::Receiver;
pub use s3_access::S3AccessGrant;

use crate::decide::Open;
use crate::principal::{Principal, PrincipalPattern};
use crate::request::Request;
use crate::truth::Truth;
use std::sync::Arc;

/// A sort of permission that is no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantKind {
    /// A grant of a KMS key.
    Kms,
    /// A share of AWS RAM.
    Ram,
    /// The accounts that may use a snapshot.
    Snapshot,
    /// The accounts that may launch a machine image.
    Image,
    /// Lake Formation's permissions.
    LakeFormation,
    /// S3 Access Grants.
    S3AccessGrants,
    /// An access entry of an EKS cluster.
    EksAccessEntry,
    /// An EKS service account with a role, through OIDC.
    Irsa,
    /// An EKS Pod Identity association.
    PodIdentity,
    /// A profile of IAM Roles Anywhere.
    RolesAnywhere,
    /// Central management of root access.
    AssumeRoot,
    /// An assignment of IAM Identity Center.
    IdentityCenter,
}

impl GrantKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Kms,
        Self::Ram,
        Self::Snapshot,
        Self::Image,
        Self::LakeFormation,
        Self::S3AccessGrants,
        Self::EksAccessEntry,
        Self::Irsa,
        Self::PodIdentity,
        Self::RolesAnywhere,
        Self::AssumeRoot,
        Self::IdentityCenter,
    ];

    /// Its word in cases.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::Ram => "ram",
            Self::Snapshot => "snapshot",
            Self::Image => "image",
            Self::LakeFormation => "lake-formation",
            Self::S3AccessGrants => "s3-access-grants",
            Self::EksAccessEntry => "eks-access-entry",
            Self::Irsa => "irsa",
            Self::PodIdentity => "pod-identity",
            Self::RolesAnywhere => "roles-anywhere",
            Self::AssumeRoot => "assume-root",
            Self::IdentityCenter => "identity-center",
        }
    }

    /// The sort of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Kms => "KMS grants",
            Self::Ram => "RAM shares",
            Self::Snapshot => "snapshot permissions",
            Self::Image => "image launch permissions",
            Self::LakeFormation => "Lake Formation permissions",
            Self::S3AccessGrants => "S3 Access Grants",
            Self::EksAccessEntry => "EKS access entries",
            Self::Irsa => "EKS service accounts with roles",
            Self::PodIdentity => "EKS Pod Identity associations",
            Self::RolesAnywhere => "Roles Anywhere profiles",
            Self::AssumeRoot => "central root access",
            Self::IdentityCenter => "Identity Center assignments",
        }
    }

    /// What it does to the requests that it touches.
    fn effect(self) -> EffectOfGrant {
        match self {
            Self::Kms | Self::Ram | Self::Snapshot | Self::Image => EffectOfGrant::Allows,
            Self::LakeFormation
            | Self::S3AccessGrants
            | Self::EksAccessEntry
            | Self::Irsa
            | Self::PodIdentity
            | Self::RolesAnywhere
            | Self::AssumeRoot
            | Self::IdentityCenter => EffectOfGrant::IsNeededToo,
        }
    }

    /// Does it have a say in the request?
    fn touches(self, request: &Request) -> bool {
        let (service, name) = (request.action.service(), request.action.name());
        let is_foreign = request.principal.account() != request.resource_account.as_deref();
        let assumes = |by: &str| {
            service == "sts"
                && matches!(&request.principal, Principal::Service(principal) if principal.as_ref() == by)
        };
        match self {
            Self::Kms => service == "kms" && request.resource.field(5).starts_with("key/"),
            Self::Ram => {
                is_foreign && request.principal.account().is_some() && SHARED_BY_RAM.contains(&service)
            }
            Self::Snapshot => {
                is_foreign
                    && (request.resource.field(5).contains("snapshot") || name.contains("snapshot"))
                    && matches!(service, "ec2" | "rds" | "ebs" | "redshift")
            }
            Self::Image => is_foreign && service == "ec2" && request.resource.field(5).starts_with("image/"),
            Self::LakeFormation => lake_formation::touches(request),
            Self::S3AccessGrants => service == "s3" && name == "getdataaccess",
            Self::EksAccessEntry => service == "eks" && name == "accesskubernetesapi",
            // The trust policy says it all: the provider and its conditions.
            Self::Irsa => false,
            Self::PodIdentity => assumes("pods.eks.amazonaws.com"),
            Self::RolesAnywhere => assumes("rolesanywhere.amazonaws.com"),
            Self::AssumeRoot => service == "sts" && name == "assumeroot",
            Self::IdentityCenter => {
                service == "sts"
                    && name == "assumerolewithsaml"
                    && request.resource.field(5).starts_with("role/aws-reserved/sso.amazonaws.com/")
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EffectOfGrant {
    Allows,
    IsNeededToo,
}

/// Services with resources that RAM can share.
const SHARED_BY_RAM: [&str; 27] = [
    "acm-pca",
    "appmesh",
    "aps",
    "codebuild",
    "ec2",
    "elasticloadbalancing",
    "glue",
    "imagebuilder",
    "license-manager",
    "lakeformation",
    "networkmanager",
    "network-firewall",
    "outposts",
    "rds",
    "refactor-spaces",
    "resource-explorer-2",
    "resource-groups",
    "route53profiles",
    "route53resolver",
    "s3-outposts",
    "sagemaker",
    "servicecatalog",
    "servicediscovery",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "vpc-lattice",
];

/// A permission given to principals, accounts or organisations, for actions on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherGrant {
    /// ARNs, accounts, organisations; `all`.
    pub to: Vec<Receiver>,
    /// The actions, in lowercase; none: all that the source gives.
    pub actions: Vec<Box<str>>,
    /// The resource; nothing: the one that is asked for.
    pub resource: Option<Box<str>>,
}

/// One permission that is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A grant of a KMS key.
    Kms(KmsGrant),
    /// A permission of Lake Formation.
    LakeFormation(LakeFormationGrant),
    /// A grant of S3 Access Grants.
    S3Access(S3AccessGrant),
    /// An access entry of an EKS cluster.
    Eks(EksAccessEntry),
    /// Any other.
    Other(GrantKind, OtherGrant),
    /// One for all that is asked for: what an explanation tries.
    Any,
}

impl Grant {
    fn kind(&self) -> GrantKind {
        match self {
            Self::Kms(_) => GrantKind::Kms,
            Self::LakeFormation(_) => GrantKind::LakeFormation,
            Self::S3Access(_) => GrantKind::S3AccessGrants,
            Self::Eks(_) => GrantKind::EksAccessEntry,
            Self::Other(kind, _) => *kind,
            Self::Any => GrantKind::S3AccessGrants,
        }
    }

    fn has_say_in(&self, request: &Request, effect: EffectOfGrant) -> bool {
        match self {
            Self::Any => effect == EffectOfGrant::IsNeededToo,
            grant => grant.kind().effect() == effect && grant.kind().touches(request),
        }
    }

    /// Does it permit the request?
    fn permits(&self, request: &Request) -> Truth {
        match self {
            Self::Kms(grant) => kms::permits(grant, request),
            Self::LakeFormation(grant) => lake_formation::permits(grant, request),
            Self::S3Access(grant) => s3_access::permits(grant, request),
            Self::Eks(entry) => eks::permits(entry, request),
            Self::Other(_, grant) => other(grant, request),
            Self::Any => Truth::Yes,
        }
    }
}

/// What is known of the permissions that are no policies.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Those that are known.
    pub known: Vec<Grant>,
    /// The sorts of which not all may be known, with the reason.
    pub untold: Vec<(GrantKind, Arc<str>)>,
}

impl Grants {
    /// Nothing was read: every sort is open.
    pub fn untold(why: impl Into<Arc<str>>) -> Self {
        let why = why.into();
        Self {
            known: Vec::new(),
            untold: GrantKind::ALL.into_iter().map(|kind| (kind, why.clone())).collect(),
        }
    }
}

/// Is the request allowed by a grant, with no policy of the resource? First by one to whom asks itself, then by one
/// to the role or user whose session asks: like a resource policy that names them, this adds to the identity's own.
pub(crate) fn grants(request: &Request) -> (Truth, Truth) {
    let given = give(request, EffectOfGrant::Allows);
    if given.is_no() || !is_session(&request.principal) {
        return (given, Truth::No);
    }
    let to_itself = |grant: &Grant| match grant {
        Grant::Kms(grant) => {
            matches!(grant.grantee, PrincipalPattern::Session { .. } | PrincipalPattern::FederatedUser { .. })
        }
        _ => false,
    };
    let known = request.facts.grants.known.iter();
    if known.clone().count() > 0 && known.filter(|grant| is_given(grant, request)).all(to_itself) {
        (given, Truth::No)
    } else {
        (Truth::No, given)
    }
}

fn is_session(principal: &Principal) -> bool {
    matches!(principal, Principal::RoleSession(_) | Principal::FederatedUser(_))
}

fn is_given(grant: &Grant, request: &Request) -> bool {
    grant.kind().touches(request) && !grant.permits(request).is_no()
}

/// Where a grant is needed beside the policies: is there one?
pub(crate) fn also_needed(request: &Request) -> Truth {
    let facts = &request.facts.grants;
    // "GetDataAccess first verifies that you have granted this identity access to the data."
    let always = request.action.lowercase() == "s3:getdataaccess";
    if facts.known.is_empty() && facts.untold.is_empty() && !always {
        return Truth::Yes;
    }
    // A case or estate that tells nothing of a sort does not use it: then the policies alone decide.
    let told = facts.untold.iter().map(|(kind, _)| *kind).chain(facts.known.iter().map(Grant::kind));
    let is_needed = |kind: GrantKind| kind.effect() == EffectOfGrant::IsNeededToo && kind.touches(request);
    if always || told.into_iter().any(is_needed) {
        give(request, EffectOfGrant::IsNeededToo)
    } else {
        Truth::Yes
    }
}

fn give(request: &Request, effect: EffectOfGrant) -> Truth {
    let facts = &request.facts.grants;
    let mut any = Truth::No;
    for grant in facts.known.iter().filter(|grant| grant.has_say_in(request, effect)) {
        any = any.or(grant.permits(request));
    }
    let is_open = facts.untold.iter().any(|(kind, _)| kind.effect() == effect && kind.touches(request));
    if is_open { any.or(Truth::Unknown) } else { any }
}

/// The sort of grant that is needed beside the policies.
pub(crate) fn needed_kind(request: &Request) -> Option<GrantKind> {
    let is_needed = |kind: &GrantKind| kind.effect() == EffectOfGrant::IsNeededToo && kind.touches(request);
    GrantKind::ALL.into_iter().find(is_needed)
}

/// Why grants leave the decision open.
pub(crate) fn open(request: &Request) -> Open {
    let untold = request.facts.grants.untold.iter().find(|(kind, _)| kind.touches(request));
    match untold {
        Some((kind, why)) => Open::fact(kind.noun(), why.clone()),
        None => Open::fact("grants", "whether a grant covers what is asked for is not known"),
    }
}

fn other(grant: &OtherGrant, request: &Request) -> Truth {
    let is_meant = grant.to.iter().map(|to| {
        let text = to.text();
        let is_its = text == "all"
            || request.principal.account() == Some(text)
            || request.context.one("aws:principalorgid") == Some(text);
        if is_its { Truth::Yes } else { to.is_meant(request) }
    });
    let is_meant = is_meant.max().unwrap_or(Truth::No);
    let is_action = grant.actions.is_empty()
        || grant.actions.iter().any(|action| action.as_ref() == request.action.lowercase());
    let is_resource =
        grant.resource.as_deref().is_none_or(|resource| resource == request.resource.text.as_ref());
    is_meant.and((is_action && is_resource).into())
}
