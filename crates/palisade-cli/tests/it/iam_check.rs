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
