//! `cargo xtask test`: every check of the project, each step timed.

use crate::{
    conformance, contracts, fuzz, no_std,
    run::{self, Steps, command, finish},
    tools,
};
use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub struct Options {
    /// Leave out what takes long: the kill tests and the contracts' tests.
    #[arg(long)]
    quick: bool,
}

/// Runs all checks; stops at the first step that fails.
pub fn run(o: &Options) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("format", || run::run(".", &["cargo", "fmt", "--all", "--check"]))?;
    steps.step("contracts: artifacts match the sources", contracts::check)?;
    if !o.quick {
        steps.step("contracts: forge tests", || contracts::script("test"))?;
    }
    steps.step("vectors: the second implementation writes the same", vectors)?;
    // One profile for the program, the tests and the demo: everything is compiled once.
    steps.step("build", || run::run(".", &["cargo", "build", "--release", "--workspace", "--all-targets"]))?;
    steps.step("tests", || run::run(".", &["cargo", "test", "--release", "--workspace", "--no-fail-fast"]))?;
    steps.step("the suite of attacks", conformance::check)?;
    steps.step("the fuzzers' corpora, replayed", fuzz::replay)?;
    if !o.quick {
        steps.step("kill tests", kill_tests)?;
    }
    steps.step("lints", || {
        run::run(".", &["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })?;
    steps.step("operator's binary without the embedded chain", || {
        run::run(".", &["cargo", "clippy", "-p", "lupu", "--no-default-features", "--", "-D", "warnings"])
    })?;
    steps.step("targets without std", no_std::check)?;
    steps.step("licences, bans, sources", || {
        let deny = tools::cargo_deny()?.to_string_lossy().into_owned();
        finish(command(".", &[&deny, "check", "licenses", "bans", "sources"]), "cargo deny check licenses bans sources")
    })?;
    steps.print();
    Ok(())
}

/// The standard's vectors come from a plain Python program that shares nothing with the code under test.
fn vectors() -> Result<()> {
    if !tools::python()? {
        println!("left out: python3 is not here, and nothing but this step needs it");
        return Ok(());
    }
    run::run("standard/vectors", &["python3", "generate.py", "--check"])
}

/// Each failpoint in a process of its own, really killed. Needs a build with the failpoints in.
fn kill_tests() -> Result<()> {
    // The whole workspace, as in the step before: what it has compiled is taken as it is.
    let features = "lupu-tests/failpoints";
    run::run(".", &["cargo", "test", "--release", "--workspace", "--features", features, "--test", "kill"])
}
