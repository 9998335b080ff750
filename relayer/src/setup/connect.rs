//! Chains of each family, connected.

use super::{SetupError, contracts, kind};
use crate::{
    config::{ChainConfig, Config, EvmSettings, Family, SubstrateSettings},
    engine::ProvenChain,
    keys::KeyError,
};
use alloy::signers::local::PrivateKeySigner;
use futures::future::BoxFuture;
use lupu_adapter::{AdapterError, Chain, ErrorKind, Prover};
use lupu_evm::{EvmChain, EvmConfig, QbftProver};
use lupu_grandpa::{Authority, AuthoritySet};
use lupu_substrate::{
    BeefyProver, Endpoints, GrandpaProver, Key, Source, SubstrateChain, SubstrateConfig, Voters, propose_anchor,
};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// A chain that is connected, and its provers.
#[derive(Clone)]
pub enum Connected {
    /// An EVM chain, proven by its validators' seals.
    Evm {
        /// The chain.
        chain: Arc<EvmChain>,
        /// For clients of type `qbft`.
        prover: Arc<QbftProver>,
    },
    /// A Substrate chain, proven to runtimes and to contracts.
    Substrate {
        /// The chain.
        chain: Arc<SubstrateChain>,
        /// For clients of type `grandpa`.
        grandpa: Arc<GrandpaProver>,
        /// For clients of type `beefy`.
        beefy: Arc<BeefyProver>,
    },
}

impl Connected {
    /// The chain.
    pub fn chain(&self) -> Arc<dyn Chain> {
        match self {
            Self::Evm { chain, .. } => chain.clone(),
            Self::Substrate { chain, .. } => chain.clone(),
        }
    }

    /// Every way to prove it.
    pub fn provers(&self) -> Vec<Arc<dyn Prover>> {
        match self {
            Self::Evm { prover, .. } => vec![prover.clone()],
            Self::Substrate { grandpa, beefy, .. } => vec![grandpa.clone(), beefy.clone()],
        }
    }

    /// The prover for clients hosted by `host`: contracts and runtimes have different light clients.
    pub fn prover_for(&self, host: &ChainConfig) -> Arc<dyn Prover> {
        match (self, &host.family) {
            (Self::Evm { prover, .. }, _) => prover.clone(),
            (Self::Substrate { beefy, .. }, Family::Evm(_)) => beefy.clone(),
            (Self::Substrate { grandpa, .. }, Family::Substrate(_)) => grandpa.clone(),
        }
    }

    /// The chain, if it is an EVM chain.
    pub fn evm(&self) -> Option<&Arc<EvmChain>> {
        match self {
            Self::Evm { chain, .. } => Some(chain),
            Self::Substrate { .. } => None,
        }
    }

    /// The chain, if it is a Substrate chain.
    pub fn substrate(&self) -> Option<&Arc<SubstrateChain>> {
        match self {
            Self::Evm { .. } => None,
            Self::Substrate { chain, .. } => Some(chain),
        }
    }

    /// As the engine takes it.
    pub fn for_engine(&self) -> ProvenChain {
        ProvenChain { chain: self.chain(), provers: self.provers() }
    }
}

/// Connects to a chain that has an anchor, and contracts where it needs them. Without signers it can
/// only be read.
///
/// # Errors
/// What is missing in the configuration, or what the chain says.
pub fn connect<'a>(
    config: &'a Config,
    chain: &'a ChainConfig,
    signers: Vec<PrivateKeySigner>,
) -> BoxFuture<'a, Result<Connected, SetupError>> {
    match &chain.family {
        Family::Evm(settings) => Box::pin(evm(config, chain, settings, signers)),
        Family::Substrate(settings) => Box::pin(substrate(config, chain, settings, signers)),
    }
}

async fn evm(
    config: &Config,
    chain: &ChainConfig,
    settings: &EvmSettings,
    signers: Vec<PrivateKeySigner>,
) -> Result<Connected, SetupError> {
    let deployed = settings.contracts.as_ref().ok_or_else(|| SetupError::NotDeployed(chain.name.clone()))?;
    let anchor = chain.anchor.ok_or_else(|| SetupError::NoAnchor(chain.name.clone()))?;
    let evm = EvmChain::connect(EvmConfig {
        id: chain.name.clone(),
        endpoints: settings.rpc.clone(),
        websockets: settings.ws.clone(),
        chain_id: settings.chain_id,
        kind: kind(settings.consensus),
        contracts: contracts(deployed),
        anchor: lupu_evm::Anchor { height: anchor.height.0, hash: anchor.hash },
        gas_price: settings.gas_price,
        signers,
        tuning: lupu_evm::Tuning { max_packets: config.relayer.batch.max_packets, ..Default::default() },
    })
    .await?;
    let chain = Arc::new(evm);
    Ok(Connected::Evm { prover: Arc::new(QbftProver::new(chain.clone())), chain })
}

/// The endpoints of a Substrate chain, to ask before it is followed.
///
/// # Errors
/// An address that is none.
pub fn substrate_source(chain: &ChainConfig, settings: &SubstrateSettings) -> Result<Source, AdapterError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    Ok(Source::new(Arc::new(Endpoints::new(chain.name.as_str(), &settings.ws, PATIENCE)?)))
}

async fn substrate(
    config: &Config,
    chain: &ChainConfig,
    settings: &SubstrateSettings,
    signers: Vec<PrivateKeySigner>,
) -> Result<Connected, SetupError> {
    let anchor = anchor(chain, settings).await?;
    let keys = signers.iter().map(|signer| {
        // The secret of a key in the keystore is 32 bytes whatever the curve: here, an sr25519 seed.
        let seed = Zeroizing::new(signer.to_bytes().0);
        Key::from_seed(&seed).map_err(|e| SetupError::Key(KeyError::NotAKey(e.to_string())))
    });
    let substrate = SubstrateChain::connect(SubstrateConfig {
        id: chain.name.clone(),
        endpoints: settings.ws.clone(),
        genesis: settings.genesis,
        anchor,
        keys: keys.collect::<Result<_, _>>()?,
        tip: settings.tip,
        tuning: lupu_substrate::Tuning {
            max_packets: config.relayer.batch.max_packets,
            first_mmr_block: settings.first_mmr_block,
            ..Default::default()
        },
    })
    .await?;
    let chain = Arc::new(substrate);
    Ok(Connected::Substrate {
        grandpa: Arc::new(GrandpaProver::new(chain.clone())),
        beefy: Arc::new(BeefyProver::new(chain.clone())),
        chain,
    })
}

/// The anchor with its voters: those written down, or those that a node proves in its state.
async fn anchor(chain: &ChainConfig, settings: &SubstrateSettings) -> Result<lupu_substrate::Anchor, SetupError> {
    let wanted = chain.anchor.ok_or_else(|| SetupError::NoAnchor(chain.name.clone()))?;
    if let Some(voters) = &settings.voters {
        let list = voters.authorities.iter().map(|(key, weight)| Authority { key: *key, weight: *weight });
        let set = AuthoritySet::new(list.collect()).map_err(|e| SetupError::Voters(chain.name.clone(), e))?;
        let voters = Voters { id: voters.set_id, set };
        return Ok(lupu_substrate::Anchor { height: wanted.height.0, hash: wanted.hash, voters });
    }
    let found = propose_anchor(&substrate_source(chain, settings)?, Some(wanted.height.0)).await.map_err(|error| {
        if error.kind == ErrorKind::Pruned {
            let message = format!("{}; write [chains.{}.voters], or take a newer anchor", error.message, chain.name);
            return AdapterError { message, ..error };
        }
        error
    })?;
    if found.hash != wanted.hash {
        let (chain, height) = (chain.name.clone(), wanted.height.0);
        return Err(SetupError::OtherAnchor { chain, height, found: found.hash, wanted: wanted.hash });
    }
    Ok(found)
}
