//! The comparison, for the test that names what is compared: crates and contracts judge the same
//! vectors, and the same mutants of them.

use crate::{
    EVERY_CHECK,
    case::Verdict,
    contract::{self, Solidity},
    mutate::Mutator,
    sort, vectors,
};
use std::collections::BTreeMap;

/// Why the two sides differ; `None` if they do not.
fn difference(rust: &Verdict, solidity: &Verdict) -> Option<String> {
    let what = if rust.accepts() != solidity.accepts() {
        "one accepts, the other does not"
    } else if rust.name != solidity.name {
        "different checks"
    } else if rust.result != solidity.result {
        "different results"
    } else {
        return None;
    };
    Some(format!(
        "{what}: Rust {} {}, Solidity {} {}",
        rust.name,
        hex::encode(&rust.result),
        solidity.name,
        hex::encode(&solidity.result)
    ))
}

#[test]
fn vectors_have_one_verdict() {
    let mut contracts = Solidity::new();
    contract::selectors_are_the_contracts(&contracts);
    let mut wrong = Vec::new();
    let mut most: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    let vectors = vectors::all();
    for v in &vectors {
        let mut heights = Vec::new();
        let rust = v.case.rust(&mut heights);
        let (solidity, gas) = v.case.solidity(&mut contracts, &heights);
        if rust.name != v.expect {
            wrong.push(format!("{}: expected {}, Rust says {}", v.name, v.expect, rust.name));
        }
        if let Some(difference) = difference(&rust, &solidity) {
            wrong.push(format!("{}: {difference}", v.name));
        }
        let what = match (sort(&v.case), solidity.name.as_str()) {
            ("update", "Update") => "update",
            ("misbehaviour", "Misbehaviour") => "misbehaviour",
            (sort, "ok") if gas > 0 => sort,
            _ => continue,
        };
        let entry = most.entry(what).or_default();
        if gas > entry.0 {
            *entry = (gas, v.name.clone());
        }
    }
    println!("{} vectors, {} divided or unexpected", vectors.len(), wrong.len());
    for (what, (gas, name)) in most {
        println!("most gas of an accepted {what}: {gas} ({name})");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Mutants where `LUPU_FUZZ_CASES` says nothing.
const MUTANTS: u64 = 3_000;
/// Divergences after which a run stops.
const ENOUGH: usize = 20;

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}

/// What a share of the mutants came to.
#[derive(Default)]
struct Tally {
    reasons: BTreeMap<(&'static str, String), u64>,
    parsed: u64,
    updates: u64,
    wrong: Vec<String>,
}

fn judge(mutator: &Mutator, seed: u64, indices: impl Iterator<Item = u64>) -> Tally {
    let mut contracts = Solidity::new();
    let mut tally = Tally::default();
    for index in indices {
        let case = mutator.case(seed, index);
        let mut heights = Vec::new();
        let rust = case.rust(&mut heights);
        let (solidity, _) = case.solidity(&mut contracts, &heights);
        if sort(&case) == "update" {
            tally.updates += 1;
            tally.parsed += u64::from(rust.is_parsed());
        }
        if let Some(difference) = difference(&rust, &solidity) {
            let replay = format!("LUPU_FUZZ_SEED={seed}, mutant {index}");
            tally.wrong.push(format!("{replay}: {} {difference}\n{}", sort(&case), case.json()));
            if tally.wrong.len() >= ENOUGH {
                break;
            }
        }
        *tally.reasons.entry((sort(&case), rust.name)).or_default() += 1;
    }
    tally
}

#[test]
fn mutants_have_one_verdict() {
    let cases = setting("LUPU_FUZZ_CASES", MUTANTS);
    let seed = setting("LUPU_FUZZ_SEED", 1981);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    println!("{cases} mutants, LUPU_FUZZ_SEED={seed}");
    let start = std::time::Instant::now();
    let mutator = Mutator::new();
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads)
            .map(|t| {
                let mutator = &mutator;
                scope.spawn(move || judge(mutator, seed, (t..cases).step_by(threads as usize)))
            })
            .collect();
        for share in shares {
            let share = share.join().expect("neither side panics");
            all.parsed += share.parsed;
            all.updates += share.updates;
            all.wrong.extend(share.wrong);
            for (reason, n) in share.reasons {
                *all.reasons.entry(reason).or_default() += n;
            }
        }
    });
    for ((sort, reason), n) in &all.reasons {
        println!("{sort:>14}  {reason:<26} {n}");
    }
    println!("{} of {} updates past the parser; {:.1} s", all.parsed, all.updates, start.elapsed().as_secs_f32());
    assert!(all.wrong.is_empty(), "{} mutants divide Rust and Solidity:\n{}", all.wrong.len(), all.wrong.join("\n"));
    if cases >= MUTANTS {
        assert!(2 * all.parsed >= all.updates, "fewer than half of the updates pass the parser");
        let names: Vec<&str> = all.reasons.keys().map(|(_, name)| name.as_str()).collect();
        for check in EVERY_CHECK {
            assert!(names.contains(&check), "no mutant failed {check}");
        }
    }
}

/// One seed gives the same mutants in every run.
#[test]
fn a_seed_is_a_run() {
    let (a, b) = (Mutator::new(), Mutator::new());
    for index in 0..50 {
        assert_eq!(a.case(7, index).json(), b.case(7, index).json());
        assert_ne!(a.case(7, index).json(), b.case(8, index).json());
    }
}
