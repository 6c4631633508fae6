//! Measures questions over organisations that it makes: `cargo run --release -p palisade-access --example scale -- ACCOUNTS…`
//!
//! Each account has 100 users and roles and 1,000 resources. Estates are made, taken in and let go of account by account,
//! as a collector would give them. What is printed: how long taking in takes, each question, and the memory at its most.

use palisade_access::{Organisation, Wanted, who_can};
use palisade_content::{Library, load, shipped};
use palisade_identity::Gather;
use palisade_kinds::resolve;
use palisade_model::{
    Account, AccountId, Address, Call, Completeness, Estate, Existence, Node, OrganisationalUnit, Origin,
    RawResource, ResourceType, Source, Value as ModelValue,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PRINCIPALS: usize = 100;
const RESOURCES: usize = 1_000;
const KINDS: [&str; 9] = [
    "AWS::IAM::User",
    "AWS::IAM::Group",
    "AWS::IAM::Role",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::KMS::Key",
    "AWS::Organizations::Policy",
];

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10, 100, 1_000] } else { sizes };
    let (library, _) = load(&shipped());
    println!(
        "accounts  principals  resources  classes  load      question                               answer      decided  through        time  computing  memory"
    );
    for accounts in sizes {
        measure(accounts, &library);
    }
}

fn measure(accounts: usize, library: &Library) {
    let mut gather = Gather::default();
    let mut loading = Duration::ZERO;
    let mut resources = 0;
    for at in 0..=accounts {
        let estate = if at == 0 { top(accounts, library) } else { of_account(at - 1, library) };
        resources += estate.resources.len();
        let start = Instant::now();
        gather.add(&estate);
        loading += start.elapsed();
    }
    let start = Instant::now();
    let organisation = Organisation::new(gather.finish());
    loading += start.elapsed();
    let (principals, classes) = (organisation.len(), organisation.classes().1);
    for (what, wanted) in questions(accounts) {
        let (start, before) = (Instant::now(), computing().unwrap_or_default());
        let answer = match who_can(&organisation, &wanted) {
            Ok(answer) => answer,
            Err(wrong) => return eprintln!("{wrong}"),
        };
        let time = start.elapsed();
        let computed = computing().unwrap_or_default() - before;
        let (direct, through) = answer.count();
        println!(
            "{accounts:>8}  {principals:>10}  {resources:>9}  {classes:>7}  {:>5.1} s   {what:<36}  {direct:>7} can  {:>7}  {through:>7}  {:>7.1} ms  {computed:>5} ms  {} MiB",
            loading.as_secs_f64(),
            answer.decided,
            time.as_secs_f64() * 1000.0,
            memory().unwrap_or_default(),
        );
    }
}

/// How long this process has been computing, in milliseconds: what others do on the machine does not count.
fn computing() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

/// The most memory that was used, in MiB.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn questions(accounts: usize) -> Vec<(&'static str, Wanted)> {
    let last = id(accounts - 1);
    let mut without = Wanted::new("iam:CreateUser", "*");
    without.resource_account = Some(last.clone());
    let mut alone = Wanted::new("s3:GetObject", format!("arn:aws:s3:::acme-{last}-1/*"));
    alone.chains = false;
    vec![
        ("a bucket of one account", Wanted::new("s3:GetObject", format!("arn:aws:s3:::acme-{last}-1/*"))),
        ("the same, without chains", alone),
        (
            "a bucket for all of the organisation",
            Wanted::new("s3:GetObject", format!("arn:aws:s3:::acme-{last}-0/*")),
        ),
        ("a key", Wanted::new("kms:Decrypt", format!("arn:aws:kms:eu-west-1:{last}:key/key-1"))),
        (
            "a queue from a network alone",
            Wanted::new("sqs:SendMessage", format!("arn:aws:sqs:eu-west-1:{last}:queue-0")),
        ),
        ("users of an account", without),
        ("users of any account", Wanted::new("iam:CreateUser", "*")),
    ]
}

fn id(at: usize) -> String {
    format!("{:012}", 100_000_000_000_usize + at)
}

fn node(value: Value, origin: &Origin) -> Node {
    let value = match value {
        Value::Null => ModelValue::Null,
        Value::Bool(value) => ModelValue::Bool(value),
        Value::Number(number) => ModelValue::Number(number),
        Value::String(text) => ModelValue::Text(text.into()),
        Value::Array(items) => ModelValue::list(items.into_iter().map(|item| node(item, origin)).collect()),
        Value::Object(entries) => {
            ModelValue::map(entries.into_iter().map(|(name, value)| (Arc::from(name), node(value, origin))))
        }
    };
    Node::new(value, origin.clone())
}

fn raw(account: Option<AccountId>, kind: &str, arn: &str, document: Value) -> RawResource {
    let call = Call { operation: "sim:List".to_owned(), account, region: None, time: None };
    let origin = Origin::Call(Arc::new(call));
    RawResource {
        source: Source::Live,
        source_type: kind.into(),
        address: Address { root: "".into(), name: arn.into() },
        existence: Existence::Yes,
        raw: node(document, &origin),
        account,
        region: None,
        origin,
    }
}

fn policy(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn managed(name: &str, statements: Value) -> RawResource {
    let arn = format!("arn:aws:iam::aws:policy/{name}");
    raw(
        None,
        "AWS::IAM::ManagedPolicy",
        &arn,
        json!({ "PolicyName": name, "Arn": arn,
        "Version": { "PolicyVersion": { "Document": policy(statements) } },
        "Entities": { "PolicyUsers": [], "PolicyGroups": [], "PolicyRoles": [] } }),
    )
}

/// The organisation: ten units, policies on them, and the policies that AWS manages.
fn top(accounts: usize, library: &Library) -> Estate {
    let mut root = OrganisationalUnit { id: "r-root".into(), name: "Root".into(), ..Default::default() };
    root.accounts.extend(id(0).parse::<AccountId>());
    for unit in 0..10 {
        let members = (1..accounts).filter(|at| at % 10 == unit).filter_map(|at| id(at).parse().ok());
        let (unit, name) = (format!("ou-root-{unit:08}"), format!("unit {unit}"));
        root.units.push(OrganisationalUnit {
            id: unit,
            name,
            accounts: members.collect(),
            units: Vec::new(),
        });
    }
    let scp = |id: &str, statements: Value, targets: Vec<String>| {
        let targets: Vec<Value> = targets.iter().map(|target| json!({ "TargetId": target })).collect();
        raw(
            None,
            "AWS::Organizations::Policy",
            id,
            json!({ "Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY",
            "Policy": { "Policy": { "Content": policy(statements) } }, "Targets": { "Targets": targets } }),
        )
    };
    let everywhere = std::iter::once("r-root".to_owned())
        .chain(root.units.iter().map(|unit| unit.id.clone()))
        .chain((0..accounts).map(id));
    let mut all = vec![
        scp(
            "p-FullAWSAccess",
            json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]),
            everywhere.collect(),
        ),
        scp(
            "p-regions",
            json!([{ "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*", "s3:*"], "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } } }]),
            vec!["r-root".into()],
        ),
        scp(
            "p-no-users",
            json!([{ "Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateAccessKey"], "Resource": "*",
            "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/break-glass" } } }]),
            root.units.iter().take(8).map(|unit| unit.id.clone()).collect(),
        ),
        managed("AdministratorAccess", json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }])),
        managed(
            "ReadOnlyAccess",
            json!([{ "Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "ec2:Describe*", "iam:Get*", "kms:Describe*"], "Resource": "*" }]),
        ),
        managed(
            "PowerUserAccess",
            json!([{ "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*" }]),
        ),
    ];
    all.extend((0..40).map(|at| managed(&format!("Job{at}"), json!([{ "Effect": "Allow",
        "Action": [format!("sqs:Send{at}*"), "dynamodb:GetItem", "logs:PutLogEvents", "sqs:SendMessage"], "Resource": "*" }]))));
    let management = id(0).parse().ok();
    let kinds = "AWS::Organizations::Policy".parse::<ResourceType>();
    let listed = kinds.into_iter().map(|kind| (kind, Completeness::All)).collect();
    Estate {
        resources: resolve(all, library.kinds()),
        accounts: management.map(|id| (id, Account { listed, ..Default::default() })).into_iter().collect(),
        organisation: Some(palisade_model::Organisation {
            id: "o-acme".into(),
            management,
            attributes: Default::default(),
            root,
        }),
    }
}

fn of_account(at: usize, library: &Library) -> Estate {
    let name = id(at);
    let account: Option<AccountId> = name.parse().ok();
    let mut all = Vec::with_capacity(PRINCIPALS + RESOURCES);
    let mut role = |path: &str,
                    called: &str,
                    trust: Value,
                    managed: &[&str],
                    inline: Option<Value>,
                    tag: usize| {
        let arn = format!("arn:aws:iam::{name}:role{path}{called}");
        let attached: Vec<Value> = managed
            .iter()
            .map(|name| json!({ "PolicyArn": format!("arn:aws:iam::aws:policy/{name}") }))
            .collect();
        let inline: Vec<Value> = inline
            .into_iter()
            .map(|statements| json!({ "PolicyName": "own", "PolicyDocument": policy(statements) }))
            .collect();
        all.push(raw(account, "AWS::IAM::Role", &arn, json!({ "RoleName": called, "Arn": arn, "RoleId": format!("AROA{at}X{called}"),
            "Path": path, "AssumeRolePolicyDocument": policy(trust), "RolePolicyList": inline,
            "AttachedManagedPolicies": attached, "Tags": [{ "Key": "team", "Value": format!("team{}", tag % 7) }] })));
    };
    let directory = json!([{ "Effect": "Allow", "Action": "sts:AssumeRoleWithSAML",
        "Principal": { "Federated": format!("arn:aws:iam::{name}:saml-provider/AWSSSO_DO_NOT_DELETE") } }]);
    for (set, policies) in
        [("Admin", "AdministratorAccess"), ("Power", "PowerUserAccess"), ("Read", "ReadOnlyAccess")]
    {
        let called = format!("AWSReservedSSO_{set}_{at:016x}");
        role("/aws-reserved/sso.amazonaws.com/", &called, directory.clone(), &[policies], None, 0);
    }
    let deploys = json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{}:role/pipeline", id(0)) } }]);
    role("/", "deploys", deploys, &["PowerUserAccess"], None, 1);
    role(
        "/",
        "break-glass",
        json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": id(0) },
        "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } }]),
        &["AdministratorAccess"],
        None,
        1,
    );
    role(
        "/",
        "pipeline",
        json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "codebuild.amazonaws.com" } }]),
        &[],
        Some(
            json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/deploys" }]),
        ),
        1,
    );
    let lambda = json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } }]);
    for of in 0..PRINCIPALS - 16 {
        let job = format!("Job{}", of % 40);
        let own = json!([
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": format!("arn:aws:s3:::acme-{name}-{}/*", of % 20) },
            { "Effect": "Allow", "Action": "kms:Decrypt", "Resource": format!("arn:aws:kms:eu-west-1:{name}:key/key-{}", of % 10) },
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": { "StringEquals": { "aws:ResourceOrgID": "o-acme", "aws:PrincipalTag/team": "team3" } } },
        ]);
        role("/app/", &format!("app-{of}"), lambda.clone(), &[&job], Some(own), of);
    }
    for of in 0..10 {
        let arn = format!("arn:aws:iam::{name}:user/user-{of}");
        all.push(raw(
            account,
            "AWS::IAM::User",
            &arn,
            json!({ "UserName": format!("user-{of}"), "Arn": arn, "UserId": format!("AIDA{at}X{of}"),
            "Path": "/", "GroupList": [], "UserPolicyList": [], "Tags": [],
            "AttachedManagedPolicies": [{ "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }] }),
        ));
    }
    let tags = json!([{ "Key": "stage", "Value": "prod" }]);
    for of in 0..20 {
        let bucket = format!("acme-{name}-{of}");
        let both = json!([format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]);
        let mut statements =
            vec![json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } })];
        if of == 0 {
            statements.push(json!({ "Sid": "Organisation", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": both,
                "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-acme" } } }));
        }
        all.push(raw(account, "AWS::S3::Bucket", &format!("arn:aws:s3:::{bucket}"), json!({ "Name": bucket,
            "PublicAccessBlock": { "PublicAccessBlockConfiguration": { "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true } },
            "Policy": { "Policy": policy(json!(statements)) }, "Tagging": { "TagSet": tags } })));
    }
    for of in 0..10 {
        let arn = format!("arn:aws:kms:eu-west-1:{name}:key/key-{of}");
        all.push(raw(account, "AWS::KMS::Key", &arn, json!({ "KeyId": format!("key-{of}"), "KeyArn": arn,
            "Description": { "KeyMetadata": { "Arn": arn, "KeyId": format!("key-{of}"), "KeyManager": "CUSTOMER" } },
            "KeyPolicy": { "Policy": policy(json!([{ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{name}:root") }, "Action": "kms:*", "Resource": "*" }])) } })));
    }
    for of in 0..30 {
        let arn = format!("arn:aws:sqs:eu-west-1:{name}:queue-{of}");
        let allow = json!([{ "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-acme", "aws:SourceVpc": "vpc-1" } } }]);
        all.push(raw(
            account,
            "AWS::SQS::Queue",
            &arn,
            json!({ "QueueUrl": arn, "Queue": { "Attributes": { "QueueArn": arn,
            "Policy": policy(allow) } } }),
        ));
    }
    for of in 0..RESOURCES - 60 {
        let arn = format!("arn:aws:ec2:eu-west-1:{name}:instance/i-{of:017x}");
        all.push(raw(account, "acme:instance", &arn, json!({ "InstanceId": format!("i-{of:017x}") })));
    }
    let listed: BTreeMap<ResourceType, Completeness> =
        KINDS.iter().filter_map(|kind| kind.parse().ok()).map(|kind| (kind, Completeness::All)).collect();
    let about = Account { name: Some(format!("account {at}")), listed, ..Default::default() };
    Estate {
        resources: resolve(all, library.kinds()),
        accounts: account.map(|id| (id, about)).into_iter().collect(),
        organisation: None,
    }
}
