//! Any bytes as the only file of a Terraform configuration, in both syntaxes, whose resources then get their attributes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_read_terraform::{File, NoModules, Options, read_configuration};

fuzz_target!(|bytes: &[u8]| {
    for name in ["main.tf", "main.tf.json"] {
        let file = File { path: name.into(), bytes: bytes.to_vec() };
        let configuration = read_configuration(&".".into(), &[file], &Options::default(), &NoModules);
        palisade_fuzz::resolved(configuration.resources);
    }
});
