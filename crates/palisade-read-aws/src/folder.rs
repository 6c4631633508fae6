//! Finds and opens the files of an estate: a folder in the layout of this crate, or one file that holds it all.

use crate::{Export, File, read, read_collected};
use palisade_model::{AccountId, Diagnostic, Estate, Resource};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No file of an estate may be larger, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// An estate as it was found.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Files of API answers: their resources have no attributes yet.
    Export(Box<Export>),
    /// The same of several organisations.
    Exports(Vec<Export>),
    /// A whole estate in one file, as `palisade demo --write` leaves it.
    Estate(Box<Estate>),
}

/// Reads an estate's folder, or the one file that holds it.
///
/// # Errors
/// The path can't be read, or the file holds no estate.
pub fn load(path: &Path) -> io::Result<Loaded> {
    if path.is_file() {
        return beside(path);
    }
    let one = path.join("estate.json");
    if one.is_file() && !path.join("organisation.json").is_file() {
        return beside(&one);
    }
    if let Some(partition) = collected(path)? {
        return Ok(Loaded::Exports(collected_below(&partition)?));
    }
    let mut files = Vec::new();
    let mut said = Vec::new();
    for entry in sorted(path)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.path().is_dir();
        if name == "organisation.json" || name == DIRECTORY {
            take(&entry.path(), &name, &mut files, &mut said);
        } else if is_folder && name.parse::<AccountId>().is_ok() {
            for file in sorted(&entry.path())? {
                let inner = format!("{name}/{}", file.file_name().to_string_lossy());
                if inner.ends_with(".json") {
                    take(&file.path(), &inner, &mut files, &mut said);
                }
            }
        } else if is_folder && !name.starts_with('.') {
            said.push(
                Diagnostic::warning(format!("`{}` was not read", shown(&entry.path())))
                    .help("the folder of an account is named by its twelve digits"),
            );
        }
    }
    if files.is_empty() && said.is_empty() {
        let help = "organisation.json and ACCOUNT/iam.json are expected";
        said.push(Diagnostic::error(format!("`{}` holds no estate", shown(path))).help(help));
    }
    let mut export = read(&files);
    export.diagnostics.splice(0..0, said);
    Ok(Loaded::Export(Box::new(export)))
}

/// The folder of a partition that a collector filled: `PATH/aws/aws`, or the path itself.
fn collected(path: &Path) -> io::Result<Option<PathBuf>> {
    let is_it = |path: &Path| path.join("accounts").is_dir();
    if is_it(path) {
        return Ok(Some(path.to_owned()));
    }
    let below = path.join("aws");
    if !below.is_dir() {
        return Ok(None);
    }
    Ok(sorted(&below)?.into_iter().map(|entry| entry.path()).find(|path| is_it(path)))
}

/// How deep a collector's folders are below that of the partition.
const MAX_DEPTH: usize = 8;

fn collected_below(partition: &Path) -> io::Result<Vec<Export>> {
    let (mut files, mut said) = (Vec::new(), Vec::new());
    let mut waiting = vec![(partition.join("accounts"), "accounts".to_owned(), 0)];
    let organisations = partition.join("organizations");
    if organisations.is_dir() {
        waiting.push((organisations, "organizations".to_owned(), 0));
    }
    while let Some((folder, name, depth)) = waiting.pop() {
        for entry in sorted(&folder)? {
            let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
            // A link may lead anywhere, also back to where it is.
            let is_link = entry.file_type().is_ok_and(|of| of.is_symlink());
            if entry.path().is_dir() && !is_link && depth < MAX_DEPTH {
                waiting.push((entry.path(), inner, depth + 1));
            } else if inner.ends_with(".json") && entry.path().is_file() {
                take(&entry.path(), &inner, &mut files, &mut said);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut exports = read_collected(&files);
    if let Some(first) = exports.first_mut() {
        first.diagnostics.splice(0..0, said);
    }
    Ok(exports)
}

fn sorted(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

fn take(path: &Path, name: &str, files: &mut Vec<File>, said: &mut Vec<Diagnostic>) {
    match text_of(path) {
        Ok(text) => files.push(File { path: name.into(), shown: shown(path).into(), text: text.into() }),
        Err(error) => said.push(
            Diagnostic::error(format!("`{}` could not be read: {error}", shown(path)))
                .help("check its permissions and that it is UTF-8"),
        ),
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(io::Error::other("it is larger than a gigabyte"));
    }
    let bytes = fs::read(path)?;
    let file: Arc<str> = shown(path).into();
    let text = palisade_document::decode(&file, &bytes).map_err(|wrong| io::Error::other(wrong.message))?;
    Ok(text.to_owned())
}

/// The file about Identity Center.
const DIRECTORY: &str = "identity-center.json";

/// A whole estate, and what the file about Identity Center beside it tells.
fn beside(path: &Path) -> io::Result<Loaded> {
    let mut loaded = whole(path)?;
    let directory = path.with_file_name(DIRECTORY);
    if let (Loaded::Estate(estate), true) = (&mut loaded, directory.is_file()) {
        let (mut files, mut said) = (Vec::new(), Vec::new());
        take(&directory, DIRECTORY, &mut files, &mut said);
        let export = read(&files);
        if let Some(wrong) = said.iter().chain(&export.diagnostics).next() {
            return Err(io::Error::other(wrong.to_string()));
        }
        estate.resources.extend(export.resources.into_iter().map(|declared| Resource {
            kind: None,
            declared,
            arn: None,
            attributes: Default::default(),
        }));
    }
    Ok(loaded)
}

fn whole(path: &Path) -> io::Result<Loaded> {
    let text = text_of(path)?;
    // What was written by Palisade itself nests no deeper than what it read, which was bounded.
    let estate = serde_json::from_str(&text)
        .map_err(|error| io::Error::other(format!("it holds no estate: {error}")))?;
    Ok(Loaded::Estate(Box::new(estate)))
}
