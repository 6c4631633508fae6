//! Answers and errors as a service writes them.

use super::cbor::{self, Item};
use super::text::{Moment, of_base64, to_base64, to_percent};
use super::xml::Element;
use palisade_aws::{Location, Operation, Protocol, Reference, Service, Shape, Structure, TimeFormat, To};
use palisade_sim::api::Refusal;
use serde_json::{Map, Value, json};

/// What is sent back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The status of HTTP.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

const REQUEST_ID: &str = "51a1d000-0000-4000-8000-000000000000";

fn written(status: u16, content: &str, body: Vec<u8>) -> Written {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![header("content-type", content), header("x-amzn-requestid", REQUEST_ID)];
    Written { status, headers, body }
}

/// An answer in a protocol of the service.
pub fn encode(protocol: Protocol, service: &Service, operation: &Operation, answer: &Value) -> Written {
    let writer = Writer { protocol, service };
    let output = operation.output.as_ref();
    let structure = output.and_then(|output| service.structure(output));
    match protocol {
        Protocol::Json => {
            let body = output.map_or_else(|| json!({}), |output| writer.json(output, answer));
            written(
                200,
                &format!("application/x-amz-json-{}", service.json_version),
                body.to_string().into_bytes(),
            )
        }
        Protocol::RpcV2Cbor => {
            let mut body = Vec::new();
            if let Some(output) = output {
                cbor::write(&writer.cbor(output, answer), &mut body);
            }
            let mut all = written(200, "application/cbor", body);
            all.headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
            all
        }
        Protocol::Query | Protocol::Ec2 => {
            let mut root = Element::new(format!("{}Response", operation.name));
            root.attributes.push(("xmlns".to_owned(), format!("http://simulated/{}/", service.api_version)));
            let mut result = Element::new("");
            if let Some(structure) = structure {
                writer.members(structure, answer, &mut result);
            }
            match output.and_then(|output| output.wrapper.as_ref()) {
                Some(name) => root.children.push(Element { name: name.clone(), ..result }),
                None => root.children = result.children,
            }
            if protocol == Protocol::Ec2 {
                root.children.insert(0, Element::with_text("requestId", REQUEST_ID));
            } else {
                let mut metadata = Element::new("ResponseMetadata");
                metadata.children.push(Element::with_text("RequestId", REQUEST_ID));
                root.children.push(metadata);
            }
            written(200, "text/xml;charset=UTF-8", markup(&root))
        }
        Protocol::RestJson | Protocol::RestXml => match structure {
            Some(structure) => writer.rest(operation, structure, answer),
            None => written(200, "application/json", Vec::new()),
        },
    }
}

/// A refusal in a protocol of the service.
pub fn encode_error(
    protocol: Protocol,
    service: &Service,
    operation: Option<&Operation>,
    refusal: &Refusal,
) -> Written {
    let Refusal { status, code, message } = refusal;
    let error = || {
        let mut error = Element::new("Error");
        error.children = vec![Element::with_text("Code", code), Element::with_text("Message", message)];
        error
    };
    match protocol {
        Protocol::Ec2 => {
            let mut errors = Element::new("Errors");
            errors.children.push(error());
            let mut root = Element::new("Response");
            root.children = vec![errors, Element::with_text("RequestID", REQUEST_ID)];
            written(*status, "text/xml;charset=UTF-8", markup(&root))
        }
        Protocol::RestXml if service.name == "s3" => {
            let mut root = error();
            root.children.push(Element::with_text("RequestId", REQUEST_ID));
            written(*status, "application/xml", markup(&root))
        }
        Protocol::Query | Protocol::RestXml => {
            let mut root = Element::new("ErrorResponse");
            let mut error = error();
            error
                .children
                .insert(0, Element::with_text("Type", if *status < 500 { "Sender" } else { "Receiver" }));
            root.children = vec![error, Element::with_text("RequestId", REQUEST_ID)];
            written(*status, "text/xml", markup(&root))
        }
        Protocol::RestJson => {
            let body = json!({ "message": message }).to_string().into_bytes();
            let mut all = written(*status, "application/json", body);
            all.headers.push(("x-amzn-errortype".to_owned(), code.clone()));
            all
        }
        Protocol::Json | Protocol::RpcV2Cbor => {
            // A service that spoke the query protocol once says the code of that time in a header.
            let errors = operation.into_iter().flat_map(|operation| service.errors(operation));
            let name = errors.into_iter().find(|error| error.code == *code).map_or(code, |error| &error.name);
            let kind = format!("com.amazonaws.{}#{name}", service.name);
            let mut all = if protocol == Protocol::Json {
                let body = json!({ "__type": kind, "message": message }).to_string().into_bytes();
                written(*status, &format!("application/x-amz-json-{}", service.json_version), body)
            } else {
                let text = |name: &str, value: &str| (name.to_owned(), Item::Text(value.to_owned()));
                let mut body = Vec::new();
                cbor::write(&Item::Map(vec![text("__type", &kind), text("message", message)]), &mut body);
                written(*status, "application/cbor", body)
            };
            if service.is_query_compatible {
                let fault = if *status < 500 { "Sender" } else { "Receiver" };
                all.headers.push(("x-amzn-query-error".to_owned(), format!("{code};{fault}")));
            }
            all
        }
    }
}

fn markup(root: &Element) -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    root.write(&mut text);
    text.into_bytes()
}

struct Writer<'a> {
    protocol: Protocol,
    service: &'a Service,
}

impl Writer<'_> {
    fn rest(&self, operation: &Operation, structure: &Structure, answer: &Value) -> Written {
        let mut headers = Vec::new();
        let mut status = 200;
        for member in &structure.members {
            let value = &answer[member.name.as_str()];
            if value.is_null() {
                continue;
            }
            match member.of.location {
                Location::Header => headers.push((member.wire().to_owned(), self.header(&member.of, value))),
                Location::Headers => {
                    headers.extend(value.as_object().into_iter().flatten().map(|(name, value)| {
                        (format!("{}{name}", member.wire()), value.as_str().unwrap_or_default().to_owned())
                    }))
                }
                Location::Status => status = value.as_u64().map_or(200, |status| status as u16),
                _ => {}
            }
        }
        let is_xml = self.protocol == Protocol::RestXml;
        let payload = structure.payload.as_ref();
        let payload = payload.and_then(|name| structure.members.iter().find(|member| member.name == *name));
        let body = match payload {
            Some(member) => {
                let value = &answer[member.name.as_str()];
                match (member.of.to, value) {
                    (_, Value::Null) => Vec::new(),
                    (To::Blob, value) => of_base64(value.as_str().unwrap_or_default()).unwrap_or_default(),
                    (To::String, value) => value.as_str().unwrap_or_default().as_bytes().to_vec(),
                    (_, value) if is_xml => {
                        let mut all = self.elements(&member.of, member.wire(), value);
                        if all.is_empty() { Vec::new() } else { markup(&all.swap_remove(0)) }
                    }
                    (_, value) => self.json(&member.of, value).to_string().into_bytes(),
                }
            }
            None if !is_xml => Value::Object(self.json_members(structure, answer)).to_string().into_bytes(),
            None if !structure.members.iter().any(|member| member.of.location == Location::Body) => {
                Vec::new()
            }
            None => {
                let mut root = Element::new(format!("{}Result", operation.name));
                self.members(structure, answer, &mut root);
                // The location of a bucket is the root itself.
                if operation.name == "GetBucketLocation" {
                    root = Element::with_text(
                        "LocationConstraint",
                        answer["LocationConstraint"].as_str().unwrap_or_default(),
                    );
                }
                markup(&root)
            }
        };
        let content = if is_xml { "application/xml" } else { "application/json" };
        let mut all = written(status, content, body);
        // The answer's own type of content stands in place of the protocol's.
        let mut own = structure.members.iter().filter(|member| member.of.location == Location::Header);
        if own.any(|member| member.wire().eq_ignore_ascii_case("content-type")) {
            all.headers.retain(|(name, _)| name != "content-type");
        }
        all.headers.extend(headers);
        all
    }

    fn header(&self, of: &Reference, value: &Value) -> String {
        if of.is_json {
            return to_base64(value.to_string().as_bytes());
        }
        match (self.service.shape(of), value) {
            (Some(Shape::List(item)), Value::Array(items)) => {
                items.iter().map(|value| self.header(item, value)).collect::<Vec<_>>().join(",")
            }
            _ => self.text(of, value, TimeFormat::Rfc822),
        }
    }

    /// A scalar as text.
    fn text(&self, of: &Reference, value: &Value, usual: TimeFormat) -> String {
        match (of.to, value) {
            (To::Timestamp, Value::String(text)) => match Moment::of_text(text) {
                Some(moment) => match of.time.unwrap_or(usual) {
                    TimeFormat::Iso8601 => moment.iso("Z"),
                    TimeFormat::Rfc822 => moment.http(),
                    TimeFormat::Unix => moment.number().to_string(),
                },
                None => text.clone(),
            },
            (To::String, Value::Object(_)) if of.is_policy => to_percent(&value.to_string()),
            (To::String, Value::Object(_)) => value.to_string(),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        }
    }

    fn json(&self, of: &Reference, value: &Value) -> Value {
        match (self.service.shape(of), value) {
            (Some(Shape::Structure(structure)), value) if structure.is_document => value.clone(),
            (Some(Shape::Structure(structure)), value) => Value::Object(self.json_members(structure, value)),
            (Some(Shape::List(item)), Value::Array(items)) => {
                items.iter().map(|value| self.json(item, value)).collect()
            }
            (Some(Shape::Map(_, item)), Value::Object(entries)) => Value::Object(
                entries.iter().map(|(name, value)| (name.clone(), self.json(item, value))).collect(),
            ),
            (None, Value::String(text)) if of.to == To::Timestamp => match (Moment::of_text(text), of.time) {
                (Some(moment), None | Some(TimeFormat::Unix)) if moment.micros == 0 => json!(moment.seconds),
                (Some(moment), None | Some(TimeFormat::Unix)) => json!(moment.number()),
                _ => json!(self.text(of, value, TimeFormat::Unix)),
            },
            (None, Value::Object(_)) => json!(value.to_string()),
            (_, other) => other.clone(),
        }
    }

    fn json_members(&self, structure: &Structure, value: &Value) -> Map<String, Value> {
        let mut all = Map::new();
        let is_rest = self.protocol == Protocol::RestJson;
        for member in &structure.members {
            let told = &value[member.name.as_str()];
            if !told.is_null() && (!is_rest || member.of.location == Location::Body) {
                all.insert(member.wire().to_owned(), self.json(&member.of, told));
            }
        }
        all
    }

    fn cbor(&self, of: &Reference, value: &Value) -> Item {
        match (self.service.shape(of), value) {
            (Some(Shape::Structure(structure)), Value::Object(entries)) => {
                let told =
                    structure.members.iter().filter_map(|member| Some((member, entries.get(&member.name)?)));
                Item::Map(
                    told.map(|(member, value)| (member.wire().to_owned(), self.cbor(&member.of, value)))
                        .collect(),
                )
            }
            (Some(Shape::List(item)), Value::Array(items)) => {
                Item::List(items.iter().map(|value| self.cbor(item, value)).collect())
            }
            (Some(Shape::Map(_, item)), Value::Object(entries)) => Item::Map(
                entries.iter().map(|(name, value)| (name.clone(), self.cbor(item, value))).collect(),
            ),
            (_, Value::String(text)) => match of.to {
                To::Timestamp => Item::Time(Moment::of_text(text).map_or(0.0, Moment::number)),
                To::Blob => Item::Bytes(of_base64(text).unwrap_or_default()),
                To::Float | To::Double => Item::Float(match text.as_str() {
                    "Infinity" => f64::INFINITY,
                    "-Infinity" => f64::NEG_INFINITY,
                    _ => f64::NAN,
                }),
                _ => Item::Text(text.clone()),
            },
            (_, Value::Bool(is)) => Item::Bool(*is),
            (_, Value::Number(number)) => match (of.to, number.as_i64()) {
                (To::Float | To::Double, _) | (_, None) => Item::Float(number.as_f64().unwrap_or_default()),
                (_, Some(number)) => Item::Number(number),
            },
            (_, Value::Null) => Item::Null,
            (_, other) => Item::Text(other.to_string()),
        }
    }

    /// The elements of one member: a flattened list has many.
    fn elements(&self, of: &Reference, name: &str, value: &Value) -> Vec<Element> {
        match (self.service.shape(of), value) {
            (Some(Shape::Structure(structure)), value) => {
                let mut element = Element::new(name);
                self.members(structure, value, &mut element);
                vec![element]
            }
            (Some(Shape::List(item)), Value::Array(items)) if of.is_flattened => {
                let name = item.wire.as_deref().unwrap_or(name);
                items.iter().flat_map(|value| self.elements(item, name, value)).collect()
            }
            (Some(Shape::List(item)), Value::Array(items)) => {
                let mut element = Element::new(name);
                let inner = item.wire.as_deref().unwrap_or("member");
                element.children = items.iter().flat_map(|value| self.elements(item, inner, value)).collect();
                vec![element]
            }
            (Some(Shape::Map(key, item)), Value::Object(entries)) => {
                let entry = |tag: &str, (key_text, value): (&String, &Value)| {
                    let mut entry = Element::new(tag);
                    entry.children.push(Element::with_text(key.wire.as_deref().unwrap_or("key"), key_text));
                    entry.children.extend(self.elements(
                        item,
                        item.wire.as_deref().unwrap_or("value"),
                        value,
                    ));
                    entry
                };
                if of.is_flattened {
                    return entries.iter().map(|one| entry(name, one)).collect();
                }
                let mut element = Element::new(name);
                element.children = entries.iter().map(|one| entry("entry", one)).collect();
                vec![element]
            }
            (_, value) => vec![Element::with_text(name, self.text(of, value, TimeFormat::Iso8601))],
        }
    }

    fn members(&self, structure: &Structure, value: &Value, into: &mut Element) {
        for member in &structure.members {
            let told = &value[member.name.as_str()];
            if told.is_null() || member.of.location != Location::Body {
                continue;
            }
            if member.of.is_attribute {
                let text = self.text(&member.of, told, TimeFormat::Iso8601);
                into.attributes
                    .push(("xmlns:xsi".to_owned(), "http://www.w3.org/2001/XMLSchema-instance".to_owned()));
                into.attributes.push((member.wire().to_owned(), text));
                continue;
            }
            into.children.extend(self.elements(&member.of, member.wire(), told));
        }
    }
}
