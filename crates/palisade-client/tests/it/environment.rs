//! What the machine's configuration says is honoured as AWS's own tools do: each case is a process with its own.

use crate::fake::{Fake, Reply, http, identity};
use palisade_aws::Ask;
use palisade_client::{Client, Runtime, Settings};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

const MARK: &str = "PALISADE_CLIENT_CHILD";
const TABLES: &str = r#"{"TableNames":["a"]}"#;

/// What the process does that has an environment of its own: lists tables, and tells what came.
#[test]
fn child() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let told = runtime.block_on(async {
        let settings = Settings { attempt_timeout: std::time::Duration::from_secs(5), ..Settings::default() };
        let client = match Client::new(settings).await {
            Ok(client) => client,
            Err(error) => return error.to_string(),
        };
        let ask = Ask {
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            service: "dynamodb".into(),
            operation: "ListTables".into(),
            parameters: json!({}),
        };
        let region = client.region().to_owned();
        match client.attempt(&ask).await {
            Ok(answer) => format!("{region} {}", answer.value),
            Err(failure) => format!("{region} {failure}"),
        }
    });
    println!("TOLD {told}");
}

/// What such a process tells.
fn told(environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "environment::child", "--nocapture"]).env_clear();
    // Neither the user's files nor the machine's metadata.
    command.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true").env(MARK, "1");
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("TOLD ")).map(|(_, told)| told.to_owned());
    line.unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// A server that knows everybody.
fn aws() -> Fake {
    Fake::start(|request, _| match request.contains("Action=GetCallerIdentity") {
        true => identity(),
        false => http(200, "", TABLES),
    })
}

/// A file of the test's own, in the folder that cargo gives for it.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn keys_the_region_and_the_endpoint_are_taken_from_the_environment() {
    let aws = aws();
    let told = told(&[KEYS[0], KEYS[1], ("AWS_REGION", "eu-central-1"), ("AWS_ENDPOINT_URL", &aws.url)]);
    assert_eq!(told, format!("eu-central-1 {TABLES}"));
    assert_eq!(aws.count("Credential=AKIDENVIRONMENT/"), 2);
    assert_eq!(aws.count("/eu-central-1/sts/aws4_request"), 1);
    assert_eq!(aws.count("/eu-west-1/dynamodb/aws4_request"), 1);
}

#[test]
fn a_service_may_have_an_endpoint_of_its_own() {
    let (all, own) = (aws(), aws());
    let told =
        told(&[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", &all.url), ("AWS_ENDPOINT_URL_DYNAMODB", &own.url)]);
    assert_eq!(told, format!("us-east-1 {TABLES}"));
    assert_eq!((all.count("ListTables"), own.count("ListTables")), (0, 1));
    assert_eq!((all.count("GetCallerIdentity"), own.count("GetCallerIdentity")), (1, 0));
}

#[test]
fn a_profile_says_where_its_keys_come_from() {
    let aws = aws();
    let keys = json!({"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "s"}).to_string();
    let keys = file("keys.json", &keys);
    let config = format!(
        "[profile audit]\nregion = ap-south-1\nendpoint_url = {}\ncredential_process = cat {}\n",
        aws.url,
        keys.display()
    );
    let config = file("config", &config);
    let path = config.display().to_string();
    let told = told(&[("AWS_PROFILE", "audit"), ("AWS_CONFIG_FILE", &path), ("PATH", "/usr/bin:/bin")]);
    assert_eq!(told, format!("ap-south-1 {TABLES}"));
    assert_eq!(aws.count("Credential=AKIDPROCESS/"), 2);
}

#[test]
fn a_web_identity_is_exchanged_for_a_session() {
    let aws = Fake::start(|request, _| {
        let body = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                    <AccessKeyId>AKIDWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
        match request {
            request if request.contains("Action=AssumeRoleWithWebIdentity") => http(200, "", body),
            request if request.contains("Action=GetCallerIdentity") => identity(),
            _ => http(200, "", TABLES),
        }
    });
    let token = file("token", "a.b.c").display().to_string();
    let told = told(&[
        ("AWS_ENDPOINT_URL", &aws.url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Web"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
    ]);
    assert_eq!(told, format!("eu-west-1 {TABLES}"));
    assert_eq!(aws.count("Credential=AKIDWEB/"), 2);
}

/// The host that a process asks a proxy to connect it with.
#[track_caller]
fn connects(environment: &[(&str, &str)], host: &str) {
    let proxy = Fake::start(|_, _| Reply::Nothing);
    let mut all = vec![KEYS[0], KEYS[1], ("HTTPS_PROXY", proxy.url.as_str())];
    all.extend(environment);
    let told = told(&all);
    assert!(told.contains("transport"), "{told}");
    let seen = proxy.seen.lock().unwrap().first().cloned().unwrap_or_default();
    assert!(seen.starts_with(&format!("CONNECT {host}:443 ")), "{seen}");
}

#[test]
fn proxies_and_special_endpoints_are_used() {
    connects(&[], "sts.us-east-1.amazonaws.com");
    connects(&[("AWS_REGION", "cn-north-1")], "sts.cn-north-1.amazonaws.com.cn");
    connects(&[("AWS_USE_FIPS_ENDPOINT", "true")], "sts-fips.us-east-1.amazonaws.com");
    connects(&[("AWS_USE_DUALSTACK_ENDPOINT", "true")], "sts.us-east-1.api.aws");
}

#[test]
fn without_credentials_that_is_said() {
    let told = told(&[("AWS_REGION", "eu-west-1")]);
    assert!(
        told.starts_with("eu-west-1 expired: `no-credentials`: this machine has no credentials for AWS: "),
        "{told}"
    );
}

#[test]
fn a_bundle_of_certificates_has_to_be_one() {
    let told_of = |path: &str| told(&[KEYS[0], KEYS[1], ("AWS_CA_BUNDLE", path)]);
    assert_eq!(
        told_of("/nonexistent/ca.pem"),
        "failed to read the certificates in `/nonexistent/ca.pem`, which AWS_CA_BUNDLE names"
    );
    let path = file("ca.pem", "hello").display().to_string();
    assert_eq!(told_of(&path), format!("`{path}`, which AWS_CA_BUNDLE names, holds no certificate in PEM"));
}
