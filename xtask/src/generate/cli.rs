//! The reference of the command line: what each verb says of itself.

use super::Derived;
use crate::workspace::output;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// docs/reference/cli.md from the help of every verb.
pub fn reference(palisade: &Path) -> Result<Derived, String> {
    let mut body = "# The command line\n\nWhat `palisade help VERB` prints.\n".to_owned();
    describe(palisade, &[], &mut body)?;
    Ok(Derived::new("docs/reference/cli.md", &body))
}

fn describe(palisade: &Path, verbs: &[String], body: &mut String) -> Result<(), String> {
    let help = help(palisade, verbs)?;
    let name =
        std::iter::once("palisade").chain(verbs.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let _ = write!(body, "\n## {name}\n\n```text\n{help}\n```\n");
    for verb in subcommands(&help) {
        describe(palisade, &[verbs, &[verb]].concat(), body)?;
    }
    Ok(())
}

/// The long help of a verb, as wide on every machine.
fn help(palisade: &Path, verbs: &[String]) -> Result<String, String> {
    let mut command = Command::new(palisade);
    command.env("COLUMNS", "100").env("NO_COLOR", "1").arg("help").args(verbs);
    let text = output(&mut command)?;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim().to_owned())
}

/// The names under `Commands:`, `help` left out.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| line.is_empty() || line.starts_with(' ')).filter_map(|line| {
        let rest = line.strip_prefix("  ")?;
        (!rest.starts_with(' ')).then(|| rest.split_whitespace().next()).flatten()
    });
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(help: &str, expected: &[&str]) {
        assert_eq!(subcommands(help), expected, "{help}");
    }

    #[test]
    fn verbs_are_found_in_the_help() {
        check(
            "Usage: x\n\nCommands:\n  scan  Scans\n        things\n  demo  Shows\n  help  Helps\n\nOptions:\n  -h  Help\n",
            &["scan", "demo"],
        );
        check(
            "Commands:\n  scan\n          Scans\n\n  demo\n          Shows\n\nOptions:\n  -h\n",
            &["scan", "demo"],
        );
        check("Usage: x\n\nOptions:\n  -h  Help\n", &[]);
    }
}
