//! The project's own tasks. `cargo xtask --help` lists them.

mod bench;
mod conformance;
mod contracts;
mod e2e;
mod fuzz;
mod no_std;
mod page;
mod run;
mod substrate_node;
mod test;
mod tools;
mod wasm;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Lupu project", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check: format, lints, licences, targets without std, contracts, all tests.
    Test(test::Options),
    /// Run the relayer against real nodes.
    E2e(e2e::Options),
    /// Build, compare or test the Solidity contracts.
    Contracts(contracts::Options),
    /// Run the suite of attacks against every verifier.
    Conformance(conformance::Options),
    /// Build the page that verifies proof bundles in a browser.
    Page(page::Options),
    /// Run the benchmarks that docs/benchmarks.md records.
    Bench(bench::Options),
    /// Fuzz every decoder and verifier, or replay the corpora.
    Fuzz(fuzz::Options),
}

fn main() {
    let result = match Cli::parse().task {
        Task::Test(o) => test::run(&o),
        Task::E2e(o) => e2e::run(&o),
        Task::Contracts(o) => contracts::run(&o),
        Task::Conformance(o) => conformance::run(&o),
        Task::Page(o) => page::run(&o),
        Task::Bench(o) => bench::run(&o),
        Task::Fuzz(o) => fuzz::run(&o),
    };
    if let Err(error) = result {
        eprintln!("\nfailed: {error:#}");
        std::process::exit(1);
    }
}
