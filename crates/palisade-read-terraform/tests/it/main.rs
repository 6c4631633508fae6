//! What Terraform configurations and plans are read as.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop")]

mod bad_input;
mod corpora;
mod file_functions;
mod generated;
mod instances;
mod modules;
mod oracle;
mod plans;
mod policies;
mod random;
mod references;
mod values;

use palisade_model::{Existence, Node, RawResource, Unknown, Value};
use palisade_read_terraform::{
    Configuration, File, ModuleSource, NoModules, NotRead, Options, read_configuration,
};

/// The files of a test, from `== path` lines and what follows each; without any, all is `main.tf`.
pub fn files(text: &str) -> Vec<File> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("== ") {
            Some(path) => files.push((path.trim().to_owned(), String::new())),
            None => {
                if files.is_empty() {
                    files.push(("main.tf".to_owned(), String::new()));
                }
                files.last_mut().expect("a file").1.push_str(line);
            }
        }
    }
    files.into_iter().map(|(path, text)| File { path: path.into(), bytes: text.into_bytes() }).collect()
}

/// Files without a folder are the root's, those in folders its modules'.
pub fn read_with(text: &str, options: &Options) -> Configuration {
    let all = files(text);
    let within = |directory: &str| -> Vec<File> {
        let directory = if directory == "." { "" } else { directory };
        all.iter()
            .filter(|file| file.path.rsplit_once('/').map_or("", |(folder, _)| folder) == directory)
            .cloned()
            .collect()
    };
    read_configuration(&".".into(), &within("."), options, &Given { all: &all })
}

/// The files of a test as a module source. What lies above the root is out of reach.
struct Given<'a> {
    all: &'a [File],
}

impl ModuleSource for Given<'_> {
    fn files(&self, directory: &str) -> Option<Vec<File>> {
        let is_direct =
            |file: &&File| file.path.rsplit_once('/').map_or(".", |(folder, _)| folder) == directory;
        let files: Vec<File> = self.all.iter().filter(is_direct).cloned().collect();
        Some(files).filter(|files| !files.is_empty())
    }

    fn text(&self, path: &str) -> Result<Vec<u8>, NotRead> {
        if path.starts_with(['/', '.']) && !path.starts_with(".terraform/") {
            return Err(NotRead::Outside);
        }
        let found = self.all.iter().find(|file| &*file.path == path);
        found.map(|file| file.bytes.clone()).ok_or(NotRead::Absent)
    }

    fn names(&self, directory: &str) -> Result<Vec<String>, NotRead> {
        if directory.starts_with('/') || directory.starts_with("..") {
            return Err(NotRead::Outside);
        }
        let start = if directory == "." { String::new() } else { format!("{directory}/") };
        Ok(self.all.iter().filter_map(|file| Some(file.path.strip_prefix(&start)?.to_owned())).collect())
    }
}

/// Reads a test's files.
pub fn read(text: &str) -> Configuration {
    read_with(text, &Options::default())
}

/// Reads one file of any bytes.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Configuration {
    let file = File { path: name.into(), bytes: bytes.to_vec() };
    read_configuration(&".".into(), &[file], &Options::default(), &NoModules)
}

/// The resource at an address.
pub fn resource<'a>(configuration: &'a Configuration, address: &str) -> &'a RawResource {
    configuration
        .resources
        .iter()
        .find(|resource| &*resource.address.name == address)
        .unwrap_or_else(|| panic!("no {address}, but {:?}", addresses(configuration)))
}

/// The addresses of all resources, in order.
pub fn addresses(configuration: &Configuration) -> Vec<String> {
    configuration.resources.iter().map(|resource| resource.address.name.to_string()).collect()
}

/// All that was wrong, as it is printed.
pub fn diagnostics(configuration: &Configuration) -> Vec<String> {
    configuration.diagnostics.iter().map(ToString::to_string).collect()
}

/// A value as a test writes it: JSON, but names bare, and an unknown as `?reason`, with `!` when it is certainly
/// set, its shape after `:`, and what it refers to after `->`.
pub fn show(node: &Node) -> String {
    match &node.value {
        Value::Unknown(unknown) => show_unknown(unknown),
        Value::List(list) => {
            let more = list.more.iter().map(|more| format!("...{}", show_unknown(more)));
            let items: Vec<String> = list.items.iter().map(show).chain(more).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let more = map.more.iter().map(|more| format!("...{}", show_unknown(more)));
            let entries: Vec<String> = map
                .entries
                .iter()
                .map(|(name, node)| format!("{name}: {}", show(node)))
                .chain(more)
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_json().to_string(),
    }
}

/// An unknown as a test writes it.
pub fn show_unknown(unknown: &Unknown) -> String {
    let mut text = format!("?{}", unknown.why);
    if unknown.hint.is_present {
        text.push('!');
    }
    if let Some(shape) = unknown.hint.shape {
        text.push_str(&format!(":{shape:?}").to_lowercase());
    }
    for reference in &unknown.hint.refers_to {
        text.push_str(&format!(" -> {reference}"));
    }
    text
}

/// An existence as a test writes it.
pub fn show_existence(existence: &Existence) -> String {
    match existence {
        Existence::Yes => "yes".to_owned(),
        Existence::No(origin) => format!("no, by {origin}"),
        Existence::Unknown(unknown, origin) => format!("{} by {origin}", show_unknown(unknown)),
    }
}

/// The value at a dotted path of a resource.
pub fn at<'a>(resource: &'a RawResource, path: &str) -> Option<&'a Node> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(&resource.raw, |node, step| {
        match (&node.value, step.parse::<usize>()) {
            (Value::List(list), Ok(index)) => list.items.get(index),
            _ => node.get(step),
        }
    })
}

/// What the value at `path` of the resource at `address` is read as.
#[track_caller]
pub fn check(text: &str, address: &str, path: &str, expected: &str) {
    let configuration = read(text);
    let found = at(resource(&configuration, address), path).map_or_else(|| "absent".to_owned(), show);
    assert_eq!(found, expected, "{path} of {address} in\n{text}");
}

/// What an expression is read as, with some other blocks around.
#[track_caller]
pub fn check_expression(blocks: &str, expression: &str, expected: &str) {
    check(
        &format!("resource \"aws_x\" \"test\" {{\n  value = {expression}\n}}\n{blocks}"),
        "aws_x.test",
        "value",
        expected,
    );
}
