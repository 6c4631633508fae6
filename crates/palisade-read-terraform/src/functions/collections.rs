//! Lists and maps made of other lists and maps.

use super::{Given, Outcome, argument, list_in, list_like, text_in};
use crate::convert::{convert, items_of, set, text_of};
use crate::evaluate::{Failure, pairs_of};
use crate::types::{Type, unify};
use crate::value::{Kind, Sequence, Value, equal};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// No product has more parts than this.
const PARTS_MAX: usize = 100_000;

pub(super) fn setproduct(given: &Given<'_>) -> Outcome {
    if given.arguments.len() < 2 {
        return Err(Failure);
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    let mut kinds = Vec::with_capacity(given.arguments.len());
    let mut are_sets = false;
    for at in 0..given.arguments.len() {
        are_sets |= list_in(given, at)?.is_set();
        let alike = convert(argument(given, at)?, &Type::List(Arc::new(Type::Any)))?;
        let list = items_of(&alike).ok_or(Failure)?;
        if let Sequence::List(of) = &list.sequence {
            kinds.push(of.as_ref().clone());
        }
        if rows.len().saturating_mul(list.items.len()).saturating_mul(at + 1) > PARTS_MAX {
            return Err(Failure);
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                let longer = |item: &Value| row.iter().chain([item]).cloned().collect();
                list.items.iter().map(longer).collect::<Vec<Vec<Value>>>()
            })
            .collect();
    }
    let rows = rows.into_iter().map(|row| Value::list(row, given.origin)).collect();
    let of = Arc::new(Type::Tuple(kinds));
    Ok(if are_sets {
        set(rows, None, of, &Value::null(given.origin))
    } else {
        Value::list_of(rows, None, Sequence::List(of), given.origin)
    })
}

/// Which names have each text among theirs.
pub(super) fn transpose(given: &Given<'_>) -> Outcome {
    let map = argument(given, 0)?;
    let Kind::Map(_) = &map.kind else {
        return Err(Failure);
    };
    let mut names: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (name, texts) in pairs_of(map).ok_or(Failure)? {
        for text in &items_of(&texts).ok_or(Failure)?.items {
            names.entry(text_of(text).ok_or(Failure)?).or_default().push(name.clone());
        }
    }
    let text = Sequence::List(Arc::new(Type::Text));
    let entries = names
        .into_iter()
        .map(|(name, names)| (name, Value::list_of(names, None, text.clone(), given.origin)))
        .collect();
    let of = Arc::new(Type::List(Arc::new(Type::Text)));
    Ok(Value::entries_of(entries, None, Some(of), given.origin))
}

/// The values whose keys are among those searched for.
pub(super) fn matchkeys(given: &Given<'_>) -> Outcome {
    let common = unify(&[Type::of_value(argument(given, 1)?), Type::of_value(argument(given, 2)?)]);
    let common = common.ok_or(Failure)?;
    let (keys, wanted) = (convert(argument(given, 1)?, &common)?, convert(argument(given, 2)?, &common)?);
    let values = list_in(given, 0)?;
    let (keys, wanted) = (items_of(&keys).ok_or(Failure)?, items_of(&wanted).ok_or(Failure)?);
    if values.items.len() != keys.items.len()
        || keys.items.len().saturating_mul(wanted.items.len()) > 4_000_000
    {
        return Err(Failure);
    }
    let is_wanted = |key: &Value| wanted.items.iter().any(|other| equal(key, other) == Some(true));
    let pairs = values.items.iter().zip(&keys.items);
    let found = pairs.filter(|(_, key)| is_wanted(key)).map(|(value, _)| value.clone()).collect();
    Ok(list_like(found, values, given))
}

/// A table whose first line has the names of the columns.
pub(super) fn csvdecode(given: &Given<'_>) -> Outcome {
    let mut records = records(&text_in(given, 0)?)?.into_iter();
    let names: Vec<Arc<str>> = records.next().ok_or(Failure)?.into_iter().map(Into::into).collect();
    let mut rows = Vec::new();
    for record in records {
        if record.len() != names.len() {
            return Err(Failure);
        }
        let cells = record.into_iter().map(|cell| Value::text(cell, given.origin));
        let row: IndexMap<Arc<str>, Value> = names.iter().cloned().zip(cells).collect();
        if row.len() != names.len() {
            return Err(Failure);
        }
        rows.push(Value::map(row, given.origin));
    }
    let of = rows.first().map_or(Type::Any, Type::of_value);
    Ok(Value::list_of(rows, None, Sequence::List(Arc::new(of)), given.origin))
}

fn records(text: &str) -> Result<Vec<Vec<String>>, Failure> {
    let text = text.replace("\r\n", "\n");
    let mut records = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix('\n') {
            rest = next;
            continue;
        }
        let mut record = Vec::new();
        loop {
            let (cell, after) = cell(rest)?;
            record.push(cell);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('\n').unwrap_or(after);
                    break;
                }
            }
        }
        records.push(record);
    }
    Ok(records)
}

/// One cell, and what comes after it.
fn cell(text: &str) -> Result<(String, &str), Failure> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (cell, rest) = text.split_at(end);
        return if cell.contains('"') { Err(Failure) } else { Ok((cell.to_owned(), rest)) };
    };
    let mut cell = String::new();
    loop {
        let end = rest.find('"').ok_or(Failure)?;
        cell.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None if rest.is_empty() || rest.starts_with([',', '\n']) => return Ok((cell, rest)),
            None => return Err(Failure),
        }
    }
}
