//! Any bytes as a Sigma rule, which then looks at an event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_detect::{compile, parse_community_rule};
use palisade_document::{Text, decode, read_yaml, refuse_tags};

fuzz_target!(|bytes: &[u8]| {
    let file = "a.yml".into();
    let Ok(text) = decode(&file, bytes) else { return };
    let event = serde_json::json!({
        "eventName": "ConsoleLogin", "userIdentity": { "type": "Root" }, "sourceIPAddress": "10.0.0.1", "list": [1, "a"]
    });
    for document in read_yaml(Text::whole(&file, text), &refuse_tags).documents {
        compile(&document).0.map(|rule| rule.matches(&event));
        parse_community_rule(&document).0.map(|community| community.rule.matches(&event));
    }
});
