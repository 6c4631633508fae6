//! Any bytes as the answer to calls of each protocol: XML, JSON and CBOR, good and bad statuses, and what follows of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_aws::{CallFailure, Pager, Protocol, models, response_in};
use serde_json::json;

/// Calls whose answers nest, repeat, and stand in headers: by protocol, service and operation.
const CALLS: [(Protocol, &str, &str); 12] = [
    (Protocol::Ec2, "ec2", "DescribeInstances"),
    (Protocol::Ec2, "ec2", "DescribeSecurityGroups"),
    (Protocol::Query, "iam", "GetAccountAuthorizationDetails"),
    (Protocol::Query, "sns", "GetTopicAttributes"),
    (Protocol::RestXml, "s3", "GetBucketNotificationConfiguration"),
    (Protocol::RestXml, "s3", "GetBucketLocation"),
    (Protocol::RestXml, "cloudfront", "ListDistributions"),
    (Protocol::RestJson, "lambda", "GetFunction"),
    (Protocol::RestJson, "apigateway", "GetRestApis"),
    (Protocol::Json, "dynamodb", "Scan"),
    (Protocol::RpcV2Cbor, "cloudwatch", "GetMetricData"),
    (Protocol::RpcV2Cbor, "cloudwatch", "DescribeAlarms"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    let (protocol, service, operation) = CALLS[usize::from(*first) % CALLS.len()];
    let Some(service) = models().service(service) else { return };
    let Some(operation) = service.operations.get(operation) else { return };
    let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let headers = [
        ("x-amzn-errortype".to_owned(), text.clone()),
        ("x-amzn-query-error".to_owned(), text.clone()),
        ("last-modified".to_owned(), text),
    ];
    for status in [200, 400, 503] {
        match response_in(protocol, service, operation, status, &headers, body) {
            Ok(answer) => {
                let mut pager = Pager::new(operation, &json!({}));
                let more = pager.answered(&answer);
                assert!(pager.answered(&answer).is_err() || !matches!(more, Ok(true)), "pages without end");
            }
            Err(failure) => drop(CallFailure::from(failure).way().map(|(call, of)| format!("{call} {of}"))),
        }
    }
});
