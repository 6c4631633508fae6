//! How the text tells what can't be told: what would settle it, and how much of it.

use super::{BOLD, PROSE_WIDTH, QUIET, Sheet, name, shown};
use crate::causes::{Cause, checks, remedies};
use crate::prose;
use crate::sentences::{count, digits};
use palisade_model::Finding;
use std::io;

/// How many checks are named that a cause keeps open.
const CHECKS_NAMED: usize = 4;
/// How many places of a cause are shown: this section is to be quiet.
const PLACES_SHOWN: usize = 2;

impl Sheet<'_> {
    /// What can't be told, by what would settle it.
    pub(super) fn open_questions(&mut self, unknown: &[&Finding]) -> io::Result<()> {
        if unknown.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let title = format!("Cannot tell ({})", digits(unknown.len() as u64));
        let title = self.paint(BOLD, &title);
        self.line(&title)?;
        let remedies = remedies(unknown);
        let causes: usize = remedies.iter().map(|remedy| remedy.causes.len()).sum();
        if causes > 1 {
            let causes = digits(causes as u64);
            self.paragraph(
                2,
                &format!("{causes} causes keep these answers open; what matters most comes first."),
            )?;
        }
        for remedy in remedies {
            self.line("")?;
            let what = remedy.what.unwrap_or("Look at each:");
            let answers = count(remedy.findings.len() as u64, "answer");
            self.paragraph(2, &format!("{what} ({answers})"))?;
            let causes = shown(&remedy.causes, self.options.limit);
            for cause in causes {
                self.cause(cause)?;
            }
            let more = remedy.causes.len() - causes.len();
            self.and_more(4, more, if more == 1 { " more cause" } else { " more causes" })?;
        }
        Ok(())
    }

    /// One cause: how many answers it keeps open, of which checks, and where.
    fn cause(&mut self, cause: &Cause) -> io::Result<()> {
        let times = match cause.findings.len() {
            1 => String::new(),
            times => format!(" ({})", digits(times as u64)),
        };
        self.paragraph(4, &format!("{}{times}", cause.text))?;
        for line in prose::wrap_items(&self.named(&checks(&cause.findings)), self.room(6).min(PROSE_WIDTH)) {
            let line = self.paint(QUIET, &line);
            self.line(&format!("      {line}"))?;
        }
        // A resource of which several checks ask is one place.
        let mut places: Vec<&Finding> = cause.findings.clone();
        places.sort_by(|a, b| crate::report::by_place(a, b));
        places.dedup_by(|a, b| a.origin == b.origin && a.subject.address == b.subject.address);
        // A line that says "and 1 more" takes no less room than the one.
        let limit = self.options.limit.map(|limit| match places.len() {
            0..=PLACES_SHOWN => PLACES_SHOWN.min(limit),
            _ => 1,
        });
        let first = shown(&places, limit);
        for finding in first {
            self.whereabouts(6, &finding.origin, &name(finding))?;
        }
        self.and_more(6, places.len() - first.len(), " more")
    }

    /// Checks by severity and id, each with how many answers of it are open where there are several checks.
    fn named(&self, checks: &[(&Finding, usize)]) -> Vec<String> {
        let first = shown(checks, self.options.limit.map(|_| CHECKS_NAMED));
        let mut named: Vec<String> = (first.iter())
            .map(|(finding, times)| match times {
                2.. if checks.len() > 1 => {
                    format!("{} {} ({})", finding.severity, finding.page, digits(*times as u64))
                }
                _ => format!("{} {}", finding.severity, finding.page),
            })
            .collect();
        let more = checks.len() - first.len();
        if more > 0 {
            named.push(format!("and {}", count(more as u64, "more check")));
        }
        named
    }
}
