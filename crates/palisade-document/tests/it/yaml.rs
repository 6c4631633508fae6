//! YAML, good and bad.

use crate::{places, show};
use palisade_document::{Booleans, MAX_ALIASED_NODES, Text, read_yaml, read_yaml_with, refuse_tags};
use palisade_model::{Node, Position, Value};

fn check(text: &str, expected: &str) {
    let read = read_yaml(Text::whole(&"f".into(), text), &call);
    assert_eq!(show(&read), expected, "{text}");
}

/// Every tag but `!Bad` becomes a call of its name.
fn call(tag: &str, node: Node) -> Result<Node, String> {
    if tag == "Bad" {
        return Err("`!Bad` is bad".to_owned());
    }
    let origin = node.origin.clone();
    Ok(Node::new(Value::map([(tag.into(), node)]), origin))
}

#[test]
fn a_plain_scalar_is_a_number_only_if_it_reads_back_the_same() {
    check("[1, -2, 1.5, 0, 1.0]", "[1 -2 1.5 0 1.0]");
    check(
        "[012345678901, 123456789012, 5.10, 0x1F, 1_000, +1, 1e3, .5, -0]",
        r#"["012345678901" 123456789012 "5.10" "0x1F" "1_000" "+1" "1e3" ".5" "-0"]"#,
    );
    check(
        "[1e999, .inf, .nan, 99999999999999999999999]",
        r#"["1e999" ".inf" ".nan" "99999999999999999999999"]"#,
    );
    check("2012-10-17", "\"2012-10-17\"");
}

#[test]
fn only_plain_words_are_booleans_and_null() {
    check(
        "[true, False, null, ~, 'true', \"null\", yes, no]",
        r#"[true false null null "true" "null" "yes" "no"]"#,
    );
    check("a:\nb: ''", "{a: null, b: \"\"}");
    let read = read_yaml_with(
        Text::whole(&"f".into(), "[yes, Off, NO, on, y, 'yes', true]"),
        &call,
        Booleans::YesNo,
    );
    assert_eq!(show(&read), r#"[true false false true "y" "yes" true]"#);
}

#[test]
fn an_empty_text_has_no_document() {
    check("", "");
    check("# only a comment\n", "");
}

#[test]
fn documents_come_in_order() {
    check("a: 1\n---\n[b]\n...\n---\nc", "{a: 1}\n[\"b\"]\n\"c\"");
}

#[test]
fn names_are_texts_as_they_are_written() {
    check("{1: a, true: b, 007: c, 'd': e, ~: f}", "{1: \"a\", true: \"b\", 007: \"c\", d: \"e\", ~: \"f\"}");
    check(
        "&a x: 1\n*a : 2",
        "{x: 2}\nf:2:1: `x` is given twice; the first at 1:1 is not read (keep one of them)",
    );
}

#[test]
fn line_ends_and_the_byte_order_mark_do_not_matter() {
    check("a: 1\r\nb:\r\n  - x\r\n", "{a: 1, b: [\"x\"]}");
    check("\u{feff}a: 1", "{a: 1}");
    check("a: |\r\n  x\r\n  y\r\n", "{a: \"x\\ny\\n\"}");
}

#[test]
fn tags_are_read_by_who_knows_them() {
    check("!Ref Name", "{Ref: \"Name\"}");
    check(
        "a: !Sub '${x}'\nb: !Join [',', [!Ref c]]",
        "{a: {Sub: \"${x}\"}, b: {Join: [\",\" [{Ref: \"c\"}]]}}",
    );
    check("!Fn::GetAtt a.b", "{Fn::GetAtt: \"a.b\"}");
    check("!Not\n- !Equals [1, !Ref]\n", "{Not: [{Equals: [1 {Ref: \"\"}]}]}");
    check("!Base64 1.10", "{Base64: \"1.10\"}");
    check(
        "[!!str 1, !!int '2', !!bool 'true', !!map {}, !!seq [], !!null '', ! x]",
        "[\"1\" 2 true {} [] null \"x\"]",
    );
    check("!!binary aGk=", "{!binary: \"aGk=\"}");
    check("[1, !Bad x, 2]", "[1 ? 2]\nf:1:5: `!Bad` is bad");
}

#[test]
fn refused_tags_say_so() {
    let read = read_yaml(Text::whole(&"f".into(), "a: !Ref b\nc: !!set {}\nd: !!str 1"), &refuse_tags);
    assert_eq!(
        show(&read),
        "{a: ?, c: ?, d: \"1\"}\nf:1:4: the tag `!Ref` has no meaning here\nf:2:4: the tag `!!set` has no meaning here"
    );
}

#[test]
fn aliases_stand_for_their_anchors() {
    check("a: &x [1, 2]\nb: *x\nc: &y z\nd: [*y]", "{a: [1 2], b: [1 2], c: \"z\", d: [\"z\"]}");
    check("a: *x", "{a: ?, …}\nf:1:4: this alias has no anchor before it (what follows is not read)");
    check(
        "a: &x 1\n---\nb: *x",
        "{a: 1}\n{b: ?}\nf:3:4: this alias stands within what it stands for, or its anchor in another document (write the value here, without the alias)",
    );
    check(
        "&x [1, *x]",
        "[1 ?]\nf:1:8: this alias stands within what it stands for, or its anchor in another document (write the value here, without the alias)",
    );
}

#[test]
fn merged_entries_yield_to_the_maps_own() {
    check("a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}", "{a: {x: 1, y: 1}, b: {y: 2, x: 1}}");
    check("b: {<<: [{x: 1}, {x: 2, z: 3}]}", "{b: {x: 1, z: 3}}");
    check("b: {'<<': {x: 1}}", "{b: {<<: {x: 1}}}");
    check("b: {<<: 1}", "{b: {<<: 1}}");
}

#[test]
fn of_an_entry_given_twice_the_last_counts() {
    check(
        "a: 1\nb:\n  c: 1\n  c: 2\na: 3",
        "{a: 3, b: {c: 2}}\nf:4:3: `c` is given twice; the first at 3:3 is not read (keep one of them)\n\
         f:5:1: `a` is given twice; the first at 1:1 is not read (keep one of them)",
    );
}

#[test]
fn a_name_that_is_no_text_loses_its_entry_only() {
    check(
        "? [a, b]\n: 1\nc: 2",
        "{c: 2, …}\nf:1:3: the name of an entry must be a text (give the entry another name; it is not read)",
    );
}

#[test]
fn an_error_keeps_what_came_before() {
    check(
        "a: 1\nb:\n  - x\n  - 'y\n",
        "{a: 1, b: [\"x\" …], …}\nf:4:5: while scanning a quoted scalar, found unexpected end of stream (what follows is not read)",
    );
    check(
        "a:\n  b: 1\n   c: 2\n",
        "{a: {b: ?, …}, …}\nf:3:5: mapping values are not allowed in this context (what follows is not read)",
    );
}

#[test]
fn after_an_error_the_next_document_is_read() {
    check(
        "a: [\n---\nb: 1\nb: 2\n",
        "{a: […], …}\n{b: 2}\nf:2:1: while parsing a node, did not find expected node content (what follows is not read)\n\
         f:4:1: `b` is given twice; the first at 3:1 is not read (keep one of them)",
    );
}

#[test]
fn every_value_and_name_knows_its_place() {
    let file = "f".into();
    let text = "é: abc # x\nb:\n  - 'ü' \n  - {c: 1 }\nd: |\n  x\ne: &a !T [1]\nf: *a\ng:\n";
    let read = read_yaml(Text::whole(&file, text), &|_, node| Ok(node));
    let root = &read.documents[0];
    let shown: Vec<String> = places(root)[1..].to_vec();
    let expected = [
        "1:4-1:7 \"abc\"",
        "3:3-4:12 [\"ü\" {c: 1}]",
        "3:5-3:8 \"ü\"",
        "4:5-4:12 {c: 1}",
        "4:9-4:10 1",
        "6:3-7:1 \"x\\n\"",
        "7:4-7:13 [1]",
        "7:11-7:12 1",
        "8:4-8:6 [1]",
        "7:11-7:12 1",
        "9:2-9:2 null",
    ];
    assert_eq!(shown, expected);
    let keys: Vec<String> = ["é", "b", "e", "f", "g"]
        .iter()
        .map(|name| format!("{:?}", read.keys.of(root.get(name).unwrap()).unwrap()))
        .collect();
    assert_eq!(keys, ["f:1:1", "f:2:1", "f:7:1", "f:8:1", "f:9:1"]);
}

#[test]
fn a_block_inside_a_page_has_the_pages_lines() {
    let file = "f".into();
    let text = Text { file: &file, text: "a: 1\nb: 2\n", start: Position { line: 7, column: 3 } };
    let read = read_yaml(text, &refuse_tags);
    assert_eq!(places(&read.documents[0]), ["7:3-8:5 {a: 1, b: 2}", "7:6-7:7 1", "8:4-8:5 2"]);
}

#[test]
fn ten_thousand_levels_are_a_diagnostic() {
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "? ".repeat(10_000),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let read = read_yaml(Text::whole(&"f".into(), &text), &refuse_tags);
        assert!(!read.diagnostics.is_empty(), "{}", &text[..8]);
        assert!(read.diagnostics.len() <= 2, "{:?}", read.diagnostics);
    }
    let indented: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    check_deep(&format!("{indented}b: 1\n"));
}

fn check_deep(text: &str) {
    let read = read_yaml(Text::whole(&"f".into(), text), &refuse_tags);
    assert!(read.documents[0].get("b").is_some(), "what follows is read");
}

#[test]
fn aliases_of_aliases_are_bounded_in_number_and_depth() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}", level - 1);
        let ten = [alias.as_str(); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{ten}]\n"));
    }
    laughs.push_str("last: 1\n");
    let read = read_yaml(Text::whole(&"f".into(), &laughs), &refuse_tags);
    assert!(read.documents[0].get("last").is_some());
    let message = format!("the aliases of this text stand for more than {MAX_ALIASED_NODES} values");
    assert!(read.diagnostics.iter().all(|diagnostic| diagnostic.message == message));

    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..1_000 {
        tower.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    let read = read_yaml(Text::whole(&"f".into(), &tower), &refuse_tags);
    assert_eq!(read.diagnostics[0].message, "nested deeper than 128 levels");
}
