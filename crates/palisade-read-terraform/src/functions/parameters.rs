//! What each function takes: its arguments become these types before it sees them, or Terraform refuses the call.

use crate::convert::{Type, convert};
use crate::evaluate::Failure;
use crate::value::Value;
use std::sync::Arc;

/// The parameters of a function, separated by blanks: `s`, `n`, `b` and `d` are a string, a number, a bool and anything,
/// `l`, `e` and `m` before them a list, a set and a map. A `?` takes null, a `*` any number of arguments.
fn parameters(name: &str) -> Option<&'static str> {
    Some(match name {
        "abs" | "ceil" | "floor" | "signum" => "n",
        "alltrue" | "anytrue" => "lb",
        "abspath" | "base64decode" | "base64encode" | "base64gzip" | "base64sha256" | "base64sha512"
        | "basename" | "chomp" | "cidrnetmask" | "csvdecode" | "dirname" | "file" | "filebase64"
        | "filebase64sha256" | "filebase64sha512" | "fileexists" | "filemd5" | "filesha1" | "filesha256"
        | "filesha512" | "jsondecode" | "lower" | "md5" | "pathexpand" | "sha1" | "sha256" | "sha512"
        | "strrev" | "title" | "trimspace" | "upper" | "urlencode" | "yamldecode" => "s",
        "bcrypt" | "cidrsubnets" => "s n*",
        "chunklist" => "ld n",
        "cidrhost" => "s n",
        "cidrsubnet" | "substr" => "s n n",
        "coalesce" | "coalescelist" | "merge" => "d?*",
        "compact" | "sort" => "ls",
        "concat" | "setproduct" => "d*",
        "contains" | "index" => "d d",
        "distinct" => "ld",
        "element" | "parseint" => "d n",
        "endswith" | "fileset" | "formatdate" | "regex" | "regexall" | "rsadecrypt" | "split"
        | "startswith" | "strcontains" | "textdecodebase64" | "textencodebase64" | "timeadd" | "timecmp"
        | "trim" | "trimprefix" | "trimsuffix" | "uuidv5" => "s s",
        "ephemeralasnull" | "issensitive" | "jsonencode" | "nonsensitive" | "sensitive" | "tobool"
        | "tolist" | "tomap" | "tonumber" | "toset" | "tostring" | "yamlencode" => "d?",
        "flatten" | "keys" | "length" | "one" | "reverse" | "sum" | "values" => "d",
        "format" | "formatlist" => "s d?*",
        "indent" => "n s",
        "join" => "s ls*",
        "log" | "pow" => "n n",
        "lookup" => "d s d?*",
        "matchkeys" => "ld ld ld",
        "max" | "min" | "range" => "n*",
        "plantimestamp" | "timestamp" | "uuid" => "",
        "replace" => "s s s",
        "setintersection" | "setunion" => "ed ed*",
        "setsubtract" => "ed ed",
        "slice" => "d n n",
        "templatefile" | "templatestring" => "s d",
        "transpose" => "mls",
        "zipmap" => "ls d",
        _ => return None,
    })
}

/// The arguments as the function takes them.
pub(super) fn conform(name: &str, values: Vec<Value>) -> Result<Vec<Value>, Failure> {
    let Some(parameters) = parameters(name) else {
        return Ok(values);
    };
    let mut parameters = parameters.split_ascii_whitespace().peekable();
    let mut conformed = Vec::with_capacity(values.len());
    for value in values {
        let parameter = match parameters.peek() {
            Some(parameter) if parameter.ends_with('*') => parameter,
            Some(_) => parameters.next().ok_or(Failure)?,
            None => return Err(Failure),
        };
        if value.is_null() && !parameter.contains('?') {
            return Err(Failure);
        }
        conformed.push(convert(&value, &kind(parameter))?);
    }
    match parameters.next() {
        Some(missing) if !missing.ends_with('*') => Err(Failure),
        _ => Ok(conformed),
    }
}

fn kind(parameter: &str) -> Type {
    let inner = |rest: &str| Arc::new(kind(rest));
    match (parameter.as_bytes().first(), parameter.get(1..).unwrap_or_default()) {
        (Some(b's'), _) => Type::Text,
        (Some(b'n'), _) => Type::Number,
        (Some(b'b'), _) => Type::Bool,
        (Some(b'l'), rest) => Type::List(inner(rest)),
        (Some(b'e'), rest) => Type::Set(inner(rest)),
        (Some(b'm'), rest) => Type::Map(inner(rest)),
        _ => Type::Any,
    }
}
