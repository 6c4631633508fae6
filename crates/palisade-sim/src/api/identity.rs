//! Who is there: IAM's details of an account, STS, and the regions that an account has.

use super::dress::id_of;
use super::generic::Asked;
use super::pages::{mark, page};
use super::refusal::{self, Refusal};
use super::shape;
use super::world::{Known, Place, World};
use crate::clock::Moment;
use crate::organisation::Purpose;
use palisade_model::AccountId;
use serde_json::{Value, json};

/// The regions that accounts have to enable first.
const OPT_IN: [&str; 10] = [
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "il-central-1",
    "me-central-1",
];

/// The role by which the simulated organisation is read.
pub(crate) const ROLE: &str = "palisade-read";

/// The answer, where the call is one of these.
pub(crate) fn answer(world: &mut World, asked: &Asked<'_>, at: Moment) -> Option<Result<Value, Refusal>> {
    let answer = match (asked.ask.service.as_ref(), asked.ask.operation.as_ref()) {
        ("sts", "GetCallerIdentity") => caller(asked.ask.account),
        ("sts", "AssumeRole") => match assume(world, asked, at) {
            Ok(answer) => answer,
            Err(refusal) => return Some(Err(refusal)),
        },
        ("ec2", "DescribeRegions") => regions(world, &asked.ask.parameters),
        ("account", "ListRegions") => listed_regions(world, &asked.ask.parameters),
        ("iam", "GetAccountAuthorizationDetails") => return Some(details(world, asked)),
        ("iam", "ListPolicies") if asked.ask.parameters["Scope"] != "Local" => {
            return Some(policies(world, asked));
        }
        ("iam", "GetPolicyVersion" | "GetPolicy" | "ListEntitiesForPolicy") => {
            return of_aws(asked).map(Ok);
        }
        ("iam", "ListAccountAliases") => {
            json!({ "AccountAliases": [world.organisation.accounts[asked.place.account].prefix()], "IsTruncated": false })
        }
        ("iam", "GetAccountSummary") => {
            json!({ "SummaryMap": { "AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0 } })
        }
        _ => return None,
    };
    Some(Ok(shape::whole(asked.service, asked.operation, answer)))
}

/// The role session that calls in an account.
pub(crate) fn session(account: AccountId) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{ROLE}/palisade")
}

fn caller(account: AccountId) -> Value {
    let id = id_of("AROA", &format!("{account}/{ROLE}"));
    json!({ "UserId": format!("{id}:palisade"), "Account": account.to_string(), "Arn": session(account) })
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The key of a session in an account: its second to ninth letters are the account, as those of AWS's keys are.
pub fn access_key(account: AccountId, number: u64) -> String {
    let account: u64 = account.to_string().parse().unwrap_or_default();
    let mut random = crate::random::Random::new(number ^ account);
    let middle: String =
        (0..8).rev().map(|place| char::from(LETTERS[(account >> (5 * place) & 31) as usize])).collect();
    format!("ASIA{middle}{}", random.id(8))
}

/// The account that a key is of.
pub fn account_of_key(key: &str) -> Option<AccountId> {
    let middle = key.get(4..12)?;
    let value = |byte: u8| LETTERS.iter().position(|letter| *letter == byte);
    let account = middle.bytes().try_fold(0_u64, |sum, byte| Some(sum << 5 | value(byte)? as u64))?;
    format!("{account:012}").parse().ok()
}

fn assume(world: &World, asked: &Asked<'_>, at: Moment) -> Result<Value, Refusal> {
    let asks = &asked.ask.parameters;
    let arn = asks["RoleArn"].as_str().unwrap_or_default();
    let denied = || {
        let caller = session(asked.ask.account);
        let message =
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        Refusal::new(403, "AccessDenied", message)
    };
    let account: AccountId =
        arn.split(':').nth(4).and_then(|account| account.parse().ok()).ok_or_else(denied)?;
    let place = world.account(account).ok_or_else(denied)?;
    if world.organisation.accounts[place].purpose == Purpose::Suspended {
        return Err(denied());
    }
    let seconds = asks["DurationSeconds"].as_i64().unwrap_or(3_600).clamp(900, 43_200);
    let name = arn.split_once(":role/").map_or(ROLE, |(_, name)| name.rsplit('/').next().unwrap_or(name));
    let session = asks["RoleSessionName"].as_str().unwrap_or("palisade");
    let key = access_key(account, asked.key ^ asked.now.as_nanos() as u64);
    let id = id_of("AROA", &format!("{account}/{name}"));
    let expires = at.after(seconds);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key, "SecretAccessKey": "simulated", "Expiration": time(expires),
            "SessionToken": format!("simulated-{account}-{}", expires.0),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{id}:{session}"),
            "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        },
    }))
}

/// As answers write it.
pub(crate) fn time(moment: Moment) -> String {
    moment.to_string().replace('Z', "+00:00")
}

fn regions(world: &World, asks: &Value) -> Value {
    let wanted: Vec<&str> =
        asks["RegionNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let enabled = world.regions.iter().map(|region| (region.as_str(), "opt-in-not-required"));
    let others =
        OPT_IN.into_iter().filter(|_| asks["AllRegions"] == true).map(|region| (region, "not-opted-in"));
    let all = enabled.chain(others).filter(|(region, _)| wanted.is_empty() || wanted.contains(region));
    let all = all.map(|(region, status)| {
        json!({ "RegionName": region, "Endpoint": format!("ec2.{region}.amazonaws.com"), "OptInStatus": status })
    });
    json!({ "Regions": all.collect::<Vec<_>>() })
}

fn listed_regions(world: &World, asks: &Value) -> Value {
    let wanted: Vec<&str> =
        asks["RegionOptStatusContains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let enabled = world.regions.iter().map(|region| (region.as_str(), "ENABLED_BY_DEFAULT"));
    let all = enabled.chain(OPT_IN.into_iter().map(|region| (region, "DISABLED")));
    let all = all.filter(|(_, status)| wanted.is_empty() || wanted.contains(status));
    json!({ "Regions": all.map(|(region, status)| json!({ "RegionName": region, "RegionOptStatus": status })).collect::<Vec<_>>() })
}

/// The lists of the details, in their order, with the filters that ask for each and its kind.
const DETAILS: [(&str, &str, &str); 5] = [
    ("UserDetailList", "User", "AWS::IAM::User"),
    ("GroupDetailList", "Group", "AWS::IAM::Group"),
    ("RoleDetailList", "Role", "AWS::IAM::Role"),
    ("Policies", "LocalManagedPolicy", "AWS::IAM::ManagedPolicy"),
    ("Policies", "AWSManagedPolicy", ""),
];

fn details(world: &mut World, asked: &Asked<'_>) -> Result<Value, Refusal> {
    let asks = &asked.ask.parameters;
    let filters: Vec<&str> =
        asks["Filter"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let place = Place { region: None, ..asked.place };
    let attached = if filters.is_empty() || filters.contains(&"AWSManagedPolicy") {
        attached_of_aws(world, asked, place)
    } else {
        Vec::new()
    };
    let mut parts = Vec::new();
    for (list, filter, kind) in DETAILS {
        if filters.is_empty() || filters.contains(&filter) {
            let count = if kind.is_empty() { attached.len() } else { world.count(place, kind, asked.now) };
            parts.push((list, kind, count));
        }
    }
    let count = parts.iter().map(|(.., count)| count).sum();
    let page = page(asked.service, asked.operation, asks, asked.key, count)
        .map_err(|_| refusal::bad_token(asked.service))?;
    let mut answer =
        json!({ "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
    let mut before = 0;
    for (list, kind, count) in parts {
        let (first, end) = (page.first.max(before), page.end.min(before + count));
        if first < end {
            let known = if kind.is_empty() {
                attached[first - before..end - before].to_vec()
            } else {
                world.range(place, kind, (first - before, end - before), asked.now)
            };
            let known =
                known.into_iter().map(|known| if list == "Policies" { detail(known) } else { known.1 });
            if let Some(items) = answer[list].as_array_mut() {
                items.extend(known);
            }
        }
        before += count;
    }
    answer["IsTruncated"] = json!(page.end < count);
    mark(asked.operation, &mut answer, asked.key, page, count);
    Ok(shape::whole(asked.service, asked.operation, answer))
}

/// A managed policy as the details have it: with its versions.
fn detail((_, mut document): Known) -> Value {
    let version = document["Version"]["PolicyVersion"].take();
    document["PolicyVersionList"] = json!([{
        "Document": version["Document"], "VersionId": version["VersionId"], "IsDefaultVersion": true,
        "CreateDate": document["CreateDate"],
    }]);
    document
}

fn known_of_aws() -> impl Iterator<Item = Known> {
    crate::undeclared::policies_of_aws().into_iter().map(|(_, arn, mut document)| {
        document["PolicyId"] = json!(id_of("ANPA", &arn));
        document["Path"] =
            json!(arn.split_once(":policy").map_or("/", |(_, rest)| &rest[..=rest.rfind('/').unwrap_or(0)]));
        document["CreateDate"] = json!("2018-01-01T00:00:00+00:00");
        document["UpdateDate"] = json!("2025-01-01T00:00:00+00:00");
        document["IsAttachable"] = json!(true);
        (arn, document)
    })
}

/// AWS's own policies that something of the account has.
fn attached_of_aws(world: &mut World, asked: &Asked<'_>, place: Place) -> Vec<Known> {
    let _ = asked;
    let roles = world.planted(place, "AWS::IAM::Role");
    let has = |arn: &str| {
        roles
            .iter()
            .flat_map(|(_, role)| role["AttachedManagedPolicies"].as_array().into_iter().flatten())
            .any(|policy| policy["PolicyArn"] == arn)
    };
    known_of_aws().filter(|(arn, _)| has(arn)).collect()
}

/// All managed policies, or AWS's only.
fn policies(world: &mut World, asked: &Asked<'_>) -> Result<Value, Refusal> {
    let place = Place { region: None, ..asked.place };
    let asks = &asked.ask.parameters;
    let mut all = if asks["OnlyAttached"] == true {
        attached_of_aws(world, asked, place)
    } else {
        known_of_aws().collect()
    };
    if asks["Scope"] != "AWS" {
        let count = world.count(place, "AWS::IAM::ManagedPolicy", asked.now);
        all.extend(world.range(place, "AWS::IAM::ManagedPolicy", (0, count), asked.now));
    }
    let page = page(asked.service, asked.operation, asks, asked.key, all.len())
        .map_err(|_| refusal::bad_token(asked.service))?;
    let items: Vec<Value> = all[page.first..page.end].iter().map(|(_, document)| document.clone()).collect();
    let mut answer = json!({ "Policies": items, "IsTruncated": page.end < all.len() });
    mark(asked.operation, &mut answer, asked.key, page, all.len());
    Ok(shape::whole(asked.service, asked.operation, answer))
}

/// What AWS's own policies say; the account's own are a kind.
fn of_aws(asked: &Asked<'_>) -> Option<Value> {
    let arn =
        asked.ask.parameters["PolicyArn"].as_str().filter(|arn| arn.starts_with("arn:aws:iam::aws:"))?;
    let (_, document) = known_of_aws().find(|(known, _)| known == arn)?;
    let answer = match asked.ask.operation.as_ref() {
        "GetPolicyVersion" => document["Version"].clone(),
        "GetPolicy" => json!({ "Policy": document }),
        _ => document["Entities"].clone(),
    };
    Some(shape::whole(asked.service, asked.operation, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_account() {
        for account in ["123456789012", "000000000001", "999999999999"] {
            let account: AccountId = account.parse().unwrap();
            let key = access_key(account, 7);
            assert_eq!((key.len(), account_of_key(&key)), (20, Some(account)));
        }
        assert_eq!(account_of_key("AKIDEXAMPLE"), None);
    }
}
