//! What was looked at, what was not, and what of the input could not be read: a report is worth no more than that.

use super::Page;
use super::words::{Inline, Text};
use crate::report::{Report, Tally};
use crate::sentences::{count, digits};
use palisade_model::{Diagnostic, Level, Severity, Verdict};
use std::collections::HashMap;
use std::io;

impl Page<'_> {
    /// The ledger.
    pub(super) fn coverage(&mut self, report: &Report) -> io::Result<()> {
        self.input(&report.diagnostics)?;
        self.to.write_all(b"<section class=\"other\" id=\"coverage\"><h2>What was looked at</h2>\n")?;
        self.tallies(report)?;
        self.collected(report)?;
        self.uncovered(report)?;
        self.checks(report)?;
        self.to.write_all(b"</section>\n")
    }

    /// What is wrong with the input, errors first.
    pub(super) fn input(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        if diagnostics.is_empty() {
            return Ok(());
        }
        let (errors, warnings): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            diagnostics.iter().partition(|diagnostic| diagnostic.level == Level::Error);
        self.to.write_all(b"<section class=\"other\" id=\"input\"><h2>The input</h2>\n")?;
        if !errors.is_empty() {
            let errors = count(errors.len() as u64, "error");
            writeln!(self.to, "<h3 id=\"not-read\">Could not be read <small>{errors}</small></h3>")?;
        }
        self.said(&errors)?;
        if !warnings.is_empty() {
            let label = count(warnings.len() as u64, "warning");
            writeln!(self.to, "<details><summary>{label}: all of it was read, something is odd</summary>")?;
            self.said(&warnings)?;
            self.to.write_all(b"</details>\n")?;
        }
        self.to.write_all(b"</section>\n")
    }

    fn said(&mut self, diagnostics: &[&Diagnostic]) -> io::Result<()> {
        if diagnostics.is_empty() {
            return Ok(());
        }
        self.to.write_all(b"<ul class=\"said\">\n")?;
        for diagnostic in diagnostics {
            self.to.write_all(b"<li>")?;
            if let Some(span) = &diagnostic.span {
                write!(self.to, "<p class=\"where\"><code>{}</code></p>", Text(&span.to_string()))?;
            }
            write!(self.to, "<p>{}</p>", Inline(&diagnostic.message))?;
            for line in diagnostic.help.iter().flat_map(|help| help.lines()) {
                write!(self.to, "<p class=\"help\">{}</p>", Inline(line))?;
            }
            self.to.write_all(b"</li>\n")?;
        }
        self.to.write_all(b"</ul>\n")
    }

    fn tallies(&mut self, report: &Report) -> io::Result<()> {
        let coverage = &report.coverage;
        let sources = coverage.resources.iter().filter(|_| coverage.resources.len() > 1);
        let sources: Vec<String> =
            sources.map(|(source, number)| format!("{} of {source}", digits(*number))).collect();
        writeln!(
            self.to,
            "<p>{} in {}{}{}. Checks looked at {} of them.</p>",
            count(coverage.total(), "resource"),
            count(coverage.files, "file"),
            if sources.is_empty() { "" } else { ": " },
            Text(&sources.join(", ")),
            digits(coverage.assessed),
        )?;
        if report.counts.total().is_empty() {
            return Ok(());
        }
        self.to.write_all(
            b"<table><caption>Answers</caption><thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">fails</th>\
              <th scope=\"col\">unknown</th><th scope=\"col\">passes</th></tr></thead><tbody>",
        )?;
        for severity in Severity::ALL.into_iter().rev() {
            let tally = report.counts.of(severity);
            if !tally.is_empty() {
                self.tally(severity.as_str(), tally)?;
            }
        }
        self.to.write_all(b"</tbody><tfoot>")?;
        self.tally("total", report.counts.total())?;
        self.to.write_all(b"</tfoot></table>\n")
    }

    fn tally(&mut self, label: &str, tally: Tally) -> io::Result<()> {
        let [fails, unknown, passes] = [tally.fails, tally.unknown, tally.passes].map(digits);
        write!(
            self.to,
            "<tr><th scope=\"row\">{label}</th><td>{fails}</td><td>{unknown}</td><td>{passes}</td></tr>"
        )
    }

    /// What of live accounts was read, what was not and why.
    fn collected(&mut self, report: &Report) -> io::Result<()> {
        let Some(collected) = &report.coverage.collected else { return Ok(()) };
        let missing = collected.missing().unwrap_or_else(|| "All of it could be read.".to_owned());
        writeln!(
            self.to,
            "<h3 id=\"collected\">Live accounts</h3><p>{}. {}</p>",
            Text(&collected.what()),
            Text(&missing)
        )?;
        if collected.gaps.is_empty() {
            return Ok(());
        }
        self.to.write_all(
            b"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"What was not read\"><table><caption>Not read</caption>\
              <thead><tr><th scope=\"col\">Call</th><th scope=\"col\">Why</th><th scope=\"col\">Missing permission</th>\
              <th scope=\"col\">Open answers</th></tr></thead><tbody>",
        )?;
        for gap in &collected.gaps {
            write!(
                self.to,
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
                Text(&gap.call),
                Text(&gap.words()),
                Text(gap.permission.as_deref().unwrap_or("")),
                digits(gap.open),
            )?;
        }
        self.to.write_all(b"</tbody></table></div>\n")
    }

    fn uncovered(&mut self, report: &Report) -> io::Result<()> {
        let types = report.coverage.uncovered();
        let resources: u64 = types.iter().map(|(_, number)| number).sum();
        if resources == 0 {
            return Ok(());
        }
        write!(
            self.to,
            "<details><summary>{} of {} that no check looks at</summary><ul class=\"types\">",
            count(resources, "resource"),
            count(types.len() as u64, "type")
        )?;
        for (name, number) in types {
            write!(self.to, "<li><code>{}</code> <small>{}</small></li>", Text(name), digits(number))?;
        }
        self.to.write_all(b"</ul></details>\n")
    }

    /// The checks that ran, so that one that found nothing is seen to have run.
    fn checks(&mut self, report: &Report) -> io::Result<()> {
        if report.checks().next().is_none() {
            return Ok(());
        }
        let mut found: HashMap<&str, Tally> = HashMap::new();
        for finding in &report.findings {
            let tally = found.entry(finding.page.as_str()).or_default();
            match finding.verdict {
                Verdict::Fails => tally.fails += 1,
                Verdict::Unknown => tally.unknown += 1,
                Verdict::Passes => tally.passes += 1,
            }
        }
        write!(
            self.to,
            "<details><summary>{} ran</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Checks\"><table><thead><tr><th scope=\"col\">Check</th>\
             <th scope=\"col\">Severity</th><th scope=\"col\">fails</th><th scope=\"col\">unknown</th></tr></thead><tbody>",
            count(report.checks().count() as u64, "check")
        )?;
        for page in report.checks() {
            let tally = found.get(page.id.as_str()).copied().unwrap_or_default();
            write!(
                self.to,
                "<tr><th scope=\"row\">{} <code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>",
                Text(&page.title),
                Text(page.id.as_str()),
                page.severity,
                digits(tally.fails),
                digits(tally.unknown),
            )?;
        }
        self.to.write_all(b"</tbody></table></div></details>\n")
    }
}
