//! From an API call as CloudTrail names it to the actions and resources that IAM was asked about; the names are data.

use crate::identities::Identities;
use palisade_services::{Action, Reference, Service};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The names, as `data/calls.txt` lists them.
pub struct Calls {
    services: HashMap<&'static str, &'static str>,
    actions: HashMap<(&'static str, &'static str), Vec<&'static str>>,
    unasked: HashMap<(&'static str, &'static str), &'static str>,
    /// By the prefix and name of a resource type: for each part of its ARN, the fields that may hold it.
    fields: HashMap<(&'static str, &'static str), Vec<Vec<&'static str>>>,
    /// Lines that could not be read; a test holds that there are none.
    wrong: Vec<&'static str>,
}

/// What an event is to IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// All of these actions were asked for.
    Actions(Vec<String>),
    /// IAM is not asked, for this reason.
    NotAsked(&'static str),
    /// No action of this name is known.
    Unmapped(String),
}

/// The names that ship with Palisade.
pub fn calls() -> &'static Calls {
    static CALLS: OnceLock<Calls> = OnceLock::new();
    CALLS.get_or_init(|| Calls::read(include_str!("../data/calls.txt")))
}

impl Calls {
    fn read(text: &'static str) -> Self {
        let mut calls = Self {
            services: HashMap::new(),
            actions: HashMap::new(),
            unasked: HashMap::new(),
            fields: HashMap::new(),
            wrong: Vec::new(),
        };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&'static str> = line.split_whitespace().collect();
            match words[..] {
                ["service", source, prefix] => {
                    calls.services.insert(source, prefix);
                }
                ["call", prefix, event, ref actions @ ..] if !actions.is_empty() => {
                    let actions = actions.iter().copied().filter(|word| *word != "+").collect();
                    calls.actions.insert((prefix, event), actions);
                }
                ["none", prefix, event, _, ..] => {
                    let why = line.splitn(4, ' ').nth(3).unwrap_or_default();
                    calls.unasked.insert((prefix, event), why);
                }
                ["resource", of, ref fields @ ..] if !fields.is_empty() => match of.split_once(':') {
                    Some(of) => {
                        calls
                            .fields
                            .insert(of, fields.iter().map(|field| field.split('|').collect()).collect());
                    }
                    None => calls.wrong.push(line),
                },
                _ => calls.wrong.push(line),
            }
        }
        calls
    }

    /// The actions that an event of a source asked for; the source as CloudTrail writes it, as `s3.amazonaws.com`.
    pub fn actions(&self, source: &str, event: &str) -> Mapped {
        let source = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        let prefix = self.services.get(source).copied().unwrap_or(source);
        let known = |event: &str| -> Option<Mapped> {
            if let Some(why) = self.unasked.get(&(prefix, event)).or_else(|| self.unasked.get(&(prefix, "*")))
            {
                return Some(Mapped::NotAsked(why));
            }
            if let Some(actions) = self.actions.get(&(prefix, event)) {
                return Some(Mapped::Actions(actions.iter().map(|action| (*action).to_owned()).collect()));
            }
            let action = Reference::shipped().action(&format!("{prefix}:{event}"))?;
            Some(Mapped::Actions(vec![format!("{prefix}:{}", action.name)]))
        };
        known(event)
            .or_else(|| known(without_date(event)))
            .unwrap_or_else(|| Mapped::Unmapped(format!("{prefix}:{}", without_date(event))))
    }
}

/// `GetFunction20150331v2` and `CreateDistribution2020_05_31` without what follows the name.
fn without_date(event: &str) -> &str {
    let digits = |char: char| char.is_ascii_digit();
    let version = event.trim_end_matches(digits);
    let undated = version.strip_suffix('v').filter(|_| version.len() < event.len()).unwrap_or(event);
    let name = undated.trim_end_matches(|char: char| char.is_ascii_digit() || char == '_');
    if undated.len() - name.len() >= 8 { name } else { event }
}

/// Where an event took place.
pub(crate) struct Place<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
}

/// What an action was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// The ARNs; none when the action takes no resource, or was asked without one.
    pub(crate) arns: Vec<String>,
    /// A type of resource that is needed and that the record does not show.
    pub(crate) missing: Option<String>,
}

/// The resources that a record shows an action was asked for.
pub(crate) fn targets(
    (service, action): (&Service, &Action),
    record: &Value,
    place: &Place<'_>,
    identities: &Identities,
) -> Targets {
    let mut targets = Targets::default();
    let listed: Vec<&str> = match record.get("resources").and_then(Value::as_array) {
        Some(resources) => resources
            .iter()
            .filter_map(|resource| resource.get("ARN").or_else(|| resource.get("arn"))?.as_str())
            .collect(),
        None => Vec::new(),
    };
    let nothing = Value::Null;
    let asked = record.get("requestParameters").unwrap_or(&nothing);
    for taken in &action.resources {
        let of = &service.resource_types[taken.resource_type];
        let mut found: Vec<String> =
            listed.iter().filter(|arn| of.matches(arn)).map(|arn| (*arn).to_owned()).collect();
        if found.is_empty() {
            found = named(&service.prefix, (&of.name, &of.arn), asked, place, identities);
        }
        if found.is_empty() && taken.required {
            targets.missing = Some(of.name.clone());
        }
        for arn in found {
            if !targets.arns.contains(&arn) {
                targets.arns.push(arn);
            }
        }
    }
    // A bucket is named in every request about its objects, and no bucket stands for them.
    if service.prefix == "s3" && targets.arns.iter().any(|arn| arn.contains('/')) {
        let wants_objects =
            action.resources.iter().any(|taken| service.resource_types[taken.resource_type].name == "object");
        targets.arns.retain(|arn| arn.contains('/') == wants_objects);
    }
    targets
}

/// The ARNs of a type of resources that the fields of a request name.
fn named(
    prefix: &str,
    (name, form): (&str, &str),
    asked: &Value,
    place: &Place<'_>,
    identities: &Identities,
) -> Vec<String> {
    if prefix == "logs" && matches!(name, "log-group" | "log-stream") {
        return log_group(asked, place).into_iter().collect();
    }
    let parts: Vec<&str> =
        placeholders(form).filter(|part| !matches!(*part, "Partition" | "Region" | "Account")).collect();
    let rule = calls().fields.get(&(prefix, name));
    let values = |at: usize, part: &str| -> Vec<String> {
        match rule {
            Some(fields) => {
                let of_part = fields.get(at).map_or(&[][..], Vec::as_slice);
                of_part
                    .iter()
                    .map(|path| at_path(asked, path))
                    .find(|values| !values.is_empty())
                    .unwrap_or_default()
            }
            None => {
                let mut letters = part.chars();
                let field: String = letters
                    .next()
                    .map(|first| first.to_ascii_lowercase())
                    .into_iter()
                    .chain(letters)
                    .collect();
                at_path(asked, &field)
            }
        }
    };
    let all: Vec<Vec<String>> = parts.iter().enumerate().map(|(at, part)| values(at, part)).collect();
    let Some(last) = all.last() else { return Vec::new() };
    let mut arns = Vec::new();
    for value in last {
        if let Some(arn) = whole(prefix, name, value, place, identities) {
            arns.push(arn);
            continue;
        }
        let firsts: Option<Vec<&str>> =
            all[..all.len() - 1].iter().map(|values| values.first().map(String::as_str)).collect();
        let Some(mut filling) = firsts else { continue };
        filling.push(value);
        arns.push(filled(form, &filling, place));
    }
    arns
}

/// The ARN that a value is by itself, or that the estate knows it by.
fn whole(
    prefix: &str,
    name: &str,
    value: &str,
    place: &Place<'_>,
    identities: &Identities,
) -> Option<String> {
    let Place { partition, region, account } = place;
    let known =
        |arn: String| identities.resources.find(&arn).map_or(arn.clone(), |(known, _)| known.to_owned());
    match (prefix, name) {
        _ if value.starts_with("arn:") && prefix == "kms" => Some(known(value.to_owned())),
        _ if value.starts_with("arn:") => Some(value.to_owned()),
        ("kms", _) if value.starts_with("alias/") => {
            Some(known(format!("arn:{partition}:kms:{region}:{account}:{value}")))
        }
        ("sqs", _) if value.contains("://") => {
            let mut parts = value.rsplit('/');
            let (queue, owner) = parts.next().zip(parts.next())?;
            Some(format!("arn:{partition}:sqs:{region}:{owner}:{queue}"))
        }
        ("secretsmanager", _) => {
            let arn = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{value}");
            match identities.resources.find(&arn) {
                Some((known, _)) => Some(known.to_owned()),
                // AWS adds six characters to the name of every secret.
                None => Some(format!("{arn}-??????")),
            }
        }
        ("iam", "role") => identities.role(account, value).map(str::to_owned),
        ("iam", "user") => identities.user(account, value).map(str::to_owned),
        ("lambda", _) => {
            let name = value.rsplit_once("function:").map_or(value, |(_, name)| name);
            let name = name.split(':').next().unwrap_or(name);
            Some(format!("arn:{partition}:lambda:{region}:{account}:function:{name}"))
        }
        ("ssm", "parameter") => Some(format!(
            "arn:{partition}:ssm:{region}:{account}:parameter/{}",
            value.trim_start_matches('/')
        )),
        _ => None,
    }
}

/// Requests to CloudWatch Logs name streams, also where there is none.
///
/// AWS's messages show it: `… is not authorized to perform: logs:DescribeLogGroups on resource: …:log-group::log-stream:`.
fn log_group(asked: &Value, place: &Place<'_>) -> Option<String> {
    let field = |name: &str| asked.get(name).and_then(Value::as_str);
    let group =
        field("logGroupName").or_else(|| field("logGroupIdentifier")).or_else(|| field("logGroupNamePrefix"));
    let group = group.map_or("", |group| group.rsplit_once(":log-group:").map_or(group, |(_, name)| name));
    let stream = field("logStreamName").unwrap_or_default();
    let Place { partition, region, account } = place;
    Some(format!("arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"))
}

fn placeholders(form: &str) -> impl Iterator<Item = &str> {
    form.split("${").skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

fn filled(form: &str, values: &[&str], place: &Place<'_>) -> String {
    let mut text = String::new();
    let mut values = values.iter();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(match name {
            "Partition" => place.partition,
            "Region" => place.region,
            "Account" => place.account,
            _ => values.next().copied().unwrap_or_default(),
        });
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The texts at a path of fields; `[]` after a field looks into each item of its list.
fn at_path(value: &Value, path: &str) -> Vec<String> {
    let mut values = vec![value];
    for field in path.split('.') {
        let (name, each) = field.strip_suffix("[]").map_or((field, false), |name| (name, true));
        let found = values.into_iter().filter_map(|value| value.get(name));
        values = if each { found.filter_map(Value::as_array).flatten().collect() } else { found.collect() };
    }
    values.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, event: &str, expected: &str) {
        let mapped = match calls().actions(source, event) {
            Mapped::Actions(actions) => actions.join(" + "),
            Mapped::NotAsked(_) => "not asked".to_owned(),
            Mapped::Unmapped(tried) => format!("no {tried}"),
        };
        assert_eq!(mapped, expected, "{source} {event}");
    }

    #[test]
    fn events_are_named_after_actions_and_where_not_the_list_tells() {
        check("s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets");
        check("s3.amazonaws.com", "HeadObject", "s3:GetObject");
        check("s3.amazonaws.com", "GetBucketAcl", "s3:GetBucketAcl");
        check("lambda.amazonaws.com", "Invoke", "lambda:InvokeFunction");
        check("lambda.amazonaws.com", "CreateFunction20150331", "lambda:CreateFunction");
        check("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode");
        check("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution");
        check("monitoring.amazonaws.com", "DescribeAlarms", "cloudwatch:DescribeAlarms");
        check("tagging.amazonaws.com", "GetResources", "tag:GetResources");
        check("ec2.amazonaws.com", "RunInstances", "ec2:RunInstances");
        check("kms.amazonaws.com", "ReEncrypt", "kms:ReEncryptFrom + kms:ReEncryptTo");
        check("signin.amazonaws.com", "ConsoleLogin", "not asked");
        check("s3.amazonaws.com", "DoSomething", "no s3:DoSomething");
        check("nothing.amazonaws.com", "Do", "no nothing:Do");
    }

    #[test]
    fn every_line_of_the_list_can_be_read_and_names_what_there_is() {
        let calls = calls();
        assert_eq!(calls.wrong, Vec::<&str>::new());
        let reference = Reference::shipped();
        for prefix in calls.services.values().chain(calls.fields.keys().map(|(prefix, _)| prefix)) {
            assert!(reference.service(prefix).is_some(), "{prefix}");
        }
        for ((prefix, event), actions) in &calls.actions {
            assert!(reference.service(prefix).is_some(), "{prefix} {event}");
            for action in actions {
                assert!(reference.action(action).is_some(), "{prefix} {event}: {action}");
            }
        }
        for ((prefix, name), fields) in &calls.fields {
            let service = reference.service(prefix).unwrap();
            let of = service.resource_types.iter().find(|of| of.name == *name);
            let of = of.unwrap_or_else(|| panic!("{prefix}:{name}"));
            let parts = placeholders(&of.arn)
                .filter(|part| !matches!(*part, "Partition" | "Region" | "Account"))
                .count();
            assert!(fields.len() <= parts, "{prefix}:{name} {}", of.arn);
        }
    }
}
