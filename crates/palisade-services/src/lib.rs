//! What AWS services are to IAM: their actions with access levels, the resource types each action takes, condition
//! keys, and which services resource control policies reach.
//!
//! The facts are AWS's, from the [Service Authorization Reference][page], as two public packages give them; they are
//! carried in the binary as one compressed file that `cargo xtask services` writes anew. What both packages say is
//! [`Agreed`](Sources::Agreed); what only one knows, or what they differ on, says so, and whoever decides by it has to
//! answer "unknown" where it matters.
//!
//! ```
//! let reference = palisade_services::Reference::shipped();
//! let action = reference.action("s3:getobject").unwrap();
//! assert_eq!(action.name, "GetObject");
//! assert!(reference.service("s3").unwrap().reached_by_rcps);
//! ```
//!
//! [page]: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

mod arn;
mod global;
mod read;

pub use global::{GlobalKey, Presence, global_key, global_keys};

use std::collections::BTreeMap;
use std::sync::OnceLock;

#[cfg(test)]
mod tests;

/// The carried facts.
#[derive(Debug)]
pub struct Reference {
    /// The day on which the facts were taken from AWS's pages: `2026-09-26`.
    pub date: String,
    /// The packages they come from, with their versions.
    pub sources: Vec<String>,
    services: BTreeMap<String, Packed>,
}

/// A service that is read when it is first asked for.
#[derive(Debug)]
struct Packed {
    bytes: &'static [u8],
    reached_by_rcps: bool,
    read: OnceLock<Service>,
}

/// A service, by the prefix that its actions bear.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The prefix of its actions: `s3`.
    pub prefix: String,
    /// What AWS calls it: `Amazon S3`.
    pub name: String,
    /// Whether resource control policies reach it, by the date of the facts (the list grows).
    ///
    /// [AWS's list](https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services)
    pub reached_by_rcps: bool,
    /// Its actions in the order of their lower-case names.
    pub actions: Vec<Action>,
    /// Its resource types in the order of their names.
    pub resource_types: Vec<ResourceType>,
    /// The condition keys of its actions and resource types, in order.
    pub keys: Vec<Key>,
}

/// An action of a service.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// As AWS spells it, without the prefix: `GetObject`.
    pub name: String,
    /// What it does to resources.
    pub level: AccessLevel,
    /// Whether the sources agree on the level.
    pub level_sources: Sources,
    /// The resource types a statement may name for it. None at all: the action takes only `*`.
    pub resources: Vec<ActionResource>,
    /// Whether the sources agree on the resource types.
    pub resource_sources: Sources,
    /// Condition keys of the action itself, as places in [`Service::keys`].
    pub keys: Vec<usize>,
    /// Other actions the caller must be allowed for this one to work: `iam:PassRole`.
    pub dependent_actions: Vec<String>,
}

/// A resource type that an action takes.
#[derive(Debug, PartialEq, Eq)]
pub struct ActionResource {
    /// The type, as a place in [`Service::resource_types`].
    pub resource_type: usize,
    /// Whether a statement without such a resource does not allow the action.
    pub required: bool,
    /// Condition keys that only count for this type, as places in [`Service::keys`].
    pub keys: Vec<usize>,
}

/// A resource type of a service.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// AWS's word for it: `bucket`.
    pub name: String,
    /// The form of its ARN, with `${…}` for what varies: `arn:${Partition}:s3:::${BucketName}`.
    pub arn: String,
    /// Condition keys of such resources, as places in [`Service::keys`].
    pub keys: Vec<usize>,
}

/// A condition key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name, with `${…}` for what varies: `aws:ResourceTag/${TagKey}`.
    pub name: String,
    /// What its values are.
    pub of: ValueType,
    /// Whether it has several values at once, so that only set operators fit.
    pub many: bool,
}

/// What the values of a condition key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Any text.
    Text,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A moment.
    Date,
    /// An address or a range of them.
    Address,
    /// Bytes in base64.
    Bytes,
}

/// What an action does to resources, as AWS classes it.
///
/// [AWS's page](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Sees that resources exist.
    List,
    /// Reads what they hold.
    Read,
    /// Changes only tags.
    Tagging,
    /// Makes, changes or deletes them.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
}

/// How well a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// Both packages say the same.
    Agreed,
    /// Only one knows the action at all.
    Single,
    /// They differ; the newer one's word is given.
    Differ,
}

impl Reference {
    /// The facts that ship with Palisade.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Reference> = OnceLock::new();
        SHIPPED.get_or_init(|| read::index(include_bytes!("../data/services.bin")))
    }

    /// The service whose actions bear this prefix; letter case does not matter.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        let packed = match self.services.get(prefix) {
            Some(packed) => packed,
            None => self.services.get(prefix.to_ascii_lowercase().as_str())?,
        };
        let read = || read::service(prefix.to_ascii_lowercase(), packed.reached_by_rcps, packed.bytes);
        Some(packed.read.get_or_init(read))
    }

    /// The prefixes of all services, in order.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// Whether resource control policies reach the services of this prefix; `None` for one that is not known.
    ///
    /// Costs nothing but a look into the index.
    pub fn reached_by_rcps(&self, prefix: &str) -> Option<bool> {
        let packed = self.services.get(prefix.to_ascii_lowercase().as_str())?;
        Some(packed.reached_by_rcps)
    }

    /// The action of this full name, as `s3:GetObject`; letter case does not matter.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let (prefix, name) = name.split_once(':')?;
        self.service(prefix)?.action(name)
    }
}

impl Service {
    /// The action of this name, without the prefix; letter case does not matter.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let wanted = name.to_ascii_lowercase();
        let place = self.actions.binary_search_by(|action| action.name.to_ascii_lowercase().cmp(&wanted));
        place.ok().map(|place| &self.actions[place])
    }

    /// The condition key of this name, as `s3:prefix` or `aws:ResourceTag/team`; letter case does not matter.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.is(name))
    }

    /// The resource types whose ARNs look like this one. Several may: a bucket's ARN without a slash is also that of
    /// nothing else, but `${Path}` placeholders overlap.
    pub fn resource_types_of<'a>(&'a self, arn: &'a str) -> impl Iterator<Item = &'a ResourceType> {
        self.resource_types.iter().filter(|resource| resource.matches(arn))
    }
}

impl Action {
    /// Whether a statement may name resources for it; `None` where the sources differ on which.
    pub fn takes_resources(&self) -> Option<bool> {
        (self.resource_sources != Sources::Differ).then_some(!self.resources.is_empty())
    }
}

impl ResourceType {
    /// Whether an ARN has this type's form: what varies may be anything but nothing, and only a path holds slashes.
    pub fn matches(&self, arn: &str) -> bool {
        arn::matches(&self.arn, arn)
    }
}

impl Key {
    /// Whether it goes by this name; a `${…}` in its own name stands for any text.
    pub fn is(&self, name: &str) -> bool {
        match self.name.find("${") {
            None => self.name.eq_ignore_ascii_case(name),
            Some(end) => {
                arn::matches(&self.name.to_ascii_lowercase(), &name.to_ascii_lowercase()) && name.len() > end
            }
        }
    }
}
