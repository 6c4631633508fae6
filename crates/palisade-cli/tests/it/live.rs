//! Live accounts, as moto pretends to have them: collected, judged, gone on with, compared. `cargo xtask test` starts it.

use crate::folder::{Folder, Output};
use palisade_aws::Ask;
use palisade_client::{Access, Client, Credentials, Runtime, Settings, SharedCredentialsProvider};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The account that moto gives to keys that it does not know.
const OWN: &str = "123456789012";
const ROLE: &str = "OrganizationAccountAccessRole";
const REGION: &str = "eu-west-1";
const KINDS: [&str; 7] = [
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Volume",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Organizations::Policy",
];

/// An organisation in moto: two accounts with the same resources, every second of which is flawed.
struct Cloud {
    url: String,
    keys: Value,
    /// The account that manages the organisation: another one in each run, as moto keeps what it was told.
    managing: String,
    member: String,
    /// What the checks are to find: page and ARN.
    flaws: BTreeSet<(String, String)>,
    /// What they are to leave alone.
    clean: BTreeSet<String>,
}

/// The organisation, which is made once; none where nobody started moto, and that is said.
fn cloud() -> Option<&'static Cloud> {
    static CLOUD: OnceLock<Option<Cloud>> = OnceLock::new();
    let cloud = CLOUD.get_or_init(|| std::env::var("PALISADE_MOTO").ok().map(Cloud::new));
    if cloud.is_none() {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: live accounts; PALISADE_MOTO is not set");
    }
    cloud.as_ref()
}

struct Caller {
    runtime: Runtime,
    client: Client,
}

impl Caller {
    fn new(url: &str, keys: Credentials) -> Self {
        let runtime = Runtime::new().unwrap();
        let access = Access { role: Some(ROLE.parse().unwrap()), ..Access::default() };
        let settings = Settings {
            region: Some(REGION.to_owned()),
            endpoint_url: Some(url.to_owned()),
            credentials: Some(SharedCredentialsProvider::new(keys)),
            access,
            ..Settings::default()
        };
        let client = runtime.block_on(Client::new(settings)).unwrap();
        Self { runtime, client }
    }

    #[track_caller]
    fn call(&self, account: &str, call: &str, parameters: Value) -> Value {
        let (service, operation) = call.split_once('.').unwrap();
        let ask = Ask {
            account: account.parse().unwrap(),
            region: REGION.parse().unwrap(),
            service: service.into(),
            operation: operation.into(),
            parameters,
        };
        let answer = self.runtime.block_on(self.client.call(&ask));
        answer.unwrap_or_else(|failure| panic!("{call}: {failure}"))
    }
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {value}"))
}

impl Cloud {
    fn new(url: String) -> Self {
        let anybody = Caller::new(&url, Credentials::new("testing", "testing", None, None, "test"));
        let managing = format!("7{:011}", std::process::id());
        let role = format!("arn:aws:iam::{managing}:role/{ROLE}");
        let keys = anybody.call(OWN, "sts.AssumeRole", json!({"RoleArn": role, "RoleSessionName": "test"}));
        let keys = keys["Credentials"].clone();
        let caller = Caller::new(
            &url,
            Credentials::new(
                text(&keys, "/AccessKeyId"),
                text(&keys, "/SecretAccessKey"),
                Some(text(&keys, "/SessionToken").to_owned()),
                None,
                "test",
            ),
        );
        caller.call(&managing, "organizations.CreateOrganization", json!({"FeatureSet": "ALL"}));
        let made = caller.call(
            &managing,
            "organizations.CreateAccount",
            json!({"Email": "shop@example.org", "AccountName": "shop"}),
        );
        let member = text(&made, "/CreateAccountStatus/AccountId").to_owned();
        let mut cloud = Self { url, keys, managing, member, flaws: BTreeSet::new(), clean: BTreeSet::new() };
        for account in [cloud.managing.clone(), cloud.member.clone()] {
            cloud.fill(&caller, &account);
        }
        cloud
    }

    fn note(&mut self, is_flawed: bool, page: &str, arn: String) {
        match is_flawed {
            true => drop(self.flaws.insert((page.to_owned(), arn))),
            false => drop(self.clean.insert(arn)),
        }
    }

    fn fill(&mut self, caller: &Caller, account: &str) {
        let call = |name: &str, parameters: Value| caller.call(account, name, parameters);
        for number in 0..6 {
            let is_flawed = number % 2 == 0;
            let everybody = |action: &str, resource: &str| {
                json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}]})
                .to_string()
            };
            let bucket = format!("films-{account}-{number}");
            call(
                "s3.CreateBucket",
                json!({"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
            );
            let arn = format!("arn:aws:s3:::{bucket}");
            match is_flawed {
                true => {
                    let policy = everybody("s3:GetObject", &format!("{arn}/*"));
                    call("s3.PutBucketPolicy", json!({"Bucket": bucket, "Policy": policy}));
                }
                false => {
                    let on = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true,
                        "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
                    let block = json!({"Bucket": bucket, "PublicAccessBlockConfiguration": on});
                    call("s3.PutPublicAccessBlock", block);
                }
            }
            self.note(is_flawed, "aws/s3/bucket-policy-allows-everyone", arn);

            let name = format!("jobs-{number}");
            let made = call("sqs.CreateQueue", json!({"QueueName": name}));
            let arn = format!("arn:aws:sqs:{REGION}:{account}:{name}");
            if is_flawed {
                let attributes = json!({"Policy": everybody("sqs:SendMessage", &arn)});
                call(
                    "sqs.SetQueueAttributes",
                    json!({"QueueUrl": text(&made, "/QueueUrl"), "Attributes": attributes}),
                );
            }
            self.note(is_flawed, "aws/sqs/queue-open-to-everyone", arn);

            let group = call(
                "ec2.CreateSecurityGroup",
                json!({"GroupName": format!("web-{number}"), "Description": "web"}),
            );
            let id = text(&group, "/GroupId").to_owned();
            let range = if is_flawed { "0.0.0.0/0" } else { "10.0.0.0/8" };
            call(
                "ec2.AuthorizeSecurityGroupIngress",
                json!({"GroupId": id, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                    "IpRanges": [{"CidrIp": range}]}]}),
            );
            let arn = format!("arn:aws:ec2:{REGION}:{account}:security-group/{id}");
            self.note(is_flawed, "aws/ec2/security-group-opens-ssh", arn);

            let volume = call(
                "ec2.CreateVolume",
                json!({"AvailabilityZone": format!("{REGION}a"), "Size": 1, "Encrypted": !is_flawed}),
            );
            let arn = format!("arn:aws:ec2:{REGION}:{account}:volume/{}", text(&volume, "/VolumeId"));
            self.note(is_flawed, "aws/ec2/volume-not-encrypted", arn);

            let who = if is_flawed { json!({"AWS": "*"}) } else { json!({"Service": "ec2.amazonaws.com"}) };
            let trust = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]});
            let role = call(
                "iam.CreateRole",
                json!({"RoleName": format!("worker-{number}"), "AssumeRolePolicyDocument": trust.to_string()}),
            );
            self.note(is_flawed, "aws/iam/role-trusts-everyone", text(&role, "/Role/Arn").to_owned());

            let key = call("kms.CreateKey", json!({"Description": name}));
            if !is_flawed {
                call("kms.EnableKeyRotation", json!({"KeyId": text(&key, "/KeyMetadata/KeyId")}));
            }
            self.note(is_flawed, "aws/kms/key-not-rotated", text(&key, "/KeyMetadata/Arn").to_owned());
        }
    }

    /// The program with credentials of the managing account.
    fn palisade(&self, folder: &Folder, arguments: &[&str]) -> Command {
        let mut command = folder.command("", &arguments.join(" "));
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", text(&self.keys, "/AccessKeyId"))
            .env("AWS_SECRET_ACCESS_KEY", text(&self.keys, "/SecretAccessKey"))
            .env("AWS_SESSION_TOKEN", text(&self.keys, "/SessionToken"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE");
        command
    }

    /// `palisade collect` of the organisation into this folder.
    fn collect(&self, folder: &Folder, into: &str) -> Command {
        let mut arguments = vec!["collect", "--org", "--role", ROLE, "--region", REGION, "--rate", "100"];
        arguments.extend(["--out", into]);
        arguments.extend(KINDS.iter().flat_map(|kind| ["--kind", kind]));
        self.palisade(folder, &arguments)
    }
}

fn run(mut command: Command) -> Output {
    let output = command.output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The records of a snapshot by their file, without the times.
fn records(folder: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder.join("records")).sort_by_file_name() {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() {
            continue;
        }
        let mut lines = String::new();
        let file = std::fs::File::open(entry.path()).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut lines).unwrap();
        for line in lines.lines() {
            let mut record: Value = serde_json::from_str(line).unwrap();
            forget(&mut record);
            found.push((entry.path().strip_prefix(folder).unwrap().display().to_string(), record));
        }
    }
    found
}

/// Takes out the times at which answers came.
fn forget(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.shift_remove("time");
            // Collecting uses a role.
            entries.shift_remove("LastUsedDate");
            entries.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

#[test]
fn an_organisation_is_collected_whole_and_judged() {
    let Some(cloud) = cloud() else { return };
    let folder = Folder::new(&[]);
    let collected = run(cloud.collect(&folder, "acme"));
    collected.ends(0, &["of 2 accounts and 1 region of the organisation o-", "All of it could be read."]);
    let arns: BTreeSet<String> = records(&folder.path("acme"))
        .iter()
        .filter_map(|(_, record)| record["arn"].as_str().map(str::to_owned))
        .collect();
    let planted = cloud.flaws.iter().map(|(_, arn)| arn).chain(&cloud.clean);
    assert_eq!(planted.filter(|arn| !arns.contains(*arn)).collect::<Vec<_>>(), Vec::<&String>::new());

    let scanned = run(cloud.palisade(&folder, &["scan", "acme", "--format", "json"]));
    assert_eq!(scanned.code, Some(1), "{}", scanned.stderr);
    let report: Value = serde_json::from_str(&scanned.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let pages: BTreeSet<&str> = cloud.flaws.iter().map(|(page, _)| page.as_str()).collect();
    // moto makes keys of its own and calls them ours.
    let is_planted = |finding: &&Value| {
        let arn = finding["resource"]["arn"].as_str().unwrap_or_default();
        !arn.contains(":key/") || cloud.clean.contains(arn) || cloud.flaws.iter().any(|(_, flaw)| flaw == arn)
    };
    let found: BTreeSet<(String, String)> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "fails" && pages.contains(text(finding, "/page")))
        .filter(is_planted)
        .map(|finding| {
            let arn = finding["resource"]["arn"].as_str().unwrap_or_default();
            (text(finding, "/page").to_owned(), arn.to_owned())
        })
        .collect();
    assert_eq!(found, cloud.flaws, "what was planted, and nothing else");
    let unknown: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "unknown" && pages.contains(text(finding, "/page")))
        .collect();
    assert_eq!(unknown, Vec::<&Value>::new());
    assert_eq!(report["coverage"]["collected"]["cells"]["not_read"], 0);

    let who = run(cloud.palisade(
        &folder,
        &[
            "iam",
            "who-can",
            "s3:GetObject",
            &format!("arn:aws:s3:::films-{}-0/a", cloud.managing),
            "--estate",
            "acme",
        ],
    ));
    assert!(who.stdout.contains("anybody, without credentials"), "{}{}", who.stdout, who.stderr);
}

#[test]
fn a_run_that_is_killed_is_gone_on_with() {
    let Some(cloud) = cloud() else { return };
    let folder = Folder::new(&[]);
    run(cloud.collect(&folder, "whole")).ends(0, &["All of it could be read."]);
    let mut killed = 0;
    // How much has been noted when it is killed, in bytes.
    for noted in [1, 20_000, 40_000, 60_000, 80_000, 100_000] {
        let mut child =
            cloud.collect(&folder, "killed").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let written = |name: &str| {
            std::fs::metadata(folder.path(&format!("killed/{name}"))).map_or(0, |about| about.len())
        };
        while child.try_wait().unwrap().is_none() {
            if written("journal.ndjson") + written("ledger.ndjson") >= noted {
                child.kill().unwrap();
                killed += 1;
                break;
            }
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }
    let manifest = std::fs::read_to_string(folder.path("killed/manifest.json")).unwrap_or_default();
    if !manifest.contains("\"finished\"") {
        run(cloud.collect(&folder, "killed")).ends(0, &["All of it could be read."]);
    }
    assert!(killed > 0, "it was done before it could be killed");
    let (killed, whole) = (records(&folder.path("killed")), records(&folder.path("whole")));
    for (killed, whole) in killed.iter().zip(&whole) {
        assert_eq!(killed, whole);
    }
    assert_eq!(killed.len(), whole.len());
}

#[test]
fn a_scan_of_live_accounts_keeps_nothing_and_says_what_it_read() {
    let Some(cloud) = cloud() else { return };
    let folder = Folder::new(&[]);
    let arguments = ["scan", "--aws", "--org", "--role", ROLE, "--region", REGION, "--check", "aws/sqs/*"];
    let scanned = run(cloud.palisade(&folder, &arguments));
    scanned.ends(1, &["2 accounts and 1 region", "SQS queue is open to everyone"]);
    let left = std::fs::read_dir(folder.path("")).unwrap().count();
    assert_eq!(left, 1, "nothing but the settings stays in the folder it ran in");
}

#[test]
fn accounts_that_let_nobody_in_are_open_answers() {
    let Some(cloud) = cloud() else { return };
    let folder = Folder::new(&[]);
    let mut command = cloud.palisade(
        &folder,
        &[
            "collect",
            "--account",
            &cloud.managing,
            "--region",
            REGION,
            "--kind",
            "AWS::SQS::Queue",
            "--out",
            "none",
        ],
    );
    // Nobody listens there: what is asked of SQS brings nothing.
    command.env("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9");
    let collected = run(command);
    collected.ends(3, &["Not all could be read", "`sqs:ListQueues`", "which resources there are"]);
    let scanned = run(cloud.palisade(&folder, &["scan", "none", "--check", "aws/sqs/*"]));
    scanned
        .ends(3, &["Nothing is known to fail", &format!("AWS::SQS::Queue in {} eu-west-1", cloud.managing)]);
}

#[test]
fn what_aws_config_delivered_is_judged_and_what_it_leaves_out_is_open() {
    let item = |id: &str, encrypted: bool| {
        json!({"resourceType": "AWS::EC2::Volume", "resourceId": id, "awsAccountId": "111122223333",
            "awsRegion": REGION, "ARN": format!("arn:aws:ec2:{REGION}:111122223333:volume/{id}"),
            "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-11-20T10:00:00Z",
            "configuration": {"volumeId": id, "encrypted": encrypted, "size": 8, "state": "in-use"}})
    };
    let delivered =
        json!({"fileVersion": "1.0", "configurationItems": [item("vol-1", false), item("vol-2", true)]});
    let folder = Folder::new(&[("snapshot.json", &delivered.to_string())]);
    let scanned = folder.scan("snapshot.json");
    scanned.ends(1, &["arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", "1 fails", "1 passes"]);
}
