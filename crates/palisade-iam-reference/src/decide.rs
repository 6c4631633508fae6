//! The order of evaluation (`logic`): an explicit deny anywhere, then each kind of policy that has to allow.

use crate::case::{Case, Statement, document, is_unknown, list, statements, text, texts};
use crate::principal::{Named, Principal, is_perhaps_named_itself, named};
use crate::public::is_public;
use crate::tri::Tri;
use crate::{condition, element};
use palisade_services::{AccessLevel, Reference};
use serde_json::Value;

/// The answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What AWS answers.
    pub decision: Decision,
    /// Whether some policy denies it in so many words.
    pub denied: Tri,
    /// Whether everything that has to allow it does.
    pub allowed: Tri,
}

/// What AWS answers to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes through.
    Allowed,
    /// Nothing that has to allow it does.
    ImplicitlyDenied,
    /// A policy denies it.
    ExplicitlyDenied,
    /// It depends on what was not told, or on what AWS's pages do not say.
    Unknown,
}

/// Decides a case.
///
/// # Errors
///
/// A principal that is no ARN of one, a mode other than `Strict`, a question about a set of resources.
pub fn decide(json: &Value) -> Result<Answer, String> {
    let request = &json["request"];
    let principal = Principal::read(text(&request["principal"]), &request["caller"])?;
    if json["mode"] == "Discovery" {
        return Err("the reference answers `Strict` questions".to_owned());
    }
    let case = Case { json, principal, resource: None };
    if case.resource().contains(['*', '?']) && !case.is_wildcard_only() {
        return Err("the reference answers about one resource, not a set".to_owned());
    }
    // `caller-identity`: no permission is needed, and an explicit deny does not stop it.
    if case.is("sts:GetCallerIdentity") {
        return Ok(Answer { decision: Decision::Allowed, denied: Tri::No, allowed: Tri::Yes });
    }
    let denied = explicit_deny(&case);
    let allowed = allowed(&case);
    let decision = match (denied, allowed) {
        (Tri::Yes, _) => Decision::ExplicitlyDenied,
        (Tri::No, Tri::Yes) => Decision::Allowed,
        // Whether a policy also says so in so many words may be open: it is denied either way.
        (_, Tri::No) => Decision::ImplicitlyDenied,
        _ => Decision::Unknown,
    };
    Ok(Answer { decision, denied, allowed })
}

// ---------------------------------------------------------------------------------------------------------------------
// Statements

/// Whether a statement is about the request: its action, resource and conditions.
fn is_about(case: &Case<'_>, statement: Statement<'_>) -> Tri {
    Tri::from(element::action(case, statement))
        .and(element::resource(case, statement))
        .and(condition::holds(case, statement))
}

/// Whether some statement with this effect, of policies that hang on the principal, is about the request.
fn any(case: &Case<'_>, policies: &[&Value], effect: &str) -> Tri {
    Tri::any(policies.iter().flat_map(|policy| {
        let unknown = is_unknown(policy).then_some(Tri::Open);
        let statements =
            statements(policy).into_iter().filter(|statement| text(&statement.json["Effect"]) == effect);
        unknown.into_iter().chain(statements.map(|statement| is_about(case, statement)))
    }))
}

/// The same for policies that hang on something else, and name the principal.
fn any_naming(case: &Case<'_>, policies: &[&Value], effect: &str) -> Tri {
    Tri::any(policies.iter().flat_map(|policy| {
        let unknown = is_unknown(policy).then_some(Tri::Open);
        let statements =
            statements(policy).into_iter().filter(|statement| text(&statement.json["Effect"]) == effect);
        unknown
            .into_iter()
            .chain(statements.map(|statement| named(case, statement).0.and(is_about(case, statement))))
    }))
}

// ---------------------------------------------------------------------------------------------------------------------
// 1. Explicit deny

/// `logic`: an explicit deny in any policy overrides what others allow.
fn explicit_deny(case: &Case<'_>) -> Tri {
    let mut answers = vec![
        any(case, &case.identity(), "Deny"),
        any(case, &case.policies("boundaries"), "Deny"),
        any(case, &case.policies("session"), "Deny"),
        any_naming(case, &case.policies("endpoints"), "Deny"),
    ];
    if scps_apply(case) {
        answers.extend(case.levels("scps").iter().map(|policies| any(case, policies, "Deny")));
    }
    let rcps = rcps_apply(case);
    answers.extend(case.levels("rcps").iter().map(|policies| rcps.and(any_naming(case, policies, "Deny"))));
    // `s3-lockout`: the owner's root user may always read, replace and delete the bucket's policy.
    let keys_out_its_owner = matches!(case.principal, Principal::Root { .. })
        && case.same_account()
        && ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
            .iter()
            .any(|action| case.is(action));
    // `kms-retire`: a key policy that is about RetireGrant has no effect.
    if !keys_out_its_owner && !case.is("kms:RetireGrant") {
        answers.push(any_naming(case, &case.policies("resourcePolicy"), "Deny"));
    }
    let point = &case.json["resource"]["accessPoint"];
    answers.push(any_naming(&through_point(case), &list(&point["policy"]), "Deny"));
    Tri::any(answers)
}

/// `scp`: they affect the users, roles and root user of member accounts, but no service-linked role.
fn scps_apply(case: &Case<'_>) -> bool {
    case.principal.account().is_some()
        && case.json["organisation"]["principal"]["management"] != true
        && !case.principal.is_service_linked(case.caller())
}

/// `rcp`: they affect the resources of member accounts, of the services that support them, whoever asks (services and
/// strangers too), but no service-linked role, no key that AWS manages and no retiring of grants.
fn rcps_apply(case: &Case<'_>) -> Tri {
    let exempt = case.json["organisation"]["resource"]["management"] == true
        || case.principal.is_service_linked(case.caller())
        || case.resource().contains(":role/aws-service-role/")
        || case.json["resource"]["awsManagedKey"] == true
        || case.is("kms:RetireGrant");
    if exempt {
        return Tri::No;
    }
    match case.json["service"]["rcpSupported"].as_bool() {
        Some(told) => told.into(),
        None => Reference::shipped().reached_by_rcps(&case.service()).map_or(Tri::Open, Tri::from),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// 2. What has to allow

fn allowed(case: &Case<'_>) -> Tri {
    if is_kept_by_aws(case) || may_not_call(case) {
        return Tri::No;
    }
    Tri::all([
        organisation_allows(case),
        endpoints_allow(case),
        access_point_allows(case),
        others_allow(case),
        principal_and_resource_allow(case),
    ])
}

/// Some services ask for a grant of their own besides, whose rules the reference does not know.
fn others_allow(case: &Case<'_>) -> Tri {
    let known = |grant: &Value| matches!(text(&grant["kind"]), "kms" | "ram" | "snapshot" | "image");
    if list(&case.json["grants"]).into_iter().all(known) { Tri::Yes } else { Tri::Open }
}

/// `s3-points`: access point and bucket both have to permit the request; the owner's own principals
/// need no statement of the access point. One that is bound to a VPC serves only requests from it (`s3-points-vpc`).
fn access_point_allows(case: &Case<'_>) -> Tri {
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
fn through_point<'a>(case: &Case<'a>) -> Case<'a> {
    let point = text(&case.json["resource"]["accessPoint"]["arn"]);
    let resource = match case.resource().split_once('/') {
        Some((_, key)) => format!("{point}/object/{key}"),
        None => point.to_owned(),
    };
    Case { resource: Some(resource), json: case.json, principal: case.principal.clone() }
}

/// `credentials`: which STS operation made the credentials decides what they never call, whatever policies allow. Those
/// of a role session ask for no token; those of a federated session call STS only for GetCallerIdentity, and IAM only in
/// the console; those of a session token call IAM only with MFA, and STS only for AssumeRole and GetCallerIdentity.
/// `assume-role`: root credentials cannot call it.
fn may_not_call(case: &Case<'_>) -> bool {
    let credentials = case.caller()["credentials"].as_str();
    let asks_token = case.is("sts:GetFederationToken") || case.is("sts:GetSessionToken");
    match (&case.principal, case.service().as_str()) {
        (Principal::Root { .. }, _) => case.is("sts:AssumeRole"),
        (Principal::Role { .. }, "sts") | (Principal::Federated { .. }, "sts") if asks_token => true,
        (Principal::Federated { .. }, "sts") => true,
        (Principal::Federated { .. }, "iam") => credentials != Some("console"),
        (Principal::User { .. }, "sts") if credentials == Some("temporary") => !case.is("sts:AssumeRole"),
        (Principal::User { .. }, "iam") if credentials == Some("temporary") => {
            case.caller()["mfa"]["present"] != true
        }
        _ => false,
    }
}

/// `managed`: nobody but AWS changes AWS managed policies; the roles that IAM Identity Center
/// keeps below `/aws-reserved/` are changed only there. `kms-aliases`: names that begin with `alias/aws/` are AWS's.
fn is_kept_by_aws(case: &Case<'_>) -> bool {
    if case.resource().contains(":alias/aws/") {
        return ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"]
            .iter()
            .any(|action| case.is(action));
    }
    let kept = case.resource().starts_with("arn:aws:iam::aws:policy/")
        || case.resource().contains(":role/aws-reserved/");
    let level = Reference::shipped().action(case.action()).map(|action| action.level);
    kept && case.service() == "iam" && !matches!(level, Some(AccessLevel::List | AccessLevel::Read))
}

/// `scp-evaluation`: every level from the root down has to allow explicitly. RCPs need no allow: the
/// policy RCPFullAWSAccess is attached everywhere and can't be detached (`rcp`).
fn organisation_allows(case: &Case<'_>) -> Tri {
    if !scps_apply(case) {
        return Tri::Yes;
    }
    Tri::all(case.levels("scps").iter().map(|policies| any(case, policies, "Allow")))
}

/// `endpoint`: the policy of the VPC endpoint that the request came through has to allow it too.
fn endpoints_allow(case: &Case<'_>) -> Tri {
    Tri::all(case.policies("endpoints").iter().map(|policy| any_naming(case, &[policy], "Allow")))
}

fn principal_and_resource_allow(case: &Case<'_>) -> Tri {
    let resource = resource_allows(case);
    match &case.principal {
        // `principal`: neither has policies of its own.
        Principal::Anonymous | Principal::Service(_) | Principal::Provider(_) => resource.anyhow(),
        _ if case.same_account() => same_account(case, &resource),
        // `logic-cross`: both sides are evaluated, and both have to allow.
        _ => principal_side(case).and(resource.anyhow()),
    }
}

/// What the resource's side allows, by how it names the principal.
struct Resource {
    /// By the account, which lets its administrators decide.
    account: Tri,
    /// Everyone.
    everyone: Tri,
    /// The role, or the user behind a federated session.
    behind: Tri,
    /// Just this principal.
    itself: Tri,
    /// By something that is no policy: a grant, an access control list.
    grant: Tri,
}

impl Resource {
    fn anyhow(&self) -> Tri {
        Tri::any([self.account, self.everyone, self.behind, self.itself, self.grant])
    }
}

fn resource_allows(case: &Case<'_>) -> Resource {
    let mut found = Resource {
        account: Tri::No,
        everyone: Tri::No,
        behind: Tri::No,
        itself: Tri::No,
        grant: grants_allow(case),
    };
    let open = is_closed_to_the_public(case);
    for policy in resource_policies(case) {
        // One that exists and was not read might name anybody in any way.
        if is_unknown(policy) {
            found.account = found.account.or(Tri::Open);
            found.itself = found.itself.or(Tri::Open);
        }
        for statement in statements(policy) {
            if text(&statement.json["Effect"]) != "Allow" || has_no_effect(case) {
                continue;
            }
            let (names, way) = named(case, statement);
            let answer = names.and(is_about(case, statement)).and(open.not());
            let slot = match way {
                Named::Account => &mut found.account,
                Named::Everyone => &mut found.everyone,
                Named::Behind => &mut found.behind,
                Named::Itself => &mut found.itself,
            };
            *slot = slot.or(answer);
            if is_perhaps_named_itself(case, statement) {
                found.itself = found.itself.or(Tri::Open.and(is_about(case, statement)).and(open.not()));
            }
        }
    }
    found
}

/// Requests that a resource's policy gives nothing for. `s3-owner`: a bucket policy is for objects that the bucket's owner
/// owns. `kms-external`: from other accounts only these operations count. `kms-retire`: only the grant tells who retires it.
fn has_no_effect(case: &Case<'_>) -> bool {
    const FROM_OUTSIDE: [&str; 21] = [
        "CreateGrant",
        "Decrypt",
        "DeriveSharedSecret",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ListGrants",
        "ReEncrypt",
        "ReEncryptFrom",
        "ReEncryptTo",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "Verify",
        "VerifyMac",
    ];
    let owner = case.json["resource"]["objectOwner"].as_str();
    let of_another = case.service() == "s3"
        && case.resource().contains('/')
        && owner.is_some_and(|owner| owner != case.resource_account())
        && !ownership_is_enforced(case);
    let operation = case.action().split_once(':').map_or("", |(_, operation)| operation);
    let is_key = case.service() == "kms" && case.resource().contains(":key/");
    let administers = is_key
        && case.principal.account().is_some()
        && !case.same_account()
        && !FROM_OUTSIDE.iter().any(|allowed| allowed.eq_ignore_ascii_case(operation));
    of_another || administers || case.is("kms:RetireGrant")
}

/// `s3-ownership`: BucketOwnerEnforced is the default.
fn ownership_is_enforced(case: &Case<'_>) -> bool {
    matches!(case.json["resource"]["objectOwnership"].as_str(), None | Some("BucketOwnerEnforced"))
}

/// The policies of the resource: its own, and that of the access point it was reached through (`s3-points`).
fn resource_policies<'a>(case: &Case<'a>) -> Vec<&'a Value> {
    case.policies("resourcePolicy")
}

/// `s3-block`, RestrictPublicBuckets: a public policy lets in only services and the owner's own account.
fn is_closed_to_the_public(case: &Case<'_>) -> Tri {
    if case.service() != "s3" || case.same_account() || matches!(case.principal, Principal::Service(_)) {
        return Tri::No;
    }
    let block = &case.json["resource"]["publicAccessBlock"];
    let restricted =
        ["account", "bucket", "accessPoint"].map(|of| Tri::from(block[of]["restrictPublicBuckets"] == true));
    let public = case.policies("resourcePolicy").iter().any(|policy| is_public(document(policy)));
    Tri::any(restricted).and(public.into())
}

// ---------------------------------------------------------------------------------------------------------------------
// 3. The same account (`logic-denyallow`; the table of how a resource policy names the principal)

fn same_account(case: &Case<'_>, resource: &Resource) -> Tri {
    let (identity, boundary, session) = (identity_allows(case), boundary_allows(case), session_allows(case));
    let own = identity.and(boundary).and(session);
    // `kms-default`, `assume-role`: here the resource's policy has to allow; the account's name lets identities decide.
    let is_key = case.service() == "kms" && case.resource().contains(":key/") && !case.is("kms:RetireGrant");
    let needs_policy = is_key || is_assume_role(case);
    let own = if needs_policy { own.and(resource.account) } else { own };
    // `kms-retire`: the permission alone does not let principals retire a grant, and the account in
    // which the grant was created may retire it. Which account that was, nobody told.
    let own = if case.is("kms:RetireGrant") { own.and(Tri::Open) } else { own };
    // Named itself, nothing that is merely silent stands in the way.
    let itself = resource.itself;
    // A role's ARN adds a permission, which boundary and session policy limit; so does the ARN of the user behind a
    // federated session.
    let behind = resource.behind.and(boundary).and(session);
    // `principal`: for everyone no other permission is needed; whether a session policy that is silent limits
    // that, and whether it holds for federated users, no page says.
    let everyone = resource.everyone.and(if session == Tri::Yes { Tri::Yes } else { Tri::Open });
    let limits = boundary.and(session);
    let grant = resource.grant.and(if limits == Tri::Yes { Tri::Yes } else { Tri::Open });
    Tri::any([own, itself, behind, everyone, grant])
}

// ---------------------------------------------------------------------------------------------------------------------
// 4. Across accounts, the principal's side

fn principal_side(case: &Case<'_>) -> Tri {
    identity_allows(case).and(boundary_allows(case)).and(session_allows(case))
}

/// The policies of the user and its groups, or of the role. The root user needs none.
fn identity_allows(case: &Case<'_>) -> Tri {
    match &case.principal {
        Principal::Root { .. } => Tri::Yes,
        // `session-token`: users need no permission for it.
        Principal::User { .. } if case.is("sts:GetSessionToken") => Tri::Yes,
        _ => any(case, &case.identity(), "Allow"),
    }
}

/// `boundaries`: each has to allow; they grant nothing. None can be set on the root user.
fn boundary_allows(case: &Case<'_>) -> Tri {
    Tri::all(case.policies("boundaries").iter().map(|policy| any(case, &[policy], "Allow")))
}

/// `sessions`: the session policies together have to allow. `federation`: without one, a federated user has no
/// permissions but those a resource's policy gives to the session itself.
fn session_allows(case: &Case<'_>) -> Tri {
    let policies = case.policies("session");
    match (&case.principal, policies.is_empty()) {
        (Principal::Federated { .. }, true) => Tri::No,
        (_, true) => Tri::Yes,
        (_, false) => any(case, &policies, "Allow"),
    }
}

fn is_assume_role(case: &Case<'_>) -> bool {
    [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
    ]
    .iter()
    .any(|action| case.is(action))
}

// ---------------------------------------------------------------------------------------------------------------------
// 5. Grants that are no policies

fn grants_allow(case: &Case<'_>) -> Tri {
    Tri::any(list(&case.json["grants"]).into_iter().map(|grant| grant_allows(case, grant)))
        .or(acl_allows(case))
}

fn grant_allows(case: &Case<'_>, grant: &Value) -> Tri {
    match (text(&grant["kind"]), is_unknown(grant)) {
        // `kms-grants`: operations of a key, for a principal, perhaps only with an encryption context.
        ("kms", false) if case.is("kms:RetireGrant") => {
            let listed = texts(&grant["operations"]).contains(&"RetireGrant");
            let grantee = Tri::from(listed).and(is_grantee(case, text(&grant["grantee"])));
            grantee.or(is_grantee(case, text(&grant["retiring"])))
        }
        ("kms", false) => {
            let action = case.action();
            let operation = action.split(':').nth(1).unwrap_or_default();
            let listed =
                texts(&grant["operations"]).iter().any(|listed| listed.eq_ignore_ascii_case(operation));
            let constrained = grant.get("encryptionContextEquals").is_some()
                || grant.get("encryptionContextSubset").is_some();
            let grantee =
                Tri::from(case.service() == "kms" && listed).and(is_grantee(case, text(&grant["grantee"])));
            grantee.and(if constrained { Tri::Open } else { Tri::Yes })
        }
        ("kms", true) if case.service() != "kms" => Tri::No,
        // The others are for services of their own, and the reference does not know their rules.
        _ => Tri::Open,
    }
}

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
        // Whether a grant for the user holds for the federated session, no page says.
        Principal::Federated { arn, user, .. } if arn != grantee => {
            if user == grantee {
                Tri::Open
            } else {
                Tri::No
            }
        }
        Principal::Federated { .. } => Tri::Yes,
        Principal::Service(name) => (name == grantee).into(),
        Principal::Anonymous | Principal::Provider(_) => Tri::No,
    }
}

/// `s3-acl`, `s3-ownership`: an access control list lets in other accounts and everyone, unless the bucket's owner
/// enforces ownership (which new buckets do) or ignores public lists.
fn acl_allows(case: &Case<'_>) -> Tri {
    let resource = &case.json["resource"];
    if case.service() != "s3" || ownership_is_enforced(case) || case.same_account() {
        return Tri::No;
    }
    let block = &resource["publicAccessBlock"];
    let ignores_public =
        ["account", "bucket", "accessPoint"].iter().any(|of| block[*of]["ignorePublicAcls"] == true);
    let grants = list(&resource["acl"]);
    Tri::any(grants.into_iter().map(|grant| {
        let who = match (text(&grant["grantee"]), &case.principal) {
            ("AllUsers", _) => Tri::from(!ignores_public),
            ("AuthenticatedUsers", Principal::Anonymous | Principal::Service(_)) => Tri::No,
            ("AuthenticatedUsers", _) => Tri::from(!ignores_public),
            (account, principal) if account.len() == 12 => (principal.account() == Some(account)).into(),
            (_, principal) => {
                if principal.account().is_some() {
                    Tri::Open
                } else {
                    Tri::No
                }
            }
        };
        who.and(acl_permits(case, text(&grant["permission"])).into())
    }))
}

/// The table "mapping of ACL permissions and access policy permissions" of `s3-acl`.
fn acl_permits(case: &Case<'_>, permission: &str) -> bool {
    let of_object = case.resource().contains('/');
    let permissions: &[&str] = if permission == "FULL_CONTROL" {
        &["READ", "WRITE", "READ_ACP", "WRITE_ACP"]
    } else {
        std::slice::from_ref(&permission)
    };
    permissions.iter().any(|permission| {
        let actions: &[&str] = match (*permission, of_object) {
            ("READ", false) => &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
            ("READ", true) => &["s3:GetObject", "s3:GetObjectVersion"],
            ("WRITE", _) => &["s3:PutObject", "s3:DeleteObject"],
            ("READ_ACP", false) => &["s3:GetBucketAcl"],
            ("READ_ACP", true) => &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"],
            ("WRITE_ACP", false) => &["s3:PutBucketAcl"],
            ("WRITE_ACP", true) => &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
            _ => &[],
        };
        actions.iter().any(|action| case.is(action))
    })
}
