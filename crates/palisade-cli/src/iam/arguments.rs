//! What can be asked of `palisade iam`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum IamVerb {
    /// Decide whether AWS would allow a request.
    #[command(after_help = "\
Examples:
  palisade iam decide --estate acme --principal anonymous --action s3:ListAllMyBuckets
  palisade iam decide --cases cases.jsonl --check

Exit codes:
  0  decided, and as expected where --expect or --check is given
  1  decided, but not as expected
  2  the arguments, or all of the input, are wrong
  3  the answer is not known, or part of the input could not be read")]
    Decide(DecideOptions),
    /// Explain why AWS would allow or deny a request, and what would change it.
    #[command(after_help = "\
Examples:
  palisade iam explain --principal arn:aws:iam::111122223333:root --action iam:CreateUser
  palisade iam explain case.json

Exit codes:
  0  decided
  2  the arguments, or all of the input, are wrong
  3  the answer is not known, or part of the input could not be read")]
    Explain(ExplainOptions),
    /// Compare what a trail recorded with what the policies of an estate say.
    #[command(after_help = "\
Examples:
  palisade iam replay --estate acme --trail trail/
  palisade iam replay --estate estate.json --trail day.json.gz --format json

Exit codes:
  0  no event disagrees
  1  some do
  2  the arguments, or all of the input, are wrong
  3  none of those that could be read disagrees, and part of the input could not be read")]
    Replay(ReplayOptions),
    /// Tell who can do something to a resource, through all layers, themselves or through roles.
    #[command(after_help = "\
Examples:
  palisade iam who-can s3:GetObject arn:aws:s3:::acme-films/* --estate acme
  palisade iam who-can iam:CreateUser --resource-account 111122223333 --estate acme --format json

Exit codes:
  0  answered
  2  the arguments, or all of the input, are wrong
  3  part of the answer is not known, and --allow-unknown was not given")]
    WhoCan(crate::iam_who::WhoCanOptions),
    /// Tell what a user or role can do, after all that limits it.
    #[command(after_help = "\
Examples:
  palisade iam can arn:aws:iam::111122223333:role/deploy --estate acme
  palisade iam can arn:aws:iam::111122223333:user/erin --estate acme --format json

Exit codes:
  0  answered
  2  the arguments, or all of the input, are wrong
  3  part of the answer is not known, and --allow-unknown was not given")]
    Can(crate::iam_who::CanOptions),
    /// Tell what anybody in the world can do, by the policies of resources and the trust in roles.
    #[command(after_help = "\
Examples:
  palisade iam public --estate acme
  palisade iam public --estate acme --format json

Exit codes:
  0  nothing is open to the world
  1  something is
  2  the arguments, or all of the input, are wrong
  3  nothing is known to be open, and part of the answer is not known")]
    Public(crate::iam_who::ExposedOptions),
    /// Tell what accounts outside of the organisation can do, by the policies of resources and the trust in roles.
    #[command(after_help = "\
Examples:
  palisade iam external --estate acme
  palisade iam external --estate acme --format json

Exit codes:
  0  nothing is open to other accounts
  1  something is
  2  the arguments, or all of the input, are wrong
  3  nothing is known to be open, and part of the answer is not known")]
    External(crate::iam_who::ExposedOptions),
    /// Prove what policies never allow, or show a request that they do.
    #[command(after_help = "\
Examples:
  palisade iam check no-new-access old.json new.json
  palisade iam check access-not-granted policy.json --actions iam:* sts:AssumeRole
  palisade iam check no-public-access bucket-policy.json --type AWS::S3::Bucket

Exit codes:
  0  it holds
  1  it does not, and a request shows it
  2  the arguments, or the policies, are wrong
  3  it was not decided")]
    Check {
        #[command(subcommand)]
        verb: crate::iam_check::CheckVerb,
    },
}

/// What is asked: a case of its own, or flags.
#[derive(Debug, Args)]
pub struct AskOptions {
    /// A case as JSON, in the form that docs/guides/identity.md shows; `-` is standard input.
    #[arg(value_name = "CASE", conflicts_with_all = ["principal", "action", "estate"])]
    pub case: Option<PathBuf>,
    /// Who asks: the ARN of a user, role or session, a service such as lambda.amazonaws.com, or `anonymous`.
    #[arg(long, value_name = "ARN", requires = "action")]
    pub principal: Option<String>,
    /// For what: `service:Action`.
    #[arg(long, value_name = "ACTION", requires = "principal")]
    pub action: Option<String>,
    /// On which resource: an ARN; without it, the action is asked for without one.
    #[arg(long, value_name = "ARN", default_value = "*")]
    pub resource: String,
    /// The account that owns the resource, where its ARN does not tell.
    #[arg(long, value_name = "ACCOUNT")]
    pub resource_account: Option<String>,
    /// The value of a condition key; give the key again for each further value.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub context: Vec<(String, String)>,
    /// A condition key of which nothing is known.
    #[arg(long, value_name = "KEY")]
    pub unknown: Vec<String>,
    /// A policy of the user, its groups or the role.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// The policy of the resource; for assuming a role, its trust policy.
    #[arg(long, value_name = "FILE")]
    pub resource_policy: Option<PathBuf>,
    /// The permissions boundary.
    #[arg(long, value_name = "FILE")]
    pub boundary: Option<PathBuf>,
    /// A session policy; several add up.
    #[arg(long, value_name = "FILE")]
    pub session: Vec<PathBuf>,
    /// A service control policy. Levels are told from the root down: by name, or each file is one.
    #[arg(long, value_name = "[LEVEL=]FILE")]
    pub scp: Vec<String>,
    /// A resource control policy, likewise.
    #[arg(long, value_name = "[LEVEL=]FILE")]
    pub rcp: Vec<String>,
    /// The policy of the VPC endpoint that the request came through.
    #[arg(long, value_name = "FILE")]
    pub endpoint: Vec<PathBuf>,
    /// The estate that holds the policies: a folder, or estate.json. Policies of files come on top of it.
    #[arg(long, value_name = "PATH")]
    pub estate: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DecideOptions {
    #[command(flatten)]
    pub ask: AskOptions,
    /// Decide each case of a file, a JSON object a line, and write a line for each; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["case", "principal", "action", "estate", "expect"])]
    pub cases: Option<PathBuf>,
    /// Exit with 1 when a case of --cases is not decided as its own `expect` says.
    #[arg(long, requires = "cases")]
    pub check: bool,
    /// Exit with 1 unless this is the decision.
    #[arg(long, value_enum, ignore_case = true, value_name = "DECISION")]
    pub expect: Option<Expected>,
    /// The form of the answer; --cases always writes JSON.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

#[derive(Debug, Args)]
pub struct ExplainOptions {
    #[command(flatten)]
    pub ask: AskOptions,
    /// The form of the explanation.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// The estate: a folder, or estate.json.
    #[arg(long, value_name = "PATH")]
    pub estate: PathBuf,
    /// Folders and files of CloudTrail records; `-` is standard input.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub trail: Vec<PathBuf>,
    /// Show every disagreement and reason, not only the most frequent.
    #[arg(long)]
    pub all: bool,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

/// A decision that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Expected {
    /// The request is allowed.
    #[value(name = "Allowed")]
    Allowed,
    /// It is denied, one way or the other.
    #[value(name = "Denied")]
    Denied,
    /// Nothing allows it, or a layer that must allow it does not.
    #[value(name = "ImplicitlyDenied")]
    ImplicitlyDenied,
    /// A statement denies it.
    #[value(name = "ExplicitlyDenied")]
    ExplicitlyDenied,
    /// What is not known decides.
    #[value(name = "Unknown")]
    Unknown,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// Reads `KEY=VALUE`.
pub fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => {
            Err("a key and a value with `=` between them are expected, as in aws:SourceIp=203.0.113.5"
                .to_owned())
        }
    }
}
