//! What the services say of a resource besides what the organisation plants: times, states, owners.

use super::world::World;
use crate::organisation::Account;
use serde_json::{Value, json};

/// When everything was made, as far as anybody asks.
const MADE: &str = "2025-03-04T09:30:00+00:00";

/// Adds to a document what the service would say too.
pub(crate) fn dress(kind: &str, account: &Account, arn: &str, document: &mut Value) {
    let region = account.region.as_str();
    let mut also = |name: &str, value: Value| {
        if let Some(entries) = document.as_object_mut()
            && !entries.contains_key(name)
        {
            entries.insert(name.to_owned(), value);
        }
    };
    match kind {
        "AWS::S3::Bucket" => {
            also("CreationDate", json!(MADE));
            also("BucketRegion", json!(region));
        }
        "AWS::SQS::Queue" => {
            let name = arn.rsplit(':').next().unwrap_or_default();
            document["QueueUrl"] = json!(format!("https://sqs.{region}.amazonaws.com/{}/{name}", account.id));
        }
        "AWS::IAM::Role" | "AWS::IAM::User" => {
            also("CreateDate", json!(MADE));
            if kind == "AWS::IAM::Role" {
                also("InstanceProfileList", json!([]));
                also("RoleId", json!(id_of("AROA", arn)));
                attach(account, document);
            }
            name_attached(document);
        }
        "AWS::IAM::ManagedPolicy" => {
            also("PolicyId", json!(id_of("ANPA", arn)));
            also("CreateDate", json!(MADE));
            also("UpdateDate", json!(MADE));
            also("IsAttachable", json!(true));
            let users = ["PolicyUsers", "PolicyGroups", "PolicyRoles"];
            let count: usize =
                users.iter().filter_map(|list| document["Entities"][*list].as_array().map(Vec::len)).sum();
            document["AttachmentCount"] = json!(count);
        }
        "AWS::EC2::Volume" => {
            also("AvailabilityZone", json!(format!("{region}a")));
            also("CreateTime", json!(MADE));
            also("State", json!("in-use"));
            also("MultiAttachEnabled", json!(false));
        }
        "AWS::EC2::Instance" => {
            also("LaunchTime", json!(MADE));
            also("State", json!({ "Code": 16, "Name": "running" }));
            also("EbsOptimized", json!(true));
        }
        "AWS::Lambda::Function" => {
            also("LastModified", json!("2025-03-04T09:30:00.000+0000"));
            also("MemorySize", json!(512));
            also("Timeout", json!(30));
            also("Version", json!("$LATEST"));
        }
        "AWS::Logs::LogGroup" => {
            also("creationTime", json!(1_741_080_600_000_i64));
            also("storedBytes", json!(0));
            also("metricFilterCount", json!(0));
        }
        "AWS::RDS::DBInstance" => {
            also("DBInstanceStatus", json!("available"));
            also("InstanceCreateTime", json!(MADE));
        }
        "AWS::CloudTrail::Trail" => also("HasCustomEventSelectors", json!(false)),
        "AWS::Organizations::Policy" => {
            also("AwsManaged", json!(false));
        }
        _ => {}
    }
}

/// The account's own policies say to which role they are attached; the role says it, too.
fn attach(account: &Account, document: &mut Value) {
    let role = document["RoleName"].as_str().unwrap_or_default().to_owned();
    let Some(attached) = document["AttachedManagedPolicies"].as_array_mut() else { return };
    for arn in World::own_policies(account, &role) {
        if !attached.iter().any(|policy| policy["PolicyArn"] == arn.as_str()) {
            attached.push(json!({ "PolicyArn": arn }));
        }
    }
}

fn name_attached(document: &mut Value) {
    for policy in document["AttachedManagedPolicies"].as_array_mut().into_iter().flatten() {
        let name = policy["PolicyArn"].as_str().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        policy["PolicyName"] = json!(name);
    }
}

/// A unique id as IAM writes them, which follows from the ARN.
pub(crate) fn id_of(prefix: &str, arn: &str) -> String {
    let mut random = crate::random::Random::of(0, arn);
    format!("{prefix}{}", random.id(17))
}
