//! Turns what can't be told round: from findings that are open to the causes that keep them open, and what settles those.

use crate::sentences::{remedy, unknowns};
use palisade_model::{Finding, Why};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

/// What can be done about several causes, and the causes, those that keep most of what matters open first.
pub(crate) struct Remedy<'a> {
    /// What to do; none where only the message says what is the matter.
    pub what: Option<&'static str>,
    pub causes: Vec<Cause<'a>>,
    /// The findings that any of the causes keeps open.
    pub findings: Vec<&'a Finding>,
}

/// Something that keeps answers open.
pub(crate) struct Cause<'a> {
    /// In words: `` `var.size` has no value ``.
    pub text: String,
    /// The findings that it keeps open, ranked. There is at least one.
    pub findings: Vec<&'a Finding>,
}

/// The causes by their remedy, most consequential first: what keeps most critical answers open, then most high ones.
pub(crate) fn remedies<'a>(unknown: &[&'a Finding]) -> Vec<Remedy<'a>> {
    let mut remedies: Vec<Remedy> = Vec::new();
    let mut known: HashMap<Option<Discriminant<Why>>, usize> = HashMap::new();
    let mut positions: HashMap<(usize, String), usize> = HashMap::new();
    for &finding in unknown {
        for (why, text) in causes(finding) {
            let at = *known.entry(why.map(discriminant)).or_insert_with(|| {
                remedies.push(Remedy { what: why.map(remedy), causes: Vec::new(), findings: Vec::new() });
                remedies.len() - 1
            });
            let remedy = &mut remedies[at];
            add(&mut remedy.findings, finding);
            let cause = *positions.entry((at, text.clone())).or_insert_with(|| {
                remedy.causes.push(Cause { text, findings: Vec::new() });
                remedy.causes.len() - 1
            });
            add(&mut remedy.causes[cause].findings, finding);
        }
    }
    for remedy in &mut remedies {
        // Stable: what weighs the same stays in the order of the findings.
        remedy.causes.sort_by_key(|cause| Reverse(weight(&cause.findings)));
    }
    remedies.sort_by_key(|remedy| Reverse(weight(&remedy.findings)));
    remedies
}

/// Adds a finding that may be the last already.
fn add<'a>(findings: &mut Vec<&'a Finding>, finding: &'a Finding) {
    if !findings.last().is_some_and(|last| std::ptr::eq(*last, finding)) {
        findings.push(finding);
    }
}

/// What keeps a finding open: what its evidence lacks, or else its message. Of two causes of a sort that are said with
/// the same words, only the one that says more.
fn causes(finding: &Finding) -> Vec<(Option<&Why>, String)> {
    let mut causes: Vec<(&Why, String)> = Vec::new();
    for why in unknowns(finding) {
        let text = why.to_string();
        let says_no_more = |a: (&Why, &str), b: (&Why, &str)| {
            a.1 == b.1 || matches!(a.0, Why::DecidedElsewhere(_)) && b.1.contains(a.1)
        };
        if (causes.iter()).any(|(other, said)| says_no_more((why, &text), (other, said))) {
            continue;
        }
        causes.retain(|(other, said)| !says_no_more((other, said), (why, &text)));
        causes.push((why, text));
    }
    match causes.is_empty() {
        true => vec![(None, finding.message.clone())],
        false => (causes.into_iter()).map(|(why, text)| (Some(why), text)).collect(),
    }
}

/// How many findings there are of each severity, the severest first.
fn weight(findings: &[&Finding]) -> [usize; 5] {
    let mut weight = [0; 5];
    for finding in findings {
        weight[4 - finding.severity as usize] += 1;
    }
    weight
}

/// The checks that some findings are of, each once, with how many of them.
pub(crate) fn checks<'a>(findings: &[&'a Finding]) -> Vec<(&'a Finding, usize)> {
    let mut checks: Vec<(&Finding, usize)> = Vec::new();
    for &finding in findings {
        match checks.iter_mut().find(|(first, _)| first.page == finding.page) {
            Some((_, times)) => *times += 1,
            None => checks.push((finding, 1)),
        }
    }
    checks
}
