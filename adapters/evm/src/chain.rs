//! One EVM chain: what happens on it and how to act on it.

use crate::{
    config::EvmConfig,
    endpoints::{Bad, CallError, Endpoints},
    fees::{GasPrice, offer},
    follower::Follower,
    header_chain::HeaderChain,
    identity::router_address,
    json::{data, number, number_at, wide},
    proofs::{self, ProvenAccount},
    source::HeaderSource,
    verified::VerifiedHeader,
};
use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    signers::local::PrivateKeySigner,
};
use lupu_adapter::{AccountId, AdapterError, ErrorKind};
use lupu_standard::{ClientId, Height, evm::previous_sequence_slot};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

/// Router states kept in memory, by height.
const ROUTER_STATES: usize = 128;
/// How long the block gas limit and base fee are remembered.
const LIMITS_FRESH: Duration = Duration::from_secs(5);

/// The router at one verified height.
#[derive(Clone, Debug)]
pub struct RouterState {
    /// The header.
    pub header: Arc<VerifiedHeader>,
    /// The router's account there, proven.
    pub account: ProvenAccount,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) block_gas: u64,
    pub(crate) price: GasPrice,
    read: Instant,
}

/// One EVM chain.
pub struct EvmChain {
    pub(crate) config: EvmConfig,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) headers: Arc<HeaderChain>,
    pub(crate) follower: Arc<Follower>,
    pub(crate) router_code_hash: B256,
    router_states: Mutex<BTreeMap<u64, Arc<RouterState>>>,
    pub(crate) preimages: Mutex<BTreeMap<(ClientId, u64), Vec<u8>>>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) log_range: AtomicU64,
    /// The highest block whose events were asked for: asking again asks every endpoint.
    pub(crate) scanned: AtomicU64,
}

/// Whether every endpoint that answers has the configured chain id.
pub(crate) async fn check_chain_id(endpoints: &Endpoints, chain_id: u64) -> Result<(), AdapterError> {
    let read = |v: Value| number(&v, "chain id").map_err(|e| Bad::Lied(e.to_string()));
    let mut failure = CallError::Unavailable("no endpoint answered".into());
    let mut answered = false;
    for (index, answer) in endpoints.ask_all("eth_chainId", json!([]), read).await {
        match answer {
            Ok(found) if found == chain_id => answered = true,
            Ok(found) => {
                let name = endpoints.name(index);
                let message = format!("the chain id of {name} is {found}, the configuration says {chain_id}");
                return Err(AdapterError::new(endpoints.chain(), ErrorKind::Misconfigured, message));
            }
            Err(error) => failure = error,
        }
    }
    if answered { Ok(()) } else { Err(failure.into_adapter(endpoints.chain())) }
}

async fn read_limits(endpoints: &Endpoints, gas_price: Option<u128>) -> Result<Limits, CallError> {
    let read = |v: Value| {
        let lied = |e: crate::json::FieldError| Bad::Lied(e.to_string());
        if v.is_null() {
            return Err(Bad::Missing("no newest block".into()));
        }
        let base_fee = v.get("baseFeePerGas").filter(|f| !f.is_null());
        let base_fee = base_fee.map(|f| wide(f, "baseFeePerGas")).transpose().map_err(lied)?;
        Ok((number_at(&v, "gasLimit").map_err(lied)?, base_fee))
    };
    let (block_gas, base_fee) = endpoints.ask("eth_getBlockByNumber", json!(["latest", false]), read).await?;
    let price = offer(endpoints, gas_price, base_fee).await?;
    Ok(Limits { block_gas, price, read: Instant::now() })
}

impl EvmChain {
    /// Connects, and refuses a chain that is not the one configured: chain id, the router's
    /// CREATE2 address, the anchor's hash, and the router's account proven in a verified header.
    pub async fn connect(config: EvmConfig) -> Result<Self, AdapterError> {
        let name = config.id.as_str();
        let wrong = |message: String| AdapterError::new(name, ErrorKind::Misconfigured, message);
        let endpoints = Arc::new(Endpoints::new(name, &config.endpoints, config.tuning.request_timeout)?);
        check_chain_id(&endpoints, config.chain_id).await?;
        let contracts = &config.contracts;
        let expected =
            router_address(contracts.factory, config.chain_id, contracts.authority, contracts.migration_delay);
        if contracts.router != expected {
            return Err(wrong(format!(
                "the router would be at {expected} if it were ours (factory {}, authority {}, chain id {}, \
                 migration delay {} s), the configuration says {}",
                contracts.factory, contracts.authority, config.chain_id, contracts.migration_delay, contracts.router
            )));
        }
        let source = HeaderSource::new(endpoints.clone(), config.kind);
        let headers = Arc::new(HeaderChain::connect(source, config.anchor, config.tuning.rules).await?);
        let head = headers.advance().await?;
        let router = proofs::account(&endpoints, &head.header, contracts.router).await;
        let router = router.map_err(|e| e.into_adapter(name))?;
        let Some(router) = router.filter(|r| r.account.code_hash != keccak256([])) else {
            return Err(wrong(format!("no contract at the router's address {}: run `lupu deploy`", contracts.router)));
        };
        let limits = read_limits(&endpoints, config.gas_price).await.map_err(|e| e.into_adapter(name))?;
        let follower = Follower::start(headers.clone(), config.websockets.clone(), config.tuning.poll);
        tracing::info!(chain = name, height = head.height(), endpoints = endpoints.len(), "connected");
        let router_code_hash = router.account.code_hash;
        let state = Arc::new(RouterState { header: head.clone(), account: router });
        Ok(Self {
            endpoints,
            follower,
            router_code_hash,
            router_states: Mutex::new(BTreeMap::from([(head.height(), state)])),
            preimages: Mutex::default(),
            limits: Mutex::new(limits),
            log_range: AtomicU64::new(config.tuning.log_range.max(1)),
            scanned: AtomicU64::new(0),
            headers,
            config,
        })
    }

    /// The endpoints, with their health and the count of calls.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The verified headers.
    pub fn headers(&self) -> &HeaderChain {
        &self.headers
    }

    /// Whether a WebSocket tells of new blocks at the moment.
    pub fn is_listening(&self) -> bool {
        self.follower.listening()
    }

    /// What the chain was connected with.
    pub fn config(&self) -> &EvmConfig {
        &self.config
    }

    /// The router's code hash, proven at the head when connecting.
    pub fn router_code_hash(&self) -> B256 {
        self.router_code_hash
    }

    /// The router's proven account at a verified height.
    pub async fn router_at(&self, height: u64) -> Result<Arc<RouterState>, AdapterError> {
        let known = self.router_states.lock().unwrap_or_else(PoisonError::into_inner).get(&height).cloned();
        if let Some(state) = known {
            return Ok(state);
        }
        let header = self.headers.header(height).await?;
        let router = self.config.contracts.router;
        let account = proofs::account(&self.endpoints, &header.header, router).await.map_err(|e| self.fail(e))?;
        let Some(account) = account else {
            return Err(self.error(ErrorKind::NotFound, format!("the router does not stand yet at block {height}")));
        };
        let state = Arc::new(RouterState { header, account });
        let mut states = self.router_states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(height, state.clone());
        while states.len() > ROUTER_STATES {
            states.pop_first();
        }
        Ok(state)
    }

    /// The last sequence a client sent, proven.
    pub(crate) async fn proven_sequence(&self, client: &ClientId, at: Height) -> Result<u64, AdapterError> {
        let state = self.router_at(at.0).await?;
        let root = state.account.account.storage_root;
        let slot = previous_sequence_slot(client);
        let word = proofs::slot(&self.endpoints, self.config.contracts.router, slot, root, at.0).await;
        let word = word.map_err(|e| self.fail(e))?;
        let (high, low) = word.split_at(24);
        match (high.iter().all(|b| *b == 0), <[u8; 8]>::try_from(low)) {
            (true, Ok(low)) => Ok(u64::from_be_bytes(low)),
            _ => Err(self.error(ErrorKind::Lied, format!("the sequence counter of {client} holds {word}"))),
        }
    }

    /// A read of a contract at the newest block.
    pub(crate) async fn view(&self, to: Address, input: Bytes) -> Result<Bytes, CallError> {
        let read = |v: Value| data(&v, "result").map_err(|e| Bad::Lied(e.to_string()));
        self.endpoints.ask("eth_call", json!([{"to": to, "data": input}, "latest"]), read).await
    }

    /// The block gas limit and the price of gas, at most 5 s old.
    pub(crate) async fn limits(&self) -> Result<Limits, AdapterError> {
        let known = *self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if known.read.elapsed() < LIMITS_FRESH {
            return Ok(known);
        }
        let limits = read_limits(&self.endpoints, self.config.gas_price).await.map_err(|e| self.fail(e))?;
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        Ok(limits)
    }

    pub(crate) fn signer(&self, account: &AccountId) -> Result<&PrivateKeySigner, AdapterError> {
        let wanted: Result<Address, _> = account.0.parse();
        let found = self.config.signers.iter().find(|s| Ok(s.address()) == wanted);
        found.ok_or_else(|| self.error(ErrorKind::Misconfigured, format!("no key for account {account}")))
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> AdapterError {
        AdapterError::new(self.config.id.as_str(), kind, message)
    }

    pub(crate) fn fail(&self, error: CallError) -> AdapterError {
        error.into_adapter(self.config.id.as_str())
    }
}
