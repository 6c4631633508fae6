//! Drives a collection against the simulated APIs, in virtual time.

#![allow(clippy::panic, clippy::unwrap_used, reason = "an example or a test may stop")]

use palisade_aws::{Ask, CallFailure};
use palisade_collect::{CallId, Collector, Event, Step, UNKNOWN_ACCOUNT};
use palisade_model::AccountId;
use palisade_sim::api::Api;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// An answer on its way.
enum Coming {
    Answer(CallId, Result<Value, CallFailure>),
    Entered(AccountId, Result<(), CallFailure>),
}

/// Collects until all is done, or until `keep` says that it is enough. Gives the virtual time that it took.
/// `asked` is told every call.
pub fn drive(
    api: &mut Api,
    collector: &mut Collector,
    mut asked: impl FnMut(&Ask),
    mut keep: impl FnMut(Duration, Event) -> bool,
) -> Duration {
    let start = Duration::from_secs(api.moment(Duration::ZERO).0 as u64);
    let management = api.organisation().accounts[0].id;
    let mut now = Duration::ZERO;
    let mut number = 0_u64;
    let mut due: BinaryHeap<Reverse<(Duration, u64)>> = BinaryHeap::new();
    let mut coming: HashMap<u64, Coming> = HashMap::new();
    loop {
        let until = match collector.next(start + now) {
            Step::Event(event) => {
                if !keep(now, event) {
                    return now;
                }
                continue;
            }
            Step::Call(id, mut ask) => {
                // Before it is known whose credentials these are, they are those of the management account.
                if ask.account.to_string() == UNKNOWN_ACCOUNT {
                    ask.account = management;
                }
                asked(&ask);
                let (delay, answer) = api.answer(now, &ask);
                number += 1;
                due.push(Reverse((now + delay, number)));
                coming.insert(number, Coming::Answer(id, answer));
                continue;
            }
            Step::Refresh(account) => {
                let ask = assume(management, account);
                asked(&ask);
                let (delay, answer) = api.answer(now, &ask);
                number += 1;
                due.push(Reverse((now + delay, number)));
                coming.insert(number, Coming::Entered(account, answer.map(|_| ())));
                continue;
            }
            Step::Recall(cell) => {
                collector.recalled(start + now, &cell, Vec::new());
                continue;
            }
            Step::Wait(until) => Some(until.saturating_sub(start).max(now + Duration::from_nanos(1))),
            Step::Blocked => None,
            Step::Done => return now,
            // No earlier snapshot is gone on from here, so nothing else is asked for.
            #[allow(unreachable_patterns, reason = "the collector may learn more steps")]
            other => panic!("nobody asked for {other:?}"),
        };
        let next = due.peek().map(|entry| entry.0.0);
        match (next, until) {
            (Some(at), until) if until.is_none_or(|until| at <= until) => {
                let Some(Reverse((at, number))) = due.pop() else { return now };
                now = now.max(at);
                match coming.remove(&number) {
                    Some(Coming::Answer(id, answer)) => collector.answered(start + now, id, answer),
                    Some(Coming::Entered(account, result)) => {
                        collector.refreshed(start + now, account, result)
                    }
                    None => {}
                }
            }
            (_, Some(until)) => now = until,
            // It waits for an answer, and none is coming: that would be a fault of the collector.
            (_, None) => panic!("the collector waits for nothing"),
        }
    }
}

/// How an account is entered.
fn assume(management: AccountId, account: AccountId) -> Ask {
    Ask {
        account: management,
        region: "us-east-1".parse().unwrap(),
        service: "sts".into(),
        operation: "AssumeRole".into(),
        parameters: json!({
            "RoleArn": format!("arn:aws:iam::{account}:role/palisade-read"), "RoleSessionName": "palisade",
        }),
    }
}
