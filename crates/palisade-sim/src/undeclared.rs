//! What stands in each account and nobody declared: the roles of services and of permission sets, and AWS's own policies.

use crate::live::{Plain, policy, raw};
use crate::organisation::{Account, Organisation};
use crate::trail::reserved_role;
use palisade_model::RawResource;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The role of machines that somebody started by hand.
pub const DEFAULT_MACHINE: &str = "default-machine";

/// Roles that services keep for themselves: name, service, and what their policies allow.
const OF_SERVICES: [(&str, &str, &[&str]); 8] = [
    (
        "AWSServiceRoleForConfig",
        "config.amazonaws.com",
        &["config:Put*", "ec2:Describe*", "s3:GetBucketAcl", "s3:GetBucketPolicy", "s3:ListAllMyBuckets"],
    ),
    (
        "AWSServiceRoleForResourceExplorer",
        "resource-explorer-2.amazonaws.com",
        &["ec2:Describe*", "lambda:List*", "logs:Describe*", "rds:Describe*", "sqs:GetQueueAttributes"],
    ),
    (
        "AWSServiceRoleForTrustedAdvisor",
        "trustedadvisor.amazonaws.com",
        &["ec2:Describe*", "elasticloadbalancing:Describe*", "rds:Describe*", "servicequotas:List*"],
    ),
    (
        "AWSServiceRoleForAmazonGuardDuty",
        "guardduty.amazonaws.com",
        &["ec2:Describe*", "organizations:Describe*"],
    ),
    (
        "AWSServiceRoleForAccessAnalyzer",
        "access-analyzer.amazonaws.com",
        &["iam:Get*", "iam:List*", "s3:GetBucketPolicy", "s3:ListAllMyBuckets"],
    ),
    (
        "AWSServiceRoleForAutoScaling",
        "autoscaling.amazonaws.com",
        &[
            "autoscaling:Describe*",
            "ec2:Describe*",
            "ec2:RunInstances",
            "ec2:TerminateInstances",
            "elasticloadbalancing:RegisterTargets",
        ],
    ),
    ("AWSServiceRoleForAmazonSSM", "ssm.amazonaws.com", &["ssm:Describe*", "ssm:SendCommand"]),
    (
        "AWSBackupDefaultServiceRole",
        "backup.amazonaws.com",
        &["rds:CreateDBSnapshot", "rds:DeleteDBSnapshot", "rds:Describe*"],
    ),
];

/// AWS's own policies that permission sets attach, as far as the company uses them; the real ones are longer.
const OF_AWS: [(&str, &str, &[&str]); 5] = [
    ("PowerUserAccess", "NotAction", &["account:*", "iam:*", "organizations:*"]),
    ("ReadOnlyAccess", "Action", READS),
    ("SecurityAudit", "Action", READS),
    ("job-function/ViewOnlyAccess", "Action", &["*:List*", "ec2:Describe*"]),
    (
        "job-function/Billing",
        "Action",
        &["aws-portal:*Billing", "budgets:*", "ce:*", "cur:*", "organizations:ListAccounts"],
    ),
];
const READS: &[&str] = &[
    "access-analyzer:List*",
    "autoscaling:Describe*",
    "cloudtrail:Describe*",
    "cloudtrail:Get*",
    "cloudtrail:LookupEvents",
    "cloudwatch:Describe*",
    "ec2:Describe*",
    "ecr:Describe*",
    "ecs:Describe*",
    "elasticloadbalancing:Describe*",
    "guardduty:Get*",
    "guardduty:List*",
    "iam:GenerateCredentialReport",
    "iam:Get*",
    "iam:List*",
    "kms:Describe*",
    "kms:Get*",
    "kms:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "logs:List*",
    "organizations:Describe*",
    "organizations:List*",
    "rds:Describe*",
    "s3:Get*",
    "s3:List*",
    "securityhub:Get*",
    "servicequotas:List*",
    "sqs:Get*",
    "sqs:List*",
    "ssm:Describe*",
    "ssm:Get*",
    "tag:Get*",
];

/// The roles and policies of an organisation that no configuration declares.
pub fn documents(organisation: &Organisation) -> Vec<RawResource> {
    let of = |account: &Account| -> Vec<RawResource> {
        let roles = roles(organisation, account).into_iter();
        roles.map(|(kind, arn, document)| raw(account, kind, &arn, document)).collect()
    };
    let mut all: Vec<RawResource> = organisation.accounts.iter().flat_map(of).collect();
    let Some(account) = organisation.accounts.first() else { return all };
    all.extend(policies_of_aws().into_iter().map(|(kind, arn, document)| raw(account, kind, &arn, document)));
    all
}

/// The roles of an account that no configuration declares.
pub(crate) fn roles(organisation: &Organisation, account: &Account) -> Vec<Plain> {
    let mut all = Vec::new();
    for (name, service, _) in OF_SERVICES {
        let path = format!("/aws-service-role/{service}/");
        let attached = [format!("arn:aws:iam::aws:policy/aws-service-role/{name}Policy")];
        all.push(role(account, name, &path, crate::build::trusts_service(service), &attached, None));
    }
    let runs = policy(&[json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["ec2:DescribeTags", "kms:GenerateDataKey", "sqs:GetQueueAttributes", "ssm:GetParameter", "ssm:UpdateInstanceInformation"],
    })
    .to_string()]);
    let trust = crate::build::trusts_service("ec2.amazonaws.com");
    all.push(role(account, DEFAULT_MACHINE, "/", trust, &[], Some(("run", &runs))));
    let assigned = organisation.groups.iter().flat_map(|group| &group.assignments);
    let sets: BTreeSet<&str> = assigned
        .filter(|(_, accounts)| accounts.contains(&account.id))
        .map(|(set, _)| set.as_str())
        .collect();
    for set in organisation.permission_sets.iter().filter(|set| sets.contains(set.name.as_str())) {
        let (name, _) = reserved_role(organisation.seed, &account.id.to_string(), &set.name);
        let path = "/aws-reserved/sso.amazonaws.com/eu-west-1/";
        let inline = set.inline.as_ref().map(|document| (set.name.as_str(), document.as_str()));
        all.push(role(account, &name, path, trusts_directory(account), &set.managed, inline));
    }
    all
}

/// AWS's own policies that are attached somewhere.
pub(crate) fn policies_of_aws() -> Vec<Plain> {
    let of_services = OF_SERVICES
        .iter()
        .map(|(name, _, actions)| of_aws(&format!("aws-service-role/{name}Policy"), "Action", actions));
    of_services.chain(OF_AWS.map(|(name, element, actions)| of_aws(name, element, actions))).collect()
}

fn trusts_directory(account: &Account) -> String {
    let provider = format!("arn:aws:iam::{}:saml-provider/AWSSSO_DO_NOT_DELETE", account.id);
    policy(&[json!({
        "Effect": "Allow", "Principal": { "Federated": provider }, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
    })
    .to_string()])
}

fn role(
    account: &Account,
    name: &str,
    path: &str,
    trust: String,
    attached: &[String],
    inline: Option<(&str, &str)>,
) -> Plain {
    let arn = format!("arn:aws:iam::{}:role{path}{name}", account.id);
    let attached: Vec<Value> = attached.iter().map(|arn| json!({ "PolicyArn": arn })).collect();
    let inline: Vec<Value> = inline
        .iter()
        .map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document }))
        .collect();
    let document = json!({
        "RoleName": name, "Arn": arn, "Path": path, "AssumeRolePolicyDocument": trust, "RolePolicyList": inline,
        "AttachedManagedPolicies": attached, "Tags": [],
    });
    ("AWS::IAM::Role", arn, document)
}

fn of_aws(name: &str, element: &str, actions: &[&str]) -> Plain {
    let arn = format!("arn:aws:iam::aws:policy/{name}");
    let mut statement = json!({ "Effect": "Allow", "Resource": "*" });
    statement[element] = json!(actions);
    let document = json!({
        "PolicyName": name.rsplit('/').next(), "Arn": arn, "DefaultVersionId": "v1", "Tags": [],
        "Version": { "PolicyVersion": { "Document": policy(&[statement.to_string()]), "VersionId": "v1" } },
        "Entities": { "PolicyUsers": [], "PolicyGroups": [], "PolicyRoles": [] },
    });
    ("AWS::IAM::ManagedPolicy", arn, document)
}
