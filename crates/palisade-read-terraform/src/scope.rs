//! Modules as they are called: each call has its own variables, locals and outputs, found out when asked for.

use crate::convert::{Type, convert, text_of, to_number};
use crate::evaluate::{Environment, Outcome, pairs_of};
use crate::manifest::{self, Manifest};
use crate::module::{Call, Module, Resource};
use crate::syntax::Part;
use crate::syntax::{Body, Expression};
use crate::value::{Kind, Value, unknown};
use crate::{File, ModuleSource, NotRead, TEXT_BYTES_MAX};
use palisade_model::{Diagnostic, Existence, Origin, Unknown, Why};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// How deep one evaluation may lead into another: chains of locals, modules within modules.
const DEEPEST: u32 = 150;
/// How much one root may evaluate before the rest of it is left unknown.
const MOST_STEPS: usize = 2_000_000;
/// What it costs to look for a file.
const FILE_STEPS: usize = 100;
/// How many calls of modules one root may come to.
const MOST_SCOPES: usize = 2_000;
/// How many instances one block is expanded into. Beyond that it is kept as one, its key unknown.
const MOST_INSTANCES: usize = 1_000;
/// How many modules may call each other in a chain.
const DEEPEST_MODULE: usize = 24;

/// All that the evaluation of one root shares.
pub(crate) struct World<'s> {
    source: &'s dyn ModuleSource,
    /// The root's directory.
    directory: Arc<str>,
    /// The modules that were downloaded, once somebody has asked.
    manifest: OnceCell<Manifest>,
    files: ByPath<Result<Arc<[u8]>, NotRead>>,
    templates: ByPath<Result<Rc<Vec<Part>>, String>>,
    scopes: RefCell<Vec<Rc<Scope>>>,
    modules: RefCell<BTreeMap<Arc<str>, Option<Rc<Module>>>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    reported: RefCell<HashSet<String>>,
    depth: Cell<u32>,
    steps: Cell<usize>,
}

/// One call of a module, or the root.
pub(crate) struct Scope {
    /// What its addresses begin with: empty, or `module.a.`.
    pub prefix: String,
    pub directory: Arc<str>,
    /// The directory seen from the root: what `path.module` is.
    pub path: Arc<str>,
    /// The calls that lead here, without instances: `a.b`.
    calls: String,
    pub module: Rc<Module>,
    /// Whether the call itself happens.
    pub existence: Existence,
    parent: Option<Parent>,
    given: BTreeMap<Arc<str>, Given>,
    depth: usize,
    values: Found<(Sort, Arc<str>), Outcome>,
    instances: Found<(Sort, usize), Rc<Instances>>,
    children: Found<usize, Rc<Children>>,
}

/// What was read already.
type ByPath<T> = RefCell<HashMap<Arc<str>, T>>;

/// A file that is not read, and why.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    pub path: Arc<str>,
    pub why: NotRead,
}

/// What was found out already; none while it is being found out.
type Found<K, V> = RefCell<HashMap<K, Option<V>>>;

struct Parent {
    scope: Rc<Scope>,
    call: usize,
    instance: Instance,
}

/// A root variable's value from outside the configuration.
pub(crate) enum Given {
    /// As `-var name=value` has it: read according to the variable's type.
    Text(String),
    /// As a variables file has it.
    Expression(Arc<Expression>),
}

/// The sorts of things that are found out once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    Variable,
    Local,
    Output,
    Argument,
    Resource,
    Call,
}

/// What `each` and `count` mean.
#[derive(Debug, Clone)]
pub(crate) enum Instance {
    /// There is neither.
    Only,
    Counted(usize),
    Each(Value, Value),
    /// One of several; which and how many is unknown.
    Open(Arc<Unknown>),
}

/// How often a block is there.
pub(crate) enum Instances {
    One,
    /// Never, for the value at this place.
    None(Origin),
    Keyed(Vec<(Key, Instance)>),
    Open(Arc<Unknown>, Origin),
    /// Too often to be expanded.
    Many(Arc<Unknown>),
}

/// An instance's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Index(usize),
    Name(Arc<str>),
}

/// The calls that a `module` block stands for.
pub(crate) enum Children {
    /// Its source can't be had here.
    Absent,
    /// One for each instance; the key is none without `count` and `for_each`.
    Scopes(Vec<(Option<Key>, Rc<Scope>)>),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => {
                let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let quoted = quoted.replace('\r', "\\r").replace('\t', "\\t");
                write!(f, "[\"{}\"]", quoted.replace("${", "$${").replace("%{", "%%{"))
            }
        }
    }
}

impl Key {
    /// The key that a value is.
    pub fn of(value: &Value) -> Option<Self> {
        match &value.kind {
            Kind::Number(number) => Some(Self::Index(usize::try_from(number.as_u64()?).ok()?)),
            _ => Some(Self::Name(text_of(value)?)),
        }
    }
}

impl Scope {
    fn calls_with(&self, name: &str) -> String {
        if self.calls.is_empty() { name.to_owned() } else { format!("{}.{name}", self.calls) }
    }

    /// Is it the module's own `count` or `for_each` that keeps it from being called?
    pub fn is_never_called(&self, caller: &Scope) -> bool {
        matches!(
            (&self.existence, &caller.existence),
            (Existence::No(_), Existence::Yes | Existence::Unknown(..))
        )
    }
}

impl<'s> World<'s> {
    pub fn new(source: &'s dyn ModuleSource, directory: &Arc<str>) -> Self {
        Self {
            source,
            directory: directory.clone(),
            manifest: OnceCell::new(),
            files: RefCell::default(),
            templates: RefCell::default(),
            scopes: RefCell::default(),
            modules: RefCell::default(),
            diagnostics: RefCell::default(),
            reported: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// The scope of the root.
    pub fn root(&self, module: Module, given: BTreeMap<Arc<str>, Given>) -> Rc<Scope> {
        let root = Rc::new(Scope {
            prefix: String::new(),
            directory: self.directory.clone(),
            path: ".".into(),
            calls: String::new(),
            module: Rc::new(module),
            existence: Existence::Yes,
            parent: None,
            given,
            depth: 0,
            values: RefCell::default(),
            instances: RefCell::default(),
            children: RefCell::default(),
        });
        self.scopes.borrow_mut().push(root.clone());
        root
    }

    /// Says once that something is wrong.
    pub fn report(&self, diagnostic: Diagnostic) {
        if self.reported.borrow_mut().insert(diagnostic.to_string()) {
            self.diagnostics.borrow_mut().push(diagnostic);
        }
    }

    /// What was wrong, and which directories were used as modules.
    pub fn finish(self) -> (Vec<Diagnostic>, BTreeSet<Arc<str>>) {
        // Scopes know both their children and their parents; letting go of the children lets go of them all.
        for scope in self.scopes.into_inner() {
            scope.children.borrow_mut().clear();
        }
        let used = self
            .modules
            .into_inner()
            .into_iter()
            .filter_map(|(directory, module)| module.map(|_| directory))
            .collect();
        (self.diagnostics.into_inner(), used)
    }

    /// May one more expression be evaluated inside of the others?
    pub fn enter(&self) -> bool {
        self.charge(1);
        if self.depth.get() >= DEEPEST || self.steps.get() > MOST_STEPS {
            return false;
        }
        self.depth.set(self.depth.get() + 1);
        true
    }
    pub fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }
    /// Counts work, so that no configuration can keep the reader busy forever.
    pub fn charge(&self, steps: usize) {
        let before = self.steps.get();
        self.steps.set(before.saturating_add(steps));
        if before <= MOST_STEPS && self.steps.get() > MOST_STEPS {
            self.report(
                Diagnostic::warning(
                    "this configuration takes too long to evaluate; what is left of it is unknown",
                )
                .help("scan its modules on their own"),
            );
        }
    }

    /// A value that is found out once; one that needs itself is unknown, and said to be wrong.
    pub fn once(
        &self,
        scope: &Scope,
        sort: Sort,
        name: &Arc<str>,
        find: impl FnOnce() -> Outcome,
    ) -> Outcome {
        let key = (sort, name.clone());
        if let Some(known) = scope.values.borrow().get(&key) {
            return match known {
                Some(outcome) => outcome.clone(),
                None => Ok(self.needs_itself(scope, sort, name)),
            };
        }
        scope.values.borrow_mut().insert(key.clone(), None);
        let outcome = find();
        scope.values.borrow_mut().insert(key, Some(outcome.clone()));
        outcome
    }

    fn needs_itself(&self, scope: &Scope, sort: Sort, name: &str) -> Value {
        let (what, expression) = match sort {
            Sort::Variable => (format!("var.{name}"), None),
            Sort::Local => (format!("local.{name}"), scope.module.locals.get(name)),
            Sort::Output => (format!("output.{name}"), scope.module.outputs.get(name)),
            Sort::Argument | Sort::Resource | Sort::Call => (name.to_owned(), None),
        };
        let mut diagnostic = Diagnostic::error(format!("`{what}` needs itself to be evaluated"));
        diagnostic.span = expression.map(|expression| expression.place.span());
        self.report(diagnostic);
        let origin = expression
            .map_or_else(|| Origin::Documented(what.as_str().into()), |expression| expression.place.origin());
        Value::unknown_because(Why::NotEvaluated(what.into()), &origin)
    }

    /// `var.name`; none when no variable of this name is declared.
    pub fn variable(&self, scope: &Rc<Scope>, name: &Arc<str>) -> Option<Outcome> {
        let variable = scope.module.variables.get(name)?;
        Some(self.once(scope, Sort::Variable, name, || {
            let mut inside = Environment::new(self, scope, Instance::Only);
            let kind = variable.kind.as_ref().map_or(Type::Any, |kind| Type::of(kind, &mut inside));
            let no_value = || {
                let why = Why::NoValue(format!("var.{name}").into());
                let origin = variable.header.origin();
                Value::unknown(unknown(why, !variable.nullable, kind.shape()), &origin)
            };
            let given = self.given(scope, name, &kind).filter(|value| variable.nullable || !value.is_null());
            let value = match (given, &variable.default) {
                (Some(given), _) => given,
                (None, Some(default)) => inside.value(default),
                (None, None) => no_value(),
            };
            Ok(convert(&value, &kind).unwrap_or_else(|_| no_value()))
        }))
    }

    fn given(&self, scope: &Rc<Scope>, name: &Arc<str>, kind: &Type) -> Option<Value> {
        if let Some(parent) = &scope.parent {
            let call = parent.scope.module.calls.get(parent.call)?;
            let argument = call.body.attribute(name)?;
            let mut outside = Environment::new(self, &parent.scope, parent.instance.clone());
            return Some(outside.value(argument));
        }
        match scope.given.get(name)? {
            Given::Expression(expression) => {
                Some(Environment::new(self, scope, Instance::Only).value(expression))
            }
            Given::Text(text) => Some(self.given_text(scope, name, text, kind)),
        }
    }

    /// As Terraform reads `-var`: literally for primitive types and for none, an expression for the others.
    fn given_text(&self, scope: &Rc<Scope>, name: &str, text: &str, kind: &Type) -> Value {
        let origin = Origin::Documented(format!("-var {name}").into());
        if matches!(kind, Type::Any | Type::Text | Type::Number | Type::Bool) {
            return Value::text(text, &origin);
        }
        let source = Arc::new(crate::source::Source::within(&origin, text.to_owned()));
        match crate::syntax::expression_in_text(text, &source) {
            Ok(expression) => Environment::new(self, scope, Instance::Only).value(&expression).at(&origin),
            Err(message) => {
                self.report(
                    Diagnostic::error(format!(
                        "the value given for `var.{name}` could not be read: {message}"
                    ))
                    .help("a list or map is written as in a configuration: `[\"a\"]`, `{ a = 1 }`"),
                );
                Value::unknown_because(Why::Unreadable(message.into()), &origin)
            }
        }
    }

    /// `local.name`; none when there is no such local.
    pub fn local(&self, scope: &Rc<Scope>, name: &Arc<str>) -> Option<Outcome> {
        let expression = scope.module.locals.get(name)?;
        Some(self.once(scope, Sort::Local, name, || {
            Environment::new(self, scope, Instance::Only).evaluate(expression)
        }))
    }

    /// An output; none when there is no such output.
    pub fn output(&self, scope: &Rc<Scope>, name: &Arc<str>) -> Option<Outcome> {
        let expression = scope.module.outputs.get(name)?;
        Some(self.once(scope, Sort::Output, name, || {
            Environment::new(self, scope, Instance::Only).evaluate(expression)
        }))
    }

    /// How often a resource is there.
    pub fn resource_instances(&self, scope: &Rc<Scope>, at: usize, resource: &Resource) -> Rc<Instances> {
        match &resource.body {
            Ok(body) => self.instances(scope, Sort::Resource, at, body),
            Err(_) => Rc::new(Instances::One),
        }
    }

    fn instances(&self, scope: &Rc<Scope>, sort: Sort, at: usize, body: &Body) -> Rc<Instances> {
        if let Some(known) = scope.instances.borrow().get(&(sort, at)) {
            return known.clone().unwrap_or_else(|| {
                let why = Why::NotEvaluated("count or for_each that needs itself".into());
                let origin = Origin::Documented("count".into());
                Rc::new(Instances::Open(Arc::new(why.into()), origin))
            });
        }
        scope.instances.borrow_mut().insert((sort, at), None);
        let instances = Rc::new(self.find_instances(scope, body));
        scope.instances.borrow_mut().insert((sort, at), Some(instances.clone()));
        instances
    }

    fn find_instances(&self, scope: &Rc<Scope>, body: &Body) -> Instances {
        let mut environment = Environment::new(self, scope, Instance::Only);
        if let Some(count) = body.attribute("count") {
            return counted(&environment.value(count), count);
        }
        match body.attribute("for_each") {
            Some(each) => for_each(&environment.value(each), each),
            None => Instances::One,
        }
    }

    /// The scopes of a `module` block.
    pub fn children(&self, scope: &Rc<Scope>, at: usize) -> Rc<Children> {
        if let Some(known) = scope.children.borrow().get(&at) {
            return known.clone().unwrap_or_else(|| Rc::new(Children::Absent));
        }
        scope.children.borrow_mut().insert(at, None);
        let children = Rc::new(match scope.module.calls.get(at) {
            Some(call) => self.find_children(scope, at, call),
            None => Children::Scopes(Vec::new()),
        });
        scope.children.borrow_mut().insert(at, Some(children.clone()));
        children
    }

    fn find_children(&self, scope: &Rc<Scope>, at: usize, call: &Call) -> Children {
        let Some(module) = self.called_module(scope, call) else {
            return Children::Absent;
        };
        let child = |key: Option<&Key>, instance: Instance, existence: Existence| {
            let key = key.map(ToString::to_string).unwrap_or_default();
            let child = Rc::new(Scope {
                prefix: format!("{}module.{}{key}.", scope.prefix, call.name),
                directory: joined(&self.directory, &module.0),
                path: module.0.clone(),
                calls: scope.calls_with(&call.name),
                module: module.1.clone(),
                existence: both(&scope.existence, existence),
                parent: Some(Parent { scope: scope.clone(), call: at, instance }),
                given: BTreeMap::new(),
                depth: scope.depth + 1,
                values: RefCell::default(),
                instances: RefCell::default(),
                children: RefCell::default(),
            });
            self.scopes.borrow_mut().push(child.clone());
            child
        };
        let instances = self.instances(scope, Sort::Call, at, &call.body);
        Children::Scopes(match &*instances {
            Instances::One => vec![(None, child(None, Instance::Only, Existence::Yes))],
            Instances::None(origin) => {
                let why = Why::NotEvaluated("count.index".into());
                let never = Instance::Open(Arc::new(why.into()));
                vec![(None, child(None, never, Existence::No(origin.clone())))]
            }
            Instances::Open(unknown, origin) => {
                let existence = Existence::Unknown(unknown.as_ref().clone(), origin.clone());
                vec![(None, child(None, Instance::Open(unknown.clone()), existence))]
            }
            Instances::Many(unknown) => {
                vec![(None, child(None, Instance::Open(unknown.clone()), Existence::Yes))]
            }
            Instances::Keyed(keyed) => keyed
                .iter()
                .map(|(key, instance)| {
                    let child = child(Some(key), instance.clone(), Existence::Yes);
                    (Some(key.clone()), child)
                })
                .collect(),
        })
    }

    /// The module that a call names, with its directory seen from the root; none, and a diagnostic, when its inside can't be seen.
    fn called_module(&self, scope: &Rc<Scope>, call: &Call) -> Option<(Arc<str>, Rc<Module>)> {
        let unseen = |message: String, help: &str, error: bool| {
            let make = if error { Diagnostic::error } else { Diagnostic::warning };
            self.report(make(message).at(call.header.span()).help(help));
            None
        };
        let source = call
            .body
            .attribute("source")
            .map(|source| Environment::new(self, scope, Instance::Only).value(source));
        let Some(source) = source.as_ref().and_then(text_of) else {
            return unseen(
                format!("the source of `module.{}` is not known", call.name),
                "the resources in it are not seen",
                false,
            );
        };
        let is_local =
            source.starts_with("./") || source.starts_with("../") || matches!(&*source, "." | "..");
        let path = if is_local {
            joined(&scope.path, &source)
        } else if let Some(path) = self.downloaded(scope, call, &source) {
            path
        } else {
            return unseen(
                format!("`module.{}` comes from `{source}`, which is not on this machine", call.name),
                "its resources are not seen; run `terraform init`, or scan a plan (`terraform show -json`), to see them",
                false,
            );
        };
        let directory = joined(&self.directory, &path);
        if self.is_inside(scope, &directory) {
            return unseen(
                format!("`module.{}` calls the module it is part of", call.name),
                "a module can't contain itself",
                true,
            );
        }
        if scope.depth >= DEEPEST_MODULE || self.scopes.borrow().len() >= MOST_SCOPES {
            return unseen(
                format!(
                    "`module.{}` is one call too many: this root calls modules too deeply or too often",
                    call.name
                ),
                "scan the module's directory on its own",
                true,
            );
        }
        match self.module(&directory) {
            Some(module) => Some((path, module)),
            None => unseen(
                format!("`module.{}` comes from `{directory}`, which has no configuration", call.name),
                "its resources are not seen; is the path in `source` right?",
                false,
            ),
        }
    }

    /// Where a module that is not part of this repository was downloaded to, seen from the root.
    fn downloaded(&self, scope: &Scope, call: &Call, source: &str) -> Option<Arc<str>> {
        let manifest = self.manifest.get_or_init(|| {
            self.bytes(manifest::PATH).map_or_else(|_| Manifest::default(), |bytes| Manifest::read(&bytes))
        });
        manifest.directory(&scope.calls_with(&call.name), source)
    }

    /// A path that a configuration names, joined with the root's.
    pub fn resolved(&self, path: &str) -> Arc<str> {
        if path.starts_with('/') { joined("/", path) } else { joined(&self.directory, path) }
    }

    /// What is in a file that a configuration names.
    pub fn bytes(&self, written: &str) -> Result<Arc<[u8]>, Unread> {
        let path = self.resolved(written);
        let unread = |why: NotRead| Unread { path: path.clone(), why };
        if written.starts_with('~') {
            return Err(unread(NotRead::Outside));
        }
        self.charge(FILE_STEPS);
        if let Some(known) = self.files.borrow().get(&path) {
            return known.clone().map_err(unread);
        }
        let read = match self.source.text(&path) {
            Ok(bytes) if bytes.len() > TEXT_BYTES_MAX => Err(NotRead::TooLarge),
            Ok(bytes) => Ok(bytes.into()),
            Err(why) => Err(why),
        };
        self.charge(read.as_ref().map_or(0, |bytes: &Arc<[u8]>| bytes.len() / 64));
        if self.steps.get() > MOST_STEPS {
            return Err(unread(NotRead::Failed("this configuration reads too much".to_owned())));
        }
        self.files.borrow_mut().insert(path.clone(), read.clone());
        read.map_err(unread)
    }

    /// The paths of all files below a directory.
    pub fn names(&self, directory: &str) -> Result<Vec<String>, Unread> {
        let unread = |why: NotRead| Unread { path: directory.into(), why };
        self.charge(FILE_STEPS);
        if self.steps.get() > MOST_STEPS {
            return Err(unread(NotRead::Failed("this configuration reads too much".to_owned())));
        }
        let names = self.source.names(directory).map_err(unread)?;
        self.charge(names.len() * 4);
        Ok(names)
    }

    /// The template in a file.
    pub fn template_file(&self, written: &str) -> Result<Rc<Vec<Part>>, Unread> {
        let bytes = self.bytes(written)?;
        let path = self.resolved(written);
        if let Some(known) = self.templates.borrow().get(&path) {
            return known
                .clone()
                .map_err(|message| Unread { path: path.clone(), why: NotRead::Failed(message) });
        }
        let parts = std::str::from_utf8(&bytes)
            .map_err(|_| "it is not UTF-8 text".to_owned())
            .and_then(|text| crate::syntax::template_parts(text, &path))
            .map(Rc::new);
        self.templates.borrow_mut().insert(path.clone(), parts.clone());
        parts.map_err(|message| Unread { path, why: NotRead::Failed(message) })
    }

    /// The template that a text is.
    pub fn template_text(&self, text: &str, origin: &Origin) -> Result<Rc<Vec<Part>>, String> {
        let file = origin.span().map_or_else(|| "".into(), |span| span.file.clone());
        crate::syntax::template_parts(text, &file).map(Rc::new)
    }

    fn is_inside(&self, scope: &Rc<Scope>, directory: &str) -> bool {
        let mut scope = Some(scope);
        while let Some(current) = scope {
            if joined(&current.directory, ".") == joined(directory, ".") {
                return true;
            }
            scope = current.parent.as_ref().map(|parent| &parent.scope);
        }
        false
    }

    fn module(&self, directory: &Arc<str>) -> Option<Rc<Module>> {
        if let Some(known) = self.modules.borrow().get(directory) {
            return known.clone();
        }
        let files: Option<Vec<File>> = self.source.files(directory);
        let module = files
            .map(|files| {
                let mut diagnostics = Vec::new();
                let module = Module::read(&files, &mut diagnostics);
                for diagnostic in diagnostics {
                    self.report(diagnostic);
                }
                Rc::new(module)
            })
            .filter(|module| module.has_files);
        self.modules.borrow_mut().insert(directory.clone(), module.clone());
        module
    }

    /// What a provider is configured with (`region`, `default_tags.tags`): the caller's configuration where the module
    /// has none of its own.
    pub fn provider_setting(
        &self,
        scope: &Rc<Scope>,
        name: &str,
        alias: Option<&str>,
        setting: &str,
    ) -> Option<Value> {
        let own = scope
            .module
            .providers
            .iter()
            .find(|provider| &*provider.name == name && provider.alias.as_deref() == alias);
        if let Some(provider) = own {
            let expression = match setting.split_once('.') {
                Some((block, argument)) => provider.body.blocks_of(block).next()?.body.attribute(argument)?,
                None => provider.body.attribute(setting)?,
            };
            return Some(Environment::new(self, scope, Instance::Only).value(expression));
        }
        let parent = scope.parent.as_ref()?;
        let call = parent.scope.module.calls.get(parent.call)?;
        let wanted = alias.map_or_else(|| name.to_owned(), |alias| format!("{name}.{alias}"));
        match call.providers().find(|(inner, _)| **inner == *wanted) {
            Some((_, outer)) => {
                let (name, alias) = provider_name(&outer);
                self.provider_setting(&parent.scope, name, alias, setting)
            }
            None if alias.is_none() => self.provider_setting(&parent.scope, name, None, setting),
            None => None,
        }
    }
}

/// `aws.west` is the provider `aws` with the alias `west`.
pub(crate) fn provider_name(spelled: &str) -> (&str, Option<&str>) {
    match spelled.split_once('.') {
        Some((name, alias)) => (name, Some(alias)),
        None => (spelled, None),
    }
}

fn counted(count: &Value, expression: &Expression) -> Instances {
    let origin = expression.place.origin();
    let number = to_number(count);
    match number.as_ref().map(|number| &number.kind) {
        Ok(Kind::Number(number)) => match number.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(0) => Instances::None(origin),
            Some(count) if count <= MOST_INSTANCES => Instances::Keyed(
                (0..count).map(|index| (Key::Index(index), Instance::Counted(index))).collect(),
            ),
            Some(_) => Instances::Many(Arc::new(Why::NotEvaluated("count.index".into()).into())),
            None => refused(expression),
        },
        Ok(Kind::Unknown(unknown)) => Instances::Open(unknown.clone(), origin),
        _ => refused(expression),
    }
}

fn for_each(collection: &Value, expression: &Expression) -> Instances {
    let origin = expression.place.origin();
    let more = match &collection.kind {
        Kind::Unknown(unknown) => return Instances::Open(unknown.clone(), origin),
        Kind::List(list) => list.items.iter().find_map(Value::first_unknown).or(list.more.as_ref()),
        Kind::Map(map) => map.more.as_ref(),
        _ => return refused(expression),
    };
    if let Some(more) = more {
        return Instances::Open(more.clone(), origin);
    }
    let is_list = matches!(collection.kind, Kind::List(_));
    let pairs = pairs_of(collection).unwrap_or_default();
    if pairs.is_empty() {
        return Instances::None(origin);
    }
    if pairs.len() > MOST_INSTANCES {
        return Instances::Many(Arc::new(Why::NotEvaluated("each.key".into()).into()));
    }
    let keyed: Option<Vec<_>> = pairs
        .into_iter()
        .map(|(key, value)| {
            let key = if is_list { value.clone() } else { key };
            let name = text_of(&key)?;
            let key = Value::text(name.clone(), &key.origin);
            let value = if is_list { key.clone() } else { value };
            Some((Key::Name(name), Instance::Each(key, value)))
        })
        .collect();
    keyed.map_or_else(|| refused(expression), Instances::Keyed)
}

fn refused(expression: &Expression) -> Instances {
    let why = Why::NotEvaluated(expression.place.quoted());
    Instances::Open(Arc::new(why.into()), expression.place.origin())
}

/// Something exists when what it is part of does and it does itself.
pub(crate) fn both(outer: &Existence, inner: Existence) -> Existence {
    match (outer, &inner) {
        (Existence::No(_), _) => outer.clone(),
        (_, Existence::No(_)) => inner,
        (Existence::Unknown(..), _) => outer.clone(),
        (Existence::Yes, _) => inner,
    }
}

/// A path below a directory, without `.` and, where that is possible, without `..`.
pub(crate) fn joined(directory: &str, path: &str) -> Arc<str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let start = if directory.starts_with('/') { "/" } else { "" };
    match (start, parts.is_empty()) {
        ("", true) => ".".into(),
        _ => format!("{start}{}", parts.join("/")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths_are_joined_without_detours() {
        for (directory, path, expected) in [
            (".", "./a", "a"),
            (".", "../a", "../a"),
            ("a/b", "../c", "a/c"),
            ("a", "..", "."),
            ("/x", "./y/", "/x/y"),
            ("..", "../z", "../../z"),
        ] {
            assert_eq!(&*joined(directory, path), expected);
        }
    }
}
