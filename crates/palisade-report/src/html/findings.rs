//! What fails, check by check: why it matters, what to change, and each place with the line and the words that are meant.

use super::words::{Inline, Markdown, Marked, Text};
use super::{OPEN_PLACES, Page, check_anchor, finding_anchor};
use crate::faults::{Fault, Place};
use crate::sentences::{count, digits, fact, fix_label, place as whereabouts, sort_of_page};
use palisade_model::{Evidence, Finding, Origin, PageId};
use std::io;

/// Lines are quoted up to this column: a page scrolls where a terminal can't.
const QUOTED_COLUMNS: usize = 160;

impl Page<'_> {
    /// All that fails.
    pub(super) fn faults(&mut self, faults: &[Fault]) -> io::Result<()> {
        let mut shown = 0;
        for fault in faults {
            let is_open = shown < OPEN_PLACES;
            shown += fault.places.len();
            self.fault(fault, is_open)?;
        }
        Ok(())
    }

    fn fault(&mut self, fault: &Fault, is_open: bool) -> io::Result<()> {
        let first = fault.first();
        write!(
            self.to,
            "<section class=\"check\" id=\"{}\"><details{}><summary><span class=\"severity {severity}\">{severity}</span>\
             <h2>{}</h2><small class=\"count\">{}</small></summary>\n<div class=\"about\"><div class=\"why\">{}</div>",
            check_anchor(first),
            if is_open { " open" } else { "" },
            Text(&first.title),
            count(fault.places.len() as u64, "place"),
            Markdown(&first.why),
            severity = first.severity,
        )?;
        if !first.fix.trim().is_empty() {
            let (label, steps) = (fix_label(first), Markdown(&first.fix));
            write!(self.to, "<div class=\"fix\"><h3>{label}</h3>{steps}</div>")?;
        }
        self.answers_to(first)?;
        self.to.write_all(b"</div>\n<ol class=\"places\">\n")?;
        for place in &fault.places {
            self.place(place)?;
        }
        self.to.write_all(b"</ol></details></section>\n")
    }

    /// The check by its id, and what it stands for.
    fn answers_to(&mut self, finding: &Finding) -> io::Result<()> {
        write!(
            self.to,
            "<dl class=\"meta\"><div><dt>{}</dt><dd><code>{}</code></dd></div>",
            sort_of_page(finding),
            Text(finding.page.as_str())
        )?;
        let objectives: Vec<&str> = finding.objectives.iter().map(PageId::as_str).collect();
        let controls: Vec<&str> = finding.controls.iter().map(String::as_str).collect();
        for (name, words) in [("Objectives", objectives), ("Controls", controls)] {
            if !words.is_empty() {
                write!(self.to, "<div><dt>{name}</dt><dd>{}</dd></div>", Text(&words.join(", ")))?;
            }
        }
        self.to.write_all(b"</dl>")
    }

    fn place(&mut self, place: &Place) -> io::Result<()> {
        let finding = place.finding;
        self.begin_place(finding)?;
        self.whereabouts(finding)?;
        let is_quoted = self.quoted(&finding.origin)?;
        if !finding.message.is_empty() {
            write!(self.to, "<p class=\"what\">{}</p>", Inline(&finding.message))?;
        }
        self.evidence(finding, is_quoted)?;
        self.also(&place.also)?;
        self.to.write_all(b"</li>\n")
    }

    /// Opens the item of a place, with its anchor, if no place has that already.
    pub(super) fn begin_place(&mut self, finding: &Finding) -> io::Result<()> {
        write!(self.to, "<li class=\"place\" tabindex=\"-1\" {}", self.choices.attributes(finding))?;
        let anchor = finding_anchor(finding);
        if self.anchors.insert(anchor.clone()) {
            write!(self.to, " id=\"{anchor}\"")?;
        }
        self.to.write_all(b">")
    }

    /// The file and the name, and a link to just this.
    pub(super) fn whereabouts(&mut self, finding: &Finding) -> io::Result<()> {
        let name = match (&finding.origin, &finding.subject.arn) {
            (Origin::Call(_), Some(arn)) => arn.to_string(),
            _ => finding.subject.address.to_string(),
        };
        write!(
            self.to,
            "<p class=\"where\"><b>{}</b> <a href=\"#{}\">{}</a></p>",
            Text(&name),
            finding_anchor(finding),
            Text(&whereabouts(&finding.origin))
        )
    }

    /// The line of the source; says whether there is one to show.
    fn quoted(&mut self, origin: &Origin) -> io::Result<bool> {
        let Some(span) = origin.span() else {
            return Ok(false);
        };
        let Some(quote) = self.quotes.quote(span, QUOTED_COLUMNS) else {
            return Ok(false);
        };
        let line = digits(span.start.line.into());
        write!(
            self.to,
            "<pre class=\"quote\"><span class=\"line\" aria-hidden=\"true\">{line}</span><code>{}</code></pre>",
            Marked(&quote)
        )?;
        Ok(true)
    }

    /// What the verdict rests on, unless the quoted line and the message say it all.
    pub(super) fn evidence(&mut self, finding: &Finding, is_quoted: bool) -> io::Result<()> {
        let is_said = |evidence: &&Evidence| is_quoted && evidence.origin == finding.origin;
        if finding.evidence.iter().all(|evidence| is_said(&evidence)) {
            return Ok(());
        }
        self.to.write_all(b"<ul class=\"facts\">")?;
        for evidence in &finding.evidence {
            write!(self.to, "<li><code>{}</code>", Text(&fact(evidence)))?;
            if evidence.origin != finding.origin {
                write!(self.to, " <small>{}</small>", Text(&whereabouts(&evidence.origin)))?;
            }
            self.to.write_all(b"</li>")?;
        }
        self.to.write_all(b"</ul>")
    }

    /// What else is wrong with just the same words.
    fn also(&mut self, also: &[&Finding]) -> io::Result<()> {
        for finding in also {
            let anchor = finding_anchor(finding);
            self.anchors.insert(anchor.clone());
            write!(
                self.to,
                "<p class=\"also\" id=\"{anchor}\"><span class=\"severity {severity}\">{severity}</span> also: {} <code>{}</code></p>",
                Text(&finding.title),
                Text(finding.page.as_str()),
                severity = finding.severity,
            )?;
        }
        Ok(())
    }
}
