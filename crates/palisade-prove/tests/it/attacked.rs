//! What was proved never to be allowed is attacked with random requests, through the engine.

use crate::random::{Dice, KEYS, pair, policy, written};
use palisade_iam::{
    Action, Asked, Context, Entry, Facts, Known, Outcome, Policies, Policy, Principal, Request, Rest, decide,
};
use palisade_prove::{Answer, Attached, Options, no_new_access};
use std::sync::Arc;

const ASKED: [(&str, &str); 16] = [
    ("s3:GetObject", "arn:aws:s3:::b/x"),
    ("s3:GetObject", "arn:aws:s3:::b/x/y"),
    ("s3:GetObject", "arn:aws:s3:::b/xy/y"),
    ("s3:GetObject", "arn:aws:s3:::c/y"),
    ("s3:GetObject", "arn:aws-cn:s3:::b/x/1"),
    ("s3:GetObject", "arn:aws:s3:::B/x"),
    ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:b/x"),
    ("s3:PutObject", "arn:aws:s3:::b/z"),
    ("s3:PutObject", "arn:aws:s3:::b/z/1"),
    ("s3:PutObject", "arn:aws:s3:::b/xyz"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q1"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:x:q1"),
    ("sqs:DeleteMessage", "arn:aws:sqs:eu-west-1:444455556666:q1"),
    ("s3:GetSomethingNew", "arn:aws:s3:::b/x"),
    ("s3:GetObject", "arn:aws:s3:::x"),
    ("s3:ListAllMyBuckets", "*"),
];

fn request(dice: &mut Dice) -> Request {
    let (action, resource) = ASKED[dice.below(ASKED.len())];
    let mut context = Context::new(Rest::Absent);
    let mut set = |key: &str, value: Option<&[&str]>| {
        context.set(key, value.map_or(Entry::Absent, |values| Entry::values(values.iter().copied())));
    };
    for (key, _, said) in KEYS {
        set(key, said[dice.below(said.len())]);
    }
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

/// The seeds of a run: those here, or others that are asked for (`PALISADE_SEEDS=10000..13000`).
fn seeds(usual: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(asked) = std::env::var("PALISADE_SEEDS") else { return usual };
    let (first, end) = asked.split_once("..").unwrap();
    first.parse().unwrap()..end.parse().unwrap()
}

fn policies(policy: &Arc<Policy>) -> Policies {
    Policies { identity: vec![policy.clone()], ..Policies::default() }
}

#[test]
fn no_random_request_shows_what_was_proved_to_be_impossible() {
    let mut counts = [0_usize; 3];
    for seed in seeds(0..400) {
        let mut dice = Dice(seed);
        let (old, new) = pair(&mut dice);
        let (old, new) = (written(&old), written(&new));
        let version = if dice.below(12) == 0 { "2008-10-17" } else { "2012-10-17" };
        let (before, after) = (policy(version, &old), policy(version, &new));
        let attach = |policy: &Arc<Policy>| Attached::new(vec![policy.clone()]);
        let report = no_new_access(&attach(&before), &attach(&after), &Options::default());
        assert_eq!(report.unconfirmed, 0, "seed {seed}\n{old}\n{new}\n{:?}", report.answer);
        let (before, after) = (policies(&before), policies(&after));
        let shown = (0..1_000).map(|_| request(&mut dice)).find_map(|request| {
            let [before, after] = [&before, &after].map(|policies| decide(&request, policies).outcome);
            let is_shown = match (before, after) {
                // What AWS does not document might be either way: nothing is proved where it decides.
                (Outcome::Allowed, _) | (Outcome::Unknown, Outcome::Unknown) => false,
                (_, after) => matches!(after, Outcome::Allowed | Outcome::Unknown),
            };
            is_shown.then_some((request, before, after))
        });
        match &report.answer {
            Answer::Holds => {
                assert!(shown.is_none(), "seed {seed}\nold {old}\nnew {new}\n{shown:?}");
                counts[0] += 1;
            }
            Answer::Violated(_) => counts[1] += 1,
            Answer::Unknown(why) => {
                let is_sure = shown.as_ref().is_some_and(|(_, before, after)| {
                    *after == Outcome::Allowed && *before != Outcome::Unknown
                });
                if is_sure && std::env::var_os("PALISADE_SEEDS").is_some() {
                    println!("seed {seed}: found by chance, not by search\n{old}\n{new}\n{why:?}\n{shown:?}");
                }
                counts[2] += 1;
            }
        }
    }
    println!("holds, violated, unknown: {counts:?}");
    let all: usize = counts.iter().sum();
    assert!(counts[0] * 8 > all && counts[1] * 8 > all && counts[2] * 7 < all, "{counts:?}");
}
