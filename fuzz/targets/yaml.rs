//! Any bytes as YAML.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_document::{Text, decode, read_yaml, refuse_tags};

fuzz_target!(|bytes: &[u8]| {
    let file = "a.yaml".into();
    if let Ok(text) = decode(&file, bytes) {
        read_yaml(Text::whole(&file, text), &refuse_tags);
        read_yaml(Text::whole(&file, text), &|_, node| Ok(node));
    }
});
