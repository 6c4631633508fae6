//! Checks: faults that configuration can have.

use crate::fields::{Fields, Word, ids};
use crate::load::{Mention, Wanted};
use crate::{Block, nearest};
use palisade_model::{PageId, ResourceType, Severity, Source};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A fault that configuration can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How much it matters.
    pub severity: Severity,
    /// What the rule is asked about.
    pub looks_at: LooksAt,
    /// The sources whose resources it is asked about; all where there are none here.
    pub only_in: Vec<Source>,
    /// The outcomes it stands against.
    pub objectives: Vec<PageId>,
    /// The rule: a Rego module.
    pub rego: Block,
    /// The rule of the module that lists the faults: `fail` in Palisade's own pages.
    pub entrypoint: Arc<str>,
}

/// What a check is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LooksAt {
    /// Each resource of a type.
    Kind(ResourceType),
    /// Each account.
    Account,
    /// Each region of each account.
    AccountRegion,
    /// The organisation.
    Organisation,
}

impl LooksAt {
    const WHOLES: [(&'static str, Self); 3] = [
        ("account", Self::Account),
        ("account in a region", Self::AccountRegion),
        ("organisation", Self::Organisation),
    ];

    /// The words for what is not a type.
    pub(crate) const WORDS: [&'static str; 3] = ["account", "account in a region", "organisation"];

    /// The type, when it looks at resources.
    pub fn kind(&self) -> Option<&ResourceType> {
        match self {
            Self::Kind(kind) => Some(kind),
            Self::Account | Self::AccountRegion | Self::Organisation => None,
        }
    }
}

impl FromStr for LooksAt {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wholes = Self::WHOLES.into_iter();
        if let Some((_, whole)) = wholes.clone().find(|(word, _)| *word == text) {
            return Ok(whole);
        }
        text.parse().map(Self::Kind).map_err(|_| {
            format!("`{text}` is nothing a check looks at: a type like `AWS::S3::Bucket`, `account`, `account in a region` or `organisation`")
        })
    }
}

impl fmt::Display for LooksAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Kind(kind) = self {
            return write!(f, "{kind}");
        }
        let word = Self::WHOLES.iter().find(|(_, whole)| whole == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

/// The fields of a check, whatever sort of file they stand in.
pub(crate) struct CheckFields {
    pub severity: Severity,
    pub looks_at: LooksAt,
    pub only_in: Vec<Source>,
    pub objectives: Vec<PageId>,
}

/// Reads the fields of a check's front matter.
pub(crate) fn fields(fields: &mut Fields<'_>, mentions: &mut Vec<Mention>) -> Option<CheckFields> {
    let severity = severity(fields, "severity");
    let looks_at = fields.needed("looks-at", "AWS::S3::Bucket");
    let looks_at = looks_at.and_then(|word| read_looks_at(&word, mentions));
    let only_in = only_in(fields);
    let objectives = objectives(fields, mentions);
    Some(CheckFields { severity: severity?, looks_at: looks_at?, only_in, objectives })
}

/// Reads the sources a check is about.
fn only_in(fields: &mut Fields<'_>) -> Vec<Source> {
    let known = [Source::Terraform, Source::Cloudformation, Source::Live];
    let mut sources = Vec::new();
    for word in fields.words("only-in") {
        match known.into_iter().find(|source| source.to_string() == *word.text) {
            Some(source) => sources.push(source),
            None => {
                let message = format!("`{}` is not a source", crate::fields::short(&word.text));
                fields.error(
                    &word.span,
                    message,
                    Some("`terraform`, `cloudformation` and `live` are".to_owned()),
                );
            }
        }
    }
    sources
}

/// Reads a severity that must be given.
pub(crate) fn severity(fields: &mut Fields<'_>, name: &'static str) -> Option<Severity> {
    let word = fields.needed(name, "medium")?;
    read_severity(fields, &word)
}

/// Reads the word of a severity.
pub(crate) fn read_severity(fields: &mut Fields<'_>, word: &Word) -> Option<Severity> {
    let known = Severity::ALL.map(Severity::as_str);
    match word.text.parse() {
        Ok(severity) => Some(severity),
        Err(_) => {
            let message = format!("`{}` is not a severity", crate::fields::short(&word.text));
            fields.error(&word.span, message, nearest::remedy(&word.text, known));
            None
        }
    }
}

/// Reads what a check looks at; whether its kind exists is asked once all pages are known.
pub(crate) fn read_looks_at(word: &Word, mentions: &mut Vec<Mention>) -> Option<LooksAt> {
    match word.text.parse::<LooksAt>() {
        Ok(looks_at) => {
            if looks_at.kind().is_some() {
                mentions.push(Mention::new(Wanted::Kind, word));
            }
            Some(looks_at)
        }
        Err(_) => {
            // Which word was meant can be said once the kinds are known.
            mentions.push(Mention::new(Wanted::LooksAt, word));
            None
        }
    }
}

/// Reads the objectives a page stands against.
pub(crate) fn objectives(fields: &mut Fields<'_>, mentions: &mut Vec<Mention>) -> Vec<PageId> {
    let words = fields.words("objectives");
    mentions.extend(words.iter().map(|word| Mention::new(Wanted::Objective, word)));
    ids(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_check_looks_at_reads_back() {
        for text in ["account", "account in a region", "organisation", "AWS::S3::Bucket"] {
            assert_eq!(text.parse::<LooksAt>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
        assert!("bucket".parse::<LooksAt>().is_err());
    }
}
