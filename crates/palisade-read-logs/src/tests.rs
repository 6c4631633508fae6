//! What is read of logs in all their forms, whole and broken.

use crate::{Fields, read_events, read_records};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use palisade_model::{Event, Glimpse};
use std::io::{Read, Write};

const DIAGNOSTICS_MAX: usize = 20;

fn read(bytes: &[u8]) -> (Vec<Event>, Vec<String>) {
    let mut events = Vec::new();
    let read = read_events(&"trail".into(), bytes, &mut |event| events.push(event));
    assert_eq!(read.events, events.len() as u64);
    if read.diagnostics.len() <= DIAGNOSTICS_MAX {
        assert_eq!(read.refused, read.diagnostics.len() as u64);
    }
    (events, read.diagnostics.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn check(text: &str, names: &[&str], said: &[&str]) {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(text.as_bytes()).unwrap();
    for bytes in [text.as_bytes().to_vec(), zipped.finish().unwrap()] {
        let (events, diagnostics) = read(&bytes);
        let found: Vec<&str> = events.iter().filter_map(|event| event.record["eventName"].as_str()).collect();
        assert_eq!(found, names);
        assert_eq!(diagnostics.len(), said.len(), "{diagnostics:?}");
        for (diagnostic, said) in diagnostics.iter().zip(said) {
            assert!(diagnostic.starts_with(said), "{diagnostic}");
        }
    }
}

#[test]
fn every_form_of_a_trail_is_read() {
    check("", &[], &[]);
    check("{\"eventName\": \"A\"}\r\n\n{\"eventName\": \"B\"}", &["A", "B"], &[]);
    check("\u{feff}{\"eventName\": \"A\"}", &["A"], &[]);
    check("{\"Records\": [{\"eventName\": \"A\"}, {\"eventName\": \"B\"}]}", &["A", "B"], &[]);
    check("{\n  \"Records\": [\n    {\"eventName\": \"A\"}\n  ]\n}\n", &["A"], &[]);
    check("[\n{\"eventName\": \"A\"}\n]", &["A"], &[]);
    check("{\"Events\": [{\"CloudTrailEvent\": \"{\\\"eventName\\\": \\\"A\\\"}\"}]}", &["A"], &[]);
}

#[test]
fn one_bad_line_never_stops_the_rest() {
    check(
        "{\"eventName\": \"A\"}\n{nonsense\n{\"eventName\": \"B\"}",
        &["A", "B"],
        &["trail:2:1: this is no JSON"],
    );
    check("[1, {\"eventName\": \"A\"}]", &["A"], &["trail:1:1: this is no record"]);
    check("{\"Records\": [", &[], &["trail:1:1: this is no JSON"]);
    check(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), &[], &["trail:1:1: this is no record"]);
    let many = "x\n".repeat(1_000);
    assert_eq!(read(many.as_bytes()).1.len(), DIAGNOSTICS_MAX + 1);
}

#[test]
fn a_gzip_that_is_cut_short_gives_what_it_holds() {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::none());
    zipped.write_all(b"{\"eventName\": \"A\"}\n{\"eventName\": \"B\"}\n").unwrap();
    let whole = zipped.finish().unwrap();
    let (events, said) = read(&whole[..whole.len() - 12]);
    assert_eq!(events.len(), 1);
    assert!(said[0].contains("could not be read to its end"), "{said:?}");
}

#[test]
fn an_event_knows_its_place_account_region_and_time() {
    let text = "{}\n{\"recipientAccountId\": \"111122223333\", \"awsRegion\": \"eu-west-1\", \"eventTime\": \"2026-01-01T00:00:00Z\"}";
    let (events, _) = read(text.as_bytes());
    let event = &events[1];
    assert_eq!(event.origin.to_string(), "trail:2:1");
    assert_eq!(event.account.map(|account| account.to_string()).as_deref(), Some("111122223333"));
    assert_eq!(event.region.as_ref().map(|region| region.as_str()), Some("eu-west-1"));
    assert_eq!(event.time.as_deref(), Some("2026-01-01T00:00:00Z"));
}

#[test]
fn records_may_follow_each_other_without_lines_or_over_many() {
    check("{\"eventName\": \"A\"}{\"eventName\": \"B\"} {\"eventName\": \"C\"}\n", &["A", "B", "C"], &[]);
    check("{\n\"eventName\": \"A\"\n}\n{\n\"eventName\":\n\"B\"}\n\n", &["A", "B"], &[]);
    check("{\"eventName\": \"A\"}{\n\"eventName\": \"B\"}\n{\"eventName\": \"C\"}", &["A", "B", "C"], &[]);
    check("{\"Records\": [{\"eventName\": \"A\"},\n{\"eventName\": \"B\"}\n], \"x\": 1}", &["A", "B"], &[]);
    check("{\"Records\": 7, \"eventName\": \"A\"}", &["A"], &[]);
    check("{\"x\": {\"Records\": []}, \"eventName\": \"A\"}", &["A"], &[]);
    check("{\"\\u0052ecords\": [{\"eventName\": \"A\"}]}", &["A"], &[]);
    let (events, _) = read(b"{\"Records\": [\n{},\n{}]}\n{\n}");
    let lines: Vec<String> = events.iter().map(|event| event.origin.to_string()).collect();
    assert_eq!(lines, ["trail:2:1", "trail:3:1", "trail:4:1"]);
}

#[test]
fn what_was_read_before_an_object_breaks_is_given_once() {
    let broken = "it ends too early";
    let said = format!("trail:1:1: this is no JSON: {broken}");
    check("{\"Records\": [{\"eventName\": \"A\"}, {\"eventName\": \"B\"}, {\"eve", &["A", "B"], &[&said]);
    check(
        "{\"Records\": [{\"eventName\": \"A\"},\n {\"eventName\": \"B\"}, 7, {\"eve",
        &["A", "B"],
        &["trail:2:1: this is no record", &said],
    );
    check(
        "{\"Records\": [{\"eventName\": \"A\"}, {]}",
        &["A"],
        &["trail:1:1: this is no JSON: a name in quotes"],
    );
    check(
        "{\"Records\": [{\"eventName\": \"A\"},\n {]}\nmore\n",
        &["A"],
        &["trail:2:1: this is no JSON: a name"],
    );
    check(
        "{\"eventName\": \"A\"} }",
        &["A"],
        &["trail:1:1: this is no JSON: a value should stand at its byte 20"],
    );
}

#[test]
fn a_log_that_begins_or_ends_in_the_middle_of_a_record_gives_the_rest() {
    check(
        "{\"eventName\": \"A\"}\n{\"eventName\": \"B\", \"x",
        &["A"],
        &["trail:2:1: this is no JSON: it ends too early"],
    );
    check(
        "\"x\": 1}\n{\"eventName\": \"B\"}\n",
        &["B"],
        &["trail:1:1: this is no record", "trail:1:1: this is no JSON"],
    );
    check(
        "{\"eventName\": \"A\", \"x\": \"y\n{\"eventName\": \"B\"}\n{\"eventName\": \"C\"}",
        &["B", "C"],
        &["trail:1:1: this is no JSON"],
    );
    check(
        "{\"eventName\": \"A\", \"x\"\n{\"eventName\": \"B\"}\n{\"no\n{\"eventName\": \"C\"}",
        &["B", "C"],
        &["trail:2:1: this is no JSON: `:`", "trail:3:1: this is no JSON: it ends"],
    );
    check("{\"eventName\": \"A\"", &[], &["trail:1:1: this is no JSON: it ends too early"]);
}

#[test]
fn a_record_that_cannot_be_built_is_refused_alone() {
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let list = format!("{{\"Records\": [{{\"eventName\": \"A\"}}, {deep}, {{\"eventName\": \"B\"}}]}}");
    check(&list, &["A", "B"], &["trail:1:1: this record is nested deeper than 127 levels"]);
    check(&format!("{deep}\n{{\"eventName\": \"B\"}}"), &["B"], &["trail:1:1: this record is nested deeper"]);
    let latin = b"{\"eventName\": \"A\"}\n{\"eventName\": \"caf\xe9\"}\n{\"eventName\": \"B\"}\n";
    let (events, said) = read(latin);
    assert_eq!((events.len(), said.len()), (2, 1));
    assert!(said[0].starts_with("trail:2:1: this record is not in UTF-8, from its byte 19 on"), "{said:?}");
    let listed = b"{\"Records\": [{\"eventName\": \"caf\xe9\"}, {\"eventName\": \"B\"}]}";
    assert_eq!(read(listed).0.len(), 1);
    check(
        "{\"eventName\": 1e999}\n{\"eventName\": \"B\"}",
        &["B"],
        &["trail:1:1: this is no JSON: a number that is not so large"],
    );
}

#[test]
fn what_looks_up_events_answers_is_read_or_named() {
    let answer = |record: &str| {
        format!("{{\"Events\": [{{\"CloudTrailEvent\": {record}}}, {{\"eventName\": \"B\"}}]}}")
    };
    check(&answer("\"{\\\"eventName\\\": \\\"A\\\"}\""), &["A", "B"], &[]);
    check(
        &answer("\"{\\\"eventName\\\"\""),
        &["B"],
        &["trail:1:1: `CloudTrailEvent` is no JSON: it ends too early"],
    );
    check(&answer("\"{} x\""), &["B"], &["trail:1:1: `CloudTrailEvent` is no JSON: the end"]);
    check(&answer("\"7\""), &["B"], &["trail:1:1: this is no record"]);
    check(&answer("null"), &["B"], &[]);
}

#[test]
fn a_key_that_comes_twice_says_what_comes_last() {
    check("{\"eventName\": \"A\", \"eventName\": \"B\"}", &["B"], &[]);
    check("{\"Records\": [{\"eventName\": \"A\"}], \"Records\": [{\"eventName\": \"B\"}]}", &["A", "B"], &[]);
}

#[test]
fn utf_16_is_read_behind_its_mark_and_without() {
    let text = "{\"eventName\": \"Ä𝄞\"}\r\n{\"eventName\": \"B\"}";
    for (mark, big) in [("\u{feff}", true), ("\u{feff}", false), ("", true), ("", false)] {
        let units = format!("{mark}{text}");
        let bytes: Vec<u8> = units
            .encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        let (events, said) = read(&bytes);
        assert_eq!((events.len(), said.len()), (2, 0), "{said:?}");
        assert_eq!(events[0].record["eventName"], "Ä𝄞");
    }
}

#[test]
fn a_gzip_cut_anywhere_gives_what_it_holds_and_says_so() {
    let text = format!("{{\"Records\": [{}]}}", vec!["{\"eventName\": \"A\"}"; 50].join(", "));
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(text.as_bytes()).unwrap();
    let whole = zipped.finish().unwrap();
    for cut in 0..whole.len() {
        let (events, said) = read(&whole[..cut]);
        assert_eq!(said.len(), usize::from(cut > 0), "{cut} {said:?}");
        let mut plain = Vec::new();
        let _ = std::io::Read::read_to_end(&mut GzDecoder::new(&whole[..cut]), &mut plain);
        assert!(
            events.len() >= plain.len() / 22 - usize::from(plain.len() / 22 > 0),
            "{cut} {}",
            plain.len()
        );
    }
    let (events, said) = read(&[&whole[..], b"no gzip"].concat());
    assert_eq!((events.len(), said.len()), (50, 1), "{said:?}");
    assert_eq!(read(&[&whole[..], &whole[..]].concat()).0.len(), 100);
}

#[test]
fn a_hundred_megabytes_in_one_record_are_read_and_the_next_as_well() {
    let long = "x".repeat(100 << 20);
    let text = format!("{{\"eventName\": \"A\", \"a\": \"{long}\"}}\n{{\"eventName\": \"B\"}}\n");
    let mut seen = Vec::new();
    let fields = Fields::new(["eventName"]);
    let summary = read_records(&"trail".into(), text.as_bytes(), &fields, &mut |record| {
        seen.push(format!("{:?}", record.seen[0]));
        Ok(())
    });
    assert_eq!(seen, [format!("{:?}", Glimpse::Text("A")), format!("{:?}", Glimpse::Text("B"))]);
    assert_eq!((summary.events, summary.refused), (2, 0));
}

#[test]
fn a_line_longer_than_is_held_is_refused_and_the_next_is_read() {
    let long = std::io::repeat(b'x').take((256 << 20) + 2);
    let text = long.chain(&b"\n{\"eventName\": \"B\"}"[..]);
    let summary = read_events(&"trail".into(), text, &mut |_| {});
    assert_eq!((summary.events, summary.refused), (1, 1), "{:?}", summary.diagnostics);
}

#[test]
fn a_reason_why_a_record_cannot_be_built_makes_it_refused() {
    let summary =
        read_records(&"trail".into(), &b"{}\n{}"[..], &Fields::default(), &mut |_| Err("no".to_owned()));
    assert_eq!((summary.events, summary.refused, summary.diagnostics.len()), (0, 2, 2));
}
