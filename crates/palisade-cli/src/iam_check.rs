//! `palisade iam check`: proves of policies what they never allow, or shows a request that they do.

mod say;
mod sources;

use crate::Ending;
use clap::{Args, Subcommand, ValueEnum};
use palisade_iam::PolicyKind;
use palisade_model::Span;
use palisade_prove::{Answer, Attached, Options, Report};
pub use sources::read;
use sources::{Declared, Found, Given, read_all};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum CheckVerb {
    /// Does the new policy allow nothing that the old one does not?
    ///
    /// Instead of policies, Terraform (folders, files, plans) or CloudFormation templates: then the policies are compared
    /// that have the same address on both sides, each by itself.
    NoNewAccess {
        /// The policy as it is, or what declares policies; `-` is standard input.
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The policy as it shall be, or what declares policies.
        #[arg(value_name = "NEW")]
        new: PathBuf,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Does the policy allow none of these actions on any of these resources?
    AccessNotGranted {
        /// The policy, or what declares policies.
        policy: PathBuf,
        /// The actions, with wildcards.
        #[arg(long, value_name = "ACTION", required = true, num_args = 1.., value_delimiter = ',')]
        actions: Vec<String>,
        /// The resources, with wildcards; without them, all.
        #[arg(long, value_name = "ARN", num_args = 1.., value_delimiter = ',')]
        resources: Vec<String>,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Does the policy of a resource keep strangers out?
    NoPublicAccess {
        /// The policy, or what declares policies.
        policy: PathBuf,
        /// What it is attached to: AWS::S3::Bucket, AWS::IAM::AssumeRolePolicyDocument, …; sources say it themselves.
        #[arg(long = "type", value_name = "TYPE")]
        resource_type: Option<String>,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Do two policies allow the same?
    Equivalent {
        /// One, or what declares policies.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Is there no statement that changes nothing, in policies that are attached together?
    Redundant {
        /// The policies; of what declares policies, each is asked about by itself.
        #[arg(required_unless_present = "levels", num_args = 1..)]
        policies: Vec<PathBuf>,
        /// Service control policies by level, from the root of the organisation down: each level must allow.
        #[arg(long = "level", value_name = "NAME=FILE,…", value_parser = level, conflicts_with = "policies")]
        levels: Vec<(String, Vec<PathBuf>)>,
        #[command(flatten)]
        options: ProveOptions,
    },
}

#[derive(Debug, Args)]
pub struct ProveOptions {
    /// Ask only about actions that the service reference lists, and not about those that AWS will add.
    #[arg(long)]
    pub listed_actions: bool,
    /// After so many steps the answer is unknown.
    #[arg(long, value_name = "STEPS", default_value_t = Options::default().steps)]
    pub steps: u64,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = ProofFormat::Text)]
    pub format: ProofFormat,
    /// What is asked, as reports name it.
    #[arg(skip)]
    pub verb: &'static str,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProofFormat {
    /// For people.
    Text,
    /// For scripts.
    Json,
    /// For code scanning.
    Sarif,
}

impl ProveOptions {
    fn options(&self) -> Options {
        Options { steps: self.steps, unlisted_actions: !self.listed_actions }
    }

    fn of(&self, verb: &'static str) -> Self {
        Self { listed_actions: self.listed_actions, steps: self.steps, format: self.format, verb }
    }
}

/// The answer about one policy, or about two.
pub struct Answered {
    /// What the policy is called.
    pub name: String,
    /// Where its resource is declared.
    pub at: Option<Span>,
    /// The answer.
    pub answer: Answer,
    /// The steps that it took.
    pub steps: u64,
}

impl Answered {
    fn new(name: &str, at: Option<&Span>, report: Report) -> Self {
        Self { name: name.to_owned(), at: at.cloned(), answer: report.answer, steps: report.steps }
    }

    fn unknown(found: &Found, why: String) -> Self {
        Self { name: found.name.clone(), at: found.at.clone(), answer: Answer::Unknown(vec![why]), steps: 0 }
    }
}

/// Runs `palisade iam check …`.
pub fn run(verb: &CheckVerb, color: bool) -> anyhow::Result<Ending> {
    match verb {
        CheckVerb::NoNewAccess { old, new, options } => {
            let claim = "the new policy allows nothing that the old one does not";
            let ask = |old: &Attached, new: &Attached, options: &Options| {
                palisade_prove::no_new_access(old, new, options)
            };
            compare([old, new], claim, &options.of("no-new-access"), color, &ask)
        }
        CheckVerb::Equivalent { one, other, options } => compare(
            [one, other],
            "both policies allow the same",
            &options.of("equivalent"),
            color,
            &palisade_prove::equivalent,
        ),
        CheckVerb::AccessNotGranted { policy, actions, resources, options } => {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
            let claim = "the policy allows none of the actions on any of the resources";
            let ask = |policy: &Attached, options: &Options| {
                palisade_prove::access_not_granted(policy, &actions, &resources, options)
            };
            each(policy, None, claim, &options.of("access-not-granted"), color, &|_| true, &ask)
        }
        CheckVerb::NoPublicAccess { policy, resource_type, options } => {
            let kind = resource_type.as_deref().map(kind_of_type).transpose()?;
            let claim = "the policy keeps strangers out";
            let is_of_resource =
                |found: &Found| matches!(found.kind, PolicyKind::Resource | PolicyKind::Trust);
            let options = options.of("no-public-access");
            each(
                policy,
                Some(kind),
                claim,
                &options,
                color,
                &is_of_resource,
                &palisade_prove::no_public_access,
            )
        }
        CheckVerb::Redundant { policies, levels, options } if levels.is_empty() => {
            redundant(policies, &options.of("redundant"), color)
        }
        CheckVerb::Redundant { levels, options, .. } => over_levels(levels, &options.of("redundant"), color),
    }
}

fn kind_of_type(resource_type: &str) -> anyhow::Result<PolicyKind> {
    let is_type = resource_type.starts_with("AWS::") && resource_type.split("::").count() == 3;
    anyhow::ensure!(
        is_type,
        "`{resource_type}` is no resource type: one such as AWS::S3::Bucket is expected"
    );
    Ok(palisade_prove::policy_kind(resource_type))
}

type AskTwo<'a> = &'a dyn Fn(&Attached, &Attached, &Options) -> Report;
type AskOne<'a> = &'a dyn Fn(&Attached, &Options) -> Report;

/// Asks about two policies, or about those of the same address in two sources.
fn compare(
    paths: [&PathBuf; 2],
    claim: &str,
    options: &ProveOptions,
    color: bool,
    ask: AskTwo<'_>,
) -> anyhow::Result<Ending> {
    let mut given = read_all(&paths.map(Clone::clone), None, color)?.into_iter();
    let (Some(old), Some(new)) = (given.next(), given.next()) else {
        anyhow::bail!("two policies are expected")
    };
    let (old, new) = match (old, new) {
        (Given::Document(old), Given::Document(new)) => {
            let report =
                ask(&Attached::new(vec![old]), &Attached::new(vec![new.clone()]), &options.options());
            return say::one(&Answered::new(&new.name, None, report), claim, options);
        }
        (Given::Sources(old), Given::Sources(new)) => (old, new),
        _ => anyhow::bail!(
            "`{}` and `{}` can't be compared: one is a policy, the other declares policies",
            paths[0].display(),
            paths[1].display()
        ),
    };
    let is_partial = old.is_partial || new.is_partial;
    let by_name = |declared: Declared| -> BTreeMap<String, Found> {
        declared.policies.into_iter().map(|found| (found.name.clone(), found)).collect()
    };
    let (mut old, new) = (by_name(old), by_name(new));
    let nothing = Attached::new(Vec::new());
    let mut answers = Vec::new();
    for (name, new) in &new {
        let before = old.remove(name);
        if let Some(why) = before.as_ref().and_then(|before| before.is_uncertain.clone()) {
            answers.push(Answered::unknown(new, why));
            continue;
        }
        if before.is_none() && new.is_guardrail() {
            answers.push(match new.only_denies() {
                true => Answered { answer: Answer::Holds, ..Answered::unknown(new, String::new()) },
                false => {
                    let why = "it is new, and what it allows, others at its level may not";
                    Answered::unknown(new, why.to_owned())
                }
            });
            continue;
        }
        let attached = before.as_ref().map_or_else(|| nothing.clone(), Found::attached);
        let mut report = ask(&attached, &new.attached(), &options.options());
        let is_open = options.verb == "no-new-access" && matches!(report.answer, Answer::Unknown(_));
        if let Some(known) = before.filter(|_| is_open).and_then(|old| old.known(new)) {
            let of_known = ask(&known.old, &known.new, &options.options());
            let [old, new] = &known.undenied;
            let holds = |report: &Report| report.answer == Answer::Holds;
            if holds(&of_known) && holds(&ask(old, new, &options.options())) {
                report = of_known;
            }
        }
        answers.push(Answered::new(name, new.at.as_ref(), report));
    }
    // What is gone allows nothing any more; what it denied, others may allow.
    for (name, gone) in &old {
        let report = ask(&gone.attached(), &nothing, &options.options());
        answers.push(match report.answer {
            Answer::Holds if gone.limits() => {
                let why = "it is gone, and what it denied, other policies may allow";
                Answered::unknown(gone, why.to_owned())
            }
            _ => Answered::new(name, gone.at.as_ref(), report),
        });
    }
    say::many(&answers, claim, is_partial, options)
}

/// Asks about one policy, or about each that a source declares.
fn each(
    path: &PathBuf,
    kind: Option<Option<PolicyKind>>,
    claim: &str,
    options: &ProveOptions,
    color: bool,
    is_asked: &dyn Fn(&Found) -> bool,
    ask: AskOne<'_>,
) -> anyhow::Result<Ending> {
    let given = read_all(std::slice::from_ref(path), kind.flatten(), color)?;
    match given.into_iter().next() {
        Some(Given::Sources(declared)) => {
            let answers: Vec<Answered> = declared
                .policies
                .iter()
                .filter(|found| is_asked(found))
                .map(|found| {
                    let report = ask(&found.attached(), &options.options());
                    Answered::new(&found.name, found.at.as_ref(), report)
                })
                .collect();
            say::many(&answers, claim, declared.is_partial, options)
        }
        Some(Given::Document(policy)) => {
            anyhow::ensure!(kind != Some(None), "`--type` says what the policy is attached to");
            let name = policy.name.clone();
            let report = ask(&Attached::new(vec![policy]), &options.options());
            say::one(&Answered::new(&name, None, report), claim, options)
        }
        None => anyhow::bail!("a policy is expected"),
    }
}

/// Asks of policies that are attached together which statements could go; and of each that sources declare.
fn redundant(paths: &[PathBuf], options: &ProveOptions, color: bool) -> anyhow::Result<Ending> {
    let (mut together, mut declared, mut is_partial) = (Vec::new(), Vec::new(), false);
    for given in read_all(paths, None, color)? {
        match given {
            Given::Document(policy) => together.push(policy),
            Given::Sources(sources) => {
                is_partial |= sources.is_partial;
                declared.extend(sources.policies);
            }
        }
    }
    let groups = Some(Attached::new(together)).into_iter().chain(declared.iter().map(Found::attached));
    let (mut found, mut steps) = (Vec::new(), 0);
    for attached in groups {
        let (list, report) = palisade_prove::redundant(&attached, &options.options());
        found.extend(list);
        steps += report.steps;
    }
    say::redundant(&found, steps, is_partial, options)
}

/// Asks of service control policies, level by level, which statements could go.
fn over_levels(
    levels: &[(String, Vec<PathBuf>)],
    options: &ProveOptions,
    color: bool,
) -> anyhow::Result<Ending> {
    let mut read = Vec::new();
    for (name, paths) in levels {
        let mut policies = Vec::new();
        for (given, path) in read_all(paths, Some(PolicyKind::ServiceControl), color)?.into_iter().zip(paths)
        {
            let Given::Document(policy) = given else {
                anyhow::bail!("`{}` is no policy: of levels, files of policies are expected", path.display())
            };
            policies.push(policy);
        }
        read.push(palisade_iam::Level { at: name.as_str().into(), policies });
    }
    let (found, report) = palisade_prove::redundant_levels(&read, &options.options());
    say::redundant(&found, report.steps, false, options)
}

/// Reads `NAME=FILE,FILE`.
fn level(text: &str) -> Result<(String, Vec<PathBuf>), String> {
    match text.split_once('=') {
        Some((name, files)) if !name.is_empty() && !files.is_empty() => {
            Ok((name.to_owned(), files.split(',').map(PathBuf::from).collect()))
        }
        _ => Err("`NAME=FILE` or `NAME=FILE,FILE` is expected".to_owned()),
    }
}
