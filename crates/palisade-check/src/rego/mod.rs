//! Rego: parsed by regorus, evaluated here with values that may be unknown.
//!
//! This folder is the only place that knows regorus's syntax tree, which its crate hides from documentation.

mod builtins;
mod evaluate;
mod lower;
mod own;
pub(crate) mod partial;
mod program;

use crate::{Fact, Input, Judgement};
use palisade_model::{Diagnostic, Position, Span};
use regorus::unstable::{Module, Parser, Ref};
use std::sync::Arc;

/// A rule's text and where it stands.
#[derive(Debug, Clone)]
pub struct RuleText<'a> {
    /// The file, as the user would write it.
    pub file: &'a Arc<str>,
    /// The Rego module.
    pub text: &'a str,
    /// Where its first character stands in the file.
    pub start: Position,
    /// The rule that lists the faults: `fail` in Palisade's own pages, often `deny` elsewhere.
    pub entrypoint: &'a str,
    /// The functions whose answers other engines give.
    pub facts: &'static [Fact],
}

/// A compiled rule.
pub struct Policy {
    program: Result<program::Program, program::NotFollowed>,
    fallback: Option<PlainRegorus>,
    reads_raw: bool,
}

/// The module as regorus itself compiled it, for what this engine does not follow.
#[doc(hidden)]
pub struct PlainRegorus {
    compiled: regorus::CompiledPolicy,
}

/// A rule with one condition (or one clause) left out.
pub struct Mutant {
    /// The place of what was left out.
    pub span: Span,
    /// What was left out.
    pub left_out: String,
    /// The rest.
    pub policy: Policy,
}

/// Compiles a rule, or says what is wrong with it and where.
///
/// # Errors
/// Diagnostics with the place in the file: brackets nested too deeply, Rego that does not parse, a rule that is
/// not there, a variable that nothing binds, a function that is not allowed.
pub fn compile(rule: &RuleText<'_>) -> Result<Policy, Vec<Diagnostic>> {
    let module = parse(rule)?;
    compile_module(rule, &module)
}

/// Every rule that is this one with a single condition, or a single clause, left out, as long as it still compiles.
///
/// # Errors
/// As [`compile`].
pub fn mutants(rule: &RuleText<'_>) -> Result<Vec<Mutant>, Vec<Diagnostic>> {
    let module = parse(rule)?;
    compile_module(rule, &module)?;
    let deletable = lower::deletable(&module, rule);
    let mutants = deletable.into_iter().enumerate().filter_map(|(number, (span, left_out))| {
        let program = lower::lower(&module, rule, Some(number)).ok()?;
        let policy = Policy { program: Ok(program), fallback: None, reads_raw: reads_raw(rule.text) };
        Some(Mutant { span, left_out, policy })
    });
    Ok(mutants.collect())
}

fn compile_module(rule: &RuleText<'_>, module: &Ref<Module>) -> Result<Policy, Vec<Diagnostic>> {
    let reads_raw = reads_raw(rule.text);
    match lower::lower(module, rule, None) {
        Ok(program) => Ok(Policy { program: Ok(program), fallback: None, reads_raw }),
        Err(lower::Refusal::Wrong(diagnostics)) => Err(diagnostics),
        Err(lower::Refusal::NotFollowed(what)) => {
            let fallback = fallback(rule).map_err(|message| vec![located(&message, rule)])?;
            Ok(Policy { program: Err(what), fallback: Some(fallback), reads_raw })
        }
    }
}

impl Policy {
    /// Does the rule look at the source's own document, beside the attributes?
    pub fn reads_raw(&self) -> bool {
        self.reads_raw
    }

    /// The parts of the input that the rule reads by name, each with the place of the first time.
    pub fn reads(&self) -> impl Iterator<Item = (&str, &Span)> {
        self.program
            .iter()
            .flat_map(|program| program.reads.iter().map(|(name, place)| (name.as_str(), place)))
    }

    /// What the rule says of this input.
    pub fn judge(&self, input: &Input) -> Judgement {
        match (&self.program, &self.fallback) {
            (Ok(program), _) => evaluate::judge(program, input),
            (Err(_), Some(fallback)) if input.is_known() => fallback.judge(input),
            (Err(what), _) => Judgement {
                problem: Some(format!(
                    "{what}, which can't be judged while parts of the resource are unknown"
                )),
                ..Judgement::default()
            },
        }
    }
}

impl PlainRegorus {
    /// What it says of a fully known input.
    pub fn judge(&self, input: &Input) -> Judgement {
        let Some(value) = input.known() else {
            return Judgement::default();
        };
        match self.compiled.eval_with_input(value) {
            Ok(value) => Judgement { failures: partial::messages(&value), ..Judgement::default() },
            Err(error) => Judgement { problem: Some(last_line(&error.to_string())), ..Judgement::default() },
        }
    }
}

/// The rule as plain regorus has it: the oracle that tests hold this engine against, and the peer of benchmarks.
///
/// # Errors
/// Regorus's own message.
#[doc(hidden)]
pub fn plain_regorus(rule: &RuleText<'_>) -> Result<PlainRegorus, String> {
    fallback(rule)
}

fn fallback(rule: &RuleText<'_>) -> Result<PlainRegorus, String> {
    let mut engine = regorus::Engine::new();
    let package =
        engine.add_policy(rule.file.to_string(), padded(rule)).map_err(|error| error.to_string())?;
    for own in own::OWN {
        let call = own.call;
        let extension = move |arguments: Vec<regorus::Value>| {
            let arguments: Vec<partial::Partial> =
                arguments.into_iter().map(partial::Partial::Known).collect();
            Ok(call(&arguments).and_then(|value| value.known()).unwrap_or(regorus::Value::Undefined))
        };
        engine
            .add_extension(own.name.to_owned(), own.arity, Box::new(extension))
            .map_err(|error| error.to_string())?;
    }
    for fact in rule.facts {
        let extension = move |arguments: Vec<regorus::Value>| {
            let arguments: Vec<partial::Partial> =
                arguments.into_iter().map(partial::Partial::Known).collect();
            let nodes: Vec<palisade_model::Node> =
                arguments.iter().map(|argument| crate::fact::node(argument, &[])).collect();
            let picked = (fact.pick)(&nodes).into_iter().filter(|picked| picked.open.is_none());
            let members = picked.filter_map(|picked| {
                arguments.first().and_then(|first| crate::fact::part(first, &picked.at.0)?.known())
            });
            Ok(regorus::Value::from(members.collect::<Vec<_>>()))
        };
        engine
            .add_extension(fact.name.to_owned(), fact.arity, Box::new(extension))
            .map_err(|error| error.to_string())?;
    }
    let entry: Arc<str> = format!("{package}.{}", rule.entrypoint).into();
    let compiled = engine.compile_with_entrypoint(&entry).map_err(|error| error.to_string())?;
    Ok(PlainRegorus { compiled })
}

/// The deepest nesting of brackets that is parsed: regorus's parser takes exponentially long in it.
const NESTING_MAX: usize = 10;
/// The longest rule that is parsed, in bytes.
const RULE_BYTES_MAX: usize = 256 * 1024;

fn parse(rule: &RuleText<'_>) -> Result<Ref<Module>, Vec<Diagnostic>> {
    check_nesting(rule).map_err(|diagnostic| vec![diagnostic])?;
    let parsed = (|| {
        let source = regorus::Source::from_contents(rule.file.to_string(), padded(rule))?;
        let mut parser = Parser::new(&source)?;
        parser.enable_rego_v1()?;
        parser.parse()
    })();
    match parsed {
        Ok(module) => Ok(Ref::new(module)),
        Err(error) => Err(vec![located(&error.to_string(), rule)]),
    }
}

/// The text pushed down, so that regorus counts lines as the file does.
fn padded(rule: &RuleText<'_>) -> String {
    let mut text = "\n".repeat(rule.start.line.saturating_sub(1) as usize);
    text.push_str(rule.text);
    text
}

fn check_nesting(rule: &RuleText<'_>) -> Result<(), Diagnostic> {
    if rule.text.len() > RULE_BYTES_MAX {
        let message =
            format!("the rule has {} bytes, more than the {RULE_BYTES_MAX} that are read", rule.text.len());
        return Err(Diagnostic::error(message).at(span_at(rule, rule.start.line, 1, 1)));
    }
    let (mut line, mut column, mut depth) = (rule.start.line, rule.start.column, 0_usize);
    let mut within = Within::Code;
    let mut previous = ' ';
    for character in rule.text.chars() {
        within = within.after(character, previous);
        if within == Within::Code {
            match character {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > NESTING_MAX {
            let message = format!("brackets are nested more than {NESTING_MAX} deep");
            let help = "name the inner parts: give them a rule or a variable of their own";
            return Err(Diagnostic::error(message).at(span_at(rule, line, column, 1)).help(help));
        }
        previous = if within == Within::Text && previous == '\\' { ' ' } else { character };
        (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Code,
    Text,
    RawText,
    Comment,
}

impl Within {
    fn after(self, character: char, previous: char) -> Self {
        match (self, character) {
            (Self::Code, '"') => Self::Text,
            (Self::Code, '`') => Self::RawText,
            (Self::Code, '#') => Self::Comment,
            (Self::Text, '"') if previous != '\\' => Self::Code,
            (Self::RawText, '`') | (Self::Comment | Self::Text, '\n') => Self::Code,
            _ => self,
        }
    }
}

/// The column in characters; regorus counts a tab as four.
fn column_of(rule: &RuleText<'_>, line: u32, counted: u32) -> u32 {
    let text = line.checked_sub(rule.start.line).and_then(|below| rule.text.lines().nth(below as usize));
    let mut at = 1;
    for (column, character) in (1..).zip(text.unwrap_or_default().chars()) {
        if at >= counted {
            return column;
        }
        at += if character == '\t' { 4 } else { 1 };
    }
    // Past the end of the line, or in a line that is not there.
    let tabs = text.map_or(0, |text| text.matches('\t').count());
    counted.saturating_sub(3 * u32::try_from(tabs).unwrap_or(0)).max(1)
}

fn reads_raw(text: &str) -> bool {
    text.contains("raw") || text.contains("walk")
}

pub(crate) fn span_at(rule: &RuleText<'_>, line: u32, column: u32, length: u32) -> Span {
    Span::new(rule.file.clone(), (line, column), (line, column + length))
}

/// Regorus's message as a diagnostic: its place is within the text, its last line says what is wrong.
fn located(message: &str, rule: &RuleText<'_>) -> Diagnostic {
    let place = message.lines().find_map(|line| {
        let mut numbers = line.trim_start().strip_prefix("--> ")?.rsplitn(3, ':');
        let column: u32 = numbers.next()?.trim().parse().ok()?;
        Some((numbers.next()?.trim().parse().ok()?, column))
    });
    let (line, column) = place.unwrap_or((rule.start.line, 1));
    let line: u32 = line;
    let column = column_of(rule, line, column);
    Diagnostic::error(last_line(message)).at(span_at(rule, line.max(rule.start.line), column, 1))
}

fn last_line(message: &str) -> String {
    let line =
        message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("the rule can't be evaluated");
    line.trim().trim_start_matches("error:").trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
