//! Reads Terraform configurations and plans into resources.
//!
//! A *configuration* is one directory: [`read_configuration`] is given its files, evaluates what they say
//! (variables, locals, functions, `for`, `count`, `for_each`, `dynamic`, modules of the same repository and those
//! that `terraform init` downloaded) and returns every `resource` block. Files that `file`, `templatefile` and their
//! kin name come from the [`ModuleSource`], never from disk by itself. Terraform is taken to run in the root's
//! directory (`path.root` and `path.cwd` are `.`), in the workspace `default`. What it can't evaluate is unknown with
//! its reason; a block that can't be parsed is still there, all of it unknown: no resource is ever dropped. A *plan*
//! is what `terraform show -json` prints: [`read_plan`], which also reads a state as it is stored.
//!
//! A directory may hold `main.tf` beside `main.tofu`: Terraform reads the first, OpenTofu the second in its place. Which of
//! them is meant nobody can tell, so both are read: what both declare is as `main.tofu` says, and what only `main.tf`
//! declares is there as well. So nothing is dropped for either. Values of variables come from `.tfvars` files, not from
//! ones that end in `.tofuvars`; tests (`*.tftest.hcl`, `*.tofutest.hcl`) declare nothing that is deployed, and aren't read.
//!
//! How values are represented:
//!
//! - an attribute is an entry of the resource's map; nested blocks of one kind are a list of maps under that
//!   kind's name, even when there is only one. In JSON syntax, where a nested block can't be told from a map, an
//!   object stays a map and a list of objects a list of maps;
//! - `jsonencode(…)`, `data.aws_iam_policy_document.x.json` and a template (in the configuration, or a file's) that
//!   is JSON with unknown parts are the *decoded* document, a map or a list, so that each part keeps its place and an
//!   unknown part hides only itself. Text that was written as JSON text stays text. Whoever decodes JSON takes both
//!   forms;
//! - an attribute of another resource that isn't set there is [`Why::AfterApply`](palisade_model::Why::AfterApply)
//!   and refers to that resource; one that is set has the value it is set to. A reference into an instance names
//!   its key when that is known: `aws_sqs_queue.q["a"]`; otherwise the address without a key;
//! - a value that is unknown because of another has the first cause as its reason: `var.name` has no value.

mod configuration;
mod convert;
mod evaluate;
mod functions;
mod json;
mod manifest;
mod mend;
mod module;
mod plan;
mod policy_document;
mod reference;
mod rendered;
mod scope;
mod source;
mod split;
mod state;
mod syntax;
mod template;
mod types;
mod value;

pub use plan::{is_plan, read_plan};

use palisade_model::{Diagnostic, Origin, RawResource};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Values for a root's variables from outside of it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What `-var name=value` gives: the text as it was typed.
    pub variables: BTreeMap<String, String>,
    /// What `-var-file` gives: paths as the user would write them, and their texts. Later ones count.
    pub variable_files: Vec<(Arc<str>, String)>,
}

/// A file and what is in it.
#[derive(Debug, Clone)]
pub struct File {
    /// The path as the user would write it.
    pub path: Arc<str>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Every resource block, one for each instance where that is known.
    pub resources: Vec<RawResource>,
    /// What was wrong, each with its place.
    pub diagnostics: Vec<Diagnostic>,
    /// The directories that were read as modules of this root. They are roots of their own only if somebody says so.
    pub modules_used: BTreeSet<Arc<str>>,
    /// Where each module is called, by what the addresses in it begin with: `module.a["x"].module.b.`.
    pub calls: BTreeMap<Arc<str>, Origin>,
}

/// Hands over the files of modules, and those that configurations name.
pub trait ModuleSource {
    /// The files directly in a directory; none when there is no such directory. The directory is the calling
    /// module's joined with the `source` argument, without `.` and `..` where that is possible: `modules/network`.
    fn files(&self, directory: &str) -> Option<Vec<File>>;

    /// What is in a file that `file`, `templatefile` and the like name, or that lists the modules that were
    /// downloaded: at most [`TEXT_BYTES_MAX`] bytes. The path is the root's joined with what is written.
    ///
    /// Configurations are foreign: whoever reads from disk hands over only what lies where the user pointed at.
    fn text(&self, _path: &str) -> Result<Vec<u8>, NotRead> {
        Err(NotRead::Unseen)
    }

    /// The paths of all files below a directory, relative to it and with `/`, for `fileset`.
    fn names(&self, _directory: &str) -> Result<Vec<String>, NotRead> {
        Err(NotRead::Unseen)
    }
}

/// The largest file that is read as a text, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// Why a file that a configuration names is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is certain that there is none.
    #[error("there is no such file")]
    Absent,
    /// It lies where a configuration has no business to look.
    #[error("it lies outside of the folders that are scanned")]
    Outside,
    /// It may be there, but nobody can look.
    #[error("it is not among the files at hand")]
    Unseen,
    /// It has more than [`TEXT_BYTES_MAX`] bytes.
    #[error("it is larger than 4 MB")]
    TooLarge,
    /// It is there, but can't be read for this reason.
    #[error("{0}")]
    Failed(String),
}

/// No local modules can be had.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoModules;

impl ModuleSource for NoModules {
    fn files(&self, _directory: &str) -> Option<Vec<File>> {
        None
    }
}

impl<F: Fn(&str) -> Option<Vec<File>>> ModuleSource for F {
    fn files(&self, directory: &str) -> Option<Vec<File>> {
        self(directory)
    }
}

/// Reads one root module: of its files those named `*.tf`, `*.tofu` (also with `.json`), `terraform.tfvars` and
/// `*.auto.tfvars` (also with `.json`). Other files are left alone.
///
/// `root` is the directory as the user would write it. Local modules come from `modules`; a module from a registry
/// or repository is a warning, and its outputs are unknown.
pub fn read_configuration(
    root: &Arc<str>,
    files: &[File],
    options: &Options,
    modules: &dyn ModuleSource,
) -> Configuration {
    configuration::read(root, files, options, modules)
}
