//! The glossary: every word of the model with its documentation.

use super::Derived;
use crate::workspace::{Workspace, files_below};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const SOURCES: &str = "crates/palisade-model/src";

/// A public type: its name, the first paragraph of its documentation, and its variants if it is an enum.
#[derive(Debug, Default, PartialEq)]
struct Entry {
    says: String,
    variants: Vec<(String, String)>,
}

/// GLOSSARY.md from the model's sources.
pub fn glossary(workspace: &Workspace) -> Result<Derived, String> {
    let mut body =
        "# Glossary\n\nThe words of Palisade, as `palisade-model` defines them. The cloud's things have \
                    the cloud's names, and those are explained where the cloud explains them.\n"
            .to_owned();
    for path in files_below(&workspace.root.join(SOURCES), &[]) {
        let text = workspace.text(&workspace.shown(&path))?;
        let entries = entries(&text);
        if !entries.is_empty() {
            body.push_str(&section(&path, &text, &entries));
        }
    }
    Ok(Derived::new("GLOSSARY.md", &body))
}

fn section(path: &Path, text: &str, entries: &BTreeMap<String, Entry>) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let opening = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or(&stem);
    let mut section = format!("\n## {}\n\n", linkless(opening).trim_end_matches('.'));
    for (name, entry) in entries {
        let _ = writeln!(section, "- **{name}**: {}", linkless(&entry.says));
        for (variant, says) in &entry.variants {
            let _ = writeln!(section, "  - *{variant}*: {}", linkless(says));
        }
    }
    section
}

/// The public types of a source, in the order of their names.
fn entries(source: &str) -> BTreeMap<String, Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let mut documentation = Vec::new();
    let mut open_enum = None;
    for line in source.lines() {
        let trimmed = line.trim();
        if let Some(words) = trimmed.strip_prefix("///") {
            documentation.push(words.trim());
            continue;
        }
        if trimmed.starts_with("#[") {
            continue;
        }
        let says = first_paragraph(&std::mem::take(&mut documentation));
        if let Some((keyword, name)) = public_type(line) {
            entries.entry(name.to_owned()).or_default().says = says;
            open_enum = (keyword == "enum" && line.ends_with('{')).then(|| name.to_owned());
        } else if line == "}" {
            open_enum = None;
        } else if let (Some(name), Some(variant)) = (&open_enum, variant(line)) {
            let entry = entries.entry(name.clone()).or_default();
            entry.variants.push((variant.to_owned(), says));
        }
    }
    entries
}

/// `struct` and `Name` of `pub struct Name…`, at the left edge only.
fn public_type(line: &str) -> Option<(&str, &str)> {
    let (keyword, rest) = line.strip_prefix("pub ")?.split_once(' ')?;
    let is_type = ["struct", "enum", "type", "trait"].contains(&keyword);
    is_type.then(|| (keyword, word(rest)))
}

/// The name of a variant, which stands four columns in.
fn variant(line: &str) -> Option<&str> {
    let name = word(line.strip_prefix("    ")?);
    name.starts_with(|first: char| first.is_ascii_uppercase()).then_some(name)
}

fn word(text: &str) -> &str {
    text.split(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap_or_default()
}

fn first_paragraph(lines: &[&str]) -> String {
    let paragraph: Vec<&str> = lines.iter().copied().take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

/// Links to Rust items lead nowhere outside Rust: [`Origin`] becomes `Origin`.
fn linkless(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected is `Name: says` for a type and `Name.Variant: says` for a variant, one a line.
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let mut found = Vec::new();
        for (name, entry) in entries(source) {
            found.push(format!("{name}: {}", entry.says));
            found.extend(entry.variants.iter().map(|(variant, says)| format!("{name}.{variant}: {says}")));
        }
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn a_public_type_is_its_first_paragraph() {
        check(
            "/// A thing,\n/// told.\n///\n/// More.\n#[derive(Debug)]\npub struct Thing(u8);\n",
            &["Thing: A thing, told."],
        );
        check("/// Ours.\nstruct Thing;\n/// A word.\nfn f() {}\n", &[]);
        check("/// B.\npub type B = u8;\n/// A.\npub trait A {}\n", &["A: A.", "B: B."]);
    }

    #[test]
    fn an_enum_tells_its_variants() {
        check(
            "/// A choice.\npub enum Choice {\n    /// One.\n    One,\n    /// Two.\n    #[x]\n    Two(u8),\n    \
             /// Three.\n    Three {\n        /// Not a variant.\n        Inner: u8,\n    },\n}\n",
            &["Choice: A choice.", "Choice.One: One.", "Choice.Two: Two.", "Choice.Three: Three."],
        );
        check("/// Else.\npub struct Else {\n    /// No.\n    No: u8,\n}\n", &["Else: Else."]);
    }
}
