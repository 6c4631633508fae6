//! What was known before: findings written down by their fingerprints, so that only new ones are reported.

use palisade_document::{Text, read_json};
use palisade_model::{Diagnostic, Finding, Fingerprint, Level, Node, Origin, PageId, Value};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

/// The form that is written.
const SCHEMA: &str = "palisade/baseline/v1";
const HELP: &str = "name a file that `--write-baseline` wrote";

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: Vec<Known>,
}

/// A finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Known {
    check: Arc<str>,
    resource: Arc<str>,
    verdict: Arc<str>,
    message: Arc<str>,
    root: Arc<str>,
    place: Arc<str>,
    fingerprint: Fingerprint,
    count: u64,
}

/// How findings compare with those that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Of each finding, whether it is known.
    pub is_known: Vec<bool>,
    /// How many of the known ones are not found any more, though their checks ran.
    pub gone: u64,
}

impl Baseline {
    /// These findings. `shown` gives a path the form it is to be known by.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>, shown: impl Fn(&str) -> String) -> Self {
        let mut known: Vec<Known> = findings.into_iter().map(|finding| known(finding, &shown)).collect();
        known.sort();
        known.dedup_by(|later, first| {
            let is_same = later.fingerprint == first.fingerprint && later.root == first.root;
            first.count += u64::from(is_same);
            is_same
        });
        Self { known }
    }

    /// How many findings there are.
    pub fn len(&self) -> u64 {
        self.known.iter().map(|known| known.count).sum()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// As JSON, sorted, with a finding a line.
    pub fn to_json(&self) -> String {
        let mut json = format!("{{\n  \"schema\": \"{SCHEMA}\",\n  \"findings\": [");
        for (position, known) in self.known.iter().enumerate() {
            let line = serde_json::to_string(known).unwrap_or_default();
            let _ = write!(json, "{}\n    {line}", if position > 0 { "," } else { "" });
        }
        json.push_str(if self.known.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        json
    }

    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(file: &Arc<str>, text: &str) -> Result<Self, Diagnostic> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let read = read_json(Text::whole(file, text));
        if let Some(error) = read.diagnostics.into_iter().find(|said| said.level == Level::Error) {
            return Err(Diagnostic { help: Some(HELP.to_owned()), ..error });
        }
        let whole = Origin::File(palisade_model::Span::new(file.clone(), (1, 1), (1, 1)));
        let Some(document) = read.documents.first() else {
            return Err(wrong("the baseline is empty", &whole).help(HELP));
        };
        check_schema(document)?;
        let Some(Node { value: Value::List(list), .. }) = document.get("findings") else {
            return Err(wrong("the baseline has no list of `findings`", &document.origin).help(HELP));
        };
        Ok(Self { known: list.items.iter().map(read_known).collect::<Result<_, _>>()? })
    }

    /// Which of these findings are known. `also` is found too, but does not count; `ran` are the checks that ran.
    ///
    /// Where a resource of one address stands in several roots, it is that of the root that is not known which is new.
    pub fn compare(&self, findings: &[Finding], also: &[&Finding], ran: &[PageId]) -> Compared {
        let mut left: HashMap<Fingerprint, u64> = HashMap::new();
        for known in &self.known {
            *left.entry(known.fingerprint).or_default() += known.count;
        }
        let mut take = |finding: &Finding| match left.get_mut(&finding.fingerprint) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        };
        let mut is_known: Vec<bool> = findings.iter().map(&mut take).collect();
        for finding in also {
            let _ = take(finding);
        }
        self.settle_roots(findings, &mut is_known);
        let ran: HashSet<&str> = ran.iter().map(PageId::as_str).collect();
        let checks: HashMap<Fingerprint, &str> =
            self.known.iter().map(|known| (known.fingerprint, &*known.check)).collect();
        let has_run = |print: &Fingerprint| checks.get(print).is_some_and(|check| ran.contains(check));
        let gone = left.iter().filter(|(print, _)| has_run(print)).map(|(_, count)| count).sum();
        Compared { is_known, gone }
    }

    /// Gives what is known of several roots back to the roots that it is known of.
    fn settle_roots(&self, findings: &[Finding], is_known: &mut [bool]) {
        let of_finding = |finding: &Finding| {
            let message: Arc<str> = finding.message.as_str().into();
            (Arc::<str>::from(finding.page.as_str()), name(finding), message)
        };
        let mut roots: HashMap<_, HashSet<&str>> = HashMap::new();
        for known in &self.known {
            let key = (known.check.clone(), known.resource.clone(), known.message.clone());
            roots.entry(key).or_default().insert(&known.root);
        }
        let is_of_known_root = |position: usize| {
            let finding = &findings[position];
            let roots = roots.get(&of_finding(finding));
            roots.is_some_and(|roots| roots.contains(&*finding.subject.address.root))
        };
        let mut strangers: HashMap<_, Vec<usize>> = HashMap::new();
        for position in (0..findings.len()).filter(|position| is_known[*position]) {
            if !is_of_known_root(position) {
                strangers.entry(of_finding(&findings[position])).or_default().push(position);
            }
        }
        for position in 0..findings.len() {
            if is_known[position] || !is_of_known_root(position) {
                continue;
            }
            let stranger = strangers.get_mut(&of_finding(&findings[position])).and_then(Vec::pop);
            if let Some(stranger) = stranger {
                is_known[position] = true;
                is_known[stranger] = false;
            }
        }
    }
}

/// What a finding is about, by the name that its fingerprint is made of.
fn name(finding: &Finding) -> Arc<str> {
    match &finding.subject.arn {
        Some(arn) => arn.to_string().into(),
        None => finding.subject.address.name.clone(),
    }
}

fn known(finding: &Finding, shown: &impl Fn(&str) -> String) -> Known {
    let place = match &finding.origin {
        Origin::File(span) => format!("{}:{}", shown(&span.file), span.start.line),
        other => other.to_string(),
    };
    Known {
        check: finding.page.as_str().into(),
        resource: name(finding),
        verdict: finding.verdict.to_string().into(),
        message: finding.message.as_str().into(),
        root: shown(&finding.subject.address.root).into(),
        place: place.into(),
        fingerprint: finding.fingerprint,
        count: 1,
    }
}

fn wrong(message: impl Into<String>, origin: &Origin) -> Diagnostic {
    Diagnostic { span: origin.span().cloned(), ..Diagnostic::error(message) }
}

fn check_schema(document: &Node) -> Result<(), Diagnostic> {
    let Some(schema) = document.get("schema") else {
        return Err(wrong("this is no baseline: it has no `schema`", &document.origin).help(HELP));
    };
    match schema.text() {
        Some(SCHEMA) => Ok(()),
        Some(other) if other.starts_with("palisade/baseline/") => {
            let message = format!("this baseline has the form `{other}`, and `{SCHEMA}` is read");
            Err(wrong(message, &schema.origin).help("write it again with this version of Palisade"))
        }
        other => {
            let message = format!("this is no baseline: its `schema` is `{}`", other.unwrap_or("no text"));
            Err(wrong(message, &schema.origin).help(HELP))
        }
    }
}

fn read_known(node: &Node) -> Result<Known, Diagnostic> {
    let text = |name: &str| match node.get(name).map(|value| (value, value.text())) {
        Some((_, Some(text))) => Ok(text),
        Some((value, None)) => Err(wrong(format!("`{name}` is not a text"), &value.origin).help(HELP)),
        None => Err(wrong(format!("a finding has no `{name}`"), &node.origin).help(HELP)),
    };
    let fingerprint = text("fingerprint")?.parse().map_err(|error: String| {
        wrong(error, node.get("fingerprint").map_or(&node.origin, |print| &print.origin)).help(HELP)
    })?;
    let count = match node.get("count") {
        None => 1,
        Some(count) => match &count.value {
            Value::Number(number) => {
                number.as_u64().filter(|count| *count > 0 && *count < u64::from(u32::MAX))
            }
            _ => None,
        }
        .ok_or_else(|| wrong("`count` is not a number of findings", &count.origin).help(HELP))?,
    };
    Ok(Known {
        check: text("check")?.into(),
        resource: text("resource")?.into(),
        verdict: text("verdict")?.into(),
        message: text("message")?.into(),
        root: text("root")?.into(),
        place: text("place")?.into(),
        fingerprint,
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::{Address, Severity, Span, Subject, Verdict};

    /// A finding by `ROOT NAME`: what it is about, and where that is declared.
    fn finding(what: &str) -> Finding {
        let (root, name) = what.split_once(' ').expect("a root and a name");
        let page = PageId::new("aws/s3/acl");
        Finding {
            title: "open".into(),
            verdict: Verdict::Fails,
            severity: Severity::High,
            subject: Subject {
                kind: "AWS::S3::Bucket".into(),
                address: Address { root: root.into(), name: name.into() },
                arn: None,
                account: None,
                region: None,
            },
            message: "odd \"words\"\u{1b}".into(),
            why: "".into(),
            fix: "".into(),
            objectives: Vec::new(),
            controls: Vec::new(),
            evidence: Vec::new(),
            origin: Origin::File(Span::new(format!("{root}/main.tf"), (1, 1), (1, 2))),
            fingerprint: Fingerprint::new(&page, name, "", 0),
            page,
        }
    }

    /// Which of the findings are known of the others, and how many of those are gone.
    #[track_caller]
    fn check(known: &[&str], found: &[&str], expected: &str, gone: u64) {
        let of = |all: &[&str]| all.iter().map(|what| finding(what)).collect::<Vec<_>>();
        let baseline = Baseline::of(&of(known), str::to_owned);
        let json = baseline.to_json();
        let baseline = Baseline::read(&"b.json".into(), &json).expect("it reads back");
        assert_eq!(baseline.to_json(), json);
        let compared = baseline.compare(&of(found), &[], &[PageId::new("aws/s3/acl")]);
        let known: String = compared.is_known.iter().map(|known| if *known { 'k' } else { 'n' }).collect();
        assert_eq!((known.as_str(), compared.gone), (expected, gone), "{found:?}");
    }

    #[test]
    fn what_is_known_is_told_from_what_is_new() {
        check(&[], &["a x"], "n", 0);
        check(&["a x"], &["a x"], "k", 0);
        check(&["a x", "a y"], &["a y", "a z"], "kn", 1);
        check(&["a x"], &["b x"], "k", 0);
    }

    #[test]
    fn the_same_fault_once_more_is_new() {
        check(&["a x", "a x"], &["a x", "a x", "a x"], "kkn", 0);
        check(&["a x", "a x"], &["a x"], "k", 1);
        check(&["b x"], &["a x", "b x"], "nk", 0);
        check(&["b x", "d x"], &["b x", "c x", "d x"], "knk", 0);
        check(&["b x", "d x"], &["c x", "e x", "f x"], "kkn", 0);
    }

    #[test]
    fn what_is_found_but_does_not_count_is_not_gone() {
        let baseline = Baseline::of(&[finding("a x"), finding("a y")], str::to_owned);
        let ran = [PageId::new("aws/s3/acl")];
        assert_eq!(baseline.compare(&[], &[&finding("a x")], &ran).gone, 1);
        assert_eq!(baseline.compare(&[], &[], &[]).gone, 0);
    }

    #[test]
    fn counts_of_a_hostile_file_do_not_overflow() {
        let line = Baseline::of(&[finding("a x")], str::to_owned).to_json();
        let line = line.lines().nth(3).expect("a finding").replace("\"count\":1", "\"count\":4294967294");
        let many = vec![line; 10].join(",");
        let text = format!("{{\"schema\": \"{SCHEMA}\", \"findings\": [{many}]}}");
        let baseline = Baseline::read(&"b.json".into(), &text).expect("it reads");
        assert_eq!(baseline.len(), 42_949_672_940);
    }
}
