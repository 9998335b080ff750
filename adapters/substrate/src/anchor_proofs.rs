//! Proofs of the anchors of blocks, kept for the blocks that hand over to other authorities: every
//! client has to pass them, maybe long after nodes have pruned their states.

use crate::{
    endpoints::{CallError, Endpoints},
    follower::PALLET,
    proofs,
    source::RawHeader,
};
use alloy_primitives::B256;
use lupu_substrate_state::{Anchor, NodeSet, anchor_key, pallet_prefix};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Proofs kept; some 3 kB each.
const KEPT: usize = 4_096;

/// An anchor with the nodes that prove it.
#[derive(Clone, Debug)]
pub struct ProvenAnchor {
    /// Time and chain.
    pub anchor: Anchor,
    /// Nodes of the state trie.
    pub nodes: NodeSet,
}

/// Anchors by height.
pub struct AnchorProofs {
    endpoints: Arc<Endpoints>,
    genesis: B256,
    kept: Mutex<BTreeMap<u64, (B256, Arc<ProvenAnchor>)>>,
}

impl AnchorProofs {
    /// Of the chain with this genesis hash.
    pub fn new(endpoints: Arc<Endpoints>, genesis: B256) -> Self {
        Self { endpoints, genesis, kept: Mutex::default() }
    }

    /// The anchor in the state of a block whose header is verified, remembered or asked for.
    pub async fn get(&self, header: &RawHeader) -> Result<Arc<ProvenAnchor>, CallError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&header.height()).cloned();
        if let Some((hash, proven)) = kept
            && hash == header.hash
        {
            return Ok(proven);
        }
        self.fetch(header).await.map(Arc::new)
    }

    /// [`AnchorProofs::get`], and remembers it.
    pub async fn keep(&self, header: &RawHeader) -> Result<(), CallError> {
        let proven = self.get(header).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(header.height(), (header.hash, proven));
        while kept.len() > KEPT {
            kept.pop_first();
        }
        Ok(())
    }

    /// Takes the proof of an anchor that came another way, for example from a node that is no
    /// endpoint: a proof is as good as its hashes, whoever shows it.
    pub fn learn(&self, header: &RawHeader, nodes: NodeSet) -> Result<(), CallError> {
        let proven = Arc::new(self.check(header, nodes)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(header.height(), (header.hash, proven));
        Ok(())
    }

    async fn fetch(&self, header: &RawHeader) -> Result<ProvenAnchor, CallError> {
        let key = anchor_key(&pallet_prefix(PALLET));
        self.check(header, proofs::read(&self.endpoints, header, &[&key]).await?)
    }

    fn check(&self, header: &RawHeader, nodes: NodeSet) -> Result<ProvenAnchor, CallError> {
        let key = anchor_key(&pallet_prefix(PALLET));
        let height = header.height();
        let value = nodes.get(&header.header.state_root, &key).map_err(|e| CallError::Lied(e.to_string()))?;
        let value = value.ok_or_else(|| CallError::Missing(format!("block {height} has no {PALLET}.Anchor")))?;
        let anchor = Anchor::decode(value);
        let anchor =
            anchor.ok_or_else(|| CallError::Missing(format!("{PALLET}.Anchor of block {height} is malformed")))?;
        if self.genesis.get(..24) != Some(anchor.genesis.as_slice()) {
            let found = hex::encode(anchor.genesis);
            let what = format!("block {height} is of the chain with genesis 0x{found}…, not {}", self.genesis);
            return Err(CallError::Missing(what));
        }
        Ok(ProvenAnchor { anchor, nodes })
    }
}
