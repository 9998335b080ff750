//! From a checked configuration to what runs: chains, provers, routes, the engine's settings.
//! The command line and the demo both start here.

mod metrics;

pub use metrics::metrics;

use crate::{
    config::{ChainConfig, Config, Consensus},
    engine::{Backoff, EngineConfig, ProvenChain, Route},
    keys::{self, KeyError, Keystore, Password},
};
use alloy::signers::local::PrivateKeySigner;
use lupu_adapter::AdapterError;
use lupu_evm::{Anchor, Contracts, EvmChain, EvmConfig, Kind, QbftProver, Tuning};
use lupu_standard::ChainId;
use std::sync::Arc;

/// Why the configuration cannot run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No such chain.
    #[error("chain {0} is not in the configuration")]
    UnknownChain(String),
    /// Nothing is deployed there yet.
    #[error("nothing is deployed on {0} yet: run `lupu deploy --chain {0}`")]
    NotDeployed(ChainId),
    /// Nobody has confirmed a block of it yet.
    #[error(
        "chain {0} has no trust anchor yet: create a client of it with `lupu client create`, which shows one to confirm"
    )]
    NoAnchor(ChainId),
    /// No pair of bound clients.
    #[error(
        "the configuration has no route: two bound clients that name each other. Create them with `lupu client create`, bind them with `lupu client bind`"
    )]
    NoRoute,
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] AdapterError),
}

/// A chain that is connected, and its prover.
#[derive(Clone)]
pub struct Connected {
    /// The chain.
    pub chain: Arc<EvmChain>,
    /// Its prover.
    pub prover: Arc<QbftProver>,
}

impl Connected {
    /// As the engine takes it.
    pub fn for_engine(&self) -> ProvenChain {
        ProvenChain { chain: self.chain.clone(), provers: vec![self.prover.clone()] }
    }
}

/// The kind of consensus, as the light client calls it.
pub fn kind(consensus: Consensus) -> Kind {
    match consensus {
        Consensus::Qbft => Kind::Qbft,
        Consensus::Ibft2 => Kind::Ibft2,
    }
}

/// The contracts, as the adapter calls them.
pub fn contracts(c: &crate::config::Contracts) -> Contracts {
    Contracts {
        factory: c.factory,
        authority: c.authority,
        router: c.router,
        transfer: c.transfer,
        gmp: c.gmp,
        deployed_at: c.deployed_at.0,
        migration_delay: c.migration_delay,
    }
}

/// A chain of the configuration, by name.
///
/// # Errors
/// [`SetupError::UnknownChain`].
pub fn chain<'a>(config: &'a Config, name: &ChainId) -> Result<&'a ChainConfig, SetupError> {
    config.chain(name).ok_or_else(|| SetupError::UnknownChain(name.to_string()))
}

/// The keys that sign on a chain. `password` is asked at most when a key stands in the keystore.
///
/// # Errors
/// [`SetupError::Key`].
pub fn signers(
    config: &Config,
    chain: &ChainConfig,
    password: &mut dyn FnMut() -> Result<Password, KeyError>,
) -> Result<Vec<PrivateKeySigner>, SetupError> {
    Ok(keys::open(&chain.keys, &Keystore::new(&config.relayer.keystore), password)?)
}

/// Connects to a chain that is deployed and has an anchor. Without signers it can only be read.
///
/// # Errors
/// What is missing in the configuration, or what the chain says.
pub async fn connect(
    config: &Config,
    chain: &ChainConfig,
    signers: Vec<PrivateKeySigner>,
) -> Result<Connected, SetupError> {
    let deployed = chain.contracts.as_ref().ok_or_else(|| SetupError::NotDeployed(chain.name.clone()))?;
    let anchor = chain.anchor.ok_or_else(|| SetupError::NoAnchor(chain.name.clone()))?;
    let evm = EvmChain::connect(EvmConfig {
        id: chain.name.clone(),
        endpoints: chain.rpc.clone(),
        websockets: chain.ws.clone(),
        chain_id: chain.chain_id,
        kind: kind(chain.consensus),
        contracts: contracts(deployed),
        anchor: Anchor { height: anchor.height.0, hash: anchor.hash },
        gas_price: chain.gas_price,
        signers,
        tuning: Tuning { max_packets: config.relayer.batch.max_packets, ..Tuning::default() },
    })
    .await?;
    let evm = Arc::new(evm);
    Ok(Connected { prover: Arc::new(QbftProver::new(evm.clone())), chain: evm })
}

/// Connects to every chain that a route touches.
///
/// # Errors
/// [`SetupError::NoRoute`], or the first chain that cannot be had.
pub async fn connect_routes(
    config: &Config,
    password: &mut dyn FnMut() -> Result<Password, KeyError>,
) -> Result<Vec<Connected>, SetupError> {
    let mut names: Vec<ChainId> = config.routes().into_iter().flat_map(|r| [r.a.on, r.b.on]).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(SetupError::NoRoute);
    }
    let mut connected = Vec::with_capacity(names.len());
    for name in names {
        let chain = chain(config, &name)?;
        let signers = signers(config, chain, password)?;
        connected.push(connect(config, chain, signers).await?);
    }
    Ok(connected)
}

/// The routes, as the engine takes them.
pub fn routes(config: &Config) -> Vec<Route> {
    let routes = config.routes().into_iter();
    routes.map(|r| Route { a: (r.a.on, r.a.id), b: (r.b.on, r.b.id) }).collect()
}

/// The engine's settings.
pub fn engine_config(config: &Config) -> EngineConfig {
    let starts = config.chains.values().filter_map(|c| Some((c.name.clone(), c.contracts.as_ref()?.deployed_at)));
    EngineConfig {
        listen: config.relayer.listen,
        starts: starts.collect(),
        max_packets: config.relayer.batch.max_packets,
        max_wait: config.relayer.batch.max_wait,
        give_up_after: config.relayer.retry.attempts,
        retry: Backoff { initial: config.relayer.retry.initial, max: config.relayer.retry.max },
        ..EngineConfig::default()
    }
}
