//! `palisade iam who-can`, `can`, `public` and `external` over a small organisation.

use crate::folder::Folder;
use serde_json::{Value, json};

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn folder(policy: Value) -> Folder {
    let folder = Folder::new(&[]);
    let organisation = json!({
        "Organization": {"Id": "o-acme", "MasterAccountId": "111100000000"},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["111100000000"]},
        "Accounts": [{"Id": "111100000000", "Name": "films-prod"}],
        "Policies": [{"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "111100000000"]}]});
    let trust = |who: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]});
    let iam = json!({
        "UserDetailList": [{"Arn": "arn:aws:iam::111100000000:user/erin", "UserName": "erin", "UserId": "AIDAERIN", "Path": "/",
            "GroupList": [], "UserPolicyList": []}],
        "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{"Arn": "arn:aws:iam::111100000000:role/reader", "RoleName": "reader", "Path": "/",
            "AssumeRolePolicyDocument": trust(json!({"AWS": "arn:aws:iam::111100000000:user/erin"})),
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": allow("s3:GetObject", "arn:aws:s3:::films/*")}]}]});
    let resources = json!({"Resources": [{"Arn": "arn:aws:s3:::films", "Policy": policy, "ObjectOwnership": "BucketOwnerEnforced",
        "PublicAccessBlock": {"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}},
        {"Arn": "arn:aws:s3::111100000000:account", "PublicAccessBlock": {"BlockPublicAcls": false, "IgnorePublicAcls": false,
            "BlockPublicPolicy": false, "RestrictPublicBuckets": false}}],
        "Complete": ["AWS::S3::Bucket"]});
    folder.write("acme/organisation.json", organisation.to_string());
    folder.write("acme/111100000000/iam.json", iam.to_string());
    folder.write("acme/111100000000/resource-policies.json", resources.to_string());
    folder
}

const ASKED: &str = "iam who-can s3:GetObject arn:aws:s3:::films/x --estate acme";

#[test]
fn the_first_line_is_the_answer() {
    let said = folder(Value::Null).run(ASKED).ends(0, &[]).said();
    insta::assert_snapshot!(said.trim(), @r"
    2 can s3:GetObject on arn:aws:s3:::films/x, and 1 more through roles; 1 cannot themselves.

    By statement 1 of the policy `own` of the role reader, acme/111100000000/iam.json:1:543
      role reader, in films-prod

    Because nothing denies it
      the root user, in films-prod

    Through roles that they assume
      user erin in 111100000000 (films-prod) → role reader
          by statement 1 of the trust policy of arn:aws:iam::111100000000:role/reader, acme/111100000000/iam.json:1:346

    Cannot
      1  neither their own policies nor the resource's let them
    ");
}

#[test]
fn json_has_a_request_for_each_line_that_decide_allows() {
    let folder = folder(Value::Null);
    let answer = folder.run(&format!("{ASKED} --format json")).ends(0, &[]).json();
    assert_eq!(answer["schema"], "palisade/who-can/v1");
    assert_eq!(answer["can"].as_array().unwrap().len(), 3);
    for grant in answer["can"].as_array().unwrap() {
        let witness = &grant["witness"];
        let word = |name: &str| witness[name].as_str().unwrap().to_owned();
        let asked = format!(
            "iam decide --estate acme --principal {} --action {} --resource {} --expect Allowed",
            word("principal"),
            word("action"),
            word("resource")
        );
        folder.run(&asked).ends(0, &["Allowed"]);
    }
}

#[test]
fn what_a_policy_would_change_is_asked_with_it() {
    let folder = folder(Value::Null);
    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"}]});
    folder.write("open.json", open.to_string());
    folder
        .run(&format!("{ASKED} --resource-policy open.json"))
        .ends(0, &["ANYBODY in the world, without credentials"]);
    folder
        .run("iam who-can s3:GetObject arn:aws:s3:::nothing/x --estate acme --resource-policy open.json")
        .ends(2, &["the estate does not hold `arn:aws:s3:::nothing/x`"]);
}

#[test]
fn what_is_open_to_the_world_ends_with_one() {
    folder(Value::Null).run("iam public --estate acme").ends(0, &["Nothing is open to anybody in the world"]);
    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"},
        {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "999900000000"}, "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::films/*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]});
    let folder = folder(open);
    folder
        .run("iam public --estate acme")
        .ends(1, &["1 resource is open", "statement `All`", "as in anonymous"]);
    let said = folder.run("iam external --estate acme").ends(1, &[]).said();
    insta::assert_snapshot!(said.trim(), @r"
    1 resource is open to other accounts, of 2 with a policy.

    arn:aws:s3:::films in 111100000000 (films-prod)
      ANYBODY in the world, without credentials: read s3:GetObject
          by statement `All` of the policy of arn:aws:s3:::films, acme/111100000000/resource-policies.json:1:89
          as in anonymous → s3:GetObject arn:aws:s3:::films/*
      whomever account 999900000000 lets (outside): write s3:PutObject
          by statement `Partner` of the policy of arn:aws:s3:::films, acme/111100000000/resource-policies.json:1:194
          if aws:SourceIp is in 203.0.113.0/24
          as in arn:aws:iam::999900000000:user/somebody → s3:PutObject arn:aws:s3:::films/* with aws:sourceip=203.0.113.9
    ");
}

#[test]
fn what_is_missing_ends_with_three_unless_it_may_be() {
    let folder = folder(Value::Null);
    let asked = "iam who-can sqs:SendMessage arn:aws:sqs:eu-west-1:999900000000:q --estate acme";
    folder.run(asked).ends(3, &["Not known", "account 999900000000 is outside of the estate"]);
    folder.run(&format!("{asked} --allow-unknown")).ends(0, &[]);
}

#[test]
fn what_somebody_can_is_told_by_service() {
    let folder = folder(Value::Null);
    let said = folder.run("iam can arn:aws:iam::111100000000:role/reader --estate acme").ends(0, &[]).said();
    insta::assert_snapshot!(said.trim(), @r"
    arn:aws:iam::111100000000:role/reader can do 1 action of 1 service.

    on arn:aws:s3:::films/*
      s3  read GetObject
      by statement 1 of the policy `own` of the role reader, acme/111100000000/iam.json:1:543
    ");
    folder
        .run("iam can arn:aws:iam::111100000000:role/raeder --estate acme")
        .ends(2, &["did you mean `arn:aws:iam::111100000000:role/reader`?"]);
}

#[test]
fn what_is_no_question_is_refused() {
    let folder = folder(Value::Null);
    folder.run("iam who-can nonsense --estate acme").ends(2, &["`nonsense` is no action"]);
    folder.run("iam who-can s3:GetObject nonsense --estate acme").ends(2, &["`nonsense` is no resource"]);
    folder.run("iam who-can s3:GetObject arn:aws:s3:::films/x").ends(2, &["--estate"]);
    folder.run("iam public --estate nowhere").ends(2, &["nowhere"]);
}
