//! Attack classes and losses: makers of fresh members, from any seed.
//!
//! A maker writes down by hand which check stops its attack, and has a valid case beside it. Where
//! seals over another digest recover to addresses that no one chose, the plain reference says
//! which check they fail; the code under test is never asked.

mod beefy;
mod bundles;
mod classes;
mod files;
mod grandpa;
mod losses;
mod members;
mod qbft;
mod rules;
mod states;

pub use classes::{Class, classes};
pub use files::{check, write};
pub use losses::{LOSSES, Loss};
pub use members::{Maker, Members};

use crate::{case::Case, scenarios::grandpa::rng::Rng};

/// The generator of one round of one class: the same on every machine.
pub fn rng(seed: u64, class: &str, round: u64) -> Rng {
    let text = format!("{seed} {class} {round}");
    let hash = alloy_primitives::keccak256(text);
    let word = hash.first_chunk::<8>().map_or(0, |word| u64::from_be_bytes(*word));
    // A generator of this kind stands still at zero.
    Rng(word | 1)
}

/// Round number `round` of a class: a few attacks, and valid cases beside them.
pub fn members(class: &Class, seed: u64, round: u64) -> Vec<Case> {
    let mut members = Members::new(class.id, round);
    let mut rng = rng(seed, class.id, round);
    for maker in class.makers {
        maker(&mut rng, &mut members);
    }
    members.into_cases()
}
