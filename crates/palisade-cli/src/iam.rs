//! `palisade iam`: asks what AWS would allow, explains it, and compares it with what a trail recorded.

pub mod arguments;
mod ask;
mod cases;
mod explain;
pub(crate) mod replay;

use crate::Ending;
use crate::content::says;
use crate::output;
use arguments::{AnswerFormat, DecideOptions, Expected, ExplainOptions, IamVerb};
use palisade_iam::{Outcome, Question, by_json};
use palisade_model::{Diagnostic, Estate, Level};
use serde_json::json;

/// Runs `palisade iam …`.
pub fn run(verb: &IamVerb, color: bool) -> anyhow::Result<Ending> {
    match verb {
        IamVerb::Decide(options) => match &options.cases {
            Some(file) => cases::run(file, options.check, color),
            None => decide(options, color),
        },
        IamVerb::Explain(options) => explain_one(options, color),
        IamVerb::Replay(options) => replay::run(options, color),
        IamVerb::WhoCan(options) => crate::iam_who::run_who_can(options, color),
        IamVerb::Can(options) => crate::iam_who::run_can(options, color),
        IamVerb::Public(options) => {
            crate::iam_who::run_exposed(options, palisade_access::Outside::World, color)
        }
        IamVerb::External(options) => {
            crate::iam_who::run_exposed(options, palisade_access::Outside::Accounts, color)
        }
        IamVerb::Check { verb } => crate::iam_check::run(verb, color),
    }
}

/// Reads estates: one of each organisation that is at a path.
pub fn estates(path: &std::path::Path, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Vec<Estate>> {
    ask::estates(path, diagnostics)
}

fn decide(options: &DecideOptions, color: bool) -> anyhow::Result<Ending> {
    let asked = ask::asked(&options.ask)?;
    says(&asked.diagnostics, color);
    let question = &asked.question;
    let decision = question.decide();
    let explanation = palisade_iam::explain(question);
    output::write(None, |out| match options.format {
        AnswerFormat::Text => {
            writeln!(out, "{}", name(decision.outcome))?;
            writeln!(out, "{}", palisade_report::neutral(&explain::why(&explanation, question.request())))
        }
        AnswerFormat::Json => writeln!(out, "{}", answer(&asked.id, question)),
    })?;
    if let Some(expected) = options.expect {
        let is_expected = match expected {
            Expected::Allowed => decision.outcome == Outcome::Allowed,
            Expected::Denied => {
                matches!(decision.outcome, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied)
            }
            Expected::ImplicitlyDenied => decision.outcome == Outcome::ImplicitlyDenied,
            Expected::ExplicitlyDenied => decision.outcome == Outcome::ExplicitlyDenied,
            Expected::Unknown => decision.outcome == Outcome::Unknown,
        };
        if !is_expected {
            return Ok(Ending::Found);
        }
        return Ok(if lost(&asked) { Ending::Incomplete } else { Ending::Clean });
    }
    Ok(ending(&asked))
}

fn explain_one(options: &ExplainOptions, color: bool) -> anyhow::Result<Ending> {
    let asked = ask::asked(&options.ask)?;
    says(&asked.diagnostics, color);
    let explanation = palisade_iam::explain(&asked.question);
    output::write(None, |out| match options.format {
        AnswerFormat::Text => explain::text(&explanation, &asked, color, out),
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &explanation)?;
            writeln!(out)
        }
    })?;
    Ok(ending(&asked))
}

fn lost(asked: &ask::Asked) -> bool {
    asked.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
}

/// A policy that AWS would refuse was evaluated, and grants nothing: the answer holds, but not for what was meant.
fn ending(asked: &ask::Asked) -> Ending {
    let is_open = asked.question.decide().outcome == Outcome::Unknown;
    if is_open || lost(asked) { Ending::Incomplete } else { Ending::Clean }
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "Allowed",
        Outcome::ImplicitlyDenied => "ImplicitlyDenied",
        Outcome::ExplicitlyDenied => "ExplicitlyDenied",
        Outcome::Unknown => "Unknown",
    }
}

/// The line that `--cases` would write.
fn answer(id: &str, question: &Question) -> serde_json::Value {
    let decision = question.decide();
    let blocked: Vec<&str> = decision.blocked_by.iter().map(palisade_iam::Layer::word).collect();
    let mut line = json!({ "id": id, "decision": decision.outcome, "blockedBy": blocked });
    if let Some(by) = decision.by {
        line["by"] = by_json(by, question.policies());
    } else if let Some(rule) = decision.rule {
        line["by"] = json!({ "rule": rule });
    }
    if decision.outcome == Outcome::Unknown {
        line["open"] = json!(question.open());
    }
    line
}
