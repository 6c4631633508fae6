//! Servers that misbehave: what each attempt comes to, and that it ends.

use crate::fake::{Fake, Reply, http};
use aws_credential_types::provider::{ProvideCredentials, future};
use palisade_aws::{Ask, CallFailure, FailureKind};
use palisade_client::{
    Access, Answer, Client, Credentials, Hub, Runtime, Settings, SharedCredentialsProvider,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const OWN: &str = "111122223333";

/// Keys that are new each time they are asked for.
#[derive(Debug, Default)]
struct Rotating(AtomicUsize);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        future::ProvideCredentials::ready(Ok(Credentials::new(
            format!("KEY{number}"),
            "secret",
            None,
            None,
            "test",
        )))
    }
}

fn settings(fake: &Fake) -> Settings {
    Settings {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(fake.url.clone()),
        credentials: Some(SharedCredentialsProvider::new(Rotating::default())),
        ..Settings::default()
    }
}

fn ask(account: &str, call: &str, parameters: Value) -> Ask {
    let (service, operation) = call.split_once('.').unwrap();
    Ask {
        account: account.parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        service: service.into(),
        operation: operation.into(),
        parameters,
    }
}

fn attempt(settings: Settings, ask: &Ask) -> Result<Answer, CallFailure> {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { Client::new(settings).await.unwrap().attempt(ask).await })
}

/// What listing tables comes to, in the ledger's words.
#[track_caller]
fn check(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static, expected: &str) {
    let fake = Fake::start(reply);
    let found = attempt(settings(&fake), &ask(OWN, "dynamodb.ListTables", json!({})));
    let found = found.map_or_else(
        |failure| format!("{} {}", failure.kind, failure.code),
        |answer| answer.value.to_string(),
    );
    assert_eq!(found, expected);
}

const TABLES: &str = r#"{"TableNames":["a"]}"#;

#[test]
fn a_good_answer_is_read() {
    check(|_, _| http(200, "", TABLES), TABLES);
}

#[test]
fn a_page_of_html_is_no_answer() {
    let page = "<html><body>Sign in</body></html>";
    check(move |_, _| http(200, "content-type: text/html\r\n", page), "malformed html");
    check(move |_, _| http(502, "content-type: text/html\r\n", page), "server html");
}

#[test]
fn a_truncated_answer_is_none() {
    check(
        |_, _| Reply::Bytes(b"HTTP/1.1 200 Said\r\ncontent-length: 100\r\n\r\n{\"TableNames\":".to_vec()),
        "transport broken-off",
    );
    // Without its length it looks whole, and is not.
    check(|_, _| Reply::Bytes(b"HTTP/1.1 200 Said\r\n\r\n{\"TableNames\":".to_vec()), "malformed malformed");
    check(
        |_, _| {
            Reply::Bytes(b"HTTP/1.1 200 Said\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"Tab\r\n".to_vec())
        },
        "transport broken-off",
    );
}

#[test]
fn a_gigantic_answer_is_not_read_to_its_end() {
    let fake = Fake::start(|_, _| Reply::Flood(1 << 30));
    let settings = Settings { body_max: 1 << 20, ..settings(&fake) };
    let failure = attempt(settings, &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (FailureKind::Malformed, "too-long"));
    assert_eq!(failure.message, "the answer is longer than 1048576 bytes");
}

#[test]
fn what_is_no_http_is_no_answer() {
    check(|_, _| Reply::Nothing, "transport connection");
    check(|_, _| Reply::Bytes(b"\x00\x01\x02 hello".to_vec()), "transport connection");
}

#[test]
fn nobody_waits_for_ever() {
    let fake = Fake::start(|_, _| Reply::Silence);
    let settings = Settings { attempt_timeout: Duration::from_millis(300), ..settings(&fake) };
    let failure = attempt(settings, &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (FailureKind::TimedOut, "timeout"));
    assert!(failure.message.ends_with("did not answer within 0.3 s"), "{failure}");
}

#[test]
fn where_nobody_listens_there_is_no_connection() {
    let fake = Fake::start(|_, _| Reply::Nothing);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = Settings { endpoint_url: Some(format!("http://127.0.0.1:{port}")), ..settings(&fake) };
    let failure = attempt(settings, &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (FailureKind::Transport, "connection"));
}

#[test]
fn a_busy_service_says_when_to_come_again() {
    let fake = Fake::start(|_, _| http(503, "retry-after: 7\r\n", r#"{"__type":"ServiceUnavailable"}"#));
    let failure = attempt(settings(&fake), &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Server, Some(Duration::from_secs(7))));
    assert_eq!(fake.count("ListTables"), 1, "one attempt is one");
}

#[test]
fn a_call_is_tried_again_and_an_attempt_is_not() {
    let fake = Fake::start(|_, before| match before {
        0 => http(500, "", r#"{"__type":"InternalServerError"}"#),
        _ => http(200, "", TABLES),
    });
    let runtime = Runtime::new().unwrap();
    let value = runtime.block_on(async {
        let client = Client::new(settings(&fake)).await.unwrap();
        client.call(&ask(OWN, "dynamodb.ListTables", json!({}))).await
    });
    assert_eq!(value.unwrap(), json!({"TableNames": ["a"]}));
    assert_eq!(fake.count("ListTables"), 2);
}

#[test]
fn pages_that_go_round_in_circles_end() {
    let fake = Fake::start(|_, _| http(200, "", r#"{"TableNames":["a"],"LastEvaluatedTableName":"aaaa"}"#));
    let runtime = Runtime::new().unwrap();
    let failure = runtime.block_on(async {
        let client = Client::new(settings(&fake)).await.unwrap();
        client.call(&ask(OWN, "dynamodb.ListTables", json!({}))).await.unwrap_err()
    });
    assert_eq!((failure.kind, &*failure.code), (FailureKind::Malformed, "pages"));
    assert_eq!(fake.count("ListTables"), 2);
}

#[test]
fn a_clock_that_is_wrong_is_corrected_once() {
    let fake = Fake::start(|request, _| match request.contains("x-amz-date: 2042") {
        true => http(200, "", TABLES),
        false => http(
            400,
            "date: Mon, 17 Nov 2042 19:13:00 GMT\r\n",
            r#"{"__type":"InvalidSignatureException","message":"Signature expired: 20261117T191300Z is now earlier than 20421117T190800Z"}"#,
        ),
    });
    let runtime = Runtime::new().unwrap();
    let (first, second, ahead) = runtime.block_on(async {
        let client = Client::new(settings(&fake)).await.unwrap();
        let ask = ask(OWN, "dynamodb.ListTables", json!({}));
        (client.attempt(&ask).await, client.attempt(&ask).await, client.clock_ahead())
    });
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert!(ahead > 1_000_000, "{ahead}");
    assert_eq!(fake.count("ListTables"), 3, "the second call knows the time already");
}

#[test]
fn a_clock_that_can_not_be_corrected_is_told() {
    check(
        |_, _| {
            http(
                403,
                "",
                r#"{"__type":"InvalidSignatureException","message":"Signature expired: 1 is now earlier than 2"}"#,
            )
        },
        "skewed InvalidSignatureException",
    );
}

#[test]
fn keys_that_ran_out_are_replaced_once() {
    let expired =
        || http(400, "", r#"{"__type":"ExpiredTokenException","message":"The security token has expired"}"#);
    let fake = Fake::start(move |request, _| match request.contains("Credential=KEY0/") {
        true => expired(),
        false => http(200, "", TABLES),
    });
    let answer = attempt(settings(&fake), &ask(OWN, "dynamodb.ListTables", json!({})));
    assert_eq!(answer.unwrap().value, json!({"TableNames": ["a"]}));
    let fake = Fake::start(move |_, _| expired());
    let failure = attempt(settings(&fake), &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Expired);
    assert_eq!(fake.count("ListTables"), 2);
}

fn session(request: &str) -> Reply {
    let key = if request.contains("role%2FHub") { "HUB" } else { "MEMBER" };
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t-{key}</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    http(200, "", &body)
}

fn through_hub() -> Access {
    Access {
        role: Some("Audit".parse().unwrap()),
        external_id: Some("id-1".to_owned()),
        through: Some(Hub { arn: format!("arn:aws:iam::{OWN}:role/Hub"), external_id: None }),
        ..Access::default()
    }
}

#[test]
fn an_account_is_entered_through_a_hub_and_once() {
    let fake = Fake::start(|request, _| match request.contains("Action=AssumeRole") {
        true => session(request),
        false => http(200, "", TABLES),
    });
    let settings = Settings { access: through_hub(), ..settings(&fake) };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Client::new(settings).await.unwrap();
        for _ in 0..3 {
            client.attempt(&ask("444455556666", "dynamodb.ListTables", json!({}))).await.unwrap();
        }
    });
    let seen = fake.seen.lock().unwrap().clone();
    let signed_by = |request: &String| {
        let (_, rest) = request.split_once("Credential=").unwrap();
        rest.split('/').next().unwrap().to_owned()
    };
    let order: Vec<String> = seen.iter().map(signed_by).collect();
    assert_eq!(order, ["KEY0", "KEY0", "HUB", "MEMBER", "MEMBER", "MEMBER"]);
    assert!(seen[2].contains("RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2FAudit"), "{}", seen[2]);
    assert!(seen[2].contains("ExternalId=id-1") && !seen[1].contains("ExternalId"));
    assert!(seen[3].contains("x-amz-security-token: t-MEMBER"), "{}", seen[3]);
}

#[test]
fn a_refused_way_into_an_account_names_the_role_and_is_believed() {
    let fake = Fake::start(|_, _| {
        http(
            403,
            "",
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        )
    });
    let access = Access { role: Some("Audit".parse().unwrap()), ..Access::default() };
    let settings = Settings { access, ..settings(&fake) };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Client::new(settings).await.unwrap();
        for _ in 0..3 {
            let failure =
                client.attempt(&ask("444455556666", "dynamodb.ListTables", json!({}))).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Denied);
            assert_eq!(failure.way(), Some(("sts:AssumeRole", "arn:aws:iam::444455556666:role/Audit")));
        }
    });
    assert_eq!(fake.count("Action=AssumeRole"), 1);
}

#[test]
fn a_region_that_knows_nobody_is_disabled() {
    let fake = Fake::start(|_, _| {
        http(
            400,
            "",
            r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
        )
    });
    let failure = attempt(settings(&fake), &ask(OWN, "dynamodb.ListTables", json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Disabled, "{failure}");
}

#[test]
fn no_secret_is_in_what_is_told() {
    let fake = Fake::start(|_, _| Reply::Nothing);
    let client = Runtime::new().unwrap().block_on(Client::new(settings(&fake))).unwrap();
    assert!(!format!("{client:?}").contains("secret\""));
}
