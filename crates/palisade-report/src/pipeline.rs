//! What the forms for pipelines share: a path below the repository, a finding's name, and what to do about it.

use crate::neutral::neutral;
use crate::prose::begins_with_words;
use crate::sentences::{fix_label, remedy, unknowns};
use palisade_model::{Finding, Origin, Span, Verdict};

/// The place of a finding in a file of the repository; none where it stands in none, as what came from standard input.
pub(crate) fn file_of(origin: &Origin) -> Option<&Span> {
    origin.span().filter(|span| &*span.file != "-")
}

/// The path without `.` and with `..` resolved where it can be. One from the root of the file system stays one.
pub(crate) fn plain_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// What it is about and what is wrong with it, without the place, so that it is the same when lines move.
pub(crate) fn name(finding: &Finding) -> String {
    let (address, message) = (neutral(&finding.subject.address.name), message(finding));
    if message.is_empty() { address.into_owned() } else { format!("{address}: {message}") }
}

/// What is wrong, or what keeps the answer open.
pub(crate) fn message(finding: &Finding) -> String {
    if !finding.message.is_empty() || finding.verdict != Verdict::Unknown {
        return neutral(&finding.message).into_owned();
    }
    let mut causes: Vec<String> = unknowns(finding).map(ToString::to_string).collect();
    causes.dedup();
    neutral(&causes.join("; ")).into_owned()
}

/// The paragraphs that follow what is wrong: why it matters, and what to change or what settles it. Each may be several
/// lines, and every line is neutral.
pub(crate) fn paragraphs(finding: &Finding) -> Vec<String> {
    let mut paragraphs = vec![lines(&finding.why)];
    if finding.verdict == Verdict::Unknown {
        let mut remedies: Vec<&str> = unknowns(finding).map(remedy).collect();
        remedies.dedup();
        paragraphs.push(remedies.join("\n"));
    } else if !finding.fix.trim().is_empty() {
        let apart = if begins_with_words(&finding.fix) { ' ' } else { '\n' };
        paragraphs.push(format!("{}:{apart}{}", fix_label(finding), lines(&finding.fix)));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Foreign lines, each neutral.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(neutral).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_detours() {
        for (path, expected) in [
            ("infra/main.tf", "infra/main.tf"),
            ("./infra//../a b.tf", "a b.tf"),
            ("../x.tf", "../x.tf"),
            ("/srv/./x.tf", "/srv/x.tf"),
            ("C:/x.tf", "C:/x.tf"),
        ] {
            assert_eq!(plain_path(path), expected);
        }
    }

    #[test]
    fn lines_stay_lines_and_are_neutral() {
        assert_eq!(lines("\na\r\n\u{1b}b\n"), "a\n␛b");
    }
}
