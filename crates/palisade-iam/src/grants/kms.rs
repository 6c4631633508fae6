//! Grants of KMS keys: operations for a principal, perhaps only with a certain encryption context.

use super::receiver::is_meant;
use crate::context::Entry;
use crate::principal::{Named, PrincipalPattern};
use crate::request::Request;
use crate::truth::Truth;

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

/// Is this grantee or retiring principal of a KMS grant the one who asks?
///
/// What a grant to an account gives its users and roles, and one to a user the user's federated sessions, no page says.
fn is_named_by_kms(pattern: &PrincipalPattern, request: &Request) -> Truth {
    let is_open = matches!(pattern, PrincipalPattern::Account(_))
        || pattern.names(&request.principal).is_some_and(|(named, _)| named == Named::UserOfSession);
    let is_meant = is_meant(pattern, request);
    if is_open { is_meant.min(Truth::Unknown) } else { is_meant }
}

pub(super) fn permits(grant: &KmsGrant, request: &Request) -> Truth {
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
