//! Finds what can be read below the given paths, and reads it. One bad file never stops the rest.

use palisade_document::{Text, decode};
use palisade_model::{Address, Diagnostic, Level, RawResource, Span};
use palisade_read_cloudformation::read_template;
use palisade_read_terraform::{File, ModuleSource, NotRead, TEXT_BYTES_MAX, read_configuration, read_plan};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// The largest Terraform file that is read, in bytes.
const TERRAFORM_BYTES_MAX: u64 = 8 << 20;
/// The largest template or plan that is read, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;
/// No more files than this are listed below one folder.
const NAMES_MAX: usize = 20_000;
/// Folders that hold nothing of the user's own.
const SKIPPED: &[&str] = &[".git", ".terraform", ".terragrunt-cache", "node_modules", ".hg", ".svn"];

/// Values from outside of what is read.
#[derive(Debug, Clone, Default)]
pub struct GatherOptions {
    /// Values of Terraform variables and CloudFormation parameters, as typed.
    pub variables: BTreeMap<String, String>,
    /// Terraform variable files.
    pub variable_files: Vec<PathBuf>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Every resource that was declared.
    pub resources: Vec<RawResource>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read. One that is broken from end to end is none.
    pub files: u64,
    /// Was there anything that Palisade reads?
    pub recognised: bool,
    /// Where each module is called, by its root and what the addresses in it begin with.
    pub calls: BTreeMap<Address, Span>,
}

/// Reads everything below the given paths; `-` is standard input. `progress` is told each place as it begins.
pub fn gather(targets: &[PathBuf], options: &GatherOptions, progress: &dyn Fn(&str)) -> Gathered {
    let mut gathering = Gathering::new(options);
    gathering.within = targets.iter().filter_map(|target| target.canonicalize().ok()).collect();
    for target in targets {
        gathering.target(target);
    }
    gathering.read_all(progress)
}

/// As [`gather`], for files whose text is at hand: paths as they are shown, and texts.
pub fn gather_files(files: &[(Arc<str>, Arc<str>)], options: &GatherOptions) -> Gathered {
    let mut gathering = Gathering::new(options);
    gathering.is_on_disk = false;
    for (path, text) in files {
        gathering.given.insert(path.to_string(), text.as_bytes().to_vec());
        gathering.sort(PathBuf::from(&**path), false);
    }
    gathering.read_all(&|_| {})
}

/// How the names of Terraform's files end.
const TERRAFORM: [&str; 6] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];
/// How the names of files end that may be templates, plans or states.
const DOCUMENTS: [&str; 5] = [".yaml", ".yml", ".json", ".template", ".tfstate"];

/// Does the name of the file end so?
fn ends(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Is a file of this name read?
fn is_read(path: &Path) -> bool {
    ends(path, &TERRAFORM) || ends(path, &DOCUMENTS)
}

struct Gathering<'a> {
    options: &'a GatherOptions,
    /// The folders that hold Terraform, with the files directly in them.
    roots: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Files that may be templates or plans, and whether the user named them.
    documents: BTreeMap<PathBuf, bool>,
    /// Texts that do not lie on disk.
    given: BTreeMap<String, Vec<u8>>,
    /// The folders that the user named, where they really are.
    targets: Vec<PathBuf>,
    /// The folders that were looked through: where they really are, and what they were called.
    seen: HashMap<PathBuf, PathBuf>,
    /// The files that were read, as they are shown.
    read: BTreeSet<Arc<str>>,
    /// May modules be looked for on disk?
    is_on_disk: bool,
    /// Where what the user named really is.
    within: Vec<PathBuf>,
    done: Gathered,
}

impl<'a> Gathering<'a> {
    fn new(options: &'a GatherOptions) -> Self {
        Self {
            options,
            roots: BTreeMap::new(),
            documents: BTreeMap::new(),
            given: BTreeMap::new(),
            targets: Vec::new(),
            seen: HashMap::new(),
            read: BTreeSet::new(),
            is_on_disk: true,
            within: Vec::new(),
            done: Gathered::default(),
        }
    }

    fn say(&mut self, diagnostic: Diagnostic, path: &Path) {
        self.done.diagnostics.push(diagnostic.at(Span::new(shown(path), (1, 1), (1, 2))));
    }

    fn target(&mut self, target: &Path) {
        if target == Path::new("-") {
            return self.standard_input();
        }
        if !target.exists() {
            let diagnostic = Diagnostic::error("there is no such file or folder").help("check the path");
            return self.say(diagnostic, target);
        }
        // A pipe, as `<(…)` in a shell, is read like a file.
        if !target.is_dir() {
            return self.sort(target.to_path_buf(), true);
        }
        self.targets.extend(target.canonicalize());
        let mut folders = VecDeque::from([target.to_path_buf()]);
        while let Some(folder) = folders.pop_front() {
            self.folder(&folder, &mut folders);
        }
    }

    /// Looks through a folder. Folders that links lead to are left for later, and each folder is looked through once, by
    /// whatever name: else a handful of links could lead to any number of places.
    fn folder(&mut self, folder: &Path, later: &mut VecDeque<PathBuf>) {
        let is_skipped = |name: &str| SKIPPED.contains(&name);
        let mut walk = WalkDir::new(folder).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.not_walked(&error, folder);
                    continue;
                }
            };
            let (path, is_below) = (entry.path(), entry.depth() > 0);
            if is_below && entry.path_is_symlink() && self.leads_out(path) {
                // Whoever may change the folder could else have any file of this machine read and quoted.
                let diagnostic =
                    Diagnostic::warning("this link leads out of what is scanned, and is not followed");
                self.say(diagnostic.help("name the place it leads to as well, if that is meant"), path);
                continue;
            }
            if path.is_dir() {
                let skipped = is_below && entry.file_name().to_str().is_some_and(is_skipped);
                if !skipped && is_below && entry.path_is_symlink() {
                    later.push_back(path.to_path_buf());
                } else if skipped || !self.is_first_visit(path) {
                    walk.skip_current_dir();
                }
            } else if path.is_file() {
                self.sort(entry.into_path(), false);
            } else if entry.path_is_symlink() {
                self.say(Diagnostic::warning("this link leads nowhere"), path);
            } else if is_read(path) {
                // Opening a pipe that nobody writes to would wait for ever.
                let diagnostic = Diagnostic::error("this is neither a file nor a folder, and is not read");
                self.say(diagnostic.help("name a pipe itself, if it is meant"), path);
            }
        }
    }

    /// Does a link lead to a place that the user did not name?
    fn leads_out(&self, link: &Path) -> bool {
        link.canonicalize().is_ok_and(|real| !self.within.iter().any(|target| real.starts_with(target)))
    }

    /// Is this the first time that this folder is looked through? A link to a folder it stands in is said to be one.
    fn is_first_visit(&mut self, path: &Path) -> bool {
        let Ok(real) = path.canonicalize() else {
            return true;
        };
        let Some(known) = self.seen.get(&real).cloned() else {
            self.seen.insert(real, path.to_path_buf());
            return true;
        };
        let parent = path.parent().map(Path::canonicalize);
        if path.is_symlink() && matches!(parent, Some(Ok(parent)) if parent.starts_with(&real)) {
            let diagnostic = Diagnostic::warning(format!("this link leads back to `{}`", shown(&known)));
            self.say(diagnostic.help("it is not followed"), path);
        }
        false
    }

    fn not_walked(&mut self, error: &walkdir::Error, target: &Path) {
        let path = error.path().unwrap_or(target).to_path_buf();
        let message = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        let diagnostic = Diagnostic::error(format!("it could not be opened: {message}"));
        self.say(diagnostic.help("check its permissions"), &path);
    }

    fn standard_input(&mut self) {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            return self.say(
                Diagnostic::error(format!("standard input could not be read: {error}")),
                Path::new("-"),
            );
        }
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]).into_owned();
        let start = start.trim_start_matches('\u{feff}').trim_start();
        if start.is_empty() {
            let diagnostic = Diagnostic::error("standard input is empty");
            return self.say(diagnostic.help("look at what the command before it says"), Path::new("-"));
        }
        let is_document = start.starts_with('{') || start.lines().any(|line| line.starts_with("Resources:"));
        let path = PathBuf::from(if is_document { "-" } else { "standard input.tf" });
        self.given.insert(shown(&path).to_string(), bytes);
        if is_document {
            self.documents.insert(path, true);
        } else {
            self.roots.entry(PathBuf::new()).or_default().push(path);
        }
    }

    /// Puts a file where it belongs by its name.
    fn sort(&mut self, path: PathBuf, is_named: bool) {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        if ends(&path, &TERRAFORM) {
            self.roots.entry(folder).or_default().push(path);
        } else if ends(&path, &DOCUMENTS) || is_named {
            self.documents.insert(path, is_named);
        }
    }

    fn bytes(&mut self, path: &Path, most: u64) -> Option<Vec<u8>> {
        if let Some(bytes) = self.given.get(&*shown(path)) {
            return Some(bytes.clone());
        }
        match read_file(path, most) {
            Ok(bytes) => Some(bytes),
            Err(diagnostic) => {
                self.say(diagnostic, path);
                None
            }
        }
    }

    fn read_all(mut self, progress: &dyn Fn(&str)) -> Gathered {
        // A state beside its configuration would say everything twice.
        let roots: Vec<&PathBuf> = self.roots.keys().collect();
        self.documents.retain(|path, is_named| {
            *is_named
                || path.extension().is_none_or(|extension| extension != "tfstate")
                || !path.parent().is_some_and(|folder| roots.contains(&&folder.to_path_buf()))
        });
        self.read_terraform(progress);
        for (path, is_named) in std::mem::take(&mut self.documents) {
            progress(&shown(&path));
            self.read_document(&path, is_named);
        }
        self.done.files = self.files_read();
        self.done
    }

    /// How many files were read, without those that have an error and declare nothing.
    fn files_read(&self) -> u64 {
        let wrong = |diagnostic: &&Diagnostic| diagnostic.level == Level::Error;
        let file_of = |span: &Span| span.file.clone();
        let diagnostics = self.done.diagnostics.iter().filter(wrong);
        let broken: BTreeSet<Arc<str>> =
            diagnostics.filter_map(|one| one.span.as_ref().map(file_of)).collect();
        let origins = self.done.resources.iter().map(|resource| &resource.origin);
        let declaring: BTreeSet<Arc<str>> = origins.filter_map(|origin| origin.span().map(file_of)).collect();
        let is_read = |file: &&Arc<str>| declaring.contains(*file) || !broken.contains(*file);
        self.read.iter().filter(is_read).count() as u64
    }

    fn read_terraform(&mut self, progress: &dyn Fn(&str)) {
        let options = self.terraform_options();
        let roots = std::mem::take(&mut self.roots);
        let mut read = Vec::new();
        for (folder, paths) in &roots {
            if !paths.iter().any(|path| is_configuration(path)) {
                continue;
            }
            progress(&shown(folder));
            let files: Vec<File> = paths
                .iter()
                .filter_map(|path| {
                    Some(File { path: shown(path), bytes: self.bytes(path, TERRAFORM_BYTES_MAX)? })
                })
                .collect();
            self.done.recognised = true;
            self.read.extend(files.iter().map(|file| file.path.clone()));
            let modules = self.reach_of(folder);
            let configuration = read_configuration(&shown(folder), &files, &options, &modules);
            read.push((shown(folder), configuration));
        }
        // What another root calls as a module is judged there, with its arguments.
        let called: BTreeSet<Arc<str>> = read
            .iter()
            .flat_map(|(root, configuration)| {
                let is_below = |module: &&Arc<str>| !is_ancestor(module, root);
                configuration.modules_used.iter().filter(is_below).cloned().collect::<Vec<_>>()
            })
            .collect();
        for (root, configuration) in read {
            if !called.contains(&root) {
                self.done.resources.extend(configuration.resources);
                self.done.diagnostics.extend(configuration.diagnostics);
                self.done.calls.extend(configuration.calls.into_iter().filter_map(|(name, origin)| {
                    Some((Address { root: root.clone(), name }, origin.span()?.clone()))
                }));
            }
        }
        self.done.diagnostics.dedup();
    }

    /// What the configuration in a folder may look at.
    fn reach_of(&self, root: &Path) -> Reach<'_> {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let root = root.canonicalize().ok();
        let holds_root = |target: &&PathBuf| root.as_ref().is_some_and(|root| root.starts_with(target));
        let targets = self.targets.iter().filter(holds_root).cloned().collect();
        Reach { given: &self.given, is_on_disk: self.is_on_disk, targets }
    }

    fn terraform_options(&mut self) -> palisade_read_terraform::Options {
        let mut variable_files = Vec::new();
        for path in &self.options.variable_files.clone() {
            if let Some(bytes) = self.bytes(path, TERRAFORM_BYTES_MAX) {
                match decode(&shown(path), &bytes) {
                    Ok(text) => variable_files.push((shown(path), text.to_owned())),
                    Err(diagnostic) => self.done.diagnostics.push(diagnostic),
                }
            }
        }
        palisade_read_terraform::Options { variables: self.options.variables.clone(), variable_files }
    }

    fn read_document(&mut self, path: &Path, is_named: bool) {
        // A stranger's file is looked into only as far as it takes to see that it is nothing of ours.
        let Some(bytes) = self.bytes(path, DOCUMENT_BYTES_MAX) else {
            return;
        };
        let file = shown(path);
        let text = match decode(&file, &bytes) {
            Ok(text) => text,
            Err(diagnostic) => {
                // Text in another encoding still shows whether it is one of ours.
                let letters: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
                let text = String::from_utf8_lossy(&letters);
                if is_named || may_be_template(&text) || may_be_plan(text.trim_start_matches('\u{fffd}')) {
                    self.done.diagnostics.push(with_plan_help(diagnostic, &bytes));
                }
                return;
            }
        };
        if (is_named || may_be_template(text))
            && let Some(template) = read_template(&file, text, &self.options.variables)
        {
            self.done.recognised = true;
            self.read.insert(file.clone());
            self.done.resources.extend(template.resources);
            self.done.diagnostics.extend(template.diagnostics);
            return;
        }
        if may_be_plan(text) {
            self.done.recognised = true;
            self.read.insert(file.clone());
            let plan = read_plan(&file, text);
            self.done.resources.extend(plan.resources);
            self.done.diagnostics.extend(plan.diagnostics);
        } else if is_named {
            let diagnostic =
                Diagnostic::error("this is neither Terraform, nor a plan, nor a CloudFormation template");
            self.say(
                diagnostic.help("name a folder of `.tf` files, `terraform show -json` output, or a template"),
                path,
            );
        }
    }
}

fn with_plan_help(diagnostic: Diagnostic, bytes: &[u8]) -> Diagnostic {
    if bytes.starts_with(b"PK") {
        return diagnostic.help("a saved plan is read as JSON: `terraform show -json PLAN > plan.json`");
    }
    diagnostic
}

fn may_be_template(text: &str) -> bool {
    text.contains("AWSTemplateFormatVersion") || text.contains("Resources")
}

fn may_be_plan(text: &str) -> bool {
    let has = |name: &str| text.contains(name);
    let is_shown = has("\"format_version\"") && (has("\"planned_values\"") || has("\"values\""));
    let is_stored = has("\"terraform_version\"") && has("\"lineage\"") && has("\"serial\"");
    text.trim_start().starts_with('{') && (is_shown || is_stored)
}

fn is_configuration(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| name.ends_with(ending))
}

/// The files that a configuration may look at. Configurations come from strangers, so those that they name
/// (`file("~/.aws/credentials")`) are read only where the user has pointed at: below the scanned folders.
struct Reach<'g> {
    /// Texts that do not lie on disk.
    given: &'g BTreeMap<String, Vec<u8>>,
    is_on_disk: bool,
    /// The scanned folders that the configuration is part of, where they really are.
    targets: Vec<PathBuf>,
}

impl ModuleSource for Reach<'_> {
    fn files(&self, directory: &str) -> Option<Vec<File>> {
        if self.is_on_disk { module_files(directory) } else { self.given_files(directory) }
    }

    fn text(&self, path: &str) -> Result<Vec<u8>, NotRead> {
        if let Some(bytes) = self.given.get(path) {
            return Ok(bytes.clone());
        }
        let real = self.real(path)?;
        if !std::fs::metadata(&real).map_err(failed)?.is_file() {
            return Err(NotRead::Failed("it is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        let limit = TEXT_BYTES_MAX as u64 + 1;
        std::fs::File::open(&real)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(failed)?;
        if bytes.len() > TEXT_BYTES_MAX { Err(NotRead::TooLarge) } else { Ok(bytes) }
    }

    fn names(&self, directory: &str) -> Result<Vec<String>, NotRead> {
        let real = self.real(directory)?;
        let mut names = Vec::new();
        for (seen, entry) in WalkDir::new(&real).sort_by_file_name().into_iter().enumerate() {
            if seen > NAMES_MAX {
                return Err(NotRead::Failed(format!("there are more than {NAMES_MAX} files below it")));
            }
            let entry = entry.map_err(|error| NotRead::Failed(error.to_string()))?;
            if entry.path().is_file()
                && let Ok(name) = entry.path().strip_prefix(&real)
            {
                names.push(name.to_string_lossy().replace('\\', "/"));
            }
        }
        Ok(names)
    }
}

impl Reach<'_> {
    /// Where a path leads to, links followed, when that is below a scanned folder.
    fn real(&self, path: &str) -> Result<PathBuf, NotRead> {
        if !self.is_on_disk {
            return Err(NotRead::Unseen);
        }
        let path = Path::new(path);
        match path.canonicalize() {
            Ok(real) if self.is_within(&real) => Ok(real),
            Ok(_) => Err(NotRead::Outside),
            // Not even whether there is such a file is told of places outside.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let parents = path.ancestors().skip(1).map(|parent| match parent.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => parent,
                });
                let nearest = parents.filter_map(|parent| parent.canonicalize().ok()).next();
                let is_inside = nearest.is_some_and(|nearest| self.is_within(&nearest));
                Err(if is_inside && !path.is_symlink() { NotRead::Absent } else { NotRead::Outside })
            }
            Err(_) => Err(NotRead::Outside),
        }
    }

    fn is_within(&self, real: &Path) -> bool {
        self.targets.iter().any(|target| real.starts_with(target))
    }

    /// As [`module_files`], of the files whose text is at hand.
    fn given_files(&self, directory: &str) -> Option<Vec<File>> {
        let is_direct = |path: &Path| path.parent() == Some(Path::new(directory)) && is_configuration(path);
        let files: Vec<File> = self
            .given
            .iter()
            .filter(|(path, _)| is_direct(Path::new(path)))
            .map(|(path, bytes)| File { path: path.as_str().into(), bytes: bytes.clone() })
            .collect();
        (!files.is_empty()).then_some(files)
    }
}

fn failed(error: std::io::Error) -> NotRead {
    NotRead::Failed(error.to_string())
}

/// The Terraform files directly in a folder, for a module that is called.
fn module_files(directory: &str) -> Option<Vec<File>> {
    let folder = if directory.is_empty() { Path::new(".") } else { Path::new(directory) };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let files = paths.into_iter().filter(|path| is_configuration(path)).filter_map(|path| {
        let bytes = read_file(&path, TERRAFORM_BYTES_MAX).ok()?;
        Some(File { path: shown(&path), bytes })
    });
    Some(files.collect())
}

fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Diagnostic> {
    let failed = |error: std::io::Error| {
        Diagnostic::error(format!("it could not be read: {error}")).help("check its permissions")
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    let too_large = |length: u64| {
        let message = format!("it has {} MB, more than the {} MB that are read", length >> 20, most >> 20);
        Diagnostic::error(message).help("leave it out, or split it")
    };
    if length > most {
        return Err(too_large(length));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > most { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Is one folder the other, or above it?
fn is_ancestor(above: &str, below: &str) -> bool {
    above == below || above == "." || above.is_empty() || Path::new(below).starts_with(above)
}

/// A path as the user would write it: with `/`, without a leading `./`.
fn shown(path: &Path) -> Arc<str> {
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("./").unwrap_or(&text);
    if text.is_empty() { ".".into() } else { text.into() }
}

/// The resources that a block of text in one of the sources' languages declares: for the examples of pages.
pub(crate) fn read_block(language: &str, text: Text<'_>) -> Option<(Vec<RawResource>, Vec<Diagnostic>)> {
    match language {
        "hcl" => {
            // The block is pushed down, so that places are the page's own.
            let pushed = "\n".repeat(text.start.line.saturating_sub(1) as usize) + text.text;
            let root: Arc<str> = "".into();
            let file = File { path: format!("{}.tf", text.file).into(), bytes: pushed.into_bytes() };
            let none = palisade_read_terraform::NoModules;
            let read =
                read_configuration(&root, &[file], &palisade_read_terraform::Options::default(), &none);
            Some((read.resources, read.diagnostics))
        }
        "cloudformation" => {
            let template = palisade_read_cloudformation::read_template_text(text, &BTreeMap::new())?;
            Some((template.resources, template.diagnostics))
        }
        "terraform-plan" => {
            let plan = read_plan(text.file, text.text);
            Some((plan.resources, plan.diagnostics))
        }
        "live" => Some(crate::live_text::read_live(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::Value;

    /// A folder with a configuration in `scanned/root`, and secrets beside what is scanned.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("palisade-gather-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("scanned/root/sub")).expect("created");
        let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).expect("written");
        write("secret.txt", "secret");
        write("scanned/shared.txt", "shared");
        write("scanned/root/own.txt", "own");
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../secret.txt", folder.join("scanned/root/link.txt")).expect("linked");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/", folder.join("scanned/root/slash")).expect("linked");
        folder
    }

    /// What an expression of `scanned/root` comes to when `target` is scanned.
    fn read(folder: &Path, target: &str, expression: &str) -> String {
        let text = format!("resource \"aws_x\" \"a\" {{\n v = {expression}\n}}\n");
        std::fs::write(folder.join("scanned/root/main.tf"), text).expect("written");
        let gathered = gather(&[folder.join(target)], &GatherOptions::default(), &|_| {});
        let node = gathered.resources.first().and_then(|resource| resource.raw.get("v")).expect("v");
        match &node.value {
            Value::Unknown(unknown) => unknown.to_string().rsplit(": ").next().unwrap_or_default().to_owned(),
            value => value.to_json().to_string(),
        }
    }

    #[test]
    fn a_configuration_reads_only_below_what_is_scanned() {
        let folder = folder("reach");
        let outside = "it lies outside of the folders that are scanned";
        let secret = folder.join("secret.txt").display().to_string();
        for (target, expression, expected) in [
            ("scanned", "file(\"own.txt\")", "\"own\""),
            ("scanned", "file(\"../shared.txt\")", "\"shared\""),
            ("scanned/root", "file(\"own.txt\")", "\"own\""),
            ("scanned/root", "file(\"../shared.txt\")", outside),
            ("scanned/root", "file(\"../none.txt\")", outside),
            ("scanned/root", "fileexists(\"../shared.txt\")", outside),
            ("scanned/root", "fileexists(\"../none.txt\")", outside),
            ("scanned", "file(\"../../secret.txt\")", outside),
            ("scanned", &format!("file(\"{secret}\")"), outside),
            ("scanned", &format!("templatefile(\"{secret}\", {{}})"), outside),
            ("scanned", "file(\"/etc/passwd\")", outside),
            ("scanned", "file(\"/etc/none\")", outside),
            ("scanned", "file(\"~/.aws/credentials\")", outside),
            ("scanned", "fileset(\"/etc\", \"*\")", outside),
            ("scanned", "fileset(\"../..\", \"*\")", outside),
            ("scanned", "file(\"none.txt\")", "there is no such file"),
            ("scanned", "file(\"none/none.txt\")", "there is no such file"),
            ("scanned", "file(\"sub\")", "it is not a file"),
            ("scanned", "fileexists(\"none.txt\")", "false"),
            ("scanned", "fileset(\"..\", \"*.txt\")", "[\"shared.txt\"]"),
            // A file that is named on its own opens no folder.
            ("scanned/root/main.tf", "file(\"own.txt\")", outside),
        ] {
            assert_eq!(read(&folder, target, expression), expected, "{target}: {expression}");
        }
        #[cfg(unix)]
        for path in ["link.txt", "slash/etc/passwd", "slash/none"] {
            assert_eq!(read(&folder, "scanned", &format!("file(\"{path}\")")), outside, "{path}");
        }
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn given_texts_are_all_there_is() {
        let files = [
            ("a/main.tf", "resource \"aws_x\" \"a\" {\n v = [file(\"t.txt\"), file(\"u.txt\"), file(\"/etc/passwd\")]\n}\n"),
            ("a/t.txt", "given"),
        ]
        .map(|(path, text)| (path.into(), text.into()));
        let gathered = gather_files(&files, &GatherOptions::default());
        let node = gathered.resources[0].raw.get("v").expect("v");
        assert_eq!(node.value.to_json().to_string(), "[\"given\",null,null]");
    }
}
