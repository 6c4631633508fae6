//! The resources of an estate as requests name them: their owners, tags and policies.

use crate::attribute::{Held, flag, held, items, policy, raw_policy, tags, text, texts};
use crate::identities::{Identities, Listed, account_of, arn_of};
use palisade_iam::{AclGrant, Action, Policy, PolicyKind, ResourceText, S3Facts, Switch, Truth};
use palisade_model::{AccountId, Attribute, Estate, Node, Resource, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What the estate knows of a resource.
pub(crate) struct Kept {
    pub(crate) account: Option<Box<str>>,
    pub(crate) tags: Option<Vec<(Box<str>, Box<str>)>>,
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) is_aws_managed_key: bool,
    pub(crate) s3: Option<Box<S3Facts>>,
    /// Do policies see the tags of the bucket? Nothing where that is not known.
    pub(crate) abac: Option<bool>,
    /// Of a bucket, whose ARN does not tell.
    pub(crate) region: Option<Box<str>>,
}

/// The resources that can be asked for, by ARN.
#[derive(Default)]
pub(crate) struct Resources {
    kept: HashMap<Box<str>, Kept>,
    aliases: HashMap<Box<str>, Box<str>>,
}

/// The services with resources that can have a policy of their own.
///
/// Source: "AWS services that work with IAM", IAM user guide, column "Resource-based policies". Where the service is
/// here and the resource was not read, its policy is unknown.
const WITH_POLICIES: [&str; 40] = [
    "acm-pca",
    "aoss",
    "backup",
    "bedrock",
    "cassandra",
    "cloudtrail",
    "codeartifact",
    "codebuild",
    "comprehend",
    "dynamodb",
    "ecr",
    "ecr-public",
    "elasticfilesystem",
    "es",
    "events",
    "execute-api",
    "glacier",
    "glue",
    "kafka",
    "kinesis",
    "kms",
    "lambda",
    "lex",
    "logs",
    "mediastore",
    "network-firewall",
    "redshift",
    "redshift-serverless",
    "s3",
    "s3-outposts",
    "s3express",
    "s3tables",
    "schemas",
    "secretsmanager",
    "serverlessrepo",
    "ses",
    "signer",
    "sns",
    "sqs",
    "xray",
];

/// The kind of the resources of a service, by how the part of their ARN after the account begins.
const KINDS: [(&str, &str, &str); 9] = [
    ("s3", "", "AWS::S3::Bucket"),
    ("sqs", "", "AWS::SQS::Queue"),
    ("sns", "", "AWS::SNS::Topic"),
    ("kms", "key/", "AWS::KMS::Key"),
    ("lambda", "function:", "AWS::Lambda::Function"),
    ("secretsmanager", "secret:", "AWS::SecretsManager::Secret"),
    ("dynamodb", "table/", "AWS::DynamoDB::Table"),
    ("ecr", "repository/", "AWS::ECR::Repository"),
    ("elasticfilesystem", "file-system/", "AWS::EFS::FileSystem"),
];

/// Can the resource of this ARN have a policy of its own?
fn may_have_policy(arn: &str) -> bool {
    let mut fields = arn.splitn(6, ':').skip(2);
    let (service, part) = (fields.next().unwrap_or_default(), fields.nth(2).unwrap_or_default());
    // Event data stores and channels of CloudTrail have policies, trails don't.
    WITH_POLICIES.contains(&service) && !(service == "cloudtrail" && part.starts_with("trail/"))
}

/// Is the action the assumption of a role?
pub(crate) fn is_assumption(action: &Action) -> bool {
    action.service() == "sts"
        && matches!(
            action.name(),
            "assumerole"
                | "assumerolewithsaml"
                | "assumerolewithwebidentity"
                | "tagsession"
                | "setsourceidentity"
                | "setcontext"
        )
}

impl Resources {
    pub(crate) fn add_all(&mut self, estate: &Estate) {
        let blocks = Blocks::of(estate);
        for resource in &estate.resources {
            let kind = resource.kind.as_ref().map_or("", |kind| kind.as_str());
            if matches!(kind, "AWS::IAM::Policy" | "AWS::Organizations::Policy") {
                continue;
            }
            let arn = match (kind, text(resource, "name")) {
                ("AWS::S3::Bucket", Some(name)) => Some(format!("arn:aws:s3:::{name}")),
                _ => arn_of(resource),
            };
            if let Some(arn) = arn {
                self.add(resource, kind, arn, &blocks);
            }
        }
    }

    /// Each with its account and policy.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, Option<&str>, Option<&Arc<Policy>>)> {
        self.kept.iter().map(|(arn, kept)| (arn.as_ref(), kept.account.as_deref(), kept.policy.as_ref()))
    }

    fn add(&mut self, resource: &Resource, kind: &str, arn: String, blocks: &Blocks<'_>) {
        let account = account_of(resource, &arn);
        let called = format!("the policy of {arn}");
        let policy = match kind {
            "AWS::IAM::Role" => {
                policy(resource, "trust_policy", PolicyKind::Trust, &format!("the trust policy of {arn}"))
            }
            "AWS::Lambda::Function" => match resource.declared.raw.get("Policy") {
                Some(Node { value: Value::Unknown(why), .. }) => {
                    Some(Arc::new(Policy::unread(PolicyKind::Resource, called, why.to_string())))
                }
                Some(answer) => {
                    answer.get("Policy").and_then(|node| raw_policy(node, PolicyKind::Resource, &called))
                }
                None => None,
            },
            "" => resource
                .declared
                .raw
                .get("Policy")
                .and_then(|node| raw_policy(node, PolicyKind::Resource, &called)),
            // The kind does not tell of a policy that resources of its service may have.
            _ if !resource.attributes.contains_key("policy") && may_have_policy(&arn) => {
                let why = "the policies of resources of this sort are not read";
                Some(Arc::new(Policy::unread(PolicyKind::Resource, arn.as_str(), why)))
            }
            _ => policy(resource, "policy", PolicyKind::Resource, &called),
        };
        for alias in texts(resource, "aliases").0.iter().filter(|_| kind == "AWS::KMS::Key") {
            if let Some((place, _)) = arn.split_once(":key/") {
                self.aliases.insert(format!("{place}:{alias}").into(), arn.as_str().into());
            }
        }
        let is_bucket = kind == "AWS::S3::Bucket";
        let kept = Kept {
            s3: is_bucket.then(|| Box::new(s3(resource, &account, blocks))),
            abac: if is_bucket { abac(resource) } else { None },
            region: resource
                .declared
                .region
                .as_ref()
                .filter(|_| is_bucket)
                .map(|region| region.as_str().into()),
            account: (!account.is_empty()).then(|| account.into()),
            tags: tags(resource),
            policy,
            is_aws_managed_key: kind == "AWS::KMS::Key" && text(resource, "manager") == Some("AWS"),
        };
        self.kept.insert(arn.into(), kept);
    }

    /// The buckets whose access control list is in force and grants something, or may, in order.
    pub(crate) fn with_acl(&self) -> Vec<(&str, Option<&str>)> {
        let is_it = |kept: &Kept| {
            kept.s3
                .as_ref()
                .is_some_and(|s3| !s3.acls_are_enabled.is_no() && (!s3.acl.is_empty() || s3.acl_is_unknown))
        };
        let mut all: Vec<(&str, Option<&str>)> = self
            .kept
            .iter()
            .filter(|(_, kept)| is_it(kept))
            .map(|(arn, kept)| (arn.as_ref(), kept.account.as_deref()))
            .collect();
        all.sort_unstable();
        all
    }

    /// The resource that a request is about, and its ARN: an object's is its bucket, a version's its function.
    pub(crate) fn find(&self, arn: &str) -> Option<(&str, &Kept)> {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, _, part] = fields[..] else { return None };
        let get = |arn: &str| self.kept.get_key_value(arn).map(|(arn, kept)| (arn.as_ref(), kept));
        get(arn).or_else(|| match service {
            "s3" => get(arn.split_once('/').map_or(arn, |(bucket, _)| bucket)),
            "kms" => self.aliases.get(arn).and_then(|key| get(key)),
            "lambda" => {
                let mut parts = part.split(':');
                let name =
                    parts.next().zip(parts.next()).map_or(0, |(sort, name)| sort.len() + 1 + name.len());
                get(&arn[..arn.len() - part.len() + name])
            }
            "secretsmanager" => {
                // Secrets may be asked for without the six characters that AWS adds to their names.
                let with_suffix = |known: &&str| {
                    known.strip_prefix(arn).is_some_and(|rest| rest.len() == 7 && rest.starts_with('-'))
                };
                self.kept.keys().map(AsRef::as_ref).filter(with_suffix).min().and_then(get)
            }
            "dynamodb" | "es" => {
                let mut parts = part.split('/');
                let name =
                    parts.next().zip(parts.next()).map_or(0, |(sort, name)| sort.len() + 1 + name.len());
                get(&arn[..arn.len() - part.len() + name])
            }
            _ => None,
        })
    }

    /// Gives a resource another policy; is there such a resource?
    pub(crate) fn set_policy(&mut self, arn: &str, policy: Arc<Policy>) -> bool {
        let known = self.find(arn).map(|(known, _)| known.to_owned());
        match known.and_then(|known| self.kept.get_mut(known.as_str())) {
            Some(kept) => {
                kept.policy = Some(policy);
                true
            }
            None => false,
        }
    }

    /// All policies of resources.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.kept.values().filter_map(|kept| kept.policy.as_ref())
    }
}

impl Identities {
    /// The policy of what is asked for; one that was not read is there and unread.
    pub(crate) fn resource_policy(
        &self,
        resource: &ResourceText,
        account: Option<&str>,
        found: Option<&Kept>,
        is_trust: bool,
    ) -> Option<Arc<Policy>> {
        if let Some(kept) = found {
            let is_role = resource.field(2) == "iam" && resource.field(5).starts_with("role/");
            return kept.policy.clone().filter(|_| !is_role || is_trust);
        }
        let (service, text) = (resource.field(2), &resource.text);
        if is_trust {
            let why = self.why_unread(account.unwrap_or_default(), "AWS::IAM::Role", "role");
            return Some(Arc::new(Policy::unread(PolicyKind::Trust, text.to_string(), why)));
        }
        if !may_have_policy(text) {
            return None;
        }
        // Every stream has an ARN of its own; what is not known of one is not known of all.
        let called = match (service, account) {
            ("logs", Some(account)) => format!("of the log groups of {account}"),
            _ => text.to_string(),
        };
        let unread = |why: String| Some(Arc::new(Policy::unread(PolicyKind::Resource, called, why)));
        let Some(account) = account else {
            return unread(
                "the estate does not hold this resource, and does not tell whose it is".to_owned(),
            );
        };
        let part = resource.field(5);
        let kind = KINDS.iter().find(|(of, begins, _)| *of == service && part.starts_with(begins));
        let kind = kind.map_or("", |(_, _, kind)| kind);
        match self.listed(account, kind) {
            // All were listed and it was not among them: what is not there has no policy.
            Listed::All if self.looks_into(account) => None,
            _ => unread(self.why_unread(account, kind, "resource")),
        }
    }
}

/// What `s3:GetBucketAbac` answered.
fn abac(resource: &Resource) -> Option<bool> {
    let answer = resource.declared.raw.get("Abac")?;
    Some(answer.get("AbacStatus")?.get("Status")?.text()? == "Enabled")
}

/// The blocks of public access that accounts have for all their buckets.
struct Blocks<'e> {
    estate: &'e Estate,
    by_account: BTreeMap<AccountId, &'e Resource>,
}

impl<'e> Blocks<'e> {
    fn of(estate: &'e Estate) -> Self {
        let kind = "AWS::S3::AccountPublicAccessBlock";
        let is_block = |resource: &&Resource| resource.kind.as_ref().is_some_and(|of| of.as_str() == kind);
        let blocks = estate.resources.iter().filter(is_block);
        let by_account = blocks.filter_map(|block| Some((block.declared.account?, block)));
        Self { estate, by_account: by_account.collect() }
    }

    /// A switch of an account; nothing where it is not known. An account without a block of its own has it off.
    fn flag(&self, account: &str, attribute: &str, field: &str) -> Option<bool> {
        let id: AccountId = account.parse().ok()?;
        let told = self.estate.accounts.get(&id).and_then(|of| of.attributes.get("s3_public_access_block"));
        match (told, self.by_account.get(&id)) {
            (Some(Attribute::Known(node)), _) => match node.get(field).map(|node| &node.value) {
                Some(Value::Bool(is_on)) => Some(*is_on),
                Some(Value::Unknown(_)) => None,
                _ => Some(false),
            },
            (_, Some(block)) => flag(block, attribute),
            _ => None,
        }
    }
}

fn s3(resource: &Resource, account: &str, blocks: &Blocks<'_>) -> S3Facts {
    let of_account = |attribute: &str, field: &str| blocks.flag(account, attribute, field);
    let switch = |of_bucket: Option<bool>, of_account: Option<bool>| match (of_bucket, of_account) {
        (Some(true), _) | (_, Some(true)) => Switch::On,
        (Some(false), Some(false)) => Switch::Off,
        _ => Switch::Unknown,
    };
    let (grants, open) = items(resource, "grants");
    let grant = |node: &Node| {
        let who = node.get("uri").and_then(Node::text).map(|uri| uri.rsplit('/').next().unwrap_or(uri));
        let who = who.or_else(|| node.get("id").and_then(Node::text))?;
        let permissions = match node.get("permission").map(|node| &node.value) {
            Some(Value::List(list)) => list.items.iter().filter_map(Node::text).map(str::to_owned).collect(),
            Some(Value::Text(text)) => vec![text.to_string()],
            _ => Vec::new(),
        };
        let grant = |permission: String| AclGrant { grantee: who.into(), permission: permission.into() };
        Some(permissions.into_iter().map(grant).collect::<Vec<_>>())
    };
    S3Facts {
        restrict_public_buckets: switch(
            flag(resource, "restrict_public_buckets"),
            of_account("restrict_public_buckets", "RestrictPublicBuckets"),
        ),
        ignore_public_acls: switch(
            flag(resource, "ignore_public_acls"),
            of_account("ignore_public_acls", "IgnorePublicAcls"),
        ),
        block_public_acls: switch(
            flag(resource, "block_public_acls"),
            of_account("block_public_acls", "BlockPublicAcls"),
        ),
        block_public_policy: switch(
            flag(resource, "block_public_policy"),
            of_account("block_public_policy", "BlockPublicPolicy"),
        ),
        sets_public_policy: Truth::No,
        acls_are_enabled: match held(resource, "object_ownership") {
            Held::Value(node) => match node.text() {
                Some("BucketOwnerEnforced") => Truth::No,
                Some("BucketOwnerPreferred" | "ObjectWriter") => Truth::Yes,
                _ => Truth::Unknown,
            },
            // Since when the bucket is there decides, and nobody told.
            Held::Nothing | Held::Unknown(_) => Truth::Unknown,
        },
        acl_is_unknown: open.is_some(),
        acl: grants.iter().filter_map(grant).flatten().collect(),
        ..S3Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_content::{load, shipped};
    use palisade_model::{Address, Existence, Origin, RawResource, Source};
    use serde_json::{Value as Json, json};

    fn node(json: &Json) -> Node {
        let value = match json {
            Json::Object(map) => {
                Value::map(map.iter().map(|(name, value)| (name.as_str().into(), node(value))))
            }
            Json::Array(items) => Value::list(items.iter().map(node).collect::<Vec<_>>()),
            Json::Bool(is_so) => Value::Bool(*is_so),
            Json::String(text) if text == "unread" => {
                Value::Unknown(palisade_model::Why::Denied("s3:Get".into()).into())
            }
            other => Value::text(other.as_str().unwrap_or_default()),
        };
        Node::new(value, Origin::Documented("a test".into()))
    }

    /// What is known of a live bucket, beside the block of its account.
    fn facts(bucket: Json, block: Option<Json>) -> S3Facts {
        let live = |(kind, document): (&str, Json)| RawResource {
            source: Source::Live,
            source_type: kind.into(),
            address: Address { root: "".into(), name: kind.into() },
            existence: Existence::Yes,
            raw: node(&document),
            account: "111122223333".parse().ok(),
            region: None,
            origin: Origin::Documented("a test".into()),
        };
        let (library, _) = load(&shipped());
        let bucket = Some(("AWS::S3::Bucket", bucket));
        let block = block.map(|block| ("AWS::S3::AccountPublicAccessBlock", json!({ "Block": block })));
        let raw = bucket.into_iter().chain(block).map(live).collect();
        let estate = Estate { resources: palisade_kinds::resolve(raw, library.kinds()), ..Estate::default() };
        s3(&estate.resources[0], "111122223333", &Blocks::of(&estate))
    }

    #[test]
    fn the_block_of_the_account_counts_for_its_buckets() {
        let check = |bucket: Json, block: Option<Json>, expected: Switch| {
            let of_bucket = json!({ "PublicAccessBlockConfiguration": { "IgnorePublicAcls": bucket } });
            let found = facts(json!({ "Name": "b", "PublicAccessBlock": of_bucket }), block.clone());
            assert_eq!(found.ignore_public_acls, expected, "{bucket} {block:?}");
        };
        let block =
            |value: Json| Some(json!({ "PublicAccessBlockConfiguration": { "IgnorePublicAcls": value } }));
        check(json!(false), block(json!(true)), Switch::On);
        check(json!(true), block(json!(false)), Switch::On);
        check(json!(false), block(json!(false)), Switch::Off);
        check(json!(false), Some(json!({})), Switch::Off);
        check(json!(false), Some(json!("unread")), Switch::Unknown);
        check(json!(false), None, Switch::Unknown);
    }

    #[test]
    fn lists_are_off_only_where_the_ownership_says_so() {
        let check = |controls: Json, expected: Truth| {
            let found = facts(json!({ "Name": "b", "OwnershipControls": controls }), None);
            assert_eq!(found.acls_are_enabled, expected, "{controls}");
        };
        let rules = |rule: &str| json!({ "OwnershipControls": { "Rules": [{ "ObjectOwnership": rule }] } });
        check(rules("BucketOwnerEnforced"), Truth::No);
        check(rules("BucketOwnerPreferred"), Truth::Yes);
        check(rules("ObjectWriter"), Truth::Yes);
        check(json!("unread"), Truth::Unknown);
        assert!(facts(json!({ "Name": "b", "Acl": "unread" }), None).acl_is_unknown);
    }
}
