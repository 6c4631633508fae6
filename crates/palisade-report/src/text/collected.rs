//! How the text tells what of live accounts could not be read, and what permissions were missing.

use super::{BOLD, QUIET, Sheet, WARNING, shown};
use crate::collected::Collected;
use crate::report::Report;
use crate::sentences::{count, digits};
use std::io;

/// How many missing permissions are named.
const PERMISSIONS_NAMED: usize = 8;

impl Sheet<'_> {
    /// The coverage ledger: what was not read, why, and what it leaves open.
    pub(super) fn collected(&mut self, report: &Report) -> io::Result<()> {
        match &report.coverage.collected {
            Some(collected) => self.ledger(collected),
            None => Ok(()),
        }
    }

    pub(super) fn ledger(&mut self, collected: &Collected) -> io::Result<()> {
        if collected.policies_changed {
            self.line("")?;
            self.painted(
                WARNING,
                "The organisation's policies changed while the accounts were read: collect again before you act on an \
                 answer about who can do what.",
            )?;
        }
        if collected.gaps.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let cells = collected.cells;
        let title = format!("Not read ({})", digits(cells.partly + cells.not_read));
        self.painted(BOLD, &title)?;
        let gaps = shown(&collected.gaps, self.options.limit);
        for gap in gaps {
            let open = match gap.open {
                0 => String::new(),
                open => format!("; {} open", count(open, "answer")),
            };
            self.paragraph(2, &format!("`{}` {}{open}", gap.call, gap.words()))?;
            let message = gap.message.trim();
            if !message.is_empty() {
                for line in crate::prose::wrap(&crate::neutral(message), self.room(4)).into_iter().take(2) {
                    let line = self.paint(QUIET, &line);
                    self.line(&format!("    {line}"))?;
                }
            }
        }
        let more = collected.gaps.len() - gaps.len();
        self.and_more(2, more, if more == 1 { " more reason" } else { " more reasons" })?;
        let permissions = collected.permissions();
        if permissions.is_empty() {
            return Ok(());
        }
        self.line("")?;
        let named = shown(&permissions, self.options.limit.map(|_| PERMISSIONS_NAMED));
        let words: Vec<String> = (named.iter())
            .map(|(permission, open, accounts)| {
                format!("`{permission}` ({}, {})", count(*accounts as u64, "account"), count(*open, "answer"))
            })
            .collect();
        let rest = match permissions.len() - named.len() {
            0 => String::new(),
            rest => format!(" and {} more", digits(rest as u64)),
        };
        self.paragraph(
            2,
            &format!(
                "Missing permissions: {}{rest}. `palisade role` prints a policy that has them all.",
                words.join(", ")
            ),
        )
    }
}
