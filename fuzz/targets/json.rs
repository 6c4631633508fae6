//! Any bytes as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_document::{Text, decode, read_json};

fuzz_target!(|bytes: &[u8]| {
    let file = "a.json".into();
    if let Ok(text) = decode(&file, bytes) {
        read_json(Text::whole(&file, text));
    }
});
