//! Questions over a small organisation, with what is wrong or missing in it.

use crate::world::organisation;
use palisade_access::{Grant, Group, Organisation, Outside, Wanted, Who, can, exposed, who_can};
use palisade_iam::Entry;
use serde_json::{Value, json};

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn trust(principal: Value) -> Value {
    document(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

fn role(account: &str, name: &str, trust: Value, statements: Value, rest: Value) -> Value {
    let mut role = json!({"Arn": format!("arn:aws:iam::{account}:role/{name}"), "RoleName": name.rsplit('/').next(),
        "RoleId": format!("AROA{}", name.to_ascii_uppercase()), "Path": "/", "Tags": [], "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}]});
    rest.as_object().into_iter().flatten().for_each(|(name, value)| role[name] = value.clone());
    role
}

/// 111 and 222 are of the organisation, 444 too and it was not read, 333 is outside.
fn world() -> Organisation {
    let organisation_file = json!({
        "Organization": {"Id": "o-acme", "MasterAccountId": "222200000000"},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["222200000000"], "Units": [
            {"Id": "ou-1", "Name": "Prod", "Accounts": ["111100000000", "444400000000"]}]},
        "Policies": [
            {"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "ou-1", "111100000000", "222200000000", "444400000000"]},
            {"Id": "p-keep", "Name": "keep", "Type": "SERVICE_CONTROL_POLICY", "TargetIds": ["ou-1"], "Content":
                document(json!([{"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]))}]});
    let here = "111100000000";
    let read = allow("s3:GetObject", "arn:aws:s3:::films/*");
    let lambda = json!({"Service": "lambda.amazonaws.com"});
    let roles = json!([
        role(
            here,
            "reader",
            trust(json!({"AWS": "arn:aws:iam::111100000000:role/a"})),
            json!([read]),
            json!({})
        ),
        role(here, "a", trust(json!({"AWS": "arn:aws:iam::111100000000:role/b"})), json!([]), json!({})),
        role(
            here,
            "b",
            trust(
                json!({"AWS": ["arn:aws:iam::111100000000:role/a", "arn:aws:iam::111100000000:user/erin"]})
            ),
            json!([]),
            json!({})
        ),
        role(
            here,
            "bounded",
            trust(lambda.clone()),
            json!([allow("s3:*", "*")]),
            json!({"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111100000000:policy/limit"}})
        ),
        role(
            here,
            "lost",
            trust(lambda),
            json!([]),
            json!({"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111100000000:policy/gone"}]})
        ),
        role(
            here,
            "home",
            trust(json!({"AWS": "222200000000"})),
            json!([allow("s3:PutObject", "arn:aws:s3:::films/${aws:PrincipalAccount}/*")]),
            json!({})
        ),
        role(
            here,
            "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Editor_0011223344556677",
            trust(json!({"Federated": "arn:aws:iam::111100000000:saml-provider/AWSSSO"})),
            json!([allow("s3:PutObject", "*")]),
            json!({})
        ),
        role(
            here,
            "partner",
            document(
                json!([{"Effect": "Allow", "Principal": {"AWS": "333300000000"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "x1"}}}])
            ),
            json!([allow("sqs:*", "*")]),
            json!({})
        ),
    ]);
    let iam = json!({
        "UserDetailList": [{"Arn": "arn:aws:iam::111100000000:user/erin", "UserName": "erin", "UserId": "AIDAERIN", "Path": "/",
            "Tags": [], "GroupList": [], "UserPolicyList": []}],
        "GroupDetailList": [], "RoleDetailList": roles,
        "Policies": [{"Arn": "arn:aws:iam::111100000000:policy/limit", "PolicyName": "limit", "PolicyVersionList": [
            {"IsDefaultVersion": true, "Document": document(json!([allow("s3:Get*", "*"), allow("s3:Delete*", "*")]))}]}]});
    let bucket = |name: &str, statements: Value| {
        json!({"Arn": format!("arn:aws:s3:::{name}"), "Policy": document(statements), "Region": "eu-west-1", "Tags": [],
            "Abac": {"AbacStatus": {"Status": "Disabled"}}, "ObjectOwnership": "BucketOwnerEnforced",
            "PublicAccessBlock": {"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}})
    };
    let get = |principal: Value, bucket: &str, condition: Value| {
        json!({"Sid": "Get", "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{bucket}/*"), "Condition": condition})
    };
    let resources = json!({"Resources": [
        bucket("films", json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::films/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}])),
        bucket("deleted", json!([get(json!({"AWS": ["AROADELETEDROLE12345", "arn:aws:iam::111100000000:role/never"]}), "deleted", json!({}))])),
        bucket("shared", json!([get(json!("*"), "shared", json!({"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}))])),
        bucket("others", json!([get(json!({"AWS": ["333300000000", "arn:aws:iam::333300000000:role/r"]}), "others", json!({}))])),
        bucket("partners", json!([get(json!("*"), "partners", json!({"StringEquals": {"aws:PrincipalOrgID": "o-partner"}}))])),
        bucket("open", json!([get(json!("*"), "open", json!({}))])),
        bucket("office", json!([get(json!("*"), "office", json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))])),
        {"Arn": "arn:aws:s3::111100000000:account", "PublicAccessBlock": {"BlockPublicAcls": false, "IgnorePublicAcls": false,
            "BlockPublicPolicy": false, "RestrictPublicBuckets": false}},
        {"Arn": "arn:aws:sqs:eu-west-1:111100000000:jobs", "Policy": null},
        {"Arn": "arn:aws:s3:::unread", "ObjectOwnership": "BucketOwnerEnforced"}],
        "Complete": ["AWS::S3::Bucket", "AWS::SQS::Queue"]});
    let directory = json!({
        "PermissionSets": [{"PermissionSetArn": "arn:aws:sso:::permissionSet/i/p", "Name": "Editor"}],
        "Assignments": [{"AccountId": here, "PermissionSetArn": "arn:aws:sso:::permissionSet/i/p", "PrincipalType": "GROUP", "PrincipalId": "g"}],
        "Users": [{"UserId": "u", "UserName": "mina"}], "Groups": [{"GroupId": "g", "DisplayName": "editors"}],
        "GroupMemberships": [{"GroupId": "g", "MemberId": {"UserId": "u"}}]});
    let other = json!({"UserDetailList": [{"Arn": "arn:aws:iam::222200000000:user/ops", "UserName": "ops", "UserId": "AIDAOPS", "Path": "/",
            "Tags": [], "GroupList": [], "UserPolicyList": [{"PolicyName": "own", "PolicyDocument":
                document(json!([allow("s3:Get*", "*"), allow("sts:AssumeRole", "arn:aws:iam::*:role/home")]))}]}],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
    organisation(&[
        ("organisation.json", organisation_file.to_string()),
        ("identity-center.json", directory.to_string()),
        ("111100000000/iam.json", iam.to_string()),
        ("111100000000/resource-policies.json", resources.to_string()),
        ("222200000000/iam.json", other.to_string()),
    ])
}

fn short(who: &Who) -> String {
    match who {
        Who::Root(account) => format!("root {}", &account[..3]),
        other => other.name().rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

fn line(grant: &Grant) -> String {
    let who: Vec<String> = grant.who.iter().map(short).collect();
    let through: Vec<String> = grant.through.iter().map(|role| format!(" > {}", short(role))).collect();
    let conditions = match grant.conditions.as_slice() {
        [] => String::new(),
        all => format!(" if {}", all.join(" and ")),
    };
    format!("{}{}{conditions}", who.join(","), through.concat())
}

fn lines(groups: &[Group]) -> Vec<String> {
    groups.iter().map(|group| format!("? {} {:?}", group.why, group.such_as)).collect()
}

#[track_caller]
fn check(asked: &str, expected: &[&str], open: &[&str]) {
    let words: Vec<&str> = asked.split_whitespace().collect();
    let mut wanted = Wanted::new(words[0], words[1]);
    for told in &words[2..] {
        match told.split_once('=') {
            Some((key, value)) => wanted.context.push((key.to_owned(), Entry::value(value))),
            None => wanted.resource_account = Some((*told).to_owned()),
        }
    }
    let answer = who_can(&world(), &wanted).unwrap();
    let found: Vec<String> = answer.can.iter().map(line).filter(|line| !line.starts_with("root ")).collect();
    assert_eq!(found, expected, "{asked}: {:?}", answer.unknown);
    let unknown: Vec<String> = lines(&answer.unknown)
        .into_iter()
        .chain(answer.nobody.iter().map(|name| format!("nobody: {name}")))
        .collect();
    assert_eq!(unknown.len(), open.len(), "{asked}: {unknown:#?}");
    for part in open {
        assert!(unknown.iter().any(|said| said.contains(part)), "{asked}: {part} is not in {unknown:#?}");
    }
    let sums: usize = answer.cannot.iter().map(|group| group.count).sum();
    assert!(sums + found.len() <= answer.asked + found.len(), "{asked}");
}

/// What is open about any action on what is in 111: the role whose policy is gone.
const LOST: &str = "the estate does not hold this policy";

#[test]
fn chains_of_roles_are_followed_also_where_they_trust_each_other_in_a_circle() {
    check(
        "s3:GetObject arn:aws:s3:::films/x",
        &[
            "bounded",
            "reader",
            "a > reader",
            "b > a,reader".replace(",", " > ").as_str(),
            "erin > b > a > reader",
        ],
        &[LOST],
    );
}

#[test]
fn a_boundary_and_a_control_policy_take_away() {
    check("s3:DeleteBucket arn:aws:s3:::films", &[], &[]);
    check("s3:DeleteObject arn:aws:s3:::films/x", &["bounded"], &[LOST]);
    check("s3:PutObject arn:aws:s3:::films/x", &["AWSReservedSSO_Editor_0011223344556677"], &[LOST]);
}

#[test]
fn a_variable_is_the_account_of_the_one_who_asks() {
    let editor = "AWSReservedSSO_Editor_0011223344556677";
    check("s3:PutObject arn:aws:s3:::films/111100000000/x", &[editor, "home", "ops > home"], &[LOST]);
    check("s3:PutObject arn:aws:s3:::films/222200000000/x", &[editor], &[LOST]);
}

#[test]
fn deleted_principals_are_nobody_and_named() {
    check(
        "s3:GetObject arn:aws:s3:::deleted/x",
        &["bounded"],
        &[
            LOST,
            "nobody: AROADELETEDROLE12345, a deleted user or role",
            "nobody: arn:aws:iam::111100000000:role/never",
        ],
    );
}

#[test]
fn an_organisation_lets_in_those_that_were_not_read_too() {
    check(
        "s3:GetObject arn:aws:s3:::shared/x",
        &[
            "erin",
            "ops",
            "bounded",
            "reader,a,AWSReservedSSO_Editor_0011223344556677,b,home,partner",
            "333300000000 > partner if sts:ExternalId is x1",
        ],
        // An unread policy may deny, though the bucket lets everybody in.
        &["accounts of the organisation were not read", LOST],
    );
}

#[test]
fn other_accounts_and_organisations_are_named_as_such() {
    check("s3:GetObject arn:aws:s3:::others/x", &["333300000000", "r", "bounded"], &[LOST]);
    check("s3:GetObject arn:aws:s3:::partners/x", &["o-partner", "bounded"], &[LOST]);
}

#[test]
fn what_was_not_read_is_not_known() {
    check(
        "s3:GetObject arn:aws:s3:::unread/x",
        &[],
        &["the file says nothing of its policy", "the file says nothing of its policy", LOST],
    );
    check(
        "sqs:SendMessage arn:aws:sqs:eu-west-1:444400000000:q",
        &[],
        &["was not read, though", "the account was not read", LOST],
    );
}

#[test]
fn what_is_told_of_the_request_counts() {
    check("s3:GetObject arn:aws:s3:::office/x aws:SourceIp=198.51.100.1", &["bounded"], &[LOST]);
    let answer = who_can(&world(), &Wanted::new("s3:GetObject", "arn:aws:s3:::office/x")).unwrap();
    let anonymous = answer.can.iter().find(|grant| grant.who == [Who::Anonymous]).unwrap();
    assert_eq!(anonymous.conditions, ["aws:SourceIp is in 203.0.113.0/24"]);
    assert_eq!(anonymous.witness.context["aws:sourceip"].as_deref(), Some(&["203.0.113.9".to_owned()][..]));
}

#[test]
fn an_action_without_resource_is_done_in_an_account() {
    check("iam:CreateUser * 111100000000", &[], &[LOST]);
    let wrong = who_can(&world(), &Wanted::new("nonsense", "*")).unwrap_err();
    assert!(wrong.contains("is no action"), "{wrong}");
}

#[test]
fn people_stand_behind_a_role_of_identity_center() {
    let world = world();
    let role = "arn:aws:iam::111100000000:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Editor_0011223344556677";
    let holders = world.identities().people().holders(role).unwrap();
    let holders: Vec<_> = holders.iter().map(|of| (of.user.as_ref(), of.group.as_deref())).collect();
    assert_eq!(holders, [("mina", Some("editors"))]);
}

#[track_caller]
fn open(outside: Outside, expected: &[&str]) {
    let answer = exposed(&world(), outside, 20_000);
    let found: Vec<String> = answer
        .can
        .iter()
        .map(|of| {
            let actions: Vec<&str> = of.actions.values().flatten().map(String::as_str).collect();
            let conditions = of.conditions.join(" and ");
            let by = of.by.as_ref().map_or(0, |by| by.statement);
            format!(
                "{} {} {} {by} {conditions}",
                short(&of.who),
                actions.join(","),
                of.resource.rsplit([':', '/']).next().unwrap()
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_world_can_do_what_is_open_and_where() {
    open(
        Outside::World,
        &[
            "anonymous s3:GetObject office 1 aws:SourceIp is in 203.0.113.0/24",
            "anonymous s3:GetObject open 1 ",
        ],
    );
}

#[test]
fn other_accounts_can_do_what_names_them() {
    open(
        Outside::Accounts,
        &[
            "333300000000 sts:AssumeRole partner 1 sts:ExternalId is x1",
            "anonymous s3:GetObject office 1 aws:SourceIp is in 203.0.113.0/24",
            "anonymous s3:GetObject open 1 ",
            "333300000000 s3:GetObject others 1 ",
            "r s3:GetObject others 1 ",
            "o-partner s3:GetObject partners 1 ",
        ],
    );
}

#[test]
fn what_somebody_can_is_what_is_left_and_what_was_cut_is_told() {
    let world = world();
    let answer = can(&world, "arn:aws:iam::111100000000:role/bounded", 20_000).unwrap();
    let actions: Vec<&String> =
        answer.permissions.iter().flat_map(|of| of.actions["s3"].values()).flatten().collect();
    let has = |name: &str| actions.iter().any(|action| *action == name);
    assert!(
        has("GetObject") && has("DeleteObject") && !has("PutObject") && !has("DeleteBucket"),
        "{actions:?}"
    );
    let cut: Vec<String> =
        answer.cut.iter().map(|group| format!("{} {}", group.count > 1, group.why)).collect();
    assert!(cut.iter().any(|why| why == "true the permissions boundary does not allow it"), "{cut:?}");
    assert!(cut.iter().any(|why| why.contains("`Keep` of the SCP `keep` denies it")), "{cut:?}");
    let reach: Vec<&str> = answer.reach.iter().map(|of| of.resource.as_str()).collect();
    assert_eq!(reach, ["arn:aws:s3:::open", "arn:aws:s3:::shared"]);
    let wrong = can(&world, "arn:aws:iam::111100000000:role/nobody", 20_000).unwrap_err();
    assert!(wrong.contains("does not hold"), "{wrong}");
}
