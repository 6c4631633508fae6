//! How the text tells what fails: why it matters, where it is, and what to change.

use super::{BOLD, Explain, FIX, PROSE_WIDTH, QUIET, Sheet, colour, name, shown};
use crate::faults::{Fault, Place};
use crate::prose;
use crate::sentences::{fact, fix_label, place as whereabouts};
use palisade_model::Finding;
use std::io;
use unicode_width::UnicodeWidthStr;

impl Sheet<'_> {
    /// One fault: why it matters, where it is, and what to change.
    pub(super) fn fault(&mut self, fault: &Fault) -> io::Result<()> {
        let first = fault.first();
        self.line("")?;
        self.headline(first)?;
        match self.options.explain {
            Explain::Nothing => {}
            Explain::Short => self.markdown(2, prose::first_paragraph(&first.why))?,
            Explain::Whole => self.markdown(2, &first.why)?,
        }
        self.line("")?;
        let places = shown(&fault.places, self.options.limit);
        for place in places {
            self.place(place)?;
        }
        self.and_more(2, fault.places.len() - places.len(), " more")?;
        if self.options.explain >= Explain::Short {
            self.fix(first)?;
        }
        if self.options.explain == Explain::Whole {
            self.answers_to(first)?;
        }
        Ok(())
    }

    fn fix(&mut self, finding: &Finding) -> io::Result<()> {
        let (fix, words) = (finding.fix.trim(), format!("{}:", fix_label(finding)));
        if fix.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let label = self.paint(FIX, &words);
        if !prose::begins_with_words(fix) {
            self.line(&format!("  {label}"))?;
            return self.markdown(2, fix);
        }
        for (index, line) in self.set(2, &format!("{words} {fix}")).into_iter().enumerate() {
            match line.strip_prefix(words.as_str()) {
                Some(rest) if index == 0 => self.line(&format!("  {label}{rest}"))?,
                _ => self.line(format!("  {line}").trim_end())?,
            }
        }
        Ok(())
    }

    /// The severity, the title and the page's id, on one line where there is room.
    fn headline(&mut self, finding: &Finding) -> io::Result<()> {
        let severity = finding.severity.as_str();
        let hanging = severity.len() + 2;
        let title = prose::wrap(&finding.title, self.room(hanging).min(PROSE_WIDTH));
        let page = prose::cut_middle(finding.page.as_str(), self.room(hanging));
        let last = title.last().map_or(0, |line| line.width());
        let is_beside = hanging + last + 3 + page.width() <= self.room(0);
        let page = self.paint(QUIET, &page);
        for (index, line) in title.iter().enumerate() {
            let mut text = match index {
                0 => format!("{}  ", self.paint(colour(finding.severity), severity)),
                _ => format!("{:hanging$}", ""),
            };
            text.push_str(&self.paint(BOLD, line));
            if index + 1 == title.len() && is_beside {
                text.push_str(&self.paint(QUIET, " · "));
                text.push_str(&page);
            }
            self.line(&text)?;
        }
        if !is_beside {
            self.line(&format!("{:hanging$}{page}", ""))?;
        }
        Ok(())
    }

    /// One place: where, whose, the line, and what is wrong with it.
    fn place(&mut self, place: &Place) -> io::Result<()> {
        let finding = place.finding;
        self.whereabouts(2, &finding.origin, &name(finding))?;
        self.quoted(&finding.origin, colour(finding.severity), &finding.message)?;
        self.also_here(&place.also)?;
        if self.options.explain == Explain::Whole {
            for evidence in &finding.evidence {
                let fact = format!("{} ({})", fact(evidence), whereabouts(&evidence.origin));
                let line = self.paint(QUIET, &prose::cut(&fact, self.room(4)));
                self.line(&format!("  = {line}"))?;
            }
        }
        Ok(())
    }

    /// What else the same words are by name, the severest first.
    fn also_here(&mut self, also: &[&Finding]) -> io::Result<()> {
        let mut names: Vec<String> =
            also.iter().map(|also| format!("{} {}", also.severity, also.page)).collect();
        if let Some(first) = names.first_mut() {
            first.insert_str(0, "also here: ");
        }
        for line in prose::wrap_items(&names, self.room(4).min(PROSE_WIDTH)) {
            self.line(&format!("    {line}"))?;
        }
        Ok(())
    }

    fn answers_to(&mut self, finding: &Finding) -> io::Result<()> {
        let objectives: Vec<_> = finding.objectives.iter().map(|id| id.as_str()).collect();
        let rows = [("Objectives", objectives.join(", ")), ("Controls", finding.controls.join(", "))];
        for (label, text) in rows.iter().filter(|(_, text)| !text.is_empty()) {
            self.line("")?;
            self.paragraph(2, &format!("{label}: {text}"))?;
        }
        Ok(())
    }
}
