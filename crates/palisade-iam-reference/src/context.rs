//! The request context: what was told, and what follows from who asks for what (`keys`).

use crate::case::{Case, Principal, is_unknown, text, written};
use crate::tables::TOLD;
use serde_json::Value;

/// What a condition key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    Absent,
    Values(Vec<String>),
    Open,
}

/// What a key holds. Its name's letter case does not matter; what was told wins over what follows.
pub(crate) fn held(case: &Case<'_>, key: &str) -> Held {
    let request = &case.json["request"];
    let unknown = request["unknown"].as_array().into_iter().flatten();
    if unknown.filter_map(Value::as_str).any(|unknown| unknown.eq_ignore_ascii_case(key)) {
        return Held::Open;
    }
    let mut told = request["context"].as_object().into_iter().flatten();
    match told.find(|(told, _)| told.eq_ignore_ascii_case(key)) {
        Some((_, value)) => of(value),
        None => derived(case, &key.to_ascii_lowercase()),
    }
}

fn of(value: &Value) -> Held {
    match value {
        Value::Null => Held::Absent,
        value if is_unknown(value) => Held::Open,
        Value::Array(values) => Held::Values(values.iter().map(written).collect()),
        one => Held::Values(vec![written(one)]),
    }
}

fn one(value: impl Into<String>) -> Held {
    Held::Values(vec![value.into()])
}

/// What follows from the request; every arm is the paragraph of `keys` about that key.
fn derived(case: &Case<'_>, key: &str) -> Held {
    let (caller, via, organisation) = (case.caller(), case.via(), &case.json["organisation"]);
    let who = &case.principal;
    let is_service = matches!(who, Principal::Service(_));
    let services = via["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    // A key of S3 is in its own requests only.
    if let Some((_, place)) = TOLD.iter().find(|(told, _)| *told == key) {
        let is_there = !key.starts_with("s3:") || case.service() == "s3";
        return case.json.pointer(place).filter(|_| is_there).map_or(Held::Absent, of);
    }
    match key {
        "aws:principalarn" => match who {
            Principal::Root { arn, .. } | Principal::User { arn, .. } | Principal::Federated { arn, .. } => {
                one(arn)
            }
            Principal::Role { role, .. } => one(role),
            _ => Held::Absent,
        },
        // `operators`, "IP address": when a service calls for somebody, the address is the service's.
        "aws:sourceip" if !services.is_empty() && via.get("endpoint").is_none() => Held::Open,
        "aws:principalaccount" => match who {
            Principal::Anonymous => one("anonymous"),
            // A service calls from an account of AWS's, which is never the one that a policy names.
            who => who.account().map_or(Held::Absent, one),
        },
        "kms:calleraccount" if case.service() == "kms" => who.account().map_or(Held::Absent, one),
        "aws:principaltype" => match who {
            Principal::Anonymous => one("Anonymous"),
            Principal::Root { .. } => one("Account"),
            Principal::User { .. } => one("User"),
            Principal::Role { .. } => one("AssumedRole"),
            Principal::Federated { .. } => one("FederatedUser"),
            Principal::Service(_) | Principal::Provider(_) => Held::Open,
        },
        "aws:userid" => user_id(case),
        "aws:username" => match who {
            Principal::User { arn, .. } => one(arn.rsplit('/').next().unwrap_or_default()),
            _ => Held::Absent,
        },
        "aws:principalisawsservice" => match who {
            Principal::Anonymous => Held::Absent,
            _ => one(is_service.to_string()),
        },
        "aws:principalservicename" => match who {
            Principal::Service(name) => one(name),
            _ => Held::Absent,
        },
        "aws:principalorgid" if who.account().is_some() => of(&organisation["principal"]["id"]),
        "aws:principalorgpaths" if who.account().is_some() => of(&organisation["principal"]["path"]),
        "aws:sourcearn" if is_service => of(&via["source"]["arn"]),
        "aws:sourceaccount" if is_service => of(&via["source"]["account"]),
        "aws:sourceorgid" if is_service => of(&via["source"]["orgId"]),
        "aws:sourceorgpaths" if is_service => of(&via["source"]["orgPath"]),
        "aws:viaawsservice" => one((!services.is_empty()).to_string()),
        "aws:calledvia" if !services.is_empty() => of(&via["services"]),
        "aws:calledvialast" => services.last().map_or(Held::Absent, of),
        // Where it was not told, a regional resource is asked for at its own region's endpoint.
        "aws:requestedregion" => match (via.get("region"), case.resource().split(':').nth(3)) {
            (None, Some(region)) if !region.is_empty() => one(region),
            (region, _) => region.map_or(Held::Absent, of),
        },
        "aws:tokenissuetime" if is_temporary(case) => of(&caller["issued"]),
        "aws:multifactorauthpresent"
            if is_temporary(case) || (who.account().is_some() && !services.is_empty()) =>
        {
            one((services.is_empty() && caller["mfa"]["present"] == true).to_string())
        }
        "aws:multifactorauthage" if is_temporary(case) && caller["mfa"]["present"] == true => {
            of(&caller["mfa"]["ageSeconds"])
        }
        "aws:assumedroot" if caller["assumedRoot"] == true => one("true"),
        key => match key.split_once('/') {
            Some(("aws:principaltag", tag)) => tagged(&caller["tags"], tag),
            Some(("aws:resourcetag", tag)) if has_tags(case) => tagged(&case.json["resource"]["tags"], tag),
            _ => Held::Absent,
        },
    }
}

/// Buckets show their tags only when attribute-based access control is on for them.
fn has_tags(case: &Case<'_>) -> bool {
    let resource = &case.json["resource"];
    !case.resource().starts_with("arn:aws:s3:::") || resource["bucketAbac"] == true
}

/// Of two tags whose names differ only in letter case, one is compared; which, is not said (`operators`).
fn tagged(tags: &Value, wanted: &str) -> Held {
    let tags = tags.as_object().into_iter().flatten();
    let mut values = tags.filter(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Held::Absent,
        (Some(value), None) => of(value),
        (Some(value), Some(other)) if value == other => of(value),
        (Some(_), Some(_)) => Held::Open,
    }
}

/// The table "principal key values" of `variables`.
fn user_id(case: &Case<'_>) -> Held {
    let id = text(&case.caller()["id"]);
    match &case.principal {
        Principal::Anonymous => one("anonymous"),
        Principal::Root { account, .. } => one(account),
        Principal::User { .. } if !id.is_empty() => one(id),
        Principal::Role { session: Some(session), .. } if !id.is_empty() => {
            one(format!("{id}:{}", session.rsplit('/').next().unwrap_or_default()))
        }
        Principal::Federated { account, arn, .. } => {
            one(format!("{account}:{}", arn.rsplit('/').next().unwrap_or_default()))
        }
        _ => Held::Absent,
    }
}

/// Sessions have temporary credentials; users and root have what they are said to have, and long-term ones unless told.
fn is_temporary(case: &Case<'_>) -> bool {
    match (&case.principal, case.caller()["credentials"].as_str()) {
        (Principal::Role { .. } | Principal::Federated { .. }, _) => true,
        (Principal::User { .. } | Principal::Root { .. }, Some(kind)) => kind != "long-term",
        (Principal::Root { .. }, None) if case.caller()["assumedRoot"] == true => true,
        // Who signed in with a second factor got temporary credentials for it.
        (Principal::User { .. } | Principal::Root { .. }, None) => case.caller()["mfa"]["present"] == true,
        _ => false,
    }
}
