//! The truth: what was planted in the configuration and in the trail, a JSON object a line.

use crate::organisation::Flaw;
use crate::trail::Attack;
use serde_json::json;

/// What was planted: attacks, flaws, and twins that must not be flagged.
pub fn truth(flaws: &[Flaw], attacks: &[Attack]) -> String {
    let attacks = attacks.iter().map(|attack| {
        json!({
            "is": "attack", "id": attack.id, "campaign": attack.campaign.name(), "technique": attack.technique,
            "statement": attack.statement, "account": attack.account.to_string(), "principal": attack.principal,
            "first": attack.times.0.to_string(), "last": attack.times.1.to_string(), "events": attack.events,
        })
    });
    let flaws = flaws.iter().map(|flaw| {
        json!({
            "is": if flaw.is_flaw { "flaw" } else { "twin" }, "id": flaw.id, "statement": flaw.statement,
            "kind": flaw.kind, "account": flaw.account.to_string(), "arn": flaw.arn, "root": flaw.root,
            "address": flaw.address,
        })
    });
    attacks.chain(flaws).map(|line| format!("{line}\n")).collect()
}
