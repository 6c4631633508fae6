//! What belongs to what, and what follows when that is not known.

use super::*;

const MAY: &str = "? `aws_s3_bucket_public_access_block.b` may belong here";

fn block_of(bucket: serde_json::Value) -> RawResource {
    terraform("aws_s3_bucket_public_access_block.b", json!({ "bucket": bucket, "block_public_acls": true }))
}

/// The block's bucket, and what the bucket `a` (named `films`) then says of `block_public_acls`.
fn belongs(bucket: serde_json::Value, expected: &str) {
    let ours = terraform("aws_s3_bucket.a", json!({ "bucket": "films" }));
    let other = terraform("aws_s3_bucket.other", json!({ "bucket": "logs" }));
    let versioning =
        terraform("aws_s3_bucket_versioning.v", json!({ "bucket": { "->": "aws_s3_bucket.a.id" } }));
    check(&shipped(), vec![ours, other, versioning, block_of(bucket)], "block_public_acls", expected);
}

const NONE: &str = "? the day the bucket was made (from April 2023 on this is on) decides";

#[test]
fn a_reference_or_a_name_says_to_whom_it_belongs() {
    belongs(json!({ "->": "aws_s3_bucket.a.id" }), "true");
    belongs(json!("films"), "true");
    belongs(json!({ "->": "aws_s3_bucket.other.id" }), NONE);
    belongs(json!("logs"), NONE);
    belongs(json!("something-else"), NONE);
    belongs(json!(null), NONE);
}

#[test]
fn a_reference_by_way_of_another_part_of_the_bucket_is_followed() {
    belongs(json!({ "->": "aws_s3_bucket_versioning.v.bucket" }), "true");
    belongs(json!({ "->": "aws_s3_bucket_versioning.v.id" }), "true");
    belongs(json!({ "->": "aws_s3_bucket_versioning.v.region" }), NONE);
}

#[test]
fn what_may_belong_here_leaves_it_unknown() {
    belongs(json!({ "?": "var.bucket" }), MAY);
    belongs(json!({ "->": "module.storage.bucket" }), MAY);
    belongs(json!("arn:aws:s3:::films"), MAY);
    belongs(json!({ "->": "aws_s3_bucket.gone.id" }), NONE);
    belongs(json!({ "->": "data.aws_s3_bucket.d.id" }), NONE);
}

#[test]
fn a_text_may_be_the_name_that_is_not_known() {
    let kinds = shipped();
    let ours = |name: serde_json::Value| terraform("aws_s3_bucket.a", json!({ "bucket": name }));
    check(&kinds, vec![ours(json!({ "?": "var.name" })), block_of(json!("films"))], "block_public_acls", MAY);
    check(&kinds, vec![ours(json!(null)), block_of(json!("films"))], "block_public_acls", NONE);
    let known = terraform("aws_s3_bucket.known", json!({ "bucket": "films" }));
    check(
        &kinds,
        vec![ours(json!({ "?": "var.name" })), known, block_of(json!("films"))],
        "block_public_acls",
        NONE,
    );
}

#[test]
fn what_aws_named_itself_is_not_declared_here() {
    let kinds = shipped();
    let attachment = |arn: &str| {
        let fields = json!({ "policy_arn": arn, "role": "deployer" });
        raw(Source::Terraform, "aws_iam_role_policy_attachment", "aws_iam_role_policy_attachment.a", fields)
    };
    let policy = || terraform("aws_iam_policy.p", json!({ "name": { "?": "var.name" } }));
    let may = "[… `aws_iam_role_policy_attachment.a` may belong here]";
    check(
        &kinds,
        vec![policy(), attachment("arn:aws:iam::aws:policy/ReadOnlyAccess")],
        "roles",
        "default []",
    );
    check(&kinds, vec![policy(), attachment("arn:aws:iam::111122223333:policy/mine")], "roles", may);
    let rule = json!({ "security_group_id": "sg-0123456789abcdef0", "type": "ingress" });
    let rule = raw(Source::Terraform, "aws_security_group_rule", "aws_security_group_rule.r", rule);
    let group = terraform("aws_security_group.g", json!({ "name": { "?": "var.name" } }));
    check(&kinds, vec![group, rule], "ingress", "default []");
}

#[test]
fn a_reference_counts_also_where_the_value_behind_it_is_unknown() {
    let mut unknown = reference("aws_s3_bucket.a.bucket");
    unknown.why = Why::NoValue("var.name".into());
    let mut block = block_of(json!(null));
    let Value::Map(document) = &mut block.raw.value else {
        panic!("a map");
    };
    document.entries.insert("bucket".into(), Node::new(Value::Unknown(unknown), origin()));
    let bucket = |name: &str| terraform(name, json!({ "bucket": { "?": "var.name" } }));
    let all = vec![bucket("aws_s3_bucket.a"), bucket("aws_s3_bucket.b"), block];
    let resolved = resolve(all, &shipped());
    assert_eq!(attribute(&resolved[0], "block_public_acls"), "true");
    assert_eq!(attribute(&resolved[1], "block_public_acls"), NONE);
}

#[test]
fn only_resources_of_one_root_are_joined() {
    let mut block = block_of(json!({ "->": "aws_s3_bucket.a.id" }));
    block.address.root = "elsewhere".into();
    check(&shipped(), vec![terraform("aws_s3_bucket.a", json!({})), block], "block_public_acls", NONE);
}

#[test]
fn whether_the_other_exists_decides() {
    let bucket = || terraform("aws_s3_bucket.a", json!({}));
    let mut block = block_of(json!({ "->": "aws_s3_bucket.a.id" }));
    block.existence = Existence::No(origin());
    check(&shipped(), vec![bucket(), block.clone()], "block_public_acls", NONE);
    block.existence = Existence::Unknown(Why::NoValue("var.create".into()).into(), origin());
    check(&shipped(), vec![bucket(), block], "block_public_acls", "? `var.create` has no value");
}

#[test]
fn a_part_that_is_there_but_silent_has_a_meaning_of_its_own() {
    let block =
        terraform("aws_s3_bucket_public_access_block.b", json!({ "bucket": { "->": "aws_s3_bucket.a.id" } }));
    check(
        &shipped(),
        vec![terraform("aws_s3_bucket.a", json!({})), block],
        "block_public_acls",
        "default false",
    );
}

#[test]
fn what_is_given_twice_must_be_given_alike() {
    let block = |name: &str, on: bool| {
        terraform(name, json!({ "bucket": { "->": "aws_s3_bucket.a.id" }, "block_public_acls": on }))
    };
    let with = |second: bool| {
        vec![
            terraform("aws_s3_bucket.a", json!({})),
            block("aws_s3_bucket_public_access_block.b", true),
            block("aws_s3_bucket_public_access_block.c", second),
        ]
    };
    check(&shipped(), with(true), "block_public_acls", "true");
    check(
        &shipped(),
        with(false),
        "block_public_acls",
        "? it could not be read: `block_public_acls` is given several times, differently",
    );
}

#[test]
fn instances_are_told_apart() {
    let kinds = shipped();
    let with = |owner: &str, reference: &str| {
        let mut bucket = raw(Source::Terraform, "aws_s3_bucket", owner, json!({}));
        bucket.address.name = owner.into();
        let second = raw(Source::Terraform, "aws_s3_bucket", "aws_s3_bucket.a[1]", json!({}));
        vec![bucket, second, block_of(json!({ "->": reference }))]
    };
    check(&kinds, with("aws_s3_bucket.a[0]", "aws_s3_bucket.a[0].id"), "block_public_acls", "true");
    check(&kinds, with("aws_s3_bucket.a[0]", "aws_s3_bucket.a[1].id"), "block_public_acls", NONE);
    check(&kinds, with("aws_s3_bucket.a[0]", "aws_s3_bucket.a.id"), "block_public_acls", MAY);
    check(&kinds, with("aws_s3_bucket.b", "aws_s3_bucket.b[0].id"), "block_public_acls", "true");
}

#[test]
fn a_list_says_what_else_may_be_in_it() {
    let kinds = shipped();
    let group = || {
        terraform(
            "aws_security_group.g",
            json!({ "ingress": [{ "protocol": "tcp", "from_port": 1, "to_port": 1 }] }),
        )
    };
    let rule = |fields: serde_json::Value| {
        raw(Source::Terraform, "aws_security_group_rule", "aws_security_group_rule.r", fields)
    };
    let says = |rule: RawResource, expected: &str| {
        let resolved = resolve(vec![group(), rule], &kinds);
        let Some(Attribute::Known(node)) = resolved[0].attributes.get("ingress") else {
            panic!("the rules are known");
        };
        let Value::List(list) = &node.value else {
            panic!("they are a list");
        };
        let more = list.more.as_ref().map_or("nothing".into(), ToString::to_string);
        assert_eq!(format!("{} and {more}", list.items.len()), expected);
    };
    let to = json!({ "->": "aws_security_group.g.id" });
    says(rule(json!({ "security_group_id": to, "type": "ingress" })), "2 and nothing");
    says(rule(json!({ "security_group_id": to, "type": "egress" })), "1 and nothing");
    says(
        rule(json!({ "security_group_id": to, "type": { "?": "var.t" } })),
        "1 and `aws_security_group_rule.r` may belong here",
    );
    says(
        rule(json!({ "security_group_id": { "?": "var.g" }, "type": "ingress" })),
        "1 and `aws_security_group_rule.r` may belong here",
    );
    says(rule(json!({ "security_group_id": "sg-0123", "type": "ingress" })), "1 and nothing");
    let mut unsure = rule(json!({ "security_group_id": to, "type": "ingress" }));
    unsure.existence = Existence::Unknown(Why::NoValue("var.open".into()).into(), origin());
    says(unsure, "1 and `var.open` has no value");
}

#[test]
fn a_template_s_resources_are_joined_by_their_logical_ids() {
    let kinds = shipped();
    let queue = || template("Jobs", "AWS::SQS::Queue", json!({}));
    let policy = |queues: serde_json::Value| {
        template(
            "Policy",
            "AWS::SQS::QueuePolicy",
            json!({ "Queues": queues, "PolicyDocument": { "Statement": [] } }),
        )
    };
    check(&kinds, vec![queue(), policy(json!([{ "->": "Jobs.Ref" }]))], "policy", "{Statement: []}");
    check(
        &kinds,
        vec![queue(), policy(json!([{ "->": "Other.Ref" }]))],
        "policy",
        "? `Policy` may belong here",
    );
    check(&kinds, vec![queue(), policy(json!([{ "?": "Queue" }]))], "policy", "? `Policy` may belong here");
    check(
        &kinds,
        vec![queue(), policy(json!(["https://sqs.eu-west-1.amazonaws.com/111122223333/else"]))],
        "policy",
        "none",
    );
    let role = template("Admin", "AWS::IAM::Role", json!({ "ManagedPolicyArns": [{ "->": "Mine.Ref" }] }));
    let mine = template("Mine", "AWS::IAM::ManagedPolicy", json!({ "PolicyDocument": {} }));
    check(&kinds, vec![mine, role], "roles", "[? `Admin` is known only after apply]");
}

#[test]
fn nothing_is_dropped() {
    let kinds = shipped();
    let all = vec![
        terraform("aws_s3_bucket.a", json!({})),
        block_of(json!({ "->": "aws_s3_bucket.a.id" })),
        terraform("aws_made_up.x", json!({ "y": 1 })),
        template("Custom", "Custom::Thing", json!({})),
    ];
    let names: Vec<_> = all.iter().map(|raw| raw.address.name.clone()).collect();
    let resolved = resolve(all, &kinds);
    assert_eq!(resolved.iter().map(|resource| resource.address().name.clone()).collect::<Vec<_>>(), names);
    assert_eq!(resolved[0].kind.as_ref().map(ResourceType::as_str), Some("AWS::S3::Bucket"));
    assert!(resolved[1..].iter().all(|resource| resource.kind.is_none() && resource.attributes.is_empty()));
}

#[test]
fn thousands_of_parts_find_thousands_of_owners() {
    let mut all = Vec::new();
    for index in 0..3000 {
        all.push(terraform(&format!("aws_s3_bucket.b{index}"), json!({ "bucket": { "?": "var.x" } })));
    }
    for index in 0..3000 {
        let bucket = json!({ "->": format!("aws_s3_bucket.b{index}.id") });
        all.push(terraform(
            &format!("aws_s3_bucket_public_access_block.p{index}"),
            json!({ "bucket": bucket, "block_public_acls": index % 2 == 0 }),
        ));
    }
    let resolved = resolve(all, &shipped());
    assert_eq!(attribute(&resolved[2998], "block_public_acls"), "true");
    assert_eq!(attribute(&resolved[2999], "block_public_acls"), "false");
}
