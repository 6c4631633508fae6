//! Any bytes as a CloudTrail log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_read_logs::read_events;

fuzz_target!(|bytes: &[u8]| {
    let mut events = 0;
    let read = read_events(&"a.json".into(), bytes, &mut |_| events += 1);
    assert_eq!(read.events, events);
});
