//! The order of evaluation (`logic`): an explicit deny anywhere, then each kind of policy that has to allow.

use crate::case::{Case, Principal, Statement, is_one_of, is_unknown, list, statements, text};
use crate::grants::{grants_allow, grants_of_services_allow};
use crate::principal::{Named, is_perhaps_named_itself, named};
use crate::tri::Tri;
use crate::{Answer, Decision, condition, element, kms, s3};
use palisade_services::{AccessLevel, Reference};
use serde_json::Value;

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
    // `caller-identity`: no permission is needed, and an explicit deny does not stop it. `session-token`: nor is one for
    // users and root, and policies cannot control it.
    let authenticates = matches!(&case.principal, Principal::User { .. } | Principal::Root { .. })
        && case.is("sts:GetSessionToken")
        && case.caller()["credentials"] != "temporary";
    if case.is("sts:GetCallerIdentity") || authenticates {
        return Ok(Answer { decision: Decision::Allowed, denied: Tri::No });
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
    Ok(Answer { decision, denied })
}

// Statements

/// Whether a statement is about the request: its action, resource and conditions.
fn is_about(case: &Case<'_>, statement: Statement<'_>) -> Tri {
    Tri::from(element::action(case, statement))
        .and(element::resource(case, statement))
        .and(condition::holds(case, statement))
}

/// Whether some statement with this effect, of policies that hang on the principal, is about the request.
fn any(case: &Case<'_>, policies: &[&Value], effect: &str) -> Tri {
    some(policies, effect, |statement| is_about(case, statement))
}

/// The same for policies that hang on something else, and name the principal.
pub(crate) fn any_naming(case: &Case<'_>, policies: &[&Value], effect: &str) -> Tri {
    some(policies, effect, |statement| named(case, statement).0.and(is_about(case, statement)))
}

/// A policy that exists and was not read may hold such a statement.
fn some(policies: &[&Value], effect: &str, applies: impl Fn(Statement<'_>) -> Tri) -> Tri {
    Tri::any(policies.iter().flat_map(|policy| {
        let unknown = is_unknown(policy).then_some(Tri::Open);
        let of_effect = |statement: &Statement<'_>| text(&statement.json["Effect"]) == effect;
        let statements = statements(policy).into_iter().filter(of_effect);
        unknown.into_iter().chain(statements.map(&applies)).collect::<Vec<_>>()
    }))
}

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
        && is_one_of("s3:GetBucketPolicy s3:PutBucketPolicy s3:DeleteBucketPolicy", case.action());
    // `kms-retire`: a key policy that is about RetireGrant has no effect.
    if !keys_out_its_owner && !case.is("kms:RetireGrant") {
        answers.push(any_naming(case, &case.policies("resourcePolicy"), "Deny"));
    }
    let point = &case.json["resource"]["accessPoint"];
    answers.push(any_naming(&s3::through_point(case), &list(&point["policy"]), "Deny"));
    Tri::any(answers)
}

/// `scp`: they affect the users, roles and root user of member accounts, but no service-linked role.
fn scps_apply(case: &Case<'_>) -> bool {
    case.principal.account().is_some()
        && case.json["organisation"]["principal"]["management"] != true
        && !is_service_linked(case)
}

/// `scp`: a role that a service made for itself; its path begins with `/aws-service-role/`.
fn is_service_linked(case: &Case<'_>) -> bool {
    match (&case.principal, case.caller()["serviceLinked"].as_bool()) {
        (Principal::Role { .. }, Some(told)) => told,
        (Principal::Role { role, .. }, None) => role.contains(":role/aws-service-role/"),
        _ => false,
    }
}

/// `rcp`: they affect the resources of member accounts, of the services that support them, whoever asks (services and
/// strangers too), but no service-linked role, no key that AWS manages and no retiring of grants.
fn rcps_apply(case: &Case<'_>) -> Tri {
    let exempt = case.json["organisation"]["resource"]["management"] == true
        || is_service_linked(case)
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

// 2. What has to allow

fn allowed(case: &Case<'_>) -> Tri {
    if is_kept_by_aws(case) || may_not_call(case) {
        return Tri::No;
    }
    Tri::all([
        organisation_allows(case),
        endpoints_allow(case),
        s3::access_point_allows(case),
        s3::refuses_what_is_set(case).not(),
        grants_of_services_allow(case),
        principal_and_resource_allow(case),
    ])
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
        return is_one_of("kms:CreateAlias kms:UpdateAlias kms:DeleteAlias", case.action());
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
    let bucket = Some(case.resource_account());
    // `s3-objects`: where the bucket's owner does not own the object, its policy allows nothing, and the object's owner
    // decides; that may be the account that asks, or a third.
    let bare = Resource { account: Tri::No, everyone: Tri::No, behind: Tri::No, itself: Tri::No, ..resource };
    match s3::is_object_of_another(case) {
        Tri::No => owned_by(case, &resource, bucket),
        Tri::Yes => owned_by(case, &bare, case.json["resource"]["objectOwner"].as_str()),
        Tri::Open => {
            let of_bucket = owned_by(case, &resource, bucket);
            let others = [case.principal.account().filter(|own| Some(*own) != bucket), Some("a third")];
            let same =
                others.into_iter().flatten().all(|other| owned_by(case, &bare, Some(other)) == of_bucket);
            if same { of_bucket } else { Tri::Open }
        }
    }
}

fn owned_by(case: &Case<'_>, resource: &Resource, owner: Option<&str>) -> Tri {
    match case.principal.account() {
        // `principal`: the anonymous, services and providers have no policies of their own.
        None => resource.anyhow(),
        account if account == owner => same_account(case, resource),
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
    /// By a grant, which is no policy.
    grant: Tri,
    /// By an access control list.
    acl: Tri,
}

impl Resource {
    fn anyhow(&self) -> Tri {
        Tri::any([self.account, self.everyone, self.behind, self.itself, self.grant, self.acl])
    }
}

fn resource_allows(case: &Case<'_>) -> Resource {
    let mut found = Resource {
        account: Tri::No,
        everyone: Tri::No,
        behind: Tri::No,
        itself: Tri::No,
        grant: grants_allow(case),
        acl: s3::acl_allows(case),
    };
    let without_effect = s3::is_closed_to_the_public(case);
    for policy in case.policies("resourcePolicy") {
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
            let answer = names.and(is_about(case, statement)).and(without_effect.not());
            let slot = match way {
                Named::Account => &mut found.account,
                Named::Everyone => &mut found.everyone,
                Named::Behind => &mut found.behind,
                Named::Itself => &mut found.itself,
            };
            *slot = slot.or(answer);
            if is_perhaps_named_itself(case, statement) {
                found.itself =
                    found.itself.or(Tri::Open.and(is_about(case, statement)).and(without_effect.not()));
            }
        }
    }
    found
}

/// Requests that a resource's policy gives nothing for: those that administer another account's key, and, as only the
/// grant tells who retires it, the retiring of grants (`kms-retire`).
fn has_no_effect(case: &Case<'_>) -> bool {
    kms::administers_from_outside(case) || case.is("kms:RetireGrant")
}

// 3. The same account (`logic-denyallow`; the table of how a resource policy names the principal)

fn same_account(case: &Case<'_>, resource: &Resource) -> Tri {
    let (identity, boundary, session) = (identity_allows(case), boundary_allows(case), session_allows(case));
    let own = identity.and(boundary).and(session);
    // `kms-default`, `assume-role`: here the resource's policy has to allow; the account's name lets identities decide.
    let needs_policy = kms::needs_its_policy(case) || is_assume_role(case);
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

// 4. Across accounts, the principal's side

fn principal_side(case: &Case<'_>) -> Tri {
    identity_allows(case).and(boundary_allows(case)).and(session_allows(case))
}

/// The policies of the user and its groups, or of the role. The root user needs none.
fn identity_allows(case: &Case<'_>) -> Tri {
    match &case.principal {
        Principal::Root { .. } => Tri::Yes,
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
    const WAYS: &str = "sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:TagSession \
        sts:SetSourceIdentity sts:SetContext";
    is_one_of(WAYS, case.action())
}
