//! Running code without a transaction: `eth_call`, `eth_estimateGas`.

use alloy::eips::BlockId;
use alloy::primitives::{Bytes, TxKind, U64, U256};
use alloy::rpc::types::state::StateOverride;
use alloy::rpc::types::{AccessList, AccessListResult, TransactionRequest};
use alloy::sol_types::{SolError as _, decode_revert_reason};
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use revm::context::TxEnv;
use revm::context_interface::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction};

use super::{Node, RpcResult, error, json as answer, method};
use crate::execution::{BlockContext, ExecutionError, StateDb};

/// Gas of a call that names none, unless blocks are larger.
const CALL_GAS: u64 = 100_000_000;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_call", |node, params| {
        let mut sequence = params.sequence();
        let request = sequence.next::<TransactionRequest>()?;
        let (context, mut db) = prepare(node, sequence.optional_next()?, sequence.optional_next()?)?;
        let tx = call_env(&request, request.gas.unwrap_or(CALL_GAS.max(context.gas_limit)));
        match context.simulate(&mut db, tx).map_err(invalid)? {
            ExecutionResult::Success { output, .. } => answer(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(reverted(&output)),
            ExecutionResult::Halt { reason, .. } => Err(halted(&reason)),
        }
    })?;
    method(module, "eth_estimateGas", |node, params| {
        let mut sequence = params.sequence();
        let request = sequence.next::<TransactionRequest>()?;
        let (context, db) = prepare(node, sequence.optional_next()?, sequence.optional_next()?)?;
        estimate(&context, db, &request)
    })?;
    method(module, "eth_createAccessList", |node, params| {
        let mut sequence = params.sequence();
        let request = sequence.next::<TransactionRequest>()?;
        let (context, db) = prepare(node, sequence.optional_next()?, sequence.optional_next()?)?;
        access_list(&context, db, request)
    })
}

/// What the call touches beside its sender and target, and what it uses with that list.
fn access_list(context: &BlockContext, mut db: StateDb, mut request: TransactionRequest) -> RpcResult {
    let gas = request.gas.unwrap_or(context.gas_limit);
    request.access_list = None;
    let touched = context.touched(&mut db, call_env(&request, gas)).map_err(invalid)?;
    let target = request.to.and_then(|to| to.to().copied());
    let spared = [request.from.unwrap_or_default(), target.unwrap_or_default(), context.coinbase];
    let items =
        touched.into_iter().filter(|item| !item.storage_keys.is_empty() || !spared.contains(&item.address)).collect();
    request.access_list = Some(AccessList(items));
    let outcome = context.simulate(&mut db, call_env(&request, gas)).map_err(invalid)?;
    answer(AccessListResult {
        access_list: request.access_list.unwrap_or_default(),
        gas_used: U256::from(outcome.tx_gas_used()),
        error: (!outcome.is_success()).then(|| "execution reverted".to_owned()),
    })
}

fn prepare(
    node: &Node,
    id: Option<BlockId>,
    overrides: Option<StateOverride>,
) -> Result<(BlockContext, StateDb), ErrorObjectOwned> {
    let block = node.block(id.unwrap_or_default()).ok_or_else(error::unknown_block)?;
    let mut db = node.chain.db_at(block.number()).ok_or_else(error::pruned)?;
    db.apply_overrides(overrides.unwrap_or_default());
    Ok((node.chain.call_context(&block), db))
}

fn call_env(request: &TransactionRequest, gas_limit: u64) -> TxEnv {
    let fee = request.max_fee_per_gas.or(request.gas_price).unwrap_or_default();
    let has_list = request.access_list.is_some();
    let tx_type = match (request.max_fee_per_gas, has_list) {
        _ if request.authorization_list.is_some() => 4,
        (Some(_), _) => 2,
        (None, true) => 1,
        (None, false) => 0,
    };
    TxEnv {
        tx_type,
        caller: request.from.unwrap_or_default(),
        gas_limit,
        gas_price: fee,
        kind: request.to.unwrap_or(TxKind::Create),
        value: request.value.unwrap_or_default(),
        data: request.input.input().cloned().unwrap_or_default(),
        nonce: request.nonce.unwrap_or_default(),
        chain_id: None,
        access_list: request.access_list.clone().unwrap_or_default(),
        gas_priority_fee: request
            .max_fee_per_gas
            .map(|max| request.max_priority_fee_per_gas.unwrap_or_default().min(max)),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: request
            .authorization_list
            .iter()
            .flatten()
            .cloned()
            .map(revm::context_interface::either::Either::Left)
            .collect(),
    }
}

/// The smallest gas limit with which the call succeeds, to within 1.5 %.
///
/// Not the gas used: refunds come after the end, and every inner call keeps back 1/64.
fn estimate(context: &BlockContext, mut db: StateDb, request: &TransactionRequest) -> RpcResult {
    let mut high = request.gas.filter(|gas| *gas >= 21_000).unwrap_or(context.gas_limit);
    let price = request.max_fee_per_gas.or(request.gas_price).unwrap_or_default();
    if price > 0 {
        let from = request.from.unwrap_or_default();
        let balance = db.state.account(&from).map_or(U256::ZERO, |account| account.balance);
        let value = request.value.unwrap_or_default();
        let Some(available) = balance.checked_sub(value) else {
            return Err(error::server("insufficient funds for transfer"));
        };
        let allowance = available / U256::from(price);
        high = high.min(allowance.saturating_to());
    }
    let mut run = |gas: u64| context.simulate(&mut db, call_env(request, gas));
    let (used, spent) = match run(high).map_err(|error| too_little(error, high))? {
        ExecutionResult::Success { gas, .. } => (gas.tx_gas_used(), gas.total_gas_spent()),
        ExecutionResult::Revert { output, .. } => return Err(reverted(&output)),
        ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } => {
            return Err(error::server(format!("gas required exceeds allowance ({high})")));
        }
        ExecutionResult::Halt { reason, .. } => return Err(halted(&reason)),
    };
    let mut low = used.saturating_sub(1);
    let enough = |outcome: Result<ExecutionResult, ExecutionError>| match outcome {
        Ok(outcome) => Ok(outcome.is_success()),
        Err(EVMError::Transaction(
            InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
            | InvalidTransaction::GasFloorMoreThanGasLimit { .. },
        )) => Ok(false),
        Err(error) => Err(invalid(error)),
    };
    // Most calls need what they spent, the stipend of a transfer and the 1/64 kept back.
    let optimistic = spent.saturating_add(2_300).saturating_mul(64) / 63;
    if optimistic < high {
        if enough(run(optimistic))? {
            high = optimistic;
        } else {
            low = optimistic;
        }
    }
    while low.saturating_add(1) < high && (high - low) as f64 / high as f64 > 0.015 {
        let middle = (low + (high - low) / 2).min(low.saturating_mul(2));
        if enough(run(middle))? {
            high = middle;
        } else {
            low = middle;
        }
    }
    // A plain transfer has one exact answer.
    if high > used && used == 21_000 && enough(run(21_000))? {
        high = 21_000;
    }
    answer(U64::from(high))
}

/// The error of a call that reverted: code 3, the return data as `data`, the reason in words.
fn reverted(output: &Bytes) -> ErrorObjectOwned {
    let message = match decode_reason(output) {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".to_owned(),
    };
    ErrorObjectOwned::owned(3, message, Some(output))
}

fn decode_reason(output: &[u8]) -> Option<String> {
    let named = [alloy::sol_types::Revert::SELECTOR, alloy::sol_types::Panic::SELECTOR];
    let selector: [u8; 4] = output.get(..4)?.try_into().ok()?;
    if !named.contains(&selector) {
        return None;
    }
    let reason = decode_revert_reason(output)?;
    Some(reason.strip_prefix("revert: ").map(str::to_owned).unwrap_or(reason))
}

fn halted(reason: &HaltReason) -> ErrorObjectOwned {
    error::server(match reason {
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::OpcodeNotFound | HaltReason::NotActivated => "invalid opcode".to_owned(),
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".to_owned(),
        HaltReason::InvalidJump => "invalid jump destination".to_owned(),
        other => other.to_string(),
    })
}

fn invalid(error: ExecutionError) -> ErrorObjectOwned {
    error::server(match error {
        EVMError::Transaction(InvalidTransaction::LackOfFundForMaxFee { fee, balance }) => format!(
            "insufficient funds for gas * price + value: balance {balance}, tx cost {fee}, overshot {}",
            fee.saturating_sub(*balance)
        ),
        EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit }) => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        EVMError::Transaction(reason) => reason.to_string(),
        other => format!("{other:?}"),
    })
}

fn too_little(error: ExecutionError, high: u64) -> ErrorObjectOwned {
    match error {
        EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit { .. }) => {
            error::server(format!("gas required exceeds allowance ({high})"))
        }
        error => invalid(error),
    }
}
