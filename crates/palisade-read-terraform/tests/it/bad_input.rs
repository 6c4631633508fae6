//! Whatever is wrong with a file, it is said where, and no resource is dropped.

use crate::{addresses, diagnostics, read, read_bytes, resource, show};

#[track_caller]
fn check(text: &str, expected_addresses: &[&str], expected_diagnostics: &[&str]) {
    let configuration = read(text);
    assert_eq!(addresses(&configuration), expected_addresses, "{text}");
    let found = diagnostics(&configuration);
    assert_eq!(found.len(), expected_diagnostics.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected_diagnostics) {
        assert!(found.starts_with(expected), "{found} should begin with {expected}");
    }
}

#[test]
fn a_broken_block_takes_no_other_with_it() {
    let text = "resource \"aws_x\" \"a\" {\n v = 1\n}\nresource \"aws_x\" \"b\" {\n v = = 2\n}\nresource \"aws_x\" \"c\" {\n v = 3\n}\n";
    check(
        text,
        &["aws_x.a", "aws_x.b", "aws_x.c"],
        &["main.tf:5:6: `resource \"aws_x\" \"b\"` could not be read: "],
    );
    let configuration = read(text);
    assert_eq!(show(&resource(&configuration, "aws_x.c").raw), "{v: 3}");
    assert!(show(&resource(&configuration, "aws_x.b").raw).starts_with("?it could not be read: "));
}

#[test]
fn a_missing_brace_is_found_at_the_next_block() {
    check(
        "resource \"aws_x\" \"a\" {\n v = 1\n\nresource \"aws_x\" \"b\" {\n v = 2\n}\n\nvariable \"v\" {\n}\nresource \"aws_x\" \"c\" {\n}\n",
        &["aws_x.a", "aws_x.b", "aws_x.c"],
        &["main.tf:"],
    );
}

#[test]
fn open_strings_and_heredocs_end() {
    check(
        "resource \"aws_x\" \"a\" {\n v = \"oh\n}\nresource \"aws_x\" \"b\" {\n}\n",
        &["aws_x.a", "aws_x.b"],
        &["main.tf:2:"],
    );
    check(
        "resource \"aws_x\" \"a\" {\n v = <<E\n never ends\n}\nresource \"aws_x\" \"b\" {\n}\n",
        &["aws_x.a", "aws_x.b"],
        &["main.tf:"],
    );
}

#[test]
fn what_an_open_comment_hides_is_found() {
    check(
        "resource \"aws_x\" \"a\" {\n}\n/* no end\nresource \"aws_x\" \"b\" {\n}\n",
        &["aws_x.a", "aws_x.b"],
        &["main.tf:3:1: this could not be read"],
    );
}

#[test]
fn dynamic_blocks_in_dynamic_blocks_end() {
    let text = format!(
        "resource \"aws_x\" \"a\" {{\n{}{}}}\n",
        "dynamic \"x\" {\n for_each = range(1000)\n content {\n".repeat(20),
        "}\n}\n".repeat(20)
    );
    let configuration = read(&text);
    assert_eq!(addresses(&configuration), ["aws_x.a"]);
    assert!(diagnostics(&configuration)[0].contains("takes too long"));
}

#[test]
fn stray_text_is_said_to_be_wrong() {
    check("}\nresource \"aws_x\" \"a\" {\n}\n", &["aws_x.a"], &["main.tf:1:1: this could not be read"]);
    check("<html>\n", &[], &["main.tf:1:1: this could not be read"]);
    check(
        "resource \"aws_x\" {\n}\n",
        &[],
        &["main.tf:1:1: a `resource` block has 2 labels, this one has 1"],
    );
    check("", &[], &[]);
    check("# nothing\n", &[], &[]);
}

#[test]
fn marks_and_line_ends_of_other_systems_are_read() {
    check("\u{feff}resource \"aws_x\" \"a\" {\r\n  v = 1\r\n}\r\n", &["aws_x.a"], &[]);
    check(
        "resource \"aws_x\" \"a\" {\r\n  v = <<E\r\nx\r\nE\r\n}\r\nresource \"aws_x\" \"b\" {\r\n = \r\n}\r\n",
        &["aws_x.a", "aws_x.b"],
        &["main.tf:7:"],
    );
}

#[test]
fn bytes_that_are_not_text_are_said_to_be_wrong() {
    let configuration =
        read_bytes("a.tf", b"resource \"aws_x\" \"a\" {\n  v = \"\xff\"\n}\nresource \"aws_x\" \"b\" {\n}\n");
    assert_eq!(addresses(&configuration), ["aws_x.a", "aws_x.b"]);
    assert!(diagnostics(&configuration)[0].starts_with("a.tf:2:8: this is not UTF-8"));
    let configuration = read_bytes("a.tf", b"\x00\x01\x02");
    assert!(diagnostics(&configuration)[0].contains("binary"));
}

#[test]
fn any_depth_of_nesting_is_a_diagnostic() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{a=", "}"),
        ("f(", ")"),
        ("\"${", "}\""),
        ("!", ""),
        ("-", ""),
        ("1+(", ")"),
    ] {
        for depth in [30, 60, 10_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let text =
                format!("resource \"aws_x\" \"a\" {{\n v = {deep}\n}}\nresource \"aws_x\" \"b\" {{\n}}\n");
            let configuration = read(&text);
            assert_eq!(addresses(&configuration), ["aws_x.a", "aws_x.b"], "{open}");
            assert_eq!(
                configuration.diagnostics.is_empty(),
                depth < 10_000 && configuration.diagnostics.is_empty()
            );
            assert!(depth < 10_000 || !configuration.diagnostics.is_empty(), "{open}");
        }
    }
    let blocks =
        format!("resource \"aws_x\" \"a\" {{\n{}{}}}\n", "b {\n".repeat(10_000), "}\n".repeat(10_000));
    check(&blocks, &["aws_x.a"], &["main.tf:"]);
    let json =
        format!("== main.tf.json\n{{\"resource\": {{\"aws_x\": {{\"a\": {}}}}}}}\n", "[".repeat(10_000));
    assert!(!read(&json).diagnostics.is_empty());
}

#[test]
fn long_chains_of_references_end() {
    let mut text = String::from("resource \"aws_x\" \"a\" {\n v = local.l0\n}\nlocals {\n");
    for at in 0..10_000 {
        text.push_str(&format!(" l{at} = [local.l{}]\n", at + 1));
    }
    text.push_str(" l10000 = 1\n}\n");
    assert_eq!(addresses(&read(&text)), ["aws_x.a"]);
    let mut text = String::from("resource \"aws_x\" \"a0\" {\n v = 1\n}\n");
    for at in 1..3_000 {
        text.push_str(&format!("resource \"aws_x\" \"a{at}\" {{\n v = [aws_x.a{}.v]\n}}\n", at - 1));
    }
    assert_eq!(read(&text).resources.len(), 3_000);
}

#[test]
fn values_that_double_a_hundred_times_end() {
    for (seed, double) in [
        ("[1]", "concat(local.X, local.X)"),
        ("\"ab\"", "\"${local.X}${local.X}\""),
        ("1", "[local.X, local.X]"),
    ] {
        let mut text = format!("resource \"aws_x\" \"a\" {{\n v = local.l100\n}}\nlocals {{\n l0 = {seed}\n");
        for at in 1..=100 {
            text.push_str(&format!(" l{at} = {}\n", double.replace('X', &format!("l{}", at - 1))));
        }
        text.push_str("}\n");
        assert_eq!(addresses(&read(&text)), ["aws_x.a"]);
    }
    let loops = "resource \"aws_x\" \"a\" {\n v = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]\n}\n";
    let configuration = read(loops);
    assert!(diagnostics(&configuration)[0].contains("takes too long"));
}

#[test]
fn an_object_of_very_many_entries_is_refused_quickly() {
    let mut text = String::from("resource \"aws_x\" \"a\" {\n v = {\n");
    for at in 0..50_000 {
        text.push_str(&format!("  k{at} = 1\n"));
    }
    text.push_str(" }\n}\nresource \"aws_x\" \"b\" {\n}\n");
    check(
        &text,
        &["aws_x.a", "aws_x.b"],
        &["main.tf:1:1: `resource \"aws_x\" \"a\"` could not be read: there are more than"],
    );
}

#[test]
fn a_bad_variables_file_is_named() {
    let text = "== main.tf\nresource \"aws_x\" \"a\" {\n v = var.v\n}\nvariable \"v\" {}\n== terraform.tfvars\nw = = 1\nv = 2\n";
    check(text, &["aws_x.a"], &["terraform.tfvars:1:"]);
    let configuration = read(text);
    assert_eq!(show(&resource(&configuration, "aws_x.a").raw), "{v: 2}");
}

#[test]
fn the_same_address_twice_is_there_twice() {
    check(
        "resource \"aws_x\" \"a\" {\n}\nresource \"aws_x\" \"a\" {\n}\n",
        &["aws_x.a", "aws_x.a"],
        &["main.tf:3:1: `aws_x.a` is declared here and at main.tf:1:1"],
    );
    check(
        "== a.tf\ndata \"aws_x\" \"a\" {\n}\n== b.tf\n\ndata \"aws_x\" \"a\" {\n}\n",
        &[],
        &["b.tf:2:1: `data.aws_x.a` is declared here and at a.tf:1:1"],
    );
}

#[test]
fn a_tofu_file_stands_before_the_one_it_replaces() {
    let text = "== a.tf\nresource \"aws_x\" \"a\" {\n v = local.l\n}\nresource \"aws_x\" \"only\" {}\nlocals {\n l = 1\n}\n\
                == a.tofu\nresource \"aws_x\" \"a\" {\n v = local.l + 1\n}\nlocals {\n l = 2\n}\n";
    check(text, &["aws_x.a", "aws_x.only"], &[]);
    assert_eq!(show(&resource(&read(text), "aws_x.a").raw), "{v: 3}");
}

#[test]
fn files_beside_a_configuration_that_are_none_of_it_are_left_alone() {
    for (name, content) in [
        ("main.tftest.hcl", "variables {\n  a = 2\n}\nresource \"aws_x\" \"tested\" {}\n"),
        ("main.tofutest.hcl", "run \"x\" {\n  command = plan\n}\nresource \"aws_x\" \"tested\" {}\n"),
        ("main.tftest.json", "{\"resource\": {\"aws_x\": {\"tested\": {}}}}\n"),
        ("terraform.tofuvars", "a = 2\n"),
        ("b.auto.tofuvars", "a = 2\n"),
    ] {
        let text = format!(
            "== main.tf\nvariable \"a\" {{\n  default = 1\n}}\nresource \"aws_x\" \"a\" {{\n  v = var.a\n}}\n\
             == {name}\n{content}"
        );
        check(&text, &["aws_x.a"], &[]);
        assert_eq!(show(&resource(&read(&text), "aws_x.a").raw), "{v: 1}", "{name}");
    }
}

#[test]
fn a_block_that_is_nested_too_deeply_is_named_and_is_all_that_is_lost() {
    for depth in [65, 130, 500] {
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!(
            "resource \"aws_x\" \"a\" {{\n v = 1\n}}\nresource \"aws_x\" \"deep\" {{\n v = {deep}\n}}\n\
             resource \"aws_x\" \"b\" {{\n v = 2\n}}\n"
        );
        check(&text, &["aws_x.a", "aws_x.deep", "aws_x.b"], &["main.tf:5:"]);
        let configuration = read(&text);
        assert!(diagnostics(&configuration)[0].contains("nested"), "{:?}", diagnostics(&configuration));
        assert_eq!(show(&resource(&configuration, "aws_x.a").raw), "{v: 1}");
        assert_eq!(show(&resource(&configuration, "aws_x.b").raw), "{v: 2}");
        assert!(resource(&configuration, "aws_x.deep").raw.has_unknown());
    }
}

#[test]
fn names_repeated_in_an_object_keep_their_places() {
    let text = "resource \"aws_x\" \"a\" {\n v = { a = 1, a = 2, a = var.x }\n w = \"z\"\n}\n";
    let configuration = read(text);
    let raw = &resource(&configuration, "aws_x.a").raw;
    assert_eq!(show(raw), "{v: {a: ?`var.x` is not evaluated}, w: \"z\"}");
    let place = |name: &str| raw.get(name).and_then(|node| node.origin.span()).map(ToString::to_string);
    assert_eq!(place("w").as_deref(), Some("main.tf:3:6"));
    // As many as no name of one letter can stand for.
    let many = format!("resource \"aws_x\" \"a\" {{\n v = {{ {} }}\n}}\n", "a = 1, ".repeat(1_000));
    check(&many, &["aws_x.a"], &["main.tf:2:"]);
}

#[test]
fn a_module_that_is_not_there_is_named_and_the_rest_is_read() {
    let text = "module \"m\" {\n  source = \"./gone\"\n}\nresource \"aws_x\" \"a\" {\n v = module.m.out\n}\n";
    check(text, &["aws_x.a"], &["main.tf:1:1: `module.m` comes from `gone`, which has no configuration"]);
    assert_eq!(show(&resource(&read(text), "aws_x.a").raw), "{v: ?`module.m.out` is not evaluated}");
}

#[test]
fn a_function_called_with_wrong_types_gives_no_value() {
    for call in [
        "upper([1])",
        "length(5)",
        "join(\",\", \"a\")",
        "cidrsubnet(\"x\", 1, 1)",
        "keys([1])",
        "abs(\"x\")",
        "upper()",
        "upper(\"a\", \"b\")",
        "upper(null)",
        "true ? 1 : {}",
        "tolist([1, {}])",
        "element(toset([1]), 0)",
    ] {
        let text = format!("resource \"aws_x\" \"a\" {{\n v = {call}\n w = try({call}, \"refused\")\n}}\n");
        check(&text, &["aws_x.a"], &[]);
        let shown = show(&resource(&read(&text), "aws_x.a").raw);
        assert_eq!(shown, format!("{{v: ?`{call}` is not evaluated, w: \"refused\"}}"));
    }
}

#[test]
fn a_for_each_over_an_unknown_keeps_the_resource_once() {
    let text = "resource \"aws_x\" \"a\" {\n for_each = var.v\n k = each.key\n}\nvariable \"v\" {\n type = map(string)\n}\n";
    check(text, &["aws_x.a"], &[]);
    let configuration = read(text);
    let resource = resource(&configuration, "aws_x.a");
    assert_eq!(crate::show_existence(&resource.existence), "?`var.v` has no value:map by main.tf:2:13");
    assert_eq!(show(resource.raw.get("k").expect("k")), "?`var.v` has no value!:text");
}

#[test]
fn one_file_in_another_encoding_takes_no_other_with_it() {
    let utf16: Vec<u8> =
        "resource \"aws_x\" \"wide\" {}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files = [
        ("a.tf", b"resource \"aws_x\" \"a\" {}\n".to_vec()),
        ("b.tf", [b"\xff\xfe".to_vec(), utf16].concat()),
        ("c.tf", b"resource \"aws_x\" \"c\" {\n v = \"caf\xe9\"\n}\n".to_vec()),
        ("d.tf", b"\xef\xbb\xbfresource \"aws_x\" \"d\" {}\n".to_vec()),
    ]
    .map(|(path, bytes)| palisade_read_terraform::File { path: path.into(), bytes });
    let configuration = palisade_read_terraform::read_configuration(
        &".".into(),
        &files,
        &palisade_read_terraform::Options::default(),
        &palisade_read_terraform::NoModules,
    );
    assert_eq!(addresses(&configuration), ["aws_x.a", "aws_x.wide", "aws_x.c", "aws_x.d"]);
    let said = diagnostics(&configuration);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("b.tf:1:1: this is UTF-16, which Terraform does not read"), "{said:?}");
    assert!(said[1].starts_with("c.tf:2:10: this is not UTF-8"), "{said:?}");
}

#[test]
fn blocks_without_resources_of_their_own_are_read_in_silence() {
    let text = r#"
terraform {
  required_version = ">= 1.11"
  backend "s3" {}
}
moved {
  from = aws_x.old
  to   = aws_x.a
}
import {
  to = aws_x.a
  id = "x"
}
removed {
  from = aws_x.gone
  lifecycle {
    destroy = false
  }
}
check "health" {
  data "http" "page" {
    url = "https://example.com"
  }
  assert {
    condition     = data.http.page.status_code == 200
    error_message = "down"
  }
}
ephemeral "aws_secretsmanager_secret_version" "s" {
  secret_id = "x"
}
action "aws_lambda_invoke" "run" {
  config {
    function_name = "x"
  }
}
provider "aws" {
  region = "eu-west-1"
}
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
resource "aws_x" "a" {
  provider = aws.west
  v        = ephemeral.aws_secretsmanager_secret_version.s.secret_string
  w        = provider::aws::arn_parse("arn:aws:s3:::x").service
}
"#;
    check(text, &["aws_x.a"], &[]);
    let configuration = read(text);
    let resource = resource(&configuration, "aws_x.a");
    assert_eq!(resource.region.as_ref().map(ToString::to_string).as_deref(), Some("us-west-2"));
    assert!(show(resource.raw.get("v").expect("v")).starts_with('?'));
    assert_eq!(
        show(resource.raw.get("w").expect("w")),
        "?`provider::aws::arn_parse(\"arn:aws:s3:::x\")` is not evaluated"
    );
}
