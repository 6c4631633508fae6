//! What changed, what can't be compared, and who did it.

use super::*;
use palisade_model::{Event, Origin, Span};

const QUEUES: &str = "111122223333 eu-west-1 AWS::SQS::Queue";

/// A finished snapshot of one cell.
fn snapshot(cell: Cell, records: Vec<Record>) -> Memory {
    written(vec![(cell, records)])
}

/// The changes in lines: `+ id`, `- id`, `id path: old → new`, `? id field (side): reason`.
fn said(old: &Memory, new: &Memory) -> Vec<String> {
    let changes = diff(old, new).expect("they are snapshots");
    let mut lines = Vec::new();
    for change in &changes.changes {
        match &change.what {
            What::Added => lines.push(format!("+ {}", change.id)),
            What::Removed => lines.push(format!("- {}", change.id)),
            What::Changed(differences) => {
                let value =
                    |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
                lines.extend(differences.iter().map(|difference| {
                    let Difference { path, old, new } = difference;
                    format!("{} {path}: {} → {}", change.id, value(old), value(new))
                }));
            }
        }
    }
    for not in &changes.not_compared {
        let id = not.id.as_deref().unwrap_or("all");
        let field = not.field.as_deref().unwrap_or("all");
        lines.push(format!("? {id} {field} ({:?}): {}", not.side, not.reason));
    }
    lines.extend(changes.diagnostics.iter().map(|said| format!("! {}", said.message)));
    lines
}

/// Two versions of one document.
fn check(old: Value, new: Value, expected: &[&str]) {
    let of = |document| snapshot(cell(BUCKETS, State::Read, 1), vec![record(BUCKETS, "b", document)]);
    assert_eq!(said(&of(old), &of(new)), expected);
}

#[test]
fn values_that_are_other_than_before_are_named_by_their_path() {
    check(
        json!({ "A": 1, "B": { "C": true } }),
        json!({ "A": 1, "B": { "C": false } }),
        &["b B.C: true → false"],
    );
    check(json!({ "A": 1 }), json!({ "A": null, "B": [] }), &["b A: 1 → nothing", "b B: nothing → []"]);
    check(
        json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] }),
        json!({ "Tags": [{ "Key": "b", "Value": "3" }, { "Key": "c", "Value": "1" }] }),
        &[
            r#"b Tags[a]: {"Key":"a","Value":"1"} → nothing"#,
            r#"b Tags[b].Value: "2" → "3""#,
            r#"b Tags[c]: nothing → {"Key":"c","Value":"1"}"#,
        ],
    );
    check(
        json!({ "Policy": "{\"Statement\": [{\"Sid\": \"a\", \"Action\": [\"x\", \"y\"]}]}" }),
        json!({ "Policy": "{\"Statement\": [{\"Sid\": \"a\", \"Action\": [\"y\", \"z\"]}]}" }),
        &[r#"b Policy.Statement[a].Action[]: "x" → "z""#],
    );
}

#[test]
fn order_times_of_observation_and_traces_of_use_are_no_changes() {
    check(
        json!({ "Groups": ["a", "b"], "Rules": [{ "P": 1, "Q": [1, 2] }, { "P": 2 }] }),
        json!({ "Rules": [{ "P": 2 }, { "Q": [2, 1], "P": 1 }], "Groups": ["b", "a"] }),
        &[],
    );
    check(json!({ "Policy": "{\"a\":1, \"b\":2}" }), json!({ "Policy": "{\"b\": 2, \"a\": 1}" }), &[]);
    check(json!({ "RoleLastUsed": { "Region": "a" } }), json!({ "RoleLastUsed": {} }), &[]);
    let at = |time: &str| {
        let mut one = record(BUCKETS, "b", json!({ "A": 1 }));
        one.listed.time = time.into();
        snapshot(cell(BUCKETS, State::Read, 1), vec![one])
    };
    assert_eq!(said(&at(TIME), &at("2026-02-02T00:00:00Z")), Vec::<String>::new());
}

#[test]
fn order_that_means_something_is_a_change() {
    check(
        json!({ "command": ["a", "b"] }),
        json!({ "command": ["b", "a"] }),
        &[r#"b command[0]: "a" → "b""#, r#"b command[1]: "b" → "a""#],
    );
}

#[test]
fn resources_come_and_go() {
    let of = |ids: &[&str]| {
        let records: Vec<Record> = ids.iter().map(|id| record(BUCKETS, id, json!({}))).collect();
        snapshot(cell(BUCKETS, State::Read, records.len() as u64), records)
    };
    assert_eq!(said(&of(&["a", "b"]), &of(&["b", "c"])), ["+ c", "- a"]);
    assert_eq!(said(&of(&["a"]), &of(&[])), ["- a"]);
    // Two that share an id are two.
    assert_eq!(said(&of(&["a", "a"]), &of(&["a"])), ["- a"]);
}

#[test]
fn what_one_side_did_not_read_is_never_added_or_removed() {
    let of = |state: State, gaps: Vec<Gap>, ids: &[&str]| {
        let records: Vec<Record> = ids.iter().map(|id| record(BUCKETS, id, json!({}))).collect();
        snapshot(Cell { gaps, ..cell(BUCKETS, state, records.len() as u64) }, records)
    };
    let whole = of(State::Read, vec![], &["a", "b"]);
    let denied = of(State::NotRead, vec![gap("s3:ListBuckets", "denied", true)], &[]);
    let some = of(State::Partly, vec![gap("s3:ListBuckets", "throttled", true)], &["b", "c"]);
    assert_eq!(said(&whole, &denied), ["? all all (New): `s3:ListBuckets` was denied"]);
    assert_eq!(said(&denied, &whole), ["? all all (Old): `s3:ListBuckets` was denied"]);
    let throttled = "it could not be read: `s3:ListBuckets` failed: throttled (`Code`)";
    assert_eq!(said(&whole, &some), ["+ c".to_owned(), format!("? all all (New): {throttled}")]);
    assert_eq!(said(&some, &whole), ["- c".to_owned(), format!("? all all (Old): {throttled}")]);
    let other = snapshot(cell(QUEUES, State::Read, 1), vec![record(QUEUES, "q", json!({}))]);
    assert_eq!(
        said(&whole, &other),
        [
            "? all all (New): the snapshot does not have this cell",
            "? all all (Old): the snapshot does not have this cell",
        ]
    );
}

#[test]
fn a_damaged_file_removes_nothing() {
    let records = ["a", "b"].map(|id| record(BUCKETS, id, json!({})));
    let whole = snapshot(cell(BUCKETS, State::Read, 2), records.into());
    let damaged = snapshot(cell(BUCKETS, State::Read, 2), vec![record(BUCKETS, "a", json!({}))]);
    assert_eq!(
        said(&whole, &damaged),
        ["? all all (New): it could not be read: its file in the snapshot is damaged"]
    );
}

#[test]
fn fields_that_one_side_did_not_read_are_not_compared() {
    let with = |document: Value, part: Option<Part>| {
        let mut one = record(BUCKETS, "b", document);
        one.parts.extend(part.map(|part| ("Policy".into(), part)));
        snapshot(cell(BUCKETS, State::Read, 1), vec![one])
    };
    let read = with(json!({ "Policy": { "Policy": "x" } }), Some(Part::Read(asked("s3:GetBucketPolicy"))));
    let none = with(json!({}), Some(Part::None(asked("s3:GetBucketPolicy"))));
    let denied = Part::Unread {
        asked: asked("s3:GetBucketPolicy"),
        failure: "denied".into(),
        code: "AccessDenied".into(),
        message: "m".into(),
    };
    let denied = with(json!({}), Some(denied));
    let never = with(json!({}), None);
    assert_eq!(said(&read, &none), [r#"b Policy: {"Policy":"x"} → nothing"#]);
    assert_eq!(said(&read, &denied), ["? b Policy (New): `s3:GetBucketPolicy` was denied"]);
    assert_eq!(said(&denied, &none), ["? b Policy (Old): `s3:GetBucketPolicy` was denied"]);
    assert_eq!(said(&denied, &denied), ["? b Policy (Both): `s3:GetBucketPolicy` was denied"]);
    assert_eq!(said(&never, &read), ["? b Policy (Old): `s3:GetBucketPolicy` was not asked"]);
    assert_eq!(said(&never, &never), Vec::<String>::new());
}

#[test]
fn hashed_secrets_are_compared_by_their_hashes_where_the_keys_are_the_same() {
    let of = |redactor: Redactor, value: &str| {
        let memory = Memory::new();
        let (mut store, _) = Store::open(Arc::new(memory.clone()), redactor).expect("it opens");
        let document = json!({ "Environment": { "Variables": { "DB_PASSWORD": value } } });
        let records = vec![record(QUEUES, "f", document)];
        store.seal(&cell(QUEUES, State::Read, 1), records).expect("it is sealed");
        store.finish(&manifest()).expect("it is finished");
        memory
    };
    let key = |byte: u8| Redactor::with_key([byte; 32]);
    assert_eq!(said(&of(key(1), "hunter2"), &of(key(1), "hunter2")), Vec::<String>::new());
    let changed = said(&of(key(1), "hunter2"), &of(key(1), "hunter3"));
    assert!(
        changed.len() == 1 && changed[0].starts_with("f Environment.Variables.DB_PASSWORD: {"),
        "{changed:?}"
    );
    assert!(!changed[0].contains("hunter"));
    let open = "? f Environment (Both): its secrets were hashed with different keys, or not in both";
    assert_eq!(said(&of(key(1), "hunter2"), &of(key(2), "hunter2")), [open]);
    assert_eq!(said(&of(key(1), "hunter2"), &of(Redactor::keeping(), "hunter2")), [open]);
    assert_eq!(said(&of(key(1), "hunter2"), &of(key(1), "films")).len(), 1);
}

fn event(name: &str, time: &str, read_only: bool, parameters: Value) -> Event {
    let record = json!({
        "eventSource": "sqs.amazonaws.com", "eventName": name, "eventTime": time, "readOnly": read_only,
        "userIdentity": { "arn": "arn:aws:sts::111122223333:assumed-role/admin/ann" },
        "sourceIPAddress": "192.0.2.1", "eventID": name, "requestParameters": parameters,
    });
    Event {
        record,
        account: Some(account("111122223333")),
        region: Some("eu-west-1".parse().expect("a region")),
        time: Some(time.into()),
        origin: Origin::File(Span::new("trail.json", (1, 1), (1, 1))),
    }
}

#[test]
fn who_did_it_is_said_where_an_event_names_the_resource_in_time() {
    let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs";
    let at = |time: &str, delay: u64| {
        let mut one = record(QUEUES, url, json!({ "Delay": delay }));
        one.listed.time = time.into();
        snapshot(cell(QUEUES, State::Read, 1), vec![one])
    };
    let mut changes =
        diff(&at("2026-01-01T00:00:00Z", 0), &at("2026-01-03T00:00:00Z", 9)).expect("they are snapshots");
    let mut denied = event("DeleteQueue", "2026-01-02T00:00:00Z", false, json!({ "queueUrl": url }));
    denied.record["errorCode"] = json!("AccessDenied");
    let mut elsewhere = event("AddPermission", "2026-01-02T00:00:00Z", false, json!({ "queueUrl": url }));
    elsewhere.account = Some(account("444455556666"));
    let mut other_service = event("PutThing", "2026-01-02T00:00:00Z", false, json!({ "name": "jobs" }));
    other_service.record["eventSource"] = json!("glue.amazonaws.com");
    let events = [
        event("SetQueueAttributes", "2026-01-02T00:00:00Z", false, json!({ "queueUrl": url })),
        event("GetQueueAttributes", "2026-01-02T00:00:00Z", true, json!({ "queueUrl": url })),
        event("SetQueueAttributes2", "2026-01-05T00:00:00Z", false, json!({ "queueUrl": url })),
        event(
            "TagQueue",
            "2026-01-02T10:00:00Z",
            false,
            json!({ "queueUrl": "https://x/111122223333/others" }),
        ),
        event("TagQueue", "2026-01-01T12:00:00Z", false, json!({ "queueName": "jobs" })),
        denied,
        elsewhere,
        other_service,
    ];
    who(&mut changes, &events);
    let calls: Vec<_> = changes.changes[0].by.iter().map(|doer| doer.call.as_ref()).collect();
    assert_eq!(calls, ["sqs:TagQueue", "sqs:SetQueueAttributes"]);
    let doer = &changes.changes[0].by[1];
    assert_eq!(doer.principal.as_ref(), "arn:aws:sts::111122223333:assumed-role/admin/ann");
    assert_eq!(doer.source.as_deref(), Some("192.0.2.1"));
}
