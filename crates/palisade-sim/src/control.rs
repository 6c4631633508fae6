//! The organisation's control policies, as its API would give them.

use crate::live::{Plain, raw};
use crate::organisation::{Account, ControlPolicyKind, Organisation, Unit};
use palisade_model::RawResource;
use serde_json::{Value, json};

/// The policies of the organisation with what they are attached to.
pub fn policies(organisation: &Organisation) -> Vec<RawResource> {
    let Some(management) = organisation.accounts.first() else { return Vec::new() };
    let plain = plain(organisation).into_iter();
    plain.map(|(kind, id, document)| raw(management, kind, &id, document)).collect()
}

/// The same, as the API would give them.
pub(crate) fn plain(organisation: &Organisation) -> Vec<Plain> {
    (organisation.policies.iter())
        .map(|(id, policy)| {
            let sort = match policy.kind {
                ControlPolicyKind::Service => "SERVICE_CONTROL_POLICY",
                ControlPolicyKind::Resource => "RESOURCE_CONTROL_POLICY",
            };
            let mut targets = Vec::new();
            attached(&organisation.root, id, &mut targets);
            if policy.name == "FullAWSAccess" {
                // It stays on every account unless somebody takes it away.
                targets.extend(
                    organisation.accounts.iter().map(|account: &Account| target(&account.id.to_string())),
                );
            }
            let document = json!({
                "Id": id, "Name": policy.name, "Type": sort,
                "Policy": { "Policy": { "Content": policy.document } },
                "Targets": { "Targets": targets }, "Tags": { "Tags": [] },
            });
            ("AWS::Organizations::Policy", id.clone(), document)
        })
        .collect()
}

fn attached(unit: &Unit, policy: &str, targets: &mut Vec<Value>) {
    if unit.policies.iter().any(|attached| attached == policy) {
        targets.push(target(&unit.id));
    }
    unit.units.iter().for_each(|unit| attached(unit, policy, targets));
}

fn target(id: &str) -> Value {
    json!({ "TargetId": id })
}
