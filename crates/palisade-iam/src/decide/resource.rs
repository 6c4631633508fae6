//! The layers of the resource: its own policy, and that of the access point the request went through.

use super::statements::scan_named;
use super::{Layer, Logic, Place};
use crate::request::{Policies, Request};
use crate::s3;
use crate::truth::Truth;

pub(super) fn resource_policy<L: Logic>(
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
    // The owner of a bucket can't let others at objects that it does not own.
    match s3::object_of_somebody_else(request) {
        Truth::Yes => std::array::from_fn(|_| none.clone()),
        Truth::No | Truth::Unknown => named,
    }
}

/// What the policy of the access point says, as one more resource that must permit the request.
pub(super) fn access_point<L: Logic>(
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
pub(super) fn is_retirement(request: &Request) -> bool {
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

/// Whose policies decide about the resource: of an object that the bucket's owner does not own, the object's owner.
///
/// Source: S3 user guide, "How Amazon S3 authorizes a request for an object operation".
pub(super) fn owner(request: &Request) -> Option<&str> {
    match s3::object_of_somebody_else(request) {
        Truth::Yes => request.facts.s3.object_owner.as_deref(),
        _ => resource_account(request),
    }
}

/// Who owns the resource, as far as the request or the ARN tell.
pub(super) fn resource_account(request: &Request) -> Option<&str> {
    request
        .resource_account
        .as_deref()
        .or_else(|| Some(request.resource.field(4)).filter(|account| !account.is_empty()))
}
