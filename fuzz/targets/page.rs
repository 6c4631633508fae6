//! Any bytes as a page of each sort, and as plain Rego and plain Sigma beside pages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_content::{PageFile, load};

const PLACES: [&str; 9] = [
    "checks/a/b/c.md",
    "kinds/a/b/c.md",
    "detections/a/b.md",
    "escalations/a/b.md",
    "objectives/a.md",
    "playbooks/a/b.md",
    "frameworks/a.yaml",
    "checks/a/b/c.rego",
    "detections/a/b.yml",
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for path in PLACES {
        load(&[PageFile { path: path.into(), id_path: path.into(), text: text.into(), shipped: false }]);
    }
});
