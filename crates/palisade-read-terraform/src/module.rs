//! One directory of configuration files: which blocks it declares, whatever is wrong with some of them.

use crate::File;
use crate::evaluate::spelled;
use crate::mend::{self, Renamed};
use crate::source::{Place, Source};
use crate::split::{Header, Piece, header_at, likely_headers, pieces};
use crate::syntax::{Attribute, Block, Body, Expression, ExpressionKind, Translator};
use hcl_edit::structure::Body as HclBody;
use palisade_model::Diagnostic;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// The parser's time grows with the square of an object's entries; real ones have a few hundred at most.
pub(crate) const WIDEST: usize = 10_000;
/// How many bytes of one file may be parsed again in another form.
const MENDED_BYTES: usize = 8 << 20;
/// Beyond this many of them the errors of one file say nothing new.
const MOST_ERRORS: usize = 100;

/// What a directory declares.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Was there any file with configuration?
    pub has_files: bool,
    pub resources: Vec<Resource>,
    pub variables: HashMap<Arc<str>, Variable>,
    pub locals: HashMap<Arc<str>, Arc<Expression>>,
    pub outputs: HashMap<Arc<str>, Arc<Expression>>,
    pub calls: Vec<Call>,
    pub providers: Vec<Provider>,
    by_name: HashMap<Name, usize>,
    calls_by_name: HashMap<Arc<str>, usize>,
}

/// Is it a data source, its type and its name.
type Name = (bool, Arc<str>, Arc<str>);

/// A `resource` or `data` block.
#[derive(Debug)]
pub(crate) struct Resource {
    pub is_data: bool,
    pub kind: Arc<str>,
    pub name: Arc<str>,
    pub header: Place,
    /// Its arguments, or why they can't be read.
    pub body: Result<Body, Arc<str>>,
}

/// A `variable` block.
#[derive(Debug)]
pub(crate) struct Variable {
    pub kind: Option<Arc<Expression>>,
    pub default: Option<Arc<Expression>>,
    pub nullable: bool,
    pub header: Place,
}

/// A `module` block.
#[derive(Debug)]
pub(crate) struct Call {
    pub name: Arc<str>,
    pub header: Place,
    pub body: Body,
}

/// A `provider` block.
#[derive(Debug)]
pub(crate) struct Provider {
    pub name: Arc<str>,
    pub alias: Option<Arc<str>>,
    pub body: Body,
}

/// What stands at the top level of a file.
pub(crate) enum Item {
    Block(Block),
    Attribute(Attribute),
    /// A block that could not be read.
    Broken {
        header: Header,
        place: Place,
        message: Arc<str>,
    },
}

impl Module {
    /// Reads the files of one directory. Which of them are configuration their names say.
    pub fn read(files: &[File], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut files: Vec<&File> =
            files.iter().filter(|file| is_configuration(file_name(&file.path))).collect();
        let names: HashSet<&str> = files.iter().map(|file| &*file.path).collect();
        let is_replaced = |file: &File| tofu_name(&file.path).is_some_and(|name| names.contains(&*name));
        files.sort_by_key(|file| (is_override(file_name(&file.path)), is_replaced(file), file.path.clone()));
        let mut module = Self { has_files: !files.is_empty(), ..Self::default() };
        for file in files {
            let (source, mut wrong) = Source::decode(&file.path, &file.bytes);
            diagnostics.append(&mut wrong);
            let Some(source) = source else {
                continue;
            };
            for item in items(source, file_name(&file.path).ends_with(".json"), diagnostics) {
                if is_replaced(file) && module.declares(&item) {
                    continue;
                } else if is_override(file_name(&file.path)) {
                    module.override_with(item, diagnostics);
                } else {
                    module.add(item, diagnostics);
                }
            }
        }
        module
    }

    /// Is there something of this kind and name already?
    fn declares(&self, item: &Item) -> bool {
        let (kind, labels): (&str, Vec<Arc<str>>) = match item {
            Item::Block(block) => (&block.kind, block.labels.clone()),
            Item::Broken { header, .. } => {
                (&header.kind, header.labels.iter().map(|label| label.as_str().into()).collect())
            }
            Item::Attribute(_) => return false,
        };
        match (kind, labels.as_slice()) {
            ("resource" | "data", [label, name]) => self.find(kind == "data", label, name).is_some(),
            ("variable", [name]) => self.variables.contains_key(name),
            ("output", [name]) => self.outputs.contains_key(name),
            ("module", [name]) => self.find_call(name).is_some(),
            ("provider", [name]) => self.providers.iter().any(|provider| provider.name == *name),
            // What the `.tofu` file names again it has read before this one.
            ("locals", _) => match item {
                Item::Block(block) => {
                    block.body.attributes.iter().any(|attribute| self.locals.contains_key(&attribute.name))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The place of a resource or data source in `resources`.
    pub fn find(&self, is_data: bool, kind: &Arc<str>, name: &Arc<str>) -> Option<usize> {
        self.by_name.get(&(is_data, kind.clone(), name.clone())).copied()
    }

    /// The place of a call in `calls`.
    pub fn find_call(&self, name: &str) -> Option<usize> {
        self.calls_by_name.get(name).copied()
    }

    /// A block of an override file changes the one of the same name; one without a namesake is added.
    fn override_with(&mut self, item: Item, diagnostics: &mut Vec<Diagnostic>) {
        let Item::Block(block) = item else {
            return self.add(item, diagnostics);
        };
        let overridden = match (&*block.kind, block.labels.as_slice()) {
            (kind @ ("resource" | "data"), [label, name]) => {
                self.find(kind == "data", label, name).and_then(|at| self.resources[at].body.as_mut().ok())
            }
            ("module", [name]) => self.find_call(name).map(|at| &mut self.calls[at].body),
            ("provider", [name]) => {
                let alias = block.body.attribute("alias").map(|alias| spelled(alias));
                self.providers
                    .iter_mut()
                    .find(|provider| provider.name == *name && provider.alias == alias)
                    .map(|provider| &mut provider.body)
            }
            ("variable", [name]) => {
                if let Some(variable) = self.variables.get_mut(name) {
                    let take = |name: &str| block.body.attribute(name).cloned();
                    variable.kind = take("type").or(variable.kind.take());
                    variable.default = take("default").or(variable.default.take());
                    return;
                }
                None
            }
            _ => None,
        };
        match overridden {
            Some(body) => body.override_with(block.body),
            None => self.add(Item::Block(block), diagnostics),
        }
    }

    fn add(&mut self, item: Item, diagnostics: &mut Vec<Diagnostic>) {
        match item {
            Item::Block(block) => self.add_block(block, diagnostics),
            Item::Broken { header, place, message } => {
                if let (true, [kind, name]) = (is_resource(&header.kind), header.labels.as_slice()) {
                    let resource = Resource {
                        is_data: header.kind == "data",
                        kind: kind.as_str().into(),
                        name: name.as_str().into(),
                        header: place,
                        body: Err(message),
                    };
                    self.add_resource(resource, diagnostics);
                }
            }
            Item::Attribute(attribute) => diagnostics.push(
                Diagnostic::warning(format!("`{}` stands outside of any block", attribute.name))
                    .at(attribute.value.place.span())
                    .help("variables get their values in a `.tfvars` file"),
            ),
        }
    }

    fn add_block(&mut self, block: Block, diagnostics: &mut Vec<Diagnostic>) {
        let Block { kind, labels, header, body } = block;
        match (&*kind, labels.as_slice()) {
            ("resource" | "data", [kind_label, name]) => {
                let resource = Resource {
                    is_data: &*kind == "data",
                    kind: kind_label.clone(),
                    name: name.clone(),
                    header,
                    body: Ok(body),
                };
                self.add_resource(resource, diagnostics);
            }
            ("variable", [name]) => {
                let nullable = body
                    .attribute("nullable")
                    .is_none_or(|value| !matches!(value.kind, ExpressionKind::Bool(false)));
                let variable = Variable {
                    kind: body.attribute("type").cloned(),
                    default: body.attribute("default").cloned(),
                    nullable,
                    header,
                };
                self.variables.insert(name.clone(), variable);
            }
            ("locals", _) => {
                for attribute in body.attributes {
                    self.locals.insert(attribute.name, attribute.value);
                }
            }
            ("output", [name]) => {
                if let Some(value) = body.attribute("value") {
                    self.outputs.insert(name.clone(), value.clone());
                }
            }
            ("module", [name]) => {
                self.calls_by_name.entry(name.clone()).or_insert(self.calls.len());
                self.calls.push(Call { name: name.clone(), header, body });
            }
            ("provider", [name]) => self.providers.push(Provider {
                name: name.clone(),
                alias: body.attribute("alias").map(|alias| spelled(alias)),
                body,
            }),
            ("resource" | "data" | "variable" | "output" | "module" | "provider", labels) => {
                let wanted = if is_resource(&kind) { 2 } else { 1 };
                diagnostics.push(
                    Diagnostic::error(format!(
                        "a `{kind}` block has {wanted} labels, this one has {}",
                        labels.len()
                    ))
                    .at(header.span()),
                );
            }
            // Settings, moves, imports, checks: nothing in them is a resource.
            _ => {}
        }
    }

    fn add_resource(&mut self, resource: Resource, diagnostics: &mut Vec<Diagnostic>) {
        let name = (resource.is_data, resource.kind.clone(), resource.name.clone());
        let first = *self.by_name.entry(name).or_insert(self.resources.len());
        if let Some(first) = self.resources.get(first) {
            let data = if resource.is_data { "data." } else { "" };
            let address = format!("{data}{}.{}", resource.kind, resource.name);
            let first = first.header.span();
            diagnostics.push(
                Diagnostic::warning(format!("`{address}` is declared here and at {first}"))
                    .at(resource.header.span())
                    .help("Terraform allows one block of a name; rename or remove one of them"),
            );
        }
        self.resources.push(resource);
    }
}

impl Call {
    /// Which provider of the caller stands for which of the module's.
    pub fn providers(&self) -> impl Iterator<Item = (Arc<str>, Arc<str>)> {
        let members = match self.body.attribute("providers").map(|providers| &providers.kind) {
            Some(ExpressionKind::Object(members)) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(inner, outer)| (spelled(inner), spelled(outer)))
    }
}

fn is_resource(kind: &str) -> bool {
    matches!(kind, "resource" | "data")
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn is_configuration(name: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end))
}

/// The file that OpenTofu reads instead of this one, when there is one. What only the `.tf` file declares is read
/// all the same: Terraform reads that file and not the other.
fn tofu_name(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".tf").map(|stem| format!("{stem}.tofu"));
    stem.or_else(|| path.strip_suffix(".tf.json").map(|stem| format!("{stem}.tofu.json")))
}

/// `override.tf` and `x_override.tf` change what the other files declare.
fn is_override(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem == "override" || stem.ends_with("_override")
}

/// What stands at the top level of a file, the broken blocks as what they were meant to be.
pub(crate) fn items(source: Source, is_json: bool, diagnostics: &mut Vec<Diagnostic>) -> Vec<Item> {
    if is_json {
        let body = crate::json::configuration(&source, diagnostics);
        return body.blocks.into_iter().map(Item::Block).collect();
    }
    let source = Arc::new(source);
    let pieces = pieces(&source.text);
    if pieces.iter().all(|piece| piece.widest <= WIDEST)
        && let Ok(body) = source.text.parse::<HclBody>()
    {
        return translated(&source, 0, &body, Renamed::new());
    }
    let mut reader =
        PieceReader { source: &source, errors: 0, budget: MENDED_BYTES, diagnostics, items: Vec::new() };
    for piece in pieces {
        reader.read(piece);
    }
    reader.items
}

fn translated(source: &Arc<Source>, base: usize, body: &HclBody, renamed: Renamed) -> Vec<Item> {
    let body = Translator { source, base, renamed }.body(body);
    let attributes = body.attributes.into_iter().map(Item::Attribute);
    attributes.chain(body.blocks.into_iter().map(Item::Block)).collect()
}

/// Reads a file piece by piece, since as a whole it can't be read.
struct PieceReader<'a> {
    source: &'a Arc<Source>,
    errors: usize,
    /// How many bytes may be parsed again in another form.
    budget: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
    items: Vec<Item>,
}

impl PieceReader<'_> {
    fn read(&mut self, piece: Piece) {
        let Err((at, message)) = self.parse(&piece) else {
            return;
        };
        // An unclosed brace swallows what follows it; the blocks in there are read on their own.
        let inner = likely_headers(&self.source.text, piece.range.clone());
        let Some(first) = inner.first() else {
            return self.broken(piece.range, at, &message);
        };
        let head = Piece { range: piece.range.start..*first, widest: piece.widest };
        if self.parse(&head).is_err() {
            self.broken(head.range, at, &message);
        }
        let ends = inner.iter().skip(1).copied().chain([piece.range.end]);
        for (start, end) in inner.iter().copied().zip(ends) {
            let part = Piece { range: start..end, widest: piece.widest };
            if let Err((at, message)) = self.parse(&part) {
                self.broken(part.range, at, &message);
            }
        }
    }

    /// Reads a piece, or says where it breaks and how.
    fn parse(&mut self, piece: &Piece) -> Result<(), (usize, String)> {
        if piece.widest > WIDEST {
            let message = format!("there are more than {WIDEST} lines or items between two braces");
            return Err((piece.range.start, message));
        }
        let text = &self.source.text[piece.range.clone()];
        let (body, renamed) = mend::parse(text, &mut self.budget).map_err(|error| {
            let at = piece.range.start + error.location().offset().min(text.len());
            (at, error.message().replace('\n', " "))
        })?;
        self.items.append(&mut translated(self.source, piece.range.start, &body, renamed));
        Ok(())
    }

    fn broken(&mut self, range: Range<usize>, at: usize, message: &str) {
        let header = header_at(&self.source.text, range.start);
        let what = header.as_ref().map_or_else(
            || "this".to_owned(),
            |header| {
                let labels: String = header.labels.iter().map(|label| format!(" \"{label}\"")).collect();
                format!("`{}{labels}`", header.kind)
            },
        );
        self.errors += 1;
        if self.errors <= MOST_ERRORS {
            let at = at.clamp(range.start, range.end);
            let help = match header.as_ref().map(|header| header.kind.as_str()) {
                Some("resource") => "the other blocks are read; what this one sets counts as unknown",
                _ => "the other blocks of the file are read",
            };
            self.diagnostics.push(
                Diagnostic::error(format!("{what} could not be read: {message}"))
                    .at(self.source.span(at, at))
                    .help(help),
            );
        }
        if let Some(header) = header {
            self.items.push(Item::Broken {
                place: Place::new(self.source, range.start, header.end),
                header,
                message: message.into(),
            });
        }
    }
}

/// The values that a variables file gives.
pub(crate) fn variables(
    source: Source,
    is_json: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(Arc<str>, Arc<Expression>)> {
    if is_json {
        let Some(document) = crate::json::document(&source, diagnostics) else {
            return Vec::new();
        };
        let palisade_model::Value::Map(map) = &document.value else {
            diagnostics.push(Diagnostic::error("a variables file in JSON syntax is an object"));
            return Vec::new();
        };
        return map
            .entries
            .iter()
            .map(|(name, node)| (name.clone(), Arc::new(crate::json::expression(node))))
            .collect();
    }
    items(source, false, diagnostics)
        .into_iter()
        .filter_map(|item| match item {
            Item::Attribute(attribute) => Some((attribute.name, attribute.value)),
            Item::Block(_) | Item::Broken { .. } => None,
        })
        .collect()
}
