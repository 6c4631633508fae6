//! The server as a client sees it, without a socket: signatures, accounts, faults.

use palisade_aws::{EndpointOptions, endpoint, models, request, response};
use palisade_content::{load, shipped};
use palisade_model::AccountId;
use palisade_sim::api::{Api, Fault, Faults, Options, access_key};
use palisade_sim::{Organisation, Size};
use palisade_sim_server::codec::Written;
use palisade_sim_server::{Reply, Request, answer};
use serde_json::{Value, json};
use std::time::Duration;

fn api(rules: &[&str]) -> Api {
    let (library, _) = load(&shipped());
    let rules = rules.iter().map(|rule| rule.parse::<Fault>().unwrap()).collect();
    let options = Options { faults: Faults { rules, permissions: None }, ..Options::default() };
    Api::new(Organisation::new(Size { seed: 7, accounts: 12 }), library.kinds(), options)
}

/// A request as a client would sign it.
fn signed(key: &str, call: &str, parameters: &Value) -> Request {
    let (service, operation) = call.split_once('.').unwrap();
    let service = models().service(service).unwrap();
    let operation = &service.operations[operation];
    let options = EndpointOptions {
        region: "eu-west-1".to_owned(),
        url: Some("http://127.0.0.1:4566".to_owned()),
        path_style: true,
        ..EndpointOptions::default()
    };
    let endpoint = endpoint(service, operation, parameters, &options).unwrap();
    let request = request(service, operation, parameters, &endpoint).unwrap();
    let scope = format!("{key}/20261122/eu-west-1/{}/aws4_request", service.signing_name);
    let signature = "0".repeat(64);
    let mut headers = request.headers;
    headers.push(("host".to_owned(), request.host));
    headers.push(("x-amz-date".to_owned(), "20261122T000000Z".to_owned()));
    headers.push((
        "authorization".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"),
    ));
    let target = format!("{}?{}", request.path, request.query);
    Request::new(&request.method, &target, headers, request.body)
}

fn ask(api: &mut Api, key: &str, call: &str, parameters: &Value) -> Result<Value, String> {
    let (service, operation) = call.split_once('.').unwrap();
    let service = models().service(service).unwrap();
    match answer(api, Duration::ZERO, &signed(key, call, parameters)).1 {
        Reply::Whole(Written { status, headers, body }) => {
            response(service, &service.operations[operation], status, &headers, &body)
                .map_err(|failure| failure.to_string())
        }
        other => Err(format!("{other:?}").chars().take(20).collect()),
    }
}

#[test]
fn a_key_leads_to_its_account_and_a_role_gives_one() {
    let mut api = api(&[]);
    let (management, member): (AccountId, AccountId) =
        (api.organisation().accounts[0].id, api.organisation().accounts[6].id);
    let caller = ask(&mut api, "AKIDEXAMPLE", "sts.GetCallerIdentity", &json!({})).unwrap();
    assert_eq!(caller["Account"], management.to_string());
    let role = json!({ "RoleArn": format!("arn:aws:iam::{member}:role/palisade-read"), "RoleSessionName": "palisade" });
    let session = ask(&mut api, "AKIDEXAMPLE", "sts.AssumeRole", &role).unwrap();
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
    assert_eq!(
        ask(&mut api, &key, "sts.GetCallerIdentity", &json!({})).unwrap()["Account"],
        member.to_string()
    );
}

#[test]
fn each_protocol_is_answered() {
    let mut api = api(&[]);
    let account =
        api.organisation().accounts.iter().find(|account| account.name == "playback-prod").unwrap().id;
    let key = access_key(account, 1);
    let mut count = |call: &str, parameters: Value, list: &str| {
        ask(&mut api, &key, call, &parameters).unwrap()[list].as_array().map_or(0, Vec::len)
    };
    assert!(count("ec2.DescribeInstances", json!({}), "Reservations") >= 1);
    assert!(count("iam.GetAccountAuthorizationDetails", json!({}), "RoleDetailList") >= 8);
    assert!(count("s3.ListBuckets", json!({}), "Buckets") >= 2);
    assert!(count("lambda.ListFunctions", json!({}), "Functions") >= 2);
    assert!(count("kms.ListKeys", json!({}), "Keys") >= 1);
    assert!(count("sqs.ListQueues", json!({}), "QueueUrls") >= 1);
}

#[test]
fn who_does_not_sign_properly_is_refused() {
    let mut api = api(&[]);
    let mut check = |change: &dyn Fn(&mut Request), expected: &str| {
        let mut request = signed("AKIDEXAMPLE", "sts.GetCallerIdentity", &json!({}));
        change(&mut request);
        let (_, Reply::Whole(written)) = answer(&mut api, Duration::ZERO, &request) else {
            panic!("no reply")
        };
        let text = String::from_utf8(written.body).unwrap();
        assert!(text.contains(expected), "{expected}: {text}");
    };
    check(
        &|request| request.headers.retain(|(name, _)| name != "authorization"),
        "MissingAuthenticationToken",
    );
    check(&|request| request.headers.retain(|(name, _)| name != "x-amz-date"), "IncompleteSignature");
    let set = |text: &'static str| {
        move |request: &mut Request| {
            let header = request.headers.iter_mut().find(|(name, _)| name == "authorization").unwrap();
            header.1 = text.to_owned();
        }
    };
    check(&set("Basic abc"), "IncompleteSignature");
    check(&set("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00"), "IncompleteSignature");
    check(
        &|request| request.body = b"Action=Nothing&Version=2011-06-15".to_vec(),
        "UnknownOperationException",
    );
}

#[test]
fn faults_come_over_the_wire_as_they_would() {
    let mut api = api(&["ec2.*=html", "kms.*=truncated", "sqs.*=timeout", "sns.*=reset", "logs.*=throttle"]);
    let mut told = |call: &str| ask(&mut api, "AKIDEXAMPLE", call, &json!({})).unwrap_err();
    assert!(told("ec2.DescribeVpcs").contains("can't be read") || told("ec2.DescribeVpcs").contains("XML"));
    assert!(told("kms.ListKeys").starts_with("Half"));
    assert_eq!(told("sqs.ListQueues"), "Silent");
    assert_eq!(told("sns.ListTopics"), "Closed");
    assert!(told("logs.DescribeLogGroups").contains("ThrottlingException"));
}
