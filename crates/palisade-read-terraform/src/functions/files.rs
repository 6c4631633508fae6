//! The functions that look into files: they see what the module source hands over, and nothing else.

use super::bytes::{Hash, to_base64, to_hex};
use super::patterns::glob;
use super::{BOOL, Given, LIST, Outcome, Returns, TEXT, argument, open};
use crate::NotRead;
use crate::convert::{Type, set, text_of};
use crate::evaluate::{Environment, Failure};
use crate::scope::{Unread, joined};
use crate::value::{Kind, Value, unknown};
use palisade_model::Why;
use std::sync::Arc;

/// What is in the file that the first argument names, as `make` has it.
fn of_file(
    environment: &Environment<'_>,
    given: &Given<'_>,
    make: impl FnOnce(&[u8]) -> Option<String>,
) -> Outcome {
    let path = match path_in(given, 0)? {
        Ok(path) => path,
        Err(cause) => return open(given, &cause, true, TEXT),
    };
    match environment.world.bytes(&path) {
        Ok(bytes) => match make(&bytes) {
            Some(text) => Ok(Value::text(text, given.origin)),
            None => Ok(not_text(environment, &path, given)),
        },
        Err(unread) => Ok(unreadable(&unread, TEXT, given)),
    }
}

/// A path that is known, or why it isn't.
fn path_in(given: &Given<'_>, at: usize) -> Result<Result<Arc<str>, Arc<palisade_model::Unknown>>, Failure> {
    let path = argument(given, at)?;
    match path.first_unknown() {
        Some(cause) => Ok(Err(cause.clone())),
        None => text_of(path).map(Ok).ok_or(Failure),
    }
}

fn unreadable(unread: &Unread, returns: Returns, given: &Given<'_>) -> Value {
    let why = Why::Unreadable(format!("`{}`: {}", unread.path, unread.why).into());
    Value::unknown(unknown(why, true, returns), given.origin)
}

fn not_text(environment: &Environment<'_>, path: &str, given: &Given<'_>) -> Value {
    let path = environment.world.resolved(path);
    let why = Why::Unreadable(format!("`{path}`: it is not UTF-8 text").into());
    Value::unknown(unknown(why, true, TEXT), given.origin)
}

pub(super) fn file(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    of_file(environment, given, |bytes| String::from_utf8(bytes.to_vec()).ok())
}

pub(super) fn filebase64(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    of_file(environment, given, |bytes| Some(to_base64(bytes)))
}

/// A file's hash, in hexadecimal digits.
pub(super) fn hex_hash(environment: &mut Environment<'_>, given: &Given<'_>, hash: Hash) -> Outcome {
    of_file(environment, given, |bytes| Some(to_hex(&hash(bytes))))
}

/// A file's hash, in base64.
pub(super) fn base64_hash(environment: &mut Environment<'_>, given: &Given<'_>, hash: Hash) -> Outcome {
    of_file(environment, given, |bytes| Some(to_base64(&hash(bytes))))
}

pub(super) fn fileexists(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    let path = match path_in(given, 0)? {
        Ok(path) => path,
        Err(cause) => return open(given, &cause, true, BOOL),
    };
    match environment.world.bytes(&path) {
        Ok(_) => Ok(Value::bool(true, given.origin)),
        Err(Unread { why: NotRead::TooLarge, .. }) => Ok(Value::bool(true, given.origin)),
        Err(Unread { why: NotRead::Absent, .. }) => Ok(Value::bool(false, given.origin)),
        Err(unread) => Ok(unreadable(&unread, BOOL, given)),
    }
}

/// The files below a directory whose paths a pattern matches.
pub(super) fn fileset(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    let (path, pattern) = match (path_in(given, 0)?, path_in(given, 1)?) {
        (Ok(path), Ok(pattern)) => (path, pattern),
        (Err(cause), _) | (_, Err(cause)) => return open(given, &cause, true, LIST),
    };
    let directory = environment.world.resolved(&path);
    let full = joined(&directory, &pattern);
    // The parts before the first wildcard are a directory.
    let parts: Vec<&str> = full.split('/').collect();
    let is_plain = |part: &&&str| !part.contains(['*', '?', '[', '{', '\\']);
    let plain = parts.iter().take_while(is_plain).count().min(parts.len() - 1);
    let base = match plain {
        0 => ".".to_owned(),
        1 if parts[0].is_empty() => "/".to_owned(),
        _ => parts[..plain].join("/"),
    };
    let wanted = glob(&parts[plain..].join("/")).ok_or(Failure)?;
    let names = match environment.world.names(&base) {
        Ok(names) => names,
        // There is no such directory, so there is nothing in it.
        Err(Unread { why: NotRead::Absent, .. }) => Vec::new(),
        Err(unread) => return Ok(unreadable(&unread, LIST, given)),
    };
    let found = names
        .into_iter()
        .filter(|name| wanted.is_match(name))
        .map(|name| Value::text(relative(&directory, &joined(&base, &name)), given.origin))
        .collect();
    Ok(set(found, None, Arc::new(Type::Text), argument(given, 0)?))
}

/// How one path is reached from a directory.
fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let same = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let ups = std::iter::repeat_n("..", from.len() - same);
    ups.chain(to[same..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

/// A template's text with the given names in it.
pub(super) fn templatefile(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    let path = match path_in(given, 0)? {
        Ok(path) => path,
        Err(cause) => return open(given, &cause, true, None),
    };
    match environment.world.template_file(&path) {
        Ok(parts) => environment.rendered(&parts, argument(given, 1)?, given.origin),
        Err(unread) => Ok(unreadable(&unread, None, given)),
    }
}

/// As [`templatefile`], of a template that is a value.
pub(super) fn templatestring(environment: &mut Environment<'_>, given: &Given<'_>) -> Outcome {
    let text = argument(given, 0)?;
    if let Some(cause) = text.first_unknown() {
        return open(given, cause, true, TEXT);
    }
    let text = text_of(text).ok_or(Failure)?;
    match environment.world.template_text(&text, given.origin) {
        Ok(parts) => environment.rendered(&parts, argument(given, 1)?, given.origin),
        Err(_) => Err(Failure),
    }
}

/// A path's last part, as Go has it.
pub(super) fn basename(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path, trimmed) {
        ("", _) => ".".to_owned(),
        (_, "") => "/".to_owned(),
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned(),
    }
}

/// A path without its last part, as Go has it.
pub(super) fn dirname(path: &str) -> String {
    match path.rfind('/') {
        None => ".".to_owned(),
        Some(at) if path.starts_with('/') => joined("/", &path[..at]).to_string(),
        Some(at) => joined("", &path[..at]).to_string(),
    }
}

/// A path that needs no home directory stays as it is.
pub(super) fn pathexpand(given: &Given<'_>) -> Outcome {
    let path = argument(given, 0)?;
    match &path.kind {
        Kind::Text(text) if !text.starts_with('~') => Ok(path.clone()),
        _ => {
            let why = Why::NotEvaluated("pathexpand of a home directory".into());
            Ok(Value::unknown(unknown(why, true, TEXT), given.origin))
        }
    }
}
