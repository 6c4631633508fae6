//! AWS KMS: key policies are needed, and some operations they say nothing about.

use crate::case::{Case, is_one_of};
use crate::tables::FROM_OUTSIDE;

/// `kms-default`: a key is used only as its policy allows; `kms-retire`: but for retiring grants.
pub(crate) fn needs_its_policy(case: &Case<'_>) -> bool {
    is_about_a_key(case) && !case.is("kms:RetireGrant")
}

/// `kms-external`: from another account, a key policy lets nobody administer a key.
pub(crate) fn administers_from_outside(case: &Case<'_>) -> bool {
    let is_outside = case.principal.account().is_some() && !case.same_account();
    is_about_a_key(case) && is_outside && !is_one_of(FROM_OUTSIDE, case.operation())
}

fn is_about_a_key(case: &Case<'_>) -> bool {
    case.service() == "kms" && case.resource().contains(":key/")
}
