//! Writing: killed at any step, a snapshot is gone on with and ends as if nothing had happened.

use super::*;
use std::collections::BTreeMap;

/// A collector of three cells, of which two share a call, and each takes two calls more.
const CELLS: [&str; 3] = [
    "111122223333 global AWS::S3::Bucket",
    "111122223333 eu-west-1 AWS::SQS::Queue",
    "444455556666 eu-west-1 AWS::SQS::Queue",
];

fn entry(purpose: For, operation: &str, page: u64) -> JournalEntry {
    JournalEntry {
        purpose,
        account: account("111122223333"),
        region: None,
        service: "sqs".into(),
        operation: operation.into(),
        parameters: parameters_hash(&json!({ "page": page })),
        time: TIME.into(),
        attempts: 1,
        answer: Answer::Output(json!({ "page": page, "padding": "é".repeat(20) })),
    }
}

/// Asks, unless the journal has the answer; how often it asked is counted.
fn ask(
    store: &mut Store,
    resumed: &Resumed,
    wanted: JournalEntry,
    asked: &mut u64,
) -> Result<(), SnapshotError> {
    if resumed.entries.contains(&wanted) {
        return Ok(());
    }
    *asked += 1;
    store.journal_append(&[wanted])
}

/// One run, from wherever an earlier one was killed.
fn run(memory: &Memory, asked: &mut u64) -> Result<(), SnapshotError> {
    let (mut store, resumed) = Store::open(Arc::new(memory.clone()), Redactor::keeping())?;
    if resumed.is_finished() {
        return Ok(());
    }
    store.begin(&manifest())?;
    let is_open = |name: &str| !resumed.cells.contains_key(&key(name));
    if CELLS.iter().skip(1).any(|name| is_open(name)) {
        ask(&mut store, &resumed, entry(For::Shared("queues".into()), "List", 0), asked)?;
    }
    for name in CELLS.iter().filter(|name| is_open(name)) {
        for page in 1..3 {
            ask(&mut store, &resumed, entry(For::Cell(key(name)), "Get", page), asked)?;
        }
        let records = [2, 1].map(|id| record(name, &format!("id-{id}"), json!({ "Name": id })));
        store.seal(&cell(name, State::Read, 2), records.into())?;
    }
    store.release("queues")?;
    store.organisation(&json!({ "Organization": null }))?;
    store.finish(&manifest())
}

#[test]
fn killed_at_every_single_step_it_ends_the_same_and_repeats_at_most_one_call() {
    let whole = Memory::new();
    let mut calls = 0;
    run(&whole, &mut calls).expect("it runs");
    assert_eq!(calls, 7);
    for step in 0..whole.steps() {
        let memory = Memory::new();
        memory.kill_after(step);
        let mut asked = 0;
        assert!(run(&memory, &mut asked).is_err(), "killed at {step}");
        memory.restart();
        run(&memory, &mut asked).expect("it goes on");
        assert_eq!(without_parts(&memory), without_parts(&whole), "killed at {step}");
        assert!(asked <= calls + 1, "killed at {step}: {asked} calls");
    }
}

#[test]
fn killed_twice_it_ends_the_same_as_well() {
    let whole = Memory::new();
    run(&whole, &mut 0).expect("it runs");
    for first in (0..whole.steps()).step_by(3) {
        for second in 0..whole.steps() {
            let memory = Memory::new();
            memory.kill_after(first);
            let _ = run(&memory, &mut 0);
            memory.restart();
            memory.kill_after(second);
            let _ = run(&memory, &mut 0);
            memory.restart();
            run(&memory, &mut 0).expect("it goes on");
            assert_eq!(without_parts(&memory), without_parts(&whole), "killed at {first} and {second}");
        }
    }
}

/// What a killed run was writing is left behind, and no part of the snapshot.
fn without_parts(memory: &Memory) -> BTreeMap<String, Vec<u8>> {
    memory.contents().into_iter().filter(|(path, _)| !path.ends_with(".part")).collect()
}

#[test]
fn the_same_records_in_another_order_are_the_same_bytes() {
    let of = |ids: [u32; 2]| {
        let records = ids.map(|id| record(BUCKETS, &format!("b-{id}"), json!({ "Name": id })));
        written(vec![(cell(BUCKETS, State::Read, 2), records.into())]).contents()
    };
    assert_eq!(of([1, 2]), of([2, 1]));
}

#[test]
fn the_ledger_is_sorted_and_the_last_word_on_a_cell_counts() {
    let cells = [CELLS[2], CELLS[0], CELLS[1], CELLS[2]];
    let states = [State::NotRead, State::Read, State::Read, State::Partly];
    let memory =
        written(cells.iter().zip(states).map(|(name, state)| (cell(name, state, 0), vec![])).collect());
    let text = String::from_utf8(memory.contents()["ledger.ndjson"].clone()).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"account":"111122223333","kind":"AWS::S3::Bucket","state":"read","records":0,"calls":1}"#,
            r#"{"account":"111122223333","region":"eu-west-1","kind":"AWS::SQS::Queue","state":"read","records":0,"calls":1}"#,
            r#"{"account":"444455556666","region":"eu-west-1","kind":"AWS::SQS::Queue","state":"partly","records":0,"calls":1}"#,
        ]
    );
}

#[test]
fn a_journal_that_has_grown_is_written_anew_and_keeps_what_is_open() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.begin(&manifest()).expect("it begins");
    let mut large = entry(For::Cell(key(CELLS[0])), "Get", 1);
    large.answer = Answer::Output(json!("x".repeat(9 << 20)));
    let open = entry(For::Cell(key(CELLS[1])), "Get", 1);
    let failed = JournalEntry {
        answer: Answer::Failure {
            failure: "denied".into(),
            code: "AccessDenied".into(),
            message: "no".into(),
            status: 403,
        },
        ..entry(For::Shared("s".into()), "Get", 2)
    };
    store.journal_append(&[large, open.clone(), failed.clone()]).expect("it is noted");
    assert!(memory.contents()["journal.ndjson"].len() > 9 << 20);
    store.seal(&cell(CELLS[0], State::Read, 0), vec![]).expect("it is sealed");
    assert!(memory.contents()["journal.ndjson"].len() < 2_000);
    memory.restart();
    let (_, resumed) = self::store(&memory);
    assert_eq!(resumed.entries, [open, failed]);
}

#[test]
fn lines_that_are_cut_off_or_garbled_are_dropped_and_the_others_stay() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.begin(&manifest()).expect("it begins");
    let entries = [1, 2].map(|page| entry(For::Cell(key(CELLS[0])), "Get", page));
    store.journal_append(&entries).expect("it is noted");
    let mut journal = memory.contents()["journal.ndjson"].clone();
    journal.splice(0..0, b"\xff\xfe not json\n".iter().copied());
    journal.extend(b"{\"for\":{\"cell\":{\"acc");
    memory.put("journal.ndjson", journal);
    memory.put("ledger.ndjson", "nonsense\n{\"account\":\"1111");
    memory.restart();
    let (_, resumed) = self::store(&memory);
    assert_eq!(resumed.entries, entries);
    assert!(resumed.cells.is_empty());
    assert_eq!(memory.contents()["ledger.ndjson"], b"");
}

#[test]
fn what_can_not_be_written_is_an_error_with_its_place_and_writing_goes_on_once_there_is_room() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.begin(&manifest()).expect("it begins");
    // Of the line, only half finds room.
    memory.kill_after(1);
    let error = store.journal_append(&[entry(For::Cell(key(CELLS[0])), "Get", 1)]).expect_err("it is full");
    assert_eq!(
        error.to_string(),
        "failed to write `journal.ndjson`: what was sealed before is kept, and the same command goes on from there"
    );
    memory.kill_after(100);
    let again = entry(For::Cell(key(CELLS[0])), "Get", 2);
    store.journal_append(std::slice::from_ref(&again)).expect("there is room");
    memory.restart();
    let (_, resumed) = self::store(&memory);
    assert_eq!(resumed.entries, [again]);
}

#[test]
fn two_runs_do_not_write_one_folder() {
    let memory = Memory::new();
    let _first = store(&memory);
    let second = Store::open(Arc::new(memory.clone()), Redactor::keeping());
    let error = second.err().expect("it is locked").to_string();
    assert_eq!(error, "`lock` is being written by another process: wait for it, or give another folder");
}

#[test]
fn a_later_format_and_a_manifest_that_is_none_are_refused() {
    let check = |text: &str, expected: &str| {
        let memory = Memory::new();
        memory.put("manifest.json", text);
        let error = Store::open(Arc::new(memory.clone()), Redactor::keeping()).err().expect("an error");
        assert_eq!(error.to_string(), expected);
        assert_eq!(load(&memory, &Expected::new()).expect_err("an error").to_string(), expected);
    };
    check(
        r#"{"format": 99, "later": true}"#,
        "`manifest.json` has format 99, and this version reads up to 1: a newer palisade reads it",
    );
    check("[]", "`manifest.json` is no manifest of a snapshot: it says no `format`");
}

#[test]
fn the_hash_of_parameters_does_not_depend_on_the_order_of_names_and_on_all_else() {
    let hash = |value: Value| parameters_hash(&value);
    assert_eq!(hash(json!({ "a": 1, "b": [1, "2"] })), hash(json!({ "b": [1, "2"], "a": 1 })));
    for other in
        [json!({}), json!({ "a": 1, "b": ["1", 2] }), json!({ "a": 1, "b": [1, 2] }), json!({ "a": 1 })]
    {
        assert_ne!(hash(json!({ "a": 1, "b": [1, "2"] })), hash(other));
    }
    assert_eq!(hash(json!({})).len(), 32);
}

#[test]
fn on_disk_files_are_private_and_what_is_written_is_read_back() {
    let folder = std::env::temp_dir().join(format!("palisade-snapshot-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    {
        let disk = Arc::new(Disk::new(&folder));
        let (mut store, _) = Store::open(disk, Redactor::keeping()).expect("it opens");
        store.begin(&manifest()).expect("it begins");
        let second = Store::open(Arc::new(Disk::new(&folder)), Redactor::keeping());
        assert!(matches!(second, Err(SnapshotError::Locked { .. })));
        store.journal_append(&[entry(For::Shared("s".into()), "Get", 1)]).expect("it is noted");
        let one = record(BUCKETS, "one", json!({ "Name": "one" }));
        store.seal(&cell(BUCKETS, State::Read, 1), vec![one]).expect("it is sealed");
        store.finish(&manifest()).expect("it is finished");
    }
    #[cfg(unix)]
    for path in ["", "manifest.json", "ledger.ndjson", "records/111122223333/global/AWS-S3-Bucket.ndjson.gz"]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join(path)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
    let loaded = load(&Disk::new(&folder), &Expected::new()).expect("it is a snapshot");
    assert_eq!(names(&loaded.resources), ["111122223333/one"]);
    assert_eq!(loaded.diagnostics, []);
    std::fs::remove_dir_all(&folder).expect("it is removed");
}

#[test]
fn what_was_sealed_is_read_back_while_it_is_being_written() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    let one = record(BUCKETS, "one", json!({ "Name": "one" }));
    store.seal(&cell(BUCKETS, State::Read, 1), vec![one.clone()]).expect("it is sealed");
    assert_eq!(store.records(&key(BUCKETS)), (vec![one], vec![]));
    assert_eq!(store.records(&key(CELLS[1])), (vec![], vec![]));
}

#[test]
fn hostile_folders_are_diagnostics_and_never_more() {
    for bytes in [&b""[..], b"\n", b"{}\n", b"[]\n", b"null", b"\xff\n", b"{\"account\":\"111122223333\"}\n"]
    {
        for packs in [false, true] {
            crate::tests::hostile(bytes, packs);
        }
    }
}
