//! Loads pages: reads each on its own, then asks whether the names they give one another exist.

use crate::detection::{Detection, read_rule};
use crate::fields::{Fields, Word, short};
use crate::parts::Parts;
use crate::{
    Body, Check, Escalation, Example, Library, LooksAt, Page, PageFile, Playbook, Sort, Version, check,
    detection, escalation, framework, markdown, nearest, playbook, rego, sigma,
};
use palisade_document::{Documents, Text, read_yaml, refuse_tags};
use palisade_kinds::{Kinds, parse_kind};
use palisade_model::{Diagnostic, PageId, ResourceType, Source, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest page that is read, in bytes.
pub const LARGEST_PAGE: usize = 1024 * 1024;

/// How much is said of one page.
const MOST_DIAGNOSTICS: usize = 100;

/// A page that was read on its own, and what it says of others.
#[derive(Debug)]
pub(crate) struct Draft {
    pub page: Page,
    pub mentions: Vec<Mention>,
}

/// A name of something that another page has to give.
#[derive(Debug)]
pub(crate) struct Mention {
    pub wanted: Wanted,
    pub name: Arc<str>,
    pub span: Span,
}

/// What a name is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A resource type that has a kind.
    Kind,
    /// A resource type or one of the words for what else a check may look at.
    LooksAt,
    Objective,
    Check,
    Detection,
    Playbook,
    /// What a playbook may answer: a detection or a check.
    Answered,
}

impl Mention {
    pub fn new(wanted: Wanted, word: &Word) -> Self {
        Self { wanted, name: word.text.clone(), span: word.span.clone() }
    }
}

/// What reading one file gives: perhaps a page, the names it mentions even so, and what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub page: Option<Page>,
    pub mentions: Vec<Mention>,
    pub said: Vec<Diagnostic>,
}

/// Loads pages. What is wrong with one never stops another; a page is left out only when it has no title, no rule
/// or nothing its rule could be asked about, and each other error costs just the part it names.
pub fn load(files: &[PageFile]) -> (Library, Vec<Diagnostic>) {
    let mut said = Vec::new();
    let mut drafts = BTreeMap::<(Sort, PageId), Draft>::new();
    let mut orphans = Vec::new();
    for file in files {
        let mut read = read(file);
        read.said.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
        if read.said.len() > MOST_DIAGNOSTICS {
            read.said.truncate(MOST_DIAGNOSTICS);
            let more = Diagnostic::error("there is more wrong with this page than is shown");
            read.said.push(more.at(whole(&file.path)));
        }
        said.append(&mut read.said);
        let Some(page) = read.page else {
            orphans.append(&mut read.mentions);
            continue;
        };
        let key = (page.sort, page.id.clone());
        if let Some(first) = drafts.get(&key) {
            said.push(twice(&page, &first.page));
            continue;
        }
        let mentions = read.mentions;
        drafts.insert(key, Draft { page, mentions });
    }
    let kinds = drafts.values().filter_map(|draft| match &draft.page.body {
        Body::Kind(kind) => Some(kind.clone()),
        _ => None,
    });
    let (kinds, mut wrong) = Kinds::new(kinds.collect());
    said.append(&mut wrong);
    said.append(&mut link(&mut drafts, &orphans, &kinds));
    let pages = drafts.into_iter().map(|(key, draft)| (key, draft.page));
    (Library::new(pages.collect(), kinds), said)
}

fn twice(page: &Page, first: &Page) -> Diagnostic {
    Diagnostic::error(format!("there are two {}s of the id `{}`", page.sort, page.id))
        .at(whole(&page.file))
        .help(format!("`{}` is the one that counts: rename this one", first.file))
}

/// The place of a whole file.
pub(crate) fn whole(file: &Arc<str>) -> Span {
    Span::new(file.clone(), (1, 1), (1, 1))
}

/// Reads one file on its own.
fn read(file: &PageFile) -> Read {
    if file.text.len() > LARGEST_PAGE {
        let message = format!("the page is larger than {} MB and is not read", LARGEST_PAGE / 1024 / 1024);
        return Read::failed(Diagnostic::error(message).at(whole(&file.path)));
    }
    let text = markdown::normalised(&file.text);
    let (folder, rest) = file.id_path.split_once('/').unwrap_or(("", &file.id_path));
    let sort = Sort::ALL.into_iter().find(|sort| sort.folder() == folder);
    let below = if sort.is_some() { rest } else { &file.id_path };
    let name = below.rsplit('/').next().unwrap_or_default();
    let (stem, ending) = below.rsplit_once('.').unwrap_or((below, ""));
    let id = PageId::new(stem);
    match (ending, sort) {
        // A folder may explain itself, and OPA keeps a module's tests beside it.
        ("md", _) if name.eq_ignore_ascii_case("readme.md") => Read::default(),
        ("rego", _) if stem.ends_with("_test") => Read::default(),
        ("md", Some(Sort::Framework)) => Read::failed(
            Diagnostic::error("a framework is written in YAML")
                .at(whole(&file.path))
                .help("name the file `….yaml`, with a `title` and `controls`"),
        ),
        ("md", sort) => read_page(file, id, sort, &text),
        ("rego", None | Some(Sort::Check)) => rego::read(file, id, &text),
        ("yaml" | "yml", Some(Sort::Framework)) => read_framework(file, id, &text),
        ("yaml" | "yml", None | Some(Sort::Detection)) => sigma::read(file, id, &text),
        _ => Read::failed(
            Diagnostic::error("this is not a page")
                .at(whole(&file.path))
                .help("pages are `.md`; checks may be plain `.rego`, detections plain Sigma in `.yml`, frameworks are `.yaml`"),
        ),
    }
}

impl Read {
    pub fn failed(diagnostic: Diagnostic) -> Self {
        Self { said: vec![diagnostic], ..Self::default() }
    }
}

/// Reads a page written in Markdown.
fn read_page(file: &PageFile, id: PageId, sort: Option<Sort>, text: &str) -> Read {
    let mut said = Vec::new();
    let Some(mut layout) = markdown::read(&file.path, text, &mut said) else {
        return Read { said, ..Read::default() };
    };
    let (front, start) = layout.front.take().unwrap_or_else(|| ("".into(), whole(&file.path).start));
    let front = Text { file: &file.path, text: &front, start };
    let documents = read_yaml(front, &refuse_tags);
    let Some(sort) = sort.or_else(|| sort_of(&documents)) else {
        said.extend(documents.diagnostics);
        said.push(without_sort(file));
        return Read { said, ..Read::default() };
    };
    let whole = whole(&file.path);
    let mut reader = PageReader {
        sort,
        why: layout.preamble.clone(),
        fields: Fields::of_document(sort.with_article(), whole.clone(), &documents),
        parts: Parts::new(sort, layout, whole),
        mentions: Vec::new(),
        said: Vec::new(),
    };
    let page = reader.read(file, id);
    let PageReader { fields, parts, mentions, said: more, .. } = reader;
    let (sections, said_of_parts) = parts.rest();
    said.extend(fields.finish());
    said.extend(said_of_parts);
    said.extend(more);
    Read { page: page.map(|page| Page { sections, ..page }), mentions, said }
}

/// The sort of a page that is in none of the folders, by the field that only this sort has.
fn sort_of(documents: &Documents) -> Option<Sort> {
    let front = documents.documents.first()?;
    let tells = [
        ("looks-at", Sort::Check),
        ("reads", Sort::Detection),
        ("ends-with", Sort::Escalation),
        ("answers", Sort::Playbook),
        ("needs", Sort::Playbook),
        ("type", Sort::Kind),
    ];
    tells.into_iter().find(|(field, _)| front.get(field).is_some()).map(|(_, sort)| sort)
}

fn without_sort(file: &PageFile) -> Diagnostic {
    let folders = Sort::ALL.map(Sort::folder);
    let written = file.id_path.split('/').next().unwrap_or_default();
    let help = match nearest::nearest(written, folders) {
        Some(near) => format!("did you mean the folder `{near}`?"),
        None => format!("put it below one of the folders {}", nearest::list(&folders)),
    };
    Diagnostic::error("nothing says what sort of page this is").at(whole(&file.path)).help(help)
}

/// A page that is being read.
struct PageReader<'a> {
    sort: Sort,
    why: Arc<str>,
    fields: Fields<'a>,
    parts: Parts,
    mentions: Vec<Mention>,
    said: Vec<Diagnostic>,
}

/// What the sort of a page makes of it.
struct Own {
    body: Option<Body>,
    fix: Arc<str>,
    examples: Vec<Example>,
}

impl Own {
    fn without_tests(body: Option<Body>) -> Self {
        Self { body, fix: "".into(), examples: Vec::new() }
    }
}

impl PageReader<'_> {
    fn read(&mut self, file: &PageFile, id: PageId) -> Option<Page> {
        let title = self.fields.needed("title", "Volume is not encrypted").map(|word| word.text);
        let since = since(&mut self.fields);
        if self.why.is_empty() {
            let help = "below the front matter, write two or three sentences for somebody woken at three";
            self.parts.missing("the page does not say why it matters".to_owned(), help);
        }
        let own = match self.sort {
            Sort::Kind => Own::without_tests(self.kind(title.as_ref())),
            Sort::Check => self.check(),
            Sort::Detection => self.detection(),
            Sort::Escalation => self.escalation(),
            Sort::Playbook => self.playbook(),
            Sort::Objective | Sort::Framework => Own::without_tests(Some(Body::Objective)),
        };
        // The sorts without tests have their headings looked at all the same.
        let examples = match own.examples.is_empty() {
            true => self.parts.examples(),
            false => own.examples,
        };
        Some(Page {
            id,
            sort: self.sort,
            file: file.path.clone(),
            shipped: file.shipped,
            title: title?,
            since,
            why: self.why.clone(),
            fix: own.fix,
            sections: Vec::new(),
            body: own.body?,
            examples,
        })
    }

    fn kind(&mut self, title: Option<&Arc<str>>) -> Option<Body> {
        let word = self.fields.needed("type", "AWS::S3::Bucket");
        let collection = self.fields.word("collection").map(|word| word.text);
        let attributes = self.parts.block("Attributes", "attributes");
        let collect = self.parts.block_if_there("Collect", "collect");
        let word = word?;
        let kind = match word.text.parse::<ResourceType>() {
            Ok(kind) => kind,
            Err(error) => {
                self.fields.error(&word.span, error.to_string(), None);
                return None;
            }
        };
        let title = title.cloned().unwrap_or_default();
        let collect = collect.as_ref().map(|block| block.as_text());
        let (kind, said) = parse_kind(kind, title, collection, attributes?.as_text(), collect);
        self.said.extend(said);
        kind.map(Body::Kind)
    }

    fn check(&mut self) -> Own {
        let fields = check::fields(&mut self.fields, &mut self.mentions);
        let rego = self.parts.block("Rule", "rego");
        let fix = self.parts.words("Fix", "say what to change, and what to do about what is there already");
        let examples = self.parts.examples();
        self.parts.need_test("Fails", &examples);
        self.parts.need_test("Passes", &examples);
        let body = fields.zip(rego).map(|(fields, rego)| {
            Body::Check(Check {
                severity: fields.severity,
                looks_at: fields.looks_at,
                only_in: fields.only_in,
                objectives: fields.objectives,
                rego,
                entrypoint: "fail".into(),
            })
        });
        Own { body, fix: fix.unwrap_or_default(), examples }
    }

    fn detection(&mut self) -> Own {
        let fields = detection::fields(&mut self.fields, &mut self.mentions);
        let sigma = self.parts.block("Rule", "sigma");
        let rule = sigma.as_ref().and_then(|block| read_rule(block, &mut self.said));
        let examples = self.parts.examples();
        self.parts.need_test("Fires", &examples);
        self.parts.need_test("Stays quiet", &examples);
        for block in examples.iter().flat_map(|example| &example.blocks) {
            detection::lint_event(block, &mut self.said);
        }
        let body = fields.zip(sigma.zip(rule)).map(|(fields, (sigma, rule))| {
            Body::Detection(Detection {
                severity: fields.severity,
                reads: fields.reads,
                attack: fields.attack,
                objectives: fields.objectives,
                answer_with: fields.answer_with,
                says: fields.says,
                sigma,
                rule,
            })
        });
        Own { body, fix: "".into(), examples }
    }

    fn escalation(&mut self) -> Own {
        let fields = escalation::fields(&mut self.fields, &mut self.mentions);
        let rule = self.parts.block("Rule", "escalation");
        let clauses = rule.as_ref().map(|block| escalation::read_rule(block, &mut self.said));
        let examples = self.parts.examples();
        self.parts.need_test("Fires", &examples);
        self.parts.need_test("Stays quiet", &examples);
        for block in examples.iter().flat_map(|example| &example.blocks) {
            escalation::lint_estate(block, &mut self.said);
        }
        let body = fields.zip(rule.zip(clauses)).map(|((ends_with, objectives), (rule, clauses))| {
            Body::Escalation(Escalation { ends_with, objectives, rule, clauses })
        });
        Own { body, fix: "".into(), examples }
    }

    fn playbook(&mut self) -> Own {
        let fields = playbook::fields(&mut self.fields, &mut self.mentions);
        let block = self.parts.block("Steps", "steps");
        let steps = block.map(|block| playbook::read_steps(&block, &fields.needs, &mut self.said));
        let examples = self.parts.examples();
        self.parts.need_test("Given", &examples);
        // A plan from steps that could not all be read would only repeat what is wrong with them.
        if let Some(steps) = &steps
            && self.said.is_empty()
        {
            playbook::lint_examples(steps, &examples, &mut self.said);
        }
        let body = steps.map(|steps| {
            Body::Playbook(Playbook {
                answers: fields.answers,
                needs: fields.needs.iter().map(|need| need.text.clone()).collect(),
                steps,
            })
        });
        Own { body, fix: "".into(), examples }
    }
}

/// Reads the version that first had the page.
fn since(fields: &mut Fields<'_>) -> Option<Version> {
    let word = fields.word("since")?;
    match word.text.parse() {
        Ok(version) => Some(version),
        Err(_) => {
            let message = format!("`{}` is not a version", short(&word.text));
            let help = "three numbers are expected, like `0.1.0`".to_owned();
            fields.error(&word.span, message, Some(help));
            None
        }
    }
}

/// Reads a framework, which is all YAML.
fn read_framework(file: &PageFile, id: PageId, text: &str) -> Read {
    let documents = read_yaml(Text::whole(&file.path, text), &refuse_tags);
    let mut fields = Fields::of_document(Sort::Framework.with_article(), whole(&file.path), &documents);
    let mut mentions = Vec::new();
    let title = fields.needed("title", "SOC 2").map(|word| word.text);
    let since = since(&mut fields);
    let framework = framework::read(&mut fields, title.as_ref(), &mut mentions);
    let page = title.zip(framework).map(|(title, framework)| Page {
        id,
        sort: Sort::Framework,
        file: file.path.clone(),
        shipped: file.shipped,
        title,
        since,
        why: "".into(),
        fix: "".into(),
        sections: Vec::new(),
        body: Body::Framework(framework),
        examples: Vec::new(),
    });
    Read { page, mentions, said: fields.finish() }
}

/// Reports names that no page has, and takes them out of the pages that give them.
fn link(drafts: &mut BTreeMap<(Sort, PageId), Draft>, orphans: &[Mention], kinds: &Kinds) -> Vec<Diagnostic> {
    let names = Names::of(drafts, kinds);
    let mut said: Vec<Diagnostic> = orphans.iter().filter_map(|mention| names.wrong(mention)).collect();
    drafts.retain(|_, draft| {
        let mut is_kept = true;
        for mention in std::mem::take(&mut draft.mentions) {
            if let Some(diagnostic) = names.wrong(&mention) {
                is_kept &= mention.wanted != Wanted::Kind;
                said.push(diagnostic);
                forget(&mut draft.page.body, &mention);
            }
        }
        is_kept
    });
    said
}

/// Takes a name out of a page.
fn forget(body: &mut Body, mention: &Mention) {
    let keep = |id: &PageId| id.as_str() != &*mention.name;
    match (body, mention.wanted) {
        (Body::Check(check), Wanted::Objective) => check.objectives.retain(keep),
        (Body::Detection(detection), Wanted::Objective) => detection.objectives.retain(keep),
        (Body::Detection(detection), Wanted::Playbook) => detection.answer_with.retain(keep),
        (Body::Escalation(escalation), Wanted::Objective) => escalation.objectives.retain(keep),
        (Body::Playbook(playbook), Wanted::Answered) => playbook.answers.retain(keep),
        (Body::Framework(framework), _) => {
            for control in &mut framework.controls {
                control.covers.retain(|covers| !covers.is(&mention.name));
            }
        }
        _ => {}
    }
}

/// The names that pages may give.
struct Names<'a> {
    ids: BTreeMap<Sort, Vec<Arc<str>>>,
    kinds: &'a Kinds,
}

impl<'k> Names<'k> {
    fn of(drafts: &BTreeMap<(Sort, PageId), Draft>, kinds: &'k Kinds) -> Self {
        let mut ids = BTreeMap::<Sort, Vec<Arc<str>>>::new();
        for (sort, id) in drafts.keys() {
            ids.entry(*sort).or_default().push(id.as_str().into());
        }
        Self { ids, kinds }
    }

    fn all(&self, wanted: Wanted) -> Vec<&str> {
        let of = |sorts: &[Sort]| {
            let ids = sorts.iter().filter_map(|sort| self.ids.get(sort)).flatten();
            ids.map(|id| &**id).collect()
        };
        match wanted {
            Wanted::Kind => self.kinds.iter().map(|kind| kind.kind.as_str()).collect(),
            Wanted::LooksAt => {
                let kinds = self.kinds.iter().map(|kind| kind.kind.as_str());
                kinds.chain(LooksAt::WORDS).collect()
            }
            Wanted::Objective => of(&[Sort::Objective]),
            Wanted::Check => of(&[Sort::Check]),
            Wanted::Detection => of(&[Sort::Detection]),
            Wanted::Playbook => of(&[Sort::Playbook]),
            Wanted::Answered => of(&[Sort::Detection, Sort::Check]),
        }
    }

    /// What is wrong with a name, if no page gives it.
    fn wrong(&self, mention: &Mention) -> Option<Diagnostic> {
        let prefix = match mention.wanted {
            Wanted::Check => "checks/",
            Wanted::Detection => "detections/",
            _ => "",
        };
        let name = mention.name.strip_prefix(prefix).unwrap_or(&mention.name);
        let known = self.all(mention.wanted);
        if known.contains(&name) {
            return None;
        }
        let shown = short(&mention.name);
        let message = match mention.wanted {
            Wanted::Kind => format!("no kind describes `{shown}`"),
            Wanted::LooksAt => format!("`{shown}` is nothing a check looks at"),
            Wanted::Objective => format!("there is no objective `{shown}`"),
            Wanted::Check => format!("there is no check `{shown}`"),
            Wanted::Detection => format!("there is no detection `{shown}`"),
            Wanted::Playbook => format!("there is no playbook `{shown}`"),
            Wanted::Answered => format!("there is no detection or check `{shown}`"),
        };
        // Whoever writes for Terraform may name the type as Terraform does.
        let of_terraform = match mention.wanted {
            Wanted::LooksAt => self.kinds.of_source_type(Source::Terraform, name),
            _ => None,
        };
        let near = of_terraform.map(|kind| kind.kind.as_str()).or_else(|| nearest::nearest(name, known));
        let help = match near {
            Some(near) => format!("did you mean `{prefix}{near}`?"),
            None => match mention.wanted {
                Wanted::Kind => "write a page for it below `kinds/`".to_owned(),
                Wanted::LooksAt => "a type like `AWS::S3::Bucket`, `account`, `account in a region` or `organisation` is expected".to_owned(),
                Wanted::Objective => "`palisade content list` shows those there are".to_owned(),
                _ => "write the page, or leave the name out".to_owned(),
            },
        };
        Some(Diagnostic::error(message).at(mention.span.clone()).help(help))
    }
}
