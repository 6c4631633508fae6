//! Resources: as a source declared them, and as checks read them.

use crate::{AccountId, Arn, Node, Origin, Region, ResourceType, Unknown};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The sort of source a resource was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Terraform or OpenTofu: configuration or plan.
    Terraform,
    /// A CloudFormation template.
    Cloudformation,
    /// The cloud's own API, or a file that gives what it would say.
    Live,
}

/// Where a resource is declared: the root that declares it, and its name within that root.
///
/// The name alone (module path, type, name and key; or a logical id; or an ARN) is what a fingerprint
/// is made of, so that moving a root or renaming its files does not change what was found there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The folder or template that declares it, as the user would write it.
    pub root: Arc<str>,
    /// The name within the root: `module.network.aws_vpc.main["a"]`, a logical id, an ARN.
    pub name: Arc<str>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether a declared resource exists once the source is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Existence {
    /// It exists.
    Yes,
    /// A count of zero or a condition that is false keeps it from being made.
    No(Origin),
    /// What decides it is unknown.
    Unknown(Unknown, Origin),
}

/// A resource as a reader found it, before its kind gave its attributes their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawResource {
    /// The sort of source.
    pub source: Source,
    /// The source's own name of the type: `aws_ebs_volume`, `AWS::EC2::Volume`.
    pub source_type: Arc<str>,
    /// Where it is declared.
    pub address: Address,
    /// Does it exist once applied?
    pub existence: Existence,
    /// The whole document, losslessly: a map.
    pub raw: Node,
    /// The account, where the source says it.
    pub account: Option<AccountId>,
    /// The region, where the source says it.
    pub region: Option<Region>,
    /// The declaration's own place: the header of the block, not its body.
    pub origin: Origin,
}

/// A thing in a cloud, with the attributes its kind defines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// CloudFormation's name of the type; none where no kind describes it yet.
    pub kind: Option<ResourceType>,
    /// The source's own document and names.
    pub declared: RawResource,
    /// The ARN, when it is known.
    pub arn: Option<Arn>,
    /// The attributes of its kind, by name.
    pub attributes: IndexMap<Arc<str>, Attribute>,
}

/// What is known of one attribute of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// It was given. Parts of it may still be unknown.
    Known(Node),
    /// It was not given, and that means something.
    Absent(Meaning, Origin),
    /// It could not be read.
    Unknown(Unknown, Origin),
}

/// What it means that an attribute was not given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// There is none.
    Nothing,
    /// The documented default holds.
    Default(Node),
}

/// The way to a part of a resource's attributes: `ingress[2].cidrs[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Segment {
    /// An item, counted from 0.
    Index(usize),
    /// An entry.
    Name(Arc<str>),
}

impl Resource {
    /// The address within its root.
    pub fn address(&self) -> &Address {
        &self.declared.address
    }

    /// The place nearest to what `path` means: the value itself, or the smallest thing around it that has a place.
    pub fn origin_of(&self, path: &Path) -> &Origin {
        let mut segments = path.0.iter();
        let Some(Segment::Name(first)) = segments.next() else {
            return &self.declared.origin;
        };
        let mut node = match self.attributes.get(first) {
            Some(Attribute::Known(node)) => node,
            Some(Attribute::Absent(_, origin) | Attribute::Unknown(_, origin)) => return origin,
            None => return &self.declared.origin,
        };
        for segment in segments {
            match node.step(segment) {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.origin
    }

    /// The value at `path`, where one is known or follows from a default.
    pub fn value_at(&self, path: &Path) -> Option<&Node> {
        let mut segments = path.0.iter();
        let Some(Segment::Name(first)) = segments.next() else {
            return None;
        };
        let start = match self.attributes.get(first)? {
            Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => node,
            Attribute::Absent(Meaning::Nothing, _) | Attribute::Unknown(..) => return None,
        };
        segments.try_fold(start, |node, segment| node.step(segment))
    }
}

impl Node {
    /// The part that one step leads to.
    pub fn step(&self, segment: &Segment) -> Option<&Node> {
        match (segment, &self.value) {
            (Segment::Index(index), crate::Value::List(list)) => list.items.get(*index),
            (Segment::Name(name), crate::Value::Map(map)) => map.entries.get(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Name(name) if position == 0 => f.write_str(name)?,
                Segment::Name(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "terraform",
            Self::Cloudformation => "cloudformation",
            Self::Live => "live",
        })
    }
}
