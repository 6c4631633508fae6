//! The same call makes the same request as botocore's, and the same answer the same value.

use palisade_aws::{Endpoint, EndpointOptions, Failure, Protocol, endpoint, models, request_in, response_in};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

const SCRIPT: &str = include_str!("conformance.py");

/// Counted for each protocol: operations and answers that are equal, and what differs.
#[derive(Default)]
struct Count {
    operations: usize,
    requests: usize,
    answers: usize,
    equal_answers: usize,
    different: Vec<String>,
}

/// Set by `cargo xtask test`: a Python that has botocore, in the version of the carried models.
#[test]
fn requests_and_answers_are_those_of_botocore() {
    let Ok(python) = std::env::var("PALISADE_PYTHON") else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: requests and answers against botocore; PALISADE_PYTHON is not set"
        );
        return;
    };
    let has_botocore = Command::new(&python).args(["-c", "import botocore"]).output();
    if !has_botocore.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: requests and answers against botocore; PALISADE_PYTHON has none"
        );
        return;
    }
    let number = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let seed = number("PALISADE_SEED", "1");
    let cases = number("PALISADE_CASES", "100");
    let output = Command::new(python).args(["-c", SCRIPT, &seed, &cases]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["protocol"].as_str().unwrap_or("endpoints");
        let count = counts.entry(name.to_owned()).or_default();
        if name == "endpoints" { compare_endpoint(&case, count) } else { compare(&case, count) }
    }
    let mut lines = format!("{told}seed {seed}\n");
    for (name, count) in &counts {
        lines.push_str(&format!(
            "{name}: {} compared, {} requests equal, {} of {} answers equal, {} different\n",
            count.operations,
            count.requests,
            count.equal_answers,
            count.answers,
            count.different.len()
        ));
    }
    let _ = writeln!(std::io::stderr(), "\n{lines}");
    let different: Vec<&String> =
        counts.values().flat_map(|count| count.different.iter().rev().take(8)).collect();
    assert!(different.is_empty(), "{}", different.into_iter().cloned().collect::<Vec<_>>().join("\n\n"));
    let operations: usize =
        counts.iter().filter(|(name, _)| *name != "endpoints").map(|(_, count)| count.operations).sum();
    assert!(operations >= 300, "only {operations} operations were compared");
}

fn compare_endpoint(case: &Value, count: &mut Count) {
    count.operations += 1;
    let word = |name: &str| case[name].as_str().unwrap_or_default();
    let options = EndpointOptions {
        region: word("region").to_owned(),
        fips: case["fips"] == true,
        dual_stack: case["dual_stack"] == true,
        ..EndpointOptions::default()
    };
    let service = models().service(word("service")).unwrap();
    let found = endpoint(service, &service.operations[word("endpoint")], &Value::Null, &options);
    let expected = case["expected"].as_array();
    let same = match (&found, expected) {
        (Ok(found), Some(expected)) => {
            let told = |value: &Value, ours: &str| value.is_null() || value == ours || value == "";
            expected[0] == found.url.as_str()
                && told(&expected[1], &found.signing_name)
                && told(&expected[2], &found.signing_region)
        }
        (Err(_), None) => true,
        _ => false,
    };
    if same { count.requests += 1 } else { count.different.push(format!("{case}\n{found:?}")) }
}

fn compare(case: &Value, count: &mut Count) {
    count.operations += 1;
    let word = |name: &str| case[name].as_str().unwrap_or_default();
    let protocol = Protocol::named(word("protocol")).unwrap();
    let service = models().service(word("service")).unwrap();
    let operation = &service.operations[word("operation")];
    let called = format!("{}.{} ({})", service.name, operation.name, word("protocol"));
    let endpoint = Endpoint {
        url: "https://host.example.com".to_owned(),
        is_given: false,
        signing_name: String::new(),
        signing_region: String::new(),
        signing: String::new(),
        is_encoded_twice: true,
        headers: Vec::new(),
    };
    match request_in(protocol, service, operation, &case["parameters"], &endpoint) {
        Err(error) => count.different.push(format!("{called}: {error}\n{}", case["parameters"])),
        Ok(request) => {
            let mut wrong = Vec::new();
            let mut same = |what: &str, ours: String, theirs: String| {
                if ours != theirs {
                    wrong.push(format!("{what}\n  ours   {ours}\n  theirs {theirs}"));
                }
            };
            same("method", request.method.clone(), word("method").to_owned());
            same("url", request.url(), word("url").to_owned());
            let mut theirs: Vec<String> = case["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|header| {
                    format!("{}: {}", header[0].as_str().unwrap().to_lowercase(), header[1].as_str().unwrap())
                })
                .collect();
            theirs.sort();
            // botocore adds these later than where it is asked here.
            let habits = ["apigateway", "glacier"].contains(&service.name.as_str());
            let later = |name: &str| {
                name == "content-length" || habits && ["accept", "x-amz-glacier-version"].contains(&name)
            };
            let ours = request.headers.iter().map(|(name, value)| (name.to_lowercase(), value));
            let ours = ours.filter(|(name, _)| !later(name));
            let mut ours: Vec<String> = ours.map(|(name, value)| format!("{name}: {value}")).collect();
            ours.sort();
            same("headers", ours.join(" | "), theirs.join(" | "));
            let theirs = decoded(word("body"));
            let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
            let is_json = matches!(protocol, Protocol::Json | Protocol::RestJson);
            if !(is_json && json(&request.body).is_some() && json(&request.body) == json(&theirs)) {
                let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                same("body", shown(&request.body), shown(&theirs));
            }
            if wrong.is_empty() {
                count.requests += 1;
            } else {
                count.different.push(format!("{called}: {}", wrong.join("; ")));
            }
        }
    }
    for answer in case["answers"].as_array().unwrap() {
        count.answers += 1;
        let headers = answer["headers"].as_array().unwrap().iter();
        let headers: Vec<(String, String)> = headers
            .map(|header| (header[0].as_str().unwrap().to_owned(), header[1].as_str().unwrap().to_owned()))
            .collect();
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let body = decoded(answer["body"].as_str().unwrap());
        let read = response_in(protocol, service, operation, status, &headers, &body);
        let same = match &read {
            Ok(value) => *value == answer["expected"],
            Err(Failure::Refused(error)) => {
                let expected = &answer["error"];
                expected["code"] == error.code.as_str()
                    && expected["message"] == error.message.as_str()
                    && expected["members"] == error.members
            }
            Err(_) => false,
        };
        if same {
            count.equal_answers += 1;
        } else {
            let shown = match &read {
                Ok(value) => value.to_string(),
                Err(Failure::Refused(error)) => format!("{} {} {}", error.code, error.message, error.members),
                Err(error) => error.to_string(),
            };
            let expected = if answer["error"].is_null() { &answer["expected"] } else { &answer["error"] };
            let body = String::from_utf8_lossy(&body).into_owned();
            count
                .different
                .push(format!("{called}: answer\n  wire   {body}\n  ours   {shown}\n  theirs {expected}"));
        }
    }
}

/// Base64, slow and obvious.
fn decoded(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String =
        text.chars().filter_map(|letter| letters.find(letter)).map(|place| format!("{place:06b}")).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}
