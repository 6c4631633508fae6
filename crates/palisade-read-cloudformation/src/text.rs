//! What functions do with texts.

/// A part of the text that `Fn::Sub` works on.
#[derive(Debug, PartialEq)]
pub(crate) enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

/// `a${B}c${!D}` is the literal `a`, the variable `B`, and the literals `c`, `${`, `D}`.
pub(crate) fn sub_parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let (before, inside) = (&rest[..start], &rest[start + 2..start + length]);
        parts.push(Part::Literal(before));
        match inside.strip_prefix('!') {
            Some(_) => {
                parts.push(Part::Literal("${"));
                parts.push(Part::Literal(&rest[start + 3..=start + length]));
            }
            None => parts.push(Part::Variable(inside.trim())),
        }
        rest = &rest[start + length + 1..];
    }
    parts.push(Part::Literal(rest));
    parts
}

/// Base64 with padding, as RFC 4648 has it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            match digit > chunk.len() {
                true => text.push('='),
                false => text.push(char::from(DIGITS[value as usize])),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xFB, 0xFF]), "+/8=");
    }

    #[test]
    fn variables_and_literals_are_told_apart() {
        use Part::{Literal, Variable};
        assert_eq!(sub_parts("a${B}c"), [Literal("a"), Variable("B"), Literal("c")]);
        assert_eq!(sub_parts("${!D}"), [Literal(""), Literal("${"), Literal("D}"), Literal("")]);
        assert_eq!(sub_parts("$A ${ B"), [Literal("$A ${ B")]);
    }
}
