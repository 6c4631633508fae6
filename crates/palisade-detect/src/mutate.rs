//! Takes one condition out of a rule, to see whether an example notices.

use crate::rule::{Condition, Rule};
use palisade_model::Span;

/// A condition that can be taken out of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// What it is, as in ``the field `eventName` of `selection` ``.
    pub what: String,
    /// Where it stands, when that is known.
    pub span: Option<Span>,
}

/// Where in a rule a deletion strikes, outermost first.
#[derive(Debug, Clone)]
enum Place {
    Branch { selection: usize, branch: usize },
    Item { selection: usize, branch: usize, item: usize },
    Value { selection: usize, branch: usize, item: usize, value: usize },
    Operand { path: Vec<usize> },
}

impl Rule {
    /// Every single condition that can be taken out so that a rule remains: fields, alternatives and values of the
    /// selections, and operands of the condition. What stands alone is counted where it is part of something.
    pub fn deletions(&self) -> Vec<Deletion> {
        self.places().into_iter().map(|(_, deletion)| deletion).collect()
    }

    /// The rule without the condition at this index of [`Rule::deletions`].
    pub fn without(&self, index: usize) -> Option<Rule> {
        let (place, _) = self.places().into_iter().nth(index)?;
        let mut rule = self.clone();
        match place {
            Place::Branch { selection, branch } => {
                rule.selections[selection].branches.remove(branch);
            }
            Place::Item { selection, branch, item } => {
                rule.selections[selection].branches[branch].items.remove(item);
            }
            Place::Value { selection, branch, item, value } => {
                rule.selections[selection].branches[branch].items[item].values.remove(value);
            }
            Place::Operand { path } => rule.condition.remove(&path),
        }
        Some(rule)
    }

    fn places(&self) -> Vec<(Place, Deletion)> {
        let mut places = Vec::new();
        for (selection, of) in self.selections.iter().enumerate() {
            for (branch, alternative) in of.branches.iter().enumerate() {
                let first = alternative.items.first().and_then(|item| item.values.first());
                if of.branches.len() > 1 {
                    let deletion = Deletion {
                        what: format!("alternative {} of `{}`", branch + 1, of.name),
                        span: first.and_then(|value| value.span.clone()),
                    };
                    places.push((Place::Branch { selection, branch }, deletion));
                }
                for (item, asked) in alternative.items.iter().enumerate() {
                    if alternative.items.len() > 1 {
                        let deletion = Deletion {
                            what: format!("the field `{}` of `{}`", asked.written, of.name),
                            span: asked.values.first().and_then(|value| value.span.clone()),
                        };
                        places.push((Place::Item { selection, branch, item }, deletion));
                    }
                    if asked.values.len() < 2 {
                        continue;
                    }
                    for (value, wanted) in asked.values.iter().enumerate() {
                        let deletion = Deletion {
                            what: format!(
                                "the value `{}` of `{}` of `{}`",
                                wanted.written, asked.written, of.name
                            ),
                            span: wanted.span.clone(),
                        };
                        let place = Place::Value { selection, branch, item, value };
                        places.push((place, deletion));
                    }
                }
            }
        }
        self.operands(&self.condition, &mut Vec::new(), &mut places);
        places
    }

    fn operands(&self, condition: &Condition, path: &mut Vec<usize>, places: &mut Vec<(Place, Deletion)>) {
        let (operands, least) = match condition {
            Condition::Selection(_) => return,
            Condition::Not(inner) => return self.operands(inner, path, places),
            Condition::And(of) | Condition::Or(of) => (of, 1),
            Condition::AtLeast(least, of) => (of, *least),
        };
        for (index, operand) in operands.iter().enumerate() {
            path.push(index);
            if operands.len() > least {
                let what = format!("`{}` of the condition", self.show(operand));
                places.push((Place::Operand { path: path.clone() }, Deletion { what, span: None }));
            }
            self.operands(operand, path, places);
            path.pop();
        }
    }

    fn show(&self, condition: &Condition) -> String {
        let list = |of: &[Condition], word: &str| {
            let shown: Vec<String> = of.iter().map(|one| self.show(one)).collect();
            format!("({})", shown.join(word))
        };
        match condition {
            Condition::Selection(index) => self.selections[*index].name.to_string(),
            Condition::Not(inner) => format!("not {}", self.show(inner)),
            Condition::And(of) => list(of, " and "),
            Condition::Or(of) => list(of, " or "),
            Condition::AtLeast(least, of) => format!("{least} of {}", list(of, ", ")),
        }
    }
}

impl Condition {
    fn remove(&mut self, path: &[usize]) {
        match (self, path) {
            (Self::Not(inner), _) => inner.remove(path),
            (Self::And(of) | Self::Or(of) | Self::AtLeast(_, of), [last]) => {
                of.remove(*last);
            }
            (Self::And(of) | Self::Or(of) | Self::AtLeast(_, of), [first, rest @ ..]) => {
                of[*first].remove(rest)
            }
            (Self::Selection(_), _) | (_, []) => {}
        }
    }
}
