//! Other people's detections: plain Sigma rules.

use crate::detection::{READS, is_technique};
use crate::fields::{Fields, short};
use crate::load::{Read, whole};
use crate::rego::severity_of;
use crate::{Block, Body, Detection, Page, PageFile, Section, Sort, nearest};
use palisade_document::{Documents, Text, read_yaml, refuse_tags};
use palisade_model::{Diagnostic, Node, PageId, Position, Severity, Span, Value};
use std::sync::Arc;

/// Reads a Sigma rule as a detection.
pub(crate) fn read(file: &PageFile, id: PageId, text: &str) -> Read {
    let documents = read_yaml(Text::whole(&file.path, text), &refuse_tags);
    let mut rule = Rule { whole: whole(&file.path), said: documents.diagnostics.clone() };
    let page = rule.page(file, id, text, &documents);
    Read { page, mentions: Vec::new(), said: rule.said }
}

struct Rule {
    whole: Span,
    said: Vec<Diagnostic>,
}

impl Rule {
    fn say(&mut self, diagnostic: Diagnostic, node: Option<&Node>, help: &str) {
        let place = node.and_then(|node| node.origin.span()).unwrap_or(&self.whole).clone();
        self.said.push(diagnostic.at(place).help(help));
    }

    fn page(&mut self, file: &PageFile, id: PageId, text: &str, documents: &Documents) -> Option<Page> {
        let front = documents.documents.first()?;
        if let Some(correlation) = front.get("correlation") {
            let error = Diagnostic::error("correlations are not evaluated by this version");
            self.say(error, Some(correlation), "write a rule with `logsource` and `detection`");
            return None;
        }
        if front.get("detection").is_none() && front.get("logsource").is_none() {
            if self.said.is_empty() {
                let help =
                    "a Sigma rule has `logsource` and `detection`; a framework lies below `frameworks/`";
                self.say(Diagnostic::error("this is not a page"), None, help);
            }
            return None;
        }
        if let Some(second) = documents.documents.get(1) {
            let error = Diagnostic::error("only the first rule of a file is read");
            self.say(error, Some(second), "write each rule into a file of its own");
        }
        let mut fields =
            Fields::of_node("a Sigma rule".to_owned(), self.whole.clone(), Some(front), &documents.keys);
        let title = fields.needed("title", "Root signed in");
        self.said.append(&mut fields.said);
        let reads = self.reads(front);
        let severity = self.severity(front);
        let rule = self.detection(front);
        let title = title?.text;
        Some(Page {
            id,
            sort: Sort::Detection,
            file: file.path.clone(),
            shipped: file.shipped,
            title: title.clone(),
            since: None,
            why: front.get("description").and_then(Node::text).unwrap_or_default().trim().into(),
            fix: "".into(),
            sections: sections(front),
            body: Body::Detection(Detection {
                severity,
                reads: reads?,
                attack: techniques(front),
                objectives: Vec::new(),
                answer_with: Vec::new(),
                says: title,
                sigma: Block {
                    language: "sigma".into(),
                    text: text.into(),
                    start: Position { line: 1, column: 1 },
                    fence: self.whole.clone(),
                },
                rule: rule?,
            }),
            examples: Vec::new(),
        })
    }

    fn reads(&mut self, front: &Node) -> Option<Arc<str>> {
        let source = front.get("logsource");
        let of = |name| source.and_then(|source| source.get(name)).and_then(Node::text);
        let (product, service) = (of("product"), of("service"));
        let found = READS.iter().find(|(_, its_product, its_service)| {
            product == Some(its_product) && service == Some(its_service)
        });
        if let Some((name, ..)) = found {
            return Some((*name).into());
        }
        let written: Vec<&str> = [product, service, of("category")].into_iter().flatten().collect();
        let message = match written.is_empty() {
            true => "the rule does not say which log it reads".to_owned(),
            false => format!("`{}` is not a log that this version reads", short(&written.join("/"))),
        };
        let help = "`logsource: { product: aws, service: cloudtrail }` is";
        self.say(Diagnostic::error(message), source, help);
        None
    }

    fn severity(&mut self, front: &Node) -> Severity {
        let level = front.get("level");
        let word = level.and_then(Node::text);
        if let Some(severity) = word.and_then(severity_of) {
            return severity;
        }
        let known = Severity::ALL.map(Severity::as_str);
        let (message, help) = match word {
            Some(word) => (
                format!("`{}` is not a level, so it counts as medium", short(word)),
                nearest::remedy(word, known).unwrap_or_default(),
            ),
            None => (
                "the rule has no level, so it counts as medium".to_owned(),
                "add `level: medium`, or what it is".to_owned(),
            ),
        };
        self.say(Diagnostic::warning(message), level, &help);
        Severity::Medium
    }

    fn detection(&mut self, front: &Node) -> Option<Node> {
        let detection = front.get("detection");
        match detection.map(|node| &node.value) {
            Some(Value::Map(_)) => detection.cloned(),
            _ => {
                let error = Diagnostic::error("the rule has no `detection`");
                self.say(error, detection, "write selections by name below it, and a `condition` over them");
                None
            }
        }
    }
}

fn texts<'a>(front: &'a Node, name: &str) -> Vec<&'a str> {
    match front.get(name).map(|node| &node.value) {
        Some(Value::List(list)) => list.items.iter().filter_map(Node::text).collect(),
        Some(Value::Text(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// The techniques among the tags: `attack.t1078.004` is `T1078.004`.
fn techniques(front: &Node) -> Vec<Arc<str>> {
    let tags = texts(front, "tags").into_iter();
    let techniques = tags.filter_map(|tag| tag.strip_prefix("attack.")).map(str::to_uppercase);
    techniques.filter(|id| is_technique(id)).map(Arc::from).collect()
}

fn sections(front: &Node) -> Vec<Section> {
    let named = [("False positives", "falsepositives"), ("References", "references")];
    let sections = named.into_iter().map(|(heading, field)| {
        let lines: Vec<String> = texts(front, field).iter().map(|text| format!("- {text}")).collect();
        Section { heading: heading.into(), text: lines.join("\n").into() }
    });
    sections.filter(|section| !section.text.is_empty()).collect()
}
