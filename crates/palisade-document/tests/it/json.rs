//! JSON, good and bad.

use crate::{places, show};
use palisade_document::{Text, read_json};
use palisade_model::Position;

fn check(text: &str, expected: &str) {
    let read = read_json(Text::whole(&"f".into(), text));
    assert_eq!(show(&read), expected, "{text}");
}

#[test]
fn values_are_kept_as_they_are_written() {
    check(
        r#"{"a": [1, -2.5, true, false, null, "x"], "b": {}}"#,
        "{a: [1 -2.5 true false null \"x\"], b: {}}",
    );
    check("18446744073709551615", "18446744073709551615");
    check("\r\n[1,\r\n2]\r\n", "[1 2]");
    check(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, r#""\"\\/\u{8}\u{c}\n\r\té😀""#);
}

#[test]
fn an_empty_text_has_no_document() {
    check("", "");
    check(" \n ", "");
}

#[test]
fn every_value_and_name_knows_its_place() {
    let file = "f".into();
    let text =
        Text { file: &file, text: "{\"é\": [true,\n  \"ab\"]}", start: Position { line: 10, column: 5 } };
    let read = read_json(text);
    let root = &read.documents[0];
    let shown = places(root).join("\n");
    let expected =
        "10:5-11:9 {é: [true \"ab\"]}\n10:11-11:8 [true \"ab\"]\n10:12-10:16 true\n11:3-11:7 \"ab\"";
    assert_eq!(shown, expected);
    let key = read.keys.of(root.get("é").unwrap()).unwrap();
    assert_eq!((key.start, key.end), (Position { line: 10, column: 6 }, Position { line: 10, column: 9 }));
    assert_eq!(read.keys.of(root), None);
}

#[test]
fn an_error_keeps_what_came_before() {
    check(
        r#"{"a": 1, "b": [1, 2"#,
        "{a: 1, b: [1 2 …], …}\nf:1:20: the text ends within a list (what follows is not read)",
    );
    check(
        r#"{"a": 1, "b": }"#,
        "{a: 1, b: ?, …}\nf:1:15: a value is expected here, not `}` (what follows is not read)",
    );
    check(r#"{"a": "x"#, "{a: ?, …}\nf:1:7: this text has no closing quote (what follows is not read)");
    check(r#"{"a" 1}"#, "{a: ?, …}\nf:1:6: a colon is expected here (what follows is not read)");
    check("{a: 1}", "{…}\nf:1:2: a name in double quotes is expected here (what follows is not read)");
    check(
        "[1] 2",
        "[1]\nf:1:5: there is more text after the end of the JSON value (what follows is not read)",
    );
    check("[1}", "[1 …]\nf:1:3: a comma or a closing bracket is expected here (what follows is not read)");
}

#[test]
fn what_json_lacks_is_reported_and_read_on() {
    check("[1, 2,]", "[1 2]\nf:1:6: a comma before a closing bracket (remove it)");
    check("[1 2]", "[1 2]\nf:1:4: a comma is missing before this (put one between the entries)");
    check("[1 // one\n]", "[1]\nf:1:4: JSON has no comments (remove it; what follows is read all the same)");
    check("/* a */[]", "[]\nf:1:1: JSON has no comments (remove it; what follows is read all the same)");
    check("[yes, 1]", "[? 1]\nf:1:2: `yes` is not a value of JSON (put it in double quotes)");
    check(
        "[01, 1.]",
        "[? ?]\nf:1:2: `01` is not a number (put it in double quotes)\nf:1:6: `1.` is not a number (put it in double quotes)",
    );
    check(
        r#"["a\qb"]"#,
        "[\"a\\\\qb\"]\nf:1:2: an escape in this text is not one of JSON's (write `\\\\` for a backslash)",
    );
    check(r#"["\ud800x"]"#, "[\"\u{fffd}x\"]");
}

#[test]
fn a_number_that_is_too_large_is_unknown() {
    check("[1e999, 1]", "[? 1]\nf:1:2: `1e999` is too large a number (put it in double quotes)");
}

#[test]
fn of_an_entry_given_twice_the_last_counts() {
    check(
        "{\"a\": 1,\n \"a\": 2}",
        "{a: 2}\nf:2:2: `a` is given twice; the first at 1:2 is not read (keep one of them)",
    );
}

#[test]
fn ten_thousand_levels_are_a_diagnostic() {
    let deep = format!("[{}{}, 1]", "[".repeat(10_000), "]".repeat(10_000));
    let read = read_json(Text::whole(&"f".into(), &deep));
    assert_eq!(read.diagnostics.len(), 1);
    assert_eq!(
        read.diagnostics[0].to_string(),
        "f:1:129: nested deeper than 128 levels (what is below is not read)"
    );
    assert!(
        show(&read).contains("[?]") && show(&read).contains("] 1]"),
        "what is too deep is unknown, what follows is read"
    );
    let open = r#"{"a":"#.repeat(10_000);
    let read = read_json(Text::whole(&"f".into(), &open));
    assert_eq!(read.diagnostics.len(), 2);
}

#[test]
fn diagnostics_do_not_grow_without_bound() {
    let read = read_json(Text::whole(&"f".into(), &format!("[{}1]", "x,".repeat(10_000))));
    assert_eq!(read.diagnostics.len(), palisade_document::MAX_DIAGNOSTICS);
}
