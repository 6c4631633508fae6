//! `palisade iam`: decisions, explanations, and trails replayed.

use crate::folder::{Folder, Output};
use serde_json::{Value, json};

const ORGANISATION: &str = r#"{
  "Organization": {"Id": "o-acme", "MasterAccountId": "999900000000"},
  "Root": {"Id": "r-1", "Name": "Root", "Accounts": ["999900000000"],
           "Units": [{"Id": "ou-1-prod", "Name": "Prod", "Accounts": ["111100000000"]}]},
  "Accounts": [{"Id": "111100000000", "Name": "films-prod"}],
  "Policies": [
    {"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "ou-1-prod", "111100000000"]},
    {"Id": "p-regions", "Name": "our-regions", "Type": "SERVICE_CONTROL_POLICY", "TargetIds": ["ou-1-prod"], "Content": {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "s3:*", "sts:*"], "Resource": "*",
          "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
        }
      ]}}]
}
"#;

const IAM: &str = r#"{
  "UserDetailList": [{
    "Arn": "arn:aws:iam::111100000000:user/erin", "UserName": "erin", "UserId": "AIDAERIN",
    "GroupList": ["readers"], "AttachedManagedPolicies": []}],
  "GroupDetailList": [{
    "Arn": "arn:aws:iam::111100000000:group/readers", "GroupName": "readers",
    "GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Films", "Effect": "Allow",
          "Action": ["s3:GetObject", "s3:ListBucket"],
          "Resource": "arn:aws:s3:::films/public/*"
        },
        {
          "Sid": "FromTheOffice", "Effect": "Allow",
          "Action": "s3:PutObject",
          "Resource": "arn:aws:s3:::films/*",
          "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
        }
      ]}}]}],
  "RoleDetailList": [{
    "Arn": "arn:aws:iam::111100000000:role/app", "RoleName": "app", "RoleId": "AROAAPP",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111100000000:policy/app"}],
    "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111100000000:policy/limit"}}],
  "Policies": [
    {"Arn": "arn:aws:iam::111100000000:policy/app", "PolicyName": "app", "PolicyVersionList": [{"IsDefaultVersion": true,
      "Document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]}}]},
    {"Arn": "arn:aws:iam::111100000000:policy/limit", "PolicyName": "limit", "PolicyVersionList": [{"IsDefaultVersion": true,
      "Document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "sqs:*"], "Resource": "*"}]}}]}]
}
"#;

const RESOURCES: &str = r#"{
  "Resources": [
    {"Arn": "arn:aws:s3:::films", "Policy": {"Version": "2012-10-17", "Statement": [
      {"Sid": "Vault", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::films/public/vault/*"}]}},
    {"Arn": "arn:aws:s3:::unread", "Unread": "s3:GetBucketPolicy was denied"}
  ],
  "Complete": ["AWS::SQS::Queue"]
}
"#;

const ERIN: &str = "--principal arn:aws:iam::111100000000:user/erin";
const APP: &str = "--principal arn:aws:iam::111100000000:role/app";

fn acme() -> Folder {
    Folder::new(&[
        ("acme/organisation.json", ORGANISATION),
        ("acme/111100000000/iam.json", IAM),
        ("acme/111100000000/resource-policies.json", RESOURCES),
    ])
}

/// Explains a request of the estate, and holds the whole text.
fn explains(name: &str, asked: &str, code: i32) {
    let output = acme().run(&format!("iam explain --estate acme {asked}")).ends(code, &[]);
    insta::with_settings!({description => asked, omit_expression => true}, {
        insta::assert_snapshot!(name, format!("{}{}", output.stdout, output.stderr));
    });
}

#[test]
fn denials_are_explained() {
    explains(
        "iam-not-allowed",
        &format!("{ERIN} --action s3:GetObject --resource arn:aws:s3:::films/private/1"),
        0,
    );
    explains(
        "iam-condition",
        &format!(
            "{ERIN} --action s3:PutObject --resource arn:aws:s3:::films/1 --context aws:SourceIp=198.51.100.7"
        ),
        0,
    );
    explains(
        "iam-bucket-denies",
        &format!("{ERIN} --action s3:GetObject --resource arn:aws:s3:::films/public/vault/1"),
        0,
    );
    explains("iam-boundary", &format!("{APP} --action s3:PutObject --resource arn:aws:s3:::films/1"), 0);
    explains(
        "iam-scp",
        &format!("{APP} --action sqs:SendMessage --resource arn:aws:sqs:us-east-1:111100000000:jobs"),
        0,
    );
    explains(
        "iam-trust",
        "--principal ec2.amazonaws.com --action sts:AssumeRole --resource arn:aws:iam::111100000000:role/app",
        0,
    );
    explains(
        "iam-anonymous",
        "--principal anonymous --action s3:GetObject --resource arn:aws:s3:::films/public/1",
        0,
    );
}

#[test]
fn what_is_allowed_and_what_is_not_known_are_explained() {
    explains(
        "iam-allowed",
        &format!("{ERIN} --action s3:GetObject --resource arn:aws:s3:::films/public/1"),
        0,
    );
    explains(
        "iam-unknown-condition",
        &format!("{ERIN} --action s3:PutObject --resource arn:aws:s3:::films/1"),
        3,
    );
    explains(
        "iam-unread-policy",
        &format!("{APP} --action s3:GetObject --resource arn:aws:s3:::unread/1"),
        3,
    );
    explains(
        "iam-no-such-user",
        "--principal arn:aws:iam::111100000000:user/erim --action s3:GetObject --resource arn:aws:s3:::films/public/1",
        3,
    );
}

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
const DENY: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}]}"#;

fn decides(files: &[(&str, &str)], asked: &str, code: i32, said: &[&str]) -> Output {
    let who = "--principal arn:aws:iam::111122223333:user/erin";
    Folder::new(files).run(&format!("iam decide {who} {asked}")).ends(code, said)
}

#[test]
fn policies_of_files_decide() {
    let files = [("allow.json", ALLOW), ("deny.json", DENY)];
    let put = "--action s3:PutObject --resource arn:aws:s3:::films/1";
    decides(&files, put, 0, &["ImplicitlyDenied\nNo policy of the user or its groups allows it."]);
    decides(
        &files,
        &format!("{put} --identity allow.json"),
        0,
        &["Allowed\nStatement `All` of allow.json allows it"],
    );
    decides(&files, &format!("{put} --identity allow.json --boundary deny.json"), 0, &["ExplicitlyDenied"]);
    decides(
        &files,
        &format!("{put} --identity allow.json --scp root=allow.json --scp prod=deny.json"),
        0,
        &["deny.json on prod (a service control policy"],
    );
    decides(
        &files,
        &format!("{put} --identity allow.json --scp root=allow.json --scp root=deny.json"),
        0,
        &["ExplicitlyDenied"],
    );
    decides(&files, &format!("{put} --identity allow.json --session deny.json"), 0, &["ExplicitlyDenied"]);
    let run = decides(&files, &format!("{put} --identity allow.json --format json"), 0, &[]);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["decision"], "Allowed");
    assert_eq!(answer["by"]["at"], "allow.json:1:41");
}

#[test]
fn an_expected_decision_sets_the_exit_code() {
    let files = [("allow.json", ALLOW)];
    let get = "--action s3:GetObject --resource arn:aws:s3:::films/1";
    decides(&files, &format!("{get} --identity allow.json --expect Allowed"), 0, &[]);
    decides(&files, &format!("{get} --identity allow.json --expect denied"), 1, &[]);
    decides(&files, &format!("{get} --expect Denied"), 0, &[]);
    decides(&files, &format!("{get} --expect ExplicitlyDenied"), 1, &[]);
    decides(&files, &format!("{get} --identity allow.json --expect perhaps"), 2, &["ExplicitlyDenied"]);
}

#[test]
fn what_can_not_be_asked_is_said() {
    let get = "--action s3:GetObject --resource arn:aws:s3:::films/1";
    for (asked, code, said) in [
        ("iam decide".to_owned(), 2, "nothing is asked"),
        (format!("iam decide --principal erin {get}"), 2, "`erin` is no principal"),
        (format!("iam decide --principal arn:aws:iam::1:group/g {get}"), 2, "is no principal"),
        ("iam decide --principal anonymous --action GetObject".to_owned(), 2, "`GetObject` is no action"),
        (
            "iam decide --principal anonymous --action s3:GetObject --resource films".to_owned(),
            2,
            "`films` is no resource",
        ),
        (
            format!("iam decide --principal anonymous {get} --identity gone.json"),
            2,
            "`gone.json` could not be read",
        ),
        (format!("iam decide --principal anonymous {get} --context aws:SourceIp"), 2, "a key and a value"),
        (format!("iam decide --principal anonymous {get} --estate gone"), 2, "`gone` could not be read"),
        (
            "iam decide --principal anonymous --action s3:GetObjetc --resource arn:aws:s3:::films/1"
                .to_owned(),
            0,
            "did you mean `s3:GetObject`?",
        ),
        (
            "iam decide --principal anonymous --action s4:GetObject --resource arn:aws:s3:::films/1"
                .to_owned(),
            0,
            "did you mean `s3:GetObject`?",
        ),
        (
            "iam decide --principal anonymous --action s3:ListAllMyBuckets --resource arn:aws:s3:::films"
                .to_owned(),
            0,
            "takes no resource",
        ),
        ("iam decide gone.json".to_owned(), 2, "`gone.json` could not be read"),
        ("iam decide --cases gone.jsonl".to_owned(), 2, "`gone.jsonl` could not be opened"),
        ("iam replay --estate gone --trail t".to_owned(), 2, "`gone` could not be read"),
    ] {
        Folder::new(&[]).run(&asked).ends(code, &[said]);
    }
}

#[test]
fn a_policy_that_aws_would_refuse_is_reported_and_grants_nothing() {
    let get = "--action s3:GetObject --resource arn:aws:s3:::films/1 --identity p.json";
    let deep = format!("{}{}", "{\"Statement\":[".repeat(10_000), "]}".repeat(10_000));
    let long = format!(
        "{{\"Version\": \"2012-10-17\", \"Statement\": [{}]}}",
        vec![r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#; 100_000].join(",")
    );
    // Of a text that ends too soon, what is missing might be anything.
    for (policy, decision, said) in [
        (
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resorce": "*"}]}"#,
            "ImplicitlyDenied",
            "`Resorce`",
        ),
        (
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "allow", "Action": "s3:*", "Resource": "*"}]}"#,
            "ImplicitlyDenied",
            "p.json:1:",
        ),
        ("[]", "ImplicitlyDenied", "p.json:1:1"),
        ("{", "ImplicitlyDenied", "p.json:1:2"),
        ("", "denied", "p.json"),
        (&deep, "ImplicitlyDenied", "p.json:1:"),
        (&long, "ImplicitlyDenied", "AWS stores none above"),
    ] {
        let run = decides(&[("p.json", policy)], get, 3, &[]);
        let answered = format!("{}{}", run.stdout, &run.stderr[..run.stderr.len().min(2_000)]);
        assert!(decision == "denied" || run.stdout.contains(decision), "{decision}: {answered}");
        assert!(run.stderr.contains(said), "{said}: {answered}");
    }
}

fn case(id: &str, action: &str) -> String {
    json!({"id": id, "request": {"principal": "arn:aws:iam::111122223333:user/erin", "action": action,
        "resource": "arn:aws:s3:::films/1", "resourceAccount": "111122223333"},
        "identity": [serde_json::from_str::<Value>(ALLOW).unwrap()], "expect": {"decision": "Allowed"}})
    .to_string()
}

#[test]
fn cases_are_decided_line_by_line() {
    let lines = format!("{}\n\n{}\r\n", case("one", "s3:GetObject"), case("two", "sqs:SendMessage"));
    let folder = Folder::new(&[("cases.jsonl", &lines)]);
    let run = folder.run("iam decide --cases cases.jsonl").ends(0, &[]);
    let answers: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        answers[0],
        json!({"id": "one", "decision": "Allowed", "blockedBy": [],
        "by": {"layer": "identity", "policy": "identity policy", "statement": 1, "sid": "All", "at": answers[0]["by"]["at"]}})
    );
    assert!(answers[0]["by"]["at"].as_str().unwrap().starts_with("cases.jsonl:1:"));
    assert_eq!((&answers[1]["id"], &answers[1]["blockedBy"]), (&json!("two"), &json!(["identity"])));
    assert_eq!(folder.run_with_input("iam decide --cases -", &lines).stdout.lines().count(), 2);
    folder
        .run("iam decide --cases cases.jsonl --check")
        .ends(1, &["cases.jsonl:3: `two` is ImplicitlyDenied", "1 of 2 cases are as expected"]);
}

#[test]
fn a_bad_line_is_reported_and_the_rest_is_decided() {
    let good = case("good", "s3:GetObject");
    let lines = format!("{{\n{good}\n{{\"id\": 1}}\nno json\n{good}\n");
    let folder = Folder::new(&[("cases.jsonl", &lines)]);
    let run = folder
        .run("iam decide --cases cases.jsonl")
        .ends(3, &["cases.jsonl:1:", "cases.jsonl:3:1", "no `request`", "cases.jsonl:4:1", "3 of 5 lines"]);
    assert_eq!(run.stdout.lines().count(), 2);
    folder.write("bytes.jsonl", [good.as_bytes(), b"\n{\"id\": \"\xff\"}\n"].concat());
    folder.run("iam decide --cases bytes.jsonl").ends(3, &["bytes.jsonl:2:9", "not UTF-8"]);
    folder.write("none.jsonl", "x\n");
    folder.run("iam decide --cases none.jsonl").ends(2, &["none.jsonl:1:1"]);
    folder.write("empty.jsonl", "");
    folder.run("iam decide --cases empty.jsonl").ends(2, &["holds no case"]);
}

#[test]
fn a_case_may_be_a_file_of_its_own_or_standard_input() {
    let pretty = serde_json::to_string_pretty(
        &serde_json::from_str::<Value>(&case("one", "s3:PutBucketPolicy")).unwrap(),
    )
    .unwrap();
    let folder = Folder::new(&[("case.json", &pretty)]);
    folder.run("iam decide case.json --expect Allowed").ends(0, &["Allowed"]);
    folder.run_with_input("iam explain -", &pretty).ends(0, &["Allowed: the user erin", "┌ -:"]);
    folder.run_with_input("iam explain -", "{}").ends(2, &["no `request`"]);
}

/// An event of the role `app`.
fn event(source: &str, name: &str, asked: Value, error: Option<&str>) -> String {
    let mut record = json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventID": name,
        "eventTime": "2026-11-01T00:00:00Z", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.5",
        "recipientAccountId": "111100000000", "requestParameters": asked, "tlsDetails": {"tlsVersion": "TLSv1.3"},
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111100000000:assumed-role/app/run", "accountId": "111100000000",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111100000000:role/app"}}},
    });
    if let Some(message) = error {
        record["errorCode"] = json!("AccessDenied");
        record["errorMessage"] = json!(message);
    }
    format!("{record}\n")
}

fn films(key: &str) -> Value {
    json!({"bucketName": "films", "key": key})
}

const BOUNDED: &str = "User: x is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::films/1\" because no \
                       permissions boundary allows the s3:PutObject action";

#[test]
fn a_trail_that_agrees_is_clean() {
    let folder = acme();
    let jobs = json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111100000000/jobs"});
    folder.write(
        "trail/a.ndjson",
        [
            event("s3", "GetObject", films("1"), None),
            event("s3", "HeadObject", films("1"), None),
            event("s3", "PutObject", films("1"), Some(BOUNDED)),
            event("sqs", "SendMessage", jobs, None),
        ]
        .concat(),
    );
    let run = folder
        .run("iam replay --estate acme --trail trail")
        .ends(0, &["Replayed 4 events against acme.", "in 100% of the 4"]);
    assert!(!run.stdout.contains("Disagreements"));
    let run = folder.run("iam replay --estate acme --trail trail --format json").ends(0, &[]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&report["agree"], &report["rate"], &report["schema"]),
        (&json!(4), &json!(1.0), &json!("palisade/replay/v1"))
    );
}

#[test]
fn outcomes_that_were_planted_wrong_are_found() {
    let folder = acme();
    folder.write(
        "trail.ndjson",
        [
            event("s3", "GetObject", films("1"), Some("no")),
            event("s3", "PutObject", films("1"), None),
            event("s3", "GetObject", films("public/vault/1"), None),
            event("s3", "GetObject", films("1"), None),
        ]
        .concat(),
    );
    let run = folder.run("iam replay --estate acme --trail trail.ndjson").ends(1, &[]);
    insta::assert_snapshot!("iam-replay", run.stdout);
}

#[test]
fn what_a_trail_can_not_tell_and_what_can_not_be_read_is_counted() {
    let folder = acme();
    let unread = json!({"bucketName": "unread", "key": "1"});
    folder.write(
        "trail.ndjson",
        [
            event("s3", "GetObject", unread, None),
            event("signin", "ConsoleLogin", json!(null), None),
            event("s3", "Juggle", json!(null), None),
            event("s3", "GetObject", films("1"), None),
            "{\"half\": \n".to_owned(),
        ]
        .concat(),
    );
    folder.run("iam replay --estate acme --trail trail.ndjson").ends(
        3,
        &[
            "Replayed 4 events",
            "1  agree",
            "1  are not known",
            "1  were not IAM's to decide",
            "1  are of actions that are not known",
            "s3:GetBucketPolicy was denied",
            "s3:Juggle",
            "trail.ndjson:5",
        ],
    );
    folder.write("none.txt", "nothing");
    folder.run("iam replay --estate acme --trail none.txt").ends(2, &["there is no CloudTrail record"]);
    folder.run("iam replay --estate acme --trail gone").ends(2, &["there is no `gone`"]);
}

#[test]
fn half_an_estate_is_read_and_the_other_half_is_unknown() {
    let folder = acme();
    let get = "--action s3:GetObject --resource arn:aws:s3:::films/public/1";
    folder.run(&format!("iam decide --estate acme {ERIN} {get}")).ends(0, &["Allowed"]);
    std::fs::remove_file(folder.path("acme/organisation.json")).unwrap();
    folder.run(&format!("iam decide --estate acme {ERIN} {get}")).ends(3, &["Unknown"]);
    folder.write("acme/organisation.json", "{\"Organization\": null}");
    folder.run(&format!("iam decide --estate acme {ERIN} {get}")).ends(0, &["Allowed"]);
    folder.write("acme/111100000000/resource-policies.json", "{\"Resources\": [");
    folder
        .run(&format!("iam decide --estate acme {ERIN} {get}"))
        .ends(3, &["Unknown", "resource-policies.json:1:"]);
    folder.write("acme/111100000000/iam.json", "[]");
    folder
        .run(&format!("iam decide --estate acme {ERIN} {get}"))
        .ends(2, &["holds no estate", "not the answer of a call"]);
    Folder::new(&[("acme/notes.txt", "")])
        .run(&format!("iam decide --estate acme {ERIN} {get}"))
        .ends(2, &["holds no estate"]);
    Folder::new(&[("estate.json", "{}")])
        .run(&format!("iam decide --estate estate.json {ERIN} {get}"))
        .ends(2, &["it holds no estate"]);
}

#[test]
fn the_trail_of_a_simulated_organisation_agrees_with_its_policies() {
    let folder = Folder::new(&[]);
    folder.run("demo --write streaming --accounts 10 --days 1 --events 6000 --seed 7").ends(0, &[]);
    let replay = |trail: &str| -> Value {
        let run = folder.run(&format!("iam replay --estate streaming --trail {trail} --format json"));
        serde_json::from_str(&run.stdout).unwrap()
    };
    let report = replay("streaming/trail");
    let count = |name: &str| report[name].as_u64().unwrap();
    let parts = ["agree", "disagree", "unknown", "failed", "not_iam", "unmapped"];
    assert_eq!(parts.iter().map(|part| count(part)).sum::<u64>(), count("events"));
    assert!(
        count("agree") > count("events") * 7 / 10 && report["rate"].as_f64().unwrap() > 0.985,
        "{report:#}"
    );
    // The simulator denies a read in some hundreds without asking a policy, and its attackers succeed whether a policy
    // lets them or not; whoever else disagrees is rare.
    let is_random = |it: &&Value| {
        it["recorded"] == "denied: no identity-based policy allows it" && it["decided"] == "Allowed"
    };
    let others = report["disagreements"].as_array().unwrap().iter().filter(|it| !is_random(it));
    let others: u64 = others.map(|it| it["events"].as_u64().unwrap()).sum();
    assert!(others * 100 < count("events"), "{report:#}");
    // Outcomes that are planted wrong are found among the thousands.
    let estate: Value = serde_json::from_str(&folder.read("streaming/estate.json")).unwrap();
    let account = estate["organisation"]["management"].as_str().unwrap();
    let role = format!("arn:aws:iam::{account}:role/watches-machines");
    let planted = |name: &str, source: &str, error: Option<&str>| {
        event(source, name, json!({"userName": "x"}), error)
            .replace("arn:aws:iam::111100000000:role/app", &role)
            .replace("assumed-role/app/", "assumed-role/watches-machines/")
            .replace("111100000000", account)
    };
    folder.write(
        "streaming/trail/planted.ndjson",
        [planted("DescribeInstances", "ec2", Some("no")), planted("CreateUser", "iam", None)].concat(),
    );
    let again = replay("streaming/trail");
    assert_eq!(again["disagree"].as_u64().unwrap(), count("disagree") + 2);
    let found: Vec<&str> = (again["disagreements"].as_array().unwrap().iter())
        .filter(|it| it["at"].as_str().unwrap().contains("planted.ndjson"))
        .map(|it| it["event_id"].as_str().unwrap())
        .collect();
    assert_eq!(found.len(), 2, "{again:#}");
}
