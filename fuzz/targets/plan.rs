//! Any bytes as what `terraform show -json` prints, plan or state, whose resources then get their attributes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_document::decode;
use palisade_read_terraform::read_plan;

fuzz_target!(|bytes: &[u8]| {
    let file = "plan.json".into();
    if let Ok(text) = decode(&file, bytes) {
        palisade_fuzz::resolved(read_plan(&file, text).resources);
    }
});
