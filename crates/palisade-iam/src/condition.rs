//! Condition operators, following "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
//!
//! What the AWS pages leave undocumented, or tell in two ways, is unknown here, with the reason.

use crate::context::{Context, Entry};
use crate::name::Name;
use crate::pattern::{Glob, Reading, arn_fields, pattern_fields};
use crate::truth::Truth;
use crate::value::{Decimal, is_binary, parse_binary, parse_date, parse_network};
use ipnet::IpNet;
use palisade_model::Span;
use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

/// How an operator takes a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `ForAllValues:` every value of the request matches.
    ForAllValues,
    /// `ForAnyValue:` at least one value of the request matches.
    ForAnyValue,
}

/// What a comparison asks of the order of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Equals,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The sort of an operator, without its quantifier, its negation and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `StringEquals`.
    String,
    /// `StringEqualsIgnoreCase`.
    StringIgnoreCase,
    /// `StringLike`.
    StringLike,
    /// `NumericEquals` and its like.
    Numeric(Comparison),
    /// `DateEquals` and its like.
    Date(Comparison),
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    Binary,
    /// `IpAddress`.
    Address,
    /// `ArnEquals` and `ArnLike`, which are the same.
    Arn,
    /// `Null`.
    Null,
}

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// How it takes several values.
    pub quantifier: Option<Quantifier>,
    /// What it compares, and how.
    pub family: Family,
    /// `Not…`: none of the policy's values may match.
    pub is_negated: bool,
    /// `…IfExists`: true when the request has no such key.
    pub if_exists: bool,
}

const BASES: [(&str, Family, bool); 27] = [
    ("StringEquals", Family::String, false),
    ("StringNotEquals", Family::String, true),
    ("StringEqualsIgnoreCase", Family::StringIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Family::StringIgnoreCase, true),
    ("StringLike", Family::StringLike, false),
    ("StringNotLike", Family::StringLike, true),
    ("NumericEquals", Family::Numeric(Comparison::Equals), false),
    ("NumericNotEquals", Family::Numeric(Comparison::Equals), true),
    ("NumericLessThan", Family::Numeric(Comparison::Less), false),
    ("NumericLessThanEquals", Family::Numeric(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Family::Numeric(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Family::Numeric(Comparison::GreaterOrEqual), false),
    ("DateEquals", Family::Date(Comparison::Equals), false),
    ("DateNotEquals", Family::Date(Comparison::Equals), true),
    ("DateLessThan", Family::Date(Comparison::Less), false),
    ("DateLessThanEquals", Family::Date(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Family::Date(Comparison::Greater), false),
    ("DateGreaterThanEquals", Family::Date(Comparison::GreaterOrEqual), false),
    ("Bool", Family::Bool, false),
    ("BinaryEquals", Family::Binary, false),
    ("IpAddress", Family::Address, false),
    ("NotIpAddress", Family::Address, true),
    ("ArnEquals", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnLike", Family::Arn, false),
    ("ArnNotLike", Family::Arn, true),
    ("Null", Family::Null, false),
];

impl Operator {
    /// Reads an operator; nothing for one that AWS doesn't know.
    pub fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = text.strip_prefix("ForAllValues:") {
            (Some(Quantifier::ForAllValues), rest)
        } else if let Some(rest) = text.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::ForAnyValue), rest)
        } else {
            (None, text)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, family, is_negated) = *BASES.iter().find(|(name, ..)| *name == base)?;
        // "You can add IfExists to the end of any condition operator except the Null condition."
        if family == Family::Null && if_exists {
            return None;
        }
        Some(Self { quantifier, family, is_negated, if_exists })
    }

    /// The names of all operators, without quantifiers and `IfExists`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BASES.iter().map(|(name, ..)| *name)
    }

    /// The operator that asks the opposite, where one word says it.
    pub fn opposite(text: &str) -> Option<String> {
        let (quantifier, rest) = match text.split_once(':') {
            Some((quantifier, rest)) => (Some(quantifier), rest),
            None => (None, text),
        };
        let (base, suffix) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, "IfExists"),
            None => (rest, ""),
        };
        let opposite = match base {
            "NotIpAddress" => "IpAddress".to_owned(),
            "IpAddress" => "NotIpAddress".to_owned(),
            "NumericLessThan" => "NumericGreaterThanEquals".to_owned(),
            "NumericLessThanEquals" => "NumericGreaterThan".to_owned(),
            "NumericGreaterThan" => "NumericLessThanEquals".to_owned(),
            "NumericGreaterThanEquals" => "NumericLessThan".to_owned(),
            "DateLessThan" => "DateGreaterThanEquals".to_owned(),
            "DateLessThanEquals" => "DateGreaterThan".to_owned(),
            "DateGreaterThan" => "DateLessThanEquals".to_owned(),
            "DateGreaterThanEquals" => "DateLessThan".to_owned(),
            base if base.contains("Not") => base.replacen("Not", "", 1),
            base => {
                let family =
                    ["String", "Numeric", "Date", "Arn"].into_iter().find(|f| base.starts_with(f))?;
                format!("{family}Not{}", &base[family.len()..])
            }
        };
        let quantifier = match quantifier {
            Some("ForAllValues") => "ForAnyValue:",
            Some("ForAnyValue") => "ForAllValues:",
            _ => "",
        };
        Some(format!("{quantifier}{opposite}{suffix}"))
    }

    fn reads(self, variables: bool) -> Reading {
        Reading {
            wildcards: matches!(self.family, Family::StringLike | Family::Arn),
            variables,
            ignores_case: self.family == Family::StringIgnoreCase,
        }
    }
}

/// One value of a policy's condition, compiled for its operator.
#[derive(Debug, Clone)]
pub enum Test {
    /// A text or a pattern.
    Text(Glob),
    /// The six fields of an ARN, each a pattern.
    Arn(Box<[Glob]>),
    /// A number, as it was written.
    Number(Box<str>),
    /// A moment.
    Date(i128),
    /// True or false, and as it was written.
    Bool(Box<str>),
    /// A range of addresses.
    Network(IpNet),
    /// Bytes.
    Binary(Box<[u8]>),
    /// `Null`: must the key be absent?
    IsAbsent(bool),
    /// A value that is nothing of the sort: it matches no request.
    Nothing,
    /// What AWS makes of it is not documented.
    Undocumented(Arc<str>),
}

/// A value of a condition and where it stands.
#[derive(Debug, Clone)]
pub struct TestValue {
    /// As it was written.
    pub text: Arc<str>,
    /// What it asks.
    pub test: Test,
}

/// One operator, one key, and the values: a leaf of a statement's `Condition`.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The operator as it was written.
    pub operator_text: Arc<str>,
    /// The operator; nothing when AWS doesn't know it.
    pub operator: Option<Operator>,
    /// The key as it was written.
    pub key_text: Arc<str>,
    /// The key in lowercase.
    pub key: Name,
    /// The values, any of which may match.
    pub values: Vec<TestValue>,
    /// Where it stands.
    pub span: Option<Span>,
    /// Why part of it is not known, when it is not.
    pub open: Option<Arc<str>>,
}

/// Compiles a value for an operator. The text is the reason why AWS would refuse it.
pub fn compile_value(operator: Operator, text: &str, variables: bool) -> (Test, Option<String>) {
    let nothing = |what: &str| (Test::Nothing, Some(format!("`{text}` is not {what}")));
    match operator.family {
        Family::String | Family::StringIgnoreCase | Family::StringLike => {
            let (glob, malformed) = Glob::parse(text, operator.reads(variables));
            (Test::Text(glob), malformed.map(|_| format!("`{text}` has a `${{` that begins no variable")))
        }
        Family::Arn => compile_arn(text, operator.reads(variables)),
        Family::Numeric(_) => match Decimal::parse(text) {
            Some(_) => (Test::Number(text.into()), None),
            None => nothing("a number"),
        },
        Family::Date(_) => match parse_date(text) {
            Some(moment) => (Test::Date(moment), None),
            None => nothing("a date: `2026-01-31T00:00:00Z` or seconds since 1970 are expected"),
        },
        Family::Bool if variables && text.contains("${") => (
            Test::Undocumented("the AWS pages disagree on whether `Bool` takes policy variables".into()),
            None,
        ),
        Family::Bool if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => {
            (Test::Bool(text.into()), None)
        }
        Family::Bool => nothing("`true` or `false`"),
        Family::Null if text.eq_ignore_ascii_case("true") => (Test::IsAbsent(true), None),
        Family::Null if text.eq_ignore_ascii_case("false") => (Test::IsAbsent(false), None),
        Family::Null => nothing("`true` or `false`"),
        Family::Binary => match parse_binary(text) {
            Some(bytes) => (Test::Binary(bytes.into()), None),
            None => nothing("base64"),
        },
        Family::Address => match parse_network(text) {
            Some(network) => (Test::Network(network), None),
            None => nothing("an address or a range of addresses (CIDR)"),
        },
    }
}

fn compile_arn(text: &str, reading: Reading) -> (Test, Option<String>) {
    let fields = pattern_fields(text, reading.variables);
    if let [only] = fields.as_slice() {
        let (glob, _) = Glob::parse(only, reading);
        if glob.is_any() || glob.has_variables() {
            return (Test::Text(glob), None);
        }
    }
    if fields.len() < 6 {
        let why =
            format!("`{text}` is not an ARN: `arn:partition:service:region:account:resource` is expected");
        return (Test::Nothing, Some(why));
    }
    (Test::Arn(fields.into_iter().map(|field| Glob::parse(field, reading).0).collect()), None)
}

impl Test {
    fn matches(&self, family: Family, value: &str, context: &Context) -> Truth {
        match self {
            // An ARN operator compares ARNs: what is none matches nothing.
            Self::Text(_) if family == Family::Arn && arn_fields(value).is_none() => Truth::No,
            Self::Text(glob) => glob.matches(value, context),
            Self::Arn(globs) => match arn_fields(value) {
                Some(fields) => globs
                    .iter()
                    .zip(fields)
                    .map(|(glob, field)| glob.matches(field, context))
                    .min()
                    .unwrap_or(Truth::No),
                None => Truth::No,
            },
            Self::Number(number) => {
                let Family::Numeric(comparison) = family else { return Truth::No };
                match (Decimal::parse(value), Decimal::parse(number)) {
                    (Some(value), Some(number)) => comparison.holds(value.cmp(&number)).into(),
                    // aws:EpochTime and its like are dates that numeric operators take too.
                    (None, Some(_)) => match (parse_date(value), parse_date(number)) {
                        (Some(value), Some(number)) => comparison.holds(value.cmp(&number)).into(),
                        _ => Truth::No,
                    },
                    _ => Truth::No,
                }
            }
            Self::Date(moment) => {
                let Family::Date(comparison) = family else { return Truth::No };
                parse_date(value).is_some_and(|value| comparison.holds(value.cmp(moment))).into()
            }
            // The page does not say whether the letter case of `true` matters.
            Self::Bool(bool) if bool.as_ref() == value => Truth::Yes,
            Self::Bool(bool) if bool.eq_ignore_ascii_case(value) => Truth::Unknown,
            Self::Bool(_) | Self::Nothing | Self::IsAbsent(_) => Truth::No,
            Self::Network(network) => {
                value.parse::<IpAddr>().is_ok_and(|address| network.contains(&address)).into()
            }
            Self::Binary(bytes) => is_binary(value, bytes).into(),
            Self::Undocumented(_) => Truth::Unknown,
        }
    }
}

impl Condition {
    /// Is the condition met?
    pub fn holds(&self, context: &Context) -> Truth {
        let Some(operator) = self.operator else {
            return Truth::Unknown;
        };
        if self.open.is_some() {
            return Truth::Unknown;
        }
        let entry = context.get(&self.key);
        if operator.family == Family::Null {
            return self.is_null(operator, entry);
        }
        match entry {
            Entry::Values(values) => self.with_values(operator, values, context),
            Entry::Absent => when_absent(operator),
            Entry::Present(_) => self.when_present(operator),
            Entry::Unknown(_) => {
                let (absent, present) = (when_absent(operator), self.when_present(operator));
                if absent == present { absent } else { Truth::Unknown }
            }
        }
    }

    fn is_null(&self, operator: Operator, entry: &Entry) -> Truth {
        let is_absent = match entry {
            Entry::Absent => true,
            Entry::Values(values) if values.is_empty() => return Truth::Unknown,
            Entry::Values(_) | Entry::Present(_) => false,
            Entry::Unknown(_) => {
                let wants =
                    |absent| self.values.iter().any(|v| matches!(v.test, Test::IsAbsent(a) if a == absent));
                return if wants(true) && wants(false) { Truth::Yes } else { Truth::Unknown };
            }
        };
        if operator.quantifier.is_some() {
            return Truth::Unknown;
        }
        self.values
            .iter()
            .any(|value| matches!(value.test, Test::IsAbsent(wanted) if wanted == is_absent))
            .into()
    }

    fn with_values(&self, operator: Operator, values: &[Box<str>], context: &Context) -> Truth {
        let each = |value: &str| self.value_matches(operator, value, context);
        match operator.quantifier {
            None => match values {
                [value] => each(value),
                // How AWS compares several values without a set operator is not documented.
                _ => Truth::Unknown,
            },
            Some(Quantifier::ForAllValues) => match values {
                [value] if value.is_empty() => Truth::Yes,
                _ => values.iter().map(|value| each(value)).min().unwrap_or(Truth::Yes),
            },
            Some(Quantifier::ForAnyValue) => {
                values.iter().map(|value| each(value)).max().unwrap_or(Truth::No)
            }
        }
    }

    fn value_matches(&self, operator: Operator, value: &str, context: &Context) -> Truth {
        let mut any = Truth::No;
        for test in &self.values {
            any = any.or(test.test.matches(operator.family, value, context));
            if any.is_yes() {
                break;
            }
        }
        if operator.is_negated { !any } else { any }
    }

    /// The key is there, its value is not known.
    fn when_present(&self, operator: Operator) -> Truth {
        let matches_all =
            self.values.iter().any(|value| matches!(&value.test, Test::Text(glob) if glob.is_any()));
        match (matches_all, operator.is_negated) {
            (true, is_negated) => (!is_negated).into(),
            (false, _) => Truth::Unknown,
        }
    }

    /// Why it is not known whether the condition is met.
    pub fn why_open(&self, context: &Context) -> Arc<str> {
        if let Some(why) = &self.open {
            return why.clone();
        }
        let Some(operator) = self.operator else {
            return format!("`{}` is not a condition operator", self.operator_text).into();
        };
        match context.get(&self.key) {
            Entry::Present(why) | Entry::Unknown(why) => return why.clone(),
            Entry::Absent => {
                return "AWS does not document this operator for a key that the request lacks".into();
            }
            Entry::Values(values) if operator.quantifier.is_none() && values.len() != 1 => {
                return "AWS does not document an operator for one value on a key with several or none"
                    .into();
            }
            Entry::Values(_) => {}
        }
        let undocumented = self.values.iter().find_map(|value| match &value.test {
            Test::Undocumented(why) => Some(why.clone()),
            _ => None,
        });
        undocumented.unwrap_or_else(|| "a policy variable in it has a value that is not known".into())
    }

    /// Does it require the key to be what its values say: no negation, and nothing that an absent key meets?
    pub fn requires_value(&self) -> bool {
        self.operator.is_some_and(|operator| {
            !operator.is_negated
                && !operator.if_exists
                && operator.family != Family::Null
                && operator.quantifier != Some(Quantifier::ForAllValues)
        })
    }
}

/// The request does not carry the key.
fn when_absent(operator: Operator) -> Truth {
    match (operator.quantifier, operator.is_negated) {
        // "If the key is not present, evaluate the condition element as true" (operators) against "if the key doesn't
        // exist, ForAnyValue returns false" (multivalued keys); of negated operators neither page says it.
        (Some(Quantifier::ForAnyValue), is_negated) if is_negated || operator.if_exists => Truth::Unknown,
        _ if operator.if_exists => Truth::Yes,
        (None, is_negated) => is_negated.into(),
        (Some(Quantifier::ForAllValues), false) => Truth::Yes,
        (Some(Quantifier::ForAnyValue), false) => Truth::No,
        // ForAllValues with a negated operator: the pages on operators and on multivalued keys disagree.
        // ForAnyValue with a negated operator: no page says it.
        (Some(_), true) => Truth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Rest;

    fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
        let parsed = Operator::parse(operator);
        Condition {
            operator_text: operator.into(),
            operator: parsed,
            key_text: key.into(),
            key: Name::new(key),
            values: values
                .iter()
                .map(|text| TestValue {
                    text: (*text).into(),
                    test: parsed.map_or(Test::Nothing, |operator| compile_value(operator, text, true).0),
                })
                .collect(),
            span: None,
            open: None,
        }
    }

    fn check(operator: &str, wanted: &[&str], found: Option<&[&str]>, expected: Truth) {
        let mut context = Context::new(Rest::Absent);
        if let Some(found) = found {
            context.set("k:k", Entry::values(found.iter().copied()));
        }
        let holds = condition(operator, "K:k", wanted).holds(&context);
        assert_eq!(holds, expected, "{operator} {wanted:?} on {found:?}");
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    #[test]
    fn a_missing_key_fails_positive_and_meets_negated_operators() {
        for name in Operator::names().filter(|name| *name != "Null") {
            let value = ["true", "1", "2026-01-01", "10.0.0.0/8", "arn:aws:s3:::b", "QQ=="];
            let is_negated = name.contains("Not");
            check(name, &value, None, is_negated.into());
            check(&format!("{name}IfExists"), &value, None, Truth::Yes);
            check(&format!("ForAllValues:{name}IfExists"), &value, None, Truth::Yes);
        }
        check("Null", &["true"], None, Truth::Yes);
        check("Null", &["false"], None, Truth::No);
        check("Null", &["false"], Some(&["x"]), Truth::Yes);
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    #[test]
    fn set_operators_follow_the_page() {
        check("ForAllValues:StringEquals", &["a", "b"], Some(&["a"]), Truth::Yes);
        check("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "c"]), Truth::No);
        check("ForAllValues:StringEquals", &["a"], None, Truth::Yes);
        check("ForAllValues:StringEquals", &["a"], Some(&[]), Truth::Yes);
        check("ForAllValues:StringEquals", &["a"], Some(&[""]), Truth::Yes);
        check("ForAnyValue:StringEquals", &["a"], Some(&["a", "c"]), Truth::Yes);
        check("ForAnyValue:StringEquals", &["a"], None, Truth::No);
        check("ForAnyValue:StringEquals", &["a"], Some(&[]), Truth::No);
        check("ForAnyValue:StringNotEquals", &["a"], Some(&["a", "b"]), Truth::Yes);
        check("ForAllValues:StringNotEquals", &["a"], Some(&["a", "b"]), Truth::No);
    }

    #[test]
    fn what_no_page_tells_is_unknown() {
        check("ForAllValues:StringNotEquals", &["a"], None, Truth::Unknown);
        check("ForAnyValue:StringNotEquals", &["a"], None, Truth::Unknown);
        check("ForAnyValue:StringNotEqualsIfExists", &["a"], None, Truth::Unknown);
        check("StringEquals", &["a"], Some(&["a", "b"]), Truth::Unknown);
        check("Bool", &["true"], Some(&["True"]), Truth::Unknown);
        check("Bool", &["${aws:x}"], Some(&["true"]), Truth::Unknown);
        check("Null", &["true"], Some(&[]), Truth::Unknown);
    }

    #[test]
    fn each_family_compares_in_its_own_way() {
        for (operator, wanted, found, expected) in [
            ("StringEquals", "abc", "ABC", Truth::No),
            ("StringEqualsIgnoreCase", "abc", "ABC", Truth::Yes),
            ("StringEquals", "a*", "abc", Truth::No),
            ("StringLike", "a*", "a:b/c", Truth::Yes),
            ("StringNotLike", "a*", "b", Truth::Yes),
            ("NumericLessThan", "300.5", "300.2", Truth::Yes),
            ("NumericEquals", "10", "ten", Truth::No),
            ("NumericNotEquals", "10", "11", Truth::Yes),
            ("DateGreaterThan", "2020-01-01T00:00:01Z", "1700000000", Truth::Yes),
            ("DateLessThan", "2030-01-01", "2026-01-01T00:00:00Z", Truth::Yes),
            ("Bool", "true", "false", Truth::No),
            ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", Truth::Yes),
            ("IpAddress", "203.0.113.0/24", "203.0.113.9", Truth::Yes),
            ("IpAddress", "203.0.113.5", "203.0.113.6", Truth::No),
            ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", Truth::Yes),
            ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:0:0:0:1", Truth::Yes),
            (
                "ArnEquals",
                "arn:aws:sns:*:111122223333:top*",
                "arn:aws:sns:eu-west-1:111122223333:topic",
                Truth::Yes,
            ),
            ("ArnLike", "arn:aws:s:*:1:f/*", "arn:aws:s:r:9:store:1:f/d", Truth::No),
            ("ArnNotLike", "arn:aws:s:*:1:f/*", "arn:aws:s:r:1:g", Truth::Yes),
        ] {
            check(operator, &[wanted], Some(&[found]), expected);
        }
    }

    #[test]
    fn values_are_alternatives_and_negated_ones_exclusions() {
        check("StringEquals", &["a", "b"], Some(&["b"]), Truth::Yes);
        check("StringNotEquals", &["a", "b"], Some(&["b"]), Truth::No);
        check("StringNotEquals", &["a", "b"], Some(&["c"]), Truth::Yes);
    }

    #[test]
    fn a_variable_without_value_matches_nothing_and_so_meets_a_negation() {
        check("StringEquals", &["${aws:none}"], Some(&["x"]), Truth::No);
        check("StringNotEquals", &["${aws:none}"], Some(&["x"]), Truth::Yes);
    }

    #[test]
    fn operators_that_aws_does_not_know_are_none() {
        for text in [
            "",
            "StringEqual",
            "stringequals",
            "NullIfExists",
            "ForAllValues",
            "ForSome:StringEquals",
            "BoolNot",
        ] {
            assert!(Operator::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn opposites_are_said_in_one_word_where_there_is_one() {
        for (operator, opposite) in [
            ("StringEquals", Some("StringNotEquals")),
            ("StringNotLikeIfExists", Some("StringLikeIfExists")),
            ("IpAddress", Some("NotIpAddress")),
            ("NumericLessThan", Some("NumericGreaterThanEquals")),
            ("ForAnyValue:StringEquals", Some("ForAllValues:StringNotEquals")),
            ("Bool", None),
            ("Null", None),
        ] {
            assert_eq!(Operator::opposite(operator).as_deref(), opposite, "{operator}");
        }
    }
}
