//! What expressions that mention other resources come to.

use crate::{at, check, check_expression, read, resource};
use palisade_model::Value;

#[test]
fn an_attribute_nobody_sets_is_known_after_apply() {
    let key = "resource \"aws_kms_key\" \"k\" {\n description = \"d\"\n}\n";
    check_expression(
        key,
        "aws_kms_key.k.arn",
        "?`aws_kms_key.k.arn` is known only after apply!:text -> aws_kms_key.k.arn",
    );
    check_expression(
        key,
        "aws_kms_key.k.policy",
        "?`aws_kms_key.k.policy` is known only after apply! -> aws_kms_key.k.policy",
    );
    check_expression(
        key,
        "aws_kms_key.k",
        "?`aws_kms_key.k` is known only after apply!:map -> aws_kms_key.k",
    );
    check_expression(
        "",
        "aws_kms_key.gone.arn",
        "?`aws_kms_key.gone.arn` is known only after apply!:text -> aws_kms_key.gone.arn",
    );
}

#[test]
fn an_attribute_that_is_set_has_its_value() {
    let bucket = "variable \"v\" {}\nresource \"aws_s3_bucket\" \"b\" {\n bucket = \"name\"\n other = var.v\n acl = null\n rule {\n p = 1\n }\n}\n";
    check_expression(bucket, "aws_s3_bucket.b.bucket", "\"name\"");
    check_expression(bucket, "aws_s3_bucket.b.other", "?`var.v` has no value -> aws_s3_bucket.b.other");
    check_expression(
        bucket,
        "aws_s3_bucket.b.acl",
        "?`aws_s3_bucket.b.acl` is known only after apply! -> aws_s3_bucket.b.acl",
    );
    check_expression(bucket, "aws_s3_bucket.b.rule[0].p", "1");
    check_expression(
        bucket,
        "aws_s3_bucket.b.rule[0].q",
        "?`aws_s3_bucket.b.rule[0].q` is known only after apply! -> aws_s3_bucket.b.rule",
    );
}

#[test]
fn references_reach_into_instances() {
    let counted = "variable \"v\" {}\nresource \"aws_q\" \"c\" {\n count = 2\n name = \"n${count.index}\"\n}\n\
                   resource \"aws_q\" \"e\" {\n for_each = toset([\"a\"])\n name = each.key\n}\n\
                   resource \"aws_q\" \"u\" {\n count = var.v\n}\nresource \"aws_q\" \"z\" {\n count = 0\n}\n";
    check_expression(counted, "aws_q.c[1].name", "\"n1\"");
    check_expression(
        counted,
        "aws_q.c[1].arn",
        "?`aws_q.c[1].arn` is known only after apply!:text -> aws_q.c[1].arn",
    );
    check_expression(counted, "aws_q.c[*].name", "[\"n0\", \"n1\"]");
    check_expression(counted, "aws_q.c.*.name[1]", "\"n1\"");
    check_expression(counted, "aws_q.e[\"a\"].name", "\"a\"");
    check_expression(
        counted,
        "aws_q.e[\"a\"].id",
        "?`aws_q.e[\"a\"].id` is known only after apply!:text -> aws_q.e[\"a\"].id",
    );
    check_expression(
        counted,
        "aws_q.u[0].arn",
        "?`aws_q.u[0].arn` is known only after apply!:text -> aws_q.u.arn",
    );
    check_expression(
        counted,
        "aws_q.u[*].arn",
        "?`aws_q.u[*].arn` is known only after apply!:list -> aws_q.u.arn",
    );
    check_expression(
        counted,
        "aws_q.c[var.v].arn",
        "?`aws_q.c[var.v].arn` is known only after apply!:text -> aws_q.c.arn",
    );
    check_expression(counted, "try(aws_q.z[0].arn, \"none\")", "\"none\"");
    check_expression(counted, "aws_q.z[*].arn", "[]");
    check_expression(counted, "one(aws_q.z[*].arn)", "null");
    check_expression(
        counted,
        "try(aws_q.u[0].arn, null)",
        "?`aws_q.u[0].arn` is known only after apply -> aws_q.u.arn",
    );
    check_expression(
        counted,
        "join(\"\", aws_q.u.*.arn)",
        "?`aws_q.u.*.arn` is known only after apply!:text -> aws_q.u.arn",
    );
}

#[test]
fn all_instances_of_a_resource_are_a_map_or_a_list() {
    let text = "resource \"aws_q\" \"e\" {\n for_each = toset([\"a\"])\n}\nresource \"aws_q\" \"c\" {\n count = 1\n}\n\
                resource \"aws_r\" \"r\" {\n for_each = aws_q.e\n q = each.value.arn\n}\n";
    let expected = "?`aws_q.e.arn` is known only after apply!:text -> aws_q.e[\"a\"].arn";
    check(text, "aws_r.r[\"a\"]", "q", expected);
    check_expression(text, "values(aws_q.e)[*].arn", &format!("[{expected}]"));
    check_expression(text, "{ for k, q in aws_q.e : k => q.arn }", &format!("{{a: {expected}}}"));
    check_expression(
        text,
        "[for q in aws_q.c : q.id]",
        "[?`aws_q.c.id` is known only after apply!:text -> aws_q.c[0].id]",
    );
}

#[test]
fn a_text_around_a_reference_is_no_reference() {
    let key = "resource \"aws_kms_key\" \"k\" {}\n";
    check_expression(
        key,
        "\"${aws_kms_key.k.arn}\"",
        "?`aws_kms_key.k.arn` is known only after apply!:text -> aws_kms_key.k.arn",
    );
    check_expression(
        key,
        "\"${aws_kms_key.k.arn}/*\"",
        "?`aws_kms_key.k.arn` is known only after apply!:text",
    );
    check_expression(
        key,
        "coalesce(null, aws_kms_key.k.arn)",
        "?`aws_kms_key.k.arn` is known only after apply!:text -> aws_kms_key.k.arn",
    );
    check_expression(
        key,
        "try(aws_kms_key.k.arn, \"\")",
        "?`aws_kms_key.k.arn` is known only after apply!:text -> aws_kms_key.k.arn",
    );
    check_expression(
        &format!("variable \"v\" {{}}\n{key}"),
        "var.v ? aws_kms_key.k.arn : null",
        "?`var.v` has no value",
    );
}

#[test]
fn what_terraform_may_yet_refuse_is_open_in_can_and_try() {
    let text = "variable \"v\" {}\nresource \"aws_q\" \"q\" {\n tags = { a = 1 }\n}\nlocals {\n o = [{ a = aws_q.q.id }]\n}\n";
    let is = |expression: &str, expected: &str| check_expression(text, expression, expected);
    let id = "?`aws_q.q.id` is known only after apply";
    for refused_perhaps in [
        "tonumber(aws_q.q.id)",
        "tobool(aws_q.q.id)",
        "-aws_q.q.id",
        "!aws_q.q.id",
        "aws_q.q.id + 1",
        "1 / aws_q.q.size",
        "aws_q.q.id && true",
        "aws_q.q.id ? 1 : 2",
        "[tonumber(aws_q.q.id)]",
        "length([tonumber(aws_q.q.id)])",
        "tonumber(aws_q.q.id) == null && false",
        "{ a = tonumber(aws_q.q.id) }",
        "[for n in [1] : length([tonumber(aws_q.q.id)])]",
        "\"%{ if aws_q.q.id }yes%{ endif }\"",
        "[1][aws_q.q.id]",
        "local.o[*].a.b",
        "aws_q.q.made.of.parts",
        "true ? 1 : tonumber(aws_q.q.id)",
        "try(tonumber(aws_q.q.id), tobool(aws_q.q.id))",
    ] {
        let node = read(&format!("{text}resource \"aws_z\" \"z\" {{\n v = can({refused_perhaps})\n}}\n"));
        let node = at(resource(&node, "aws_z.z"), "v").expect("there");
        assert!(matches!(node.value, Value::Unknown(_)), "can({refused_perhaps}): {}", crate::show(node));
    }
    is("try([tonumber(aws_q.q.id), 5], [7, 6])", &format!("{id}!:list"));
    is("try(length([tonumber(aws_q.q.id)]), 2)", &format!("{id}!:number"));
    is("[try(tonumber(aws_q.q.id), 5) == 5, 1][1]", "1");
    // Nothing of this can be refused.
    is("can(aws_q.q.id)", "true");
    is("can([upper(aws_q.q.id)])", "true");
    is("can(local.o[0].a)", "true");
    is("can(jsonencode({ a = aws_q.q.id }))", "true");
    is("can(try(tonumber(aws_q.q.id), 5))", "true");
    is("can([can(tonumber(aws_q.q.id))])", "true");
    is("can([aws_q.q.id == 1 ? \"a\" : aws_q.q.id])", "true");
    is("length(try([aws_q.q.id, \"x-${aws_q.q.arn}\"], []))", "2");
    is("try(coalesce(\"a\", aws_q.q.id), 5)", "\"a\"");
    is("try(contains([\"a\"], aws_q.q.id) ? 3 : 3, 5)", "3");
    is("try(merge({ a = aws_q.q.id }, { b = 1 }), {}).b", "1");
    is("try(local.o[*].a, [])", "[?`aws_q.q.id` is known only after apply!:text -> aws_q.q.id]");
}

#[test]
fn either_of_two_lists_or_maps_has_the_parts_of_both() {
    let is = |expression: &str, expected: &str| check_expression("variable \"v\" {}\n", expression, expected);
    is("(var.v == \"x\" ? { a = 1, b = 2 } : { a = 1, b = 3 }).a", "1");
    is("length(var.v == \"x\" ? [1, 2] : [3, 4])", "2");
    is("(var.v == \"x\" ? [1, 2] : [3, 2])[1]", "2");
    is("length(var.v == \"x\" ? tolist([1, 2]) : tolist([3, 4]))", "2");
    is("keys(var.v == \"x\" ? tomap({ a = 1 }) : tomap({ a = 2 }))", "[\"a\"]");
    is("length(var.v == \"x\" ? toset([1, 2]) : toset([3, 4]))", "?`var.v` has no value!:number");
    is("length(var.v == \"x\" ? toset([1]) : toset([3]))", "1");
    is("length(var.v == \"x\" ? [1, 2] : [3])", "?`var.v` has no value!:number");
    is("(var.v == \"x\" ? { a = 1 } : { b = 1 })", "?`var.v` has no value!:map");
}

#[test]
fn an_unknown_item_of_a_set_may_be_another_and_stand_anywhere() {
    let is = |expression: &str, expected: &str| {
        check_expression("variable \"v\" {}\nvariable \"w\" {}\n", expression, expected);
    };
    let v = "?`var.v` has no value";
    is("tolist(toset([\"b\", var.v]))[0]", v);
    is("[for s in toset([\"b\", var.v]) : s][0]", v);
    is("flatten([toset([\"b\", var.v])])[0]", v);
    is("(toset([{ a = \"b\" }, { a = var.v }])[*].a)[0]", v);
    is("one(toset([var.v, var.w]))", v);
    is("try(one(toset([var.v, var.w])), 1)", v);
    is("toset([\"b\", var.v]) == toset([\"b\"])", &format!("{v}!:bool"));
    is("toset([\"b\", var.v]) == toset([\"c\", \"d\"])", &format!("{v}!:bool"));
    is("\"x%{ for s in toset([\"b\", var.v]) }${s}%{ endfor }\"", &format!("{v}!:text"));
    is("contains(toset([\"b\", var.v]), \"b\")", "true");
    is("tolist(toset([var.v]))", &format!("[{v}]"));
}

#[test]
fn data_sources_are_known_later_but_for_what_is_written() {
    let data = "data \"aws_caller_identity\" \"me\" {}\ndata \"aws_s3_bucket\" \"b\" {\n bucket = \"n\"\n}\n";
    check_expression(
        data,
        "data.aws_caller_identity.me.account_id",
        "?`data.aws_caller_identity.me.account_id` is known only after apply!:text",
    );
    check_expression(data, "data.aws_s3_bucket.b.bucket", "\"n\"");
    // Not the data source's value, and not to be taken for it.
    check_expression(
        data,
        "\"${data.aws_caller_identity.me.account_id}-x\"",
        "?`\"${data.aws_caller_identity.me.account_id}-x\"` is known only after apply!:text",
    );
}

#[test]
fn what_each_and_count_mean_is_known_where_they_are() {
    let text = "resource \"aws_q\" \"e\" {\n for_each = { a = { n = 1 }, b = { n = 2 } }\n key = each.key\n n = each.value.n\n}\n";
    check(text, "aws_q.e[\"b\"]", "key", "\"b\"");
    check(text, "aws_q.e[\"b\"]", "n", "2");
    check_expression("", "each.key", "?`each.key` is not evaluated");
    check_expression("", "self.id", "?`self.id` is not evaluated");
    check_expression("", "\"${path.module}/x ${path.root} ${path.cwd}\"", "\"./x . .\"");
    check_expression("", "terraform.workspace == \"prod\"", "?the workspace decides!:bool");
    check_expression("", "terraform.applying", "?`terraform.applying` is not evaluated");
    check_expression("", "path.else", "?`path.else` is not evaluated");
}

#[test]
fn default_tags_of_the_provider_count_below_a_resources_own() {
    let with = |default: &str, tags: &str| {
        format!(
            "variable \"v\" {{}}\nprovider \"aws\" {{\n default_tags {{\n tags = {default}\n }}\n}}\nresource \"aws_q\" \"r\" {{\n {tags}\n}}\n"
        )
    };
    let tags = |default: &str, tags: &str, expected: &str| {
        check(&with(default, tags), "aws_q.r", "tags_all", expected)
    };
    tags("{ owner = \"a\" }", "", "{owner: \"a\"}");
    tags("{ owner = \"a\" }", "tags = { owner = \"b\", c = \"d\" }", "{owner: \"b\", c: \"d\"}");
    tags(
        "{ owner = \"a\" }",
        "tags = var.v",
        "{owner: ?`var.v` has no value!:text, ...?`var.v` has no value}",
    );
    tags("var.v", "tags = { c = \"d\" }", "{c: \"d\", ...?`var.v` has no value}");
}

#[test]
fn a_text_that_is_unknown_from_some_point_on_keeps_its_beginning() {
    let begins = |expression: &str, expected: Option<&str>| {
        let configuration =
            read(&format!("variable \"v\" {{}}\nresource \"aws_x\" \"r\" {{\n  value = {expression}\n}}\n"));
        let node = at(resource(&configuration, "aws_x.r"), "value").expect("value").clone();
        let beginning = |node: &palisade_model::Node| match &node.value {
            Value::Unknown(unknown) => unknown.hint.starts_with.clone(),
            other => panic!("{other:?}"),
        };
        let found = match &node.value {
            Value::Map(map) => beginning(&map.entries["a"]),
            _ => beginning(&node),
        };
        assert_eq!(found.as_deref(), expected, "{expression}");
    };
    begins("\"arn:aws:iam::${var.v}:root\"", Some("arn:aws:iam::"));
    begins("\"${var.v}*\"", None);
    begins("\"a\\\"b${var.v}\"", None);
    begins("jsonencode({ a = \"arn:${var.v}\" })", Some("arn:"));
    begins("<<-EOT\n    { \"a\": \"arn:${var.v}*\" }\n  EOT", Some("arn:"));
    begins("<<-EOT\n    { \"a\": \"${var.v}arn:\" }\n  EOT", None);
}
