//! BEEFY's commitments as nodes show them, believed when enough of the session's authorities signed.

use crate::{
    chain::SubstrateChain,
    endpoints::{Bad, CallError},
    json::{self, at, bytes},
    sessions::mmr_root_in,
    source::{BEEFY_ENGINE, RawHeader},
};
use alloy_primitives::Address;
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_beefy::{
    K256, RelayError, SignedCommitment, UpdateMessage,
    relay::{ProvenLeaf, trim},
    update_message,
};
use lupu_rpc::more_telling;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

/// Commitments kept in memory.
const KEPT: usize = 1_024;

/// Two commitments to one block with different roots, both signed by enough of its authorities.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// Block number.
    pub block: u64,
    /// The one whose root is in our header.
    pub ours: Arc<SignedCommitment>,
    /// The other.
    pub other: Arc<SignedCommitment>,
    /// Who signed.
    pub authorities: Vec<Address>,
}

/// What a signed commitment to a block of ours turns out to be.
enum Judged {
    Ours(Arc<SignedCommitment>),
    Conflict(Arc<SignedCommitment>),
}

impl SubstrateChain {
    /// The newest block with a commitment that is final here.
    pub(crate) async fn newest_commitment(&self) -> Result<(Arc<RawHeader>, Arc<SignedCommitment>), AdapterError> {
        let head = self.headers.advance().await?;
        let read = |v: Value| json::hash(&v, "BEEFY head").map_err(|e| Bad::Lied(e.to_string()));
        let mut failure = CallError::Unavailable("no endpoint answered".into());
        let mut best: Option<Arc<RawHeader>> = None;
        for (_, answer) in self.endpoints.ask_all("beefy_getFinalizedHead", json!([]), read).await {
            let hash = match answer {
                Ok(hash) => hash,
                Err(error) => {
                    failure = error;
                    continue;
                }
            };
            let header = match self.headers.source.header(hash).await {
                Ok(header) => header,
                Err(error) => {
                    failure = error;
                    continue;
                }
            };
            // What GRANDPA has not finalized yet waits; what is not of our chain is none of ours.
            let height = header.height().min(head.height());
            let ours = self.headers.header(height).await?;
            if best.as_ref().is_none_or(|b| b.height() < ours.height()) {
                best = Some(ours);
            }
        }
        let Some(mut header) = best else {
            let mut error = self.fail(failure);
            // Before its first commitment a node refuses to answer.
            if error.kind == ErrorKind::Rejected {
                error.kind = ErrorKind::NotFound;
            }
            error.message = format!("no endpoint tells of BEEFY finality: {}", error.message);
            return Err(error);
        };
        // Every endpoint is asked: the newest may have a commitment that only some keep.
        for _ in 0..8 {
            match self.commitment(&header).await {
                Ok(commitment) => return Ok((header, commitment)),
                Err(error) if error.kind == ErrorKind::NotFound && header.height() > 1 => {
                    header = self.headers.header(header.height() - 1).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(self.error(ErrorKind::NotFound, "no endpoint shows a BEEFY commitment to one of the newest blocks"))
    }

    /// The commitment to a block, signed by enough of its session's authorities.
    pub(crate) async fn commitment(&self, header: &RawHeader) -> Result<Arc<SignedCommitment>, AdapterError> {
        let height = header.height();
        let known = self.commitments.lock().unwrap_or_else(PoisonError::into_inner).get(&height).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let session = self.session_at(height).await?;
        let accept = |bytes: &[u8]| judge(header, bytes, session.id, &session.authorities);
        let (mut ours, mut other, mut failure) = (None, None, None);
        for answer in self.headers.source.justifications(header.hash, BEEFY_ENGINE, accept).await {
            match answer {
                Ok(Judged::Ours(commitment)) => ours = ours.or(Some(commitment)),
                Ok(Judged::Conflict(commitment)) => other = other.or(Some(commitment)),
                Err(error) => failure = Some(more_telling(failure, error)),
            }
        }
        if let Some(other) = &other {
            tracing::error!(chain = %self.config.id, block = height, "FORK: BEEFY authorities signed two histories");
            if let Some(ours) = &ours {
                let authorities = session.authorities.clone();
                let conflict = Conflict { block: height, ours: ours.clone(), other: other.clone(), authorities };
                self.conflict.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(Arc::new(conflict));
            }
        }
        match (ours, other) {
            (Some(commitment), _) => {
                let mut kept = self.commitments.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(height, commitment.clone());
                while kept.len() > KEPT {
                    kept.pop_first();
                }
                Ok(commitment)
            }
            (None, Some(_)) => {
                let message = format!("block {height}: its authorities signed another history than the one followed");
                Err(self.error(ErrorKind::Unproven, message))
            }
            (None, None) => {
                let none = || CallError::Unavailable("no endpoint answered".into());
                Err(self.fail(failure.unwrap_or_else(none)))
            }
        }
    }

    /// Two histories that were both signed, if such were ever seen.
    pub fn beefy_conflict(&self) -> Option<Arc<Conflict>> {
        self.conflict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An update with a commitment and the leaf that proves `header`. The leaf's proof is checked
    /// against the signed root before it is used: nodes have been seen to serve wrong ones, and
    /// are put aside for it, unless the commitment is of a history that they need not follow.
    pub(crate) async fn beefy_message(
        &self,
        ours: bool,
        commitment: &SignedCommitment,
        authorities: &[Address],
        header: &RawHeader,
        anchor_proof: &[u8],
    ) -> Result<UpdateMessage, AdapterError> {
        let leaf_block = header.height().saturating_add(1);
        let committed = u64::from(commitment.commitment.block_number);
        let first = self.config.tuning.first_mmr_block;
        let wrong = |why: String| if ours { Bad::Lied(why) } else { Bad::Missing(why) };
        let read = |v: Value| {
            let part = |what| bytes(at(&v, what)?, what);
            let leaves = part("leaves").map_err(|e| Bad::Lied(e.to_string()))?;
            let proof = part("proof").map_err(|e| Bad::Lied(e.to_string()))?;
            let leaf = ProvenLeaf::decode(&leaves, &proof).map_err(|e| Bad::Lied(e.to_string()))?;
            let made = update_message(commitment, authorities, first, &leaf, &header.raw, anchor_proof.to_vec(), &K256);
            made.map_err(|e| match e {
                // Not the leaf's fault.
                RelayError::TooFewSignatures { .. } | RelayError::SetLength { .. } => Bad::Missing(e.to_string()),
                e => wrong(format!("leaf of block {leaf_block} under block {committed}: {e}")),
            })
        };
        let params = json!([[leaf_block], committed]);
        self.endpoints.ask("mmr_generateProof", params, read).await.map_err(|e| self.fail(e))
    }
}

/// Judges what a node shows as the commitment to a block.
fn judge(header: &RawHeader, bytes: &[u8], session: u64, authorities: &[Address]) -> Result<Judged, Bad> {
    let height = header.height();
    let lied = |why: String| Bad::Lied(format!("BEEFY commitment to block {height}: {why}"));
    let signed = SignedCommitment::decode(bytes).map_err(|e| lied(e.to_string()))?;
    let commitment = &signed.commitment;
    if u64::from(commitment.block_number) != height {
        return Err(lied(format!("it is to block {}", commitment.block_number)));
    }
    if commitment.validator_set_id != session {
        return Err(lied(format!("it is of set {}, the block is of set {session}", commitment.validator_set_id)));
    }
    let root = commitment.mmr_root().map_err(|e| lied(e.to_string()))?;
    trim(&signed, authorities, &K256).map_err(|e| lied(e.to_string()))?;
    match mmr_root_in(header) {
        Some(ours) if ours != root => Ok(Judged::Conflict(Arc::new(signed))),
        _ => Ok(Judged::Ours(Arc::new(signed))),
    }
}
