//! Suppressions that stand beside what they are about: `palisade:ignore CHECK[, CHECK…] [until DAY]: REASON`, in a comment of
//! Terraform or YAML, in the `Metadata` of a CloudFormation resource, or under `//` in Terraform's JSON.

use crate::outline::{COMMENTS_MAX, NAME, Outline, of_hcl, of_yaml, read_yaml_plainly};
use crate::pattern::matches;
use palisade_document::{Documents, Text, read_json};
use palisade_model::{Day, Diagnostic, Node, Origin, Position, Span, Value};
use std::sync::Arc;

/// The word that makes a comment a suppression, and the key in `Metadata`.
const MARK: &str = "palisade:ignore";
const FORM: &str =
    "write `palisade:ignore CHECK: why it is accepted`; `until 2027-01-31` may stand before the colon";

/// A suppression as it is written in a file.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// The checks: ids, `*` stands for anything.
    pub checks: Vec<String>,
    pub until: Option<Day>,
    pub reason: Arc<str>,
    pub place: Span,
    /// From where to where it holds in its file.
    pub from: Position,
    pub to: Position,
}

/// The suppressions in a text, and what is wrong with some. `checks` are the ids of all checks there are.
pub(crate) fn notes(file: &Arc<str>, text: &str, checks: &[&str]) -> (Vec<Note>, Vec<Diagnostic>) {
    if !text.contains(NAME) {
        return Default::default();
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut found = match Syntax::of(file, &text) {
        Syntax::Hcl => written(file, &of_hcl(&text)),
        Syntax::TerraformJson => {
            let mut found = Found::default();
            for document in &read_json(Text::whole(file, &text)).documents {
                slashes(document, &mut found);
            }
            found
        }
        Syntax::Json => {
            let mut found = Found::default();
            metadata(&read_json(Text::whole(file, &text)), &mut found);
            found
        }
        Syntax::Yaml => {
            let read = read_yaml_plainly(file, &text);
            let mut found = written(file, &of_yaml(&text, &read));
            metadata(&read, &mut found);
            found
        }
    };
    if found.noted.len() > COMMENTS_MAX {
        let next = found.noted[COMMENTS_MAX].place.clone();
        found.noted.truncate(COMMENTS_MAX);
        let many = format!("this file has more than {COMMENTS_MAX} suppressions; the rest are not read");
        found.diagnostics.push(Diagnostic::warning(many).at(next).help("put one in `.palisade.toml`"));
    }
    let mut diagnostics = found.diagnostics;
    let notes = found.noted.into_iter().filter_map(|noted| match parse(&noted, checks) {
        Ok((note, mut wrong)) => {
            diagnostics.append(&mut wrong);
            Some(note).filter(|note| !note.checks.is_empty())
        }
        Err(diagnostic) => {
            diagnostics.push(diagnostic.at(noted.place));
            None
        }
    });
    (notes.collect::<Vec<_>>(), diagnostics)
}

/// How a file is written.
enum Syntax {
    Hcl,
    TerraformJson,
    Json,
    Yaml,
}

impl Syntax {
    fn of(file: &str, text: &str) -> Self {
        let ends = |endings: &[&str]| endings.iter().any(|ending| file.ends_with(ending));
        if ends(&[".tf", ".tofu", ".tfvars"]) {
            Self::Hcl
        } else if ends(&[".tf.json", ".tofu.json", ".tfvars.json"]) {
            Self::TerraformJson
        } else if ends(&[".json"]) || text.trim_start().starts_with('{') {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

/// A text that begins with [`MARK`], and what it is about.
struct Noted {
    text: String,
    place: Span,
    from: Position,
    to: Position,
}

#[derive(Default)]
struct Found {
    noted: Vec<Noted>,
    diagnostics: Vec<Diagnostic>,
}

/// The comments that are suppressions.
fn written(file: &Arc<str>, outline: &Outline) -> Found {
    let mut found = Found::default();
    for comment in outline.comments.iter().take(COMMENTS_MAX + 1) {
        let place = Span { file: file.clone(), start: comment.start, end: comment.end };
        let Some(word) = comment.text.split_whitespace().next().filter(|word| word.starts_with(NAME)) else {
            continue;
        };
        if word.trim_end_matches(':') != MARK {
            let said = Diagnostic::warning(format!("`{word}` means nothing, and suppresses nothing"));
            found.diagnostics.push(said.at(place).help(FORM));
            continue;
        }
        match outline.about(comment) {
            Some((first, last)) => found.noted.push(Noted {
                text: comment.text.clone(),
                place,
                from: Position { line: first, column: 1 },
                to: Position { line: last, column: u32::MAX },
            }),
            None => {
                let said =
                    Diagnostic::warning("this suppression stands above nothing, and suppresses nothing");
                let help = "put it on the line above the block or argument that it is about, on the same line, or on the first lines inside the block";
                found.diagnostics.push(said.at(place).help(help));
            }
        }
    }
    found
}

/// The notes in the `Metadata` of a template's resources.
fn metadata(read: &Documents, found: &mut Found) {
    let resources = read.documents.iter().filter_map(|document| match document.get("Resources") {
        Some(Node { value: Value::Map(resources), .. }) => Some(resources.entries.values()),
        _ => None,
    });
    for resource in resources.flatten() {
        let Some(note) = resource.get("Metadata").and_then(|metadata| metadata.get(MARK)) else { continue };
        let texts: Vec<&Node> = match &note.value {
            Value::List(list) => list.items.iter().collect(),
            _ => vec![note],
        };
        // The key of a resource is where it is declared, and stands before its value.
        let Some((about, place)) = resource.origin.span().zip(note.origin.span()) else { continue };
        let from = read.keys.of(resource).map_or(about.start, |key| key.start);
        for text in texts {
            match text.text() {
                Some(text) => found.noted.push(Noted {
                    text: format!("{MARK} {text}"),
                    place: place.clone(),
                    from,
                    to: about.end,
                }),
                None => {
                    let said = Diagnostic::warning(format!("`{MARK}` is not a text, and suppresses nothing"));
                    found.diagnostics.push(said.at(place.clone()).help("write `CHECK: why it is accepted`"));
                }
            }
        }
    }
}

/// The notes under `//` in Terraform's JSON. The reader bounds the nesting.
fn slashes(node: &Node, found: &mut Found) {
    match &node.value {
        Value::List(list) => list.items.iter().for_each(|item| slashes(item, found)),
        Value::Map(map) => {
            let note = map.entries.get("//").and_then(|note| Some((note.text()?, note.origin.span()?)));
            if let Some((text, place)) = note
                && text.split_whitespace().next().is_some_and(|word| word.trim_end_matches(':') == MARK)
                && let Origin::File(about) = &node.origin
            {
                let (text, place) = (text.to_owned(), place.clone());
                found.noted.push(Noted { text, place, from: about.start, to: about.end });
            }
            map.entries.values().for_each(|entry| slashes(entry, found));
        }
        _ => {}
    }
}

/// What a note says. Checks that are not there are left out, and said.
fn parse(noted: &Noted, checks: &[&str]) -> Result<(Note, Vec<Diagnostic>), Diagnostic> {
    let without = |what: &str| {
        Diagnostic::warning(format!("this suppression {what}, and suppresses nothing")).help(FORM)
    };
    let rest = noted.text.trim_start().strip_prefix(MARK).unwrap_or_default();
    let Some((head, reason)) = rest.split_once(':') else {
        return Err(without("gives no reason"));
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(without("gives no reason"));
    }
    let words: Vec<&str> = head.split([' ', '\t', ',', '\n']).filter(|word| !word.is_empty()).collect();
    let (names, until) = match words.iter().position(|word| *word == "until") {
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (&words[..], None),
    };
    let until = match until {
        None => None,
        Some([day]) => {
            Some(day.parse::<Day>().map_err(|error| without(&format!("has no such day: {error}")))?)
        }
        Some(_) => return Err(without("does not say until when")),
    };
    if names.is_empty() {
        return Err(without("names no check"));
    }
    let mut wrong = Vec::new();
    let mut known = Vec::new();
    for name in names {
        match unknown_check(name, checks) {
            None => known.push((*name).to_owned()),
            Some(diagnostic) => wrong.push(diagnostic.at(noted.place.clone())),
        }
    }
    let (place, from, to) = (noted.place.clone(), noted.from, noted.to);
    Ok((Note { checks: known, until, reason: reason.into(), place, from, to }, wrong))
}

/// Says that no check has a name, and which is nearest.
pub(crate) fn unknown_check(name: &str, checks: &[&str]) -> Option<Diagnostic> {
    if checks.iter().any(|check| matches(name, check)) {
        return None;
    }
    let said = Diagnostic::warning(format!("no check is named `{name}`, so it suppresses nothing"));
    let nearest = checks.iter().min_by_key(|check| strsim::levenshtein(check, name));
    Some(match nearest {
        Some(nearest) => said.help(format!("did you mean `{nearest}`?")),
        None => said,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKS: [&str; 3] = ["aws/s3/acl", "aws/s3/logs", "aws/ec2/open"];

    /// The notes of a file, one a line, then what is wrong.
    #[track_caller]
    fn check(file: &str, text: &str, expected: &[&str]) {
        let (notes, wrong) = notes(&file.into(), text, &CHECKS);
        let mut said: Vec<String> = notes
            .iter()
            .map(|note| {
                let until = note.until.map(|day| format!(" until {day}")).unwrap_or_default();
                let (checks, reason, from, to) = (note.checks.join(" "), &note.reason, note.from, note.to);
                format!("{checks}{until}: {reason} ({}-{})", from.line, to.line)
            })
            .collect();
        said.extend(wrong.iter().map(ToString::to_string));
        let is_same = said.len() == expected.len()
            && said.iter().zip(expected).all(|(said, expected)| said.contains(expected));
        assert!(is_same, "{said:#?}\nnot\n{expected:#?}");
    }

    fn comment(text: &str, expected: &[&str]) {
        check("a.tf", &format!("{text}\nr {{\n}}\n"), expected);
    }

    #[test]
    fn a_comment_says_which_check_until_when_and_why() {
        comment("# palisade:ignore aws/s3/acl: it is a website", &["aws/s3/acl: it is a website (2-3)"]);
        comment("// palisade:ignore aws/s3/*: a: b", &["aws/s3/*: a: b (2-3)"]);
        comment(
            "/* palisade:ignore aws/s3/acl, aws/ec2/open until 2027-01-31: two\n * lines */",
            &["aws/s3/acl aws/ec2/open until 2027-01-31: two lines (3-4)"],
        );
        comment("#palisade:ignore aws/s3/acl:x\r", &["aws/s3/acl: x (2-3)"]);
    }

    #[test]
    fn what_is_wrong_with_a_comment_is_said_with_its_place() {
        comment("# palisade:ignore aws/s3/acl", &["a.tf:1:1: this suppression gives no reason"]);
        comment("# palisade:ignore aws/s3/acl: ", &["gives no reason"]);
        comment("# palisade:ignore: why", &["names no check"]);
        comment("# palisade:ignore aws/s3/acl until: why", &["does not say until when"]);
        comment("# palisade:ignore aws/s3/acl until tomorrow: why", &["`tomorrow` is not a day"]);
        comment("# palisade:ignore aws/s3/acl until 2027-02-30: why", &["not in the calendar"]);
        comment("# palisade:ignore aws/s3/acls: why", &["did you mean `aws/s3/acl`?"]);
        comment("# palisade:ignore aws/s3/acls, aws/ec2/open: why", &["aws/ec2/open: why", "`aws/s3/acls`"]);
        comment("# palisade:skip aws/s3/acl: why", &["`palisade:skip` means nothing"]);
        comment("# palisade:ignore aws/s3/acl: why\n", &["stands above nothing"]);
        comment("# checkov:skip=CKV_AWS_18: why", &[]);
        comment("# see palisade:ignore for more", &[]);
    }

    #[test]
    fn metadata_suppresses_for_its_resource() {
        let json = r#"{"Resources": {
            "A": {"Type": "X",
                "Metadata": {"palisade:ignore": ["aws/s3/acl: why", "aws/s3/logs until 2027-01-01: no", 7]}
            },
            "B": {"Type": "Y", "Metadata": {"palisade:ignore": "aws/ec2/open"}}
        }}"#;
        let expected =
            ["aws/s3/acl: why (2-4)", "aws/s3/logs until 2027-01-01: no", "is not a text", "gives no reason"];
        check("a.json", json, &expected);
        let yaml = "Resources:\n  A:\n    Metadata:\n      palisade:ignore: 'aws/s3/acl: why'\n";
        check("a.yaml", yaml, &["aws/s3/acl: why (2-4)"]);
    }

    #[test]
    fn two_slashes_suppress_in_json_of_terraform() {
        let text = r#"{"resource": {"t": {"n": {
            "//": "palisade:ignore aws/s3/acl: why"
        }, "m": {"//": "palisade:ignored"}}}}"#;
        check("a.tf.json", text, &["aws/s3/acl: why (1-3)"]);
    }

    #[test]
    fn a_thousand_are_read_of_one_file() {
        let text = "# palisade:ignore aws/s3/acl: why\nr {}\n".repeat(1_500);
        let (notes, wrong) = notes(&"a.tf".into(), &text, &CHECKS);
        assert_eq!((notes.len(), wrong.len()), (1_000, 1));
    }

    #[test]
    fn texts_of_any_shape_are_read_to_their_end() {
        let parts = [
            "palisade:ignore aws/s3/acl: é",
            "#",
            "//",
            "/*",
            "*/",
            "\n",
            "\"",
            "${",
            "}",
            "{",
            "[",
            "]",
            "<<E\n",
        ];
        let more = [
            "E\n",
            "\\",
            ": ",
            "- ",
            "|\n",
            "'",
            "é",
            "\t",
            "  ",
            "a",
            "&a",
            "*a",
            "Resources:\n",
            ",",
            "(",
            ")",
            "\r\n",
        ];
        let parts = [&parts[..], &more[..]].concat();
        let mut state = 1u64;
        for _ in 0..3_000 {
            let mut text = String::from(NAME);
            for _ in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text += parts[(state >> 33) as usize % parts.len()];
            }
            for file in ["a.tf", "a.yaml", "a.json", "a.tf.json"] {
                for note in notes(&file.into(), &text, &CHECKS).0 {
                    assert!(note.from <= note.to && note.place.start <= note.place.end, "{text}");
                }
            }
        }
    }

    #[test]
    fn hostile_texts_are_read_to_their_end() {
        for text in ["[".repeat(50_000), "{".repeat(50_000), "- ".repeat(50_000), "\"".repeat(9)] {
            for file in ["a.tf", "a.yaml", "a.json", "a.tf.json"] {
                notes(&file.into(), &format!("{text} # palisade:ignore a: b"), &CHECKS);
            }
        }
    }
}
