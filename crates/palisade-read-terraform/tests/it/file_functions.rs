//! The functions that look into files, and the templates among them.

use crate::{addresses, check, check_expression, read};

/// What an expression of a module in `m` comes to, beside some files.
#[track_caller]
fn is(expression: &str, files: &str, expected: &str) {
    let text = format!(
        "== main.tf\nmodule \"m\" {{\n source = \"./m\"\n}}\n== m/main.tf\nvariable \"v\" {{}}\nvariable \"l\" {{\n type = list(string)\n}}\n\
         resource \"aws_k\" \"k\" {{}}\nresource \"aws_x\" \"a\" {{\n v = {expression}\n}}\n{files}"
    );
    check(&text, "module.m.aws_x.a", "v", expected);
}

#[test]
fn files_are_found_from_the_root() {
    let files = "== m/a.txt\nin m\n== a.txt\nin the root\n";
    is("file(\"${path.module}/a.txt\")", files, "\"in m\\n\"");
    is("file(\"${path.root}/a.txt\")", files, "\"in the root\\n\"");
    is("file(\"./m/../a.txt\")", files, "\"in the root\\n\"");
    is("path.module", files, "\"m\"");
    is("filebase64(\"a.txt\")", files, "\"aW4gdGhlIHJvb3QK\"");
    is("filemd5(\"a.txt\")", files, "\"86b21461ee20c59c4bba3abefedba23d\"");
    is("[fileexists(\"a.txt\"), fileexists(\"b.txt\")]", files, "[true, false]");
    is("file(\"b.txt\")", files, "?it could not be read: `b.txt`: there is no such file!:text");
    is("file(var.v)", files, "?`var.v` has no value!:text");
}

#[test]
fn what_lies_elsewhere_is_out_of_reach() {
    let outside = |path: &str| {
        format!("?it could not be read: `{path}`: it lies outside of the folders that are scanned")
    };
    is("file(\"/etc/shadow\")", "", &format!("{}!:text", outside("/etc/shadow")));
    is("file(\"../../etc/shadow\")", "", &format!("{}!:text", outside("../../etc/shadow")));
    is("file(\"~/.aws/credentials\")", "", &format!("{}!:text", outside("~/.aws/credentials")));
    is("fileexists(\"/etc/shadow\")", "", &format!("{}!:bool", outside("/etc/shadow")));
    is("templatefile(\"/etc/shadow\", {})", "", &format!("{}!", outside("/etc/shadow")));
    is("fileset(\"/etc\", \"*\")", "", &format!("{}!:list", outside("/etc")));
    is("fileset(path.module, \"../../*\")", "", &format!("{}!:list", outside("..")));
}

#[test]
fn sets_of_files_are_listed() {
    let files = "== m/p/a.json\n{}\n== m/p/q/b.json\n{}\n== m/p/c.txt\nc\n";
    is("fileset(path.module, \"p/*.json\")", files, "[\"p/a.json\"]");
    is("fileset(\"${path.module}/p\", \"**/*.json\")", files, "[\"a.json\", \"q/b.json\"]");
    is("fileset(\"${path.module}/p\", \"*.{txt,json}\")", files, "[\"a.json\", \"c.txt\"]");
    is("fileset(\"${path.module}/p\", \"../main.tf\")", files, "[\"../main.tf\"]");
    is("fileset(\"nowhere\", \"*\")", files, "[]");
    let text = format!(
        "resource \"aws_x\" \"e\" {{\n for_each = fileset(\"p\", \"*\")\n v = file(\"p/${{each.value}}\")\n}}\n{}",
        files.replace("m/", "")
    );
    let text = format!("== main.tf\n{text}");
    assert_eq!(addresses(&read(&text)), ["aws_x.e[\"a.json\"]", "aws_x.e[\"c.txt\"]"]);
    check(&text, "aws_x.e[\"c.txt\"]", "v", "\"c\\n\"");
}

#[test]
fn templates_have_the_names_that_they_are_given() {
    let template = |text: &str| format!("== m/t.tpl\n{text}");
    let call =
        "templatefile(\"${path.module}/t.tpl\", { a = 1, l = [\"x\", \"y\"], k = aws_k.k.arn, v = var.v })";
    is(call, &template("${a + 1} ${upper(l[0])}"), "\"2 X\"");
    is(call, &template("%{ for x in l ~}\n${x},\n%{ endfor ~}\n.\n"), "\"x,\\ny,\\n.\\n\"");
    is(call, &template("%{ if a == 1 }one%{ else }other%{ endif }$${b}"), "\"one${b}\"");
    is(
        call,
        &template("${jsonencode({ b = l, c = k })}"),
        "{b: [\"x\", \"y\"], c: ?`aws_k.k.arn` is known only after apply!:text -> module.m.aws_k.k.arn}",
    );
    // Names of the module mean nothing in a template of its own.
    let refused = format!("?`{}…` is not evaluated", &call[..59]);
    is(call, &template("${var.v}"), &refused);
    is(call, &template("${missing}"), &refused);
    is(call, &template("${templatefile(\"m/t.tpl\", {})}"), &refused);
    is(call, &template("a ${b"), "?it could not be read: `m/t.tpl`: 1:6: expected `}`!");
    is("templatefile(\"${path.module}/t.tpl\", var.v)", &template("${x}${y}"), "?`var.v` has no value!:text");
    is("templatestring(\"a-${\"$\"}{x}\", { x = 1 })", "", "\"a-1\"");
}

#[test]
fn a_json_template_hides_only_what_is_unknown() {
    let call = "templatefile(\"m/t.tpl\", { arn = aws_k.k.arn, v = var.v, l = concat([\"a\"], var.l), known = [\"a\", \"b\"] })";
    let template = |text: &str| format!("== m/t.tpl\n{text}");
    let arn = "?`aws_k.k.arn` is known only after apply!:text";
    is(
        call,
        &template("{\"S\": [{\"E\": \"Allow\", \"R\": [\"${arn}\", \"${arn}/*\"]}], \"n\": ${v}}"),
        &format!(
            "{{S: [{{E: \"Allow\", R: [{arn} -> module.m.aws_k.k.arn, {arn}]}}], n: ?`var.v` has no value}}"
        ),
    );
    is(
        call,
        &template(
            "{\"R\": [%{ for i, x in known }\"${x}-${v}\"%{ if i < length(known) - 1 },%{ endif }%{ endfor }]}",
        ),
        "{R: [?`var.v` has no value!:text, ?`var.v` has no value!:text]}",
    );
    is(call, &template("{\"R\": ${jsonencode(known)}}"), "\"{\\\"R\\\": [\\\"a\\\",\\\"b\\\"]}\"");
}

#[test]
fn items_and_entries_that_may_be_there_hide_no_others() {
    let call = "templatefile(\"m/t.tpl\", { v = var.v, l = concat([\"a\"], var.l), u = var.l })";
    let template = |text: &str| format!("== m/t.tpl\n{text}");
    let (v, l) = ("?`var.v` has no value", "?`var.l` has no value");
    let json = |text: &str, expected: &str| is(call, &template(text), expected);
    json("[{\"a\": 1}%{ if v }, {\"b\": 2}%{ endif }]", &format!("[{{a: 1}}, ...{v}]"));
    json("[%{ if v }{\"b\": 2},%{ endif } {\"a\": 1}]", &format!("[{{a: 1}}, ...{v}]"));
    json("{\"a\": 1%{ if v }, \"b\": 2%{ endif }, \"c\": \"x\"}", &format!("{{a: 1, c: \"x\", ...{v}}}"));
    json("{%{ if v }\"b\": 2,%{ endif }\"c\": {}}", &format!("{{c: {{}}, ...{v}}}"));
    json("{\"a\": %{ if v }1%{ else }2%{ endif }}", &format!("{{a: {v}}}"));
    json("{\"l\": [%{ for x in u }\"${x}\",%{ endfor }\"end\"]}", &format!("{{l: [\"end\", ...{l}]}}"));
    json(
        "{\"l\": [%{ for i, x in l }%{ if i > 0 },%{ endif }\"${x}\"%{ endfor }]}",
        &format!("{{l: [\"a\", ...{l}]}}"),
    );
    // These are no JSON whatever the part is.
    for text in ["[\"a\" \"b\", ${v}]", "{\"a\" ${v}: 1, 2}", "[${v}]]", "{\"a\": }${v}", "[1,,2,${v}]"] {
        is(call, &template(text), &format!("{v}!:text"));
    }
}

#[test]
fn data_sources_that_read_files_and_templates_do() {
    let files = "== main.tf\ndata \"local_file\" \"f\" {\n filename = \"${path.module}/v.txt\"\n}\n\
                 data \"template_file\" \"t\" {\n template = file(\"t.tpl\")\n vars = {\n x = \"y\"\n }\n}\n\
                 resource \"aws_x\" \"a\" {\n f = trimspace(data.local_file.f.content)\n t = data.template_file.t.rendered\n}\n\
                 == v.txt\n3.11\n== t.tpl\n<${x}>";
    check(files, "aws_x.a", "f", "\"3.11\"");
    check(files, "aws_x.a", "t", "\"<y>\"");
}

#[test]
fn deep_templates_are_refused() {
    for (open, close) in [("${", "}"), ("%{ if true }", "%{ endif }"), ("${[", "]}"), ("${\"", "\"}")] {
        let text = format!(
            "== main.tf\nresource \"aws_x\" \"a\" {{\n v = templatefile(\"t\", {{}})\n}}\n== t\n{}1{}",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        assert_eq!(addresses(&read(&text)), ["aws_x.a"], "{open}");
    }
    let wide = format!(
        "== main.tf\nresource \"aws_x\" \"a\" {{\n v = templatefile(\"t\", {{}})\n}}\n== t\n${{{{{}}}}}",
        "a=1,".repeat(100_000)
    );
    check(
        &wide,
        "aws_x.a",
        "v",
        "?it could not be read: `t`: there are too many lines or items between two braces!",
    );
    check_expression("", "templatestring(\"x\", [])", "?`templatestring(\"x\", [])` is not evaluated");
}

#[test]
fn a_file_that_is_not_there_is_what_try_is_for() {
    crate::check_expression("", "try(file(\"missing\"), \"none\")", "\"none\"");
    crate::check_expression("", "can(file(\"missing\"))", "false");
    crate::check_expression(
        "",
        "file(\"missing\")",
        "?it could not be read: `missing`: there is no such file!:text",
    );
}
