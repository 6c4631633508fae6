//! Reads what AWS Config delivers: snapshots and histories, and the results of queries over an aggregator.
//!
//! Config describes a resource nearly as its API does, with other capitals, and leaves out what it never learnt to record.
//! So what it says is known, and what it does not say is unknown: only the API itself can say that something is not there.
//!
//! Sources: "Example Snapshot from AWS Config" and "Querying the Current Configuration State of AWS Resources", AWS Config
//! developer guide; the resource schemas that it publishes (awslabs/aws-config-resource-schema).

use indexmap::IndexMap;
use palisade_model::{
    Account, AccountId, Address, Call, Diagnostic, Existence, List, Map, Node, Origin, Position, RawResource,
    Region, Source, Span, Unknown, Value as ModelValue, Why,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a file of AWS Config says.
#[derive(Debug, Clone, Default)]
pub struct ConfigRead {
    /// The resources, as far as their form is known in the form of their API.
    pub resources: Vec<RawResource>,
    /// Their accounts. Config records the types it was told to: no kind counts as listed completely.
    pub accounts: BTreeMap<AccountId, Account>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// So many diagnostics are kept; the rest is counted.
const DIAGNOSTICS_MAX: usize = 20;

/// Is this what AWS Config delivers, or what a query over its aggregator prints?
pub fn is_config(document: &Value) -> bool {
    items(document).is_some()
}

fn items(document: &Value) -> Option<(&Vec<Value>, &'static str)> {
    if let Some(items) = document.get("configurationItems").and_then(Value::as_array) {
        return Some((items, "config:DeliverConfigSnapshot"));
    }
    let results = document.get("Results").and_then(Value::as_array)?;
    let is_ours = document.get("QueryInfo").is_some()
        || results.first().is_some_and(|first| match first {
            Value::String(text) => text.contains("\"resourceType\"") || text.contains("\"configuration\""),
            other => other.get("resourceType").is_some(),
        });
    is_ours.then_some((results, "config:SelectAggregateResourceConfig"))
}

/// Reads a configuration snapshot or history, or the results of `select-aggregate-resource-config` that ask for
/// `resourceType`, `resourceId`, `accountId`, `awsRegion`, `arn`, `configuration` and `supplementaryConfiguration`.
pub fn read_config(file: &Arc<str>, text: &str) -> ConfigRead {
    let mut read = ConfigRead::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let at = (
                u32::try_from(error.line()).unwrap_or(u32::MAX),
                u32::try_from(error.column()).unwrap_or(u32::MAX),
            );
            let message = format!("`{file}` is no JSON: {error}");
            read.diagnostics.push(Diagnostic::error(message).at(Span::new(file.clone(), at, at)));
            return read;
        }
    };
    let Some((items, call)) = items(&document) else {
        let message = format!("`{file}` is nothing that AWS Config delivers");
        let help = "a file with `configurationItems` is expected, or one with the `Results` of a query";
        read.diagnostics.push(Diagnostic::error(message).at(start(file)).help(help));
        return read;
    };
    let mut latest: IndexMap<(Arc<str>, String, String, String), Item> = IndexMap::new();
    let mut wrong = 0;
    for (at, item) in items.iter().enumerate() {
        let item = match Item::read(item) {
            Ok(item) => item,
            Err(message) => {
                wrong += 1;
                if wrong <= DIAGNOSTICS_MAX {
                    let message = format!("`{file}`: item {}: {message}", at + 1);
                    read.diagnostics.push(Diagnostic::error(message).at(start(file)));
                }
                continue;
            }
        };
        let region = item.region.as_ref().map(ToString::to_string).unwrap_or_default();
        let key = (item.kind.clone(), item.account.to_string(), region, item.id.clone());
        // Of a history, the last word counts.
        match latest.get(&key) {
            Some(known) if known.time > item.time => {}
            _ => {
                latest.insert(key, item);
            }
        }
    }
    if wrong > DIAGNOSTICS_MAX {
        let message = format!("`{file}` has {} further items that can't be read", wrong - DIAGNOSTICS_MAX);
        read.diagnostics.push(Diagnostic::error(message));
    }
    for item in latest.into_values() {
        let account = read.accounts.entry(item.account).or_default();
        if let Some(region) = item.region.as_ref().filter(|region| !account.regions.contains(region)) {
            account.regions.push(region.clone());
        }
        if !item.is_deleted {
            read.resources.push(item.resource(call));
        }
    }
    read.accounts.values_mut().for_each(|account| account.regions.sort());
    read
}

fn start(file: &Arc<str>) -> Span {
    let at = Position { line: 1, column: 1 };
    Span { file: file.clone(), start: at, end: at }
}

/// An item, as Config wrote it.
struct Item {
    kind: Arc<str>,
    id: String,
    arn: Option<String>,
    account: AccountId,
    region: Option<Region>,
    time: String,
    is_deleted: bool,
    configuration: Value,
    supplementary: Value,
}

impl Item {
    fn read(item: &Value) -> Result<Self, String> {
        let parsed;
        let item = match item {
            Value::String(text) => {
                parsed =
                    serde_json::from_str::<Value>(text).map_err(|error| format!("it is no JSON: {error}"))?;
                &parsed
            }
            other => other,
        };
        let text = |names: &[&str]| names.iter().find_map(|name| item.get(*name).and_then(Value::as_str));
        let kind = text(&["resourceType"]).ok_or("it says no `resourceType`")?;
        let arn = text(&["ARN", "arn"]).filter(|arn| arn.starts_with("arn:")).map(str::to_owned);
        let id = text(&["resourceId", "resourceName"]).map(str::to_owned).or_else(|| arn.clone());
        let account = text(&["awsAccountId", "accountId"]).and_then(|account| account.parse().ok());
        let status = text(&["configurationItemStatus"]).unwrap_or("OK");
        let document = |name: &str| match item.get(name) {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(other) => other.clone(),
            None => Value::Null,
        };
        Ok(Self {
            kind: kind.into(),
            id: id.ok_or("it says neither `resourceId` nor an ARN")?,
            arn,
            account: account.ok_or("it says no account of twelve digits")?,
            region: text(&["awsRegion"]).and_then(|region| region.parse().ok()),
            time: text(&["configurationItemCaptureTime"]).unwrap_or_default().to_owned(),
            is_deleted: status.starts_with("ResourceDeleted"),
            configuration: document("configuration"),
            supplementary: document("supplementaryConfiguration"),
        })
    }

    fn resource(self, call: &str) -> RawResource {
        let origin = Origin::Call(Arc::new(Call {
            operation: call.to_owned(),
            account: Some(self.account),
            region: self.region.clone(),
            time: (!self.time.is_empty()).then(|| self.time.clone()),
        }));
        let name = match (&self.arn, &self.region) {
            (Some(arn), _) => arn.clone(),
            (None, Some(region)) => format!("{}/{region}/{}", self.account, self.id),
            (None, None) => format!("{}/{}", self.account, self.id),
        };
        RawResource {
            source: Source::Live,
            source_type: self.kind.clone(),
            address: Address { root: "".into(), name: name.into() },
            existence: Existence::Yes,
            raw: self.document(&origin),
            account: Some(self.account),
            region: self.region.clone(),
            origin,
        }
    }

    /// The document in the form of the API, what Config does not say left open.
    fn document(&self, origin: &Origin) -> Node {
        let making = Making { origin, open: not_said() };
        let mut document = making.map(Vec::new());
        match form(&self.kind) {
            Form::Described => document = making.described(&self.configuration),
            Form::Within(path) => put(&making, &mut document, path, making.described(&self.configuration)),
            Form::AsItIs(path) => put(&making, &mut document, path, making.as_it_is(&self.configuration)),
            Form::NotKnown => {
                let why = format!("AWS Config's form of `{}` is not read", self.kind);
                return Making { origin, open: Why::Unreadable(why.into()).into() }.map(Vec::new());
            }
        }
        self.names(&making, &mut document);
        self.further(&making, &mut document);
        document
    }

    /// What the listing calls say and Config keeps elsewhere.
    fn names(&self, making: &Making<'_>, document: &mut Node) {
        let arn = self.arn.clone().unwrap_or_default();
        let fields: &[(&str, &str)] = match self.kind.as_ref() {
            "AWS::KMS::Key" => &[("KeyId", &self.id), ("KeyArn", &arn)],
            "AWS::SNS::Topic" => &[("TopicArn", &arn)],
            _ => &[],
        };
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            put(making, document, field, making.text(value));
        }
    }

    /// What Config asks by further calls.
    fn further(&self, making: &Making<'_>, document: &mut Node) {
        let given = |name: &str| self.supplementary.get(name).map(parsed);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match self.kind.as_ref() {
            "AWS::S3::Bucket" => {
                if let Some(block) = given("PublicAccessBlockConfiguration").filter(Value::is_object) {
                    put(
                        making,
                        document,
                        "PublicAccessBlock.PublicAccessBlockConfiguration",
                        making.described(&block),
                    );
                }
                if let Some(policy) = given("BucketPolicy") {
                    let policy = text(&policy, "policyText").map(|policy| making.text(&policy));
                    put(making, document, "Policy", making.only("Policy", policy));
                }
                if let Some(encryption) = given("ServerSideEncryptionConfiguration").filter(Value::is_object)
                {
                    put(
                        making,
                        document,
                        "Encryption.ServerSideEncryptionConfiguration",
                        making.described(&encryption),
                    );
                }
                if let Some(status) =
                    given("BucketVersioningConfiguration").and_then(|given| text(&given, "status"))
                {
                    match status.as_str() {
                        "Off" => put(making, document, "Versioning", making.only("Status", None)),
                        _ => put(making, document, "Versioning.Status", making.text(&status)),
                    }
                }
                if let Some(logging) = given("BucketLoggingConfiguration") {
                    let target = text(&logging, "destinationBucketName");
                    let target = target.map(|target| making.only("TargetBucket", Some(making.text(&target))));
                    put(making, document, "Logging", making.only("LoggingEnabled", target));
                }
            }
            "AWS::KMS::Key" => {
                if let Some(policy) = self.supplementary.get("Policy").and_then(Value::as_str) {
                    put(making, document, "KeyPolicy.Policy", making.text(policy));
                }
                if let Some(Value::Bool(is_rotated)) = given("KeyRotationStatus") {
                    let value = Node::new(ModelValue::Bool(is_rotated), making.origin.clone());
                    put(making, document, "Rotation.KeyRotationEnabled", value);
                }
            }
            "AWS::Lambda::Function" => {
                if let Some(policy) = self.supplementary.get("Policy").filter(|policy| !policy.is_null()) {
                    let policy =
                        policy.as_str().map_or_else(|| making.as_it_is(policy), |text| making.text(text));
                    put(making, document, "Policy.Policy", policy);
                }
            }
            _ => {}
        }
    }
}

fn not_said() -> Unknown {
    Why::Unreadable("AWS Config does not say it".into()).into()
}

/// A value that may be written as JSON within a text.
fn parsed(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// How `configuration` of a type relates to the API's answer.
enum Form {
    /// It is the item of the listing call, with other capitals.
    Described,
    /// So it is, and the document keeps it in this field.
    Within(&'static str),
    /// It is what the document keeps in this field, to the letter.
    AsItIs(&'static str),
    /// It is something else, or nobody compared it.
    NotKnown,
}

fn form(kind: &str) -> Form {
    match kind {
        "AWS::S3::Bucket" | "AWS::Lambda::Function" | "AWS::CloudTrail::Trail" => Form::Described,
        "AWS::EC2::Volume"
        | "AWS::EC2::Instance"
        | "AWS::EC2::SecurityGroup"
        | "AWS::EC2::Subnet"
        | "AWS::EC2::VPC"
        | "AWS::EC2::NetworkAcl"
        | "AWS::EC2::RouteTable"
        | "AWS::EC2::NetworkInterface"
        | "AWS::EC2::EIP"
        | "AWS::EC2::InternetGateway"
        | "AWS::EC2::NatGateway"
        | "AWS::EC2::VPCEndpoint" => Form::Described,
        "AWS::RDS::DBInstance"
        | "AWS::RDS::DBCluster"
        | "AWS::RDS::DBSnapshot"
        | "AWS::RDS::DBClusterSnapshot"
        | "AWS::Redshift::Cluster" => Form::Described,
        "AWS::IAM::User" | "AWS::IAM::Role" | "AWS::IAM::Group" => Form::Described,
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancing::LoadBalancer"
        | "AWS::AutoScaling::AutoScalingGroup"
        | "AWS::AutoScaling::LaunchConfiguration" => Form::Described,
        "AWS::KMS::Key" => Form::Within("Description.KeyMetadata"),
        "AWS::DynamoDB::Table" => Form::Within("Table"),
        "AWS::SQS::Queue" => Form::AsItIs("Queue.Attributes"),
        "AWS::SNS::Topic" => Form::AsItIs("Topic.Attributes"),
        _ => Form::NotKnown,
    }
}

/// Makes nodes of one origin, maps being open at the end.
struct Making<'a> {
    origin: &'a Origin,
    open: Unknown,
}

impl Making<'_> {
    fn node(&self, value: ModelValue) -> Node {
        Node::new(value, self.origin.clone())
    }

    fn text(&self, text: &str) -> Node {
        self.node(ModelValue::Text(text.into()))
    }

    fn map(&self, entries: Vec<(Arc<str>, Node)>) -> Node {
        self.node(ModelValue::Map(Map {
            entries: entries.into_iter().collect(),
            more: Some(self.open.clone()),
        }))
    }

    /// A map of which it is certain that it has at most this entry.
    fn only(&self, name: &str, value: Option<Node>) -> Node {
        self.node(ModelValue::map(value.map(|value| (Arc::from(name), value))))
    }

    fn as_it_is(&self, value: &Value) -> Node {
        self.converted(value, &|name| Some(name.into()), true)
    }

    /// With the API's capitals.
    fn described(&self, value: &Value) -> Node {
        self.converted(value, &capital, true)
    }

    fn converted(&self, value: &Value, rename: &dyn Fn(&str) -> Option<Arc<str>>, is_open: bool) -> Node {
        match value {
            // Config writes null for what it did not get as well as for what is not there.
            Value::Null => self.node(ModelValue::Unknown(self.open.clone())),
            Value::Bool(value) => self.node(ModelValue::Bool(*value)),
            Value::Number(number) => self.node(ModelValue::Number(number.clone())),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.converted(item, rename, is_open)).collect();
                self.node(ModelValue::List(List { items, more: None }))
            }
            Value::Object(entries) => {
                let entries = entries.iter().filter(|(_, value)| !value.is_null());
                let converted = entries.filter_map(|(name, value)| {
                    let renamed = rename(name)?;
                    // The keys of tags and variables are anybody's words.
                    let is_free = matches!(name.as_str(), "variables" | "tags" | "Tags") && value.is_object();
                    let keep = |name: &str| Some(Arc::from(name));
                    let node = if is_free {
                        self.converted(value, &keep, false)
                    } else {
                        self.converted(value, rename, is_open)
                    };
                    Some((renamed, node))
                });
                let more = is_open.then(|| self.open.clone());
                self.node(ModelValue::Map(Map { entries: converted.collect(), more }))
            }
        }
    }
}

/// The API's name of a field that Config begins with a small letter.
fn capital(name: &str) -> Option<Arc<str>> {
    match name {
        // Of a security group, the ranges once more as texts.
        "ipRanges" => return None,
        "ipv4Ranges" => return Some("IpRanges".into()),
        "sseAlgorithm" => return Some("SSEAlgorithm".into()),
        "kmsMasterKeyID" => return Some("KMSMasterKeyID".into()),
        _ => {}
    }
    let mut letters = name.chars();
    let first = letters.next()?.to_ascii_uppercase();
    Some(format!("{first}{}", letters.as_str()).into())
}

/// Puts a value into a map, at a path of names with `.` between them.
fn put(making: &Making<'_>, document: &mut Node, path: &str, value: Node) {
    let ModelValue::Map(map) = &mut document.value else { return };
    match path.split_once('.') {
        None => {
            map.entries.insert(path.into(), value);
        }
        Some((first, rest)) => {
            let inner = map.entries.entry(first.into()).or_insert_with(|| making.map(Vec::new()));
            put(making, inner, rest, value);
        }
    }
}
