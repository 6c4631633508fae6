//! What a service answered, with the names and values that boto3 gives, or why it refused.

mod json;
mod markup;

use crate::models::{ErrorName, Location, Operation, Protocol, Reference, Service, Shape, Structure, To};
use crate::text::{base64, from_base64, from_percent};
use crate::time::Time;
use crate::{BODY_MAX, NESTING_MAX, cbor, number_value, xml};
use serde_json::{Map, Value};

/// Longer messages of services are cut.
const MESSAGE_MAX: usize = 2_000;

/// What the service refused, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceError {
    /// The status of HTTP.
    pub status: u16,
    /// `AccessDenied`; the status, where the answer names no error.
    pub code: String,
    /// The service's own words.
    pub message: String,
    /// What support asks for.
    pub request_id: Option<String>,
    /// What the model says that the error tells; empty for an error that the operation does not list.
    pub members: Value,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The service refused.
    #[error("`{}`: {}", .0.code, .0.message)]
    Refused(Box<ServiceError>),
    /// The answer is none of this operation.
    #[error("the answer can't be read: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
    /// This client does not read such answers.
    #[error("the operation answers with a stream of events, which this client does not read")]
    EventStream,
}

pub(crate) type Read<T> = Result<T, String>;

/// What HTTP brought.
#[derive(Clone, Copy)]
struct Answer<'a> {
    status: u16,
    headers: &'a [(String, String)],
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The answer to a request in the service's preferred protocol.
pub fn response(
    service: &Service,
    operation: &Operation,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Value, Failure> {
    let protocol = service.protocols.first().copied();
    let why = || "the service's protocol is not known".to_owned();
    let protocol = protocol.ok_or_else(|| Failure::Malformed { why: why() })?;
    response_in(protocol, service, operation, status, headers, body)
}

/// The answer to a request in one of the service's protocols.
pub fn response_in(
    protocol: Protocol,
    service: &Service,
    operation: &Operation,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Value, Failure> {
    let reader = Reader { protocol, service };
    let answer = Answer { status, headers, body };
    if status >= 300 || reader.is_error_in_disguise(operation, &answer) {
        return Err(Failure::Refused(Box::new(reader.error(operation, &answer))));
    }
    let Some(output) = &operation.output else { return Ok(Value::Object(Map::new())) };
    let Some(structure) = service.structure(output) else { return Ok(Value::Object(Map::new())) };
    let streams =
        |member: &&crate::Member| service.structure(&member.of).is_some_and(|of| of.is_event_stream);
    if structure.members.iter().find(streams).is_some() {
        return Err(Failure::EventStream);
    }
    reader.output(output, structure, &answer).map_err(|why| Failure::Malformed { why })
}

pub(crate) struct Reader<'a> {
    protocol: Protocol,
    pub(crate) service: &'a Service,
}

impl Reader<'_> {
    /// S3 begins some answers before it knows how they end.
    fn is_error_in_disguise(&self, operation: &Operation, answer: &Answer<'_>) -> bool {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let streams = operation.output.as_ref().and_then(|output| self.service.structure(output));
        let streams = streams.is_some_and(|of| {
            of.members.iter().any(|member| member.of.is_streaming || member.of.to == To::Blob)
        });
        self.service.name == "s3" && !streams && {
            let head = text(&answer.body[..answer.body.len().min(200)]);
            let head = head.trim_start();
            let head = head
                .strip_prefix("<?xml")
                .and_then(|rest| rest.split_once("?>"))
                .map_or(head, |(_, rest)| rest);
            head.trim_start().starts_with("<Error>")
        }
    }

    fn output(&self, output: &Reference, structure: &Structure, answer: &Answer<'_>) -> Read<Value> {
        match self.protocol {
            Protocol::RestJson | Protocol::RestXml => self.rest(structure, answer),
            Protocol::Query | Protocol::Ec2 => {
                let root = markup(answer.body)?;
                let wrapped = match &output.wrapper {
                    Some(name) => root.child(name).ok_or_else(|| format!("`{name}` is missing"))?,
                    None => &root,
                };
                self.markup_structure(structure, wrapped, "")
            }
            Protocol::Json => self.json(output, &text(answer.body)?, "", 0),
            Protocol::RpcV2Cbor => self.json(output, &self.item(answer.body)?, "", 0),
        }
    }

    fn item(&self, body: &[u8]) -> Read<Value> {
        bounded(body)?;
        if body.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        Ok(plain(cbor::parse(body)?))
    }

    fn rest(&self, structure: &Structure, answer: &Answer<'_>) -> Read<Value> {
        let mut parsed = Map::new();
        for member in &structure.members {
            let (of, name) = (&member.of, &member.name);
            match of.location {
                Location::Status => {
                    parsed.insert(name.clone(), answer.status.into());
                }
                Location::Headers => {
                    parsed.insert(name.clone(), headers_with(answer, of.wire.as_deref().unwrap_or_default()));
                }
                Location::Header => {
                    if let Some(text) = answer.header(member.wire()) {
                        parsed.insert(name.clone(), self.header(of, text, name)?);
                    }
                }
                _ => {}
            }
        }
        match &structure.payload {
            Some(name) => {
                let member = structure.members.iter().find(|member| member.name == *name);
                let of = &member.ok_or_else(|| format!("`{name}` is no member"))?.of;
                parsed.insert(name.clone(), self.payload(of, answer.body, name)?);
            }
            None => {
                if let Value::Object(members) = self.body(structure, answer.body)? {
                    parsed.extend(members);
                }
            }
        }
        Ok(Value::Object(parsed))
    }

    fn payload(&self, of: &Reference, body: &[u8], name: &str) -> Read<Value> {
        match of.to {
            To::Blob => Ok(base64(body).into()),
            To::String => String::from_utf8(body.to_vec())
                .map(Value::from)
                .map_err(|_| format!("`{name}` is not UTF-8")),
            _ if self.protocol == Protocol::RestXml => {
                let root = if body.is_empty() { xml::Node::default() } else { markup(body)? };
                self.markup(of, &[&root], name)
            }
            _ => self.json(of, &text(body)?, name, 0),
        }
    }

    fn body(&self, structure: &Structure, body: &[u8]) -> Read<Value> {
        let is_in_body = |member: &crate::Member| member.of.location == Location::Body;
        if !structure.members.iter().any(is_in_body) {
            return Ok(Value::Null);
        }
        if self.protocol == Protocol::RestJson {
            return self.json_structure(structure, &text(body)?, "", 0);
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        let root = markup(body)?;
        // The answer of `s3.GetBucketLocation` is its only member.
        if root.name == "LocationConstraint"
            && structure.members.iter().any(|member| member.name == root.name)
        {
            let text = if root.text.is_empty() { Value::Null } else { root.text.into() };
            return Ok(Value::Object(Map::from_iter([(root.name, text)])));
        }
        self.markup_structure(structure, &root, "")
    }

    fn header(&self, of: &Reference, text: &str, name: &str) -> Read<Value> {
        if of.is_json {
            let json = from_base64(text).and_then(|bytes| serde_json::from_slice(&bytes).ok());
            return json.ok_or_else(|| format!("`{name}` is no JSON in base64"));
        }
        match self.service.shape(of) {
            Some(Shape::List(item)) => {
                let items = text.split(',').map(|part| self.header(item, part.trim(), name));
                items.collect::<Read<Vec<_>>>().map(Value::from)
            }
            _ => self.text(of, text, name),
        }
    }

    /// A scalar that is written as text.
    pub(crate) fn text(&self, of: &Reference, text: &str, name: &str) -> Read<Value> {
        let wrong = |what: &str| format!("`{name}` is no {what}");
        match of.to {
            To::String if of.is_policy => {
                let document = serde_json::from_str(&from_percent(text)).ok();
                Ok(document.filter(Value::is_object).unwrap_or_else(|| text.into()))
            }
            To::String => Ok(text.into()),
            To::Boolean => Ok(text.eq_ignore_ascii_case("true").into()),
            To::Integer | To::Long => {
                let number = text.trim().parse::<i64>().map_err(|_| wrong("whole number"));
                number.map(Value::from)
            }
            To::Float | To::Double => {
                let number = text.trim().parse::<f64>().map_err(|_| wrong("number"));
                number.map(number_value)
            }
            To::Timestamp => {
                let time = Time::parse(text).ok_or_else(|| wrong("time"))?;
                Ok(time.answer().into())
            }
            To::Blob => from_base64(text).map(|bytes| base64(&bytes).into()).ok_or_else(|| wrong("base64")),
            To::Shape(_) => Err(wrong("scalar")),
        }
    }

    fn error(&self, operation: &Operation, answer: &Answer<'_>) -> ServiceError {
        let mut error = ServiceError {
            status: answer.status,
            code: String::new(),
            message: String::new(),
            request_id: request_id(answer),
            members: Value::Object(Map::new()),
        };
        let found = match self.protocol {
            Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
                self.markup_error(operation, answer, &mut error)
            }
            _ => self.json_error(operation, answer, &mut error),
        };
        // What is no error of the service is often a proxy's page; its status still tells.
        if found.is_none() || error.code.is_empty() {
            error.code = answer.status.to_string();
        }
        error.message = error.message.chars().take(MESSAGE_MAX).collect();
        error
    }

    fn markup_error(
        &self,
        operation: &Operation,
        answer: &Answer<'_>,
        error: &mut ServiceError,
    ) -> Option<()> {
        let root = markup(answer.body).ok()?;
        let inner =
            if root.name == "Error" { None } else { root.child("Errors").unwrap_or(&root).child("Error") };
        let told = inner.unwrap_or(&root);
        error.code = told.text_of("Code").unwrap_or_default().to_owned();
        error.message = told.text_of("Message").unwrap_or_default().to_owned();
        let id = ["RequestId", "RequestID"].into_iter().find_map(|name| root.text_of(name));
        error.request_id = id.map(str::to_owned).or(error.request_id.take());
        if let Some(structure) = self.modelled(operation, &error.code) {
            error.members = self.markup_structure(structure, told, "").unwrap_or_default();
        }
        Some(())
    }

    fn json_error(&self, operation: &Operation, answer: &Answer<'_>, error: &mut ServiceError) -> Option<()> {
        let body = match self.protocol {
            Protocol::RpcV2Cbor => self.item(answer.body),
            _ => text(answer.body),
        };
        let body = body.ok().filter(Value::is_object).unwrap_or_default();
        let word = |name: &str| body.get(name).and_then(Value::as_str);
        let message = word("message").or_else(|| word("Message"));
        message.unwrap_or_default().clone_into(&mut error.message);
        let in_header = answer.header("x-amzn-errortype");
        let code = match self.protocol {
            Protocol::RestJson => {
                in_header.or_else(|| word("code")).or_else(|| word("Code")).or_else(|| word("__type"))
            }
            _ => word("__type").or(in_header),
        };
        // `com.amazon.coral.service#UnknownOperationException:http://…`
        let code = code.unwrap_or_default();
        let code = code.split_once(':').map_or(code, |(code, _)| code);
        let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
        if let Some(structure) = self.modelled(operation, code) {
            let members = match self.protocol {
                Protocol::RestJson => self.rest(structure, answer),
                _ => self.json_structure(structure, &body, "", 0),
            };
            error.members = members.unwrap_or_default();
        }
        let query = answer.header("x-amzn-query-error").and_then(|text| text.split_once(';'));
        let query = query.map(|(code, _)| code).filter(|code| !code.is_empty());
        query.unwrap_or(code).clone_into(&mut error.code);
        (!error.code.is_empty()).then_some(())
    }

    fn modelled(&self, operation: &Operation, code: &str) -> Option<&Structure> {
        operation.errors.iter().find_map(|place| match self.service.shapes.get(*place) {
            Some(Shape::Structure(structure)) => {
                let is_it = |error: &ErrorName| error.code == code || error.name == code;
                structure.error.as_ref().is_some_and(is_it).then_some(structure)
            }
            _ => None,
        })
    }
}

fn request_id(answer: &Answer<'_>) -> Option<String> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    names.into_iter().find_map(|name| answer.header(name)).map(str::to_owned)
}

fn headers_with(answer: &Answer<'_>, prefix: &str) -> Value {
    let named = answer.headers.iter().filter_map(|(name, value)| {
        let head = name.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| (name[prefix.len()..].to_owned(), value.as_str().into()))
    });
    Value::Object(named.collect())
}

fn bounded(body: &[u8]) -> Read<()> {
    if body.len() > BODY_MAX { Err(format!("it is longer than {BODY_MAX} bytes")) } else { Ok(()) }
}

fn markup(body: &[u8]) -> Read<xml::Node> {
    bounded(body)?;
    xml::parse(body)
}

/// A body of JSON; none at all is an empty structure.
fn text(body: &[u8]) -> Read<Value> {
    bounded(body)?;
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("it is no JSON: {error}"))
}

/// CBOR as JSON; the model tells text from bytes and times, which become what answers have.
fn plain(item: cbor::Item) -> Value {
    match item {
        cbor::Item::Integer(number) => {
            i64::try_from(number).map_or_else(|_| number_value(wide(number)), Value::from)
        }
        cbor::Item::Float(number) => number_value(number),
        cbor::Item::Text(text) => text.into(),
        cbor::Item::Bytes(bytes) => base64(&bytes).into(),
        cbor::Item::List(items) => items.into_iter().map(plain).collect(),
        cbor::Item::Map(members) => {
            let members = members.into_iter().map(|(name, item)| (name, plain(item)));
            Value::Object(members.collect())
        }
        cbor::Item::Boolean(is) => is.into(),
        cbor::Item::Time(time) => time.answer().into(),
        cbor::Item::Null => Value::Null,
    }
}

fn wide(number: i128) -> f64 {
    number as f64
}

pub(crate) fn inner(name: &str, member: &str) -> String {
    if name.is_empty() { member.to_owned() } else { format!("{name}.{member}") }
}

/// An answer of a newer model than ours.
pub(crate) fn unknown_member(name: &str) -> Value {
    Value::Object(Map::from_iter([(
        "SDK_UNKNOWN_MEMBER".to_owned(),
        Value::Object(Map::from_iter([("name".to_owned(), name.into())])),
    )]))
}

pub(crate) fn too_deep(name: &str, depth: usize) -> Read<()> {
    if depth > NESTING_MAX { Err(format!("`{name}` nests deeper than {NESTING_MAX} levels")) } else { Ok(()) }
}
