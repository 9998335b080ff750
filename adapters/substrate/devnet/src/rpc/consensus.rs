//! `grandpa_*`, `beefy_*` and `mmr_*`.

use std::ops::Bound;
use std::sync::Arc;

use codec::{Decode, DecodeAll, Encode};
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use lupu_substrate_runtime::Header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sp_core::H256;
use sp_mmr_primitives::{EncodableOpaqueLeaf, LeafProof};

use super::subscribe::{Closed, Subscriber};
use super::{Bytes, Node, RpcResult, answer, error, hex, method, one, opt};
use crate::chain::{Event, Inner};

/// Most headers a finality proof carries, as in nodes.
const MAX_UNKNOWN_HEADERS: u32 = 100_000;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "grandpa_proveFinality", |node, params| prove_finality(node, one(&params)?))?;
    method(module, "grandpa_roundState", |node, _| {
        let set = node.chain.grandpa_set(node.chain.finalized() + 1);
        let (total, needed) = (set.authorities.len(), crate::threshold(set.authorities.len()));
        let votes = json!({ "currentWeight": 0, "missing": [] });
        let best = json!({
            "round": 1, "totalWeight": total, "thresholdWeight": needed, "prevotes": votes, "precommits": votes,
        });
        Ok(json!({ "setId": set.id, "best": best, "background": [] }))
    })?;
    method(module, "beefy_getFinalizedHead", |node, _| {
        let number = node.faults.head(node.chain.beefy_finalized());
        match node.chain.block(number).filter(|_| number > 0) {
            Some(block) => answer(block.hash),
            None => Err(error::coded(1, "BEEFY RPC endpoint not ready")),
        }
    })?;
    justifications(
        module,
        ["grandpa_subscribeJustifications", "grandpa_justifications", "grandpa_unsubscribeJustifications"],
        Proof::Grandpa,
    )?;
    justifications(
        module,
        ["beefy_subscribeJustifications", "beefy_justifications", "beefy_unsubscribeJustifications"],
        Proof::Beefy,
    )?;
    mmr(module)
}

#[derive(Clone, Copy)]
enum Proof {
    Grandpa,
    Beefy,
}

impl Proof {
    fn of(self, inner: &Inner) -> &std::collections::BTreeMap<u32, Vec<u8>> {
        match self {
            Self::Grandpa => &inner.justifications,
            Self::Beefy => &inner.commitments,
        }
    }

    /// The lowest above `after` that the node shows.
    fn next(self, node: &Node, after: u32) -> Option<(u32, Vec<u8>)> {
        let head = node.head().number();
        let range = (Bound::Excluded(after), Bound::Included(head));
        if after >= head {
            return None;
        }
        node.chain.read(|inner| self.of(inner).range(range).next().map(|(n, proof)| (*n, proof.clone())))
    }
}

fn justifications(
    module: &mut RpcModule<Node>,
    [subscribe, notify, unsubscribe]: [&'static str; 3],
    kind: Proof,
) -> Result<(), RegisterMethodError> {
    let run = move |pending: PendingSubscriptionSink, node: Arc<Node>| async move {
        let mut events = node.chain.subscribe();
        let mut last = node.chain.read(|inner| kind.of(inner).keys().next_back().copied().unwrap_or(0));
        let Some(subscriber) = Subscriber::accept(pending, &node, subscribe).await else { return };
        loop {
            while let Some((number, proof)) = kind.next(&node, last) {
                last = number;
                if !subscriber.send(json!(hex(proof))).await {
                    return;
                }
            }
            match subscriber.event(&mut events).await {
                Some(Event::Made | Event::Finalized | Event::Justified(_) | Event::Committed(_)) => {}
                None => return,
            }
        }
    };
    module
        .register_subscription(subscribe, notify, unsubscribe, move |_, pending, node, _| async move {
            run(pending, node).await;
            Closed
        })
        .map(drop)
}

/// A proof that a block is final: that of the last block of its authority set, or of the newest
/// block, which nodes keep beside the blocks, with the headers between. As in nodes, nothing before
/// the first change of sets.
fn prove_finality(node: &Node, number: u32) -> RpcResult {
    let refused = |reason: &str| error::coded(4, format!("GRANDPA prove finality rpc failed: {reason}"));
    let finalized = node.finalized_number();
    if number > finalized {
        return Err(refused("Block not yet finalized"));
    }
    let found = node.chain.read(|inner| {
        let ends: Vec<u32> =
            inner.grandpa_sets.iter().skip(1).map(|(first, _)| first - 1).filter(|last| *last <= finalized).collect();
        let newest = *ends.last()?;
        let target = match ends.iter().find(|last| number <= **last) {
            Some(last) => *last,
            None => inner.justifications.range(newest..=finalized).next_back().map(|(n, _)| *n)?,
        };
        Some((target, inner.justifications.get(&target)?.clone()))
    });
    let Some((target, justification)) = found else {
        return Err(refused("Block not covered by authority set changes."));
    };
    let Some(block) = node.chain.block(target).filter(|_| number <= target) else { return Ok(Value::Null) };
    let last = target.min(number.saturating_add(MAX_UNKNOWN_HEADERS));
    let unknown: Vec<Header> = (number + 1..=last).filter_map(|n| Some(node.chain.block(n)?.header.clone())).collect();
    Ok(json!(hex((block.hash, justification, unknown).encode())))
}

/// A proof as `mmr_generateProof` gives it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeavesProof {
    block_hash: H256,
    leaves: Value,
    proof: Value,
}

impl LeavesProof {
    fn decode(&self) -> Result<(Vec<EncodableOpaqueLeaf>, LeafProof<H256>), ErrorObjectOwned> {
        let bytes = |value: &Value| serde_json::from_value::<Bytes>(value.clone()).map(|bytes| bytes.0);
        let broken = || error::params("Invalid parameter: not a proof");
        let leaves = bytes(&self.leaves).map_err(|_| broken())?;
        let proof = bytes(&self.proof).map_err(|_| broken())?;
        let leaves = DecodeAll::decode_all(&mut &leaves[..]).map_err(|_| broken())?;
        let proof = DecodeAll::decode_all(&mut &proof[..]).map_err(|_| broken())?;
        Ok((leaves, proof))
    }
}

fn refused(reason: &sp_mmr_primitives::Error) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(
        8_010,
        "Unexpected error while communicating with the MMR pallet.",
        Some(format!("{reason:?}")),
    )
}

fn ask<R: Decode>(
    node: &Node,
    at: Option<H256>,
    function: &str,
    arguments: &impl Encode,
) -> Result<R, ErrorObjectOwned> {
    let root = node.known(at)?.header.state_root;
    let answer: Result<R, sp_mmr_primitives::Error> =
        node.chain.world.ask(root, function, arguments).map_err(|e| error::call(&e))?;
    answer.map_err(|reason| refused(&reason))
}

fn mmr(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "mmr_root", |node, params| answer(ask::<H256>(node, opt(&params)?, "MmrApi_mmr_root", &())?))?;
    method(module, "mmr_generateProof", |node, params: Params<'_>| {
        let mut sequence = params.sequence();
        let (numbers, best): (Vec<u32>, Option<u32>) = (sequence.next()?, sequence.optional_next()?);
        let block = node.known(sequence.optional_next()?)?;
        let proof = node.chain.world.mmr_proof(block.header.state_root, &numbers, best);
        let (leaves, proof) = proof.map_err(|e| error::call(&e))?.map_err(|reason| refused(&reason))?;
        answer(LeavesProof { block_hash: block.hash, leaves: json!(hex(leaves)), proof: json!(hex(proof)) })
    })?;
    method(module, "mmr_generateAncestryProof", |node, params| {
        let mut sequence = params.sequence();
        let (previous, best): (u32, Option<u32>) = (sequence.next()?, sequence.optional_next()?);
        let at = sequence.optional_next()?;
        let proof: sp_mmr_primitives::AncestryProof<H256> =
            ask(node, at, "MmrApi_generate_ancestry_proof", &(previous, best))?;
        Ok(json!(hex(proof.encode())))
    })?;
    method(module, "mmr_verifyProof", |node, params| {
        let proof: LeavesProof = one(&params)?;
        ask::<()>(node, Some(proof.block_hash), "MmrApi_verify_proof", &proof.decode()?)?;
        Ok(json!(true))
    })?;
    method(module, "mmr_verifyProofStateless", |node, params| {
        let mut sequence = params.sequence();
        let (root, proof): (H256, LeavesProof) = (sequence.next()?, sequence.next()?);
        let (leaves, items) = proof.decode()?;
        ask::<()>(node, None, "MmrApi_verify_proof_stateless", &(root, leaves, items))?;
        Ok(json!(true))
    })
}
