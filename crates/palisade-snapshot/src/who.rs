//! Who changed a resource: the write events of a trail that name it, between the two times it was seen.

use crate::diff::{Change, Changes};
use crate::purge::seconds;
use palisade_model::{Event, Origin};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Somebody who did something to a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doer {
    /// What was done, as `s3:PutBucketPolicy`.
    pub call: Arc<str>,
    /// When.
    pub time: Arc<str>,
    /// Who: an ARN, or the service.
    pub principal: Arc<str>,
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
    /// The event's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Arc<str>>,
    /// Where the event was read.
    pub origin: Origin,
}

/// A trail's clock and an answer's may differ by so much.
const SKEW_SECONDS: i64 = 60;
/// An event may hold so many texts that count as names.
const NAMES_MAX: usize = 2_000;

/// Notes, for each change, who did it: the writes that succeeded, name the resource, and lie between the two times.
pub fn who(changes: &mut Changes, events: &[Event]) {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, event) in events.iter().enumerate().filter(|(_, event)| is_write(&event.record)) {
        let mut names = BTreeSet::new();
        for part in ["requestParameters", "responseElements", "resources"] {
            if let Some(part) = event.record.get(part) {
                texts(part, &mut names, 0);
            }
        }
        for name in names {
            by_name.entry(name).or_default().push(at);
        }
    }
    for change in &mut changes.changes {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for (name, is_unique) in names(change) {
            let named = by_name.get(name.as_str()).into_iter().flatten();
            found.extend(named.filter(|at| matches(&events[**at], change, is_unique)));
        }
        let mut doers: Vec<Doer> = found.into_iter().map(|at| doer(&events[at])).collect();
        doers.sort_by(|one, other| (&one.time, &one.event).cmp(&(&other.time, &other.event)));
        change.by = doers;
    }
}

/// What an event may call a resource, and whether nothing else is called so.
fn names(change: &Change) -> Vec<(String, bool)> {
    let is_unique = |name: &str| name.starts_with("arn:");
    let mut names: Vec<String> = vec![change.name.to_string(), change.id.to_string()];
    for whole in [&change.name, &change.id] {
        // A role's name in its ARN, a queue's in its URL.
        names.extend(whole.rsplit(['/', ':']).next().map(str::to_owned));
        if whole.starts_with("arn:") {
            names.extend(whole.splitn(6, ':').nth(5).map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| !name.is_empty()).map(|name| (name.clone(), is_unique(&name))).collect()
}

fn texts<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>, level: usize) {
    if level > 32 || names.len() >= NAMES_MAX {
        return;
    }
    match value {
        Value::String(text) if text.len() <= 2_048 => {
            names.insert(text);
            if let Some((_, last)) = text.rsplit_once('/') {
                names.insert(last);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, names, level + 1)),
        Value::Object(entries) => entries.values().for_each(|value| texts(value, names, level + 1)),
        _ => {}
    }
}

/// Did it change something? Reads and what was refused did not.
fn is_write(record: &Value) -> bool {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    if text("errorCode").is_some() {
        return false;
    }
    match record.get("readOnly") {
        Some(Value::Bool(is_read)) => !is_read,
        Some(Value::String(is_read)) => is_read != "true",
        _ => {
            let name = text("eventName").unwrap_or_default();
            !["Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Batch Get", "BatchGet"]
                .iter()
                .any(|begin| name.starts_with(begin))
        }
    }
}

fn matches(event: &Event, change: &Change, is_unique: bool) -> bool {
    let record = &event.record;
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    if event.account.is_some_and(|account| account != change.cell.account) && !is_unique {
        return false;
    }
    if let (Some(region), Some(other)) = (&change.cell.region, &event.region)
        && region != other
        && !is_unique
    {
        return false;
    }
    // Another service's thing may be called the same.
    if !is_unique && !is_service(change.cell.kind.as_str(), text("eventSource").unwrap_or_default()) {
        return false;
    }
    let time = text("eventTime").or(event.time.as_deref()).and_then(seconds);
    let (Some(time), Some(after), Some(before)) = (time, seconds(&change.after), seconds(&change.before))
    else {
        return false;
    };
    time >= after - SKEW_SECONDS && time <= before + SKEW_SECONDS
}

/// Services that events call otherwise than types do.
const SERVICES: [(&str, &str); 14] = [
    ("ElasticLoadBalancingV2", "elasticloadbalancing"),
    ("CertificateManager", "acm"),
    ("EFS", "elasticfilesystem"),
    ("MSK", "kafka"),
    ("StepFunctions", "states"),
    ("OpenSearchService", "es"),
    ("Elasticsearch", "es"),
    ("Cognito", "cognito"),
    ("EMR", "elasticmapreduce"),
    ("AmazonMQ", "mq"),
    ("CloudWatch", "monitoring"),
    ("ApplicationAutoScaling", "autoscaling"),
    ("SSO", "sso"),
    ("KinesisFirehose", "firehose"),
];

fn is_service(kind: &str, source: &str) -> bool {
    let of_kind = kind.split("::").nth(1).unwrap_or_default();
    let of_event = source.split('.').next().unwrap_or_default();
    let expected = SERVICES.iter().find(|(name, _)| *name == of_kind).map_or(of_kind, |(_, service)| service);
    of_event.eq_ignore_ascii_case(expected)
        || of_event.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(expected))
}

fn doer(event: &Event) -> Doer {
    let record = &event.record;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(Arc::<str>::from);
    let service = text("/eventSource").unwrap_or_default();
    let service = service.split('.').next().unwrap_or_default();
    let principal = text("/userIdentity/arn")
        .or_else(|| text("/userIdentity/invokedBy"))
        .or_else(|| text("/userIdentity/userName"))
        .or_else(|| text("/userIdentity/principalId"))
        .or_else(|| text("/userIdentity/type"));
    Doer {
        call: format!("{service}:{}", text("/eventName").unwrap_or_default()).into(),
        time: text("/eventTime").or(event.time.as_deref().map(Into::into)).unwrap_or_default(),
        principal: principal.unwrap_or_else(|| "somebody whom the event does not name".into()),
        source: text("/sourceIPAddress"),
        event: text("/eventID"),
        origin: event.origin.clone(),
    }
}
