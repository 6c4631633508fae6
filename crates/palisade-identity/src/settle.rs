//! Settles condition keys that nobody listed and that the request can't carry, by what is known of actions and tags.

use palisade_iam::{Entry, Policies, Policy, Principal, Request};
use palisade_services::{Action, Presence, Reference, Service, global_key};

/// Which sets of tags are known as a whole, so that a key that is not among them is absent.
pub(crate) struct Complete {
    pub(crate) principal_tags: bool,
    pub(crate) resource_tags: bool,
}

/// Marks as absent, of the keys that the policies ask for, those that a request of this sort never carries.
pub(crate) fn settle(mut request: Request, policies: &Policies, complete: Complete) -> Request {
    let reference = Reference::shipped();
    let service = reference.service(request.action.service());
    let action = reference.action(request.action.lowercase());
    let mut absent = Vec::new();
    for policy in every(policies) {
        for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
            let key = condition.key_text.as_ref();
            if !request.context.has(key) && is_absent(key, &request, service.zip(action), &complete) {
                absent.push(key.to_owned());
            }
        }
    }
    absent.iter().for_each(|key| request.context.set_default(key, Entry::Absent));
    request
}

fn every(policies: &Policies) -> impl Iterator<Item = &Policy> {
    let levels = policies.scps.iter().chain(&policies.rcps).flat_map(|level| &level.policies);
    let listed = [&policies.identity, &policies.session, &policies.boundaries, &policies.endpoints];
    listed.into_iter().flatten().chain(&policies.resource).chain(levels).map(AsRef::as_ref)
}

fn is_absent(key: &str, request: &Request, known: Option<(&Service, &Action)>, complete: &Complete) -> bool {
    let lower = key.to_ascii_lowercase();
    let own = request.action.service();
    if lower.starts_with("aws:principaltag/") {
        return complete.principal_tags;
    }
    if lower.starts_with("aws:resourcetag/")
        || lower.strip_prefix(own).is_some_and(|rest| rest.starts_with(":resourcetag/"))
    {
        return complete.resource_tags;
    }
    let is_listed = |(service, action): (&Service, &Action)| {
        let of_resources = action.resources.iter().flat_map(|resource| {
            resource.keys.iter().chain(&service.resource_types[resource.resource_type].keys)
        });
        action.keys.iter().chain(of_resources).any(|at| service.keys[*at].is(key))
    };
    match global_key(key) {
        // The reference lists, for each action, which of these it takes.
        Some(global) => global.presence == Presence::Request && known.is_some_and(|known| !is_listed(known)),
        None => {
            let prefix = lower.split(':').next().unwrap_or_default();
            // The keys of identity providers go by their host names, and only come when a role is assumed.
            let is_provider = prefix.contains('.') || matches!(prefix, "saml" | "sts");
            match request.principal {
                Principal::Federated { .. } => false,
                _ if is_provider => own != "sts",
                _ => known.is_some_and(|known| !is_listed(known)),
            }
        }
    }
}
