//! What is read of small estates.

use crate::{Export, File, read};

fn export(files: &[(&str, &str)]) -> Export {
    let file = |(path, text): &(&str, &str)| File {
        path: (*path).into(),
        shown: (*path).into(),
        text: (*text).into(),
    };
    read(&files.iter().map(file).collect::<Vec<_>>())
}

fn check(files: &[(&str, &str)], resources: &[&str], said: &[&str]) {
    let export = export(files);
    let names: Vec<String> =
        export.resources.iter().map(|raw| format!("{} {}", raw.source_type, raw.address.name)).collect();
    assert_eq!(names, resources);
    let messages: Vec<String> = export.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), said.len(), "{messages:?}");
    for (message, said) in messages.iter().zip(said) {
        assert!(message.contains(said), "{message}");
    }
}

const IAM: &str = r#"{
  "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/erin", "UserName": "erin", "UserPolicyList": [
    {"PolicyName": "own", "PolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D"}],
    "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:aws:iam::111122223333:policy/p"}]}],
  "GroupDetailList": [], "RoleDetailList": [],
  "Policies": [{"Arn": "arn:aws:iam::111122223333:policy/p", "PolicyName": "p", "PolicyVersionList": [
    {"VersionId": "v1", "IsDefaultVersion": false, "Document": {}},
    {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17", "Statement": []}}]}]
}"#;

#[test]
fn every_identity_and_policy_is_a_resource() {
    check(
        &[("111122223333/iam.json", IAM)],
        &[
            "AWS::IAM::Policy arn:aws:iam::111122223333:user/erin own",
            "AWS::IAM::User arn:aws:iam::111122223333:user/erin",
            "AWS::IAM::ManagedPolicy arn:aws:iam::111122223333:policy/p",
        ],
        &[],
    );
}

#[test]
fn policies_are_unescaped_and_the_default_version_counts() {
    let export = export(&[("111122223333/iam.json", IAM)]);
    let inline =
        export.resources[0].raw.get("PolicyDocument").and_then(|node| node.text()).unwrap_or_default();
    assert_eq!(inline, r#"{"Version":"2012-10-17","Statement":[]}"#);
    let version = export.resources[2].raw.get("Version").and_then(|node| node.get("PolicyVersion"));
    assert_eq!(version.and_then(|node| node.get("VersionId")).and_then(|node| node.text()), Some("v2"));
    assert_eq!(export.accounts.values().next().map(|account| account.listed.len()), Some(5));
}

#[test]
fn the_tree_and_its_policies_are_read() {
    let organisation = r#"{"Organization": {"Id": "o-1", "MasterAccountId": "000000000001"},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["000000000001"],
                 "Units": [{"Id": "ou-1-a", "Name": "Prod", "Accounts": [{"Id": "111122223333"}]}]},
        "Policies": [{"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "ou-1-a", "111122223333"]},
                     {"PolicySummary": {"Id": "p-2", "Name": "n", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}",
                      "Targets": [{"TargetId": "r-1"}]}]}"#;
    let export = export(&[("organisation.json", organisation)]);
    let root = &export.organisation.as_ref().unwrap().root;
    assert_eq!(root.path_to("111122223333".parse().unwrap()).unwrap().len(), 2);
    assert_eq!(export.resources.len(), 2);
    assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
}

#[test]
fn the_policies_of_resources_are_put_where_their_kinds_look() {
    let resources = r#"{"Resources": [
        {"Arn": "arn:aws:sqs:eu-west-1:111122223333:q", "Policy": {"Statement": []}},
        {"Arn": "arn:aws:s3:::b", "Policy": null},
        {"Arn": "arn:aws:s3:::unread"},
        {"Arn": "arn:aws:events:eu-west-1:111122223333:event-bus/b", "Policy": {}}], "Complete": ["AWS::SQS::Queue"]}"#;
    let export = export(&[("111122223333/resource-policies.json", resources)]);
    let policy = |at: usize, path: &[&str]| {
        path.iter().try_fold(&export.resources[at].raw, |node, name| node.get(name)).is_some()
    };
    assert!(policy(0, &["Queue", "Attributes", "Policy", "Statement"]));
    assert!(!policy(1, &["Policy"]) && policy(2, &["Policy", "Policy"]) && policy(3, &["Policy"]));
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_rest_is_read() {
    check(
        &[("111122223333/iam.json", "[]")],
        &[],
        &["111122223333/iam.json:1:1: it is not the answer of a call"],
    );
    check(&[("111122223333/iam.json", "{")], &[], &["111122223333/iam.json:1:"]);
    check(&[("notes/x.json", "{}")], &[], &["is no part of an estate"]);
    check(&[("organisation.json", "{}")], &[], &["says nothing of an `Organization`"]);
    check(
        &[("111122223333/iam.json", r#"{"IsTruncated": true, "UserDetailList": [{}]}"#)],
        &[],
        &["goes on", "no `Arn`"],
    );
    let resources =
        r#"{"Resources": [{"Arn": "nonsense"}, {"Arn": "arn:aws:s3:::b", "Policy": {}}], "Complete": ["x"]}"#;
    check(
        &[("111122223333/resource-policies.json", resources)],
        &["AWS::S3::Bucket arn:aws:s3:::b"],
        &["nonsense", "no type of resources"],
    );
}

#[test]
fn ten_thousand_levels_are_a_diagnostic() {
    let deep = format!("{}{}", "{\"Units\":[".repeat(10_000), "]}".repeat(10_000));
    assert!(!export(&[("organisation.json", &deep)]).diagnostics.is_empty());
    let deep = format!(
        r#"{{"Organization": {{"Id": "o-1"}}, "Root": {}{}}}"#,
        "{\"Units\":[".repeat(30),
        "]}".repeat(30)
    );
    let said = export(&[("organisation.json", &deep)]).diagnostics;
    assert!(said.iter().any(|said| said.message.contains("nested too deeply")), "{said:?}");
}
