//! The checks of a client update, in the order of `docs/wire-formats.md`, section 7. The first
//! that fails is the error.

use crate::{
    authorities::{AuthoritySet, split_addresses},
    commitment::{Commitment, CommitmentError},
    leaf::{LeafError, MmrLeaf},
    mmr::{self, MmrError},
    signature::{Recover, SignatureError, signer},
    state::{ClientState, ConsensusState, MalformedMessage, Misbehaviour, UpdateMessage},
};
use alloc::{string::ToString, vec::Vec};
use alloy_primitives::{Address, B256, keccak256};
use lupu_light_client::Rejection;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{AnchorError, EMPTY_ROOT, Header, HeaderError, blake2_256, check_anchor};

/// Bytes that a header may have.
pub const MAX_HEADER: usize = 4_096;
/// Bytes of one signature in a message: index ‖ r ‖ s ‖ v.
pub const SIGNATURE_ENTRY: usize = 66;

/// The check that an update failed, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum UpdateError {
    /// Check 1.
    #[error(transparent)]
    MalformedMessage(#[from] MalformedMessage),
    /// Check 2, first half.
    #[error("the client is frozen")]
    ClientFrozen,
    /// Check 2, second half.
    #[error("the client's newest state of time {latest} was trusted for {period} s, it is {now}")]
    ClientExpired { latest: TimestampSecs, period: u64, now: TimestampSecs },
    /// Check 3.
    #[error(transparent)]
    MalformedCommitment(#[from] CommitmentError),
    /// Check 4.
    #[error("commitment of authority set {found}; the client knows {current} and the next")]
    UnknownAuthoritySet { found: u64, current: u64 },
    /// Check 5: their number.
    #[error("{bytes} bytes of authorities are not {expected} addresses")]
    AuthorityCount { bytes: usize, expected: u32 },
    /// Check 5: their root.
    #[error("the authorities have root {found}, set {id} has {expected}")]
    AuthoritySetMismatch { id: u64, expected: B256, found: B256 },
    /// Check 6: whole entries.
    #[error("{0} bytes of signatures are not entries of 66 bytes")]
    SignatureWidth(usize),
    /// Check 6: too many.
    #[error("{signatures} signatures of {authorities} authorities")]
    TooManySignatures { signatures: usize, authorities: usize },
    /// Check 6: too few.
    #[error("{found} of {authorities} authorities signed, {required} are required")]
    TooFewSignatures { found: usize, required: usize, authorities: usize },
    /// Check 7: an index that is none.
    #[error("signature {at} is of authority {index} of {authorities}")]
    SignatureIndex { at: usize, index: u8, authorities: usize },
    /// Check 7: the form of a signature.
    #[error("signature {at}: {error}")]
    InvalidSignature { at: usize, error: SignatureError },
    /// Check 7: the order.
    #[error("signature {0} is not in ascending order of the indices")]
    SignaturesNotSorted(usize),
    /// Check 7: who signed.
    #[error("signature {at} is of {found}, authority {index} is {expected}")]
    WrongSigner { at: usize, index: u8, expected: Address, found: Address },
    /// Check 8.
    #[error(transparent)]
    MalformedLeaf(#[from] LeafError),
    /// Check 9.
    #[error("leaf of block {leaf} is not between the first, {first}, and the commitment's, {committed}")]
    LeafOutOfRange { leaf: u64, first: u64, committed: u32 },
    /// Check 10: a handover by an older leaf.
    #[error("the next set signed block {committed}, the leaf that names its successor is of block {leaf}")]
    HandoverLeafNotBound { leaf: u64, committed: u32 },
    /// Check 10: the set that the leaf names.
    #[error("next authority set: {0}")]
    NextSetMismatch(&'static str),
    /// Check 11.
    #[error("MMR proof: {0}")]
    InvalidMmrProof(#[from] MmrError),
    /// Check 12: its length.
    #[error("header of {0} bytes, at most 4096 are taken")]
    HeaderTooLong(usize),
    /// Check 12: its form.
    #[error(transparent)]
    MalformedHeader(#[from] HeaderError),
    /// Check 13: the hash.
    #[error("header has hash {found}, the leaf says {expected}")]
    HeaderMismatch { expected: B256, found: B256 },
    /// Check 13: the number.
    #[error("header has number {found}, the leaf says {expected}")]
    HeaderNumber { expected: u32, found: u32 },
    /// Check 14.
    #[error("state root {0} is that of no state")]
    ZeroStateRoot(B256),
    /// Check 15.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Check 16, the clock.
    #[error("block of time {block} is more than {drift} s ahead of {now}")]
    HeaderFromFuture { block: TimestampSecs, drift: u64, now: TimestampSecs },
    /// Check 16, the newest state.
    #[error("block {height} of time {block} does not fit block {latest_height} of time {latest}")]
    TimeWentBack { height: Height, block: TimestampSecs, latest_height: Height, latest: TimestampSecs },
    /// Evidence only: equal roots, or different numbers.
    #[error("not misbehaviour: {0}")]
    NotMisbehaviour(&'static str),
}

impl UpdateError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedMessage(_) => "MalformedMessage",
            Self::ClientFrozen => "ClientFrozen",
            Self::ClientExpired { .. } => "ClientExpired",
            Self::MalformedCommitment(_) => "MalformedCommitment",
            Self::UnknownAuthoritySet { .. } => "UnknownAuthoritySet",
            Self::AuthorityCount { .. } | Self::AuthoritySetMismatch { .. } => "AuthoritySetMismatch",
            Self::SignatureWidth(_)
            | Self::TooManySignatures { .. }
            | Self::SignatureIndex { .. }
            | Self::InvalidSignature { .. } => "InvalidSignature",
            Self::TooFewSignatures { .. } => "TooFewSignatures",
            Self::SignaturesNotSorted(_) => "SignaturesNotSorted",
            Self::WrongSigner { .. } => "WrongSigner",
            Self::MalformedLeaf(_) => "MalformedLeaf",
            Self::LeafOutOfRange { .. } => "LeafOutOfRange",
            Self::HandoverLeafNotBound { .. } => "HandoverLeafNotBound",
            Self::NextSetMismatch(_) => "NextSetMismatch",
            Self::InvalidMmrProof(_) => "InvalidMmrProof",
            Self::HeaderTooLong(_) | Self::MalformedHeader(_) => "MalformedHeader",
            Self::HeaderMismatch { .. } | Self::HeaderNumber { .. } => "HeaderMismatch",
            Self::ZeroStateRoot(_) => "ZeroStateRoot",
            Self::Anchor(e) => e.name(),
            Self::HeaderFromFuture { .. } => "HeaderFromFuture",
            Self::TimeWentBack { .. } => "TimeWentBack",
            Self::NotMisbehaviour(_) => "NotMisbehaviour",
        }
    }
}

impl From<UpdateError> for Rejection {
    fn from(e: UpdateError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// What an accepted update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the block whose state is proven: one below the leaf's.
    pub height: Height,
    /// The block's hash, BLAKE2b-256.
    pub block_hash: B256,
    /// What the client stores, by hash, at this height.
    pub consensus: ConsensusState,
    /// What was signed.
    pub commitment: Commitment,
    /// The root of the Merkle mountain range that was signed.
    pub mmr_root: B256,
    /// Who signed, by index in the set, ascending.
    pub signers: Vec<u8>,
    /// The leaf.
    pub leaf: MmrLeaf,
    /// Where the next set signed: the set that follows it.
    pub handover: Option<AuthoritySet>,
}

/// Whether the client's newest state is too old at `now`.
pub(crate) fn expired(client: &ClientState, now: TimestampSecs) -> bool {
    let end = u128::from(client.latest_timestamp.0).saturating_add(u128::from(client.rules.trusting_period));
    u128::from(now.0) >= end
}

/// Checks 5 to 7: enough of this set signed the commitment. Returns their indices.
pub(crate) fn check_signatures(
    set: &AuthoritySet,
    authorities: &[u8],
    signatures: &[u8],
    commitment: &[u8],
    recover: &(impl Recover + ?Sized),
) -> Result<Vec<u8>, UpdateError> {
    let count = UpdateError::AuthorityCount { bytes: authorities.len(), expected: set.len };
    let list = split_addresses(authorities).filter(|list| u32::try_from(list.len()) == Ok(set.len)).ok_or(count)?;
    let found = AuthoritySet::new(set.id, &list).root;
    if found != set.root {
        return Err(UpdateError::AuthoritySetMismatch { id: set.id, expected: set.root, found });
    }
    let (entries, rest) = signatures.as_chunks::<SIGNATURE_ENTRY>();
    if !rest.is_empty() {
        return Err(UpdateError::SignatureWidth(signatures.len()));
    }
    let (found, required, authorities) = (entries.len(), set.threshold(), list.len());
    if found > authorities {
        return Err(UpdateError::TooManySignatures { signatures: found, authorities });
    }
    if found < required {
        return Err(UpdateError::TooFewSignatures { found, required, authorities });
    }
    let digest = keccak256(commitment);
    let mut signers: Vec<u8> = Vec::with_capacity(found);
    for (at, [index, signature @ ..]) in entries.iter().enumerate() {
        let expected = list.get(usize::from(*index));
        let expected = *expected.ok_or(UpdateError::SignatureIndex { at, index: *index, authorities })?;
        let found = signer(&digest, signature, recover).map_err(|error| UpdateError::InvalidSignature { at, error })?;
        if signers.last().is_some_and(|last| last >= index) {
            return Err(UpdateError::SignaturesNotSorted(at));
        }
        if found != expected {
            return Err(UpdateError::WrongSigner { at, index: *index, expected, found });
        }
        signers.push(*index);
    }
    Ok(signers)
}

/// Check 10: what the leaf says about the authorities that come. Returns the set that follows the
/// next one, where the next one signed.
fn check_next_set(
    client: &ClientState,
    commitment: &Commitment,
    leaf: &MmrLeaf,
) -> Result<Option<AuthoritySet>, UpdateError> {
    use UpdateError::NextSetMismatch as Mismatch;
    let block = u64::from(leaf.parent_number).saturating_add(1);
    let bound = block == u64::from(commitment.block_number);
    if commitment.validator_set_id == client.current.id {
        return match bound && leaf.next != client.next {
            true => Err(Mismatch("the leaf names another one than the client knows")),
            false => Ok(None),
        };
    }
    if !bound {
        return Err(UpdateError::HandoverLeafNotBound { leaf: block, committed: commitment.block_number });
    }
    if !leaf.next.follows(&client.next) {
        return Err(Mismatch("its id is not the signing set's and one more"));
    }
    if !leaf.next.is_usable() {
        return Err(Mismatch("it is empty, longer than 255 or has no root"));
    }
    Ok(Some(leaf.next))
}

/// Check 9, and with it the leaf's index and the number of leaves.
pub(crate) fn leaf_position(
    first_mmr_block: u64,
    commitment: &Commitment,
    leaf: &MmrLeaf,
) -> Result<(u64, u64), UpdateError> {
    let block = u64::from(leaf.parent_number).saturating_add(1);
    let committed = commitment.block_number;
    let range = UpdateError::LeafOutOfRange { leaf: block, first: first_mmr_block, committed };
    if block > u64::from(committed) {
        return Err(range);
    }
    let index = block.checked_sub(first_mmr_block).ok_or(range.clone())?;
    let last = u64::from(committed).checked_sub(first_mmr_block).ok_or(range)?;
    Ok((index, last.saturating_add(1)))
}

/// Checks 12 to 14: the header is the one that the leaf is about.
pub(crate) fn check_header(leaf: &MmrLeaf, raw: &[u8]) -> Result<Header, UpdateError> {
    if raw.len() > MAX_HEADER {
        return Err(UpdateError::HeaderTooLong(raw.len()));
    }
    let header = Header::decode(raw)?;
    let (expected, found) = (leaf.parent_hash, blake2_256(raw));
    if found != expected {
        return Err(UpdateError::HeaderMismatch { expected, found });
    }
    let (expected, found) = (leaf.parent_number, header.number);
    if found != expected {
        return Err(UpdateError::HeaderNumber { expected, found });
    }
    match header.state_root {
        root if root.is_zero() || root == EMPTY_ROOT => Err(UpdateError::ZeroStateRoot(root)),
        _ => Ok(header),
    }
}

/// Check 16.
fn check_time(
    client: &ClientState,
    height: Height,
    block: TimestampSecs,
    now: TimestampSecs,
) -> Result<(), UpdateError> {
    let drift = client.rules.max_clock_drift;
    if u128::from(block.0) > u128::from(now.0).saturating_add(u128::from(drift)) {
        return Err(UpdateError::HeaderFromFuture { block, drift, now });
    }
    let (latest_height, latest) = (client.latest_height, client.latest_timestamp);
    let fits = match height.cmp(&latest_height) {
        core::cmp::Ordering::Greater => block >= latest,
        core::cmp::Ordering::Less => block <= latest,
        core::cmp::Ordering::Equal => true,
    };
    match fits {
        true => Ok(()),
        false => Err(UpdateError::TimeWentBack { height, block, latest_height, latest }),
    }
}

/// Runs all checks of an update; `message` is `abi.encode(UpdateMessage)`. Changes nothing: what
/// follows from the answer is the client's to do.
pub fn check_update(
    client: &ClientState,
    message: &[u8],
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<Verified, UpdateError> {
    check_message(client, &UpdateMessage::decode(message)?, now, recover)
}

/// Checks 2 to 16.
fn check_message(
    client: &ClientState,
    message: &UpdateMessage,
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<Verified, UpdateError> {
    if client.frozen {
        return Err(UpdateError::ClientFrozen);
    }
    if expired(client, now) {
        let (latest, period) = (client.latest_timestamp, client.rules.trusting_period);
        return Err(UpdateError::ClientExpired { latest, period, now });
    }
    let commitment = Commitment::decode(&message.commitment)?;
    let mmr_root = commitment.mmr_root()?;
    let set = match commitment.validator_set_id {
        id if id == client.current.id => &client.current,
        id if id == client.next.id => &client.next,
        found => return Err(UpdateError::UnknownAuthoritySet { found, current: client.current.id }),
    };
    let signers = check_signatures(set, &message.authorities, &message.signatures, &message.commitment, recover)?;
    let leaf = MmrLeaf::decode(&message.leaf)?;
    let (index, count) = leaf_position(client.first_mmr_block, &commitment, &leaf)?;
    let handover = check_next_set(client, &commitment, &leaf)?;
    let items = mmr::split_items(&message.mmr_items)?;
    mmr::verify(&mmr_root, &leaf.hash(), index, count, &items)?;
    let header = check_header(&leaf, &message.header)?;
    let (prefix, genesis) = (&client.pallet_prefix.0, &client.genesis.0);
    let anchor = check_anchor(&header.state_root, prefix, genesis, &message.anchor_proof)?;
    let height = Height(u64::from(leaf.parent_number));
    check_time(client, height, anchor.timestamp, now)?;
    Ok(Verified {
        height,
        block_hash: leaf.parent_hash,
        consensus: ConsensusState { timestamp: anchor.timestamp, state_root: header.state_root },
        commitment,
        mmr_root,
        signers,
        leaf,
        handover,
    })
}

/// Checks evidence, `abi.encode(Misbehaviour)`: two updates that the client would each accept,
/// with commitments of one block number to different roots. Returns both.
pub fn check_misbehaviour(
    client: &ClientState,
    evidence: &[u8],
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<(Verified, Verified), UpdateError> {
    let evidence = Misbehaviour::decode(evidence)?;
    let a = check_message(client, &evidence.a, now, recover)?;
    let b = check_message(client, &evidence.b, now, recover)?;
    if a.commitment.block_number != b.commitment.block_number {
        return Err(UpdateError::NotMisbehaviour("the commitments are of different blocks"));
    }
    if a.mmr_root == b.mmr_root {
        return Err(UpdateError::NotMisbehaviour("both commit to the same root"));
    }
    Ok((a, b))
}
