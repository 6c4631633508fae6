//! The report as SARIF 2.1.0, for code scanning. `docs/reference/report-sarif.md` says what stands where.

use crate::machine::write_pretty;
use crate::neutral::neutral;
use crate::pipeline::plain_path;
use crate::prose;
use crate::report::{PageSummary, Report};
use crate::sentences::fact;
use palisade_model::{
    Diagnostic, Finding, Level, Origin, PageId, Severity, Span, SuppressedBy, Suppression, Verdict,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What of the report becomes SARIF.
#[derive(Debug, Clone, Copy)]
pub struct SarifOptions {
    /// Are verdicts that can't be told among the results, as `kind: open`? GitHub shows them as alerts like any other.
    pub unknowns: bool,
    /// Are suppressed findings among the results, with their `suppressions`? GitHub shows them as alerts like any other.
    pub suppressed: bool,
    /// How many results at most; the severest are kept and a notification counts the rest. GitHub refuses a file with
    /// more than 25,000.
    pub limit: Option<usize>,
}

impl Default for SarifOptions {
    fn default() -> Self {
        Self { unknowns: true, suppressed: true, limit: None }
    }
}

/// GitHub shows no longer descriptions.
const LONGEST_DESCRIPTION: usize = 1000;
/// GitHub shows no more tags of a rule, and refuses a file where a rule has more than 20.
const MOST_TAGS: usize = 10;
/// The name that stands for the folder the scan was run from.
const ROOT: &str = "%SRCROOT%";

/// Writes the report as a SARIF log of one run.
pub fn sarif(report: &Report, options: &SarifOptions, to: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<(&Finding, Option<&Suppression>)> =
        report.ranked().into_iter().map(|finding| (finding, None)).collect();
    if options.suppressed {
        let suppressed = report.ranked_suppressed();
        findings.extend(suppressed.into_iter().map(|one| (&one.finding, Some(&one.suppression))));
    }
    if !options.unknowns {
        findings.retain(|(finding, _)| finding.verdict == Verdict::Fails);
    }
    let all = findings.len();
    findings.truncate(options.limit.unwrap_or(all));
    let rules = Rules::of(report, &findings);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(report, &rules),
            invocations: [invocation(report, all - findings.len())],
            original_uri_base_ids: base_ids(),
            column_kind: "unicodeCodePoints",
            results: Results { findings, rules },
        }],
    };
    write_pretty(&log, to)
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    invocations: [Value; 1],
    original_uri_base_ids: Value,
    column_kind: &'static str,
    results: Results<'a>,
}

/// The results one after the other: none is held as JSON while the next is written.
struct Results<'a> {
    findings: Vec<(&'a Finding, Option<&'a Suppression>)>,
    rules: Rules<'a>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.findings.iter().map(|(finding, by)| result(finding, *by, &self.rules)))
    }
}

/// The pages by id. The position among them is what a result names its rule by.
struct Rules<'a>(BTreeMap<&'a str, (usize, Cow<'a, PageSummary>)>);

impl<'a> Rules<'a> {
    /// The pages of the report, and those that only a finding names.
    fn of(report: &'a Report, findings: &[(&'a Finding, Option<&Suppression>)]) -> Self {
        let mut rules = BTreeMap::new();
        for page in &report.pages {
            rules.insert(page.id.as_str(), (0, Cow::Borrowed(page)));
        }
        for &(finding, _) in findings {
            let page = finding.page.as_str();
            rules.entry(page).or_insert_with(|| (0, Cow::Owned(summary(finding))));
        }
        for (index, (position, _)) in rules.values_mut().enumerate() {
            *position = index;
        }
        Self(rules)
    }

    fn position(&self, page: &PageId) -> Option<usize> {
        self.0.get(page.as_str()).map(|(position, _)| *position)
    }
}

fn summary(finding: &Finding) -> PageSummary {
    PageSummary {
        id: finding.page.clone(),
        is_detection: false,
        title: finding.title.clone(),
        severity: finding.severity,
        why: finding.why.clone(),
        fix: finding.fix.clone(),
        objectives: finding.objectives.clone(),
        controls: finding.controls.clone(),
        url: None,
    }
}

fn tool(report: &Report, rules: &Rules) -> Value {
    let rules: Vec<Value> = rules.0.values().map(|(_, page)| rule(page)).collect();
    json!({ "driver": {
        "name": "Palisade",
        "semanticVersion": report.tool_version,
        "rules": rules,
    }})
}

fn rule(page: &PageSummary) -> Value {
    let mut rule = json!({
        "id": page.id.as_str(),
        "name": rule_name(page.id.as_str()),
        "shortDescription": { "text": neutral(&page.title) },
        "fullDescription": { "text": described(page) },
        "help": { "text": help_text(page), "markdown": help_markdown(page) },
        "defaultConfiguration": { "level": level(page.severity) },
        "properties": {
            "tags": tags(page),
            "security-severity": score(page.severity),
            "controls": page.controls,
        },
    });
    if let Some(url) = &page.url {
        rule["helpUri"] = json!(url);
    }
    rule
}

/// `aws/ec2/volume-not-encrypted` is `VolumeNotEncrypted`: the standard asks for a name that reads like an identifier.
fn rule_name(id: &str) -> String {
    let last = id.rsplit('/').next().unwrap_or(id);
    let words = last.split(|char: char| !char.is_alphanumeric());
    words
        .filter_map(|word| {
            let mut chars = word.chars();
            let first = chars.next()?;
            Some(first.to_uppercase().chain(chars).collect::<String>())
        })
        .collect()
}

/// The first paragraph of why, or the title where a page says no more: an empty text is refused.
fn described(page: &PageSummary) -> String {
    let why = prose::first_paragraph(&page.why);
    let text = if why.is_empty() { &page.title } else { why };
    let words: Vec<&str> = text.split_whitespace().collect();
    prose::cut(&words.join(" "), LONGEST_DESCRIPTION)
}

fn help_text(page: &PageSummary) -> String {
    let parts = [page.why.trim(), page.fix.trim()];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { page.title.to_string() } else { text }
}

fn help_markdown(page: &PageSummary) -> String {
    let mut text = format!("## {}\n\n{}\n", page.title, page.why.trim());
    if !page.fix.trim().is_empty() {
        text += &format!("\n### Fix\n\n{}\n", page.fix.trim());
    }
    if !page.controls.is_empty() {
        text += &format!("\n### Controls\n\n{}\n", page.controls.join(", "));
    }
    text
}

fn tags(page: &PageSummary) -> Vec<&str> {
    std::iter::once("security").chain(page.objectives.iter().map(PageId::as_str)).take(MOST_TAGS).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

/// The score GitHub ranks by: over 9 is critical, from 7 high, from 4 medium, above 0 low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Informational => "0.5",
    }
}

/// The standard wants `level: none` for every kind but `fail`.
fn kind_and_level(finding: &Finding) -> (&'static str, &'static str) {
    match finding.verdict {
        Verdict::Fails => ("fail", level(finding.severity)),
        Verdict::Unknown => ("open", "none"),
        Verdict::Passes => ("pass", "none"),
    }
}

fn result(finding: &Finding, suppression: Option<&Suppression>, rules: &Rules) -> Value {
    let (kind, level) = kind_and_level(finding);
    let fingerprint = finding.fingerprint.to_string();
    let mut result = json!({
        "ruleId": finding.page.as_str(),
        "ruleIndex": rules.position(&finding.page),
        "kind": kind,
        "level": level,
        "message": { "text": message(&format!("{}: {}", finding.subject.address, finding.message)) },
        "locations": [location(finding)],
        "partialFingerprints": {
            "palisade/v1": fingerprint,
            // The only one GitHub reads. It is stable where a hash of the line is not.
            "primaryLocationLineHash": format!("{fingerprint}:1"),
        },
    });
    let related = related_locations(finding);
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(suppression) = suppression {
        result["suppressions"] = json!([{
            "kind": match suppression.by {
                SuppressedBy::Settings => "external",
                SuppressedBy::Comment => "inSource",
            },
            "status": "accepted",
            "justification": message(&suppression.reason),
            "location": { "physicalLocation": physical(&suppression.place) },
        }]);
    }
    result["properties"] = properties(finding);
    result
}

/// A text that viewers show as it is: neutral, and with nothing in it that the standard would take for a link. The
/// braces that it would take for placeholders stay single, for no viewer looks for those where no arguments are given,
/// and each shows doubled ones doubled.
fn message(text: &str) -> String {
    neutral(text).replace("](", "] (")
}

fn location(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let mut location = Map::new();
    if let Origin::File(span) = &finding.origin {
        location.insert("physicalLocation".into(), physical(span));
    }
    location.insert(
        "logicalLocations".into(),
        json!([{
            "fullyQualifiedName": subject.address.name,
            "kind": "resource",
        }]),
    );
    if finding.origin.span().is_none() {
        location.insert("message".into(), json!({ "text": message(&finding.origin.to_string()) }));
    }
    Value::Object(location)
}

fn physical(span: &Span) -> Value {
    json!({ "artifactLocation": artifact(&span.file), "region": region(span) })
}

fn region(span: &Span) -> Value {
    let (start, end) = (span.start, span.end.max(span.start));
    json!({
        "startLine": start.line.max(1),
        "startColumn": start.column.max(1),
        "endLine": end.line.max(1),
        "endColumn": end.column.max(1),
    })
}

/// A path as a URI: below the folder the scan was run from, or from the root of the file system.
fn artifact(file: &str) -> Value {
    let is_drive = matches!(file.as_bytes(), [drive, b':', b'/', ..] if drive.is_ascii_alphabetic());
    if is_drive {
        json!({ "uri": format!("file:///{}", &file[..2]) + "/" + &encoded(&file[3..]) })
    } else if let Some(path) = file.strip_prefix('/') {
        json!({ "uri": format!("file:///{}", encoded(path)) })
    } else {
        json!({ "uri": encoded(file), "uriBaseId": ROOT })
    }
}

/// The path without detours, percent-encoded.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in plain_path(path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

/// The places of the evidence, but for the one that the result itself names.
fn related_locations(finding: &Finding) -> Vec<Value> {
    let mut related = Vec::new();
    for evidence in &finding.evidence {
        let Origin::File(span) = &evidence.origin else {
            continue;
        };
        if evidence.origin != finding.origin {
            related.push(json!({
                "id": related.len(),
                "physicalLocation": physical(span),
                "message": { "text": message(&fact(evidence)) },
            }));
        }
    }
    related
}

fn properties(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let mut properties = Map::new();
    properties.insert("severity".into(), json!(finding.severity));
    properties.insert("type".into(), json!(subject.kind));
    properties.insert("root".into(), json!(subject.address.root));
    let known = [
        ("arn", subject.arn.as_ref().map(ToString::to_string)),
        ("account", subject.account.as_ref().map(ToString::to_string)),
        ("region", subject.region.as_ref().map(ToString::to_string)),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            properties.insert(name.into(), Value::String(value));
        }
    }
    Value::Object(properties)
}

/// How the run went: not successfully when part of the input was lost.
fn invocation(report: &Report, left_out: usize) -> Value {
    let mut notifications: Vec<Value> = report.diagnostics.iter().map(notification).collect();
    if left_out > 0 {
        notifications.push(json!({
            "level": "warning",
            "message": { "text": format!("{left_out} results of least severity were left out") },
        }));
    }
    json!({
        "executionSuccessful": !report.is_incomplete(),
        "toolExecutionNotifications": notifications,
    })
}

fn notification(diagnostic: &Diagnostic) -> Value {
    let mut text = message(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        let lines: Vec<String> = help.trim_end().lines().map(message).collect();
        text = format!("{text} ({})", lines.join("\n"));
    }
    let mut notification = json!({
        "level": match diagnostic.level { Level::Error => "error", Level::Warning => "warning" },
        "message": { "text": text },
    });
    if let Some(span) = &diagnostic.span {
        notification["locations"] = json!([{ "physicalLocation": physical(span) }]);
    }
    notification
}

fn base_ids() -> Value {
    json!({ ROOT: { "description": { "text": "The folder the scan was run from." } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_below_the_root_or_an_absolute_one() {
        let below = |uri: &str| json!({ "uri": uri, "uriBaseId": ROOT });
        let cases = [
            ("infra/main.tf", below("infra/main.tf")),
            ("./infra/../a b/ü#1.tf", below("a%20b/%C3%BC%231.tf")),
            ("../x.tf", below("../x.tf")),
            ("a:b.tf", below("a%3Ab.tf")),
            ("-", below("-")),
            ("/srv/x%.tf", json!({ "uri": "file:///srv/x%25.tf" })),
            ("C:/x/y.tf", json!({ "uri": "file:///C:/x/y.tf" })),
        ];
        for (path, expected) in cases {
            assert_eq!(artifact(path), expected, "{path}");
        }
    }

    #[test]
    fn a_rule_has_the_name_of_an_identifier() {
        assert_eq!(rule_name("aws/ec2/volume-not-encrypted"), "VolumeNotEncrypted");
        assert_eq!(rule_name(""), "");
    }

    #[test]
    fn a_message_holds_no_link_and_nothing_to_obey() {
        assert_eq!(message("a[0] [x](http://evil)\u{202e}"), "a[0] [x] (http://evil)\\u{202e}");
    }

    #[test]
    fn a_region_never_ends_before_it_begins() {
        let span = Span::new("f", (3, 5), (2, 1));
        let expected = json!({ "startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 5 });
        assert_eq!(region(&span), expected);
    }
}
