//! The report as events of the Open Cybersecurity Schema Framework, one a line. `docs/reference/report-ocsf.md` says what
//! stands where.

use crate::detections::{DetectionSummary, Detections, fingerprint, in_time};
use crate::machine::write_lines;
use crate::pipeline::message;
use crate::report::Report;
use crate::sentences::{remedy, unknowns};
use palisade_model::{AccountId, Evidence, Finding, Hit, Origin, Region, Severity, Verdict};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;

/// What the report says of itself.
#[derive(Debug, Clone, Copy)]
pub struct OcsfOptions {
    /// When it is written, in milliseconds since 1970. All else follows from the input.
    pub time: i64,
}

/// The oldest version that has every attribute written here: newer ones hold it too, and readers are slow to follow.
const SCHEMA: &str = "1.5.0";
/// All that is read so far is Amazon's.
const PROVIDER: &str = "AWS";
/// The type of account that the schema calls `AWS Account`.
const AWS_ACCOUNT: u8 = 10;

/// Writes what fails, what can't be told and what is suppressed, each as a Compliance Finding on a line of its own.
pub fn ocsf(report: &Report, options: OcsfOptions, to: &mut dyn Write) -> io::Result<()> {
    let counts = report.ranked().into_iter().map(|finding| (finding, None));
    let suppressed = report.ranked_suppressed().into_iter().map(|one| (&one.finding, Some(&one.suppression)));
    let events = counts.chain(suppressed).map(|(finding, suppression)| {
        let mut event = compliance_finding(report, finding, options);
        if let Some(suppression) = suppression {
            event["status_id"] = json!(3);
            event["status"] = json!("Suppressed");
            event["comment"] = json!(suppression.reason);
        }
        event
    });
    write_lines(events, to)
}

/// Writes what detections found, each hit as a Detection Finding on a line of its own, in the order of time.
pub fn ocsf_detections(report: &Detections, options: OcsfOptions, to: &mut dyn Write) -> io::Result<()> {
    let pages: BTreeMap<&str, &DetectionSummary> =
        report.pages.iter().map(|page| (page.id.as_str(), page)).collect();
    let events = in_time(&report.hits).into_iter().map(|hit| {
        let page = pages.get(hit.rule_id.as_str()).copied();
        detection_finding(&report.tool_version, hit, page, options)
    });
    write_lines(events, to)
}

/// A class of the schema's category `Findings`.
struct Class {
    uid: u32,
    name: &'static str,
}

const COMPLIANCE_FINDING: Class = Class { uid: 2003, name: "Compliance Finding" };
const DETECTION_FINDING: Class = Class { uid: 2004, name: "Detection Finding" };

/// What every event has.
fn event(class: &Class, severity: Severity, version: &str, page: &str, options: OcsfOptions) -> Value {
    json!({
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class.uid,
        "class_name": class.name,
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": class.uid * 100 + 1,
        "type_name": format!("{}: Create", class.name),
        "time": options.time,
        "severity_id": severity_id(severity),
        "severity": severity_name(severity),
        "status_id": 1,
        "status": "New",
        "metadata": {
            "version": SCHEMA,
            "profiles": ["cloud"],
            "event_code": page,
            "product": { "uid": "palisade", "name": "Palisade", "vendor_name": "Palisade", "version": version },
        },
    })
}

fn compliance_finding(report: &Report, finding: &Finding, options: OcsfOptions) -> Value {
    let page = finding.page.as_str();
    let mut event = event(&COMPLIANCE_FINDING, finding.severity, &report.tool_version, page, options);
    event["status_code"] = json!(finding.verdict);
    event["message"] = json!(said(&finding.subject.address.name, &message(finding)));
    event["compliance"] = compliance(finding);
    event["finding_info"] = finding_info(report, finding, options);
    event["resources"] = json!([resource(finding)]);
    if let Some(remediation) = remediation(finding) {
        event["remediation"] = json!({ "desc": remediation });
    }
    if !finding.evidence.is_empty() {
        event["evidences"] = finding.evidence.iter().map(evidence).collect();
    }
    event["cloud"] = cloud(finding.subject.account, finding.subject.region.as_ref());
    event["unmapped"] = json!({ "location": location(&finding.origin) });
    event
}

fn said(address: &str, message: &str) -> String {
    if message.is_empty() { address.to_owned() } else { format!("{address}: {message}") }
}

/// Unknown is no warning: it is what the schema calls unknown, with the reasons beside it.
fn compliance(finding: &Finding) -> Value {
    let (id, name) = match finding.verdict {
        Verdict::Fails => (3, "Fail"),
        Verdict::Unknown => (0, "Unknown"),
        Verdict::Passes => (1, "Pass"),
    };
    // A control is named as `CIS AWS 5.0 2.2.1`: the standard, and its number there.
    let standards: BTreeSet<&str> =
        finding.controls.iter().filter_map(|control| Some(control.rsplit_once(' ')?.0)).collect();
    let mut compliance = json!({
        "control": finding.page.as_str(),
        "desc": &*finding.title,
        "status_id": id,
        "status": name,
        "standards": standards,
        "requirements": finding.controls,
    });
    let reasons: BTreeSet<String> = unknowns(finding).map(ToString::to_string).collect();
    if finding.verdict == Verdict::Unknown && !reasons.is_empty() {
        compliance["status_details"] = json!(reasons);
    }
    compliance
}

fn finding_info(report: &Report, finding: &Finding, options: OcsfOptions) -> Value {
    let mut info = json!({
        "uid": finding.fingerprint,
        "title": &*finding.title,
        "desc": finding.why.trim(),
        "types": ["Software and Configuration Checks"],
        "created_time": options.time,
        "analytic": rule(finding.page.as_str(), &finding.title),
        "product": { "uid": "palisade", "name": "Palisade", "version": report.tool_version },
    });
    if !finding.objectives.is_empty() {
        let objectives: Vec<&str> = finding.objectives.iter().map(|page| page.as_str()).collect();
        info["tags"] = json!([{ "name": "objectives", "values": objectives }]);
    }
    let page = report.pages.iter().find(|page| page.id == finding.page);
    if let Some(url) = page.and_then(|page| page.url.as_deref()) {
        info["src_url"] = json!(url);
    }
    info
}

fn rule(id: &str, title: &str) -> Value {
    json!({ "type_id": 1, "type": "Rule", "uid": id, "name": title })
}

fn resource(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let address = &subject.address;
    let declared = || format!("{}/{}", address.root, address.name);
    let mut resource = json!({
        "uid": subject.arn.as_ref().map_or_else(declared, ToString::to_string),
        "name": &*address.name,
        "namespace": &*address.root,
        "type": &*subject.kind,
    });
    if let Some(arn) = &subject.arn {
        resource["cloud_partition"] = json!(&*arn.partition);
    }
    if let Some(region) = &subject.region {
        resource["region"] = json!(region);
    }
    if let Some(account) = subject.account {
        resource["owner"] = json!({ "account": account_of(account) });
    }
    resource
}

/// What to change, or what would settle an open answer.
fn remediation(finding: &Finding) -> Option<String> {
    let what = match finding.verdict {
        Verdict::Unknown => {
            let mut remedies: Vec<&str> = unknowns(finding).map(remedy).collect();
            remedies.dedup();
            remedies.join("\n")
        }
        Verdict::Fails | Verdict::Passes => finding.fix.trim().to_owned(),
    };
    (!what.is_empty()).then_some(what)
}

/// A fact with its place; what may be secret stays where it is.
fn evidence(evidence: &Evidence) -> Value {
    let mut data = Map::new();
    data.insert("path".into(), json!(evidence.path.to_string()));
    match (&evidence.unknown, &evidence.value) {
        (Some(unknown), _) => data.insert("unknown".into(), json!(unknown.to_string())),
        (None, Some(_)) if evidence.is_secret => data.insert("is_secret".into(), json!(true)),
        (None, Some(value)) => data.insert("value".into(), value.clone()),
        (None, None) => data.insert("is_absent".into(), json!(true)),
    };
    data.insert("location".into(), location(&evidence.origin));
    json!({ "name": evidence.path.to_string(), "data": data })
}

fn location(origin: &Origin) -> Value {
    match origin {
        Origin::File(span) => json!({
            "file": &*span.file, "line": span.start.line, "column": span.start.column,
            "end_line": span.end.line, "end_column": span.end.column,
        }),
        Origin::Call(call) => json!({ "call": call.operation, "time": call.time }),
        Origin::Documented(what) => json!({ "documented": &**what }),
    }
}

fn cloud(account: Option<AccountId>, region: Option<&Region>) -> Value {
    let mut cloud = json!({ "provider": PROVIDER });
    if let Some(account) = account {
        cloud["account"] = account_of(account);
    }
    if let Some(region) = region {
        cloud["region"] = json!(region);
    }
    cloud
}

fn account_of(account: AccountId) -> Value {
    json!({ "uid": account, "type_id": AWS_ACCOUNT, "type": "AWS Account" })
}

fn detection_finding(
    version: &str,
    hit: &Hit,
    page: Option<&DetectionSummary>,
    options: OcsfOptions,
) -> Value {
    let mut event = event(&DETECTION_FINDING, hit.severity, version, hit.rule_id.as_str(), options);
    event["is_alert"] = json!(true);
    event["message"] = json!(hit.message);
    let mut info = json!({
        "uid": fingerprint(hit),
        "title": &*hit.rule_title,
        "types": ["Unusual Behaviors"],
        "created_time": options.time,
        "analytic": rule(hit.rule_id.as_str(), &hit.rule_title),
        "data_sources": ["AWS CloudTrail"],
    });
    if let Some(page) = page {
        info["desc"] = json!(page.why.trim());
        let attacks: Vec<Value> = page.attack.iter().map(|technique| attack(technique)).collect();
        if !attacks.is_empty() {
            info["attacks"] = Value::Array(attacks);
        }
        if !page.triage.trim().is_empty() {
            event["remediation"] = json!({ "desc": page.triage.trim() });
        }
    }
    if let Some(happened) = hit.time.as_deref().and_then(milliseconds) {
        info["first_seen_time"] = json!(happened);
        info["last_seen_time"] = json!(happened);
        event["start_time"] = json!(happened);
        event["end_time"] = json!(happened);
    }
    event["finding_info"] = info;
    event["evidences"] = json!([sighting(hit)]);
    if let Some(account) = hit.account {
        let mut resource = json!({ "type": "account", "uid": account });
        if let Some(region) = &hit.region {
            resource["region"] = json!(region);
        }
        event["resources"] = json!([resource]);
    }
    event["cloud"] = cloud(hit.account, hit.region.as_ref());
    event
}

/// Who asked whom for what, and from where.
fn sighting(hit: &Hit) -> Value {
    let mut sighting = json!({
        "data": { "event_index": hit.event_index, "time": hit.time, "file": hit.file, "line": hit.line },
    });
    if let Some(id) = &hit.event_id {
        sighting["uid"] = json!(id);
    }
    if let Some(principal) = &hit.principal {
        sighting["actor"] = json!({ "user": { "uid": principal } });
    }
    if let Some(operation) = &hit.operation {
        sighting["api"] = json!({ "operation": operation });
        if let Some(service) = &hit.service {
            sighting["api"]["service"] = json!({ "name": service });
        }
    }
    if let Some(source) = hit.source.as_deref().filter(|source| !source.is_empty()) {
        // A service that acts for somebody stands where an address is expected.
        let what = if source.parse::<IpAddr>().is_ok() { "ip" } else { "svc_name" };
        sighting["src_endpoint"] = json!({ what: source });
    }
    sighting
}

/// `T1078.004` is the fourth sub-technique of the technique `T1078`.
fn attack(technique: &str) -> Value {
    match technique.split_once('.') {
        None => json!({ "technique": { "uid": technique } }),
        Some((above, _)) => {
            json!({ "technique": { "uid": above }, "sub_technique": { "uid": technique } })
        }
    }
}

fn severity_id(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// The milliseconds since 1970 of a time as CloudTrail writes it: RFC 3339 in UTC; a fraction of a second is kept to the
/// millisecond.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_real = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: i64 = fraction.chars().chain("000".chars()).take(3).collect::<String>().parse().ok()?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    is_real.then_some(seconds * 1000 + thousandths)
}

fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut numbers = [0; 3];
    let mut parts = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = is_number.then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

/// The days from 1970 to a date of the Gregorian calendar. Years begin in March, so that the odd day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_in_milliseconds() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-01-02T03:04:05Z", Some(1_767_323_045_000)),
            ("2024-02-29T23:59:59.5Z", Some(1_709_251_199_500)),
            ("2000-03-01T00:00:00.123456Z", Some(951_868_800_123)),
            ("2026-01-02T03:04:05+01:00", None),
            ("2026-13-02T03:04:05Z", None),
            ("2026-01-02T03:04Z", None),
            ("2026-1-2T03:04:05Z", None),
            ("yesterday", None),
            ("TZ", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sub_technique_names_its_technique() {
        assert_eq!(attack("T1098"), json!({ "technique": { "uid": "T1098" } }));
        let both = json!({ "technique": { "uid": "T1078" }, "sub_technique": { "uid": "T1078.004" } });
        assert_eq!(attack("T1078.004"), both);
    }
}
