//! Templates that are broken or hostile.

use crate::{read, show};
use palisade_document::decode;
use palisade_model::Level;

fn check(text: &str, expected: &str) {
    assert_eq!(show(&read(text, &[])), expected, "{text}");
}

#[test]
fn line_ends_and_the_byte_order_mark_do_not_matter() {
    let bytes = b"\xEF\xBB\xBFResources:\r\n  A:\r\n    Type: X::Y::Z\r\n";
    check(decode(&"f".into(), bytes).unwrap(), "A X::Y::Z");
}

#[test]
fn an_error_in_the_text_keeps_the_resources_before_it() {
    check(
        "Resources:\n  A: {Type: X::Y::Z}\n  B:\n    Type: X::Y::Z\n    Properties: {C: [\n",
        "A X::Y::Z\nB X::Y::Z (if it could not be read: while parsing a node, did not find expected node content)\n\
         f:6:1: while parsing a node, did not find expected node content (what follows is not read)",
    );
    check(
        r#"{"Resources": {"A": {"Type": "X::Y::Z"}, "B": {"Type": "X::Y"#,
        "A X::Y::Z\nB unknown (if it could not be read: this text has no closing quote)\n\
         f:1:56: this text has no closing quote (what follows is not read)",
    );
    check(
        "AWSTemplateFormatVersion: '2010-09-09\nResources: {}\n",
        "f:1:27: invalid indentation in quoted scalar (what follows is not read)",
    );
}

#[test]
fn of_a_resource_given_twice_the_last_counts() {
    let message = "`A` is given twice; the first at";
    check(
        "Resources:\n  A: {Type: X::Y::Z}\n  A: {Type: U::V::W}\n",
        &format!("A U::V::W\nf:3:3: {message} 2:3 is not read (keep one of them)"),
    );
    check(
        r#"{"Resources": {"A": {"Type": "X::Y::Z"}, "A": {"Type": "U::V::W"}}}"#,
        &format!("A U::V::W\nf:1:42: {message} 1:16 is not read (keep one of them)"),
    );
}

#[test]
fn ten_thousand_levels_are_a_diagnostic() {
    let deep = [
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "\n".to_owned()
            + &(0..1_000).map(|level| format!("{}a: \n", " ".repeat(5 + level))).collect::<String>(),
        format!("{}x{}", "!Join ['', [".repeat(10_000), "]]".repeat(10_000)),
        format!("{}x{}", "!Not [".repeat(120), "]".repeat(120)),
    ];
    for value in deep {
        let text = format!("Resources:\n  A: {{Type: X::Y::Z}}\n  B:\n    Properties:\n     {value}\n");
        let template = read(&text, &[]);
        assert_eq!(&*template.resources[0].address.name, "A");
        assert!(!template.diagnostics.is_empty());
    }
    let json = format!(r#"{{"Resources": {{"A": {{"Type": "X::Y::Z", "P": {}"#, "[".repeat(10_000));
    assert_eq!(read(&json, &[]).resources.len(), 1);
}

#[test]
fn the_deepest_functions_that_are_read_are_evaluated() {
    let value = format!("{}x{}", "!Join ['', [".repeat(60), "]]".repeat(60));
    let conditions = format!("{}!Equals [a, a]{}", "!Not [".repeat(110), "]".repeat(110));
    let text = format!(
        "Conditions:\n  C: {conditions}\nResources:\n  A:\n    Type: X::Y::Z\n    Condition: C\n    Properties: {{V: {value}}}\n"
    );
    check(&text, "A X::Y::Z");
}

#[test]
fn billion_laughs_are_bounded() {
    let mut laughs = "Resources:\n  A: {Type: X::Y::Z}\nL0: &l0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let ten = [format!("*l{}", level - 1).as_str(); 10].join(", ");
        laughs.push_str(&format!("L{level}: &l{level} [{ten}]\n"));
    }
    let template = read(&laughs, &[]);
    assert_eq!(template.resources.len(), 1);
    assert!(template.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error));
}

#[test]
fn conditions_that_depend_on_themselves_are_reported() {
    check(
        "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n  R: {Type: X::Y::Z, Condition: A}\n",
        "R X::Y::Z (if it could not be read: the condition `A` depends on itself)\n\
         f:3:12: the condition `A` depends on itself (what depends on it counts as unknown)",
    );
}

#[test]
fn long_chains_of_conditions_are_bounded() {
    let mut text = "Conditions:\n".to_owned();
    for condition in 0..10_000 {
        text.push_str(&format!("  C{condition}: !Not [!Condition C{}]\n", condition + 1));
    }
    text.push_str("  C10000: !Equals [a, a]\nResources:\n  R: {Type: X::Y::Z, Condition: C0}\n");
    let template = read(&text, &[]);
    assert_eq!(template.diagnostics.len(), 1);
    assert_eq!(
        template.diagnostics[0].message,
        "the condition `C64` depends on more than 64 others in a row"
    );
}

#[test]
fn what_is_not_a_condition_is_reported() {
    check(
        "Conditions:\n  A: [x]\nResources:\n  R: {Type: X::Y::Z, Condition: A}\n  S: {Type: X::Y::Z, Condition: B}\n",
        "R X::Y::Z (if it could not be read: this is not a condition)\n\
         S X::Y::Z (if it could not be read: `B` is not a condition of this template)\n\
         f:2:6: this is not a condition (what depends on it counts as unknown)\n\
         f:5:33: `B` is not a condition of this template (what depends on it counts as unknown)",
    );
}

#[test]
fn a_template_that_asks_for_huge_values_is_bounded() {
    let text = "x".repeat(10_000);
    let list = vec!["x"; 10_000].join(",");
    let hundred = |call: &str| vec![call; 100].join(", ");
    let template = read(
        &format!(
            "Parameters:\n  T: {{Type: String, Default: {text}}}\n  L: {{Type: CommaDelimitedList, Default: '{list}'}}\n\
             Mappings:\n  M: {{a: {{b: [{list}]}}}}\n\
             Resources:\n  R:\n    Type: X::Y::Z\n    Properties:\n      A: !Sub '{}'\n      B: [{}]\n      C: [{}]\n      D: 1\n",
            "${T}".repeat(11_000),
            hundred("!Ref L"),
            hundred("!FindInMap [M, a, b]"),
        ),
        &[],
    );
    let messages: Vec<&str> =
        template.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(messages, ["the values of this template are too large together"]);
    assert!(template.resources[0].raw.get("Properties").unwrap().get("D").is_some());
}
