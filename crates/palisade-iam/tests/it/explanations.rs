//! Explanations as people see them.

use palisade_iam::{Case, explain};
use serde_json::{Value as Json, json};

fn text(case: &Json) -> String {
    let case = Case::parse(&case.to_string(), &"case.json".into(), 1).unwrap();
    explain(&case.question).to_text()
}

fn case(identity: Json) -> Json {
    json!({
        "request": {
            "principal": "arn:aws:iam::111122223333:user/erin", "action": "s3:PutObject",
            "resource": "arn:aws:s3:::reports/k", "resourceAccount": "111122223333",
        },
        "identity": [{"name": "erins-policy", "policy": {"Version": "2012-10-17", "Statement": [identity]}}],
    })
}

fn allow(action: &str, resource: &str) -> Json {
    json!({"Sid": "Reports", "Effect": "Allow", "Action": action, "Resource": resource})
}

fn says(case: &Json, expected: &[&str]) {
    let text = text(case);
    for expected in expected {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
}

#[test]
fn a_denial_names_the_statement_that_denies_and_where_it_stands() {
    let mut denied = case(allow("s3:*", "*"));
    denied["scps"] = json!([{"at": "r-root", "policies": [{"name": "FullAWSAccess", "policy": {"Version": "2012-10-17", "Statement": [allow("*", "*")]}},
        {"name": "no-writes", "policy": {"Version": "2012-10-17", "Statement": [{"Sid": "NoWrites", "Effect": "Deny", "Action": "s3:Put*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "data"}}}]}}]}]);
    says(
        &denied,
        &[
            "Denied (by a statement): arn:aws:iam::111122223333:user/erin asks for s3:PutObject on arn:aws:s3:::reports/k.",
            "Because statement 1 (`NoWrites`) of no-writes at r-root, case.json:1:",
            "(a service control policy: what accounts of the organisation may do at most) denies it, and a denial always wins",
            "It applies here: `aws:PrincipalTag/team` (a tag of the caller) is not `data` (StringNotEquals): the request has none.",
            "the service control policies    denies: statement 1 (`NoWrites`)",
            "the identity policies           allows: statement 1 (`Reports`) of erins-policy",
            "1. send the request so that `aws:PrincipalTag/team` (a tag of the caller) is `data`; or make an exception in statement 1 (`NoWrites`)",
        ],
    );
}

#[test]
fn a_near_miss_says_which_element_missed_and_how_to_mend_it() {
    says(
        &case(allow("s3:PutObject", "arn:aws:s3:::report/*")),
        &[
            "Denied (nothing allows it)",
            "nothing denies it, but the identity policies do not allow it",
            "Resource: it asks for `arn:aws:s3:::report/*`; the request has `arn:aws:s3:::reports/k`",
            "1. add `arn:aws:s3:::reports/k` to the `Resource` of statement 1 (`Reports`) of erins-policy",
        ],
    );
    says(
        &case(allow("s3:GetObject", "arn:aws:s3:::reports/*")),
        &[
            "Action: it asks for `s3:GetObject`; the request has `s3:PutObject`",
            "1. add `s3:PutObject` to the `Action` of statement 1",
        ],
    );
    let mut by_tag = allow("s3:*", "arn:aws:s3:::reports/*");
    by_tag["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": "data"}});
    says(
        &case(by_tag),
        &[
            "Condition: it asks that `aws:PrincipalTag/team` (a tag of the caller) is `data` (StringEquals); the request has none",
            "1. send the request so that `aws:PrincipalTag/team` (a tag of the caller) is `data` (StringEquals); or widen that condition of statement 1",
        ],
    );
}

#[test]
fn every_layer_in_the_way_is_part_of_the_change() {
    let mut blocked = case(allow("ec2:*", "*"));
    blocked["boundaries"] = json!([{"Version": "2012-10-17", "Statement": [allow("ec2:*", "*")]}]);
    blocked["scps"] = json!([{"at": "r-root", "policies": []}]);
    says(
        &blocked,
        &[
            "allow `s3:PutObject` in a service control policy at r-root",
            "add to an identity policy: {\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\"",
            "add to the permissions boundary: {",
        ],
    );
    assert!(!text(&blocked).contains("and more than that"));
}

#[test]
fn what_is_not_known_is_named_with_its_reason() {
    let mut open = case(allow("s3:*", "*"));
    open["boundaries"] = json!([{"unknown": "iam:GetPolicyVersion was denied"}]);
    says(
        &open,
        &[
            "Not known: arn:aws:iam::111122223333:user/erin asks",
            "it depends on what is not known: the permissions boundary `permissions boundary`",
            "iam:GetPolicyVersion was denied",
        ],
    );
}

#[test]
fn an_allowance_says_what_would_have_to_go() {
    says(
        &case(allow("s3:*", "*")),
        &[
            "Allowed: ",
            "Because statement 1 (`Reports`) of erins-policy, case.json:1:",
            "To deny it:\n  1. remove statement 1 (`Reports`) of erins-policy",
        ],
    );
}

#[test]
fn rules_beside_all_policies_are_told() {
    let mut always = case(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    always["request"]["action"] = json!("sts:GetCallerIdentity");
    says(&always, &["Allowed: ", "AWS always tells callers who they are", "no policy changes this"]);
}

#[test]
fn a_statement_of_the_access_point_is_named_like_any_other() {
    let statement = |effect: &str| {
        json!({"Sid": "Point", "Effect": effect, "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/web/object/*"})
    };
    let mut denied = case(allow("s3:*", "*"));
    denied["resource"] = json!({"accessPoint": {"arn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/web", "account": "111122223333",
        "policy": {"Version": "2012-10-17", "Statement": [statement("Deny")]}}});
    says(
        &denied,
        &[
            "Because statement 1 (`Point`) of access point policy, case.json:1:",
            "the access point                denies: statement 1 (`Point`)",
            "1. make an exception in statement 1 (`Point`) of access point policy",
        ],
    );
    let mut silent = case(allow("s3:*", "*"));
    silent["request"]["principal"] = json!("arn:aws:iam::444455556666:user/oleg");
    silent["resourcePolicy"] = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]});
    let mut missed = statement("Allow");
    missed["Action"] = json!("s3:GetObject");
    silent["resource"] = json!({"accessPoint": {"arn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/web", "account": "111122223333",
        "policy": {"Version": "2012-10-17", "Statement": [missed]}}});
    says(
        &silent,
        &[
            "but the access point does not allow it",
            "1. add `s3:PutObject` to the `Action` of statement 1 (`Point`)",
        ],
    );
}

#[test]
fn the_day_is_told_on_which_a_service_was_beyond_resource_control_policies() {
    let mut beyond = case(allow("*", "*"));
    beyond["request"]["action"] = json!("lambda:InvokeFunction");
    beyond["request"]["resource"] = json!("arn:aws:lambda:eu-west-1:111122223333:function:f");
    beyond["rcps"] = json!([{"at": "r-root", "policies": []}]);
    says(&beyond, &["they do not act on `lambda`, as of 20"]);
}

#[test]
fn of_two_statements_that_miss_the_narrow_one_is_to_be_widened() {
    let mut missed = case(allow("s3:*", "*"));
    missed["request"]["principal"] = json!("arn:aws:sts::444455556666:assumed-role/etl/run");
    let statement = |sid: &str, action: &str, role: &str| {
        json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::444455556666:role/{role}")},
            "Action": action, "Resource": "*"})
    };
    missed["resourcePolicy"] = json!({"Version": "2012-10-17", "Statement": [
        statement("Administrators", "s3:*", "admin"), statement("Writers", "s3:PutObject", "writer")]});
    // A role is let in by its name, not by that of one session.
    says(
        &missed,
        &["1. add `arn:aws:iam::444455556666:role/etl` to the `Principal` of statement 2 (`Writers`)"],
    );
}

#[test]
fn a_grant_that_is_needed_beside_policies_is_a_layer_of_its_own() {
    let mut ungranted = case(allow("s3:*", "*"));
    ungranted["request"]["action"] = json!("s3:GetDataAccess");
    ungranted["request"]["resource"] = json!("arn:aws:s3:eu-west-1:111122223333:access-grants/default");
    says(
        &ungranted,
        &[
            "but grants do not allow it",
            "grants                          does not allow (S3 Access Grants, which are asked for besides the policies)",
            "1. give arn:aws:iam::111122223333:user/erin what it asks for by S3 Access Grants",
        ],
    );
}

#[test]
fn a_silent_resource_policy_is_not_needed_within_the_account() {
    says(
        &case(allow("s3:Get*", "*")),
        &[
            "the resource policy             is not needed (there is none; within one account the others are enough)",
        ],
    );
}
