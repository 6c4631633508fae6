//! Recorded attacks are named by the detections that ship, and events that others labelled come out as labelled, where
//! `PALISADE_CORPORA` says where they are.

use crate::folder::Folder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

/// The techniques of the recorded detonations, and the detections that name them.
const TECHNIQUES: [(&str, &str); 18] = [
    ("aws.credential-access.ec2-get-password-data", "windows-password-asked"),
    ("aws.credential-access.ec2-steal-instance-credentials", "command-run-with-a-key"),
    ("aws.credential-access.ssm-retrieve-securestring-parameters", "parameters-decrypted-with-a-key"),
    ("aws.defense-evasion.cloudtrail-event-selectors", "cloudtrail-stopped-or-deleted"),
    ("aws.execution.ec2-launch-unusual-instances", "costly-machines-refused"),
    ("aws.execution.ssm-start-session", "shell-opened-without-sign-in"),
    ("aws.exfiltration.ec2-share-ami", "image-shared-with-another-account"),
    ("aws.exfiltration.rds-share-snapshot", "database-snapshot-shared"),
    ("aws.lateral-movement.ec2-serial-console-send-ssh-public-key", "serial-console-opened"),
    ("aws.persistence.iam-backdoor-role", "role-opened-to-another-account"),
    ("aws.persistence.iam-create-admin-user", "admin-policy-attached-to-user"),
    ("aws.persistence.iam-create-backdoor-role", "role-opened-to-another-account"),
    ("aws.persistence.iam-create-user-login-profile", "password-set-for-another-user"),
    ("aws.persistence.lambda-backdoor-function", "function-opened-to-everyone"),
    ("aws.persistence.lambda-overwrite-code", "function-code-changed-with-a-key"),
    ("aws.persistence.rolesanywhere-create-trust-anchor", "trust-anchor-made"),
    ("aws.persistence.sts-federation-token", "federation-token-allows-everything"),
    ("aws.privilege-escalation.iam-update-user-login-profile", "password-set-for-another-user"),
];

/// What at least fires in the recorded campaign.
const CAMPAIGN: [&str; 23] = [
    "access-key-made-for-another-user",
    "admin-policy-attached-to-role",
    "admin-policy-attached-to-user",
    "audit-log-group-deleted",
    "bucket-emptied-by-lifecycle",
    "bucket-opened-to-another-account",
    "cloudtrail-stopped-or-deleted",
    "command-run-with-a-key",
    "console-sign-in-without-mfa",
    "costly-machines-refused",
    "database-snapshot-shared",
    "flow-logs-deleted",
    "function-code-changed-with-a-key",
    "function-opened-to-everyone",
    "image-shared-with-another-account",
    "organization-left",
    "parameters-decrypted-with-a-key",
    "password-set-for-another-user",
    "role-opened-to-another-account",
    "security-group-opened-to-the-world",
    "snapshot-shared-with-another-account",
    "trust-anchor-made",
    "windows-password-asked",
];

/// The text of a file of the corpora.
fn corpus(path: &str) -> Option<String> {
    let Ok(corpora) = std::env::var("PALISADE_CORPORA") else {
        say(&format!("NOT CHECKED against {path}: PALISADE_CORPORA is not set"));
        return None;
    };
    let path = Path::new(&corpora).join("detect").join(path);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display())))
}

/// Past the capture of the test runner, so that it is seen.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

/// The events with a user agent that gives nothing away.
fn events(text: &str) -> Vec<Value> {
    let events = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["userAgent"] = "aws-cli/2.15.30".into();
        event
    });
    events.collect()
}

/// Which detections fire on which event.
fn fired<'a>(events: impl IntoIterator<Item = &'a Value>) -> BTreeMap<usize, BTreeSet<String>> {
    let trail: String = events.into_iter().map(|event| format!("{event}\n")).collect();
    let folder = Folder::new(&[("trail.ndjson", &trail)]);
    let run = folder.run("detect trail.ndjson --format ndjson --fail-on never").ends(0, &[]);
    let mut fired: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for line in run.stdout.lines() {
        let hit: Value = serde_json::from_str(line).unwrap();
        let index = usize::try_from(hit["event_index"].as_u64().unwrap()).unwrap();
        let id = hit["rule_id"].as_str().unwrap().trim_start_matches("aws/");
        fired.entry(index).or_default().insert(id.to_owned());
    }
    fired
}

#[test]
fn every_technique_of_the_recorded_detonations_is_named() {
    let (Some(trail), Some(labels)) =
        (corpus("attacks/stratus_detonation.ndjson"), corpus("attacks/stratus_detonation_labels.tsv"))
    else {
        return;
    };
    let fired = fired(&events(&trail));
    let mut named = BTreeSet::new();
    for line in labels.lines() {
        let [index, technique, ..] = *line.split('\t').collect::<Vec<_>>() else { panic!("{line}") };
        for id in fired.get(&index.parse().unwrap()).into_iter().flatten() {
            named.insert((technique, id.as_str()));
        }
    }
    let techniques: BTreeSet<&str> = named.iter().map(|(technique, _)| *technique).collect();
    say(&format!("{} of {} techniques are named", techniques.len(), TECHNIQUES.len()));
    let missing: Vec<_> = TECHNIQUES.iter().filter(|pair| !named.contains(*pair)).collect();
    assert!(missing.is_empty(), "{missing:#?} are not among {named:#?}");
}

#[test]
fn a_recorded_campaign_is_seen() {
    let Some(trail) = corpus("attacks/invictus_stratus_2023.ndjson") else { return };
    let events = events(&trail);
    let fired = fired(&events);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in fired.values().flatten() {
        *counts.entry(id).or_default() += 1;
    }
    let lines: String = counts.iter().map(|(id, count)| format!("{count:4} {id}\n")).collect();
    say(&format!("{} of {} events of the campaign:\n{lines}", fired.len(), events.len()));
    let missing: Vec<_> = CAMPAIGN.iter().filter(|id| !counts.contains_key(*id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn events_that_others_labelled_come_out_as_labelled() {
    let Some(text) = corpus("labelled-events.jsonl") else { return };
    let labelled: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_cloudtrail: Vec<&Value> = labelled
        .iter()
        .filter(|row| {
            row["log_types"].as_array().is_some_and(|types| types.contains(&"AWS.CloudTrail".into()))
        })
        .filter(|row| row["log"].is_object())
        .collect();
    let fired = fired(of_cloudtrail.iter().map(|row| &row["log"]));
    let (mut right, mut wrong) = (0, Vec::new());
    for (index, ids) in &fired {
        let row = of_cloudtrail[*index];
        match row["expected"] == true {
            true => right += 1,
            false => {
                wrong.push(format!("{} on {}: {}", ids.iter().next().unwrap(), row["rule_id"], row["test"]))
            }
        }
    }
    say(&format!("{right} events fire that should, {} that should not:\n{}", wrong.len(), wrong.join("\n")));
    // Those that remain are faults of another kind than the label's rule looks for, or records as AWS makes none.
    assert!(right >= 40 && wrong.len() <= 10);
}
