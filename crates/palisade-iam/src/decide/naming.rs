//! How a statement names the one who asks.

use super::{At, Logic, Open, truth};
use crate::policy::{Effect, Principals};
use crate::principal::{Named, Principal, PrincipalPattern};
use crate::request::Request;
use crate::truth::Truth;

type Ways<V> = [Option<V>; 6];

/// In which ways does the statement name the one who asks?
pub(crate) fn ways_named<L: Logic>(
    logic: &mut L,
    at: &At<'_>,
    request: &Request,
    has_boundary: bool,
) -> Ways<L::V> {
    let mut ways: Ways<L::V> = std::array::from_fn(|_| None);
    let Some(principals) = &at.statement.principals else {
        ways[Named::Itself as usize] = Some(logic.known(true));
        return ways;
    };
    if principals.is_negated {
        let is_deny = at.statement.effect != Some(Effect::Allow);
        let applies = spares_not(principals, request, is_deny, has_boundary);
        let value = truth(logic, applies, &|| match principals.is_open {
            true => Open::fact("NotPrincipal", "part of whom the statement spares is not known"),
            false => Open::fact(
                "NotPrincipal",
                "AWS documents it only when account, role and session are listed together",
            ),
        });
        ways[Named::Everyone as usize] = Some(value);
        return ways;
    }
    for (pattern, _) in &principals.patterns {
        let (named, value) =
            match pattern.names_asking(&request.principal, request.facts.canonical_id.as_deref()) {
                Some((named, Truth::Yes)) => (named, logic.known(true)),
                Some((_, Truth::No)) => continue,
                Some((named, Truth::Unknown)) => (
                    named,
                    logic.open(&|| Open::fact("canonical user", "whose canonical id this is, is not known")),
                ),
                None => match pattern.session_of(&request.principal) {
                    Some(name) => (Named::Itself, logic.session_name(at, request, name)),
                    None => continue,
                },
            };
        let way = &mut ways[at.statement.refine(named) as usize];
        *way = Some(match way.take() {
            Some(other) => logic.or(other, value),
            None => value,
        });
    }
    if principals.is_open {
        // Whoever asks may be named in what is not known, as themselves or by their account.
        for named in [Named::Account, Named::Itself] {
            let open =
                logic.open(&|| Open::fact("Principal", "part of whom the statement names is not known"));
            let way = &mut ways[named as usize];
            *way = Some(match way.take() {
                Some(other) => logic.or(other, open),
                None => open,
            });
        }
    }
    ways
}

/// Does a statement with `NotPrincipal` apply to this principal?
///
/// Sources: "AWS JSON policy elements: NotPrincipal": account, role and session must all be listed to be spared for
/// certain, and whoever has a permissions boundary is never spared.
fn spares_not(principals: &Principals, request: &Request, is_deny: bool, has_boundary: bool) -> Truth {
    let (principal, canonical_id) = (&request.principal, request.facts.canonical_id.as_deref());
    let patterns = || principals.patterns.iter().map(|(pattern, _)| pattern);
    if patterns().any(|pattern| *pattern == PrincipalPattern::Everyone) {
        return Truth::No;
    }
    if is_deny && has_boundary && principal.has_identity() {
        return Truth::Yes;
    }
    let listed = |wanted: Named, at_least: Truth| {
        let named = patterns().filter_map(|pattern| pattern.names_asking(principal, canonical_id));
        named.into_iter().any(|(named, truth)| named == wanted && truth >= at_least)
    };
    let (itself, account) = (listed(Named::Itself, Truth::Yes), listed(Named::Account, Truth::Yes));
    let role = listed(Named::Role, Truth::Yes) || listed(Named::UserOfSession, Truth::Yes);
    let is_listed = itself || role || listed(Named::Account, Truth::Unknown);
    if !is_listed {
        // A session of this role is listed, and which session asks nobody told.
        let is_perhaps = is_any_session(principal) && patterns().any(|p| p.session_of(principal).is_some());
        return if is_perhaps || principals.is_open { Truth::Unknown } else { Truth::Yes };
    }
    if !is_deny {
        return if itself || role { Truth::No } else { Truth::Unknown };
    }
    let is_spared = match principal {
        Principal::User(_) => itself && account,
        Principal::RoleSession(_) | Principal::FederatedUser(_) => itself && role && account,
        Principal::Root { .. }
        | Principal::Service(_)
        | Principal::Federated { .. }
        | Principal::Anonymous => itself,
    };
    if is_spared { Truth::No } else { Truth::Unknown }
}

/// Is this a role of which nobody told which of its sessions asks?
pub(crate) fn is_any_session(principal: &Principal) -> bool {
    matches!(principal, Principal::RoleSession(role) if role.session.is_none())
}
