//! The chains of the story, and the relayer's store to look at.

use crate::{
    customs::Customs,
    ledger::{End, Link},
    side::{Side, lower},
};
use alloy::primitives::Address;
use anyhow::{Context, Result, bail};
use lupu_relayer::{
    packet::State,
    store::{PacketFilter, PacketRow, Store},
};
use lupu_standard::{ChainId, ClientId};
use std::time::{Duration, Instant};

/// The chains and the relayer's store.
pub struct World {
    /// Shipping.
    pub harbour: Side,
    /// Finance.
    pub bank: Side,
    /// Customs, a Substrate chain; not on every stage.
    pub customs: Option<Customs>,
    /// The relayer's store, to look at.
    pub store: Store,
    /// eCNY, on `bank`.
    pub token: Address,
    /// Bills of lading, on `bank`.
    pub registry: Address,
    /// Customs clearances, on `harbour`.
    pub clearances: Address,
}

/// How long any packet may take before the story fails.
const PATIENCE: Duration = Duration::from_secs(60);

impl World {
    /// The Substrate chain.
    pub fn customs(&self) -> Result<&Customs> {
        self.customs.as_ref().context("this stage has no customs")
    }

    /// Whether a chain is a Substrate chain: what it executes is measured as weight, not as gas.
    pub fn is_substrate(&self, chain: &ChainId) -> bool {
        self.customs.as_ref().is_some_and(|c| c.id == *chain)
    }

    /// The full trace that eCNY has where it came from `bank` by itself.
    pub fn trace(&self, client: &ClientId) -> String {
        format!("transfer/{client}/{}", lower(self.token))
    }

    /// The voucher of eCNY on `harbour`, once there is one.
    pub async fn voucher(&self) -> Result<Option<Address>> {
        self.harbour.voucher(&self.trace(self.harbour.client(&self.bank.id)?)).await
    }

    /// eCNY between `bank` and `harbour`.
    pub fn ecny_on_harbour(&self) -> Link<'_> {
        Link::new("eCNY on harbour", 2, lower(self.token), End::Evm(&self.bank), End::Evm(&self.harbour))
    }

    /// Waits until all packets that a client sent are in a state that `wanted` accepts, and returns them.
    pub async fn wait(
        &self,
        client: &ClientId,
        sequences: &[u64],
        show: impl Fn(&str),
        wanted: impl Fn(State) -> bool,
    ) -> Result<Vec<PacketRow>> {
        let started = Instant::now();
        loop {
            let rows = self.rows(client, sequences).await?;
            let there = rows.iter().filter(|r| wanted(r.state)).count();
            if there == sequences.len() {
                return Ok(rows);
            }
            let slowest = rows.iter().filter(|r| !wanted(r.state)).map(|r| (r.state, r.reason.clone())).next();
            let (state, reason) = slowest.map_or(("sending", None), |(s, r)| (s.name(), r));
            match sequences.len() {
                1 => show(state),
                n => show(&format!("{there} of {n} there, others {state}")),
            }
            if started.elapsed() > PATIENCE {
                let reason = reason.map_or_else(String::new, |r| format!(" ({r})"));
                bail!("packet {client}/{sequences:?} is still {state}{reason} after {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn rows(&self, client: &ClientId, sequences: &[u64]) -> Result<Vec<PacketRow>> {
        let filter = PacketFilter { source_client: Some(client.clone()), limit: 1_000, ..Default::default() };
        let mut rows = self.store.packets(&filter).await?;
        rows.retain(|r| sequences.contains(&r.packet.sequence.get()));
        rows.sort_by_key(|r| r.packet.sequence);
        Ok(rows)
    }

    /// Whether `harbour` has minted this many units to its carrier.
    pub async fn received(&self, units: usize) -> Result<bool> {
        match self.voucher().await? {
            Some(voucher) => Ok(self.harbour.balance(voucher, self.harbour.person(0)?.address).await? >= units as u128),
            None => Ok(false),
        }
    }
}
