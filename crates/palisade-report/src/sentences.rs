//! What the text says in whole sentences: the answer, what keeps it open and would settle it, what was not covered.

use crate::report::Report;
use palisade_model::{Evidence, Finding, Level, Severity, Why};

/// How many types of resources are named that no check covers.
const TYPES_NAMED: usize = 5;

/// What is known of a fact: `encrypted is false`.
pub(crate) fn fact(evidence: &Evidence) -> String {
    match (&evidence.unknown, &evidence.value) {
        (Some(unknown), _) => format!("{} is unknown: {unknown}", evidence.path),
        (None, Some(value)) => format!("{} is {value}", evidence.path),
        (None, None) => format!("{} is not set", evidence.path),
    }
}

pub(crate) fn unknowns(finding: &Finding) -> impl Iterator<Item = &Why> {
    (finding.evidence.iter()).filter_map(|evidence| evidence.unknown.as_ref().map(|unknown| &unknown.why))
}

/// Why a finding can't be told: what its evidence lacks, or else its message.
pub(crate) fn reason(finding: &Finding) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for why in unknowns(finding) {
        let reason = why.to_string();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    match reasons.is_empty() {
        true => finding.message.clone(),
        false => reasons.join("; "),
    }
}

pub(crate) fn remedy(why: &Why) -> &'static str {
    match why {
        Why::NoValue(_) => {
            "give variables and parameters their values: `--var NAME=VALUE` or `--var-file FILE`"
        }
        Why::NotEvaluated(_) => {
            "scan a Terraform plan instead, in which expressions are evaluated: `terraform show -json PLAN > plan.json`"
        }
        Why::AfterApply(_) => "look at what exists once it is applied; nobody knows the value before",
        Why::Denied(_) => "grant the call that was denied, and scan again",
        Why::DecidedElsewhere(_) => {
            "set the attribute explicitly, so that nothing outside of the source decides"
        }
        Why::Unreadable(_) => "mend what could not be read",
        Why::NotListed(_) => "scan all of the sources together, so that nothing is left outside",
        Why::MayBelong(_) => "name the owner with a value or a reference that can be followed",
    }
}

/// The answer in a sentence.
pub(crate) fn answer(report: &Report) -> String {
    let total = report.counts.total();
    let pass = match total.passes {
        1 => "1 passes".to_owned(),
        passes => format!("{} pass", digits(passes)),
    };
    if total.fails > 0 {
        let fail = if total.fails == 1 { "fails" } else { "fail" };
        let (fails, unknown) = (digits(total.fails), digits(total.unknown));
        format!(
            "{fails} {fail} ({}), {unknown} unknown, {pass}.",
            fails_by_severity(report)
        )
    } else if report.coverage.total() == 0 && total.is_empty() {
        "No resource was found, so nothing was checked.".to_owned()
    } else if total.is_empty() {
        "No check looks at what was found, so nothing was checked.".to_owned()
    } else if total.unknown > 0 {
        format!(
            "Nothing is known to fail; {} cannot be told, {pass}.",
            digits(total.unknown)
        )
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

pub(crate) fn not_read(report: &Report) -> Option<String> {
    let errors = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .count();
    (errors > 0).then(|| {
        let errors = count(errors as u64, "error");
        format!("Part of the input could not be read ({errors} above), so this report is incomplete.")
    })
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
