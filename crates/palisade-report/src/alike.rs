//! Puts diagnostics together that say the same of other places.

use palisade_model::Diagnostic;
use std::collections::HashMap;

/// Diagnostics that differ in their places, and maybe in the input's words, alone. There is at least one.
pub(crate) struct Alike<'a> {
    pub all: Vec<&'a Diagnostic>,
}

impl<'a> Alike<'a> {
    pub fn first(&self) -> &'a Diagnostic {
        self.all[0]
    }

    /// The words of the input that one of them names and another does not: what tells it apart.
    pub fn own_words(&self, of: &'a Diagnostic) -> Vec<&'a str> {
        let all: Vec<Vec<&str>> = self.all.iter().map(|other| words(&other.message)).collect();
        let differs = |(index, word): &(usize, &str)| {
            all.iter().any(|other| other.get(*index).is_none_or(|other| other != word))
        };
        words(&of.message).into_iter().enumerate().filter(differs).map(|(_, word)| word).collect()
    }
}

/// The diagnostics, those that are alike together, in the order of their first.
pub(crate) fn alike<'a>(diagnostics: &[&'a Diagnostic]) -> Vec<Alike<'a>> {
    let mut groups: Vec<Alike> = Vec::new();
    let mut positions: HashMap<_, usize> = HashMap::new();
    for &diagnostic in diagnostics {
        let shape = (
            diagnostic.level == palisade_model::Level::Error,
            shape(&diagnostic.message),
            diagnostic.help.as_deref().map(shape),
        );
        let position = *positions.entry(shape).or_insert_with(|| {
            groups.push(Alike { all: Vec::new() });
            groups.len() - 1
        });
        groups[position].all.push(diagnostic);
    }
    groups
}

/// A message without the input's own words, which stand in backticks, and without numbers.
fn shape(message: &str) -> String {
    let ours: Vec<&str> = message.split('`').step_by(2).collect();
    ours.join("`").chars().filter(|char| !char.is_ascii_digit()).collect()
}

/// The input's own words in a message.
fn words(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(messages: &[&str], expected: &[&[&str]]) {
        let diagnostics: Vec<Diagnostic> =
            messages.iter().map(|message| Diagnostic::warning(*message)).collect();
        let groups: Vec<Vec<String>> = alike(&diagnostics.iter().collect::<Vec<_>>())
            .iter()
            .map(|group| group.all.iter().map(|other| group.own_words(other).join(" ")).collect())
            .collect();
        assert_eq!(groups, expected, "{messages:?}");
    }

    #[test]
    fn the_same_said_of_other_words_is_alike() {
        check(&["`a` is no function", "`b` is no function"], &[&["a", "b"]]);
        check(&["`m` comes from `x`", "`m` comes from `y`"], &[&["x", "y"]]);
        check(&["no `Resources`", "no `Resources`"], &[&["", ""]]);
        check(&["`a` is 12 long", "`b` is 7 long"], &[&["a", "b"]]);
    }

    #[test]
    fn what_says_something_else_stays_apart() {
        check(&["`a` is no function", "`a` is no type"], &[&[""], &[""]]);
        check(&["a `open", "b"], &[&[""], &[""]]);
    }
}
