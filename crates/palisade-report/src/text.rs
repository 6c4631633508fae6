//! The report for whoever is on call: what fails, ranked and grouped, with the line and the fix; what can't be told and
//! what would settle it; what was not looked at.

use crate::neutral::neutral;
use crate::quote::Quotes;
use crate::report::{Report, Tally};
use crate::sentences::{answer, count, digits, fact, not_covered, not_read, reason, remedy, unknowns};
use crate::{Sources, prose};
use anstyle::{AnsiColor, Style};
use palisade_model::{Diagnostic, Finding, Level, Origin, Severity, Verdict};
use std::collections::BTreeMap;
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
    /// How many places of one fault are shown; none for all.
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
        Self {
            color: false,
            width: 100,
            quote: true,
            explain: Explain::Short,
            limit: Some(5),
        }
    }
}

/// Prose is not set wider than this, however wide the terminal is.
const PROSE_WIDTH: usize = 100;
/// How many places of what can't be told are shown unless all are: that section is to be quiet.
const UNKNOWN_PLACES: usize = 2;

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
        quotes: Quotes::new(sources),
    };
    sheet.opening(report)?;
    for group in fails.chunk_by(|a, b| a.severity == b.severity && a.page == b.page) {
        sheet.fault(group)?;
    }
    sheet.open_questions(unknown)?;
    sheet.diagnostics(&report.diagnostics)?;
    sheet.closing(report, fails)?;
    sheet.to.flush()
}

/// Writes what is wrong with an input, for people: errors first, each with its place and remedy.
pub fn diagnostics(
    said: &[Diagnostic],
    options: &TextOptions,
    sources: Sources,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut sheet = Sheet {
        to: &mut io::BufWriter::new(to),
        options,
        quotes: Quotes::new(sources),
    };
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
        if self.options.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
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

    /// What was looked at, and the answer in a line.
    fn opening(&mut self, report: &Report) -> io::Result<()> {
        let targets = match report.targets.as_slice() {
            [] => String::new(),
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                format!(
                    " in {first}, {second}, {third} and {} more",
                    digits(rest.len() as u64)
                )
            }
            targets => format!(" in {}", targets.join(", ")),
        };
        let looked_at = format!(
            "Palisade {} ran {} over {} from {}{targets}.",
            report.tool_version,
            count(report.pages.len() as u64, "check"),
            count(report.coverage.total(), "resource"),
            count(report.coverage.files, "file"),
        );
        self.paragraph(0, &looked_at)?;
        let answer = answer(report);
        for line in prose::wrap(&answer, self.room(0).min(PROSE_WIDTH)) {
            let line = self.paint(BOLD, &line);
            self.line(&line)?;
        }
        Ok(())
    }

    /// One fault: why it matters, where it is, and what to change.
    fn fault(&mut self, group: &[&Finding]) -> io::Result<()> {
        let Some(first) = group.first() else {
            return Ok(());
        };
        self.line("")?;
        self.headline(first, 0, colour(first.severity), BOLD)?;
        match self.options.explain {
            Explain::Nothing => {}
            Explain::Short => self.markdown(2, prose::first_paragraph(&first.why))?,
            Explain::Whole => self.markdown(2, &first.why)?,
        }
        self.line("")?;
        for finding in shown(group, self.options.limit) {
            self.place(finding)?;
        }
        self.and_more(2, group.len(), self.options.limit, "")?;
        if self.options.explain >= Explain::Short {
            self.fix(&first.fix)?;
        }
        if self.options.explain == Explain::Whole {
            self.answers_to(first)?;
        }
        Ok(())
    }

    fn fix(&mut self, fix: &str) -> io::Result<()> {
        let fix = fix.trim();
        if fix.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let label = self.paint(FIX, "Fix:");
        if !prose::begins_with_words(fix) {
            self.line(&format!("  {label}"))?;
            return self.markdown(2, fix);
        }
        for (index, line) in self.set(2, &format!("Fix: {fix}")).into_iter().enumerate() {
            match line.strip_prefix("Fix:") {
                Some(rest) if index == 0 => self.line(&format!("  {label}{rest}"))?,
                _ => self.line(format!("  {line}").trim_end())?,
            }
        }
        Ok(())
    }

    /// The severity, the title and the page's id, on one line where there is room.
    fn headline(&mut self, finding: &Finding, indent: usize, colour: Style, style: Style) -> io::Result<()> {
        let severity = finding.severity.as_str();
        let hanging = indent + severity.len() + 2;
        let title = prose::wrap(&finding.title, self.room(hanging).min(PROSE_WIDTH));
        let page = prose::cut_middle(finding.page.as_str(), self.room(hanging));
        let last = title.last().map_or(0, |line| line.width());
        let is_beside = hanging + last + 3 + page.width() <= self.room(0);
        let page = self.paint(QUIET, &page);
        for (index, line) in title.iter().enumerate() {
            let mut text = match index {
                0 => format!("{:indent$}{}  ", "", self.paint(colour, severity)),
                _ => format!("{:hanging$}", ""),
            };
            text.push_str(&self.paint(style, line));
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
    fn place(&mut self, finding: &Finding) -> io::Result<()> {
        self.whereabouts(2, &finding.origin, &name(finding))?;
        self.quoted(&finding.origin, colour(finding.severity), &finding.message)?;
        if self.options.explain == Explain::Whole {
            for evidence in &finding.evidence {
                let fact = format!("{} ({})", fact(evidence), evidence.origin);
                let line = self.paint(QUIET, &prose::cut(&fact, self.room(4)));
                self.line(&format!("  = {line}"))?;
            }
        }
        Ok(())
    }

    /// The place, which is never cut, and the name beside or below it.
    fn whereabouts(&mut self, indent: usize, origin: &Origin, name: &str) -> io::Result<()> {
        let place = neutral(&origin.to_string()).into_owned();
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

    /// How many of something are not shown, and how to see them.
    fn and_more(&mut self, indent: usize, length: usize, limit: Option<usize>, what: &str) -> io::Result<()> {
        match length.saturating_sub(limit.unwrap_or(length)) {
            0 => Ok(()),
            more => {
                let plural = if more == 1 || what.is_empty() { "" } else { "s" };
                let space = if what.is_empty() { "" } else { " " };
                let hint = if indent <= 2 { " (--all shows them)" } else { "" };
                let text = format!("and {} more{space}{what}{plural}{hint}", digits(more as u64));
                let text = self.paint(QUIET, &text);
                self.line(&format!("{:indent$}{text}", ""))
            }
        }
    }

    fn answers_to(&mut self, finding: &Finding) -> io::Result<()> {
        let objectives: Vec<_> = finding.objectives.iter().map(|id| id.as_str()).collect();
        let rows = [
            ("Objectives", objectives.join(", ")),
            ("Controls", finding.controls.join(", ")),
        ];
        for (label, text) in rows.iter().filter(|(_, text)| !text.is_empty()) {
            self.line("")?;
            self.paragraph(2, &format!("{label}: {text}"))?;
        }
        Ok(())
    }

    /// What can't be told, by page and reason, and what would settle it.
    fn open_questions(&mut self, unknown: &[&Finding]) -> io::Result<()> {
        if unknown.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let title = format!("Cannot tell ({})", digits(unknown.len() as u64));
        let title = self.paint(BOLD, &title);
        self.line(&title)?;
        let groups: Vec<&[&Finding]> = unknown
            .chunk_by(|a, b| a.severity == b.severity && a.page == b.page)
            .collect();
        let limit = self.options.limit.map(|limit| limit * 2);
        for group in shown(&groups, limit) {
            self.line("")?;
            self.headline(group[0], 2, QUIET, Style::new())?;
            self.reasons(group)?;
        }
        if groups.len() > limit.unwrap_or(usize::MAX) {
            self.line("")?;
        }
        self.and_more(2, groups.len(), limit, "check")?;
        self.remedies(unknown)
    }

    /// Why one check can't be told, each reason with its first places.
    fn reasons(&mut self, group: &[&Finding]) -> io::Result<()> {
        let mut reasons: Vec<(String, Vec<&Finding>)> = Vec::new();
        let mut positions: BTreeMap<String, usize> = BTreeMap::new();
        for &finding in group {
            let reason = reason(finding);
            let position = *positions.entry(reason.clone()).or_insert_with(|| {
                reasons.push((reason, Vec::new()));
                reasons.len() - 1
            });
            reasons[position].1.push(finding);
        }
        let places = self.options.limit.map(|limit| limit.min(UNKNOWN_PLACES));
        for (reason, findings) in shown(&reasons, self.options.limit) {
            self.paragraph(4, reason)?;
            for finding in shown(findings, places) {
                self.whereabouts(6, &finding.origin, &name(finding))?;
            }
            self.and_more(6, findings.len(), places, "")?;
        }
        self.and_more(4, reasons.len(), self.options.limit, "reason")
    }

    fn remedies(&mut self, unknown: &[&Finding]) -> io::Result<()> {
        let mut remedies: Vec<(&str, u64)> = Vec::new();
        for finding in unknown {
            let mut mine: Vec<&str> = unknowns(finding).map(remedy).collect();
            mine.sort_unstable();
            mine.dedup();
            for remedy in mine {
                match remedies.iter_mut().find(|(known, _)| *known == remedy) {
                    Some((_, times)) => *times += 1,
                    None => remedies.push((remedy, 1)),
                }
            }
        }
        if remedies.is_empty() {
            return Ok(());
        }
        remedies.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        self.line("")?;
        self.line("  What would settle it")?;
        for (remedy, times) in remedies {
            self.markdown(2, &format!("- {remedy} ({})", digits(times)))?;
        }
        Ok(())
    }

    /// What is wrong with the input, errors first.
    fn diagnostics(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        let mut ranked: Vec<&Diagnostic> = diagnostics.iter().collect();
        ranked.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.level));
        let limit = self.options.limit.map(|limit| limit * 2);
        for diagnostic in shown(&ranked, limit) {
            self.line("")?;
            self.diagnostic(diagnostic)?;
        }
        if ranked.len() > limit.unwrap_or(usize::MAX) {
            self.line("")?;
        }
        self.and_more(0, ranked.len(), limit, "diagnostic")
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic) -> io::Result<()> {
        let (label, style) = match diagnostic.level {
            Level::Error => ("error", ERROR),
            Level::Warning => ("warning", WARNING),
        };
        let lines = prose::wrap(&diagnostic.message, self.room(label.len() + 2).min(PROSE_WIDTH));
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => {
                    let label = self.paint(style, label);
                    self.line(&format!("{label}: {line}"))?;
                }
                _ => self.line(&format!("{:indent$}{line}", "", indent = label.len() + 2))?,
            }
        }
        if let Some(span) = &diagnostic.span {
            let origin = Origin::File(span.clone());
            self.whereabouts(2, &origin, "")?;
            self.quoted(&origin, style, "")?;
        }
        match &diagnostic.help {
            Some(help) => self.paragraph(2, &format!("help: {help}")),
            None => Ok(()),
        }
    }

    /// The counts, what was not looked at, and where to begin.
    fn closing(&mut self, report: &Report, fails: &[&Finding]) -> io::Result<()> {
        self.table(report)?;
        let remarks = [not_covered(report), not_read(report)];
        for remark in remarks.into_iter().flatten() {
            self.line("")?;
            self.paragraph(0, &remark)?;
        }
        let Some(first) = fails.first() else {
            return Ok(());
        };
        self.line("")?;
        let begin = format!("Begin with {}: {}.", first.origin, first.title);
        self.paragraph(0, &begin)?;
        self.paragraph(
            0,
            &format!("`palisade content show {}` explains the check.", first.page),
        )
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
