//! Reads lines of bounded length, and tells a last line that was cut off from one that is whole.

use std::io::{self, BufRead, BufReader, Read};

/// No line of ours is longer.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Lines, one after the other.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    /// The number of the line that was given last, from 1.
    pub number: u64,
    line: Vec<u8>,
}

/// One line.
pub(crate) enum Line<'a> {
    /// It ends with a line break.
    Whole(&'a [u8]),
    /// It ends with the file.
    Torn,
    /// It is longer than any of ours, and was skipped.
    TooLong,
}

impl<R: Read> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(64 << 10, reader), number: 0, line: Vec::new() }
    }

    /// The next line; none at the end.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            return Ok(Some(Line::Whole(&self.line)));
        }
        if (read as u64) < LINE_BYTES_MAX {
            return Ok(Some(Line::Torn));
        }
        self.skip()?;
        Ok(Some(Line::TooLong))
    }

    /// Skips the rest of a line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let (used, is_end) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            };
            self.reader.consume(used);
            if is_end {
                return Ok(());
            }
        }
    }
}
