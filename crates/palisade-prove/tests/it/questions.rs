//! Each question on policies short enough to know the answer.

use palisade_iam::{Outcome, Policy, PolicyKind, Strictness};
use palisade_prove::{
    Answer, Attached, Options, Report, access_not_granted, allows, equivalent, no_new_access,
    no_public_access, redundant, redundant_levels,
};

/// Statements in short: JSON without the braces around, each with `Effect` etc.
pub fn attached(kind: PolicyKind, statements: &str) -> Attached {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let policy = Policy::parse(&text, &"policy.json".into(), kind, Strictness::Strict);
    assert!(!policy.is_rejected, "{text}: {:?}", policy.diagnostics);
    Attached::new(vec![policy.into()])
}

pub fn allow(rest: &str) -> String {
    format!(r#"{{"Effect": "Allow", {rest}}}"#)
}

pub fn deny(rest: &str) -> String {
    format!(r#"{{"Effect": "Deny", {rest}}}"#)
}

fn word(report: &Report) -> &'static str {
    assert_eq!(report.unconfirmed, 0, "{:?}", report.answer);
    match report.answer {
        Answer::Holds => "holds",
        Answer::Violated(_) => "violated",
        Answer::Unknown(_) => "unknown",
    }
}

fn check(old: &[String], new: &[String], expected: &str) {
    let old = attached(PolicyKind::Identity, &old.join(","));
    let new = attached(PolicyKind::Identity, &new.join(","));
    let report = no_new_access(&old, &new, &Options::default());
    assert_eq!(word(&report), expected, "{:?}", report.answer);
    if let Answer::Violated(witness) = &report.answer {
        assert_eq!(allows(witness, &new), Some(Outcome::Allowed), "{witness:?}");
        assert_ne!(allows(witness, &old), Some(Outcome::Allowed), "{witness:?}");
    }
}

fn actions(old: &str, new: &str, expected: &str) {
    let of = |actions: &str| allow(&format!(r#""Action": [{actions}], "Resource": "*""#));
    check(&[of(old)], &[of(new)], expected);
}

#[test]
fn actions_are_compared_over_the_reference_and_beyond() {
    actions(r#""s3:Get*""#, r#""s3:GetObject""#, "holds");
    actions(r#""s3:GetObject""#, r#""s3:Get*""#, "violated");
    actions(r#""S3:getobject""#, r#""s3:GetObject""#, "holds");
    actions(r#""s3:*""#, r#""s3:G*", "s3:P*""#, "holds");
    actions(r#""*""#, r#""s3:*", "sqs:Send*""#, "holds");
    actions(r#""s3:Get*", "s3:List*""#, r#""s3:*t*""#, "violated");
    actions(r#""s3:NotListedAnywhere""#, r#""s3:NotListedAnywhere""#, "holds");
    actions(r#""s3:GetObject""#, r#""s3:NotListedAnywhere""#, "violated");
}

#[test]
fn actions_that_aws_may_add_are_asked_about_unless_it_is_said() {
    let of = |actions: &str| {
        attached(PolicyKind::Identity, &allow(&format!(r#""Action": [{actions}], "Resource": "*""#)))
    };
    let names: Vec<String> = palisade_services::Reference::shipped()
        .service("account")
        .unwrap()
        .actions
        .iter()
        .map(|action| format!(r#""account:{}""#, action.name))
        .collect();
    let (listed, all) = (of(&names.join(",")), of(r#""account:*""#));
    let today = Options { unlisted_actions: false, ..Options::default() };
    assert_eq!(word(&no_new_access(&listed, &all, &today)), "holds");
    let report = no_new_access(&listed, &all, &Options::default());
    let Answer::Violated(witness) = report.answer else { panic!("{:?}", report.answer) };
    assert!(!witness.is_listed && witness.action.starts_with("account:"), "{witness:?}");
}

fn resources(old: &str, new: &str, expected: &str) {
    let of = |resources: &str| allow(&format!(r#""Action": "s3:GetObject", "Resource": [{resources}]"#));
    check(&[of(old)], &[of(new)], expected);
}

#[test]
fn resources_are_compared_as_sets_of_arns() {
    resources(r#""arn:aws:s3:::b/*""#, r#""arn:aws:s3:::b/k""#, "holds");
    resources(r#""arn:aws:s3:::b/k""#, r#""arn:aws:s3:::b/*""#, "violated");
    resources(r#""arn:aws:s3:::*""#, r#""arn:*:s3:::b/*""#, "violated");
    resources(
        r#""arn:aws:s3:::b/*/x", "arn:aws:s3:::b/y*""#,
        r#""arn:aws:s3:::b/yes/x", "arn:aws:s3:::b/?/x""#,
        "holds",
    );
    resources(r#""arn:aws:s3:::*""#, r#""*""#, "violated");
    resources(r#""arn:*:*:*:*:*""#, r#""*""#, "holds");
    resources(r#""arn:aws:s3:::a*", "arn:aws:s3:::?*""#, r#""arn:aws:s3:::*""#, "violated");
    resources(r#""arn:aws:s3:::", "arn:aws:s3:::?*""#, r#""arn:aws:s3:::*""#, "holds");
}

#[test]
fn denials_are_taken_off_on_both_sides() {
    let all = || allow(r#""Action": "s3:*", "Resource": "*""#);
    let secret = || deny(r#""Action": "s3:*", "Resource": "arn:aws:s3:::secret/*""#);
    check(&[all()], &[all(), secret()], "holds");
    check(&[all(), secret()], &[all()], "violated");
    check(&[all(), secret()], &[all(), secret()], "holds");
    check(&[all(), secret()], &[all(), deny(r#""Action": "*", "NotResource": "arn:aws:s3:::b/*""#)], "holds");
    let public = || allow(r#""Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*""#);
    check(&[all(), secret()], &[public()], "holds");
}

fn conditions(old: &str, new: &str, expected: &str) {
    let of = |condition: &str| {
        allow(&format!(r#""Action": "s3:GetObject", "Resource": "*", "Condition": {{{condition}}}"#))
    };
    check(&[of(old)], &[of(new)], expected);
}

#[test]
fn conditions_are_compared_by_what_meets_them() {
    for (old, new, expected) in [
        (r#""StringLike": {"aws:username": "e*"}"#, r#""StringEquals": {"aws:username": "erin"}"#, "holds"),
        (
            r#""StringEquals": {"aws:username": "erin"}"#,
            r#""StringLike": {"aws:username": "e*"}"#,
            "violated",
        ),
        (
            r#""StringEqualsIgnoreCase": {"aws:username": "ERIN"}"#,
            r#""StringEquals": {"aws:username": "erin"}"#,
            "holds",
        ),
        (
            r#""StringEquals": {"aws:username": "erin"}"#,
            r#""StringEqualsIgnoreCase": {"aws:username": "erin"}"#,
            "violated",
        ),
        (
            r#""StringNotEquals": {"aws:username": "sam"}"#,
            r#""StringEquals": {"aws:username": ["erin", "kim"]}"#,
            "holds",
        ),
        (
            r#""StringEquals": {"aws:username": "sam"}"#,
            r#""StringEqualsIfExists": {"aws:username": "sam"}"#,
            "violated",
        ),
        (
            r#""StringEqualsIfExists": {"aws:username": "sam"}"#,
            r#""StringEquals": {"aws:username": "sam"}"#,
            "holds",
        ),
        (r#""Null": {"aws:username": "false"}"#, r#""StringLike": {"aws:username": "*"}"#, "holds"),
        (
            r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#,
            r#""IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "10.2.3.4"]}"#,
            "holds",
        ),
        (
            r#""IpAddress": {"aws:SourceIp": "10.1.0.0/16"}"#,
            r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#,
            "violated",
        ),
        (
            r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}"#,
            r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#,
            "holds",
        ),
        (
            r#""NumericLessThan": {"s3:max-keys": "20"}"#,
            r#""NumericLessThanEquals": {"s3:max-keys": "10"}"#,
            "holds",
        ),
        (
            r#""NumericLessThan": {"s3:max-keys": "10"}"#,
            r#""NumericLessThanEquals": {"s3:max-keys": "10"}"#,
            "violated",
        ),
        (
            r#""DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}"#,
            r#""DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}"#,
            "holds",
        ),
        (
            r#""DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}"#,
            r#""DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}"#,
            "violated",
        ),
        // A request says always whether it came over TLS.
        (
            r#""Bool": {"aws:SecureTransport": "true"}"#,
            r#""BoolIfExists": {"aws:SecureTransport": "true"}"#,
            "holds",
        ),
        (
            r#""Bool": {"aws:SecureTransport": ["true", "false"]}"#,
            r#""StringLike": {"aws:username": "*"}"#,
            "holds",
        ),
        (
            r#""Bool": {"aws:MultiFactorAuthPresent": "true"}"#,
            r#""BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}"#,
            "violated",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}"#,
            r#""ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/a*"}"#,
            "holds",
        ),
        // A star of an ARN operator stays within its field.
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1*:role/a"}"#,
            r#""StringLike": {"aws:PrincipalArn": "arn:aws:iam::1*:role/a"}"#,
            "violated",
        ),
        (r#""BinaryEquals": {"x:y": ["QmluYXJ5", "QUJD"]}"#, r#""BinaryEquals": {"x:y": "QUJD"}"#, "holds"),
        (r#""BinaryEquals": {"x:y": "QUJD"}"#, r#""BinaryEquals": {"x:y": "QmluYXJ5"}"#, "violated"),
    ] {
        conditions(old, new, expected);
    }
}

#[test]
fn set_operators_are_compared_over_sets() {
    for (old, new, expected) in [
        (
            r#""ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}"#,
            r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#,
            "holds",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#,
            r#""ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}"#,
            "violated",
        ),
        (
            r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#,
            r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#,
            "violated",
        ),
        (
            r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#,
            r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "true"}"#,
            "violated",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:TagKeys": "*"}"#,
            r#""ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}"#,
            "holds",
        ),
        (
            r#""ForAnyValue:StringEquals": {"aws:TagKeys": "b"}"#,
            r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#,
            "violated",
        ),
    ] {
        conditions(old, new, expected);
    }
}

#[test]
fn an_empty_text_beside_another_value_is_a_value() {
    let all = r#""ForAllValues:StringLike": {"aws:TagKeys": "?*"}"#;
    conditions(all, r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#, "violated");
    conditions(all, r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#, "holds");
}

#[test]
fn variables_stand_for_the_same_on_both_sides() {
    resources(r#""arn:aws:s3:::b/${aws:username}/*""#, r#""arn:aws:s3:::b/${aws:username}/x""#, "holds");
    resources(r#""arn:aws:s3:::b/*""#, r#""arn:aws:s3:::b/${aws:username}/*""#, "holds");
    resources(r#""arn:aws:s3:::b/${aws:username}/x""#, r#""arn:aws:s3:::b/${aws:username}/*""#, "violated");
    resources(r#""arn:aws:s3:::b/${aws:username}/*""#, r#""arn:aws:s3:::b/*""#, "violated");
    resources(r#""arn:aws:s3:::b/${aws:userid}/*""#, r#""arn:aws:s3:::b/${aws:username}/*""#, "violated");
    resources(r#""arn:aws:s3:::b/?""#, r#""arn:aws:s3:::b/${aws:username}""#, "violated");
    let own = r#""StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}"#;
    conditions(own, own, "holds");
    conditions(r#""Null": {"aws:PrincipalTag/team": "false"}"#, own, "holds");
    let or = r#""StringEquals": {"aws:ResourceTag/team": ["a", "${aws:PrincipalTag/team}"]}"#;
    conditions(r#""Null": {"aws:PrincipalTag/team": "false"}"#, or, "violated");
    conditions(own, r#""StringEquals": {"aws:ResourceTag/team": "a"}"#, "violated");
}

#[test]
fn a_variable_in_a_field_of_an_arn_may_be_anything_but_several_fields() {
    let sam = r#""StringEquals": {"aws:username": "sam"}"#;
    // It was taken to match no ARN at all, and so to allow nothing.
    conditions(
        sam,
        r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/x"}"#,
        "violated",
    );
    conditions(sam, r#""ArnLike": {"aws:SourceArn": "${aws:PrincipalTag/arn}"}"#, "unknown");
    conditions(sam, r#""StringEquals": {"aws:SecureTransport": "${aws:PrincipalTag/tls}"}"#, "violated");
    // A text takes a value with a colon, a field does not.
    let field = r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:r:${aws:PrincipalTag/t}:z"}"#;
    let text = r#""StringLike": {"aws:SourceArn": "arn:aws:sns:r:${aws:PrincipalTag/t}:z"}"#;
    conditions(field, text, "violated");
    conditions(text, field, "holds");
}

#[test]
fn an_arn_begins_with_arn_whatever_the_pattern_allows() {
    let any = r#""ArnLike": {"s3:prefix": "*:aws:iam::1:role/x"}"#;
    conditions(any, r#""StringEquals": {"s3:prefix": "xyz:aws:iam::1:role/x"}"#, "violated");
    conditions(any, r#""StringEquals": {"s3:prefix": "arn:aws:iam::1:role/x"}"#, "holds");
}

#[test]
fn a_pattern_whose_service_has_a_wildcard_matches_nothing() {
    let void = r#""arn:aws:s*:::b/*""#;
    let of = |element: &str, text: &str| {
        let statement = allow(&format!(r#""Action": "s3:GetObject", "{element}": [{text}]"#));
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let mut policy =
            Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Strict);
        policy.is_rejected = false;
        Attached::new(vec![policy.into()])
    };
    let check = |old: Attached, new: Attached, expected: &str| {
        assert_eq!(word(&no_new_access(&old, &new, &Options::default())), expected);
    };
    check(of("Resource", r#""arn:aws:sqs:::q""#), of("Resource", void), "holds");
    check(of("Resource", void), of("Resource", r#""arn:aws:s3:::b/k""#), "violated");
    check(of("Resource", r#""arn:*:*:*:*:*""#), of("NotResource", void), "holds");
}

#[test]
fn a_date_is_also_a_number_to_numeric_operators() {
    conditions(
        r#""NumericGreaterThan": {"x:y": "10.5"}"#,
        r#""NumericGreaterThan": {"x:y": "10"}, "DateGreaterThan": {"x:y": "2026-01-01T00:00:00Z"}"#,
        "violated",
    );
    conditions(
        r#""NumericGreaterThan": {"x:y": "10.5"}"#,
        r#""NumericGreaterThan": {"x:y": "11"}"#,
        "violated",
    );
    conditions(
        r#""NumericGreaterThan": {"s3:max-keys": "10.5"}"#,
        r#""NumericGreaterThan": {"s3:max-keys": "11"}"#,
        "holds",
    );
}

#[test]
fn a_name_with_a_wildcard_in_it_asks_about_many_resources_and_shows_nothing() {
    // Values for `${aws:username}` were taken from patterns, and made the request one about many resources.
    let shut = deny(
        r#""Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringLike": {"aws:username": "?"}}"#,
    );
    let own = || allow(r#""Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}x""#);
    check(&[own(), shut], &[own()], "violated");
    resources(r#""arn:aws:s3:::b/k""#, r#""arn:aws:s3:::b/${*}""#, "unknown");
}

#[test]
fn what_aws_does_not_document_is_unknown_unless_it_is_the_same() {
    let single = r#""StringEquals": {"aws:TagKeys": "a"}"#;
    conditions(single, single, "holds");
    let open = r#""ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}"#;
    conditions(open, open, "holds");
    conditions(open, r#""Null": {"aws:TagKeys": "true"}"#, "unknown");
}

#[test]
fn access_is_not_granted_where_no_request_is_allowed() {
    let check = |statements: &[String], actions: &[&str], resources: &[&str], expected: &str| {
        let policy = attached(PolicyKind::Identity, &statements.join(","));
        let report = access_not_granted(&policy, actions, resources, &Options::default());
        assert_eq!(word(&report), expected, "{:?}", report.answer);
    };
    let all = || allow(r#""Action": "s3:*", "Resource": "*""#);
    check(&[all()], &["s3:DeleteBucket"], &[], "violated");
    check(&[all()], &["iam:*"], &[], "holds");
    check(&[all(), deny(r#""Action": "s3:Delete*", "Resource": "*""#)], &["s3:DeleteBucket"], &[], "holds");
    check(
        &[all(), deny(r#""Action": "s3:*", "Resource": "arn:aws:s3:::b*""#)],
        &["s3:Get*"],
        &["arn:aws:s3:::b/*"],
        "holds",
    );
    check(
        &[all(), deny(r#""Action": "s3:*", "Resource": "arn:aws:s3:::b/*""#)],
        &["s3:Get*"],
        &["arn:aws:s3:::b*"],
        "violated",
    );
}

#[test]
fn a_resource_is_public_when_a_stranger_gets_in() {
    let check = |statements: &[&str], expected: &str| {
        let policy = attached(PolicyKind::Resource, &statements.join(","));
        let report = no_public_access(&policy, &Options::default());
        assert_eq!(word(&report), expected, "{statements:?} {:?}", report.answer);
    };
    let with = |principal: &str, rest: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"{rest}}}"#
        )
    };
    let everyone = |condition: &str| with(r#""*""#, &format!(r#", "Condition": {{{condition}}}"#));
    check(&[&with(r#""*""#, "")], "violated");
    check(&[&with(r#"{"AWS": "111122223333"}"#, "")], "holds");
    check(&[&with(r#"{"Service": "logs.amazonaws.com"}"#, "")], "holds");
    check(&[&everyone(r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}"#)], "holds");
    check(&[&everyone(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-1"}"#)], "violated");
    check(&[&everyone(r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#)], "holds");
    check(&[&everyone(r#""IpAddress": {"aws:SourceIp": "0.0.0.0/1"}"#)], "violated");
    check(&[&everyone(r#""StringEquals": {"aws:SourceVpce": "vpce-1"}"#)], "holds");
    check(&[&everyone(r#""StringLike": {"aws:SourceVpce": "vpce-*"}"#)], "violated");
    check(&[&everyone(r#""Bool": {"aws:SecureTransport": "true"}"#)], "violated");
    let shut = r#"{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}"#;
    check(&[&with(r#""*""#, ""), shut], "holds");
}

#[test]
fn policies_of_resources_are_compared_for_all_whom_they_name() {
    let of = |principal: &str| {
        attached(
            PolicyKind::Resource,
            &allow(&format!(r#""Principal": {principal}, "Action": "sqs:*", "Resource": "*""#)),
        )
    };
    let check = |old: &str, new: &str, expected: &str| {
        let report = no_new_access(&of(old), &of(new), &Options::default());
        assert_eq!(word(&report), expected, "{old} {new} {:?}", report.answer);
    };
    check(r#"{"AWS": "111122223333"}"#, r#"{"AWS": "arn:aws:iam::111122223333:role/a"}"#, "holds");
    check(r#"{"AWS": "arn:aws:iam::111122223333:role/a"}"#, r#"{"AWS": "111122223333"}"#, "violated");
    check(r#"{"AWS": "111122223333"}"#, r#""*""#, "violated");
    check(r#""*""#, r#"{"Service": "sns.amazonaws.com"}"#, "holds");
}

#[test]
fn equivalence_asks_both_ways_and_redundancy_each_statement() {
    let one =
        attached(PolicyKind::Identity, &allow(r#""Action": ["s3:Get*", "s3:GetObject"], "Resource": "*""#));
    let other = attached(PolicyKind::Identity, &allow(r#""Action": "s3:get*", "Resource": "*""#));
    assert_eq!(word(&equivalent(&one, &other, &Options::default())), "holds");
    let statements = [
        allow(r#""Action": "s3:*", "Resource": "*""#),
        allow(r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#),
        deny(r#""Action": "s3:DeleteBucket", "Resource": "*""#),
        deny(r#""Action": "sqs:*", "Resource": "*""#),
    ];
    let (found, report) =
        redundant(&attached(PolicyKind::Identity, &statements.join(",")), &Options::default());
    assert_eq!(report.unconfirmed, 0);
    let places: Vec<usize> = found.iter().map(|redundant| redundant.statement).collect();
    assert_eq!(places, [2, 4]);
}

#[test]
fn hostile_policies_end_in_unknown_and_not_in_silence() {
    let many = |letter: char| {
        let list: Vec<String> =
            (0..40).map(|n| format!(r#""arn:aws:s3:::*{}a*b*{letter}*c*{n}*""#, "?".repeat(n))).collect();
        allow(&format!(r#""Action": "s3:GetObject", "Resource": [{}]"#, list.join(",")))
    };
    let old = attached(PolicyKind::Identity, &many('x'));
    let new = attached(PolicyKind::Identity, &many('y'));
    let few = Options { steps: 10_000, ..Options::default() };
    let report = no_new_access(&old, &new, &few);
    assert!(report.steps <= 10_000 && report.unconfirmed == 0, "{:?}", report.answer);
    for steps in 0..200 {
        let report = no_new_access(&old, &new, &Options { steps, ..Options::default() });
        assert!(!matches!(report.answer, Answer::Holds), "{steps}");
    }
}

#[test]
fn a_service_control_policy_allows_at_its_level_only_and_denies_at_all() {
    let level = |at: &str, policies: &[&[String]]| {
        let one = |statements: &&[String]| {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
            let policy =
                Policy::parse(&text, &"policy.json".into(), PolicyKind::ServiceControl, Strictness::Strict);
            assert!(!policy.is_rejected, "{text}: {:?}", policy.diagnostics);
            std::sync::Arc::new(policy)
        };
        palisade_iam::Level { at: at.into(), policies: policies.iter().map(one).collect() }
    };
    let check = |levels: &[palisade_iam::Level], expected: &[(usize, usize)]| {
        let (found, report) = redundant_levels(levels, &Options::default());
        assert_eq!(report.unconfirmed, 0);
        assert!(found.iter().all(|one| one.open.is_none()), "{found:?}");
        let places: Vec<(usize, usize)> = found
            .iter()
            .map(|one| {
                let sid: Vec<usize> =
                    one.sid.as_ref().unwrap()[1..].split('p').map(|number| number.parse().unwrap()).collect();
                (sid[0], sid[1])
            })
            .collect();
        assert_eq!(places, expected);
    };
    let all = |sid: &str| allow(&format!(r#""Sid": "{sid}", "Action": "*", "Resource": "*""#));
    let logs =
        |sid: &str| deny(&format!(r#""Sid": "{sid}", "Action": "cloudtrail:StopLogging", "Resource": "*""#));
    let trails = |sid: &str| deny(&format!(r#""Sid": "{sid}", "Action": "cloudtrail:*", "Resource": "*""#));
    let some = |sid: &str| allow(&format!(r#""Sid": "{sid}", "Action": ["s3:*", "sqs:*"], "Resource": "*""#));
    // Each level must allow, so none of the allowances is too much; the same denial above is enough.
    check(&[level("root", &[&[all("s0p1")]]), level("account", &[&[all("s1p1")]])], &[]);
    check(
        &[
            level("root", &[&[all("s0p1")], &[trails("s0p2")]]),
            level("account", &[&[all("s1p1"), logs("s1p2")]]),
        ],
        &[(1, 2)],
    );
    // Beside one that allows all at its own level an allowance says nothing, and at another it does.
    check(&[level("root", &[&[all("s0p1"), some("s0p2")]]), level("account", &[&[all("s1p1")]])], &[(0, 2)]);
    check(&[level("root", &[&[all("s0p1")]]), level("account", &[&[some("s1p1")]])], &[]);
    // What no level but one allows need not be denied.
    check(&[level("root", &[&[all("s0p1")]]), level("account", &[&[some("s1p1"), logs("s1p2")]])], &[(1, 2)]);
}
