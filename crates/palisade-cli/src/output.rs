//! Where output goes: standard output or a file, coloured only where somebody sees it.

use crate::arguments::Color;
use palisade_report::{HtmlOptions, OcsfOptions};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Is the output coloured?
pub fn uses_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            !set("NO_COLOR") && io::stdout().is_terminal()
        }
    }
}

/// The width text is laid out for, in columns.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.map_or(100, |columns: usize| columns.clamp(60, 160))
}

/// The most bytes of a file that lines are quoted from.
const QUOTABLE_BYTES_MAX: u64 = 64 << 20;

/// The text of a file that a report may quote lines of; none where it is too large, or no text.
pub fn quotable(file: &str) -> Option<Arc<str>> {
    // A link may lead anywhere, so what it leads to is not shown.
    let about = std::fs::symlink_metadata(file).ok()?;
    if !about.is_file() || about.len() > QUOTABLE_BYTES_MAX {
        return None;
    }
    let text = std::fs::read_to_string(file).ok()?;
    (!text.contains('\0')).then(|| text.into())
}

/// OCSF as of now; or as of `SOURCE_DATE_EPOCH`, in seconds since 1970, so that the same input gives the same bytes.
pub fn ocsf() -> OcsfOptions {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<i64>().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let time = given.and_then(|seconds| seconds.checked_mul(1000));
    OcsfOptions { time: time.unwrap_or_else(|| i64::try_from(now()).unwrap_or_default()) }
}

/// A page with as many places as a browser opens at once, or with all.
pub fn html(all: bool) -> HtmlOptions {
    if all { HtmlOptions { limit: None } } else { HtmlOptions::default() }
}

/// Writes a report to a file, or to standard output.
///
/// # Errors
/// The file that could not be written, and why.
pub fn write(to: Option<&Path>, work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let failed =
        |path: &Path, error: io::Error| anyhow::anyhow!("`{}` could not be written: {error}", path.display());
    match to {
        None => {
            let mut out = BufWriter::new(Stdout);
            work(&mut out)?;
            Ok(out.flush()?)
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| failed(path, error))?;
            let mut out = BufWriter::new(file);
            work(&mut out).and_then(|()| out.flush()).map_err(|error| failed(path, error))
        }
    }
}

/// Standard output; a reader that has gone away, as `head` does, is no error.
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().lock().write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match io::stdout().lock().flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
