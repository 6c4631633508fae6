//! What does not fail and does not pass: what can't be told, and what somebody has accepted.

use super::words::{Inline, Text};
use super::{Page, finding_anchor};
use crate::causes::remedies;
use crate::report::Report;
use crate::sentences::{count, digits, place};
use palisade_model::{Finding, Origin, Suppressed};
use std::io;

impl Page<'_> {
    /// What can't be told, by what would settle it.
    pub(super) fn open_questions(&mut self, unknown: &[&Finding]) -> io::Result<()> {
        if unknown.is_empty() {
            return Ok(());
        }
        writeln!(
            self.to,
            "<section class=\"other\" id=\"open\"><h2>Cannot tell <small>{}</small></h2>\n\
             <p>The answer depends on something that is not known. That is no pass. What keeps most open comes first.</p>",
            digits(unknown.len() as u64)
        )?;
        for remedy in remedies(unknown) {
            writeln!(
                self.to,
                "<section class=\"remedy\"><h3>{} <small>{}</small></h3>",
                Inline(remedy.what.unwrap_or("Look at each")),
                count(remedy.findings.len() as u64, "answer")
            )?;
            for cause in remedy.causes {
                write!(
                    self.to,
                    "<details class=\"cause\"><summary><span>{}</span><small class=\"count\">{}</small></summary>\n<ol class=\"places\">\n",
                    Inline(&cause.text),
                    count(cause.findings.len() as u64, "answer")
                )?;
                for finding in cause.findings {
                    self.question(finding)?;
                }
                self.to.write_all(b"</ol></details>\n")?;
            }
            self.to.write_all(b"</section>\n")?;
        }
        self.to.write_all(b"</section>\n")
    }

    fn question(&mut self, finding: &Finding) -> io::Result<()> {
        self.begin_place(finding)?;
        self.whereabouts(finding)?;
        write!(
            self.to,
            "<p class=\"what\"><span class=\"severity {severity}\">{severity}</span> {} <code>{}</code></p>",
            Text(&finding.title),
            Text(finding.page.as_str()),
            severity = finding.severity,
        )?;
        self.evidence(finding, false)?;
        self.to.write_all(b"</li>\n")
    }

    /// What somebody has accepted, by what and why.
    pub(super) fn suppressed(&mut self, report: &Report) -> io::Result<()> {
        if report.suppressed.is_empty() {
            return Ok(());
        }
        writeln!(
            self.to,
            "<section class=\"other\" id=\"suppressed\"><h2>Suppressed <small>{}</small></h2>\n\
             <p>These would count if nobody had accepted them.</p>\n<ul class=\"said\">",
            digits(report.suppressed.len() as u64)
        )?;
        for Suppressed { finding, suppression } in report.ranked_suppressed() {
            let anchor = finding_anchor(finding);
            match self.anchors.insert(anchor.clone()) {
                true => write!(self.to, "<li id=\"{anchor}\">")?,
                false => write!(self.to, "<li>")?,
            }
            self.whereabouts(finding)?;
            write!(
                self.to,
                "<p><span class=\"severity {severity}\">{severity}</span> {} <code>{}</code></p><p class=\"help\">{}",
                Text(&finding.title),
                Text(finding.page.as_str()),
                Text(&suppression.reason),
                severity = finding.severity,
            )?;
            let until = suppression.until.map(|day| format!("until {day}"));
            let by = Some(place(&Origin::File(suppression.place.clone())));
            let [owner, ticket] =
                [&suppression.owner, &suppression.ticket].map(|word| word.as_deref().map(str::to_owned));
            let also = [by, until, owner, ticket];
            let also: Vec<String> = also.into_iter().flatten().collect();
            writeln!(self.to, " ({})</p></li>", Text(&also.join(", ")))?;
        }
        self.to.write_all(b"</ul></section>\n")
    }
}
