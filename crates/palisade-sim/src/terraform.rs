//! The organisation's Terraform: a root module for each account, over modules they share.

use crate::live::{key_policy, policy};
use crate::organisation::{Account, Organisation};
use crate::thing::{
    Bucket, Database, Declared, Function, Instance, Queue, Role, SecurityGroup, Thing, Trail, User,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The modules that the roots share.
const MODULES: [(&str, &str); 6] = [
    ("modules/function/main.tf", include_str!("../modules/function/main.tf")),
    ("modules/function/outputs.tf", include_str!("../modules/function/outputs.tf")),
    ("modules/function/variables.tf", include_str!("../modules/function/variables.tf")),
    ("modules/private-bucket/main.tf", include_str!("../modules/private-bucket/main.tf")),
    ("modules/private-bucket/outputs.tf", include_str!("../modules/private-bucket/outputs.tf")),
    ("modules/private-bucket/variables.tf", include_str!("../modules/private-bucket/variables.tf")),
];

/// All files: paths below one folder, and their texts.
pub fn files(organisation: &Organisation) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> =
        MODULES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    for account in organisation.accounts.iter().filter(|account| !account.things.is_empty()) {
        for (name, text) in Root::of(account).files {
            files.insert(format!("accounts/{}/{name}", account.name), text);
        }
    }
    files
}

/// The address that Terraform gives a thing.
pub fn address(declared: &Declared) -> String {
    let local = local(&declared.name);
    let name = &declared.name;
    let of = |kind: &str| match declared.is_written_out {
        true => format!("{kind}.{local}"),
        false => format!("{kind}.this[\"{name}\"]"),
    };
    match (&declared.thing, declared.is_written_out) {
        (Thing::Bucket(_), true) => format!("module.{local}.aws_s3_bucket.this"),
        (Thing::Bucket(_), false) => format!("module.buckets[\"{name}\"].aws_s3_bucket.this"),
        (Thing::Function(_), false) => format!("module.functions[\"{name}\"].aws_lambda_function.this"),
        (Thing::Function(_), true) => format!("aws_lambda_function.{local}"),
        (Thing::Role(_), _) => of("aws_iam_role"),
        (Thing::Policy(_), _) => of("aws_iam_policy"),
        (Thing::User(_), _) => of("aws_iam_user"),
        (Thing::SecurityGroup(_), _) => of("aws_security_group"),
        (Thing::Database(_), _) => of("aws_db_instance"),
        (Thing::LogGroup(_), _) => of("aws_cloudwatch_log_group"),
        (Thing::Queue(_), _) => of("aws_sqs_queue"),
        (Thing::Topic(_), _) => of("aws_sns_topic"),
        (Thing::Key(_), _) => of("aws_kms_key"),
        (Thing::Volume(_), _) => of("aws_ebs_volume"),
        (Thing::Instance(_), _) => of("aws_instance"),
        (Thing::Trail(_), _) => of("aws_cloudtrail"),
    }
}

/// A name as Terraform's own names are written.
fn local(name: &str) -> String {
    name.replace('-', "_")
}

/// A value of a block's argument.
enum Is {
    Code(String),
    Blank,
}

fn text(text: &str) -> Is {
    Is::Code(format!("{text:?}"))
}

fn code(code: impl ToString) -> Is {
    Is::Code(code.to_string())
}

/// Arguments as `terraform fmt` aligns them: each run between blank lines and values of several lines by itself.
fn arguments<N: AsRef<str>>(arguments: &[(N, Is)], indent: usize) -> String {
    let mut out = String::new();
    let is_alone = |value: &Is| match value {
        Is::Code(code) => code.contains('\n'),
        Is::Blank => true,
    };
    let mut rest = arguments;
    while let Some((first, after)) = rest.split_first() {
        if is_alone(&first.1) {
            match &first.1 {
                Is::Blank => out.push('\n'),
                Is::Code(code) => {
                    let _ = writeln!(out, "{:indent$}{} = {code}", "", first.0.as_ref());
                }
            }
            rest = after;
            continue;
        }
        let run = rest.iter().take_while(|(_, value)| !is_alone(value)).count();
        let width = rest[..run].iter().map(|(name, _)| name.as_ref().len()).max().unwrap_or(0);
        for (name, value) in &rest[..run] {
            if let Is::Code(code) = value {
                let _ = writeln!(out, "{:indent$}{:width$} = {code}", "", name.as_ref());
            }
        }
        rest = &rest[run..];
    }
    out
}

/// The Terraform of one account.
struct Root<'a> {
    account: &'a Account,
    files: BTreeMap<&'static str, String>,
    variables: Vec<(&'static str, &'static str, &'static str)>,
    values: Vec<(&'static str, String)>,
}

impl<'a> Root<'a> {
    fn of(account: &'a Account) -> Self {
        let mut root = Self { account, files: BTreeMap::new(), variables: Vec::new(), values: Vec::new() };
        root.main();
        for declared in account.things.iter().filter(|declared| declared.is_written_out) {
            root.written_out(declared);
        }
        root.maps();
        root.variables();
        root
    }

    fn add(&mut self, file: &'static str, block: &str) {
        let text = self.files.entry(file).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(block);
    }

    fn main(&mut self) {
        let account = self.account;
        let main = format!(
            r#"terraform {{
  required_version = ">= 1.9"

  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }}
  }}

  backend "s3" {{
    bucket = "velvet-heron-state"
    key    = "{}/terraform.tfstate"
    region = "eu-west-1"
  }}
}}

provider "aws" {{
  region              = var.region
  allowed_account_ids = [var.account]

  default_tags {{
    tags = {{
      application = var.application
      owner       = var.owner
      stage       = var.stage
    }}
  }}
}}

locals {{
  prefix = "vh-{}"
}}
"#,
            account.name, account.name
        );
        self.add("main.tf", &main);
        let own = [
            ("account", account.id.to_string()),
            ("region", account.region.as_str().to_owned()),
            ("application", account.application.clone()),
            ("owner", account.team.clone()),
            ("stage", account.stage.to_owned()),
        ];
        for (name, value) in own {
            self.variables.push((name, "string", ""));
            self.values.push((name, format!("{value:?}")));
        }
    }

    fn variables(&mut self) {
        let mut text = String::new();
        for (name, is, default) in std::mem::take(&mut self.variables) {
            if !text.is_empty() {
                text.push('\n');
            }
            let mut inner = vec![("type", code(is))];
            if !default.is_empty() {
                inner.push(("default", code(default)));
            }
            let _ = write!(text, "variable \"{name}\" {{\n{}}}\n", arguments(&inner, 2));
        }
        self.files.insert("variables.tf", text);
        let mut values: Vec<(&str, Is)> = Vec::new();
        for (name, value) in std::mem::take(&mut self.values) {
            if value.contains('\n') {
                values.push(("", Is::Blank));
            }
            values.push((name, Is::Code(value)));
        }
        self.files.insert("terraform.tfvars", arguments(&values, 0));
    }

    /// A text of ours, with what the variables say taken from them.
    fn quoted(&self, text: &str) -> String {
        let text = format!("{text:?}").replace("${", "$${");
        let text = text.replace(&self.account.id.to_string(), "${var.account}");
        text.replace(&format!(":{}:", self.account.region.as_str()), ":${var.region}:")
    }

    /// A document as an expression.
    fn expression(&self, value: &Value, indent: usize) -> String {
        match value {
            Value::String(text) => self.quoted(text),
            Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
                let items: Vec<String> = items.iter().map(|item| self.expression(item, indent)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Array(items) => {
                let inner = indent + 2;
                let lines =
                    items.iter().map(|item| format!("{:inner$}{},\n", "", self.expression(item, inner)));
                format!("[\n{}{:indent$}]", lines.collect::<String>(), "")
            }
            Value::Object(entries) => {
                let is_name =
                    |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let entries: Vec<(String, Is)> = (entries.iter())
                    .map(|(name, value)| {
                        let name = if is_name(name) { name.clone() } else { format!("{name:?}") };
                        (name, Is::Code(self.expression(value, indent + 2)))
                    })
                    .collect();
                format!("{{\n{}{:indent$}}}", arguments(&entries, indent + 2), "")
            }
            other => other.to_string(),
        }
    }

    /// A policy document, given as JSON.
    fn encoded(&self, document: &str) -> Is {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        Is::Code(format!("jsonencode({})", self.expression(&document, 2)))
    }

    /// The name of a thing, by way of the prefix where it begins with it.
    fn name(&self, name: &str) -> Is {
        match name.strip_prefix(&self.account.prefix()) {
            Some(rest) => Is::Code(format!("\"${{local.prefix}}{rest}\"")),
            None => text(name),
        }
    }

    fn written_out(&mut self, declared: &Declared) {
        let label = local(&declared.name);
        let remark = declared.remark;
        let (file, block) = match &declared.thing {
            Thing::Bucket(bucket) => ("buckets.tf", self.bucket(&label, bucket, remark)),
            Thing::Role(role) => ("roles.tf", self.role(&label, role, remark)),
            Thing::User(user) => ("users.tf", self.user(&label, user, remark)),
            Thing::Policy(own) => {
                let resource =
                    [("name", text(&own.name)), ("", Is::Blank), ("policy", self.encoded(&own.document))];
                let role = local(&own.role);
                let attached = [
                    ("role", code(format!("aws_iam_role.{role}.name"))),
                    ("policy_arn", code(format!("aws_iam_policy.{label}.arn"))),
                ];
                let attachment = block("aws_iam_role_policy_attachment", &label, None, &attached);
                ("roles.tf", format!("{}\n{attachment}", block("aws_iam_policy", &label, remark, &resource)))
            }
            Thing::SecurityGroup(group) => {
                let open = group.ingress.iter().filter_map(|rule| rule.variable);
                self.variables.extend(open.map(|variable| (variable, "string", "")));
                ("security-groups.tf", self.group(&label, group, remark))
            }
            Thing::Database(database) => ("databases.tf", self.database(&label, database, remark)),
            Thing::Function(function) => ("functions.tf", self.function(&label, function, remark)),
            Thing::LogGroup(group) => {
                let rows = [("name", text(&group.name)), ("retention_in_days", code(group.days))];
                ("logs.tf", block("aws_cloudwatch_log_group", &label, remark, &rows))
            }
            Thing::Queue(queue) => ("queues.tf", self.queue(&label, queue, remark)),
            Thing::Topic(topic) => {
                ("topics.tf", block("aws_sns_topic", &label, remark, &[("name", self.name(&topic.name))]))
            }
            Thing::Key(key) => {
                let rows = [
                    ("description", text(&key.description)),
                    ("enable_key_rotation", code(key.is_rotated)),
                    ("", Is::Blank),
                    ("policy", self.encoded(&key_policy(self.account))),
                ];
                let alias = format!("alias/{}", key.alias);
                let alias = alias.replace(&self.account.prefix(), "${local.prefix}");
                let alias = [
                    ("name", Is::Code(format!("\"{alias}\""))),
                    ("target_key_id", code(format!("aws_kms_key.{label}.key_id"))),
                ];
                let alias = block("aws_kms_alias", &label, None, &alias);
                ("keys.tf", format!("{}\n{alias}", block("aws_kms_key", &label, remark, &rows)))
            }
            Thing::Volume(volume) => {
                let mut rows = vec![
                    ("availability_zone", code("\"${var.region}a\"")),
                    ("size", code(volume.size)),
                    ("type", text("gp3")),
                ];
                if volume.is_said {
                    rows.push(("encrypted", code(volume.is_encrypted)));
                }
                ("machines.tf", block("aws_ebs_volume", &label, remark, &rows))
            }
            Thing::Instance(instance) => ("machines.tf", self.instance(&label, instance, remark)),
            Thing::Trail(trail) => ("trail.tf", self.trail(&label, trail)),
        };
        self.add(file, &block);
    }

    fn bucket(&self, label: &str, bucket: &Bucket, remark: Option<&str>) -> String {
        let mut rows =
            vec![("source", text("../../modules/private-bucket")), ("name", self.name(&bucket.name))];
        if !bucket.is_versioned {
            rows.push(("versioning", code(false)));
        }
        if !bucket.blocks_public_policy {
            rows.push(("block_public_policy", code(false)));
        }
        if !bucket.statements.is_empty() {
            rows.push(("", Is::Blank));
            rows.push(("policy", self.encoded(&policy(&bucket.statements))));
        }
        let remark = remark.map_or_else(String::new, |remark| format!("# {remark}\n"));
        format!("{remark}module \"{label}\" {{\n{}}}\n", arguments(&rows, 2))
    }

    fn role(&self, label: &str, role: &Role, remark: Option<&str>) -> String {
        // The remark belongs to what it excuses: the last policy, or the trust where there is none.
        let (own, last) = if role.inline.len() > 1 { (None, remark) } else { (remark, None) };
        let mut out = String::new();
        let (own, trust) = match self.github_trust(label, &role.trust, own) {
            Some(document) => {
                out = document + "\n";
                (None, code(format!("data.aws_iam_policy_document.trust_{label}.json")))
            }
            None => (own, self.encoded(&role.trust)),
        };
        let mut rows = vec![("name", text(&role.name)), ("assume_role_policy", trust)];
        if matches!(&rows[1].1, Is::Code(code) if code.contains('\n')) {
            rows.insert(1, ("", Is::Blank));
        }
        out += &block("aws_iam_role", label, own, &rows);
        for (position, (name, document)) in role.inline.iter().enumerate() {
            let rows = [
                ("name", text(name)),
                ("role", code(format!("aws_iam_role.{label}.id"))),
                ("", Is::Blank),
                ("policy", self.encoded(document)),
            ];
            let remark = last.filter(|_| position + 1 == role.inline.len());
            out.push('\n');
            out += &block("aws_iam_role_policy", &format!("{label}_{}", local(name)), remark, &rows);
        }
        out
    }

    /// The trust of a role that GitHub's workflows assume, as a document of the provider; none for other trusts.
    fn github_trust(&self, label: &str, trust: &str, remark: Option<&str>) -> Option<String> {
        let document: Value = serde_json::from_str(trust).ok()?;
        let statement = &document["Statement"][0];
        let provider = statement["Principal"]["Federated"].as_str()?;
        let conditions = statement["Condition"].as_object()?.iter().flat_map(|(test, values)| {
            let values = values.as_object().into_iter().flatten();
            values.map(move |(variable, value)| {
                (test.as_str(), variable.as_str(), value.as_str().unwrap_or_default())
            })
        });
        let mut blocks = String::new();
        for (test, variable, value) in conditions {
            let rows = [
                ("test", text(test)),
                ("variable", text(variable)),
                ("values", Is::Code(format!("[{}]", self.quoted(value)))),
            ];
            let remark = remark.map_or_else(String::new, |remark| format!("    # {remark}\n"));
            let _ = write!(blocks, "\n{remark}    condition {{\n{}    }}\n", arguments(&rows, 6));
        }
        let principals =
            [("type", text("Federated")), ("identifiers", Is::Code(format!("[{}]", self.quoted(provider))))];
        Some(format!(
            "data \"aws_iam_policy_document\" \"trust_{label}\" {{\n  statement {{\n    \
             actions = [\"sts:AssumeRoleWithWebIdentity\"]\n\n    principals {{\n{}    }}\n{blocks}  }}\n}}\n",
            arguments(&principals, 6)
        ))
    }

    fn user(&self, label: &str, user: &User, remark: Option<&str>) -> String {
        let mut out = block("aws_iam_user", label, remark, &[("name", text(&user.name))]);
        for (name, document) in &user.inline {
            let rows = [
                ("name", text(name)),
                ("user", code(format!("aws_iam_user.{label}.name"))),
                ("", Is::Blank),
                ("policy", self.encoded(document)),
            ];
            out.push('\n');
            out += &block("aws_iam_user_policy", &format!("{label}_{}", local(name)), None, &rows);
        }
        out
    }

    fn group(&self, label: &str, group: &SecurityGroup, remark: Option<&str>) -> String {
        let rows = [
            ("name", self.name(&group.name)),
            ("description", text(&group.description)),
            ("vpc_id", text(&group.vpc)),
        ];
        let mut out = block("aws_security_group", label, None, &rows);
        for rule in &group.ingress {
            let is_one = rule.ranges.len() == 1;
            let mut rows = Vec::new();
            if !is_one {
                rows.push(("for_each", code(format!("toset({:?})", rule.ranges))));
            }
            let range = match (rule.variable, is_one) {
                (Some(variable), _) => code(format!("var.{variable}")),
                (None, true) => text(&rule.ranges[0]),
                (None, false) => code("each.value"),
            };
            rows.extend([
                ("security_group_id", code(format!("aws_security_group.{label}.id"))),
                ("description", text(&rule.description)),
                ("ip_protocol", text("tcp")),
                ("from_port", code(rule.port)),
                ("to_port", code(rule.port)),
                ("cidr_ipv4", range),
            ]);
            let of = format!("{label}_{}", rule.port);
            out.push('\n');
            out += &block("aws_vpc_security_group_ingress_rule", &of, remark, &rows);
        }
        out
    }

    fn database(&self, label: &str, database: &Database, remark: Option<&str>) -> String {
        let mut rows = vec![
            ("identifier", self.name(&database.name)),
            ("engine", text("postgres")),
            ("engine_version", text("16.8")),
            ("instance_class", text(&database.class)),
            ("allocated_storage", code(database.size)),
            ("username", text("owner")),
            ("manage_master_user_password", code(true)),
            ("storage_encrypted", code(database.is_encrypted)),
            ("kms_key_id", code("aws_kms_key.this[\"data\"].arn")),
            ("backup_retention_period", code(database.backup_days)),
            ("copy_tags_to_snapshot", code(true)),
            ("deletion_protection", code(database.is_protected)),
            ("multi_az", code(database.is_multi_az)),
            ("iam_database_authentication_enabled", code(true)),
            ("enabled_cloudwatch_logs_exports", code("[\"postgresql\"]")),
        ];
        if database.is_public {
            rows.push(("publicly_accessible", code(true)));
        }
        block("aws_db_instance", label, remark, &rows)
    }

    fn function(&self, label: &str, function: &Function, remark: Option<&str>) -> String {
        let role = crate::live::function_role(function, self.account);
        let log = [
            ("name", Is::Code(format!("\"/aws/lambda/${{aws_lambda_function.{label}.function_name}}\""))),
            ("retention_in_days", code(function.log_days)),
        ];
        let queue = (function.queue.iter())
            .map(|queue| ("QUEUE_URL", code(format!("aws_sqs_queue.{}.url", local(queue)))));
        let variables: Vec<(&str, Is)> = queue
            .chain(function.environment.iter().map(|(name, value)| (name.as_str(), text(value))))
            .collect();
        let rows = [
            ("function_name", self.name(&function.name)),
            ("filename", text(&format!("{}.zip", function.name))),
            ("handler", text("main.handler")),
            ("runtime", text(&function.runtime)),
            ("role", code(format!("aws_iam_role.{label}.arn"))),
        ];
        let remark = remark.map_or_else(String::new, |remark| format!("# {remark}\n"));
        format!(
            "{}\n{}\n{remark}resource \"aws_lambda_function\" \"{label}\" {{\n{}\n  environment {{\n    variables = {{\n{}    }}\n  }}\n\n  \
             tracing_config {{\n    mode = \"Active\"\n  }}\n}}\n",
            self.role(label, &role, None),
            block("aws_cloudwatch_log_group", label, None, &log),
            arguments(&rows, 2),
            arguments(&variables, 6),
        )
    }

    fn queue(&self, label: &str, queue: &Queue, remark: Option<&str>) -> String {
        let rows = [("name", self.name(&queue.name)), ("sqs_managed_sse_enabled", code(true))];
        let policy_rows = [
            ("queue_url", code(format!("aws_sqs_queue.{label}.id"))),
            ("", Is::Blank),
            ("policy", self.encoded(&policy(&queue.statements))),
        ];
        let policy = block("aws_sqs_queue_policy", label, remark, &policy_rows);
        format!("{}\n{policy}", block("aws_sqs_queue", label, None, &rows))
    }

    fn instance(&self, label: &str, instance: &Instance, remark: Option<&str>) -> String {
        let group = local(&instance.group);
        let rows = [
            ("ami", text(&instance.image)),
            ("instance_type", text(&instance.class)),
            ("subnet_id", text(&instance.subnet)),
            ("associate_public_ip_address", code(false)),
            ("monitoring", code(true)),
            ("iam_instance_profile", code(format!("aws_iam_role.{}.name", local(&instance.role)))),
            ("vpc_security_group_ids", code(format!("[aws_security_group.{group}.id]"))),
        ];
        let tokens = if instance.asks_for_token { "required" } else { "optional" };
        let remark = remark.map_or_else(String::new, |remark| format!("    # {remark}\n"));
        format!(
            "resource \"aws_instance\" \"{label}\" {{\n{}\n  metadata_options {{\n{remark}    http_tokens                 = \"{tokens}\"\n    \
             http_endpoint               = \"enabled\"\n    http_put_response_hop_limit = 1\n  }}\n\n  \
             root_block_device {{\n    encrypted = true\n  }}\n}}\n",
            arguments(&rows, 2)
        )
    }

    fn trail(&self, label: &str, trail: &Trail) -> String {
        let rows = [
            ("name", text(&trail.name)),
            ("s3_bucket_name", text(&trail.bucket)),
            ("is_organization_trail", code(trail.is_organisation)),
            ("is_multi_region_trail", code(true)),
            ("enable_log_file_validation", code(true)),
            ("kms_key_id", code(format!("aws_kms_key.this[\"{}\"].arn", trail.key))),
            ("cloud_watch_logs_group_arn", code("\"${aws_cloudwatch_log_group.trail.arn}:*\"")),
            ("cloud_watch_logs_role_arn", code("aws_iam_role.trail_to_logs.arn")),
        ];
        block("aws_cloudtrail", label, None, &rows)
    }

    /// What is declared many at a time: the maps, and the blocks that go through them.
    fn maps(&mut self) {
        let account = self.account;
        let mut rows: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for declared in account.things.iter().filter(|declared| !declared.is_written_out) {
            let name = &declared.name;
            let (map, row) = match &declared.thing {
                Thing::Bucket(_) => ("buckets", format!("{name:?}")),
                Thing::Queue(_) => ("queues", format!("{name:?}")),
                Thing::Function(function) => {
                    ("functions", format!("{name} = {{ runtime = {:?} }}", function.runtime))
                }
                Thing::LogGroup(group) => {
                    ("log_groups", format!("{name} = {{ name = {:?}, days = {} }}", group.name, group.days))
                }
                Thing::Topic(topic) => {
                    ("topics", format!("{name} = {:?}", topic.key.as_deref().unwrap_or_default()))
                }
                Thing::Key(key) => ("keys", format!("{name} = {:?}", key.description)),
                Thing::Database(database) => (
                    "databases",
                    format!("{name} = {{ class = {:?}, size = {} }}", database.class, database.size),
                ),
                Thing::SecurityGroup(group) => {
                    let rules = group.ingress.iter().map(|rule| {
                        format!(
                            "{:?} = {{ port = {}, from = {:?} }}",
                            rule.description, rule.port, rule.ranges
                        )
                    });
                    let rules = rules.collect::<Vec<_>>().join(", ");
                    (
                        "security_groups",
                        format!(
                            "{name} = {{ description = {:?}, ingress = {{ {rules} }} }}",
                            group.description
                        ),
                    )
                }
                // The others are always written out.
                _ => continue,
            };
            rows.entry(map).or_default().push(row);
        }
        for (map, rows) in rows {
            let Some((file, is, block)) = many(map) else { continue };
            let is_set = is.starts_with("set");
            let lines: String = match is_set {
                true => rows.iter().map(|row| format!("  {row},\n")).collect(),
                false => {
                    let rows = rows.iter().filter_map(|row| row.split_once(" = "));
                    let rows: Vec<(&str, Is)> = rows.map(|(name, value)| (name, code(value))).collect();
                    arguments(&rows, 2)
                }
            };
            let (open, close) = if is_set { ("[", "]") } else { ("{", "}") };
            self.variables.push((map, is, ""));
            self.values.push((map, format!("{open}\n{lines}{close}")));
            let vpc =
                account.of(|thing| if let Thing::SecurityGroup(group) = thing { Some(group) } else { None });
            let vpc = vpc.map(|group| group.vpc.as_str()).next().unwrap_or_default();
            let policy = self.encoded(&key_policy(account));
            let Is::Code(policy) = policy else { continue };
            let block = block.replace("VPC", vpc).replace("KEY_POLICY", &policy);
            self.add(file, &block);
        }
    }
}

fn block(kind: &str, label: &str, remark: Option<&str>, rows: &[(&str, Is)]) -> String {
    let remark = remark.map_or_else(String::new, |remark| format!("# {remark}\n"));
    format!("{remark}resource \"{kind}\" \"{label}\" {{\n{}}}\n", arguments(rows, 2))
}

/// The file, the type of the variable and the block of what is declared many at a time.
fn many(map: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match map {
        "buckets" => (
            "buckets.tf",
            "set(string)",
            r#"module "buckets" {
  source   = "../../modules/private-bucket"
  for_each = var.buckets
  name     = "${local.prefix}-${each.key}"
}
"#,
        ),
        "functions" => (
            "functions.tf",
            "map(object({\n    runtime  = optional(string, \"python3.13\")\n    log_days = optional(number, 365)\n  }))",
            r#"module "functions" {
  source      = "../../modules/function"
  for_each    = var.functions
  name        = "${local.prefix}-${each.key}"
  runtime     = each.value.runtime
  log_days    = each.value.log_days
  environment = { STAGE = var.stage }
}
"#,
        ),
        "log_groups" => (
            "logs.tf",
            "map(object({\n    name = string\n    days = optional(number, 365)\n  }))",
            r#"resource "aws_cloudwatch_log_group" "this" {
  for_each          = var.log_groups
  name              = each.value.name
  retention_in_days = each.value.days
}
"#,
        ),
        "queues" => (
            "queues.tf",
            "set(string)",
            r#"resource "aws_sqs_queue" "this" {
  for_each                = var.queues
  name                    = "${local.prefix}-${each.key}"
  sqs_managed_sse_enabled = true
}
"#,
        ),
        "topics" => (
            "topics.tf",
            "map(string)",
            r#"resource "aws_sns_topic" "this" {
  for_each          = var.topics
  name              = "${local.prefix}-${each.key}"
  kms_master_key_id = aws_kms_key.this[each.value].arn
}
"#,
        ),
        "keys" => (
            "keys.tf",
            "map(string)",
            r#"resource "aws_kms_key" "this" {
  for_each            = var.keys
  description         = each.value
  enable_key_rotation = true

  policy = KEY_POLICY
}

resource "aws_kms_alias" "this" {
  for_each      = var.keys
  name          = "alias/${local.prefix}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
"#,
        ),
        "databases" => (
            "databases.tf",
            "map(object({\n    class       = string\n    size        = number\n    backup_days = optional(number, 14)\n  }))",
            r#"resource "aws_db_instance" "this" {
  for_each                            = var.databases
  identifier                          = "${local.prefix}-${each.key}"
  engine                              = "postgres"
  engine_version                      = "16.8"
  instance_class                      = each.value.class
  allocated_storage                   = each.value.size
  username                            = "owner"
  manage_master_user_password         = true
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.this["data"].arn
  backup_retention_period             = each.value.backup_days
  copy_tags_to_snapshot               = true
  deletion_protection                 = true
  multi_az                            = true
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]
}
"#,
        ),
        "security_groups" => (
            "security-groups.tf",
            "map(object({\n    description = string\n    ingress = map(object({\n      port = number\n      from = list(string)\n    }))\n  }))",
            r#"resource "aws_security_group" "this" {
  for_each    = var.security_groups
  name        = "${local.prefix}-${each.key}"
  description = each.value.description
  vpc_id      = "VPC"

  dynamic "ingress" {
    for_each = each.value.ingress
    content {
      description = ingress.key
      protocol    = "tcp"
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      cidr_blocks = ingress.value.from
    }
  }
}
"#,
        ),
        _ => return None,
    })
}
