//! What was proved never to be allowed is attacked with random requests, through the engine.

use crate::questions::attached;
use palisade_iam::{
    Action, Asked, Context, Entry, Facts, Known, Outcome, Policies, Policy, PolicyKind, Principal, Request,
    Rest, Strictness, decide,
};
use palisade_prove::{Answer, Attached, Options, allows, no_new_access};
use serde_json::{Value, json};
use std::sync::Arc;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
    fn some(&mut self, of: &[&str]) -> Vec<String> {
        (0..1 + self.below(2)).map(|_| self.one(of).to_owned()).collect()
    }
}

const ACTIONS: [&str; 8] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:Get*",
    "s3:*",
    "*",
    "sqs:SendMessage",
    "s3:*Object",
    "s3:ListAllMyBuckets",
];
const RESOURCES: [&str; 10] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x*",
    "arn:aws:s3:::*/y",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/x/y",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username, 'x'}*",
    "arn:aws:sqs:*:111122223333:q*",
    "arn:*:s3:::*",
];
const CONDITIONS: [(&str, &str, &[&str]); 27] = [
    ("StringEquals", "aws:username", &["x", "xy", "z"]),
    ("StringNotEquals", "aws:username", &["x", "z"]),
    ("StringLike", "aws:username", &["x*", "?", "*"]),
    ("StringNotLikeIfExists", "aws:username", &["x*", "?"]),
    ("StringEqualsIfExists", "aws:username", &["x", "xy"]),
    ("StringEqualsIgnoreCase", "aws:username", &["X", "xY"]),
    ("Null", "aws:username", &["true", "false"]),
    ("Bool", "aws:SecureTransport", &["true", "false"]),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", &["true", "false"]),
    ("IpAddress", "aws:SourceIp", &["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]),
    ("NotIpAddress", "aws:SourceIp", &["10.1.0.0/16", "2001:db8::/32"]),
    ("NumericLessThan", "s3:max-keys", &["10", "20"]),
    ("NumericGreaterThanEquals", "s3:max-keys", &["10", "15.5"]),
    ("NumericNotEquals", "s3:max-keys", &["10", "15"]),
    ("DateGreaterThan", "aws:CurrentTime", &["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
    ("DateLessThanEquals", "aws:CurrentTime", &["2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"]),
    ("ForAllValues:StringEquals", "aws:TagKeys", &["a", "b"]),
    ("ForAnyValue:StringEquals", "aws:TagKeys", &["a", "b"]),
    ("ForAllValues:StringLike", "aws:TagKeys", &["a*", "b"]),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", &["a", "b"]),
    ("ForAllValues:StringNotLike", "aws:TagKeys", &["a*", "b"]),
    ("Null", "aws:TagKeys", &["true", "false"]),
    ("StringEquals", "aws:ResourceTag/t", &["x", "${aws:PrincipalTag/t}"]),
    ("StringNotEquals", "aws:ResourceTag/t", &["x", "${aws:PrincipalTag/t}"]),
    ("StringLike", "aws:PrincipalTag/t", &["x*", "z"]),
    ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/x*"]),
    ("StringLike", "aws:PrincipalArn", &["arn:aws:iam::1*:role/x", "*"]),
];
/// What a request may say of each key; nothing: it does not carry it.
const KEYS: [(&str, &[Option<&[&str]>]); 9] = [
    ("aws:username", &[None, Some(&["x"]), Some(&["xy"]), Some(&["z"]), Some(&["X"]), Some(&["x/y"])]),
    ("aws:SecureTransport", &[Some(&["true"]), Some(&["false"])]),
    ("aws:MultiFactorAuthPresent", &[None, Some(&["true"]), Some(&["false"])]),
    (
        "aws:SourceIp",
        &[
            None,
            Some(&["10.1.2.3"]),
            Some(&["10.1.9.9"]),
            Some(&["10.9.9.9"]),
            Some(&["2001:db8::1"]),
            Some(&["198.51.100.1"]),
        ],
    ),
    (
        "s3:max-keys",
        &[None, Some(&["9"]), Some(&["10"]), Some(&["12"]), Some(&["15"]), Some(&["15.5"]), Some(&["20"])],
    ),
    (
        "aws:CurrentTime",
        &[
            Some(&["2025-06-01T00:00:00Z"]),
            Some(&["2026-01-01T00:00:00Z"]),
            Some(&["2026-06-01T00:00:00Z"]),
            Some(&["2029-01-01T00:00:00Z"]),
        ],
    ),
    (
        "aws:TagKeys",
        &[
            None,
            Some(&[]),
            Some(&["a"]),
            Some(&["b"]),
            Some(&["a", "b"]),
            Some(&["ab", "b"]),
            Some(&["c"]),
            Some(&["a", "c"]),
        ],
    ),
    ("aws:ResourceTag/t", &[None, Some(&["x"]), Some(&["xz"]), Some(&["z"])]),
    ("aws:PrincipalTag/t", &[None, Some(&["x"]), Some(&["xz"]), Some(&["z"])]),
];
const ARNS: [Option<&[&str]>; 3] =
    [None, Some(&["arn:aws:iam::111122223333:role/x"]), Some(&["arn:aws:iam::111122223333:role/y"])];
const ASKED: [(&str, &str); 12] = [
    ("s3:GetObject", "arn:aws:s3:::b/x"),
    ("s3:GetObject", "arn:aws:s3:::b/x/y"),
    ("s3:GetObject", "arn:aws:s3:::b/xy/y"),
    ("s3:GetObject", "arn:aws:s3:::c/y"),
    ("s3:GetObject", "arn:aws-cn:s3:::b/x/1"),
    ("s3:PutObject", "arn:aws:s3:::b/z"),
    ("s3:PutObject", "arn:aws:s3:::b/z/1"),
    ("s3:PutObject", "arn:aws:s3:::b/xyz"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q1"),
    ("sqs:DeleteMessage", "arn:aws:sqs:eu-west-1:444455556666:q1"),
    ("s3:GetSomethingNew", "arn:aws:s3:::b/x"),
    ("s3:ListAllMyBuckets", "*"),
];

fn statement(dice: &mut Dice) -> Value {
    let effect = if dice.below(4) == 0 { "Deny" } else { "Allow" };
    let action = if dice.below(8) == 0 { "NotAction" } else { "Action" };
    let resource = if dice.below(6) == 0 { "NotResource" } else { "Resource" };
    let mut made = json!({"Effect": effect, action: dice.some(&ACTIONS), resource: dice.some(&RESOURCES)});
    for _ in 0..dice.below(3) {
        let (operator, key, values) = CONDITIONS[dice.below(CONDITIONS.len())];
        made["Condition"][operator][key] = json!(dice.some(values));
    }
    made
}

fn statements(dice: &mut Dice) -> Vec<Value> {
    (0..1 + dice.below(3)).map(|_| statement(dice)).collect()
}

/// Policies that differ in little, so that many contain each other.
fn pair(dice: &mut Dice) -> (Vec<Value>, Vec<Value>) {
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
            let (operator, key, values) = CONDITIONS[dice.below(CONDITIONS.len())];
            let at = dice.below(new.len());
            new[at]["Condition"][operator][key] = json!(dice.some(values));
        }
        _ => {
            let at = dice.below(new.len());
            let key = if new[at].get("Resource").is_some() { "Resource" } else { "NotResource" };
            new[at][key] = json!(dice.some(&RESOURCES));
        }
    }
    (old, new)
}

fn written(statements: &[Value]) -> String {
    statements.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

fn request(dice: &mut Dice) -> Request {
    let (action, resource) = ASKED[dice.below(ASKED.len())];
    let mut context = Context::new(Rest::Absent);
    let mut set = |key: &str, value: Option<&[&str]>| {
        context.set(key, value.map_or(Entry::Absent, |values| Entry::values(values.iter().copied())));
    };
    for (key, values) in KEYS {
        set(key, values[dice.below(values.len())]);
    }
    set("aws:PrincipalArn", ARNS[dice.below(ARNS.len())]);
    Request::new(Asked {
        principal: Principal::parse("arn:aws:sts::111122223333:assumed-role/x/s").unwrap(),
        action: Action::parse(action).unwrap(),
        resource: resource.into(),
        resource_account: Some("111122223333".into()),
        takes_no_resource: resource == "*",
        context,
        known: Known::default(),
        facts: Facts::default(),
    })
}

fn policies(statements: &str) -> Policies {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let policy = Policy::parse(&text, &"policy.json".into(), PolicyKind::Identity, Strictness::Strict);
    Policies { identity: vec![Arc::new(policy)], ..Policies::default() }
}

#[test]
fn no_random_request_shows_what_was_proved_to_be_impossible() {
    let mut counts = [0_usize; 3];
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let (old, new) = pair(&mut dice);
        let (old, new) = (written(&old), written(&new));
        let attach = |text: &str| -> Attached { attached(PolicyKind::Identity, text) };
        let report = no_new_access(&attach(&old), &attach(&new), &Options::default());
        assert_eq!(report.unconfirmed, 0, "{old}\n{new}\n{:?}", report.answer);
        let (before, after) = (policies(&old), policies(&new));
        let shown = (0..1_000).map(|_| request(&mut dice)).find(|request| {
            decide(request, &after).outcome == Outcome::Allowed
                && !matches!(decide(request, &before).outcome, Outcome::Allowed | Outcome::Unknown)
        });
        match &report.answer {
            Answer::Holds => {
                assert!(shown.is_none(), "seed {seed}\nold {old}\nnew {new}\n{shown:?}");
                counts[0] += 1;
            }
            Answer::Violated(witness) => {
                assert_eq!(allows(witness, &attach(&new)), Some(Outcome::Allowed));
                assert_ne!(allows(witness, &attach(&old)), Some(Outcome::Allowed));
                counts[1] += 1;
            }
            Answer::Unknown(why) => {
                assert!(
                    shown.is_none(),
                    "seed {seed}: found by chance, not by search\n{old}\n{new}\n{why:?}\n{shown:?}"
                );
                counts[2] += 1;
            }
        }
    }
    println!("holds, violated, unknown: {counts:?}");
    assert!(counts[0] > 50 && counts[1] > 50 && counts[2] < 60, "{counts:?}");
}
