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

const COLLECTED: [(&str, &str); 11] = [
    (
        "accounts/111122223333/iam/role/app/metadata.json",
        r#"{"arn": "arn:aws:iam::111122223333:role/app", "name": "app", "path": "/"}"#,
    ),
    ("accounts/111122223333/iam/role/app/trust-policy.json", r#"{"Version": "2012-10-17", "Statement": []}"#),
    (
        "accounts/111122223333/iam/role/app/managed-policies.json",
        r#"["arn:aws:iam::aws:policy/ReadOnlyAccess"]"#,
    ),
    (
        "accounts/111122223333/s3/films/metadata.json",
        r#"{"arn": "arn:aws:s3:::films", "name": "films", "region": "eu-west-1"}"#,
    ),
    ("accounts/111122223333/s3/films/policy.json", r#"{"Version": "2012-10-17", "Statement": []}"#),
    (
        "accounts/444455556666/iam/user/erin/metadata.json",
        r#"{"arn": "arn:aws:iam::444455556666:user/erin", "name": "erin"}"#,
    ),
    ("organizations/o-1/metadata.json", r#"{"id": "o-1", "rootOu": "r-1", "rootAccountId": "111122223333"}"#),
    (
        "organizations/o-1/accounts.json",
        r#"{"111122223333": {"ou": "r-1", "scps": ["arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"]}}"#,
    ),
    ("organizations/o-1/ous.json", r#"{"r-1": {"scps": []}}"#),
    ("organizations/o-2/metadata.json", r#"{"id": "o-2", "rootOu": "r-2", "rootAccountId": "444455556666"}"#),
    ("organizations/o-2/accounts.json", r#"{"444455556666": {"ou": "r-2"}}"#),
];

#[test]
fn a_collectors_folders_become_an_export_for_each_organisation() {
    let files =
        COLLECTED.map(|(path, text)| File { path: path.into(), shown: path.into(), text: text.into() });
    let exports = crate::read_collected(&files);
    let told: Vec<(Option<&str>, Vec<&str>)> = exports
        .iter()
        .map(|export| {
            assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
            let id = export.organisation.as_ref().map(|organisation| organisation.id.as_str());
            (id, export.resources.iter().map(|raw| raw.address.name.as_ref()).collect())
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("o-1"), vec!["arn:aws:iam::111122223333:role/app", "arn:aws:s3:::films"]),
            (Some("o-2"), vec!["arn:aws:iam::444455556666:user/erin"]),
        ]
    );
    assert!(
        exports[0].organisation.as_ref().unwrap().root.accounts.contains(&"111122223333".parse().unwrap())
    );
}

#[test]
fn units_that_are_their_own_parents_end() {
    let mut files =
        COLLECTED.map(|(path, text)| File { path: path.into(), shown: path.into(), text: text.into() });
    files[8].text =
        r#"{"r-1": {"parent": "ou-a"}, "ou-a": {"parent": "r-1"}, "ou-b": {"parent": "ou-b"}}"#.into();
    let exports = crate::read_collected(&files);
    assert!(exports[0].organisation.is_some() && !exports[0].diagnostics.is_empty());
}

#[test]
fn identity_center_is_read_from_its_lists() {
    check(
        &[(
            "identity-center.json",
            r#"{"Users": [{"UserId": "u", "UserName": "erin"}, {"UserName": "nobody"}],
                "GroupMemberships": [{"GroupId": "g", "MemberId": {"UserId": "u"}}]}"#,
        )],
        &["AWS::IdentityStore::User u", "AWS::IdentityStore::GroupMembership g u"],
        &["an item of `Users` lacks `UserId`"],
    );
    check(&[("identity-center.json", "{}")], &[], &["it tells of no Identity Center"]);
}
