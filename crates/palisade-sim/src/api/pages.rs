//! Pages of answers: how long they are, and the opaque tokens between them.

use palisade_aws::{Operation, Service};
use serde_json::{Map, Value, json};

/// How many results a page has where the caller doesn't say, and at most.
fn sizes(service: &str, operation: &str) -> (usize, usize) {
    match (service, operation) {
        // Without a limit EC2, S3 and SQS answer everything at once, or nearly.
        ("ec2", _) => (usize::MAX, 1_000),
        ("s3", "ListBuckets") => (usize::MAX, 10_000),
        ("sqs", "ListQueues") => (1_000, 1_000),
        ("iam", _) => (100, 1_000),
        ("kms", "ListKeys") => (100, 1_000),
        ("kms", _) => (50, 100),
        ("lambda", "ListFunctions") => (50, 50),
        ("logs", "DescribeLogGroups") => (50, 50),
        ("sns", _) => (100, 100),
        ("rds", _) => (100, 100),
        ("dynamodb", "ListTables") => (100, 100),
        ("organizations", _) => (20, 20),
        ("account", "ListRegions") => (50, 50),
        ("secretsmanager", "ListSecrets") => (100, 100),
        ("cloudfront", _) => (100, 100),
        ("elbv2", _) => (400, 400),
        ("sso-admin" | "identitystore", _) => (100, 100),
        _ => (100, 1_000),
    }
}

/// Where a page begins and ends among all results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) first: usize,
    pub(crate) end: usize,
}

/// The token was not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

/// Which results are asked for.
pub(crate) fn page(
    service: &Service,
    operation: &Operation,
    asked: &Value,
    key: u64,
    count: usize,
) -> Result<Page, BadToken> {
    let Some(pages) = &operation.pages else { return Ok(Page { first: 0, end: count }) };
    let token = pages.input_tokens.first().and_then(|name| asked.get(name)).and_then(Value::as_str);
    let first = match token.filter(|token| !token.is_empty()) {
        Some(token) => read(token, key).ok_or(BadToken)?,
        None => 0,
    };
    let (usual, most) = sizes(&service.name, &operation.name);
    let limit = pages.limit.as_ref().and_then(|name| asked.get(name));
    let limit = limit.and_then(|limit| limit.as_u64().or_else(|| limit.as_str()?.parse().ok()));
    let size = limit.map_or(usual, |limit| (limit as usize).min(most)).max(1);
    Ok(Page { first: first.min(count), end: first.saturating_add(size).min(count) })
}

/// Says in an answer whether and how it goes on.
pub(crate) fn mark(operation: &Operation, answer: &mut Value, key: u64, page: Page, count: usize) {
    let Some(pages) = &operation.pages else { return };
    let goes_on = page.end < count;
    if let Some(more) = &pages.more {
        put(answer, more, json!(goes_on));
    }
    if !goes_on {
        return;
    }
    let token = token(page.end, key);
    for path in &pages.output_tokens {
        let path = path.split("||").next().unwrap_or_default().trim();
        if !path.contains('[') {
            put(answer, path, json!(token));
        }
    }
}

fn put(answer: &mut Value, path: &str, value: Value) {
    let mut at = answer;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[step];
    }
    *at = value;
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A token says where the next page begins, to nobody but us.
fn token(first: usize, key: u64) -> String {
    let bits = (first as u64) << 24 | seal(first as u64, key);
    let mut mixed = (bits ^ key.rotate_left(17)).rotate_left(29);
    let mut text = String::with_capacity(16);
    for _ in 0..13 {
        text.push(char::from(LETTERS[(mixed & 31) as usize]));
        mixed >>= 5;
    }
    text
}

fn read(token: &str, key: u64) -> Option<usize> {
    if token.len() != 13 {
        return None;
    }
    let mut mixed = 0_u64;
    for (place, byte) in token.bytes().enumerate() {
        let value = LETTERS.iter().position(|letter| *letter == byte)? as u64;
        mixed |= value.checked_shl(place as u32 * 5)?;
    }
    let bits = mixed.rotate_right(29) ^ key.rotate_left(17);
    let first = bits >> 24;
    (bits & 0xff_ffff == seal(first, key)).then_some(first as usize)
}

fn seal(first: u64, key: u64) -> u64 {
    (first ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_only_for_what_they_were_given_for() {
        for first in [0, 1, 50, 999, 123_456] {
            let text = token(first, 0xdead_beef_1234_5678);
            assert_eq!(read(&text, 0xdead_beef_1234_5678), Some(first));
            assert_eq!(read(&text, 7), None);
        }
        assert_eq!(read("next", 1), None);
    }
}
