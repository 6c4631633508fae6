//! Sets of words that wildcard patterns describe, and the search for a word that is in some and not in others.
//!
//! A set is a union of patterns. The search walks the product of their automata and ends at the first word, or when
//! all states were seen: then there is none. A variable of a policy is one letter of its own, see `Letter`.

use std::collections::{HashMap, HashSet, VecDeque};

/// A letter of a word: a character; or above all characters the value of a variable, as one letter. Its last bit
/// says that it stands for the value in any letter case.
pub type Letter = u32;

/// The first letter that stands for a variable.
pub const VARIABLES: Letter = 0x11_0000;

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// This letter.
    Letter(Letter),
    /// Any one character; within a field of an ARN, none that ends it.
    One {
        /// Does it stay within its field?
        within: bool,
    },
    /// Any characters.
    Star {
        /// Do they stay within their field?
        within: bool,
    },
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Its steps.
    pub steps: Vec<Step>,
    /// Does letter case not matter?
    pub ignores_case: bool,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This word.
    Word(Vec<Letter>),
    /// There is none.
    Nothing,
    /// The steps were used up.
    OutOfSteps,
}

const COLON: Letter = ':' as Letter;

fn lower(letter: Letter) -> Letter {
    if (u32::from(b'A')..=u32::from(b'Z')).contains(&letter) { letter + 32 } else { letter }
}

impl Pattern {
    /// The pattern of these characters and no others.
    pub fn exact(text: &str) -> Self {
        Self { steps: text.chars().map(|c| Step::Letter(c as Letter)).collect(), ignores_case: false }
    }

    /// The pattern that every word matches.
    pub fn any() -> Self {
        Self { steps: vec![Step::Star { within: false }], ignores_case: false }
    }

    /// The pattern of all ARNs.
    pub fn arn() -> Self {
        let mut steps: Vec<Step> = "arn:".chars().map(|c| Step::Letter(c as Letter)).collect();
        for _ in 0..4 {
            steps.extend([Step::Star { within: true }, Step::Letter(COLON)]);
        }
        steps.push(Step::Star { within: false });
        Self { steps, ignores_case: false }
    }

    /// Does it match every word?
    pub fn is_any(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Star { within: false }])
    }

    /// The one word it matches, when it is only one.
    pub fn as_exact(&self) -> Option<Vec<Letter>> {
        if self.ignores_case {
            return None;
        }
        let letter = |step: &Step| match step {
            Step::Letter(letter) => Some(*letter),
            _ => None,
        };
        self.steps.iter().map(letter).collect()
    }

    /// A short word of its.
    pub fn sample(&self) -> Vec<Letter> {
        let letter = |step: &Step| match step {
            Step::Letter(letter) => Some(*letter),
            Step::One { .. } => Some('x' as Letter),
            Step::Star { .. } => None,
        };
        self.steps.iter().filter_map(letter).collect()
    }

    fn takes(&self, step: Step, letter: Letter) -> bool {
        let crosses = |within: bool| within && (letter == COLON || letter >= VARIABLES);
        match step {
            Step::Letter(expected) if expected == letter => true,
            Step::Letter(expected) if !self.ignores_case => {
                // A value in any letter case is more than the value itself.
                let _ = expected;
                false
            }
            Step::Letter(expected) if expected >= VARIABLES || letter >= VARIABLES => {
                expected >> 1 == letter >> 1
            }
            Step::Letter(expected) => lower(expected) == lower(letter),
            Step::One { within } => letter < VARIABLES && !crosses(within),
            Step::Star { within } => !crosses(within),
        }
    }

    /// Do the letters before the first wildcard differ?
    fn begins_otherwise(&self, others: impl Iterator<Item = Option<Letter>>) -> bool {
        for (step, other) in self.steps.iter().zip(others) {
            match (step, other) {
                (Step::Letter(_), Some(letter)) if self.takes(*step, letter) => {}
                (Step::Letter(_), Some(_)) => return true,
                _ => return false,
            }
        }
        false
    }

    /// Is the word one of its?
    pub fn matches(&self, word: &[Letter]) -> bool {
        if self.begins_otherwise(word.iter().copied().map(Some)) {
            return false;
        }
        let mut places = vec![false; self.steps.len() + 1];
        places[0] = true;
        self.close(&mut places);
        for letter in word {
            let mut next = vec![false; places.len()];
            for (at, step) in self.steps.iter().enumerate() {
                if places[at] && self.takes(*step, *letter) {
                    next[at + usize::from(!matches!(step, Step::Star { .. }))] = true;
                }
            }
            self.close(&mut next);
            places = next;
        }
        places.last().copied().unwrap_or(false)
    }

    /// Is the word one of its, for some texts that the variables in the word stand for?
    fn may_match(&self, word: &[Letter]) -> bool {
        if !word.iter().any(|letter| *letter >= VARIABLES) {
            return self.matches(word);
        }
        let mut places = vec![false; self.steps.len() + 1];
        places[0] = true;
        self.close(&mut places);
        for letter in word {
            let mut next = vec![false; places.len()];
            for (at, step) in self.steps.iter().enumerate() {
                if places[at] && self.takes(*step, *letter) {
                    next[at + usize::from(!matches!(step, Step::Star { .. }))] = true;
                }
            }
            if *letter >= VARIABLES
                && let Some(first) = places.iter().position(|is_there| *is_there)
            {
                next[first..].fill(true);
            }
            self.close(&mut next);
            places = next;
        }
        places.last().copied().unwrap_or(false)
    }

    fn close(&self, places: &mut [bool]) {
        for (at, step) in self.steps.iter().enumerate() {
            if places[at] && matches!(step, Step::Star { .. }) {
                places[at + 1] = true;
            }
        }
    }

    /// Can a word be one of both? A yes may be wrong: it only costs a search.
    fn may_share(&self, other: &Self) -> bool {
        let differ = |a: &Step, b: &Step| match (a, b) {
            (Step::Letter(one), Step::Letter(two)) => Some(!self.takes(*a, *two) && !other.takes(*b, *one)),
            _ => None,
        };
        let begins = self.steps.iter().zip(&other.steps).map_while(|(a, b)| differ(a, b));
        let mut ends = self.steps.iter().rev().zip(other.steps.iter().rev()).map_while(|(a, b)| differ(a, b));
        !begins.into_iter().any(|differs| differs) && !ends.any(|differs| differs)
    }

    /// Is every word of the other surely one of its? A no may be wrong: it only saves a search.
    pub fn surely_covers(&self, other: &Self) -> bool {
        if self.is_any() || self == other {
            return true;
        }
        if other.ignores_case && !self.ignores_case {
            return false;
        }
        let letter = |step: &Step| match step {
            Step::Letter(letter) => Some(*letter),
            _ => None,
        };
        if self.begins_otherwise(other.steps.iter().map(letter)) {
            return false;
        }
        // The signs of the other are read as letters, which only stars (or the same sign) of this one take.
        let mut places = vec![false; self.steps.len() + 1];
        places[0] = true;
        self.close(&mut places);
        for sign in &other.steps {
            let mut next = vec![false; places.len()];
            for (at, step) in self.steps.iter().enumerate() {
                if !places[at] {
                    continue;
                }
                let is_taken = match (step, sign) {
                    (step, Step::Letter(letter)) => self.takes(*step, *letter),
                    (Step::One { within } | Step::Star { within }, Step::One { within: theirs }) => {
                        !within || *theirs
                    }
                    (Step::Star { within }, Step::Star { within: theirs }) => !within || *theirs,
                    _ => false,
                };
                if is_taken {
                    next[at + usize::from(!matches!(step, Step::Star { .. }))] = true;
                }
            }
            self.close(&mut next);
            places = next;
        }
        places.last().copied().unwrap_or(false)
    }
}

/// A union of patterns that a word must be in, or must not be in.
pub type Set = Vec<Pattern>;

/// Finds a word in all the sets `within` and in none of `without`, of letters that `allowed` lets through. It must be in
/// the sets `domain` too, in which the letter of a variable stands for any letters at all.
pub fn find(
    within: &[&Set],
    domain: &[&Set],
    without: &[&Set],
    allowed: fn(Letter) -> bool,
    steps: &mut u64,
) -> Found {
    if within.iter().any(|set| set.is_empty()) {
        return Found::Nothing;
    }
    let has_variables = within.iter().any(|set| has_variables(set));
    let is_it = |word: &[Letter]| {
        within.iter().all(|set| set.iter().any(|pattern| pattern.matches(word)))
            && domain.iter().all(|set| set.iter().any(|pattern| pattern.may_match(word)))
            && !without.iter().any(|set| set.iter().any(|pattern| pattern.matches(word)))
    };
    // With a set of texts in full there is nothing to search.
    let exact = within.iter().chain(domain.iter().filter(|_| !has_variables));
    let texts =
        exact.into_iter().find_map(|set| set.iter().map(Pattern::as_exact).collect::<Option<Vec<_>>>());
    if let Some(texts) = texts {
        *steps = steps.saturating_sub(texts.len() as u64);
        let found =
            texts.into_iter().find(|word| is_it(word) && word.iter().all(|l| *l >= VARIABLES || allowed(*l)));
        return found.map_or(Found::Nothing, Found::Word);
    }
    let any = vec![Pattern::any()];
    let all = || within.iter().chain(domain);
    let narrowest = all().min_by_key(|set| set.len()).map_or(&any, |set| *set);
    let mut open: Vec<&Pattern> = Vec::new();
    for pattern in narrowest {
        match is_covered(pattern, without, steps) {
            Some(true) => {}
            Some(false) => open.push(pattern),
            None => return Found::OutOfSteps,
        }
    }
    if open.is_empty() {
        return Found::Nothing;
    }
    for set in all().filter(|set| !std::ptr::eq(**set, narrowest)) {
        let mut covered = set.iter().map(|pattern| is_covered(pattern, without, steps));
        match covered.find(|covered| *covered != Some(true)) {
            None => return Found::Nothing,
            Some(None) => return Found::OutOfSteps,
            Some(_) => {}
        }
    }
    let size = (within.iter().chain(without).map(|set| set.len()).sum::<usize>()) as u64;
    for pattern in &open {
        for sample in samples(pattern) {
            *steps = steps.saturating_sub(size / 4);
            if sample.iter().all(|l| *l >= VARIABLES || allowed(*l)) && is_it(&sample) {
                return Found::Word(sample);
            }
        }
        if *steps == 0 {
            return Found::OutOfSteps;
        }
    }
    let Some(split) = (0..within.len()).min_by_key(|at| within[*at].len()) else {
        return Product::new(within, domain, without, allowed).search(steps);
    };
    // One pattern after another, beside those alone that share words with it: so the automata stay small.
    for pattern in within[split] {
        match is_covered(pattern, without, steps) {
            Some(true) => continue,
            Some(false) => {}
            None => return Found::OutOfSteps,
        }
        let near = |sets: &[&Set]| -> Vec<Set> {
            let near = |set: &&Set| set.iter().filter(|other| pattern.may_share(other)).cloned().collect();
            sets.iter().map(near).collect()
        };
        *steps =
            steps.saturating_sub(without.iter().chain(within).map(|set| set.len() as u64).sum::<u64>() / 8);
        let (mut within, without) = (near(within), near(without));
        within[split] = vec![pattern.clone()];
        if within.iter().any(Vec::is_empty) {
            continue;
        }
        let (within, without): (Vec<&Set>, Vec<&Set>) = (within.iter().collect(), without.iter().collect());
        match Product::new(&within, domain, &without, allowed).search(steps) {
            Found::Nothing => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// Is the pattern surely within one that the word must not match? Nothing, when the steps do not suffice to tell.
fn is_covered(pattern: &Pattern, without: &[&Set], steps: &mut u64) -> Option<bool> {
    for other in without.iter().flat_map(|set| set.iter()) {
        // Most differ in their first letters, the others cost as much as they are long.
        let may_cover = pattern.may_share(other);
        let price = if may_cover { 1 + (pattern.steps.len() * other.steps.len() / 64) as u64 } else { 1 };
        if *steps < price {
            return None;
        }
        *steps -= price;
        if may_cover && other.surely_covers(pattern) {
            return Some(true);
        }
    }
    Some(false)
}

/// Are there letters that stand for variables in one of the patterns?
pub fn has_variables(set: &Set) -> bool {
    set.iter().flat_map(|p| &p.steps).any(|step| matches!(step, Step::Letter(l) if *l >= VARIABLES))
}

/// Words of a pattern that look like what people name.
fn samples(pattern: &Pattern) -> Vec<Vec<Letter>> {
    let fills: [[&str; 6]; 3] = [
        ["arn", "aws", "service", "us-east-1", "111122223333", "x"],
        ["arn", "aws", "service", "us-east-1", "111122223333", ""],
        ["arn", "aws-cn", "other", "cn-north-1", "444455556666", "zq/zq"],
    ];
    let is_arn = pattern.steps.len() > 4
        && pattern.steps.iter().zip("arn:".chars()).all(|(step, c)| *step == Step::Letter(c as Letter));
    fills
        .iter()
        .map(|fill| {
            let mut word = Vec::new();
            let mut field = if is_arn { 0 } else { 5 };
            for step in &pattern.steps {
                match step {
                    Step::Letter(letter) => {
                        if *letter == COLON && field < 5 {
                            field += 1;
                        }
                        word.push(*letter);
                    }
                    Step::One { .. } => word.push('x' as Letter),
                    Step::Star { .. } => {
                        // A field that is a star alone is filled whole.
                        let text = if field < 5 && word.last() != Some(&COLON) { "x" } else { fill[field] };
                        word.extend(text.chars().map(|c| c as Letter));
                    }
                }
            }
            word
        })
        .collect()
}

struct Product<'a> {
    patterns: Vec<&'a Pattern>,
    // Where the places of each pattern begin.
    starts: Vec<usize>,
    // The patterns of each set, and whether a word must be in it.
    sets: Vec<(std::ops::Range<usize>, bool)>,
    // Those of the domain, from the first on that is one and up to the first that is none any more.
    loose: std::ops::Range<usize>,
    places: usize,
    fresh: Option<Letter>,
    allowed: fn(Letter) -> bool,
}

type State = Box<[u64]>;

impl<'a> Product<'a> {
    fn new(within: &[&'a Set], domain: &[&'a Set], without: &[&'a Set], allowed: fn(Letter) -> bool) -> Self {
        let (mut patterns, mut sets) = (Vec::new(), Vec::new());
        let wanted = within.iter().chain(domain).map(|set| (*set, true));
        for (set, is_wanted) in wanted.chain(without.iter().map(|set| (*set, false))) {
            let start = patterns.len();
            patterns.extend(set.iter());
            sets.push((start..patterns.len(), is_wanted));
        }
        let count = |sets: &[&Set]| sets.iter().map(|set| set.len()).sum::<usize>();
        let loose = count(within)..count(within) + count(domain);
        let mut starts = Vec::with_capacity(patterns.len());
        let mut places = 0;
        for pattern in &patterns {
            starts.push(places);
            places += pattern.steps.len() + 1;
        }
        let mut used: HashSet<Letter> = HashSet::new();
        for step in patterns.iter().flat_map(|pattern| &pattern.steps) {
            if let Step::Letter(letter) = step {
                used.insert(lower(*letter));
            }
        }
        // Among the private ones there is always one that no pattern has, unless it may not be one of them.
        let candidates = "xzqwjkv0123456789-_abcdefghilmnoprstuy~".chars().map(|c| c as Letter);
        let mut candidates = candidates.chain(0xE000..=0xF8FF).chain(0xF_0000..=0xF_FFFD);
        let fresh = candidates.find(|letter| !used.contains(letter) && allowed(*letter));
        Self { patterns, starts, sets, loose, places, fresh, allowed }
    }

    fn has(state: &State, place: usize) -> bool {
        state[place / 64] >> (place % 64) & 1 == 1
    }

    fn add(&self, state: &mut State, pattern: usize, at: usize) {
        let place = self.starts[pattern] + at;
        if Self::has(state, place) {
            return;
        }
        state[place / 64] |= 1 << (place % 64);
        if matches!(self.patterns[pattern].steps.get(at), Some(Step::Star { .. })) {
            self.add(state, pattern, at + 1);
        }
    }

    fn is_end(&self, state: &State) -> bool {
        self.sets.iter().all(|(patterns, is_wanted)| {
            let is_in =
                patterns.clone().any(|at| Self::has(state, self.starts[at] + self.patterns[at].steps.len()));
            is_in == *is_wanted
        })
    }

    fn is_dead(&self, state: &State) -> bool {
        self.sets.iter().filter(|(_, is_wanted)| *is_wanted).any(|(patterns, _)| {
            !patterns.clone().any(|at| {
                (0..=self.patterns[at].steps.len()).any(|place| Self::has(state, self.starts[at] + place))
            })
        })
    }

    /// Is a set that the word must not be in certain to hold it, whatever follows?
    fn is_lost(&self, state: &State) -> bool {
        self.sets.iter().filter(|(_, is_wanted)| !is_wanted).any(|(patterns, _)| {
            patterns.clone().any(|at| {
                let steps = &self.patterns[at].steps;
                steps.last() == Some(&Step::Star { within: false })
                    && Self::has(state, self.starts[at] + steps.len() - 1)
            })
        })
    }

    /// The letters that lead to different states from here: those that a step names, and one for all others.
    fn letters(&self, state: &State) -> Vec<Letter> {
        let mut letters: Vec<Letter> = self.fresh.into_iter().collect();
        let mut add = |letter: Letter| {
            if !letters.contains(&letter) && (letter >= VARIABLES || (self.allowed)(letter)) {
                letters.push(letter);
            }
        };
        let mut needs_colon = false;
        for (pattern, start) in self.patterns.iter().zip(&self.starts) {
            for (at, step) in pattern.steps.iter().enumerate() {
                if !Self::has(state, start + at) {
                    continue;
                }
                match step {
                    Step::Letter(letter) if pattern.ignores_case && *letter < VARIABLES => {
                        add(lower(*letter));
                        if let Some(c) = char::from_u32(*letter) {
                            add(c.to_ascii_uppercase() as Letter);
                        }
                    }
                    Step::Letter(letter) if *letter >= VARIABLES => {
                        add(letter & !1);
                        add(letter | 1);
                    }
                    Step::Letter(letter) => add(*letter),
                    Step::One { within } | Step::Star { within } => needs_colon |= within,
                }
            }
        }
        if needs_colon {
            add(COLON);
        }
        letters
    }

    fn advance(&self, state: &State, letter: Letter) -> State {
        let mut next: State = vec![0; self.places.div_ceil(64)].into();
        for (at, pattern) in self.patterns.iter().enumerate() {
            if letter >= VARIABLES && self.loose.contains(&at) {
                let mut places = 0..=pattern.steps.len();
                let first = places.find(|place| Self::has(state, self.starts[at] + place));
                first.into_iter().chain(places).for_each(|place| self.add(&mut next, at, place));
                continue;
            }
            for (place, step) in pattern.steps.iter().enumerate() {
                if Self::has(state, self.starts[at] + place) && pattern.takes(*step, letter) {
                    self.add(&mut next, at, place + usize::from(!matches!(step, Step::Star { .. })));
                }
            }
        }
        next
    }

    /// Breadth first, so that the word is a short one.
    fn search(&self, steps: &mut u64) -> Found {
        let mut start: State = vec![0; self.places.div_ceil(64)].into();
        for at in 0..self.patterns.len() {
            self.add(&mut start, at, 0);
        }
        let price = (self.places as u64).div_ceil(64);
        let mut seen: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
        // How each state was reached: from which, with which letter.
        let mut ways: Vec<(usize, Letter)> = vec![(usize::MAX, 0)];
        let mut waiting: VecDeque<(State, usize)> = VecDeque::from([(start, 0)]);
        while let Some((state, number)) = waiting.pop_front() {
            if self.is_end(&state) {
                return Found::Word(word(&ways, number));
            }
            for letter in self.letters(&state) {
                if *steps < price {
                    return Found::OutOfSteps;
                }
                *steps -= price;
                let next = self.advance(&state, letter);
                if seen.contains_key(&next) || self.is_dead(&next) || self.is_lost(&next) {
                    continue;
                }
                ways.push((number, letter));
                seen.insert(next.clone(), ways.len() - 1);
                waiting.push_back((next, ways.len() - 1));
            }
        }
        Found::Nothing
    }
}

fn word(ways: &[(usize, Letter)], mut at: usize) -> Vec<Letter> {
    let mut word = Vec::new();
    while let Some((before, letter)) = ways.get(at).filter(|(before, _)| *before != usize::MAX) {
        word.push(*letter);
        at = *before;
    }
    word.reverse();
    word
}

/// The word as text; nothing when a variable is in it.
pub fn text(word: &[Letter]) -> Option<String> {
    word.iter().map(|letter| char::from_u32(*letter)).collect()
}

/// The letters of a text.
pub fn letters(text: &str) -> Vec<Letter> {
    text.chars().map(|c| c as Letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let step = |c| match c {
            '*' => Step::Star { within: false },
            '?' => Step::One { within: false },
            c => Step::Letter(c as Letter),
        };
        Pattern { steps: text.chars().map(step).collect(), ignores_case: false }
    }

    fn check(within: &[&str], without: &[&str], expected: bool) {
        let sets = |texts: &[&str]| texts.iter().map(|t| vec![pattern(t)]).collect::<Vec<Set>>();
        let (positive, negative) = (sets(within), sets(without));
        let positive: Vec<&Set> = positive.iter().collect();
        let negative: Vec<&Set> = negative.iter().collect();
        match find(&positive, &[], &negative, |_| true, &mut 1_000_000) {
            Found::Word(word) => {
                assert!(expected, "{within:?} without {without:?}: {:?}", text(&word));
                assert!(positive.iter().all(|s| s[0].matches(&word)), "{word:?}");
                assert!(!negative.iter().any(|s| s[0].matches(&word)), "{word:?}");
            }
            other => {
                assert!(!expected && other == Found::Nothing, "{within:?} without {without:?}: {other:?}")
            }
        }
    }

    #[test]
    fn a_word_is_found_exactly_where_there_is_one() {
        check(&["a*"], &["ab*"], true);
        check(&["a*"], &["a*"], false);
        check(&["a*b"], &["a*"], false);
        check(&["a*"], &["a", "a?*"], false);
        check(&["a*", "*b"], &["ab"], true);
        check(&["a?"], &["a*b", "ac"], true);
        check(&["ab*", "ac*"], &[], false);
        check(&["*a*b*", "*b*a*"], &["a*"], true);
        check(&["*"], &["?*"], true);
        check(&["*"], &["", "?", "??*"], false);
    }

    #[test]
    fn steps_are_bounded() {
        let (a, b) = (vec![pattern("*a????????????????????")], vec![pattern("*b????????????????????")]);
        let result = find(
            &[&a],
            &[],
            &[&b, &vec![pattern("*xa*"), pattern("??????????????????????")]],
            |_| true,
            &mut 50,
        );
        assert!(matches!(result, Found::OutOfSteps | Found::Word(_)));
    }
}
