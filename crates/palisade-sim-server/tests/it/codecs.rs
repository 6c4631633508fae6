//! Parameters and answers by chance: what one side writes, the other reads as it was.

use crate::shapes::Maker;
use palisade_aws::{
    Endpoint, EndpointOptions, Failure, HttpRequest, Operation, Protocol, Service, endpoint, models,
    request_in, response_in,
};
use palisade_content::{load, shipped};
use palisade_sim::Random;
use palisade_sim::api::Refusal;
use palisade_sim_server::codec::{encode, encode_error};
use palisade_sim_server::{Request, decode};
use serde_json::Value;
use std::collections::BTreeSet;

/// The services whose calls the kinds name, and those that a collection needs beside them.
fn services() -> Vec<&'static Service> {
    let (library, _) = load(&shipped());
    let calls = library.kinds().iter().flat_map(|kind| &kind.collect).map(|call| call.service.to_string());
    let names: BTreeSet<String> =
        calls.chain(["sts", "organizations", "account", "wafv2", "cloudwatch"].map(str::to_owned)).collect();
    names.iter().map(|name| models().service(name).unwrap()).collect()
}

fn at(service: &Service, account: &str) -> Option<Endpoint> {
    let options = EndpointOptions {
        region: "eu-west-1".to_owned(),
        url: Some("http://127.0.0.1:4566".to_owned()),
        path_style: true,
        account: Some(account.to_owned()),
        ..EndpointOptions::default()
    };
    let operation = service.operations.values().next()?;
    endpoint(service, operation, &serde_json::json!({}), &options).ok()
}

fn sent(request: HttpRequest) -> Request {
    let mark = if request.query.is_empty() { "" } else { "?" };
    let target = format!("{}{mark}{}", request.path, request.query);
    let mut headers = request.headers;
    headers.push(("host".to_owned(), request.host));
    Request::new(&request.method, &target, headers, request.body)
}

/// How many there were, and what was read as something else.
#[derive(Default)]
struct Tally {
    compared: usize,
    operations: BTreeSet<String>,
    protocols: BTreeSet<Protocol>,
    wrong: Vec<String>,
}

impl Tally {
    #[track_caller]
    fn check(self, protocols: usize, operations: usize) {
        assert_eq!(
            self.wrong.iter().take(12).cloned().collect::<Vec<_>>(),
            Vec::<String>::new(),
            "{} wrong of {}",
            self.wrong.len(),
            self.compared
        );
        assert!(
            self.protocols.len() >= protocols && self.operations.len() >= operations,
            "{:?} {}",
            self.protocols,
            self.operations.len()
        );
    }
}

/// Two members of these have one name on the wire.
const TWINS: [&str; 2] = ["GetBucketNotification", "PutBucketNotification"];

/// All that is tried of an operation: each protocol that the service speaks.
fn each(mut act: impl FnMut(&mut Tally, Protocol, &'static Service, &'static Operation, u64)) -> Tally {
    let mut tally = Tally::default();
    for service in services() {
        for operation in
            service.operations.values().filter(|operation| !TWINS.contains(&operation.name.as_str()))
        {
            for protocol in &service.protocols {
                act(&mut tally, *protocol, service, operation, 1);
            }
        }
    }
    tally
}

#[test]
fn what_a_client_asks_a_service_reads_as_it_was() {
    let tally = each(|tally, protocol, service, operation, seed| {
        let random = Random::of(seed, &format!("{} {} {protocol:?}", service.name, operation.name));
        let mut maker = Maker { service, random, is_request: true };
        let asked = match &operation.input {
            Some(input) => match maker.value(input, 0) {
                Some(asked) => asked,
                None => return,
            },
            None => serde_json::json!({}),
        };
        let mut asked = asked;
        if service.name == "s3" && asked.get("Bucket").is_some() {
            asked["Bucket"] = "my-bucket".into();
        }
        let options = EndpointOptions {
            region: "eu-west-1".to_owned(),
            url: Some("http://127.0.0.1:4566".to_owned()),
            path_style: true,
            account: Some("123456789012".to_owned()),
            ..EndpointOptions::default()
        };
        let Ok(endpoint) = endpoint(service, operation, &asked, &options) else { return };
        let Ok(request) = request_in(protocol, service, operation, &asked, &endpoint) else { return };
        let request = sent(request);
        tally.compared += 1;
        let name = format!("{}.{} {protocol:?}", service.name, operation.name);
        match decode(&request, &service.signing_name) {
            Ok(read) if read.operation.name != operation.name || read.service.name != service.name => {
                // Some services are the same to the wire: the newer one's calls are the older one's.
                let is_twin = read.operation.path == operation.path
                    && read.service.signing_name == service.signing_name;
                if !is_twin {
                    tally
                        .wrong
                        .push(format!("{name} is taken for {}.{}", read.service.name, read.operation.name));
                }
            }
            Ok(read) => {
                tally.operations.insert(format!("{}.{}", service.name, operation.name));
                tally.protocols.insert(read.protocol);
                if without_empty(&read.parameters) != without_empty(&asked) {
                    tally.wrong.push(format!("{name}\n  asked {asked}\n  read  {}", read.parameters));
                }
            }
            Err(problem) => tally.wrong.push(format!("{name}: {:?}", problem.refusal)),
        }
    });
    tally.check(6, 3_000);
}

#[test]
fn what_a_service_answers_a_client_reads_as_it_was() {
    let tally = each(|tally, protocol, service, operation, seed| {
        let random = Random::of(seed, &format!("{} {} {protocol:?} answer", service.name, operation.name));
        let mut maker = Maker { service, random, is_request: false };
        let answer = match &operation.output {
            Some(output) => match maker.value(output, 0) {
                Some(answer) => answer,
                None => return,
            },
            None => serde_json::json!({}),
        };
        let written = encode(protocol, service, operation, &answer);
        let read = response_in(protocol, service, operation, written.status, &written.headers, &written.body);
        tally.compared += 1;
        tally.operations.insert(format!("{}.{}", service.name, operation.name));
        tally.protocols.insert(protocol);
        let name = format!("{}.{} {protocol:?}", service.name, operation.name);
        match read {
            Ok(read) if without_empty(&read) == without_empty(&answer) => {}
            Ok(read) => tally.wrong.push(format!("{name}\n  answered {answer}\n  read     {read}")),
            Err(Failure::EventStream) => {}
            Err(failure) => tally.wrong.push(format!("{name}: {failure}")),
        }
    });
    tally.check(6, 3_000);
}

/// What is empty at the top can't be told from what is not there: a body without bytes, headers that did not come.
fn without_empty(value: &Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Object(inner) => inner.is_empty(),
        Value::String(text) => text.is_empty(),
        other => other.is_null(),
    };
    match value {
        Value::Object(entries) => {
            let kept = entries.iter().filter(|(_, value)| !is_empty(value));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn refusals_keep_their_code_and_message_in_every_protocol() {
    let tally = each(|tally, protocol, service, operation, _| {
        let refusal =
            Refusal::new(403, "AccessDenied", "User: x is not authorized to perform: a:B <here> & \"there\"");
        let written = encode_error(protocol, service, Some(operation), &refusal);
        let read = response_in(protocol, service, operation, written.status, &written.headers, &written.body);
        tally.compared += 1;
        tally.operations.insert(format!("{}.{}", service.name, operation.name));
        tally.protocols.insert(protocol);
        let is_same = matches!(&read, Err(Failure::Refused(error))
            if error.code == refusal.code && error.message == refusal.message && error.status == 403);
        if !is_same {
            tally.wrong.push(format!("{}.{} {protocol:?}: {read:?}", service.name, operation.name));
        }
    });
    tally.check(6, 3_000);
}

#[test]
fn an_endpoint_that_was_given_is_taken_as_it_is() {
    for service in services() {
        let Some(endpoint) = at(service, "123456789012") else { continue };
        assert!(endpoint.url.starts_with("http://127.0.0.1:4566"), "{}: {}", service.name, endpoint.url);
    }
}
