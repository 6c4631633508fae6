//! The same expressions through Terraform itself, where it is installed.

use crate::{addresses, at, files, read, resource, show};
use palisade_read_terraform::read_plan;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

const EXPRESSIONS: &[&str] = &[
    "1 + 2 * 3 - 4 / 8",
    "7 % 3",
    "\"a${1.50}b\"",
    "\"${1e21}\"",
    "1 == \"1\"",
    "\"a\" == \"a\" ? [1] : [2]",
    "[for k, v in { b = 1, a = 2 } : \"${k}=${v}\"]",
    "{ for x in [\"a\", \"b\"] : x => upper(x) if x != \"b\" }",
    "{ for x in [\"a\", \"b\", \"a\"] : x => x... }",
    "[{ a = 1 }, { a = 2 }][*].a",
    "format(\"%5d|%-5s|%05.1f|%q|%v|%t\", 42, \"ab\", 3.14159, \"q\\\"\", [1, \"x\"], true)",
    "format(\"%v %v\", true, { b = 1, a = \"<\" })",
    "formatlist(\"%s-%s\", [\"a\", \"b\"], \"c\")",
    "join(\",\", [\"a\", \"b\"])",
    "split(\",\", \"a,,b\")",
    "split(\",\", \"\")",
    "split(\"\", \"abc\")",
    "replace(\"a.b.c\", \".\", \"-\")",
    "trim(\"?!hello?!\", \"!?\")",
    "trimprefix(\"helloworld\", \"hello\")",
    "trimsuffix(\"helloworld\", \"world\")",
    "substr(\"hello\", 1, 3)",
    "substr(\"hello\", -3, -1)",
    "title(\"hello world it's o_k\")",
    "merge({ a = 1, b = 2 }, { b = 3 }, null)",
    "concat([1], [\"a\"], [])",
    "flatten([[1, [2, [3]]], [], 4])",
    "distinct([\"a\", \"b\", \"a\"])",
    "compact([\"a\", \"\", null, \"b\"])",
    "coalesce(\"\", null, \"x\")",
    "coalescelist([], [1])",
    "element([1, 2, 3], 5)",
    "lookup({ a = 1 }, \"z\", 9)",
    "keys({ b = 1, a = 2 })",
    "values({ b = 1, a = 2 })",
    "zipmap([\"a\", \"b\"], [1, 2])",
    "contains([\"a\", \"b\"], \"b\")",
    "index([\"a\", \"b\"], \"b\")",
    "length(\"é\")",
    "reverse([1, 2, 3])",
    "slice([1, 2, 3, 4], 1, 3)",
    "sort([\"b\", \"a\", \"C\"])",
    "range(3)",
    "range(1, 8, 3)",
    "range(3, 0)",
    "max(1, 3, 2)",
    "min(1, 3, 2)",
    "sum([1, 2.5])",
    "abs(-3)",
    "ceil(1.2)",
    "floor(-1.2)",
    "tolist([1, \"a\", true])",
    "toset([\"b\", \"a\", \"b\"])",
    "setunion([\"a\"], [\"b\", \"a\"])",
    "setintersection([\"a\", \"b\"], [\"b\"])",
    "setsubtract([\"a\", \"b\"], [\"b\"])",
    "chunklist([1, 2, 3], 2)",
    "jsonencode({ b = [1, 1.5, null], a = \"<&>\", c = true })",
    "jsonencode(\"a\\u2028b\")",
    "jsondecode(\"{\\\"a\\\": [1, 2.0, \\\"x\\\"]}\")",
    "base64encode(\"héllo\")",
    "base64decode(\"aMOpbGxv\")",
    "alltrue([true, \"true\"])",
    "anytrue([])",
    "one([])",
    "one([5])",
    "try({}.a, [][0], \"x\")",
    "can(tonumber(\"x\"))",
    "startswith(\"abc\", \"ab\")",
    "endswith(\"abc\", \"bc\")",
    "strcontains(\"abc\", \"d\")",
    "strrev(\"aé\")",
    "chomp(\"a\\n\\n\")",
    "tonumber(\"0x10\")",
    "tonumber(\"1e3\")",
    "tobool(\"1\")",
    "tostring(1.10)",
    "-5 % 3",
    "!true || 1 < 2 && 2 <= 2",
    "\"%{ for x in [1, 2] ~}\n ${x} %{ endfor }\"",
    "\"a ${~ 1 ~} b\"",
    "\"%{ if false }a%{ else }b%{ endif }c\"",
    "{ a = 1 } == { a = 1 }",
    "[1, 2] == [1, 2, 3]",
    "null == null",
    "{ \"a b\" = 1, c = { d = [true] } }",
    "1.0",
    "100000000000000000",
    "0.1 + 0.2",
    "setproduct([\"a\", 1], [true, null])",
    "compact([1, 2])",
    "substr(\"a.b.c\", -3, 0)",
    "formatdate(\"YYYY-MM-DD EEE\", \"0001-01-01T00:00:00Z\")",
    "timeadd(\"1904-12-31T23:00:00Z\", \"2h\")",
    "signum(2.5)",
    "format(\"%x %X %o %b %04x %-4x|\", 255, 255, 8, 5, 171, 10)",
    "format(\"%x\", -255)",
    "{ a = 1, b = 2, a = 3 }",
    "{ \"a b\" = 1, \"a b\" = 2 }",
    "{ a = { x = 1, x = 2, y = 3 }, a = { x = 5, x = 6 } }",
    "yamlencode({a=[1,\"x\",null,true],b={},c=[],d={e=\"multi\\nline\\n\",f=\"tail\\nno\"},g=1.5, \"h i\"=\"\", j=[{k=1,l=2},[3,4],[]], m=\"\\u001b\\\"\\\\é\\u2028\"})",
    "textencodebase64(\"hé\",\"UTF-16LE\")",
    "urlencode(\"a b&c/é~*-_.\")",
    "indent(2,\"a\\nb\\n\\nc\")",
    "chomp(\"a\\r\\n\\r\\n\")",
    "setproduct([\"a\",\"b\"],[1,2])",
    "setproduct([],[\"a\"])",
    "transpose({a=[\"x\",\"y\"],b=[\"x\"]})",
    "matchkeys([\"a\",\"b\",\"c\"],[1,2,1],[1])",
    "parseint(\"ff\",16)",
    "parseint(\"-Zz\",62)",
    "pow(2,10)",
    "pow(2,0.5)",
    "log(8,2)",
    "log(10,10)",
    "signum(-3)",
    "csvdecode(\"a,b\\n1,\\\"x\\ny\\\"\\n\\n3,4\\n\")",
    "basename(\"a/b/\")",
    "dirname(\"a/b/../c\")",
    "dirname(\"x\")",
    "basename(\"\")",
    "dirname(\"/a\")",
    "uuidv5(\"dns\",\"www.terraform.io\")",
    "md5(\"a\")",
    "sha1(\"a\")",
    "sha512(\"a\")",
    "base64sha256(\"a\")",
    "timeadd(\"2020-01-01T00:00:00Z\",\"36h10m1.5s\")",
    "timecmp(\"2020-01-01T00:00:00Z\",\"2020-01-01T01:00:00+01:00\")",
    "formatdate(\"YYYY-MM-DD'T'hh:mm:ssZZZZZ EEE EEEE D MMM MMMM YY h H HH AA aa m s ZZZ ZZZZ Z\",\"2020-01-02T03:04:05+01:30\")",
    "regex(\"[a-z]+\",\"53453453.345345aaabbbccc23454\")",
    "regex(\"(\\\\d\\\\d\\\\d\\\\d)-(\\\\d\\\\d)-(x)?\",\"2019-02-01\")",
    "regex(\"^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?\",\"https://terraform.io/docs/\")",
    "regexall(\"[a-z]\",\"a1b\")",
    "regexall(\"(a)(b)?\",\"ab-a\")",
    "replace(\"hello world\",\"/w.*d/\",\"everybody\")",
    "replace(\"a-b\",\"/(\\\\w)-(\\\\w)/\",\"$2-$1$$ ${1}x $1x\")",
    "cidrsubnet(\"10.1.2.0/24\",4,15)",
    "cidrsubnet(\"fd00:fd12:3456:7890::/56\",16,162)",
    "cidrsubnet(\"10.1.2.3/8\",8,2)",
    "cidrhost(\"10.12.112.0/20\",268)",
    "cidrhost(\"10.12.112.0/20\",-1)",
    "cidrhost(\"fd00:fd12:3456:7890:00a2::/72\",34)",
    "cidrnetmask(\"172.16.0.0/12\")",
    "cidrsubnets(\"10.1.0.0/16\",4,4,8,4)",
    "cidrsubnets(\"fd00::/48\",16,16,32)",
    "cidrsubnet(\"10.0.0.0/8\",2,4)",
    "cidrnetmask(\"fd00::/48\")",
    "format(\"%x %X %o %b %e %c %#v %s\", 255,255,8,5,1.5,65,\"q\",1)",
    "sort([])",
    "tobool(\"1\")",
    "yamlencode(\"a\\nb\")",
    "yamlencode([])",
    "yamlencode(\"x: y\")",
    "yamlencode(true)",
    "yamlencode({\"true\"={\"1\"=\"2\"}})",
    "yamldecode(\"a: 1\\na: 2\")",
    "yamldecode(\"---\\na\\n---\\nb\")",
    "yamldecode(\"\")",
    "yamldecode(\"x: !!binary aGVsbG8=\")",
    "split(\"\",\"\")",
    "alltrue([null])",
    "range(5,1,-2)",
    "setunion([\"a\"],[1])",
    "trim(\"ab\",  \"\")",
    "substr(\"héllo\",1,2)",
    "substr(\"abc\",5,1)",
    "nonsensitive(\"a\")",
    "one(toset([\"a\"]))",
    "cidrhost(\"10.0.0.0/30\",4)",
    "chunklist([],2)",
    "ceil(\"1.2\")",
    "sum([\"1\",2])",
    "signum(\"x\")",
    "matchkeys([\"a\"],[\"b\",\"c\"],[1])",
    "csvdecode(\"a,a\\n1,2\")",
    "element([],0)",
    "urlencode(\"\")",
    "log(0,10)",
    "log(1024,2)",
    "abs(\"-1.5\")",
    "floor(-0.5)",
    "formatlist(\"%s\",[])",
    "zipmap([\"a\"],[1])",
    "yamlencode({a=\"yes\",b=\"1.0\",c=\"~\", d=\" x\", e=12345678901234567890, f=0.1})",
    "parseint(\"12\",37)",
    "substr(\"abc\",-5,2)",
    "strcontains(\"a\",\"\")",
    "yamldecode(\"a: [1, x, {b: 2.5}]\\nc: 'x'\\nd: on\\ne: 123456789012\\nf: 'yes it is'\\ng: |\\n  x\\n  y\\n\")",
    "yamlencode([{a=[{b=[1]}]},[\"x\\ny\"]])",
    "yamlencode({a={b=\"x\\n\\ny\"}})",
    "pathexpand(\"a/b\")",
    "textdecodebase64(\"aADpAA==\",\"UTF-16LE\")",
    "textdecodebase64(\"aMOp\",\"utf-8\")",
    "fileset(\"nowhere\", \"*\")",
    "path.module",
    "path.root",
    "fileexists(\"nowhere\")",
    "regexall(\"x*\",\"axb\")",
    "regex(\"(?i)ABC\",\"xabc\")",
    "replace(\"aaa\",\"/b*/\",\"-\")",
    "replace(\"x\",\"x\",\"$0\")",
    "regex(\"\\\\pL+\",\"é1\")",
    "regex(\"a{2,}\",\"caat\")",
    "cidrhost(\"10.0.0.0/8\",\"5\")",
    "cidrsubnet(\"0.0.0.0/0\",32,4294967295)",
    "cidrsubnet(\"10.0.0.1/32\",0,0)",
    "cidrsubnets(\"10.0.0.0/30\",1,1,1)",
    "cidrhost(\"fe80::/10\",-1)",
    "cidrsubnet(\"::/0\",128,1)",
    "cidrnetmask(\"10.0.0.0/0\")",
    "setproduct(toset([\"b\",\"a\"]),[\"x\"])",
    "setproduct([\"a\"])",
    "formatdate(\"DD MMM 'o''clock' HH\",\"1999-12-31T23:59:59Z\")",
    "formatdate(\"YYYY\",\"2024-02-30T00:00:00Z\")",
    "timeadd(\"2024-02-28T23:30:00+02:00\",\"-90m\")",
    "timeadd(\"1969-12-31T00:00:00Z\",\"1h\")",
    "formatdate(\"EEE\",\"1900-01-01T00:00:00Z\")",
    "formatdate(\"ZZZ Z\",\"2024-01-01T00:00:00Z\")",
    "csvdecode(\"a,b\\n\\\"x\\\"\\\"y\\\",z\\n\")",
    "csvdecode(\"a,b\\n1\\n\")",
    "parseint(\"\",10)",
    "parseint(\"zz\",36)",
    "parseint(\"A\",62)",
    "pow(0,0)",
    "pow(-2,0.5)",
    "log(8,1)",
    "indent(2,\"\")",
    "basename(\"/\")",
    "basename(\"a\")",
    "dirname(\"a/b/\")",
    "dirname(\"../a/b\")",
    "dirname(\"\")",
    "uuidv5(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\",\"x\")",
    "uuidv5(\"nope\",\"x\")",
    "base64sha512(\"a\")",
    "sha256(\"héllo\")",
    "one([1,2])",
    "transpose({})",
    "chunklist([1,2,3],0)",
    "matchkeys([],[],[\"a\"])",
    "strrev(\"\")",
    "title(\"a-b c'd\")",
    "sum([])",
    "range(0)",
    "range(10,0,-3)",
    "range(1,2,0)",
    "ceil(-1.5)",
    "urlencode(\"\\u00fc+%\")",
    "substr(\"abc\",1,-1)",
    "substr(\"abc\",-2,1)",
    "split(\"\",\"abc\")",
    "startswith(\"a\",\"\")",
    "trimprefix(\"a\",\"\")",
    "compact([])",
    "setunion([],[])",
    "distinct([1,\"1\"])",
    "setsubtract([\"a\"],[])",
    "chomp(\"a\\r\")",
    "format(\"%s %d%%\",\"a\",3)",
    "formatlist(\"%s-%d\",[\"a\"],[1])",
    "jsonencode(regexall(\"(?P<a>.)(?P<b>.)?\",\"xyz\"))",
];

#[test]
fn expressions_come_to_what_terraform_says() {
    let Some(expected) = terraform_console() else {
        eprintln!("SKIPPED: no `terraform` on PATH to compare with");
        return;
    };
    let mut differences = Vec::new();
    for (expression, expected) in EXPRESSIONS.iter().zip(expected) {
        let found = ours(expression);
        if found != expected {
            differences.push(format!("{expression}\n    terraform: {expected}\n    palisade:  {found}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// As JSON with sorted names; `refused` when there is no value.
fn ours(expression: &str) -> String {
    let text = format!(
        "locals {{\n v = {expression}\n}}\nresource \"aws_x\" \"a\" {{\n v = \"${{jsonencode({{ v = local.v }})}}.\"\n}}\n"
    );
    let configuration = read(&text);
    match at(resource(&configuration, "aws_x.a"), "v").and_then(|node| node.text()) {
        Some(text) => text.trim_end_matches('.').to_owned(),
        None => "refused".to_owned(),
    }
}

/// What each expression comes to: all of them in one run, each refusal kept to itself.
fn terraform_console() -> Option<Vec<String>> {
    let directory = std::env::temp_dir().join(format!("palisade-read-terraform-{}", std::process::id()));
    std::fs::create_dir_all(&directory).ok()?;
    let mut child = Command::new("terraform")
        .arg("console")
        .current_dir(&directory)
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let all: Vec<String> = EXPRESSIONS
        .iter()
        .map(|expression| format!("try(jsonencode({{ v = {expression} }}), \"refused\")"))
        .collect();
    let line = format!("jsonencode([{}])\n", all.join(", ").replace('\n', "\\n"));
    child.stdin.take()?.write_all(line.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("answered");
    std::fs::remove_dir_all(&directory).ok();
    let shown = String::from_utf8_lossy(&output.stdout);
    let list: String = serde_json::from_str(shown.trim()).expect("one text of all results");
    Some(serde_json::from_str(&list).expect("a list of texts"))
}

/// A configuration of `terraform_data`, which needs no provider, so that Terraform can plan it offline.
const CONFIGURATION: &str = r#"== main.tf
variable "names" {
  type    = set(string)
  default = ["b", "a"]
}
variable "settings" {
  type = map(object({
    size  = optional(number, 10)
    tags  = optional(map(string), {})
    label = optional(string)
    rules = optional(list(object({ port = number, open = optional(bool, false) })), [])
  }))
  default = {
    one = { size = "20", rules = [{ port = 22, open = "true" }, { port = 80 }] }
    two = { tags = { a = 1 } }
  }
}
variable "given" {
  type = number
}
variable "automatic" {
  type    = list(string)
  default = []
}
locals {
  enabled = { for name, setting in var.settings : name => setting if setting.size > 15 }
  flat = flatten([
    for name, setting in var.settings : [
      for rule in setting.rules : { key = "${name}-${rule.port}", open = rule.open }
    ]
  ])
  text = <<-EOT
    %{ for name in var.names ~}
    - ${name}
    %{ endfor ~}
    end
  EOT
  other = <<-EOT
      a ${1 + 1}

    $${b} %%{c}
      ${~ "d"}
    %{ if true }
      yes
    %{~ else ~}
      no
    %{ endif }
	  tab
  EOT
  plain = <<EOT
    x
  ${"y" ~}
    z
EOT
}
resource "terraform_data" "plain" {
  input = { given = var.given + 1, text = local.text, other = local.other, plain = local.plain, automatic = var.automatic, settings = var.settings }
}
resource "terraform_data" "each" {
  for_each = var.names
  input    = "${each.key}-${each.value}"
}
resource "terraform_data" "enabled" {
  for_each = local.enabled
  input    = merge(each.value.tags, { size = each.value.size, label = coalesce(each.value.label, "none") })
}
resource "terraform_data" "rules" {
  for_each = { for rule in local.flat : rule.key => rule }
  input    = each.value.open
}
resource "terraform_data" "counted" {
  count = length(var.automatic)
  input = "${count.index}:${var.automatic[count.index]}"
}
resource "terraform_data" "never" {
  count = var.given > 100 ? 1 : 0
  input = 1
}
resource "terraform_data" "later" {
  input = terraform_data.plain.id
}
resource "terraform_data" "reads" {
  input = [
    terraform_data.counted[*].input,
    terraform_data.each["a"].input,
    try(terraform_data.never[0].input, "nothing"),
    one(terraform_data.never[*].input),
    module.inner["x"].doubled,
    [for m in module.inner : m.doubled],
    values(module.inner)[*].doubled,
    module.never[*].doubled,
    jsonencode({ z = 1, a = [for name in var.names : upper(name)] }),
  ]
}
resource "terraform_data" "lines" {
  input = {
    for k, v in { a = 1 } : # why
    k # this
    => v == 1
    && true
    ? {
      x = 1 # one
      y = 2
      y = 3
    }
    : null
    if v
    > 0
  }
}
resource "terraform_data" "files" {
  input = [
    path.module, path.root,
    file("inner/plain.txt"), filesha256("inner/plain.txt"), fileset(path.module, "inner/**/*.{txt,tpl}"),
    fileexists("inner/plain.txt"), fileexists("inner/none.txt"), fileset("inner", "*"),
    templatefile("inner/list.tpl", { names = ["a", "b"], on = true }),
    templatefile("${path.module}/inner/one.tpl", { x = "only" }),
    try(templatefile("inner/one.tpl", {}), "no such name"),
    [for m in module.inner : m.file],
  ]
}
module "inner" {
  source   = "./inner"
  for_each = { x = 1, y = 2 }
  number   = each.value
}
module "never" {
  source = "./inner"
  count  = 0
  number = 1
}
== inner/main.tf
variable "number" {
  type = string
}
variable "optional" {
  type     = string
  default  = "kept"
  nullable = false
}
resource "terraform_data" "inside" {
  input = "${var.number}${var.optional}"
}
output "doubled" {
  value = var.number * 2
}
output "file" {
  value = "${path.module}: ${file("${path.module}/plain.txt")}"
}
== inner/plain.txt
plain ${text}
  é
== inner/list.tpl
%{ if on ~}
  on
%{ endif ~}
%{ for i, name in names ~}
  ${i}: ${upper(name)}
%{~ endfor }
$${x} %%{y}
== inner/one.tpl
${x}
== terraform.tfvars
given = 4
automatic = ["not this"]
== z.auto.tfvars
automatic = ["p", "q"]
"#;

#[test]
fn a_configuration_comes_to_what_terraform_plans() {
    let Some(plan) = terraform_plan() else {
        eprintln!("SKIPPED: no `terraform` on PATH to compare with");
        return;
    };
    let planned = read_plan(&"plan.json".into(), &plan);
    let ours = read(CONFIGURATION);
    assert!(ours.diagnostics.is_empty(), "{:?}", ours.diagnostics);
    let expected: BTreeSet<String> = addresses(&planned).into_iter().collect();
    let found: BTreeSet<String> =
        addresses(&ours).into_iter().filter(|address| !address.contains("never")).collect();
    assert_eq!(found, expected);
    for address in expected {
        let input = |configuration| {
            let node = at(resource(configuration, &address), "input").expect("input");
            match node.has_unknown() {
                true => show(node),
                // Names are in order in a plan.
                false => sorted(&node.value.to_json()).to_string(),
            }
        };
        match &*address {
            "terraform_data.later" => {
                assert_eq!(
                    input(&ours),
                    "?`terraform_data.plain.id` is known only after apply!:text -> terraform_data.plain.id"
                );
                assert_eq!(
                    input(&planned),
                    "?`terraform_data.later.input` is known only after apply!:text -> terraform_data.plain.id"
                );
            }
            // Encoded JSON is text in a plan, and structure here.
            "terraform_data.reads" => assert_eq!(
                input(&ours).replace("{\"a\":[\"A\",\"B\"],\"z\":1}", "J"),
                input(&planned).replace("\"{\\\"a\\\":[\\\"A\\\",\\\"B\\\"],\\\"z\\\":1}\"", "J")
            ),
            _ => assert_eq!(input(&ours), input(&planned), "{address}"),
        }
    }
}

fn sorted(json: &serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(name, _)| name.as_str());
            entries.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn terraform_plan() -> Option<String> {
    let directory = std::env::temp_dir().join(format!("palisade-read-terraform-plan-{}", std::process::id()));
    for file in files(CONFIGURATION) {
        let path = directory.join(&*file.path);
        std::fs::create_dir_all(path.parent()?).ok()?;
        std::fs::write(path, file.bytes).ok()?;
    }
    let run = |arguments: &[&str]| {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(&directory)
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    };
    run(&["init", "-no-color"])?;
    run(&["plan", "-no-color", "-out", "plan"])?;
    let plan = run(&["show", "-json", "plan"])?;
    std::fs::remove_dir_all(&directory).ok();
    String::from_utf8(plan).ok()
}
