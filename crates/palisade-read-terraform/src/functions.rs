//! Terraform's functions: a table of names, each with what it returns and how it is computed.
//!
//! A function that isn't computed here still says what it returns, where that is certain. To add one, add its row.

mod attempts;
mod bytes;
mod collections;
mod files;
mod format;
mod network;
mod numbers;
mod parameters;
mod patterns;
mod times;
mod yaml;

use crate::convert::{Type, convert, distinct, items_of, set, text_of, to_bool, to_number, to_text};
use crate::evaluate::{Environment, Failure, Outcome, equal_or_unknown, order, pairs_of};
use crate::syntax::{Expression, ExpressionKind};
use crate::types::unify;
use crate::value::{Items, Kind, Sequence, Value, equal, number, unknown};
use indexmap::IndexMap;
use palisade_model::{Origin, Shape, Unknown, Why};
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation as _;

/// What a function is given and where its result stands.
struct Given<'a> {
    arguments: &'a [Value],
    origin: &'a Origin,
}

/// How a function is computed.
#[derive(Clone, Copy)]
enum How {
    /// From arguments that are known through and through.
    Known(fn(&Given<'_>) -> Outcome),
    /// From arguments with unknown parts too.
    Partly(fn(&Given<'_>) -> Outcome),
    /// From what the module source hands over, too.
    Here(fn(&mut Environment<'_>, &Given<'_>) -> Outcome),
    /// Only when the configuration is applied: it asks the clock or chance.
    Later,
    /// Not at all: it needs this machine's own paths or a key.
    NotHere,
}

/// What every result of a function is, if it has one.
type Returns = Option<Shape>;

const TEXT: Returns = Some(Shape::Text);
const NUMBER: Returns = Some(Shape::Number);
const BOOL: Returns = Some(Shape::Bool);
const LIST: Returns = Some(Shape::List);
const MAP: Returns = Some(Shape::Map);

fn function(name: &str) -> Option<(Returns, How)> {
    use How::{Here, Known, Later, NotHere, Partly};
    Some(match name {
        "abs" => (NUMBER, Known(|given| rounded(given, f64::abs))),
        "alltrue" => (BOOL, Partly(|given| quantified(given, true))),
        "anytrue" => (BOOL, Partly(|given| quantified(given, false))),
        "base64decode" => (TEXT, Known(bytes::base64decode)),
        "base64encode" => (TEXT, Known(bytes::base64encode)),
        "ceil" => (NUMBER, Known(|given| rounded(given, f64::ceil))),
        "chomp" => {
            (TEXT, Known(|given| mapped(given, |text| text.trim_end_matches(['\n', '\r']).to_owned())))
        }
        "chunklist" => (LIST, Known(chunklist)),
        "coalesce" => (None, Partly(coalesce)),
        "coalescelist" => (LIST, Partly(coalescelist)),
        "compact" => (LIST, Partly(compact)),
        "concat" => (LIST, Partly(concat)),
        "contains" => (BOOL, Partly(contains)),
        "distinct" => (
            LIST,
            Known(|given| {
                let list = list_in(given, 0)?;
                Ok(list_like(distinct(list.items.clone()), list, given))
            }),
        ),
        "element" => (None, Partly(element)),
        "endswith" => (BOOL, Known(|given| tested(given, |text, end| text.ends_with(end)))),
        "flatten" => (LIST, Partly(flatten)),
        "floor" => (NUMBER, Known(|given| rounded(given, f64::floor))),
        "format" => (TEXT, Known(format::format)),
        "formatlist" => (LIST, Known(format::formatlist)),
        "index" => (NUMBER, Known(index)),
        "join" => (TEXT, Partly(join)),
        "jsondecode" => (None, Partly(jsondecode)),
        "jsonencode" => (TEXT, Partly(jsonencode)),
        "keys" => (LIST, Partly(keys)),
        "length" => (NUMBER, Partly(length)),
        "lookup" => (None, Partly(lookup)),
        "lower" => (TEXT, Known(|given| mapped(given, lower))),
        "max" => (NUMBER, Known(|given| extreme(given, std::cmp::Ordering::Greater))),
        "merge" => (MAP, Partly(merge)),
        "min" => (NUMBER, Known(|given| extreme(given, std::cmp::Ordering::Less))),
        "nonsensitive" | "sensitive" | "ephemeralasnull" => {
            (None, Partly(|given| argument(given, 0).cloned()))
        }
        "one" => (None, Partly(one)),
        "range" => (LIST, Known(range)),
        "replace" => (TEXT, Known(replace)),
        "reverse" => (
            LIST,
            Known(|given| {
                let list = list_in(given, 0)?;
                Ok(list_like(list.items.iter().rev().cloned().collect(), list, given))
            }),
        ),
        "setintersection" => (
            LIST,
            Known(|given| {
                sets(given, |kept, next| {
                    kept.retain(|item| next.iter().any(|other| equal(item, other) == Some(true)));
                })
            }),
        ),
        "setsubtract" => (
            LIST,
            Known(|given| {
                sets(given, |kept, next| {
                    kept.retain(|item| !next.iter().any(|other| equal(item, other) == Some(true)));
                })
            }),
        ),
        "setunion" => (LIST, Known(|given| sets(given, |kept, next| kept.extend(next.iter().cloned())))),
        "slice" => (LIST, Known(slice)),
        "sort" => (LIST, Known(sort)),
        "split" => (LIST, Known(split)),
        "startswith" => (BOOL, Known(|given| tested(given, |text, start| text.starts_with(start)))),
        "strcontains" => (BOOL, Known(|given| tested(given, |text, part| text.contains(part)))),
        "strrev" => (TEXT, Known(strrev)),
        "substr" => (TEXT, Known(substr)),
        "sum" => (NUMBER, Known(sum)),
        "title" => (TEXT, Known(|given| mapped(given, title))),
        "tobool" => (BOOL, Partly(|given| to_bool(argument(given, 0)?))),
        "tolist" => (LIST, Partly(|given| convert(argument(given, 0)?, &Type::List(Arc::new(Type::Any))))),
        "tomap" => (MAP, Partly(|given| convert(argument(given, 0)?, &Type::Map(Arc::new(Type::Any))))),
        "tonumber" => (NUMBER, Partly(|given| to_number(argument(given, 0)?))),
        "toset" => (LIST, Partly(|given| convert(argument(given, 0)?, &Type::Set(Arc::new(Type::Any))))),
        "tostring" => (TEXT, Partly(|given| to_text(argument(given, 0)?))),
        "trim" => (TEXT, Known(|given| trimmed(given, |text, cut| text.trim_matches(|c| cut.contains(c))))),
        "trimprefix" => {
            (TEXT, Known(|given| trimmed(given, |text, cut| text.strip_prefix(cut).unwrap_or(text))))
        }
        "trimspace" => (TEXT, Known(|given| mapped(given, |text| text.trim().to_owned()))),
        "trimsuffix" => {
            (TEXT, Known(|given| trimmed(given, |text, cut| text.strip_suffix(cut).unwrap_or(text))))
        }
        "upper" => (TEXT, Known(|given| mapped(given, upper))),
        "values" => (LIST, Partly(values)),
        "zipmap" => (MAP, Known(zipmap)),
        "basename" => (TEXT, Known(|given| mapped(given, files::basename))),
        "dirname" => (TEXT, Known(|given| mapped(given, files::dirname))),
        "pathexpand" => (TEXT, Known(files::pathexpand)),
        "file" => (TEXT, Here(files::file)),
        "filebase64" => (TEXT, Here(files::filebase64)),
        "filebase64sha256" => {
            (TEXT, Here(|environment, given| files::base64_hash(environment, given, bytes::sha256)))
        }
        "filebase64sha512" => {
            (TEXT, Here(|environment, given| files::base64_hash(environment, given, bytes::sha512)))
        }
        "fileexists" => (BOOL, Here(files::fileexists)),
        "filemd5" => (TEXT, Here(|environment, given| files::hex_hash(environment, given, bytes::md5))),
        "fileset" => (LIST, Here(files::fileset)),
        "filesha1" => (TEXT, Here(|environment, given| files::hex_hash(environment, given, bytes::sha1))),
        "filesha256" => (TEXT, Here(|environment, given| files::hex_hash(environment, given, bytes::sha256))),
        "filesha512" => (TEXT, Here(|environment, given| files::hex_hash(environment, given, bytes::sha512))),
        "templatefile" => (None, Here(files::templatefile)),
        "templatestring" => (TEXT, Here(files::templatestring)),
        "base64sha256" => (TEXT, Known(|given| bytes::base64_hash(given, bytes::sha256))),
        "base64sha512" => (TEXT, Known(|given| bytes::base64_hash(given, bytes::sha512))),
        "md5" => (TEXT, Known(|given| bytes::hex_hash(given, bytes::md5))),
        "sha1" => (TEXT, Known(|given| bytes::hex_hash(given, bytes::sha1))),
        "sha256" => (TEXT, Known(|given| bytes::hex_hash(given, bytes::sha256))),
        "sha512" => (TEXT, Known(|given| bytes::hex_hash(given, bytes::sha512))),
        "textdecodebase64" => (TEXT, Known(bytes::textdecodebase64)),
        "textencodebase64" => (TEXT, Known(bytes::textencodebase64)),
        "urlencode" => (TEXT, Known(|given| mapped(given, bytes::urlencode))),
        "uuidv5" => (TEXT, Known(bytes::uuidv5)),
        "cidrhost" => (TEXT, Known(network::cidrhost)),
        "cidrnetmask" => (TEXT, Known(network::cidrnetmask)),
        "cidrsubnet" => (TEXT, Known(network::cidrsubnet)),
        "cidrsubnets" => (LIST, Known(network::cidrsubnets)),
        "csvdecode" => (LIST, Known(collections::csvdecode)),
        "matchkeys" => (LIST, Known(collections::matchkeys)),
        "setproduct" => (LIST, Known(collections::setproduct)),
        "transpose" => (MAP, Known(collections::transpose)),
        "indent" => (TEXT, Known(indent)),
        "log" => (NUMBER, Known(numbers::log)),
        "parseint" => (NUMBER, Known(numbers::parseint)),
        "pow" => (NUMBER, Known(numbers::pow)),
        "signum" => (NUMBER, Known(numbers::signum)),
        "regex" => (None, Known(patterns::regex)),
        "regexall" => (LIST, Known(patterns::regexall)),
        "formatdate" => (TEXT, Known(times::formatdate)),
        "timeadd" => (TEXT, Known(times::timeadd)),
        "timecmp" => (NUMBER, Known(times::timecmp)),
        "yamldecode" => (None, Known(yaml::yamldecode)),
        "yamlencode" => (TEXT, Known(yaml::yamlencode)),
        "bcrypt" | "plantimestamp" | "timestamp" | "uuid" => (TEXT, Later),
        "abspath" | "base64gzip" | "rsadecrypt" => (TEXT, NotHere),
        "issensitive" => (BOOL, NotHere),
        _ => return None,
    })
}

/// Calls a function by its name.
pub(crate) fn call(
    environment: &mut Environment<'_>,
    name: &str,
    arguments: &[Expression],
    expands_last: bool,
    expression: &Expression,
) -> Outcome {
    let origin = &expression.place.origin();
    match name {
        "try" => return attempts::tried(environment, arguments, expands_last, origin),
        "can" if expands_last => return attempts::can_spread(environment, arguments, origin),
        "can" => return attempts::can(environment, arguments, origin),
        "coalescelist" if has_bare_null(arguments, expands_last) => return Err(Failure),
        _ => {}
    }
    let values = match evaluated(environment, arguments, expands_last)? {
        Ok(values) => values,
        Err(unknown) => {
            environment.doubt(&unknown);
            let returns = function(name).and_then(|(returns, _)| returns);
            return Ok(Value::unknown(crate::value::unknown(unknown.why.clone(), false, returns), origin));
        }
    };
    let Some((returns, how)) = function(name) else {
        let value = crate::evaluate::not_evaluated(expression);
        environment.doubt_unknown(&value);
        return Ok(value);
    };
    if !attempts::cannot_fail(name, &values) {
        values.iter().for_each(|value| environment.doubt_unknown(value));
    }
    let values = parameters::conform(name, values)?;
    // Parts are shared, so that most functions cost far less than their arguments are large.
    let size: usize = values.iter().map(Value::size).sum();
    environment.world.charge(size / 64);
    if matches!(name, "format" | "formatlist") && has_bare_null(arguments, expands_last) {
        let why = Why::AfterApply(expression.place.quoted());
        return Ok(Value::unknown(unknown(why, true, returns), origin));
    }
    let given = Given { arguments: &values, origin };
    let outcome = match how {
        How::NotHere => {
            let why = Why::NotEvaluated(expression.place.quoted());
            Ok(Value::unknown(unknown(why, true, returns), origin))
        }
        How::Later => {
            let why = Why::AfterApply(expression.place.quoted());
            Ok(Value::unknown(unknown(why, true, returns), origin))
        }
        How::Here(compute) => compute(environment, &given),
        How::Partly(compute) => compute(&given),
        How::Known(compute) => match values.iter().find_map(Value::first_unknown) {
            Some(cause) => Ok(Value::unknown_like(cause, returns, origin)),
            None => compute(&given),
        },
    };
    let value = outcome?.at(origin);
    environment.world.charge(value.size() / 64);
    // What nobody could compute from arguments that are known.
    if !matches!(how, How::Later) && !values.iter().any(Value::has_unknown) {
        environment.doubt_unknown(&value);
    }
    Ok(value)
}

/// What one of the functions that look into files comes to.
pub(crate) fn of_values(
    environment: &mut Environment<'_>,
    name: &str,
    arguments: &[Value],
    origin: &Origin,
) -> Outcome {
    match function(name) {
        Some((_, How::Here(compute))) => compute(environment, &Given { arguments, origin }),
        _ => Err(Failure),
    }
}

/// The arguments, the last one spread out when `...` follows it; or why it can't be spread out.
fn evaluated(
    environment: &mut Environment<'_>,
    arguments: &[Expression],
    expands_last: bool,
) -> Result<Result<Vec<Value>, Arc<Unknown>>, Failure> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(environment.evaluate(argument)?);
    }
    if !expands_last {
        return Ok(Ok(values));
    }
    let last = values.pop().ok_or(Failure)?;
    match &last.kind {
        Kind::List(list) => match &list.more {
            Some(more) => Ok(Err(more.clone())),
            None => {
                values.extend(list.items.iter().cloned());
                Ok(Ok(values))
            }
        },
        Kind::Unknown(unknown) => Ok(Err(unknown.clone())),
        _ => Err(Failure),
    }
}

/// Is one of the arguments written as `null`? Such a null is of no type, other than that of a variable.
fn has_bare_null(arguments: &[Expression], expands_last: bool) -> bool {
    let is_null = |expression: &Expression| matches!(expression.kind, ExpressionKind::Null);
    let spread = arguments.last().filter(|_| expands_last).map(|last| &last.kind);
    arguments.iter().any(is_null)
        || matches!(spread, Some(ExpressionKind::List(items)) if items.iter().any(is_null))
}

fn argument<'a>(given: &Given<'a>, at: usize) -> Result<&'a Value, Failure> {
    given.arguments.get(at).ok_or(Failure)
}

fn text_in(given: &Given<'_>, at: usize) -> Result<Arc<str>, Failure> {
    text_of(argument(given, at)?).ok_or(Failure)
}

fn list_in<'a>(given: &Given<'a>, at: usize) -> Result<&'a Arc<crate::value::Items>, Failure> {
    items_of(argument(given, at)?).ok_or(Failure)
}

fn whole_in(given: &Given<'_>, at: usize) -> Result<i64, Failure> {
    match to_number(argument(given, at)?)?.kind {
        Kind::Number(number) => number.as_i64().ok_or(Failure),
        _ => Err(Failure),
    }
}

fn float_in(given: &Given<'_>, at: usize) -> Result<f64, Failure> {
    match to_number(argument(given, at)?)?.kind {
        Kind::Number(number) => number.as_f64().ok_or(Failure),
        _ => Err(Failure),
    }
}

/// Unknown for the reason that an argument gives.
fn open(given: &Given<'_>, cause: &Unknown, is_present: bool, returns: Returns) -> Outcome {
    Ok(Value::unknown(unknown(cause.why.clone(), is_present, returns), given.origin))
}

fn mapped(given: &Given<'_>, change: impl Fn(&str) -> String) -> Outcome {
    Ok(Value::text(change(&text_in(given, 0)?), given.origin))
}

fn trimmed(given: &Given<'_>, change: impl for<'t> Fn(&'t str, &str) -> &'t str) -> Outcome {
    let (text, cut) = (text_in(given, 0)?, text_in(given, 1)?);
    Ok(Value::text(change(&text, &cut), given.origin))
}

fn tested(given: &Given<'_>, test: impl Fn(&str, &str) -> bool) -> Outcome {
    Ok(Value::bool(test(&text_in(given, 0)?, &text_in(given, 1)?), given.origin))
}

fn rounded(given: &Given<'_>, change: impl Fn(f64) -> f64) -> Outcome {
    let number = number(change(float_in(given, 0)?)).ok_or(Failure)?;
    Ok(Value::number(number, given.origin))
}

/// Each letter on its own, as Go has it: the ligature `ﬁ` has no capital of one letter.
fn upper(text: &str) -> String {
    text.chars().map(upper_letter).collect()
}

fn upper_letter(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => letter,
    }
}

fn lower(text: &str) -> String {
    text.chars().map(|letter| letter.to_lowercase().next().unwrap_or(letter)).collect()
}

fn title(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut starts = true;
    for character in text.chars() {
        if starts {
            result.push(upper_letter(character));
        } else {
            result.push(character);
        }
        starts = match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => false,
            _ if character.is_ascii() => true,
            _ => !character.is_alphanumeric() && character.is_whitespace(),
        };
    }
    result
}

fn extreme(given: &Given<'_>, wanted: std::cmp::Ordering) -> Outcome {
    let mut best: Option<serde_json::Number> = None;
    for argument in given.arguments {
        let Kind::Number(number) = to_number(argument)?.kind else {
            return Err(Failure);
        };
        if best.as_ref().is_none_or(|best| order(&number, best) == Some(wanted)) {
            best = Some(number);
        }
    }
    best.map(|best| Value::number(best, given.origin)).ok_or(Failure)
}

fn sum(given: &Given<'_>) -> Outcome {
    let list = list_in(given, 0)?;
    if list.items.is_empty() {
        return Err(Failure);
    }
    let mut total = Value::number(0, given.origin);
    for item in &list.items {
        total = crate::evaluate::plus(&total, item, given.origin)?;
    }
    Ok(total)
}

/// Are all items true; is any of them? Decided by one item, open while any is unknown.
fn quantified(given: &Given<'_>, all: bool) -> Outcome {
    let list = match &argument(given, 0)?.kind {
        Kind::List(list) => list,
        Kind::Unknown(cause) => return open(given, cause, true, BOOL),
        _ => return Err(Failure),
    };
    let mut cause = list.more.clone();
    for item in &list.items {
        match to_bool(item)?.kind {
            Kind::Bool(bool) if bool != all => return Ok(Value::bool(!all, given.origin)),
            Kind::Bool(_) => {}
            Kind::Unknown(unknown) => cause = Some(unknown),
            // A null is not true.
            _ if all => return Ok(Value::bool(false, given.origin)),
            _ => {}
        }
    }
    match cause {
        Some(cause) => open(given, &cause, true, BOOL),
        None => Ok(Value::bool(all, given.origin)),
    }
}

fn chunklist(given: &Given<'_>) -> Outcome {
    let list = list_in(given, 0)?;
    let size = usize::try_from(whole_in(given, 1)?).map_err(|_| Failure)?;
    let of = match &list.sequence {
        Sequence::List(of) => of.clone(),
        _ => Arc::new(Type::Any),
    };
    let chunks = list
        .items
        .chunks(if size == 0 { list.items.len().max(1) } else { size })
        .map(|chunk| Value::list_of(chunk.to_vec(), None, Sequence::List(of.clone()), given.origin))
        .collect();
    let of = Arc::new(Type::List(of));
    Ok(Value::list_of(chunks, None, Sequence::List(of), given.origin))
}

/// The first argument that is neither null nor an empty text, as the type that all of them have in common.
fn coalesce(given: &Given<'_>) -> Outcome {
    let kinds: Vec<Type> = given.arguments.iter().map(Type::of_value).collect();
    let common = unify(&kinds).ok_or(Failure)?;
    let arguments: Result<Vec<Value>, Failure> =
        given.arguments.iter().map(|argument| as_common(argument, &common)).collect();
    coalesced(&Given { arguments: &arguments?, ..*given })
}

fn as_common(argument: &Value, common: &Type) -> Outcome {
    match convert(argument, common) {
        Err(Failure) if common.is_open() => Ok(argument.clone()),
        converted => converted,
    }
}

fn coalesced(given: &Given<'_>) -> Outcome {
    for (at, argument) in given.arguments.iter().enumerate() {
        match &argument.kind {
            Kind::Null => {}
            Kind::Text(text) if text.is_empty() => {}
            // A reference to something that certainly has a value: the text of an ARN or id is never empty.
            Kind::Unknown(cause) if cause.hint.is_present && !cause.hint.refers_to.is_empty() => {
                return Ok(argument.clone());
            }
            Kind::Unknown(cause) => {
                let shape = cause.hint.shape;
                let alike = given.arguments[at..].iter().all(|other| other.shape() == shape);
                // The result is never null, whichever argument it is.
                return open(given, cause, true, if alike { shape } else { None });
            }
            _ => return Ok(argument.clone()),
        }
    }
    Err(Failure)
}

fn coalescelist(given: &Given<'_>) -> Outcome {
    let is_other = |argument: &Value| match &argument.kind {
        Kind::List(list) => list.is_set(),
        Kind::Null | Kind::Unknown(_) => false,
        _ => true,
    };
    if given.arguments.iter().any(is_other) {
        return Err(Failure);
    }
    for argument in given.arguments {
        match &argument.kind {
            Kind::Null => {}
            Kind::List(list) if list.items.is_empty() && list.more.is_none() => {}
            Kind::List(list) if list.items.is_empty() => {
                let cause = list.more.clone().ok_or(Failure)?;
                return open(given, &cause, true, LIST);
            }
            Kind::Unknown(cause) => return open(given, cause, true, LIST),
            _ => return Ok(argument.clone()),
        }
    }
    Err(Failure)
}

fn compact(given: &Given<'_>) -> Outcome {
    let list = match &argument(given, 0)?.kind {
        Kind::List(list) => list,
        Kind::Unknown(cause) => return open(given, cause, true, LIST),
        _ => return Err(Failure),
    };
    let mut more = list.more.clone();
    let mut kept = Vec::new();
    for item in &list.items {
        match &item.kind {
            Kind::Null => {}
            Kind::Text(text) if text.is_empty() => {}
            Kind::Unknown(cause) if !cause.hint.is_present || cause.hint.refers_to.is_empty() => {
                more = Some(cause.clone());
            }
            _ => kept.push(to_text(item)?),
        }
    }
    Ok(Value::list_of(kept, more, Sequence::List(Arc::new(Type::Text)), given.origin))
}

/// Lists become one list, where their types have one in common; everything else is a tuple.
fn concat(given: &Given<'_>) -> Outcome {
    if given.arguments.is_empty() {
        return Err(Failure);
    }
    let kinds: Vec<Type> = given.arguments.iter().map(Type::of_value).collect();
    let all_lists = kinds.iter().all(|kind| matches!(kind, Type::List(_)));
    let common = if all_lists { unify(&kinds) } else { None };
    let converted: Vec<Value>;
    let (arguments, sequence) = match &common {
        Some(kind @ Type::List(of)) => {
            let each: Result<Vec<Value>, Failure> =
                given.arguments.iter().map(|argument| convert(argument, kind)).collect();
            converted = each?;
            (converted.as_slice(), Sequence::List(of.clone()))
        }
        _ => (given.arguments, Sequence::Tuple),
    };
    let mut items = Vec::new();
    let mut more = None;
    for argument in arguments {
        match &argument.kind {
            Kind::List(list) if list.is_set() => return Err(Failure),
            Kind::List(list) => {
                items.extend(list.items.iter().cloned());
                more = more.or_else(|| list.more.clone());
            }
            Kind::Unknown(cause) => more = Some(cause.clone()),
            _ => return Err(Failure),
        }
    }
    Ok(Value::list_of(items, more, sequence, given.origin))
}

fn contains(given: &Given<'_>) -> Outcome {
    let (list, wanted) = (argument(given, 0)?, argument(given, 1)?);
    let items = match &list.kind {
        Kind::List(items) => items,
        Kind::Unknown(cause) => return open(given, cause, true, BOOL),
        _ => return Err(Failure),
    };
    let mut cause = items.more.clone();
    for item in &items.items {
        match equal_or_unknown(item, wanted) {
            Ok(true) => return Ok(Value::bool(true, given.origin)),
            Ok(false) => {}
            Err(unknown) => cause = Some(unknown),
        }
    }
    match cause {
        Some(cause) => open(given, &cause, true, BOOL),
        None => Ok(Value::bool(false, given.origin)),
    }
}

fn element(given: &Given<'_>) -> Outcome {
    let list = argument(given, 0)?;
    let index = to_number(argument(given, 1)?)?;
    match (&list.kind, &index.kind) {
        (Kind::Unknown(cause), _) => part_of_list(given, cause),
        (_, Kind::Unknown(cause)) => open(given, cause, false, None),
        (Kind::List(items), _) if items.is_set() => Err(Failure),
        (Kind::List(items), Kind::Number(index)) => match &items.more {
            Some(more) => open(given, more, false, None),
            None => {
                let length = i64::try_from(items.items.len()).map_err(|_| Failure)?;
                let index = index.as_i64().filter(|_| length > 0).ok_or(Failure)?;
                // Of a tuple Terraform first looks for the type at what is left of the index.
                if matches!(items.sequence, Sequence::Tuple) && index % length < 0 {
                    return Err(Failure);
                }
                let at = usize::try_from(index.rem_euclid(length)).map_err(|_| Failure)?;
                items.items.get(at).cloned().ok_or(Failure)
            }
        },
        _ => Err(Failure),
    }
}

/// An item of a list of references is such a reference.
fn part_of_list(given: &Given<'_>, list: &Unknown) -> Outcome {
    let mut part = unknown(list.why.clone(), false, None);
    part.hint.refers_to.clone_from(&list.hint.refers_to);
    Ok(Value::unknown(part, given.origin))
}

fn flatten(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    let mut items = Vec::new();
    let mut more = None;
    match &value.kind {
        Kind::List(_) => flatten_into(value, &mut items, &mut more),
        Kind::Unknown(cause) => return open(given, cause, true, LIST),
        _ => return Err(Failure),
    }
    Ok(Value::list_of(items, more, Sequence::Tuple, given.origin))
}

fn flatten_into(value: &Value, items: &mut Vec<Value>, more: &mut Option<Arc<Unknown>>) {
    match &value.kind {
        Kind::List(list) => {
            for item in &list.items {
                flatten_into(item, items, more);
            }
            if let Some(cause) = list.more.as_ref().or_else(|| value.open_order()) {
                *more = Some(cause.clone());
            }
        }
        // It may itself be a list.
        Kind::Unknown(cause) if matches!(cause.hint.shape, None | Some(Shape::List)) => {
            *more = Some(cause.clone())
        }
        _ => items.push(value.clone()),
    }
}

fn index(given: &Given<'_>) -> Outcome {
    let (list, wanted) = (list_in(given, 0)?, argument(given, 1)?);
    if list.is_set() {
        return Err(Failure);
    }
    let at = list.items.iter().position(|item| equal(item, wanted) == Some(true)).ok_or(Failure)?;
    Ok(Value::number(at, given.origin))
}

fn join(given: &Given<'_>) -> Outcome {
    if let Some(cause) = given.arguments.iter().find_map(Value::first_unknown) {
        let mut open = unknown(cause.why.clone(), true, TEXT);
        // `join("", aws_x.y[*].id)` is how older configurations say "the one there may be".
        if let [separator, list] = given.arguments
            && text_of(separator).as_deref() == Some("")
        {
            let references = match &list.kind {
                Kind::List(list) => match list.items.as_slice() {
                    [Value { kind: Kind::Unknown(only), .. }] if list.more.is_none() => {
                        only.hint.refers_to.clone()
                    }
                    _ => Vec::new(),
                },
                Kind::Unknown(list) => list.hint.refers_to.clone(),
                _ => Vec::new(),
            };
            open.hint.refers_to = references;
        }
        return Ok(Value::unknown(open, given.origin));
    }
    if given.arguments.len() < 2 {
        return Err(Failure);
    }
    let separator = text_in(given, 0)?;
    let mut texts = Vec::new();
    for list in &given.arguments[1..] {
        for item in &items_of(list).ok_or(Failure)?.items {
            texts.push(text_of(item).ok_or(Failure)?);
        }
    }
    Ok(Value::text(texts.join(&separator), given.origin))
}

fn jsondecode(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    match &value.kind {
        Kind::Encoded(encoded) => Ok(encoded.value.clone()),
        Kind::Unknown(cause) => open(given, cause, false, None),
        _ => crate::json::decode(&text_in(given, 0)?, given.origin).ok_or(Failure),
    }
}

fn jsonencode(given: &Given<'_>) -> Outcome {
    Ok(Value::encoded(argument(given, 0)?.clone(), false, given.origin))
}

fn keys(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    match &value.kind {
        Kind::Map(map) => {
            let keys = pairs_of(value).ok_or(Failure)?.into_iter().map(|(key, _)| key).collect();
            let sequence = match &map.of {
                Some(_) => Sequence::List(Arc::new(Type::Text)),
                None => Sequence::Tuple,
            };
            Ok(Value::list_of(keys, map.more.clone(), sequence, given.origin))
        }
        Kind::Unknown(cause) => open(given, cause, true, LIST),
        _ => Err(Failure),
    }
}

fn values(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    match &value.kind {
        Kind::Map(map) => {
            let values = pairs_of(value).ok_or(Failure)?.into_iter().map(|(_, value)| value).collect();
            let sequence = map.of.as_ref().map_or(Sequence::Tuple, |of| Sequence::List(of.clone()));
            Ok(Value::list_of(values, map.more.clone(), sequence, given.origin))
        }
        Kind::Unknown(cause) => open(given, cause, true, LIST),
        _ => Err(Failure),
    }
}

fn length(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    let (count, more) = match &value.kind {
        // What is unknown in a set may be one of its other items.
        Kind::List(_) if value.open_order().is_some() => (0, value.open_order()),
        Kind::List(list) => (list.items.len(), list.more.as_ref()),
        Kind::Map(map) => (map.entries.len(), map.more.as_ref()),
        Kind::Bool(_) | Kind::Number(_) => return Err(Failure),
        _ => match (value.first_unknown(), text_of(value)) {
            (Some(cause), _) => (0, Some(cause)),
            (None, Some(text)) => (letters(&text).len(), None),
            (None, None) => return Err(Failure),
        },
    };
    match more {
        Some(cause) => open(given, cause, true, NUMBER),
        None => Ok(Value::number(count, given.origin)),
    }
}

fn lookup(given: &Given<'_>) -> Outcome {
    let (map, key) = (argument(given, 0)?, argument(given, 1)?);
    let entries = match &map.kind {
        Kind::Map(entries) => entries,
        Kind::Unknown(cause) => return open(given, cause, false, None),
        _ => return Err(Failure),
    };
    if let (Some(of), Some(default)) = (&entries.of, given.arguments.get(2)) {
        convert(default, of)?;
    }
    if let Some(cause) = key.first_unknown() {
        return open(given, cause, false, None);
    }
    match (entries.entries.get(&*text_of(key).ok_or(Failure)?), &entries.more) {
        _ if given.arguments.len() > 3 => Err(Failure),
        (Some(entry), _) => Ok(entry.clone()),
        (None, Some(more)) => open(given, more, false, None),
        (None, None) => match &entries.of {
            Some(of) => convert(argument(given, 2)?, of),
            None => argument(given, 2).cloned(),
        },
    }
}

fn merge(given: &Given<'_>) -> Outcome {
    let mut entries: IndexMap<Arc<str>, Value> = IndexMap::new();
    let mut more: Option<Arc<Unknown>> = None;
    // Maps of one type stay a map.
    let kinds: Vec<Type> =
        given.arguments.iter().filter(|argument| !argument.is_null()).map(Type::of_value).collect();
    let of = match kinds.first() {
        Some(Type::Map(of)) if kinds.iter().all(|kind| kind.is(&kinds[0])) => Some(of.clone()),
        _ => None,
    };
    for argument in given.arguments {
        let rest = match &argument.kind {
            Kind::Null => continue,
            Kind::Map(map) => {
                let known = map.entries.iter().map(|(name, value)| (name.clone(), value.clone()));
                if let Some(rest) = &map.more {
                    hide(&mut entries, rest, |name| !map.entries.contains_key(name));
                }
                entries.extend(known);
                map.more.clone()
            }
            Kind::Unknown(cause) => {
                hide(&mut entries, cause, |_| true);
                Some(cause.clone())
            }
            _ => return Err(Failure),
        };
        more = rest.or(more);
    }
    Ok(Value::entries_of(entries, more, of, given.origin))
}

/// What a later map with unknown entries may overwrite is no longer known.
fn hide(entries: &mut IndexMap<Arc<str>, Value>, cause: &Unknown, may_hide: impl Fn(&str) -> bool) {
    for (name, value) in entries {
        if may_hide(name) {
            *value = Value::unknown_because(cause.why.clone(), &value.origin);
        }
    }
}

fn one(given: &Given<'_>) -> Outcome {
    let value = argument(given, 0)?;
    match &value.kind {
        Kind::List(list) => match (list.items.as_slice(), &list.more) {
            ([], None) | ([Value { kind: Kind::Null, .. }], None) => Ok(Value::null(given.origin)),
            // If there is one at all, and Terraform goes on, it is this one.
            ([only], _) => Ok(only.clone()),
            ([], Some(cause)) => open(given, cause, false, None),
            // They may all be the same.
            _ => match value.open_order() {
                Some(cause) => open(given, cause, false, None),
                None => Err(Failure),
            },
        },
        Kind::Unknown(cause) => part_of_list(given, cause),
        _ => Err(Failure),
    }
}

fn range(given: &Given<'_>) -> Outcome {
    let (start, limit, step) = match given.arguments.len() {
        1 => (0.0, float_in(given, 0)?, None),
        2 => (float_in(given, 0)?, float_in(given, 1)?, None),
        3 => (float_in(given, 0)?, float_in(given, 1)?, Some(float_in(given, 2)?)),
        _ => return Err(Failure),
    };
    let step = step.unwrap_or(if limit < start { -1.0 } else { 1.0 });
    if step == 0.0 && start != limit || (limit - start) * step < 0.0 {
        return Err(Failure);
    }
    let mut numbers = Vec::new();
    let mut next = start;
    // Terraform's own limit.
    while (next < limit) == (step > 0.0) && next != limit && numbers.len() <= 1024 {
        numbers.push(Value::number(number(next).ok_or(Failure)?, given.origin));
        next += step;
    }
    if numbers.len() > 1024 {
        return Err(Failure);
    }
    Ok(Value::list_of(numbers, None, Sequence::List(Arc::new(Type::Number)), given.origin))
}

/// A pattern between slashes is a regular expression.
fn replace(given: &Given<'_>) -> Outcome {
    let (text, pattern, with) = (text_in(given, 0)?, text_in(given, 1)?, text_in(given, 2)?);
    if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
        let replaced = patterns::replaced(&text, &pattern[1..pattern.len() - 1], &with)?;
        return Ok(Value::text(replaced, given.origin));
    }
    let result_length = text.matches(&*pattern).count().saturating_mul(with.len());
    if result_length > 4 << 20 {
        let why = Why::NotEvaluated("a very large text".into());
        return Ok(Value::unknown(unknown(why, true, TEXT), given.origin));
    }
    Ok(Value::text(text.replace(&*pattern, &with), given.origin))
}

/// Sets as sets of the one type that their items have in common.
fn sets(given: &Given<'_>, combine: impl Fn(&mut Vec<Value>, &[Value])) -> Outcome {
    let kinds: Vec<Type> = given.arguments.iter().map(Type::of_value).collect();
    let common = unify(&kinds).ok_or(Failure)?;
    let Type::Set(of) = &common else {
        return Err(Failure);
    };
    let mut kept: Option<Vec<Value>> = None;
    for argument in given.arguments {
        let argument = convert(argument, &common)?;
        let next = &items_of(&argument).ok_or(Failure)?.items;
        match &mut kept {
            None => kept = Some(next.clone()),
            Some(kept) if kept.len().saturating_mul(next.len()) > 4_000_000 => {
                let why = Why::NotEvaluated("very large sets".into());
                return Ok(Value::unknown(unknown(why, true, LIST), given.origin));
            }
            Some(kept) => combine(kept, next),
        }
    }
    Ok(set(kept.ok_or(Failure)?, None, of.clone(), argument(given, 0)?))
}

fn slice(given: &Given<'_>) -> Outcome {
    let list = list_in(given, 0)?;
    let bound = |at| usize::try_from(whole_in(given, at)?).map_err(|_| Failure);
    let (start, end) = (bound(1)?, bound(2)?);
    if list.is_set() {
        return Err(Failure);
    }
    let items = list.items.get(start..end).ok_or(Failure)?;
    Ok(list_like(items.to_vec(), list, given))
}

fn sort(given: &Given<'_>) -> Outcome {
    let mut found = Vec::new();
    for item in &list_in(given, 0)?.items {
        found.push((text_of(item).ok_or(Failure)?, item.origin.clone()));
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    let items = found.into_iter().map(|(text, origin)| Value::text(text, &origin)).collect();
    Ok(texts(items, given))
}

fn split(given: &Given<'_>) -> Outcome {
    let (separator, text) = (text_in(given, 0)?, text_in(given, 1)?);
    let items = if text.is_empty() && separator.is_empty() {
        Vec::new()
    } else if text.is_empty() {
        // Terraform gives one empty text, as Go does.
        vec![Value::text("", given.origin)]
    } else if separator.is_empty() {
        text.chars().map(|character| Value::text(character.to_string(), given.origin)).collect()
    } else {
        text.split(&*separator).map(|part| Value::text(part, given.origin)).collect()
    };
    Ok(texts(items, given))
}

/// What a reader takes for the letters of a text, each perhaps several characters, as Terraform counts them.
fn letters(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}

fn strrev(given: &Given<'_>) -> Outcome {
    let text = text_in(given, 0)?;
    let reversed: String = letters(&text).into_iter().rev().collect();
    Ok(Value::text(reversed, given.origin))
}

fn substr(given: &Given<'_>) -> Outcome {
    let text = text_in(given, 0)?;
    let text = letters(&text);
    let (offset, length) = (whole_in(given, 1)?, whole_in(given, 2)?);
    let count = i64::try_from(text.len()).map_err(|_| Failure)?;
    let start = if offset < 0 { offset.saturating_add(count).max(0) } else { offset.min(count) };
    // Terraform takes no characters for all of them when it counts from the end.
    let end =
        if length < 0 || length == 0 && offset < 0 { count } else { start.saturating_add(length).min(count) };
    let (start, end) =
        (usize::try_from(start).map_err(|_| Failure)?, usize::try_from(end).map_err(|_| Failure)?);
    Ok(Value::text(text[start..end].concat(), given.origin))
}

/// A list of texts.
fn texts(items: Vec<Value>, given: &Given<'_>) -> Value {
    Value::list_of(items, None, Sequence::List(Arc::new(Type::Text)), given.origin)
}

/// Some items of a list: a list of their type, or a tuple where it was one.
fn list_like(items: Vec<Value>, like: &Items, given: &Given<'_>) -> Value {
    let sequence = match &like.sequence {
        Sequence::Tuple => Sequence::Tuple,
        Sequence::List(of) | Sequence::Set(of) => Sequence::List(of.clone()),
    };
    Value::list_of(items, like.more.clone(), sequence, given.origin)
}

/// Every line but the first moved to the right.
fn indent(given: &Given<'_>) -> Outcome {
    let spaces = usize::try_from(whole_in(given, 0)?).ok().filter(|spaces| *spaces <= 1024).ok_or(Failure)?;
    let text = text_in(given, 1)?;
    if text.matches('\n').count().saturating_mul(spaces) > 4 << 20 {
        return Err(Failure);
    }
    let moved = text.replace('\n', &format!("\n{}", " ".repeat(spaces)));
    Ok(Value::text(moved, given.origin))
}

fn zipmap(given: &Given<'_>) -> Outcome {
    let (keys, values) = (list_in(given, 0)?, list_in(given, 1)?);
    if keys.items.len() != values.items.len() {
        return Err(Failure);
    }
    let mut entries = IndexMap::new();
    for (key, value) in keys.items.iter().zip(&values.items) {
        entries.insert(text_of(key).ok_or(Failure)?, value.clone());
    }
    let of = match &values.sequence {
        Sequence::Tuple => None,
        Sequence::List(of) => Some(of.clone()),
        Sequence::Set(_) => return Err(Failure),
    };
    Ok(Value::entries_of(entries, None, of, given.origin))
}
