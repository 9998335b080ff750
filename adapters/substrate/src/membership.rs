//! What the provers of a Substrate chain share: the state at a verified height, and proofs about it.

use crate::{
    anchor_proofs::ProvenAnchor, chain::SubstrateChain, endpoints::CallError, follower::PALLET, proofs,
    source::RawHeader,
};
use alloy_primitives::B256;
use lupu_adapter::{AdapterError, ErrorKind, Material};
use lupu_light_client::{Claim, Rejection};
use lupu_standard::{Height, Path, TimestampSecs};
use lupu_substrate_state::{NodeSet, anchor_key, commitment_key, commitment_prefix, pallet_prefix, proof_order};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The wall clock, UNIX seconds.
pub(crate) fn now() -> TimestampSecs {
    TimestampSecs(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}

/// The merkle prefix under which other chains ask for this one's commitments: one element.
pub fn merkle_prefix() -> Vec<Vec<u8>> {
    vec![commitment_prefix(&pallet_prefix(PALLET)).to_vec()]
}

/// The nodes of a set as material.
pub(crate) fn material(set: &NodeSet) -> impl Iterator<Item = Material> + '_ {
    set.iter().map(|(_, node)| Material::Node(node.clone()))
}

/// A header as material.
pub(crate) fn header_material(header: &RawHeader) -> Material {
    Material::Header { height: Height(header.height()), raw: header.raw.clone() }
}

/// Indices of paths in ascending order of their keys.
pub(crate) fn order(paths: &[Path]) -> Vec<usize> {
    let prefix = commitment_prefix(&pallet_prefix(PALLET));
    let keys: Vec<[u8; 64]> = paths.iter().map(|p| commitment_key(&prefix, &p.to_bytes())).collect();
    proof_order(&keys)
}

/// A packed proof of claims, with what it was made of.
pub(crate) struct Packed {
    pub(crate) proof: Vec<u8>,
    pub(crate) nodes: NodeSet,
    /// The claims as a light client takes them: prefix and raw path.
    pub(crate) claims: Vec<(Vec<u8>, Claim)>,
}

impl SubstrateChain {
    pub(crate) fn unproven(&self, message: impl ToString) -> AdapterError {
        self.error(ErrorKind::Unproven, message.to_string())
    }

    pub(crate) fn rejected(&self, what: &str, rejection: Rejection) -> AdapterError {
        self.unproven(format!("our own light client does not accept {what}: {rejection}"))
    }

    /// The first 24 bytes of the genesis hash: what clients pin.
    pub(crate) fn genesis24(&self) -> [u8; 24] {
        let mut out = [0; 24];
        out.iter_mut().zip(self.config.genesis).for_each(|(to, from)| *to = from);
        out
    }

    /// Refuses a client of another chain, or of another pallet.
    pub(crate) fn check_identity(&self, genesis: &[u8; 24], prefix: &[u8; 16]) -> Result<(), AdapterError> {
        let wrong = |what: &str, theirs: &[u8], ours: &[u8]| {
            let (theirs, ours) = (hex::encode(theirs), hex::encode(ours));
            let message = format!("the client tracks another chain: {what} 0x{theirs}…, this chain's is 0x{ours}…");
            Err(self.error(ErrorKind::Misconfigured, message))
        };
        let ours = self.genesis24();
        if *genesis != ours {
            return wrong("genesis", genesis, &ours);
        }
        let ours = pallet_prefix(PALLET);
        if *prefix != ours {
            return wrong("pallet prefix", prefix, &ours);
        }
        Ok(())
    }

    /// The anchor of a block, with its packed proof.
    pub(crate) async fn packed_anchor(&self, header: &RawHeader) -> Result<(Arc<ProvenAnchor>, Vec<u8>), AdapterError> {
        let proven = self.anchors.get(header).await.map_err(|e| self.fail(e))?;
        let key = anchor_key(&pallet_prefix(PALLET));
        let packed = proven.nodes.pack(&header.header.state_root, &[&key]);
        Ok((proven, packed.map_err(|e| self.unproven(e))?))
    }

    /// A state that is needed on the way and is gone.
    pub(crate) fn needed_between(&self, height: u64, target: Height, mut error: AdapterError) -> AdapterError {
        if error.kind == ErrorKind::Pruned && height < target.0 {
            error.message = format!(
                "the client must pass block {height}, which changes the authorities and whose state is gone ({}): \
                 add an archive endpoint, or create the client anew",
                error.message
            );
        }
        error
    }

    /// Checks a state root and a time that a client trusts at a height.
    pub(crate) async fn check_state(
        &self,
        height: Height,
        state_root: B256,
        timestamp: TimestampSecs,
    ) -> Result<Arc<RawHeader>, AdapterError> {
        let header = self.headers.header(height.0).await?;
        if header.header.state_root != state_root {
            let found = header.header.state_root;
            let message =
                format!("the client trusts state root {state_root} of block {height}, the chain's is {found}");
            return Err(self.unproven(message));
        }
        let proven = self.anchors.get(&header).await.map_err(|e: CallError| self.fail(e))?;
        if proven.anchor.timestamp != timestamp {
            let found = proven.anchor.timestamp;
            let message = format!("the client trusts time {timestamp} of block {height}, the chain's is {found}");
            return Err(self.unproven(message));
        }
        Ok(header)
    }

    /// One packed proof of claims in the state of a block, in this order.
    pub(crate) async fn pack_claims(
        &self,
        height: Height,
        state_root: B256,
        prefix: &[Vec<u8>],
        claims: &[(Path, Claim)],
    ) -> Result<Packed, AdapterError> {
        let ours = commitment_prefix(&pallet_prefix(PALLET));
        if !matches!(prefix, [one] if one.as_slice() == ours) {
            let message = format!(
                "the merkle prefix of this chain is the one element 0x{}, the host asks under another",
                hex::encode(ours)
            );
            return Err(self.error(ErrorKind::Misconfigured, message));
        }
        let header = self.headers.header(height.0).await?;
        if header.header.state_root != state_root {
            let message = format!("block {height} has another state root than the client's {state_root}");
            return Err(self.unproven(message));
        }
        let keys: Vec<[u8; 64]> = claims.iter().map(|(path, _)| commitment_key(&ours, &path.to_bytes())).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 64]>::as_slice).collect();
        let nodes = proofs::read(&self.endpoints, &header, &keys).await.map_err(|e| self.fail(e))?;
        let proof = nodes.pack(&state_root, &keys).map_err(|e| self.unproven(e))?;
        let full = |(path, claim): &(Path, Claim)| ([&ours[..], &path.to_bytes()].concat(), claim.clone());
        Ok(Packed { proof, nodes, claims: claims.iter().map(full).collect() })
    }
}
