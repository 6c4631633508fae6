//! One call as a value: who is asked what, and how an attempt that brought no answer is to be taken.

use crate::response::{Failure, ServiceError};
use palisade_model::{AccountId, Region};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A call that somebody is to make: one attempt at one page.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The account whose credentials sign it.
    pub account: AccountId,
    /// The region whose endpoint is asked.
    pub region: Region,
    /// The service, as botocore names it.
    pub service: Arc<str>,
    /// The operation.
    pub operation: Arc<str>,
    /// Its parameters, with the names of boto3.
    pub parameters: Value,
}

/// Why an attempt brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: `{code}`: {message}")]
pub struct CallFailure {
    /// How it is to be taken.
    pub kind: FailureKind,
    /// The service's code, as `AccessDenied`, or the transport's, as `timeout`.
    pub code: Arc<str>,
    /// What the service, or the transport, says of it.
    pub message: String,
    /// How long the service asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// How a failed attempt is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The caller may not make this call.
    Denied,
    /// Too many calls: later.
    Throttled,
    /// The credentials are not valid (any more).
    Expired,
    /// The clocks of this machine and of AWS differ too much.
    Skewed,
    /// The thing that was asked about is not there (any more).
    Absent,
    /// The region is not enabled for the account, or the service is not there or not subscribed to.
    Disabled,
    /// The service broke; another attempt may succeed.
    Server,
    /// No answer in time.
    TimedOut,
    /// No connection, or it broke.
    Transport,
    /// What came is not an answer of this operation.
    Malformed,
    /// The service refused for another reason; asking again changes nothing.
    Refused,
}

impl FailureKind {
    /// May another attempt at the same call succeed, without anything else changing?
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Server | Self::TimedOut | Self::Transport | Self::Malformed)
    }

    /// Its word, as it stands in ledgers: `denied`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Expired => "expired",
            Self::Skewed => "skewed",
            Self::Absent => "absent",
            Self::Disabled => "disabled",
            Self::Server => "server",
            Self::TimedOut => "timed-out",
            Self::Transport => "transport",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
        }
    }

    /// The kind with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Denied,
        Self::Throttled,
        Self::Expired,
        Self::Skewed,
        Self::Absent,
        Self::Disabled,
        Self::Server,
        Self::TimedOut,
        Self::Transport,
        Self::Malformed,
        Self::Refused,
    ];
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl CallFailure {
    /// A failure of the transport, with its own code.
    pub fn of(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), retry_after: None }
    }

    /// The failure of another call that had to come first: `sts:AssumeRole` of a role.
    pub fn on_the_way(call: &str, resource: &str, mut failure: Self) -> Self {
        failure.message = format!("`{call}` of `{resource}`: {}", failure.message);
        failure
    }

    /// The other call that failed on the way, and of what: a permission that is missing is that call's.
    pub fn way(&self) -> Option<(&str, &str)> {
        let (call, rest) = self.message.strip_prefix('`')?.split_once("` of `")?;
        let (resource, _) = rest.split_once("`: ")?;
        let is_call = call.split_once(':').is_some_and(|(service, operation)| {
            let is_word =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_word(service) && is_word(operation)
        });
        is_call.then_some((call, resource))
    }
}

impl From<Failure> for CallFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => {
                let ServiceError { status, code, message, .. } = *error;
                Self { kind: kind(status, &code, &message), code: code.into(), message, retry_after: None }
            }
            Failure::Malformed { why } => Self::of(FailureKind::Malformed, "malformed", why),
            Failure::EventStream => {
                Self::of(FailureKind::Refused, "event-stream", Failure::EventStream.to_string())
            }
        }
    }
}

/// Codes by which services say that a caller asks too much; botocore's retry handler and the SDKs' guide list them.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const THROTTLED: [&str; 15] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "ThrottledRequestException",
];

const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedFault",
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "UnauthorizedOperation",
    "UnauthorizedException",
];

const EXPIRED: [&str; 13] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "TokenRefreshRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

const DISABLED: [&str; 6] = [
    "OptInRequired",
    "RegionDisabledException",
    "SubscriptionRequiredException",
    "UnknownOperationException",
    "UnsupportedOperation",
    "NotSignedUp",
];

fn kind(status: u16, code: &str, message: &str) -> FailureKind {
    let code = code.rsplit(['#', ':', '.']).next().unwrap_or(code);
    let is_in = |list: &[&str]| list.contains(&code);
    let is_of_time =
        ["Signature not yet current", "Signature expired"].iter().any(|words| message.contains(words));
    if ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(&code) || (is_in(&EXPIRED) && is_of_time) {
        return FailureKind::Skewed;
    }
    if is_in(&THROTTLED) || status == 429 {
        return FailureKind::Throttled;
    }
    if is_in(&DENIED) {
        return FailureKind::Denied;
    }
    if is_in(&EXPIRED) {
        return FailureKind::Expired;
    }
    if is_in(&DISABLED) {
        return FailureKind::Disabled;
    }
    match status {
        403 => FailureKind::Denied,
        401 => FailureKind::Expired,
        500.. => FailureKind::Server,
        404 => FailureKind::Absent,
        _ if code.contains("NotFound") || code.starts_with("NoSuch") => FailureKind::Absent,
        _ => FailureKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let check = |status, code: &str, expected| assert_eq!(kind(status, code, ""), expected, "{code}");
        check(400, "ThrottlingException", FailureKind::Throttled);
        check(503, "SlowDown", FailureKind::Throttled);
        check(429, "Whatever", FailureKind::Throttled);
        check(400, "com.amazonaws#AccessDeniedException", FailureKind::Denied);
        check(403, "UnauthorizedOperation", FailureKind::Denied);
        check(403, "ExpiredToken", FailureKind::Expired);
        check(403, "RequestTimeTooSkewed", FailureKind::Skewed);
        check(401, "AuthFailure", FailureKind::Expired);
        check(400, "NoSuchEntity", FailureKind::Absent);
        check(404, "ResourceNotFoundException", FailureKind::Absent);
        check(403, "OptInRequired", FailureKind::Disabled);
        check(500, "InternalFailure", FailureKind::Server);
        check(400, "ValidationException", FailureKind::Refused);
    }

    #[test]
    fn the_call_that_failed_on_the_way_is_named() {
        let failure = CallFailure::of(FailureKind::Denied, "AccessDenied", "not authorized");
        assert_eq!(failure.way(), None);
        let failure = CallFailure::on_the_way("sts:AssumeRole", "arn:aws:iam::111122223333:role/A", failure);
        assert_eq!(failure.way(), Some(("sts:AssumeRole", "arn:aws:iam::111122223333:role/A")));
        assert_eq!(failure.message, "`sts:AssumeRole` of `arn:aws:iam::111122223333:role/A`: not authorized");
    }

    #[test]
    fn a_signature_of_another_time_is_a_clock_that_is_wrong() {
        let check =
            |code: &str, message: &str, expected| assert_eq!(kind(403, code, message), expected, "{code}");
        check("InvalidSignatureException", "Signature expired: 2015", FailureKind::Skewed);
        check("SignatureDoesNotMatch", "Signature not yet current: 2099", FailureKind::Skewed);
        check("InvalidSignatureException", "does not match", FailureKind::Expired);
        check("RequestInTheFuture", "", FailureKind::Skewed);
    }

    #[test]
    fn every_kind_has_a_word() {
        for kind in FailureKind::ALL {
            assert_eq!(FailureKind::named(kind.word()), Some(kind));
        }
    }
}
