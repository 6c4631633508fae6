//! Tells people who are no experts of IAM why a request is allowed or denied, with the lines of the policies that decide.

use super::ask::Asked;
use crate::output;
use palisade_iam::{Effect, Explanation, Layer, Miss, Outcome, Principal, Request, Statement, StatementRef};
use palisade_report::neutral;
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

/// How wide a quoted line is at most, in characters.
const QUOTED: usize = 92;
/// How many lines of a statement are quoted.
const BLOCK: usize = 8;

/// Writes an explanation as text.
pub fn text(explanation: &Explanation, asked: &Asked, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, asked, color, files: HashMap::new() };
    page.verdict(explanation)?;
    page.layers(explanation)?;
    page.near_misses(explanation)?;
    page.open(explanation)?;
    page.changes(explanation)
}

/// A sentence with a capital at its beginning, unless it begins with a name.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

/// Why, in a sentence or two: the statement that decides, or the layers that are silent.
pub fn why(explanation: &Explanation, request: &Request) -> String {
    match (explanation.decision, &explanation.by) {
        (Outcome::ExplicitlyDenied, Some(by)) => {
            capitalised(&format!("{}{} denies it, and a denial always wins", of(by), by.sort()))
        }
        (Outcome::Allowed, Some(by)) => capitalised(&format!("{} allows it, and nothing denies it", of(by))),
        (Outcome::ImplicitlyDenied, _) if explanation.why.starts_with("nothing denies it, but") => {
            let reasons = silent(explanation, request);
            match reasons.len() {
                0 => capitalised(&explanation.why),
                _ if is_allowed_somewhere(explanation) => reasons.join(" "),
                _ => format!("{} What nothing allows is denied.", reasons.join(" ")),
            }
        }
        _ => capitalised(&explanation.why),
    }
}

/// Does some policy allow it, which is not enough?
fn is_allowed_somewhere(explanation: &Explanation) -> bool {
    let mut layers = explanation.layers.iter();
    layers.any(|verdict| {
        matches!(verdict.layer, Layer::Identity | Layer::Resource) && verdict.verdict == "allows"
    })
}

/// A sentence for each layer that had to allow it and does not.
fn silent(explanation: &Explanation, request: &Request) -> Vec<String> {
    let says = |layer: Layer| explanation.layers.iter().find(|verdict| verdict.layer == layer);
    let is_silent = |layer: Layer| says(layer).is_some_and(|verdict| verdict.verdict == "does not allow");
    let mut reasons = Vec::new();
    if is_silent(Layer::ServiceControl) {
        let note = says(Layer::ServiceControl).map_or("", |verdict| verdict.note.as_str());
        let at = note.strip_prefix("no allowance at ").map_or_else(String::new, |at| format!(" on {at}"));
        reasons.push(format!(
            "No service control policy{at} allows it, and every level of the organisation has to."
        ));
    }
    if is_silent(Layer::Resource) {
        let is_trust = request.resource.field(2) == "iam";
        let owner = request.resource_account.as_deref();
        let is_foreign = owner.is_some() && owner != request.principal.account();
        reasons.push(match (is_trust, request.principal.has_identity()) {
            (true, _) => "The trust policy of the role does not let this caller in, and only who is let in by it gets the role.".to_owned(),
            (false, false) => "No policy of the resource lets this caller in.".to_owned(),
            (false, true) if is_foreign => format!(
                "The resource belongs to account {}, and its policy does not let this caller in: across accounts, the policies of both sides have to allow it.",
                owner.unwrap_or_default()
            ),
            (false, true) if request.action.service() == "kms" => {
                "The policy of the key does not let this caller in, and a KMS key is used only by whom its own policy lets in.".to_owned()
            }
            (false, true) => "The policy of the resource does not let this caller in, and here it has to.".to_owned(),
        });
    }
    if is_silent(Layer::Identity) && request.principal.has_identity() {
        reasons.push(match &request.principal {
            Principal::User(_) => "No policy of the user or its groups allows it.".to_owned(),
            _ => "No policy of the role allows it.".to_owned(),
        });
    }
    for (layer, said) in [
        (
            Layer::Boundary,
            "The permissions boundary, which is the most that this identity may do whatever its policies allow, does not allow it.",
        ),
        (
            Layer::Session,
            "The session was made with a policy of its own, which is the most that it may do, and that does not allow it.",
        ),
        (Layer::Endpoint, "The VPC endpoint that the request came through does not let it pass."),
        (
            Layer::PublicAccessBlock,
            "The bucket's policy is public, and its public access block keeps outsiders out all the same.",
        ),
        (Layer::AccessPoint, "The access point does not allow it."),
        (
            Layer::Grant,
            "Besides policies, the service asks for a grant of its own, and no grant covers this.",
        ),
    ] {
        if is_silent(layer) {
            reasons.push(said.to_owned());
        }
    }
    reasons
}

struct Page<'a> {
    out: &'a mut dyn Write,
    asked: &'a Asked,
    color: bool,
    files: HashMap<String, Option<Arc<str>>>,
}

impl Page<'_> {
    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn verdict(&mut self, explanation: &Explanation) -> io::Result<()> {
        let request = self.asked.question.request();
        let what = action(request);
        let who = who(&request.principal);
        let said = match explanation.decision {
            Outcome::Allowed => format!("{} {who} may {what}.", self.bold("Allowed:")),
            Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => {
                format!("{} {who} may not {what}.", self.bold("Denied:"))
            }
            Outcome::Unknown => format!("{} whether {who} may {what}.", self.bold("Not known:")),
        };
        writeln!(self.out, "{said}")?;
        writeln!(self.out, "{}", neutral(&why(explanation, request)))?;
        for because in &explanation.because {
            writeln!(self.out, "  {}", neutral(&format!("It applies: {because}.")))?;
        }
        if let Some(by) = &explanation.by {
            self.statement(by, None)?;
        }
        Ok(())
    }

    fn layers(&mut self, explanation: &Explanation) -> io::Result<()> {
        let title = self.bold("What each layer says");
        writeln!(self.out, "\n{title}")?;
        for layer in &explanation.layers {
            // It is on for almost every bucket, and of interest where it stands in the way.
            if layer.layer == Layer::PublicAccessBlock && layer.verdict == "allows" {
                continue;
            }
            let noun = capitalised(layer.layer.noun().trim_start_matches("the "));
            let mut line = format!("  {:<28}{}", noun.trim_end_matches('.'), layer.verdict);
            if let Some(by) = &layer.by {
                line += &format!(": {}", of(by));
            }
            if !layer.note.is_empty() {
                line += &format!(" ({})", layer.note);
            }
            writeln!(self.out, "{}", neutral(&line))?;
        }
        Ok(())
    }

    fn near_misses(&mut self, explanation: &Explanation) -> io::Result<()> {
        if explanation.near_misses.is_empty() {
            return Ok(());
        }
        let is_allowed = explanation.decision == Outcome::Allowed;
        let title = self.bold(if is_allowed { "What almost denied it" } else { "What almost allowed it" });
        writeln!(self.out, "\n{title}")?;
        for miss in &explanation.near_misses {
            writeln!(self.out, "  {}", neutral(&capitalised(&of(&miss.statement))))?;
            for missed in &miss.missed {
                let (asks, has) = link(missed.element);
                let line = format!(
                    "    {}: it {asks} {}; this request {has} {}",
                    missed.element, missed.needed, missed.had
                );
                writeln!(self.out, "{}", neutral(&line))?;
            }
            self.statement(&miss.statement, miss.missed.first())?;
        }
        Ok(())
    }

    fn open(&mut self, explanation: &Explanation) -> io::Result<()> {
        if explanation.open.is_empty() {
            return Ok(());
        }
        let title = self.bold("What would decide it");
        writeln!(self.out, "\n{title}")?;
        for open in &explanation.open {
            let line = match (&open.key, &open.fact) {
                (Some(key), _) => format!("the condition key `{key}`: {}", open.why),
                (None, Some(fact)) => format!("{fact}: {}", open.why),
                (None, None) => open.why.to_string(),
            };
            writeln!(self.out, "  {}", neutral(&line))?;
        }
        Ok(())
    }

    fn changes(&mut self, explanation: &Explanation) -> io::Result<()> {
        if explanation.changes.is_empty() {
            return Ok(());
        }
        let is_allowed = explanation.decision == Outcome::Allowed;
        let title = self.bold(if is_allowed { "What would deny it" } else { "What would allow it" });
        writeln!(self.out, "\n{title}")?;
        let is_one = explanation.changes.len() == 1;
        for (number, change) in explanation.changes.iter().enumerate() {
            let change = capitalised(change);
            let change = neutral(change.trim_end_matches('.'));
            if is_one {
                writeln!(self.out, "  {change}")?;
            } else {
                writeln!(self.out, "  {}. {change}", number + 1)?;
            }
        }
        Ok(())
    }

    /// Quotes the line of a statement, or of the element that missed; what stands in no file is put together again.
    fn statement(&mut self, by: &StatementRef, missed: Option<&Miss>) -> io::Result<()> {
        let at = missed.and_then(|miss| miss.at.as_deref()).or(by.at.as_deref());
        if let Some((file, line, column)) = at.and_then(place)
            && let Some(quoted) = self.quote(file, line, column)
        {
            let number = line.to_string();
            let gap = " ".repeat(number.len());
            writeln!(self.out, "  {gap} ┌ {}", neutral(&format!("{file}:{line}:{column}")))?;
            if quoted.0.trim() == "{" {
                return self.block(file, line, &gap);
            }
            writeln!(self.out, "  {number} │ {}", neutral(&quoted.0))?;
            return writeln!(self.out, "  {gap} │ {}{}", " ".repeat(quoted.1), "^".repeat(quoted.2));
        }
        match self.find(by).map(sentence) {
            Some(text) => writeln!(self.out, "    {}", neutral(&text)),
            None => Ok(()),
        }
    }

    /// Quotes a statement that is written over several lines, without its outer braces.
    fn block(&mut self, file: &str, line: usize, gap: &str) -> io::Result<()> {
        let Some(text) = self.files.get(file).cloned().flatten() else { return Ok(()) };
        let indentation = |line: &str| line.chars().take_while(|char| char.is_whitespace()).count();
        let outer = text.lines().nth(line - 1).map_or(0, indentation);
        let lines = text.lines().skip(line);
        let inner: Vec<&str> =
            lines.take_while(|line| indentation(line) > outer && !line.trim().is_empty()).collect();
        let first = inner.first().map_or(0, |line| indentation(line));
        for (place, of_block) in inner.iter().take(BLOCK).enumerate() {
            let number = (line + 1 + place).to_string();
            let shown: String = of_block.chars().skip(first).take(QUOTED).collect();
            writeln!(
                self.out,
                "  {number:>width$} │ {}",
                neutral(&shown.replace('\t', " ")),
                width = gap.len()
            )?;
        }
        if inner.len() > BLOCK {
            writeln!(self.out, "  {gap} │ …")?;
        }
        Ok(())
    }

    fn quote(&mut self, file: &str, line: usize, column: usize) -> Option<(String, usize, usize)> {
        let asked = self.asked;
        let text = self.files.entry(file.to_owned()).or_insert_with(|| {
            let given = asked.texts.iter().find(|(name, _)| name.as_ref() == file);
            given.map(|(_, text)| text.clone()).or_else(|| output::quotable(file))
        });
        quote(text.as_deref()?.lines().nth(line - 1)?, column)
    }

    fn find(&self, by: &StatementRef) -> Option<&Statement> {
        let policies = self.asked.question.policies();
        let of_layer: Vec<&palisade_iam::Policy> = match by.layer {
            Layer::Identity => policies.identity.iter().map(AsRef::as_ref).collect(),
            Layer::Session => policies.session.iter().map(AsRef::as_ref).collect(),
            Layer::Boundary => policies.boundaries.iter().map(AsRef::as_ref).collect(),
            Layer::Endpoint => policies.endpoints.iter().map(AsRef::as_ref).collect(),
            Layer::Resource => policies.resource.iter().map(AsRef::as_ref).collect(),
            Layer::ServiceControl => {
                policies.scps.iter().flat_map(|level| &level.policies).map(AsRef::as_ref).collect()
            }
            Layer::ResourceControl => {
                policies.rcps.iter().flat_map(|level| &level.policies).map(AsRef::as_ref).collect()
            }
            Layer::PublicAccessBlock | Layer::AccessPoint | Layer::Grant => Vec::new(),
        };
        let policy = of_layer.into_iter().find(|policy| policy.name == by.policy)?;
        policy.statements.get(by.statement.checked_sub(1)?)
    }
}

/// The file, line and column of `file:line:column`.
fn place(at: &str) -> Option<(&str, usize, usize)> {
    let (rest, column) = at.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((
        file,
        line.parse().ok().filter(|line| *line > 0)?,
        column.parse().ok().filter(|column| *column > 0)?,
    ))
}

/// A line cut to what is meant, where that begins in it, and how long it is.
fn quote(line: &str, column: usize) -> Option<(String, usize, usize)> {
    let from = column - 1;
    let indentation = line.chars().take_while(|char| char.is_whitespace()).count().min(from);
    let start = if from - indentation <= QUOTED / 2 { indentation } else { from - QUOTED / 4 };
    let is_cut = start > indentation;
    let mut window: Vec<char> = is_cut.then_some('…').into_iter().collect();
    window.extend(line.chars().skip(start).take(QUOTED));
    let begins = from - start + usize::from(is_cut);
    let meant = length(window.get(begins..).filter(|rest| !rest.is_empty())?);
    window.extend(line.chars().nth(start + QUOTED).map(|_| '…'));
    Some((window.into_iter().map(|char| if char == '\t' { ' ' } else { char }).collect(), begins, meant))
}

/// How long the JSON value at the beginning is, as far as it is on this line.
fn length(line: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut is_in_text = false;
    let mut is_escaped = false;
    for (place, char) in line.iter().enumerate() {
        match (is_in_text, char) {
            (true, _) if is_escaped => is_escaped = false,
            (true, '\\') => is_escaped = true,
            (true, '"') => {
                is_in_text = false;
                if depth == 0 {
                    return place + 1;
                }
            }
            (true, _) => {}
            (false, '"') => is_in_text = true,
            (false, '{' | '[') => depth += 1,
            (false, '}' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1;
                }
            }
            (false, _) => {}
        }
    }
    line.len()
}

/// How an element asks for something, and how a request has it.
fn link(element: &str) -> (&'static str, &'static str) {
    match element {
        "Principal" => ("names", "is made by"),
        "Action" => ("is about", "asks for"),
        "Resource" => ("is about", "is about"),
        _ => ("applies only where", "has"),
    }
}

/// A statement by its policy: what people look for first.
fn of(by: &StatementRef) -> String {
    let statement = match &by.sid {
        Some(sid) => format!("statement `{sid}`"),
        None => format!("statement {}", by.statement),
    };
    let at = by.level.as_ref().map_or_else(String::new, |level| format!(" on {level}"));
    format!("{statement} of {}{at}", by.policy)
}

/// Who asks, in words.
fn who(principal: &Principal) -> String {
    let text = match principal {
        Principal::User(user) => format!("the user {} of account {}", user.name, user.account),
        Principal::RoleSession(role) => match &role.session {
            Some(session) => {
                format!("the session `{session}` of the role {} of account {}", role.role, role.account)
            }
            None => format!("the role {} of account {}", role.role, role.account),
        },
        Principal::FederatedUser(user) => {
            format!("the federated user {} of account {}", user.name, user.account)
        }
        Principal::Root { account, .. } => format!("the root user of account {account}"),
        Principal::Service(name) => format!("the service {name}"),
        Principal::Federated { provider } => format!("somebody from {provider}"),
        Principal::Anonymous => "anybody, without credentials,".to_owned(),
    };
    neutral(&text).into_owned()
}

fn action(request: &Request) -> String {
    let on = if request.takes_no_resource { String::new() } else { format!(" on {}", request.resource.text) };
    neutral(&format!("do {}{on}", request.action.text)).into_owned()
}

/// A statement in one line, where its own text is in no file.
fn sentence(statement: &Statement) -> String {
    let effect = match statement.effect {
        Some(Effect::Allow) => "Allow",
        Some(Effect::Deny) => "Deny",
        None => "?",
    };
    let listed = |words: Vec<&str>| {
        let shown = words.iter().take(6).copied().collect::<Vec<_>>().join(", ");
        if words.len() > 6 { format!("{shown} and {} more", words.len() - 6) } else { shown }
    };
    let actions = listed(statement.actions.written.iter().map(|written| written.text.as_ref()).collect());
    let mut text =
        format!("{effect} {}{actions}", if statement.actions.is_negated { "all but " } else { "" });
    if let Some(resources) = &statement.resources {
        let on = listed(resources.patterns.iter().map(|(_, written)| written.text.as_ref()).collect());
        text += &format!(" on {}{on}", if resources.is_negated { "all but " } else { "" });
    }
    if let Some(principals) = &statement.principals {
        let to = listed(principals.patterns.iter().map(|(_, written)| written.text.as_ref()).collect());
        text += &format!(" for {}{to}", if principals.is_negated { "all but " } else { "" });
    }
    for condition in &statement.conditions {
        let values = listed(condition.values.iter().map(|value| value.text.as_ref()).collect());
        text += &format!(" if {} {} {values}", condition.key_text, condition.operator_text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, column: usize, expected: &str) {
        let (text, begins, length) = quote(line, column).unwrap();
        assert_eq!(format!("{text}\n{}{}", " ".repeat(begins), "^".repeat(length)), expected, "{line}");
    }

    #[test]
    fn the_value_that_is_meant_is_underlined() {
        check(r#"  "Action": "s3:Get*","#, 13, "\"Action\": \"s3:Get*\",\n          ^^^^^^^^^");
        check(r#"{"a": [1, {"b": "]"}]}"#, 7, "{\"a\": [1, {\"b\": \"]\"}]}\n      ^^^^^^^^^^^^^^^");
        check("    {", 5, "{\n^");
    }

    #[test]
    fn a_long_line_is_cut_around_it() {
        let line = format!("{}\"here\"{}", "x".repeat(500), "y".repeat(500));
        let (text, begins, length) = quote(&line, 501).unwrap();
        assert_eq!((text.chars().count(), begins, length), (94, 24, 6));
        assert_eq!(quote("short", 90), None);
    }
}
