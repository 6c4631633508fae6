//! Questions asked of a small estate, and events replayed against it.

use crate::{Agreement, Asked, Identities, Replay};
use palisade_content::{load, shipped};
use palisade_iam::{Outcome, Question};
use palisade_kinds::resolve;
use palisade_model::{Attribute, Estate, Why};
use palisade_read_aws::{File, read};
use serde_json::{Value, json};

const ORGANISATION: &str = r#"{
  "Organization": {"Id": "o-acme", "MasterAccountId": "999900000000"},
  "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["999900000000"],
           "Units": [{"Id": "ou-1-prod", "Name": "Prod", "Accounts": ["111100000000", "222200000000"]}]},
  "Policies": [
    {"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "ou-1-prod", "111100000000", "222200000000"]},
    {"Id": "p-regions", "Name": "our-regions", "Type": "SERVICE_CONTROL_POLICY", "TargetIds": ["ou-1-prod"],
     "Content": {"Version": "2012-10-17", "Statement": [{"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "s3:*", "sts:*"],
       "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]}}]
}"#;

const IAM: &str = r#"{
  "UserDetailList": [{"Arn": "arn:aws:iam::111100000000:user/staff/erin", "UserName": "erin", "UserId": "AIDAERIN", "Path": "/staff/",
    "GroupList": ["readers"], "Tags": [{"Key": "team", "Value": "films"}], "AttachedManagedPolicies": []}],
  "GroupDetailList": [{"Arn": "arn:aws:iam::111100000000:group/readers", "GroupName": "readers", "GroupPolicyList": [
    {"PolicyName": "read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*",
       "Condition": {"StringEquals": {"aws:PrincipalTag/team": "films"}}}]}}]}],
  "RoleDetailList": [
    {"Arn": "arn:aws:iam::111100000000:role/jobs/app", "RoleName": "app", "RoleId": "AROAAPP", "Path": "/jobs/",
     "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
       {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
     "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111100000000:policy/app"}],
     "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111100000000:policy/limit"}},
    {"Arn": "arn:aws:iam::111100000000:role/admin", "RoleName": "admin", "AttachedManagedPolicies": [
      {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
     "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
       {"Effect": "Allow", "Principal": {"AWS": "222200000000"}, "Action": "sts:AssumeRole"}]}},
    {"Arn": "arn:aws:iam::111100000000:role/audit", "RoleName": "audit", "AttachedManagedPolicies": [
      {"PolicyArn": "arn:aws:iam::aws:policy/SecurityAudit"}]}],
  "Policies": [
    {"Arn": "arn:aws:iam::111100000000:policy/app", "PolicyName": "app", "PolicyVersionList": [{"IsDefaultVersion": true,
      "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*", "ec2:*"], "Resource": "*"}]}}]},
    {"Arn": "arn:aws:iam::111100000000:policy/limit", "PolicyName": "limit", "PolicyVersionList": [{"IsDefaultVersion": true,
      "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "sqs:*", "ec2:*"], "Resource": "*"}]}}]}]
}"#;

const RESOURCES: &str = r#"{"Resources": [
  {"Arn": "arn:aws:s3:::films", "Policy": {"Version": "2012-10-17", "Statement": [
    {"Sid": "NoScripts", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::films/secret/*"}]}},
  {"Arn": "arn:aws:s3:::plain", "Policy": null}, {"Arn": "arn:aws:s3:::unread"},
  {"Arn": "arn:aws:s3:::tls", "Policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}},
  {"Arn": "arn:aws:sqs:eu-west-1:111100000000:jobs", "Policy": null}], "Complete": ["AWS::SQS::Queue"]}"#;

fn estate() -> Estate {
    let files = [
        ("organisation.json", ORGANISATION),
        ("111100000000/iam.json", IAM),
        ("111100000000/resource-policies.json", RESOURCES),
    ];
    let file = |(path, text): (&str, &str)| File { path: path.into(), shown: path.into(), text: text.into() };
    let export = read(&files.map(file));
    assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
    let (library, _) = load(&shipped());
    Estate {
        resources: resolve(export.resources, library.kinds()),
        accounts: export.accounts,
        organisation: export.organisation,
    }
}

/// Asks each line (`who action resource`) and holds the answer (`outcome: part of the explanation`).
#[track_caller]
fn check(lines: &[(&str, &str)]) {
    let estate = estate();
    let identities = Identities::new(&estate);
    for (asked, expected) in lines {
        let words: Vec<&str> = asked.split_whitespace().collect();
        let mut question = Asked::new(words[0], words[1], words[2]);
        for word in &words[3..] {
            let (key, value) = word.split_once('=').unwrap();
            question.context.push((key.to_owned(), palisade_iam::Entry::value(value)));
        }
        let (request, policies) = identities.question(&question).unwrap();
        let question = Question::new(request, policies);
        let explanation = palisade_iam::explain(&question);
        let said = format!("{:?}: {} {:?}", question.decide().outcome, explanation.why, explanation.open);
        for part in expected.split(" … ") {
            assert!(said.contains(part), "{asked}\n  is {said}\n  and {part} was expected");
        }
    }
}

const APP: &str = "arn:aws:iam::111100000000:role/jobs/app";

#[test]
fn policies_of_groups_boundaries_buckets_and_units_all_count() {
    let erin = "arn:aws:iam::111100000000:user/staff/erin";
    check(&[
        (
            &format!("{erin} s3:GetObject arn:aws:s3:::plain/k"),
            "Allowed … the policy `read` of the group readers",
        ),
        (&format!("{erin} s3:PutObject arn:aws:s3:::plain/k"), "ImplicitlyDenied … identity policies"),
        (&format!("{erin} s3:GetObject arn:aws:s3:::films/secret/k"), "ExplicitlyDenied … NoScripts"),
        (&format!("{APP} s3:GetObject arn:aws:s3:::plain/k"), "Allowed"),
        (&format!("{APP} s3:PutObject arn:aws:s3:::plain/k"), "ImplicitlyDenied … permissions boundary"),
        (&format!("{APP} sqs:SendMessage arn:aws:sqs:eu-west-1:111100000000:jobs"), "Allowed"),
        (
            &format!("{APP} sqs:SendMessage arn:aws:sqs:us-east-1:111100000000:jobs"),
            "ExplicitlyDenied … our-regions … the unit Prod",
        ),
        (&format!("{APP} ec2:DescribeInstances * aws:RequestedRegion=eu-west-1"), "Allowed"),
        ("arn:aws:sts::111100000000:assumed-role/app/run s3:GetObject arn:aws:s3:::plain/k", "Allowed"),
        (
            "arn:aws:iam::111100000000:role/admin iam:CreateUser arn:aws:iam::111100000000:user/x",
            "Allowed … AdministratorAccess",
        ),
        ("lambda.amazonaws.com sts:AssumeRole arn:aws:iam::111100000000:role/jobs/app", "Allowed"),
        ("ec2.amazonaws.com sts:AssumeRole arn:aws:iam::111100000000:role/jobs/app", "ImplicitlyDenied"),
    ]);
}

#[test]
fn what_the_estate_does_not_hold_is_unknown_with_its_reason() {
    check(&[
        (
            "arn:aws:iam::111100000000:role/audit s3:GetObject arn:aws:s3:::plain/k",
            "Unknown … document of this policy of AWS",
        ),
        (
            "arn:aws:iam::111100000000:role/gone s3:GetObject arn:aws:s3:::plain/k",
            "Unknown … holds no such role",
        ),
        (
            "arn:aws:iam::222200000000:role/x s3:GetObject arn:aws:s3:::plain/k",
            "ImplicitlyDenied … the resource policy",
        ),
        (
            "arn:aws:iam::222200000000:role/x sts:AssumeRole arn:aws:iam::111100000000:role/admin",
            "Unknown … 222200000000",
        ),
        (
            "arn:aws:iam::333300000000:role/x sts:AssumeRole arn:aws:iam::111100000000:role/admin",
            "ImplicitlyDenied",
        ),
        (&format!("{APP} s3:GetObject arn:aws:s3:::unread/k"), "Unknown … says nothing of its policy"),
        (&format!("{APP} s3:GetObject arn:aws:s3:::elsewhere/k"), "Unknown … whose it is"),
        (&format!("{APP} s3:GetObject arn:aws:s3:::tls/k"), "Unknown … aws:SecureTransport"),
        (&format!("{APP} s3:GetObject arn:aws:s3:::tls/k aws:SecureTransport=true"), "Allowed"),
        (&format!("{APP} sqs:SendMessage arn:aws:sqs:eu-west-1:111100000000:not-there"), "Allowed"),
    ]);
}

#[test]
fn an_estate_that_says_nothing_of_an_organisation_leaves_it_open() {
    let mut estate = estate();
    estate.organisation = None;
    let answer = |estate: &Estate| {
        let (request, policies) = Identities::new(estate)
            .question(&Asked::new(APP, "s3:GetObject", "arn:aws:s3:::plain/k"))
            .unwrap();
        Question::new(request, policies).decide().outcome
    };
    assert_eq!(answer(&estate), Outcome::Unknown);
    for account in estate.accounts.values_mut() {
        let origin = palisade_model::Origin::Documented("the test".into());
        let none = palisade_model::Attribute::Absent(palisade_model::Meaning::Nothing, origin);
        account.attributes.insert("organisation".into(), none);
    }
    assert_eq!(answer(&estate), Outcome::Allowed);
}

#[test]
fn what_is_no_request_is_said() {
    let estate = estate();
    let identities = Identities::new(&estate);
    for (principal, action, resource, said) in [
        ("erin", "s3:GetObject", "*", "`erin` is no principal"),
        (APP, "GetObject", "*", "`GetObject` is no action"),
        (APP, "s3:GetObject", "films/k", "`films/k` is no resource"),
    ] {
        let wrong = identities.question(&Asked::new(principal, action, resource)).unwrap_err();
        assert!(wrong.contains(said), "{wrong}");
    }
}

/// An event of the role `app`.
fn event(source: &str, name: &str, asked: Value, error: Option<&str>) -> Value {
    let mut record = json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventID": "e-1",
        "eventTime": "2026-11-01T00:00:00Z", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.5",
        "recipientAccountId": "111100000000", "requestParameters": asked, "responseElements": null,
        "tlsDetails": {"tlsVersion": "TLSv1.3"},
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111100000000:assumed-role/app/run",
            "accountId": "111100000000", "accessKeyId": "ASIA1",
            "sessionContext": {"sessionIssuer": {"arn": APP}, "attributes": {"mfaAuthenticated": "false"}}},
    });
    if let Some(message) = error {
        record["errorCode"] = json!(if message.is_empty() { "ThrottlingException" } else { "AccessDenied" });
        record["errorMessage"] = json!(message);
    }
    record
}

fn replay(events: &[Value]) -> Agreement {
    let estate = estate();
    let identities = Identities::new(&estate);
    let mut replay = Replay::new(&identities);
    events.iter().for_each(|event| replay.event(event, None));
    let agreement = replay.finish();
    let Agreement { agree, disagree, unknown, failed, not_iam, unmapped, .. } = agreement;
    assert_eq!(agree + disagree + unknown + failed + not_iam + unmapped, agreement.events, "the sums add up");
    for (count, tallies) in [
        (unknown, &agreement.unknown_because),
        (failed, &agreement.failed_with),
        (not_iam, &agreement.not_iam_because),
        (unmapped, &agreement.unmapped_actions),
    ] {
        assert_eq!(tallies.iter().map(|tally| tally.events).sum::<u64>(), count);
    }
    assert_eq!(agreement.disagreements.iter().map(|it| it.events).sum::<u64>(), disagree);
    agreement
}

const BOUNDED: &str = "User: u is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::plain/k\" because no \
                       permissions boundary allows the s3:PutObject action";

#[test]
fn what_aws_did_and_what_the_policies_say_are_compared() {
    let agreement = replay(&[
        event("s3", "GetObject", json!({"bucketName": "plain", "key": "k"}), None),
        event("s3", "HeadObject", json!({"bucketName": "plain", "key": "k"}), None),
        event("s3", "PutObject", json!({"bucketName": "plain", "key": "k"}), Some(BOUNDED)),
        event(
            "sqs",
            "SendMessage",
            json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111100000000/jobs"}),
            None,
        ),
        event("ec2", "DescribeInstances", json!({}), None),
    ]);
    assert_eq!((agreement.agree, agreement.agree_for_another_reason), (5, 0), "{agreement:#?}");
    assert_eq!(agreement.rate(), Some(1.0));
}

#[test]
fn planted_outcomes_are_found() {
    let agreement = replay(&[
        event("s3", "GetObject", json!({"bucketName": "plain", "key": "k"}), Some("no")),
        event("s3", "PutObject", json!({"bucketName": "plain", "key": "k"}), None),
        event("s3", "PutObject", json!({"bucketName": "plain", "key": "other"}), None),
        event(
            "s3",
            "PutObject",
            json!({"bucketName": "plain", "key": "k"}),
            Some(&BOUNDED.replace("permissions boundary", "service control policy")),
        ),
    ]);
    assert_eq!((agreement.agree, agreement.disagree, agreement.agree_for_another_reason), (1, 3, 1));
    let [first, second] = &agreement.disagreements[..] else { panic!("{agreement:#?}") };
    assert_eq!(
        (first.events, first.action.as_str(), first.recorded.as_str()),
        (2, "s3:PutObject", "allowed")
    );
    assert!(first.why.contains("permissions boundary"), "{}", first.why);
    assert_eq!((second.recorded.as_str(), second.decided), ("denied", Outcome::Allowed));
}

#[test]
fn what_can_not_be_compared_is_counted_apart() {
    let mut sign_in = event("signin", "ConsoleLogin", json!(null), None);
    sign_in["eventType"] = json!("AwsConsoleSignIn");
    let mut without_tls = event("s3", "GetObject", json!({"bucketName": "tls", "key": "k"}), None);
    without_tls.as_object_mut().unwrap().remove("tlsDetails");
    let mut of_another = event("sts", "AssumeRole", json!({"roleArn": APP}), None);
    of_another["userIdentity"] =
        json!({"type": "AWSAccount", "accountId": "333300000000", "principalId": "AROA:x"});
    let agreement = replay(&[
        sign_in,
        without_tls,
        of_another,
        event("s3", "GetObject", json!({"bucketName": "plain", "key": "k"}), Some("")),
        event("s3", "DoSomething", json!({}), None),
        event("sqs", "SendMessage", json!({}), None),
        json!({}),
        json!("no record"),
    ]);
    assert_eq!((agreement.agree, agreement.disagree), (0, 0), "{agreement:#?}");
    assert_eq!((agreement.not_iam, agreement.unknown, agreement.failed, agreement.unmapped), (1, 5, 1, 1));
    assert_eq!(agreement.rate(), None);
    assert_eq!(agreement.unmapped_actions[0].what, "s3:DoSomething");
}

#[test]
fn a_session_has_the_policy_that_it_was_made_with() {
    let mut made = event(
        "sts",
        "AssumeRole",
        json!({"roleArn": APP, "policy":
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}"#}),
        None,
    );
    made["userIdentity"] = json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"});
    made["responseElements"] = json!({"credentials": {"accessKeyId": "ASIA1"}});
    let read = event("s3", "GetObject", json!({"bucketName": "plain", "key": "k"}), None);
    let agreement = replay(&[made, read.clone()]);
    assert_eq!((agreement.agree, agreement.disagree), (1, 1), "{agreement:#?}");
    assert!(agreement.disagreements[0].why.contains("session policy"));
    assert_eq!(replay(&[read]).disagree, 0);
}

/// What a question comes to in an estate of this organisation, of a user who may do everything, and of buckets.
fn outcome(
    policies: Value,
    buckets: Value,
    asked: (&str, &str, &str),
    change: impl Fn(&mut Estate),
) -> Outcome {
    let statement = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let organisation = json!({
        "Organization": {"Id": "o-acme", "MasterAccountId": "999900000000"},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["999900000000", "111100000000", "222200000000"]},
        "Policies": policies,
    });
    let user = |account: &str| {
        json!({"UserDetailList": [{"Arn": format!("arn:aws:iam::{account}:user/erin"), "UserName": "erin",
            "UserPolicyList": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": statement}}]}]})
    };
    let files = [
        ("organisation.json", organisation),
        ("111100000000/iam.json", user("111100000000")),
        ("222200000000/iam.json", user("222200000000")),
        ("111100000000/resource-policies.json", json!({ "Resources": buckets })),
    ];
    let file = |(path, value): &(&str, Value)| File {
        path: (*path).into(),
        shown: (*path).into(),
        text: value.to_string().into(),
    };
    let export = read(&files.iter().map(file).collect::<Vec<_>>());
    assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
    let (library, _) = load(&shipped());
    let mut estate = Estate {
        resources: resolve(export.resources, library.kinds()),
        accounts: export.accounts,
        organisation: export.organisation,
    };
    change(&mut estate);
    let (who, action, resource) = asked;
    let (request, policies) = Identities::new(&estate).question(&Asked::new(who, action, resource)).unwrap();
    Question::new(request, policies).decide().outcome
}

#[test]
fn a_policy_that_may_be_attached_elsewhere_leaves_its_layer_open() {
    let policies = || {
        json!([
            {"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "111100000000", "222200000000"]},
            {"Id": "p-none", "Name": "none", "Type": "SERVICE_CONTROL_POLICY", "TargetIds": ["222200000000"],
             "Content": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}},
        ])
    };
    let check = |account: &str, is_open: bool, expected: Outcome| {
        let change = |estate: &mut Estate| {
            for resource in estate.resources.iter_mut().filter(|of| of.attributes.contains_key("targets")) {
                let is_it = matches!(resource.attributes.get("name"), Some(Attribute::Known(name)) if name.text() == Some("none"));
                if let (true, Some(Attribute::Known(node))) =
                    (is_it && is_open, resource.attributes.get_mut("targets"))
                    && let palisade_model::Value::List(list) = &mut node.value
                {
                    list.more = Some(Why::Denied("organizations:ListTargetsForPolicy".into()).into());
                }
            }
        };
        let who = format!("arn:aws:iam::{account}:user/erin");
        let queue = format!("arn:aws:sqs:eu-west-1:{account}:jobs");
        let found = outcome(
            policies(),
            json!([{"Arn": queue, "Policy": null}]),
            (&who, "sqs:SendMessage", &queue),
            change,
        );
        assert_eq!(found, expected, "{account} {is_open}");
    };
    check("111100000000", false, Outcome::Allowed);
    check("111100000000", true, Outcome::Unknown);
    check("222200000000", false, Outcome::ExplicitlyDenied);
    check("222200000000", true, Outcome::ExplicitlyDenied);
}
