//! Permissions that are no policies: grants of keys, of S3 Access Grants, of Lake Formation, access entries of clusters.

use crate::case::{Case, Principal, is_one_of, is_unknown, list, text, texts};
use crate::tables::LAKE;
use crate::tri::Tri;
use serde_json::Value;

/// Whether a grant lets the request through, as a policy of the resource would.
pub(crate) fn grants_allow(case: &Case<'_>) -> Tri {
    Tri::any(list(&case.json["grants"]).into_iter().map(|grant| match text(&grant["kind"]) {
        "kms" => kms(case, grant),
        "lake-formation" | "s3-access-grants" | "eks-access-entry" => Tri::No,
        // The others are for services of their own, and the reference does not know their rules.
        _ => Tri::Open,
    }))
}

/// `kms-grants`: operations of a key, for a principal, perhaps only with an encryption context.
fn kms(case: &Case<'_>, grant: &Value) -> Tri {
    if case.service() != "kms" {
        return Tri::No;
    }
    if is_unknown(grant) {
        return Tri::Open;
    }
    let listed =
        texts(&grant["operations"]).iter().any(|listed| listed.eq_ignore_ascii_case(case.operation()));
    let grantee = Tri::from(listed).and(is_grantee(case, text(&grant["grantee"])));
    // `kms-retire`: by the grantee, when the operation is listed, and by the one who is named for it.
    if case.is("kms:RetireGrant") {
        return grantee.or(is_grantee(case, text(&grant["retiring"])));
    }
    let constrained =
        grant.get("encryptionContextEquals").is_some() || grant.get("encryptionContextSubset").is_some();
    grantee.and(if constrained { Tri::Open } else { Tri::Yes })
}

/// Whether something is given to who asks. What a grant to a whole account means, and whether one to a user holds for the
/// user's federated sessions, no page says.
fn is_grantee(case: &Case<'_>, grantee: &str) -> Tri {
    let account = case.principal.account().unwrap_or_default();
    if grantee.is_empty() {
        return Tri::No;
    }
    if grantee == account || grantee.ends_with(&format!("::{account}:root")) {
        return Tri::Open;
    }
    match &case.principal {
        Principal::User { arn, .. } | Principal::Root { arn, .. } => (arn == grantee).into(),
        Principal::Role { role, session, .. } => {
            (role == grantee || session.as_deref() == Some(grantee)).into()
        }
        Principal::Federated { arn, .. } if arn == grantee => Tri::Yes,
        Principal::Federated { user, .. } if user == grantee => Tri::Open,
        Principal::Service(name) => (name == grantee).into(),
        _ => Tri::No,
    }
}

/// Some services ask for a grant of their own besides what policies allow: whether there is one, where it is needed.
pub(crate) fn grants_of_services_allow(case: &Case<'_>) -> Tri {
    let action = case.action().to_ascii_lowercase();
    // `s3-access-grants`: GetDataAccess first verifies that there is a grant. The others are asked where they are in use.
    let (kind, always) = match action.as_str() {
        "s3:getdataaccess" => ("s3-access-grants", true),
        "eks:accesskubernetesapi" => ("eks-access-entry", false),
        "lakeformation:getdataaccess" => ("lake-formation", false),
        action if action.starts_with("glue:") && is_of_the_catalog(action) => ("lake-formation", false),
        _ => return others_allow(case),
    };
    let grants: Vec<&Value> =
        list(&case.json["grants"]).into_iter().filter(|grant| grant["kind"] == kind).collect();
    if grants.is_empty() && !always {
        return Tri::Yes;
    }
    Tri::any(grants.into_iter().map(|grant| match kind {
        _ if is_unknown(grant) => Tri::Open,
        "s3-access-grants" => is_given(case, grant).and(s3_access(case, grant)),
        "eks-access-entry" => is_given(case, grant).and(eks_entry(case, grant)),
        _ => is_given(case, grant).and(lake_formation(case, grant)),
    }))
}

/// Of these the reference knows no rules: Pod Identity, Roles Anywhere, Identity Center and so on.
fn others_allow(case: &Case<'_>) -> Tri {
    const KNOWN: &str = "kms ram snapshot image irsa lake-formation s3-access-grants eks-access-entry";
    let known = |grant: &Value| is_one_of(KNOWN, text(&grant["kind"]));
    if list(&case.json["grants"]).into_iter().all(known) { Tri::Yes } else { Tri::Open }
}

/// These services give to users and roles (`s3-access-grant`, `eks-scopes`, `lake-formation`); a group or somebody of a
/// directory may be behind a session, and an organisation behind anybody.
fn is_given(case: &Case<'_>, grant: &Value) -> Tri {
    let grantee = text(&grant[if grant["kind"] == "eks-access-entry" { "principal" } else { "grantee" }]);
    let Some(account) = case.principal.account() else { return Tri::No };
    // `lake-formation`: whoever IAM lets, and all users and roles of an account.
    if grant["kind"] == "lake-formation" && grantee == "IAM_ALLOWED_PRINCIPALS" {
        return Tri::Yes;
    }
    if let (true, Some(of)) = (grant["kind"] == "lake-formation", grantee.strip_suffix(":IAMPrincipals")) {
        return (of == account).into();
    }
    let is_arn = grantee.starts_with("arn:aws:iam:") || grantee.starts_with("arn:aws:sts:");
    let is_account = grantee.len() == 12 && grantee.parse::<u64>().is_ok();
    let is_directory = grantee.contains("-provider/") || !(is_arn || is_account);
    match &case.principal {
        _ if grantee.starts_with("o-") || grantee.contains(":organizations:") => Tri::Open,
        Principal::Role { .. } | Principal::Federated { .. } if is_directory => Tri::Open,
        _ => is_grantee(case, grantee),
    }
}

/// `s3-access-grants`: the target lies within the grant's scope, and the permission is the grant's; `s3-access-grant`: a
/// scope that ends in `*` is all that begins so.
fn s3_access(case: &Case<'_>, grant: &Value) -> Tri {
    let asked = case.parameters();
    let scope = text(&grant["prefix"]);
    let covers = |target: &str| match scope.strip_suffix('*') {
        Some(begin) => target.starts_with(begin),
        None => target == scope,
    };
    let within = asked["target"].as_str().map_or(Tri::Open, |target| covers(target).into());
    let enough = match asked["permission"].as_str() {
        None => Tri::Open,
        Some(asked) => (grant["permission"] == "READWRITE" || grant["permission"] == asked).into(),
    };
    within.and(enough)
}

/// `eks-scopes`: an access policy is for the cluster or for namespaces. `eks-policies`: two of them show all objects; what
/// the others show depends on the object.
fn eks_entry(case: &Case<'_>, entry: &Value) -> Tri {
    let cluster = entry["cluster"].as_str().is_none_or(|cluster| cluster == case.resource());
    let scope = match (entry["scope"].get("namespaces"), case.parameters().get("namespace")) {
        (None, _) => Tri::Yes,
        (Some(_), None) => Tri::Open,
        (Some(namespaces), Some(asked)) if list(namespaces).contains(&asked) => Tri::Yes,
        // Whether a star stands for others, no page says.
        (Some(namespaces), Some(asked)) if !asked.is_null() && namespaces.to_string().contains('*') => {
            Tri::Open
        }
        _ => Tri::No,
    };
    let policy = text(&entry["policy"]).rsplit('/').next().unwrap_or_default();
    let shows_all = is_one_of("AmazonEKSClusterAdminPolicy AmazonEKSAdminViewPolicy", policy);
    scope.and(cluster.into()).and(if shows_all { Tri::Yes } else { Tri::Open })
}

fn is_of_the_catalog(action: &str) -> bool {
    ["database", "table", "catalog", "partition"].iter().any(|word| action.contains(word))
}

fn lake_formation(case: &Case<'_>, grant: &Value) -> Tri {
    let given = match texts(&grant["permissions"]) {
        // `lake-implicit`: administrators see everything, and make databases.
        _ if grant["administrator"] == true => vec!["DESCRIBE", "CREATE_DATABASE"],
        none if none.is_empty() => vec!["ALL"],
        given => given,
    };
    let has = |permissions: &str| given.iter().any(|given| is_one_of(permissions, given));
    if case.is("lakeformation:GetDataAccess") {
        let asked = case.parameters();
        let about = match asked["table"].as_str() {
            _ if grant.get("resource").is_none() && grant["administrator"] != true => Tri::Yes,
            Some(table) => lake_resource(case, grant, "table", table),
            None => Tri::Open,
        };
        let enough = match text(&asked["permission"]) {
            asked @ ("SELECT" | "INSERT" | "DELETE") if has(&format!("{asked} ALL")) => Tri::Yes,
            // Who inserts or deletes also reads; whether for reading alone, no page says.
            "SELECT" if has("INSERT DELETE") => Tri::Open,
            "SELECT" | "INSERT" | "DELETE" => Tri::No,
            _ if has("SELECT INSERT DELETE ALL") => Tri::Open,
            _ => Tri::No,
        };
        return about.and(enough).and(lake_columns(case, &grant["resource"]));
    }
    // Of the other actions the page does not tell.
    let Some((_, sort, enough, perhaps)) = LAKE.iter().find(|(action, ..)| case.is(action)) else {
        return Tri::Open;
    };
    let enough = if has(enough) {
        Tri::Yes
    } else if has(perhaps) {
        Tri::Open
    } else {
        Tri::No
    };
    enough.and(lake_resource(case, grant, sort, case.resource()))
}

/// Whether a grant is about what has this ARN: `database/DATABASE`, `table/DATABASE/TABLE` or `catalog`.
fn lake_resource(case: &Case<'_>, grant: &Value, sort: &str, arn: &str) -> Tri {
    let asked: Vec<&str> = arn.splitn(6, ':').nth(5).unwrap_or_default().split('/').collect();
    let resource = &grant["resource"];
    if asked[0] != sort || (sort == "table" && asked.len() < 3) {
        return Tri::Open;
    }
    // `lake-implicit`: but what another account shares with somebody else.
    if grant["administrator"] == true {
        return if case.same_account() { Tri::Yes } else { Tri::Open };
    }
    // `lake-tags`: each key of the expression, with one of its values; a table has the tags of its database.
    if let Some(expression) = resource["lfTags"].as_object() {
        let of = if resource["type"] == "DATABASE" { "database" } else { "table" };
        let tags = &case.json["resource"]["lfTags"];
        return match tags.is_null() {
            _ if of != sort => Tri::No,
            true => Tri::Open,
            false => expression.iter().all(|(key, values)| list(values).contains(&&tags[key])).into(),
        };
    }
    match (resource["database"].as_str(), resource["table"].as_str()) {
        _ if resource.is_null() => Tri::Yes,
        _ if resource.is_string() => (resource == arn).into(),
        // Rows and cells, which no request shows.
        _ if resource.get("filter").is_some() => Tri::Open,
        (Some(database), Some(table)) => {
            (sort == "table" && asked[1] == database && (table == "*" || asked[2] == table)).into()
        }
        (Some(database), None) => (sort == "database" && asked[1] == database).into(),
        _ if resource["catalog"] == true => (sort == "catalog").into(),
        _ => Tri::Open,
    }
}

/// `lake-formation`: SELECT may be for some columns, or for all but some.
fn lake_columns(case: &Case<'_>, resource: &Value) -> Tri {
    let is_given = |column: &&Value| match (resource.get("columns"), resource.get("excludedColumns")) {
        (Some(only), _) => list(only).contains(column),
        (None, but) => !but.is_some_and(|but| list(but).contains(column)),
    };
    let is_limited = resource.get("columns").is_some() || resource.get("excludedColumns").is_some();
    match case.parameters().get("columns") {
        _ if !is_limited => Tri::Yes,
        None => Tri::Open,
        Some(asked) => list(asked).iter().all(is_given).into(),
    }
}
