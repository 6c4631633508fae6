//! Makes arguments of functions: plausible ones for the most part, and some that are wrong.

use super::Random;

/// Makes expressions.
pub struct Maker {
    pub random: Random,
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "abc",
    "Hello World",
    "héllo",
    "日本語",
    "ÄÖÜ ß",
    "  padded\t",
    "a,b,,c",
    "a-b_c.d/e",
    "x=1",
    "line one\nline two\n",
    "\r\n",
    "aaa",
    "a.b.c",
    "tRUE",
    "true",
    "false",
    "0",
    "1",
    "-1.50",
    "1e3",
    "null",
    "007",
    "%s",
    "<&>",
    "\"quoted\"",
    "it's",
    "\\back",
    "e\u{301}",
    "👍🏽",
    "ﬁ",
    "\u{1}",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "4",
    "5",
    "7",
    "8",
    "10",
    "16",
    "32",
    "64",
    "100",
    "255",
    "0.5",
    "1.5",
    "-0.5",
    "2.25",
    "0.1",
    "10000",
    "65536",
    "123456789",
    "-7.75",
    "12.375",
];
const ENCODINGS: &[&str] =
    &["UTF-8", "utf-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "windows-1252", "Shift_JIS", "nope"];
const NAMESPACES: &[&str] = &[
    "dns",
    "url",
    "oid",
    "x500",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "nope",
    "6BA7B8109DAD11D180B400C04FD430C8",
];
const PATHS: &[&str] = &[
    "",
    ".",
    "/",
    "a",
    "a/b",
    "a/b/",
    "./a",
    "../a",
    "/a/b.txt",
    "a//b",
    "a/./b/../c",
    "no/such/file.txt",
    "/a",
    "..",
];
const GLOBS: &[&str] = &["*", "**", "*.txt", "{a,b}/*", "[a-c]?"];
const REGEXES: &[&str] = &[
    "a",
    "[a-z]+",
    "(\\\\d+)",
    "(?P<first>[a-z])(?P<second>[a-z])?",
    "^$",
    "x*",
    "(a)|(b)",
    "\\\\bW",
    "[[:alpha:]]+",
    "(?i)HELLO",
    "\\\\pL+",
    "a{2,3}",
    "(",
    "[",
    ".",
    "(?s).+",
    "\\\\s",
    "[^a]",
    "(?:a|b)c",
    "^a",
    "c$",
    "(?m)^l",
    "\\\\.",
    "\\\\w+",
    "\\\\S+",
    "(a+)+b",
    "a|ab",
    "(?P<x>.)(.)",
    "\\\\Qa.b\\\\E",
    "\\\\x41",
];
const REPLACEMENTS: &[&str] = &["", "-", "$0", "$1", "$${1}x", "$$", "é", "a$1b"];
const FORMATS: &[&str] = &[
    "%s",
    "%d",
    "%v",
    "%q",
    "%t",
    "%f",
    "%%",
    "%5s|",
    "%-5s|",
    "%05d",
    "%+d",
    "%.2f",
    "%8.3f",
    "%x",
    "%X",
    "%o",
    "%b",
    "%e",
    "%#v",
    "%s %s",
    "%[2]s %[1]s",
    "%[1]d %[1]v",
    "%*d",
    "%",
    "%z",
    "%g",
    "%E",
    "%G",
    "%#x",
    "% d",
    "%.3s",
    "%10.2s|",
    "plain",
    "%s-%d",
    "%c",
    "%U",
    "%v %v",
    "%03.1f",
    "%+.1e",
    "%[3]s",
];
const CIDRS: &[&str] = &[
    "10.0.0.0/8",
    "10.1.2.0/24",
    "10.1.2.3/16",
    "192.168.0.0/30",
    "0.0.0.0/0",
    "10.0.0.1/32",
    "172.16.0.0/12",
    "fd00::/48",
    "fd00:fd12:3456:7890::/56",
    "::/0",
    "fe80::1/128",
    "::ffff:10.0.0.0/104",
    "10.0.0.0",
    "10.0.0.0/33",
    "300.0.0.0/8",
    "x/8",
    "010.0.0.0/8",
    "10.0.0.0/08",
    "2001:db8::/32",
    "",
];
const CSVS: &[&str] = &[
    "a,b\n1,2\n",
    "a,b\n1,2\n3,4",
    "a\n\"x\"\"y\"\n",
    "a,b\n\"x\ny\",z\n",
    "",
    "a\n",
    "a,b\n1\n",
    "a,a\n1,2\n",
    "a, b\n1, 2\n",
    "a,b\r\n1,2\r\n",
    "a\n\nb\n",
    "a,b\n\"x\",\"y\n",
    "é,ß\nü,ö",
    "a\nx\"y\n",
];
const JSONS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "1",
    "1.0",
    "1e3",
    "-0",
    "\"a\"",
    "{\"a\": [1, 2.5, \"x\", null]}",
    "[1, \"a\", true]",
    "{\"a\": 1, \"a\": 2}",
    "{\"b\":1,\"a\":2}",
    "",
    "{",
    "[1,]",
    "nul",
    "\"\\u00e9\\n\"",
    " [1] ",
    "1 2",
    "12345678901234567890",
    "0.1",
    "{\"\": 1}",
    "'a'",
];
const YAMLS: &[&str] = &[
    "a: 1",
    "- 1\n- x\n- null",
    "a: [1, x, {b: 2.5}]",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "~",
    "null",
    "Null",
    "true",
    "True",
    "TRUE",
    "1",
    "01",
    "0x1F",
    "0o17",
    "1_000",
    "1e3",
    ".5",
    "5.",
    ".inf",
    "-.inf",
    ".nan",
    "1:30",
    "190:20:30",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "2020-01-01 10:00:00",
    "'1'",
    "\"1\"",
    "'yes'",
    "a: 'true'",
    "!!str 1",
    "!!int \"1\"",
    "!!float 1",
    "!!bool yes",
    "!x a",
    "a: |\n  x\n  y\n",
    "a: >\n  x\n  y\n",
    "a: &x 1\nb: *x",
    "a: {<<: {b: 1}}",
    "? a\n: b",
    "a: 1\na: 2",
    "---\na\n---\nb",
    "",
    "# nothing",
    "a: b: c",
    "[a",
    "{1: a}",
    "- y\n- 'y'",
    "0b101",
    "+1",
    "-0x1",
];
const DATE_FORMATS: &[&str] = &[
    "YYYY-MM-DD",
    "YY",
    "MMM",
    "MMMM D",
    "EEE",
    "EEEE",
    "hh:mm:ss",
    "h",
    "HH AA",
    "H aa",
    "m",
    "s",
    "Z",
    "ZZZ",
    "ZZZZ",
    "ZZZZZ",
    "'it''s'",
    "YYYYY",
    "Q",
    "'open",
];
const TIMES: &[&str] = &[
    "2020-01-02T03:04:05Z",
    "2020-01-02T03:04:05+01:30",
    "1999-12-31T23:59:59-08:00",
    "2024-02-29T12:00:00Z",
    "2023-02-29T12:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2020-01-02T03:04:05.123Z",
    "2020-01-02",
    "x",
    "",
    "2020-1-02T03:04:05Z",
    "2020-01-02T24:00:00Z",
    "2020-01-02t03:04:05z",
    "2020-01-02T03:04:05+00:00",
    "2020-01-02 03:04:05Z",
];
const DURATIONS: &[&str] =
    &["1h", "-1h", "90m", "36h10m1.5s", "0", "1.5h", "1d", "", "-", "10", "1ns", "1us", "300ms", "1h 5m"];
const BASE64: &[&str] = &[
    "", "YQ==", "aMOpbGxv", "YQ", "YWJj", "////", "Y Q==", "aADpAA==", "_-", "YR==", "YWI=", "4pyT", "YWJj\n",
];
const INTS: &[&str] = &[
    "10",
    "ff",
    "FF",
    "-7f",
    "+5",
    "z",
    "Z",
    "0x1f",
    "",
    "1_0",
    "12345678901234567890",
    "1.5",
    " 1",
    "é",
    "08",
    "-",
    "10a",
    "777",
];

/// A text as HCL writes it.
pub fn quoted(text: &str) -> String {
    let mut result = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            other if other.is_control() => result.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => result.push(other),
        }
    }
    let result = result.replace("${", "$${").replace("%{", "%%{");
    format!("{result}\"")
}

impl Maker {
    /// A call of a function with arguments from these pools.
    pub fn call(&mut self, name: &str, pools: &str) -> String {
        let mut arguments = Vec::new();
        for pool in pools.split(',').map(str::trim) {
            if let Some(pool) = pool.strip_suffix('*') {
                for _ in 0..self.random.below(4) {
                    arguments.push(self.argument(pool));
                }
            } else if let Some(pool) = pool.strip_suffix('?') {
                if self.random.once_in(2) {
                    arguments.push(self.argument(pool));
                }
            } else {
                arguments.push(self.argument(pool));
            }
        }
        if self.random.once_in(40) {
            arguments.pop();
        } else if self.random.once_in(40) {
            arguments.push(self.any(1));
        }
        let expand = if !arguments.is_empty() && self.random.once_in(50) { "..." } else { "" };
        format!("{name}({}{expand})", arguments.join(", "))
    }

    /// One from a pool; sometimes anything at all.
    fn argument(&mut self, pool: &str) -> String {
        if self.random.once_in(14) {
            return self.any(1);
        }
        let random = &mut self.random;
        let from = |random: &mut Random, pool: &[&str]| quoted(pool[random.below(pool.len())]);
        match pool {
            "s" | "key" => self.text(),
            "n" => self.number(),
            "small" => random.of(&["0", "1", "2", "3", "-1", "0.5", "8"]).to_owned(),
            "base" => random.of(&["2", "8", "10", "16", "36", "37", "62", "63", "1"]).to_owned(),
            "int" => from(random, INTS),
            "base64" => from(random, BASE64),
            "encoding" => from(random, ENCODINGS),
            "namespace" => from(random, NAMESPACES),
            "path" => from(random, PATHS),
            "folder" => from(random, &["a", "/a", "no/such", "a/b"]),
            "glob" => from(random, GLOBS),
            // Written as they are: they have escapes of their own.
            "regex" => format!("\"{}\"", REGEXES[random.below(REGEXES.len())]),
            "pattern" if random.once_in(2) => format!("\"/{}/\"", REGEXES[random.below(REGEXES.len())]),
            "pattern" => self.text(),
            "replacement" => format!("\"{}\"", REPLACEMENTS[random.below(REPLACEMENTS.len())]),
            "separator" => from(random, &["", ",", "-", "a", ", ", "."]),
            "format" => quoted(FORMATS[random.below(FORMATS.len())]),
            "cidr" => from(random, CIDRS),
            "csv" => from(random, CSVS),
            "json" => from(random, JSONS),
            "yaml" => from(random, YAMLS),
            "dateformat" => from(random, DATE_FORMATS),
            "time" => from(random, TIMES),
            "duration" => from(random, DURATIONS),
            "bools" => {
                self.typed_list(|maker| maker.random.of(&["true", "false", "\"true\"", "null"]).to_owned())
            }
            "numbers" => self.typed_list(Self::number),
            "texts" => self.typed_list(Self::text),
            "mapoftexts" => {
                let (one, two) = (self.typed_list(Self::text), self.typed_list(Self::text));
                format!("{{ a = {one}, b = {two} }}")
            }
            "list" => self.list(1),
            "anylist" if random.once_in(2) => self.list(1),
            "map" | "object" => self.map(1),
            _ => self.any(2),
        }
    }

    fn text(&mut self) -> String {
        quoted(TEXTS[self.random.below(TEXTS.len())])
    }

    fn number(&mut self) -> String {
        if self.random.once_in(12) {
            return format!("\"{}\"", NUMBERS[self.random.below(NUMBERS.len())]);
        }
        // The small ones are the ones that mean something.
        let most = if self.random.once_in(3) { NUMBERS.len() } else { 10 };
        NUMBERS[self.random.below(most)].to_owned()
    }

    fn any(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 6 } else { 11 }) {
            0 => "null".to_owned(),
            1 => self.random.of(&["true", "false"]).to_owned(),
            2 | 3 => self.number(),
            4 | 5 => self.text(),
            6..=8 => self.list(depth),
            _ => self.map(depth),
        }
    }

    fn typed_list(&mut self, item: impl Fn(&mut Self) -> String) -> String {
        let items: Vec<String> = (0..self.random.below(4)).map(|_| item(self)).collect();
        self.cast(format!("[{}]", items.join(", ")))
    }

    fn cast(&mut self, list: String) -> String {
        match self.random.below(5) {
            0 => format!("toset({list})"),
            1 => format!("tolist({list})"),
            _ => list,
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let count = self.random.below(4);
        let items: Vec<String> = match self.random.below(5) {
            0 | 1 => (0..count).map(|_| self.text()).collect(),
            2 => (0..count).map(|_| self.number()).collect(),
            3 => (0..count).map(|_| self.random.of(&["\"a\"", "\"b\"", "\"c\"", "1"]).to_owned()).collect(),
            _ => (0..count).map(|_| self.any(depth.saturating_sub(1))).collect(),
        };
        self.cast(format!("[{}]", items.join(", ")))
    }

    fn map(&mut self, depth: usize) -> String {
        let is_mixed = self.random.once_in(2);
        let entries: Vec<String> = ["a", "b", "\"x-y\"", "\"1\"", "\"é\""]
            .into_iter()
            .filter_map(|name| {
                let value = if is_mixed { self.any(depth.saturating_sub(1)) } else { self.text() };
                self.random.once_in(2).then(|| format!("{name} = {value}"))
            })
            .collect();
        let map = format!("{{ {} }}", entries.join(", "));
        if self.random.once_in(4) { format!("tomap({map})") } else { map }
    }
}
