//! The rows of the checklist of evaluation rules, each with the page of AWS's documentation that it stands on.

use palisade_iam::Case;
use serde_json::{Value as Json, json};

const ERIN: &str = "arn:aws:iam::111122223333:user/erin";
const RUN: &str = "arn:aws:sts::111122223333:assumed-role/batch/run1";
const DANA: &str = "arn:aws:iam::444455556666:user/dana";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const FED: &str = "arn:aws:sts::111122223333:federated-user/erin";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const ROLE: &str = "arn:aws:iam::111122223333:role/target";

/// A request of a principal to read an object, with nothing that allows it.
fn ask(principal: &str) -> Json {
    on(principal, "s3:GetObject", "arn:aws:s3:::reports/k")
}

fn on(principal: &str, action: &str, resource: &str) -> Json {
    json!({"request": {"principal": principal, "action": action, "resource": resource, "resourceAccount": "111122223333"}})
}

fn doc(statements: Json) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str) -> Json {
    doc(json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]))
}

fn deny(action: &str) -> Json {
    doc(
        json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": action, "Resource": "*"}]),
    )
}

fn named(effect: &str, principal: Json, action: &str) -> Json {
    doc(json!([{"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}]))
}

/// The case with more keys; those within `request` are added to it.
fn with(mut case: Json, more: Json) -> Json {
    for (key, value) in more.as_object().unwrap() {
        if key == "request" {
            for (key, value) in value.as_object().unwrap() {
                case["request"][key] = value.clone();
            }
        } else {
            case[key] = value.clone();
        }
    }
    case
}

fn check(case: Json, expected: &str) {
    let answer = Case::parse(&case.to_string(), &"case".into(), 1).unwrap().answer();
    assert_eq!(
        format!("{:?}", answer.outcome),
        expected,
        "{case}\nblocked by {:?}, open {:?}",
        answer.blocked_by,
        answer.open
    );
}

const ALLOWED: &str = "Allowed";
const IMPLICIT: &str = "ImplicitlyDenied";
const EXPLICIT: &str = "ExplicitlyDenied";
const UNKNOWN: &str = "Unknown";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
#[test]
fn an_explicit_denial_in_any_layer_wins() {
    let allowed = with(ask(RUN), json!({"identity": [allow("*")]}));
    check(allowed.clone(), ALLOWED);
    check(with(allowed.clone(), json!({"identity": [allow("*"), deny("s3:*")]})), EXPLICIT);
    check(with(allowed.clone(), json!({"boundaries": [deny("s3:*")]})), EXPLICIT);
    check(with(allowed.clone(), json!({"session": deny("s3:*")})), EXPLICIT);
    check(with(allowed.clone(), json!({"scps": [{"at": "r", "policies": [deny("s3:*")]}]})), EXPLICIT);
    check(
        with(
            allowed.clone(),
            json!({"rcps": [{"at": "r", "policies": [named("Deny", json!("*"), "s3:*")]}]}),
        ),
        EXPLICIT,
    );
    check(with(allowed.clone(), json!({"resourcePolicy": named("Deny", json!("*"), "s3:*")})), EXPLICIT);
    check(with(allowed, json!({"endpoints": [named("Deny", json!("*"), "s3:*")]})), EXPLICIT);
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
#[test]
fn service_control_policies_allow_at_every_level_or_not_at_all() {
    let levels = |middle: &[Json]| json!([{"at": "r", "policies": [allow("*")]}, {"at": "ou", "policies": middle}, {"at": "account", "policies": [allow("*")]}]);
    let case = |middle: &[Json]| with(ask(ERIN), json!({"identity": [allow("*")], "scps": levels(middle)}));
    check(case(&[allow("*")]), ALLOWED);
    check(case(&[allow("ec2:*")]), IMPLICIT);
    check(case(&[]), IMPLICIT);
    check(case(&[allow("ec2:*"), allow("s3:*")]), ALLOWED);
    let narrow = doc(json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::reports/*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]));
    check(case(&[narrow]), ALLOWED);
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
#[test]
fn resource_control_policies_only_deny_and_on_supported_services_only() {
    let rcps = json!([{"at": "r", "policies": []}, {"at": "account", "policies": [named("Deny", json!("*"), "s3:*")]}]);
    check(with(ask(ERIN), json!({"identity": [allow("*")], "rcps": rcps})), EXPLICIT);
    check(
        with(ask("anonymous"), json!({"resourcePolicy": named("Allow", json!("*"), "s3:*"), "rcps": rcps})),
        EXPLICIT,
    );
    let lambda = on(ERIN, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f");
    let rcps = json!([{"at": "r", "policies": [named("Deny", json!("*"), "lambda:*")]}]);
    let lambda = with(lambda, json!({"identity": [allow("*")], "rcps": rcps}));
    check(lambda.clone(), ALLOWED);
    check(with(lambda.clone(), json!({"service": {"rcpSupported": true}})), EXPLICIT);
    check(with(lambda, json!({"service": {"rcpSupported": {"unknown": "not verified"}}})), UNKNOWN);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
#[test]
fn a_boundary_limits_and_never_grants() {
    check(with(ask(ERIN), json!({"identity": [allow("s3:*")], "boundaries": [allow("s3:Get*")]})), ALLOWED);
    check(with(ask(ERIN), json!({"identity": [allow("s3:*")], "boundaries": [allow("ec2:*")]})), IMPLICIT);
    check(with(ask(ERIN), json!({"boundaries": [allow("*")]})), IMPLICIT);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
#[test]
fn a_federated_users_session_without_policy_has_what_resource_policies_give_it() {
    check(with(ask(FED), json!({"identity": [allow("*")]})), IMPLICIT);
    check(with(ask(FED), json!({"identity": [allow("*")], "session": allow("s3:*")})), ALLOWED);
    check(with(ask(FED), json!({"resourcePolicy": named("Allow", json!({"AWS": FED}), "s3:*")})), ALLOWED);
    check(with(ask(FED), json!({"resourcePolicy": named("Allow", json!({"AWS": ERIN}), "s3:*")})), IMPLICIT);
    check(
        with(
            ask(FED),
            json!({"session": allow("s3:*"), "resourcePolicy": named("Allow", json!({"AWS": ERIN}), "s3:*")}),
        ),
        ALLOWED,
    );
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
#[test]
fn federated_sessions_and_session_tokens_are_kept_from_iam_and_sts() {
    let all = json!({"identity": [allow("*")], "session": allow("*")});
    let signed = |with_mfa: bool| json!({"request": {"caller": {"credentials": "temporary", "mfa": {"present": with_mfa}}}});
    let list = |caller: &str| {
        with(
            on(caller, "iam:ListUsers", "*"),
            with(all.clone(), json!({"request": {"wildcardOnlyAction": true}})),
        )
    };
    check(list(FED), IMPLICIT);
    check(with(list(FED), json!({"request": {"caller": {"credentials": "console"}}})), ALLOWED);
    check(with(on(FED, "sts:GetCallerIdentity", "*"), all.clone()), ALLOWED);
    check(list(ERIN), ALLOWED);
    check(with(list(ERIN), signed(true)), ALLOWED);
    check(with(list(ERIN), signed(false)), IMPLICIT);
    check(with(on(ERIN, "sts:GetSessionToken", "*"), signed(true)), IMPLICIT);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
#[test]
fn the_root_user_may_do_all_that_nothing_denies() {
    check(ask(ROOT), ALLOWED);
    check(with(ask(ROOT), json!({"scps": [{"at": "r", "policies": [deny("s3:*")]}]})), EXPLICIT);
    check(with(ask(ROOT), json!({"scps": [{"at": "r", "policies": [allow("ec2:*")]}]})), IMPLICIT);
    check(on(ROOT, "sts:AssumeRole", ROLE), IMPLICIT);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
#[test]
fn how_the_resource_policy_names_the_caller_decides_what_limits_it() {
    let narrow = json!({"boundaries": [allow("ec2:*")]});
    let session = json!({"session": allow("ec2:*")});
    let rows: [(&str, Json, [&str; 3]); 6] = [
        (ERIN, json!({"AWS": ROOT}), [IMPLICIT, IMPLICIT, IMPLICIT]),
        (ERIN, json!({"AWS": ERIN}), [ALLOWED, ALLOWED, ALLOWED]),
        (RUN, json!({"AWS": "arn:aws:iam::111122223333:role/batch"}), [ALLOWED, IMPLICIT, IMPLICIT]),
        (RUN, json!({"AWS": RUN}), [ALLOWED, ALLOWED, ALLOWED]),
        (FED, json!({"AWS": FED}), [ALLOWED, ALLOWED, ALLOWED]),
        // Whether a session policy limits what `*` gives is not documented.
        (RUN, json!("*"), [ALLOWED, ALLOWED, UNKNOWN]),
    ];
    for (caller, principal, [alone, boundary, limited]) in rows {
        let case = with(ask(caller), json!({"resourcePolicy": named("Allow", principal, "s3:*")}));
        check(case.clone(), alone);
        check(with(case.clone(), narrow.clone()), boundary);
        check(with(case, session.clone()), limited);
    }
    let by_arn = doc(json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/batch"}}}]));
    let case = with(ask(RUN), json!({"resourcePolicy": by_arn}));
    check(with(case.clone(), narrow), ALLOWED);
    check(with(case, session), ALLOWED);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
#[test]
fn not_principal_spares_for_certain_only_who_is_listed_in_every_form() {
    let spare = |listed: Json| {
        doc(json!([{"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "s3:*", "Resource": "*"}]))
    };
    let case = |caller: &str, listed: Json| {
        with(ask(caller), json!({"identity": [allow("*")], "resourcePolicy": spare(listed)}))
    };
    check(case(ERIN, json!([ERIN, ROOT])), ALLOWED);
    check(case(ERIN, json!([ERIN])), UNKNOWN);
    check(case(ERIN, json!([DANA])), EXPLICIT);
    check(case(RUN, json!([RUN, "arn:aws:iam::111122223333:role/batch", ROOT])), ALLOWED);
    check(case(RUN, json!(["arn:aws:iam::111122223333:role/batch", ROOT])), UNKNOWN);
    check(with(case(ERIN, json!([ERIN, ROOT])), json!({"boundaries": [allow("*")]})), EXPLICIT);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
#[test]
fn across_accounts_both_sides_must_allow() {
    for principal in [json!("*"), json!({"AWS": DANA}), json!({"AWS": "444455556666"})] {
        let policy = named("Allow", principal, "s3:*");
        check(with(ask(DANA), json!({"resourcePolicy": policy})), IMPLICIT);
        check(with(ask(DANA), json!({"identity": [allow("s3:*")], "resourcePolicy": policy})), ALLOWED);
        check(
            with(
                ask(DANA),
                json!({"identity": [allow("s3:*")], "boundaries": [allow("ec2:*")], "resourcePolicy": policy}),
            ),
            IMPLICIT,
        );
    }
    check(with(ask(DANA), json!({"identity": [allow("*")]})), IMPLICIT);
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp
#[test]
fn the_management_account_and_service_linked_roles_are_outside_of_organisation_policies() {
    let scps = json!({"identity": [allow("*")], "scps": [{"at": "r", "policies": [deny("s3:*")]}]});
    let rcps = json!({"identity": [allow("*")], "rcps": [{"at": "r", "policies": [named("Deny", json!("*"), "s3:*")]}]});
    let manages = |side: &str| json!({"organisation": {side: {"management": true}}});
    check(with(with(ask(ERIN), scps.clone()), manages("principal")), ALLOWED);
    check(with(with(ask(ERIN), rcps.clone()), manages("resource")), ALLOWED);
    check(
        with(
            with(ask(ERIN), scps.clone()),
            json!({"organisation": {"principal": {"delegatedAdministrator": true}}}),
        ),
        EXPLICIT,
    );
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport";
    check(with(ask(linked), scps.clone()), ALLOWED);
    check(with(ask(linked), rcps), ALLOWED);
    // The name of a session alone does not tell whether its role is linked to a service.
    let session = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForSupport/x";
    check(
        with(
            ask(session),
            json!({"identity": [allow("*")], "scps": scps["scps"], "request": {"context": {"aws:PrincipalArn": {"unknown": "not told"}}}}),
        ),
        UNKNOWN,
    );
    check(with(with(ask(session), scps), json!({"request": {"caller": {"role": linked}}})), ALLOWED);
}

// https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
#[test]
fn what_no_resource_control_policy_touches() {
    let rcps = json!([{"at": "r", "policies": [named("Deny", json!("*"), "kms:*")]}]);
    let open = json!({"resourcePolicy": named("Allow", json!({"AWS": ERIN}), "kms:*"), "rcps": rcps});
    check(with(on(ERIN, "kms:Decrypt", KEY), open.clone()), EXPLICIT);
    let retire = |more: Json| with(with(on(ERIN, "kms:RetireGrant", KEY), open.clone()), more);
    check(retire(json!({})), IMPLICIT);
    check(
        retire(
            json!({"grants": [{"kind": "kms", "grantee": "arn:aws:iam::111122223333:role/batch", "operations": ["Decrypt"], "retiring": ERIN}]}),
        ),
        ALLOWED,
    );
    // https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html
    check(retire(json!({"identity": [allow("*")]})), UNKNOWN);
    check(
        with(with(on(ERIN, "kms:Decrypt", KEY), open), json!({"resource": {"awsManagedKey": true}})),
        ALLOWED,
    );
}

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
#[test]
fn a_key_is_opened_by_its_policy_or_by_a_grant() {
    let decrypt = |caller: &str, more: Json| with(on(caller, "kms:Decrypt", KEY), more);
    check(decrypt(ERIN, json!({"identity": [allow("*")]})), IMPLICIT);
    check(
        decrypt(
            ERIN,
            json!({"identity": [allow("*")], "resourcePolicy": named("Allow", json!({"AWS": ROOT}), "kms:*")}),
        ),
        ALLOWED,
    );
    check(
        decrypt(
            ERIN,
            json!({"identity": [allow("*")], "resourcePolicy": named("Allow", json!({"AWS": ROOT}), "kms:Describe*")}),
        ),
        IMPLICIT,
    );
    check(decrypt(ERIN, json!({"resourcePolicy": named("Allow", json!("*"), "kms:*")})), ALLOWED);
    check(decrypt(DANA, json!({"resourcePolicy": named("Allow", json!("*"), "kms:*")})), IMPLICIT);
    let grant = json!({"kind": "kms", "grantee": ERIN, "operations": ["Decrypt"], "encryptionContextEquals": {"team": "a"}});
    check(decrypt(ERIN, json!({"grants": [grant]})), IMPLICIT);
    check(
        decrypt(
            ERIN,
            json!({"grants": [grant], "request": {"context": {"kms:EncryptionContext:team": "a"}}}),
        ),
        ALLOWED,
    );
    check(decrypt(ERIN, json!({"grants": [{"kind": "kms", "unknown": "grants were not listed"}]})), UNKNOWN);
    check(on(ERIN, "kms:CreateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3"), IMPLICIT);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
#[test]
fn a_role_is_assumed_by_whom_it_trusts() {
    let trust = |principal: Json, action: &str| json!({"resourcePolicy": doc(json!([{"Effect": "Allow", "Principal": principal, "Action": action}]))});
    let assume = |caller: &str, more: Json| with(on(caller, "sts:AssumeRole", ROLE), more);
    check(assume(ERIN, trust(json!({"AWS": ERIN}), "sts:AssumeRole")), ALLOWED);
    check(assume(ERIN, trust(json!({"AWS": ROOT}), "sts:AssumeRole")), IMPLICIT);
    check(
        assume(
            ERIN,
            with(trust(json!({"AWS": ROOT}), "sts:AssumeRole"), json!({"identity": [allow("sts:*")]})),
        ),
        ALLOWED,
    );
    check(assume(ERIN, json!({"identity": [allow("*")]})), IMPLICIT);
    check(assume(DANA, trust(json!({"AWS": DANA}), "sts:AssumeRole")), IMPLICIT);
    // A role does not trust itself.
    let own = "arn:aws:sts::111122223333:assumed-role/target/s";
    check(assume(own, json!({"identity": [allow("*")]})), IMPLICIT);
    check(
        assume("ec2.amazonaws.com", trust(json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole")),
        ALLOWED,
    );
    check(
        assume("lambda.amazonaws.com", trust(json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole")),
        IMPLICIT,
    );
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    check(with(on(ERIN, "sts:TagSession", ROLE), trust(json!({"AWS": ERIN}), "sts:AssumeRole")), IMPLICIT);
    check(with(on(ERIN, "sts:SetSourceIdentity", ROLE), trust(json!({"AWS": ERIN}), "sts:*")), ALLOWED);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
#[test]
fn identity_providers_are_trusted_by_name_and_claims() {
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let trust = |sub: &str| {
        json!({"resourcePolicy": doc(json!([{"Effect": "Allow", "Principal": {"Federated": github},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": sub}}}])),
            "request": {"context": {"token.actions.githubusercontent.com:sub": "repo:octo/app:ref:refs/heads/main"}}})
    };
    let ask = |more: Json| with(on(github, "sts:AssumeRoleWithWebIdentity", ROLE), more);
    check(ask(trust("repo:octo/app:*")), ALLOWED);
    check(ask(trust("repo:octo/other:*")), IMPLICIT);
    let saml = "arn:aws:iam::111122223333:saml-provider/corp";
    let by_saml = json!({"resourcePolicy": doc(json!([{"Effect": "Allow", "Principal": {"Federated": saml}, "Action": "sts:AssumeRoleWithSAML"}]))});
    check(with(on(saml, "sts:AssumeRoleWithSAML", ROLE), by_saml), ALLOWED);
    // Whether `*` trusts providers too is not documented.
    let star = json!({"resourcePolicy": doc(json!([{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}]))});
    check(ask(star), UNKNOWN);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#[test]
fn callers_are_always_told_who_they_are() {
    check(with(on(ERIN, "sts:GetCallerIdentity", "*"), json!({"identity": [deny("sts:*")]})), ALLOWED);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
#[test]
fn what_aws_manages_is_not_changed_by_customers() {
    let managed = "arn:aws:iam::aws:policy/AdministratorAccess";
    let all = json!({"identity": [allow("*")]});
    check(with(on(ERIN, "iam:CreatePolicyVersion", managed), all.clone()), IMPLICIT);
    check(with(on(ERIN, "iam:GetPolicy", managed), all.clone()), ALLOWED);
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
    check(with(on(ERIN, "iam:PutRolePolicy", reserved), all.clone()), IMPLICIT);
    check(with(on(ERIN, "iam:GetRole", reserved), all), ALLOWED);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
#[test]
fn restricting_public_buckets_leaves_their_policy_to_their_own_account_and_services() {
    let restricted = |policy: Json| json!({"identity": [allow("s3:*")], "resourcePolicy": policy, "resource": {"publicAccessBlock": {"bucket": {"restrictPublicBuckets": true}}}});
    let public = named("Allow", json!("*"), "s3:*");
    check(with(ask("anonymous"), restricted(public.clone())), IMPLICIT);
    check(with(ask(DANA), restricted(public.clone())), IMPLICIT);
    check(with(ask(ERIN), restricted(public.clone())), ALLOWED);
    check(with(ask("cloudtrail.amazonaws.com"), restricted(public.clone())), ALLOWED);
    check(with(ask(DANA), restricted(named("Allow", json!({"AWS": DANA}), "s3:*"))), ALLOWED);
    let by = |condition: Json| {
        doc(
            json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}]),
        )
    };
    let context =
        json!({"request": {"context": {"aws:SourceIp": "203.0.113.7", "aws:PrincipalOrgID": "o-1"}}});
    check(
        with(
            with(ask(DANA), restricted(by(json!({"IpAddress": {"aws:SourceIp": "203.0.0.0/8"}})))),
            context.clone(),
        ),
        ALLOWED,
    );
    check(
        with(
            with(ask(DANA), restricted(by(json!({"IpAddress": {"aws:SourceIp": "202.0.0.0/7"}})))),
            context.clone(),
        ),
        IMPLICIT,
    );
    check(
        with(
            with(ask(DANA), restricted(by(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})))),
            context.clone(),
        ),
        ALLOWED,
    );
    check(
        with(with(ask(DANA), restricted(by(json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}})))), context),
        IMPLICIT,
    );
    let unknown = json!({"resourcePolicy": public, "resource": {"publicAccessBlock": {"unknown": "s3:GetBucketPublicAccessBlock was denied"}}});
    check(with(ask("anonymous"), unknown), UNKNOWN);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
#[test]
fn acls_let_others_in_where_they_are_in_force() {
    let acl = |grantee: &str, ownership: &str| json!({"resource": {"acl": [{"grantee": grantee, "permission": "READ"}], "objectOwnership": ownership}});
    check(with(ask("anonymous"), acl("AllUsers", "ObjectWriter")), ALLOWED);
    check(with(ask("anonymous"), acl("AllUsers", "BucketOwnerEnforced")), IMPLICIT);
    check(with(ask(ERIN), acl("AllUsers", "ObjectWriter")), IMPLICIT);
    let dana = with(ask(DANA), json!({"identity": [allow("s3:*")]}));
    check(with(dana.clone(), acl("444455556666", "ObjectWriter")), ALLOWED);
    check(with(ask(DANA), acl("444455556666", "ObjectWriter")), IMPLICIT);
    check(with(dana, acl(&"0".repeat(64), "ObjectWriter")), UNKNOWN);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
#[test]
fn through_an_access_point_both_it_and_the_bucket_must_permit() {
    let point = |policy: Json, vpc: Json| {
        json!({"identity": [allow("s3:*")], "resourcePolicy": named("Allow", json!("*"), "s3:*"),
            "resource": {"accessPoint": {"arn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap", "account": "111122223333", "policy": policy, "vpc": vpc}}})
    };
    check(with(ask(DANA), point(named("Allow", json!({"AWS": DANA}), "s3:GetObject"), Json::Null)), ALLOWED);
    check(with(ask(DANA), point(named("Allow", json!({"AWS": ERIN}), "s3:GetObject"), Json::Null)), IMPLICIT);
    check(with(ask(ERIN), point(named("Deny", json!("*"), "s3:*"), Json::Null)), EXPLICIT);
    check(with(ask(ERIN), point(Json::Null, json!("vpc-1"))), IMPLICIT);
    check(
        with(
            with(ask(ERIN), point(Json::Null, json!("vpc-1"))),
            json!({"request": {"via": {"vpc": "vpc-1"}}}),
        ),
        ALLOWED,
    );
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
#[test]
fn the_owners_root_user_is_never_locked_out_of_the_bucket_policy() {
    let shut = named("Deny", json!("*"), "s3:*");
    let put = |caller: &str| {
        with(
            on(caller, "s3:PutBucketPolicy", "arn:aws:s3:::reports"),
            json!({"identity": [allow("*")], "resourcePolicy": shut}),
        )
    };
    check(put(ROOT), ALLOWED);
    check(put(ERIN), EXPLICIT);
    check(with(put(ROOT), json!({"scps": [{"at": "r", "policies": [deny("s3:*")]}]})), EXPLICIT);
}

// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
#[test]
fn an_endpoint_policy_must_allow_what_comes_through() {
    let through =
        |principal: Json| json!({"identity": [allow("*")], "endpoints": [named("Allow", principal, "*")]});
    check(with(ask(ERIN), through(json!("*"))), ALLOWED);
    check(with(ask(ERIN), through(json!({"AWS": "111122223333"}))), IMPLICIT);
    check(with(ask(ROOT), through(json!({"AWS": "111122223333"}))), ALLOWED);
    check(
        with(
            on(ERIN, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q"),
            through(json!({"AWS": "111122223333"})),
        ),
        UNKNOWN,
    );
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
#[test]
fn services_call_for_themselves_or_on_behalf_of_others() {
    let by_source = doc(
        json!([{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "s3:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]),
    );
    let case = with(ask("sns.amazonaws.com"), json!({"resourcePolicy": by_source}));
    check(case.clone(), IMPLICIT);
    check(with(case, json!({"request": {"via": {"source": {"account": "111122223333"}}}})), ALLOWED);
    let forwarded = json!({"request": {"via": {"services": ["cloudformation.amazonaws.com"]}}});
    let only = |key: &str, value: &str| json!({"identity": [doc(json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: value}}}]))]});
    check(with(with(ask(ERIN), only("aws:ViaAWSService", "true")), forwarded.clone()), ALLOWED);
    check(with(ask(ERIN), only("aws:ViaAWSService", "false")), ALLOWED);
    check(
        with(with(ask(ERIN), only("aws:CalledViaFirst", "cloudformation.amazonaws.com")), forwarded.clone()),
        ALLOWED,
    );
    // The address is then the service's, and which one is not known.
    check(with(with(ask(ERIN), only("aws:SourceIp", "203.0.113.7")), forwarded), UNKNOWN);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
#[test]
fn keys_that_follow_from_the_caller_are_derived() {
    let only = |condition: Json| json!({"identity": [doc(json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]))]});
    let equals = |key: &str, value: &str| only(json!({"StringEquals": {key: value}}));
    for (caller, key, value) in [
        (ERIN, "aws:PrincipalArn", ERIN),
        (RUN, "aws:PrincipalArn", "arn:aws:iam::111122223333:role/batch"),
        (ERIN, "aws:PrincipalAccount", "111122223333"),
        (ERIN, "aws:username", "erin"),
        (ERIN, "aws:PrincipalType", "User"),
        (RUN, "aws:PrincipalType", "AssumedRole"),
        (ERIN, "aws:ResourceAccount", "111122223333"),
        (ERIN, "aws:ViaAWSService", "false"),
        (ERIN, "aws:PrincipalIsAWSService", "false"),
    ] {
        check(with(ask(caller), equals(key, value)), ALLOWED);
    }
    check(with(ask(RUN), only(json!({"Null": {"aws:username": "true"}}))), ALLOWED);
    let told = json!({"request": {"caller": {"id": "AROAEXAMPLE", "tags": {"Team": "red"}, "issued": "2026-01-01T00:00:00Z", "mfa": {"present": true, "ageSeconds": 60}, "sourceIdentity": "erin"}}});
    for (key, value) in [
        ("aws:userid", "AROAEXAMPLE:run1"),
        ("aws:PrincipalTag/team", "red"),
        ("aws:TokenIssueTime", "2026-01-01T00:00:00Z"),
        ("aws:MultiFactorAuthPresent", "true"),
        ("aws:MultiFactorAuthAge", "60"),
        ("aws:SourceIdentity", "erin"),
    ] {
        check(with(with(ask(RUN), equals(key, value)), told.clone()), ALLOWED);
    }
    let organisation = json!({"organisation": {"principal": {"id": "o-1", "path": "o-1/r-1/ou-1/"}, "resource": {"id": "o-2"}}});
    check(with(with(ask(ERIN), equals("aws:PrincipalOrgID", "o-1")), organisation.clone()), ALLOWED);
    check(with(with(ask(ERIN), equals("aws:ResourceOrgID", "o-2")), organisation.clone()), ALLOWED);
    check(
        with(
            with(ask(ERIN), only(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}))),
            organisation,
        ),
        ALLOWED,
    );
    // Tags of a bucket are seen only with its switch on.
    let tagged = |abac: bool| json!({"resource": {"tags": {"class": "a"}, "bucketAbac": abac}});
    check(with(with(ask(ERIN), equals("aws:ResourceTag/class", "a")), tagged(true)), ALLOWED);
    check(with(with(ask(ERIN), equals("aws:ResourceTag/class", "a")), tagged(false)), IMPLICIT);
    // Of two tags that differ only in letter case, which one counts is not documented.
    let twins = json!({"request": {"caller": {"tags": {"Team": "red", "team": "blue"}}}});
    check(with(with(ask(ERIN), equals("aws:PrincipalTag/team", "red")), twins), UNKNOWN);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
#[test]
fn a_principal_that_was_made_anew_is_another() {
    let old = json!({"resourcePolicy": named("Allow", json!({"AWS": "AIDAEXAMPLEEXAMPLE01"}), "s3:*")});
    check(with(ask(ERIN), old.clone()), IMPLICIT);
    check(
        with(with(ask(ERIN), old), json!({"request": {"caller": {"id": "AIDAEXAMPLEEXAMPLE01"}}})),
        ALLOWED,
    );
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
// https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-overview.html
#[test]
fn grants_that_are_no_policies_decide_or_leave_open() {
    let glue = with(
        on(ERIN, "glue:GetTable", "arn:aws:glue:eu-west-1:111122223333:table/d/t"),
        json!({"identity": [allow("*")]}),
    );
    check(glue.clone(), ALLOWED);
    check(
        with(glue.clone(), json!({"grants": [{"kind": "lake-formation", "unknown": "not read"}]})),
        UNKNOWN,
    );
    check(with(glue.clone(), json!({"grants": [{"kind": "lake-formation", "grantee": ERIN}]})), ALLOWED);
    check(with(glue, json!({"grants": [{"kind": "lake-formation", "grantee": DANA}]})), IMPLICIT);
    let image = with(
        on(DANA, "ec2:RunInstances", "arn:aws:ec2:eu-west-1:111122223333:image/ami-1"),
        json!({"identity": [allow("*")]}),
    );
    check(image.clone(), IMPLICIT);
    check(with(image.clone(), json!({"grants": [{"kind": "image", "accounts": ["444455556666"]}]})), ALLOWED);
    check(with(image, json!({"grants": [{"kind": "image", "unknown": "not read"}]})), UNKNOWN);
    let assume_root =
        json!({"request": {"caller": {"assumedRoot": true}}, "session": allow("s3:PutBucketPolicy")});
    check(with(ask(ROOT), assume_root), IMPLICIT);
}

#[test]
fn a_policy_that_could_not_be_read_leaves_open_only_what_it_could_change() {
    let unread = json!({"unknown": "iam:GetUserPolicy was denied"});
    check(with(ask(ERIN), json!({"identity": [unread]})), UNKNOWN);
    check(with(ask(ERIN), json!({"identity": [unread, deny("s3:*")]})), EXPLICIT);
    check(with(ask(ERIN), json!({"identity": [unread], "boundaries": [allow("ec2:*")]})), IMPLICIT);
    check(with(ask(DANA), json!({"identity": [unread]})), IMPLICIT);
}

#[test]
fn questions_about_a_set_of_resources_are_answered_for_some_of_them() {
    let ask = |resource: &str, statements: Json| {
        with(on(ERIN, "s3:GetObject", resource), json!({"identity": [doc(statements)]}))
    };
    let say =
        |effect: &str, resource: &str| json!({"Effect": effect, "Action": "s3:*", "Resource": resource});
    check(ask("arn:aws:s3:::b/*", json!([say("Allow", "arn:aws:s3:::b/x*")])), ALLOWED);
    check(ask("arn:aws:s3:::b/*", json!([say("Allow", "arn:aws:s3:::c/*")])), IMPLICIT);
    check(
        ask("arn:aws:s3:::b/*", json!([say("Allow", "arn:aws:s3:::b/x*"), say("Deny", "arn:aws:s3:::b/x*")])),
        EXPLICIT,
    );
    check(
        ask("arn:aws:s3:::b/*", json!([say("Allow", "arn:aws:s3:::b/x*"), say("Deny", "arn:aws:s3:::b/*z")])),
        ALLOWED,
    );
    check(ask("*", json!([say("Allow", "arn:aws:s3:::b/x"), say("Deny", "arn:aws:s3:::*")])), EXPLICIT);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options
#[test]
fn a_public_acl_or_policy_is_refused_where_it_is_blocked() {
    let block = |flag: &str| json!({"identity": [allow("s3:*")], "resource": {"publicAccessBlock": {"account": {flag: true}}}});
    let put = |more: Json, flag: &str| {
        with(with(on(ERIN, "s3:PutObject", "arn:aws:s3:::reports/k"), block(flag)), more)
    };
    let acl = |acl: &str| json!({"request": {"context": {"s3:x-amz-acl": acl}}});
    check(put(json!({}), "blockPublicAcls"), ALLOWED);
    check(put(acl("bucket-owner-full-control"), "blockPublicAcls"), ALLOWED);
    check(put(acl("public-read"), "blockPublicAcls"), IMPLICIT);
    check(put(acl("public-read"), "ignorePublicAcls"), ALLOWED);
    check(put(json!({"request": {"unknown": ["s3:x-amz-acl"]}}), "blockPublicAcls"), UNKNOWN);
    let grant = json!({"request": {"context": {"s3:x-amz-grant-read": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}}});
    check(put(grant, "blockPublicAcls"), IMPLICIT);
    let set = |policy: Json, flag: &str| {
        let case = with(on(ERIN, "s3:PutBucketPolicy", "arn:aws:s3:::reports"), block(flag));
        with(case, json!({"request": {"sets": {"policy": policy}}}))
    };
    let public = named("Allow", json!("*"), "s3:GetObject");
    check(set(public.clone(), "blockPublicPolicy"), IMPLICIT);
    check(set(public, "blockPublicAcls"), ALLOWED);
    check(set(named("Allow", json!({"AWS": DANA}), "s3:GetObject"), "blockPublicPolicy"), ALLOWED);
    check(set(json!({"unknown": "not told"}), "blockPublicPolicy"), UNKNOWN);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
#[test]
fn policies_of_the_principal_may_name_the_access_point() {
    let object = "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/k";
    let through = |identity: Json| {
        with(
            ask(ERIN),
            json!({"identity": [identity], "resource": {"accessPoint": {
            "arn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap", "account": "111122223333"}}}),
        )
    };
    let on = |effect: &str, resource: &str| json!({"Effect": effect, "Action": "s3:*", "Resource": resource});
    check(through(doc(json!([on("Allow", "arn:aws:s3:::reports/*")]))), ALLOWED);
    check(through(doc(json!([on("Allow", object)]))), UNKNOWN);
    check(through(doc(json!([on("Allow", "*"), on("Deny", object)]))), EXPLICIT);
    check(
        through(doc(json!([
            on("Allow", "*"),
            on("Deny", "arn:aws:s3:eu-west-1:111122223333:accesspoint/other/*")
        ]))),
        ALLOWED,
    );
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
#[test]
fn the_service_reference_tells_which_actions_take_no_resource() {
    let asked = |action: &str, resource: &str| {
        let identity = doc(json!([{"Effect": "Allow", "Action": action, "Resource": resource}]));
        with(on(ERIN, action, "*"), json!({"identity": [identity]}))
    };
    check(asked("s3:ListAllMyBuckets", "*"), ALLOWED);
    check(asked("s3:ListAllMyBuckets", "arn:aws:s3:::reports"), IMPLICIT);
    // One that takes some is asked about any of them.
    check(asked("s3:ListBucket", "arn:aws:s3:::reports"), ALLOWED);
    // The sources of the reference differ on this one.
    let export = "arn:aws:dynamodb:eu-west-1:111122223333:table/t/export/e";
    check(asked("dynamodb:ListExports", "*"), ALLOWED);
    check(asked("dynamodb:ListExports", export), UNKNOWN);
}

#[test]
fn an_action_that_nobody_knows_is_told_with_the_nearest() {
    let case = Case::parse(&on(ERIN, "s3:GetObjekt", "*").to_string(), &"case".into(), 1).unwrap();
    let told = &case.diagnostics[0];
    assert_eq!(told.message, "`s3:GetObjekt` is no action of Amazon S3 that is known");
    assert_eq!(told.help.as_deref(), Some("`s3:GetObject` is the nearest"));
    let unknown = Case::parse(&on(ERIN, "new:Thing", "*").to_string(), &"case".into(), 1).unwrap();
    assert!(unknown.diagnostics.is_empty());
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-assumedroot
#[test]
fn sessions_of_assume_root_say_so() {
    let root = |more: Json| {
        with(
            with(
                ask(ROOT),
                json!({"scps": [{"at": "r", "policies": [deny("x:*"), doc(json!([{"Effect": "Deny",
        "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:AssumedRoot": "true"}}}]))]}]}),
            ),
            more,
        )
    };
    check(root(json!({})), ALLOWED);
    check(root(json!({"session": allow("s3:*"), "request": {"caller": {"assumedRoot": true}}})), EXPLICIT);
}
