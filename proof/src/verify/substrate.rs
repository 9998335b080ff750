//! What bundles of Substrate chains share: the anchor value in state, packets in state, one node set.

use super::compare;
use crate::failure::{Failure, Place};
use alloc::{collections::BTreeSet, string::ToString, vec::Vec};
use alloy_primitives::{B256, Bytes, FixedBytes};
use lupu_light_client::Claim;
use lupu_standard::TimestampSecs;
use lupu_substrate_state::{
    Anchor, EMPTY_ROOT, Header, NodeSet, NodeSetError, anchor_key, commitment_key, commitment_prefix,
};

/// The nodes of a bundle, and which of them were needed.
pub(super) struct State {
    pub(super) genesis: FixedBytes<24>,
    pub(super) prefix: FixedBytes<16>,
    nodes: NodeSet,
    used: BTreeSet<B256>,
}

impl State {
    pub(super) fn new(genesis: FixedBytes<24>, prefix: FixedBytes<16>, nodes: &[Bytes]) -> Self {
        Self { genesis, prefix, nodes: nodes.iter().cloned().collect(), used: BTreeSet::new() }
    }

    /// The packed proof of the anchor in a header's state, and the time it proves; `None` where
    /// header or proof are none, which the light client then says.
    pub(super) fn anchor(&mut self, header: &[u8], place: Place) -> Result<(Bytes, Option<TimestampSecs>), Failure> {
        let Ok(header) = Header::decode(header) else { return Ok((Bytes::new(), None)) };
        let key = anchor_key(&self.prefix.0);
        let keys: [&[u8]; 1] = [&key];
        let missing = |e: NodeSetError| Failure::new("InvalidProof", place, e.to_string());
        let proof = self.nodes.pack(&header.state_root, &keys).map_err(missing)?;
        self.used.extend(self.nodes.used(&header.state_root, &keys).map_err(missing)?);
        let value = self.nodes.get(&header.state_root, &key).map_err(missing)?;
        let anchor = value.and_then(Anchor::decode).filter(|anchor| anchor.genesis == self.genesis.0);
        Ok((proof.into(), anchor.map(|anchor| anchor.timestamp)))
    }

    /// A claim about a raw path, under the Merkle prefix.
    pub(super) fn prove(&mut self, place: Place, root: &B256, path: &[u8], claim: &Claim) -> Result<(), Failure> {
        let key = commitment_key(&commitment_prefix(&self.prefix.0), path);
        let keys: [&[u8]; 1] = [&key];
        let invalid = |e: NodeSetError| Failure::new("InvalidProof", place, e.to_string());
        let used = self.nodes.used(root, &keys).map_err(invalid)?;
        // The root of an empty trie proves absence by itself.
        self.used.extend(used.into_iter().filter(|hash| *hash != EMPTY_ROOT));
        compare(place, claim, self.nodes.get(root, &key).map_err(invalid)?)
    }

    pub(super) fn used(&self) -> Vec<Bytes> {
        self.used.iter().filter_map(|hash| self.nodes.node(hash).cloned()).collect()
    }

    pub(super) fn unused(&self) -> usize {
        self.nodes.len().saturating_sub(self.used.len())
    }
}
