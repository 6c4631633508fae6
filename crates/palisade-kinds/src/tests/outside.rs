//! What stands in for an owner that is not declared, and what is set from outside of a resource.

use super::*;

const REST: &str = "? the S3 bucket itself is not declared here";

/// The resources that stand in, after those that are declared.
fn standing_in(resources: Vec<RawResource>) -> Vec<Resource> {
    let kinds = shipped();
    let declared = resources.len();
    let resolved = resolve(resources, &kinds);
    let (declared, outside) = resolved.split_at(declared);
    assert!(declared.iter().all(|resource| !kinds.stands_in(resource)));
    assert!(outside.iter().all(|resource| kinds.stands_in(resource)));
    outside.to_vec()
}

/// Of which kind and at which address they stand.
fn stands(resources: Vec<RawResource>, expected: &[&str]) {
    let outside = standing_in(resources);
    let said: Vec<String> = outside
        .iter()
        .map(|resource| {
            let kind = resource.kind.as_ref().map_or("", ResourceType::as_str);
            format!("{kind} at {}", resource.address())
        })
        .collect();
    assert_eq!(said, expected);
}

fn policy(name: &str, bucket: serde_json::Value) -> RawResource {
    let fields = json!({ "bucket": bucket, "policy": { "Statement": [] } });
    terraform(&format!("aws_s3_bucket_policy.{name}"), fields)
}

fn block(name: &str, bucket: serde_json::Value) -> RawResource {
    let fields = json!({ "bucket": bucket, "restrict_public_buckets": true });
    terraform(&format!("aws_s3_bucket_public_access_block.{name}"), fields)
}

fn rule(group: serde_json::Value) -> RawResource {
    let fields = json!({ "security_group_id": group, "ip_protocol": "tcp", "from_port": 22, "to_port": 22,
        "cidr_ipv4": "0.0.0.0/0" });
    terraform("aws_vpc_security_group_ingress_rule.r", fields)
}

const GROUP: &str = "AWS::EC2::SecurityGroup at aws_vpc_security_group_ingress_rule.r";

#[test]
fn a_part_of_what_is_not_declared_is_judged_at_its_own_place() {
    for group in [
        json!("sg-0123456789abcdef0"),
        json!("sg-0123"),
        json!({ "?": "var.group" }),
        json!({ "->": "data.aws_security_group.g.id" }),
        json!({ "->": "aws_vpc.v.default_security_group_id" }),
        json!({ "->": "module.network.group" }),
    ] {
        stands(vec![rule(group)], &[GROUP]);
    }
    let vpc = || terraform("aws_vpc.v", json!({}));
    stands(vec![vpc(), rule(json!({ "->": "aws_vpc.v.default_security_group_id" }))], &[GROUP]);
    stands(vec![rule(json!(""))], &[]);
    stands(vec![rule(json!(null))], &[]);
}

#[test]
fn a_part_of_what_is_declared_is_judged_there() {
    let group = || terraform("aws_security_group.g", json!({ "name": "web" }));
    stands(vec![group(), rule(json!({ "->": "aws_security_group.g.id" }))], &[]);
    stands(vec![group(), rule(json!("web"))], &[]);
    stands(vec![group(), rule(json!({ "?": "var.group" }))], &[GROUP]);
}

#[test]
fn a_list_is_open_at_its_end_and_the_rest_is_unknown() {
    let outside = standing_in(vec![rule(json!("sg-0123456789abcdef0"))]);
    let group = &outside[0];
    let more = "the security group itself is not declared here";
    let ingress = attribute(group, "ingress");
    assert!(ingress.starts_with("[{protocol: \"tcp\", from_port: 22, to_port: 22, cidrs: [\"0.0.0.0/0\"]"));
    assert!(ingress.ends_with(&format!("}}, … {more}]")), "{ingress}");
    for name in ["egress", "name", "is_default", "tags", "description"] {
        assert_eq!(attribute(group, name), format!("? {more}"), "{name}");
    }
}

#[test]
fn parts_that_name_the_same_owner_are_judged_together() {
    let same = |one: serde_json::Value, other: serde_json::Value, expected: &str| {
        let outside = standing_in(vec![policy("a", one.clone()), block("b", other.clone())]);
        assert_eq!(outside[0].address().name.as_ref(), "aws_s3_bucket_policy.a");
        let said = attribute(&outside[0], "public_policy_is_overruled");
        assert_eq!(said, expected, "{one} and {other}");
    };
    same(json!("films"), json!("films"), "true");
    same(json!("films"), json!("arn:aws:s3:::films"), "true");
    same(json!("films"), json!("logs"), "default false");
    same(json!({ "?": "var.b" }), json!({ "?": "var.b" }), "true");
    same(json!({ "?": "var.b" }), json!({ "?": "var.c" }), "default false");
    same(json!({ "->": "data.aws_s3_bucket.b.id" }), json!({ "->": "data.aws_s3_bucket.b.bucket" }), "true");
    same(json!({ "->": "module.m.films" }), json!({ "->": "module.m.logs" }), "default false");
}

#[test]
fn a_variable_means_the_same_within_one_module_only() {
    let within = |module: &str| {
        let mut block = block("b", json!({ "?": "var.b" }));
        block.address.name = format!("{module}{}", block.address.name).into();
        block
    };
    let count = |resources| standing_in(resources).len();
    let policy = || policy("a", json!({ "?": "var.b" }));
    assert_eq!(count(vec![policy(), within("")]), 1);
    assert_eq!(count(vec![policy(), within("module.m.")]), 2);
    assert_eq!(count(vec![within("module.m."), within("module.m.")]), 1);
    let each = || json!({ "?": "each.key" });
    assert_eq!(count(vec![self::policy("a", each()), block("b", each())]), 2);
    let mut elsewhere = policy();
    elsewhere.address.root = "elsewhere".into();
    assert_eq!(count(vec![policy(), elsewhere]), 2);
}

#[test]
fn the_order_of_the_files_changes_nothing() {
    let parts = || vec![policy("z", json!("films")), policy("a", json!("films"))];
    let mut reversed = parts();
    reversed.reverse();
    let (one, other) = (standing_in(parts()), standing_in(reversed));
    assert_eq!(one, other);
    assert_eq!(one[0].address().name.as_ref(), "aws_s3_bucket_policy.a");
}

#[test]
fn what_a_part_leaves_unsaid_is_as_for_a_declared_owner() {
    let outside = standing_in(vec![block("b", json!("films"))]);
    let says = |name: &str, expected: &str| assert_eq!(attribute(&outside[0], name), expected, "{name}");
    says("restrict_public_buckets", "true");
    says("block_public_acls", "default false");
    says("public_policy_is_overruled", "true");
    says("policy", REST);
    says("versioning", REST);
    says("acl", REST);
    says("object_ownership", REST);
}

#[test]
fn whether_a_part_exists_decides_where_it_does_not_stand_alone() {
    let mut unsure = block("b", json!("films"));
    unsure.existence = Existence::Unknown(Why::NoValue("var.create".into()).into(), origin());
    let alone = standing_in(vec![unsure.clone()]);
    assert_eq!(attribute(&alone[0], "restrict_public_buckets"), "true");
    assert!(matches!(alone[0].declared.existence, Existence::Unknown(..)));
    let both = standing_in(vec![unsure, policy("z", json!("films"))]);
    assert_eq!(both[0].address().name.as_ref(), "aws_s3_bucket_policy.z");
    assert_eq!(attribute(&both[0], "restrict_public_buckets"), "? `var.create` has no value");
    let mut gone = block("b", json!("films"));
    gone.existence = Existence::No(origin());
    stands(vec![gone], &[]);
}

#[test]
fn each_owner_that_a_part_names_has_its_own() {
    let queue = template("Jobs", "AWS::SQS::Queue", json!({}));
    let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/else";
    let fields = json!({ "Queues": [{ "->": "Jobs.Ref" }, url], "PolicyDocument": { "Statement": [] } });
    let policy = template("Policy", "AWS::SQS::QueuePolicy", fields);
    let outside = standing_in(vec![queue, policy]);
    assert_eq!(outside.len(), 1);
    assert_eq!(attribute(&outside[0], "policy"), "{Statement: []}");
    assert_eq!(outside[0].address().name.as_ref(), "Policy");
    let permission = template(
        "Call",
        "AWS::Lambda::Permission",
        json!({ "FunctionName": { "?": "Function" }, "Principal": "*" }),
    );
    stands(vec![permission], &["AWS::Lambda::Function at Call"]);
}

#[test]
fn thousands_of_parts_of_one_owner_stand_together() {
    let rules = (0..3000).map(|index| {
        let mut rule = rule(json!("sg-0123456789abcdef0"));
        rule.address.name = format!("aws_vpc_security_group_ingress_rule.r{index}").into();
        rule
    });
    assert_eq!(standing_in(rules.collect()).len(), 1);
}

fn account(fields: serde_json::Value) -> RawResource {
    terraform("aws_s3_account_public_access_block.a", fields)
}

#[test]
fn what_is_set_for_the_account_counts_for_each_bucket() {
    let kinds = shipped();
    let says = |account: RawResource, own: bool, expected: &str| {
        let bucket = terraform("aws_s3_bucket.a", json!({}));
        let fields = json!({ "bucket": { "->": "aws_s3_bucket.a.id" }, "ignore_public_acls": own });
        let block = terraform("aws_s3_bucket_public_access_block.b", fields);
        check(&kinds, vec![bucket, block, account], "public_acl_is_overruled", expected);
    };
    let on = || json!({ "ignore_public_acls": true });
    says(account(on()), false, "true");
    says(account(on()), true, "true");
    says(account(json!({ "ignore_public_acls": false })), true, "true");
    says(account(json!({ "ignore_public_acls": false })), false, "false");
    says(account(json!({})), false, "false");
    says(account(json!({ "ignore_public_acls": { "?": "var.on" } })), false, "? `var.on` has no value");
    let may = "? `aws_s3_account_public_access_block.a` may belong here";
    for other in ["account_id", "provider"] {
        says(account(json!({ "ignore_public_acls": true, other: "x" })), false, may);
        says(account(json!({ "ignore_public_acls": false, other: "x" })), false, "false");
    }
    let mut elsewhere = account(on());
    elsewhere.address.root = "elsewhere".into();
    says(elsewhere, false, "false");
}

#[test]
fn lists_that_are_turned_off_are_overruled() {
    let kinds = shipped();
    let says = |ownership: &str, expected: &str| {
        let rule =
            json!({ "bucket": { "->": "aws_s3_bucket.a.id" }, "rule": { "object_ownership": ownership } });
        let controls = terraform("aws_s3_bucket_ownership_controls.o", rule);
        let bucket = terraform("aws_s3_bucket.a", json!({}));
        check(&kinds, vec![bucket, controls], "public_acl_is_overruled", expected);
        let rule = json!({ "OwnershipControls": { "Rules": [{ "ObjectOwnership": ownership }] } });
        check(&kinds, vec![template("A", "AWS::S3::Bucket", rule)], "public_acl_is_overruled", expected);
    };
    says("BucketOwnerEnforced", "true");
    says("BucketOwnerPreferred", "default false");
    says("ObjectWriter", "default false");
}

#[test]
fn the_subnet_and_the_elastic_address_decide_whether_an_instance_is_public() {
    let kinds = shipped();
    let says = |instance: serde_json::Value, others: Vec<RawResource>, expected: &str| {
        let mut all = vec![terraform("aws_instance.i", instance)];
        all.extend(others);
        check(&kinds, all, "has_public_ip", expected);
    };
    let subnet =
        |maps: serde_json::Value| vec![terraform("aws_subnet.s", json!({ "map_public_ip_on_launch": maps }))];
    let there = || json!({ "subnet_id": { "->": "aws_subnet.s.id" } });
    let refuses =
        || json!({ "subnet_id": { "->": "aws_subnet.s.id" }, "associate_public_ip_address": false });
    says(there(), subnet(json!(true)), "true");
    says(there(), subnet(json!(false)), "false");
    says(there(), subnet(json!(null)), "default false");
    says(there(), subnet(json!({ "?": "var.public" })), "? `var.public` has no value");
    says(there(), vec![], "? the subnet decides");
    says(json!({ "subnet_id": "subnet-0123456789abcdef0" }), subnet(json!(true)), "? the subnet decides");
    says(refuses(), subnet(json!(true)), "false");
    let address = |instance: serde_json::Value| vec![terraform("aws_eip.e", json!({ "instance": instance }))];
    says(refuses(), address(json!({ "->": "aws_instance.i.id" })), "true");
    says(refuses(), address(json!(null)), "false");
    says(refuses(), address(json!({ "?": "var.instance" })), "? `aws_eip.e` may belong here");
}

#[test]
fn an_empty_text_is_not_there() {
    let kinds = shipped();
    let queue = |key: serde_json::Value, expected: &str| {
        let own = terraform("aws_sqs_queue.q", json!({ "kms_master_key_id": key }));
        check(&kinds, vec![own], "sqs_managed_sse_enabled", expected);
        let own = template("Q", "AWS::SQS::Queue", json!({ "KmsMasterKeyId": key }));
        check(&kinds, vec![own], "sqs_managed_sse_enabled", expected);
    };
    queue(json!(""), "default true");
    queue(json!(null), "default true");
    queue(json!("alias/orders"), "default false");
    queue(json!({ "?": "Key" }), "? `Key` has no value");
    let database = |arguments: serde_json::Value, expected: &str| {
        let own = terraform("aws_db_instance.d", arguments);
        check(&kinds, vec![own], "storage_encrypted", expected);
    };
    database(json!({ "replicate_source_db": "", "snapshot_identifier": "" }), "default false");
    database(json!({ "replicate_source_db": "films" }), "? the instance it copies decides");
}
