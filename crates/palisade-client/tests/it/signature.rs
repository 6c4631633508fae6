//! The same request, keys and time make the same signature as botocore's.

use palisade_aws::{EndpointOptions, endpoint, models, request};
use palisade_client::{Credentials, Signer, signed};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

const SCRIPT: &str = include_str!("signature.py");

/// Calls whose paths, queries, headers and bodies are easy to sign wrongly.
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        ("sts.GetCallerIdentity", json!({})),
        ("ec2.DescribeVpcs", json!({"Filters": [{"Name": "tag:a b", "Values": ["é", "1+1=2", "~*'()"]}]})),
        ("iam.ListUsers", json!({"PathPrefix": "/a b/"})),
        ("dynamodb.ListTables", json!({"Limit": 1})),
        ("s3.ListBuckets", json!({})),
        ("s3.GetBucketPolicy", json!({"Bucket": "logs"})),
        ("s3.GetBucketPolicy", json!({"Bucket": "a.b"})),
        ("s3.ListObjectsV2", json!({"Bucket": "logs", "Prefix": "a b/é+%&=", "Delimiter": "/"})),
        ("s3.GetObject", json!({"Bucket": "logs", "Key": "a/../b//c d/é+%/."})),
        ("s3.DeleteObjects", json!({"Bucket": "logs", "Delete": {"Objects": [{"Key": "k"}]}})),
        ("s3.PutBucketPolicy", json!({"Bucket": "logs", "Policy": "{}"})),
        ("s3control.GetPublicAccessBlock", json!({"AccountId": "111122223333"})),
        ("lambda.GetPolicy", json!({"FunctionName": "arn:aws:lambda:eu-west-1:111122223333:function:a"})),
        ("lambda.ListFunctions", json!({"MaxItems": 10})),
        ("apigateway.GetRestApis", json!({})),
        ("eks.DescribeCluster", json!({"name": "a"})),
        ("sqs.ListQueues", json!({})),
        ("kms.ListKeys", json!({})),
        ("organizations.ListAccounts", json!({})),
        ("cloudfront.ListDistributions", json!({})),
        ("route53.ListHostedZones", json!({})),
        ("iot.GetPolicy", json!({"policyName": "a b/c"})),
    ]
}

/// Set by `cargo xtask test`: a Python that has botocore.
#[test]
fn signatures_are_those_of_botocore() {
    let Some(python) = std::env::var("PALISADE_PYTHON").ok().filter(|python| {
        Command::new(python)
            .args(["-c", "import botocore"])
            .output()
            .is_ok_and(|output| output.status.success())
    }) else {
        let _ =
            writeln!(std::io::stderr(), "\nSKIPPED: signatures against botocore; PALISADE_PYTHON has none");
        return;
    };
    let time = UNIX_EPOCH + Duration::from_secs(1_794_942_780);
    let mut asked = Vec::new();
    let mut ours = Vec::new();
    for (call, parameters) in calls() {
        for token in [None, Some("token/+=")] {
            let (service, operation) = call.split_once('.').unwrap();
            let service = models().service(service).unwrap();
            let operation = &service.operations[operation];
            let options = EndpointOptions { region: "eu-west-1".to_owned(), ..EndpointOptions::default() };
            let endpoint = endpoint(service, operation, &parameters, &options).unwrap();
            let request = request(service, operation, &parameters, &endpoint).unwrap();
            let signer = Signer::of(service, operation, &endpoint).unwrap().unwrap();
            asked.push(json!({
                "kind": if signer.is_encoded_twice { "v4" } else { "s3v4" },
                "service": signer.service,
                "region": signer.region,
                "token": token,
                "method": request.method,
                "url": request.url(),
                "headers": request.headers,
                "body": String::from_utf8_lossy(&request.body),
            }));
            let keys = Credentials::new(
                "AKIDEXAMPLE",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                token.map(str::to_owned),
                None,
                "test",
            );
            let signed = signed(request, &signer, &keys, time).unwrap();
            ours.push((call, signed.header("authorization").unwrap().to_owned()));
        }
    }
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(Value::from(asked).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    let told =
        |line: &str| line.replace("20261117", "").split(", ").map(str::trim).collect::<Vec<_>>().join("\n");
    for ((call, ours), theirs) in ours.iter().zip(&theirs) {
        assert_eq!(told(ours), told(theirs), "{call}");
    }
    assert_eq!(ours.len(), theirs.len());
}
