//! Matches Sigma rules over events: which records of a log tell of something to look into.
//!
//! A rule is compiled once from its `detection` map ([`compile`]) or from a whole community rule
//! ([`parse_community_rule`]) and asked of each event ([`Rule::matches`]). Nothing here reads files or
//! clocks; what is wrong with a rule is a [`Diagnostic`](palisade_model::Diagnostic) with its place.
//!
//! The rules of the game are the [Sigma specification 2.1](https://sigmahq.io/sigma-specification/) with its
//! appendix of modifiers. Where it is silent, or its tools differ, this is what holds here:
//!
//! * **Fields.** `a.b` is the entry `b` of `a`; a key that is spelt `a.b` goes first. A list on the way, or at the
//!   end, stands for each of its elements: one that matches is enough.
//! * **Absent fields** match `null` and `exists: false` and nothing else, `neq` neither ("the *field* is different").
//!   A field that is there and null exists ("only verifies the presence of a field, not its value").
//! * **Kinds of values.** A number equals the text of it and a truth value the word; `yes` and `1` are not true.
//! * **A map** is its JSON to `contains` and `re`, since rules look into all of `requestParameters` so; to others it is
//!   nothing.
//! * **Wildcards** span lines, and a keyword is looked for anywhere in a value, also one with wildcards.
//! * **`windash`** takes the five dashes for each other wherever they stand in the value, without making variants.
//! * **`base64offset`** looks anywhere in the value, and leaves out the characters that its neighbours decide.
//! * **`cidr`** takes a lone address as a network of one, and sees the IPv4 address in `::ffff:10.0.0.1`.
//! * **Time** modifiers read RFC 3339 (in UTC) and Unix seconds or milliseconds, and go with `lt`, `lte`, `gt`, `gte`.
//! * **`1 of name*`** leaves out names that begin with `_`, as `1 of them` does, unless the pattern begins with it.
//!
//! Correlations, filters, placeholders and the array selectors of Sigma 3 are refused with a diagnostic.

mod community;
mod compile;
mod condition;
mod encode;
mod field;
mod modifier;
mod mutate;
mod number;
mod rule;
mod say;
mod text;
mod time;

pub use community::{CommunityRule, LogSource, Status, parse_community_rule};
pub use compile::compile;
pub use field::find;
pub use mutate::Deletion;
pub use rule::Rule;
pub use say::{placeholders, say};

#[cfg(test)]
mod tests;
