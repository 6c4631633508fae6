//! Judges pages that do not ship with Palisade in a process of their own, with limits on memory and time.

use crate::Ending;
use anyhow::Context;
use palisade_assess::{Outside, Request, Response, answer};
use palisade_model::Diagnostic;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// What this program is asked to be the process that judges a page.
pub const VERB: &str = "judge-page";
/// The memory such a process may take, in bytes.
#[cfg(unix)]
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// The processor time it may take, in seconds.
#[cfg(unix)]
const CPU_SECONDS_MAX: u64 = 20;

/// Judges each page in a process of its own: this program, asked to `judge-page`.
pub struct Process;

impl Outside for Process {
    fn run(&self, request: &Request) -> Result<Response, Diagnostic> {
        self.ask(request).map_err(|error| {
            Diagnostic::error(format!("the rule brought down the process that judges it: {error:#}"))
                .help("pages that do not ship with Palisade may use 1 GB of memory and 20 seconds")
        })
    }
}

impl Process {
    fn ask(&self, request: &Request) -> anyhow::Result<Response> {
        let program = std::env::current_exe().context("this program's own file is not found")?;
        let mut child = Command::new(program)
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("it could not be started")?;
        let asked = serde_json::to_vec(request)?;
        let mut stdin = child.stdin.take().context("it has no input")?;
        // It reads all before it writes; one that died has its end told below.
        let writer = std::thread::spawn(move || stdin.write_all(&asked));
        let mut answered = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut answered)?;
        }
        let status = child.wait()?;
        let _ = writer.join();
        if !status.success() {
            anyhow::bail!("{}", ended(status));
        }
        serde_json::from_slice(&answered).context("its answer can't be read")
    }
}

#[cfg(unix)]
fn ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(9 | 24) => "it took too long".to_owned(),
        Some(6 | 11) => "it took too much memory, or aborted".to_owned(),
        _ => status.to_string(),
    }
}

#[cfg(not(unix))]
fn ended(status: std::process::ExitStatus) -> String {
    status.to_string()
}

/// The other side: reads a request, limits itself, answers.
///
/// # Errors
/// A request that can't be read.
pub fn serve() -> anyhow::Result<Ending> {
    limit()?;
    let mut asked = Vec::new();
    std::io::stdin().lock().read_to_end(&mut asked)?;
    let request: Request = serde_json::from_slice(&asked).context("the request can't be read")?;
    let response = answer(&request);
    serde_json::to_writer(std::io::stdout().lock(), &response)?;
    Ok(Ending::Clean)
}

#[cfg(unix)]
fn limit() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Whoever started Palisade may have limited it further; nobody can raise that.
    let limit = |resource, most: u64| {
        let most = getrlimit(resource).maximum.map_or(most, |limit| limit.min(most));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit)
    };
    limit(Resource::As, MEMORY_BYTES_MAX)?;
    limit(Resource::Cpu, CPU_SECONDS_MAX)?;
    limit(Resource::Core, 0)?;
    // A page writes no file.
    limit(Resource::Fsize, 0)?;
    Ok(())
}

#[cfg(not(unix))]
fn limit() -> anyhow::Result<()> {
    Ok(())
}
