//! Small snapshots in memory: written, killed at every step, damaged, and read again.

use crate::*;
use palisade_model::{AccountId, Node, RawResource, Region, ResourceType, Value as ModelValue};
use serde_json::{Value, json};
use std::sync::Arc;

mod config;
mod differing;
mod loading;
mod redacting;
mod sealing;
mod storing;

fn account(text: &str) -> AccountId {
    text.parse().expect("an account")
}

fn kind(text: &str) -> ResourceType {
    text.parse().expect("a kind")
}

/// `111122223333 eu-west-1 AWS::S3::Bucket`; the region may be `global`.
fn key(text: &str) -> CellKey {
    let words: Vec<&str> = text.split(' ').collect();
    let region = (words[1] != "global").then(|| words[1].parse::<Region>().expect("a region"));
    CellKey { account: account(words[0]), region, kind: kind(words[2]) }
}

const BUCKETS: &str = "111122223333 global AWS::S3::Bucket";
const TIME: &str = "2026-01-01T00:00:00Z";

fn asked(call: &str) -> Asked {
    Asked { call: call.into(), time: TIME.into() }
}

fn record(cell: &str, id: &str, document: Value) -> Record {
    let CellKey { account, region, kind } = key(cell);
    let parts = Default::default();
    Record { kind, account, region, id: id.into(), arn: None, document, listed: asked("x:List"), parts }
}

fn cell(text: &str, state: State, records: u64) -> Cell {
    Cell { key: key(text), state, records, calls: 1, gaps: Vec::new() }
}

fn gap(call: &str, failure: &str, hides_resources: bool) -> Gap {
    let (code, message) = ("Code".into(), "message".into());
    Gap {
        call: call.into(),
        failure: failure.into(),
        code,
        message,
        times: 1,
        permission: None,
        hides_resources,
    }
}

fn manifest() -> Manifest {
    Manifest {
        started: TIME.into(),
        finished: Some("2026-01-01T01:00:00Z".into()),
        accounts: vec![account("111122223333")],
        kinds: vec![kind("AWS::S3::Bucket")],
        palisade: "0".into(),
        ..Manifest::default()
    }
}

fn store(memory: &Memory) -> (Store, Resumed) {
    Store::open(Arc::new(memory.clone()), Redactor::keeping()).expect("it opens")
}

/// A finished snapshot of these cells and their records.
fn written(cells: Vec<(Cell, Vec<Record>)>) -> Memory {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.begin(&manifest()).expect("it begins");
    for (cell, records) in cells {
        store.seal(&cell, records).expect("it is sealed");
    }
    store.finish(&manifest()).expect("it is finished");
    memory
}

/// A value in a line, what is unknown with `?` and why.
fn shown(node: &Node) -> String {
    match &node.value {
        ModelValue::Unknown(unknown) => format!("? {unknown}"),
        ModelValue::List(list) => {
            format!("[{}]", list.items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        ModelValue::Map(map) => {
            let entries = map.entries.iter().map(|(name, node)| format!("{name}: {}", shown(node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_json().to_string(),
    }
}

fn names(resources: &[RawResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.address.to_string()).collect()
}

/// Any bytes as each file of a snapshot in turn: what the fuzzer does.
fn hostile(bytes: &[u8], packs: bool) {
    let packed = packed(bytes);
    let bytes = if packs { &packed } else { bytes };
    let whole =
        || written(vec![(cell(BUCKETS, State::Read, 1), vec![record(BUCKETS, "a", json!({ "Name": "a" }))])]);
    for path in
        ["manifest.json", "ledger.ndjson", "journal.ndjson", "organisation.json", &key(BUCKETS).path()]
    {
        let memory = whole();
        memory.put(path, bytes);
        if let Ok(loaded) = load(&memory, &Expected::new()) {
            assert!(path == "journal.ndjson" || !loaded.diagnostics.is_empty() || bytes.is_empty(), "{path}");
        }
        let _ = diff(&whole(), &memory);
        memory.restart();
        let _ = Store::open(Arc::new(memory.clone()), Redactor::keeping());
    }
    read_config(&"config.json".into(), &String::from_utf8_lossy(bytes));
}
