//! The report as JUnit XML, for the test reports of GitLab, Jenkins and others. `docs/reference/report-junit.md` says what
//! stands where.

use crate::neutral::neutral;
use crate::pipeline::{file_of, lines, message, name, paragraphs, plain_path};
use crate::report::Report;
use crate::sentences::{answer, count, left_out, looked_at, not_covered, place};
use palisade_model::{Diagnostic, Finding, Level, Suppressed, Suppression, Verdict};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};

/// The suite that says how the scan itself went.
const SCAN: &str = "palisade";

/// Writes the report as JUnit XML: a suite for the scan and one for each check, a test case for each finding.
pub fn junit(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let suites = suites(report);
    let mut suppressed: BTreeMap<&str, Vec<&Suppressed>> = BTreeMap::new();
    for one in report.ranked_suppressed() {
        suppressed.entry(one.finding.page.as_str()).or_default().push(one);
    }
    let suites: Vec<Suite> = suites
        .into_iter()
        .map(|(page, findings)| Suite {
            page,
            findings,
            suppressed: suppressed.remove(page).unwrap_or_default(),
        })
        .collect();
    let scan = Tally { tests: 1, errors: u64::from(report.is_incomplete()), ..Tally::default() };
    let total = suites.iter().map(Tally::of).fold(scan, Tally::plus);
    let mut to = io::BufWriter::new(to);
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let Tally { tests, failures, errors, .. } = total;
    writeln!(
        to,
        "<testsuites name=\"Palisade\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">"
    )?;
    write_scan(report, scan, &mut to)?;
    for suite in &suites {
        write_suite(suite, &mut to)?;
    }
    writeln!(to, "</testsuites>")?;
    to.flush()
}

/// What each check that ran found: fails before what can't be told, the severest first.
fn suites(report: &Report) -> BTreeMap<&str, Vec<&Finding>> {
    let mut suites: BTreeMap<&str, Vec<&Finding>> =
        report.pages.iter().map(|page| (page.id.as_str(), Vec::new())).collect();
    for finding in report.ranked() {
        suites.entry(finding.page.as_str()).or_default().push(finding);
    }
    for one in &report.suppressed {
        suites.entry(one.finding.page.as_str()).or_default();
    }
    suites
}

/// What one check found, and what of it is suppressed.
struct Suite<'a> {
    page: &'a str,
    findings: Vec<&'a Finding>,
    suppressed: Vec<&'a Suppressed>,
}

/// The counts of a suite.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Tally {
    fn of(suite: &Suite<'_>) -> Self {
        let is_unknown = |finding: &&&Finding| finding.verdict == Verdict::Unknown;
        let unknown = suite.findings.iter().filter(is_unknown).count() as u64;
        let (all, suppressed) = (suite.findings.len() as u64, suite.suppressed.len() as u64);
        let tests = (all + suppressed).max(1);
        Self { tests, failures: all - unknown, errors: 0, skipped: unknown + suppressed }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

fn write_scan(report: &Report, tally: Tally, to: &mut dyn Write) -> io::Result<()> {
    begin_suite(SCAN, tally, to)?;
    let total = report.counts.total();
    let properties = [
        ("version", report.tool_version.clone()),
        ("fails", total.fails.to_string()),
        ("unknown", total.unknown.to_string()),
        ("passes", total.passes.to_string()),
    ];
    writeln!(to, "    <properties>")?;
    for (name, value) in properties {
        writeln!(to, "      <property name=\"{name}\" value=\"{}\"/>", attribute(&value))?;
    }
    writeln!(to, "    </properties>")?;
    writeln!(to, "    <testcase classname=\"{SCAN}\" name=\"all of the input could be read\" time=\"0\">")?;
    let said = |level| {
        let of_level = report.diagnostics.iter().filter(move |diagnostic| diagnostic.level == level);
        of_level.map(diagnostic).collect::<Vec<_>>()
    };
    let errors = said(Level::Error);
    if !errors.is_empty() {
        let message = count(errors.len() as u64, "error");
        let text = text(&errors.join("\n"));
        writeln!(
            to,
            "      <error type=\"incomplete\" message=\"part of the input could not be read: {message}\">{text}</error>"
        )?;
    }
    let sentences =
        [looked_at(report), answer(report)].into_iter().chain(left_out(report)).chain(not_covered(report));
    let sentences: Vec<String> =
        sentences.map(|sentence| neutral(&sentence).into_owned()).chain(said(Level::Warning)).collect();
    writeln!(to, "      <system-out>{}</system-out>", text(&sentences.join("\n")))?;
    writeln!(to, "    </testcase>\n  </testsuite>")
}

/// A diagnostic as the text says it.
fn diagnostic(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let mut said = format!("{level}: {}", neutral(&diagnostic.message));
    if let Some(span) = &diagnostic.span {
        let at = place(&palisade_model::Origin::File(span.clone()));
        said += &format!("\n  {}", neutral(&at));
    }
    if let Some(help) = &diagnostic.help {
        said += &format!("\n  help: {}", lines(help).replace('\n', "\n  "));
    }
    said
}

fn write_suite(suite: &Suite<'_>, to: &mut dyn Write) -> io::Result<()> {
    begin_suite(suite.page, Tally::of(suite), to)?;
    let classname = attribute(suite.page);
    let counting = suite.findings.iter().map(|finding| (*finding, None));
    let suppressed = suite.suppressed.iter().map(|one| (&one.finding, Some(&one.suppression)));
    let all: Vec<(&Finding, Option<&Suppression>)> = counting.chain(suppressed).collect();
    let findings: Vec<&Finding> = all.iter().map(|(finding, _)| *finding).collect();
    if all.is_empty() {
        writeln!(to, "    <testcase classname=\"{classname}\" name=\"finds nothing\" time=\"0\"/>")?;
    }
    for ((finding, suppression), name) in all.iter().zip(names(&findings)) {
        write!(to, "    <testcase classname=\"{classname}\" name=\"{}\"", attribute(&name))?;
        if let Some(span) = file_of(&finding.origin) {
            let file = attribute(&plain_path(&span.file));
            write!(to, " file=\"{file}\" line=\"{}\"", span.start.line.max(1))?;
        }
        writeln!(to, " time=\"0\">")?;
        let (message, text) = (attribute(&message(finding)), text(&explained(finding)));
        match (suppression, finding.verdict) {
            (Some(suppression), _) => {
                let by = place(&palisade_model::Origin::File(suppression.place.clone()));
                let reason = attribute(&format!("suppressed: {} ({by})", suppression.reason));
                writeln!(to, "      <skipped message=\"{reason}\">{text}</skipped>")?;
            }
            (None, Verdict::Unknown) => {
                writeln!(to, "      <skipped message=\"cannot tell: {message}\">{text}</skipped>")?;
            }
            _ => writeln!(
                to,
                "      <failure type=\"{}\" message=\"{message}\">{text}</failure>",
                finding.severity
            )?,
        }
        writeln!(to, "    </testcase>")?;
    }
    writeln!(to, "  </testsuite>")
}

fn begin_suite(name: &str, tally: Tally, to: &mut dyn Write) -> io::Result<()> {
    let Tally { tests, failures, errors, skipped } = tally;
    writeln!(
        to,
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">",
        attribute(name)
    )
}

/// The names of a suite's test cases, no two the same: GitLab takes those of one name for one. What several roots
/// declare by one name is told apart by the root, and what is still the same by a number.
fn names(findings: &[&Finding]) -> Vec<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        *times.entry(name(finding)).or_default() += 1;
    }
    let mut used: HashMap<String, usize> = HashMap::new();
    let mut named = |finding: &&Finding| {
        let mut name = name(finding);
        if times.get(&name).is_some_and(|times| *times > 1) {
            name += &format!(" (in {})", neutral(&finding.subject.address.root));
        }
        let number = used.entry(name.clone()).or_default();
        *number += 1;
        if *number > 1 { format!("{name} ({number})") } else { name }
    };
    findings.iter().map(&mut named).collect()
}

/// Severity, place, why and fix, as text.
fn explained(finding: &Finding) -> String {
    let head = format!("{}: {}", finding.severity, neutral(&finding.title));
    let place = format!("{}  {}", neutral(&place(&finding.origin)), neutral(&finding.subject.address.name));
    let mut parts = vec![format!("{head}\n{place}\n{}", message(finding))];
    parts.extend(paragraphs(finding));
    parts.join("\n\n")
}

/// Text as the value of an attribute, on one line.
fn attribute(value: &str) -> String {
    escaped(&neutral(value))
}

/// Text as the content of an element, its lines kept.
fn text(text: &str) -> String {
    // GitLab takes this for a file of the job to offer for download.
    escaped(&lines(text).replace("[[ATTACHMENT|", "[ [ATTACHMENT|"))
}

/// Neutral text without what XML would read as markup, and without the two characters besides controls that XML 1.0
/// cannot hold.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {
                // Writing to a string does not fail.
                let _ = write!(safe, "\\u{{{:x}}}", char as u32);
            }
            _ => safe.push(char),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_markup_or_beyond_xml() {
        assert_eq!(attribute("a<b>&\"c\"\n\0\u{ffff}"), "a&lt;b&gt;&amp;&quot;c&quot;␊␀\\u{ffff}");
        assert_eq!(text("]]>\n\u{b}[[ATTACHMENT|/etc/passwd]]"), "]]&gt;\n␋[ [ATTACHMENT|/etc/passwd]]");
    }
}
