//! CBOR, as far as RPC v2 needs it.

/// A value of CBOR.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Number(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
    Bool(bool),
    Null,
    /// Seconds since 1970.
    Time(f64),
}

const DEPTH_MAX: usize = 64;

/// Reads one value; nothing where it is broken.
pub(crate) fn read(bytes: &[u8]) -> Option<Item> {
    let mut rest = bytes;
    item(&mut rest, 0)
}

fn take<'a>(rest: &mut &'a [u8], count: u64) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(count).ok()?)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8], short: u8) -> Option<u64> {
    let size = match short {
        0..=23 => return Some(u64::from(short)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    Some(take(rest, size)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn item(rest: &mut &[u8], depth: usize) -> Option<Item> {
    if depth > DEPTH_MAX {
        return None;
    }
    let first = take(rest, 1)?[0];
    let (major, short) = (first >> 5, first & 31);
    if major == 7 {
        return Some(match short {
            20 => Item::Bool(false),
            21 => Item::Bool(true),
            22 | 23 => Item::Null,
            25 => Item::Float(half(number(rest, 25)? as u16)),
            26 => Item::Float(f64::from(f32::from_bits(number(rest, 26)? as u32))),
            27 => Item::Float(f64::from_bits(number(rest, 27)?)),
            _ => return None,
        });
    }
    let value = number(rest, short)?;
    Some(match major {
        0 => Item::Number(i64::try_from(value).ok()?),
        1 => Item::Number(-1 - i64::try_from(value).ok()?),
        2 => Item::Bytes(take(rest, value)?.to_vec()),
        3 => Item::Text(String::from_utf8(take(rest, value)?.to_vec()).ok()?),
        4 => Item::List((0..value).map(|_| item(rest, depth + 1)).collect::<Option<_>>()?),
        5 => {
            let entry = |rest: &mut &[u8]| match item(rest, depth + 1)? {
                Item::Text(name) => Some((name, item(rest, depth + 1)?)),
                _ => None,
            };
            Item::Map((0..value).map(|_| entry(rest)).collect::<Option<_>>()?)
        }
        _ => match item(rest, depth + 1)? {
            Item::Number(seconds) if value == 1 => Item::Time(seconds as f64),
            Item::Float(seconds) if value == 1 => Item::Time(seconds),
            _ => return None,
        },
    })
}

/// A half float: all that matters here are the special ones, but the others are read, too.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1_023));
    let size = match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction / 1_024.0 * 2_f64.powi(-14),
        _ => (1.0 + fraction / 1_024.0) * 2_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Writes a value.
pub(crate) fn write(item: &Item, into: &mut Vec<u8>) {
    match item {
        Item::Number(number) if *number < 0 => head(1, (-1 - number) as u64, into),
        Item::Number(number) => head(0, *number as u64, into),
        Item::Float(number) => {
            into.push(0xfb);
            into.extend(number.to_bits().to_be_bytes());
        }
        Item::Bytes(bytes) => {
            head(2, bytes.len() as u64, into);
            into.extend(bytes);
        }
        Item::Text(text) => {
            head(3, text.len() as u64, into);
            into.extend(text.as_bytes());
        }
        Item::List(items) => {
            head(4, items.len() as u64, into);
            items.iter().for_each(|item| write(item, into));
        }
        Item::Map(entries) => {
            head(5, entries.len() as u64, into);
            for (name, item) in entries {
                write(&Item::Text(name.clone()), into);
                write(item, into);
            }
        }
        Item::Bool(is) => into.push(if *is { 0xf5 } else { 0xf4 }),
        Item::Null => into.push(0xf6),
        Item::Time(seconds) => {
            into.push(0xc1);
            write(&Item::Float(*seconds), into);
        }
    }
}

fn head(major: u8, value: u64, into: &mut Vec<u8>) {
    match value {
        0..=23 => into.push(major << 5 | value as u8),
        24..=0xff => into.extend([major << 5 | 24, value as u8]),
        0x100..=0xffff => {
            into.push(major << 5 | 25);
            into.extend((value as u16).to_be_bytes());
        }
        _ => {
            into.push(major << 5 | 27);
            into.extend(value.to_be_bytes());
        }
    }
}
