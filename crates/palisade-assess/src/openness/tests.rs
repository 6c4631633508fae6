//! What lets outsiders in and what doesn't, policy by policy.

use super::*;
use palisade_document::{Text, read_json};

/// A policy in its normal form; `<unknown>` stands for a value that is not known.
fn policy(text: &str) -> Node {
    let file: Arc<str> = "policy.json".into();
    let mut documents = read_json(Text::whole(&file, text)).documents;
    assert_eq!(documents.len(), 1, "{text}");
    let mut node = documents.remove(0);
    forget(&mut node);
    node
}

fn forget(node: &mut Node) {
    match &mut node.value {
        Value::Text(text) if &**text == "<unknown>" => {
            node.value = Value::Unknown(Why::NoValue("var.x".into()).into());
        }
        Value::List(list) => {
            list.items.iter_mut().for_each(forget);
            let before = list.items.len();
            list.items.retain(|item| item.text() != Some("<more>"));
            list.more = (before != list.items.len()).then(nothing_known);
        }
        Value::Map(map) => map.entries.values_mut().for_each(forget),
        _ => {}
    }
}

fn verdict(picked: &[Picked]) -> &'static str {
    match picked {
        [] => "closed",
        picked if picked.iter().any(|one| one.open.is_none()) => "open",
        _ => "unknown",
    }
}

#[track_caller]
fn asked(to: &str, service: &str, statements: &str, expected: &str) {
    let policy = policy(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#));
    let about = self::policy(&format!(r#"{{"to": "{to}", "service": "{service}"}}"#));
    assert_eq!(verdict(&open_statements(&[policy, about])), expected, "{statements}");
}

/// Statements of a bucket policy.
#[track_caller]
fn bucket(statements: &str, expected: &str) {
    asked("everyone", "s3", statements, expected);
}

/// Everyone may get the objects of a bucket, under this condition and with these other statements.
#[track_caller]
fn readable(condition: &str, others: &str, expected: &str) {
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, "Action": ["s3:getobject"], "Resource": ["arn:aws:s3:::b/*"],
            "Condition": {{{condition}}}}} {others}"#
    );
    bucket(&statement, expected);
}

/// Everyone may use a key, under this condition.
#[track_caller]
fn key(condition: &str, expected: &str) {
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, "Action": ["kms:*"], "Resource": ["*"],
            "Condition": {{{condition}}}}}"#
    );
    asked("everyone", "kms", &statement, expected);
}

/// Everyone may assume a role, under this condition.
#[track_caller]
fn role(condition: &str, expected: &str) {
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, "Action": ["sts:assumerole"],
            "Condition": {{{condition}}}}}"#
    );
    asked("everyone", "sts", &statement, expected);
}

/// Tokens of GitHub's may assume a role, under this condition.
#[track_caller]
fn github(condition: &str, expected: &str) {
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": {{"Federated": ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]}},
            "Action": ["sts:assumerolewithwebidentity"], "Condition": {{{condition}}}}}"#
    );
    asked("any repository", "sts", &statement, expected);
}

#[test]
fn everyone_is_let_in_by_a_star_and_nobody_by_a_name() {
    readable("", "", "open");
    let allow = |principal: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": ["s3:*"], "Resource": ["arn:aws:s3:::b"]}}"#
        )
    };
    bucket(&allow(r#"{"AWS": ["*"]}"#), "open");
    bucket(&allow(r#"{"AWS": ["111122223333", "arn:aws:iam::444455556666:role/r"]}"#), "closed");
    bucket(&allow(r#"{"Service": ["logging.s3.amazonaws.com"]}"#), "closed");
    bucket(&allow(r#"{"AWS": ["<unknown>"]}"#), "unknown");
    bucket(&allow(r#""<unknown>""#), "unknown");
    bucket(&allow(r#"{"Service": ["<unknown>"]}"#), "closed");
    bucket(r#""<unknown>""#, "unknown");
    bucket(&allow("{}").replace("Principal", "NotPrincipal"), "open");
    bucket(r#""<more>""#, "unknown");
}

#[test]
fn a_denial_elsewhere_closes_what_it_covers() {
    let deny = |rest: &str| format!(r#", {{"Effect": "Deny", "Principal": {{"AWS": ["*"]}}, {rest}}}"#);
    let all = r#""Action": ["s3:*"], "Resource": ["*"]"#;
    let outside = r#""Condition": {"StringNotEquals": {"aws:principalorgid": ["o-a1b2c3d4e5"]}}"#;
    readable("", &deny(&format!("{all}, {outside}")), "closed");
    readable("", &deny(&format!(r#""Action": ["s3:put*"], "Resource": ["*"], {outside}"#)), "open");
    readable("", &deny(&format!(r#""NotAction": ["s3:put*"], "Resource": ["*"], {outside}"#)), "closed");
    readable("", &deny(&format!(r#""Action": ["s3:*"], "Resource": ["arn:aws:s3:::b"], {outside}"#)), "open");
    readable(
        "",
        &deny(&format!(r#""Action": ["s3:*"], "Resource": ["arn:aws:s3:::b/private/*"], {outside}"#)),
        "open",
    );
    readable(
        "",
        &deny(&format!(r#""Action": ["s3:*"], "NotResource": ["arn:aws:s3:::b/public/*"], {outside}"#)),
        "open",
    );
    readable(
        "",
        &deny(&format!(r#""Action": ["s3:*"], "NotResource": ["arn:aws:s3:::c/*"], {outside}"#)),
        "closed",
    );
    readable("", &deny(&format!(r#""Action": ["s3:*"], "Resource": ["<unknown>"], {outside}"#)), "unknown");
    readable(
        "",
        &deny(&format!(r#"{all}, "Condition": {{"Bool": {{"aws:securetransport": ["false"]}}}}"#)),
        "open",
    );
    let via = r#""Condition": {"StringNotEquals": {"aws:sourcevpce": ["vpce-0123456789abcdef0"]}}"#;
    readable("", &deny(&format!("{all}, {via}")), "closed");
    readable("", &deny(&format!("{all}, {}", via.replace("NotEquals", "NotEqualsIfExists"))), "closed");
    let office = r#""Condition": {"NotIpAddress": {"aws:sourceip": ["198.51.100.0/24"]}}"#;
    readable("", &deny(&format!("{all}, {office}")), "closed");
    let others = format!(r#", {{"Effect": "Deny", "NotPrincipal": {{"AWS": ["111122223333"]}}, {all}}}"#);
    readable("", &others, "closed");
    readable("", &others.replace("\"111122223333\"", "\"<unknown>\""), "unknown");
    readable("", &format!(r#", {{"Effect": "<unknown>", "Principal": {{"AWS": ["*"]}}, {all}}}"#), "unknown");
    readable("", r#", "<unknown>""#, "unknown");
    readable("", r#", "<more>""#, "unknown");
}

#[test]
fn a_condition_on_who_calls_keeps_outsiders_out() {
    let org = |operator: &str| format!(r#""{operator}": {{"aws:principalorgid": ["o-a1b2c3d4e5"]}}"#);
    readable(&org("StringEquals"), "", "closed");
    readable(&org("StringLike"), "", "closed");
    readable(&org("ForAnyValue:StringEquals"), "", "closed");
    readable(&org("StringNotEquals"), "", "open");
    readable(r#""StringEquals": {"aws:principalorgid": ["<unknown>"]}"#, "", "closed");
    readable(r#""StringEquals": {"aws:principalorgid": "<unknown>"}"#, "", "closed");
    readable(r#""StringLike": {"aws:principalorgid": ["<unknown>"]}"#, "", "unknown");
    readable(r#""StringLike": {"aws:principalorgid": ["o-*"]}"#, "", "open");
    readable(r#""StringEquals": {"aws:principalorgid": ["*"]}"#, "", "closed");
    readable(r#""<unknown>": {"aws:principalorgid": ["o-a1b2c3d4e5"]}"#, "", "unknown");
    readable(r#""Null": {"aws:principalorgid": ["false"]}"#, "", "open");
    readable(r#""StringEquals": {"aws:resourceorgid": ["${aws:PrincipalOrgID}"]}"#, "", "closed");
    readable(r#""StringEquals": {"aws:principalaccount": ["${aws:ResourceAccount}"]}"#, "", "closed");
    readable(r#""ArnLike": {"aws:principalarn": ["arn:aws:iam::*:role/reader"]}"#, "", "open");
    readable(r#""ArnLike": {"aws:principalarn": ["arn:aws:iam::111122223333:role/*"]}"#, "", "closed");
    readable(r#""StringLike": {"aws:userid": ["AROAEXAMPLEEXAMPLE123:*"]}"#, "", "closed");
    readable(r#""StringLike": {"aws:userid": ["*:batch"]}"#, "", "open");
}

#[test]
fn what_a_missing_key_meets_lets_outsiders_in() {
    let org = |operator: &str| format!(r#""{operator}": {{"aws:principalorgid": ["o-a1b2c3d4e5"]}}"#);
    // An account that is in no organisation has no such key.
    readable(&org("ForAllValues:StringEquals"), "", "open");
    readable(&org("StringEqualsIfExists"), "", "open");
    key(&org("ForAllValues:StringEquals"), "open");
    key(&org("StringEqualsIfExists"), "open");
    key(
        &format!(r#"{}, "Null": {{"aws:principalorgid": ["false"]}}"#, org("ForAllValues:StringEquals")),
        "closed",
    );
    // Whoever is signed in has an ARN; a bucket also answers who isn't.
    let arn = r#""ArnLikeIfExists": {"aws:principalarn": ["arn:aws:iam::111122223333:role/*"]}"#;
    readable(arn, "", "open");
    key(arn, "closed");
    // By way of an endpoint there is no public address.
    readable(r#""IpAddressIfExists": {"aws:sourceip": ["198.51.100.0/24"]}"#, "", "open");
    readable(r#""StringEqualsIfExists": {"aws:sourcevpce": ["vpce-0123456789abcdef0"]}"#, "", "open");
}

#[test]
fn what_a_caller_chooses_keeps_nobody_out() {
    for condition in [
        r#""StringEquals": {"aws:useragent": ["reader"]}"#,
        r#""StringLike": {"aws:referer": ["https://example.com/*"]}"#,
        r#""Bool": {"aws:securetransport": ["true"]}"#,
        r#""DateLessThan": {"aws:currenttime": ["2020-01-01T00:00:00Z"]}"#,
        r#""NumericLessThan": {"s3:max-keys": ["10"]}"#,
        r#""StringEquals": {"aws:principaltag/team": ["press"]}"#,
        r#""StringEquals": {"aws:username": ["bob"]}"#,
    ] {
        readable(condition, "", "open");
    }
    readable(r#""StringEquals": {"aws:useragent": ["<unknown>"]}"#, "", "unknown");
    // No value meets both.
    readable(
        r#""StringEquals": {"aws:useragent": ["a"]}, "StringNotEquals": {"aws:useragent": ["a"]}"#,
        "",
        "closed",
    );
    key(r#""StringEquals": {"kms:viaservice": ["s3.eu-west-1.amazonaws.com"]}"#, "open");
    key(
        r#""StringEquals": {"kms:viaservice": ["s3.eu-west-1.amazonaws.com"], "kms:calleraccount": ["111122223333"]}"#,
        "closed",
    );
}

#[test]
fn an_address_lets_in_the_internet_or_somebody() {
    let from = |operator: &str, ranges: &str| format!(r#""{operator}": {{"aws:sourceip": [{ranges}]}}"#);
    readable(&from("IpAddress", r#""198.51.100.0/24""#), "", "closed");
    readable(&from("IpAddress", r#""8.8.8.0/24", "10.0.0.0/8""#), "", "closed");
    readable(&from("IpAddress", r#""0.0.0.0/0""#), "", "open");
    readable(&from("IpAddress", r#""0.0.0.0/1", "128.0.0.0/1""#), "", "open");
    readable(&from("IpAddress", r#""::/0""#), "", "open");
    readable(&from("IpAddress", r#""fc00::/7""#), "", "closed");
    readable(&from("NotIpAddress", r#""198.51.100.0/24""#), "", "open");
    readable(&from("IpAddress", r#""<unknown>""#), "", "unknown");
}

#[test]
fn actions_and_resources_have_to_fit() {
    let allow = |rest: &str| format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, {rest}}}"#);
    bucket(&allow(r#""Action": ["s3:getobject"], "Resource": ["arn:aws:s3:::b"]"#), "closed");
    bucket(&allow(r#""Action": ["s3:listbucket"], "Resource": ["arn:aws:s3:::b"]"#), "open");
    bucket(&allow(r#""Action": ["s3:listbucket"], "Resource": ["arn:aws:s3:::b/*"]"#), "closed");
    bucket(&allow(r#""Action": ["s3:listallmybuckets"], "Resource": ["*"]"#), "closed");
    bucket(&allow(r#""Action": ["sqs:sendmessage"], "Resource": ["*"]"#), "closed");
    bucket(&allow(r#""Action": ["*"], "Resource": ["*"]"#), "open");
    bucket(&allow(r#""NotAction": ["s3:delete*"], "Resource": ["arn:aws:s3:::b/*"]"#), "open");
    bucket(&allow(r#""NotAction": ["s3:*"], "Resource": ["*"]"#), "closed");
    bucket(&allow(r#""Action": ["s3:getobject"], "NotResource": ["arn:aws:s3:::b/secret/*"]"#), "open");
    bucket(&allow(r#""Action": ["s3:getobject"], "Resource": ["arn:aws:s3:::b/${aws:username}/*"]"#), "open");
    bucket(&allow(r#""Action": ["<unknown>"], "Resource": ["*"]"#), "unknown");
    bucket(&allow(r#""Action": ["s3:getobject"], "Resource": ["<unknown>"]"#), "unknown");
}

#[test]
fn a_block_of_public_access_overrules_what_s3_calls_public() {
    let statement = |condition: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, "Action": ["s3:getobject"], "Resource": ["*"],
                "Condition": {{{condition}}}}}"#
        )
    };
    let check = |statements: &str, is_overruled: &str, expected: &str| {
        let policy = policy(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#));
        let about = self::policy(&format!(
            r#"{{"to": "everyone", "service": "s3", "is_overruled": {is_overruled}}}"#
        ));
        assert_eq!(verdict(&open_statements(&[policy, about])), expected, "{statements} {is_overruled}");
    };
    check(&statement(""), "true", "closed");
    check(&statement(""), "false", "open");
    check(&statement(""), r#""<unknown>""#, "unknown");
    check(
        &statement(r#""ForAllValues:StringEquals": {"aws:principalorgid": ["o-a1b2c3d4e5"]}"#),
        "true",
        "closed",
    );
    // S3 takes an account's id for a fixed value wherever it stands, and so this for not public.
    let fixed = statement(r#""StringEquals": {"aws:principalorgid": ["o-a1b2c3d4e5"]}"#);
    check(&fixed, "true", "closed");
    check(
        r#"{"Effect": "Allow", "Principal": {"AWS": ["<unknown>"]}, "Action": ["s3:getobject"], "Resource": ["*"]}"#,
        "true",
        "closed",
    );
}

#[test]
fn services_act_for_anybody_who_can_point_them_here() {
    let send = |condition: &str, expected: &str| {
        let statement = format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": ["*"]}}, "Action": ["sqs:sendmessage"], "Resource": ["*"],
                "Condition": {{{condition}}}}}"#
        );
        asked("everyone", "sqs", &statement, expected);
    };
    send(r#""ArnLike": {"aws:sourcearn": ["arn:aws:s3:*:*:*"]}"#, "open");
    send(r#""ArnLike": {"aws:sourcearn": ["arn:aws:s3:::logs-*"]}"#, "open");
    send(r#""ArnLike": {"aws:sourcearn": ["arn:aws:s3:::logs"]}"#, "closed");
    send(r#""ArnLike": {"aws:sourcearn": ["arn:aws:sns:*:111122223333:*"]}"#, "closed");
    send(r#""ArnLike": {"aws:sourcearn": ["arn:aws:sns:*:*:orders"]}"#, "open");
    send(
        r#""ArnLike": {"aws:sourcearn": ["arn:aws:s3:::logs-*"]}, "StringEquals": {"aws:sourceaccount": ["111122223333"]}"#,
        "closed",
    );
    let service = |condition: &str, expected: &str| {
        let statement = format!(
            r#"{{"Effect": "Allow", "Principal": {{"Service": ["sns.amazonaws.com"]}}, "Action": ["sqs:sendmessage"],
                "Resource": ["*"], "Condition": {{{condition}}}}}"#
        );
        asked("any account", "sqs", &statement, expected);
        asked("everyone", "sqs", &statement, "closed");
    };
    service("", "open");
    service(r#""StringEquals": {"aws:sourceaccount": ["111122223333"]}"#, "closed");
    service(r#""StringEqualsIfExists": {"aws:sourceaccount": ["111122223333"]}"#, "closed");
    service(r#""ArnEquals": {"aws:sourcearn": ["arn:aws:sns:*:*:*"]}"#, "open");
    service(r#""StringEquals": {"aws:sourceorgid": ["o-a1b2c3d4e5"]}"#, "closed");
    service(r#""ArnLike": {"aws:sourcearn": ["<unknown>"]}"#, "unknown");
}

#[test]
fn roles_are_assumed_by_those_who_are_signed_in() {
    role("", "open");
    role(r#""StringEquals": {"sts:externalid": ["not-a-secret"]}"#, "open");
    role(r#""Bool": {"aws:multifactorauthpresent": ["true"]}"#, "open");
    role(r#""StringEquals": {"aws:principalorgid": ["o-a1b2c3d4e5"]}"#, "closed");
    role(r#""ArnEqualsIfExists": {"aws:principalarn": ["arn:aws:iam::111122223333:role/r"]}"#, "closed");
    asked(
        "everyone",
        "sts",
        r#"{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["sts:tagsession"]}"#,
        "closed",
    );
    asked(
        "everyone",
        "sts",
        r#"{"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:assumerole"]}"#,
        "closed",
    );
}

#[test]
fn a_repository_is_named_before_the_first_slash() {
    let claim = |operator: &str, claim: &str, value: &str| {
        format!(r#""{operator}": {{"token.actions.githubusercontent.com:{claim}": ["{value}"]}}"#)
    };
    github("", "open");
    github(&claim("StringEquals", "aud", "sts.amazonaws.com"), "open");
    github(&claim("StringLike", "sub", "repo:acme/*"), "closed");
    github(&claim("StringLike", "sub", "repo:*"), "open");
    github(&claim("StringLike", "sub", "repo:acme*"), "open");
    github(&claim("StringLike", "sub", "repo:*/shop:*"), "open");
    github(&claim("StringEquals", "sub", "<unknown>"), "closed");
    github(&claim("StringLike", "sub", "<unknown>"), "unknown");
    github(&claim("StringEquals", "repository_owner", "acme"), "closed");
    github(&claim("StringEquals", "ref", "refs/heads/main"), "open");
    github(&claim("StringEqualsIfExists", "repository_owner", "acme"), "closed");
    github(&claim("StringNotLike", "sub", "repo:acme/*"), "open");
    github(&claim("ForAllValues:StringLike", "sub", "repo:acme/*"), "closed");
}

#[test]
fn hostile_policies_end_as_unknown() {
    let many = vec![
        r#"{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"], "Resource": ["*"]}"#;
        5_000
    ];
    bucket(&many.join(", "), "unknown");
    bucket(&many[..500].join(", "), "open");
    let keys: Vec<String> = (0..40).map(|at| format!(r#""s3:key{at}": ["a", "b", "c"]"#)).collect();
    readable(&format!(r#""StringNotLike": {{{}}}"#, keys.join(", ")), "", "unknown");
    let closed = format!(r#""StringLike": {{{}, "aws:principalorgid": ["o-a1b2c3d4e5"]}}"#, keys.join(", "));
    readable(&closed, "", "closed");
}

#[test]
fn two_patterns_that_only_a_third_value_meets_let_in() {
    readable(
        r#""StringLike": {"aws:useragent": ["crawler-*"]}, "StringLikeIfExists": {"aws:useragent": ["*-ours"]}"#,
        "",
        "open",
    );
    readable(
        r#""StringLike": {"aws:useragent": ["crawler-*"]}, "StringNotLike": {"aws:useragent": ["crawler-?*", "crawler-"]}"#,
        "",
        "closed",
    );
    key(
        r#""ForAnyValue:StringLike": {"kms:encryptioncontext:app": ["a*"]}, "StringLike": {"kms:encryptioncontext:app": ["*b"]}"#,
        "open",
    );
}
