//! From a checked configuration to what runs: chains, provers, routes, the engine's settings.
//! The command line and the demo both start here.

mod connect;
mod hosted;
mod metrics;

pub use connect::{Connected, connect, substrate_source};
pub use hosted::{client_from_state, client_type, merkle_prefix};
pub use metrics::metrics;

use crate::{
    config::{ChainConfig, Config, Consensus},
    engine::{Backoff, EngineConfig, Route},
    keys::{self, KeyError, Keystore, Password},
};
use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::B256;
use lupu_adapter::AdapterError;
use lupu_evm::{Contracts, Kind};
use lupu_standard::ChainId;

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
    /// The anchor is not what the chain has.
    #[error(
        "chain {chain}: block {height} has hash {found}, the anchor says {wanted}: one of the two is not the chain you mean"
    )]
    OtherAnchor {
        /// The chain.
        chain: ChainId,
        /// The anchor's height.
        height: u64,
        /// What the nodes say.
        found: B256,
        /// What the configuration says.
        wanted: B256,
    },
    /// The voters in the configuration.
    #[error("chains.{0}.voters: {1}")]
    Voters(ChainId, lupu_grandpa::AuthoritySetError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] AdapterError),
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

/// The block that event scans of a chain start from.
fn scan_start(chain: &ChainConfig) -> Option<lupu_standard::Height> {
    match chain.evm() {
        Some(evm) => Some(evm.contracts?.deployed_at),
        // A runtime has hosted the pallet for longer than any client that is followed from the anchor.
        None => Some(chain.anchor?.height),
    }
}

/// The engine's settings.
pub fn engine_config(config: &Config) -> EngineConfig {
    let starts = config.chains.values().filter_map(|c| Some((c.name.clone(), scan_start(c)?)));
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
