//! Detections: events that should not happen.

use crate::check::{objectives, severity};
use crate::fields::{Fields, Word, ids, short};
use crate::load::{Mention, Wanted};
use crate::{Block, nearest};
use palisade_document::{read_json, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Node, PageId, Severity, Value};
use std::sync::Arc;

/// The logs a detection can read: their name, and how Sigma says it (product and service).
pub const READS: &[(&str, &str, &str)] = &[("AWS CloudTrail", "aws", "cloudtrail")];

/// Something that should not happen, seen in a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// How much it matters.
    pub severity: Severity,
    /// The log it reads, by its name in [`READS`].
    pub reads: Arc<str>,
    /// The techniques of MITRE ATT&CK it shows, as `T1078.004`.
    pub attack: Vec<Arc<str>>,
    /// The outcomes it stands against.
    pub objectives: Vec<PageId>,
    /// The playbooks that answer it.
    pub answer_with: Vec<PageId>,
    /// The message, with fields of the event in braces.
    pub says: Arc<str>,
    /// The rule as it is written: selections and a condition; for a plain Sigma file the whole file.
    pub sigma: Block,
    /// The selections and the condition: what Sigma calls `detection`.
    pub rule: Node,
}

/// The fields of a detection's front matter.
pub(crate) struct DetectionFields {
    pub severity: Severity,
    pub reads: Arc<str>,
    pub attack: Vec<Arc<str>>,
    pub objectives: Vec<PageId>,
    pub answer_with: Vec<PageId>,
    pub says: Arc<str>,
}

/// Reads the fields of a detection's front matter.
pub(crate) fn fields(fields: &mut Fields<'_>, mentions: &mut Vec<Mention>) -> Option<DetectionFields> {
    let severity = severity(fields, "severity");
    let reads = fields.needed("reads", "AWS CloudTrail");
    let reads = reads.and_then(|word| read_reads(fields, &word));
    let attack = fields.words("attack");
    let attack = attack.iter().filter_map(|word| read_technique(fields, word));
    let attack = attack.collect();
    let objectives = objectives(fields, mentions);
    let answers = fields.words("answer-with");
    mentions.extend(answers.iter().map(|word| Mention::new(Wanted::Playbook, word)));
    let says = fields.needed("says", "{userIdentity.arn} switched the recording off");
    let says = says.inspect(|word| lint_braces(fields, word));
    Some(DetectionFields {
        severity: severity?,
        reads: reads?,
        attack,
        objectives,
        answer_with: ids(&answers),
        says: says?.text,
    })
}

fn read_reads(fields: &mut Fields<'_>, word: &Word) -> Option<Arc<str>> {
    let names = READS.iter().map(|(name, ..)| *name);
    if names.clone().any(|name| name == &*word.text) {
        return Some(word.text.clone());
    }
    let message = format!("`{}` is not a log that detections read", short(&word.text));
    fields.error(&word.span, message, nearest::remedy(&word.text, names));
    None
}

fn read_technique(fields: &mut Fields<'_>, word: &Word) -> Option<Arc<str>> {
    if is_technique(&word.text) {
        return Some(word.text.clone());
    }
    let message = format!("`{}` is not a technique of MITRE ATT&CK", short(&word.text));
    fields.error(&word.span, message, Some("something like `T1078` or `T1078.004` is expected".to_owned()));
    None
}

/// Is it a technique's id: `T1078`, `T1078.004`?
pub(crate) fn is_technique(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('T').is_some_and(|number| match number.split_once('.') {
        Some((number, sub)) => digits(number, 4) && digits(sub, 3),
        None => digits(number, 4),
    })
}

fn lint_braces(fields: &mut Fields<'_>, word: &Word) {
    let mut is_open = false;
    for char in word.text.chars() {
        let is_wrong = match char {
            '{' => std::mem::replace(&mut is_open, true),
            '}' => !std::mem::replace(&mut is_open, false),
            _ => false,
        };
        if is_wrong {
            is_open = true;
            break;
        }
    }
    if is_open || word.text.contains("{}") {
        let help = "write a field of the event between `{` and `}`, as in `{sourceIPAddress}`".to_owned();
        fields.error(&word.span, "`says` has a brace that doesn't fit".to_owned(), Some(help));
    }
}

/// Reads the block of a rule: a map. What its selections and its condition mean is the engine's to say.
pub(crate) fn read_rule(block: &Block, said: &mut Vec<Diagnostic>) -> Option<Node> {
    let documents = read_yaml(block.as_text(), &refuse_tags);
    let had_errors = !documents.diagnostics.is_empty();
    said.extend(documents.diagnostics);
    let rule = documents.documents.into_iter().next();
    match rule {
        Some(rule) if matches!(rule.value, Value::Map(_)) => Some(rule),
        _ if had_errors => None,
        _ => {
            said.push(
                Diagnostic::error("the rule has no selection")
                    .at(block.fence.clone())
                    .help("write selections by name, and a `condition` over them"),
            );
            None
        }
    }
}

/// Checks that an example is an event: a JSON object, or a list of them.
pub(crate) fn lint_event(block: &Block, said: &mut Vec<Diagnostic>) {
    let documents = read_json(block.as_text());
    let had_errors = !documents.diagnostics.is_empty();
    said.extend(documents.diagnostics);
    let is_event = |node: &Node| matches!(node.value, Value::Map(_));
    let is_right = documents.documents.first().is_some_and(|node| match &node.value {
        Value::List(list) => list.items.iter().all(is_event),
        _ => is_event(node),
    });
    if !is_right && !had_errors {
        said.push(
            Diagnostic::error("the example is not an event")
                .at(block.fence.clone())
                .help("write a JSON object with the log's own names"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technique_has_four_digits_and_perhaps_three_more() {
        for id in ["T1078", "T1078.004"] {
            assert!(is_technique(id), "{id}");
        }
        for id in ["t1078", "T107", "T1078.4", "T1078.", "1078", "T1078.0041", "", "TA0001"] {
            assert!(!is_technique(id), "{id}");
        }
    }
}
