//! Writes questions about pairs of policies as SMT-LIB, beside the prover's answers: `cargo xtask oracle prove` compares.
//!
//! The problems are made of the typed policies of `palisade-iam` and of nothing of the prover: a resource is six texts,
//! a key with several values a few places that may be taken, and what AWS does not document a truth of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a tool for tests may stop")]

#[path = "../tests/it/random.rs"]
mod random;

use palisade_iam::{
    Action, Actions, Comparison, Condition, Context, Effect, Family, Glob, Operator, Policy, PolicyKind,
    Quantifier, ResourcePattern, Rest, Sign, Statement, Strictness, Test, Variable,
};
use palisade_prove::{Answer, Attached, Options, no_new_access};
use palisade_services::{Presence, Reference, Sources, ValueType, global_key};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// What keeps a pair from being written.
type Refused = String;
/// A truth, as SMT-LIB writes it.
type Term = String;

const YES: &str = "true";
const NO: &str = "false";
/// Any text without a colon.
const FIELD: &str = r#"(re.* (re.diff re.allchar (str.to_re ":")))"#;
/// Nobody has to be allowed these, or nobody can be.
const NEED_NO_PERMISSION: [&str; 2] = ["sts:getcalleridentity", "sts:getsessiontoken"];
/// No action that is listed has so long a name.
const LONGER_THAN_LISTED: usize = 90;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let of = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, usual: u64| of(name).map_or(usual, |text| text.parse().expect("a number"));
    let (pairs, seed) = (number("--pairs", 1_000), number("--seed", 1));
    match of("--managed") {
        Some(folder) => managed(Path::new(folder), pairs, seed),
        None => generated(pairs, seed),
    }
}

fn generated(pairs: u64, seed: u64) {
    for at in 0..pairs {
        let mut dice = random::Dice(seed * 1_000_000 + at);
        let (old, new) = random::pair(&mut dice);
        let [old, new] = [old, new].map(|list| random::policy("2012-10-17", &random::written(&list)));
        tell(&format!("seed {}", seed * 1_000_000 + at), &Sorted::new(old), &Sorted::new(new));
    }
}

/// Pairs of policies from files: one of ten is a pair of policies with similar names, which often contain each other.
fn managed(folder: &Path, pairs: u64, seed: u64) {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).ok()?;
        let document: Value = serde_json::from_str(&text).ok()?;
        let document = document.pointer("/PolicyVersion/Document").unwrap_or(&document).to_string();
        let name: Arc<str> = file.file_name()?.to_string_lossy().into();
        let policy = Policy::parse(&document, &name, PolicyKind::Identity, Strictness::Strict);
        Some(Sorted::new(Arc::new(policy)))
    };
    let policies: Vec<Sorted> = files.iter().filter_map(read).collect();
    let mut dice = random::Dice(seed);
    for at in 0..pairs {
        let old = dice.below(policies.len());
        let near = (old + dice.below(9)).saturating_sub(4).min(policies.len() - 1);
        let new = if at % 10 == 0 { near } else { dice.below(policies.len()) };
        let (old, new) = (&policies[old], &policies[new]);
        tell(&format!("{} -> {}", old.policy.name, new.policy.name), old, new);
    }
}

/// A policy, made ready for the prover, with the statements about each listed action.
struct Sorted {
    policy: Arc<Policy>,
    attached: Attached,
    about: Vec<u128>,
}

impl Sorted {
    fn new(policy: Arc<Policy>) -> Self {
        let about = listed().iter().map(|(action, _)| about(&policy, action)).collect();
        Self { attached: Attached::new(vec![policy.clone()]), policy, about }
    }
}

/// The listed actions, and whether they take resources, where that is known.
fn listed() -> &'static [(Action, Option<bool>)] {
    static LISTED: std::sync::OnceLock<Vec<(Action, Option<bool>)>> = std::sync::OnceLock::new();
    LISTED.get_or_init(|| {
        let mut found = Vec::new();
        for prefix in Reference::shipped().prefixes() {
            for action in &Reference::shipped().service(prefix).unwrap().actions {
                let takes = action.takes_resources().filter(|_| action.resource_sources != Sources::Differ);
                found.push((Action::parse(&format!("{prefix}:{}", action.name)).unwrap(), takes));
            }
        }
        found
    })
}

/// The statements about an action, a bit for each.
fn about(policy: &Policy, action: &Action) -> u128 {
    let context = Context::new(Rest::Absent);
    let mut bits = 0;
    for (at, statement) in policy.statements.iter().enumerate().take(128) {
        bits |= u128::from(statement.actions.matches(action, &context).is_yes()) << at;
    }
    bits
}

/// One line: what the prover answers, and the problems that say the same.
fn tell(name: &str, old: &Sorted, new: &Sorted) {
    let report = no_new_access(&old.attached, &new.attached, &Options::default());
    let (answer, why) = match &report.answer {
        Answer::Holds => ("holds", Value::Null),
        Answer::Violated(witness) => ("violated", json!(witness)),
        Answer::Unknown(why) => ("unknown", json!(why)),
    };
    let line = match problems(old, new, &report.answer) {
        Ok(problems) => json!({"name": name, "answer": answer, "why": why, "problems": problems}),
        Err(refused) => json!({"name": name, "answer": answer, "refused": refused}),
    };
    println!("{line}");
}

fn problems(old: &Sorted, new: &Sorted, answer: &Answer) -> Result<BTreeMap<String, String>, Refused> {
    if old.policy.statements.len().max(new.policy.statements.len()) > 128 {
        return Err("more than 128 statements".to_owned());
    }
    let mut found = BTreeMap::new();
    if let Answer::Violated(witness) = answer {
        let action = Action::parse(&witness.action).ok_or("no action")?;
        let which = [about(&new.policy, &action), about(&old.policy, &action)];
        let problem = Problem::write(old, new, Some(which), witness.takes_resource)?;
        return Ok(BTreeMap::from([(witness.action.clone(), problem)]));
    }
    let mut seen: BTreeSet<([u128; 2], bool)> = BTreeSet::new();
    let mut add = |name: &str, which: [u128; 2], takes: Option<bool>| {
        for takes in takes.map_or(vec![true, false], |takes| vec![takes]) {
            if which[0] != 0 && seen.insert((which, takes)) {
                found.insert(format!("{name} {takes}"), Problem::write(old, new, Some(which), takes)?);
            }
        }
        Ok::<_, Refused>(())
    };
    for (at, (action, takes)) in listed().iter().enumerate() {
        if !NEED_NO_PERMISSION.contains(&action.lowercase()) {
            add(action.lowercase(), [new.about[at], old.about[at]], *takes)?;
        }
    }
    let statements = new.policy.statements.iter().chain(&old.policy.statements);
    for text in statements.flat_map(|statement| &statement.actions.written).map(|written| &written.text) {
        let Some(action) = Action::parse(text) else { continue };
        let is_listed = listed().iter().any(|(known, _)| known.lowercase() == action.lowercase());
        if !is_listed {
            add(text, [about(&new.policy, &action), about(&old.policy, &action)], None)?;
        }
    }
    for takes in [true, false] {
        found.insert(format!("unlisted {takes}"), Problem::write(old, new, None, takes)?);
    }
    Ok(found)
}

/// What a key is in a problem.
struct Key {
    name: String,
    of: Option<ValueType>,
    // The places of its values; a key with one value has one.
    places: usize,
    is_many: bool,
}

struct Problem {
    text: String,
    keys: BTreeMap<Arc<str>, Key>,
    // Truths that AWS does not document, by what they are about.
    open: BTreeMap<String, String>,
    takes_resource: bool,
    searches_action: bool,
    fields_of: BTreeSet<String>,
}

impl Problem {
    /// Is there a request that the new policy allows and the old one does not? Of an action with these statements about
    /// it, or of one that is not listed.
    fn write(
        old: &Sorted,
        new: &Sorted,
        which: Option<[u128; 2]>,
        takes_resource: bool,
    ) -> Result<String, Refused> {
        let mut problem = Self {
            text: String::new(),
            keys: BTreeMap::new(),
            open: BTreeMap::new(),
            takes_resource,
            searches_action: which.is_none(),
            fields_of: BTreeSet::new(),
        };
        problem.say("(set-logic QF_SLIRA)");
        problem.keys(&[&old.policy, &new.policy])?;
        if takes_resource {
            for at in 1..=5 {
                problem.say(&format!("(declare-const r{at} String)"));
                if at < 5 {
                    problem.say(&format!(r#"(assert (not (str.contains r{at} ":")))"#));
                }
            }
        }
        if which.is_none() {
            let word =
                r#"(re.+ (re.union (re.range "a" "z") (re.range "0" "9") (str.to_re "-") (str.to_re "_")))"#;
            problem.say("(declare-const action String)");
            problem.say(&format!(r#"(assert (str.in_re action (re.++ {word} (str.to_re ":") {word})))"#));
            problem.say(&format!("(assert (>= (str.len action) {LONGER_THAN_LISTED}))"));
        }
        let [of_new, of_old] = which.unwrap_or([u128::MAX, u128::MAX]);
        let (allows, before) = (problem.allows(&new.policy, of_new)?, problem.allows(&old.policy, of_old)?);
        problem.say(&format!("(assert {allows})\n(assert (not {before}))\n(check-sat)"));
        Ok(problem.text)
    }

    fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn keys(&mut self, policies: &[&Arc<Policy>]) -> Result<(), Refused> {
        let statements = || policies.iter().flat_map(|policy| &policy.statements);
        let conditions = || statements().flat_map(|statement| &statement.conditions);
        let globs = statements().flat_map(|statement| &statement.resources).flat_map(|r| &r.patterns);
        let mut names: BTreeSet<Arc<str>> = conditions().map(|c| c.key.as_str().into()).collect();
        let mut read = |glob: &Glob| names.extend(glob.variables().map(|v| Arc::from(v.key.as_str())));
        for (pattern, _) in globs {
            match pattern {
                ResourcePattern::Any => {}
                ResourcePattern::Other(glob) => read(glob),
                ResourcePattern::Arn { fields, .. } => fields.iter().for_each(&mut read),
            }
        }
        for value in conditions().flat_map(|condition| &condition.values) {
            match &value.test {
                Test::Text(glob) => read(glob),
                Test::Arn(fields) => fields.iter().for_each(&mut read),
                _ => {}
            }
        }
        for (at, key) in names.iter().enumerate() {
            let about: Vec<&Condition> = conditions().filter(|c| c.key.as_str() == key.as_ref()).collect();
            let global = global_key(key);
            let listed =
                key.split_once(':').and_then(|(prefix, _)| Reference::shipped().service(prefix)?.key(key));
            let of = global.map(|key| key.of).or_else(|| {
                listed.map(|key| if key.of == ValueType::Arn { ValueType::Text } else { key.of })
            });
            let is_quantified =
                about.iter().any(|c| c.operator.is_some_and(|operator| operator.quantifier.is_some()));
            let is_many = global.map(|key| key.many).or(listed.map(|key| key.many)).unwrap_or(is_quantified);
            let places = if is_many { about.len() + 1 } else { 1 };
            let is_always = global.is_some_and(|key| key.presence == Presence::Always);
            let made = Key { name: format!("k{at}"), of, places, is_many };
            self.declare(&made, is_always)?;
            self.keys.insert(key.clone(), made);
        }
        Ok(())
    }

    fn declare(&mut self, key: &Key, is_always: bool) -> Result<(), Refused> {
        let name = &key.name;
        self.say(&format!("(declare-const {name}_is Bool)"));
        if is_always {
            self.say(&format!("(assert {name}_is)"));
        }
        for at in 0..key.places {
            let value = format!("{name}_{at}");
            if key.is_many {
                self.say(&format!("(declare-const {value}_is Bool)"));
            }
            match key.of {
                Some(ValueType::Number | ValueType::Date) => {
                    self.say(&format!("(declare-const {value} Real)"))
                }
                Some(ValueType::Address) => {
                    self.say(&format!("(declare-const {value} Int)\n(declare-const {value}_old Bool)"));
                    let most = format!("(ite {value}_old {} {})", u32::MAX, u128::MAX);
                    self.say(&format!("(assert (and (<= 0 {value}) (<= {value} {most})))"));
                }
                Some(ValueType::Bytes) => return Err("a key of bytes".to_owned()),
                Some(ValueType::Bool) => {
                    self.say(&format!("(declare-const {value} String)"));
                    self.say(&format!(r#"(assert (or (= {value} "true") (= {value} "false")))"#));
                }
                Some(ValueType::Arn) => {
                    self.say(&format!("(declare-const {value} String)"));
                    self.say(&format!("(assert {})", is_arn(&value)));
                }
                _ => self.say(&format!("(declare-const {value} String)")),
            }
        }
        for at in 0..if key.is_many { key.places } else { 0 } {
            for other in 0..at {
                let (one, two) = (format!("{name}_{at}"), format!("{name}_{other}"));
                self.say(&format!("(assert (=> (and {one}_is {two}_is) (not (= {one} {two}))))"));
            }
        }
        Ok(())
    }

    /// A truth that nothing is known of.
    fn open(&mut self, about: &str) -> Term {
        if let Some(known) = self.open.get(about) {
            return known.clone();
        }
        let name = format!("open{}", self.open.len());
        self.say(&format!("(declare-const {name} Bool)"));
        self.open.insert(about.to_owned(), name.clone());
        name
    }

    fn allows(&mut self, policy: &Policy, which: u128) -> Result<Term, Refused> {
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        for statement in
            policy.statements.iter().enumerate().filter(|(at, _)| which >> at & 1 == 1).map(|(_, s)| s)
        {
            let list = match statement.effect {
                Some(Effect::Allow) if policy.is_rejected => continue,
                Some(Effect::Allow) => &mut allows,
                Some(Effect::Deny) => &mut denies,
                None => return Err("a statement without effect".to_owned()),
            };
            list.push(self.applies(statement, policy.has_variables)?);
        }
        Ok(and(vec![or(allows), not(&or(denies))]))
    }

    fn applies(&mut self, statement: &Statement, has_variables: bool) -> Result<Term, Refused> {
        let is_open = statement.actions.open.is_some()
            || statement.open.is_some()
            || statement.resources.as_ref().is_some_and(|resources| resources.open.is_some());
        if is_open {
            return Err("a statement that is not wholly known".to_owned());
        }
        let mut all = Vec::new();
        if self.searches_action {
            all.push(names(&statement.actions));
        }
        if let Some(resources) = &statement.resources {
            if self.takes_resource {
                let mut any = Vec::new();
                for (pattern, written) in &resources.patterns {
                    any.push(self.resource(pattern, &written.text)?);
                }
                let any = or(any);
                all.push(if resources.is_negated { not(&any) } else { any });
            } else {
                let has_star = resources.patterns.iter().any(|(p, _)| matches!(p, ResourcePattern::Any));
                all.push((resources.is_negated != has_star).to_string());
            }
        }
        for condition in &statement.conditions {
            all.push(self.condition(condition, has_variables)?);
        }
        Ok(and(all))
    }

    fn resource(&mut self, pattern: &ResourcePattern, text: &str) -> Result<Term, Refused> {
        Ok(match pattern {
            ResourcePattern::Any => YES.to_owned(),
            ResourcePattern::Other(glob) => {
                self.glob(glob, r#"(str.++ "arn:" r1 ":" r2 ":" r3 ":" r4 ":" r5)"#)?
            }
            ResourcePattern::Arn { is_void: true, .. } => NO.to_owned(),
            ResourcePattern::Arn { fields, is_unclear, .. } => {
                let mut all = Vec::new();
                for (at, field) in fields.iter().enumerate().skip(1) {
                    all.push(self.glob(field, &format!("r{at}"))?);
                }
                if *is_unclear {
                    all.push(self.open(&format!("resource {text}")));
                }
                and(all)
            }
        })
    }

    /// Is the text one of those that the pattern describes?
    fn glob(&mut self, glob: &Glob, text: &str) -> Result<Term, Refused> {
        let signs = glob.signs();
        if glob.is_any() {
            return Ok(YES.to_owned());
        }
        if !glob.has_variables() {
            return Ok(match glob.as_exact() {
                Some(exact) if !glob.ignores_case() => format!("(= {text} {})", quoted(exact)),
                _ => format!("(str.in_re {text} {})", expression(&signs, glob.ignores_case(), "re.all")),
            });
        }
        let mut all = Vec::new();
        let mut parts = vec![Vec::new()];
        for sign in &signs {
            let part = match sign {
                Sign::Letter(letter) => quoted(&letter.to_string()),
                Sign::Variable(variable) => {
                    let (value, is_there) = self.variable(variable)?;
                    all.push(is_there);
                    value
                }
                Sign::Star => {
                    parts.push(Vec::new());
                    continue;
                }
                Sign::One => return Err("a `?` beside a variable".to_owned()),
            };
            parts.last_mut().unwrap().push(part);
        }
        let whole = |part: &[String]| format!("(str.++ \"\" \"\" {})", part.join(" "));
        let (lower, text) = match glob.ignores_case() {
            true => (true, format!("(str.to_lower {text})")),
            false => (false, text.to_owned()),
        };
        let whole =
            |part: &[String]| if lower { format!("(str.to_lower {})", whole(part)) } else { whole(part) };
        all.push(match parts.as_slice() {
            [only] => format!("(= {text} {})", whole(only)),
            [first, last] if last.is_empty() => format!("(str.prefixof {} {text})", whole(first)),
            [first, last] if first.is_empty() => format!("(str.suffixof {} {text})", whole(last)),
            parts => {
                let pieces: Vec<String> = parts.iter().map(|p| format!("(str.to_re {})", whole(p))).collect();
                format!("(str.in_re {text} (re.++ {}))", pieces.join(" re.all "))
            }
        });
        Ok(and(all))
    }

    /// The value of a variable, and whether it has one.
    fn variable(&self, variable: &Variable) -> Result<(String, Term), Refused> {
        let key = &self.keys[variable.key.as_str()];
        let is_text =
            matches!(key.of, None | Some(ValueType::Text | ValueType::Arn | ValueType::Bool)) && !key.is_many;
        if !is_text {
            return Err(format!("a variable of `{}`", variable.key.as_str()));
        }
        let (is, value) = (format!("{}_is", key.name), format!("{}_0", key.name));
        Ok(match &variable.default {
            Some(default) => (format!("(ite {is} {value} {})", quoted(default)), YES.to_owned()),
            None => (value, is),
        })
    }

    fn condition(&mut self, condition: &Condition, has_variables: bool) -> Result<Term, Refused> {
        let values: BTreeSet<&str> = condition.values.iter().map(|value| value.text.as_ref()).collect();
        let about =
            format!("{} {} {has_variables} {values:?}", condition.operator_text, condition.key.as_str());
        let Some(operator) = condition.operator.filter(|_| condition.open.is_none()) else {
            return Ok(self.open(&about));
        };
        let key = &self.keys[condition.key.as_str()];
        let (name, places, is_many) = (key.name.clone(), key.places, key.is_many);
        let taken: Vec<String> =
            (0..places).map(|at| if is_many { format!("{name}_{at}_is") } else { YES.to_owned() }).collect();
        let is = format!("{name}_is");
        if operator.family == Family::Null {
            if operator.quantifier.is_some() {
                return Ok(self.open(&about));
            }
            let wants =
                |absent| condition.values.iter().any(|v| matches!(v.test, Test::IsAbsent(a) if a == absent));
            let present = match is_many {
                true => format!("(ite {} {} {})", or(taken), wants(false), self.open(&about)),
                false => wants(false).to_string(),
            };
            return Ok(format!("(ite {is} {present} {})", wants(true)));
        }
        let mut each = Vec::new();
        for at in 0..places {
            each.push(self.each(condition, operator, &format!("{name}_{at}"), &about)?);
        }
        let is_text = !matches!(
            self.keys[condition.key.as_str()].of,
            Some(ValueType::Number | ValueType::Date | ValueType::Address)
        );
        let one = |at: usize| {
            let others = (0..places).filter(|other| *other != at).map(|other| not(&taken[other]));
            and([taken[at].clone()].into_iter().chain(others).collect())
        };
        let is_one = or((0..places).map(one).collect());
        let some = or((0..places).map(|at| and(vec![taken[at].clone(), each[at].clone()])).collect());
        let present = match operator.quantifier {
            None if is_many => format!("(ite {is_one} {some} {})", self.open(&about)),
            None | Some(Quantifier::ForAnyValue) => some,
            Some(Quantifier::ForAllValues) => {
                let every = (0..places).map(|at| format!("(=> {} {})", taken[at], each[at])).collect();
                let empty = |at: usize| and(vec![one(at), format!(r#"(= {name}_{at} "")"#)]);
                let empty = if is_text { or((0..places).map(empty).collect()) } else { NO.to_owned() };
                or(vec![and(every), empty])
            }
        };
        let absent = match (operator.quantifier, operator.is_negated) {
            (Some(Quantifier::ForAnyValue), negated) if negated || operator.if_exists => self.open(&about),
            _ if operator.if_exists => YES.to_owned(),
            (None, negated) => negated.to_string(),
            (Some(Quantifier::ForAllValues), false) => YES.to_owned(),
            (Some(Quantifier::ForAnyValue), false) => NO.to_owned(),
            (Some(_), true) => self.open(&about),
        };
        Ok(format!("(ite {is} {present} {absent})"))
    }

    /// Is the condition met by one value?
    fn each(
        &mut self,
        condition: &Condition,
        operator: Operator,
        value: &str,
        about: &str,
    ) -> Result<Term, Refused> {
        let of = self.keys[condition.key.as_str()].of;
        let is_text = matches!(of, None | Some(ValueType::Text | ValueType::Arn | ValueType::Bool));
        let mut any = Vec::new();
        for wanted in &condition.values {
            any.push(match &wanted.test {
                Test::Nothing => NO.to_owned(),
                Test::Undocumented(_) => self.open(about),
                Test::Text(glob) if is_text && operator.family == Family::Arn => {
                    and(vec![is_arn(value), self.glob(glob, value)?])
                }
                Test::Text(glob) if is_text => self.glob(glob, value)?,
                Test::Arn(fields) if is_text => self.arn(fields, value)?,
                Test::Bool(text) if is_text => {
                    let lower = quoted(&text.to_ascii_lowercase());
                    let open = self.open(about);
                    let almost = format!("(and (= (str.to_lower {value}) {lower}) {open})");
                    or(vec![format!("(= {value} {})", quoted(text)), almost])
                }
                Test::Number(text) if matches!(of, Some(ValueType::Number | ValueType::Date)) => {
                    let Family::Numeric(comparison) = operator.family else {
                        return Err("a number".to_owned());
                    };
                    format!("({} {value} {})", sign(comparison), decimal(text.trim()))
                }
                Test::Date(moment) if matches!(of, Some(ValueType::Date)) => {
                    let Family::Date(comparison) = operator.family else { return Err("a date".to_owned()) };
                    format!("({} {value} (/ {moment}.0 1000000000.0))", sign(comparison))
                }
                Test::Network(network) if matches!(of, Some(ValueType::Address)) => {
                    let number = |address: IpAddr| match address {
                        IpAddr::V4(address) => u128::from(u32::from(address)),
                        IpAddr::V6(address) => u128::from(address),
                    };
                    let (first, last) = (number(network.network()), number(network.broadcast()));
                    let is_old = network.network().is_ipv4();
                    format!("(and (= {value}_old {is_old}) (<= {first} {value}) (<= {value} {last}))")
                }
                _ => return Err(format!("`{}` on `{}`", condition.operator_text, condition.key_text)),
            });
        }
        let any = or(any);
        Ok(if operator.is_negated { not(&any) } else { any })
    }

    fn arn(&mut self, fields: &[Glob], value: &str) -> Result<Term, Refused> {
        let first = fields[0].matches("arn", &Context::new(Rest::Absent));
        if fields[0].has_variables() {
            return Err("a variable for `arn`".to_owned());
        }
        if first.is_no() {
            return Ok(NO.to_owned());
        }
        if !fields.iter().any(Glob::has_variables) {
            let mut parts = vec![r#"(str.to_re "arn")"#.to_owned()];
            for (at, field) in fields.iter().enumerate().skip(1) {
                parts.push(r#"(str.to_re ":")"#.to_owned());
                parts.push(expression(&field.signs(), false, if at < 5 { FIELD } else { "re.all" }));
            }
            return Ok(format!("(str.in_re {value} (re.++ {}))", parts.join(" ")));
        }
        if self.fields_of.insert(value.to_owned()) {
            let mut whole = vec![r#""arn""#.to_owned()];
            for at in 1..=5 {
                self.say(&format!("(declare-const {value}_f{at} String)"));
                if at < 5 {
                    self.say(&format!(r#"(assert (not (str.contains {value}_f{at} ":")))"#));
                }
                whole.push(format!(r#"":" {value}_f{at}"#));
            }
            let whole = whole.join(" ");
            self.say(&format!("(assert (=> {} (= {value} (str.++ {whole}))))", is_arn(value)));
        }
        let mut all = vec![is_arn(value)];
        for (at, field) in fields.iter().enumerate().skip(1) {
            all.push(self.glob(field, &format!("{value}_f{at}"))?);
        }
        Ok(and(all))
    }
}

fn names(actions: &Actions) -> Term {
    let one = |text: &str| {
        let signs: Vec<Sign> = text
            .to_ascii_lowercase()
            .chars()
            .map(|c| match c {
                '*' => Sign::Star,
                '?' => Sign::One,
                c => Sign::Letter(c),
            })
            .collect();
        match signs.as_slice() {
            [Sign::Star] => YES.to_owned(),
            signs => format!("(str.in_re action {})", expression(signs, false, "re.all")),
        }
    };
    let any = or(actions.written.iter().map(|written| one(&written.text)).collect());
    if actions.is_negated { not(&any) } else { any }
}

fn is_arn(value: &str) -> Term {
    let field = format!(r#"{FIELD} (str.to_re ":")"#);
    format!(r#"(str.in_re {value} (re.++ (str.to_re "arn:") {field} {field} {field} {field} re.all))"#)
}

fn expression(signs: &[Sign], ignores_case: bool, star: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut text = String::new();
    let end = |text: &mut String, parts: &mut Vec<String>| {
        if !text.is_empty() {
            parts.push(format!("(str.to_re {})", quoted(&std::mem::take(text))));
        }
    };
    for sign in signs {
        match sign {
            Sign::Letter(letter) if ignores_case && letter.is_ascii_alphabetic() => {
                end(&mut text, &mut parts);
                let both = [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()];
                let [lower, upper] = both.map(|c| format!("(str.to_re \"{c}\")"));
                parts.push(format!("(re.union {lower} {upper})"));
            }
            Sign::Letter(letter) => text.push(*letter),
            Sign::One => {
                end(&mut text, &mut parts);
                let colon = r#"(re.diff re.allchar (str.to_re ":"))"#;
                parts.push(if star == FIELD { colon } else { "re.allchar" }.to_owned());
            }
            Sign::Star => {
                end(&mut text, &mut parts);
                parts.push(star.to_owned());
            }
            Sign::Variable(_) => {}
        }
    }
    end(&mut text, &mut parts);
    match parts.len() {
        0 => r#"(str.to_re "")"#.to_owned(),
        1 => parts.remove(0),
        _ => format!("(re.++ {})", parts.join(" ")),
    }
}

fn quoted(text: &str) -> String {
    let mut made = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => made.push_str("\"\""),
            ' '..='~' if c != '\\' => made.push(c),
            c => write!(made, "\\u{{{:x}}}", u32::from(c)).unwrap(),
        }
    }
    made.push('"');
    made
}

fn decimal(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.trim_start_matches('+')),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let whole = whole.trim_start_matches('0');
    let number = format!(
        "{}.{}",
        if whole.is_empty() { "0" } else { whole },
        if fraction.is_empty() { "0" } else { fraction }
    );
    if sign.is_empty() { number } else { format!("(- {number})") }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equals => "=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn and(mut all: Vec<Term>) -> Term {
    all.retain(|term| term != YES);
    match all.len() {
        0 => YES.to_owned(),
        1 => all.remove(0),
        _ => format!("(and {})", all.join(" ")),
    }
}

fn or(mut any: Vec<Term>) -> Term {
    any.retain(|term| term != NO);
    match any.len() {
        0 => NO.to_owned(),
        1 => any.remove(0),
        _ => format!("(or {})", any.join(" ")),
    }
}

fn not(term: &str) -> Term {
    format!("(not {term})")
}
