//! How the text tells what is wrong with the input: each error, and warnings that say the same once.

use super::{ERROR, PROSE_WIDTH, Sheet, WARNING, shown};
use crate::alike::{Alike, alike};
use crate::neutral::neutral;
use crate::prose;
use palisade_model::{Diagnostic, Level, Origin};
use std::io;

/// How many places of warnings that are alike are shown.
const PLACES_SHOWN: usize = 2;

impl Sheet<'_> {
    /// What is wrong with the input, errors first.
    pub(super) fn diagnostics(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        let (errors, warnings): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            (diagnostics.iter()).partition(|diagnostic| diagnostic.level == Level::Error);
        let limit = self.options.limit.map(|limit| limit * 2);
        for error in shown(&errors, limit) {
            self.line("")?;
            self.diagnostic(error, &error.message)?;
            self.help(error)?;
        }
        self.more(errors.len().saturating_sub(limit.unwrap_or(usize::MAX)), "error")?;
        self.warnings(&warnings)
    }

    fn warnings(&mut self, warnings: &[&Diagnostic]) -> io::Result<()> {
        let groups = match self.options.limit {
            Some(_) => alike(warnings),
            None => (warnings.iter()).map(|&one| Alike { all: vec![one] }).collect(),
        };
        let first = shown(&groups, self.options.limit);
        for group in first {
            self.line("")?;
            self.warning(group)?;
        }
        self.more(groups[first.len()..].iter().map(|group| group.all.len()).sum(), "warning")
    }

    /// A warning, or several that are alike: the first of them, and where the others are.
    fn warning(&mut self, group: &Alike) -> io::Result<()> {
        let first = group.first();
        if group.all.len() == 1 {
            self.diagnostic(first, &first.message)?;
            return self.help(first);
        }
        let others = group.all.len() - 1;
        let differ = !group.own_words(first).is_empty();
        let message = match differ {
            true => format!("{} (and {others} like it)", first.message),
            false => format!("{} ({} times)", first.message, group.all.len()),
        };
        self.message(Level::Warning, &message)?;
        let placed: Vec<&&Diagnostic> = group.all.iter().filter(|other| other.span.is_some()).collect();
        let places = shown(&placed, Some(PLACES_SHOWN));
        for other in places {
            if let Some(span) = &other.span {
                let words = group.own_words(other).join(", ");
                self.whereabouts(2, &Origin::File(span.clone()), &words)?;
            }
        }
        self.and_more(2, placed.len() - places.len(), " more")?;
        self.help(first)
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic, message: &str) -> io::Result<()> {
        self.message(diagnostic.level, message)?;
        match &diagnostic.span {
            Some(span) => {
                let origin = Origin::File(span.clone());
                self.whereabouts(2, &origin, "")?;
                self.quoted(&origin, label(diagnostic.level).1, "")
            }
            None => Ok(()),
        }
    }

    fn message(&mut self, level: Level, message: &str) -> io::Result<()> {
        let (label, style) = label(level);
        let lines = prose::wrap(message, self.room(label.len() + 2).min(PROSE_WIDTH));
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => {
                    let label = self.paint(style, label);
                    self.line(&format!("{label}: {line}"))?;
                }
                _ => self.line(&format!("{:indent$}{line}", "", indent = label.len() + 2))?,
            }
        }
        Ok(())
    }

    /// What to do about it. A help that is laid out, with lines or spaces that matter, stays as it is.
    fn help(&mut self, diagnostic: &Diagnostic) -> io::Result<()> {
        let Some(help) = &diagnostic.help else {
            return Ok(());
        };
        if !help.contains('\n') && !help.contains("  ") {
            return self.paragraph(2, &format!("help: {help}"));
        }
        for (index, line) in help.trim_end().lines().enumerate() {
            let label = if index == 0 { "help: " } else { "" };
            let line = format!("  {label}{}", neutral(line));
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    fn more(&mut self, more: usize, what: &str) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        self.line("")?;
        let plural = if more == 1 { "" } else { "s" };
        self.and_more(0, more, &format!(" more {what}{plural}"))
    }
}

fn label(level: Level) -> (&'static str, anstyle::Style) {
    match level {
        Level::Error => ("error", ERROR),
        Level::Warning => ("warning", WARNING),
    }
}
