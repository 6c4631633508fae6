//! Whatever bytes there are, reading ends and does not panic.

use crate::{read, read_bytes};
use palisade_read_terraform::read_plan;
use proptest::prelude::*;

const PIECES: [&str; 40] = [
    "resource \"aws_x\" \"a\" {",
    "}",
    "\n",
    "v",
    " = ",
    "\"",
    "${",
    "{",
    "[",
    "]",
    "(",
    ")",
    "<<E\n",
    "E\n",
    "<<-E\n",
    "%{ if ",
    "%{ endif }",
    "for x in ",
    " : ",
    "? ",
    "...",
    ".*",
    "[*]",
    ".a",
    "local.a",
    "locals {",
    "var.v",
    "variable \"v\" {",
    "#",
    "/*",
    "*/",
    "é",
    "\\",
    "dynamic \"b\" {",
    "content {",
    "for_each = ",
    "count = ",
    "1",
    ",",
    "\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for name in ["a.tf", "a.tf.json", "a.auto.tfvars", "a.auto.tfvars.json"] {
            let _ = read_bytes(name, &bytes);
        }
        let _ = read_plan(&"p.json".into(), &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_pieces_of_terraform_are_read(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        let _ = read_bytes("a.tf", text.as_bytes());
        let rendered = "resource \"aws_x\" \"z\" {\n v = templatefile(\"t\", { a = var.x, l = [1] })\n}\n";
        let _ = read(&format!("== a.tf\n{rendered}== t\n{{\"a\": [{text}]}}"));
        let inside = format!("resource \"aws_x\" \"z\" {{\n v = {text}\n}}\n");
        let configuration = read_bytes("a.tf", inside.as_bytes());
        let found = configuration.resources.iter().any(|resource| &*resource.address.name == "aws_x.z");
        prop_assert!(found, "{}", inside);
    }
}
