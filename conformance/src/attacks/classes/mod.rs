//! The attack classes: what each is, the rules it breaks, its cases in the older files, its makers.

mod bundles;
mod signers;
mod state;

use super::Maker;

/// A class of attacks.
pub struct Class {
    /// As in the catalogue.
    pub id: &'static str,
    /// As in the catalogue.
    pub title: &'static str,
    /// As in the catalogue.
    pub clients: &'static [&'static str],
    /// As in the catalogue.
    pub rules: &'static [&'static str],
    /// As in the catalogue.
    pub origin: &'static str,
    /// As in the catalogue.
    pub checks: &'static [&'static str],
    /// Cases of the older files, as `file#name`; a star stands for any text.
    pub older: &'static [&'static str],
    /// What makes fresh members.
    pub makers: &'static [Maker],
    /// Rounds of the makers that are written to files.
    pub rounds: u64,
}

/// The client types.
const ALL: &[&str] = &["qbft", "ibft2", "beefy", "grandpa"];

/// All classes.
pub fn classes() -> impl Iterator<Item = &'static Class> {
    [signers::CLASSES, state::CLASSES, bundles::CLASSES].into_iter().flatten()
}
