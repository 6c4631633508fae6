//! CBOR, as RPC v2 uses it.

use crate::NESTING_MAX;
use crate::time::Time;

/// What a body of CBOR says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Integer(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
    Boolean(bool),
    Time(Time),
    Null,
}

/// Reads a body.
pub(crate) fn parse(bytes: &[u8]) -> Result<Item, String> {
    Reader { rest: bytes, depth: 0 }.item()
}

struct Reader<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len());
        let (taken, rest) = self.rest.split_at(count.ok_or("the CBOR ends too early")?);
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, size: u64) -> Result<u64, String> {
        Ok(self.take(size)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// The number that stands after the first three bits.
    fn argument(&mut self, information: u8) -> Result<u64, String> {
        match information {
            0..24 => Ok(u64::from(information)),
            24 => self.number(1),
            25 => self.number(2),
            26 => self.number(4),
            27 => self.number(8),
            _ => Err("the CBOR has a length that is none".to_owned()),
        }
    }

    fn is_break(&mut self) -> bool {
        let ends = self.rest.first() == Some(&0xff);
        if ends {
            self.rest = &self.rest[1..];
        }
        ends
    }

    fn item(&mut self) -> Result<Item, String> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(format!("the CBOR nests deeper than {NESTING_MAX} levels"));
        }
        let first = self.take(1)?[0];
        let information = first & 31;
        let item = match first >> 5 {
            0 => Item::Integer(i128::from(self.argument(information)?)),
            1 => Item::Integer(-1 - i128::from(self.argument(information)?)),
            2 => Item::Bytes(self.string(information)?),
            3 => Item::Text(
                String::from_utf8(self.string(information)?).map_err(|_| "the CBOR has text that is none")?,
            ),
            4 => self.list(information)?,
            5 => self.map(information)?,
            6 => self.tagged(information)?,
            _ => self.simple(information)?,
        };
        self.depth -= 1;
        Ok(item)
    }

    fn string(&mut self, information: u8) -> Result<Vec<u8>, String> {
        if information != 31 {
            let length = self.argument(information)?;
            return Ok(self.take(length)?.to_vec());
        }
        let mut bytes = Vec::new();
        while !self.is_break() {
            let first = self.take(1)?[0];
            let length = self.argument(first & 31)?;
            bytes.extend(self.take(length)?);
        }
        Ok(bytes)
    }

    fn list(&mut self, information: u8) -> Result<Item, String> {
        let mut items = Vec::new();
        if information == 31 {
            while !self.is_break() {
                items.push(self.item()?);
            }
        } else {
            // Each item takes a byte at least, so a false length ends with the body.
            for _ in 0..self.argument(information)? {
                items.push(self.item()?);
            }
        }
        Ok(Item::List(items))
    }

    fn map(&mut self, information: u8) -> Result<Item, String> {
        let mut members = Vec::new();
        if information == 31 {
            while !self.is_break() {
                members.push(self.member()?);
            }
        } else {
            for _ in 0..self.argument(information)? {
                members.push(self.member()?);
            }
        }
        Ok(Item::Map(members))
    }

    fn member(&mut self) -> Result<(String, Item), String> {
        match self.item()? {
            Item::Text(name) => Ok((name, self.item()?)),
            _ => Err("the CBOR has a name that is no text".to_owned()),
        }
    }

    fn tagged(&mut self, information: u8) -> Result<Item, String> {
        let tag = self.argument(information)?;
        let seconds = match self.item()? {
            Item::Integer(seconds) => seconds as f64,
            Item::Float(seconds) => seconds,
            _ => return Err("the CBOR has a tag on what it is not for".to_owned()),
        };
        let time = Time::of_seconds(seconds).filter(|_| tag == 1);
        time.map(Item::Time).ok_or_else(|| "the CBOR has a time that is none".to_owned())
    }

    fn simple(&mut self, information: u8) -> Result<Item, String> {
        let bits = |size: u64, reader: &mut Self| reader.number(size);
        Ok(match information {
            20 => Item::Boolean(false),
            21 => Item::Boolean(true),
            22 | 23 => Item::Null,
            25 => Item::Float(half(bits(2, self)?)),
            26 => {
                let bits = u32::try_from(bits(4, self)?).unwrap_or_default();
                Item::Float(f64::from(f32::from_bits(bits)))
            }
            27 => Item::Float(f64::from_bits(bits(8, self)?)),
            _ => return Err("the CBOR has a simple value that is not known".to_owned()),
        })
    }
}

/// A number of sixteen bits.
fn half(bits: u64) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::try_from(bits >> 10 & 31).unwrap_or_default();
    let fraction = f64::from(u32::try_from(bits & 0x3ff).unwrap_or_default());
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1.0 + fraction / 1_024.0) * 2_f64.powi(exponent - 15),
    }
}

/// The first byte and the length or number after it.
pub(crate) fn head(into: &mut Vec<u8>, kind: u8, number: u64) {
    let bytes = number.to_be_bytes();
    let (information, size) = match number {
        0..24 => (bytes[7], 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    into.push(kind << 5 | information);
    into.extend(&bytes[8 - size..]);
}

pub(crate) fn integer(into: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) => head(into, 0, number),
        Err(_) => head(into, 1, (-1 - number).unsigned_abs()),
    }
}

pub(crate) fn text(into: &mut Vec<u8>, text: &str) {
    head(into, 3, text.len() as u64);
    into.extend(text.as_bytes());
}

pub(crate) fn double(into: &mut Vec<u8>, number: f64) {
    if !special(into, number) {
        into.push(7 << 5 | 27);
        into.extend(number.to_be_bytes());
    }
}

pub(crate) fn float(into: &mut Vec<u8>, number: f64) {
    if !special(into, number) {
        into.push(7 << 5 | 26);
        into.extend((number as f32).to_be_bytes());
    }
}

/// Infinities and what is no number take sixteen bits.
fn special(into: &mut Vec<u8>, number: f64) -> bool {
    let bits: u16 = match number {
        _ if number.is_nan() => 0x7e00,
        _ if number == f64::INFINITY => 0x7c00,
        _ if number == f64::NEG_INFINITY => 0xfc00,
        _ => return false,
    };
    into.push(7 << 5 | 25);
    into.extend(bits.to_be_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let told = parse(bytes).map_or_else(|error| error, |item| format!("{item:?}"));
        assert!(told.contains(expected), "{bytes:?}: {told}");
    }

    #[test]
    fn items_are_read() {
        check(&[0x18, 0xff], "Integer(255)");
        check(&[0x38, 0x63], "Integer(-100)");
        check(&[0x63, b'a', b'b', b'c'], "Text(\"abc\")");
        check(&[0x7f, 0x61, b'a', 0x61, b'b', 0xff], "Text(\"ab\")");
        check(&[0x82, 0xf5, 0xf6], "List([Boolean(true), Null])");
        check(&[0xbf, 0x61, b'a', 0x01, 0xff], "Map([(\"a\", Integer(1))])");
        check(&[0xc1, 0x01], "seconds: 1");
        check(&[0xf9, 0x3c, 0x00], "Float(1.0)");
        check(&[0xf9, 0x7c, 0x00], "Float(inf)");
    }

    #[test]
    fn what_is_broken_is_told() {
        check(&[], "ends too early");
        check(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends too early");
        check(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends too early");
        check(&[0x1f], "length that is none");
        check(&[0xc2, 0x01], "time that is none");
        check(&[0xa1, 0x01, 0x01], "no text");
        check(&[0x61, 0xff], "text that is none");
        check(&[0x81; 10_000], "nests deeper");
    }
}
