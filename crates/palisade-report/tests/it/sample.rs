//! A small report made by hand, with all that a report can meet: severities, many places, open questions, hostile names.

use palisade_model::{
    Address, Call, Diagnostic, Evidence, Finding, Fingerprint, Hit, Origin, PageId, Path, Position, Segment,
    Severity, Source, Span, Subject, Suppressed, SuppressedBy, Suppression, Unknown, Verdict, Why,
};
use palisade_report::{
    Cells, Collected, ComparedWith, Comparison, Counts, Coverage, DetectionSummary, Detections, PageSummary,
    Report, Unread,
};
use serde_json::{Value, json};
use std::sync::Arc;

const NETWORK: &str = "\
resource \"aws_security_group\" \"web\" {
  name = \"web\"

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = \"tcp\"
    cidr_blocks = [\"10.0.0.0/8\", \"0.0.0.0/0\"]
  }
}
";

/// The text of the files that the sample names; `missing.tf` is gone.
pub fn source(file: &str) -> Option<Arc<str>> {
    let volumes = || {
        (1..=8).fold(String::new(), |text, number| {
            text + &format!("resource \"aws_ebs_volume\" \"v{number}\" {{\r\n\tencrypted = false\r\n}}\r\n")
        })
    };
    let text = match file {
        "infra/network.tf" => NETWORK.to_owned(),
        "infra/volumes.tf" => volumes(),
        "infra/hostile.tf" => "queue = \"\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}drowssap\" \r\n".to_owned(),
        "infra/one-line.json" => {
            format!("{{\"a\":\"{}\",\"Encrypted\":false,\"z\":\"{}\"}}", "x".repeat(300), "y".repeat(300))
        }
        "infra/functions.tf" => {
            "resource \"aws_lambda_function\" \"f\" {\n  environment {\n    variables = { TOKEN = \"hunter2\" }\n  }\n}\n"
                .to_owned()
        }
        "infra/broken.tf" => "resource \"aws_s3_bucket\" \"b\" {\n".to_owned(),
        _ => return None,
    };
    Some(text.into())
}

pub fn span(file: &str, line: u32, columns: (u32, u32)) -> Span {
    Span::new(file, (line, columns.0), (line, columns.1))
}

fn page(id: &str, title: &str, severity: Severity, why: &str, fix: &str) -> PageSummary {
    PageSummary {
        id: PageId::new(id),
        is_detection: false,
        title: title.into(),
        severity,
        why: why.into(),
        fix: fix.into(),
        objectives: vec![PageId::new("data-at-rest-is-encrypted")],
        controls: vec!["CIS AWS 5.0 5.1.1".into(), "SOC 2 CC6.1".into()],
        url: None,
    }
}

pub fn pages() -> Vec<PageSummary> {
    let mut pages = checks();
    for page in &mut pages[1..] {
        page.objectives = match page.id.as_str() {
            "aws/ec2/security-group-opens-ssh" | "aws/ec2/security-group-opens-rdp" => {
                vec![
                    PageId::new("administration-is-not-on-the-internet"),
                    PageId::new("network-is-closed-by-default"),
                ]
            }
            _ => page.objectives.clone(),
        };
    }
    pages
}

fn checks() -> Vec<PageSummary> {
    vec![
        page(
            "aws/ec2/volume-not-encrypted",
            "EBS volume is not encrypted",
            Severity::Medium,
            "Whoever gets a snapshot of the volume, by a leaked permission or a share gone wrong, reads the data without\n\
             asking for a key.\n\nEncryption can't be switched on later: the volume has to be copied.",
            "Set `encrypted = true` for new volumes. For this one:\n\n1. snapshot, copy the snapshot with encryption,\n   \
             create the volume from the copy,\n2. swap it in.\n\n```hcl\nencrypted = true\n```\n",
        ),
        page(
            "aws/ec2/security-group-opens-ssh",
            "Security group opens SSH to the internet",
            Severity::Critical,
            "Scanners find an open port 22 within minutes and try passwords and leaked keys from then on.",
            "Name the networks that may come in, or use Session Manager and open nothing.",
        ),
        page(
            "aws/sqs/queue-not-encrypted",
            "Queue is not encrypted",
            Severity::Low,
            "Messages are readable by whoever reads the disk.",
            "- Set `sqs_managed_sse_enabled = true`.\n- Or name a key of yours.",
        ),
        page(
            "aws/cloudtrail/account-without-trail",
            "Account has no trail that records every region",
            Severity::High,
            "Without a trail over all regions an intruder works in a region nobody watches.",
            "Create one organisation trail in the management account.",
        ),
        page(
            "aws/s3/bucket-public",
            "Bucket can be read by anyone",
            Severity::Informational,
            "Not found here.",
            "",
        ),
        page(
            "aws/ec2/security-group-opens-rdp",
            "Security group opens RDP to the internet",
            Severity::High,
            "An open port 3389 is found within minutes.",
            "Open nothing.",
        ),
        page(
            "aws/lambda/function-with-secret-in-environment",
            "Function carries a secret in its environment",
            Severity::High,
            "Whoever may describe the function reads it.",
            "Keep it in Secrets Manager.",
        ),
    ]
}

/// A finding of a page about an address.
pub fn finding(page: &PageSummary, address: &str, message: &str, origin: Origin) -> Finding {
    Finding {
        page: page.id.clone(),
        title: page.title.clone(),
        verdict: Verdict::Fails,
        severity: page.severity,
        subject: Subject {
            kind: "AWS::EC2::Volume".into(),
            address: Address { root: "infra".into(), name: address.into() },
            arn: None,
            account: None,
            region: None,
        },
        message: message.into(),
        why: page.why.clone(),
        fix: page.fix.clone(),
        objectives: page.objectives.clone(),
        controls: page.controls.clone(),
        evidence: Vec::new(),
        fingerprint: Fingerprint::new(&page.id, address, message, 0),
        origin,
    }
}

pub fn evidence(path: &str, value: Option<Value>, unknown: Option<Why>, origin: Origin) -> Evidence {
    Evidence {
        path: Path(vec![Segment::Name(path.into())]),
        value,
        unknown: unknown.map(Unknown::from),
        is_secret: false,
        origin,
    }
}

fn open(mut finding: Finding, why: Why) -> Finding {
    finding.verdict = Verdict::Unknown;
    let origin = finding.origin.clone();
    finding.evidence = vec![evidence("encrypted", None, Some(why), origin)];
    finding
}

fn volumes(page: &PageSummary) -> Vec<Finding> {
    let is_false = "`encrypted` is false";
    let mut findings: Vec<Finding> = (1..=8)
        .map(|number| {
            let origin = Origin::File(span("infra/volumes.tf", number * 3 - 1, (14, 19)));
            let mut finding = finding(page, &format!("aws_ebs_volume.v{number}"), is_false, origin.clone());
            finding.evidence = vec![evidence("encrypted", Some(json!(false)), None, origin)];
            finding
        })
        .collect();
    findings.push(finding(page, "Data", is_false, Origin::File(span("infra/one-line.json", 1, (309, 326)))));
    findings.push(finding(
        page,
        "module.storage[\"a\"].module.volumes[\"b\"].module.really_deep[\"c\"].aws_ebs_volume.with_a_long_name[\"d\"]",
        is_false,
        Origin::File(span("infra/missing.tf", 7, (3, 20))),
    ));
    findings
}

fn trail(page: &PageSummary) -> Finding {
    let call = Call {
        operation: "cloudtrail:DescribeTrails".into(),
        account: "111122223333".parse().ok(),
        region: "eu-west-1".parse().ok(),
        time: Some("2026-03-01T03:12:00Z".into()),
    };
    let message = "no trail records management events in every region";
    let mut finding = finding(page, "111122223333", message, Origin::Call(Arc::new(call)));
    finding.subject.kind = "account".into();
    finding.subject.account = "111122223333".parse().ok();
    finding
}

fn group(page: &PageSummary) -> Finding {
    let message = "`ingress[0]` lets 0.0.0.0/0 in on port 22";
    let place = |line, columns| Origin::File(span("infra/network.tf", line, columns));
    let mut finding = finding(page, "aws_security_group.web", message, place(8, (34, 45)));
    finding.evidence = vec![
        evidence("from_port", Some(json!(22)), None, place(5, (19, 21))),
        evidence("cidrs", Some(json!(["10.0.0.0/8", "0.0.0.0/0"])), None, place(8, (34, 45))),
    ];
    finding
}

/// The same rule of the same group, by another page; and a group of its own.
fn more_groups(page: &PageSummary) -> Vec<Finding> {
    let same = Finding {
        evidence: group(page).evidence,
        ..finding(
            page,
            "aws_security_group.web",
            "`ingress[0]` lets 0.0.0.0/0 in on port 3389",
            group(page).origin,
        )
    };
    let of_its_own = finding(page, "aws_security_group.desktop", "any address", same.origin.clone());
    vec![same, of_its_own]
}

/// The value is said to be secret by one finding; another stands on the same line.
fn secrets(page: &PageSummary, other: &PageSummary) -> Vec<Finding> {
    let place = Origin::File(span("infra/functions.tf", 3, (27, 36)));
    let address = "aws_lambda_function.f";
    let mut secret = finding(page, address, "`TOKEN` holds a secret", place.clone());
    secret.evidence =
        vec![Evidence { is_secret: true, ..evidence("environment", Some(json!("hunter2")), None, place) }];
    let beside = finding(
        other,
        address,
        "`variables` is not encrypted",
        Origin::File(span("infra/functions.tf", 3, (5, 14))),
    );
    vec![secret, beside]
}

fn hostile(page: &PageSummary) -> Finding {
    finding(
        page,
        "aws_sqs_queue.q[\"\u{1b}[31m\u{202e}](http://evil)\n\"]",
        "the queue \u{1b}[8mhidden\u{9b}2J is not encrypted",
        Origin::File(span("infra/hostile.tf", 1, (9, 43))),
    )
}

fn open_questions(volume: &PageSummary, queue: &PageSummary) -> Vec<Finding> {
    let origin = |file: &str, line| Origin::File(span(file, line, (1, 20)));
    let mut findings: Vec<Finding> = (1..=4)
        .map(|line| {
            let address = format!("aws_ebs_volume.default{line}");
            open(
                finding(volume, &address, "", origin("infra/default.tf", line)),
                Why::DecidedElsewhere("the account's default encryption".into()),
            )
        })
        .collect();
    findings.push(open(
        finding(volume, "aws_ebs_volume.given", "", origin("infra/default.tf", 9)),
        Why::NoValue("var.encrypt".into()),
    ));
    findings.push(open(
        finding(queue, "aws_sqs_queue.given", "", origin("infra/queue.tf", 2)),
        Why::NoValue("var.encrypt".into()),
    ));
    // Two attributes of one resource, of which the same things decide.
    let mut twice = open(
        finding(volume, "aws_ebs_volume.twice", "", origin("infra/default.tf", 12)),
        Why::DecidedElsewhere("the image or the account's default encryption".into()),
    );
    let again = Why::DecidedElsewhere("the account's default encryption".into());
    twice.evidence.push(evidence("kms_key", None, Some(again), twice.origin.clone()));
    findings.push(twice);
    findings
}

fn diagnostics() -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = (1..=4)
        .map(|line| {
            Diagnostic::warning(format!(
                "`Binding{line}` is neither a parameter nor a resource of this template"
            ))
            .at(span("infra/template.yaml", line, (3, 11)))
            .help("declare it; its value counts as unknown")
        })
        .collect();
    for file in ["infra/a.yaml", "infra/b.yaml"] {
        diagnostics.push(Diagnostic::warning("this template has no `Resources`").at(span(file, 1, (1, 9))));
    }
    diagnostics.push(
        Diagnostic::warning("the rule doesn't say what it looks at")
            .help("add below the metadata:\n# custom:\n#   looks-at: AWS::S3::Bucket"),
    );
    diagnostics.extend(spoken());
    diagnostics
}

fn spoken() -> Vec<Diagnostic> {
    vec![
        Diagnostic::warning("`infra/terraform.tfvars` gives `colour`, which no variable is called")
            .help("remove it, or declare the variable"),
        Diagnostic::error("the block is not closed")
            .at(Span {
                file: "infra/broken.tf".into(),
                start: Position { line: 1, column: 30 },
                end: Position { line: 2, column: 1 },
            })
            .help("add the missing `}`"),
    ]
}

/// The whole of it.
pub fn report() -> Report {
    let pages = pages();
    let mut findings = open_questions(&pages[0], &pages[2]);
    findings.push(hostile(&pages[2]));
    findings.extend(volumes(&pages[0]));
    findings.push(trail(&pages[3]));
    findings.push(group(&pages[1]));
    findings.extend(more_groups(&pages[5]));
    findings.extend(secrets(&pages[6], &pages[2]));
    let mut counts = Counts::default();
    for finding in &findings {
        counts.add(finding.severity, finding.verdict);
    }
    for _ in 0..1234 {
        counts.add(Severity::Medium, Verdict::Passes);
    }
    let types = [
        ("aws_route53_record", 12),
        ("aws_iam_role", 9),
        ("aws_eip", 4),
        ("aws_nat_gateway", 2),
        ("aws_vpc", 1),
        ("aws_subnet", 6),
        ("random_id", 1),
    ];
    Report {
        tool_version: "0.1.0".into(),
        targets: vec!["infra".into()],
        findings,
        counts,
        coverage: Coverage {
            resources: [(Source::Terraform, 61), (Source::Cloudformation, 3)].into(),
            assessed: 29,
            files: 12,
            without_kind: types.iter().map(|(name, count)| ((*name).into(), *count)).collect(),
            without_check: [("AWS::KMS::Key".into(), 2)].into(),
            collected: None,
        },
        diagnostics: diagnostics(),
        pages,
        ..Report::default()
    }
}

/// A finding that somebody accepted.
pub fn accepted() -> Suppressed {
    let origin = Origin::File(span("infra/main.tf", 9, (15, 20)));
    let mut finding = finding(&pages()[0], "aws_ebs_volume.scratch", "`encrypted` is false", origin.clone());
    finding.evidence = vec![evidence("encrypted", Some(json!(false)), None, origin)];
    let suppression = Suppression {
        by: SuppressedBy::Settings,
        reason: "it holds nothing but scratch data".into(),
        place: span(".palisade.toml", 2, (9, 39)),
        until: "2027-01-31".parse().ok(),
        owner: Some("storage".into()),
        ticket: Some("SEC-12".into()),
    };
    Suppressed { finding, suppression }
}

/// A report on live accounts that could not all be read.
pub fn live() -> Report {
    let mut report = clean(24, 12);
    let unread = |call: &str, failure: &str, code: &str, permission: Option<&str>, hides| Unread {
        call: call.into(),
        failure: failure.into(),
        code: code.into(),
        message: format!(
            "User: arn:aws:sts::111122223333:assumed-role/audit/p is not authorized to perform {call}"
        ),
        permission: permission.map(Into::into),
        accounts: ["111122223333", "444455556666"].iter().filter_map(|id| id.parse().ok()).collect(),
        regions: ["eu-west-1"].iter().filter_map(|region| region.parse().ok()).collect(),
        cells: 2,
        times: 14,
        hides_resources: hides,
        open: 0,
    };
    let mut collected = Collected {
        organisation: Some("o-acme".into()),
        accounts: 6,
        regions: 2,
        resources: 12,
        started: "2026-11-22T05:10:00Z".into(),
        finished: Some("2026-11-22T05:12:41Z".into()),
        calls: 3_387,
        throttled: 0,
        policies_changed: true,
        cells: Cells { read: 1_190, partly: 3, not_read: 1, not_there: 15 },
        gaps: vec![
            unread("sqs:ListQueues", "timed-out", "timeout", None, true),
            unread("s3:GetBucketPolicy", "denied", "AccessDenied", Some("s3:GetBucketPolicy"), false),
        ],
    };
    let call = Call {
        operation: "s3:GetBucketPolicy".into(),
        account: "111122223333".parse().ok(),
        region: "eu-west-1".parse().ok(),
        time: None,
    };
    let origin = Origin::Call(Arc::new(call));
    let mut open =
        finding(&pages()[0], "arn:aws:s3:::films", "`s3:GetBucketPolicy` was denied", origin.clone());
    open.verdict = Verdict::Unknown;
    let why = Why::Denied("s3:GetBucketPolicy".into());
    open.evidence = vec![evidence("policy", None, Some(why), origin)];
    report.counts.add(open.severity, Verdict::Unknown);
    report.findings.push(open);
    collected.count_open(&report.findings);
    report.coverage.collected = Some(collected);
    report
}

/// A report in which nothing fails and nothing is open.
pub fn clean(passes: u64, resources: u64) -> Report {
    let mut counts = Counts::default();
    for _ in 0..passes {
        counts.add(Severity::Medium, Verdict::Passes);
    }
    Report {
        tool_version: "0.1.0".into(),
        targets: vec!["infra".into()],
        counts,
        coverage: Coverage {
            resources: [(Source::Terraform, resources)].into(),
            assessed: if passes == 0 { 0 } else { resources },
            files: 1,
            ..Coverage::default()
        },
        pages: pages(),
        ..Report::default()
    }
}

/// The two findings that the reference of the JSON shows.
pub fn documented() -> Report {
    let pages = vec![pages().swap_remove(0)];
    let why = "Whoever gets a snapshot of the volume reads the data without asking for a key.";
    let fix = "Set `encrypted = true`.";
    let origin = Origin::File(span("infra/main.tf", 4, (23, 28)));
    let mut fails = finding(&pages[0], "aws_ebs_volume.reports", "`encrypted` is false", origin.clone());
    fails.evidence = vec![evidence("encrypted", Some(json!(false)), None, origin)];
    let mut unknown = trail(&pages[0]);
    unknown.message = "the volumes could not be listed".into();
    unknown.subject.kind = "AWS::EC2::Volume".into();
    unknown.subject.address.root = "111122223333/eu-west-1".into();
    unknown.subject.address.name = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1".into();
    unknown.subject.arn = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1".parse().ok();
    unknown.subject.region = "eu-west-1".parse().ok();
    let mut unknown = open(unknown, Why::Denied("ec2:DescribeVolumes".into()));
    unknown.evidence[0].origin = Origin::Documented("EBS encryption by default".into());
    let mut report = clean(1, 2);
    for finding in [&mut fails, &mut unknown] {
        finding.why = why.into();
        finding.fix = fix.into();
        report.counts.add(finding.severity, finding.verdict);
    }
    report.findings = vec![fails, unknown];
    report.coverage.without_kind = [("aws_eip".into(), 1)].into();
    report.coverage.without_check = [("aws_kms_key".into(), 1)].into();
    report.coverage.resources = [(Source::Terraform, 3), (Source::Live, 2)].into();
    report.coverage.assessed = 3;
    report.diagnostics = vec![
        Diagnostic::error("the block is not closed")
            .at(span("infra/broken.tf", 9, (1, 2)))
            .help("add the missing `}`"),
    ];
    report.pages = pages;
    let mut accepted = accepted();
    (accepted.finding.why, accepted.finding.fix) = (why.into(), fix.into());
    report.suppressed = vec![accepted];
    let name = "`baseline.json`".to_owned();
    report.comparisons = vec![Comparison { with: ComparedWith::Baseline, name, known: 12, gone: 1 }];
    report
}

fn detection(id: &str, title: &str, severity: Severity, attack: &[&str]) -> DetectionSummary {
    DetectionSummary {
        id: PageId::new(id),
        title: title.into(),
        severity,
        why: "Nothing in daily work needs it.".into(),
        triage: "1. Was it planned?\n2. What did the same principal do in the hour before and after?".into(),
        attack: attack.iter().map(|technique| (*technique).into()).collect(),
    }
}

fn hit(of: &DetectionSummary, index: u64, time: Option<&str>, message: &str) -> Hit {
    Hit {
        rule_id: of.id.clone(),
        rule_title: of.title.clone(),
        severity: of.severity,
        message: message.into(),
        event_index: index,
        event_id: time.map(|_| format!("e-{index}")),
        time: time.map(str::to_owned),
        account: "111122223333".parse().ok(),
        region: "us-east-1".parse().ok(),
        service: Some("signin.amazonaws.com".into()),
        operation: Some("ConsoleLogin".into()),
        principal: Some("arn:aws:iam::111122223333:root".into()),
        source: Some("198.51.100.7".into()),
        file: "trail/day.json.gz".into(),
        line: 1,
    }
}

/// What detections found: two days, several severities, an event of a service and one that says next to nothing.
pub fn detections() -> Detections {
    let root = detection("aws/root-signed-in", "The root user signed in", Severity::High, &["T1078.004"]);
    let trail =
        detection("aws/trail-stopped", "A trail was stopped", Severity::Critical, &["T1562.008", "T1562"]);
    let quiet = detection("aws/key-made", "An access key was made", Severity::Low, &["T1098.001"]);
    let signed_in =
        |index, time| hit(&root, index, Some(time), "Root of 111122223333 signed in from 198.51.100.7");
    let mut stopped = hit(&trail, 40, Some("2026-01-03T00:12:59Z"), "The trail `main` was stopped");
    stopped.service = Some("cloudtrail.amazonaws.com".into());
    stopped.operation = Some("StopLogging".into());
    stopped.principal = Some("arn:aws:sts::111122223333:assumed-role/ops/eve".into());
    let mut by_service = hit(&trail, 41, Some("2026-01-03T00:13:00Z"), "A trail was deleted");
    by_service.source = Some("cloudformation.amazonaws.com".into());
    let nameless = Hit {
        account: None,
        region: None,
        service: None,
        operation: None,
        principal: None,
        source: None,
        ..hit(&root, 50, None, "Root signed in \u{1b}[2J<b>")
    };
    Detections {
        tool_version: "0.1.0".into(),
        targets: vec!["trail".into()],
        events: 51,
        files: 2,
        refused: 1,
        hits: vec![
            signed_in(3, "2026-01-02T03:04:05Z"),
            stopped,
            signed_in(4, "2026-01-02T04:04:05Z"),
            by_service,
            nameless,
        ],
        diagnostics: spoken(),
        pages: vec![trail, root, quiet],
    }
}
