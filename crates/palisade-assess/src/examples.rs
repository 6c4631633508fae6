//! Holds pages to what they claim: runs their examples, and leaves out parts of their rules to see who notices.

use crate::estate_text::read_estate;
use crate::gather::read_block;
use crate::judge::{Outside, Subject, judge, says_nothing};
use crate::subjects::Wholes;
use palisade_check::Judgement;
use palisade_content::{Block, Check, Detection, Example, Expected, Library, LooksAt, Page};
use palisade_detect::{compile, say};
use palisade_kinds::resolve;
use palisade_model::{
    Attribute, Diagnostic, Estate, Existence, Level, Meaning, Node, PageId, Resource, Source, Span, Value,
    Verdict,
};
use std::sync::Arc;

/// How an example came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleOutcome {
    /// The page, with the folder of its sort: `checks/aws/ec2/volume-not-encrypted`.
    pub page: String,
    /// The heading.
    pub heading: Arc<str>,
    /// The block's language.
    pub language: Arc<str>,
    /// The block's opening fence.
    pub span: Span,
    /// What went wrong, if anything did.
    pub wrong: Option<String>,
}

/// A part of a rule that can be left out without any example of its page noticing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// The page.
    pub page: PageId,
    /// The place of what was left out.
    pub span: Span,
    /// What was left out.
    pub left_out: String,
}

/// Runs every example of a page. What is wrong with its rule is a diagnostic.
pub fn run_examples(
    page: &Page,
    library: &Library,
    outside: &dyn Outside,
) -> (Vec<ExampleOutcome>, Vec<Diagnostic>) {
    match &page.body {
        palisade_content::Body::Check(check) => {
            let cases = cases(page, check, library);
            let response = judge_cases(page, check, &cases, false, library, outside);
            if !response.diagnostics.is_empty() {
                // A rule that can't be used says so once; its examples have nothing to add.
                return (Vec::new(), response.diagnostics);
            }
            let mut judgements = response.judgements.into_iter();
            let outcomes = cases.iter().map(|case| {
                let own: Vec<Judgement> = judgements.by_ref().take(case.subjects.len()).collect();
                let wrong = case.wrong.clone().or_else(|| case.judged(page, &own, library).err());
                outcome(page, case.example, case.block, wrong)
            });
            (outcomes.collect(), response.diagnostics)
        }
        palisade_content::Body::Detection(detection) => detection_examples(page, detection),
        _ => (Vec::new(), Vec::new()),
    }
}

/// Leaves out each part of a page's rule in turn: how many parts there are, and those that no example holds.
pub fn mutate(page: &Page, library: &Library, outside: &dyn Outside) -> (usize, Vec<Survivor>) {
    match &page.body {
        palisade_content::Body::Check(check) => {
            let cases = cases(page, check, library);
            let response = judge_cases(page, check, &cases, true, library, outside);
            let mutants = response.mutants.len();
            let survivors = response.mutants.into_iter().filter_map(|mutant| {
                let mut judgements = mutant.judgements.into_iter();
                let unnoticed = cases.iter().all(|case| {
                    let own: Vec<Judgement> = judgements.by_ref().take(case.subjects.len()).collect();
                    case.judged(page, &own, library).is_ok()
                });
                unnoticed.then(|| Survivor {
                    page: page.id.clone(),
                    span: mutant.span,
                    left_out: mutant.left_out,
                })
            });
            (mutants, survivors.collect())
        }
        palisade_content::Body::Detection(detection) => detection_mutants(page, detection),
        _ => (0, Vec::new()),
    }
}

/// A block of an example, and the subjects it describes.
struct Case<'a> {
    example: &'a Example,
    block: &'a Block,
    subjects: Vec<Resource>,
    wrong: Option<String>,
}

fn outcome(page: &Page, example: &Example, block: &Block, wrong: Option<String>) -> ExampleOutcome {
    ExampleOutcome {
        page: format!("{}/{}", page.sort.folder(), page.id),
        heading: example.heading.clone(),
        language: block.language.clone(),
        span: block.fence.clone(),
        wrong,
    }
}

fn judge_cases(
    page: &Page,
    check: &Check,
    cases: &[Case<'_>],
    mutate: bool,
    library: &Library,
    outside: &dyn Outside,
) -> crate::judge::Response {
    let subjects: Vec<Subject<'_>> = cases.iter().flat_map(|case| &case.subjects).map(Subject::new).collect();
    let subjects: Vec<&Subject<'_>> = subjects.iter().collect();
    judge(page, check, &subjects, mutate, library, outside)
}

fn cases<'a>(page: &'a Page, check: &Check, library: &Library) -> Vec<Case<'a>> {
    let mut cases: Vec<Case<'a>> = Vec::new();
    for example in &page.examples {
        let first = cases.len();
        for block in &example.blocks {
            cases.push(case(example, block, check, library));
        }
        for index in first + 1..cases.len() {
            let (before, after) = (&cases[index - 1], &cases[index]);
            if before.block.language != after.block.language {
                let differs = differs(before, after, &check.rego.text);
                let case = &mut cases[index];
                case.wrong = case.wrong.take().or(differs);
            }
        }
    }
    cases
}

fn case<'a>(example: &'a Example, block: &'a Block, check: &Check, library: &Library) -> Case<'a> {
    let (estate, diagnostics) = match &*block.language {
        "estate" => read_estate(block.as_text(), library),
        language => match read_block(language, block.as_text()) {
            Some((raw, diagnostics)) => {
                (Estate { resources: resolve(raw, library.kinds()), ..Estate::default() }, diagnostics)
            }
            None => (Estate::default(), vec![Diagnostic::error(format!("this is no {language}"))]),
        },
    };
    let exists = |resource: &Resource| !matches!(resource.declared.existence, Existence::No(_));
    let subjects: Vec<Resource> = match &check.looks_at {
        LooksAt::Kind(kind) => {
            estate.resources.into_iter().filter(|it| it.kind.as_ref() == Some(kind) && exists(it)).collect()
        }
        looks_at => Wholes::of(&estate, library).seen_by(looks_at).to_vec(),
    };
    let error = diagnostics.iter().find(|diagnostic| diagnostic.level == Level::Error);
    let wrong = match error {
        Some(diagnostic) => Some(diagnostic.to_string()),
        None if subjects.is_empty() => Some(format!("there is no {} in this example", check.looks_at)),
        None => None,
    };
    Case { example, block, subjects, wrong }
}

impl Case<'_> {
    /// Does the rule say what the heading says, of every subject of which it says anything?
    fn judged(&self, page: &Page, judgements: &[Judgement], library: &Library) -> Result<(), String> {
        if judgements.len() < self.subjects.len() {
            return Err("the rule could not be judged".to_owned());
        }
        let says =
            |(judgement, resource): &(&Judgement, &Resource)| !says_nothing(judgement, resource, library);
        let mut said = judgements.iter().zip(&self.subjects).filter(says).peekable();
        if said.peek().is_none() && !matches!(self.example.expected, Expected::Passes(_)) {
            return Err("it says nothing of what is declared".to_owned());
        }
        said.try_for_each(|(judgement, _)| expected(&self.example.expected, judgement, page))
    }
}

fn expected(expected: &Expected, judgement: &Judgement, page: &Page) -> Result<(), String> {
    if let Some(problem) = &judgement.problem {
        return Err(problem.clone());
    }
    let mut said: Vec<&str> =
        judgement.failures.iter().map(|failure| failure.message.as_deref().unwrap_or(&page.title)).collect();
    said.dedup();
    match (expected, judgement.verdict()) {
        (Expected::Fails(message), Verdict::Fails) if said == [&**message] => Ok(()),
        (Expected::Fails(message), Verdict::Fails) => {
            Err(format!("the rule says “{}”, the heading “{message}”", said.join("”, “")))
        }
        (Expected::Passes(_), Verdict::Passes) | (Expected::Unknown(_), Verdict::Unknown) => Ok(()),
        (_, Verdict::Fails) => Err(format!("it fails: {}", said.join(", "))),
        (_, Verdict::Passes) => Err("it passes".to_owned()),
        (_, Verdict::Unknown) => {
            let because = judgement.open.iter().flat_map(|open| &open.because);
            let because: Vec<String> =
                because.map(|(path, unknown)| format!("`{path}`: {unknown}")).collect();
            Err(format!("it is unknown: {}", because.join(", ")))
        }
    }
}

/// What two descriptions of the same thing, in two languages, say differently of what the rule reads.
fn differs(before: &Case<'_>, after: &Case<'_>, rego: &str) -> Option<String> {
    let (one, other) = (before.subjects.first()?, after.subjects.first()?);
    one.attributes.iter().find_map(|(name, attribute)| {
        let read = rego.match_indices(&format!("input.{name}")).any(|(at, text)| {
            !rego[at + text.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
        });
        let (left, right) = (node_of(attribute), other.attributes.get(name).and_then(node_of));
        (read && !says_same(left.clone(), right.clone())).then(|| {
            let (left, right) = (shown(left), shown(right));
            format!(
                "`{name}` is {left} in {} and {right} in {}: the two blocks are to say the same",
                source(one),
                source(other)
            )
        })
    })
}

fn source(resource: &Resource) -> &'static str {
    match resource.declared.source {
        Source::Terraform => "Terraform",
        Source::Cloudformation => "CloudFormation",
        Source::Live => "the estate",
    }
}

/// The value of an attribute; none when it is absent and that means nothing.
fn node_of(attribute: &Attribute) -> Option<Node> {
    match attribute {
        Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => Some(node.clone()),
        Attribute::Absent(Meaning::Nothing, _) => None,
        Attribute::Unknown(unknown, origin) => {
            Some(Node::new(Value::Unknown(unknown.clone()), origin.clone()))
        }
    }
}

fn shown(node: Option<Node>) -> String {
    node.map_or_else(|| "nothing".to_owned(), |node| node.value.to_json().to_string())
}

/// Do two values say the same, as far as both are known? What was not said and what was said to be nothing are the same.
fn says_same(left: Option<Node>, right: Option<Node>) -> bool {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left.value, right.value),
        (None, None) => return true,
        (Some(one), None) | (None, Some(one)) => return matches!(one.value, Value::Null | Value::Unknown(_)),
    };
    match (left, right) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => true,
        (Value::List(left), Value::List(right)) => {
            let open = left.more.is_some() || right.more.is_some();
            let mut pairs = left.items.iter().zip(&right.items);
            open || (left.items.len() == right.items.len()
                && pairs.all(|(left, right)| says_same(Some(left.clone()), Some(right.clone()))))
        }
        (Value::Map(left), Value::Map(right)) => {
            let mut names = left.entries.keys().chain(right.entries.keys());
            let entry = |map: &palisade_model::Map, name: &Arc<str>| map.entries.get(name).cloned();
            let open = left.more.is_some() || right.more.is_some();
            open || names.all(|name| says_same(entry(&left, name), entry(&right, name)))
        }
        (left, right) => left.to_json() == right.to_json(),
    }
}

fn detection_examples(page: &Page, detection: &Detection) -> (Vec<ExampleOutcome>, Vec<Diagnostic>) {
    let (rule, diagnostics) = compile(&detection.rule);
    let Some(rule) = rule else {
        return (Vec::new(), diagnostics);
    };
    let outcomes = page.examples.iter().flat_map(|example| {
        example.blocks.iter().map(|block| {
            let wrong = detected(&rule, detection, example, block).err();
            outcome(page, example, block, wrong)
        })
    });
    (outcomes.collect(), diagnostics)
}

fn detected(
    rule: &palisade_detect::Rule,
    detection: &Detection,
    example: &Example,
    block: &Block,
) -> Result<(), String> {
    let event: serde_json::Value =
        serde_json::from_str(&block.text).map_err(|error| format!("this is no JSON: {error}"))?;
    match (&example.expected, rule.matches(&event)) {
        (Expected::Fires(message), true) => match say(&detection.says, &event) {
            said if said == **message => Ok(()),
            said => Err(format!("the rule says “{said}”, the heading “{message}”")),
        },
        (Expected::StaysQuiet(_), false) => Ok(()),
        (_, true) => Err("it fires".to_owned()),
        (_, false) => Err("it stays quiet".to_owned()),
    }
}

fn detection_mutants(page: &Page, detection: &Detection) -> (usize, Vec<Survivor>) {
    let (Some(rule), _) = compile(&detection.rule) else {
        return (0, Vec::new());
    };
    let deletions = rule.deletions();
    let mut mutants = 0;
    let mut survivors = Vec::new();
    for (index, deletion) in deletions.iter().enumerate() {
        let Some(mutant) = rule.without(index) else {
            continue;
        };
        mutants += 1;
        let mut blocks =
            page.examples.iter().flat_map(|example| example.blocks.iter().map(move |block| (example, block)));
        if blocks.all(|(example, block)| detected(&mutant, detection, example, block).is_ok()) {
            survivors.push(Survivor {
                page: page.id.clone(),
                span: deletion.span.clone().unwrap_or_else(|| detection.sigma.fence.clone()),
                left_out: deletion.what.clone(),
            });
        }
    }
    (mutants, survivors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_check::Input;
    use palisade_content::{load, shipped};
    use palisade_model::{Map, Origin, Unknown, Why};

    /// Every subject of every example of every shipped check, with the page and its check.
    fn each_subject(mut work: impl FnMut(&Page, &Check, &Resource)) {
        let (library, _) = load(&shipped());
        for (page, check) in library.checks() {
            for case in cases(page, check, &library) {
                case.subjects.iter().for_each(|subject| work(page, check, subject));
            }
        }
    }

    fn unknown() -> Unknown {
        Why::NoValue("var.knocked_out".into()).into()
    }

    /// The value with one of its parts unknown, for each part in turn.
    fn knocked_out(node: &Node) -> Vec<Node> {
        let mut all = vec![Node::new(Value::Unknown(unknown()), node.origin.clone())];
        match &node.value {
            Value::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    for part in knocked_out(item) {
                        let mut list = list.clone();
                        list.items[index] = part;
                        all.push(Node::new(Value::List(list), node.origin.clone()));
                    }
                    // An item more than is known of.
                    let mut shorter = list.clone();
                    shorter.items.remove(index);
                    shorter.more = Some(unknown());
                    all.push(Node::new(Value::List(shorter), node.origin.clone()));
                }
            }
            Value::Map(map) => {
                for (name, entry) in &map.entries {
                    for part in knocked_out(entry) {
                        let mut map: Map = map.clone();
                        map.entries.insert(name.clone(), part);
                        all.push(Node::new(Value::Map(map), node.origin.clone()));
                    }
                }
            }
            _ => {}
        }
        all
    }

    #[test]
    fn the_verdict_on_known_resources_is_plain_regoruss() {
        let mut compared = 0;
        each_subject(|page, check, subject| {
            let rule = crate::judge::rule_of(page, check);
            let policy = palisade_check::compile(&rule).unwrap();
            // What is unknown is taken away: here only the known rest matters.
            let mut subject = subject.clone();
            subject.attributes.retain(|_, attribute| match attribute {
                Attribute::Known(node) => !node.has_unknown(),
                Attribute::Absent(..) => true,
                Attribute::Unknown(..) => false,
            });
            let input = Input::of(&subject, policy.reads_raw());
            assert!(input.is_known());
            let messages = |failures: Vec<palisade_check::Failure>| {
                let mut messages: Vec<_> = failures.into_iter().map(|failure| failure.message).collect();
                messages.sort();
                messages
            };
            let theirs = palisade_check::plain_regorus(&rule).unwrap().judge(&input);
            assert_eq!(theirs.problem, None, "{}", page.id);
            assert_eq!(messages(policy.judge(&input).failures), messages(theirs.failures), "{}", page.id);
            compared += 1;
        });
        assert!(compared > 400, "{compared}");
    }

    #[test]
    fn knowing_less_never_turns_one_verdict_into_the_other() {
        let mut compared = 0;
        each_subject(|page, check, subject| {
            let policy = palisade_check::compile(&crate::judge::rule_of(page, check)).unwrap();
            let verdict =
                |subject: &Resource| policy.judge(&Input::of(subject, policy.reads_raw())).verdict();
            let whole = verdict(subject);
            if whole == Verdict::Unknown {
                return;
            }
            for (name, attribute) in &subject.attributes {
                let node = match attribute {
                    Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => node.clone(),
                    Attribute::Absent(Meaning::Nothing, origin) => {
                        Node::new(Value::Null, Origin::clone(origin))
                    }
                    Attribute::Unknown(..) => continue,
                };
                for less in knocked_out(&node) {
                    let mut subject = subject.clone();
                    let attribute = match less.value {
                        Value::Unknown(unknown) => Attribute::Unknown(unknown, less.origin),
                        _ => Attribute::Known(less),
                    };
                    let said = format!("{} {name}: {attribute:?}", page.id);
                    subject.attributes.insert(name.clone(), attribute);
                    let less = verdict(&subject);
                    assert!(less == whole || less == Verdict::Unknown, "{whole} became {less}: {said}");
                    compared += 1;
                }
            }
        });
        assert!(compared > 5_000, "{compared}");
    }
}
