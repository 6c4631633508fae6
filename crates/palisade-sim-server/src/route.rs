//! Which service and operation a request means, who asks, and with which parameters.

use crate::codec::parameters;
use crate::codec::text::of_percent;
use crate::http::Request;
use palisade_aws::{Location, Operation, Protocol, Service, models};
use palisade_model::{AccountId, Region};
use palisade_sim::api::{Refusal, account_of_key};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// Who asks, and for what, as the signature's scope says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The access key.
    pub key: String,
    /// The account that the key is of; none for a key that this organisation did not give.
    pub account: Option<AccountId>,
    /// The region that is asked.
    pub region: Region,
    /// What the service is called in signatures.
    pub signing_name: String,
}

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// How the refusal is written.
    pub protocol: Protocol,
    /// The service, as far as it is known.
    pub service: Option<&'static str>,
    /// The refusal.
    pub refusal: Refusal,
}

/// Who signed a request. The signature is not verified, only its form.
pub fn caller(request: &Request) -> Result<Caller, Refusal> {
    let refuse = |code: &str, message: &str| Err(Refusal::new(403, code, message));
    let in_query =
        |name: &str| request.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let credential = match (request.header("authorization"), in_query("X-Amz-Credential")) {
        (Some(header), _) => {
            let Some(parts) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
                return refuse("IncompleteSignature", "the Authorization header is of another algorithm");
            };
            let parts: HashMap<&str, &str> =
                parts.split(',').filter_map(|part| part.trim().split_once('=')).collect();
            let hex = parts.get("Signature").copied().unwrap_or_default();
            let is_whole = parts.contains_key("SignedHeaders")
                && hex.len() == 64
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_dated = request.header("x-amz-date").or_else(|| request.header("date")).is_some();
            match parts.get("Credential") {
                Some(credential) if is_whole && is_dated => (*credential).to_owned(),
                _ => {
                    return refuse(
                        "IncompleteSignature",
                        "the Authorization header lacks a part, or the date is missing",
                    );
                }
            }
        }
        (None, Some(credential)) => credential,
        (None, None) => {
            return refuse("MissingAuthenticationToken", "Request is missing Authentication Token");
        }
    };
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, day, region, signing_name, "aws4_request"] = parts[..] else {
        return refuse("IncompleteSignature", "the scope of the credential has not five parts");
    };
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse("IncompleteSignature", "the scope of the credential has no date");
    }
    let Ok(region) = region.parse() else {
        return refuse("SignatureDoesNotMatch", "the scope of the credential has no region");
    };
    let account = account_of_key(key).filter(|_| key.starts_with("ASIA"));
    Ok(Caller { key: key.to_owned(), account, region, signing_name: signing_name.to_owned() })
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The service.
    pub service: &'static Service,
    /// The operation.
    pub operation: &'static Operation,
    /// The protocol that the request speaks.
    pub protocol: Protocol,
    /// The parameters.
    pub parameters: Value,
}

/// The services that sign by a name. Some share one, as those of relational databases do.
fn signed_as(name: &str) -> &'static [&'static str] {
    static NAMES: OnceLock<HashMap<String, Vec<&'static str>>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut names: HashMap<String, Vec<&'static str>> = HashMap::new();
        for service in models().services() {
            if let Some(of) = models().service(service) {
                names.entry(of.signing_name.clone()).or_default().push(service);
            }
        }
        // Older services stand first: what both know is the same, or told apart by version.
        for (signing, services) in &mut names {
            services.sort_by_key(|service| (*service != signing, *service));
        }
        names
    });
    names.get(name).map_or(&[], Vec::as_slice)
}

/// What a request asks of the service that its signature names.
pub fn decode(request: &Request, signing_name: &str) -> Result<Asked, Problem> {
    let services = signed_as(signing_name).iter().filter_map(|name| models().service(name));
    let services: Vec<&'static Service> = services.collect();
    let protocol = spoken(request);
    let found = match protocol {
        Some(protocol) => rpc(protocol, request, &services),
        None => path(request, &services),
    };
    let first = services.first();
    let usual = protocol.or_else(|| first.and_then(|service| service.protocols.first().copied()));
    let problem = |service: Option<&'static str>, protocol: Protocol, code: &str, message: String| Problem {
        protocol,
        service,
        refusal: Refusal::new(400, code, message),
    };
    let Some((service, operation, protocol, labels)) = found else {
        let message = format!(
            "no operation of `{signing_name}` is asked like this: {} {}",
            request.method, request.path
        );
        let protocol = usual.unwrap_or(Protocol::Query);
        return Err(problem(
            first.map(|service| service.name.as_str()),
            protocol,
            "UnknownOperationException",
            message,
        ));
    };
    match parameters(protocol, service, operation, request, &labels) {
        Ok(parameters) => Ok(Asked { service, operation, protocol, parameters }),
        Err(why) => Err(problem(Some(&service.name), protocol, "SerializationException", why)),
    }
}

/// The protocol, where the request itself says it; the others speak in paths.
fn spoken(request: &Request) -> Option<Protocol> {
    if request.header("smithy-protocol") == Some("rpc-v2-cbor") {
        return Some(Protocol::RpcV2Cbor);
    }
    if request.header("x-amz-target").is_some() {
        return Some(Protocol::Json);
    }
    let is_form =
        request.header("content-type").is_some_and(|of| of.starts_with("application/x-www-form-urlencoded"));
    let names_action =
        || request.body.starts_with(b"Action=") || request.body.windows(8).any(|at| at == b"&Action=");
    (is_form && names_action()).then_some(Protocol::Query)
}

type Found = (&'static Service, &'static Operation, Protocol, BTreeMap<String, String>);

fn rpc(protocol: Protocol, request: &Request, services: &[&'static Service]) -> Option<Found> {
    let of = |prefix: &str, name: &str| -> Option<Found> {
        let service = services
            .iter()
            .find(|service| service.target_prefix == prefix && service.operations.contains_key(name))?;
        Some((service, service.operations.get(name)?, protocol, BTreeMap::new()))
    };
    match protocol {
        Protocol::Json => {
            let (prefix, name) = request.header("x-amz-target")?.rsplit_once('.')?;
            of(prefix, name)
        }
        Protocol::RpcV2Cbor => {
            let mut parts = request.path.strip_prefix("/service/")?.split('/');
            let (prefix, word, name) = (parts.next()?, parts.next()?, parts.next()?);
            if word == "operation" { of(prefix, name) } else { None }
        }
        _ => {
            let body = String::from_utf8_lossy(&request.body);
            let field = |name: &str| {
                let found = body.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
                found.map(|value| of_percent(value, true))
            };
            let (name, version) = (field("Action")?, field("Version")?);
            let service = services
                .iter()
                .find(|service| service.api_version == version && service.operations.contains_key(&name))?;
            let is_ec2 = service.protocols.contains(&Protocol::Ec2);
            let protocol = if is_ec2 { Protocol::Ec2 } else { Protocol::Query };
            Some((service, service.operations.get(&name)?, protocol, BTreeMap::new()))
        }
    }
}

/// The operation whose path fits best.
fn path(request: &Request, services: &[&'static Service]) -> Option<Found> {
    let mut best: Option<(usize, Found)> = None;
    for service in services {
        let protocols = service.protocols.iter().copied();
        let Some(protocol) =
            protocols.into_iter().find(|of| matches!(of, Protocol::RestJson | Protocol::RestXml))
        else {
            continue;
        };
        for operation in service.operations.values().filter(|operation| operation.method == request.method) {
            if let Some((score, labels)) = fit(request, service, operation)
                && best.as_ref().is_none_or(|(most, _)| score > *most)
            {
                best = Some((score, (service, operation, protocol, labels)));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// How well a request fits an operation, and its labels; none where it doesn't.
fn fit(
    request: &Request,
    service: &Service,
    operation: &Operation,
) -> Option<(usize, BTreeMap<String, String>)> {
    let (template, fixed) = operation.path.split_once('?').unwrap_or((&operation.path, ""));
    let mut score = 0;
    for part in fixed.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !request.query.iter().any(|(known, told)| known == name && (value.is_empty() || told == value)) {
            return None;
        }
        score += 10;
    }
    let mut labels = BTreeMap::new();
    let mut given = request.path.trim_start_matches('/');
    let input = operation.input.as_ref().and_then(|input| service.structure(input));
    let members = input.map(|input| input.members.as_slice()).unwrap_or_default();
    // The bucket is no part of the path that the model knows: the endpoint has it.
    if service.name == "s3" && members.iter().any(|member| member.name == "Bucket") {
        let bucket = match in_host(request) {
            Some(bucket) => bucket,
            None => {
                let (bucket, rest) = given.split_once('/').unwrap_or((given, ""));
                given = rest;
                of_percent(bucket, false)
            }
        };
        if bucket.is_empty() {
            return None;
        }
        labels.insert("Bucket".to_owned(), bucket);
    }
    let mut wanted = template.trim_matches('/');
    given = given.strip_suffix('/').unwrap_or(given);
    while !wanted.is_empty() {
        let (part, rest) = wanted.split_once('/').unwrap_or((wanted, ""));
        wanted = rest;
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix("+}")) {
            // It takes all but what the rest of the template takes.
            let after = if wanted.is_empty() { 0 } else { wanted.split('/').count() };
            let all: Vec<&str> = given.split('/').collect();
            let own = all.len().checked_sub(after).filter(|count| *count > 0)?;
            let value = all[..own].join("/");
            if value.is_empty() {
                return None;
            }
            labels.insert(name.to_owned(), of_percent(&value, false));
            given = &given[value.len()..];
            given = given.strip_prefix('/').unwrap_or(given);
            score += 1;
            continue;
        }
        let (told, rest) = given.split_once('/').unwrap_or((given, ""));
        given = rest;
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(_) if told.is_empty() => return None,
            Some(name) => {
                labels.insert(name.to_owned(), of_percent(told, false));
                score += 1;
            }
            None if part == of_percent(told, false) => score += 3,
            None => return None,
        }
    }
    for member in members.iter().filter(|member| member.required) {
        let is_there = match member.of.location {
            Location::Query => request.query.iter().any(|(name, _)| name == member.wire()),
            Location::Header => request.header(member.wire()).is_some(),
            _ => continue,
        };
        if !is_there {
            return None;
        }
        score += 2;
    }
    given.is_empty().then_some((score, labels))
}

/// The bucket that the host names: `bucket.localhost:9000`, `bucket.s3.eu-west-1.amazonaws.com`.
fn in_host(request: &Request) -> Option<String> {
    let host = request.header("host")?;
    let host = host.split(':').next().unwrap_or(host);
    let bucket = host.strip_suffix(".localhost").or_else(|| {
        let at = host.find(".s3.").or_else(|| host.find(".s3-"))?;
        Some(&host[..at])
    });
    bucket.filter(|bucket| !bucket.is_empty()).map(str::to_owned)
}
