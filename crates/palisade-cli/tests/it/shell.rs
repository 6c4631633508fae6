//! Completions, manual pages and help.

use crate::folder::run;
use std::process::{Command, Stdio};

const VERBS: &[&str] = &[
    "demo",
    "scan",
    "collect",
    "diff",
    "role",
    "prove",
    "detect",
    "iam",
    "iam decide",
    "iam explain",
    "iam replay",
    "content",
    "content check",
    "content list",
    "content show",
    "content new",
    "content mutate",
    "completions",
    "man",
];

#[test]
fn completions_know_the_verbs_and_options() {
    for (shell, begins) in
        [("bash", "_palisade()"), ("zsh", "#compdef palisade"), ("fish", "complete -c palisade")]
    {
        let output =
            run(&format!("completions {shell}"), &[]).ends(0, &[begins, "scan", "mutate", "fail-on"]);
        assert!(!output.stdout.contains("judge-page"), "{shell} knows what only Palisade asks");
    }
    run("completions tcsh", &[]).ends(2, &["bash"]);
}

#[test]
fn the_shells_take_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        // Only where the shell is there; the words themselves are held above.
        let Ok(mut child) =
            Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()
        else {
            continue;
        };
        let script = run(&format!("completions {shell}"), &[]).stdout;
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_verb() {
    run("man", &[]).ends(0, &[".TH palisade 1", "Exit codes"]);
    for verb in VERBS.iter().filter(|verb| !verb.contains(' ')) {
        run(&format!("man {verb}"), &[]).ends(0, &[".TH", verb, "Examples"]);
    }
    run("man judge", &[]).ends(2, &["demo, scan, collect,", "content, completions, man"]);
}

#[test]
fn help_shows_two_examples_of_every_verb() {
    for verb in VERBS {
        let help = run(&format!("help {verb}"), &[]).ends(0, &["Examples:"]).stdout;
        let (_, examples) = help.split_once("Examples:").unwrap();
        let count =
            examples.lines().filter(|line| line.starts_with("  ") && line.contains("palisade ")).count();
        assert_eq!(count, 2, "{verb}: {examples}");
        assert_eq!(run(&format!("{verb} --help"), &[]).stdout, help, "{verb}");
    }
}

#[test]
fn the_examples_of_help_parse() {
    for verb in VERBS {
        let help = run(&format!("help {verb}"), &[]).stdout;
        let (_, examples) = help.split_once("Examples:").unwrap();
        for example in examples.lines().filter_map(|line| line.split_once("palisade ")) {
            // A command ends where its explanation, a pipe or a redirection begins.
            let command = example.1.split("  ").next().unwrap().split(['|', '>']).next().unwrap();
            let asked =
                command.split_whitespace().take_while(|word| !word.starts_with('-') || word.len() == 1);
            let asked: Vec<&str> = asked.collect();
            let verb = asked[..if ["content", "iam"].contains(&asked[0]) { 2 } else { 1 }].join(" ");
            run(&format!("{command} --help"), &[]).ends(0, &[&format!("Usage: palisade {verb}")]);
        }
    }
}

#[test]
fn the_version_is_said() {
    run("--version", &[]).ends(0, &[concat!("palisade ", env!("CARGO_PKG_VERSION"))]);
}
