//! Rules over subjects: pages that ship are judged here, all others in a process with limits.

use crate::openness::FACTS;
use palisade_check::{Input, Judgement, Open, RuleText, compile, mutants};
use palisade_content::{Check, Library, Page};
use palisade_model::{Diagnostic, Existence, Path, Position, Resource, Span, Verdict, Why};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// What a process that judges a page is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The page's file, as the user would write it.
    pub file: Arc<str>,
    /// The Rego module.
    pub text: Arc<str>,
    /// Where its first character stands in the file.
    pub start: Position,
    /// The rule that lists the faults.
    pub entrypoint: Arc<str>,
    /// What to judge.
    pub subjects: Vec<Resource>,
    /// Are the mutants judged as well?
    pub mutate: bool,
}

/// What it answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Response {
    /// What is wrong with the rule. Then there are no judgements.
    pub diagnostics: Vec<Diagnostic>,
    /// The parts of the input that the rule reads by name, with their places.
    pub reads: Vec<(String, Span)>,
    /// What the rule says of each subject.
    pub judgements: Vec<Judgement>,
    /// What each mutant says of each subject, where that was asked.
    pub mutants: Vec<MutantJudgements>,
}

/// What a rule says once a part of it is left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MutantJudgements {
    /// The place of what was left out.
    pub span: Span,
    /// What was left out.
    pub left_out: String,
    /// What the rest says of each subject.
    pub judgements: Vec<Judgement>,
}

/// Judges pages that do not ship with Palisade, where they can do no harm.
pub trait Outside {
    /// The answer; a page that brought its process down is a diagnostic that names it.
    ///
    /// # Errors
    /// What became of the process, with what to do about it.
    fn run(&self, request: &Request) -> Result<Response, Diagnostic>;
}

/// Judges foreign pages in this very process: for the process with limits itself, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within;

impl Outside for Within {
    fn run(&self, request: &Request) -> Result<Response, Diagnostic> {
        Ok(answer(request))
    }
}

/// What a rule says of the subjects of a request.
pub fn answer(request: &Request) -> Response {
    let rule = RuleText {
        file: &request.file,
        text: &request.text,
        start: request.start,
        entrypoint: &request.entrypoint,
        facts: FACTS,
    };
    let subjects: Vec<Subject<'_>> = request.subjects.iter().map(Subject::new).collect();
    let subjects: Vec<&Subject<'_>> = subjects.iter().collect();
    judge_here(&rule, &subjects, request.mutate)
}

/// Something to judge, with its input made at most once for all the rules that read it.
pub(crate) struct Subject<'a> {
    pub resource: &'a Resource,
    input: OnceLock<Input>,
    with_raw: OnceLock<Input>,
}

impl<'a> Subject<'a> {
    pub fn new(resource: &'a Resource) -> Self {
        Self { resource, input: OnceLock::new(), with_raw: OnceLock::new() }
    }

    fn input(&self, raw: bool) -> &Input {
        let cell = if raw { &self.with_raw } else { &self.input };
        cell.get_or_init(|| Input::of(self.resource, raw))
    }
}

/// What a page's rule says of each subject, and its mutants if asked for.
pub(crate) fn judge(
    page: &Page,
    check: &Check,
    subjects: &[&Subject<'_>],
    mutate: bool,
    library: &Library,
    outside: &dyn Outside,
) -> Response {
    let mut response = if page.shipped {
        judge_here(&rule_of(page, check), subjects, mutate)
    } else {
        let request = Request {
            file: page.file.clone(),
            text: check.rego.text.clone(),
            start: check.rego.start,
            entrypoint: check.entrypoint.clone(),
            subjects: subjects.iter().map(|subject| subject.resource.clone()).collect(),
            mutate,
        };
        outside.run(&request).unwrap_or_else(|diagnostic| {
            let place = Span::new(page.file.clone(), (check.rego.start.line, 1), (check.rego.start.line, 2));
            Response {
                diagnostics: vec![Diagnostic { span: Some(place), ..diagnostic }],
                ..Response::default()
            }
        })
    };
    response.diagnostics.extend(misspelt(&response.reads, check, library));
    let all = response.mutants.iter_mut().map(|mutant| &mut mutant.judgements);
    for judgements in all.chain([&mut response.judgements]) {
        for (judgement, subject) in judgements.iter_mut().zip(subjects) {
            depend_on_existence(judgement, subject.resource);
        }
    }
    response
}

/// What every input has beside the attributes of its kind.
const ALWAYS_THERE: [&str; 6] = ["address", "type", "source", "account", "region", "raw"];

/// The attributes that a rule reads and its kind does not have: such a rule would be wrong without a word.
fn misspelt(reads: &[(String, Span)], check: &Check, library: &Library) -> Vec<Diagnostic> {
    let Some(kind) = check.looks_at.kind().and_then(|kind| library.kinds().get(kind)) else {
        return Vec::new();
    };
    let known = |name: &str| ALWAYS_THERE.contains(&name) || kind.attributes.contains_key(name);
    let unknown = reads.iter().filter(|(name, _)| !known(name));
    let said = unknown.map(|(name, span)| {
        let said =
            Diagnostic::error(format!("`{name}` is not an attribute of {}", kind.kind)).at(span.clone());
        let nearest = kind.attributes.keys().min_by_key(|other| strsim::levenshtein(other, name));
        said.help(nearest.map_or_else(String::new, |nearest| format!("did you mean `{nearest}`?")))
    });
    said.collect()
}

pub(crate) fn rule_of<'a>(page: &'a Page, check: &'a Check) -> RuleText<'a> {
    RuleText {
        file: &page.file,
        text: &check.rego.text,
        start: check.rego.start,
        entrypoint: &check.entrypoint,
        facts: FACTS,
    }
}

fn judge_here(rule: &RuleText<'_>, subjects: &[&Subject<'_>], mutate: bool) -> Response {
    let policy = match compile(rule) {
        Ok(policy) => policy,
        Err(diagnostics) => {
            return Response { diagnostics, ..Response::default() };
        }
    };
    let judge_all = |policy: &palisade_check::Policy| {
        subjects.iter().map(|subject| policy.judge(subject.input(policy.reads_raw()))).collect()
    };
    let mutants = if mutate { mutants(rule).unwrap_or_default() } else { Vec::new() };
    Response {
        diagnostics: Vec::new(),
        reads: policy.reads().map(|(name, span)| (name.to_owned(), span.clone())).collect(),
        judgements: judge_all(&policy),
        mutants: mutants
            .into_iter()
            .map(|mutant| MutantJudgements {
                judgements: judge_all(&mutant.policy),
                span: mutant.span,
                left_out: mutant.left_out,
            })
            .collect(),
    }
}

/// Does a judgement say nothing of what is declared? So it is where only the undeclared rest of a resource, for which
/// its declared parts stand in, keeps the answer open.
pub(crate) fn says_nothing(judgement: &Judgement, resource: &Resource, library: &Library) -> bool {
    let mut reasons = judgement.open.iter().flat_map(|open| &open.because);
    judgement.verdict() == Verdict::Unknown
        && judgement.problem.is_none()
        && library.kinds().stands_in(resource)
        && reasons.all(|(_, unknown)| matches!(unknown.why, Why::NotDeclared(_)))
}

/// A fault of a resource that may not come to exist is not certain.
fn depend_on_existence(judgement: &mut Judgement, resource: &Resource) {
    let Existence::Unknown(unknown, _) = &resource.declared.existence else {
        return;
    };
    for failure in judgement.failures.drain(..) {
        judgement.open.push(Open {
            message: failure.message,
            because: vec![(Path::default(), unknown.clone())],
            evidence: failure.evidence,
        });
    }
}
