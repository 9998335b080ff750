//! A block as it is kept.

use codec::Encode;
use lupu_substrate_runtime::Header;
use sp_consensus_beefy::{BEEFY_ENGINE_ID, ConsensusLog, ValidatorSet, ecdsa_crypto::AuthorityId};
use sp_consensus_grandpa::{AuthorityList, ConsensusLog as GrandpaLog, GRANDPA_ENGINE_ID};
use sp_core::H256;
use sp_runtime::generic::DigestItem;
use sp_runtime::generic::OpaqueDigestItemId;

/// A change of one key; `None` where it was removed.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// A block of the chain.
#[derive(Debug, Clone)]
pub struct Block {
    /// The header, sealed.
    pub header: Header,
    /// BLAKE2b-256 of the SCALE header.
    pub hash: H256,
    /// The extrinsics, each as SCALE with the length in front, as transactions are submitted.
    pub extrinsics: Vec<Vec<u8>>,
    /// Milliseconds since 1970, as its timestamp inherent says; 0 for block 0.
    pub timestamp_ms: u64,
    /// Its Aura slot; 0 for block 0.
    pub slot: u64,
    /// What it changed in the state.
    pub(crate) changes: Vec<Change>,
}

impl Block {
    /// Blocks since block 0.
    pub fn number(&self) -> u32 {
        self.header.number
    }

    /// The header as SCALE, the preimage of the hash.
    pub fn encoded_header(&self) -> Vec<u8> {
        self.header.encode()
    }

    /// The MMR root in the digest, the leaf of this block included.
    pub fn mmr_root(&self) -> Option<H256> {
        let id = OpaqueDigestItemId::Consensus(&BEEFY_ENGINE_ID);
        self.header.digest.logs.iter().find_map(|item| match item.try_to::<ConsensusLog<AuthorityId>>(id)? {
            ConsensusLog::MmrRoot(root) => Some(root),
            _ => None,
        })
    }

    /// The BEEFY set whose session this block begins: it must commit to the block.
    pub fn beefy_handover(&self) -> Option<ValidatorSet<AuthorityId>> {
        let id = OpaqueDigestItemId::Consensus(&BEEFY_ENGINE_ID);
        self.header.digest.logs.iter().find_map(|item| match item.try_to::<ConsensusLog<AuthorityId>>(id)? {
            ConsensusLog::AuthoritiesChange(set) => Some(set),
            _ => None,
        })
    }

    /// The GRANDPA authorities of the blocks after this one, where it hands over to others: the old
    /// set must finalize it.
    pub fn grandpa_handover(&self) -> Option<AuthorityList> {
        let id = OpaqueDigestItemId::Consensus(&GRANDPA_ENGINE_ID);
        self.header.digest.logs.iter().find_map(|item| match item.try_to::<GrandpaLog<u32>>(id)? {
            GrandpaLog::ScheduledChange(change) => Some(change.next_authorities),
            _ => None,
        })
    }

    /// Whether `System.set_code` has run in the block.
    pub fn upgrades_runtime(&self) -> bool {
        self.header.digest.logs.contains(&DigestItem::RuntimeEnvironmentUpdated)
    }
}
