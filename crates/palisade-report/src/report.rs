//! What a scan has to say, before it takes a form.

use crate::collected::Collected;
use palisade_model::{
    Diagnostic, Finding, Level, Origin, PageId, Severity, Source, Span, Suppressed, Verdict,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a scan has to say.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The version of Palisade that speaks.
    pub tool_version: String,
    /// What was looked at, as the user named it.
    pub targets: Vec<String>,
    /// What fails and what can't be told. In any order: every form of the report ranks them itself.
    pub findings: Vec<Finding>,
    /// How many verdicts of each sort there were, what passes included.
    pub counts: Counts,
    /// What was looked at and what no check covers.
    pub coverage: Coverage,
    /// What is wrong with the input.
    pub diagnostics: Vec<Diagnostic>,
    /// The pages of the checks that ran, those that found nothing included, and of the detections that found something.
    pub pages: Vec<PageSummary>,
    /// What would count if nobody had accepted it. It is neither among `findings` nor in `counts`.
    pub suppressed: Vec<Suppressed>,
    /// What `findings` were compared with. What was known there is neither among `findings` nor in `counts`.
    pub comparisons: Vec<Comparison>,
    /// Places of what may be secret that only findings name which are left out: their lines are not quoted either.
    pub secrets: Vec<Span>,
}

/// What findings were compared with, so that only new ones are reported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// What sort of thing it is.
    pub with: ComparedWith,
    /// Its name: the file, or the revision.
    pub name: String,
    /// How many findings were known there, and are left out.
    pub known: u64,
    /// How many of those that were known there are not found any more.
    pub gone: u64,
}

/// What findings may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedWith {
    /// A file of findings that were known.
    Baseline,
    /// What is found in the files of another revision.
    Revision,
}

/// How many verdicts of each sort there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    by_severity: [Tally; Severity::ALL.len()],
}

/// Verdicts, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// How many fail.
    pub fails: u64,
    /// How many can't be told.
    pub unknown: u64,
    /// How many pass.
    pub passes: u64,
}

/// What was looked at and what no check covers: the ledger that keeps a report honest.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// How many resources each sort of source declares.
    pub resources: BTreeMap<Source, u64>,
    /// How many of them at least one check looked at.
    pub assessed: u64,
    /// How many files were read.
    pub files: u64,
    /// Resources of types that no kind describes: how many of each type, by the source's own name.
    pub without_kind: BTreeMap<Arc<str>, u64>,
    /// Resources of types that a kind describes and no enabled check looks at.
    pub without_check: BTreeMap<Arc<str>, u64>,
    /// What was collected of live accounts, and what was not.
    pub collected: Option<Collected>,
}

/// What a report needs to know of the page of a check or of a detection.
#[derive(Debug, Clone)]
pub struct PageSummary {
    /// Its path below the folder of checks or of detections.
    pub id: PageId,
    /// Is it a detection, which looks at events and not at resources?
    pub is_detection: bool,
    /// The fault in a sentence.
    pub title: Arc<str>,
    /// How much the fault matters.
    pub severity: Severity,
    /// Why it matters: Markdown.
    pub why: Arc<str>,
    /// What to change: Markdown.
    pub fix: Arc<str>,
    /// The outcomes it stands against.
    pub objectives: Vec<PageId>,
    /// The controls those outcomes answer to.
    pub controls: Vec<String>,
    /// Where the page can be read in a browser.
    pub url: Option<String>,
}

impl Report {
    /// What fails and what is unknown, in the order of the forms for machines: what fails first, then the severest, then by
    /// page and place.
    pub(crate) fn ranked(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> =
            self.findings.iter().filter(|finding| finding.verdict != Verdict::Passes).collect();
        findings.sort_by(|a, b| rank(a, b));
        findings
    }

    /// What is suppressed, in the order of the forms for machines.
    pub(crate) fn ranked_suppressed(&self) -> Vec<&Suppressed> {
        let mut suppressed: Vec<&Suppressed> = self.suppressed.iter().collect();
        suppressed.sort_by(|a, b| rank(&a.finding, &b.finding));
        suppressed
    }

    /// The places of what may be secret.
    pub(crate) fn secret_places(&self) -> impl Iterator<Item = &Span> {
        let suppressed = self.suppressed.iter().map(|one| &one.finding);
        self.findings.iter().chain(suppressed).flat_map(secrets_of).chain(&self.secrets)
    }

    /// Is anything left out that would count?
    pub(crate) fn leaves_out(&self) -> bool {
        !self.suppressed.is_empty() || self.comparisons.iter().any(|comparison| comparison.known > 0)
    }

    /// The pages of the checks that ran.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &PageSummary> {
        self.pages.iter().filter(|page| !page.is_detection)
    }

    /// Was part of the input lost?
    pub fn is_incomplete(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
            || self.coverage.collected.as_ref().is_some_and(Collected::is_incomplete)
    }
}

/// The places of what may be secret that a finding names.
fn secrets_of(finding: &Finding) -> impl Iterator<Item = &Span> {
    finding
        .evidence
        .iter()
        .filter(|evidence| evidence.is_secret)
        .filter_map(|evidence| evidence.origin.span())
}

impl Counts {
    /// Counts one verdict.
    pub fn add(&mut self, severity: Severity, verdict: Verdict) {
        let tally = &mut self.by_severity[severity as usize];
        match verdict {
            Verdict::Fails => tally.fails += 1,
            Verdict::Unknown => tally.unknown += 1,
            Verdict::Passes => tally.passes += 1,
        }
    }

    /// The verdicts of one severity.
    pub fn of(&self, severity: Severity) -> Tally {
        self.by_severity[severity as usize]
    }

    /// The verdicts of all severities.
    pub fn total(&self) -> Tally {
        self.by_severity.iter().fold(Tally::default(), |sum, tally| Tally {
            fails: sum.fails + tally.fails,
            unknown: sum.unknown + tally.unknown,
            passes: sum.passes + tally.passes,
        })
    }
}

impl Tally {
    /// Is there nothing to count?
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Coverage {
    /// How many resources there are.
    pub fn total(&self) -> u64 {
        self.resources.values().sum()
    }

    /// The types that no check looks at and how many resources each has, the most frequent first.
    pub(crate) fn uncovered(&self) -> Vec<(&str, u64)> {
        let mut types: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, count) in self.without_kind.iter().chain(&self.without_check) {
            *types.entry(name).or_default() += count;
        }
        let mut types: Vec<_> = types.into_iter().collect();
        types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        types
    }
}

/// By place, then by what it is about.
pub(crate) fn by_place(a: &Finding, b: &Finding) -> Ordering {
    place(&a.origin, &b.origin).then_with(|| a.subject.address.cmp(&b.subject.address))
}

fn rank(a: &Finding, b: &Finding) -> Ordering {
    (a.verdict.cmp(&b.verdict))
        .then_with(|| b.severity.cmp(&a.severity))
        .then_with(|| a.page.as_str().cmp(b.page.as_str()))
        .then_with(|| by_place(a, b))
        .then_with(|| a.message.cmp(&b.message))
        .then_with(|| a.fingerprint.cmp(&b.fingerprint))
}

/// Files by path and place, then calls, then what is only documented.
fn place(a: &Origin, b: &Origin) -> Ordering {
    match (a, b) {
        (Origin::File(a), Origin::File(b)) => a.cmp(b),
        (Origin::File(_), _) => Ordering::Less,
        (_, Origin::File(_)) => Ordering::Greater,
        (Origin::Call(_), Origin::Documented(_)) => Ordering::Less,
        (Origin::Documented(_), Origin::Call(_)) => Ordering::Greater,
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_is_counted_once_under_its_severity() {
        let mut counts = Counts::default();
        counts.add(Severity::High, Verdict::Fails);
        counts.add(Severity::High, Verdict::Passes);
        counts.add(Severity::Low, Verdict::Unknown);
        let tally = |fails, unknown, passes| Tally { fails, unknown, passes };
        assert_eq!(counts.of(Severity::High), tally(1, 0, 1));
        assert_eq!(counts.of(Severity::Low), tally(0, 1, 0));
        assert!(counts.of(Severity::Critical).is_empty());
        assert_eq!(counts.total(), tally(1, 1, 1));
    }
}
