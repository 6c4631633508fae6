//! Encrypted folders, keys that don't fit, and what is purged.

use super::*;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

fn sealed(memory: &Memory, key: u8) -> Sealed<Memory> {
    Sealed::new(memory.clone(), &[key; 32])
}

fn text(files: &dyn Files, path: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut reader = files.open(path).map_err(|error| error.to_string())?.expect("it is there");
    reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[test]
fn an_encrypted_snapshot_is_read_with_its_key_and_no_other() {
    let memory = Memory::new();
    let (mut store, _) = Store::open(Arc::new(sealed(&memory, 1)), Redactor::keeping()).expect("it opens");
    store.begin(&manifest()).expect("it begins");
    let films = record(BUCKETS, "films", json!({ "Name": "films" }));
    store.seal(&cell(BUCKETS, State::Read, 1), vec![films]).expect("it is sealed");
    store.finish(&manifest()).expect("it is finished");
    for (path, bytes) in memory.contents() {
        assert!(path == "manifest.json" || path.ends_with(".sealed"), "{path}");
        let text = String::from_utf8_lossy(&bytes);
        assert!(path == "manifest.json" || !text.contains("films") && !text.contains("AWS::"), "{path}");
    }
    let loaded = load(&sealed(&memory, 1), &Expected::new()).expect("it is a snapshot");
    assert_eq!(
        (names(&loaded.resources), loaded.diagnostics),
        (vec!["111122223333/films".to_owned()], vec![])
    );
    let error = load(&sealed(&memory, 2), &Expected::new()).expect_err("it is another key").to_string();
    assert!(
        error.starts_with("`manifest.json`: the snapshot is encrypted with another key (xchacha20-poly1305 "),
        "{error}"
    );
    let error = load(&memory, &Expected::new()).expect_err("there is no key").to_string();
    assert!(error.ends_with(": give its key"), "{error}");
    let plain = written(vec![]);
    let error = load(&sealed(&plain, 1), &Expected::new()).expect_err("there is a key").to_string();
    assert_eq!(error, "`manifest.json`: the snapshot is not encrypted: leave the key away");
}

#[test]
fn an_encrypted_run_that_is_killed_at_any_step_goes_on() {
    let run = |memory: &Memory| -> Result<(), SnapshotError> {
        let (mut store, resumed) = Store::open(Arc::new(sealed(memory, 1)), Redactor::keeping())?;
        store.begin(&manifest())?;
        for name in [BUCKETS, "111122223333 eu-west-1 AWS::SQS::Queue"] {
            if !resumed.cells.contains_key(&key(name)) {
                store.seal(&cell(name, State::Read, 1), vec![record(name, "a", json!({}))])?;
            }
        }
        store.finish(&manifest())
    };
    let whole = Memory::new();
    run(&whole).expect("it runs");
    for step in 0..whole.steps() {
        let memory = Memory::new();
        memory.kill_after(step);
        run(&memory).expect_err("it is killed");
        memory.restart();
        run(&memory).expect("it goes on");
        let loaded = load(&sealed(&memory, 1), &Expected::new()).expect("it is a snapshot");
        assert_eq!((loaded.resources.len(), loaded.diagnostics), (2, vec![]), "killed at {step}");
    }
}

#[test]
fn long_files_are_read_back_and_what_is_added_follows() {
    let memory = Memory::new();
    let files = sealed(&memory, 1);
    let long = "0123456789".repeat(20_000) + "\n";
    files.write("a", &mut |to| to.write_all(long.as_bytes())).expect("it is written");
    files.append("a", b"more\n").expect("it is added");
    assert_eq!(text(&files, "a").expect("it is read"), long + "more\n");
}

#[test]
fn what_was_changed_swapped_or_cut_off_is_noticed() {
    let memory = Memory::new();
    let files = sealed(&memory, 1);
    let long = "0123456789".repeat(20_000);
    files.write("a", &mut |to| to.write_all(long.as_bytes())).expect("it is written");
    let bytes = memory.contents()["a.sealed"].clone();
    let check = |bytes: Vec<u8>, path: &str, expected: &str| {
        memory.put(&format!("{path}.sealed"), bytes);
        assert_eq!(text(&files, path).expect_err("it is damaged"), expected);
    };
    let frame = (64 << 10) + 16 + 29;
    let mut changed = bytes.clone();
    changed[100] ^= 1;
    check(changed, "a", "it was encrypted with another key, or changed");
    check(bytes.clone(), "b", "it was encrypted with another key, or changed");
    check(bytes[frame..].to_vec(), "a", "it was encrypted with another key, or changed");
    check(bytes[..frame].to_vec(), "a", "it is cut off");
    check(bytes[..frame + 7].to_vec(), "a", "it is cut off");
    check([&bytes[..], &bytes[..frame]].concat(), "a", "its frames are not in order");
    check(b"plain text that nobody encrypted, of some length".to_vec(), "a", "its frames are not in order");
    check([vec![1, 255, 255, 255, 255], vec![0; 40]].concat(), "a", "a frame is longer than any of ours");
}

#[test]
fn an_addition_that_was_cut_off_is_dropped_and_the_next_is_not() {
    let memory = Memory::new();
    let files = sealed(&memory, 1);
    files.append("a", b"one\n").expect("it is added");
    memory.kill_after(1);
    files.append("a", b"two\n").expect_err("it is full");
    assert_eq!(text(&files, "a").expect("it is read"), "one\n?");
    memory.kill_after(100);
    files.append("a", b"three\n").expect("there is room");
    assert_eq!(text(&files, "a").expect("it is read"), "one\nthree\n");
}

#[test]
fn times_are_read_as_rfc_3339_writes_them() {
    let seconds = crate::purge::seconds;
    assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(seconds("2000-02-29T12:00:00.123+01:00"), Some(951_822_000));
    assert_eq!(seconds("2026-11-22T05:12:23Z"), Some(1_795_324_343));
    for text in [
        "",
        "2026",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01Té0:00:00Z",
        "+026-01-01T00:00:00Z",
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

/// A snapshot on disk that was finished at this time.
fn on_disk(folder: &Path, finished: &str) {
    let (mut store, _) = Store::open(Arc::new(Disk::new(folder)), Redactor::keeping()).expect("it opens");
    store.begin(&manifest()).expect("it begins");
    store.organisation(&json!({})).expect("it is written");
    store.seal(&cell(BUCKETS, State::Read, 1), vec![record(BUCKETS, "a", json!({}))]).expect("it is sealed");
    store.finish(&Manifest { finished: Some(finished.into()), ..manifest() }).expect("it is finished");
}

#[test]
fn only_snapshots_that_are_old_are_removed_and_what_is_none_of_theirs_stays() {
    let parent = std::env::temp_dir().join(format!("palisade-purge-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&parent);
    for (name, finished) in
        [("old", "2026-01-01T00:00:00Z"), ("mixed", "2026-01-01T00:00:00Z"), ("new", "2026-02-28T00:00:00Z")]
    {
        on_disk(&parent.join(name), finished);
    }
    std::fs::write(parent.join("mixed/notes.txt"), "mine").expect("it is written");
    std::fs::create_dir(parent.join("other")).expect("it is made");
    std::fs::write(parent.join("other/manifest.json"), "{\"name\": \"a browser's\"}").expect("it is written");
    let days = Duration::from_secs(30 * 24 * 3_600);
    let now = "2026-03-01T00:00:00Z";
    let trial = purge(&parent, days, now, true).expect("it is looked at");
    assert_eq!(trial.removed, [parent.join("mixed"), parent.join("old")]);
    assert!(parent.join("old/manifest.json").exists());
    let purged = purge(&parent, days, now, false).expect("it is purged");
    assert_eq!(purged.removed, [parent.join("old")]);
    let kept: Vec<&str> = purged.kept.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        kept,
        ["the snapshot is removed, and 1 files that are none of its stay", "it is not that old"]
    );
    assert!(!parent.join("old").exists() && !parent.join("mixed/records").exists());
    for path in ["mixed/notes.txt", "new/manifest.json", "other/manifest.json"] {
        assert!(parent.join(path).exists(), "{path}");
    }
    std::fs::remove_dir_all(&parent).expect("it is removed");
}

#[test]
fn a_snapshot_for_age_recipients_is_gone_on_with_and_read_by_their_identities_alone() {
    const IDENTITY: &str = "AGE-SECRET-KEY-16Z4CCAP8S7Z5NN45HRSE0QXMUVZJT3V54PEAGEHQMNWYXCA27LSSWGR9W4";
    let identities = Identity::read(IDENTITY).expect("an identity");
    let memory = Memory::new();
    let error = Sealed::with_age(memory.clone(), &[], &identities).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("`key.age` is missing, and no age recipient is given to make it for"));
    let recipients = [identities[0].recipient()];
    let files = Sealed::with_age(memory.clone(), &recipients, &[]).expect("it is made");
    let (mut store, _) = Store::open(Arc::new(files), Redactor::keeping()).expect("it opens");
    store.begin(&manifest()).expect("it begins");
    memory.restart();
    let error = Sealed::with_age(memory.clone(), &recipients, &[]).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("`key.age` holds the key: none of the identities opens it"));
    let files = Sealed::with_age(memory.clone(), &[], &identities).expect("it is opened");
    let (mut store, _) = Store::open(Arc::new(files), Redactor::keeping()).expect("it opens");
    store.seal(&cell(BUCKETS, State::Read, 1), vec![record(BUCKETS, "a", json!({}))]).expect("it is sealed");
    store.finish(&manifest()).expect("it is finished");
    let files = Sealed::with_age(memory.clone(), &[], &identities).expect("it is opened");
    let loaded = load(&files, &Expected::new()).expect("it is a snapshot");
    assert_eq!((loaded.resources.len(), loaded.diagnostics), (1, vec![]));
}
