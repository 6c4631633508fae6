//! What stands in an account, as the API would give it.

use crate::organisation::{Account, SOURCE, address};
use crate::thing::{
    Bucket, Database, Declared, Function, Instance, Key, Queue, Role, SecurityGroup, Tags, Thing,
};
use palisade_model::{Call, Existence, Node, Origin, RawResource, Value as ModelValue};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Every resource of an account, those that another declares with it included.
pub fn documents(account: &Account) -> Vec<RawResource> {
    let plain = plain(account, &|_| true).into_iter();
    plain.map(|(kind, arn, document)| raw(account, kind, &arn, document)).collect()
}

/// A kind, an ARN, and what the API says.
pub(crate) type Plain = (&'static str, String, Value);

/// The resources of some kinds, as the API would give them.
pub(crate) fn plain(account: &Account, wanted: &dyn Fn(&str) -> bool) -> Vec<Plain> {
    let mut all = Vec::new();
    for declared in &account.things {
        if wanted(declared.thing.kind()) {
            all.push((declared.thing.kind(), arn(account, declared), document(account, declared)));
        }
        let brings = match declared.thing {
            Thing::Role(_) | Thing::User(_) => wanted("AWS::IAM::Policy"),
            Thing::Function(_) => {
                ["AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup"].into_iter().any(wanted)
            }
            _ => false,
        };
        if brings {
            all.extend(along(account, declared).into_iter().filter(|(kind, ..)| wanted(kind)));
        }
    }
    all
}

fn arn(account: &Account, declared: &Declared) -> String {
    declared.thing.arn(account.id, account.region.as_str())
}

pub(crate) fn raw(account: &Account, kind: &'static str, arn: &str, document: Value) -> RawResource {
    let origin = Origin::Call(Arc::new(Call {
        operation: operation(kind).to_owned(),
        account: Some(account.id),
        region: Some(account.region.clone()),
        time: None,
    }));
    RawResource {
        source: SOURCE,
        source_type: kind.into(),
        address: address(arn),
        existence: Existence::Yes,
        raw: node(document, &origin),
        account: Some(account.id),
        region: Some(account.region.clone()),
        origin,
    }
}

fn operation(kind: &str) -> &'static str {
    match kind {
        "AWS::S3::Bucket" => "s3:ListBuckets",
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Policy" => "iam:GetAccountAuthorizationDetails",
        "AWS::IAM::ManagedPolicy" => "iam:ListPolicies",
        "AWS::EC2::SecurityGroup" => "ec2:DescribeSecurityGroups",
        "AWS::EC2::Volume" => "ec2:DescribeVolumes",
        "AWS::EC2::Instance" => "ec2:DescribeInstances",
        "AWS::RDS::DBInstance" => "rds:DescribeDBInstances",
        "AWS::Lambda::Function" => "lambda:ListFunctions",
        "AWS::Logs::LogGroup" => "logs:DescribeLogGroups",
        "AWS::SQS::Queue" => "sqs:ListQueues",
        "AWS::SNS::Topic" => "sns:ListTopics",
        "AWS::KMS::Key" => "kms:ListKeys",
        "AWS::Organizations::Policy" => "organizations:ListPolicies",
        _ => "cloudtrail:DescribeTrails",
    }
}

/// A document as a tree of nodes. It is ours, so its nesting is known.
fn node(value: Value, origin: &Origin) -> Node {
    let value = match value {
        Value::Null => ModelValue::Null,
        Value::Bool(value) => ModelValue::Bool(value),
        Value::Number(number) => ModelValue::Number(number),
        Value::String(text) => ModelValue::Text(text.into()),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| node(item, origin)).collect();
            ModelValue::List(palisade_model::List { items, more: None })
        }
        Value::Object(entries) => {
            let entries = entries.into_iter().map(|(name, value)| (name.into(), node(value, origin)));
            ModelValue::Map(palisade_model::Map { entries: entries.collect(), more: None })
        }
    };
    Node { value, origin: origin.clone() }
}

/// Tags as a list of `Key` and `Value`.
fn pairs(tags: &Tags) -> Value {
    tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
}

fn map(tags: &Tags) -> Value {
    Value::Object(tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>())
}

/// A policy document of these statements, each as JSON.
pub(crate) fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// What the API gives of a thing, the answers to further calls below the names its kind gives them.
pub(crate) fn document(account: &Account, declared: &Declared) -> Value {
    let (arn, tags) = (arn(account, declared), account.tags());
    match &declared.thing {
        Thing::Bucket(bucket) => of_bucket(bucket, &tags),
        Thing::Role(role) => of_role(role, &arn, &tags),
        Thing::Policy(policy) => json!({
            "PolicyName": policy.name, "Arn": arn, "Path": "/", "DefaultVersionId": "v1", "Tags": pairs(&tags),
            "Version": { "PolicyVersion": { "Document": policy.document, "VersionId": "v1" } },
            "Entities": { "PolicyUsers": [], "PolicyGroups": [], "PolicyRoles": [{ "RoleName": policy.role }] },
        }),
        Thing::User(user) => json!({
            "UserName": user.name, "Arn": arn, "UserId": user.id, "Path": "/", "Tags": pairs(&tags),
            "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": inline(&user.inline),
        }),
        Thing::SecurityGroup(group) => of_group(group, account, &tags),
        Thing::Database(database) => of_database(database, &arn, account, &tags),
        Thing::Function(function) => of_function(function, &arn, account, &tags),
        Thing::LogGroup(group) => of_log_group(&group.name, group.days, &arn, &tags),
        Thing::Queue(queue) => of_queue(queue, &arn, &tags),
        Thing::Topic(topic) => {
            let key = topic.key.as_ref().and_then(|name| key_arn(account, name));
            let mut attributes = json!({ "TopicArn": arn });
            put(&mut attributes, "KmsMasterKeyId", key);
            json!({ "TopicArn": arn, "Topic": { "Attributes": attributes },
                "Subscriptions": { "Subscriptions": [] }, "Tags": { "Tags": pairs(&tags) } })
        }
        Thing::Key(key) => of_key(key, &arn, account, &tags),
        Thing::Volume(volume) => json!({
            "VolumeId": volume.id, "Size": volume.size, "VolumeType": "gp3", "Encrypted": volume.is_encrypted,
            "Attachments": [], "Tags": pairs(&tags),
        }),
        Thing::Instance(instance) => of_instance(instance, account, &tags),
        Thing::Trail(trail) => json!({
            "Name": trail.name, "TrailARN": arn, "S3BucketName": trail.bucket, "IsMultiRegionTrail": true,
            "IsOrganizationTrail": trail.is_organisation, "IncludeGlobalServiceEvents": true,
            "LogFileValidationEnabled": true,
            "CloudWatchLogsLogGroupArn": format!("arn:aws:logs:{}:{}:log-group:/organisation/trail:*", account.region.as_str(), account.id), "HomeRegion": account.region.as_str(),
            "KmsKeyId": key_arn(account, &trail.key), "Status": { "IsLogging": true },
            "Tags": { "ResourceTagList": [{ "ResourceId": arn, "TagsList": pairs(&tags) }] },
        }),
    }
}

fn put(document: &mut Value, name: &str, value: Option<String>) {
    if let (Value::Object(entries), Some(value)) = (document, value) {
        entries.insert(name.to_owned(), Value::String(value));
    }
}

/// The ARN of the key that is declared by this name.
fn key_arn(account: &Account, name: &str) -> Option<String> {
    let found =
        account.things.iter().find(|other| other.name == name && matches!(other.thing, Thing::Key(_)));
    found.map(|key| arn(account, key))
}

fn inline(policies: &[(String, String)]) -> Value {
    let policies = policies.iter();
    policies.map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document })).collect()
}

/// The statement that keeps plain HTTP out of a bucket.
pub(crate) fn only_with_tls(bucket: &str) -> String {
    json!({
        "Sid": "OnlyWithTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
    .to_string()
}

fn of_bucket(bucket: &Bucket, tags: &Tags) -> Value {
    let mut statements = bucket.statements.clone();
    statements.push(only_with_tls(&bucket.name));
    json!({
        "Name": bucket.name,
        "PublicAccessBlock": { "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "IgnorePublicAcls": true,
            "BlockPublicPolicy": bucket.blocks_public_policy,
            "RestrictPublicBuckets": bucket.blocks_public_policy,
        } },
        "OwnershipControls": { "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] } },
        "Acl": { "Grants": [] },
        "Policy": { "Policy": policy(&statements) },
        "Versioning": if bucket.is_versioned { json!({ "Status": "Enabled" }) } else { json!({ "Status": "Suspended" }) },
        "Logging": { "LoggingEnabled": { "TargetBucket": bucket.log_bucket, "TargetPrefix": format!("{}/", bucket.name) } },
        "Tagging": { "TagSet": pairs(tags) },
    })
}

fn of_role(role: &Role, arn: &str, tags: &Tags) -> Value {
    json!({
        "RoleName": role.name, "Arn": arn, "RoleId": role.id, "Path": role.path,
        "AssumeRolePolicyDocument": role.trust, "RolePolicyList": inline(&role.inline),
        "AttachedManagedPolicies":
            role.attached.iter().map(|arn| json!({ "PolicyArn": arn })).collect::<Vec<_>>(),
        "MaxSessionDuration": 3600, "Tags": pairs(tags),
    })
}

fn of_group(group: &SecurityGroup, account: &Account, tags: &Tags) -> Value {
    let rules: Vec<Value> = (group.ingress.iter())
        .map(|rule| {
            json!({
                "IpProtocol": "tcp", "FromPort": rule.port, "ToPort": rule.port,
                "IpRanges": rule.ranges.iter()
                    .map(|range| json!({ "CidrIp": range, "Description": rule.description }))
                    .collect::<Vec<_>>(),
                "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [],
            })
        })
        .collect();
    json!({
        "GroupId": group.id, "GroupName": group.name, "Description": group.description, "VpcId": group.vpc,
        "OwnerId": account.id.to_string(), "IpPermissions": rules, "IpPermissionsEgress": [], "Tags": pairs(tags),
    })
}

fn of_database(database: &Database, arn: &str, account: &Account, tags: &Tags) -> Value {
    json!({
        "DBInstanceIdentifier": database.name, "DBInstanceArn": arn, "DBInstanceClass": database.class,
        "Engine": "postgres", "EngineVersion": "16.8", "AllocatedStorage": database.size,
        "PubliclyAccessible": database.is_public, "StorageEncrypted": database.is_encrypted,
        "KmsKeyId": key_arn(account, "data"), "BackupRetentionPeriod": database.backup_days,
        "DeletionProtection": database.is_protected, "MultiAZ": database.is_multi_az,
        "AutoMinorVersionUpgrade": true, "IAMDatabaseAuthenticationEnabled": true, "CopyTagsToSnapshot": true,
        "EnabledCloudwatchLogsExports": ["postgresql"], "MasterUsername": "owner",
        "MasterUserSecret": { "SecretStatus": "active" }, "Endpoint": { "Port": 5432 },
        "CACertificateIdentifier": "rds-ca-rsa2048-g1", "TagList": pairs(tags),
    })
}

fn of_function(function: &Function, arn: &str, account: &Account, tags: &Tags) -> Value {
    json!({
        "FunctionName": function.name, "FunctionArn": arn, "PackageType": "Zip", "Runtime": function.runtime,
        "Role": function_role_arn(function, account),
        "Environment": { "Variables": map(&environment(function, account)) },
        "TracingConfig": { "Mode": "Active" }, "Tags": { "Tags": map(tags) },
    })
}

fn environment(function: &Function, account: &Account) -> Tags {
    let mut environment = function.environment.clone();
    let queue = function.queue.and_then(|name| {
        account.things.iter().find_map(|declared| match &declared.thing {
            Thing::Queue(queue) if declared.name == name => Some(&queue.name),
            _ => None,
        })
    });
    if let Some(queue) = queue {
        let url = format!("https://sqs.{}.amazonaws.com/{}/{queue}", account.region.as_str(), account.id);
        environment.insert("QUEUE_URL".to_owned(), url);
    }
    environment
}

pub(crate) fn function_role_arn(function: &Function, account: &Account) -> String {
    format!("arn:aws:iam::{}:role/{}", account.id, function.name)
}

fn of_log_group(name: &str, days: u32, arn: &str, tags: &Tags) -> Value {
    json!({ "logGroupName": name, "logGroupArn": arn, "arn": format!("{arn}:*"), "retentionInDays": days,
        "logGroupClass": "STANDARD", "Tags": { "tags": map(tags) } })
}

fn of_queue(queue: &Queue, arn: &str, tags: &Tags) -> Value {
    let mut attributes =
        json!({ "QueueArn": arn, "SqsManagedSseEnabled": "true", "MessageRetentionPeriod": "345600" });
    let document = (!queue.statements.is_empty()).then(|| policy(&queue.statements));
    put(&mut attributes, "Policy", document);
    json!({ "QueueUrl": arn, "Queue": { "Attributes": attributes }, "Tags": { "Tags": map(tags) } })
}

/// The policy that lets the account's own policies say who may use a key.
pub(crate) fn key_policy(account: &Account) -> String {
    policy(&[json!({
        "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", account.id) },
        "Action": "kms:*", "Resource": "*",
    })
    .to_string()])
}

fn of_key(key: &Key, arn: &str, account: &Account, tags: &Tags) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(k, v)| json!({ "TagKey": k, "TagValue": v })).collect();
    json!({
        "KeyId": key.id, "KeyArn": arn,
        "Description": { "KeyMetadata": {
            "Arn": arn, "KeyId": key.id, "Description": key.description, "KeyManager": "CUSTOMER",
            "KeyState": "Enabled", "Enabled": true, "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT",
            "Origin": "AWS_KMS", "MultiRegion": false,
        } },
        "Rotation": { "KeyRotationEnabled": key.is_rotated },
        "KeyPolicy": { "Policy": key_policy(account) },
        "Aliases": { "Aliases": [{ "AliasName": format!("alias/{}", key.alias) }] },
        "Tags": { "Tags": tags },
    })
}

fn of_instance(instance: &Instance, account: &Account, tags: &Tags) -> Value {
    let group = account.things.iter().find_map(|declared| match &declared.thing {
        Thing::SecurityGroup(group) if declared.name == instance.group => Some(group.id.clone()),
        _ => None,
    });
    json!({
        "InstanceId": instance.id, "ImageId": instance.image, "InstanceType": instance.class,
        "SubnetId": instance.subnet, "Monitoring": { "State": "enabled" }, "SourceDestCheck": true,
        "MetadataOptions": {
            "HttpTokens": if instance.asks_for_token { "required" } else { "optional" },
            "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1,
        },
        "IamInstanceProfile": { "Arn": format!("arn:aws:iam::{}:instance-profile/{}", account.id, instance.role) },
        "SecurityGroups": group.map(|id| json!({ "GroupId": id })).into_iter().collect::<Vec<_>>(),
        "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeId": instance.disk } }],
        "UserData": { "UserData": {} },
        "DisableApiTermination": { "DisableApiTermination": { "Value": false } },
        "Tags": pairs(tags),
    })
}

/// What AWS or a module makes along with a thing.
fn along(account: &Account, declared: &Declared) -> Vec<Plain> {
    let tags = account.tags();
    let inlines = |owner: &str, arn: &str, policies: &[(String, String)]| -> Vec<_> {
        let policies = policies.iter().map(|(name, document)| {
            let value =
                json!({ "PolicyName": name, "PolicyDocument": document, owner: arn.rsplit('/').next() });
            ("AWS::IAM::Policy", format!("{arn}/{name}"), value)
        });
        policies.collect()
    };
    match &declared.thing {
        Thing::Role(role) => inlines("RoleName", &arn(account, declared), &role.inline),
        Thing::User(user) => inlines("UserName", &arn(account, declared), &user.inline),
        Thing::Function(function) => {
            let role = function_role(function, account);
            let role_arn = function_role_arn(function, account);
            let group = format!("/aws/lambda/{}", function.name);
            let group_arn =
                format!("arn:aws:logs:{}:{}:log-group:{group}", account.region.as_str(), account.id);
            let mut along = inlines("RoleName", &role_arn, &role.inline);
            along.push(("AWS::IAM::Role", role_arn.clone(), of_role(&role, &role_arn, &tags)));
            let log = of_log_group(&group, function.log_days, &group_arn, &tags);
            along.push(("AWS::Logs::LogGroup", group_arn, log));
            along
        }
        _ => Vec::new(),
    }
}

/// The role that runs a function.
pub(crate) fn function_role(function: &Function, account: &Account) -> Role {
    let logs = format!(
        "arn:aws:logs:{}:{}:log-group:/aws/lambda/{}:*",
        account.region.as_str(),
        account.id,
        function.name
    );
    Role {
        name: function.name.clone(),
        id: function.role_id.clone(),
        path: "/".to_owned(),
        trust: crate::build::trusts_service("lambda.amazonaws.com"),
        inline: vec![
            (
                "log".to_owned(),
                policy(&[json!({
                    "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": logs,
                })
                .to_string()]),
            ),
            (
                "run".to_owned(),
                policy(&[json!({
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "secretsmanager:GetSecretValue", "sqs:GetQueueUrl", "ssm:GetParameter"],
                    "Resource": [
                        "arn:aws:kms:*:*:key/*",
                        "arn:aws:secretsmanager:*:*:secret:app/*",
                        "arn:aws:sqs:*:*:*",
                        "arn:aws:ssm:*:*:parameter/*",
                    ],
                })
                .to_string()]),
            ),
        ],
        attached: Vec::new(),
    }
}
