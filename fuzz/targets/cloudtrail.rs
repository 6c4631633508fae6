//! Any bytes as a CloudTrail log: each record that is walked over can be built, and says what was seen of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_detect::find;
use palisade_model::Glimpse;
use palisade_read_logs::{Fields, read_events, read_records};

const PATHS: [&str; 3] = ["eventName", "userIdentity.type", "a.b.c"];

fuzz_target!(|bytes: &[u8]| {
    let mut events = 0;
    let read = read_events(&"a.json".into(), bytes, &mut |_| events += 1);
    assert_eq!(read.events, events);
    assert!(read.refused >= read.diagnostics.len().saturating_sub(1) as u64);
    let walked = read_records(&"a.json".into(), bytes, &Fields::new(PATHS), &mut |record| {
        let event = record.event().expect("what is walked over can be built");
        for (path, seen) in PATHS.iter().zip(record.seen) {
            let found = find(&event.record, path);
            match seen {
                Glimpse::Unclear => {}
                Glimpse::Nothing => assert!(found.iter().all(|value| value.is_null()), "{path}"),
                Glimpse::Text(text) => assert!(found.len() == 1 && found[0] == *text, "{path}"),
            }
        }
        Ok(())
    });
    assert_eq!((walked.events, walked.refused), (read.events, read.refused));
});
