//! Any bytes as each of the files of an estate's folder, whose resources then get their attributes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_document::decode;
use palisade_read_aws::{File, read};

const FILES: [&str; 3] = ["organisation.json", "111122223333/iam.json", "111122223333/resource-policies.json"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(&"a.json".into(), bytes) else { return };
    for path in FILES {
        let file = File { path: path.into(), shown: path.into(), text: text.into() };
        palisade_fuzz::resolved(read(&[file]).resources);
    }
});
