//! The AWS authorisation rules a second time: slow, obvious, laid out in the order of the AWS documentation, each rule
//! with its page. Only tests use it, to be compared with `palisade-iam`, of which it shares no code.
//!
//! It reads a case as `palisade-iam/CASES.md` describes it, in `Strict` mode, for one resource (not a set of them), and
//! answers from the JSON as it stands: nothing is compiled, cached or shared between questions.
//!
//! Pages are named in short: `logic` stands for `IAM/latest/UserGuide/reference_policies_evaluation-logic…`, and so on;
//! [`PAGES`] spells them out.

mod case;
mod condition;
mod context;
mod decide;
mod element;
pub mod generate;
mod principal;
mod public;
mod tri;

#[cfg(test)]
mod tests;

pub use decide::{Answer, Decision, decide};
pub use tri::Tri;

/// The pages that the rules stand on, by the short names the comments use; below `https://docs.aws.amazon.com/`.
pub const PAGES: &[(&str, &str)] = &[
    ("logic", "IAM/latest/UserGuide/reference_policies_evaluation-logic.html"),
    (
        "logic-denyallow",
        "IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html",
    ),
    ("logic-cross", "IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"),
    ("boundaries", "IAM/latest/UserGuide/access_policies_boundaries.html"),
    ("sessions", "IAM/latest/UserGuide/access_policies.html#policies_session"),
    ("federation", "STS/latest/APIReference/API_GetFederationToken.html"),
    ("principal", "IAM/latest/UserGuide/reference_policies_elements_principal.html"),
    ("notprincipal", "IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"),
    ("managed", "IAM/latest/UserGuide/access_policies_managed-vs-inline.html"),
    ("action", "IAM/latest/UserGuide/reference_policies_elements_action.html"),
    ("resource", "IAM/latest/UserGuide/reference_policies_elements_resource.html"),
    ("variables", "IAM/latest/UserGuide/reference_policies_variables.html"),
    ("operators", "IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"),
    (
        "multivalue",
        "IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
    ),
    ("keys", "IAM/latest/UserGuide/reference_policies_condition-keys.html"),
    ("scp", "organizations/latest/userguide/orgs_manage_policies_scps.html"),
    ("scp-evaluation", "organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"),
    ("rcp", "organizations/latest/userguide/orgs_manage_policies_rcps.html"),
    ("kms-policy", "kms/latest/developerguide/key-policy-overview.html"),
    ("kms-default", "kms/latest/developerguide/key-policy-default.html"),
    ("kms-grants", "kms/latest/developerguide/grants.html"),
    ("kms-aliases", "kms/latest/developerguide/kms-alias.html"),
    ("assume-role", "STS/latest/APIReference/API_AssumeRole.html"),
    ("credentials", "IAM/latest/UserGuide/id_credentials_sts-comparison.html"),
    ("session-token", "STS/latest/APIReference/API_GetSessionToken.html"),
    ("caller-identity", "STS/latest/APIReference/API_GetCallerIdentity.html"),
    ("endpoint", "vpc/latest/privatelink/vpc-endpoints-access.html"),
    ("s3-block", "AmazonS3/latest/userguide/access-control-block-public-access.html"),
    ("s3-ownership", "AmazonS3/latest/userguide/about-object-ownership.html"),
    ("s3-lockout", "AmazonS3/latest/userguide/example-bucket-policies.html"),
    ("s3-points", "AmazonS3/latest/userguide/access-points-policies.html"),
    ("s3-points-vpc", "AmazonS3/latest/userguide/access-points-vpc.html"),
    ("s3-owner", "AmazonS3/latest/userguide/bucket-policies.html"),
    ("kms-external", "kms/latest/developerguide/key-policy-modifying-external-accounts.html"),
    ("kms-retire", "kms/latest/developerguide/grant-delete.html"),
    ("s3-acl", "AmazonS3/latest/userguide/acl-overview.html"),
];
