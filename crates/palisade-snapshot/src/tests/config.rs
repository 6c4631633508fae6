//! What AWS Config delivers, in the form of the APIs; what it does not say is open.

use super::*;

fn item(kind: &str, configuration: Value, supplementary: Value) -> Value {
    json!({
        "resourceType": kind, "resourceId": "one", "awsAccountId": "111122223333", "awsRegion": "eu-west-1",
        "ARN": "arn:aws:x:eu-west-1:111122223333:one", "configurationItemStatus": "OK",
        "configurationItemCaptureTime": TIME, "configuration": configuration,
        "supplementaryConfiguration": supplementary,
    })
}

fn read(items: Vec<Value>) -> ConfigRead {
    let text = json!({ "fileVersion": "1.0", "configurationItems": items }).to_string();
    read_config(&"snapshot.json".into(), &text)
}

/// The document of an item, in a line; `…` where a map may have more.
fn check(kind: &str, configuration: Value, supplementary: Value, expected: &str) {
    let read = read(vec![item(kind, configuration, supplementary)]);
    assert_eq!(read.diagnostics, []);
    assert_eq!(with_more(&read.resources[0].raw), expected);
}

fn with_more(node: &Node) -> String {
    match &node.value {
        ModelValue::Map(map) => {
            let entries = map.entries.iter().map(|(name, node)| format!("{name}: {}", with_more(node)));
            let entries: Vec<_> = entries.chain(map.more.iter().map(|_| "…".to_owned())).collect();
            format!("{{{}}}", entries.join(", "))
        }
        ModelValue::List(list) => {
            format!("[{}]", list.items.iter().map(with_more).collect::<Vec<_>>().join(", "))
        }
        _ => shown(node),
    }
}

#[test]
fn what_config_describes_gets_the_capitals_of_the_api_and_stays_open() {
    check(
        "AWS::EC2::Volume",
        json!({ "volumeId": "vol-1", "encrypted": false, "kmsKeyId": null, "attachments": [{ "instanceId": "i-1" }] }),
        json!({}),
        r#"{VolumeId: "vol-1", Encrypted: false, Attachments: [{InstanceId: "i-1", …}], …}"#,
    );
    check(
        "AWS::RDS::DBInstance",
        json!({ "dBInstanceIdentifier": "films", "publiclyAccessible": true }),
        json!({}),
        r#"{DBInstanceIdentifier: "films", PubliclyAccessible: true, …}"#,
    );
    check(
        "AWS::EC2::SecurityGroup",
        json!({ "ipPermissions": [{ "ipRanges": ["0.0.0.0/0"], "ipv4Ranges": [{ "cidrIp": "0.0.0.0/0" }] }] }),
        json!({}),
        r#"{IpPermissions: [{IpRanges: [{CidrIp: "0.0.0.0/0", …}], …}], …}"#,
    );
    check(
        "AWS::Lambda::Function",
        json!({ "functionName": "f", "environment": { "variables": { "stage": "prod" } } }),
        json!({ "Policy": "{}" }),
        r#"{FunctionName: "f", Environment: {Variables: {stage: "prod"}, …}, Policy: {Policy: "{}", …}, …}"#,
    );
}

#[test]
fn what_config_asks_further_lies_where_the_api_keeps_it() {
    check(
        "AWS::S3::Bucket",
        json!("{\"name\":\"films\"}"),
        json!({
            "PublicAccessBlockConfiguration": "{\"blockPublicAcls\":true}",
            "BucketPolicy": { "policyText": null },
            "BucketVersioningConfiguration": { "status": "Off" },
            "BucketLoggingConfiguration": { "destinationBucketName": "logs" },
            "ServerSideEncryptionConfiguration": { "rules": [{ "applyServerSideEncryptionByDefault": { "sseAlgorithm": "AES256" } }] },
        }),
        r#"{Name: "films", PublicAccessBlock: {PublicAccessBlockConfiguration: {BlockPublicAcls: true, …}, …}, Policy: {}, Encryption: {ServerSideEncryptionConfiguration: {Rules: [{ApplyServerSideEncryptionByDefault: {SSEAlgorithm: "AES256", …}, …}], …}, …}, Versioning: {}, Logging: {LoggingEnabled: {TargetBucket: "logs"}}, …}"#,
    );
    check(
        "AWS::KMS::Key",
        json!({ "keyManager": "CUSTOMER" }),
        json!({ "Policy": "{}", "KeyRotationStatus": true }),
        r#"{Description: {KeyMetadata: {KeyManager: "CUSTOMER", …}, …}, KeyId: "one", KeyArn: "arn:aws:x:eu-west-1:111122223333:one", KeyPolicy: {Policy: "{}", …}, Rotation: {KeyRotationEnabled: true, …}, …}"#,
    );
    check(
        "AWS::SQS::Queue",
        json!({ "QueueArn": "q", "Policy": "{}" }),
        Value::Null,
        r#"{Queue: {Attributes: {QueueArn: "q", Policy: "{}", …}, …}, …}"#,
    );
}

#[test]
fn a_form_that_nobody_compared_is_open_with_its_cause() {
    let read = read(vec![item("AWS::Glue::Job", json!({ "Name": "x" }), json!({}))]);
    let ModelValue::Map(map) = &read.resources[0].raw.value else { panic!("a map") };
    assert!(map.entries.is_empty());
    let why = map.more.as_ref().map(ToString::to_string);
    assert_eq!(
        why.as_deref(),
        Some("it could not be read: AWS Config's form of `AWS::Glue::Job` is not read")
    );
}

#[test]
fn of_a_history_the_last_word_counts_and_what_was_deleted_is_gone() {
    let mut earlier = item("AWS::EC2::Volume", json!({ "encrypted": false }), json!({}));
    let mut later = item("AWS::EC2::Volume", json!({ "encrypted": true }), json!({}));
    earlier["configurationItemCaptureTime"] = json!("2025-01-01T00:00:00Z");
    let found = read(vec![later.clone(), earlier.clone()]);
    assert_eq!(found.resources.len(), 1);
    assert_eq!(found.resources[0].raw.get("Encrypted").map(shown).as_deref(), Some("true"));
    assert_eq!(found.resources[0].address.name.as_ref(), "arn:aws:x:eu-west-1:111122223333:one");
    later["configurationItemStatus"] = json!("ResourceDeleted");
    let found = read(vec![earlier, later]);
    assert_eq!((found.resources.len(), found.accounts.len()), (0, 1));
}

#[test]
fn results_of_an_aggregator_are_texts_of_json() {
    let result = json!({
        "resourceType": "AWS::EC2::Volume", "resourceId": "vol-1", "accountId": "111122223333",
        "awsRegion": "eu-west-1", "configuration": { "encrypted": true },
    });
    let text = json!({ "Results": [result.to_string(), "nonsense", "{}"], "QueryInfo": {} }).to_string();
    let read = read_config(&"results.json".into(), &text);
    assert_eq!(names(&read.resources), ["111122223333/eu-west-1/vol-1"]);
    let said: Vec<_> = read.diagnostics.iter().map(|said| said.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "`results.json`: item 2: it is no JSON: expected ident at line 1 column 2",
            "`results.json`: item 3: it says no `resourceType`",
        ]
    );
}

#[test]
fn other_files_are_not_taken_for_it() {
    for (text, expected) in [
        ("{}", "`x.json` is nothing that AWS Config delivers"),
        ("{\"Results\": []}", "`x.json` is nothing that AWS Config delivers"),
        ("{", "`x.json` is no JSON: EOF while parsing an object at line 1 column 1"),
    ] {
        let read = read_config(&"x.json".into(), text);
        assert_eq!(read.diagnostics[0].message, expected);
    }
    let deep = read_config(&"x.json".into(), &"[".repeat(10_000));
    assert!(deep.diagnostics[0].message.contains("recursion limit"), "{:?}", deep.diagnostics);
}
