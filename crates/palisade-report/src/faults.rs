//! Puts what fails into the order in which whoever is on call should read it: by fault, with what stands at the same
//! place told once.

use palisade_model::{Address, Finding, Origin, Span};
use std::cmp::Reverse;
use std::collections::HashMap;

/// The outcomes that keep strangers out. Of two faults as severe, the one that lets them in is read first.
const KEEP_STRANGERS_OUT: [&str; 7] = [
    "administration-is-not-on-the-internet",
    "databases-are-not-on-the-internet",
    "instances-are-not-on-the-internet",
    "network-is-closed-by-default",
    "outsiders-are-named",
    "resource-policies-name-their-callers",
    "storage-is-private",
];

/// One fault and the places where it is. There is at least one.
pub(crate) struct Fault<'a> {
    pub places: Vec<Place<'a>>,
}

/// A place where a fault is, and what else is wrong with just the same words.
pub(crate) struct Place<'a> {
    pub finding: &'a Finding,
    pub also: Vec<&'a Finding>,
}

impl<'a> Fault<'a> {
    /// The finding at the first place: title, reasons and fix are the same at each.
    pub fn first(&self) -> &'a Finding {
        self.places[0].finding
    }
}

/// The faults, the severest first; then those that let strangers in, those of most places, and by page. `fails` is
/// ranked; `shown` is how many places of each fault will be seen.
///
/// A finding that rests on the same written value of the same resource as an earlier one, and stands against an outcome
/// that it stands against, is one more name for the same thing to change: it is told there, if it will be seen there.
pub(crate) fn faults<'a>(fails: &[&'a Finding], shown: Option<usize>) -> Vec<Fault<'a>> {
    let mut pages: Vec<&[&Finding]> =
        fails.chunk_by(|a, b| a.severity == b.severity && a.page == b.page).collect();
    pages.sort_by_key(|page| {
        let first = page[0];
        (Reverse(first.severity), !lets_strangers_in(first), Reverse(page.len()), first.page.as_str())
    });
    let mut faults: Vec<Fault> = Vec::new();
    let mut told: HashMap<(&Span, &Address), (usize, usize)> = HashMap::new();
    for page in pages {
        let mut places: Vec<Place> = Vec::new();
        for &finding in page {
            let value = written_value(finding).map(|span| (span, &finding.subject.address));
            let earlier = value
                .and_then(|value| told.get(&value))
                .and_then(|&(fault, place)| faults.get_mut(fault)?.places.get_mut(place));
            match (earlier, value) {
                (Some(earlier), _) if share_an_outcome(earlier.finding, finding) => {
                    earlier.also.push(finding)
                }
                (earlier, value) => {
                    if let (None, Some(value)) = (earlier, value)
                        && shown.is_none_or(|shown| places.len() < shown)
                    {
                        told.entry(value).or_insert((faults.len(), places.len()));
                    }
                    places.push(Place { finding, also: Vec::new() });
                }
            }
        }
        if !places.is_empty() {
            faults.push(Fault { places });
        }
    }
    faults
}

fn lets_strangers_in(finding: &Finding) -> bool {
    (finding.objectives.iter()).any(|objective| KEEP_STRANGERS_OUT.contains(&objective.as_str()))
}

/// The place of the finding, if the finding rests on a value that stands there. What rests on something that is missing
/// is found at the resource's beginning, together with all else that is missing there and has a fix of its own.
fn written_value(finding: &Finding) -> Option<&Span> {
    let Origin::File(span) = &finding.origin else {
        return None;
    };
    (finding.evidence.iter())
        .any(|evidence| evidence.origin == finding.origin && evidence.value.is_some())
        .then_some(span)
}

fn share_an_outcome(one: &Finding, other: &Finding) -> bool {
    one.page != other.page && (one.objectives.iter()).any(|objective| other.objectives.contains(objective))
}
