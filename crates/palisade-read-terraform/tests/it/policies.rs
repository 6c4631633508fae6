//! `aws_iam_policy_document` is rendered as the provider renders it.

use crate::check_expression;

#[track_caller]
fn check(body: &str, expected: &str) {
    check_expression(
        &format!(
            "variable \"v\" {{}}\nresource \"aws_s3_bucket\" \"b\" {{}}\ndata \"aws_iam_policy_document\" \"d\" {{\n{body}\n}}\n"
        ),
        "data.aws_iam_policy_document.d.json",
        expected,
    );
}

#[test]
fn statements_have_their_defaults() {
    check(
        "statement {\n actions = [\"s3:Get*\"]\n resources = [\"*\"]\n}",
        "{Version: \"2012-10-17\", Statement: [{Effect: \"Allow\", Action: \"s3:Get*\", Resource: \"*\"}]}",
    );
    check(
        "version = \"2008-10-17\"\npolicy_id = \"p\"\nstatement {\n sid = \"S\"\n effect = \"Deny\"\n not_actions = [\"a:A\", \"b:B\"]\n not_resources = [\"r\"]\n}",
        "{Version: \"2008-10-17\", Id: \"p\", Statement: [{Sid: \"S\", Effect: \"Deny\", NotAction: [\"b:B\", \"a:A\"], NotResource: \"r\"}]}",
    );
}

#[test]
fn principals_are_grouped_by_type() {
    let principal = |kind: &str, identifiers: &str| {
        format!(
            "statement {{\n actions = [\"a:A\"]\n principals {{\n type = \"{kind}\"\n identifiers = {identifiers}\n }}\n}}"
        )
    };
    let rendered = |principal: &str| {
        format!(
            "{{Version: \"2012-10-17\", Statement: [{{Effect: \"Allow\", Action: \"a:A\", Principal: {principal}}}]}}"
        )
    };
    check(&principal("*", "[\"*\"]"), &rendered("\"*\""));
    check(&principal("AWS", "[\"*\"]"), &rendered("{AWS: \"*\"}"));
    check(&principal("Service", "[\"a\", \"b\"]"), &rendered("{Service: [\"b\", \"a\"]}"));
    check(&principal("AWS", "[var.v]"), &rendered("{AWS: ?`var.v` has no value}"));
    check(&principal("AWS", "var.v"), &rendered("{AWS: ?`var.v` has no value}"));
}

#[test]
fn conditions_are_grouped_by_test_and_variable() {
    check(
        "statement {\n actions = [\"a:A\"]\n condition {\n test = \"StringEquals\"\n variable = \"aws:x\"\n values = [\"1\"]\n }\n \
         condition {\n test = \"StringEquals\"\n variable = \"aws:y\"\n values = [\"&{aws:username}\", \"3\"]\n }\n}",
        "{Version: \"2012-10-17\", Statement: [{Effect: \"Allow\", Action: \"a:A\", Condition: \
         {StringEquals: {aws:x: \"1\", aws:y: [\"${aws:username}\", \"3\"]}}}]}",
    );
}

#[test]
fn unknown_parts_hide_only_themselves() {
    check(
        "statement {\n actions = [\"a:A\"]\n resources = [\"${aws_s3_bucket.b.arn}/*\"]\n}",
        "{Version: \"2012-10-17\", Statement: [{Effect: \"Allow\", Action: \"a:A\", Resource: \
         ?`aws_s3_bucket.b.arn` is known only after apply!:text}]}",
    );
    check(
        "dynamic \"statement\" {\n for_each = var.v\n content {\n actions = [\"a:A\"]\n }\n}",
        "{Version: \"2012-10-17\", Statement: [...?`var.v` has no value]}",
    );
}

#[test]
fn documents_are_merged_by_sid() {
    let others = "}\ndata \"aws_iam_policy_document\" \"one\" {\n statement {\n sid = \"A\"\n actions = [\"a:1\"]\n }\n statement {\n sid = \"B\"\n actions = [\"b:1\"]\n }\n}\n\
                  data \"aws_iam_policy_document\" \"two\" {\n statement {\n sid = \"B\"\n actions = [\"b:2\"]\n }\n statement {\n actions = [\"c:1\"]\n }\n";
    check(
        &format!(
            "source_policy_documents = [data.aws_iam_policy_document.one.json]\noverride_policy_documents = [data.aws_iam_policy_document.two.json]\n\
             statement {{\n actions = [\"d:1\"]\n}}\n{others}"
        ),
        "{Version: \"2012-10-17\", Statement: [{Sid: \"A\", Effect: \"Allow\", Action: \"a:1\"}, \
         {Sid: \"B\", Effect: \"Allow\", Action: \"b:2\"}, {Effect: \"Allow\", Action: \"d:1\"}, {Effect: \"Allow\", Action: \"c:1\"}]}",
    );
    check(
        "source_policy_documents = [var.v]\nstatement {\n actions = [\"d:1\"]\n}",
        "{Version: \"2012-10-17\", Statement: [{Effect: \"Allow\", Action: \"d:1\"}, ...?`var.v` has no value]}",
    );
}

#[test]
fn what_is_not_known_may_replace_what_has_a_sid() {
    let one = "}\ndata \"aws_iam_policy_document\" \"one\" {\n statement {\n sid = \"A\"\n actions = [\"a:1\"]\n }\n statement {\n actions = [\"b:1\"]\n }\n";
    let source = "source_policy_documents = [data.aws_iam_policy_document.one.json]";
    let expected = "{Version: \"2012-10-17\", Statement: [?`var.v` has no value!:map, \
        {Effect: \"Allow\", Action: \"b:1\"}, ...?`var.v` has no value]}";
    for rest in [
        "override_policy_documents = [var.v]",
        "override_policy_documents = var.v",
        "dynamic \"statement\" {\n for_each = var.v\n content {\n sid = statement.key\n }\n}",
    ] {
        check(&format!("{source}\n{rest}\n{one}"), expected);
    }
    check(
        &format!("source_policy_documents = [var.v, data.aws_iam_policy_document.one.json]\n{one}"),
        "{Version: \"2012-10-17\", Statement: [{Sid: \"A\", Effect: \"Allow\", Action: \"a:1\"}, \
         {Effect: \"Allow\", Action: \"b:1\"}, ...?`var.v` has no value]}",
    );
}

#[test]
fn a_rendered_document_can_be_used_as_text() {
    check_expression(
        "data \"aws_iam_policy_document\" \"d\" {\n statement {\n actions = [\"a:A\"]\n }\n}\n",
        "jsondecode(data.aws_iam_policy_document.d.json).Statement[0].Action",
        "\"a:A\"",
    );
}
