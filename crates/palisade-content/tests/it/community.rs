//! Pages that others wrote: plain Rego, plain Sigma.

use crate::{base, file};
use palisade_content::{Body, Page, load};

/// What becomes of a file: the page in a line, then what is said of it.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let mut files = base();
    files.push(file(path, text));
    let (library, diagnostics) = load(&files);
    let page = library.pages().find(|page| &*page.file == path);
    let mut lines: Vec<String> = page.map(line).into_iter().collect();
    lines.extend(diagnostics.iter().map(|said| said.to_string().replace(&format!("{path}:"), "")));
    assert_eq!(lines, expected);
}

fn line(page: &Page) -> String {
    let own = match &page.body {
        Body::Check(check) => format!("{} {} by {}", check.severity, check.looks_at, check.entrypoint),
        Body::Detection(detection) => {
            format!("{} {} {:?}", detection.severity, detection.reads, detection.attack)
        }
        _ => String::new(),
    };
    let sections: Vec<&str> = page.sections.iter().map(|section| &*section.heading).collect();
    format!(
        "{} {}: {} | {own} | {} | {} | {}",
        page.sort,
        page.id,
        page.title,
        page.why,
        page.fix,
        sections.join(", ")
    )
}

const REGO: &str = "\
# METADATA
# title: Volume is not encrypted
# description: Snapshots of it can be read.
# related_resources:
# - https://example.com/a
# - ref: https://example.com/b
#   description: more
# entrypoint: true
# custom:
#   severity: HIGH
#   looks-at: AWS::EC2::Volume
#   objectives: [data-at-rest-is-encrypted]
#   remediation: Encrypt it.
package volumes

# METADATA
# title: Only the rule's
deny contains \"no\" if not input.encrypted
";

#[test]
fn annotated_rego_is_a_check() {
    check(
        "theirs/volume.rego",
        REGO,
        &[
            "check theirs/volume: Volume is not encrypted | high AWS::EC2::Volume by deny | Snapshots of it can be read. | Encrypt it. | References",
        ],
    );
    check(
        "checks/volume.rego",
        &REGO.replace("deny contains \"no\"", "violation[{\"msg\": msg}]").replace('\n', "\r\n"),
        &[
            "check volume: Volume is not encrypted | high AWS::EC2::Volume by violation | Snapshots of it can be read. | Encrypt it. | References",
        ],
    );
    check("theirs/volume_test.rego", REGO, &[]);
}

#[test]
fn what_rego_does_not_say_is_asked_for() {
    let plain = "package volumes\n\ndeny[msg] {\n  msg := \"no\"\n}\n";
    check(
        "theirs/no_title.rego",
        plain,
        &[
            "1:1: the module has no title, so its file's name stands for it (begin it with a comment `# METADATA`, and below that `# title: …`)",
            "1:1: the metadata gives no severity, so it counts as medium (add `# custom:` and below it `#   severity: medium` to the metadata)",
            "1:1: the metadata doesn't say what the check looks at (add `# custom:` and below it `#   looks-at: AWS::S3::Bucket` to the metadata)",
        ],
    );
    check(
        "a.rego",
        &REGO.replace("AWS::EC2::Volume", "aws_ebs_volume"),
        &["11:15: `aws_ebs_volume` is nothing a check looks at (did you mean `AWS::EC2::Volume`?)"],
    );
    check(
        "a.rego",
        &REGO.replace("HIGH", "HIHG"),
        &[
            "check a: Volume is not encrypted | medium AWS::EC2::Volume by deny | Snapshots of it can be read. | Encrypt it. | References",
            "10:15: `HIHG` is not a severity, so it counts as medium (did you mean `high`?)",
        ],
    );
    check(
        "a.rego",
        &REGO.replace("deny contains", "allow contains"),
        &[
            "1:1: the module has no rule that lists faults (name one of its rules `fail`, `deny` or `violation`, as in `deny contains \"what is wrong\" if …`)",
        ],
    );
    check(
        "a.rego",
        &REGO.replace("deny contains \"no\"", "deny"),
        &["18:1: `deny` is not a set of messages (write `deny contains \"what is wrong\" if …`)"],
    );
    check(
        "a.rego",
        &format!("{REGO}\nviolation contains \"x\" if true\ndenying := 1\n"),
        &[
            "check a: Volume is not encrypted | high AWS::EC2::Volume by deny | Snapshots of it can be read. | Encrypt it. | References",
            "20:1: only `deny` is evaluated, and `violation` is not (list every fault in `deny`, or write a module for each)",
        ],
    );
    check(
        "a.rego",
        &REGO.replace("#   severity: HIGH", "#   severity: [HIGH"),
        &["11:13: illegal placement of ':' indicator (what follows is not read)"],
    );
}

const SIGMA: &str = "\
title: Trail was stopped
id: 00000000-0000-0000-0000-000000000000
status: test
description: Somebody stopped a trail.
references:
  - https://example.com/a
author: A
date: 2024-01-01
tags:
  - attack.defense-evasion
  - attack.t1562.008
logsource:
  product: aws
  service: cloudtrail
detection:
  selection:
    eventName: StopLogging
  condition: selection
falsepositives:
  - Maintenance
level: high
";

#[test]
fn a_sigma_rule_is_a_detection() {
    check(
        "theirs/stop.yml",
        SIGMA,
        &[
            "detection theirs/stop: Trail was stopped | high AWS CloudTrail [\"T1562.008\"] | Somebody stopped a trail. |  | False positives, References",
        ],
    );
}

#[test]
fn what_sigma_says_of_other_logs_is_refused() {
    check(
        "a.yml",
        &SIGMA.replace("product: aws", "product: okta"),
        &[
            "13:3: `okta/cloudtrail` is not a log that this version reads (`logsource: { product: aws, service: cloudtrail }` is)",
        ],
    );
    check(
        "a.yml",
        "title: x\nlogsource: {}\n",
        &[
            "1:1: the rule has no level, so it counts as medium (add `level: medium`, or what it is)",
            "1:1: the rule has no `detection` (write selections by name below it, and a `condition` over them)",
            "2:12: the rule does not say which log it reads (`logsource: { product: aws, service: cloudtrail }` is)",
        ],
    );
    check(
        "a.yml",
        "services:\n  web: 1\n",
        &[
            "1:1: this is not a page (a Sigma rule has `logsource` and `detection`; a framework lies below `frameworks/`)",
        ],
    );
    check(
        "a.yml",
        "title: x\ncorrelation:\n  type: event_count\n",
        &[
            "3:3: correlations are not evaluated by this version (write a rule with `logsource` and `detection`)",
        ],
    );
    check(
        "a.yml",
        &format!("{SIGMA}---\n{SIGMA}"),
        &[
            "detection a: Trail was stopped | high AWS CloudTrail [\"T1562.008\"] | Somebody stopped a trail. |  | False positives, References",
            "23:1: only the first rule of a file is read (write each rule into a file of its own)",
        ],
    );
    check(
        "a.yml",
        &SIGMA.replace("level: high", "level: sever"),
        &[
            "detection a: Trail was stopped | medium AWS CloudTrail [\"T1562.008\"] | Somebody stopped a trail. |  | False positives, References",
            "21:8: `sever` is not a level, so it counts as medium (one of `informational`, `low`, `medium`, `high`, `critical` is expected)",
        ],
    );
}

#[test]
fn no_cut_of_a_foreign_file_is_fatal() {
    for (path, text) in [("a.rego", REGO), ("a.yml", SIGMA)] {
        for (end, _) in text.char_indices() {
            let (_, diagnostics) = load(&[file(path, &text[..end])]);
            assert!(diagnostics.iter().all(|diagnostic| diagnostic.span.is_some()), "{diagnostics:?}");
        }
    }
}
