//! Running commands: echoed, in a folder of the checkout, with the step's time kept.

use anyhow::{Context, Result, bail};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// The checkout's root.
pub fn root() -> PathBuf {
    let xtask = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("run by `cargo xtask`"));
    xtask.parent().expect("xtask stands in the workspace").to_path_buf()
}

/// Whether this is a machine that may be changed without asking.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| v == "true" || v == "1")
}

/// A command in a folder below the root, with the words given.
pub fn command(folder: &str, words: &[&str]) -> Command {
    let mut c = Command::new(words[0]);
    c.args(&words[1..]).current_dir(root().join(folder));
    // Cargo tells xtask which package it is. A cargo started from here must not see that: crates
    // whose build depends on it (ring) would be compiled again, and all that stand on them.
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(is_of_our_package) {
            c.env_remove(key);
        }
    }
    c
}

/// Variables that cargo sets for the package it runs.
fn is_of_our_package(key: &str) -> bool {
    const NAMES: [&str; 7] = [
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "LD_LIBRARY_PATH",
        "OUT_DIR",
        "RUSTC",
        "RUSTDOC",
    ];
    key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_") || NAMES.contains(&key)
}

/// Runs a command to its end; an exit code other than 0 is an error.
pub fn run(folder: &str, words: &[&str]) -> Result<()> {
    finish(command(folder, words), &words.join(" "))
}

/// Runs a prepared command to its end.
pub fn finish(mut c: Command, shown: &str) -> Result<()> {
    println!("$ {shown}");
    let status = c.status().with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// What a command prints, or `None` if it cannot run or fails.
pub fn output(words: &[&str]) -> Option<String> {
    let out = command(".", words).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Named steps and how long each took.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs one step and keeps its time.
    pub fn step(&mut self, name: &str, f: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = f().with_context(|| format!("step `{name}`"));
        self.done.push((name.to_owned(), start.elapsed()));
        if result.is_err() {
            self.print();
        }
        result
    }

    /// Prints the table of times.
    pub fn print(&self) {
        println!("\n{:<44} {:>9}", "step", "seconds");
        for (name, time) in &self.done {
            println!("{name:<44} {:>9.1}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, t)| *t).sum();
        println!("{:<44} {:>9.1}", "total", total.as_secs_f64());
    }
}
