//! Every case against every verifier.

use crate::{
    case::Case,
    verifier::{Verifier, divergence},
};
use anyhow::Result;

/// What a verifier came to on a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No verifier of that name judges this kind.
    Unsupported,
    /// The right verdict.
    Right {
        /// Whether the bytes were accepted.
        accepted: bool,
    },
    /// The wrong one, and why.
    Wrong(String),
}

/// The verifiers of a run: their names, and how a thread gets its own.
pub struct Verifiers<'a> {
    /// Makes a fresh set.
    pub start: &'a (dyn Fn() -> Result<Vec<Box<dyn Verifier>>> + Sync),
}

/// One row per case, one outcome per verifier.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// The verifiers' names.
    pub columns: Vec<String>,
    /// In the cases' order.
    pub rows: Vec<Vec<Outcome>>,
}

fn judge(case: &Case, verifier: &mut dyn Verifier, named: bool) -> Outcome {
    if !verifier.supports(case) {
        return Outcome::Unsupported;
    }
    let named = named && verifier.names_checks(case);
    match verifier.verdict(case) {
        Ok(verdict) => match divergence(case, &verdict, named) {
            None => Outcome::Right { accepted: verdict.accept },
            Some(why) => Outcome::Wrong(why),
        },
        Err(e) => Outcome::Wrong(format!("broke: {e:#}")),
    }
}

/// What one thread found: the names of its verifiers, and per case an outcome of each.
type Share = (Vec<String>, Vec<Vec<Outcome>>);

/// Runs the cases on all cores. `named`: ours must name the check, not only the verdict.
///
/// # Errors
/// If the verifiers cannot be started.
///
/// # Panics
/// If a verifier does.
pub fn run(cases: &[Case], verifiers: &Verifiers<'_>, named: bool) -> Result<Outcomes> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(cases.len().max(1));
    let shares: Vec<Result<Share>> = std::thread::scope(|scope| {
        let share = |t: usize| {
            scope.spawn(move || {
                let mut verifiers = (verifiers.start)()?;
                let names = verifiers.iter().map(|v| v.name().to_owned()).collect();
                let judged =
                    cases.iter().skip(t).step_by(threads).map(|case| {
                        verifiers.iter_mut().map(|verifier| judge(case, verifier.as_mut(), named)).collect()
                    });
                Ok((names, judged.collect()))
            })
        };
        let running: Vec<_> = (0..threads).map(share).collect();
        running.into_iter().map(|share| share.join().expect("no verifier panics")).collect()
    });
    let mut all = Outcomes::default();
    let mut parts = Vec::new();
    for share in shares {
        let (columns, rows) = share?;
        all.columns = columns;
        parts.push(rows.into_iter());
    }
    for i in 0..cases.len() {
        all.rows.extend(parts[i % threads].next());
    }
    Ok(all)
}
