//! Writes CloudTrail records: who called what, where, from where, with what answer.

use super::scene::Scene;
use crate::clock::Moment;
use crate::random::Random;
use std::fmt::Write as _;

/// An operation of the API, with the shape of what it is asked and what it answers.
///
/// `$name` in a template stands for something of the scene; see [`Scene::fill`].
pub struct Api {
    /// The service, as `iam`.
    pub service: &'static str,
    /// The operation, as `CreateRole`.
    pub name: &'static str,
    /// Does it only read?
    pub is_read: bool,
    /// What it is asked.
    pub request: &'static str,
    /// What it answers, as far as CloudTrail shows it.
    pub response: &'static str,
}

/// An operation that reads: its answer is not shown.
pub const fn read(service: &'static str, name: &'static str, request: &'static str) -> Api {
    Api { service, name, is_read: true, request, response: "null" }
}

/// An operation that changes something.
pub const fn write(
    service: &'static str,
    name: &'static str,
    request: &'static str,
    response: &'static str,
) -> Api {
    Api { service, name, is_read: false, request, response }
}

/// Who calls: the identity, and what shows of where it calls from.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// The record's `userIdentity`.
    pub identity: String,
    /// The access key of its session, where it has one.
    pub key: String,
    /// The ARN that messages name it by.
    pub arn: String,
    /// The address, or the service that calls.
    pub source: String,
    /// The user agent.
    pub agent: String,
    /// Does it call over TLS of its own, and not from within AWS?
    pub is_direct: bool,
    /// Does it work in the console?
    pub is_console: bool,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// The caller may not.
    Denied,
    /// A policy of the organisation forbids it.
    Forbidden,
    /// There were too many calls.
    Throttled,
    /// What was asked for is not there: the error's code and message.
    Missing(&'static str, &'static str),
}

/// What a record says beside the call itself.
#[derive(Debug, Clone, Copy)]
pub struct Extra {
    /// The record's `eventType`.
    pub event_type: &'static str,
    /// Further fields, each with a comma before it.
    pub fields: &'static str,
}

/// What most records say.
pub const CALL: Extra = Extra { event_type: "AwsApiCall", fields: "" };

/// Appends a record and gives its event id.
pub fn record(
    out: &mut String,
    (time, who, api): (Moment, &Who, &Api),
    outcome: Outcome,
    extra: Extra,
    scene: &Scene<'_>,
    random: &mut Random,
) -> String {
    out.push_str("{\"eventVersion\":\"1.11\",\"userIdentity\":");
    out.push_str(&who.identity);
    out.push_str(",\"eventTime\":\"");
    time.push(out);
    for part in ["\",\"eventSource\":\"", source(api.service), "\",\"eventName\":\"", api.name] {
        out.push_str(part);
    }
    let region = scene.region_of(api.service);
    for part in [
        "\",\"awsRegion\":\"",
        region,
        "\",\"sourceIPAddress\":\"",
        &who.source,
        "\",\"userAgent\":\"",
        &who.agent,
        "\"",
    ] {
        out.push_str(part);
    }
    failure(out, who, api, outcome);
    out.push_str(",\"requestParameters\":");
    scene.fill(api.request, time, random, out);
    out.push_str(",\"responseElements\":");
    match outcome {
        Outcome::Done => scene.fill(api.response, time, random, out),
        _ => out.push_str("null"),
    }
    if !extra.fields.is_empty() {
        scene.fill(extra.fields, time, random, out);
    }
    out.push_str(",\"requestID\":\"");
    uuid(out, random);
    out.push_str("\",\"eventID\":\"");
    let begin = out.len();
    uuid(out, random);
    let id = out[begin..].to_owned();
    let read = if api.is_read { "true" } else { "false" };
    for part in [
        "\",\"readOnly\":",
        read,
        ",\"eventType\":\"",
        extra.event_type,
        "\",\"managementEvent\":true,\"recipientAccountId\":\"",
        &scene.place.id,
        "\",\"eventCategory\":\"Management\"",
    ] {
        out.push_str(part);
    }
    if who.is_direct && extra.event_type == "AwsApiCall" {
        let host = if is_global(api.service) { "" } else { region };
        let dot = if host.is_empty() { "" } else { "." };
        for part in [
            ",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"",
            api.service,
            dot,
            host,
            ".amazonaws.com\"}",
        ] {
            out.push_str(part);
        }
    }
    if who.is_console {
        out.push_str(",\"sessionCredentialFromConsole\":\"true\"");
    }
    out.push('}');
    id
}

fn failure(out: &mut String, who: &Who, api: &Api, outcome: Outcome) {
    let is_ec2 = api.service == "ec2";
    let code = match outcome {
        Outcome::Done => return,
        Outcome::Denied | Outcome::Forbidden if is_ec2 => "Client.UnauthorizedOperation",
        Outcome::Denied | Outcome::Forbidden => "AccessDenied",
        Outcome::Throttled if is_ec2 => "Client.RequestLimitExceeded",
        Outcome::Throttled => "ThrottlingException",
        Outcome::Missing(code, _) => code,
    };
    let _ = write!(out, ",\"errorCode\":\"{code}\",\"errorMessage\":\"");
    let action = api.name.trim_end_matches(|last: char| last.is_ascii_digit() || last == 'v');
    let begin = if is_ec2 { "You are not authorized to perform this operation. " } else { "" };
    let _ = match outcome {
        Outcome::Denied => write!(
            out,
            "{begin}User: {} is not authorized to perform: {}:{action} on resource: * because no identity-based policy allows the \
             {}:{action} action\"",
            who.arn, api.service, api.service
        ),
        Outcome::Forbidden => write!(
            out,
            "{begin}User: {} is not authorized to perform: {}:{action} on resource: * with an explicit deny in a service \
             control policy\"",
            who.arn, api.service
        ),
        Outcome::Missing(_, message) => write!(out, "{message}\""),
        Outcome::Done | Outcome::Throttled => write!(out, "Rate exceeded\""),
    };
}

/// The event source of a service.
fn source(service: &'static str) -> &'static str {
    macro_rules! sources {
        ($($name:literal)*) => { match service { $($name => concat!($name, ".amazonaws.com"),)* other => other } };
    }
    sources! {
        "iam" "sts" "ec2" "s3" "kms" "lambda" "rds" "logs" "ecs" "ecr" "sqs" "sns" "ssm" "sso" "signin" "health" "ce" "guardduty"
        "cloudtrail" "config" "secretsmanager" "autoscaling" "elasticloadbalancing" "organizations" "backup" "access-analyzer"
        "dynamodb" "events" "tagging" "cloudformation" "securityhub" "servicequotas" "acm" "route53" "cloudfront" "monitoring"
        "resource-explorer-2" "support" "notifications" "elasticfilesystem"
    }
}

/// Is a service's API the same in all regions?
pub fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "organizations" | "route53" | "cloudfront" | "ce" | "support")
}

/// Appends a random id.
pub fn uuid(out: &mut String, random: &mut Random) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (position, digits) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if position > 0 {
            out.push('-');
        }
        random.push(digits, HEX, out);
    }
}
