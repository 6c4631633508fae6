//! Reads the plain front matter of pages that `palisade content check` has already found well formed.

use std::collections::BTreeMap;

/// What stands behind a key: words on its line, in brackets or as a list; and the lines below it, as they stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Field {
    pub words: Vec<String>,
    pub below: String,
}

impl Field {
    /// A field that says one thing.
    pub fn one(&self) -> &str {
        self.words.first().map(String::as_str).unwrap_or_default()
    }
}

/// A page: its front matter and the text that follows.
pub struct Page<'a> {
    pub fields: BTreeMap<String, Field>,
    pub body: &'a str,
}

/// Splits a page; none where there is no front matter.
pub fn page(text: &str) -> Option<Page<'_>> {
    let (front, body) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(Page { fields: fields(front), body })
}

/// The keys at the left edge and what stands behind them.
pub fn fields(text: &str) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    let mut lines = text.lines().map(without_comment).filter(|line| !line.trim().is_empty()).peekable();
    while let Some(line) = lines.next() {
        let Some((key, rest)) = key(line) else { continue };
        let mut rest = rest.to_owned();
        while rest.starts_with('[') && !rest.ends_with(']') {
            let Some(next) = lines.next() else { break };
            rest = format!("{rest} {}", next.trim());
        }
        let mut below = Vec::new();
        while let Some(next) = lines.next_if(|next| next.starts_with([' ', '-'])) {
            below.push(next);
        }
        let items = below.iter().filter_map(|line| line.trim().strip_prefix("- ")).map(plain);
        let words = if rest.is_empty() { items.collect() } else { words(&rest) };
        fields.insert(key, Field { words, below: dedented(&below) });
    }
    fields
}

fn key(line: &str) -> Option<(String, &str)> {
    let (key, rest) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|key| (key, "")))?;
    (!key.starts_with([' ', '-'])).then(|| (plain(key), rest.trim()))
}

fn words(rest: &str) -> Vec<String> {
    match rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => list.split(',').map(plain).filter(|word| !word.is_empty()).collect(),
        None => vec![plain(rest)],
    }
}

fn plain(word: &str) -> String {
    let word = word.trim();
    let unquoted = ['"', '\''].iter().find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote));
    unquoted.unwrap_or(word).to_owned()
}

fn without_comment(line: &str) -> &str {
    let comment = if line.trim_start().starts_with('#') { Some(0) } else { line.find(" #") };
    comment.map_or(line, |at| &line[..at]).trim_end()
}

fn dedented(lines: &[&str]) -> String {
    let margin = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().map(|line| format!("{}\n", &line[margin..])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, key: &str, expected: &[&str]) {
        assert_eq!(fields(text)[key].words, expected, "{text}");
    }

    #[test]
    fn a_field_holds_words() {
        check("title: A bucket", "title", &["A bucket"]);
        check("title: 'A: bucket' # why", "title", &["A: bucket"]);
        check("objectives: [a, \"b\"]", "objectives", &["a", "b"]);
        check("objectives: [a,\n  b]\nsince: 0.1.0", "objectives", &["a", "b"]);
        check("objectives:\n  - a\n  - b\nsince: 0.1.0", "objectives", &["a", "b"]);
        check("a: b\n\nsince: 0.1.0", "since", &["0.1.0"]);
        check("looks-at: AWS::S3::Bucket", "looks-at", &["AWS::S3::Bucket"]);
    }

    #[test]
    fn what_stands_below_a_key_is_read_again() {
        let below = &fields("controls:\n  CC6.1: [a]\n  CC7.2:\n    - b\n")["controls"].below;
        check(below, "CC6.1", &["a"]);
        check(below, "CC7.2", &["b"]);
    }

    #[test]
    fn a_page_is_front_matter_and_a_body() {
        let page = page("---\ntitle: A\n---\n\nWhy.\n").unwrap();
        assert_eq!((page.fields["title"].one(), page.body.trim()), ("A", "Why."));
        assert!(super::page("Why.\n").is_none());
    }
}
