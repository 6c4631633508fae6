//! Parses a text, and what Terraform allows but the parser refuses in another form of the same length, so that
//! every place stays where it is.

use crate::split::breaks_in_object_loops;
use hcl_edit::parser::Error;
use hcl_edit::structure::Body;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// So many repeated names of one text are told apart.
const REPEATED_MAX: usize = 64;
/// No longer texts, in bytes, are parsed more than once.
const MENDED_BYTES_MAX: usize = 256 << 10;

/// The names that stand for others: what is written in the mended text, and what it means.
pub(crate) type Renamed = HashMap<String, Arc<str>>;

/// The body that a text is. `budget` is how many bytes may be parsed again.
pub(crate) fn parse(text: &str, budget: &mut usize) -> Result<(Body, Renamed), Error> {
    let refused = match text.parse() {
        Ok(body) => return Ok((body, Renamed::new())),
        Err(refused) => refused,
    };
    if text.len() > MENDED_BYTES_MAX {
        return Err(refused);
    }
    let mut mended = text.to_owned();
    let mut renamed = Renamed::new();
    for range in breaks_in_object_loops(text) {
        let blanks = " ".repeat(range.len());
        mended.replace_range(range, &blanks);
    }
    while renamed.len() < REPEATED_MAX && *budget >= text.len() {
        *budget -= text.len();
        match mended.parse() {
            Ok(body) => return Ok((body, renamed)),
            Err(error) => {
                let Some((range, other)) = other_name(&mended, &error) else {
                    return Err(refused);
                };
                renamed.insert(other.clone(), mended[range.clone()].into());
                mended.replace_range(range, &other);
            }
        }
    }
    Err(refused)
}

/// The repeated name in an object that an error is about, and one of the same length that nothing else has. The last
/// entry of a name counts, and the parser allows each name once.
fn other_name(text: &str, error: &Error) -> Option<(Range<usize>, String)> {
    if !error.message().contains("redefined object key") {
        return None;
    }
    let at = error.location().offset();
    let rest = text.get(at..)?;
    let (start, name) = match rest.strip_prefix('"') {
        Some(rest) => (at + 1, rest.split('"').next()?),
        None => (at, rest.split(|next: char| !is_word(next)).next()?),
    };
    if name.contains(['\\', '$', '%', '\n']) {
        return None;
    }
    let words: HashSet<&str> = text.split(|next: char| !is_word(next)).collect();
    let other = candidates(name.len()).find(|other| !words.contains(other.as_str()))?;
    Some((start..start + name.len(), other))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Names of one length: of letters, the last ones counting.
fn candidates(length: usize) -> impl Iterator<Item = String> {
    let letters = length.min(3);
    let count = if length == 0 { 0 } else { 26_usize.pow(letters as u32) };
    (0..count).map(move |number| {
        let mut rest = number;
        let mut name = "q".repeat(length - letters);
        for _ in 0..letters {
            name.push(char::from(b"qjxzkvwyupgbfmhdclnrsitoea"[rest % 26]));
            rest /= 26;
        }
        name
    })
}
