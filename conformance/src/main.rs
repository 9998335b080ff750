//! `cargo xtask conformance`: the suite against every verifier, as one matrix.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use lupu_conformance::{
    attacks::{self, classes},
    case::Case,
    catalogue::{self, Index},
    kind::KINDS,
    matrix::{self, Row, Section},
    run::{self, Outcomes, Verifiers},
    suite,
    verifier::Verifier,
    verifiers::{self, Plugin},
};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Divergences that are printed in full.
const SHOWN: usize = 20;

#[derive(Parser)]
#[command(name = "conformance", about = "The suite of attacks, run against every verifier", max_term_width = 100)]
struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Make N fresh members of each attack class instead of reading the files.
    #[arg(long, value_name = "N")]
    generate: Option<u64>,
    /// Seed of the members.
    #[arg(long, default_value_t = 1, requires = "generate")]
    seed: u64,
    /// Only this attack class.
    #[arg(long, value_name = "ID")]
    class: Option<String>,
    /// Another verifier, by the protocol in standard/vectors/README.md.
    #[arg(long = "verifier", value_name = "NAME=COMMAND")]
    verifiers: Vec<String>,
    /// Seconds in which such a verifier must answer.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    patience: u64,
    /// Write attacks.json, losses.json and the cases that they name.
    #[arg(long, conflicts_with_all = ["generate", "check"])]
    write: bool,
    /// Fail if those files are not what would be written.
    #[arg(long, conflicts_with = "generate")]
    check: bool,
    /// The folder of the vectors.
    #[arg(long, default_value_os_t = suite::folder())]
    vectors: PathBuf,
}

fn main() -> Result<ExitCode> {
    let o = Options::parse();
    if o.write {
        attacks::write(&o.vectors)?;
        return Ok(ExitCode::SUCCESS);
    }
    if o.check {
        attacks::check(&o.vectors)?;
        return Ok(ExitCode::SUCCESS);
    }
    let start = Instant::now();
    let (cases, sections) = match o.generate {
        Some(count) => generated(&o, count)?,
        None => fixed(&o)?,
    };
    let start_verifiers = || start_all(&o.verifiers, Duration::from_secs(o.patience));
    let outcomes = run::run(&cases, &Verifiers { start: &start_verifiers }, true)?;
    print(&o, &cases, &sections, &outcomes, start);
    let right = matrix::divergences(&outcomes).is_empty();
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start_all(others: &[String], patience: Duration) -> Result<Vec<Box<dyn Verifier>>> {
    let mut all = verifiers::ours();
    for other in others {
        let (name, command) = other.split_once('=').with_context(|| format!("{other:?} is not NAME=COMMAND"))?;
        all.push(Box::new(Plugin::start(name, command, patience)?));
    }
    Ok(all)
}

/// The cases of the files, by kind, by class and by loss.
fn fixed(o: &Options) -> Result<(Vec<Case>, Vec<Section>)> {
    let cases = suite::read(&o.vectors)?;
    let (attacks, losses) = catalogue::read_all(&o.vectors)?;
    let index = Index::new(&cases);
    let mut rows = Vec::new();
    for class in attacks.classes.iter().filter(|c| o.class.as_ref().is_none_or(|id| *id == c.id)) {
        let members = index.members(&class.id, &class.checks, &class.cases, &class.valid)?;
        rows.push(Row { name: class.id.clone(), cases: members });
    }
    if let Some(id) = &o.class {
        ensure!(!rows.is_empty(), "no class {id}");
        let mut only: Vec<usize> = rows.iter().flat_map(|row| row.cases.clone()).collect();
        only.sort_unstable();
        only.dedup();
        let chosen = only.iter().map(|i| cases[*i].clone()).collect();
        let row = Row { name: id.clone(), cases: (0..only.len()).collect() };
        return Ok((chosen, vec![Section { name: "attack", rows: vec![row] }]));
    }
    let mut lost = Vec::new();
    for loss in &losses.losses {
        let members = index.members(&loss.id, &loss.checks, &loss.cases, &loss.valid)?;
        lost.push(Row { name: loss.id.clone(), cases: members });
    }
    let kinds = KINDS.iter().map(|kind| {
        let of = cases.iter().enumerate().filter(|(_, case)| case.kind == kind).map(|(i, _)| i);
        Row { name: kind.name.into(), cases: of.collect() }
    });
    let sections = vec![
        Section { name: "kind of case", rows: kinds.filter(|row| !row.cases.is_empty()).collect() },
        Section { name: "attack", rows },
        Section { name: "loss", rows: lost },
    ];
    Ok((cases, sections))
}

/// Fresh members of the classes.
fn generated(o: &Options, rounds: u64) -> Result<(Vec<Case>, Vec<Section>)> {
    let mut cases = Vec::new();
    let mut rows = Vec::new();
    for class in classes().filter(|c| o.class.as_ref().is_none_or(|id| id == c.id)) {
        let before = cases.len();
        for round in 0..rounds {
            cases.extend(attacks::members(class, o.seed, round));
        }
        rows.push(Row { name: class.id.into(), cases: (before..cases.len()).collect() });
    }
    if rows.is_empty() {
        bail!("no class {}", o.class.as_deref().unwrap_or_default());
    }
    Ok((cases, vec![Section { name: "attack", rows }]))
}

fn print(o: &Options, cases: &[Case], sections: &[Section], outcomes: &Outcomes, start: Instant) {
    if o.json {
        println!("{:#}", matrix::json(sections, outcomes, cases));
        return;
    }
    println!("{}", matrix::text(sections, outcomes));
    let wrong = matrix::divergences(outcomes);
    let seconds = start.elapsed().as_secs_f32();
    println!();
    println!("Rightly accepted + rightly refused; – where no verifier judges the kind.");
    println!(
        "{} cases, {} verifiers, {} divergences, {seconds:.1} s",
        cases.len(),
        outcomes.columns.len(),
        wrong.len()
    );
    for d in wrong.iter().take(SHOWN) {
        let case = &cases[d.case];
        println!("\n{} on {}: {}", d.verifier, case.reference(), d.why);
        if o.generate.is_some() {
            println!("{}", Value::Object(case.fields.clone()));
        }
    }
    if wrong.len() > SHOWN {
        println!("\nand {} more", wrong.len() - SHOWN);
    }
}
