//! When Amazon S3 calls a bucket policy public (`s3-block`, "The meaning of public").

use crate::case::{list, statements, text};
use crate::condition::is_fixed;
use crate::principal::is_everyone;
use ipnet::IpNet;
use serde_json::Value;

/// The keys that make a statement for everyone not public, when they have fixed values.
const NARROWING: [&str; 18] = [
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:ec2instancesourcevpc",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Whether any statement lets everyone in: one is enough for the whole policy to be public.
pub(crate) fn is_public(policy: &Value) -> bool {
    statements(policy).iter().any(|statement| {
        text(&statement.json["Effect"]) == "Allow"
            && is_everyone(statement.json)
            && !is_narrowed(statement.json)
    })
}

fn is_narrowed(statement: &Value) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.filter_map(|(operator, keys)| Some((operator.to_ascii_lowercase(), keys.as_object()?))).any(
        |(operator, keys)| {
            keys.iter().any(|(key, values)| {
                let values: Vec<&str> = list(values).into_iter().map(text).collect();
                NARROWING.contains(&key.to_ascii_lowercase().as_str()) && narrows(&operator, key, &values)
            })
        },
    )
}

/// Fixed values for texts and ARNs; for addresses, ranges no wider than /8 (IPv4) and /32 (IPv6).
fn narrows(operator: &str, key: &str, values: &[&str]) -> bool {
    let positive =
        !operator.contains("not") && !operator.contains("ifexists") && !operator.starts_with("forallvalues");
    if !positive || operator.contains("null") || values.is_empty() {
        return false;
    }
    let is_address = key.to_ascii_lowercase().ends_with("sourceip");
    if is_address != operator.contains("ipaddress") {
        return false;
    }
    // Access points of one account are not everyone's, whatever they are called.
    let of_account = key.eq_ignore_ascii_case("s3:DataAccessPointArn");
    let fixed = |value: &str| match value.rsplit_once("accesspoint/") {
        Some((head, _)) if of_account => is_fixed(head),
        _ => is_fixed(value),
    };
    values.iter().all(|value| if is_address { is_narrow(value) } else { fixed(value) })
}

fn is_narrow(value: &str) -> bool {
    match value.parse::<IpNet>() {
        Ok(IpNet::V4(range)) => range.prefix_len() >= 8,
        Ok(IpNet::V6(range)) => range.prefix_len() >= 32,
        Err(_) => value.parse::<std::net::IpAddr>().is_ok(),
    }
}
