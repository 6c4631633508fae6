//! The report as one page for a browser, that needs nothing else and sends nothing anywhere. `docs/reference/report-html.md`
//! says what it shows.
//!
//! All of it can be read without a script; the script filters, and moves by keys.

mod coverage;
mod detections;
mod filter;
mod findings;
mod frame;
mod open;
mod words;

pub use detections::html_detections;

use crate::faults::{Fault, faults};
use crate::quote::Quotes;
use crate::report::Report;
use crate::sentences::{answer, called, digits, fix_label, left_out as left_out_of, looked_at, place};
use crate::{Sources, prose};
use filter::Choices;
use palisade_model::{Finding, Severity, Verdict};
use std::collections::HashSet;
use std::io::{self, Write};
use words::{Inline, Markdown, Text};

/// What of the report becomes the page.
#[derive(Debug, Clone, Copy)]
pub struct HtmlOptions {
    /// How many places at most are shown, the severest first; none for all. The page says how many it leaves out.
    pub limit: Option<usize>,
}

impl Default for HtmlOptions {
    /// As many as a browser opens at once.
    fn default() -> Self {
        Self { limit: Some(10_000) }
    }
}

/// How many places stand open when the page is opened: what is more is folded, check by check.
const OPEN_PLACES: usize = 40;

/// Writes the report as a page.
pub fn html(report: &Report, options: HtmlOptions, sources: Sources, to: &mut dyn Write) -> io::Result<()> {
    let mut findings = report.ranked();
    let all = findings.len();
    findings.truncate(options.limit.unwrap_or(all));
    let known = findings.partition_point(|finding| finding.verdict == Verdict::Fails);
    let (fails, unknown) = findings.split_at(known);
    let faults = faults(fails, None);
    let mut page = Page {
        to: &mut io::BufWriter::new(to),
        quotes: Quotes::new(sources, report.secret_places()),
        choices: Choices::of(&findings),
        anchors: HashSet::new(),
    };
    frame::open(page.to, &title(report), &targets(&report.targets), &report.tool_version)?;
    page.opening(report, &faults, all - findings.len())?;
    page.to.write_all(b"<div class=\"columns\">\n<div class=\"side\">\n")?;
    if !findings.is_empty() {
        page.choices.form(page.to)?;
    }
    page.contents(report, &faults, unknown)?;
    page.to.write_all(b"</div>\n<main id=\"content\" tabindex=\"-1\">\n")?;
    page.faults(&faults)?;
    page.open_questions(unknown)?;
    page.suppressed(report)?;
    page.coverage(report)?;
    page.to.write_all(b"</main>\n</div>\n")?;
    frame::close(page.to, &report.tool_version)?;
    page.to.flush()
}

/// A page while it is written.
struct Page<'a> {
    to: &'a mut dyn Write,
    quotes: Quotes<'a>,
    choices: Choices<'a>,
    /// The anchors that were given: of a finding that is told twice, the first place has it.
    anchors: HashSet<String>,
}

impl Page<'_> {
    /// The answer, what it was asked of, how much of each severity there is, and where to begin.
    fn opening(&mut self, report: &Report, faults: &[Fault], left_out: usize) -> io::Result<()> {
        let state = match report.counts.total() {
            total if total.fails > 0 => "fails",
            total if total.unknown > 0 || report.is_incomplete() => "open",
            _ => "fine",
        };
        writeln!(self.to, "<section class=\"opening {state}\" aria-label=\"The answer\">")?;
        writeln!(
            self.to,
            "<h1>{}</h1>\n<p class=\"asked\">{}</p>",
            headline(report),
            Text(&looked_at(report))
        )?;
        let left_out_before = left_out_of(report);
        if !left_out_before.is_empty() {
            writeln!(self.to, "<p class=\"asked\">{}</p>", Inline(&left_out_before.join(" ")))?;
        }
        if report.is_incomplete() {
            self.to.write_all(
                b"<p class=\"alarm\">Part of the input could not be read, so this report is incomplete: \
                  <a href=\"#not-read\">what could not be read</a>.</p>\n",
            )?;
        }
        if left_out > 0 {
            let left_out = digits(left_out as u64);
            writeln!(
                self.to,
                "<p class=\"alarm\">{left_out} places of least severity are not on this page; <code>--all</code> shows them.</p>"
            )?;
        }
        self.tiles(report, faults)?;
        if let Some(first) = faults.first() {
            self.begin_with(first.first())?;
        }
        self.to.write_all(b"</section>\n")
    }

    /// A tile for each severity, which leads to its first fault.
    fn tiles(&mut self, report: &Report, faults: &[Fault]) -> io::Result<()> {
        if report.counts.total().is_empty() {
            return Ok(());
        }
        self.to.write_all(b"<ul class=\"tiles\">\n")?;
        for severity in Severity::ALL.into_iter().rev() {
            let tally = report.counts.of(severity);
            if tally.is_empty() {
                continue;
            }
            let first = faults.iter().map(Fault::first).find(|first| first.severity == severity);
            let beside: Vec<String> = [(tally.unknown, "unknown"), (tally.passes, "pass")]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, word)| format!("{} {word}", digits(number)))
                .collect();
            let inner = format!(
                "<b>{}</b><span>{severity}</span><small>{}</small>",
                digits(tally.fails),
                beside.join(" · "),
            );
            match first {
                Some(first) => writeln!(
                    self.to,
                    "<li class=\"{severity}\"><a href=\"#{}\">{inner}</a></li>",
                    check_anchor(first)
                )?,
                None => writeln!(self.to, "<li class=\"{severity} none\"><div>{inner}</div></li>")?,
            }
        }
        self.to.write_all(b"</ul>\n")
    }

    fn begin_with(&mut self, first: &Finding) -> io::Result<()> {
        write!(
            self.to,
            "<aside class=\"begin {severity}\" aria-label=\"Begin with\"><p><span class=\"label\">Begin with</span> \
             <a href=\"#{}\">{}</a><br><span class=\"where\"><code>{}</code> {}</span></p>",
            finding_anchor(first),
            Text(&first.title),
            Text(&place(&first.origin)),
            Text(&first.subject.address.name),
            severity = first.severity,
        )?;
        let fix = prose::first_paragraph(&first.fix);
        if !fix.is_empty() {
            write!(self.to, "<div class=\"fix\"><b>{}</b>{}</div>", fix_label(first), Markdown(fix))?;
        }
        self.to.write_all(b"</aside>\n")
    }

    /// What stands on the page, as links.
    fn contents(&mut self, report: &Report, faults: &[Fault], unknown: &[&Finding]) -> io::Result<()> {
        self.to.write_all(b"<nav class=\"contents\" aria-label=\"Contents\"><ol>\n")?;
        for fault in faults {
            let first = fault.first();
            writeln!(
                self.to,
                "<li><a href=\"#{}\"><span class=\"dot {severity}\" title=\"{severity}\"></span><span>{}</span><small>{}</small></a></li>",
                check_anchor(first),
                Text(&first.title),
                digits(fault.places.len() as u64),
                severity = first.severity,
            )?;
        }
        let rest = [
            (!unknown.is_empty(), "open", "Cannot tell", unknown.len()),
            (!report.suppressed.is_empty(), "suppressed", "Suppressed", report.suppressed.len()),
            (!report.diagnostics.is_empty(), "input", "The input", report.diagnostics.len()),
        ];
        for (_, anchor, label, count) in rest.into_iter().filter(|(is_there, ..)| *is_there) {
            let count = digits(count as u64);
            writeln!(
                self.to,
                "<li class=\"elsewhere\"><a href=\"#{anchor}\"><span>{label}</span><small>{count}</small></a></li>"
            )?;
        }
        self.to.write_all(
            b"<li class=\"elsewhere\"><a href=\"#coverage\"><span>What was looked at</span></a></li>\n</ol></nav>\n",
        )
    }
}

/// What the browser's tab says.
fn title(report: &Report) -> String {
    let total = report.counts.total();
    let state = match (total.fails, total.unknown) {
        (0, 0) => "nothing fails".to_owned(),
        (0, unknown) => format!("{} cannot be told", digits(unknown)),
        (fails, _) => format!("{} fail", digits(fails)),
    };
    format!("{state} · {} · Palisade", targets(&report.targets))
}

/// The answer, as short as it can be: the tiles below say the rest.
fn headline(report: &Report) -> String {
    let total = report.counts.total();
    if total.fails == 0 {
        return Inline(&answer(report)).to_string();
    }
    let fail = if total.fails == 1 { "fails" } else { "fail" };
    let [fails, unknown, passes] = [total.fails, total.unknown, total.passes].map(digits);
    let pass = if total.passes == 1 { "passes" } else { "pass" };
    format!("{fails} {fail}, <span>{unknown} unknown,</span> <span>{passes} {pass}</span>")
}

fn targets(targets: &[String]) -> String {
    let targets: Vec<&str> = targets.iter().map(|target| called(target)).collect();
    prose::cut(&targets.join(", "), 80)
}

/// The anchor of a check's faults.
fn check_anchor(finding: &Finding) -> String {
    format!("check-{}", Text(finding.page.as_str()))
}

/// The anchor of a finding: its fingerprint, so that a link keeps its meaning.
fn finding_anchor(finding: &Finding) -> String {
    format!("f-{}", finding.fingerprint)
}
