//! Changes while somebody looks: what becomes different, when each reader sees it, and the record in CloudTrail.

use super::world::{Known, Place};
use crate::clock::Moment;
use palisade_model::{AccountId, Region};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// What becomes different about a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    /// What stands at this path (`PublicAccessBlock.…`) becomes this.
    Set(String, Value),
    /// Nothing stands at this path any more.
    Unset(String),
    /// This is added to the list at this path.
    Push(String, Value),
    /// The resource is deleted.
    Gone,
}

/// All that was changed.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    by_arn: HashMap<String, Vec<(Duration, Duration, Edit)>>,
    made: HashMap<(Place, String), Vec<(Duration, Known)>>,
}

impl Edits {
    pub(crate) fn add(&mut self, arn: &str, edit: Edit, at: Duration, lag: Duration) {
        self.by_arn.entry(arn.to_owned()).or_default().push((at, lag, edit));
    }

    pub(crate) fn make(&mut self, place: Place, kind: &str, known: Known, seen: Duration) {
        self.made.entry((place, kind.to_owned())).or_default().push((seen, known));
    }

    /// What was made there and is seen by now.
    pub(crate) fn made(&self, place: Place, kind: &str, now: Duration) -> impl Iterator<Item = &Known> {
        let made = if self.made.is_empty() { None } else { self.made.get(&(place, kind.to_owned())) };
        made.into_iter().flatten().filter(move |(seen, _)| *seen <= now).map(|(_, known)| known)
    }

    /// The resource as a reader sees it now; none when it is gone.
    pub(crate) fn apply(&self, (arn, mut document): Known, now: Duration) -> Option<Known> {
        if self.by_arn.is_empty() {
            return Some((arn, document));
        }
        for (at, lag, edit) in self.by_arn.get(&arn).into_iter().flatten() {
            // Some of the machines that answer know it at once, others only after a while.
            let turn = (now.as_nanos() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63;
            let seen = *at + if turn == 0 { Duration::ZERO } else { *lag };
            if now < seen {
                continue;
            }
            match edit {
                Edit::Gone => return None,
                Edit::Set(path, value) => {
                    if let Some(at) = reach(&mut document, path) {
                        *at = value.clone();
                    }
                }
                Edit::Unset(path) => unset(&mut document, path),
                Edit::Push(path, value) => {
                    if let Some(at) = reach(&mut document, path) {
                        match at {
                            Value::Array(items) => items.push(value.clone()),
                            other => *other = json!([value]),
                        }
                    }
                }
            }
        }
        Some((arn, document))
    }
}

fn reach<'a>(document: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(document, |at, step| {
        if at.is_null() {
            *at = json!({});
        }
        at.as_object_mut().map(|entries| entries.entry(step).or_insert(Value::Null))
    })
}

fn unset(document: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let at =
        parent.split('.').filter(|step| !step.is_empty()).try_fold(document, |at, step| at.get_mut(step));
    if let Some(Value::Object(entries)) = at {
        entries.shift_remove(name);
    }
}

/// Something that somebody does to a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The public access block of a bucket is taken away.
    BucketUnblocked {
        /// The bucket.
        bucket: String,
    },
    /// The public access block of a bucket is set, all four.
    BucketBlocked {
        /// The bucket.
        bucket: String,
    },
    /// A bucket gets a policy.
    BucketPolicy {
        /// The bucket.
        bucket: String,
        /// The policy, as JSON.
        policy: String,
    },
    /// A bucket is deleted.
    BucketDeleted {
        /// The bucket.
        bucket: String,
    },
    /// A security group lets in a port from a range.
    PortOpened {
        /// The group's id.
        group: String,
        /// The port.
        port: u16,
        /// From where.
        range: String,
    },
    /// A key is no longer rotated, or is from now on.
    KeyRotation {
        /// The key's id.
        key: String,
        /// Is it rotated?
        is_rotated: bool,
    },
    /// A role's trust policy becomes another.
    RoleTrust {
        /// The role's name.
        role: String,
        /// The policy, as JSON.
        policy: String,
    },
    /// A trail stops, or starts again.
    TrailLogging {
        /// The trail's name.
        trail: String,
        /// Does it record?
        is_logging: bool,
    },
    /// A volume is made.
    VolumeMade {
        /// Its id.
        volume: String,
        /// Is it encrypted?
        is_encrypted: bool,
    },
}

/// What a change does: to which resource, how, and what CloudTrail says of it.
pub(crate) struct Deed {
    pub(crate) arn: String,
    pub(crate) edits: Vec<Edit>,
    pub(crate) made: Option<(&'static str, Value)>,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) asked: Value,
    pub(crate) answered: Value,
}

impl Change {
    pub(crate) fn deed(&self, account: AccountId, region: &Region) -> Deed {
        let of_bucket = |bucket: &str, name, edit, mut asked: Value| {
            asked["bucketName"] = json!(bucket);
            asked["Host"] = json!(format!("{bucket}.s3.{region}.amazonaws.com"));
            Deed {
                arn: format!("arn:aws:s3:::{bucket}"),
                edits: vec![edit],
                made: None,
                source: "s3.amazonaws.com",
                name,
                asked,
                answered: Value::Null,
            }
        };
        let block = |is: bool| json!({ "BlockPublicAcls": is, "IgnorePublicAcls": is, "BlockPublicPolicy": is, "RestrictPublicBuckets": is });
        match self {
            Self::BucketUnblocked { bucket } => {
                let edit = Edit::Unset("PublicAccessBlock".to_owned());
                of_bucket(bucket, "DeleteBucketPublicAccessBlock", edit, json!({ "publicAccessBlock": "" }))
            }
            Self::BucketBlocked { bucket } => {
                let path = "PublicAccessBlock".to_owned();
                let edit = Edit::Set(path, json!({ "PublicAccessBlockConfiguration": block(true) }));
                let asked = json!({ "publicAccessBlock": "", "PublicAccessBlockConfiguration": block(true) });
                of_bucket(bucket, "PutBucketPublicAccessBlock", edit, asked)
            }
            Self::BucketPolicy { bucket, policy } => {
                let edit = Edit::Set("Policy".to_owned(), json!({ "Policy": policy }));
                let asked: Value = serde_json::from_str(policy).unwrap_or_default();
                of_bucket(bucket, "PutBucketPolicy", edit, json!({ "bucketPolicy": asked, "policy": "" }))
            }
            Self::BucketDeleted { bucket } => of_bucket(bucket, "DeleteBucket", Edit::Gone, json!({})),
            Self::PortOpened { group, port, range } => {
                let rule = json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
                    "IpRanges": [{ "CidrIp": range }], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [] });
                Deed {
                    arn: format!("arn:aws:ec2:{region}:{account}:security-group/{group}"),
                    edits: vec![Edit::Push("IpPermissions".to_owned(), rule)],
                    made: None,
                    source: "ec2.amazonaws.com",
                    name: "AuthorizeSecurityGroupIngress",
                    asked: json!({ "groupId": group, "ipPermissions": { "items": [{ "ipProtocol": "tcp",
                        "fromPort": port, "toPort": port, "ipRanges": { "items": [{ "cidrIp": range }] } }] } }),
                    answered: json!({ "_return": true }),
                }
            }
            Self::KeyRotation { key, is_rotated } => {
                let arn = format!("arn:aws:kms:{region}:{account}:key/{key}");
                Deed {
                    edits: vec![Edit::Set("Rotation.KeyRotationEnabled".to_owned(), json!(is_rotated))],
                    made: None,
                    source: "kms.amazonaws.com",
                    name: if *is_rotated { "EnableKeyRotation" } else { "DisableKeyRotation" },
                    asked: json!({ "keyId": arn }),
                    answered: json!({ "keyId": arn }),
                    arn,
                }
            }
            Self::RoleTrust { role, policy } => Deed {
                arn: format!("arn:aws:iam::{account}:role/{role}"),
                edits: vec![Edit::Set("AssumeRolePolicyDocument".to_owned(), json!(policy))],
                made: None,
                source: "iam.amazonaws.com",
                name: "UpdateAssumeRolePolicy",
                asked: json!({ "roleName": role, "policyDocument": policy }),
                answered: Value::Null,
            },
            Self::TrailLogging { trail, is_logging } => Deed {
                arn: format!("arn:aws:cloudtrail:{region}:{account}:trail/{trail}"),
                edits: vec![Edit::Set("Status.IsLogging".to_owned(), json!(is_logging))],
                made: None,
                source: "cloudtrail.amazonaws.com",
                name: if *is_logging { "StartLogging" } else { "StopLogging" },
                asked: json!({ "name": format!("arn:aws:cloudtrail:{region}:{account}:trail/{trail}") }),
                answered: Value::Null,
            },
            Self::VolumeMade { volume, is_encrypted } => Deed {
                arn: format!("arn:aws:ec2:{region}:{account}:volume/{volume}"),
                edits: Vec::new(),
                made: Some((
                    "AWS::EC2::Volume",
                    json!({ "VolumeId": volume, "Size": 100, "VolumeType": "gp3", "Encrypted": is_encrypted,
                        "Attachments": [], "Tags": [] }),
                )),
                source: "ec2.amazonaws.com",
                name: "CreateVolume",
                asked: json!({ "size": "100", "zone": format!("{region}a"), "volumeType": "gp3", "encrypted": is_encrypted }),
                answered: json!({ "volumeId": volume, "size": "100", "encrypted": is_encrypted, "status": "creating" }),
            },
        }
    }
}

/// The record that CloudTrail keeps of a deed.
pub(crate) fn record(
    deed: &Deed,
    (account, region): (AccountId, &Region),
    who: &str,
    at: Moment,
    number: u64,
) -> Value {
    let mut random = crate::random::Random::of(number, &deed.arn);
    let role = "AWSReservedSSO_Engineer_0123456789abcdef";
    // What is in no region is recorded in the first one.
    let region = if deed.source == "iam.amazonaws.com" { "us-east-1" } else { region.as_str() };
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("AROA{}:{who}", random.id(17)),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{who}"),
            "accountId": account.to_string(),
            "accessKeyId": format!("ASIA{}", random.id(16)),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": format!("AROA{}", random.id(17)),
                    "arn": format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/eu-west-1/{role}"),
                    "accountId": account.to_string(), "userName": role,
                },
                "attributes": { "creationDate": Moment(at.0 - 1_200).to_string(), "mfaAuthenticated": "false" },
            },
        },
        "eventTime": at.to_string(),
        "eventSource": deed.source,
        "eventName": deed.name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.24",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": deed.asked,
        "responseElements": deed.answered,
        "requestID": crate::build::uuid(&mut random),
        "eventID": crate::build::uuid(&mut random),
        "readOnly": false,
        "resources": [{ "accountId": account.to_string(), "ARN": deed.arn }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account.to_string(),
        "eventCategory": "Management",
    })
}
