//! Every example of every shipped page is a test of its own.

use libtest_mimic::{Arguments, Failed, Trial};
use palisade_assess::{Within, run_examples};
use palisade_content::{load, shipped};

fn main() {
    let arguments = Arguments::from_args();
    let (library, diagnostics) = load(&shipped());
    let mut trials = vec![Trial::test("the shipped content loads without a word", move || {
        let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        if said.is_empty() { Ok(()) } else { Err(Failed::from(said.join("\n"))) }
    })];
    for page in library.pages() {
        let (outcomes, diagnostics) = run_examples(page, &library, &Within);
        for diagnostic in diagnostics {
            let name = format!("{} compiles", page.id);
            trials.push(Trial::test(name, move || Err(Failed::from(diagnostic.to_string()))));
        }
        for outcome in outcomes {
            let line = outcome.span.start.line;
            let name = format!("{}: {} ({}, line {line})", outcome.page, outcome.heading, outcome.language);
            trials.push(Trial::test(name, move || {
                outcome.wrong.map_or(Ok(()), |wrong| Err(Failed::from(wrong)))
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
