//! moto, which pretends to be AWS: each protocol, other accounts, pages. `cargo xtask test` starts it.

use palisade_aws::{Ask, CallFailure, FailureKind};
use palisade_client::{Access, Client, Credentials, Runtime, Settings, SharedCredentialsProvider};
use serde_json::{Value, json};
use std::io::Write as _;

/// The account that moto gives to keys that it does not know.
const OWN: &str = "123456789012";
const MEMBER: &str = "222233334444";

/// Where moto listens; none where nobody started it, and that is said.
fn moto() -> Option<String> {
    let url = std::env::var("PALISADE_MOTO").ok();
    if url.is_none() {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: calls against moto; PALISADE_MOTO is not set");
    }
    url
}

struct Cloud {
    runtime: Runtime,
    client: Client,
}

impl Cloud {
    fn new(url: String, access: Access) -> Self {
        let runtime = Runtime::new().unwrap();
        let keys = Credentials::new("testing", "testing", None, None, "test");
        let settings = Settings {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(url),
            credentials: Some(SharedCredentialsProvider::new(keys)),
            access,
            ..Settings::default()
        };
        let client = runtime.block_on(Client::new(settings)).unwrap();
        Self { runtime, client }
    }

    #[track_caller]
    fn call(&self, account: &str, call: &str, parameters: Value) -> Value {
        self.try_call(account, call, parameters).unwrap_or_else(|failure| panic!("{call}: {failure}"))
    }

    fn try_call(&self, account: &str, call: &str, parameters: Value) -> Result<Value, CallFailure> {
        let (service, operation) = call.split_once('.').unwrap();
        let ask = Ask {
            account: account.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            service: service.into(),
            operation: operation.into(),
            parameters,
        };
        self.runtime.block_on(self.client.call(&ask))
    }
}

fn entering() -> Access {
    let role = Some("OrganizationAccountAccessRole".parse().unwrap());
    Access { role, external_id: Some("palisade-test".to_owned()), ..Access::default() }
}

#[test]
fn the_caller_is_known() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, Access::default());
    let identity = cloud.runtime.block_on(cloud.client.whoami()).unwrap();
    assert_eq!(identity.account.to_string(), OWN);
    assert_eq!(identity.partition(), "aws");
}

#[test]
fn each_protocol_is_spoken() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, entering());
    for account in [OWN, MEMBER] {
        let name = format!("palisade-client-{account}");
        // EC2's own.
        let vpcs = cloud.call(
            account,
            "ec2.DescribeVpcs",
            json!({"Filters": [{"Name": "isDefault", "Values": ["true"]}]}),
        );
        assert_eq!(vpcs["Vpcs"][0]["OwnerId"], account, "{vpcs}");
        // Query.
        cloud.call(account, "iam.CreateUser", json!({"UserName": name, "Path": "/a b/"}));
        let users = cloud.call(account, "iam.ListUsers", json!({"PathPrefix": "/a b/"}));
        assert_eq!(users["Users"][0]["Arn"], format!("arn:aws:iam::{account}:user/a b/{name}"));
        // REST with XML, the bucket in the path.
        let placed = json!({"LocationConstraint": "eu-west-1"});
        cloud.call(account, "s3.CreateBucket", json!({"Bucket": name, "CreateBucketConfiguration": placed}));
        let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        cloud.call(account, "s3.PutBucketPolicy", json!({"Bucket": name, "Policy": policy}));
        assert_eq!(cloud.call(account, "s3.GetBucketPolicy", json!({"Bucket": name}))["Policy"], policy);
        let buckets = cloud.call(account, "s3.ListBuckets", json!({}));
        assert!(buckets["Buckets"].as_array().unwrap().iter().any(|bucket| bucket["Name"] == name.as_str()));
        let tags = json!({"TagSet": [{"Key": "a", "Value": "é <&>"}]});
        cloud.call(account, "s3.PutBucketTagging", json!({"Bucket": name, "Tagging": tags}));
        assert_eq!(
            cloud.call(account, "s3.GetBucketTagging", json!({"Bucket": name}))["TagSet"],
            tags["TagSet"]
        );
        // S3 Control, the account in a header.
        let block = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
        let given = json!({"AccountId": account, "PublicAccessBlockConfiguration": block});
        cloud.call(account, "s3control.PutPublicAccessBlock", given);
        let found = cloud.call(account, "s3control.GetPublicAccessBlock", json!({"AccountId": account}));
        assert_eq!(found["PublicAccessBlockConfiguration"], block);
        // REST with JSON.
        let functions = cloud.call(account, "lambda.ListFunctions", json!({}));
        assert_eq!(functions["Functions"], json!([]));
        // JSON 1.0, with pages.
        for letter in ["a", "b", "c"] {
            let key = json!([{"AttributeName": "k", "KeyType": "HASH"}]);
            let attributes = json!([{"AttributeName": "k", "AttributeType": "S"}]);
            let table = json!({"TableName": format!("{name}-{letter}"), "KeySchema": key, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"});
            cloud.call(account, "dynamodb.CreateTable", table);
        }
        let tables = cloud.call(account, "dynamodb.ListTables", json!({"Limit": 1}));
        assert_eq!(tables["TableNames"].as_array().unwrap().len(), 3, "{tables}");
        // JSON 1.0 of a service that once spoke query.
        cloud.call(account, "sqs.CreateQueue", json!({"QueueName": name}));
        let queues = cloud.call(account, "sqs.ListQueues", json!({}));
        assert!(
            queues["QueueUrls"][0].as_str().unwrap().ends_with(&format!("/{account}/{name}")),
            "{queues}"
        );
        // JSON 1.1.
        let key = cloud.call(account, "kms.CreateKey", json!({"Description": name}));
        let id = key["KeyMetadata"]["KeyId"].clone();
        let told = cloud.call(account, "kms.DescribeKey", json!({"KeyId": id}));
        assert_eq!(told["KeyMetadata"]["AWSAccountId"], account);
    }
}

#[test]
fn what_moto_refuses_is_told_in_its_words() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, Access::default());
    let check = |call, parameters, kind, code: &str| {
        let failure = cloud.try_call(OWN, call, parameters).unwrap_err();
        assert_eq!((failure.kind, &*failure.code), (kind, code), "{failure}");
    };
    check("iam.GetUser", json!({"UserName": "nobody"}), FailureKind::Absent, "NoSuchEntity");
    check(
        "s3.GetBucketPolicy",
        json!({"Bucket": "no-such-bucket-here"}),
        FailureKind::Absent,
        "NoSuchBucket",
    );
    check(
        "lambda.GetFunction",
        json!({"FunctionName": "none"}),
        FailureKind::Absent,
        "ResourceNotFoundException",
    );
    check(
        "dynamodb.DescribeTable",
        json!({"TableName": "none"}),
        FailureKind::Absent,
        "ResourceNotFoundException",
    );
    check(
        "ec2.DescribeVpcs",
        json!({"VpcIds": ["vpc-00000000"]}),
        FailureKind::Absent,
        "InvalidVpcID.NotFound",
    );
    check("iam.GetUser", json!({"UserName": 1}), FailureKind::Refused, "parameters");
    check("iam.GetNothing", json!({}), FailureKind::Refused, "unknown-operation");
}

#[test]
fn no_account_is_entered_without_a_role() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, Access::default());
    let failure = cloud.try_call(MEMBER, "ec2.DescribeVpcs", json!({})).unwrap_err();
    assert_eq!(&*failure.code, "no-role");
}

#[test]
fn an_organisation_is_walked() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, entering());
    if let Err(failure) =
        cloud.try_call(OWN, "organizations.CreateOrganization", json!({"FeatureSet": "ALL"}))
    {
        assert_eq!(&*failure.code, "AlreadyInOrganizationException", "{failure}");
    }
    for number in 0..3 {
        let email = format!("palisade-{number}@example.com");
        cloud.call(
            OWN,
            "organizations.CreateAccount",
            json!({"AccountName": format!("client {number}"), "Email": email}),
        );
    }
    let accounts = cloud.call(OWN, "organizations.ListAccounts", json!({"MaxResults": 1}));
    let accounts = accounts["Accounts"].as_array().unwrap().clone();
    assert!(accounts.len() >= 4, "{accounts:?}");
    for account in accounts.iter().take(3) {
        let id = account["Id"].as_str().unwrap();
        let who = cloud.call(id, "sts.GetCallerIdentity", json!({}));
        assert_eq!(who["Account"], id);
    }
}

#[test]
fn many_attempts_are_under_way_at_once() {
    let Some(url) = moto() else { return };
    let cloud = Cloud::new(url, entering());
    let mut flights = cloud.runtime.flights(&cloud.client);
    for number in 0..20 {
        let account = if number % 2 == 0 { OWN } else { MEMBER };
        let ask = Ask {
            account: account.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            service: "sts".into(),
            operation: "GetCallerIdentity".into(),
            parameters: json!({}),
        };
        flights.start(number, ask);
    }
    let mut ended = 0_u64;
    while !flights.is_empty() {
        let Some((number, answer)) = flights.next(std::time::Duration::from_secs(60)) else { continue };
        let account = if number % 2 == 0 { OWN } else { MEMBER };
        assert_eq!(answer.unwrap().value["Account"], account);
        ended += 1;
    }
    assert_eq!(ended, 20);
}
