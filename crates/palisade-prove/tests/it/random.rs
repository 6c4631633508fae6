//! Policies from a seed, in pairs that differ in little, so that many contain each other.

use palisade_iam::{Policy, PolicyKind, Strictness};
use serde_json::{Value, json};
use std::sync::Arc;

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
    pub fn some(&mut self, of: &[&str]) -> Vec<String> {
        (0..1 + self.below(2)).map(|_| self.one(of).to_owned()).collect()
    }
}

const ACTIONS: [&str; 10] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:Get*",
    "s3:*",
    "*",
    "sqs:SendMessage",
    "s3:*Object",
    "s3:ListAllMyBuckets",
    "S3:gETobJECT",
    "s?:*",
];
const RESOURCES: [&str; 16] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x*",
    "arn:aws:s3:::*/y",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/x/y",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username, 'x'}*",
    "arn:aws:s3:::${aws:PrincipalTag/t}",
    "arn:aws:sqs:*:111122223333:q*",
    "arn:aws:sqs:*:${aws:PrincipalTag/t}:q*",
    "arn:*:s3:::*",
    "arn:aws:s*:::b/*",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3",
    "arn:aws:s3:::B/x",
];

/// The condition keys that are asked about: what policies compare them with, and what requests may say of each. Nothing:
/// the request does not carry it.
pub type Key = (&'static str, &'static [&'static str], &'static [Option<&'static [&'static str]>]);

const ORDERED: &[&str] =
    &["LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals", "Equals", "NotEquals"];
const TEXTS: &[&str] = &[
    "x",
    "xy",
    "z",
    "X",
    "xY",
    "x*",
    "?",
    "*",
    "",
    "${aws:username}",
    "${aws:PrincipalTag/t}",
    "${aws:PrincipalTag/t, 'x'}",
    "${*}",
    "x${aws:username}",
];
const SAID: &[Option<&[&str]>] = &[
    None,
    Some(&["x"]),
    Some(&["xy"]),
    Some(&["z"]),
    Some(&["X"]),
    Some(&["x/y"]),
    Some(&["a:b"]),
    Some(&["*"]),
];
pub const KEYS: [Key; 15] = [
    ("aws:username", TEXTS, &[None, Some(&["x"]), Some(&["xy"]), Some(&["z"]), Some(&["X"])]),
    ("aws:PrincipalTag/t", TEXTS, SAID),
    ("aws:ResourceTag/t", TEXTS, SAID),
    ("s3:prefix", TEXTS, SAID),
    (
        "aws:TagKeys",
        &["a", "b", "a*", "", "?", "${aws:username}"],
        &[
            None,
            Some(&[]),
            Some(&[""]),
            Some(&["a"]),
            Some(&["b"]),
            Some(&["a", "b"]),
            Some(&["ab", "b"]),
            Some(&["c"]),
            Some(&["a", "c"]),
            Some(&["x", "a"]),
        ],
    ),
    (
        "s3:max-keys",
        &["10", "15", "15.5", "20", "-1"],
        &[None, Some(&["9"]), Some(&["10"]), Some(&["12"]), Some(&["15.5"]), Some(&["20"]), Some(&["-2"])],
    ),
    (
        "x:untold",
        &["10", "15.5", "2026-01-01T00:00:00Z", "true", "10.1.0.0/16", "QUJD", "x*", "2026"],
        &[
            None,
            Some(&["9"]),
            Some(&["12"]),
            Some(&["2026-06-01T00:00:00Z"]),
            Some(&["2026-01-01"]),
            Some(&["true"]),
            Some(&["10.1.2.3"]),
            Some(&["QUJD"]),
            Some(&["QUJE"]),
            Some(&["word"]),
            Some(&["15.6"]),
        ],
    ),
    (
        "aws:CurrentTime",
        &["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "1798761600"],
        &[
            Some(&["2025-06-01T00:00:00Z"]),
            Some(&["2026-01-01T00:00:00Z"]),
            Some(&["2026-06-01T00:00:00Z"]),
            Some(&["2027-01-01T00:00:00Z"]),
            Some(&["2029-01-01T00:00:00Z"]),
        ],
    ),
    (
        "aws:EpochTime",
        &["1767225600", "1798761600", "2026-06-01T00:00:00Z"],
        &[Some(&["1767225600"]), Some(&["1780000000"]), Some(&["1798761601"]), Some(&["1"])],
    ),
    ("aws:SecureTransport", &["true", "false", "True"], &[Some(&["true"]), Some(&["false"])]),
    (
        "aws:MultiFactorAuthPresent",
        &["true", "false", "${aws:username}"],
        &[None, Some(&["true"]), Some(&["false"])],
    ),
    (
        "aws:SourceIp",
        &["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0"],
        &[
            None,
            Some(&["10.1.2.3"]),
            Some(&["10.1.9.9"]),
            Some(&["10.9.9.9"]),
            Some(&["2001:db8::1"]),
            Some(&["198.51.100.1"]),
            Some(&["2001:db9::1"]),
        ],
    ),
    (
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::111122223333:role/x*",
            "arn:aws:iam::1*:role/x",
            "*",
            "arn:aws:iam::111122223333:role/${aws:PrincipalTag/t}",
            "*:aws:iam::*:role/y",
        ],
        &[Some(&["arn:aws:iam::111122223333:role/x"]), Some(&["arn:aws:iam::111122223333:role/y"])],
    ),
    (
        "aws:SourceArn",
        &[
            "arn:aws:sns:*:a:b:*",
            "arn:aws:sns:*:${aws:PrincipalTag/t}:*",
            "arn:aws:sns:eu-west-1:${aws:PrincipalTag/t}:t",
            "*",
            "${aws:PrincipalTag/t}",
        ],
        &[
            None,
            Some(&["arn:aws:sns:eu-west-1:x:t"]),
            Some(&["arn:aws:sns:eu-west-1:a:b:t"]),
            Some(&["arn:aws:sns:us-east-1:z:t"]),
        ],
    ),
    ("x:set", &["a", "b", "a*", ""], &[None, Some(&[""]), Some(&["a"]), Some(&["b"]), Some(&["a", "b"])]),
];
/// A condition on a key: mostly with an operator for what it holds.
pub fn condition(dice: &mut Dice) -> (String, &'static str, Value) {
    let (key, values, _) = KEYS[dice.below(KEYS.len())];
    let text = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"];
    let ordered = |family: &str, dice: &mut Dice| format!("{family}{}", dice.one(ORDERED));
    let base = match key {
        _ if dice.below(8) == 0 => return ("Null".to_owned(), key, json!(dice.one(&["true", "false"]))),
        "aws:username" | "aws:PrincipalTag/t" | "aws:ResourceTag/t" | "s3:prefix" | "aws:TagKeys"
        | "x:set" => dice.one(&text).to_owned(),
        "s3:max-keys" => ordered("Numeric", dice),
        "aws:CurrentTime" => ordered("Date", dice),
        "aws:EpochTime" if dice.below(2) == 0 => ordered("Numeric", dice),
        "aws:EpochTime" => ordered("Date", dice),
        "aws:SecureTransport" | "aws:MultiFactorAuthPresent" if dice.below(4) > 0 => "Bool".to_owned(),
        "aws:SourceIp" => dice.one(&["IpAddress", "NotIpAddress"]).to_owned(),
        "aws:PrincipalArn" | "aws:SourceArn" if dice.below(3) > 0 => {
            dice.one(&["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"]).to_owned()
        }
        "x:untold" => match dice.below(6) {
            0 => ordered("Numeric", dice),
            1 => ordered("Date", dice),
            2 => dice.one(&["IpAddress", "NotIpAddress"]).to_owned(),
            3 => dice.one(&["Bool", "BinaryEquals"]).to_owned(),
            _ => dice.one(&text).to_owned(),
        },
        _ => dice.one(&text).to_owned(),
    };
    // Of a key that nothing lists, only set operators say that it has several values.
    let bound = match key {
        "x:set" => 4,
        "aws:TagKeys" => 5,
        _ => 20,
    };
    let quantifier = match dice.below(bound) {
        0 | 1 => "ForAllValues:",
        2 | 3 => "ForAnyValue:",
        _ => "",
    };
    let if_exists = if dice.below(5) == 0 { "IfExists" } else { "" };
    let wanted: Vec<String> = (0..1 + dice.below(2)).map(|_| dice.one(values).to_owned()).collect();
    (format!("{quantifier}{base}{if_exists}"), key, json!(wanted))
}

pub fn statement(dice: &mut Dice) -> Value {
    let effect = if dice.below(4) == 0 { "Deny" } else { "Allow" };
    let action = if dice.below(8) == 0 { "NotAction" } else { "Action" };
    let resource = if dice.below(6) == 0 { "NotResource" } else { "Resource" };
    let mut made = json!({"Effect": effect, action: dice.some(&ACTIONS), resource: dice.some(&RESOURCES)});
    for _ in 0..dice.below(3) {
        let (operator, key, values) = condition(dice);
        made["Condition"][operator][key] = values;
    }
    made
}

pub fn statements(dice: &mut Dice) -> Vec<Value> {
    (0..1 + dice.below(3)).map(|_| statement(dice)).collect()
}

/// Policies that differ in little, so that many contain each other.
pub fn pair(dice: &mut Dice) -> (Vec<Value>, Vec<Value>) {
    let old = statements(dice);
    let mut new = old.clone();
    match dice.below(5) {
        0 => new = statements(dice),
        1 => new.push(statement(dice)),
        2 => {
            new.remove(0);
            new.push(statement(dice));
        }
        3 => {
            let (operator, key, values) = condition(dice);
            let at = dice.below(new.len());
            new[at]["Condition"][operator][key] = values;
        }
        _ => {
            let at = dice.below(new.len());
            let key = if new[at].get("Resource").is_some() { "Resource" } else { "NotResource" };
            new[at][key] = json!(dice.some(&RESOURCES));
        }
    }
    (old, new)
}

pub fn written(statements: &[Value]) -> String {
    statements.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

pub fn policy(version: &str, statements: &str) -> Arc<Policy> {
    let text = format!(r#"{{"Version": "{version}", "Statement": [{statements}]}}"#);
    let mut policy = Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Forgiving);
    // Also what AWS would not store has a meaning to compare.
    policy.is_rejected = false;
    Arc::new(policy)
}
