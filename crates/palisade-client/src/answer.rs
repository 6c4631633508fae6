//! What a call brought: the answer with what the ledger wants to know of it, or the failure in the ledger's words.

use crate::transport::Received;
use palisade_aws::{
    CallFailure, Failure, FailureKind, Location, Operation, Protocol, Service, ServiceError, To, response,
};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was answered, with the names of boto3.
    pub value: Value,
    /// The length of the body.
    pub bytes: usize,
    /// When it came, on AWS's clock.
    pub time: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What support asks for.
    pub request_id: Option<String>,
}

/// A service that asks to be left alone for longer is asked again after this.
const RETRY_AFTER_MAX: u64 = 600;

/// Reads what came. An answer that could be anybody's (a proxy's page, nothing at all) is none.
pub(crate) fn read(
    service: &Service,
    operation: &Operation,
    received: &Received,
) -> Result<Value, CallFailure> {
    let status = received.status;
    if (200..300).contains(&status) {
        not_foreign(service, operation, received)?;
    }
    let answer = response(service, operation, status, &received.headers, &received.body);
    answer.map_err(|failure| told(failure, received))
}

/// What has nothing of the service's, though it may be read as an answer in which everything is left out.
fn not_foreign(service: &Service, operation: &Operation, received: &Received) -> Result<(), CallFailure> {
    let output = operation.output.as_ref().and_then(|output| service.structure(output));
    let Some(output) = output else { return Ok(()) };
    // A payload is whatever it is: an object of S3 may well be a page.
    if output.payload.as_deref().is_some_and(|payload| {
        let mut members = output.members.iter().filter(|member| member.name == payload);
        members.any(|member| matches!(member.of.to, To::Blob | To::String))
    }) {
        return Ok(());
    }
    let malformed = |code: &str, why: String| Err(CallFailure::of(FailureKind::Malformed, code, why));
    if is_page(received) {
        return malformed(
            "html",
            format!("a page of HTML came instead of an answer: {}", head(&received.body)),
        );
    }
    let says_something = output.members.iter().any(|member| member.of.location == Location::Body);
    let may_be_empty = received.status == 204
        || matches!(service.protocols.first(), Some(Protocol::RestXml | Protocol::RestJson))
            && output.payload.is_some();
    if received.body.is_empty() && says_something && !may_be_empty {
        return malformed("empty", "the answer is empty".to_owned());
    }
    Ok(())
}

/// Whether it is a page for people. What it calls itself is not enough: some call all they send a page.
fn is_page(received: &Received) -> bool {
    const ELEMENTS: [&str; 9] = ["body", "center", "div", "h1", "h2", "head", "p", "script", "title"];
    let kind = received.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let head = received.body.get(..received.body.len().min(200)).unwrap_or_default();
    let head = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
    let element = head.strip_prefix('<').unwrap_or_default();
    let element = element.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_text = !head.starts_with(['<', '{', '[']) && !head.is_empty();
    head.starts_with("<!doctype html")
        || element == "html"
        || kind.starts_with("text/html") && (is_text || ELEMENTS.contains(&element))
}

/// The beginning of a body, for messages.
fn head(body: &[u8]) -> String {
    const SHOWN: usize = 80;
    let text = String::from_utf8_lossy(body.get(..body.len().min(400)).unwrap_or_default());
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = words.chars().filter(|letter| !letter.is_control());
    format!("`{}`", clean.take(SHOWN).collect::<String>())
}

fn told(failure: Failure, received: &Received) -> CallFailure {
    let is_page = is_page(received);
    let mut failure = match failure {
        // A proxy between says nothing about what the service allows.
        Failure::Refused(error) if is_page => {
            let ServiceError { status, .. } = *error;
            let kind = match status {
                429 => FailureKind::Throttled,
                500.. => FailureKind::Server,
                _ => FailureKind::Malformed,
            };
            let message = format!("a page of HTML came with status {status}: {}", head(&received.body));
            CallFailure::of(kind, "html", message)
        }
        failure => CallFailure::from(failure),
    };
    if let Some(region) = received.header("x-amz-bucket-region")
        && (300..400).contains(&received.status)
    {
        failure.message = format!("{} (the bucket is in `{region}`)", failure.message);
    }
    failure.retry_after = retry_after(received);
    failure
}

/// How long the service asks to be left alone.
fn retry_after(received: &Received) -> Option<Duration> {
    let whole = |name: &str| received.header(name)?.trim().parse::<u64>().ok();
    let milliseconds = whole("x-amz-retry-after").map(Duration::from_millis);
    let told = milliseconds.or_else(|| whole("retry-after").map(Duration::from_secs));
    Some(told?.min(Duration::from_secs(RETRY_AFTER_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_aws::models;

    /// An answer of this call: the failure's kind and code, or the value.
    #[track_caller]
    fn check(call: &str, status: u16, headers: &[(&str, &str)], body: &str, expected: &str) {
        let (service, operation) = call.split_once('.').unwrap();
        let service = models().service(service).unwrap();
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let received = Received { status, headers, body: body.as_bytes().to_vec() };
        let found = read(service, &service.operations[operation], &received);
        let found = found.map_or_else(
            |failure| format!("{} {} {:?}", failure.kind, failure.code, failure.retry_after),
            |value| value.to_string(),
        );
        assert_eq!(found, expected, "{call} {body}");
    }

    const PAGE: &str = "<!DOCTYPE html><html><body>Sign in to the network</body></html>";
    const HTML: [(&str, &str); 1] = [("content-type", "text/html; charset=utf-8")];

    #[test]
    fn a_page_is_no_answer_whatever_its_status() {
        for call in [
            "s3.ListBuckets",
            "ec2.DescribeVpcs",
            "lambda.ListFunctions",
            "dynamodb.ListTables",
            "iam.ListUsers",
        ] {
            check(call, 200, &HTML, PAGE, "malformed html None");
            check(call, 200, &[], PAGE, "malformed html None");
            check(call, 403, &HTML, PAGE, "malformed html None");
            check(call, 502, &HTML, PAGE, "server html None");
            check(call, 429, &HTML, PAGE, "throttled html None");
        }
    }

    #[test]
    fn what_calls_itself_a_page_may_be_an_answer() {
        let listed = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>";
        check("s3.ListBuckets", 200, &HTML, listed, r#"{"Buckets":[]}"#);
        check("s3.ListBuckets", 200, &HTML, "<h1>Bad gateway</h1>", "malformed html None");
        check("dynamodb.ListTables", 200, &HTML, "Sign in", "malformed html None");
        check("dynamodb.ListTables", 200, &HTML, r#"{"TableNames":[]}"#, r#"{"TableNames":[]}"#);
    }

    #[test]
    fn nothing_is_no_answer() {
        for call in ["ec2.DescribeVpcs", "lambda.ListFunctions", "dynamodb.ListTables", "s3.ListBuckets"] {
            check(call, 200, &[], "", "malformed empty None");
        }
        check("s3.GetBucketPolicy", 200, &[], "", r#"{"Policy":""}"#);
        check("sqs.DeleteQueue", 200, &[], "", "{}");
    }

    #[test]
    fn half_an_answer_is_none() {
        check("dynamodb.ListTables", 200, &[], r#"{"TableNames":["a""#, "malformed malformed None");
        check("s3.ListBuckets", 200, &[], "<ListAllMyBucketsResult><Buckets>", "malformed malformed None");
        check(
            "ec2.DescribeVpcs",
            200,
            &[],
            "<DescribeVpcsResponse><vpcSet><item>",
            "malformed malformed None",
        );
    }

    #[test]
    fn who_asks_to_be_left_alone_says_how_long() {
        let body = r#"{"__type":"ThrottlingException"}"#;
        check(
            "dynamodb.ListTables",
            400,
            &[("Retry-After", "3")],
            body,
            "throttled ThrottlingException Some(3s)",
        );
        check("dynamodb.ListTables", 503, &[("x-amz-retry-after", "1500")], "", "server 503 Some(1.5s)");
        check("dynamodb.ListTables", 503, &[("retry-after", "99999999")], "", "server 503 Some(600s)");
        check("dynamodb.ListTables", 503, &[("retry-after", "soon")], "", "server 503 None");
    }
}
