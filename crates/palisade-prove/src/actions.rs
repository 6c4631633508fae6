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
    texts: Vec<Box<str>>,
}

impl Actions {
    pub fn new(actions: &palisade_iam::Actions) -> Self {
        let texts: Vec<Box<str>> =
            actions.written.iter().map(|written| written.text.to_ascii_lowercase().into()).collect();
        Self {
            is_negated: actions.is_negated,
            patterns: texts.iter().map(|text| pattern(text)).collect(),
            texts,
        }
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
    fn listed(&self, universe: &Universe) -> Vec<usize> {
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

impl Classes {
    pub fn new(statements: &[Statement]) -> Self {
        let universe = Universe::shipped();
        let mut always = Vec::new();
        let mut of_action: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, statement) in statements.iter().enumerate() {
            if statement.actions.is_all() {
                always.push(number);
                continue;
            }
            for at in statement.actions.listed(universe) {
                of_action.entry(at).or_default().push(number);
            }
        }
        let mut touched: Vec<usize> = of_action.keys().copied().collect();
        touched.sort_unstable();
        let mut of = vec![0; universe.names.len()];
        let mut known: HashMap<Vec<usize>, u16> = HashMap::from([(Vec::new(), 0)]);
        let mut classes = vec![Vec::new()];
        for at in &touched {
            let Some(list) = of_action.remove(at) else { continue };
            let next = u16::try_from(classes.len()).unwrap_or(u16::MAX);
            of[*at] = *known.entry(list).or_insert_with_key(|list| {
                classes.push(list.clone());
                next
            });
        }
        Self { of, statements: classes, always, touched }
    }
}
