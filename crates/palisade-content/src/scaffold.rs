//! Writes new pages whose tests pass from the start, for somebody to change into what they mean.

use crate::nearest;
use crate::{LooksAt, Sort};
use palisade_kinds::grammar::{Chain, SourcePath};
use palisade_kinds::{AttributeRule, Is, Kind, Kinds};
use palisade_model::{PageId, ResourceType};
use std::fmt::Write as _;

const WHY: &str = "Say here in two or three sentences why it matters, to somebody who is woken by it at three in the morning.";

/// The text of a new page. A check looks at the resources of a type, or at the account when none is given; a kind
/// describes the type.
///
/// # Errors
/// What is wrong with the id or the type, as a message for the user.
pub fn new_page(
    sort: Sort,
    id: &PageId,
    looks_at: Option<&ResourceType>,
    kinds: &Kinds,
) -> Result<String, String> {
    lint_id(id)?;
    let title = title_of(id);
    Ok(match sort {
        Sort::Check => match looks_at {
            Some(kind) => check(id, &title, kind_of(kind, kinds)?)?,
            None => account_check(&title, kinds),
        },
        Sort::Kind => kind(&title, looks_at),
        Sort::Detection => detection(&title),
        Sort::Escalation => escalation(&title),
        Sort::Objective => format!(
            "---\ntitle: {title}\n---\n\nSay in a sentence or two what is true where this outcome is reached.\n"
        ),
        Sort::Framework => format!(
            "title: {title}\nshort: {title}\ncontrols:            # the control's id, then the objectives that answer it\n  \"1.1\": [data-at-rest-is-encrypted]\n"
        ),
        Sort::Playbook => playbook(&title),
    })
}

fn lint_id(id: &PageId) -> Result<(), String> {
    let is_right =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let is_word =
        |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.bytes().all(is_right);
    if id.as_str().split('/').all(is_word) {
        return Ok(());
    }
    Err(format!(
        "`{id}` is not the id of a page: lowercase words joined by `-` are expected, in folders, like `aws/ec2/volume-not-encrypted`"
    ))
}

/// The sentence that the last part of an id hints at.
fn title_of(id: &PageId) -> String {
    let words = id.as_str().rsplit('/').next().unwrap_or_default().replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

fn kind_of<'a>(kind: &ResourceType, kinds: &'a Kinds) -> Result<&'a Kind, String> {
    kinds.get(kind).ok_or_else(|| {
        let known: Vec<String> = kinds.iter().map(|kind| kind.kind.to_string()).collect();
        let help = match nearest::nearest(kind.as_str(), known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "begin with a page for the kind: `palisade content new kind …`".to_owned(),
        };
        format!("no kind describes `{kind}`: {help}")
    })
}

/// An attribute that examples can set, and the two values that a rule can tell apart.
struct Question<'a> {
    name: &'a str,
    terraform: Option<&'a SourcePath>,
    cloudformation: Option<&'a SourcePath>,
    bad: &'static str,
    good: &'static str,
}

impl<'a> Question<'a> {
    fn about(name: &'a str, rule: &'a AttributeRule) -> Option<Self> {
        let (bad, good) = match rule.is {
            // What is public is usually wrong, and what is anything else is usually missing.
            // What a source says in other words is no first example.
            _ if !rule.values.is_empty() => return None,
            Is::Bool if name.contains("public") => ("true", "false"),
            Is::Bool => ("false", "true"),
            Is::Number => ("1", "2"),
            Is::Text | Is::Name => ("\"wrong\"", "\"right\""),
            _ => return None,
        };
        let question = Self {
            name,
            terraform: plain(&rule.terraform).filter(|path| !path.types.is_empty()),
            cloudformation: plain(&rule.cloudformation).filter(|path| path.types.is_empty()),
            bad,
            good,
        };
        (question.terraform.is_some() || question.cloudformation.is_some()).then_some(question)
    }

    /// How well an example shows it: what the page's id hints at, what is simply true or false, and can be said in both languages, comes first.
    fn rank(&self, id: &PageId) -> (bool, bool, bool, usize) {
        let is_meant = id.as_str().contains(&self.name.replace('_', "-"));
        let is_word = !matches!(self.bad, "true" | "false");
        let steps = self.terraform.map_or(9, |path| path.steps.len());
        let is_in_one_language = self.terraform.is_none() || self.cloudformation.is_none();
        (!is_meant, is_in_one_language, is_word, steps)
    }

    fn examples(&self, kind: &ResourceType, value: &str) -> String {
        let mut text = String::new();
        if let Some(path) = self.terraform {
            let _ = write!(text, "\n```hcl\n{}```\n", hcl(path, value));
        }
        if let Some(path) = self.cloudformation {
            let _ = write!(text, "\n```cloudformation\n{}```\n", cloudformation(kind, path, value));
        }
        text
    }
}

/// The first path, when it leads straight to one value of the resource itself.
fn plain(chains: &[Chain]) -> Option<&SourcePath> {
    let [path] = &chains.first()?.0[..] else {
        return None;
    };
    let is_plain = path.join.is_none()
        && !path.asks_presence
        && path.steps.iter().all(|step| !step.each && step.key.is_none());
    (is_plain && !path.steps.is_empty()).then_some(path)
}

fn hcl(path: &SourcePath, value: &str) -> String {
    let kind = path.types.first().map_or("", |kind| &**kind);
    let mut text = format!("resource \"{kind}\" \"example\" {{\n");
    let blocks = path.steps.len().saturating_sub(1);
    for (depth, step) in path.steps.iter().enumerate() {
        let indent = "  ".repeat(depth + 1);
        let _ = match depth < blocks {
            true => writeln!(text, "{indent}{} {{", step.name),
            false => writeln!(text, "{indent}{} = {value}", step.name),
        };
    }
    for depth in (0..=blocks).rev() {
        let _ = writeln!(text, "{}}}", "  ".repeat(depth));
    }
    text
}

fn cloudformation(kind: &ResourceType, path: &SourcePath, value: &str) -> String {
    let mut text = format!("Resources:\n  Example:\n    Type: {kind}\n    Properties:\n");
    for (depth, step) in path.steps.iter().enumerate() {
        let indent = "  ".repeat(depth + 3);
        let _ = match depth + 1 < path.steps.len() {
            true => writeln!(text, "{indent}{}:", step.name),
            false => writeln!(text, "{indent}{}: {value}", step.name),
        };
    }
    text
}

fn check(id: &PageId, title: &str, kind: &Kind) -> Result<String, String> {
    let attributes = kind.attributes.iter();
    let questions = attributes.filter_map(|(name, rule)| Question::about(name, rule));
    let Some(question) = questions.min_by_key(|question| question.rank(id)) else {
        let name = &kind.kind;
        return Err(format!(
            "`{name}` has no attribute that a first example could set: write the page by hand"
        ));
    };
    let Question { name, bad, good, .. } = question;
    let said = bad.trim_matches('"');
    Ok(format!(
        "\
---
title: {title}
severity: medium
looks-at: {looks_at}
objectives: []
---

{WHY}

## Rule

```rego
package check

fail contains \"`{name}` is {said}\" if input.{name} == {bad}
```

## Fails: `{name}` is {said}
{fails}
## Passes: it is {right}
{passes}
## Fix

Say what to change, and what to do about what is there already.
",
        looks_at = kind.kind,
        right = good.trim_matches('"'),
        fails = question.examples(&kind.kind, bad),
        passes = question.examples(&kind.kind, good),
    ))
}

/// A check of what is not there: no resource could be looked at.
fn account_check(title: &str, kinds: &Kinds) -> String {
    let kind = kinds.of_collection("trails").or_else(|| kinds.iter().find(|kind| kind.collection.is_some()));
    let collection = kind.and_then(|kind| kind.collection.as_deref()).unwrap_or("trails");
    let denied =
        kind.and_then(|kind| kind.collect.first()).map_or("cloudtrail:DescribeTrails".to_owned(), |call| {
            format!("{}:{}", call.service, call.operation)
        });
    let looks_at = LooksAt::Account;
    format!(
        "\
---
title: {title}
severity: medium
looks-at: {looks_at}
objectives: []
---

{WHY}

## Rule

```rego
package check

fail contains \"the account has no {collection}\" if count(input.{collection}) == 0
```

## Fails: the account has no {collection}

```estate
account 111122223333:
  {collection}: []
```

## Passes: there is one

```estate
account 111122223333:
  {collection}:
    - {{ name: example }}
```

## Unknown: they could not be listed

```estate
account 111122223333:
  {collection}: !denied {denied}
```

## Fix

Say what to change, and what to do about what is there already.
"
    )
}

fn kind(title: &str, kind: Option<&ResourceType>) -> String {
    let name = kind.map_or("AWS::Service::Thing", ResourceType::as_str);
    let terraform = name.to_lowercase().replace("::", "_");
    let service = name.split("::").nth(1).unwrap_or("service").to_lowercase();
    let thing = name.rsplit("::").next().unwrap_or("Thing");
    format!(
        "\
---
type: {name}
title: {title}
---

Say what it is, for somebody who has never used it.

## Attributes

```attributes
name:
  is: name
  live: Name
  cloudformation: Name
  terraform: {terraform}.name
  absent: none
tags:
  is: tags
  live: Tags
  cloudformation: Tags
  terraform: {terraform}.tags_all
  absent: empty
```

## Collect

```collect
- call: {service}.Describe{thing}s
  in: every region
  each: {thing}s
  id: Name
```
"
    )
}

fn detection(title: &str) -> String {
    format!(
        "\
---
title: {title}
severity: medium
reads: AWS CloudTrail
attack: []
objectives: []
says: \"{{userIdentity.arn}} stopped the trail {{requestParameters.name}}\"
---

{WHY}

## Rule

```sigma
call:
  eventSource: cloudtrail.amazonaws.com
  eventName: StopLogging
condition: call
```

## Fires: arn:aws:iam::111122223333:user/build stopped the trail home

```json
{{ \"eventSource\": \"cloudtrail.amazonaws.com\", \"eventName\": \"StopLogging\",
  \"userIdentity\": {{ \"arn\": \"arn:aws:iam::111122223333:user/build\" }},
  \"requestParameters\": {{ \"name\": \"home\" }} }}
```

## Stays quiet: another call

```json
{{ \"eventSource\": \"cloudtrail.amazonaws.com\", \"eventName\": \"StartLogging\",
  \"userIdentity\": {{ \"arn\": \"arn:aws:iam::111122223333:user/build\" }} }}
```

## Stays quiet: another service's call of that name

```json
{{ \"eventSource\": \"redshift.amazonaws.com\", \"eventName\": \"StopLogging\",
  \"userIdentity\": {{ \"arn\": \"arn:aws:iam::111122223333:user/build\" }} }}
```

## Triage

1. Say what to look at first.
"
    )
}

fn escalation(title: &str) -> String {
    format!(
        "\
---
title: {title}
ends-with: the user's permissions
objectives: [permissions-do-not-grow]
---

{WHY}

## Rule

```escalation
may: iam:CreateAccessKey on $user
gains: $user
```

## Fires: helpdesk → user admin

```estate
principal helpdesk: allows iam:CreateAccessKey on user/admin
user admin: allows * on *
```

## Stays quiet: only another user's keys may be made

```estate
principal helpdesk: allows iam:CreateAccessKey on user/guest
user admin: allows * on *
```

## Fix

Say which permission to take away or to limit.
"
    )
}

fn playbook(title: &str) -> String {
    format!(
        "\
---
title: {title}
needs: [iam:GetUser, iam:UpdateAccessKey]
---

{WHY}

## Steps

```steps
- keep: iam.GetUser
  with: {{ UserName: $user }}
- ask: Disable $key of $user?
- do: iam.UpdateAccessKey
  with: {{ UserName: $user, AccessKeyId: $key, Status: Inactive }}
  undo: {{ UserName: $user, AccessKeyId: $key, Status: Active }}
```

## Given: an example

```json
{{ \"user\": \"build\", \"key\": \"AKIAIOSFODNN7EXAMPLE\" }}
```

```plan
keep iam.GetUser UserName=build
ask  Disable AKIAIOSFODNN7EXAMPLE of build?
do   iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Inactive UserName=build
undo iam.UpdateAccessKey AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Active UserName=build
```

## Afterwards

Say what is left to do by hand.
"
    )
}
