//! Asks others the same as our engines: `cargo xtask oracle SUBJECT`.

use crate::sigma;
use crate::workspace::Workspace;

/// Compares on one subject; what follows is the subject's own.
pub fn run(workspace: &Workspace, subject: &str, arguments: &[&str]) -> Result<(), String> {
    match (subject, arguments) {
        ("sigma", []) => sigma::run(workspace, None, None),
        ("sigma", [rules]) => sigma::run(workspace, Some(rules), None),
        ("sigma", [rules, seed]) => sigma::run(workspace, Some(rules), Some(seed)),
        _ => Err(format!(
            "`{}` is no oracle: sigma [RULES [SEED]], prove, terraform",
            [&[subject], arguments].concat().join(" ")
        )),
    }
}
