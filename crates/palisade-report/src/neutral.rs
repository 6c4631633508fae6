//! Makes foreign text harmless to a terminal and to the eye.
//!
//! A resource's name or a line of a template may hold escape sequences that recolour or rewrite the terminal, and marks
//! that reorder or hide what is read. They are shown for what they are instead of being obeyed.

use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// More marks than this on one letter serve no script; they only smear over the lines around.
const MARKS_ON_ONE_LETTER: usize = 3;

/// The text with control characters as their pictures (`␛`) and marks that deceive the eye as their code (`\u{202e}`).
pub fn neutral(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut marks = 0;
    for char in text.chars() {
        marks = if char.width() == Some(0) { marks + 1 } else { 0 };
        push_neutral(char, marks > MARKS_ON_ONE_LETTER, &mut clean);
    }
    Cow::Owned(clean)
}

fn push_neutral(char: char, is_smear: bool, clean: &mut String) {
    match char {
        // The pictures of the control characters stand in their order at U+2400.
        '\0'..='\x1f' => clean.extend(char::from_u32(0x2400 + char as u32)),
        '\x7f' => clean.push('␡'),
        _ if is_smear || is_deceptive(char) => {
            // Writing to a string does not fail.
            let _ = write!(clean, "\\u{{{:x}}}", char as u32);
        }
        _ => clean.push(char),
    }
}

/// Is it a control character, or one that is not seen and changes how what is around it is seen or read?
pub(crate) fn is_deceptive(char: char) -> bool {
    matches!(char,
        '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_an_eye_would_obey_is_shown() {
        let cases = [
            ("aws_s3_bucket.logs[\"eu\"]", "aws_s3_bucket.logs[\"eu\"]"),
            ("größe 東京 é", "größe 東京 é"),
            ("\u{1b}[2J\u{1b}[31mgone", "␛[2J␛[31mgone"),
            ("a\r\nb\tc\0\u{7f}", "a␍␊b␉c␀␡"),
            ("csi \u{9b}2J", "csi \\u{9b}2J"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("in\u{200b}visible\u{feff}", "in\\u{200b}visible\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("z\u{300}\u{301}\u{302}\u{303}", "z\u{300}\u{301}\u{302}\\u{303}"),
        ];
        for (text, expected) in cases {
            assert_eq!(neutral(text), expected);
        }
    }
}
