//! Findings: what Palisade has to say, with its evidence.

use crate::{AccountId, Address, Arn, Origin, PageId, Path, Region, Unknown};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a check says of a subject. Fails and passes hold whatever the unknown values turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The fault is there.
    Fails,
    /// It depends on something that is not known.
    Unknown,
    /// The fault is not there.
    Passes,
}

/// How much a fault matters: what whoever is on call does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Informational,
    /// Mend it when you are there anyway.
    Low,
    /// Plan it.
    Medium,
    /// This week.
    High,
    /// Now.
    Critical,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// CloudFormation's name of the type, `account` or `organisation`.
    pub kind: Arc<str>,
    /// Where it is declared.
    pub address: Address,
    /// The ARN, when it is known.
    pub arn: Option<Arn>,
    /// The account, when it is known.
    pub account: Option<AccountId>,
    /// The region, when it is known.
    pub region: Option<Region>,
}

/// A fact that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The way to it among the subject's attributes.
    pub path: Path,
    /// Its value, as short JSON; none where it is absent or unknown.
    pub value: Option<serde_json::Value>,
    /// Why it is unknown, when it is.
    pub unknown: Option<Unknown>,
    /// May it be a password or a key? Then neither its value nor the line it stands on is shown.
    #[serde(default)]
    pub is_secret: bool,
    /// Where it was written or read.
    pub origin: Origin,
}

/// Something to act on, or to look into: what, where, why, the evidence and the fix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The page whose rule speaks.
    pub page: PageId,
    /// The page's title: the fault in a sentence.
    pub title: Arc<str>,
    /// Fails or unknown; what passes is counted, not found.
    pub verdict: Verdict,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What exactly is wrong with it, or what keeps the answer open.
    pub message: String,
    /// Why it matters, from the page.
    pub why: Arc<str>,
    /// What to change, from the page.
    pub fix: Arc<str>,
    /// The outcomes it stands against, by the id of their pages.
    pub objectives: Vec<PageId>,
    /// The controls those outcomes answer to, as `CIS AWS 5.0 2.2.1`.
    pub controls: Vec<String>,
    /// What the verdict rests on.
    pub evidence: Vec<Evidence>,
    /// The place to look first: that of the deciding evidence, or of the subject.
    pub origin: Origin,
    /// The same tomorrow for the same fault, whatever was reformatted, moved or reordered.
    pub fingerprint: Fingerprint,
}

/// Names a fault across scans: a hash of the page, the subject's address within its root (or its ARN) and the
/// evidence key, and of nothing else, so that reformatting, moving lines, renaming files and reordering keep it.
///
/// The evidence key is what the rule says of the fault: its message, or the `key` it gives beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a fault. `occurrence` is 0 but where several roots of one scan hold the same address.
    pub fn new(page: &PageId, address: &str, evidence_key: &str, occurrence: u32) -> Self {
        let mut hash = Sha256::new();
        for part in [page.as_str(), address, evidence_key] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        if occurrence > 0 {
            hash.update(occurrence.to_le_bytes());
        }
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Self(short)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Fingerprint {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a fingerprint: 32 hexadecimal digits are expected");
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.as_str() == text);
        found.ok_or_else(|| {
            format!("`{text}` is not a severity: informational, low, medium, high or critical")
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fails => "fails",
            Self::Unknown => "unknown",
            Self::Passes => "passes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back_and_tells_its_parts_apart() {
        let page = PageId::new("aws/ec2/volume-not-encrypted");
        let fingerprint = Fingerprint::new(&page, "aws_ebs_volume.a", "`encrypted` is false", 0);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        for other in [
            ("aws_ebs_volume.b", "`encrypted` is false", 0),
            ("aws_ebs_volume.a", "", 0),
            ("aws_ebs_volume.a", "`encrypted` is false", 1),
        ] {
            assert_ne!(fingerprint, Fingerprint::new(&page, other.0, other.1, other.2));
        }
        assert_ne!(Fingerprint::new(&page, "ab", "c", 0), Fingerprint::new(&page, "a", "bc", 0));
    }

    #[test]
    fn severities_are_ordered_by_how_much_they_matter() {
        assert!(Severity::Critical > Severity::High && Severity::Low > Severity::Informational);
        assert!("urgent".parse::<Severity>().is_err());
    }
}
