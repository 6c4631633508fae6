//! Random rules over random inputs, held against plain regorus: what no hand thought of.

use super::tests::{fillings, keys, resource, with_rule};
use super::{compile, fallback};
use crate::Input;
use palisade_model::Verdict;
use serde_json::{Value as Json, json};

/// A small generator of random numbers: the same seed, the same rules.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }
    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn constant(&mut self) -> &'static str {
        self.one_of(&["1", "2", "\"a\"", "\"b\"", "true", "false", "null"])
    }

    /// A value that is defined wherever the named variables are.
    fn term(&mut self, variables: &[&str]) -> String {
        match self.below(10) {
            0 | 1 => self.constant().to_owned(),
            2 => "input.a".to_owned(),
            3 => "input.b".to_owned(),
            4 => "input.map.x".to_owned(),
            5 => "object.get(input, \"a\", 1)".to_owned(),
            6 => "helper".to_owned(),
            7 => format!("count({})", self.collection(variables)),
            _ if variables.is_empty() => "input.a".to_owned(),
            _ => {
                let index = self.below(variables.len());
                let variable = variables[index];
                if self.below(3) == 0 { format!("{variable}.p") } else { variable.to_owned() }
            }
        }
    }

    fn collection(&mut self, variables: &[&str]) -> String {
        match self.below(8) {
            0 | 1 => "input.list".to_owned(),
            2 => "input.rules".to_owned(),
            3 => "input.map".to_owned(),
            4 => format!("{{{}, {}}}", self.constant(), self.term(variables)),
            5 => format!("[{}, {}]", self.term(variables), self.term(variables)),
            6 => "members".to_owned(),
            _ => format!("[y | some y in input.list; {}]", self.comparison(&["y"])),
        }
    }

    fn comparison(&mut self, variables: &[&str]) -> String {
        match self.below(7) {
            0 => format!("{} in {}", self.term(variables), self.collection(variables)),
            1 => self.term(variables),
            2 => format!("test({})", self.term(variables)),
            _ => {
                let sign = self.one_of(&["==", "!=", "==", "!=", "<", ">="]);
                format!("{} {sign} {}", self.term(variables), self.term(variables))
            }
        }
    }

    fn literal(&mut self, variables: &mut Vec<&'static str>) -> String {
        match self.below(8) {
            0 if !variables.contains(&"x") => {
                let collection = self.collection(variables);
                variables.push("x");
                format!("some x in {collection}")
            }
            1 if !variables.contains(&"v") => {
                let collection = self.collection(variables);
                variables.extend(["k", "v"]);
                format!("some k, v in {collection}")
            }
            2 if !variables.contains(&"z") => {
                let term = self.term(variables);
                variables.push("z");
                format!("z := {term}")
            }
            3 => format!("not {}", self.comparison(variables)),
            4 => format!("every e in {} {{ {} }}", self.collection(variables), self.comparison(&["e"])),
            _ => self.comparison(variables),
        }
    }

    fn body(&mut self) -> (String, Vec<&'static str>) {
        let mut variables = Vec::new();
        let count = 1 + self.below(3);
        let literals: Vec<String> = (0..count).map(|_| self.literal(&mut variables)).collect();
        (literals.join("; "), variables)
    }

    fn rule(&mut self) -> String {
        let (body, variables) = self.body();
        let said = if self.below(3) == 0 { self.term(&variables) } else { "\"m\"".to_owned() };
        let mut rego = format!("fail contains {said} if {{ {body} }}\n");
        if self.below(3) == 0 {
            rego += &format!("fail contains \"n\" if {{ {} }}\n", self.body().0);
        }
        rego += &match self.below(4) {
            0 => format!("helper := 1 if {}\n", self.flat()),
            1 => format!("default helper := false\nhelper := input.b if {}\n", self.flat()),
            2 => format!("helper := \"a\" if {} else := input.a if {} else := 2\n", self.flat(), self.flat()),
            _ => format!("helper if {}\nhelper if {}\n", self.flat(), self.flat()),
        };
        rego += &match self.below(3) {
            0 => format!("members contains w if {{ some w in input.list; {} }}\n", self.flat_with("w")),
            1 => format!("members[q] := w if {{ some q, w in input.map; {} }}\n", self.flat_with("w")),
            _ => format!("members := {{w | some w in input.list; {}}}\n", self.flat_with("w")),
        };
        rego += &match self.below(3) {
            0 => format!("test(t) if {}\n", self.flat_with("t")),
            1 => format!("test(t) := true if {} else := false\n", self.flat_with("t")),
            _ => "test(t) := t if t != 1\ntest(1) := 2\n".to_owned(),
        };
        rego
    }

    /// A comparison that calls no rule, so that rules do not call each other in a circle.
    fn flat(&mut self) -> String {
        self.flat_with("input.a")
    }

    fn flat_with(&mut self, term: &str) -> String {
        let sign = self.one_of(&["==", "!=", "<"]);
        let other = match self.below(4) {
            0 => "input.b",
            1 => "input.map.x",
            _ => self.constant(),
        };
        if self.below(5) == 0 {
            format!("not {term} {sign} {other}")
        } else {
            format!("{term} {sign} {other}")
        }
    }

    fn scalar(&mut self) -> Json {
        match self.below(7) {
            0 | 1 => json!("?"),
            2 => json!("?text"),
            3 => json!(1),
            4 => json!("a"),
            5 => json!(true),
            _ => json!(false),
        }
    }

    fn input(&mut self) -> Json {
        let mut input = serde_json::Map::new();
        for name in ["a", "b"] {
            if self.below(4) > 0 {
                input.insert(name.to_owned(), self.scalar());
            }
        }
        let list = match self.below(6) {
            0 => json!("?"),
            1 => json!([]),
            2 => json!(["a", "?more"]),
            3 => json!([self.scalar(), 1]),
            4 => json!(["?more"]),
            _ => json!(["a", 2]),
        };
        input.insert("list".to_owned(), list);
        let rules = match self.below(4) {
            0 => json!([{"p": self.scalar()}]),
            1 => json!([{"p": 1}, {"p": "a"}]),
            2 => json!([{"p": 1}, "?more"]),
            _ => json!([]),
        };
        input.insert("rules".to_owned(), rules);
        let map = match self.below(4) {
            0 => json!("?"),
            1 => json!({"x": self.scalar(), "y": 1}),
            2 => json!({}),
            _ => json!({"x": 1, "y": "a"}),
        };
        input.insert("map".to_owned(), map);
        Json::Object(input)
    }
}

fn pool() -> Vec<Json> {
    vec![json!(true), json!(false), json!(1), json!("a"), json!("b"), json!(["a"]), json!({"x": 1})]
}

#[test]
fn random_rules_agree_with_plain_regorus_however_the_unknown_is_filled_in() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut compared, mut decided, mut refused) = (0, 0, 0);
    let rules = number_of_rules();
    for _ in 0..rules {
        let rego = random.rule();
        let (ours, theirs) = with_rule(&rego, |rule| (compile(rule), fallback(rule)));
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
            refused += 1;
            continue;
        };
        for _ in 0..4 {
            let input = random.input();
            let judgement = ours.judge(&Input::of(&resource(&input), false));
            if judgement.problem.is_some() {
                continue;
            }
            let verdict = judgement.verdict();
            decided += usize::from(verdict != Verdict::Unknown);
            let mut filled = fillings(&input, &pool());
            // Too many ways to try them all: every so many-th.
            let step = 1 + filled.len() / 24;
            filled = filled.into_iter().step_by(step).collect();
            for filled in filled.into_iter().flatten() {
                let answer = theirs.judge(&Input::of(&resource(&filled), false));
                // Where regorus gives up with an error there is no answer to compare with.
                if answer.problem.is_some() {
                    continue;
                }
                compared += 1;
                let context =
                    || format!("{rego}\n{input}\nfilled {filled}\nours {judgement:#?}\ntheirs {answer:#?}");
                match verdict {
                    Verdict::Fails => assert!(!answer.failures.is_empty(), "a wrong fail: {}", context()),
                    Verdict::Passes => assert!(answer.failures.is_empty(), "a wrong pass: {}", context()),
                    Verdict::Unknown => {}
                }
                for key in keys(&judgement.failures).into_iter().filter(|key| !key.contains("(unknown)")) {
                    assert!(keys(&answer.failures).contains(&key), "{key} is not certain: {}", context());
                }
                if filled == input {
                    assert_eq!(keys(&judgement.failures), keys(&answer.failures), "{}", context());
                    assert!(judgement.open.is_empty(), "{}", context());
                }
            }
        }
    }
    assert!(
        compared > rules * 10 && decided > rules / 2 && refused < rules / 2,
        "{compared} {decided} {refused}"
    );
}

/// How many rules are tried, unless `PALISADE_RANDOM_RULES` says how many.
const RULES: usize = 250;

fn number_of_rules() -> usize {
    std::env::var("PALISADE_RANDOM_RULES").ok().and_then(|number| number.parse().ok()).unwrap_or(RULES)
}
