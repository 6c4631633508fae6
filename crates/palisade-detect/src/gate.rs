//! The gate: tells from a few fields of an event which rules it cannot match, so that it need not be built.
//!
//! It is sound, not exact: it lets pass whatever might match. What a rule needs of a field is worked out from its
//! condition; where a `not`, a keyword or another kind of test leaves it open, the rule needs nothing and always passes.

use crate::rule::{Condition, Rule, Selection, Test};
use crate::text::Pattern;
use palisade_model::Glimpse;
use std::collections::HashMap;

/// How many values of one field are remembered with the rules they let pass.
const REMEMBERED: usize = 4_096;

/// Some of the rules that a gate was made for, by their index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    words: Vec<u64>,
}

impl Candidates {
    fn all(count: usize) -> Self {
        let mut words = vec![u64::MAX; count.div_ceil(64)];
        if let (Some(last), rest @ 1..) = (words.last_mut(), count % 64) {
            *last = (1 << rest) - 1;
        }
        Self { words }
    }

    fn remove(&mut self, index: usize) {
        self.words[index / 64] &= !(1 << (index % 64));
    }

    fn keep(&mut self, others: &Self) {
        self.words.iter_mut().zip(&others.words).for_each(|(word, other)| *word &= other);
    }

    /// Is there none? Then the event need not be looked at.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The indexes of the rules, in their order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let ones = std::iter::successors(Some(*word), |left| Some(left & left.wrapping_sub(1)));
            ones.take_while(|left| *left != 0).map(move |left| place * 64 + left.trailing_zeros() as usize)
        })
    }
}

/// What some rules need of a few fields.
#[derive(Debug, Clone)]
pub struct Gate {
    fields: Vec<Field>,
    all: Candidates,
    found: Candidates,
}

#[derive(Debug, Clone)]
struct Field {
    path: String,
    /// The rules that need a text of this field, and the texts that will do.
    needs: Vec<(usize, Vec<Pattern>)>,
    /// Those that need none.
    without: Candidates,
    remembered: HashMap<Box<str>, Candidates>,
}

impl Gate {
    /// A gate for rules, which looks at those of these fields that some rule needs.
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>, fields: &[&str]) -> Self {
        let rules: Vec<&Rule> = rules.into_iter().collect();
        let all = Candidates::all(rules.len());
        let fields = fields.iter().map(|path| {
            let needs: Vec<_> = rules
                .iter()
                .enumerate()
                .filter_map(|(index, rule)| Some((index, rule.needs(path)?)))
                .collect();
            let mut without = all.clone();
            needs.iter().for_each(|(index, _)| without.remove(*index));
            Field { path: (*path).to_owned(), needs, without, remembered: HashMap::new() }
        });
        Self { fields: fields.filter(|field| !field.needs.is_empty()).collect(), found: all.clone(), all }
    }

    /// The paths of the fields that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.path.as_str())
    }

    /// The rules that an event may match whose fields, in the order of [`Gate::fields`], say this.
    pub fn candidates(&mut self, seen: &[Glimpse<'_>]) -> &Candidates {
        self.found.clone_from(&self.all);
        for (field, seen) in self.fields.iter_mut().zip(seen) {
            match seen {
                Glimpse::Unclear => {}
                Glimpse::Nothing => self.found.keep(&field.without),
                Glimpse::Text(text) => match field.remembered.get(*text) {
                    Some(known) => self.found.keep(known),
                    None => {
                        let passing = field.passing(text);
                        self.found.keep(&passing);
                        if field.remembered.len() == REMEMBERED {
                            field.remembered.clear();
                        }
                        field.remembered.insert((*text).into(), passing);
                    }
                },
            }
        }
        &self.found
    }

    /// All rules: what is passed without a gate.
    pub fn all(&self) -> &Candidates {
        &self.all
    }
}

impl Field {
    fn passing(&self, text: &str) -> Candidates {
        let count = self.without.words.len() * 64;
        let mut passing = Candidates::all(count);
        for (index, texts) in &self.needs {
            if !texts.iter().any(|pattern| pattern.matches(text)) {
                passing.remove(*index);
            }
        }
        passing
    }
}

/// Texts of which a field must be one; none where the field may be anything.
type Needs = Option<Vec<Pattern>>;

impl Rule {
    /// What the field of every event that matches is one of.
    fn needs(&self, field: &str) -> Needs {
        self.condition.needs(&|selection| self.selections[selection].needs(field))
    }
}

impl Condition {
    fn needs(&self, of_selection: &impl Fn(usize) -> Needs) -> Needs {
        match self {
            Self::Selection(selection) => of_selection(*selection),
            Self::Not(_) => None,
            Self::And(all) => fewest(all.iter().map(|one| one.needs(of_selection))),
            Self::Or(any) => together(any.iter().map(|one| one.needs(of_selection))),
            Self::AtLeast(least, of) => {
                let needs: Vec<Needs> = of.iter().map(|one| one.needs(of_selection)).collect();
                let open = needs.iter().filter(|needs| needs.is_none()).count();
                // So many hold that one of those that need something is among them.
                (open < *least).then(|| needs.into_iter().flatten().flatten().collect())
            }
        }
    }
}

impl Selection {
    fn needs(&self, field: &str) -> Needs {
        together(self.branches.iter().map(|branch| {
            let items = branch.items.iter().filter(|item| {
                item.field.as_deref() == Some(field) && !item.not_equal && !item.values.is_empty()
            });
            fewest(items.map(|item| {
                let of_values = item.values.iter().map(|value| match &value.test {
                    Test::Text(patterns) => Some(patterns.clone()),
                    _ => None,
                });
                match item.all {
                    true => fewest(of_values),
                    false => together(of_values),
                }
            }))
        }))
    }
}

/// What must hold when all hold: any one of the needs, of which the shortest.
fn fewest(all: impl Iterator<Item = Needs>) -> Needs {
    all.flatten().min_by_key(Vec::len)
}

/// What must hold when one of them holds.
fn together(any: impl Iterator<Item = Needs>) -> Needs {
    any.collect::<Option<Vec<_>>>().map(|needs| needs.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::rule;
    use serde_json::json;

    #[test]
    fn candidates_are_listed_in_their_order() {
        for count in [0, 1, 63, 64, 65, 130] {
            let mut some = Candidates::all(count);
            assert!(some.iter().eq(0..count) && some.is_empty() == (count == 0));
            if count > 2 {
                some.remove(1);
                assert!(some.iter().eq((0..count).filter(|index| *index != 1)));
            }
        }
    }

    /// Does a rule's gate on `a` and `b.c` let these pass, and no others of them?
    #[track_caller]
    fn check(yaml: &str, passes: &[[Glimpse<'_>; 2]], stopped: &[[Glimpse<'_>; 2]]) {
        let rule = rule(yaml);
        let mut gate = Gate::new([&rule], &["a", "b.c"]);
        let places: Vec<usize> = gate.fields().map(|field| usize::from(field == "b.c")).collect();
        for (seen, expected) in
            passes.iter().map(|seen| (seen, true)).chain(stopped.iter().map(|seen| (seen, false)))
        {
            let seen: Vec<Glimpse<'_>> = places.iter().map(|place| seen[*place]).collect();
            for _ in 0..2 {
                assert_eq!(!gate.candidates(&seen).is_empty(), expected, "{yaml} {seen:?}");
            }
        }
    }

    #[test]
    fn only_what_cannot_match_is_stopped() {
        use Glimpse::{Nothing, Text, Unclear};
        let (x, y) = ([Text("X"), Nothing], [Text("y"), Text("x")]);
        check("s: {a: x}\ncondition: s", &[x, [Unclear, Nothing]], &[y, [Nothing, Nothing]]);
        check("s: {a: [x, 'y*']}\ncondition: s", &[x, y, [Text("yz"), Nothing]], &[[Text("z"), Nothing]]);
        check("s: {a: x, b.c|exists: true}\ncondition: s", &[x], &[y]);
        check(
            "s: {a|contains: x, b.c: y}\ncondition: s",
            &[[Text("axb"), Text("Y")]],
            &[x, [Text("ax"), Unclear].map(|one| if one == Unclear { Text("z") } else { one })],
        );
        check("s: {a|contains|all: [x, zz]}\ncondition: s", &[[Text("xzz"), Nothing]], &[y]);
        check("s: [{a: x}, {a: z}]\ncondition: s", &[x], &[y]);
        check("s: [{a: x}, {d: z}]\ncondition: s", &[x, y], &[]);
        check("s: {a: x}\nt: {a: y}\ncondition: s or t", &[x, y], &[[Text("z"), Nothing]]);
        check("s: {a: x}\nt: {d: y}\ncondition: s or t", &[x, y], &[]);
        check("s: {a: x}\nt: {d: y}\ncondition: s and not t", &[x], &[y]);
        check("s: {a: x}\ncondition: not s", &[x, y], &[]);
        check("s: {a: x}\nt: {d: 1}\nu: {a: y}\ncondition: 2 of them", &[x, y], &[[Text("z"), Nothing]]);
        check("s: {a: x}\nt: {d: 1}\nu: {e: y}\ncondition: 2 of them", &[x, y], &[]);
        for open in [
            "a: null",
            "a|neq: x",
            "a: 1",
            "a: true",
            "a|re: x",
            "a|exists: true",
            "a: [x, 1]",
            "a|fieldref: d",
        ] {
            check(&format!("s: {{{open}}}\ncondition: s"), &[x, y, [Nothing, Nothing]], &[]);
        }
        check("s: [x]\ncondition: s", &[x, y], &[]);
    }

    #[test]
    fn a_gate_looks_only_at_what_some_rule_needs() {
        let rules = [rule("s: {a: x}\ncondition: s"), rule("s: {d: x}\ncondition: s")];
        let mut gate = Gate::new(&rules, &["b", "a"]);
        assert!(gate.fields().eq(["a"]));
        assert!(gate.candidates(&[Glimpse::Text("y")]).iter().eq([1]));
        assert!(gate.candidates(&[Glimpse::Text("x")]).iter().eq([0, 1]));
        assert!(rules[0].matches(&json!({"a": "x"})));
    }
}
