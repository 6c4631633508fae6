//! What AWS's services and operations look like: shapes only, from the models that botocore publishes.

use crate::read;
use crate::time::TimeFormat;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

static CARRIED: &[u8] = include_bytes!("../data/models.bin");

/// All services; each is unpacked when it is first asked for.
pub fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| read::index(CARRIED))
}

/// All services by the names that boto3 and the AWS CLI use.
#[derive(Debug)]
pub struct Models {
    /// When the package they are from was released.
    pub date: String,
    /// The package they are from, with its version.
    pub source: String,
    pub(crate) common: &'static [u8],
    pub(crate) common_read: OnceLock<Common>,
    pub(crate) services: BTreeMap<String, Packed>,
}

/// What all services share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) partitions: Value,
    pub(crate) rules: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) bytes: &'static [u8],
    pub(crate) read: OnceLock<Service>,
}

impl Models {
    /// The names of all services.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// A service by its name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        let (name, packed) = self.services.get_key_value(name)?;
        Some(packed.read.get_or_init(|| read::service(name, packed.bytes)))
    }

    pub(crate) fn common(&self) -> &Common {
        self.common_read.get_or_init(|| {
            let text = read::unpack(self.common);
            let mut lines = text.lines();
            let partitions = lines.next().and_then(|line| serde_json::from_str(line).ok());
            Common { partitions: partitions.unwrap_or_default(), rules: lines.map(str::to_owned).collect() }
        })
    }
}

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `X-Amz-Target` and JSON.
    Json,
    /// Paths, queries and headers, and JSON.
    RestJson,
    /// Paths, queries and headers, and XML.
    RestXml,
    /// `/service/…/operation/…` and CBOR.
    RpcV2Cbor,
    /// A form, answered in XML.
    Query,
    /// A form as EC2 wants it, answered in XML.
    Ec2,
}

impl Protocol {
    /// By the name that the models use.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "rest-json" => Self::RestJson,
            "rest-xml" => Self::RestXml,
            "smithy-rpc-v2-cbor" => Self::RpcV2Cbor,
            "query" => Self::Query,
            "ec2" => Self::Ec2,
            _ => return None,
        })
    }
}

/// A service.
#[derive(Debug, Default)]
pub struct Service {
    /// As boto3 and the AWS CLI name it: `s3`, `elbv2`.
    pub name: String,
    /// The day that is the version of its API.
    pub api_version: String,
    /// The first part of its host.
    pub endpoint_prefix: String,
    /// What it is called in signatures, unless the endpoint says otherwise.
    pub signing_name: String,
    /// The protocols it speaks, the preferred first.
    pub protocols: Vec<Protocol>,
    /// The version of JSON in the content type.
    pub json_version: String,
    /// The first part of `X-Amz-Target`, and the service of RPC v2.
    pub target_prefix: String,
    /// Its name in the SDKs' settings: `Elastic Load Balancing v2`.
    pub service_id: String,
    /// How its requests are signed: `aws.auth#sigv4`, `v4`, `s3`.
    pub signature: String,
    /// Whether it still answers the error codes of the query protocol, in a header.
    pub is_query_compatible: bool,
    /// Its operations by name.
    pub operations: BTreeMap<String, Operation>,
    pub(crate) rules: usize,
    /// The rules of its endpoints, parsed when they are first asked for.
    pub(crate) rules_read: OnceLock<Value>,
    pub(crate) shapes: Vec<Shape>,
}

impl Service {
    /// The shape that is referred to; scalars have none.
    pub fn shape(&self, reference: &Reference) -> Option<&Shape> {
        match reference.to {
            To::Shape(place) => self.shapes.get(place),
            _ => None,
        }
    }

    /// What the errors are called that the model says an operation may answer with; some models say none.
    pub fn errors(&self, operation: &Operation) -> impl Iterator<Item = &ErrorName> {
        operation.errors.iter().filter_map(|place| match self.shapes.get(*place) {
            Some(Shape::Structure(structure)) => structure.error.as_ref(),
            _ => None,
        })
    }

    /// The structure that is referred to.
    pub fn structure(&self, reference: &Reference) -> Option<&Structure> {
        match self.shape(reference) {
            Some(Shape::Structure(structure)) => Some(structure),
            _ => None,
        }
    }
}

/// An operation.
#[derive(Debug, Default)]
pub struct Operation {
    /// `DescribeInstances`.
    pub name: String,
    /// The method of HTTP.
    pub method: String,
    /// The path with `{labels}`, and a fixed query where it has one.
    pub path: String,
    /// What it takes.
    pub input: Option<Reference>,
    /// What it answers.
    pub output: Option<Reference>,
    /// The places of the shapes of its errors.
    pub errors: Vec<usize>,
    /// What is put before the host, with `{labels}`.
    pub host_prefix: Option<String>,
    /// Whether the model says that it only reads; most models are silent about it.
    pub reads_only: bool,
    /// Whether the model says that doing it twice is doing it once.
    pub is_idempotent: bool,
    /// Whether it is called without a signature.
    pub is_unsigned: bool,
    /// Whether the signature leaves the body out.
    pub has_unsigned_body: bool,
    /// Whether the body needs a checksum in a header.
    pub needs_checksum: bool,
    /// The parameter that names the checksum's algorithm.
    pub checksum_member: Option<String>,
    /// Whether the endpoint has to be asked for first.
    pub needs_endpoint_discovery: bool,
    /// How its answers are continued.
    pub pages: Option<Pages>,
    pub(crate) rule_values: Vec<(String, Value)>,
    pub(crate) rule_paths: Vec<(String, String)>,
}

/// How an operation's answers are continued.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The parameters that take the tokens.
    pub input_tokens: Vec<String>,
    /// Where the answer has them.
    pub output_tokens: Vec<String>,
    /// Where the answer has what was asked for.
    pub results: Vec<String>,
    /// The parameter for the number of results of a page.
    pub limit: Option<String>,
    /// Where the answer says whether there is more.
    pub more: Option<String>,
}

/// What is not a scalar.
#[derive(Debug)]
pub enum Shape {
    /// Named members.
    Structure(Structure),
    /// Many of one.
    List(Reference),
    /// Names of the caller's own, and a value for each.
    Map(Reference, Reference),
}

/// Named members.
#[derive(Debug, Default)]
pub struct Structure {
    /// In the order of the model.
    pub members: Vec<Member>,
    /// The member that is the whole body.
    pub payload: Option<String>,
    /// Whether just one member is set.
    pub is_union: bool,
    /// Whether it is any JSON there is.
    pub is_document: bool,
    /// Whether it is a stream of events.
    pub is_event_stream: bool,
    /// What it is called where it is an error.
    pub error: Option<ErrorName>,
}

/// What an error is called in the model, and on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorName {
    /// In the model.
    pub name: String,
    /// On the wire.
    pub code: String,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name that people use.
    pub name: String,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What it is.
    pub of: Reference,
}

impl Member {
    /// Its name on the wire, EC2's apart.
    pub fn wire(&self) -> &str {
        self.of.wire.as_deref().unwrap_or(&self.name)
    }
}

/// What a member, an item, an input or an output is, and how it is written there.
#[derive(Debug, Default)]
pub struct Reference {
    /// The scalar or shape.
    pub to: To,
    /// Where in HTTP it stands.
    pub location: Location,
    /// Its name on the wire.
    pub wire: Option<String>,
    /// Its name in the forms of EC2.
    pub query_name: Option<String>,
    /// The element that wraps the result.
    pub wrapper: Option<String>,
    /// The form of a time.
    pub time: Option<TimeFormat>,
    /// Whether a list or map stands in its parent without an element of its own.
    pub is_flattened: bool,
    /// Whether it is an attribute of XML.
    pub is_attribute: bool,
    /// Whether it is JSON, which a header carries in base64.
    pub is_json: bool,
    /// Whether it is a token that makes a repeated call one call; the caller sets it.
    pub is_token: bool,
    /// Whether it is a stream of bytes.
    pub is_streaming: bool,
    /// Whether it becomes a part of the host.
    pub is_host_label: bool,
    /// Whether the model calls it sensitive.
    pub is_sensitive: bool,
    /// The least length or value.
    pub min: Option<f64>,
    /// Its namespace in XML.
    pub namespace: Option<String>,
    /// The prefix of that namespace.
    pub namespace_prefix: Option<String>,
    /// The parameter of the endpoint rules that it gives.
    pub rule_parameter: Option<String>,
    /// Whether only what stands after its last `/` is sent.
    pub is_last_part: bool,
    /// Whether it is a policy document, which is answered as JSON in percent encoding.
    pub is_policy: bool,
}

/// A scalar, or the place of a shape.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Text.
    #[default]
    String,
    /// A number without a fraction.
    Integer,
    /// The same, longer.
    Long,
    /// A number.
    Float,
    /// The same, more exact.
    Double,
    /// True or false.
    Boolean,
    /// A time.
    Timestamp,
    /// Bytes; in base64 in parameters and answers.
    Blob,
    /// A structure, list or map.
    Shape(usize),
}

/// Where in HTTP a member stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the body.
    #[default]
    Body,
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A header.
    Header,
    /// All headers that begin with a prefix.
    Headers,
    /// The status code.
    Status,
}
