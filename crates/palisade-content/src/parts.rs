//! Reads the sections of a page: the rule's block, the tests, the fix, and what is only for people.

use crate::fields::short;
use crate::markdown::{Layout, Part};
use crate::{Block, Example, Expected, Section, Sort, nearest};
use palisade_model::{Diagnostic, Span};
use std::sync::Arc;

const TESTS: [&str; 6] = ["Fails", "Passes", "Unknown", "Fires", "Stays quiet", "Given"];

/// The sections of a page, taken one after the other.
pub(crate) struct Parts {
    sort: Sort,
    /// The place to name for what is missing.
    whole: Span,
    parts: Vec<Part>,
    /// Was the rest of the page lost, so that what is missing may be there?
    is_cut: bool,
    /// What is wrong with them.
    pub said: Vec<Diagnostic>,
}

/// What a heading is, where tests are concerned.
#[derive(Debug, PartialEq)]
enum Heading {
    Test(&'static str, Arc<str>),
    SaysNothing(&'static str),
    OfAnotherSort(&'static str),
    Mistyped(&'static str),
    NoTest,
}

impl Parts {
    pub fn new(sort: Sort, layout: Layout, whole: Span) -> Self {
        let mut parts = Self { sort, whole, parts: layout.parts, is_cut: layout.is_cut, said: Vec::new() };
        for (heading, span) in &layout.other_headings {
            if let Heading::Test(word, _) | Heading::SaysNothing(word) | Heading::Mistyped(word) =
                classify(heading, sort)
                && heading.contains(':')
            {
                let message = format!("`{}` is not read as a test", short(heading));
                parts.error(span, message, Some(format!("a test begins with `## {word}:`")));
            }
        }
        parts
    }

    fn error(&mut self, span: &Span, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::error(message).at(span.clone());
        diagnostic.help = help;
        self.said.push(diagnostic);
    }

    /// Says that a part of the page is missing.
    pub fn missing(&mut self, message: String, help: &str) {
        if !self.is_cut {
            let whole = self.whole.clone();
            self.error(&whole, message, Some(help.to_owned()));
        }
    }

    /// Takes the section of this heading; a second one is an error.
    fn take(&mut self, heading: &str) -> Option<Part> {
        let first = self.parts.iter().position(|part| &*part.heading == heading)?;
        let part = self.parts.remove(first);
        if let Some(second) = self.parts.iter().position(|part| &*part.heading == heading) {
            let second = self.parts.remove(second);
            let help = format!("the first is in line {}", part.span.start.line);
            self.error(&second.span, format!("there is a second `## {heading}`"), Some(help));
        }
        Some(part)
    }

    fn without(&mut self, heading: &str, help: &str) {
        let headings = self.parts.iter().map(|part| &*part.heading);
        let near = nearest::nearest(heading, headings).map(str::to_owned);
        let help = match near {
            Some(near) => format!("`## {near}` comes near: did you mean `## {heading}`?"),
            None => help.to_owned(),
        };
        let of = self.sort.with_article();
        self.missing(format!("{of} needs a section `## {heading}`"), &help);
    }

    /// The block of a section that must be there.
    pub fn block(&mut self, heading: &str, language: &str) -> Option<Block> {
        let help = format!("write it with a block that begins with ```{language}");
        match self.take(heading) {
            Some(part) => self.block_of(part, language),
            None => {
                self.without(heading, &help);
                None
            }
        }
    }

    /// The block of a section that may be left out.
    pub fn block_if_there(&mut self, heading: &str, language: &str) -> Option<Block> {
        let part = self.take(heading)?;
        self.block_of(part, language)
    }

    fn block_of(&mut self, part: Part, language: &str) -> Option<Block> {
        let help = format!("begin it with ```{language}");
        let (right, wrong): (Vec<Block>, Vec<Block>) =
            part.blocks.into_iter().partition(|block| &*block.language == language);
        for nested in &part.nested_blocks {
            self.nested(nested);
        }
        for block in &wrong {
            let message = match &*block.language {
                "" => format!("the block under `## {}` names no language", part.heading),
                other => format!("the block under `## {}` is in `{}`", part.heading, short(other)),
            };
            self.error(&block.fence, message, Some(help.clone()));
        }
        let is_empty = right.is_empty() && wrong.is_empty() && part.nested_blocks.is_empty();
        if is_empty && !self.is_cut {
            let help = format!("write one below it that begins with ```{language}");
            self.error(&part.span, format!("`## {}` has no block", part.heading), Some(help));
        }
        let mut right = right.into_iter();
        let first = right.next();
        if let Some(second) = right.next() {
            let message = format!("there is a second block under `## {}`", part.heading);
            self.error(&second.fence, message, Some("write it as one block".to_owned()));
        }
        first
    }

    fn nested(&mut self, block: &Block) {
        self.error(
            &block.fence,
            "a block inside of a list or a quote is not read".to_owned(),
            Some("move it to the margin".to_owned()),
        );
    }

    /// The words of a section that must be there.
    pub fn words(&mut self, heading: &str, help: &str) -> Option<Arc<str>> {
        let Some(part) = self.take(heading) else {
            self.without(heading, help);
            return None;
        };
        if part.text.is_empty() {
            self.error(&part.span, format!("`## {heading}` says nothing"), Some(help.to_owned()));
        }
        Some(part.text)
    }

    /// The tests; those with nothing to test are left out.
    pub fn examples(&mut self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut rest = Vec::new();
        for part in std::mem::take(&mut self.parts) {
            let help = |word: &str| format!("a test begins with `## {word}:` and goes on with what it says");
            match classify(&part.heading, self.sort) {
                Heading::NoTest => rest.push(part),
                Heading::Test(word, says) => {
                    examples.extend(self.example(part, word, says));
                }
                Heading::SaysNothing(word) => {
                    let help = match word {
                        "Fails" | "Fires" => format!("write the exact message of the rule after `{word}:`"),
                        _ => format!("write what it is about after `{word}:`"),
                    };
                    self.error(&part.span, format!("`## {}` says nothing", part.heading), Some(help));
                }
                Heading::Mistyped(word) => {
                    let message = format!("`## {}` looks like a test and is none", short(&part.heading));
                    self.error(&part.span, message, Some(help(word)));
                }
                Heading::OfAnotherSort(word) => {
                    let sort = self.sort.with_article();
                    let message = format!("{sort} has no tests that begin with `{word}:`");
                    let own: Vec<String> =
                        self.sort.tests().iter().map(|test| format!("`{test}:`")).collect();
                    let help = (!own.is_empty()).then(|| format!("its tests begin with {}", own.join(", ")));
                    self.error(&part.span, message, help);
                }
            }
        }
        self.parts = rest;
        examples
    }

    fn example(&mut self, part: Part, word: &'static str, says: Arc<str>) -> Option<Example> {
        for nested in &part.nested_blocks {
            self.nested(nested);
        }
        if part.blocks.is_empty() && part.nested_blocks.is_empty() && !self.is_cut {
            let first = self.sort.example_languages().first().unwrap_or(&"hcl");
            let help = format!("write one below it, as in ```{first}");
            self.error(&part.span, format!("`## {}` has no block", short(&part.heading)), Some(help));
        }
        let (right, wrong): (Vec<Block>, Vec<Block>) = part
            .blocks
            .into_iter()
            .partition(|block| self.sort.example_languages().contains(&&*block.language));
        for block in &wrong {
            let sort = self.sort.with_article();
            let message = match &*block.language {
                "" => "the example names no language".to_owned(),
                other => format!("`{}` is not a language the examples of {sort} are in", short(other)),
            };
            self.error(&block.fence, message, language_meant(&block.language, self.sort));
        }
        Some(Example {
            expected: Expected::new(word, says)?,
            heading: part.heading,
            heading_span: part.span,
            blocks: right,
        })
    }

    /// Says that there is no test of a word.
    pub fn need_test(&mut self, word: &str, examples: &[Example]) {
        let has = examples.iter().any(|example| example.expected.word() == word);
        // A heading that was meant as one was reported already.
        let said = format!("`## {word}");
        let is_reported = self.said.iter().any(|diagnostic| {
            diagnostic.message.starts_with(&said) || diagnostic.help.iter().any(|help| help.contains(&said))
        });
        if !has && !is_reported {
            let of = self.sort.with_article();
            let help = format!("write a heading `## {word}: …` and a block below it");
            self.missing(format!("{of} needs a test that begins with `{word}:`"), &help);
        }
    }

    /// What is left: sections for people.
    pub fn rest(self) -> (Vec<Section>, Vec<Diagnostic>) {
        let sections = self.parts.into_iter().map(|part| Section { heading: part.heading, text: part.text });
        (sections.collect(), self.said)
    }
}

fn language_meant(language: &str, sort: Sort) -> Option<String> {
    let languages = sort.example_languages();
    let meant = match (sort, language) {
        (Sort::Check, "terraform" | "tf" | "opentofu") => Some("hcl"),
        (Sort::Check, "yaml" | "yml" | "json" | "cfn") => Some("cloudformation"),
        _ => None,
    };
    match meant {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None => nearest::remedy(language, languages.iter().copied()),
    }
}

fn classify(heading: &str, sort: Sort) -> Heading {
    let own = sort.tests();
    let Some((word, says)) = heading.split_once(':') else {
        return classify_without_colon(heading, own);
    };
    let (word, says) = (word.trim(), says.trim());
    if let Some(test) = TESTS.into_iter().find(|test| *test == word) {
        return match (own.contains(&test), says.is_empty()) {
            (false, _) => Heading::OfAnotherSort(test),
            (true, true) => Heading::SaysNothing(test),
            (true, false) => Heading::Test(test, says.into()),
        };
    }
    match own.iter().find(|test| is_near(word, test)) {
        Some(test) => Heading::Mistyped(test),
        None => Heading::NoTest,
    }
}

fn classify_without_colon(heading: &str, own: &'static [&'static str]) -> Heading {
    let test = own.iter().find(|test| {
        heading.strip_prefix(**test).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    });
    match test {
        Some(test) if heading == *test => Heading::SaysNothing(test),
        Some(test) => Heading::Mistyped(test),
        None => Heading::NoTest,
    }
}

/// Was this word meant to be a test's: `Fail`, `fails`, `Pass`, `Stay quiet`?
fn is_near(word: &str, test: &str) -> bool {
    if word.len() > test.len() + 3 {
        return false;
    }
    let (word, test) = (word.to_lowercase(), test.to_lowercase());
    let is_same_stem = word.len() >= 4 && word.get(..4) == test.get(..4);
    is_same_stem || nearest::nearest(&word, [&*test]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_a_test_or_says_what_it_was_meant_to_be() {
        let check = |heading, sort, expected| assert_eq!(classify(heading, sort), expected, "{heading}");
        check("Fails: a: b", Sort::Check, Heading::Test("Fails", "a: b".into()));
        check("Stays quiet: x", Sort::Detection, Heading::Test("Stays quiet", "x".into()));
        check("Fails:", Sort::Check, Heading::SaysNothing("Fails"));
        check("Fails", Sort::Check, Heading::SaysNothing("Fails"));
        check("Fails `a`", Sort::Check, Heading::Mistyped("Fails"));
        check("Fails: x", Sort::Detection, Heading::OfAnotherSort("Fails"));
        for (heading, meant) in [
            ("Fail: x", "Fails"),
            ("fails: x", "Fails"),
            ("Pass: x", "Passes"),
            ("Unkown: x", "Unknown"),
            ("PASSES: x", "Passes"),
        ] {
            check(heading, Sort::Check, Heading::Mistyped(meant));
        }
        for (heading, meant) in
            [("Fire: x", "Fires"), ("Stay quiet: x", "Stays quiet"), ("stays-quiet: x", "Stays quiet")]
        {
            check(heading, Sort::Detection, Heading::Mistyped(meant));
        }
        for heading in ["Fix", "Files: where", "Exceptions: none", "Firewall rules: x", "Passwords", ""] {
            check(heading, Sort::Check, Heading::NoTest);
        }
    }
}
