//! Any text as a policy document, wherever a kind expects one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_model::Value;

const HOLDERS: [(&str, &str); 6] = [
    ("aws_sqs_queue", "policy"),
    ("aws_sns_topic", "policy"),
    ("aws_s3_bucket", "policy"),
    ("aws_kms_key", "policy"),
    ("aws_iam_policy", "policy"),
    ("aws_iam_role", "assume_role_policy"),
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let holder = |(kind, argument)| palisade_fuzz::terraform(kind, [(argument, Value::text(text))]);
    palisade_fuzz::resolved(HOLDERS.into_iter().map(holder).collect());
});
