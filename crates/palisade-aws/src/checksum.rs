//! Checksums of bodies, where the service insists on one, and the tokens that make a repeated call one call.

use crate::models::Operation;
use crate::request::HttpRequest;
use crate::text::base64;
use flate2::Crc;
use md5::{Digest as _, Md5};
use serde_json::Value;

/// Adds what the service insists on: CRC32 where it lets one choose, MD5 where it does not.
pub(crate) fn add(operation: &Operation, parameters: &Value, request: &mut HttpRequest) {
    const OWN: &str = "x-amz-checksum-";
    let has_one = request.headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with(OWN) || name == "content-md5"
    });
    if !operation.needs_checksum || has_one {
        return;
    }
    let chosen =
        operation.checksum_member.as_deref().map(|member| parameters.get(member).and_then(Value::as_str));
    match chosen {
        // Others are the caller's to compute: the service says so when it is missing.
        Some(Some(algorithm)) if !algorithm.eq_ignore_ascii_case("CRC32") => {}
        Some(given) => {
            let mut crc = Crc::new();
            crc.update(&request.body);
            if given.is_none() {
                request.headers.push(("x-amz-sdk-checksum-algorithm".to_owned(), "CRC32".to_owned()));
            }
            request.headers.push((format!("{OWN}crc32"), base64(&crc.sum().to_be_bytes())));
        }
        None => request.headers.push(("Content-MD5".to_owned(), base64(&Md5::digest(&request.body)))),
    }
}

/// A token in the form of a UUID.
pub(crate) fn token(words: &str) -> String {
    let digest = Md5::digest(words.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EndpointOptions, endpoint, models, request, with_token};
    use serde_json::json;

    #[track_caller]
    fn check(call: &str, parameters: Value, expected: &[&str]) {
        let (service, operation) = call.split_once('.').unwrap();
        let service = models().service(service).unwrap();
        let operation = &service.operations[operation];
        let options = EndpointOptions { region: "eu-west-1".to_owned(), ..EndpointOptions::default() };
        let endpoint = endpoint(service, operation, &parameters, &options).unwrap();
        let request = request(service, operation, &parameters, &endpoint).unwrap();
        let headers =
            request.headers.iter().filter(|(name, _)| name.contains("checksum") || name.contains("MD5"));
        let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(headers, expected, "{call}");
    }

    #[test]
    fn where_a_service_insists_on_a_checksum_it_gets_one() {
        let objects = json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}});
        check(
            "s3.DeleteObjects",
            objects,
            &["x-amz-sdk-checksum-algorithm: CRC32", "x-amz-checksum-crc32: tCs18Q=="],
        );
        check("s3.ListBuckets", json!({}), &[]);
    }

    #[test]
    fn the_same_words_give_the_same_token() {
        let service = models().service("ec2").unwrap();
        let operation = &service.operations["CreateFleet"];
        let of =
            |given: Value, words: &str| with_token(service, operation, &given, words)["ClientToken"].clone();
        assert_eq!(of(json!({}), "a"), "0cc175b9-c0f1-46a8-81c3-99e269772661");
        assert_eq!(of(json!({}), "a"), of(json!({}), "a"));
        assert_ne!(of(json!({}), "a"), of(json!({}), "b"));
        assert_eq!(of(json!({"ClientToken": "mine"}), "a"), "mine");
    }
}
