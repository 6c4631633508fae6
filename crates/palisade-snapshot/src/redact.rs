//! Replaces secrets by a keyed hash, a class and a form, and makes placeholders of these that checks judge alike.

use crate::classify::{Found, Mask, Suspicion, find};
use crate::error::SnapshotError;
use crate::files::{Files, whole};
use crate::{Answer, JournalEntry, Part, Record};
use hmac::{Hmac, KeyInit, Mac};
use palisade_model::{Hint, Shape, Unknown, Value as ModelValue, Why};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

/// Replaces secrets in what is kept.
#[derive(Clone, Default)]
pub struct Redactor {
    key: Option<[u8; 32]>,
}

/// The name of what stands for a text with secrets.
pub(crate) const MARKER: &str = "$secret";
/// The file of a snapshot's key.
pub(crate) const KEY: &str = "key";
/// No document nests deeper that was read; what does is left as it is, and can't be read again.
const LEVELS_MAX: usize = 200;

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.key.is_some() { "Redactor(hashing)" } else { "Redactor(keeping)" })
    }
}

impl Redactor {
    /// Keeps secrets as they are.
    pub fn keeping() -> Self {
        Self { key: None }
    }

    /// Hashes secrets with this key.
    pub fn with_key(key: [u8; 32]) -> Self {
        Self { key: Some(key) }
    }

    /// Hashes secrets with the key of a snapshot's folder, which is made where there is none.
    ///
    /// # Errors
    /// The key can't be read or written, or is none.
    pub fn of_folder(files: &dyn Files) -> Result<Self, SnapshotError> {
        let path = files.shown(KEY);
        let read = whole(files, KEY, 1 << 10);
        if let Some(bytes) = read.map_err(|source| SnapshotError::Read { path: path.clone(), source })? {
            let key = parse_key(&String::from_utf8_lossy(&bytes));
            return key.map(Self::with_key).ok_or_else(|| SnapshotError::Key(bad_key(&path)));
        }
        let key = new_key().map_err(|source| SnapshotError::Write { path: path.clone(), source })?;
        Self::keep_key(files, key)
    }

    /// As [`of_folder`](Self::of_folder), a folder without a key getting that of an earlier snapshot: then secrets compare, and
    /// records that are taken over from it are hashed as the others are.
    ///
    /// # Errors
    /// A key can't be read or written, or is none.
    pub fn of_folder_like(files: &dyn Files, earlier: &dyn Files) -> Result<Self, SnapshotError> {
        let read = |files: &dyn Files| {
            let read = whole(files, KEY, 1 << 10);
            read.map_err(|source| SnapshotError::Read { path: files.shown(KEY), source })
        };
        match (read(files)?, read(earlier)?) {
            (None, Some(bytes)) => {
                let key = parse_key(&String::from_utf8_lossy(&bytes));
                let key = key.ok_or_else(|| SnapshotError::Key(bad_key(&earlier.shown(KEY))))?;
                Self::keep_key(files, key)
            }
            _ => Self::of_folder(files),
        }
    }

    fn keep_key(files: &dyn Files, key: [u8; 32]) -> Result<Self, SnapshotError> {
        let text = format!("{}\n", hex(&key));
        let written = files.write(KEY, &mut |to| to.write_all(text.as_bytes()));
        written.map_err(|source| SnapshotError::Write { path: files.shown(KEY), source })?;
        Ok(Self::with_key(key))
    }

    /// Are secrets kept as they are?
    pub fn keeps_secrets(&self) -> bool {
        self.key.is_none()
    }

    /// A name for the key that doesn't tell it.
    pub fn key_name(&self) -> Option<Arc<str>> {
        self.key.map(|_| self.hash("the name of this key")[..12].into())
    }

    /// Replaces the secrets of an answered call.
    pub fn entry(&self, entry: &mut JournalEntry) {
        match &mut entry.answer {
            Answer::Output(output) => self.answer(output),
            Answer::Failure { message, .. } => self.message(message),
        }
    }

    /// Replaces the secrets of an answer. What was replaced already stays as it is.
    pub fn answer(&self, answer: &mut Value) {
        if self.key.is_some() {
            self.value("", answer, Suspicion::Anywhere, 0);
        }
    }

    /// Replaces the secrets of a record.
    pub fn record(&self, record: &mut Record) {
        self.answer(&mut record.document);
        for part in record.parts.values_mut() {
            if let Part::Unread { message, .. } = part {
                self.message(message);
            }
        }
    }

    /// Replaces the secrets of a message: whole words go.
    pub fn message(&self, message: &mut Arc<str>) {
        if self.key.is_none() {
            return;
        }
        let found = find("", message, Suspicion::Anywhere);
        if found.is_empty() {
            return;
        }
        let mut text = String::new();
        let mut end = 0;
        for Found { at, class, .. } in found {
            text.push_str(&message[end..at.start]);
            let _ = write!(text, "({class})");
            end = at.end;
        }
        text.push_str(&message[end..]);
        *message = text.into();
    }

    fn value(&self, name: &str, value: &mut Value, suspicion: Suspicion, level: usize) {
        if level > LEVELS_MAX {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some(marker) = self.text(name, text, suspicion) {
                    *value = marker;
                }
            }
            // The items of a list are no variables of what holds it, unless they are texts.
            Value::Array(items) => items.iter_mut().for_each(|item| {
                let name = if item.is_string() { name } else { "" };
                self.value(name, item, suspicion, level + 1);
            }),
            Value::Object(entries) if is_marker(entries) => {}
            Value::Object(entries) => self.entries(name, entries, suspicion, level),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn entries(&self, name: &str, entries: &mut Map<String, Value>, suspicion: Suspicion, level: usize) {
        let pair = pair(entries);
        for (entry, value) in entries.iter_mut() {
            let suspicion = match &pair {
                // What a variable is called says more than `value`.
                Some((_, of)) if of == entry => Suspicion::Likely,
                _ => suspected(name, entry, value).max(suspicion),
            };
            let called =
                pair.as_ref().filter(|(_, of)| of == entry).map_or(entry.as_str(), |(called, _)| called);
            self.value(called, value, suspicion, level + 1);
        }
    }

    /// What stands for a text with secrets; none for one without.
    fn text(&self, name: &str, text: &str, suspicion: Suspicion) -> Option<Value> {
        if matches!(name, "AccessKeyId" | "accessKeyId") {
            // It names a key and opens nothing.
            return None;
        }
        if suspicion == Suspicion::Likely && is_script(name) {
            match unpacked(text) {
                Unpacked::No => {}
                Unpacked::Text(inner) => {
                    let found = find(name, &inner, suspicion);
                    return (!found.is_empty()).then(|| self.marker(&inner, &found));
                }
                Unpacked::Binary => {
                    let found = Found { at: 0..text.len(), class: "packed", mask: Mask::None };
                    return Some(self.marker(text, &[found]));
                }
            }
        }
        let found = find(name, text, suspicion);
        (!found.is_empty()).then(|| self.marker(text, &found))
    }

    /// `{"$secret": {"around": ["key=", ""], "parts": [{"class": …, "hash": …, "length": …, "form": …}]}}`.
    fn marker(&self, text: &str, found: &[Found]) -> Value {
        let (mut around, mut parts, mut end) = (Vec::new(), Vec::new(), 0);
        for Found { at, class, mask } in found {
            let secret = &text[at.clone()];
            around.push(&text[end..at.start]);
            let mut part = json!({ "class": class, "hash": self.hash(secret), "length": secret.len() });
            if let (Some(form), Some(part)) = (form(secret, *mask), part.as_object_mut()) {
                part.insert("form".to_owned(), form.into());
            }
            parts.push(part);
            end = at.end;
        }
        around.push(&text[end..]);
        json!({ MARKER: { "around": around, "parts": parts } })
    }

    /// A keyed hash: who has the snapshot and not the key can't try out what a secret might be.
    fn hash(&self, secret: &str) -> String {
        let Some(key) = &self.key else { return String::new() };
        // A key of any length will do, so this can't fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
        mac.update(secret.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }
}

/// A key, as 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (place, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *place = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

/// A key of the machine's randomness.
///
/// # Errors
/// The machine gives none.
pub fn new_key() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(key)
}

pub(crate) fn bad_key(path: &str) -> String {
    format!("`{path}` holds no key: 64 hexadecimal digits are expected, as `openssl rand -hex 32` prints")
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Suspicion {
    fn max(self, other: Self) -> Self {
        let rank = |of: Self| of as u8;
        if rank(self) >= rank(other) { self } else { other }
    }
}

/// How a variable and the like name themselves and their value.
const PAIRS: [(&str, &str); 6] = [
    ("name", "value"),
    ("Name", "Value"),
    ("OutputKey", "OutputValue"),
    ("ParameterKey", "ParameterValue"),
    ("OptionName", "Value"),
    ("ParameterName", "ParameterValue"),
];

/// The name and the value's field of something that has both.
fn pair(entries: &Map<String, Value>) -> Option<(String, String)> {
    PAIRS.iter().find_map(|(name, value)| {
        let name = entries.get(*name)?.as_str()?;
        entries.get(*value).filter(|value| value.is_string())?;
        Some((name.to_owned(), (*value).to_owned()))
    })
}

/// Entries that hold variables: people put secrets into them.
const VARIABLES: [&str; 11] = [
    "variables",
    "environment",
    "environmentvariables",
    "runtimeenvironmentvariables",
    "stagevariables",
    "defaultarguments",
    "nonoverridablearguments",
    "hyperparameters",
    "connectionproperties",
    "logoptions",
    "parameters",
];

/// Entries that hold scripts and definitions.
const SCRIPTS: [&str; 8] = [
    "userdata",
    "definition",
    "buildspec",
    "templatebody",
    "content",
    "command",
    "entrypoint",
    "containerproperties",
];

/// Entries that hold nothing but a secret.
const SECRETS: [&str; 12] = [
    "password",
    "masteruserpassword",
    "masterpassword",
    "secretstring",
    "authtoken",
    "clientsecret",
    "privatekey",
    "privatekeyplaintext",
    "secretaccesskey",
    "sessiontoken",
    "adminpassword",
    "presharedkey",
];

fn is_script(name: &str) -> bool {
    SCRIPTS.iter().any(|word| name.eq_ignore_ascii_case(word)) || name.eq_ignore_ascii_case("value")
}

/// How likely it is that what stands under this name is a secret.
fn suspected(parent: &str, name: &str, value: &Value) -> Suspicion {
    let is = |words: &[&str], name: &str| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    if is(&SECRETS, name) && value.is_string() {
        return Suspicion::Certain;
    }
    if is(&SCRIPTS, name) || is(&["userdata"], parent) {
        return Suspicion::Likely;
    }
    if is(&VARIABLES, parent) && value.is_string() { Suspicion::Likely } else { Suspicion::Anywhere }
}

enum Unpacked {
    No,
    Text(String),
    Binary,
}

/// What a text in Base64 says.
fn unpacked(text: &str) -> Unpacked {
    let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if letters.len() < 8 || !letters.len().is_multiple_of(4) {
        return Unpacked::No;
    }
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(letters.len() / 4 * 3), 0_u32, 0);
    let end = letters.iter().position(|letter| *letter == b'=').unwrap_or(letters.len());
    if letters.len() - end > 2 || letters[end..].iter().any(|letter| *letter != b'=') {
        return Unpacked::No;
    }
    for letter in &letters[..end] {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Unpacked::No,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|character| character.is_control() && !character.is_whitespace()) => {
            Unpacked::Text(text)
        }
        _ => Unpacked::Binary,
    }
}

/// The sorts of a secret's characters: `A`, `a`, `0`, `h` (hexadecimal), `B` (Base32), and what is none of these as it is.
/// What stands before the first separator near its beginning is kept, because issuers tell their tokens apart by it.
fn form(secret: &str, mask: Mask) -> Option<String> {
    let is_hex = secret.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let sort = |character: char| match character {
        'A'..='Z' => 'A',
        'a'..='z' if is_hex => 'h',
        'a'..='z' => 'a',
        '0'..='9' if is_hex => 'h',
        '0'..='9' => '0',
        other if other.is_ascii() => other,
        _ => '?',
    };
    match mask {
        Mask::None => None,
        Mask::Empty => Some(String::new()),
        Mask::Base32 => Some("B".repeat(secret.len())),
        Mask::Alike => Some(secret.chars().map(sort).collect()),
    }
}

/// A text of this form that follows from the hash: the same secret has the same placeholder.
fn placeholder(form: &str, hash: &str) -> String {
    let mut digits = Vec::new();
    let mut block = 0_u32;
    let mut at = 0;
    let mut next = || {
        if at == digits.len() {
            let mut digest = Sha256::new();
            digest.update(hash.as_bytes());
            digest.update(block.to_be_bytes());
            digits = digest.finalize().to_vec();
            block += 1;
            at = 0;
        }
        at += 1;
        usize::from(digits[at - 1])
    };
    // Without `x`, so that it never spells `EXAMPLE`.
    let mut of = |alphabet: &[u8]| char::from(alphabet[next() % alphabet.len()]);
    let filled = form.chars().map(|sort| match sort {
        'A' => of(b"ABCDEFGHIJKLMNOPQRSTUVWYZ"),
        'a' => of(b"abcdefghijklmnopqrstuvwyz"),
        '0' => of(b"0123456789"),
        'h' => of(b"0123456789abcdef"),
        'B' => of(b"ABCDEFGHIJKLMNOPQRSTUVWYZ234567"),
        other => other,
    });
    filled.collect()
}

fn is_marker(entries: &Map<String, Value>) -> bool {
    entries.len() == 1
        && entries
            .get(MARKER)
            .is_some_and(|marker| marker.get("parts").is_some() && marker.get("around").is_some())
}

/// What stands for a secret, as a check sees it; none where this is no marker.
///
/// Where the form of the secret is known, a text of that form: a check that looks for tokens of a form finds it as it would
/// have found the secret. Where anything may be in it, it is unknown.
pub(crate) fn read(entries: &Map<String, Value>) -> Option<ModelValue> {
    if !is_marker(entries) {
        return None;
    }
    let marker = entries.get(MARKER)?;
    let (around, parts) = (marker.get("around")?.as_array()?, marker.get("parts")?.as_array()?);
    let around: Vec<&str> = around.iter().map(|text| text.as_str().unwrap_or_default()).collect();
    let mut text = around.first().copied().unwrap_or_default().to_owned();
    let mut open = (around.len() != parts.len() + 1).then_some("a secret");
    for (part, after) in parts.iter().zip(around.iter().skip(1)) {
        let field = |name: &str| part.get(name).and_then(Value::as_str);
        match (field("form"), field("hash")) {
            (Some(form), Some(hash)) => text.push_str(&placeholder(form, hash)),
            _ => open = Some(field("class").unwrap_or("a secret")),
        }
        text.push_str(after);
    }
    let Some(class) = open else { return Some(ModelValue::Text(text.into())) };
    let why = Why::Unreadable(
        format!("the snapshot keeps only a hash of it ({class}): collect with secrets kept").into(),
    );
    let literal = |text: Option<&&str>| text.filter(|text| !text.is_empty()).map(|text| Arc::from(*text));
    let hint = Hint {
        is_present: true,
        shape: Some(Shape::Text),
        starts_with: literal(around.first()),
        ends_with: literal(around.last()),
        ..Hint::default()
    };
    Some(ModelValue::Unknown(Unknown { why, hint }))
}
