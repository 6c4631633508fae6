//! The report for scripts: one JSON document, or one finding a line. `docs/reference/report-json.md` says what each
//! field means.

use crate::collected::Collected;
use crate::machine::{write_lines, write_pretty};
use crate::report::{Comparison, Report, Tally};
use crate::sentences::NOT_SHOWN;
use palisade_model::{
    AccountId, Arn, Day, Diagnostic, Evidence, Finding, Fingerprint, Level, Origin, PageId, Region, Severity,
    Span, Subject, Suppressed, SuppressedBy, Unknown, Verdict, Why,
};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the report as one JSON document of the form `palisade/report/v1`.
pub fn json(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    write_pretty(&document(report), to)
}

/// Writes each finding as JSON on a line of its own, as it stands in `findings` of the document that [`json`] writes.
pub fn ndjson(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    write_lines(report.ranked().into_iter().map(finding), to)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    targets: &'a [String],
    counts: CountsView,
    #[serde(serialize_with = "findings")]
    findings: &'a Report,
    suppressed: Vec<SuppressedView<'a>>,
    comparisons: &'a [Comparison],
    diagnostics: Vec<DiagnosticView<'a>>,
    coverage: CoverageView<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct CountsView {
    #[serde(flatten)]
    total: Tally,
    by_severity: BySeverity,
}

#[derive(Serialize)]
struct BySeverity {
    critical: Tally,
    high: Tally,
    medium: Tally,
    low: Tally,
    informational: Tally,
}

#[derive(Serialize)]
struct FindingView<'a> {
    fingerprint: Fingerprint,
    page: &'a str,
    title: &'a str,
    verdict: Verdict,
    severity: Severity,
    message: &'a str,
    why: &'a str,
    fix: &'a str,
    objectives: Vec<&'a str>,
    controls: &'a [String],
    resource: ResourceView<'a>,
    location: Location<'a>,
    evidence: Vec<EvidenceView<'a>>,
}

/// A finding as any other, and why it does not count.
#[derive(Serialize)]
struct SuppressedView<'a> {
    #[serde(flatten)]
    finding: FindingView<'a>,
    suppression: SuppressionView<'a>,
}

#[derive(Serialize)]
struct SuppressionView<'a> {
    by: SuppressedBy,
    reason: &'a str,
    until: Option<Day>,
    owner: Option<&'a str>,
    ticket: Option<&'a str>,
    location: Location<'a>,
}

#[derive(Serialize)]
struct ResourceView<'a> {
    r#type: &'a str,
    address: &'a str,
    root: &'a str,
    arn: Option<&'a Arn>,
    account: Option<AccountId>,
    region: Option<&'a Region>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Location<'a> {
    File { file: &'a str, line: u32, column: u32, end_line: u32, end_column: u32 },
    Call { call: &'a str, account: Option<AccountId>, region: Option<&'a Region>, time: Option<&'a str> },
    Documented { documented: &'a str },
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    path: String,
    value: Option<Cow<'a, serde_json::Value>>,
    is_secret: bool,
    unknown: Option<UnknownView<'a>>,
    location: Location<'a>,
}

#[derive(Serialize)]
struct UnknownView<'a> {
    reason: &'static str,
    what: &'a str,
    text: String,
}

#[derive(Serialize)]
struct DiagnosticView<'a> {
    level: Level,
    message: &'a str,
    location: Option<Location<'a>>,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct CoverageView<'a> {
    files: u64,
    resources: u64,
    by_source: BTreeMap<String, u64>,
    assessed: u64,
    without_kind: &'a BTreeMap<std::sync::Arc<str>, u64>,
    without_check: &'a BTreeMap<std::sync::Arc<str>, u64>,
    checks: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collected: Option<&'a Collected>,
}

fn document(report: &Report) -> Document<'_> {
    Document {
        schema: "palisade/report/v1",
        tool: Tool { name: "palisade", version: &report.tool_version },
        targets: &report.targets,
        counts: counts(report),
        findings: report,
        suppressed: report.ranked_suppressed().into_iter().map(suppressed).collect(),
        comparisons: &report.comparisons,
        diagnostics: report.diagnostics.iter().map(diagnostic).collect(),
        coverage: coverage(report),
    }
}

fn counts(report: &Report) -> CountsView {
    CountsView {
        total: report.counts.total(),
        by_severity: BySeverity {
            critical: report.counts.of(Severity::Critical),
            high: report.counts.of(Severity::High),
            medium: report.counts.of(Severity::Medium),
            low: report.counts.of(Severity::Low),
            informational: report.counts.of(Severity::Informational),
        },
    }
}

/// The findings one after the other: none is held as JSON while the next is written.
fn findings<S: Serializer>(report: &Report, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(report.ranked().into_iter().map(finding))
}

fn finding(finding: &Finding) -> FindingView<'_> {
    FindingView {
        fingerprint: finding.fingerprint,
        page: finding.page.as_str(),
        title: &finding.title,
        verdict: finding.verdict,
        severity: finding.severity,
        message: &finding.message,
        why: &finding.why,
        fix: &finding.fix,
        objectives: finding.objectives.iter().map(PageId::as_str).collect(),
        controls: &finding.controls,
        resource: resource(&finding.subject),
        location: location(&finding.origin),
        evidence: finding.evidence.iter().map(evidence).collect(),
    }
}

fn suppressed(suppressed: &Suppressed) -> SuppressedView<'_> {
    let suppression = &suppressed.suppression;
    SuppressedView {
        finding: finding(&suppressed.finding),
        suppression: SuppressionView {
            by: suppression.by,
            reason: &suppression.reason,
            until: suppression.until,
            owner: suppression.owner.as_deref(),
            ticket: suppression.ticket.as_deref(),
            location: place(&suppression.place),
        },
    }
}

fn resource(subject: &Subject) -> ResourceView<'_> {
    ResourceView {
        r#type: &subject.kind,
        address: &subject.address.name,
        root: &subject.address.root,
        arn: subject.arn.as_ref(),
        account: subject.account,
        region: subject.region.as_ref(),
    }
}

fn location(origin: &Origin) -> Location<'_> {
    match origin {
        Origin::File(span) => place(span),
        Origin::Call(call) => Location::Call {
            call: &call.operation,
            account: call.account,
            region: call.region.as_ref(),
            time: call.time.as_deref(),
        },
        Origin::Documented(what) => Location::Documented { documented: what },
    }
}

fn place(span: &Span) -> Location<'_> {
    Location::File {
        file: &span.file,
        line: span.start.line,
        column: span.start.column,
        end_line: span.end.line,
        end_column: span.end.column,
    }
}

fn evidence(evidence: &Evidence) -> EvidenceView<'_> {
    EvidenceView {
        path: evidence.path.to_string(),
        value: (evidence.value.as_ref()).map(|value| match evidence.is_secret {
            true => Cow::Owned(NOT_SHOWN.into()),
            false => Cow::Borrowed(value),
        }),
        is_secret: evidence.is_secret,
        unknown: evidence.unknown.as_ref().map(unknown),
        location: location(&evidence.origin),
    }
}

fn unknown(unknown: &Unknown) -> UnknownView<'_> {
    let (reason, what) = match &unknown.why {
        Why::NoValue(what) => ("no-value", what),
        Why::AfterApply(what) => ("after-apply", what),
        Why::NotEvaluated(what) => ("not-evaluated", what),
        Why::Denied(what) => ("denied", what),
        Why::DecidedElsewhere(what) => ("decided-elsewhere", what),
        Why::Unreadable(what) => ("unreadable", what),
        Why::NotListed(what) => ("not-listed", what),
        Why::MayBelong(what) => ("may-belong", what),
        Why::NotDeclared(what) => ("not-declared", what),
    };
    UnknownView { reason, what, text: unknown.to_string() }
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticView<'_> {
    DiagnosticView {
        level: diagnostic.level,
        message: &diagnostic.message,
        location: diagnostic.span.as_ref().map(place),
        help: diagnostic.help.as_deref(),
    }
}

fn coverage(report: &Report) -> CoverageView<'_> {
    let coverage = &report.coverage;
    let mut checks: Vec<&str> = report.checks().map(|page| page.id.as_str()).collect();
    checks.sort_unstable();
    CoverageView {
        files: coverage.files,
        resources: coverage.total(),
        by_source: (coverage.resources.iter()).map(|(source, count)| (source.to_string(), *count)).collect(),
        assessed: coverage.assessed,
        without_kind: &coverage.without_kind,
        without_check: &coverage.without_check,
        checks,
        collected: coverage.collected.as_ref(),
    }
}
