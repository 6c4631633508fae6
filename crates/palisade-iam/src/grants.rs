//! Sources of permission that are no policies: each is known, or the services it touches are left open.

use crate::context::Entry;
use crate::decide::Open;
use crate::principal::Principal;
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
            Self::LakeFormation => {
                (service == "lakeformation" && name == "getdataaccess")
                    || (service == "glue"
                        && ["database", "table", "catalog"].iter().any(|word| name.contains(word)))
            }
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

/// A grant of a KMS key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KmsGrant {
    /// The ARN of who got it.
    pub grantee: Box<str>,
    /// The operations, such as `Decrypt`, in lowercase.
    pub operations: Vec<Box<str>>,
    /// The ARN of who may retire it.
    pub retiring: Option<Box<str>>,
    /// The encryption context must be this.
    pub context_equals: Vec<(Box<str>, Box<str>)>,
    /// The encryption context must contain this.
    pub context_subset: Vec<(Box<str>, Box<str>)>,
}

/// A permission given to principals, accounts or organisations, for actions on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherGrant {
    /// ARNs, accounts, organisations; `all`.
    pub to: Vec<Box<str>>,
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
    /// Any other.
    Other(GrantKind, OtherGrant),
}

impl Grant {
    fn kind(&self) -> GrantKind {
        match self {
            Self::Kms(_) => GrantKind::Kms,
            Self::Other(kind, _) => *kind,
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
            grant.grantee.contains(":assumed-role/") || grant.grantee.contains(":federated-user/")
        }
        Grant::Other(..) => false,
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
    let given = match grant {
        Grant::Kms(grant) => kms(grant, request),
        Grant::Other(_, grant) => other(grant, request),
    };
    grant.kind().touches(request) && !given.is_no()
}

/// Where a grant is needed beside the policies: is there one?
pub(crate) fn also_needed(request: &Request) -> Truth {
    let facts = &request.facts.grants;
    if facts.known.is_empty() && facts.untold.is_empty() {
        return Truth::Yes;
    }
    let is_told_of = |kind: GrantKind| {
        facts.known.iter().any(|grant| grant.kind() == kind)
            || facts.untold.iter().any(|(untold, _)| *untold == kind)
    };
    // A case or estate that tells nothing of a sort does not use it: then the policies alone decide.
    let needed =
        facts.untold.iter().map(|(kind, _)| *kind).chain(facts.known.iter().map(Grant::kind)).any(|kind| {
            kind.effect() == EffectOfGrant::IsNeededToo && kind.touches(request) && is_told_of(kind)
        });
    if needed { give(request, EffectOfGrant::IsNeededToo) } else { Truth::Yes }
}

fn give(request: &Request, effect: EffectOfGrant) -> Truth {
    let facts = &request.facts.grants;
    let mut any = Truth::No;
    for grant in
        facts.known.iter().filter(|grant| grant.kind().effect() == effect && grant.kind().touches(request))
    {
        any = any.or(match grant {
            Grant::Kms(grant) => kms(grant, request),
            Grant::Other(_, grant) => other(grant, request),
        });
    }
    let is_open = facts.untold.iter().any(|(kind, _)| kind.effect() == effect && kind.touches(request));
    if is_open { any.or(Truth::Unknown) } else { any }
}

/// Why grants leave the decision open.
pub(crate) fn open(request: &Request) -> Open {
    let untold = request.facts.grants.untold.iter().find(|(kind, _)| kind.touches(request));
    match untold {
        Some((kind, why)) => Open::fact(kind.noun(), why.clone()),
        None => Open::fact("grants", "whether the constraints of a grant are met is not known"),
    }
}

/// Is this ARN the one who asks, or its role?
fn is_meant(arn: &str, request: &Request) -> bool {
    use crate::principal::PrincipalPattern;
    match &request.principal {
        Principal::Service(name) => name.as_ref() == arn,
        principal => PrincipalPattern::aws(arn)
            .0
            .names(principal)
            .is_some_and(|(named, truth)| truth.is_yes() && named != crate::principal::Named::Everyone),
    }
}

fn kms(grant: &KmsGrant, request: &Request) -> Truth {
    let name = request.action.name();
    if name == "retiregrant" {
        return grant.retiring.as_deref().is_some_and(|arn| is_meant(arn, request)).into();
    }
    if !is_meant(&grant.grantee, request)
        || !grant.operations.iter().any(|operation| operation.as_ref() == name)
    {
        return Truth::No;
    }
    let mut all = Truth::Yes;
    for (key, value) in grant.context_equals.iter().chain(&grant.context_subset) {
        all = all.and(match request.context.of(&format!("kms:EncryptionContext:{key}")) {
            Entry::Values(values) => matches!(values.as_ref(), [one] if one == value).into(),
            Entry::Absent => Truth::No,
            Entry::Present(_) | Entry::Unknown(_) => Truth::Unknown,
        });
    }
    all
}

fn other(grant: &OtherGrant, request: &Request) -> Truth {
    let is_meant = grant.to.iter().any(|to| {
        to.as_ref() == "all"
            || request.principal.account() == Some(to.as_ref())
            || request.context.one("aws:principalorgid") == Some(to.as_ref())
            || is_meant(to, request)
    });
    let is_action = grant.actions.is_empty()
        || grant.actions.iter().any(|action| action.as_ref() == request.action.lowercase());
    let is_resource =
        grant.resource.as_deref().is_none_or(|resource| resource == request.resource.text.as_ref());
    (is_meant && is_action && is_resource).into()
}
