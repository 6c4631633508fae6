//! The `palisade` binary: parses arguments, prints, sets the exit code.

mod arguments;
mod config;
mod content;
mod demo;
mod detect;
mod git;
mod iam;
mod iam_check;
mod iam_who;
mod live;
mod narrow;
mod output;
mod outside;
mod progress;
mod prove;
mod scan;
mod snapshot;

use arguments::{Arguments, Verb};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// How a run ends, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing at or above `--fail-on`.
    Clean = 0,
    /// Something is.
    Found = 1,
    /// The arguments, or all of the input, are wrong.
    Wrong = 2,
    /// Part of the input could not be read, or an answer is open.
    Incomplete = 3,
}

fn main() -> ExitCode {
    // Nobody but Palisade asks this, so no help, manual or completion knows it.
    if std::env::args_os().nth(1).is_some_and(|verb| verb == outside::VERB) {
        return exit(outside::serve());
    }
    let arguments = Arguments::parse();
    let color = output::uses_color(arguments.color);
    exit(match arguments.verb {
        Verb::Demo(options) => demo::run(&options, color),
        Verb::Scan(options) => scan::run(&options, color),
        Verb::Detect(options) => detect::run(&options, color),
        Verb::Collect(options) => live::collect::run(&options, color),
        Verb::Diff(options) => live::diff::run(&options, color),
        Verb::Role(options) => live::role::run(&options, color),
        Verb::Iam { verb } => iam::run(&verb, color),
        Verb::Prove(options) => prove::run(&options, color),
        Verb::Content { verb } => content::run(&verb, color),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "palisade", &mut output::Stdout);
            Ok(Ending::Clean)
        }
        Verb::Man { verb } => man(verb.as_deref()),
    })
}

fn exit(ended: anyhow::Result<Ending>) -> ExitCode {
    match ended {
        Ok(ending) => ExitCode::from(ending as u8),
        Err(error) => {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            let chain = chain.join(": ");
            let lines: Vec<_> = chain.lines().map(palisade_report::neutral).collect();
            eprintln!("error: {}", lines.join("\n"));
            ExitCode::from(Ending::Wrong as u8)
        }
    }
}

fn man(verb: Option<&str>) -> anyhow::Result<Ending> {
    let mut command = Arguments::command();
    command.build();
    let page = match verb {
        None => command,
        Some(verb) => {
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let names = names.join(", ");
            let found = command.find_subcommand(verb).cloned();
            found.ok_or_else(|| anyhow::anyhow!("there is no verb `{verb}`: {names}"))?
        }
    };
    clap_mangen::Man::new(page).render(&mut output::Stdout)?;
    Ok(Ending::Clean)
}
