//! Any bytes as the account and organisation of a page's example.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_assess::read_estate;
use palisade_document::{Text, decode};

fuzz_target!(|bytes: &[u8]| {
    let file = "a.md".into();
    if let Ok(text) = decode(&file, bytes) {
        read_estate(Text::whole(&file, text), palisade_fuzz::library());
    }
});
