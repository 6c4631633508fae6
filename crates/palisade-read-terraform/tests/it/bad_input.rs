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
