//! Filling in a header's fields.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::consensus::{EMPTY_OMMER_ROOT_HASH, Header, TxReceipt};
use alloy::eips::Encodable2718;
use alloy::eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy::primitives::{Address, B256, Bloom, Bytes, U256};

use crate::block::{Block, StoredReceipt};
use crate::config::{Config, Hardfork};
use crate::execution::BlockContext;
use crate::header::{self, Extra, MIX_HASH};
use crate::mempool::SignedTx;
use crate::state::{EMPTY_ROOT, State};
use crate::validators::ValidatorSet;

/// The header of a filled block, `extraData` still empty.
pub(crate) fn assemble(
    config: &Config,
    parent: &Block,
    context: &BlockContext,
    state: &State,
    transactions: &[Arc<SignedTx>],
    receipts: &[StoredReceipt],
) -> Header {
    let bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.envelope.bloom());
    let transactions: Vec<_> = transactions.iter().map(|tx| &tx.tx).collect();
    let envelopes: Vec<_> = receipts.iter().map(|receipt| &receipt.envelope).collect();
    Header {
        parent_hash: parent.hash,
        beneficiary: context.coinbase,
        state_root: state.root(),
        transactions_root: ordered_root(&transactions),
        receipts_root: ordered_root(&envelopes),
        logs_bloom: bloom,
        number: context.number,
        gas_used: receipts.last().map_or(0, |receipt| receipt.envelope.cumulative_gas_used()),
        timestamp: context.timestamp,
        ..template(config)
    }
}

fn ordered_root<T: Encodable2718>(items: &[&T]) -> B256 {
    alloy_trie::root::ordered_trie_root_with_encoder(items, |item, out| item.encode_2718(out))
}

/// The fields that are the same in every block.
fn template(config: &Config) -> Header {
    let from = |fork: Hardfork| config.hardfork >= fork;
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root: EMPTY_ROOT,
        transactions_root: EMPTY_ROOT,
        receipts_root: EMPTY_ROOT,
        difficulty: U256::from(1),
        gas_limit: config.block_gas_limit,
        extra_data: Bytes::new(),
        mix_hash: MIX_HASH,
        base_fee_per_gas: from(Hardfork::London).then_some(config.base_fee),
        withdrawals_root: from(Hardfork::Shanghai).then_some(EMPTY_ROOT),
        blob_gas_used: from(Hardfork::Cancun).then_some(0),
        excess_blob_gas: from(Hardfork::Cancun).then_some(0),
        parent_beacon_block_root: from(Hardfork::Cancun).then_some(B256::ZERO),
        requests_hash: from(Hardfork::Prague).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// Block 0: no seals, hashed as it stands.
pub(crate) fn genesis(config: &Config, validators: &ValidatorSet, state: &State) -> Block {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let header = Header {
        beneficiary: Address::ZERO,
        state_root: state.root(),
        timestamp: config.genesis_timestamp.unwrap_or(now),
        ..template(config)
    };
    let extra =
        Extra { vanity: B256::ZERO, validators: validators.addresses(), vote: None, round: 0, seals: Vec::new() };
    Block {
        hash: header::block_hash(&header, &extra, config.kind),
        kind: config.kind,
        header,
        extra,
        seals: Vec::new(),
        transactions: Vec::new(),
        receipts: Vec::new(),
    }
}
