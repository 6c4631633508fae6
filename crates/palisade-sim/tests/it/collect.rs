//! The collector against the simulated APIs: all is found, gently, and what goes wrong stands in the ledger.

use crate::drive::drive;
use palisade_collect::{Accounts, Collector, Event, Options as How, Plan};
use palisade_content::{load, shipped};
use palisade_sim::api::{Api, Fault, Faults, Options, Usage};
use palisade_sim::{Organisation, Purpose, Size};
use palisade_snapshot::{Cell, Record, State};
use std::collections::BTreeSet;

/// What was collected of ten accounts in one region, with these going wrong.
fn collected(rules: &[&str], bulk: usize) -> (Vec<Record>, Vec<Cell>, Usage) {
    let (library, _) = load(&shipped());
    let rules = rules.iter().map(|rule| rule.parse::<Fault>().unwrap()).collect();
    let options = Options {
        regions: ["eu-west-1", "us-east-1"].map(|region| region.parse().unwrap()).to_vec(),
        faults: Faults { rules, permissions: None },
        bulk,
        ..Options::default()
    };
    let mut api = Api::new(Organisation::new(Size { seed: 7, accounts: 10 }), library.kinds(), options);
    let plan = Plan::new(library.kinds(), None)
        .of_accounts(Accounts::Organisation { except: BTreeSet::new() })
        .in_regions(vec!["eu-west-1".parse().unwrap()]);
    let mut collector = Collector::new(plan, How { in_flight: 500, ..How::default() });
    let (mut records, mut cells) = (Vec::new(), Vec::new());
    drive(
        &mut api,
        &mut collector,
        |_| {},
        |_, event| {
            match event {
                Event::Record(record) => records.push(record),
                Event::CellDone(cell) => cells.push(cell),
                _ => {}
            }
            true
        },
    );
    (records, cells, api.usage())
}

#[test]
fn everything_that_was_planted_is_collected_without_one_throttle() {
    let (records, cells, usage) = collected(&[], 60);
    let unread: Vec<&Cell> = cells.iter().filter(|cell| cell.state != State::Read).collect();
    assert_eq!((unread, usage.throttled), (Vec::new(), 0));
    let organisation = Organisation::new(Size { seed: 7, accounts: 10 });
    let found: BTreeSet<String> =
        records.iter().filter_map(|record| Some(record.arn.as_ref()?.to_string())).collect();
    let open = organisation.accounts.iter().filter(|account| account.purpose != Purpose::Suspended);
    let planted = open.flat_map(|account| {
        account.things.iter().map(|declared| declared.thing.arn(account.id, account.region.as_str()))
    });
    let missing: Vec<String> = planted.filter(|arn| !found.contains(arn)).collect();
    assert_eq!(missing, Vec::<String>::new());
    assert!(records.len() > 1_000, "{}", records.len());
}

#[test]
fn what_goes_wrong_stands_in_the_ledger_and_nowhere_else() {
    let (_, cells, _) = collected(&["s3.GetBucketPolicy=access-denied", "kms.ListKeys=500"], 0);
    let told = cells.iter().flat_map(|cell| &cell.gaps).map(|gap| format!("{} {}", gap.call, gap.failure));
    let told: BTreeSet<String> = told.collect();
    assert_eq!(told, ["kms:ListKeys server", "s3:GetBucketPolicy denied"].map(str::to_owned).into());
    let states = |kind: &str| {
        let of = cells.iter().filter(|cell| cell.key.kind.as_str() == kind && cell.state != State::Read);
        of.map(|cell| cell.state).collect::<BTreeSet<State>>()
    };
    assert_eq!(
        (states("AWS::KMS::Key"), states("AWS::S3::Bucket")),
        ([State::NotRead].into(), [State::Partly].into())
    );
}

#[test]
fn what_passes_is_tried_again_until_it_does() {
    let (records, cells, usage) =
        collected(&["ec2.*=throttle@first 3", "s3.*=timeout@5", "*=truncated@40"], 0);
    assert!(cells.iter().all(|cell| cell.state == State::Read));
    assert!(usage.injected == 5 && records.len() > 400, "{} {}", usage.injected, records.len());
}
