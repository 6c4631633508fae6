//! Sets foreign words as HTML: nothing in them is markup, and nothing in them deceives the eye.

use crate::neutral::neutral;
use crate::prose::{Block, blocks};
use crate::quote::Quote;
use std::fmt::{self, Display, Formatter};
use unicode_width::UnicodeWidthChar;

/// Words that are shown as they are, between tags and within quoted attributes.
pub(super) struct Text<'a>(pub &'a str);

/// A sentence in which backticks hold code.
pub(super) struct Inline<'a>(pub &'a str);

/// Some Markdown, as pages are written in it: paragraphs, lists and code.
pub(super) struct Markdown<'a>(pub &'a str);

/// A quoted line with the words that are meant marked.
pub(super) struct Marked<'a>(pub &'a Quote);

impl Display for Text<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let text = neutral(self.0);
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            let name = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => continue,
            };
            to.write_str(&text[plain..at])?;
            to.write_str(name)?;
            plain = at + 1;
        }
        to.write_str(&text[plain..])
    }
}

impl Display for Inline<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((before, from)) = rest.split_once('`') {
            let Some((code, after)) = from.split_once('`') else {
                break;
            };
            write!(to, "{}<code>{}</code>", Text(before), Text(code))?;
            rest = after;
        }
        write!(to, "{}", Text(rest))
    }
}

impl Display for Markdown<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let blocks = blocks(self.0);
        let together = |a: &Block, b: &Block| {
            let element = element(a);
            // A line of code that stands apart begins another piece of code.
            element == self::element(b) && element != "p" && (element != "pre" || !b.is_apart)
        };
        for run in blocks.chunk_by(together) {
            match element(&run[0]) {
                "p" => write!(to, "<p>{}</p>", Inline(&run[0].text))?,
                "pre" => {
                    to.write_str("<pre tabindex=\"0\"><code>")?;
                    for line in run {
                        writeln!(to, "{}", Text(&line.text))?;
                    }
                    to.write_str("</code></pre>")?;
                }
                list => {
                    write!(to, "<{list}>")?;
                    for item in run {
                        write!(to, "<li>{}</li>", Inline(&item.text))?;
                    }
                    write!(to, "</{list}>")?;
                }
            }
        }
        Ok(())
    }
}

fn element(block: &Block) -> &'static str {
    match block.marker.as_bytes().first() {
        _ if block.is_code => "pre",
        Some(b'0'..=b'9') => "ol",
        Some(_) => "ul",
        None => "p",
    }
}

impl Display for Marked<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let quote = self.0;
        let from = at_column(&quote.line, quote.offset);
        let (before, rest) = quote.line.split_at(from);
        let (meant, after) = rest.split_at(at_column(rest, quote.width));
        write!(to, "{}<mark>{}</mark>{}", Text(before), Text(meant), Text(after))
    }
}

/// The byte at which a column of a line begins.
fn at_column(line: &str, column: usize) -> usize {
    let mut columns = 0;
    for (at, char) in line.char_indices() {
        if columns >= column {
            return at;
        }
        columns += char.width().unwrap_or(0);
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_markup_and_none_deceives() {
        for (text, expected) in [
            ("a < b && c", "a &lt; b &amp;&amp; c"),
            ("</script><script>", "&lt;/script&gt;&lt;script&gt;"),
            ("\"><img src=x onerror='x'>", "&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;"),
            ("a\u{202e}b\u{1b}\n東", "a\\u{202e}b␛␊東"),
        ] {
            assert_eq!(Text(text).to_string(), expected);
        }
    }

    #[test]
    fn backticks_in_pairs_hold_code() {
        for (text, expected) in [
            ("set `a<b` to `c`", "set <code>a&lt;b</code> to <code>c</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("``", "<code></code>"),
        ] {
            assert_eq!(Inline(text).to_string(), expected);
        }
    }

    #[test]
    fn markdown_is_paragraphs_lists_and_code() {
        let code = |text: &str| format!("<pre tabindex=\"0\"><code>{text}</code></pre>");
        for (text, expected) in [
            ("a\nb\n\nc", "<p>a b</p><p>c</p>".to_owned()),
            (
                "Do:\n- a\n- `b`\n\n1. c",
                "<p>Do:</p><ul><li>a</li><li><code>b</code></li></ul><ol><li>c</li></ol>".to_owned(),
            ),
            ("```\na\n\n  b\n```\n```\n<c>\n```", code("a\n\n  b\n") + &code("&lt;c&gt;\n")),
            ("", String::new()),
        ] {
            assert_eq!(Markdown(text).to_string(), expected);
        }
    }

    #[test]
    fn the_words_that_are_meant_are_marked() {
        let quote = |line: &str, offset, width| Quote { line: line.to_owned(), offset, width };
        for (quote, expected) in [
            (quote("a = <b>", 4, 3), "a = <mark>&lt;b&gt;</mark>"),
            (quote("名 = \"東京\"", 5, 6), "名 = <mark>&quot;東京&quot;</mark>"),
            (quote("a", 2, 1), "a<mark></mark>"),
        ] {
            assert_eq!(Marked(&quote).to_string(), expected);
        }
    }
}
