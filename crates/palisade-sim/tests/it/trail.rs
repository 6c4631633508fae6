//! The simulated trail: in order, whole, the same for the same seed, and true to what it says was planted.

use palisade_sim::{Campaign, Deliver, Moment, Organisation, Size, Span, Trail, truth, write_ndjson};
use serde_json::Value;
use std::collections::BTreeSet;

fn span(seed: u64, days: u32, events: u64, campaigns: &[Campaign]) -> Span {
    Span { seed, start: Moment::of_date(2026, 3, 2), days, events, campaigns: campaigns.to_vec() }
}

fn written(organisation: &Organisation, span: &Span) -> String {
    let mut bytes = Vec::new();
    write_ndjson(Trail::new(organisation, span.clone()), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Is a name of a template left, that nothing was put in the place of?
fn names_nothing(text: &str) -> bool {
    text.match_indices('$')
        .any(|(at, _)| !["$LATEST", "$DEFAULT"].iter().any(|own| text[at..].starts_with(own)))
}

#[test]
fn every_record_is_json_in_the_order_of_time_and_about_as_many_as_were_asked_for() {
    let organisation = Organisation::new(Size { seed: 5, accounts: 20 });
    let text = written(&organisation, &span(1, 3, 20_000, &Campaign::ALL));
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.len().abs_diff(20_000) < 400, "{}", records.len());
    assert!(records.is_sorted_by_key(|record| record["eventTime"].as_str().unwrap().to_owned()));
    let ids: BTreeSet<&str> = records.iter().map(|record| record["eventID"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len());
    let text_of = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
    for record in &records {
        for field in
            ["eventVersion", "eventSource", "eventName", "awsRegion", "recipientAccountId", "sourceIPAddress"]
        {
            assert!(!text_of(record, field).is_empty(), "{field} of {record}");
        }
        assert!(
            record["userIdentity"]["type"].is_string() && !names_nothing(&record.to_string()),
            "{record}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let organisation = |seed| Organisation::new(Size { seed, accounts: 12 });
    let text = |seed, trail| written(&organisation(seed), &span(trail, 1, 3_000, &Campaign::ALL));
    assert_eq!(organisation(9), organisation(9));
    assert_eq!(organisation(9).terraform(), organisation(9).terraform());
    assert_eq!(text(9, 1), text(9, 1));
    assert_ne!(text(9, 1), text(9, 2));
    assert_ne!(text(8, 1), text(9, 1));
}

#[test]
fn what_was_planted_is_in_the_trail_and_nothing_else_when_nothing_is() {
    let organisation = Organisation::new(Size { seed: 2, accounts: 16 });
    let planted = span(3, 2, 9_000, &Campaign::ALL);
    let trail = Trail::new(&organisation, planted.clone());
    let attacks = trail.attacks().to_vec();
    let text = written(&organisation, &planted);
    let kinds: BTreeSet<&str> = attacks.iter().map(|attack| attack.id).collect();
    let campaigns: BTreeSet<Campaign> = attacks.iter().map(|attack| attack.campaign).collect();
    assert!(kinds.len() >= 20 && campaigns.len() == Campaign::ALL.len(), "{kinds:?}");
    for attack in &attacks {
        assert!(!attack.events.is_empty() && attack.times.0 <= attack.times.1);
        for id in &attack.events {
            assert_eq!(text.matches(&format!("\"eventID\":\"{id}\"")).count(), 1, "{}", attack.id);
        }
    }
    let lines = truth(&organisation.flaws, &attacks);
    let of = |what: &str| lines.lines().filter(|line| line.contains(&format!("\"is\":\"{what}\""))).count();
    assert_eq!(of("attack"), attacks.len());
    assert!(of("flaw") >= 15 && of("twin") >= 8, "{lines}");
    assert_eq!(Trail::new(&organisation, span(3, 2, 9_000, &[])).attacks(), []);
}

#[test]
fn objects_hold_the_same_records_as_lines_do() {
    let organisation = Organisation::new(Size { seed: 2, accounts: 10 });
    let span = span(1, 1, 2_000, &Campaign::ALL[..2]);
    let mut found: Vec<Value> = Vec::new();
    let put = |path: &str, bytes: &[u8]| {
        assert!(path.starts_with("AWSLogs/o-") && path.ends_with(".json.gz"), "{path}");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text)?;
        let object: Value = serde_json::from_str(&text).unwrap();
        found.extend(object["Records"].as_array().unwrap().iter().cloned());
        Ok(())
    };
    let count = Deliver::new(&organisation, put).all(Trail::new(&organisation, span.clone())).unwrap();
    let lines = written(&organisation, &span);
    let mut expected: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = |record: &Value| record["eventID"].as_str().unwrap().to_owned();
    found.sort_by_key(id);
    expected.sort_by_key(id);
    assert_eq!((count as usize, found), (expected.len(), expected));
}

#[test]
fn an_organisation_of_a_thousand_accounts_has_all_its_units() {
    let organisation = Organisation::new(Size { seed: 1, accounts: 1_000 });
    assert_eq!(organisation.accounts.len(), 1_000);
    let names: BTreeSet<&str> = organisation.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names.len(), 1_000);
    let units: Vec<&str> = organisation.root.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(units, ["Security", "Infrastructure", "Workloads", "Sandbox", "Suspended"]);
    let below = organisation.root.units.iter().flat_map(|unit| unit.units.iter().chain([unit]));
    let in_units: usize = below.map(|unit| unit.accounts.len()).sum();
    assert_eq!(in_units + organisation.root.accounts.len(), 1_000);
}
