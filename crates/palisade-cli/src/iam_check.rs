//! `palisade iam check`: proves of policies what they never allow, or shows a request that they do.

use crate::Ending;
use crate::content::says;
use crate::iam::arguments::AnswerFormat;
use crate::output;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use palisade_iam::{Policy, PolicyKind, Strictness};
use palisade_model::{Diagnostic, Level};
use palisade_prove::{Answer, Attached, Options, Redundant, Report, Witness};
use palisade_report::neutral;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No file that is read here may be larger, in bytes.
const MAX_BYTES: u64 = 1 << 26;

#[derive(Debug, Subcommand)]
pub enum CheckVerb {
    /// Does the new policy allow nothing that the old one does not?
    NoNewAccess {
        /// The policy as it is: a file; `-` is standard input.
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The policy as it shall be.
        #[arg(value_name = "NEW")]
        new: PathBuf,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Does the policy allow none of these actions on any of these resources?
    AccessNotGranted {
        /// The policy.
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
        /// The policy.
        policy: PathBuf,
        /// What it is attached to: AWS::S3::Bucket, AWS::IAM::AssumeRolePolicyDocument, …
        #[arg(long = "type", value_name = "TYPE")]
        resource_type: String,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Do two policies allow the same?
    Equivalent {
        /// One.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        #[command(flatten)]
        options: ProveOptions,
    },
    /// Is there no statement that changes nothing, in policies that are attached together?
    Redundant {
        /// The policies.
        #[arg(required = true, num_args = 1..)]
        policies: Vec<PathBuf>,
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
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

impl ProveOptions {
    fn options(&self) -> Options {
        Options { steps: self.steps, unlisted_actions: !self.listed_actions }
    }
}

/// Runs `palisade iam check …`.
pub fn run(verb: &CheckVerb, color: bool) -> anyhow::Result<Ending> {
    match verb {
        CheckVerb::NoNewAccess { old, new, options } => {
            let (old, new) = two(old, new, color)?;
            let report = palisade_prove::no_new_access(&old, &new, &options.options());
            answered(&report, "the new policy allows nothing that the old one does not", options)
        }
        CheckVerb::AccessNotGranted { policy, actions, resources, options } => {
            let policy = one(policy, None, color)?;
            let list = |texts: &[String]| -> Vec<String> { texts.to_vec() };
            let (actions, resources) = (list(actions), list(resources));
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
            let report =
                palisade_prove::access_not_granted(&policy, &actions, &resources, &options.options());
            answered(&report, "the policy allows none of the actions on any of the resources", options)
        }
        CheckVerb::NoPublicAccess { policy, resource_type, options } => {
            let is_type = resource_type.starts_with("AWS::") && resource_type.split("::").count() == 3;
            anyhow::ensure!(
                is_type,
                "`{resource_type}` is no resource type: one such as AWS::S3::Bucket is expected"
            );
            let policy = one(policy, Some(palisade_prove::policy_kind(resource_type)), color)?;
            let report = palisade_prove::no_public_access(&policy, &options.options());
            answered(&report, "the policy keeps strangers out", options)
        }
        CheckVerb::Equivalent { one: first, other, options } => {
            let (first, other) = two(first, other, color)?;
            let report = palisade_prove::equivalent(&first, &other, &options.options());
            answered(&report, "both policies allow the same", options)
        }
        CheckVerb::Redundant { policies, options } => {
            let attached = Attached::new(policies_of(policies, None, color)?);
            let (found, report) = palisade_prove::redundant(&attached, &options.options());
            redundant(&found, &report, options)
        }
    }
}

fn one(path: &Path, kind: Option<PolicyKind>, color: bool) -> anyhow::Result<Attached> {
    Ok(Attached::new(policies_of(&[path.to_owned()], kind, color)?))
}

fn two(one: &Path, other: &Path, color: bool) -> anyhow::Result<(Attached, Attached)> {
    let mut policies = policies_of(&[one.to_owned(), other.to_owned()], None, color)?;
    let second = policies.split_off(1);
    Ok((Attached::new(policies), Attached::new(second)))
}

/// Reads policies. With nothing said, they are those of a resource when one of them names principals.
fn policies_of(paths: &[PathBuf], kind: Option<PolicyKind>, color: bool) -> anyhow::Result<Vec<Arc<Policy>>> {
    let texts = paths.iter().map(|path| read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let kind = kind.unwrap_or_else(|| {
        let names =
            texts.iter().any(|(_, text)| text.contains("\"Principal\"") || text.contains("\"NotPrincipal\""));
        if names { PolicyKind::Resource } else { PolicyKind::Identity }
    });
    let mut policies = Vec::new();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (file, text) in &texts {
        let policy = Policy::parse(text, file, kind, Strictness::Strict);
        diagnostics.extend(policy.diagnostics.iter().cloned());
        policies.push(Arc::new(policy));
    }
    says(&diagnostics, color);
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    anyhow::ensure!(!is_wrong, "AWS would not store these policies, so nothing was asked");
    Ok(policies)
}

fn read(path: &Path) -> anyhow::Result<(Arc<str>, String)> {
    let shown: Arc<str> = path.display().to_string().replace('\\', "/").into();
    let failed = || format!("`{shown}` could not be read");
    let mut bytes = Vec::new();
    match path == Path::new("-") {
        true => io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?,
        false => {
            let file = std::fs::File::open(path).with_context(failed)?;
            file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?
        }
    };
    anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "`{shown}` is larger than {} MiB", MAX_BYTES >> 20);
    let text = String::from_utf8(bytes).with_context(failed)?;
    Ok((shown, text))
}

fn answered(report: &Report, claim: &str, options: &ProveOptions) -> anyhow::Result<Ending> {
    output::write(None, |out| match options.format {
        AnswerFormat::Text => text(report, claim, options, out),
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &as_json(report, claim))?;
            writeln!(out)
        }
    })?;
    Ok(ending(&report.answer))
}

fn ending(answer: &Answer) -> Ending {
    match answer {
        Answer::Holds => Ending::Clean,
        Answer::Violated(_) => Ending::Found,
        Answer::Unknown(_) => Ending::Incomplete,
    }
}

fn as_json(report: &Report, claim: &str) -> Value {
    let mut object = json!({ "claim": claim, "steps": report.steps });
    match &report.answer {
        Answer::Holds => object["answer"] = json!("holds"),
        Answer::Violated(witness) => {
            object["answer"] = json!("violated");
            object["witness"] = witness_json(witness);
        }
        Answer::Unknown(reasons) => {
            object["answer"] = json!("unknown");
            object["why"] = json!(reasons);
        }
    }
    object
}

/// The witness with its context as a case has it: a key with its values, or with null when it is absent.
fn witness_json(witness: &Witness) -> Value {
    let mut object = json!(witness);
    object["context"] = witness.context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    object
}

fn text(report: &Report, claim: &str, options: &ProveOptions, out: &mut dyn Write) -> io::Result<()> {
    match &report.answer {
        Answer::Holds => {
            writeln!(out, "Holds: {claim}, whatever the action, the resource and the condition keys.")?;
            if options.listed_actions {
                writeln!(
                    out,
                    "Asked about the actions that the service reference lists; not about those that AWS will add."
                )?;
            }
            Ok(())
        }
        Answer::Violated(witness) => {
            writeln!(out, "Violated: it is not so that {claim}. This request shows it:\n")?;
            shown(witness, out)
        }
        Answer::Unknown(reasons) => {
            writeln!(out, "Unknown: whether {claim} was not decided.")?;
            reasons.iter().try_for_each(|why| writeln!(out, "  {}", neutral(why)))
        }
    }
}

fn shown(witness: &Witness, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  principal  {}", neutral(&witness.principal))?;
    let note = if witness.is_listed { "" } else { "  (not in the service reference: AWS may add it)" };
    writeln!(out, "  action     {}{note}", neutral(&witness.action))?;
    writeln!(out, "  resource   {}", neutral(&witness.resource))?;
    for (key, values) in &witness.context {
        match values {
            None => writeln!(out, "  without    {}", neutral(key))?,
            Some(values) => writeln!(out, "  with       {} = {}", neutral(key), neutral(&values.join(", ")))?,
        }
    }
    let Some(by) = &witness.allowed_by else { return Ok(()) };
    let sid = by.sid.as_ref().map(|sid| format!(" `{}`", neutral(sid))).unwrap_or_default();
    let at = by.at.as_deref().unwrap_or(&by.policy);
    writeln!(out, "\nStatement {}{sid} allows it: {}", by.statement, neutral(at))
}

fn redundant(found: &[Redundant], report: &Report, options: &ProveOptions) -> anyhow::Result<Ending> {
    let (open, sure): (Vec<&Redundant>, Vec<&Redundant>) = found.iter().partition(|one| one.open.is_some());
    output::write(None, |out| match options.format {
        AnswerFormat::Text => {
            for one in &sure {
                writeln!(out, "Redundant: {}", name(one))?;
            }
            for one in &open {
                writeln!(
                    out,
                    "Unknown: {}: {}",
                    name(one),
                    neutral(one.open.as_deref().unwrap_or_default())
                )?;
            }
            match (sure.len(), open.is_empty()) {
                (0, true) => {
                    writeln!(out, "Holds: without any one of the statements, something else is allowed.")
                }
                (0 | 1, _) => Ok(()),
                _ => writeln!(out, "Each could go alone; two that allow the same can't both."),
            }
        }
        AnswerFormat::Json => {
            let list: Vec<Value> = found
                .iter()
                .map(|one| {
                    let answer = if one.open.is_some() { "unknown" } else { "redundant" };
                    json!({"answer": answer, "policy": one.policy, "statement": one.statement, "sid": one.sid,
                        "at": one.at, "why": one.open})
                })
                .collect();
            serde_json::to_writer_pretty(&mut *out, &json!({"redundant": list, "steps": report.steps}))?;
            writeln!(out)
        }
    })?;
    Ok(match (sure.is_empty(), open.is_empty()) {
        (false, _) => Ending::Found,
        (true, false) => Ending::Incomplete,
        (true, true) => Ending::Clean,
    })
}

fn name(one: &Redundant) -> String {
    let sid = one.sid.as_ref().map(|sid| format!(" `{sid}`")).unwrap_or_default();
    neutral(&format!("statement {}{sid} at {}", one.statement, one.at.as_deref().unwrap_or(&one.policy)))
        .into()
}
