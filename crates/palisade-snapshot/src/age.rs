//! Wraps a key for age recipients (X25519) in a file that `age` itself opens, and unwraps it with an identity.
//!
//! Source: "The age file encryption format", <https://age-encryption.org/v1>. Only what a key needs: one chunk, X25519.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::io;
use x25519_dalek::{PublicKey, StaticSecret};

const VERSION: &str = "age-encryption.org/v1";
const STANZA: &str = "-> X25519 ";
/// The file of a key is small; a hundred recipients fit.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 10;

/// Somebody who may read: `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// What reads: `AGE-SECRET-KEY-1…`.
#[derive(Clone)]
pub struct Identity(StaticSecret);

impl std::str::FromStr for Recipient {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let key = bech32(text.trim(), "age");
        key.map(Self).ok_or_else(|| format!("`{}` is no age recipient: `age1…` is expected", text.trim()))
    }
}

impl Identity {
    /// The identities of a file, as `age-keygen` writes it.
    ///
    /// # Errors
    /// A line is none, or there is none.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line is a secret: it is not shown.
            let key = bech32(&line.to_ascii_lowercase(), "age-secret-key-");
            let key = key.ok_or_else(|| {
                format!("line {} is no age identity: `AGE-SECRET-KEY-1…` is expected", number + 1)
            })?;
            identities.push(Self(StaticSecret::from(key)));
        }
        if identities.is_empty() { Err("there is no age identity in it".to_owned()) } else { Ok(identities) }
    }

    /// Who it reads for.
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0).to_bytes())
    }
}

/// The 32 bytes of a text in Bech32 with this beginning.
fn bech32(text: &str, beginning: &str) -> Option<[u8; 32]> {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let data = text.strip_prefix(beginning)?.strip_prefix('1')?;
    let values: Vec<u8> = data
        .bytes()
        .map(|letter| LETTERS.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok()))
        .collect::<Option<_>>()?;
    let checked =
        beginning.bytes().map(|byte| byte >> 5).chain([0]).chain(beginning.bytes().map(|byte| byte & 31));
    let sum = checked.chain(values.iter().copied()).fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3_u32];
        generators
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(sum, |sum, (_, of)| sum ^ of)
    });
    if sum != 1 || values.len() != 52 + 6 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(33), 0_u32, 0);
    for value in &values[..52] {
        held = held << 5 | u32::from(*value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    (held & ((1 << bits) - 1) == 0).then_some(())?;
    bytes.try_into().ok()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 without padding.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        for at in 0..=three.len() {
            text.push(char::from(BASE64[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        held = held << 6 | u32::try_from(BASE64.iter().position(|known| *known == letter)?).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(bytes)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // A key of any length will do, so this can't fail.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// HKDF-SHA-256, of 32 bytes.
fn derived(secret: &[u8], salt: &[u8], purpose: &str) -> [u8; 32] {
    mac(&mac(salt, &[secret]), &[purpose.as_bytes(), &[1]])
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

/// The nonce of the first chunk, which is the last as well.
fn only_chunk() -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[11] = 1;
    nonce
}

fn failed(message: impl ToString) -> io::Error {
    io::Error::other(message.to_string())
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The key that wraps the file's key for one recipient; none where the other side's key is no key.
fn wrapping(shared: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> Option<[u8; 32]> {
    let salt = [share.as_slice(), recipient].concat();
    (*shared != [0; 32]).then(|| derived(shared, &salt, "age-encryption.org/v1/X25519"))
}

/// A key in a file that each of these recipients can open.
///
/// # Errors
/// The machine gives no randomness, or a recipient is no point of the curve.
pub(crate) fn wrap(key: &[u8; 32], recipients: &[Recipient]) -> io::Result<Vec<u8>> {
    let file_key: [u8; 16] = random()?;
    let mut header = format!("{VERSION}\n");
    for Recipient(recipient) in recipients {
        let secret = StaticSecret::from(random::<32>()?);
        let share = PublicKey::from(&secret).to_bytes();
        let shared = secret.diffie_hellman(&PublicKey::from(*recipient)).to_bytes();
        let wrapping = wrapping(&shared, &share, recipient).ok_or_else(|| failed("a recipient is no key"))?;
        let body = cipher(&wrapping).encrypt(&Nonce::default(), file_key.as_slice()).map_err(failed)?;
        header.push_str(&format!("{STANZA}{}\n{}\n", encoded(&share), encoded(&body)));
    }
    header.push_str("---");
    let sum = mac(&derived(&file_key, &[], "header"), &[header.as_bytes()]);
    header.push_str(&format!(" {}\n", encoded(&sum)));
    let nonce: [u8; 16] = random()?;
    let payload = cipher(&derived(&file_key, &nonce, "payload"));
    let sealed = payload.encrypt(&only_chunk().into(), key.as_slice()).map_err(failed)?;
    Ok([header.as_bytes(), &nonce, &sealed].concat())
}

/// The key in a file, if one of the identities opens it.
pub(crate) fn unwrap(file: &[u8], identities: &[Identity]) -> Result<[u8; 32], &'static str> {
    const WRONG: &str = "it is no age file for X25519 recipients";
    const CHANGED: &str = "it was changed, or holds something else than a key";
    let end = file.windows(5).position(|bytes| bytes == b"\n--- ").ok_or(WRONG)?;
    let rest = &file[end + 5..];
    let line = rest.iter().position(|byte| *byte == b'\n').ok_or(WRONG)?;
    let (sum, payload) = (&rest[..line], &rest[line + 1..]);
    let header = std::str::from_utf8(&file[..end + 4]).map_err(|_| WRONG)?;
    let mut lines = header.lines();
    if lines.next() != Some(VERSION) {
        return Err(WRONG);
    }
    let mut file_key = None;
    while let Some(line) = lines.next() {
        let Some(share) = line.strip_prefix(STANZA) else { continue };
        let share: Option<[u8; 32]> = decoded(share).and_then(|share| share.try_into().ok());
        let (share, body) = (share.ok_or(WRONG)?, lines.next().and_then(decoded).ok_or(WRONG)?);
        for identity in identities {
            let shared = identity.0.diffie_hellman(&PublicKey::from(share)).to_bytes();
            let Some(wrapping) = wrapping(&shared, &share, &identity.recipient().0) else { continue };
            if let Ok(key) = cipher(&wrapping).decrypt(&Nonce::default(), body.as_slice()) {
                file_key = Some(key);
            }
        }
    }
    let file_key = file_key.ok_or("none of the identities opens it")?;
    let sum = std::str::from_utf8(sum).ok().and_then(decoded).ok_or(WRONG)?;
    if mac(&derived(&file_key, &[], "header"), &[header.as_bytes()]) != sum.as_slice() {
        return Err(CHANGED);
    }
    let (nonce, sealed) = payload.split_at_checked(16).ok_or(CHANGED)?;
    let plain = cipher(&derived(&file_key, nonce, "payload")).decrypt(&only_chunk().into(), sealed);
    plain.ok().and_then(|key| key.try_into().ok()).ok_or(CHANGED)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made for this test; nothing is encrypted with them but these lines.
    const IDENTITY: &str = "AGE-SECRET-KEY-16Z4CCAP8S7Z5NN45HRSE0QXMUVZJT3V54PEAGEHQMNWYXCA27LSSWGR9W4";
    const RECIPIENT: &str = "age1tguymv03hfj7v9ma4fdufderd6meyc20k2h26vnwlmd72aqs6d5qw3wejh";
    /// What another implementation made of the bytes from 0 to 31.
    const FILE: &str = "6167652d656e6372797074696f6e2e6f72672f76310a2d3e205832353531392064727049753450673461796a4f344c515076613046716471546c4c302f39792b307377386245386962536f0a50365a4f4932707751506e2b476e743838356b6d595045773748316f6145397a4737343062457a6e7667590a2d3e20472d677265617365204c205b35765c6d674b0a6173344f535979363547794c4c7469424e64684b3577556a6272367a7446770a2d2d2d205a6b2f496b4b6b6f622b444272706e446b4531307866644c6433504b4c71525a7535746a6f444a49354a590a7e419315d14e748a0d0a6e5fd7bd14a0bdea936d59d88a9d7a36d4829c7286b1858fcedc760505ae00ad7f04966c1487cc3325470f60d99e54ef8c2ca9cae8e6";

    fn identity() -> Vec<Identity> {
        Identity::read(&format!("# created: now\n# public key: {RECIPIENT}\n{IDENTITY}\n"))
            .expect("an identity")
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    fn key() -> [u8; 32] {
        std::array::from_fn(|at| at as u8)
    }

    #[test]
    fn a_file_of_another_implementation_is_opened() {
        assert_eq!(unwrap(&bytes(FILE), &identity()), Ok(key()));
        assert_eq!(Ok(identity()[0].recipient()), RECIPIENT.parse());
    }

    #[test]
    fn what_is_wrapped_is_opened_by_each_recipient_and_nobody_else() {
        let others: Vec<Identity> = [1_u8, 2].map(|byte| Identity(StaticSecret::from([byte; 32]))).into();
        let recipients = [others[0].recipient(), RECIPIENT.parse().expect("a recipient")];
        let file = wrap(&key(), &recipients).expect("it is wrapped");
        assert_eq!(unwrap(&file, &identity()), Ok(key()));
        assert_eq!(unwrap(&file, &others), Ok(key()));
        assert_eq!(unwrap(&file, &others[1..]), Err("none of the identities opens it"));
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let file = wrap(&key(), &[RECIPIENT.parse().expect("a recipient")]).expect("it is wrapped");
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(unwrap(&changed, &identity()).is_err(), "byte {at}");
            assert!(unwrap(&file[..at], &identity()).is_err(), "cut at {at}");
        }
        assert_eq!(unwrap(b"plain", &identity()), Err("it is no age file for X25519 recipients"));
    }

    #[test]
    fn what_is_no_recipient_and_no_identity_is_refused_and_not_shown() {
        for text in [
            "",
            "age1",
            "age1qqqq",
            &RECIPIENT.replace('1', "2"),
            &RECIPIENT[..61],
            &format!("{RECIPIENT}q"),
            "é",
        ] {
            assert!(text.parse::<Recipient>().is_err(), "{text}");
        }
        let error = |text: &str| Identity::read(text).err().unwrap_or_default();
        assert_eq!(error("# nothing"), "there is no age identity in it");
        assert_eq!(
            error("\nAGE-SECRET-KEY-1QQQ"),
            "line 2 is no age identity: `AGE-SECRET-KEY-1…` is expected"
        );
    }
}
