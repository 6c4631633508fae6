//! Reads Terraform configurations and plans into resources.
//!
//! A *configuration* is one directory: [`read_configuration`] is given its files, evaluates what they say
//! (variables, locals, functions, `for`, `count`, `for_each`, `dynamic`, modules of the same repository) and
//! returns every `resource` block. What it can't evaluate is unknown with its reason; a block that can't be
//! parsed is still there, all of it unknown: no resource is ever dropped. A *plan* is what
//! `terraform show -json` prints: [`read_plan`].
//!
//! How values are represented:
//!
//! - an attribute is an entry of the resource's map; nested blocks of one kind are a list of maps under that
//!   kind's name, even when there is only one. In JSON syntax, where a nested block can't be told from a map, an
//!   object stays a map and a list of objects a list of maps;
//! - `jsonencode(…)`, `data.aws_iam_policy_document.x.json` and a template that is JSON with unknown parts are the
//!   *decoded* document, a map or a list, so that each part keeps its place and an unknown part hides only itself.
//!   Text that was written as JSON text stays text. Whoever decodes JSON takes both forms;
//! - an attribute of another resource that isn't set there is [`Why::AfterApply`](palisade_model::Why::AfterApply)
//!   and refers to that resource; one that is set has the value it is set to. A reference into an instance names
//!   its key when that is known: `aws_sqs_queue.q["a"]`; otherwise the address without a key;
//! - a value that is unknown because of another has the first cause as its reason: `var.name` has no value.

mod configuration;
mod convert;
mod evaluate;
mod functions;
mod json;
mod module;
mod plan;
mod policy_document;
mod reference;
mod scope;
mod source;
mod split;
mod syntax;
mod template;
mod value;

pub use plan::{is_plan, read_plan};

use palisade_model::{Diagnostic, RawResource};
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
}

/// Hands over the files of a local module.
pub trait ModuleSource {
    /// The files directly in a directory; none when there is no such directory. The directory is the calling
    /// module's joined with the `source` argument, without `.` and `..` where that is possible: `modules/network`.
    fn files(&self, directory: &str) -> Option<Vec<File>>;
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
