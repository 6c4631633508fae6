//! What can be asked of live accounts on the command line.

use clap::{Args, ValueEnum};
use palisade_model::{AccountId, Region, ResourceType};
use std::path::PathBuf;

/// Which accounts are read, as whom, and how gently.
#[derive(Debug, Args, Clone)]
pub struct LiveOptions {
    /// Read every account of the organisation, not only the one whose credentials these are.
    #[arg(long)]
    pub org: bool,
    /// Read these accounts: twelve digits, may be given several times.
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<AccountId>,
    /// The role that lets into the other accounts, by its name, path included.
    #[arg(long, value_name = "NAME", default_value = "PalisadeAudit")]
    pub role: String,
    /// The external id that the role asks for.
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// Assume this role first, and the others from there: its ARN.
    #[arg(long, value_name = "ARN")]
    pub hub: Option<String>,
    /// The profile of AWS's configuration files.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Read only these regions, instead of all that are enabled; may be given several times.
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<Region>,
    /// How much of AWS's documented API quotas may be used, in percent: they are shared with production.
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub rate: u8,
    /// How many calls may be in flight at once.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub in_flight: u16,
}

/// What `palisade scan` reads of live accounts.
#[derive(Debug, Args)]
pub struct ScanAws {
    /// Read live accounts, and judge what is found there.
    #[arg(long = "aws")]
    pub aws: bool,
    /// Keep the snapshot in this folder; one that was begun is gone on with.
    #[arg(long, value_name = "FOLDER", requires = "aws")]
    pub snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub live: LiveOptions,
}

/// Arguments of `palisade collect`.
#[derive(Debug, Args)]
pub struct CollectOptions {
    /// The folder of the snapshot. One that was begun is gone on with.
    #[arg(long, short, value_name = "FOLDER")]
    pub out: PathBuf,
    #[command(flatten)]
    pub live: LiveOptions,
    /// Collect what these checks need: ids, `*` stands for anything [default: every kind there is].
    #[arg(long = "check", value_name = "ID")]
    pub checks: Vec<String>,
    /// Collect these kinds: CloudFormation's names of types.
    #[arg(long = "kind", value_name = "TYPE")]
    pub kinds: Vec<ResourceType>,
    /// Ask again only about what changed since this snapshot, where AWS tells.
    #[arg(long, value_name = "FOLDER")]
    pub since: Option<PathBuf>,
    /// Keep values that look like secrets as they are, instead of as keyed hashes.
    #[arg(long)]
    pub keep_secrets: bool,
    /// Load the pages of this folder beside those that ship with Palisade.
    #[arg(long = "content", value_name = "FOLDER")]
    pub content: Vec<PathBuf>,
}

/// Arguments of `palisade role`.
#[derive(Debug, Args)]
pub struct RoleOptions {
    /// The form of the role.
    #[arg(long, value_enum, default_value_t = RoleFormat::Policy)]
    pub format: RoleFormat,
    /// Only what these checks need: ids, `*` stands for anything [default: every kind there is].
    #[arg(long = "check", value_name = "ID")]
    pub checks: Vec<String>,
    /// Collect these kinds: CloudFormation's names of types.
    #[arg(long = "kind", value_name = "TYPE")]
    pub kinds: Vec<ResourceType>,
    /// The role of the account that manages the organisation, instead of that of every other account.
    #[arg(long)]
    pub org: bool,
    /// The user or role that runs Palisade: its ARN.
    #[arg(long, value_name = "ARN")]
    pub trust: Option<String>,
    /// The external id that the role asks for.
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// The name of the role.
    #[arg(long, value_name = "NAME", default_value = "PalisadeAudit")]
    pub name: String,
    /// Load the pages of this folder beside those that ship with Palisade.
    #[arg(long = "content", value_name = "FOLDER")]
    pub content: Vec<PathBuf>,
    /// Write it to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The form of the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleFormat {
    /// The policy alone, as JSON.
    Policy,
    /// Terraform: the role of the managing account, and a StackSet that brings the others.
    Terraform,
    /// A CloudFormation template; without `--org`, that of a StackSet over the organisation.
    Cloudformation,
}

/// Arguments of `palisade diff`.
#[derive(Debug, Args)]
pub struct DiffOptions {
    /// The earlier snapshot.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The later snapshot.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// CloudTrail records, files or folders: who did it.
    #[arg(long = "trail", value_name = "PATH")]
    pub trail: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = crate::arguments::ListFormat::Text)]
    pub format: crate::arguments::ListFormat,
    /// Load the pages of this folder beside those that ship with Palisade.
    #[arg(long = "content", value_name = "FOLDER")]
    pub content: Vec<PathBuf>,
}
