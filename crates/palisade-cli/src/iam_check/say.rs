//! Answers as text, JSON and SARIF.

use super::{Answered, ProofFormat, ProveOptions};
use crate::{Ending, output};
use palisade_prove::{Answer, Redundant, Witness};
use palisade_report::neutral;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Says the answer about one policy or two.
pub fn one(answered: &Answered, claim: &str, options: &ProveOptions) -> anyhow::Result<Ending> {
    output::write(None, |out| match options.format {
        ProofFormat::Text => text(answered, claim, options, out),
        ProofFormat::Json => {
            let mut object = json!({ "claim": claim, "steps": answered.steps });
            fill(&mut object, &answered.answer);
            pretty(&object, out)
        }
        ProofFormat::Sarif => {
            pretty(&sarif(options.verb, claim, [result(answered, claim, options.verb)]), out)
        }
    })?;
    Ok(ending(&answered.answer))
}

/// Says the answers about all policies of sources.
pub fn many(
    answers: &[Answered],
    claim: &str,
    is_partial: bool,
    options: &ProveOptions,
) -> anyhow::Result<Ending> {
    let count = |is_it: fn(&Answer) -> bool| answers.iter().filter(|one| is_it(&one.answer)).count();
    let violated = count(|answer| matches!(answer, Answer::Violated(_)));
    let unknown = count(|answer| matches!(answer, Answer::Unknown(_)));
    output::write(None, |out| match options.format {
        ProofFormat::Text => {
            for answered in answers.iter().filter(|one| one.answer != Answer::Holds) {
                writeln!(out, "{}", neutral(&answered.name))?;
                text(answered, claim, options, out)?;
                writeln!(out)?;
            }
            let holds = answers.len() - violated - unknown;
            writeln!(out, "{}: {holds} hold, {violated} do not, {unknown} unknown.", policies(answers.len()))
        }
        ProofFormat::Json => {
            let answer = match (violated, unknown) {
                (0, 0) => "holds",
                (0, _) => "unknown",
                _ => "violated",
            };
            let each: Vec<Value> = answers
                .iter()
                .map(|answered| {
                    let at = answered.at.as_ref().map(ToString::to_string);
                    let mut object = json!({ "policy": answered.name, "at": at, "steps": answered.steps });
                    fill(&mut object, &answered.answer);
                    object
                })
                .collect();
            pretty(&json!({ "claim": claim, "answer": answer, "policies": each, "partial": is_partial }), out)
        }
        ProofFormat::Sarif => {
            let results = answers.iter().map(|answered| result(answered, claim, options.verb));
            pretty(&sarif(options.verb, claim, results), out)
        }
    })?;
    Ok(match (violated, unknown, is_partial) {
        (0, 0, false) => Ending::Clean,
        (0, ..) => Ending::Incomplete,
        _ => Ending::Found,
    })
}

fn policies(count: usize) -> String {
    if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") }
}

fn ending(answer: &Answer) -> Ending {
    match answer {
        Answer::Holds => Ending::Clean,
        Answer::Violated(_) => Ending::Found,
        Answer::Unknown(_) => Ending::Incomplete,
    }
}

fn pretty(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn fill(object: &mut Value, answer: &Answer) {
    match answer {
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
}

/// The witness with its context as a case has it: a key with its values, or with null when it is absent.
fn witness_json(witness: &Witness) -> Value {
    let mut object = json!(witness);
    object["context"] = witness.context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    object
}

fn text(answered: &Answered, claim: &str, options: &ProveOptions, out: &mut dyn Write) -> io::Result<()> {
    match &answered.answer {
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

/// Says which statements could go.
pub fn redundant(
    found: &[Redundant],
    steps: u64,
    is_partial: bool,
    options: &ProveOptions,
) -> anyhow::Result<Ending> {
    let (open, sure): (Vec<&Redundant>, Vec<&Redundant>) = found.iter().partition(|one| one.open.is_some());
    output::write(None, |out| match options.format {
        ProofFormat::Text => {
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
        ProofFormat::Json => {
            let list: Vec<Value> = found
                .iter()
                .map(|one| {
                    let answer = if one.open.is_some() { "unknown" } else { "redundant" };
                    json!({"answer": answer, "policy": one.policy, "statement": one.statement, "sid": one.sid,
                        "at": one.at, "why": one.open})
                })
                .collect();
            pretty(&json!({"redundant": list, "steps": steps}), out)
        }
        ProofFormat::Sarif => {
            let results = found.iter().map(|one| {
                let (kind, text) = match &one.open {
                    None => ("fail", format!("{} could go: nothing else is allowed without it", name(one))),
                    Some(why) => ("open", format!("whether {} could go is not known: {why}", name(one))),
                };
                sarif_result(
                    options.verb,
                    kind,
                    &text,
                    one.at.as_deref(),
                    &format!("{} {}", one.policy, one.statement),
                )
            });
            pretty(&sarif(options.verb, "every statement changes what is allowed", results), out)
        }
    })?;
    Ok(match (sure.is_empty(), open.is_empty() && !is_partial) {
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

fn result(answered: &Answered, claim: &str, verb: &str) -> Value {
    let declared = answered.at.as_ref().map(ToString::to_string);
    let (kind, text, at) = match &answered.answer {
        Answer::Holds => ("pass", format!("{claim}: {}", answered.name), declared),
        Answer::Violated(witness) => {
            let with: Vec<String> = witness
                .context
                .iter()
                .map(|(key, values)| match values {
                    Some(values) => format!(", with {key} = {}", values.join(", ")),
                    None => format!(", without {key}"),
                })
                .collect();
            let text = format!(
                "{}: it is not so that {claim}: {} may call {} on {}{}",
                answered.name,
                witness.principal,
                witness.action,
                witness.resource,
                with.concat()
            );
            ("fail", text, witness.allowed_by.as_ref().and_then(|by| by.at.clone()).or(declared))
        }
        Answer::Unknown(reasons) => (
            "open",
            format!("{}: whether {claim} was not decided: {}", answered.name, reasons.join("; ")),
            declared,
        ),
    };
    sarif_result(verb, kind, &text, at.as_deref(), &answered.name)
}

fn sarif_result(verb: &str, kind: &str, text: &str, at: Option<&str>, subject: &str) -> Value {
    let level = if kind == "fail" { "error" } else { "none" };
    let mut result = json!({
        "ruleId": format!("iam/{verb}"),
        "kind": kind,
        "level": level,
        "message": { "text": text },
        "partialFingerprints": { "palisade/v1": format!("iam/{verb} {subject}") },
    });
    if let Some((file, line, column)) = at.and_then(place) {
        let region = json!({ "startLine": line, "startColumn": column });
        let artifact = json!({ "uri": encoded(file), "uriBaseId": "%SRCROOT%" });
        result["locations"] = json!([{"physicalLocation": {"artifactLocation": artifact, "region": region}}]);
    }
    result
}

/// `file:line:column`, taken apart.
fn place(at: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = at.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}

fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

fn sarif(verb: &str, claim: &str, results: impl IntoIterator<Item = Value>) -> Value {
    let results: Vec<Value> = results.into_iter().collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "palisade",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [{
                    "id": format!("iam/{verb}"),
                    "shortDescription": {"text": claim},
                }],
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}
