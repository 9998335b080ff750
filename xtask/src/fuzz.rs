//! `cargo xtask fuzz`: the coverage-guided fuzz targets of `fuzz/`, and the replay of their corpora.

use crate::{
    run::{self, command, finish, output, root},
    tools::{cache, may_install},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Instant,
};

/// Pinned version of cargo-fuzz.
const CARGO_FUZZ: &str = "0.13.2";
/// A run that takes more memory than this is a finding, in MiB.
const MEMORY: u32 = 1_024;
/// An input that takes longer than this is a finding, in seconds.
const TIMEOUT: u32 = 20;
/// Longest input that is kept in the repository, in bytes.
const MAX_KEPT: u32 = 4_096;

#[derive(Args)]
pub struct Options {
    /// Targets to run, one after the other; all of them if left out.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Executions for each target, at most.
    #[arg(long)]
    runs: Option<u64>,
    /// Compare with the checkers that stand on the Polkadot SDK, which take minutes to compile.
    #[arg(long)]
    upstream: bool,
    /// Afterwards add to fuzz/corpus what covers more, as few and short inputs as can be.
    #[arg(long)]
    keep: bool,
    /// Run every input of fuzz/corpus once, on stable Rust, and nothing else.
    #[arg(long)]
    replay: bool,
    /// Install what is missing: the nightly toolchain, a C++ compiler.
    #[arg(long)]
    yes: bool,
}

/// What became of one target.
struct Outcome {
    target: String,
    runs: u64,
    per_second: u64,
    coverage: u64,
    features: u64,
    new: usize,
    memory: u64,
    /// The input that fails, if one was found.
    crash: Option<PathBuf>,
    /// How the fuzzer ended, where not well.
    fault: Option<String>,
}

/// Runs the targets asked for; fails if one of them finds something.
pub fn run(o: &Options) -> Result<()> {
    if o.replay {
        return replay();
    }
    needs(o.yes)?;
    let targets = chosen(&o.targets)?;
    let fuzzer = cargo_fuzz()?;
    let folder = build(&fuzzer, &targets, o.upstream)?;
    let mut outcomes = Vec::new();
    for target in &targets {
        let outcome = fuzz(&folder, target, o)?;
        if o.keep && outcome.crash.is_none() && outcome.fault.is_none() {
            keep(&folder, target)?;
        }
        outcomes.push(outcome);
    }
    report(&outcomes)
}

/// Every input of every corpus, once.
pub fn replay() -> Result<()> {
    run::run("fuzz", &["cargo", "test", "--locked", "--quiet"])
}

fn needs(yes: bool) -> Result<()> {
    if output(&["cargo", "+nightly", "--version"]).is_none() {
        if !may_install(yes) {
            bail!("the fuzzer needs nightly Rust: `rustup toolchain install nightly`, or give --yes");
        }
        run::run(".", &["rustup", "toolchain", "install", "nightly", "--profile", "minimal"])?;
    }
    if output(&["c++", "--version"]).is_none() {
        if !may_install(yes) {
            bail!("libFuzzer is compiled with c++: install g++ (Debian: apt-get install g++), or give --yes");
        }
        run::run(".", &["apt-get", "install", "-y", "-q", "--no-install-recommends", "g++"])?;
    }
    Ok(())
}

/// The path of cargo-fuzz at the pinned version, installed into the cache if need be.
fn cargo_fuzz() -> Result<PathBuf> {
    let root = cache().join("tools");
    let binary = root.join("bin/cargo-fuzz");
    let wanted = format!("cargo-fuzz {CARGO_FUZZ}");
    if output(&[&binary.to_string_lossy(), "--version"]).is_none_or(|v| v != wanted) {
        let mut c = command(".", &["cargo", "install", "--locked", "--version", CARGO_FUZZ, "cargo-fuzz", "--root"]);
        c.arg(&root);
        finish(c, &format!("cargo install --locked --version {CARGO_FUZZ} cargo-fuzz"))?;
    }
    Ok(binary)
}

/// The targets by name; all of them, in their order, where none is named.
fn chosen(names: &[String]) -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        all.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    all.sort();
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        bail!("no target {unknown}; there are: {}", all.join(" "));
    }
    Ok(if names.is_empty() { all } else { names.to_vec() })
}

/// Builds the targets and says in which folder they are. Without a sanitizer: there is no unsafe
/// code to watch, and memory is limited by the targets' own allocator.
fn build(fuzzer: &Path, targets: &[String], upstream: bool) -> Result<PathBuf> {
    let build = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("fuzz/target"), PathBuf::from);
    let features = if upstream { "libfuzzer,upstream" } else { "libfuzzer" };
    let all = chosen(&[])?;
    // One call builds everything at once; named targets are built one by one.
    let calls: Vec<Option<&String>> = if *targets == all { vec![None] } else { targets.iter().map(Some).collect() };
    for target in calls {
        let mut c = command("fuzz", &["cargo", "+nightly", "fuzz", "build", "--fuzz-dir", ".", "--sanitizer", "none"]);
        c.args(["--features", features, "--target-dir"]).arg(&build).args(target);
        c.env("PATH", path_with(fuzzer)?);
        finish(c, &format!("cargo fuzz build {}", target.map_or("", String::as_str)))?;
    }
    let host = output(&["rustc", "-vV"]).context("rustc -vV")?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?.to_owned();
    Ok(build.join(host).join("release"))
}

fn path_with(fuzzer: &Path) -> Result<std::ffi::OsString> {
    let folder = fuzzer.parent().context("cargo-fuzz stands in a folder")?.to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?)
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Where a target's findings of all runs lie, outside the checkout.
fn found(target: &str) -> Result<PathBuf> {
    folder(cache().join("fuzz").join(target))
}

fn fuzz(binaries: &Path, target: &str, o: &Options) -> Result<Outcome> {
    let (found, artifacts) = (found(target)?, folder(root().join("fuzz/artifacts").join(target))?);
    let before = fs::read_dir(&found)?.count();
    let mut c = command("fuzz", &[&binaries.join(target).to_string_lossy()]);
    c.arg(&found).arg(Path::new("corpus").join(target));
    c.arg(format!("-artifact_prefix={}/", artifacts.display()));
    c.arg(format!("-max_total_time={}", o.seconds));
    c.args(o.runs.map(|n| format!("-runs={n}")));
    c.arg(format!("-rss_limit_mb={MEMORY}")).arg(format!("-timeout={TIMEOUT}"));
    c.args(["-len_control=5", "-print_final_stats=1"]);
    c.stdout(Stdio::null()).stderr(Stdio::piped());
    println!("\n== {target}, {} s", o.seconds);
    let start = Instant::now();
    let child = c.spawn().with_context(|| format!("cannot run {target}"))?;
    let mut outcome = watch(child, target)?;
    outcome.new = fs::read_dir(&found)?.count().saturating_sub(before);
    println!("{:.0} s, {} executions, {} new inputs", start.elapsed().as_secs_f64(), outcome.runs, outcome.new);
    Ok(outcome)
}

/// Reads what the fuzzer says until it ends.
fn watch(mut child: Child, target: &str) -> Result<Outcome> {
    let mut outcome = Outcome {
        target: target.to_owned(),
        runs: 0,
        per_second: 0,
        coverage: 0,
        features: 0,
        new: 0,
        memory: 0,
        crash: None,
        fault: None,
    };
    let mut tail = Vec::new();
    let lines = BufReader::new(child.stderr.take().context("no output to read")?);
    for line in lines.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if let Some(n) = after(&line, "cov: ") {
            outcome.coverage = n;
            outcome.features = after(&line, "ft: ").unwrap_or(outcome.features);
        }
        outcome.runs = after(&line, "stat::number_of_executed_units:").unwrap_or(outcome.runs);
        outcome.per_second = after(&line, "stat::average_exec_per_sec:").unwrap_or(outcome.per_second);
        outcome.memory = after(&line, "stat::peak_rss_mb:").unwrap_or(outcome.memory);
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            outcome.crash = Some(path.trim().into());
        }
        tail.push(line);
        if tail.len() > 60 {
            tail.remove(0);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        outcome.fault = Some(status.to_string());
        eprintln!("{}", tail.join("\n"));
    }
    Ok(outcome)
}

/// The number behind a word.
fn after(line: &str, word: &str) -> Option<u64> {
    let (_, rest) = line.split_once(word)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// Adds to the repository's corpus those few findings that together reach what it does not.
fn keep(binaries: &Path, target: &str) -> Result<()> {
    let mut c = command("fuzz", &[&binaries.join(target).to_string_lossy(), "-set_cover_merge=1", "-use_counters=0"]);
    c.arg(format!("-max_len={MAX_KEPT}")).arg(Path::new("corpus").join(target)).arg(found(target)?);
    c.stdout(Stdio::null()).stderr(Stdio::null());
    finish(c, &format!("{target} -set_cover_merge=1"))
}

fn report(outcomes: &[Outcome]) -> Result<()> {
    println!(
        "\n{:<24} {:>12} {:>8} {:>9} {:>9} {:>7} {:>6} {:>7}",
        "target", "executions", "per s", "coverage", "features", "new", "MiB", "crashes"
    );
    for o in outcomes {
        let crashes = usize::from(o.crash.is_some() || o.fault.is_some());
        println!(
            "{:<24} {:>12} {:>8} {:>9} {:>9} {:>7} {:>6} {crashes:>7}",
            o.target, o.runs, o.per_second, o.coverage, o.features, o.new, o.memory
        );
    }
    let broken: Vec<&Outcome> = outcomes.iter().filter(|o| o.crash.is_some() || o.fault.is_some()).collect();
    for o in &broken {
        let fault = o.fault.as_deref().unwrap_or("an input that fails");
        println!("\n{}: {fault}", o.target);
        if let Some(input) = &o.crash {
            let shown = input.display();
            println!("  again: cargo run --manifest-path fuzz/Cargo.toml --example once {} {shown}", o.target);
            println!("  for good: mend it, and copy the input to fuzz/corpus/{}", o.target);
        }
    }
    if !broken.is_empty() {
        bail!("{} of {} targets found something", broken.len(), outcomes.len());
    }
    Ok(())
}
