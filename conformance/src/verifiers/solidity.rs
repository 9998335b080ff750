//! The committed bytecode of the Solidity contracts, in revm.

use super::crates::{at, updated};
use crate::{
    beefy,
    case::Case,
    qbft,
    verifier::{Verdict, Verifier},
};
use alloy_primitives::B256;
use anyhow::{Result, ensure};

/// The contracts of `adapters/evm/contracts`.
pub struct Contracts {
    qbft: qbft::contract::Solidity,
    beefy: beefy::contract::Solidity,
}

impl Contracts {
    /// Reads the artifacts.
    ///
    /// # Panics
    /// If they are missing, or older than the sources they were compiled from.
    pub fn new() -> Self {
        Self { qbft: qbft::contract::Solidity::new(), beefy: beefy::contract::Solidity::new() }
    }
}

impl Default for Contracts {
    fn default() -> Self {
        Self::new()
    }
}

const KINDS: [&str; 13] = [
    "qbft/update",
    "qbft/misbehaviour",
    "qbft/membership",
    "qbft/creation",
    "ethereum-state/packed",
    "ethereum-state/storage",
    "ethereum-state/account",
    "beefy/update",
    "beefy/misbehaviour",
    "beefy/membership",
    "beefy/creation",
    "substrate-state/packed",
    "substrate-state/header",
];

impl Verifier for Contracts {
    fn name(&self) -> &str {
        "solidity"
    }

    /// Headers only as far as a client takes them.
    fn supports(&self, case: &Case) -> bool {
        let long = || case.bytes("header").is_ok_and(|header| header.len() > beefy::vectors::MAX_HEADER);
        KINDS.contains(&case.kind.name) && !(case.kind.name == "substrate-state/header" && long())
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        let heights: Vec<u64> = if case.kind.answer == Some("consensus_state") {
            vec![case.number("height").unwrap_or_default()]
        } else {
            Vec::new()
        };
        let mut answers = Vec::new();
        if ["qbft", "ethereum-state"].contains(&case.kind.family()) {
            for judged in qbft::vectors::judged(case)? {
                let verdict = judged.solidity(&mut self.qbft, &heights).0;
                answers.push((verdict.name, verdict.result));
            }
        } else {
            for judged in beefy::vectors::judged(case)? {
                let verdict = judged.solidity(&mut self.beefy, &heights).0;
                answers.push((verdict.name, verdict.result));
            }
        }
        ensure!(!answers.is_empty(), "nothing to judge");
        if answers.windows(2).any(|pair| pair[0] != pair[1]) {
            let names: Vec<String> = answers.into_iter().map(|(name, _)| name).collect();
            return Ok(Verdict::named(format!("the calls differ: {}", names.join(", "))));
        }
        let (name, result) = answers.swap_remove(0);
        let last = result.last_chunk::<32>().map(B256::from);
        match (case.kind.answer, name.as_str(), last) {
            (Some("consensus_state"), _, _) => updated(case, &name, |_| last),
            (Some("timestamp"), "ok", Some(time)) => {
                Ok(at(u64::from_be_bytes(*time.last_chunk::<8>().unwrap_or(&[0; 8]))))
            }
            _ => Ok(Verdict::named(name)),
        }
    }
}
