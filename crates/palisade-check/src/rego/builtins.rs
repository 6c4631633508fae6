//! Which of regorus's built-in functions a rule may call, and which it may not, and why.

use super::own::{OWN, Own};
use crate::Fact;
use regorus::Value;
use regorus::unstable::{BUILTINS, BuiltinFcn, Expr, Ref, Span};

/// What a function's name means.
pub enum Lookup {
    Allowed(BuiltinFcn),
    /// One of Palisade's.
    Own(&'static Own),
    /// Another engine's.
    Fact(&'static Fact),
    /// Not allowed in any rule; the reason.
    Refused(&'static str),
    /// No such function; the nearest name.
    Missing(Option<String>),
}

/// Functions that a rule may call: pure, and no more than linear in their input.
const ALLOWED: &[&str] = &[
    "__builtin_sets.intersection",
    "__builtin_sets.union",
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "base64url.decode",
    "base64url.encode",
    "base64url.encode_no_pad",
    "bits.and",
    "bits.or",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_is_valid",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.union",
    "object.union_n",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
];

/// Functions that no rule may call.
const REFUSED: &[(&str, &str)] = &[
    ("http.send", "rules reach no network"),
    ("net.lookup_ip_addr", "rules reach no network"),
    ("opa.runtime", "rules see nothing of the machine they run on"),
    ("rand.intn", "a verdict must not depend on chance"),
    ("uuid.rfc4122", "a verdict must not depend on chance"),
    ("time.now_ns", "a verdict must not depend on when it is asked"),
    ("numbers.range", "its result can be of any size"),
    ("numbers.range_step", "its result can be of any size"),
    ("net.cidr_expand", "its result can be of any size"),
    ("bits.lsh", "its result can be of any size"),
    ("object.subset", "it aborts on some arguments; compare the parts instead"),
    ("walk", "a rule has to name what it reads"),
    ("trace", "rules print nothing"),
    ("print", "rules print nothing"),
];

/// What `name` means.
pub fn lookup(name: &str, facts: &'static [Fact]) -> Lookup {
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Lookup::Refused(why);
    }
    if let Some(own) = OWN.iter().find(|own| own.name == name) {
        return Lookup::Own(own);
    }
    if let Some(fact) = facts.iter().find(|fact| fact.name == name) {
        return Lookup::Fact(fact);
    }
    match BUILTINS.get(name) {
        Some(function) if ALLOWED.contains(&name) => Lookup::Allowed(*function),
        Some(_) => Lookup::Refused("it is not among the functions that are known to be harmless"),
        None => Lookup::Missing(nearest(name, facts)),
    }
}

/// The number of arguments that a function takes, where `given` is another.
pub fn other_arity(expected: u8, given: usize) -> Option<u8> {
    // Some of regorus's take a variable number and say 0.
    (expected != 0 && usize::from(expected) != given).then_some(expected)
}

/// Can a literal pattern be compiled at all?
pub fn is_usable_pattern(pattern: &Value, function: BuiltinFcn, span: &Span, syntax: &[Ref<Expr>]) -> bool {
    let rest = [Value::from(""), Value::from(1_u64)];
    let values: Vec<Value> = std::iter::once(pattern.clone()).chain(rest).take(syntax.len()).collect();
    match BUILTINS.get("regex.match") {
        Some((matches, _)) => {
            matches(span, syntax.get(..2).unwrap_or(syntax), values.get(..2).unwrap_or(&values), true).is_ok()
        }
        None => function.0(span, syntax, &values, true).is_ok(),
    }
}

/// What is wrong with the text of a format, if anything: a width that would fill the memory.
pub fn format_problem(format: &str) -> Option<String> {
    let mut digits = 0;
    let mut within = false;
    for character in format.chars() {
        match character {
            '%' => {
                within = !within;
                digits = 0;
            }
            '0'..='9' | '.' if within => {
                digits += 1;
                if digits > 3 {
                    return Some("the width in this format has more than three digits".to_owned());
                }
            }
            _ => within = false,
        }
    }
    None
}

fn nearest(name: &str, facts: &[Fact]) -> Option<String> {
    let distance = |candidate: &str| strsim::levenshtein(name, candidate);
    let best = ALLOWED
        .iter()
        .copied()
        .chain(OWN.iter().map(|own| own.name))
        .chain(facts.iter().map(|fact| fact.name))
        .min_by_key(|candidate| distance(candidate))?;
    (distance(best) <= 1 + name.len() / 4).then(|| best.to_owned())
}
