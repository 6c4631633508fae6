//! Literals, templates, operators, collections, functions, variables and locals.

use crate::{at, check, check_expression, read_with, resource, show};
use palisade_read_terraform::Options;

#[track_caller]
fn is(expression: &str, expected: &str) {
    check_expression("", expression, expected);
}

#[test]
fn literals_are_what_they_say() {
    is("\"a\"", "\"a\"");
    is("1", "1");
    is("-1", "-1");
    is("1.5", "1.5");
    is("1e3", "1000");
    is("true", "true");
    is("null", "null");
    is("[1, \"a\", [true]]", "[1, \"a\", [true]]");
    is("{ a = 1, \"b c\" = 2, (\"d\") = 3 }", "{a: 1, b c: 2, d: 3}");
    is("\"tab\\tquote\\\"\\u00e9$${x}\"", "\"tab\\tquote\\\"é${x}\"");
}

#[test]
fn blocks_are_lists_even_when_there_is_one() {
    let text = "resource \"aws_x\" \"a\" {\n one { b = 1 }\n two { c = 1 }\n two { c = 2 }\n}\n";
    check(text, "aws_x.a", "", "{one: [{b: 1}], two: [{c: 1}, {c: 2}]}");
}

#[test]
fn heredocs_keep_their_lines_and_lose_their_indentation() {
    is("<<E\n  a\n b\nE", "\"  a\\n b\\n\"");
    is("<<-E\n    a\n      b\n  E", "\"a\\n  b\\n\"");
    is("<<-E\n    a ${1 + 1}\n    b\n    E", "\"a 2\\nb\\n\"");
}

#[test]
fn templates_join_their_parts() {
    is("\"a-${1 + 2}-${true}\"", "\"a-3-true\"");
    is("\"${[1]}\"", "[1]");
    is("\"%{ if true }yes%{ else }no%{ endif }\"", "\"yes\"");
    is("\"%{ for x in [1, 2] }<${x}>%{ endfor }\"", "\"<1><2>\"");
    is("\"a ${~ \"b\" ~} c\"", "\"abc\"");
}

#[test]
fn operators_compute() {
    is("1 + 2 * 3", "7");
    is("7 / 2", "3.5");
    is("6 / 2", "3");
    is("7 % 3", "1");
    is("-(2)", "-2");
    is("1 < 2 && !(2 <= 1)", "true");
    is("1 == 1.0 || false", "true");
    is("\"1\" == 1", "false");
    is("[1] == [1]", "true");
    is("{a = 1} != {a = 2}", "true");
    is("1 > 2 ? \"a\" : \"b\"", "\"b\"");
    is("1 / 0", "?`1 / 0` is not evaluated");
}

#[test]
fn zero_has_a_sign() {
    is("\"x${-0}\"", "\"x-0\"");
    is("tostring(-0)", "\"-0\"");
    is("\"x${0 * -1}\"", "\"x-0\"");
    is("\"x${-0 + 0}\"", "\"x0\"");
    is("{ (\"k${!false ? -0 : (2 + 0)}\") = 1 }", "{k-0: 1}");
    is("\"x${-(1 - 1)}\"", "\"x-0\"");
}

#[test]
fn collections_are_stepped_into() {
    is("[1, 2][1]", "2");
    is("{a = {b = 1}}.a.b", "1");
    is("{a = 1}[\"a\"]", "1");
    is("[{a = 1}, {a = 2}][*].a", "[1, 2]");
    is("[{a = 1}, {a = 2}].*.a[0]", "1");
    is("[1][3]", "?`[1][3]` is not evaluated");
}

#[test]
fn for_expressions_loop() {
    is("[for x in [1, 2, 3] : x * 2 if x > 1]", "[4, 6]");
    is("[for i, x in [\"a\"] : \"${i}${x}\"]", "[\"0a\"]");
    is("{ for k, v in {b = 1, a = 2} : k => v }", "{a: 2, b: 1}");
    is("{ for x in [\"a\", \"b\", \"a\"] : x => 1... }", "{a: [1, 1], b: [1]}");
    is("[for x in toset([\"b\", \"a\", \"b\"]) : x]", "[\"a\", \"b\"]");
}

#[test]
fn functions_compute() {
    is("join(\"-\", split(\",\", \"a,b\"))", "\"a-b\"");
    is("upper(lower(\"aB\"))", "\"AB\"");
    is("format(\"%s-%03d %q %%\", \"a\", 7, \"b\")", "\"a-007 \\\"b\\\" %\"");
    is("merge({a = 1, b = 1}, {b = 2})", "{a: 1, b: 2}");
    is("concat([1], [2])", "[1, 2]");
    is("flatten([[1, [2]], 3])", "[1, 2, 3]");
    is("lookup({a = 1}, \"b\", 3)", "3");
    is("element([1, 2, 3], 4)", "2");
    is("length(\"aé\") + length([1]) + length({a = 1})", "4");
    is("contains([\"a\"], \"a\")", "true");
    is("keys({b = 1, a = 2})", "[\"a\", \"b\"]");
    is("values({b = 1, a = 2})", "[2, 1]");
    is("compact([\"a\", \"\", null])", "[\"a\"]");
    is("coalesce(null, \"\", \"a\")", "\"a\"");
    is("distinct([1, 1, 2])", "[1, 2]");
    is("try([1][4], {}.a, \"z\")", "\"z\"");
    is("can([1][4])", "false");
    is("tonumber(\"1.5\")", "1.5");
    is("tobool(\"true\")", "true");
    is("tostring(1)", "\"1\"");
    is("tolist([1, \"a\"])", "[\"1\", \"a\"]");
    is("replace(\"a.b\", \".\", \"-\")", "\"a-b\"");
    is("trim(\"xax\", \"x\")", "\"a\"");
    is("trimspace(\" a \")", "\"a\"");
    is("base64encode(\"hello\")", "\"aGVsbG8=\"");
    is("base64decode(\"aGVsbG8=\")", "\"hello\"");
    is("merge([{a = 1}, {b = 2}]...)", "{a: 1, b: 2}");
    is("jsondecode(\"{\\\"a\\\": [1]}\").a", "[1]");
    is(
        "replace(jsonencode({b = \"<\", a = 1}), \"1\", \"2\")",
        "\"{\\\"a\\\":2,\\\"b\\\":\\\"\\\\u003c\\\"}\"",
    );
    is("nonsense(1)", "?`nonsense(1)` is not evaluated");
    is("file(\"x\")", "?it could not be read: `x`: there is no such file!:text");
    is("timestamp()", "?`timestamp()` is known only after apply!:text");
    is("abspath(\"x\")", "?`abspath(\"x\")` is not evaluated!:text");
}

#[test]
fn encoded_json_keeps_its_structure() {
    is("jsonencode({a = [1]})", "{a: [1]}");
    is("jsonencode(\"a\")", "\"\\\"a\\\"\"");
    check_expression(
        "variable \"v\" {}\n",
        "jsonencode({a = var.v, b = 1})",
        "{a: ?`var.v` has no value, b: 1}",
    );
}

#[test]
fn json_in_a_template_hides_only_its_unknown_parts() {
    let variables = "variable \"v\" {}\nvariable \"l\" { type = list(string) }\n";
    check_expression(
        variables,
        "<<E\n{\"a\": \"x\", \"b\": \"${var.v}\", \"c\": \"p-${var.v}\", \"d\": ${var.v}, \"e\": [1, ${join(\",\", var.l)}]}\nE",
        "{a: \"x\", b: ?`var.v` has no value!:text, c: ?`var.v` has no value!:text, \
         d: ?`var.v` has no value, e: [1, ...?`var.l` has no value]}",
    );
    check_expression(variables, "\"a ${var.v}\"", "?`var.v` has no value!:text");
    check_expression(variables, "\"{${var.v}\"", "?`var.v` has no value!:text");
}

#[test]
fn the_first_cause_of_an_unknown_is_kept() {
    let variables =
        "variable \"v\" {}\nvariable \"w\" {\n type = map(string)\n}\nlocals {\n l = [var.v]\n}\n";
    check_expression(variables, "upper(var.v)", "?`var.v` has no value!:text");
    check_expression(variables, "var.v + 1", "?`var.v` has no value!:number");
    check_expression(variables, "local.l", "[?`var.v` has no value]");
    check_expression(variables, "local.l[0]", "?`var.v` has no value");
    check_expression(variables, "length(local.l)", "1");
    check_expression(variables, "var.w", "?`var.w` has no value:map");
    check_expression(variables, "var.w.x", "?`var.w` has no value");
    check_expression(
        variables,
        "merge({a = 1}, var.w)",
        "{a: ?`var.w` has no value, ...?`var.w` has no value:map}",
    );
    check_expression(variables, "merge(var.w, {a = 1})", "{a: 1, ...?`var.w` has no value:map}");
    check_expression(variables, "concat([1], var.v)", "[1, ...?`var.v` has no value]");
    check_expression(variables, "[for x in [1, 2] : x if x == var.v]", "[...?`var.v` has no value!:bool]");
}

#[test]
fn what_unknowns_leave_certain_is_certain() {
    let variables = "variable \"v\" {}\n";
    check_expression(variables, "var.v && false", "false");
    check_expression(variables, "true || var.v", "true");
    check_expression(variables, "var.v ? 1 : 1", "1");
    check_expression(variables, "var.v ? \"a\" : \"b\"", "?`var.v` has no value!:text");
    check_expression(variables, "var.v ? \"a\" : null", "?`var.v` has no value");
    check_expression(variables, "contains([\"a\", var.v], \"a\")", "true");
    check_expression(variables, "contains([\"b\", var.v], \"a\")", "?`var.v` has no value!:bool");
    check_expression(variables, "\"x${var.v}\" == null", "false");
    check_expression(variables, "alltrue([var.v, false])", "false");
    check_expression(variables, "length(toset([var.v, \"a\"]))", "?`var.v` has no value!:number");
}

#[test]
fn variables_have_defaults_and_types() {
    let variable = |body: &str| format!("variable \"v\" {{\n{body}\n}}\n");
    check_expression(&variable("default = \"true\"\ntype = bool"), "var.v", "true");
    check_expression(&variable("default = 1\ntype = string"), "var.v", "\"1\"");
    check_expression(
        &variable("default = [\"b\", \"a\", \"a\"]\ntype = set(string)"),
        "var.v",
        "[\"a\", \"b\"]",
    );
    check_expression(
        &variable(
            "type = object({ a = string, b = optional(number, 5), c = optional(bool) })\ndefault = { a = 1, z = 2 }",
        ),
        "var.v",
        "{a: \"1\", b: 5, c: null}",
    );
    check_expression(&variable("type = list(string)"), "var.v", "?`var.v` has no value:list");
    check_expression(&variable("type = string\nnullable = false"), "var.v", "?`var.v` has no value!:text");
    check_expression("", "var.undeclared", "?`var.undeclared` is not evaluated");
}

#[test]
fn the_value_given_last_counts() {
    let text = "== main.tf\nvariable \"v\" {\n default = 0\n type = number\n}\nresource \"aws_x\" \"a\" {\n v = var.v\n}\n";
    let with = |files: &str, options: &Options| {
        let configuration = read_with(&format!("{text}{files}"), options);
        show(at(resource(&configuration, "aws_x.a"), "v").expect("v"))
    };
    let none = Options::default();
    assert_eq!(with("", &none), "0");
    let first = "== terraform.tfvars\nv = 1\n";
    assert_eq!(with(first, &none), "1");
    let second = format!("{first}== b.auto.tfvars\nv = 3\n== a.auto.tfvars.json\n{{\"v\": 2}}\n");
    assert_eq!(with(&second, &none), "3");
    let mut options = Options::default();
    options.variable_files.push(("x.tfvars".into(), "v = 4".into()));
    assert_eq!(with(&second, &options), "4");
    options.variables.insert("v".into(), "5".into());
    assert_eq!(with(&second, &options), "5");
}

#[test]
fn a_value_given_as_text_is_read_by_its_type() {
    let read = |kind: &str, value: &str| {
        let mut options = Options::default();
        options.variables.insert("v".into(), value.into());
        let text = format!("variable \"v\" {{\n{kind}\n}}\nresource \"aws_x\" \"a\" {{\n v = var.v\n}}\n");
        let configuration = read_with(&text, &options);
        show(at(resource(&configuration, "aws_x.a"), "v").expect("v"))
    };
    assert_eq!(read("", "[1]"), "\"[1]\"");
    assert_eq!(read("type = list(number)", "[1]"), "[1]");
    assert_eq!(read("type = bool", "true"), "true");
    assert_eq!(read("type = list(number)", "[1"), "?it could not be read: expected `]`:list");
}

#[test]
fn locals_follow_each_other_and_may_not_turn_in_circles() {
    check_expression("locals {\n a = local.b + 1\n b = 1\n}\n", "local.a", "2");
    let text = "locals {\n a = local.b\n b = local.a\n}\nresource \"aws_x\" \"a\" {\n v = local.a\n}\n";
    let configuration = crate::read(text);
    assert!(show(at(resource(&configuration, "aws_x.a"), "v").expect("v")).starts_with("?`local."));
    assert_eq!(crate::diagnostics(&configuration), ["main.tf:2:6: `local.a` needs itself to be evaluated"]);
}

#[test]
fn dynamic_blocks_are_expanded_as_far_as_they_are_known() {
    let dynamic = |each: &str| {
        format!(
            "variable \"v\" {{}}\nresource \"aws_x\" \"a\" {{\n rule {{ p = 0 }}\n dynamic \"rule\" {{\n for_each = {each}\n \
             content {{ p = rule.value }}\n }}\n}}\n"
        )
    };
    check(&dynamic("[1, 2]"), "aws_x.a", "rule", "[{p: 0}, {p: 1}, {p: 2}]");
    check(&dynamic("{a = 1}"), "aws_x.a", "rule", "[{p: 0}, {p: 1}]");
    check(&dynamic("[]"), "aws_x.a", "rule", "[{p: 0}]");
    check(&dynamic("var.v"), "aws_x.a", "rule", "[{p: 0}, ...?`var.v` has no value]");
    check(&dynamic("concat([1], var.v)"), "aws_x.a", "rule", "[{p: 0}, {p: 1}, ...?`var.v` has no value]");
}

#[test]
fn names_in_lifecycle_are_names() {
    let text = "resource \"aws_x\" \"a\" {\n depends_on = [aws_y.b]\n provider = aws.west\n lifecycle {\n \
                ignore_changes = [tags, rule[0].x]\n prevent_destroy = true\n }\n provisioner \"local-exec\" {\n command = \"x\"\n }\n}\n";
    check(
        text,
        "aws_x.a",
        "lifecycle",
        "[{ignore_changes: [\"tags\", \"rule[0].x\"], prevent_destroy: true}]",
    );
    check(text, "aws_x.a", "depends_on", "[\"aws_y.b\"]");
    check(text, "aws_x.a", "provider", "\"aws.west\"");
    check(text, "aws_x.a", "provisioner", "[{local-exec: {command: \"x\"}}]");
}

#[test]
fn json_syntax_says_the_same() {
    let text = r#"== main.tf.json
{
  "//": "a comment",
  "variable": {"v": {"type": "list(string)", "default": ["x"]}},
  "locals": [{"l": "${var.v[0]}-y"}],
  "resource": {
    "aws_x": {"a": {"name": "n-${local.l}", "n": 1, "rule": [{"p": 1}], "tags": {"k": "v"},
      "dynamic": {"block": {"for_each": ["q"], "content": {"z": "${block.value}"}}}}},
    "aws_y": [{"b": {"ref": "${aws_x.a.id}"}}]
  }
}
"#;
    check(
        text,
        "aws_x.a",
        "",
        "{name: \"n-x-y\", n: 1, rule: [{p: 1}], tags: {k: \"v\"}, block: [{z: \"q\"}]}",
    );
    check(text, "aws_y.b", "ref", "?`aws_x.a.id` is known only after apply!:text -> aws_x.a.id");
}

#[test]
fn values_know_their_place() {
    let text = "resource \"aws_x\" \"a\" {\n  list = [\n    \"é\", var.v]\n  block {\n    b = 1\n  }\n}\nvariable \"v\" {}\n";
    let configuration = crate::read(text);
    let place = |path: &str| {
        let span =
            at(resource(&configuration, "aws_x.a"), path).expect(path).origin.span().expect("span").clone();
        format!("{:?}-{:?}", span.start, span.end)
    };
    assert_eq!(place("list.0"), "3:5-3:8");
    assert_eq!(place("list.1"), "3:10-3:15");
    assert_eq!(place("block.0"), "4:3-4:8");
    assert_eq!(place("block.0.b"), "5:9-5:10");
    let header = resource(&configuration, "aws_x.a").origin.span().expect("span").clone();
    assert_eq!(format!("{header}-{:?}", header.end), "main.tf:1:1-1:21");
}
