//! The verifiers that exist here.

mod crates;
mod pallet;
mod plain;
mod plugin;
mod rules;
mod solidity;
mod upstream;

pub use crates::Crates;
pub use pallet::Pallet;
pub use plain::Plain;
pub use plugin::Plugin;
pub use solidity::Contracts;
pub use upstream::Upstream;

use crate::verifier::Verifier;

/// A fresh set of all of ours, in the order of the columns.
pub fn ours() -> Vec<Box<dyn Verifier>> {
    vec![Box::new(Crates), Box::new(Contracts::new()), Box::new(Pallet), Box::new(Plain), Box::new(Upstream)]
}
