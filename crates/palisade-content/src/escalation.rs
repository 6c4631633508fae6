//! Escalations: ways from some permissions to more.

use crate::check::objectives;
use crate::fields::{Fields, short};
use crate::load::Mention;
use crate::{Block, nearest};
use palisade_model::{Diagnostic, PageId, Span};
use std::sync::Arc;

/// A way from some permissions to more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// What whoever goes this way has at its end.
    pub ends_with: Arc<str>,
    /// The outcomes it stands against.
    pub objectives: Vec<PageId>,
    /// The rule as it is written.
    pub rule: Block,
    /// The rule's clauses: all of them must hold.
    pub clauses: Vec<Clause>,
}

/// A condition of an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// `may: iam:PassRole on $role with iam:PassedToService = lambda.amazonaws.com`.
    May {
        /// The actions, all of which are needed.
        actions: Vec<Arc<str>>,
        /// On what.
        on: Option<Arc<str>>,
        /// A context key and the value it must be allowed to have.
        with: Option<(Arc<str>, Arc<str>)>,
    },
    /// `trusts: $role trusts lambda.amazonaws.com`.
    Trusts {
        /// The role.
        role: Arc<str>,
        /// Who may assume it.
        whom: Arc<str>,
    },
    /// `one-of:` and clauses below it, any of which is enough.
    OneOf(Vec<Clause>),
    /// `gains: $role`.
    Gains(Arc<str>),
}

const CLAUSES: [&str; 4] = ["may", "trusts", "one-of", "gains"];

/// Reads the fields of an escalation's front matter.
pub(crate) fn fields(
    fields: &mut Fields<'_>,
    mentions: &mut Vec<Mention>,
) -> Option<(Arc<str>, Vec<PageId>)> {
    let ends_with = fields.needed("ends-with", "the passed role's permissions");
    let objectives = objectives(fields, mentions);
    Some((ends_with?.text, objectives))
}

/// Reads the clauses of a rule, one in a line.
pub(crate) fn read_rule(block: &Block, said: &mut Vec<Diagnostic>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    for line in lines(block) {
        match read_clause(line.words) {
            Ok(clause) => match (line.is_item, clauses.last_mut()) {
                (true, Some(Clause::OneOf(choices))) => choices.push(clause),
                (true, _) => {
                    said.push(line.error("a clause that begins with `-` stands below `one-of:`", None))
                }
                (false, _) => clauses.push(clause),
            },
            Err((message, help)) => said.push(line.error(&message, help)),
        }
    }
    lint(&clauses, block, said);
    clauses
}

fn lint(clauses: &[Clause], block: &Block, said: &mut Vec<Diagnostic>) {
    let mut missing = |message: &str, help: &str| {
        said.push(Diagnostic::error(message).at(block.fence.clone()).help(help));
    };
    let asks = |clause: &Clause| matches!(clause, Clause::May { .. } | Clause::OneOf(_));
    if !clauses.iter().any(asks) {
        missing("the rule needs a permission", "something like `may: iam:PassRole on $role`");
    }
    if !clauses.iter().any(|clause| matches!(clause, Clause::Gains(_))) {
        missing("the rule doesn't say what is gained", "something like `gains: $role`");
    }
    let is_empty = |clause: &Clause| matches!(clause, Clause::OneOf(choices) if choices.is_empty());
    if clauses.iter().any(is_empty) {
        missing("`one-of` has no clauses", "write them below it, each after a `-`");
    }
}

/// Checks the shape of an estate's lines: what and who it is, then what is true of it.
pub(crate) fn lint_estate(block: &Block, said: &mut Vec<Diagnostic>) {
    for line in lines(block) {
        let is_statement = line.words.split_once(": ").is_some_and(|(subject, says)| {
            subject.split_whitespace().count() == 2 && !says.trim().is_empty()
        });
        if !is_statement {
            let help = "something like `principal deployer: allows s3:GetObject on *` is expected";
            said.push(line.error("the line doesn't say what is true of whom", Some(help.to_owned())));
        }
    }
}

struct Line<'a> {
    words: &'a str,
    is_item: bool,
    span: Span,
}

impl Line<'_> {
    fn error(&self, message: &str, help: Option<String>) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(message).at(self.span.clone());
        diagnostic.help = help;
        diagnostic
    }
}

/// The lines that say something.
fn lines(block: &Block) -> impl Iterator<Item = Line<'_>> {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    block.text.lines().enumerate().filter_map(move |(number, line)| {
        let trimmed = line.trim();
        let item = trimmed.strip_prefix("- ");
        let words = item.unwrap_or(trimmed).trim_start();
        let at = block.start.line + count(number);
        let column = count(line.chars().count() - line.trim_start().chars().count()) + block.start.column;
        let end = column + count(trimmed.chars().count());
        (!trimmed.is_empty() && !trimmed.starts_with('#')).then(|| Line {
            words,
            is_item: item.is_some(),
            span: Span::new(block.fence.file.clone(), (at, column), (at, end)),
        })
    })
}

type Wrong = (String, Option<String>);

fn read_clause(words: &str) -> Result<Clause, Wrong> {
    let (word, rest) = match words.split_once(':') {
        Some((word, rest)) => (word.trim(), rest.trim()),
        None => {
            let help = format!("one of {} with a `:` is expected", nearest::list(&CLAUSES));
            return Err((format!("`{}` is not a clause", short(words)), Some(help)));
        }
    };
    let example =
        |text: &str| (format!("`{word}` doesn't say enough"), Some(format!("something like `{text}`")));
    match word {
        "may" => read_may(rest).ok_or_else(|| example("may: iam:PassRole on $role")),
        "trusts" => match rest.split_once(" trusts ") {
            Some((role, whom)) if !role.trim().is_empty() && !whom.trim().is_empty() => {
                Ok(Clause::Trusts { role: role.trim().into(), whom: whom.trim().into() })
            }
            _ => Err(example("trusts: $role trusts lambda.amazonaws.com")),
        },
        "one-of" if rest.is_empty() => Ok(Clause::OneOf(Vec::new())),
        "one-of" => Err((
            "`one-of` has its clauses below it".to_owned(),
            Some("write each in a line of its own after a `-`".to_owned()),
        )),
        "gains" if !rest.is_empty() => Ok(Clause::Gains(rest.into())),
        "gains" => Err(example("gains: $role")),
        _ => Err((format!("`{}` is not a clause", short(word)), nearest::remedy(word, CLAUSES))),
    }
}

fn read_may(text: &str) -> Option<Clause> {
    let (text, with) = match text.split_once(" with ") {
        Some((text, condition)) => {
            let (key, value) = condition.split_once('=')?;
            (text, Some((key.trim().into(), value.trim().into())))
        }
        None => (text, None),
    };
    let (actions, on) = match text.split_once(" on ") {
        Some((actions, on)) => (actions, Some(on.trim().into())),
        None => (text, None),
    };
    let actions: Vec<&str> = actions.split(',').map(str::trim).collect();
    actions.iter().all(|action| is_action(action)).then(|| Clause::May {
        actions: actions.into_iter().map(Arc::from).collect(),
        on,
        with,
    })
}

/// Is it an action as policies write it: `iam:PassRole`?
pub(crate) fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        let is_service = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !service.is_empty()
            && service.bytes().all(is_service)
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::Position;

    fn check(rule: &str, expected: &str) {
        let block = Block {
            language: "escalation".into(),
            text: rule.into(),
            start: Position { line: 5, column: 1 },
            fence: Span::new("p.md", (4, 1), (4, 14)),
        };
        let mut said = Vec::new();
        let clauses = read_rule(&block, &mut said);
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        let found = if said.is_empty() { format!("{} clauses", clauses.len()) } else { said.join("; ") };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_rule_is_read_line_by_line() {
        check("may: iam:CreateAccessKey on $user\ngains: $user\n", "2 clauses");
        check(
            "one-of:\n  - may: a:B\n  - may: a:C, a:D on x with a:k = v\n\n# why\ngains: $user\n",
            "2 clauses",
        );
    }

    #[test]
    fn what_is_not_a_clause_is_refused_in_its_place() {
        check(
            "may: a:B\ngain: $x\n",
            "p.md:6:1: `gain` is not a clause (did you mean `gains`?); p.md:4:1: the rule doesn't say what is gained (something like `gains: $role`)",
        );
        check(
            "may: everything\ngains: $x",
            "p.md:5:1: `may` doesn't say enough (something like `may: iam:PassRole on $role`); p.md:4:1: the rule needs a permission (something like `may: iam:PassRole on $role`)",
        );
        check(
            "may: a:B\n  - may: a:C\ngains: $x",
            "p.md:6:3: a clause that begins with `-` stands below `one-of:`",
        );
        check(
            "one-of:\ngains: $x",
            "p.md:4:1: `one-of` has no clauses (write them below it, each after a `-`)",
        );
    }
}
