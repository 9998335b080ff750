//! The scenes. Each asks for something, waits for the relayer, and looks at the chains.

mod documents;
mod duty;
mod hops;
mod late;
mod many;
mod refused;

pub use documents::documents;
pub use duty::duty;
pub use hops::hops;
pub use late::late;
pub use many::many;
pub use refused::refused;

use crate::{report::Line, world::World};
use alloy::primitives::{Address, keccak256};
use anyhow::{Context, Result};
use lupu_relayer::store::PacketRow;

/// Longer than any demo.
pub const HOUR: u64 = 3_600;

fn line(world: &World, rows: &[PacketRow], kind: impl Into<String>, outcome: impl Into<String>) -> Result<Line> {
    Line::new(rows, kind, outcome, |chain| world.is_substrate(chain)).context("a scene without packets")
}

/// An address that nobody else in the story uses.
fn nobody_yet(name: &str) -> Address {
    Address::from_word(keccak256(name))
}
