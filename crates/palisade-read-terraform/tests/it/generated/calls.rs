//! Every pure function on generated arguments, each result beside that of `terraform console`.

use super::expressions::Maker;
use super::{Random, difference, seed, setting, terraform};
use crate::{at, read, resource};
use palisade_model::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// The functions and what they are called with: `name: argument, argument; …`. The words are the pools of
/// [`Maker::argument`]; one with `*` may come any number of times, one with `?` may be missing.
const FUNCTIONS: &str = "
abs: n | ceil: n | floor: n | signum: n | log: n, n | pow: n, n | max: n* | min: n* | parseint: int, base
alltrue: bools | anytrue: bools | sum: numbers | range: n, n?, n?
base64decode: base64 | base64encode: s | base64sha256: s | base64sha512: s | md5: s | sha1: s | sha256: s | sha512: s
textdecodebase64: base64, encoding | textencodebase64: s, encoding | urlencode: s | uuidv5: namespace, s
basename: path | dirname: path | pathexpand: path | fileexists: path | file: path | fileset: folder, glob
filebase64: path | filebase64sha256: path | filebase64sha512: path | filemd5: path | filesha1: path
filesha256: path | filesha512: path | templatefile: path, object
chomp: s | lower: s | upper: s | title: s | trimspace: s | strrev: s | indent: small, s | substr: s, n, n
trim: s, s | trimprefix: s, s | trimsuffix: s, s | startswith: s, s | endswith: s, s | strcontains: s, s
replace: s, pattern, replacement | regex: regex, s | regexall: regex, s | split: separator, s | join: separator, texts*
format: format, any* | formatlist: format, anylist*
chunklist: list, small | coalesce: any* | coalescelist: list* | compact: texts | concat: list* | contains: list, any
distinct: list | element: list, n | flatten: list | index: list, any | keys: map | values: map | length: any
lookup: map, key, any? | matchkeys: list, list, list | merge: map* | one: list | reverse: list
setintersection: list* | setproduct: list* | setsubtract: list, list | setunion: list* | slice: list, n, n
sort: texts | transpose: mapoftexts | zipmap: texts, list
cidrhost: cidr, n | cidrnetmask: cidr | cidrsubnet: cidr, n, n | cidrsubnets: cidr, n*
csvdecode: csv | jsondecode: json | jsonencode: any | yamldecode: yaml | yamlencode: any
formatdate: dateformat, time | timeadd: time, duration | timecmp: time, time
tobool: any | tolist: any | tomap: any | tonumber: any | toset: any | tostring: any
nonsensitive: any | sensitive: any | issensitive: any | ephemeralasnull: any | try: any* | can: any
abspath: path | base64gzip: s | rsadecrypt: base64, s
";

/// What is left unknown by choice: it needs this machine's own paths, a compressor's choices, a key, or to know how each
/// value came about.
const LEFT_OPEN: [&str; 5] = ["abspath", "base64gzip", "issensitive", "pathexpand", "rsadecrypt"];

/// And what is for these reasons: files out of reach, rare encodings, and digits beyond those of a float.
const REASONS: &[&str] = &[
    "lies outside of the folders",
    "the encoding",
    "a number with more digits than are kept",
    "a subnet larger than its network",
    "the layout of a text in YAML",
    "an address of version 4 in disguise",
    "the subnets of all addresses",
    "formatlist of null",
    "yamldecode of a tag",
];

fn is_left_open(function: &str, why: &str) -> bool {
    LEFT_OPEN.contains(&function) || REASONS.iter().any(|reason| why.contains(reason))
}

/// How many calls one line of the console takes.
const CALLS_PER_LINE: usize = 200;

#[derive(Default)]
struct Count {
    same: usize,
    refused: usize,
    open: usize,
    different: Vec<String>,
}

#[test]
fn generated_calls_come_to_what_the_console_says() {
    let each = usize::try_from(setting("PALISADE_ORACLE_FUNCTIONS", 6)).unwrap_or(12);
    let calls = calls(each);
    let Some(expected) = console(&calls) else {
        eprintln!("SKIPPED: no `terraform` on PATH to compare with");
        return;
    };
    assert_eq!(calls.len(), expected.len(), "the console answered each call");
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let found: Vec<Found> = calls.chunks(CALLS_PER_LINE).flat_map(ours).collect();
    for (((function, call), found), expected) in calls.iter().zip(found).zip(expected) {
        let count = counts.entry(function).or_default();
        match (found, expected) {
            (Found::Refused, None) => count.refused += 1,
            (Found::Open(_), None) => count.refused += 1,
            (Found::Open(why), Some(_)) if is_left_open(function, &why) => count.open += 1,
            (Found::Known(node), Some(json)) => match difference("v", &node, &json, &Json::Null, &mut 0) {
                None => count.same += 1,
                Some(_) => count.different.push(format!(
                    "{call}\n      terraform: {json}\n      palisade:  {}",
                    crate::show(&node)
                )),
            },
            (found, expected) => {
                let expected = expected.map_or_else(|| "refused".to_owned(), |json| json.to_string());
                count
                    .different
                    .push(format!("{call}\n      terraform: {expected}\n      palisade:  {found}"));
            }
        }
    }
    let sum = |of: fn(&Count) -> usize| counts.values().map(of).sum::<usize>();
    let different = sum(|count| count.different.len());
    println!(
        "terraform console: {} functions, {} calls compared, {} the same value, {} refused by both, {} left unknown by choice, {different} different",
        counts.len(),
        calls.len(),
        sum(|count| count.same),
        sum(|count| count.refused),
        sum(|count| count.open),
    );
    let mut shown = Vec::new();
    for (function, count) in &mut counts {
        // The shortest say the most.
        count.different.sort_by_key(String::len);
        if !count.different.is_empty() {
            shown.push(format!("  {function}: {} different", count.different.len()));
            shown.extend(count.different.iter().take(4).map(|text| format!("    {text}")));
        }
    }
    assert!(shown.is_empty(), "with the seed {}:\n{}", seed(), shown.join("\n"));
}

/// Each function's name and a call of it.
fn calls(each: usize) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for (name, arguments) in FUNCTIONS.split(['|', '\n']).filter_map(|row| row.split_once(':')) {
        let name = name.trim();
        let mut random = Random(seed());
        for letter in name.bytes() {
            random = Random(random.next() ^ u64::from(letter));
        }
        let mut maker = Maker { random };
        for _ in 0..each {
            let call = maker.call(name, arguments);
            calls.push((name.to_owned(), call));
        }
    }
    calls
}

/// What a call comes to here.
enum Found {
    Known(palisade_model::Node),
    Open(String),
    Refused,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(node) => f.write_str(&crate::show(node)),
            Self::Open(shown) => f.write_str(shown),
            Self::Refused => f.write_str("refused"),
        }
    }
}

fn ours(calls: &[(String, String)]) -> Vec<Found> {
    let lines: Vec<String> = calls
        .iter()
        .enumerate()
        .map(|(at, (_, call))| format!("  v{at} = try({{ v = {call} }}, \"refused\")\n"))
        .collect();
    let configuration = read(&format!("resource \"x_y\" \"a\" {{\n{}}}\n", lines.concat()));
    let resource = resource(&configuration, "x_y.a");
    (0..calls.len())
        .map(|number| match at(resource, &format!("v{number}")).map(|node| (node, &node.value)) {
            Some((_, Value::Text(text))) if &**text == "refused" => Found::Refused,
            Some((node, Value::Map(map))) => match map.entries.get("v") {
                Some(inner) if inner.has_unknown() => Found::Open(crate::show(inner)),
                Some(inner) => Found::Known(inner.clone()),
                None => Found::Open(crate::show(node)),
            },
            Some((node, _)) => Found::Open(crate::show(node)),
            None => Found::Open("the block was not read".to_owned()),
        })
        .collect()
}

/// What each call comes to; none for those that are refused.
fn console(calls: &[(String, String)]) -> Option<Vec<Option<Json>>> {
    let directory = std::env::temp_dir().join(format!("palisade-calls-{}", std::process::id()));
    std::fs::create_dir_all(&directory).ok()?;
    terraform()?;
    let mut results = Vec::with_capacity(calls.len());
    for calls in calls.chunks(CALLS_PER_LINE) {
        answers(calls, &directory, &mut results);
    }
    std::fs::remove_dir_all(&directory).ok();
    Some(results)
}

/// What these calls come to, in one run of the console. Where one of them can't even be tried, the run fails; then
/// the calls are halved until that one is left.
fn answers(calls: &[(String, String)], directory: &Path, results: &mut Vec<Option<Json>>) {
    let all: Vec<String> = calls
        .iter()
        .map(|(_, call)| {
            format!("try(nonsensitive(jsonencode({{ v = {call} }})), jsonencode({{ refused = true }}))")
        })
        .collect();
    match asked(&format!("jsonencode([{}])\n", all.join(", ")), directory) {
        Some(texts) => {
            for text in texts {
                let result: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
                results.push(match result {
                    Json::Object(mut map) => map.remove("v"),
                    _ => None,
                });
            }
        }
        None if calls.len() == 1 => results.push(None),
        None => {
            let (one, two) = calls.split_at(calls.len() / 2);
            answers(one, directory, results);
            answers(two, directory, results);
        }
    }
}

/// The texts that the console prints as one JSON list.
fn asked(line: &str, directory: &Path) -> Option<Vec<String>> {
    let mut command = terraform()?;
    command.arg("console").current_dir(directory);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    child.stdin.take()?.write_all(line.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let shown = String::from_utf8_lossy(&output.stdout);
    let list: String = serde_json::from_str(shown.trim()).ok()?;
    serde_json::from_str(&list).ok()
}
