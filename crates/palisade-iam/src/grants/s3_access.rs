//! S3 Access Grants: who has one for a prefix may ask S3 for credentials that reach it.
//!
//! Source: S3 user guide, "Request access to Amazon S3 data through S3 Access Grants" and "Create grants".

use super::receiver::Receiver;
use crate::request::Request;
use crate::truth::Truth;

/// A grant of S3 Access Grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3AccessGrant {
    /// Who got it.
    pub to: Receiver,
    /// The data: `s3://bucket/prefix*`, or one object.
    pub scope: Box<str>,
    /// `READ`, `WRITE` or `READWRITE`.
    pub permission: Box<str>,
}

pub(super) fn permits(grant: &S3AccessGrant, request: &Request) -> Truth {
    let parameters = &request.facts.parameters;
    // "The target scope must be within the scope of the grant."
    let is_within = parameters.target.as_deref().map(|target| covers(&grant.scope, target).into());
    let is_enough = parameters
        .permission
        .as_deref()
        .map(|asked| (*grant.permission == *asked || &*grant.permission == "READWRITE").into());
    let within = is_within.unwrap_or(Truth::Unknown).and(is_enough.unwrap_or(Truth::Unknown));
    grant.to.receives(request).and(within)
}

/// "Append the wildcard character * after the prefix to indicate all object key names that start with that prefix."
fn covers(scope: &str, target: &str) -> bool {
    match scope.strip_suffix('*') {
        Some(prefix) => target.starts_with(prefix),
        None => target == scope,
    }
}
