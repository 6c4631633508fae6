//! Puts a request that was found to the engine: only what it confirms is shown.

use crate::answer::{AllowedBy, Witness};
use crate::asker::{Asker, OWNER};
use crate::compile::Attached;
use palisade_iam::{
    Action, Asked, Context, Decision, Entry, Facts, Known, Outcome, Policies, Policy, PolicyKind, Request,
    Rest, Strictness, decide,
};
use std::sync::{Arc, OnceLock};

/// The account of the one whose identity policies are asked about.
const HERE: &str = "111122223333";

/// The request as the engine reads it.
pub(crate) fn request(witness: &Witness, asker: &Asker) -> Option<Request> {
    let mut context = Context::new(Rest::Absent);
    for (key, values) in &witness.context {
        let entry =
            values.as_ref().map_or(Entry::Absent, |values| Entry::values(values.iter().map(String::as_str)));
        context.set(key, entry);
    }
    for (key, state) in &asker.fixed {
        if let crate::keys::State::Values(words) = state {
            let texts = words.iter().map(|word| crate::word::text(word)).collect::<Option<Vec<_>>>()?;
            context.set(key, Entry::values(texts));
        } else {
            context.set(key, Entry::Absent);
        }
    }
    let account = if asker.is_named { OWNER } else { HERE };
    Some(Request::new(Asked {
        principal: asker.principal.clone(),
        action: Action::parse(&witness.action)?,
        resource: witness.resource.as_str().into(),
        resource_account: Some(account.into()),
        takes_no_resource: !witness.takes_resource,
        context,
        known: Known::default(),
        facts: Facts::default(),
    }))
}

/// What the engine decides when these policies are attached and nothing else stands in the way.
pub(crate) fn decision(request: &Request, asker: &Asker, attached: &Attached) -> Decision {
    let mut policies = Policies::default();
    if asker.is_named {
        policies.identity = vec![everything()];
        policies.resource = attached.policies.first().cloned();
    } else {
        policies.identity.clone_from(&attached.policies);
        // Where a resource's policy must allow too, as that of a key, it leaves it to the identity.
        policies.resource = Some(account());
    }
    decide(request, &policies)
}

/// The witness with the statement that allows it, if the new policies allow it and the old ones do not.
pub(crate) fn replay(witness: &Witness, asker: &Asker, new: &Attached, old: &Attached) -> Option<Witness> {
    // Some calls only users can make, and some only sessions.
    let user = asker.as_user();
    [Some(asker), user.as_ref()].into_iter().flatten().find_map(|asker| confirmed(witness, asker, new, old))
}

fn confirmed(witness: &Witness, asker: &Asker, new: &Attached, old: &Attached) -> Option<Witness> {
    let request = request(witness, asker)?;
    let allowed = decision(&request, asker, new);
    let before = decision(&request, asker, old).outcome;
    let is_shown = allowed.outcome == Outcome::Allowed
        && matches!(before, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied);
    is_shown.then(|| Witness {
        principal: asker.text.clone(),
        allowed_by: allowed_by(allowed, asker, new),
        ..witness.clone()
    })
}

fn allowed_by(decision: Decision, asker: &Asker, attached: &Attached) -> Option<AllowedBy> {
    let by = decision.by?;
    let at = if asker.is_named { 0 } else { by.place.policy };
    let policy = attached.policies.get(at)?;
    let statement = policy.statements.get(by.statement)?;
    Some(AllowedBy {
        policy: policy.name.to_string(),
        statement: by.statement + 1,
        sid: statement.sid.as_ref().map(ToString::to_string),
        at: statement.span.as_ref().map(ToString::to_string),
    })
}

fn made(text: &str, kind: PolicyKind) -> Arc<Policy> {
    Arc::new(Policy::parse(text, &"made".into(), kind, Strictness::Strict))
}

/// Allows its identity everything.
fn everything() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    let text =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    POLICY.get_or_init(|| made(text, PolicyKind::Identity)).clone()
}

/// Leaves all to the identities of the account.
fn account() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"},
        "Action": "*", "Resource": "*"}]}"#;
    POLICY.get_or_init(|| made(text, PolicyKind::Resource)).clone()
}
