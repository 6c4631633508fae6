//! Puts a request that was found to the engine: only what it confirms is shown.

use crate::answer::{AllowedBy, Witness};
use crate::asker::{Asker, OWNER};
use crate::compile::Attached;
use crate::difference::levels::levels_of;
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
        facts: Facts { principal_in_management_account: Some(false), ..Facts::default() },
    }))
}

/// What the engine decides when these policies are attached and nothing else stands in the way.
pub(crate) fn decision(request: &Request, asker: &Asker, attached: &Attached) -> Decision {
    let mut policies = Policies::default();
    if let Some(levels) = levels_of(attached) {
        policies.identity = vec![everything()];
        policies.resource = Some(account());
        policies.scps = levels;
    } else if asker.is_named {
        policies.identity = vec![everything()];
        policies.resource = attached.policies.first().cloned();
    } else {
        policies.identity.clone_from(&attached.policies);
        // Where a resource's policy must allow too, as that of a key, it leaves it to the identity.
        policies.resource = Some(account());
    }
    decide(request, &policies)
}

/// What the engine says of a request that was found.
pub(crate) enum Replayed {
    /// The new policies allow it and the old ones do not: the witness, with the statement that allows it.
    Shows(Box<Witness>),
    /// A rule of AWS decides about it, whatever the policies say.
    Ruled,
    /// It shows nothing.
    Not,
}

/// Puts a request to the engine with the new policies and with the old.
pub(crate) fn replay(witness: &Witness, asker: &Asker, new: &Attached, old: &Attached) -> Replayed {
    let first = confirmed(witness, asker, new, old);
    // Some calls only users can make, and some only sessions.
    match (&first, asker.as_user()) {
        (Replayed::Shows(_), _) | (_, None) => first,
        (_, Some(user)) => match confirmed(witness, &user, new, old) {
            Replayed::Not => first,
            second => second,
        },
    }
}

fn confirmed(witness: &Witness, asker: &Asker, new: &Attached, old: &Attached) -> Replayed {
    let Some(request) = request(witness, asker) else { return Replayed::Not };
    let (allowed, before) = (decision(&request, asker, new), decision(&request, asker, old));
    let is_denied = matches!(before.outcome, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied);
    if allowed.outcome == Outcome::Allowed && is_denied {
        let allowed_by = allowed_by(allowed, asker, new);
        return Replayed::Shows(Box::new(Witness {
            principal: asker.text.clone(),
            allowed_by,
            ..witness.clone()
        }));
    }
    if allowed.rule.is_some() || before.rule.is_some() { Replayed::Ruled } else { Replayed::Not }
}

fn allowed_by(decision: Decision, asker: &Asker, attached: &Attached) -> Option<AllowedBy> {
    // Of levels that must all allow, none does it alone.
    let by = decision.by.filter(|_| attached.levels.is_none())?;
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
pub(crate) fn everything() -> Arc<Policy> {
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
