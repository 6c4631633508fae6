//! Any bytes as a CloudFormation template, YAML or JSON, whose resources then get their attributes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_document::decode;
use palisade_read_cloudformation::read_template;
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    let file = "a.yaml".into();
    let Ok(text) = decode(&file, bytes) else { return };
    let given = BTreeMap::from([("AWS::Region".to_owned(), "eu-west-1".to_owned())]);
    for parameters in [BTreeMap::new(), given] {
        if let Some(template) = read_template(&file, text, &parameters) {
            palisade_fuzz::resolved(template.resources);
        }
    }
});
