//! Amazon S3: the public access block, access control lists, object ownership, access points.

use crate::case::{Case, Principal, document, is_one_of, is_unknown, list, statements, text};
use crate::context::{Held, held};
use crate::decide::any_naming;
use crate::principal::is_everyone;
use crate::tables::{ACL, NARROWING, PERHAPS_NARROWING};
use crate::tri::Tri;
use crate::values::range;
use serde_json::Value;

/// `s3-points`: access point and bucket both have to permit the request; the owner's own principals
/// need no statement of the access point. One that is bound to a VPC serves only requests from it (`s3-points-vpc`).
pub(crate) fn access_point_allows(case: &Case<'_>) -> Tri {
    let point = &case.json["resource"]["accessPoint"];
    if point.is_null() {
        return Tri::Yes;
    }
    if point.get("vpc").is_some() && point["vpc"] != case.via()["vpc"] {
        return Tri::No;
    }
    let own = case.principal.account().is_some() && case.principal.account() == point["account"].as_str();
    Tri::from(own).or(any_naming(&through_point(case), &list(&point["policy"]), "Allow"))
}

/// The question as the access point's policy sees it: its statements name `POINT` and `POINT/object/KEY`.
pub(crate) fn through_point<'a>(case: &Case<'a>) -> Case<'a> {
    let point = text(&case.json["resource"]["accessPoint"]["arn"]);
    let resource = match case.resource().split_once('/') {
        Some((_, key)) => format!("{point}/object/{key}"),
        None => point.to_owned(),
    };
    Case { resource: Some(resource), json: case.json, principal: case.principal.clone() }
}

/// `s3-ownership`: lists count unless ownership is enforced, which is the default.
fn lists_count(case: &Case<'_>) -> Tri {
    let ownership = &case.json["resource"]["objectOwnership"];
    if is_unknown(ownership) {
        Tri::Open
    } else {
        is_one_of("BucketOwnerPreferred ObjectWriter", text(ownership)).into()
    }
}

/// `s3-owner`: a bucket policy lets nobody at objects that the bucket's owner does not own.
pub(crate) fn is_object_of_another(case: &Case<'_>) -> Tri {
    let owner = &case.json["resource"]["objectOwner"];
    let operation = case.operation().to_ascii_lowercase();
    let at_the_object = operation.starts_with("getobject") || operation.starts_with("putobjectacl");
    let of_another = match owner.as_str() {
        _ if is_unknown(owner) => Tri::Open,
        owner => owner.is_some_and(|owner| owner != case.resource_account()).into(),
    };
    let is_object = case.service() == "s3" && case.resource().contains('/') && at_the_object;
    of_another.and(is_object.into()).and(lists_count(case))
}

/// `s3-block`, RestrictPublicBuckets: a public policy lets in only services and the owner's own account.
pub(crate) fn is_closed_to_the_public(case: &Case<'_>) -> Tri {
    if case.service() != "s3" || case.same_account() || matches!(case.principal, Principal::Service(_)) {
        return Tri::No;
    }
    let block = &case.json["resource"]["publicAccessBlock"];
    let restricted =
        ["account", "bucket", "accessPoint"].map(|of| Tri::from(block[of]["restrictPublicBuckets"] == true));
    let public = Tri::any(case.policies("resourcePolicy").iter().map(|policy| is_public(document(policy))));
    Tri::any(restricted).and(public)
}

/// `s3-acl`, `s3-ownership`: an access control list lets in other accounts and everyone, unless the bucket's owner
/// enforces ownership (which new buckets do) or ignores public lists.
pub(crate) fn acl_allows(case: &Case<'_>) -> Tri {
    let resource = &case.json["resource"];
    // The owner is let in by its own policies.
    let owner = match is_object_of_another(case) {
        Tri::Yes => resource["objectOwner"].as_str(),
        _ => Some(case.resource_account()),
    };
    if case.service() != "s3" || case.principal.account().is_some_and(|account| owner == Some(account)) {
        return Tri::No;
    }
    let permits = |permission: &str| Tri::from(acl_permits(case, permission));
    let one =
        |grant: &Value| acl_names(case, text(&grant["grantee"])).and(permits(text(&grant["permission"])));
    let acl = &resource["acl"];
    let any = if is_unknown(acl) {
        permits("FULL_CONTROL").and(Tri::Open)
    } else {
        Tri::any(list(acl).into_iter().map(one))
    };
    any.and(lists_count(case))
}

/// `s3-block`, BlockPublicAcls and BlockPublicPolicy: they refuse requests that set a public list or a public policy.
pub(crate) fn refuses_what_is_set(case: &Case<'_>) -> Tri {
    const SETS_A_LIST: &str =
        "s3:CreateBucket s3:PutBucketAcl s3:PutObject s3:PutObjectAcl s3:PutObjectVersionAcl";
    let block = &case.json["resource"]["publicAccessBlock"];
    let on = |switch: &str| ["account", "bucket", "accessPoint"].iter().any(|of| block[*of][switch] == true);
    let policy = &case.json["request"]["sets"]["policy"];
    if is_one_of("s3:PutBucketPolicy s3:PutAccessPointPolicy", case.action()) && on("blockPublicPolicy") {
        return if is_unknown(policy) { Tri::Open } else { is_public(document(policy)) };
    }
    if !is_one_of(SETS_A_LIST, case.action()) || !on("blockPublicAcls") {
        return Tri::No;
    }
    let sets = |key: &str, is_public: &dyn Fn(&str) -> bool| match held(case, key) {
        Held::Values(values) => values.iter().any(|value| is_public(value)).into(),
        Held::Absent => Tri::No,
        Held::Open => Tri::Open,
    };
    let group =
        |grant: &str| grant.contains("global/AllUsers") || grant.contains("global/AuthenticatedUsers");
    let grants = ["full-control", "read", "read-acp", "write", "write-acp"];
    Tri::any(grants.iter().map(|kind| sets(&format!("s3:x-amz-grant-{kind}"), &group)))
        .or(sets("s3:x-amz-acl", &|acl| is_one_of("public-read public-read-write authenticated-read", acl)))
}

/// Whom a list lets in: the public (unless IgnorePublicAcls is on), accounts by their number or canonical id.
fn acl_names(case: &Case<'_>, grantee: &str) -> Tri {
    let block = &case.json["resource"]["publicAccessBlock"];
    let ignores =
        ["account", "bucket", "accessPoint"].iter().any(|of| block[*of]["ignorePublicAcls"] == true);
    let canonical = &case.caller()["canonicalId"];
    match (grantee, case.principal.account()) {
        ("AllUsers", _) | ("AuthenticatedUsers", Some(_)) => (!ignores).into(),
        (_, None) => Tri::No,
        (number, Some(account)) if number.len() == 12 => (number == account).into(),
        _ if canonical.is_null() => Tri::Open,
        _ => (canonical == grantee).into(),
    }
}

/// What a permission of a list lets its grantee do with the bucket or the object.
fn acl_permits(case: &Case<'_>, permission: &str) -> bool {
    let of = if case.resource().contains('/') { "object" } else { "bucket" };
    ACL.iter().any(|(given, on, actions)| {
        let is_given = permission == "FULL_CONTROL" || permission == *given;
        is_given && (*on == of || *on == "either") && is_one_of(actions, case.action())
    })
}

/// Whether any statement lets everyone in: one is enough for the whole policy to be public.
fn is_public(policy: &Value) -> Tri {
    Tri::any(statements(policy).iter().map(|statement| {
        let for_all = text(&statement.json["Effect"]) == "Allow" && is_everyone(statement.json);
        let narrowed = match is_narrowed(statement.json, NARROWING) {
            true => Tri::Yes,
            false if is_narrowed(statement.json, PERHAPS_NARROWING) => Tri::Open,
            false => Tri::No,
        };
        Tri::from(for_all).and(narrowed.not())
    }))
}

fn is_narrowed(statement: &Value, by: &str) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let mut conditions = operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(|(key, values)| (operator.to_ascii_lowercase(), key, values))
    });
    conditions.any(|(operator, key, values)| {
        let values: Vec<&str> = list(values).into_iter().map(text).collect();
        is_one_of(by, key) && narrows(&operator, key, &values)
    })
}

/// Fixed values for texts and ARNs; for addresses, ranges no wider than /8 (IPv4) and /32 (IPv6).
fn narrows(operator: &str, key: &str, values: &[&str]) -> bool {
    let positive =
        !operator.contains("not") && !operator.contains("ifexists") && !operator.starts_with("forallvalues");
    if !positive || operator.contains("null") || values.is_empty() {
        return false;
    }
    let is_address = key.to_ascii_lowercase().ends_with("sourceip");
    if is_address != operator.contains("ipaddress") {
        return false;
    }
    // Access points of one account are not everyone's, whatever they are called.
    let of_account = key.eq_ignore_ascii_case("s3:DataAccessPointArn");
    let fixed = |value: &str| match value.rsplit_once("accesspoint/") {
        Some((head, _)) if of_account => is_fixed(head),
        _ => is_fixed(value),
    };
    values.iter().all(|value| if is_address { is_narrow(value) } else { fixed(value) })
}

fn is_narrow(value: &str) -> bool {
    range(value).is_some_and(|range| range.prefix_len() >= if range.addr().is_ipv4() { 8 } else { 32 })
}

/// A value without wildcards and variables.
fn is_fixed(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}
