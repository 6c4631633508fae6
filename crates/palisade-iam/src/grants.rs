//! Sources of permission that are no policies: each is known, or the services it touches are left open.

use crate::context::Entry;
use crate::decide::Open;
use crate::decide::is_any_session;
use crate::principal::{Named, Principal, PrincipalPattern};
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
    /// Who got it.
    pub grantee: PrincipalPattern,
    /// The operations, such as `Decrypt`, in lowercase.
    pub operations: Vec<Box<str>>,
    /// Who may retire it.
    pub retiring: Option<PrincipalPattern>,
    /// The encryption context must be this.
    pub context_equals: Vec<(Box<str>, Box<str>)>,
    /// The encryption context must contain this.
    pub context_subset: Vec<(Box<str>, Box<str>)>,
}

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

/// To whom something is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    text: Box<str>,
    pattern: PrincipalPattern,
}

impl From<Box<str>> for Receiver {
    fn from(text: Box<str>) -> Self {
        Self { pattern: PrincipalPattern::grantee(&text), text }
    }
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
            matches!(grant.grantee, PrincipalPattern::Session { .. } | PrincipalPattern::FederatedUser { .. })
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

/// Is this the one who asks, or its role?
fn is_meant(pattern: &PrincipalPattern, request: &Request) -> Truth {
    match pattern.names(&request.principal) {
        Some((Named::Everyone, _)) => Truth::No,
        Some((_, truth)) => truth,
        // A session of this role is meant, and which one asks nobody told.
        None if is_any_session(&request.principal) && pattern.session_of(&request.principal).is_some() => {
            Truth::Unknown
        }
        None => Truth::No,
    }
}

/// Is this grantee or retiring principal of a KMS grant the one who asks?
///
/// What a grant to an account gives its users and roles, and one to a user the user's federated sessions, no page says.
fn is_named_by_kms(pattern: &PrincipalPattern, request: &Request) -> Truth {
    let is_open = matches!(pattern, PrincipalPattern::Account(_))
        || pattern.names(&request.principal).is_some_and(|(named, _)| named == Named::UserOfSession);
    let is_meant = is_meant(pattern, request);
    if is_open { is_meant.min(Truth::Unknown) } else { is_meant }
}

fn kms(grant: &KmsGrant, request: &Request) -> Truth {
    let name = request.action.name();
    let is_listed = grant.operations.iter().any(|operation| operation.as_ref() == name);
    let of_grantee = match is_listed {
        true => is_named_by_kms(&grant.grantee, request).and(is_constraint_met(grant, request)),
        false => Truth::No,
    };
    match &grant.retiring {
        // "A grant can be retired by the retiring principal, and by the grantee if it includes RetireGrant."
        Some(retiring) if name == "retiregrant" => of_grantee.or(is_named_by_kms(retiring, request)),
        _ => of_grantee,
    }
}

/// The operations that take an encryption context. Constraints "are not applied to" others, such as `DescribeKey`.
///
/// Source: KMS API reference, "GrantConstraints".
const WITH_ENCRYPTION_CONTEXT: [&str; 8] = [
    "decrypt",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "reencryptfrom",
    "reencryptto",
];

const CONTEXT_PREFIX: &str = "kms:encryptioncontext:";

fn is_constraint_met(grant: &KmsGrant, request: &Request) -> Truth {
    let has_none = grant.context_equals.is_empty() && grant.context_subset.is_empty();
    match request.action.name() {
        _ if has_none => Truth::Yes,
        // Whoever may make grants by it has to constrain them at least as much, which the request does not show.
        "creategrant" => Truth::Unknown,
        name if !WITH_ENCRYPTION_CONTEXT.contains(&name) => Truth::Yes,
        _ => {
            let pairs = grant.context_equals.iter().chain(&grant.context_subset);
            let all = pairs.map(|pair| has_pair(pair, request)).min().unwrap_or(Truth::Yes);
            if grant.context_equals.is_empty() { all } else { all.and(has_no_others(grant, request)) }
        }
    }
}

fn has_pair((key, value): &(Box<str>, Box<str>), request: &Request) -> Truth {
    let found = request.context.with_prefix(CONTEXT_PREFIX).find(|(name, _)| name.eq_ignore_ascii_case(key));
    match found.map_or_else(|| request.context.unlisted_entry(CONTEXT_PREFIX), |(_, entry)| entry) {
        Entry::Values(values) => matches!(values.as_ref(), [one] if one == value).into(),
        Entry::Absent => Truth::No,
        Entry::Present(_) | Entry::Unknown(_) => Truth::Unknown,
    }
}

/// Does the encryption context hold nothing but the pairs that it must equal?
fn has_no_others(grant: &KmsGrant, request: &Request) -> Truth {
    let is_wanted = |name: &str| grant.context_equals.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    let listed = match request.context.of("kms:EncryptionContextKeys") {
        Entry::Values(keys) => return keys.iter().all(|key| is_wanted(key)).into(),
        Entry::Absent => Truth::Yes,
        Entry::Present(_) | Entry::Unknown(_) => Truth::Unknown,
    };
    request
        .context
        .with_prefix(CONTEXT_PREFIX)
        .filter(|(name, _)| !is_wanted(name))
        .map(|(_, entry)| match entry {
            Entry::Values(_) | Entry::Present(_) => Truth::No,
            Entry::Absent => Truth::Yes,
            Entry::Unknown(_) => Truth::Unknown,
        })
        .fold(listed, Truth::and)
}

fn other(grant: &OtherGrant, request: &Request) -> Truth {
    let is_meant = grant.to.iter().map(|to| {
        let text = to.text.as_ref();
        let is_its = text == "all"
            || request.principal.account() == Some(text)
            || request.context.one("aws:principalorgid") == Some(text);
        if is_its { Truth::Yes } else { is_meant(&to.pattern, request) }
    });
    let is_meant = is_meant.max().unwrap_or(Truth::No);
    let is_action = grant.actions.is_empty()
        || grant.actions.iter().any(|action| action.as_ref() == request.action.lowercase());
    let is_resource =
        grant.resource.as_deref().is_none_or(|resource| resource == request.resource.text.as_ref());
    is_meant.and((is_action && is_resource).into())
}
