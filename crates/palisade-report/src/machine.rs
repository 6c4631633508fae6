//! Writes JSON that is safe to print: what would confuse a terminal or the eye is escaped, and means the same.

use crate::neutral::is_deceptive;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// Writes a value over several lines, indented, and ends the last line.
pub(crate) fn write_pretty(value: &impl Serialize, to: &mut dyn Write) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    value.serialize(&mut Serializer::with_formatter(&mut to, Safe(PrettyFormatter::new())))?;
    to.write_all(b"\n")?;
    to.flush()
}

/// Writes each value on a line of its own.
pub(crate) fn write_lines<T: Serialize>(
    values: impl IntoIterator<Item = T>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    for value in values {
        value.serialize(&mut Serializer::with_formatter(&mut to, Safe(CompactFormatter)))?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// A layout of JSON, with what [`is_deceptive`] written as `\u` escapes.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return to.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, char) in fragment.char_indices() {
            if is_deceptive(char) {
                to.write_all(&fragment.as_bytes()[plain..at])?;
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(to, "\\u{unit:04x}")?;
                }
                plain = at + char.len_utf8();
            }
        }
        to.write_all(&fragment.as_bytes()[plain..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }
    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }
    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_escaped_and_reads_back_the_same() {
        let hostile = "a\u{1b}[2J \u{9b}\u{202e}\u{e0041}é\"\n";
        let mut line = Vec::new();
        write_lines([hostile], &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "\"a\\u001b[2J \\u009b\\u202e\\udb40\\udc41é\\\"\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }
}
