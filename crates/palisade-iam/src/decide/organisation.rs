//! The layers of an organisation: service control policies and resource control policies.

use super::resource::{is_retirement, is_role_assumption};
use super::statements::{scan, scan_named};
use super::{Layer, Logic, Open, Place, truth};
use crate::principal::{Principal, RoleSession};
use crate::request::{Level, Policies, Request};
use crate::truth::Truth;

/// Do SCPs act on the one who asks?
///
/// Source: Organizations user guide, "Service control policies", "Tasks and entities not restricted by SCPs".
fn is_bound_by_scps(request: &Request) -> Truth {
    let is_identity = match &request.principal {
        Principal::User(_) | Principal::FederatedUser(_) | Principal::Root { .. } => Truth::Yes,
        Principal::RoleSession(role) => is_unlinked(role),
        Principal::Service(_) | Principal::Federated { .. } | Principal::Anonymous => Truth::No,
    };
    // "Register for the Enterprise support plan", "Mechanical Turk": SCPs leave them alone, and the page does not
    // say which actions that are.
    let task = if matches!(request.action.service(), "mechanicalturk" | "supportplans") {
        Truth::Unknown
    } else {
        Truth::Yes
    };
    match request.facts.principal_in_management_account {
        Some(true) => Truth::No,
        _ => is_identity.and(task),
    }
}

/// Is it no service-linked role?
fn is_unlinked(role: &RoleSession) -> Truth {
    role.is_service_linked.map_or(Truth::Unknown, |is_linked| (!is_linked).into())
}

pub(super) fn service_control<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    if policies.scps.is_empty() {
        return logic.known(true);
    }
    let bound = is_bound_by_scps(request);
    if bound.is_no() {
        return logic.known(true);
    }
    let bound = truth(logic, bound, &|| {
        Open::fact(
            "service control policies",
            "whether they act on this role (is it linked to a service?) and task is not known",
        )
    });
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (level, Level { policies, .. }) in policies.scps.iter().enumerate() {
        let (allow, deny) = scan(logic, Layer::ServiceControl, level, policies, request);
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::ServiceControl as usize] = logic.and(bound.clone(), any_deny);
    let unbound = logic.not(bound);
    logic.or(unbound, all)
}

/// Do RCPs act on the request?
///
/// Sources: Organizations user guide, "Resource control policies", "Resources and entities not restricted by RCPs";
/// KMS developer guide, "Resource control policies in AWS KMS".
fn is_bound_by_rcps(request: &Request) -> Truth {
    if request.facts.resource_in_management_account == Some(true)
        || request.facts.aws_managed_key
        || is_retirement(request)
    {
        return Truth::No;
    }
    let caller = match &request.principal {
        Principal::RoleSession(role) => is_unlinked(role),
        Principal::Service(_) if is_role_assumption(request) => {
            (!request.resource.field(5).starts_with("role/aws-service-role/")).into()
        }
        _ => Truth::Yes,
    };
    let service = match request.facts.rcp_supported {
        Some(is_supported) => is_supported.into(),
        None => Truth::Unknown,
    };
    caller.and(service)
}

pub(super) fn resource_control<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) {
    if policies.rcps.is_empty() {
        return;
    }
    let bound = is_bound_by_rcps(request);
    if bound.is_no() {
        return;
    }
    let bound = truth(logic, bound, &|| {
        Open::fact("resource control policies", "whether they act on this service and caller is not known")
    });
    let mut any_deny = logic.known(false);
    for (level, Level { policies, .. }) in policies.rcps.iter().enumerate() {
        for (index, policy) in policies.iter().enumerate() {
            let place = Place { layer: Layer::ResourceControl, level, policy: index };
            // What an RCP allows does not matter: RCPFullAWSAccess, which can't be detached, allows all.
            let (_, deny) = scan_named(logic, place, policy, request, &request.resource, false);
            any_deny = logic.or(any_deny, deny);
        }
    }
    denies[Layer::ResourceControl as usize] = logic.and(bound, any_deny);
}
