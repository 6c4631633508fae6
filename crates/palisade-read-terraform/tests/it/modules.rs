//! Modules of the same repository are part of the root that calls them.

use crate::{addresses, at, check, diagnostics, read, resource, show, show_existence};

const NETWORK: &str = "== net/main.tf\nvariable \"cidr\" {\n type = string\n}\nresource \"aws_vpc\" \"v\" {\n cidr = var.cidr\n}\n\
                       output \"id\" {\n value = aws_vpc.v.id\n}\noutput \"cidr\" {\n value = aws_vpc.v.cidr\n}\n";

#[test]
fn arguments_go_in_and_outputs_come_out() {
    let text = format!(
        "== main.tf\nmodule \"n\" {{\n source = \"./net\"\n cidr = \"10.0.0.0/8\"\n}}\nresource \"aws_x\" \"a\" {{\n id = module.n.id\n cidr = module.n.cidr\n}}\n{NETWORK}"
    );
    check(&text, "module.n.aws_vpc.v", "cidr", "\"10.0.0.0/8\"");
    check(&text, "aws_x.a", "cidr", "\"10.0.0.0/8\"");
    check(&text, "aws_x.a", "id", "?`aws_vpc.v.id` is known only after apply!:text -> module.n.aws_vpc.v.id");
    let configuration = read(&text);
    assert!(configuration.modules_used.contains("net") && configuration.modules_used.len() == 1);
    assert!(configuration.diagnostics.is_empty(), "{:?}", configuration.diagnostics);
}

#[test]
fn a_module_is_called_as_often_as_it_says() {
    let text = format!(
        "== main.tf\nvariable \"v\" {{}}\nmodule \"e\" {{\n source = \"./net\"\n for_each = {{ a = \"1\", b = \"2\" }}\n cidr = each.value\n}}\n\
         module \"none\" {{\n source = \"./net\"\n count = 0\n cidr = \"x\"\n}}\nmodule \"open\" {{\n source = \"./net\"\n count = var.v\n cidr = \"x\"\n}}\n\
         resource \"aws_x\" \"a\" {{\n all = [for m in module.e : m]\n ids = values(module.e)[*].cidr\n b = module.e[\"b\"].cidr\n none = module.none[*].cidr\n open = module.open[0].cidr\n}}\n{NETWORK}"
    );
    check(&text, "module.e[\"b\"].aws_vpc.v", "cidr", "\"2\"");
    check(&text, "aws_x.a", "b", "\"2\"");
    let configuration = read(&text);
    assert_eq!(
        addresses(&configuration),
        [
            "aws_x.a",
            "module.e[\"a\"].aws_vpc.v",
            "module.e[\"b\"].aws_vpc.v",
            "module.none.aws_vpc.v",
            "module.open.aws_vpc.v"
        ]
    );
    let exists = |address: &str| show_existence(&resource(&configuration, address).existence);
    assert_eq!(exists("module.none.aws_vpc.v"), "no, by main.tf:9:10");
    assert_eq!(exists("module.open.aws_vpc.v"), "?`var.v` has no value:number by main.tf:14:10");
    assert!(show(at(resource(&configuration, "aws_x.a"), "open").expect("open")).starts_with('?'));
}

#[test]
fn providers_are_handed_on() {
    let text = "== main.tf\nprovider \"aws\" {\n region = \"eu-west-1\"\n}\nprovider \"aws\" {\n alias = \"w\"\n region = \"us-west-2\"\n}\n\
                module \"a\" {\n source = \"./m\"\n}\nmodule \"b\" {\n source = \"./m\"\n providers = {\n aws = aws.w\n }\n}\n== m/x.tf\nresource \"aws_x\" \"r\" {}\n";
    let configuration = read(text);
    let region = |address: &str| resource(&configuration, address).region.as_ref().map(ToString::to_string);
    assert_eq!(region("module.a.aws_x.r").as_deref(), Some("eu-west-1"));
    assert_eq!(region("module.b.aws_x.r").as_deref(), Some("us-west-2"));
}

#[test]
fn a_module_from_elsewhere_is_said_to_be_unseen() {
    let text = "module \"m\" {\n source = \"terraform-aws-modules/vpc/aws\"\n}\nresource \"aws_x\" \"a\" {\n v = module.m.id\n}\n";
    check(text, "aws_x.a", "v", "?`module.m.id` is not evaluated");
    assert_eq!(
        diagnostics(&read(text)),
        ["main.tf:1:1: `module.m` comes from `terraform-aws-modules/vpc/aws`, which is not on this machine \
          (its resources are not seen; run `terraform init`, or scan a plan (`terraform show -json`), to see them)"]
    );
}

#[test]
fn downloaded_modules_are_followed() {
    let text = "== main.tf\nmodule \"v\" {\n source = \"acme/vpc/aws\"\n version = \"~> 1.0\"\n}\nmodule \"old\" {\n source = \"acme/other/aws\"\n}\n\
                resource \"aws_x\" \"a\" {\n v = module.v.path\n}\n\
                == .terraform/modules/modules.json\n{\"Modules\": [{\"Key\": \"\", \"Source\": \"\", \"Dir\": \".\"}, \
                {\"Key\": \"v\", \"Source\": \"registry.terraform.io/acme/vpc/aws\", \"Version\": \"1.2.3\", \"Dir\": \".terraform/modules/v\"}, \
                {\"Key\": \"v.in\", \"Source\": \"git::https://example.com/in.git?ref=v1\", \"Dir\": \".terraform/modules/v.in/sub\"}, \
                {\"Key\": \"old\", \"Source\": \"registry.terraform.io/acme/another/aws\", \"Dir\": \".terraform/modules/old\"}]}\n\
                == .terraform/modules/v/main.tf\nresource \"aws_x\" \"outer\" {\n v = file(\"${path.module}/x.txt\")\n}\nmodule \"in\" {\n source = \"git::https://example.com/in.git?ref=v1\"\n}\noutput \"path\" {\n value = path.module\n}\n\
                == .terraform/modules/v/x.txt\nhello\n== .terraform/modules/v.in/sub/main.tf\nresource \"aws_x\" \"inner\" {}\n\
                == .terraform/modules/old/main.tf\nresource \"aws_x\" \"wrong\" {}\n";
    check(text, "aws_x.a", "v", "\".terraform/modules/v\"");
    check(text, "module.v.aws_x.outer", "v", "\"hello\\n\"");
    let configuration = read(text);
    assert_eq!(
        addresses(&configuration),
        ["aws_x.a", "module.v.aws_x.outer", "module.v.module.in.aws_x.inner"]
    );
    assert_eq!(diagnostics(&configuration).len(), 1, "only `old` is unseen");
    assert!(configuration.modules_used.contains(".terraform/modules/v.in/sub"));
}

#[test]
fn modules_that_call_each_other_in_a_circle_are_an_error_and_end() {
    let text = "== main.tf\nmodule \"a\" {\n source = \"./a\"\n}\n== a/x.tf\nresource \"aws_x\" \"r\" {}\nmodule \"b\" {\n source = \"../b\"\n}\n== b/x.tf\nmodule \"a\" {\n source = \"../a\"\n}\n";
    let configuration = read(text);
    assert_eq!(addresses(&configuration), ["module.a.aws_x.r"]);
    assert_eq!(
        diagnostics(&configuration),
        ["b/x.tf:1:1: `module.a` calls the module it is part of (a module can't contain itself)"]
    );
    let text = "module \"self\" {\n source = \"./\"\n}\n";
    assert_eq!(diagnostics(&read(text)).len(), 1);
}

#[test]
fn modules_that_double_many_times_end() {
    let mut text = String::from(
        "== main.tf\nmodule \"a\" {\n source = \"./m0\"\n}\nmodule \"b\" {\n source = \"./m0\"\n}\n",
    );
    for level in 0..20 {
        text.push_str(&format!("== m{level}/x.tf\nresource \"aws_x\" \"r\" {{}}\n"));
        for call in ["a", "b", "c"] {
            text.push_str(&format!("module \"{call}\" {{\n source = \"../m{}\"\n}}\n", level + 1));
        }
    }
    let configuration = read(&text);
    assert!(diagnostics(&configuration).iter().any(|text| text.contains("too deeply or too often")));
}

#[test]
fn a_missing_module_directory_is_an_error() {
    let text = "module \"m\" {\n source = \"./nowhere\"\n}\n";
    assert_eq!(
        diagnostics(&read(text)),
        [
            "main.tf:1:1: `module.m` comes from `nowhere`, which has no configuration (its resources are not seen; is the path in `source` right?)"
        ]
    );
}

#[test]
fn override_files_change_what_the_others_declare() {
    let text = "== a.tf\nvariable \"v\" {\n type = number\n default = 1\n}\nresource \"aws_x\" \"a\" {\n one = 1\n two = var.v\n rule {\n p = 1\n }\n rule {\n p = 2\n }\n}\n\
                == a_override.tf\nvariable \"v\" {\n default = \"2\"\n}\nresource \"aws_x\" \"a\" {\n one = 3\n rule {\n p = 4\n }\n}\nresource \"aws_x\" \"new\" {}\n";
    check(text, "aws_x.a", "", "{two: 2, one: 3, rule: [{p: 4}]}");
    assert_eq!(addresses(&read(text)), ["aws_x.a", "aws_x.new"]);
}
