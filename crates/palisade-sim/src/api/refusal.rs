//! How the services refuse: the codes and statuses that each of them uses.

use palisade_aws::{CallFailure, Failure, Operation, Protocol, Service, ServiceError};
use serde_json::{Map, Value};

/// A refusal as the service would write it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The status of HTTP.
    pub status: u16,
    /// The code.
    pub code: String,
    /// The service's words.
    pub message: String,
}

impl Refusal {
    /// A refusal with these.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// As a client takes it.
    pub fn failure(&self) -> CallFailure {
        Failure::Refused(Box::new(ServiceError {
            status: self.status,
            code: self.code.clone(),
            message: self.message.clone(),
            request_id: None,
            members: Value::Object(Map::new()),
        }))
        .into()
    }
}

fn is_form(service: &Service) -> bool {
    matches!(service.protocols.first(), Some(Protocol::Query | Protocol::Ec2 | Protocol::RestXml))
}

/// Too many calls.
pub(crate) fn throttled(service: &Service) -> Refusal {
    let (status, code, message) = match service.name.as_str() {
        "ec2" => (503, "RequestLimitExceeded", "Request limit exceeded."),
        "s3" => (503, "SlowDown", "Please reduce your request rate."),
        "lambda" => (429, "TooManyRequestsException", "Rate exceeded"),
        "organizations" => {
            (400, "TooManyRequestsException", "AWS Organizations can't complete your request: rate exceeded")
        }
        "cognito-identity" | "apigateway" | "apigatewayv2" | "account" => {
            (429, "TooManyRequestsException", "Too Many Requests")
        }
        "sqs" => (403, "RequestThrottled", "Request is throttled."),
        "kms" => (400, "ThrottlingException", "You have exceeded the rate at which you may call KMS."),
        "s3control" => (503, "SlowDown", "Please reduce your request rate."),
        _ if is_form(service) => (400, "Throttling", "Rate exceeded"),
        _ if service.protocols.first() == Some(&Protocol::RestJson) => {
            (429, "ThrottlingException", "Rate exceeded")
        }
        _ => (400, "ThrottlingException", "Rate exceeded"),
    };
    Refusal::new(status, code, message)
}

/// The caller may not make this call.
pub(crate) fn denied(service: &Service, caller: &str, action: &str) -> Refusal {
    let message = format!(
        "User: {caller} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    );
    match service.name.as_str() {
        "ec2" => Refusal::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        ),
        "sns" => Refusal::new(403, "AuthorizationError", message),
        "s3" => Refusal::new(403, "AccessDenied", message),
        _ if is_form(service) => Refusal::new(403, "AccessDenied", message),
        _ if service.protocols.first() == Some(&Protocol::RestJson) => {
            Refusal::new(403, "AccessDeniedException", message)
        }
        _ => Refusal::new(400, "AccessDeniedException", message),
    }
}

/// The credentials have run out.
pub(crate) fn expired(service: &Service) -> Refusal {
    let message = "The security token included in the request is expired";
    match service.name.as_str() {
        "ec2" => Refusal::new(400, "RequestExpired", "Request has expired."),
        "s3" => Refusal::new(400, "ExpiredToken", "The provided token has expired."),
        _ if is_form(service) => Refusal::new(403, "ExpiredToken", message),
        _ => Refusal::new(400, "ExpiredTokenException", message),
    }
}

/// The clocks differ.
pub(crate) fn skewed(service: &Service) -> Refusal {
    match service.name.as_str() {
        "s3" => Refusal::new(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        _ if is_form(service) => Refusal::new(
            403,
            "SignatureDoesNotMatch",
            "Signature not yet current: 20261122T000000Z is still later",
        ),
        _ => Refusal::new(
            400,
            "InvalidSignatureException",
            "Signature not yet current: 20261122T000000Z is still later",
        ),
    }
}

/// The account has not enabled the region.
pub(crate) fn not_enabled(service: &Service) -> Refusal {
    match service.name.as_str() {
        "ec2" => {
            Refusal::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        }
        _ if is_form(service) => {
            Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid")
        }
        _ => Refusal::new(
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    }
}

/// The service broke.
pub(crate) fn broken(service: &Service) -> Refusal {
    match service.name.as_str() {
        "ec2" | "s3" => Refusal::new(500, "InternalError", "An internal error has occurred"),
        _ if is_form(service) => Refusal::new(500, "InternalFailure", "Unknown"),
        _ => Refusal::new(500, "InternalServerException", "Internal service error."),
    }
}

/// What was asked about is not there.
pub(crate) fn absent(service: &Service, operation: &Operation, asked: &Value) -> Refusal {
    let name = asked.as_object().and_then(|asked| asked.values().find_map(Value::as_str)).unwrap_or_default();
    let message = format!("`{name}` does not exist");
    let status =
        if is_form(service) || service.protocols.first() == Some(&Protocol::RestJson) { 404 } else { 400 };
    let code = match service.name.as_str() {
        "s3" => "NoSuchBucket".to_owned(),
        "ec2" => return Refusal::new(400, "InvalidParameterValue", message),
        "sqs" => "QueueDoesNotExist".to_owned(),
        _ => modelled(service, operation).unwrap_or_else(|| "ResourceNotFoundException".to_owned()),
    };
    Refusal::new(status, code, message)
}

/// The operation's own word for what is not there.
fn modelled(service: &Service, operation: &Operation) -> Option<String> {
    let says = |code: &str| {
        ["NotFound", "NoSuch", "NonExistent", "DoesNotExist"].iter().any(|word| code.contains(word))
    };
    service.errors(operation).map(|error| error.code.clone()).find(|code| says(code))
}

/// A token that no page gave.
pub(crate) fn bad_token(service: &Service) -> Refusal {
    match service.name.as_str() {
        "ec2" => Refusal::new(400, "InvalidParameterValue", "The pagination token is not valid"),
        _ if is_form(service) => Refusal::new(400, "ValidationError", "Invalid Marker"),
        _ => Refusal::new(400, "InvalidNextTokenException", "The pagination token is not valid"),
    }
}
