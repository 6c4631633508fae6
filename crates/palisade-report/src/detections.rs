//! What detections have to say of logs, before it takes a form.

use palisade_model::{Diagnostic, Fingerprint, Hit, PageId, Severity};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What detections have to say of logs.
#[derive(Debug, Clone, Default)]
pub struct Detections {
    /// The version of Palisade that speaks.
    pub tool_version: String,
    /// What was looked at, as the user named it.
    pub targets: Vec<String>,
    /// How many events were read.
    pub events: u64,
    /// How many files they were read from.
    pub files: u64,
    /// How many pieces of the logs, and how many files, could not be read, together.
    pub refused: u64,
    /// What was found, in any order.
    pub hits: Vec<Hit>,
    /// What is wrong with the input.
    pub diagnostics: Vec<Diagnostic>,
    /// The pages of the detections that ran, those that found nothing included.
    pub pages: Vec<DetectionSummary>,
}

/// What a report needs to know of a detection's page.
#[derive(Debug, Clone)]
pub struct DetectionSummary {
    /// Its path below the folder of detections.
    pub id: PageId,
    /// What should not happen, in a sentence.
    pub title: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// Why it matters: Markdown.
    pub why: Arc<str>,
    /// What to look at when it fires: Markdown.
    pub triage: Arc<str>,
    /// The techniques of MITRE ATT&CK it shows, as `T1078.004`.
    pub attack: Vec<Arc<str>>,
}

/// The hits of one detection, in the order of time. There is at least one.
pub(crate) struct Fired<'a> {
    pub severity: Severity,
    pub page: &'a PageId,
    pub hits: Vec<&'a Hit>,
}

impl Detections {
    /// What fired, the severest first, then what fired most often.
    pub(crate) fn fired(&self) -> Vec<Fired<'_>> {
        let mut pages: BTreeMap<(Severity, &str), Fired> = BTreeMap::new();
        for hit in in_time(&self.hits) {
            let key = (hit.severity, hit.rule_id.as_str());
            let fired = pages.entry(key).or_insert_with(|| Fired {
                severity: hit.severity,
                page: &hit.rule_id,
                hits: Vec::new(),
            });
            fired.hits.push(hit);
        }
        let mut fired: Vec<Fired> = pages.into_values().collect();
        fired.sort_by_key(|one| (Reverse(one.severity), Reverse(one.hits.len()), one.page.as_str()));
        fired
    }
}

/// The hits in the order of time; those without a time come last, in the order of their events.
pub(crate) fn in_time(hits: &[Hit]) -> Vec<&Hit> {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by_key(|hit| (hit.time.is_none(), &hit.time, hit.event_index, hit.rule_id.as_str()));
    hits
}

/// The same tomorrow for the same event and detection: of the event's own id, or else of its place.
pub(crate) fn fingerprint(hit: &Hit) -> Fingerprint {
    match &hit.event_id {
        Some(id) => Fingerprint::new(&hit.rule_id, id, "", 0),
        None => Fingerprint::new(&hit.rule_id, &format!("{}:{}", hit.file, hit.line), &hit.message, 0),
    }
}
