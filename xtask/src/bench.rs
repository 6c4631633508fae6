//! Measures what users wait for and what it costs, each beside a limit or a peer of the same run.
//!
//! Machines and their load differ, so a figure alone says little: read the ratios.

use crate::workspace::{Profile, Workspace, files_below, on_path, run as run_command};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 20;
const RUNS_OF_PEER: usize = 3;
const RUNS_FOR_MEMORY: usize = 3;
/// The events of the trail that is simulated and read.
const EVENTS: &str = "1000000";

/// A scan may end with: nothing found, something found, part of it not read.
const EXIT_CODES: [i32; 3] = [0, 1, 3];

/// Prints all measurements; with `and_build`, how long it takes to build, cold, too.
pub fn run(workspace: &Workspace, and_build: bool) -> Result<(), String> {
    println!("machine: {} cores, {}", cores(), std::env::consts::ARCH);
    let palisade = workspace.palisade(Profile::Release)?;
    let demo = written(workspace, &palisade, "bench-demo", &[])?.join("terraform");
    for (folder, limit) in scanned(demo.clone()) {
        scan(workspace, &palisade, &folder, limit)?;
    }
    examples(workspace, &palisade)?;
    trail(workspace, &palisade)?;
    engines(workspace, &demo)?;
    decisions(workspace)?;
    if and_build {
        builds(workspace)?;
    }
    Ok(())
}

/// What is scanned, each with the milliseconds it may take: what the demo writes out, and the corpora where there are some.
fn scanned(demo: PathBuf) -> Vec<(PathBuf, Option<u32>)> {
    let corpora = std::env::var_os("PALISADE_CORPORA").map(PathBuf::from);
    let of = |name: &str| corpora.as_ref().map(|corpora| corpora.join(name));
    let corpora = [(of("iac/terragoat"), Some(100)), (of("iac/control-tower-aft"), Some(150))];
    let found =
        corpora.into_iter().filter_map(|(folder, limit)| Some((folder.filter(|it| it.is_dir())?, limit)));
    std::iter::once((demo, None)).chain(found).collect()
}

/// What `palisade demo --write` writes into a folder of this name.
fn written(workspace: &Workspace, palisade: &Path, name: &str, options: &[&str]) -> Result<PathBuf, String> {
    let folder = workspace.target.join(name);
    remove(&folder)?;
    let mut command = Command::new(palisade);
    run_command(command.args(["demo", "--write"]).arg(&folder).args(options).stdout(Stdio::null()))?;
    Ok(folder)
}

/// A week of a hundred accounts, written as CloudTrail delivers it and read again, by the program as it ships.
fn trail(workspace: &Workspace, palisade: &Path) -> Result<(), String> {
    let begin = Instant::now();
    let options = ["--accounts", "100", "--days", "7", "--events", EVENTS];
    let folder = written(workspace, palisade, "bench-trail", &options)?;
    let (seconds, events) = (begin.elapsed().as_secs_f64(), EVENTS.parse::<f64>().unwrap_or(0.0));
    println!("\na week of 100 accounts, {EVENTS} events");
    println!(
        "  simulate and write, one core   {seconds:>6.1} s  {:>9.0} events/s  (limit 60 s)",
        events / seconds
    );
    let folder = folder.join("trail");
    for threads in ["1", "2"].into_iter().take(cores().min(2)) {
        let detect = || {
            let mut command = Command::new(palisade);
            command.args(["detect", "--threads", threads, "--fail-on", "never"]).arg(&folder);
            command
        };
        let (seconds, memory) = (elapsed(&mut detect())?.as_secs_f64(), peak_kib(&mut detect())?);
        let rate = events / seconds;
        println!(
            "  detect in it, {threads} at a time       {seconds:>6.1} s  {rate:>9.0} events/s  {}",
            mebibytes(memory)
        );
    }
    remove(&workspace.target.join("bench-trail"))
}

fn scan(workspace: &Workspace, palisade: &Path, folder: &Path, limit: Option<u32>) -> Result<(), String> {
    println!("\nscan of {} (median of {RUNS}, warm page cache)", workspace.shown(folder));
    let ours = || {
        let mut command = Command::new(palisade);
        command.arg("scan").arg(folder);
        command
    };
    let nothing = median(RUNS, || elapsed(&mut Command::new("true")))?;
    let reading = median(RUNS, || read_all(folder))?;
    let least = nothing + reading;
    let before = processor_time();
    let time = median(RUNS, || elapsed(&mut ours()))?;
    let processor = (processor_time() - before) / RUNS as u32;
    let memory = memory_kib(ours)?;
    println!("  start an empty process      {}", milliseconds(nothing));
    println!("  read the files, count lines {}", milliseconds(reading));
    println!(
        "  palisade                    {}  of which processor time {}  {:.1} × both of these  {}{}",
        milliseconds(time),
        milliseconds(processor).trim_start(),
        ratio(time, least),
        mebibytes(memory),
        limit.map_or_else(String::new, |limit| format!("  (limit {limit} ms)"))
    );
    let Some(checkov) = checkov(workspace) else {
        println!(
            "  checkov                     not on the PATH nor in {}",
            workspace.shown(&workspace.target.join("tools/venv"))
        );
        return Ok(());
    };
    let peer = || {
        let mut command = Command::new(&checkov);
        command.args(["--quiet", "--compact", "--skip-download", "--directory"]).arg(folder);
        command
    };
    let (peer_time, peer_memory) = (median(RUNS_OF_PEER, || elapsed(&mut peer()))?, peak_kib(&mut peer())?);
    println!(
        "  checkov (median of {RUNS_OF_PEER})       {}  {:.1} × palisade  {}",
        milliseconds(peer_time),
        ratio(peer_time, time),
        mebibytes(peer_memory)
    );
    Ok(())
}

fn checkov(workspace: &Workspace) -> Option<PathBuf> {
    let fetched = workspace.target.join("tools/venv/bin/checkov");
    on_path("checkov").or_else(|| fetched.is_file().then_some(fetched))
}

fn examples(workspace: &Workspace, palisade: &Path) -> Result<(), String> {
    let content = |verb| {
        let mut command = Command::new(palisade);
        command.current_dir(&workspace.root).args(["content", verb]);
        command
    };
    println!("\npages");
    println!(
        "  all examples (content check)  {}",
        milliseconds(median(3, || elapsed(&mut content("check")))?)
    );
    println!(
        "  all mutants (content mutate)  {}",
        milliseconds(median(1, || elapsed(&mut content("mutate")))?)
    );
    Ok(())
}

/// The engines' own benchmarks, in the crates that have some.
fn engines(workspace: &Workspace, demo: &Path) -> Result<(), String> {
    for package in workspace.packages.iter().filter(|package| package.has_bench) {
        println!("\n{}", package.name);
        let mut bench = workspace.cargo(&["bench", "--quiet", "--package", &package.name, "--benches"]);
        run_command(bench.env("PALISADE_BENCH_DEMO", demo))?;
    }
    Ok(())
}

/// Cold builds in a target folder of their own, and the edit-test cycle of an engine in it.
fn builds(workspace: &Workspace) -> Result<(), String> {
    let target = workspace.target.join("bench-build");
    let timed = |what: &str, budget: &str, arguments: &[&str]| {
        let start = Instant::now();
        run_command(workspace.cargo(arguments).env("CARGO_TARGET_DIR", &target))?;
        println!("  {what} {:>6.0} s   budget {budget}", start.elapsed().as_secs_f64());
        Ok::<_, String>(())
    };
    remove(&target)?;
    println!("\nbuilds, cold ({} cores)", cores());
    timed("release binary   ", "900 s", &["build", "--quiet", "--release", "--package", "palisade-cli"])?;
    timed("tests            ", "1800 s", &["test", "--quiet", "--workspace", "--no-run"])?;
    touch(&workspace.root.join("crates/palisade-check/src/lib.rs"))?;
    timed("an engine's tests", "30 s", &["test", "--quiet", "--package", "palisade-check"])?;
    remove(&target)
}

fn remove(folder: &Path) -> Result<(), String> {
    match folder.exists() {
        true => std::fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display())),
        false => Ok(()),
    }
}

fn touch(path: &Path) -> Result<(), String> {
    let file = std::fs::File::options().append(true).open(path);
    let touched = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
    touched.map_err(|error| format!("{}: {error}", path.display()))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn start(command: &mut Command) -> Result<Child, String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{}: {error}", crate::workspace::line(command)))
}

fn elapsed(command: &mut Command) -> Result<Duration, String> {
    let begin = Instant::now();
    let status = start(command)?.wait().map_err(|error| error.to_string())?;
    let elapsed = begin.elapsed();
    match status.code() {
        Some(code) if EXIT_CODES.contains(&code) => Ok(elapsed),
        _ => Err(format!("`{}` ended with {status}", crate::workspace::line(command))),
    }
}

/// The most memory a run held, the highest of a few runs.
fn memory_kib(command: impl Fn() -> Command) -> Result<u64, String> {
    let peaks: Result<Vec<u64>, String> = (0..RUNS_FOR_MEMORY).map(|_| peak_kib(&mut command())).collect();
    Ok(peaks?.into_iter().max().unwrap_or(0))
}

/// The kernel keeps the peak of a running process in its status: read until the process is gone, so at worst
/// the last tenth of a millisecond is missed. Processes that it starts itself are not counted.
fn peak_kib(command: &mut Command) -> Result<u64, String> {
    let mut child = start(command)?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        peak = peak
            .max(std::fs::read_to_string(&status).ok().and_then(|status| high_water(&status)).unwrap_or(0));
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(peak)
}

/// The processor time of all processes that were started and ended: what others on the machine hardly change. The kernel
/// counts it in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Duration::from_millis(ticks_of_children(&stat).unwrap_or(0) * 10)
}

fn ticks_of_children(stat: &str) -> Option<u64> {
    // The name of the program may hold blanks and brackets; what follows it holds none.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What cannot be avoided: every file that a scan would look into, read once, its lines counted.
fn read_all(folder: &Path) -> Result<Duration, String> {
    let begin = Instant::now();
    let files = files_below(folder, &[".git"]);
    let texts = files.iter().filter(|path| {
        path.extension().is_some_and(|end| {
            ["tf", "json", "yaml", "yml", "tfvars", "template"].iter().any(|one| end == *one)
        })
    });
    let lines: usize = texts
        .filter_map(|path| std::fs::read(path).ok())
        .map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
        .sum();
    std::hint::black_box(lines);
    Ok(begin.elapsed())
}

fn median(runs: usize, mut measure: impl FnMut() -> Result<Duration, String>) -> Result<Duration, String> {
    let mut times = (0..runs).map(|_| measure()).collect::<Result<Vec<Duration>, String>>()?;
    times.sort();
    Ok(times[runs / 2])
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:>9.2} ms", time.as_secs_f64() * 1e3)
}

fn mebibytes(kib: u64) -> String {
    format!("{:>6.1} MiB", kib as f64 / 1024.0)
}

/// How many authorisation questions a core decides in a second.
fn decisions(workspace: &Workspace) -> Result<(), String> {
    println!(
        "\nauthorisation (limits: 1,000,000 per second and core; 250,000 with managed policies and SCPs)"
    );
    let corpora = std::env::var_os("PALISADE_CORPORA").map(|folder| PathBuf::from(folder).join("iam"));
    let example =
        ["run", "--quiet", "--release", "--package", "palisade-iam", "--example", "decisions", "--"];
    let mut command = workspace.cargo(&example);
    match corpora.filter(|folder| folder.is_dir()) {
        Some(folder) => command.args([folder.join("cases.jsonl"), folder.join("managed-policies")]),
        None => command.arg(workspace.root.join("conformance/iam/1-1-order.jsonl")),
    };
    run_command(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_kernels_words() {
        assert_eq!(high_water("Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   1234 kB\n"), Some(1234));
        assert_eq!(high_water("Name:\tx\n"), None);
    }

    #[test]
    fn the_time_of_children_is_read_from_the_kernels_words() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194304 100 2000 0 0 5 6 70 8 20 0 1 0 100 1000 10";
        assert_eq!(ticks_of_children(stat), Some(78));
        assert_eq!(ticks_of_children("42 (a"), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        let mut times = [5, 1, 3].into_iter().map(Duration::from_secs);
        assert_eq!(median(3, || times.next().ok_or_else(String::new)), Ok(Duration::from_secs(3)));
        assert!(median(1, || Err("no".to_owned())).is_err());
    }
}
