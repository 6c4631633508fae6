//! `palisade content`: the pages that say what Palisade knows, and a user's own beside them.

use crate::Ending;
use crate::arguments::{ContentVerb, ListFormat};
use crate::output;
use crate::outside::Process;
use anyhow::Context;
use palisade_assess::{mutate, run_examples};
use palisade_content::{LARGEST_PAGE, Library, Page, PageFile, Sort, load, new_page, shipped};
use palisade_model::{Diagnostic, Level, PageId, ResourceType};
use palisade_report::{TextOptions, neutral};
use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Runs `palisade content`.
pub fn run(verb: &ContentVerb, color: bool) -> anyhow::Result<Ending> {
    match verb {
        ContentVerb::Check { paths } => check(paths, color),
        ContentVerb::List { sort, content, format } => list(*sort, content, *format),
        ContentVerb::Show { id, sort, content } => show(id, *sort, content),
        ContentVerb::New { sort, id, looks_at, folder } => new(*sort, id, looks_at.as_ref(), folder),
        ContentVerb::Mutate { paths } => mutants(paths, color),
    }
}

/// The folders of pages that a command looks into: those it was given, and those of the nearest `.palisade.toml`.
fn folders(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let configured = crate::config::load(None)?.content.folders;
    Ok(given.iter().cloned().chain(configured).collect())
}

/// The pages that ship with Palisade and those of folders beside them.
///
/// # Errors
/// A folder that is not there, or a page that can't be opened.
pub fn library(folders: &[PathBuf]) -> anyhow::Result<(Library, Vec<Diagnostic>)> {
    let mut files = shipped();
    for folder in folders {
        for page in pages_below(folder)? {
            // The shipped pages' own folder may be named as well.
            let again = files.iter().any(|other| other.id_path == page.id_path && other.text == page.text);
            if !again {
                files.push(page);
            }
        }
    }
    Ok(load(&files))
}

/// The pages of a folder; of a single file, the folder it counts from is the one that holds `checks`, `kinds`, ….
fn pages_below(path: &Path) -> anyhow::Result<Vec<PageFile>> {
    anyhow::ensure!(path.exists(), "there is no folder of pages `{}`", path.display());
    let mut pages = Vec::new();
    let mut seen = HashSet::new();
    // Each folder once, by whatever name: else a handful of links could lead to any number of places.
    let is_first_visit = |entry: &DirEntry| {
        !entry.file_type().is_dir() || entry.path().canonicalize().map_or(true, |real| seen.insert(real))
    };
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(is_first_visit) {
        let entry = match entry {
            // A link that leads nowhere, or back to a folder above it, leads to no page that is not found anyway.
            Err(error) if error.path().is_some_and(Path::is_symlink) => continue,
            entry => entry.with_context(|| format!("failed to look through `{}`", path.display()))?,
        };
        let ending = entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !entry.file_type().is_file() || !matches!(ending, "md" | "rego" | "yml" | "yaml") {
            continue;
        }
        let mut bytes = Vec::new();
        // More than the largest page need not be read to say that it is too large.
        std::fs::File::open(entry.path())
            .and_then(|file| file.take(LARGEST_PAGE as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("failed to open `{}`", entry.path().display()))?;
        pages.push(PageFile {
            path: shown(entry.path()).into(),
            id_path: id_path(entry.path(), path).into(),
            // What is no UTF-8 shows as such in the page's own diagnostics.
            text: String::from_utf8_lossy(&bytes).into(),
            shipped: false,
        });
    }
    Ok(pages)
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

/// The path below the folder of pages: from the part on that names a sort, or else below what was given.
fn id_path(path: &Path, given: &Path) -> String {
    let whole = shown(path);
    let below = path.strip_prefix(given).map(shown).unwrap_or_default();
    let is_sort = |part: &&str| Sort::ALL.iter().any(|sort| sort.folder() == *part);
    if below.split('/').next().filter(is_sort).is_some() {
        return below;
    }
    let parts: Vec<&str> = whole.split('/').collect();
    match parts.iter().rposition(is_sort) {
        Some(at) => parts[at..].join("/"),
        None if below.is_empty() => parts.last().copied().unwrap_or_default().to_owned(),
        None => below,
    }
}

/// Prints diagnostics on standard error, each with its line.
pub fn says(diagnostics: &[Diagnostic], color: bool) {
    let options = TextOptions { color, width: output::width(), limit: None, ..TextOptions::default() };
    let read = |file: &str| {
        output::quotable(file)
            .or_else(|| shipped().into_iter().find(|page| *page.path == *file).map(|page| page.text))
    };
    let mut said = Vec::new();
    if palisade_report::diagnostics(diagnostics, &options, &read, &mut said).is_ok() {
        // Where even standard error is gone, nobody is there to be told.
        let _ = std::io::stderr().lock().write_all(&said);
    }
}

/// The pages a command is about: those below the paths, or all that ship.
///
/// # Errors
/// There is no page below the paths.
fn chosen<'a>(library: &'a Library, paths: &[PathBuf]) -> anyhow::Result<Vec<&'a Page>> {
    let mut asked = Vec::new();
    for path in paths {
        asked.append(&mut pages_below(path)?);
    }
    if !paths.is_empty() && asked.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        anyhow::bail!("there is no page in `{}`", names.join("`, `"));
    }
    let is_asked = |page: &&Page| {
        paths.is_empty()
            || asked
                .iter()
                .any(|file| file.path == page.file || (page.shipped && *file.id_path == *page.id_path()))
    };
    Ok(library.pages().filter(is_asked).collect())
}

fn check(paths: &[PathBuf], color: bool) -> anyhow::Result<Ending> {
    let (library, mut diagnostics) = library(&folders(paths)?)?;
    let pages = chosen(&library, paths)?;
    let (mut examples, mut without) = (0, 0);
    for page in &pages {
        let (outcomes, mut said) = run_examples(page, &library, &Process);
        diagnostics.append(&mut said);
        examples += outcomes.len();
        without += usize::from(page.sort == Sort::Check && outcomes.is_empty());
        let wrong = outcomes.into_iter().filter_map(|outcome| {
            let message = format!("this example does not hold: {}", outcome.wrong?);
            Some(
                Diagnostic::error(message)
                    .at(outcome.span)
                    .help(format!("the heading is “{}”", outcome.heading)),
            )
        });
        diagnostics.extend(wrong);
    }
    says(&diagnostics, color);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let ending = |count| if count == 1 { "" } else { "s" };
    let (count, plural) = (pages.len(), ending(pages.len()));
    let mut said = format!("{count} page{plural}, {examples} example{}: ", ending(examples));
    said += &match errors {
        0 => "all hold.\n".to_owned(),
        1 => "1 thing is wrong.\n".to_owned(),
        errors => format!("{errors} things are wrong.\n"),
    };
    match without {
        0 => {}
        1 => said += "1 check has no example that could be run.\n",
        without => said += &format!("{without} checks have no example that could be run.\n"),
    }
    output::write(None, |out| out.write_all(said.as_bytes()))?;
    Ok(if errors == 0 { Ending::Clean } else { Ending::Found })
}

fn mutants(paths: &[PathBuf], color: bool) -> anyhow::Result<Ending> {
    let (library, mut said) = library(&folders(paths)?)?;
    let (mut parts, mut without, mut survivors) = (0, 0, Vec::new());
    let pages = chosen(&library, paths)?;
    for page in &pages {
        if page.examples.is_empty() {
            without += usize::from(page.rule().is_some());
            continue;
        }
        // What does not hold as it is holds nothing: a rule that can't be used has no parts to leave out.
        let (outcomes, mut wrong) = run_examples(page, &library, &Process);
        said.append(&mut wrong);
        said.extend(outcomes.into_iter().filter_map(|outcome| {
            let message = format!("this example does not hold: {}", outcome.wrong?);
            Some(Diagnostic::error(message).at(outcome.span))
        }));
        let (own, mut unnoticed) = mutate(page, &library, &Process);
        parts += own;
        survivors.append(&mut unnoticed);
    }
    said.extend(survivors.iter().map(|survivor| {
        Diagnostic::error(format!("no example notices when this is left out: {}", survivor.left_out))
            .at(survivor.span.clone())
            .help("add an example that comes out differently without it, or leave it out")
    }));
    says(&said, color);
    let is_wrong = said.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let noticed = parts - survivors.len();
    let score = if parts == 0 { 100.0 } else { 100.0 * noticed as f64 / parts as f64 };
    let line = format!("{noticed} of {parts} parts of the rules are held by an example ({score:.1} %).\n");
    let line = match without {
        0 => line,
        1 => line + "1 page has no example at all.\n",
        without => line + &format!("{without} pages have no example at all.\n"),
    };
    output::write(None, |out| out.write_all(line.as_bytes()))?;
    Ok(if !is_wrong { Ending::Clean } else { Ending::Found })
}

fn list(sort: Option<Sort>, content: &[PathBuf], format: ListFormat) -> anyhow::Result<Ending> {
    let (library, diagnostics) = library(&folders(content)?)?;
    let pages: Vec<&Page> =
        library.pages().filter(|page| sort.is_none_or(|sort| page.sort == sort)).collect();
    says(&diagnostics, false);
    output::write(None, |out| match format {
        ListFormat::Text => {
            let width = pages.iter().map(|page| page.id.as_str().chars().count()).max().unwrap_or_default();
            pages.iter().try_for_each(|page| {
                let severity = page.severity().map_or("", |severity| severity.as_str());
                let (id, title) = (neutral(page.id.as_str()), neutral(&page.title));
                writeln!(out, "{:<10} {:<13} {id:<width$}  {title}", page.sort, severity)
            })
        }
        ListFormat::Json => {
            let rows: Vec<serde_json::Value> = pages.iter().map(|page| row(page, &library)).collect();
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)
        }
    })?;
    Ok(Ending::Clean)
}

fn row(page: &Page, library: &Library) -> serde_json::Value {
    serde_json::json!({
        "sort": page.sort.as_str(),
        "id": page.id,
        "title": &*page.title,
        "severity": page.severity(),
        "objectives": page.objectives(),
        "controls": library.controls_of(page),
        "examples": page.examples.iter().map(|example| example.blocks.len()).sum::<usize>(),
        "file": &*page.file,
        "shipped": page.shipped,
    })
}

fn show(id: &str, sort: Option<Sort>, content: &[PathBuf]) -> anyhow::Result<Ending> {
    let (library, _) = library(&folders(content)?)?;
    let wanted = PageId::new(id);
    let page = library.pages().find(|page| page.id == wanted && sort.is_none_or(|sort| page.sort == sort));
    let Some(page) = page else {
        let nearest = library.pages().min_by_key(|page| strsim::levenshtein(page.id.as_str(), id));
        let nearest = nearest.map_or("", |page| page.id.as_str());
        anyhow::bail!("there is no page `{id}`: did you mean `{nearest}`?");
    };
    let text = match shipped().into_iter().find(|file| page.shipped && file.path == page.file) {
        Some(file) => file.text.to_string(),
        None => {
            std::fs::read_to_string(&*page.file).with_context(|| format!("failed to open `{}`", page.file))?
        }
    };
    let controls = library.controls_of(page);
    output::write(None, |out| {
        writeln!(out, "{}", text.lines().map(neutral).collect::<Vec<_>>().join("\n"))?;
        if !controls.is_empty() {
            writeln!(out, "\nAnswers to: {}", controls.join(", "))?;
        }
        Ok(())
    })?;
    Ok(Ending::Clean)
}

fn new(sort: Sort, id: &str, looks_at: Option<&ResourceType>, folder: &Path) -> anyhow::Result<Ending> {
    let (library, _) = library(&[])?;
    let text = new_page(sort, &PageId::new(id), looks_at, library.kinds()).map_err(anyhow::Error::msg)?;
    let path = folder.join(sort.folder()).join(format!("{id}.{}", sort.ending()));
    anyhow::ensure!(!path.exists(), "`{}` is there already", path.display());
    let failed = || format!("failed to write `{}`", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(failed)?;
    }
    std::fs::write(&path, text).with_context(failed)?;
    let next = format!("Written: {}\nNext: palisade content check {}\n", path.display(), folder.display());
    output::write(None, |out| out.write_all(next.as_bytes()))?;
    Ok(Ending::Clean)
}
