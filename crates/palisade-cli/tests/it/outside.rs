//! Parts of what is declared elsewhere are judged at their own place, and nothing is said of the rest of it.

use crate::folder::Folder;

/// A rule of a security group, from the internet or from a private range.
fn rule(name: &str, group: &str, port: u16, cidr: &str) -> String {
    format!(
        "resource \"aws_vpc_security_group_ingress_rule\" \"{name}\" {{\n  security_group_id = {group}\n  \
         ip_protocol = \"tcp\"\n  from_port = {port}\n  to_port = {port}\n  cidr_ipv4 = {cidr}\n}}\n"
    )
}

const OUTSIDE: &str = "\"sg-0123456789abcdef0\"";
const INTERNET: &str = "\"0.0.0.0/0\"";
const PRIVATE: &str = "\"10.0.0.0/8\"";

/// What is found: verdict, page and address. Everything that was read has to be assessed.
#[track_caller]
fn check(files: &[String], expected: &[&str]) {
    let report = Folder::new(&[("main.tf", &files.concat())]).run("scan . --format json").json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let found: Vec<String> = findings
        .map(|finding| {
            let page = text(&finding["page"]);
            let page = page.rsplit('/').next().unwrap().to_owned();
            format!("{} {page} {}", text(&finding["verdict"]), text(&finding["resource"]["address"]))
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(report["coverage"]["resources"], files.len());
    assert_eq!(report["coverage"]["assessed"], files.len());
}

#[test]
fn a_rule_of_a_group_that_is_declared_elsewhere_fails_where_it_stands() {
    let fails = ["fails security-group-opens-ssh aws_vpc_security_group_ingress_rule.ssh"];
    for group in [OUTSIDE, "var.group", "data.aws_security_group.g.id", "module.network.group"] {
        check(&[rule("ssh", group, 22, INTERNET)], &fails);
    }
}

#[test]
fn the_finding_names_the_rule_that_is_at_fault_and_not_its_neighbour() {
    check(
        &[
            rule("a", OUTSIDE, 443, PRIVATE),
            rule("b", OUTSIDE, 22, INTERNET),
            rule("c", OUTSIDE, 80, PRIVATE),
        ],
        &["fails security-group-opens-ssh aws_vpc_security_group_ingress_rule.b"],
    );
}

#[test]
fn nothing_is_said_of_what_is_declared_elsewhere() {
    check(&[rule("a", OUTSIDE, 443, PRIVATE), rule("b", "var.group", 22, PRIVATE)], &[]);
}

#[test]
fn what_a_part_itself_leaves_open_is_said() {
    let found = [
        "unknown security-group-opens-every-port aws_vpc_security_group_ingress_rule.a",
        "unknown security-group-opens-ssh aws_vpc_security_group_ingress_rule.a",
        "unknown default-security-group-has-rules aws_vpc_security_group_ingress_rule.a",
    ];
    check(&[rule("a", OUTSIDE, 22, "var.office")], &found);
}
