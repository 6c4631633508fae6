//! Sets a page's prose for a terminal: paragraphs and lists are wrapped, code is left as it is.

use crate::neutral::neutral;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Nobody writes a paragraph wider than this; what is wider quotes a value that somebody made to be.
const LONGEST_PARAGRAPH: usize = 4_000;

/// A paragraph, an item of a list or a line of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands before its first line: `- `, `1. `, spaces before code.
    pub marker: String,
    pub text: String,
    /// Is it set as it is, and never wrapped?
    pub is_code: bool,
    /// Does an empty line stand before it?
    pub is_apart: bool,
}

/// The lines of some Markdown, no line wider than `width`. What is foreign or deceptive in it is neutral afterwards.
pub(crate) fn set(markdown: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks(markdown) {
        if block.is_apart && !lines.is_empty() {
            lines.push(String::new());
        }
        let hanging = block.marker.width();
        let inner = width.saturating_sub(hanging).max(1);
        let set = if block.is_code { vec![cut(&block.text, inner)] } else { wrap(&block.text, inner) };
        for (index, line) in set.into_iter().enumerate() {
            if index == 0 {
                lines.push(format!("{}{line}", block.marker));
            } else {
                lines.push(format!("{:hanging$}{line}", ""));
            }
        }
    }
    lines
}

/// The first paragraph of some Markdown.
pub(crate) fn first_paragraph(markdown: &str) -> &str {
    let text = markdown.trim_start();
    let end = text.find("\n\n").or_else(|| text.find("\r\n\r\n"));
    text[..end.unwrap_or(text.len())].trim_end()
}

/// Does some Markdown begin with a paragraph, as against a list or code?
pub(crate) fn begins_with_words(markdown: &str) -> bool {
    blocks(markdown).first().is_some_and(|block| block.marker.is_empty())
}

/// One text broken at its spaces into lines no wider than `width`; a word that is wider is broken too.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = cut(text, LONGEST_PARAGRAPH);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        let mut rest = word;
        while let (head, tail) = rest.split_at(prefix(rest, width))
            && !tail.is_empty()
        {
            lines.push(head.to_owned());
            rest = tail;
        }
        line.push_str(rest);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Items set one after the other into lines no wider than `width`; only an item that is wider is broken.
pub(crate) fn wrap_items(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { "," } else { "" };
        let item = format!("{}{comma}", neutral(item));
        match lines.last_mut() {
            Some(line) if line.width() + 1 + item.width() <= width => {
                line.push(' ');
                line.push_str(&item);
            }
            _ => lines.extend(wrap(&item, width)),
        }
    }
    lines
}

/// The text on one line, neutral, its end replaced by `…` where it is wider than `width`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = neutral(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let end = prefix(&text, width.saturating_sub(1));
    format!("{}…", &text[..end])
}

/// The text on one line, neutral, its middle replaced by `…` where it is wider than `width`: of a path both ends matter.
pub(crate) fn cut_middle(text: &str, width: usize) -> String {
    let text = neutral(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let kept = width.saturating_sub(1);
    let head = prefix(&text, kept / 3);
    let mut tail = text.len();
    let mut tail_width = 0;
    for (at, char) in text.char_indices().rev() {
        tail_width += char.width().unwrap_or(0);
        if tail_width > kept - kept / 3 {
            break;
        }
        tail = at;
    }
    format!("{}…{}", &text[..head], &text[tail..])
}

/// The length in bytes of the longest beginning that is no wider than `width`, and at least one character.
fn prefix(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, char) in text.char_indices() {
        used += char.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The blocks of some Markdown, in their order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_fenced = false;
    let mut is_apart = false;
    let mut may_continue = false;
    for line in markdown.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            is_fenced = !is_fenced;
            is_apart = true;
            may_continue = false;
            continue;
        }
        if is_fenced || trimmed.starts_with('|') {
            blocks.push(Block {
                marker: "  ".to_owned(),
                text: line.trim_end().replace('\t', "    "),
                is_code: true,
                is_apart,
            });
            is_apart = false;
            continue;
        }
        if trimmed.is_empty() {
            is_apart = true;
            may_continue = false;
            continue;
        }
        let (marker, text) = split_marker(trimmed);
        match blocks.last_mut() {
            Some(last) if may_continue && marker.is_empty() => {
                last.text.push(' ');
                last.text.push_str(text);
            }
            _ => blocks.push(Block {
                marker: marker.to_owned(),
                text: text.to_owned(),
                is_code: false,
                is_apart,
            }),
        }
        is_apart = false;
        may_continue = true;
    }
    blocks
}

/// The marker of a list's item, and the rest.
fn split_marker(line: &str) -> (&str, &str) {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let length = match line.as_bytes() {
        [b'-' | b'*' | b'+', b' ', ..] => 2,
        bytes if digits > 0 && digits < 4 && bytes[digits..].starts_with(b". ") => digits + 2,
        _ => 0,
    };
    line.split_at(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, width: usize, expected: &[&str]) {
        assert_eq!(set(markdown, width), expected, "{markdown}");
    }

    #[test]
    fn paragraphs_are_wrapped_and_stay_apart() {
        check("one two\nthree\n\nfour", 9, &["one two", "three", "", "four"]);
        check("", 9, &[]);
        check("東京東京 a", 4, &["東京", "東京", "a"]);
    }

    #[test]
    fn items_hang_and_code_stays_as_it_is() {
        check("Do:\n- one two three\n12. four", 9, &["Do:", "- one two", "  three", "12. four"]);
        check("So:\n\n```hcl\na  = 1\n```\nthen", 9, &["So:", "", "  a  = 1", "", "then"]);
        check("```\nlong long line\n```", 9, &["  long l…"]);
    }

    #[test]
    fn a_word_without_end_is_broken_and_hostile_words_are_neutral() {
        check("aaaaaaaaaa bb", 4, &["aaaa", "aaaa", "aa", "bb"]);
        check("\u{1b}[31m red", 9, &["␛[31m red"]);
    }

    #[test]
    fn items_stay_whole() {
        let items = ["high a/b", "low c", "medium d/e"].map(str::to_owned);
        assert_eq!(wrap_items(&items, 16), ["high a/b, low c,", "medium d/e"]);
        assert_eq!(wrap_items(&items, 8), ["high", "a/b,", "low c,", "medium", "d/e"]);
    }

    #[test]
    fn cuts_keep_the_ends_that_matter() {
        assert_eq!(cut("abcdefgh", 5), "abcd…");
        assert_eq!(cut("abcde", 5), "abcde");
        assert_eq!(cut_middle("module.a.b.c.aws_s3_bucket.x", 13), "modu…bucket.x");
        assert_eq!(first_paragraph("a\nb\n\nc"), "a\nb");
    }
}
