//! AWS's operations as data: requests, answers, endpoints and pages, without a network.
//!
//! What an operation is comes from the models that botocore publishes, reduced to their shapes. Everything here is a
//! pure function: [`request`] makes of parameters what is to be sent, [`response`] reads what came back, [`endpoint`]
//! says where to send it, [`Pager`] what to ask next. Sending, signing and trying again are not in this crate.
//!
//! Parameters and answers are JSON with the names that boto3, the AWS CLI and CloudTrail use; bytes are base64, times
//! are `2026-11-17T19:13:00+00:00`, numbers that JSON has not are `"NaN"`, `"Infinity"` and `"-Infinity"`.

mod body;
mod call;
mod cbor;
mod checksum;
mod endpoint;
mod fit;
mod models;
mod pages;
mod quota;
pub mod rate;
mod read;
mod request;
mod response;
mod text;
mod time;
mod validate;
mod xml;

pub use call::{Ask, CallFailure, FailureKind};
pub use endpoint::{Endpoint, EndpointError, EndpointOptions, endpoint, partition_of};
pub use fit::fitted;
pub use models::{
    ErrorName, Location, Member, Models, Operation, Pages, Protocol, Reference, Service, Shape, Structure,
    To, models,
};
pub use pages::{Pager, PagerError};
pub use quota::{Bucket, Quota, UNDOCUMENTED, quota, quota_of_call, quota_services};
pub use rate::{RetryStock, TokenBucket, WaitUntil};
pub use request::{HttpRequest, RequestError, request, request_in, with_token};
pub use response::{Failure, ServiceError, response, response_in};
pub use time::TimeFormat;
pub use validate::ParameterProblem;

use serde_json::Value;

/// Deeper than anything that a service takes or answers.
pub const NESTING_MAX: usize = 100;

/// More than a service answers that is not a stream of bytes.
pub const BODY_MAX: usize = 64 * 1_024 * 1_024;

/// A number, also one that JSON has not.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// A number as a value, also one that JSON has not.
pub(crate) fn number_value(number: f64) -> Value {
    let text = || match number {
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "Infinity",
        _ => "-Infinity",
    };
    serde_json::Number::from_f64(number).map_or_else(|| text().into(), Value::Number)
}
