//! Reads the paths of a kind page: `aws_volume_attachment.instance_id where volume_id is this`.

use crate::grammar::{Chain, Join, SourcePath, Step};
use std::sync::Arc;

/// Where a path stands, which decides how its beginning is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Terraform: it begins with a type.
    Terraform,
    /// CloudFormation: it may begin with a type.
    Cloudformation,
    /// The API's answer, or the inside of a record: it has no type.
    Plain,
}

/// Reads a chain: paths joined by ` + `.
pub(crate) fn chain(text: &str, place: Place) -> Result<Chain, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let paths: Result<Vec<_>, _> = words.split(|word| *word == "+").map(|words| path(words, place)).collect();
    paths.map(Chain)
}

/// Reads one path.
pub(crate) fn path(words: &[&str], place: Place) -> Result<SourcePath, String> {
    let (words, is_anywhere) = match words {
        [words @ .., "anywhere"] => (words, true),
        words => (words, false),
    };
    let (start, conditions) = match words.iter().position(|word| *word == "where") {
        Some(_) if is_anywhere => return Err("`where` or `anywhere` is expected, not both".into()),
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (words, None),
    };
    let (start, asks_presence) = match start {
        [one] => (*one, false),
        [one, "is", "present"] => (*one, true),
        [] => return Err("a path is missing".into()),
        [_, unexpected, ..] => {
            return Err(format!("`{unexpected}` is not expected here: `where`, `+` or `is present` is"));
        }
    };
    let (types, steps) = types_and_steps(start, place)?;
    let join = match is_anywhere {
        true => Some(Join { is_anywhere, ..Join::default() }),
        false => conditions.map(join).transpose()?,
    };
    match (&join, types.is_empty()) {
        (Some(_), true) => Err(format!("`{start}` joins another resource, so it must begin with its type")),
        (None, false) if steps.is_empty() => Err(format!("`{start}` names a type but nothing of it")),
        _ => Ok(SourcePath { types, steps, asks_presence, join }),
    }
}

/// Reads what a condition of absence names: a path, of which a type alone will do.
pub(crate) fn condition(text: &str, place: Place) -> Result<SourcePath, String> {
    let (types, steps) = types_and_steps(text.trim(), place)?;
    Ok(SourcePath { types, steps, ..SourcePath::default() })
}

fn types_and_steps(text: &str, place: Place) -> Result<(Vec<Arc<str>>, Vec<Step>), String> {
    let (first, rest) = match text.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (text, None),
    };
    let is_type = match place {
        Place::Terraform => true,
        Place::Cloudformation => first.contains("::"),
        Place::Plain => false,
    };
    if !is_type {
        return Ok((Vec::new(), steps(text)?));
    }
    let types: Vec<Arc<str>> = first.split('|').map(Arc::from).collect();
    let is_wrong = |name: &Arc<str>| match place {
        Place::Terraform => !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.contains('_'),
        _ => name.matches("::").count() != 2,
    };
    if let Some(wrong) = types.iter().find(|name| is_wrong(name)) {
        return Err(match place {
            Place::Terraform => format!("`{wrong}` is not a Terraform type: `type.argument` is expected"),
            _ => format!("`{wrong}` is not a CloudFormation type"),
        });
    }
    Ok((types, rest.map(steps).transpose()?.unwrap_or_default()))
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut is_inside = false;
    let parts = text.split(|letter: char| {
        is_inside = (is_inside || letter == '[') && letter != ']';
        letter == '.' && !is_inside
    });
    parts.map(step).collect()
}

fn step(part: &str) -> Result<Step, String> {
    let (name, inside) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
        Some((name, inside)) => (name, Some(inside)),
        None => (part, None),
    };
    let is_wrong = |text: &str| text.contains(['[', ']', '|', '(', ')', ',', '+']);
    // Items have no numbers here: which comes first means nothing.
    let is_number = |inside: &str| !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
    if name.is_empty() || is_wrong(name) || inside.is_some_and(|inside| is_wrong(inside) || is_number(inside))
    {
        return Err(format!("`{part}` is not a step of a path"));
    }
    let key = inside.filter(|inside| !inside.is_empty()).map(Arc::from);
    Ok(Step { name: name.into(), each: inside == Some(""), key })
}

fn join(words: &[&str]) -> Result<Join, String> {
    let mut join = Join::default();
    for condition in words.split(|word| *word == "and") {
        match condition {
            [arguments @ .., "is", "this"] => join.arguments.extend(alternatives(arguments)?),
            ["this", "is", arguments @ ..] => join.named_by.extend(alternatives(arguments)?),
            [argument, "is", word] => join.equals.push((steps(argument)?, word.trim_matches('"').into())),
            _ => {
                return Err(format!(
                    "`{}` is not a condition: `ARGUMENT is this` or `ARGUMENT is WORD` is expected",
                    condition.join(" ")
                ));
            }
        }
    }
    match (join.arguments.is_empty(), join.named_by.is_empty()) {
        (true, true) => Err("no condition says which argument `is this`".into()),
        (false, false) => Err("`ARGUMENT is this` or `this is ARGUMENT` is expected, not both".into()),
        _ => Ok(join),
    }
}

fn alternatives(arguments: &[&str]) -> Result<Vec<Vec<Step>>, String> {
    let arguments = arguments.split(|word| *word == "or");
    arguments
        .map(|argument| match argument {
            [argument] => steps(argument),
            _ => Err("`where ARGUMENT is this` is expected, or `A or B is this`".into()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, place: Place) {
        let read = chain(text, place).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.to_string(), text, "a path reads back as it was written");
    }

    fn refused(text: &str, place: Place, expected: &str) {
        assert_eq!(chain(text, place).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn paths_read_back_as_they_were_written() {
        check("Encrypted", Place::Cloudformation);
        check("Attachments[].InstanceId", Place::Plain);
        check("aws_lb|aws_alb.access_logs.bucket", Place::Terraform);
        check("aws_volume_attachment.instance_id where volume_id is this", Place::Terraform);
        check("AWS::SQS::QueuePolicy.PolicyDocument where Queues[] is this", Place::Cloudformation);
        check("Users[] + AWS::IAM::User where ManagedPolicyArns[] is this", Place::Cloudformation);
        check(
            "A[] + AWS::EC2::SecurityGroupIngress where GroupId or GroupName is this",
            Place::Cloudformation,
        );
        check(
            "aws_security_group.ingress[] + aws_security_group_rule where security_group_id is this and type is ingress",
            Place::Terraform,
        );
        check("PublicIpAddress is present", Place::Plain);
        check("aws_eip is present where instance is this", Place::Terraform);
        check("aws_subnet.map_public_ip_on_launch where this is subnet_id", Place::Terraform);
        check("aws_s3_account_public_access_block.block_public_acls anywhere", Place::Terraform);
        check("Condition.ArnLike.AWS:SourceArn", Place::Plain);
        check("Attributes.Attributes[access_logs.s3.enabled]", Place::Plain);
        check("Attributes[a.b].c", Place::Plain);
        check("Logs[enabled=true].types[]", Place::Plain);
    }

    #[test]
    fn what_is_not_a_path_says_why() {
        refused("", Place::Plain, "a path is missing");
        refused("A + ", Place::Plain, "a path is missing");
        refused("A..B", Place::Plain, "`` is not a step of a path");
        refused("A[0]", Place::Plain, "`A[0]` is not a step of a path");
        refused("A[b", Place::Plain, "`A[b` is not a step of a path");
        refused("[b]", Place::Plain, "`[b]` is not a step of a path");
        refused(
            "encrypted",
            Place::Terraform,
            "`encrypted` is not a Terraform type: `type.argument` is expected",
        );
        refused("aws_ebs_volume", Place::Terraform, "`aws_ebs_volume` names a type but nothing of it");
        refused("A when B", Place::Plain, "`when` is not expected here: `where`, `+` or `is present` is");
        refused(
            "A where B is this",
            Place::Plain,
            "`A` joins another resource, so it must begin with its type",
        );
        refused(
            "aws_a.b where c",
            Place::Terraform,
            "`c` is not a condition: `ARGUMENT is this` or `ARGUMENT is WORD` is expected",
        );
        refused(
            "aws_a.b where c is this anywhere",
            Place::Terraform,
            "`where` or `anywhere` is expected, not both",
        );
        refused(
            "aws_a.b where c is this and this is d",
            Place::Terraform,
            "`ARGUMENT is this` or `this is ARGUMENT` is expected, not both",
        );
        refused("aws_a.b where c is d", Place::Terraform, "no condition says which argument `is this`");
    }
}
