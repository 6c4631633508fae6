//! Which statements are about which actions: those of the service reference, in classes that no statement tells apart.

use crate::compile::Statement;
use crate::word::{Letter, Pattern, Step, letters};
use palisade_services::{Reference, Sources};
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// The actions that the service reference lists.
pub(crate) struct Universe {
    /// In lowercase, by service and name.
    pub names: Vec<Box<str>>,
    /// As AWS spells them.
    pub spelled: Vec<Box<str>>,
    /// Does a statement name resources for it? Nothing where the sources differ.
    pub takes_resource: Vec<Option<bool>>,
    services: BTreeMap<Box<str>, (usize, usize)>,
}

impl Universe {
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Universe> = OnceLock::new();
        SHIPPED.get_or_init(Self::read)
    }

    fn read() -> Self {
        let reference = Reference::shipped();
        let (mut names, mut spelled, mut takes_resource) = (Vec::new(), Vec::new(), Vec::new());
        let mut services = BTreeMap::new();
        for prefix in reference.prefixes() {
            let Some(service) = reference.service(prefix) else { continue };
            let start = names.len();
            for action in &service.actions {
                names.push(format!("{prefix}:{}", action.name).to_ascii_lowercase().into());
                spelled.push(format!("{prefix}:{}", action.name).into());
                let is_known = action.resource_sources != Sources::Differ;
                takes_resource.push(if is_known { action.takes_resources() } else { None });
            }
            services.insert(prefix.to_ascii_lowercase().into(), (start, names.len()));
        }
        Self { names, spelled, takes_resource, services }
    }

    /// The place of an action, by its name in lowercase.
    pub fn find(&self, name: &str) -> Option<usize> {
        let (prefix, _) = name.split_once(':')?;
        let (start, end) = self.services.get(prefix)?;
        self.names[*start..*end].binary_search_by(|known| known.as_ref().cmp(name)).ok().map(|at| start + at)
    }

    fn of_service(&self, prefix: &str) -> (usize, usize) {
        self.services.get(prefix).copied().unwrap_or_default()
    }
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Actions {
    pub is_negated: bool,
    /// Of whole actions, in lowercase.
    pub patterns: Vec<Pattern>,
    /// Those of them with wildcards.
    pub wild: Vec<Pattern>,
    texts: Vec<Box<str>>,
}

impl Actions {
    pub fn new(actions: &palisade_iam::Actions) -> Self {
        let texts: Vec<Box<str>> =
            actions.written.iter().map(|written| written.text.to_ascii_lowercase().into()).collect();
        let patterns: Vec<Pattern> = texts.iter().map(|text| pattern(text)).collect();
        let wild = patterns.iter().filter(|pattern| pattern.as_exact().is_none()).cloned().collect();
        Self { is_negated: actions.is_negated, patterns, wild, texts }
    }

    pub fn is_all(&self) -> bool {
        !self.is_negated && self.patterns.iter().any(Pattern::is_any)
    }

    /// Can it be about an action that it does not name in full?
    pub fn has_wildcards(&self) -> bool {
        self.is_negated || self.texts.iter().any(|text| text.contains(['*', '?']))
    }

    /// The actions that it names in full.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref).filter(|text| !text.contains(['*', '?']))
    }

    pub fn contains(&self, name: &str) -> bool {
        let word = letters(name);
        self.patterns.iter().any(|pattern| pattern.matches(&word)) != self.is_negated
    }

    /// The actions of the reference, as places.
    fn listed(&self, universe: &Universe, compared: &mut usize) -> Vec<usize> {
        let mut found = vec![false; universe.names.len()];
        for (text, pattern) in self.texts.iter().zip(&self.patterns) {
            if pattern.is_any() {
                found.fill(true);
                break;
            }
            if !text.contains(['*', '?']) {
                if let Some(at) = universe.find(text) {
                    found[at] = true;
                }
                continue;
            }
            let (start, end) = match text.split_once(':') {
                Some((prefix, _)) if !prefix.contains(['*', '?']) => universe.of_service(prefix),
                _ => (0, universe.names.len()),
            };
            let is_service = text
                .split_once(':')
                .is_some_and(|(prefix, name)| name == "*" && !prefix.contains(['*', '?']));
            *compared += end - start;
            if *compared > MAX_COMPARED {
                break;
            }
            for (is_found, name) in found[start..end].iter_mut().zip(&universe.names[start..end]) {
                *is_found = *is_found || is_service || is_match(text.as_bytes(), name.as_bytes());
            }
        }
        (0..found.len()).filter(|at| found[*at] != self.is_negated).collect()
    }
}

/// Does the pattern match? Both in ASCII; what a star has passed is only looked at again for the last star.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut back {
                Some((star, from)) => {
                    *from += 1;
                    (p, t) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

fn pattern(text: &str) -> Pattern {
    let step = |c| match c {
        '*' => Step::Star { within: false },
        '?' => Step::One { within: false },
        c => Step::Letter(c as Letter),
    };
    let mut steps: Vec<Step> = text.chars().map(step).collect();
    steps.dedup_by(|a, b| a == b && matches!(a, Step::Star { .. }));
    Pattern { steps, ignores_case: false }
}

/// The words that are actions: `service:name`.
pub(crate) fn all_actions() -> Vec<Pattern> {
    let (one, star) = (Step::One { within: true }, Step::Star { within: true });
    vec![Pattern { steps: vec![one, star, Step::Letter(':' as Letter), one, star], ignores_case: false }]
}

/// The letters of actions.
pub(crate) fn is_action_letter(letter: Letter) -> bool {
    char::from_u32(letter)
        .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | ':'))
}

/// The classes of listed actions that the statements cut.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    /// The class of each listed action.
    pub of: Vec<u16>,
    /// The statements of each class, beside those about all actions. The first has none.
    pub statements: Vec<Vec<usize>>,
    /// The statements about all actions.
    pub always: Vec<usize>,
    /// The actions that are in another class than the first.
    pub touched: Vec<usize>,
}

/// How many names may be compared with patterns, and how many statements may be about an action, over all actions.
const MAX_COMPARED: usize = 30_000_000;
const MAX_LISTED: usize = 5_000_000;

impl Classes {
    /// The classes; and no, when there are too many to tell them apart.
    pub fn new(statements: &[Statement]) -> (Self, bool) {
        let universe = Universe::shipped();
        let mut always = Vec::new();
        // Statements of the same actions are found together.
        let mut of_actions: HashMap<&Actions, Vec<usize>> = HashMap::new();
        for (number, statement) in statements.iter().enumerate() {
            match statement.actions.is_all() {
                true => always.push(number),
                false => of_actions.entry(&statement.actions).or_default().push(number),
            }
        }
        let mut groups: Vec<(&Actions, Vec<usize>)> = of_actions.into_iter().collect();
        groups.sort_by_key(|(_, statements)| statements.first().copied());
        let mut of_action: HashMap<usize, Vec<u32>> = HashMap::new();
        let (mut compared, mut listed) = (0, 0);
        for (number, (actions, _)) in groups.iter().enumerate() {
            let found = actions.listed(universe, &mut compared);
            listed += found.len();
            if compared > MAX_COMPARED || listed > MAX_LISTED {
                let of = vec![0; universe.names.len()];
                return (Self { of, statements: vec![Vec::new()], always, touched: Vec::new() }, false);
            }
            for at in found {
                of_action.entry(at).or_default().push(u32::try_from(number).unwrap_or(u32::MAX));
            }
        }
        let mut touched: Vec<usize> = of_action.keys().copied().collect();
        touched.sort_unstable();
        let mut of = vec![0; universe.names.len()];
        let mut known: HashMap<Vec<u32>, u16> = HashMap::from([(Vec::new(), 0)]);
        let mut classes: Vec<Vec<usize>> = vec![Vec::new()];
        let mut held = 0;
        for at in &touched {
            let Some(list) = of_action.remove(at) else { continue };
            let next = u16::try_from(classes.len()).unwrap_or(u16::MAX);
            of[*at] = *known.entry(list).or_insert_with_key(|list| {
                let mut of_class: Vec<usize> =
                    list.iter().flat_map(|group| &groups[*group as usize].1).copied().collect();
                of_class.sort_unstable();
                held += of_class.len();
                // So many are never looked at.
                classes.push(if held > MAX_LISTED { Vec::new() } else { of_class });
                next
            });
        }
        (Self { of, statements: classes, always, touched }, held <= MAX_LISTED)
    }
}
