//! Making a block: the slot's author, the inherents, the transactions, the seal.

use codec::{Decode, Encode};
use lupu_substrate_runtime::apis::api;
use lupu_substrate_runtime::{Header, UncheckedExtrinsic};
use sp_consensus_aura::{AURA_ENGINE_ID, sr25519::AuthorityId as AuraId};
use sp_core::{H256, Pair};
use sp_inherents::InherentData;
use sp_runtime::generic::{Digest, DigestItem};
use sp_runtime::traits::{BlakeTwo256, Header as _};
use sp_runtime::transaction_validity::TransactionValidityError;
use sp_runtime::{ApplyExtrinsicResult, StateVersion};
use sp_state_machine::{BackendTransaction, OffchainChangesCollection, OverlayedChanges};

use crate::block::{Block, Change};
use crate::state::State;
use crate::world::{CallError, World};

/// When a block is to be, and what else is said of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The wall clock's milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// One more digest item, so that the block differs from another on the same parent.
    pub(crate) mark: Option<Vec<u8>>,
}

/// A block that is not part of anything yet.
pub(crate) struct Draft {
    pub(crate) block: Block,
    pub(crate) transaction: BackendTransaction<BlakeTwo256>,
    pub(crate) offchain: OffchainChangesCollection,
}

/// Gives a block its transactions, one after the other.
pub(crate) trait Source {
    /// The next transaction, SCALE with the length in front.
    fn next(&mut self) -> Option<Vec<u8>>;
    /// Tells what became of it. `Ok` with the index in the block.
    fn done(&mut self, outcome: Result<u32, TransactionValidityError>);
}

/// A block without transactions.
pub(crate) struct Empty;

impl Source for Empty {
    fn next(&mut self) -> Option<Vec<u8>> {
        None
    }
    fn done(&mut self, _: Result<u32, TransactionValidityError>) {}
}

/// Why no block was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("no authority of this chain has keys here")]
    NoAuthor,
    #[error("the runtime refuses its own inherent: {0:?}")]
    Inherent(TransactionValidityError),
    #[error("no state changes: {0}")]
    State(String),
}

struct Bench<'a> {
    state: &'a State,
    overlay: OverlayedChanges<BlakeTwo256>,
    extensions: sp_externalities::Extensions,
}

impl Bench<'_> {
    fn call<R: Decode>(&mut self, function: &str, arguments: &[u8]) -> Result<R, CallError> {
        let run = || api::dispatch(function, arguments);
        let answer = World::run(self.state, &mut self.overlay, &mut self.extensions, function, run)?;
        let answer = answer.ok_or_else(|| CallError::UnknownFunction(function.to_owned()))?;
        R::decode(&mut &answer[..]).map_err(|e| CallError::Undecodable(function.to_owned(), e))
    }

    /// Applies an extrinsic, or leaves everything as it was.
    fn apply(&mut self, extrinsic: &[u8]) -> Result<(), ApplyError> {
        self.overlay.start_transaction();
        let applied = self.call::<ApplyExtrinsicResult>("BlockBuilder_apply_extrinsic", extrinsic);
        let done = match applied {
            Ok(Ok(_)) => self.overlay.commit_transaction(),
            _ => self.overlay.rollback_transaction(),
        };
        debug_assert!(done.is_ok());
        applied?.map(drop).map_err(ApplyError::Invalid)
    }
}

enum ApplyError {
    Call(CallError),
    Invalid(TransactionValidityError),
}

impl From<CallError> for ApplyError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl World {
    /// Makes a block on `parent`.
    pub(crate) fn draft(&self, parent: &Block, plan: &Plan, source: &mut dyn Source) -> Result<Draft, AuthorError> {
        let root = parent.header.state_root;
        let authorities: Vec<AuraId> = self.ask(root, "AuraApi_authorities", &())?;
        let slot_millis: u64 = self.ask(root, "AuraApi_slot_duration", &())?;
        let (slot, timestamp_ms) = time(parent, plan.now_ms, slot_millis);
        let (slot, timestamp_ms, pair) = (0..authorities.len() as u64)
            .find_map(|skipped| {
                let slot = slot + skipped;
                let author = authorities.get((slot % authorities.len() as u64) as usize)?;
                let pair = self.keys.sr25519(author.as_ref())?;
                Some((slot, timestamp_ms.max(slot * slot_millis), pair))
            })
            .ok_or(AuthorError::NoAuthor)?;

        let mut logs = vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())];
        logs.extend(plan.mark.clone().map(|mark| DigestItem::PreRuntime(*b"mark", mark)));
        let header = Header::new(parent.number() + 1, H256::zero(), H256::zero(), parent.hash, Digest { logs });
        let state = self.state(root)?;
        let mut bench =
            Bench { state: &state, overlay: OverlayedChanges::default(), extensions: Self::block_extensions() };
        bench.call::<u8>("Core_initialize_block", &header.encode())?;

        let mut extrinsics = Vec::new();
        let mut inherents = InherentData::new();
        let now = sp_timestamp::InherentType::from(timestamp_ms);
        inherents.put_data(sp_timestamp::INHERENT_IDENTIFIER, &now).map_err(|e| AuthorError::State(e.to_string()))?;
        let inherents: Vec<UncheckedExtrinsic> = bench.call("BlockBuilder_inherent_extrinsics", &inherents.encode())?;
        for inherent in inherents {
            let inherent = inherent.encode();
            match bench.apply(&inherent) {
                Ok(()) => extrinsics.push(inherent),
                Err(ApplyError::Invalid(error)) => return Err(AuthorError::Inherent(error)),
                Err(ApplyError::Call(error)) => return Err(error.into()),
            }
        }
        while let Some(transaction) = source.next() {
            match bench.apply(&transaction) {
                Ok(()) => {
                    source.done(Ok(extrinsics.len() as u32));
                    extrinsics.push(transaction);
                }
                Err(ApplyError::Invalid(error)) => source.done(Err(error)),
                Err(ApplyError::Call(error)) => {
                    tracing::warn!(%error, "a transaction makes the runtime panic");
                    source.done(Err(sp_runtime::transaction_validity::InvalidTransaction::Call.into()));
                }
            }
        }
        let mut header: Header = bench.call("BlockBuilder_finalize_block", &[])?;

        let changes = bench.overlay.drain_storage_changes(&state, StateVersion::V1).map_err(AuthorError::State)?;
        if changes.transaction_storage_root != header.state_root {
            return Err(AuthorError::State("the state root is not that of the changes".to_owned()));
        }
        let seal = pair.sign(header.hash().as_bytes());
        header.digest.push(DigestItem::Seal(AURA_ENGINE_ID, seal.encode()));
        let changed: Vec<Change> = changes.main_storage_changes;
        let block = Block { hash: header.hash(), header, extrinsics, timestamp_ms, slot, changes: changed };
        Ok(Draft { block, transaction: changes.transaction, offchain: changes.offchain_storage_changes })
    }
}

/// The slot and the time of a child of `parent`: now, but in a later slot, and half a slot later at
/// least.
fn time(parent: &Block, now_ms: u64, slot_millis: u64) -> (u64, u64) {
    let slot_millis = slot_millis.max(1);
    let slot = (now_ms / slot_millis).max(parent.slot + 1);
    let earliest = parent.timestamp_ms + slot_millis / 2;
    (slot, now_ms.max(slot * slot_millis).max(earliest).min((slot + 1) * slot_millis - 1))
}
