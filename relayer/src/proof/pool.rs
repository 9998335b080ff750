//! The updates and proofs that bundles of one chain are made of, each read once.

use crate::store::{Store, StoreError};
use lupu_proof::{AnchorClient, Turns};
use lupu_standard::{ChainId, ClientId, Height};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Known updates of one chain to clients of one type, whichever hosted client they were made for.
#[derive(Default)]
pub(super) struct Pool {
    hosts: Vec<(ChainId, ClientId)>,
    /// Straight from nodes: few, and each may be needed.
    walked: BTreeMap<Height, Vec<u8>>,
    /// From the store, at heights of statements.
    loaded: BTreeMap<Height, Vec<Vec<u8>>>,
    /// From the store: where a way turns. Read once, when a way needs them.
    turns: Option<Vec<Vec<u8>>>,
    proofs: BTreeMap<i64, Arc<[u8]>>,
}

impl Pool {
    /// The clients whose updates serve.
    pub(super) fn hosts(&self) -> &[(ChainId, ClientId)] {
        &self.hosts
    }

    pub(super) fn add_host(&mut self, chain: &ChainId, client: &ClientId) {
        if !self.hosts.iter().any(|(c, i)| c == chain && i == client) {
            self.hosts.push((chain.clone(), client.clone()));
            self.turns = None;
        }
    }

    /// Adds an update that a node showed.
    pub(super) fn add(&mut self, height: Height, message: Vec<u8>) {
        self.walked.insert(height, message);
    }

    /// Reads the updates to these heights.
    pub(super) async fn load(&mut self, store: &Store, heights: &BTreeSet<Height>) -> Result<(), StoreError> {
        for height in heights {
            if self.loaded.contains_key(height) {
                continue;
            }
            let mut found = Vec::new();
            for (chain, client) in &self.hosts {
                found.extend(store.updates_to(chain, client, *height).await?);
            }
            self.loaded.insert(*height, found);
        }
        Ok(())
    }

    /// Reads where ways turn, unless that was done. Whether anything was read.
    pub(super) async fn load_turns(&mut self, store: &Store, anchor: &AnchorClient) -> Result<bool, StoreError> {
        if self.turns.is_some() {
            return Ok(false);
        }
        let mut kept = Vec::new();
        for (chain, client) in &self.hosts {
            let (mut turns, mut after) = (Turns::new(anchor), anchor.height());
            while let Some((messages, last)) = store.updates_page(chain, client, after).await? {
                for message in messages {
                    // What does not decode leads nowhere.
                    if let Err(error) = turns.pass(message) {
                        tracing::warn!(%chain, %client, %error, "a kept update is not usable");
                    }
                }
                after = last;
            }
            kept.extend(turns.finish());
        }
        self.turns = Some(kept);
        Ok(true)
    }

    /// Every update that a way to these heights may need, as far as it was read.
    pub(super) fn updates<'a>(&'a self, heights: &'a BTreeSet<Height>) -> impl Iterator<Item = &'a [u8]> {
        let loaded = heights.iter().filter_map(|height| self.loaded.get(height)).flatten();
        let rest = self.walked.values().chain(self.turns.iter().flatten());
        loaded.chain(rest).map(Vec::as_slice)
    }

    /// A kept membership proof.
    pub(super) async fn proof(&mut self, store: &Store, id: i64) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(known) = self.proofs.get(&id) {
            return Ok(Some(known.clone()));
        }
        let Some(read) = store.proof(id).await? else { return Ok(None) };
        let read: Arc<[u8]> = read.into();
        self.proofs.insert(id, read.clone());
        Ok(Some(read))
    }

    /// Forgets what only the statements at hand needed.
    pub(super) fn clear(&mut self) {
        self.loaded.clear();
        self.proofs.clear();
    }
}
