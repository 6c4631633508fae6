//! Base64, hashes and other encodings of bytes.

use super::{Given, Outcome, TEXT, text_in};
use crate::evaluate::Failure;
use crate::value::{Value, unknown};
use md5::Md5;
use palisade_model::Why;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A way to digest bytes.
pub(super) type Hash = fn(&[u8]) -> Vec<u8>;

pub(super) fn md5(bytes: &[u8]) -> Vec<u8> {
    Md5::digest(bytes).to_vec()
}

pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    Sha1::digest(bytes).to_vec()
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

pub(super) fn sha512(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}

/// A text's hash, in hexadecimal digits.
pub(super) fn hex_hash(given: &Given<'_>, hash: Hash) -> Outcome {
    Ok(Value::text(to_hex(&hash(text_in(given, 0)?.as_bytes())), given.origin))
}

/// A text's hash, in base64.
pub(super) fn base64_hash(given: &Given<'_>, hash: Hash) -> Outcome {
    Ok(Value::text(to_base64(&hash(text_in(given, 0)?.as_bytes())), given.origin))
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn to_base64(bytes: &[u8]) -> String {
    let mut result = String::with_capacity(bytes.len() * 4 / 3 + 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                let index = (bits >> (18 - 6 * digit)) & 63;
                result.push(char::from(DIGITS[index as usize]));
            } else {
                result.push('=');
            }
        }
    }
    result
}

fn from_base64(text: &str) -> Result<Vec<u8>, Failure> {
    let text = text.replace(['\r', '\n'], "");
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return Err(Failure);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(Failure),
        };
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).map_err(|_| Failure)?);
        }
    }
    Ok(bytes)
}

pub(super) fn base64encode(given: &Given<'_>) -> Outcome {
    Ok(Value::text(to_base64(text_in(given, 0)?.as_bytes()), given.origin))
}

pub(super) fn base64decode(given: &Given<'_>) -> Outcome {
    let text = String::from_utf8(from_base64(&text_in(given, 0)?)?).map_err(|_| Failure)?;
    Ok(Value::text(text, given.origin))
}

/// The encodings that are not computed here: which other names there are, Terraform knows.
fn other_encoding(encoding: &str, given: &Given<'_>) -> Outcome {
    let why = Why::NotEvaluated(format!("the encoding {encoding}").into());
    Ok(Value::unknown(unknown(why, true, TEXT), given.origin))
}

/// `UTF-8`, `UTF-16` in either order, and Latin 1; the other encodings are not computed here.
pub(super) fn textencodebase64(given: &Given<'_>) -> Outcome {
    let (text, encoding) = (text_in(given, 0)?, text_in(given, 1)?);
    let bytes: Vec<u8> = match &*encoding.to_ascii_lowercase() {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-16" => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        "iso-8859-1" => text
            .chars()
            .map(|letter| u8::try_from(u32::from(letter)).map_err(|_| Failure))
            .collect::<Result<Vec<u8>, Failure>>()?,
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => return other_encoding(&encoding, given),
    };
    Ok(Value::text(to_base64(&bytes), given.origin))
}

pub(super) fn textdecodebase64(given: &Given<'_>) -> Outcome {
    let (text, encoding) = (text_in(given, 0)?, text_in(given, 1)?);
    let bytes = from_base64(&text)?;
    let units = |unit: fn([u8; 2]) -> u16| {
        if !bytes.len().is_multiple_of(2) {
            return Err(Failure);
        }
        let pairs: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&pairs).map_err(|_| Failure)
    };
    let text = match &*encoding.to_ascii_lowercase() {
        "utf-8" => String::from_utf8(bytes).map_err(|_| Failure)?,
        "utf-16le" => units(u16::from_le_bytes)?,
        "utf-16be" => units(u16::from_be_bytes)?,
        "iso-8859-1" => bytes.iter().copied().map(char::from).collect(),
        _ => return other_encoding(&encoding, given),
    };
    Ok(Value::text(text, given.origin))
}

/// A name's UUID in one of the standard namespaces, or in that of a UUID.
pub(super) fn uuidv5(given: &Given<'_>) -> Outcome {
    let (namespace, name) = (text_in(given, 0)?, text_in(given, 1)?);
    let standard = |last: u8| format!("6ba7b81{last}-9dad-11d1-80b4-00c04fd430c8");
    let namespace = match &*namespace {
        "dns" => standard(0),
        "url" => standard(1),
        "oid" => standard(2),
        "x500" => standard(4),
        other => other.to_owned(),
    };
    let digits: String = namespace.chars().filter(|digit| *digit != '-').collect();
    let is_uuid = matches!(namespace.len(), 32 | 36) && digits.len() == 32;
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| is_uuid).ok_or(Failure)?;
    let mut hash = sha1(&[&number.to_be_bytes(), name.as_bytes()].concat());
    hash.truncate(16);
    hash[6] = hash[6] & 0x0f | 0x50;
    hash[8] = hash[8] & 0x3f | 0x80;
    let hex = to_hex(&hash);
    let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    Ok(Value::text(uuid, given.origin))
}

/// As in a query: spaces become `+`.
pub(super) fn urlencode(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => result.push('+'),
            b'-' | b'_' | b'.' | b'~' => result.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => result.push(char::from(byte)),
            _ => result.push_str(&format!("%{byte:02X}")),
        }
    }
    result
}
