//! What the text says in whole sentences: the answer, what keeps it open and would settle it, what was not covered.

use crate::collected::Collected;
use crate::report::{ComparedWith, Report};
use palisade_model::{Evidence, Finding, Level, Origin, Severity, Why};

/// How many types of resources are named that no check covers.
const TYPES_NAMED: usize = 5;

/// The kind of the subject of a finding that tells what somebody did.
const PRINCIPAL: &str = "principal";

/// What was looked at.
pub(crate) fn looked_at(report: &Report) -> String {
    let resources = count(report.coverage.total(), "resource");
    let files = count(report.coverage.files, "file");
    let targets: Vec<&str> = report.targets.iter().map(|target| called(target)).collect();
    let from = match targets.as_slice() {
        _ if report.coverage.collected.is_some() => {
            report.coverage.collected.as_ref().map_or_else(String::new, Collected::what)
        }
        [] => files,
        ["standard input"] => "standard input".to_owned(),
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            let more = digits(rest.len() as u64);
            format!("{files} in {first}, {second}, {third} and {more} more")
        }
        targets => format!("{files} in {}", targets.join(", ")),
    };
    let (version, checks) = (&report.tool_version, count(report.checks().count() as u64, "check"));
    format!("Palisade {version} ran {checks} over {resources} from {from}.")
}

/// What stands above what to do: a fault is mended, what somebody did is looked into.
pub(crate) fn fix_label(finding: &Finding) -> &'static str {
    if &*finding.subject.kind == PRINCIPAL { "What to do" } else { "Fix" }
}

/// The page a finding is of, as a reader calls it.
pub(crate) fn sort_of_page(finding: &Finding) -> &'static str {
    if &*finding.subject.kind == PRINCIPAL { "Detection" } else { "Check" }
}

/// A target by a name that can stand in a sentence.
pub(crate) fn called(target: &str) -> &str {
    match target {
        "-" => "standard input",
        "." | "./" => "this folder",
        ".." | "../" => "the folder above",
        other => other,
    }
}

/// A place as people call it.
pub(crate) fn place(origin: &Origin) -> String {
    match origin {
        Origin::File(span) if &*span.file == "-" => {
            format!("{}:{}:{}", called("-"), span.start.line, span.start.column)
        }
        other => other.to_string(),
    }
}

/// What stands for a value that may be secret.
pub(crate) const NOT_SHOWN: &str = "(may be secret: not shown)";

/// What is known of a fact: `encrypted is false`.
pub(crate) fn fact(evidence: &Evidence) -> String {
    match (&evidence.unknown, &evidence.value) {
        (None, Some(_)) if evidence.is_secret => format!("{} is set {NOT_SHOWN}", evidence.path),
        (Some(unknown), _) => format!("{} is unknown: {unknown}", evidence.path),
        (None, Some(value)) => format!("{} is {value}", evidence.path),
        (None, None) => format!("{} is not set", evidence.path),
    }
}

pub(crate) fn unknowns(finding: &Finding) -> impl Iterator<Item = &Why> {
    (finding.evidence.iter()).filter_map(|evidence| evidence.unknown.as_ref().map(|unknown| &unknown.why))
}

/// What to do about a cause, and about all of its sort.
pub(crate) fn remedy(why: &Why) -> &'static str {
    match why {
        Why::NoValue(_) => {
            "Give variables and parameters their values, by `--var NAME=VALUE` or `--var-file FILE`"
        }
        Why::NotEvaluated(_) => {
            "Scan a plan, in which expressions are evaluated: `terraform show -json PLAN > plan.json`"
        }
        Why::AfterApply(_) => {
            "Nobody knows these before they are applied; scan a plan or a state where there is one"
        }
        Why::Denied(_) => "Grant the call that was denied, and scan again",
        Why::DecidedElsewhere(_) => {
            "Set the attribute explicitly, so that nothing outside of the source decides"
        }
        Why::Unreadable(_) => "Mend what could not be read",
        Why::NotListed(_) => "Scan all of the sources together, so that nothing is left outside",
        Why::NotDeclared(_) => "Scan the source that declares the thing itself as well",
        Why::MayBelong(_) => "Name the owner by a value or a reference that can be followed",
    }
}

/// The answer in a sentence.
pub(crate) fn answer(report: &Report) -> String {
    let total = report.counts.total();
    let pass = match total.passes {
        1 => "1 passes".to_owned(),
        passes => format!("{} pass", digits(passes)),
    };
    let share = match &report.coverage.collected {
        Some(_) => format!(" ({})", percent(total.unknown, total.fails + total.unknown + total.passes)),
        None => String::new(),
    };
    if total.fails > 0 {
        let fail = if total.fails == 1 { "fails" } else { "fail" };
        let (fails, unknown) = (digits(total.fails), digits(total.unknown));
        format!("{fails} {fail} ({}), {unknown} unknown{share}, {pass}.", fails_by_severity(report))
    } else if report.coverage.total() == 0 && total.is_empty() {
        "No resource was found, so nothing was checked.".to_owned()
    } else if report.leaves_out() && total.unknown == 0 {
        format!("Nothing else fails; {pass}.")
    } else if total.is_empty() {
        "No check looks at what was found, so nothing was checked.".to_owned()
    } else if total.unknown > 0 {
        format!("Nothing is known to fail; {} cannot be told{share}, {pass}.", digits(total.unknown))
    } else {
        let nothing = match report.is_incomplete() {
            true => "Nothing of what could be read fails",
            false => "Nothing fails",
        };
        let assessed = digits(report.coverage.assessed);
        let resources = count(report.coverage.total(), "resource");
        format!("{nothing}; {pass}. Checks looked at {assessed} of {resources}.")
    }
}

/// What is left out of the report that would count, and what is gone: a sentence each.
pub(crate) fn left_out(report: &Report) -> Vec<String> {
    let mut sentences = Vec::new();
    if !report.suppressed.is_empty() {
        let are = if report.suppressed.len() == 1 { "is" } else { "are" };
        sentences.push(format!("{} {are} suppressed.", count(report.suppressed.len() as u64, "finding")));
    }
    for comparison in &report.comparisons {
        let found = count(comparison.known, "finding");
        let are = if comparison.known == 1 { "is" } else { "are" };
        let with = match comparison.with {
            ComparedWith::Baseline => format!("known from the baseline {}", comparison.name),
            ComparedWith::Revision => format!("in {} as well", comparison.name),
        };
        let gone = match comparison.gone {
            0 => String::new(),
            1 => "; 1 that was there is gone".to_owned(),
            gone => format!("; {} that were there are gone", digits(gone)),
        };
        sentences.push(format!("{found} {are} {with}{gone}."));
    }
    sentences
}

fn fails_by_severity(report: &Report) -> String {
    let mut parts = Vec::new();
    for severity in Severity::ALL.into_iter().rev() {
        match report.counts.of(severity).fails {
            0 => {}
            fails => parts.push(format!("{} {severity}", digits(fails))),
        }
    }
    parts.join(", ")
}

pub(crate) fn not_covered(report: &Report) -> Option<String> {
    let types = report.coverage.uncovered();
    let resources: u64 = types.iter().map(|(_, count)| count).sum();
    if resources == 0 {
        return None;
    }
    let mut named: Vec<String> = (types.iter().take(TYPES_NAMED))
        .map(|(name, count)| format!("{name} ({})", digits(*count)))
        .collect();
    let rest = types.len().saturating_sub(TYPES_NAMED);
    let hint = match rest {
        0 => "",
        _ => " `--format json` lists them all.",
    };
    if rest > 0 {
        named.push(format!("and {}", count(rest as u64, "more type")));
    }
    Some(format!(
        "Not covered by any check: {} of {}: {}.{hint}",
        count(resources, "resource"),
        count(types.len() as u64, "type"),
        named.join(", "),
    ))
}

/// A share in percent, to one digit; what is not nothing is never shown as nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    match (u128::from(part) * 1_000).div_ceil(u128::from(whole.max(1))) {
        0 => "0 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Said first, because an incomplete report must not be taken for a whole one.
pub(crate) fn unread(report: &Report) -> Option<String> {
    let errors = count(errors(report)?, "error");
    Some(format!("Part of the input could not be read: {errors}, shown below."))
}

/// Said again at the end.
pub(crate) fn not_read(report: &Report) -> Option<String> {
    let errors = count(errors(report)?, "error");
    Some(format!("Part of the input could not be read ({errors} above), so this report is incomplete."))
}

/// How many errors there are, if any.
fn errors(report: &Report) -> Option<u64> {
    let is_error = |diagnostic: &&palisade_model::Diagnostic| diagnostic.level == Level::Error;
    match report.diagnostics.iter().filter(is_error).count() {
        0 => None,
        errors => Some(errors as u64),
    }
}

pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", digits(number))
}

/// A number with its thousands set apart.
pub(crate) fn digits(number: u64) -> String {
    let plain = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(digits(number), expected);
        }
        assert_eq!(count(1, "check"), "1 check");
    }
}
