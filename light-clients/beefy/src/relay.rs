//! What a relayer makes of what a node serves: it looks at a signed commitment, leaves out the
//! signatures that nobody needs, and builds the update.

use crate::{
    authorities::{join_addresses, keyset_root, threshold},
    commitment::CommitmentError,
    finality_proof::SignedCommitment,
    leaf::{LeafError, MmrLeaf, unwrap_leaves},
    mmr::{self, LeafProof, MmrError, join_items},
    signature::{Recover, SignatureError, signer},
    state::UpdateMessage,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes};
use lupu_substrate_state::{Header, HeaderError, blake2_256, scale::ScaleError};

/// Why an update cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// The commitment has no root.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
    /// The signed commitment is of another number of authorities.
    #[error("the commitment is of {of} authorities, {authorities} are given")]
    SetLength {
        /// Authorities that the signed commitment is of.
        of: usize,
        /// Authorities given.
        authorities: usize,
    },
    /// More authorities than an index of one byte can name.
    #[error("{0} authorities, at most 255 can be")]
    TooManyAuthorities(usize),
    /// Too few good signatures. A later commitment, or another node, may have more.
    #[error("{found} good signatures of {of} authorities, {required} are required")]
    TooFewSignatures {
        /// Good signatures.
        found: usize,
        /// Signatures required.
        required: usize,
        /// Authorities.
        of: usize,
    },
    /// What the node returned as `leaves` or `proof` does not decode.
    #[error("proof of leaves: {0}")]
    Scale(#[from] ScaleError),
    /// The node proved another number of leaves.
    #[error("{leaves} leaves and {indices} indices, one is wanted")]
    LeafCount {
        /// Leaves returned.
        leaves: usize,
        /// Indices returned.
        indices: usize,
    },
    /// The leaf.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The leaf's index or the number of leaves is not what the blocks say.
    #[error("leaf {index} of {count}, the blocks say {expected_index} of {expected_count}")]
    LeafPosition {
        /// Index in the proof.
        index: u64,
        /// Leaves in the proof.
        count: u64,
        /// Index by the leaf's block.
        expected_index: u64,
        /// Leaves by the commitment's block.
        expected_count: u64,
    },
    /// The items do not lead to the signed root.
    #[error("MMR proof: {0}")]
    Mmr(#[from] MmrError),
    /// The header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The header is not the one that the leaf is about.
    #[error("header {number} with hash {hash}, the leaf is about {expected_number} with {expected}")]
    HeaderMismatch {
        /// Number of the header.
        number: u32,
        /// Hash of the header.
        hash: B256,
        /// Number in the leaf.
        expected_number: u32,
        /// Hash in the leaf.
        expected: B256,
    },
}

/// What one authority did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Index in the set.
    pub index: usize,
    /// Who the signature recovers to.
    pub recovered: Result<Address, SignatureError>,
    /// Whether that is the authority at this index; `None` if the authorities are not known.
    pub listed: Option<bool>,
}

/// A signed commitment at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The block that is committed to.
    pub block_number: u32,
    /// The set that signs.
    pub validator_set_id: u64,
    /// The root of the Merkle mountain range, if the commitment has one.
    pub mmr_root: Option<B256>,
    /// What is signed.
    pub commitment_hash: B256,
    /// Signatures there are.
    pub present: usize,
    /// Authorities of the set.
    pub of: usize,
    /// Signatures that a client demands.
    pub required: usize,
    /// Those who signed, by index.
    pub signers: Vec<Signer>,
    /// [`keyset_root`] of the authorities, if they are given.
    pub keyset_root: Option<B256>,
}

impl Summary {
    /// Signatures by the authority of their index; `None` if the authorities are not known.
    pub fn good(&self) -> Option<usize> {
        self.keyset_root?;
        Some(self.signers.iter().filter(|s| s.listed == Some(true)).count())
    }
}

/// Reads out a signed commitment: what it says and who signed it. With the authorities, in their
/// order, it says also whether each signature is by whom it must be.
pub fn inspect(
    signed: &SignedCommitment,
    authorities: Option<&[Address]>,
    recover: &(impl Recover + ?Sized),
) -> Summary {
    let digest = signed.commitment.hash();
    let mut signers = Vec::with_capacity(signed.present());
    for (index, signature) in signed.signatures.iter().enumerate() {
        let Some(signature) = signature else { continue };
        let recovered = signer(&digest, signature, recover);
        let listed = authorities.map(|list| list.get(index).is_some_and(|a| recovered == Ok(*a)));
        signers.push(Signer { index, recovered, listed });
    }
    Summary {
        block_number: signed.commitment.block_number,
        validator_set_id: signed.commitment.validator_set_id,
        mmr_root: signed.commitment.mmr_root().ok(),
        commitment_hash: digest,
        present: signers.len(),
        of: signed.signatures.len(),
        required: threshold(signed.signatures.len()),
        signers,
        keyset_root: authorities.map(keyset_root),
    }
}

/// As many good signatures as are required, ascending by index, as they stand in an update.
pub fn trim(
    signed: &SignedCommitment,
    authorities: &[Address],
    recover: &(impl Recover + ?Sized),
) -> Result<Vec<u8>, RelayError> {
    let of = signed.signatures.len();
    if of != authorities.len() {
        return Err(RelayError::SetLength { of, authorities: authorities.len() });
    }
    if of > 255 {
        return Err(RelayError::TooManyAuthorities(of));
    }
    let (required, digest) = (threshold(of), signed.commitment.hash());
    let (mut out, mut found) = (Vec::new(), 0usize);
    for ((index, authority), signature) in (0..=u8::MAX).zip(authorities).zip(&signed.signatures) {
        let Some(signature) = signature else { continue };
        if found == required {
            break;
        }
        if signer(&digest, signature, recover) == Ok(*authority) {
            out.push(index);
            out.extend_from_slice(signature);
            found = found.saturating_add(1);
        }
    }
    if of == 0 || found < required {
        return Err(RelayError::TooFewSignatures { found, required, of });
    }
    Ok(out)
}

/// The proof of one leaf, as `mmr_generateProof` returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLeaf {
    /// The leaf.
    pub leaf: MmrLeaf,
    /// Where it is, and what proves it.
    pub proof: LeafProof,
}

impl ProvenLeaf {
    /// Decodes the fields `leaves` and `proof` of the node's answer, which must be of one leaf.
    pub fn decode(leaves: &[u8], proof: &[u8]) -> Result<Self, RelayError> {
        let (leaves, proof) = (unwrap_leaves(leaves)?, LeafProof::decode(proof)?);
        match (leaves.as_slice(), proof.leaf_indices.as_slice()) {
            ([leaf], [_]) => Ok(Self { leaf: MmrLeaf::decode(leaf)?, proof }),
            (leaves, indices) => Err(RelayError::LeafCount { leaves: leaves.len(), indices: indices.len() }),
        }
    }

    /// Checks that the leaf is where its block says, under the signed root.
    fn check(&self, first_mmr_block: u64, signed: &SignedCommitment) -> Result<(), RelayError> {
        // The leaf of block B has as many leaves before it as blocks from the first to B − 1.
        let leaves_to = |block: u32| u64::from(block).saturating_add(1).saturating_sub(first_mmr_block);
        let expected_index = leaves_to(self.leaf.parent_number);
        let expected_count = leaves_to(signed.commitment.block_number);
        let count = self.proof.leaf_count;
        let index = self.proof.leaf_indices.first().copied().unwrap_or(u64::MAX);
        if (index, count) != (expected_index, expected_count) {
            return Err(RelayError::LeafPosition { index, count, expected_index, expected_count });
        }
        let root = signed.commitment.mmr_root()?;
        Ok(mmr::verify(&root, &self.leaf.hash(), index, count, &self.proof.items)?)
    }
}

/// Builds an update: a commitment with the authorities that signed it, a leaf of its history, the
/// header that the leaf is about (SCALE), and the packed proof of the anchor in that header's
/// state. All but the anchor is checked here; the whole is for a light client to check.
pub fn update_message(
    signed: &SignedCommitment,
    authorities: &[Address],
    first_mmr_block: u64,
    leaf: &ProvenLeaf,
    header: &[u8],
    anchor_proof: impl Into<Bytes>,
    recover: &(impl Recover + ?Sized),
) -> Result<UpdateMessage, RelayError> {
    let signatures = trim(signed, authorities, recover)?;
    leaf.check(first_mmr_block, signed)?;
    let (number, hash) = (Header::decode(header)?.number, blake2_256(header));
    let (expected_number, expected) = (leaf.leaf.parent_number, leaf.leaf.parent_hash);
    if (number, hash) != (expected_number, expected) {
        return Err(RelayError::HeaderMismatch { number, hash, expected_number, expected });
    }
    Ok(UpdateMessage {
        commitment: signed.commitment.encode().into(),
        authorities: join_addresses(authorities).into(),
        signatures: signatures.into(),
        leaf: leaf.leaf.encode().into(),
        mmr_items: join_items(&leaf.proof.items).into(),
        header: Bytes::copy_from_slice(header),
        anchor_proof: anchor_proof.into(),
    })
}
