//! Playbooks: what to do about a finding, step by step, each with its undo.

use crate::escalation::is_action;
use crate::fields::{Fields, Word, ids, short, what};
use crate::load::{Mention, Wanted};
use crate::{Block, Example};
use palisade_document::{Keys, read_json, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Map, Node, PageId, Span, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// The detections and checks it answers.
    pub answers: Vec<PageId>,
    /// The permissions its steps need: exactly those.
    pub needs: Vec<Arc<str>>,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// A step of a playbook.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a page has a handful of steps")]
pub enum Step {
    /// Read something and keep it as evidence.
    Keep {
        /// The call, as in `iam.GetUser`.
        call: Arc<str>,
        /// Its parameters.
        with: Option<Node>,
    },
    /// Ask somebody before going on.
    Ask {
        /// The question.
        question: Arc<str>,
    },
    /// Change something.
    Do {
        /// The call, as in `iam.UpdateAccessKey`.
        call: Arc<str>,
        /// Its parameters.
        with: Option<Node>,
        /// How it is taken back.
        undo: Undo,
    },
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// By a call: the same one or another, with parameters of its own.
    Call {
        /// The call.
        call: Arc<str>,
        /// Its parameters.
        with: Option<Node>,
    },
    /// Not at all; why it is done all the same.
    Irreversible(Arc<str>),
}

/// Where the API's operation is not the name of the permission.
const PERMISSIONS: &[(&str, &str)] = &[
    ("lambda.Invoke", "lambda:InvokeFunction"),
    ("s3.DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3.DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3.GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3.GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3.HeadBucket", "s3:ListBucket"),
    ("s3.HeadObject", "s3:GetObject"),
    ("s3.ListBuckets", "s3:ListAllMyBuckets"),
    ("s3.ListObjectVersions", "s3:ListBucketVersions"),
    ("s3.ListObjectsV2", "s3:ListBucket"),
    ("s3.PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3.PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3.PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
];

/// The fields of a playbook's front matter.
pub(crate) struct PlaybookFields {
    pub answers: Vec<PageId>,
    pub needs: Vec<Word>,
}

/// Reads the fields of a playbook's front matter.
pub(crate) fn fields(fields: &mut Fields<'_>, mentions: &mut Vec<Mention>) -> PlaybookFields {
    let answers = fields.words("answers");
    mentions.extend(answers.iter().map(|word| Mention::new(Wanted::Answered, word)));
    let needs = fields.words("needs");
    for word in &needs {
        if !is_action(&word.text) {
            let message = format!("`{}` is not a permission", short(&word.text));
            let help = "something like `iam:UpdateAccessKey` is expected".to_owned();
            fields.error(&word.span, message, Some(help));
        }
    }
    PlaybookFields { answers: ids(&answers), needs }
}

/// Reads the steps, and compares the permissions they need with those the front matter names.
pub(crate) fn read_steps(block: &Block, needs: &[Word], said: &mut Vec<Diagnostic>) -> Vec<Step> {
    let documents = read_yaml(block.as_text(), &refuse_tags);
    said.extend(documents.diagnostics.iter().cloned());
    let steps: Vec<Step> = match documents.documents.first().map(|node| &node.value) {
        Some(Value::List(list)) => {
            let steps = list.items.iter();
            steps.filter_map(|step| read_step(step, &documents.keys, &block.fence, said)).collect()
        }
        Some(Value::Unknown(_)) => return Vec::new(),
        _ => {
            said.push(
                Diagnostic::error("there are no steps")
                    .at(block.fence.clone())
                    .help("write a list of `keep`, `ask` and `do`"),
            );
            return Vec::new();
        }
    };
    compare_needs(&steps, needs, &block.fence, said);
    steps
}

fn read_step(node: &Node, keys: &Keys, whole: &Span, said: &mut Vec<Diagnostic>) -> Option<Step> {
    let whole = node.origin.span().unwrap_or(whole).clone();
    let mut fields = Fields::of_node("a step".to_owned(), whole.clone(), Some(node), keys);
    let step = step_of(&mut fields, &whole);
    said.extend(fields.finish());
    step
}

fn step_of(fields: &mut Fields<'_>, whole: &Span) -> Option<Step> {
    let [keep, ask, change] = ["keep", "ask", "do"].map(|name| fields.word(name));
    let given = [&keep, &ask, &change].into_iter().flatten().count();
    if given != 1 {
        fields.take("with");
        fields.take("undo");
        fields.take("irreversible");
        if !matches!(fields.said.last(), Some(said) if said.span.as_ref() == Some(whole)) {
            let help = "write `keep`, `ask` or `do` first".to_owned();
            fields.error(whole, "a step keeps, asks or does one thing".to_owned(), Some(help));
        }
        return None;
    }
    if let Some(question) = ask {
        return Some(Step::Ask { question: question.text });
    }
    let with = parameters(fields, "with");
    if let Some(call) = keep {
        return Some(Step::Keep { call: read_call(fields, &call)?, with });
    }
    let call = read_call(fields, &change?);
    let undo = read_undo(fields, call.as_ref(), whole);
    Some(Step::Do { call: call?, with, undo: undo? })
}

fn read_undo(fields: &mut Fields<'_>, call: Option<&Arc<str>>, whole: &Span) -> Option<Undo> {
    let irreversible = fields.word("irreversible");
    let undo = parameters(fields, "undo");
    match (undo, irreversible) {
        (Some(_), Some(reason)) => {
            let message = "a step that has an `undo` is not irreversible".to_owned();
            fields.error(&reason.span, message, None);
            None
        }
        (None, Some(reason)) => Some(Undo::Irreversible(reason.text)),
        (None, None) => {
            let message = "a step that changes something says how it is undone".to_owned();
            let help =
                "write `undo:` with the parameters that take it back, or `irreversible:` with the reason";
            fields.error(whole, message, Some(help.to_owned()));
            None
        }
        // `undo: { do: iam.DetachUserPolicy, with: {…} }` is another call; AWS writes parameters with a capital.
        (Some(node), None) => match node.get("do") {
            Some(other) => {
                let word = fields.as_word("do", other)?;
                let call = read_call(fields, &word)?;
                Some(Undo::Call { call, with: node.get("with").cloned() })
            }
            None => Some(Undo::Call { call: call?.clone(), with: Some(node) }),
        },
    }
}

fn parameters(fields: &mut Fields<'_>, name: &'static str) -> Option<Node> {
    let node = fields.take(name)?;
    if !matches!(node.value, Value::Map(_)) {
        let span = fields.span_of(node);
        fields.error(&span, format!("`{name}` is a map of parameters, not {}", what(&node.value)), None);
        return None;
    }
    Some(node.clone())
}

fn read_call(fields: &mut Fields<'_>, word: &Word) -> Option<Arc<str>> {
    let is_call = word.text.split_once('.').is_some_and(|(service, operation)| {
        !service.is_empty()
            && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && operation.starts_with(|first: char| first.is_ascii_uppercase())
            && operation.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if !is_call {
        let message = format!("`{}` is not a call", short(&word.text));
        fields.error(
            &word.span,
            message,
            Some("something like `iam.UpdateAccessKey` is expected".to_owned()),
        );
        return None;
    }
    Some(word.text.clone())
}

fn permission(call: &str) -> String {
    let exception = PERMISSIONS.iter().find(|(operation, _)| *operation == call);
    exception.map_or_else(|| call.replacen('.', ":", 1), |(_, action)| (*action).to_owned())
}

fn compare_needs(steps: &[Step], needs: &[Word], fence: &Span, said: &mut Vec<Diagnostic>) {
    let used: BTreeSet<String> = steps.iter().flat_map(Step::calls).map(|call| permission(call)).collect();
    for need in needs {
        if is_action(&need.text) && !used.contains(&*need.text) {
            said.push(
                Diagnostic::error(format!("no step needs `{}`", short(&need.text)))
                    .at(need.span.clone())
                    .help("leave it out: an approved plan gets exactly what its steps need"),
            );
        }
    }
    for action in used {
        if !needs.iter().any(|need| *need.text == *action) {
            said.push(
                Diagnostic::error(format!("a step needs `{action}`, and `needs` doesn't name it"))
                    .at(needs.last().map_or(fence, |need| &need.span).clone())
                    .help("add it to `needs` in the front matter"),
            );
        }
    }
}

/// Checks each situation: it gives every variable, and the plan that follows is the one written.
pub(crate) fn lint_examples(steps: &[Step], examples: &[Example], said: &mut Vec<Diagnostic>) {
    for example in examples {
        let find = |language| example.blocks.iter().find(|block| &*block.language == language);
        let (Some(given), Some(plan)) = (find("json"), find("plan")) else {
            said.push(
                Diagnostic::error(format!(
                    "`{}` needs a `json` block and a `plan` block",
                    short(&example.heading)
                ))
                .at(example.heading_span.clone())
                .help("say what is given in JSON, and below it the plan that follows"),
            );
            continue;
        };
        let documents = read_json(given.as_text());
        let had_errors = !documents.diagnostics.is_empty();
        said.extend(documents.diagnostics);
        match documents.documents.first().map(|node| &node.value) {
            Some(Value::Map(values)) => lint_plan(steps, values, given, plan, said),
            _ if had_errors => {}
            _ => said.push(Diagnostic::error("what is given is a JSON object").at(given.fence.clone())),
        }
    }
}

fn lint_plan(steps: &[Step], values: &Map, given: &Block, plan: &Block, said: &mut Vec<Diagnostic>) {
    let planned = match lines_of(steps, values) {
        Ok(lines) => lines,
        Err(name) => {
            said.push(
                Diagnostic::error(format!("`${name}` is used by a step and not given"))
                    .at(given.fence.clone())
                    .help(format!("add `\"{name}\": …` to the JSON")),
            );
            return;
        }
    };
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let written: Vec<&str> = plan.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let same = |line: usize| match (planned.get(line), written.get(line)) {
        (Some(planned), Some(written)) => words(planned) == words(written),
        (None, None) => true,
        _ => false,
    };
    let lines = planned.len().max(written.len());
    if let Some(wrong) = (0..lines).find(|line| !same(*line)) {
        let place = written.get(wrong).and_then(|line| plan.text.lines().position(|other| other == *line));
        let mut span = plan.fence.clone();
        if let Some(place) = place {
            let line = plan.start.line + u32::try_from(place).unwrap_or(0);
            span = Span::new(span.file, (line, 1), (line, 1));
        }
        let message = match planned.get(wrong) {
            Some(line) => format!("the steps give `{line}` here"),
            None => "the steps give nothing more here".to_owned(),
        };
        said.push(Diagnostic::error(message).at(span));
    }
}

impl Playbook {
    /// The plan that follows from what is given, one line for each thing to do and one for how it is undone.
    ///
    /// # Errors
    /// The name of a variable that is not given.
    pub fn plan(&self, given: &Map) -> Result<Vec<String>, Arc<str>> {
        lines_of(&self.steps, given)
    }
}

impl Step {
    /// The calls it makes, and the one that undoes it.
    fn calls(&self) -> Vec<&Arc<str>> {
        match self {
            Self::Ask { .. } => Vec::new(),
            Self::Keep { call, .. } | Self::Do { call, undo: Undo::Irreversible(_), .. } => vec![call],
            Self::Do { call, undo: Undo::Call { call: back, .. }, .. } => vec![call, back],
        }
    }
}

fn lines_of(steps: &[Step], given: &Map) -> Result<Vec<String>, Arc<str>> {
    let mut lines = Vec::new();
    for step in steps {
        match step {
            Step::Keep { call, with } => {
                lines.push(format!("keep {}", call_line(call, with.as_ref(), given)?))
            }
            Step::Ask { question } => lines.push(format!("ask  {}", filled(question, given)?)),
            Step::Do { call, with, undo } => {
                lines.push(format!("do   {}", call_line(call, with.as_ref(), given)?));
                lines.push(match undo {
                    Undo::Call { call, with } => format!("undo {}", call_line(call, with.as_ref(), given)?),
                    Undo::Irreversible(reason) => format!("irreversible {}", filled(reason, given)?),
                });
            }
        }
    }
    Ok(lines)
}

fn call_line(call: &str, with: Option<&Node>, given: &Map) -> Result<String, Arc<str>> {
    let mut words = Vec::new();
    if let Some(Node { value: Value::Map(map), .. }) = with {
        for (name, node) in &map.entries {
            let value = match &node.value {
                Value::Text(text) => filled(text, given)?,
                other => filled(&other.to_json().to_string(), given)?,
            };
            words.push(format!("{name}={value}"));
        }
    }
    words.sort();
    words.insert(0, call.to_owned());
    Ok(words.join(" "))
}

/// The text with each `$name` replaced by what is given for it.
fn filled(text: &str, given: &Map) -> Result<String, Arc<str>> {
    let mut parts = text.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        let length = part.find(|char| !is_name(char)).unwrap_or(part.len());
        let (name, rest) = part.split_at(length);
        if name.is_empty() {
            filled.push('$');
        } else {
            let node = given.entries.get(name).ok_or_else(|| Arc::<str>::from(name))?;
            match &node.value {
                Value::Text(text) => filled.push_str(text),
                other => filled.push_str(&other.to_json().to_string()),
            }
        }
        filled.push_str(rest);
    }
    Ok(filled)
}
