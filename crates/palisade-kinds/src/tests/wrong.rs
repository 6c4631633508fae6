//! Wrong pages say where and what instead; wrong documents become unknown, never a crash.

use super::*;

/// The diagnostics of a page's attributes, which begin in line 3.
fn refused(attributes: &str, expected: &[&str]) {
    let (_, diagnostics) = read_page("kind.md", &page(attributes));
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said, expected);
}

#[test]
fn a_wrong_page_says_where_and_what_instead() {
    refused(
        "x: { is: text, live: X, absnt: none }",
        &[
            "kind.md:3:25: `absnt` is not a field of an attribute (did you mean `absent`?)",
            "kind.md:3:4: `x` does not say what absence means (add `absent:` with `none`, `empty`, `unknown` or a default)",
        ],
    );
    refused(
        "x:\n  is: boole\n  absent: none",
        &["kind.md:4:7: `boole` is not a type of value (did you mean `bool`?)"],
    );
    refused(
        "x: { live: X, absent: none }",
        &["kind.md:3:4: `x` does not say what it is (add `is: text`, or another type)"],
    );
    refused(
        "x: { is: text, terraform: encrypted, absent: none }",
        &["kind.md:3:27: `encrypted` is not a Terraform type: `type.argument` is expected"],
    );
    refused(
        "x: { is: text, live: X, absent: { terrafrom: none } }",
        &["kind.md:3:35: `terrafrom` is neither a source nor a path (did you mean `terraform`?)"],
    );
    refused("x: { is: bool, live: X, absent: maybe }", &["kind.md:3:33: this is not a bool"]);
    refused(
        "x: { is: text, live: X, absent: empty }",
        &["kind.md:3:33: a text can't be empty (say `none`, or give a value)"],
    );
    refused(
        "x: { is: text, live: A + B, absent: none }",
        &[
            "kind.md:3:4: `x` joins several paths with `+` but is no list (give alternatives as a YAML list: the first that is there counts)",
        ],
    );
    refused(
        "x: { is: text, live: X, or: { live: Y }, absent: { outsid: none } }",
        &[
            "kind.md:3:29: `x` has `or` but is no bool of the resource itself",
            "kind.md:3:52: `outsid` is neither a source nor a path (did you mean `outside`?)",
        ],
    );
    refused(
        "x: { is: bool, live: X, or: { lives: Y }, absent: none }",
        &["kind.md:3:31: `lives` is not a field of `or` (did you mean `live`?)"],
    );
    refused(
        "x: { is: list of record, live: X, absent: empty }",
        &["kind.md:3:4: `x` is a record but doesn't say its fields (add `each:` with a rule for each field)"],
    );
    refused(
        "x: { is: text, terraform: aws_a.x, absent: { aws_b.y: none, terraform: none } }",
        &["kind.md:3:4: `aws_b` is no type of this kind, nor joined here (did you mean `aws_a`?)"],
    );
    refused(
        "X: { is: text, live: X, absent: none }",
        &["kind.md:3:1: `X` is not a name for an attribute (lower-case words joined by `_` are expected)"],
    );
    refused("[a]", &["kind.md:3:1: the attributes must be a map of names and values"]);
    refused("x: [a]", &["kind.md:3:4: `x` must be a map of names and values"]);
    refused("", &["kind.md:3:1: the block is empty"]);
    refused(
        "x: { is: list of arn of Volume, live: X, absent: empty }",
        &[
            "kind.md:3:10: `Volume` is not a resource type: CloudFormation's name is expected, like `AWS::S3::Bucket` (one of `bool`, `number`, `text`, `name`, `arn`, `id`, `base64`, `json`, `policy`, `tags`, `protocol`, `first port`, `last port`, `management events`, `record`, `list of text` is expected)",
        ],
    );
}

#[test]
fn a_wrong_call_says_what_is_expected() {
    let page = |collect: &str| {
        format!(
            "type: AWS::EC2::Thing\n```attributes\nx: {{ is: text, live: X, absent: none }}\n```\n```collect\n{collect}\n```\n"
        )
    };
    for (collect, expected) in [
        (
            "- call: DescribeVolumes\n  in: every region\n  each: V\n  id: I",
            "kind.md:6:9: `DescribeVolumes` is not a call: `service.Operation` is expected",
        ),
        (
            "- call: ec2.DescribeVolumes\n  in: every regio\n  each: V\n  id: I",
            "kind.md:7:7: `every regio` is no place to call (did you mean `every region`?)",
        ),
        (
            "- call: ec2.DescribeVolumes\n  each: V\n  id: I",
            "kind.md:6:3: the first call lists the resources, so it needs `in`, `each` and `id`",
        ),
        ("call: ec2.DescribeVolumes", "kind.md:6:1: `collect` must be a list of calls"),
    ] {
        let (kind, diagnostics) = read_page("kind.md", &page(collect));
        assert!(kind.is_some());
        assert_eq!(diagnostics[0].to_string(), expected);
    }
}

#[test]
fn two_kinds_cannot_claim_one_type() {
    let read = |kind: &str| {
        let page = format!(
            "type: {kind}\n```attributes\nx: {{ is: text, terraform: aws_thing.x, absent: none }}\n```\n"
        );
        read_page("kind.md", &page).0.expect("a kind")
    };
    let (kinds, diagnostics) = Kinds::new(vec![read("AWS::A::B"), read("AWS::A::C"), read("AWS::A::B")]);
    let said: Vec<&str> = diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(said, ["`aws_thing` is of this kind and of `AWS::A::B`", "`AWS::A::B` is described twice"]);
    assert_eq!(
        kinds.of_source_type(Source::Terraform, "aws_thing").map(|kind| kind.kind.as_str()),
        Some("AWS::A::B")
    );
}

#[test]
fn documents_of_a_wrong_shape_become_unknown() {
    let kinds = shipped();
    let group =
        |ingress: serde_json::Value| vec![terraform("aws_security_group.g", json!({ "ingress": ingress }))];
    check(
        &kinds,
        group(json!("tcp")),
        "ingress",
        "[? it could not be read: `tcp` stands where a record is expected]",
    );
    check(&kinds, group(json!({})), "description", "default \"Managed by Terraform\"");
    let bucket = |block: serde_json::Value| {
        vec![template("B", "AWS::S3::Bucket", json!({ "PublicAccessBlockConfiguration": block }))]
    };
    check(
        &kinds,
        bucket(json!(7)),
        "block_public_acls",
        "? it could not be read: a map with `BlockPublicAcls` is expected",
    );
    check(&kinds, bucket(json!({ "?list": [{}] })), "block_public_acls", "? `var.more` has no value");
    check(
        &kinds,
        bucket(json!([{}, {}])),
        "block_public_acls",
        "? it could not be read: several stand where one with `BlockPublicAcls` is expected",
    );
    check(
        &kinds,
        bucket(json!("{x")),
        "block_public_acls",
        "? it could not be read: it is not JSON: a name in double quotes is expected here",
    );
    check(
        &kinds,
        vec![raw(Source::Terraform, "aws_ebs_volume", "aws_ebs_volume.a", json!(null))],
        "encrypted",
        "? the account's default encryption decides",
    );
    check(
        &kinds,
        vec![raw(Source::Terraform, "aws_ebs_volume", "aws_ebs_volume.a", json!({ "?": "all" }))],
        "size",
        "? `all` has no value",
    );
    check(
        &kinds,
        vec![raw(Source::Terraform, "aws_ebs_volume", "aws_ebs_volume.a", json!({ "?map": {} }))],
        "encrypted",
        "? `var.more` has no value",
    );
    check(
        &kinds,
        vec![raw(Source::Cloudformation, "AWS::EC2::Volume", "V", json!({ "Type": "AWS::EC2::Volume" }))],
        "kms_key",
        "none",
    );
}

#[test]
fn deep_documents_and_deep_pages_are_survived() {
    let kinds = shipped();
    let mut deep = json!("end");
    for _ in 0..100 {
        deep = json!({ "Statement": [deep] });
    }
    let role = |policy: serde_json::Value| {
        vec![terraform("aws_iam_role.r", json!({ "assume_role_policy": policy }))]
    };
    resolve(role(deep), &kinds);
    let brackets = "[".repeat(10_000);
    let resolved = resolve(role(json!(brackets)), &kinds);
    assert!(attribute(&resolved[0], "trust_policy").starts_with("? it could not be read: it is not JSON"));
    let is = "list of ".repeat(10_000);
    let (_, diagnostics) =
        read_page("kind.md", &page(&format!("x: {{ is: {is}text, live: X, absent: none }}")));
    assert_eq!(diagnostics.len(), 1);
    let each = "each: { x: { is: record, live: X, absent: none, ".repeat(60);
    let (_, diagnostics) = read_page(
        "kind.md",
        &page(&format!("x: {{ is: record, live: X, absent: none, {each}{}", "} }".repeat(60))),
    );
    assert!(!diagnostics.is_empty());
}
