//! The report for whoever is on call: what fails, ranked and grouped, with the line and the fix; what can't be told and
//! what would settle it; what is wrong with the input; what was not looked at.

mod collected;
mod fault;
mod open;
mod wrong;

use crate::collected::Collected;
use crate::faults::{Fault, faults};
use crate::neutral::neutral;
use crate::quote::Quotes;
use crate::report::{Report, Tally};
use crate::sentences::{answer, count, digits, left_out, looked_at, not_covered, not_read, place, unread};
use crate::{Sources, prose};
use anstyle::{AnsiColor, Style};
use palisade_model::{Diagnostic, Finding, Origin, Severity, Suppressed, Verdict};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// How the text is set.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// May it be coloured?
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
    /// Are the lines of the sources quoted?
    pub quote: bool,
    /// How much is explained.
    pub explain: Explain,
    /// How many places of one fault are shown; none for all. Where they are limited, warnings that say the same of
    /// several places are told once.
    pub limit: Option<usize>,
}

/// How much is explained of each fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Explain {
    /// Its title and places.
    Nothing,
    /// The first paragraph of why it matters, and the fix.
    Short,
    /// All of why it matters, the fix, the evidence, the objectives and the controls.
    Whole,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { color: false, width: 100, quote: true, explain: Explain::Short, limit: Some(5) }
    }
}

/// Prose is not set wider than this, however wide the terminal is.
const PROSE_WIDTH: usize = 100;
/// A report of more lines than this does not fit a screen.
const SCREEN_LINES: usize = 40;
/// About how many lines the explanation of a fault takes, and a place of it.
const LINES_OF_FAULT: usize = 8;
const LINES_OF_PLACE: usize = 3;

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const PLACE: Style = AnsiColor::Cyan.on_default();
const FIX: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Writes the report for people.
pub fn text(report: &Report, options: &TextOptions, sources: Sources, to: &mut dyn Write) -> io::Result<()> {
    let findings = report.ranked();
    let known = findings.partition_point(|finding| finding.verdict == Verdict::Fails);
    let (fails, unknown) = findings.split_at(known);
    let mut sheet = Sheet {
        to: &mut io::BufWriter::new(to),
        options,
        quotes: Quotes::new(sources, report.secret_places()),
    };
    let faults = faults(fails, options.limit);
    sheet.opening(report, &faults)?;
    for fault in &faults {
        sheet.fault(fault)?;
    }
    sheet.open_questions(unknown)?;
    sheet.suppressed(report)?;
    sheet.diagnostics(&report.diagnostics)?;
    sheet.closing(report, &faults)?;
    sheet.to.flush()
}

/// Writes what was collected of live accounts, and what was not and why, for people.
pub fn collected(collected: &Collected, options: &TextOptions, to: &mut dyn Write) -> io::Result<()> {
    let nothing = |_: &str| None;
    let mut sheet = Sheet { to: &mut io::BufWriter::new(to), options, quotes: Quotes::new(&nothing, []) };
    let (resources, calls) = (count(collected.resources, "resource"), count(collected.calls, "call"));
    let throttled = match collected.throttled {
        0 => "none throttled".to_owned(),
        some => format!("{} throttled", digits(some)),
    };
    let read = format!("Read {resources} of {} with {calls}, {throttled}.", collected.what());
    sheet.painted(BOLD, &read)?;
    match collected.unread() {
        Some(unread) => sheet.painted(WARNING, &format!("{unread}."))?,
        None => sheet.paragraph(0, "All of it could be read.")?,
    }
    sheet.ledger(collected)?;
    sheet.to.flush()
}

/// Writes what is wrong with an input, for people: errors first, each with its place and remedy.
pub fn diagnostics(
    said: &[Diagnostic],
    options: &TextOptions,
    sources: Sources,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut sheet = Sheet { to: &mut io::BufWriter::new(to), options, quotes: Quotes::new(sources, []) };
    sheet.diagnostics(said)?;
    sheet.to.flush()
}

struct Sheet<'a> {
    to: &'a mut dyn Write,
    options: &'a TextOptions,
    quotes: Quotes<'a>,
}

impl Sheet<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.options.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The columns there are once `indent` of them are left free.
    fn room(&self, indent: usize) -> usize {
        self.options.width.max(40) - indent
    }

    fn paragraph(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in prose::wrap(text, self.room(indent).min(PROSE_WIDTH)) {
            writeln!(self.to, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    fn markdown(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in self.set(indent, text) {
            self.line(format!("{:indent$}{line}", "").trim_end())?;
        }
        Ok(())
    }

    fn set(&self, indent: usize, markdown: &str) -> Vec<String> {
        prose::set(markdown, self.room(indent).min(PROSE_WIDTH))
    }

    /// The place, which is never cut, and the name beside or below it.
    fn whereabouts(&mut self, indent: usize, origin: &Origin, name: &str) -> io::Result<()> {
        let place = neutral(&place(origin)).into_owned();
        let painted = self.paint(PLACE, &place);
        let width = indent + place.width() + 2 + neutral(name).width();
        if name.is_empty() {
            self.line(&format!("{:indent$}{painted}", ""))
        } else if width <= self.room(0) {
            self.line(&format!("{:indent$}{painted}  {}", "", neutral(name)))
        } else {
            self.line(&format!("{:indent$}{painted}", ""))?;
            let name = prose::cut_middle(name, self.room(indent + 2));
            self.line(&format!("{:indent$}  {name}", ""))
        }
    }

    /// The source line with the words that are meant underlined, and the message beside or below.
    fn quoted(&mut self, origin: &Origin, style: Style, message: &str) -> io::Result<()> {
        let room = self.room(4);
        let quote = match origin.span() {
            Some(span) if self.options.quote => self.quotes.quote(span, room),
            _ => None,
        };
        let Some(quote) = quote else {
            return self.paragraph(4, message);
        };
        let bar = self.paint(QUIET, "│");
        let under = self.paint(style, &"^".repeat(quote.width));
        self.line(&format!("  {bar} {}", quote.line))?;
        let message_at = quote.offset + quote.width + 1;
        let message = neutral(message);
        if message_at + message.width() <= room {
            let line = format!("  {bar} {:offset$}{under} {message}", "", offset = quote.offset);
            return self.line(line.trim_end());
        }
        self.line(&format!("  {bar} {:offset$}{under}", "", offset = quote.offset))?;
        for line in prose::wrap(&message, room.min(PROSE_WIDTH)) {
            self.line(&format!("  {bar} {line}"))?;
        }
        Ok(())
    }

    /// How many are not shown, and how to see them.
    fn and_more(&mut self, indent: usize, more: usize, what: &str) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        let hint = if indent <= 2 { " (--all shows them)" } else { "" };
        let text = format!("and {}{what}{hint}", digits(more as u64));
        let text = self.paint(QUIET, &text);
        self.line(&format!("{:indent$}{text}", ""))
    }

    /// What was looked at, the answer in a line, and where to begin when that is not on the screen any more at the end.
    fn opening(&mut self, report: &Report, faults: &[Fault]) -> io::Result<()> {
        self.paragraph(0, &looked_at(report))?;
        self.painted(BOLD, &answer(report))?;
        let left_out = left_out(report);
        if !left_out.is_empty() {
            self.paragraph(0, &left_out.join(" "))?;
        }
        if let Some(unread) = unread(report) {
            self.painted(ERROR, &unread)?;
        }
        if let Some(missing) = report.coverage.collected.as_ref().and_then(Collected::missing) {
            self.painted(WARNING, &missing)?;
        }
        let places = faults.iter().map(|fault| shown(&fault.places, self.options.limit).len());
        let lines: usize = places.map(|places| LINES_OF_FAULT + places * LINES_OF_PLACE).sum();
        match faults.first() {
            Some(first) if lines > SCREEN_LINES => self.begin_with(first),
            _ => Ok(()),
        }
    }

    /// A paragraph in a style of its own.
    fn painted(&mut self, style: Style, text: &str) -> io::Result<()> {
        for line in prose::wrap(text, self.room(0).min(PROSE_WIDTH)) {
            let line = self.paint(style, &line);
            self.line(&line)?;
        }
        Ok(())
    }

    /// Where all is to be shown: what is suppressed, by what and why.
    fn suppressed(&mut self, report: &Report) -> io::Result<()> {
        if self.options.limit.is_some() || report.suppressed.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let heading = format!("Suppressed ({})", digits(report.suppressed.len() as u64));
        self.painted(BOLD, &heading)?;
        for Suppressed { finding, suppression } in report.ranked_suppressed() {
            let by = place(&Origin::File(suppression.place.clone()));
            let until = suppression.until.map(|day| format!(", until {day}")).unwrap_or_default();
            self.paragraph(2, &format!("{} {}", finding.severity, finding.page))?;
            self.whereabouts(4, &finding.origin, &name(finding))?;
            self.paragraph(4, &neutral(&format!("{} ({by}{until})", suppression.reason)))?;
        }
        Ok(())
    }

    /// The place stays whole, so that it can be copied.
    fn begin_with(&mut self, fault: &Fault) -> io::Result<()> {
        let first = fault.first();
        let place = neutral(&place(&first.origin)).into_owned();
        let lead = "Begin with ";
        if lead.len() + place.width() < self.room(0).min(PROSE_WIDTH) {
            return self.paragraph(0, &format!("{lead}{place}: {}.", first.title));
        }
        self.paragraph(0, &format!("{lead}this: {}.", first.title))?;
        self.whereabouts(2, &first.origin, "")
    }

    /// The counts, what was not looked at, and where to begin.
    fn closing(&mut self, report: &Report, faults: &[Fault]) -> io::Result<()> {
        self.collected(report)?;
        self.table(report)?;
        let remarks = [not_covered(report), not_read(report)];
        for remark in remarks.into_iter().flatten() {
            self.line("")?;
            self.paragraph(0, &remark)?;
        }
        let Some(first) = faults.first() else {
            return Ok(());
        };
        self.line("")?;
        self.begin_with(first)?;
        let page = &first.first().page;
        self.paragraph(0, &format!("`palisade content show {page}` explains the check."))
    }

    fn table(&mut self, report: &Report) -> io::Result<()> {
        let total = report.counts.total();
        if total.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let header = row("", ["fails", "unknown", "passes"].map(str::to_owned));
        let header = self.paint(QUIET, &header);
        self.line(&header)?;
        for severity in Severity::ALL.into_iter().rev() {
            let tally = report.counts.of(severity);
            if !tally.is_empty() {
                self.line(&tally_row(severity.as_str(), tally))?;
            }
        }
        let line = self.paint(BOLD, &tally_row("total", total));
        self.line(&line)
    }
}

fn shown<T>(all: &[T], limit: Option<usize>) -> &[T] {
    &all[..limit.unwrap_or(all.len()).min(all.len())]
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
        Severity::Informational => Style::new(),
    }
}

/// What a finding is about, as its owner would call it: its ARN when a cloud named it, its address when a file did.
fn name(finding: &Finding) -> String {
    match (&finding.origin, &finding.subject.arn) {
        (Origin::Call(_), Some(arn)) => arn.to_string(),
        _ => finding.subject.address.to_string(),
    }
}

fn tally_row(label: &str, tally: Tally) -> String {
    row(label, [tally.fails, tally.unknown, tally.passes].map(digits))
}

fn row(label: &str, cells: [String; 3]) -> String {
    let [fails, unknown, passes] = cells;
    format!("{label:<13}  {fails:>9}  {unknown:>9}  {passes:>9}")
}
