//! Decides what AWS would allow: policies, requests, decisions and their explanation.
//!
//! An engine: no files, clock or network. The specification is AWS's documentation; where its pages are silent or
//! disagree, the answer is unknown, with the reason. CASES.md describes the format of cases.
//!
//! ```
//! use palisade_iam::{Case, Outcome};
//! let line = r#"{"request": {"principal": "arn:aws:iam::111122223333:user/erin", "action": "s3:GetObject",
//!     "resource": "arn:aws:s3:::reports/k", "resourceAccount": "111122223333"},
//!     "identity": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}]}"#;
//! let case = Case::parse(line, &"cases.jsonl".into(), 1).unwrap();
//! assert_eq!(case.answer().outcome, Outcome::Allowed);
//! ```

mod case;
mod condition;
mod context;
mod decide;
mod derive;
mod explain;
mod formula;
mod grants;
mod name;
mod parse;
mod pattern;
mod policy;
mod principal;
mod request;
mod rules;
mod s3;
mod sets;
mod truth;
mod value;

pub use case::{Answer, Case, by_json};
pub use condition::{Comparison, Condition, Family, Operator, Quantifier, Test, TestValue};
pub use context::{Context, Entry, Rest};
pub use decide::{By, Decision, Layer, Layers, Open, Outcome, Place};
pub use derive::{Caller, Credentials, Known, Side, Source, Target, Via};
pub use explain::{Explanation, LayerVerdict, Miss, NearMiss, StatementRef, explain};
pub use formula::{Formula, Leaf, What};
pub use grants::{
    Columns, EksAccessEntry, Grant, GrantKind, Grants, KmsGrant, LakeFormationGrant, LakeResource,
    OtherGrant, Receiver, S3AccessGrant,
};
pub use name::Name;
pub use parse::{MAX_CHARACTERS, Strictness};
pub use pattern::{Glob, Malformed, Piece, Reading, Resolved, Sign, Variable, arn_fields};
pub use policy::{
    Action, Actions, Effect, Policy, PolicyKind, Principals, ResourcePattern, ResourceText, Resources,
    Statement, Written,
};
pub use principal::{FederatedUser, Named, Principal, PrincipalPattern, RoleSession, User};
pub use request::{
    AccessPoint, AclGrant, Asked, Facts, Level, Namespace, Parameters, Policies, Request, S3Facts, Switch,
    resource_need, unknown_action,
};
pub use rules::Rule;
pub use s3::is_public;
pub use sets::{Question, decide, discover, is_set};
pub use truth::Truth;
pub use value::parse_date;
