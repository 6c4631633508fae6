//! What stands in each account, and where a flaw or a clean twin of one is planted.

use crate::build::{COMPANY, application, trusts_github, trusts_service};
use crate::company::OFFICES;
use crate::live::policy;
use crate::organisation::{Account, Flaw, Organisation, Purpose};
use crate::random::Random;
use crate::thing::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A sort of flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    AnyRepository,
    PassesAnyRole,
    BucketOpen,
    NotVersioned,
    SshOpen,
    DatabasePublic,
    QueueOpen,
    NoToken,
    AllowsEverything,
    VolumePlain,
    KeyNotRotated,
    OldRuntime,
    NoBackups,
    ShortLog,
    TopicPlain,
}

/// Where each sort is planted first: the accounts in the order of preference.
const FIRST: [(Sort, &[&str]); 15] = [
    (Sort::AnyRepository, &["shared-services"]),
    (Sort::PassesAnyRole, &["shared-services"]),
    (Sort::BucketOpen, &["catalogue-prod"]),
    (Sort::NotVersioned, &["catalogue-nonprod"]),
    (Sort::SshOpen, &["transcoding-prod", "playback-prod"]),
    (Sort::DatabasePublic, &["recommendations-prod", "catalogue-nonprod"]),
    (Sort::QueueOpen, &["recommendations-prod", "playback-prod"]),
    (Sort::NoToken, &["transcoding-prod", "playback-prod"]),
    (Sort::AllowsEverything, &["transcoding-prod", "playback-nonprod"]),
    (Sort::VolumePlain, &["transcoding-nonprod", "playback-nonprod"]),
    (Sort::KeyNotRotated, &["catalogue-prod"]),
    (Sort::OldRuntime, &["catalogue-prod"]),
    (Sort::NoBackups, &["billing-nonprod", "catalogue-prod"]),
    (Sort::ShortLog, &["audit"]),
    (Sort::TopicPlain, &["playback-nonprod"]),
];

/// Accounts after this many have flaws by chance; those before have one of each sort among them.
const SETTLED: usize = 16;
/// How likely each sort is in each further account, in percent.
const CHANCE: usize = 3;

/// Which sorts are planted in which account.
pub struct Plan(BTreeMap<usize, BTreeSet<Sort>>);

impl Plan {
    /// The plan of an organisation.
    pub fn of(organisation: &Organisation) -> Self {
        let mut random = Random::of(organisation.seed, "flaws");
        let mut plan: BTreeMap<usize, BTreeSet<Sort>> = BTreeMap::new();
        for (sort, accounts) in FIRST {
            let position =
                |name: &&str| organisation.accounts.iter().position(|account| account.name == *name);
            if let Some(index) = accounts.iter().find_map(position) {
                plan.entry(index).or_default().insert(sort);
            }
        }
        for index in SETTLED..organisation.accounts.len() {
            for (sort, _) in FIRST {
                if random.chance(CHANCE) {
                    plan.entry(index).or_default().insert(sort);
                }
            }
        }
        Self(plan)
    }
}

/// An account with all that stands in it, and what was planted.
pub fn stand(organisation: &Organisation, index: usize, plan: &Plan) -> (Account, Vec<Flaw>) {
    let account = organisation.accounts[index].clone();
    let sorts = plan.0.get(&index).cloned().unwrap_or_default();
    let random = Random::of(organisation.seed, &account.name);
    let prefix = account.prefix();
    let mut site = Site { organisation, account, sorts, random, prefix, planted: Vec::new() };
    match site.account.purpose {
        Purpose::Management => site.management(),
        Purpose::LogArchive => site.log_archive(),
        Purpose::Audit => site.audit(),
        Purpose::Network => site.network(),
        Purpose::Shared => site.shared(),
        Purpose::Production | Purpose::NonProduction => site.workload(),
        Purpose::Sandbox => site.sandbox(),
        Purpose::Suspended => {}
    }
    let account = site.account;
    let flaws = (site.planted.into_iter())
        .filter_map(|(name, kind, statement, is_flaw)| {
            let is_it = |other: &&Declared| other.name == name && other.thing.kind() == kind;
            let declared = account.things.iter().find(is_it)?;
            Some(Flaw {
                id: format!("{}/{}/{name}", account.name, kind.rsplit(':').next().unwrap_or(kind)),
                statement,
                is_flaw,
                kind,
                account: account.id,
                arn: declared.thing.arn(account.id, account.region.as_str()),
                root: format!("accounts/{}", account.name),
                address: crate::terraform::address(declared),
            })
        })
        .collect();
    (account, flaws)
}

struct Site<'a> {
    organisation: &'a Organisation,
    account: Account,
    sorts: BTreeSet<Sort>,
    random: Random,
    prefix: String,
    planted: Vec<(String, &'static str, &'static str, bool)>,
}

impl Site<'_> {
    fn has(&self, sort: Sort) -> bool {
        self.sorts.contains(&sort)
    }

    /// One of many.
    fn plain(&mut self, name: &str, thing: Thing) {
        let name = name.to_owned();
        self.account.things.push(Declared { name, is_written_out: false, remark: None, thing });
    }

    /// In a block of its own, with what its author wrote beside it; an empty remark is none.
    fn written(&mut self, name: &str, remark: &'static str, thing: Thing) {
        let remark = (!remark.is_empty()).then_some(remark);
        self.account.things.push(Declared { name: name.to_owned(), is_written_out: true, remark, thing });
    }

    /// Says of the last thing that it is a flaw, or looks like one.
    fn planted(&mut self, is_flaw: bool, statement: &'static str) {
        if let Some(last) = self.account.things.last() {
            self.planted.push((last.name.clone(), last.thing.kind(), statement, is_flaw));
        }
    }

    fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn bucket(&self, name: &str) -> Bucket {
        Bucket {
            name: self.named(name),
            is_versioned: true,
            blocks_public_policy: true,
            statements: Vec::new(),
            log_bucket: format!("{COMPANY}-access-logs"),
        }
    }

    fn key(&mut self, alias: &str, description: &str) -> Key {
        Key {
            id: crate::build::uuid(&mut self.random),
            alias: self.named(alias),
            description: description.to_owned(),
            is_rotated: true,
        }
    }

    fn role(&mut self, name: &str, trust: String, inline: &[(&str, String)]) -> Role {
        Role {
            name: name.to_owned(),
            id: format!("AROA{}", self.random.id(17)),
            path: "/".to_owned(),
            trust,
            inline: inline.iter().map(|(name, document)| ((*name).to_owned(), document.clone())).collect(),
            attached: Vec::new(),
        }
    }

    fn function(&mut self, name: &str) -> Function {
        Function {
            name: self.named(name),
            runtime: if self.random.chance(60) { "python3.13" } else { "nodejs22.x" }.to_owned(),
            environment: [("STAGE".to_owned(), self.account.stage.to_owned())].into(),
            queue: None,
            role_id: format!("AROA{}", self.random.id(17)),
            log_days: 365,
        }
    }

    fn vpc(&self) -> String {
        let mut random = Random::of(self.organisation.seed, &format!("vpc {}", self.account.name));
        format!("vpc-0{}", random.hex(16))
    }

    fn group(&mut self, name: &str, description: &str, rules: &[(&str, u16, &str)]) -> SecurityGroup {
        let ingress = rules.iter().map(|(description, port, range)| Ingress {
            description: (*description).to_owned(),
            port: *port,
            ranges: vec![(*range).to_owned()],
            variable: None,
        });
        SecurityGroup {
            name: self.named(name),
            id: format!("sg-0{}", self.random.hex(16)),
            vpc: self.vpc(),
            description: description.to_owned(),
            ingress: ingress.collect(),
        }
    }

    fn management(&mut self) {
        let key = self.key("trail", "The organisation's trail");
        self.plain("trail", Thing::Key(key));
        let log = LogGroup { name: "/organisation/trail".to_owned(), days: 400 };
        self.written("trail", "", Thing::LogGroup(log));
        let group = self.arn("logs", "log-group:/organisation/trail:*");
        let writes = statement(&["logs:CreateLogStream", "logs:PutLogEvents"], &group);
        let trust = trusts_service("cloudtrail.amazonaws.com");
        let role = self.role("trail-to-logs", trust, &[("write", policy(&[writes]))]);
        self.written("trail-to-logs", "", Thing::Role(role));
        let trail = Trail {
            name: "organisation".to_owned(),
            bucket: format!("{COMPANY}-trail"),
            is_organisation: true,
            key: "trail".to_owned(),
        };
        self.written("organisation", "", Thing::Trail(trail));
        self.watched();
    }

    fn log_archive(&mut self) {
        for (name, service) in
            [("trail", "cloudtrail.amazonaws.com"), ("access-logs", "logging.s3.amazonaws.com")]
        {
            let bucket = format!("{COMPANY}-{name}");
            let statement = json!({
                "Effect": "Allow", "Principal": { "Service": service }, "Action": "s3:PutObject",
                "Resource": format!("arn:aws:s3:::{bucket}/*"),
                "Condition": { "StringEquals": { "aws:SourceOrgID": self.organisation.id } },
            });
            let looks = json!({
                "Effect": "Allow", "Principal": { "Service": service }, "Action": "s3:GetBucketAcl",
                "Resource": format!("arn:aws:s3:::{bucket}"),
                "Condition": { "StringEquals": { "aws:SourceOrgID": self.organisation.id } },
            });
            let statements = vec![statement.to_string(), looks.to_string()];
            let bucket = Bucket { name: bucket, statements, ..self.bucket(name) };
            self.written(name, "", Thing::Bucket(bucket));
        }
        self.watched();
    }

    fn audit(&mut self) {
        let sign_ins = LogGroup { name: "/audit/sign-ins".to_owned(), days: 400 };
        self.plain("sign-ins", Thing::LogGroup(sign_ins));
        let dns = |days| Thing::LogGroup(LogGroup { name: "/audit/dns-queries".to_owned(), days });
        if self.has(Sort::ShortLog) {
            self.written("dns-queries", "CloudWatch was a third of the bill in March.", dns(14));
            self.planted(true, "the log group keeps what is logged for less than three months");
        } else {
            self.plain("dns-queries", dns(365));
        }
        let triage = self.function("triage");
        self.plain("triage", Thing::Function(triage));
        let audits = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", self.account.id) },
            "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "aws:PrincipalOrgID": self.organisation.id } } });
        let looks = statement(&["cloudtrail:LookupEvents", "guardduty:Get*", "guardduty:List*"], "*");
        let role = self.role("investigates", policy(&[audits.to_string()]), &[("look", policy(&[looks]))]);
        self.written("investigates", "", Thing::Role(role));
        self.watched();
    }

    fn network(&mut self) {
        let flow = LogGroup { name: "/network/flow".to_owned(), days: 400 };
        self.plain("flow", Thing::LogGroup(flow));
        let vpn = self.group(
            "vpn",
            "Where the VPN ends",
            &[("TLS, which asks for a certificate", 443, "0.0.0.0/0")],
        );
        self.written("vpn", "", Thing::SecurityGroup(vpn));
        self.planted(false, "only the port of the VPN itself is open to the internet");
        self.watched();
    }

    fn shared(&mut self) {
        let artefacts = self.bucket("artefacts");
        self.plain("artefacts", Thing::Bucket(artefacts));
        let open = self.has(Sort::AnyRepository);
        let subject = format!("repo:{COMPANY}/landing-zone:ref:refs/heads/main");
        let trust = trusts_github(self.account.id, (!open).then_some(subject.as_str()));
        let role = self.role("deploys-landing-zone", trust, &[]);
        self.written(
            "deploys-landing-zone",
            if open {
                "TODO: also the repository, once we know what it is called after the move."
            } else {
                ""
            },
            Thing::Role(role),
        );
        if open {
            self.planted(true, "workflows of any GitHub repository may assume the role");
        }
        let subject = format!("repo:{COMPANY}/player:ref:refs/heads/main");
        let updates = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": { "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } });
        let deploys =
            statement(&["ecs:DescribeServices", "ecs:RegisterTaskDefinition", "ecs:UpdateService"], "*");
        let inline = [("deploy", policy(&[deploys, updates.to_string()]))];
        let role = self.role("deploys-player", trusts_github(self.account.id, Some(&subject)), &inline);
        self.written("deploys-player", "", Thing::Role(role));
        self.planted(false, "only one branch of one repository may assume the role");
        let mut passes = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" });
        let is_flaw = self.has(Sort::PassesAnyRole);
        if !is_flaw {
            passes["Resource"] = json!(format!("arn:aws:iam::{}:role/functions/*", self.account.id));
        }
        let changes = statement(
            &["ec2:*", "ecs:*", "iam:Get*", "iam:List*", "iam:CreateAccessKey", "lambda:*", "rds:*"],
            "*",
        );
        let document = policy(&[changes, passes.to_string()]);
        let name = "deploys-landing-zone".to_owned();
        let deploys = Policy { name: name.clone(), document, role: name.clone() };
        let remark = "Each team has its own roles, and there is always one missing in the list.";
        self.written(&name, if is_flaw { remark } else { "" }, Thing::Policy(deploys));
        if is_flaw {
            self.planted(true, "the policy allows to pass any role to any service");
        }
        let reads = statement(&["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::velvet-heron-access-logs/*");
        let looks = statement(&["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListAllMyBuckets"], "*");
        let user = User {
            name: "cdn-log-export".to_owned(),
            id: format!("AIDA{}", self.random.id(17)),
            key: format!("AKIA{}", self.random.id(16)),
            inline: vec![("read".to_owned(), policy(&[reads, looks]))],
        };
        self.written("cdn-log-export", "The CDN's exporter knows no roles.", Thing::User(user));
        self.planted(true, "the user has a policy of its own");
        self.watched();
    }

    fn sandbox(&mut self) {
        let bucket = self.bucket("scratch");
        self.plain("scratch", Thing::Bucket(bucket));
        let function = self.function("hello");
        self.plain("hello", Thing::Function(function));
    }

    /// The role by which another company looks at the machines, with an id only it and we know.
    fn watched(&mut self) {
        let (vendor, name) = self.organisation.vendor();
        let trust = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{vendor}:root") },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": Random::of(self.organisation.seed, "vendor").hex(24) } } });
        let reads = statement(
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListMetrics",
                "ec2:DescribeInstances",
                "elasticloadbalancing:DescribeLoadBalancers",
                "tag:GetResources",
            ],
            "*",
        );
        let role = self.role(name, policy(&[trust.to_string()]), &[("read", policy(&[reads]))]);
        self.written(name, "", Thing::Role(role));
    }

    fn workload(&mut self) {
        let Some(application) = application(&self.account) else { return };
        let is_production = self.account.purpose == Purpose::Production;
        let data = self.key("data", "What the application keeps");
        self.plain("data", Thing::Key(data));
        if self.has(Sort::KeyNotRotated) {
            let key = Key { is_rotated: false, ..self.key("embargo", "Artwork under embargo") };
            let remark =
                "A partner keeps copies under this key and asked us to leave it alone until the film is out.";
            self.written("embargo", remark, Thing::Key(key));
            self.planted(true, "the key is never rotated");
        }
        self.buckets(application.buckets);
        for (position, name) in application.functions.iter().enumerate() {
            let function = self.function(name);
            match position == 1 && self.has(Sort::OldRuntime) {
                true => {
                    let function = Function { runtime: "python3.9".to_owned(), ..function };
                    let remark = "The audio library has no wheel for anything newer.";
                    self.written(name, remark, Thing::Function(function));
                    self.planted(true, "the runtime gets no more security fixes");
                }
                false if position == 0 && self.leaves_open() => {
                    let queue = application.queues.first().copied();
                    self.written(name, "", Thing::Function(Function { queue, ..function }));
                    self.planted(false, "the function's variables hold the URL of a queue and no secret");
                }
                false => self.plain(name, Thing::Function(function)),
            }
        }
        self.queues(application.queues);
        self.topic();
        self.databases(application.database, is_production);
        self.groups(application.has_machines);
        if application.has_machines {
            self.machines(is_production);
        }
        let subject = format!("repo:{COMPANY}/{}:environment:{}", application.name, self.account.stage);
        let manages = statement(
            &[
                "ecs:*",
                "lambda:*",
                "s3:*",
                "sqs:*",
                "sns:*",
                "rds:*",
                "ec2:*",
                "logs:*",
                "kms:Describe*",
                "kms:Get*",
                "iam:Get*",
                "iam:List*",
                "ecr:*",
            ],
            "*",
        );
        let own = format!("arn:aws:iam::{}:role/{}-*", self.account.id, application.name);
        let changes = statement(
            &["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            &own,
        );
        let trust = trusts_github(self.account.id, Some(&subject));
        let deploys = self.role(
            &format!("deploys-{}", application.name),
            trust,
            &[("manage", policy(&[manages, changes]))],
        );
        self.written(&format!("deploys-{}", application.name), "", Thing::Role(deploys));
        let reads =
            statement(&["secretsmanager:GetSecretValue"], &self.arn("secretsmanager", "secret:app/*"));
        let runs = [
            statement(&["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], "*"),
            statement(&["ssm:GetParameter"], &self.arn("ssm", &format!("parameter/{}/*", application.name))),
            statement(
                &["logs:CreateLogStream"],
                &self.arn("logs", &format!("log-group:/ecs/{}:*", application.name)),
            ),
            statement(&["kms:Decrypt"], &self.arn("kms", "key/*")),
        ];
        let task = self.role(
            &format!("{}-task", application.name),
            trusts_service("ecs-tasks.amazonaws.com"),
            &[("secrets", policy(&[reads])), ("run", policy(&runs))],
        );
        self.written(&format!("{}-task", application.name), "", Thing::Role(task));
        self.plain(
            "service",
            Thing::LogGroup(LogGroup { name: format!("/ecs/{}", application.name), days: 365 }),
        );
        self.watched();
        if self.leaves_open() {
            let mut editing = self.group("editing", "The editors' desktops", &[]);
            editing.ingress = vec![Ingress {
                description: "Remote desktop from the office".to_owned(),
                port: 3389,
                ranges: vec![format!("{}/32", OFFICES[0].1)],
                variable: Some("office_range"),
            }];
            self.written("editing", "", Thing::SecurityGroup(editing));
            self.planted(false, "remote desktop is open to the office, which only whoever applies it names");
        }
    }

    /// Does the configuration leave some answers open, which the account itself would give?
    fn leaves_open(&self) -> bool {
        self.account.name == "transcoding-prod"
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.account.region.as_str(), self.account.id)
    }

    fn buckets(&mut self, names: &[&'static str]) {
        for (position, name) in names.iter().enumerate() {
            let mut bucket = self.bucket(name);
            let anyone = |resource: &str, actions: &[&str]| json!({ "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": format!("arn:aws:s3:::{resource}/*") });
            if position + 1 == names.len() && self.has(Sort::BucketOpen) {
                bucket.blocks_public_policy = false;
                bucket.statements = vec![anyone(&bucket.name, &["s3:GetObject", "s3:PutObject"]).to_string()];
                let remark =
                    "Studios deliver from hotels and film sets; the list of addresses was never right.";
                self.written(name, remark, Thing::Bucket(bucket));
                self.planted(true, "the bucket's policy lets everyone read and write objects");
            } else if position == 0 && self.has(Sort::NotVersioned) {
                bucket.is_versioned = false;
                self.written(name, "It can all be made again.", Thing::Bucket(bucket));
                self.planted(true, "the bucket keeps no earlier versions");
            } else if position == 0 && names.len() > 1 {
                let mut statement = anyone(&bucket.name, &["s3:GetObject"]);
                statement["Condition"] =
                    json!({ "StringEquals": { "aws:PrincipalOrgID": self.organisation.id } });
                bucket.statements = vec![statement.to_string()];
                self.written(name, "", Thing::Bucket(bucket));
                self.planted(false, "the bucket's policy admits only principals of the organisation");
            } else {
                self.plain(name, Thing::Bucket(bucket));
            }
        }
    }

    fn queues(&mut self, names: &[&'static str]) {
        for name in names {
            let queue = Queue { name: self.named(name), statements: Vec::new() };
            let send = json!({ "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                "Resource": self.arn("sqs", &queue.name) });
            if self.has(Sort::QueueOpen) {
                let remark =
                    "Televisions have no credentials. The gateway in front of this comes next quarter.";
                self.written(
                    name,
                    remark,
                    Thing::Queue(Queue { statements: vec![send.to_string()], ..queue }),
                );
                self.planted(true, "the queue's policy lets everyone send to it");
            } else {
                let mut send = send;
                send["Condition"] =
                    json!({ "ArnEquals": { "aws:SourceArn": self.arn("sns", &self.named("changes")) } });
                self.written(name, "", Thing::Queue(Queue { statements: vec![send.to_string()], ..queue }));
                self.planted(false, "the queue's policy lets only one topic of the account send to it");
            }
            let failed = format!("{name}-failed");
            self.plain(&failed, Thing::Queue(Queue { name: self.named(&failed), statements: Vec::new() }));
        }
    }

    fn topic(&mut self) {
        let name = self.named("changes");
        if self.has(Sort::TopicPlain) {
            self.written("changes", "", Thing::Topic(Topic { name, key: None }));
            self.planted(true, "the topic keeps messages without a key");
        } else {
            self.plain("changes", Thing::Topic(Topic { name, key: Some("data".to_owned()) }));
        }
    }

    fn databases(&mut self, name: Option<&'static str>, is_production: bool) {
        let Some(name) = name else { return };
        let mut database = Database {
            name: self.named(name),
            class: if is_production { "db.r7g.2xlarge" } else { "db.t4g.medium" }.to_owned(),
            size: if is_production { 500 } else { 100 },
            is_public: false,
            is_encrypted: true,
            backup_days: 14,
            is_protected: true,
            is_multi_az: true,
        };
        if self.has(Sort::DatabasePublic) {
            database.is_public = true;
            let remark = "The analysts work from home and their tool can't use the VPN.";
            self.written(name, remark, Thing::Database(database));
            self.planted(true, "the database has a public address");
        } else if self.has(Sort::NoBackups) {
            database.backup_days = 0;
            self.written(
                name,
                "0 while the old data is loaded: with backups on that took a day.",
                Thing::Database(database),
            );
            self.planted(true, "the database has no automatic backups");
        } else {
            self.plain(name, Thing::Database(database));
        }
    }

    fn groups(&mut self, has_machines: bool) {
        let balancer = self.group("balancer", "The load balancer", &[("HTTPS", 443, "0.0.0.0/0")]);
        self.plain("balancer", Thing::SecurityGroup(balancer));
        let service =
            self.group("service", "What answers behind it", &[("From the balancer", 8080, "10.20.0.0/16")]);
        self.plain("service", Thing::SecurityGroup(service));
        if !has_machines {
            return;
        }
        let mut machines = self.group("machines", "The machines", &[]);
        let (ranges, remark) = match self.has(Sort::SshOpen) {
            true => (
                vec!["0.0.0.0/1".to_owned(), "128.0.0.0/1".to_owned()],
                "The scanner complained about 0.0.0.0/0, and Priya is on call from the road.",
            ),
            false => (vec!["10.20.254.0/24".to_owned()], ""),
        };
        machines.ingress = vec![Ingress { description: "SSH".to_owned(), port: 22, ranges, variable: None }];
        self.written("machines", remark, Thing::SecurityGroup(machines));
        match self.has(Sort::SshOpen) {
            true => self.planted(true, "SSH is open to the internet, in two halves"),
            false => self.planted(false, "SSH is open to the VPN only"),
        }
    }

    fn machines(&mut self, is_production: bool) {
        let name = format!("{}-machine", self.account.application);
        let works = statement(
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            &self.arn("sqs", &format!("{}-*", self.prefix)),
        );
        let runs = [
            statement(&["ec2:DescribeTags", "ssm:UpdateInstanceInformation"], "*"),
            statement(
                &["ssm:GetParameter"],
                &self.arn("ssm", &format!("parameter/{}/*", self.account.application)),
            ),
            statement(&["kms:GenerateDataKey"], &self.arn("kms", "key/*")),
        ];
        let mut inline = vec![("work", policy(&[works])), ("run", policy(&runs))];
        let is_flaw = self.has(Sort::AllowsEverything);
        if is_flaw {
            inline.push(("launch", policy(&[statement(&["*"], "*")])));
        }
        let role = self.role(&name, trusts_service("ec2.amazonaws.com"), &inline);
        let remark = "For the launch night: nobody wants to look for a missing permission at eleven.";
        self.written(&name, if is_flaw { remark } else { "" }, Thing::Role(role));
        if is_flaw {
            self.planted(true, "an inline policy of the role allows every action on every resource");
        }
        for number in 1..=if is_production { 2 } else { 1 } {
            let is_flaw = number == 1 && self.has(Sort::NoToken);
            let instance = Instance {
                id: format!("i-0{}", self.random.hex(16)),
                class: if is_production { "c7g.2xlarge" } else { "t4g.large" }.to_owned(),
                image: format!("ami-0{}", self.random.hex(16)),
                subnet: format!("subnet-0{}", self.random.hex(16)),
                role: name.clone(),
                group: "machines".to_owned(),
                asks_for_token: !is_flaw,
                disk: format!("vol-0{}", self.random.hex(16)),
            };
            let remark = "The old statistics agent only knows version 1. Gone by March, says the vendor.";
            self.written(
                &format!("machine-{number}"),
                if is_flaw { remark } else { "" },
                Thing::Instance(instance),
            );
            if is_flaw {
                self.planted(true, "the metadata service answers without a token");
            }
        }
        let is_flaw = self.has(Sort::VolumePlain);
        let mut volume = |is_encrypted, is_said, size| {
            let id = format!("vol-0{}", self.random.hex(16));
            Thing::Volume(Volume { id, size, is_encrypted, is_said })
        };
        let (scratch, statistics) = (volume(!is_flaw, true, 2_000), volume(true, false, 100));
        let remark = "Only half-finished films, and it was said to be faster.";
        self.written("scratch", if is_flaw { remark } else { "" }, scratch);
        if is_flaw {
            self.planted(true, "the volume is not encrypted");
        }
        if self.leaves_open() {
            self.written("statistics", "", statistics);
            self.planted(false, "the volume is encrypted, as the account's default says");
        }
    }
}

fn statement(actions: &[&str], resource: &str) -> String {
    let actions = if let [only] = actions { json!(only) } else { json!(actions) };
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource }).to_string()
}
