//! `palisade role`: the least role that a collection needs, to deploy.

use super::arguments::{RoleFormat, RoleOptions};
use super::collect::wanted;
use crate::Ending;
use crate::content::library;
use crate::output;
use anyhow::Context;
use palisade_collect::{Plan, Role, permissions};
use serde_json::Value;

/// Runs `palisade role`.
pub fn run(options: &RoleOptions, color: bool) -> anyhow::Result<Ending> {
    let (library, diagnostics) = library(&options.content)?;
    crate::content::says(&diagnostics, color);
    let wanted = wanted(&options.checks, &options.kinds, &library)?;
    let plan = Plan::new(library.kinds(), wanted.as_ref());
    let permissions = permissions(&plan);
    let needed = |given: &Option<String>, flag: &str, why: &str| {
        given.clone().with_context(|| format!("`{flag}` is needed for a role: {why}"))
    };
    let role = || -> anyhow::Result<Role> {
        let principal = needed(
            &options.trust,
            "--trust ARN",
            "the user or role that runs Palisade, which the role of the managing account trusts",
        )?;
        let is_arn = principal.split(':').count() == 6 && principal.starts_with("arn:");
        anyhow::ensure!(
            is_arn,
            "`{principal}` is no ARN of a user or role, as `arn:aws:iam::111122223333:role/audit`"
        );
        let external_id = needed(
            &options.external_id,
            "--external-id ID",
            "what whoever takes the roles of the other accounts has to know; `uuidgen` makes one",
        )?;
        Ok(Role { name: options.name.clone(), principal, external_id })
    };
    let text = match (options.format, options.org) {
        (RoleFormat::Policy, false) => json(&permissions.account_policies())?,
        (RoleFormat::Policy, true) => {
            let nobody =
                Role { principal: String::new(), external_id: String::new(), name: options.name.clone() };
            json(&permissions.organisation_policies(&nobody))?
        }
        (RoleFormat::Terraform, _) => permissions.terraform(&role()?),
        (RoleFormat::Cloudformation, false) => json(&[permissions.account_template(&role()?)])?,
        (RoleFormat::Cloudformation, true) => json(&[permissions.organisation_template(&role()?)])?,
    };
    output::write(options.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(Ending::Clean)
}

/// One document as it is, several as a list.
fn json(documents: &[Value]) -> anyhow::Result<String> {
    let text = match documents {
        [one] => serde_json::to_string_pretty(one),
        several => serde_json::to_string_pretty(several),
    };
    Ok(text? + "\n")
}
