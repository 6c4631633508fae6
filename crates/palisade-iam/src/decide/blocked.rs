//! Which layers stand in the way of a request.

use super::resource::{owner, policy_is_mandatory};
use super::{Layer, Layers, Verdicts};
use crate::grants;
use crate::principal::Named;
use crate::request::Request;
use crate::s3;
use crate::truth::Truth;

/// Does the resource policy grant without the identity's help?
pub(super) fn grants_alone(request: &Request, verdicts: &Verdicts<Truth>) -> bool {
    let ways =
        Named::ALL.into_iter().filter(|way| *way != Named::Account || request.principal.account().is_none());
    ways.into_iter().any(|way| verdicts.named[way as usize].is_yes())
}

/// The layers that stand in the way: those that deny, and those that must allow and don't.
pub(super) fn blocked_by(request: &Request, verdicts: &Verdicts<Truth>) -> Layers {
    let mut layers = Layers::default();
    for layer in Layer::ALL {
        if verdicts.denies[layer as usize].is_yes() {
            layers.insert(layer);
        }
    }
    if !verdicts.scp.is_yes() {
        layers.insert(Layer::ServiceControl);
    }
    if !verdicts.endpoint.is_yes() {
        layers.insert(Layer::Endpoint);
    }
    if !verdicts.access_point.is_yes() {
        layers.insert(Layer::AccessPoint);
    }
    if grants::also_needed(request).is_no() {
        layers.insert(Layer::Grant);
    }
    if !s3::sets_blocked(request).is_no() {
        layers.insert(Layer::PublicAccessBlock);
    }
    let named = |way: Named| verdicts.named[way as usize];
    let any_named = Named::ALL.into_iter().map(named).max().unwrap_or(Truth::No);
    let by_other_means = verdicts.acl.or(verdicts.grant).or(verdicts.grant_added);
    let account = request.principal.account();
    let is_own = account.is_some() && (owner(request) == account || owner(request) == Some("aws"));
    if !is_own {
        if verdicts.restricted.is_yes() && !any_named.is_no() {
            layers.insert(Layer::PublicAccessBlock);
        }
        if any_named.or(by_other_means).is_no() {
            layers.insert(Layer::Resource);
        }
    }
    if account.is_none() {
        return layers;
    }
    let direct =
        named(Named::Itself).or(named(Named::EveryoneByArn)).or(named(Named::Everyone)).or(verdicts.grant);
    if is_own && direct.is_yes() {
        return layers;
    }
    let by_name = named(Named::Role).or(named(Named::UserOfSession)).or(verdicts.grant_added);
    let added = if is_own { by_name } else { Truth::No };
    let is_mandatory = is_own && policy_is_mandatory(request);
    if is_mandatory && added.is_no() && named(Named::Account).is_no() {
        layers.insert(Layer::Resource);
    }
    if verdicts.identity.or(added).is_no() {
        layers.insert(Layer::Identity);
    }
    if verdicts.boundary.is_no() {
        layers.insert(Layer::Boundary);
    }
    if verdicts.session.is_no() {
        layers.insert(Layer::Session);
    }
    layers
}
