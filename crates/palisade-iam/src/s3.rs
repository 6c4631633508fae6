//! What is particular to S3: the public access block, ACLs, object ownership and the bucket owner's way back in.

use crate::condition::{Condition, Family, Test};
use crate::context::{Context, Entry};
use crate::policy::{Effect, Policy, Statement};
use crate::principal::{Principal, PrincipalPattern};
use crate::request::{Policies, Request, Switch};
use crate::truth::Truth;
use ipnet::IpNet;

impl Switch {
    /// Is it on?
    pub fn truth(self) -> Truth {
        match self {
            Self::Off => Truth::No,
            Self::On => Truth::Yes,
            Self::Unknown => Truth::Unknown,
        }
    }
}

fn is_s3(request: &Request) -> bool {
    request.action.service() == "s3"
}

/// May the root user of the bucket's account act on the bucket policy, whatever that policy denies?
///
/// Source: S3 user guide, "Examples of Amazon S3 bucket policies": only Organizations and endpoint policies stop it.
pub(crate) fn is_lockout_exempt(request: &Request) -> bool {
    is_s3(request)
        && matches!(request.action.name(), "getbucketpolicy" | "putbucketpolicy" | "deletebucketpolicy")
        && matches!(&request.principal, Principal::Root { account, .. } if request.resource_account.as_ref() == Some(account))
}

/// Does `RestrictPublicBuckets` keep the one who asks from using the bucket policy?
///
/// Source: S3 user guide, "Blocking public access to your Amazon S3 storage": principals of the bucket's account and
/// services keep what they have.
pub(crate) fn is_restricted(request: &Request, policies: &Policies) -> Truth {
    let switch = request.facts.s3.restrict_public_buckets.truth();
    if switch.is_no() || !is_s3(request) {
        return Truth::No;
    }
    let is_spared = match &request.principal {
        Principal::Service(_) => true,
        principal => {
            principal.account().is_some() && principal.account() == request.resource_account.as_deref()
        }
    };
    let Some(policy) = &policies.resource else { return Truth::No };
    if is_spared { Truth::No } else { switch.and(is_public(policy)) }
}

/// Does `BlockPublicAcls` or `BlockPublicPolicy` refuse what the request sets?
///
/// Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "Block public access settings".
pub(crate) fn sets_blocked(request: &Request) -> Truth {
    let facts = &request.facts.s3;
    let (acls, policies) = (facts.block_public_acls.truth(), facts.block_public_policy.truth());
    if !is_s3(request) || acls.or(policies).is_no() {
        return Truth::No;
    }
    match request.action.name() {
        "putbucketpolicy" | "putaccesspointpolicy" => policies.and(facts.sets_public_policy),
        "createbucket" | "putbucketacl" | "putobject" | "putobjectacl" | "putobjectversionacl" => {
            acls.and(sets_public_acl(&request.context))
        }
        _ => Truth::No,
    }
}

/// Does the request set an ACL for everyone, by the keys it was told to carry?
fn sets_public_acl(context: &Context) -> Truth {
    let any = |key: &str, is_public: &dyn Fn(&str) -> bool| match context.of(key) {
        _ if !context.has(key) => Truth::No,
        Entry::Values(values) => values.iter().any(|value| is_public(value)).into(),
        Entry::Absent => Truth::No,
        Entry::Present(_) | Entry::Unknown(_) => Truth::Unknown,
    };
    let canned =
        any("s3:x-amz-acl", &|acl| matches!(acl, "public-read" | "public-read-write" | "authenticated-read"));
    let for_everyone = |grant: &str| {
        grant.contains("/groups/global/AllUsers") || grant.contains("/groups/global/AuthenticatedUsers")
    };
    GRANTS_OF_REQUESTS.iter().map(|key| any(key, &for_everyone)).fold(canned, Truth::or)
}

const GRANTS_OF_REQUESTS: [&str; 5] = [
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
];

/// Is the bucket policy public, as S3 means it?
///
/// One public statement makes the policy public. Source: S3 user guide, "The meaning of public".
pub fn is_public(policy: &Policy) -> Truth {
    let unread = if policy.unread.is_some() { Truth::Unknown } else { Truth::No };
    policy.statements.iter().map(is_public_statement).max().unwrap_or(Truth::No).or(unread)
}

fn is_public_statement(statement: &Statement) -> Truth {
    match statement.effect {
        Some(Effect::Deny) => return Truth::No,
        None if statement.open.is_some() => return Truth::Unknown,
        None => return Truth::No,
        Some(Effect::Allow) => {}
    }
    let Some(principals) = &statement.principals else { return Truth::No };
    let names_everyone = principals.is_negated
        || principals.patterns.iter().any(|(pattern, _)| *pattern == PrincipalPattern::Everyone);
    let is_narrow = statement.conditions.iter().any(|condition| is_fixed(condition, &FIXING_KEYS));
    let is_perhaps_narrow = statement.conditions.iter().any(|condition| is_fixed(condition, &UNCLEAR_KEYS));
    match (names_everyone && !is_narrow, &statement.open) {
        (true, None) if is_perhaps_narrow => Truth::Unknown,
        (true, None) => Truth::Yes,
        (true, Some(_)) => Truth::Unknown,
        (false, Some(_)) if !is_narrow => Truth::Unknown,
        (false, _) => Truth::No,
    }
}

/// The keys that the page names, and those of principals, of which it names one as an example.
const FIXING_KEYS: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Keys that are as narrow as those, and that the page does not name.
const UNCLEAR_KEYS: [&str; 5] = [
    "aws:ec2instancesourcevpc",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:vpcsourceip",
    "s3:dataaccesspointaccount",
];

/// Does the condition hold the statement to fixed values of a key that S3 accepts for that?
fn is_fixed(condition: &Condition, keys: &[&str]) -> bool {
    if !condition.requires_value() || condition.open.is_some() || condition.values.is_empty() {
        return false;
    }
    if condition.key.as_str() == "aws:sourceip" {
        let is_address = condition.operator.is_some_and(|operator| operator.family == Family::Address);
        return is_address
            && condition
                .values
                .iter()
                .all(|value| matches!(&value.test, Test::Network(network) if is_narrow(network)));
    }
    let is_fixed_text = |text: &str| {
        let account_only =
            matches!(condition.key.as_str(), "s3:dataaccesspointarn" | "aws:principalorgpaths");
        if account_only {
            let account = text.split(':').nth(4).unwrap_or(text);
            return !account.contains(['*', '?', '$']) && !text.starts_with('*');
        }
        !text.contains(['*', '?', '$'])
    };
    keys.contains(&condition.key.as_str()) && condition.values.iter().all(|value| is_fixed_text(&value.text))
}

fn is_narrow(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() >= 8,
        IpNet::V6(network) => network.prefix_len() >= 32,
    }
}

/// Does an ACL let the one who asks in? Never principals of the bucket's own account.
///
/// Sources: S3 user guide, "Access control list (ACL) overview" (which permission means which action), "Controlling
/// ownership of objects"; IAM user guide, "Access control lists".
pub(crate) fn acl_allows(request: &Request) -> Truth {
    let facts = &request.facts.s3;
    if !is_s3(request) || facts.acls_are_enabled.is_no() || (facts.acl.is_empty() && !facts.acl_is_unknown) {
        return Truth::No;
    }
    let account = request.principal.account();
    let owner = match object_of_somebody_else(request) {
        Truth::Yes => &facts.object_owner,
        _ => &request.resource_account,
    };
    if account.is_some() && account == owner.as_deref() {
        return Truth::No;
    }
    let is_object = request.resource.field(5).contains('/');
    let may_be_given = permission_covers("FULL_CONTROL", request.action.name(), is_object);
    let mut any = Truth::from(facts.acl_is_unknown && may_be_given).and(Truth::Unknown);
    for grant in &facts.acl {
        if permission_covers(&grant.permission, request.action.name(), is_object) {
            any = any.or(is_grantee(&grant.grantee, request));
        }
    }
    any.and(facts.acls_are_enabled)
}

fn is_grantee(grantee: &str, request: &Request) -> Truth {
    let is_public = !request.facts.s3.ignore_public_acls.truth();
    match (grantee, request.principal.account(), &request.facts.canonical_id) {
        ("AllUsers", ..) => is_public,
        ("AuthenticatedUsers", account, _) => Truth::from(account.is_some()).and(is_public),
        (_, None, _) => Truth::No,
        (grantee, Some(account), _) if grantee == account => Truth::Yes,
        // A canonical id stands for an account.
        (grantee, _, Some(own)) => (grantee == own.as_ref()).into(),
        (grantee, _, None) => Truth::from(grantee.len() == 64).and(Truth::Unknown),
    }
}

fn permission_covers(permission: &str, action: &str, is_object: bool) -> bool {
    let has = |wanted: &str| permission == wanted || permission == "FULL_CONTROL";
    match (action, is_object) {
        ("listbucket" | "listbucketversions" | "listbucketmultipartuploads", false) => has("READ"),
        ("putobject" | "deleteobject" | "deleteobjectversion", _) => has("WRITE"),
        ("getbucketacl", false) => has("READ_ACP"),
        ("putbucketacl", false) => has("WRITE_ACP"),
        ("getobject" | "getobjectversion" | "getobjecttorrent", true) => has("READ"),
        ("getobjectacl" | "getobjectversionacl", true) => has("READ_ACP"),
        ("putobjectacl" | "putobjectversionacl", true) => has("WRITE_ACP"),
        _ => false,
    }
}

/// Is what is asked for an object that the bucket's owner does not own?
pub(crate) fn object_of_somebody_else(request: &Request) -> Truth {
    let facts = &request.facts.s3;
    let is_object = is_s3(request) && request.resource.field(5).contains('/');
    let is_read =
        request.action.name().starts_with("getobject") || request.action.name().starts_with("putobjectacl");
    if !is_object || !is_read {
        return Truth::No;
    }
    let is_of_another = match (&facts.object_owner, &request.resource_account) {
        _ if facts.object_owner_is_unknown => Truth::Unknown,
        (Some(object), Some(bucket)) => (object != bucket).into(),
        _ => Truth::No,
    };
    is_of_another.and(facts.acls_are_enabled)
}
