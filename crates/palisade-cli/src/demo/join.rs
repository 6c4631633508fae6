//! Joins what was seen in a trail with what is wrong in the configuration, where both are about the same thing.

use palisade_content::{Library, Page, Sort};
use palisade_model::{
    AccountId, Address, Attribute, Call, Evidence, Finding, Fingerprint, Hit, List, Node, Origin, Path,
    Reference, Resource, Segment, Severity, Subject, Unknown, Value, Verdict,
};
use serde_json::Value as Json;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a detection saw one principal do: one finding, however often they did it.
pub struct Attack {
    /// The finding.
    pub finding: Finding,
    /// The severity of its page, whatever it was joined with.
    pub severity: Severity,
    /// The places of its events among the records.
    events: Vec<usize>,
}

/// Hits as findings, those of one detection, account and principal as one.
pub fn attacks(
    hits: Vec<Hit>,
    records: &[String],
    library: &Library,
    account: &dyn Fn(AccountId) -> Option<String>,
) -> Vec<Attack> {
    let mut attacks: BTreeMap<_, Attack> = BTreeMap::new();
    for hit in hits {
        let Some(page) = library.page(Sort::Detection, &hit.rule_id) else { continue };
        let index = hit.event_index as usize;
        if index >= records.len() {
            continue;
        }
        let key = (hit.rule_id.clone(), hit.account, hit.principal.clone());
        let attack = attacks.entry(key).or_insert_with(|| Attack {
            severity: hit.severity,
            finding: finding(&hit, page, library, hit.account.and_then(account)),
            events: Vec::new(),
        });
        attack.events.push(index);
    }
    for attack in attacks.values_mut() {
        match attack.events.len() {
            1 => {}
            2 => attack.finding.message += ", and once more",
            times => attack.finding.message += &format!(", and {} times more", times - 1),
        }
    }
    attacks.into_values().collect()
}

fn finding(hit: &Hit, page: &Page, library: &Library, account: Option<String>) -> Finding {
    let service = hit.service.as_deref().unwrap_or_default().trim_end_matches(".amazonaws.com");
    let operation = format!("{service}:{}", hit.operation.as_deref().unwrap_or_default());
    let principal: Arc<str> = hit.principal.as_deref().unwrap_or("somebody the log does not name").into();
    // Whose the account is and who acts in it, as people call them.
    let who = principal.rsplit_once(":assumed-role/").map_or(&*principal, |(_, who)| who);
    let name = account.map_or_else(|| who.to_owned(), |account| format!("{account}: {who}"));
    let origin = Origin::Call(Arc::new(Call {
        operation,
        account: hit.account,
        region: hit.region.clone(),
        time: hit.time.clone(),
    }));
    let triage = page.sections.iter().find(|section| &*section.heading == "Triage");
    let evidence = hit.event_id.as_ref().map(|id| Evidence {
        path: Path(vec![Segment::Name("eventID".into())]),
        value: Some(Json::String(id.to_string())),
        unknown: None,
        is_secret: false,
        origin: origin.clone(),
    });
    Finding {
        page: page.id.clone(),
        title: page.title.clone(),
        verdict: Verdict::Fails,
        severity: hit.severity,
        subject: Subject {
            kind: "principal".into(),
            address: Address { root: "trail".into(), name: name.into() },
            arn: None,
            account: hit.account,
            region: hit.region.clone(),
        },
        message: hit.message.clone(),
        why: page.why.clone(),
        fix: triage.map_or_else(|| page.fix.clone(), |section| section.text.clone()),
        objectives: page.objectives().to_vec(),
        controls: library.controls_of(page),
        evidence: evidence.into_iter().collect(),
        fingerprint: Fingerprint::new(&page.id, &principal, hit.event_id.as_deref().unwrap_or_default(), 0),
        origin,
    }
}

/// Joins faults and attacks of one account that are about the same thing: each names the other, and both matter as much
/// as the severer of them. Gives the severities that faults had and have.
pub fn join(
    faults: &mut [Finding],
    attacks: &mut [Attack],
    resources: &[Resource],
    records: &[String],
) -> Vec<(Severity, Severity)> {
    let index: BTreeMap<&Address, &Resource> =
        resources.iter().map(|resource| (resource.address(), resource)).collect();
    let mut failing: Vec<&mut Finding> =
        faults.iter_mut().filter(|fault| fault.verdict == Verdict::Fails).collect();
    // An attack tells of the severest first.
    failing.sort_by_key(|fault| Reverse(fault.severity));
    let mut raised = Vec::new();
    for fault in failing {
        let Some(resource) = index.get(&fault.subject.address) else { continue };
        let names = names(resource, &index);
        let (mut seen, mut severest) = (Vec::new(), fault.severity);
        for attack in
            attacks.iter_mut().filter(|attack| attack.finding.subject.account == fault.subject.account)
        {
            let first = attack.events.first().and_then(|event| records.get(*event));
            let Some(record) = first.filter(|record| names.iter().any(|name| mentions(record, name))) else {
                continue;
            };
            severest = severest.max(attack.severity);
            seen.push((time(record), attack.finding.title.to_string()));
            if let Some(begin) = beginning(record, &records[..attack.events[0]]) {
                seen.push(begin);
            }
            attack.finding.message += &format!("; see `{}`: {}", fault.subject.address, lower(&fault.title));
            attack.finding.severity = attack.finding.severity.max(fault.severity);
        }
        if !seen.is_empty() {
            seen.sort();
            seen.dedup();
            let told: Vec<String> =
                seen.iter().map(|(time, what)| format!("at {time} {}", lower(what))).collect();
            fault.message += &format!("; {}", told.join(", "));
            raised.push((fault.severity, severest));
            fault.severity = severest;
        }
    }
    raised
}

/// The names by which a trail would mention a resource: its own, and those of the roles and users it belongs to.
fn names(resource: &Resource, index: &BTreeMap<&Address, &Resource>) -> Vec<String> {
    let own = |resource: &Resource| match resource.attributes.get("name") {
        Some(Attribute::Known(node)) => node.text().map(str::to_owned),
        _ => None,
    };
    let mut names = Vec::new();
    let is_inline = resource.kind.as_ref().is_some_and(|kind| kind.as_str() == "AWS::IAM::Policy");
    if !is_inline {
        names.extend(own(resource));
    }
    let mut owners = Vec::new();
    for attribute in ["roles", "users"] {
        match resource.attributes.get(attribute) {
            Some(Attribute::Known(node)) => references(node, &mut owners),
            Some(Attribute::Unknown(unknown, _)) => owners.extend(&unknown.hint.refers_to),
            _ => {}
        }
    }
    for owner in owners {
        let root = resource.address().root.clone();
        let address = Address { root, name: owner.address.clone() };
        names.extend(index.get(&address).and_then(|owner| own(owner)));
    }
    // Shorter ones are words that stand in any record.
    names.retain(|name| name.len() > 5);
    names
}

/// What the items of a list refer to.
fn references<'a>(node: &'a Node, into: &mut Vec<&'a Reference>) {
    let of = |unknown: &'a Unknown| unknown.hint.refers_to.iter();
    match &node.value {
        Value::Unknown(unknown) => into.extend(of(unknown)),
        Value::List(List { items, .. }) => {
            for item in items {
                if let Value::Unknown(unknown) = &item.value {
                    into.extend(of(unknown));
                }
            }
        }
        _ => {}
    }
}

/// Does a record say a name as a whole?
fn mentions(record: &str, name: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| b"\"/:\\".contains(byte));
    record.match_indices(name).any(|(at, _)| {
        let bytes = record.as_bytes();
        is_edge(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_edge(bytes.get(at + name.len()))
    })
}

/// How the session of a record began, if it began by a token of somebody's: when, and by whom.
fn beginning(record: &str, before: &[String]) -> Option<(String, String)> {
    let json: Json = serde_json::from_str(record).ok()?;
    let key = json["userIdentity"]["accessKeyId"].as_str().filter(|key| key.starts_with("ASIA"))?;
    let begun = before
        .iter()
        .rfind(|earlier| earlier.contains("\"AssumeRoleWithWebIdentity\"") && earlier.contains(key))?;
    let json: Json = serde_json::from_str(begun).ok()?;
    let (who, from) = (json["userIdentity"]["userName"].as_str()?, json["sourceIPAddress"].as_str()?);
    Some((time(begun), format!("`{who}` assumed it from {from}")))
}

/// The hour and minute of a record.
fn time(record: &str) -> String {
    let after = record.split("\"eventTime\":\"").nth(1).unwrap_or_default();
    after.get(11..16).unwrap_or_default().to_owned()
}

/// A title within a sentence; what begins with an acronym stays.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => title.to_owned(),
    }
}
