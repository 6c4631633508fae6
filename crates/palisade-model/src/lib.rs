//! The words every other crate speaks. The glossary is generated from this crate's documentation.
//!
//! Three ideas carry it: every fact knows its [`Origin`]; a value that could not be read is an
//! [`Unknown`] with its reason, never a pass; and whatever Palisade has to say is a [`Finding`].

mod diagnostic;
mod estate;
mod event;
mod finding;
mod hit;
mod id;
mod origin;
mod resource;
mod suppression;
mod value;

pub use diagnostic::{Diagnostic, Level};
pub use estate::{Account, Completeness, Estate, Organisation, OrganisationalUnit};
pub use event::{Event, Glimpse};
pub use finding::{Evidence, Finding, Fingerprint, Severity, Subject, Verdict};
pub use hit::Hit;
pub use id::{AccountId, Arn, PageId, ParseIdError, Region, ResourceType};
pub use origin::{Call, Origin, Position, Span};
pub use resource::{Address, Attribute, Existence, Meaning, Path, RawResource, Resource, Segment, Source};
pub use suppression::{Day, Suppressed, SuppressedBy, Suppression};
pub use value::{Hint, List, Map, Node, Reference, Shape, Unknown, Value, Why};
