//! Generated calls of functions and generated modules, through Terraform itself where it is installed.
//!
//! `cargo test` makes a few of each, always the same ones. `cargo xtask oracle terraform` says how many, and from which
//! seed, by the variables that [`setting`] reads, and shows the figures.

mod calls;
mod expressions;
mod modules;
mod plans;

use palisade_model::{Node, Value};
use serde_json::Value as Json;
use std::process::Command;

/// A number from the environment, or the one that a plain test run takes.
pub fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The seed of everything that is generated.
pub fn seed() -> u64 {
    setting("PALISADE_ORACLE_SEED", 1)
}

/// Terraform with these arguments; none when it can't be started.
pub fn terraform() -> Option<Command> {
    let program = std::env::var_os("PALISADE_TERRAFORM").unwrap_or_else(|| "terraform".into());
    static IS_THERE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let is_there = IS_THERE.get_or_init(|| {
        let mut version = Command::new(&program);
        version.arg("version").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        version.status().is_ok_and(|status| status.success())
    });
    if !is_there {
        return None;
    }
    let mut command = Command::new(program);
    command.env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1");
    Some(command)
}

/// The same numbers from the same seed.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    /// One below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }
    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
    /// One of several.
    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Is what was read what Terraform has? What Terraform does not know yet is `unknown`, in the form of
/// `after_unknown`. Says where they differ, and counts the values that are known here and not yet there: what both sides
/// of a conditional come to, or that nothing is in an empty list. Whether these are right [`contradiction`] says.
pub fn difference(
    path: &str,
    ours: &Node,
    theirs: &Json,
    unknown: &Json,
    known_sooner: &mut u64,
) -> Option<String> {
    let differs =
        || Some(format!("{path}: terraform {theirs}{}, palisade {}", marked(unknown), crate::show(ours)));
    if unknown == &Json::Bool(true) {
        if !ours.has_unknown() {
            *known_sooner += 1;
        }
        return None;
    }
    match (&ours.value, theirs) {
        (Value::Unknown(_), _) => differs(),
        (Value::List(_) | Value::Map(_), Json::String(text)) => {
            let decoded: Json = serde_json::from_str(text).unwrap_or(Json::Null);
            if decoded.is_null() {
                differs()
            } else {
                difference(path, ours, &decoded, &Json::Null, known_sooner)
            }
        }
        (Value::List(list), Json::Array(items)) => {
            if list.more.is_some() || list.items.len() != items.len() {
                return differs();
            }
            list.items.iter().zip(items).enumerate().find_map(|(at, (ours, theirs))| {
                let part = unknown.get(at).unwrap_or(&Json::Null);
                difference(&format!("{path}[{at}]"), ours, theirs, part, known_sooner)
            })
        }
        (Value::Map(map), Json::Object(entries)) => {
            if map.more.is_some() {
                return differs();
            }
            let is_unknown = |name: &str| unknown.get(name).is_some_and(|part| part != &Json::Bool(false));
            let extra = entries.keys().find(|name| !map.entries.contains_key(name.as_str()));
            if let Some(name) = extra {
                return Some(format!("{path}.{name}: terraform {}, palisade has none", entries[name]));
            }
            map.entries.iter().find_map(|(name, ours)| {
                let place = format!("{path}.{name}");
                let part = unknown.get(&**name).unwrap_or(&Json::Null);
                match entries.get(&**name) {
                    Some(theirs) => difference(&place, ours, theirs, part, known_sooner),
                    None if is_unknown(name) => difference(&place, ours, &Json::Null, part, known_sooner),
                    None => Some(format!("{place}: terraform has none, palisade {}", crate::show(ours))),
                }
            })
        }
        (Value::Number(ours), Json::Number(theirs)) => {
            let (Some(ours), Some(theirs)) = (ours.as_f64(), theirs.as_f64()) else { return differs() };
            let is_near = (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs.abs().max(ours.abs());
            if is_near { None } else { differs() }
        }
        (ours, theirs) if ours.to_json() == *theirs => None,
        _ => differs(),
    }
}

/// Where what is known here is not what is there once all is applied; what is unknown here may be anything.
pub fn contradiction(path: &str, ours: &Node, theirs: &Json) -> Option<String> {
    match (&ours.value, theirs) {
        (Value::Unknown(_), _) => None,
        (Value::List(_) | Value::Map(_), Json::String(text)) if ours.has_unknown() => {
            contradiction(path, ours, &serde_json::from_str(text).ok()?)
        }
        (Value::List(list), _) if list.more.is_some() => None,
        (Value::List(list), Json::Array(items)) if list.items.len() == items.len() => list
            .items
            .iter()
            .zip(items)
            .enumerate()
            .find_map(|(at, (ours, theirs))| contradiction(&format!("{path}[{at}]"), ours, theirs)),
        (Value::Map(map), Json::Object(entries)) => {
            let missing = entries.keys().find(|name| !map.entries.contains_key(name.as_str()));
            if let (Some(name), None) = (missing, &map.more) {
                return Some(format!("{path}.{name}: once applied {}, palisade has none", entries[name]));
            }
            map.entries.iter().find_map(|(name, ours)| {
                let theirs = entries.get(&**name).unwrap_or(&Json::Null);
                contradiction(&format!("{path}.{name}"), ours, theirs)
            })
        }
        _ => difference(path, ours, theirs, &Json::Null, &mut 0).map(|text| format!("once applied: {text}")),
    }
}

fn marked(unknown: &Json) -> &'static str {
    if unknown == &Json::Bool(true) { " (known after apply)" } else { "" }
}
