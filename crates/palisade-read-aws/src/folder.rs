//! Finds and opens the files of an estate: a folder in the layout of this crate, or one file that holds it all.

use crate::{Export, File, read};
use palisade_model::{AccountId, Diagnostic, Estate};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// No file of an estate may be larger, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// An estate as it was found.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Files of API answers: their resources have no attributes yet.
    Export(Box<Export>),
    /// A whole estate in one file, as `palisade demo --write` leaves it.
    Estate(Box<Estate>),
}

/// Reads an estate's folder, or the one file that holds it.
///
/// # Errors
/// The path can't be read, or the file holds no estate.
pub fn load(path: &Path) -> io::Result<Loaded> {
    if path.is_file() {
        return whole(path);
    }
    let one = path.join("estate.json");
    if one.is_file() && !path.join("organisation.json").is_file() {
        return whole(&one);
    }
    let mut files = Vec::new();
    let mut said = Vec::new();
    for entry in sorted(path)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.path().is_dir();
        if name == "organisation.json" {
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

fn whole(path: &Path) -> io::Result<Loaded> {
    let text = text_of(path)?;
    // What was written by Palisade itself nests no deeper than what it read, which was bounded.
    let estate = serde_json::from_str(&text)
        .map_err(|error| io::Error::other(format!("it holds no estate: {error}")))?;
    Ok(Loaded::Estate(Box::new(estate)))
}
