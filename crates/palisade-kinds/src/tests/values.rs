//! What a source's value becomes, and what absence means.

use super::*;

/// A Terraform argument `x`, taken for `is`.
fn coerced(is: &str, value: serde_json::Value, expected: &str) {
    let kinds = kind(&format!("x: {{ is: {is}, terraform: aws_thing.x, absent: none }}"));
    check(&kinds, vec![terraform("aws_thing.a", json!({ "x": value }))], "x", expected);
}

#[test]
fn texts_and_scalars_are_taken_for_each_other_where_their_source_mixes_them() {
    coerced("bool", json!(true), "true");
    coerced("bool", json!("true"), "true");
    coerced("bool", json!("False"), "false");
    coerced("bool", json!("1"), "true");
    coerced("bool", json!("0"), "false");
    coerced("bool", json!("yes"), "? it could not be read: `yes` stands where true or false is expected");
    coerced("bool", json!(1), "? it could not be read: `1` stands where true or false is expected");
    coerced("number", json!(14), "14");
    coerced("number", json!("14"), "14");
    coerced("number", json!("many"), "? it could not be read: `many` stands where a number is expected");
    coerced("text", json!("a"), "\"a\"");
    coerced("text", json!(111122223333u64), "\"111122223333\"");
    coerced("text", json!(true), "\"true\"");
    coerced("text", json!(["a"]), "? it could not be read: a list stands where a text is expected");
    coerced("list of text", json!(["a", 1, null]), "[\"a\", \"1\"]");
    coerced("list of text", json!("a"), "[\"a\"]");
    coerced(
        "list of bool",
        json!(["true", "x"]),
        "[true, ? it could not be read: `x` stands where true or false is expected]",
    );
    coerced("map of text", json!({ "a": 1, "b": null }), "{a: \"1\"}");
    coerced("json", json!("{\"a\": [1]}"), "{a: [1]}");
    coerced("json", json!({ "a": { "?": "var.x" } }), "{a: ? `var.x` has no value}");
    coerced("base64", json!("IyEvYmluL3NoCg=="), "\"#!/bin/sh\\n\"");
    coerced("base64", json!("#!/bin/sh"), "\"#!/bin/sh\"");
    coerced("base64", json!("echo"), "\"echo\"");
}

#[test]
fn a_list_of_records_may_be_a_text() {
    let each = "each: { a: { is: number, terraform: a, absent: none } }";
    let kinds = kind(&format!("x: {{ is: list of record, terraform: aws_thing.x, absent: none, {each} }}"));
    for (text, expected) in [
        ("[{\"a\": 1}, {}]", "[{a: 1}, {}]"),
        ("\n{\"a\": 1}", "[{a: 1}]"),
        ("[]", "[]"),
        ("[{", "[… it could not be read: it is not JSON: the text ends within a map]"),
    ] {
        check(&kinds, vec![terraform("aws_thing.a", json!({ "x": text }))], "x", expected);
    }
}

#[test]
fn null_and_an_empty_name_are_absent() {
    coerced("text", json!(null), "none");
    coerced("text", json!(""), "\"\"");
    coerced("arn", json!(""), "none");
    coerced("list of text", json!(null), "none");
    coerced("list of text", json!([]), "[]");
}

#[test]
fn an_unknown_value_keeps_why_and_what_it_refers_to() {
    coerced("bool", json!({ "?": "var.x" }), "? `var.x` has no value");
    coerced("list of text", json!({ "?": "var.x" }), "? `var.x` has no value");
    coerced("list of text", json!(["a", { "?": "var.x" }]), "[\"a\", … `var.x` has no value]");
    coerced("list of text", json!({ "?list": ["a"] }), "[\"a\", … `var.more` has no value]");
    let kinds = kind("x: { is: arn of AWS::KMS::Key, terraform: aws_thing.x, absent: none }");
    let thing = terraform("aws_thing.a", json!({ "x": { "->": "aws_kms_key.k.arn" } }));
    let resolved = resolve(vec![thing], &kinds);
    let Some(Attribute::Unknown(unknown, _)) = resolved[0].attributes.get("x") else {
        panic!("it is known only later");
    };
    assert!(unknown.hint.is_present);
    assert_eq!(unknown.hint.refers_to[0].address.as_ref(), "aws_kms_key.k");
}

#[test]
fn tags_are_a_map_however_they_are_written() {
    coerced("tags", json!({ "a": "b" }), "{a: \"b\"}");
    coerced(
        "tags",
        json!([{ "Key": "a", "Value": "b" }, { "Key": "c", "Value": { "?": "var.c" } }]),
        "{a: \"b\", c: ? `var.c` has no value}",
    );
    coerced("tags", json!([{ "Key": { "?": "var.k" }, "Value": "b" }]), "{… `var.k` has no value}");
    coerced("tags", json!([{ "Value": "b" }]), "{… it could not be read: a tag has no `Key` that is a text}");
    coerced("tags", json!("a"), "? it could not be read: `a` stands where tags is expected");
}

#[test]
fn protocols_have_one_name_each() {
    for (written, expected) in
        [("6", "tcp"), ("TCP", "tcp"), ("17", "udp"), ("all", "-1"), ("-1", "-1"), ("50", "50")]
    {
        coerced("protocol", json!(written), &format!("\"{expected}\""));
    }
    coerced("protocol", json!(58), "\"icmpv6\"");
}

#[test]
fn a_policy_has_one_form() {
    let short = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Principal": "*", "Action": "S3:GetObject", "Resource": "*",
            "Condition": { "Bool": { "aws:SecureTransport": false } } },
    });
    let expected = "{Version: \"2012-10-17\", Statement: [{Effect: \"Allow\", Principal: {AWS: [\"*\"]}, \
        Action: [\"s3:getobject\"], Resource: [\"*\"], Condition: {Bool: {aws:securetransport: [\"false\"]}}}]}";
    coerced("policy", short.clone(), expected);
    coerced("policy", json!(short.to_string()), expected);
    let long = json!({ "Statement": [{ "Principal": { "AWS": 111122223333u64, "Service": ["a", "b"] }, "NotAction": ["iam:*"], "Sid": null }] });
    coerced(
        "policy",
        long,
        "{Statement: [{Principal: {AWS: [\"111122223333\"], Service: [\"a\", \"b\"]}, NotAction: [\"iam:*\"]}]}",
    );
    coerced("policy", json!("%7B%22Statement%22%3A%5B%5D%7D"), "{Statement: []}");
    coerced("policy", json!(r#"{\"Statement\":[]}"#), "{Statement: []}");
    let alone = json!({ "Effect": "Allow", "Action": "A:B" });
    coerced("policy", alone, r#"{Statement: [{Effect: "Allow", Action: ["a:b"]}]}"#);
}

#[test]
fn everyone_is_found_however_a_policy_writes_it() {
    for (principal, expected) in [
        (json!(["*"]), "{AWS: [\"*\"]}"),
        (json!({ "*": "*" }), "{AWS: [\"*\"]}"),
        (json!({ "*": ["*"], "AWS": "111122223333" }), "{AWS: [\"*\", \"111122223333\"]}"),
        (json!({ "*": "*", "AWS": { "?": "var.a" } }), "{AWS: [\"*\", … `var.a` has no value]}"),
    ] {
        let document = json!({ "Statement": [{ "Principal": principal }] });
        coerced("policy", document, &format!("{{Statement: [{{Principal: {expected}}}]}}"));
    }
}

#[test]
fn what_is_unknown_in_a_policy_stays_where_it_is() {
    coerced(
        "policy",
        json!({ "Statement": [{ "Effect": "Allow", "Action": { "?": "var.a" }, "Resource": { "->": "aws_s3_bucket.b.arn" } }, { "?": "var.s" }] }),
        "{Statement: [{Effect: \"Allow\", Action: ? `var.a` has no value, Resource: [? `aws_s3_bucket.b.arn` is known only after apply]}, ? `var.s` has no value]}",
    );
    coerced("policy", json!({ "Statement": { "?": "var.s" } }), "{Statement: ? `var.s` has no value}");
    coerced("policy", json!({ "?": "var.p" }), "? `var.p` has no value");
}

#[test]
fn a_policy_that_is_none_says_so() {
    coerced("policy", json!("{"), "? it could not be read: it is not JSON: the text ends within a map");
    coerced(
        "policy",
        json!([]),
        "? it could not be read: it is not a policy: a map with `Statement` is expected",
    );
    coerced(
        "policy",
        json!(7),
        "? it could not be read: it is not a policy: a map with `Statement` is expected",
    );
    coerced("policy", json!({ "Statement": 7 }), "{Statement: [7]}");
}

fn events(selectors: serde_json::Value, expected: &str) {
    let kinds = shipped();
    let trail = terraform("aws_cloudtrail.a", selectors);
    check(&kinds, vec![trail], "management_events", expected);
}

#[test]
fn a_trail_says_in_one_word_what_it_records() {
    events(json!({}), "default \"all\"");
    events(json!({ "event_selector": [{ "read_write_type": "WriteOnly" }] }), "\"write\"");
    events(
        json!({ "event_selector": [{ "read_write_type": "WriteOnly" }, { "read_write_type": "ReadOnly" }] }),
        "\"all\"",
    );
    events(json!({ "event_selector": [{ "include_management_events": false }] }), "\"none\"");
    events(
        json!({ "event_selector": [{ "include_management_events": { "?": "var.i" } }] }),
        "? `var.i` has no value",
    );
    let advanced =
        |fields: serde_json::Value| json!({ "advanced_event_selector": [{ "field_selector": fields }] });
    let management = json!({ "field": "eventCategory", "equals": ["Management"] });
    events(advanced(json!([management])), "\"all\"");
    events(advanced(json!([management, { "field": "readOnly", "equals": ["false"] }])), "\"write\"");
    events(advanced(json!([{ "field": "eventCategory", "equals": ["Data"] }])), "\"none\"");
    events(
        advanced(json!([management, { "field": "readOnly", "equals": { "?": "var.r" } }])),
        "? `var.r` has no value",
    );
    events(
        advanced(json!([{ "field": "eventCategory", "equals": [{ "?": "var.c" }] }])),
        "? `var.c` has no value",
    );
}

#[test]
fn absence_means_what_the_page_says_for_the_source() {
    let kinds = shipped();
    let bucket = |properties| vec![template("B", "AWS::S3::Bucket", properties)];
    check(&kinds, bucket(json!({})), "sse_algorithm", "default \"AES256\"");
    check(
        &kinds,
        bucket(json!({})),
        "block_public_acls",
        "? the day the bucket was made (from April 2023 on this is on) decides",
    );
    check(
        &kinds,
        bucket(json!({ "PublicAccessBlockConfiguration": {} })),
        "block_public_acls",
        "default false",
    );
    check(
        &kinds,
        bucket(json!({ "PublicAccessBlockConfiguration": { "?": "Block" } })),
        "block_public_acls",
        "? `Block` has no value",
    );
    check(
        &kinds,
        bucket(json!({ "PublicAccessBlockConfiguration": { "BlockPublicAcls": "true" } })),
        "block_public_acls",
        "true",
    );
    check(&kinds, bucket(json!({ "AccessControl": "PublicRead" })), "acl", "\"public-read\"");
    check(
        &kinds,
        bucket(json!({ "VersioningConfiguration": { "Status": "Enabled" } })),
        "versioning",
        "\"Enabled\"",
    );
    let database = |arguments| vec![terraform("aws_db_instance.a", arguments)];
    check(&kinds, database(json!({})), "storage_encrypted", "default false");
    check(
        &kinds,
        database(json!({ "snapshot_identifier": "s" })),
        "storage_encrypted",
        "? the snapshot decides",
    );
    check(
        &kinds,
        database(json!({ "snapshot_identifier": { "?": "var.s" } })),
        "storage_encrypted",
        "? `var.s` has no value",
    );
    check(&kinds, database(json!({ "snapshot_identifier": null })), "storage_encrypted", "default false");
    // As a dynamic block without items comes out.
    let copied = |blocks| database(json!({ "restore_to_point_in_time": blocks }));
    check(&kinds, copied(json!([{}])), "storage_encrypted", "? the instance it copies decides");
    check(&kinds, copied(json!([])), "storage_encrypted", "default false");
    check(&kinds, copied(json!({ "?list": [] })), "storage_encrypted", "? `var.more` has no value");
    check(&kinds, database(json!({})), "publicly_accessible", "default false");
    check(
        &kinds,
        vec![template("D", "AWS::RDS::DBInstance", json!({}))],
        "publicly_accessible",
        "? the subnet group decides",
    );
    check(&kinds, vec![terraform("aws_sqs_queue.q", json!({}))], "sqs_managed_sse_enabled", "default true");
    check(
        &kinds,
        vec![terraform("aws_sqs_queue.q", json!({ "kms_master_key_id": "alias/k" }))],
        "sqs_managed_sse_enabled",
        "default false",
    );
    check(&kinds, vec![terraform("aws_default_security_group.d", json!({}))], "name", "default \"default\"");
    check(
        &kinds,
        vec![terraform("aws_instance.i", json!({}))],
        "http_tokens",
        "? the image, the account's metadata defaults or a launch template decides",
    );
    check(
        &kinds,
        vec![terraform("aws_instance.i", json!({ "metadata_options": [{}] }))],
        "http_endpoint",
        "default \"enabled\"",
    );
    check(
        &kinds,
        vec![terraform("aws_instance.i", json!({ "metadata_options": { "http_tokens": "required" } }))],
        "http_tokens",
        "\"required\"",
    );
}

#[test]
fn a_source_that_has_no_way_to_say_it_leaves_it_unknown() {
    let kinds = kind("x: { is: text, terraform: aws_thing.x, absent: none }");
    check(
        &kinds,
        vec![template("T", "AWS::EC2::Thing", json!({}))],
        "x",
        "? something that a CloudFormation template can't say decides",
    );
    check(
        &kinds,
        vec![live("AWS::EC2::Thing", json!({}))],
        "x",
        "? something that the API's answer can't say decides",
    );
}

#[test]
fn presence_is_a_value() {
    let kinds = kind("x: { is: bool, live: A.B is present, absent: none }");
    for (document, expected) in [
        (json!({ "A": { "B": "c" } }), "true"),
        (json!({ "A": {} }), "false"),
        (json!({ "A": { "B": null } }), "false"),
        (json!({ "A": { "B": [] } }), "false"),
        (json!({ "A": { "B": [{}] } }), "true"),
        (json!({ "A": { "B": { "?list": [] } } }), "? `var.more` has no value"),
        (json!({ "A": { "B": { "?": "x" } } }), "? `x` has no value"),
        (json!({ "A": { "B": { "->": "y.z" } } }), "true"),
    ] {
        check(&kinds, vec![live("AWS::EC2::Thing", document)], "x", expected);
    }
}

#[test]
fn a_rule_of_a_security_group_reads_the_same_in_every_source() {
    let kinds = shipped();
    let rule = "[{protocol: \"tcp\", from_port: 22, to_port: 22, cidrs: [\"0.0.0.0/0\", \"::/0\"], prefix_lists: [], security_groups: []";
    let inline = json!({ "ingress": [{ "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"], "self": null }] });
    check(&kinds, vec![terraform("aws_security_group.g", inline)], "ingress", &format!("{rule}}}]"));
    let properties = json!({ "SecurityGroupIngress": [{ "IpProtocol": 6, "FromPort": "22", "ToPort": 22, "CidrIp": "0.0.0.0/0", "CidrIpv6": "::/0" }] });
    check(
        &kinds,
        vec![template("G", "AWS::EC2::SecurityGroup", properties)],
        "ingress",
        &format!("{rule}}}]"),
    );
    let answer = json!({ "IpPermissions": [{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }], "Ipv6Ranges": [{ "CidrIpv6": "::/0" }], "UserIdGroupPairs": [], "PrefixListIds": [] }] });
    check(&kinds, vec![live("AWS::EC2::SecurityGroup", answer)], "ingress", &format!("{rule}}}]"));
}

fn ports(rule: serde_json::Value, expected: &str) {
    let kinds = shipped();
    let resolved = resolve(vec![terraform("aws_security_group.g", json!({ "ingress": [rule] }))], &kinds);
    let said = attribute(&resolved[0], "ingress");
    assert!(said.starts_with(&format!("[{{{expected}, cidrs")), "{said}");
}

#[test]
fn a_protocol_without_ports_has_all_of_them() {
    ports(
        json!({ "protocol": "-1", "from_port": 0, "to_port": 0 }),
        "protocol: \"-1\", from_port: 0, to_port: 65535",
    );
    ports(json!({ "protocol": "50" }), "protocol: \"50\", from_port: 0, to_port: 65535");
    ports(
        json!({ "protocol": "icmp", "from_port": 8, "to_port": 0 }),
        "protocol: \"icmp\", from_port: 8, to_port: 0",
    );
    ports(
        json!({ "protocol": { "?": "var.p" }, "from_port": 22, "to_port": 22 }),
        "protocol: ? `var.p` has no value, from_port: ? `var.p` has no value, to_port: ? `var.p` has no value",
    );
}

#[test]
fn a_group_that_says_nothing_of_egress_lets_all_out_only_in_cloudformation() {
    let kinds = shipped();
    check(&kinds, vec![terraform("aws_security_group.g", json!({}))], "egress", "default []");
    check(
        &kinds,
        vec![template("G", "AWS::EC2::SecurityGroup", json!({}))],
        "egress",
        "default [{protocol: \"-1\", from_port: 0, to_port: 65535, cidrs: [\"0.0.0.0/0\", \"::/0\"], prefix_lists: [], security_groups: []}]",
    );
}

/// A resource whose policy says who may call it.
fn callable() -> Kinds {
    kind(
        "permissions:
  is: list of record
  live: Policy.Policy.Statement[]
  absent: empty
  each:
    principal: { is: text, live: [Principal.Service, Principal.AWS, Principal], absent: unknown }
    source: { is: text, live: Condition.ArnLike.AWS:SourceArn, absent: none }",
    )
}

#[test]
fn a_step_into_a_text_reads_it_as_json() {
    let kinds = shipped();
    let policy = r#"{"Statement": [{"Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}}]}"#;
    check(
        &callable(),
        vec![live("AWS::EC2::Thing", json!({ "Policy": { "Policy": policy } }))],
        "permissions",
        "[{principal: \"s3.amazonaws.com\", source: \"arn:aws:s3:::b\"}]",
    );
    check(
        &kinds,
        vec![terraform(
            "aws_sqs_queue.q",
            json!({ "redrive_policy": "{\"deadLetterTargetArn\": \"arn:q\"}" }),
        )],
        "dead_letter_target",
        "\"arn:q\"",
    );
    check(
        &kinds,
        vec![terraform(
            "aws_sqs_queue.q",
            json!({ "redrive_policy": { "deadLetterTargetArn": { "->": "aws_sqs_queue.d.arn" } } }),
        )],
        "dead_letter_target",
        "? `aws_sqs_queue.d.arn` is known only after apply",
    );
}

#[test]
fn the_arn_of_a_live_resource_is_known() {
    let kinds = shipped();
    let resolved = resolve(vec![live("AWS::EC2::Volume", json!({}))], &kinds);
    assert_eq!(
        resolved[0].arn.as_ref().map(ToString::to_string).as_deref(),
        Some("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1")
    );
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let resolved = resolve(vec![terraform("aws_kms_key.k", json!({ "arn": key }))], &kinds);
    assert_eq!(resolved[0].arn.as_ref().map(ToString::to_string).as_deref(), Some(key));
}

#[test]
fn absence_without_a_meaning_is_unknown() {
    let kinds = kind("x: { is: bool, live: X, terraform: aws_thing.x, absent: { terraform: false } }");
    check(
        &kinds,
        vec![live("AWS::EC2::Thing", json!({}))],
        "x",
        "? something outside of the API's answer decides",
    );
    check(&kinds, vec![terraform("aws_thing.a", json!({}))], "x", "default false");
}

#[test]
fn everyone_may_be_a_principal_of_a_function() {
    let policy = r#"{"Statement": [{"Principal": "*", "Action": "lambda:InvokeFunction"}, {"Principal": {"AWS": "*"}, "Action": "a"}]}"#;
    check(
        &callable(),
        vec![live("AWS::EC2::Thing", json!({ "Policy": { "Policy": policy } }))],
        "permissions",
        "[{principal: \"*\"}, {principal: \"*\"}]",
    );
}

#[test]
fn a_name_is_the_end_of_an_arn() {
    coerced("name", json!("/aws/lambda/f"), "\"/aws/lambda/f\"");
    coerced("name", json!("arn:aws:sns:eu-west-1:111122223333:alarms"), "\"alarms\"");
    coerced("name", json!("https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"), "\"jobs\"");
}

#[test]
fn an_instance_of_a_cluster_leaves_to_the_cluster_what_the_cluster_decides() {
    let kinds = shipped();
    let instance = || vec![terraform("aws_rds_cluster_instance.a", json!({ "cluster_identifier": "c" }))];
    check(&kinds, instance(), "storage_encrypted", "? the cluster decides");
    check(&kinds, instance(), "publicly_accessible", "default false");
    check(&kinds, instance(), "cluster", "\"c\"");
}

#[test]
fn a_list_of_keys_and_values_is_entered_by_a_key() {
    let keyed = |value: serde_json::Value, expected: &str| {
        let kinds = kind("x: { is: bool, cloudformation: \"Attributes[a.b]\", absent: false }");
        check(
            &kinds,
            vec![template("Thing", "AWS::EC2::Thing", json!({ "Attributes": value }))],
            "x",
            expected,
        );
    };
    keyed(json!([{ "Key": "c", "Value": "false" }, { "Key": "a.b", "Value": "true" }]), "true");
    keyed(json!([{ "Key": "c", "Value": "true" }]), "default false");
    keyed(json!([{ "Key": "a.b" }]), "default false");
    keyed(json!({ "a.b": "true" }), "default false");
    keyed(json!([{ "Key": "a.b", "Value": { "?": "Flag" } }]), "? `Flag` has no value");
    keyed(json!([{ "Key": { "?": "Name" }, "Value": "true" }]), "? `Name` has no value");
    keyed(json!([{ "Key": { "?": "Name" }, "Value": "true" }, { "Key": "a.b", "Value": "true" }]), "true");
    keyed(json!([{ "?": "Item" }]), "? `Item` has no value");
    keyed(json!({ "?": "All" }), "? `All` has no value");
}
