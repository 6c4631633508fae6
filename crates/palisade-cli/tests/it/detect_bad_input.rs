//! `palisade detect` over logs that are broken, cut, hostile or not there: each piece is judged or is named and counted.

use crate::folder::{Folder, Output};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const ROOT: &str = r#"{"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "recipientAccountId": "111122223333", "userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "responseElements": {"ConsoleLogin": "Success"}}"#;
const QUIET: &str = r#"{"eventName": "DescribeInstances", "userIdentity": {"type": "AssumedRole"}}"#;

/// Judges the folder `t`, with and without the gate and with one thread and many: how many events are judged, pieces
/// refused, files not opened and times the root user is found; and that these words are said.
#[track_caller]
fn check(folder: &Folder, [events, refused, unopened, hits]: [u64; 4], said: &[&str]) -> Output {
    let mut first: Option<(Value, Output)> = None;
    for how in ["", " --no-gate", " --threads 1", " --threads 4 --no-gate"] {
        let run = folder.run(&format!("detect t --format json --rule aws/root-signed-in{how}"));
        let report = run.json();
        let counts = [&report["events"], &report["refused"], &report["files_refused"]]
            .map(|count| count.as_u64().unwrap());
        let found = report["hits"].as_array().unwrap().len() as u64;
        assert_eq!(
            ([counts[0], counts[1], counts[2]], found),
            ([events, refused, unopened], hits),
            "{how}\n{}",
            run.stderr
        );
        for words in said {
            assert!(run.stderr.contains(words), "{words} is not in\n{}", run.stderr);
        }
        match &first {
            Some((before, _)) => assert_eq!(*before, report, "{how}"),
            None => first = Some((report, run)),
        }
    }
    first.unwrap().1
}

fn zipped(text: &str) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

fn with(name: &str, bytes: &[u8]) -> Folder {
    let folder = Folder::new(&[]);
    folder.write(name, bytes);
    folder
}

#[test]
fn a_gzip_that_is_cut_gives_what_it_holds() {
    let text = format!("{{\"Records\": [{}]}}", [ROOT, QUIET].repeat(2_000).join(","));
    let whole = zipped(&text);
    check(&with("t/a.json.gz", &whole), [4_000, 0, 0, 2_000], &[]);
    let cut = with("t/a.json.gz", &whole[..whole.len() - 20]);
    let run = cut.run("detect t --format json --rule aws/root-signed-in");
    let report = run.json();
    assert!(report["events"].as_u64().unwrap() > 2_000 && report["refused"] == 1, "{}", run.stderr);
    assert!(run.stderr.contains("t/a.json.gz:1:1") && run.stderr.contains("could not be read to its end"));
}

#[test]
fn half_a_line_at_the_end_is_counted_and_the_rest_judged() {
    let text = format!("{ROOT}\n{QUIET}\n{{\"eventName\": \"Cons");
    check(&with("t/a.ndjson", text.as_bytes()), [2, 1, 0, 1], &["t/a.ndjson:3:1", "it ends too early"]);
}

#[test]
fn what_the_gate_would_skip_must_be_well_formed_all_the_same() {
    let text = format!("{QUIET}\n{{\"eventName\": \"DescribeInstances\", \"x\": tru}}\n{ROOT}\n");
    check(&with("t/a.ndjson", text.as_bytes()), [2, 1, 0, 1], &["t/a.ndjson:2:1", "this is no JSON"]);
}

#[test]
fn a_hundred_megabytes_in_one_event() {
    let long = ROOT.replacen('{', &format!("{{\"long\": \"{}\", ", "x".repeat(100 << 20)), 1);
    let folder = with("t/a.ndjson", format!("{QUIET}\n{long}\n{ROOT}\n").as_bytes());
    let run = folder.run_limited("detect t --format json --rule aws/root-signed-in");
    let report = run.json();
    assert_eq!((&report["events"], &report["refused"]), (&3.into(), &0.into()), "{}", run.stderr);
    assert_eq!(report["hits"].as_array().unwrap().len(), 2);
}

#[test]
fn nesting_is_refused_record_by_record() {
    let deep = ROOT.replacen('{', &format!("{{\"deep\": {}1{}, ", "[".repeat(10_000), "]".repeat(10_000)), 1);
    let text = format!("{{\"Records\": [{ROOT}, {deep}, {ROOT}]}}\n");
    check(&with("t/a.json", text.as_bytes()), [2, 1, 0, 2], &["nested deeper than 127 levels"]);
}

#[test]
fn of_a_key_that_comes_twice_the_last_holds() {
    let twice = |first: &str, last: &str| {
        ROOT.replacen(
            "\"eventName\": \"ConsoleLogin\"",
            &format!("\"eventName\": \"{first}\", \"eventName\": \"{last}\""),
            1,
        )
    };
    let text = format!("{}\n{}\n", twice("ConsoleLogin", "Other"), twice("Other", "ConsoleLogin"));
    let run = check(&with("t/a.ndjson", text.as_bytes()), [2, 0, 0, 1], &[]);
    let report = run.json();
    assert_eq!(report["hits"][0]["line"], 2);
}

#[test]
fn encodings_are_told_apart_or_named() {
    let marked = format!("\u{feff}{ROOT}\n{QUIET}\n");
    check(&with("t/a.ndjson", marked.as_bytes()), [2, 0, 0, 1], &[]);
    let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&with("t/a.ndjson", &wide), [2, 0, 0, 1], &[]);
    let latin: Vec<u8> =
        format!("{}\n{ROOT}\n", ROOT.replace("Success", "Succ\u{e8}s")).chars().map(|c| c as u8).collect();
    check(&with("t/a.ndjson", &latin), [1, 1, 0, 1], &["t/a.ndjson:1:1", "not in UTF-8"]);
}

#[test]
fn of_all_that_goes_in_each_piece_is_judged_or_refused() {
    let folder = with("t/a-good.ndjson", format!("{ROOT}\n{QUIET}\n").as_bytes());
    folder.write("t/b-half.ndjson", format!("{QUIET}\n{{\"eventName\": \"Cons"));
    let deep = ROOT.replacen('{', &format!("{{\"deep\": {}1{}, ", "[".repeat(10_000), "]".repeat(10_000)), 1);
    folder.write("t/c-deep.json", format!("{{\"Records\": [{ROOT}, {deep}, {QUIET}]}}"));
    let latin: Vec<u8> = ROOT.replace("Success", "Succ\u{e8}s").chars().map(|c| c as u8).collect();
    folder.write("t/d-latin.ndjson", [&latin, b"\n".as_slice(), QUIET.as_bytes()].concat());
    let wide: Vec<u8> = format!("{ROOT}\n").encode_utf16().flat_map(u16::to_be_bytes).collect();
    folder.write("t/e-wide.ndjson", [&[0xfe, 0xff], wide.as_slice()].concat());
    folder.write("t/f.json.gz", zipped(&format!("{{\"Records\": [{QUIET}]}}")));
    // Eleven pieces go in: eight are judged, and three refused, each with its place.
    let said = ["t/b-half.ndjson:2:1", "t/c-deep.json:1:", "t/d-latin.ndjson:1:1"];
    check(&folder, [8, 3, 0, 3], &said);
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_among_good_ones_is_named_and_the_rest_judged() {
    let folder = Folder::new(&[("t/a.ndjson", ROOT), ("t/c.ndjson", QUIET)]);
    // Not even the root user can open a socket.
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("s.ndjson")).unwrap();
    let said = [
        "s.ndjson:1:1",
        "it could not be opened",
        "over 2 events from 2 files",
        "1 file could not be opened.",
    ];
    folder.run("detect t/a.ndjson s.ndjson t/c.ndjson --rule aws/root-signed-in").ends(1, &said);
    folder.run("detect t/c.ndjson s.ndjson --rule aws/root-signed-in").ends(3, &["over 1 event from 1 file"]);
}
