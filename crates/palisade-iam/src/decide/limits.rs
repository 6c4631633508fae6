//! The layers that only limit: session policies, permissions boundaries and VPC endpoint policies.

use super::statements::{scan, scan_named};
use super::{Layer, Logic, Open, Place};
use crate::principal::{Named, Principal};
use crate::request::{Policies, Request};

pub(super) fn session<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    // "If you do not pass a policy, the resulting federated user session has no permissions."
    let is_federated_user = matches!(request.principal, Principal::FederatedUser(_));
    if policies.session.is_empty() {
        return logic.known(!is_federated_user);
    }
    let (allow, deny) = scan(logic, Layer::Session, 0, &policies.session, request);
    denies[Layer::Session as usize] = deny;
    allow
}

pub(super) fn boundary<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (index, policy) in policies.boundaries.iter().enumerate() {
        let (allow, deny) = scan(logic, Layer::Boundary, index, std::slice::from_ref(policy), request);
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::Boundary as usize] = any_deny;
    all
}

pub(super) fn endpoint<L: Logic>(
    logic: &mut L,
    request: &Request,
    policies: &Policies,
    denies: &mut [L::V; 10],
) -> L::V {
    let mut all = logic.known(true);
    let mut any_deny = logic.known(false);
    for (index, policy) in policies.endpoints.iter().enumerate() {
        let place = Place { layer: Layer::Endpoint, level: index, policy: 0 };
        let (named, deny) = scan_named(logic, place, policy, request, &request.resource, false);
        // On gateway endpoints an account stands for its root user only; for others no page says it.
        let is_gateway = matches!(request.action.service(), "s3" | "dynamodb");
        let mut allow = logic.known(false);
        for (way, value) in Named::ALL.into_iter().zip(named) {
            let value = match way {
                Named::Account if logic.is_no(&value) => value,
                Named::Account if is_gateway => logic.known(false),
                Named::Account => {
                    let open = logic.open(&|| {
                        Open::fact(
                            "VPC endpoint policy",
                            "whom an account stands for in it is not documented",
                        )
                    });
                    logic.and(value, open)
                }
                _ => value,
            };
            allow = logic.or(allow, value);
        }
        all = logic.and(all, allow);
        any_deny = logic.or(any_deny, deny);
    }
    denies[Layer::Endpoint as usize] = any_deny;
    all
}
