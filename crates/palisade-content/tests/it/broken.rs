//! Broken pages: what the user is told, and where.

use crate::{file, said};

const CHECK: &str = "\
---
title: EBS volume is not encrypted
severity: medium
looks-at: AWS::EC2::Volume
objectives: [data-at-rest-is-encrypted]
since: 0.1.0
---

Whoever gets a snapshot reads the data.

## Rule

```rego
package check

fail contains \"`encrypted` is false\" if input.encrypted == false
```

## Fails: `encrypted` is false

```hcl
resource \"aws_ebs_volume\" \"v\" { encrypted = false }
```

## Passes: it is encrypted

```hcl
resource \"aws_ebs_volume\" \"v\" { encrypted = true }
```

## Fix

Encrypt it.
";

const DETECTION: &str = "\
---
title: Root signed in
severity: high
reads: AWS CloudTrail
attack: [T1078.004]
says: Root signed in from {sourceIPAddress}
---

Nobody needs root.

## Rule

```sigma
sign_in:
  eventName: ConsoleLogin
condition: sign_in
```

## Fires: Root signed in from 198.51.100.7

```json
{ \"eventName\": \"ConsoleLogin\", \"sourceIPAddress\": \"198.51.100.7\" }
```

## Stays quiet: another call

```json
{ \"eventName\": \"GetObject\" }
```
";

const PLAYBOOK: &str = "\
---
title: Disable an access key
needs: [iam:UpdateAccessKey]
---

A leaked key works until somebody turns it off.

## Steps

```steps
- ask: Disable $key of $user?
- do: iam.UpdateAccessKey
  with: { UserName: $user, AccessKeyId: $key, Status: Inactive }
  undo: { UserName: $user, AccessKeyId: $key, Status: Active }
```

## Given: a leaked key

```json
{ \"user\": \"build\", \"key\": \"AKIAIOSFODNN7EXAMPLE\" }
```

```plan
ask  Disable AKIAIOSFODNN7EXAMPLE of build?
do   iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Inactive UserName=build
undo iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Active UserName=build
```
";

const ESCALATION: &str = "\
---
title: Pass a role to a function
ends-with: the role's permissions
---

Whoever may pass a role acts with it.

## Rule

```escalation
may: iam:PassRole on $role
gains: $role
```

## Fires: a principal

```estate
principal p: allows iam:PassRole on *
```

## Stays quiet: another

```estate
principal p: allows s3:GetObject on *
```
";

const FRAMEWORK: &str = "\
title: SOC 2
controls:
  CC6.1: [data-at-rest-is-encrypted, checks/a]
";

fn pages(text: &str) -> &'static str {
    match text {
        CHECK => "checks/a.md",
        DETECTION => "detections/a.md",
        PLAYBOOK => "playbooks/a.md",
        ESCALATION => "escalations/a.md",
        _ => "frameworks/a.yaml",
    }
}

/// Replaces `from` in a sound page and expects exactly these diagnostics.
#[track_caller]
fn check(page: &str, from: &str, to: &str, expected: &[&str]) {
    assert!(page.contains(from), "the page does not have {from:?}");
    check_text(pages(page), &page.replacen(from, to, 1), expected);
}

#[track_caller]
fn check_text(path: &str, text: &str, expected: &[&str]) {
    let mut files = vec![file(path, text)];
    if path.starts_with("frameworks/") {
        files.push(file("checks/a.md", CHECK));
    }
    let expected: Vec<String> = expected.iter().map(|line| format!("{path}:{line}")).collect();
    assert_eq!(said(&files), expected);
}

#[test]
fn sound_pages_are_not_spoken_of() {
    for page in [CHECK, DETECTION, PLAYBOOK, ESCALATION, FRAMEWORK] {
        check(page, "title", "title", &[]);
        check_text(pages(page), &page.replace('\n', "\r\n"), &[]);
        check_text(pages(page), &format!("\u{feff}{page}"), &[]);
    }
}

#[test]
fn the_front_matter_says_where_and_what_was_meant() {
    check(
        CHECK,
        "---\ntitle",
        "title",
        &[
            "1:1: the page does not begin with front matter (begin with a line `---`, then fields like `title: …`, then a line `---`)",
        ],
    );
    check_text(
        "checks/a.md",
        "",
        &[
            "1:1: the page does not begin with front matter (begin with a line `---`, then fields like `title: …`, then a line `---`)",
        ],
    );
    check_text(
        "checks/a.md",
        "---\ntitle: x\n",
        &["1:1: the front matter that begins here is never closed (close it with a line `---`)"],
    );
    check(
        CHECK,
        "severity: medium",
        "severity: hihg",
        &["3:11: `hihg` is not a severity (did you mean `high`?)"],
    );
    check(
        CHECK,
        "severity: medium",
        "severity: urgent",
        &[
            "3:11: `urgent` is not a severity (one of `informational`, `low`, `medium`, `high`, `critical` is expected)",
        ],
    );
    check(
        CHECK,
        "severity: medium",
        "severty: medium",
        &["3:1: `severty` is not a field of a check (did you mean `severity`?)"],
    );
    check(
        CHECK,
        "severity: medium\n",
        "",
        &["1:1: a check needs a `severity` (something like `severity: medium`)"],
    );
    check(CHECK, "severity: medium", "severity: [medium]", &["3:11: `severity` is a text, not a list"]);
    check(
        CHECK,
        "title: EBS volume is not encrypted\n",
        "",
        &["1:1: a check needs a `title` (something like `title: Volume is not encrypted`)"],
    );
    check(
        CHECK,
        "since: 0.1.0",
        "since: soon",
        &["6:8: `soon` is not a version (three numbers are expected, like `0.1.0`)"],
    );
    check(
        CHECK,
        "since: 0.1.0",
        "since: 0.1",
        &["6:8: `0.1` is not a version (three numbers are expected, like `0.1.0`)"],
    );
    check(
        CHECK,
        "since: 0.1.0",
        "owner: me",
        &[
            "6:1: `owner` is not a field of a check (its fields are `title`, `since`, `severity`, `looks-at`, `only-in`, `objectives`)",
        ],
    );
    check(
        CHECK,
        "AWS::EC2::Volume",
        "AWS::EC2::Volum",
        &["4:11: no kind describes `AWS::EC2::Volum` (did you mean `AWS::EC2::Volume`?)"],
    );
    check(
        CHECK,
        "AWS::EC2::Volume",
        "acount",
        &["4:11: `acount` is nothing a check looks at (did you mean `account`?)"],
    );
    check(
        CHECK,
        "AWS::EC2::Volume",
        "account in region",
        &["4:11: `account in region` is nothing a check looks at (did you mean `account in a region`?)"],
    );
    check(
        CHECK,
        "AWS::EC2::Volume",
        "disks",
        &[
            "4:11: `disks` is nothing a check looks at (a type like `AWS::S3::Bucket`, `account`, `account in a region` or `organisation` is expected)",
        ],
    );
    check(
        CHECK,
        "[data-at-rest-is-encrypted]",
        "[data-at-rest-is-encripted]",
        &[
            "5:14: there is no objective `data-at-rest-is-encripted` (did you mean `data-at-rest-is-encrypted`?)",
        ],
    );
    check(
        CHECK,
        "[data-at-rest-is-encrypted]",
        "[storage-is-private, peace]",
        &["5:34: there is no objective `peace` (`palisade content list` shows those there are)"],
    );
}

#[test]
fn what_is_missing_from_a_check_is_named() {
    check(
        CHECK,
        "Whoever gets a snapshot reads the data.\n",
        "",
        &[
            "1:1: the page does not say why it matters (below the front matter, write two or three sentences for somebody woken at three)",
        ],
    );
    check(
        CHECK,
        "## Fix",
        "## Fixes",
        &["1:1: a check needs a section `## Fix` (`## Fixes` comes near: did you mean `## Fix`?)"],
    );
    check(
        CHECK,
        "Encrypt it.\n",
        "",
        &["31:4: `## Fix` says nothing (say what to change, and what to do about what is there already)"],
    );
    check(
        CHECK,
        "## Rule",
        "## Ruel",
        &["1:1: a check needs a section `## Rule` (`## Ruel` comes near: did you mean `## Rule`?)"],
    );
    check(
        CHECK,
        "```rego",
        "```regoo",
        &["13:1: the block under `## Rule` is in `regoo` (begin it with ```rego)"],
    );
    check(
        CHECK,
        "```rego",
        "```",
        &["13:1: the block under `## Rule` names no language (begin it with ```rego)"],
    );
    check(
        CHECK,
        "## Rule",
        "## Rule\n\nSee below.\n\n## Rule",
        &[
            "11:4: `## Rule` has no block (write one below it that begins with ```rego)",
            "15:4: there is a second `## Rule` (the first is in line 11)",
        ],
    );
    check(
        CHECK,
        "## Rule",
        "## Rule\n\n```rego\npackage other\n```\n",
        &["18:1: there is a second block under `## Rule` (write it as one block)"],
    );
}

#[test]
fn tests_that_would_never_run_are_found() {
    check(
        CHECK,
        "## Fails: `encrypted` is false",
        "## Fail: `encrypted` is false",
        &[
            "19:4: `## Fail: `encrypted` is false` looks like a test and is none (a test begins with `## Fails:` and goes on with what it says)",
        ],
    );
    check(
        CHECK,
        "## Passes: it",
        "## Pass: it",
        &[
            "25:4: `## Pass: it is encrypted` looks like a test and is none (a test begins with `## Passes:` and goes on with what it says)",
        ],
    );
    check(
        CHECK,
        "## Fails: `encrypted` is false",
        "## Fails:",
        &["19:4: `## Fails:` says nothing (write the exact message of the rule after `Fails:`)"],
    );
    check(
        CHECK,
        "## Fails: `encrypted`",
        "## Fails `encrypted`",
        &[
            "19:4: `## Fails `encrypted` is false` looks like a test and is none (a test begins with `## Fails:` and goes on with what it says)",
        ],
    );
    check(
        CHECK,
        "## Passes: it",
        "### Passes: it",
        &["25:5: `Passes: it is encrypted` is not read as a test (a test begins with `## Passes:`)"],
    );
    check(
        CHECK,
        "## Passes: it is encrypted",
        "## Notes",
        &[
            "1:1: a check needs a test that begins with `Passes:` (write a heading `## Passes: …` and a block below it)",
        ],
    );
    check(
        CHECK,
        "## Fails: `encrypted` is false",
        "## Fires: `encrypted` is false",
        &[
            "1:1: a check needs a test that begins with `Fails:` (write a heading `## Fails: …` and a block below it)",
            "19:4: a check has no tests that begin with `Fires:` (its tests begin with `Fails:`, `Passes:`, `Unknown:`)",
        ],
    );
    check(
        CHECK,
        "```hcl",
        "```terraform",
        &["21:1: `terraform` is not a language the examples of a check are in (did you mean `hcl`?)"],
    );
    check(
        CHECK,
        "```hcl",
        "```yaml",
        &["21:1: `yaml` is not a language the examples of a check are in (did you mean `cloudformation`?)"],
    );
    check(
        CHECK,
        "```hcl",
        "```cloudfromation",
        &[
            "21:1: `cloudfromation` is not a language the examples of a check are in (did you mean `cloudformation`?)",
        ],
    );
    check(
        CHECK,
        "```hcl",
        "```",
        &[
            "21:1: the example names no language (one of `hcl`, `cloudformation`, `terraform-plan`, `live`, `estate` is expected)",
        ],
    );
    check(
        CHECK,
        "```hcl\nresource \"aws_ebs_volume\" \"v\" { encrypted = true }\n```\n",
        "",
        &["25:4: `## Passes: it is encrypted` has no block (write one below it, as in ```hcl)"],
    );
    check(
        CHECK,
        "```hcl\nresource \"aws_ebs_volume\" \"v\" { encrypted = true }\n```",
        "- ```hcl\n  a = 1\n  ```",
        &["27:3: a block inside of a list or a quote is not read (move it to the margin)"],
    );
    check(
        CHECK,
        "false }\n```",
        "false }\n",
        &[
            "21:1: the block that begins here is never closed (close it with a fence of the same length; what follows is not read)",
        ],
    );
    check(
        CHECK,
        "true }\n```",
        "true }\n",
        &[
            "27:1: the block that begins here is never closed (close it with a fence of the same length; what follows is not read)",
        ],
    );
}

#[test]
fn detections_are_linted() {
    check(
        DETECTION,
        "AWS CloudTrail",
        "CloudTrail",
        &["4:8: `CloudTrail` is not a log that detections read (did you mean `AWS CloudTrail`?)"],
    );
    check(
        DETECTION,
        "AWS CloudTrail",
        "AWS Cloudtrial",
        &["4:8: `AWS Cloudtrial` is not a log that detections read (did you mean `AWS CloudTrail`?)"],
    );
    check(
        DETECTION,
        "T1078.004",
        "T1078.4",
        &[
            "5:10: `T1078.4` is not a technique of MITRE ATT&CK (something like `T1078` or `T1078.004` is expected)",
        ],
    );
    check(
        DETECTION,
        "{sourceIPAddress}",
        "{sourceIPAddress",
        &[
            "6:7: `says` has a brace that doesn't fit (write a field of the event between `{` and `}`, as in `{sourceIPAddress}`)",
        ],
    );
    check(
        DETECTION,
        "says: Root signed in from {sourceIPAddress}\n",
        "",
        &[
            "1:1: a detection needs a `says` (something like `says: {userIdentity.arn} switched the recording off`)",
        ],
    );
    check(
        DETECTION,
        "says:",
        "answer-with: aws/nothing\nsays:",
        &["6:14: there is no playbook `aws/nothing` (write the page, or leave the name out)"],
    );
    check(
        DETECTION,
        "```sigma",
        "```yaml",
        &["13:1: the block under `## Rule` is in `yaml` (begin it with ```sigma)"],
    );
    check(
        DETECTION,
        "```sigma\nsign_in:\n  eventName: ConsoleLogin\ncondition: sign_in\n",
        "```sigma\n- a\n",
        &["13:1: the rule has no selection (write selections by name, and a `condition` over them)"],
    );
    check(
        DETECTION,
        "{ \"eventName\": \"GetObject\" }",
        "[1, 2]",
        &["27:1: the example is not an event (write a JSON object with the log's own names)"],
    );
    check(
        DETECTION,
        "## Stays quiet: another call",
        "## Stays silent: another call",
        &[
            "25:4: `## Stays silent: another call` looks like a test and is none (a test begins with `## Stays quiet:` and goes on with what it says)",
        ],
    );
    check(
        DETECTION,
        "## Fires: Root signed in",
        "## Fails: Root signed in",
        &[
            "1:1: a detection needs a test that begins with `Fires:` (write a heading `## Fires: …` and a block below it)",
            "19:4: a detection has no tests that begin with `Fails:` (its tests begin with `Fires:`, `Stays quiet:`)",
        ],
    );
}

#[test]
fn playbooks_need_what_their_steps_need_and_can_undo_it() {
    check(
        PLAYBOOK,
        "[iam:UpdateAccessKey]",
        "[iam:UpdateAccessKey, iam:GetUser]",
        &[
            "3:30: no step needs `iam:GetUser` (leave it out: an approved plan gets exactly what its steps need)",
        ],
    );
    check(
        PLAYBOOK,
        "needs: [iam:UpdateAccessKey]\n",
        "",
        &[
            "9:1: a step needs `iam:UpdateAccessKey`, and `needs` doesn't name it (add it to `needs` in the front matter)",
        ],
    );
    check(
        PLAYBOOK,
        "[iam:UpdateAccessKey]",
        "[UpdateAccessKey]",
        &[
            "3:9: `UpdateAccessKey` is not a permission (something like `iam:UpdateAccessKey` is expected)",
            "3:9: a step needs `iam:UpdateAccessKey`, and `needs` doesn't name it (add it to `needs` in the front matter)",
        ],
    );
    check(
        PLAYBOOK,
        "  undo: { UserName: $user, AccessKeyId: $key, Status: Active }\n",
        "",
        &[
            "3:9: no step needs `iam:UpdateAccessKey` (leave it out: an approved plan gets exactly what its steps need)",
            "12:3: a step that changes something says how it is undone (write `undo:` with the parameters that take it back, or `irreversible:` with the reason)",
        ],
    );
    check(
        PLAYBOOK,
        "- do: iam.UpdateAccessKey",
        "- do: iam:UpdateAccessKey",
        &[
            "3:9: no step needs `iam:UpdateAccessKey` (leave it out: an approved plan gets exactly what its steps need)",
            "12:7: `iam:UpdateAccessKey` is not a call (something like `iam.UpdateAccessKey` is expected)",
        ],
    );
    check(
        PLAYBOOK,
        "- ask:",
        "- aks:",
        &[
            "11:3: a step keeps, asks or does one thing (write `keep`, `ask` or `do` first)",
            "11:3: `aks` is not a field of a step (did you mean `ask`?)",
        ],
    );
    check(
        PLAYBOOK,
        "\"user\": \"build\", ",
        "",
        &["19:1: `$user` is used by a step and not given (add `\"user\": …` to the JSON)"],
    );
    check(
        PLAYBOOK,
        "do   iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Inactive",
        "do   iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Active",
        &[
            "25:1: the steps give `do   iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Inactive UserName=build` here",
        ],
    );
    check(
        PLAYBOOK,
        "needs:",
        "answers: [aws/nothing]\nneeds:",
        &["3:11: there is no detection or check `aws/nothing` (write the page, or leave the name out)"],
    );
}

#[test]
fn escalations_and_frameworks_are_linted() {
    check(
        ESCALATION,
        "may: iam:PassRole",
        "my: iam:PassRole",
        &[
            "10:1: the rule needs a permission (something like `may: iam:PassRole on $role`)",
            "11:1: `my` is not a clause (did you mean `may`?)",
        ],
    );
    check(
        ESCALATION,
        "principal p: allows iam",
        "principal allows iam",
        &[
            "18:1: the line doesn't say what is true of whom (something like `principal deployer: allows s3:GetObject on *` is expected)",
        ],
    );
    check(
        ESCALATION,
        "ends-with",
        "ends_with",
        &["3:1: `ends_with` is not a field of an escalation (did you mean `ends-with`?)"],
    );
    check(
        FRAMEWORK,
        "data-at-rest-is-encrypted",
        "data-at-rest-is-encryptd",
        &[
            "3:11: there is no objective `data-at-rest-is-encryptd` (did you mean `data-at-rest-is-encrypted`?)",
        ],
    );
    check(
        FRAMEWORK,
        "checks/a",
        "checks/b",
        &["3:38: there is no check `checks/b` (did you mean `checks/a`?)"],
    );
    check(
        FRAMEWORK,
        "controls:",
        "control:",
        &["2:1: `control` is not a field of a framework (did you mean `controls`?)"],
    );
    check_text(
        "frameworks/a.md",
        FRAMEWORK,
        &["1:1: a framework is written in YAML (name the file `….yaml`, with a `title` and `controls`)"],
    );
}

#[test]
fn a_file_that_is_no_page_is_said_to_be_none() {
    check_text(
        "notes.md",
        "---\ntitle: Notes\n---\n",
        &[
            "1:1: nothing says what sort of page this is (put it below one of the folders `kinds`, `objectives`, `checks`, `detections`, `escalations`, `playbooks`, `frameworks`)",
        ],
    );
    check_text(
        "check/a.md",
        "---\ntitle: A\n---\n",
        &["1:1: nothing says what sort of page this is (did you mean the folder `checks`?)"],
    );
    check_text(
        "checks/a.txt",
        "x",
        &[
            "1:1: this is not a page (pages are `.md`; checks may be plain `.rego`, detections plain Sigma in `.yml`, frameworks are `.yaml`)",
        ],
    );
    check_text("README.md", "# What is here\n", &[]);
    check_text("my/own.md", CHECK, &[]);
}

#[test]
fn one_bad_page_never_stops_the_rest_and_an_id_is_given_once() {
    let files = [
        file("checks/b.md", "nonsense"),
        file("checks/a.md", CHECK),
        file("mine/checks/c.md", CHECK),
        file("checks/a.md", CHECK),
    ];
    let mut all = crate::base();
    all.extend(files);
    let (library, diagnostics) = palisade_content::load(&all);
    let checks: Vec<&str> = library.checks().map(|(page, _)| page.id.as_str()).collect();
    assert_eq!(checks, ["a", "mine/checks/c"]);
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(said[0].starts_with("checks/b.md:1:1: the page does not begin with front matter"), "{said:?}");
    assert_eq!(
        said[1..],
        [
            "checks/a.md:1:1: there are two checks of the id `a` (`checks/a.md` is the one that counts: rename this one)"
        ]
    );
}

#[test]
fn an_error_costs_only_the_part_it_names() {
    let page = CHECK
        .replace("[data-at-rest-is-encrypted]", "[nothing, storage-is-private]")
        .replace("since: 0.1.0", "since: x");
    let mut all = crate::base();
    all.push(file("checks/a.md", &page));
    let (library, diagnostics) = palisade_content::load(&all);
    assert_eq!(diagnostics.len(), 2);
    let (page, check) = library.checks().next().expect("the check");
    assert_eq!(format!("{:?} {:?}", check.objectives, page.since), "[storage-is-private] None");
}

#[test]
fn hostile_pages_give_a_diagnostic() {
    let deep = |text: String| format!("---\ntitle: x\n---\n\n{text}\n");
    let large = "x".repeat(palisade_content::LARGEST_PAGE + 1);
    check_text("objectives/a.md", &large, &["1:1: the page is larger than 1 MB and is not read"]);
    for text in ["- ".repeat(10_000), ">".repeat(10_000)] {
        check_text(
            "objectives/a.md",
            &deep(text),
            &["5:1: lists and quotes are nested more than 100 deep (the page is not read)"],
        );
    }
    for text in [
        "[".repeat(100_000),
        "*_".repeat(50_000),
        "`a".repeat(50_000),
        "![](".repeat(20_000),
        "<a ".repeat(20_000),
        "&#".repeat(50_000),
    ] {
        check_text("objectives/a.md", &deep(text), &[]);
    }
    let front = format!("---\ntitle: {}\n---\nx\n", "[".repeat(10_000));
    assert!(!said(&[file("objectives/a.md", &front)]).is_empty());
    let keys: String = (0..10_000).map(|number| format!("key{number}: x\n")).collect();
    let many = said(&[file("objectives/a.md", &format!("---\ntitle: x\n{keys}---\nx\n"))]);
    assert!(many.len() <= 200, "{} diagnostics for one page", many.len());
}

#[test]
fn no_cut_or_slip_makes_a_page_unspeakable() {
    for page in [CHECK, DETECTION, PLAYBOOK, ESCALATION, FRAMEWORK] {
        let path = pages(page);
        let slips = ["\t", "```", "\n---\n", "\u{feff}", "é", "\0", ":", "[", "&a ", "*a", "\r", "> "];
        for (end, char) in page.char_indices() {
            let _ = said_alone(path, &page[..end]);
            // Everywhere would take a minute; every place of a word's end and every line's start are enough.
            if char.is_whitespace() {
                let slip = slips[end % slips.len()];
                let _ = said_alone(path, &format!("{}{slip}{}", &page[..end], &page[end..]));
            }
        }
    }
}

/// What is said of a page with no other beside it: each with its place, and in the page.
fn said_alone(path: &str, text: &str) -> usize {
    let (_, diagnostics) = palisade_content::load(&[file(path, text)]);
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count() + 1;
    for diagnostic in &diagnostics {
        let place = diagnostic.span.as_ref().map(|span| span.start);
        assert!(
            place.is_some_and(|place| place.line >= 1 && place.line as usize <= lines && place.column >= 1),
            "{diagnostic} is not in the page"
        );
    }
    diagnostics.len()
}
