//! The report as GitHub's workflow commands, which become annotations. `docs/reference/report-github.md` says how.

use crate::neutral::neutral;
use crate::pipeline::{file_of, message, paragraphs, plain_path};
use crate::report::Report;
use crate::sentences::{answer, count, digits, left_out, place};
use palisade_model::{Diagnostic, Finding, Level, Severity, Span, Verdict};
use std::io::{self, Write};

/// How many annotations of each level GitHub shows of a step.
const SHOWN_OF_A_LEVEL: u64 = 10;

/// How much an annotation matters to GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Error,
    Warning,
    Notice,
}

/// One workflow command.
struct Annotation<'a> {
    mark: Mark,
    span: Option<&'a Span>,
    title: String,
    text: String,
}

/// Writes a workflow command a finding, the severest first, and ends with the answer and how many GitHub will not show.
pub fn github(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    let mut written = [0; 3];
    let mut put = |annotation: Annotation| {
        written[annotation.mark as usize] += 1;
        annotation.write(&mut to)
    };
    // What is incomplete must not be taken for whole, so this is among the ten that are shown.
    if report.is_incomplete() {
        put(incomplete(report))?;
    }
    report.ranked().into_iter().map(of_finding).try_for_each(&mut put)?;
    report.diagnostics.iter().map(of_diagnostic).try_for_each(&mut put)?;
    let left_out: String = left_out(report).iter().map(|sentence| format!(" {sentence}")).collect();
    writeln!(to, "{}{}{}", answer(report), neutral(&left_out), not_shown(written))?;
    to.flush()
}

fn of_finding(finding: &Finding) -> Annotation<'_> {
    let is_open = finding.verdict == Verdict::Unknown;
    let (severity, title) = (finding.severity, neutral(&finding.title));
    let cannot_tell = if is_open { "cannot tell: " } else { "" };
    let mut parts =
        vec![format!("{}: {cannot_tell}{}", neutral(&finding.subject.address.name), message(finding))];
    if file_of(&finding.origin).is_none() {
        parts.push(format!("Place: {}", neutral(&place(&finding.origin))));
    }
    parts.extend(paragraphs(finding));
    parts.push(format!("Check: {}", finding.page));
    Annotation {
        mark: if is_open { Mark::Notice } else { mark(severity) },
        span: file_of(&finding.origin),
        title: if is_open {
            format!("cannot tell ({severity}): {title}")
        } else {
            format!("{severity}: {title}")
        },
        text: parts.join("\n\n"),
    }
}

fn mark(severity: Severity) -> Mark {
    match severity {
        Severity::Critical | Severity::High => Mark::Error,
        Severity::Medium => Mark::Warning,
        Severity::Low | Severity::Informational => Mark::Notice,
    }
}

fn incomplete(report: &Report) -> Annotation<'_> {
    let errors = report.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    let text = format!("{}; the log names each", count(errors.count() as u64, "error"));
    Annotation { mark: Mark::Error, span: None, title: "part of the input could not be read".into(), text }
}

fn of_diagnostic(diagnostic: &Diagnostic) -> Annotation<'_> {
    let mut text = neutral(&diagnostic.message).into_owned();
    if let Some(help) = &diagnostic.help {
        text += &format!("\n\nhelp: {}", crate::pipeline::lines(help));
    }
    Annotation {
        mark: match diagnostic.level {
            Level::Error => Mark::Error,
            Level::Warning => Mark::Warning,
        },
        span: diagnostic.span.as_ref().filter(|span| &*span.file != "-"),
        title: "the input".into(),
        text,
    }
}

/// What the last line says of annotations that GitHub leaves out.
fn not_shown(written: [u64; 3]) -> String {
    let mut parts = Vec::new();
    for (written, noun) in written.into_iter().zip(["error", "warning", "notice"]) {
        match written.saturating_sub(SHOWN_OF_A_LEVEL) {
            0 => {}
            1 => parts.push(format!("1 more {noun}")),
            more => parts.push(format!("{} more {noun}s", digits(more))),
        }
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!(
            " GitHub annotates with the first {SHOWN_OF_A_LEVEL} of each level; {} stand in this log only.",
            parts.join(", ")
        ),
    }
}

impl Annotation<'_> {
    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let command = match self.mark {
            Mark::Error => "error",
            Mark::Warning => "warning",
            Mark::Notice => "notice",
        };
        let properties: Vec<String> =
            self.properties().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(to, "::{command} {}::{}", properties.join(","), data(&self.text))
    }

    /// GitHub drops the columns of what spans several lines, so they are not given.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = Vec::new();
        if let Some(span) = self.span {
            let start = (span.start.line.max(1), span.start.column.max(1));
            let end = (span.end.line.max(1), span.end.column.max(1)).max(start);
            properties.push(("file", property(&neutral(&plain_path(&span.file)))));
            properties.push(("line", start.0.to_string()));
            properties.push(("endLine", end.0.to_string()));
            if start.0 == end.0 {
                properties.push(("col", start.1.to_string()));
                properties.push(("endColumn", end.1.to_string()));
            }
        }
        properties.push(("title", property(&self.title)));
        properties
    }
}

/// What stands after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before the second `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_value_is_escaped_once() {
        assert_eq!(data("50%\r\na::b, c"), "50%25%0D%0Aa::b, c");
        assert_eq!(property("a,b::error c%2C\n"), "a%2Cb%3A%3Aerror c%252C%0A");
    }

    #[test]
    fn only_what_github_leaves_out_is_counted() {
        assert_eq!(not_shown([10, 3, 0]), "");
        let said = " GitHub annotates with the first 10 of each level; 1 more error, 1,990 more notices stand in this log only.";
        assert_eq!(not_shown([11, 10, 2000]), said);
    }

    #[test]
    fn columns_are_given_where_one_line_is_meant() {
        let names = |span: Span| {
            let annotation =
                Annotation { mark: Mark::Error, span: Some(&span), title: "t".into(), text: String::new() };
            annotation
                .properties()
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            names(Span::new("./f", (3, 5), (3, 9))),
            "file=f line=3 endLine=3 col=5 endColumn=9 title=t"
        );
        assert_eq!(names(Span::new("f", (3, 5), (4, 1))), "file=f line=3 endLine=4 title=t");
        assert_eq!(
            names(Span::new("f", (3, 5), (2, 1))),
            "file=f line=3 endLine=3 col=5 endColumn=5 title=t"
        );
    }
}
