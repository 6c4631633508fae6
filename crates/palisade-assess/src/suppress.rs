//! Takes what somebody accepted out of the findings, and says which acceptance has expired or is about nothing.

use crate::comments::{Note, notes};
use crate::pattern::{matches, matches_path};
use crate::{Assessment, Gathered};
use palisade_content::Library;
use palisade_model::{
    Address, Day, Diagnostic, Finding, Fingerprint, Span, Suppressed, SuppressedBy, Suppression,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A suppression of the settings. What it does not name it does not ask for.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The check: an id, `*` stands for anything.
    pub check: String,
    /// The resource's address or ARN, `*` stands for anything.
    pub resource: Option<String>,
    /// The file, or a folder above it, `*` stands for anything.
    pub path: Option<String>,
    /// The very finding.
    pub fingerprint: Option<Fingerprint>,
    /// Why it is accepted, until when, and by whom.
    pub suppression: Suppression,
}

/// What to suppress by.
pub struct SuppressOptions<'a> {
    /// The suppressions of the settings.
    pub accepted: &'a [Accepted],
    /// The day it is.
    pub today: Day,
    /// The text of a file by the path that spans name it by.
    pub sources: &'a dyn Fn(&str) -> Option<Arc<str>>,
    /// A path as the settings would write it.
    pub path_of: &'a dyn Fn(&str) -> String,
    /// May something that a `path` of the settings names be among what was looked at?
    pub may_be_seen: &'a dyn Fn(&str) -> bool,
}

/// Where resources are declared and modules called.
#[derive(Debug, Default)]
pub struct Declarations {
    resources: HashMap<Address, Span>,
    calls: BTreeMap<Address, Span>,
}

impl Declarations {
    /// Those of what was gathered.
    pub fn of(gathered: &Gathered) -> Self {
        let places = gathered
            .resources
            .iter()
            .filter_map(|resource| Some((resource.address.clone(), resource.origin.span()?.clone())));
        Self { resources: places.collect(), calls: gathered.calls.clone() }
    }

    /// The places at which a note may stand that is about a finding: where it is found, where its resource is declared, and
    /// where each module is called that it is in.
    fn places<'a>(&'a self, finding: &'a Finding) -> Vec<&'a Span> {
        let address = &finding.subject.address;
        let mut places: Vec<&Span> = finding.origin.span().into_iter().collect();
        places.extend(self.resources.get(address));
        if address.name.starts_with("module.") {
            let ends = address.name.match_indices('.').map(|(at, _)| at + 1);
            places.extend(ends.filter_map(|end| {
                let name = address.name.get(..end)?.into();
                self.calls.get(&Address { root: address.root.clone(), name })
            }));
        }
        places
    }
}

/// Something that may suppress, and what came of it.
struct Candidate<'a> {
    suppression: Suppression,
    what: What<'a>,
    /// How many findings it is about.
    about: u64,
}

enum What<'a> {
    Note(Note),
    Accepted(&'a Accepted),
}

impl Candidate<'_> {
    fn is_about(&self, finding: &Finding, places: &[&Span], options: &SuppressOptions<'_>) -> bool {
        let id = finding.page.as_str();
        match &self.what {
            What::Note(note) => {
                note.checks.iter().any(|check| matches(check, id))
                    && places.iter().any(|place| {
                        place.file == note.place.file && place.start >= note.from && place.start <= note.to
                    })
            }
            What::Accepted(accepted) => {
                let subject = &finding.subject;
                matches(&accepted.check, id)
                    && accepted.fingerprint.is_none_or(|print| print == finding.fingerprint)
                    && accepted.resource.as_ref().is_none_or(|pattern| {
                        matches(pattern, &subject.address.name)
                            || subject.arn.as_ref().is_some_and(|arn| matches(pattern, &arn.to_string()))
                    })
                    && accepted.path.as_ref().is_none_or(|pattern| {
                        places.iter().any(|place| matches_path(pattern, &(options.path_of)(&place.file)))
                    })
            }
        }
    }

    fn checks(&self) -> Vec<&str> {
        match &self.what {
            What::Note(note) => note.checks.iter().map(String::as_str).collect(),
            What::Accepted(accepted) => vec![&accepted.check],
        }
    }

    fn is_expired(&self, today: Day) -> bool {
        self.suppression.until.is_some_and(|until| until < today)
    }
}

/// Takes what is suppressed out of an assessment. What is wrong with suppressions, has expired or is about nothing becomes a
/// diagnostic of the assessment.
pub fn suppress(
    assessment: &mut Assessment,
    declarations: &Declarations,
    library: &Library,
    options: &SuppressOptions<'_>,
) -> Vec<Suppressed> {
    let mut candidates = noted(assessment, declarations, library, options);
    candidates.extend(options.accepted.iter().map(|accepted| Candidate {
        suppression: accepted.suppression.clone(),
        what: What::Accepted(accepted),
        about: 0,
    }));
    if candidates.is_empty() {
        return Vec::new();
    }
    let mut by: Vec<Option<Suppression>> = Vec::with_capacity(assessment.findings.len());
    for finding in &assessment.findings {
        let places = declarations.places(finding);
        let mut found = None;
        for candidate in &mut candidates {
            if candidate.is_about(finding, &places, options) {
                candidate.about += 1;
                if found.is_none() && !candidate.is_expired(options.today) {
                    found = Some(candidate.suppression.clone());
                }
            }
        }
        by.push(found);
    }
    let ran: Vec<&str> = assessment.checks.iter().map(|check| check.as_str()).collect();
    let said: Vec<Diagnostic> =
        candidates.iter().filter_map(|candidate| remark(candidate, &ran, options)).collect();
    let aside = assessment.set_aside(|position| by[position].is_some());
    assessment.diagnostics.extend(said);
    let suppressions = by.into_iter().flatten();
    aside
        .into_iter()
        .zip(suppressions)
        .map(|(finding, suppression)| Suppressed { finding, suppression })
        .collect()
}

/// The notes in the files that declare something, or in which something is found.
fn noted<'a>(
    assessment: &mut Assessment,
    declarations: &Declarations,
    library: &Library,
    options: &SuppressOptions<'_>,
) -> Vec<Candidate<'a>> {
    let declared = declarations.resources.values().chain(declarations.calls.values());
    let found = assessment.findings.iter().filter_map(|finding| finding.origin.span());
    let files: BTreeSet<Arc<str>> = declared.chain(found).map(|span| span.file.clone()).collect();
    // Whoever wrote a module that was downloaded accepts nothing for those who call it.
    let is_own = |file: &Arc<str>| !file.split('/').any(|part| part == ".terraform");
    let ids: Vec<&str> = library.checks().map(|(page, _)| page.id.as_str()).collect();
    let mut candidates = Vec::new();
    for file in files.into_iter().filter(is_own) {
        let Some(text) = (options.sources)(&file) else { continue };
        let (notes, wrong) = notes(&file, &text, &ids);
        assessment.diagnostics.extend(wrong);
        candidates.extend(notes.into_iter().map(|note| Candidate {
            suppression: Suppression {
                by: SuppressedBy::Comment,
                reason: note.reason.clone(),
                place: note.place.clone(),
                until: note.until,
                owner: None,
                ticket: None,
            },
            what: What::Note(note),
            about: 0,
        }));
    }
    candidates
}

/// What is to be said of a suppression that no longer holds, or is about nothing.
fn remark(candidate: &Candidate<'_>, ran: &[&str], options: &SuppressOptions<'_>) -> Option<Diagnostic> {
    let place = candidate.suppression.place.clone();
    let names = candidate.checks().join("`, `");
    if candidate.about > 0 {
        let until = candidate.suppression.until.filter(|_| candidate.is_expired(options.today))?;
        let counts = match candidate.about {
            1 => "1 finding counts again".to_owned(),
            about => format!("{about} findings count again"),
        };
        let said = format!("the suppression of `{names}` expired on {until}: {counts}");
        return Some(Diagnostic::warning(said).at(place).help("mend it, or accept it anew with a later day"));
    }
    // A check that did not run, or a file that was not looked at, says nothing of it.
    let has_run = candidate.checks().iter().any(|check| ran.iter().any(|id| matches(check, id)));
    let is_seen = match &candidate.what {
        What::Accepted(Accepted { path: Some(path), .. }) => (options.may_be_seen)(path),
        _ => true,
    };
    let said = || {
        Diagnostic::warning(format!(
            "the suppression of `{names}` is unused: nothing found is what it is about"
        ))
    };
    (has_run && is_seen).then(|| said().at(place).help("remove it, if what it was about is gone"))
}
