//! Proves what policies can never allow, or shows a request that they do.
//!
//! An engine: no files, clock or network. A question is about all requests at once: any action, resource and condition
//! keys. The answer is that it holds, a request that shows that it does not (and that `palisade-iam` confirms), or
//! unknown, with the reason.
//!
//! ```
//! use palisade_iam::{Policy, PolicyKind, Strictness};
//! use palisade_prove::{Answer, Attached, Options, no_new_access};
//! let policy = |resource: &str| {
//!     let text = format!(r#"{{"Version": "2012-10-17", "Statement":
//!         [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{resource}"}}]}}"#);
//!     let policy = Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Strict);
//!     Attached::new(vec![policy.into()])
//! };
//! let (old, new) = (policy("arn:aws:s3:::films/*"), policy("arn:aws:s3:::films/2026/*"));
//! let options = Options::default();
//! assert_eq!(no_new_access(&old, &new, &options).answer, Answer::Holds);
//! assert!(matches!(no_new_access(&new, &old, &options).answer, Answer::Violated(_)));
//! ```

mod actions;
mod answer;
mod asker;
mod compile;
mod compose;
mod difference;
mod keys;
mod points;
mod questions;
mod replay;
mod search;
mod word;

pub use answer::{AllowedBy, Answer, Options, Report, Witness};
pub use compile::Attached;
pub use compose::{Met, Satisfied, satisfy};
pub use difference::levels::{levels_keep_out, redundant_levels};
pub use questions::{
    Redundant, access_not_granted, allows, equivalent, no_new_access, no_public_access, policy_kind,
    redundant,
};
