//! The library: every page that could be read, and what they say of one another.

use crate::{Body, Check, Covers, Detection, Escalation, Framework, Page, Playbook, Sort};
use palisade_kinds::Kinds;
use palisade_model::PageId;
use std::collections::BTreeMap;

/// Every page that could be read.
#[derive(Debug, Clone, Default)]
pub struct Library {
    pages: BTreeMap<(Sort, PageId), Page>,
    kinds: Kinds,
    objectives: BTreeMap<PageId, Vec<String>>,
    checks: BTreeMap<PageId, Vec<String>>,
    detections: BTreeMap<PageId, Vec<String>>,
}

impl Library {
    pub(crate) fn new(pages: BTreeMap<(Sort, PageId), Page>, kinds: Kinds) -> Self {
        let mut library = Self { kinds, ..Self::default() };
        for framework in pages.values().filter_map(framework) {
            library.add_controls(framework);
        }
        library.pages = pages;
        library
    }

    fn add_controls(&mut self, framework: &Framework) {
        for control in &framework.controls {
            for covers in &control.covers {
                let (named, id) = match covers {
                    Covers::Objective(id) => (&mut self.objectives, id),
                    Covers::Check(id) => (&mut self.checks, id),
                    Covers::Detection(id) => (&mut self.detections, id),
                };
                let controls = named.entry(id.clone()).or_default();
                controls.push(format!("{} {}", framework.short, control.id));
            }
        }
    }

    /// The kinds: what each resource type is.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Every page, by sort and id.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.values()
    }

    /// The pages of one sort, by id.
    pub fn of_sort(&self, sort: Sort) -> impl Iterator<Item = &Page> {
        self.pages.values().filter(move |page| page.sort == sort)
    }

    /// The page of a sort and an id.
    pub fn page(&self, sort: Sort, id: &PageId) -> Option<&Page> {
        self.pages.get(&(sort, id.clone()))
    }

    /// The pages of an id, whatever their sort.
    pub fn pages_of_id<'a>(&'a self, id: &'a PageId) -> impl Iterator<Item = &'a Page> {
        Sort::ALL.into_iter().filter_map(move |sort| self.page(sort, id))
    }

    /// The checks, by id.
    pub fn checks(&self) -> impl Iterator<Item = (&Page, &Check)> {
        self.of_sort(Sort::Check).filter_map(|page| match &page.body {
            Body::Check(check) => Some((page, check)),
            _ => None,
        })
    }

    /// The detections, by id.
    pub fn detections(&self) -> impl Iterator<Item = (&Page, &Detection)> {
        self.of_sort(Sort::Detection).filter_map(|page| match &page.body {
            Body::Detection(detection) => Some((page, detection)),
            _ => None,
        })
    }

    /// The escalations, by id.
    pub fn escalations(&self) -> impl Iterator<Item = (&Page, &Escalation)> {
        self.of_sort(Sort::Escalation).filter_map(|page| match &page.body {
            Body::Escalation(escalation) => Some((page, escalation)),
            _ => None,
        })
    }

    /// The playbooks, by id.
    pub fn playbooks(&self) -> impl Iterator<Item = (&Page, &Playbook)> {
        self.of_sort(Sort::Playbook).filter_map(|page| match &page.body {
            Body::Playbook(playbook) => Some((page, playbook)),
            _ => None,
        })
    }

    /// The frameworks, by id.
    pub fn frameworks(&self) -> impl Iterator<Item = (&Page, &Framework)> {
        let pages = self.of_sort(Sort::Framework);
        pages.filter_map(|page| framework(page).map(|framework| (page, framework)))
    }

    /// The controls that a page answers to, directly or through its objectives, as `CIS AWS 5.0 2.2.1`.
    pub fn controls_of(&self, page: &Page) -> Vec<String> {
        let direct = match page.sort {
            Sort::Check => self.checks.get(&page.id),
            Sort::Detection => self.detections.get(&page.id),
            Sort::Objective => self.objectives.get(&page.id),
            Sort::Kind | Sort::Escalation | Sort::Framework | Sort::Playbook => None,
        };
        let through = page.objectives().iter().filter_map(|id| self.objectives.get(id));
        let mut controls: Vec<String> = direct.into_iter().chain(through).flatten().cloned().collect();
        controls.sort();
        controls.dedup();
        controls
    }
}

fn framework(page: &Page) -> Option<&Framework> {
    match &page.body {
        Body::Framework(framework) => Some(framework),
        _ => None,
    }
}
