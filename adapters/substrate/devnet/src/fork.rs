//! Another history that the same authorities have signed: what equivocation is.

use std::sync::Arc;

use codec::Encode;

use crate::author::{Empty, Plan};
use crate::block::Block;
use crate::chain::Chain;
use crate::finality::{GrandpaSet, commit, justify};
use crate::world::{CallError, World};

/// Blocks beside those of the chain, each with a justification and a commitment of its own, and
/// with their states and their MMR: everything that a proof of them needs. The chain and its nodes
/// know nothing of them.
pub struct Fork {
    world: World,
    blocks: Vec<ForkBlock>,
}

/// A block of a fork.
pub struct ForkBlock {
    /// The block.
    pub block: Arc<Block>,
    /// Its SCALE GRANDPA justification.
    pub justification: Vec<u8>,
    /// Its SCALE BEEFY `VersionedFinalityProof`.
    pub commitment: Vec<u8>,
}

impl Fork {
    /// The blocks, lowest first.
    pub fn blocks(&self) -> &[ForkBlock] {
        &self.blocks
    }

    /// The block of a height.
    pub fn block(&self, number: u32) -> Option<&ForkBlock> {
        self.blocks.iter().find(|fork| fork.block.number() == number)
    }

    /// Nodes that prove keys present or absent in the state of a block of the fork.
    pub fn read_proof(&self, number: u32, keys: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        self.world.read_proof(&self.block(number)?.block, keys).ok()
    }

    /// What `mmr_generateProof` would answer for the leaves of `numbers` in the MMR of block `best`
    /// of the fork: SCALE leaves and SCALE proof.
    pub fn mmr_proof(&self, numbers: &[u32], best: u32) -> Option<(Vec<u8>, Vec<u8>)> {
        let root = self.block(best)?.block.header.state_root;
        self.world.mmr_proof(root, numbers, Some(best)).ok()?.ok()
    }
}

/// What [`World::mmr_proof`] gives: leaves and proof, each as SCALE, or the MMR pallet's refusal.
pub(crate) type MmrProof = Result<(Vec<u8>, Vec<u8>), sp_mmr_primitives::Error>;

impl World {
    /// A proof of leaves by the blocks that added them, in the MMR of block `best` (of the state's
    /// own block, if none is named).
    pub(crate) fn mmr_proof(
        &self,
        state_root: sp_core::H256,
        numbers: &[u32],
        best: Option<u32>,
    ) -> Result<MmrProof, CallError> {
        type Answer = Result<
            (Vec<sp_mmr_primitives::EncodableOpaqueLeaf>, sp_mmr_primitives::LeafProof<sp_core::H256>),
            sp_mmr_primitives::Error,
        >;
        let answer: Answer = self.ask(state_root, "MmrApi_generate_proof", &(numbers, best))?;
        Ok(answer.map(|(leaves, proof)| (leaves.encode(), proof.encode())))
    }
}

impl Chain {
    /// A fork of `length` blocks from height `first` on, on the chain's own block below, without
    /// transactions and at the same times. `None` where that block's state is dropped, a height does
    /// not exist yet, or keys are missing.
    ///
    /// One block is another justified target; its MMR root is that of the chain's
    /// block, since a leaf describes the parent. From two blocks on the roots differ too.
    pub fn fork(&self, first: u32, length: u32) -> Option<Fork> {
        let mut parent = self.block(first.checked_sub(1)?)?;
        let world = self.world.copy();
        let (mut grandpa, mut beefy) = (self.grandpa_set(first), self.beefy_set(first));
        let mut blocks = Vec::new();
        for number in first..first.checked_add(length)? {
            let now_ms = self.block(number)?.timestamp_ms;
            let plan = Plan { now_ms, mark: Some(number.encode()) };
            let draft = world.draft(&parent, &plan, &mut Empty).ok()?;
            world.offchain.apply(number, draft.block.header.parent_hash, draft.offchain);
            world.nodes.commit(draft.transaction);
            let block = Arc::new(draft.block);
            if let Some(set) = block.beefy_handover() {
                beefy = set;
            }
            let justification = justify(&world.keys, &grandpa, u64::from(number), &block, &[])?.encode();
            let commitment = commit(&world.keys, &beefy, &block)?.encode();
            if let Some(authorities) = block.grandpa_handover() {
                grandpa = GrandpaSet { id: grandpa.id + 1, authorities };
            }
            parent = block.clone();
            blocks.push(ForkBlock { block, justification, commitment });
        }
        Some(Fork { world, blocks })
    }
}
