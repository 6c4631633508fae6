//! What is to be sent for an operation and its parameters, before it is signed.

use crate::body::{self, Form};
use crate::checksum;
use crate::endpoint::Endpoint;
use crate::models::{Location, Operation, Protocol, Reference, Service, Shape, Structure, To};
use crate::text::{base64, from_base64, percent};
use crate::time::TimeFormat;
use crate::validate::{self, ParameterProblem};
use serde_json::{Map, Value};

/// A request that is ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// `https`, unless the endpoint was told otherwise.
    pub scheme: String,
    /// The host, with its port where it has one.
    pub host: String,
    /// The path, percent-encoded.
    pub path: String,
    /// The query, percent-encoded, without `?`.
    pub query: String,
    /// What the model says and the content type; the host, dates and signatures are for who sends it.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// The whole address.
    pub fn url(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{}://{}{}{mark}{}", self.scheme, self.host, self.path, self.query)
    }

    /// A header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Why there is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The parameters are not what the operation takes.
    #[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Parameters {
        /// Each member and what is wrong with it.
        problems: Vec<ParameterProblem>,
    },
    /// This client can't call the operation.
    #[error("`{operation}` {why}")]
    Unsupported {
        /// The operation.
        operation: String,
        /// What it needs.
        why: &'static str,
    },
}

/// The request, in the service's preferred protocol.
pub fn request(
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    endpoint: &Endpoint,
) -> Result<HttpRequest, RequestError> {
    let protocol = service.protocols.first().copied();
    let why = "has a protocol that is not known";
    let protocol = protocol.ok_or(RequestError::Unsupported { operation: operation.name.clone(), why })?;
    let mut request = request_in(protocol, service, operation, parameters, endpoint)?;
    checksum::add(operation, parameters, &mut request);
    Ok(request)
}

/// The request, in one of the service's protocols; without the checksum that some operations want.
pub fn request_in(
    protocol: Protocol,
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    endpoint: &Endpoint,
) -> Result<HttpRequest, RequestError> {
    let parameters = with_habits(service, operation, parameters);
    let mut problems = validate::problems(service, operation.input.as_ref(), &parameters);
    if !problems.is_empty() {
        return Err(RequestError::Parameters { problems });
    }
    let input = operation.input.as_ref();
    let structure = input.and_then(|input| service.structure(input));
    if structure.is_some_and(|structure| sends_events(service, structure)) {
        let why = "sends a stream of events, which this client does not";
        return Err(RequestError::Unsupported { operation: operation.name.clone(), why });
    }
    let mut parts = match protocol {
        Protocol::Json => json(service, operation, &parameters),
        Protocol::RpcV2Cbor => rpc(service, operation, &parameters),
        Protocol::Query | Protocol::Ec2 => form(protocol, service, operation, &parameters),
        Protocol::RestJson | Protocol::RestXml => {
            rest(protocol, service, operation, &parameters, &mut problems)
        }
    };
    for (name, value) in &parts.headers {
        if name.chars().chain(value.chars()).any(|letter| letter.is_control() && letter != '\t') {
            let message = "becomes a header and holds a control character".to_owned();
            problems.push(ParameterProblem { member: name.clone(), message });
        }
    }
    if !problems.is_empty() {
        return Err(RequestError::Parameters { problems });
    }
    let compatible = matches!(protocol, Protocol::Json | Protocol::RpcV2Cbor) && service.is_query_compatible;
    if compatible {
        parts.set("x-amzn-query-mode", "true");
    }
    match service.name.as_str() {
        "apigateway" => parts.set("Accept", "application/json"),
        "glacier" => parts.set("x-amz-glacier-version", &service.api_version),
        _ => {}
    }
    Ok(parts.joined(operation, &parameters, endpoint))
}

/// The parameters with the token that makes a repeated call one call, where the operation takes one and none is
/// given. The token is made of `words`, so that the same words give the same token.
pub fn with_token(service: &Service, operation: &Operation, parameters: &Value, words: &str) -> Value {
    let mut parameters = parameters.clone();
    let input = operation.input.as_ref().and_then(|input| service.structure(input));
    let tokens = input.into_iter().flat_map(|input| &input.members).filter(|member| member.of.is_token);
    let tokens: Vec<&str> = tokens.map(|member| member.name.as_str()).collect();
    if tokens.is_empty() {
        return parameters;
    }
    if parameters.is_null() {
        parameters = Value::Object(Map::new());
    }
    if let Some(given) = parameters.as_object_mut() {
        for name in
            tokens.into_iter().filter(|name| given.get(*name).is_none_or(Value::is_null)).collect::<Vec<_>>()
        {
            given.insert(name.to_owned(), checksum::token(words).into());
        }
    }
    parameters
}

/// What botocore adds for single services: Glacier's account is one's own unless another is named.
fn with_habits(service: &Service, operation: &Operation, parameters: &Value) -> Value {
    let mut parameters = if parameters.is_null() { Value::Object(Map::new()) } else { parameters.clone() };
    let input = operation.input.as_ref().and_then(|input| service.structure(input));
    if let (Some(given), Some(input)) = (parameters.as_object_mut(), input) {
        if service.name == "glacier" && !given.contains_key("accountId") {
            given.insert("accountId".to_owned(), "-".into());
        }
        for member in input.members.iter().filter(|member| member.of.is_last_part) {
            let value = given.get_mut(&member.name);
            if let Some(Value::String(text)) = value
                && let Some((_, last)) = text.rsplit_once('/')
            {
                *text = last.to_owned();
            }
        }
    }
    parameters
}

fn sends_events(service: &Service, input: &Structure) -> bool {
    input.members.iter().any(|member| service.structure(&member.of).is_some_and(|of| of.is_event_stream))
}

/// A request before it meets its endpoint.
#[derive(Default)]
struct Parts {
    method: String,
    path: String,
    query: Vec<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Parts {
    fn new(operation: &Operation) -> Self {
        Self { method: operation.method.clone(), path: "/".to_owned(), ..Self::default() }
    }

    /// Sets a header that is not set yet.
    fn set(&mut self, name: &str, value: &str) {
        if !self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    fn joined(mut self, operation: &Operation, parameters: &Value, endpoint: &Endpoint) -> HttpRequest {
        let (scheme, rest) = endpoint.url.split_once("://").unwrap_or(("https", &endpoint.url));
        let (host, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let prefix = operation.host_prefix.as_deref().filter(|_| !endpoint.is_given);
        let prefix = prefix.map_or_else(String::new, |prefix| {
            labels(prefix, |name| {
                let value = parameters.get(name).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            })
        });
        let (path, fixed) = match self.path.split_once('?') {
            Some((path, fixed)) => (path.to_owned(), Some(fixed.to_owned())),
            None => (self.path.clone(), None),
        };
        if let Some(fixed) = fixed {
            self.query.insert(0, fixed);
        }
        let path = match (path.as_str(), base) {
            ("" | "/", "") => "/".to_owned(),
            ("" | "/", base) => base.to_owned(),
            (path, base) if path.starts_with('/') => {
                format!("{}{path}", base.strip_suffix('/').unwrap_or(base))
            }
            (path, base) => format!("{base}{path}"),
        };
        for (name, value) in &endpoint.headers {
            self.set(name, value);
        }
        HttpRequest {
            method: self.method,
            scheme: scheme.to_owned(),
            host: format!("{prefix}{host}"),
            path,
            query: self.query.join("&"),
            headers: self.headers,
            body: self.body,
        }
    }
}

/// A template with each `{label}` replaced.
fn labels(template: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(&value(label));
        rest = after;
    }
    text.push_str(rest);
    text
}

fn json(service: &Service, operation: &Operation, parameters: &Value) -> Parts {
    let mut parts = Parts::new(operation);
    parts.set("X-Amz-Target", &format!("{}.{}", service.target_prefix, operation.name));
    parts.set("Content-Type", &format!("application/x-amz-json-{}", service.json_version));
    let body = operation.input.as_ref().map(|input| body::json(service, input, parameters));
    parts.body = body.map_or_else(|| "{}".to_owned(), |body| body.to_string()).into_bytes();
    parts
}

fn rpc(service: &Service, operation: &Operation, parameters: &Value) -> Parts {
    let mut parts = Parts::new(operation);
    parts.method = "POST".to_owned();
    parts.path = format!("/service/{}/operation/{}", service.target_prefix, operation.name);
    parts.set("smithy-protocol", "rpc-v2-cbor");
    parts.set("Accept", "application/cbor");
    if let Some(input) = &operation.input {
        body::cbor(service, input, parameters, &mut parts.body);
        parts.set("Content-Type", "application/cbor");
    }
    parts
}

fn form(protocol: Protocol, service: &Service, operation: &Operation, parameters: &Value) -> Parts {
    let mut parts = Parts::new(operation);
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = vec![field("Action", &operation.name), field("Version", &service.api_version)];
    let mut form = Form { service, is_ec2: protocol == Protocol::Ec2, fields };
    if let Some(input) = &operation.input {
        form.add(input, parameters, "");
    }
    let fields =
        form.fields.iter().map(|(name, value)| format!("{}={}", percent(name, b""), percent(value, b"")));
    parts.body = fields.collect::<Vec<_>>().join("&").into_bytes();
    parts.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    parts
}

fn rest(
    protocol: Protocol,
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    problems: &mut Vec<ParameterProblem>,
) -> Parts {
    let mut parts = Parts::new(operation);
    let input = operation.input.as_ref();
    let structure = input.and_then(|input| service.structure(input));
    let (Some(input), Some(structure)) = (input, structure) else {
        parts.path.clone_from(&operation.path);
        return parts;
    };
    let mut in_path: Vec<(&str, &str, String)> = Vec::new();
    let mut in_body = Map::new();
    for (name, value) in parameters.as_object().into_iter().flatten() {
        let Some(member) = structure.members.iter().find(|member| member.name == *name) else { continue };
        let (of, wire) = (&member.of, member.wire());
        match of.location {
            Location::Path => in_path.push((wire, name, body::scalar(of, value, TimeFormat::Iso8601))),
            Location::Query => add_query(service, of, wire, value, &mut parts.query),
            Location::Header => {
                if let Some(value) = header(service, of, value) {
                    parts.headers.push((wire.to_owned(), value));
                }
            }
            Location::Headers => {
                let named = value.as_object().into_iter().flatten();
                let named = named.map(|(key, value)| {
                    (format!("{wire}{key}"), value.as_str().unwrap_or_default().to_owned())
                });
                parts.headers.extend(named);
            }
            Location::Body | Location::Status => {
                in_body.insert(name.clone(), value.clone());
            }
        }
    }
    parts.path = labels(&operation.path, |label| {
        let (label, safe): (_, &[u8]) = label.strip_suffix('+').map_or((label, b""), |label| (label, b"/"));
        match in_path.iter().find(|(wire, ..)| *wire == label) {
            Some((_, _, value)) if !value.is_empty() => percent(value, safe),
            found => {
                let member = found.map_or(label, |(_, name, _)| name).to_owned();
                let message = "is part of the path and may not be empty".to_owned();
                problems.push(ParameterProblem { member, message });
                String::new()
            }
        }
    });
    add_body(protocol, service, (input, structure), parameters, in_body, &mut parts);
    parts
}

fn add_query(service: &Service, of: &Reference, wire: &str, value: &Value, query: &mut Vec<String>) {
    let mut push =
        |name: &str, value: &str| query.push(format!("{}={}", percent(name, b""), percent(value, b"")));
    match (service.shape(of), value) {
        (Some(Shape::List(item)), Value::Array(items)) => {
            items.iter().for_each(|value| push(wire, &body::scalar(item, value, TimeFormat::Iso8601)));
        }
        (_, Value::Object(entries)) => {
            for (name, value) in entries {
                match value {
                    Value::Array(items) => {
                        items.iter().for_each(|item| push(name, item.as_str().unwrap_or_default()));
                    }
                    value => push(name, value.as_str().unwrap_or_default()),
                }
            }
        }
        _ => push(wire, &body::scalar(of, value, TimeFormat::Iso8601)),
    }
}

/// The value of a header; an empty list has none.
fn header(service: &Service, of: &Reference, value: &Value) -> Option<String> {
    if of.is_json {
        return Some(base64(value.to_string().as_bytes()));
    }
    match (service.shape(of), value) {
        (Some(Shape::List(item)), Value::Array(items)) => {
            let quoted = |value: &Value| {
                let text = header(service, item, value)?;
                let is_quoted = item.to == To::String && text.contains([',', '"']);
                Some(if is_quoted { format!("\"{}\"", text.replace('"', "\\\"")) } else { text })
            };
            let items: Vec<String> = items.iter().filter_map(quoted).collect();
            (!items.is_empty()).then(|| items.join(","))
        }
        _ if of.to == To::Timestamp => {
            let mut time = validate::time(value)?;
            time.micros = 0;
            Some(time.text(of.time.unwrap_or(TimeFormat::Rfc822)))
        }
        _ => Some(body::scalar(of, value, TimeFormat::Rfc822)),
    }
}

fn add_body(
    protocol: Protocol,
    service: &Service,
    (input, structure): (&Reference, &Structure),
    parameters: &Value,
    in_body: Map<String, Value>,
    parts: &mut Parts,
) {
    let write = |of: &Reference, value: &Value| match protocol {
        Protocol::RestXml => {
            let mut text = String::new();
            body::xml(service, of, value, of.wire.as_deref().unwrap_or("Request"), &mut text);
            text.into_bytes()
        }
        _ => body::json(service, of, value).to_string().into_bytes(),
    };
    let empty = || if protocol == Protocol::RestJson { b"{}".to_vec() } else { Vec::new() };
    let named = structure.payload.as_deref();
    let payload = named.and_then(|name| structure.members.iter().find(|member| member.name == name));
    let mut is_raw = false;
    parts.body = match payload {
        Some(member) if matches!(member.of.to, To::Blob | To::String) => {
            is_raw = true;
            let text = parameters.get(&member.name).and_then(Value::as_str).unwrap_or_default();
            match member.of.to {
                To::Blob => from_base64(text).unwrap_or_default(),
                _ => text.as_bytes().to_vec(),
            }
        }
        Some(member) => parameters.get(&member.name).map_or_else(empty, |value| write(&member.of, value)),
        None if !in_body.is_empty() => write(input, &Value::Object(in_body)),
        None if structure.members.iter().any(|member| member.of.location == Location::Body) => empty(),
        None => Vec::new(),
    };
    if protocol == Protocol::RestJson && !is_raw && !parts.body.is_empty() {
        parts.set("Content-Type", "application/json");
    }
}
