//! What a resource type is: its attributes, where each source keeps them, what absence means.
//!
//! A kind page's blocks are read by [`parse_kind`]; [`Kinds`] is the set of all kinds; [`resolve`] names what
//! readers found. The words of a page are described in [`grammar`].

mod belong;
mod coerce;
mod events;
pub mod grammar;
mod json;
mod kinds;
mod parse;
mod path;
mod policy;
mod read;
mod resolve;

pub use grammar::{AttributeRule, Collect, Is, Kind, Scope};
pub use kinds::Kinds;
pub use parse::parse_kind;
pub use resolve::resolve;

#[cfg(test)]
mod tests;
