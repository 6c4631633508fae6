//! What Sigma means: rules as their authors write them, and the events that match.

use crate::{CommunityRule, Rule, Status, compile, parse_community_rule};
use palisade_document::{Text, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Node, Severity};
use serde_json::{Value, json};
use std::fmt::Write;
use std::slice::from_ref;
use std::sync::Arc;

fn node(yaml: &str) -> Node {
    let file: Arc<str> = "rule.yml".into();
    let mut read = read_yaml(Text::whole(&file, yaml), &refuse_tags);
    assert_eq!(read.diagnostics, [], "{yaml}");
    read.documents.remove(0)
}

pub(crate) fn rule(yaml: &str) -> Rule {
    let (rule, diagnostics) = compile(&node(yaml));
    rule.unwrap_or_else(|| panic!("{yaml}\n{diagnostics:?}"))
}

/// Compiles one selection `s` with the condition `s`.
fn selection(yaml: &str) -> Rule {
    rule(&format!("s: {yaml}\ncondition: s"))
}

/// Does a selection match just the events that it should?
fn check(yaml: &str, fires: &[Value], stays_quiet: &[Value]) {
    let rule = selection(yaml);
    for event in fires {
        assert!(rule.matches(event), "{yaml} must match {event}");
    }
    for event in stays_quiet {
        assert!(!rule.matches(event), "{yaml} must not match {event}");
    }
}

/// Which of the selections `a`, `b` and `c` fulfil the condition? All eight combinations, the fulfilling ones given
/// by the letters of what is true, as `a ab abc`; `-` is none.
fn condition(text: &str, expected: &str) {
    let rule = rule(&format!("a: {{a: 1}}\nb: {{b: 1}}\nc: {{c: 1}}\ncondition: {text}"));
    let mut fulfilled = Vec::new();
    for bits in 0..8 {
        let letters: String =
            "abc".chars().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, c)| c).collect();
        let event: serde_json::Map<_, _> = letters.chars().map(|c| (c.to_string(), json!(1))).collect();
        if rule.matches(&Value::Object(event)) {
            fulfilled.push(if letters.is_empty() { "-".to_owned() } else { letters });
        }
    }
    assert_eq!(fulfilled.join(" "), expected, "{text}");
}

/// The first thing that is said against a detection.
fn refused(yaml: &str, expected: &str) {
    let (rule, diagnostics) = compile(&node(yaml));
    assert!(rule.is_none(), "{yaml} must be refused");
    let messages: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(messages[0].contains(expected), "{messages:?} for {yaml}");
    assert!(diagnostics.iter().all(is_helpful), "{messages:?}");
}

fn is_helpful(diagnostic: &Diagnostic) -> bool {
    diagnostic.span.is_some() && diagnostic.help.is_some()
}

#[test]
fn values_ignore_case_and_lists_are_alternatives() {
    check("{f: Root}", &[json!({"f": "ROOT"})], &[json!({"f": "roots"}), json!({}), json!({"F": "root"})]);
    check("{f: [a, b]}", &[json!({"f": "B"})], &[json!({"f": "c"}), json!({"f": null})]);
    check("{f|cased: Root}", &[json!({"f": "Root"})], &[json!({"f": "root"})]);
    check("{f|contains|cased: Oo}", &[json!({"f": "rOot"})], &[json!({"f": "root"})]);
    check("{f: Ünï}", &[json!({"f": "üNÏ"})], &[json!({"f": "uni"})]);
}

#[test]
fn maps_are_and_and_lists_of_maps_are_or() {
    let both = json!({"f": "a", "g": "b"});
    check("{f: a, g: b}", from_ref(&both), &[json!({"f": "a"}), json!({"g": "b"})]);
    check("[{f: a}, {g: b}]", &[json!({"f": "a"}), json!({"g": "b"}), both.clone()], &[json!({"f": "b"})]);
    check("[{f: a, g: b}, {h: c}]", &[both, json!({"h": "c"})], &[json!({"f": "a"})]);
}

#[test]
fn wildcards_and_escapes_are_those_of_the_specification() {
    check(
        "{f: 'prog?.exe'}",
        &[json!({"f": "progA.exe"})],
        &[json!({"f": "prog.exe"}), json!({"f": "progAB.exe"})],
    );
    check("{f: 'a*z'}", &[json!({"f": "az"}), json!({"f": "a\nz"})], &[json!({"f": "azy"})]);
    check(r"{f: 'a\*'}", &[json!({"f": "a*"})], &[json!({"f": "ab"})]);
    check(r"{f: 'a\\*'}", &[json!({"f": r"a\b"})], &[json!({"f": "a*"}), json!({"f": "ab"})]);
    check(r"{f: 'a\\\*'}", &[json!({"f": r"a\*"})], &[json!({"f": r"a\b"})]);
    check(r"{f: 'C:\Windows\x'}", &[json!({"f": r"c:\windows\X"})], &[json!({"f": "C:Windowsx"})]);
    check("{f: '*'}", &[json!({"f": ""}), json!({"f": 1})], &[json!({}), json!({"f": null})]);
}

#[test]
fn places_are_where_they_say() {
    check("{f|contains: b?d}", &[json!({"f": "abcde"})], &[json!({"f": "abde"})]);
    check("{f|startswith: ab}", &[json!({"f": "ABc"})], &[json!({"f": "cab"})]);
    check("{f|startswith: 'a*c'}", &[json!({"f": "abcd"})], &[json!({"f": "xabc"})]);
    check("{f|endswith: 'a*'}", &[json!({"f": "xxaxx"})], &[json!({"f": "xx"})]);
    check("{f|contains|all: [a, b]}", &[json!({"f": "xbxa"})], &[json!({"f": "a"}), json!({"f": "b"})]);
    check("{f|contains: 17}", &[json!({"f": "x171"}), json!({"f": 2170})], &[json!({"f": "1 7"})]);
}

#[test]
fn numbers_and_truth_values_equal_what_spells_them() {
    check(
        "{f: 42}",
        &[json!({"f": 42}), json!({"f": "42"}), json!({"f": 42.0})],
        &[json!({"f": "4 2"}), json!({"f": true})],
    );
    check(
        "{f: '42'}",
        &[json!({"f": 42}), json!({"f": "42"}), json!({"f": 42.0})],
        &[json!({"f": 421}), json!({"f": "042"})],
    );
    check(
        "{f|endswith: '2'}",
        &[json!({"f": 42.0}), json!({"f": -2.0})],
        &[json!({"f": 42.5}), json!({"f": 1e300})],
    );
    check("{f: 1.5}", &[json!({"f": 1.5}), json!({"f": "1.50"})], &[json!({"f": 1})]);
    check(
        "{f: 9007199254740993}",
        &[json!({"f": 9_007_199_254_740_993_u64})],
        &[json!({"f": 9_007_199_254_740_992_u64})],
    );
    check(
        "{f: true}",
        &[json!({"f": true}), json!({"f": "True"})],
        &[json!({"f": "yes"}), json!({"f": 1}), json!({"f": false})],
    );
    check(
        "{f: 'false'}",
        &[json!({"f": false}), json!({"f": "FALSE"})],
        &[json!({"f": 0}), json!({"f": null})],
    );
}

#[test]
fn null_empty_and_absent_are_told_apart() {
    check(
        "{f: null}",
        &[json!({}), json!({"f": null}), json!({"f": ["a", null]})],
        &[json!({"f": ""}), json!({"f": []}), json!({"f": "null"})],
    );
    check(
        "{f: ''}",
        &[json!({"f": ""}), json!({"f": ["a", ""]})],
        &[json!({}), json!({"f": null}), json!({"f": " "})],
    );
    check("{f|exists: true}", &[json!({"f": null}), json!({"f": []}), json!({"f": ""})], &[json!({"g": 1})]);
    check(
        "{a.b|exists: false}",
        &[json!({}), json!({"a": "b"}), json!({"a": {"c": 1}})],
        &[json!({"a": {"b": null}})],
    );
    check("{f|exists: 'no'}", &[json!({})], &[json!({"f": 1})]);
    check("{f: [a, null]}", &[json!({}), json!({"f": "a"})], &[json!({"f": "b"})]);
}

#[test]
fn neq_asks_for_a_field_that_differs() {
    check(
        "{f|neq: a}",
        &[json!({"f": "b"}), json!({"f": null}), json!({"f": []})],
        &[json!({}), json!({"f": "A"}), json!({"f": ["a", "b"]})],
    );
    check("{f|neq: [a, b]}", &[json!({"f": "c"})], &[json!({"f": "a"}), json!({"f": "b"})]);
    check("{f|neq: null}", &[json!({"f": "c"})], &[json!({"f": null}), json!({})]);
    check("{f|startswith|neq: ab}", &[json!({"f": "ba"})], &[json!({"f": "abc"})]);
    check("{f|neq: 5}", &[json!({"f": 6}), json!({"f": "x"})], &[json!({"f": "5"})]);
}

#[test]
fn paths_reach_into_maps_and_any_element_of_lists() {
    check(
        "{a.b: x}",
        &[json!({"a": {"b": "x"}}), json!({"a.b": "x"}), json!({"a": [{"b": "y"}, {"b": ["z", "X"]}]})],
        &[json!({"a": "x"}), json!({"b": "x"})],
    );
    check(
        "{f: x}",
        &[json!({"f": ["y", "x"]}), json!({"f": [["x"]]})],
        &[json!({"f": []}), json!({"f": {"x": "x"}})],
    );
    check("{f|all: [x, y]}", &[json!({"f": ["x", "y"]})], &[json!({"f": ["x"]}), json!({"f": "x"})]);
}

#[test]
fn regular_expressions_heed_case_and_are_found_anywhere() {
    check("{f|re: 'b+'}", &[json!({"f": "abbc"}), json!({"f": ["x", "b"]})], &[json!({"f": "B"})]);
    check("{f|re: '^b+$'}", &[json!({"f": "bb"})], &[json!({"f": "abb"})]);
    check("{f|re|i: '^B$'}", &[json!({"f": "b"})], &[json!({"f": "bb"})]);
    check("{f|re: '^b$'}", &[json!({"f": "b"})], &[json!({"f": "a\nb"})]);
    check("{f|re|m: '^b$'}", &[json!({"f": "a\nb"})], &[json!({"f": "a b"})]);
    check("{f|re: 'a.b'}", &[json!({"f": "a b"})], &[json!({"f": "a\nb"})]);
    check("{f|re|s|i: 'A.b'}", &[json!({"f": "a\nb"})], &[json!({"f": "ab"})]);
    check(r"{f|re: '\d\\\*'}", &[json!({"f": r"1\*"})], &[json!({"f": "1*"})]);
    check("{f|re: '1'}", &[json!({"f": 212})], &[json!({"f": true})]);
    check("{f|re|neq: '^a'}", &[json!({"f": "b"})], &[json!({"f": "a"}), json!({})]);
}

#[test]
fn networks_hold_addresses_of_both_families() {
    check(
        "{f|cidr: 10.0.0.0/8}",
        &[json!({"f": "10.255.0.1"}), json!({"f": "::ffff:10.0.0.1"})],
        &[json!({"f": "11.0.0.1"}), json!({"f": "AWS Internal"}), json!({"f": "10.0.0.1:80"})],
    );
    check(
        "{f|cidr: '2001:db8::/32'}",
        &[json!({"f": "2001:DB8::1"})],
        &[json!({"f": "2001:db9::1"}), json!({"f": "32.1.13.184"})],
    );
    check(
        "{f|cidr: [10.0.0.1, 192.168.0.0/16]}",
        &[json!({"f": "10.0.0.1"}), json!({"f": "192.168.7.7"})],
        &[json!({"f": "10.0.0.2"})],
    );
    check(
        "{f|cidr|neq: 10.0.0.0/8}",
        &[json!({"f": "9.9.9.9"}), json!({"f": "cloudtrail.amazonaws.com"})],
        &[json!({"f": "10.0.0.1"}), json!({})],
    );
}

#[test]
fn numbers_compare_as_numbers() {
    check(
        "{f|gt: 9}",
        &[json!({"f": 10}), json!({"f": "10"}), json!({"f": 9.5}), json!({"f": [1, 10]})],
        &[json!({"f": 9}), json!({"f": "nan"}), json!({"f": "x"}), json!({"f": null})],
    );
    check("{f|gte: '9'}", &[json!({"f": 9})], &[json!({"f": 8.9})]);
    check("{f|lt: -1}", &[json!({"f": -2}), json!({"f": "-1e3"})], &[json!({"f": -1}), json!({"f": "-inf"})]);
    check("{f|lte: 0.5}", &[json!({"f": 0.5}), json!({"f": 0})], &[json!({"f": 1})]);
    check("{f|gt|neq: 9}", &[json!({"f": 9})], &[json!({"f": 10}), json!({})]);
}

#[test]
fn times_give_their_parts() {
    let night = json!({"eventTime": "2024-02-29T23:05:01Z"});
    let noon = json!({"eventTime": "2024-03-01T12:00:00Z"});
    check(
        "{eventTime|hour: 23}",
        &[night.clone(), json!({"eventTime": 1_709_251_141})],
        &[noon.clone(), json!({}), json!({"eventTime": "23"})],
    );
    check("{eventTime|hour|gte: 22}", from_ref(&night), from_ref(&noon));
    check(
        "{eventTime|minute: 5, eventTime|day: 29, eventTime|week: 9, eventTime|month: 2, eventTime|year: '2024'}",
        from_ref(&night),
        from_ref(&noon),
    );
    check("{eventTime|hour|neq: [22, 23]}", &[noon], &[night]);
}

#[test]
fn fields_are_compared_with_fields() {
    check(
        "{f|fieldref: g.h}",
        &[
            json!({"f": "Ann", "g": {"h": "ANN"}}),
            json!({"f": 1, "g": {"h": 1.0}}),
            json!({"f": "1", "g.h": 1}),
        ],
        &[json!({"f": "a", "g": {"h": "b"}}), json!({"f": "a"}), json!({"g.h": "a"}), json!({})],
    );
    check("{f|fieldref|cased: g}", &[json!({"f": "A", "g": "A"})], &[json!({"f": "A", "g": "a"})]);
    check(
        "{f|fieldref|endswith: g}",
        &[json!({"f": "arn:user/Ann", "g": "ann"})],
        &[json!({"f": "arn:user/ann/x", "g": "ann"}), json!({"f": "x*", "g": "*y"})],
    );
    check("{f|fieldref|contains: g}", &[json!({"f": "a*b", "g": "*"})], &[json!({"f": "ab", "g": "*"})]);
    check(
        "{f|fieldref|startswith: g}",
        &[json!({"f": "ab", "g": ["x", "a"]})],
        &[json!({"f": "ab", "g": "b"})],
    );
    check(
        "{f|fieldref|neq: g}",
        &[json!({"f": "a", "g": "b"}), json!({"f": "a"})],
        &[json!({"f": "a", "g": "a"}), json!({"g": "a"})],
    );
}

#[test]
fn encodings_are_applied_in_their_order() {
    check(
        "{f|base64: foobar}",
        &[json!({"f": "Zm9vYmFy"})],
        &[json!({"f": "xZm9vYmFy"}), json!({"f": "foobar"})],
    );
    check("{f|base64|contains|cased: foobar}", &[json!({"f": "xZm9vYmFyx"})], &[json!({"f": "xzm9vymfyx"})]);
    check("{f|wide|base64|contains: cmd}", &[json!({"f": "YwBtAGQA"})], &[json!({"f": "Y21k"})]);
    check("{f|utf16be|base64: cm}", &[json!({"f": "AGMAbQ=="})], &[json!({"f": "YwBtAA=="})]);
    check("{f|utf16|base64: cm}", &[json!({"f": "//5jAG0A"})], &[json!({"f": "YwBtAA=="})]);
    check("{f|utf16le: cm}", &[json!({"f": "c\u{0}m\u{0}"})], &[json!({"f": "cm"})]);
    check(
        "{f|wide|base64offset|contains: ping}",
        &[json!({"f": "AHAAaQBuAGcA"}), json!({"f": "cABpAG4AZwA"})],
        &[json!({"f": "cGluZw"})],
    );
    // The last character of each shift depends on what follows, so it is not looked for.
    check(
        "{f|base64offset|contains: abcd}",
        &[json!({"f": "YWJjZHg="}), json!({"f": "eGFiY2R4"}), json!({"f": "eHhhYmNkeA=="})],
        &[json!({"f": "YWJjWg=="})],
    );
    check("{f|base64: 'a b\\*'}", &[json!({"f": "YSBiKg=="})], &[json!({"f": "a b*"})]);
}

#[test]
fn windash_takes_the_dashes_for_each_other() {
    let fires = [" -f x", " /f x", " \u{2013}f x", " \u{2014}F x", " \u{2015}f x"].map(|f| json!({ "f": f }));
    check("{f|windash|contains: ' -f '}", &fires, &[json!({"f": " +f x"}), json!({"f": "f x"})]);
    check("{f|windash|contains: ' /f '}", &fires, &[json!({"f": " f x"})]);
    check(
        "{f|windash: '-a-b-c-d-e-f-g-h-i-j*'}",
        &[json!({"f": "/a/b/c/d/e/f/g/h/i-jk"})],
        &[json!({"f": "abcdefghij"})],
    );
}

#[test]
fn keywords_are_looked_for_in_every_value() {
    let nested = json!({"a": {"b": ["x", {"c": "Mimikatz.exe"}]}, "n": 4625});
    check("[mimikatz, other]", from_ref(&nested), &[json!({"mimikatz": "x"}), json!({})]);
    check("mimikatz", from_ref(&nested), &[json!({"a": "mimi katz"})]);
    check("['mimi*exe']", from_ref(&nested), &[json!({"a": "mimi", "b": "exe"})]);
    check("[4625]", from_ref(&nested), &[json!({"n": 46})]);
    check("{'|all': [mimikatz, '4625']}", from_ref(&nested), &[json!({"a": "mimikatz"})]);
    check("{'|re': '^Mimi'}", from_ref(&nested), &[json!({"a": "mimikatz"})]);
    check("{'|startswith': mimi}", from_ref(&nested), &[json!({"a": "xmimi"})]);
    check("[kiwi, {n: 4625}]", &[nested, json!({"z": "kiwi"})], &[json!({"n": 1})]);
}

#[test]
fn a_map_is_its_json_to_contains_and_re_only() {
    let event = json!({"f": {"versioning": {"Status": "Suspended"}}});
    check("{f|contains: suspended}", from_ref(&event), &[json!({"f": {"Status": "Enabled"}})]);
    check("{f|re: '\"Status\":\"Susp'}", from_ref(&event), &[json!({"f": {"Status": "Enabled"}})]);
    check("{f: '*Suspended*'}", from_ref(&event), &[json!({"f": {}})]);
    check("{f|startswith: '{'}", &[json!({"f": "{"})], from_ref(&event));
    check("{f|endswith: '}'}", &[json!({"f": "}"})], from_ref(&event));
}

#[test]
fn conditions_bind_as_specified() {
    condition("a", "a ab ac abc");
    condition("not a", "- b c bc");
    condition("a and b or c", "ab c ac bc abc");
    condition("a or b and c", "a ab ac bc abc");
    condition("(a or b) and c", "ac bc abc");
    condition("not a and b", "b bc");
    condition("not (a and b)", "- a b c ac bc");
    condition("not not a", "a ab ac abc");
    condition("not a or not b", "- a b c ac bc");
    condition("a and not b and not c", "a");
    condition("( ( a ) )", "a ab ac abc");
    condition("[a, b and c]", "a ab ac bc abc");
    condition("\"a\\n  and b\"", "ab abc");
}

#[test]
fn quantifiers_count_selections() {
    condition("1 of them", "a b ab c ac bc abc");
    condition("any of them", "a b ab c ac bc abc");
    condition("all of them", "abc");
    condition("2 of them", "ab ac bc abc");
    condition("1 of a*", "a ab ac abc");
    condition("not 1 of them", "-");
    condition("a and not 1 of *b*", "a ac");
    condition("all of *", "abc");
}

#[test]
fn names_with_an_underscore_are_left_out_unless_asked_for() {
    let detection =
        |condition: &str| rule(&format!("sel_a: {{f: 1}}\n_sel_b: {{g: 1}}\ncondition: {condition}"));
    let hidden = json!({"g": 1});
    assert!(!detection("1 of them").matches(&hidden));
    assert!(!detection("1 of *sel*").matches(&hidden));
    assert!(detection("1 of _sel*").matches(&hidden));
    assert!(detection("sel_a or _sel_b").matches(&hidden));
}

#[test]
fn names_may_look_like_operators() {
    assert!(
        rule("and_more: {f: 1}\nnot-this: {g: 1}\ncondition: and_more and not not-this")
            .matches(&json!({"f": 1}))
    );
}

#[test]
fn broken_conditions_say_where() {
    let with = |condition: &str| format!("sel: {{f: 1}}\nfilter: {{g: 1}}\ncondition: {condition}");
    for (condition, expected) in [
        ("sell", "rule.yml:3:12: `sell` is not a selection of this rule (did you mean `sel`?)"),
        ("sel and", "the condition ends where a selection should stand, at character 8"),
        ("sel filter", "`filter` stands where `and` or `or` should"),
        ("sel AND filter", "operators are written in lower case"),
        ("NOT sel", "operators are written in lower case"),
        ("(sel or filter", "`(` is never closed"),
        ("sel)", "`)` stands where `and` or `or` should"),
        ("and sel", "`and` stands where a selection should"),
        ("sel | count() > 5", "correlation rules"),
        ("1 of nothing*", "no selection is named like `nothing*`"),
        ("3 of them", "`3 of them` can never be: there are 2"),
        ("0 of them", "`0 of` is always true"),
        ("most of them", "`most of` is not a quantifier"),
        ("1 of", "`of` is followed by nothing"),
        ("sel*", "write `1 of sel*` or `all of sel*`"),
        ("''", "the condition ends"),
        ("7", "a condition is a text, not a number"),
        ("[]", "the condition is an empty list"),
    ] {
        refused(&with(condition), expected);
    }
    refused("sel: {f: 1}", "the rule has no `condition`");
    refused("condition: a", "`a` is not a selection");
    refused("sel: {f: 1}\ntimeframe: 5m\ncondition: sel", "correlation rules");
    refused("[1]", "a detection is a map of selections, not a list");
}

#[test]
fn broken_selections_say_what_to_do() {
    for (selection, expected) in [
        ("{f|contain: a}", "`contain` is not a modifier, in `f|contain` (did you mean `contains`?)"),
        ("{f|xyzzy: a}", "the modifiers are all, base64"),
        ("{f|expand: '%admins%'}", "placeholders, which are not supported"),
        ("{f|contains|endswith: a}", "`contains` and `endswith` do not go together"),
        ("{f|re|contains: a}", "anchor it with"),
        ("{f|gt|lt: 1}", "`gt` and `lt` do not go together"),
        ("{f|cidr|contains: 10.0.0.0/8}", "`cidr` and `contains` do not go together"),
        ("{f|cidr|re: 10.0.0.0/8}", "`cidr` and `re` do not go together"),
        ("{f|endswith|fieldref: a}", "put `fieldref` first"),
        ("{f|i: a}", "`i` says nothing without `re`"),
        ("{f|base64|re: a}", "`base64` changes a text"),
        ("{f|exists|neq: true}", "`exists` goes with no other modifier"),
        ("{f|exists: maybe}", "`exists` is true or false"),
        ("{f|exists: [true, false]}", "several values"),
        ("{f|all: a}", "of which `all` says nothing"),
        ("{f|re: '(?=a)b'}", "look-around"),
        ("{f|re: '('}", "is not a regular expression we read"),
        ("{f|cidr: 10.0.0.0/33}", "`10.0.0.0/33` is not a network"),
        ("{f|gt: ten}", "`ten` is not a number"),
        ("{f|gt: nan}", "`nan` is not a number"),
        ("{f|hour: noon}", "`noon` is not a number"),
        ("{f|contains: null}", "`null` is compared by itself"),
        ("{f|fieldref: 'a*'}", "is not the name of a field"),
        ("{f|base64: 'a*'}", "wildcards"),
        ("{f|utf16: a}", "in UTF-16 is not a text"),
        ("{f|base64|windash|wide|wide: a}", "encoded in UTF-16 twice"),
        ("{f|base64offset|contains: ''}", "too short"),
        ("{'f[any]': a}", "any of its elements may match"),
        ("{'f[0].b': a}", "as Sigma 3 will"),
        ("{f: {g: a}}", "write nested fields with dots"),
        ("{f: [[a]]}", "not a list"),
        ("{f: []}", "has no value and would never match"),
        ("{'|gt': 1}", "asks something of a field and names none"),
        ("{'|neq': a}", "asks something of a field and names none"),
        ("[null]", "`null` is not a keyword"),
        ("{}", "a selection without fields"),
        ("[]", "the selection `s` is an empty list"),
        ("null", "the selection `s` is nothing"),
        ("[[a]]", "not a list"),
    ] {
        refused(&format!("s: {selection}\ncondition: s"), expected);
    }
}

#[test]
fn every_fault_of_a_rule_is_said_at_once() {
    let (_, diagnostics) = compile(&node("a: {f|gt: x, g|nope: 1}\nb: []\ncondition: c"));
    assert_eq!(diagnostics.len(), 4, "{diagnostics:?}");
}

#[test]
fn what_is_odd_is_a_warning() {
    let (rule, diagnostics) = compile(&node("a: {f: ['', null]}\nb: {g: 1}\n_c: {h: 1}\ncondition: a"));
    assert!(rule.is_some());
    let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`null` in a list of values of `f`, which the specification forbids",
            "the condition does not use `b`"
        ]
    );
}

#[test]
fn nesting_is_bounded() {
    for condition in
        [format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000)), format!("{}a", "not ".repeat(10_000))]
    {
        refused(&format!("a: {{f: 1}}\ncondition: '{condition}'"), "nested deeper than 64 levels");
    }
    let wide = format!("a: {{f: 1}}\ncondition: '{}a'", "a and ".repeat(10_000));
    assert!(rule(&wide).matches(&json!({"f": 1})));
    refused(&format!("s: {{f|re: '{}'}}\ncondition: s", "(".repeat(10_000)), "regular expression");
}

#[test]
fn deep_events_are_searched_without_deep_stacks() {
    let (mut map, mut list) = (json!("needle"), json!("needle"));
    for _ in 0..10_000 {
        map = Value::Object([("a".to_owned(), map)].into_iter().collect());
        list = Value::Array(vec![list]);
    }
    let event = Value::Object([("f".to_owned(), map), ("g".to_owned(), list)].into_iter().collect());
    let matches = |yaml: &str| selection(yaml).matches(&event);
    assert!(matches("needle") && matches("{g: needle}") && matches("{f.a.a|exists: true}"));
    assert!(!matches("{f|contains: needle}") && !matches("{f|re: needle}") && !matches("{g.a: needle}"));
    // Dropping so deep a value would itself take the stack.
    std::mem::forget(event);
}

#[test]
fn a_rule_says_what_it_reads_and_which_selections_match() {
    let rule = rule("a: {f: 1, g|fieldref: h}\nb: [word]\ncondition: a or b");
    assert_eq!(rule.fields(), ["f", "g", "h"]);
    assert_eq!(rule.selections().collect::<Vec<_>>(), ["a", "b"]);
    assert!(rule.reads_every_field());
    assert_eq!(rule.selections_of(&json!({"x": "words"})), ["b"]);
    assert!(!selection("{f: 1}").reads_every_field());
}

/// What can be taken out of a rule, one to a line.
fn deletable(yaml: &str, expected: &[&str]) {
    let rule = rule(yaml);
    let found: Vec<String> = rule.deletions().into_iter().map(|deletion| deletion.what).collect();
    assert_eq!(found, expected, "{yaml}");
    assert!(
        (0..found.len()).all(|index| rule.without(index).is_some()) && rule.without(found.len()).is_none()
    );
}

#[test]
fn every_condition_can_be_taken_out_but_the_last() {
    deletable("a: {f: 1}\ncondition: a", &[]);
    deletable(
        "a: {f: 1, g: [x, y]}\nb: {h: 1}\ncondition: a and not b",
        &[
            "the field `f` of `a`",
            "the field `g` of `a`",
            "the value `x` of `g` of `a`",
            "the value `y` of `g` of `a`",
            "`a` of the condition",
            "`not b` of the condition",
        ],
    );
    deletable(
        "a: [{f: 1}, {g: 1, h: 1}]\ncondition: not a",
        &["alternative 1 of `a`", "alternative 2 of `a`", "the field `g` of `a`", "the field `h` of `a`"],
    );
    deletable(
        "a: [x, y]\ncondition: a",
        &["the value `x` of `keywords` of `a`", "the value `y` of `keywords` of `a`"],
    );
    deletable(
        "a: {f: 1}\nb: {g: 1}\ncondition: all of them",
        &["`a` of the condition", "`b` of the condition"],
    );
    deletable("a: {f: 1}\nb: {g: 1}\ncondition: 2 of them", &[]);
}

#[test]
fn a_mutant_is_the_rule_without_that_condition() {
    let rule = rule("a: {f: 1, g: [x, y]}\nb: {h: 1}\nc: {i: 1}\ncondition: a and not (b or c)");
    let mut shown = String::new();
    let events = [
        json!({"f": 1, "g": "x"}),
        json!({"g": "y"}),
        json!({"f": 1}),
        json!({"f": 1, "g": "x", "h": 1}),
        json!({}),
    ];
    for (index, deletion) in rule.deletions().into_iter().enumerate() {
        let mutant = rule.without(index).unwrap();
        let hits: String = events.iter().map(|event| if mutant.matches(event) { '1' } else { '0' }).collect();
        writeln!(shown, "{hits} without {}", deletion.what).unwrap();
    }
    assert_eq!(
        shown,
        "11000 without the field `f` of `a`\n\
         10100 without the field `g` of `a`\n\
         00000 without the value `x` of `g` of `a`\n\
         10000 without the value `y` of `g` of `a`\n\
         11101 without `a` of the condition\n\
         10010 without `not (b or c)` of the condition\n\
         10010 without `b` of the condition\n\
         10000 without `c` of the condition\n"
    );
}

fn community(yaml: &str) -> (Option<CommunityRule>, Vec<String>) {
    let (rule, diagnostics) = parse_community_rule(&node(yaml));
    assert!(diagnostics.iter().all(is_helpful), "{diagnostics:?}");
    (rule, diagnostics.iter().map(ToString::to_string).collect())
}

#[test]
fn community_rules_keep_what_their_authors_say() {
    let (read, diagnostics) = community(
        "title: A key was made\nid: 0a5b\nstatus: test\nlevel: high\nauthor: Ann\nlicense: MIT\n\
         logsource: {product: aws, service: cloudtrail, definition: all of it}\n\
         tags: [attack.persistence, attack.t1098.001]\nreferences: [https://example.com]\nfalsepositives: Rotation\n\
         custom: {x: 1}\ndetection: {s: {eventName: CreateAccessKey}, condition: s}\n",
    );
    let read = read.unwrap_or_else(|| panic!("{diagnostics:?}"));
    assert_eq!(diagnostics, [""; 0]);
    assert_eq!(
        (read.title.as_ref(), read.status, read.level),
        ("A key was made", Some(Status::Test), Some(Severity::High))
    );
    assert_eq!(
        (read.log_source.product.as_deref(), read.log_source.service.as_deref()),
        (Some("aws"), Some("cloudtrail"))
    );
    assert_eq!(
        (read.attack(), read.false_positives.len(), read.references.len()),
        (vec!["T1098.001".to_owned()], 1, 1)
    );
    assert!(read.rule.matches(&json!({"eventName": "CreateAccessKey"})));
}

#[test]
fn what_is_no_single_event_rule_is_refused_by_name() {
    let sound = "title: t\nlogsource: {product: aws}\ndetection: {s: {f: 1}, condition: s}\n";
    for (yaml, expected) in [
        ("title: t\ncorrelation: {type: event_count}".to_owned(), "correlation rules are not supported yet"),
        (format!("{sound}filter: {{rules: any}}"), "filters are not supported yet"),
        ("action: global\ntitle: t".to_owned(), "write each rule whole"),
        (sound.replace("title: t\n", ""), "the rule has no `title`"),
        (sound.replace("logsource: {product: aws}\n", ""), "the rule has no `logsource`"),
        (sound.replace("product: aws", "definition: x"), "names no log"),
        ("title: t\nlogsource: {product: aws}".to_owned(), "the rule has no `detection`"),
        ("[1]".to_owned(), "a Sigma rule is a map, not a list"),
    ] {
        let (rule, diagnostics) = community(&yaml);
        assert!(rule.is_none() && diagnostics[0].contains(expected), "{diagnostics:?} for {yaml}");
    }
    let (rule, diagnostics) =
        community(&format!("{sound}level: hgih\nstatus: new\ntags: [[a]]\nauthor: [Ann]\n"));
    assert!(rule.is_some_and(|rule| rule.level.is_none()));
    assert_eq!(diagnostics.len(), 4);
    assert!(
        diagnostics.iter().any(|said| said.contains("`hgih` is not a level (did you mean `high`?)")),
        "{diagnostics:?}"
    );
}
