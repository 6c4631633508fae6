//! Judges an estate by every check that is enabled.

use crate::judge::{Outside, Subject, judge};
use crate::subjects::Wholes;
use palisade_check::{Failure, Judgement, Open};
use palisade_content::{Check, Library, LooksAt, Page};
use palisade_model::{
    Attribute, Diagnostic, Estate, Evidence, Existence, Finding, Fingerprint, Origin, PageId, Path, Resource,
    ResourceType, Severity, Subject as About, Unknown, Verdict,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What to judge by.
pub struct Options<'a> {
    /// Which checks are enabled.
    pub enabled: &'a dyn Fn(&Page) -> bool,
    /// Where pages that do not ship are judged.
    pub outside: &'a dyn Outside,
    /// Told each page as it begins, with how many there are.
    pub progress: &'a dyn Fn(&PageId, usize),
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// What fails and what is unknown.
    pub findings: Vec<Finding>,
    /// How many verdicts there were of each severity and kind, passes among them.
    pub verdicts: Vec<(Severity, Verdict)>,
    /// The checks that ran.
    pub checks: Vec<PageId>,
    /// The resources that at least one check looked at.
    pub assessed: u64,
    /// Types that no kind describes, with the number of their resources.
    pub without_kind: BTreeMap<Arc<str>, u64>,
    /// Types that a kind describes and no enabled check looks at, with the number of their resources.
    pub without_check: BTreeMap<Arc<str>, u64>,
    /// Rules that could not be used.
    pub diagnostics: Vec<Diagnostic>,
}

/// Judges an estate by every enabled check of a library.
pub fn assess(estate: &Estate, library: &Library, options: &Options<'_>) -> Assessment {
    let exists = |resource: &&Resource| !matches!(resource.declared.existence, Existence::No(_));
    let subjects: Vec<Subject<'_>> = estate.resources.iter().filter(exists).map(Subject::new).collect();
    let mut by_kind: HashMap<&ResourceType, Vec<&Subject<'_>>> = HashMap::new();
    for subject in &subjects {
        if let Some(kind) = &subject.resource.kind {
            by_kind.entry(kind).or_default().push(subject);
        }
    }
    let wholes = Wholes::of(estate, library);
    let mut assessment = Assessment::default();
    let enabled: Vec<(&Page, &Check)> =
        library.checks().filter(|(page, _)| (options.enabled)(page)).collect();
    for (page, check) in &enabled {
        (options.progress)(&page.id, enabled.len());
        assessment.checks.push(page.id.clone());
        let seen: Vec<Subject<'_>> = wholes.seen_by(&check.looks_at).iter().map(Subject::new).collect();
        let seen: Vec<&Subject<'_>> = match &check.looks_at {
            LooksAt::Kind(kind) => by_kind.get(kind).cloned().unwrap_or_default(),
            _ => seen.iter().collect(),
        };
        // A rule that can't be compiled is said even where there is nothing to judge by it.
        let response = judge(page, check, &seen, false, options.outside);
        assessment.diagnostics.extend(response.diagnostics);
        let controls = library.controls_of(page);
        for (judgement, subject) in response.judgements.into_iter().zip(seen) {
            assessment.verdicts.push((check.severity, judgement.verdict()));
            assessment.findings.extend(findings(judgement, subject.resource, page, check, &controls));
        }
    }
    cover(&mut assessment, &subjects, &enabled);
    number(&mut assessment.findings);
    assessment
}

fn cover(assessment: &mut Assessment, subjects: &[Subject<'_>], enabled: &[(&Page, &Check)]) {
    for subject in subjects {
        let source_type = &subject.resource.declared.source_type;
        let looked_at = |kind| enabled.iter().any(|(_, check)| check.looks_at.kind() == Some(kind));
        match &subject.resource.kind {
            None => *assessment.without_kind.entry(source_type.clone()).or_default() += 1,
            Some(kind) if !looked_at(kind) => {
                *assessment.without_check.entry(source_type.clone()).or_default() += 1;
            }
            Some(_) => assessment.assessed += 1,
        }
    }
}

/// Tells findings apart that several roots of one scan hold under the same address.
fn number(findings: &mut [Finding]) {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|left, right| findings[*left].subject.address.cmp(&findings[*right].subject.address));
    let mut seen: HashMap<Fingerprint, u32> = HashMap::new();
    for index in order {
        let finding = &mut findings[index];
        let occurrence = seen.entry(finding.fingerprint).or_default();
        if *occurrence > 0 {
            let again = format!("{}#{occurrence}", finding.fingerprint);
            finding.fingerprint =
                Fingerprint::new(&finding.page, &finding.subject.address.name, &again, *occurrence);
        }
        *occurrence += 1;
    }
}

fn findings(
    judgement: Judgement,
    resource: &Resource,
    page: &Page,
    check: &Check,
    controls: &[String],
) -> Vec<Finding> {
    let make = |verdict, message: String, key: &str, evidence: Vec<Evidence>| {
        let declared = &resource.declared;
        let name =
            resource.arn.as_ref().map_or_else(|| declared.address.name.to_string(), ToString::to_string);
        Finding {
            page: page.id.clone(),
            title: page.title.clone(),
            verdict,
            severity: check.severity,
            subject: About {
                kind: resource
                    .kind
                    .as_ref()
                    .map_or_else(|| declared.source_type.clone(), |kind| kind.as_str().into()),
                address: declared.address.clone(),
                arn: resource.arn.clone(),
                account: declared.account,
                region: declared.region.clone(),
            },
            message,
            why: page.why.clone(),
            fix: page.fix.clone(),
            objectives: check.objectives.clone(),
            controls: controls.to_vec(),
            origin: place(resource, &evidence),
            evidence,
            fingerprint: Fingerprint::new(&page.id, &name, key, 0),
        }
    };
    if !judgement.failures.is_empty() {
        let found = judgement.failures.into_iter().map(|Failure { message, key, evidence }| {
            let message = message.unwrap_or_else(|| page.title.to_string());
            make(
                Verdict::Fails,
                message,
                &key,
                evidence.iter().map(|path| evidence_at(resource, path)).collect(),
            )
        });
        return found.collect();
    }
    if judgement.verdict() == Verdict::Passes {
        return Vec::new();
    }
    let (message, evidence) = open(&judgement.open, judgement.problem, resource);
    vec![make(Verdict::Unknown, message, "unknown", evidence)]
}

/// What keeps an answer open, in words, and the evidence for it.
fn open(open: &[Open], problem: Option<String>, resource: &Resource) -> (String, Vec<Evidence>) {
    let mut reasons: Vec<(&Path, &Unknown)> = Vec::new();
    for (path, unknown) in open.iter().flat_map(|open| &open.because) {
        if !reasons.iter().any(|(_, other)| other.why == unknown.why) {
            reasons.push((path, unknown));
        }
    }
    let mut words: Vec<String> = reasons.iter().take(3).map(|(_, unknown)| unknown.to_string()).collect();
    if reasons.len() > 3 {
        words.push(format!("and {} more", reasons.len() - 3));
    }
    words.extend(problem);
    let evidence = reasons.iter().map(|(path, unknown)| {
        let origin = match &resource.declared.existence {
            Existence::Unknown(_, origin) if path.0.is_empty() => origin,
            _ => resource.origin_of(path),
        };
        Evidence {
            path: (*path).clone(),
            value: None,
            unknown: Some((*unknown).clone()),
            origin: origin.clone(),
        }
    });
    (words.join(", "), evidence.collect())
}

fn evidence_at(resource: &Resource, path: &Path) -> Evidence {
    let value = resource.value_at(path);
    let unknown = value.and_then(|node| match &node.value {
        palisade_model::Value::Unknown(unknown) => Some(unknown.clone()),
        _ => None,
    });
    let whole = match path.0.first() {
        Some(palisade_model::Segment::Name(name)) => resource.attributes.get(name),
        _ => None,
    };
    let unknown = match whole {
        Some(Attribute::Unknown(unknown, _)) => Some(unknown.clone()),
        _ => unknown,
    };
    Evidence {
        path: path.clone(),
        value: value.filter(|_| unknown.is_none()).map(|node| short(node.value.to_json())),
        unknown,
        origin: resource.origin_of(path).clone(),
    }
}

/// The most characters that a value may take up as evidence.
const EVIDENCE_CHARACTERS_MAX: usize = 400;

fn short(value: serde_json::Value) -> serde_json::Value {
    let text = value.to_string();
    if text.chars().count() <= EVIDENCE_CHARACTERS_MAX {
        return value;
    }
    serde_json::Value::String(text.chars().take(EVIDENCE_CHARACTERS_MAX).chain(['…']).collect())
}

/// The place to look first: that of the first evidence that somebody wrote, or the resource's own.
fn place(resource: &Resource, evidence: &[Evidence]) -> Origin {
    let header = &resource.declared.origin;
    let written = |evidence: &&Evidence| evidence.origin.span().is_some() && evidence.origin != *header;
    evidence.iter().find(written).map_or(header, |evidence| &evidence.origin).clone()
}
