//! Plans and states in JSON.

use crate::{addresses, at, diagnostics, resource, show};
use palisade_read_terraform::{is_plan, read_plan};

const PLAN: &str = r#"{
  "format_version": "1.2",
  "variables": {"region": {"value": "eu-west-1"}},
  "planned_values": {"root_module": {
    "resources": [
      {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
       "values": {"acl": null, "force_destroy": false, "rule": [{"x": 1}]}},
      {"address": "aws_s3_bucket_policy.p[0]", "mode": "managed", "type": "aws_s3_bucket_policy", "name": "p", "index": 0,
       "values": {"policy": "{}"}},
      {"address": "data.aws_caller_identity.me", "mode": "data", "type": "aws_caller_identity", "name": "me", "values": {}}
    ],
    "child_modules": [{"address": "module.m[\"k\"]", "resources": [
      {"address": "module.m[\"k\"].aws_x.y", "mode": "managed", "type": "aws_x", "name": "y", "values": {"n": 2}},
      {"address": "module.m[\"k\"].aws_x.z", "mode": "managed", "type": "aws_x", "name": "z", "values": {}}
    ]}]
  }},
  "resource_changes": [
    {"address": "aws_s3_bucket.b", "change": {"actions": ["create"], "after_unknown": {"id": true, "rule": [{"y": true}], "tags": {}, "kms": true}}},
    {"address": "aws_s3_bucket_policy.p[0]", "change": {"actions": ["create"], "after_unknown": {"bucket": true, "both": true}}},
    {"address": "module.m[\"k\"].aws_x.y", "change": {"actions": ["create"], "after_unknown": {"bucket": true}}},
    {"address": "module.m[\"k\"].aws_x.z", "change": {"actions": ["create"], "after_unknown": {"y": true}}},
    {"address": "aws_gone.g", "change": {"actions": ["delete"], "after_unknown": {}}}
  ],
  "configuration": {
    "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"references": ["var.region"]}}},
                        "aws.west": {"name": "aws", "alias": "west", "expressions": {"region": {"constant_value": "us-west-2"}}}},
    "root_module": {
      "resources": [
        {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b", "provider_config_key": "aws", "expressions": {}},
        {"address": "aws_s3_bucket_policy.p", "mode": "managed", "type": "aws_s3_bucket_policy", "name": "p", "provider_config_key": "aws.west",
         "expressions": {"bucket": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b", "count.index"]},
                         "both": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b", "aws_x.c.id", "aws_x.c"]}}}
      ],
      "module_calls": {"m": {"expressions": {"bucket": {"references": ["aws_s3_bucket.b.arn", "aws_s3_bucket.b"]}},
        "module": {"resources": [
          {"address": "aws_x.y", "mode": "managed", "type": "aws_x", "name": "y", "provider_config_key": "aws",
           "expressions": {"bucket": {"references": ["var.bucket"]}}},
          {"address": "aws_x.z", "mode": "managed", "type": "aws_x", "name": "z", "provider_config_key": "aws",
           "expressions": {"y": {"references": ["aws_x.y.id", "aws_x.y"]}}}]}}}
    }
  }
}"#;

#[track_caller]
fn check(address: &str, path: &str, expected: &str) {
    let plan = read_plan(&"plan.json".into(), PLAN);
    assert!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
    let found = at(resource(&plan, address), path).map_or_else(|| "absent".to_owned(), show);
    assert_eq!(found, expected, "{path} of {address}");
}

#[test]
fn a_plan_gives_what_will_be() {
    let plan = read_plan(&"plan.json".into(), PLAN);
    assert_eq!(
        addresses(&plan),
        [
            "aws_s3_bucket.b",
            "aws_s3_bucket_policy.p[0]",
            "module.m[\"k\"].aws_x.y",
            "module.m[\"k\"].aws_x.z"
        ]
    );
    check("aws_s3_bucket.b", "force_destroy", "false");
    check("module.m[\"k\"].aws_x.y", "n", "2");
    let bucket = resource(&plan, "aws_s3_bucket.b");
    assert_eq!(bucket.origin.to_string(), "plan.json:6:7");
    let region = |address: &str| resource(&plan, address).region.as_ref().map(ToString::to_string);
    assert_eq!(region("aws_s3_bucket.b").as_deref(), Some("eu-west-1"));
    assert_eq!(region("aws_s3_bucket_policy.p[0]").as_deref(), Some("us-west-2"));
}

#[test]
fn what_is_known_after_apply_is_unknown_and_keeps_its_reference() {
    check("aws_s3_bucket.b", "id", "?`aws_s3_bucket.b.id` is known only after apply!:text");
    check("aws_s3_bucket.b", "kms", "?`aws_s3_bucket.b.kms` is known only after apply");
    check("aws_s3_bucket.b", "rule", "[{x: 1, y: ?`aws_s3_bucket.b.rule.y` is known only after apply}]");
    check("aws_s3_bucket.b", "tags", "absent");
    check(
        "aws_s3_bucket_policy.p[0]",
        "bucket",
        "?`aws_s3_bucket_policy.p[0].bucket` is known only after apply!:text -> aws_s3_bucket.b.id",
    );
    check("aws_s3_bucket_policy.p[0]", "both", "?`aws_s3_bucket_policy.p[0].both` is known only after apply");
    check(
        "module.m[\"k\"].aws_x.y",
        "bucket",
        "?`module.m[\"k\"].aws_x.y.bucket` is known only after apply!:text -> aws_s3_bucket.b.arn",
    );
    check(
        "module.m[\"k\"].aws_x.z",
        "y",
        "?`module.m[\"k\"].aws_x.z.y` is known only after apply!:text -> module.m[\"k\"].aws_x.y.id",
    );
}

#[test]
fn a_state_is_read_too() {
    let state = r#"{"format_version": "1.0", "values": {"root_module": {"resources": [
        {"address": "aws_x.y", "mode": "managed", "type": "aws_x", "name": "y", "values": {"n": 2}}]}}}"#;
    let read = read_plan(&"state.json".into(), state);
    assert_eq!(addresses(&read), ["aws_x.y"]);
}

#[test]
fn plans_are_told_from_other_documents() {
    let parse = |text: &str| {
        let file = "x.json".into();
        palisade_document::read_json(palisade_document::Text {
            file: &file,
            text,
            start: palisade_model::Position { line: 1, column: 1 },
        })
        .documents
        .remove(0)
    };
    assert!(is_plan(&parse(PLAN)));
    assert!(!is_plan(&parse("{\"Resources\": {}}")));
    assert!(!is_plan(&parse("[]")));
    let read = read_plan(&"x.json".into(), "{}");
    assert!(diagnostics(&read)[0].starts_with("x.json:1:1: this is neither a plan nor a state"));
}

const STATE: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "outputs": {}, "resources": [
  {"mode": "managed", "type": "aws_s3_bucket", "name": "b", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
   "instances": [{"schema_version": 0, "attributes": {"bucket": "x", "arn": "arn:aws:s3:::x", "region": "eu-west-1"}}]},
  {"module": "module.m[0]", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": "p", "each": "map",
   "instances": [{"index_key": "k", "attributes": {"arn": "arn:aws:sqs:us-east-1:1:q"}}, {"index_key": 1, "deposed": "ab12", "attributes": {}}]},
  {"mode": "data", "type": "aws_region", "name": "r", "provider": "p", "instances": [{"attributes": {}}]},
  {"mode": "managed", "name": "broken"}
]}"#;

#[test]
fn a_stored_state_gives_every_instance() {
    let state = read_plan(&"terraform.tfstate".into(), STATE);
    assert_eq!(
        addresses(&state),
        [
            "aws_s3_bucket.b",
            "module.m[0].aws_sqs_queue.q[\"k\"]",
            "module.m[0].aws_sqs_queue.q[1] (deposed ab12)"
        ]
    );
    assert_eq!(show(at(resource(&state, "aws_s3_bucket.b"), "bucket").expect("bucket")), "\"x\"");
    let region = |address: &str| resource(&state, address).region.as_ref().map(ToString::to_string);
    assert_eq!(region("aws_s3_bucket.b").as_deref(), Some("eu-west-1"));
    assert_eq!(region("module.m[0].aws_sqs_queue.q[\"k\"]").as_deref(), Some("us-east-1"));
    assert_eq!(diagnostics(&state), ["terraform.tfstate:7:3: a resource without `type` and `name`"]);
    let old = STATE.replace("\"version\": 4", "\"version\": 3");
    let old = diagnostics(&read_plan(&"terraform.tfstate".into(), &old));
    assert!(old[0].contains("a state of version 3 is not read, only of version 4"), "{old:?}");
}
