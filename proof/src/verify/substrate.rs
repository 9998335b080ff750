//! What bundles of Substrate chains share: the anchor value in state, packets in state, one node set.

use crate::failure::{Failure, Place, figures};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{B256, Bytes, FixedBytes};
use lupu_light_client::Claim;
use lupu_standard::TimestampSecs;
use lupu_substrate_state::{
    EMPTY_ROOT, Header, MembershipError, NodeSet, anchor_key, check_anchor, check_membership, commitment_key,
    commitment_prefix,
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
        let missing = |e: lupu_substrate_state::NodeSetError| Failure::new("InvalidProof", place, e.to_string());
        let proof = self.nodes.pack(&header.state_root, &keys).map_err(missing)?;
        self.used.extend(self.nodes.used(&header.state_root, &keys).map_err(missing)?);
        let anchor = check_anchor(&header.state_root, &self.prefix.0, &self.genesis.0, &proof);
        Ok((proof.into(), anchor.ok().map(|a| a.timestamp)))
    }

    /// Claims about raw paths as claims under the Merkle prefix, with their packed proof.
    pub(super) fn prove(&mut self, root: &B256, claims: &[(Vec<u8>, Claim)]) -> Result<(), (usize, Failure)> {
        let prefix = commitment_prefix(&self.prefix.0);
        let keys: Vec<[u8; 64]> = claims.iter().map(|(path, _)| commitment_key(&prefix, path)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 64]>::as_slice).collect();
        let invalid = |index: usize, detail: String| (index, Failure::new("InvalidProof", Place::Nodes, detail));
        for (index, key) in keys.iter().enumerate() {
            let used = self.nodes.used(root, core::slice::from_ref(key));
            let used = used.map_err(|e| invalid(index, e.to_string()))?;
            // The root of an empty trie proves absence by itself.
            self.used.extend(used.into_iter().filter(|hash| *hash != EMPTY_ROOT));
        }
        let nodes = self.nodes.pack(root, &keys).map_err(|e| invalid(0, e.to_string()))?;
        let claims: Vec<_> =
            claims.iter().map(|(path, claim)| ([prefix.as_slice(), path].concat(), claim.clone())).collect();
        check_membership(root, &self.prefix.0, &claims, &nodes).map_err(|e| {
            let (index, figures) = membership_figures(&e);
            (index, Failure::new(e.name(), Place::Nodes, e.to_string()).figures(figures))
        })
    }

    pub(super) fn used(&self) -> Vec<Bytes> {
        self.used.iter().filter_map(|hash| self.nodes.node(hash).cloned()).collect()
    }

    pub(super) fn unused(&self) -> usize {
        self.nodes.len().saturating_sub(self.used.len())
    }
}

/// Which claim failed, and its two values.
fn membership_figures(error: &MembershipError) -> (usize, Option<(String, String)>) {
    match error {
        MembershipError::ValueAbsent(index) => (*index, figures("a value", "nothing")),
        MembershipError::ValuePresent { index, found } => (*index, figures("nothing", found)),
        MembershipError::ValueMismatch { index, claimed, found } => (*index, figures(claimed, found)),
        MembershipError::InvalidPath { index, .. } | MembershipError::InvalidValue(index) => (*index, None),
        MembershipError::InvalidProof(proof) => (proof.key, None),
        MembershipError::NoPaths => (0, None),
    }
}
