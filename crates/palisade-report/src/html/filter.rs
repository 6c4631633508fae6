//! What the places of a page can be filtered by. Without a script it is not shown.

use super::words::Text;
use palisade_model::{Finding, Severity, Verdict};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// The choices of a page, each with its position, by which a place names it.
pub(super) struct Choices<'a> {
    checks: Vec<(&'a str, &'a str)>,
    kinds: Vec<&'a str>,
    files: Vec<&'a str>,
    positions: HashMap<(u8, &'a str), usize>,
    severities: Vec<Severity>,
    has_both_verdicts: bool,
}

const CHECK: u8 = 0;
const KIND: u8 = 1;
const FILE: u8 = 2;

impl<'a> Choices<'a> {
    /// The choices that some findings leave.
    pub(super) fn of(findings: &[&'a Finding]) -> Self {
        let mut checks: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut kinds, mut files) = (BTreeMap::new(), BTreeMap::new());
        let mut severities = Vec::new();
        for finding in findings {
            checks.insert(finding.page.as_str(), &finding.title);
            kinds.insert(&*finding.subject.kind, ());
            files.extend(finding.origin.span().map(|span| (&*span.file, ())));
            severities.push(finding.severity);
        }
        severities.sort_by_key(|severity| std::cmp::Reverse(*severity));
        severities.dedup();
        let of = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
        let mut choices = Self {
            checks: checks.into_iter().collect(),
            kinds: kinds.into_keys().collect(),
            files: files.into_keys().collect(),
            positions: HashMap::new(),
            severities,
            has_both_verdicts: of(Verdict::Fails) && of(Verdict::Unknown),
        };
        let checks = choices.checks.iter().map(|(id, _)| *id);
        for (sort, names) in [
            (CHECK, checks.collect::<Vec<_>>()),
            (KIND, choices.kinds.clone()),
            (FILE, choices.files.clone()),
        ] {
            choices.positions.extend(names.into_iter().enumerate().map(|(at, name)| ((sort, name), at)));
        }
        choices
    }

    /// The attributes by which the filter knows a place.
    pub(super) fn attributes(&self, finding: &Finding) -> String {
        let position = |sort, name: &str| self.positions.get(&(sort, name)).copied().unwrap_or_default();
        let file = finding.origin.span().map(|span| position(FILE, &span.file));
        format!(
            "data-s=\"{}\" data-v=\"{}\" data-c=\"{}\" data-k=\"{}\"{}",
            finding.severity as usize,
            if finding.verdict == Verdict::Unknown { "u" } else { "f" },
            position(CHECK, finding.page.as_str()),
            position(KIND, &finding.subject.kind),
            file.map(|file| format!(" data-f=\"{file}\"")).unwrap_or_default(),
        )
    }

    /// The form, which the script shows.
    pub(super) fn form(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(b"<form id=\"filter\" role=\"search\" aria-label=\"Filter\" hidden>\n")?;
        search(to)?;
        severities(&self.severities, to)?;
        if self.has_both_verdicts {
            to.write_all(
                b"<fieldset><legend>Answer</legend>\
                  <label><input type=\"checkbox\" name=\"v\" value=\"f\" checked> fails</label>\
                  <label><input type=\"checkbox\" name=\"v\" value=\"u\" checked> cannot tell</label></fieldset>\n",
            )?;
        }
        choices(to)?;
        let checks: Vec<&str> = self.checks.iter().map(|(_, title)| *title).collect();
        select(to, "c", "Check", "every check", &checks)?;
        select(to, "k", "Resource", "every type", &self.kinds)?;
        select(to, "f", "File", "every file", &self.files)?;
        close(to, "places")
    }
}

/// The field that words are searched by.
pub(super) fn search(to: &mut dyn Write) -> io::Result<()> {
    to.write_all(
        b"<label class=\"search\"><span>Search</span>\
          <input type=\"search\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"any word\" aria-keyshortcuts=\"/\"></label>\n",
    )
}

/// A box for each severity.
pub(super) fn severities(severities: &[Severity], to: &mut dyn Write) -> io::Result<()> {
    if severities.len() < 2 {
        return Ok(());
    }
    to.write_all(b"<fieldset><legend>Severity</legend>")?;
    for severity in severities {
        let value = *severity as usize;
        write!(
            to,
            "<label><input type=\"checkbox\" name=\"s\" value=\"{value}\" checked> <span class=\"{severity}\">{severity}</span></label>"
        )?;
    }
    to.write_all(b"</fieldset>\n")
}

/// Begins what is folded where there is little room.
pub(super) fn choices(to: &mut dyn Write) -> io::Result<()> {
    to.write_all(b"<details class=\"choices\" open><summary>Narrow down</summary>")
}

/// A choice of one or all.
pub(super) fn select(to: &mut dyn Write, name: &str, label: &str, all: &str, of: &[&str]) -> io::Result<()> {
    if of.len() < 2 {
        return Ok(());
    }
    write!(to, "<label><span>{label}</span><select name=\"{name}\"><option value=\"\">{all}</option>")?;
    for (at, word) in of.iter().enumerate() {
        write!(to, "<option value=\"{at}\">{}</option>", Text(word))?;
    }
    to.write_all(b"</select></label>\n")
}

/// What is left, and the way back to all.
pub(super) fn close(to: &mut dyn Write, what: &str) -> io::Result<()> {
    writeln!(
        to,
        "</details>\n<p class=\"left\"><output id=\"left\" data-what=\"{what}\"></output> \
         <button type=\"reset\" id=\"clear\" hidden>Show all</button></p>\n</form>",
    )
}
