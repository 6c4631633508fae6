//! Turns the bytes of a file into text, or says why they are none.

use palisade_model::{Diagnostic, Position, Span};
use std::sync::Arc;

/// The text of a file: UTF-8, without its byte order mark. Anything else is an error that says where.
pub fn decode<'a>(file: &Arc<str>, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Diagnostic::error(format!("`{file}` is UTF-16; only UTF-8 is read"))
            .at(span(file, &[]))
            .help("save it as UTF-8, as with `iconv -f UTF-16 -t UTF-8`"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some(zero) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Diagnostic::error(format!("`{file}` is a binary file: byte {zero} is zero"))
            .at(span(file, &bytes[..zero]))
            .help("leave it out, or give the text it was made from"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        Diagnostic::error(format!("`{file}` is not UTF-8: byte {at} is 0x{byte:02X}"))
            .at(span(file, &bytes[..at]))
            .help("save it as UTF-8")
    })
}

/// The place just after `before`.
fn span(file: &Arc<str>, before: &[u8]) -> Span {
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let characters = String::from_utf8_lossy(&before[line_start..]).chars().count();
    let position = Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(characters + 1).unwrap_or(u32::MAX),
    };
    Span { file: file.clone(), start: position, end: position }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let shown = match decode(&"f".into(), bytes) {
            Ok(text) => text.to_owned(),
            Err(diagnostic) => diagnostic.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn text_is_utf_8_without_its_mark() {
        check(b"", "");
        check("añb".as_bytes(), "añb");
        check("\u{feff}a".as_bytes(), "a");
        check(b"a\r\nb", "a\r\nb");
    }

    #[test]
    fn what_is_no_text_says_where_and_what_to_do() {
        check(b"a\n\xC3\xB1\xFFb", "f:2:2: `f` is not UTF-8: byte 4 is 0xFF (save it as UTF-8)");
        check(b"ab\xE2\x82", "f:1:3: `f` is not UTF-8: byte 2 is 0xE2 (save it as UTF-8)");
        check(
            b"\x7fELF\0\0",
            "f:1:5: `f` is a binary file: byte 4 is zero (leave it out, or give the text it was made from)",
        );
        let utf_16 =
            "f:1:1: `f` is UTF-16; only UTF-8 is read (save it as UTF-8, as with `iconv -f UTF-16 -t UTF-8`)";
        check(b"\xFF\xFEa\0", utf_16);
        check(b"\xFE\xFF\0a", utf_16);
    }
}
