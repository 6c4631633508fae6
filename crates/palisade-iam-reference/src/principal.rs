//! How a policy's `Principal` and `NotPrincipal` name who asks (`principal`, `notprincipal`).

use crate::case::{Case, Principal, Statement, list, text, texts};
use crate::tri::Tri;
use serde_json::Value;

/// How a statement names who asks, in the order of how much it lifts (`logic-denyallow`, `boundaries`, `sessions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// By the account: whoever the account's administrators let.
    Account,
    /// Everyone.
    Everyone,
    /// A role, for its sessions; a user, for its federated sessions.
    Behind,
    /// Just this user, session, service or provider; or everyone with a condition on `aws:PrincipalArn`.
    Itself,
}

/// How a statement of a resource policy names who asks: the answer, and the strongest way.
///
/// A statement without `Principal` is taken for everyone's; only endpoint policies and RCPs are written so.
pub(crate) fn named(case: &Case<'_>, statement: Statement<'_>) -> (Tri, Named) {
    if let Some(list) = statement.json.get("NotPrincipal") {
        return (not_principal(case, statement, list), Named::Everyone);
    }
    let Some(written) = statement.json.get("Principal") else {
        return (Tri::Yes, Named::Everyone);
    };
    let ways = ways(case, written);
    let yes = ways.iter().filter(|(answer, _)| *answer == Tri::Yes).map(|(_, way)| *way).max();
    match yes {
        // `sessions`, `boundaries`: everyone with a condition on aws:PrincipalArn is as good as the ARN itself.
        Some(Named::Everyone) if asks_principal_arn(statement.json) => (Tri::Yes, Named::Itself),
        Some(way) => (Tri::Yes, way),
        None => match ways.iter().map(|(_, way)| *way).max() {
            Some(way) => (Tri::Open, way),
            None => (Tri::No, Named::Account),
        },
    }
}

/// Whether the statement names a session of the role that asks, and nobody told which of its sessions that is: named in
/// another way for certain, it may be named itself besides.
pub(crate) fn is_perhaps_named_itself(case: &Case<'_>, statement: Statement<'_>) -> bool {
    let written = &statement.json["Principal"];
    ways(case, written).contains(&(Tri::Open, Named::Itself))
}

fn asks_principal_arn(statement: &Value) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    // `Null` asks whether there is a principal's ARN, not which.
    operators
        .filter(|(operator, _)| !operator.eq_ignore_ascii_case("Null"))
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .any(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalArn"))
}

/// Every way in which an element names who asks (`principal`).
fn ways(case: &Case<'_>, written: &Value) -> Vec<(Tri, Named)> {
    match written {
        // Forgiven: `"Principal": "arn:…"` without `{"AWS": …}`.
        Value::String(_) | Value::Array(_) => {
            texts(written).into_iter().filter_map(|name| aws(case, name)).collect()
        }
        Value::Object(kinds) => {
            let mut ways = Vec::new();
            for (kind, names) in kinds {
                for name in texts(names) {
                    let way = match kind.as_str() {
                        "AWS" => aws(case, name),
                        "Service" => is(&case.principal, &Principal::Service(name.to_owned())),
                        "Federated" => is(&case.principal, &Principal::Provider(name.to_owned())),
                        "CanonicalUser" => canonical(case, name),
                        _ => None,
                    };
                    ways.extend(way);
                }
            }
            ways
        }
        _ => Vec::new(),
    }
}

/// A canonical user id stands for an account (`principal`); which, only the account itself can tell.
fn canonical(case: &Case<'_>, id: &str) -> Option<(Tri, Named)> {
    case.principal.account()?;
    match case.caller()["canonicalId"].as_str() {
        None => Some((Tri::Open, Named::Account)),
        Some(own) => (own == id).then_some((Tri::Yes, Named::Account)),
    }
}

fn is(who: &Principal, named: &Principal) -> Option<(Tri, Named)> {
    (who == named).then_some((Tri::Yes, Named::Itself))
}

/// A name under `AWS` (`principal`): `*`, an account, a user, a role, a session, a unique id. No wildcards inside.
fn aws(case: &Case<'_>, name: &str) -> Option<(Tri, Named)> {
    if name == "*" {
        return Some((Tri::Yes, Named::Everyone));
    }
    let who = &case.principal;
    if let Some(account) = who.account() {
        let is_root_arn = name.ends_with(":root") && name.split(':').nth(4) == Some(account);
        if name == account || is_root_arn {
            // The root user is itself what the account's ARN names.
            let way = if matches!(who, Principal::Root { .. }) { Named::Itself } else { Named::Account };
            return Some((Tri::Yes, way));
        }
    }
    if case.caller()["id"].as_str() == Some(name) {
        let way = if matches!(who, Principal::User { .. }) { Named::Itself } else { Named::Behind };
        return Some((Tri::Yes, way));
    }
    match who {
        Principal::User { arn, .. } if arn == name => Some((Tri::Yes, Named::Itself)),
        Principal::Role { role, .. } if role == name => Some((Tri::Yes, Named::Behind)),
        Principal::Role { session: Some(arn), .. } if arn == name => Some((Tri::Yes, Named::Itself)),
        Principal::Role { session: None, role, account } => {
            // A session of the same role, and nobody told which session asks.
            let role = role.rsplit('/').next().unwrap_or_default();
            let sessions = format!(":sts::{account}:assumed-role/{role}/");
            name.contains(&sessions).then_some((Tri::Open, Named::Itself))
        }
        Principal::Federated { arn, .. } if arn == name => Some((Tri::Yes, Named::Itself)),
        Principal::Federated { user, .. } if user == name => Some((Tri::Yes, Named::Behind)),
        _ => None,
    }
}

/// `NotPrincipal` (`notprincipal`): whoever is fully listed is spared. For a user that is the user and the account, for
/// a session also the role; who is listed in part "might" be denied, which is to say that it is open. Whoever has a
/// permissions boundary is always denied.
fn not_principal(case: &Case<'_>, statement: Statement<'_>, list: &Value) -> Tri {
    let denies = text(&statement.json["Effect"]) == "Deny";
    if denies && !case.policies("boundaries").is_empty() && case.principal.account().is_some() {
        return Tri::Yes;
    }
    let ways: Vec<(Tri, Named)> = ways(case, list);
    let by = |wanted: Named| ways.contains(&(Tri::Yes, wanted));
    if by(Named::Everyone) {
        return Tri::No;
    }
    let whole = match &case.principal {
        Principal::Anonymous | Principal::Service(_) | Principal::Provider(_) | Principal::Root { .. } => {
            by(Named::Itself)
        }
        Principal::User { .. } => by(Named::Itself) && by(Named::Account),
        Principal::Role { .. } | Principal::Federated { .. } => {
            by(Named::Itself) && by(Named::Behind) && by(Named::Account)
        }
    };
    if whole {
        Tri::No
    } else if ways.is_empty() {
        Tri::Yes
    } else {
        Tri::Open
    }
}

/// Whether an element names everyone, as the test for public policies asks.
pub(crate) fn is_everyone(statement: &Value) -> bool {
    statement.get("NotPrincipal").is_some()
        || match &statement["Principal"] {
            Value::Object(kinds) => kinds.values().any(|names| list(names).iter().any(|name| *name == "*")),
            one => list(one).iter().any(|name| *name == "*"),
        }
}
