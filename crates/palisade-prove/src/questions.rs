//! The questions: each is whether there is a request that some policies allow and others do not.

use crate::answer::{Answer, Options, Report, Witness};
use crate::asker::{Asker, of_policies, strangers};
use crate::compile::Attached;
use crate::difference::beyond;
use crate::replay::{decision, request};
use palisade_iam::{Effect, Outcome, Policy, PolicyKind, Strictness};
use serde_json::json;
use std::sync::Arc;

/// Do the new policies allow nothing that the old ones do not?
pub fn no_new_access(old: &Attached, new: &Attached, options: &Options) -> Report {
    let (askers, open) = of_policies(&[old, new]);
    let mut report = beyond(new, old, &askers, options);
    for why in open {
        report.unsure(why);
    }
    report.finish()
}

/// Do the policies allow none of the actions on any of the resources? Both take wildcards; without resources, on none.
pub fn access_not_granted(
    policies: &Attached,
    actions: &[&str],
    resources: &[&str],
    options: &Options,
) -> Report {
    let all = ["*"];
    let resources = if resources.is_empty() { &all } else { resources };
    let probe = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": actions, "Resource": resources},
    ]});
    let parse = |kind| Policy::parse(&probe.to_string(), &"the question".into(), kind, Strictness::Strict);
    let mut probe = parse(PolicyKind::Identity);
    if let Some(wrong) = probe.diagnostics.iter().find(|d| d.level == palisade_model::Level::Error) {
        let mut report = Report::new(options);
        report.unsure(format!("the question can't be asked: {}", wrong.message));
        return report.finish();
    }
    if policies.names_principals() {
        let mut value = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resources},
        ]});
        value["Id"] = json!("question");
        probe = Policy::parse(
            &value.to_string(),
            &"the question".into(),
            PolicyKind::Resource,
            Strictness::Strict,
        );
    }
    no_new_access(&Attached::new(vec![Arc::new(probe)]), policies, options)
}

/// Does the policy of a resource let in nobody of whom it knows nothing?
///
/// Somebody signed in of another account, or nobody; from an address of the internet or from a VPC of their own.
pub fn no_public_access(policy: &Attached, options: &Options) -> Report {
    let nothing = Attached::new(Vec::new());
    let mut report = beyond(policy, &nothing, &strangers(policy), options);
    let is_negated = |statement: &crate::compile::Statement| {
        statement.effect == Effect::Deny && statement.principals.as_ref().is_some_and(|p| p.is_negated)
    };
    // A denial of all but some is taken to deny; whom it spares in truth is documented only in part.
    if policy.statements.iter().any(is_negated) && report.answer == Answer::Holds {
        report.unsure("`NotPrincipal`: AWS documents only in part whom it spares".to_owned());
    }
    report.finish()
}

/// Do both allow the same?
pub fn equivalent(one: &Attached, other: &Attached, options: &Options) -> Report {
    no_new_access(one, other, options).and(|| no_new_access(other, one, options))
}

/// A statement that could go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redundant {
    /// Its policy.
    pub policy: String,
    /// Its place, from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands.
    pub at: Option<String>,
    /// It is not known whether it could go, for this reason.
    pub open: Option<String>,
}

/// The statements each of which changes nothing, the others staying as they are; and the work it took.
pub fn redundant(policies: &Attached, options: &Options) -> (Vec<Redundant>, Report) {
    let mut found = Vec::new();
    let mut total = Report::new(options).finish();
    let mut left = options.steps;
    for (at, statement) in policies.present() {
        // All of it may take no more steps than one question; making the rest ready costs some too.
        left = left.saturating_sub(policies.statements.len() as u64 / 4);
        let options = Options { steps: left, ..*options };
        let report = match statement.effect {
            _ if left == 0 => {
                let mut report = Report::new(&options);
                report.unsure("the steps were used up by the statements before".to_owned());
                report.finish()
            }
            Effect::Allow => no_new_access(&policies.without(at), policies, &options),
            Effect::Deny => no_new_access(policies, &policies.without(at), &options),
        };
        left = left.saturating_sub(report.steps);
        total.steps += report.steps;
        total.replays += report.replays;
        total.unconfirmed += report.unconfirmed;
        let open = match report.answer {
            Answer::Violated(_) => continue,
            Answer::Holds => None,
            Answer::Unknown(reasons) => Some(reasons.join("; ")),
        };
        found.push(Redundant::of(policies, at, open));
    }
    (found, total)
}

/// Does the engine allow the request of a witness, with these policies? Nothing for a request that it can't read.
pub fn allows(witness: &Witness, policies: &Attached) -> Option<Outcome> {
    let (askers, _) = of_policies(&[policies]);
    let users = askers.iter().filter_map(Asker::as_user);
    let asker = askers.iter().cloned().chain(users).find(|asker| asker.text == witness.principal)?;
    Some(decision(&request(witness, &asker)?, &asker, policies).outcome)
}

/// What a policy is attached to, by the CloudFormation type of the resource.
pub fn policy_kind(resource_type: &str) -> PolicyKind {
    let is_trust = matches!(resource_type, "AWS::IAM::AssumeRolePolicyDocument" | "AWS::IAM::Role");
    if is_trust { PolicyKind::Trust } else { PolicyKind::Resource }
}
