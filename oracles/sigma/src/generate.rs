//! Rules and events made of a seed: small alphabets, so that they meet.

use serde_json::{Map, Value, json};

/// Numbers that follow from a seed: SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const FIELDS: [&str; 8] = ["a", "a", "b", "c", "d.e", "d.f", "l", "l.e"];

const TEXTS: [&str; 27] = [
    "ab",
    "AB",
    "abc",
    "xabcx",
    "a b",
    "a-b",
    "a/b",
    " -f ",
    "a*b",
    "a?b",
    r"a\b",
    "",
    "true",
    "1",
    "42",
    "4.2",
    "-1",
    "10.0.0.1",
    "192.168.1.7",
    "2001:db8::1",
    "2024-02-29T23:05:01Z",
    "YWI=",
    "YWJj",
    "eGFiY3g=",
    "YQBiAA==",
    "é",
    "É",
];

const SOUGHT: [&str; 22] = [
    "ab", "AB", "abc", "b", "x", "a*", "*b", "a?b", "a*b", r"a\*b", r"a\?b", r"a\\b", r"a\b", "*", "?", "",
    "a-b", " -f", "é", "42", "1", "true",
];

/// A rule's detection as a whole rule.
pub fn whole(detection: &str) -> String {
    let indented: String = detection.lines().map(|line| format!("  {line}\n")).collect();
    format!("title: t\nlogsource: {{product: aws}}\ndetection:\n{indented}")
}

/// A rule.
pub fn rule(random: &mut Random) -> String {
    if random.once_in(2) {
        let (key, value) = item(random);
        return whole(&format!("sel_a: {{{}: {value}}}\ncondition: sel_a\n", quoted(&key)));
    }
    let names = ["sel_a", "sel_b", "filter_c", "_hidden"];
    let count = 1 + random.below(names.len());
    let selections: String =
        names[..count].iter().map(|name| format!("{name}: {}\n", selection(random))).collect();
    let condition = condition(random, &names[..count], 3);
    whole(&format!("{selections}condition: {condition}\n"))
}

fn condition(random: &mut Random, names: &[&str], depth: usize) -> String {
    if depth == 0 || random.once_in(2) {
        return match random.below(8) {
            0 => format!("{} of them", random.one(&["1", "any", "all", "2"])),
            1 => format!(
                "{} of {}",
                random.one(&["1", "any", "all"]),
                random.one(&["sel_*", "*", "*_a", "filter_*", "_*"])
            ),
            _ => random.one(names).to_owned(),
        };
    }
    let mut inner = || condition(random, names, depth - 1);
    let (one, other) = (inner(), inner());
    match random.below(5) {
        0 => format!("not {one}"),
        1 => format!("not ({one} or {other})"),
        2 => format!("({one} or {other}) and {}", random.one(names)),
        3 => format!("{one} or {other}"),
        _ => format!("{one} and {other}"),
    }
}

fn selection(random: &mut Random) -> String {
    match random.below(12) {
        0 => format!("[{}]", keywords(random)),
        1 => format!(
            "{{{}: [{}]}}",
            quoted(random.one(&["|all", "|contains", "|startswith", "|cased", "|re"])),
            keywords(random)
        ),
        2 => format!("[{}, {}]", map(random), map(random)),
        _ => map(random),
    }
}

fn keywords(random: &mut Random) -> String {
    let some: Vec<String> = (0..2).map(|_| quoted(random.one(&SOUGHT))).collect();
    some.join(", ")
}

fn map(random: &mut Random) -> String {
    let count = 1 + random.below(2);
    let mut items: Vec<String> = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..count {
        let (key, value) = item(random);
        if !keys.contains(&key) {
            items.push(format!("{}: {value}", quoted(&key)));
            keys.push(key);
        }
    }
    format!("{{{}}}", items.join(", "))
}

fn item(random: &mut Random) -> (String, String) {
    let field = random.one(&FIELDS);
    let (modifiers, values): (&str, &[&str]) = match random.below(24) {
        0..5 => ("", &SOUGHT),
        5..9 => (random.one(&["|contains", "|startswith", "|endswith"]), &SOUGHT),
        9 => (random.one(&["|cased", "|contains|cased", "|startswith|cased", "|endswith|cased"]), &SOUGHT),
        10 => (random.one(&["|contains|all", "|all", "|startswith|all", "|contains|all|cased"]), &SOUGHT),
        11 => (
            random.one(&["|re", "|re|i", "|re|m", "|re|s", "|re|i|m|s"]),
            &["a.?b", "^ab", "AB$", "[0-9]+", r"\d\.", "a b|x", "^$", "(?i)AB", "é"],
        ),
        12 => ("|cidr", &["10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32", "10.0.0.1/32", "0.0.0.0/0"]),
        13 => (random.one(&["|gt", "|gte", "|lt", "|lte"]), &["1", "42", "4.2", "-1", "'42'", "0"]),
        14 => ("|exists", &["true", "false", "yes", "no"]),
        15 => (
            random.one(&["|fieldref", "|fieldref|startswith", "|fieldref|endswith", "|fieldref|contains"]),
            &["a", "b", "d.e", "l", "nothing"],
        ),
        16 => (
            random.one(&["|base64", "|base64|contains", "|base64offset|contains"]),
            &["ab", "abc", "abcd", "b"],
        ),
        17 => (
            random.one(&[
                "|wide|base64",
                "|utf16le|base64",
                "|utf16be|base64",
                "|utf16|base64",
                "|wide|base64offset|contains",
            ]),
            &["ab", "abc"],
        ),
        18 => (
            random.one(&["|windash|contains", "|windash", "|windash|contains|all"]),
            &[" -f", "a-b", "a/b", "-", "x"],
        ),
        19 => (
            random.one(&[
                "|minute",
                "|hour",
                "|day",
                "|week",
                "|month",
                "|year",
                "|hour|gte",
                "|day|lt",
                "|year|gt",
            ]),
            &["5", "23", "29", "9", "2", "2024"],
        ),
        20 => (
            random.one(&["|neq", "|contains|neq", "|startswith|neq", "|re|neq", "|cidr|neq"]),
            &["ab", "b", "10.0.0.0/8"],
        ),
        21 => ("", &["null", "true", "false", "42", "1", "4.2", "-1", "''"]),
        22 => ("", &["null"]),
        _ => (
            random.one(&[
                "|expand",
                "|contains|re",
                "|gt|lt",
                "|cidr|contains",
                "|exists|neq",
                "|i",
                "|nope",
            ]),
            &SOUGHT,
        ),
    };
    let plain = modifiers.is_empty() && !std::ptr::eq(values, &SOUGHT[..])
        || ["|gt", "|lt", "|exists", "|minute", "|hour", "|day", "|week", "|month", "|year"]
            .iter()
            .any(|name| modifiers.starts_with(name));
    let mut value = || match plain {
        true => random.one(values).to_owned(),
        false => quoted(random.one(values)),
    };
    let needs_many = modifiers.contains("all");
    let (one, other) = (value(), value());
    let value = match needs_many || random.once_in(3) && !modifiers.starts_with("|exists") {
        true => format!("[{one}, {other}]"),
        false => one,
    };
    (format!("{field}{modifiers}"), value)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An event.
pub fn event(random: &mut Random) -> Value {
    let mut event = Map::new();
    for field in ["a", "b", "c"] {
        if !random.once_in(4) {
            event.insert(field.to_owned(), single(random));
        }
    }
    if !random.once_in(3) {
        let mut inner = Map::new();
        for field in ["e", "f"] {
            if !random.once_in(3) {
                inner.insert(field.to_owned(), single(random));
            }
        }
        event.insert("d".to_owned(), Value::Object(inner));
    }
    if random.once_in(12) {
        event.insert("d.e".to_owned(), single(random));
    }
    if !random.once_in(3) {
        let count = random.below(4);
        let items = (0..count).map(|_| match random.once_in(3) {
            true => json!({ "e": single(random) }),
            false => single(random),
        });
        event.insert("l".to_owned(), Value::Array(items.collect()));
    }
    Value::Object(event)
}

fn single(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 => json!([1, 42, -1, 0, 1_709_251_141][random.below(5)]),
        3 => json!([4.2, 42.0, 1.5][random.below(3)]),
        _ => json!(random.one(&TEXTS)),
    }
}
