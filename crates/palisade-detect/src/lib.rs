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
//! * **Kinds of values.** A number equals the text of it (a whole one without a fraction, also where the log writes
//!   `42.0`) and a truth value the word; `yes` and `1` are not true.
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
//!
//! # Beside another engine
//!
//! `cargo xtask oracle sigma` asks rsigma-eval the same of rules and events made of a seed, of the shipped detections
//! and of the community's rules, and fails on any difference but these (`oracles/sigma/src/known.rs`):
//!
//! | here | there | why |
//! |---|---|---|
//! | a field that is there and null exists | it is absent | the check is for presence and not for the value ([modifiers, `exists`][modifiers]) |
//! | `null` is found among a list's elements, also beside other values | not | what null is depends on the system that is asked ([rules, special field values][rules]); here it is as any other value, and a warning in a list |
//! | `1` is not `true` | it is | values are compared, the specification gives truth values no other words ([rules][rules]) |
//! | a keyword is looked for in numbers and truth values, each keyword of `\|all` in any value, and anywhere in it also with wildcards | in single texts, as a whole | keywords are searched across an entire event, `all` joins them with *and* ([rules, keywords search][rules]) |
//! | wildcards match the words of numbers and truth values | not | silent; a value is its text to a pattern |
//! | `contains`, `startswith`, `endswith` keep the wildcards of their value, and anchor the whole | not anchored | the value, wildcards and all, is expected at the beginning or the end ([modifiers][modifiers]) |
//! | a map is its JSON to `contains` and `re` | it matches nothing | community rules look into all of `requestParameters` so; silent |
//! | `base64offset` finds a text at all three shifts, whatever follows | misses some | it must be found whatever its place in what is encoded ([modifiers, `base64offset`][modifiers]) |
//! | `windash` takes the dashes for each other anywhere | not everywhere | all permutations of the dashes ([modifiers, `windash`][modifiers]) |
//! | `fieldref` compares any elements of lists | lists as a whole | silent; a list is any of its elements everywhere else |
//! | `1 of *` leaves out names that begin with `_` | only `1 of them` does | a pattern is the same as *them*, restricted to the names that fit ([rules, condition][rules]); pySigma does so |
//! | parts of a time go with `lt`, `lte`, `gt`, `gte` | refused | they extract a number from a date ([modifiers, time][modifiers]) |
//! | a pattern that names no selection, more selections than there are, a text too short for `base64offset`, `exists` with `neq` | accepted | such a rule never matches, or always: its author is told |
//! | `expand` | accepted | who cannot handle placeholders must reject the rule ([rules, placeholders][rules]) |
//!
//! [modifiers]: https://sigmahq.io/sigma-specification/specification/sigma-appendix-modifiers.html
//! [rules]: https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
//!
//! # State
//!
//! A [`Rule`] and a [`Gate`] keep nothing of the events they saw (but the gate's memory of values, which changes no
//! answer), so threads judge files side by side. What looks at many events, as correlations will, is to stand behind
//! them, where the hits come together in the order of the log, with a state of its own beside each rule.

mod community;
mod compile;
mod condition;
mod encode;
mod field;
mod gate;
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
pub use gate::{Candidates, Gate};
pub use mutate::Deletion;
pub use rule::Rule;
pub use say::{placeholders, say};

#[cfg(test)]
mod tests;
