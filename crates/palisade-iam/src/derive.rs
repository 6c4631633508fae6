//! Derives the condition keys that follow from who asks, how, and for what.
//!
//! Source for all: "AWS global condition context keys", IAM user guide. What can't be derived keeps what the context
//! says of keys that nobody listed: absent in a strict case, unknown for an estate.

use crate::context::{Context, Entry};
use crate::pattern::arn_fields;
use crate::principal::Principal;
use crate::request::AccessPoint;

/// What credentials a request is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// An access key of a user or of the root user.
    LongTerm,
    /// From STS.
    Temporary,
    /// Those of a session in the console.
    Console,
    /// Not told: long-term for users and root, temporary for sessions.
    #[default]
    Usual,
}

/// What is known of the one who asks, beside the ARN.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The ARN of the role, with its path.
    pub role_arn: Option<Box<str>>,
    /// The ARN of the user who asked for a federation token.
    pub user_arn: Option<Box<str>>,
    /// The unique id.
    pub id: Option<Box<str>>,
    /// Tags of user, role and session; nothing when they are not known.
    pub tags: Option<Vec<(Box<str>, Box<str>)>>,
    /// What the request is signed with.
    pub credentials: Credentials,
    /// Was the session made with MFA?
    pub mfa: Option<bool>,
    /// For how many seconds.
    pub mfa_age_seconds: Option<u64>,
    /// When the temporary credentials were made.
    pub issued: Option<Box<str>>,
    /// The source identity.
    pub source_identity: Option<Box<str>>,
    /// The EC2 instance the credentials were made for: its ARN, VPC and private address.
    pub instance: Option<[Option<Box<str>>; 3]>,
    /// Is the role linked to a service?
    pub is_service_linked: Option<bool>,
}

/// How a request came.
#[derive(Debug, Clone, Default)]
pub struct Via {
    /// The services that called on behalf of the principal, first to last.
    pub services: Vec<Box<str>>,
    /// The VPC endpoint.
    pub endpoint: Option<Box<str>>,
    /// The VPC.
    pub vpc: Option<Box<str>>,
    /// The private address of the caller.
    pub private_ip: Option<Box<str>>,
    /// Was TLS used?
    pub secure_transport: Option<bool>,
    /// The region that was called.
    pub region: Option<Box<str>>,
    /// For a service: the resource on whose behalf it calls.
    pub source: Source,
}

/// The resource on whose behalf a service calls.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its ARN.
    pub arn: Option<Box<str>>,
    /// Its account.
    pub account: Option<Box<str>>,
    /// Its organisation.
    pub org_id: Option<Box<str>>,
    /// Its place in the organisation.
    pub org_path: Option<Box<str>>,
}

/// Where an account stands in its organisation.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The organisation's id.
    pub id: Option<Box<str>>,
    /// `o-…/r-…/ou-…/`.
    pub path: Option<Box<str>>,
    /// Is it the management account?
    pub is_management: Option<bool>,
}

/// What is known of the resource, for its condition keys.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Its tags; nothing when they are not known.
    pub tags: Option<Vec<(Box<str>, Box<str>)>>,
    /// Does S3 show the bucket's tags to policies?
    pub bucket_abac: bool,
}

/// All that keys are derived from.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The one who asks.
    pub caller: Caller,
    /// How the request came.
    pub via: Via,
    /// The organisation of the principal's account.
    pub principal_side: Side,
    /// The organisation of the resource's account.
    pub resource_side: Side,
    /// The resource.
    pub target: Target,
}

fn set(context: &mut Context, key: &str, value: Option<impl AsRef<str>>) {
    if let Some(value) = value {
        context.set_default(key, Entry::value(value.as_ref()));
    }
}

/// Completes the principal by what is known beside its ARN.
pub fn complete(principal: &mut Principal, caller: &Caller) {
    match principal {
        Principal::User(user) => user.id.clone_from(&caller.id),
        Principal::RoleSession(role) => {
            role.id.clone_from(&caller.id);
            if let Some(arn) = &caller.role_arn {
                role.role_arn = Some(arn.clone());
                role.is_service_linked = Some(arn.contains(":role/aws-service-role/"));
            }
            if caller.is_service_linked.is_some() {
                role.is_service_linked = caller.is_service_linked;
            }
        }
        Principal::FederatedUser(user) => {
            let partition = arn_fields(&user.arn).map_or("aws", |fields| fields[1]);
            let same_name = || format!("arn:{partition}:iam::{}:user/{}", user.account, user.name).into();
            user.user_arn = Some(caller.user_arn.clone().unwrap_or_else(same_name));
        }
        Principal::Root { .. }
        | Principal::Service(_)
        | Principal::Federated { .. }
        | Principal::Anonymous => {}
    }
}

/// Settles whether the role is linked to a service: what is told wins, then the path in `aws:PrincipalArn`.
pub fn link(principal: &mut Principal, caller: &Caller, context: &Context) {
    let Principal::RoleSession(role) = principal else { return };
    let by_arn = context.one("aws:PrincipalArn").map(|arn| arn.contains(":role/aws-service-role/"));
    role.is_service_linked = caller.is_service_linked.or(by_arn).or(role.is_service_linked);
}

/// Sets the keys that follow from what is known; what the context holds already is left as it is.
pub fn derive(
    context: &mut Context,
    principal: &Principal,
    resource: &str,
    resource_account: Option<&str>,
    service: &str,
    access_point: Option<&AccessPoint>,
    known: &Known,
) {
    of_principal(context, principal, &known.caller);
    of_session(context, principal, &known.caller, !known.via.services.is_empty());
    of_organisations(context, principal, known);
    of_way(context, principal, resource, &known.via);
    of_resource(context, resource, resource_account, service, access_point, known);
}

fn of_principal(context: &mut Context, principal: &Principal, caller: &Caller) {
    let kind = match principal {
        Principal::User(_) => Some("User"),
        Principal::RoleSession(_) => Some("AssumedRole"),
        Principal::FederatedUser(_) => Some("FederatedUser"),
        Principal::Root { .. } => Some("Account"),
        Principal::Anonymous => Some("Anonymous"),
        Principal::Service(_) | Principal::Federated { .. } => None,
    };
    set(context, "aws:PrincipalType", kind);
    // "Included in the request context for all requests"; what it says of these callers no page tells.
    context.set_default(
        "aws:PrincipalType",
        Entry::Present("its value for this sort of caller is not documented".into()),
    );
    // "Anonymous requests return anonymous."
    let account =
        if matches!(principal, Principal::Anonymous) { Some("anonymous") } else { principal.account() };
    set(context, "aws:PrincipalAccount", account);
    let arn = match principal {
        // "For IAM roles, the request context returns the ARN of the role, not that of the user who assumed it."
        Principal::RoleSession(role) => Some(match &role.role_arn {
            Some(arn) => arn.to_string(),
            None => format!("arn:{}:iam::{}:role/{}", role.partition, role.account, role.role),
        }),
        Principal::User(_) | Principal::FederatedUser(_) | Principal::Root { .. } => principal.arn(),
        Principal::Service(_) | Principal::Federated { .. } | Principal::Anonymous => None,
    };
    set(context, "aws:PrincipalArn", arn);
    match principal {
        Principal::User(user) => {
            set(context, "aws:username", Some(&user.name));
            set(context, "aws:userid", user.id.as_deref());
        }
        Principal::RoleSession(role) => {
            let id = role.id.as_deref().zip(role.session.as_deref());
            set(context, "aws:userid", id.map(|(id, session)| format!("{id}:{session}")));
        }
        Principal::FederatedUser(user) => {
            set(context, "aws:userid", Some(format!("{}:{}", user.account, user.name)));
        }
        Principal::Root { account, .. } => set(context, "aws:userid", Some(account)),
        Principal::Service(name) => set(context, "aws:PrincipalServiceName", Some(name)),
        // "IAM policy elements: Variables and tags", principal key values.
        Principal::Anonymous => set(context, "aws:userid", Some("anonymous")),
        Principal::Federated { .. } => {}
    }
    if !matches!(principal, Principal::User(_)) {
        context.set_default("aws:username", Entry::Absent);
    }
    match principal {
        Principal::Service(_) => set(context, "aws:PrincipalIsAWSService", Some("true")),
        Principal::Anonymous | Principal::Federated { .. } => {
            for key in
                ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]
            {
                context.set_default(key, Entry::Absent);
            }
        }
        _ => {
            set(context, "aws:PrincipalIsAWSService", Some("false"));
            context.set_default("aws:PrincipalServiceName", Entry::Absent);
        }
    }
    tags(context, "aws:PrincipalTag", caller.tags.as_deref());
}

/// Two tags whose keys differ only in letter case meet in one condition key, and which one counts is not documented.
fn tags(context: &mut Context, prefix: &str, tags: Option<&[(Box<str>, Box<str>)]>) {
    let Some(tags) = tags else { return };
    context.close(&format!("{prefix}/"));
    for (at, (key, value)) in tags.iter().enumerate() {
        let has_twin = tags.iter().enumerate().any(|(other, (twin, twin_value))| {
            other != at && twin.eq_ignore_ascii_case(key) && twin_value != value
        });
        let entry = if has_twin {
            Entry::Present("two tags differ only in the letter case of their keys".into())
        } else {
            Entry::value(value.as_ref())
        };
        context.set_default(&format!("{prefix}/{key}"), entry);
    }
}

fn of_session(context: &mut Context, principal: &Principal, caller: &Caller, is_forwarded: bool) {
    const KEYS: [&str; 4] =
        ["aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:SourceIdentity"];
    if principal.account().is_none() {
        // Who is no identity has no session of one.
        set(context, "aws:SourceIdentity", caller.source_identity.as_deref());
        for key in KEYS {
            context.set_default(key, Entry::Absent);
        }
        return;
    }
    if is_forwarded {
        // "…when an AWS service makes a request on behalf of the user": the key is there, and false.
        set(context, "aws:MultiFactorAuthPresent", Some("false"));
    }
    let is_session = matches!(principal, Principal::RoleSession(_) | Principal::FederatedUser(_));
    let is_long_term = match caller.credentials {
        Credentials::LongTerm => true,
        Credentials::Temporary | Credentials::Console => false,
        Credentials::Usual => !is_session && caller.issued.is_none() && caller.mfa.is_none(),
    };
    set(context, "aws:TokenIssueTime", caller.issued.as_deref());
    set(context, "aws:SourceIdentity", caller.source_identity.as_deref());
    if is_session && *context.rest() != Entry::Absent {
        context.set_default(
            "aws:TokenIssueTime",
            Entry::Present("when the session was made is not told".into()),
        );
    }
    let text = |is_so: bool| if is_so { "true" } else { "false" };
    set(context, "aws:MultiFactorAuthPresent", caller.mfa.map(text));
    set(context, "aws:MultiFactorAuthAge", caller.mfa_age_seconds.map(|seconds| seconds.to_string()));
    // "The key is present only when the principal uses temporary credentials": then it is false without MFA.
    if !is_long_term && caller.mfa.is_none() {
        let told = if *context.rest() == Entry::Absent || caller.credentials == Credentials::Console {
            Entry::value("false")
        } else {
            Entry::Present("whether the session was made with MFA is not told".into())
        };
        context.set_default("aws:MultiFactorAuthPresent", told);
    }
    if is_long_term {
        for key in KEYS {
            context.set_default(key, Entry::Absent);
        }
    }
    if let Some([arn, vpc, address]) = &caller.instance {
        set(context, "ec2:SourceInstanceArn", arn.as_deref());
        set(context, "aws:Ec2InstanceSourceVpc", vpc.as_deref());
        set(context, "aws:Ec2InstanceSourcePrivateIPv4", address.as_deref());
    }
}

fn of_organisations(context: &mut Context, principal: &Principal, known: &Known) {
    if principal.account().is_some() {
        set(context, "aws:PrincipalOrgID", known.principal_side.id.as_deref());
        set(context, "aws:PrincipalOrgPaths", known.principal_side.path.as_deref());
    }
    set(context, "aws:ResourceOrgID", known.resource_side.id.as_deref());
    set(context, "aws:ResourceOrgPaths", known.resource_side.path.as_deref());
}

fn of_way(context: &mut Context, principal: &Principal, resource: &str, via: &Via) {
    let is_forwarded = !via.services.is_empty();
    set(context, "aws:ViaAWSService", Some(if is_forwarded { "true" } else { "false" }));
    if is_forwarded {
        context.set_default("aws:CalledVia", Entry::values(via.services.iter().cloned()));
        set(context, "aws:CalledViaFirst", via.services.first());
        set(context, "aws:CalledViaLast", via.services.last());
        // "If a service makes the request, aws:SourceIp is the address of the service": which one is not told.
        if via.endpoint.is_none() {
            context.set_default(
                "aws:SourceIp",
                Entry::Present("it is the address of the calling service".into()),
            );
        }
    } else {
        for key in ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
            context.set_default(key, Entry::Absent);
        }
    }
    set(context, "aws:SourceVpce", via.endpoint.as_deref());
    set(context, "aws:SourceVpc", via.vpc.as_deref());
    set(context, "aws:VpcSourceIp", via.private_ip.as_deref());
    if via.endpoint.is_some() {
        context.set_default("aws:SourceIp", Entry::Absent);
    }
    set(
        context,
        "aws:SecureTransport",
        via.secure_transport.map(|is_so| if is_so { "true" } else { "false" }),
    );
    let region = arn_fields(resource).map(|fields| fields[3]).filter(|region| !region.is_empty());
    set(context, "aws:RequestedRegion", via.region.as_deref().or(region));
    match principal {
        Principal::Service(_) => {
            set(context, "aws:SourceArn", via.source.arn.as_deref());
            set(context, "aws:SourceAccount", via.source.account.as_deref());
            set(context, "aws:SourceOrgID", via.source.org_id.as_deref());
            set(context, "aws:SourceOrgPaths", via.source.org_path.as_deref());
        }
        // "This key is included only when a service principal calls on behalf of your resource."
        _ => {
            for key in ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"] {
                context.set_default(key, Entry::Absent);
            }
        }
    }
}

fn of_resource(
    context: &mut Context,
    resource: &str,
    account: Option<&str>,
    service: &str,
    access_point: Option<&AccessPoint>,
    known: &Known,
) {
    set(context, "aws:ResourceAccount", account);
    if service == "s3" {
        set(context, "s3:ResourceAccount", account);
    }
    // Of a bucket and what is in it (their ARNs name no account), policies see tags only with the bucket's switch on.
    let is_of_bucket = service == "s3" && arn_fields(resource).is_some_and(|fields| fields[4].is_empty());
    if !is_of_bucket || known.target.bucket_abac {
        tags(context, "aws:ResourceTag", known.target.tags.as_deref());
        if service != "s3" {
            tags(context, &format!("{service}:ResourceTag"), known.target.tags.as_deref());
        }
    }
    if service == "s3" && known.target.bucket_abac {
        tags(context, "s3:BucketTag", known.target.tags.as_deref());
    }
    match access_point {
        Some(access_point) => {
            set(context, "s3:DataAccessPointArn", Some(&access_point.arn));
            set(context, "s3:DataAccessPointAccount", Some(&access_point.account));
            let origin = if access_point.vpc.is_some() { "VPC" } else { "Internet" };
            set(context, "s3:AccessPointNetworkOrigin", Some(origin));
        }
        None => {
            for key in ["s3:DataAccessPointArn", "s3:DataAccessPointAccount", "s3:AccessPointNetworkOrigin"] {
                context.set_default(key, Entry::Absent);
            }
        }
    }
}
