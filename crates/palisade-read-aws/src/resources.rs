//! Reads the file about the policies of an account's resources.

use crate::node::{given, list, mapped, put, said, text};
use crate::{Export, raw, wrong};
use palisade_model::{AccountId, Arn, Attribute, Completeness, Node, Value, Why};

/// Where the API of a resource keeps what the file says of it; the form of the pages of kinds.
struct Form {
    service: &'static str,
    /// How the part of the ARN after the account begins.
    begins: &'static str,
    kind: &'static str,
    arn: &'static [&'static str],
    /// What follows `begins`.
    name: &'static [&'static str],
    policy: &'static str,
    tags: &'static str,
}

const FORMS: [Form; 9] = [
    form("s3", "", "AWS::S3::Bucket", &[], &["Name"], "Policy.Policy", "Tagging.TagSet"),
    form(
        "sqs",
        "",
        "AWS::SQS::Queue",
        &["Queue.Attributes.QueueArn"],
        &[],
        "Queue.Attributes.Policy",
        "Tags.Tags",
    ),
    form("sns", "", "AWS::SNS::Topic", &["TopicArn"], &[], "Topic.Attributes.Policy", "Tags.Tags"),
    form(
        "kms",
        "key/",
        "AWS::KMS::Key",
        &["KeyArn", "Description.KeyMetadata.Arn"],
        &["KeyId", "Description.KeyMetadata.KeyId"],
        "KeyPolicy.Policy",
        "Tags.Tags",
    ),
    form(
        "lambda",
        "function:",
        "AWS::Lambda::Function",
        &["FunctionArn"],
        &["FunctionName"],
        "Policy.Policy",
        "Tags.Tags",
    ),
    form(
        "secretsmanager",
        "secret:",
        "AWS::SecretsManager::Secret",
        &["ARN"],
        &["Name"],
        "Policy.ResourcePolicy",
        "Tags",
    ),
    form(
        "dynamodb",
        "table/",
        "AWS::DynamoDB::Table",
        &["Table.TableArn"],
        &["Table.TableName"],
        "Policy.Policy",
        "Tags.Tags",
    ),
    form(
        "ecr",
        "repository/",
        "AWS::ECR::Repository",
        &["repositoryArn"],
        &["repositoryName"],
        "Policy.policyText",
        "Tags.tags",
    ),
    form(
        "elasticfilesystem",
        "file-system/",
        "AWS::EFS::FileSystem",
        &["FileSystemArn"],
        &["FileSystemId"],
        "Policy.Policy",
        "Tags",
    ),
];

const fn form(
    service: &'static str,
    begins: &'static str,
    kind: &'static str,
    arn: &'static [&'static str],
    name: &'static [&'static str],
    policy: &'static str,
    tags: &'static str,
) -> Form {
    Form { service, begins, kind, arn, name, policy, tags }
}

/// Entries that are passed on to the resource as they are, and where its API keeps them.
const FURTHER: [(&str, &str); 5] = [
    ("PublicAccessBlock", "PublicAccessBlock.PublicAccessBlockConfiguration"),
    ("Grants", "Acl.Grants"),
    ("Abac", "Abac"),
    ("KeyManager", "Description.KeyMetadata.KeyManager"),
    ("Aliases", "Aliases.Aliases"),
];

/// Reads the file about an account.
pub fn read(account: AccountId, file: &Node, export: &mut Export) {
    let help = "`{\"Resources\": [{\"Arn\": \"…\", \"Policy\": {…}}]}` is expected";
    if given(file, "Resources").is_none() {
        export.diagnostics.push(wrong(file, "it lists no `Resources`", help));
        return;
    }
    for node in list(file, "Resources") {
        match text(node, "Arn").map(str::parse::<Arn>) {
            Some(Ok(arn)) => resource(account, &arn, node, export),
            Some(Err(error)) => export.diagnostics.push(wrong(node, error.to_string(), help)),
            None => export.diagnostics.push(wrong(node, "a resource has no `Arn`", help)),
        }
    }
    for node in list(file, "Complete") {
        match node.text().map(str::parse) {
            Some(Ok(kind)) => {
                export.accounts.entry(account).or_default().listed.insert(kind, Completeness::All);
            }
            _ => {
                export.diagnostics.push(wrong(node, "it is no type of resources", "as in `AWS::S3::Bucket`"))
            }
        }
    }
}

fn resource(account: AccountId, arn: &Arn, node: &Node, export: &mut Export) {
    let arn_text = arn.to_string();
    if arn.service.as_ref() == "s3" && arn.resource.as_ref() == "account" {
        if let Some(block) = given(node, "PublicAccessBlock") {
            let attribute = Attribute::Known(block.clone());
            let account = export.accounts.entry(account).or_default();
            account.attributes.insert("s3_public_access_block".into(), attribute);
        }
        return;
    }
    // The ARN of a bucket tells of no region.
    let region = arn.region.clone().or_else(|| text(node, "Region").and_then(|region| region.parse().ok()));
    let place = (Some(arn.account.unwrap_or(account)), region);
    let form = FORMS.iter().find(|form| {
        form.service == arn.service.as_ref()
            && arn.resource.starts_with(form.begins)
            && !(form.service == "s3" && arn.region.is_some())
    });
    let Some(form) = form else {
        // No kind describes it: its document stays as it is written.
        let sort = arn.resource.split(['/', ':']).next().unwrap_or_default();
        let kind = format!("{}:{sort}", arn.service);
        export.resources.push(raw(&kind, &arn_text, place, node.clone(), &node.origin));
        return;
    };
    let mut document = mapped(Vec::new(), &node.origin);
    form.arn.iter().for_each(|path| put(&mut document, path, said(&arn_text, &node.origin)));
    let name = &arn.resource[form.begins.len()..];
    form.name.iter().for_each(|path| put(&mut document, path, said(name, &node.origin)));
    let policy = match node.get("Policy") {
        Some(policy) => policy.clone(),
        None => {
            let why = text(node, "Unread").unwrap_or("the file says nothing of its policy");
            Node::unknown(Why::Unreadable(why.into()), node.origin.clone())
        }
    };
    // A resource without a policy has no such entry in what its API answers.
    if !matches!(policy.value, Value::Null) {
        put(&mut document, form.policy, policy);
    }
    if let Some(tags) = given(node, "Tags") {
        put(&mut document, form.tags, tags.clone());
    }
    for (name, path) in FURTHER {
        if let Some(further) = given(node, name) {
            put(&mut document, path, further.clone());
        }
    }
    if let Some(ownership) = given(node, "ObjectOwnership") {
        put(&mut document, "OwnershipControls.OwnershipControls.Rules.ObjectOwnership", ownership.clone());
    }
    export.resources.push(raw(form.kind, &arn_text, place, document, &node.origin));
}
