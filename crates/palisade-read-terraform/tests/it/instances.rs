//! How often a resource is there, where and for which account and region.

use crate::{addresses, read, resource, show_existence};

#[track_caller]
fn check(argument: &str, expected: &[(&str, &str)]) {
    let configuration = read(&format!("variable \"v\" {{}}\nresource \"aws_x\" \"a\" {{\n {argument}\n}}\n"));
    let found: Vec<(String, String)> = configuration
        .resources
        .iter()
        .map(|resource| (resource.address.name.to_string(), show_existence(&resource.existence)))
        .collect();
    let found: Vec<(&str, &str)> =
        found.iter().map(|(name, exists)| (name.as_str(), exists.as_str())).collect();
    assert_eq!(found, expected, "{argument}");
}

#[test]
fn count_and_for_each_say_how_often() {
    check("n = 1", &[("aws_x.a", "yes")]);
    check("count = 2", &[("aws_x.a[0]", "yes"), ("aws_x.a[1]", "yes")]);
    check("count = 0", &[("aws_x.a", "no, by main.tf:3:10")]);
    check("count = false ? 1 : 0", &[("aws_x.a", "no, by main.tf:3:10")]);
    check("count = var.v", &[("aws_x.a", "?`var.v` has no value:number by main.tf:3:10")]);
    check("count = var.v ? 1 : 0", &[("aws_x.a", "?`var.v` has no value!:number by main.tf:3:10")]);
    check("count = -1", &[("aws_x.a", "?`-1` is not evaluated by main.tf:3:10")]);
    check("for_each = toset([\"b\", \"a\"])", &[("aws_x.a[\"a\"]", "yes"), ("aws_x.a[\"b\"]", "yes")]);
    check("for_each = {}", &[("aws_x.a", "no, by main.tf:3:13")]);
    check("for_each = { k = var.v }", &[("aws_x.a[\"k\"]", "yes")]);
    check("for_each = var.v", &[("aws_x.a", "?`var.v` has no value by main.tf:3:13")]);
    check("for_each = toset([var.v])", &[("aws_x.a", "?`var.v` has no value by main.tf:3:13")]);
    check("count = 1000000", &[("aws_x.a", "yes")]);
}

#[test]
fn regions_come_from_providers() {
    let text = "variable \"r\" {\n default = \"eu-west-1\"\n}\nprovider \"aws\" {\n region = var.r\n allowed_account_ids = [\"111122223333\"]\n}\n\
                provider \"aws\" {\n alias = \"west\"\n region = \"us-west-2\"\n}\n\
                resource \"aws_x\" \"default\" {}\nresource \"aws_x\" \"west\" {\n provider = aws.west\n}\n\
                resource \"aws_x\" \"own\" {\n region = \"eu-north-1\"\n}\nresource \"random_id\" \"other\" {}\n\
                resource \"aws_x\" \"none\" {\n provider = aws.nowhere\n}\n";
    let configuration = read(text);
    let region = |address: &str| resource(&configuration, address).region.as_ref().map(ToString::to_string);
    assert_eq!(region("aws_x.default").as_deref(), Some("eu-west-1"));
    assert_eq!(region("aws_x.west").as_deref(), Some("us-west-2"));
    assert_eq!(region("aws_x.own").as_deref(), Some("eu-north-1"));
    assert_eq!(region("random_id.other"), None);
    assert_eq!(region("aws_x.none"), None);
    let account = resource(&configuration, "aws_x.default").account;
    assert_eq!(account.map(|account| account.to_string()).as_deref(), Some("111122223333"));
}

#[test]
fn only_resources_are_resources() {
    let text = "terraform {}\nmoved {\n from = aws_x.a\n to = aws_x.b\n}\nimport {\n to = aws_x.b\n id = \"i\"\n}\n\
                check \"c\" {\n assert {\n condition = true\n error_message = \"m\"\n }\n}\nremoved {\n from = aws_x.z\n}\n\
                output \"o\" {\n value = 1\n}\ndata \"aws_d\" \"d\" {}\nresource \"aws_x\" \"b\" {}\nresource aws_x c {}\n";
    let configuration = read(text);
    assert_eq!(addresses(&configuration), ["aws_x.b", "aws_x.c"]);
    assert!(configuration.diagnostics.is_empty(), "{:?}", configuration.diagnostics);
}
