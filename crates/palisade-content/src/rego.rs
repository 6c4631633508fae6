//! Other people's checks: plain Rego with OPA's metadata annotations.

use crate::fields::{Fields, Word, short};
use crate::load::{Mention, Read, Wanted, whole};
use crate::{Block, Body, Check, LooksAt, Page, PageFile, Section, Sort, check, nearest};
use palisade_document::{Documents, Text, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Node, PageId, Position, Severity, Span, Value};
use std::sync::Arc;

/// The rules that list faults, by how often they are what a module means.
const ENTRYPOINTS: [&str; 3] = ["fail", "deny", "violation"];
/// Where people write what OPA has no field for.
const LOOKS_AT: [&str; 5] = ["looks-at", "looks_at", "resource-type", "resource_type", "resource"];
const FIX: [&str; 5] = ["fix", "remediation", "recommended_action", "recommended_actions", "recommendation"];

/// Reads a module whose annotations say what a check's front matter would.
pub(crate) fn read(file: &PageFile, id: PageId, text: &str) -> Read {
    let whole = whole(&file.path);
    let annotations = annotations(file, text);
    let mut module = Module {
        place: annotations.first().map_or_else(|| whole.clone(), |first| first.place.clone()),
        annotations,
        is_cut: false,
        mentions: Vec::new(),
        said: Vec::new(),
    };
    for annotation in &module.annotations {
        module.said.extend(annotation.documents.diagnostics.iter().cloned());
    }
    module.is_cut = !module.said.is_empty();
    let title = module.title(&id);
    let severity = module.severity();
    let looks_at = module.looks_at();
    let objectives = module.objectives();
    let entrypoint = module.entrypoint(text, &whole);
    let rego = Block {
        language: "rego".into(),
        text: text.into(),
        start: Position { line: 1, column: 1 },
        fence: whole,
    };
    let page = looks_at.zip(entrypoint).map(|(looks_at, entrypoint)| Page {
        id,
        sort: Sort::Check,
        file: file.path.clone(),
        shipped: file.shipped,
        title,
        since: None,
        why: module.words(&["description"], &["description"]),
        fix: module.words(&[], &FIX),
        sections: module.references(),
        body: Body::Check(Check { severity, looks_at, only_in: Vec::new(), objectives, rego, entrypoint }),
        examples: Vec::new(),
    });
    Read { page, mentions: module.mentions, said: module.said }
}

/// A comment that begins with `# METADATA`.
struct Annotation {
    place: Span,
    documents: Documents,
    is_of_package: bool,
}

/// The annotations of a module, those of its package first.
fn annotations(file: &PageFile, text: &str) -> Vec<Annotation> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let begins = lines[at].trim().strip_prefix('#').is_some_and(|rest| rest.trim() == "METADATA");
        let first = at;
        at += 1;
        if !begins {
            continue;
        }
        let mut yaml = String::new();
        while let Some(line) = lines.get(at).filter(|line| line.trim_start().starts_with('#')) {
            // A space instead of the `#` keeps every column where it is.
            yaml.push_str(&line.replacen('#', " ", 1));
            yaml.push('\n');
            at += 1;
        }
        let next = lines[at..].iter().map(|line| line.trim());
        let mut next = next.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let text =
            Text { file: &file.path, text: &yaml, start: Position { line: count(first + 2), column: 1 } };
        let length = count(lines[first].chars().count());
        found.push(Annotation {
            place: Span::new(file.path.clone(), (count(first + 1), 1), (count(first + 1), length + 1)),
            documents: read_yaml(text, &refuse_tags),
            is_of_package: next.next().is_some_and(|line| line.starts_with("package")),
        });
    }
    found.sort_by_key(|annotation| !annotation.is_of_package);
    found
}

struct Module {
    annotations: Vec<Annotation>,
    place: Span,
    /// Could part of the metadata not be read, so that what is missing may be there?
    is_cut: bool,
    mentions: Vec<Mention>,
    said: Vec<Diagnostic>,
}

impl Module {
    /// The value of OPA's own field, or of one below `custom`, in the first annotation that has it.
    fn find(&self, own: &[&str], custom: &[&str]) -> Option<&Node> {
        let fronts = || self.annotations.iter().filter_map(|it| it.documents.documents.first());
        let own = fronts().find_map(|front| own.iter().find_map(|name| front.get(name)));
        own.or_else(|| {
            let mut customs = fronts().filter_map(|front| front.get("custom"));
            customs.find_map(|front| custom.iter().find_map(|name| front.get(name)))
        })
    }

    fn word(&self, own: &[&str], custom: &[&str]) -> Option<Word> {
        let node = self.find(own, custom)?;
        Some(Word {
            text: node.text()?.trim().into(),
            span: node.origin.span().unwrap_or(&self.place).clone(),
        })
    }

    fn words(&self, own: &[&str], custom: &[&str]) -> Arc<str> {
        self.word(own, custom).map_or_else(|| "".into(), |word| word.text)
    }

    fn say(&mut self, diagnostic: Diagnostic, span: Span, help: &str) {
        self.said.push(diagnostic.at(span).help(help));
    }

    fn missing(&mut self, diagnostic: Diagnostic, help: &str) {
        if !self.is_cut {
            self.say(diagnostic, self.place.clone(), help);
        }
    }

    fn title(&mut self, id: &PageId) -> Arc<str> {
        if let Some(word) = self.word(&["title"], &["title", "short_description"]) {
            return word.text;
        }
        let warning = Diagnostic::warning("the module has no title, so its file's name stands for it");
        let help = "begin it with a comment `# METADATA`, and below that `# title: …`";
        self.missing(warning, help);
        let name = id.as_str().rsplit('/').next().unwrap_or_default();
        name.replace(['-', '_'], " ").into()
    }

    fn severity(&mut self) -> Severity {
        let word = self.word(&[], &["severity"]);
        let found = word.as_ref().and_then(|word| severity_of(&word.text));
        if let Some(severity) = found {
            return severity;
        }
        let help = "add `# custom:` and below it `#   severity: medium` to the metadata";
        match word {
            None => {
                let warning = Diagnostic::warning("the metadata gives no severity, so it counts as medium");
                self.missing(warning, help);
            }
            Some(word) => {
                let message = format!("`{}` is not a severity, so it counts as medium", short(&word.text));
                let known = Severity::ALL.map(Severity::as_str);
                let help = nearest::remedy(&word.text, known).unwrap_or_default();
                self.say(Diagnostic::warning(message), word.span, &help);
            }
        }
        Severity::Medium
    }

    fn looks_at(&mut self) -> Option<LooksAt> {
        match self.word(&[], &LOOKS_AT) {
            Some(word) => check::read_looks_at(&word, &mut self.mentions),
            None => {
                let error = Diagnostic::error("the metadata doesn't say what the check looks at");
                let help = "add `# custom:` and below it `#   looks-at: AWS::S3::Bucket` to the metadata";
                self.missing(error, help);
                None
            }
        }
    }

    fn objectives(&mut self) -> Vec<PageId> {
        let Some(node) = self.find(&[], &["objectives"]).cloned() else {
            return Vec::new();
        };
        let keys = Documents::default().keys;
        let mut fields = Fields::of_node("the metadata".to_owned(), self.place.clone(), None, &keys);
        let words = fields.as_words("objectives", &node);
        self.said.append(&mut fields.said);
        self.mentions.extend(words.iter().map(|word| Mention::new(Wanted::Objective, word)));
        crate::fields::ids(&words)
    }

    fn references(&self) -> Vec<Section> {
        let Some(Value::List(list)) = self.find(&["related_resources"], &[]).map(|node| &node.value) else {
            return Vec::new();
        };
        let links = list.items.iter().filter_map(|item| item.text().or_else(|| item.get("ref")?.text()));
        let text: Vec<String> = links.map(|link| format!("- <{link}>")).collect();
        vec![Section { heading: "References".into(), text: text.join("\n").into() }]
    }

    /// The rule that lists the faults.
    fn entrypoint(&mut self, text: &str, whole: &Span) -> Option<Arc<str>> {
        let heads: Vec<(u32, &str, bool)> = heads(text);
        let of = |word: &str| heads.iter().find(|(_, head, is_set)| *head == word && *is_set);
        let found: Vec<_> = ENTRYPOINTS.into_iter().filter_map(of).collect();
        let place = |line: u32, word: &str| {
            let length = u32::try_from(word.len()).unwrap_or(0);
            Span::new(whole.file.clone(), (line, 1), (line, 1 + length))
        };
        match (&found[..], heads.first()) {
            ([(_, first, _)], _) => Some((*first).into()),
            ([(_, first, _), (line, second, _), ..], _) => {
                let message = format!("only `{first}` is evaluated, and `{second}` is not");
                let help = format!("list every fault in `{first}`, or write a module for each");
                let span = place(*line, second);
                self.say(Diagnostic::error(message), span, &help);
                Some((*first).into())
            }
            ([], Some((line, head, _))) => {
                let message = format!("`{head}` is not a set of messages");
                let help = format!("write `{head} contains \"what is wrong\" if …`");
                let span = place(*line, head);
                self.say(Diagnostic::error(message), span, &help);
                None
            }
            ([], None) => {
                let error = Diagnostic::error("the module has no rule that lists faults");
                let help = "name one of its rules `fail`, `deny` or `violation`, as in `deny contains \"what is wrong\" if …`";
                self.say(error, whole.clone(), help);
                None
            }
        }
    }
}

/// The lines that begin a rule of one of the names, and whether it is a set.
fn heads(text: &str) -> Vec<(u32, &'static str, bool)> {
    let mut heads = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        for word in ENTRYPOINTS {
            let Some(rest) = written.strip_prefix(word) else {
                continue;
            };
            if rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '(' | '.')) {
                continue;
            }
            let rest = rest.trim_start();
            let is_set = rest.starts_with('[') || rest.starts_with("contains");
            heads.push((line, word, is_set));
        }
    }
    heads
}

/// The severity that somebody else's word means.
pub(crate) fn severity_of(word: &str) -> Option<Severity> {
    match word.to_lowercase().as_str() {
        "info" | "information" => Some(Severity::Informational),
        "moderate" => Some(Severity::Medium),
        other => other.parse().ok(),
    }
}
