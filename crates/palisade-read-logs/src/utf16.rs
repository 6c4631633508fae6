//! Reads UTF-16 as UTF-8.

use std::io::{self, BufRead, Read};

/// A reader of UTF-16, the byte order known. What is no UTF-16 becomes a byte that no UTF-8 has, so that whoever
/// reads on refuses just the line it stands in.
pub(crate) struct Utf16<R> {
    inner: R,
    is_big_endian: bool,
    /// Read, and not asked for yet.
    ready: Vec<u8>,
    from: usize,
    /// The first half of a character.
    high: Option<u16>,
    /// The first byte of a unit.
    half: Option<u8>,
}

const BROKEN: u8 = 0xff;
const CHUNK: usize = 1 << 14;

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, is_big_endian: bool) -> Self {
        Self { inner, is_big_endian, ready: Vec::new(), from: 0, high: None, half: None }
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        self.ready.clear();
        self.from = 0;
        while self.ready.is_empty() {
            let count = match self.inner.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if count == 0 {
                if self.high.take().is_some() | self.half.take().is_some() {
                    self.ready.push(BROKEN);
                }
                return Ok(());
            }
            for byte in &chunk[..count] {
                match self.half.take() {
                    None => self.half = Some(*byte),
                    Some(first) if self.is_big_endian => self.unit(u16::from_be_bytes([first, *byte])),
                    Some(first) => self.unit(u16::from_le_bytes([first, *byte])),
                }
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        let units = match (self.high.take(), unit) {
            (None, 0xd800..0xdc00) => {
                self.high = Some(unit);
                return;
            }
            (None, _) => vec![unit],
            (Some(high), 0xd800..0xdc00) => {
                self.high = Some(unit);
                vec![high]
            }
            (Some(high), _) => vec![high, unit],
        };
        for char in char::decode_utf16(units) {
            match char {
                Ok(char) => self.ready.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(_) => self.ready.push(BROKEN),
            }
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Utf16<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from == self.ready.len() {
            self.refill()?;
        }
        Ok(&self.ready[self.from..])
    }

    fn consume(&mut self, count: usize) {
        self.from += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(units: &[u16], odd: bool, expected: &[u8]) {
        for is_big_endian in [true, false] {
            let bytes = units
                .iter()
                .flat_map(|unit| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() });
            let mut bytes: Vec<u8> = bytes.collect();
            bytes.extend(odd.then_some(b'x'));
            let mut read = Vec::new();
            Utf16::new(bytes.as_slice(), is_big_endian).read_to_end(&mut read).unwrap();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn units_become_characters_and_halves_of_them_break_the_line() {
        let units: Vec<u16> = "a€𝄞\n".encode_utf16().collect();
        check(&units, false, "a€𝄞\n".as_bytes());
        check(&[], false, b"");
        check(&[0x61], true, b"a\xff");
        check(&[0xd834], false, b"\xff");
        check(&[0xd834, 0x61], false, b"\xffa");
        check(&[0xdd1e, 0x61], false, b"\xffa");
        check(&[0xd834, 0xd834, 0xdd1e], false, &[&[BROKEN][..], "\u{1d11e}".as_bytes()].concat());
        check(&vec![0x61; CHUNK + 1], false, &vec![b'a'; CHUNK + 1]);
    }
}
