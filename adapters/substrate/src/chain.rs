//! One Substrate chain: what happens on it and how to act on it.

use crate::{
    anchor_proofs::AnchorProofs,
    commitments::Conflict,
    config::SubstrateConfig,
    endpoints::{Bad, CallError, Endpoints},
    events::{self, Event},
    follower::Follower,
    header_chain::HeaderChain,
    json,
    keys::Key,
    proofs::{self, plain_key},
    runtime::{CodecError, Runtime, Runtimes},
    sessions::Sessions,
    source::{RawHeader, Source},
};
use alloy_primitives::{B256, keccak256};
use lupu_adapter::{AccountId, AdapterError, ErrorKind};
use lupu_beefy::SignedCommitment;
use lupu_standard::{ClientId, Height};
use lupu_substrate_state::{pallet_prefix, twox128};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

/// One Substrate chain.
pub struct SubstrateChain {
    pub(crate) config: SubstrateConfig,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) headers: Arc<HeaderChain>,
    pub(crate) follower: Arc<Follower>,
    pub(crate) anchors: Arc<AnchorProofs>,
    pub(crate) runtimes: Runtimes,
    pub(crate) preimages: Mutex<BTreeMap<(ClientId, u64), Vec<u8>>>,
    pub(crate) sessions: tokio::sync::Mutex<Sessions>,
    pub(crate) commitments: Mutex<BTreeMap<u64, Arc<SignedCommitment>>>,
    pub(crate) conflict: Mutex<Option<Arc<Conflict>>>,
    /// Spec version of the runtime that was checked last.
    checked: AtomicU64,
}

/// Whether every endpoint that answers has the configured genesis hash.
async fn check_genesis(endpoints: &Endpoints, genesis: B256) -> Result<(), AdapterError> {
    let read = |v: Value| json::hash(&v, "genesis hash").map_err(|e| Bad::Lied(e.to_string()));
    let mut failure = CallError::Unavailable("no endpoint answered".into());
    let mut answered = false;
    for (index, answer) in endpoints.ask_all("chain_getBlockHash", serde_json::json!([0]), read).await {
        match answer {
            Ok(found) if found == genesis => answered = true,
            Ok(found) => {
                let name = endpoints.name(index);
                let message = format!("the genesis hash of {name} is {found}, the configuration says {genesis}");
                return Err(AdapterError::new(endpoints.chain(), ErrorKind::Misconfigured, message));
            }
            Err(error) => failure = error,
        }
    }
    if answered { Ok(()) } else { Err(failure.into_adapter(endpoints.chain())) }
}

impl SubstrateChain {
    /// Connects, and refuses a chain that is not the one configured: genesis hash on every
    /// endpoint, the anchor's hash, a runtime that has what the relayer needs, and the genesis
    /// proven in state at the newest final block.
    pub async fn connect(config: SubstrateConfig) -> Result<Self, AdapterError> {
        let name = config.id.as_str();
        let endpoints = Arc::new(Endpoints::new(name, &config.endpoints, config.tuning.request_timeout)?);
        check_genesis(&endpoints, config.genesis).await?;
        let source = Source::new(endpoints.clone());
        let headers = Arc::new(HeaderChain::connect(source, config.anchor.clone()).await?);
        let anchors = Arc::new(AnchorProofs::new(endpoints.clone(), config.genesis));
        let follower = Follower::start(headers.clone(), anchors.clone(), config.tuning.poll);
        let chain = Self {
            runtimes: Runtimes::new(endpoints.clone(), config.genesis),
            endpoints,
            headers,
            follower,
            anchors,
            preimages: Mutex::default(),
            sessions: tokio::sync::Mutex::default(),
            commitments: Mutex::default(),
            conflict: Mutex::default(),
            checked: AtomicU64::new(u64::MAX),
            config,
        };
        chain.runtime().await?;
        chain.follower.head().await?;
        Ok(chain)
    }

    /// The configuration.
    pub fn config(&self) -> &SubstrateConfig {
        &self.config
    }

    /// The endpoints: counts and health for metrics.
    pub fn endpoints(&self) -> &Arc<Endpoints> {
        &self.endpoints
    }

    /// The verified headers.
    pub fn headers(&self) -> &Arc<HeaderChain> {
        &self.headers
    }

    /// Proofs of anchors that are kept.
    pub fn anchors(&self) -> &Arc<AnchorProofs> {
        &self.anchors
    }

    /// Whether a subscription tells of finality at the moment.
    pub fn is_listening(&self) -> bool {
        self.follower.listening()
    }

    /// The runtime of the newest block, which has what the relayer needs.
    pub async fn runtime(&self) -> Result<Arc<Runtime>, AdapterError> {
        let runtime = self.runtimes.at(None).await.map_err(|e| self.fail(e))?;
        self.fit(&runtime)?;
        Ok(runtime)
    }

    /// Checks a runtime once.
    fn fit(&self, runtime: &Runtime) -> Result<(), AdapterError> {
        use std::sync::atomic::Ordering::Relaxed;
        let spec = u64::from(runtime.version.spec);
        if self.checked.load(Relaxed) != spec {
            runtime.check().map_err(|e| {
                self.error(ErrorKind::Misconfigured, format!("version {spec} of the chain's runtime: {e}"))
            })?;
            self.checked.store(spec, Relaxed);
        }
        Ok(())
    }

    /// The events of a block, whose header is verified, proven in its state. `runtime` is the one
    /// that made the block.
    pub(crate) async fn block_events(&self, header: &RawHeader, runtime: &Runtime) -> Result<Vec<Event>, AdapterError> {
        let key = plain_key("System", "Events");
        let value = proofs::value(&self.endpoints, header, &key).await.map_err(|e| self.fail(e))?;
        let Some(value) = value else { return Ok(Vec::new()) };
        events::decode(runtime, value).map_err(|e| self.undecodable(header, e))
    }

    /// The runtime that made the block after `parent`.
    pub(crate) async fn runtime_after(&self, parent: B256) -> Result<Arc<Runtime>, AdapterError> {
        self.runtimes.at(Some(parent)).await.map_err(|e| self.fail(e))
    }

    /// The last sequence a client sent, proven.
    pub(crate) async fn proven_sequence(&self, client: &ClientId, at: Height) -> Result<u64, AdapterError> {
        let header = self.headers.header(at.0).await?;
        let key = sequence_key(client);
        let value = proofs::value(&self.endpoints, &header, &key).await.map_err(|e| self.fail(e))?;
        match value {
            None => Ok(0),
            Some(bytes) => match <[u8; 8]>::try_from(bytes.as_slice()) {
                Ok(bytes) => Ok(u64::from_le_bytes(bytes)),
                Err(_) => {
                    let message = format!("the sequence counter of {client} has {} bytes", bytes.len());
                    Err(self.error(ErrorKind::Misconfigured, message))
                }
            },
        }
    }

    pub(crate) fn key(&self, account: &AccountId) -> Result<&Key, AdapterError> {
        let found = self.config.keys.iter().find(|k| k.account() == *account);
        found.ok_or_else(|| self.error(ErrorKind::Misconfigured, format!("no key for account {account}")))
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> AdapterError {
        AdapterError::new(self.config.id.as_str(), kind, message)
    }

    pub(crate) fn fail(&self, error: CallError) -> AdapterError {
        error.into_adapter(self.config.id.as_str())
    }

    pub(crate) fn codec(&self, error: CodecError) -> AdapterError {
        self.error(ErrorKind::Misconfigured, format!("the runtime does not fit: {error}"))
    }

    fn undecodable(&self, header: &RawHeader, error: CodecError) -> AdapterError {
        self.error(ErrorKind::Lied, format!("block {} with another runtime's metadata: {error}", header.height()))
    }

    /// Remembers a preimage, within bounds.
    pub(crate) fn remember_preimage(&self, client: &ClientId, height: u64, preimage: Vec<u8>) {
        const PREIMAGES: usize = 256;
        let mut known = self.preimages.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((client.clone(), height), preimage);
        while known.len() > PREIMAGES {
            known.pop_first();
        }
    }
}

/// Where the pallet counts what a client sent.
fn sequence_key(client: &ClientId) -> Vec<u8> {
    let mut key = pallet_prefix(crate::follower::PALLET).to_vec();
    key.extend(twox128(b"Sequences"));
    key.extend(keccak256(client.as_str().as_bytes()));
    key
}
