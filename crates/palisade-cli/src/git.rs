//! Reads the files of a git revision into a folder of their own, without running anything that the repository configures.

use anyhow::{Context, bail, ensure};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use walkdir::WalkDir;

/// The largest file that a template or plan may be; what is larger is not read anyway.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;
/// The largest file of any other name that may be read, as `file(…)` does.
const OTHER_BYTES_MAX: u64 = 4 << 20;
/// No more bytes of a revision are written out.
const ALL_BYTES_MAX: u64 = 2 << 30;
/// No more files are copied that git does not keep.
const COPIED_FILES_MAX: usize = 20_000;

/// The files of a revision, in a folder that is removed in the end.
pub struct Revision {
    /// As the user named it.
    pub name: String,
    folder: Temporary,
    /// The repository's own folder.
    top: PathBuf,
    /// What the user named, as it was written, and where that is in the repository.
    targets: Vec<(PathBuf, PathBuf)>,
    /// Parts of the revision that are not among the files.
    pub missing: Vec<String>,
}

/// A folder that nobody else may look into, removed in the end.
struct Temporary(PathBuf);

/// A file of a revision.
struct Entry {
    mode: String,
    object: String,
    size: u64,
    path: PathBuf,
}

impl Revision {
    /// Reads what a scan of these targets may look at. `also` are other files that it reads.
    ///
    /// # Errors
    /// Why the revision can't be had, and what to do about it.
    pub fn read(name: &str, targets: &[PathBuf], also: &[PathBuf]) -> anyhow::Result<Self> {
        let tops = targets.iter().map(|target| top_of(target)).collect::<anyhow::Result<BTreeSet<_>>>()?;
        let mut tops = tops.into_iter();
        let (Some(top), None) = (tops.next(), tops.next()) else {
            bail!("`--diff` compares within one repository: scan the folders of each on its own");
        };
        let below = |path: &PathBuf| {
            let real = path.canonicalize().with_context(|| format!("failed to find `{}`", path.display()))?;
            let within = real.strip_prefix(&top).map(Path::to_path_buf);
            within.with_context(|| {
                format!("`{}` lies outside of the repository `{}`", path.display(), top.display())
            })
        };
        let targets = targets
            .iter()
            .map(|target| Ok((target.clone(), below(target)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let named: Vec<PathBuf> = also.iter().filter_map(|path| below(path).ok()).collect();
        let commit = resolve(name, &top)?;
        let mut revision =
            Self { name: name.to_owned(), folder: Temporary::new()?, top, targets, missing: Vec::new() };
        let entries = revision.entries(&commit, &named)?;
        revision.write(entries)?;
        revision.copy_what_git_ignores()?;
        Ok(revision)
    }

    /// The targets that the revision has, where its files are.
    pub fn targets(&self) -> Vec<PathBuf> {
        let places = self.targets.iter().map(|(_, within)| self.folder.0.join(within));
        places.filter(|place| place.exists()).collect()
    }

    /// The targets that the revision has not.
    pub fn missing_targets(&self) -> impl Iterator<Item = &Path> {
        let is_missing = |(_, within): &&(PathBuf, PathBuf)| !self.folder.0.join(within).exists();
        self.targets.iter().filter(is_missing).map(|(target, _)| target.as_path())
    }

    /// Where the revision has a file that a scan reads: itself where git has nothing to do with it, none where it is new.
    pub fn file(&self, path: &Path) -> anyhow::Result<Option<PathBuf>> {
        let real = path.canonicalize().with_context(|| format!("failed to find `{}`", path.display()))?;
        let Ok(within) = real.strip_prefix(&self.top) else { return Ok(Some(path.to_path_buf())) };
        let place = self.folder.0.join(within);
        if place.is_file() {
            return Ok(Some(place));
        }
        let is_ignored = !ignored(&self.top, &[within.to_path_buf()])?.is_empty();
        Ok(is_ignored.then(|| path.to_path_buf()))
    }

    /// A path below the revision's folder as the user would write it of the files that are there now.
    pub fn shown(&self, path: &str) -> String {
        let Ok(within) = Path::new(path).strip_prefix(&self.folder.0) else { return path.to_owned() };
        let found =
            self.targets.iter().find_map(|(target, at)| Some((target, within.strip_prefix(at).ok()?)));
        let (target, rest) = found.unwrap_or((&self.top, within));
        let path = if rest.as_os_str().is_empty() { target.clone() } else { target.join(rest) };
        let text = path.to_string_lossy().replace('\\', "/");
        let text = text.strip_prefix("./").unwrap_or(&text);
        if text.is_empty() { ".".to_owned() } else { text.to_owned() }
    }

    /// The files that a scan may look at: those below its targets, those that are named, and modules anywhere.
    fn entries(&mut self, commit: &str, named: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
        let arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit];
        let listed = run(git(&self.top).args(arguments))?;
        let mut entries = Vec::new();
        let mut bytes = 0u64;
        for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let Some(entry) = entry(line) else { continue };
            let is_below =
                self.targets.iter().any(|(_, at)| entry.path.starts_with(at)) || named.contains(&entry.path);
            if entry.mode == "160000" && is_below {
                self.missing.push(format!("the submodule `{}`", entry.path.display()));
            }
            let is_small =
                entry.size <= OTHER_BYTES_MAX || (is_read(&entry.path) && entry.size <= DOCUMENT_BYTES_MAX);
            if entry.mode == "160000" || !is_small || !(is_below || is_module(&entry.path)) {
                continue;
            }
            bytes += entry.size;
            ensure!(
                bytes <= ALL_BYTES_MAX,
                "the files of `{}` are too many to compare with: scan a folder further down",
                self.name
            );
            entries.push(entry);
        }
        Ok(entries)
    }

    fn write(&self, mut entries: Vec<Entry>) -> anyhow::Result<()> {
        // Links come last, so that nothing is ever written through one.
        entries.sort_by_key(|entry| entry.mode == "120000");
        let mut command = git(&self.top);
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(not_started)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let asked: Vec<String> = entries.iter().map(|entry| format!("{}\n", entry.object)).collect();
        let asking = std::thread::spawn(move || {
            let mut stdin = stdin?;
            asked.iter().try_for_each(|line| stdin.write_all(line.as_bytes())).ok()
        });
        let mut answers = BufReader::new(stdout.context("failed to read what `git` says")?);
        let written = entries.iter().try_for_each(|entry| self.write_entry(entry, &mut answers));
        drop(answers);
        let _ = asking.join();
        let _ = child.wait();
        written
    }

    fn write_entry(&self, entry: &Entry, answers: &mut impl BufRead) -> anyhow::Result<()> {
        let mut header = String::new();
        answers.by_ref().take(1_000).read_line(&mut header).context("failed to read what `git` says")?;
        let size = match header.split_whitespace().collect::<Vec<_>>().as_slice() {
            [_, "blob", size] => size.parse::<u64>().ok(),
            _ => None,
        };
        let Some(size) = size.filter(|size| *size == entry.size) else {
            bail!(
                "`{}` of `{}` is not in this clone, which is partial or damaged: clone all of it, as by \
                 `git fetch --refetch --no-filter`",
                entry.path.display(),
                self.name
            );
        };
        let mut content = Vec::new();
        answers.by_ref().take(size).read_to_end(&mut content)?;
        answers.by_ref().take(1).read_to_end(&mut Vec::new())?;
        let place = self.folder.0.join(&entry.path);
        let failed = || format!("failed to write `{}`", place.display());
        if let Some(parent) = place.parent() {
            // A name that is a file and a folder at once is no tree that git makes; its second meaning is passed over.
            if fs::create_dir_all(parent).is_err() {
                return Ok(());
            }
        }
        if entry.mode == "120000" {
            link(&content, &place);
            return Ok(());
        }
        match fs::File::create_new(&place) {
            Ok(mut file) => file.write_all(&content).with_context(failed),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error).with_context(failed),
        }
    }

    /// What git keeps no versions of is no part of a change: the modules that were downloaded, and values that are ignored.
    fn copy_what_git_ignores(&self) -> anyhow::Result<()> {
        let (mut modules, mut values) = (Vec::new(), Vec::new());
        for (target, within) in self.targets.iter().filter(|(target, _)| target.is_dir()) {
            let walk = WalkDir::new(target).into_iter().filter_entry(|entry| entry.file_name() != ".git");
            for entry in walk.flatten().filter(|entry| entry.file_type().is_file()) {
                let Ok(rest) = entry.path().strip_prefix(target) else { continue };
                let path = within.join(rest);
                let name = entry.file_name().to_string_lossy();
                let is_downloaded = has_downloaded(rest);
                let is_value = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
                let is_small = entry.metadata().is_ok_and(|about| about.len() <= OTHER_BYTES_MAX);
                if !is_small || self.folder.0.join(&path).exists() {
                } else if is_downloaded && modules.len() < COPIED_FILES_MAX {
                    modules.push(path);
                } else if is_value && !is_downloaded {
                    values.push(path);
                }
            }
        }
        for path in modules.into_iter().chain(ignored(&self.top, &values)?) {
            let place = self.folder.0.join(&path);
            let copied = place.parent().map(fs::create_dir_all).transpose();
            // A link that stands in the way leads somewhere else: nothing is written through it.
            let is_own = place.parent().and_then(|parent| parent.canonicalize().ok());
            if copied.is_ok() && is_own.is_some_and(|parent| parent.starts_with(&self.folder.0)) {
                // What can't be copied is missing from what is compared with, so that more counts as new.
                let _ = fs::copy(self.top.join(&path), place);
            }
        }
        Ok(())
    }
}

/// Is a path within the modules that `terraform init` downloaded?
fn has_downloaded(path: &Path) -> bool {
    let parts: Vec<_> = path.components().map(Component::as_os_str).collect();
    parts.windows(2).any(|pair| pair[0] == ".terraform" && pair[1] == "modules")
}

fn is_module(path: &Path) -> bool {
    ends(path, &[".tf", ".tofu", ".tf.json", ".tofu.json"])
}

fn is_read(path: &Path) -> bool {
    is_module(path) || ends(path, &[".json", ".yaml", ".yml", ".template", ".tfvars"])
}

fn ends(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The folder of the repository that holds a target.
fn top_of(target: &Path) -> anyhow::Result<PathBuf> {
    ensure!(
        target != Path::new("-"),
        "`--diff` compares files that git knows, and standard input is none: use `--baseline` for it"
    );
    let folder = if target.is_dir() { Some(target) } else { target.parent() };
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let output = git(folder).args(["rev-parse", "--show-toplevel"]).output().map_err(not_started)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if said.contains("not a git repository") {
            bail!(
                "`{}` is in no git repository, so there is no revision to compare with: use `--baseline`",
                target.display()
            );
        }
        bail!("`{}` can't be compared with a revision: git says: {said}", target.display());
    }
    let top = path_of(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout));
    let top = top.context("the repository's path is not UTF-8")?;
    top.canonicalize().with_context(|| format!("failed to find `{}`", top.display()))
}

/// The commit that a revision means: the one it names, or with `...` behind it the one where this branch left it.
fn resolve(name: &str, top: &Path) -> anyhow::Result<String> {
    ensure!(!name.starts_with('-') && !name.is_empty(), "`{name}` is not a revision");
    let (revision, is_base) = match name.strip_suffix("...") {
        Some(revision) => (revision, true),
        None => (name, false),
    };
    let commit = format!("{revision}^{{commit}}");
    let output =
        git(top).args(["rev-parse", "--verify", "--quiet", &commit]).output().map_err(not_started)?;
    let is_shallow = || {
        let said = run(git(top).args(["rev-parse", "--is-shallow-repository"]));
        said.is_ok_and(|said| said.starts_with(b"true"))
    };
    if !output.status.success() {
        match is_shallow() {
            true => bail!(
                "there is no revision `{revision}` in this clone, which is shallow: `git fetch --unshallow` fetches \
                 the rest (in GitHub Actions, `fetch-depth: 0` of actions/checkout)"
            ),
            false => bail!("there is no revision `{revision}` in this repository: `git fetch` may bring it"),
        }
    }
    let commit = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !is_base {
        return Ok(commit);
    }
    let output = git(top).args(["merge-base", &commit, "HEAD"]).output().map_err(not_started)?;
    let hint =
        if is_shallow() { ": this clone is shallow, `git fetch --unshallow` fetches the rest" } else { "" };
    ensure!(output.status.success(), "`{revision}` and this branch have no commit in common{hint}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Those of the paths that git ignores.
fn ignored(top: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = git(top);
    command.args(["check-ignore", "--no-index", "-z", "--stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(not_started)?;
    let asked: Vec<u8> = paths.iter().flat_map(|path| [bytes_of(path), vec![0]].concat()).collect();
    let stdin = child.stdin.take();
    let asking = std::thread::spawn(move || stdin?.write_all(&asked).ok());
    let output = child.wait_with_output().context("failed to read what `git` says")?;
    let _ = asking.join();
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let names: Vec<PathBuf> = names.filter_map(path_of).collect();
    Ok(paths.iter().filter(|path| names.contains(path)).cloned().collect())
}

/// A line of `git ls-tree -l`: `MODE TYPE OBJECT SIZE\tPATH`; none for a path that leads elsewhere.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let [mode, _, object, size] = head.split_whitespace().collect::<Vec<_>>()[..] else { return None };
    let path = path_of(&line[tab + 1..])?;
    let is_plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    };
    let is_safe = path.components().all(is_plain) && !path.as_os_str().is_empty();
    let size = size.parse().unwrap_or(0);
    is_safe.then(|| Entry { mode: mode.to_owned(), object: object.to_owned(), size, path })
}

/// Git, with nothing that a repository's settings could make it run or fetch.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-pager", "--no-replace-objects"]);
    for setting in ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false"] {
        command.args(["-c", setting]);
    }
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    // A hook that runs the scan has these set, and they mean another folder than the one that is asked for.
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_COMMON_DIR",
        "GIT_LITERAL_PATHSPECS",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().map_err(not_started)?;
    ensure!(output.status.success(), "git says: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}

fn not_started(error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            anyhow::anyhow!(
                "`--diff` reads the revision with `git`, which is not here: install it, or use `--baseline`"
            )
        }
        _ => anyhow::anyhow!("`git` could not be started: {error}"),
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes.to_vec()).into())
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    Some(OsString::from(std::str::from_utf8(bytes).ok()?).into())
}

#[cfg(unix)]
fn bytes_of(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(not(unix))]
fn bytes_of(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(unix)]
fn link(target: &[u8], place: &Path) {
    if let Some(target) = path_of(target) {
        // What stands there already is a second meaning of the name.
        let _ = std::os::unix::fs::symlink(target, place);
    }
}

#[cfg(not(unix))]
fn link(_target: &[u8], _place: &Path) {}

impl Temporary {
    fn new() -> anyhow::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let parent = std::env::temp_dir();
        let parent = parent.canonicalize().unwrap_or(parent);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let place = parent.join(format!("palisade-diff-{}-{number}", std::process::id()));
            match builder.create(&place) {
                Ok(()) => return Ok(Self(place)),
                // Somebody else's, or left over: never used.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 10_000 => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("failed to make the folder `{}`", place.display()));
                }
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_elsewhere_is_no_entry() {
        let path = |path: &str| {
            entry(format!("100644 blob abc      12\t{path}").as_bytes())
                .map(|entry| entry.path.display().to_string())
        };
        assert_eq!(path("a/b c.tf"), Some("a/b c.tf".to_owned()));
        for hostile in ["../a", "/etc/passwd", "a/../../b", ".git/config", "a/.GIT/config", "./a", ""] {
            assert_eq!(path(hostile), None, "{hostile}");
        }
        assert!(entry(b"nonsense").is_none());
        assert!(entry(b"100644 blob\ta").is_none());
    }
}
