//! The ARN of a resource: where the answers say it, and how it follows from them where they don't.

use crate::document::{Given, field, text, text_at};
use crate::plan::KindPlan;
use palisade_model::Arn;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Where it follows from the name: the form of the "Service Authorization Reference".
const FORMS: [(&str, &str); 27] = [
    ("AWS::S3::Bucket", "arn:$Partition:s3:::$Name"),
    ("AWS::S3::AccessPoint", "arn:$Partition:s3:$Region:$AccountId:accesspoint/$Name"),
    ("AWS::EC2::Instance", "arn:$Partition:ec2:$Region:$Owner:instance/$InstanceId"),
    ("AWS::EC2::Volume", "arn:$Partition:ec2:$Region:$AccountId:volume/$VolumeId"),
    ("AWS::EC2::Snapshot", "arn:$Partition:ec2:$Region::snapshot/$SnapshotId"),
    ("AWS::EC2::Image", "arn:$Partition:ec2:$Region::image/$ImageId"),
    ("AWS::EC2::SecurityGroup", "arn:$Partition:ec2:$Region:$Owner:security-group/$GroupId"),
    ("AWS::EC2::Subnet", "arn:$Partition:ec2:$Region:$Owner:subnet/$SubnetId"),
    ("AWS::EC2::VPC", "arn:$Partition:ec2:$Region:$Owner:vpc/$VpcId"),
    ("AWS::EC2::NetworkAcl", "arn:$Partition:ec2:$Region:$Owner:network-acl/$NetworkAclId"),
    ("AWS::EC2::RouteTable", "arn:$Partition:ec2:$Region:$Owner:route-table/$RouteTableId"),
    ("AWS::EC2::InternetGateway", "arn:$Partition:ec2:$Region:$Owner:internet-gateway/$InternetGatewayId"),
    ("AWS::EC2::NetworkInterface", "arn:$Partition:ec2:$Region:$Owner:network-interface/$NetworkInterfaceId"),
    ("AWS::EC2::VPCEndpoint", "arn:$Partition:ec2:$Region:$Owner:vpc-endpoint/$VpcEndpointId"),
    ("AWS::EC2::LaunchTemplate", "arn:$Partition:ec2:$Region:$AccountId:launch-template/$LaunchTemplateId"),
    ("AWS::DynamoDB::Table", "arn:$Partition:dynamodb:$Region:$AccountId:table/$TableName"),
    ("AWS::EKS::Cluster", "arn:$Partition:eks:$Region:$AccountId:cluster/$name"),
    ("AWS::CodeBuild::Project", "arn:$Partition:codebuild:$Region:$AccountId:project/$name"),
    ("AWS::GuardDuty::Detector", "arn:$Partition:guardduty:$Region:$AccountId:detector/$DetectorId"),
    (
        "AWS::Cognito::IdentityPool",
        "arn:$Partition:cognito-identity:$Region:$AccountId:identitypool/$IdentityPoolId",
    ),
    ("AWS::Redshift::Cluster", "arn:$Partition:redshift:$Region:$AccountId:cluster:$ClusterIdentifier"),
    ("AWS::RDS::DBSnapshot", "arn:$Partition:rds:$Region:$AccountId:snapshot:$DBSnapshotIdentifier"),
    ("AWS::OpenSearchService::Domain", "arn:$Partition:es:$Region:$AccountId:domain/$DomainName"),
    ("AWS::EFS::FileSystem", "arn:$Partition:elasticfilesystem:$Region:$AccountId:file-system/$FileSystemId"),
    ("AWS::SQS::Queue", "arn:$Partition:sqs:$Region:$AccountId:$QueueUrl"),
    ("AWS::ApiGateway::RestApi", "arn:$Partition:apigateway:$Region::/restapis/$id"),
    ("AWS::CloudTrail::Trail", "$TrailARN"),
];

/// The ARN of a resource, where the answers say it or it follows from them.
pub(crate) fn of(kind: &KindPlan, members: &Map<String, Value>, given: &Given) -> Option<Arc<str>> {
    let form = FORMS.iter().find(|(name, _)| *name == kind.kind.as_str()).map(|(_, form)| *form);
    let said = text_at(members, &kind.arn).or_else(|| said(kind, members));
    let found = match form {
        // The form names the owner, which is not who was asked where a thing is shared.
        Some(form) => said.or_else(|| filled(form, members, given)),
        None => said,
    };
    found.filter(|arn| arn.parse::<Arn>().is_ok()).map(Arc::from)
}

/// An id that is one, or a field that is called so: `Arn`, or `TopicArn` of a topic.
fn said(kind: &KindPlan, members: &Map<String, Value>) -> Option<String> {
    let is_arn = |text: &String| text.starts_with("arn:");
    let is_kept = |name: &str| kind.keep.iter().any(|kept| kept.as_ref() == name);
    if let [id] = &kind.id[..]
        && !is_kept(id)
        && let Some(id) = field(members, id).and_then(text).filter(is_arn)
    {
        return Some(id);
    }
    let noun = kind.kind.as_str().rsplit("::").next().unwrap_or_default();
    let own = format!("{noun}arn").to_ascii_lowercase();
    let called = |name: &&String| {
        let name = name.to_ascii_lowercase();
        name == "arn" || name == own
    };
    let names = members.keys().filter(|name| !is_kept(name)).filter(called);
    names.filter_map(|name| members.get(name).and_then(text)).find(is_arn)
}

fn filled(form: &str, members: &Map<String, Value>, given: &Given) -> Option<String> {
    let mut parts = form.split('$');
    let mut arn = parts.next()?.to_owned();
    for part in parts {
        let end = part.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let value = match name {
            "Owner" => field(members, "OwnerId").and_then(text).unwrap_or_else(|| given.account.clone()),
            // The last part of a queue's address is its name.
            "QueueUrl" => text(members.get(name)?)?.rsplit('/').next()?.to_owned(),
            name => members.get(name).and_then(text).or_else(|| given.get(name).as_ref().and_then(text))?,
        };
        arn.push_str(&value);
        arn.push_str(rest);
    }
    Some(arn)
}
