//! `palisade content`: from a new page to a verdict.

use crate::folder::{FAILS, Folder, PASSES, run};
use insta::assert_snapshot;

#[test]
fn pages_are_listed() {
    let output = run("content list --sort check", &[]).ends(0, &["aws/ec2/volume-not-encrypted"]);
    assert!(output.stdout.lines().all(|line| line.starts_with("check ")), "{}", output.stdout);
    let rows = run("content list --format json", &[]).json();
    let volume =
        rows.as_array().unwrap().iter().find(|row| row["id"] == "aws/ec2/volume-not-encrypted").unwrap();
    assert_eq!(volume["sort"], "check");
    assert_eq!(volume["severity"], "medium");
    assert_eq!(volume["shipped"], true);
    assert!(volume["examples"].as_u64() > Some(3));
    run("content list --sort chek", &[]).ends(2, &["`chek` is not a sort of page", "check, detection"]);
}

#[test]
fn a_page_is_shown_with_the_controls_it_answers_to() {
    run("content show aws/ec2/volume-not-encrypted", &[])
        .ends(0, &["title: EBS volume is not encrypted", "```rego", "Answers to: "]);
    run("content show aws/s3/bucket --sort kind", &[]).ends(0, &["type: AWS::S3::Bucket"]);
    run("content show aws/s3/bukcet", &[]).ends(2, &["did you mean `aws/s3/bucket`?"]);
}

#[test]
fn the_shipped_pages_hold() {
    run("content check", &[]).ends(0, &["all hold"]);
}

#[test]
fn a_new_check_holds_and_scans_use_it() {
    let folder = Folder::new(&[FAILS, PASSES]);
    let new = "content new check acme/volume-has-owner --looks-at AWS::EC2::Volume --in policies";
    folder.run(new).ends(
        0,
        &["Written: policies/checks/acme/volume-has-owner.md", "Next: palisade content check policies"],
    );
    folder.run(new).ends(2, &["is there already"]);
    for place in ["policies", "./policies/", "policies/checks/acme/volume-has-owner.md"] {
        folder.run(&format!("content check {place}")).ends(0, &["1 page", "4 examples: all hold"]);
    }
    folder.run_in("policies", "content check .").ends(0, &["1 page", "4 examples: all hold"]);
    folder.run("content mutate policies").ends(0, &["100.0 %"]);
    folder.run("content show acme/volume-has-owner --content policies").ends(0, &["title: Volume has owner"]);
    folder.run("content list --content policies").ends(0, &["acme/volume-has-owner"]);
    folder.run("scan . --content policies --check acme/volume-has-owner").ends(
        1,
        &["ran 1 check", "Volume has owner", "fails.tf:2:15", "1 fails (1 medium), 0 unknown, 1 passes"],
    );
}

#[test]
fn a_new_check_holds_for_every_kind() {
    let kinds = run("content list --sort kind --format json", &[]).json();
    let folder = Folder::new(&[]);
    let kinds = kinds.as_array().unwrap();
    let mut by_hand = 0;
    for kind in kinds {
        let page = folder.run(&format!("content show {} --sort kind", kind["id"].as_str().unwrap())).stdout;
        let name = page.lines().find_map(|line| line.strip_prefix("type: ")).unwrap();
        let id = format!("acme/{}", name.to_lowercase().replace("::", "-"));
        let new = folder.run(&format!("content new check {id} --looks-at {name} --in pages"));
        match new.code {
            Some(0) => drop(new.ends(0, &["Written"])),
            // What only lists hold, or only the live API says, has no first example that could be made.
            _ => {
                by_hand += 1;
                new.ends(2, &["has no attribute that a first example could set", "by hand"]);
            }
        }
    }
    assert!(by_hand * 8 < kinds.len(), "{by_hand} of {} kinds have no first example", kinds.len());
    let says = format!("{} pages", kinds.len() - by_hand);
    folder.run("content check pages").ends(0, &[&says, "all hold"]);
}

#[test]
fn new_pages_of_every_sort_hold() {
    let folder = Folder::new(&[]);
    for sort in ["check", "detection", "objective", "framework", "playbook", "escalation"] {
        folder.run(&format!("content new {sort} acme/mine --in pages")).ends(0, &["Written"]);
    }
    folder.run("content new kind acme/vault --looks-at AWS::Glacier::Vault --in pages").ends(0, &["Written"]);
    folder.run("content check pages").ends(0, &["7 pages", "all hold"]);
}

#[test]
fn a_wrong_new_page_is_refused() {
    for (arguments, says) in [
        ("check ../up", "`../up` is not the id of a page"),
        ("check acme/V", "`acme/V` is not the id of a page"),
        ("chekc acme/v", "`chekc` is not a sort of page"),
        ("check acme/v --looks-at AWS::EC2::Volum", "did you mean `AWS::EC2::Volume`?"),
    ] {
        run(&format!("content new {arguments}"), &[]).ends(2, &[says]);
    }
}

#[test]
fn pages_of_other_tools_load() {
    let rego = "\
# METADATA
# title: Volume is small
# description: Small volumes are slow.
# custom:
#   severity: HIGH
#   looks-at: AWS::EC2::Volume
#   objectives: [data-at-rest-is-encrypted]
package volumes

import rego.v1

deny contains \"it has less than 10 GB\" if input.size < 10
";
    let sigma = "\
title: Trail stopped
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
status: test
description: Somebody stopped recording.
logsource:
  product: aws
  service: cloudtrail
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: StopLogging
  condition: selection
level: medium
";
    let volume = "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = true\n  size = 5\n}\n";
    let folder =
        Folder::new(&[("theirs/volume.rego", rego), ("theirs/trail.yml", sigma), ("main.tf", volume)]);
    folder
        .run("content list --content theirs --format json")
        .ends(0, &["\"title\": \"Volume is small\"", "\"title\": \"Trail stopped\""]);
    folder.run("content check theirs").ends(0, &["2 pages"]);
    folder
        .run("scan main.tf --content theirs")
        .ends(1, &["high", "Volume is small", "it has less than 10 GB", "main.tf:3:10"]);
}

#[test]
fn a_broken_page_is_said_with_its_place_and_the_nearest_word() {
    let folder = Folder::new(&[FAILS]);
    folder.run("content new check acme/v --looks-at AWS::EC2::Volume --in pages").ends(0, &[]);
    let page = folder.read("pages/checks/acme/v.md");
    let broken = page
        .replace("severity: medium", "severty: medium")
        .replace("objectives: []", "objectives: [data-at-rest-is-encrypte]")
        .replace("## Passes: it", "## Pases: it");
    folder.write("pages/checks/acme/v.md", broken);
    let output = folder.run("content check pages").ends(1, &[]);
    assert_snapshot!(output.said());
    folder.run("scan . --content pages --skip aws/ec2/volume-not-encrypted").ends(3, &["`severty`"]);
}

#[test]
fn an_example_that_does_not_hold_is_said_with_its_place() {
    let folder = Folder::new(&[]);
    folder.run("content new check acme/v --looks-at AWS::EC2::Volume --in pages").ends(0, &[]);
    let page = folder.read("pages/checks/acme/v.md");
    folder.write("pages/checks/acme/v.md", page.replace("  encrypted = true", "  encrypted = false"));
    let output = folder.run("content check pages").ends(1, &["pages/checks/acme/v.md:"]);
    assert_snapshot!(output.said());
}

#[test]
fn a_condition_that_no_example_holds_survives() {
    let folder = Folder::new(&[]);
    folder.run("content new check acme/v --looks-at AWS::EC2::Volume --in pages").ends(0, &[]);
    let page = folder.read("pages/checks/acme/v.md");
    let wider =
        page.replace("if input.encrypted == false", "if {\n  input.encrypted == false\n  input.tags != 7\n}");
    folder.write("pages/checks/acme/v.md", wider);
    folder
        .run("content mutate pages")
        .ends(1, &["no example notices when this is left out", "pages/checks/acme/v.md:"]);
}

#[test]
fn a_place_without_pages_is_an_error() {
    run("content check .", &[]).ends(2, &["there is no page in `.`"]);
    run("content mutate .", &[]).ends(2, &["there is no page in `.`"]);
    run("content check nowhere", &[]).ends(2, &["there is no folder of pages `nowhere`"]);
}
