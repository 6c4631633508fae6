//! What a page is, whatever its sort.

use crate::{Check, Detection, Escalation, Framework, Playbook};
use palisade_document::Text;
use palisade_kinds::Kind;
use palisade_model::{PageId, Position, Severity, Span};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The sort of a page: the folder it lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// What a resource type is.
    Kind,
    /// A fault that configuration can have.
    Check,
    /// Something that should not happen.
    Detection,
    /// A way from some permissions to more.
    Escalation,
    /// An outcome, in a sentence.
    Objective,
    /// Somebody's list of controls.
    Framework,
    /// What to do about a finding.
    Playbook,
}

/// A page that could be read.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its path below the folder of its sort, without the ending.
    pub id: PageId,
    /// Its sort.
    pub sort: Sort,
    /// The path as it is shown to the user.
    pub file: Arc<str>,
    /// Is it part of Palisade?
    pub shipped: bool,
    /// The fault, outcome or thing in a sentence.
    pub title: Arc<str>,
    /// The first version that has it.
    pub since: Option<Version>,
    /// Why it matters: the prose below the front matter, in Markdown.
    pub why: Arc<str>,
    /// What to change: the section `## Fix`, in Markdown. Empty where the sort has none.
    pub fix: Arc<str>,
    /// The sections that are neither rule, nor test, nor fix, in the order of the page.
    pub sections: Vec<Section>,
    /// What the sort adds.
    pub body: Body,
    /// The tests, in the order of the page: one for each heading.
    pub examples: Vec<Example>,
}

/// A section that a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: Arc<str>,
    /// What stands below it, in Markdown.
    pub text: Arc<str>,
}

/// What the sort of a page adds to it.
#[derive(Debug, Clone)]
pub enum Body {
    /// What a resource type is.
    Kind(Kind),
    /// A fault that configuration can have.
    Check(Check),
    /// Something that should not happen.
    Detection(Detection),
    /// A way from some permissions to more.
    Escalation(Escalation),
    /// An outcome; its title says it all.
    Objective,
    /// Somebody's list of controls.
    Framework(Framework),
    /// What to do about a finding.
    Playbook(Playbook),
}

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The language its fence names, in lowercase.
    pub language: Arc<str>,
    /// The text between the fences.
    pub text: Arc<str>,
    /// Where the text's first character stands in the page.
    pub start: Position,
    /// The line of the opening fence.
    pub fence: Span,
}

/// A test of a page: what is expected of each of its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What is expected.
    pub expected: Expected,
    /// The whole heading, without its `#`.
    pub heading: Arc<str>,
    /// Where the heading stands.
    pub heading_span: Span,
    /// The blocks below it, each an example of its own but for playbooks.
    pub blocks: Vec<Block>,
}

/// What a test expects, with the words its heading says it in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expected {
    /// The rule fails with exactly this message.
    Fails(Arc<str>),
    /// The rule passes; what is right about it.
    Passes(Arc<str>),
    /// The verdict is unknown; why.
    Unknown(Arc<str>),
    /// The rule fires with exactly this message.
    Fires(Arc<str>),
    /// The rule stays quiet; on what.
    StaysQuiet(Arc<str>),
    /// A situation, from which a plan follows.
    Given(Arc<str>),
}

/// A released version: three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32, pub u32, pub u32);

impl Sort {
    /// All of them, in the order they build on one another.
    pub const ALL: [Self; 7] = [
        Self::Kind,
        Self::Objective,
        Self::Check,
        Self::Detection,
        Self::Escalation,
        Self::Playbook,
        Self::Framework,
    ];

    /// The folder of its pages.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Kind => "kinds",
            Self::Check => "checks",
            Self::Detection => "detections",
            Self::Escalation => "escalations",
            Self::Objective => "objectives",
            Self::Framework => "frameworks",
            Self::Playbook => "playbooks",
        }
    }

    /// The word for one page of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Check => "check",
            Self::Detection => "detection",
            Self::Escalation => "escalation",
            Self::Objective => "objective",
            Self::Framework => "framework",
            Self::Playbook => "playbook",
        }
    }

    /// The ending of its files, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Framework => "yaml",
            _ => "md",
        }
    }

    /// The words its test headings may begin with.
    pub fn tests(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["Fails", "Passes", "Unknown"],
            Self::Detection | Self::Escalation => &["Fires", "Stays quiet"],
            Self::Playbook => &["Given"],
            Self::Kind | Self::Objective | Self::Framework => &[],
        }
    }

    /// The languages its examples may be written in.
    pub fn example_languages(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["hcl", "cloudformation", "terraform-plan", "live", "estate"],
            Self::Detection => &["json"],
            Self::Escalation => &["estate"],
            Self::Playbook => &["json", "plan"],
            Self::Kind | Self::Objective | Self::Framework => &[],
        }
    }

    /// With its article, as in `a check`, `an escalation`.
    pub(crate) fn with_article(self) -> String {
        match self {
            Self::Escalation | Self::Objective => format!("an {self}"),
            _ => format!("a {self}"),
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Sort {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|sort| sort.as_str() == text);
        found.ok_or_else(|| {
            let words: Vec<_> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!("`{text}` is not a sort of page: {}", words.join(", "))
        })
    }
}

impl Page {
    /// The path of its file below the content folder.
    pub fn id_path(&self) -> String {
        format!("{}/{}.{}", self.sort.folder(), self.id, self.sort.ending())
    }

    /// How much it matters, for sorts that say it.
    pub fn severity(&self) -> Option<Severity> {
        match &self.body {
            Body::Check(check) => Some(check.severity),
            Body::Detection(detection) => Some(detection.severity),
            _ => None,
        }
    }

    /// The block of its rule, for sorts that have one.
    pub fn rule(&self) -> Option<&Block> {
        match &self.body {
            Body::Check(check) => Some(&check.rego),
            Body::Detection(detection) => Some(&detection.sigma),
            Body::Escalation(escalation) => Some(&escalation.rule),
            Body::Kind(_) | Body::Objective | Body::Framework(_) | Body::Playbook(_) => None,
        }
    }

    /// The outcomes it stands against, by the id of their pages.
    pub fn objectives(&self) -> &[PageId] {
        match &self.body {
            Body::Check(check) => &check.objectives,
            Body::Detection(detection) => &detection.objectives,
            Body::Escalation(escalation) => &escalation.objectives,
            Body::Kind(_) | Body::Objective | Body::Framework(_) | Body::Playbook(_) => &[],
        }
    }
}

impl Block {
    /// The text together with its place, for a parser.
    pub fn as_text(&self) -> Text<'_> {
        Text { file: &self.fence.file, text: &self.text, start: self.start }
    }
}

impl Expected {
    /// The word the heading begins with.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fails(_) => "Fails",
            Self::Passes(_) => "Passes",
            Self::Unknown(_) => "Unknown",
            Self::Fires(_) => "Fires",
            Self::StaysQuiet(_) => "Stays quiet",
            Self::Given(_) => "Given",
        }
    }

    /// What the heading says after that word.
    pub fn says(&self) -> &Arc<str> {
        match self {
            Self::Fails(says)
            | Self::Passes(says)
            | Self::Unknown(says)
            | Self::Fires(says)
            | Self::StaysQuiet(says)
            | Self::Given(says) => says,
        }
    }

    pub(crate) fn new(word: &str, says: Arc<str>) -> Option<Self> {
        Some(match word {
            "Fails" => Self::Fails(says),
            "Passes" => Self::Passes(says),
            "Unknown" => Self::Unknown(says),
            "Fires" => Self::Fires(says),
            "Stays quiet" => Self::StaysQuiet(says),
            "Given" => Self::Given(says),
            _ => return None,
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.word(), self.says())
    }
}

impl FromStr for Version {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('.').collect();
        if let [major, minor, patch] = parts[..]
            && parts.iter().all(is_number)
            && let (Ok(major), Ok(minor), Ok(patch)) = (major.parse(), minor.parse(), patch.parse())
        {
            return Ok(Self(major, minor, patch));
        }
        Err(format!("`{text}` is not a version: three numbers are expected, like `0.1.0`"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}
