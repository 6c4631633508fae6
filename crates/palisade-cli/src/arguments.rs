//! What can be asked on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Answers security questions about a cloud with many accounts, exactly, offline, and says so where it can't know.
#[derive(Debug, Parser)]
#[command(name = "palisade", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// When to colour the output.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or above --fail-on
  1  something is
  2  the arguments, or all of the input, are wrong
  3  incomplete: part of the input could not be read, or an answer at or above --fail-on is open";

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Assess a simulated streaming company: its Terraform and a day of its CloudTrail, together.
    #[command(after_help = "\
Examples:
  palisade demo                      what an engineer should do first, and why
  palisade demo --write streaming --accounts 100 --days 7    write one out, to scan and to detect in")]
    Demo(DemoOptions),
    /// Check Terraform, plans and CloudFormation for misconfiguration.
    #[command(after_help = "\
Examples:
  palisade scan infra                             everything below a folder
  terraform show -json plan | palisade scan - --fail-on high --format sarif --output palisade.sarif")]
    Scan(ScanOptions),
    /// Read live accounts into a snapshot, which other verbs read.
    #[command(after_help = "\
Examples:
  palisade collect --out today                                  the account of these credentials
  palisade collect --org --role PalisadeAudit --out acme        every account of the organisation")]
    Collect(crate::live::arguments::CollectOptions),
    /// Say what changed between two snapshots, who did it, and which verdicts moved.
    #[command(after_help = "\
Examples:
  palisade diff monday tuesday
  palisade diff monday tuesday --trail trail/2026/11/17      with who did it")]
    Diff(crate::live::arguments::DiffOptions),
    /// Print the least role that a collection needs, to deploy.
    #[command(after_help = "\
Examples:
  palisade role                                                the policy for every account
  palisade role --format terraform --trust arn:aws:iam::999900000000:role/audit --external-id 7c1e > palisade.tf")]
    Role(crate::live::arguments::RoleOptions),
    /// Find in CloudTrail what should not have happened.
    #[command(after_help = "\
Examples:
  palisade detect trail/                             every object below a folder, gzip or not
  aws s3 cp s3://trail/day.json.gz - | palisade detect - --format ndjson")]
    Detect(DetectOptions),
    /// Ask what AWS would allow, and why.
    #[command(after_help = "\
Examples:
  palisade iam explain case.json
  palisade iam replay --estate acme --trail trail/")]
    Iam {
        #[command(subcommand)]
        verb: crate::iam::arguments::IamVerb,
    },
    /// Prove what can never happen in an organisation, or show the request by which it does.
    #[command(after_help = "\
Examples:
  palisade prove --pack landing-zone --region eu-west-1 --estate acme
  palisade prove invariants.yaml --estate acme --format json

Ends with 0 where all is proved, 1 where something is violated, 3 where something is not known.")]
    Prove(crate::prove::ProveOptions),
    /// Look at, check and write the pages that say what Palisade knows.
    #[command(after_help = "\
Examples:
  palisade content show aws/ec2/volume-not-encrypted
  palisade content new check acme/volume-has-owner --looks-at AWS::EC2::Volume --in policies")]
    Content {
        #[command(subcommand)]
        verb: ContentVerb,
    },
    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  palisade completions bash > /etc/bash_completion.d/palisade
  palisade completions zsh > ~/.zfunc/_palisade")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "\
Examples:
  palisade man | man -l -
  palisade man scan > palisade-scan.1")]
    Man {
        /// The verb whose page is wanted; without it, the page of all.
        verb: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Write the organisation's Terraform, trail and estate, and the truth about them, to this folder.
    #[arg(long, value_name = "FOLDER")]
    pub write: Option<PathBuf>,
    /// How many accounts the organisation has that is written [default: 16].
    #[arg(long, value_name = "NUMBER", requires = "write", value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub accounts: Option<u32>,
    /// How many days of trail are written [default: 1].
    #[arg(long, value_name = "NUMBER", requires = "write", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: Option<u32>,
    /// About how many events the trail has [default: 1250 of an account and day].
    #[arg(long, value_name = "NUMBER", requires = "write")]
    pub events: Option<u64>,
    /// Write another organisation: each number is one.
    #[arg(long, value_name = "NUMBER", requires = "write")]
    pub seed: Option<u64>,
    /// Show every place, not only the first few of each fault.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
pub struct ScanOptions {
    /// Folders and files, snapshots among them; `-` is standard input.
    #[arg(required_unless_present = "aws", value_name = "PATH")]
    pub targets: Vec<PathBuf>,
    #[command(flatten)]
    pub aws: crate::live::arguments::ScanAws,
    /// Exit with 1 when a fault of this severity, or a severer one, is found [default: low].
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 even where an answer is open.
    #[arg(long)]
    pub allow_unknown: bool,
    /// Report no fault milder than this.
    #[arg(long, value_name = "SEVERITY")]
    pub at_least: Option<palisade_model::Severity>,
    /// Run only these checks: ids, `*` stands for anything.
    #[arg(long = "check", value_name = "ID")]
    pub checks: Vec<String>,
    /// Leave these checks out: ids, `*` stands for anything.
    #[arg(long = "skip", value_name = "ID")]
    pub skipped: Vec<String>,
    /// Load the pages of this folder beside those that ship with Palisade.
    #[arg(long = "content", value_name = "FOLDER")]
    pub content: Vec<PathBuf>,
    /// Give a Terraform variable or a CloudFormation parameter its value.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub variables: Vec<(String, String)>,
    /// Give Terraform variables the values of a file.
    #[arg(long = "var-file", value_name = "FILE")]
    pub variable_files: Vec<PathBuf>,
    /// Report only what is not in this file, which `--write-baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found to this file, to be known from now on; what is written fails no run.
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Report only what is not found in this git revision as well; `REV...` is the commit where this branch left REV.
    #[arg(long, value_name = "REV")]
    pub diff: Option<String>,
    /// The day that decides what has expired, instead of today.
    #[arg(long, value_name = "DAY", hide = true)]
    pub today: Option<palisade_model::Day>,
    /// Show every place, not only the first few of each fault.
    #[arg(long)]
    pub all: bool,
    /// Leave what can't be told out of SARIF, as code scanning shows it like a fault.
    #[arg(long)]
    pub sarif_without_unknown: bool,
    /// Leave what is suppressed out of SARIF, as code scanning shows it like a fault.
    #[arg(long)]
    pub sarif_without_suppressed: bool,
    /// Keep only so many results in SARIF, the severest first; code scanning takes 25000.
    #[arg(long, value_name = "NUMBER")]
    pub sarif_limit: Option<usize>,
    /// Read settings from this file instead of the nearest `.palisade.toml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
pub struct DetectOptions {
    /// Folders and files of CloudTrail records; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub targets: Vec<PathBuf>,
    /// Exit with 1 when a detection of this severity, or a severer one, fires [default: low].
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Run only these detections: ids, `*` stands for anything.
    #[arg(long = "rule", value_name = "ID")]
    pub rules: Vec<String>,
    /// Leave these detections out: ids, `*` stands for anything.
    #[arg(long = "skip", value_name = "ID")]
    pub skipped: Vec<String>,
    /// Load the pages and Sigma rules of this folder beside those that ship with Palisade.
    #[arg(long = "content", value_name = "FOLDER")]
    pub content: Vec<PathBuf>,
    /// Show every event, not only the first few of each detection.
    #[arg(long)]
    pub all: bool,
    /// Build every event, also those that no detection can match: slower, and the hits are the same.
    #[arg(long)]
    pub no_gate: bool,
    /// Read so many files at a time [default: as many as the machine has cores].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = DetectFormat::Text)]
    pub format: DetectFormat,
    /// Write the report to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The form of what was detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DetectFormat {
    /// For people.
    Text,
    /// Everything, in one document.
    Json,
    /// A hit a line, as it is found.
    Ndjson,
    /// Detection Findings of the Open Cybersecurity Schema Framework, one a line.
    Ocsf,
    /// A page for a browser.
    Html,
}

#[derive(Debug, Args)]
pub struct OutputOptions {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the report to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// Everything, in one document.
    Json,
    /// A finding a line.
    Ndjson,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for the test reports of GitLab, Jenkins and others.
    Junit,
    /// Workflow commands, which GitHub shows as annotations.
    Github,
    /// Compliance Findings of the Open Cybersecurity Schema Framework, one a line.
    Ocsf,
    /// A page for a browser.
    Html,
}

/// From which severity on a fault makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Whatever is found.
    Never,
    /// From this severity on.
    From(palisade_model::Severity),
}

impl std::str::FromStr for FailOn {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self::Never),
            text => text.parse().map(Self::From).map_err(|error: String| format!("{error}, or never")),
        }
    }
}

impl FailOn {
    /// Does a fault of this severity make a run fail?
    pub fn is_met_by(self, severity: palisade_model::Severity) -> bool {
        matches!(self, Self::From(least) if severity >= least)
    }
}

#[derive(Debug, Subcommand)]
pub enum ContentVerb {
    /// Run the examples of pages, and say what is wrong with each page.
    #[command(after_help = "\
Examples:
  palisade content check             the pages that ship with Palisade
  palisade content check policies    your own, beside them")]
    Check {
        /// Folders of pages, and single ones.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List pages.
    #[command(after_help = "\
Examples:
  palisade content list --sort check
  palisade content list --format json")]
    List {
        /// Only pages of this sort: check, detection, kind, objective, framework, playbook, escalation.
        #[arg(long)]
        sort: Option<palisade_content::Sort>,
        /// Folders of pages beside those that ship with Palisade.
        #[arg(long = "content", value_name = "FOLDER")]
        content: Vec<PathBuf>,
        /// The form of the list.
        #[arg(long, value_enum, default_value_t = ListFormat::Text)]
        format: ListFormat,
    },
    /// Show a page.
    #[command(after_help = "\
Examples:
  palisade content show aws/ec2/volume-not-encrypted
  palisade content show aws/s3/bucket --sort kind")]
    Show {
        /// The page's id.
        id: String,
        /// Its sort, where several have the id.
        #[arg(long)]
        sort: Option<palisade_content::Sort>,
        /// Folders of pages beside those that ship with Palisade.
        #[arg(long = "content", value_name = "FOLDER")]
        content: Vec<PathBuf>,
    },
    /// Write a new page whose examples already hold, to change into what you mean.
    #[command(after_help = "\
Examples:
  palisade content new check acme/volume-has-owner --looks-at AWS::EC2::Volume --in policies
  palisade content new detection acme/role-made-at-night --in policies")]
    New {
        /// Its sort: check, detection, kind, objective, framework, playbook, escalation.
        sort: palisade_content::Sort,
        /// Its id: lowercase words joined by `-`, in folders.
        id: String,
        /// The resource type a check looks at, or a kind describes.
        #[arg(long, value_name = "TYPE")]
        looks_at: Option<palisade_model::ResourceType>,
        /// The folder of pages it goes into.
        #[arg(long = "in", value_name = "FOLDER", default_value = "policies")]
        folder: PathBuf,
    },
    /// Leave out each condition of each rule in turn, and say which no example holds.
    #[command(after_help = "\
Examples:
  palisade content mutate
  palisade content mutate policies")]
    Mutate {
        /// Folders of pages, and single ones.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// An array of objects.
    Json,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is expected".to_owned()),
    }
}
