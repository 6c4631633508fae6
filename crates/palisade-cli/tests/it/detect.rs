//! `palisade detect`: what it finds in logs, in which form, and how it ends.

use crate::folder::Folder;
use serde_json::Value;

const ROOT: &str = r#"{"eventID": "e-1", "eventName": "ConsoleLogin", "eventTime": "2026-01-02T03:04:05Z", "recipientAccountId": "111122223333", "awsRegion": "us-east-1", "userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "sourceIPAddress": "198.51.100.7", "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "Yes"}}"#;
const QUIET: &str = r#"{"eventName": "DescribeInstances", "userIdentity": {"type": "AssumedRole"}}"#;

fn trail(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_hit_says_who_did_what_where_and_when() {
    let folder = Folder::new(&[("t/a.json", &format!("{{\"Records\": [{QUIET}, {ROOT}]}}"))]);
    let says = [
        " detections over 2 events from 1 file",
        "high  The root user signed in to the console · aws/root-signed-in",
        "1 × arn:aws:iam::111122223333:root",
        "2026-01-02T03:04:05Z  Root of 111122223333 signed in from 198.51.100.7  (t/a.json:1)",
    ];
    folder.run("detect t").ends(1, &says);
}

#[test]
fn a_hit_a_line_names_rule_and_event() {
    let folder = Folder::new(&[("t/a.ndjson", &trail(&[QUIET, ROOT])), ("t/b.jsonl", &trail(&[ROOT]))]);
    let run = folder.run("detect t --format ndjson").ends(1, &[]);
    let hits: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let indexes: Vec<u64> = hits.iter().map(|hit| hit["event_index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [1, 2]);
    assert_eq!(hits[0]["rule_id"], "aws/root-signed-in");
    assert_eq!(hits[0]["rule_title"], "The root user signed in to the console");
    assert_eq!(hits[0]["event_id"], "e-1");
    assert_eq!((&hits[0]["file"], &hits[0]["line"]), (&"t/a.ndjson".into(), &2.into()));
}

#[test]
fn the_whole_is_one_document() {
    let folder = Folder::new(&[("a.ndjson", &trail(&[QUIET, ROOT]))]);
    let run = folder.run("detect a.ndjson --format json --fail-on critical").ends(0, &[]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["schema"], "palisade/detections/v1");
    assert_eq!(report["events"], 2);
    assert_eq!(report["hits"].as_array().unwrap().len(), 1);
}

#[test]
fn a_hit_is_a_detection_finding() {
    let folder = Folder::new(&[("a.ndjson", &trail(&[QUIET, ROOT]))]);
    let run = folder.run("detect a.ndjson --format ocsf").ends(1, &[]);
    let event: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(event["class_uid"], 2004);
    assert_eq!(event["time"], 1_767_323_045_000_i64, "when it is written");
    assert_eq!(event["start_time"], 1_767_323_045_000_i64, "when it happened");
    let sighting = &event["evidences"][0];
    assert_eq!(sighting["src_endpoint"]["ip"], "198.51.100.7");
    assert_eq!(sighting["api"]["operation"], "ConsoleLogin");
    assert_eq!(event["finding_info"]["attacks"][0]["sub_technique"]["uid"], "T1078.004");
}

#[test]
fn a_page_has_the_hits_in_the_order_of_time() {
    let later = ROOT.replace("e-1", "e-2").replace("2026-01-02", "2026-01-03");
    let folder = Folder::new(&[("a.ndjson", &trail(&[&later, ROOT]))]);
    folder.run("detect a.ndjson --format html --output report.html").ends(1, &[]);
    let page = folder.read("report.html");
    assert!(page.contains("<h1>1 detection fires, on 2 events.</h1>"), "{page}");
    let [first, second] = ["<h3>2026-01-02</h3>", "<h3>2026-01-03</h3>"].map(|day| page.find(day).unwrap());
    assert!(first < second);
}

#[test]
fn how_it_ends_is_what_scripts_expect() {
    let folder = Folder::new(&[
        ("quiet.ndjson", &trail(&[QUIET])),
        ("fires.ndjson", &trail(&[ROOT])),
        ("half.ndjson", &trail(&[QUIET, "{nonsense"])),
        ("both.ndjson", &trail(&[ROOT, "{nonsense"])),
        ("none.ndjson", "nonsense\n"),
        ("empty/note.txt", ""),
    ]);
    folder.run("detect quiet.ndjson").ends(0, &["None of them fires."]);
    folder.run("detect fires.ndjson").ends(1, &[]);
    folder.run("detect fires.ndjson --fail-on never").ends(0, &[]);
    folder.run("detect half.ndjson").ends(3, &["half.ndjson:2:1", "this is no JSON"]);
    folder.run("detect both.ndjson").ends(1, &["both.ndjson:2:1"]);
    folder.run("detect none.ndjson").ends(2, &["none.ndjson:1:1"]);
    folder.run("detect empty").ends(2, &["there is no CloudTrail record"]);
    folder.run("detect gone").ends(2, &["there is no `gone`"]);
    folder
        .run("detect fires.ndjson --rule aws/root-signd-in")
        .ends(2, &["did you mean `aws/root-signed-in`?"]);
    folder.run("detect fires.ndjson --skip aws/root-signed-in").ends(0, &["None of them fires."]);
}

#[test]
fn a_plain_sigma_rule_runs_beside_those_that_ship() {
    let rule = "title: Instances were listed\nlogsource: { product: aws, service: cloudtrail }\nlevel: low\n\
                detection:\n  listed:\n    eventName: DescribeInstances\n  condition: listed\n";
    let folder =
        Folder::new(&[("a.ndjson", &trail(&[QUIET])), ("policies/detections/acme/listed.yml", rule)]);
    folder.run("detect a.ndjson --content policies").ends(1, &["low  Instances were listed · acme/listed"]);
}

#[test]
fn what_a_terminal_would_obey_is_shown() {
    let hostile = ROOT.replace("198.51.100.7", "\\u001b[2J\\u202e");
    let folder = Folder::new(&[("a.ndjson", &trail(&[&hostile]))]);
    let run = folder.run("detect a.ndjson").ends(1, &[]);
    assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", run.stdout);
}
