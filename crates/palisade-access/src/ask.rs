//! One request put to the engine: allowed so, never, or not known.

use crate::answer::{reference, usual, words};
use palisade_iam::{
    By, Decision, Layer, Outcome, Policies, Policy, PolicyKind, Question, Request, StatementRef, Strictness,
};
use palisade_identity::{Asked, Identities};
use palisade_prove::{Met, Satisfied, satisfy};
use std::sync::{Arc, OnceLock};

/// Who asks: somebody of the estate, or somebody of whom only their own account could tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The estate tells of their policies.
    Told,
    /// Their own account allows them everything.
    Assumed,
}

/// What came of one request.
pub enum Found {
    /// It is allowed, at least so.
    Can {
        /// The statement that lets it through.
        by: Option<By>,
        /// The request that the engine allows, and under which conditions.
        met: Box<Met>,
        /// The policies that it was decided by.
        policies: Box<Policies>,
    },
    /// It is denied, whatever is open.
    Cannot(String),
    /// What is not known decides.
    Unknown(String),
}

impl Found {
    /// The statement of the resource's policy that lets it through, where there is one, for people.
    pub fn admitted_by(&self) -> Option<StatementRef> {
        let Self::Can { met, policies, .. } = self else { return None };
        let question = Question::new(met.request.clone(), policies.as_ref().clone());
        let layers = palisade_iam::explain(&question).layers;
        let of_resource = layers
            .into_iter()
            .find(|verdict| verdict.layer == Layer::Resource)
            .and_then(|verdict| verdict.by);
        of_resource.or_else(|| self.reference().filter(|by| by.layer != Layer::Identity))
    }

    /// The statement that lets it through, for people.
    pub fn reference(&self) -> Option<StatementRef> {
        match self {
            Self::Can { by, policies, .. } => by.map(|by| reference(by, policies)),
            _ => None,
        }
    }
}

/// Allows its identity everything.
pub(crate) fn everything() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let parse = || {
        let mut policy =
            Policy::parse(text, &"their own account".into(), PolicyKind::Identity, Strictness::Strict);
        policy.statements.iter_mut().for_each(|statement| statement.span = None);
        Arc::new(policy)
    };
    POLICY.get_or_init(parse).clone()
}

/// The request and the policies that apply to it.
///
/// # Errors
/// What was asked is no request.
pub fn question(
    identities: &Identities,
    mut asked: Asked,
    side: Side,
) -> Result<(Request, Policies), String> {
    usual(&mut asked.context);
    let (request, mut policies) = identities.question(&asked)?;
    if side == Side::Assumed && request.principal.has_identity() {
        policies.identity = vec![everything()];
        policies.boundaries = Vec::new();
        // Of accounts that the organisation has, it is known what binds them, whatever was not read.
        if request.principal.account().is_none_or(|account| identities.organisation_of(account).is_none()) {
            policies.scps = Vec::new();
        }
        // Whoever asks for a federation token passes the policy that they like.
        let is_federated = matches!(request.principal, palisade_iam::Principal::FederatedUser(_));
        policies.session = if is_federated { vec![everything()] } else { Vec::new() };
    }
    Ok((request, policies))
}

/// Puts a request to the engine, and looks for a context in which it is allowed where some of it is open.
///
/// # Errors
/// What was asked is no request.
pub fn ask(identities: &Identities, asked: Asked, side: Side, steps: u64) -> Result<Found, String> {
    let (request, policies) = question(identities, asked, side)?;
    Ok(found(Question::new(request, policies), steps))
}

/// What comes of a question.
pub fn found(question: Question, steps: u64) -> Found {
    let decision = question.decide();
    if matches!(decision.outcome, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied) {
        // What depends on the name of the session, the decision takes to be no unless it is told.
        return Found::Cannot(why_not(decision, question.policies()));
    }
    match satisfy(&question, steps) {
        Satisfied::Never => Found::Cannot(why_not(decision, question.policies())),
        Satisfied::Unknown(open) => Found::Unknown(words(&open)),
        Satisfied::Met(met) => {
            let by = palisade_iam::decide(&met.request, question.policies()).by;
            Found::Can { by, met, policies: Box::new(question.policies().clone()) }
        }
    }
}

/// Why a request is denied, in words that many of them share.
fn why_not(decision: Decision, policies: &Policies) -> String {
    if let Some(rule) = decision.rule {
        return rule.text().to_owned();
    }
    if let (Outcome::ExplicitlyDenied, Some(by)) = (decision.outcome, decision.by) {
        let by = reference(by, policies);
        return match by.layer {
            // The same policy has a name of its own for each that has it.
            Layer::Identity | Layer::Session | Layer::Boundary => format!("{} deny it", by.layer.noun()),
            _ => format!(
                "statement {} of {} denies it",
                by.sid.as_deref().map_or_else(|| by.statement.to_string(), |sid| format!("`{sid}`")),
                by.policy
            ),
        };
    }
    let blocked: Vec<&str> = decision.blocked_by.iter().map(Layer::noun).collect();
    match blocked.as_slice() {
        [] => "nothing allows it whatever is open".to_owned(),
        [one] => format!("{one} {} not allow it", if one.ends_with("policies") { "do" } else { "does" }),
        several => format!("{} do not allow it", several.join(" and ")),
    }
}
