//! The shipped detections over simulated trails: quiet over benign work, and not over what was planted.

use palisade_assess::{DetectOptions, detect};
use palisade_content::{load, shipped};
use palisade_model::Hit;
use palisade_sim::{Attack, Campaign, Moment, Organisation, Size, Span, Trail, write_ndjson};
use std::collections::BTreeSet;

fn hits(name: &str, organisation: &Organisation, span: Span) -> (Vec<Hit>, Vec<Attack>) {
    let (library, _) = load(&shipped());
    let file = std::env::temp_dir().join(format!("palisade-sim-{name}-{}.ndjson", std::process::id()));
    let trail = Trail::new(organisation, span);
    let attacks = trail.attacks().to_vec();
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
    write_ndjson(trail, &mut out).unwrap();
    drop(out);
    let mut hits = Vec::new();
    let options = DetectOptions { enabled: &|_| true, progress: &|_, _| {}, gated: true, threads: 1 };
    let detected = detect(std::slice::from_ref(&file), &library, &options, &mut |hit| hits.push(hit));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(detected.diagnostics, []);
    (hits, attacks)
}

#[test]
fn a_benign_fortnight_raises_no_alert() {
    for (seed, accounts) in [(11, 16), (12, 30), (13, 60)] {
        let organisation = Organisation::new(Size { seed, accounts });
        let start = Moment::of_date(2026, 3, 2);
        let span = Span { seed, start, days: 14, events: 20_000, campaigns: Vec::new() };
        let (hits, _) = hits("benign", &organisation, span);
        let said: BTreeSet<String> =
            hits.iter().map(|hit| format!("{}: {}", hit.rule_id, hit.message)).collect();
        assert_eq!(said, BTreeSet::new());
    }
}

#[test]
fn most_of_what_was_planted_is_seen_and_nothing_else() {
    let organisation = Organisation::new(Size { seed: 11, accounts: 16 });
    let start = Moment::of_date(2026, 3, 2);
    let span = Span { seed: 4, start, days: 2, events: 6_000, campaigns: Campaign::ALL.to_vec() };
    let (hits, attacks) = hits("attacks", &organisation, span);
    let ids: BTreeSet<&str> = hits.iter().filter_map(|hit| hit.event_id.as_deref()).collect();
    let is_seen = |attack: &&Attack| attack.events.iter().any(|id| ids.contains(id.as_str()));
    let (seen, unseen): (Vec<_>, Vec<_>) = attacks.iter().partition(is_seen);
    assert!(seen.len() >= 16, "unseen: {:?}", unseen.iter().map(|attack| attack.id).collect::<Vec<_>>());
    let planted: BTreeSet<&str> =
        attacks.iter().flat_map(|attack| &attack.events).map(String::as_str).collect();
    let others: Vec<&Hit> =
        hits.iter().filter(|hit| !hit.event_id.as_deref().is_some_and(|id| planted.contains(id))).collect();
    assert_eq!(others, Vec::<&Hit>::new());
}
