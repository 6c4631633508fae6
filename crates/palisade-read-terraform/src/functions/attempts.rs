//! `try` and `can`: what Terraform would refuse, and what it may yet refuse once it knows more.

use super::{BOOL, TEXT, evaluated};
use crate::evaluate::{Environment, Failure, Outcome, is_primitive};
use crate::syntax::Expression;
use crate::value::{Kind, Value, unknown};
use palisade_model::{Origin, Unknown, Why};
use std::sync::Arc;

/// The first argument that Terraform would not refuse. Whether it refuses an unknown one is open.
pub(super) fn tried(
    environment: &mut Environment<'_>,
    arguments: &[Expression],
    expands_last: bool,
    origin: &Origin,
) -> Outcome {
    if !expands_last {
        let tries: Vec<_> = arguments.iter().map(Tried::Expression).collect();
        return first_tried(environment, &tries, origin);
    }
    match spread(environment, arguments)? {
        Ok(values) => {
            let before = arguments.iter().take(arguments.len() - 1).map(Tried::Expression);
            let tries: Vec<_> = before.chain(values.into_iter().map(Tried::Value)).collect();
            first_tried(environment, &tries, origin)
        }
        Err(cause) => {
            environment.doubt(&cause);
            Ok(Value::unknown_because(cause.why.clone(), origin))
        }
    }
}

/// What `try` tries.
enum Tried<'a> {
    Expression(&'a Expression),
    /// An item of the list that `...` spreads out.
    Value(Value),
}

impl Tried<'_> {
    /// What it comes to, and why Terraform may refuse it all the same.
    fn evaluate(&self, environment: &mut Environment<'_>) -> (Outcome, Option<Arc<Unknown>>) {
        let expression = match self {
            Self::Expression(expression) => expression,
            // The list is there, and so are its items.
            Self::Value(value) => return (Ok(value.clone()), None),
        };
        let outer = environment.doubt.take();
        let outcome = environment.evaluate(expression);
        let doubt = std::mem::replace(&mut environment.doubt, outer);
        let itself = match &outcome {
            Ok(Value { kind: Kind::Unknown(cause), .. }) if may_fail(cause) => Some(cause.clone()),
            _ => None,
        };
        (outcome, doubt.or(itself))
    }
}

/// The items of the last argument, which `...` spreads out; or why they aren't known.
fn spread(
    environment: &mut Environment<'_>,
    arguments: &[Expression],
) -> Result<Result<Vec<Value>, Arc<Unknown>>, Failure> {
    let last = arguments.last().ok_or(Failure)?;
    evaluated(environment, std::slice::from_ref(last), true)
}

pub(super) fn can_spread(
    environment: &mut Environment<'_>,
    arguments: &[Expression],
    origin: &Origin,
) -> Outcome {
    match (arguments.len(), spread(environment, arguments)?) {
        (1, Ok(values)) if values.len() == 1 => Ok(Value::bool(true, origin)),
        (1, Err(cause)) => {
            environment.doubt(&cause);
            Ok(Value::unknown_because(cause.why.clone(), origin))
        }
        _ => Err(Failure),
    }
}

fn first_tried(environment: &mut Environment<'_>, tries: &[Tried<'_>], origin: &Origin) -> Outcome {
    for (at, tried) in tries.iter().enumerate() {
        let (Ok(value), doubt) = tried.evaluate(environment) else {
            continue;
        };
        if is_of_no_file(&value) {
            continue;
        }
        let Some(cause) = doubt else {
            return Ok(value.at(origin));
        };
        let (others, doubts): (Vec<Value>, Vec<_>) = tries[at + 1..]
            .iter()
            .map(|other| other.evaluate(environment))
            .filter_map(|(outcome, doubt)| Some((outcome.ok()?, doubt)))
            .unzip();
        // If all of them may be refused, so may `try` itself.
        if doubts.iter().all(Option::is_some) {
            environment.doubt(&cause);
        }
        let shape = value.shape().filter(|_| others.iter().all(|other| other.shape() == value.shape()));
        // `coalesce` goes on to its next argument at an empty text, as at null.
        let is_empty = |other: &Value| matches!(&other.kind, Kind::Text(text) if text.is_empty());
        let is_set = |other: &Value| other.is_present() && !is_empty(other);
        let is_present = value.is_present() && others.iter().all(is_set);
        let mut open = unknown(cause.why.clone(), is_present, shape);
        if let Kind::Unknown(reference) = &value.kind {
            open.why = reference.why.clone();
            open.hint.refers_to.clone_from(&reference.hint.refers_to);
        }
        return Ok(Value::unknown(open, origin));
    }
    Err(Failure)
}

/// Is it what would be in a file that is certainly not there? Terraform refuses to read it.
fn is_of_no_file(value: &Value) -> bool {
    let absent = crate::NotRead::Absent.to_string();
    matches!(&value.kind, Kind::Unknown(cause)
        if matches!(&cause.why, Why::Unreadable(reason) if reason.ends_with(absent.as_str())))
}

/// An attribute that a provider fills in is there; of anything else that is unknown nobody can say.
fn may_fail(cause: &Unknown) -> bool {
    !(matches!(cause.why, Why::AfterApply(_)) && cause.hint.refers_to.len() == 1 && is_plain(cause))
}

fn is_plain(cause: &Unknown) -> bool {
    matches!(&cause.why, Why::AfterApply(text) if !text.contains(['[', '*', '(', '?']))
}

/// Whether Terraform would not refuse it.
pub(super) fn can(environment: &mut Environment<'_>, arguments: &[Expression], origin: &Origin) -> Outcome {
    let [argument] = arguments else {
        return Err(Failure);
    };
    Ok(match Tried::Expression(argument).evaluate(environment) {
        (Err(Failure), _) => Value::bool(false, origin),
        (Ok(value), _) if is_of_no_file(&value) => Value::bool(false, origin),
        (Ok(_), Some(cause)) => Value::unknown_like(&cause, BOOL, origin),
        (Ok(_), None) => Value::bool(true, origin),
    })
}

/// Does this function take all values that these may become? It is asked only for what some of are unknown.
pub(super) fn cannot_fail(name: &str, values: &[Value]) -> bool {
    let is_text = |value: &Value| value.shape() == TEXT && value.is_present();
    match name {
        "jsonencode" => true,
        "merge" => values.iter().all(|value| value.is_null() || is_whole(value)),
        "concat" | "flatten" | "keys" | "reverse" | "values" => values.iter().all(is_whole),
        "length" => values.iter().all(|value| is_whole(value) || is_text(value)),
        "coalesce" => values.iter().any(is_something) && values.iter().all(is_of_primitive),
        "contains" => matches!(values, [list, item] if is_whole(list) && is_of_primitive(item)),
        "element" | "lookup" => {
            values.first().is_some_and(is_whole) && !values.iter().skip(1).any(Value::has_unknown)
        }
        "tostring" => values.iter().all(is_of_primitive),
        "base64encode" | "base64sha256" | "base64sha512" | "chomp" | "endswith" | "lower" | "md5"
        | "sha1" | "sha256" | "sha512" | "split" | "startswith" | "strcontains" | "strrev" | "title"
        | "trim" | "trimprefix" | "trimspace" | "trimsuffix" | "upper" | "urlencode" => {
            values.iter().all(is_text)
        }
        _ => !values.iter().any(Value::has_unknown),
    }
}

fn is_of_primitive(value: &Value) -> bool {
    value.shape().is_some_and(is_primitive)
}

/// Is it one that `coalesce` takes?
fn is_something(value: &Value) -> bool {
    match &value.kind {
        Kind::Text(text) => !text.is_empty(),
        kind => matches!(kind, Kind::Bool(_) | Kind::Number(_)),
    }
}

/// Is it a list or map of which only parts are unknown, and not how many there are?
fn is_whole(value: &Value) -> bool {
    match &value.kind {
        Kind::List(list) => list.more.is_none(),
        Kind::Map(map) => map.more.is_none(),
        _ => false,
    }
}
