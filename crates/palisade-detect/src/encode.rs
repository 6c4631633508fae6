//! Encodings that a rule's text can be put into before it is looked for: UTF-16 and Base64.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text in UTF-16, the low byte first.
pub(crate) fn utf16_le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The text in UTF-16, the high byte first.
pub(crate) fn utf16_be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The text in UTF-16 behind its byte order mark.
pub(crate) fn utf16_with_mark(text: &str) -> Vec<u8> {
    [vec![0xff, 0xfe], utf16_le(text)].concat()
}

/// The bytes in Base64 with its padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut encoded = unpadded(bytes);
    while !encoded.len().is_multiple_of(4) {
        encoded.push('=');
    }
    encoded
}

/// What of the bytes can be seen in Base64 wherever they stand: for each of the three shifts, the characters that
/// no neighbouring byte changes. Bytes too short for any such character give nothing at that shift.
pub(crate) fn base64_at_any_offset(bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let encoded = unpadded(&[vec![0; shift], bytes.to_vec()].concat());
            let first = (shift * 8).div_ceil(6);
            let last = (shift + bytes.len()) * 8 / 6;
            encoded.get(first..last).unwrap_or_default().to_owned()
        })
        .filter(|part| !part.is_empty())
        .collect()
}

fn unpadded(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            encoded.push(char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_text_is_seen_whatever_stands_around_it() {
        for text in ["/bin/bash", "whoami", "abcd", "http://"] {
            let parts = base64_at_any_offset(text.as_bytes());
            for before in ["", "x", "xy", "xyz"] {
                for after in ["", "\u{7f}", "zz", "zzz"] {
                    let whole = base64(format!("{before}{text}{after}").as_bytes());
                    assert!(parts.iter().any(|part| whole.contains(part)), "{whole} {parts:?}");
                }
            }
        }
    }

    #[test]
    fn a_text_too_short_to_be_seen_has_no_empty_part() {
        assert_eq!(base64_at_any_offset(b"a"), ["Y", "h"]);
        assert!(base64_at_any_offset(b"").is_empty());
    }

    #[test]
    fn utf16_has_its_byte_orders() {
        assert_eq!(utf16_le("cm"), b"c\0m\0");
        assert_eq!(utf16_be("cm"), b"\0c\0m");
        assert_eq!(utf16_with_mark("c"), b"\xff\xfec\0");
        assert_eq!(utf16_le("𝄞"), [0x34, 0xd8, 0x1e, 0xdd]);
    }
}
