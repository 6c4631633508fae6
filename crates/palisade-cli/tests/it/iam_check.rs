//! `palisade iam check`: what a pipeline sees of a proof.

use crate::folder::run;

fn policy(statement: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)
}

fn check(arguments: &str, code: i32, says: &[&str]) {
    let (read, reads) = (
        policy(
            r#"{"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"}"#,
        ),
        policy(
            r#"{"Sid": "Reads", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::films/*"}"#,
        ),
    );
    let public = policy(
        r#"{"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"}"#,
    );
    let broken = policy(r#"{"Effect": "Allow", "Action": "s3:GetObject"}"#);
    let files = [
        ("read.json", read.as_str()),
        ("reads.json", reads.as_str()),
        ("public.json", public.as_str()),
        ("broken.json", broken.as_str()),
    ];
    run(&format!("iam check {arguments}"), &files).ends(code, says);
}

#[test]
fn what_holds_ends_with_0_and_what_does_not_with_1_and_a_request() {
    check("no-new-access reads.json read.json", 0, &["Holds"]);
    check(
        "no-new-access read.json reads.json",
        1,
        &["Violated", "arn:aws:s3:::films/", "`Reads`", "reads.json:1:"],
    );
    check("access-not-granted reads.json --actions s3:Put* iam:*", 0, &["Holds"]);
    check("access-not-granted reads.json --actions s3:* --resources arn:aws:s3:::films/a", 1, &["films/a"]);
    check("no-public-access public.json --type AWS::S3::Bucket", 1, &["stranger"]);
    check("equivalent read.json read.json --format json", 0, &[r#""answer": "holds""#]);
    check("redundant read.json reads.json", 1, &["`Read` at read.json:1:"]);
}

#[test]
fn what_was_not_decided_ends_with_3_and_what_could_not_be_asked_with_2() {
    check("no-new-access read.json reads.json --steps 0", 3, &["Unknown", "0 steps"]);
    check("no-new-access read.json broken.json", 2, &["AWS would not store"]);
    check("no-new-access read.json missing.json", 2, &["missing.json"]);
    check("no-public-access public.json --type bucket", 2, &["AWS::S3::Bucket"]);
}

const TERRAFORM: &str = r#"
resource "aws_s3_bucket" "films" {
  bucket = "films"
}

resource "aws_s3_bucket_policy" "films" {
  bucket = aws_s3_bucket.films.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Read"
      Effect    = "Allow"
      Principal = { AWS = "111122223333" }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::films/*"
    }]
  })
}

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::films"]
  }
}

resource "aws_iam_policy" "reader" {
  name   = "reader"
  policy = data.aws_iam_policy_document.reader.json
}

resource "aws_iam_role_policy" "deploy" {
  role   = "deploy"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.films.arn },
      { Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::films/*" },
    ]
  })
}

resource "aws_kms_key" "films" {}
"#;

fn sources(arguments: &str, change: (&str, &str), code: i32, says: &[&str]) {
    assert!(TERRAFORM.contains(change.0), "{}", change.0);
    let new = TERRAFORM.replace(change.0, change.1);
    let files = [("old/main.tf", TERRAFORM), ("new/main.tf", new.as_str())];
    run(&format!("iam check {arguments}"), &files).ends(code, says);
}

#[test]
fn policies_in_terraform_are_compared_by_their_address_and_shown_at_their_lines() {
    let compare = |change, code, says: &[&str]| sources("no-new-access old new", change, code, says);
    compare(("s3:ListBucket", "s3:ListBucket"), 0, &["3 policies: 3 hold"]);
    compare(
        (r#"{ AWS = "111122223333" }"#, r#""*""#),
        1,
        &["policy of aws_s3_bucket.films", "anonymous", "`Read` allows it: new/main.tf:10:"],
    );
    compare(
        (r#"["s3:ListBucket"]"#, r#"["s3:ListBucket", "s3:Put*"]"#),
        1,
        &["document of aws_iam_policy.reader", "s3:Put", "`List`", "new/main.tf:21:"],
    );
    let renamed = (r#""aws_iam_policy" "reader""#, r#""aws_iam_policy" "other""#);
    compare(renamed, 1, &["document of aws_iam_policy.other"]);
}

#[test]
fn what_is_known_only_after_apply_is_unknown_unless_it_is_the_same() {
    let compare = |change, code, says: &[&str]| sources("no-new-access old new", change, code, says);
    compare(
        ("Resource = aws_kms_key.films.arn", "Resource = aws_kms_key.films.id"),
        3,
        &["document of aws_iam_role_policy.deploy", "`aws_kms_key.films.id` is known only after apply"],
    );
    // Beside a statement that stays as it is, what changes is still compared.
    let read = r#""s3:GetObject", Resource = "arn:aws:s3:::films/*""#;
    compare((read, r#""s3:GetObject", Resource = "arn:aws:s3:::films/a""#), 0, &["3 hold"]);
    compare((read, r#""s3:GetObject", Resource = "*""#), 3, &["aws_iam_role_policy.deploy"]);
}

#[test]
fn the_other_questions_are_asked_of_each_policy_that_a_source_declares() {
    let public = (r#"{ AWS = "111122223333" }"#, r#""*""#);
    sources("no-public-access new", public, 1, &["policy of aws_s3_bucket.films", "1 policy:"]);
    sources("no-public-access old", public, 0, &["1 policy: 1 hold"]);
    sources("access-not-granted old --actions iam:*", public, 3, &["3 policies: 2 hold", "after apply"]);
    let granted = "access-not-granted old --actions s3:ListBucket";
    sources(granted, public, 1, &["document of aws_iam_policy.reader"]);
    sources("redundant old", public, 3, &["after apply"]);
    let sarif = [r#""ruleId": "iam/no-new-access""#, r#""uri": "new/main.tf""#, r#""startLine": 10"#];
    sources("no-new-access old new --format sarif", public, 1, &sarif);
    let json = [r#""answer": "violated""#, r#""policy": "policy of aws_s3_bucket.films""#, r#""anonymous""#];
    sources("no-new-access old new --format json", public, 1, &json);
}

#[test]
fn templates_are_compared_too_and_a_policy_with_a_source_is_not() {
    let template = |action: &str| {
        format!(
            r"Resources:
  Reader:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Action: {action}
            Resource: !Sub 'arn:aws:s3:::films/*'
"
        )
    };
    let (old, new) = (template("s3:GetObject"), template("s3:Get*"));
    let read = policy(r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#);
    let files = [("old.yaml", old.as_str()), ("new.yaml", new.as_str()), ("read.json", read.as_str())];
    let check = |arguments: &str, code: i32, says: &[&str]| {
        run(&format!("iam check {arguments}"), &files).ends(code, says);
    };
    check("no-new-access old.yaml new.yaml", 1, &["document of Reader", "new.yaml:8:"]);
    check("no-new-access new.yaml old.yaml", 0, &["1 hold"]);
    check("equivalent old.yaml old.yaml", 0, &["1 hold"]);
    check("no-new-access read.json new.yaml", 2, &["the other declares policies"]);
    check("no-public-access read.json", 2, &["--type"]);
}

#[test]
fn a_guardrail_that_denies_less_or_is_gone_is_no_small_thing() {
    let scp = |deny: &str| {
        format!(
            r#"resource "aws_organizations_policy" "p" {{
  name    = "p"
  type    = "SERVICE_CONTROL_POLICY"
  content = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Deny", Action = [{deny}], Resource = "*" }}]
  }})
}}
"#
        )
    };
    let (both, one) = (scp(r#""cloudtrail:StopLogging", "config:*""#), scp(r#""config:*""#));
    let files = [
        ("both/main.tf", both.as_str()),
        ("one/main.tf", one.as_str()),
        ("none/main.tf", "resource \"aws_kms_key\" \"k\" {}\n"),
    ];
    let check = |arguments: &str, code: i32, says: &[&str]| {
        run(&format!("iam check no-new-access {arguments}"), &files).ends(code, says);
    };
    check("both one", 1, &["cloudtrail:StopLogging"]);
    check("one both", 0, &["1 hold"]);
    check("both none", 3, &["it is gone"]);
    check("none both", 0, &["1 hold"]);
}

#[test]
fn statements_of_service_control_policies_are_asked_about_over_all_levels() {
    let all = policy(r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let trails = policy(r#"{"Sid": "Trails", "Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}"#);
    let logs =
        policy(r#"{"Sid": "Logs", "Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}"#);
    let files = [("all.json", all.as_str()), ("trails.json", trails.as_str()), ("logs.json", logs.as_str())];
    let check = |arguments: &str, code: i32, says: &[&str]| {
        run(&format!("iam check redundant {arguments}"), &files).ends(code, says);
    };
    check(
        "--level root=all.json,trails.json --level account=all.json,logs.json",
        1,
        &["`Logs` at logs.json"],
    );
    check("--level root=all.json,logs.json --level account=all.json", 0, &["Holds"]);
    check("--level root", 2, &["NAME=FILE"]);
}
