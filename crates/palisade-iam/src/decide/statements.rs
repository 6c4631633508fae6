//! What the statements of policies say, one after the other: those that hang on the principal, and those that name it.

use super::naming::ways_named;
use super::{At, Layer, Logic, Open, Place};
use crate::policy::{Effect, Policy, ResourceText, Statement};
use crate::request::Request;
use crate::truth::Truth;
use std::sync::Arc;

/// Does the request's resource match, and can the statement be about an action without resource?
pub(crate) fn about_resource(statement: &Statement, request: &Request, resource: &ResourceText) -> Truth {
    match &statement.resources {
        None => Truth::Yes,
        Some(resources) if request.facts.resource_need_is_unverified => {
            // Whether the action takes resources, the sources differ on: only `*` is about it for certain.
            match (resources.names_everything(), request.takes_no_resource) {
                (true, _) => Truth::Yes,
                (false, true) => Truth::Unknown,
                (false, false) => resources.matches(resource, &request.context).and(Truth::Unknown),
            }
        }
        Some(resources) if request.takes_no_resource => match (&resources.open, resources.names_everything())
        {
            (_, true) => Truth::Yes,
            (Some(_), false) => Truth::Unknown,
            (None, false) => Truth::No,
        },
        Some(resources) => {
            let is_about = resources.matches(resource, &request.context);
            match &request.facts.s3.access_point {
                Some(access_point) if statement.principals.is_none() && !is_about.is_yes() => {
                    let through = resources.matches(&access_point.resource, &request.context);
                    // What names the access point denies what goes through it. Whether it allows it too where it says
                    // nothing of the bucket, no page says.
                    let through = match statement.effect {
                        Some(Effect::Deny) if !resources.is_negated => through,
                        _ => through.and(Truth::Unknown),
                    };
                    is_about.or(through)
                }
                _ => is_about,
            }
        }
    }
}

/// All the statements of some policies that name no principals: what they allow and deny.
pub(super) fn scan<L: Logic>(
    logic: &mut L,
    layer: Layer,
    level: usize,
    policies: &[Arc<Policy>],
    request: &Request,
) -> (L::V, L::V) {
    let (mut allow, mut deny) = (logic.known(false), logic.known(false));
    for (index, policy) in policies.iter().enumerate() {
        let place = Place { layer, level, policy: index };
        for statement in policy.about(&request.action) {
            let at = At { place, policy, statement };
            let value = logic.applies(&at, request, &request.resource);
            (allow, deny) = note(logic, &at, value, (allow, deny));
        }
        if policy.unread.is_some() {
            let open = logic.open(&|| unread(policy));
            if !policy.is_broken() {
                allow = logic.or(allow, open.clone());
            }
            deny = logic.or(deny, open);
        }
    }
    (allow, deny)
}

/// Adds what a statement says to what is allowed and denied.
fn note<L: Logic>(logic: &mut L, at: &At<'_>, value: L::V, (allow, deny): (L::V, L::V)) -> (L::V, L::V) {
    if logic.is_no(&value) {
        return (allow, deny);
    }
    match at.statement.effect {
        Some(Effect::Allow) if at.policy.is_broken() => (allow, deny),
        Some(Effect::Allow) if at.policy.is_rejected && at.statement.open.is_none() => (allow, deny),
        Some(Effect::Allow) => {
            logic.note(at, Effect::Allow, &value);
            (logic.or(allow, value), deny)
        }
        Some(Effect::Deny) => {
            logic.note(at, Effect::Deny, &value);
            (allow, logic.or(deny, value))
        }
        // The effect could not be read: with an error it is neither, else it may be either.
        None if at.statement.open.is_none() => (allow, deny),
        None if at.policy.is_broken() => (allow, logic.or(deny, value)),
        None => (logic.or(allow, value.clone()), logic.or(deny, value)),
    }
}

fn unread(policy: &Policy) -> Open {
    let why = policy.unread.clone().unwrap_or_else(|| "not read".into());
    Open::fact(format!("the {} `{}`", policy.kind.noun(), policy.name), why)
}

/// The statements of a policy that names principals, by how they name the one who asks.
pub(super) fn scan_named<L: Logic>(
    logic: &mut L,
    place: Place,
    policy: &Policy,
    request: &Request,
    resource: &ResourceText,
    has_boundary: bool,
) -> ([L::V; 6], L::V) {
    let none = logic.known(false);
    let mut named: [L::V; 6] = std::array::from_fn(|_| none.clone());
    let mut deny = none.clone();
    for statement in policy.about(&request.action) {
        let at = At { place, policy, statement };
        let ways = ways_named(logic, &at, request, has_boundary);
        if ways.iter().all(|way| way.as_ref().is_none_or(|way| logic.is_no(way))) {
            continue;
        }
        let applies = logic.applies(&at, request, resource);
        if logic.is_no(&applies) {
            continue;
        }
        for (index, way) in ways.into_iter().enumerate() {
            let Some(way) = way else { continue };
            let value = logic.and(way, applies.clone());
            let allow = named[index].clone();
            (named[index], deny) = note(logic, &at, value, (allow, deny));
        }
    }
    if policy.unread.is_some() {
        let open = logic.open(&|| unread(policy));
        if !policy.is_broken() {
            named = named.map(|allow| logic.or(allow, open.clone()));
        }
        deny = logic.or(deny, open);
    }
    (named, deny)
}
